package routing

import (
	"fmt"
	"slices"

	"switchyard"
)

func (w *world) soon() switchyard.Duration { return switchyard.Duration(w.r.IntN(40)) }

func (w *world) anyAgent() *Agent {
	all := append(slices.Clone(w.n.agents), w.removed...)
	if len(all) == 0 {
		return nil
	}
	if w.r.IntN(10) > 0 && len(w.n.agents) > 0 {
		all = w.n.agents
	}
	return all[w.r.IntN(len(all))]
}

func (w *world) anyItem() *Item {
	if len(w.n.queue) == 0 {
		return nil
	}
	return w.n.queue[w.r.IntN(len(w.n.queue))]
}

func (w *world) enqueue() {
	for range 1 + w.r.IntN(3) {
		w.ids++
		it := &Item{ID: switchyard.NewID(w.now, w.ids, w.seed), Since: w.now}
		it.Class = switchyard.Class(w.r.IntN(switchyard.Classes))
		if w.r.IntN(3) == 0 {
			it.Since -= switchyard.Instant(w.r.IntN(100))
		}
		w.wish(it)
		if w.r.IntN(8) == 0 {
			w.bind(it)
		}
		w.note("enqueue %s", describe(it))
		w.x.Enqueue(it, w.now)
		w.n.queue = append(w.n.queue, it)
	}
}

func describe(it *Item) string {
	s := fmt.Sprintf("%d class %v band %d since %d demands %v groups %v noagents %v", it.ID.Counter(), it.Class,
		it.Band, it.Since, it.Demands, it.Groups, it.NoAgents)
	if p := it.Personal; p != nil {
		s += fmt.Sprintf(" personal %s %d %d %d", p.Agent.Username, p.Start, p.In, p.Out)
	}
	if it.Only != nil {
		s += " only " + it.Only.Username
	}
	for _, c := range it.Cooldowns {
		s += fmt.Sprintf(" not %s until %d", c.Agent.Username, c.Until)
	}
	return s
}

// wish gives the item new demands, groups, band and exits.
func (w *world) wish(it *Item) {
	it.Band = switchyard.Band(1 + w.r.IntN(5))
	if w.r.IntN(2) == 0 {
		it.Band = switchyard.Normal
	}
	it.NoAgents = w.r.IntN(3) == 0
	it.Demands, it.Groups = nil, nil
	for i, id := range w.skills {
		if w.r.IntN(3) > 0 || w.crowded && i > 0 {
			continue
		}
		until := []switchyard.Instant{switchyard.Never, 0, w.now.Add(w.soon())}[w.r.IntN(3)]
		it.Demands = append(it.Demands, Demand{id, until})
	}
	w.r.Shuffle(len(it.Demands), func(i, j int) {
		it.Demands[i], it.Demands[j] = it.Demands[j], it.Demands[i]
	})
	for _, id := range w.groups {
		if w.r.IntN(4) == 0 && !w.crowded {
			it.Groups = append(it.Groups, id)
		}
	}
	if a := w.anyAgent(); a != nil && w.r.IntN(4) == 0 {
		start := w.now - switchyard.Instant(w.r.IntN(20))
		it.Personal = &Personal{Agent: a, Start: start, In: w.soon(), Out: w.soon()}
	}
}

// bind makes the item one that was transferred to an agent, or no longer so.
func (w *world) bind(it *Item) {
	it.Only = nil
	if w.r.IntN(2) == 0 {
		it.Only = w.anyAgent()
	}
}

func (w *world) cool(it *Item) {
	if a := w.anyAgent(); a != nil {
		it.Cooldowns = append(it.Cooldowns, Cooldown{a, w.now.Add(w.soon())})
	}
}

func (w *world) remove() {
	if it := w.anyItem(); it != nil {
		w.note("remove %d", it.ID.Counter())
		w.x.Remove(it)
		w.dequeue(it)
	}
}

func (w *world) update() {
	it := w.anyItem()
	if it == nil {
		return
	}
	w.x.Update(it, w.now, func() {
		switch w.r.IntN(4) {
		case 0:
			it.Band = switchyard.Band(1 + w.r.IntN(5))
		case 1:
			it.Personal = nil
			w.wish(it)
		case 2:
			w.bind(it)
		case 3:
			w.cool(it)
		}
	})
	w.note("update %s", describe(it))
}

func (w *world) addAgent() {
	if len(w.removed) > 0 && w.r.IntN(2) == 0 {
		a := w.removed[0]
		w.removed = w.removed[1:]
		w.note("agent %s comes back", a.Username)
		w.x.AddAgent(a)
		w.n.agents = append(w.n.agents, a)
		return
	}
	w.names++
	a := &Agent{Username: fmt.Sprintf("agent%d", (w.names*7)%1000)}
	w.grades(a)
	w.sizes(a)
	w.choose(a)
	w.note("agent %s ready %v in %v skills %v groups %v sizes %v", a.Username, a.Ready, a.LoggedIn, a.Skills, a.Groups, a.Sizes)
	w.x.AddAgent(a)
	w.n.agents = append(w.n.agents, a)
}

func (w *world) grades(a *Agent) {
	a.Skills, a.Groups = nil, nil
	for _, id := range w.skills {
		if w.r.IntN(2) == 0 {
			a.Skills = append(a.Skills, SkillLevel{id, 1 + w.r.IntN(3)})
		}
	}
	for _, id := range w.groups {
		if w.r.IntN(2) == 0 {
			a.Groups = append(a.Groups, id)
		}
	}
}

func (w *world) sizes(a *Agent) {
	a.Sizes = [switchyard.Classes]int{20 + w.r.IntN(20), 30 + w.r.IntN(10), 60 + w.r.IntN(41)}
}

func (w *world) choose(a *Agent) {
	a.LoggedIn = w.r.IntN(3) > 0
	a.Ready = a.LoggedIn && w.r.IntN(3) > 0
	a.IdleSince = w.now - switchyard.Instant(w.r.IntN(3))
}

func (w *world) removeAgent() {
	if len(w.n.agents) == 0 {
		return
	}
	i := w.r.IntN(len(w.n.agents))
	a := w.n.agents[i]
	w.note("agent %s goes", a.Username)
	w.x.RemoveAgent(a)
	w.n.agents = slices.Delete(slices.Clone(w.n.agents), i, i+1)
	w.removed = append(w.removed, a)
}

func (w *world) presence() {
	for range 1 + w.r.IntN(3) {
		a := w.anyAgent()
		if a == nil {
			return
		}
		w.choose(a)
		w.note("presence %s ready %v in %v", a.Username, a.Ready, a.LoggedIn)
		w.x.AgentChanged(a)
	}
}

func (w *world) resize() {
	if a := w.anyAgent(); a != nil {
		w.sizes(a)
		w.note("sizes %s %v", a.Username, a.Sizes)
		w.x.AgentChanged(a)
	}
}

func (w *world) regrade() {
	for range 1 + w.r.IntN(3) {
		a := w.anyAgent()
		if a == nil {
			return
		}
		w.x.AgentRegraded(a, func() {
			groups := a.Groups
			w.grades(a)
			if w.r.IntN(2) == 0 {
				a.Groups = groups
			}
		})
		w.note("regrade %s skills %v groups %v", a.Username, a.Skills, a.Groups)
	}
}

func (w *world) takeOffer() (offer, bool) {
	if len(w.offered) == 0 {
		return offer{}, false
	}
	i := w.r.IntN(len(w.offered))
	o := w.offered[i]
	w.offered = slices.Delete(w.offered, i, i+1)
	o.a.Load -= o.size
	o.a.IdleSince = w.now
	return o, true
}

func (w *world) finish() {
	if o, ok := w.takeOffer(); ok {
		w.note("finish %s", pair(o.it, o.a))
		w.x.AgentChanged(o.a)
	}
}

func (w *world) decline() {
	o, ok := w.takeOffer()
	if !ok {
		return
	}
	o.it.Cooldowns = append(o.it.Cooldowns, Cooldown{o.a, w.now.Add(w.soon())})
	w.note("decline %s", describe(o.it))
	if w.r.IntN(2) == 0 {
		w.x.AgentChanged(o.a)
		w.x.Enqueue(o.it, w.now)
	} else {
		w.x.Enqueue(o.it, w.now)
		w.x.AgentChanged(o.a)
	}
	w.n.queue = append(w.n.queue, o.it)
}

func (w *world) flipAgeing() {
	w.n.ageing = !w.n.ageing
	w.note("ageing %v", w.n.ageing)
	w.x.SetAgeing(w.n.ageing)
	if w.r.IntN(2) == 0 {
		w.x.AllDirty()
	}
}
