package core

import (
	"fmt"
	"testing"

	"switchyard"
)

// What is open is asked of the newest schedules, also by work that entered an older version of its
// plan; a schedule that is gone counts as closed and is told of.
func TestSchedulesActAtOnce(t *testing.T) {
	minute := switchyard.Minute
	doc := switchyard.Account{Account: "acme",
		Schedules: []switchyard.Schedule{{Name: "Office", TimeZone: "Europe/Berlin", Hours: map[string][]string{"mon-fri": {"08:00-18:00"}}}},
		Plans: []switchyard.Plan{{Name: "Cases", Start: "wait", Applets: map[string]switchyard.Applet{
			"wait": {Type: "wait", For: &switchyard.Length{Fixed: minute}, Next: "door"},
			"door": {Type: "schedulerouter", Schedule: "$(Which)", On: map[string]string{"open": "q", "closed": "shut", "holiday": "rest"}},
			"q":    {Type: "queue"}, "shut": {Type: "end", Outcome: "Shut"}, "rest": {Type: "end", Outcome: "Rest"},
		}}},
		Routes: []switchyard.Route{{Name: "Cases", Plan: "Cases", DataSources: map[string]string{"Which": "office"}}},
	}
	w := newWorld(t, doc)
	n := 0
	dispatch := func() switchyard.ID {
		n++
		results := w.must(&switchyard.Invoke{Requests: []switchyard.Request{{ExternalID: fmt.Sprint("x", n), Route: "Cases"}}})
		return results.([]switchyard.RequestResult)[0].Interaction
	}
	// expect holds how an interaction ended, "" = it waits in the queue.
	expect := func(id switchyard.ID, want string) {
		t.Helper()
		got, r := "", w.s.Find(id)
		for _, row := range w.rows {
			for _, e := range row.events {
				if f, is := e.(*switchyard.Finished); is && f.Interaction == id {
					got = f.Outcome
				}
			}
		}
		if got != want || want == "" && (r == nil || r.State != switchyard.Queued) {
			t.Fatalf("at %s the interaction ended with %q, want %q: %+v", w.clock, got, want, r)
		}
	}
	noon := dispatch()
	w.advance(minute)
	expect(noon, "")

	w.advance(11 * switchyard.Hour) // 00:01 in Berlin
	night := dispatch()
	w.advance(minute)
	expect(night, "Shut")

	waits := dispatch() // under the schedule as it was
	doc.Schedules = []switchyard.Schedule{{Name: "OFFICE", TimeZone: "Europe/Berlin", Holidays: []switchyard.Holiday{{Date: "11-24"}}}}
	w.must(&switchyard.Publish{Document: doc, Source: "test", TimeZones: "2025c"})
	w.advance(minute)
	expect(waits, "Rest")

	gone := dispatch()
	doc.Schedules = nil
	w.must(&switchyard.Publish{Document: doc, Source: "test"})
	w.advance(minute)
	expect(gone, "Shut")
	var fault string
	for _, r := range w.rows {
		for _, e := range r.events {
			if s, is := e.(*switchyard.Stepped); is && s.Type == "schedulerouter" {
				fault = s.Fault
			}
			if c, is := e.(*switchyard.ConfigPublished); is && c.Version == 2 && c.TimeZones != "2025c" {
				t.Errorf("the event says time zones %q", c.TimeZones)
			}
		}
	}
	if want := `$(Which) gives no schedule of the account: "office"; it counts as closed`; fault != want {
		t.Errorf("fault %q, want %q", fault, want)
	}
	w.restart(len(w.rows) / 2)
	expect(noon, "")
}
