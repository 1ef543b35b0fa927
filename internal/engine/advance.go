package engine

import (
	"context"
	"errors"
	"time"

	"switchyard"
)

// travel is one account's way to a later instant of the manual clock.
type travel struct {
	from   switchyard.Instant
	target switchyard.Instant
	limit  time.Time // until when effects under way are waited for
	done   chan result
}

// AdvanceClock moves the manual clock on by d. In every account each timer goes off at its own
// instant, in order, and effects are performed in between; it returns when everything up to the new
// instant is durable.
func (e *Engine) AdvanceClock(ctx context.Context, d switchyard.Duration) error {
	if e.manual == nil {
		return switchyard.Refuse(switchyard.ManualClockOnly, "time passes by itself here: only a server started with --clock manual can be told to advance")
	}
	if e.options.Still {
		return errStill
	}
	if d < 0 {
		return switchyard.Refuse(switchyard.Malformed, "advance: time goes forward only, give a duration of 0 or more")
	}
	e.advance.Lock()
	defer e.advance.Unlock()
	from := e.manual.Now()
	target := from.Add(d)
	owners := e.allOwners()
	ways := make([]*travel, len(owners))
	for n, o := range owners {
		w := &travel{from: from, target: target, done: make(chan result, 1)}
		ways[n] = w
		o.post(func() { o.depart(w) })
	}
	var failed error
	for n, w := range ways {
		select {
		case r := <-w.done:
			if r.err != nil {
				// It catches up when it is served again; the others are not held up by it.
				e.log.Warn("an account could not go along with the manual clock", "account", owners[n].account, "error", r.err)
			}
		case <-ctx.Done():
			failed = errors.Join(failed, ctx.Err())
		case <-e.ctx.Done():
			failed = errors.Join(failed, errStopping)
		}
	}
	e.manual.reach(target)
	for _, o := range owners {
		o.signal()
	}
	if d.Std() >= e.options.Limits.RetentionPeriod {
		select {
		case e.prune <- struct{}{}:
		default:
		}
	}
	return failed
}

// depart begins the way to a later instant.
func (o *owner) depart(w *travel) {
	if o.machine == nil || o.poisoned {
		w.done <- result{err: errStorage}
		return
	}
	o.strand(errStorage)
	o.manual, o.travel = max(o.manual, w.from), w
	o.waitForEffects()
}

func (o *owner) waitForEffects() { o.travel.limit = o.e.wall().Add(o.e.options.Limits.EffectWait) }

// moveTime goes on the way as far as can be: to the next instant something is due at, but not while
// rows are not durable that may ask for effects, or effects are under way.
func (o *owner) moveTime() {
	for o.travel != nil && o.machine != nil && !o.poisoned {
		if !o.catchUp(o.manual) {
			return
		}
		o.send()
		if o.asking > 0 || len(o.effects.flying) > 0 {
			if o.e.wall().Before(o.travel.limit) {
				return
			}
			o.log.Warn("the manual clock goes on although effects are still being performed", "effects", len(o.effects.flying))
			clear(o.effects.flying)
		}
		next := min(o.machine.Alarm(), o.grace.next())
		if next > o.travel.target {
			o.arrive()
			return
		}
		o.manual = max(o.manual, next)
		o.waitForEffects()
	}
}

// arrive records the new instant; the way is over when that is durable.
func (o *owner) arrive() {
	w := o.travel
	o.manual = w.target
	o.travel = nil
	o.decide(&call{Call: Call{By: system, Input: &switchyard.Advance{}}, done: w.done}, max(o.machine.Now(), w.target))
}

// strand ends the way of an account that cannot go on.
func (o *owner) strand(err *switchyard.Error) {
	if o.travel != nil {
		o.travel.done <- result{err: err}
		o.travel = nil
	}
}

// asksForEffect reports whether events ask for an effect to be performed now.
func asksForEffect(events []switchyard.Event) bool {
	for _, ev := range events {
		switch ev := ev.(type) {
		case *switchyard.EffectRequested:
			if ev.Effect.Due != switchyard.Never {
				return true
			}
		case *switchyard.EffectDue:
			return true
		}
	}
	return false
}
