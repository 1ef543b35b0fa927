package plan

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"switchyard"
)

// Bounds of settings.
const (
	minRing    = switchyard.Second
	maxRing    = switchyard.Hour
	maxWeights = 1_000_000
)

func (c *checker) applet(p *Plan, a *Applet) {
	at := p.placeOf(a.Name)
	k := kindOf(a.Type)
	if k == nil && a.Type == "" {
		c.fault(at, "type is missing; allowed: %s", strings.Join(Types(), ", "))
		return
	}
	if k == nil {
		c.fault(at.of("type"), "there is no applet type %q%s", a.Type, c.hint(a.Type, Types()))
		return
	}
	c.settings(at, k, &a.set)
	c.exits(at, k, p, a)
	switch a.Type {
	case TypeQueue:
		c.queue(at, &a.set)
	case TypeSkillTagger:
		c.skillTagger(at, &a.set)
	case TypeSetPriority:
		c.band(at.of("band"), a.set.Band)
	case TypeSetDataSource:
		c.values(at.of("values"), a.set.Values)
	case TypeDataRouter:
		c.rules(at.of("rules"), a)
	case TypeScheduleRouter:
		c.scheduleRouter(at, &a.set)
	case TypeGoto:
		c.gotoPlan(at.of("plan"), a.set.Plan)
	case TypeWait:
		c.wait(at, &a.set)
	case TypeSplit:
		c.branches(at.of("branches"), a.set.Branches)
	case TypeEnd:
		c.outcome(at.of("outcome"), a.set.Outcome)
	case TypeSendSMS:
		c.sendSMS(at, &a.set)
	case TypeSendEmail:
		c.sendEmail(at, &a.set)
	case TypeDataConnector:
		c.dataConnector(at, &a.set)
	}
}

// given lists the settings an applet has, by their names in the document.
func given(set *switchyard.Applet) []string {
	var names []string
	v := reflect.ValueOf(set).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		f := v.Field(i)
		empty := f.IsZero() || (f.Kind() == reflect.Map || f.Kind() == reflect.Slice) && f.Len() == 0
		if name != "type" && !empty {
			names = append(names, name)
		}
	}
	return names
}

func (c *checker) settings(at place, k *kind, set *switchyard.Applet) {
	has := given(set)
	for _, name := range has {
		switch {
		case slices.Contains(k.settings, name):
		case name == "next" && slices.Contains(k.settings, "on"):
			c.fault(at.of(name), "a %s has no next; its exits stand under on: %s", k.name, strings.Join(k.exits, ", "))
		case len(k.settings) == 0:
			c.fault(at.of(name), "%s is no setting of %s, which takes none", name, k.name)
		default:
			c.fault(at.of(name), "%s is no setting of %s; it takes %s", name, k.name, strings.Join(k.settings, ", "))
		}
	}
	for _, name := range k.required {
		if !slices.Contains(has, name) {
			c.fault(at, "%s is missing: a %s needs it", name, k.name)
		}
	}
}

// exits checks every exit that is named: that the type has it, and that it leads to an applet.
func (c *checker) exits(at place, k *kind, p *Plan, a *Applet) {
	allowed := slices.DeleteFunc(slices.Clone(k.exits), func(exit string) bool { return exit == ExitNext })
	for _, exit := range sortedKeys(a.set.On) {
		switch {
		case !slices.Contains(k.settings, "on"): // reported as a setting that does not belong
		case exit == ExitNext && slices.Contains(k.exits, ExitNext):
			c.fault(at.of("on").of(exit), "write next beside on, not under it")
		case !slices.Contains(allowed, exit):
			c.fault(at.of("on").of(exit), "a %s has no exit %q%s", k.name, exit, c.hint(exit, allowed))
		}
	}
	for _, w := range a.ways {
		if w.next == "" && (w.list == "rules" || w.list == "branches") {
			c.fault(w.entry(at), "next is missing: name the applet it leads to")
		} else if w.next != "" && p.Applets[w.next] == nil {
			c.fault(w.place(at), "the plan has no applet %q%s", w.next, c.hint(w.next, p.names()))
		}
	}
}

func (c *checker) queue(at place, set *switchyard.Applet) {
	if set.Accept != "" && set.Accept != AcceptManual && set.Accept != AcceptAuto {
		accepts := []string{AcceptManual, AcceptAuto}
		c.fault(at.of("accept"), "accept is %q%s", set.Accept, c.hint(set.Accept, accepts))
	}
	c.timespan(at.of("ring"), set.Ring)
	if r := set.Ring; r != nil && r.Text == "" && (r.Fixed < minRing || r.Fixed > maxRing) {
		c.fault(at.of("ring"), "ring is %s; it can be from %s to %s", r.Fixed, minRing, maxRing)
	}
	c.timespan(at.of("wrap"), set.Wrap)
	c.timespan(at.of("target"), set.Target)
	c.timespan(at.of("duration"), set.Duration)
	if set.MaxLength < 0 {
		c.fault(at.of("maxlength"), "maxlength is %d; it cannot be negative", set.MaxLength)
	}
	for i, group := range set.Groups {
		if !c.names.groups.has(group) {
			c.fault(at.of("groups").item(i), "the account has no group %q%s", group, c.hint(group, c.names.groups.list))
		}
	}
	c.reaction(at.of("ondecline"), set.OnDecline, false)
	c.reaction(at.of("onnoanswer"), set.OnNoAnswer, true)
	c.idleExits(at, set)
	if set.Disposition && len(c.doc.Dispositions) == 0 {
		c.warn(at.of("disposition"), "the account has no dispositions to choose from; list them under dispositions")
	}
}

// idleExits warns of a limit without its exit, and of an exit without its limit: a queue's exit that
// is not named does not happen.
func (c *checker) idleExits(at place, set *switchyard.Applet) {
	limits := []struct {
		setting, exit string
		given         bool
	}{
		{"duration", ExitDuration, set.Duration != nil && (set.Duration.Text != "" || set.Duration.Fixed > 0)},
		{"maxlength", ExitFull, set.MaxLength > 0},
	}
	for _, l := range limits {
		_, named := set.On[l.exit]
		switch {
		case l.given && !named:
			c.warn(at.of(l.setting), "%s has no effect: the exit %s is not named under on; on: {%s: \"\"} ends the plan there",
				l.setting, l.exit, l.exit)
		case named && !l.given:
			c.warn(at.of("on").of(l.exit), "the exit %s is never taken: the queue has no %s", l.exit, l.setting)
		}
	}
}

func (c *checker) timespan(at place, l *switchyard.Length) {
	switch {
	case l == nil:
	case l.Text != "":
		c.text(at, l.Text)
	case l.Fixed < 0:
		c.fault(at, "a length of time cannot be negative, as %s is", l.Fixed)
	}
}

func (c *checker) reaction(at place, r *switchyard.Reaction, noAnswer bool) {
	if r == nil {
		return
	}
	c.timespan(at.of("for"), r.For)
	key := switchyard.CaseKey(r.Presence)
	switch {
	case r.Presence == "" || key == Unchanged:
	case !c.names.presences.has(r.Presence):
		c.fault(at.of("presence"), "the account has no presence %q%s", r.Presence,
			c.hint(r.Presence, append([]string{Unchanged}, c.names.presences.list...)))
	case key == switchyard.CaseKey(switchyard.PresenceNoAnswer) && !noAnswer:
		c.fault(at.of("presence"), "%s is for onnoanswer alone; write unchanged or another presence",
			switchyard.PresenceNoAnswer)
	case c.names.ready[key]:
		c.warn(at.of("presence"), "%s is of category Ready: the agent is offered work again at once; %s brings a cool-down",
			r.Presence, Unchanged)
	}
}

func (c *checker) skillTagger(at place, set *switchyard.Applet) {
	if !set.Clear && len(set.Skills) == 0 && set.PersonalQueue == nil {
		c.fault(at, "a skilltagger needs clear, skills or personalqueue")
	}
	for i, t := range set.Skills {
		member := at.of("skills").item(i)
		c.reference(member, "name", t.Name, "skill", c.names.skills)
		if t.ExpiryAfter != nil {
			c.seconds(member.of("expiryafter"), *t.ExpiryAfter)
		}
	}
	if personal := set.PersonalQueue; personal != nil {
		member := at.of("personalqueue")
		c.agent(member, personal.Agent)
		c.seconds(member.of("loggedintimeout"), personal.LoggedInTimeout)
		c.seconds(member.of("loggedouttimeout"), personal.LoggedOutTimeout)
	}
}

// reference checks a member that names something of the account, or reads the name from $(..).
func (c *checker) reference(at place, member, name, what string, known register) {
	c.text(at.of(member), name)
	switch {
	case name == "":
		c.fault(at, "%s is missing: write the name of the %s, or $(..)", member, what)
	case isTemplate(name) || holdsSecret(name):
	case !known.has(name):
		c.fault(at.of(member), "the account has no %s %q%s", what, name, c.hint(name, known.list))
	}
}

func (c *checker) agent(at place, name string) {
	if !isTemplate(name) && !c.names.agents.has(name) && c.names.users[switchyard.CaseKey(name)] {
		c.fault(at.of("agent"), "%q has not the role agent and is never offered work", name)
		return
	}
	c.reference(at, "agent", name, "agent", c.names.agents)
}

func (c *checker) seconds(at place, s switchyard.Seconds) {
	if s.Text != "" {
		c.text(at, s.Text)
		return
	}
	if n := s.Fixed; n < 0 || n > switchyard.MaxTimeoutSeconds {
		c.fault(at, "%d is out of range: whole seconds from 0 to %d", s.Fixed, switchyard.MaxTimeoutSeconds)
	}
}

func (c *checker) band(at place, band string) {
	c.text(at, band)
	if band == "" || isTemplate(band) || holdsSecret(band) {
		return
	}
	if _, err := switchyard.ParseBand(band); err != nil {
		c.fault(at, "%v", err)
	}
}

func (c *checker) rules(at place, a *Applet) {
	for i := range a.set.Rules {
		rule, member := &a.set.Rules[i], at.item(i)
		if rule.When != "" {
			c.when(member, rule, a.when[i])
			continue
		}
		if rule.Source == "" {
			c.fault(member, "source is missing: name the data source to look at, or write when with an expression")
		}
		c.text(member.of("source"), rule.Source)
		c.text(member.of("value"), rule.Value)
		known := slices.Index(Operators(), rule.Operator)
		switch {
		case rule.Operator == "":
			c.fault(member, "operator is missing; allowed: %s", strings.Join(Operators(), ", "))
		case known < 0:
			c.fault(member.of("operator"), "there is no operator %q%s", rule.Operator, c.hint(rule.Operator, Operators()))
		case operators[known].alone && rule.Value != "":
			c.fault(member.of("value"), "%s looks at the source alone; take the value out", rule.Operator)
		}
	}
}

// when checks a rule that has an expression.
func (c *checker) when(at place, rule *switchyard.Rule, made *condition) {
	for _, other := range []struct{ name, text string }{
		{"source", rule.Source}, {"operator", rule.Operator}, {"value", rule.Value},
	} {
		if other.text != "" {
			c.fault(at.of(other.name), "a rule has source, operator and value, or when; not both")
		}
	}
	if isTemplate(rule.When) || holdsSecret(rule.When) {
		c.fault(at.of("when"), "neither $(..) nor #(..) is filled in here; an expression reads data sources as data.Team "+
			"or data[\"Case Owner\"]")
		return
	}
	for _, fault := range made.faults {
		c.fault(at.of("when"), "%s", fault)
	}
}

func (c *checker) gotoPlan(at place, name string) {
	c.text(at, name)
	if name != "" && !isTemplate(name) && !holdsSecret(name) {
		c.knownPlan(at, name)
	}
}

func (c *checker) wait(at place, set *switchyard.Applet) {
	if (set.For == nil) == (set.Until == "") {
		c.fault(at, "a wait needs one of for and until, not both")
	}
	c.timespan(at.of("for"), set.For)
	c.text(at.of("until"), set.Until)
	if set.Until != "" && !isTemplate(set.Until) && !holdsSecret(set.Until) {
		if _, err := time.Parse(time.RFC3339Nano, set.Until); err != nil {
			c.fault(at.of("until"), "%q is no RFC 3339 moment such as 2026-11-23T12:04:05Z", set.Until)
		}
	}
}

func (c *checker) branches(at place, branches []switchyard.Branch) {
	total := 0
	for i, b := range branches {
		if b.Weight < 1 || b.Weight > maxWeights {
			c.fault(at.item(i), "weight is %d; it can be from 1 to %d", b.Weight, maxWeights)
			continue
		}
		total = min(total+b.Weight, maxWeights+1)
	}
	if total > maxWeights {
		c.fault(at, "the weights are more than %d in all", maxWeights)
	}
}

// outcome checks an end's word, which figures count by: it is the same for all work that ends there.
func (c *checker) outcome(at place, outcome string) {
	if isTemplate(outcome) || holdsSecret(outcome) {
		c.fault(at, "an outcome is one literal word: neither $(..) nor #(..) is filled in here")
	} else if outcome != "" {
		if fault := nameFault(outcome); fault != "" {
			c.fault(at, "the outcome %s", fault)
		}
	}
}

func (c *checker) sendSMS(at place, set *switchyard.Applet) {
	if set.Gateway != "" {
		c.reference(at, "gateway", set.Gateway, "SMS gateway", c.names.gateways)
	}
	c.text(at.of("from"), set.From)
	c.text(at.of("to"), set.To)
	c.text(at.of("message"), set.Message)
	if !isTemplate(set.From) && !holdsSecret(set.From) {
		if fault := SenderFault(strings.TrimSpace(set.From)); fault != "" {
			c.fault(at.of("from"), "%s", fault)
		}
	}
	if set.To != "" && !isTemplate(set.To) && !holdsSecret(set.To) {
		if _, fault := recipients(set.To); fault != "" {
			c.fault(at.of("to"), "%s", fault)
		}
	}
}
