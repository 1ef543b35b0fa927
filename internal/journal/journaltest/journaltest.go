// Package journaltest is the suite every journal store passes. It may import the root package, the
// journal contract and testing; only tests import it.
package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard"
	"switchyard/internal/journal"
)

// Run tests stores made by open, which is called with an empty store wanted. reopen closes a store
// and opens what it kept.
func Run(t *testing.T, open func(t *testing.T) journal.Store, reopen func(t *testing.T, s journal.Store) journal.Store) {
	cases := []struct {
		name string
		test func(t *testing.T, s journal.Store)
	}{
		{"an empty journal has nothing", empty},
		{"rows come back byte for byte", bytesKept},
		{"rows are read in pieces", pieces},
		{"accounts are worlds of their own", worlds},
		{"a gap, a repeat and a false start conflict", conflicts},
		{"a conflict of one row writes none", allOrNothing},
		{"a cancelled append writes nothing", cancelled},
		{"the newest snapshot counts", snapshots},
		{"a large snapshot comes back whole", largeSnapshot},
		{"pruning needs a snapshot and keeps the last row", prune},
		{"meta values", meta},
		{"appends and reads at the same time", together},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	t.Run("everything is there after opening again", func(t *testing.T) { again(t, open(t), reopen) })
	t.Run("like a model", func(t *testing.T) { likeModel(t, open(t), reopen) })
}

var ctx = context.Background()

// row makes a row whose bytes tell which one it is.
func row(account string, seq switchyard.Seq) journal.Row {
	return journal.Row{
		Account: account, Seq: seq, At: 1_795_000_000_000 + switchyard.Instant(seq), Decider: "v1",
		Input:  fmt.Appendf(nil, `{"type":"tick","of":%q,"seq":%d}`, account, seq),
		Events: fmt.Appendf(nil, `[{"seq":%d}]`, seq),
	}
}

func rows(account string, from, to switchyard.Seq) (all []journal.Row) {
	for seq := from; seq <= to; seq++ {
		all = append(all, row(account, seq))
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantRows(t *testing.T, s journal.Store, account string, from switchyard.Seq, limit int, want []journal.Row) {
	t.Helper()
	got, err := s.Rows(ctx, account, from, limit)
	must(t, err)
	if reflect.DeepEqual(got, want) {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("rows of %s from %d, at most %d (-want +got)\n%s", account, from, limit, diff)
	}
}

func wantBounds(t *testing.T, s journal.Store, account string, oldest, last switchyard.Seq) {
	t.Helper()
	gotOldest, gotLast, err := s.Bounds(ctx, account)
	must(t, err)
	if gotOldest != oldest || gotLast != last {
		t.Fatalf("bounds of %s: %d to %d, want %d to %d", account, gotOldest, gotLast, oldest, last)
	}
}

func wantAccounts(t *testing.T, s journal.Store, want ...string) {
	t.Helper()
	got, err := s.Accounts(ctx)
	must(t, err)
	if !slices.Equal(got, want) {
		t.Fatalf("accounts %q, want %q", got, want)
	}
}

func wantConflict(t *testing.T, err error, account string) {
	t.Helper()
	var conflict *journal.Conflict
	if !errors.As(err, &conflict) {
		t.Fatalf("error %v, want a conflict of account %s", err, account)
	}
	if conflict.Account != account {
		t.Fatalf("conflict of account %s, want %s", conflict.Account, account)
	}
}

func empty(t *testing.T, s journal.Store) {
	wantBounds(t, s, "acme", 0, 0)
	wantRows(t, s, "acme", 1, 10, nil)
	wantAccounts(t, s)
	snap, err := s.Snapshot(ctx, "acme")
	must(t, err)
	if snap != nil {
		t.Errorf("snapshot %v of nothing", snap)
	}
	must(t, s.Append(ctx, nil))
	must(t, s.Prune(ctx, "acme", 7))
	must(t, s.Probe(ctx))
	wantAccounts(t, s)
}

func bytesKept(t *testing.T, s journal.Store) {
	r := row("acme", 1)
	r.Input = []byte("{\"a\":\"\\u0000 \x00 ä\"}")
	r.Events = bytes.Repeat([]byte(`{"long":"event"},`), 20_000)
	r.At = switchyard.Never
	want := r
	want.Input, want.Events = bytes.Clone(r.Input), bytes.Clone(r.Events)
	must(t, s.Append(ctx, []journal.Row{r}))
	clear(r.Input) // the store keeps what it was given, not the buffer
	clear(r.Events)
	wantRows(t, s, "acme", 1, 1, []journal.Row{want})
}

func pieces(t *testing.T, s journal.Store) {
	all := rows("acme", 1, 300)
	must(t, s.Append(ctx, all[:1]))
	must(t, s.Append(ctx, all[1:10]))
	must(t, s.Append(ctx, all[10:]))
	wantBounds(t, s, "acme", 1, 300)
	wantRows(t, s, "acme", 0, 2, all[:2])
	wantRows(t, s, "acme", 1, 1000, all)
	wantRows(t, s, "acme", 137, 3, all[136:139])
	wantRows(t, s, "acme", 300, 3, all[299:])
	wantRows(t, s, "acme", 301, 3, nil)
	wantRows(t, s, "acme", 5, 0, nil)
	wantRows(t, s, "acme", 1<<63, 5, nil)
}

func worlds(t *testing.T, s journal.Store) {
	mixed := []journal.Row{row("zeta", 1), row("acme", 1), row("zeta", 2), row("Acme", 1), row("acme", 2)}
	must(t, s.Append(ctx, mixed))
	must(t, s.Append(ctx, []journal.Row{row("acme", 3), row("zeta", 3)}))
	wantRows(t, s, "acme", 1, 10, rows("acme", 1, 3))
	wantRows(t, s, "zeta", 1, 10, rows("zeta", 1, 3))
	wantRows(t, s, "Acme", 1, 10, rows("Acme", 1, 1))
	wantRows(t, s, "acm", 1, 10, nil)
	wantAccounts(t, s, "Acme", "acme", "zeta")
}

func conflicts(t *testing.T, s journal.Store) {
	wantConflict(t, s.Append(ctx, rows("acme", 2, 2)), "acme")
	wantConflict(t, s.Append(ctx, rows("acme", 0, 0)), "acme")
	must(t, s.Append(ctx, rows("acme", 1, 3)))
	wantConflict(t, s.Append(ctx, rows("acme", 3, 3)), "acme")
	wantConflict(t, s.Append(ctx, rows("acme", 5, 5)), "acme")
	wantConflict(t, s.Append(ctx, []journal.Row{row("acme", 4), row("acme", 4)}), "acme")
	wantConflict(t, s.Append(ctx, []journal.Row{row("acme", 5), row("acme", 4)}), "acme")
	wantBounds(t, s, "acme", 1, 3)
	must(t, s.Append(ctx, rows("acme", 4, 4)))
	wantRows(t, s, "acme", 1, 10, rows("acme", 1, 4))
}

func allOrNothing(t *testing.T, s journal.Store) {
	must(t, s.Append(ctx, rows("acme", 1, 2)))
	mixed := append(rows("new", 1, 70), row("acme", 3), row("other", 2))
	wantConflict(t, s.Append(ctx, mixed), "other")
	wantBounds(t, s, "acme", 1, 2)
	wantBounds(t, s, "new", 0, 0)
	wantAccounts(t, s, "acme")
	must(t, s.Append(ctx, append(rows("new", 1, 70), row("acme", 3))))
	wantBounds(t, s, "new", 1, 70)
}

func cancelled(t *testing.T, s journal.Store) {
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Append(over, rows("acme", 1, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	wantBounds(t, s, "acme", 0, 0)
	must(t, s.Append(ctx, rows("acme", 1, 1)))
}

func snapshot(account string, seq switchyard.Seq, n int) journal.Snapshot {
	s := journal.Snapshot{Account: account, Seq: seq, At: 1_795_000_000_000, Decider: "v1"}
	for i := range n {
		s.Entries = append(s.Entries, journal.Entry{
			Kind: "interaction", Key: fmt.Sprintf("%s-%d-%d", account, seq, i),
			Value: bytes.Repeat([]byte{byte('a' + i%26)}, i%3000),
		})
	}
	return s
}

func wantSnapshot(t *testing.T, s journal.Store, want journal.Snapshot) {
	t.Helper()
	got, err := s.Snapshot(ctx, want.Account)
	must(t, err)
	if got == nil {
		t.Fatalf("no snapshot of %s, want one at %d", want.Account, want.Seq)
	}
	same := cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) })
	if diff := cmp.Diff(&want, got, same); diff != "" {
		t.Fatalf("snapshot of %s (-want +got)\n%s", want.Account, diff)
	}
}

func snapshots(t *testing.T, s journal.Store) {
	if err := s.SaveSnapshot(ctx, snapshot("acme", 1, 1)); err == nil {
		t.Error("a snapshot of an account without rows was taken")
	}
	must(t, s.Append(ctx, append(rows("acme", 1, 9), row("zeta", 1))))
	must(t, s.SaveSnapshot(ctx, snapshot("acme", 3, 5)))
	must(t, s.SaveSnapshot(ctx, snapshot("zeta", 1, 0)))
	wantSnapshot(t, s, snapshot("acme", 3, 5))
	must(t, s.SaveSnapshot(ctx, snapshot("acme", 8, 4)))
	must(t, s.SaveSnapshot(ctx, snapshot("acme", 5, 40)))
	wantSnapshot(t, s, snapshot("acme", 8, 4))
	must(t, s.SaveSnapshot(ctx, snapshot("acme", 8, 6)))
	wantSnapshot(t, s, snapshot("acme", 8, 6))
	wantSnapshot(t, s, snapshot("zeta", 1, 0))
}

func largeSnapshot(t *testing.T, s journal.Store) {
	must(t, s.Append(ctx, rows("acme", 1, 2)))
	must(t, s.SaveSnapshot(ctx, snapshot("acme", 1, 900)))
	want := snapshot("acme", 2, 1500)
	want.Entries[7].Value = bytes.Repeat([]byte("big"), 400_000)
	must(t, s.SaveSnapshot(ctx, want))
	wantSnapshot(t, s, want)
}

func prune(t *testing.T, s journal.Store) {
	must(t, s.Append(ctx, append(rows("acme", 1, 1300), rows("zeta", 1, 3)...)))
	refused := func(before switchyard.Seq) {
		t.Helper()
		if err := s.Prune(ctx, "acme", before); !errors.Is(err, journal.ErrNoSnapshot) {
			t.Errorf("prune before %d: %v, want %v", before, err, journal.ErrNoSnapshot)
		}
	}
	must(t, s.Prune(ctx, "acme", 1)) // removes nothing, so needs nothing
	refused(2)
	must(t, s.SaveSnapshot(ctx, snapshot("acme", 1250, 2)))
	refused(1252)
	wantBounds(t, s, "acme", 1, 1300)
	must(t, s.Prune(ctx, "acme", 1251))
	wantBounds(t, s, "acme", 1251, 1300)
	wantRows(t, s, "acme", 1, 2, rows("acme", 1251, 1252))
	must(t, s.SaveSnapshot(ctx, snapshot("acme", 1300, 2)))
	must(t, s.Prune(ctx, "acme", 1301))
	wantBounds(t, s, "acme", 1300, 1300)
	must(t, s.Append(ctx, rows("acme", 1301, 1301)))
	wantRows(t, s, "zeta", 1, 10, rows("zeta", 1, 3))
}

func meta(t *testing.T, s journal.Store) {
	want := func(key, value string) {
		t.Helper()
		got, err := s.Meta(ctx, key)
		must(t, err)
		if got != value {
			t.Errorf("meta %s is %q, want %q", key, got, value)
		}
	}
	want("clock", "")
	must(t, s.SetMeta(ctx, "clock", "manual"))
	must(t, s.SetMeta(ctx, "other", "x"))
	must(t, s.SetMeta(ctx, "clock", "real"))
	must(t, s.Probe(ctx))
	want("clock", "real")
	want("other", "x")
}

func together(t *testing.T, s journal.Store) {
	var wg sync.WaitGroup
	for _, account := range []string{"a", "b", "c"} {
		wg.Go(func() {
			for seq := switchyard.Seq(1); seq <= 60; seq += 3 {
				if err := s.Append(ctx, rows(account, seq, seq+2)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for last := switchyard.Seq(0); last < 60 && !t.Failed(); {
				oldest, l, err := s.Bounds(ctx, account)
				if err != nil || l < last || l%3 != 0 || oldest > 1 {
					t.Errorf("bounds of %s: %d to %d after %d, %v", account, oldest, l, last, err)
				}
				last = l
			}
		})
	}
	wg.Wait()
	wantRows(t, s, "b", 1, 100, rows("b", 1, 60))
}

func again(t *testing.T, s journal.Store, reopen func(*testing.T, journal.Store) journal.Store) {
	must(t, s.Append(ctx, append(rows("acme", 1, 30), rows("zeta", 1, 2)...)))
	must(t, s.SaveSnapshot(ctx, snapshot("acme", 20, 3)))
	must(t, s.Prune(ctx, "acme", 11))
	must(t, s.SetMeta(ctx, "clock", "manual"))
	s = reopen(t, s)
	wantAccounts(t, s, "acme", "zeta")
	wantBounds(t, s, "acme", 11, 30)
	wantRows(t, s, "acme", 1, 100, rows("acme", 11, 30))
	wantSnapshot(t, s, snapshot("acme", 20, 3))
	wantConflict(t, s.Append(ctx, rows("acme", 30, 30)), "acme")
	must(t, s.Append(ctx, append(rows("acme", 31, 31), row("zeta", 3), row("new", 1))))
	wantAccounts(t, s, "acme", "new", "zeta")
	value, err := s.Meta(ctx, "clock")
	must(t, err)
	if value != "manual" {
		t.Errorf("meta is %q", value)
	}
}

// likeModel does random things to a store and to a model of it, and compares.
func likeModel(t *testing.T, s journal.Store, reopen func(*testing.T, journal.Store) journal.Store) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	m := &model{Rand: rand.New(rand.NewPCG(seed, 0)), first: map[string]switchyard.Seq{}, last: map[string]switchyard.Seq{}}
	for range 150 {
		switch a := m.account(); m.IntN(8) {
		default:
			must(t, s.Append(ctx, m.batch()))
		case 0:
			wrong := m.last[a] + 2*switchyard.Seq(m.IntN(2))
			wantConflict(t, s.Append(ctx, []journal.Row{row(a, wrong)}), a)
		case 1:
			m.prune(t, s, a)
		case 2:
			s = reopen(t, s)
		}
		for _, a := range names {
			wantBounds(t, s, a, m.first[a], m.last[a])
			if m.last[a] > 0 {
				from := m.first[a] + switchyard.Seq(m.IntN(50))
				wantRows(t, s, a, from, 40, rows(a, from, min(from+39, m.last[a])))
			}
		}
	}
}

// model knows which rows a store should have.
type model struct {
	*rand.Rand
	first, last map[string]switchyard.Seq
}

var names = []string{"a", "b", "ä"}

func (m *model) account() string { return names[m.IntN(len(names))] }

func (m *model) batch() (batch []journal.Row) {
	for range 1 + m.IntN(90) {
		a := m.account()
		m.last[a]++
		m.first[a] = max(m.first[a], 1)
		batch = append(batch, row(a, m.last[a]))
	}
	return batch
}

func (m *model) prune(t *testing.T, s journal.Store, a string) {
	if m.last[a] == 0 {
		return
	}
	must(t, s.SaveSnapshot(ctx, snapshot(a, m.last[a], 3)))
	before := switchyard.Seq(m.IntN(int(m.last[a]) + 2))
	must(t, s.Prune(ctx, a, before))
	m.first[a] = max(m.first[a], min(before, m.last[a]))
}
