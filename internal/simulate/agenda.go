package simulate

import "switchyard"

// event is something a person will do. It is found stale, and nothing happens, when its turn is not that
// of whom it is about any more.
type event struct {
	at       switchyard.Instant
	order    uint64 // events of one instant happen in the order they were planned
	do       deed
	turn     uint32
	number   int // of a stream, or an interval
	customer *customer
	worker   *worker
	effect   *switchyard.Effect
}

// deed is what a person does.
type deed uint8

const (
	doStaff      deed = iota // a new interval: shifts end and begin
	doArrive                 // the next customer of a stream
	doRetry                  // a customer who gave up comes again
	doLeave                  // a customer loses patience
	doAccept                 // an agent takes an offer
	doRelease                // an agent is done
	doComplete               // an agent has wrapped up
	doExtend                 // an agent needs longer than the queue's wrap
	doBreak                  // an agent's break is due
	doBreakEnded             // it is over
	doAnswer                 // the world answers an effect
)

// agenda is a binary heap of events, earliest first.
type agenda struct {
	heap  []event
	order uint64
}

func (a *agenda) next() switchyard.Instant {
	if len(a.heap) == 0 {
		return switchyard.Never
	}
	return a.heap[0].at
}

func (e *event) before(other *event) bool {
	return e.at < other.at || e.at == other.at && e.order < other.order
}

func (a *agenda) add(e event) {
	a.order++
	e.order = a.order
	n := len(a.heap)
	a.heap = append(a.heap, e)
	for n > 0 {
		up := (n - 1) / 2
		if !e.before(&a.heap[up]) {
			break
		}
		a.heap[n] = a.heap[up]
		n = up
	}
	a.heap[n] = e
}

func (a *agenda) pop() event {
	top, last := a.heap[0], len(a.heap)-1
	e := a.heap[last]
	a.heap[last] = event{}
	a.heap = a.heap[:last]
	if last == 0 {
		return top
	}
	n := 0
	for {
		least := 2*n + 1
		if least >= last {
			break
		}
		if right := least + 1; right < last && a.heap[right].before(&a.heap[least]) {
			least = right
		}
		if !a.heap[least].before(&e) {
			break
		}
		a.heap[n] = a.heap[least]
		n = least
	}
	a.heap[n] = e
	return top
}
