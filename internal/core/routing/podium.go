package routing

import (
	"slices"

	"switchyard"
)

// podium remembers the best agents of a bucket that many fit, so that offering its work one after
// the other does not compare thousands of agents each time. It is exact: whoever is not on it and
// has not changed since comes after bar.
type podium struct {
	prefers []SkillID // the preferences it was made for
	seen    uint64    // the changes of agents it knows of
	asked   uint64    // the changes there were when it was asked last
	top     []standing
	bar     standing // not on it; meaningless when all
	all     bool     // everybody who fits is on it
}

// changeLog remembers the numbers of the agents that changed last, in a ring.
type changeLog struct {
	ring  [128]int32
	count uint64
}

func (l *changeLog) add(n int32) {
	l.ring[l.count%uint64(len(l.ring))] = n
	l.count++
}

// forget makes every podium outdated.
func (l *changeLog) forget() { l.count += uint64(len(l.ring)) + 1 }

// bestOf is best for the head of a bucket, of whose agents considered fit.
func (x *Index) bestOf(
	b *bucket, it *Item, now switchyard.Instant, considered int, top []standing,
) []standing {
	if considered <= x.crowd {
		return x.best(it, now, top)
	}
	x.rank()
	if b.podium == nil {
		b.podium = &podium{}
	}
	p := b.podium
	last := p.asked
	p.asked = x.changed.count
	if !x.follow(p, it, now) {
		if x.changed.count-last > uint64(len(x.changed.ring))/2 {
			return x.best(it, now, top) // seldom asked: it would be outdated the next time too
		}
		x.refill(p, it, now)
	}
	return append(top, p.top[:min(len(p.top), cap(top))]...)
}

// follow brings the podium up to date by the agents that changed. It reports whether it could.
func (x *Index) follow(p *podium, it *Item, now switchyard.Instant) bool {
	behind := x.changed.count - p.seen
	if p.seen == 0 || behind > uint64(len(x.changed.ring)) || !p.servesFor(it, now) {
		return false
	}
	for ; p.seen < x.changed.count; p.seen++ {
		x.restand(p, x.changed.ring[p.seen%uint64(len(x.changed.ring))], it, now)
	}
	return p.all || len(p.top) > switchyard.MaxRunnersUp
}

// servesFor reports whether the item has the preferences the podium was made for.
func (p *podium) servesFor(it *Item, now switchyard.Instant) bool {
	i := 0
	for _, d := range it.Demands {
		if now < d.Until {
			continue
		}
		if i == len(p.prefers) || p.prefers[i] != d.Skill {
			return false
		}
		i++
	}
	return i == len(p.prefers)
}

// restand takes the agent off the podium and puts it back where it belongs now.
func (x *Index) restand(p *podium, n int32, it *Item, now switchyard.Instant) {
	if i := slices.IndexFunc(p.top, func(s standing) bool { return s.num == n }); i >= 0 {
		p.top = slices.Delete(p.top, i, i+1)
	}
	if !x.scratch.fit.has(n) {
		return
	}
	s := standing{merit: x.merit(it, n, now), idle: x.idle[n], num: n}
	if !p.all && !s.before(&p.bar) {
		return
	}
	if len(p.top) == cap(p.top) {
		last := len(p.top) - 1
		if !s.before(&p.top[last]) {
			p.bar, p.all = s, false
			return
		}
		p.bar, p.all = p.top[last], false
	}
	p.top = insert(p.top, s)
}

// refill makes the podium anew.
func (x *Index) refill(p *podium, it *Item, now switchyard.Instant) {
	if p.top == nil {
		p.top = make([]standing, 0, x.podiumPlaces)
	}
	p.prefers = p.prefers[:0]
	for _, d := range it.Demands {
		if now >= d.Until {
			p.prefers = append(p.prefers, d.Skill)
		}
	}
	p.top = x.best(it, now, p.top[:0])
	p.seen = x.changed.count
	p.all = len(p.top) < cap(p.top)
	if !p.all {
		// The last place is the bar: whoever was left out comes after it.
		p.bar = p.top[len(p.top)-1]
		p.top = p.top[:len(p.top)-1]
	}
}
