package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"switchyard"
)

// AgentRow are the figures of one agent in one interval. Times are seconds.
type AgentRow struct {
	Start        switchyard.Instant `json:"start" format:"date-time"`
	End          switchyard.Instant `json:"end" format:"date-time" doc:"The first instant after."`
	Agent        string             `json:"agent" doc:"Username."`
	Offers       int                `json:"offers" doc:"Offers made to the agent."`
	Connected    int                `json:"connected" doc:"Offers it accepted, or that went to it at once."`
	Declined     int                `json:"declined" doc:"Offers it declined."`
	NoAnswer     int                `json:"noanswer" doc:"Offers it did not answer."`
	Handled      int                `json:"handled" doc:"Times that its work on an interaction was over: it ended, or was given on."`
	Handle       *Spread            `json:"handle,omitempty" doc:"Connected, held and wrap of those handled."`
	Wrap         *Spread            `json:"wrap,omitempty" doc:"Wrap of those handled that had one."`
	LoggedIn     float64            `json:"loggedin" doc:"Seconds in any category but LoggedOut."`
	Ready        float64            `json:"ready" doc:"Seconds in presences of category Ready."`
	Away         float64            `json:"away" doc:"Seconds in presences of category Away, No Answer among them."`
	ExtendedAway float64            `json:"extendedaway" doc:"Seconds in presences of category ExtendedAway."`
	Presences    map[string]float64 `json:"presences" doc:"Seconds in each presence of these categories, by name."`
	Busy         float64            `json:"busy" doc:"Seconds logged in with a load above 0."`
	Occupancy    *float64           `json:"occupancy,omitempty" doc:"Busy ÷ logged in, 0 to 1; absent when it was not logged in."`
}

// Agents adds up the figures of agents.
type Agents struct {
	grid   *Grid
	only   string // of CaseKey; only this one
	agents map[string]*agent
	rows   int
}

// agent is what is known of one, with a cell an interval.
type agent struct {
	name     string
	cells    []agentCell
	busy     []stretch
	loggedIn []stretch // in order
}

// stretch is some time, up to and without to.
type stretch struct{ from, to switchyard.Instant }

type agentCell struct {
	AgentRow
	handle, wrap times
	categories   map[switchyard.Category]switchyard.Duration
	presences    map[string]switchyard.Duration
	busy         switchyard.Duration
}

// NewAgents begins a report on every agent, or on one: a username in any case.
func NewAgents(grid *Grid, only string) *Agents {
	return &Agents{grid: grid, only: switchyard.CaseKey(only), agents: make(map[string]*agent)}
}

// of finds an agent; nil when it is not asked for. The error says that there are too many.
func (a *Agents) of(name string) (*agent, error) {
	key := switchyard.CaseKey(name)
	if name == "" || a.only != "" && key != a.only {
		return nil, nil
	}
	who := a.agents[key]
	if who == nil {
		if a.rows += a.grid.Len(); a.rows > MaxRows {
			return nil, fmt.Errorf("the report would have more than %d rows", MaxRows)
		}
		who = &agent{cells: make([]agentCell, a.grid.Len())}
		a.agents[key] = who
	}
	who.name = name
	return who, nil
}

// Add counts a fact.
func (a *Agents) Add(f *Fact) error {
	n := a.grid.At(f.At)
	switch {
	case f.Kind < Handled:
		return nil
	case f.Kind == Busy && (f.At <= a.grid.starts[0] || f.From >= a.grid.end):
		return nil
	case f.Kind != Busy && n < 0:
		return nil
	}
	who, err := a.of(f.Agent)
	if who == nil || err != nil {
		return err
	}
	if f.Kind == Busy {
		who.busy = append(who.busy, stretch{f.From, f.At})
		return nil
	}
	who.cells[n].add(f)
	return nil
}

func (c *agentCell) add(f *Fact) {
	switch f.Kind {
	case Rung:
		c.Offers++
	case Connected:
		c.Connected++
	case Declined:
		c.Declined++
	case NoAnswer:
		c.NoAnswer++
	case Handled:
		c.Handled++
		c.handle = append(c.handle, f.Handle)
		if f.Wrap > 0 {
			c.wrap = append(c.wrap, f.Wrap)
		}
	}
}

// Present counts the time from one instant to another in which an agent had a presence. An agent's
// are told in order.
func (a *Agents) Present(name, presence string, category switchyard.Category, from, to switchyard.Instant) error {
	if category == switchyard.LoggedOut || from >= to || to <= a.grid.starts[0] || from >= a.grid.end {
		return nil
	}
	who, err := a.of(name)
	if who == nil || err != nil {
		return err
	}
	who.loggedIn = append(who.loggedIn, stretch{from, to})
	a.grid.each(from, to, func(n int, d switchyard.Duration) { who.cells[n].present(presence, category, d) })
	return nil
}

func (c *agentCell) present(presence string, category switchyard.Category, d switchyard.Duration) {
	addTimes(&c.presences, map[string]switchyard.Duration{presence: d})
	addTimes(&c.categories, map[switchyard.Category]switchyard.Duration{category: d})
}

// occupy spreads the time in which any work was in the agent's load, while it was logged in, over the
// intervals.
func (who *agent) occupy(g *Grid) {
	slices.SortFunc(who.busy, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	var done switchyard.Instant // up to here all is counted
	n := 0
	for _, busy := range who.busy {
		busy.from = max(busy.from, done)
		for n < len(who.loggedIn) && who.loggedIn[n].to <= busy.from {
			n++
		}
		for _, in := range who.loggedIn[n:] {
			if in.from >= busy.to {
				break
			}
			g.each(max(busy.from, in.from), min(busy.to, in.to), func(n int, d switchyard.Duration) { who.cells[n].busy += d })
		}
		done = max(done, busy.to)
	}
}

func (c *agentCell) join(other *agentCell) {
	c.Offers += other.Offers
	c.Connected += other.Connected
	c.Declined += other.Declined
	c.NoAnswer += other.NoAnswer
	c.Handled += other.Handled
	c.handle = append(c.handle, other.handle...)
	c.wrap = append(c.wrap, other.wrap...)
	c.busy += other.busy
	addTimes(&c.presences, other.presences)
	addTimes(&c.categories, other.categories)
}

func addTimes[K comparable](sum *map[K]switchyard.Duration, more map[K]switchyard.Duration) {
	if *sum == nil {
		*sum = make(map[K]switchyard.Duration, len(more))
	}
	for k, d := range more {
		(*sum)[k] += d
	}
}

func (c *agentCell) row(name string, from, to switchyard.Instant) AgentRow {
	r := c.AgentRow
	r.Start, r.End, r.Agent = from, to, name
	r.Handle, r.Wrap = c.handle.spread(), c.wrap.spread()
	r.Presences = make(map[string]float64, len(c.presences))
	var in switchyard.Duration
	for presence, d := range c.presences {
		r.Presences[presence] = seconds(d)
		in += d
	}
	r.LoggedIn, r.Busy = seconds(in), seconds(c.busy)
	r.Ready, r.Away = seconds(c.categories[switchyard.Ready]), seconds(c.categories[switchyard.Away])
	r.ExtendedAway = seconds(c.categories[switchyard.ExtendedAway])
	r.Occupancy = share(r.Busy, r.LoggedIn)
	return r
}

// Rows are the figures by agent and interval, and those of the whole range by agent. An agent that was
// logged in, or offered work, has a row for every interval.
func (a *Agents) Rows() (rows, totals []AgentRow) {
	rows, totals = []AgentRow{}, []AgentRow{}
	for _, key := range slices.Sorted(maps.Keys(a.agents)) {
		who := a.agents[key]
		who.occupy(a.grid)
		var whole agentCell
		for n := range who.cells {
			from, to := a.grid.Bounds(n)
			rows = append(rows, who.cells[n].row(who.name, from, to))
			whole.join(&who.cells[n])
		}
		totals = append(totals, whole.row(who.name, a.grid.starts[0], a.grid.end))
	}
	return rows, totals
}
