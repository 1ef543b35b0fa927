package effects

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"switchyard"
)

// Options of a worker. Results, Performers and Log are required.
type Options struct {
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil = no metrics
	Performers map[string]Performer  // by kind of effect
	Limits     Limits

	// Results takes what became of each attempt, once. It may wait: it then holds back only the
	// target of the attempt. It must return some time, also while the worker stops.
	Results func(account string, r *switchyard.EffectResult)
	// Room says that a target whose effect was refused by Perform takes effects again. It is called
	// once after a refusal however many there were, never from within Perform. Nil = nobody asks.
	Room func(Target)
	// Manners are how a target is treated at this moment; nil = all alike. It must not wait.
	Manners func(Target) Manners
	// Now is the real clock; nil = time.Now.
	Now func() time.Time
	// Clock is the clock that deadlines of effects are held against; nil = the real one.
	Clock func() switchyard.Instant
	// Fly runs an attempt: attempt makes it, and what that returns reports it. Nil = both in a goroutine
	// of their own. It is called under the worker's lock: a simulation keeps the two, and calls each
	// when its time has come.
	Fly func(account string, e *switchyard.Effect, attempt func() (report func()))
}

// Limits of a worker; zero members mean the defaults beside them.
type Limits struct {
	PerTarget int // attempts in flight at one target; 8
	PerHost   int // attempts in flight at one host of data connectors, whose answers plans wait for; 64
	// Shared is how many attempts beyond the first of each target are in flight together: so many
	// of callbacks and messages, and as many again of data connectors; 1024. One account has half of
	// them at most.
	Shared int
	// Targets is how many targets may have an attempt in flight at once, half of them of one account;
	// 8192. Each has its first attempt outside Shared: however many targets use that up by being slow,
	// another one goes on.
	Targets int
	Backlog int // effects of one target that wait in the worker; 256
}

// WithDefaults fills in the defaults.
func (l Limits) WithDefaults() Limits {
	fill := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	fill(&l.PerTarget, 8)
	fill(&l.PerHost, 64)
	fill(&l.Shared, 1024)
	fill(&l.Targets, 8192)
	fill(&l.Backlog, 256)
	return l
}

// Worker makes attempts at effects. Make one with New.
type Worker struct {
	options Options
	limits  Limits
	metrics *metrics
	life    context.Context // ends when attempts in flight are to be cut off
	cut     context.CancelFunc
	flights sync.WaitGroup

	mu       sync.Mutex
	open     bool // between Start and Stop
	stopped  bool
	targets  map[Target]*target
	paces    map[Target]*rate.Limiter
	breakers map[Target]*breaker  // of targets whose latest attempts failed
	known    map[attempt]struct{} // waiting or being made
	firsts   *pool                // of the first attempt of each target
	others   *pool                // of further ones: callbacks and messages
	asked    *pool                // and data connectors: one kind takes nothing from the other
	roomFor  []Target             // to be told through Options.Room
	inFlight int                  // those of all pools + results being reported
}

// attempt names one attempt at one effect.
type attempt struct {
	account string
	effect  switchyard.ID
	number  int
}

func attemptOf(account string, e *switchyard.Effect) attempt {
	return attempt{account, e.ID, e.Attempt}
}

// New makes a worker. It takes effects at once and attempts them from Start on.
func New(o Options) *Worker {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Clock == nil {
		o.Clock = func() switchyard.Instant { return switchyard.InstantOf(time.Now()) }
	}
	life, cut := context.WithCancel(context.Background())
	limits := o.Limits.WithDefaults()
	return &Worker{
		options: o,
		limits:  limits,
		metrics: newMetrics(o.Registerer),
		life:    life,
		cut:     cut,
		targets: map[Target]*target{},
		paces:   map[Target]*rate.Limiter{}, breakers: map[Target]*breaker{},
		known:  map[attempt]struct{}{},
		firsts: newPool(limits.Targets), others: newPool(limits.Shared), asked: newPool(limits.Shared),
	}
}

// Perform takes over one attempt at e: the one e.Attempt names. It never waits. False means that
// the target has as much waiting as it may, or that the worker has stopped: nothing was taken, and
// the caller offers it again when Room names the target. An attempt that is waiting or being made
// already is taken as that one.
func (w *Worker) Perform(account string, e *switchyard.Effect) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return false
	}
	name := attemptOf(account, e)
	if _, twice := w.known[name]; twice {
		return true
	}
	t := w.target(TargetOf(account, e))
	if t.waiting.size() >= w.limits.Backlog {
		t.refused = true
		return false
	}
	t.waiting.push(*e)
	w.known[name] = struct{}{}
	w.metrics.waiting.Inc()
	w.enrol(t)
	w.serve()
	return true
}

// Start begins with the attempts.
func (w *Worker) Start(context.Context) error {
	w.mu.Lock()
	w.open = true
	for _, t := range w.targets {
		w.enrol(t)
	}
	w.serve()
	w.unlock()
	return nil
}

// Stop takes nothing more, forgets what waits and waits for the attempts in flight. When ctx ends
// before, they are cut off, and what became of them is reported to nobody: the engine hands them
// over again after the next start.
func (w *Worker) Stop(ctx context.Context) error {
	w.mu.Lock()
	w.open, w.stopped = false, true
	for _, t := range w.targets {
		w.metrics.waiting.Sub(float64(t.waiting.size()))
		t.waiting = queue{}
		if t.resting != nil {
			t.resting.Stop()
		}
	}
	clear(w.known)
	w.mu.Unlock()
	landed := make(chan struct{})
	go func() { w.flights.Wait(); close(landed) }()
	defer w.cut()
	select {
	case <-landed:
		return nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	left := w.inFlight
	w.mu.Unlock()
	w.cut()
	<-landed
	return fmt.Errorf("stop effects: %d attempts were cut off and will be made again after the next start: %w",
		left, context.Cause(ctx))
}

// fly makes one attempt and reports it.
func (w *Worker) fly(t *target, e switchyard.Effect) {
	attempt := func() func() { return w.attempt(t, &e) }
	if w.options.Fly != nil {
		w.options.Fly(t.name.Account, &e, attempt)
		return
	}
	go func() { attempt()() }()
}

// attempt makes one attempt; what it returns reports it.
func (w *Worker) attempt(t *target, e *switchyard.Effect) (report func()) {
	began := w.options.Now()
	refused, trial := w.brake(t.name)
	var outcome Outcome
	if refused != nil {
		outcome = *refused
	} else {
		outcome = w.try(t.name.Account, e)
	}
	return func() {
		defer w.flights.Done()
		w.report(t, e, outcome, w.options.Now().Sub(began), refused == nil, trial)
	}
}

// report tells what became of an attempt.
func (w *Worker) report(t *target, e *switchyard.Effect, outcome Outcome, took time.Duration, made, trial bool) {
	w.mu.Lock()
	if made && w.life.Err() == nil {
		w.judge(t.name, &outcome, trial)
	}
	w.land(t, e, outcome)
	w.unlock()
	if w.life.Err() == nil {
		w.record(t.name, e, outcome, took)
		w.options.Results(t.name.Account, &switchyard.EffectResult{
			Effect: e.ID, Attempt: e.Attempt, OK: outcome.OK, GiveUp: outcome.GiveUp,
			Status: outcome.Status, Detail: outcome.Detail, TookMillis: took.Milliseconds(),
			Timeout: outcome.Timeout, Values: outcome.Values, Exchange: outcome.Exchange,
			MessageID: outcome.MessageID, RetryAfterMillis: outcome.RetryAfter.Milliseconds(),
		})
	}
	w.mu.Lock()
	w.leave(t)
	w.unlock()
}

// try calls the performer. One that panics fails its attempt and nothing else: what it was given
// came from an account, and no account may break another.
func (w *Worker) try(account string, e *switchyard.Effect) (o Outcome) {
	performer, known := w.options.Performers[e.Kind]
	if !known {
		return GiveUp("this version of the server cannot perform effects of kind %q", e.Kind)
	}
	defer func() {
		if p := recover(); p != nil {
			w.options.Log.Error("attempt panicked", "account", account, "effect", e.ID, "kind", e.Kind,
				"panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			o = Outcome{Detail: "the server failed at this attempt; its log has the details under the effect's id"}
		}
	}()
	ctx, cancel, late := w.within(e)
	if late {
		return Outcome{GiveUp: true, Timeout: true, Detail: "its time was over before there was a place for the attempt"}
	}
	defer cancel()
	return performer.Attempt(ctx, account, e)
}

// within bounds an attempt by the deadline of its effect. It is late when that has passed: the core
// has given the effect up, or is about to.
func (w *Worker) within(e *switchyard.Effect) (ctx context.Context, cancel context.CancelFunc, late bool) {
	if e.Deadline == 0 {
		return w.life, func() {}, false
	}
	left := e.Deadline.Sub(w.options.Clock())
	if left <= 0 {
		return nil, nil, true
	}
	ctx, cancel = context.WithTimeout(w.life, left.Std())
	return ctx, cancel, false
}

// record writes the one line of log an attempt gets, and counts it.
func (w *Worker) record(t Target, e *switchyard.Effect, o Outcome, took time.Duration) {
	level, result := slog.LevelInfo, "ok"
	switch {
	case o.OK:
	case o.GiveUp:
		level, result = slog.LevelWarn, "given_up"
	default:
		level, result = slog.LevelWarn, "failed"
	}
	w.metrics.attempts.WithLabelValues(e.Kind, result).Inc()
	w.metrics.seconds.WithLabelValues(e.Kind).Observe(took.Seconds())
	if !w.options.Log.Enabled(w.life, level) {
		return
	}
	fields := []slog.Attr{slog.String("account", t.Account), slog.String("kind", e.Kind),
		slog.String("target", t.Name), slog.String("effect", e.ID.String()), slog.Int("attempt", e.Attempt),
		slog.String("result", result), slog.Int("status", o.Status), slog.Duration("took", took)}
	if o.Status == 0 && !o.OK {
		// Without a status the detail is our own error, never a body somebody sent.
		fields = append(fields, slog.String("error", o.Detail))
	}
	w.options.Log.LogAttrs(w.life, level, "effect attempted", fields...)
}
