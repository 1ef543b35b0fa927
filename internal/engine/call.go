package engine

import (
	"context"

	"switchyard"
	"switchyard/internal/core"
)

// Call is an input with who makes it. Key and Body are those of an Idempotency-Key.
type Call struct {
	By          string
	Correlation switchyard.ID
	Key, Body   string
	Input       switchyard.Input
}

// call is a Call, or a read, on its way through an owner.
type call struct {
	Call
	ctx   context.Context
	read  func(o *owner) // a read; nil for a Call
	whole bool           // the read waits for the consequences of inputs that go on as sweeps
	known lookup
	done  chan result
}

type result struct {
	answer any
	err    *switchyard.Error
}

// finish answers the caller, who may be gone.
func (c *call) finish(answer any, err *switchyard.Error) { c.done <- result{answer, err} }

// Do decides an input for an account and returns its answer when it is durable. The error is a
// *switchyard.Error: what the core refused, busy when too much waits, storage_unavailable when
// nothing can be stored, internal when the core failed. An error of ctx comes back as it is: the
// input may have been decided then.
func (e *Engine) Do(ctx context.Context, account string, c Call) (any, error) {
	o, in, err := e.prepare(ctx, account, c)
	if err != nil {
		return nil, err
	}
	return o.await(in, &o.writes)
}

// prepare does what the caller of Do does before it waits.
func (e *Engine) prepare(ctx context.Context, account string, c Call) (*owner, *call, error) {
	o, refused := e.owner(account)
	if refused != nil {
		return nil, nil, refused
	}
	if e.options.Still {
		return nil, nil, errStill
	}
	in := &call{Call: c, ctx: ctx, done: make(chan result, 1)}
	if invoke, ok := c.Input.(*switchyard.Invoke); ok {
		known, err := o.lookUp(ctx, invoke)
		if err != nil {
			o.log.Error("request ids cannot be looked up", "correlation", c.Correlation.String(), "error", err)
			return nil, nil, errStorage
		}
		in.known = known
	}
	return o, in, nil
}

// View runs f on the account's state in its owner and returns when everything f could see is
// durable. f must be short and must not keep what it is given. A nil f only waits.
func (e *Engine) View(ctx context.Context, account string, f func(s *core.State, now switchyard.Instant)) error {
	return e.read(ctx, account, false, func(o *owner) {
		if f != nil {
			s, _ := o.machine.(*core.State)
			f(s, max(o.machine.Now(), o.now()))
		}
	})
}

func (e *Engine) read(ctx context.Context, account string, whole bool, f func(o *owner)) error {
	o, refused := e.owner(account)
	if refused != nil {
		return refused
	}
	c := &call{ctx: ctx, read: f, whole: whole, done: make(chan result, 1)}
	_, err := o.await(c, &o.reads)
	return err
}

// Report tells what became of an attempt at an effect and returns when it is durable. When it
// cannot be stored it is forgotten: the rebuilt account hands the effect over again.
func (e *Engine) Report(account string, r *switchyard.EffectResult) {
	o, refused := e.owner(account)
	if refused != nil {
		return
	}
	if c := reportOf(r); o.enqueue(c, &o.writes, 1<<30) == nil {
		<-c.done
	}
}

func reportOf(r *switchyard.EffectResult) *call {
	return &call{Call: Call{By: system, Input: r}, ctx: context.Background(), done: make(chan result, 1)}
}

// await puts a call into an inbox and waits for its answer.
func (o *owner) await(c *call, inbox *[]*call) (any, error) {
	if err := o.enter(c.ctx); err != nil {
		return nil, err
	}
	defer o.exit()
	if err := o.enqueue(c, inbox, o.e.options.Limits.Inbox); err != nil {
		return nil, err
	}
	select {
	case r := <-c.done:
		if r.err != nil {
			return nil, r.err
		}
		return r.answer, nil
	case <-c.ctx.Done():
		return nil, c.ctx.Err()
	}
}

func (o *owner) enqueue(c *call, inbox *[]*call, limit int) error {
	own := c.By == system && c.read == nil
	if o.e.stopping.Load() && !own {
		return errStopping
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.down != nil:
		return o.down
	case o.ended:
		return errStopping
	case len(*inbox) >= limit:
		return o.busy(len(*inbox))
	}
	*inbox = append(*inbox, c)
	o.signal()
	return nil
}
