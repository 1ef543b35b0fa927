package engine

import (
	"errors"

	"switchyard"
	"switchyard/internal/journal"
)

// confirm goes on with n rows that are durable now: they are shown, followed up and answered, in
// this order, with everything that waited for them.
func (o *owner) confirm(n int) {
	if o.pending.len() == 0 {
		return
	}
	ready := make([]item, 0, n)
	for o.pending.len() > 0 && (n > 0 || o.pending.first().encoded == nil) {
		i := o.pending.pop()
		if i.encoded != nil {
			n--
			o.rows--
			if i.asks {
				o.asking--
			}
			o.bytes -= i.size
			o.durable = i.row.Seq
		}
		ready = append(ready, i)
	}
	o.publish(ready)
	for n := range ready {
		o.answer(&ready[n])
	}
}

// publish shows durable rows to the feed, the tail of the tables, observers and whoever performs
// effects.
func (o *owner) publish(ready []item) {
	rows := 0
	for n := range ready {
		if ready[n].encoded != nil {
			rows++
		}
	}
	if rows == 0 {
		return
	}
	o.e.metrics.rows.Add(float64(rows))
	o.feed.append(ready)
	o.cut.rowsDurable(o, ready)
	for n := range ready {
		if ready[n].encoded != nil {
			o.follow(&ready[n].row)
		}
	}
}

// follow does what the engine itself has to do about a durable row.
func (o *owner) follow(row *FeedRow) {
	if o.e.options.Observe != nil {
		o.e.options.Observe(o.account, *row)
	}
	for _, ev := range row.Events {
		switch ev := ev.(type) {
		case *switchyard.EffectRequested:
			if ev.Effect.Due != switchyard.Never {
				o.effects.give(o, ev.Effect.ID)
			}
		case *switchyard.EffectDue:
			o.effects.give(o, ev.Effect)
		case *switchyard.EffectAttempted:
			o.effects.done(ev.Effect)
		case *switchyard.EffectFinished:
			o.effects.done(ev.Effect)
		case *switchyard.PresenceChanged:
			o.grace.presence(ev, o.now())
		case *switchyard.LostEvent:
			o.grace.lost(ev.Agent)
		case *switchyard.BackEvent:
			o.grace.back(ev.Agent, o.now())
		case *switchyard.ConfigPublished:
			o.settings(&ev.Document.Settings)
			o.grace.configure(o.machine, &ev.Document.Settings, o.now())
		}
	}
}

// settings keeps the settings in force where other goroutines can read them.
func (o *owner) settings(s *switchyard.Settings) {
	kept := *s
	o.retains.Store(&kept)
}

// fail throws the state away because rows of it could not be made durable. Whatever was decided and
// not answered is refused: it did not happen, or, when the store does not know either, the journal
// will tell.
func (o *owner) fail(err error) {
	if o.machine == nil {
		return
	}
	o.e.metrics.storageFailures.Inc()
	o.machine, o.poisoned = nil, false
	var conflict *journal.Conflict
	o.full = !errors.As(err, &conflict)
	o.unsent, o.unsize = nil, 0
	o.shut(errStorage, "rows could not be stored: "+err.Error())
	o.failPending(errStorage)
	o.strand(errStorage)
	o.retryAt = o.e.wall()
	if conflict != nil {
		o.log.Error("another server writes this account; stepping down and rebuilding", "error", err)
		return
	}
	o.log.Error("rows could not be stored; nothing is acknowledged until it works again", "error", err)
}

// failPending refuses everything decided and not yet answered.
func (o *owner) failPending(err *switchyard.Error) {
	for o.pending.len() > 0 {
		i := o.pending.pop()
		i.answer, i.err = nil, err
		o.answer(&i)
	}
	o.rows, o.bytes, o.asking = 0, 0, 0
}
