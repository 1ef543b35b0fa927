// Package engine runs the pure core: one owner goroutine per account takes inputs from a bounded
// inbox, decides them, and hands the rows to the one committer of the store; only when they are
// durable does it answer, show them in the feed, tell observers and hand effects over. Behind the
// journal a projector keeps the tables at most seconds late. An account whose rows cannot be stored
// is thrown away and built again from tables and journal: there is no repair code.
//
// It decides nothing about the product. It may import the root package, core, journal, tables, the
// JSON and the metrics library.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
)

// Options of an engine. Journal and Tables are required; the engine does not close them. The zero
// value of everything else means what stands beside it.
type Options struct {
	Journal journal.Store
	Tables  tables.Store
	Clock   Clock // RealClock
	Log     *slog.Logger
	// Registerer takes the metrics; nil = they are kept and shown nowhere.
	Registerer prometheus.Registerer
	// Effects makes the hand-over of an account: what stands between its owner and those who
	// perform effects. It is asked again whenever the account is rebuilt. nil = effects stay pending.
	Effects func(account string) Handover
	// Observe is told every durable row, in order, by the owner; it must be quick. It does not see
	// what Loaded could see.
	Observe func(account string, row FeedRow)
	// Loaded is shown the state when an account is recovered, before anything is decided for it.
	Loaded func(account string, s *core.State)
	// Fatal is told that the process must stop: a sync failed, and nothing can be trusted to be
	// durable. nil = panic.
	Fatal   func(error)
	Decider string        // version of the core, written into each row
	Entropy func() uint64 // where ids get their random bits, for all accounts; nil = crypto/rand

	// Still lets the engine be read only: nothing is decided, not even what time brings, and nothing
	// is pruned. Inputs are refused. Ended interactions are those of the tables.
	Still bool

	Limits Limits
}

// Limits bound everything that waits. Zero members mean the default beside them.
type Limits struct {
	Inbox           int           // 1,024 calls waiting for an account, and as many reads
	Batch           int           // 128 inputs decided before their rows are handed to the committer
	RowsPerCommit   int           // 512 rows of one account in one transaction
	PendingRows     int           // 4,096 rows decided and not yet durable
	PendingBytes    int           // 32 MiB of them
	CutEvents       int           // 2,000 events after which a checkpoint is cut
	CutAfter        time.Duration // 250 ms after which one is cut anyhow
	LagRows         int           // 100,000 rows the tables may be behind
	Lag             time.Duration // 2 s they may be behind
	FeedRows        int           // 8,192 newest rows of an account kept for its feed
	FeedBytes       int           // 16 MiB of them
	RequestIDs      int           // 200,000 recent request ids in an account's state
	EffectWait      time.Duration // 30 s the manual clock waits for an effect to be performed
	RetentionPeriod time.Duration // 1 h between looks for what is to be pruned
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (l *Limits) fill() {
	orDefault(&l.Inbox, 1024)
	orDefault(&l.Batch, 128)
	orDefault(&l.RowsPerCommit, 512)
	orDefault(&l.PendingRows, 4096)
	orDefault(&l.PendingBytes, 32<<20)
	orDefault(&l.CutEvents, 2000)
	orDefault(&l.CutAfter, 250*time.Millisecond)
	orDefault(&l.LagRows, 100_000)
	orDefault(&l.Lag, 2*time.Second)
	orDefault(&l.FeedRows, 8192)
	orDefault(&l.FeedBytes, 16<<20)
	orDefault(&l.RequestIDs, 200_000)
	orDefault(&l.EffectWait, 30*time.Second)
	orDefault(&l.RetentionPeriod, time.Hour)
}

// Engine runs the accounts of one pair of stores.
type Engine struct {
	options   Options
	log       *slog.Logger
	clock     Clock
	wall      func() time.Time // what cuts, lag and retries go by; time.Now unless somebody else steps
	stepped   bool             // no goroutine runs: see Stepped
	manual    *ManualClock     // nil when the clock is real
	metrics   *metrics
	committer *committer
	crowd     crowd
	writer    *writer
	machines  maker

	mu       sync.RWMutex
	owners   map[string]*owner
	started  bool
	stopping atomic.Bool
	syncLost atomic.Bool
	prune    chan struct{} // the manual clock moved: something may be past its retention
	begin    chan struct{} // closed when every account was recovered and the clock is known
	advance  sync.Mutex    // one AdvanceClock at a time

	ctx       context.Context // ends when the engine has stopped
	cancel    context.CancelFunc
	ownersRun sync.WaitGroup
	backRun   sync.WaitGroup
}

// New makes an engine; Start makes it run.
func New(options Options) *Engine { return newEngine(options, coreMachines) }

func newEngine(options Options, machines maker) *Engine {
	options.Limits.fill()
	if options.Clock == nil {
		options.Clock = RealClock{}
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Fatal == nil {
		options.Fatal = func(err error) { panic(err) }
	}
	e := &Engine{
		options:  options,
		log:      options.Log,
		clock:    options.Clock,
		wall:     time.Now,
		machines: machines,
		owners:   map[string]*owner{},
		prune:    make(chan struct{}, 1),
		begin:    make(chan struct{}),
	}
	e.manual, _ = options.Clock.(*ManualClock)
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.metrics = newMetrics(options.Registerer, e.worstLag)
	e.committer = newCommitter(e)
	e.writer = newWriter(e)
	return e
}

// Start recovers every account of the journal and returns when each is served or known to be
// broken (see Ready). It fails when the folder belongs to the other kind of clock or the store
// cannot be read at all.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.checkClock(ctx); err != nil {
		return err
	}
	accounts, err := e.options.Journal.Accounts(ctx)
	if err != nil {
		return fmt.Errorf("list accounts of the journal: %w", err)
	}
	e.run(e.committer.run)
	e.run(e.writer.run)
	e.mu.Lock()
	e.started = true
	for _, name := range accounts {
		e.launch(name)
	}
	owners := e.ownersLocked()
	e.mu.Unlock()
	for _, o := range owners {
		select {
		case <-o.recovered:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("recover account %s: %w", o.account, ctx.Err()), e.Stop(context.Background()))
		}
	}
	e.setManualClock(owners)
	close(e.begin)
	for _, o := range owners {
		select {
		case <-o.serving:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if !e.options.Still {
		e.run(e.retain)
	}
	return nil
}

// run starts a background goroutine that ends with the engine.
func (e *Engine) run(f func()) {
	e.backRun.Add(1)
	go func() {
		defer e.backRun.Done()
		f()
	}()
}

// launch makes the owner of an account and lets it run; e.mu is held.
func (e *Engine) launch(name string) *owner {
	o := newOwner(e, name)
	e.owners[name] = o
	if e.stepped {
		return o
	}
	e.ownersRun.Add(1)
	go func() {
		defer e.ownersRun.Done()
		o.run()
	}()
	return o
}

// Stop drains: new calls are refused, what was taken is decided, made durable and answered, the
// tables follow to the end, feeds end. When ctx ends first, what is left is found in the journal.
func (e *Engine) Stop(ctx context.Context) error {
	e.stopping.Store(true)
	e.mu.Lock()
	owners := e.ownersLocked()
	select {
	case <-e.begin:
	default:
		if !e.started || len(owners) == 0 {
			break
		}
		// Owners wait for begin before they serve; a start that was given up must not hold them.
		e.cancel()
	}
	e.mu.Unlock()
	for _, o := range owners {
		o.signal()
	}
	err := wait(ctx, &e.ownersRun)
	if err == nil {
		err = e.writer.drain(ctx)
	}
	e.cancel()
	for _, o := range owners {
		o.signal()
		o.feed.close()
	}
	e.ownersRun.Wait()
	e.backRun.Wait()
	if err != nil {
		return fmt.Errorf("stop engine: not everything was drained: %w", err)
	}
	return nil
}

// wait waits for the group or for ctx.
func wait(ctx context.Context, group *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Engine) ownersLocked() []*owner {
	owners := make([]*owner, 0, len(e.owners))
	for _, o := range e.owners {
		owners = append(owners, o)
	}
	slices.SortFunc(owners, func(a, b *owner) int { return compare(a.account, b.account) })
	return owners
}

func (e *Engine) allOwners() []*owner {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.ownersLocked()
}

// Accounts lists the accounts by name.
func (e *Engine) Accounts() []string {
	names := []string{}
	for _, o := range e.allOwners() {
		names = append(names, o.account)
	}
	return names
}

// CreateAccount makes an account that has no config yet; it exists when the journal holds its first
// row. An account that is there already is left as it is.
func (e *Engine) CreateAccount(ctx context.Context, name string) error {
	e.mu.Lock()
	o := e.owners[name]
	if o == nil {
		if !e.started || e.stopping.Load() {
			e.mu.Unlock()
			return switchyard.Refuse(switchyard.Busy, "account %s cannot be made while the server starts or stops", name)
		}
		o = e.launch(name)
	}
	e.mu.Unlock()
	select {
	case <-o.serving:
	case <-ctx.Done():
		return ctx.Err()
	}
	return e.View(ctx, name, nil)
}

// owner finds the owner of an account.
func (e *Engine) owner(account string) (*owner, *switchyard.Error) {
	e.mu.RLock()
	o := e.owners[account]
	e.mu.RUnlock()
	if o == nil {
		return nil, switchyard.Refuse(switchyard.NotFound, "there is no account %q on this server", account)
	}
	return o, nil
}

// Ready tells why the server is not ready; nothing when it is.
func (e *Engine) Ready() []string {
	reasons := []string{}
	select {
	case <-e.begin:
	default:
		reasons = append(reasons, "the accounts are being recovered")
	}
	if e.stopping.Load() {
		reasons = append(reasons, "the server is stopping")
	}
	for _, o := range e.allOwners() {
		if why := o.trouble(); why != "" {
			reasons = append(reasons, "account "+o.account+": "+why)
		}
	}
	if err := e.writer.failure(); err != nil {
		reasons = append(reasons, "the tables cannot be written")
	}
	return reasons
}

// Tables is the store of the tables, for reads the engine does not merge with its memory.
func (e *Engine) Tables() tables.Store { return e.options.Tables }

// Journal is the store of the journal.
func (e *Engine) Journal() journal.Store { return e.options.Journal }

// Now is the present instant by the engine's clock.
func (e *Engine) Now() switchyard.Instant { return e.clock.Now() }

// Manual reports whether time stands still until AdvanceClock moves it.
func (e *Engine) Manual() bool { return e.manual != nil }

// worstLag returns how far the tables are behind in the account where they are most.
func (e *Engine) worstLag() (time.Duration, int) {
	var worst time.Duration
	rows := 0
	for _, o := range e.allOwners() {
		d, n := o.tail.lag()
		worst, rows = max(worst, d), max(rows, n)
	}
	return worst, rows
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
