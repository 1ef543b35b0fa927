package engine

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"switchyard"
)

// Several accounts share the cores and the commits of one server. While more than one of them is
// called, each has a gate that lets in only so many of its calls at a time: a flood then waits at its
// own gate, and not with everybody else for a core. What counts is decided in docs/decisions/0016.

// epoch is what the times of crowds count from; a monotonic clock does not jump.
var epoch = time.Now().Add(-time.Second)

// crowd knows whether accounts have neighbours that are called as well.
type crowd struct {
	mu     sync.Mutex
	latest *owner
	at     time.Duration // when latest was called last, since epoch
	other  time.Duration // when another than latest was; 0 = never
}

// crowdFor is how long after its last call an account counts as a neighbour.
const crowdFor = time.Second

// called notes a call to an account and reports whether it has neighbours.
func (c *crowd) called(o *owner) bool {
	now := time.Since(epoch)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest != o {
		if c.latest != nil {
			c.other = c.at
		}
		c.latest = o
	}
	c.at = now
	return c.other != 0 && now-c.other < crowdFor
}

// now reports whether several accounts are called at present.
func (c *crowd) now() bool {
	now := time.Since(epoch)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.other != 0 && now-c.other < crowdFor && now-c.at < crowdFor
}

// gate bounds how many calls of an account are in progress while it has neighbours.
type gate struct {
	crowded atomic.Bool // as of the last call

	mu     sync.Mutex
	inside int
	line   queue[*visitor]
}

// visitor waits at a gate. Its channel is closed when it is let in.
type visitor struct {
	in   chan struct{}
	gone bool // it waits no longer
}

// enter returns when the call may go on; leave must follow unless it failed.
func (o *owner) enter(ctx context.Context) error {
	g := &o.gate
	if o.e.manual != nil {
		return nil // calls wait for each other then: one moves the clock, others answer what that brings
	}
	g.crowded.Store(o.e.crowd.called(o))
	g.mu.Lock()
	if g.line.len() == 0 && g.inside < o.places() {
		g.inside++
		g.mu.Unlock()
		return nil
	}
	if waiting := g.line.len(); waiting >= o.e.options.Limits.Inbox {
		g.mu.Unlock()
		return o.busy(waiting)
	}
	v := &visitor{in: make(chan struct{})}
	g.line.push(v)
	g.admit(o.places())
	g.mu.Unlock()
	select {
	case <-v.in:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-v.in: // both at once
		g.inside--
		g.admit(o.places())
	default:
		v.gone = true
	}
	return ctx.Err()
}

func (g *gate) admit(places int) {
	for g.line.len() > 0 && g.inside < places {
		if v := g.line.pop(); !v.gone {
			g.inside++
			close(v.in)
		}
	}
}

// exit lets the next calls in.
func (o *owner) exit() {
	if o.e.manual != nil {
		return
	}
	g := &o.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.admit(o.places())
}

// crowdedRate is how many calls a second an account is let in beside others at least, where the disk
// is slow and many calls have to share a commit.
const crowdedRate = 8000

// places is how many calls may be in progress. Without neighbours the inbox bounds them.
func (o *owner) places() int {
	if !o.gate.crowded.Load() {
		return 1 << 30
	}
	shared := int(time.Duration(o.e.committer.pace.Load()).Seconds() * crowdedRate)
	return max(2*runtime.NumCPU(), shared)
}

func (o *owner) busy(waiting int) *switchyard.Error {
	o.e.metrics.busy.Inc()
	return switchyard.Refuse(switchyard.Busy, "account %s has %d calls waiting, as many as it may; try again in a second", o.account, waiting)
}
