package engine

import (
	"context"
	"fmt"
	"sync"

	"switchyard"
	"switchyard/internal/journal"
)

// FeedRow is a durable row of the journal as the feed shows it. Its events may hold sealed
// credentials: whoever shows them masks them. Nothing in it may be changed.
type FeedRow struct {
	Seq         switchyard.Seq
	At          switchyard.Instant
	By          string
	Correlation switchyard.ID
	Events      []switchyard.Event
}

// CursorExpired says that rows after a cursor were removed by retention. It is a *switchyard.Error
// of that code, too.
type CursorExpired struct {
	Oldest  switchyard.Seq // the first row that is kept
	refused *switchyard.Error
}

func (e *CursorExpired) Error() string { return e.refused.Error() }

// Unwrap returns the *switchyard.Error.
func (e *CursorExpired) Unwrap() error { return e.refused }

// feed holds the newest durable rows of an account and wakes those who read on. Older rows come
// from the journal.
type feed struct {
	e       *Engine
	account string

	mu     sync.Mutex
	rows   queue[feedEntry]
	bytes  int
	last   switchyard.Seq // newest durable row
	news   chan struct{}  // closed when last grows
	closed bool
}

type feedEntry struct {
	row  FeedRow
	size int
}

func newFeed(e *Engine, account string) *feed {
	return &feed{e: e, account: account, news: make(chan struct{})}
}

// append shows durable rows.
func (f *feed) append(ready []item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range ready {
		if ready[n].encoded != nil {
			f.add(ready[n].row, ready[n].size)
		}
	}
	f.wake()
}

// replay shows a row read back from the journal, if it was not shown before. It reports whether it
// was.
func (f *feed) replay(row FeedRow, size int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if row.Seq <= f.last {
		return false
	}
	f.add(row, size)
	f.wake()
	return true
}

// resume sets where an empty feed begins.
func (f *feed) resume(last switchyard.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = max(f.last, last)
}

func (f *feed) newest() switchyard.Seq {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *feed) add(row FeedRow, size int) {
	if row.Seq != f.last+1 {
		panic(fmt.Sprintf("engine: feed of %s goes from row %d to %d", f.account, f.last, row.Seq))
	}
	f.last = row.Seq
	f.rows.push(feedEntry{row, size})
	f.bytes += size
	l := &f.e.options.Limits
	for f.rows.len() > l.FeedRows || f.bytes > l.FeedBytes && f.rows.len() > 1 {
		f.bytes -= f.rows.pop().size
	}
}

func (f *feed) wake() {
	close(f.news)
	f.news = make(chan struct{})
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		f.wake()
	}
}

// recent returns up to limit rows from seq from on that are in memory; false when from is older.
func (f *feed) recent(from switchyard.Seq, limit int) (rows []FeedRow, ok bool) {
	first := f.last + 1 - switchyard.Seq(f.rows.len())
	if from < first {
		return nil, false
	}
	for _, entry := range f.rows.all()[min(int(from-first), f.rows.len()):] {
		if len(rows) == limit {
			break
		}
		rows = append(rows, entry.row)
	}
	return rows, true
}

// read returns up to limit durable rows from seq from on, from memory or from the journal.
func (f *feed) read(ctx context.Context, from switchyard.Seq, limit int) ([]FeedRow, error) {
	f.mu.Lock()
	rows, ok := f.recent(from, limit)
	last := f.last
	f.mu.Unlock()
	if ok {
		return rows, nil
	}
	kept, err := f.e.options.Journal.Rows(ctx, f.account, from, limit)
	if err != nil {
		return nil, fmt.Errorf("read rows from %d: %w", from, err)
	}
	if len(kept) == 0 || kept[0].Seq != from {
		return nil, f.expired(ctx)
	}
	for _, k := range kept {
		if k.Seq > last {
			break // written, but not known to the owner yet
		}
		row, err := decodeRow(&k)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (f *feed) expired(ctx context.Context) error {
	oldest, _, err := f.e.options.Journal.Bounds(ctx, f.account)
	if err != nil {
		return fmt.Errorf("read bounds of the journal: %w", err)
	}
	return &CursorExpired{oldest, switchyard.Refuse(switchyard.CursorExpired,
		"the events after this cursor were removed by retention; the oldest kept are those of row %d: read on after=%d", oldest, oldest-1)}
}

// start is the row a reader with this cursor goes on with: the row of the cursor when it may have
// further events, else the one after.
func (f *feed) start(after switchyard.Cursor) (switchyard.Seq, error) {
	f.mu.Lock()
	last := f.last
	f.mu.Unlock()
	if after.Seq > last {
		return 0, switchyard.Refuse(switchyard.Malformed, "cursor %s is after the newest row %d of account %s; it belongs to another account or an older server", after, last, f.account)
	}
	if after.Seq == 0 || after.N == wholeRow {
		return after.Seq + 1, nil
	}
	return after.Seq, nil
}

// startFeed is where a reader with this cursor goes on. Of an account that could not be recovered yet
// not all rows are known, so nothing can be said of the cursor.
func (o *owner) startFeed(after switchyard.Cursor) (switchyard.Seq, error) {
	from, err := o.feed.start(after)
	if err == nil {
		return from, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down != nil {
		return 0, o.down
	}
	return 0, err
}

// wholeRow is the N of a cursor that names a whole row.
const wholeRow = 1<<31 - 1

// skip leaves out the cursor's own row when the cursor names its last event.
func skip(rows []FeedRow, after switchyard.Cursor) []FeedRow {
	if len(rows) > 0 && rows[0].Seq == after.Seq && after.N >= len(rows[0].Events)-1 {
		return rows[1:]
	}
	return rows
}

func decodeRow(r *journal.Row) (FeedRow, error) {
	env, err := journal.DecodeInput(r.Seq, r.Input)
	if err != nil {
		return FeedRow{}, err
	}
	events, err := journal.DecodeEvents(r.Events)
	if err != nil {
		return FeedRow{}, fmt.Errorf("row %d: %w", r.Seq, err)
	}
	return FeedRow{Seq: r.Seq, At: r.At, By: env.By, Correlation: env.Correlation, Events: events}, nil
}

// Page returns up to limit durable rows after the cursor. The first may be the cursor's own row: its
// events up to the cursor are the reader's already.
func (e *Engine) Page(ctx context.Context, account string, after switchyard.Cursor, limit int) ([]FeedRow, error) {
	o, refused := e.owner(account)
	if refused != nil {
		return nil, refused
	}
	from, err := o.startFeed(after)
	if err != nil {
		return nil, err
	}
	rows, err := o.feed.read(ctx, from, limit+1)
	if err != nil {
		return nil, err
	}
	rows = skip(rows, after)
	return rows[:min(limit, len(rows))], nil
}

// Subscription reads an account's feed on and on. One goroutine uses it.
type Subscription struct {
	feed  *feed
	after switchyard.Cursor
	from  switchyard.Seq
	live  bool // it had reached the newest row
}

// Subscribe begins to read after the cursor, however old: rows come from the journal until the
// reader has caught up. The first row may be the cursor's own, as in Page.
func (e *Engine) Subscribe(account string, after switchyard.Cursor) (*Subscription, error) {
	o, refused := e.owner(account)
	if refused != nil {
		return nil, refused
	}
	from, err := o.startFeed(after)
	if err != nil {
		return nil, err
	}
	return &Subscription{feed: o.feed, after: after, from: from}, nil
}

// feedPage is how many rows Next returns at most.
const feedPage = 256

// Next waits for rows and returns them in order, without a gap. A reader that had caught up and
// then fell behind what is kept in memory is dropped with code busy: it resumes by its cursor.
func (s *Subscription) Next(ctx context.Context) ([]FeedRow, error) {
	for {
		f := s.feed
		f.mu.Lock()
		news, closed, last := f.news, f.closed, f.last
		rows, ok := f.recent(s.from, feedPage)
		f.mu.Unlock()
		switch {
		case !ok && s.live:
			f.e.metrics.dropped.Inc()
			return nil, switchyard.Refuse(switchyard.Busy, "this reader of the feed is too slow and was dropped; resume after %d", s.from-1)
		case !ok:
			var err error
			if rows, err = f.read(ctx, s.from, feedPage); err != nil {
				return nil, err
			}
		case s.from > last:
			s.live = true
		}
		if len(rows) > 0 {
			s.from = rows[len(rows)-1].Seq + 1
			if rows = skip(rows, s.after); len(rows) > 0 {
				return rows, nil
			}
			continue
		}
		if closed {
			return nil, errStopping
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close ends the subscription. It holds nothing that must be given back.
func (s *Subscription) Close() {}
