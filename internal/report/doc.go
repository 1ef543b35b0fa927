// Package report works out figures over time from what happened: per queue or route, per agent, and
// of one interaction. It is told the timelines of interactions and the changes of presences, in the
// words of the journal, and keeps no state of its own between two reports.
//
// A figure counts in the interval in which it happened: offered when work enters a queue, answered
// when it is first connected, abandoned when it is ended, a breakout when it leaves; so figures of an
// interval that is over never change, and those of the last hour are those of /v1/stats. Times of
// agents lie in the intervals they lie in.
//
// It may import the root package and core/plan (the default of a target).
package report

import (
	"switchyard"
	"switchyard/internal/core/plan"
)

// Bounds of a report.
const (
	MaxIntervals    = 2_000     // of a range
	MaxRows         = 50_000    // intervals × queues, or × agents
	MaxInteractions = 1_000_000 // that something happened to in the range
)

// Targets finds the target of a queue in the version of the config its work entered it in.
type Targets func(version int, queuePlan, applet string) switchyard.Duration

// TargetIn is the target of a queue in a document; work whose target is read from data sources brings
// its own.
func TargetIn(doc *switchyard.Account, queuePlan, applet string) switchyard.Duration {
	for n := range doc.Plans {
		if p := &doc.Plans[n]; p.Name == queuePlan {
			if target := p.Applets[applet].Target; target != nil && target.Text == "" {
				return target.Fixed
			}
		}
	}
	return plan.DefaultTarget
}
