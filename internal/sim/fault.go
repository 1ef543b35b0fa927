package sim

import (
	"slices"
	"strings"
)

// Fault is a kind of trouble the world makes.
type Fault string

// The kinds of trouble.
const (
	AppendFails     Fault = "append-fails"      // nothing is written, and the engine is told
	AnswerLost      Fault = "answer-lost"       // it is written, and the engine is told that it is not
	SyncFails       Fault = "sync-fails"        // nobody knows whether it is written: the process stops
	SpaceRunsOut    Fault = "space-runs-out"    // appends fail until there is space again
	ProcessDies     Fault = "process-dies"      // between any two steps
	WritesForgotten Fault = "writes-forgotten"  // the tables lose what was not synced
	TablesDeleted   Fault = "tables-deleted"    // and are made again from the journal
	TablesFail      Fault = "tables-fail"       // a write or a lookup
	ClockJumps      Fault = "clock-jumps"       // back or forward
	ReceiverFails   Fault = "receiver-fails"    // it answers, but not with 2xx
	ReceiverDead    Fault = "receiver-dead"     // it does not answer
	ReceiverSlow    Fault = "receiver-slow"     // it takes its time
	ReceiptLost     Fault = "receipt-lost"      // it has the notification, and its answer is lost
	DeliveryTwice   Fault = "delivery-twice"    // the network delivers a notification twice
	DeliveryLate    Fault = "delivery-late"     // an attempt of a process that died arrives afterwards
	GatewayFails    Fault = "gateway-fails"     // a message or a data connector's request
	AgentVanishes   Fault = "agent-vanishes"    // its desktop falls silent
	CallRepeated    Fault = "call-repeated"     // a CRM sends a call again while the first is under way
	ConfigPublished Fault = "config-published"  // with other agents, skills, sizes, order
	ProviderRemoved Fault = "provider-removed"  // and registered again
	NothingForLong  Fault = "nothing-for-hours" // no step for hours, then everything at once
)

// Faults lists every kind.
var Faults = []Fault{AppendFails, AnswerLost, SyncFails, SpaceRunsOut, ProcessDies, WritesForgotten, TablesDeleted, TablesFail,
	ClockJumps, ReceiverFails, ReceiverDead, ReceiverSlow, ReceiptLost, DeliveryTwice, DeliveryLate, GatewayFails, AgentVanishes,
	CallRepeated, ConfigPublished, ProviderRemoved, NothingForLong}

// ParseFaults reads kinds separated by commas; the second result names one that is none.
func ParseFaults(text string) (kinds []Fault, unknown string) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !slices.Contains(Faults, Fault(word)) {
			return nil, word
		}
		kinds = append(kinds, Fault(word))
	}
	return kinds, ""
}

// fault reports whether trouble of a kind is made now, once in so many chances. The chance is taken
// also when the kind is left out, so that leaving one out changes the rest of the life little.
func (w *World) fault(kind Fault, oneIn int) bool {
	if hit := w.rng.IntN(oneIn) == 0; !hit || w.calm || slices.Contains(w.options.Without, kind) {
		return false
	}
	w.result.Faults[kind]++
	w.note("fault %s", kind)
	return true
}
