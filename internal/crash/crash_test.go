package crash

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

var (
	crashes = flag.Int("crashes", 20, "how often servers are killed")
	seed    = flag.Uint64("seed", 0, "of everything that is left to chance; 0 = another each time")
)

// TestKilledServersKeepTheirWord kills servers at random moments under load. Every acknowledged
// request is there once, nothing else is, no work was with two agents, callbacks are complete and in
// order, no effect is lost or made again but under its own id, the feed has no gap, and the journal
// decides the same again.
func TestKilledServersKeepTheirWord(t *testing.T) {
	f := newFaults()
	h := newHarness(t, f, "")
	h.run(*crashes)
	f.report(t)
	h.tally().shows(t, *crashes)
}

// TestHarnessFindsHastyServer is the harness's canary: a server that answers before the commit must
// be found out.
func TestHarnessFindsHastyServer(t *testing.T) {
	t.Parallel()
	f := newFaults()
	newHarness(t, f, hastyBug).run(4)
	if f.of(lostFault) == 0 {
		t.Error("a server that answered before the commit was killed 4 times, and the harness missed nothing")
	}
	t.Logf("found: %v", f.count)
}

// TestHarnessFindsCarelessServer is the canary of the effects: a server that makes attempts of one
// account under new ids, and reports those of the other before they are made, must be found out in both.
func TestHarnessFindsCarelessServer(t *testing.T) {
	t.Parallel()
	f := newFaults()
	newHarness(t, f, carelessBug).run(4)
	if f.of(repeatFault) == 0 || f.of(unmadeFault) == 0 {
		t.Error("a server made effects under new ids and reported others before they were made, and the harness missed one or both")
	}
	t.Logf("found: %v", f.count)
}

// harness kills servers while two accounts are busy.
type harness struct {
	t        *testing.T
	faults   *faults
	rnd      *rand.Rand
	server   *server
	receiver *receiver
	outside  *outside
	worlds   []*world
}

func newHarness(t *testing.T, f *faults, bug string) *harness {
	t.Helper()
	from := *seed
	if from == 0 {
		from = rand.Uint64()
	}
	t.Logf("seed %d", from)
	h := &harness{t: t, faults: f, rnd: chance(from, "harness")}
	var err error
	if h.receiver, err = newReceiver(f, chance(from, "receiver")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.receiver.Close)
	if h.outside, err = newOutside(t, f, chance(from, "outside")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.outside.close)
	if h.server, err = newServer(filepath.Join(t.TempDir(), "data"), bug, h.outside, f, h.rnd); err != nil {
		t.Fatal(err)
	}
	for _, account := range accounts {
		h.worlds = append(h.worlds, newWorld(account, h.server, f, from))
	}
	return h
}

// limit is how long a run may take in all.
func (h *harness) limit(crashes int) time.Duration {
	return time.Minute*3 + time.Duration(crashes)*10*time.Second
}

func (h *harness) run(crashes int) {
	ctx, cancel := context.WithTimeout(context.Background(), h.limit(crashes))
	defer cancel()
	h.start()
	defer func() { h.server.kill() }()
	for _, w := range h.worlds {
		if err := w.register(ctx, h.receiver.URL); err != nil {
			h.t.Fatal(err)
		}
	}
	loaded, unload := context.WithCancel(ctx)
	defer unload()
	load, people := h.busy(ctx, loaded)
	for n := range crashes {
		h.crash(ctx, n)
	}
	unload()
	load.wait(h.t)
	h.drain(ctx)
	for _, w := range h.worlds {
		if err := w.check(ctx, h.receiver, h.outside); err != nil {
			h.t.Errorf("account %s: %v", w.account, err)
		}
		h.t.Log(w.summary())
	}
	people.cancel()
	people.wait(h.t)
	h.verify(ctx)
}

// start launches a server and waits until it serves.
func (h *harness) start() {
	ready, err := h.server.launch()
	if err == nil {
		err = h.await(ready)
	}
	if err != nil {
		h.t.Fatalf("the server did not start: %v; its log ends:\n%s", err, h.server.logTail())
	}
	h.server.open()
}

// startLimit is how long a server may take to serve.
const startLimit = time.Minute

func (h *harness) await(ready <-chan error) error {
	select {
	case err := <-ready:
		return err
	case <-time.After(startLimit):
		return fmt.Errorf("it did not serve within %s", startLimit)
	}
}

// crash lets the server work for a while, kills it and starts the next; some of those are killed
// while they recover, and some find no tables.
func (h *harness) crash(ctx context.Context, n int) {
	pause(ctx, time.Duration(50+h.rnd.IntN(1000))*time.Millisecond)
	for again := true; again; {
		h.aim(ctx)
		h.server.kill()
		h.silence()
		if h.rnd.IntN(8) == 0 {
			if err := h.server.dropTables(); err != nil {
				h.t.Fatal(err)
			}
		}
		if again = h.rnd.IntN(5) == 0; again {
			if _, err := h.server.launch(); err != nil {
				h.t.Fatal(err)
			}
			pause(ctx, time.Duration(h.rnd.IntN(150))*time.Millisecond)
		}
	}
	h.start()
}

// aim chooses the moment of a kill: any, or one with many requests that are not answered, or one at
// which many answers are on their way to being recorded.
func (h *harness) aim(ctx context.Context) {
	h.outside.hold()
	moment := h.rnd.IntN(3)
	if moment == 0 {
		return
	}
	pause(ctx, time.Duration(h.rnd.IntN(60))*time.Millisecond)
	if moment == 2 {
		h.outside.free()
		pause(ctx, time.Duration(h.rnd.IntN(3000))*time.Microsecond)
		h.outside.hold()
	}
}

// silence waits until whatever the dead server sent has arrived.
func (h *harness) silence() {
	if err := h.receiver.wire.silence(); err != nil {
		h.t.Fatal(err)
	}
	if err := h.outside.silence(); err != nil {
		h.t.Fatal(err)
	}
}

// crew is goroutines that end together.
type crew struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
	mu     sync.Mutex
	failed []error
}

func (c *crew) run(f func() error) {
	c.all.Go(func() {
		if err := f(); err != nil {
			c.mu.Lock()
			c.failed = append(c.failed, err)
			c.mu.Unlock()
		}
	})
}

func (c *crew) wait(t *testing.T) {
	t.Helper()
	c.all.Wait()
	for _, err := range c.failed {
		t.Error(err)
	}
}

// busy sets callers, agents and readers going.
func (h *harness) busy(ctx, loaded context.Context) (load, people *crew) {
	load, people = new(crew), new(crew)
	ctx, people.cancel = context.WithCancel(ctx)
	for _, w := range h.worlds {
		for _, c := range w.callers {
			load.run(func() error { return c.run(ctx, loaded) })
		}
		people.run(func() error { return w.reader.run(ctx) })
		for _, d := range w.desks {
			people.run(func() error { return quiet(ctx, d.run(ctx)) })
		}
	}
	return load, people
}

// quiet leaves out the error of an end that was asked for.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// drainLimit is how long agents may take to finish everything.
const drainLimit = time.Minute

// drain lets agents finish their work and callbacks arrive. What the server still holds at the end
// of the time is a fault.
func (h *harness) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	for _, w := range h.worlds {
		for _, d := range w.desks {
			d.draining.Store(true)
			d.poke()
		}
	}
	for _, w := range h.worlds {
		for {
			idle, err := w.idle(ctx)
			if idle {
				break
			}
			if ctx.Err() != nil {
				h.faults.add(serverFault, "account %s was not drained in time: %v", w.account, err)
				break
			}
			if err != nil {
				h.t.Fatal(err)
			}
			pause(ctx, 20*time.Millisecond)
		}
	}
}

// verify stops the server a last time and reads its journal and its log.
func (h *harness) verify(ctx context.Context) {
	h.server.kill()
	if err := verify(ctx, h.t, h.server.data, h.faults); err != nil {
		h.faults.add(verifyFault, "%v", err)
	}
	for _, line := range h.server.errorsLogged() {
		h.faults.add(serverFault, "logged: %s", line)
	}
	h.t.Logf("%d callbacks were repeated", h.receiver.repeats)
	h.t.Log(h.tally())
}

// summary tells how much an account had to do.
func (w *world) summary() string {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	acts := 0
	for _, n := range w.ledger.acts {
		acts += n
	}
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	return fmt.Sprintf("%s: %d requests, %d dispatches acknowledged, %d actions of agents, %d calls of unknown outcome, %d events read, %d callbacks",
		w.account, len(w.ledger.requests), len(w.ledger.order), acts, w.ledger.unknowns, len(w.reader.seen), w.model.callbacks())
}
