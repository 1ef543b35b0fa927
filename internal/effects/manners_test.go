package effects

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard"
)

// treated gives every target the same manners.
func treated(m Manners) func(*Options) {
	return func(o *Options) { o.Manners = func(Target) Manners { return m } }
}

// A target with a rate is asked at even steps, also when nothing waits between, and takes nothing
// from others while it waits.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		times := map[string][]time.Duration{}
		began := time.Now()
		b := newBench(Limits{Targets: 1}, func(_ context.Context, _ string, e *switchyard.Effect) Outcome {
			mu.Lock()
			defer mu.Unlock()
			times[e.Provider] = append(times[e.Provider], time.Since(began))
			return Outcome{OK: true}
		}, func(o *Options) {
			o.Manners = func(t Target) Manners {
				if t.Name == "paced" {
					return Manners{Rate: 2}
				}
				return Manners{}
			}
		})
		start(t, b)
		for n := range 3 {
			b.Perform("acme", effect(n, "paced"))
		}
		for n := range 20 {
			b.Perform("acme", effect(100+n, "free"))
		}
		synctest.Wait()
		asked := func(name string) []time.Duration { mu.Lock(); defer mu.Unlock(); return slices.Clone(times[name]) }
		if len(asked("free")) != 20 || len(asked("paced")) != 1 {
			t.Fatalf("at once: %v and %v", asked("free"), asked("paced"))
		}
		time.Sleep(1100 * time.Millisecond)
		b.Perform("acme", effect(50, "paced")) // 1.1s: the turn of 1.5s
		time.Sleep(time.Hour)
		b.Perform("acme", effect(51, "paced"))
		synctest.Wait()
		want := "[0s 500ms 1s 1.5s 1h0m1.1s]"
		if got := fmt.Sprint(asked("paced")); got != want {
			t.Errorf("asked at %s, want %s", got, want)
		}
		// Whoever stops waits for no turn.
		b.Perform("acme", effect(60, "paced"))
		stop(t, b)
	})
}

// After so many failures in a row attempts fail at once, whatever waits, until one that tries again
// succeeds.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		made, answer := 0, Outcome{}
		count := func() int { mu.Lock(); defer mu.Unlock(); return made }
		says := func(o Outcome) { mu.Lock(); defer mu.Unlock(); answer = o }
		registry := prometheus.NewRegistry()
		b := newBench(Limits{PerTarget: 1}, func(_ context.Context, _ string, e *switchyard.Effect) Outcome {
			if e.Provider == "fine" {
				return Outcome{OK: true}
			}
			time.Sleep(10 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			made++
			return answer
		}, treated(Manners{Rate: 1000, Failures: 3, Pause: 30 * time.Second}), func(o *Options) { o.Registerer = registry })
		start(t, b)
		n := 0
		ask := func(times int) {
			for range times {
				n++
				b.Perform("acme", effect(n, "down"))
			}
		}
		last := func() *switchyard.EffectResult {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.results["acme"][len(b.results["acme"])-1]
		}
		// Refusals and errors of ours are no failures of the target, and break a row of them.
		says(Outcome{Status: 503})
		ask(2)
		time.Sleep(30 * time.Second)
		says(Outcome{Status: 422, GiveUp: true})
		ask(1)
		time.Sleep(30 * time.Second)
		says(Outcome{Silent: true})
		ask(2)
		time.Sleep(30 * time.Second)
		if count() != 5 || gauge(t, registry, "switchyard_effect_breakers_open") != 0 {
			t.Fatalf("%d attempts were made, want 5", count())
		}
		// The third in a row is the last for a while; two hundred behind it fail at once.
		ask(201)
		time.Sleep(11 * time.Second)
		if count() != 6 || b.count("acme") != 206 {
			t.Fatalf("%d attempts were made, %d reported", count(), b.count("acme"))
		}
		if r := last(); r.OK || r.GiveUp || !strings.Contains(r.Detail, "the 3 latest attempts at down failed, the first at 2000-01-01T00:01:10Z; it is tried again from 2000-01-01T00:02:10Z on") {
			t.Errorf("%+v", r)
		}
		if gauge(t, registry, "switchyard_effect_breakers_open") != 1 || gauge(t, registry, "switchyard_effect_breaker_refusals_total") != 200 {
			t.Error("the metrics do not say so")
		}
		b.Perform("acme", effect(10_000, "fine"))
		synctest.Wait()
		if !last().OK {
			t.Error("another target is held as well")
		}
		// After the pause one attempt looks; while it does, and after it failed, the others do not wait.
		time.Sleep(30 * time.Second)
		ask(1)
		synctest.Wait()
		time.Sleep(10 * time.Second)
		ask(5)
		synctest.Wait()
		if count() != 7 {
			t.Errorf("%d attempts were made, want the trial and no other", count())
		}
		// It is back.
		says(Outcome{OK: true})
		time.Sleep(31 * time.Second)
		ask(1)
		time.Sleep(10 * time.Second)
		ask(3)
		time.Sleep(31 * time.Second)
		if count() != 11 || !last().OK || gauge(t, registry, "switchyard_effect_breakers_open") != 0 {
			t.Errorf("%d attempts were made: %+v", count(), last())
		}
		stop(t, b)
		b.Worker.mu.Lock()
		defer b.Worker.mu.Unlock()
		if len(b.breakers) != 0 {
			t.Errorf("left: %v", b.breakers)
		}
		b.Worker.mu.Unlock()
		b.empty(t)
		b.Worker.mu.Lock()
	})
}

// Attempts made together while a target goes down neither open its breaker twice nor shorten the
// pause; what was under way when it opened may bring it back.
func TestBreakerWithManyUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int32
		b := newBench(Limits{PerTarget: 8}, func(_ context.Context, _ string, _ *switchyard.Effect) Outcome {
			made.Add(1)
			time.Sleep(10 * time.Second)
			return Outcome{Silent: true}
		}, treated(Manners{Failures: 5, Pause: time.Minute}))
		start(t, b)
		for n := range 256 {
			b.Perform("acme", effect(n, "down"))
		}
		time.Sleep(11 * time.Second)
		if made.Load() != 8 || b.count("acme") != 256 {
			t.Errorf("%d attempts were made, %d reported: want 8 and all at once behind them", made.Load(), b.count("acme"))
		}
		// After the pause one of many looks.
		time.Sleep(time.Minute)
		for n := range 256 {
			b.Perform("acme", effect(1000+n, "down"))
		}
		time.Sleep(11 * time.Second)
		if made.Load() != 9 || b.count("acme") != 512 {
			t.Errorf("%d attempts were made, %d reported: want one to look", made.Load(), b.count("acme"))
		}
		stop(t, b)
	})
}

func gauge(t *testing.T, r *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}
