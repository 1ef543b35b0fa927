package routing

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"switchyard"
)

// need says who may take an interaction, room and presence aside.
type need struct {
	class   switchyard.Class
	skills  []SkillID // the requirements, ascending
	groups  *groupSet // nil = all
	cooling []*Agent  // in cool-down for it, by serial
	target  *Agent    // the only one that may, whatever the members above say
	blocked bool      // the target is in cool-down
}

// bucket holds the waiting interactions that have the same need, band and exits: an agent fits all
// of them or none.
type bucket struct {
	need
	lane     lane
	slot     int32
	dirtyAt  int32 // place + 1 in the dirty heap
	witness  int32 // number + 1 of an agent that was eligible and logged in
	band     switchyard.Band
	personal bool // the personal queue of the target is active
	noAgents bool // the queue has a noagents exit, and it may be taken
	wide     bool // so many agents are eligible that it is in no list of theirs, but in wide
	used     bool // since the last sweep
	suspect  bool // somebody who was eligible logged out or lost a skill

	podium   *podium  // of the agents that fit, when they are many
	names    []string // of the requirements
	spelling uint64   // of Index when names was made
}

// bucketTable finds buckets by what they share. Empty ones are kept for a while, since work of
// their kind usually comes again.
type bucketTable struct {
	buckets []*bucket // by slot; nil = free
	heads   []head    // by slot
	unused  []int32   // free slots
	byKey   map[string]int32
	keys    []string
	bare    []int32                     // buckets without requirements
	wide    [switchyard.Classes][]int32 // see bucket.wide
	filled  int                         // buckets that are not empty
	made    int                         // since the last sweep
	exits   int                         // buckets with noAgents

	sweepAfter, wideAtLeast int // see sweep and wideShare; smaller in tests
}

func newBucketTable() bucketTable {
	return bucketTable{byKey: map[string]int32{}, sweepAfter: 1024, wideAtLeast: 32}
}

// A bucket is wide when more than wideAtLeast agents and more than one agent in wideShare are
// eligible: looking through all wide buckets then costs an agent not much more than looking
// through its own, and making one costs nobody anything.
const wideShare = 8

// targetOf returns the one agent that may take the item, if it is so.
func (x *Index) targetOf(it *Item, now switchyard.Instant) *Agent {
	if it.Only != nil {
		return it.Only
	}
	if x.PersonalActive(it, now) {
		return it.Personal.Agent
	}
	return nil
}

// fill writes into n what the item needs at now.
func (x *Index) fill(n *need, it *Item, now switchyard.Instant) {
	n.class, n.groups, n.blocked = it.Class, nil, false
	n.skills, n.cooling = n.skills[:0], n.cooling[:0]
	n.target = x.targetOf(it, now)
	for _, c := range it.Cooldowns {
		if c.Until <= now {
			continue
		}
		n.blocked = n.blocked || c.Agent == n.target
		if !slices.Contains(n.cooling, c.Agent) {
			n.cooling = append(n.cooling, c.Agent)
		}
	}
	if n.target != nil {
		n.cooling = n.cooling[:0]
		return
	}
	for _, d := range it.Demands {
		if now < d.Until {
			n.skills = append(n.skills, d.Skill)
		}
	}
	sortSmall(n.skills)
	if len(n.cooling) > 1 {
		slices.SortFunc(n.cooling, func(a, b *Agent) int {
			return int(x.serialOf(a)) - int(x.serialOf(b))
		})
	}
}

// sortSmall sorts a handful.
func sortSmall[T SkillID | GroupID](s []T) {
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}

// setGroups finds the set of the named groups.
func (x *Index) setGroups(n *need, named []GroupID) {
	n.groups = nil
	if len(named) == 0 {
		return
	}
	var few [8]GroupID
	ids := append(few[:0], named...)
	sortSmall(ids)
	ids = slices.Compact(ids)
	key := x.scratch.key[:0]
	for _, id := range ids {
		key = binary.LittleEndian.AppendUint32(key, uint32(id))
	}
	x.scratch.key = key
	n.groups = x.groupSetOf(key, ids)
}

// bucketOf returns the bucket the item belongs to now, making it if there is none.
func (x *Index) bucketOf(it *Item) *bucket {
	n := &x.scratch.need
	x.fill(n, it, x.now)
	if n.target == nil {
		x.setGroups(n, it.Groups)
	}
	personal := n.target != nil && it.Only == nil
	noAgents := it.NoAgents && n.target == nil
	key := x.keyOf(n, it.Band, personal, noAgents)
	if slot, known := x.byKey[string(key)]; known {
		return x.buckets[slot]
	}
	if x.made > max(x.sweepAfter, x.filled, x.count) {
		x.sweep()
	}
	b := &bucket{need: *n, band: it.Band, personal: personal, noAgents: noAgents}
	b.skills, b.cooling = slices.Clone(n.skills), slices.Clone(n.cooling)
	x.install(b, string(key))
	return b
}

func (x *Index) keyOf(n *need, band switchyard.Band, personal, noAgents bool) []byte {
	flags := uint8(0)
	for i, f := range [...]bool{personal, noAgents, n.blocked, n.target != nil} {
		if f {
			flags |= 1 << i
		}
	}
	key := append(x.scratch.key[:0], uint8(n.class), uint8(band), flags)
	put := binary.LittleEndian.AppendUint32
	key = put(key, uint32(len(n.skills)))
	for _, id := range n.skills {
		key = put(key, uint32(id))
	}
	if n.groups != nil {
		key = put(key, uint32(n.groups.number))
	} else {
		key = put(key, 0)
	}
	for _, a := range n.cooling {
		key = put(key, x.serialOf(a))
	}
	if n.target != nil {
		key = put(key, x.serialOf(n.target))
	}
	x.scratch.key = key
	return key
}

// install gives the bucket a slot and tells the agents eligible for it.
func (x *Index) install(b *bucket, key string) {
	if n := len(x.unused); n > 0 {
		b.slot = x.unused[n-1]
		x.unused = x.unused[:n-1]
		x.buckets[b.slot], x.heads[b.slot], x.keys[b.slot] = b, noHead, key
	} else {
		b.slot = int32(len(x.buckets))
		x.buckets = append(x.buckets, b)
		x.heads = append(x.heads, noHead)
		x.keys = append(x.keys, key)
	}
	x.byKey[key] = b.slot
	x.made++
	if b.noAgents {
		x.exits++
	}
	if b.target != nil {
		b.target.own = append(b.target.own, b.slot)
		return
	}
	for _, id := range b.skills {
		x.skills[id].buckets = append(x.skills[id].buckets, b.slot)
	}
	if len(b.skills) == 0 {
		x.bare = append(x.bare, b.slot)
	}
	x.announce(b)
}

// announce puts a new bucket into the lists of its agents, or among the wide ones.
func (x *Index) announce(b *bucket) {
	words := x.scratch.fit[:0]
	count := 0
	for i, present := range x.present {
		w := present & b.eligibleWord(x, i)
		count += bits.OnesCount64(w)
		words = append(words, w)
	}
	x.scratch.fit = words
	if count > x.wideAtLeast && count*wideShare > x.count {
		b.wide = true
		x.wide[b.class] = append(x.wide[b.class], b.slot)
		return
	}
	words.each(func(n int32) {
		if a := x.agents[n]; !slices.Contains(b.cooling, a) {
			a.lists[b.class] = append(a.lists[b.class], b.slot)
		}
	})
}

// eligibleWord returns which of the i-th 64 agents have the requirements and are in the groups;
// free numbers and cool-downs are not looked at. The need must have no target.
func (n *need) eligibleWord(x *Index, i int) uint64 {
	w := ^uint64(0)
	if n.groups != nil {
		w = n.groups.members.word(i)
	}
	for _, id := range n.skills {
		w &= x.skills[id].holders.word(i)
	}
	return w
}

// admits reports whether a may take what has this need, room and presence aside.
func (n *need) admits(x *Index, a *Agent) bool {
	if n.target != nil {
		return n.target == a && !n.blocked
	}
	if n.groups != nil && !n.groups.members.has(a.num()) {
		return false
	}
	for _, id := range n.skills {
		if !x.skills[id].holders.has(a.num()) {
			return false
		}
	}
	return !slices.Contains(n.cooling, a)
}

// relist finds the buckets the agent is eligible for, all anew. A bucket is found by its first
// requirement.
func (x *Index) relist(a *Agent) {
	for c := range a.lists {
		a.lists[c] = a.lists[c][:0]
	}
	for _, s := range a.Skills {
		for _, slot := range x.skills[s.Skill].buckets {
			if x.buckets[slot].skills[0] == s.Skill {
				x.list(a, slot)
			}
		}
	}
	for _, slot := range x.bare {
		x.list(a, slot)
	}
}

func (x *Index) list(a *Agent, slot int32) {
	if b := x.buckets[slot]; !b.wide && b.admits(x, a) {
		a.lists[b.class] = append(a.lists[b.class], slot)
	}
}

// relistSkills is relist when only skills changed: it touches buckets of skills that came or went.
func (x *Index) relistSkills(a *Agent, before []SkillLevel) {
	for c := range a.lists {
		a.lists[c] = slices.DeleteFunc(a.lists[c], func(slot int32) bool {
			return !x.buckets[slot].admits(x, a)
		})
	}
	held := func(id SkillID) bool {
		return slices.ContainsFunc(before, func(s SkillLevel) bool { return s.Skill == id })
	}
	for _, s := range a.Skills {
		if held(s.Skill) {
			continue
		}
		for _, slot := range x.skills[s.Skill].buckets {
			if s.Skill == x.firstNew(x.buckets[slot], held) {
				x.list(a, slot)
			}
		}
	}
}

// firstNew returns the first requirement of the bucket that was not held.
func (x *Index) firstNew(b *bucket, held func(SkillID) bool) SkillID {
	for _, id := range b.skills {
		if !held(id) {
			return id
		}
	}
	return -1
}

// join puts the item into the bucket.
func (x *Index) join(it *Item, b *bucket) {
	it.in = b
	b.used = true
	rested := b.lane.len() > 0 && b.dirtyAt == 0
	if b.lane.len() == 0 {
		x.filled++
	}
	b.lane.push(it)
	x.settle(b)
	// Nobody fitted the others of this bucket, or those who do are known to have gained; so nobody
	// else fits this one.
	if !rested {
		x.mark(b)
	}
	if b.noAgents && !x.staffed(b) {
		x.stranded.add(it)
	}
}

// part takes the item out of its bucket.
func (x *Index) part(it *Item) {
	b := it.in
	it.in = nil
	b.lane.remove(it)
	if b.lane.len() == 0 {
		x.filled--
	}
	x.settle(b)
}

// settle brings the bucket's head, and its place among the dirty, in line with its lane.
func (x *Index) settle(b *bucket) {
	if b.lane.len() == 0 {
		x.heads[b.slot] = noHead
		x.unmark(b)
		return
	}
	h := headOf(b, b.lane.head())
	if h == x.heads[b.slot] {
		return
	}
	x.heads[b.slot] = h
	if b.dirtyAt != 0 {
		x.dirtyFix(int(b.dirtyAt - 1))
	}
}

// sweep forgets buckets that stayed empty since the sweep before. It comes after as many new
// buckets as there are in use, and as there are agents, so that its cost is that of making them.
func (x *Index) sweep() {
	x.made = 0
	dead, some := make([]bool, len(x.buckets)), false
	for slot, b := range x.buckets {
		switch {
		case b == nil || b.lane.len() > 0:
		case b.used:
			b.used = false
		default:
			dead[slot], some = true, true
		}
	}
	if !some {
		return
	}
	x.unlist(dead)
	for slot, b := range x.buckets {
		if dead[slot] {
			if b.noAgents {
				x.exits--
			}
			delete(x.byKey, x.keys[slot])
			x.buckets[slot], x.keys[slot] = nil, ""
			x.unused = append(x.unused, int32(slot))
		}
	}
}

// unlist takes dead buckets out of every list.
func (x *Index) unlist(dead []bool) {
	gone := func(slot int32) bool { return dead[slot] }
	for _, a := range x.agents {
		for c := 0; a != nil && c < switchyard.Classes; c++ {
			a.lists[c] = slices.DeleteFunc(a.lists[c], gone)
		}
	}
	for i := range x.skills {
		x.skills[i].buckets = slices.DeleteFunc(x.skills[i].buckets, gone)
	}
	x.bare = slices.DeleteFunc(x.bare, gone)
	for c := range x.wide {
		x.wide[c] = slices.DeleteFunc(x.wide[c], gone)
	}
	for slot := range x.buckets {
		if b := x.buckets[slot]; b != nil && b.target != nil && dead[slot] {
			b.target.own = slices.DeleteFunc(b.target.own, gone)
		}
	}
}
