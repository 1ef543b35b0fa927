package plan

import (
	"strings"
	"unicode"

	"switchyard"
)

// CallerKey is the form in which clids compare. Of a number only its digits count, so that
// "+44 (20) 7946-0000" is 442079460000; any other clid is text, compared without case. It is empty
// when there is nothing to compare.
func CallerKey(clid string) string {
	if strings.ContainsFunc(clid, unicode.IsLetter) {
		return switchyard.CaseKey(strings.TrimSpace(clid))
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, clid)
}

// test checks who enters which plan for a test of a route.
func (c *checker) test(at place, r *switchyard.Route) {
	switch {
	case r.Test.Plan == "":
		c.fault(at, "plan is missing: name the plan that test callers enter")
	default:
		c.knownPlan(at.of("plan"), r.Test.Plan)
		if switchyard.CaseKey(r.Test.Plan) == switchyard.CaseKey(r.Plan) {
			c.warn(at.of("plan"), "test callers enter the plan that everybody enters")
		}
	}
	callers := r.Test.Callers
	if len(callers) == 0 {
		c.fault(at, "callers is missing: list the clids that enter the test plan, or take test out")
	}
	if len(callers) > switchyard.MaxTestCallers {
		c.fault(at.of("callers"), "there are %d callers; at most %d can test a route", len(callers), switchyard.MaxTestCallers)
		return
	}
	first := make(map[string]int, len(callers))
	for i, caller := range callers {
		key, at := CallerKey(caller), at.of("callers").item(i)
		before, twice := first[key]
		switch {
		case key == "":
			c.fault(at, "%q has no digit and no letter: write a number such as \"+44 20 7946 0000\", or the text of a clid", caller)
		case len([]rune(caller)) > switchyard.MaxValueRunes:
			c.fault(at, "is longer than a clid can be (%d characters)", switchyard.MaxValueRunes)
		case twice:
			c.warn(at, "%q is caller %d already: numbers compare by their digits", caller, before+1)
		default:
			first[key] = i
		}
	}
}
