package config

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// Diff tells in words what becomes different when next takes the place of old (nil = nothing yet),
// in the order of the document: "route Cases: plan A → B", "skill german removed from 3 agents".
// Both are published forms, or both are as people write them. Of credentials it tells only that
// they changed.
func Diff(old, next *switchyard.Account) []string {
	d := differ{}
	if old == nil {
		d.say("account %s is new", next.Account)
		old = &switchyard.Account{Account: next.Account}
	}
	d.leaves("account", leavesOf(old.Account, old.Account), leavesOf(next.Account, next.Account))
	oldShown, nextShown := Mask(old), Mask(next)
	d.leaves("settings", leavesOf(old.Settings, oldShown.Settings), leavesOf(next.Settings, nextShown.Settings))
	d.entries("presence", entriesOf(old.Presences, oldShown.Presences, presenceName),
		entriesOf(next.Presences, nextShown.Presences, presenceName))
	d.names("group", old.Groups, next.Groups)
	d.names("skill", old.Skills, next.Skills)
	d.agents(old, oldShown, next, nextShown)
	d.names("disposition", old.Dispositions, next.Dispositions)
	d.schedules(old.Schedules, next.Schedules)
	d.entries("secret", tableOf(old.Secrets, oldShown.Secrets), tableOf(next.Secrets, nextShown.Secrets))
	d.entries("sms gateway", tableOf(old.Gateways.SMS, oldShown.Gateways.SMS), tableOf(next.Gateways.SMS, nextShown.Gateways.SMS))
	d.entries("email gateway", tableOf(old.Gateways.Email, oldShown.Gateways.Email), tableOf(next.Gateways.Email, nextShown.Gateways.Email))
	d.entries("plan", entriesOf(old.Plans, oldShown.Plans, planName), entriesOf(next.Plans, nextShown.Plans, planName))
	d.entries("route", entriesOf(old.Routes, oldShown.Routes, routeName), entriesOf(next.Routes, nextShown.Routes, routeName))
	d.entries("provider", entriesOf(old.Providers, oldShown.Providers, providerName),
		entriesOf(next.Providers, nextShown.Providers, providerName))
	d.entries("client", entriesOf(old.Clients, oldShown.Clients, clientName),
		entriesOf(next.Clients, nextShown.Clients, clientName))
	if len(d.lines) == 0 && !Equal(old, next) {
		d.say("the order or the spelling of entries changed")
	}
	return d.lines
}

func scheduleName(s switchyard.Schedule) string      { return s.Name }
func presenceName(p switchyard.Presence) string      { return p.Name }
func planName(p switchyard.Plan) string              { return p.Name }
func routeName(r switchyard.Route) string            { return r.Name }
func providerName(p switchyard.ProviderEntry) string { return p.Name }
func clientName(c switchyard.ClientEntry) string     { return c.ID }
func agentName(a switchyard.AgentEntry) string       { return a.Username }

type differ struct{ lines []string }

func (d *differ) say(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// leaf is a value deep in a document: its JSON, and how it is shown.
type leaf struct{ raw, shown string }

// entry is a named part of a document, taken apart into its leaves.
type entry struct {
	name   string
	leaves map[string]leaf
}

// entriesOf takes a list of named parts apart; shown is the same list with credentials masked.
func entriesOf[T any](list, shown []T, name func(T) string) []entry {
	entries := make([]entry, len(list))
	for i := range list {
		entries[i] = entry{name(list[i]), leavesOf(list[i], shown[i])}
	}
	return entries
}

func tableOf[T any](table, shown map[string]T) []entry {
	var entries []entry
	for _, name := range sortedKeys(table) {
		entries = append(entries, entry{name, leavesOf(table[name], shown[name])})
	}
	return entries
}

// pairs puts the entries of one name (without case) beside each other: first those of old.
func pairs(old, next []entry) (names []string, before, after map[string]*entry) {
	before, after = map[string]*entry{}, map[string]*entry{}
	for i := range old {
		key := switchyard.CaseKey(old[i].name)
		names, before[key] = append(names, key), &old[i]
	}
	for i := range next {
		key := switchyard.CaseKey(next[i].name)
		if before[key] == nil {
			names = append(names, key)
		}
		after[key] = &next[i]
	}
	return names, before, after
}

func (d *differ) entries(kind string, old, next []entry) {
	names, before, after := pairs(old, next)
	for _, name := range names {
		b, a := before[name], after[name]
		switch {
		case b == nil:
			d.say("%s %s added", kind, a.name)
		case a == nil:
			d.say("%s %s removed", kind, b.name)
		default:
			d.leaves(kind+" "+a.name, b.leaves, a.leaves)
		}
	}
}

// leaves tells what changed within one part.
func (d *differ) leaves(subject string, before, after map[string]leaf) {
	paths := maps.Clone(before)
	maps.Copy(paths, after)
	for _, path := range sortedKeys(paths) {
		b, had := before[path]
		a, has := after[path]
		what := subject + ":"
		if path == "" {
			what = subject
		} else {
			what += " " + path
		}
		switch {
		case had && has && a.raw == b.raw:
		case had && has && a.shown == b.shown:
			d.say("%s changed", what)
		case had && has:
			d.say("%s %s → %s", what, b.shown, a.shown)
		case has:
			d.say("%s set to %s", what, a.shown)
		default:
			d.say("%s taken out (was %s)", what, b.shown)
		}
	}
}

func (d *differ) names(kind string, old, next []string) {
	asEntries := func(list []string) []entry {
		return entriesOf(list, list, func(name string) string { return name })
	}
	names, before, after := pairs(asEntries(old), asEntries(next))
	for _, name := range names {
		switch {
		case before[name] == nil:
			d.say("%s %s added", kind, after[name].name)
		case after[name] == nil:
			d.say("%s %s removed", kind, before[name].name)
		case before[name].name != after[name].name:
			d.say("%s %s is now spelled %s", kind, before[name].name, after[name].name)
		}
	}
}

// agents tells of agents like of other entries, but says only once what happened to the skills and
// groups of several.
func (d *differ) agents(old, oldShown, next, nextShown *switchyard.Account) {
	names, before, after := pairs(entriesOf(old.Agents, oldShown.Agents, agentName),
		entriesOf(next.Agents, nextShown.Agents, agentName))
	shared := map[string][]string{} // "skill german removed from" → agents
	for _, name := range names {
		if b, a := before[name], after[name]; b != nil && a != nil {
			moved(shared, a.name, "skill", b.leaves, a.leaves, "skills.")
			moved(shared, a.name, "group", membersOf(b.leaves, "groups"), membersOf(a.leaves, "groups"), "")
			delete(b.leaves, "groups")
			delete(a.leaves, "groups")
		}
	}
	var entries, others []entry
	for _, name := range names {
		if b := before[name]; b != nil {
			entries = append(entries, *b)
		}
		if a := after[name]; a != nil {
			others = append(others, *a)
		}
	}
	d.entries("agent", entries, others)
	for _, what := range sortedKeys(shared) {
		agents := shared[what]
		if len(agents) == 1 {
			d.say("%s agent %s", what, agents[0])
		} else {
			d.say("%s %d agents (%s)", what, len(agents), brief(strings.Join(agents, ", ")))
		}
	}
}

// schedules tells of schedules like of other entries, but of many dates in one line: a calendar brings
// or takes them by the dozen.
func (d *differ) schedules(old, next []switchyard.Schedule) {
	names, before, after := pairs(datedEntries(old), datedEntries(next))
	for _, name := range names {
		b, a := before[name], after[name]
		switch {
		case b == nil:
			d.say("schedule %s added", a.name)
		case a == nil:
			d.say("schedule %s removed", b.name)
		default:
			d.dates(a.name, "added", missing(a.leaves, b.leaves))
			d.dates(a.name, "removed", missing(b.leaves, a.leaves))
			d.leaves("schedule "+a.name, b.leaves, a.leaves)
		}
	}
}

const holidayLeaf = "holiday "

// datedEntries takes schedules apart; holidays and exceptions go by their date, not by their place.
func datedEntries(list []switchyard.Schedule) []entry {
	plain := slices.Clone(list)
	for i := range plain {
		plain[i].Holidays, plain[i].Exceptions = nil, nil
	}
	entries := entriesOf(plain, plain, scheduleName)
	for i, s := range list {
		for _, h := range s.Holidays {
			entries[i].leaves[holidayLeaf+h.Date] = leaf{h.Name, brief(h.Name)}
		}
		for _, e := range s.Exceptions {
			shown := "closed"
			if len(e.Hours) > 0 {
				shown = brief(strings.Join(e.Hours, ", "))
			}
			entries[i].leaves["exception "+e.Date] = leaf{string(marshal(e)), shown}
		}
	}
	return entries
}

// missing takes the holidays out of leaves that others has not, and lists their dates.
func missing(leaves, others map[string]leaf) (dates []string) {
	for _, path := range sortedKeys(leaves) {
		date, is := strings.CutPrefix(path, holidayLeaf)
		if _, there := others[path]; is && !there {
			dates = append(dates, strings.TrimSpace(date+" "+leaves[path].raw))
			delete(leaves, path)
		}
	}
	return dates
}

func (d *differ) dates(schedule, verb string, dates []string) {
	switch len(dates) {
	case 0:
	case 1:
		d.say("schedule %s: holiday %s %s", schedule, dates[0], verb)
	default:
		d.say("schedule %s: %d holidays %s (%s)", schedule, len(dates), verb, brief(strings.Join(dates, ", ")))
	}
}

// moved notes which members under prefix an agent lost or got, and takes those out of the leaves.
func moved(shared map[string][]string, agent, kind string, before, after map[string]leaf, prefix string) {
	note := func(verb string, from, to map[string]leaf) {
		for _, path := range slices.Sorted(maps.Keys(from)) {
			name, under := strings.CutPrefix(path, prefix)
			if _, both := to[path]; under && !both {
				what := kind + " " + name + " " + verb
				shared[what] = append(shared[what], agent)
				delete(from, path)
			}
		}
	}
	note("removed from", before, after)
	note("given to", after, before)
}

// membersOf takes a list of names, which is one leaf, apart again.
func membersOf(leaves map[string]leaf, path string) map[string]leaf {
	members := map[string]leaf{}
	if l, ok := leaves[path]; ok {
		for name := range strings.SplitSeq(l.raw, "\x00") {
			members[name] = leaf{}
		}
	}
	return members
}

// leavesOf takes a value apart into what stands deepest in it; shown is the same value with
// credentials masked. A list of plain values is one leaf.
func leavesOf(value, shown any) map[string]leaf {
	leaves := map[string]leaf{}
	raw, masked := map[string]string{}, map[string]string{}
	flatten(marshal(value), raw, "\x00")
	flatten(marshal(shown), masked, ", ")
	for path, text := range raw {
		leaves[path] = leaf{raw: text, shown: brief(masked[path])}
	}
	return leaves
}

func flatten(text []byte, into map[string]string, separator string) {
	root, problem := parseJSON(bytes.TrimSpace(text))
	if problem != nil {
		panic(problem.String())
	}
	root.flatten("", into, separator)
}

func (n *node) flatten(path string, into map[string]string, separator string) {
	switch {
	case n.kind == mapping:
		for _, m := range n.members {
			below := m.key
			if path != "" {
				below = path + "." + m.key
			}
			m.value.flatten(below, into, separator)
		}
	case n.kind == list && len(n.items) > 0 && !n.items[0].kind.scalar():
		for i, item := range n.items {
			item.flatten(path+" "+strconv.Itoa(i+1), into, separator)
		}
	case n.kind == list:
		var items []string
		for _, item := range n.items {
			items = append(items, item.text)
		}
		into[path] = strings.Join(items, separator)
	case n.kind == text && (n.text == "" || strings.ContainsAny(n.text, " \n")):
		quoted, _ := jsontext.AppendQuote(nil, n.text)
		into[path] = string(quoted)
	default:
		into[path] = n.text
	}
}

// brief shortens a text to be shown.
func brief(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
