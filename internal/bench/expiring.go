package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"switchyard"
	"switchyard/internal/client"
)

// Expiring measures a million skills that expire within one second.
//
// Every interaction requires the skill "rare", which no agent has, until an instant within one and
// the same second. Most of them require also a skill that nobody ever gets, so that they change
// what they require at that instant and go on waiting. The others, the probes, are spread evenly
// among them: at the instant its skill expires a probe fits the agents that have waited all along,
// and is offered. Measured is, for each probe, the journal's instant of the offer, and the wall
// clock's at its arrival on the feed, against the instant at which its skill expired.
type Expiring struct {
	Env
	Waiting     int // interactions
	Probes      int // of them
	Agents      int
	Connections int
	Load        time.Duration // how long sending them may take
}

// probe is an interaction whose offer is measured.
type probe struct {
	id      switchyard.ID
	expires switchyard.Instant
}

// Run sends the interactions and watches the second in which their skills expire.
func (x *Expiring) Run(ctx context.Context) (*Report, error) {
	report := newReport("bench backlog --expiring")
	world := newWorld("bench", x.Agents, contractSkills)
	b := &Backlog{Env: x.Env, Agents: x.Agents}
	server, c, err := b.enter(ctx, world)
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.stop() }()
	defer c.Close()
	watch, err := watchOffers(ctx, c, x.Probes)
	if err != nil {
		return nil, err
	}
	defer watch.stop()
	second := time.Now().Add(x.Load).Truncate(time.Second)
	x.say("sending %d interactions whose skills expire in the second after %s", x.Waiting, second.Format(time.TimeOnly))
	s := &expirySender{addr: server.addr, c: c, second: second, run: newRun(), left: int64(x.Probes)}
	began := time.Now()
	if err := s.send(ctx, x); err != nil {
		return nil, err
	}
	x.say("sent in %.0f s; waiting for the second", time.Since(began).Seconds())
	if err := server.settle(ctx, c); err != nil {
		return nil, err
	}
	if time.Now().After(second) {
		return nil, fmt.Errorf("sending took until the skills expired; give it longer than %s with --load", x.Load)
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(time.Until(second)):
	}
	offers, err := watch.all(ctx)
	if err != nil {
		return nil, err
	}
	report.add("skills that expire together", float64(s.sent.Load()), "")
	return report, s.judge(report, offers)
}

// expirySender sends the interactions. The skills of a call expire a whole number of seconds after
// the call, so the instants lie in the second as the calls lay in theirs.
type expirySender struct {
	addr   string
	c      *client.Client
	second time.Time
	run    string
	sent   atomic.Int64
	left   int64 // probes

	mu     sync.Mutex
	probes []probe
}

// seconds is the expiryafter of a call sent now: its skills expire in the second after s.second.
func (s *expirySender) seconds() int {
	return int(time.Until(s.second)/time.Second) + 1
}

// send sends bodies of 100 KB and beside them, one by one, the probes. Every body is made anew
// because its expiry changes.
func (s *expirySender) send(ctx context.Context, x *Expiring) error {
	size := len(s.interaction(99_999, `,{"name":"nobody"}`)) + 1
	perBody := (switchyard.MaxBodyBytes - 64) / size
	bodies := (x.Waiting - x.Probes + perBody - 1) / perBody
	var number atomic.Uint64
	every := max(bodies/max(x.Probes, 1), 1)
	probesPer := (x.Probes + bodies - 1) / max(bodies, 1)
	return inParallel(x.Connections, bodies, func(n int) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.sendBody(perBody, &number); err != nil {
			return err
		}
		for range probesPer {
			if n%every == 0 && atomic.AddInt64(&s.left, -1) >= 0 {
				if err := s.sendProbe(ctx, number.Add(1)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// interaction is one that requires the skill "rare" for some seconds, and what else is given.
func (s *expirySender) interaction(seconds int, more string) string {
	return dispatch(s.run, fmt.Sprintf(`[{"name":"rare","expiryafter":%d}%s]`, seconds, more))
}

func (s *expirySender) sendBody(count int, number *atomic.Uint64) error {
	seconds := s.seconds()
	if seconds < 2 {
		return errors.New("sending took until the skills expired; give it longer with --load")
	}
	m := newMessage(s.addr, s.c.Token, "ProviderName", s.interaction(seconds, `,{"name":"nobody"}`), count, switchyard.MaxBodyBytes)
	m.number(number.Add(uint64(m.requests)) - uint64(m.requests) + 1)
	w, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer w.close()
	status, body, err := w.call(m.bytes)
	if err != nil {
		return err
	}
	if status != 200 || string(body) != "[]" {
		return fmt.Errorf("the server answered %d %.300s", status, body)
	}
	s.sent.Add(int64(m.requests))
	return nil
}

// sendProbe sends one probe. The instant of its dispatch stands in its id.
func (s *expirySender) sendProbe(ctx context.Context, number uint64) error {
	seconds := s.seconds()
	m := newMessage(s.addr, s.c.Token, "ProviderName", s.interaction(seconds, ""), 1, switchyard.MaxBodyBytes)
	m.number(number)
	results, err := s.c.Invoke(ctx, m.body())
	if err != nil {
		return err
	}
	if len(results) != 1 || results[0].Status != switchyard.StatusAccepted {
		return fmt.Errorf("a probe was not accepted: %+v", results)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := results[0].Interaction
	s.probes = append(s.probes, probe{id, id.At().Add(switchyard.Duration(seconds) * switchyard.Second)})
	s.sent.Add(1)
	return nil
}

// judge compares the offers with the instants at which the probes' skills expired.
func (s *expirySender) judge(report *Report, offers []seenOffer) error {
	expires := map[switchyard.ID]switchyard.Instant{}
	first, last := switchyard.Never, switchyard.Instant(0)
	for _, p := range s.probes {
		expires[p.id] = p.expires
		first, last = min(first, p.expires), max(last, p.expires)
	}
	var journal, wall spread
	for _, o := range offers {
		due, known := expires[o.interaction]
		if !known {
			return fmt.Errorf("interaction %s was offered and is no probe", o.interaction)
		}
		journal = append(journal, o.at.Time().Sub(due.Time()).Abs())
		wall = append(wall, o.arrived.Sub(due.Time()))
	}
	journal, wall = sorted(journal), sorted(wall)
	report.add("probes", float64(len(offers)), "")
	report.add("from the first expiry of a probe to the last", float64(last-first)/1000, "s")
	report.atMost("offer's instant off its expiry, largest", millis(journal.at(1)), "ms", 100)
	report.add("offer on the feed after its expiry, p50", millis(wall.at(0.50)), "ms")
	report.add("offer on the feed after its expiry, p99", millis(wall.at(0.99)), "ms")
	report.atMost("offer on the feed after its expiry, largest", millis(wall.at(1)), "ms", 100)
	return nil
}
