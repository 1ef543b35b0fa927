package sim

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"switchyard"
)

// What callers saw, and nothing else, must be explained by a model of the contract that does one thing
// at a time: whatever overlapped can be put into one order. The search for that order is porcupine's.

// deal is a call about one thing, as its caller saw it.
type deal struct {
	about string // a request id, or an interaction
	what  string
	who   string
}

// fate is what became of it.
type fate struct {
	word string // accepted, duplicate, failed, done, refused; unknown = nobody heard
	id   switchyard.ID
}

const unknown = "unknown"

// history is what the callers of an account saw.
type history struct {
	tick int64
	all  []porcupine.Operation
}

// now is the next moment. No two things happen at the same.
func (h *history) now() int64 {
	h.tick++
	return h.tick
}

func (h *history) add(d deal, f fate, sent int64) {
	back := h.now()
	if f.word == unknown {
		back = math.MaxInt64 // it may still take effect
	}
	h.all = append(h.all, porcupine.Operation{Input: d, Output: f, Call: sent, Return: back})
}

// note keeps what became of a call; answer and refused are nil when nobody heard.
func (h *history) note(in switchyard.Input, answer any, refused *switchyard.Error, sent int64) {
	word := "done"
	switch {
	case refused != nil:
		word = "refused"
	case answer == nil:
		word = unknown
	}
	switch in := in.(type) {
	case *switchyard.Invoke:
		results, _ := answer.([]switchyard.RequestResult)
		for n, r := range in.Requests {
			f := fate{word: word}
			if results != nil {
				f = fate{results[n].Status, results[n].Interaction}
				if results[n].Code == switchyard.ProviderUnknown {
					continue // it is looked at before the request id
				}
			}
			if r.RequestID != "" {
				h.add(deal{about: "request " + r.RequestID, what: "invoke"}, f, sent)
			}
			if r.Action == "release" && f.word == switchyard.StatusAccepted {
				h.add(deal{about: "interaction " + f.id.String(), what: "apirelease"}, fate{word: "done"}, sent)
			}
		}
	case *switchyard.Act:
		what := string(in.Action)
		if in.Supervisor {
			what = "supervisor " + what
		}
		h.add(deal{"interaction " + in.Interaction.String(), what, in.Agent}, fate{word: word}, sent)
	case *switchyard.Publish:
		h.add(deal{what: "publish"}, fate{word: word}, sent)
	}
}

// byThing gives each thing the calls about it, and the documents published meanwhile: they may have
// taken away an agent.
func (h *history) byThing() map[string][]porcupine.Operation {
	things := map[string][]porcupine.Operation{}
	var published []porcupine.Operation
	for _, o := range h.all {
		if about := o.Input.(deal).about; about != "" {
			things[about] = append(things[about], o)
		} else {
			published = append(published, o)
		}
	}
	for about, ops := range things {
		if strings.HasPrefix(about, "interaction ") {
			things[about] = append(ops, published...)
		}
	}
	return things
}

// check returns the calls about the first thing that no order explains; nil when there is none.
func (h *history) check() []porcupine.Operation {
	things := h.byThing()
	for _, about := range slices.Sorted(maps.Keys(things)) {
		m := requestModel
		if strings.HasPrefix(about, "interaction ") {
			m = interactionModel
		}
		if ops := things[about]; len(ops) > 1 && !porcupine.CheckOperations(m, ops) {
			return ops
		}
	}
	return nil
}

func (a *account) checkHistory() {
	a.w.checked("linear")
	ops := a.history.check()
	if ops == nil {
		return
	}
	var text strings.Builder
	for _, o := range ops {
		fmt.Fprintf(&text, "\n  from %d to %d: %+v came to %+v", o.Call, o.Return, o.Input, o.Output)
	}
	a.w.fail("linear", "account %s: no order explains%s", a.name, text.String())
}

// requestModel is the contract of a request id: it is used up by the first request that is accepted, and
// whoever sends it again hears of that one.
var requestModel = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{switchyard.ID{}} },
	Step: func(state, _, output any) []any {
		used, f := state.(switchyard.ID), output.(fate)
		switch {
		case f.word == unknown && used.IsZero():
			return []any{used, someID}
		case f.word == unknown, f.word == "refused":
			return []any{used}
		case f.word == switchyard.StatusAccepted && used.IsZero(),
			f.word == switchyard.StatusDuplicate && (used == f.id || used == someID):
			return []any{f.id}
		case f.word == switchyard.StatusFailed && used.IsZero():
			return []any{used}
		}
		return nil
	},
}).ToModel()

// someID is what a request became that nobody heard of.
var someID = switchyard.ID{1}

// hands is who has an interaction, by what callers can know.
type hands struct {
	holder string
	parked bool // or on hold: what is parked goes back by itself after a while
	over   bool // it was released
}

// interactionModel is the contract of an interaction: one agent at a time has it, and it is released once.
var interactionModel = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{hands{}} },
	Step: func(state, input, output any) []any {
		before, d := state.(hands), input.(deal)
		after, possible := before.next(d)
		switch output.(fate).word {
		case "refused":
			return []any{before}
		case "done":
			if !possible {
				return nil
			}
			if d.what == "publish" {
				return []any{before, after}
			}
			return []any{after}
		}
		if !possible {
			return []any{before}
		}
		return []any{before, after}
	},
}).ToModel()

// next is what an interaction comes to by what is done to it; false when that cannot be.
func (h hands) next(d deal) (hands, bool) {
	free := h.holder == "" || h.parked
	mine := !h.over && (h.holder == d.who || free) // some queues connect without being asked
	switch switchyard.Action(d.what) {
	case switchyard.ActAccept:
		return hands{holder: d.who}, !h.over && free
	case switchyard.ActDecline:
		return hands{}, !h.over && free
	case switchyard.ActHold:
		return hands{holder: d.who, parked: true}, mine
	case switchyard.ActRetrieve:
		return hands{holder: d.who}, mine
	case switchyard.ActTransfer:
		return hands{}, mine
	case switchyard.ActRelease:
		return hands{over: true}, mine
	case switchyard.ActComplete, switchyard.ActExtend:
		return h, h.over
	}
	switch d.what {
	case "apirelease":
		return hands{over: true}, !h.over
	case "supervisor requeue", "supervisor assign":
		return hands{}, !h.over
	case "supervisor release":
		return hands{over: true}, true
	case "publish":
		return hands{over: h.over}, true
	}
	return h, true // its band
}
