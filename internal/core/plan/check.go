package plan

import (
	"fmt"
	"strings"

	"switchyard"
)

// checker walks a document and collects its faults, in the order of the document and, where that
// holds maps, of names.
type checker struct {
	doc    *switchyard.Account
	set    *Set
	names  *names
	faults []Fault
	broken int // faults found, also those beyond maxFaults
	warned int
}

func check(doc *switchyard.Account, set *Set, names *names) []Fault {
	c := &checker{doc: doc, set: set, names: names}
	c.schedules()
	for _, p := range set.plans {
		c.plan(p)
	}
	c.routes()
	c.gateways()
	c.allowList()
	c.loops()
	return c.faults
}

// maxFaults bounds the faults of one document, and the warnings: nobody reads more at once.
const (
	maxFaults     = 200
	maxFaultRunes = 600 // of one fault's text, which may quote the document
)

func (c *checker) fault(at place, format string, args ...any) {
	if c.broken++; c.broken <= maxFaults {
		c.faults = append(c.faults, Fault{string(at), cut(fmt.Sprintf(format, args...), maxFaultRunes), false})
	}
}

func (c *checker) warn(at place, format string, args ...any) {
	if c.warned++; c.warned <= maxFaults {
		c.faults = append(c.faults, Fault{string(at), cut(fmt.Sprintf(format, args...), maxFaultRunes), true})
	}
}

// full reports that further faults are not shown: nothing dear is to be done for their words.
func (c *checker) full() bool { return c.broken >= maxFaults }

// hint helps with a name that is not among options.
func (c *checker) hint(name string, options []string) string {
	if c.full() {
		return ""
	}
	return hint(name, options)
}

// place returns where a plan stands in the document.
func (p *Plan) place() place { return place("plans").item(p.index) }

// place returns where the plan's applet stands in the document.
func (p *Plan) placeOf(applet string) place { return p.place().of("applets").of(applet) }

func (c *checker) plan(p *Plan) {
	c.planName(p)
	if len(p.Applets) == 0 {
		c.fault(p.place(), "a plan needs applets: name at least one under applets")
		return
	}
	for _, name := range p.names() {
		c.appletName(p, name)
		c.applet(p, p.Applets[name])
	}
	switch {
	case p.Start == "":
		c.fault(p.place(), "start is missing: name the applet at which work enters the plan")
	case p.Applets[p.Start] == nil:
		c.fault(p.place().of("start"), "the plan has no applet %q%s", p.Start, c.hint(p.Start, p.names()))
	default:
		c.unreachable(p)
	}
}

func (c *checker) planName(p *Plan) {
	at := p.place().of("name")
	if p.Name == "" {
		c.fault(p.place(), "name is missing: a plan needs one")
		return
	}
	if fault := nameFault(p.Name); fault != "" {
		c.fault(at, "the plan's name %s", fault)
	}
	if first := c.set.Plan(p.Name); first != p {
		c.fault(at, "%q is the name of %s already: names of plans differ in more than case", p.Name, first.place())
	}
}

func (c *checker) appletName(p *Plan, name string) {
	at := p.placeOf(name)
	if fault := nameFault(name); fault != "" {
		c.fault(at, "the applet's name %s", fault)
	}
	if strings.Contains(name, "/") {
		c.fault(at, "an applet's name cannot hold /: it separates plan and applet in the names of queues")
	}
	if first := p.keys[switchyard.CaseKey(name)]; first != name {
		c.fault(at, "%q is applet %q already: names of applets differ in more than case", name, first)
	}
}

// nameFault says what makes a name unfit: names are shown, compared and typed by people.
func nameFault(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "is empty"
	case strings.TrimSpace(name) != name:
		return "begins or ends with a space"
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "holds a control character"
	case len(name) > switchyard.MaxIDBytes:
		return fmt.Sprintf("is longer than %d bytes", switchyard.MaxIDBytes)
	}
	return ""
}

// unreachable finds applets that no exit leads to from the start.
func (c *checker) unreachable(p *Plan) {
	reached := map[string]bool{p.Start: true}
	for queue := []string{p.Start}; len(queue) > 0; queue = queue[1:] {
		for _, next := range p.Applets[queue[0]].exits {
			if p.Applets[next] != nil && !reached[next] {
				reached[next] = true
				queue = append(queue, next)
			}
		}
	}
	for _, name := range p.names() {
		if !reached[name] {
			c.fault(p.placeOf(name), "no exit leads to %q: let one, or take the applet out", name)
		}
	}
}

func (c *checker) routes() {
	for i := range c.doc.Routes {
		r, at := &c.doc.Routes[i], place("routes").item(i)
		if r.Plan == "" {
			c.fault(at, "plan is missing: a route names the plan its work enters")
		} else {
			c.knownPlan(at.of("plan"), r.Plan)
		}
		if r.After != "" {
			c.knownPlan(at.of("after"), r.After)
			c.after(at.of("after"), c.set.Plan(r.After))
		}
		c.values(at.of("datasources"), r.DataSources)
		if r.Test != nil {
			c.test(at.of("test"), r)
		}
	}
}

func (c *checker) knownPlan(at place, name string) {
	if c.set.Plan(name) == nil {
		c.fault(at, "the account has no plan %q%s", name, c.hint(name, c.names.plans.list))
	}
}

// values checks data sources that a route or an applet sets.
func (c *checker) values(at place, values map[string]string) {
	c.sourceNames(at, values)
	total := 0
	for _, name := range sortedKeys(values) {
		total += len(values[name])
		c.text(at.of(name), values[name])
	}
	if total > switchyard.MaxDataSourcesBytes {
		c.fault(at, "the values are longer than %d bytes in all", switchyard.MaxDataSourcesBytes)
	}
}

// sourceNames checks the names of data sources that something sets.
func (c *checker) sourceNames(at place, values map[string]string) {
	seen := map[string]string{}
	for _, name := range sortedKeys(values) {
		key := switchyard.CaseKey(name)
		switch {
		case nameFault(name) != "":
			c.fault(at.of(name), "the data source's name %s", nameFault(name))
		case strings.Contains(name, ")"):
			c.fault(at.of(name), "a data source's name cannot hold ): $(..) ends there")
		case !Settable(name):
			c.fault(at.of(name), "%s is built in and cannot be set; choose another name", name)
		case seen[key] != "":
			c.fault(at.of(name), "%q is %q already: names of data sources differ in more than case", name, seen[key])
		}
		seen[key] = name
	}
}

// text checks a text that may hold $(..).
func (c *checker) text(at place, text string) {
	c.length(at, text)
	if holdsSecret(text) {
		c.fault(at, "#(..) does not work here: secrets are filled in only in the url, headers and body of gateways and data connectors")
	}
	c.slots(at, text)
}

// filled checks a text that may hold $(..) and #(..).
func (c *checker) filled(at place, text string) {
	c.length(at, text)
	c.secrets(at, text)
	c.slots(at, text)
}

func (c *checker) length(at place, text string) {
	if len(text) > switchyard.MaxDataSourceBytes {
		c.fault(at, "the text is longer than %d bytes", switchyard.MaxDataSourceBytes)
	}
}

// slots warns of templates that do not do what was meant by them.
func (c *checker) slots(at place, text string) {
	rest := text
	for {
		s, _, after := nextSlot(rest, true, false)
		if s.mark == 0 {
			break
		}
		if i := strings.LastIndexByte(s.name, ':'); i >= 0 {
			if near := Nearest(s.name[i+1:], Formatters()); near != "" && near != s.name[i+1:] {
				c.warn(at, "%q is no formatter and so part of the name; did you mean %q?", s.name[i+1:], near)
			}
		}
		rest = after
	}
	if strings.Contains(rest, "$(") {
		c.warn(at, "$( has no ) after it and stays as it is")
	}
}

// gateways checks the templates of gateways; the rest of a gateway is the account file's to check.
func (c *checker) gateways() {
	for _, kind := range []struct {
		name     string
		gateways map[string]switchyard.Gateway
	}{{"sms", c.doc.Gateways.SMS}, {"email", c.doc.Gateways.Email}} {
		for _, name := range sortedKeys(kind.gateways) {
			g, at := kind.gateways[name], place("gateways").of(kind.name).of(name)
			c.secrets(at.of("url"), g.URL)
			c.secrets(at.of("body"), g.Body)
			c.secrets(at.of("username"), g.Username)
			c.secrets(at.of("password"), g.Password)
			for _, text := range []struct{ name, text string }{{"key", g.Key}, {"sid", g.SID}, {"secret", g.Secret}, {"signature", g.Signature}} {
				c.secrets(at.of(text.name), text.text)
			}
			for _, header := range sortedKeys(g.Headers) {
				c.secrets(at.of("headers").of(header), g.Headers[header])
			}
			if s, _, _ := nextSlot(origin(g.URL), true, false); s.mark != 0 {
				c.fault(at.of("url"), "$(%s) cannot choose where a message is sent: write scheme and host as "+
					"they are, or as #(secret)", s.name)
			}
		}
	}
}

func (c *checker) secrets(at place, text string) {
	for {
		s, _, after := nextSlot(text, false, true)
		if s.mark == 0 {
			return
		}
		if !c.names.secrets.has(s.name) {
			c.fault(at, "the account has no secret %q%s", s.name, c.hint(s.name, c.names.secrets.list))
		}
		text = after
	}
}

// origin cuts a URL after its host.
func origin(url string) string {
	start := 0
	if i := strings.Index(url, "://"); i >= 0 {
		start = i + len("://")
	}
	if i := strings.IndexAny(url[start:], "/?"); i >= 0 {
		return url[:start+i]
	}
	return url
}
