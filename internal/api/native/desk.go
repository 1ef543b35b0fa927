package native

import (
	"context"
	"strings"

	"switchyard"
	"switchyard/internal/core"
)

// Desk is what an agent works with, as one look at its account.
type Desk struct {
	At           switchyard.Instant `json:"at" format:"date-time" doc:"The server's time, which all times here are of."`
	Manual       bool               `json:"manual" doc:"The server's clock stands still until it is told to move on."`
	Agent        Agent              `json:"agent"`
	Presences    []PresenceOption   `json:"presences" doc:"Those that may be chosen."`
	Dispositions []string           `json:"dispositions" doc:"Of the account; when there are none, any may be given."`
	Interactions []DeskInteraction  `json:"interactions" doc:"Offered to the agent, or with it, parked ones too; oldest first."`
}

// PresenceOption is a presence that may be chosen.
type PresenceOption struct {
	Name     string              `json:"name"`
	Category switchyard.Category `json:"category" enum:"Ready,Away,ExtendedAway,LoggedOut"`
}

// DeskInteraction is an interaction with what its agent may do.
type DeskInteraction struct {
	Interaction Interaction `json:"interaction"`
	Actions     []Possible  `json:"actions" doc:"Every action of agents, those that are refused too."`
}

// Possible says whether an action is possible now, and if not, why.
type Possible struct {
	Action      switchyard.Action `json:"action" enum:"accept,decline,retrieve,hold,transfer,release,complete,extend,note"`
	To          core.Target       `json:"to,omitempty" enum:"agent,route" doc:"Of a transfer: what to."`
	Disposition bool              `json:"disposition,omitempty" doc:"The queue asks for a disposition then."`
	Code        switchyard.Code   `json:"code,omitempty" doc:"Why it would be refused: not_permitted by the provider, wrong_state, no_room. Absent when it is possible." example:"not_permitted"`
	Detail      string            `json:"detail,omitempty" doc:"The same in words."`
}

type (
	deskIn struct {
		Agent string `query:"agent" doc:"The agent whose desk it is, in any case. Agents leave it out."`
	}
	deskOut struct{ Body Desk }
)

func (a *api) getDesk(ctx context.Context, c *call, in *deskIn) (*deskOut, error) {
	username, err := a.deskOf(c, in.Agent)
	if err != nil {
		return nil, err
	}
	out, there := &deskOut{}, false
	overseer := same(username, c.User) && c.Oversees()
	err = a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		r := s.Agent(username)
		if r == nil {
			return
		}
		there, out.Body = true, showDesk(s, r, now, overseer)
		out.Body.Manual = a.Engine.Manual()
	})
	if err == nil && !there {
		return nil, noAgent(username)
	}
	return out, err
}

// deskOf is the agent whose desk a caller asks for. Agents see their own only.
func (a *api) deskOf(c *call, named string) (string, error) {
	switch {
	case named == "" && c.Is(switchyard.RoleAgent):
		return c.User, nil
	case named == "":
		return "", problem(switchyard.Malformed, "query.agent: name the agent whose desk it is, as in ?agent=ada")
	case same(named, c.User):
		return c.User, nil
	case c.onlyOwn():
		return "", problem(switchyard.Forbidden, "an agent sees its own desk only; leave agent out")
	}
	a.speaksFor(c, named)
	return named, nil
}

func showDesk(s *core.State, r *core.AgentRecord, now switchyard.Instant, overseer bool) Desk {
	config := s.Config()
	v := Desk{At: now, Agent: showAgent(r), Presences: []PresenceOption{},
		Dispositions: append([]string{}, config.Document.Dispositions...), Interactions: []DeskInteraction{}}
	for _, p := range config.Choices() {
		v.Presences = append(v.Presences, PresenceOption{p.Name, p.Category})
	}
	for _, id := range r.Interactions {
		item := DeskInteraction{Interaction: showInteraction(s.Find(id), now), Actions: []Possible{}}
		for _, o := range s.Options(id, r.Username, overseer) {
			item.Actions = append(item.Actions, showOption(o))
		}
		v.Interactions = append(v.Interactions, item)
	}
	return v
}

func showOption(o core.Option) Possible {
	v := Possible{Action: o.Action, To: o.To, Disposition: o.Disposition}
	if o.Refused != nil {
		v.Code, v.Detail = o.Refused.Code, o.Refused.Detail
	}
	return v
}

// Targets is where an interaction may be transferred to.
type Targets struct {
	Agents []TargetAgent `json:"agents"`
	Routes []string      `json:"routes"`
	More   bool          `json:"more" doc:"There are more than are listed; narrow the search."`
}

// TargetAgent is an agent an interaction may be given to.
type TargetAgent struct {
	Username string              `json:"username"`
	Name     string              `json:"name"`
	Presence string              `json:"presence"`
	Category switchyard.Category `json:"category" enum:"Ready,Away,ExtendedAway,LoggedOut"`
	Free     bool                `json:"free" doc:"It could take the interaction now."`
}

type (
	targetsIn struct {
		ByID
		Q string `query:"q" maxLength:"200" doc:"Text in the username, the name or the route's name, in any case."`
	}
	targetsOut struct{ Body Targets }
)

// maxTargets bounds how many agents, and how many routes, are listed.
const maxTargets = 50

// listTargets lists for an agent only what it needs to know of others to give its own work to them.
func (a *api) listTargets(ctx context.Context, c *call, in *targetsIn) (*targetsOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := a.find(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if v.State == switchyard.Ended {
		return nil, problem(switchyard.WrongState, "interaction %s has ended; it cannot be transferred any more", id)
	}
	out := &targetsOut{Targets{Agents: []TargetAgent{}, Routes: []string{}}}
	err = a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) {
		list, more := s.Colleagues(id, in.Q, maxTargets)
		for _, o := range list {
			out.Body.Agents = append(out.Body.Agents, TargetAgent(o))
		}
		out.Body.More = more
		for _, r := range s.Config().Document.Routes {
			switch {
			case !strings.Contains(strings.ToLower(r.Name), strings.ToLower(in.Q)):
			case len(out.Body.Routes) == maxTargets:
				out.Body.More = true
			default:
				out.Body.Routes = append(out.Body.Routes, r.Name)
			}
		}
	})
	return out, err
}
