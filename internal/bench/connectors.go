package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"switchyard"
	"switchyard/internal/client"
)

// Connectors measures whether data connectors that get no answer slow those of another account, and
// invoke. Those that get no answer are wanted by their plans, and requested in the journal; how many of
// them the server asks at a time, and how many wait in it for a place, is up to the server, and reported.
type Connectors struct {
	Env
	InFlight    int           // data connectors without an answer
	Hosts       int           // that are asked and hang
	Seconds     int           // of load beside them
	Slice       int           // seconds of load in a turn
	Connections int           // that call invoke, and as many whose interactions ask a host that answers
	Answer      time.Duration // what that host takes for an answer
}

// What may be asked of the measurement: a data connector waits for a minute at most, each host that
// hangs has a plan and a route of the account, and a turn ends only when all answers have come.
const (
	MaxInFlight     = 50_000
	MaxHangingHosts = 1000
	MaxAnswer       = time.Second
)

const (
	longestWait = time.Minute       // of a data connector
	giveUpLimit = 120 * time.Second // for giving all up
)

// preparing is how long it may take to send so many connectors that hang, until they are counted.
func preparing(inFlight int) time.Duration {
	return 5*time.Second + time.Duration(inFlight)*time.Millisecond
}

// MaxConnectorSlice is the longest turn in seconds: when it is over, none may be given up yet.
func MaxConnectorSlice(inFlight int) int {
	return int((longestWait - preparing(inFlight)) / time.Second)
}

// timeout of the connectors that hang.
func (c *Connectors) timeout() time.Duration {
	return time.Duration(c.Slice)*time.Second + preparing(c.InFlight)
}

// Run measures in turns, without data connectors that hang and beside them.
func (c *Connectors) Run(ctx context.Context) (*Report, error) {
	r := &asking{c: c}
	defer r.end()
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	before, err := r.turn(ctx)
	if err != nil {
		return nil, err
	}
	for n := 0; n < c.Seconds; n += c.Slice {
		beside, err := r.besideHanging(ctx)
		if err != nil {
			return nil, err
		}
		after, err := r.turn(ctx)
		if err != nil {
			return nil, err
		}
		r.asked.add(before.asked, beside.asked, after.asked)
		r.called.add(before.called, beside.called, after.called)
		c.say("%3d s: %5.0f connectors/s and %6.0f calls/s; beside %d that hang %5.0f and %6.0f", n+c.Slice,
			(before.asked+after.asked)/2, (before.called+after.called)/2, r.sent, beside.asked, beside.called)
		before = after
	}
	return r.report(), nil
}

// asking is such a measurement under way. One account asks the hosts that hang, another the host that
// answers; the third is called.
type asking struct {
	c          *Connectors
	hanging    *hanging
	quick      *quick
	server     *Server
	watch      *client.Client // of the account whose connectors hang
	fills      []*load        // one for each host that hangs
	asks       *load
	calls      *load
	numbers    [3]atomic.Uint64 // of interactions, by account
	unanswered atomic.Int64     // connectors that are requested in the journal and not finished
	feedFailed chan error
	closers    []func()

	sent          int       // connectors that hang, in a turn
	held          []float64 // connectors that hung all through a turn
	making        []float64 // attempts at them, in each turn
	asked, called turns
	alone, beside figures
}

// begin starts everything.
func (r *asking) begin(ctx context.Context) (err error) {
	if r.hanging, err = newHanging(r.c.Hosts); err != nil {
		return err
	}
	r.closing(r.hanging.close)
	if r.quick, err = newQuick(r.c.Answer); err != nil {
		return err
	}
	r.closing(r.quick.close)
	hung, asks, called := newWorld("hung", 1, allButMandatory), newWorld("asks", 1, allButMandatory), newWorld("called", 1, allButMandatory)
	for host := range r.c.Hosts {
		hung.Asks = append(hung.Asks, Ask{hangRoute(host), []string{r.hanging.url(host) + firstQuestion}, r.c.timeout()})
	}
	asks.Asks = []Ask{{"Ask", []string{r.quick.url() + firstQuestion, r.quick.url() + secondQuestion}, answerLimit}}
	// Attempts that failed are warned of: here they are what is wanted.
	if r.server, err = r.c.startWith(ctx, []string{"--log-level", "error", "--allow-insecure-endpoints"}, hung.YAML(), asks.YAML(), called.YAML()); err != nil {
		return err
	}
	r.closing(r.server.stop)
	if err := r.enter(ctx, hung, asks, called); err != nil {
		return err
	}
	return r.follow(ctx)
}

func hangRoute(host int) string { return fmt.Sprintf("Hang%d", host) }

// enter signs in and opens the connections.
func (r *asking) enter(ctx context.Context, hung, asks, called World) error {
	for n, w := range []World{hung, asks, called} {
		c, err := w.enter(ctx, r.server.url())
		if err != nil {
			return err
		}
		r.closing(func() error { c.Close(); return nil })
		run := newRun()
		load := func(connections, count int, interaction string) *load {
			return &load{addr: r.server.addr, connections: connections, next: &r.numbers[n], expect: "[]", message: func() *message {
				return newMessage(r.server.addr, c.Token, "ProviderName", interaction, count, switchyard.MaxBodyBytes)
			}}
		}
		switch w.Account {
		case hung.Account:
			r.watch = c
			for host := range r.c.Hosts {
				r.fills = append(r.fills, load(1, r.share(), question(run, hangRoute(host))))
			}
		case asks.Account:
			r.asks = load(r.c.Connections, 1, question(run, "Ask"))
			r.asks.then = func(number uint64) error { return r.quick.await(number, answerLimit) }
		default:
			r.calls = load(r.c.Connections, 1, fullDispatch(run))
		}
	}
	for _, l := range append(r.fills, r.asks, r.calls) {
		r.closing(func() error { l.close(); return nil })
		if err := l.open(); err != nil {
			return err
		}
	}
	return nil
}

// share is how many connectors each host that hangs gets.
func (r *asking) share() int { return (r.c.InFlight + r.c.Hosts - 1) / r.c.Hosts }

// question is an interaction whose plan asks.
func question(run, route string) string {
	return `{"requestid":"ask-` + run + `-` + idMark + `","externalid":"` + run + idMark + `","route":"` + route + `",` +
		`"linkeddata":[{"type":"clid","value":"` + idMark + `"}]}`
}

// follow counts on the feed what the journal holds of the connectors that hang.
func (r *asking) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	opened := make(chan struct{})
	r.feedFailed = make(chan error, 1)
	r.closing(func() error { cancel(); return nil })
	go func() {
		r.feedFailed <- r.watch.Feed(ctx, []string{"effect.requested", "effect.finished"}, func() { close(opened) }, func(l client.Line) error {
			if l.Type == "effect.requested" {
				r.unanswered.Add(1)
			} else {
				r.unanswered.Add(-1)
			}
			return nil
		})
	}()
	select {
	case <-opened:
		return nil
	case err := <-r.feedFailed:
		return fmt.Errorf("open the feed: %w", errors.Join(err, ctx.Err()))
	}
}

func (r *asking) closing(f func() error) { r.closers = append(r.closers, func() { _ = f() }) }

func (r *asking) end() {
	for n := len(r.closers) - 1; n >= 0; n-- {
		r.closers[n]()
	}
}

// besideHanging sends the connectors that hang and takes a turn beside them.
func (r *asking) besideHanging(ctx context.Context) (rates, error) {
	r.sent = 0
	for _, l := range r.fills {
		d, err := l.run(ctx, preparing(r.c.InFlight), r.share())
		if err != nil {
			return rates{}, err
		}
		r.sent += d.accepted
	}
	if err := r.await(ctx, int64(r.sent), preparing(r.c.InFlight)); err != nil {
		return rates{}, err
	}
	if err := r.server.settle(ctx, r.watch); err != nil {
		return rates{}, err
	}
	m, err := r.server.metrics(ctx, r.watch, attemptsInFlight)
	if err != nil {
		return rates{}, err
	}
	r.making = append(r.making, m[attemptsInFlight])
	got, err := r.load(ctx, &r.beside)
	if err != nil {
		return rates{}, err
	}
	// What the journal still holds of them after the turn was there all through it.
	if left := r.unanswered.Load(); left != int64(r.sent) {
		return rates{}, fmt.Errorf("%d connectors were to hang for %s, from before the turn until it was over, and %d of them did: "+
			"this machine is too slow for so many; choose a smaller --in-flight", r.sent, r.c.timeout(), left)
	}
	r.held = append(r.held, float64(r.sent))
	return got, r.await(ctx, 0, giveUpLimit)
}

// attemptsInFlight is the metric that says how many attempts the server makes at this moment.
const attemptsInFlight = "switchyard_effects_in_flight"

// turn takes a turn without them.
func (r *asking) turn(ctx context.Context) (rates, error) {
	if err := r.server.settle(ctx, r.watch); err != nil {
		return rates{}, err
	}
	return r.load(ctx, &r.alone)
}

// await waits until the journal holds so many unanswered connectors.
func (r *asking) await(ctx context.Context, count int64, limit time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := every(limited, 10*time.Millisecond, func() (bool, error) {
		select {
		case err := <-r.feedFailed:
			return false, fmt.Errorf("the feed ended: %w", err)
		default:
			return r.unanswered.Load() == count, nil
		}
	})
	if err != nil {
		return fmt.Errorf("wait for %d connectors without an answer, %d there are: %w", count, r.unanswered.Load(), err)
	}
	return nil
}

// rates of one turn, a second.
type rates struct{ asked, called float64 }

// load takes a turn: both accounts as fast as they are answered.
func (r *asking) load(ctx context.Context, f *figures) (rates, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(generatorThreads))
	cpu := r.server.cpuTime()
	var asked, called done
	var failed [2]error
	var both sync.WaitGroup
	slice := time.Duration(r.c.Slice) * time.Second
	both.Go(func() { asked, failed[0] = r.asks.run(ctx, slice, 0) })
	both.Go(func() { called, failed[1] = r.calls.run(ctx, slice, 0) })
	both.Wait()
	if err := errors.Join(failed[:]...); err != nil {
		return rates{}, err
	}
	f.cpu += r.server.cpuTime() - cpu
	f.done += asked.calls + called.calls
	f.times = append(f.times, asked.times...)
	m, err := r.server.metrics(ctx, r.watch, "go_goroutines", "process_resident_memory_bytes")
	f.goroutines, f.memory = append(f.goroutines, m["go_goroutines"]), append(f.memory, m["process_resident_memory_bytes"])
	return rates{asked: questions * asked.callsPerSecond(), called: called.callsPerSecond()}, err
}

// questions an interaction asks the host that answers.
const questions = 2

// figures of all turns of one kind.
type figures struct {
	times              spread // of interactions that ask, until the second question
	cpu                time.Duration
	done               int
	goroutines, memory []float64
}

// turns are the rates of one kind of load.
type turns struct{ alone, beside, ratios []float64 }

// add takes a turn beside, and those before and after it: what changes slowly, such as the size of
// the tables or what else the machine does, changes both alike.
func (t *turns) add(before, beside, after float64) {
	alone := (before + after) / 2
	t.alone, t.beside, t.ratios = append(t.alone, alone), append(t.beside, beside), append(t.ratios, beside/alone)
}

func (t *turns) report(report *Report, what, unit string) {
	report.add(what+", median", median(t.alone), unit)
	report.add(what+" beside those that hang, median", median(t.beside), unit)
	report.atLeast(what+" beside ÷ without, median of the turns", median(t.ratios), "", 0.8)
}

func (r *asking) report() *Report {
	report := newReport("bench connectors")
	report.add("connections of invoke, and interactions that ask a host that answers", float64(r.c.Connections), "")
	report.add("what that host takes for an answer", millis(r.c.Answer), "ms")
	report.add("hosts that hang", float64(r.c.Hosts), "")
	report.atLeast("connectors in flight that hang, wanted and unanswered all through each turn", slices.Min(r.held), "", float64(r.c.InFlight))
	report.add("of them asked at their hosts at the same time, median", median(r.making), "")
	report.add("of them waiting in the server for a place, median", median(r.held)-median(r.making), "")
	r.asked.report(report, "connectors of another account", "/s")
	r.called.report(report, "invoke", "calls/s")
	r.alone.report(report, "")
	r.beside.report(report, " beside those that hang")
	return report
}

func (f *figures) report(report *Report, when string) {
	times := sorted(f.times)
	report.add("two connectors one after another"+when+", p50", millis(times.at(0.50)), "ms")
	report.add("two connectors one after another"+when+", p99", millis(times.at(0.99)), "ms")
	report.add("CPU of the server"+when+", tables and all", perCall(f.cpu, f.done), "µs a call")
	report.add("goroutines"+when+", median", median(f.goroutines), "")
	report.add("resident memory"+when+", median", median(f.memory)/(1<<20), "MiB")
}
