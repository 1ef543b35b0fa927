package memory_test

import (
	"testing"

	"switchyard/internal/journal"
	"switchyard/internal/journal/journaltest"
	"switchyard/internal/journal/memory"
)

func TestConformance(t *testing.T) {
	journaltest.Run(t, func(*testing.T) journal.Store { return memory.New() },
		func(t *testing.T, s journal.Store) journal.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return s
		})
}
