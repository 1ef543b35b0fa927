package sim

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"switchyard"
	"switchyard/internal/core"
)

// twin reads the rule of who gets what naively from the design's page: it looks at every agent and
// every waiting interaction each time. It shares no code with the router; all it knows of a moment is
// what a reader of the feed has made of the events so far.
type twin struct {
	now    switchyard.Instant
	ageing bool
	agents []twinAgent
	queue  []twinItem
}

type twinAgent struct {
	*core.AgentRecord
	ready  bool
	sizes  [switchyard.Classes]int
	skills map[string]int // level, by CaseKey
}

type twinItem struct {
	*core.Record
	groups []string
}

// newTwin looks at a state at an instant. docs are the versions of the account document.
func newTwin(s *core.State, docs map[int]*switchyard.Account, now switchyard.Instant) *twin {
	doc := s.Config().Document
	w := &twin{now: now, ageing: doc.Settings.Order == "ageing"}
	for _, r := range s.Agents() {
		a := twinAgent{AgentRecord: r, sizes: sizes(doc, &r.Entry), skills: map[string]int{}}
		a.ready = r.Category == switchyard.Ready && r.Intended == "" && !r.Lost
		for name, level := range r.Entry.Skills {
			a.skills[switchyard.CaseKey(name)] = cmp.Or(level, 5)
		}
		if r.Entry.Has(switchyard.RoleAgent) {
			w.agents = append(w.agents, a)
		}
	}
	s.Newest(switchyard.ID{}, func(r *core.Record) bool {
		if r.State == switchyard.Queued {
			w.queue = append(w.queue, twinItem{r, applet(docs[r.Version], r.Plan, r.Applet).Groups})
		}
		return true
	})
	slices.SortFunc(w.queue, w.order)
	return w
}

// sizes is what each class takes of an agent, in percent.
func sizes(doc *switchyard.Account, entry *switchyard.AgentEntry) [switchyard.Classes]int {
	all := [switchyard.Classes]int{switchyard.Live: 100, switchyard.Chat: 33, switchyard.NonLive: 20}
	for _, c := range []*switchyard.Capacity{doc.Settings.Capacity, entry.Capacity} {
		if c != nil {
			all[switchyard.Live] = cmp.Or(c.Live, all[switchyard.Live])
			all[switchyard.Chat] = cmp.Or(c.Chat, all[switchyard.Chat])
			all[switchyard.NonLive] = cmp.Or(c.NonLive, all[switchyard.NonLive])
		}
	}
	return all
}

func applet(doc *switchyard.Account, plan, name string) switchyard.Applet {
	for _, p := range doc.Plans {
		if p.Name == plan {
			return p.Applets[name]
		}
	}
	panic(fmt.Sprintf("no plan %s", plan))
}

// personal is the agent whose personal queue the interaction is in at present; "" when none is.
func (w *twin) personal(it *twinItem) string {
	p := it.Personal
	if p == nil || it.Only != "" {
		return ""
	}
	limit := p.LoggedOut
	for _, a := range w.agents {
		if a.Username == p.Agent && a.Category != switchyard.LoggedOut {
			limit = p.LoggedIn
		}
	}
	if w.now.Sub(p.Set) < limit {
		return p.Agent
	}
	return ""
}

// cause is the first thing that keeps the agent from the interaction; "" when it fits.
func (w *twin) cause(it *twinItem, a *twinAgent) string {
	bound := cmp.Or(it.Only, w.personal(it))
	switch {
	case bound != "" && bound != a.Username:
		return "other"
	case !a.ready:
		return "notready"
	case bound == "" && !a.inGroups(it.groups):
		return "group"
	case bound == "" && !a.holds(it.Demands, w.now):
		return "skill"
	}
	for _, c := range it.Cooldowns {
		if c.Agent == a.Username && w.now < c.Until {
			return "cooldown"
		}
	}
	if a.Load+a.sizes[it.Class] > 100 {
		return "room"
	}
	return ""
}

func (a *twinAgent) inGroups(groups []string) bool {
	return len(groups) == 0 || slices.ContainsFunc(a.Entry.Groups, func(has string) bool {
		return slices.ContainsFunc(groups, func(g string) bool { return switchyard.CaseKey(g) == switchyard.CaseKey(has) })
	})
}

func (a *twinAgent) holds(demands []switchyard.Demand, now switchyard.Instant) bool {
	return !slices.ContainsFunc(demands, func(d switchyard.Demand) bool {
		_, has := a.skills[switchyard.CaseKey(d.Skill)]
		return now < d.Until && !has
	})
}

func (w *twin) score(it *twinItem) int64 {
	return int64(w.now-it.Since) * []int64{0, 90, 75, 50, 25, 10}[it.Band]
}

// order is the order of interactions.
func (w *twin) order(a, b twinItem) int {
	first := cmp.Compare(a.Band, b.Band)
	if w.ageing {
		first = cmp.Compare(w.score(&b), w.score(&a))
	}
	personal := 0
	if pa, pb := w.personal(&a) != "", w.personal(&b) != ""; pa != pb {
		personal = 1
		if pa {
			personal = -1
		}
	}
	return cmp.Or(first, personal, cmp.Compare(a.Since, b.Since), bytes.Compare(a.ID[:], b.ID[:]))
}

func (w *twin) standing(a *twinAgent, it *twinItem) switchyard.Standing {
	s := switchyard.Standing{Agent: a.Username, IdleSince: a.IdleSince}
	for _, d := range it.Demands {
		level, has := a.skills[switchyard.CaseKey(d.Skill)]
		if has && w.now < d.Until {
			s.Level += level
		} else if has {
			s.Prefers++
		}
	}
	return s
}

// better is the order of agents; it names the key that decided.
func better(a, b switchyard.Standing) (int, string) {
	switch {
	case a.Prefers != b.Prefers:
		return cmp.Compare(b.Prefers, a.Prefers), "prefers"
	case a.Level != b.Level:
		return cmp.Compare(b.Level, a.Level), "level"
	case a.IdleSince != b.IdleSince:
		return cmp.Compare(a.IdleSince, b.IdleSince), "idlesince"
	}
	return cmp.Compare(a.Agent, b.Agent), "username"
}

// survey returns the agents that fit, best first, and counts the others.
func (w *twin) survey(it *twinItem) (fit []switchyard.Standing, e switchyard.Excluded) {
	counts := map[string]*int{"notready": &e.NotReady, "group": &e.Group, "skill": &e.Skill,
		"cooldown": &e.Cooldown, "room": &e.Room, "other": &e.Other}
	for n := range w.agents {
		if cause := w.cause(it, &w.agents[n]); cause == "" {
			fit = append(fit, w.standing(&w.agents[n], it))
		} else {
			*counts[cause]++
		}
	}
	slices.SortFunc(fit, func(a, b switchyard.Standing) int {
		first, _ := better(a, b)
		return first
	})
	return fit, e
}

// match is the next pair of the rule, with all there is to say about it.
func (w *twin) match() (*twinItem, switchyard.Reason) {
	for n := range w.queue {
		it := &w.queue[n]
		fit, excluded := w.survey(it)
		if len(fit) == 0 {
			continue
		}
		r := switchyard.Reason{At: w.now, Considered: len(fit), Excluded: excluded, Chosen: fit[0]}
		// Nobody fits what comes before, or it would have been chosen.
		r.Order = switchyard.OrderKey{Band: it.Band, Personal: w.personal(it) != "", WaitingSince: it.Since, Place: 1}
		if w.ageing {
			r.Order.Score = w.score(it)
		}
		for _, d := range it.Demands {
			if w.now < d.Until {
				r.Requires = append(r.Requires, d.Skill)
			} else {
				r.Prefers = append(r.Prefers, d.Skill)
			}
		}
		slices.Sort(r.Requires)
		slices.Sort(r.Prefers)
		for _, s := range fit[1:min(len(fit), 1+switchyard.MaxRunnersUp)] {
			_, s.Lost = better(fit[0], s)
			r.Next = append(r.Next, s)
		}
		return it, r
	}
	return nil, switchyard.Reason{}
}

// disagrees says how an offer differs from the rule; "" when it does not.
func (w *twin) disagrees(e *switchyard.OfferMade) (check, how string) {
	it, reason := w.match()
	switch {
	case it == nil:
		return "routing", fmt.Sprintf("interaction %s is offered to %s, and by the rule nobody fits anything", e.Interaction, e.Agent)
	case it.ID != e.Interaction || reason.Chosen.Agent != e.Agent:
		return "routing", fmt.Sprintf("interaction %s is offered to %s; by the rule it is the turn of %s and %s", e.Interaction, e.Agent, it.ID, reason.Chosen.Agent)
	case !reflect.DeepEqual(normal(e.Reason), normal(reason)):
		return "reason", fmt.Sprintf("interaction %s is offered to %s for the reason\n  %+v\nread naively it is\n  %+v", e.Interaction, e.Agent, e.Reason, reason)
	}
	for _, a := range w.agents {
		if a.Username == e.Agent && a.sizes[it.Class] != e.Size {
			return "booked", fmt.Sprintf("interaction %s takes %d %% of %s; by the account it is %d %%", e.Interaction, e.Size, e.Agent, a.sizes[it.Class])
		}
	}
	return "", ""
}

// normal makes no difference between no list and an empty one.
func normal(r switchyard.Reason) switchyard.Reason {
	for _, list := range []*[]string{&r.Requires, &r.Prefers} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if len(r.Next) == 0 {
		r.Next = nil
	}
	return r
}

// readBack reaches the winner from the reason alone: every runner-up lost by the key it is said to
// have lost by.
func readBack(r *switchyard.Reason) string {
	if want := min(r.Considered, 1+switchyard.MaxRunnersUp); len(r.Next) != want-1 {
		return fmt.Sprintf("of %d agents that fit it names %d", r.Considered, len(r.Next)+1)
	}
	before := r.Chosen
	for _, s := range r.Next {
		if first, key := better(r.Chosen, s); first >= 0 || key != s.Lost {
			return fmt.Sprintf("%s did not lose to %s by %s", s.Agent, r.Chosen.Agent, s.Lost)
		}
		if first, _ := better(before, s); first >= 0 {
			return fmt.Sprintf("%s stands after %s", s.Agent, before.Agent)
		}
		before = s
	}
	return ""
}
