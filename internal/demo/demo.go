// Package demo brings a server to life: thirty simulated agents that log in, take work, finish it and
// go to lunch, customers whose interactions arrive through the contract's API, a provider that hears
// of it by callback, and a picture of it all in the terminal. Everything goes through the public
// HTTP API.
//
// It may import the root package, internal/client and libraries for the terminal and JSON.
package demo

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"switchyard"
	"switchyard/internal/client"
)

//go:embed account.yaml
var account string

// The API clients of the account, the provider, and the agent nobody plays.
const (
	crm      = "crm"
	desk     = "desk"
	provider = "DemoCRM"
	watcher  = "you"
)

// Secrets are the API clients' secrets of one demo: made anew each time, because a demo may be
// reached by others.
type Secrets struct{ CRM, Desk string }

// NewSecrets makes them.
func NewSecrets() Secrets { return Secrets{rand.Text(), rand.Text()} }

// Account is the account file the demo's server must have.
func (s Secrets) Account() []byte {
	return []byte(strings.NewReplacer("CRM-SECRET", s.CRM, "DESK-SECRET", s.Desk).Replace(account))
}

// Options of a demo.
type Options struct {
	Server  string // address of the server
	Secrets Secrets
	Speed   float64 // 1 = a quiet centre; arrivals come and work is done so many times as fast
}

// Demo is a centre at work.
type Demo struct {
	Options
	crm, desk *client.Client
	provider  *http.Server
	running   sync.WaitGroup
	watch     *watch
}

// New makes a demo; Start brings it to life.
func New(o Options) *Demo { return &Demo{Options: o, watch: newWatch()} }

// Start signs the clients in, registers the provider and lets agents and customers loose. They go
// on until ctx ends; Wait waits for the last of them.
func (d *Demo) Start(ctx context.Context) error {
	base := client.New(d.Server, 64)
	var err error
	if d.crm, err = base.SignIn(ctx, crm, d.Secrets.CRM, switchyard.ScopeInteractionsWrite); err != nil {
		return err
	}
	d.desk, err = base.SignIn(ctx, desk, d.Secrets.Desk, switchyard.ScopeInteractionsRead, switchyard.ScopeAgentsRead,
		switchyard.ScopeAgentsWrite, switchyard.ScopeConfigRead, switchyard.ScopeStatsRead, switchyard.ScopeEventsRead)
	if err != nil {
		return err
	}
	if err := d.listen(ctx); err != nil {
		return err
	}
	opened := make(chan struct{})
	people := newPeople(d)
	d.running.Go(func() {
		_ = d.desk.Feed(ctx, nil, func() { close(opened) }, func(l client.Line) error { // ends with ctx
			h, err := client.Decode(l.Data)
			if err == nil {
				d.watch.see(h)
				people.see(ctx, h)
			}
			return nil
		})
	})
	select {
	case <-opened:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := people.logIn(ctx); err != nil {
		return err
	}
	d.running.Go(func() { people.restless(ctx) })
	d.running.Go(func() { d.customers(ctx) })
	d.running.Go(func() { d.poll(ctx) })
	return nil
}

// Wait waits until everybody has gone home, after the context of Start has ended.
func (d *Demo) Wait() {
	d.running.Wait()
	if d.provider != nil {
		_ = d.provider.Close()
	}
}

// listen is the provider's side: an endpoint that takes callbacks and counts them.
func (d *Demo) listen(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for callbacks: %w", err)
	}
	d.provider = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
		d.watch.callback()
	})}
	go func() { _ = d.provider.Serve(listener) }()
	body := fmt.Sprintf(`{"provider":%q,"endpoint":"http://%s/callbacks","agentactionspermitted":{"release":1,"hold":1,"transferToAgent":1,"transferToRoute":1}}`,
		provider, listener.Addr())
	_, err = d.crm.Contract(ctx, "/interactions/register", []byte(body), false)
	return err
}

// poll reads the figures of the moment.
func (d *Demo) poll(ctx context.Context) {
	for pause(ctx, 500*time.Millisecond) {
		var now stats
		if d.desk.Call(ctx, http.MethodGet, "/v1/stats", nil, &now) == nil {
			d.watch.figures(&now)
		}
	}
}

// some returns a random length of time around the given one, shortened by the demo's speed.
func (d *Demo) some(around time.Duration) time.Duration {
	return time.Duration((0.4 + mathrand.ExpFloat64()*0.6) * float64(around) / d.Speed)
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
