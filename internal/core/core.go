// Package core is the whole of what the product decides, for one account: who gets what, what a
// plan does next, what time brings, what is permitted. Decide takes an input and answers with
// events; Fold applies events to the state and cannot fail. There is no clock, no randomness, no
// goroutine, no I/O and no dependence on the order of a map: the same inputs give the same events
// on every machine, for ever.
//
// Decide folds each event as it makes it, so that the later decisions of one input see the earlier
// ones. When the events cannot be made durable, the state is thrown away and built again from the
// journal; nothing is ever repaired.
//
// It may import the root package, internal/core/routing, internal/core/plan and the pure part of
// the standard library.
package core

import (
	"fmt"

	"switchyard"
)

// Decision is what an input came to. When Refused is set nothing changed and nothing is written.
type Decision struct {
	Events  []switchyard.Event
	Answer  any // []switchyard.RequestResult for Invoke, *Record for Act, *AgentRecord for SetPresence, int (version) for Publish
	Refused *switchyard.Error
}

// assert stops the program when a thing that cannot be is. The engine refuses the input, rebuilds
// the account from its journal and raises an alarm.
func assert(ok bool, format string, args ...any) {
	if !ok {
		broken(format, args...)
	}
}

// broken is what assert calls. Where every input passes, the condition is written out: the words of
// an assert are made before it is known that they are not needed.
func broken(format string, args ...any) { panic("core: " + fmt.Sprintf(format, args...)) }
