package core

import (
	"fmt"
	"slices"

	"switchyard"
	"switchyard/internal/core/plan"
)

// effect is something that is to be done in the world and is not done yet.
type effect struct {
	switchyard.Effect
	working bool               // an attempt is asked for
	due     switchyard.Instant // of the next attempt, while not working; Never while its lane is busy
	first   switchyard.Instant // when the first attempt was due; 0 while its lane has been busy since
}

// EffectRecord is what a checkpoint keeps of a pending effect.
type EffectRecord struct {
	Effect  switchyard.Effect  `json:"effect"`
	Working bool               `json:"working,omitzero"`
	Due     switchyard.Instant `json:"due,omitzero"`
	First   switchyard.Instant `json:"first,omitzero"` // when its first attempt was due
}

// notify tells the interaction's provider, when it wants to be told (CONTRACT.md §5).
func (s *State) notify(i *interaction, notification string, a *agent) {
	p := i.provider
	if p == nil || p.removed || p.Endpoint == "" || i.externalID == "" {
		return
	}
	e := switchyard.Effect{Kind: switchyard.EffectCallback, Interaction: i.ID, Provider: p.Name,
		ExternalID: i.externalID, Notification: notification}
	if a != nil {
		e.Agent, e.AgentID = a.Username, a.displayID()
	}
	s.request(e)
}

// requestAll asks for the effects of an applet; the plan goes on when the last has its result.
func (s *State) requestAll(i *interaction, effects []switchyard.Effect) {
	for _, e := range effects {
		e.Interaction = i.ID
		s.request(e)
	}
}

// request makes an effect due, now or when the effects before it in its lane are through.
func (s *State) request(e switchyard.Effect) {
	if e.ID.IsZero() {
		e.ID = switchyard.NewID(s.now, s.effects+1, s.env.Entropy+1)
	}
	e.Lane = laneOf(&e)
	e.Created, e.Due = s.now, s.now
	e.Attempt = max(e.Attempt, 1)
	if len(s.lanes[e.Lane]) > 0 {
		e.Due = switchyard.Never
	}
	s.emit(&switchyard.EffectRequested{Effect: e})
}

func (s *State) foldRequested(e *switchyard.EffectRequested) {
	f := &effect{Effect: e.Effect, working: e.Effect.Due != switchyard.Never, due: e.Effect.Due}
	if f.working {
		f.first = s.now
	}
	s.effects = max(s.effects, f.ID.Counter())
	s.addEffect(f)
	if i := s.find(f.Interaction); i != nil && f.Kind != switchyard.EffectCallback {
		i.more().effects = append(i.more().effects, f.ID)
		s.touch(i)
	}
}

// laneOf is the lane of an effect: callbacks about one externalid of one provider, however its name is
// spelled, go one after another (RULINGS 42).
func laneOf(e *switchyard.Effect) string {
	if e.Kind != switchyard.EffectCallback {
		return ""
	}
	return switchyard.CaseKey(e.Provider) + "\x00" + e.ExternalID
}

// addEffect takes an effect in. What an older server asked for is in a lane by the spelling of its
// time.
func (s *State) addEffect(f *effect) {
	s.pending[f.ID] = f
	f.Lane = laneOf(&f.Effect)
	if f.Deadline != 0 {
		s.deadlines[f.ID.Counter()] = f
		s.alarms.push(alarm{at: f.Deadline, kind: alarmDeadline, key: f.ID.Counter()})
	}
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
		if retry, again := nextAttempt(f, in, s.now, s.env.Entropy); again {
			s.emit(&switchyard.EffectAttempted{On: switchyard.On{Interaction: f.Interaction}, Effect: f.ID, Attempt: in.Attempt,
				Status: in.Status, Detail: in.Detail, TookMillis: in.TookMillis, Retry: retry,
				Timeout: in.Timeout, Exchange: in.Exchange, MessageID: in.MessageID})
			return nil
		}
	}
	s.effectThrough(f, &switchyard.EffectFinished{On: switchyard.On{Interaction: f.Interaction}, Effect: f.ID, Attempt: in.Attempt,
		OK: in.OK, Status: in.Status, Detail: in.Detail, TookMillis: in.TookMillis,
		Timeout: in.Timeout && !in.OK, Exchange: in.Exchange, MessageID: in.MessageID}, in.Values)
	return nil
}

// effectThrough ends an effect: the next of its lane is due, and the plan that waited for it as the
// last goes on.
func (s *State) effectThrough(f *effect, e *switchyard.EffectFinished, values map[string]string) {
	i := s.find(f.Interaction)
	last, failed, timeout := false, !e.OK, e.Timeout
	if i != nil && i.waits() && i.rare != nil && slices.Contains(i.rare.effects, f.ID) {
		last = len(i.rare.effects) == 1
		failed, timeout = failed || i.rare.failed, timeout || i.rare.timeout
	}
	first := f.Lane != "" && s.lanes[f.Lane][0] == f
	s.emit(e)
	if next := s.lanes[f.Lane]; first && len(next) > 0 && next[0].due == switchyard.Never {
		s.makeDue(next[0], next[0].Attempt)
	}
	if last {
		s.resumeAfter(i, f, failed, timeout, values)
	}
}

// resumeAfter goes on with a plan that waited for effects; the last of them, f, brought values.
func (s *State) resumeAfter(i *interaction, f *effect, failed, timeout bool, values map[string]string) {
	step := i.applet.Resume(failed, timeout)
	var fault string
	if step.Values, fault = wanted(f, values); fault != "" {
		step = i.applet.Fail(fault)
	}
	s.emitStep(i, i.applet, &step)
	if next := s.after(i, i.applet, &step); next != nil {
		s.run(i, next)
	}
}

// wanted picks from what came with an effect's result the data sources its call asked for.
func wanted(f *effect, values map[string]string) (picked map[string]string, fault string) {
	if f.Connector == nil || len(values) == 0 {
		return nil, ""
	}
	for name, value := range values {
		if _, asked := f.Connector.Result[name]; !asked {
			continue
		}
		if len(value) > switchyard.MaxDataSourceBytes {
			fault = max(fault, name) // whichever comes last, so that the order of the map does not matter
		}
		if picked == nil {
			picked = make(map[string]string, len(values))
		}
		picked[name] = value
	}
	if fault != "" {
		return nil, fmt.Sprintf("data source %s would be longer than %d bytes", fault, switchyard.MaxDataSourceBytes)
	}
	return picked, ""
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

// deadlineAlarm gives up an effect whose time is over, whatever becomes of an attempt under way:
// nothing waits behind a target that is busy or hangs.
func (s *State) deadlineAlarm(counter uint64, at switchyard.Instant) {
	f := s.deadlines[counter]
	if f == nil || f.Deadline != at {
		return
	}
	s.spend()
	took := s.now.Sub(f.Created)
	s.effectThrough(f, &switchyard.EffectFinished{On: switchyard.On{Interaction: f.Interaction}, Effect: f.ID, Attempt: f.Attempt,
		Detail: fmt.Sprintf("not through within %s", took), TookMillis: int64(took / switchyard.Millisecond), Timeout: true}, nil)
}

func (s *State) foldDue(e *switchyard.EffectDue) {
	f := s.pending[e.Effect]
	f.working, f.due, f.Attempt = true, s.now, e.Attempt
	if f.first == 0 {
		f.first = s.now
	}
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
	delete(s.retries, f.ID.Counter())
	delete(s.deadlines, f.ID.Counter())
	if i := s.find(f.Interaction); i != nil && i.rare != nil {
		if i.rare.awaited(f.ID, !e.OK, e.Timeout) {
			s.touch(i)
		}
	}
	if lane := s.lanes[f.Lane]; f.Lane != "" {
		at := slices.Index(lane, f)
		if lane = slices.Concat(lane[:at], lane[at+1:]); len(lane) == 0 {
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
	callbackRetryFor    = 24 * switchyard.Hour
	firstRetryAfter     = 2 * switchyard.Second
	firstConnectorRetry = 500 * switchyard.Millisecond
	longestRetry        = 1 * switchyard.Hour
	smsAttempts         = 4
)

// nextAttempt is the retry policy: twice as long after every attempt, from two seconds to an hour,
// spread by a quarter so that what failed together does not come back together; or as long as the
// other side asks for, up to an hour. Callbacks are given up 24 hours after their first attempt
// (CONTRACT.md §5), messages after four attempts. A connector is asked again when that cannot do
// anything twice, beginning after half a second, and not beyond its deadline.
func nextAttempt(f *effect, r *switchyard.EffectResult, now switchyard.Instant, entropy uint64) (switchyard.Instant, bool) {
	least := firstRetryAfter
	if f.Kind == switchyard.EffectConnector {
		least = firstConnectorRetry
	}
	wait := longestRetry
	if f.Attempt < 12 {
		wait = min(wait, least<<(f.Attempt-1))
	}
	wait += switchyard.Duration(entropy%1024) * (wait / 4) / 1024
	asked := longestRetry
	if r.RetryAfterMillis < int64(longestRetry/switchyard.Millisecond) {
		asked = switchyard.Duration(max(0, r.RetryAfterMillis)) * switchyard.Millisecond
	}
	at := now.Add(max(wait, asked))
	if f.Deadline != 0 && at >= f.Deadline {
		return at, false
	}
	switch f.Kind {
	case switchyard.EffectCallback:
		return at, at <= f.first.Add(callbackRetryFor)
	case switchyard.EffectConnector:
		return at, plan.Idempotent(f.Connector.Method) && f.Attempt <= f.Connector.Retries
	}
	return at, f.Attempt < smsAttempts
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
