package engine

import (
	"bytes"
	"context"
	"fmt"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
)

// Report is what Verify found.
type Report struct {
	Account    string
	From, To   switchyard.Seq // rows looked at
	Rows       int
	Redecided  int
	Folded     int         // rows of another decider, taken as facts
	Difference *Difference // nil when what was decided again came out the same
}

// Difference is the first row that came out differently.
type Difference struct {
	Seq     switchyard.Seq
	Event   int // place of the first event that differs
	Input   string
	Want    string // as journaled; "" = no such event
	Got     string // as decided now; "" = no such event
	Refused *switchyard.Error
}

func (d *Difference) String() string {
	if d.Refused != nil {
		return fmt.Sprintf("row %d (%s): the journal has events, now it is refused: %v", d.Seq, d.Input, d.Refused)
	}
	return fmt.Sprintf("row %d (%s), event %d: the journal has %s, decided again it is %s", d.Seq, d.Input, d.Event, d.Want, d.Got)
}

// Verify decides the recorded inputs of an account again and compares the events byte for byte,
// from the journal's snapshot when its beginning was pruned. progress may be nil.
func (e *Engine) Verify(ctx context.Context, account string, progress func(done, total int)) (Report, error) {
	return verify(ctx, e.options.Journal, e.machines, e.options.Decider, account, progress)
}

// Verify does what Engine.Verify does, without an engine.
func Verify(ctx context.Context, store journal.Store, decider, account string, progress func(done, total int)) (Report, error) {
	return verify(ctx, store, coreMachines, decider, account, progress)
}

func verify(ctx context.Context, store journal.Store, machines maker, decider, account string, progress func(done, total int)) (Report, error) {
	report := Report{Account: account}
	oldest, last, err := store.Bounds(ctx, account)
	if err != nil {
		return report, fmt.Errorf("read the journal's bounds: %w", err)
	}
	s := start{machine: machines.state(account)}
	if oldest > 1 {
		e := &Engine{options: Options{Journal: store}, machines: machines}
		if s, err = e.loadSnapshot(ctx, account, s); err != nil {
			return report, err
		}
	}
	report.From, report.To = s.seq+1, last
	total := int(last - s.seq)
	err = replay(ctx, store, account, s.seq+1, func(r *replayed) error {
		if err := report.check(s.machine, r, decider); err != nil {
			return err
		}
		if report.Rows++; progress != nil && (report.Rows%rowsPerPage == 0 || report.Rows == total) {
			progress(report.Rows, total)
		}
		if report.Difference != nil {
			return errStopped
		}
		return nil
	})
	if err == errStopped {
		err = nil
	}
	return report, err
}

// check takes one row: decides it again when it was decided by the same version, else folds it.
func (r *Report) check(m machine, row *replayed, decider string) error {
	if row.journal.Decider != decider {
		m.Fold(row.row.Seq, row.row.At, row.row.Events)
		r.Folded++
		return nil
	}
	r.Redecided++
	kind := row.input.Input.InputType()
	d, err := redecide(m, row.input)
	if err != nil {
		return fmt.Errorf("row %d (%s): %w", row.journal.Seq, kind, err)
	}
	got, err := journal.EncodeEvents(d.Events)
	if err != nil {
		return fmt.Errorf("row %d (%s): %w", row.journal.Seq, kind, err)
	}
	if d.Refused == nil && bytes.Equal(got, row.encoded) {
		return nil
	}
	r.Difference = differ(row, got, len(d.Events))
	r.Difference.Input, r.Difference.Refused = kind, d.Refused
	return nil
}

func redecide(m machine, env *switchyard.Envelope) (d core.Decision, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanicked, p)
		}
	}()
	return m.Decide(env), nil
}

// differ finds the first event that is not the same.
func differ(row *replayed, got []byte, n int) *Difference {
	want, have := splitArray(row.encoded, len(row.row.Events)), splitArray(got, n)
	d := &Difference{Seq: row.journal.Seq}
	for d.Event < len(want) && d.Event < len(have) && bytes.Equal(want[d.Event], have[d.Event]) {
		d.Event++
	}
	if d.Event < len(want) {
		d.Want = string(want[d.Event])
	}
	if d.Event < len(have) {
		d.Got = string(have[d.Event])
	}
	return d
}
