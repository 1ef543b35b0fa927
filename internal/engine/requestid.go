package engine

import (
	"context"
	"slices"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/tables"
)

// defaultKept is how long request ids are remembered unless the account says otherwise.
const defaultKept = 31 * switchyard.Day

// lookup is what the tables know of the request ids of a call. It was asked for by the caller's
// goroutine, so that the owner does not wait for a disk; it holds while the state has let go of no
// ids since.
type lookup struct {
	flushes uint64
	known   []switchyard.KnownRequest
}

// lookUp asks the tables for the request ids of a call. The ids the state knows itself come first
// anyhow, so nothing is missed: an id leaves the state only when its table is durable.
func (o *owner) lookUp(ctx context.Context, in *switchyard.Invoke) (lookup, error) {
	l := lookup{flushes: o.flushes.Load()}
	digests := make([][16]byte, 0, len(in.Requests))
	for n := range in.Requests {
		if id := in.Requests[n].RequestID; id != "" {
			digests = append(digests, core.RequestDigest(id))
		}
	}
	if len(digests) == 0 {
		return l, nil
	}
	known, err := o.e.options.Tables.Known(ctx, o.account, digests, o.e.clock.Now().Add(-o.keepsRequestIDs()))
	if err != nil || len(known) == 0 {
		return l, err
	}
	for n := range in.Requests {
		if id := in.Requests[n].RequestID; id != "" {
			if found, ok := known[core.RequestDigest(id)]; ok {
				l.known = append(l.known, switchyard.KnownRequest{Request: n, Interaction: found})
			}
		}
	}
	return l, nil
}

// fillKnown tells an invoke call which of its requests were accepted before. When ids have left the
// state since the caller looked them up, they are looked up again.
func (o *owner) fillKnown(c *call, in *switchyard.Invoke) error {
	if c.known.flushes != o.flushes.Load() {
		known, err := o.lookUp(c.ctx, in)
		if err != nil {
			return err
		}
		c.known = known
	}
	in.Known = slices.Clone(c.known.known)
	return nil
}

func (o *owner) keepsRequestIDs() switchyard.Duration {
	if s := o.retains.Load(); s != nil && s.Retention != nil && s.Retention.RequestIDs != nil {
		return *s.Retention.RequestIDs
	}
	return defaultKept
}

// leaving is the older half of the request ids on its way out of the state: into the tables with
// the cut made after row cut, then forgotten. Their table is sorted by what is random, so they go
// there by the many: one by one each would cost a page.
type leaving struct {
	through switchyard.Seq // the last row whose ids leave; 0 = none do
	cut     switchyard.Seq
}

// flushRequestIDs lets the older half of the request ids leave the state when it holds too many:
// first into the tables, and when these are durable, by an input (RULINGS 13).
func (o *owner) flushRequestIDs() {
	if o.machine == nil || o.machine.Unfinished() || !o.room() {
		return
	}
	if l := o.leaving; l.through != 0 {
		if switchyard.Seq(o.tail.applied.Load()) >= l.cut {
			o.leaving = leaving{}
			o.flushes.Add(1)
			o.decide(&call{Call: Call{By: system, Input: &switchyard.FlushRequestIDs{Through: l.through}}}, max(o.machine.Now(), o.now()))
		}
		return
	}
	if o.machine.RecentCount() <= o.e.options.Limits.RequestIDs || o.cut.events == 0 {
		return // without a new row the cut could not be told from the one before
	}
	oldest, newest := o.machine.RecentSeq()
	o.leaving = leaving{through: oldest + (newest-oldest)/2, cut: o.next - 1}
	o.letGo(o.leaving.through)
	o.makeCut()
}

// letGo puts the request ids of rows up to through into the next cut.
func (o *owner) letGo(through switchyard.Seq) {
	o.machine.RecentThrough(through, func(digest [16]byte, interaction switchyard.ID, at switchyard.Instant) {
		o.cut.letGo = append(o.cut.letGo, tables.RequestID{Digest: digest, Interaction: interaction, At: at})
	})
}
