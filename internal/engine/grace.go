package engine

import (
	"container/heap"
	"sync"

	"switchyard"
)

// defaultGrace is settings.grace when the account does not say.
const defaultGrace = 60 * switchyard.Second

// grace watches which logged-in agents are heard. Heartbeats stay in memory; only that an agent was
// lost, or is back, becomes an input (RULINGS 20).
type grace struct {
	mu    sync.Mutex // Heard comes from other goroutines
	after switchyard.Duration
	known map[string]*desk // logged-in agents, by CaseKey
	due   desks            // those not lost, earliest deadline first; deadlines may be early
}

// desk is the desktop of one logged-in agent.
type desk struct {
	agent    string
	heard    switchyard.Instant
	deadline switchyard.Instant // under which it stands in the heap
	place    int                // in the heap; -1 = not there
	lost     bool
	telling  bool // an AgentBack is on its way
}

// Heard says that the desktop of an agent gave a sign of life.
func (e *Engine) Heard(account, agent string) {
	o, refused := e.owner(account)
	if refused != nil {
		return
	}
	if name := o.grace.heard(agent, e.clock.Now()); name != "" {
		o.post(func() { o.agentBack(name) })
	}
}

// heard notes a sign of life; it returns the agent's name when it was lost until now.
func (g *grace) heard(agent string, now switchyard.Instant) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.known[switchyard.CaseKey(agent)]
	if d == nil {
		return ""
	}
	d.heard = max(d.heard, now)
	if !d.lost || d.telling {
		return ""
	}
	d.telling = true
	return d.agent
}

// agentBack decides that an agent is heard again. When nothing can be decided now, its next sign of
// life brings it here again.
func (o *owner) agentBack(agent string) {
	if o.machine == nil || o.poisoned || !o.catchUp(o.now()) {
		o.grace.untold(agent)
		return
	}
	o.decide(&call{Call: Call{By: system, Input: &switchyard.AgentBack{Agent: agent}}}, max(o.machine.Now(), o.now()))
}

// untold lets the next sign of life of a lost agent be told.
func (g *grace) untold(agent string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d := g.known[switchyard.CaseKey(agent)]; d != nil {
		d.telling = false
	}
}

// restart begins the watch anew: whoever is logged in has the whole grace time from now.
func (g *grace) restart(m machine, now switchyard.Instant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known = nil
	var s *switchyard.Settings
	if c := m.Config(); c != nil {
		s = &c.Document.Settings
	}
	g.renew(m, s, now)
}

// configure follows a new config: another grace time, other agents.
func (g *grace) configure(m machine, s *switchyard.Settings, now switchyard.Instant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.renew(m, s, now)
}

func (g *grace) renew(m machine, s *switchyard.Settings, now switchyard.Instant) {
	g.after = defaultGrace
	if s != nil && s.Grace != nil {
		g.after = *s.Grace
	}
	old := g.known
	g.known, g.due = map[string]*desk{}, nil
	for _, a := range m.Agents() {
		if a.Category == switchyard.LoggedOut {
			continue
		}
		d := &desk{agent: a.Username, heard: now, lost: a.Lost, place: -1}
		if before := old[switchyard.CaseKey(a.Username)]; before != nil {
			d.heard = before.heard
		}
		g.known[switchyard.CaseKey(a.Username)] = d
		g.watch(d)
	}
}

// watch puts a desktop that is not lost into the heap.
func (g *grace) watch(d *desk) {
	if d.lost || d.place >= 0 || g.after <= 0 {
		return
	}
	d.deadline = d.heard.Add(g.after)
	heap.Push(&g.due, d)
}

func (g *grace) unwatch(d *desk) {
	if d.place >= 0 {
		heap.Remove(&g.due, d.place)
	}
}

// presence follows an agent in and out. Choosing a presence is a sign of life.
func (g *grace) presence(ev *switchyard.PresenceChanged, now switchyard.Instant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := switchyard.CaseKey(ev.Agent)
	d := g.known[key]
	switch {
	case ev.Category == switchyard.LoggedOut && d != nil:
		g.unwatch(d)
		delete(g.known, key)
	case ev.Category != switchyard.LoggedOut && d == nil:
		d = &desk{agent: ev.Agent, heard: now, place: -1}
		g.known[key] = d
		g.watch(d)
	}
}

// lost takes an agent that is not heard off the watch.
func (g *grace) lost(agent string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d := g.known[switchyard.CaseKey(agent)]; d != nil {
		d.lost, d.telling = true, false
		g.unwatch(d)
	}
}

// back puts an agent that is heard again on the watch.
func (g *grace) back(agent string, now switchyard.Instant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d := g.known[switchyard.CaseKey(agent)]; d != nil {
		d.lost, d.telling = false, false
		d.heard = max(d.heard, now)
		g.watch(d)
	}
}

// next is when the next agent is lost unless it is heard before; Never when none is watched.
func (g *grace) next() switchyard.Instant {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.due) > 0 {
		d := g.due[0]
		at := d.heard.Add(g.after)
		if at == d.deadline {
			return at
		}
		d.deadline = at
		heap.Fix(&g.due, 0)
	}
	return switchyard.Never
}

// pop takes the agent next spoke of off the watch and names it.
func (g *grace) pop() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return heap.Pop(&g.due).(*desk).agent
}

// desks is a heap of desktops by deadline, then name.
type desks []*desk

func (h desks) Len() int { return len(h) }
func (h desks) Less(a, b int) bool {
	if h[a].deadline != h[b].deadline {
		return h[a].deadline < h[b].deadline
	}
	return h[a].agent < h[b].agent
}
func (h desks) Swap(a, b int) {
	h[a], h[b] = h[b], h[a]
	h[a].place, h[b].place = a, b
}
func (h *desks) Push(x any) {
	d := x.(*desk)
	d.place = len(*h)
	*h = append(*h, d)
}
func (h *desks) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	d.place = -1
	return d
}
