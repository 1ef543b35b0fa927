package native

import (
	"testing"

	"switchyard"
)

// One life, by the agent itself, by a client for it and by a supervisor.
func TestLifeOfAnInteraction(t *testing.T) {
	r := newRig(t)
	ops, ada := r.all(), r.user("story", "ada")
	r.ready("ada")
	id := r.dispatch("A", func(q *switchyard.Request) {
		q.RequestID = "req-1"
		q.Skills = []switchyard.Skill{{Name: "billing"}}
		q.Linked = []switchyard.Linked{{Type: "clid", Value: "1"}, {Type: "clid", Value: "+44"}, {Type: "name", Value: "Case A"},
			{Type: "url", Label: "open", Value: "https://crm"}, {Type: "interactionproperty", Key: "k", Value: "v"}, {Type: "object", Owner: "o", Key: "k", Value: "v"}}
		q.PersonalQueue = &switchyard.Personal{Agent: "ada", LoggedInTimeout: 20, LoggedOutTimeout: 30}
	})
	path := "/v1/interactions/" + id.String()
	v := as[Interaction](ops.do("GET", path, "").is(200))
	if v.State != switchyard.Offered || v.Agent != "ada" || v.CLID != "+44" || v.Name != "Case A" || v.MediaType != "API Object" ||
		len(v.URLs) != 1 || len(v.Properties) != 1 || len(v.Objects) != 1 || v.RequestID != "req-1" || v.Reason == nil ||
		len(v.Skills) != 1 || !v.Skills[0].Required || v.PersonalQueue.LoggedOutTimeout != 30 || v.Route != "Cases" || v.Band != 3 {
		t.Fatalf("offered: %+v", v)
	}
	if v := as[Interaction](ada.do("POST", path+"/accept", "").is(200)); v.State != switchyard.Connected {
		t.Fatalf("accepted: %+v", v)
	}
	if v := as[Interaction](ops.do("POST", path+"/hold", `{"agent":"ADA"}`).is(200)); v.State != switchyard.Parked || v.Size != 0 {
		t.Fatalf("parked: %+v", v)
	}
	ada.do("POST", path+"/retrieve", "{}").is(200)
	v = as[Interaction](ada.do("POST", path+"/release", `{"disposition":"Solved","notes":"all well"}`).is(200))
	if v.State != switchyard.Ended || v.Outcome != switchyard.OutcomeDelivered || v.Disposition != "Solved" {
		t.Fatalf("released: %+v", v)
	}
	if got := as[Interaction](ops.do("GET", path, "").is(200)); got.State != switchyard.Ended || got.Ended == 0 || got.Agent != "ada" {
		t.Fatalf("ended: %+v", got)
	}
	as[switchyard.Explanation](ops.do("GET", path+"/explain", "").is(200))
}

func TestActionsAreRefusedInOrder(t *testing.T) {
	r := newRig(t)
	ops, ada, bo, sue := r.all(), r.user("story", "ada"), r.user("story", "bo"), r.user("story", "sue")
	r.ready("ada")
	id := r.dispatch("A", nil).String()
	path := "/v1/interactions/" + id
	gone := "/v1/interactions/0193f6a0-7c1e-7000-8000-0000a1b2c3d4"
	ended := "/v1/interactions/" + r.dispatch("E", func(q *switchyard.Request) { q.Route = "Short" }).String()
	for _, c := range []struct {
		name       string
		by         *caller
		path, body string
		status     int
		code       switchyard.Code
	}{
		{"an id that is none", ops, "/v1/interactions/x/accept", `{"agent":"ada"}`, 404, switchyard.NotFound},
		{"an id nobody has", ops, gone + "/accept", `{"agent":"nobody"}`, 404, switchyard.NotFound},
		{"an interaction that has ended", ops, ended + "/accept", `{"agent":"ada"}`, 409, switchyard.WrongState},
		{"an agent that is not there, of one that has ended", ops, ended + "/accept", `{"agent":"nobody"}`, 422, switchyard.AgentUnknown},
		{"a route that is not there, of one that has ended", ops, ended + "/transfer", `{"toroute":"X"}`, 422, switchyard.RouteUnknown},
		{"a disposition that is none, of one that has ended", ops, ended + "/release", `{"disposition":"Nope"}`, 422, switchyard.DispositionUnknown},
		{"a supervisor's with one that has ended", sue, ended + "/priority", `{"band":"High"}`, 422, switchyard.BandInvalid},
		{"an agent that is not there", ops, path + "/accept", `{"agent":"nobody"}`, 422, switchyard.AgentUnknown},
		{"a client that names no agent", ops, path + "/accept", `{}`, 400, switchyard.Malformed},
		{"another agent's offer", ops, path + "/accept", `{"agent":"bo"}`, 409, switchyard.NotYours},
		{"an agent for another", bo, path + "/accept", `{"agent":"ada"}`, 403, switchyard.Forbidden},
		{"an agent in another's name", ada, path + "/accept", `{"agent":"bo"}`, 403, switchyard.Forbidden},
		{"an agent for nobody", bo, path + "/accept", `{"agent":"nobody"}`, 422, switchyard.AgentUnknown},
		{"an agent for another with what never was", bo, gone + "/accept", `{"agent":"ada"}`, 404, switchyard.NotFound},
		{"an agent's supervising", ada, path + "/requeue", ``, 403, switchyard.Forbidden},
		{"the wrong state", ada, path + "/hold", ``, 409, switchyard.WrongState},
		{"a transfer to nowhere", ada, path + "/transfer", `{}`, 400, switchyard.Malformed},
		{"a transfer to two", ada, path + "/transfer", `{"toagent":"nobody","toroute":"Wrapped"}`, 400, switchyard.Malformed},
		{"a transfer to nowhere of what never was", ada, gone + "/transfer", `{"toagent":""}`, 400, switchyard.Malformed},
		{"a transfer without a body", ada, path + "/transfer", ``, 400, switchyard.Malformed},
		{"a route that is not there", ada, path + "/transfer", `{"toroute":"X"}`, 422, switchyard.RouteUnknown},
		{"a band that is none", sue, path + "/priority", `{"band":"Huge"}`, 422, switchyard.BandInvalid},
		{"a disposition that is none", ada, path + "/release", `{"disposition":"Nope"}`, 422, switchyard.DispositionUnknown},
		{"an unknown member", ada, path + "/accept", `{"agnet":"ada"}`, 400, switchyard.Malformed},
		{"a member in the wrong case", ada, path + "/accept", `{"Agent":"ada"}`, 400, switchyard.Malformed},
		{"a member twice", ada, path + "/accept", `{"agent":"ada","agent":"ada"}`, 400, switchyard.Malformed},
		{"a wrong type", ada, path + "/accept", `{"agent":1}`, 400, switchyard.Malformed},
		{"no JSON", ada, path + "/accept", `{"agent"`, 400, switchyard.Malformed},
		{"more than one value", ada, path + "/accept", `{} {}`, 400, switchyard.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			c.by.do("POST", c.path, c.body).code(c.status, c.code)
		})
	}
	if v := as[Interaction](ops.do("GET", path, "").is(200)); v.State != switchyard.Offered {
		t.Errorf("the refusals changed it: %+v", v)
	}
}

func TestSupervisorsAndClientsActWithoutAnAgent(t *testing.T) {
	r := newRig(t)
	ops, sue := r.all(), r.user("story", "sue")
	r.ready("ada", "bo")
	id := "/v1/interactions/" + r.dispatch("A", nil).String()
	v := as[Interaction](sue.do("POST", id+"/priority", `{"band":"highest"}`).is(200))
	if v.Band != switchyard.Highest {
		t.Errorf("priority: %+v", v)
	}
	if v := as[Interaction](ops.do("POST", id+"/assign", `{"toagent":"bo"}`).is(200)); v.Agent != "bo" || v.Only != "bo" {
		t.Errorf("assign: %+v", v)
	}
	if v := as[Interaction](sue.do("POST", id+"/requeue", "").is(200)); v.Only != "" {
		t.Errorf("requeue: %+v", v)
	}
	if v := as[Interaction](ops.do("POST", id+"/release", "").is(200)); v.State != switchyard.Ended || v.Outcome != switchyard.OutcomeReleased {
		t.Errorf("release: %+v", v)
	}
}

// What a provider permits agents binds an agent and a client that names one, not who oversees them;
// those act for whoever has the interaction, or for the agent they name (RULINGS 28, 5).
func TestProvidersDoNotBindSupervisors(t *testing.T) {
	r := newRig(t)
	ops, ada := r.all(), r.user("story", "ada")
	r.must("story", &switchyard.Register{Provider: "CRM", Secret: "sealed"})
	r.ready("ada")
	got := r.must("story", &switchyard.Invoke{Provider: "CRM", Requests: []switchyard.Request{{ExternalID: "A", Route: "Cases"}}})
	id := "/v1/interactions/" + got.([]switchyard.RequestResult)[0].Interaction.String()
	sue, root := r.user("story", "sue"), r.user("story", "root")
	sue.do("POST", id+"/accept", "").is(200)
	ada.do("POST", id+"/hold", "").code(403, switchyard.NotPermitted)
	ops.do("POST", id+"/hold", `{"agent":"ada"}`).code(403, switchyard.NotPermitted)
	ops.do("POST", id+"/hold", "").code(400, switchyard.Malformed)
	for _, step := range []struct {
		by     *caller
		action string
		body   string
		state  switchyard.Status
	}{
		{sue, "hold", `{"agent":"ada"}`, switchyard.Parked},
		{sue, "retrieve", ``, switchyard.Connected},
		{root, "hold", `{}`, switchyard.Parked},
		{root, "retrieve", `{"agent":"ada"}`, switchyard.Connected},
	} {
		if v := as[Interaction](step.by.do("POST", id+"/"+step.action, step.body).is(200)); v.State != step.state || v.Agent != "ada" {
			t.Errorf("%s %s: %+v", step.action, step.body, v)
		}
	}
	sue.do("POST", id+"/hold", `{"agent":"bo"}`).code(409, switchyard.NotYours)
	sue.do("POST", id+"/transfer", `{"agent":"ada","toagent":"bo"}`).is(200)
	ops.do("POST", id+"/requeue", "").is(200)
	sue.do("POST", id+"/hold", "").code(409, switchyard.WrongState)
	sue.do("POST", id+"/decline", "").is(200)
}

func TestWrapIsExtendedAndCompleted(t *testing.T) {
	r := newRig(t)
	ada := r.user("story", "ada")
	r.ready("ada")
	id := "/v1/interactions/" + r.dispatch("A", func(q *switchyard.Request) { q.Route = "Wrapped" }).String()
	v := as[Interaction](ada.do("POST", id+"/release", "").is(200))
	if v.State != switchyard.Wrap {
		t.Fatalf("release: %+v", v)
	}
	until := v.Until
	if v = as[Interaction](ada.do("POST", id+"/extend", `{"by":"45s"}`).is(200)); v.Until != until.Add(45*switchyard.Second) {
		t.Errorf("extended from %v to %v", until, v.Until)
	}
	if v = as[Interaction](ada.do("POST", id+"/extend", `{"by":15}`).is(200)); v.Until != until.Add(60*switchyard.Second) {
		t.Errorf("extended from %v to %v", until, v.Until)
	}
	ada.do("POST", id+"/extend", `{"by":"soon"}`).code(400, switchyard.Malformed)
	ada.do("POST", id+"/complete", `{"notes":"done"}`).is(200)
}

func TestIdempotencyKeyAnswersAsTheFirstTime(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	r.ready("ada")
	id := "/v1/interactions/" + r.dispatch("A", nil).String()
	first := ops.with("Idempotency-Key", "k1").do("POST", id+"/accept", `{"agent":"ada"}`).is(200)
	again := ops.with("Idempotency-Key", "k1").do("POST", id+"/accept", `{"agent":"ada"}`).is(200)
	if string(first.Body) != string(again.Body) {
		t.Errorf("first %s\nagain %s", first.Body, again.Body)
	}
	ops.do("POST", id+"/accept", `{"agent":"ada"}`).code(409, switchyard.WrongState)
	ops.with("Idempotency-Key", "k1").do("POST", id+"/accept", `{"agent":"bo"}`).code(422, switchyard.IdempotencyMismatch)
	r.user("story", "ada").with("Idempotency-Key", "k1").do("POST", id+"/hold", "").is(200)
}

func TestPersonalDataIsErased(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	id := "/v1/interactions/" + r.dispatch("A", func(q *switchyard.Request) {
		q.Linked = []switchyard.Linked{{Type: "name", Value: "Jane Doe"}, {Type: "interactionproperty", Key: "Phone", Value: "0770090"}, {Type: "mediatype", Value: "Case"}}
	}).String()
	ops.do("DELETE", id+"/personal", "").code(409, switchyard.NotEnded)
	ops.do("POST", id+"/release", "").is(200)
	ops.do("DELETE", id+"/personal", "").is(204)
	for _, path := range []string{id, id + "/timeline", "/v1/interactions?q=jane"} {
		a := ops.do("GET", path, "").is(200)
		if contains(a.Body, "Jane") || contains(a.Body, "0770090") {
			t.Errorf("%s still shows %s", path, a.Body)
		}
	}
	if v := as[Interaction](ops.do("GET", id, "").is(200)); v.MediaType != "erased" || v.ExternalID != "A" {
		t.Errorf("it was not erased, or not only: %+v", v)
	}
}
