package core

import (
	"strings"

	"switchyard"
	"switchyard/internal/core/routing"
)

// decideInvoke takes the requests of one call in order. What is wrong with one fails that one.
func (s *State) decideInvoke(in *switchyard.Invoke) (any, *switchyard.Error) {
	call := invocation{s: s, provider: s.providerNamed(in.Provider), unknown: in.Provider != "" && s.providerNamed(in.Provider) == nil,
		name: in.Provider, results: make([]switchyard.RequestResult, 0, len(in.Requests))}
	if room := s.settings().maxLive - len(s.live); len(in.Requests) > room && call.dispatches(in) > max(room, 0) {
		return nil, switchyard.Refuse(switchyard.TooManyLive,
			"the account has %d live interactions and may have %d (settings.maxlive); end some or try later", len(s.live), s.settings().maxLive)
	}
	for n := range in.Requests {
		call.take(n, &in.Requests[n], in.Known)
	}
	s.emit(&switchyard.Processed{Provider: in.Provider, Results: call.results})
	return call.results, nil
}

// invocation is one call being decided.
type invocation struct {
	s        *State
	provider *provider
	unknown  bool
	name     string
	results  []switchyard.RequestResult
	first    map[string]int // requestid → its first occurrence in this call, once there are several requests
}

func (c *invocation) take(n int, r *switchyard.Request, known []switchyard.KnownRequest) {
	result := switchyard.RequestResult{RequestID: r.RequestID, ExternalID: r.ExternalID}
	if r.Fault != nil && r.Fault.Code == switchyard.RequestIDInvalid {
		result.RequestID = ""
	}
	if earlier, repeated := c.earlier(result.RequestID); repeated {
		result = c.results[earlier]
		result.Repeat = true
		if result.Status == switchyard.StatusAccepted {
			result.Status = switchyard.StatusDuplicate
		}
		c.results = append(c.results, result)
		return
	}
	refused := c.admit(r)
	if refused == nil {
		var repeated bool
		if result.Interaction, repeated = c.before(n, result.RequestID, known); repeated {
			result.Status = switchyard.StatusDuplicate
		} else if result.Interaction, refused = c.perform(r); refused == nil {
			result.Status = switchyard.StatusAccepted
		}
	}
	if refused != nil {
		result.Status, result.Code, result.Detail = switchyard.StatusFailed, refused.Code, refused.Detail
	}
	c.results = append(c.results, result)
}

// admit checks what comes before the requestid in the contract's table, so that it is wrong also with
// a request that was accepted before (RULINGS 1).
func (c *invocation) admit(r *switchyard.Request) *switchyard.Error {
	if c.unknown {
		return switchyard.Refuse(switchyard.ProviderUnknown, "provider %q is not registered; register it first", c.name)
	}
	if f := r.Fault; f != nil && f.Rank <= switchyard.RankAction {
		return switchyard.Refuse(f.Code, "%s", f.Detail)
	}
	if !dispatches(r) && !strings.EqualFold(r.Action, "release") {
		return switchyard.Refuse(switchyard.ActionInvalid, "action %q is neither dispatch nor release", r.Action)
	}
	return nil
}

// dispatches counts the requests that may make a new interaction. Releases and repeats of accepted
// requests are taken also when there is no room for more (RULINGS 35).
func (c *invocation) dispatches(in *switchyard.Invoke) (count int) {
	seen := make(map[string]bool, len(in.Requests))
	for n := range in.Requests {
		r := &in.Requests[n]
		if !dispatches(r) || c.unknown || r.RequestID != "" && seen[r.RequestID] {
			continue
		}
		seen[r.RequestID] = true
		if _, accepted := c.before(n, r.RequestID, in.Known); !accepted {
			count++
		}
	}
	return count
}

func dispatches(r *switchyard.Request) bool {
	return r.Action == "" || strings.EqualFold(r.Action, "dispatch")
}

// earlier finds the first request of this call with the same id (RULINGS 4).
func (c *invocation) earlier(requestID string) (int, bool) {
	if requestID == "" || cap(c.results) == 1 {
		return 0, false
	}
	if c.first == nil {
		c.first = make(map[string]int, cap(c.results))
	}
	at, found := c.first[requestID]
	if !found {
		c.first[requestID] = len(c.results)
	}
	return at, found
}

// before tells whether an earlier call's request with the id was accepted.
func (c *invocation) before(n int, requestID string, known []switchyard.KnownRequest) (switchyard.ID, bool) {
	if requestID == "" {
		return switchyard.ID{}, false
	}
	since := c.s.now.Add(-c.s.settings().requestIDs)
	if id, recent := c.s.requests.find(requestID, since); recent {
		return id, true
	}
	for _, k := range known {
		if k.Request == n {
			return k.Interaction, true
		}
	}
	return switchyard.ID{}, false
}

// perform does what one request asks.
func (c *invocation) perform(r *switchyard.Request) (switchyard.ID, *switchyard.Error) {
	if f := r.Fault; f != nil && f.Rank <= switchyard.RankExternalID {
		return switchyard.ID{}, switchyard.Refuse(f.Code, "%s", f.Detail)
	}
	if dispatches(r) {
		return c.dispatch(r)
	}
	return c.release(r)
}

// release ends the live interaction the provider knows under the externalid.
func (c *invocation) release(r *switchyard.Request) (switchyard.ID, *switchyard.Error) {
	if r.ExternalID == "" {
		return switchyard.ID{}, switchyard.Refuse(switchyard.ExternalIDRequired, "a release needs the externalid of the interaction")
	}
	if f := r.Fault; f != nil && f.Code == switchyard.MemberInvalid {
		return switchyard.ID{}, switchyard.Refuse(f.Code, "%s", f.Detail)
	} else if f != nil && f.Mistyped != "" {
		return switchyard.ID{}, switchyard.Refuse(switchyard.MemberInvalid, "%s", f.Mistyped)
	}
	i := c.s.external[externalKey{providerKey(c.provider), r.ExternalID}]
	if i == nil {
		return switchyard.ID{}, switchyard.Refuse(switchyard.InteractionNotFound,
			"no live interaction of provider %q has externalid %q", c.name, r.ExternalID)
	}
	c.s.releaseBy(i, "api")
	return i.ID, nil
}

// releaseBy ends an interaction for the API or a supervisor, wherever it is.
func (s *State) releaseBy(i *interaction, by string) {
	holder := s.holder(i)
	s.emit(&switchyard.Released{With: s.with(i), By: by})
	s.notify(i, "Release", holder)
	s.finish(i, switchyard.OutcomeReleased, by)
}

// dispatch makes a new interaction and starts its plan.
func (c *invocation) dispatch(r *switchyard.Request) (switchyard.ID, *switchyard.Error) {
	e, refused := c.prepare(r)
	if refused != nil {
		return switchyard.ID{}, refused
	}
	s := c.s
	e.Interaction = switchyard.NewID(s.now, s.counter+1, s.env.Entropy)
	s.emit(e)
	i := s.find(e.Interaction)
	s.run(i, i.plan.Applets[i.plan.Start])
	return e.Interaction, nil
}

// prepare holds a dispatch against the state, member by member in the order of the contract's
// table, so that the first fault is the one reported.
func (c *invocation) prepare(r *switchyard.Request) (*switchyard.Dispatched, *switchyard.Error) {
	s, fault := c.s, r.Fault
	ranked := func(rank int) *switchyard.Error {
		if fault != nil && fault.Rank <= rank {
			return switchyard.Refuse(fault.Code, "%s", fault.Detail)
		}
		return nil
	}
	if refused := ranked(switchyard.RankExternalID); refused != nil {
		return nil, refused
	}
	if key := (externalKey{providerKey(c.provider), r.ExternalID}); r.ExternalID != "" && s.external[key] != nil {
		return nil, switchyard.Refuse(switchyard.ExternalIDInUse,
			"interaction %s with externalid %q is live; release it first", s.external[key].ID, r.ExternalID)
	}
	if refused := ranked(switchyard.RankRoute); refused != nil {
		return nil, refused
	}
	rt, refused := s.routeFor(r.Route)
	if refused == nil {
		refused = ranked(switchyard.RankLinked)
	}
	if refused == nil {
		refused = checkProperties(r.Linked)
	}
	if refused == nil {
		refused = ranked(switchyard.RankClass)
	}
	e := &switchyard.Dispatched{RequestID: r.RequestID, ExternalID: r.ExternalID, Provider: providerName(c.provider),
		Linked: r.Linked}
	if refused == nil {
		refused = readClass(r.Class, &e.Class)
	}
	if refused == nil {
		refused = ranked(switchyard.RankSkills)
	}
	if refused == nil {
		e.Demands, refused = s.demands(r.Skills)
	}
	if refused == nil {
		refused = ranked(switchyard.RankPersonal)
	}
	if refused == nil {
		e.Personal, refused = s.personal(r.PersonalQueue)
	}
	if refused != nil {
		return nil, refused
	}
	e.Route, e.Version = rt.Name, rt.conf.Version
	if rt.tests(lastCLID(r.Linked)) {
		e.TestPlan = rt.test.plan.Name
	}
	return e, nil
}

func (s *State) routeFor(name string) (*route, *switchyard.Error) {
	if name == "" {
		return nil, switchyard.Refuse(switchyard.RouteRequired, "a dispatch needs a route")
	}
	rt := s.config.routes[switchyard.CaseKey(name)]
	if rt == nil {
		return nil, switchyard.Refuse(switchyard.RouteUnknown, "the account has no route %q", name)
	}
	return rt, nil
}

func readClass(text string, class *switchyard.Class) *switchyard.Error {
	if text == "" {
		return nil
	}
	if err := class.UnmarshalText([]byte(text)); err != nil {
		return switchyard.Refuse(switchyard.InteractionTypeInvalid, "routingdata.interactiontype: %v", err)
	}
	return nil
}

// checkProperties refuses properties that would hide a built-in data source or are too large.
func checkProperties(linked []switchyard.Linked) *switchyard.Error {
	for n, l := range linked {
		if l.Type != "interactionproperty" {
			continue
		}
		if isBuiltIn(l.Key) {
			return switchyard.Refuse(switchyard.LinkedDataInvalid,
				"linkeddata[%d]: %q is a built-in data source and cannot be given", n, l.Key)
		}
		if len(l.Value) > switchyard.MaxDataSourceBytes {
			return switchyard.Refuse(switchyard.ValueTooLong,
				"linkeddata[%d]: the value of %q has %d bytes; at most %d are kept", n, l.Key, len(l.Value), switchyard.MaxDataSourceBytes)
		}
	}
	return nil
}

// demands reads routingdata.skills; of a skill listed twice the strictest wins.
func (s *State) demands(skills []switchyard.Skill) ([]switchyard.Demand, *switchyard.Error) {
	if len(skills) == 0 {
		return nil, nil
	}
	out := make([]switchyard.Demand, 0, len(skills))
	for n, skill := range skills {
		name, known := s.config.skillName(skill.Name)
		if !known {
			return nil, switchyard.Refuse(switchyard.SkillUnknown, "routingdata.skills[%d]: the account has no skill %q", n, skill.Name)
		}
		if e := skill.ExpiryAfter; e != nil && (*e < 0 || *e > switchyard.MaxTimeoutSeconds) {
			return nil, switchyard.Refuse(switchyard.ExpiryAfterInvalid,
				"routingdata.skills[%d].expiryafter: %d is not in 0…%d", n, *e, switchyard.MaxTimeoutSeconds)
		}
		out = addDemand(out, s.demand(name, skill.ExpiryAfter))
	}
	return out, nil
}

// addDemand puts a skill on a list; one already there is never made weaker.
func addDemand(list []switchyard.Demand, d switchyard.Demand) []switchyard.Demand {
	for n := range list {
		if list[n].Skill == d.Skill {
			list[n].Until = max(list[n].Until, d.Until)
			return list
		}
	}
	return append(list, d)
}

// personal reads routingdata.personalqueue.
func (s *State) personal(p *switchyard.Personal) (*switchyard.PersonalQueue, *switchyard.Error) {
	if p == nil {
		return nil, nil
	}
	a := s.agentNamed(p.Agent)
	if a == nil {
		return nil, switchyard.Refuse(switchyard.AgentUnknown, "routingdata.personalqueue.agent: the account has no agent %q", p.Agent)
	}
	for _, t := range [...]int64{p.LoggedInTimeout, p.LoggedOutTimeout} {
		if t < 0 || t > switchyard.MaxTimeoutSeconds {
			return nil, switchyard.Refuse(switchyard.TimeoutInvalid,
				"routingdata.personalqueue: %d is not in 0…%d", t, switchyard.MaxTimeoutSeconds)
		}
	}
	return &switchyard.PersonalQueue{Agent: a.Username, LoggedIn: seconds(p.LoggedInTimeout),
		LoggedOut: seconds(p.LoggedOutTimeout), Set: s.now}, nil
}

// itemDemands turns the words of an event into the routing index's numbers.
func (s *State) itemDemands(list []switchyard.Demand) []routing.Demand {
	if len(list) == 0 {
		return nil
	}
	out := make([]routing.Demand, len(list))
	for n, d := range list {
		out[n] = routing.Demand{Skill: s.index.Skill(d.Skill), Until: d.Until}
	}
	return out
}
