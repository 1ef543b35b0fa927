package routing

import (
	"math/bits"
	"slices"

	"switchyard"
)

// standing is an agent's keys in the order of agents, packed: the higher merit wins, then the lower
// idle (since when, then the place among the usernames).
type standing struct {
	merit uint64 // preferences held, then the sum of levels over the requirements
	idle  uint64
	num   int32
}

const levelBits = 32

func (s *standing) before(o *standing) bool {
	if s.merit != o.merit {
		return s.merit > o.merit
	}
	return s.idle < o.idle
}

// decide chooses the best of the agents that fit the bucket's head, and says why.
func (x *Index) decide(it *Item, b *bucket, now switchyard.Instant) (*Agent, switchyard.Reason) {
	considered, excluded := x.survey(&b.need)
	var room [switchyard.MaxRunnersUp + 1]standing
	best := x.bestOf(b, it, now, considered, room[:0])
	reason := switchyard.Reason{
		At:         now,
		Order:      x.orderKey(it, b.personal, now),
		Considered: considered,
		Excluded:   excluded,
		Chosen:     x.shown(best[0]),
	}
	// The chosen agent fits nothing that comes before: that would have been taken first.
	reason.Order.Place = 1
	reason.Requires, reason.Prefers = x.wishes(it, b, now)
	if len(best) > 1 {
		reason.Next = make([]switchyard.Standing, len(best)-1)
	}
	for i := range reason.Next {
		reason.Next[i] = x.shown(best[i+1])
		reason.Next[i].Lost = lost(&reason.Chosen, &reason.Next[i])
	}
	shorten(&reason)
	return x.agents[best[0].num], reason
}

// best returns the agents of scratch.fit that come first, best first, as many as top has room for.
func (x *Index) best(it *Item, now switchyard.Instant, top []standing) []standing {
	x.rank()
	plain := len(it.Demands) == 0
	for i, w := range x.scratch.fit {
		for ; w != 0; w &= w - 1 {
			n := int32(i<<6 + bits.TrailingZeros64(w))
			s := standing{idle: x.idle[n], num: n}
			if !plain {
				s.merit = x.merit(it, n, now)
			}
			if len(top) == cap(top) && !s.before(&top[len(top)-1]) {
				continue
			}
			top = insert(top, s)
		}
	}
	return top
}

// insert puts s where it belongs; the last falls out when there is no room.
func insert(top []standing, s standing) []standing {
	if len(top) < cap(top) {
		top = append(top, s)
	}
	i := len(top) - 1
	for i > 0 && s.before(&top[i-1]) {
		top[i] = top[i-1]
		i--
	}
	top[i] = s
	return top
}

func (x *Index) merit(it *Item, n int32, now switchyard.Instant) uint64 {
	m := uint64(0)
	for i := range it.Demands {
		d := &it.Demands[i]
		k := &x.skills[d.Skill]
		switch {
		case now >= d.Until:
			if k.holders.has(n) {
				m += 1 << levelBits
			}
		case int(n) < len(k.levels):
			m += uint64(k.levels[n])
		}
	}
	return m
}

func (x *Index) shown(s standing) switchyard.Standing {
	a := x.agents[s.num]
	return switchyard.Standing{
		Agent:     a.Username,
		Prefers:   int(s.merit >> levelBits),
		Level:     int(s.merit & (1<<levelBits - 1)),
		IdleSince: a.IdleSince,
	}
}

// lost names the first key by which o came after the chosen one.
func lost(chosen, o *switchyard.Standing) string {
	switch {
	case o.Prefers != chosen.Prefers:
		return "prefers"
	case o.Level != chosen.Level:
		return "level"
	case o.IdleSince != chosen.IdleSince:
		return "idlesince"
	}
	return "username"
}

func (x *Index) orderKey(it *Item, personal bool, now switchyard.Instant) switchyard.OrderKey {
	k := switchyard.OrderKey{Band: it.Band, Personal: personal, WaitingSince: it.Since}
	if x.ageing {
		k.Score = score(it.Band, it.Since, now)
	}
	return k
}

// wishes names the requirements and the preferences, sorted. Requirements are mostly those of the
// bucket, whose names are made once and shared.
func (x *Index) wishes(it *Item, b *bucket, now switchyard.Instant) (requires, prefers []string) {
	shared := b != nil && b.target == nil
	for _, d := range it.Demands {
		switch {
		case now >= d.Until:
			prefers = append(prefers, x.skills[d.Skill].name)
		case !shared:
			requires = append(requires, x.skills[d.Skill].name)
		}
	}
	slices.Sort(prefers)
	if shared {
		return x.namesOf(b), prefers
	}
	slices.Sort(requires)
	return requires, prefers
}

func (x *Index) namesOf(b *bucket) []string {
	if len(b.skills) == 0 {
		return nil
	}
	if b.names == nil || b.spelling != x.spelling {
		names := make([]string, len(b.skills))
		for i, id := range b.skills {
			names[i] = x.skills[id].name
		}
		slices.Sort(names)
		b.names, b.spelling = slices.Clip(names), x.spelling
	}
	return b.names
}

// shorten keeps a reason within MaxReasonBytes: runners-up go first, then names of skills.
func shorten(r *switchyard.Reason) {
	const fixed, each = 560, 90 // bytes of JSON around the names
	size := fixed + len(r.Chosen.Agent) + namesSize(r.Requires) + namesSize(r.Prefers)
	for _, n := range r.Next {
		size += each + len(n.Agent)
	}
	for size > switchyard.MaxReasonBytes && len(r.Next) > 0 {
		size -= each + len(r.Next[len(r.Next)-1].Agent)
		r.Next = r.Next[:len(r.Next)-1]
	}
	r.Prefers, size = cut(r.Prefers, size)
	r.Requires, _ = cut(r.Requires, size)
}

func namesSize(names []string) int {
	size := 0
	for _, n := range names {
		size += len(n) + 3
	}
	return size
}

// cut shortens names until size fits, and says so in the last one.
func cut(names []string, size int) ([]string, int) {
	const more = "…"
	if size <= switchyard.MaxReasonBytes || len(names) == 0 {
		return names, size
	}
	kept := len(names)
	size += len(more) + 3
	for size > switchyard.MaxReasonBytes && kept > 0 {
		kept--
		size -= len(names[kept]) + 3
	}
	return append(slices.Clone(names[:kept]), more), size
}
