package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/client"
)

// Latency measures a quiet server.
type Latency struct {
	Env
	Target Target
	Count  int     // dispatches
	Rate   float64 // a second
}

const latencyAgents = 20

// Run dispatches one interaction at a time while fitting agents are free, and measures from sending
// the call to seeing the offer on the feed. Each is released before the next is sent.
func (l *Latency) Run(ctx context.Context) (*Report, error) {
	report := newReport("bench latency")
	world := newWorld("bench", latencyAgents, contractSkills)
	target := l.Target
	if target.URL == "" {
		server, err := l.start(ctx, world.YAML())
		if err != nil {
			return nil, err
		}
		defer func() { _ = server.stop() }()
		target = Target{server.url(), world.clientID(), world.Secret}
	}
	c, err := enter(ctx, target)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := world.makeReady(ctx, c); err != nil {
		return nil, err
	}
	l.say("dispatching %d interactions, %g a second", l.Count, l.Rate)
	times, err := l.measure(ctx, c)
	if err != nil {
		return nil, err
	}
	slices.Sort(times)
	report.add("dispatches", float64(len(times)), "")
	report.add("create to offered, p50", millis(times.at(0.50)), "ms")
	report.add("create to offered, p90", millis(times.at(0.90)), "ms")
	report.atMost("create to offered, p99", millis(times.at(0.99)), "ms", 8)
	report.add("create to offered, max", millis(times.at(1)), "ms")
	return report, nil
}

// offer is an offer seen on the feed.
type offer struct {
	interaction switchyard.ID
	arrived     time.Time
}

func (l *Latency) measure(ctx context.Context, c *client.Client) (spread, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened, offers, ended := make(chan struct{}), make(chan offer, 16), make(chan error, 1)
	go func() {
		ended <- c.Feed(ctx, []string{"interaction.offered"}, func() { close(opened) }, func(line client.Line) error {
			h, err := client.Decode(line.Data)
			if err != nil {
				return err
			}
			select {
			case offers <- offer{h.Interaction, line.Arrived}:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	select {
	case <-opened:
	case err := <-ended:
		return nil, fmt.Errorf("open the feed: %w", err)
	}
	one := &oneByOne{c: c, offers: offers, ended: ended, run: newRun()}
	tick := time.NewTicker(time.Duration(float64(time.Second) / l.Rate))
	defer tick.Stop()
	var times spread
	for n := range l.Count {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		took, err := one.dispatch(ctx, n)
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	return times, nil
}

// oneByOne has one interaction in the server at a time.
type oneByOne struct {
	c      *client.Client
	offers chan offer
	ended  chan error
	run    string
}

func (o *oneByOne) dispatch(ctx context.Context, n int) (time.Duration, error) {
	id := fmt.Sprintf("%0*d", idDigits, n)
	interaction := dispatch(o.run, `[{"name":"skillOptional","expiryafter":0},{"name":"skillExpiring","expiryafter":60},{"name":"skillMandatory"}]`)
	body := `{"provider":"ProviderName","requests":[` + strings.ReplaceAll(interaction, idMark, id) + `]}`
	sent := time.Now()
	results, err := o.c.Invoke(ctx, []byte(body))
	if err != nil {
		return 0, err
	}
	if len(results) != 1 || results[0].Status != switchyard.StatusAccepted {
		return 0, fmt.Errorf("dispatch %s was not accepted: %+v", id, results)
	}
	took, err := o.await(ctx, results[0].Interaction, sent)
	if err != nil {
		return 0, err
	}
	release := `{"provider":"ProviderName","requests":[{"action":"release","externalid":"` + o.run + id + `"}]}`
	_, err = o.c.Contract(ctx, "/interactions/invoke", []byte(release), false)
	return took, err
}

func (o *oneByOne) await(ctx context.Context, id switchyard.ID, sent time.Time) (time.Duration, error) {
	limit := time.NewTimer(answerLimit)
	defer limit.Stop()
	for {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case err := <-o.ended:
			return 0, fmt.Errorf("the feed ended: %w", err)
		case <-limit.C:
			return 0, fmt.Errorf("interaction %s was offered to nobody within %s", id, answerLimit)
		case got := <-o.offers:
			if got.interaction == id {
				return got.arrived.Sub(sent), nil
			}
		}
	}
}
