package core

import (
	"switchyard"
	"switchyard/internal/core/plan"
)

// effect is something that is to be done in the world and is not done yet.
type effect struct {
	switchyard.Effect
	working bool               // an attempt is asked for
	due     switchyard.Instant // of the next attempt, while not working; Never while its lane is busy
}

// EffectRecord is what a checkpoint keeps of a pending effect.
type EffectRecord struct {
	Effect  switchyard.Effect  `json:"effect"`
	Working bool               `json:"working,omitzero"`
	Due     switchyard.Instant `json:"due,omitzero"`
}

// notify tells the interaction's provider, when it wants to be told (CONTRACT.md §5).
func (s *State) notify(i *interaction, notification string, a *agent) {
	p := i.provider
	if p == nil || p.removed || p.Endpoint == "" || i.externalID == "" {
		return
	}
	e := switchyard.Effect{Kind: switchyard.EffectCallback, Interaction: i.ID, Provider: p.Name,
		ExternalID: i.externalID, Notification: notification, Lane: p.Name + "\x00" + i.externalID}
	if a != nil {
		e.Agent, e.AgentID = a.Username, a.displayID()
	}
	s.request(e)
}

// requestSMS asks for a message to be sent; the plan goes on when the result is known.
func (s *State) requestSMS(i *interaction, m *plan.SMS) {
	s.request(switchyard.Effect{Kind: switchyard.EffectSMS, Interaction: i.ID, Gateway: m.Gateway,
		From: m.From, To: m.To, Message: m.Message})
}

// request makes an effect due, now or when the effects before it in its lane are through.
func (s *State) request(e switchyard.Effect) {
	if e.ID.IsZero() {
		e.ID = switchyard.NewID(s.now, s.effects+1, s.env.Entropy+1)
	}
	e.Created, e.Due = s.now, s.now
	e.Attempt = max(e.Attempt, 1)
	if len(s.lanes[e.Lane]) > 0 {
		e.Due = switchyard.Never
	}
	s.emit(&switchyard.EffectRequested{Effect: e})
}

func (s *State) foldRequested(e *switchyard.EffectRequested) {
	f := &effect{Effect: e.Effect, working: e.Effect.Due != switchyard.Never, due: e.Effect.Due}
	s.effects = max(s.effects, f.ID.Counter())
	s.addEffect(f)
	if i := s.find(f.Interaction); i != nil && f.Kind == switchyard.EffectSMS {
		i.more().effect = f.ID
		s.touch(i)
	}
}

func (s *State) addEffect(f *effect) {
	s.pending[f.ID] = f
	if f.Lane != "" {
		s.lanes[f.Lane] = append(s.lanes[f.Lane], f)
	}
	s.changes.effect(f.ID)
}

// decideEffectResult takes what became of an attempt. Results of attempts that are not the current
// one come from deliveries made twice, and change nothing.
func (s *State) decideEffectResult(in *switchyard.EffectResult) *switchyard.Error {
	f := s.pending[in.Effect]
	if f == nil || !f.working || f.Attempt != in.Attempt {
		return nil
	}
	if !in.OK && !in.GiveUp {
		if retry, again := nextAttempt(f.Kind, f.Created, s.now, f.Attempt, s.env.Entropy); again {
			s.emit(&switchyard.EffectAttempted{On: switchyard.On{Interaction: f.Interaction}, Effect: f.ID, Attempt: in.Attempt,
				Status: in.Status, Detail: in.Detail, TookMillis: in.TookMillis, Retry: retry})
			return nil
		}
	}
	s.emit(&switchyard.EffectFinished{On: switchyard.On{Interaction: f.Interaction}, Effect: f.ID, Attempt: in.Attempt,
		OK: in.OK, Status: in.Status, Detail: in.Detail, TookMillis: in.TookMillis})
	if next := s.lanes[f.Lane]; f.Lane != "" && len(next) > 0 {
		s.makeDue(next[0], next[0].Attempt)
	}
	if i := s.find(f.Interaction); i != nil && i.waits() && i.rare != nil && i.rare.effect == f.ID {
		s.resumeAfter(i, in.OK)
	}
	return nil
}

// resumeAfter goes on with a plan that waited for an effect.
func (s *State) resumeAfter(i *interaction, ok bool) {
	exit := "next"
	if !ok {
		exit = "failure"
	}
	s.follow(i, i.applet, exit)
}

// makeDue asks for an attempt now.
func (s *State) makeDue(f *effect, attempt int) {
	s.emit(&switchyard.EffectDue{On: switchyard.On{Interaction: f.Interaction}, Effect: f.ID, Attempt: attempt})
}

// effectAlarm asks for the next attempt of the effect whose retry is due.
func (s *State) effectAlarm(counter uint64, at switchyard.Instant) {
	if f := s.retries[counter]; f != nil && f.due == at {
		s.spend()
		s.makeDue(f, f.Attempt+1)
	}
}

func (s *State) foldDue(e *switchyard.EffectDue) {
	f := s.pending[e.Effect]
	f.working, f.due, f.Attempt = true, s.now, e.Attempt
	delete(s.retries, f.ID.Counter())
	s.changes.effect(f.ID)
}

func (s *State) foldAttempted(e *switchyard.EffectAttempted) {
	f := s.pending[e.Effect]
	f.working, f.due = false, e.Retry
	s.awaitRetry(f)
	s.changes.effect(f.ID)
}

// awaitRetry sets the alarm of an effect's next attempt.
func (s *State) awaitRetry(f *effect) {
	s.retries[f.ID.Counter()] = f
	s.alarms.push(alarm{at: f.due, kind: alarmEffect, key: f.ID.Counter()})
}

func (s *State) foldEffectFinished(e *switchyard.EffectFinished) {
	f := s.pending[e.Effect]
	delete(s.pending, f.ID)
	if lane := s.lanes[f.Lane]; f.Lane != "" {
		if lane = lane[1:]; len(lane) == 0 {
			delete(s.lanes, f.Lane)
		} else {
			s.lanes[f.Lane] = lane
		}
	}
	s.changes.effect(f.ID)
}

// decideRedeliver sends a finished callback again, under the same id and with the same body.
func (s *State) decideRedeliver(in *switchyard.Redeliver) *switchyard.Error {
	if s.pending[in.Effect.ID] != nil {
		return switchyard.Refuse(switchyard.NotFailed, "notification %s is still being delivered", in.Effect.ID)
	}
	again := in.Effect
	again.Attempt++
	s.request(again)
	return nil
}

// How often and how long effects are attempted.
const (
	callbackRetryFor = 24 * switchyard.Hour
	firstRetryAfter  = 2 * switchyard.Second
	longestRetry     = 1 * switchyard.Hour
	smsAttempts      = 4
)

// nextAttempt is the retry policy: twice as long after every attempt, from two seconds to an hour,
// spread by a quarter so that what failed together does not come back together. Callbacks are given
// up after 24 hours (CONTRACT.md §5), messages after four attempts.
func nextAttempt(kind string, created, now switchyard.Instant, attempt int, entropy uint64) (switchyard.Instant, bool) {
	wait := longestRetry
	if attempt < 12 {
		wait = min(wait, firstRetryAfter<<(attempt-1))
	}
	wait += switchyard.Duration(entropy%1024) * (wait / 4) / 1024
	at := now.Add(wait)
	if kind == switchyard.EffectSMS {
		return at, attempt < smsAttempts
	}
	return at, at <= created.Add(callbackRetryFor)
}

// Effects calls f with every pending effect in order of request; due tells whether an attempt is
// wanted now.
func (s *State) Effects(f func(e switchyard.Effect, due bool) bool) {
	for _, id := range sortedIDs(s.pending) {
		if e := s.pending[id]; !f(e.Effect, e.working) {
			return
		}
	}
}

// Effect returns a pending effect.
func (s *State) Effect(id switchyard.ID) (switchyard.Effect, bool) {
	if f := s.pending[id]; f != nil {
		return f.Effect, true
	}
	return switchyard.Effect{}, false
}
