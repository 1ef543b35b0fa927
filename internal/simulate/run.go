package simulate

import (
	"context"
	"sync"
	"sync/atomic"
)

// Meter shows how far a run is while it goes on.
type Meter struct {
	Interactions atomic.Int64 // simulated so far, also those that do not count
	done         atomic.Int64 // in milliseconds of virtual time
	length       int64        // of all replications
}

// Share is how much of the run is done, 0 to 1.
func (m *Meter) Share() float64 { return min(1, float64(m.done.Load())/float64(max(m.length, 1))) }

// at notes how far a replication is.
func (m *Meter) at(c *centre) {
	passed := int64(min(c.now, c.end).Sub(c.from))
	m.done.Add(passed - c.passed)
	c.passed = passed
}

// Run runs the replications of a scenario, as many at once as workers says, and sums them up. What comes
// out depends on nothing but the setup.
func Run(ctx context.Context, s *Setup, workers int, meter *Meter) (*Report, error) {
	g := newGrower(s)
	if err := each(ctx, s, workers, meter, g.add); err != nil {
		return nil, err
	}
	return g.done(), nil
}

// each runs the replications and hands over what they came to, in order, one at a time.
func each(ctx context.Context, s *Setup, workers int, meter *Meter, add func(*sums)) error {
	meter.length = int64(s.Replications) * int64(s.end.Sub(s.from))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers = max(1, min(workers, s.Replications))
	var next atomic.Int64
	done := make([]chan outcome, s.Replications)
	for n := range done {
		done[n] = make(chan outcome, 1)
	}
	room := make(chan struct{}, 2*workers) // replications that wait to be summed up are few
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				select {
				case room <- struct{}{}:
				case <-ctx.Done():
					return
				}
				n := int(next.Add(1)) - 1
				if n >= s.Replications {
					return
				}
				done[n] <- replicate(ctx, s, n, meter)
			}
		})
	}
	var failed error
	for n := range done {
		var o outcome
		select {
		case o = <-done[n]:
			<-room
		case <-ctx.Done():
			o.err = ctx.Err()
		}
		if failed = o.err; failed != nil {
			break
		}
		add(o.sums)
	}
	cancel()
	all.Wait()
	return failed
}

// outcome is what became of a replication.
type outcome struct {
	sums *sums
	err  error
}

func replicate(ctx context.Context, s *Setup, n int, meter *Meter) outcome {
	c := newCentre(s, n, meter)
	t, err := c.run(ctx)
	if err != nil {
		return outcome{err: err}
	}
	c.now = max(c.now, s.end)
	meter.at(c)
	return outcome{sums: t.sum()}
}
