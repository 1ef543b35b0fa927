package native

import (
	"context"
	"sort"
	"strings"

	"switchyard"
	"switchyard/internal/core"
)

// Agent is what the API shows of an agent.
type Agent struct {
	Username     string              `json:"username"`
	DisplayID    string              `json:"displayid" doc:"AgentId in callbacks."`
	Name         string              `json:"name"`
	Roles        []switchyard.Role   `json:"roles"`
	Presence     string              `json:"presence"`
	Intended     string              `json:"intended,omitempty" doc:"Presence that takes effect when the last work ends."`
	Category     switchyard.Category `json:"category" enum:"Ready,Away,ExtendedAway,LoggedOut"`
	Since        switchyard.Instant  `json:"since,omitzero" format:"date-time" doc:"Of this presence."`
	Until        switchyard.Instant  `json:"until,omitzero" format:"date-time" doc:"When No Answer is over."`
	Load         int                 `json:"load" doc:"Percent taken: offered, connected, held and wrap."`
	Lost         bool                `json:"lost" doc:"Its desktop is not heard; it gets no offers."`
	IdleSince    switchyard.Instant  `json:"idlesince,omitzero" format:"date-time"`
	Interactions []switchyard.ID     `json:"interactions" doc:"Offered to it, or with it, parked ones too; oldest first."`
	Work         []AgentWork         `json:"work,omitempty" doc:"The same with what a board shows of them; absent in the answer to a change."`
	Skills       []Level             `json:"skills"`
	Groups       []string            `json:"groups"`
}

// AgentWork is one interaction of an agent, as much as a board shows of it.
type AgentWork struct {
	Interaction switchyard.ID      `json:"interaction"`
	State       switchyard.Status  `json:"state" enum:"offered,connected,held,parked,wrap"`
	Since       switchyard.Instant `json:"since" format:"date-time" doc:"When it got into its state."`
	Name        string             `json:"name" doc:"Its name, else its externalid; empty when it has neither."`
	Queue       string             `json:"queue" doc:"plan/applet" example:"Cases/queue"`
}

// showWork is what an agent works on, oldest first.
func showWork(s *core.State, r *core.AgentRecord) []AgentWork {
	out := make([]AgentWork, 0, len(r.Interactions))
	for _, id := range r.Interactions {
		if i := s.Find(id); i != nil {
			out = append(out, AgentWork{id, i.State, i.Changed, nameOf(i), queueOf(i)})
		}
	}
	return out
}

// nameOf is what people call an interaction.
func nameOf(r *core.Record) string {
	name := r.ExternalID
	for _, l := range r.Linked {
		if l.Type == "name" && l.Value != "" {
			name = l.Value
		}
	}
	return name
}

// queueOf is the queue an interaction is in, or was in last before its agent took it.
func queueOf(r *core.Record) string { return r.Plan + "/" + r.Applet }

// Choosable is a presence that may be chosen.
type Choosable struct {
	Name     string              `json:"name"`
	Category switchyard.Category `json:"category" enum:"Ready,Away,ExtendedAway,LoggedOut"`
}

type presenceList struct{ Body List[Choosable] }

func (a *api) listPresences(ctx context.Context, c *call, _ *struct{}) (*presenceList, error) {
	out := &presenceList{List[Choosable]{Items: []Choosable{}}}
	err := a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) {
		for _, p := range s.Config().Choices() {
			out.Body.Items = append(out.Body.Items, Choosable{p.Name, p.Category})
		}
	})
	return out, err
}

// Level is a skill of an agent.
type Level struct {
	Name  string `json:"name"`
	Level int    `json:"level" minimum:"1" maximum:"10"`
}

func showAgent(r *core.AgentRecord) Agent {
	v := Agent{
		Username: r.Username, DisplayID: r.Entry.DisplayID, Name: r.Entry.Name,
		Roles: append([]switchyard.Role{}, r.Entry.Roles...), Presence: r.Presence,
		Intended: r.Intended, Category: r.Category, Since: r.Since, Until: known(r.Until),
		Load: r.Load, Lost: r.Lost, IdleSince: r.IdleSince,
		Interactions: append([]switchyard.ID{}, r.Interactions...),
		Skills:       showLevels(r.Entry.Skills), Groups: append([]string{}, r.Entry.Groups...),
	}
	if v.DisplayID == "" {
		v.DisplayID = v.Username
	}
	if v.Name == "" {
		v.Name = v.Username
	}
	if len(v.Roles) == 0 {
		v.Roles = []switchyard.Role{switchyard.RoleAgent}
	}
	return v
}

func showLevels(skills map[string]int) []Level {
	out := make([]Level, 0, len(skills))
	for name, level := range skills {
		if level == 0 {
			level = 5
		}
		out = append(out, Level{name, level})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// ByUsername names an agent in the path.
type ByUsername struct {
	Username string `path:"username" doc:"In any case." example:"ada"`
}

// AgentSearch is what agents are listed by.
type AgentSearch struct {
	Page
	Username []string `query:"username,explode" maxItems:"100" doc:"Only these, in any case: separated by commas, or given several times."`
}

type (
	agentOut  struct{ Body Agent }
	agentList struct{ Body List[Agent] }
)

func (a *api) listAgents(ctx context.Context, c *call, in *AgentSearch) (*agentList, error) {
	out := &agentList{List[Agent]{Items: []Agent{}}}
	only := keysOf(in.Username)
	err := a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) {
		for _, r := range s.Agents() {
			if in.Cursor != "" && r.Username <= in.Cursor || c.onlyOwn() && !same(r.Username, c.User) ||
				only != nil && !only[switchyard.CaseKey(r.Username)] {
				continue
			}
			if len(out.Body.Items) == in.limit() {
				out.Body.Next = out.Body.Items[len(out.Body.Items)-1].Username
				return
			}
			v := showAgent(r)
			v.Work = showWork(s, r)
			out.Body.Items = append(out.Body.Items, v)
		}
	})
	return out, err
}

// keysOf takes a list of names apart that are compared without case; nil when nothing is asked for.
func keysOf(names []string) map[string]bool {
	if len(names) == 0 {
		return nil
	}
	keys := map[string]bool{}
	for _, name := range strings.Split(strings.Join(names, ","), ",") {
		keys[switchyard.CaseKey(name)] = true
	}
	return keys
}

func (a *api) getAgent(ctx context.Context, c *call, in *ByUsername) (*agentOut, error) {
	a.speaksFor(c, in.Username)
	out, err := a.findAgent(ctx, c, in)
	if err == nil && c.onlyOwn() && !same(in.Username, c.User) {
		return nil, problem(switchyard.Forbidden, "an agent sees itself only; %s is another", in.Username)
	}
	return out, err
}

func (a *api) findAgent(ctx context.Context, c *call, in *ByUsername) (*agentOut, error) {
	out := &agentOut{}
	there := false
	err := a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) {
		if r := s.Agent(in.Username); r != nil {
			there, out.Body = true, showAgent(r)
			out.Body.Work = showWork(s, r)
		}
	})
	if err == nil && !there {
		return nil, noAgent(in.Username)
	}
	return out, err
}

func noAgent(username string) error {
	return problem(switchyard.NotFound, "no agent %q in this account", username)
}

// PresenceChoice is the body that chooses a presence.
type PresenceChoice struct {
	Presence string `json:"presence" minLength:"1" doc:"A presence of the account, in any case; not No Answer." example:"Ready"`
}

type presenceIn struct {
	ByUsername
	Body PresenceChoice
}

func (a *api) setPresence(ctx context.Context, c *call, in *presenceIn) (*agentOut, error) {
	if err := a.mayActAs(ctx, c, in.Username); err != nil {
		return nil, err
	}
	answer, err := a.do(ctx, c, &switchyard.SetPresence{Agent: in.Username, Presence: in.Body.Presence})
	if err != nil {
		return nil, err
	}
	r, err := decodeAnswer[core.AgentRecord](answer)
	if err != nil {
		return nil, err
	}
	return &agentOut{showAgent(r)}, nil
}

func (a *api) heartbeat(ctx context.Context, c *call, in *ByUsername) (*nothing, error) {
	return nil, a.mayActAs(ctx, c, in.Username)
}

// mayActAs refuses an agent that is not there, then a user who is another agent. What a client or
// the agent itself asks for is a sign that its desktop lives; what a supervisor does to it is not.
func (a *api) mayActAs(ctx context.Context, c *call, username string) error {
	found, err := a.findAgent(ctx, c, &ByUsername{username})
	if err != nil {
		return err
	}
	if c.onlyOwn() && !same(username, c.User) {
		return problem(switchyard.Forbidden, "%s may act for itself only, not for %s", c.User, username)
	}
	a.speaksFor(c, found.Body.Username)
	if same(username, c.User) {
		a.Engine.Heard(c.Account, found.Body.Username)
	}
	return nil
}
