package crash

import (
	"fmt"
	"sync"
	"testing"
)

// faultKind is what was promised and not kept.
type faultKind string

const (
	lostFault     faultKind = "lost"     // acknowledged and not there
	strangeFault  faultKind = "strange"  // there and never asked for
	twiceFault    faultKind = "twice"    // done twice, or a repeat taken for new
	assignedFault faultKind = "assigned" // with two agents, or more work than an agent has room for
	callbackFault faultKind = "callback" // missing, out of order, changed
	unmadeFault   faultKind = "unmade"   // an effect asked for and not made, or made and its result not taken once
	repeatFault   faultKind = "repeat"   // an effect made again under another id, or more often than was decided
	feedFault     faultKind = "feed"     // a gap, a repeat, a difference
	answerFault   faultKind = "answer"   // an answer the contract does not know
	serverFault   faultKind = "server"   // it ended by itself, or logged errors
	verifyFault   faultKind = "verify"   // decided again it came out differently
)

// maxFaults is how many faults of a kind are kept in words; all are counted.
const maxFaults = 20

// faults is what a run found.
type faults struct {
	mu    sync.Mutex
	count map[faultKind]int
	words map[faultKind][]string
}

func newFaults() *faults {
	return &faults{count: map[faultKind]int{}, words: map[faultKind][]string{}}
}

func (f *faults) add(kind faultKind, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count[kind]++; f.count[kind] <= maxFaults {
		f.words[kind] = append(f.words[kind], fmt.Sprintf(format, args...))
	}
}

func (f *faults) of(kind faultKind) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[kind]
}

// report fails the test with everything found.
func (f *faults) report(t *testing.T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for kind, count := range f.count {
		for _, words := range f.words[kind] {
			t.Errorf("%s: %s", kind, words)
		}
		if count > maxFaults {
			t.Errorf("%s: %d in all", kind, count)
		}
	}
}
