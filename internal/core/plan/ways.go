package plan

import (
	"slices"
	"strconv"

	"switchyard"
)

// Way is one way out of an applet, for whoever draws or tells a plan.
type Way struct {
	Exit    string // next, failure, nomatch, "rule 1", "branch 2", …
	Next    string // the applet it leads to; "" = the plan ends
	Outcome string // with Next "": what it ends with
	When    string // when it is taken, in words, where the exit's name does not say: of rules and branches
}

// Names lists the plan's applets: the one it starts with first, the others by name.
func (p *Plan) Names() []string {
	names := p.names()
	slices.SortStableFunc(names, func(a, b string) int {
		switch p.Start {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return names
}

// Ways lists every way out of an applet that can be taken, also those the document does not name
// because they end the plan. A goto and an end have none. Work that agents did leaves a queue without
// an exit and ends as Delivered; that is no way of the plan.
func (a *Applet) Ways() []Way {
	var all []Way
	named := map[string]bool{}
	for _, w := range a.ways {
		named[w.exit] = true
		all = append(all, a.wayOut(w))
	}
	if k := kindOf(a.Type); k != nil && a.Queue == nil { // a queue's exit without a name does not happen
		for _, exit := range k.exits {
			if !named[exit] {
				all = append(all, a.wayOut(way{exit: exit}))
			}
		}
	}
	return all
}

func (a *Applet) wayOut(w way) Way {
	out := Way{Exit: w.exit, Next: w.next}
	if out.Next == "" {
		out.Outcome, _ = OutcomeOf(w.exit)
	}
	switch w.list {
	case "rules":
		out.When = ruleText(a.set.Rules[w.item])
	case "branches":
		out.When = branchText(a.set.Branches, w.item)
	}
	return out
}

// WayOf returns the way with this exit.
func (a *Applet) WayOf(exit string) (Way, bool) {
	all := a.Ways()
	if n := slices.IndexFunc(all, func(w Way) bool { return w.Exit == exit }); n >= 0 {
		return all[n], true
	}
	return Way{}, false
}

// Source is the data source a rule's exit looks at; "" for other exits, and for a rule
// that is an expression.
func (a *Applet) Source(exit string) string {
	for _, w := range a.ways {
		if w.exit == exit && w.list == "rules" {
			return a.set.Rules[w.item].Source
		}
	}
	return ""
}

// Set is the applet's settings as the document has them. They must not be changed.
func (a *Applet) Set() *switchyard.Applet { return &a.set }

// ruleText says a rule as a person would: Team equals EMEA. An expression speaks for itself.
func ruleText(r switchyard.Rule) string {
	if r.When != "" {
		return r.When
	}
	text := r.Source + " " + r.Operator
	if r.Value != "" {
		text += " " + r.Value
	}
	return text
}

// branchText says the share of a branch in percent.
func branchText(branches []switchyard.Branch, n int) string {
	total := 0
	for _, b := range branches {
		total += b.Weight
	}
	if total == 0 {
		return ""
	}
	tenths := (branches[n].Weight*1000 + total/2) / total
	text := strconv.Itoa(tenths / 10)
	if tenths%10 != 0 {
		text += "." + strconv.Itoa(tenths%10)
	}
	return text + " %"
}
