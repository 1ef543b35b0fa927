package engine

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"switchyard"
)

// owner runs one account: it alone touches the account's state. Everybody else hands it calls,
// which wait in bounded inboxes, or posts to it what became of things it asked for itself.
//
// The goroutine only waits and calls step; whoever wants to drive an owner from one thread calls
// step directly.
type owner struct {
	e       *Engine
	account string
	log     *slog.Logger
	feed    *feed
	tail    *tail
	lane    *lane
	gate    gate
	entropy func() uint64

	// What others hand in, under mu.
	mu     sync.Mutex
	writes []*call
	reads  []*call
	posted []func()
	down   *switchyard.Error // set while calls are refused at the door
	broken string            // why the account cannot be served, for Ready
	ended  bool              // the goroutine has ended
	wake   chan struct{}
	news   atomic.Bool // posted is not empty

	written atomic.Int64 // rows the committer has made durable and the owner does not know of yet

	recovered chan struct{} // closed after the first recovery, whatever came of it
	serving   chan struct{} // closed when calls are taken for the first time, or refused for good

	// What only the owner touches.
	machine  machine
	next     switchyard.Seq // of the next row
	durable  switchyard.Seq // last durable row
	pending  queue[item]    // decided, in order, not all durable
	rows     int            // rows among pending
	asking   int            // rows among pending that ask for effects; counted under the manual clock
	bytes    int            // of them
	unsent   []rowOut       // not yet handed to the committer
	unsize   int
	poisoned bool      // a panic left the state in pieces: it is thrown away once pending is empty
	panics   int       // in a row, of inputs nobody asked for
	retryAt  time.Time // when the account is rebuilt; zero = not due
	retries  int
	started  bool // Loaded was called
	full     bool // the last failure was for want of space or of the like: probe before rebuilding

	lastAt  switchyard.Instant // of the latest row decided
	cut     checkpoint
	grace   grace
	effects handover
	leaving leaving
	flushes atomic.Uint64 // request ids were let go of this often
	retains atomic.Pointer[switchyard.Settings]
	travel  *travel            // the manual clock is being moved
	manual  switchyard.Instant // where this account is on its way

	timer   *time.Timer
	timerAt time.Time
}

// item is something decided that is answered when all rows up to it are durable.
type item struct {
	row     FeedRow
	encoded []byte // events as JSON; nil = no row
	size    int
	invoke  bool
	asks    bool  // for effects
	call    *call // nil = nobody waits
	answer  any
	err     *switchyard.Error
}

func newOwner(e *Engine, account string) *owner {
	o := &owner{
		e:         e,
		account:   account,
		log:       e.log.With("account", account),
		feed:      newFeed(e, account),
		tail:      newTail(e.wall),
		entropy:   e.options.Entropy,
		wake:      make(chan struct{}, 1),
		recovered: make(chan struct{}),
		serving:   make(chan struct{}),
	}
	if o.entropy == nil {
		o.entropy = newEntropy()
	}
	o.lane = e.committer.lane(o)
	return o
}

// run is the owner's goroutine.
func (o *owner) run() {
	defer o.leave()
	o.timer = time.NewTimer(time.Hour)
	o.timerAt = time.Now().Add(time.Hour)
	defer o.timer.Stop()
	o.firstRebuild()
	select {
	case <-o.e.begin:
	case <-o.e.ctx.Done():
		close(o.serving)
		return
	}
	o.serve()
	o.arm()
	for !o.finished() {
		select {
		case <-o.wake:
		case <-o.timer.C:
			o.timerAt = time.Time{}
		}
		o.step()
		o.arm()
	}
}

// firstRebuild builds the state when the account's owner begins.
func (o *owner) firstRebuild() {
	o.rebuild()
	close(o.recovered)
}

// serve begins to take calls.
func (o *owner) serve() {
	o.begin()
	o.step()
	close(o.serving)
}

// leave refuses whatever is left when the goroutine ends.
func (o *owner) leave() {
	o.mu.Lock()
	o.ended = true
	o.mu.Unlock()
	o.refuse(errStopping)
	o.failPending(errStopping)
	o.strand(errStopping)
}

// finished reports that there is nothing left to do on the way to a stop.
func (o *owner) finished() bool {
	if o.e.ctx.Err() != nil {
		return true
	}
	if !o.e.stopping.Load() {
		return false
	}
	if o.machine == nil {
		return true
	}
	o.mu.Lock()
	waiting := len(o.writes) + len(o.reads) + len(o.posted)
	o.mu.Unlock()
	// A state that is only read is not settled, so it cannot be cut; the journal has what the tables lack.
	return waiting == 0 && o.pending.len() == 0 && (o.cut.clean() || o.e.options.Still)
}

// signal wakes the goroutine.
func (o *owner) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// post lets the owner run f soon. It never waits; what is posted is bounded by what the owner
// itself asked for.
func (o *owner) post(f func()) {
	o.mu.Lock()
	o.posted = append(o.posted, f)
	o.mu.Unlock()
	o.news.Store(true)
	o.signal()
}

// step does everything that can be done now.
func (o *owner) step() {
	o.hear()
	if o.machine == nil {
		o.revive()
	}
	switch {
	case o.machine == nil:
	case o.e.options.Still:
		o.look()
	default:
		o.catchUp(o.now())
		o.moveTime()
		o.look()
		o.take()
		o.flushRequestIDs()
		o.send()
		o.checkpoint()
	}
	if o.poisoned && o.pending.len() == 0 {
		o.discard()
	}
}

// heed goes on with the rows that have become durable: it answers, shows and hands over, and decides
// nothing. The owner calls it also in the midst of long work, so that what is durable does not wait.
func (o *owner) heed() {
	if n := o.written.Swap(0); n > 0 {
		o.confirm(int(n))
	}
}

// hear runs what was posted.
func (o *owner) hear() {
	o.heed()
	for o.news.Swap(false) {
		o.mu.Lock()
		posted := o.posted
		o.posted = nil
		o.mu.Unlock()
		for _, f := range posted {
			f()
		}
	}
}

// take decides calls until none waits, a batch is full or no more may be decided for now.
func (o *owner) take() {
	for n := 0; n < o.e.options.Limits.Batch; n++ {
		o.hear()
		if o.machine == nil || !o.catchUp(o.now()) {
			return
		}
		c := o.nextWrite()
		if c == nil {
			return
		}
		o.answerWrite(c)
	}
	o.signal() // more may wait
}

func (o *owner) nextWrite() *call {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.writes) == 0 {
		return nil
	}
	c := o.writes[0]
	o.writes[0] = nil
	o.writes = o.writes[1:]
	return c
}

// look runs the reads that wait. They see the state at once and are answered when what they saw
// is durable.
func (o *owner) look() {
	if o.poisoned {
		return
	}
	o.mu.Lock()
	reads := o.reads
	o.reads = nil
	o.mu.Unlock()
	var later []*call
	for _, c := range reads {
		switch {
		case c.ctx.Err() != nil:
		case c.whole && o.machine.Unfinished() && !o.e.options.Still:
			later = append(later, c)
		default:
			c.read(o)
			o.pend(item{call: c})
		}
	}
	if later != nil {
		o.mu.Lock()
		o.reads = append(later, o.reads...)
		o.mu.Unlock()
	}
}

// room reports whether another row may be decided: not too much is in flight, and the tables are
// not too far behind.
func (o *owner) room() bool {
	l := &o.e.options.Limits
	if o.machine == nil || o.poisoned || o.rows >= l.PendingRows || o.bytes >= l.PendingBytes {
		return false
	}
	// An unfinished state cannot be cut, so the tables cannot catch up before it goes on.
	return o.machine.Unfinished() || !o.tail.behind(l)
}

// now is the instant the account is at: the clock's, unless the manual clock is on its way.
func (o *owner) now() switchyard.Instant {
	if o.travel != nil {
		return o.manual
	}
	return max(o.manual, o.e.clock.Now())
}

// arm sets the timer to the earliest moment something is to be done without being asked.
func (o *owner) arm() {
	at := o.due()
	if at.IsZero() || !o.timerAt.IsZero() && !at.Before(o.timerAt) {
		return
	}
	o.timerAt = at
	o.timer.Reset(max(0, time.Until(at)))
}

// due is the earliest moment something is to be done without being asked; zero when there is none.
func (o *owner) due() (at time.Time) {
	earlier := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	now := o.e.wall()
	earlier(o.retryAt)
	if o.travel != nil && now.Before(o.travel.limit) {
		earlier(o.travel.limit)
	}
	still := o.e.options.Still
	if o.machine != nil && !still && !o.poisoned && !o.machine.Unfinished() {
		earlier(o.cut.due())
	}
	if o.machine != nil && !still && o.e.manual == nil && o.room() {
		if next := min(o.machine.Alarm(), o.grace.next()); next != switchyard.Never {
			earlier(now.Add(next.Sub(o.e.clock.Now()).Std()))
		}
	}
	return at
}

var (
	errStopping = switchyard.Refuse(switchyard.Busy, "the server is stopping; try again in a moment")
	errStorage  = switchyard.Refuse(switchyard.StorageUnavailable,
		"nothing can be stored at the moment, so nothing was acknowledged; try again in a moment")
	errRecovering = switchyard.Refuse(switchyard.StorageUnavailable,
		"the account cannot be served: it could not be recovered from the journal; the server's log says why")
	errStill    = switchyard.Refuse(switchyard.StorageUnavailable, "the journal is only read here; nothing can be changed")
	errInternal = switchyard.Refuse(switchyard.Internal, "the server failed on this input; nothing changed, and its log has the details under the correlation id")
	errPanicked = errors.New("the core panicked")
)

// refuse answers every waiting call with err.
func (o *owner) refuse(err *switchyard.Error) {
	o.mu.Lock()
	calls := append(o.writes, o.reads...)
	o.writes, o.reads = nil, nil
	o.mu.Unlock()
	for _, c := range calls {
		c.finish(nil, err)
	}
}

// shut refuses calls at the door from now on; nil opens it again.
func (o *owner) shut(err *switchyard.Error, why string) {
	o.mu.Lock()
	o.down, o.broken = err, why
	o.mu.Unlock()
	if err != nil {
		o.refuse(err)
	}
}

// trouble is why the account is not served, "" when it is.
func (o *owner) trouble() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.broken
}
