package config

import (
	"fmt"
	"slices"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
)

// Rules are what the server adds to the rules of a document. The zero value is what a server started
// without special flags asks for.
type Rules struct {
	AllowInsecure bool // --allow-insecure-endpoints: http to loopback hosts
}

// Check checks a document as a server without special flags would.
func Check(doc *switchyard.Account) []Problem { return Rules{}.Check(doc) }

// Check checks what a document means: that names are fit and unique, what they refer to exists,
// figures are in range, plans can run. Problems carry the path of what they are about; File.Check
// adds the line. Credentials may be in the clear, references (env:, file:), hashed or sealed.
func (r Rules) Check(doc *switchyard.Account) []Problem {
	c := checker{rules: r, doc: doc, groups: newNames("group"), skills: newNames("skill")}
	c.account()
	c.settings()
	c.presences()
	c.list("groups", doc.Groups, c.groups)
	c.list("skills", doc.Skills, c.skills)
	c.agents()
	c.list("dispositions", doc.Dispositions, newNames("disposition"))
	c.calendars()
	c.secrets()
	c.gateways()
	c.routes()
	c.providers()
	c.clients()
	c.connectors()
	_, faults := plan.Compile(doc)
	for _, f := range faults {
		c.problems.add(Problem{Path: f.Path, Text: f.Text, Warning: f.Warning})
	}
	return slices.CompactFunc(c.problems.all(), func(a, b Problem) bool { return a.Path == b.Path && a.Text == b.Text })
}

// checker collects the problems of one document.
type checker struct {
	rules          Rules
	doc            *switchyard.Account
	groups, skills *names
	problems       notes
}

func (c *checker) fault(path, format string, args ...any) {
	c.problems.add(Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// choice notes a word that is none of those allowed.
func (c *checker) choice(path, word, of string, allowed []string) {
	if !slices.Contains(allowed, word) {
		c.problems.addNear(Problem{Path: path, Text: fmt.Sprintf("%q is not known here", word),
			Of: of, Allowed: allowed}, word, allowed)
	}
}

// names are the names of one kind, which compare without case.
type names struct {
	kind  string
	first map[string]string // CaseKey → path of the first
	list  []string
}

func newNames(kind string) *names { return &names{kind: kind, first: map[string]string{}} }

func (n *names) has(name string) bool { return n.first[switchyard.CaseKey(name)] != "" }

// add notes a name, and what is wrong with it. missing is the path to blame when it is empty.
func (c *checker) add(n *names, missing, path, name string) {
	if name == "" {
		c.fault(missing, "%s is missing; every %s needs one", strings.TrimPrefix(strings.TrimPrefix(path, missing), "."), n.kind)
		return
	}
	if fault := unfitName(name); fault != "" {
		c.fault(path, "the %s's name %s", n.kind, fault)
	}
	key := switchyard.CaseKey(name)
	if first := n.first[key]; first != "" {
		c.fault(path, "%s %q is there twice; the first is %s (names compare without case)", n.kind, name, first)
		return
	}
	n.first[key] = path
	n.list = append(n.list, name)
}

// unfitName says what makes a name unfit: names are shown, compared and typed by people.
func unfitName(name string) string {
	switch {
	case len(name) > switchyard.MaxIDBytes:
		return fmt.Sprintf("is longer than %d bytes", switchyard.MaxIDBytes)
	case strings.TrimSpace(name) != name:
		return "begins or ends with a space"
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "holds a control character"
	}
	return ""
}

// known notes a name that is not there.
func (c *checker) known(path, name string, n *names) {
	if !n.has(name) {
		c.problems.addNear(Problem{Path: path, Text: fmt.Sprintf("the account has no %s %q", n.kind, name)}, name, n.list)
	}
}

func (c *checker) list(path string, list []string, n *names) {
	for i, name := range list {
		if name == "" {
			c.fault(nth(path, i), "is empty; write the %s's name or take the item away", n.kind)
			continue
		}
		c.add(n, nth(path, i), nth(path, i), name)
	}
}

func (c *checker) account() {
	const most = 63
	name := c.doc.Account
	switch {
	case name == "":
		c.fault("account", "is missing; write the account's name, such as `account: acme`")
	case len(name) > most || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		c.fault("account", "%q is no name for an account; it has 1 to %d of a–z, 0–9, - and _, in lower case", name, most)
	}
}

func (c *checker) settings() {
	s := c.doc.Settings
	c.capacity("settings.capacity", s.Capacity)
	if s.Order != "" {
		c.choice("settings.order", s.Order, "order", orders)
	}
	if s.NoAnswer != nil && *s.NoAnswer < switchyard.Second {
		c.fault("settings.noanswer", "must be at least 1s")
	}
	if s.Cooldown != nil && *s.Cooldown < switchyard.Second {
		c.fault("settings.cooldown", "must be at least 1s: without it a declined offer comes back at once")
	}
	if s.TransferTimeout != nil && *s.TransferTimeout < switchyard.Second {
		c.fault("settings.transfertimeout", "must be at least 1s")
	}
	if s.ParkTimeout != nil && *s.ParkTimeout < switchyard.Second {
		c.fault("settings.parktimeout", "must be at least 1s")
	}
	if s.MaxLive != nil && *s.MaxLive < 1 {
		c.fault("settings.maxlive", "must be at least 1")
	}
	if r := s.Retention; r != nil {
		c.retention(*r)
	}
	if f := s.FairUse; f != nil {
		if f.Rate <= 0 {
			c.fault("settings.fairuse.rate", "must be more than 0 calls a second; leave fairuse out for no limit")
		}
		if f.Burst < 0 {
			c.fault("settings.fairuse.burst", "must be at least 1")
		}
	}
	if s.OIDC != nil {
		c.oidc(*s.OIDC)
	}
}

func (c *checker) oidc(o switchyard.OIDC) {
	const path = "settings.oidc"
	if fault := endpointFault(o.Issuer, c.rules.AllowInsecure); fault != "" {
		c.fault(path+".issuer", "%s", fault)
	} else if strings.Contains(o.Issuer, "?") {
		c.fault(path+".issuer", "is what the provider calls its issuer, an address without a query (?…)")
	}
	if o.Client == "" {
		c.fault(path+".client", "is missing; give the client id that Switchyard has at the provider")
	}
}

func (c *checker) retention(r switchyard.Retention) {
	least := []struct {
		name  string
		value *switchyard.Duration
		least switchyard.Duration
		says  string
	}{
		{"journal", r.Journal, 3 * switchyard.Day, "3d"},
		{"history", r.History, switchyard.Day, "1d"},
		{"notifications", r.Notifications, switchyard.Day, "1d"},
		{"invocations", r.Invocations, switchyard.Day, "1d"},
		{"requestids", r.RequestIDs, switchyard.Day, "1d"},
	}
	for _, l := range least {
		if l.value != nil && *l.value < l.least {
			c.fault("settings.retention."+l.name, "must be at least %s", l.says)
		}
	}
}

// capacity checks sizes; 0 stands for one that is not given.
func (c *checker) capacity(path string, s *switchyard.Capacity) {
	if s == nil {
		return
	}
	sizes := []struct {
		name        string
		size, least int
	}{{"live", s.Live, 51}, {"chat", s.Chat, 1}, {"nonlive", s.NonLive, 1}}
	for _, z := range sizes {
		if z.size != 0 && (z.size < z.least || z.size > 100) {
			c.fault(at(path, z.name), "is %d; a size is %d to 100 percent of an agent", z.size, z.least)
		}
	}
}

var orders = []string{"band", "ageing"}

var builtInPresences = []string{switchyard.PresenceReady, switchyard.PresenceAway, switchyard.PresenceExtendedAway,
	switchyard.PresenceLoggedOut, switchyard.PresenceNoAnswer}

var categories = []string{string(switchyard.Ready), string(switchyard.Away), string(switchyard.ExtendedAway),
	string(switchyard.LoggedOut)}

func (c *checker) presences() {
	n := newNames("presence")
	for i, p := range c.doc.Presences {
		path := nth("presences", i)
		builtIn := slices.ContainsFunc(append(builtInPresences, plan.Unchanged), func(b string) bool { return strings.EqualFold(b, p.Name) })
		if builtIn {
			c.fault(at(path, "name"), "%q is built in and cannot be defined again", p.Name)
		}
		c.add(n, path, at(path, "name"), p.Name)
		if p.Category == "" {
			c.problems.add(Problem{Path: path, Text: "category is missing", Of: "category", Allowed: categories})
		} else {
			c.choice(at(path, "category"), string(p.Category), "category", categories)
		}
	}
}

// levelRange is said of a level that is none.
const levelRange = "a level is 1 to 10; leave it out for the default of 5"

var roles = []string{string(switchyard.RoleAgent), string(switchyard.RoleSupervisor), string(switchyard.RoleAdmin)}

func (c *checker) agents() {
	users := newNames("agent")
	for i, a := range c.doc.Agents {
		path := nth("agents", i)
		c.add(users, path, at(path, "username"), a.Username)
		if len(a.DisplayID) > switchyard.MaxIDBytes {
			c.fault(at(path, "displayid"), "is longer than %d bytes", switchyard.MaxIDBytes)
		}
		if len(a.Name) > switchyard.MaxIDBytes {
			c.fault(at(path, "name"), "is longer than %d bytes", switchyard.MaxIDBytes)
		}
		for j, role := range a.Roles {
			c.choice(nth(at(path, "roles"), j), string(role), "roles", roles)
		}
		c.levels(at(path, "skills"), a.Skills)
		for j, group := range a.Groups {
			c.known(nth(at(path, "groups"), j), group, c.groups)
		}
		c.capacity(at(path, "capacity"), a.Capacity)
	}
}

func (c *checker) levels(path string, levels map[string]int) {
	once := map[string]string{}
	for _, skill := range sortedKeys(levels) {
		c.known(at(path, skill), skill, c.skills)
		if level := levels[skill]; level < 0 || level > 10 {
			c.fault(at(path, skill), "is %d; %s", level, levelRange)
		}
		key := switchyard.CaseKey(skill)
		if other, twice := once[key]; twice {
			c.fault(at(path, skill), "is skill %q as well (names compare without case)", other)
		}
		once[key] = skill
	}
}

func (c *checker) secrets() {
	n := newNames("secret")
	for _, name := range sortedKeys(c.doc.Secrets) {
		path := at("secrets", name)
		c.add(n, path, path, name)
		if strings.ContainsAny(name, ":)") {
			c.fault(path, "a secret's name cannot hold : or ), which mean something in #(name)")
		}
	}
}

func (c *checker) routes() {
	n := newNames("route")
	for i, r := range c.doc.Routes {
		path := nth("routes", i)
		c.add(n, path, at(path, "name"), r.Name)
	}
}

func (c *checker) providers() {
	n := newNames("provider")
	for i, p := range c.doc.Providers {
		path := nth("providers", i)
		c.add(n, path, at(path, "name"), p.Name)
		for _, f := range providerFaults(p, c.rules.AllowInsecure, storedAuthorization) {
			if p.Name == "" && f.path == "name" {
				continue // said by add
			}
			c.fault(path+"."+f.path, "%s", f.text)
		}
	}
}

func (c *checker) clients() {
	ids := newNames("client")
	all := make([]string, len(switchyard.Scopes))
	for i, s := range switchyard.Scopes {
		all[i] = string(s)
	}
	for i, cl := range c.doc.Clients {
		path := nth("clients", i)
		c.add(ids, path, at(path, "id"), cl.ID)
		if len(cl.Scopes) == 0 {
			c.problems.add(Problem{Path: path, Text: "scopes is missing; a client without scopes can do nothing",
				Of: "scopes", Allowed: all})
		}
		for j, s := range cl.Scopes {
			c.choice(nth(at(path, "scopes"), j), string(s), "scopes", all)
		}
	}
}
