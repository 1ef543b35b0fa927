package effects

import (
	"time"

	"switchyard"
)

// target is one Target with work: it exists while something waits or is in flight.
type target struct {
	name     Target
	waiting  queue
	making   int         // attempts being made: the first is of firsts, the others are of its pool
	flying   int         // making, and results being reported
	silent   bool        // the last attempt got no answer in time: one at a time until one does
	refused  bool        // Perform said no since Room was last told
	resting  *time.Timer // its pace lets no attempt be made before this goes off
	idleLine bool        // stands in line for its first attempt
	busyLine bool        // stands in line for one more
}

// poolOf is where t gets the place of its next attempt.
func (w *Worker) poolOf(t *target) *pool {
	switch {
	case t.making == 0:
		return w.firsts
	case t.name.Kind == switchyard.EffectConnector:
		return w.asked
	}
	return w.others
}

func (w *Worker) target(name Target) *target {
	t := w.targets[name]
	if t == nil {
		t = &target{name: name}
		w.targets[name] = t
	}
	return t
}

// wants reports whether t would make one more attempt if it were given a place.
func (w *Worker) wants(t *target) bool {
	limit := w.limits.PerTarget
	if t.name.Kind == switchyard.EffectConnector {
		limit = w.limits.PerHost
	}
	if t.silent {
		limit = 1
	}
	return w.open && t.resting == nil && t.waiting.size() > 0 && t.flying < limit
}

// enrol puts t into the line it has to wait in.
func (w *Worker) enrol(t *target) {
	if !w.wants(t) {
		return
	}
	standing := &t.busyLine
	if t.making == 0 {
		standing = &t.idleLine
	}
	if !*standing {
		*standing = true
		w.poolOf(t).queue(t)
	}
}

// serve gives the free places to the targets in line.
func (w *Worker) serve() {
	for _, p := range [...]*pool{w.firsts, w.others, w.asked} {
		for t := p.next(); t != nil; t = p.next() {
			if p == w.firsts {
				t.idleLine = false
			} else {
				t.busyLine = false
			}
			if (t.making == 0) == (p == w.firsts) && w.wants(t) && w.mayGo(t) {
				w.launch(t)
			}
			w.enrol(t)
		}
	}
}

func (w *Worker) launch(t *target) {
	w.poolOf(t).take(t.name.Account)
	t.making++
	t.flying++
	w.inFlight++
	e := t.waiting.pop()
	if t.refused && t.waiting.size() <= w.limits.Backlog/2 {
		t.refused = false
		w.roomFor = append(w.roomFor, t.name)
	}
	w.metrics.waiting.Dec()
	w.metrics.flying.Inc()
	w.flights.Add(1)
	w.fly(t, e)
}

// land frees the place of an attempt that was made. It is forgotten before it is reported, because
// an account that is rebuilt while the report is under way hands it over again and must be heard.
func (w *Worker) land(t *target, e *switchyard.Effect, o Outcome) {
	t.making--
	w.poolOf(t).free(t.name.Account)
	t.silent = o.Silent
	delete(w.known, attemptOf(t.name.Account, e))
	w.enrol(t)
	w.serve()
}

// leave ends an attempt whose result was reported.
func (w *Worker) leave(t *target) {
	t.flying--
	w.inFlight--
	w.metrics.flying.Dec()
	w.enrol(t)
	w.serve()
	if t.flying == 0 && t.waiting.size() == 0 {
		delete(w.targets, t.name)
	}
}

// unlock releases the lock and then tells for whom there is room again. Perform does not use it:
// its caller may be the one who is told.
func (w *Worker) unlock() {
	told := w.roomFor
	w.roomFor = nil
	if w.stopped || w.options.Room == nil {
		told = nil
	}
	w.mu.Unlock()
	for _, name := range told {
		w.options.Room(name)
	}
}

// queue holds effects in the order they came.
type queue = fifo[switchyard.Effect]

// fifo is a first-in, first-out list whose memory stays in proportion to what it holds.
type fifo[T any] struct {
	items []T
	head  int
}

func (f *fifo[T]) size() int { return len(f.items) - f.head }

func (f *fifo[T]) first() T { return f.items[f.head] }

func (f *fifo[T]) push(item T) {
	if len(f.items) == cap(f.items) && f.head > len(f.items)/2 {
		kept := copy(f.items, f.items[f.head:])
		clear(f.items[kept:])
		f.items, f.head = f.items[:kept], 0
	}
	f.items = append(f.items, item)
}

func (f *fifo[T]) pop() T {
	var zero T
	item := f.items[f.head]
	f.items[f.head] = zero
	f.head++
	if f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	}
	return item
}
