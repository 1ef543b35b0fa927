package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
)

// checkpoint is the owner's side of the tables: what changed since the last cut, and the cuts whose
// rows are not all durable yet.
type checkpoint struct {
	limits *Limits
	events int                // decided since the last cut
	since  time.Time          // when the first of them was
	ended  bool               // an interaction ended among them
	letGo  []tables.RequestID // request ids the next cut brings into the tables
	made   queue[cut]
}

// cut is what a state came to after row through: the values that changed since the cut before.
type cut struct {
	through switchyard.Seq
	at      switchyard.Instant
	put     []journal.Entry
	delete  []tables.Key
	ended   []tables.Ended
	letGo   []tables.RequestID
}

// count notes the events of a row that was decided.
func (c *checkpoint) count(events []switchyard.Event, now time.Time) {
	if c.events == 0 {
		c.since = now
	}
	c.events += len(events)
	for _, ev := range events {
		switch ev.(type) {
		case *switchyard.Finished, *switchyard.AfterFinished:
			c.ended = true
		}
	}
}

// due is when the next cut is to be made at the latest; zero when nothing changed.
func (c *checkpoint) due() time.Time {
	if c.events == 0 {
		return time.Time{}
	}
	return c.since.Add(c.limits.CutAfter)
}

// clean reports whether everything decided was cut and is on its way into the tables.
func (c *checkpoint) clean() bool { return c.events == 0 && c.made.len() == 0 }

// checkpoint makes a cut when enough has changed, or long enough ago.
func (o *owner) checkpoint() {
	c := &o.cut
	if c.events == 0 || o.machine == nil || o.poisoned || o.machine.Unfinished() {
		return
	}
	enough := c.limits.CutEvents
	if o.gate.crowded.Load() {
		enough /= crowdedCut
	}
	if c.events >= enough || o.e.stopping.Load() || !o.e.wall().Before(c.due()) {
		o.makeCut()
	}
}

// crowdedCut is how much smaller cuts are while the account has neighbours: each is a few milliseconds
// of computing at a stretch.
const crowdedCut = 6

// makeCut takes what changed in the state, as JSON, because the values point into the state.
func (o *owner) makeCut() {
	made := cut{through: o.next - 1, at: o.lastAt, letGo: o.cut.letGo}
	if err := made.take(o.machine, o.heed); err != nil {
		o.poisoned = true
		o.panics++
		o.e.metrics.panics.Inc()
		o.log.Error("a checkpoint of the state cannot be made; the account is rebuilt", "error", err)
		return
	}
	o.cut.events, o.cut.ended, o.cut.letGo = 0, false, nil
	if made.through <= o.durable {
		o.tail.seal(made)
		o.e.writer.signal()
		return
	}
	o.cut.made.push(made)
}

// changesAtOnce is how many changes are written before the owner looks after what is durable.
const changesAtOnce = 256

// take writes what changed, and calls between now and again: after a sweep that may be very much.
func (c *cut) take(m machine, between func()) error {
	var changes []core.Change
	err := safely(func() error { changes = m.Cut(); return nil })
	for err == nil && len(changes) > 0 {
		some := changes[:min(changesAtOnce, len(changes))]
		changes = changes[len(some):]
		if err = safely(func() error { return c.addAll(some) }); err == nil {
			between()
		}
	}
	return err
}

// safely makes an error of a panic.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanicked, p)
		}
	}()
	return f()
}

func (c *cut) addAll(changes []core.Change) error {
	for _, change := range changes {
		if err := c.add(change); err != nil {
			return fmt.Errorf("write %s %s: %w", change.Kind, change.Key, err)
		}
	}
	return nil
}

const (
	kindInteraction = "interaction"
	kindEnded       = "ended"
)

func (c *cut) add(change core.Change) error {
	if change.Value == nil {
		c.delete = append(c.delete, tables.Key{Kind: change.Kind, Key: change.Key})
		return nil
	}
	value, err := json.Marshal(change.Value)
	if err != nil {
		return err
	}
	r, ok := change.Value.(*core.Record)
	if change.Kind != kindEnded {
		c.put = append(c.put, journal.Entry{Kind: change.Kind, Key: change.Key, Value: value})
		if change.Kind == kindInteraction && ok && r.State == switchyard.Ended {
			// Its after plan runs, so the state keeps it; whoever searches finds it among the ended.
			c.ended = append(c.ended, endedOf(r, value))
		}
		return nil
	}
	if !ok {
		return errors.New("what ended is no interaction")
	}
	c.delete = append(c.delete, tables.Key{Kind: kindInteraction, Key: change.Key})
	c.ended = append(c.ended, endedOf(r, value))
	return nil
}

// endedOf makes the search row of an ended interaction.
func endedOf(r *core.Record, document []byte) tables.Ended {
	e := tables.Ended{ID: r.ID, ExternalID: r.ExternalID, Provider: r.Provider, Route: r.Route,
		Agent: r.Agent, Outcome: r.Outcome, Class: r.Class, Created: r.Created, Ended: r.Ended,
		Document: document}
	for _, l := range r.Linked {
		switch l.Type {
		case "name":
			e.Name = l.Value
		case "clid":
			e.CLID = l.Value
		}
	}
	return e
}

// rowsDurable gives durable rows to the tail and seals the cuts that are durable with them.
func (c *checkpoint) rowsDurable(o *owner, ready []item) {
	from := 0
	for n := range ready {
		for ready[n].encoded != nil && c.made.len() > 0 && c.made.first().through == ready[n].row.Seq {
			o.tail.add(ready[from : n+1])
			o.tail.seal(c.made.pop())
			o.e.writer.signal()
			from = n + 1
		}
	}
	o.tail.add(ready[from:])
}
