package core

import (
	"switchyard"
)

// Decide takes one input and folds what it decides. The caller stamps the envelope with an instant
// not before Now and with the next Seq.
func (s *State) Decide(env *switchyard.Envelope) Decision {
	if env.At < s.now {
		broken("input at %v after %v", env.At, s.now)
	}
	s.env, s.events, s.budget = env, make([]switchyard.Event, 0, 4), switchyard.MaxSweep
	s.now = env.At
	if kept, decided := s.kept(env); decided {
		return kept
	}
	if _, sweep := env.Input.(*switchyard.Sweep); !sweep {
		s.turn++
	}
	answer, refused := s.take(env.Input)
	if refused != nil {
		if len(s.events) != 0 {
			broken("%s was refused after it changed something: %v", env.Input.InputType(), refused)
		}
		return Decision{Refused: refused}
	}
	s.settle()
	answer = s.render(answer)
	s.keep(env, answer)
	if len(s.events) > 0 {
		s.seq = env.Seq
	}
	return Decision{Events: s.events, Answer: answer}
}

// take decides what the input itself asks; what follows from it is settle's.
func (s *State) take(input switchyard.Input) (any, *switchyard.Error) {
	if in, ok := input.(*switchyard.Publish); ok {
		return s.decidePublish(in)
	}
	if s.config == nil {
		return s.takeUnconfigured(input)
	}
	switch in := input.(type) {
	case *switchyard.Invoke:
		return s.decideInvoke(in)
	case *switchyard.Act:
		return s.decideAct(in)
	case *switchyard.SetPresence:
		return s.decidePresence(in)
	case *switchyard.AgentLost:
		return nil, s.decideLost(in.Agent, true)
	case *switchyard.AgentBack:
		return nil, s.decideLost(in.Agent, false)
	case *switchyard.EffectResult:
		return nil, s.decideEffectResult(in)
	case *switchyard.EffectReceipt:
		return nil, s.decideReceipt(in)
	case *switchyard.Redeliver:
		return nil, s.decideRedeliver(in)
	case *switchyard.Register:
		s.register(in)
		return nil, nil
	case *switchyard.RemoveProvider:
		return nil, s.decideRemoveProvider(in)
	case *switchyard.RotateSecret:
		return s.decideRotateSecret(in)
	case *switchyard.Reseal:
		if len(in.Texts) > 0 {
			s.emit(&switchyard.CredentialsResealed{Key: in.Key, Texts: in.Texts})
		}
	case *switchyard.IssueToken:
		s.emit(&switchyard.TokenIssued{Client: in.Client, Hash: in.Hash, Scopes: in.Scopes, Wall: in.Wall, Expires: in.Expires})
	case *switchyard.OpenSession:
		s.emit(&switchyard.SessionOpened{Agented: switchyard.Agented{Agent: in.User}, Hash: in.Hash, Wall: in.Wall, Expires: in.Expires})
	case *switchyard.CloseSession:
		s.decideCloseSession(in)
	case *switchyard.SetPassword:
		s.emit(&switchyard.PasswordChanged{Agented: switchyard.Agented{Agent: in.User}, Password: in.Password, Keep: in.Keep})
	case *switchyard.SaveDraft:
		return s.decideSaveDraft(in)
	case *switchyard.DropDraft:
		return nil, s.decideDropDraft(in)
	case *switchyard.ErasePersonal:
		return nil, s.decideErase(in)
	default:
		return s.takeUnconfigured(input)
	}
	return nil, nil
}

// takeUnconfigured decides the inputs that make sense before the account has a config.
func (s *State) takeUnconfigured(input switchyard.Input) (any, *switchyard.Error) {
	switch in := input.(type) {
	case *switchyard.Tick, *switchyard.Sweep:
	case *switchyard.Advance:
		s.emit(&switchyard.ClockAdvanced{})
	case *switchyard.Started:
		s.emit(&switchyard.ServerStarted{})
	case *switchyard.FlushRequestIDs:
		s.emit(&switchyard.RequestIDsFlushed{Through: in.Through})
	default:
		return nil, switchyard.Refuse(switchyard.WrongState, "account %s has no config yet: apply an account file first", s.account)
	}
	return nil, nil
}

// emit makes an event a fact: it is folded and goes into the input's row.
func (s *State) emit(e switchyard.Event) {
	s.events = append(s.events, e)
	s.fold(s.env.Seq, e)
}

// settle lets everything happen that follows from what just happened, until nothing does or the
// input has changed as many interactions as one row may. The order within one instant is RULINGS
// 17's: what is due acts, then queue exits, then matching.
func (s *State) settle() {
	if s.config == nil {
		return
	}
	for s.budget > 0 {
		if s.ring() || s.sweepGhosts() || s.lapse() || s.exit() || s.match() {
			continue
		}
		s.unfinished = false
		return
	}
	s.unfinished = true
}

// spend counts one interaction changed by the input.
func (s *State) spend() { s.budget-- }

// ring lets one alarm that is due go off. It reports whether there was one. An alarm whose instant
// is not its cause's any more is stale and does nothing: when stale ones are met differs between a
// state that has lived and one that was rebuilt, so they must not act.
func (s *State) ring() bool {
	a, ok := s.alarms.due(s.now)
	if !ok {
		return false
	}
	switch a.kind {
	case alarmAgent:
		s.agentAlarm(a.who, a.at)
	case alarmState:
		if i := s.live[a.key]; i != nil && i.until == a.at {
			s.spend()
			s.stateAlarm(i)
		}
	case alarmTransfer:
		if i := s.live[a.key]; i != nil && i.Only != nil && i.rare.onlyUntil == a.at {
			s.transferAlarm(i)
		}
	case alarmEffect:
		s.effectAlarm(a.key, a.at)
	case alarmDeadline:
		s.deadlineAlarm(a.key, a.at)
	}
	return true
}

// lapse lets skills expire, personal queues end and cool-downs pass. These make no events: they
// follow from time and from what is known.
func (s *State) lapse() bool {
	if s.index.Alarm() > s.now {
		return false
	}
	s.index.Advance(s.now, 0)
	return true
}

// match makes the next offer of the rule, if there is one.
func (s *State) match() bool {
	item, to, reason, ok := s.index.Match(s.now)
	if !ok {
		return false
	}
	i, a := s.live[item.ID.Counter()], s.agentNamed(to.Username)
	if !(i != nil && &i.Item == item && a != nil && &a.Agent == to) {
		broken("match of what is not there")
	}
	s.spend()
	s.offer(i, a, reason)
	return true
}

// stateAlarm ends the state of an interaction whose time is over.
func (s *State) stateAlarm(i *interaction) {
	switch i.state {
	case switchyard.Offered:
		s.noAnswer(i)
	case switchyard.Wrap:
		s.emit(&switchyard.Completed{With: s.with(i), Expired: true})
		s.finish(i, switchyard.OutcomeDelivered, "")
	case switchyard.Parked:
		s.requeue(i, "parktimeout")
	case switchyard.Planned, switchyard.Ended:
		s.resume(i)
	default:
		assert(false, "a %s interaction has an alarm", i.state)
	}
}

// with names an interaction and the agent it is with.
func (s *State) with(i *interaction) switchyard.With {
	if a := i.agent(); a != nil {
		return switchyard.With{Interaction: i.ID, Agent: a.Username}
	}
	return switchyard.With{Interaction: i.ID}
}

func on(i *interaction) switchyard.On { return switchyard.On{Interaction: i.ID} }
