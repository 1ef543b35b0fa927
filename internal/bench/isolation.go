package bench

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard/internal/client"
)

// Isolation measures whether one account can slow another.
type Isolation struct {
	Env
	Seconds     int     // with the flood, and as long without
	Slice       int     // seconds before it is the other's turn
	Rate        float64 // calls a second of the account that is measured
	Connections int     // of the flood
}

// Run sends calls to one account at a fixed rate, in turns with and without a flood on the other.
func (i *Isolation) Run(ctx context.Context) (*Report, error) {
	report := newReport("bench isolation")
	calm, flooded := newWorld("calm", 1, contractSkills), newWorld("flooded", 1, contractSkills)
	server, err := i.start(ctx, calm.YAML(), flooded.YAML())
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.stop() }()
	c, err := calm.enter(ctx, server.url())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	f, err := flooded.enter(ctx, server.url())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := newPacer(server.addr, c.Token, i.Rate)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var quiet, loud spread
	calls := 0.0
	for n := 0; n < i.Seconds; n += i.Slice {
		slice := time.Duration(i.Slice) * time.Second
		without, err := p.run(ctx, slice)
		if err != nil {
			return nil, err
		}
		rate, with, err := i.underFlood(ctx, server, f, p, slice)
		if err != nil {
			return nil, err
		}
		quiet, loud, calls = append(quiet, without...), append(loud, with...), max(calls, rate)
		i.say("%3d s: p99 %.2f ms, flooded by %.0f calls/s %.2f ms", n+i.Slice, millis(sorted(without).at(0.99)), rate, millis(sorted(with).at(0.99)))
		if err := server.settle(ctx, c); err != nil {
			return nil, err
		}
	}
	quiet, loud = sorted(quiet), sorted(loud)
	report.add("rate of the measured account", i.Rate, "calls/s")
	report.add("flood on the other, largest", calls, "calls/s")
	report.add("call without the flood, p50", millis(quiet.at(0.50)), "ms")
	report.add("call without the flood, p99", millis(quiet.at(0.99)), "ms")
	report.add("call beside the flood, p50", millis(loud.at(0.50)), "ms")
	report.add("call beside the flood, p99", millis(loud.at(0.99)), "ms")
	report.atMost("p99 beside the flood ÷ without", millis(loud.at(0.99))/millis(quiet.at(0.99)), "", 2)
	return report, nil
}

// underFlood measures while a process of its own floods the other account. The measurement begins
// when the flood says that it runs.
func (i *Isolation) underFlood(ctx context.Context, s *Server, f *client.Client, p *pacer, slice time.Duration) (rate float64, times spread, err error) {
	const before = time.Second // the flood begins so much earlier, and ends as much later
	cmd := i.command("bench", "flood", "--addr", s.addr, "--token="+f.Token,
		"--seconds", fmt.Sprint(int((slice + 2*before).Seconds())), "--connections", fmt.Sprint(i.Connections))
	cmd.Stderr = i.Progress
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = cmd.Process.Kill() }()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		return 0, nil, fmt.Errorf("the flood did not start: %w", err)
	}
	if times, err = p.run(ctx, slice); err != nil {
		return 0, nil, err
	}
	var said struct {
		CallsPerSecond float64 `json:"callspersecond"`
	}
	if err := json.UnmarshalRead(out, &said); err != nil {
		return 0, nil, fmt.Errorf("the flood ended early: %w", err)
	}
	return said.CallsPerSecond, times, cmd.Wait()
}

// Flood is a closed loop of invoke calls, as a process of its own. It gives way to the server and to
// what measures it: floods come from other machines, and must not slow this one by their own work.
func Flood(ctx context.Context, addr, token string, seconds, connections int, out io.Writer) error {
	giveWay()
	var next atomic.Uint64
	interaction := fullDispatch(newRun())
	l := &load{addr: addr, connections: connections, next: &next, expect: "[]", message: func() *message {
		return newMessage(addr, token, "ProviderName", interaction, 1, 1<<20)
	}}
	defer l.close()
	if err := l.open(); err != nil {
		return err
	}
	if _, err := l.run(ctx, time.Second, 0); err != nil {
		return err
	}
	if _, err := io.WriteString(out, "\n"); err != nil {
		return err
	}
	d, err := l.run(ctx, time.Duration(seconds-1)*time.Second, 0)
	if err != nil {
		return err
	}
	return json.MarshalWrite(out, map[string]float64{"callspersecond": d.callsPerSecond()})
}

// pacer is an open loop: calls go out at a fixed rate, whatever became of those before.
type pacer struct {
	period time.Duration
	wires  []*wire
	msgs   []*message
	next   atomic.Uint64
}

const pacerConnections = 16

func newPacer(addr, token string, rate float64) (*pacer, error) {
	p := &pacer{period: time.Duration(float64(time.Second) / rate)}
	interaction := fullDispatch(newRun())
	for range pacerConnections {
		w, err := dial(addr)
		if err != nil {
			return nil, err
		}
		p.wires = append(p.wires, w)
		p.msgs = append(p.msgs, newMessage(addr, token, "ProviderName", interaction, 1, 1<<20))
	}
	return p, nil
}

func (p *pacer) close() {
	for _, w := range p.wires {
		w.close()
	}
}

// run sends calls for a while and returns how long each took from the moment it was due, so that a
// call that waits for a free connection counts its wait.
func (p *pacer) run(ctx context.Context, d time.Duration) (spread, error) {
	due := make(chan time.Time, int(d/p.period)+1)
	parts := make([]spread, len(p.wires))
	finished := make(chan error, 1)
	go func() {
		finished <- inParallel(len(p.wires), len(p.wires), func(n int) error { return p.work(n, due, &parts[n]) })
	}()
	tick := time.NewTicker(p.period)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; {
		<-tick.C
		due <- time.Now()
	}
	close(due)
	err := <-finished
	var all spread
	for _, part := range parts {
		all = append(all, part...)
	}
	if err == nil {
		err = ctx.Err()
	}
	return all, err
}

func (p *pacer) work(n int, due <-chan time.Time, times *spread) error {
	for at := range due {
		p.msgs[n].number(p.next.Add(1))
		status, body, err := p.wires[n].call(p.msgs[n].bytes)
		if err != nil {
			return err
		}
		if status != 200 || string(body) != "[]" {
			return fmt.Errorf("the server answered %d %.300s", status, body)
		}
		*times = append(*times, time.Since(at))
	}
	return nil
}
