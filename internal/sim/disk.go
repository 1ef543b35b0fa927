package sim

import (
	"context"
	"errors"
	"fmt"

	"switchyard"
	"switchyard/internal/journal"
	journalmemory "switchyard/internal/journal/memory"
	"switchyard/internal/tables"
	tablesmemory "switchyard/internal/tables/memory"
)

// disk is what outlives a process: the journal, which keeps what it has confirmed, and the tables,
// whose latest writes a loss of power may take.
type disk struct {
	w       *World
	journal *journalmemory.Store
	tables  *tablesmemory.Store
	// older are the tables as a loss of power may leave them, the oldest first.
	older []*tablesmemory.Store
	full  bool // there is no space for the journal
}

func newDisk(w *World) *disk {
	return &disk{w: w, journal: journalmemory.New(), tables: tablesmemory.New(nil)}
}

// mostUnsynced is how many states of the tables are kept that are not on the device.
const mostUnsynced = 4

// restart is the disk when a process begins again. A loss of power takes what was not synced of the
// tables; somebody may have deleted them.
func (d *disk) restart() {
	switch {
	case d.w.fault(WritesForgotten, 2) && len(d.older) > 0:
		d.tables = d.older[d.w.rng.IntN(len(d.older))].Clone()
	case d.w.fault(TablesDeleted, 12):
		d.tables = tablesmemory.New(nil)
	}
	d.older = nil
	d.full = false
}

// faultyJournal is the journal as an engine sees it.
type faultyJournal struct {
	journal.Store
	d *disk
}

var errDevice = errors.New("input/output error")

// Append may write nothing and say so, write and say nothing, or lose the device.
func (j *faultyJournal) Append(ctx context.Context, rows []journal.Row) error {
	w := j.d.w
	if w.fault(SpaceRunsOut, 150) {
		j.d.full = true
	}
	switch {
	case j.d.full:
		return fmt.Errorf("append: %w", journal.ErrFull)
	case w.fault(AppendFails, 40):
		return fmt.Errorf("append: %w", errDevice)
	case w.fault(SyncFails, 300):
		if w.rng.IntN(2) == 0 {
			return fmt.Errorf("append: %w", journal.ErrSync)
		}
		return errors.Join(j.Store.Append(ctx, rows), journal.ErrSync)
	case w.fault(AnswerLost, 60):
		return errors.Join(j.Store.Append(ctx, rows), errDevice)
	}
	return j.Store.Append(ctx, rows)
}

// Probe finds space again sooner or later.
func (j *faultyJournal) Probe(ctx context.Context) error {
	if j.d.full = j.d.full && !j.d.w.calm && j.d.w.rng.IntN(3) > 0; j.d.full {
		return journal.ErrFull
	}
	return j.Store.Probe(ctx)
}

// faultyTables are the tables as an engine sees them.
type faultyTables struct {
	tables.Store
	d *disk
}

// Apply may fail, or write and not say so; what it wrote is on the device some time later.
func (t *faultyTables) Apply(ctx context.Context, batches []tables.Batch) error {
	d := t.d
	if d.w.fault(TablesFail, 30) {
		return fmt.Errorf("apply: %w", errDevice)
	}
	switch {
	case d.w.rng.IntN(8) == 0:
		d.older = nil
	case d.w.rng.IntN(3) == 0 && len(d.older) < mostUnsynced:
		d.older = append(d.older, d.tables.Clone())
	}
	err := d.tables.Apply(ctx, batches)
	if err == nil && d.w.fault(TablesFail, 30) {
		return fmt.Errorf("apply: %w", errDevice)
	}
	return err
}

// Known may fail.
func (t *faultyTables) Known(ctx context.Context, account string, digests [][16]byte, since switchyard.Instant) (map[[16]byte]switchyard.ID, error) {
	if t.d.w.fault(TablesFail, 60) {
		return nil, errDevice
	}
	return t.Store.Known(ctx, account, digests, since)
}
