package memory_test

import (
	"context"
	"testing"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
	"switchyard/internal/tables/memory"
	"switchyard/internal/tables/tablestest"
)

func TestConformance(t *testing.T) {
	tablestest.Run(t, func(*testing.T) tables.Store { return memory.New(tablestest.Erase) }, nil)
}

// A copy goes its own way, in both directions.
func TestClone(t *testing.T) {
	ctx, s := context.Background(), memory.New(nil)
	apply := func(s *memory.Store, through switchyard.Seq, value string) {
		t.Helper()
		b := tables.Batch{Account: "acme", Through: through, Put: []journal.Entry{{Kind: "k", Key: "a", Value: []byte(value)}},
			Timeline: []tables.TimelineRow{{Interaction: switchyard.ID{1}, Seq: through, Events: []byte(value)}}}
		if err := s.Apply(ctx, []tables.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	apply(s, 1, "one")
	copied := s.Clone()
	apply(s, 2, "two")
	apply(copied, 3, "three")
	for _, c := range []struct {
		s    *memory.Store
		last string
	}{{s, "two"}, {copied, "three"}} {
		rows, _ := c.s.Timeline(ctx, "acme", switchyard.ID{1})
		if len(rows) != 2 || string(rows[0].Events) != "one" || string(rows[1].Events) != c.last {
			t.Errorf("timeline %+v, want one and %s", rows, c.last)
		}
		_ = c.s.Load(ctx, "acme", func(e journal.Entry) error {
			if string(e.Value) != c.last {
				t.Errorf("checkpoint %s, want %s", e.Value, c.last)
			}
			return nil
		})
	}
	if err := s.Backup(ctx, "copy.db"); err == nil {
		t.Error("a backup was promised")
	}
}
