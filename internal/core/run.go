package core

import (
	"switchyard"
	"switchyard/internal/core/plan"
)

// run executes applets from a on until the interaction waits for something or its plan ends.
func (s *State) run(i *interaction, a *plan.Applet) {
	for a != nil {
		if s.tooLong(i) {
			s.cut(i, a)
			return
		}
		if a.Queue != nil {
			s.arrive(i, a)
			return
		}
		step := a.Run(s.context(i))
		s.emitStep(i, a, &step)
		a = s.after(i, a, &step)
	}
}

// after does what a step asks for and returns the applet that follows at once; nil when the plan
// waits or has ended.
func (s *State) after(i *interaction, a *plan.Applet, step *plan.Step) *plan.Applet {
	switch {
	case len(step.Effects) > 0:
		s.requestAll(i, step.Effects)
	case step.Until > s.now:
	case step.Goto != "":
		return i.plan.Applets[i.plan.Start]
	case step.Next != "":
		return i.plan.Applets[step.Next]
	default:
		s.planEnded(i, step.Outcome, step.Detail)
	}
	return nil
}

// tooLong counts the applets one input runs for one interaction (RULINGS 35).
func (s *State) tooLong(i *interaction) bool {
	if i.turn != s.turn {
		i.turn, i.steps = s.turn, 0
	}
	i.steps++
	return i.steps > switchyard.MaxPlanSteps
}

// cut ends a plan that runs in circles.
func (s *State) cut(i *interaction, a *plan.Applet) {
	s.emit(&switchyard.Stepped{On: on(i), Plan: a.Plan, Applet: a.Name, Type: a.Type,
		Fault: "the plan ran 1,000 applets without waiting; it was ended"})
	s.finish(i, switchyard.OutcomeOther, "steps")
}

func (s *State) context(i *interaction) plan.Context {
	return plan.Context{
		Env: sources{s: s, i: i}, ID: i.ID, Now: s.now,
		Skills: s.config.skillName,
		Agents: func(name string) (string, bool) {
			if a := s.agentNamed(name); a != nil {
				return a.Username, true
			}
			return "", false
		},
		Plans:    func(name string) bool { return s.config.plans.Plan(name) != nil },
		Gateways: s.config.gateway,
		Schedule: s.config.plans.Schedule,
	}
}

// emitStep records what an applet did, after holding it against the limits and the state.
func (s *State) emitStep(i *interaction, a *plan.Applet, step *plan.Step) {
	if len(step.Values) > 0 && i.sourcesSize(step.Values) > switchyard.MaxDataSourcesBytes {
		*step = a.Fail("data sources of the interaction would exceed 128 KB")
	}
	e := &switchyard.Stepped{On: on(i), Plan: a.Plan, Applet: a.Name, Type: a.Type, Exit: step.Exit,
		Values: step.Values, Cleared: step.Clear, Band: step.Band, Fault: step.Fault}
	for _, tag := range step.Tags {
		e.Demands = append(e.Demands, s.demand(tag.Skill, tag.ExpiryAfter))
	}
	if p := step.Personal; p != nil {
		e.Personal = &switchyard.PersonalQueue{Agent: p.Agent, LoggedIn: seconds(p.LoggedIn),
			LoggedOut: seconds(p.LoggedOut), Set: s.now}
	}
	if step.Until > s.now {
		e.Until = step.Until
	}
	if step.Goto != "" {
		e.Goto, e.Version = step.Goto, s.config.Version
	}
	s.emit(e)
}

// demand puts a skill on an interaction from now on.
func (s *State) demand(skill string, expiryAfter *int64) switchyard.Demand {
	switch {
	case expiryAfter == nil:
		return switchyard.Demand{Skill: skill, Until: switchyard.Never}
	case *expiryAfter == 0:
		return switchyard.Demand{Skill: skill}
	}
	return switchyard.Demand{Skill: skill, Until: s.now.Add(seconds(*expiryAfter))}
}

func seconds(n int64) switchyard.Duration { return switchyard.Duration(n) * switchyard.Second }

// arrive enters a queue, or takes its exit when it is full. An after plan that a goto led to a
// queue ends there: its interaction has ended and can wait for nobody.
func (s *State) arrive(i *interaction, a *plan.Applet) {
	_, named := a.Exit("full")
	switch {
	case i.after:
		s.emit(&switchyard.Stepped{On: on(i), Plan: a.Plan, Applet: a.Name, Type: a.Type,
			Fault: "an after plan cannot queue; it was ended"})
		s.finish(i, switchyard.OutcomeOther, "queue")
	case a.Queue.MaxLength > 0 && named && s.queueOf(a).Waiting >= a.Queue.MaxLength:
		s.emit(&switchyard.Stepped{On: on(i), Plan: a.Plan, Applet: a.Name, Type: a.Type, Exit: "full"})
		s.follow(i, a, "full")
	default:
		s.enqueue(i, a)
	}
}

// enqueue lets the interaction wait in a queue, with the age it has.
func (s *State) enqueue(i *interaction, a *plan.Applet) {
	e := &switchyard.Enqueued{On: on(i), Plan: a.Plan, Applet: a.Name, Version: i.conf.Version, Since: i.Since}
	if e.Since == 0 {
		e.Since = s.now
	}
	if _, named := a.Exit("duration"); named {
		if duration := s.length(i, &a.Queue.Duration, &e.Fault); duration > 0 {
			e.Until = s.now.Add(duration)
		}
	}
	if a.Queue.Target.Reads() {
		target := s.length(i, &a.Queue.Target, &e.Fault)
		e.Target = &target
	}
	s.emit(e)
}

// length reads a length of time of an applet's settings, and adds what was wrong with it to the fault
// of the event it is for. One that is fixed costs nothing.
func (s *State) length(i *interaction, l *plan.Length, fault *string) switchyard.Duration {
	if !l.Reads() {
		return l.Fixed
	}
	length, wrong := l.Read(sources{s: s, i: i})
	switch {
	case wrong == "":
	case *fault == "":
		*fault = wrong
	default:
		*fault += "; " + wrong
	}
	return length
}

// follow goes on at the applet an exit leads to, or ends the plan.
func (s *State) follow(i *interaction, a *plan.Applet, exit string) {
	if next, named := a.Exit(exit); named && next != "" {
		s.run(i, i.plan.Applets[next])
		return
	}
	outcome, detail := plan.OutcomeOf(exit)
	s.planEnded(i, outcome, detail)
}

// resume goes on after a wait.
func (s *State) resume(i *interaction) { s.follow(i, i.applet, "next") }

// planEnded ends the interaction, or its after plan. An end without a word of its own has the
// outcome of the queue exit that led there.
func (s *State) planEnded(i *interaction, outcome, detail string) {
	if outcome == "" {
		outcome, detail = plan.OutcomeOf(i.more().exit)
	}
	s.finish(i, outcome, detail)
}

// finish ends an interaction. A provider that knows it is told, unless it was when its agent
// released it; the route's after plan runs on.
func (s *State) finish(i *interaction, outcome, detail string) {
	if i.after {
		s.emit(&switchyard.AfterFinished{On: on(i), Outcome: outcome})
		return
	}
	if !i.released {
		s.notify(i, "Release", s.holder(i))
	}
	e := &switchyard.Finished{With: s.with(i), Outcome: outcome, Detail: detail}
	after := s.config.plans.Plan(i.route.after)
	if i.route.after != "" && after != nil {
		e.After, e.Version = after.Name, s.config.Version
	}
	who := i.agent()
	s.emit(e)
	if who != nil {
		s.workEnded(who)
	}
	if e.After != "" {
		s.run(i, after.Applets[after.Start])
	}
}

// holder is the agent that has the interaction; being offered it is not having it.
func (s *State) holder(i *interaction) *agent {
	if i.state == switchyard.Offered {
		return nil
	}
	return i.agent()
}
