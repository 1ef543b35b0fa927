package routing

import (
	"fmt"
	"slices"
	"strings"

	"switchyard"
)

// Causes why an agent does not fit, in the order they are looked at.
const (
	causeNotReady = "notready"
	causeGroup    = "group"
	causeSkill    = "skill"
	causeCooldown = "cooldown"
	causeRoom     = "room"
	causeOther    = "other" // the work is for another agent alone
)

// maxExplained is how many agents an explanation names.
const maxExplained = 10

// Fits reports whether the agent fits the item, and if not the first cause that holds.
func (x *Index) Fits(it *Item, a *Agent, now switchyard.Instant) (bool, string) {
	var n need
	x.fill(&n, it, now)
	if n.target != nil && n.target != a || a.place == 0 {
		return false, causeOther
	}
	if !a.Ready {
		return false, causeNotReady
	}
	if n.target == nil {
		x.setGroups(&n, it.Groups)
		if n.groups != nil && !n.groups.members.has(a.num()) {
			return false, causeGroup
		}
		if len(x.lacks(&n, a)) > 0 {
			return false, causeSkill
		}
	}
	if n.blocked || slices.Contains(n.cooling, a) {
		return false, causeCooldown
	}
	if !a.room(it.Class) {
		return false, causeRoom
	}
	return true, ""
}

// lacks returns the requirements the agent does not hold.
func (x *Index) lacks(n *need, a *Agent) []SkillID {
	var missing []SkillID
	for _, id := range n.skills {
		if !x.skills[id].holders.has(a.num()) {
			missing = append(missing, id)
		}
	}
	return missing
}

// Explain says why the item waits and what would change it. It looks at every agent and at the
// heads of all buckets: it is for people, not for the hot path.
func (x *Index) Explain(it *Item, now switchyard.Instant) switchyard.Explanation {
	var n need
	x.fill(&n, it, now)
	if n.target == nil {
		x.setGroups(&n, it.Groups)
	}
	personal := n.target != nil && it.Only == nil
	key := x.orderKey(it, personal, now)
	e := switchyard.Explanation{
		Interaction: it.ID,
		State:       switchyard.Queued,
		At:          now,
		Order:       &key,
		Ahead:       x.ahead(it, personal, now),
		Unserveable: it.Only == nil && x.PersonalOver(it, now) && !x.Servable(it),
	}
	key.Place = e.Ahead + 1
	e.Requires, e.Prefers = x.wishes(it, nil, now)
	e.Considered, e.Excluded = x.survey(&n)
	able := x.able(&n)
	lines := x.misses(it, &n, now)
	for _, m := range lines {
		e.Agents = append(e.Agents, m.Missing)
	}
	e.Changes = x.changes(it, now)
	e.Summary = x.summary(it, &n, &e, able, lines)
	return e
}

// ahead counts the waiting interactions before the item in the order.
func (x *Index) ahead(it *Item, personal bool, now switchyard.Instant) int {
	if x.ageing && x.dirty.at != now {
		x.heapify(now)
	}
	own := &bucket{band: it.Band, personal: personal}
	mine := entry{since: it.Since, counter: it.ID.Counter()}
	h := headOf(own, &mine)
	count := 0
	for slot, b := range x.buckets {
		if b == nil || b.lane.len() == 0 || !x.before(&x.heads[slot], &h) {
			continue
		}
		count += b.lane.countWhile(func(e *entry) bool {
			o := headOf(b, e)
			return x.before(&o, &h)
		})
	}
	return count
}

// able counts the agents that would fit if they were ready, had room and did not cool down.
func (x *Index) able(n *need) int {
	if n.target != nil {
		return 1
	}
	count := 0
	for _, a := range x.agents {
		if a != nil && n.eligible(x, a) {
			count++
		}
	}
	return count
}

// missing is one agent's line, with how far it is from fitting.
type missing struct {
	switchyard.Missing
	causes int
	able   bool // lacks neither skill nor group
}

// misses returns the agents that do not fit, those that miss least first: at most maxExplained, and
// none that misses two more than the first.
func (x *Index) misses(it *Item, n *need, now switchyard.Instant) []missing {
	var all []missing
	for _, a := range x.agents {
		if a == nil || n.target != nil && n.target != a {
			continue
		}
		if m := x.missesOf(it, n, a, now); m.causes > 0 {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b missing) int {
		if a.causes != b.causes {
			return a.causes - b.causes
		}
		return strings.Compare(a.Agent, b.Agent)
	})
	for i := range all {
		if i == maxExplained || all[i].causes > all[0].causes+1 {
			return all[:i]
		}
	}
	return all
}

// missesOf puts into words everything that keeps the agent from fitting.
func (x *Index) missesOf(it *Item, n *need, a *Agent, now switchyard.Instant) missing {
	m := missing{Missing: switchyard.Missing{Agent: a.Username}, able: true}
	var parts []string
	note := func(cause, text string) {
		if m.Cause == "" {
			m.Cause = cause
		}
		m.causes++
		parts = append(parts, text)
	}
	if !a.Ready {
		note(causeNotReady, "is "+awayText(a, now))
	}
	if n.target == nil && n.groups != nil && !n.groups.members.has(a.num()) {
		m.able = false
		note(causeGroup, "is not in "+x.groupNames(n.groups.ids))
	}
	if n.target == nil {
		for _, id := range x.lacks(n, a) {
			m.able = false
			note(causeSkill, "lacks "+x.skills[id].name)
		}
	}
	if until := cooldownOf(it, a, now); until != 0 {
		note(causeCooldown, "cools down until "+clock(until, now))
		if m.Cause == causeCooldown {
			m.Until = until
		}
	}
	if !a.room(it.Class) {
		note(causeRoom, "is full")
	}
	if m.causes > 1 {
		m.Until = 0
	}
	m.Text = a.Username + " " + strings.Join(parts, " and ")
	return m
}

func awayText(a *Agent, now switchyard.Instant) string {
	text := a.AwayText
	if text == "" {
		text = "not ready"
	}
	if a.AwaySince != 0 {
		text += " since " + clock(a.AwaySince, now)
	}
	return text
}

// cooldownOf returns when the agent's cool-down for the item ends, 0 if there is none.
func cooldownOf(it *Item, a *Agent, now switchyard.Instant) switchyard.Instant {
	until := switchyard.Instant(0)
	for _, c := range it.Cooldowns {
		if c.Agent == a && c.Until > now {
			until = max(until, c.Until)
		}
	}
	return until
}

func (x *Index) groupNames(ids []GroupID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = x.groups[id].name
	}
	slices.Sort(names)
	return strings.Join(names, " or ")
}

// clock writes a moment the way people say it: without what it shares with now. It is in UTC.
func clock(at, now switchyard.Instant) string {
	t, n := at.Time(), now.Time()
	switch {
	case t.Format("2006-01-02") != n.Format("2006-01-02"):
		return t.Format("2006-01-02 15:04")
	case t.Second() != 0 && at > now:
		return t.Format("15:04:05")
	}
	return t.Format("15:04")
}

// changes lists what time alone will do to the item.
func (x *Index) changes(it *Item, now switchyard.Instant) []switchyard.Change {
	var all []switchyard.Change
	add := func(at switchyard.Instant, text string) {
		all = append(all, switchyard.Change{At: at, Text: text})
	}
	for _, c := range it.Cooldowns {
		if c.Until > now {
			add(c.Until, "the cool-down of "+c.Agent.Username+" ends")
		}
	}
	if x.PersonalActive(it, now) {
		p, stays := it.Personal, "logged out"
		if p.Agent.LoggedIn {
			stays = "logged in"
		}
		text := "the personal queue of " + p.Agent.Username + " ends, if its agent stays " + stays
		add(p.Start.Add(p.limit()), text)
	}
	for _, d := range it.Demands {
		if it.Only == nil && d.Until > now && d.Until != switchyard.Never {
			add(d.Until, x.skills[d.Skill].name+" is no longer required, only preferred")
		}
	}
	slices.SortStableFunc(all, func(a, b switchyard.Change) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return strings.Compare(a.Text, b.Text)
	})
	return all
}

// maxNamed is how many agents the summary names.
const maxNamed = 3

// summary says in one sentence why the item waits.
func (x *Index) summary(
	it *Item, n *need, e *switchyard.Explanation, able int, lines []missing,
) string {
	switch {
	case it.Only != nil:
		return targetSummary("It was transferred to "+it.Only.Username, it.Only, lines)
	case n.target != nil:
		return targetSummary("It waits in the personal queue of "+n.target.Username, n.target, lines)
	case e.Unserveable:
		return "No agent of the account can ever take it: none " + x.haveText(n, false) + "."
	case e.Considered > 0:
		return plural(e.Considered, "agent fits", "agents fit") +
			" now; work that comes before it goes first."
	case able == 0:
		return "No agent " + x.haveText(n, false) + "."
	}
	text := fmt.Sprintf("%s %s: ", plural(able, "agent", "agents"), x.haveText(n, able > 1))
	return text + named(ofAble(lines), able) + "."
}

func targetSummary(text string, target *Agent, lines []missing) string {
	switch {
	case target.place == 0:
		return text + ", who is no agent any more."
	case len(lines) == 0:
		return text + ", who fits now; work that comes before it goes first."
	}
	return text + ": " + lines[0].Text + "."
}

// haveText says what an agent must have: "has billing and is in sales".
func (x *Index) haveText(n *need, many bool) string {
	has, is, may := "has ", "is in ", "may take it"
	if many {
		has, is = "have ", "are in "
	}
	var parts []string
	if len(n.skills) > 0 {
		names := make([]string, len(n.skills))
		for i, id := range n.skills {
			names[i] = x.skills[id].name
		}
		slices.Sort(names)
		parts = append(parts, has+strings.Join(names, "+"))
	}
	if n.groups != nil {
		parts = append(parts, is+x.groupNames(n.groups.ids))
	}
	if len(parts) == 0 {
		return may
	}
	return strings.Join(parts, " and ")
}

// ofAble keeps the lines of agents that lack neither skill nor group.
func ofAble(lines []missing) []string {
	var texts []string
	for _, a := range lines {
		if a.able {
			texts = append(texts, a.Text)
		}
	}
	return texts
}

// named joins the first few lines and counts the others.
func named(texts []string, of int) string {
	shown := texts[:min(len(texts), maxNamed)]
	text := strings.Join(shown, ", ")
	if rest := of - len(shown); rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
