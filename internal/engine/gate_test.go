package engine

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard"
)

// gated is an account's owner without a server around it.
func gated(e *Engine) *owner { return &owner{e: e, account: "acme"} }

// TestGateBoundsAnAccountWithNeighbours lets a hundred calls of one account come while another is
// called, and while none is.
func TestGateBoundsAnAccountWithNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &Engine{committer: &committer{}}
		e.options.Limits.fill()
		flooded, other := gated(e), gated(e)
		const calls = 100
		arrive := func() {
			for range calls {
				go func() {
					if err := flooded.enter(t.Context()); err != nil {
						t.Error(err)
						return
					}
					time.Sleep(10 * time.Millisecond)
					flooded.exit()
				}()
			}
			synctest.Wait()
		}
		count := func() (inside, line int) {
			flooded.gate.mu.Lock()
			defer flooded.gate.mu.Unlock()
			return flooded.gate.inside, flooded.gate.line.len()
		}
		call := func() {
			if err := other.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
			other.exit()
		}
		arrive()
		if n, _ := count(); n != calls {
			t.Errorf("alone: %d calls in progress", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		call()
		arrive()
		few := 2 * runtime.NumCPU()
		if n, line := count(); n != few || line != calls-few {
			t.Errorf("beside another: %d calls in progress, %d wait", n, line)
		}
		e.committer.pace.Store(int64(5 * time.Millisecond)) // such a disk has to commit many at once
		time.Sleep(11 * time.Millisecond)
		if n, _ := count(); n != 40 {
			t.Errorf("beside another, on a slow disk: %d calls in progress", n)
		}
		time.Sleep(time.Second)
		if n, line := count(); n != 0 || line != 0 {
			t.Errorf("at the end: %d calls in progress, %d wait", n, line)
		}
		arrive()
		if n, _ := count(); n != calls {
			t.Errorf("a second after the other's call: %d calls in progress", n)
		}
		time.Sleep(time.Second)
	})
}

// TestGateForgetsWhoLeft has calls give up while they wait at the gate, and one too many come.
func TestGateForgetsWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &Engine{committer: &committer{}, metrics: newMetrics(prometheus.NewRegistry(), func() (time.Duration, int) { return 0, 0 })}
		e.options.Limits.fill()
		e.options.Limits.Inbox = 3
		o, other := gated(e), gated(e)
		if err := other.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		few := 2 * runtime.NumCPU()
		for range few {
			if err := o.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		for range 3 {
			go func() {
				if err := o.enter(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("given up: %v", err)
				}
			}()
		}
		synctest.Wait()
		if err := o.enter(t.Context()); code(err) != switchyard.Busy {
			t.Errorf("a fourth that waits: %v", err)
		}
		cancel()
		synctest.Wait()
		for range few {
			o.exit()
		}
		if n := o.gate.inside; n != 0 {
			t.Errorf("at the end: %d calls in progress", n)
		}
	})
}
