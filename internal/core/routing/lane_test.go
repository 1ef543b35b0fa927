package routing

import (
	"math/rand/v2"
	"slices"
	"testing"

	"switchyard"
)

// TestLane compares a lane with a sorted slice over random pushes and removals, long enough for
// every tidying up.
func TestLane(t *testing.T) {
	for seed := uint64(1); seed <= 60; seed++ {
		r := rand.New(rand.NewPCG(seed, 1))
		// Positions wrap around: a lane that never empties passes them all within weeks.
		l := &lane{base: 1<<32 - 100}
		var want []*Item
		growing, fromFront, outOfOrder := true, r.IntN(4), r.IntN(3) == 0
		swing := 500 * (1 + int(seed%5)) // some fill several blocks
		for n := range 6 * swing {
			if n%swing == 0 {
				growing = !growing || len(want) < 10
			}
			if chance := r.IntN(4); len(want) == 0 || growing == (chance > 0) {
				it := &Item{ID: switchyard.NewID(1, uint64(n), 0), Since: switchyard.Instant(n / 3)}
				if outOfOrder && r.IntN(3) == 0 {
					it.Since = switchyard.Instant(r.IntN(n/3 + 1))
				}
				l.push(it)
				i, _ := slices.BinarySearchFunc(want, it, byAge)
				want = slices.Insert(want, i, it)
			} else {
				i := r.IntN(len(want))
				if r.IntN(4) < fromFront {
					i = 0
				}
				l.remove(want[i])
				want = slices.Delete(want, i, i+1)
			}
			checkLane(t, seed, l, want)
		}
	}
}

func byAge(a, b *Item) int {
	ea, eb := entry{since: a.Since, counter: a.ID.Counter()}, entry{since: b.Since, counter: b.ID.Counter()}
	switch {
	case ea.before(&eb):
		return -1
	case eb.before(&ea):
		return 1
	}
	return 0
}

func checkLane(t *testing.T, seed uint64, l *lane, want []*Item) {
	t.Helper()
	if l.len() != len(want) {
		t.Fatalf("seed %d: the lane holds %d, want %d", seed, l.len(), len(want))
	}
	if len(want) > 0 && l.head().it != want[0] {
		t.Fatalf("seed %d: the head is %d, want %d", seed, l.head().counter, want[0].ID.Counter())
	}
	if used := l.run.len() - l.first; l.gone > 33 && l.gone*8 > used*7+8 {
		t.Fatalf("seed %d: %d of %d places are gaps", seed, l.gone, used)
	}
	if len(want)%50 == 1 {
		var all []*Item
		l.each(func(it *Item) { all = append(all, it) })
		slices.SortFunc(all, byAge)
		if !slices.Equal(all, want) {
			t.Fatalf("seed %d: the lane holds others", seed)
		}
	}
}

// TestCalendar compares a calendar with a list of alarms that is searched each time.
func TestCalendar(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		r := rand.New(rand.NewPCG(seed, 1))
		c := newCalendar()
		items := make([]*Item, 200)
		for i := range items {
			items[i] = &Item{ID: switchyard.NewID(1, uint64(i), 0)}
		}
		far := switchyard.Instant(1_000_000)
		for now := switchyard.Instant(1); now < 3_000; now++ {
			for range 6 {
				it := items[r.IntN(len(items))]
				switch r.IntN(3) {
				case 0:
					c.drop(it)
				case 1:
					c.set(it, now+1+switchyard.Instant(r.IntN(20)))
				case 2:
					// Alarms far away that never go off must not pile up.
					far++
					c.set(it, far)
				}
			}
			ringAll(t, seed, &c, items, now)
		}
		if len(c.heap) > 2*len(c.days)+1025 {
			t.Fatalf("seed %d: the calendar keeps %d instants for %d days", seed, len(c.heap), len(c.days))
		}
	}
}

// ringAll lets everything due go off and checks the order.
func ringAll(t *testing.T, seed uint64, c *calendar, items []*Item, now switchyard.Instant) {
	t.Helper()
	for {
		var want *Item
		for _, it := range items {
			if it.alarm != 0 && (want == nil || it.alarm < want.alarm) {
				want = it
			}
		}
		next := switchyard.Never
		if want != nil {
			next = want.alarm
		}
		if c.next() != next {
			t.Fatalf("seed %d: the next alarm is %d, want %d", seed, c.next(), next)
		}
		if next > now {
			return
		}
		if got := c.take(next); got != want {
			t.Fatalf("seed %d: item %d goes off, want %d", seed, got.ID.Counter(), want.ID.Counter())
		}
		c.drop(want)
	}
}
