// Package rehearse runs plans on a payload before they are published: on the real core, in virtual
// time, with nothing stored and nothing sent. Effects are answered as the caller says; people may be
// played. What it returns tells each applet, what it changed, the exit it took and why, and what would
// happen next.
//
// It may import the root package, core, core/plan and extract: it decides nothing itself.
package rehearse

import (
	"encoding/json"
	"fmt"
	"slices"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/core/plan"
)

// Options of a run.
type Options struct {
	Document  *switchyard.Account // checked; credentials in it are not looked at
	Providers []switchyard.Register
	Call      *switchyard.Invoke // one dispatch
	At        switchyard.Instant // when it comes in
	// For is how long the run goes on. Zero ends it as soon as people are needed: at a queue nobody
	// takes the work from. Waits in the plan are gone through.
	For     switchyard.Duration
	Answers map[string]Answer // what becomes of effects, by "applet" or "plan/applet", in any case; else they succeed
	// Presences are chosen before the call comes in. Agents that are Ready take what they are offered at
	// once, and release it at once.
	Presences []switchyard.SetPresence
}

// Answer is what becomes of an effect.
type Answer struct {
	OK      bool              `json:"ok"`
	Status  int               `json:"status,omitzero"`
	Detail  string            `json:"detail,omitempty"`
	Timeout bool              `json:"timeout,omitzero"` // nothing came back in time
	Values  map[string]string `json:"values,omitempty"` // data sources a dataconnector reads from it

	// Of a dataconnector, what the other system answers, instead of OK and Values: they are read from it
	// as on a server.
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"` // JSON as it is; anything else as a string
}

// Report is what a run came to.
type Report struct {
	Account     string                   `json:"account"`
	Result      switchyard.RequestResult `json:"result"` // of the request; when it failed there is nothing else
	Steps       []Step                   `json:"steps,omitempty"`
	Interaction *core.Record             `json:"interaction,omitempty"` // as it is then; nil once it has ended
	Outcome     string                   `json:"outcome,omitempty"`     // once it has ended
	Next        *switchyard.Explanation  `json:"next,omitempty"`        // why it is where it is, and what would change it; nil once it has ended
	Stopped     string                   `json:"stopped"`               // ended, waiting or time: why the run is over
}

// Why a run is over.
const (
	StoppedEnded   = "ended"
	StoppedWaiting = "waiting" // for people
	StoppedTime    = "time"    // For is over
)

// Step is one thing that happened.
type Step struct {
	At      switchyard.Instant `json:"at"`
	What    string             `json:"what"` // applet, or the event's type without its subject: dispatched, offered, ended, …
	Plan    string             `json:"plan,omitempty"`
	Applet  string             `json:"applet,omitempty"`
	Type    string             `json:"type,omitempty"`
	Agent   string             `json:"agent,omitempty"`
	Changed []string           `json:"changed,omitempty"`
	Sent    []*Sent            `json:"sent,omitempty"` // what would have been sent
	Exit    string             `json:"exit,omitempty"`
	Why     string             `json:"why,omitempty"` // the exit was taken, or it came to this
	To      string             `json:"to,omitempty"`  // applet or plan it goes on with
	Outcome string             `json:"outcome,omitempty"`
}

// Sent is an effect that would have been performed.
type Sent struct {
	Kind         string   `json:"kind"`
	Gateway      string   `json:"gateway,omitempty"`
	Provider     string   `json:"provider,omitempty"`
	Notification string   `json:"notification,omitempty"`
	From         string   `json:"from,omitempty"`
	To           []string `json:"to,omitempty"`
	Subject      string   `json:"subject,omitempty"`
	Message      string   `json:"message,omitempty"` // of an e-mail, its plain text
	HTML         string   `json:"html,omitempty"`
	Request      *Request `json:"request,omitempty"` // of a dataconnector
	Answer       *Answer  `json:"answer,omitempty"`  // nil while it has none

	id switchyard.ID
}

// Request is what a dataconnector would have asked, with data sources filled in and secrets masked.
type Request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
}

// What bounds a run: events it goes through, and the time it goes on when none is given.
const (
	maxTurns = 10_000
	maxTime  = 366 * switchyard.Day
)

// Run runs a plan. The error says what of the options cannot be: a document the core refuses, a
// presence nobody can choose, a call that is no single dispatch.
func Run(o Options) (*Report, error) {
	set, _ := plan.Compile(o.Document)
	r := &run{o: o, plans: set, state: core.New(o.Document.Account), values: map[string]string{}}
	if len(o.Call.Requests) != 1 {
		return nil, fmt.Errorf("the call has %d requests, and one is run at a time: keep the one to try", len(o.Call.Requests))
	}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	answer, refused := r.do(o.Call)
	if refused != nil {
		return nil, refused
	}
	report := &Report{Account: o.Document.Account, Result: answer.([]switchyard.RequestResult)[0]}
	if report.Result.Status != switchyard.StatusAccepted {
		return report, nil
	}
	if report.Result.Interaction.IsZero() {
		return nil, fmt.Errorf("the call is a release; only a dispatch runs a plan")
	}
	report.Stopped = r.play()
	report.Steps = r.steps
	if report.Stopped != StoppedEnded {
		report.Interaction = r.record
		report.Next, _ = r.state.Explain(r.id, r.now)
	}
	for _, s := range r.steps {
		if s.What == "ended" {
			report.Outcome = s.Outcome
		}
	}
	return report, nil
}

// run is a run in progress.
type run struct {
	o      Options
	plans  *plan.Set
	state  *core.State
	now    switchyard.Instant
	turns  uint64
	id     switchyard.ID // of the interaction
	record *core.Record
	steps  []Step
	values map[string]string // data sources set, by CaseKey
}

// prepare makes the account what it is when the call comes in.
func (r *run) prepare() error {
	r.now = r.o.At
	inputs := []switchyard.Input{&switchyard.Publish{Document: *r.o.Document, Source: "run"}}
	for n := range r.o.Providers {
		inputs = append(inputs, &r.o.Providers[n])
	}
	for n := range r.o.Presences {
		inputs = append(inputs, &r.o.Presences[n])
	}
	for _, in := range inputs {
		if _, refused := r.do(in); refused != nil {
			return refused
		}
	}
	return nil
}

// do gives the core an input at the present moment, with everything that follows from it.
func (r *run) do(in switchyard.Input) (any, *switchyard.Error) {
	r.turns++
	d := r.state.Decide(&switchyard.Envelope{Seq: r.state.Seq() + 1, At: r.now, By: "client:run", Entropy: r.turns, Input: in})
	if d.Refused != nil {
		return nil, d.Refused
	}
	r.follow(d.Events)
	for r.state.Unfinished() {
		r.turns++
		r.follow(r.state.Decide(&switchyard.Envelope{Seq: r.state.Seq() + 1, At: r.now, By: "system", Entropy: r.turns, Input: &switchyard.Sweep{}}).Events)
	}
	return d.Answer, nil
}

// play goes on until nothing more can happen, people are needed or the time is over.
func (r *run) play() string {
	end := r.o.At.Add(maxTime)
	if r.o.For > 0 {
		end = r.o.At.Add(r.o.For)
	}
	for r.turns < maxTurns {
		if found := r.state.Find(r.id); found != nil {
			r.record = found
		}
		switch {
		case r.answerEffect() || r.act():
			continue
		case r.state.Find(r.id) == nil:
			return StoppedEnded
		case r.o.For == 0 && r.record.State != switchyard.Planned && r.record.State != switchyard.Ended:
			return StoppedWaiting
		}
		next := r.state.Alarm()
		if next > end {
			r.now = end
			if r.o.For == 0 {
				return StoppedWaiting
			}
			return StoppedTime
		}
		r.now = max(r.now, next)
		if _, refused := r.do(&switchyard.Tick{}); refused != nil {
			panic(refused) // time cannot be refused
		}
	}
	return StoppedTime
}

// answerEffect gives the next effect that is due its answer.
func (r *run) answerEffect() bool {
	var due *switchyard.Effect
	r.state.Effects(func(e switchyard.Effect, now bool) bool {
		if now {
			due = &e
		}
		return due == nil
	})
	if due == nil {
		return false
	}
	answer := Answer{OK: true}
	if at, sent := r.sentBy(due.ID); at != nil {
		answer = r.answerTo(at)
		if due.Connector != nil && answer.Values == nil && (answer.Status != 0 || answer.Body != nil) {
			answer = read(due.Connector, answer)
		}
		sent.Answer = &answer
	}
	_, refused := r.do(&switchyard.EffectResult{Effect: due.ID, Attempt: due.Attempt, OK: answer.OK, GiveUp: !answer.OK,
		Status: answer.Status, Detail: answer.Detail, Timeout: answer.Timeout, Values: answer.Values})
	return refused == nil
}

func (r *run) answerTo(at *Step) Answer {
	for name, answer := range r.o.Answers {
		if key := switchyard.CaseKey(name); at.Applet != "" &&
			(key == switchyard.CaseKey(at.Applet) || key == switchyard.CaseKey(at.Plan+"/"+at.Applet)) {
			return answer
		}
	}
	return Answer{OK: true}
}

// sentBy finds an effect, and the step that asked for it.
func (r *run) sentBy(id switchyard.ID) (*Step, *Sent) {
	for n := range r.steps {
		for _, sent := range r.steps[n].Sent {
			if sent.id == id {
				return &r.steps[n], sent
			}
		}
	}
	return nil, nil
}

// act plays the agent the work is with: it takes it and releases it, and ends wrap-up at once. An
// agent that may not release it keeps it.
func (r *run) act() bool {
	found := r.state.Find(r.id)
	if found == nil {
		return false
	}
	act := &switchyard.Act{Interaction: r.id, Agent: found.Agent}
	switch found.State {
	case switchyard.Offered:
		act.Action = switchyard.ActAccept
	case switchyard.Connected:
		act.Action = switchyard.ActRelease
	case switchyard.Wrap:
		act.Action = switchyard.ActComplete
		if words := r.o.Document.Dispositions; len(words) > 0 {
			act.Disposition = words[0]
		}
	default:
		return false
	}
	_, refused := r.do(act)
	if refused != nil && !slices.ContainsFunc(r.steps, func(s Step) bool { return s.What == "refused" && s.Agent == found.Agent }) {
		r.steps = append(r.steps, Step{At: r.now, What: "refused", Agent: found.Agent, Why: string(act.Action) + ": " + refused.Error()})
	}
	return refused == nil
}
