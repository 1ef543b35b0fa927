package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"switchyard"
)

// Clock tells the present instant.
type Clock interface{ Now() switchyard.Instant }

// RealClock is the wall clock.
type RealClock struct{}

// Now implements Clock.
func (RealClock) Now() switchyard.Instant { return switchyard.InstantOf(time.Now()) }

// ManualClock stands still until the engine's AdvanceClock moves it. It begins at the wall time of
// the first start and goes on from where it stood.
type ManualClock struct {
	mu  sync.Mutex
	now switchyard.Instant
}

// Now implements Clock.
func (c *ManualClock) Now() switchyard.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// reach moves the clock on to an instant; it never goes back.
func (c *ManualClock) reach(at switchyard.Instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = max(c.now, at)
}

// The journal remembers under which kind of clock it was made.
const metaClock = "clock"

// checkClock refuses a journal made under the other kind of clock: its instants mean something else.
func (e *Engine) checkClock(ctx context.Context) error {
	want := "real"
	if e.Manual() {
		want = "manual"
	}
	have, err := e.options.Journal.Meta(ctx, metaClock)
	if err != nil {
		return fmt.Errorf("read the kind of clock from the journal: %w", err)
	}
	switch have {
	case want:
		return nil
	case "":
		if err := e.options.Journal.SetMeta(ctx, metaClock, want); err != nil {
			return fmt.Errorf("write the kind of clock into the journal: %w", err)
		}
		return nil
	}
	hint := "start with --clock manual"
	if have == "real" {
		hint = "start without --clock manual"
	}
	return fmt.Errorf("the journal was made under the %s clock and cannot go on under the %s one: %s, or use another data folder", have, want, hint)
}

// setManualClock lets a manual clock go on from the latest instant any account has seen.
func (e *Engine) setManualClock(owners []*owner) {
	if e.manual == nil {
		return
	}
	for _, o := range owners {
		if o.machine != nil {
			e.manual.reach(o.machine.Now())
		}
	}
	if e.manual.Now() == 0 {
		e.manual.reach(switchyard.InstantOf(time.Now()))
	}
}
