package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"switchyard"
	"switchyard/internal/client"
)

// Invoke measures how many calls a server makes durable.
type Invoke struct {
	Env
	Target      Target
	Connections int
	Seconds     int  // of load on the server
	Slice       int  // seconds of load before it is the bare handler's turn
	Batch       bool // bodies of 100 KB instead of one interaction a call
}

// Run loads the server and, in turns, a bare handler that shares the machine with it.
func (v *Invoke) Run(ctx context.Context) (*Report, error) {
	world := newWorld("bench", 1, contractSkills)
	target := v.Target
	server := &Server{}
	if target.URL == "" {
		var err error
		if server, err = v.start(ctx, world.YAML()); err != nil {
			return nil, err
		}
		defer func() { _ = server.stop() }()
		target = Target{server.url(), world.clientID(), world.Secret}
	}
	var err error
	if server.addr, err = hostOf(target.URL); err != nil {
		return nil, err
	}
	c, err := enter(ctx, target)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if v.Batch {
		return v.batches(ctx, server, c)
	}
	return v.pairs(ctx, server, c)
}

// newLoad makes the load for the server or, with the same bytes, for the bare handler.
func (v *Invoke) newLoad(addr, token string, next *atomic.Uint64) *load {
	count, interaction := 1, fullDispatch(newRun())
	if v.Batch {
		count = switchyard.MaxBodyBytes
	}
	return &load{addr: addr, connections: v.Connections, next: next, expect: "[]", message: func() *message {
		return newMessage(addr, token, "ProviderName", interaction, count, switchyard.MaxBodyBytes)
	}}
}

// pairs alternates slices of load on the server and on the bare handler. Between a slice on the
// server and one on the bare handler the tables catch up, so that neither pays for the other.
func (v *Invoke) pairs(ctx context.Context, server *Server, c *client.Client) (*Report, error) {
	report := newReport("bench invoke")
	bareServer, err := v.startBare(ctx)
	if err != nil {
		return nil, err
	}
	defer bareServer.kill()
	var next atomic.Uint64
	ours, bare := v.newLoad(server.addr, c.Token, &next), v.newLoad(bareServer.addr, c.Token, &next)
	defer ours.close()
	defer bare.close()
	if err := errors.Join(ours.open(), bare.open()); err != nil {
		return nil, err
	}
	m := &invokeFigures{}
	slice := time.Duration(v.Slice) * time.Second
	for n := 0; n < v.Seconds; n += v.Slice {
		durable, err := m.onServer(ctx, server, c, ours, slice)
		if err != nil {
			return nil, err
		}
		cpu := bareServer.cpuTime()
		plain, err := bare.run(ctx, slice, 0)
		if err != nil {
			return nil, err
		}
		m.bare, m.bareCalls = append(m.bare, plain.callsPerSecond()), m.bareCalls+plain.calls
		m.bareCPU += bareServer.cpuTime() - cpu
		v.say("%3d s: %6.0f calls/s durable, %6.0f calls/s bare", n+v.Slice, durable.callsPerSecond(), plain.callsPerSecond())
	}
	report.add("connections", float64(v.Connections), "")
	report.add("durable calls, median of the slices", median(m.durable), "calls/s")
	report.add("bare handler, median of the slices", median(m.bare), "calls/s")
	report.atLeast("durable ÷ bare", median(m.durable)/median(m.bare), "", 0.5)
	report.add("durable ÷ bare, counting the time the tables took to catch up", median(m.settled)/median(m.bare), "")
	m.common(report)
	report.add("CPU of the bare handler", perCall(m.bareCPU, m.bareCalls), "µs a call")
	return report, nil
}

// batches loads the server with bodies as large as the contract allows.
func (v *Invoke) batches(ctx context.Context, server *Server, c *client.Client) (*Report, error) {
	report := newReport("bench invoke --batch")
	var next atomic.Uint64
	ours := v.newLoad(server.addr, c.Token, &next)
	defer ours.close()
	if err := ours.open(); err != nil {
		return nil, err
	}
	m := &invokeFigures{}
	for n := 0; n < v.Seconds; n += v.Slice {
		durable, err := m.onServer(ctx, server, c, ours, time.Duration(v.Slice)*time.Second)
		if err != nil {
			return nil, err
		}
		v.say("%3d s: %6.0f interactions/s durable", n+v.Slice, durable.acceptedPerSecond())
	}
	report.add("connections", float64(v.Connections), "")
	report.add("interactions a call", float64(ours.msgs[0].requests), "")
	report.atLeast("durable interactions, median of the slices", median(m.accepted), "/s", 25_000)
	report.atLeast("the same against the aim", median(m.accepted), "/s", 50_000)
	report.add("the same, counting the time the tables took to catch up", median(m.acceptedSettled), "/s")
	m.common(report)
	return report, nil
}

// invokeFigures gathers what the slices came to.
type invokeFigures struct {
	durable, settled, bare    []float64 // calls a second
	accepted, acceptedSettled []float64 // interactions a second
	times                     spread
	calls, busy               int
	lag                       float64
	cpu, serverCPU            time.Duration // of the load generator and of the server
	bareCalls                 int
	bareCPU                   time.Duration
}

// onServer runs one slice on the server.
func (m *invokeFigures) onServer(ctx context.Context, s *Server, c *client.Client, l *load, slice time.Duration) (done, error) {
	watched, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { m.watchLag(watched, s, c) })
	cpu, serverCPU := cpuTime(), s.cpuTime()
	d, err := l.run(ctx, slice, 0)
	m.cpu += cpuTime() - cpu
	stop()
	watch.Wait()
	if err != nil {
		return d, err
	}
	settling := time.Now()
	if err := s.settle(ctx, c); err != nil {
		return d, err
	}
	m.serverCPU += s.cpuTime() - serverCPU
	with := (d.took + time.Since(settling)).Seconds()
	m.durable, m.settled = append(m.durable, d.callsPerSecond()), append(m.settled, float64(d.calls)/with)
	m.accepted = append(m.accepted, d.acceptedPerSecond())
	m.acceptedSettled = append(m.acceptedSettled, float64(d.accepted)/with)
	m.times = append(m.times, d.times...)
	m.calls, m.busy = m.calls+d.calls, m.busy+d.busy
	return d, nil
}

// watchLag remembers the largest lag of the tables. A failure to read it is seen when they settle.
func (m *invokeFigures) watchLag(ctx context.Context, s *Server, c *client.Client) {
	_ = every(ctx, 500*time.Millisecond, func() (bool, error) {
		got, err := s.metrics(ctx, c, lagSeconds)
		m.lag = max(m.lag, got[lagSeconds])
		return false, err
	})
}

func (m *invokeFigures) common(report *Report) {
	all := sorted(m.times)
	report.atMost("largest lag of the tables", m.lag, "s", 2)
	report.add("call, p50", millis(all.at(0.50)), "ms")
	report.add("call, p99", millis(all.at(0.99)), "ms")
	report.add("call, max", millis(all.at(1)), "ms")
	report.add("calls turned away as busy and tried again", float64(m.busy), "")
	report.add("CPU of the load generator", perCall(m.cpu, m.calls), "µs a call")
	if m.serverCPU > 0 { // unknown of a server that is no process of ours
		report.add("CPU of the server, tables and all", perCall(m.serverCPU, m.calls), "µs a call")
	}
}

func perCall(d time.Duration, calls int) float64 {
	return float64(d.Microseconds()) / float64(max(calls, 1))
}

// startBare starts the bare handler in a process of its own.
func (e *Env) startBare(ctx context.Context) (*Server, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &Server{env: e, addr: addr, cmd: e.command("bench", "bare", "--listen", addr)}
	s.cmd.Stderr = e.Progress
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.awaitReady(ctx); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}
