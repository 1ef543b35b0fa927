package native

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/api/vcc"
	"switchyard/internal/config"
	"switchyard/internal/core"
	"switchyard/internal/rehearse"
)

// Rehearsal is what a plan is run on.
type Rehearsal struct {
	Route     string              `json:"route,omitempty" doc:"Route the work comes in by; takes the place of the call's."`
	Call      jsontext.Value      `json:"call,omitempty" doc:"Body of an invoke call with one request, or the request alone."`
	At        switchyard.Instant  `json:"at,omitzero" format:"date-time" doc:"When it comes in; default now."`
	For       switchyard.Duration `json:"for,omitzero" doc:"How long to go on. Without it the run ends as soon as people are needed."`
	Answers   map[string]Reply    `json:"answers,omitempty" doc:"What becomes of the effect of an applet, by applet or plan/applet; others succeed."`
	Presences map[string]string   `json:"presences,omitempty" doc:"Presences of agents, by username. Ready agents take and release what they are offered at once; others are logged out."`
}

// Reply is what becomes of an effect.
type Reply struct {
	OK      bool              `json:"ok,omitzero"`
	Status  int               `json:"status,omitzero" doc:"HTTP status the other system answers with."`
	Detail  string            `json:"detail,omitempty"`
	Timeout bool              `json:"timeout,omitzero" doc:"Nothing came back in time."`
	Values  map[string]string `json:"values,omitempty" doc:"Data sources a dataconnector reads from it, instead of a body."`
	Headers map[string]string `json:"headers,omitempty" doc:"Of the answer to a dataconnector."`
	Body    Anything          `json:"body,omitzero" doc:"Of the answer to a dataconnector: JSON as it is, anything else as a string."`
}

// Anything is any JSON value.
type Anything jsontext.Value

// Schema implements huma.SchemaProvider.
func (Anything) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// MarshalJSON implements json.Marshaler.
func (v Anything) MarshalJSON() ([]byte, error) { return v, nil }

// UnmarshalJSON implements json.Unmarshaler.
func (v *Anything) UnmarshalJSON(b []byte) error {
	*v = append((*v)[:0], b...)
	return nil
}

// Rehearsed is what a run came to.
type Rehearsed struct {
	Result  switchyard.RequestResult `json:"result" doc:"Of the request; when it failed nothing was run."`
	Steps   []RehearsedStep          `json:"steps"`
	Stopped string                   `json:"stopped,omitempty" enum:"ended,waiting,time" doc:"Why the run is over: it ended, people are needed, or its time was over."`
	Outcome string                   `json:"outcome,omitempty" doc:"Once it has ended."`
	State   string                   `json:"state,omitempty" doc:"Where it is then, unless it has ended."`
	Plan    string                   `json:"plan,omitempty"`
	Applet  string                   `json:"applet,omitempty"`
	Band    string                   `json:"band,omitempty"`
	Next    *switchyard.Explanation  `json:"next,omitempty" doc:"Why it is where it is, and what would change it."`
}

// RehearsedStep is one thing that happened.
type RehearsedStep struct {
	At      switchyard.Instant `json:"at" format:"date-time"`
	What    string             `json:"what" doc:"applet, or what else happened: dispatched, left, offered, ended, …"`
	Plan    string             `json:"plan,omitempty"`
	Applet  string             `json:"applet,omitempty"`
	Type    string             `json:"type,omitempty" doc:"Of the applet."`
	Agent   string             `json:"agent,omitempty"`
	Changed []string           `json:"changed,omitempty" doc:"Data sources, skills, band and the like, in words."`
	Sent    []RehearsedEffect  `json:"sent,omitempty" doc:"What would have been sent."`
	Exit    string             `json:"exit,omitempty" doc:"The exit it took."`
	Why     string             `json:"why,omitempty" doc:"Why it took the exit, or came to this."`
	To      string             `json:"to,omitempty" doc:"The applet or plan it goes on with."`
	Outcome string             `json:"outcome,omitempty"`
}

// RehearsedEffect is an effect that would have been performed.
type RehearsedEffect struct {
	Kind         string            `json:"kind"`
	Gateway      string            `json:"gateway,omitempty"`
	Provider     string            `json:"provider,omitempty"`
	Notification string            `json:"notification,omitempty"`
	From         string            `json:"from,omitempty"`
	To           []string          `json:"to,omitempty"`
	Subject      string            `json:"subject,omitempty"`
	Message      string            `json:"message,omitempty"`
	HTML         string            `json:"html,omitempty"`
	Request      *RehearsedRequest `json:"request,omitempty" doc:"Of a dataconnector, with data sources filled in and secrets masked."`
	Answer       *Reply            `json:"answer,omitempty" doc:"Absent while it has none."`
}

// RehearsedRequest is what a dataconnector would have asked.
type RehearsedRequest struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
}

type (
	rehearsalIn      struct{ Body Rehearsal }
	draftRehearsalIn struct {
		ByDraft
		Body Rehearsal
	}
	rehearsedOut struct{ Body Rehearsed }
)

// rehearseLive runs a plan of the config in force.
func (a *api) rehearseLive(ctx context.Context, c *call, in *rehearsalIn) (*rehearsedOut, error) {
	doc, _, err := a.current(ctx, c.Account)
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, problem(switchyard.NotFound, "account %s has no config yet; PUT /v1/config makes one", c.Account)
	}
	return a.rehearse(ctx, c, doc, &in.Body)
}

// rehearseDraft runs a plan of a draft, which must be valid.
func (a *api) rehearseDraft(ctx context.Context, c *call, in *draftRehearsalIn) (*rehearsedOut, error) {
	st, err := a.draft(ctx, c, in.ByDraft)
	if err != nil {
		return nil, err
	}
	if problems := a.Rules.Check(config.Opened(st.Document, a.Key)); config.Refused(problems) {
		return nil, invalid(problems)
	}
	return a.rehearse(ctx, c, st.Document, &in.Body)
}

func (a *api) rehearse(ctx context.Context, c *call, doc *switchyard.Account, in *Rehearsal) (*rehearsedOut, error) {
	read, err := vcc.ReadDispatch(in.Call, in.Route)
	if err != nil {
		return nil, err
	}
	o := rehearse.Options{Document: doc, Call: read, At: in.At, For: in.For, Answers: map[string]rehearse.Answer{}}
	err = a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		if o.At == 0 {
			o.At = now
		}
		o.Providers = providersOf(s, doc)
	})
	if err != nil {
		return nil, err
	}
	for applet, r := range in.Answers {
		o.Answers[applet] = rehearse.Answer{OK: r.OK, Status: r.Status, Detail: r.Detail, Timeout: r.Timeout, Values: r.Values,
			Headers: r.Headers, Body: json.RawMessage(r.Body)}
	}
	for _, agent := range slices.Sorted(maps.Keys(in.Presences)) {
		o.Presences = append(o.Presences, switchyard.SetPresence{Agent: agent, Presence: in.Presences[agent]})
	}
	report, err := rehearse.Run(o)
	var refused *switchyard.Error
	if err != nil && !errors.As(err, &refused) {
		err = problem(switchyard.Malformed, "%v", err)
	}
	if err != nil {
		return nil, err
	}
	return &rehearsedOut{showRehearsed(report)}, nil
}

// providersOf are the providers that are registered, and those that the document would register.
func providersOf(s *core.State, doc *switchyard.Account) (all []switchyard.Register) {
	listed := map[string]bool{}
	for _, p := range doc.Providers {
		listed[switchyard.CaseKey(p.Name)] = true
		all = append(all, switchyard.Register{Provider: p.Name, Endpoint: p.Endpoint, Permitted: config.PermissionsOf(p.AgentActionsPermitted)})
	}
	for _, p := range s.Providers() {
		if !listed[switchyard.CaseKey(p.Name)] {
			all = append(all, switchyard.Register{Provider: p.Name, Endpoint: p.Endpoint, Permitted: p.Permitted})
		}
	}
	return all
}

func showRehearsed(r *rehearse.Report) Rehearsed {
	out := Rehearsed{Result: r.Result, Steps: []RehearsedStep{}, Stopped: r.Stopped, Outcome: r.Outcome, Next: r.Next}
	if i := r.Interaction; i != nil {
		out.State, out.Plan, out.Applet, out.Band = string(i.State), i.Plan, i.Applet, i.Band.String()
	}
	for _, s := range r.Steps {
		step := RehearsedStep{At: s.At, What: s.What, Plan: s.Plan, Applet: s.Applet, Type: s.Type, Agent: s.Agent,
			Changed: s.Changed, Exit: s.Exit, Why: s.Why, To: s.To, Outcome: s.Outcome}
		for _, e := range s.Sent {
			step.Sent = append(step.Sent, showRehearsedEffect(e))
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

func showRehearsedEffect(e *rehearse.Sent) RehearsedEffect {
	out := RehearsedEffect{Kind: e.Kind, Gateway: e.Gateway, Provider: e.Provider, Notification: e.Notification, From: e.From,
		To: e.To, Subject: e.Subject, Message: e.Message, HTML: e.HTML, Request: (*RehearsedRequest)(e.Request)}
	if w := e.Answer; w != nil {
		out.Answer = &Reply{OK: w.OK, Status: w.Status, Detail: w.Detail, Timeout: w.Timeout, Values: w.Values,
			Headers: w.Headers, Body: Anything(w.Body)}
	}
	return out
}
