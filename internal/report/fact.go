package report

import "switchyard"

// Kind is what a fact says.
type Kind uint8

// The kinds of facts. The first four are about a queue, Handled about a queue and an agent, the others
// about an agent.
const (
	Offered   Kind = iota // entered a queue
	Answered              // first connected, after Wait
	Abandoned             // ended by the API or a supervisor while queued or offered, after Wait
	Breakout              // left a queue by an exit
	Handled               // an agent's work on it is over: Handle, Wrap of it in wrap-up
	Rung                  // offered to an agent
	Connected             // an agent took it, or it went to the agent at once
	Declined              // an agent declined an offer
	NoAnswer              // an agent let an offer ring
	Busy                  // it was in an agent's load, From up to At
)

// Fact is one thing that happened to an interaction.
type Fact struct {
	Kind     Kind
	At, From switchyard.Instant
	Queue    string // plan/applet; of Handled, the queue it came from
	Route    string
	Agent    string // username
	Wait     switchyard.Duration
	InTarget bool // of Answered and Abandoned: Wait was no longer than the target
	Handle   switchyard.Duration
	Wrap     switchyard.Duration
}
