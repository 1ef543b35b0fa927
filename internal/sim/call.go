package sim

import (
	"errors"
	"fmt"
	"slices"

	"switchyard"
	"switchyard/internal/engine"
)

// call is what somebody asks the server, and asks again until it is answered.
type call struct {
	by      string
	input   switchyard.Input
	pending []sent // under way; a call that is sent again while it is has several
	again   switchyard.Instant
	tries   int
	done    func(c *call, answer any, err *switchyard.Error) // nil = nobody cares
	repeat  bool                                             // until it is answered
}

// sent is one way a call is on.
type sent struct {
	*engine.Pending
	at int64 // moment of the account's history
}

// ask sends a call.
func (a *account) ask(c *call) {
	a.calls = append(a.calls, c)
	a.send(c)
}

func (a *account) send(c *call) {
	c.tries++
	a.w.note("call %s %s %s", a.name, c.by, c.input.InputType())
	at := a.history.now()
	c.pending = append(c.pending, sent{a.w.server.engine.Submit(a.w.ctx, a.name, engine.Call{By: c.by, Input: fresh(c.input)}), at})
}

// fresh is the input as it is read anew from each call.
func fresh(in switchyard.Input) switchyard.Input {
	if invoke, ok := in.(*switchyard.Invoke); ok {
		copied := *invoke
		return &copied
	}
	return in
}

// hear takes the answers that have come, and sends again what got none.
func (a *account) hear() {
	for n := 0; n < len(a.calls); n++ {
		c := a.calls[n]
		for at := 0; at < len(c.pending); at++ {
			if answer, err, done := c.pending[at].Answer(); done {
				began := c.pending[at].at
				c.pending = slices.Delete(c.pending, at, at+1)
				at--
				a.answered(c, answer, err, began)
			}
		}
		switch {
		case len(c.pending) > 0:
		case c.again == 0:
			a.calls = slices.Delete(a.calls, n, n+1)
			n--
		case a.w.now >= c.again:
			c.again = 0
			a.send(c)
		}
	}
}

// answered takes one answer. A server that could not store it, or was too busy, is asked again; what
// it knows itself to have failed at is never right.
func (a *account) answered(c *call, answer any, err error, began int64) {
	var refused *switchyard.Error
	if err != nil && !errors.As(err, &refused) {
		a.w.fail("assert", "%s: %v", c.input.InputType(), err)
	}
	if refused != nil {
		switch refused.Code {
		case switchyard.Internal:
			a.w.fail("assert", "%s: %v", c.input.InputType(), err)
		case switchyard.StorageUnavailable:
			a.history.note(c.input, nil, nil, began) // perhaps it is stored
			c.unanswered(a.w)
			return
		case switchyard.Busy:
			c.unanswered(a.w)
			return
		case switchyard.WrongState:
			if c.repeat { // the account has no document yet
				c.unanswered(a.w)
				return
			}
		}
	}
	a.history.note(c.input, answer, refused, began)
	a.read()
	if c.done != nil {
		c.done(c, answer, refused)
	}
	c.again = 0
}

// unanswered plans another attempt.
func (c *call) unanswered(w *World) {
	if c.repeat {
		c.again = w.now.Add(switchyard.Duration(100 + w.rng.IntN(3000)))
	}
}

// cutOff is what callers see of a process that dies.
func (a *account) cutOff() {
	for _, c := range a.calls {
		for _, s := range c.pending {
			a.history.note(c.input, nil, nil, s.at)
		}
		if len(c.pending) > 0 {
			c.pending = nil
			c.unanswered(a.w)
		}
	}
	a.cursorAt = a.cursor
}

// crm sends interactions and takes them back.
func (a *account) crm() {
	w := a.w
	if len(a.calls) >= 12 || len(a.docs) == 0 {
		return
	}
	in := &switchyard.Invoke{Provider: a.pick("", ourProvider, ourProvider)}
	count := 1 + w.rng.IntN(3)
	if len(a.model.live) > 40 {
		count = 0
	}
	for range count {
		in.Requests = append(in.Requests, a.dispatch())
	}
	if i := a.someLive(); i != nil && (count == 0 || w.rng.IntN(8) == 0) && i.externalID != "" {
		in.Provider = i.provider
		a.count++
		in.Requests = append(in.Requests, switchyard.Request{Action: "release", ExternalID: i.externalID, RequestID: a.pick("", fmt.Sprint("r", a.count))})
	}
	if len(in.Requests) == 0 {
		return
	}
	c := &call{by: "client:crm", input: in, done: a.invoked, repeat: true}
	a.ask(c)
	if w.fault(CallRepeated, 8) {
		a.send(c)
	}
}

func (a *account) dispatch() switchyard.Request {
	w := a.w
	a.count++
	r := switchyard.Request{RequestID: fmt.Sprint("r", a.count), ExternalID: fmt.Sprint("x", w.rng.IntN(60)),
		Route: a.pick(routeNames...), Class: a.pick("", "live", "chat", "nonlive")}
	if w.rng.IntN(20) == 0 {
		r.RequestID = fmt.Sprint("r", 1+w.rng.IntN(a.count)) // one of old
	}
	for _, skill := range skillNames {
		if w.rng.IntN(4) == 0 {
			r.Skills = append(r.Skills, switchyard.Skill{Name: skill, ExpiryAfter: a.expiry()})
		}
	}
	if w.rng.IntN(2) == 0 {
		r.Linked = []switchyard.Linked{{Type: "clid", Value: a.pick("07700900001", "18005550", "ext. 5")}}
	}
	if w.rng.IntN(5) == 0 {
		r.PersonalQueue = &switchyard.Personal{Agent: username(w.rng.IntN(people)), LoggedInTimeout: w.rng.Int64N(60), LoggedOutTimeout: w.rng.Int64N(60)}
	}
	return r
}

func (a *account) expiry() *int64 {
	switch a.w.rng.IntN(3) {
	case 0:
		return nil
	case 1:
		return new(int64)
	}
	return pointer(a.w.rng.Int64N(90))
}

// invoked holds an answer against what is durable: it is given only for what cannot be lost any more.
func (a *account) invoked(c *call, answer any, refused *switchyard.Error) {
	if refused != nil {
		a.w.fail("acknowledged", "an invoke call is refused: %v", refused)
		return
	}
	requests := c.input.(*switchyard.Invoke).Requests
	for n, r := range answer.([]switchyard.RequestResult) {
		a.w.checked("acknowledged")
		release := requests[n].Action == "release"
		i := a.model.interactions[r.Interaction]
		switch {
		case r.Status == switchyard.StatusFailed && !release && r.Code != switchyard.ExternalIDInUse && r.Code != switchyard.ProviderUnknown && r.Code != switchyard.AgentUnknown:
			a.w.fail("acknowledged", "request %s failed: %s %s", r.RequestID, r.Code, r.Detail)
		case r.Status == switchyard.StatusFailed:
		case i == nil:
			a.w.fail("acknowledged", "request %s was answered with %s: %s, which no durable row dispatched", r.RequestID, r.Status, r.Interaction)
		case release && !i.told && r.Status == switchyard.StatusAccepted:
			a.w.fail("acknowledged", "the release of %s was acknowledged, and it is %s", i.id, i.state)
		case !release && requests[n].RequestID != "" && a.acked(r) != r.Interaction:
			a.w.fail("once", "request %s was acknowledged as %s, and before as %s", r.RequestID, r.Interaction, a.acked(r))
		}
	}
}

// acked remembers as what a request was first acknowledged. An id may be that of a release, too.
func (a *account) acked(r switchyard.RequestResult) switchyard.ID {
	first, before := a.acknowledged[r.RequestID]
	if !before {
		first = r.Interaction
		a.acknowledged[r.RequestID] = first
	}
	return first
}
