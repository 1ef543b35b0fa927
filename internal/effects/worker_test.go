package effects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"switchyard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// performer makes a function a Performer.
type performer func(ctx context.Context, account string, e *switchyard.Effect) Outcome

func (p performer) Attempt(ctx context.Context, account string, e *switchyard.Effect) Outcome {
	return p(ctx, account, e)
}

func effect(n int, provider string) *switchyard.Effect {
	return &switchyard.Effect{ID: switchyard.NewID(1, uint64(n), 7), Kind: switchyard.EffectCallback,
		Provider: provider, Attempt: 1}
}

// bench is a worker whose results are kept.
type bench struct {
	*Worker
	log bytes.Buffer

	mu      sync.Mutex
	results map[string][]*switchyard.EffectResult // by account
	rooms   []Target
}

func newBench(limits Limits, p performer, more ...func(*Options)) *bench {
	b := &bench{results: map[string][]*switchyard.EffectResult{}}
	o := Options{
		Log:        slog.New(slog.NewTextHandler(&b.log, nil)),
		Performers: map[string]Performer{switchyard.EffectCallback: p},
		Limits:     limits,
		Results: func(account string, r *switchyard.EffectResult) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.results[account] = append(b.results[account], r)
		},
		Room: func(t Target) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.rooms = append(b.rooms, t)
		},
	}
	for _, change := range more {
		change(&o)
	}
	b.Worker = New(o)
	return b
}

func (b *bench) count(account string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.results[account])
}

// empty fails the test when the worker still holds anything.
func (b *bench) empty(t *testing.T) {
	t.Helper()
	b.Worker.mu.Lock()
	defer b.Worker.mu.Unlock()
	w := b.Worker
	taken, shares := 0, 0
	for _, p := range []*pool{w.firsts, w.others, w.asked} {
		taken, shares = taken+p.taken, shares+len(p.shares)
	}
	if len(w.targets)+len(w.known)+taken+shares+w.inFlight+len(w.roomFor) != 0 {
		t.Errorf("left: %d targets, %d known, %d places taken, %d shares, %d in flight, %d to tell",
			len(w.targets), len(w.known), taken, shares, w.inFlight, len(w.roomFor))
	}
}

func start(t *testing.T, b *bench) {
	t.Helper()
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func stop(t *testing.T, b *bench) {
	t.Helper()
	if err := b.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Ten thousand effects wait for one dead provider: they hold 8 goroutines and 256 places, and the
// provider beside it, of the same account, has all of its effects performed meanwhile.
func TestDeadTargetDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := newBench(Limits{}, func(_ context.Context, _ string, e *switchyard.Effect) Outcome {
			if e.Provider == "dead" {
				<-release
			}
			return Outcome{OK: e.Provider != "dead"}
		})
		start(t, b)
		before := runtime.NumGoroutine()
		taken := 0
		for n := range 10_000 {
			if b.Perform("acme", effect(n, "dead")) {
				taken++
			}
		}
		synctest.Wait()
		if want := b.limits.Backlog + b.limits.PerTarget; taken != want {
			t.Errorf("%d effects taken; want %d", taken, want)
		}
		// Goroutines of other tests may end meanwhile, none begins.
		if n := runtime.NumGoroutine() - before; n > b.limits.PerTarget {
			t.Errorf("%d goroutines for the dead target; want at most %d", n, b.limits.PerTarget)
		}
		for n := range 200 {
			if !b.Perform("acme", effect(20_000+n, "alive")) {
				t.Fatal("the other target has no room")
			}
		}
		synctest.Wait()
		if n := b.count("acme"); n != 200 {
			t.Errorf("%d of 200 effects performed while a target is dead", n)
		}
		close(release)
		synctest.Wait()
		if n := b.count("acme"); n != 200+taken {
			t.Errorf("%d results; want %d", n, 200+taken)
		}
		if want := (Target{"acme", switchyard.EffectCallback, "dead"}); len(b.rooms) != 1 || b.rooms[0] != want {
			t.Errorf("room told for %v; want once for %v", b.rooms, want)
		}
		b.empty(t)
		stop(t, b)
	})
}

// So many dead targets that their account's shared places are gone: one that comes later still has
// its own.
func TestManyDeadTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		limits := Limits{PerTarget: 8, Shared: 40, Targets: 100}
		b := newBench(limits, func(_ context.Context, _ string, e *switchyard.Effect) Outcome {
			if strings.HasPrefix(e.Provider, "dead") {
				<-release
			}
			return Outcome{OK: true}
		})
		start(t, b)
		for d := range 40 {
			for n := range 20 {
				b.Perform("acme", effect(d*100+n, fmt.Sprint("dead", d)))
			}
		}
		for n := range 100 {
			b.Perform("other", effect(10_000+n, "alive"))
		}
		synctest.Wait()
		if n := b.count("other"); n != 100 {
			t.Errorf("%d of 100 effects performed", n)
		}
		b.Worker.mu.Lock()
		if b.firsts.taken != 40 || b.others.taken != 20 {
			t.Errorf("%d first and %d shared attempts in flight; want 40 and 20", b.firsts.taken, b.others.taken)
		}
		b.Worker.mu.Unlock()
		close(release)
		synctest.Wait()
		if n := b.count("acme"); n != 800 {
			t.Errorf("%d of 800 results", n)
		}
		b.empty(t)
		stop(t, b)
	})
}

func TestSilentTargetIsAskedOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most, made := 0, 0, 0
		awake := false
		b := newBench(Limits{PerTarget: 4}, func(_ context.Context, _ string, _ *switchyard.Effect) Outcome {
			mu.Lock()
			now, made = now+1, made+1
			most = max(most, now)
			silent := !awake
			mu.Unlock()
			time.Sleep(10 * time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return Outcome{OK: !silent, Silent: silent}
		})
		start(t, b)
		for n := range 30 {
			b.Perform("acme", effect(n, "p"))
		}
		// The first four find out; from then on one at a time.
		time.Sleep(11 * time.Second)
		mu.Lock()
		if most != 4 || now != 1 {
			t.Errorf("at most %d together, %d now; want 4 and 1", most, now)
		}
		awake, most = true, 0
		mu.Unlock()
		time.Sleep(10 * time.Second) // the one that began in silence ends
		time.Sleep(10 * time.Second) // the first that gets an answer
		synctest.Wait()
		mu.Lock()
		if now != 4 {
			t.Errorf("%d together after an answer; want 4 again", now)
		}
		mu.Unlock()
		time.Sleep(time.Minute * 2)
		synctest.Wait()
		if n := b.count("acme"); n != 30 {
			t.Errorf("%d of 30 results", n)
		}
		stop(t, b)
	})
}

// A world of engines, targets and answers of all kinds: each effect has its result exactly once,
// nobody is starved, no limit is passed, and nothing is left in the worker.
func TestRandomWorlds(t *testing.T) {
	seed := rand.Uint64()
	for world := range uint64(40) {
		t.Run(fmt.Sprintf("seed %d-%d", seed, world), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { randomWorld(t, rand.New(rand.NewPCG(seed, world))) })
		})
	}
}

func randomWorld(t *testing.T, r *rand.Rand) {
	limits := Limits{PerTarget: 1 + r.IntN(5), Shared: 1 + r.IntN(6), Targets: 1 + r.IntN(8), Backlog: 1 + r.IntN(9)}
	var mu sync.Mutex
	flying, total := map[string]int{}, 0
	b := newBench(limits, func(_ context.Context, _ string, e *switchyard.Effect) Outcome {
		mu.Lock()
		flying[e.Provider]++
		total++
		if flying[e.Provider] > limits.PerTarget || total > limits.Shared+limits.Targets {
			t.Errorf("%+v: %d at %s, %d in all", limits, flying[e.Provider], e.Provider, total)
		}
		pause, o := time.Duration(r.IntN(5000))*time.Millisecond, Outcome{OK: r.IntN(3) > 0, Silent: r.IntN(8) == 0}
		mu.Unlock()
		time.Sleep(pause)
		mu.Lock()
		flying[e.Provider]--
		total--
		mu.Unlock()
		return o
	})
	// The owner's inbox: effects to give, and targets with room.
	inbox := make(chan any, 4096)
	b.options.Room = func(name Target) { inbox <- name }
	state := map[switchyard.ID]*switchyard.Effect{}
	hand := NewHandover("acme", b.Perform)
	owner := make(chan struct{})
	go func() {
		defer close(owner)
		for message := range inbox {
			switch m := message.(type) {
			case Target:
				hand.Room(m, func(id switchyard.ID) *switchyard.Effect { return state[id] })
			case *switchyard.Effect:
				state[m.ID] = m
				hand.Give(m)
			}
		}
	}()
	effects, providers := 1+r.IntN(400), 1+r.IntN(12)
	for n := range effects {
		if n == effects/3 {
			start(t, b)
		}
		mu.Lock()
		pause, provider := time.Duration(r.IntN(50))*time.Millisecond, fmt.Sprint("p", r.IntN(providers))
		mu.Unlock()
		time.Sleep(pause)
		inbox <- effect(n, provider)
	}
	time.Sleep(2 * time.Hour)
	synctest.Wait()
	seen := map[switchyard.ID]int{}
	for _, result := range b.results["acme"] {
		seen[result.Effect]++
	}
	for n := range effects {
		if times := seen[effect(n, "").ID]; times != 1 {
			t.Errorf("%+v: effect %d has %d results", limits, n, times)
		}
	}
	if hand.Behind() != 0 {
		t.Errorf("%+v: %d effects never handed over", limits, hand.Behind())
	}
	b.empty(t)
	close(inbox)
	<-owner
	stop(t, b)
}

// An attempt that is handed over again while it is under way is the same attempt. Handed over while
// its result is being reported, it is another: the account that would have taken the result may
// have been rebuilt without it.
func TestHandedOverAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, made := make(chan struct{}), 0
		var b *bench
		again := true
		b = newBench(Limits{}, func(context.Context, string, *switchyard.Effect) Outcome {
			made++
			<-gate
			return Outcome{OK: true}
		}, func(o *Options) {
			keep := o.Results
			o.Results = func(account string, r *switchyard.EffectResult) {
				if again {
					again = false
					b.Perform(account, effect(1, "p"))
				}
				keep(account, r)
			}
		})
		start(t, b)
		for range 3 {
			b.Perform("acme", effect(1, "p"))
			synctest.Wait()
		}
		if made != 1 {
			t.Fatalf("%d attempts made; want 1", made)
		}
		close(gate)
		synctest.Wait()
		if made != 2 || b.count("acme") != 2 {
			t.Errorf("%d attempts made, %d reported; want 2 of each", made, b.count("acme"))
		}
		next := effect(1, "p")
		next.Attempt = 2
		b.Perform("acme", next)
		synctest.Wait()
		if got := b.results["acme"]; len(got) != 3 || got[2].Attempt != 2 {
			t.Errorf("the second attempt was not made: %+v", got)
		}
		stop(t, b)
	})
}

func TestResultSaysWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		b := newBench(Limits{}, func(_ context.Context, account string, e *switchyard.Effect) Outcome {
			time.Sleep(1500 * time.Millisecond)
			if e.Provider == "bug" {
				panic("secret")
			}
			return Outcome{GiveUp: true, Status: 404, Detail: "not here"}
		}, func(o *Options) { o.Registerer = registry })
		start(t, b)
		b.Perform("acme", effect(1, "p"))
		b.Perform("bugs", effect(2, "bug"))
		unknown := effect(3, "p")
		unknown.Kind = "telegram"
		b.Perform("later", unknown)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got, want := *b.results["acme"][0], (switchyard.EffectResult{Effect: effect(1, "").ID, Attempt: 1,
			GiveUp: true, Status: 404, Detail: "not here", TookMillis: 1500}); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got := b.results["bugs"][0]; got.OK || got.GiveUp || strings.Contains(got.Detail+b.log.String(), "panic=secret") {
			t.Errorf("a panic became %+v", got)
		}
		if got := b.results["later"][0]; !got.GiveUp || !strings.Contains(got.Detail, "telegram") {
			t.Errorf("an unknown kind became %+v", got)
		}
		families, err := registry.Gather()
		if err != nil || len(families) != 4 {
			t.Fatalf("%d metrics, %v", len(families), err)
		}
		counted := fmt.Sprint(families[1].GetMetric())
		for _, want := range []string{"callback", "telegram", "given_up", "failed"} {
			if !strings.Contains(counted, want) {
				t.Errorf("%s lacks %s", counted, want)
			}
		}
		stop(t, b)
	})
}

func TestStopWaitsAndReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Limits{PerTarget: 2}, func(context.Context, string, *switchyard.Effect) Outcome {
			time.Sleep(time.Second)
			return Outcome{OK: true}
		})
		start(t, b)
		for n := range 10 {
			b.Perform("acme", effect(n, "p"))
		}
		synctest.Wait()
		stop(t, b)
		if n := b.count("acme"); n != 2 {
			t.Errorf("%d results; want the 2 that were in flight", n)
		}
		if b.Perform("acme", effect(99, "p")) {
			t.Error("a stopped worker took an effect")
		}
		b.empty(t)
	})
}

func TestStopCutsOffAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Limits{}, func(ctx context.Context, _ string, _ *switchyard.Effect) Outcome {
			<-ctx.Done()
			return Outcome{Detail: "cut off"}
		})
		start(t, b)
		for n := range 5 {
			b.Perform("acme", effect(n, "p"))
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		err := b.Stop(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "5 attempts") {
			t.Errorf("%v", err)
		}
		if n := b.count("acme"); n != 0 {
			t.Errorf("%d results of attempts that were cut off", n)
		}
		b.empty(t)
	})
}

// A report the engine does not take holds the target of the attempt and nobody else.
func TestSlowResultsHoldTheirTargetOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		b := newBench(Limits{PerTarget: 3, Shared: 2, Targets: 1}, func(context.Context, string, *switchyard.Effect) Outcome {
			return Outcome{OK: true}
		}, func(o *Options) {
			keep := o.Results
			o.Results = func(account string, r *switchyard.EffectResult) {
				if account == "stuck" {
					<-gate
				}
				keep(account, r)
			}
		})
		start(t, b)
		for n := range 20 {
			b.Perform("stuck", effect(n, "p"))
		}
		for n := range 20 {
			b.Perform("acme", effect(100+n, "p"))
		}
		synctest.Wait()
		if b.count("acme") != 20 || b.count("stuck") != 0 {
			t.Errorf("%d and %d results", b.count("acme"), b.count("stuck"))
		}
		b.Worker.mu.Lock()
		if b.inFlight != 3 {
			t.Errorf("%d in flight; want the 3 of the target that is held", b.inFlight)
		}
		b.Worker.mu.Unlock()
		close(gate)
		synctest.Wait()
		b.empty(t)
		stop(t, b)
	})
}
