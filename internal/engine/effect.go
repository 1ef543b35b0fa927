package engine

import "switchyard"

// Handover takes the effects of one account whose time has come, on their way to whoever performs
// them. Only the account's owner calls it, and it never waits: what cannot be performed yet it
// remembers, and asks for again through Engine.Room.
type Handover interface {
	Give(e *switchyard.Effect)
}

// Room runs resume in the owner of an account with its present hand-over, because whoever performs
// effects has room for more. find returns a pending effect, nil when it is gone.
func (e *Engine) Room(account string, resume func(h Handover, find func(switchyard.ID) *switchyard.Effect)) {
	o, refused := e.owner(account)
	if refused != nil {
		return
	}
	o.post(func() {
		if o.machine != nil && o.effects.over != nil {
			resume(o.effects.over, o.findEffect)
		}
	})
}

// handover is the owner's side of performing effects.
type handover struct {
	over Handover
	// flying are the effects that were handed over and not reported yet. Only the manual clock
	// needs to know: it lets them finish before time goes on.
	flying map[switchyard.ID]struct{}
}

// begin starts over with the effects that are due and were not reported. Some may be under way
// already; who performs them knows.
func (h *handover) begin(o *owner) {
	h.over, h.flying = nil, map[switchyard.ID]struct{}{}
	if o.e.options.Effects == nil {
		return
	}
	h.over = o.e.options.Effects(o.account)
	o.machine.Effects(func(e switchyard.Effect, due bool) bool {
		if due {
			h.hand(o, &e)
		}
		return true
	})
}

// give hands over an effect a durable row asked for, unless later decisions took it back.
func (h *handover) give(o *owner, id switchyard.ID) {
	if h.over == nil {
		return
	}
	if e := o.findEffect(id); e != nil {
		h.hand(o, e)
	}
}

func (h *handover) hand(o *owner, e *switchyard.Effect) {
	if o.e.Manual() {
		h.flying[e.ID] = struct{}{}
	}
	o.e.metrics.effects.Inc()
	h.over.Give(e)
}

// done forgets an effect whose attempt was reported.
func (h *handover) done(id switchyard.ID) { delete(h.flying, id) }

func (o *owner) findEffect(id switchyard.ID) *switchyard.Effect {
	if e, ok := o.machine.Effect(id); ok {
		return &e
	}
	return nil
}
