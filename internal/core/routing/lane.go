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
	run   list
	first int    // of the entries in use; run.at(first) has an item unless run is used up
	gone  int    // entries without an item behind first
	base  uint32 // an item's pos in run is base + its index, so that the front can be cut off
	rest  list
}

func (l *lane) len() int { return l.run.len() - l.first - l.gone + l.rest.len() }

// head returns the first entry; there must be one.
func (l *lane) head() *entry {
	if l.first == l.run.len() || l.rest.len() > 0 && l.rest.at(0).before(l.run.at(l.first)) {
		return l.rest.at(0)
	}
	return l.run.at(l.first)
}

func (l *lane) push(it *Item) {
	e := entry{since: it.Since, counter: it.ID.Counter(), it: it}
	n := l.run.len()
	if n > 0 && !l.run.at(n-1).before(&e) {
		it.inRest = true
		l.rest.push(e)
		l.up(l.rest.len() - 1)
		return
	}
	it.inRest = false
	it.pos = l.base + uint32(n)
	l.run.push(e)
}

func (l *lane) remove(it *Item) {
	if it.inRest {
		l.removeRest(int(it.pos))
		return
	}
	l.run.at(int(it.pos - l.base)).it = nil
	l.gone++
	for n := l.run.len(); l.first < n && l.run.at(l.first).it == nil; {
		l.first++
		l.gone--
	}
	l.tidy()
}

// tidy gives back what the queue no longer uses, at a cost its removals have paid for.
func (l *lane) tidy() {
	used := l.run.len() - l.first
	switch {
	case used == 0:
		l.run.clear()
		l.first = 0
	case l.gone > 32 && l.gone*8 > used*7:
		l.compact()
	case l.first >= blockLen:
		n := l.run.drop(l.first)
		l.base += uint32(n)
		l.first -= n
	case len(l.run.blocks) == 1 && l.first > 32 && l.first > used:
		l.base += uint32(l.first)
		l.run.slide(l.first)
		l.first = 0
	}
}

// compact closes the gaps. It waits until there is hardly anything else, for it touches every item:
// that of a long queue must not take long.
func (l *lane) compact() {
	n := 0
	for i := l.first; i < l.run.len(); i++ {
		if e := *l.run.at(i); e.it != nil {
			e.it.pos = l.base + uint32(n)
			*l.run.at(n) = e
			n++
		}
	}
	l.first, l.gone = 0, 0
	l.run.cut(n)
}

// list keeps entries in blocks, so that it grows and loses its front without being copied: of a million
// entries that would be megabytes at once. Every block but the last is full, and none is empty but an
// only one.
type list struct{ blocks [][]entry }

// blockLen is how many entries a block has.
const blockLen = 512

func (r *list) len() int {
	last := len(r.blocks) - 1
	if last < 0 {
		return 0
	}
	return last*blockLen + len(r.blocks[last])
}

func (r *list) at(i int) *entry { return &r.blocks[uint(i)/blockLen][uint(i)%blockLen] }

// push appends. The first block grows as it needs, because most lanes are short.
func (r *list) push(e entry) {
	last := len(r.blocks) - 1
	switch {
	case last < 0:
		r.blocks = append(r.blocks, []entry{e})
	case len(r.blocks[last]) < blockLen:
		r.blocks[last] = append(r.blocks[last], e)
	default:
		r.blocks = append(r.blocks, append(make([]entry, 0, blockLen), e))
	}
}

// drop takes whole blocks off the front that hold nothing but the first n entries, and returns how
// many entries went.
func (r *list) drop(n int) int {
	blocks := min(n/blockLen, len(r.blocks)-1)
	clear(r.blocks[:blocks])
	r.blocks = r.blocks[blocks:]
	return blocks * blockLen
}

// slide takes the first n entries off the only block, and gives it back when it is mostly air.
func (r *list) slide(n int) {
	old := r.blocks[0]
	live := old[n:]
	if cap(old) > 64 && len(live) < cap(old)/4 {
		r.blocks[0] = append(make([]entry, 0, 2*len(live)), live...)
		return
	}
	kept := copy(old, live)
	clear(old[kept:])
	r.blocks[0] = old[:kept]
}

// pop forgets the last entry; there must be one.
func (r *list) pop() {
	last := len(r.blocks) - 1
	end := len(r.blocks[last]) - 1
	r.blocks[last][end] = entry{}
	r.blocks[last] = r.blocks[last][:end]
	switch {
	case end == 0 && last == 0:
		r.clear()
	case end == 0:
		r.blocks[last] = nil
		r.blocks = r.blocks[:last]
	}
}

// cut keeps the first n entries, at least one.
func (r *list) cut(n int) {
	last := (n - 1) / blockLen
	clear(r.blocks[last+1:])
	r.blocks = r.blocks[:last+1]
	end := (n-1)%blockLen + 1
	clear(r.blocks[last][end:])
	r.blocks[last] = r.blocks[last][:end]
}

// clear forgets all entries and keeps a little room.
func (r *list) clear() {
	if len(r.blocks) == 1 && cap(r.blocks[0]) <= 64 {
		clear(r.blocks[0])
		r.blocks[0] = r.blocks[0][:0]
		return
	}
	r.blocks = nil
}

func (l *lane) removeRest(i int) {
	last := l.rest.len() - 1
	moved := *l.rest.at(last)
	l.rest.pop()
	if i == last {
		return
	}
	*l.rest.at(i) = moved
	l.down(i)
	l.up(i)
}

func (l *lane) up(i int) {
	e := *l.rest.at(i)
	for i > 0 {
		parent := l.rest.at((i - 1) / 4)
		if !e.before(parent) {
			break
		}
		*l.rest.at(i) = *parent
		parent.it.pos = uint32(i)
		i = (i - 1) / 4
	}
	*l.rest.at(i) = e
	e.it.pos = uint32(i)
}

func (l *lane) down(i int) {
	e, n := *l.rest.at(i), l.rest.len()
	for {
		var least *entry
		at, child := 0, 4*i+1
		for c := child; c < min(child+4, n); c++ {
			if other := l.rest.at(c); least == nil || other.before(least) {
				least, at = other, c
			}
		}
		if least == nil || !least.before(&e) {
			break
		}
		*l.rest.at(i) = *least
		least.it.pos = uint32(i)
		i = at
	}
	*l.rest.at(i) = e
	e.it.pos = uint32(i)
}

// each calls f with every interaction, in no particular order.
func (l *lane) each(f func(*Item)) {
	for i := l.first; i < l.run.len(); i++ {
		if it := l.run.at(i).it; it != nil {
			f(it)
		}
	}
	for i := range l.rest.len() {
		f(l.rest.at(i).it)
	}
}

// eachUpTo calls f with the first interactions that came in order, at most limit, and with all that did
// not, in no particular order.
func (l *lane) eachUpTo(limit int, f func(*Item)) {
	for i, n := l.first, 0; i < l.run.len() && n < limit; i++ {
		if it := l.run.at(i).it; it != nil {
			n++
			f(it)
		}
	}
	for i := range l.rest.len() {
		f(l.rest.at(i).it)
	}
}

// countWhile counts the entries from the front for which before holds; it must not hold again after
// it failed once.
func (l *lane) countWhile(before func(*entry) bool) int {
	n := 0
	for i := l.first; i < l.run.len() && before(l.run.at(i)); i++ {
		if l.run.at(i).it != nil {
			n++
		}
	}
	for i := range l.rest.len() {
		if before(l.rest.at(i)) {
			n++
		}
	}
	return n
}
