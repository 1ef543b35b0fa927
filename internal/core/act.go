package core

import (
	"slices"

	"switchyard"
)

// decideAct does what an agent, or a supervisor, does to an interaction. Refusals come in the order
// of RULINGS 1: malformed, no such id, a name that does not exist, not permitted, not possible now.
func (s *State) decideAct(in *switchyard.Act) (any, *switchyard.Error) {
	do := actions[in.Action]
	switch {
	case do.perform == nil:
		return nil, switchyard.Refuse(switchyard.Malformed, "there is no action %q", in.Action)
	case in.Action == switchyard.ActTransfer && (in.ToAgent == "") == (in.ToRoute == ""):
		return nil, switchyard.Refuse(switchyard.Malformed, "a transfer names either toagent or toroute")
	case in.Action == switchyard.ActAssign && in.ToAgent == "":
		return nil, switchyard.Refuse(switchyard.Malformed, "an assignment names toagent")
	}
	i := s.find(in.Interaction)
	if i == nil {
		return nil, switchyard.Refuse(switchyard.NotFound, "no live interaction has id %s", in.Interaction)
	}
	act := &act{Act: in, s: s, i: i}
	refused := act.resolve(do)
	if refused == nil {
		refused = act.refusal(do)
	}
	if refused == nil {
		refused = do.perform(act)
	}
	if refused != nil {
		return nil, refused
	}
	return i, nil
}

// act is an action being decided, with its names resolved.
type act struct {
	*switchyard.Act
	s     *State
	i     *interaction
	agent *agent // who acts; for a supervisor who names nobody, whoever has the interaction
	to    *agent
	route *route
	band  switchyard.Band
	kind  Target // of a transfer
}

// Target is what kind of thing an interaction is transferred to.
type Target string

// The kinds of targets.
const (
	ToAgent Target = "agent"
	ToRoute Target = "route"
)

// deed is what an action needs and does.
type deed struct {
	states     []switchyard.Status // in which it is possible
	supervisor bool                // only a supervisor's
	permitted  func(Target, switchyard.Permissions) bool
	room       func(*act) *switchyard.Error // refuses what the agent has no room for; nil = it takes none
	perform    func(*act) *switchyard.Error
}

var actions = map[switchyard.Action]deed{
	switchyard.ActAccept:  {states: []switchyard.Status{switchyard.Offered}, perform: (*act).accept},
	switchyard.ActDecline: {states: []switchyard.Status{switchyard.Offered}, perform: (*act).decline},
	switchyard.ActRelease: {states: []switchyard.Status{switchyard.Connected, switchyard.Held}, perform: (*act).release,
		permitted: func(_ Target, p switchyard.Permissions) bool { return p.Release }},
	switchyard.ActHold: {states: []switchyard.Status{switchyard.Connected}, perform: (*act).hold,
		permitted: func(_ Target, p switchyard.Permissions) bool { return p.Hold }},
	switchyard.ActRetrieve: {states: []switchyard.Status{switchyard.Held, switchyard.Parked}, perform: (*act).retrieve,
		permitted: func(_ Target, p switchyard.Permissions) bool { return p.Hold }, room: (*act).roomToRetrieve},
	switchyard.ActTransfer: {states: []switchyard.Status{switchyard.Connected, switchyard.Held}, perform: (*act).transfer,
		permitted: func(to Target, p switchyard.Permissions) bool {
			return to == ToAgent && p.TransferToAgent || to == ToRoute && p.TransferToRoute
		}},
	switchyard.ActComplete: {states: []switchyard.Status{switchyard.Wrap}, perform: (*act).complete},
	switchyard.ActExtend:   {states: []switchyard.Status{switchyard.Wrap}, perform: (*act).extend},
	switchyard.ActNote: {perform: (*act).note, states: []switchyard.Status{switchyard.Connected, switchyard.Held,
		switchyard.Parked, switchyard.Wrap}},
	switchyard.ActRequeue: {supervisor: true, perform: (*act).requeue, states: []switchyard.Status{switchyard.Queued,
		switchyard.Offered, switchyard.Connected, switchyard.Held, switchyard.Parked}},
	switchyard.ActAssign: {supervisor: true, perform: (*act).assign, states: []switchyard.Status{switchyard.Queued,
		switchyard.Offered, switchyard.Connected, switchyard.Held, switchyard.Parked}},
	switchyard.ActPriority: {supervisor: true, perform: (*act).priority, states: []switchyard.Status{switchyard.Planned,
		switchyard.Queued, switchyard.Offered, switchyard.Connected, switchyard.Held, switchyard.Parked}},
}

// resolve finds everyone and everything the action names.
func (a *act) resolve(do deed) *switchyard.Error {
	s := a.s
	if a.agent = a.i.agent(); a.Agent != "" {
		if a.agent = s.agentNamed(a.Agent); a.agent == nil {
			return switchyard.Refuse(switchyard.AgentUnknown, "the account has no agent %q", a.Agent)
		}
	} else if !a.Supervisor {
		return switchyard.Refuse(switchyard.AgentUnknown, `name the agent that acts: {"agent": "ada"}`)
	}
	if a.ToAgent != "" {
		if a.to = s.agentNamed(a.ToAgent); a.to == nil {
			return switchyard.Refuse(switchyard.AgentUnknown, "toagent: the account has no agent %q", a.ToAgent)
		}
		a.kind = ToAgent
	}
	if a.ToRoute != "" {
		var refused *switchyard.Error
		if a.route, refused = s.routeFor(a.ToRoute); refused != nil {
			return refused
		}
		a.kind = ToRoute
	}
	if a.Action == switchyard.ActPriority {
		var err error
		if a.band, err = switchyard.ParseBand(a.Band); err != nil {
			return switchyard.Refuse(switchyard.BandInvalid, "band: %v", err)
		}
	}
	if list := s.config.Document.Dispositions; a.Disposition != "" && len(list) > 0 && !slices.Contains(list, a.Disposition) {
		return switchyard.Refuse(switchyard.DispositionUnknown, "the account has no disposition %q; it has %q", a.Disposition, list)
	}
	if do.supervisor && !a.Supervisor {
		return switchyard.Refuse(switchyard.Forbidden, "%s is for supervisors", a.Action)
	}
	return nil
}

// refusal is why the actor is not permitted to do it, or cannot do it now; nil when nothing of the
// interaction and the agent stands in the way.
func (a *act) refusal(do deed) *switchyard.Error {
	if p := a.i.provider; do.permitted != nil && !a.Supervisor && !a.Overseer && p != nil && !p.removed && !do.permitted(a.kind, p.Permitted) {
		return switchyard.Refuse(switchyard.NotPermitted, "provider %q does not permit agents to %s its interactions", p.Name, a.Action)
	}
	if refused := a.possible(do); refused != nil || do.room == nil {
		return refused
	}
	return do.room(a)
}

// possible checks that the interaction's state allows the action, and that it is the actor's.
func (a *act) possible(do deed) *switchyard.Error {
	i := a.i
	if a.Action == switchyard.ActRelease && a.Supervisor && !i.after {
		return nil
	}
	if !a.Supervisor && i.agent() != nil && i.agent() != a.agent {
		return switchyard.Refuse(switchyard.NotYours, "interaction %s is with agent %s", i.ID, i.agent().Username)
	}
	if i.after || !slices.Contains(do.states, i.state) {
		return switchyard.Refuse(switchyard.WrongState, "interaction %s is %s; %s needs %s", i.ID, i.state, a.Action, either(do.states))
	}
	return nil
}

// either writes states as "connected or held".
func either(states []switchyard.Status) string {
	text := ""
	for n, state := range states {
		switch {
		case n == 0:
		case n == len(states)-1:
			text += " or "
		default:
			text += ", "
		}
		text += string(state)
	}
	return text
}

func (a *act) accept() *switchyard.Error {
	a.s.join(a.i, "accept")
	return nil
}

// decline gives an offer back. In an active personal queue it is the queue's exit, if it has one.
func (a *act) decline() *switchyard.Error {
	s, i, who := a.s, a.i, a.i.agent()
	personal := s.index.PersonalActive(&i.Item, s.now)
	s.giveBack(i, "declined", s.now.Add(s.settings().cooldown))
	reaction := &i.queue().OnDecline
	if _, named := i.applet.Exit("declined"); personal && named {
		s.emit(&switchyard.PersonalEnded{On: on(i), Why: "declined"})
		s.leave(i, "declined")
	}
	if reaction.Presence != "" {
		s.react(i, who, reaction, "declined")
	}
	return nil
}

func (a *act) release() *switchyard.Error {
	s, i := a.s, a.i
	if a.Supervisor {
		if i.state == switchyard.Wrap {
			return a.complete()
		}
		s.releaseBy(i, "supervisor")
		return nil
	}
	q := i.queue()
	e := &switchyard.Released{With: s.with(i), By: "agent", Disposition: a.Disposition, Notes: a.Notes}
	wrap := s.length(i, &q.Wrap, &e.Fault)
	if wrap == 0 && a.lacksDisposition() {
		return switchyard.Refuse(switchyard.DispositionRequired, "queue %s requires a disposition", q.Name)
	}
	if wrap > 0 {
		e.Wrap = s.now.Add(wrap)
	}
	s.emit(e)
	s.notify(i, "Release", a.agent)
	if wrap == 0 {
		s.finish(i, switchyard.OutcomeDelivered, "")
	}
	return nil
}

func (a *act) hold() *switchyard.Error {
	s, i := a.s, a.i
	if i.Class == switchyard.Live {
		s.emit(&switchyard.HeldEvent{With: s.with(i)})
		return nil
	}
	who := i.agent()
	s.emit(&switchyard.ParkedEvent{With: s.with(i), Until: s.now.Add(s.settings().parkTimeout)})
	s.workEnded(who)
	return nil
}

func (a *act) retrieve() *switchyard.Error {
	s, i, who := a.s, a.i, a.i.agent()
	size := i.rare.size
	if i.state == switchyard.Parked {
		size = who.Sizes[i.Class]
	}
	s.emit(&switchyard.Retrieved{With: s.with(i), Size: size})
	return nil
}

// roomToRetrieve asks for the room that parked work takes anew; held work has kept its own.
func (a *act) roomToRetrieve() *switchyard.Error {
	who := a.i.agent()
	if size := who.Sizes[a.i.Class]; a.i.state == switchyard.Parked && who.Load+size > 100 {
		return switchyard.Refuse(switchyard.NoRoom, "agent %s has a load of %d %%; the interaction needs %d more", who.Username, who.Load, size)
	}
	return nil
}

func (a *act) transfer() *switchyard.Error {
	s, i, who := a.s, a.i, a.i.agent()
	if a.to != nil {
		if a.to == who {
			return switchyard.Refuse(switchyard.TransferToSelf, "the interaction is with agent %s already", who.Username)
		}
		s.moveTo(i, a.to, "")
	} else {
		e := &switchyard.Transferred{With: s.with(i), ToRoute: a.route.Name, Version: a.route.conf.Version}
		if a.route.tests(i.linked.last("clid", "")) {
			e.TestPlan = a.route.test.plan.Name
		}
		s.emit(e)
		s.run(i, i.plan.Applets[i.plan.Start])
	}
	s.workEnded(who)
	return nil
}

// moveTo lets one agent, and no other, take the interaction for a while.
func (s *State) moveTo(i *interaction, to *agent, why string) {
	s.emit(&switchyard.Transferred{With: s.with(i), ToAgent: to.Username, Until: s.now.Add(s.settings().transferTimeout), Why: why})
}

func (a *act) assign() *switchyard.Error {
	s, i, who := a.s, a.i, a.i.agent()
	if who == a.to && i.state != switchyard.Queued {
		return switchyard.Refuse(switchyard.TransferToSelf, "the interaction is with agent %s already", who.Username)
	}
	s.moveTo(i, a.to, "assigned")
	if who != nil {
		s.workEnded(who)
	}
	return nil
}

func (a *act) complete() *switchyard.Error {
	s, i := a.s, a.i
	if a.lacksDisposition() && !a.Supervisor {
		return switchyard.Refuse(switchyard.DispositionRequired, "queue %s requires a disposition", i.queue().Name)
	}
	s.emit(&switchyard.Completed{With: s.with(i), Disposition: a.Disposition, Notes: a.Notes})
	s.finish(i, switchyard.OutcomeDelivered, "")
	return nil
}

// lacksDisposition reports whether the queue asks for a disposition that nobody has given so far.
func (a *act) lacksDisposition() bool {
	return a.i.queue().Disposition && a.Disposition == "" && a.i.rare.disposition == ""
}

// note keeps what the agent has typed so far.
func (a *act) note() *switchyard.Error {
	if r := a.i.rare; r.disposition != a.Disposition || r.notes != a.Notes {
		a.s.emit(&switchyard.Noted{With: a.s.with(a.i), Disposition: a.Disposition, Notes: a.Notes})
	}
	return nil
}

func (a *act) extend() *switchyard.Error {
	longer := a.By
	if longer <= 0 {
		longer = 30 * switchyard.Second
	}
	a.s.emit(&switchyard.WrapExtended{With: a.s.with(a.i), Until: a.i.until.Add(longer)})
	return nil
}

func (a *act) priority() *switchyard.Error {
	if a.i.Band != a.band {
		a.s.emit(&switchyard.Prioritised{On: on(a.i), Band: a.band})
	}
	return nil
}

func (a *act) requeue() *switchyard.Error {
	who := a.i.agent()
	a.s.requeue(a.i, "supervisor")
	if who != nil {
		a.s.workEnded(who)
	}
	return nil
}

// requeue lets an interaction wait again, with its age, at its queue in the newest version of its
// plan; when that queue is gone there, at the plan's start (RULINGS 34).
func (s *State) requeue(i *interaction, why string) {
	old := i.applet
	e := &switchyard.Requeued{With: s.with(i), Plan: i.plan.Name, Applet: old.Name, Version: i.conf.Version, Why: why}
	if p := s.config.plans.Plan(i.plan.Name); p != nil {
		e.Plan, e.Version = p.Name, s.config.Version
		if a := p.Applets[old.Name]; a == nil || a.Queue == nil {
			e.Applet = p.Start
		}
	}
	s.emit(e)
	s.run(i, i.plan.Applets[e.Applet])
}
