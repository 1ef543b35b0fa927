package plan

import (
	"fmt"
	"slices"

	"switchyard"
)

// The types of applets.
const (
	TypeQueue          = "queue"
	TypeSkillTagger    = "skilltagger"
	TypeSetPriority    = "setpriority"
	TypeSetDataSource  = "setdatasource"
	TypeDataRouter     = "datarouter"
	TypeScheduleRouter = "schedulerouter"
	TypeGoto           = "goto"
	TypeWait           = "wait"
	TypeSplit          = "split"
	TypeEnd            = "end"
	TypeSendSMS        = "sendsms"
	TypeSendEmail      = "sendemail"
	TypeDataConnector  = "dataconnector"
)

// The exits of applets. Rules and branches have exits of their own, "rule 1" and "branch 1".
const (
	ExitNext     = "next"
	ExitFailure  = "failure"
	ExitNoMatch  = "nomatch"
	ExitOpen     = "open"
	ExitClosed   = "closed"
	ExitHoliday  = "holiday"
	ExitDuration = "duration"
	ExitNoAgents = "noagents"
	ExitFull     = "full"
	ExitDeclined = "declined"
	ExitTimeout  = "timeout"
)

// How a queue's offers are accepted.
const (
	AcceptManual = "manual"
	AcceptAuto   = "auto"
)

// kind is what the checker, the JSON Schema and the reference know of a type of applet.
type kind struct {
	name     string
	settings []string // members of switchyard.Applet it takes, besides type
	required []string
	exits    []string
	effect   bool // it waits for something in the world
}

var kinds = []kind{
	{TypeQueue, []string{"on", "accept", "ring", "wrap", "groups", "target", "ondecline",
		"onnoanswer", "duration", "maxlength", "disposition"}, nil,
		[]string{ExitDuration, ExitNoAgents, ExitFull, ExitDeclined}, false},
	{TypeSkillTagger, []string{"next", "clear", "skills", "personalqueue"}, nil, []string{ExitNext}, false},
	{TypeSetPriority, []string{"next", "band"}, []string{"band"}, []string{ExitNext}, false},
	{TypeSetDataSource, []string{"next", "values"}, []string{"values"}, []string{ExitNext}, false},
	{TypeDataRouter, []string{"on", "rules"}, []string{"rules"}, []string{ExitNoMatch}, false},
	{TypeScheduleRouter, []string{"on", "schedule"}, []string{"schedule"},
		[]string{ExitOpen, ExitClosed, ExitHoliday}, false},
	{TypeGoto, []string{"plan"}, []string{"plan"}, nil, false},
	{TypeWait, []string{"next", "for", "until"}, nil, []string{ExitNext}, false},
	{TypeSplit, []string{"branches"}, []string{"branches"}, nil, false},
	{TypeEnd, []string{"outcome"}, nil, nil, false},
	{TypeSendSMS, []string{"next", "on", "gateway", "from", "to", "message"},
		[]string{"gateway", "to", "message"}, []string{ExitNext, ExitFailure}, true},
	{TypeSendEmail, []string{"next", "on", "gateway", "from", "to", "subject", "text", "html"},
		[]string{"gateway", "to", "subject"}, []string{ExitNext, ExitFailure}, true},
	{TypeDataConnector, []string{"next", "on", "method", "url", "headers", "body", "timeout", "retries", "result"},
		[]string{"url"}, []string{ExitNext, ExitFailure, ExitTimeout}, true},
}

// hasExit reports whether applets of a type have an exit.
func hasExit(name, exit string) bool {
	k := kindOf(name)
	return k != nil && slices.Contains(k.exits, exit)
}

func kindOf(name string) *kind {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}

// Types lists the types of applets in the order of the reference.
func Types() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// AppletSettings tells for each type which members of switchyard.Applet it takes, besides type.
func AppletSettings() map[string][]string {
	return table(func(k kind) []string { return k.settings })
}

// Required tells for each type which settings cannot be left out. Beyond it a skilltagger needs one
// of clear, skills and personalqueue, and a wait needs one of for and until.
func Required() map[string][]string {
	return table(func(k kind) []string { return k.required })
}

// Exits tells for each type which exits it has, besides those its rules and branches name.
func Exits() map[string][]string {
	return table(func(k kind) []string { return k.exits })
}

func table(column func(kind) []string) map[string][]string {
	t := make(map[string][]string, len(kinds))
	for _, k := range kinds {
		t[k.name] = slices.Clone(column(k))
	}
	return t
}

func ruleExit(i int) string   { return fmt.Sprintf("rule %d", i+1) }
func branchExit(i int) string { return fmt.Sprintf("branch %d", i+1) }

// OutcomeOf returns the outcome of a plan that ends because an exit leads nowhere, and the detail
// that goes beside it: the exit's name, unless the outcome says it already.
func OutcomeOf(exit string) (outcome, detail string) {
	switch exit {
	case ExitDuration:
		return switchyard.OutcomeQueueTimeout, ""
	case ExitNoAgents:
		return switchyard.OutcomeNoAgentsLoggedIn, ""
	case ExitDeclined:
		return switchyard.OutcomeAgentRejected, ""
	case ExitNext:
		return switchyard.OutcomeOther, ""
	}
	return switchyard.OutcomeOther, exit
}
