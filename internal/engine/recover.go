package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
)

// revive rebuilds an account whose state was thrown away, when its time has come.
func (o *owner) revive() {
	if o.retryAt.IsZero() || o.e.wall().Before(o.retryAt) || o.e.ctx.Err() != nil {
		return
	}
	o.rebuild()
	if o.machine != nil {
		o.begin()
	}
}

// rebuild makes the account's state anew from the tables and the journal. When that fails for
// reasons that may pass, it is due again later; when the core fails on what is stored, only another
// binary can help.
func (o *owner) rebuild() {
	o.retryAt = time.Time{}
	ctx := o.e.ctx
	if o.e.syncLost.Load() {
		return // nothing may be trusted or tried before the process has started again
	}
	if o.full {
		if err := o.e.options.Journal.Probe(ctx); err != nil {
			o.again("the journal cannot be written", err)
			return
		}
		o.full = false
	}
	began := time.Now()
	err := o.restore(ctx)
	switch {
	case err == nil:
		o.retries = 0
		o.lane.reopen()
		o.e.metrics.recoveries.Inc()
		o.log.Info("account recovered", "seq", uint64(o.durable), "took", time.Since(began).String())
		o.shut(nil, "")
	case errors.Is(err, errPanicked) || errors.Is(err, errAhead) || errors.Is(err, journal.ErrNewer):
		o.machine = nil
		o.e.metrics.panics.Inc()
		o.log.Error("the account cannot be recovered and is not served; the others are", "error", err)
		o.shut(errRecovering, "it cannot be recovered: "+firstLine(err.Error()))
	default:
		o.machine = nil
		o.again("the account cannot be recovered", err)
	}
}

// again plans another attempt. It is told once, and once in a while.
func (o *owner) again(what string, err error) {
	if o.retries == 0 {
		o.log.Error(what+"; its calls are answered 503 until it works again", "error", err)
		o.shut(errStorage, what+": "+err.Error())
	}
	o.retries++
	o.retryAt = o.e.wall().Add(backoff(o.retries))
}

func firstLine(s string) string {
	for n, c := range s {
		if c == '\n' {
			return s[:n]
		}
	}
	return s
}

// errAhead: the tables hold what the journal does not.
var errAhead = errors.New("the tables are ahead of the journal, so they belong to another one: delete tables.db, it is rebuilt from the journal")

// restore loads the checkpoint and folds the journal's tail over it. What is durable in the journal
// and not in the tables goes into the tail again; what the feed has not shown is shown.
func (o *owner) restore(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanicked, p, debug.Stack())
		}
	}()
	var base start
	err = o.e.writer.forget(o, func() (err error) {
		base, err = o.e.load(ctx, o.account)
		o.tail.restart(base.applied)
		return err
	})
	if err != nil {
		return err
	}
	o.machine = base.machine
	o.pending, o.rows, o.bytes, o.asking = queue[item]{}, 0, 0, 0
	o.unsent, o.unsize = nil, 0
	o.cut, o.leaving = checkpoint{limits: &o.e.options.Limits}, leaving{}
	o.durable, o.next, o.lastAt = base.seq, base.seq+1, base.at
	first := !o.started
	if first {
		o.feed.resume(base.seq)
	} else if err := o.showMissed(ctx, base.seq); err != nil {
		return err
	}
	if base.snapshot != nil {
		o.tail.seal(cut{through: base.seq, at: base.at, put: base.snapshot})
		o.e.writer.signal()
	}
	if err := o.e.replay(ctx, o.account, base.seq+1, func(r *replayed) error { return o.refold(r, first) }); err != nil {
		return err
	}
	if c := o.machine.Config(); c != nil && c.Document != nil {
		o.settings(&c.Document.Settings)
	}
	if first {
		o.started = true
		if s, ok := o.machine.(*core.State); ok && o.e.options.Loaded != nil {
			o.e.options.Loaded(o.account, s)
		}
	}
	return nil
}

// showMissed shows rows up to through that somebody else wrote, and even brought into the tables,
// since this owner lost the account.
func (o *owner) showMissed(ctx context.Context, through switchyard.Seq) error {
	from := o.feed.newest() + 1
	if from > through {
		return nil
	}
	err := o.e.replay(ctx, o.account, from, func(r *replayed) error {
		if r.row.Seq > through {
			return errStopped
		}
		if o.feed.replay(r.row, r.size) && o.e.options.Observe != nil {
			o.e.options.Observe(o.account, r.row)
		}
		return nil
	})
	if err == errStopped {
		err = nil
	}
	return err
}

// refold takes one row of the tail back in.
func (o *owner) refold(r *replayed, first bool) error {
	if err := o.cutBefore(r); err != nil {
		return err
	}
	o.machine.Fold(r.row.Seq, r.row.At, r.row.Events)
	o.durable, o.next, o.lastAt = r.row.Seq, r.row.Seq+1, r.row.At
	shown := !o.feed.replay(r.row, r.size)
	if !shown && !first && o.e.options.Observe != nil {
		o.e.options.Observe(o.account, r.row)
	}
	o.tail.mu.Lock()
	o.tail.addRow(tailRow{FeedRow: r.row, encoded: r.encoded, invoke: r.invoke})
	o.tail.mu.Unlock()
	o.cut.count(r.row.Events, o.e.wall())
	return nil
}

// cutBefore makes a checkpoint in the course of a replay when enough has changed, and waits when the
// tables are too far behind. Before request ids leave the state it makes sure that the tables have
// them: these may be made anew.
func (o *owner) cutBefore(r *replayed) error {
	flush, flushes := r.input.Input.(*switchyard.FlushRequestIDs)
	if !flushes && o.cut.events < o.e.options.Limits.CutEvents {
		return nil
	}
	if _, sweep := r.input.Input.(*switchyard.Sweep); sweep {
		return nil
	}
	if m, ok := o.machine.(rester); ok {
		m.Rest()
	}
	if flushes {
		o.letGo(flush.Through)
	}
	if !o.machine.Unfinished() {
		o.makeCut()
	}
	if flushes {
		return o.waitForTables(func() bool { return o.tail.empty() }, o.tail.drained)
	}
	for o.tail.behind(&o.e.options.Limits) && !o.tail.empty() {
		next := switchyard.Seq(o.tail.applied.Load()) + 1
		err := o.waitForTables(
			func() bool { return switchyard.Seq(o.tail.applied.Load()) >= next },
			func(ctx context.Context) error { return o.tail.reached(ctx, next) })
		if err != nil {
			return err
		}
	}
	return nil
}

// waitForTables waits until the writer has come far enough. Where nobody else can step the writer, it
// is stepped here.
func (o *owner) waitForTables(reached func() bool, wait func(context.Context) error) error {
	if !o.e.stepped {
		return wait(o.e.ctx)
	}
	for !reached() {
		if !o.e.writer.step(o.e.ctx) {
			return fmt.Errorf("wait for the tables: %w", o.e.writer.failure())
		}
	}
	return nil
}

// start is a state to fold the rest of the journal over.
type start struct {
	machine machine
	seq     switchyard.Seq
	at      switchyard.Instant
	applied switchyard.Seq // row the tables are at
	// snapshot holds the values when they came from the journal, because the tables lack them.
	snapshot []journal.Entry
}

// load restores a state from the tables, or from the journal's snapshot when the tables are too old
// for what the journal still has.
func (e *Engine) load(ctx context.Context, account string) (start, error) {
	seq, at, err := e.options.Tables.Offset(ctx, account)
	if err != nil {
		return start{}, fmt.Errorf("read the tables' offset: %w", err)
	}
	oldest, last, err := e.options.Journal.Bounds(ctx, account)
	if err != nil {
		return start{}, fmt.Errorf("read the journal's bounds: %w", err)
	}
	if seq > last {
		return start{}, fmt.Errorf("%w (tables at row %d, journal at row %d)", errAhead, seq, last)
	}
	s := start{machine: e.machines.state(account), seq: seq, at: at, applied: seq}
	if seq+1 < oldest {
		return e.loadSnapshot(ctx, account, s)
	}
	if seq > 0 {
		err = e.restoreEntries(s.machine, func(f func(journal.Entry) error) error {
			return e.options.Tables.Load(ctx, account, f)
		})
		if err != nil {
			return start{}, fmt.Errorf("load the checkpoint: %w", err)
		}
		s.machine.Restored(seq, at)
	}
	return s, nil
}

func (e *Engine) loadSnapshot(ctx context.Context, account string, s start) (start, error) {
	snapshot, err := e.options.Journal.Snapshot(ctx, account)
	if err != nil {
		return start{}, fmt.Errorf("read the journal's snapshot: %w", err)
	}
	if snapshot == nil {
		return start{}, errors.New("the journal's oldest rows are gone and it has no snapshot: restore a backup")
	}
	if err := e.restoreEntries(s.machine, each(snapshot.Entries)); err != nil {
		return start{}, fmt.Errorf("load the snapshot: %w", err)
	}
	s.machine.Restored(snapshot.Seq, snapshot.At)
	s.seq, s.at, s.snapshot = snapshot.Seq, snapshot.At, snapshot.Entries
	return s, nil
}

func each(entries []journal.Entry) func(func(journal.Entry) error) error {
	return func(f func(journal.Entry) error) error {
		for _, entry := range entries {
			if err := f(entry); err != nil {
				return err
			}
		}
		return nil
	}
}

// entryChunk is a run of a checkpoint's entries on its way through a decoder.
type entryChunk struct {
	entries []journal.Entry
	buffer  []byte
	values  []any
	err     error
	ready   chan struct{}
}

// How much of a checkpoint is in flight between reading, decoding and restoring.
const (
	chunkEntries    = 256
	chunksInAdvance = 64
)

// restoreEntries restores values in the order they are read, while several goroutines decode those
// to come.
func (e *Engine) restoreEntries(m machine, read func(func(journal.Entry) error) error) error {
	inOrder := make(chan *entryChunk, chunksInAdvance)
	stop := make(chan struct{})
	var readErr error
	go func() {
		defer close(inOrder)
		readErr = e.readChunks(read, inOrder, stop)
	}()
	var failed error
	var crash any
	for c := range inOrder {
		<-c.ready
		if failed == nil && crash == nil {
			failed = c.err
			crash = restoreChunk(m, c, failed)
			if failed != nil || crash != nil {
				close(stop)
			}
		}
	}
	if crash != nil {
		panic(crash)
	}
	return errors.Join(failed, readErr)
}

// restoreChunk restores the values of a chunk and returns what the core panicked with.
func restoreChunk(m machine, c *entryChunk, failed error) (crash any) {
	defer func() { crash = recover() }()
	for n, v := range c.values {
		if failed == nil {
			m.Restore(c.entries[n].Kind, c.entries[n].Key, v)
		}
	}
	return nil
}

var errStopped = errors.New("stopped")

func (e *Engine) readChunks(read func(func(journal.Entry) error) error, inOrder chan<- *entryChunk, stop <-chan struct{}) error {
	work := make(chan *entryChunk, chunksInAdvance)
	defer close(work)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for c := range work {
				c.decode(e.machines.value)
			}
		}()
	}
	var c *entryChunk
	flush := func() error {
		select {
		case inOrder <- c:
			work <- c
			c = nil
			return nil
		case <-stop:
			return errStopped
		}
	}
	err := read(func(entry journal.Entry) error {
		if c == nil {
			c = &entryChunk{ready: make(chan struct{}), entries: make([]journal.Entry, 0, chunkEntries)}
		}
		c.add(entry)
		if len(c.entries) == chunkEntries {
			return flush()
		}
		return nil
	})
	if err == nil && c != nil {
		err = flush()
	}
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

// add copies an entry; the store may use the bytes of its value again.
func (c *entryChunk) add(entry journal.Entry) {
	from := len(c.buffer)
	c.buffer = append(c.buffer, entry.Value...)
	entry.Value = c.buffer[from:len(c.buffer):len(c.buffer)]
	c.entries = append(c.entries, entry)
}

func (c *entryChunk) decode(newValue func(kind string) any) {
	defer close(c.ready)
	c.values = make([]any, len(c.entries))
	for n, entry := range c.entries {
		v := newValue(entry.Kind)
		if v == nil {
			c.err = fmt.Errorf("checkpoint entry %s %s: %w", entry.Kind, entry.Key, journal.ErrNewer)
			return
		}
		if err := json.Unmarshal(entry.Value, v); err != nil {
			c.err = fmt.Errorf("checkpoint entry %s %s: %w", entry.Kind, entry.Key, err)
			return
		}
		c.values[n] = v
	}
}

// replayed is a row read back from the journal.
type replayed struct {
	journal *journal.Row
	input   *switchyard.Envelope
	row     FeedRow
	encoded []byte
	size    int
	invoke  bool
	err     error
}

// rowChunk is a page of rows on its way through a decoder.
type rowChunk struct {
	rows  []replayed
	ready chan struct{}
}

// rowsPerPage is how many rows are read from the journal at once.
const rowsPerPage = 1000

// replay calls f with every row of the journal from a row on, decoded ahead by other goroutines.
func (e *Engine) replay(ctx context.Context, account string, from switchyard.Seq, f func(*replayed) error) error {
	return replay(ctx, e.options.Journal, account, from, f)
}

func replay(ctx context.Context, store journal.Store, account string, from switchyard.Seq, f func(*replayed) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pages := make(chan *rowChunk, 2*runtime.GOMAXPROCS(0))
	var readErr error
	go func() {
		defer close(pages)
		readErr = readPages(ctx, store, account, from, pages)
	}()
	var failed error
	defer func() { // a panic of f must not leave the reader behind
		cancel()
		for range pages {
		}
	}()
	next := from
	for page := range pages {
		<-page.ready
		for n := range page.rows {
			r := &page.rows[n]
			if failed = r.err; failed == nil && r.journal.Seq != next {
				failed = fmt.Errorf("the journal goes from row %d to %d", next-1, r.journal.Seq)
			}
			if failed == nil {
				failed = f(r)
			}
			if failed != nil {
				return failed
			}
			next++
		}
	}
	return readErr
}

func readPages(ctx context.Context, store journal.Store, account string, from switchyard.Seq, pages chan<- *rowChunk) error {
	for {
		rows, err := store.Rows(ctx, account, from, rowsPerPage)
		if err != nil {
			return fmt.Errorf("read rows from %d: %w", from, err)
		}
		if len(rows) == 0 {
			return nil
		}
		page := &rowChunk{rows: make([]replayed, len(rows)), ready: make(chan struct{})}
		select {
		case pages <- page:
		case <-ctx.Done():
			return ctx.Err()
		}
		go page.decode(rows)
		from = rows[len(rows)-1].Seq + 1
	}
}

func (p *rowChunk) decode(rows []journal.Row) {
	defer close(p.ready)
	for n := range rows {
		p.rows[n].decode(&rows[n])
	}
}

func (r *replayed) decode(row *journal.Row) {
	r.journal, r.encoded, r.size = row, row.Events, len(row.Input)+len(row.Events)
	if r.input, r.err = journal.DecodeInput(row.Seq, row.Input); r.err != nil {
		return
	}
	events, err := journal.DecodeEvents(row.Events)
	if err != nil {
		r.err = fmt.Errorf("row %d: %w", row.Seq, err)
		return
	}
	_, r.invoke = r.input.Input.(*switchyard.Invoke)
	r.row = FeedRow{Seq: row.Seq, At: row.At, By: r.input.By, Correlation: r.input.Correlation, Events: events}
}
