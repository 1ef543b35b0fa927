package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// happening is one event of the feed, as docs/reference/events.md describes it.
type happening struct {
	Seq         uint64         `json:"seq"`
	N           int            `json:"n"`
	At          string         `json:"at"`
	Type        string         `json:"type"`
	Account     string         `json:"account"`
	Interaction string         `json:"interaction"`
	Agent       string         `json:"agent"`
	By          string         `json:"by"`
	Correlation string         `json:"correlation"`
	Data        jsontext.Value `json:"data"`
}

func (h happening) cursor() string { return fmt.Sprintf("%d.%d", h.Seq, h.N) }

// mirror is what a reader of the feed makes of it, from the published schema alone: nothing of the
// server's own code is used here.
type mirror struct {
	live   map[string]*mirrored // by id
	agents map[string]*mirroredAgent
	seq    uint64 // of the last event
	n      int
	count  int
	types  map[string]int
}

// mirrored is an interaction that has not ended.
type mirrored struct {
	state, only           string
	band                  int
	queue                 string // plan/applet
	waitingSince, created string
	size                  int
	holder                string // who has it, or is offered it
}

type mirroredAgent struct {
	presence, category, intended, until, since, idleSince string
	lost                                                  bool
	load                                                  int
	interactions                                          map[string]bool
}

func newMirror() *mirror {
	return &mirror{live: map[string]*mirrored{}, agents: map[string]*mirroredAgent{}, types: map[string]int{}, n: -1}
}

// clone copies what a reader has made of the feed so far.
func (m *mirror) clone() *mirror {
	c := &mirror{live: map[string]*mirrored{}, agents: map[string]*mirroredAgent{}, types: maps.Clone(m.types), seq: m.seq, n: m.n, count: m.count}
	for id, i := range m.live {
		copied := *i
		c.live[id] = &copied
	}
	for name, a := range m.agents {
		copied := *a
		copied.interactions = maps.Clone(a.interactions)
		c.agents[name] = &copied
	}
	return c
}

// fold takes the next event; one that does not follow the last is a gap or a repeat.
func (m *mirror) fold(h happening) error {
	next := h.Seq == m.seq && h.N == m.n+1 || h.Seq == m.seq+1 && h.N == 0
	if !next {
		return fmt.Errorf("event %s follows %d.%d", h.cursor(), m.seq, m.n)
	}
	m.seq, m.n = h.Seq, h.N
	m.count++
	m.types[h.Type]++
	subject, verb, _ := strings.Cut(h.Type, ".")
	switch subject {
	case "interaction":
		return m.foldInteraction(h, verb)
	case "agent":
		return m.foldAgent(h, verb)
	case "config":
		return m.foldConfig(h)
	}
	return nil
}

// members are those of an event's data that the mirror goes by.
type members struct {
	Band         int    `json:"band"`
	Plan         string `json:"plan"`
	Applet       string `json:"applet"`
	WaitingSince string `json:"waitingsince"`
	Size         int    `json:"size"`
	ToAgent      string `json:"toagent"`
	Wrap         string `json:"wrap"`
	Presence     string `json:"presence"`
	Category     string `json:"category"`
	Intended     string `json:"intended"`
	IntendedOnly bool   `json:"intendedonly"`
	Until        string `json:"until"`
	Document     struct {
		Agents []struct {
			Username string   `json:"username"`
			Roles    []string `json:"roles"`
		} `json:"agents"`
	} `json:"document"`
}

func (h happening) members() (d members, err error) {
	err = json.Unmarshal(h.Data, &d)
	return d, err
}

func (m *mirror) foldInteraction(h happening, verb string) error {
	d, err := h.members()
	if err != nil {
		return err
	}
	i := m.live[h.Interaction]
	switch {
	case verb == "dispatched" && i == nil:
		m.live[h.Interaction] = &mirrored{state: "planned", band: 3, created: h.At}
		return nil
	case verb == "afterended" || verb == "erased" || verb == "stepped" && i == nil:
		return nil // of one that has ended
	case i == nil:
		return fmt.Errorf("%s %s is about %s, which is not live", h.cursor(), h.Type, h.Interaction)
	}
	switch verb {
	case "stepped", "prioritised":
		if d.Band != 0 {
			i.band = d.Band
		}
	case "queued":
		i.state, i.queue = "queued", d.Plan+"/"+d.Applet
		i.waitingSince = d.WaitingSince
	case "left":
		i.state = "planned"
	case "offered":
		m.take(h, i, d.Size)
		i.state = "offered"
	case "returned":
		m.drop(h, i)
		i.state = "queued"
	case "connected":
		i.state, i.only = "connected", ""
	case "held":
		i.state = "held"
	case "parked":
		m.lighten(h, i)
		i.state = "parked"
	case "retrieved":
		if i.state == "parked" {
			i.size = d.Size
			m.agents[i.holder].load += d.Size
		}
		i.state = "connected"
	case "transferred":
		m.drop(h, i)
		if i.state, i.only = "planned", ""; d.ToAgent != "" {
			i.state, i.only = "queued", d.ToAgent
		}
	case "transferlapsed":
		i.only = ""
	case "requeued":
		m.drop(h, i)
		i.state, i.only = "planned", ""
	case "released":
		if d.Wrap != "" {
			i.state = "wrap"
		}
	case "ended":
		m.drop(h, i)
		delete(m.live, h.Interaction)
	case "wrapextended", "completed", "personalended":
	default:
		return fmt.Errorf("%s: the type %s is not documented", h.cursor(), h.Type)
	}
	return nil
}

// take gives an interaction to the agent of an event.
func (m *mirror) take(h happening, i *mirrored, size int) {
	a := m.agents[h.Agent]
	i.holder, i.size = h.Agent, size
	a.load += size
	a.idleSince = h.At
	a.interactions[h.Interaction] = true
}

// lighten takes an interaction out of its agent's load.
func (m *mirror) lighten(h happening, i *mirrored) {
	if a := m.agents[i.holder]; a != nil && slices.Contains([]string{"offered", "connected", "held", "wrap"}, i.state) {
		a.load -= i.size
		a.idleSince = h.At
	}
}

// drop takes an interaction away from its agent.
func (m *mirror) drop(h happening, i *mirrored) {
	m.lighten(h, i)
	if a := m.agents[i.holder]; a != nil {
		delete(a.interactions, h.Interaction)
	}
	i.holder, i.size = "", 0
}

func (m *mirror) foldAgent(h happening, verb string) error {
	d, err := h.members()
	a := m.agents[h.Agent]
	if err != nil || a == nil {
		return fmt.Errorf("%s %s is about agent %q, who does not exist: %w", h.cursor(), h.Type, h.Agent, err)
	}
	switch verb {
	case "lost", "back":
		a.lost = verb == "lost"
		return nil
	}
	if a.intended = d.Intended; d.IntendedOnly {
		return nil
	}
	a.presence, a.category, a.until, a.since, a.idleSince = d.Presence, d.Category, d.Until, h.At, h.At
	if d.Category == "LoggedOut" {
		a.lost = false
	}
	return nil
}

// foldConfig brings new agents, and sends those away who are not listed; what they had comes back by
// events of its own.
func (m *mirror) foldConfig(h happening) error {
	d, err := h.members()
	listed := map[string]bool{}
	for _, entry := range d.Document.Agents {
		if len(entry.Roles) > 0 && !slices.Contains(entry.Roles, "agent") {
			continue
		}
		listed[entry.Username] = true
		if m.agents[entry.Username] == nil {
			m.agents[entry.Username] = &mirroredAgent{presence: "Logged Out", category: "LoggedOut", since: h.At, idleSince: h.At, interactions: map[string]bool{}}
		}
	}
	maps.DeleteFunc(m.agents, func(name string, _ *mirroredAgent) bool { return !listed[name] })
	return err
}

// lines writes the mirror so that it can be compared with what the API shows.
func (m *mirror) lines() []string {
	var out []string
	for id, i := range m.live {
		out = append(out, shownInteraction{ID: id, State: i.state, Agent: i.holder, Band: i.band, queue: i.queue,
			WaitingSince: i.waitingSince, Created: i.created, Size: i.size, Only: i.only}.line())
	}
	for name, a := range m.agents {
		out = append(out, shownAgent{Username: name, Presence: a.presence, Category: a.category, Intended: a.intended, Until: a.until,
			Since: a.since, IdleSince: a.idleSince, Lost: a.lost, Load: a.load, Interactions: slices.Collect(maps.Keys(a.interactions))}.line())
	}
	slices.Sort(out)
	return out
}

// shownInteraction and shownAgent are what the API shows.
type shownInteraction struct {
	ID           string `json:"id"`
	State        string `json:"state"`
	Agent        string `json:"agent"`
	Band         int    `json:"band"`
	Plan         string `json:"plan"`
	Applet       string `json:"applet"`
	WaitingSince string `json:"waitingsince"`
	Created      string `json:"created"`
	Size         int    `json:"size"`
	Only         string `json:"only"`
	ExternalID   string `json:"externalid"`
	queue        string
}

func (i shownInteraction) line() string {
	if i.queue == "" {
		i.queue = i.Plan + "/" + i.Applet
	}
	if i.State == "planned" { // which applet it is at, its route says
		i.queue = ""
	}
	if i.State == "parked" {
		i.Size = 0
	}
	return fmt.Sprintf("interaction %s: %s agent %q band %d queue %q waiting since %q created %q size %d only %q", i.ID, i.State, i.Agent, i.Band, i.queue,
		i.WaitingSince, i.Created, i.Size, i.Only)
}

type shownAgent struct {
	Username     string   `json:"username"`
	Presence     string   `json:"presence"`
	Category     string   `json:"category"`
	Intended     string   `json:"intended"`
	Until        string   `json:"until"`
	Since        string   `json:"since"`
	IdleSince    string   `json:"idlesince"`
	Lost         bool     `json:"lost"`
	Load         int      `json:"load"`
	Interactions []string `json:"interactions"`
}

func (a shownAgent) line() string {
	slices.Sort(a.Interactions)
	return fmt.Sprintf("agent %s: %s %s intended %q until %q since %q idle since %q lost %v load %d with %v", a.Username, a.Presence, a.Category, a.Intended,
		a.Until, a.Since, a.IdleSince, a.Lost, a.Load, a.Interactions)
}
