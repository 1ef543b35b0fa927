package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"switchyard"
	"switchyard/internal/client"
)

// Backlog measures a server with a large backlog.
type Backlog struct {
	Env
	Waiting     int // interactions
	Agents      int
	Connections int
}

// OffersAnAgent is how many interactions of the load are offered to one agent at once: nonlive ones
// take 20 % of it.
const OffersAnAgent = 5

// waitingSkills is what the waiting interactions ask for: all agents have two of the three, nobody
// has the third.
const waitingSkills = `[{"name":"skillOptional","expiryafter":0},{"name":"skillExpiring","expiryafter":86400},{"name":"skillMandatory"}]`

// Run fills the server, weighs it, kills it, starts it again and gives the missing skill to the
// agents.
func (b *Backlog) Run(ctx context.Context) (*Report, error) {
	report := newReport("bench backlog")
	world := newWorld("bench", b.Agents, allButMandatory)
	server, c, err := b.enter(ctx, world)
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.stop() }()
	defer c.Close()
	report.add("waiting interactions", float64(b.Waiting), "")
	report.add("agents, ready", float64(b.Agents), "")
	next := &atomic.Uint64{}
	if err := b.weigh(ctx, server, c, report, next); err != nil {
		return nil, err
	}
	if err := b.crash(ctx, server, c, report, next); err != nil {
		return nil, err
	}
	b.say("giving the skill they wait for to %d agents", b.Agents)
	return report, b.give(ctx, c, report)
}

// enter starts a server whose agents are ready.
func (b *Backlog) enter(ctx context.Context, world World) (*Server, *client.Client, error) {
	server, err := b.start(ctx, world.YAML())
	if err != nil {
		return nil, nil, err
	}
	c, err := world.enter(ctx, server.url())
	if err == nil {
		err = world.makeReady(ctx, c)
	}
	if err != nil {
		return nil, nil, errors.Join(err, server.stop())
	}
	return server, c, nil
}

// fill sends waiting interactions in bodies as large as the contract allows.
func (b *Backlog) fill(ctx context.Context, s *Server, token string, count int, next *atomic.Uint64) (done, error) {
	interaction := dispatch(newRun(), waitingSkills)
	l := &load{addr: s.addr, connections: b.Connections, next: next, expect: "[]", message: func() *message {
		return newMessage(s.addr, token, "ProviderName", interaction, count, switchyard.MaxBodyBytes)
	}}
	defer l.close()
	if err := l.open(); err != nil {
		return done{}, err
	}
	return l.run(ctx, time.Hour, count)
}

// weigh fills the server and reports what an interaction takes.
func (b *Backlog) weigh(ctx context.Context, s *Server, c *client.Client, report *Report, next *atomic.Uint64) error {
	if err := s.settle(ctx, c); err != nil {
		return err
	}
	empty, err := b.restingBytes(ctx, s)
	if err != nil {
		return err
	}
	b.say("sending %d interactions", b.Waiting)
	filled, err := b.fill(ctx, s, c.Token, b.Waiting, next)
	if err != nil {
		return err
	}
	report.add("sent at", filled.acceptedPerSecond(), "interactions/s")
	if err := s.settle(ctx, c); err != nil {
		return err
	}
	after, err := s.residentBytes()
	if err != nil {
		return err
	}
	b.say("waiting for the memory to settle")
	rest, err := b.restingBytes(ctx, s)
	if err != nil {
		return err
	}
	each := func(bytes int64) float64 { return float64(bytes-empty) / 1024 / float64(filled.accepted) }
	report.add("resident memory, empty", float64(empty)/(1<<20), "MiB")
	report.add("resident memory at the end of the load", float64(after)/(1<<20), "MiB")
	report.add("resident memory settled", float64(rest)/(1<<20), "MiB")
	report.add("an interaction, at the end of the load", each(after), "KiB")
	report.atMost("an interaction, settled, recent request ids counted", each(rest), "KiB", 1.5)
	return b.heap(ctx, s, c, report)
}

// heap reports the collector's own view, which tells what is data and what is room to work in.
func (b *Backlog) heap(ctx context.Context, s *Server, c *client.Client, report *Report) error {
	m, err := s.metrics(ctx, c, "go_memstats_heap_inuse_bytes", "go_memstats_heap_alloc_bytes")
	if err == nil {
		report.add("heap in use", m["go_memstats_heap_inuse_bytes"]/(1<<20), "MiB")
		report.add("heap allocated, garbage included", m["go_memstats_heap_alloc_bytes"]/(1<<20), "MiB")
	}
	return err
}

// The resident memory has settled when it has not fallen by a hundredth for settledFor: a server
// takes some seconds to know that it rests. Small backlogs are not waited for so long.
const (
	settledFor   = 30 * time.Second
	settledLimit = 150 * time.Second
	smallBacklog = 50_000
)

func (b *Backlog) restingBytes(ctx context.Context, s *Server) (int64, error) {
	lowest, since, began := int64(1<<62), time.Now(), time.Now()
	err := every(ctx, 500*time.Millisecond, func() (bool, error) {
		now, err := s.residentBytes()
		if err == nil && now < lowest-lowest/100 {
			lowest, since = now, time.Now()
		}
		calm := settledFor
		if b.Waiting < smallBacklog {
			calm = 3 * time.Second
		}
		return time.Since(since) > calm || time.Since(began) > settledLimit, err
	})
	if err != nil {
		return 0, err
	}
	return s.residentBytes()
}

// crash kills the server in the middle of a load and starts it again.
func (b *Backlog) crash(ctx context.Context, s *Server, c *client.Client, report *Report, next *atomic.Uint64) error {
	if _, err := b.fill(ctx, s, c.Token, max(b.Waiting/100, 1), next); err != nil {
		return err
	}
	b.say("killing the server")
	s.kill()
	took, err := s.run(ctx)
	if err != nil {
		return err
	}
	report.atMost("SIGKILL, start, /readyz", took.Seconds(), "s", 10)
	m, err := s.metrics(ctx, c, lagRows)
	if err != nil {
		return err
	}
	b.say("ready after %.1f s, tables %.0f rows behind", took.Seconds(), m[lagRows])
	var stats struct {
		Live int `json:"live"`
	}
	if err := c.Call(ctx, http.MethodGet, "/v1/stats", nil, &stats); err != nil {
		return err
	}
	if stats.Live < b.Waiting {
		return fmt.Errorf("%d interactions were acknowledged and %d are there after the restart", b.Waiting, stats.Live)
	}
	return nil
}

// give puts the missing skill on every agent and watches the feed for their offers.
func (b *Backlog) give(ctx context.Context, c *client.Client, report *Report) error {
	var document switchyard.Account
	if err := c.Call(ctx, http.MethodGet, "/v1/config", nil, &document); err != nil {
		return err
	}
	for _, entry := range document.Agents {
		if entry.Skills != nil { // the personal queue's agent has none
			entry.Skills["skillMandatory"] = 5
		}
	}
	expected := min(b.Waiting, b.Agents*OffersAnAgent)
	watch, err := watchOffers(ctx, c, expected)
	if err != nil {
		return err
	}
	defer watch.stop()
	sent := time.Now()
	if err := c.Call(ctx, http.MethodPut, "/v1/config", document, nil); err != nil {
		return err
	}
	answered := time.Since(sent)
	offers, err := watch.all(ctx)
	if err != nil {
		return err
	}
	firsts := map[string]time.Duration{}
	for _, o := range offers {
		if _, had := firsts[o.agent]; !had {
			firsts[o.agent] = o.arrived.Sub(sent)
		}
	}
	report.add("PUT /v1/config answered after", answered.Seconds(), "s")
	report.add("first offer seen after", offers[0].arrived.Sub(sent).Seconds(), "s")
	report.atMost(fmt.Sprintf("all %d agents have an offer after", len(firsts)), latest(firsts).Seconds(), "s", 1)
	report.add(fmt.Sprintf("all %d offers that fit them seen after", len(offers)), offers[len(offers)-1].arrived.Sub(sent).Seconds(), "s")
	return nil
}

func latest(times map[string]time.Duration) time.Duration {
	var last time.Duration
	for _, d := range times {
		last = max(last, d)
	}
	return last
}

// seenOffer is an offer as the feed brought it.
type seenOffer struct {
	interaction switchyard.ID
	agent       string
	at          switchyard.Instant
	arrived     time.Time
}

// offerWatch gathers offers from the feed.
type offerWatch struct {
	stop   context.CancelFunc
	offers chan seenOffer
	ended  chan error
	wanted int
}

func watchOffers(ctx context.Context, c *client.Client, wanted int) (*offerWatch, error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &offerWatch{stop: cancel, offers: make(chan seenOffer, wanted+1), ended: make(chan error, 1), wanted: wanted}
	opened := make(chan struct{})
	go func() {
		w.ended <- c.Feed(ctx, []string{"interaction.offered"}, func() { close(opened) }, func(line client.Line) error {
			h, err := client.Decode(line.Data)
			if err != nil {
				return err
			}
			select {
			case w.offers <- seenOffer{h.Interaction, h.Agent, h.At, line.Arrived}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	select {
	case <-opened:
		return w, nil
	case err := <-w.ended:
		cancel()
		return nil, fmt.Errorf("open the feed: %w", err)
	}
}

// all returns the offers, in the order they arrived, when there are as many as wanted.
func (w *offerWatch) all(ctx context.Context) ([]seenOffer, error) {
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	offers := make([]seenOffer, 0, w.wanted)
	for len(offers) < w.wanted {
		select {
		case o := <-w.offers:
			offers = append(offers, o)
		case err := <-w.ended:
			return nil, fmt.Errorf("the feed ended: %w", err)
		case <-limit.C:
			return nil, fmt.Errorf("%d offers of %d came within a minute", len(offers), w.wanted)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	slices.SortStableFunc(offers, func(a, b seenOffer) int { return a.arrived.Compare(b.arrived) })
	return offers, nil
}
