package crash

import (
	"math/rand/v2"
	"sync"
)

// ledger is what one account's callers know: what they asked for, and what they were told became of
// it. It is held against what the server has in the end.
type ledger struct {
	faults *faults

	mu       sync.Mutex
	requests map[string]*request // by requestid
	order    []*request          // acknowledged dispatches, for choosing one
	acts     map[act]int         // actions of agents that were acknowledged
	calls    []*sent             // some acknowledged calls
	unknowns int                 // answers that never came
}

// request is one element of an invoke call.
type request struct {
	id, externalID, provider, route string
	release                         bool

	interaction string // as answered; "" = not acknowledged, or not told
	accepted    bool
}

// act is something an agent did.
type act struct{ action, interaction, agent string }

// sent is a call by the id of its answer.
type sent struct {
	correlation string
	requests    []string
}

// result is what the server answers of one request to whoever prefers to know.
type result struct {
	RequestID   string `json:"requestid"`
	ExternalID  string `json:"externalid"`
	Status      string `json:"status"`
	Interaction string `json:"interaction"`
	Reason      struct {
		Code string `json:"code"`
	} `json:"reason"`
}

func newLedger(f *faults) *ledger {
	return &ledger{faults: f, requests: map[string]*request{}, acts: map[act]int{}}
}

// ask enters a request before it is sent.
func (l *ledger) ask(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests[r.id] = r
}

// tell enters what the server said of a request. maybe means that it may have taken it before: the
// request was sent already, and no answer came.
func (l *ledger) tell(r *request, got result, maybe bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch got.Status {
	case "accepted":
		if r.accepted {
			l.faults.add(lostFault, "request %s was acknowledged before, and was taken for new", r.id)
		}
	case "duplicate":
		if !r.accepted && !maybe {
			l.faults.add(twiceFault, "request %s is new, and was taken for a repeat", r.id)
		}
	default:
		l.refused(r, got)
		return
	}
	switch {
	case r.interaction != "" && got.Interaction != r.interaction:
		l.faults.add(twiceFault, "request %s was answered with interaction %s, then %s", r.id, r.interaction, got.Interaction)
	case got.RequestID != r.id || got.Interaction == "":
		l.faults.add(answerFault, "request %s was answered %+v", r.id, got)
	}
	l.accept(r)
	r.interaction = got.Interaction
}

// refused checks that a request was refused for one of the reasons there may be.
func (l *ledger) refused(r *request, got result) {
	allowed := got.Reason.Code == "externalid_in_use" && !r.release ||
		got.Reason.Code == "interaction_not_found" && r.release
	if got.Status != "failed" || !allowed || r.accepted {
		l.faults.add(answerFault, "request %s was answered %+v", r.id, got)
	}
}

// done enters that a call was answered 200 without details: the request was taken, or failed.
func (l *ledger) done(r *request, taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !taken && r.accepted {
		l.faults.add(lostFault, "request %s was acknowledged before, and failed", r.id)
	}
	if taken {
		l.accept(r)
	}
}

func (l *ledger) accept(r *request) {
	if !r.accepted && !r.release {
		l.order = append(l.order, r)
	}
	r.accepted = true
}

// keep remembers some of the calls that were answered.
func (l *ledger) keep(c *sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.calls) < 300 {
		l.calls = append(l.calls, c)
	}
}

// missed counts answers that never came.
func (l *ledger) missed(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unknowns += n
}

// acted enters an action of an agent that was acknowledged.
func (l *ledger) acted(a act) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acts[a]++
}

// dispatched returns an acknowledged dispatch, one of the newest so many; nil when there is none.
func (l *ledger) dispatched(rnd *rand.Rand, newest int) *request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.order) == 0 {
		return nil
	}
	return l.order[len(l.order)-1-rnd.IntN(min(newest, len(l.order)))]
}

// copyOf returns a request as it is now.
func (l *ledger) copyOf(r *request) request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *r
}
