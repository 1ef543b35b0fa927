package core

import (
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/core/plan"
)

// value reads a data source of a live interaction.
func (w *world) value(id switchyard.ID, name string) string {
	v, _ := sources{s: w.s, i: w.s.find(id)}.Value(name)
	return v
}

// connected dispatches an interaction to a route and lets a0 accept it.
func (w *world) connected(r switchyard.Request) switchyard.ID {
	w.t.Helper()
	w.must(&switchyard.SetPresence{Agent: "a0", Presence: "Ready"})
	got := w.invoke("", r)
	if got[0].Status != switchyard.StatusAccepted {
		w.t.Fatalf("%+v", got)
	}
	w.must(&switchyard.Act{Interaction: got[0].Interaction, Agent: "a0", Action: switchyard.ActAccept})
	return got[0].Interaction
}

// A transfer to a route keeps what the route before preset (RULINGS 28), and so does a server that
// starts again.
func TestTransferKeepsPresets(t *testing.T) {
	doc := lifeAccount()
	route := func(name string, presets map[string]string) {
		doc.Routes = append(doc.Routes, switchyard.Route{Name: name, Plan: "Plain", DataSources: presets})
	}
	route("One", map[string]string{"Team": "one", "Site": "$(CLID)", "Given": "one"})
	route("Two", map[string]string{"team": "two", "Own": "two"})
	route("None", nil)
	w := newWorld(t, doc)
	id := w.connected(switchyard.Request{Route: "One", Linked: []switchyard.Linked{
		{Type: "interactionproperty", Key: "given", Value: "property"}, {Type: "clid", Value: "555"}}})
	check := func(step string, want string) {
		t.Helper()
		for range 2 {
			var got []string
			for _, name := range []string{"TEAM", "Site", "Given", "Own"} {
				got = append(got, w.value(id, name))
			}
			if text := strings.Join(got, " "); text != want {
				t.Errorf("%s: %s; want %s", step, text, want)
			}
			w.load(len(w.rows))
		}
	}
	check("dispatched", "one 555 property ")
	for _, to := range []struct{ route, want string }{{"Two", "two 555 property two"}, {"None", "two 555 property two"}, {"One", "one 555 property two"}} {
		w.must(&switchyard.Act{Interaction: id, Agent: "a0", Action: switchyard.ActTransfer, ToRoute: to.route})
		check("transferred to "+to.route, to.want)
		w.must(&switchyard.Act{Interaction: id, Agent: "a0", Action: switchyard.ActAccept})
	}
}

// What a route said when an interaction came holds for it, though its plan goes on in a newer version,
// and though the server starts again.
func TestNewVersionsKeepPresets(t *testing.T) {
	w := newWorld(t, lifeAccount())
	id := w.invoke("", switchyard.Request{Route: "Auto"})[0].Interaction
	for _, change := range []func(doc *switchyard.Account){
		func(doc *switchyard.Account) { doc.Routes[1].DataSources = map[string]string{"Team": "APAC"} },
		func(doc *switchyard.Account) { doc.Routes[1].Name = "AUTO" },
		func(doc *switchyard.Account) { doc.Routes = doc.Routes[2:] },
	} {
		doc := w.doc
		doc.Routes = append([]switchyard.Route(nil), doc.Routes...)
		change(&doc)
		w.must(&switchyard.Publish{Document: doc})
		w.must(&switchyard.Act{Interaction: id, Action: switchyard.ActRequeue, Supervisor: true})
		for _, cut := range []int{0, len(w.rows)} {
			w.load(cut)
			if team, route := w.value(id, "Team"), w.value(id, "DialledNumber"); team != "EMEA" || route != "Auto" {
				t.Errorf("loaded at row %d: Team is %s, DialledNumber %s", cut, team, route)
			}
		}
	}
}

// No property may replace a built-in data source; Language is one, though routes and plans set it
// (RULINGS 36).
func TestPropertiesReplaceNoBuiltIn(t *testing.T) {
	doc := lifeAccount()
	doc.Routes[1].DataSources = map[string]string{"Language": "de"}
	w := newWorld(t, doc)
	property := func(name string) switchyard.RequestResult {
		return w.invoke("", switchyard.Request{Route: "Auto", Linked: []switchyard.Linked{{Type: "interactionproperty", Key: name, Value: "x"}}})[0]
	}
	for _, name := range plan.BuiltIns() {
		if got := property(strings.ToUpper(name)); got.Code != switchyard.LinkedDataInvalid {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := property("Languages"); got.Status != switchyard.StatusAccepted || w.value(got.Interaction, "language") != "de" {
		t.Errorf("%+v", got)
	}
}

// A data source that is set again counts once towards the limit (RULINGS 35).
func TestDataSourcesSetAgainCountOnce(t *testing.T) {
	doc := lifeAccount()
	values := map[string]string{}
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		values["Big"+name] = strings.Repeat("x", switchyard.MaxDataSourcesBytes/8-100)
	}
	set := func(next string) switchyard.Applet {
		return switchyard.Applet{Type: "setdatasource", Values: values, Next: next}
	}
	doc.Plans = append(doc.Plans, switchyard.Plan{Name: "Big", Start: "one", Applets: map[string]switchyard.Applet{
		"one": set("two"), "two": set("q"), "q": {Type: "queue"}}})
	doc.Routes = append(doc.Routes, switchyard.Route{Name: "Big", Plan: "Big"})
	w := newWorld(t, doc)
	id := w.invoke("", switchyard.Request{Route: "Big"})[0].Interaction
	if r := w.s.Find(id); r == nil || r.State != switchyard.Queued || r.Fault != "" {
		t.Fatalf("%+v", r)
	}
	i := w.s.find(id)
	if before, again := i.sourcesSize(nil), i.sourcesSize(values); before != again {
		t.Errorf("%d bytes, set again %d", before, again)
	}
}
