package core

import (
	"fmt"
	"testing"

	"switchyard"
)

// returns counts the offers that came back, by why.
func (w *world) returns() map[string]int {
	out := map[string]int{}
	for _, r := range w.rows {
		for _, e := range r.events {
			if back, is := e.(*switchyard.Returned); is {
				out[back.Why]++
			}
		}
	}
	return out
}

// However many offers ran out while the server was down, none is blamed on its agent (RULINGS 19),
// also when the server stops again before it is through with them.
func TestDowntimeBlamesNobody(t *testing.T) {
	const offers = switchyard.MaxSweep + 300
	doc := lifeAccount()
	doc.Settings.Capacity = &switchyard.Capacity{NonLive: 1}
	doc.Agents = nil
	for n := range (offers + 99) / 100 {
		doc.Agents = append(doc.Agents, switchyard.AgentEntry{Username: fmt.Sprint("a", n)})
	}
	for _, again := range []bool{false, true} {
		w := newWorld(t, doc)
		for _, a := range doc.Agents {
			w.must(&switchyard.SetPresence{Agent: a.Username, Presence: "Ready"})
		}
		for range offers {
			w.must(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "Plain"}}})
		}
		w.clock = w.clock.Add(30 * switchyard.Second)
		w.load(0)
		env := switchyard.Envelope{Seq: w.s.Seq() + 1, At: w.clock, Input: &switchyard.Started{}}
		w.rows = append(w.rows, row{env, w.s.Decide(&env).Events})
		if !w.s.Unfinished() {
			t.Fatal("one row holds it all")
		}
		if again {
			w.load(0)
		}
		for w.s.Unfinished() {
			w.decide(&switchyard.Sweep{}, w.s.Now())
		}
		if got := w.returns(); got["restart"] != offers || len(got) != 1 {
			t.Errorf("started again %t: the offers came back so: %v", again, got)
		}
		w.advance(25 * switchyard.Second)
		if got := w.returns(); got["noanswer"] == 0 {
			t.Error("a ring that runs out while the server is up is nobody's fault either")
		}
	}
}
