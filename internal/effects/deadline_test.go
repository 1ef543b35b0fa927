package effects

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"switchyard"
)

// call is a data connector's effect that has until the deadline.
func call(n int, host string, deadline switchyard.Instant) *switchyard.Effect {
	return &switchyard.Effect{ID: switchyard.NewID(1, uint64(n), 7), Kind: switchyard.EffectConnector, Attempt: 1,
		Deadline: deadline, Connector: &switchyard.ConnectorCall{Host: host}}
}

func connectors(p performer) func(*Options) {
	return func(o *Options) { o.Performers[switchyard.EffectConnector] = p }
}

// Ten thousand connectors ask a host that hangs. Another host, and callbacks, are asked as if it did
// not; and when their time is over nobody is asked any more.
func TestHangingHostDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		b := newBench(Limits{}, func(context.Context, string, *switchyard.Effect) Outcome { return Outcome{OK: true} },
			connectors(func(ctx context.Context, _ string, e *switchyard.Effect) Outcome {
				if e.Connector.Host != "hangs" {
					return Outcome{OK: true}
				}
				asked++ // the first 64 begin one after another, those after them come one at a time
				<-ctx.Done()
				return Outcome{GiveUp: true, Timeout: true, Silent: true}
			}))
		start(t, b)
		deadline := switchyard.InstantOf(time.Now()).Add(10 * switchyard.Second)
		hand := NewHandover("acme", b.Perform)
		state := map[switchyard.ID]*switchyard.Effect{}
		for n := range 10_000 {
			e := call(n, "hangs", deadline)
			state[e.ID] = e
			hand.Give(e)
			synctest.Wait()
		}
		for n := range 200 {
			b.Perform("acme", call(20_000+n, "works", deadline))
			b.Perform("other", effect(30_000+n, "called"))
		}
		synctest.Wait()
		if b.count("acme") != 200 || b.count("other") != 200 {
			t.Errorf("%d of 200 requests and %d of 200 callbacks while a host hangs", b.count("acme"), b.count("other"))
		}
		if asked != b.limits.PerHost {
			t.Errorf("%d attempts at the host that hangs; want %d", asked, b.limits.PerHost)
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		for hand.Behind() > 0 {
			before := hand.Behind()
			hand.Room(Target{"acme", switchyard.EffectConnector, "hangs"}, func(id switchyard.ID) *switchyard.Effect { return state[id] })
			synctest.Wait()
			if hand.Behind() == before {
				t.Fatalf("%d effects are stuck behind the host that hangs", before)
			}
		}
		if n := b.count("acme"); n != 10_200 {
			t.Errorf("%d of 10200 results", n)
		}
		if asked != b.limits.PerHost {
			t.Errorf("%d attempts at the host that hangs after all deadlines; want still %d", asked, b.limits.PerHost)
		}
		for _, r := range b.results["acme"][200+asked:] {
			if !r.Timeout || r.OK {
				t.Fatalf("an attempt that was too late came to %+v", r)
			}
		}
		b.empty(t)
		stop(t, b)
	})
}

// Sixteen hosts of one account hang with ten thousand requests, and have every place it may have.
// Another account's host, which takes 100 ms for an answer, has its 64 places, and another's provider
// its 8.
func TestHangingHostsLeaveOtherAccountsTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := func(ctx context.Context, account string, _ *switchyard.Effect) Outcome {
			if account == "hung" {
				<-ctx.Done()
				return Outcome{GiveUp: true, Timeout: true, Silent: true}
			}
			time.Sleep(100 * time.Millisecond)
			return Outcome{OK: true}
		}
		b := newBench(Limits{}, answer, connectors(answer))
		start(t, b)
		deadline := switchyard.InstantOf(time.Now()).Add(30 * switchyard.Second)
		for n := range 10_000 {
			b.Perform("hung", call(n, fmt.Sprint("hangs", n%16), deadline))
		}
		synctest.Wait()
		b.Worker.mu.Lock()
		if b.asked.taken != b.limits.Shared/2 {
			t.Errorf("the hosts that hang have %d shared places; want %d", b.asked.taken, b.limits.Shared/2)
		}
		b.Worker.mu.Unlock()
		for n := range 256 {
			b.Perform("other", call(20_000+n, "works", deadline))
		}
		for n := range 32 {
			b.Perform("third", effect(30_000+n, "called"))
		}
		time.Sleep(400*time.Millisecond + time.Microsecond)
		synctest.Wait()
		if b.count("other") != 256 || b.count("third") != 32 {
			t.Errorf("after 400 ms %d of 256 requests and %d of 32 callbacks were answered", b.count("other"), b.count("third"))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		b.empty(t)
		stop(t, b)
	})
}

// Connectors that use up all shared places take none from callbacks.
func TestPoolsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := newBench(Limits{Shared: 20, PerHost: 5}, func(context.Context, string, *switchyard.Effect) Outcome {
			<-release
			return Outcome{OK: true}
		}, connectors(func(context.Context, string, *switchyard.Effect) Outcome {
			<-release
			return Outcome{OK: true}
		}))
		start(t, b)
		for n := range 100 {
			b.Perform("acme", call(n, string(rune('a'+n%5)), switchyard.Never))
			b.Perform("acme", effect(1000+n, "p"))
		}
		synctest.Wait()
		b.Worker.mu.Lock()
		if b.firsts.taken != 6 || b.asked.taken != 10 || b.others.taken != 7 {
			t.Errorf("%d first, %d of connectors, %d of callbacks; want 6, 10, 7", b.firsts.taken, b.asked.taken, b.others.taken)
		}
		b.Worker.mu.Unlock()
		close(release)
		synctest.Wait()
		if b.count("acme") != 200 {
			t.Errorf("%d of 200 results", b.count("acme"))
		}
		b.empty(t)
		stop(t, b)
	})
}

// Deadlines go by the engine's clock: under a manual one that stands still an attempt has all its
// time, and one whose deadline that clock has passed is not made.
func TestDeadlinesGoByTheEnginesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := switchyard.Instant(1_000_000)
		var left []time.Duration
		b := newBench(Limits{}, nil, connectors(func(ctx context.Context, _ string, _ *switchyard.Effect) Outcome {
			until, _ := ctx.Deadline()
			left = append(left, time.Until(until))
			return Outcome{OK: true}
		}), func(o *Options) { o.Clock = func() switchyard.Instant { return now } })
		start(t, b)
		b.Perform("acme", call(1, "h", now+5000))
		synctest.Wait()
		now += 5000
		b.Perform("acme", call(2, "h", now))
		synctest.Wait()
		if len(left) != 1 || left[0] != 5*time.Second {
			t.Errorf("attempts had %v", left)
		}
		if r := b.results["acme"][1]; !r.Timeout || !r.GiveUp {
			t.Errorf("%+v", r)
		}
		stop(t, b)
	})
}
