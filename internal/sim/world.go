package sim

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/engine"
	"switchyard/internal/journal"
)

// World is one life: a server with everybody who has to do with it, driven by one thread of events
// that a seed chooses.
type World struct {
	options Options
	result  *Result
	ctx     context.Context
	rng     *rand.Rand
	hash    hash.Hash

	now      switchyard.Instant
	skew     switchyard.Duration // by which the server's clock is wrong
	calm     bool                // the faults have ended
	step     int
	accounts []*account
	disk     *disk
	network  *network
	server   *server
	late     []*flight // attempts of processes that died, still on their way

	limits       engine.Limits
	workerLimits effects.Limits
}

// begin is when every world begins.
const begin = switchyard.Instant(1_795_435_200_000) // 2026-11-23T12:00:00Z

func newWorld(o Options) *World {
	w := &World{options: o, ctx: context.Background(), rng: rand.New(rand.NewPCG(o.Seed, 20261123)), hash: sha256.New(), now: begin,
		result: &Result{Seed: o.Seed, Faults: map[Fault]int{}, Checks: map[string]int{}}}
	w.disk, w.network = newDisk(w), newNetwork(w)
	between := func(low, high int) int { return low + w.rng.IntN(high-low+1) }
	w.limits = engine.Limits{Inbox: between(3, 64), Batch: between(1, 16), RowsPerCommit: between(1, 16), PendingRows: between(4, 64),
		CutEvents: between(5, 200), CutAfter: time.Duration(between(50, 500)) * time.Millisecond, LagRows: between(60, 500),
		FeedRows: between(4, 64), RequestIDs: between(8, 80)}
	w.workerLimits = effects.Limits{PerTarget: between(1, 4), Shared: between(1, 8), Backlog: between(1, 8)}
	for n := range 2 {
		w.accounts = append(w.accounts, newAccount(w, []string{"acme", "bolt"}[n]))
	}
	return w
}

func (w *World) account(name string) *account {
	for _, a := range w.accounts {
		if a.name == name {
			return a
		}
	}
	panic("no account " + name)
}

// violation is a promise that was broken.
type violation struct{ *Failure }

// fail ends the life: a check found what must not be. The server may catch the panic, as it catches
// those of its own code; what counts is the first thing that was found.
func (w *World) fail(check, format string, args ...any) {
	if w.result.Failure == nil {
		w.result.Failure = &Failure{Check: check, Detail: fmt.Sprintf(format, args...), Step: w.step, At: w.now}
	}
	panic(violation{w.result.Failure})
}

func (w *World) checked(check string) { w.result.Checks[check]++ }

// note is a line of the life's history. Two lives are the same when their histories are.
func (w *World) note(format string, args ...any) {
	if w.options.Trace == nil {
		fmt.Fprintf(w.hash, format, args...)
		return
	}
	line := fmt.Sprintf(format, args...)
	fmt.Fprint(w.hash, line)
	fmt.Fprintf(w.options.Trace, "%d %v %s\n", w.step, w.now, line)
}

// record takes a durable row into the history.
func (w *World) record(r *journal.Row) {
	fmt.Fprintf(w.hash, "%s %d %d", r.Account, r.Seq, r.At)
	w.hash.Write(r.Input)
	w.hash.Write(r.Events)
	if w.options.Trace != nil {
		fmt.Fprintf(w.options.Trace, "%d %v row %s %d %s %s\n", w.step, w.now, r.Account, r.Seq, r.Input, r.Events)
	}
}

// live is the whole life.
func (w *World) live() {
	defer func() {
		switch v := recover().(type) {
		case nil, violation:
		default:
			w.result.Failure = &Failure{Check: "panic", Detail: fmt.Sprintf("%v\n%s", v, debug.Stack()), Step: w.step, At: w.now}
		}
		w.result.Steps, w.result.Lived = w.step, w.now.Sub(begin)
		w.result.History = fmt.Sprintf("%x", w.hash.Sum(nil)[:16])
	}()
	w.boot()
	for _, a := range w.accounts {
		a.publish(document(a.name))
		a.register()
	}
	for w.step < w.options.Steps {
		w.step++
		w.turn()
		w.look()
	}
	w.finish()
}

// look hears what came of a step, and checks.
func (w *World) look() {
	if w.server.stopped {
		w.note("the process stops")
		w.die()
	}
	for _, a := range w.accounts {
		a.hear()
		a.free()
		a.check()
	}
	if w.options.broken != nil && w.options.broken(w) {
		w.fail("test", "as the test has it")
	}
}

// free lets desks go on whose call came to an end.
func (a *account) free() {
	for _, d := range a.desks {
		d.waiting = false
	}
	for _, c := range a.calls {
		for _, d := range a.desks {
			if c.by == "user:"+d.agent {
				d.waiting = true
			}
		}
	}
}

// turn makes one step of whoever's turn the seed says it is.
func (w *World) turn() {
	a := w.accounts[w.rng.IntN(len(w.accounts))]
	switch n := w.rng.IntN(100); {
	case n < 27:
		w.stepOwner(a)
	case n < 44:
		w.note("commit")
		w.server.engine.Commit(w.ctx)
	case n < 51:
		w.note("write")
		w.server.engine.Write(w.ctx)
	case n < 60:
		w.pass()
	case n < 69:
		w.flyOn()
	case n < 77:
		a.crm()
	case n < 93:
		a.desks[w.rng.IntN(len(a.desks))].turn()
	case n < 94:
		a.supervise()
	case n < 96:
		a.follow()
	case n < 98:
		w.trouble(a)
	default:
		if w.fault(ProcessDies, 4) {
			w.die()
		}
	}
}

func (w *World) stepOwner(a *account) {
	w.note("owner %s", a.name)
	w.server.engine.StepOwner(a.name)
	a.checkTimers()
}

// pass lets time pass: mostly a little, sometimes up to what is due next.
func (w *World) pass() {
	d := switchyard.Duration(w.rng.IntN(400))
	switch n := w.rng.IntN(40); {
	case n < 8:
		d = switchyard.Duration(w.rng.IntN(12_000))
	case n < 12:
		if due := w.due(); due != 0 {
			d = min(max(0, due.Sub(w.now)), 20*switchyard.Minute)
		}
	}
	if w.fault(NothingForLong, 300) {
		d = switchyard.Duration(w.rng.Int64N(int64(3 * switchyard.Hour)))
	}
	w.now = w.now.Add(d)
	w.note("time %v", w.now)
	for _, a := range w.accounts {
		a.alive()
	}
}

// due is when somebody has something to do next; 0 = nobody has.
func (w *World) due() (at switchyard.Instant) {
	earlier := func(t switchyard.Instant) {
		if at == 0 || t < at {
			at = t
		}
	}
	for _, a := range w.accounts {
		if t := w.server.engine.Due(a.name); !t.IsZero() {
			earlier(switchyard.InstantOf(t.Add(time.Millisecond - time.Nanosecond)))
		}
		for _, c := range a.calls {
			if c.again != 0 {
				earlier(c.again)
			}
		}
	}
	for _, f := range w.server.flights {
		if f.report != nil {
			earlier(f.ready)
		}
	}
	return at
}

// trouble makes what is neither a step of the server nor a client's.
func (w *World) trouble(a *account) {
	switch {
	case w.fault(ConfigPublished, 6):
		a.publish(w.variant(a.name))
	case w.fault(ProviderRemoved, 20):
		a.ask(&call{by: "user:admin", input: &switchyard.RemoveProvider{Provider: ourProvider, Force: true}})
		a.register()
	case w.fault(ClockJumps, 12):
		w.skew += switchyard.Duration(w.rng.Int64N(int64(20*switchyard.Minute)) - int64(10*switchyard.Minute))
		w.note("the clock is wrong by %v", w.skew)
	}
}
