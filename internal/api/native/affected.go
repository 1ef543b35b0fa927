package native

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
)

// Affected counts the live interactions that a change concerns.
type Affected struct {
	Text  string `json:"text" example:"skill german is removed, but waiting interactions require it"`
	Count int    `json:"count"`
}

// Impact is what a change of the config means to the work there is.
type Impact struct {
	Affected []Affected `json:"affected" doc:"Live work that the changes concern, by what concerns it."`
	Waiting  int        `json:"waiting" doc:"Waiting interactions that any of the changes concerns, each counted once."`
	Summary  string     `json:"summary,omitempty" doc:"The same in words." example:"41 waiting interactions affected"`
}

// changed is what concerns live work when one document takes the place of another, as the words that
// are said of it. Names are folded.
type changed struct {
	previous *switchyard.Account
	plans    map[string]string          // removed
	agents   map[string]string          // removed
	routes   map[string]string          // removed, or changed
	queues   map[string]string          // "plan\x00applet" changed, or removed
	skills   map[string][]string        // removed, or not with the same agents as before
	groups   map[string][]string        // the same
	classes  [switchyard.Classes]string // of another size
	order    string                     // waiting work is taken in another order
}

// affected counts the live interactions that changes concern. It looks through all of them, a step at a
// time so that the account goes on meanwhile.
func (a *api) affected(ctx context.Context, c *call, previous, next *switchyard.Account) (Impact, error) {
	ch := changesOf(previous, next)
	counts, waiting := map[string]int{}, 0
	var before switchyard.ID
	for more := ch.concerns(); more; {
		step := 0
		err := a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
			s.Newest(before, func(record *core.Record) bool {
				said := ch.says(record, now)
				for _, text := range said {
					counts[text]++
				}
				if len(said) > 0 && record.State == switchyard.Queued {
					waiting++
				}
				before = record.ID
				step++
				return step < scanStep
			})
		})
		if err != nil {
			return Impact{}, err
		}
		more = step == scanStep
	}
	out := Impact{Affected: []Affected{}, Waiting: waiting}
	for text, n := range counts {
		out.Affected = append(out.Affected, Affected{text, n})
	}
	slices.SortFunc(out.Affected, func(a, b Affected) int { return strings.Compare(a.Text, b.Text) })
	if waiting == 1 {
		out.Summary = "1 waiting interaction affected"
	} else if waiting > 1 {
		out.Summary = fmt.Sprintf("%d waiting interactions affected", waiting)
	}
	return out, nil
}

func changesOf(previous, next *switchyard.Account) changed {
	ch := changed{previous: previous, plans: map[string]string{}, agents: map[string]string{}, routes: map[string]string{},
		queues: map[string]string{}, skills: map[string][]string{}, groups: map[string][]string{}}
	if previous == nil {
		return ch
	}
	ch.people(previous, next)
	ch.ways(previous, next)
	ch.settings(previous.Settings, next.Settings)
	return ch
}

// concerns reports whether any live work can be concerned.
func (ch *changed) concerns() bool {
	return len(ch.plans)+len(ch.agents)+len(ch.routes)+len(ch.queues)+len(ch.skills)+len(ch.groups) > 0 ||
		ch.order != "" || ch.classes != [switchyard.Classes]string{}
}

// says returns what is to be said of a live interaction.
func (ch *changed) says(i *core.Record, now switchyard.Instant) (said []string) {
	if i.State == switchyard.Ended {
		return nil
	}
	note := func(texts ...string) {
		for _, text := range texts {
			if text != "" && !slices.Contains(said, text) {
				said = append(said, text)
			}
		}
	}
	note(ch.plans[switchyard.CaseKey(i.Plan)], ch.routes[switchyard.CaseKey(i.Route)])
	if i.Agent != "" {
		note(ch.agents[switchyard.CaseKey(i.Agent)])
	}
	if i.State != switchyard.Queued {
		return said
	}
	note(ch.queues[queueKey(i.Plan, i.Applet)], ch.classes[i.Class], ch.order)
	for _, d := range i.Demands {
		if d.Until > now {
			note(ch.skills[switchyard.CaseKey(d.Skill)]...)
		}
	}
	for _, group := range groupsOf(ch.previous, i) {
		note(ch.groups[switchyard.CaseKey(group)]...)
	}
	return said
}

// people notes skills, groups and agents that are removed, and skills and groups that agents lost or
// got.
func (ch *changed) people(previous, next *switchyard.Account) {
	skills, groups := gone(previous.Skills, next.Skills), gone(previous.Groups, next.Groups)
	for key, name := range skills {
		ch.skills[key] = append(ch.skills[key], "skill "+name+" is removed, but waiting interactions require it")
	}
	for key, name := range groups {
		ch.groups[key] = append(ch.groups[key], "group "+name+" is removed, but interactions wait in queues for it")
	}
	before, after := agentsOf(previous), agentsOf(next)
	for key, name := range gone(before.names, after.names) {
		ch.agents[key] = "agent " + name + " is removed; its interactions go back to their queues"
	}
	before.without(skills, groups)
	moved(before.skills, after.skills, before, after, ch.skills, "skill %s is taken from %s; waiting interactions require it")
	moved(after.skills, before.skills, after, before, ch.skills, "skill %s is given to %s; waiting interactions require it")
	moved(before.groups, after.groups, before, after, ch.groups, "group %s loses %s; interactions wait in queues for it")
	moved(after.groups, before.groups, after, before, ch.groups, "group %s gains %s; interactions wait in queues for it")
}

// moved says of each name how many agents have it here and, though they are there too, have not there.
func moved(here, there map[string]map[string]bool, these, those people, said map[string][]string, text string) {
	for key, agents := range here {
		n := 0
		for agent := range agents {
			if those.entries[agent] && !there[key][agent] {
				n++
			}
		}
		if n > 0 {
			said[key] = append(said[key], fmt.Sprintf(text, these.spelled[key], agentsCounted(n)))
		}
	}
}

// without leaves out skills and groups: of one that is removed, who had it needs not be said.
func (p *people) without(skills, groups map[string]string) {
	for key := range skills {
		delete(p.skills, key)
	}
	for key := range groups {
		delete(p.groups, key)
	}
}

func agentsCounted(n int) string {
	if n == 1 {
		return "1 agent"
	}
	return fmt.Sprintf("%d agents", n)
}

// people are the agents of a document, and who has which skill and is in which group.
type people struct {
	names          []string
	entries        map[string]bool
	skills, groups map[string]map[string]bool
	spelled        map[string]string
}

func agentsOf(doc *switchyard.Account) people {
	p := people{entries: map[string]bool{}, skills: map[string]map[string]bool{}, groups: map[string]map[string]bool{}, spelled: map[string]string{}}
	put := func(into map[string]map[string]bool, name, agent string) {
		key := switchyard.CaseKey(name)
		if into[key] == nil {
			into[key] = map[string]bool{}
		}
		into[key][agent], p.spelled[key] = true, name
	}
	for _, e := range doc.Agents {
		agent := switchyard.CaseKey(e.Username)
		p.names, p.entries[agent] = append(p.names, e.Username), true
		for skill := range e.Skills {
			put(p.skills, skill, agent)
		}
		for _, group := range e.Groups {
			put(p.groups, group, agent)
		}
	}
	return p
}

// ways notes routes, plans and queues that are removed or changed. What is in a plan keeps the version
// it entered (RULINGS 34).
func (ch *changed) ways(previous, next *switchyard.Account) {
	routes := byName(next.Routes, func(r switchyard.Route) string { return r.Name })
	for _, r := range previous.Routes {
		key := switchyard.CaseKey(r.Name)
		after, there := routes[key]
		switch {
		case !there:
			ch.routes[key] = "route " + r.Name + " is removed; what came by it goes on in the plan it entered"
		case !alike(r, after):
			ch.routes[key] = "route " + r.Name + " changes; what came by it keeps the plan it entered"
		}
	}
	plans := byName(next.Plans, func(p switchyard.Plan) string { return p.Name })
	for _, p := range previous.Plans {
		after, there := plans[switchyard.CaseKey(p.Name)]
		if !there {
			ch.plans[switchyard.CaseKey(p.Name)] = "plan " + p.Name + " is removed; live interactions in it go on in the version they entered"
			continue
		}
		applets := map[string]switchyard.Applet{}
		for name, applet := range after.Applets {
			applets[switchyard.CaseKey(name)] = applet
		}
		for name, applet := range p.Applets {
			queue := p.Name + "/" + name
			now, there := applets[switchyard.CaseKey(name)]
			switch {
			case applet.Type != "queue" || there && alike(applet, now):
			case !there || now.Type != "queue":
				ch.queues[queueKey(p.Name, name)] = "queue " + queue + " is removed; what waits in it goes on waiting, with its settings and exits"
			default:
				ch.queues[queueKey(p.Name, name)] = "queue " + queue + " changes; what waits in it keeps the settings and exits it entered with"
			}
		}
	}
}

func queueKey(plan, applet string) string {
	return switchyard.CaseKey(plan) + "\x00" + switchyard.CaseKey(applet)
}

// settings notes another order of waiting work and other sizes, which act on it at once.
func (ch *changed) settings(previous, next switchyard.Settings) {
	order := func(s switchyard.Settings) string {
		if s.Order == "" {
			return "band"
		}
		return s.Order
	}
	if b, a := order(previous), order(next); b != a {
		ch.order = "settings: order " + b + " → " + a + "; waiting interactions are taken in another order"
	}
	b, a := core.Sizes(previous.Capacity), core.Sizes(next.Capacity)
	for class := range b {
		if b[class] != a[class] {
			ch.classes[class] = fmt.Sprintf("settings: capacity.%s %d → %d; waiting interactions are offered with the new size",
				switchyard.Class(class), b[class], a[class])
		}
	}
}

func byName[T any](list []T, name func(T) string) map[string]T {
	out := make(map[string]T, len(list))
	for _, v := range list {
		out[switchyard.CaseKey(name(v))] = v
	}
	return out
}

// alike reports whether two parts of documents say the same.
func alike[T any](a, b T) bool {
	x, errX := json.Marshal(a, json.Deterministic(true))
	y, errY := json.Marshal(b, json.Deterministic(true))
	return errX == nil && errY == nil && string(x) == string(y)
}

// gone returns the names that are there no more, by CaseKey.
func gone(before, after []string) map[string]string {
	kept := make(map[string]bool, len(after))
	for _, name := range after {
		kept[switchyard.CaseKey(name)] = true
	}
	out := map[string]string{}
	for _, name := range before {
		if key := switchyard.CaseKey(name); !kept[key] {
			out[key] = name
		}
	}
	return out
}

// groupsOf returns the groups of the queue an interaction waits in.
func groupsOf(doc *switchyard.Account, i *core.Record) []string {
	for _, p := range doc.Plans {
		if same(p.Name, i.Plan) {
			return p.Applets[i.Applet].Groups
		}
	}
	return nil
}
