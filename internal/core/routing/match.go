package routing

import (
	"math/bits"

	"switchyard"
)

// Match returns the next pair of the rule: the first interaction in the order that some agent fits,
// with its best agent. The caller applies it (Remove, load, idle since, AgentChanged) and asks
// again until there is none. Everything due must have been Advanced before.
func (x *Index) Match(now switchyard.Instant) (*Item, *Agent, switchyard.Reason, bool) {
	x.reach(now)
	if x.ageing && x.dirty.at != now {
		x.heapify(now)
	}
	if len(x.gained) > x.maxGained {
		x.spreadGained()
	}
	b := x.first()
	if b == nil {
		return nil, nil, switchyard.Reason{}, false
	}
	it := b.lane.head().it
	a, reason := x.decide(it, b, now)
	return it, a, reason, true
}

// first returns the bucket whose head is the first interaction that some agent fits.
func (x *Index) first() *bucket {
	var best *bucket
	for len(x.dirty.slots) > 0 && best == nil {
		b := x.buckets[x.dirty.slots[0]]
		if x.holds(&b.need, x.free[b.class]) {
			best = b
		} else {
			x.unmark(b)
		}
	}
	kept := x.gained[:0]
	for _, a := range x.gained {
		b := x.firstOf(a)
		if b == nil {
			a.isGained = false
			continue
		}
		kept = append(kept, a)
		if best == nil || x.before(&x.heads[b.slot], &x.heads[best.slot]) {
			best = b
		}
	}
	x.gained = kept
	return best
}

// firstOf returns the bucket with the first head among those the agent fits.
func (x *Index) firstOf(a *Agent) *bucket {
	best, slot := noHead, int32(-1)
	for c := range x.free {
		if !x.free[c].has(a.num()) {
			continue
		}
		if s := x.leastOf(a.lists[c]); s >= 0 && x.before(&x.heads[s], &best) {
			best, slot = x.heads[s], s
		}
		for _, s := range x.wide[c] {
			if x.before(&x.heads[s], &best) && x.buckets[s].admits(x, a) {
				best, slot = x.heads[s], s
			}
		}
	}
	for _, s := range a.own {
		b := x.buckets[s]
		if x.before(&x.heads[s], &best) && !b.blocked && x.free[b.class].has(a.num()) {
			best, slot = x.heads[s], s
		}
	}
	if slot < 0 {
		return nil
	}
	return x.buckets[slot]
}

// leastOf returns the slot with the first head, -1 if all are empty.
func (x *Index) leastOf(slots []int32) int32 {
	best, slot := noHead, int32(-1)
	if x.ageing {
		for _, s := range slots {
			if x.before(&x.heads[s], &best) {
				best, slot = x.heads[s], s
			}
		}
		return slot
	}
	heads := x.heads
	for _, s := range slots {
		h := &heads[s]
		if h.rank < best.rank || h.rank == best.rank && h.counter < best.counter {
			best, slot = *h, s
		}
	}
	return slot
}

// spreadGained marks the buckets of agents that gained, instead of the agents.
func (x *Index) spreadGained() {
	wide := [switchyard.Classes]bool{}
	for _, a := range x.gained {
		a.isGained = false
		for c := range x.free {
			if x.free[c].has(a.num()) {
				wide[c] = true
				x.markAll(a.lists[c])
			}
		}
		x.markAll(a.own)
	}
	for c, some := range wide {
		if some {
			x.markAll(x.wide[c])
		}
	}
	clear(x.gained)
	x.gained = x.gained[:0]
}

func (x *Index) markAll(slots []int32) {
	for _, s := range slots {
		if x.heads[s] != noHead {
			x.mark(x.buckets[s])
		}
	}
}

// holds reports whether some agent of the given set may take what has this need.
func (x *Index) holds(n *need, among bitset) bool {
	if n.target != nil {
		return n.target.place != 0 && !n.blocked && among.has(n.target.num())
	}
	for i, w := range among {
		if w == 0 {
			continue
		}
		w &= n.eligibleWord(x, i)
		for _, a := range n.cooling {
			if a.place != 0 && int(a.num()>>6) == i {
				w &^= 1 << (a.num() & 63)
			}
		}
		if w != 0 {
			return true
		}
	}
	return false
}

func lowest(w uint64, i int) int32 { return int32(i<<6 + bits.TrailingZeros64(w)) }

// survey counts who fits and who does not, why, and leaves those who fit in scratch.fit.
func (x *Index) survey(n *need) (considered int, e switchyard.Excluded) {
	x.scratch.fit = x.scratch.fit[:0]
	if n.target != nil {
		return x.surveyTarget(n)
	}
	// One set after the other is taken off those that are ready; what goes each time is the count.
	fit := append(x.scratch.fit, x.ready...)
	left := x.readyCount
	e.NotReady = x.count - left
	less := func(s bitset) int {
		before := left
		left = fit.keep(s)
		return before - left
	}
	if n.groups != nil {
		e.Group = less(n.groups.members)
	}
	for _, id := range n.skills {
		e.Skill += less(x.skills[id].holders)
	}
	e.Room = less(x.free[n.class])
	considered = left
	for _, a := range n.cooling {
		if a.place == 0 || !x.ready.has(a.num()) || !n.eligible(x, a) {
			continue
		}
		e.Cooldown++
		if fit.has(a.num()) {
			fit.clear(a.num())
			considered--
		} else {
			e.Room--
		}
	}
	x.scratch.fit = fit
	return considered, e
}

// surveyTarget is survey for work that one agent alone may take.
func (x *Index) surveyTarget(n *need) (considered int, e switchyard.Excluded) {
	e.Other = x.count
	if n.target.place == 0 {
		return 0, e
	}
	e.Other--
	num := n.target.num()
	switch {
	case !x.ready.has(num):
		e.NotReady = 1
	case n.blocked:
		e.Cooldown = 1
	case !x.free[n.class].has(num):
		e.Room = 1
	default:
		x.scratch.fit.set(num)
		return 1, e
	}
	return 0, e
}
