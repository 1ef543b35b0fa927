package routing

import "switchyard"

// entry is a waiting interaction with its keys beside it, so that comparing touches no Item.
type entry struct {
	since   switchyard.Instant
	counter uint64 // of the id: ids of one account sort by it
	it      *Item
}

func (e *entry) before(o *entry) bool {
	if e.since != o.since {
		return e.since < o.since
	}
	return e.counter < o.counter
}

// lane holds the interactions of one bucket in the order (waiting since, id). Work nearly always
// comes in order and leaves from the front, so it is a queue: run, whose entries may be taken out
// anywhere (the entry stays, its item is nil, until the front passes or too many are gone). What
// comes out of order, such as declined work that returns with its age, stands in rest, a 4-ary
// heap.
type lane struct {
	run   []entry
	first int    // of the entries in use; run[first] has an item unless run is used up
	gone  int    // entries without an item behind first
	base  uint32 // an item's pos in run is base + its index, so that the front can be cut off
	rest  []entry
}

func (l *lane) len() int { return len(l.run) - l.first - l.gone + len(l.rest) }

// head returns the first entry; there must be one.
func (l *lane) head() *entry {
	if l.first == len(l.run) || len(l.rest) > 0 && l.rest[0].before(&l.run[l.first]) {
		return &l.rest[0]
	}
	return &l.run[l.first]
}

func (l *lane) push(it *Item) {
	e := entry{since: it.Since, counter: it.ID.Counter(), it: it}
	if n := len(l.run); n > 0 && !l.run[n-1].before(&e) {
		it.inRest = true
		l.rest = append(l.rest, e)
		l.up(len(l.rest) - 1)
		return
	}
	it.inRest = false
	it.pos = l.base + uint32(len(l.run))
	l.run = append(l.run, e)
}

func (l *lane) remove(it *Item) {
	if it.inRest {
		l.removeRest(int(it.pos))
		return
	}
	i := int(it.pos - l.base)
	l.run[i].it = nil
	l.gone++
	for l.first < len(l.run) && l.run[l.first].it == nil {
		l.first++
		l.gone--
	}
	l.tidy()
}

// tidy gives back what the queue no longer uses, at a cost its removals have paid for.
func (l *lane) tidy() {
	used := len(l.run) - l.first
	switch {
	case used == 0 && cap(l.run) > 64:
		l.run, l.first = nil, 0
	case used == 0:
		l.run, l.first = l.run[:0], 0
	case l.gone > 32 && l.gone*2 > used:
		l.compact()
	case l.first > 32 && l.first > used:
		l.base += uint32(l.first)
		l.run, l.first = shrunk(l.run[l.first:], l.run), 0
	}
}

// compact closes the gaps.
func (l *lane) compact() {
	live := l.run[:0]
	for _, e := range l.run[l.first:] {
		if e.it != nil {
			e.it.pos = l.base + uint32(len(live))
			live = append(live, e)
		}
	}
	l.first, l.gone = 0, 0
	l.run = shrunk(live, l.run)
}

// shrunk moves live to the start of old, or to a smaller array when old is mostly air.
func shrunk(live, old []entry) []entry {
	if cap(old) > 64 && len(live) < cap(old)/4 {
		return append(make([]entry, 0, 2*len(live)), live...)
	}
	n := copy(old[:cap(old)], live)
	clear(old[n:])
	return old[:n]
}

func (l *lane) removeRest(i int) {
	last := len(l.rest) - 1
	moved := l.rest[last]
	l.rest[last] = entry{}
	l.rest = l.rest[:last]
	if last == 0 && cap(l.rest) > 64 {
		l.rest = nil
	}
	if i == last {
		return
	}
	l.rest[i] = moved
	l.down(i)
	l.up(i)
}

func (l *lane) up(i int) {
	e := l.rest[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&l.rest[parent]) {
			break
		}
		l.rest[i] = l.rest[parent]
		l.rest[i].it.pos = uint32(i)
		i = parent
	}
	l.rest[i] = e
	e.it.pos = uint32(i)
}

func (l *lane) down(i int) {
	e := l.rest[i]
	for {
		least, child := -1, 4*i+1
		for c := child; c < min(child+4, len(l.rest)); c++ {
			if least < 0 || l.rest[c].before(&l.rest[least]) {
				least = c
			}
		}
		if least < 0 || !l.rest[least].before(&e) {
			break
		}
		l.rest[i] = l.rest[least]
		l.rest[i].it.pos = uint32(i)
		i = least
	}
	l.rest[i] = e
	e.it.pos = uint32(i)
}

// each calls f with every interaction, in no particular order.
func (l *lane) each(f func(*Item)) {
	for i := l.first; i < len(l.run); i++ {
		if it := l.run[i].it; it != nil {
			f(it)
		}
	}
	for i := range l.rest {
		f(l.rest[i].it)
	}
}

// countWhile counts the entries from the front for which before holds; it must not hold again after
// it failed once.
func (l *lane) countWhile(before func(*entry) bool) int {
	n := 0
	for i := l.first; i < len(l.run) && before(&l.run[i]); i++ {
		if l.run[i].it != nil {
			n++
		}
	}
	for i := range l.rest {
		if before(&l.rest[i]) {
			n++
		}
	}
	return n
}
