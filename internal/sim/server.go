package sim

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/effects"
	"switchyard/internal/effects/callback"
	"switchyard/internal/engine"
)

// server is one life of the process: engine and worker, which only go on when the world steps them.
type server struct {
	w       *World
	engine  *engine.Stepped
	worker  *effects.Worker
	flights []*flight
	known   map[string]map[string]effects.ProviderSettings // account → provider, by CaseKey
	stopped bool                                           // it asked to be stopped: a sync failed
}

// flight is one attempt at an effect: first it is made, some time later its result is known.
type flight struct {
	account string
	effect  switchyard.Effect
	attempt func() (report func())
	report  func()             // nil before it is made
	ready   switchyard.Instant // when its result is known
	late    bool               // the process that made it is dead
}

// boot starts the process on what is on the disk.
func (w *World) boot() {
	s := &server{w: w, known: map[string]map[string]effects.ProviderSettings{}}
	w.server = s
	entropy := rand.NewPCG(w.rng.Uint64(), 7)
	log := slog.New(&ear{w})
	gateway := gateways{w}
	s.worker = effects.New(effects.Options{
		Log:     log,
		Results: func(account string, r *switchyard.EffectResult) { s.engine.Report(account, r) },
		Room: func(t effects.Target) {
			s.engine.Engine().Room(t.Account, func(h engine.Handover, find func(switchyard.ID) *switchyard.Effect) {
				h.(*effects.Handover).Room(t, find)
			})
		},
		Now: w.wall, Clock: w.clock, Fly: s.fly, Limits: w.workerLimits,
		Performers: map[string]effects.Performer{
			switchyard.EffectCallback: callback.New(callback.Options{Client: w.network.client(), Lookup: s, Now: w.wall,
				Open: func(sealed switchyard.Sealed) ([]byte, error) { return []byte(sealed), nil }}),
			switchyard.EffectSMS: gateway, switchyard.EffectConnector: gateway,
		},
	})
	s.engine = engine.NewStepped(engine.Options{
		Journal: &faultyJournal{w.disk.journal, w.disk}, Tables: &faultyTables{w.disk.tables, w.disk},
		Clock: clock{w}, Log: log, Decider: "sim", Entropy: entropy.Uint64, Limits: w.limits,
		Effects: func(account string) engine.Handover { return effects.NewHandover(account, s.worker.Perform) },
		Observe: func(account string, row engine.FeedRow) { s.observe(account, row.Events) },
		Loaded:  s.loaded,
		Fatal:   func(error) { s.stopped = true },
	}, w.wall)
	if err := s.worker.Start(context.Background()); err != nil {
		panic(err)
	}
	if err := s.engine.Start(context.Background()); err != nil {
		w.fail("rebuilt", "the server does not start: %v", err)
	}
	for _, a := range w.accounts {
		s.engine.Create(a.name)
	}
}

// die ends the process at once. What it had sent may still arrive.
func (w *World) die() {
	old := w.server
	w.server = nil
	for _, f := range old.flights {
		if f.report == nil && f.effect.Kind == switchyard.EffectCallback && w.fault(DeliveryLate, 3) {
			f.late = true
			w.late = append(w.late, f)
		}
	}
	for _, a := range w.accounts {
		a.cutOff()
	}
	w.disk.restart()
	w.boot()
}

func (s *server) fly(account string, e *switchyard.Effect, attempt func() func()) {
	s.flights = append(s.flights, &flight{account: account, effect: *e, attempt: attempt})
}

// flyOn makes one of the attempts under way, or reports it.
func (w *World) flyOn() {
	if n := len(w.late); n > 0 && w.rng.IntN(4) == 0 {
		f := w.late[0]
		w.late = w.late[1:]
		w.network.fly(f)
		return
	}
	s := w.server
	if len(s.flights) == 0 {
		return
	}
	at := w.rng.IntN(len(s.flights))
	f := s.flights[at]
	switch {
	case f.report == nil:
		w.network.fly(f)
	case w.now >= f.ready:
		s.flights = slices.Delete(s.flights, at, at+1)
		w.note("report %s %s", f.account, f.effect.ID)
		f.report()
	}
}

// observe keeps what attempts look up, as the server's own settings do.
func (s *server) observe(account string, events []switchyard.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case *switchyard.ProviderRegistered:
			known := s.providers(account)
			p := known[switchyard.CaseKey(e.Provider)]
			p.Endpoint = e.Endpoint
			if e.Secret != "" {
				p.Secrets = []switchyard.Sealed{e.Secret}
			}
			known[switchyard.CaseKey(e.Provider)] = p
		case *switchyard.ProviderRemoved:
			delete(s.providers(account), switchyard.CaseKey(e.Provider))
		}
	}
}

func (s *server) providers(account string) map[string]effects.ProviderSettings {
	if s.known[account] == nil {
		s.known[account] = map[string]effects.ProviderSettings{}
	}
	return s.known[account]
}

func (s *server) loaded(account string, state *core.State) {
	for _, p := range state.Providers() {
		s.providers(account)[switchyard.CaseKey(p.Name)] = effects.ProviderSettings{Endpoint: p.Endpoint, Secrets: []switchyard.Sealed{p.Secret}}
	}
	s.w.account(account).recovered(state)
}

// Provider implements effects.Lookup.
func (s *server) Provider(account, name string) (effects.ProviderSettings, bool) {
	p, known := s.known[account][switchyard.CaseKey(name)]
	return p, known
}

// Gateway implements effects.Lookup.
func (s *server) Gateway(string, string, string) (switchyard.Gateway, bool) {
	return switchyard.Gateway{}, false
}

// Secret implements effects.Lookup.
func (s *server) Secret(string, string) (switchyard.Sealed, bool) { return "", false }

// clock is the server's wall clock, which may be wrong.
type clock struct{ w *World }

// Now implements engine.Clock.
func (c clock) Now() switchyard.Instant { return c.w.clock() }

func (w *World) clock() switchyard.Instant { return w.now.Add(w.skew) }

// wall is the true moment, by which the server paces itself.
func (w *World) wall() time.Time { return w.now.Time() }

// gateways are the ways out of the account that are no providers.
type gateways struct{ w *World }

// Attempt implements effects.Performer.
func (g gateways) Attempt(_ context.Context, _ string, e *switchyard.Effect) effects.Outcome {
	if g.w.fault(GatewayFails, 3) {
		return effects.Outcome{Detail: "down", Timeout: g.w.rng.IntN(3) == 0, GiveUp: g.w.rng.IntN(4) == 0, Status: 500}
	}
	o := effects.Outcome{OK: true, Status: 200, MessageID: e.ID.String()}
	if e.Kind == switchyard.EffectConnector {
		o.Values = map[string]string{"Tier": "gold"}
	}
	return o
}

// ear hears what the server logs. Some of it must never be said.
type ear struct{ w *World }

// never are messages of the engine that tell of a fault of the program.
var never = []string{
	"the core failed on an input; the input is refused and the account rebuilt",
	"a checkpoint of the state cannot be made; the account is rebuilt",
	"the account cannot be recovered and is not served; the others are",
	"the core asks to be called for nothing, time after time",
	collided,
	"attempt panicked",
}

// collided is said of rows that are there already. In this world nobody else writes them; but an append
// whose answer was lost is tried again, account by account.
const collided = "another server writes this account; stepping down and rebuilding"

// Enabled implements slog.Handler.
func (e *ear) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

// Handle implements slog.Handler.
func (e *ear) Handle(_ context.Context, r slog.Record) error {
	if !slices.Contains(never, r.Message) || r.Message == collided && e.w.result.Faults[AnswerLost] > 0 {
		return nil
	}
	text := ""
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	e.w.fail("assert", "%s:%s", r.Message, text)
	return nil
}

// WithAttrs implements slog.Handler.
func (e *ear) WithAttrs([]slog.Attr) slog.Handler { return e }

// WithGroup implements slog.Handler.
func (e *ear) WithGroup(string) slog.Handler { return e }
