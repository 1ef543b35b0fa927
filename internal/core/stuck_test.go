package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"switchyard"
)

const stuckFile = `
account: stuck
settings: {grace: 60s}
skills: [billing, greek]
groups: [support]
gateways: {sms: {default: {type: log}}}
agents:
  - {username: ada, skills: {billing: 9}, groups: [support]}
  - {username: bo}
plans:
  - {name: Cases, start: q, applets: {q: {type: queue, accept: auto, groups: [support]}}}
  - {name: Short, start: q, applets: {q: {type: queue, groups: [support], duration: 1h, on: {duration: e}}, e: {type: end, outcome: Late}}}
  - {name: Text, start: s, applets: {s: {type: sendsms, gateway: default, from: Desk, to: "+4411111111", message: Hi, next: e}, e: {type: end, outcome: Sent}}}
routes: [{name: Cases, plan: Cases}, {name: Short, plan: Short}, {name: Text, plan: Text}]
`

// What stuck work is, and what is not: whatever time or somebody who is logged in brings on.
func TestStuck(t *testing.T) {
	var doc switchyard.Account
	decodeYAML(t, []byte(stuckFile), &doc)
	w := newWorld(t, doc)
	names := map[switchyard.ID]string{}
	dispatch := func(name, route string, skills ...switchyard.Skill) {
		t.Helper()
		r := w.invoke("", switchyard.Request{RequestID: name, Route: route, Skills: skills})[0].Interaction
		names[r] = name
	}
	check := func(step string, want ...string) {
		t.Helper()
		all, more := w.s.Stuck(w.clock, 2)
		var got []string
		for _, x := range all {
			got = append(got, fmt.Sprint(names[x.Record.ID], " ", x.Why))
		}
		if more {
			got = append(got, "more")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", step, got, want)
		}
	}
	week := int64(7 * 86400)
	dispatch("1", "Cases", switchyard.Skill{Name: "greek"})
	dispatch("2", "Cases", switchyard.Skill{Name: "greek", ExpiryAfter: &week}) // time takes it off
	dispatch("3", "Short")                                                      // leaves by its duration
	dispatch("4", "Text")                                                       // not yet
	dispatch("5", "Cases")
	w.advance(switchyard.Second)
	dispatch("6", "Cases")
	check("nobody logged in", "1 unserveable", "5 unstaffed", "6 unstaffed")
	dispatch("7", "Cases")
	check("limited", "1 unserveable", "5 unstaffed", "6 unstaffed", "more")
	w.must(&switchyard.SetPresence{Agent: "bo", Presence: "Ready"})
	check("bo is not in the group", "1 unserveable", "5 unstaffed", "6 unstaffed", "more")
	w.must(&switchyard.SetPresence{Agent: "ada", Presence: "Ready"})
	check("ada takes what she can", "1 unserveable")
	w.advance(NoProgressAfter)
	check("the message is not sent", "4 noprogress", "1 unserveable")
	w.must(&switchyard.AgentLost{Agent: "ada"})
	all, _ := w.s.Stuck(w.clock, 100)
	if lost := len(all) - 2; lost < 1 || all[0].Why != StuckLost || !strings.Contains(all[0].Text, "ada") {
		t.Errorf("ada is lost: %+v", all)
	}
	w.must(&switchyard.AgentBack{Agent: "ada"})
	check("ada is back", "4 noprogress", "1 unserveable")
}

// Time alone makes work unserveable: nothing is decided when a personal queue ends that nobody waits in.
// Found by a life of the simulator.
func TestUnserveableOnceThePersonalQueueIsOver(t *testing.T) {
	var doc switchyard.Account
	decodeYAML(t, []byte(stuckFile), &doc)
	w := newWorld(t, doc)
	w.must(&switchyard.SetPresence{Agent: "ada", Presence: "Ready"})
	id := w.invoke("", switchyard.Request{RequestID: "1", Route: "Cases", Skills: []switchyard.Skill{{Name: "greek"}},
		PersonalQueue: &switchyard.Personal{Agent: "ada", LoggedInTimeout: 0, LoggedOutTimeout: 16}})[0].Interaction
	for after, want := range map[switchyard.Duration]bool{0: false, 16*switchyard.Second - 1: false, 16 * switchyard.Second: true} {
		now := w.clock.Add(after)
		if got := w.s.Find(id).Unserveable(now); got != want {
			t.Errorf("after %v: unserveable is %v", after, got)
		}
		if e, _ := w.s.Explain(id, now); e.Unserveable != want {
			t.Errorf("after %v: explained as unserveable: %v", after, e.Unserveable)
		}
		if all, _ := w.s.Stuck(now, 2); (len(all) == 1 && all[0].Why == StuckUnserveable) != want {
			t.Errorf("after %v: stuck is %v", after, all)
		}
	}
}

// checkStuck holds the list of stuck work against a plain look at everything that lives.
func (l *life) checkStuck() {
	l.t.Helper()
	type key struct {
		id  switchyard.ID
		why StuckWhy
	}
	want, got := map[key]bool{}, map[key]bool{}
	for i := l.s.newest; i != nil; i = i.older {
		if a := i.agent(); a != nil && a.lost && !a.removed {
			want[key{i.ID, StuckLost}] = true
		}
		if i.state == switchyard.Queued && l.s.unserveable(i, l.s.now) {
			want[key{i.ID, StuckUnserveable}] = true
		}
	}
	all, more := l.s.Stuck(l.s.now, 1000)
	for _, x := range all {
		if x.Why == StuckLost || x.Why == StuckUnserveable {
			got[key{x.Record.ID, x.Why}] = true
		}
	}
	if more || len(want) != len(got) {
		l.t.Fatalf("%d are stuck, not %d: %v, not %v", len(got), len(want), got, want)
	}
	for k := range want {
		if !got[k] {
			l.t.Fatalf("%s is %s and not listed", k.id, k.why)
		}
	}
	var up, down []switchyard.ID
	l.s.Newest(switchyard.ID{}, func(r *Record) bool { down = append(down, r.ID); return true })
	l.s.Oldest(switchyard.ID{}, func(r *Record) bool { up = append(up, r.ID); return true })
	slices.Reverse(down)
	if !slices.Equal(up, down) {
		l.t.Fatalf("oldest first %v, newest first turned around %v", up, down)
	}
}
