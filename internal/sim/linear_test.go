package sim

import (
	"testing"

	"switchyard"
)

// Histories that no order explains are told from those that one does.
func TestHistories(t *testing.T) {
	one, other := switchyard.ID{15: 1}, switchyard.ID{15: 2}
	invoke := &switchyard.Invoke{Requests: []switchyard.Request{{RequestID: "r1"}}}
	came := func(status string, id switchyard.ID) any {
		return []switchyard.RequestResult{{RequestID: "r1", Status: status, Interaction: id}}
	}
	act := func(action switchyard.Action, agent string) *switchyard.Act {
		return &switchyard.Act{Interaction: one, Action: action, Agent: agent}
	}
	for _, c := range []struct {
		name  string
		calls func(h *history)
		fails bool
	}{
		{"a repeat is a duplicate", func(h *history) {
			h.note(invoke, came("accepted", one), nil, h.now())
			h.note(invoke, came("duplicate", one), nil, h.now())
		}, false},
		{"a repeat overtakes", func(h *history) {
			sent := h.now()
			h.note(invoke, came("duplicate", one), nil, h.now())
			h.note(invoke, came("accepted", one), nil, sent)
		}, false},
		{"a repeat of what nobody heard of", func(h *history) {
			h.note(invoke, nil, nil, h.now())
			h.note(invoke, came("duplicate", one), nil, h.now())
		}, false},
		{"accepted twice", func(h *history) {
			h.note(invoke, came("accepted", one), nil, h.now())
			h.note(invoke, came("accepted", other), nil, h.now())
		}, true},
		{"a duplicate of nothing", func(h *history) {
			h.note(invoke, came("duplicate", one), nil, h.now())
			h.note(invoke, came("failed", one), nil, h.now())
		}, true},
		{"failed after it was accepted", func(h *history) {
			h.note(invoke, came("accepted", one), nil, h.now())
			h.note(invoke, came("failed", switchyard.ID{}), nil, h.now())
		}, true},
		{"accepted by one, given to another", func(h *history) {
			h.note(act("accept", "ada"), one, nil, h.now())
			h.note(act("transfer", "ada"), one, nil, h.now())
			h.note(act("accept", "bo"), one, nil, h.now())
		}, false},
		{"accepted by two", func(h *history) {
			h.note(act("accept", "ada"), one, nil, h.now())
			h.note(act("accept", "bo"), one, nil, h.now())
		}, true},
		{"released by another", func(h *history) {
			h.note(act("accept", "ada"), one, nil, h.now())
			h.note(act("release", "bo"), one, nil, h.now())
		}, true},
		{"parked, gone back by itself and connected by a queue to another", func(h *history) {
			h.note(act("accept", "ada"), one, nil, h.now())
			h.note(act("hold", "ada"), one, nil, h.now())
			h.note(act("hold", "bo"), one, nil, h.now())
		}, false},
		{"released by another, for a document was published meanwhile", func(h *history) {
			h.note(act("accept", "ada"), one, nil, h.now())
			h.note(&switchyard.Publish{}, 2, nil, h.now())
			h.note(act("accept", "bo"), one, nil, h.now())
		}, false},
		{"released twice at the same time", func(h *history) {
			sent := h.now()
			h.note(act("release", "ada"), one, nil, h.now())
			h.note(act("release", "ada"), one, nil, sent)
		}, true},
		{"released by a call and refused to its agent", func(h *history) {
			h.note(&switchyard.Invoke{Requests: []switchyard.Request{{Action: "release"}}}, came("accepted", one), nil, h.now())
			h.note(act("release", "ada"), nil, switchyard.Refuse(switchyard.WrongState, "over"), h.now())
		}, false},
	} {
		var h history
		c.calls(&h)
		if failed := h.check() != nil; failed != c.fails {
			t.Errorf("%s: fails %t", c.name, failed)
		}
	}
}
