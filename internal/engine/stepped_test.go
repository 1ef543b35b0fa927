package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/journal/memory"
)

// steppedCounting is an engine of small machines that only goes on when it is stepped.
func steppedCounting(options Options, wall func() time.Time) *Stepped {
	e := newEngine(options, countingMachines)
	e.wall, e.stepped = wall, true
	return &Stepped{e}
}

// A call goes through its engine step by step, and is answered when it is durable and not before.
func TestStepped(t *testing.T) {
	ctx, now := context.Background(), time.Unix(1_800_000_000, 0)
	tables := newShelf()
	s := steppedCounting(Options{Journal: memory.New(), Tables: tables}, func() time.Time { return now })
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	s.Create("acme")
	for s.Commit(ctx) {
	}
	p := s.Submit(ctx, "acme", Call{By: "user:ada", Input: &switchyard.SetPresence{Agent: "ada", Presence: "Ready"}})
	answered := func() bool {
		_, err, done := p.Answer()
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	for n, step := range []func(){func() {}, func() { s.StepOwner("acme") }, func() { s.Commit(ctx) }} {
		if step(); answered() {
			t.Fatalf("it is answered after %d steps", n)
		}
	}
	if s.StepOwner("acme"); !answered() || !s.Resting("acme") {
		t.Error("it is not answered when it is durable")
	}
	if s.Write(ctx) {
		t.Error("something is written before its time")
	}
	if due := s.Due("acme"); !due.Equal(now.Add(250 * time.Millisecond)) {
		t.Errorf("the next cut is due at %v", due)
	}
	now = s.Due("acme")
	s.StepOwner("acme")
	if !s.Write(ctx) || tables.account("acme").through != 2 {
		t.Errorf("the tables are at row %d", tables.account("acme").through)
	}
}

// halfread is a journal that can be read up to row 5 only.
type halfread struct{ journal.Store }

func (h halfread) Rows(ctx context.Context, account string, from switchyard.Seq, limit int) ([]journal.Row, error) {
	if from > 5 {
		return nil, errors.New("input/output error")
	}
	return h.Store.Rows(ctx, account, from, 5)
}

// A cursor that is good is not called bad because the account could be recovered only in part.
func TestFeedOfAnAccountThatIsNotRecovered(t *testing.T) {
	ctx, j := context.Background(), memory.New()
	wall := func() time.Time { return time.Unix(1_800_000_000, 0) }
	s := steppedCounting(Options{Journal: j, Tables: newShelf()}, wall)
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	s.Create("acme")
	for range 9 {
		s.Submit(ctx, "acme", Call{By: "user:ada", Input: &switchyard.SetPresence{Agent: "ada", Presence: "Ready"}})
	}
	s.StepOwner("acme")
	s.Commit(ctx)

	s = steppedCounting(Options{Journal: halfread{j}, Tables: newShelf()}, wall)
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	after := switchyard.Cursor{Seq: 8, N: wholeRow}
	if _, err := s.Engine().Page(ctx, "acme", after, 10); code(err) != switchyard.StorageUnavailable {
		t.Errorf("a page after row 8: %v", err)
	}
	if _, err := s.Engine().Subscribe("acme", after); code(err) != switchyard.StorageUnavailable {
		t.Errorf("the feed after row 8: %v", err)
	}
}
