package native

import (
	"fmt"
	"testing"

	"switchyard"
)

func (d *Desk) option(t *testing.T, action switchyard.Action, to string) Possible {
	t.Helper()
	for _, o := range d.Interactions[0].Actions {
		if o.Action == action && string(o.To) == to {
			return o
		}
	}
	t.Fatalf("the desk has no action %s %s: %+v", action, to, d)
	return Possible{}
}

func TestDeskSaysWhatMayBeDone(t *testing.T) {
	r := newRig(t)
	r.must("story", &switchyard.Register{Provider: "CRM", Secret: "sealed", Permitted: switchyard.Permissions{Hold: true}})
	r.ready("ada")
	ada, ops, sue := r.user("story", "ada"), r.all(), r.user("story", "sue")
	d := as[Desk](ada.do("GET", "/v1/desk", "").is(200))
	if d.Agent.Username != "ada" || len(d.Interactions) != 0 || !d.Manual || d.At == 0 ||
		fmt.Sprint(d.Presences) != "[{Ready Ready} {Away Away} {Extended Away ExtendedAway} {Logged Out LoggedOut} {Lunch Away}]" ||
		fmt.Sprint(d.Dispositions) != "[Solved]" {
		t.Errorf("the desk of an idle agent: %+v", d)
	}
	got := r.must("story", &switchyard.Invoke{Provider: "CRM", Requests: []switchyard.Request{{ExternalID: "A", Route: "Cases"}}})
	id := got.([]switchyard.RequestResult)[0].Interaction.String()
	look := func(c *caller, agent string) Desk {
		t.Helper()
		path := "/v1/desk"
		if agent != "" {
			path += "?agent=" + agent
		}
		return as[Desk](c.do("GET", path, "").is(200))
	}
	d = look(ada, "")
	for action, code := range map[switchyard.Action]switchyard.Code{switchyard.ActAccept: "", switchyard.ActDecline: "",
		switchyard.ActHold: switchyard.WrongState, switchyard.ActRelease: switchyard.NotPermitted, switchyard.ActNote: switchyard.WrongState} {
		if o := d.option(t, action, ""); o.Code != code || (code == "") != (o.Detail == "") {
			t.Errorf("offered: %+v, should be %q", o, code)
		}
	}
	ada.do("POST", "/v1/interactions/"+id+"/accept", "").is(200)
	for name, d := range map[string]Desk{"the agent": look(ada, "ADA"), "a client": look(ops, "ada"), "a supervisor": look(sue, "Ada")} {
		if o := d.option(t, switchyard.ActHold, ""); o.Code != "" {
			t.Errorf("%s: %+v", name, o)
		}
		for _, to := range []string{"agent", "route"} {
			if o := d.option(t, switchyard.ActTransfer, to); o.Code != switchyard.NotPermitted {
				t.Errorf("%s: %+v", name, o)
			}
		}
	}
	r.user("story", "bo").do("GET", "/v1/desk?agent=ada", "").code(403, switchyard.Forbidden)
	ops.do("GET", "/v1/desk", "").code(400, switchyard.Malformed)
	sue.do("GET", "/v1/desk", "").code(400, switchyard.Malformed)
	sue.do("GET", "/v1/desk?agent=nobody", "").code(404, switchyard.NotFound)
}

func TestDeskSaysThatThereIsNoRoom(t *testing.T) {
	r := newRig(t)
	r.ready("ada")
	ada := r.user("story", "ada")
	id := r.dispatch("A", nil).String()
	for _, action := range []string{"accept", "hold"} {
		ada.do("POST", "/v1/interactions/"+id+"/"+action, "").is(200)
	}
	r.dispatch("B", func(q *switchyard.Request) { q.Class = "live" })
	d := as[Desk](ada.do("GET", "/v1/desk", "").is(200))
	if o := d.option(t, switchyard.ActRetrieve, ""); o.Code != switchyard.NoRoom {
		t.Errorf("retrieve beside a live offer: %+v", o)
	}
	ada.do("POST", "/v1/interactions/"+id+"/retrieve", "").code(409, switchyard.NoRoom)
}

// An agent may look for whom to give its own work to, and for nothing else of its colleagues.
func TestTargetsOfATransfer(t *testing.T) {
	r := newRig(t)
	r.ready("ada")
	id := r.dispatch("A", nil).String()
	r.ready("bo")
	path := "/v1/interactions/" + id + "/transfer"
	ada := r.user("story", "ada")
	v := as[Targets](ada.do("GET", path, "").is(200))
	if fmt.Sprint(v.Agents) != "[{bo bo Ready Ready true}]" || fmt.Sprint(v.Routes) != "[Cases Wrapped Short After]" || v.More {
		t.Errorf("targets: %+v", v)
	}
	v = as[Targets](ada.do("GET", path+"?q=CAS", "").is(200))
	if len(v.Agents) != 0 || fmt.Sprint(v.Routes) != "[Cases]" {
		t.Errorf("targets with cas in them: %+v", v)
	}
	r.user("story", "bo").do("GET", path, "").code(403, switchyard.Forbidden)
	ada.do("GET", "/v1/interactions/0193f6a0-7c1e-7000-8000-0000a1b2c3d4/transfer", "").code(404, switchyard.NotFound)
	ada.do("POST", "/v1/interactions/"+id+"/accept", "").is(200)
	ada.do("POST", "/v1/interactions/"+id+"/release", "").is(200)
	ada.do("GET", path, "").code(409, switchyard.WrongState)
}

// What is typed is in the feed of its agent and with the interaction, and not in its timeline.
func TestNotesAreShownWhileTheyAreTyped(t *testing.T) {
	r := newRig(t)
	ada := r.user("story", "ada")
	r.ready("ada")
	id := "/v1/interactions/" + r.dispatch("A", func(q *switchyard.Request) { q.Route = "Wrapped" }).String()
	v := as[Interaction](ada.do("POST", id+"/note", `{"notes":"Refund se","disposition":"Solved"}`).is(200))
	if v.Notes != "Refund se" || v.Disposition != "Solved" {
		t.Errorf("noted: %+v", v)
	}
	ada.do("POST", id+"/note", `{"disposition":"Nope"}`).code(422, switchyard.DispositionUnknown)
	r.user("story", "bo").do("POST", id+"/note", `{"notes":"x"}`).code(409, switchyard.NotYours)
	ada.do("POST", id+"/release", "").is(200)
	ada.do("POST", id+"/complete", "").is(200)
	if v = as[Interaction](ada.do("GET", id, "").is(200)); v.Notes != "Refund se" || v.Answered == 0 || v.Released == 0 {
		t.Errorf("ended: %+v", v)
	}
	if a := ada.do("GET", id+"/timeline", "").is(200); contains(a.Body, "Refund se") {
		t.Errorf("the timeline has %s", a.Body)
	}
	events := as[List[Happening]](ada.with("Accept", "application/json").do("GET", "/v1/events?type=interaction.noted", "").is(200))
	if len(events.Items) != 1 {
		t.Errorf("the agent's feed has %+v", events.Items)
	}
}
