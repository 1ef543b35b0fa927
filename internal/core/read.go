package core

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"slices"

	"switchyard"
	"switchyard/internal/core/routing"
)

// record reads everything about an interaction off.
func (s *State) record(i *interaction) *Record {
	r := &Record{
		ID: i.ID, RequestID: i.requestID, ExternalID: i.externalID, Provider: i.providerName(), Route: i.route.Name,
		Class: i.Class, Linked: i.linked.list(), Values: maps.Clone(i.values), Band: i.Band, State: i.state,
		Plan: i.plan.Name, Created: i.created, Since: i.Since, Changed: i.entered, Until: i.until,
		QueueEnd: i.queueEnd, Estimate: int64(i.estimate), Released: i.released,
	}
	if i.conf != nil {
		r.Version = i.conf.Version
		if !i.route.same(i.conf.routes[switchyard.CaseKey(i.route.Name)]) {
			r.KeptRoute = &KeptRoute{Presets: i.route.presets, After: i.route.after}
		}
	}
	if i.applet != nil {
		r.Applet = i.applet.Name
	}
	if len(i.Demands) > 0 {
		r.Demands = make([]switchyard.Demand, 0, len(i.Demands))
	}
	for _, d := range i.Demands {
		r.Demands = append(r.Demands, switchyard.Demand{Skill: s.index.SkillName(d.Skill), Until: d.Until})
	}
	if p := i.Personal; p != nil {
		r.Personal = &switchyard.PersonalQueue{Agent: p.Agent.Username, LoggedIn: p.In, LoggedOut: p.Out, Set: p.Start}
	}
	for _, c := range i.Cooldowns {
		if a := s.agentNamed(c.Agent.Username); a == nil || &a.Agent != c.Agent {
			continue // that agent was removed since
		}
		r.Cooldowns = append(r.Cooldowns, Cooldown{Agent: c.Agent.Username, Until: c.Until})
	}
	if i.Only != nil {
		r.Only = i.Only.Username
	}
	if i.rare != nil {
		s.recordRare(i.rare, r)
	}
	if i.state == switchyard.Queued {
		r.NoServer = s.noServer(i)
	}
	return r
}

func (s *State) recordRare(m *rare, r *Record) {
	if m.agent != nil {
		r.Agent, r.Lost = m.agent.Username, m.agent.lost
	} else if r.State == switchyard.Ended {
		r.Agent = m.lastAgent
	}
	r.LastAgent = m.lastAgent
	r.FirstAgent, r.Size, r.OnlyUntil, r.Answered = m.firstAgent, m.size, m.onlyUntil, m.answered
	r.Ended, r.Outcome, r.Detail, r.Disposition, r.Notes = m.ended, m.outcome, m.detail, m.disposition, m.notes
	r.Fault, r.Reason, r.After, r.Exit, r.Target = m.fault, m.reason, m.afterPlan, m.exit, m.target
	r.ReleasedAt = m.releasedAt
	r.Effects, r.Failed, r.Timeout = slices.Clone(m.effects), m.failed, m.timeout
	r.TestPlan = m.testPlan
}

// noServer is from when on queued work can be taken by no agent, were nothing to happen but time; 0 = never.
func (s *State) noServer(i *interaction) switchyard.Instant {
	if i.Only != nil || i.queueEnd != 0 || s.index.Servable(&i.Item) {
		return 0
	}
	return max(i.Since, routing.PersonalEnd(&i.Item))
}

func (s *State) unserveable(i *interaction, now switchyard.Instant) bool {
	from := s.noServer(i)
	return from != 0 && now >= from
}

// Find returns a live interaction, or one whose after plan runs; nil if there is none.
func (s *State) Find(id switchyard.ID) *Record {
	if i := s.find(id); i != nil {
		return s.record(i)
	}
	return nil
}

// Unknown is the refusal of an action that names what the account has not, or names it wrongly,
// whatever its interaction; nil when it names all it must.
func (s *State) Unknown(in *switchyard.Act) *switchyard.Error {
	return (&act{Act: in, s: s, i: &interaction{}}).resolve(actions[in.Action])
}

// FindExternal returns the live interaction a provider knows under an externalid; provider "" means
// dispatched without one.
func (s *State) FindExternal(provider, externalID string) *Record {
	if i := s.external[externalKey{switchyard.CaseKey(provider), externalID}]; i != nil {
		return s.record(i)
	}
	return nil
}

// FindAnyExternal returns the live interactions with an externalid, whatever the provider and also
// when it is free again, newest first.
func (s *State) FindAnyExternal(externalID string) []*Record {
	var out []*Record
	for _, provider := range slices.Sorted(keys(s.providers)) {
		if r := s.FindExternal(provider, externalID); r != nil {
			out = append(out, r)
		}
	}
	if r := s.FindExternal("", externalID); r != nil {
		out = append(out, r)
	}
	for _, i := range s.released {
		if i.externalID == externalID {
			out = append(out, s.record(i))
		}
	}
	slices.SortFunc(out, func(a, b *Record) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return out
}

// Newest calls f with the live interactions dispatched before the given one, newest first, until it
// returns false. The zero id starts at the newest.
func (s *State) Newest(before switchyard.ID, f func(r *Record) bool) {
	i := s.newest
	if !before.IsZero() {
		if at := s.find(before); at != nil {
			i = at.older
		} else {
			for i != nil && i.ID.Counter() >= before.Counter() {
				i = i.older
			}
		}
	}
	for ; i != nil && f(s.record(i)); i = i.older {
	}
}

// Oldest is Newest from the other end: the live interactions dispatched after the given one, oldest
// first. The zero id starts at the oldest.
func (s *State) Oldest(after switchyard.ID, f func(r *Record) bool) {
	i := s.oldest
	if !after.IsZero() {
		if at := s.find(after); at != nil {
			i = at.newer
		} else {
			for i != nil && i.ID.Counter() <= after.Counter() {
				i = i.newer
			}
		}
	}
	for ; i != nil && f(s.record(i)); i = i.newer {
	}
}

// agentRecord reads everything about an agent off.
func (s *State) agentRecord(a *agent) *AgentRecord {
	r := &AgentRecord{
		Username: a.Username, Presence: a.presence.Name, Category: a.presence.Category, Intended: a.intended,
		Since: a.since, Until: a.until, Before: a.before, IdleSince: a.IdleSince, LoggedOut: a.loggedOut,
		Lost: a.lost, BusySince: a.busySince, Entry: a.entry, Load: a.Load,
	}
	for _, i := range a.mine {
		r.Interactions = append(r.Interactions, i.ID)
	}
	return r
}

// Agent returns an agent by its username, without case; nil if there is none.
func (s *State) Agent(username string) *AgentRecord {
	if a := s.agentNamed(username); a != nil {
		return s.agentRecord(a)
	}
	return nil
}

// Agents returns all agents in username order.
func (s *State) Agents() []*AgentRecord {
	out := make([]*AgentRecord, 0, len(s.roster))
	for _, a := range s.roster {
		out = append(out, s.agentRecord(a))
	}
	return out
}

// render turns what a decision was about into what callers may keep.
func (s *State) render(answer any) any {
	switch v := answer.(type) {
	case *interaction:
		return s.record(v)
	case *agent:
		return s.agentRecord(v)
	}
	return answer
}

// Explain says why an interaction is where it is, and what would change it.
func (s *State) Explain(id switchyard.ID, now switchyard.Instant) (*switchyard.Explanation, bool) {
	i := s.find(id)
	if i == nil {
		return nil, false
	}
	if i.state == switchyard.Queued {
		e := s.index.Explain(&i.Item, now)
		s.explainTest(i, &e)
		e.Interaction, e.State, e.At, e.Unserveable = i.ID, i.state, now, s.unserveable(i, now)
		if i.queueEnd != 0 {
			e.Changes = append(e.Changes, switchyard.Change{At: i.queueEnd, Text: "it leaves queue " + i.queue().Name + " by its exit duration"})
		}
		if i.Only != nil {
			e.Changes = append(e.Changes, switchyard.Change{At: i.rare.onlyUntil, Text: "it stops waiting for " + i.Only.Username + " and waits in its queue again"})
		}
		return &e, true
	}
	e := &switchyard.Explanation{Interaction: i.ID, State: i.state, At: now, Summary: s.whereabouts(i)}
	s.explainTest(i, e)
	if i.rare != nil {
		e.Last = i.rare.reason
	}
	if i.until != 0 {
		e.Changes = []switchyard.Change{{At: i.until, Text: untilText[i.state]}}
	}
	return e, true
}

var untilText = map[switchyard.Status]string{
	switchyard.Planned: "its plan goes on",
	switchyard.Offered: "ringing ends; unanswered, it goes back to its queue with its age",
	switchyard.Parked:  "it goes back to its queue by itself",
	switchyard.Wrap:    "wrap-up ends by itself",
	switchyard.Ended:   "its after plan goes on",
}

// whereabouts says in one sentence where an interaction that is not queued is.
func (s *State) whereabouts(i *interaction) string {
	if a := i.agent(); a != nil {
		text := fmt.Sprintf("It is %s with agent %s since %v.", i.state, a.Username, i.entered)
		if a.lost {
			text += " The agent's desktop is not heard; a supervisor can take the work back."
		}
		return text
	}
	where := "It has not started its plan yet."
	if i.applet != nil {
		where = fmt.Sprintf("It is at applet %s of plan %s since %v.", i.applet.Name, i.plan.Name, i.entered)
	}
	if i.rare != nil && len(i.rare.effects) > 0 && i.until == 0 {
		where += s.waitsFor(i.rare.effects)
	}
	return where
}

// waitsFor says which effects a plan waits for.
func (s *State) waitsFor(effects []switchyard.ID) string {
	f := s.pending[effects[0]]
	switch {
	case f == nil:
		return ""
	case f.Connector != nil:
		return fmt.Sprintf(" It waits for the answer of %s, until %v at most.", f.Connector.Host, f.Deadline)
	case len(effects) > 1:
		return fmt.Sprintf(" It waits for %d messages to be sent.", len(effects))
	}
	return " It waits for a message to be sent."
}

func keys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

// sortedIDs returns the ids of a map in their order.
func sortedIDs[V any](m map[switchyard.ID]V) []switchyard.ID {
	return slices.SortedFunc(maps.Keys(m), func(a, b switchyard.ID) int { return bytes.Compare(a[:], b[:]) })
}

// decideErase notes that an ended interaction's personal data is to go from the tables, and from the
// state while its after plan runs.
func (s *State) decideErase(in *switchyard.ErasePersonal) *switchyard.Error {
	if i := s.find(in.Interaction); i != nil && !i.after {
		return switchyard.Refuse(switchyard.NotEnded, "interaction %s has not ended; release it first", in.Interaction)
	}
	s.emit(&switchyard.Erased{On: switchyard.On{Interaction: in.Interaction}})
	return nil
}
