package engine

import (
	"context"
	"sync"
	"time"

	"switchyard/internal/tables"
)

// writer brings the tables of all accounts up to date: one goroutine, many cuts in one transaction.
// What fails is tried again until it works; meanwhile the accounts run into the limit of how far
// the tables may lag, and take no more inputs.
type writer struct {
	e        *Engine
	wake     chan struct{}
	progress chan struct{}

	applying sync.Mutex // held while tables are written, or read as of one offset

	mu       sync.Mutex
	err      error
	failures int
	standing map[string]*standings // by account; only touched under applying
	space    arena                 // for what is being written; only touched under applying
}

// What goes into one transaction at most.
const (
	maxPartsPerAccount = 16
	maxRowsPerApply    = 500
	fewRowsPerApply    = 100 // while several accounts are called: who answers them wants a core soon
)

func newWriter(e *Engine) *writer {
	return &writer{e: e, wake: make(chan struct{}, 1), progress: make(chan struct{}, 1), standing: map[string]*standings{}}
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *writer) run() {
	for {
		for w.step(w.e.ctx) {
		}
		// A failing store is not asked more often because more waits for it.
		wake, pause := w.wake, w.pause()
		if pause != nil {
			wake = nil
		}
		select {
		case <-wake:
		case <-pause:
		case <-w.e.ctx.Done():
			return
		}
	}
}

// pause ends when a write that failed is to be tried again; never when none failed.
func (w *writer) pause() <-chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return nil
	}
	return time.After(backoff(w.failures))
}

// load is the part of a transaction that is one account's.
type load struct {
	owner *owner
	parts []*part
}

// step writes what is waiting, or a good piece of it; false when nothing was, or it failed.
func (w *writer) step(ctx context.Context) bool {
	w.applying.Lock()
	defer w.applying.Unlock()
	w.space.reset()
	var loads []load
	var batches []tables.Batch
	rows, most := 0, maxRowsPerApply
	if w.e.crowd.now() {
		most = fewRowsPerApply
	}
	for _, o := range w.e.allOwners() {
		l := load{owner: o, parts: o.tail.sealed(maxPartsPerAccount)}
		for n, p := range l.parts {
			if rows >= most {
				l.parts = l.parts[:n]
				break
			}
			rows += len(p.rows) + 1
			b, err := w.project(ctx, o, p)
			if err != nil {
				w.note(err)
				clear(w.standing)
				return false
			}
			batches = append(batches, b)
		}
		if len(l.parts) > 0 {
			loads = append(loads, l)
		}
	}
	if len(batches) == 0 {
		return false
	}
	began := time.Now()
	err := w.e.options.Tables.Apply(ctx, batches)
	w.e.metrics.applySeconds.Observe(time.Since(began).Seconds())
	w.note(err)
	if err != nil {
		clear(w.standing) // what was worked out from rows that are not written is not so yet
		return false
	}
	for _, l := range loads {
		l.owner.tail.took(len(l.parts))
		l.owner.signal()
	}
	select {
	case w.progress <- struct{}{}:
	default:
	}
	return true
}

// note remembers whether the tables can be written, and says so when that changes.
func (w *writer) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		w.failures++
		w.e.metrics.tableFailures.Inc()
		if w.err == nil {
			w.e.log.Error("the tables cannot be written; it is tried again, and beyond the limit of lag no inputs are taken", "error", err)
		}
	case w.err != nil:
		w.e.log.Info("the tables can be written again")
		w.failures = 0
	}
	w.err = err
}

// forget drops what waits for the tables of an account that is rebuilt. Nothing of it is being
// written when it returns.
func (w *writer) forget(o *owner, f func() error) error {
	w.applying.Lock()
	defer w.applying.Unlock()
	delete(w.standing, o.account)
	return f()
}

// drain waits until nothing waits for the tables.
func (w *writer) drain(ctx context.Context) error {
	for {
		empty := true
		for _, o := range w.e.allOwners() {
			empty = empty && o.tail.empty()
		}
		if empty {
			return nil
		}
		w.signal()
		select {
		case <-w.progress:
		case <-w.e.ctx.Done():
			return nil // a start that was given up: the writer has ended, the journal has it all
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
