package core

import (
	"switchyard"
	"switchyard/internal/core/plan"
)

// offer gives a queued interaction to the agent the rule chose: it rings, or connects at once.
func (s *State) offer(i *interaction, a *agent, reason switchyard.Reason) {
	q := i.queue()
	e := &switchyard.OfferMade{With: switchyard.With{Interaction: i.ID, Agent: a.Username},
		Size: a.Sizes[i.Class], Auto: q.Auto, Reason: reason}
	if !q.Auto {
		e.Until = s.now.Add(s.length(i, &q.Ring, &e.Fault))
	}
	s.emit(e)
	if q.Auto {
		s.join(i, "auto")
	}
}

// join puts the interaction it is offered into the agent's hands and tells the provider.
func (s *State) join(i *interaction, how string) {
	s.emit(&switchyard.Joined{With: s.with(i), How: how})
	s.notify(i, "AssignToAgent", i.agent())
}

// noAnswer takes an offer back whose ring ran out. When the server was down meanwhile, nobody is
// to blame (RULINGS 19). What had run out by the start is dealt with by it and by the sweeps that
// follow, so the two instants tell.
func (s *State) noAnswer(i *interaction) {
	if i.until <= s.started {
		s.giveBack(i, "restart", 0)
		return
	}
	a, reaction := i.agent(), &i.queue().OnNoAnswer
	if reaction.Presence == "" {
		s.giveBack(i, "noanswer", s.now.Add(s.settings().cooldown))
		return
	}
	s.giveBack(i, "noanswer", 0)
	s.react(i, a, reaction, "noanswer")
}

// giveBack returns an offer to waiting, with its age.
func (s *State) giveBack(i *interaction, why string, cooldown switchyard.Instant) {
	s.emit(&switchyard.Returned{With: s.with(i), Why: why, Cooldown: cooldown})
}

// react gives an agent the presence its queue has for those who do not answer or decline; it
// passes by itself, and takes back the agent's other offers.
func (s *State) react(i *interaction, a *agent, r *plan.Reaction, why string) {
	p, known := s.config.presences[switchyard.CaseKey(r.Presence)]
	if !known || a.removed {
		return
	}
	e := &switchyard.PresenceChanged{Agented: switchyard.Agented{Agent: a.Username}, Presence: p.Name,
		Category: p.Category, Before: a.presence.Name, Why: why}
	length := s.length(i, &r.For, &e.Fault)
	if length == 0 {
		length = s.settings().noAnswer
	}
	e.Until = s.now.Add(length)
	if a.before != "" {
		e.Before = a.before
	}
	s.emit(e)
	s.takeOffers(a, "presence")
}

// takeOffers returns everything that rings at an agent, without blame.
func (s *State) takeOffers(a *agent, why string) {
	for _, i := range append([]*interaction(nil), a.mine...) {
		if i.state == switchyard.Offered {
			s.giveBack(i, why, 0)
		}
	}
}

// exit takes one queue exit that is due: durations first, then those nobody is logged in for.
func (s *State) exit() bool {
	if a, ok := s.exits.due(s.now); ok {
		if i := s.live[a.key]; i != nil && i.state == switchyard.Queued && i.Only == nil && i.queueEnd == a.at {
			s.spend()
			s.leave(i, "duration")
		}
		return true
	}
	item := s.index.Stranded(s.now)
	if item == nil {
		return false
	}
	s.spend()
	s.leave(s.live[item.ID.Counter()], "noagents")
	return true
}

// leave takes a named exit of the queue the interaction waits in.
func (s *State) leave(i *interaction, exit string) {
	a := i.applet
	s.emit(&switchyard.Left{On: on(i), Plan: a.Plan, Applet: a.Name, Exit: exit})
	s.follow(i, a, exit)
}

// sweepGhosts deals with one consequence of an agent's removal (RULINGS 32).
func (s *State) sweepGhosts() bool {
	if len(s.ghosts) == 0 {
		return false
	}
	ghost := s.ghosts[0]
	if len(ghost.mine) > 0 {
		s.spend()
		s.orphan(ghost.mine[0])
		return true
	}
	for i := s.newest; i != nil; i = i.older {
		if i.Personal != nil && i.Personal.Agent == &ghost.Agent {
			s.spend()
			s.emit(&switchyard.PersonalEnded{On: on(i), Why: "removed"})
			if s.budget <= 0 {
				return true
			}
		}
		if i.Only == &ghost.Agent {
			s.spend()
			s.lapseTransfer(i, "removed")
			return true
		}
	}
	s.ghosts = s.ghosts[1:]
	return true
}

// orphan brings on what a removed agent had: wrap ends, other work waits again with its age.
func (s *State) orphan(i *interaction) {
	ringing := i.state == switchyard.Offered
	if a := i.agent(); i.Personal != nil && i.Personal.Agent == &a.Agent {
		s.emit(&switchyard.PersonalEnded{On: on(i), Why: "removed"})
	}
	if a := i.agent(); i.Only == &a.Agent {
		s.lapseTransfer(i, "removed")
		ringing = false
	}
	switch i.state {
	case switchyard.Wrap:
		s.emit(&switchyard.Completed{With: s.with(i), Expired: true})
		s.finish(i, switchyard.OutcomeDelivered, "")
	default:
		s.giveBack(i, "removed", 0)
		if !ringing {
			s.enqueue(i, i.applet)
		}
	}
}

// transferAlarm ends the wait for the agent an interaction was transferred to. A ringing offer is
// not withdrawn: the alarm is set again when it comes back.
func (s *State) transferAlarm(i *interaction) {
	if i.state == switchyard.Queued {
		s.spend()
		s.lapseTransfer(i, "timeout")
	}
}

func (s *State) lapseTransfer(i *interaction, why string) {
	s.emit(&switchyard.TransferLapsed{With: switchyard.With{Interaction: i.ID, Agent: i.Only.Username}, Why: why})
	if i.state == switchyard.Queued {
		s.enqueue(i, i.applet)
	}
}
