package core

import (
	"slices"
	"testing"

	"switchyard"
)

// Colleagues come in the order of how soon they could take the work, and never the one who has it.
func TestColleaguesWhoCouldTakeItComeFirst(t *testing.T) {
	doc := lifeAccount()
	doc.Agents = append(doc.Agents[:2:2], switchyard.AgentEntry{Username: "ada"}, switchyard.AgentEntry{Username: "bo", Name: "Bo Derek"},
		switchyard.AgentEntry{Username: "cy"}, switchyard.AgentEntry{Username: "di", Roles: []switchyard.Role{switchyard.RoleSupervisor}},
		switchyard.AgentEntry{Username: "ed"})
	p := player{world: newWorld(t, doc)}
	for agent, presence := range map[string]string{"ada": "Ready", "bo": "Lunch"} {
		p.must(&switchyard.SetPresence{Agent: agent, Presence: presence})
	}
	results := p.must(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "Plain"}}}).([]switchyard.RequestResult)
	id := results[0].Interaction
	p.must(&switchyard.Act{Interaction: id, Agent: "ada", Action: switchyard.ActAccept})
	p.must(&switchyard.SetPresence{Agent: "ed", Presence: "Ready"})
	for _, test := range []struct {
		text  string
		limit int
		want  []string
		more  bool
	}{
		{"", 9, []string{"ed", "bo", "a0", "a1", "cy"}, false},
		{"", 2, []string{"ed", "bo"}, true},
		{"DER", 9, []string{"bo"}, false},
		{"nobody", 9, nil, false},
	} {
		list, more := p.s.Colleagues(id, test.text, test.limit)
		var names []string
		for _, c := range list {
			names = append(names, c.Username)
			if c.Free != (c.Username == "ed") {
				t.Errorf("%s is free: %t", c.Username, c.Free)
			}
		}
		if !slices.Equal(names, test.want) || more != test.more {
			t.Errorf("%q, at most %d: %v, more: %t", test.text, test.limit, names, more)
		}
	}
	if list, _ := p.s.Colleagues(switchyard.ID{}, "", 9); list != nil {
		t.Errorf("an interaction that is none has %v", list)
	}
}

// What an agent types is kept as it stands, in full, and goes with the work.
func TestNotesAreKeptAsTyped(t *testing.T) {
	p := player{world: newWorld(t, lifeAccount())}
	p.must(&switchyard.SetPresence{Agent: "a0", Presence: "Ready"})
	id := p.must(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "Plain"}}}).([]switchyard.RequestResult)[0].Interaction
	does := func(action switchyard.Action, disposition, notes string) Decision {
		return p.do(&switchyard.Act{Interaction: id, Agent: "a0", Action: action, Disposition: disposition, Notes: notes})
	}
	if d := does(switchyard.ActNote, "", "early"); d.Refused == nil || d.Refused.Code != switchyard.WrongState {
		t.Errorf("notes on an offer: %v", d.Refused)
	}
	does(switchyard.ActAccept, "", "")
	for _, typed := range [][2]string{{"", "Re"}, {"Solved", "Refund"}, {"", "Refund sent"}, {"", ""}, {"Solved", "Refund"}} {
		does(switchyard.ActNote, typed[0], typed[1])
		if r := p.s.Find(id); r.Disposition != typed[0] || r.Notes != typed[1] {
			t.Errorf("typed %q, kept %q, %q", typed, r.Disposition, r.Notes)
		}
	}
	if d := does(switchyard.ActNote, "Solved", "Refund"); len(d.Events) != 0 {
		t.Errorf("the same again makes %v", d.Events)
	}
	p.advance(switchyard.Second)
	d := does(switchyard.ActRelease, "", "")
	if d.Refused != nil {
		t.Fatalf("a disposition was noted; release is refused: %v", d.Refused)
	}
	if r := d.Answer.(*Record); r.Disposition != "Solved" || r.Notes != "Refund" || r.ReleasedAt != p.clock {
		t.Errorf("released: %+v", r)
	}
}
