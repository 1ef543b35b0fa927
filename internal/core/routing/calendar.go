package routing

import (
	"slices"

	"switchyard"
)

// calendar knows when time alone changes who fits a waiting interaction. The interactions of one
// instant are chained through themselves: a million alarms, each at its own instant or all at
// once, cost little either way.
type calendar struct {
	days   map[switchyard.Instant]day
	heap   []switchyard.Instant // of the days, and of some that are gone
	sorted switchyard.Instant   // the day whose chain is in the order of ids, being taken
}

type day struct{ head, tail *Item }

func newCalendar() calendar { return calendar{days: map[switchyard.Instant]day{}} }

// set gives the item one alarm; Never or 0 is none.
func (c *calendar) set(it *Item, at switchyard.Instant) {
	if at == switchyard.Never {
		at = 0
	}
	if at == it.alarm {
		return
	}
	c.drop(it)
	if at == 0 {
		return
	}
	d, known := c.days[at]
	if !known {
		c.push(at)
	}
	it.alarm, it.alarmPrev = at, d.tail
	if d.tail == nil {
		d.head = it
	} else {
		d.tail.alarmNext = it
	}
	d.tail = it
	c.days[at] = d
}

func (c *calendar) drop(it *Item) {
	if it.alarm == 0 {
		return
	}
	prev, next := it.alarmPrev, it.alarmNext
	if prev != nil {
		prev.alarmNext = next
	}
	if next != nil {
		next.alarmPrev = prev
	}
	if prev == nil || next == nil {
		c.trim(it, prev, next)
	}
	it.alarm, it.alarmPrev, it.alarmNext = 0, nil, nil
}

// trim corrects the ends of a chain that lost one of them.
func (c *calendar) trim(it, prev, next *Item) {
	if prev == nil && next == nil {
		delete(c.days, it.alarm)
		return
	}
	d := c.days[it.alarm]
	if prev == nil {
		d.head = next
	} else {
		d.tail = prev
	}
	c.days[it.alarm] = d
}

// next returns the earliest instant with an alarm, or Never.
func (c *calendar) next() switchyard.Instant {
	for len(c.heap) > 0 {
		if _, live := c.days[c.heap[0]]; live {
			return c.heap[0]
		}
		c.pop()
	}
	return switchyard.Never
}

// take returns the first item in the order of ids of the day at, which must exist and lie in the
// past, so that nobody joins it any more. The item keeps its alarm.
func (c *calendar) take(at switchyard.Instant) *Item {
	if c.sorted != at {
		c.sort(at)
		c.sorted = at
	}
	return c.days[at].head
}

// sort brings the chain of a day into the order of ids; mostly it is.
func (c *calendar) sort(at switchyard.Instant) {
	d := c.days[at]
	ordered, n := true, 1
	for it := d.head; it.alarmNext != nil; it = it.alarmNext {
		ordered = ordered && it.ID.Counter() < it.alarmNext.ID.Counter()
		n++
	}
	if ordered {
		return
	}
	all := make([]entry, 0, n)
	for it := d.head; it != nil; it = it.alarmNext {
		all = append(all, entry{counter: it.ID.Counter(), it: it})
	}
	slices.SortFunc(all, func(a, b entry) int {
		if a.counter < b.counter {
			return -1
		}
		return 1
	})
	for i := range all {
		it := all[i].it
		it.alarmPrev, it.alarmNext = nil, nil
		if i > 0 {
			it.alarmPrev = all[i-1].it
			it.alarmPrev.alarmNext = it
		}
	}
	c.days[at] = day{head: all[0].it, tail: all[n-1].it}
}

func (c *calendar) push(at switchyard.Instant) {
	if len(c.heap) > 2*len(c.days)+1024 {
		c.rebuild()
	}
	h := append(c.heap, at)
	i := len(h) - 1
	for i > 0 && at < h[(i-1)/2] {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = at
	c.heap = h
}

func (c *calendar) pop() {
	h := c.heap
	last := len(h) - 1
	at, i := h[last], 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && h[child+1] < h[child] {
			child++
		}
		if h[child] >= at {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = at
	c.heap = h[:last]
}

// rebuild forgets the instants of days that are gone. A sorted slice is a heap, so the order in
// which the map tells its keys leaves no trace.
func (c *calendar) rebuild() {
	c.heap = c.heap[:0]
	for at := range c.days {
		c.heap = append(c.heap, at)
	}
	slices.Sort(c.heap)
}
