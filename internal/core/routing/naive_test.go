package routing

import (
	"bytes"
	"slices"
	"sort"

	"switchyard"
)

// naive is the rule read from the design's page with nothing clever in it: it looks at every agent
// and every waiting interaction each time, and only at what their owner set.
type naive struct {
	ageing bool
	agents []*Agent
	queue  []*Item
}

func (w *naive) personalActive(it *Item, now switchyard.Instant) bool {
	if it.Personal == nil || it.Only != nil {
		return false
	}
	elapsed := int64(now - it.Personal.Start)
	if it.Personal.Agent.LoggedIn {
		return elapsed < int64(it.Personal.In)
	}
	return elapsed < int64(it.Personal.Out)
}

func (w *naive) personalOver(it *Item, now switchyard.Instant) bool {
	if it.Personal == nil || it.Only != nil {
		return true
	}
	elapsed := int64(now - it.Personal.Start)
	return elapsed >= int64(it.Personal.In) && elapsed >= int64(it.Personal.Out)
}

func holdsSkill(a *Agent, id SkillID) (level int, ok bool) {
	for _, s := range a.Skills {
		if s.Skill == id {
			return s.Level, true
		}
	}
	return 0, false
}

func inGroups(a *Agent, groups []GroupID) bool {
	if len(groups) == 0 {
		return true
	}
	for _, g := range groups {
		if slices.Contains(a.Groups, g) {
			return true
		}
	}
	return false
}

func holdsAll(a *Agent, it *Item, required func(Demand) bool) bool {
	for _, d := range it.Demands {
		if _, ok := holdsSkill(a, d.Skill); required(d) && !ok {
			return false
		}
	}
	return true
}

// cause returns "" when the agent fits.
func (w *naive) cause(it *Item, a *Agent, now switchyard.Instant) string {
	if !slices.Contains(w.agents, a) {
		return "other"
	}
	bound := it.Only
	if w.personalActive(it, now) {
		bound = it.Personal.Agent
	}
	if bound != nil && bound != a {
		return "other"
	}
	if !a.Ready {
		return "notready"
	}
	if bound == nil && !inGroups(a, it.Groups) {
		return "group"
	}
	if bound == nil && !holdsAll(a, it, func(d Demand) bool { return now < d.Until }) {
		return "skill"
	}
	for _, c := range it.Cooldowns {
		if c.Agent == a && now < c.Until {
			return "cooldown"
		}
	}
	if a.Load+a.Sizes[it.Class] > 100 {
		return "room"
	}
	return ""
}

// before is the order of interactions.
func (w *naive) before(a, b *Item, now switchyard.Instant) bool {
	if w.ageing {
		percent := map[switchyard.Band]int64{1: 90, 2: 75, 3: 50, 4: 25, 5: 10}
		sa, sb := int64(now-a.Since)*percent[a.Band], int64(now-b.Since)*percent[b.Band]
		if sa != sb {
			return sa > sb
		}
	} else if a.Band != b.Band {
		return a.Band < b.Band
	}
	if pa, pb := w.personalActive(a, now), w.personalActive(b, now); pa != pb {
		return pa
	}
	if a.Since != b.Since {
		return a.Since < b.Since
	}
	return bytes.Compare(a.ID[:], b.ID[:]) < 0
}

func (w *naive) ordered(now switchyard.Instant) []*Item {
	q := slices.Clone(w.queue)
	sort.Slice(q, func(i, j int) bool { return w.before(q[i], q[j], now) })
	return q
}

func keysOf(a *Agent, it *Item, now switchyard.Instant) switchyard.Standing {
	s := switchyard.Standing{Agent: a.Username, IdleSince: a.IdleSince}
	for _, d := range it.Demands {
		level, ok := holdsSkill(a, d.Skill)
		if ok && now < d.Until {
			s.Level += level
		}
		if ok && now >= d.Until {
			s.Prefers++
		}
	}
	return s
}

// better is the order of agents; the key that decided is named.
func better(a, b switchyard.Standing) (bool, string) {
	if a.Prefers != b.Prefers {
		return a.Prefers > b.Prefers, "prefers"
	}
	if a.Level != b.Level {
		return a.Level > b.Level, "level"
	}
	if a.IdleSince != b.IdleSince {
		return a.IdleSince < b.IdleSince, "idlesince"
	}
	return a.Agent < b.Agent, "username"
}

// match returns the next pair and its reason.
func (w *naive) match(x *Index, now switchyard.Instant) (*Item, *Agent, switchyard.Reason, bool) {
	for _, it := range w.ordered(now) {
		fit, excluded := w.fitting(it, now)
		if len(fit) == 0 {
			continue
		}
		sort.Slice(fit, func(i, j int) bool {
			first, _ := better(keysOf(fit[i], it, now), keysOf(fit[j], it, now))
			return first
		})
		return it, fit[0], w.reason(x, it, fit, excluded, now), true
	}
	return nil, nil, switchyard.Reason{}, false
}

func (w *naive) fitting(it *Item, now switchyard.Instant) ([]*Agent, switchyard.Excluded) {
	var fit []*Agent
	var e switchyard.Excluded
	for _, a := range w.agents {
		switch w.cause(it, a, now) {
		case "":
			fit = append(fit, a)
		case "notready":
			e.NotReady++
		case "group":
			e.Group++
		case "skill":
			e.Skill++
		case "cooldown":
			e.Cooldown++
		case "room":
			e.Room++
		case "other":
			e.Other++
		}
	}
	return fit, e
}

func (w *naive) reason(x *Index, it *Item, fit []*Agent, e switchyard.Excluded, now switchyard.Instant) switchyard.Reason {
	r := switchyard.Reason{At: now, Considered: len(fit), Excluded: e, Order: w.orderKey(it, now)}
	r.Requires, r.Prefers = w.wishes(x, it, now)
	for _, other := range w.queue {
		if w.before(other, it, now) && w.cause(other, fit[0], now) == "" {
			r.Order.Place++
		}
	}
	r.Chosen = keysOf(fit[0], it, now)
	for _, a := range fit[1:min(len(fit), 6)] {
		s := keysOf(a, it, now)
		_, s.Lost = better(r.Chosen, s)
		r.Next = append(r.Next, s)
	}
	return r
}

// orderKey has place 1, for nothing before it.
func (w *naive) orderKey(it *Item, now switchyard.Instant) switchyard.OrderKey {
	k := switchyard.OrderKey{Band: it.Band, Personal: w.personalActive(it, now), WaitingSince: it.Since, Place: 1}
	if w.ageing {
		k.Score = int64(now-it.Since) * []int64{0, 90, 75, 50, 25, 10}[it.Band]
	}
	return k
}

func (w *naive) wishes(x *Index, it *Item, now switchyard.Instant) (requires, prefers []string) {
	for _, d := range it.Demands {
		if now < d.Until {
			requires = append(requires, x.SkillName(d.Skill))
		} else {
			prefers = append(prefers, x.SkillName(d.Skill))
		}
	}
	sort.Strings(requires)
	sort.Strings(prefers)
	return requires, prefers
}

func (w *naive) stranded(now switchyard.Instant) *Item {
	var first *Item
	for _, it := range w.queue {
		if !it.NoAgents || it.Only != nil || w.personalActive(it, now) {
			continue
		}
		somebody := slices.ContainsFunc(w.agents, func(a *Agent) bool {
			return a.LoggedIn && inGroups(a, it.Groups) &&
				holdsAll(a, it, func(d Demand) bool { return now < d.Until })
		})
		if !somebody && (first == nil || bytes.Compare(it.ID[:], first.ID[:]) < 0) {
			first = it
		}
	}
	return first
}

func (w *naive) servable(it *Item) bool {
	return slices.ContainsFunc(w.agents, func(a *Agent) bool {
		return inGroups(a, it.Groups) && holdsAll(a, it, func(d Demand) bool { return d.Until == switchyard.Never })
	})
}
