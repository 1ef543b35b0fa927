package core

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// asking is an account whose route Ask asks a connector and goes on by what becomes of it.
func asking(t *testing.T) *player {
	t.Helper()
	doc := switchyard.Account{Account: "asking", Secrets: map[string]string{"key": "sealed"}, Gateways: switchyard.Gateways{
		SMS: map[string]switchyard.Gateway{"Default": {Type: "log"}}}}
	end := func(outcome string) switchyard.Applet { return switchyard.Applet{Type: "end", Outcome: outcome} }
	doc.Plans = []switchyard.Plan{{Name: "Ask", Start: "ask", Applets: map[string]switchyard.Applet{
		"ask": {Type: "dataconnector", URL: "https://crm.example.com/c?n=$(CLID:URL)&key=#(key)", Timeout: &switchyard.Length{Text: "$(Patience)"}, Retries: ptr(1),
			Headers: map[string]string{"X-Note": "$(Note)"}, Next: "fine", On: map[string]string{"failure": "bad", "timeout": "late"},
			Result: map[string]string{"Tier": "$.tier", "Customer Name": "$.name", "Code": "status"}},
		"fine": end("Fine"), "bad": end("Bad"), "late": end("Late")}},
		{Name: "Post", Start: "post", Applets: map[string]switchyard.Applet{
			"post": {Type: "dataconnector", URL: "https://crm.example.com/", Body: "x", Next: "fine"}, "fine": end("Fine")}},
		{Name: "Text", Start: "send", Applets: map[string]switchyard.Applet{
			"send": {Type: "sendsms", Gateway: "DEFAULT", To: "07700900000", Message: "Hi", Next: "fine", On: map[string]string{"failure": "bad"}},
			"fine": end("Fine"), "bad": end("Bad")}}}
	for _, name := range []string{"Ask", "Post", "Text"} {
		doc.Routes = append(doc.Routes, switchyard.Route{Name: name, Plan: name, DataSources: map[string]string{"Patience": "20s"}})
	}
	return &player{world: newWorld(t, doc), ids: map[string]switchyard.ID{}}
}

func ptr[T any](v T) *T { return &v }

// comes dispatches an interaction on a route and returns its id and the effect it waits for.
func (p *player) comes(route string, linked ...switchyard.Linked) (switchyard.ID, switchyard.Effect) {
	p.t.Helper()
	results := p.must(&switchyard.Invoke{Requests: []switchyard.Request{{Route: route, ExternalID: "x", Linked: linked}}}).([]switchyard.RequestResult)
	if results[0].Status != switchyard.StatusAccepted {
		p.t.Fatalf("%+v", results[0])
	}
	return results[0].Interaction, p.only()
}

// only is the one pending effect.
func (p *player) only() (only switchyard.Effect) {
	p.t.Helper()
	n := 0
	p.s.Effects(func(e switchyard.Effect, _ bool) bool {
		only = e
		n++
		return true
	})
	if n != 1 {
		p.t.Fatalf("%d effects are pending, not one", n)
	}
	return only
}

// latest returns the latest event of a type.
func latest[E switchyard.Event](p *player) (e E) {
	p.t.Helper()
	for n := len(p.rows) - 1; n >= 0; n-- {
		for k := len(p.rows[n].events) - 1; k >= 0; k-- {
			if found, is := p.rows[n].events[k].(E); is {
				return found
			}
		}
	}
	p.t.Fatalf("there was no %T", e)
	return e
}

func (p *player) ended(outcome string) {
	p.t.Helper()
	if f := latest[*switchyard.Finished](p); f.Outcome != outcome || p.s.Live() != 0 {
		p.t.Errorf("outcome %q with %d live; want %q", f.Outcome, p.s.Live(), outcome)
	}
	p.checkRebuilt()
}

func TestConnectorAnswers(t *testing.T) {
	p := asking(t)
	_, e := p.comes("Ask", switchyard.Linked{Type: "clid", Value: "+49 1"},
		switchyard.Linked{Type: "interactionproperty", Key: "note", Value: "#(key) $(CLID)"})
	if e.Kind != switchyard.EffectConnector || e.Deadline != epoch.Add(20*switchyard.Second) || e.Values["CLID"] != "+49 1" ||
		e.Values["Note"] != "#(key) $(CLID)" || e.Connector.Headers["X-Note"] != "$(Note)" || e.Connector.Host != "crm.example.com" {
		t.Errorf("effect %+v of %+v", e, e.Connector)
	}
	if x, _ := p.s.Explain(e.Interaction, p.s.Now()); !strings.Contains(x.Summary, "answer of crm.example.com, until 2026-11-23T12:00:20") {
		t.Error(x.Summary)
	}
	exchange := &switchyard.Exchange{Method: "GET", URL: "https://crm.example.com/c?n=%2B49%201&key=***", Status: 200}
	p.must(&switchyard.EffectResult{Effect: e.ID, Attempt: 1, OK: true, Status: 200, TookMillis: 5, Exchange: exchange, MessageID: "m1",
		Values: map[string]string{"Tier": "gold", "Customer Name": "Ada", "Code": "200", "CLID": "stolen"}})
	step := latest[*switchyard.Stepped](p)
	if f := latest[*switchyard.EffectFinished](p); f.Exchange != exchange || f.MessageID != "m1" {
		t.Errorf("%+v", f)
	}
	for n := len(p.rows) - 1; step.Applet != "ask"; n-- {
		for _, e := range p.rows[n].events {
			if s, is := e.(*switchyard.Stepped); is && s.Applet == "ask" {
				step = s
			}
		}
	}
	if step.Exit != "next" || len(step.Values) != 3 || step.Values["Customer Name"] != "Ada" {
		t.Errorf("%+v", step)
	}
	p.ended("Fine")
}

func TestConnectorFailures(t *testing.T) {
	long := strings.Repeat("x", switchyard.MaxDataSourceBytes+1)
	for name, c := range map[string]struct {
		results []switchyard.EffectResult
		outcome string
	}{
		"given up":        {[]switchyard.EffectResult{{GiveUp: true, Status: 404, Values: map[string]string{"Code": "404"}}}, "Bad"},
		"tried twice":     {[]switchyard.EffectResult{{Status: 503}, {Status: 503}}, "Bad"},
		"then fine":       {[]switchyard.EffectResult{{Status: 503}, {OK: true}}, "Fine"},
		"no time left":    {[]switchyard.EffectResult{{Status: 503, RetryAfterMillis: 20_000}}, "Bad"},
		"time for one":    {[]switchyard.EffectResult{{Status: 503, RetryAfterMillis: 19_000}, {OK: true}}, "Fine"},
		"hangs":           {[]switchyard.EffectResult{{Timeout: true, GiveUp: true}}, "Late"},
		"value too long":  {[]switchyard.EffectResult{{OK: true, Values: map[string]string{"Tier": long}}}, "Bad"},
		"never comes":     {nil, "Late"},
		"second hangs on": {[]switchyard.EffectResult{{Status: 500}}, "Late"},
	} {
		t.Run(name, func(t *testing.T) {
			p := asking(t)
			id, _ := p.comes("Ask")
			for n := range c.results {
				if n > 0 {
					p.clock = latest[*switchyard.EffectAttempted](p).Retry
					p.ticks()
				}
				r := c.results[n]
				e := p.only()
				r.Effect, r.Attempt = e.ID, n+1
				p.must(&r)
			}
			if len(c.results) == 0 || c.outcome == "Late" && p.s.Live() > 0 {
				p.clock = epoch.Add(20*switchyard.Second - 1)
				p.ticks()
				if p.s.Find(id) == nil {
					t.Fatal("it did not wait for its deadline")
				}
				p.advance(1)
				if f := latest[*switchyard.EffectFinished](p); !f.Timeout || f.OK {
					t.Errorf("%+v", f)
				}
			}
			p.ended(c.outcome)
		})
	}
}

// What has come too late changes nothing of the plan: it went on, or has ended.
func TestResultsThatComeTooLate(t *testing.T) {
	p := asking(t)
	_, e := p.comes("Ask")
	p.advance(20 * switchyard.Second)
	if d := p.do(&switchyard.EffectResult{Effect: e.ID, Attempt: 1, OK: true, Values: map[string]string{"Tier": "gold"}}); len(d.Events) > 0 {
		t.Errorf("a result after the deadline came to %v", d.Events)
	}
	p.ended("Late")

	p = asking(t)
	doc := p.doc
	doc.Routes = slices.Clone(doc.Routes)
	doc.Routes[0].After = "Text"
	p.must(&switchyard.Publish{Document: doc, Source: "test"})
	id, e := p.comes("Ask")
	p.must(&switchyard.Invoke{Requests: []switchyard.Request{{Action: "release", ExternalID: "x"}}})
	p.must(&switchyard.EffectResult{Effect: e.ID, Attempt: 1, OK: true, Values: map[string]string{"Tier": "gold"}})
	r := p.s.Find(id)
	if r == nil || r.State != switchyard.Ended || r.Values["tier"] != "" || len(r.Effects) != 1 || r.Effects[0] == e.ID {
		t.Fatalf("the after plan was led on by an effect of the plan before: %+v", r)
	}
	p.must(&switchyard.EffectResult{Effect: p.only().ID, Attempt: 1, OK: true})
	if a := latest[*switchyard.AfterFinished](p); a.Outcome != "Fine" {
		t.Errorf("the after plan ended with %q", a.Outcome)
	}
	p.checkRebuilt()
}

// A plan that waits for several effects goes on when the last is through, and fails when one failed.
func TestSeveralEffects(t *testing.T) {
	for name, c := range map[string]struct {
		ok      [3]bool
		order   [3]int
		outcome string
	}{
		"all sent": {[3]bool{true, true, true}, [3]int{2, 0, 1}, "Fine"},
		"one not":  {[3]bool{true, false, true}, [3]int{1, 2, 0}, "Bad"},
		"last not": {[3]bool{true, true, false}, [3]int{0, 1, 2}, "Bad"},
	} {
		t.Run(name, func(t *testing.T) {
			p := asking(t)
			id, first := p.comes("Text")
			effects := []switchyard.Effect{first}
			for n := range 2 {
				more := first
				more.ID = switchyard.NewID(p.s.Now(), first.ID.Counter()+uint64(n)+1, 9)
				effects = append(effects, more)
			}
			events := []switchyard.Event{&switchyard.EffectRequested{Effect: effects[1]}, &switchyard.EffectRequested{Effect: effects[2]}}
			p.rows = append(p.rows, row{switchyard.Envelope{Seq: p.s.Seq() + 1, At: p.s.Now(), Input: &switchyard.Tick{}}, events})
			p.load(0)
			for n, at := range c.order {
				if n == 2 {
					p.load(len(p.rows)) // from a checkpoint alone
				}
				if len(p.s.Find(id).Effects) != 3-n {
					t.Fatalf("it waits for %v", p.s.Find(id).Effects)
				}
				p.must(&switchyard.EffectResult{Effect: effects[at].ID, Attempt: 1, OK: c.ok[at], GiveUp: true})
			}
			if f := latest[*switchyard.Finished](p); f.Outcome != c.outcome {
				t.Errorf("outcome %q, want %q", f.Outcome, c.outcome)
			}
		})
	}
}

// A gateway that was removed fails at once, and a record of a version before still loads.
func TestRemovedGatewayAndOldRecords(t *testing.T) {
	p := asking(t)
	_, e := p.comes("Text")
	if e.Gateway != "Default" {
		t.Errorf("the gateway is spelt %q", e.Gateway)
	}
	old := New(p.doc.Account)
	for _, c := range everything(p.s) {
		text := strings.Replace(string(c.text), `"effects":["`+e.ID.String()+`"]`, `"effect":"`+e.ID.String()+`"`, 1)
		value := NewValue(c.Kind)
		if err := json.Unmarshal([]byte(text), value); err != nil {
			t.Fatal(err)
		}
		if r, is := value.(*Record); is && (r.Effect != e.ID || len(r.Effects) != 0) {
			t.Fatalf("%+v is no record of old", r)
		}
		old.Restore(c.Kind, c.Key, value)
	}
	old.Restored(p.s.Seq(), p.s.Now())
	p.s = old
	p.must(&switchyard.EffectResult{Effect: e.ID, Attempt: 1, OK: true})
	p.ended("Fine")

	p = asking(t)
	doc := p.doc
	doc.Gateways.SMS = map[string]switchyard.Gateway{"other": {Type: "log"}}
	doc.Plans = slices.Clone(doc.Plans)
	doc.Plans[2].Applets = maps.Clone(doc.Plans[2].Applets)
	doc.Plans[2].Applets["send"] = switchyard.Applet{Type: "sendsms", Gateway: "$(DisplayName)", To: "07700900000", Message: "Hi",
		On: map[string]string{"failure": "bad"}, Next: "fine"}
	p.must(&switchyard.Publish{Document: doc, Source: "test"})
	p.must(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "Text", Linked: []switchyard.Linked{{Type: "name", Value: "default"}}}}})
	if s := latest[*switchyard.Finished](p); s.Outcome != "Bad" {
		t.Errorf("outcome %q", s.Outcome)
	}
	p.checkRebuilt()
}

func TestNextAttempt(t *testing.T) {
	const s = switchyard.Second
	call := func(method string) *switchyard.ConnectorCall {
		return &switchyard.ConnectorCall{Method: method, Retries: 2}
	}
	deadline := epoch.Add(10 * s)
	for _, c := range []struct {
		e     switchyard.Effect
		after int64 // Retry-After, ms
		wait  switchyard.Duration
		again bool
	}{
		{switchyard.Effect{Kind: "callback", Attempt: 1}, 0, 2 * s, true},
		{switchyard.Effect{Kind: "callback", Attempt: 60}, 0, switchyard.Hour, true},
		{switchyard.Effect{Kind: "callback", Attempt: 1}, 60_000, 60 * s, true},
		{switchyard.Effect{Kind: "callback", Attempt: 1}, 1 << 62, switchyard.Hour, true},
		{switchyard.Effect{Kind: "callback", Attempt: 1}, -5, 2 * s, true},
		{switchyard.Effect{Kind: "sms", Attempt: 3}, 0, 8 * s, true},
		{switchyard.Effect{Kind: "sms", Attempt: 3}, 1_000, 8 * s, true},
		{switchyard.Effect{Kind: "sms", Attempt: 4}, 0, 16 * s, false},
		{switchyard.Effect{Kind: "connector", Attempt: 1, Deadline: deadline, Connector: call("GET")}, 0, s / 2, true},
		{switchyard.Effect{Kind: "connector", Attempt: 2, Deadline: deadline, Connector: call("PUT")}, 0, s, true},
		{switchyard.Effect{Kind: "connector", Attempt: 3, Deadline: deadline, Connector: call("PUT")}, 0, 2 * s, false},
		{switchyard.Effect{Kind: "connector", Attempt: 1, Deadline: deadline, Connector: call("POST")}, 0, s / 2, false},
		{switchyard.Effect{Kind: "connector", Attempt: 1, Deadline: deadline, Connector: call("GET")}, 3_000, 3 * s, true},
		{switchyard.Effect{Kind: "connector", Attempt: 1, Deadline: deadline, Connector: call("GET")}, 10_000, 10 * s, false},
	} {
		at, again := nextAttempt(&effect{Effect: c.e, first: epoch}, &switchyard.EffectResult{RetryAfterMillis: c.after}, epoch, 0)
		if at.Sub(epoch) != c.wait || again != c.again {
			t.Errorf("%s attempt %d asked to wait %d ms: %s, %t; want %s, %t", c.e.Kind, c.e.Attempt, c.after, at.Sub(epoch), again, c.wait, c.again)
		}
	}
}

// pendings returns the effects that are not done, in order of request.
func (w *world) pendings() (out []switchyard.Effect) {
	w.s.Effects(func(e switchyard.Effect, _ bool) bool {
		out = append(out, e)
		return true
	})
	return out
}

// The result of a message that the plan waited for when it was released does not cut short a wait of
// the after plan.
func TestLateResultsDoNotHurryAfterPlans(t *testing.T) {
	doc := lifeAccount()
	minute := switchyard.Length{Fixed: switchyard.Minute}
	doc.Plans = append(doc.Plans, switchyard.Plan{Name: "Later", Start: "wait", Applets: map[string]switchyard.Applet{
		"wait": {Type: "wait", For: &minute, Next: "done"}, "done": {Type: "end"}}})
	doc.Routes[4].After = "Later"
	w := newWorld(t, doc)
	id := w.invoke("", switchyard.Request{Route: "Text", ExternalID: "1"})[0].Interaction
	sms := w.pendings()[0]
	w.invoke("", switchyard.Request{Action: "release", ExternalID: "1"})
	w.load(len(w.rows))
	w.must(&switchyard.EffectResult{Effect: sms.ID, Attempt: 1, OK: true})
	if w.s.Find(id) == nil {
		t.Error("the after plan has ended before its wait is over")
	}
	w.advance(minute.Fixed)
	if w.s.Find(id) != nil {
		t.Error("the after plan waits on")
	}
}

// A Release that waited for its interaction's AssignToAgent is tried for 24 hours of its own
// (CONTRACT.md §5).
func TestWaitingCallbacksAreRetriedForADay(t *testing.T) {
	w := newWorld(t, lifeAccount())
	w.must(&switchyard.Register{Provider: "Crm", Endpoint: "https://crm.example.com/", Secret: "sealed", Permitted: switchyard.Permissions{Release: true}})
	w.must(&switchyard.SetPresence{Agent: "a0", Presence: "Ready"})
	id := w.invoke("Crm", switchyard.Request{Route: "Plain", ExternalID: "1"})[0].Interaction
	w.must(&switchyard.Act{Interaction: id, Agent: "a0", Action: switchyard.ActAccept})
	w.must(&switchyard.Act{Interaction: id, Agent: "a0", Action: switchyard.ActRelease})
	next := func() switchyard.Effect {
		for _, e := range w.pendings() {
			if e.Kind == switchyard.EffectCallback {
				return e
			}
		}
		return switchyard.Effect{}
	}
	for _, notification := range []string{"AssignToAgent", "Release"} {
		started := w.clock
		for next().Notification == notification {
			w.must(&switchyard.EffectResult{Effect: next().ID, Attempt: next().Attempt, Status: 500})
			w.load(len(w.rows) * (len(w.rows) % 2)) // from a checkpoint, or from the rows alone
			w.advance(switchyard.Hour + switchyard.Hour/4)
		}
		if took := w.clock.Sub(started); took < 23*switchyard.Hour || took > 26*switchyard.Hour {
			t.Errorf("%s was given up after %v", notification, took)
		}
	}
}

// A provider that registers again in another case is the same: its Release still waits for what was
// asked for before (RULINGS 2, 42). Also where an older server kept the order of each spelling.
func TestCallbackOrderIsWithoutCase(t *testing.T) {
	w := newWorld(t, lifeAccount())
	register := func(name string) {
		w.must(&switchyard.Register{Provider: name, Endpoint: "https://crm.example.com/", Secret: "sealed", Permitted: switchyard.Permissions{Release: true}})
	}
	register("Crm")
	w.must(&switchyard.SetPresence{Agent: "a0", Presence: "Ready"})
	id := w.invoke("Crm", switchyard.Request{Route: "Auto", ExternalID: "1"})[0].Interaction
	register("CRM")
	w.must(&switchyard.Act{Interaction: id, Agent: "a0", Action: switchyard.ActRelease})
	effects := w.pendings()
	if len(effects) != 2 || effects[1].Notification != "Release" || effects[1].Due != switchyard.Never {
		t.Fatalf("%+v", effects)
	}
	due := func() (out []string) {
		w.s.Effects(func(e switchyard.Effect, due bool) bool {
			if due {
				out = append(out, e.Notification)
			}
			return true
		})
		return out
	}
	if got := due(); len(got) != 1 || got[0] != "AssignToAgent" {
		t.Errorf("due: %v", got)
	}
	w.must(&switchyard.EffectResult{Effect: effects[0].ID, Attempt: 1, OK: true})
	if got := due(); len(got) != 1 || got[0] != "Release" {
		t.Errorf("then: %v", got)
	}

	old := New("life")
	for _, r := range w.rows {
		for _, e := range r.events {
			if e, is := e.(*switchyard.EffectRequested); is {
				e.Effect.Lane, e.Effect.Due = e.Effect.Provider+"\x00"+e.Effect.ExternalID, e.Effect.Created
			}
		}
		if _, is := r.env.Input.(*switchyard.EffectResult); !is {
			old.Fold(r.env.Seq, r.env.At, r.events)
		}
	}
	old.Rest()
	w.s, w.rows = old, nil
	for _, n := range []int{1, 0} {
		w.must(&switchyard.EffectResult{Effect: effects[n].ID, Attempt: 1, OK: true})
	}
	if got := w.pendings(); len(got) != 0 || len(w.s.lanes) != 0 {
		t.Errorf("left: %+v, %v", got, w.s.lanes)
	}
}
