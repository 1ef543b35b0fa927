package engine

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"switchyard"
	"switchyard/internal/tables"
)

// TestHistoriesAreUpToDate asks right after what was acknowledged, while the tables lag.
func TestHistoriesAreUpToDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		r := newRig(t, nil).start().with("acme")
		defer r.stop()
		for range 3 {
			id := r.invoke("acme", "")[0].Interaction
			var told []switchyard.ID
			err := r.Histories(ctx, "acme", 0, switchyard.Never, func(id switchyard.ID, _ []tables.TimelineRow) error {
				told = append(told, id)
				return nil
			})
			if err != nil || !slices.Contains(told, id) {
				t.Fatalf("%s is not among %v, %v", id, told, err)
			}
		}
		if err := r.caughtUp(ctx, "acme"); err != nil { // nothing is new
			t.Fatal(err)
		}
	})
}

func TestIdleSince(t *testing.T) {
	for _, c := range []struct {
		value string
		idle  bool
	}{
		{`{"state":"queued","changed":"2026-01-01T00:00:00.000Z"}`, true},
		{`{"state":"parked","changed":"2026-01-01T00:00:00.000Z"}`, true},
		{`{"state":"queued","changed":"2026-01-02T00:00:00.000Z"}`, false},
		{`{"state":"connected","changed":"2026-01-01T00:00:00.000Z"}`, false},
		{`what is this`, false},
	} {
		var at switchyard.Instant
		_ = at.UnmarshalText([]byte("2026-01-02T00:00:00Z"))
		if got := idleSince([]byte(c.value), at); got != c.idle {
			t.Errorf("%s: %t", c.value, got)
		}
	}
}
