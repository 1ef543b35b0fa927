// Package plan turns the plans of an account document into something that runs: compiled plans and
// applets, the templates that read data sources, and the checker that finds the faults of a
// document before it is used. It decides which applet comes next and never touches an interaction
// itself: Run answers with a Step, and core makes it so.
//
// It is a pure room: it may import the root package, zone beneath it, the pure part of the standard
// library and CEL, which is a pure expression library.
package plan

import (
	"sort"
	"strings"

	"switchyard"
)

// Set is all plans and schedules of one config version. It never changes after Compile.
type Set struct {
	plans     []*Plan
	byName    map[string]*Plan     // by switchyard.CaseKey; of two with one name, the first
	schedules map[string]*Schedule // likewise
}

// Plan returns the plan of that name, without regard to case, or nil.
func (s *Set) Plan(name string) *Plan { return s.byName[switchyard.CaseKey(name)] }

// Schedule returns the schedule of that name, without regard to case, or nil.
func (s *Set) Schedule(name string) *Schedule { return s.schedules[switchyard.CaseKey(name)] }

// Plans lists the plans in the order of the document.
func (s *Set) Plans() []*Plan { return s.plans }

// Queues lists every queue in the order of the plans, then by name.
func (s *Set) Queues() []*Queue {
	var queues []*Queue
	for _, p := range s.plans {
		for _, name := range p.names() {
			if q := p.Applets[name].Queue; q != nil {
				queues = append(queues, q)
			}
		}
	}
	return queues
}

// Plan is named applets; work enters at Start.
type Plan struct {
	Name    string
	Start   string
	Applets map[string]*Applet // by their names as written
	index   int                // in the document
	keys    map[string]string  // switchyard.CaseKey of a name → the name as written
}

// names lists the applets' names in order, so that nothing depends on the order of a map.
func (p *Plan) names() []string {
	names := make([]string, 0, len(p.Applets))
	for name := range p.Applets {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Applet is one step of a plan.
type Applet struct {
	Plan, Name, Type string
	Queue            *Queue // of a queue; nil otherwise
	set              switchyard.Applet
	ways             []way             // out of it, as named in the document
	exits            map[string]string // exit → applet, the same ways
	length           Length            // of a wait: for; of a dataconnector: timeout
	when             []*condition      // of a datarouter's rules; nil of those without an expression
}

// way is one exit that the document names.
type way struct {
	exit, next string
	list       string // the member that names it: next, on, rules or branches
	item       int    // in rules and branches
}

// place returns where a way's applet is named; at is the place of the applet it belongs to.
func (w way) place(at place) place {
	switch w.list {
	case "on":
		return at.of("on").of(w.exit)
	case "rules", "branches":
		return w.entry(at).of("next")
	}
	return at.of("next")
}

// entry returns the rule or branch that holds the way.
func (w way) entry(at place) place { return at.of(w.list).item(w.item) }

// Exit returns the applet an exit leads to. An exit that is not named is not ok; an exit that is
// named with the empty text is ok, leads nowhere and so ends the plan.
func (a *Applet) Exit(name string) (next string, ok bool) {
	next, ok = a.exits[name]
	return next, ok
}

// Queue is the compiled settings of a queue applet. A zero Duration or MaxLength means no limit. Ring
// and Wrap are read when they are used, Duration and Target when work enters the queue.
type Queue struct {
	Name        string // "Plan/applet", what the figures call the queue
	Auto        bool
	Ring        Length
	Wrap        Length
	Target      Length
	Duration    Length
	Groups      []string // in their configured spelling; none = all
	OnDecline   Reaction
	OnNoAnswer  Reaction
	MaxLength   int
	Disposition bool
}

// Reaction says what becomes of an agent that declined or did not answer.
type Reaction struct {
	Presence string // "" = unchanged
	For      Length // 0 = the account's noanswer
}

// Defaults of a queue's settings (RULINGS: end of work).
const (
	DefaultRing   = 20 * switchyard.Second
	DefaultTarget = 20 * switchyard.Second
)

// Compile makes the plans of a document ready to run and finds the faults of everything that has to
// do with them: plans, applets, templates, schedules, routes and the texts of gateways. The set is
// usable when no fault but warnings was found. It keeps parts of doc, which must not change afterwards.
func Compile(doc *switchyard.Account) (*Set, []Fault) {
	names := namesOf(doc)
	set := &Set{byName: make(map[string]*Plan, len(doc.Plans)),
		schedules: make(map[string]*Schedule, len(doc.Schedules))}
	for i := range doc.Plans {
		p := compilePlan(&doc.Plans[i], i, names)
		set.plans = append(set.plans, p)
		if key := switchyard.CaseKey(p.Name); set.byName[key] == nil {
			set.byName[key] = p
		}
	}
	for i := range doc.Schedules {
		s := compileSchedule(&doc.Schedules[i])
		if key := switchyard.CaseKey(s.Name); set.schedules[key] == nil {
			set.schedules[key] = s
		}
	}
	set.compileRules()
	return set, check(doc, set, names)
}

func compilePlan(doc *switchyard.Plan, index int, names *names) *Plan {
	p := &Plan{Name: doc.Name, index: index, keys: make(map[string]string, len(doc.Applets)),
		Applets: make(map[string]*Applet, len(doc.Applets))}
	for name, set := range doc.Applets {
		p.Applets[name] = &Applet{Plan: doc.Name, Name: name, Type: set.Type, set: set}
	}
	for _, name := range p.names() {
		if key := switchyard.CaseKey(name); p.keys[key] == "" {
			p.keys[key] = name
		}
	}
	p.Start = p.spell(doc.Start)
	for _, a := range p.Applets {
		a.ways = p.waysOf(&a.set)
		a.exits = make(map[string]string, len(a.ways))
		for _, w := range a.ways {
			a.exits[w.exit] = w.next
		}
		switch a.Type {
		case TypeQueue:
			a.Queue = compileQueue(a, names)
		case TypeWait:
			a.length = compileLength("for", a.set.For, 0).orElse("it does not wait")
		case TypeDataConnector:
			a.length = compileLength("timeout", a.set.Timeout, DefaultConnectorTimeout).
				within(MinConnectorTimeout, MaxConnectorTimeout)
		}
	}
	return p
}

// compileRules makes the expressions of all rules ready, in the order of the checker.
func (s *Set) compileRules() {
	var made conditions
	for _, p := range s.plans {
		for _, name := range p.names() {
			a := p.Applets[name]
			for i := range a.set.Rules {
				if when := a.set.Rules[i].When; when != "" {
					if a.when == nil {
						a.when = make([]*condition, len(a.set.Rules))
					}
					a.when[i] = made.compile(when)
				}
			}
		}
	}
}

// spell returns an applet's name as written where it was named; an unknown name stays.
func (p *Plan) spell(name string) string {
	if known, ok := p.keys[switchyard.CaseKey(name)]; ok && p.Applets[name] == nil {
		return known
	}
	return name
}

// waysOf gathers every exit of an applet that is named, wherever it is written.
func (p *Plan) waysOf(set *switchyard.Applet) []way {
	var ways []way
	if set.Next != "" {
		ways = append(ways, way{ExitNext, p.spell(set.Next), "next", 0})
	}
	for _, exit := range sortedKeys(set.On) {
		ways = append(ways, way{exit, p.spell(set.On[exit]), "on", 0})
	}
	for i := range set.Rules {
		ways = append(ways, way{ruleExit(i), p.spell(set.Rules[i].Next), "rules", i})
	}
	for i := range set.Branches {
		ways = append(ways, way{branchExit(i), p.spell(set.Branches[i].Next), "branches", i})
	}
	return ways
}

func compileQueue(a *Applet, names *names) *Queue {
	set := &a.set
	q := &Queue{
		Name: a.Plan + "/" + a.Name, Auto: set.Accept == AcceptAuto,
		Ring:        compileLength("ring", set.Ring, DefaultRing).within(minRing, maxRing),
		Wrap:        compileLength("wrap", set.Wrap, 0),
		Target:      compileLength("target", set.Target, DefaultTarget),
		Duration:    compileLength("duration", set.Duration, 0).within(breaksLoop, longest).orElse("there is no longest wait"),
		OnDecline:   compileReaction(set.OnDecline, "", names),
		OnNoAnswer:  compileReaction(set.OnNoAnswer, switchyard.PresenceNoAnswer, names),
		MaxLength:   set.MaxLength,
		Disposition: set.Disposition,
	}
	q.Duration.orZero = true
	for _, group := range set.Groups {
		q.Groups = append(q.Groups, names.groups.spell(group))
	}
	return q
}

// Unchanged is what a reaction's presence says to leave the agent's presence alone.
const Unchanged = "unchanged"

func compileReaction(set *switchyard.Reaction, presence string, names *names) Reaction {
	if set == nil {
		return Reaction{Presence: presence}
	}
	if set.Presence != "" {
		presence = names.presences.spell(set.Presence)
	}
	if strings.EqualFold(presence, Unchanged) {
		presence = ""
	}
	return Reaction{Presence: presence, For: compileLength("for", set.For, 0).orElse("settings.noanswer holds")}
}
