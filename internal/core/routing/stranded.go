package routing

import "switchyard"

// strandedSet holds, first id on top, the items for which the noagents exit may have become due.
// Whatever is stranded is in it; what is in it is looked at before it is believed.
type strandedSet struct {
	heap     []*Item
	suspects []*bucket
}

// Stranded returns the first, in the order of ids, of the waiting interactions whose queue has a
// noagents exit, that are bound to no agent, and for which nobody who is eligible is logged in.
func (x *Index) Stranded(now switchyard.Instant) *Item {
	x.reach(now)
	for _, b := range x.stranded.suspects {
		b.suspect = false
		if b.lane.len() > 0 && !x.staffed(b) {
			b.lane.each(x.stranded.add)
		}
	}
	clear(x.stranded.suspects)
	x.stranded.suspects = x.stranded.suspects[:0]
	for len(x.stranded.heap) > 0 {
		it := x.stranded.heap[0]
		if !x.staffed(it.in) {
			return it
		}
		x.stranded.drop(it)
	}
	return nil
}

// staffed reports whether somebody who holds every requirement and is in the groups is logged in.
// Cool-downs do not count: whoever declined is there.
func (x *Index) staffed(b *bucket) bool {
	if n := b.witness - 1; n >= 0 && x.loggedIn.has(n) && b.eligibleWord(x, int(n>>6))>>(n&63)&1 == 1 {
		return true
	}
	b.witness = 0
	for i, in := range x.loggedIn {
		if in == 0 {
			continue
		}
		if w := in & b.eligibleWord(x, i); w != 0 {
			b.witness = lowest(w, i) + 1
			return true
		}
	}
	return false
}

// suspectOf notes that the agent, who is about to leave or to change, may have been the last one
// logged in for its buckets.
func (x *Index) suspectOf(a *Agent) {
	if x.exits == 0 || !x.loggedIn.has(a.num()) {
		return
	}
	note := func(b *bucket) {
		if b.noAgents && !b.suspect && b.lane.len() > 0 && b.eligible(x, a) {
			b.suspect = true
			x.stranded.suspects = append(x.stranded.suspects, b)
		}
	}
	for _, s := range a.Skills {
		for _, slot := range x.skills[s.Skill].buckets {
			note(x.buckets[slot])
		}
	}
	for _, slot := range x.bare {
		note(x.buckets[slot])
	}
}

// eligible reports whether a has the requirements and is in the groups.
func (n *need) eligible(x *Index, a *Agent) bool {
	return n.eligibleWord(x, int(a.num()>>6))>>(a.num()&63)&1 == 1
}

func (s *strandedSet) add(it *Item) {
	if it.strandedAt != 0 {
		return
	}
	s.heap = append(s.heap, it)
	it.strandedAt = int32(len(s.heap))
	s.up(len(s.heap) - 1)
}

func (s *strandedSet) drop(it *Item) {
	if it.strandedAt == 0 {
		return
	}
	i, last := int(it.strandedAt-1), len(s.heap)-1
	moved := s.heap[last]
	s.heap[last] = nil
	s.heap = s.heap[:last]
	it.strandedAt = 0
	if i < last {
		s.put(i, moved)
		s.down(i)
		s.up(i)
	}
}

func (s *strandedSet) put(i int, it *Item) {
	s.heap[i] = it
	it.strandedAt = int32(i + 1)
}

func (s *strandedSet) less(a, b *Item) bool { return a.ID.Counter() < b.ID.Counter() }

func (s *strandedSet) up(i int) {
	it := s.heap[i]
	for i > 0 && s.less(it, s.heap[(i-1)/2]) {
		s.put(i, s.heap[(i-1)/2])
		i = (i - 1) / 2
	}
	s.put(i, it)
}

func (s *strandedSet) down(i int) {
	it := s.heap[i]
	for {
		child := 2*i + 1
		if child >= len(s.heap) {
			break
		}
		if child+1 < len(s.heap) && s.less(s.heap[child+1], s.heap[child]) {
			child++
		}
		if !s.less(s.heap[child], it) {
			break
		}
		s.put(i, s.heap[child])
		i = child
	}
	s.put(i, it)
}
