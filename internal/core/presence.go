package core

import (
	"strings"

	"switchyard"
)

// decidePresence chooses an agent's presence (RULINGS 22, 23).
func (s *State) decidePresence(in *switchyard.SetPresence) (any, *switchyard.Error) {
	a := s.agentNamed(in.Agent)
	if a == nil {
		return nil, switchyard.Refuse(switchyard.NotFound, "the account has no agent %q", in.Agent)
	}
	p, known := s.config.presences[switchyard.CaseKey(in.Presence)]
	if !known {
		return nil, switchyard.Refuse(switchyard.PresenceUnknown, "the account has no presence %q", in.Presence)
	}
	if p.Name == switchyard.PresenceNoAnswer {
		return nil, switchyard.Refuse(switchyard.PresenceReserved, "%q is set by the router alone; choose another presence", p.Name)
	}
	s.choose(a, p)
	return a, nil
}

// choose applies a presence chosen by hand. One that ends No Answer falls back to the presence
// from before first.
func (s *State) choose(a *agent, p switchyard.Presence) {
	now := a.presence
	if a.before != "" {
		now = s.presenceNamed(a.before)
	}
	ringing := a.before == "" && p.Category != switchyard.Ready
	e := &switchyard.PresenceChanged{Agented: switchyard.Agented{Agent: a.Username},
		Presence: p.Name, Category: p.Category, Why: "chosen"}
	switch {
	case p.Name == now.Name:
		if a.before == "" && a.intended == "" {
			return
		}
		e.Only = a.before == ""
	case p.Category != switchyard.Ready && a.working():
		e.Presence, e.Category, e.Intended = now.Name, now.Category, p.Name
		e.Only = a.before == ""
	}
	if e.Only && e.Intended == a.intended {
		return
	}
	s.emit(e)
	if ringing && p.Name != now.Name {
		s.takeOffers(a, "presence")
	}
}

// presenceNamed finds a presence; one that config has removed since counts as Away.
func (s *State) presenceNamed(name string) switchyard.Presence {
	if p, known := s.config.presences[switchyard.CaseKey(name)]; known {
		return p
	}
	return switchyard.Presence{Name: name, Category: switchyard.Away}
}

// workEnded lets an intended presence take effect when the last work has ended.
func (s *State) workEnded(a *agent) {
	if a.intended == "" || a.removed || a.working() {
		return
	}
	p := s.presenceNamed(a.intended)
	s.emit(&switchyard.PresenceChanged{Agented: switchyard.Agented{Agent: a.Username},
		Presence: p.Name, Category: p.Category, Why: "intended"})
}

// agentAlarm ends a presence that passes by itself, or requeues what an agent parked who has been
// logged out for a day (RULINGS 26).
func (s *State) agentAlarm(a *agent, at switchyard.Instant) {
	if a.removed {
		return
	}
	if a.before != "" && a.until == at {
		p := s.presenceNamed(a.before)
		s.emit(&switchyard.PresenceChanged{Agented: switchyard.Agented{Agent: a.Username},
			Presence: p.Name, Category: p.Category, Intended: a.intended, Why: "over"})
	}
	if a.loggedOut == 0 || a.loggedOut.Add(switchyard.Day) != at {
		return
	}
	for _, i := range append([]*interaction(nil), a.mine...) {
		if i.state == switchyard.Parked {
			s.spend()
			s.requeue(i, "parktimeout")
		}
	}
}

// decideLost notes that an agent's desktop is not heard any more, or is again.
func (s *State) decideLost(name string, lost bool) *switchyard.Error {
	a := s.agentNamed(name)
	if a == nil {
		return switchyard.Refuse(switchyard.NotFound, "the account has no agent %q", name)
	}
	if a.lost == lost || lost && a.presence.Category == switchyard.LoggedOut {
		return nil
	}
	if !lost {
		s.emit(&switchyard.BackEvent{Agented: switchyard.Agented{Agent: a.Username}})
		return nil
	}
	s.emit(&switchyard.LostEvent{Agented: switchyard.Agented{Agent: a.Username}})
	s.takeOffers(a, "lost")
	return nil
}

// foldPresence gives an agent its presence.
func (s *State) foldPresence(a *agent, e *switchyard.PresenceChanged) {
	a.intended = e.Intended
	if e.Only {
		s.refresh(a)
		return
	}
	a.presence = switchyard.Presence{Name: e.Presence, Category: e.Category}
	a.since, a.IdleSince = s.now, s.now
	a.until, a.before = e.Until, e.Before
	s.alarms.push(alarm{at: e.Until, kind: alarmAgent, who: a})
	switch {
	case e.Category != switchyard.LoggedOut:
		a.loggedOut = 0
	case a.loggedOut == 0:
		a.loggedOut, a.lost = s.now, false
		s.alarms.push(alarm{at: s.now.Add(switchyard.Day), kind: alarmAgent, who: a})
	}
	s.refresh(a)
}

// refresh tells the routing index what an agent's presence means.
func (s *State) refresh(a *agent) {
	a.LoggedIn = a.presence.Category != switchyard.LoggedOut
	a.Ready = a.presence.Category == switchyard.Ready && !a.lost && a.intended == ""
	a.AwaySince, a.AwayText = a.since, awayText(a)
	s.changes.agent(a)
	if !a.removed {
		s.index.AgentChanged(&a.Agent)
	}
}

// awayText says in words why an agent is not ready.
func awayText(a *agent) string {
	switch name := a.presence.Name; {
	case a.lost:
		return "not heard from"
	case a.intended != "":
		return "about to be " + a.intended
	case strings.ReplaceAll(name, " ", "") == string(a.presence.Category): // a built-in one
		return name
	default:
		return string(a.presence.Category) + " (" + name + ")"
	}
}
