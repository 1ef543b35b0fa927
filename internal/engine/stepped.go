package engine

import (
	"context"
	"fmt"
	"time"

	"switchyard"
	"switchyard/internal/core"
)

// Stepped is an engine that starts no goroutine. Whoever drives it chooses what goes on next: an
// account's owner, the committer or the writer of the tables, each one step at a time. So one thread
// of events, chosen by a seed, is one life of a server, and the same seed is the same life. It is
// for simulations; a server's engine is made by New.
//
// It is used by one goroutine. Dropping it is what a crash is to a process: what was not stored is
// lost, and nothing runs on.
type Stepped struct{ e *Engine }

// NewStepped makes an engine that only goes on when it is stepped. wall is the moment its own pace
// goes by: when checkpoints are cut, failures tried again.
func NewStepped(options Options, wall func() time.Time) *Stepped {
	e := newEngine(options, coreMachines)
	e.wall, e.stepped = wall, true
	return &Stepped{e}
}

// Start recovers every account of the journal and begins to serve. One that cannot be recovered now
// is tried again by its steps.
func (s *Stepped) Start(ctx context.Context) error {
	e := s.e
	if err := e.checkClock(ctx); err != nil {
		return err
	}
	accounts, err := e.options.Journal.Accounts(ctx)
	if err != nil {
		return fmt.Errorf("list accounts of the journal: %w", err)
	}
	e.mu.Lock()
	e.started = true
	owners := make([]*owner, 0, len(accounts))
	for _, name := range accounts {
		owners = append(owners, e.launch(name))
	}
	e.mu.Unlock()
	for _, o := range owners {
		o.firstRebuild()
	}
	e.setManualClock(owners)
	close(e.begin)
	for _, o := range owners {
		o.serve()
	}
	return nil
}

// Create makes an account that has no config yet. An account that is there already is left as it is.
func (s *Stepped) Create(account string) {
	s.e.mu.Lock()
	if s.e.owners[account] != nil {
		s.e.mu.Unlock()
		return
	}
	o := s.e.launch(account)
	s.e.mu.Unlock()
	o.firstRebuild()
	o.serve()
}

// Engine is the engine itself, for what waits for nobody: reads of the feed, Heard, Room, Ready.
func (s *Stepped) Engine() *Engine { return s.e }

// StepOwner lets an account's owner do all it can do now.
func (s *Stepped) StepOwner(account string) {
	if o, refused := s.e.owner(account); refused == nil {
		o.step()
	}
}

// Commit makes one transaction of what waits for the journal; false when nothing does.
func (s *Stepped) Commit(ctx context.Context) bool { return s.e.committer.step(ctx) }

// Write brings what waits into the tables, or a good piece of it; false when nothing waits, or it
// failed.
func (s *Stepped) Write(ctx context.Context) bool { return s.e.writer.step(ctx) }

// Due is the earliest moment an account's owner has something to do without being asked; zero when
// there is none.
func (s *Stepped) Due(account string) time.Time {
	o, refused := s.e.owner(account)
	if refused != nil {
		return time.Time{}
	}
	return o.due()
}

// Resting reports whether an account is served and has nothing on its way into the journal.
func (s *Stepped) Resting(account string) bool {
	o, refused := s.e.owner(account)
	return refused == nil && o.machine != nil && !o.poisoned && o.pending.len() == 0
}

// Room reports whether an account's owner takes inputs: it is served, and neither journal nor tables
// are too far behind.
func (s *Stepped) Room(account string) bool {
	o, refused := s.e.owner(account)
	return refused == nil && o.room()
}

// State is an account's state as its owner has it: decided, and perhaps not durable. It is nil while
// the account is being rebuilt, may only be read, and only before the next step.
func (s *Stepped) State(account string) *core.State {
	o, refused := s.e.owner(account)
	if refused != nil || o.machine == nil || o.poisoned {
		return nil
	}
	return o.machine.(*core.State)
}

// Pending is a call on its way.
type Pending struct {
	call    *call
	refused error
	answer  any
	done    bool
}

// Submit hands a call in, as Do does, and waits for nothing.
func (s *Stepped) Submit(ctx context.Context, account string, c Call) *Pending {
	o, in, err := s.e.prepare(ctx, account, c)
	if err == nil {
		err = o.enqueue(in, &o.writes, s.e.options.Limits.Inbox)
	}
	return pendingOf(in, err)
}

// Report hands in what became of an attempt at an effect, as Engine.Report does, and waits for nothing.
func (s *Stepped) Report(account string, r *switchyard.EffectResult) *Pending {
	o, refused := s.e.owner(account)
	if refused != nil {
		return pendingOf(nil, refused)
	}
	in := reportOf(r)
	return pendingOf(in, o.enqueue(in, &o.writes, 1<<30))
}

func pendingOf(c *call, err error) *Pending { return &Pending{call: c, refused: err, done: err != nil} }

// Answer returns what became of the call; done is false while it is not known.
func (p *Pending) Answer() (answer any, err error, done bool) {
	if !p.done {
		select {
		case r := <-p.call.done:
			p.answer, p.done = r.answer, true
			if r.err != nil {
				p.refused = r.err
			}
		default:
		}
	}
	return p.answer, p.refused, p.done
}
