// Package sim proves the promises: whole lives of a server, with its people, CRMs, receivers and
// gateways, in virtual time and on one thread of events that a seed chooses. The core, the engine, the
// plans and the callback worker are the real ones; the stores lose, fail and lie as disks do, the
// process dies between any two steps, clocks jump and receivers are slow, broken or dead. After every
// step checkers that share no code with the core hold what is durable, shown and acknowledged against
// what must be.
//
// It may import the root package, core, the contracts and memory stores of journal and tables, engine,
// effects and callback, and the library that looks for an order of calls.
package sim

import (
	"fmt"
	"io"
	"strings"

	"switchyard"
)

// Options of one life.
type Options struct {
	Seed    uint64
	Steps   int       // before the faults end
	Without []Fault   // kinds of trouble left out
	Trace   io.Writer // the history, line by line; nil = it is hashed only

	broken func(*World) bool // a test's own promise
}

// Result is what one life came to.
type Result struct {
	Seed    uint64
	Steps   int
	Rows    int                 // of the journal
	Lived   switchyard.Duration // virtual time
	Faults  map[Fault]int       // made, by kind
	Checks  map[string]int      // passed, by name
	History string              // hash of everything that happened
	Failure *Failure            // nil = every promise was kept
}

// Failure is a promise that was broken.
type Failure struct {
	Check  string
	Detail string
	Step   int
	At     switchyard.Instant
}

func (f *Failure) String() string {
	return fmt.Sprintf("check %s failed at step %d (%v): %s", f.Check, f.Step, f.At, f.Detail)
}

// Run lives one life.
func Run(o Options) *Result {
	w := newWorld(o)
	w.live()
	return w.result
}

// Command is what plays the life again.
func (o Options) Command() string {
	text := fmt.Sprintf("switchyard sim --seed %d --seeds 1 --steps %d", o.Seed, o.Steps)
	if len(o.Without) > 0 {
		words := make([]string, len(o.Without))
		for n, kind := range o.Without {
			words[n] = string(kind)
		}
		text += " --without " + strings.Join(words, ",")
	}
	return text
}
