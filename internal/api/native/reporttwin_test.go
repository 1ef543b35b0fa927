package native

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// twin works out what reports say in the most naive way: it walks through the event feed from one
// event to the next, of all interactions and agents together, and adds the time between two events to
// whatever was going on, a quarter of an hour at a time.
type twin struct {
	t       *testing.T
	targets func(version int, queue string) switchyard.Duration
	now     switchyard.Instant
	work    map[switchyard.ID]*twinWork
	agents  map[string]*twinAgent
	queues  map[cell]*twinFigures
	people  map[cell]*twinPerson
}

// cell is a quarter of an hour of a queue, a route or an agent.
type cell struct {
	start switchyard.Instant
	name  string
}

type twinFigures struct {
	offered, answered, inTarget, abandoned, late, breakouts, handled int
	waits, abandonedWaits, handles, wraps                            []switchyard.Duration
}

type twinPerson struct {
	offers, connected, declined, noAnswer, handled int
	busy                                           switchyard.Duration
	presences, categories                          map[string]switchyard.Duration
	handles, wraps                                 []switchyard.Duration
}

type twinAgent struct{ presence, category string }

type twinWork struct {
	state, agent, queue, route, place string
	since, answered                   switchyard.Instant
	target, handle, wrap              switchyard.Duration
	had                               bool // the agent was connected to it
}

const quarter = switchyard.Instant(15 * switchyard.Minute)

func newTwin(t *testing.T, targets func(int, string) switchyard.Duration) *twin {
	return &twin{t: t, targets: targets, work: map[switchyard.ID]*twinWork{}, agents: map[string]*twinAgent{},
		queues: map[cell]*twinFigures{}, people: map[cell]*twinPerson{}}
}

func (w *twin) queue(name string) *twinFigures {
	c := cell{w.now - w.now%quarter, name}
	if w.queues[c] == nil {
		w.queues[c] = &twinFigures{}
	}
	return w.queues[c]
}

func (w *twin) person(name string) *twinPerson {
	c := cell{w.now - w.now%quarter, name}
	if w.people[c] == nil {
		w.people[c] = &twinPerson{presences: map[string]switchyard.Duration{}, categories: map[string]switchyard.Duration{}}
	}
	return w.people[c]
}

// pass lets the time until an instant pass.
func (w *twin) pass(until switchyard.Instant) {
	for w.now < until {
		next := min(until, w.now-w.now%quarter+quarter)
		if w.now == 0 {
			next = until
		}
		d := next.Sub(w.now)
		busy := map[string]bool{}
		for _, i := range w.work {
			switch i.state {
			case "wrap":
				i.wrap += d
				fallthrough
			case "connected", "held":
				i.handle += d
				fallthrough
			case "offered":
				busy[i.agent] = true
			}
		}
		for name, a := range w.agents {
			if a.category != "LoggedOut" {
				w.person(name).presences[a.presence] += d
				w.person(name).categories[a.category] += d
				if busy[name] {
					w.person(name).busy += d
				}
			}
		}
		w.now = next
	}
}

// handled ends an agent's work.
func (w *twin) handled(i *twinWork) {
	if i.had {
		q, p := w.queue(i.queue), w.person(i.agent)
		q.handled++
		p.handled++
		q.handles, p.handles = append(q.handles, i.handle), append(p.handles, i.handle)
		if i.wrap > 0 {
			q.wraps, p.wraps = append(q.wraps, i.wrap), append(p.wraps, i.wrap)
		}
	}
	i.agent, i.had, i.handle, i.wrap = "", false, 0, 0
}

func (w *twin) event(h *Happening) {
	w.pass(h.At)
	var data struct {
		Presence, Category, Plan, Applet, Why, Route, By string
		ToAgent                                          string
		ToRoute                                          string
		Only                                             bool `json:"intendedonly"`
		Version                                          int
		Target                                           *switchyard.Duration
		Wrap                                             switchyard.Instant
		Document                                         struct{ Agents []struct{ Username string } }
	}
	if err := json.Unmarshal(h.Data, &data, json.MatchCaseInsensitiveNames(true)); err != nil && strings.HasPrefix(h.Type, "interaction") {
		w.t.Fatal(err)
	}
	switch h.Type {
	case "config.published":
		gone := w.agents
		w.agents = map[string]*twinAgent{}
		for _, a := range data.Document.Agents {
			w.agents[a.Username] = &twinAgent{"Logged Out", "LoggedOut"}
			if was := gone[a.Username]; was != nil {
				w.agents[a.Username] = was
			}
		}
		return
	case "agent.presence":
		if !data.Only {
			w.agents[h.Agent] = &twinAgent{data.Presence, data.Category}
		}
		return
	case "interaction.dispatched":
		w.work[h.Interaction] = &twinWork{state: "planned", route: data.Route}
		return
	}
	i := w.work[h.Interaction]
	if i == nil || i.state == "ended" {
		return
	}
	switch strings.TrimPrefix(h.Type, "interaction.") {
	case "stepped":
		i.place = data.Plan + "/" + data.Applet
	case "queued":
		i.queue = data.Plan + "/" + data.Applet
		if i.since == 0 || i.place != i.queue {
			w.queue(i.queue).offered++
		}
		if i.since == 0 {
			i.since = h.At
		}
		i.state, i.place = "queued", i.queue
		if i.target = w.targets(data.Version, i.queue); data.Target != nil {
			i.target = *data.Target
		}
	case "left":
		w.queue(i.queue).breakouts++
		i.state = "planned"
	case "offered":
		w.person(h.Agent).offers++
		i.state, i.agent = "offered", h.Agent
	case "returned":
		switch data.Why {
		case "declined":
			w.person(h.Agent).declined++
		case "noanswer":
			w.person(h.Agent).noAnswer++
		}
		w.handled(i)
		i.state = "queued"
	case "connected":
		i.had = true
		w.person(h.Agent).connected++
		if i.state = "connected"; i.answered == 0 {
			i.answered = h.At
			q, wait := w.queue(i.queue), h.At.Sub(i.since)
			q.answered++
			q.waits = append(q.waits, wait)
			if wait <= i.target {
				q.inTarget++
			}
		}
	case "held":
		i.state = "held"
	case "parked":
		i.state = "parked"
	case "retrieved":
		i.state = "connected"
	case "transferred":
		w.handled(i)
		if i.state = "queued"; data.ToRoute != "" {
			i.state, i.route = "planned", data.ToRoute
		}
	case "requeued":
		w.handled(i)
		i.state = "planned"
	case "released":
		if data.By != "agent" && (i.state == "queued" || i.state == "offered") {
			q, wait := w.queue(i.queue), h.At.Sub(i.since)
			q.abandoned++
			q.abandonedWaits = append(q.abandonedWaits, wait)
			if wait > i.target {
				q.late++
			}
		}
		if data.Wrap != 0 {
			i.state = "wrap"
		}
	case "ended":
		w.handled(i)
		i.state = "ended"
	}
}
