package core

import (
	"strings"
	"testing"

	"switchyard"
)

// trialAccount has a route whose test callers enter plan Next, and one without a test.
func trialAccount() switchyard.Account {
	queue := map[string]switchyard.Applet{"q": {Type: "queue"}}
	return switchyard.Account{Account: "acme", Agents: []switchyard.AgentEntry{{Username: "ada"}},
		Plans: []switchyard.Plan{{Name: "Cases", Start: "q", Applets: queue}, {Name: "Next", Start: "q", Applets: queue}},
		Routes: []switchyard.Route{
			{Name: "Cases", Plan: "Cases", Test: &switchyard.RouteTest{Plan: "next", Callers: []string{"+44 20 7946 0000", "Sip:Tester@example.com"}}},
			{Name: "Plain", Plan: "Cases"}}}
}

func (p *player) call(route string, clids ...string) switchyard.ID {
	p.t.Helper()
	r := switchyard.Request{Route: route}
	for _, clid := range clids {
		r.Linked = append(r.Linked, switchyard.Linked{Type: "clid", Value: clid})
	}
	results := p.must(&switchyard.Invoke{Requests: []switchyard.Request{r}}).([]switchyard.RequestResult)
	if results[0].Status != switchyard.StatusAccepted {
		p.t.Fatalf("%+v", results[0])
	}
	return results[0].Interaction
}

func TestTestCallersEnterTheTestPlan(t *testing.T) {
	for _, c := range []struct {
		name  string
		route string
		clids []string
		plan  string
	}{
		{"a test caller", "Cases", []string{"+44 20 7946 0000"}, "Next"},
		{"without the plus", "Cases", []string{"442079460000"}, "Next"},
		{"with other punctuation", "cases", []string{"+44 (20) 7946-0000"}, "Next"},
		{"a text in another case", "Cases", []string{" SIP:tester@EXAMPLE.com"}, "Next"},
		{"the last clid holds", "Cases", []string{"1", "442079460000"}, "Next"},
		{"not an earlier one", "Cases", []string{"442079460000", "1"}, "Cases"},
		{"another caller", "Cases", []string{"+44 20 7946 0001"}, "Cases"},
		{"a part of the number", "Cases", []string{"2079460000"}, "Cases"},
		{"no digits at all", "Cases", []string{"---"}, "Cases"},
		{"no clid", "Cases", nil, "Cases"},
		{"a route without a test", "Plain", []string{"442079460000"}, "Cases"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := player{world: newWorld(t, trialAccount())}
			id := p.call(c.route, c.clids...)
			r := p.s.Find(id)
			told := ""
			if c.plan == "Next" {
				told = "Next"
			}
			if r.Plan != c.plan || r.TestPlan != told {
				t.Errorf("it is in plan %s, test plan %q; want %s, %q", r.Plan, r.TestPlan, c.plan, told)
			}
			e, _ := p.s.Explain(id, p.s.Now())
			if e.TestPlan != told || strings.Contains(e.Summary, "test plan Next") != (told != "") {
				t.Errorf("explained as %q: %s", e.TestPlan, e.Summary)
			}
			dispatched := p.rows[len(p.rows)-1].events[0].(*switchyard.Dispatched)
			if dispatched.TestPlan != told {
				t.Errorf("the event tells of test plan %q", dispatched.TestPlan)
			}
			p.checkRebuilt()
		})
	}
}

// A transfer to a route asks anew who calls; one to a route without a test leaves the test.
func TestTransferEntersTheTestPlan(t *testing.T) {
	p := player{world: newWorld(t, trialAccount())}
	p.must(&switchyard.SetPresence{Agent: "ada", Presence: "Ready"})
	act := func(id switchyard.ID, action switchyard.Action, route string) {
		t.Helper()
		p.must(&switchyard.Act{Interaction: id, Agent: "ada", Action: action, ToRoute: route})
	}
	id := p.call("Plain", "+442079460000")
	for _, step := range []struct{ route, plan, test string }{{"Cases", "Next", "Next"}, {"Plain", "Cases", ""}, {"Cases", "Next", "Next"}} {
		act(id, switchyard.ActAccept, "")
		act(id, switchyard.ActTransfer, step.route)
		if r := p.s.Find(id); r.Plan != step.plan || r.TestPlan != step.test || r.Applet != "q" {
			t.Fatalf("by route %s it came to %s/%s, test plan %q", step.route, r.Plan, r.Applet, r.TestPlan)
		}
	}
	p.checkRebuilt()
}

// What is in the test plan stays there when the test is taken out of the config, and across a restart.
func TestTestPlanOutlivesItsTest(t *testing.T) {
	p := player{world: newWorld(t, trialAccount())}
	id := p.call("Cases", "+442079460000")
	doc := trialAccount()
	doc.Routes[0].Test = nil
	p.must(&switchyard.Publish{Document: doc, Source: "test"})
	p.restart(len(p.rows))
	if r := p.s.Find(id); r.Plan != "Next" || r.TestPlan != "Next" || r.Version != 1 {
		t.Errorf("%+v", r)
	}
	if r := p.s.Find(p.call("Cases", "+442079460000")); r.Plan != "Cases" || r.TestPlan != "" {
		t.Errorf("without a test: %+v", r)
	}
	p.checkRebuilt()
}
