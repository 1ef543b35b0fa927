package core

import (
	"cmp"
	"slices"
	"strings"

	"switchyard"
)

// Option is something an agent may want to do with an interaction, and what Decide would say to it now.
type Option struct {
	Action switchyard.Action
	To     Target // of a transfer
	// Disposition says that the work cannot end by it without one.
	Disposition bool
	Refused     *switchyard.Error // nil = it may
}

// ofAgents are the actions of agents in the order people are shown them.
var ofAgents = []Option{
	{Action: switchyard.ActAccept}, {Action: switchyard.ActDecline},
	{Action: switchyard.ActRetrieve}, {Action: switchyard.ActHold},
	{Action: switchyard.ActTransfer, To: ToAgent}, {Action: switchyard.ActTransfer, To: ToRoute},
	{Action: switchyard.ActRelease}, {Action: switchyard.ActComplete}, {Action: switchyard.ActExtend},
	{Action: switchyard.ActNote},
}

// Options says of every action of agents whether an agent may do it to a live interaction now. They
// are decided by what decides the actions. With overseer the agent is a supervisor or an admin as
// well, whom a provider's permissions do not bind. It answers nil when one of the two is not there.
func (s *State) Options(id switchyard.ID, username string, overseer bool) []Option {
	i, who := s.find(id), s.agentNamed(username)
	if i == nil || who == nil {
		return nil
	}
	out := make([]Option, len(ofAgents))
	for n, o := range ofAgents {
		a := &act{Act: &switchyard.Act{Interaction: id, Action: o.Action, Agent: username, Overseer: overseer},
			s: s, i: i, agent: who, kind: o.To}
		o.Refused = a.refusal(actions[o.Action])
		o.Disposition = o.Refused == nil && a.asksDisposition()
		out[n] = o
	}
	return out
}

// asksDisposition reports whether the action ends the work, and its queue asks for a disposition then.
func (a *act) asksDisposition() bool {
	switch a.Action {
	case switchyard.ActComplete:
		return a.i.queue().Disposition
	case switchyard.ActRelease:
		var fault string // of reading wrap; the release itself tells it
		return a.i.queue().Disposition && a.s.length(a.i, &a.i.queue().Wrap, &fault) == 0
	}
	return false
}

// Colleague is an agent as another agent sees it who wants to give work on.
type Colleague struct {
	Username, Name, Presence string
	Category                 switchyard.Category
	// Free says that it could take the interaction now.
	Free bool
}

// Colleagues lists the agents whom an interaction may be transferred to and whose username or name has
// the text in it, in any case: those who could take it now first, then the others who are logged in, each
// part in username order. It answers at most limit, and whether there are more.
func (s *State) Colleagues(id switchyard.ID, text string, limit int) (list []Colleague, more bool) {
	i := s.find(id)
	if i == nil {
		return nil, false
	}
	text = strings.ToLower(text)
	var parts [3][]Colleague
	for _, a := range s.roster {
		if !a.entry.Has(switchyard.RoleAgent) || a == i.agent() || !strings.Contains(strings.ToLower(a.Username), text) &&
			!strings.Contains(strings.ToLower(a.entry.Name), text) {
			continue
		}
		c := Colleague{a.Username, cmp.Or(a.entry.Name, a.Username), a.presence.Name, a.presence.Category,
			a.Ready && a.Load+a.Sizes[i.Class] <= 100}
		part := &parts[c.reach()]
		if len(*part) <= limit {
			*part = append(*part, c)
		}
	}
	list = slices.Concat(parts[:]...)
	return list[:min(len(list), limit)], len(list) > limit
}

// reach is how soon a colleague could take work: now, when it has finished other work, or not before it
// logs in.
func (c *Colleague) reach() int {
	switch {
	case c.Free:
		return 0
	case c.Category != switchyard.LoggedOut:
		return 1
	}
	return 2
}

// Choices are the presences that may be chosen by hand, in the order the account has them.
func (c *Config) Choices() []switchyard.Presence {
	var out []switchyard.Presence
	for _, p := range slices.Concat(builtInPresences, c.Document.Presences) {
		if p.Name != switchyard.PresenceNoAnswer && c.presences[switchyard.CaseKey(p.Name)] == p {
			out = append(out, p)
		}
	}
	return out
}
