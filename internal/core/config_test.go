package core

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// An agent is called as the config in force spells it, in answers, events and callbacks, and stays the
// same agent (RULINGS 2).
func TestUsernamesFollowTheConfig(t *testing.T) {
	w := newWorld(t, lifeAccount())
	w.must(&switchyard.Register{Provider: "Crm", Endpoint: "https://crm.example.com/", Secret: "sealed", Permitted: switchyard.Permissions{Release: true}})
	w.must(&switchyard.SetPresence{Agent: "a0", Presence: "Ready"})
	id := w.invoke("Crm", switchyard.Request{Route: "Plain", ExternalID: "1"})[0].Interaction
	doc := w.doc
	doc.Agents = append([]switchyard.AgentEntry(nil), doc.Agents...)
	doc.Agents[0].Username = "A0"
	w.must(&switchyard.Publish{Document: doc})
	for _, cut := range []int{0, len(w.rows)} {
		if a, r := w.s.Agent("a0"), w.s.Find(id); a.Username != "A0" || a.Presence != "Ready" || r.Agent != "A0" || r.State != switchyard.Offered {
			t.Errorf("%+v\n%+v", a, r)
		}
		w.load(cut)
	}
	w.must(&switchyard.Act{Interaction: id, Agent: "a0", Action: switchyard.ActAccept})
	if e := w.pendings()[0]; e.Agent != "A0" {
		t.Errorf("the callback names %s", e.Agent)
	}
	doc.Agents = doc.Agents[1:]
	w.must(&switchyard.Publish{Document: doc})
	if r := w.s.Find(id); r.State != switchyard.Queued {
		t.Errorf("%+v", r)
	}
}

// Rows of an older server, which kept an agent's first spelling, are read.
func TestEventsAboutGhostsAreReadWithoutCase(t *testing.T) {
	w := newWorld(t, lifeAccount())
	w.must(&switchyard.SetPresence{Agent: "a0", Presence: "Ready"})
	id := w.invoke("", switchyard.Request{Route: "Plain"})[0].Interaction
	doc := w.doc
	doc.Agents = append([]switchyard.AgentEntry{{Username: "A0"}}, doc.Agents[1:]...)
	w.must(&switchyard.Publish{Document: doc})
	s := w.s
	gone := doc
	gone.Agents = doc.Agents[1:]
	s.Fold(s.Seq()+1, w.clock, []switchyard.Event{
		&switchyard.ConfigPublished{Version: 3, Document: gone},
		&switchyard.PresenceChanged{Agented: switchyard.Agented{Agent: "a0"}, Presence: "Away", Category: switchyard.Away},
		&switchyard.Returned{With: switchyard.With{Interaction: id, Agent: "a0"}, Why: "removed"},
	})
	if r := s.Find(id); r.State != switchyard.Queued {
		t.Errorf("%+v", r)
	}
}

// What a removed agent declined is nothing to the agent who comes back under the name, whether the
// state has lived on or was loaded from what every cut said had changed.
func TestCooldownsOfRemovedAgentsAreForgotten(t *testing.T) {
	w := newWorld(t, lifeAccount())
	checkpoint := map[mark][]byte{}
	cut := func() {
		for _, c := range w.s.Cut() {
			delete(checkpoint, mark{c.Kind, c.Key})
			if c.Value == nil {
				continue
			}
			text, err := json.Marshal(c.Value)
			if err != nil {
				t.Fatal(err)
			}
			checkpoint[mark{c.Kind, c.Key}] = text
		}
	}
	w.must(&switchyard.SetPresence{Agent: "a0", Presence: "Ready"})
	id := w.invoke("", switchyard.Request{Route: "Plain"})[0].Interaction
	w.must(&switchyard.Act{Interaction: id, Agent: "a0", Action: switchyard.ActDecline})
	cut()
	gone := w.doc
	gone.Agents = w.doc.Agents[1:]
	w.must(&switchyard.Publish{Document: gone})
	w.must(&switchyard.Publish{Document: w.doc})
	cut()

	loaded := New(w.doc.Account)
	for _, m := range slices.SortedFunc(maps.Keys(checkpoint), func(a, b mark) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.key, b.key))
	}) {
		value := NewValue(m.kind)
		if err := json.Unmarshal(checkpoint[m], value); err != nil {
			t.Fatal(err)
		}
		loaded.Restore(m.kind, m.key, value)
	}
	loaded.Restored(w.s.Seq(), w.s.Now())
	for name, s := range map[string]*State{"lived": w.s, "loaded": loaded} {
		if r := s.Find(id); len(r.Cooldowns) != 0 {
			t.Errorf("%s: it keeps %+v", name, r.Cooldowns)
		}
	}
}
