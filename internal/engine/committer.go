package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/internal/journal"
)

// committer appends the rows of all accounts: what is waiting goes into one transaction, with at
// most so many rows of each account, so that a flooded account does not hold up the others. It
// never lingers for more.
type committer struct {
	e    *Engine
	mu   sync.Mutex
	line queue[*lane] // lanes with rows, each once, in turn
	wake chan struct{}
	pace atomic.Int64 // how long a commit takes, in nanoseconds: its moving average
}

// lane holds the rows of one account on their way into the journal.
type lane struct {
	c      *committer
	owner  *owner
	rows   queue[journal.Row] // under c.mu, like the others
	inLine bool
	shut   bool // an append failed: what comes is dropped until the owner has started over
}

// maxCommitBytes bounds one transaction.
const maxCommitBytes = 16 << 20

func newCommitter(e *Engine) *committer {
	return &committer{e: e, wake: make(chan struct{}, 1)}
}

func (c *committer) lane(o *owner) *lane { return &lane{c: c, owner: o} }

// submit takes rows that follow those submitted before. The owner bounds how many are in flight.
func (l *lane) submit(rows []journal.Row) {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	if l.shut {
		return
	}
	for _, r := range rows {
		l.rows.push(r)
	}
	if !l.inLine {
		l.inLine = true
		l.c.line.push(l)
	}
	select {
	case l.c.wake <- struct{}{}:
	default:
	}
}

// reopen lets the lane of a rebuilt account begin anew.
func (l *lane) reopen() {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.rows, l.shut = queue[journal.Row]{}, false
}

func (c *committer) run() {
	for {
		for c.step(context.Background()) {
		}
		select {
		case <-c.wake:
		case <-c.e.ctx.Done():
			return
		}
	}
}

// share is the part of a transaction that is one account's.
type share struct {
	lane *lane
	rows []journal.Row
}

// step makes one transaction of what is waiting; false when nothing is.
func (c *committer) step(ctx context.Context) bool {
	shares := c.gather()
	if len(shares) == 0 {
		return false
	}
	var all []journal.Row
	if len(shares) == 1 {
		all = shares[0].rows
	} else {
		for _, s := range shares {
			all = append(all, s.rows...)
		}
	}
	began := time.Now()
	err := c.append(ctx, all)
	took := time.Since(began)
	c.pace.Add((int64(took) - c.pace.Load()) / 16)
	c.e.metrics.commitSeconds.Observe(took.Seconds())
	c.e.metrics.commitRows.Observe(float64(len(all)))
	if err != nil && len(shares) > 1 && !errors.Is(err, journal.ErrSync) {
		c.separately(ctx, shares)
		return true
	}
	for _, s := range shares {
		c.report(s, err)
	}
	return true
}

// append writes to the journal. After a failed sync nothing is written any more: the process has to
// stop and to recover from what is on disk.
func (c *committer) append(ctx context.Context, rows []journal.Row) error {
	if c.e.syncLost.Load() {
		return journal.ErrSync
	}
	err := c.e.options.Journal.Append(ctx, rows)
	if errors.Is(err, journal.ErrSync) && c.e.syncLost.CompareAndSwap(false, true) {
		c.e.log.Error("a sync of the journal failed; the process must stop", "error", err)
		c.e.options.Fatal(err)
	}
	return err
}

// separately tries each account on its own after a transaction failed, so that only those fail that
// are to blame.
func (c *committer) separately(ctx context.Context, shares []share) {
	for _, s := range shares {
		c.report(s, c.append(ctx, s.rows))
	}
}

// gather takes the waiting rows of the accounts in turn.
func (c *committer) gather() []share {
	c.mu.Lock()
	defer c.mu.Unlock()
	var shares []share
	bytes := 0
	for n := c.line.len(); n > 0 && bytes < maxCommitBytes; n-- {
		l := c.line.pop()
		l.inLine = false
		s := share{lane: l}
		for l.rows.len() > 0 && len(s.rows) < c.e.options.Limits.RowsPerCommit && bytes < maxCommitBytes {
			r := l.rows.pop()
			bytes += len(r.Input) + len(r.Events)
			s.rows = append(s.rows, r)
		}
		if len(s.rows) > 0 {
			shares = append(shares, s)
		}
		if l.rows.len() > 0 {
			l.inLine = true
			c.line.push(l)
		}
	}
	return shares
}

// report tells the owner what became of its share. After a failure its lane is shut: rows that
// follow the lost ones must not be written.
func (c *committer) report(s share, err error) {
	o := s.lane.owner
	if err == nil {
		o.written.Add(int64(len(s.rows)))
		o.signal()
		return
	}
	c.mu.Lock()
	s.lane.shut = true
	s.lane.rows = queue[journal.Row]{}
	c.mu.Unlock()
	o.post(func() {
		o.heed() // what was written before
		o.fail(err)
	})
}
