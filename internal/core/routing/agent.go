package routing

import (
	"slices"
	"strings"

	"switchyard"
)

// Agent is what routing knows of an agent. The owner changes the exported members and then tells
// the index which; usernames do not change while the agent is in it.
type Agent struct {
	Username  string
	Ready     bool // presence category Ready, nothing intended, desktop not lost
	LoggedIn  bool
	Load      int                     // percent
	Sizes     [switchyard.Classes]int // percent each class takes of this agent
	IdleSince switchyard.Instant
	Skills    []SkillLevel
	Groups    []GroupID

	// What explain says of an agent that is not ready, such as "Away (Lunch)".
	AwayText  string
	AwaySince switchyard.Instant

	place    int32  // number + 1 while in the index
	serial   uint32 // names the agent in bucket keys; never used for another
	wasIn    bool   // LoggedIn when last told
	isGained bool
	lists    [switchyard.Classes][]int32 // buckets it is eligible for, unless they are wide
	own      []int32                     // buckets only it may take from
	personal []*Item                     // waiting; its personal queue is or may become active
}

// SkillLevel is a skill held at a level from 1 to 10.
type SkillLevel struct {
	Skill SkillID
	Level int
}

func (a *Agent) num() int32 { return a.place - 1 }

func (a *Agent) room(c switchyard.Class) bool { return a.Load+a.Sizes[c] <= 100 }

// level returns the level at which a holds the skill.
func (a *Agent) level(id SkillID) (int, bool) {
	for _, s := range a.Skills {
		if s.Skill == id {
			return s.Level, true
		}
	}
	return 0, false
}

// agentTable numbers the agents densely and keeps the sets of numbers.
type agentTable struct {
	agents     []*Agent // by number; nil = free
	spare      []int32
	count      int
	readyCount int
	serials    uint32
	present    bitset // every agent
	ready      bitset
	loggedIn   bitset
	free       [switchyard.Classes]bitset // ready and with room for the class

	idle   []uint64 // by number: idle since, then place among the usernames
	ranked bool     // idle's places among the usernames are right
}

// rankBits of a key in idle are the agent's place among the usernames.
const rankBits = 20

// AddAgent takes an agent in; from now on it may be offered work.
func (x *Index) AddAgent(a *Agent) {
	if a.place != 0 {
		panic("routing: agent " + a.Username + " is in the index already")
	}
	if n := len(x.spare); n > 0 {
		a.place = x.spare[n-1] + 1
		x.spare = x.spare[:n-1]
		x.agents[a.num()] = a
	} else {
		x.agents = append(x.agents, a)
		x.idle = append(x.idle, 0)
		a.place = int32(len(x.agents))
	}
	x.count++
	x.present.set(a.num())
	x.ranked = false
	x.grade(a, true)
	x.relist(a)
	x.AgentChanged(a)
}

// RemoveAgent takes an agent out. Work that only it could take waits until it is updated.
func (x *Index) RemoveAgent(a *Agent) {
	if a.place == 0 {
		panic("routing: agent " + a.Username + " is not in the index")
	}
	x.suspectOf(a)
	n := a.num()
	x.grade(a, false)
	x.present.clear(n)
	x.setReady(n, false)
	x.loggedIn.clear(n)
	for c := range x.free {
		x.free[c].clear(n)
		a.lists[c] = nil
	}
	x.agents[n] = nil
	x.spare = append(x.spare, n)
	x.count--
	x.ranked = false
	a.place = 0
	if a.isGained {
		a.isGained = false
		x.gained = slices.DeleteFunc(x.gained, func(o *Agent) bool { return o == a })
	}
}

// AgentChanged follows changes of Ready, LoggedIn, Load, Sizes and IdleSince.
func (x *Index) AgentChanged(a *Agent) {
	if a.place != 0 {
		x.refresh(a)
	}
	if a.wasIn != a.LoggedIn {
		a.wasIn = a.LoggedIn
		x.relook(a.personal)
	}
}

// refresh brings the sets in line with the agent, and marks it when it fits more than before.
func (x *Index) refresh(a *Agent) {
	n := a.num()
	x.changed.add(n)
	if !a.LoggedIn && x.loggedIn.has(n) {
		x.suspectOf(a)
	}
	x.loggedIn.put(n, a.LoggedIn)
	x.setReady(n, a.Ready)
	more := false
	for c := range x.free {
		free := a.Ready && a.room(switchyard.Class(c))
		more = more || free && !x.free[c].has(n)
		x.free[c].put(n, free)
	}
	x.idle[n] = uint64(a.IdleSince)<<rankBits | x.idle[n]&(1<<rankBits-1)
	if more {
		x.gain(a)
	}
}

func (x *Index) setReady(n int32, ready bool) {
	switch was := x.ready.has(n); {
	case ready && !was:
		x.readyCount++
	case was && !ready:
		x.readyCount--
	}
	x.ready.put(n, ready)
}

// AgentRegraded lets apply change the agent's skills and groups, and follows.
func (x *Index) AgentRegraded(a *Agent, apply func()) {
	if a.place == 0 {
		apply()
		return
	}
	skills, groups, name := slices.Clone(a.Skills), slices.Clone(a.Groups), a.Username
	apply()
	x.ranked = x.ranked && a.Username == name
	if !slices.Equal(skills, a.Skills) || !slices.Equal(groups, a.Groups) {
		x.regrade(a, skills, groups)
	}
	x.AgentChanged(a)
}

// regrade follows the agent from the skills and groups it had to those it has.
func (x *Index) regrade(a *Agent, skills []SkillLevel, groups []GroupID) {
	a.Skills, skills = skills, a.Skills
	a.Groups, groups = groups, a.Groups
	x.suspectOf(a)
	x.grade(a, false)
	a.Skills, skills = skills, a.Skills
	a.Groups, groups = groups, a.Groups
	x.grade(a, true)
	if slices.Equal(groups, a.Groups) {
		x.relistSkills(a, skills)
	} else {
		x.relist(a)
	}
	x.gain(a)
}

// grade puts the agent into the sets of its skills and groups, or takes it out.
func (x *Index) grade(a *Agent, in bool) {
	n := a.num()
	for _, s := range a.Skills {
		k := &x.skills[s.Skill]
		k.holders.put(n, in)
		if in && int(n) >= len(k.levels) {
			k.levels = append(k.levels, make([]uint8, int(n)+1-len(k.levels))...)
		}
		switch {
		case in:
			k.levels[n] = uint8(s.Level)
		case int(n) < len(k.levels):
			k.levels[n] = 0
		}
	}
	for _, g := range a.Groups {
		x.groups[g].members.put(n, in)
	}
	for _, set := range x.sets {
		set.members.put(n, in && set.admits(a))
	}
}

// rank sorts the usernames into the keys of idle, once after agents came or went.
func (x *Index) rank() {
	if x.ranked {
		return
	}
	all := make([]*Agent, 0, x.count)
	for _, a := range x.agents {
		if a != nil {
			all = append(all, a)
		}
	}
	if len(all) >= 1<<rankBits {
		panic("routing: more agents than keys have places for")
	}
	slices.SortFunc(all, func(a, b *Agent) int { return strings.Compare(a.Username, b.Username) })
	for i, a := range all {
		x.idle[a.num()] = uint64(a.IdleSince)<<rankBits | uint64(i)
	}
	x.ranked = true
	x.changed.forget()
}

// gain marks an agent that may fit more than before.
func (x *Index) gain(a *Agent) {
	if a.isGained || !x.anyRoom(a) {
		return
	}
	a.isGained = true
	x.gained = append(x.gained, a)
}

func (x *Index) anyRoom(a *Agent) bool {
	for c := range x.free {
		if x.free[c].has(a.num()) {
			return true
		}
	}
	return false
}

// serialOf names the agent in keys.
func (x *Index) serialOf(a *Agent) uint32 {
	if a.serial == 0 {
		x.serials++
		a.serial = x.serials
	}
	return a.serial
}
