package simulate

import (
	"context"
	"fmt"

	"switchyard"
	"switchyard/internal/core"
)

// centre is one replication: a contact centre with its people, run by the core.
type centre struct {
	*Setup
	replication int
	state       *core.State
	now         switchyard.Instant
	turns       uint64 // inputs given to the core
	entropy     uint64
	envelope    switchyard.Envelope
	agenda      agenda
	arrivers    []*arriver           // by number of the stream
	customers   map[uint64]*customer // whose interaction is live, by the counter of its id
	arriving    *customer            // whose invoke call is being decided
	calls       uint64               // made with an externalid
	workers     map[string]*worker   // by username
	teams       []*team              // by number of the crew
	disposition string
	tally       *tally
	meter       *Meter
	passed      int64 // virtual time the meter knows of
	err         error
}

// tidyTurns is after how many inputs the core lets go of what has ended.
const tidyTurns = 1000

func newCentre(s *Setup, replication int, meter *Meter) *centre {
	c := &centre{Setup: s, replication: replication, state: core.New(s.account.Account), now: s.from,
		entropy: newEntropy(s.Seed, replication), customers: map[uint64]*customer{}, workers: map[string]*worker{},
		tally: newTally(s), meter: meter, disposition: "Done"}
	if words := s.account.Dispositions; len(words) > 0 {
		c.disposition = words[0]
	}
	return c
}

// run plays a replication from beginning to end.
func (c *centre) run(ctx context.Context) (*tally, error) {
	c.do(&switchyard.Publish{Document: c.account, Source: "simulate"}, "system")
	c.hireAll()
	c.openStreams()
	for c.err == nil {
		next, alarm := c.agenda.next(), c.state.Alarm()
		at := min(next, alarm)
		if at > c.until || at == switchyard.Never || at >= c.end && len(c.customers) == 0 {
			break
		}
		if alarm <= next {
			c.now = max(c.now, alarm)
			c.do(&switchyard.Tick{}, "system")
		} else {
			e := c.agenda.pop()
			c.now = e.at
			c.act(&e)
		}
		if c.turns%tidyTurns == 0 {
			c.state.DropChanges()
			c.meter.at(c)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	if c.err != nil {
		return nil, fmt.Errorf("replication %d at %v: %w", c.replication+1, c.now, c.err)
	}
	c.closeUp()
	return c.tally, nil
}

// act lets a person do what is due.
func (c *centre) act(e *event) {
	switch e.do {
	case doStaff:
		c.staff(e.number)
	case doArrive:
		c.arrive(c.arrivers[e.number])
	case doRetry:
		c.dispatch(e.customer)
	case doLeave:
		c.leave(e.customer)
	case doBreak:
		c.pause(e)
	case doBreakEnded:
		c.endBreak(e)
	case doAnswer:
		c.answer(e)
	default:
		if e.turn == e.customer.turn {
			c.serve(e)
		}
	}
}

// do gives the core an input at the present moment, with everything that follows from it.
func (c *centre) do(in switchyard.Input, by string) any {
	d := c.decide(in, by)
	for c.state.Unfinished() && c.err == nil {
		c.decide(&switchyard.Sweep{}, "system")
	}
	if d.Refused != nil && c.err == nil {
		c.err = fmt.Errorf("the core refuses %s: %w", in.InputType(), d.Refused)
	}
	return d.Answer
}

func (c *centre) decide(in switchyard.Input, by string) core.Decision {
	c.turns++
	c.envelope = switchyard.Envelope{Seq: c.state.Seq() + 1, At: c.now, By: by, Entropy: c.entropy + c.turns, Input: in}
	d := c.state.Decide(&c.envelope)
	for _, e := range d.Events {
		c.follow(e)
	}
	return d
}

// follow lets people know what was decided.
func (c *centre) follow(e switchyard.Event) {
	switch e := e.(type) {
	case *switchyard.Dispatched:
		c.arriving.id = e.Interaction
		c.customers[e.Interaction.Counter()] = c.arriving
	case *switchyard.PresenceChanged:
		c.presence(c.workers[e.Agent], e)
	case *switchyard.EffectRequested:
		c.requested(&e.Effect)
	default:
		if id, _ := e.About(); !id.IsZero() {
			if who := c.customers[id.Counter()]; who != nil {
				c.followCustomer(who, e)
			}
		}
	}
}

// requested plans the world's answer to an effect. There are no callbacks, for no provider is registered,
// and an answer is final; so every effect is due when it is asked for, and never again.
func (c *centre) requested(e *switchyard.Effect) {
	takes := switchyard.Duration(0)
	if a := c.answerTo(e); a != nil && a.Takes != nil {
		takes = length(a.Takes.make(source(c.Seed, c.replication, e.ID.String(), "answer")))
	}
	c.agenda.add(event{at: c.now.Add(takes), do: doAnswer, effect: e})
}

// answerTo finds what a scenario says of the effects of an applet: the one the interaction is at.
func (c *centre) answerTo(e *switchyard.Effect) *Answer {
	who := c.customers[e.Interaction.Counter()]
	if len(c.answers) == 0 || who == nil {
		return nil
	}
	if a := c.answers[switchyard.CaseKey(who.at.plan+"/"+who.at.name)]; a != nil {
		return a
	}
	return c.answers[switchyard.CaseKey(who.at.name)]
}

// answer gives an effect its answer.
func (c *centre) answer(e *event) {
	result := &switchyard.EffectResult{Effect: e.effect.ID, Attempt: e.effect.Attempt, OK: true}
	if a := c.answerTo(e.effect); a != nil {
		result.OK, result.Values = a.OK == nil || *a.OK, a.Values
		result.GiveUp = !result.OK
	}
	c.do(result, "system")
}
