package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/core/routing"
)

// Config is one version of the account's document, made ready for use.
type Config struct {
	Version  int
	At       switchyard.Instant
	Source   string
	Digest   string
	Document *switchyard.Account

	plans     *plan.Set
	skills    map[string]string // CaseKey → spelling
	gateways  map[gatewayKey]gateway
	routes    map[string]*route // by CaseKey
	presences map[string]switchyard.Presence
	settings  settings
	live      int // interactions whose plan is of this version
}

// route is a named route of one version.
type route struct {
	Name    string
	plan    *plan.Plan
	after   string
	presets map[string]string // by CaseKey
	test    *trial            // nil without one
	conf    *Config
}

// keeping returns the route for an interaction that comes with the presets of another: those the route
// has not itself stay (RULINGS 28).
func (r *route) keeping(presets map[string]string) *route {
	kept := *r
	kept.presets = maps.Clone(presets)
	if kept.presets == nil {
		return r
	}
	maps.Copy(kept.presets, r.presets)
	if len(kept.presets) == len(r.presets) {
		return r
	}
	return &kept
}

// same reports whether two routes are the same to an interaction that has started its plan.
func (r *route) same(other *route) bool {
	return r == other || other != nil && r.Name == other.Name && r.after == other.after && maps.Equal(r.presets, other.presets)
}

// settings are the account's settings with the defaults filled in.
type settings struct {
	sizes           [switchyard.Classes]int
	ageing          bool
	noAnswer        switchyard.Duration
	cooldown        switchyard.Duration
	transferTimeout switchyard.Duration
	parkTimeout     switchyard.Duration
	maxLive         int
	requestIDs      switchyard.Duration // how long request ids are remembered
}

// builtInPresences are there in every account.
var builtInPresences = []switchyard.Presence{
	{Name: switchyard.PresenceReady, Category: switchyard.Ready},
	{Name: switchyard.PresenceAway, Category: switchyard.Away},
	{Name: switchyard.PresenceExtendedAway, Category: switchyard.ExtendedAway},
	{Name: switchyard.PresenceLoggedOut, Category: switchyard.LoggedOut},
	{Name: switchyard.PresenceNoAnswer, Category: switchyard.Away},
}

// compile makes a document ready for use; the error tells the first fault.
func compile(doc *switchyard.Account) (*Config, error) {
	set, faults := plan.Compile(doc)
	for _, f := range faults {
		if !f.Warning {
			return nil, fmt.Errorf("%s: %s", f.Path, f.Text)
		}
	}
	c := &Config{
		Document:  doc,
		plans:     set,
		skills:    map[string]string{},
		gateways:  map[gatewayKey]gateway{},
		routes:    map[string]*route{},
		presences: map[string]switchyard.Presence{},
		settings:  settingsOf(doc.Settings),
	}
	for _, name := range doc.Skills {
		c.skills[switchyard.CaseKey(name)] = name
	}
	for name, g := range doc.Gateways.SMS {
		c.gateways[gatewayKey{plan.GatewaySMS, switchyard.CaseKey(name)}] = gateway{name, g.Type}
	}
	for name, g := range doc.Gateways.Email {
		c.gateways[gatewayKey{plan.GatewayEmail, switchyard.CaseKey(name)}] = gateway{name, g.Type}
	}
	for _, p := range slices.Concat(builtInPresences, doc.Presences) {
		c.presences[switchyard.CaseKey(p.Name)] = p
	}
	for _, r := range doc.Routes {
		entry := set.Plan(r.Plan)
		if entry == nil {
			return nil, fmt.Errorf("routes: %s: there is no plan %q", r.Name, r.Plan)
		}
		presets := make(map[string]string, len(r.DataSources))
		for name, value := range r.DataSources {
			presets[switchyard.CaseKey(name)] = value
		}
		test, err := testOf(&r, set)
		if err != nil {
			return nil, err
		}
		c.routes[switchyard.CaseKey(r.Name)] = &route{Name: r.Name, plan: entry, after: r.After, presets: presets, test: test, conf: c}
	}
	return c, nil
}

func settingsOf(doc switchyard.Settings) settings {
	set := settings{
		sizes:           Sizes(doc.Capacity),
		ageing:          doc.Order == "ageing",
		noAnswer:        orElse(doc.NoAnswer, 180*switchyard.Second),
		cooldown:        orElse(doc.Cooldown, 30*switchyard.Second),
		transferTimeout: orElse(doc.TransferTimeout, switchyard.Hour),
		parkTimeout:     orElse(doc.ParkTimeout, 7*switchyard.Day),
		maxLive:         orElse(doc.MaxLive, switchyard.DefaultMaxLive),
		requestIDs:      31 * switchyard.Day,
	}
	if r := doc.Retention; r != nil {
		set.requestIDs = orElse(r.RequestIDs, set.requestIDs)
	}
	return set
}

func orElse[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// Sizes returns what an account's interactions take of an agent, in percent.
func Sizes(c *switchyard.Capacity) [switchyard.Classes]int {
	return sizesOf(c, [switchyard.Classes]int{switchyard.Live: 100, switchyard.Chat: 33, switchyard.NonLive: 20})
}

func sizesOf(c *switchyard.Capacity, otherwise [switchyard.Classes]int) [switchyard.Classes]int {
	if c == nil {
		return otherwise
	}
	for class, size := range [switchyard.Classes]int{switchyard.Live: c.Live, switchyard.Chat: c.Chat, switchyard.NonLive: c.NonLive} {
		if size != 0 {
			otherwise[class] = size
		}
	}
	return otherwise
}

// Config is the version in force; nil before the first.
func (s *State) Config() *Config { return s.config }

func (s *State) settings() *settings { return &s.config.settings }

// skillName returns the configured spelling of a skill.
func (c *Config) skillName(name string) (string, bool) {
	spelling, ok := c.skills[switchyard.CaseKey(name)]
	return spelling, ok
}

// gatewayKey finds a gateway by its kind and the CaseKey of its name.
type gatewayKey struct{ kind, name string }

// gateway is a gateway as plans know it.
type gateway struct{ spelling, typ string }

// gateway returns the configured spelling and the type of a gateway.
func (c *Config) gateway(kind, name string) (spelling, typ string, ok bool) {
	g, ok := c.gateways[gatewayKey{kind, switchyard.CaseKey(name)}]
	return g.spelling, g.typ, ok
}

// Published answers a Publish: the version in force, and whether it is a new one.
type Published struct {
	Version int  `json:"version"`
	Changed bool `json:"changed"`
}

// decidePublish puts a new version in force, with the provider entries that changed. A document that
// says what the config says already makes no version.
func (s *State) decidePublish(in *switchyard.Publish) (any, *switchyard.Error) {
	if in.Document.Account != s.account {
		return nil, switchyard.Refuse(switchyard.AccountMismatch,
			"the document is of account %q and cannot be the config of account %q", in.Document.Account, s.account)
	}
	draft, refused := s.publishedDraft(in)
	if refused != nil {
		return nil, refused
	}
	if _, err := compile(&in.Document); err != nil {
		return nil, switchyard.Refuse(switchyard.ConfigInvalid, "%v", err)
	}
	version := 1
	if s.config != nil {
		if len(in.Registers) == 0 && identical(&in.Document, s.config.Document) {
			s.dropPublished(draft, s.config.Version)
			return Published{Version: s.config.Version}, nil
		}
		version = s.config.Version + 1
	}
	s.emit(&switchyard.ConfigPublished{Version: version, Source: in.Source, Digest: in.Digest,
		TimeZones: in.TimeZones, Document: in.Document})
	for n := range in.Registers {
		s.register(&in.Registers[n])
	}
	s.dropPublished(draft, version)
	return Published{version, true}, nil
}

// identical reports whether two documents say the same.
func identical(a, b *switchyard.Account) bool {
	x, err := json.Marshal(a)
	assert(err == nil, "document: %v", err)
	y, err := json.Marshal(b)
	assert(err == nil, "document: %v", err)
	return bytes.Equal(x, y)
}

func (s *State) foldPublished(e *switchyard.ConfigPublished) {
	doc := e.Document
	c, err := compile(&doc)
	assert(err == nil, "published config %d does not compile: %v", e.Version, err)
	c.Version, c.At, c.Source, c.Digest = e.Version, s.now, e.Source, e.Digest
	old := s.config
	s.enforce(c)
	s.changes.config(c.Version)
	if old != nil && old.live == 0 {
		s.forgetVersion(old)
	}
}

// enforce makes c the version in force: skills, groups, agents, sizes and settings act at once.
func (s *State) enforce(c *Config) {
	s.config, s.versions[c.Version] = c, c
	s.index.SetAgeing(c.settings.ageing)
	for _, name := range c.Document.Skills {
		s.index.SetSkillName(name)
	}
	kept := make(map[string]bool, len(c.Document.Agents))
	for _, entry := range c.Document.Agents {
		if entry.Has(switchyard.RoleAgent) {
			kept[switchyard.CaseKey(entry.Username)] = true
			s.employ(entry)
		}
	}
	gone := false
	for _, a := range s.roster {
		if !kept[switchyard.CaseKey(a.Username)] {
			s.dismiss(a)
			gone = true
		}
	}
	if gone {
		s.forgetCooldowns()
	}
	s.sortRoster()
}

// forgetCooldowns lets no cool-down of a removed agent stand: whoever comes back under its name has
// declined nothing, also where the state is loaded from a checkpoint, which knows agents by name.
func (s *State) forgetCooldowns() {
	removed := func(c routing.Cooldown) bool {
		a := s.agentNamed(c.Agent.Username)
		return a == nil || &a.Agent != c.Agent
	}
	for i := s.newest; i != nil; i = i.older {
		if slices.ContainsFunc(i.Cooldowns, removed) {
			s.alter(i, func() { i.Cooldowns = slices.DeleteFunc(i.Cooldowns, removed) })
			s.touch(i)
		}
	}
}

// employ adds an agent, or gives a known one its new entry.
func (s *State) employ(entry switchyard.AgentEntry) {
	key := switchyard.CaseKey(entry.Username)
	a := s.agents[key]
	if a == nil {
		a = &agent{key: key, presence: s.config.presences[switchyard.CaseKey(switchyard.PresenceLoggedOut)], since: s.now}
		a.Username, a.IdleSince, a.loggedOut = entry.Username, s.now, s.now
		s.agents[key] = a
		s.equip(a, entry)
		s.refresh(a)
		s.index.AddAgent(&a.Agent)
	} else {
		s.index.AgentRegraded(&a.Agent, func() {
			a.Username = entry.Username // in the spelling of the config in force (RULINGS 2)
			s.equip(a, entry)
		})
		s.index.AgentChanged(&a.Agent)
	}
	s.changes.agent(a)
}

// equip gives an agent the skills, groups and sizes of its entry.
func (s *State) equip(a *agent, entry switchyard.AgentEntry) {
	a.entry = entry
	a.Sizes = sizesOf(entry.Capacity, s.config.settings.sizes)
	a.Skills = make([]routing.SkillLevel, 0, len(entry.Skills))
	for _, name := range slices.Sorted(maps.Keys(entry.Skills)) {
		level := entry.Skills[name]
		if level == 0 {
			level = 5
		}
		a.Skills = append(a.Skills, routing.SkillLevel{Skill: s.index.Skill(name), Level: level})
	}
	slices.SortFunc(a.Skills, func(x, y routing.SkillLevel) int { return int(x.Skill) - int(y.Skill) })
	a.Groups = make([]routing.GroupID, 0, len(entry.Groups))
	for _, name := range entry.Groups {
		a.Groups = append(a.Groups, s.index.Group(name))
	}
}

// dismiss takes an agent out of routing; what it leaves behind is swept up (see sweepGhosts).
func (s *State) dismiss(a *agent) {
	a.removed = true
	delete(s.agents, switchyard.CaseKey(a.Username))
	s.index.RemoveAgent(&a.Agent)
	s.ghosts = append(s.ghosts, a)
	s.changes.agent(a)
}

// enterVersion counts the interaction under the version its plan is of.
func (s *State) enterVersion(i *interaction, c *Config) {
	if i.conf == c {
		return
	}
	s.leaveVersion(i)
	i.conf = c
	c.live++
}

func (s *State) leaveVersion(i *interaction) {
	if old := i.conf; old != nil {
		i.conf = nil
		if old.live--; old.live == 0 && old != s.config {
			s.forgetVersion(old)
		}
	}
}

func (s *State) forgetVersion(c *Config) {
	delete(s.versions, c.Version)
	s.changes.config(c.Version)
}
