package plan

import "switchyard"

// The built-in data sources of every interaction.
const (
	CallGUID             = "CallGuid" // the interaction's id
	CLID                 = "CLID"
	DisplayName          = "DisplayName"
	DialledNumber        = "DialledNumber" // the route
	Language             = "Language"
	FirstAgentID         = "FirstAgentID"
	InteractionOutcome   = "InteractionOutcome"
	InteractionStartTime = "InteractionStartTime"
	QueueTime            = "QueueTime"
)

// BuiltIns lists the built-in data sources.
func BuiltIns() []string {
	return []string{CallGUID, CLID, DisplayName, DialledNumber, Language, FirstAgentID,
		InteractionOutcome, InteractionStartTime, QueueTime}
}

// BuiltIn returns a built-in data source's spelling.
func BuiltIn(name string) (spelling string, ok bool) {
	for _, b := range BuiltIns() {
		if switchyard.CaseKey(b) == switchyard.CaseKey(name) {
			return b, true
		}
	}
	return "", false
}

// Settable reports whether plans and routes may set a data source of this name. Of the built-in ones
// that is Language alone: nothing but the plan or the route could know it.
func Settable(name string) bool {
	b, builtIn := BuiltIn(name)
	return !builtIn || b == Language
}
