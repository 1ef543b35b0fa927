package rehearse

import (
	"fmt"
	"maps"
	"slices"

	"switchyard"
	"switchyard/internal/core/plan"
)

// follow turns events into steps.
func (r *run) follow(events []switchyard.Event) {
	for _, e := range events {
		id, _ := e.About()
		if d, is := e.(*switchyard.Dispatched); is && r.id.IsZero() {
			r.id = id
			r.dispatched(d)
			continue
		}
		if id == r.id && !id.IsZero() {
			r.happened(e)
		}
	}
}

func (r *run) add(s Step) {
	s.At = r.now
	r.steps = append(r.steps, s)
}

func (r *run) dispatched(e *switchyard.Dispatched) {
	s := Step{What: "dispatched", Changed: []string{"route " + e.Route, "type " + e.Class.String()}}
	s.Changed = append(s.Changed, r.demandTexts(e.Demands)...)
	s.Changed = append(s.Changed, personalText(e.Personal)...)
	presets := map[string]string{}
	for _, route := range r.o.Document.Routes {
		if switchyard.CaseKey(route.Name) == switchyard.CaseKey(e.Route) {
			presets = route.DataSources
		}
	}
	s.Changed = append(s.Changed, r.set(presets)...)
	for _, l := range e.Linked {
		if l.Type == "interactionproperty" {
			s.Changed = append(s.Changed, r.set(map[string]string{l.Key: l.Value})...)
		}
	}
	r.add(s)
}

// set notes data sources and tells them.
func (r *run) set(values map[string]string) (texts []string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		r.values[switchyard.CaseKey(name)] = values[name]
		texts = append(texts, fmt.Sprintf("data source %s = %q", name, values[name]))
	}
	return texts
}

func (r *run) happened(e switchyard.Event) {
	switch e := e.(type) {
	case *switchyard.Stepped:
		r.stepped(e)
	case *switchyard.EffectRequested:
		r.requested(&e.Effect)
	case *switchyard.Enqueued:
		s := Step{What: "applet", Plan: e.Plan, Applet: e.Applet, Type: plan.TypeQueue}
		s.Changed = append(s.Changed, "waits since "+e.Since.String())
		if e.Until != 0 {
			s.Changed = append(s.Changed, "leaves by its exit duration at "+e.Until.String())
		}
		r.add(s)
	case *switchyard.Left:
		r.leave(e.Exit, leftWhy[e.Exit])
	case *switchyard.OfferMade:
		r.add(Step{What: "offered", Agent: e.Agent, Why: fmt.Sprintf("best of %d that fit; it requires %s, prefers %s",
			e.Reason.Considered, skills(e.Reason.Requires), skills(e.Reason.Prefers))})
	case *switchyard.Joined:
		r.add(Step{What: "connected", Agent: e.Agent, Why: e.How})
	case *switchyard.Released:
		r.add(Step{What: "released", Agent: e.Agent, Why: "by " + e.By})
	case *switchyard.Completed:
		r.add(Step{What: "completed", Agent: e.Agent})
	case *switchyard.Returned:
		r.add(Step{What: "returned", Agent: e.Agent, Why: e.Why})
	case *switchyard.PersonalEnded:
		r.add(Step{What: "personal queue over", Why: e.Why})
	case *switchyard.Finished:
		r.add(Step{What: "ended", Outcome: e.Outcome, Why: e.Detail, To: e.After})
	case *switchyard.AfterFinished:
		r.add(Step{What: "after plan ended", Outcome: e.Outcome})
	}
}

var leftWhy = map[string]string{
	plan.ExitDuration: "it waited as long as it may",
	plan.ExitNoAgents: "nobody suitable is logged in",
	plan.ExitDeclined: "the agent of its personal queue declined",
}

// stepped tells what an applet did.
func (r *run) stepped(e *switchyard.Stepped) {
	s := Step{What: "applet", Plan: e.Plan, Applet: e.Applet, Type: e.Type, Exit: e.Exit, Why: e.Fault}
	if e.Cleared {
		s.Changed = append(s.Changed, "all skills taken off")
	}
	if s.Why == "" {
		s.Why = r.why(e.Plan, e.Applet, e.Exit)
	}
	s.Changed = append(s.Changed, r.set(e.Values)...)
	s.Changed = append(s.Changed, r.demandTexts(e.Demands)...)
	s.Changed = append(s.Changed, personalText(e.Personal)...)
	if e.Band != 0 {
		s.Changed = append(s.Changed, "band "+e.Band.String())
	}
	if e.Until != 0 {
		s.Changed = append(s.Changed, "waits until "+e.Until.String())
	}
	s.To = r.toOf(e.Plan, e.Applet, e.Exit)
	if e.Goto != "" {
		s.To = "plan " + e.Goto
	}
	if asked := r.asked(e); asked != nil {
		asked.Changed, asked.Exit, asked.To = append(asked.Changed, s.Changed...), s.Exit, s.To
		if s.Why != "" {
			asked.Why = s.Why
		}
		return
	}
	r.add(s)
}

// asked is the step of the applet that waited for the effects it had asked for; it goes on now.
func (r *run) asked(e *switchyard.Stepped) *Step {
	for n := len(r.steps) - 1; n >= 0; n-- {
		if s := &r.steps[n]; s.What == "applet" {
			if s.Plan == e.Plan && s.Applet == e.Applet && len(s.Sent) > 0 && s.Exit == "" {
				return s
			}
			return nil
		}
	}
	return nil
}

// why says what made an applet take an exit: its rule, and what was looked at.
func (r *run) why(planName, applet, exit string) string {
	a := r.applet(planName, applet)
	if a == nil {
		return ""
	}
	w, _ := a.WayOf(exit)
	if source := a.Source(exit); source != "" {
		if value, set := r.values[switchyard.CaseKey(source)]; set {
			return fmt.Sprintf("%s; it is %q", w.When, value)
		}
	}
	if w.When == "" && exit == plan.ExitNoMatch {
		return "no rule matches"
	}
	return w.When
}

func (r *run) applet(planName, applet string) *plan.Applet {
	if p := r.plans.Plan(planName); p != nil {
		return p.Applets[applet]
	}
	return nil
}

// toOf is the applet an exit leads to; "" when it ends the plan.
func (r *run) toOf(planName, applet, exit string) string {
	if a := r.applet(planName, applet); a != nil && exit != "" {
		next, _ := a.Exit(exit)
		return next
	}
	return ""
}

// requested notes an effect: all but a callback belong to the applet that ran last.
func (r *run) requested(e *switchyard.Effect) {
	sent := &Sent{Kind: e.Kind, Gateway: e.Gateway, Provider: e.Provider, Notification: e.Notification, From: e.From,
		To: e.To, Subject: e.Subject, Message: e.Message, HTML: e.HTML, id: e.ID}
	if e.Connector != nil {
		sent.Request = requestOf(e)
	}
	if e.Kind == switchyard.EffectCallback || len(r.steps) == 0 {
		r.add(Step{What: "callback", Agent: e.Agent, Sent: []*Sent{sent}})
		return
	}
	last := &r.steps[len(r.steps)-1]
	last.Sent = append(last.Sent, sent)
}

// requestOf fills in the data sources of a dataconnector's request, in one pass as the attempt does,
// with the mask in the places of secrets.
func requestOf(e *switchyard.Effect) *Request {
	known := plan.NewKnown(e.Values)
	fill := func(text string) string {
		filled, err := plan.ExpandBoth(text, known, func(string) (string, bool) { return switchyard.Masked, true })
		if err != nil {
			return err.Error()
		}
		return filled
	}
	q := &Request{Method: e.Connector.Method, URL: fill(e.Connector.URL), Body: fill(e.Connector.Body)}
	for name, text := range e.Connector.Headers {
		if q.Headers == nil {
			q.Headers = map[string]string{}
		}
		if q.Headers[name] = fill(text); plan.CredentialHeader(name) {
			q.Headers[name] = switchyard.Masked
		}
	}
	return q
}

// leave notes the exit of the queue it was in.
func (r *run) leave(exit, why string) {
	for n := len(r.steps) - 1; n >= 0; n-- {
		if s := &r.steps[n]; s.Type == plan.TypeQueue && s.What == "applet" {
			r.add(Step{What: "left", Plan: s.Plan, Applet: s.Applet, Exit: exit, Why: why, To: r.toOf(s.Plan, s.Applet, exit)})
			return
		}
	}
}

func (r *run) demandTexts(demands []switchyard.Demand) (texts []string) {
	for _, d := range demands {
		switch d.Until {
		case switchyard.Never:
			texts = append(texts, "requires "+d.Skill)
		case 0:
			texts = append(texts, "prefers "+d.Skill)
		default:
			texts = append(texts, fmt.Sprintf("requires %s until %v, then prefers it", d.Skill, d.Until))
		}
	}
	return texts
}

func personalText(p *switchyard.PersonalQueue) []string {
	if p == nil {
		return nil
	}
	return []string{fmt.Sprintf("personal queue of %s, for %v while logged in and %v while logged out", p.Agent, p.LoggedIn, p.LoggedOut)}
}
