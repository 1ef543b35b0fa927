package native

import (
	"switchyard"
	"switchyard/internal/core"
)

// Interaction is what the API shows of an interaction, live or ended.
type Interaction struct {
	ID              switchyard.ID      `json:"id" doc:"Ours; sorts by dispatch."`
	RequestID       string             `json:"requestid" doc:"The requestId it was dispatched with."`
	ExternalID      string             `json:"externalid" doc:"What its provider calls it."`
	Provider        string             `json:"provider" doc:"Empty when it was dispatched without one."`
	Route           string             `json:"route"`
	InteractionType switchyard.Class   `json:"interactiontype" enum:"live,chat,nonlive"`
	State           switchyard.Status  `json:"state" enum:"planned,queued,offered,connected,held,parked,wrap,ended"`
	Agent           string             `json:"agent" doc:"Who is offered it, has it, or had it last; empty for none."`
	CLID            string             `json:"clid"`
	Name            string             `json:"name"`
	MediaType       string             `json:"mediatype"`
	URLs            []Link             `json:"urls"`
	Properties      []Property         `json:"properties"`
	Objects         []Object           `json:"objects"`
	Skills          []InteractionSkill `json:"skills"`
	PersonalQueue   *PersonalQueue     `json:"personalqueue,omitempty"`
	Band            switchyard.Band    `json:"band" minimum:"1" maximum:"5" doc:"1 Highest to 5 Lowest."`
	WaitingSince    switchyard.Instant `json:"waitingsince,omitzero" format:"date-time" doc:"First entry into a queue."`
	Created         switchyard.Instant `json:"created" format:"date-time"`
	Answered        switchyard.Instant `json:"answered,omitzero" format:"date-time" doc:"First connected."`
	Released        switchyard.Instant `json:"released,omitzero" format:"date-time" doc:"When its agent, a supervisor or the API released it; wrap-up follows, or its end."`
	Ended           switchyard.Instant `json:"ended,omitzero" format:"date-time"`
	Outcome         string             `json:"outcome,omitempty" doc:"Once ended."`
	Detail          string             `json:"detail,omitempty" doc:"The exit or the fault that ended it."`
	Unserveable     bool               `json:"unserveable" doc:"No agent of the account could ever take it as things are."`

	DataSources map[string]string  `json:"datasources,omitempty" doc:"What plans set."`
	Plan        string             `json:"plan,omitempty"`
	Applet      string             `json:"applet,omitempty" doc:"Where in the plan it is, or was last."`
	TestPlan    string             `json:"testplan,omitempty" doc:"The test plan it entered by its route, because its clid is one of the test callers."`
	Since       switchyard.Instant `json:"since,omitzero" format:"date-time" doc:"When it got into its state."`
	Until       switchyard.Instant `json:"until,omitzero" format:"date-time" doc:"When time ends its state: ringing, wrap, parking, waiting."`
	Size        int                `json:"size,omitempty" doc:"Percent of its agent it holds."`
	Only        string             `json:"only,omitempty" doc:"The agent it was transferred to, while it waits for it."`
	Disposition string             `json:"disposition,omitempty"`
	Notes       string             `json:"notes,omitempty"`
	Lost        bool               `json:"lost" doc:"Its agent's desktop is not heard."`
	Flagged     string             `json:"flagged,omitempty" doc:"Why its plan was cut."`
	Reason      *switchyard.Reason `json:"reason,omitempty" doc:"Why the latest offer went to its agent."`
}

// Link is a url of the interaction; an empty value still shows its label.
type Link struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Property is an interactionproperty, or a data source a plan set.
type Property struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Object is an object entry of linkeddata; it is kept and shown.
type Object struct {
	Owner string `json:"owner"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

// InteractionSkill is a skill on an interaction.
type InteractionSkill struct {
	Name     string             `json:"name"`
	Required bool               `json:"required" doc:"An agent must have it now; otherwise it is preferred."`
	Until    switchyard.Instant `json:"until,omitzero" format:"date-time" doc:"When it stops being required; absent for never, or already."`
}

// PersonalQueue is the personal queue of an interaction.
type PersonalQueue struct {
	Agent            string `json:"agent"`
	LoggedInTimeout  int64  `json:"loggedintimeout" doc:"Seconds."`
	LoggedOutTimeout int64  `json:"loggedouttimeout" doc:"Seconds."`
}

// showInteraction makes the public form of r at now. It keeps nothing of r that could change.
func showInteraction(r *core.Record, now switchyard.Instant) Interaction {
	v := Interaction{
		ID: r.ID, RequestID: r.RequestID, ExternalID: r.ExternalID, Provider: r.Provider,
		Route: r.Route, InteractionType: r.Class, State: r.State, Agent: r.Agent, Band: r.Band,
		Skills: showSkills(r.Demands, now), PersonalQueue: showPersonal(r.Personal),
		WaitingSince: r.Since, Created: r.Created,
		Answered: r.Answered, Released: r.ReleasedAt, Ended: r.Ended, Outcome: r.Outcome,
		DataSources: r.Values, Detail: r.Detail, Unserveable: r.Unserveable(now), Plan: r.Plan, Applet: r.Applet,
		TestPlan: r.TestPlan,
		Since:    r.Changed, Until: known(r.Until), Size: r.Size, Only: r.Only,
		Disposition: r.Disposition, Notes: r.Notes, Lost: r.Lost, Flagged: r.Fault, Reason: r.Reason,
		URLs: []Link{}, Properties: []Property{}, Objects: []Object{}, MediaType: "API Object",
	}
	if !holdsRoom(r.State) {
		v.Size = 0
	}
	for _, l := range r.Linked {
		v.link(l)
	}
	return v
}

// holdsRoom reports whether an interaction in this state counts in its agent's load.
func holdsRoom(state switchyard.Status) bool {
	switch state {
	case switchyard.Offered, switchyard.Connected, switchyard.Held, switchyard.Wrap:
		return true
	}
	return false
}

// link shows one entry of linkeddata; of the single ones the last wins (CONTRACT.md §3).
func (v *Interaction) link(l switchyard.Linked) {
	switch l.Type {
	case "clid":
		v.CLID = l.Value
	case "name":
		v.Name = l.Value
	case "mediatype":
		v.MediaType = l.Value
	case "url":
		v.URLs = append(v.URLs, Link{l.Label, l.Value})
	case "interactionproperty":
		v.Properties = append(v.Properties, Property{l.Key, l.Value})
	case "object":
		v.Objects = append(v.Objects, Object{l.Owner, l.Key, l.Value})
	}
}

func showSkills(demands []switchyard.Demand, now switchyard.Instant) []InteractionSkill {
	out := make([]InteractionSkill, 0, len(demands))
	for _, d := range demands {
		s := InteractionSkill{Name: d.Skill, Required: d.Until > now}
		if s.Required {
			s.Until = known(d.Until)
		}
		out = append(out, s)
	}
	return out
}

func showPersonal(p *switchyard.PersonalQueue) *PersonalQueue {
	if p == nil {
		return nil
	}
	return &PersonalQueue{p.Agent, int64(p.LoggedIn / switchyard.Second), int64(p.LoggedOut / switchyard.Second)}
}

// known leaves out the moment that never comes.
func known(i switchyard.Instant) switchyard.Instant {
	if i == switchyard.Never {
		return 0
	}
	return i
}
