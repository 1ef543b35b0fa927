package engine

import (
	"fmt"
	"runtime/debug"
	"time"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/journal"
)

// system is who speaks when time passes or the server itself has something to say.
const system = "system"

// rowOut is a row on its way to the committer.
type rowOut = journal.Row

// answerWrite decides a call; its answer waits until it is durable.
func (o *owner) answerWrite(c *call) {
	if c.ctx.Err() != nil {
		return
	}
	if in, ok := c.Input.(*switchyard.Invoke); ok {
		if err := o.fillKnown(c, in); err != nil {
			o.log.Error("request ids cannot be looked up", "correlation", c.Correlation.String(), "error", err)
			o.pend(item{call: c, err: errStorage})
			return
		}
	}
	o.decide(c, max(o.machine.Now(), o.now()))
}

// decide lets the core decide one input at an instant and keeps what follows until it is durable.
func (o *owner) decide(c *call, at switchyard.Instant) {
	env := &switchyard.Envelope{Seq: o.next, At: at, By: c.By, Correlation: c.Correlation,
		Entropy: o.entropy(), Key: c.Key, Body: c.Body, Input: c.Input}
	if env.Correlation.IsZero() {
		env.Correlation = switchyard.NewID(at, uint64(o.next), env.Entropy)
	}
	d, row, err := o.decideSafely(env)
	if r, ok := c.Input.(*switchyard.EffectResult); ok && len(d.Events) == 0 {
		o.effects.done(r.Effect) // nothing came of it, and nothing will
	}
	switch {
	case err != nil:
		o.poison(env, err)
		o.pend(item{call: c, err: errInternal})
	case d.Refused != nil:
		o.e.metrics.refused.Inc()
		o.pend(item{call: c, err: d.Refused})
	case len(d.Events) == 0:
		o.pend(item{call: c, answer: d.Answer})
	default:
		o.panics = 0
		_, invoke := c.Input.(*switchyard.Invoke)
		o.next++
		o.lastAt = at
		o.unsent = append(o.unsent, row)
		o.pend(item{
			row:     FeedRow{Seq: env.Seq, At: at, By: env.By, Correlation: env.Correlation, Events: d.Events},
			encoded: row.Events, size: len(row.Input) + len(row.Events), invoke: invoke,
			asks: o.e.Manual() && asksForEffect(d.Events), call: c, answer: d.Answer,
		})
		o.cut.count(d.Events, o.e.wall())
	}
}

// decideSafely decides and encodes. After an error the state cannot be used any more.
func (o *owner) decideSafely(env *switchyard.Envelope) (d core.Decision, row rowOut, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanicked, p, debug.Stack())
		}
	}()
	d = o.machine.Decide(env)
	if d.Refused != nil || len(d.Events) == 0 {
		return d, row, nil
	}
	row = rowOut{Account: o.account, Seq: env.Seq, At: env.At, Decider: o.e.options.Decider}
	if row.Input, err = journal.EncodeInput(env); err != nil {
		return d, row, err
	}
	row.Events, err = journal.EncodeEvents(d.Events)
	return d, row, err
}

// poison ends the use of a state that an input left in pieces.
func (o *owner) poison(env *switchyard.Envelope, err error) {
	o.e.metrics.panics.Inc()
	o.poisoned = true
	if env.By == system {
		o.panics++
	}
	o.log.Error("the core failed on an input; the input is refused and the account rebuilt",
		"input", env.Input.InputType(), "seq", uint64(env.Seq), "correlation", env.Correlation.String(), "error", err)
}

// pend keeps an item until all rows before it, and its own, are durable.
func (o *owner) pend(i item) {
	if i.encoded == nil && o.rows == 0 {
		o.answer(&i)
		return
	}
	if i.encoded != nil {
		o.rows++
		if i.asks {
			o.asking++
		}
		o.bytes += i.size
		o.unsize += i.size
	}
	o.pending.push(i)
	if o.unsize > maxUnsent {
		o.send()
	}
}

// maxUnsent is how many bytes of rows are decided before the committer hears of them.
const maxUnsent = 256 << 10

func (o *owner) answer(i *item) {
	if i.call != nil && i.call.done != nil {
		i.call.finish(i.answer, i.err)
	}
}

// send hands the decided rows to the committer.
func (o *owner) send() {
	if len(o.unsent) == 0 {
		return
	}
	o.lane.submit(o.unsent)
	o.unsent, o.unsize = nil, 0
}

// catchUp lets everything happen that time and earlier inputs bring up to now, each at its own
// instant and in order. It reports false when it had to stop for want of room.
func (o *owner) catchUp(now switchyard.Instant) bool {
	for idle := 0; ; {
		o.heed()
		if !o.room() {
			return false
		}
		before := o.next
		if !o.sweep() && !o.tick(now) {
			return true
		}
		if o.next != before {
			idle = 0
		} else if idle++; idle > maxIdleTicks {
			o.log.Error("the core asks to be called for nothing, time after time", "alarm", o.machine.Alarm().String())
			return true
		}
	}
}

// sweep goes on with the consequences of the last input at its instant; false when there are none.
func (o *owner) sweep() bool {
	if !o.machine.Unfinished() {
		return false
	}
	o.decide(&call{Call: Call{By: system, Input: &switchyard.Sweep{}}}, o.machine.Now())
	return true
}

// maxIdleTicks is how many alarms may go off in a row without an event; alarms may be early, but
// one that never passes must not hold the account.
const maxIdleTicks = 100_000

// tick lets the next thing happen that is due by now; false when there is none.
func (o *owner) tick(now switchyard.Instant) bool {
	alarm, lost := o.machine.Alarm(), o.grace.next()
	at := min(alarm, lost)
	if at > now {
		return false
	}
	input := switchyard.Input(&switchyard.Tick{})
	if lost < alarm {
		input = &switchyard.AgentLost{Agent: o.grace.pop()}
	}
	o.decide(&call{Call: Call{By: system, Input: input}}, max(o.machine.Now(), at))
	return true
}

// begin decides what a (re)started account is told first. One that is only read is told nothing.
func (o *owner) begin() {
	if o.machine == nil || o.e.options.Still {
		return
	}
	o.grace.restart(o.machine, o.e.clock.Now())
	o.effects.begin(o)
	o.decide(&call{Call: Call{By: system, Input: &switchyard.Started{}}}, max(o.machine.Now(), o.e.clock.Now()))
}

// discard throws the state of a poisoned account away; it is rebuilt at once, or after a while when
// nobody asked for what it fails on.
func (o *owner) discard() {
	o.machine, o.poisoned = nil, false
	o.strand(errStorage)
	o.retryAt = o.e.wall()
	if o.panics > 0 {
		o.retryAt = o.retryAt.Add(backoff(o.panics))
		o.shut(errRecovering, "the core fails on an input nobody asked for")
	}
	o.signal()
}

// backoff is how long to wait before the nth attempt at something that fails.
func backoff(n int) time.Duration {
	return min(50*time.Millisecond<<min(n, 8), 5*time.Second)
}
