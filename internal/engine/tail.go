package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"switchyard"
)

// tail is what is durable in the journal and not yet in the tables, for one account. The owner adds
// to it, the writer takes from it, reads look through it beside the tables.
type tail struct {
	mu    sync.RWMutex
	parts []*part // sealed, oldest first
	open  *part   // rows of no cut yet; nil when there are none
	moved chan struct{}

	durable atomic.Uint64 // last row added
	applied atomic.Uint64 // last row in the tables
	oldest  atomic.Int64  // when the oldest row here became durable, since epoch; 0 = none

	wall  func() time.Time
	epoch time.Time // what its times count from; a monotonic clock does not jump
}

// part is a run of rows and, once sealed, the cut made after the last of them. A sealed part never
// changes; rows of an open one are only appended.
type part struct {
	rows  []tailRow
	since time.Duration // when the first row became durable, since epoch
	cut   cut
}

type tailRow struct {
	FeedRow
	encoded []byte
	invoke  bool
}

func newTail(wall func() time.Time) *tail {
	return &tail{moved: make(chan struct{}), wall: wall, epoch: wall().Add(-time.Second)}
}

// now is the present moment, since epoch; it is never 0.
func (t *tail) now() time.Duration { return t.wall().Sub(t.epoch) }

func (t *tail) add(ready []item) {
	if len(ready) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := range ready {
		if i := &ready[n]; i.encoded != nil {
			t.addRow(tailRow{FeedRow: i.row, encoded: i.encoded, invoke: i.invoke})
		}
	}
}

func (t *tail) addRow(r tailRow) {
	if t.open == nil {
		t.open = &part{since: t.now()}
	}
	t.open.rows = append(t.open.rows, r)
	t.durable.Store(uint64(r.Seq))
	if t.oldest.Load() == 0 {
		t.oldest.Store(int64(t.open.since))
	}
}

// seal closes the open part with the cut made after its last row.
func (t *tail) seal(c cut) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.open
	if p == nil {
		p = &part{since: t.now()}
	}
	t.open = nil
	p.cut = c
	t.parts = append(t.parts, p)
}

// sealed returns up to limit sealed parts, oldest first.
func (t *tail) sealed(limit int) []*part {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.parts[:min(limit, len(t.parts)):min(limit, len(t.parts))]
}

// took forgets the first n parts: they are in the tables.
func (t *tail) took(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.applied.Store(uint64(t.parts[n-1].cut.through))
	t.parts = append([]*part(nil), t.parts[n:]...)
	t.settle()
}

// restart forgets everything; the tables are at applied.
func (t *tail) restart(applied switchyard.Seq) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts, t.open = nil, nil
	t.applied.Store(uint64(applied))
	t.durable.Store(uint64(applied))
	t.settle()
}

func (t *tail) settle() {
	oldest := time.Duration(0)
	switch {
	case len(t.parts) > 0:
		oldest = t.parts[0].since
	case t.open != nil:
		oldest = t.open.since
	}
	t.oldest.Store(int64(oldest))
	close(t.moved)
	t.moved = make(chan struct{})
}

// lag is how far the tables are behind.
func (t *tail) lag() (time.Duration, int) {
	rows := int(t.durable.Load() - t.applied.Load())
	oldest := t.oldest.Load()
	if oldest == 0 {
		return 0, rows
	}
	return t.now() - time.Duration(oldest), rows
}

// behind reports whether the tables are further behind than they may be.
func (t *tail) behind(l *Limits) bool {
	d, rows := t.lag()
	return d > l.Lag || rows >= l.LagRows
}

func (t *tail) empty() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.parts) == 0
}

// view is what the tail holds at one moment, oldest first. Reads take it before they ask the
// tables, so that a row on its way from one to the other is seen at least once.
func (t *tail) view() []part {
	t.mu.RLock()
	defer t.mu.RUnlock()
	parts := make([]part, 0, len(t.parts)+1)
	for _, p := range t.parts {
		parts = append(parts, *p)
	}
	if t.open != nil {
		parts = append(parts, *t.open)
	}
	return parts
}

// drained waits until the tables hold everything that was sealed.
func (t *tail) drained(ctx context.Context) error {
	for {
		t.mu.RLock()
		moved, left := t.moved, len(t.parts)
		t.mu.RUnlock()
		if left == 0 {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reached waits until the tables hold row seq.
func (t *tail) reached(ctx context.Context, seq switchyard.Seq) error {
	for {
		t.mu.RLock()
		moved, at := t.moved, switchyard.Seq(t.applied.Load())
		t.mu.RUnlock()
		if at >= seq {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
