package report

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// Life follows one interaction through its events, in order, and tells the facts they are. It counts
// what internal/core/figures.go counts.
type Life struct {
	targets Targets
	facts   []Fact

	Route       string
	ExternalID  string
	Provider    string
	Class       switchyard.Class
	Created     switchyard.Instant
	Since       switchyard.Instant // first entry into a queue
	Answered    switchyard.Instant // first connected
	Ended       switchyard.Instant
	Outcome     string
	Detail      string
	Disposition string
	Queue       string // entered last
	Agent       string // had it last
	InTarget    bool
	Offers      int
	Declines    int
	NoAnswers   int
	Transfers   int
	Breakouts   int
	Abandoned   bool
	Handle      switchyard.Duration // of all agents
	Wrap        switchyard.Duration

	state        switchyard.Status
	entered      switchyard.Instant // into state
	plan, applet string             // where it stands
	target       switchyard.Duration
	holder       string // agent whose load or parked work it is; "" = none
	connected    bool   // holder has had it: what follows is work
	busySince    switchyard.Instant
	handle, wrap switchyard.Duration // of holder, so far
}

// NewLife begins with an interaction of which nothing is known.
func NewLife(targets Targets) *Life { return &Life{targets: targets} }

// Take tells the facts of one row about the interaction: a JSON array of events, as in the journal.
// The facts are valid until the next call.
func (l *Life) Take(at switchyard.Instant, events []byte) ([]Fact, error) {
	l.facts = l.facts[:0]
	err := eachEvent(events, func(kind, agent string, data []byte) error { return l.event(at, kind, agent, data) })
	return l.facts, err
}

// Until tells what is still going on at an instant.
func (l *Life) Until(at switchyard.Instant) []Fact {
	l.facts = l.facts[:0]
	if l.busySince != 0 && l.busySince < at {
		l.tell(Fact{Kind: Busy, From: l.busySince, At: at, Agent: l.holder})
	}
	return l.facts
}

func (l *Life) tell(f Fact) {
	f.Route = l.Route
	l.facts = append(l.facts, f)
}

// event follows one event. What comes after the end is an after plan's, or a receipt's.
func (l *Life) event(at switchyard.Instant, kind, agent string, data []byte) error {
	if l.state == switchyard.Ended {
		return nil
	}
	follow, counts := follows[kind]
	if !counts {
		return nil
	}
	if err := follow(l, at, agent, data); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	return nil
}

// follows are the events that lead to facts. The names of an interaction's other events are not here.
var follows = map[string]func(l *Life, at switchyard.Instant, agent string, data []byte) error{
	(*switchyard.Dispatched)(nil).EventType(): with((*Life).dispatched),
	(*switchyard.Stepped)(nil).EventType(): with(func(l *Life, at switchyard.Instant, _ string, e *switchyard.Stepped) {
		l.plan, l.applet = e.Plan, e.Applet
	}),
	(*switchyard.Enqueued)(nil).EventType(): with((*Life).enqueued),
	(*switchyard.Left)(nil).EventType(): with(func(l *Life, at switchyard.Instant, _ string, e *switchyard.Left) {
		l.Breakouts++
		l.tell(Fact{Kind: Breakout, At: at, Queue: l.Queue})
		l.enter(switchyard.Planned, at)
	}),
	(*switchyard.OfferMade)(nil).EventType(): func(l *Life, at switchyard.Instant, agent string, _ []byte) error {
		l.Offers++
		l.Agent, l.holder, l.connected = agent, agent, false
		l.tell(Fact{Kind: Rung, At: at, Agent: agent})
		l.enter(switchyard.Offered, at)
		return nil
	},
	(*switchyard.Returned)(nil).EventType(): with((*Life).returned),
	(*switchyard.Joined)(nil).EventType(): func(l *Life, at switchyard.Instant, agent string, _ []byte) error {
		l.joined(at, agent)
		return nil
	},
	(*switchyard.HeldEvent)(nil).EventType():   to(switchyard.Held),
	(*switchyard.ParkedEvent)(nil).EventType(): to(switchyard.Parked),
	(*switchyard.Retrieved)(nil).EventType():   to(switchyard.Connected),
	(*switchyard.Transferred)(nil).EventType(): with((*Life).transferred),
	(*switchyard.Requeued)(nil).EventType(): func(l *Life, at switchyard.Instant, _ string, _ []byte) error {
		l.letGo(switchyard.Planned, at)
		return nil
	},
	(*switchyard.Released)(nil).EventType(): with((*Life).released),
	(*switchyard.Completed)(nil).EventType(): with(func(l *Life, _ switchyard.Instant, _ string, e *switchyard.Completed) {
		l.noted(e.Disposition)
	}),
	(*switchyard.Finished)(nil).EventType(): with(func(l *Life, at switchyard.Instant, _ string, e *switchyard.Finished) {
		l.letGo(switchyard.Ended, at)
		l.Ended, l.Outcome, l.Detail = at, e.Outcome, e.Detail
	}),
}

// with reads the data of an event before it is followed.
func with[E any](f func(l *Life, at switchyard.Instant, agent string, e *E)) func(*Life, switchyard.Instant, string, []byte) error {
	return func(l *Life, at switchyard.Instant, agent string, data []byte) error {
		e := new(E)
		if err := json.Unmarshal(data, e); err != nil {
			return err
		}
		f(l, at, agent, e)
		return nil
	}
}

// to follows an event that says no more than that a state was entered.
func to(state switchyard.Status) func(*Life, switchyard.Instant, string, []byte) error {
	return func(l *Life, at switchyard.Instant, _ string, _ []byte) error {
		l.enter(state, at)
		return nil
	}
}

// works reports whether time in a state is work of an agent.
func works(s switchyard.Status) bool {
	return s == switchyard.Connected || s == switchyard.Held || s == switchyard.Wrap
}

// enter leaves one state for another: the time in the one was work, or not, and the agent's load
// changes.
func (l *Life) enter(state switchyard.Status, at switchyard.Instant) {
	spent := at.Sub(l.entered)
	if works(l.state) {
		l.handle += spent
	}
	if l.state == switchyard.Wrap {
		l.wrap += spent
	}
	busy := state == switchyard.Offered || works(state)
	if busy && l.busySince == 0 {
		l.busySince = at
	}
	if !busy && l.busySince != 0 {
		l.tell(Fact{Kind: Busy, From: l.busySince, At: at, Agent: l.holder})
		l.busySince = 0
	}
	l.state, l.entered = state, at
}

// letGo takes the interaction from its agent, if one has it: the agent's work on it is over.
func (l *Life) letGo(state switchyard.Status, at switchyard.Instant) {
	l.enter(state, at)
	if l.connected {
		l.Handle += l.handle
		l.Wrap += l.wrap
		l.tell(Fact{Kind: Handled, At: at, Queue: l.Queue, Agent: l.holder, Handle: l.handle, Wrap: l.wrap})
	}
	l.holder, l.connected, l.handle, l.wrap = "", false, 0, 0
}

func (l *Life) dispatched(at switchyard.Instant, _ string, e *switchyard.Dispatched) {
	l.Route, l.ExternalID, l.Provider, l.Class = e.Route, e.ExternalID, e.Provider, e.Class
	l.Created = at
	l.enter(switchyard.Planned, at)
}

// enqueued counts an entry, unless the interaction only starts over at the queue it is in.
func (l *Life) enqueued(at switchyard.Instant, _ string, e *switchyard.Enqueued) {
	again := l.plan == e.Plan && l.applet == e.Applet && l.Since != 0
	l.plan, l.applet = e.Plan, e.Applet
	l.Queue = e.Plan + "/" + e.Applet
	if l.Since == 0 {
		l.Since = e.Since
	}
	if e.Target != nil {
		l.target = *e.Target
	} else {
		l.target = l.targets(e.Version, e.Plan, e.Applet)
	}
	if !again {
		l.tell(Fact{Kind: Offered, At: at, Queue: l.Queue})
	}
	l.enter(switchyard.Queued, at)
}

func (l *Life) returned(at switchyard.Instant, agent string, e *switchyard.Returned) {
	switch e.Why {
	case "declined":
		l.Declines++
		l.tell(Fact{Kind: Declined, At: at, Agent: agent})
	case "noanswer":
		l.NoAnswers++
		l.tell(Fact{Kind: NoAnswer, At: at, Agent: agent})
	}
	l.letGo(switchyard.Queued, at)
}

func (l *Life) joined(at switchyard.Instant, agent string) {
	l.Agent, l.holder, l.connected, l.handle, l.wrap = agent, agent, true, 0, 0
	l.tell(Fact{Kind: Connected, At: at, Agent: l.holder})
	if l.Answered == 0 && l.Since != 0 {
		l.Answered = at
		wait := at.Sub(l.Since)
		l.InTarget = wait <= l.target
		l.tell(Fact{Kind: Answered, At: at, Queue: l.Queue, Agent: l.holder, Wait: wait, InTarget: l.InTarget})
	}
	l.enter(switchyard.Connected, at)
}

func (l *Life) transferred(at switchyard.Instant, _ string, e *switchyard.Transferred) {
	l.Transfers++
	if e.ToRoute == "" {
		l.letGo(switchyard.Queued, at)
		return
	}
	l.letGo(switchyard.Planned, at)
	l.Route = e.ToRoute
}

func (l *Life) released(at switchyard.Instant, _ string, e *switchyard.Released) {
	if e.By != "agent" && (l.state == switchyard.Queued || l.state == switchyard.Offered) {
		l.Abandoned = true
		wait := at.Sub(l.Since)
		l.tell(Fact{Kind: Abandoned, At: at, Queue: l.Queue, Wait: wait, InTarget: wait <= l.target})
	}
	l.noted(e.Disposition)
	if e.Wrap != 0 {
		l.enter(switchyard.Wrap, at)
	}
}

func (l *Life) noted(disposition string) {
	if disposition != "" {
		l.Disposition = disposition
	}
}

// Wait is the time from waiting since to first connected, or to the end; nil of what never waited or
// waits still.
func (l *Life) Wait() *switchyard.Duration {
	end := l.Answered
	if end == 0 {
		end = l.Ended
	}
	if l.Since == 0 || end == 0 {
		return nil
	}
	wait := end.Sub(l.Since)
	return &wait
}
