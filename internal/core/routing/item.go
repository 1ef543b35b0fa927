package routing

import (
	"slices"

	"switchyard"
)

// Item is what routing knows of an interaction. While it waits, its members change only inside
// Update.
type Item struct {
	ID        switchyard.ID
	Since     switchyard.Instant // waiting since
	Demands   []Demand           // each skill at most once
	Groups    []GroupID          // of the queue; none = all
	Cooldowns []Cooldown
	Personal  *Personal
	Only      *Agent // transferred to it: room and presence alone count; not Personal in the order

	in         *bucket // while it waits
	alarm      switchyard.Instant
	alarmPrev  *Item
	alarmNext  *Item
	pos        uint32 // in the bucket's lane
	personalAt int32  // place + 1 in the agent's list
	strandedAt int32  // place + 1 among the stranded

	Class    switchyard.Class
	Band     switchyard.Band
	NoAgents bool // its queue has a noagents exit
	inRest   bool
}

// Demand is a skill asked for: required while now < Until, then preferred. Never = mandatory,
// 0 = optional from the start.
type Demand struct {
	Skill SkillID
	Until switchyard.Instant
}

// Personal is a personal queue: active while the time since Start is below In (Agent logged in) or
// Out (logged out).
type Personal struct {
	Agent   *Agent
	Start   switchyard.Instant
	In, Out switchyard.Duration
}

// Cooldown keeps an interaction from an agent while now < Until.
type Cooldown struct {
	Agent *Agent
	Until switchyard.Instant
}

// Queued reports whether the item waits in an index.
func (it *Item) Queued() bool { return it.in != nil }

// limit is the one that applies now.
func (p *Personal) limit() switchyard.Duration {
	if p.Agent.LoggedIn {
		return p.In
	}
	return p.Out
}

// PersonalActive reports whether the item's personal queue is active.
func (x *Index) PersonalActive(it *Item, now switchyard.Instant) bool {
	p := it.Personal
	return p != nil && it.Only == nil && now.Sub(p.Start) < p.limit()
}

// PersonalOver reports whether no login or logout can make the personal queue active again.
func (x *Index) PersonalOver(it *Item, now switchyard.Instant) bool {
	return it.Only != nil || now >= PersonalEnd(it)
}

// PersonalEnd is when no login or logout can make the personal queue active any more; 0 without one.
func PersonalEnd(it *Item) switchyard.Instant {
	p := it.Personal
	if p == nil {
		return 0
	}
	return p.Start.Add(max(p.In, p.Out))
}

// Enqueue lets the item wait; the next Match looks at it.
func (x *Index) Enqueue(it *Item, now switchyard.Instant) {
	if it.in != nil {
		panic("routing: interaction " + it.ID.String() + " waits already")
	}
	x.reach(now)
	x.waiting++
	x.enter(it)
}

// Remove takes the item out: it waits no more.
func (x *Index) Remove(it *Item) {
	if it.in == nil {
		return
	}
	x.waiting--
	x.leave(it)
}

// Update lets apply change an item that waits (anything but ID, Class and Since), and follows.
func (x *Index) Update(it *Item, now switchyard.Instant, apply func()) {
	x.reach(now)
	if it.in == nil {
		apply()
		return
	}
	x.leave(it)
	apply()
	x.enter(it)
}

// Advance brings the index up to now: skills expire, personal queues and cool-downs end. It changes
// at most limit items (0 = all) and reports whether that was everything.
func (x *Index) Advance(now switchyard.Instant, limit int) bool {
	x.reach(now)
	for n := 0; ; n++ {
		at := x.calendar.next()
		if at > x.now {
			return true
		}
		if limit > 0 && n == limit {
			return false
		}
		x.move(x.calendar.take(at))
	}
}

// Alarm returns the next instant at which Advance changes something, or Never.
func (x *Index) Alarm() switchyard.Instant { return x.calendar.next() }

// enter puts an item into the bucket it belongs to now.
func (x *Index) enter(it *Item) {
	x.join(it, x.bucketOf(it))
	x.calendar.set(it, x.nextChange(it))
	if !x.PersonalOver(it, x.now) {
		a := it.Personal.Agent
		if len(a.personal) == 0 {
			a.wasIn = a.LoggedIn
		}
		a.personal = append(a.personal, it)
		it.personalAt = int32(len(a.personal))
	}
}

func (x *Index) leave(it *Item) {
	x.part(it)
	x.calendar.drop(it)
	x.forgetPersonal(it)
	x.stranded.drop(it)
}

// move is leave and enter for an item that nothing but time has changed.
func (x *Index) move(it *Item) {
	if b := x.bucketOf(it); b != it.in {
		x.part(it)
		x.stranded.drop(it)
		x.join(it, b)
	}
	x.calendar.set(it, x.nextChange(it))
	if it.personalAt != 0 && x.PersonalOver(it, x.now) {
		x.forgetPersonal(it)
	}
}

func (x *Index) forgetPersonal(it *Item) {
	if it.personalAt == 0 {
		return
	}
	list := it.Personal.Agent.personal
	last := len(list) - 1
	moved := list[last]
	moved.personalAt = it.personalAt
	list[it.personalAt-1] = moved
	list[last] = nil
	it.Personal.Agent.personal = list[:last]
	it.personalAt = 0
}

// relook moves the given items where they belong now; the list may shrink meanwhile.
func (x *Index) relook(items []*Item) {
	x.scratch.places = append(x.scratch.places[:0], items...)
	for _, it := range x.scratch.places {
		x.move(it)
	}
	clear(x.scratch.places)
}

// nextChange returns when time alone moves the item to another bucket.
func (x *Index) nextChange(it *Item) switchyard.Instant {
	next := switchyard.Never
	target := x.targetOf(it, x.now)
	for _, c := range it.Cooldowns {
		if c.Until > x.now && (target == nil || target == c.Agent) {
			next = min(next, c.Until)
		}
	}
	if it.Only != nil {
		return next
	}
	if target != nil {
		return min(next, it.Personal.Start.Add(it.Personal.limit()))
	}
	for _, d := range it.Demands {
		if d.Until > x.now {
			next = min(next, d.Until)
		}
	}
	return next
}

// AllDirty marks everything for another look.
func (x *Index) AllDirty() {
	for _, b := range x.buckets {
		if b != nil && b.lane.len() > 0 {
			x.mark(b)
		}
	}
}

// Servable reports whether some agent, whatever its presence, has the skills that never expire and
// is in the groups.
func (x *Index) Servable(it *Item) bool {
	n := &x.scratch.need
	n.skills, n.cooling = n.skills[:0], n.cooling[:0]
	for _, d := range it.Demands {
		if d.Until == switchyard.Never {
			n.skills = append(n.skills, d.Skill)
		}
	}
	slices.Sort(n.skills)
	x.setGroups(n, it.Groups)
	n.target, n.blocked = nil, false
	return x.holds(n, x.present)
}
