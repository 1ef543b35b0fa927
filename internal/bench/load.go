package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// fullDispatch is the contract's example of a dispatch with preset skills and everything else it
// may have; ids are fresh. run keeps the ids of one run apart from those of others.
func fullDispatch(run string) string {
	return `{"action":"dispatch","requestid":"13141f79-79bb-4e4f-` + run + `-` + idMark + `","externalid":"` + run + idMark + `","route":"APIRouting",` +
		`"linkeddata":[{"type":"clid","value":"Cases 40a4b50f"},{"type":"url","label":"40a4b50f","value":"https://vonage.com"},` +
		`{"type":"name","value":"Case Friendly Name"},{"type":"mediatype","value":"Case-External"}],` +
		`"routingdata":{"interactiontype":"nonlive","personalqueue":{"agent":"AgentUsername","loggedintimeout":20,"loggedouttimeout":30},` +
		`"skills":[{"name":"skillOptional","expiryafter":0},{"name":"skillExpiring","expiryafter":60},{"name":"skillMandatory"}]}}`
}

// dispatch is the same example without its personal queue and with other skills.
func dispatch(run, skills string) string {
	full := fullDispatch(run)
	from := strings.Index(full, `"personalqueue"`)
	return full[:from] + `"skills":` + skills + `}}`
}

// newRun is a fresh name of a run, four hexadecimal digits as in an id.
func newRun() string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return hex.EncodeToString(b[:])
}

// load is a closed loop: each connection sends the next call when the one before is answered.
type load struct {
	addr        string
	connections int
	message     func() *message
	next        *atomic.Uint64            // number of the next interaction, over all loads of a run
	expect      string                    // the answer's body
	then        func(number uint64) error // what is waited for after a call; nil = nothing

	wires []*wire
	msgs  []*message
}

// done is what a load came to.
type done struct {
	calls    int
	accepted int // interactions
	busy     int // calls answered 503, tried again
	took     time.Duration
	times    spread // of the calls, sorted
}

func (d done) callsPerSecond() float64    { return float64(d.calls) / d.took.Seconds() }
func (d done) acceptedPerSecond() float64 { return float64(d.accepted) / d.took.Seconds() }

func (l *load) open() error {
	for range l.connections {
		w, err := dial(l.addr)
		if err != nil {
			return err
		}
		l.wires, l.msgs = append(l.wires, w), append(l.msgs, l.message())
	}
	return nil
}

func (l *load) close() {
	for _, w := range l.wires {
		w.close()
	}
}

// generatorThreads is how many threads of the load generator run at once. One is enough for what two
// cores can serve, and spares the machine the hand-over of each answer between threads.
const generatorThreads = 1

// run loads until the time is over or the given number of interactions was sent (0 = any number).
func (l *load) run(ctx context.Context, d time.Duration, interactions int) (done, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(generatorThreads))
	var stop atomic.Bool
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	defer timer.Stop()
	defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	last := uint64(1<<63 - 1)
	if interactions > 0 {
		last = l.next.Load() + uint64(interactions)
	}
	parts, errs := make([]done, l.connections), make([]error, l.connections)
	began := time.Now()
	var run sync.WaitGroup
	for n := range l.connections {
		run.Go(func() {
			if errs[n] = l.work(l.wires[n], l.msgs[n], &stop, last, &parts[n]); errs[n] != nil {
				stop.Store(true)
			}
		})
	}
	run.Wait()
	sum := done{took: time.Since(began)}
	for n, p := range parts {
		if errs[n] != nil {
			return sum, errs[n]
		}
		sum.calls, sum.accepted, sum.busy = sum.calls+p.calls, sum.accepted+p.accepted, sum.busy+p.busy
		sum.times = append(sum.times, p.times...)
	}
	slices.Sort(sum.times)
	return sum, ctx.Err()
}

// busyPause is the wait after a 503; a client is asked to wait longer, but what is measured here is
// what the server takes.
const busyPause = 20 * time.Millisecond

func (l *load) work(w *wire, m *message, stop *atomic.Bool, last uint64, p *done) error {
	if err := w.conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	sent := time.Now()
	for !stop.Load() {
		first := l.next.Add(uint64(m.requests)) - uint64(m.requests)
		if first >= last {
			return nil
		}
		m.number(first)
		status, body, err := w.call(m.bytes)
		for err == nil && status == 503 && !stop.Load() {
			p.busy++
			time.Sleep(busyPause)
			status, body, err = w.call(m.bytes)
		}
		if err != nil {
			return err
		}
		if status == 503 {
			return nil
		}
		if status != 200 || string(body) != l.expect {
			return fmt.Errorf("the server answered %d %.300s", status, body)
		}
		if l.then != nil {
			if err := l.then(first); err != nil {
				return err
			}
		}
		now := time.Now()
		p.calls, p.accepted, p.times = p.calls+1, p.accepted+m.requests, append(p.times, now.Sub(sent))
		sent = now
	}
	return nil
}
