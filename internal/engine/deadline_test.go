package engine

import (
	"context"
	"sync"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal/memory"
	tablessqlite "switchyard/internal/tables/sqlite"
)

// silent takes effects over and never reports them, as a worker does whose target hangs.
type silent struct {
	mu    sync.Mutex
	given []switchyard.Effect
}

func (h *silent) Give(e *switchyard.Effect) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.given = append(h.given, *e)
}

// TestManualClockAndDeadlines lets the manual clock go on while a request hangs for longer than the
// clock waits: the plan goes on by its timeout, at the deadline's own instant, and what is reported
// afterwards changes nothing.
func TestManualClockAndDeadlines(t *testing.T) {
	ctx := context.Background()
	tab, err := tablessqlite.Open(ctx, ":memory:", tablessqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	worker, j := &silent{}, memory.New()
	e := New(Options{Journal: j, Tables: tab, Decider: "test", Clock: new(ManualClock),
		Effects: func(string) Handover { return worker }, Limits: Limits{EffectWait: 50 * time.Millisecond}})
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
		_, _ = tab.Close(), j.Close()
	}()
	if err := e.CreateAccount(ctx, "acme"); err != nil {
		t.Fatal(err)
	}
	doc := testAccount(1)
	wait := switchyard.Length{Fixed: switchyard.Minute}
	doc.Plans = append(doc.Plans, switchyard.Plan{Name: "Ask", Start: "ask", Applets: map[string]switchyard.Applet{
		"ask": {Type: "dataconnector", URL: "https://crm.example.com/", On: map[string]string{"timeout": "wait"}, Next: "queue",
			Result: map[string]string{"Tier": "$.tier"}},
		"wait":  {Type: "wait", For: &wait, Next: "queue"},
		"queue": {Type: "queue"}}})
	doc.Routes = append(doc.Routes, switchyard.Route{Name: "Ask", Plan: "Ask"})
	do := func(in switchyard.Input) any {
		t.Helper()
		answer, err := e.Do(ctx, "acme", Call{By: "test", Input: in})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	do(&switchyard.Publish{Document: doc, Source: "test"})
	id := do(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "Ask"}}}).([]switchyard.RequestResult)[0].Interaction
	find := func() (r *core.Record) {
		t.Helper()
		if err := e.View(ctx, "acme", func(s *core.State, _ switchyard.Instant) { r = s.Find(id) }); err != nil || r == nil {
			t.Fatal(r, err)
		}
		return r
	}
	created := find().Created
	if err := e.AdvanceClock(ctx, 69_999); err != nil {
		t.Fatal(err)
	}
	if r := find(); r.Applet != "wait" || r.Changed != created.Add(10*switchyard.Second) || len(r.Effects) != 0 {
		t.Errorf("after the deadline: %+v", r)
	}
	worker.mu.Lock()
	given := worker.given
	worker.mu.Unlock()
	if len(given) != 1 || given[0].Deadline != created.Add(10*switchyard.Second) {
		t.Fatalf("handed over: %+v", given)
	}
	e.Report("acme", &switchyard.EffectResult{Effect: given[0].ID, Attempt: 1, OK: true, Values: map[string]string{"Tier": "gold"}})
	if r := find(); r.Applet != "wait" || r.Values["tier"] != "" {
		t.Errorf("after a report that came too late: %+v", r)
	}
	if err := e.AdvanceClock(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if r := find(); r.State != switchyard.Queued {
		t.Errorf("a minute later: %+v", r)
	}
}
