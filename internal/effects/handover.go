package effects

import "switchyard"

// Handover stands between the owner of one account and the worker: it hands effects over and
// remembers, by id only, those of targets the worker has no room for. The owner alone uses it. A
// rebuilt account begins with a new one.
type Handover struct {
	account string
	perform func(account string, e *switchyard.Effect) bool
	behind  map[Target]*fifo[pending]
}

// pending is an attempt that is still to be handed over.
type pending struct {
	effect  switchyard.ID
	attempt int
}

// NewHandover makes a Handover; perform is Worker.Perform.
func NewHandover(account string, perform func(string, *switchyard.Effect) bool) *Handover {
	return &Handover{account: account, perform: perform, behind: map[Target]*fifo[pending]{}}
}

// Give hands over an effect whose time has come and whose lane is free. The effects of one target
// are handed over in the order they are given.
func (h *Handover) Give(e *switchyard.Effect) {
	target := TargetOf(h.account, e)
	waiting := h.behind[target]
	if waiting == nil {
		if h.perform(h.account, e) {
			return
		}
		waiting = &fifo[pending]{}
		h.behind[target] = waiting
	}
	waiting.push(pending{e.ID, e.Attempt})
}

// Room goes on with a target the worker has room for again (Options.Room). find returns an effect
// of the state, nil when it is gone; one that is at another attempt by now was given anew.
func (h *Handover) Room(target Target, find func(switchyard.ID) *switchyard.Effect) {
	waiting := h.behind[target]
	if waiting == nil {
		return
	}
	for waiting.size() > 0 {
		next := waiting.first()
		e := find(next.effect)
		if e != nil && e.Attempt == next.attempt && !h.perform(h.account, e) {
			return
		}
		waiting.pop()
	}
	delete(h.behind, target)
}

// Behind returns how many effects are still to be handed over.
func (h *Handover) Behind() int {
	n := 0
	for _, waiting := range h.behind {
		n += waiting.size()
	}
	return n
}
