package core

import (
	"slices"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/core/routing"
)

// Fold replays a row of the journal: facts, whoever decided them. It cannot fail; an event that
// does not fit the state is a fault of the program and panics with both named.
func (s *State) Fold(seq switchyard.Seq, at switchyard.Instant, events []switchyard.Event) {
	if at < s.now {
		broken("row %d at %v after %v", seq, at, s.now)
	}
	s.now, s.seq = at, seq
	for _, e := range events {
		s.fold(seq, e)
	}
	s.unfinished = s.config != nil // whatever follows is settled by the next input
}

// Rest says that the row folded last has no further consequences: the next row of the journal is no
// sweep. Only then may a replay cut a checkpoint.
func (s *State) Rest() { s.unfinished = false }

// fold applies one event.
func (s *State) fold(seq switchyard.Seq, e switchyard.Event) {
	switch e := e.(type) {
	case *switchyard.ConfigPublished:
		var old *switchyard.Account
		if s.config != nil {
			old = s.config.Document
		}
		s.foldPublished(e)
		s.revoke(old, s.config.Document)
	case *switchyard.DraftSaved:
		s.foldDraftSaved(e)
	case *switchyard.DraftDropped:
		s.foldDraftDropped(e)
	case *switchyard.ProviderRegistered:
		s.foldRegistered(e)
	case *switchyard.ProviderRemoved:
		s.foldRemoved(e)
	case *switchyard.SecretRotated:
		s.foldRotated(e)
	case *switchyard.CredentialsResealed:
		s.foldResealed(e)
	case *switchyard.Processed:
		s.requests.accept(seq, s.now, e.Results)
	case *switchyard.RequestIDsFlushed:
		s.requests.flush(e.Through)
		s.changes.flushed()
	case *switchyard.EffectRequested:
		s.foldRequested(e)
	case *switchyard.EffectDue:
		s.foldDue(e)
	case *switchyard.EffectAttempted:
		s.foldAttempted(e)
	case *switchyard.EffectFinished:
		s.foldEffectFinished(e)
	case *switchyard.EffectReported:
		s.foldReported(e)
	case *switchyard.TokenIssued:
		s.foldToken(e)
	case *switchyard.SessionOpened:
		s.foldSession(e)
	case *switchyard.SessionClosed:
		s.forgetSession(e.Hash)
	case *switchyard.PasswordChanged:
		s.foldPassword(e)
	case *switchyard.AnswerKept:
		s.foldAnswer(e)
	case *switchyard.ServerStarted:
		s.started = s.now
	case *switchyard.ClockAdvanced:
	case *switchyard.Erased:
		s.foldErased(e)
	case *switchyard.PresenceChanged:
		s.foldPresence(s.folded(e.Agent), e)
	case *switchyard.LostEvent:
		s.foldLost(s.folded(e.Agent), true)
	case *switchyard.BackEvent:
		s.foldLost(s.folded(e.Agent), false)
	case *switchyard.Dispatched:
		s.foldDispatched(e)
	default:
		id, who := e.About()
		i := s.find(id)
		if i == nil {
			broken("%s about interaction %s, which is not live", e.EventType(), id)
		}
		s.foldInteraction(i, e, who)
		s.touch(i)
	}
}

// folded is the agent an event is about; the last config may have removed it.
func (s *State) folded(name string) *agent {
	if a := s.agentNamed(name); a != nil {
		return a
	}
	for _, ghost := range s.ghosts {
		if ghost.key == switchyard.CaseKey(name) {
			return ghost
		}
	}
	panic("core: event about agent " + name + ", who does not exist")
}

func (s *State) foldLost(a *agent, lost bool) {
	a.lost = lost
	s.refresh(a)
}

// foldDispatched brings a new interaction to life.
func (s *State) foldDispatched(e *switchyard.Dispatched) {
	c := s.versions[e.Version]
	if c == nil {
		broken("interaction dispatched under config %d, which is not there", e.Version)
	}
	i := &interaction{requestID: e.RequestID, externalID: e.ExternalID, provider: s.providerNamed(e.Provider),
		route: c.routes[switchyard.CaseKey(e.Route)], linked: packLinked(e.Linked), state: switchyard.Planned,
		created: s.now, entered: s.now}
	i.ID, i.Class, i.Band = e.Interaction, e.Class, switchyard.Normal
	i.Demands = s.itemDemands(e.Demands)
	s.setPersonal(i, e.Personal)
	i.enter(i.route, e.TestPlan)
	s.counter = max(s.counter, i.ID.Counter())
	s.enterVersion(i, c)
	s.link(i)
	if i.provider != nil {
		i.provider.Live++
	}
	if i.externalID != "" {
		s.external[externalKey{providerKey(i.provider), i.externalID}] = i
	}
	s.touch(i)
}

// foldInteraction applies an event about a live interaction.
func (s *State) foldInteraction(i *interaction, e switchyard.Event, who string) {
	switch e := e.(type) {
	case *switchyard.Stepped:
		s.foldStepped(i, e)
	case *switchyard.Enqueued:
		s.foldEnqueued(i, e)
	case *switchyard.Left:
		s.stopWaiting(i)
		s.queueOf(i.applet).broke(s.now)
		i.more().exit = e.Exit
		s.enterState(i, switchyard.Planned, 0)
	case *switchyard.OfferMade:
		s.foldOffer(i, e, s.folded(who))
	case *switchyard.Returned:
		s.foldReturned(i, e)
	case *switchyard.Joined:
		s.foldJoined(i)
	case *switchyard.HeldEvent:
		s.enterState(i, switchyard.Held, 0)
	case *switchyard.ParkedEvent:
		s.lighten(i)
		s.enterState(i, switchyard.Parked, e.Until)
	case *switchyard.Retrieved:
		s.foldRetrieved(i, e)
	case *switchyard.Transferred:
		s.foldTransferred(i, e)
	case *switchyard.TransferLapsed:
		s.alter(i, func() { i.anyone() })
	case *switchyard.Requeued:
		s.foldRequeued(i, e)
	case *switchyard.Released:
		s.foldReleased(i, e)
	case *switchyard.WrapExtended:
		s.enterState(i, switchyard.Wrap, e.Until)
	case *switchyard.Noted:
		r := i.more()
		r.disposition, r.notes = e.Disposition, e.Notes
	case *switchyard.Completed:
		s.note(i, e.Disposition, e.Notes)
	case *switchyard.Finished:
		s.foldFinished(i, e)
	case *switchyard.AfterFinished:
		s.forget(i)
	case *switchyard.Prioritised:
		s.alter(i, func() { i.Band = e.Band })
	case *switchyard.PersonalEnded:
		s.alter(i, func() { i.Personal = nil })
	default:
		assert(false, "no fold for %s", e.EventType())
	}
}

// enterState puts the interaction into a state that time ends at until (none = never).
func (s *State) enterState(i *interaction, to switchyard.Status, until switchyard.Instant) {
	i.state, i.entered, i.until = to, s.now, until
	s.alarms.push(alarm{at: until, kind: alarmState, key: i.ID.Counter()})
}

// alter changes what the routing index goes by.
func (s *State) alter(i *interaction, change func()) {
	if i.state == switchyard.Queued {
		s.index.Update(&i.Item, s.now, change)
		return
	}
	change()
}

// startWaiting puts the interaction into the routing index.
func (s *State) startWaiting(i *interaction) {
	if i.state == switchyard.Queued {
		broken("interaction %s is queued already", i.ID)
	}
	s.enterState(i, switchyard.Queued, 0)
	s.queueOf(i.applet).wait(i)
	s.index.Enqueue(&i.Item, s.now)
	if i.queueEnd != 0 && i.Only == nil {
		s.exits.push(alarm{at: i.queueEnd, kind: alarmExit, key: i.ID.Counter()})
	}
}

// stopWaiting takes it out, when it is in.
func (s *State) stopWaiting(i *interaction) {
	if i.state != switchyard.Queued {
		return
	}
	s.index.Remove(&i.Item)
	s.queueOf(i.applet).Waiting--
}

func (s *State) foldStepped(i *interaction, e *switchyard.Stepped) {
	if a := i.plan.Applets[e.Applet]; a != nil {
		i.applet = a
	}
	if i.rare != nil {
		i.rare.awaitNone()
	}
	for name, value := range e.Values {
		if i.values == nil {
			i.values = make(map[string]string, len(e.Values))
		}
		i.values[switchyard.CaseKey(name)] = value
	}
	if e.Cleared {
		i.Demands = nil
	}
	for _, d := range e.Demands {
		i.Demands = s.tag(i.Demands, d)
	}
	if e.Personal != nil {
		s.setPersonal(i, e.Personal)
	}
	if e.Band != 0 {
		i.Band = e.Band
	}
	i.faulty(e.Fault)
	if e.Goto != "" {
		s.changePlan(i, e.Goto, e.Version)
	}
	s.enterState(i, i.state, e.Until)
}

// faulty keeps the latest thing that went wrong.
func (i *interaction) faulty(fault string) {
	if fault != "" {
		i.more().fault = fault
	}
}

// changePlan moves the interaction into a plan of a version.
func (s *State) changePlan(i *interaction, name string, version int) {
	c := s.versions[version]
	if c == nil {
		broken("interaction %s enters config %d, which is not there", i.ID, version)
	}
	s.enterVersion(i, c)
	i.plan = c.plans.Plan(name)
	if i.plan == nil {
		broken("interaction %s enters plan %q, which config %d lacks", i.ID, name, version)
	}
}

// tag puts a skill on an interaction; one already required is not made weaker.
func (s *State) tag(list []routing.Demand, d switchyard.Demand) []routing.Demand {
	skill := s.index.Skill(d.Skill)
	for n := range list {
		if list[n].Skill == skill {
			list = slices.Clone(list)
			list[n].Until = max(list[n].Until, d.Until)
			return list
		}
	}
	return append(slices.Clip(list), routing.Demand{Skill: skill, Until: d.Until})
}

func (s *State) setPersonal(i *interaction, p *switchyard.PersonalQueue) {
	if p == nil {
		return
	}
	if a := s.agentNamed(p.Agent); a != nil {
		i.Personal = &routing.Personal{Agent: &a.Agent, Start: p.Set, In: p.LoggedIn, Out: p.LoggedOut}
	}
}

func (s *State) foldEnqueued(i *interaction, e *switchyard.Enqueued) {
	again := i.applet != nil && i.applet.Queue != nil && i.applet.Plan == e.Plan && i.applet.Name == e.Applet && i.Since != 0
	s.stopWaiting(i)
	if i.state == switchyard.Queued {
		i.state = switchyard.Planned
	}
	i.applet = i.plan.Applets[e.Applet]
	if !(i.applet != nil && i.applet.Queue != nil) {
		broken("interaction %s enters %s/%s, which is no queue", i.ID, e.Plan, e.Applet)
	}
	q := s.queueOf(i.applet)
	if i.Since == 0 {
		i.Since = e.Since
		i.estimate = q.estimate(s.now)
		if i.Personal != nil {
			i.Personal.Start = max(i.Personal.Start, s.now)
		}
	}
	if !again {
		q.enter(s.now)
	}
	i.Groups = s.groupsOf(i.applet)
	_, i.NoAgents = i.applet.Exit("noagents")
	i.queueEnd = e.Until
	if e.Target != nil || i.rare != nil {
		i.more().target = e.Target
	}
	i.faulty(e.Fault)
	s.startWaiting(i)
}

// groupsOf returns the groups of a queue; one list serves all its interactions.
func (s *State) groupsOf(a *plan.Applet) []routing.GroupID {
	if len(a.Queue.Groups) == 0 {
		return nil
	}
	q := s.queueNamed(a.Queue.Name)
	if q.groupsFor != a {
		q.groups, q.groupsFor = nil, a
		for _, g := range a.Queue.Groups {
			q.groups = append(q.groups, s.index.Group(g))
		}
	}
	return q.groups
}

// attach gives an interaction to an agent.
func (s *State) attach(i *interaction, a *agent, size int) {
	if a.Load == 0 {
		a.busySince = s.now
	}
	i.more().agent, i.rare.size = a, size
	i.rare.lastAgent = a.Username
	a.take(i)
	a.Load += size
	if a.Load > 100 {
		broken("agent %s would have a load of %d", a.Username, a.Load)
	}
}

// detach takes it away again; whatever lowers the load makes the agent idle from now (RULINGS 24).
func (s *State) detach(i *interaction) {
	a := i.agent()
	if a == nil {
		return
	}
	s.lighten(i)
	a.mine = slices.DeleteFunc(a.mine, func(other *interaction) bool { return other == i })
	i.rare.agent, i.rare.size = nil, 0
	s.changes.agent(a)
}

// lighten takes the interaction out of its agent's load.
func (s *State) lighten(i *interaction) {
	a := i.agent()
	if !i.holdsRoom() {
		return
	}
	a.Load -= i.rare.size
	a.IdleSince = s.now
	if a.Load == 0 {
		a.busySince = 0
	}
	s.reload(a)
}

// reload tells the index that an agent's load or idleness changed.
func (s *State) reload(a *agent) {
	s.changes.agent(a)
	if !a.removed {
		s.index.AgentChanged(&a.Agent)
	}
}

func (s *State) foldOffer(i *interaction, e *switchyard.OfferMade, a *agent) {
	if i.state != switchyard.Queued {
		broken("interaction %s is %s and offered", i.ID, i.state)
	}
	s.stopWaiting(i)
	s.attach(i, a, e.Size)
	i.rare.reason = &e.Reason
	i.faulty(e.Fault)
	a.IdleSince = s.now
	s.enterState(i, switchyard.Offered, e.Until)
	s.reload(a)
}

func (s *State) foldReturned(i *interaction, e *switchyard.Returned) {
	a := i.agent()
	if a == nil {
		broken("interaction %s is %s and returned", i.ID, i.state)
	}
	s.detach(i)
	i.state = switchyard.Planned
	i.Cooldowns = slices.DeleteFunc(i.Cooldowns, func(c routing.Cooldown) bool { return c.Agent == &a.Agent || c.Until <= s.now })
	if e.Cooldown > s.now {
		i.Cooldowns = append(i.Cooldowns, routing.Cooldown{Agent: &a.Agent, Until: e.Cooldown})
	}
	s.startWaiting(i)
	if i.Only != nil {
		s.alarms.push(alarm{at: i.rare.onlyUntil, kind: alarmTransfer, key: i.ID.Counter()})
	}
}

func (s *State) foldJoined(i *interaction) {
	if i.state != switchyard.Offered {
		broken("interaction %s is %s and connected", i.ID, i.state)
	}
	if i.rare.answered == 0 {
		i.rare.answered = s.now
		s.queueOf(i.applet).answer(s.now, i)
	}
	if i.rare.firstAgent == "" {
		i.rare.firstAgent = i.rare.agent.Username
	}
	i.anyone()
	s.enterState(i, switchyard.Connected, 0)
}

func (s *State) foldRetrieved(i *interaction, e *switchyard.Retrieved) {
	a := i.agent()
	if i.state == switchyard.Parked {
		if a.Load == 0 {
			a.busySince = s.now
		}
		i.rare.size = e.Size
		a.Load += e.Size
		if a.Load > 100 {
			broken("agent %s would have a load of %d", a.Username, a.Load)
		}
		s.reload(a)
	}
	s.enterState(i, switchyard.Connected, 0)
}

func (s *State) foldTransferred(i *interaction, e *switchyard.Transferred) {
	s.detach(i)
	s.stopWaiting(i)
	i.state, i.Personal, i.until = switchyard.Planned, nil, 0
	if e.ToRoute != "" {
		i.anyone()
		c := s.versions[e.Version]
		i.route = c.routes[switchyard.CaseKey(e.ToRoute)].keeping(i.route.presets)
		s.enterVersion(i, c)
		i.enter(i.route, e.TestPlan)
		return
	}
	to := s.folded(e.ToAgent)
	i.Only, i.more().onlyUntil = &to.Agent, e.Until
	i.queueEnd = 0
	s.alarms.push(alarm{at: e.Until, kind: alarmTransfer, key: i.ID.Counter()})
	s.startWaiting(i)
}

func (s *State) foldRequeued(i *interaction, e *switchyard.Requeued) {
	s.detach(i)
	s.stopWaiting(i)
	i.anyone()
	i.queueEnd = 0
	s.changePlan(i, e.Plan, e.Version)
	s.enterState(i, switchyard.Planned, 0)
}

func (s *State) foldReleased(i *interaction, e *switchyard.Released) {
	if e.By != "agent" && (i.state == switchyard.Queued || i.state == switchyard.Offered) {
		s.queueOf(i.applet).abandon(s.now, i)
	}
	s.freeExternal(i)
	i.more().releasedAt = s.now
	s.note(i, e.Disposition, e.Notes)
	i.faulty(e.Fault)
	if e.Wrap != 0 {
		s.enterState(i, switchyard.Wrap, e.Wrap)
	}
}

// freeExternal lets the externalid be used again.
func (s *State) freeExternal(i *interaction) {
	if !i.released {
		i.released = true
		s.released[i.ID.Counter()] = i
		if key := (externalKey{i.providerKey(), i.externalID}); s.external[key] == i {
			delete(s.external, key)
		}
	}
}

func (i *interaction) providerKey() string { return providerKey(i.provider) }

func (s *State) note(i *interaction, disposition, notes string) {
	if disposition != "" {
		i.more().disposition = disposition
	}
	if notes != "" {
		i.more().notes = notes
	}
}

func (s *State) foldFinished(i *interaction, e *switchyard.Finished) {
	s.stopWaiting(i)
	s.detach(i)
	s.freeExternal(i)
	r := i.more()
	r.outcome, r.detail, r.ended = e.Outcome, e.Detail, s.now
	r.awaitNone()
	i.anyone()
	i.Personal, i.queueEnd = nil, 0
	s.enterState(i, switchyard.Ended, 0)
	if p := i.provider; p != nil {
		p.Live--
		if p.removed {
			s.forgetProvider(p)
		}
	}
	if e.After == "" {
		s.forget(i)
		return
	}
	i.after, r.afterPlan = true, e.After
	s.afters++
	s.changePlan(i, e.After, e.Version)
}

// foldErased takes the personal data of an interaction whose after plan runs out of what its plan
// still reads, and out of what the next cut tells of it.
func (s *State) foldErased(e *switchyard.Erased) {
	i := s.find(e.Interaction)
	if i == nil {
		return
	}
	i.linked, i.values = i.linked.impersonal(), nil
	s.touch(i)
}

// forget drops an interaction that changes no more; the next cut still tells of it.
func (s *State) forget(i *interaction) {
	if i.after {
		i.after = false
		s.afters--
	}
	i.until = 0
	delete(s.released, i.ID.Counter())
	s.leaveVersion(i)
	s.unlink(i)
	s.touch(i)
}

// touch notes that an interaction is to be part of the next cut.
func (s *State) touch(i *interaction) {
	if !i.changed {
		i.changed = true
		s.changes.interactions = append(s.changes.interactions, i)
	}
}

// queueOf returns the figures of a queue applet.
func (s *State) queueOf(a *plan.Applet) *queue {
	q := s.queueNamed(a.Queue.Name)
	q.Target = a.Queue.Target.Fixed
	s.changes.queue(q)
	return q
}

func (s *State) queueNamed(name string) *queue {
	q := s.queues[name]
	if q == nil {
		q = &queue{live: func(counter uint64) *interaction { return s.live[counter] }}
		q.Queue = name
		s.queues[name] = q
	}
	return q
}
