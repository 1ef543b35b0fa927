package sqlite

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"switchyard/internal/journal"
	"switchyard/internal/journal/journaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// folders remembers where a store of a test lies, for opening it again.
var folders = map[journal.Store]string{}

func openIn(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir, Options{Holder: "pid 1, listen 127.0.0.1:1, since long ago"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	folders[s] = dir
	return s
}

func TestConformance(t *testing.T) {
	journaltest.Run(t,
		func(t *testing.T) journal.Store { return openIn(t, t.TempDir()) },
		func(t *testing.T, s journal.Store) journal.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return openIn(t, folders[s])
		})
}

func TestSecondServerIsToldWhoHoldsTheFolder(t *testing.T) {
	dir := t.TempDir()
	first := openIn(t, dir)
	_, err := Open(context.Background(), dir, Options{})
	var locked *journal.Locked
	if !errors.As(err, &locked) || locked.Holder != "pid 1, listen 127.0.0.1:1, since long ago" || locked.Dir != dir {
		t.Fatalf("error %v, want locked", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openIn(t, dir)
}
