package crash

import (
	"bytes"
	"context"
	"sync"
	"time"

	"switchyard"
	"switchyard/internal/journal"
)

// hasty is a journal with the bug the harness exists for: Append says that rows are durable and
// writes them a moment later, so that a killed process takes acknowledged rows with it. Whatever
// reads waits for the writes: until it is killed nobody can tell.
type hasty struct {
	journal.Store
	lines chan []journal.Row

	mu      sync.Mutex
	settled *sync.Cond
	behind  int
	failed  error
}

// hastyLag is how long rows are acknowledged before they are written.
const hastyLag = 20 * time.Millisecond

func newHasty(s journal.Store) *hasty {
	h := &hasty{Store: s, lines: make(chan []journal.Row, 1<<16)}
	h.settled = sync.NewCond(&h.mu)
	go h.write()
	return h
}

func (h *hasty) write() {
	for rows := range h.lines {
		<-time.After(hastyLag)
		for more := true; more; {
			select {
			case next := <-h.lines:
				rows = append(rows, next...)
			default:
				more = false
			}
		}
		err := h.Store.Append(context.Background(), rows)
		h.mu.Lock()
		h.behind -= len(rows)
		if err != nil {
			h.failed = err
		}
		h.settled.Broadcast()
		h.mu.Unlock()
	}
}

// Append lies.
func (h *hasty) Append(_ context.Context, rows []journal.Row) error {
	kept := make([]journal.Row, len(rows))
	for n, r := range rows {
		r.Input, r.Events = bytes.Clone(r.Input), bytes.Clone(r.Events)
		kept[n] = r
	}
	h.mu.Lock()
	h.behind += len(kept)
	err := h.failed
	h.mu.Unlock()
	h.lines <- kept
	return err
}

// settle waits until everything acknowledged so far, and what came meanwhile, is written.
func (h *hasty) settle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.behind > 0 {
		h.settled.Wait()
	}
}

func (h *hasty) Rows(ctx context.Context, account string, from switchyard.Seq, limit int) ([]journal.Row, error) {
	h.settle()
	return h.Store.Rows(ctx, account, from, limit)
}

func (h *hasty) Bounds(ctx context.Context, account string) (oldest, last switchyard.Seq, err error) {
	h.settle()
	return h.Store.Bounds(ctx, account)
}

func (h *hasty) SetMeta(ctx context.Context, key, value string) error {
	h.settle()
	return h.Store.SetMeta(ctx, key, value)
}
