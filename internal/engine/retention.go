package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
)

// How long what is kept unless the account says otherwise (RULINGS 21).
const (
	defaultJournalKept = 35 * switchyard.Day
	leastJournalKept   = 3 * switchyard.Day
	defaultHistoryKept = 400 * switchyard.Day
	defaultRestKept    = 31 * switchyard.Day
)

// What one step of pruning removes at most, so that commits come in between.
const (
	pruneRows    = 5_000
	pruneTables  = 2_000
	leastToPrune = 1_000              // rows, below which a snapshot is not worth its while
	quietToPrune = 7 * switchyard.Day // past the horizon, from where on it is for a single one: a quiet account forgets too
)

// retain prunes every account now and then, and when the manual clock made a leap.
func (e *Engine) retain() {
	for {
		select {
		case <-time.After(e.options.Limits.RetentionPeriod):
		case <-e.prune:
		case <-e.ctx.Done():
			return
		}
		for _, o := range e.allOwners() {
			if err := e.Prune(e.ctx, o.account); err != nil && e.ctx.Err() == nil {
				o.log.Error("what is past its retention cannot be removed; it is tried again later", "error", err)
			}
		}
	}
}

// Prune removes what is past the account's retention: rows of the journal, once a snapshot covers
// them, and what the tables keep. It runs by itself every hour.
func (e *Engine) Prune(ctx context.Context, account string) error {
	o, refused := e.owner(account)
	if refused != nil {
		return refused
	}
	r := switchyard.Retention{}
	if s := o.retains.Load(); s != nil && s.Retention != nil {
		r = *s.Retention
	}
	now := e.clock.Now()
	past := func(d *switchyard.Duration, otherwise, least switchyard.Duration) switchyard.Instant {
		if d != nil {
			otherwise = *d
		}
		return max(1, now.Add(-max(otherwise, least)))
	}
	err := e.pruneTables(ctx, account, tables.Horizons{
		History:       past(r.History, defaultHistoryKept, 0),
		Notifications: past(r.Notifications, defaultRestKept, 0),
		Invocations:   past(r.Invocations, defaultRestKept, 0),
		RequestIDs:    past(r.RequestIDs, defaultRestKept, 0),
	})
	return errors.Join(err, e.pruneJournal(ctx, account, past(r.Journal, defaultJournalKept, leastJournalKept)))
}

func (e *Engine) pruneTables(ctx context.Context, account string, h tables.Horizons) error {
	for {
		n, err := e.options.Tables.Prune(ctx, account, h, pruneTables)
		if err != nil {
			return fmt.Errorf("prune tables: %w", err)
		}
		if n < pruneTables {
			return nil
		}
	}
}

// pruneJournal removes the rows before an instant. A snapshot is kept first, for late readers of
// the feed, for verify, and for tables that are lost.
func (e *Engine) pruneJournal(ctx context.Context, account string, horizon switchyard.Instant) error {
	oldest, last, err := e.options.Journal.Bounds(ctx, account)
	if err != nil {
		return fmt.Errorf("read the journal's bounds: %w", err)
	}
	before, err := e.firstAt(ctx, account, oldest, last, horizon)
	if err != nil {
		return err
	}
	least := switchyard.Seq(leastToPrune)
	if long, err := e.firstAt(ctx, account, oldest, last, horizon.Add(-quietToPrune)); err != nil {
		return err
	} else if long > oldest {
		least = 1
	}
	// The last row always stays, for the next number is counted from it.
	if before = min(before, last); before < oldest+least {
		return nil
	}
	snapshot, err := e.snapshot(ctx, account)
	if err != nil {
		return err
	}
	before = min(before, snapshot.Seq+1)
	if before < oldest+least {
		return nil
	}
	if err := e.options.Journal.SaveSnapshot(ctx, snapshot); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	for from := oldest; from < before; {
		to := min(before, from+pruneRows)
		if err := e.options.Journal.Prune(ctx, account, to); err != nil {
			return fmt.Errorf("prune journal below row %d: %w", to, err)
		}
		e.metrics.pruned.Add(float64(to - from))
		from = to
	}
	return nil
}

// firstAt finds the first row at or after an instant by halving; last+1 when there is none.
func (e *Engine) firstAt(ctx context.Context, account string, low, last switchyard.Seq, at switchyard.Instant) (switchyard.Seq, error) {
	high := last + 1
	for low < high {
		middle := low + (high-low)/2
		rows, err := e.options.Journal.Rows(ctx, account, middle, 1)
		if err != nil {
			return 0, fmt.Errorf("read row %d: %w", middle, err)
		}
		if len(rows) == 0 || rows[0].At >= at {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

// snapshot reads the whole state of an account as the tables have it; they stand still meanwhile.
func (e *Engine) snapshot(ctx context.Context, account string) (journal.Snapshot, error) {
	e.writer.applying.Lock()
	defer e.writer.applying.Unlock()
	s := journal.Snapshot{Account: account, Decider: e.options.Decider}
	var err error
	if s.Seq, s.At, err = e.options.Tables.Offset(ctx, account); err != nil {
		return s, fmt.Errorf("read the tables' offset: %w", err)
	}
	err = e.options.Tables.Load(ctx, account, func(entry journal.Entry) error {
		entry.Value = bytes.Clone(entry.Value)
		s.Entries = append(s.Entries, entry)
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read the checkpoint: %w", err)
	}
	return s, nil
}
