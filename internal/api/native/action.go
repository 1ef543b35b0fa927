package native

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/core"
)

// ByID names an interaction in the path.
type ByID struct {
	ID string `path:"id" doc:"Id of the interaction." example:"0193f6a0-7c1e-7000-8000-0000a1b2c3d4"`
}

func (b ByID) id() (switchyard.ID, error) {
	id, err := switchyard.ParseID(b.ID)
	if err != nil {
		return id, problem(switchyard.NotFound, "%v", err)
	}
	return id, nil
}

// Acting says for whom an action is.
type Acting struct {
	Agent string `json:"agent,omitempty" doc:"The agent acted for. A client names it; a signed-in agent acts for itself; a supervisor leaves it out to act for whoever has the interaction."`
}

func (a Acting) actor() string { return a.Agent }

// The bodies of the actions.
type (
	// Plain is the body of an action that needs nothing said.
	Plain struct{ Acting }
	// Closing is the body of complete and release.
	Closing struct {
		Acting
		Disposition string `json:"disposition,omitempty" maxLength:"255" doc:"One of the account's dispositions."`
		Notes       string `json:"notes,omitempty" maxLength:"8192"`
	}
	// Typing is the body of note: what stands in the form, in full.
	Typing struct {
		Acting
		Disposition string `json:"disposition,omitempty" maxLength:"255" doc:"One of the account's dispositions; left out for none."`
		Notes       string `json:"notes,omitempty" maxLength:"8192"`
	}
	// Handover is the body of transfer: one of the two.
	Handover struct {
		Acting
		ToAgent string `json:"toagent,omitempty" doc:"Username of the agent who is to take it."`
		ToRoute string `json:"toroute,omitempty" doc:"Route whose plan it runs from now on."`
	}
	// Extension is the body of extend.
	Extension struct {
		Acting
		By switchyard.Duration `json:"by,omitempty" doc:"How much longer wrap-up may take; 30s when left out." example:"\"30s\""`
	}
	// Assignment is the body of assign.
	Assignment struct {
		ToAgent string `json:"toagent" minLength:"1" doc:"Username of the agent who alone may take it."`
	}
	// Priority is the body of priority.
	Priority struct {
		Band string `json:"band" minLength:"1" doc:"Highest, Higher, Normal, Lower, Lowest, or 1 to 5." example:"Higher"`
	}
)

// Bare is the body of an action that is a supervisor's alone and needs nothing said.
type Bare struct{}

func (Bare) fill(*switchyard.Act)           {}
func (Bare) actor() string                  { return "" }
func (b Plain) fill(*switchyard.Act)        {}
func (b Closing) fill(a *switchyard.Act)    { a.Disposition, a.Notes = b.Disposition, b.Notes }
func (b Typing) fill(a *switchyard.Act)     { a.Disposition, a.Notes = b.Disposition, b.Notes }
func (b Handover) fill(a *switchyard.Act)   { a.ToAgent, a.ToRoute = b.ToAgent, b.ToRoute }
func (b Extension) fill(a *switchyard.Act)  { a.By = b.By }
func (b Assignment) fill(a *switchyard.Act) { a.ToAgent = b.ToAgent }
func (b Assignment) actor() string          { return "" }
func (b Priority) fill(a *switchyard.Act)   { a.Band = b.Band }
func (b Priority) actor() string            { return "" }

// actBody is the body of an action: who acts, and what the action needs.
type actBody interface {
	actor() string
	fill(a *switchyard.Act)
}

type actInput[B actBody] struct {
	ByID
	Body *B
}

type interactionOut struct{ Body Interaction }

// act makes the handler of one action.
func act[B actBody](a *api, action switchyard.Action) func(context.Context, *call, *actInput[B]) (*interactionOut, error) {
	return func(ctx context.Context, c *call, in *actInput[B]) (*interactionOut, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		var body B
		if in.Body != nil {
			body = *in.Body
		}
		input := &switchyard.Act{Interaction: id, Action: action}
		body.fill(input)
		if err := a.decideActor(ctx, c, input, body.actor()); err != nil {
			return nil, err
		}
		return a.doAct(ctx, c, input)
	}
}

// supervised are the actions that need no agent when a client asks for them, or a supervisor who is an
// agent too.
var supervised = map[switchyard.Action]bool{
	switchyard.ActRelease: true, switchyard.ActTransfer: true, switchyard.ActRequeue: true,
	switchyard.ActAssign: true, switchyard.ActPriority: true,
}

// decideActor fills in who acts. A user who is an agent only acts for itself; a supervisor or an admin
// acts for whoever has the interaction, or for the agent it names, and what providers permit agents
// does not bind it (RULINGS 28). One who is an agent as well means its own work unless it says
// otherwise. Whether the ids and names of the call exist is looked at before that is refused (RULINGS 1).
func (a *api) decideActor(ctx context.Context, c *call, input *switchyard.Act, agent string) error {
	input.Overseer = c.Oversees()
	switch {
	case c.onlyOwn():
		if input.Agent = c.User; agent != "" && !same(agent, c.User) {
			if err := a.mustExist(ctx, c, input.Interaction, agent); err != nil {
				return err
			}
			return problem(switchyard.Forbidden, "%s may act for itself only, not for %s", c.User, agent)
		}
	case agent != "":
		input.Agent = agent
		a.speaksFor(c, agent)
	case supervised[input.Action]:
		input.Supervisor = true
	case c.Is(switchyard.RoleAgent):
		input.Agent = c.User
	case c.Oversees():
		input.Supervisor = true
	default:
		return problem(switchyard.Malformed, `body.agent: name the agent the action is for, as in {"agent":"ada"}`)
	}
	return nil
}

// mustExist refuses ids and names that are not there, ids first.
func (a *api) mustExist(ctx context.Context, c *call, id switchyard.ID, agent string) error {
	var live, there bool
	err := a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) {
		live, there = s.Find(id) != nil, s.Agent(agent) != nil
	})
	if err != nil {
		return err
	}
	if !live {
		if _, err := a.findEnded(ctx, c, id); err != nil {
			return err
		}
	}
	if !there {
		return problem(switchyard.AgentUnknown, "body.agent: no agent %q", agent)
	}
	return nil
}

func (a *api) doAct(ctx context.Context, c *call, input *switchyard.Act) (*interactionOut, error) {
	answer, err := a.do(ctx, c, input)
	if err != nil {
		return nil, a.endedNotUnknown(ctx, c, input, err)
	}
	r, err := decodeAnswer[core.Record](answer)
	if err != nil {
		return nil, err
	}
	return &interactionOut{showInteraction(r, a.Engine.Now())}, nil
}

// endedNotUnknown tells an interaction that has ended, which the state has forgotten, from one that
// never was. What the call names is looked at before it is told that it is too late (RULINGS 1).
func (a *api) endedNotUnknown(ctx context.Context, c *call, input *switchyard.Act, err error) error {
	var refused *switchyard.Error
	if !errors.As(err, &refused) || refused.Kind() != switchyard.KindNotFound {
		return err
	}
	ended, e := a.Engine.EndedByID(ctx, c.Account, input.Interaction)
	if e != nil || ended == nil {
		return err
	}
	var unknown *switchyard.Error
	err = a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) { unknown = s.Unknown(input) })
	if err != nil {
		return err
	}
	if unknown != nil {
		return unknown
	}
	return problem(switchyard.WrongState, "interaction %s has ended; %s is not possible any more", input.Interaction, input.Action)
}

// decodeAnswer reads what Decide answered: the value itself, or, when an Idempotency-Key was used
// again, the JSON kept of it.
func decodeAnswer[T any](answer any) (*T, error) {
	v := new(T)
	switch x := answer.(type) {
	case *T:
		return x, nil
	case T:
		return &x, nil
	case string:
		return v, json.Unmarshal([]byte(x), v)
	case jsontext.Value:
		return v, json.Unmarshal(x, v)
	case nil:
		return v, nil
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return v, json.Unmarshal(b, v)
}

// find returns an interaction, live or ended, that the caller may see.
func (a *api) find(ctx context.Context, c *call, id switchyard.ID) (*Interaction, error) {
	var found *Interaction
	err := a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		if r := s.Find(id); r != nil {
			v := showInteraction(r, now)
			found = &v
		}
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		if found, err = a.findEnded(ctx, c, id); err != nil {
			return nil, err
		}
	}
	if c.onlyOwn() && !same(found.Agent, c.User) && !same(found.Only, c.User) {
		return nil, problem(switchyard.Forbidden, "interaction %s is not with %s; an agent sees its own only", id, c.User)
	}
	return found, nil
}

func (a *api) findEnded(ctx context.Context, c *call, id switchyard.ID) (*Interaction, error) {
	e, err := a.Engine.EndedByID(ctx, c.Account, id)
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, problem(switchyard.NotFound, "no interaction %s in this account", id)
	}
	r, err := readEnded(e)
	if err != nil {
		return nil, err
	}
	v := showInteraction(r, a.Engine.Now())
	return &v, nil
}

func (a *api) getInteraction(ctx context.Context, c *call, in *ByID) (*interactionOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := a.find(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return &interactionOut{*v}, nil
}

type explanationOut struct{ Body switchyard.Explanation }

func (a *api) explainInteraction(ctx context.Context, c *call, in *ByID) (*explanationOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := a.find(ctx, c, id)
	if err != nil {
		return nil, err
	}
	out, live := &explanationOut{}, false
	err = a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		var e *switchyard.Explanation
		if e, live = s.Explain(id, now); live {
			out.Body = *e
		}
	})
	if err != nil || live {
		return out, err
	}
	out.Body = switchyard.Explanation{
		Interaction: id, State: switchyard.Ended, At: a.Engine.Now(), Last: v.Reason,
		Summary: "It ended at " + v.Ended.String() + " with outcome " + v.Outcome + ".",
	}
	return out, nil
}

type nothing struct{}

func (a *api) erasePersonal(ctx context.Context, c *call, in *ByID) (*nothing, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := a.find(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if v.State != switchyard.Ended {
		return nil, problem(switchyard.NotEnded, "interaction %s is %s; its personal data can be erased once it has ended", id, v.State)
	}
	_, err = a.do(ctx, c, &switchyard.ErasePersonal{Interaction: id})
	return nil, err
}
