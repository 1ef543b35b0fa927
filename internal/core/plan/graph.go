package plan

import (
	"slices"
	"strings"

	"switchyard"
)

// breaksLoop is the shortest time that keeps a loop from running away (RULINGS: limits).
const breaksLoop = switchyard.Second

// edge is a way from one applet to another that takes no time.
type edge struct {
	at place // where the document names the way
	to *Applet
}

// instant lists the ways out of an applet that are taken without waiting. An effect, a wait and a
// queue's duration take time; a wait whose length is read from data sources may be none. A queue's other exits can be taken the moment it is entered.
func (c *checker) instant(a *Applet, p *Plan) []edge {
	k := kindOf(a.Type)
	if k != nil && k.effect || a.Type == TypeWait && !a.length.Reads() && a.length.Fixed >= breaksLoop {
		return nil
	}
	at := p.placeOf(a.Name)
	if a.Type == TypeGoto {
		if target := c.set.Plan(a.set.Plan); target != nil && target.Applets[target.Start] != nil {
			return []edge{{at.of("plan"), target.Applets[target.Start]}}
		}
		return nil
	}
	var edges []edge
	for _, way := range a.ways {
		if k == nil || !slices.Contains(k.settings, way.list) {
			continue
		}
		to := p.Applets[way.next]
		waits := way.exit == ExitDuration && a.Queue != nil && (a.Queue.Duration.Reads() || a.Queue.Duration.Fixed >= breaksLoop)
		if to != nil && !waits {
			edges = append(edges, edge{way.place(at), to})
		}
	}
	return edges
}

// walk is a depth-first search through all plans for ways that come back to where they were.
type walk struct {
	*checker
	plans map[*Applet]*Plan
	state map[*Applet]uint8
	path  []*Applet
}

const (
	onPath = 1 + iota
	through
)

func (c *checker) loops() {
	w := &walk{checker: c, plans: map[*Applet]*Plan{}, state: map[*Applet]uint8{}}
	for _, p := range c.set.plans {
		for _, a := range p.Applets {
			w.plans[a] = p
		}
	}
	for _, p := range c.set.plans {
		for _, name := range p.names() {
			w.visit(p.Applets[name])
		}
	}
	c.openLoops(w)
}

func (w *walk) visit(a *Applet) {
	if w.state[a] != 0 {
		return
	}
	w.state[a] = onPath
	w.path = append(w.path, a)
	for _, e := range w.instant(a, w.plans[a]) {
		if w.state[e.to] == onPath && !w.full() {
			w.fault(e.at, "this closes a loop with no wait: %s; put a wait of at least %s, or a queue with its "+
				"duration exit, in it", w.loop(e.to), breaksLoop)
		}
		w.visit(e.to)
	}
	w.path = w.path[:len(w.path)-1]
	w.state[a] = through
}

// loop writes the way from an applet on the path round to itself.
func (w *walk) loop(from *Applet) string {
	const most = 8
	start := len(w.path) - 1
	for w.path[start] != from {
		start--
	}
	var names []string
	for i, a := range w.path[start:] {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, a.Plan+"/"+a.Name)
	}
	return strings.Join(append(names, from.Plan+"/"+from.Name), " → ")
}

// openLoops warns of every goto that chooses its plan at run time and is reached from the start of
// some plan without a wait: choosing that plan, it would go round.
func (c *checker) openLoops(w *walk) {
	reached := map[*Applet]bool{}
	var queue []*Applet
	for _, p := range c.set.plans {
		if start := p.Applets[p.Start]; start != nil {
			queue = append(queue, start)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		a := queue[0]
		if reached[a] {
			continue
		}
		reached[a] = true
		for _, e := range c.instant(a, w.plans[a]) {
			queue = append(queue, e.to)
		}
	}
	for _, p := range c.set.plans {
		for _, name := range p.names() {
			if a := p.Applets[name]; reached[a] && a.Type == TypeGoto && isTemplate(a.set.Plan) {
				c.warn(p.placeOf(name).of("plan"), "%s may lead back here without a wait; work that goes round "+
					"ends with Other after %d steps", a.set.Plan, switchyard.MaxPlanSteps)
			}
		}
	}
}

// after checks that a plan run after the end holds no queue, nor any plan it goes to: nobody can be
// given work that has ended.
func (c *checker) after(at place, first *Plan) {
	if first == nil {
		return
	}
	seen := map[*Plan]bool{first: true}
	for plans := []*Plan{first}; len(plans) > 0; plans = plans[1:] {
		p := plans[0]
		for _, name := range p.names() {
			a := p.Applets[name]
			switch {
			case a.Type == TypeQueue:
				c.fault(at, "a plan that runs after the end can hold no queue, and %s is one", a.Queue.Name)
			case a.Type == TypeGoto && isTemplate(a.set.Plan):
				c.warn(at, "%s/%s goes to %s: should that plan hold a queue, the run ends there", p.Name, name, a.set.Plan)
			case a.Type == TypeGoto:
				if next := c.set.Plan(a.set.Plan); next != nil && !seen[next] {
					seen[next] = true
					plans = append(plans, next)
				}
			}
		}
	}
}
