package crash

import (
	"context"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/api/native"
)

// model is what a reader of one account's feed makes of it. It shares no code with the core: from
// nothing but the events it tells who has what, and whether that may be.
type model struct {
	faults *faults
	poke   func(agent string) // told of every event that names an agent

	mu           sync.Mutex
	changed      chan struct{} // closed when something ends
	interactions map[switchyard.ID]*interaction
	byRequest    map[string]switchyard.ID
	addresses    map[address]*interaction // of live work with an externalid, until it was released
	load         map[string]int
	alive        int
	lanes        map[address][]*notice // callbacks there must be, in order
	acts         map[act]int
	effects      map[switchyard.ID]*effect
	open         int               // effects that are not through
	visits       map[visit]*waited // applets that asked for effects
}

// address is what the API knows an interaction by.
type address struct{ provider, externalID string }

// interaction is one as the feed shows it.
type interaction struct {
	id                    switchyard.ID
	requestID, externalID string
	provider              string
	state                 string // waiting, offered, connected, held, parked, wrap, ended
	agent                 string
	size                  int
	released              bool // the provider was told
	ending                bool // it was told because the plan ends, which the next event says
	after                 bool // it has ended, and its route has a plan for that
	byAPI                 int
}

// notice is a callback.
type notice struct {
	id                  string
	kind, agent, object string
	account             string
}

func newModel(f *faults, poke func(string)) *model {
	m := &model{faults: f, poke: poke, changed: make(chan struct{})}
	m.reset()
	return m
}

// reset forgets everything.
func (m *model) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.interactions, m.byRequest = map[switchyard.ID]*interaction{}, map[string]switchyard.ID{}
	m.addresses, m.load, m.alive = map[address]*interaction{}, map[string]int{}, 0
	m.lanes, m.acts = map[address][]*notice{}, map[act]int{}
	m.effects, m.open, m.visits = map[switchyard.ID]*effect{}, 0, map[visit]*waited{}
}

func (m *model) live() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.alive
}

// settled returns when fewer than so many are live, or ctx ends.
func (m *model) settled(ctx context.Context, most int) error {
	for {
		m.mu.Lock()
		alive, changed := m.alive, m.changed
		m.mu.Unlock()
		if alive < most {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// addressed reports whether live work has the address.
func (m *model) addressed(a address) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.addresses[a] != nil
}

// take follows one event.
func (m *model) take(h *native.Happening) {
	if h.Agent != "" {
		m.poke(h.Agent)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if strings.HasPrefix(h.Type, "effect.") {
		m.effect(h)
		return
	}
	if h.Interaction.IsZero() {
		return
	}
	i := m.interactions[h.Interaction]
	if h.Type == "interaction.dispatched" {
		m.dispatched(h, i)
		return
	}
	if i == nil {
		m.faults.add(strangeFault, "%s at %d.%d is about %s, which was never dispatched", h.Type, h.Seq, h.N, h.Interaction)
		return
	}
	if h.Type == "interaction.stepped" {
		m.stepped(h)
		return
	}
	m.step(h, i)
}

// data reads what an event says into a struct that names what it is wanted for.
func data[T any](m *model, h *native.Happening) (v T) {
	if err := json.Unmarshal(h.Data, &v); err != nil {
		m.faults.add(feedFault, "%s at %d.%d: %v", h.Type, h.Seq, h.N, err)
	}
	return v
}

func (m *model) dispatched(h *native.Happening, before *interaction) {
	v := data[struct {
		RequestID  string `json:"requestid"`
		ExternalID string `json:"externalid"`
		Provider   string `json:"provider"`
	}](m, h)
	if before != nil {
		m.faults.add(twiceFault, "interaction %s was dispatched twice", h.Interaction)
	}
	if other, twice := m.byRequest[v.RequestID]; twice {
		m.faults.add(twiceFault, "request %s was dispatched as %s and as %s", v.RequestID, other, h.Interaction)
	}
	i := &interaction{id: h.Interaction, requestID: v.RequestID, externalID: v.ExternalID, provider: v.Provider, state: "waiting"}
	m.interactions[i.id], m.byRequest[v.RequestID] = i, i.id
	if m.addresses[i.address()] != nil {
		m.faults.add(twiceFault, "%s has the externalid of %s, which is live", i.id, m.addresses[i.address()].id)
	}
	m.addresses[i.address()] = i
	m.alive++
}

func (i *interaction) address() address { return address{i.provider, i.externalID} }

// moves lists, for the events that change who has an interaction, the states they may find and the
// one they leave.
var moves = map[string]struct {
	from []string
	to   string
	act  string // the agent's action that leads to it
}{
	"interaction.offered":     {[]string{"waiting"}, "offered", ""},
	"interaction.connected":   {[]string{"offered"}, "connected", "accept"},
	"interaction.held":        {[]string{"connected"}, "held", "hold"},
	"interaction.parked":      {[]string{"connected"}, "parked", "hold"},
	"interaction.retrieved":   {[]string{"held", "parked"}, "connected", "retrieve"},
	"interaction.transferred": {[]string{"connected", "held"}, "waiting", "transfer"},
	"interaction.returned":    {[]string{"offered", "connected", "held", "parked"}, "waiting", "decline"},
	"interaction.released":    {[]string{"waiting", "offered", "connected", "held", "parked"}, "wrap", "release"},
	"interaction.completed":   {[]string{"wrap"}, "wrap", "complete"},
	"interaction.ended":       {[]string{"waiting", "wrap"}, "ended", ""},
}

// step moves an interaction on, and checks that it may go there.
func (m *model) step(h *native.Happening, i *interaction) {
	move, moving := moves[h.Type]
	if !moving {
		return
	}
	v := data[struct {
		Size    int                `json:"size"`
		How     string             `json:"how"`
		Why     string             `json:"why"`
		By      string             `json:"by"`
		Wrap    switchyard.Instant `json:"wrap"`
		Expired bool               `json:"expired"`
		After   string             `json:"after"`
	}](m, h)
	legal := false
	for _, from := range move.from {
		legal = legal || from == i.state
	}
	legal = legal && (!i.ending || h.Type == "interaction.ended")
	if !legal || i.agent != "" && h.Agent != "" && h.Agent != i.agent {
		m.faults.add(assignedFault, "%s at %d.%d: %s goes to %s while it is %s with %q", h.Type, h.Seq, h.N, i.id, h.Agent, i.state, i.agent)
	}
	before := *i
	i.state = move.to
	switch h.Type {
	case "interaction.offered":
		i.agent, i.size = h.Agent, v.Size
	case "interaction.retrieved":
		i.size = v.Size
	case "interaction.connected":
		m.expect(i, h.Account, "AssignToAgent", h.Agent)
	case "interaction.transferred", "interaction.returned":
		i.agent = ""
	case "interaction.released":
		m.releasedNow(h, i, before, v.By)
		if v.Wrap == 0 {
			i.agent = "" // it ends in the same row
		}
	case "interaction.ended":
		i.after = v.After != ""
		m.ended(h, i)
	}
	m.weigh(h, &before, i)
	byAgent := v.How != "auto" && !v.Expired && (h.Type != "interaction.released" || v.By == "agent") &&
		(h.Type != "interaction.returned" || v.Why == "declined")
	if move.act != "" && byAgent {
		m.acts[act{move.act, i.id.String(), h.Agent}]++
	}
}

// releasedNow tells the provider; what no agent has worked leaves no wrap-up.
func (m *model) releasedNow(h *native.Happening, i *interaction, before interaction, by string) {
	agent := before.agent
	if before.state == "offered" {
		agent = "" // it rang; nobody had it
	}
	i.released = true
	m.expect(i, h.Account, "Release", agent)
	m.leave(i)
	if by == "api" {
		i.byAPI++
	}
}

func (m *model) ended(h *native.Happening, i *interaction) {
	if !i.released {
		m.expect(i, h.Account, "Release", "")
	}
	m.leave(i)
	i.agent = ""
	m.alive--
	close(m.changed)
	m.changed = make(chan struct{})
}

// leave frees the address of an interaction.
func (m *model) leave(i *interaction) {
	if m.addresses[i.address()] == i {
		delete(m.addresses, i.address())
	}
}

// held is how much of its agent an interaction takes up.
func (i *interaction) held() int {
	switch i.state {
	case "offered", "connected", "held", "wrap":
		if i.agent != "" {
			return i.size
		}
	}
	return 0
}

// weigh keeps the load of the agents.
func (m *model) weigh(h *native.Happening, before, after *interaction) {
	if n := before.held(); n > 0 {
		m.load[before.agent] -= n
	}
	if n := after.held(); n > 0 {
		m.load[after.agent] += n
		if m.load[after.agent] > 100 {
			m.faults.add(assignedFault, "%s at %d.%d: agent %s has a load of %d %%", h.Type, h.Seq, h.N, after.agent, m.load[after.agent])
		}
	}
}

// expect enters a callback the provider must get.
func (m *model) expect(i *interaction, account, kind, agent string) {
	if i.provider == "crm" && i.externalID != "" {
		m.lanes[i.address()] = append(m.lanes[i.address()], &notice{kind: kind, agent: agent, object: i.externalID, account: account})
	}
}

// callback holds a callback that is asked for against the one there must be.
func (m *model) callback(h *native.Happening, e *switchyard.Effect) {
	if i := m.interactions[e.Interaction]; i != nil && i.state == "waiting" && !i.released && e.Notification == "Release" {
		m.expect(i, h.Account, e.Notification, "")
		i.released, i.ending = true, true
	}
	for _, n := range m.lanes[address{e.Provider, e.ExternalID}] {
		if n.id != "" {
			continue
		}
		if n.id = e.ID.String(); n.kind == e.Notification && n.agent == e.Agent {
			return
		}
		m.faults.add(callbackFault, "%d.%d asks for %s %s of %s by %q, due is %+v", h.Seq, h.N, e.ID, e.Notification, e.ExternalID, e.Agent, *n)
		return
	}
	m.faults.add(callbackFault, "%d.%d asks for %s of %s by %q, nothing is due", h.Seq, h.N, e.Notification, e.ExternalID, e.Agent)
}
