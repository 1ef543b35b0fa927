package routing

import "switchyard"

// Index holds the agents and the waiting interactions of one account, and finds the pairs the rule
// asks for. Between calls everything that is not marked for another look (dirty) is at rest: no
// agent fits it.
type Index struct {
	now    switchyard.Instant // the latest instant told
	ageing bool

	skills   []skill
	skillIDs map[string]SkillID
	groups   []group
	groupIDs map[string]GroupID
	sets     []*groupSet // every set of groups a queue named
	setIDs   map[string]*groupSet
	spelling uint64 // grows when a skill's name changes

	agentTable
	bucketTable
	dirty    dirtyHeap
	calendar calendar
	stranded strandedSet
	waiting  int

	// gained are agents that may fit more than before. Up to maxGained are asked one by one for
	// their first interaction; if more gained at once, their buckets are marked instead, so that
	// none is asked again and again.
	gained    []*Agent
	maxGained int

	// When more agents than crowd fit, the bucket gets a podium of so many places.
	changed      changeLog
	crowd        int
	podiumPlaces int

	scratch scratch
}

// scratch is memory used again and again within one call.
type scratch struct {
	key    []byte
	need   need
	fit    bitset
	places []*Item
}

type skill struct {
	name    string
	holders bitset
	levels  []uint8 // by agent number; what is not held is 0
	buckets []int32 // whose requirements it is one of
}

type group struct {
	name    string
	members bitset
}

// groupSet is what a queue names: the agents in one of its groups.
type groupSet struct {
	number  int32 // from 1, in bucket keys
	ids     []GroupID
	members bitset
}

// SkillID and GroupID stand for a name within one Index, whatever its case. They are never used
// for another name.
type (
	SkillID int32
	GroupID int32
)

// New returns an index with no agents and no work.
func New() *Index {
	return &Index{
		skillIDs:     map[string]SkillID{},
		groupIDs:     map[string]GroupID{},
		setIDs:       map[string]*groupSet{},
		agentTable:   agentTable{},
		bucketTable:  newBucketTable(),
		calendar:     newCalendar(),
		maxGained:    8,
		crowd:        128,
		podiumPlaces: 64,
	}
}

// SetAgeing chooses the order of interactions: by band, or by age weighted by band.
func (x *Index) SetAgeing(on bool) {
	if x.ageing == on {
		return
	}
	x.ageing = on
	x.heapify(x.now)
}

// Skill returns the id of the skill's name; the first spelling seen stays its name until
// SetSkillName.
func (x *Index) Skill(name string) SkillID {
	key := switchyard.CaseKey(name)
	id, known := x.skillIDs[key]
	if !known {
		id = SkillID(len(x.skills))
		x.skillIDs[key] = id
		x.skills = append(x.skills, skill{name: name})
	}
	return id
}

// SkillName returns the configured spelling.
func (x *Index) SkillName(id SkillID) string { return x.skills[id].name }

// SetSkillName makes this spelling the configured one.
func (x *Index) SetSkillName(spelling string) {
	id := x.Skill(spelling)
	if x.skills[id].name != spelling {
		x.skills[id].name = spelling
		x.spelling++
	}
}

// Group returns the id of the group's name; the first spelling seen stays its name until
// SetGroupName.
func (x *Index) Group(name string) GroupID {
	key := switchyard.CaseKey(name)
	id, known := x.groupIDs[key]
	if !known {
		id = GroupID(len(x.groups))
		x.groupIDs[key] = id
		x.groups = append(x.groups, group{name: name})
	}
	return id
}

// GroupName returns the configured spelling.
func (x *Index) GroupName(id GroupID) string { return x.groups[id].name }

// SetGroupName makes this spelling the configured one.
func (x *Index) SetGroupName(spelling string) { x.groups[x.Group(spelling)].name = spelling }

// Waiting returns how many interactions are queued.
func (x *Index) Waiting() int { return x.waiting }

func (x *Index) reach(now switchyard.Instant) { x.now = max(x.now, now) }

// groupSetOf returns the set for canonical ids; none named is nil, which is everybody.
func (x *Index) groupSetOf(key []byte, ids []GroupID) *groupSet {
	if len(ids) == 0 {
		return nil
	}
	if g, known := x.setIDs[string(key)]; known {
		return g
	}
	g := &groupSet{number: int32(len(x.sets) + 1), ids: append([]GroupID(nil), ids...)}
	for _, a := range x.agents {
		if a != nil && g.admits(a) {
			g.members.set(a.num())
		}
	}
	x.setIDs[string(key)] = g
	x.sets = append(x.sets, g)
	return g
}

func (g *groupSet) admits(a *Agent) bool {
	for _, id := range g.ids {
		for _, has := range a.Groups {
			if id == has {
				return true
			}
		}
	}
	return false
}
