package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"switchyard"
	"switchyard/internal/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is an engine on stores in memory, with the counting machine.
type rig struct {
	t       *testing.T
	journal *moody
	tables  *shelf
	options Options
	*Engine
}

func newRig(t *testing.T, change func(o *Options)) *rig {
	r := &rig{t: t, journal: newMoody(), tables: newShelf()}
	r.options = Options{Log: slog.New(slog.DiscardHandler), Decider: "test", Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
	if change != nil {
		change(&r.options)
	}
	return r
}

func (r *rig) start() *rig {
	r.t.Helper()
	o := r.options
	o.Journal, o.Tables = r.journal, r.tables
	r.Engine = newEngine(o, countingMachines)
	if err := r.Start(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	return r
}

func (r *rig) with(accounts ...string) *rig {
	r.t.Helper()
	for _, a := range accounts {
		if err := r.CreateAccount(context.Background(), a); err != nil {
			r.t.Fatal(err)
		}
	}
	return r
}

func (r *rig) stop() {
	r.t.Helper()
	if err := r.Stop(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) set(account, agent, presence string) (int, error) {
	answer, err := r.Do(context.Background(), account, Call{By: "test", Input: &switchyard.SetPresence{Agent: agent, Presence: presence}})
	n, _ := answer.(int)
	return n, err
}

func (r *rig) mustSet(account, agent, presence string) int {
	r.t.Helper()
	n, err := r.set(account, agent, presence)
	if err != nil {
		r.t.Fatalf("%s %s: %v", agent, presence, err)
	}
	return n
}

func (r *rig) dump(account string) (s string) {
	r.t.Helper()
	err := r.read(context.Background(), account, false, func(o *owner) { s = o.machine.(*counting).dump() })
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func code(err error) switchyard.Code {
	var e *switchyard.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func want(t *testing.T, err error, c switchyard.Code) {
	t.Helper()
	if code(err) != c {
		t.Fatalf("error %v, want code %q", err, c)
	}
}

// Whoever asked for what goes on as sweeps has an answer as soon as its own row is durable.
func TestAnswersDoNotWaitForSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		var answered atomic.Bool
		sweeps := 0
		o := r.options
		o.Journal, o.Tables = r.journal, r.tables
		r.Engine = newEngine(o, maker{value: countingMachines.value, state: func(account string) machine {
			m := newCounting(account)
			m.swept = func() {
				synctest.Wait() // for the committer and whoever it wakes
				if sweeps++; sweeps > 1 && !answered.Load() {
					t.Errorf("sweep %d is decided and nobody is answered", sweeps)
				}
			}
			return m
		}})
		if err := r.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		defer r.stop()
		r.with("acme")
		// The row is so long that it is handed over before anything follows from it.
		r.mustSet("acme", "ada"+strings.Repeat(" ", maxUnsent), "sweep")
		answered.Store(true)
		if err := r.View(context.Background(), "acme", nil); err != nil {
			t.Fatal(err)
		}
		if sweeps != 3 {
			t.Errorf("%d sweeps, want 3", sweeps)
		}
	})
}

func TestAnswersAreDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).start().with("acme")
		defer r.stop()
		if n := r.mustSet("acme", "ada", "Ready"); n != 1 {
			t.Fatalf("answer %d", n)
		}
		gate := make(chan struct{})
		r.journal.set(func(m *moody) { m.gate = gate })
		var done []string
		var mu sync.Mutex
		var calls sync.WaitGroup
		for _, presence := range []string{"Ready", "refuse", "nothing"} {
			calls.Go(func() {
				r.set("acme", "ada", presence)
				mu.Lock()
				defer mu.Unlock()
				done = append(done, presence)
			})
			synctest.Wait()
		}
		calls.Go(func() {
			r.dump("acme")
			mu.Lock()
			defer mu.Unlock()
			done = append(done, "view")
		})
		synctest.Wait()
		mu.Lock()
		if len(done) != 0 {
			t.Errorf("answered before anything was durable: %v", done)
		}
		mu.Unlock()
		r.journal.set(func(m *moody) { m.gate = nil })
		close(gate)
		calls.Wait()
		if len(done) != 4 {
			t.Fatalf("answered: %v", done)
		}
	})
}

func TestBusyWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Limits.Inbox, o.Limits.PendingRows, o.Limits.Batch = 3, 2, 1 }).start().with("acme")
		defer r.stop()
		gate := make(chan struct{})
		r.journal.set(func(m *moody) { m.gate = gate })
		var calls sync.WaitGroup
		for range 5 {
			calls.Go(func() { r.mustSet("acme", "ada", "Ready") })
			synctest.Wait()
		}
		_, err := r.set("acme", "ada", "Ready")
		want(t, err, switchyard.Busy)
		r.journal.set(func(m *moody) { m.gate = nil })
		close(gate)
		calls.Wait()
	})
}

func TestCommitterIsFair(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Limits.RowsPerCommit = 4 })
	e := newEngine(Options{Journal: r.journal, Tables: r.tables, Limits: r.options.Limits}, countingMachines)
	rows := func(account string, n int) (rows []journal.Row) {
		for seq := range n {
			rows = append(rows, journal.Row{Account: account, Seq: switchyard.Seq(seq + 1)})
		}
		return rows
	}
	flooded, quiet := newOwner(e, "flooded"), newOwner(e, "quiet")
	flooded.lane.submit(rows("flooded", 10))
	quiet.lane.submit(rows("quiet", 1))
	var shares []string
	for e.committer.step(context.Background()) {
		counts := map[string]int{}
		for _, row := range r.journal.appends[len(r.journal.appends)-1] {
			counts[row.Account]++
		}
		shares = append(shares, fmt.Sprint(counts))
	}
	if got := fmt.Sprint(shares); got != "[map[flooded:4 quiet:1] map[flooded:4] map[flooded:2]]" {
		t.Fatalf("transactions: %v", got)
	}
	e.cancel()
}

func TestOnlyTheFailingAccountFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).start().with("acme", "other")
		defer r.stop()
		r.mustSet("acme", "ada", "Ready")
		gate := make(chan struct{})
		r.journal.set(func(m *moody) {
			m.gate = gate
			m.fail = func(rows []journal.Row) error {
				for _, row := range rows {
					if row.Account == "acme" {
						return errors.New("broken")
					}
				}
				return nil
			}
			m.probe = journal.ErrFull
		})
		var calls sync.WaitGroup
		var first, second, third error
		calls.Go(func() { _, first = r.set("other", "bo", "Ready") })
		synctest.Wait() // the committer holds this one; the next two share a transaction
		calls.Go(func() { _, second = r.set("acme", "ada", "Ready") })
		calls.Go(func() { _, third = r.set("other", "bo", "Ready") })
		synctest.Wait()
		close(gate)
		calls.Wait()
		if first != nil || third != nil {
			t.Fatalf("the other account failed: %v, %v", first, third)
		}
		want(t, second, switchyard.StorageUnavailable)
		_, err := r.set("acme", "ada", "Ready")
		want(t, err, switchyard.StorageUnavailable)
		if len(r.Ready()) != 1 {
			t.Fatalf("ready: %v", r.Ready())
		}
		time.Sleep(time.Minute)
		_, err = r.set("acme", "ada", "Ready")
		want(t, err, switchyard.StorageUnavailable) // the probe still fails
		r.journal.set(func(m *moody) { m.probe, m.fail = nil, nil })
		time.Sleep(10 * time.Second)
		if n := r.mustSet("acme", "ada", "Ready"); n != 2 {
			t.Fatalf("after the rebuild the answer is %d, want 2: the lost one must not count", n)
		}
		if why := r.Ready(); len(why) != 0 {
			t.Fatalf("not ready: %v", why)
		}
	})
}

func TestAmbiguousAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []switchyard.Seq
		r := newRig(t, func(o *Options) {
			o.Observe = func(_ string, row FeedRow) { seen = append(seen, row.Seq) }
		}).start().with("acme")
		defer r.stop()
		r.mustSet("acme", "ada", "Ready")
		r.journal.set(func(m *moody) { m.lie = func([]journal.Row) error { return errors.New("connection lost") } })
		_, err := r.set("acme", "ada", "Ready")
		want(t, err, switchyard.StorageUnavailable)
		r.journal.set(func(m *moody) { m.lie = nil })
		time.Sleep(10 * time.Second)
		if n := r.mustSet("acme", "ada", "Ready"); n != 3 {
			t.Fatalf("answer %d, want 3: the journal holds the ambiguous row", n)
		}
		for n, seq := range seen {
			if seq != switchyard.Seq(n+1) {
				t.Fatalf("observed %v", seen)
			}
		}
	})
}

func TestConflictStepsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).start().with("acme")
		defer r.stop()
		r.mustSet("acme", "ada", "Ready")
		_, last, _ := r.journal.Bounds(context.Background(), "acme")
		env := &switchyard.Envelope{At: r.Now(), By: "thief", Input: &switchyard.SetPresence{Agent: "ada", Presence: "Ready"}}
		input, _ := journal.EncodeInput(env)
		events, _ := journal.EncodeEvents([]switchyard.Event{&switchyard.PresenceChanged{Agented: switchyard.Agented{Agent: "ada"}, Category: switchyard.Ready}})
		if err := r.journal.Store.Append(context.Background(), []journal.Row{{Account: "acme", Seq: last + 1, At: r.Now(), Input: input, Events: events}}); err != nil {
			t.Fatal(err)
		}
		_, err := r.set("acme", "ada", "Ready")
		want(t, err, switchyard.StorageUnavailable)
		time.Sleep(time.Second)
		if n := r.mustSet("acme", "ada", "Ready"); n != 3 {
			t.Fatalf("answer %d, want 3: one of ours, one of the thief's, one of ours", n)
		}
	})
}

func TestPanicRefusesOneInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).start().with("acme")
		defer r.stop()
		r.mustSet("acme", "ada", "Ready")
		_, err := r.set("acme", "ada", "panic")
		want(t, err, switchyard.Internal)
		if n := r.mustSet("acme", "ada", "Ready"); n != 2 {
			t.Fatalf("answer %d, want 2: what the failed input did to the state must be gone", n)
		}
		r.mustSet("acme", "bad", "in 1s") // the core will fail on this alarm for ever
		time.Sleep(5 * time.Second)
		if len(r.Ready()) == 0 {
			t.Fatal("ready although the core fails again and again")
		}
	})
}

func TestRecoveryThatPanicsBreaksOneAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).start().with("acme", "other")
		r.mustSet("acme", "ada", "Ready")
		r.mustSet("other", "bo", "Ready")
		r.stop()
		_, last, _ := r.journal.Bounds(context.Background(), "acme")
		env := &switchyard.Envelope{At: 1, By: "x", Input: &switchyard.Tick{}}
		input, _ := journal.EncodeInput(env)
		events, _ := journal.EncodeEvents([]switchyard.Event{&switchyard.Finished{With: switchyard.With{Interaction: switchyard.NewID(1, 1, 1)}}})
		_ = r.journal.Store.Append(context.Background(), []journal.Row{{Account: "acme", Seq: last + 1, At: 1, Input: input, Events: events}})
		r.start()
		defer r.stop()
		_, err := r.set("acme", "ada", "Ready")
		want(t, err, switchyard.StorageUnavailable)
		if n := r.mustSet("other", "bo", "Ready"); n != 2 {
			t.Fatalf("answer %d", n)
		}
		if len(r.Ready()) != 1 {
			t.Fatalf("ready: %v", r.Ready())
		}
	})
}

func TestSyncErrorIsFatal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fatal error
		r := newRig(t, func(o *Options) { o.Fatal = func(err error) { fatal = err } }).start().with("acme", "other")
		r.journal.set(func(m *moody) { m.fail = func([]journal.Row) error { return journal.ErrSync } })
		_, err := r.set("acme", "ada", "Ready")
		want(t, err, switchyard.StorageUnavailable)
		if !errors.Is(fatal, journal.ErrSync) {
			t.Fatalf("fatal: %v", fatal)
		}
		r.journal.set(func(m *moody) { m.fail = nil })
		_, err = r.set("other", "bo", "Ready")
		want(t, err, switchyard.StorageUnavailable) // nothing is written after that
		r.stop()
	})
}

func TestTicksComeFirstAtTheirInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Limits.PendingRows = 1 }).start().with("acme")
		defer r.stop()
		begin := r.Now()
		r.mustSet("acme", "ada", "in 5s")
		r.mustSet("acme", "bo", "in 3s")
		r.mustSet("acme", "cy", "sweep")
		synctest.Wait()
		gate := make(chan struct{}) // the disk stands still while the alarms go off
		r.journal.set(func(m *moody) { m.gate = gate })
		var calls sync.WaitGroup
		calls.Go(func() { r.mustSet("acme", "di", "Ready") })
		time.Sleep(10 * time.Second)
		calls.Go(func() { r.mustSet("acme", "ed", "Ready") })
		synctest.Wait()
		r.journal.set(func(m *moody) { m.gate = nil })
		close(gate)
		calls.Wait()
		rows, err := r.Page(context.Background(), "acme", switchyard.Cursor{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		for _, row := range rows {
			_, agent := row.Events[0].About()
			got += fmt.Sprintf(" %s:%s@%d", row.Events[0].EventType(), agent, row.At.Sub(begin)/switchyard.Second)
		}
		want := " server.started:@0 agent.presence:ada@0 agent.presence:bo@0 agent.presence:cy@0" +
			" clock.advanced:@0 clock.advanced:@0 clock.advanced:@0 agent.presence:di@0 agent.presence:bo@3 agent.presence:ada@5 agent.presence:ed@10"
		if got != want {
			t.Fatalf("rows\n%s\nwant\n%s", got, want)
		}
	})
}

// TestLoadPlusTailIsFold restarts at random moments, with tables that fail at random, and compares
// the state with a fold of the whole journal.
func TestLoadPlusTailIsFold(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			r := newRig(t, func(o *Options) { o.Limits.CutEvents = 1 + random.IntN(20) }).start().with("acme")
			var live []switchyard.ID
			do := func(in switchyard.Input) (any, error) { // while the tables fail, nothing is taken for long
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				return r.Do(ctx, "acme", Call{Input: in})
			}
			for step := range 120 {
				switch random.IntN(12) {
				case 0:
					r.tables.failWith(errors.New("no"))
				case 1, 2:
					r.tables.failWith(nil)
				case 3:
					ctx, cancel := context.WithTimeout(context.Background(), time.Second)
					_ = r.Stop(ctx) // tables may not be drained
					cancel()
					r.start()
					if got, want := r.dump("acme"), foldAll(t, r, "acme"); got != want {
						t.Fatalf("seed %d step %d: restored\n%s\nfolded\n%s", seed, step, got, want)
					}
				case 4:
					time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
				case 5:
					_, _ = do(&switchyard.SetPresence{Agent: "ada", Presence: "panic"})
				case 6, 7:
					answer, err := do(&switchyard.Invoke{Requests: []switchyard.Request{{Route: "x"}}})
					if err == nil {
						live = append(live, answer.([]switchyard.RequestResult)[0].Interaction)
					}
				case 8:
					if len(live) > 0 {
						_, _ = do(&switchyard.Act{Interaction: live[0], Action: switchyard.ActRelease})
						live = live[1:]
					}
				default:
					_, _ = do(&switchyard.SetPresence{Agent: fmt.Sprint("agent", random.IntN(5)), Presence: "Ready"})
				}
			}
			r.tables.failWith(nil)
			time.Sleep(time.Minute)
			r.stop()
			if lag := r.owners["acme"].tail.durable.Load() - uint64(r.tables.account("acme").through); lag != 0 {
				t.Fatalf("seed %d: %d rows are not in the tables after a clean stop", seed, lag)
			}
			seen := map[string]bool{}
			for _, row := range r.tables.account("acme").timeline {
				key := fmt.Sprint(row.Interaction, row.Seq)
				if seen[key] {
					t.Fatalf("seed %d: row %d of %s came to the tables twice", seed, row.Seq, row.Interaction)
				}
				seen[key] = true
			}
		})
	}
}

func foldAll(t *testing.T, r *rig, account string) string {
	t.Helper()
	m := newCounting(account)
	err := replay(context.Background(), r.journal, account, 1, func(row *replayed) error {
		m.Fold(row.row.Seq, row.row.At, row.row.Events)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m.dump()
}

// TestLongReplayIsBounded rebuilds lost tables from a journal far longer than the tables may lag.
func TestLongReplayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Limits.LagRows, o.Limits.CutEvents = 50, 10 }).start().with("acme")
		for range 1000 {
			r.mustSet("acme", "ada", "Ready")
		}
		r.stop()
		r.tables = newShelf()
		most := uint64(0)
		r.tables.applied = func(through switchyard.Seq) {
			most = max(most, r.owners["acme"].tail.durable.Load()-uint64(through))
		}
		r.start()
		defer r.stop()
		if n := r.mustSet("acme", "ada", "Ready"); n != 1001 {
			t.Fatalf("answer %d", n)
		}
		if most > 100 || r.tables.tried() < 10 {
			t.Fatalf("up to %d rows were in memory, in %d writes", most, r.tables.tried())
		}
	})
}
