package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"switchyard"
	"switchyard/internal/journal"
)

// TestFeedHasNoGap reads the feed over reconnects at random cursors, failing appends, rebuilds and
// restarts, with so little kept in memory that most rows come from the journal.
func TestFeedHasNoGap(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			r := newRig(t, func(o *Options) { o.Limits.FeedRows = 3 }).start().with("acme")
			var after switchyard.Cursor
			var sub *Subscription
			read := func() {
				for {
					if sub == nil {
						var err error
						if sub, err = r.Subscribe("acme", after); err != nil {
							t.Fatalf("seed %d: %v", seed, err)
						}
					}
					ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
					rows, err := sub.Next(ctx)
					cancel()
					switch {
					case errors.Is(err, context.DeadlineExceeded):
						return
					case err != nil:
						want(t, err, switchyard.Busy) // dropped, or the server stopped
						sub = nil
						continue
					}
					for _, row := range rows {
						from := 0
						if row.Seq == after.Seq {
							from = after.N + 1
						}
						if row.Seq != after.Seq && row.Seq != after.Seq+1 || from >= len(row.Events) {
							t.Fatalf("seed %d: row %d with %d events after %v", seed, row.Seq, len(row.Events), after)
						}
						after = switchyard.Cursor{Seq: row.Seq, N: len(row.Events) - 1}
						if random.IntN(4) == 0 { // the reader goes, in the middle of a row
							after.N = random.IntN(len(row.Events))
							sub = nil
							break
						}
					}
					if random.IntN(3) == 0 {
						return
					}
				}
			}
			for range 100 {
				switch random.IntN(10) {
				case 0:
					r.journal.set(func(m *moody) { m.lie = func([]journal.Row) error { return errors.New("unknown") } })
					_, _ = r.set("acme", "ada", "Ready")
					r.journal.set(func(m *moody) { m.lie = nil })
					time.Sleep(10 * time.Second)
				case 1:
					_, _ = r.set("acme", "ada", "panic")
				case 2:
					sub = nil
					r.stop()
					r.start()
				case 3, 4, 5:
					read()
				case 6:
					_, _ = r.Do(context.Background(), "acme", Call{Input: &switchyard.Invoke{Requests: make([]switchyard.Request, 3)}})
				default:
					_, _ = r.set("acme", "ada", "Ready")
				}
			}
			defer r.stop()
			synctest.Wait()
			_, last, _ := r.journal.Bounds(context.Background(), "acme")
			for n := 0; after.Seq != last; n++ {
				if read(); n > 1000 {
					t.Fatalf("seed %d: stuck at %v of %d", seed, after, last)
				}
			}
		})
	}
}

func TestSlowReaderIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Limits.FeedRows = 3 }).start().with("acme")
		defer r.stop()
		sub, err := r.Subscribe("acme", switchyard.Cursor{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		if rows, err := sub.Next(ctx); err != nil || len(rows) != 1 {
			t.Fatalf("%v, %v", rows, err)
		}
		if _, err := sub.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		for range 4 {
			r.mustSet("acme", "ada", "Ready")
		}
		_, err = sub.Next(context.Background())
		want(t, err, switchyard.Busy)
		if sub, err = r.Subscribe("acme", switchyard.Cursor{Seq: 1, N: wholeRow}); err != nil {
			t.Fatal(err)
		}
		if rows, err := sub.Next(context.Background()); err != nil || rows[0].Seq != 2 {
			t.Fatalf("%v, %v", rows, err)
		}
	})
}

func TestCursorExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Limits.FeedRows = 2 }).start().with("acme")
		r.mustSet("acme", "bo", "Ready")
		for range 2500 {
			r.mustSet("acme", "ada", "Ready")
		}
		time.Sleep(40 * 24 * time.Hour)
		r.mustSet("acme", "ada", "Ready")
		time.Sleep(2 * time.Hour)
		_, err := r.Page(context.Background(), "acme", switchyard.Cursor{}, 10)
		want(t, err, switchyard.CursorExpired)
		var expired *CursorExpired
		if !errors.As(err, &expired) || expired.Oldest < 1000 {
			t.Fatalf("oldest: %+v", expired)
		}
		rows, err := r.Page(context.Background(), "acme", switchyard.Cursor{Seq: expired.Oldest - 1, N: wholeRow}, 10)
		if err != nil || rows[0].Seq != expired.Oldest {
			t.Fatalf("%v, %v", rows, err)
		}
		_, err = r.Subscribe("acme", switchyard.Cursor{Seq: 1 << 40})
		want(t, err, switchyard.Malformed)
		// Without tables the account comes back from the snapshot and the rest of the journal.
		r.stop()
		r.tables = newShelf()
		r.start()
		if n := r.mustSet("acme", "ada", "Ready"); n != 2502 {
			t.Fatalf("answer %d, want 2502", n)
		}
		r.stop()
		r.start() // from the tables, which have the snapshot's values now
		defer r.stop()
		if n := r.mustSet("acme", "ada", "Ready"); n != 2503 {
			t.Fatalf("answer %d, want 2503", n)
		}
		if n := r.mustSet("acme", "bo", "Ready"); n != 2 {
			t.Fatalf("answer %d, want 2: bo stands in the snapshot only", n)
		}
	})
}
