// Package app wires a server together: stores, engine, effects, the APIs and the listener, each
// given what it needs. It is the only place that knows them all; nothing imports it but the command
// and tests, and two of them run side by side in one process.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/api/hook"
	"switchyard/internal/api/httpx"
	"switchyard/internal/api/native"
	"switchyard/internal/api/oidc"
	"switchyard/internal/api/vcc"
	"switchyard/internal/config"
	"switchyard/internal/core"
	"switchyard/internal/effects"
	"switchyard/internal/effects/callback"
	"switchyard/internal/effects/connector"
	"switchyard/internal/effects/egress"
	"switchyard/internal/effects/email"
	"switchyard/internal/effects/sms"
	"switchyard/internal/engine"
	"switchyard/internal/journal"
	"switchyard/internal/seal"
	"switchyard/internal/web"
)

// Memory is the data folder of a server that forgets everything when it stops.
const Memory = "memory"

// Purpose is what a data folder is opened for.
type Purpose int

// The purposes. A command takes the clock that the folder was made under and leaves effects to the
// server that comes after it.
const (
	Serve  Purpose = iota
	Change         // a command changes something, after everything that was due has happened
	Read           // a command reads: nothing is decided, time brings nothing, no key is made
)

// Options of a server. Zero values mean the defaults of `switchyard serve`.
type Options struct {
	Data          string   // folder, or Memory
	Listen        string   // address
	AccountFiles  []string // applied at start when they changed
	Manual        bool     // --clock manual
	Purpose       Purpose
	AllowInsecure bool
	AllowNetworks []netip.Prefix
	PublicURL     string // the server's address for the vendors of gateways, who send receipts to it; empty = none are asked for
	TLSCert       string
	TLSKey        string
	Key           string // sealing keys as text; empty = the key file of the folder
	Log           *slog.Logger
	Limits        engine.Limits
	// WrapJournal puts something between the server and its journal. It is for tests and
	// simulators, which fail, delay or lie there; a server that people use has none.
	WrapJournal func(journal.Store) journal.Store
	// WrapEffects does the same between the worker and who makes its attempts.
	WrapEffects func(effects.Performer) effects.Performer

	kept     *stores // of a server before this one; tests give them
	tireless bool    // no breakers: for tests whose hosts fail more than any would
}

// App is a server.
type App struct {
	o         Options
	stores    *stores
	key       *seal.Key
	hasher    *seal.Hasher
	engine    *engine.Engine
	worker    *effects.Worker
	client    *http.Client // the guarded way out
	sms       *sms.Performer
	settings  *settings
	directory *auth.Directory
	tokens    *auth.Tokens
	handler   http.Handler
	server    *http.Server
	listener  net.Listener
	ready     atomic.Bool // accounts are recovered and account files applied: calls are taken
	history   *native.History
	stopping  chan struct{}
	fatal     chan error

	endSamples func() // nil while none are taken
}

// New opens the data folder and wires everything; nothing runs before Start.
func New(ctx context.Context, o Options) (*App, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{o: o, hasher: seal.NewHasher(), settings: newSettings(), stopping: make(chan struct{}), fatal: make(chan error, 1)}
	var err error
	if a.stores, err = openStores(ctx, o); err != nil {
		return nil, err
	}
	if o.WrapJournal != nil {
		a.stores = &stores{o.WrapJournal(a.stores.journal), a.stores.tables}
	}
	if a.key, err = openKey(o); err != nil {
		a.stores.close()
		return nil, err
	}
	if o.Purpose != Serve {
		kind, err := a.stores.journal.Meta(ctx, "clock")
		if err != nil {
			return nil, errors.Join(err, a.stores.close())
		}
		if kind != "" {
			a.o.Manual = kind == "manual"
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.wire(registry)
	return a, nil
}

// openKey finds the key that seals credentials.
func openKey(o Options) (*seal.Key, error) {
	switch {
	case o.Key != "":
		return seal.KeyFrom(o.Key)
	case o.Data == Memory:
		return seal.Ephemeral(), nil
	}
	path := filepath.Join(o.Data, KeyFile)
	if o.Purpose != Read {
		return seal.OpenKey(path)
	}
	key, err := seal.LoadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return seal.Ephemeral(), nil // the key is kept elsewhere; what is shown is masked anyhow
	}
	return key, err
}

// KeyFile is the name of the sealing key in a data folder.
const KeyFile = "switchyard.key"

func (a *App) wire(registry *prometheus.Registry) {
	o := a.o
	a.directory = auth.NewDirectory(time.Now)
	clock := engine.Clock(engine.RealClock{})
	if o.Manual {
		clock = &engine.ManualClock{}
	}
	guard := egress.Guard{AllowInsecure: o.AllowInsecure, AllowNetworks: o.AllowNetworks}
	client := egress.Client(egress.Options{Guard: guard})
	a.client = client
	manners := a.settings.manners
	if o.tireless {
		manners = nil
	}
	a.sms = sms.New(sms.Options{Log: o.Log, Client: client, Lookup: a.settings, Open: a.key.Open, PublicURL: o.PublicURL})
	performers := map[string]effects.Performer{
		switchyard.EffectCallback:  callback.New(callback.Options{Client: client, Lookup: a.settings, Open: a.key.Open, Version: native.BuildVersion().Version}),
		switchyard.EffectEmail:     email.New(email.Options{Log: o.Log, Guard: guard, Lookup: a.settings, Open: a.key.Open}),
		switchyard.EffectSMS:       a.sms,
		switchyard.EffectConnector: connector.New(connector.Options{Client: client, Lookup: a.settings, Open: a.key.Open}),
	}
	if o.WrapEffects != nil {
		for kind, p := range performers {
			performers[kind] = o.WrapEffects(p)
		}
	}
	a.worker = effects.New(effects.Options{
		Log: o.Log, Registerer: registry,
		Results: func(account string, r *switchyard.EffectResult) { a.engine.Report(account, r) },
		Room:    a.room,
		Manners: manners,
		Clock:   func() switchyard.Instant { return a.engine.Now() },

		Performers: performers,
	})
	perform := func(account string) engine.Handover { return effects.NewHandover(account, a.worker.Perform) }
	if o.Purpose != Serve {
		perform = nil
	}
	a.engine = engine.New(engine.Options{
		Journal: a.stores.journal, Tables: a.stores.tables, Clock: clock, Log: o.Log, Registerer: registry,
		Effects: perform, Still: o.Purpose == Read,
		Observe: a.observe, Loaded: a.loaded,
		Fatal:   func(err error) { a.fatal <- err },
		Decider: Decider, Limits: o.Limits,
	})
	a.history = native.NewHistory(a.engine)
	a.settings.now = a.engine.Now
	a.handler = a.routes(registry)
}

// Decider is the version of the core, written into every row: `journal verify` decides again the
// rows of its own version and takes those of others as facts. It changes whenever the same input
// may come to other events, and with config.TimeZones: other time-zone data, other hours.
const Decider = "2"

// room goes on with the effects of a target that the worker has room for again.
func (a *App) room(target effects.Target) {
	a.engine.Room(target.Account, func(h engine.Handover, find func(switchyard.ID) *switchyard.Effect) {
		h.(*effects.Handover).Room(target, find)
	})
}

// submit gives an input to the engine.
func (a *App) submit(ctx context.Context, account, by string, correlation switchyard.ID, key, body string, in switchyard.Input) (any, error) {
	return a.engine.Do(ctx, account, engine.Call{By: by, Correlation: correlation, Key: key, Body: body, Input: in})
}

func (a *App) routes(registry *prometheus.Registry) http.Handler {
	o, mux := a.o, http.NewServeMux()
	a.tokens = auth.NewTokens(a.directory, a.submit, a.hasher, o.Log)
	a.tokens.Mount(mux)
	vcc.New(vcc.Options{Callers: a.directory, Submit: a.submit, Key: a.key, FairUse: a.settings.fairUse,
		AllowInsecure: o.AllowInsecure, Log: o.Log}).Mount(mux)
	sessions := auth.NewSessions(a.directory, a.submit, a.hasher)
	oidc.Mount(mux, oidc.Options{Settings: a.settings.oidc, Open: a.key.Open, Client: a.client, Sessions: sessions,
		Log: o.Log, PublicURL: o.PublicURL})
	hook.Mount(mux, hook.Options{Receipt: a.sms.Receipt, Submit: a.submit})
	native.Mount(mux, native.Deps{
		Engine: a.engine, Directory: a.directory, Sessions: sessions,
		Key: a.key, Hasher: a.hasher, Rules: config.Rules{AllowInsecure: o.AllowInsecure}, Log: o.Log, Gatherer: registry,
		Version: native.BuildVersion(), Waiting: a.waiting, History: a.history, Stopping: a.stopping,
	})
	// The app's pages are there before the server is ready: they wait for it, and say so.
	all := http.NewServeMux()
	web.Mount(all)
	all.Handle("/", a.onceReady(mux))
	return httpx.Wrap(all, httpx.Options{Log: o.Log, IDs: httpx.NewIDs(time.Now), Metrics: httpx.NewMetrics(registry), Now: time.Now})
}

// observe keeps what is looked up beside the owners up to date with every durable row.
func (a *App) observe(account string, row engine.FeedRow) {
	a.directory.Observe(account, row.Events)
	a.settings.observe(account, row.Events)
}

// loaded takes in an account that was recovered.
func (a *App) loaded(account string, s *core.State) {
	var f auth.Facts
	if c := s.Config(); c != nil {
		f.Clients, f.Agents = c.Document.Clients, c.Document.Agents
	}
	s.Tokens(func(t *switchyard.TokenIssued) { f.Tokens = append(f.Tokens, *t) })
	s.Sessions(func(t *switchyard.SessionOpened) { f.Sessions = append(f.Sessions, *t) })
	a.directory.Load(account, f)
	a.settings.load(account, s)
}

// onceReady refuses calls until the server is ready. Whoever watches it is answered before.
func (a *App) onceReady(routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.ready.Load() || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			routes.ServeHTTP(w, r)
			return
		}
		httpx.WriteRefusal(w, r, switchyard.Refuse(switchyard.Busy, "the server is starting; /readyz says what it waits for. Try again in a moment"))
	})
}

// waiting is why the server is not ready, beside the engine's reasons.
func (a *App) waiting() []string {
	if a.ready.Load() {
		return nil
	}
	return []string{"the account files are not applied yet"}
}

// Start listens, recovers the accounts and applies the account files. When it returns the server
// takes calls; until then it answers who asks for its health and refuses everybody else. After an
// error it is to be stopped.
func (a *App) Start(ctx context.Context) error {
	if err := a.listen(); err != nil {
		return err
	}
	if err := a.engine.Start(ctx); err != nil {
		return err
	}
	if err := a.worker.Start(ctx); err != nil {
		return err
	}
	for _, file := range a.o.AccountFiles {
		if _, err := a.ApplyFile(ctx, file, true); err != nil {
			return err
		}
	}
	a.ready.Store(true)
	if a.o.Purpose == Serve {
		a.sample()
	}
	return nil
}

// sample keeps the history of queues until the server stops.
func (a *App) sample() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.history.Run(ctx)
	}()
	a.endSamples = func() {
		cancel()
		<-done
	}
}

func (a *App) listen() error {
	if a.o.Listen == "" {
		return nil
	}
	var certificates []tls.Certificate
	if a.o.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(a.o.TLSCert, a.o.TLSKey)
		if err != nil {
			return fmt.Errorf("load TLS certificate %s with key %s: %w", a.o.TLSCert, a.o.TLSKey, err)
		}
		certificates = append(certificates, pair)
	}
	var err error
	if a.listener, err = net.Listen("tcp", a.o.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w; choose another address with --listen", a.o.Listen, err)
	}
	if certificates != nil {
		a.listener = tls.NewListener(a.listener, &tls.Config{Certificates: certificates,
			MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	a.server = &http.Server{Handler: a.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.o.Log.Handler(), slog.LevelDebug)}
	go func() {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			a.fatal <- fmt.Errorf("serve: %w", err)
		}
	}()
	return nil
}

// Addr is where the server listens; empty before Start.
func (a *App) Addr() string {
	if a.listener == nil {
		return ""
	}
	return a.listener.Addr().String()
}

// URL is the server's address for clients on this machine.
func (a *App) URL() string {
	if a.o.TLSCert != "" {
		return "https://" + a.Addr()
	}
	return "http://" + a.Addr()
}

// Handler serves the server's routes without a listener.
func (a *App) Handler() http.Handler { return a.handler }

// Engine runs the server's accounts.
func (a *App) Engine() *engine.Engine { return a.engine }

// Admit gives a principal that this process vouches for a token that ends with the process.
func (a *App) Admit(p *auth.Principal) (token string) { return a.directory.Admit(p) }

// IssueToken makes a token for a client without asking for its secret: for whoever this process
// works for already. It is good on every server that serves the folder.
func (a *App) IssueToken(ctx context.Context, client string, scopes []switchyard.Scope) (token string, err error) {
	return a.tokens.Vouch(ctx, client, scopes)
}

// Fatal delivers the error that the process must stop for.
func (a *App) Fatal() <-chan error { return a.fatal }

// Stop drains: no new calls, what was taken is made durable and answered, the journal is closed.
func (a *App) Stop(ctx context.Context) error {
	close(a.stopping)
	var failed []error
	if a.server != nil {
		failed = append(failed, a.server.Shutdown(ctx))
	}
	if a.endSamples != nil {
		a.endSamples()
	}
	failed = append(failed, a.worker.Stop(ctx), a.engine.Stop(ctx), a.stores.close())
	return errors.Join(failed...)
}

// Run serves until ctx ends, then drains for at most half a minute.
func (a *App) Run(ctx context.Context, started func()) error {
	failed := a.Start(ctx)
	if failed == nil {
		if started != nil {
			started()
		}
		select {
		case <-ctx.Done():
		case failed = <-a.fatal:
		}
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return errors.Join(failed, a.Stop(drain))
}

// holder says who holds a data folder, for whoever finds it held.
func holder(o Options) string {
	return fmt.Sprintf("pid %d, listen %s, since %s", os.Getpid(), o.Listen, time.Now().UTC().Format(time.RFC3339))
}
