package plan

import (
	"fmt"
	"math/bits"
	"strings"
	"time"

	"switchyard"
)

// Env is what templates read: the data sources of an interaction and the built-in ones. Names
// compare without case.
type Env interface {
	Value(name string) (string, bool)
}

// Context is what an applet may know when it runs. The lookups answer for the newest config, since
// skills, agents, gateways and schedules act at once, whatever version of the plan is run.
type Context struct {
	Env      Env
	ID       switchyard.ID      // of the interaction
	Now      switchyard.Instant // of the input; a wait counts from it
	Skills   func(name string) (spelling string, ok bool)
	Agents   func(name string) (username string, ok bool)
	Plans    func(name string) bool
	Gateways func(kind, name string) (spelling, typ string, ok bool) // kind: sms or email
	Schedule func(name string) *Schedule                             // nil = there is none of that name
}

// Step is what running an applet comes to.
//
// With Effects set the applet is not through: core asks for them, and when the last has its result
// Resume tells how the plan goes on. With Until set the plan goes on at that moment, at Next or, when
// there is none, with Resume; End is never set beside them.
type Step struct {
	Exit     string             // the exit taken: next, failure, nomatch, "rule 1", "branch 2"
	Next     string             // the applet to go on with
	Values   map[string]string  // data sources to set; core checks their sum
	Clear    bool               // take all skills off before Tags are put on
	Tags     []Tag              // skills to put on, in order; core never downgrades
	Personal *Personal          // personal queue to set
	Band     switchyard.Band    // 0 = unchanged
	Until    switchyard.Instant // wait until then; none = no wait
	Goto     string             // the plan to enter
	End      bool               // the plan ends here
	Outcome  string             // with End; "" = an end without a word of its own
	Detail   string             // with End: the exit, or the fault, that ended it
	// Effects are what is to be done in the world. Their ids, instants and the interaction are core's
	// to fill in.
	Effects []switchyard.Effect
	Fault   string // words for the timeline: what was wrong at run time
}

// Tag puts a skill on the interaction: nil = mandatory, 0 = optional, else mandatory that many
// seconds.
type Tag struct {
	Skill       string
	ExpiryAfter *int64
}

// Personal is a personal queue to set: an agent's username, and for how many seconds it holds.
type Personal struct {
	Agent               string
	LoggedIn, LoggedOut int64
}

// Run runs an applet of any type but queue.
func (a *Applet) Run(c Context) Step {
	switch a.Type {
	case TypeSkillTagger:
		return a.tagSkills(c)
	case TypeSetPriority:
		return a.setPriority(c)
	case TypeSetDataSource:
		return a.setValues(c)
	case TypeDataRouter:
		return a.route(c)
	case TypeScheduleRouter:
		return a.consult(c)
	case TypeGoto:
		return a.enter(c)
	case TypeWait:
		return a.wait(c)
	case TypeSplit:
		return a.Leave(branchExit(a.branch(c.ID)))
	case TypeEnd:
		return Step{End: true, Outcome: a.set.Outcome}
	case TypeSendSMS:
		return a.sendSMS(c)
	case TypeSendEmail:
		return a.sendEmail(c)
	case TypeDataConnector:
		return a.askConnector(c)
	}
	panic(fmt.Sprintf("applet %s/%s of type %q cannot be run", a.Plan, a.Name, a.Type))
}

// Leave takes an exit: the step goes on at the applet it leads to, or ends the plan with the exit's
// outcome when it leads nowhere.
func (a *Applet) Leave(exit string) Step {
	if next := a.exits[exit]; next != "" {
		return Step{Exit: exit, Next: next}
	}
	outcome, detail := OutcomeOf(exit)
	return Step{Exit: exit, End: true, Outcome: outcome, Detail: detail}
}

// Fail takes the failure exit of an applet that has one, and ends the plan with Other otherwise.
// Core uses it too, when a limit of the interaction is reached.
func (a *Applet) Fail(fault string) Step {
	if hasExit(a.Type, ExitFailure) {
		s := a.Leave(ExitFailure)
		s.Fault = fault
		return s
	}
	return Step{End: true, Outcome: switchyard.OutcomeOther, Detail: fault, Fault: fault}
}

// Resume goes on after a wait, or when all effects the applet asked for are through: failed when one
// of them was given up, timeout when time ended one. An applet without the exit timeout fails then.
func (a *Applet) Resume(failed, timeout bool) Step {
	switch {
	case timeout && hasExit(a.Type, ExitTimeout):
		return a.Leave(ExitTimeout)
	case failed || timeout:
		return a.Leave(ExitFailure)
	}
	return a.Leave(ExitNext)
}

func (a *Applet) tagSkills(c Context) Step {
	s := a.Leave(ExitNext)
	s.Clear = a.set.Clear
	var faults []string
	for _, t := range a.set.Skills {
		skill, fault := find(t.Name, "skill", c.Skills, c.Env)
		if fault != "" {
			faults = append(faults, fault)
			continue
		}
		tag := Tag{Skill: skill}
		if t.ExpiryAfter != nil {
			n, fault := seconds("expiryafter", *t.ExpiryAfter, c.Env)
			if fault == "" {
				tag.ExpiryAfter = &n
			} else {
				faults = append(faults, fault+"; the skill is required for good")
			}
		}
		s.Tags = append(s.Tags, tag)
	}
	if a.set.PersonalQueue != nil {
		var fault string
		if s.Personal, fault = personal(a.set.PersonalQueue, c); fault != "" {
			faults = append(faults, fault)
		}
	}
	s.Fault = strings.Join(faults, "; ")
	return s
}

// personal reads a personal queue. Its settings have no defaults: without one of them there is none.
func personal(set *switchyard.TagPersonal, c Context) (*Personal, string) {
	agent, fault := find(set.Agent, "agent", c.Agents, c.Env)
	if fault != "" {
		return nil, fault
	}
	p := &Personal{Agent: agent}
	for _, timeout := range []struct {
		name string
		set  switchyard.Seconds
		n    *int64
	}{{"loggedintimeout", set.LoggedInTimeout, &p.LoggedIn}, {"loggedouttimeout", set.LoggedOutTimeout, &p.LoggedOut}} {
		if *timeout.n, fault = seconds(timeout.name, timeout.set, c.Env); fault != "" {
			return nil, fault + "; there is no personal queue"
		}
	}
	return p, ""
}

// find expands a text and looks the result up by name.
func find(text, what string, known func(string) (string, bool), env Env) (name, fault string) {
	name, err := Expand(text, env)
	if err != nil {
		return "", fmt.Sprintf("%s %s: %v", what, text, err)
	}
	if spelling, ok := known(strings.TrimSpace(name)); ok {
		return spelling, ""
	}
	if name != text {
		return "", fmt.Sprintf("%s gives no %s of the account: %q", text, what, shortened(name))
	}
	return "", fmt.Sprintf("the account has no %s %q", what, shortened(name))
}

// shortened keeps a value that a fault quotes from filling the timeline.
func shortened(value string) string { return cut(value, 60) }

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	runes := 0
	for i := range text {
		if runes == most {
			return text[:i] + "…"
		}
		runes++
	}
	return text
}

func (a *Applet) setPriority(c Context) Step {
	s := a.Leave(ExitNext)
	text, err := Expand(a.set.Band, c.Env)
	if err == nil {
		s.Band, err = switchyard.ParseBand(strings.TrimSpace(text))
	}
	if err != nil {
		s.Band, s.Fault = 0, fmt.Sprintf("band %s: %v; the band stays", a.set.Band, err)
	}
	return s
}

// setValues expands every value from the data sources as they were before: the order of a map
// cannot matter.
func (a *Applet) setValues(c Context) Step {
	s := a.Leave(ExitNext)
	s.Values = make(map[string]string, len(a.set.Values))
	for _, name := range sortedKeys(a.set.Values) {
		value, err := Expand(a.set.Values[name], c.Env)
		if err != nil {
			return a.Fail(fmt.Sprintf("data source %s: %v", name, err))
		}
		s.Values[name] = value
	}
	return s
}

func (a *Applet) enter(c Context) Step {
	name, err := Expand(a.set.Plan, c.Env)
	if err != nil {
		return a.Fail(fmt.Sprintf("plan %s: %v", a.set.Plan, err))
	}
	name = strings.TrimSpace(name)
	if !c.Plans(name) {
		return a.Fail(fmt.Sprintf("the account has no plan %q to go to", shortened(name)))
	}
	return Step{Goto: name}
}

func (a *Applet) wait(c Context) Step {
	s := a.Leave(ExitNext)
	var until switchyard.Instant
	if a.set.Until != "" {
		until, s.Fault = moment(a.set.Until, c.Env)
	} else {
		var length switchyard.Duration
		length, s.Fault = a.length.Read(c.Env)
		until = c.Now.Add(length)
	}
	if s.Fault != "" || until <= c.Now {
		return s
	}
	return Step{Exit: ExitNext, Next: s.Next, Until: until}
}

func moment(text string, env Env) (at switchyard.Instant, fault string) {
	value, err := Expand(text, env)
	if err != nil {
		return 0, fmt.Sprintf("until %s: %v; it does not wait", text, err)
	}
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(value))
	if err != nil {
		return 0, fmt.Sprintf("until %s: %q is no RFC 3339 moment such as 2026-11-23T12:04:05Z; "+
			"it does not wait", text, shortened(value))
	}
	return switchyard.InstantOf(t), ""
}

// branch chooses a branch by the interaction's id: the same interaction always takes the same
// branch of the same applet. The hash is 64-bit FNV-1a over "Plan/applet" and the 16 bytes of the
// id, then the finalizer of splitmix64; the applet's name is in it so that two splits in a row cut
// independently of each other. The share of a branch is its weight ÷ the sum of weights.
func (a *Applet) branch(id switchyard.ID) int {
	h := uint64(0xcbf29ce484222325)
	for _, text := range [...]string{a.Plan, "/", a.Name, string(id[:])} {
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * 0x100000001b3
		}
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	total := 0
	for _, b := range a.set.Branches {
		total += b.Weight
	}
	place, _ := bits.Mul64(h, uint64(total))
	for i, b := range a.set.Branches {
		if place < uint64(b.Weight) {
			return i
		}
		place -= uint64(b.Weight)
	}
	panic(fmt.Sprintf("split %s/%s has weights no hash can meet", a.Plan, a.Name))
}
