package routing

import "switchyard"

// weights of the bands under order ageing, in percent of the age.
var weights = [...]int64{0, 90, 75, 50, 25, 10}

// score of the age under order ageing.
func score(band switchyard.Band, since, now switchyard.Instant) int64 {
	return int64(now-since) * weights[band]
}

// head is the order key of a bucket's first interaction: band, personal queue active first and
// waiting since in rank, then the id's counter. The numbers of an empty bucket come last.
type head struct{ rank, counter uint64 }

var noHead = head{rank: 1<<64 - 1, counter: 1<<64 - 1}

const sinceBits = 55

func headOf(b *bucket, e *entry) head {
	rank := uint64(b.band)<<(sinceBits+1) | uint64(e.since)
	if !b.personal {
		rank |= 1 << sinceBits
	}
	return head{rank: rank, counter: e.counter}
}

func (h head) band() switchyard.Band     { return switchyard.Band(h.rank >> (sinceBits + 1)) }
func (h head) since() switchyard.Instant { return switchyard.Instant(h.rank & (1<<sinceBits - 1)) }

// before reports whether h comes before o in the order of interactions.
func (x *Index) before(h, o *head) bool {
	if x.ageing && h.rank != noHead.rank && o.rank != noHead.rank {
		hs, os := score(h.band(), h.since(), x.dirty.at), score(o.band(), o.since(), x.dirty.at)
		if hs != os {
			return hs > os
		}
		const bandless = 1<<(sinceBits+1) - 1
		if hr, or := h.rank&bandless, o.rank&bandless; hr != or {
			return hr < or
		}
		return h.counter < o.counter
	}
	if h.rank != o.rank {
		return h.rank < o.rank
	}
	return h.counter < o.counter
}

// dirtyHeap holds the buckets to be looked at by Match, the one with the first head on top.
type dirtyHeap struct {
	slots []int32
	at    switchyard.Instant // the ages under order ageing are as of then
}

// mark lets the next Match look at the bucket.
func (x *Index) mark(b *bucket) {
	if b.dirtyAt != 0 {
		return
	}
	x.dirty.slots = append(x.dirty.slots, b.slot)
	b.dirtyAt = int32(len(x.dirty.slots))
	x.dirtyUp(len(x.dirty.slots) - 1)
}

// unmark takes the bucket out of the heap.
func (x *Index) unmark(b *bucket) {
	if b.dirtyAt == 0 {
		return
	}
	i, last := int(b.dirtyAt-1), len(x.dirty.slots)-1
	moved := x.dirty.slots[last]
	x.dirty.slots = x.dirty.slots[:last]
	b.dirtyAt = 0
	if i < last {
		x.dirtyPut(i, moved)
		x.dirtyFix(i)
	}
}

// heapify orders the heap anew, by the ages of now.
func (x *Index) heapify(now switchyard.Instant) {
	x.dirty.at = now
	for i := len(x.dirty.slots)/2 - 1; i >= 0; i-- {
		x.dirtyDown(i)
	}
}

func (x *Index) dirtyPut(i int, slot int32) {
	x.dirty.slots[i] = slot
	x.buckets[slot].dirtyAt = int32(i + 1)
}

func (x *Index) dirtyFix(i int) {
	x.dirtyDown(i)
	x.dirtyUp(i)
}

func (x *Index) dirtyUp(i int) {
	slot := x.dirty.slots[i]
	for i > 0 {
		parent := x.dirty.slots[(i-1)/2]
		if !x.before(&x.heads[slot], &x.heads[parent]) {
			break
		}
		x.dirtyPut(i, parent)
		i = (i - 1) / 2
	}
	x.dirtyPut(i, slot)
}

func (x *Index) dirtyDown(i int) {
	s := x.dirty.slots
	slot := s[i]
	for {
		child := 2*i + 1
		if child >= len(s) {
			break
		}
		if child+1 < len(s) && x.before(&x.heads[s[child+1]], &x.heads[s[child]]) {
			child++
		}
		if !x.before(&x.heads[s[child]], &x.heads[slot]) {
			break
		}
		x.dirtyPut(i, s[child])
		i = child
	}
	x.dirtyPut(i, slot)
}
