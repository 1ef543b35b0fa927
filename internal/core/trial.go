package core

import (
	"fmt"

	"switchyard"
	"switchyard/internal/core/plan"
)

// trial is a route's test plan, and who enters it.
type trial struct {
	plan    *plan.Plan
	callers map[string]bool // by plan.CallerKey
}

// testOf reads the test of a route; nil when it has none.
func testOf(r *switchyard.Route, set *plan.Set) (*trial, error) {
	if r.Test == nil {
		return nil, nil
	}
	t := &trial{plan: set.Plan(r.Test.Plan), callers: make(map[string]bool, len(r.Test.Callers))}
	if t.plan == nil {
		return nil, fmt.Errorf("routes: %s: test: there is no plan %q", r.Name, r.Test.Plan)
	}
	for _, caller := range r.Test.Callers {
		t.callers[plan.CallerKey(caller)] = true
	}
	return t, nil
}

// tests reports whether an interaction with this clid enters the route's test plan.
func (r *route) tests(clid string) bool {
	if r.test == nil {
		return false
	}
	key := plan.CallerKey(clid)
	return key != "" && r.test.callers[key]
}

// explainTest tells of an interaction that entered a test plan.
func (s *State) explainTest(i *interaction, e *switchyard.Explanation) {
	if i.rare == nil || i.rare.testPlan == "" {
		return
	}
	e.TestPlan = i.rare.testPlan
	e.Summary += fmt.Sprintf(" It entered test plan %s: its clid is one of the test callers of route %s.", e.TestPlan, i.route.Name)
}

// lastCLID returns the clid that holds of several (CONTRACT.md §3).
func lastCLID(linked []switchyard.Linked) (clid string) {
	for _, l := range linked {
		if l.Type == "clid" {
			clid = l.Value
		}
	}
	return clid
}

// enter puts the interaction into the plan of a route, or into its test plan, when an event says so.
func (i *interaction) enter(r *route, testPlan string) {
	i.plan = r.plan
	if testPlan != "" {
		i.plan = r.conf.plans.Plan(testPlan)
		if i.plan == nil {
			broken("interaction %s enters test plan %q, which config %d lacks", i.ID, testPlan, r.conf.Version)
		}
	}
	if testPlan != "" || i.rare != nil {
		i.more().testPlan = testPlan
	}
}
