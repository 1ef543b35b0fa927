package app

import (
	"sync"
	"time"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/core/plan"
	"switchyard/internal/effects"
)

// settings is what effects and limits need to know of accounts at this moment, kept up to date from
// durable rows so that nobody waits for an account's owner. It implements effects.Lookup.
type settings struct {
	now func() switchyard.Instant

	mu       sync.RWMutex
	accounts map[string]*accountSettings
}

// accountSettings are one account's.
type accountSettings struct {
	document  *switchyard.Account
	providers map[string]core.Provider // by CaseKey
}

func newSettings() *settings { return &settings{accounts: map[string]*accountSettings{}} }

// load takes in an account that was recovered.
func (x *settings) load(account string, s *core.State) {
	a := &accountSettings{providers: map[string]core.Provider{}}
	if c := s.Config(); c != nil {
		a.document = c.Document
	}
	for _, p := range s.Providers() {
		a.providers[switchyard.CaseKey(p.Name)] = *p
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.accounts[account] = a
}

// observe follows durable events.
func (x *settings) observe(account string, events []switchyard.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case *switchyard.ConfigPublished:
			x.change(account, func(a *accountSettings) { a.document = &e.Document })
		case *switchyard.ProviderRegistered:
			x.changeProvider(account, e.Provider, func(p *core.Provider) {
				p.Name, p.Endpoint, p.Headers = e.Provider, e.Endpoint, e.Headers
				if e.Secret != "" {
					p.Secret, p.Old, p.Overlap = e.Secret, "", 0
				}
			})
		case *switchyard.SecretRotated:
			x.changeProvider(account, e.Provider, func(p *core.Provider) {
				p.Old, p.Secret, p.Overlap = p.Secret, e.Secret, e.Overlap
			})
		case *switchyard.CredentialsResealed:
			x.reseal(account, switchyard.Replacements(e.Texts))
		case *switchyard.ProviderRemoved:
			x.change(account, func(a *accountSettings) { delete(a.providers, switchyard.CaseKey(e.Provider)) })
		}
	}
}

func (x *settings) change(account string, f func(a *accountSettings)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	a := x.accounts[account]
	if a == nil {
		a = &accountSettings{providers: map[string]core.Provider{}}
		x.accounts[account] = a
	}
	f(a)
}

// reseal follows a rotation of the sealing key.
func (x *settings) reseal(account string, with map[switchyard.Sealed]switchyard.Sealed) {
	x.change(account, func(a *accountSettings) {
		if a.document != nil {
			a.document, _ = core.ResealDocument(a.document, with)
		}
		for key, p := range a.providers {
			p.Reseal(with)
			a.providers[key] = p
		}
	})
}

func (x *settings) changeProvider(account, name string, f func(p *core.Provider)) {
	x.change(account, func(a *accountSettings) {
		p := a.providers[switchyard.CaseKey(name)]
		f(&p)
		a.providers[switchyard.CaseKey(name)] = p
	})
}

// documentOf returns the account's document; an empty one when there is none.
func (x *settings) documentOf(account string) *switchyard.Account {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if a := x.accounts[account]; a != nil && a.document != nil {
		return a.document
	}
	return &switchyard.Account{}
}

// oidc is where users of an account sign in beside here; nil = nowhere.
func (x *settings) oidc(account string) *switchyard.OIDC {
	return x.documentOf(account).Settings.OIDC
}

// fairUse is the limit on calls of one client; nil = none.
func (x *settings) fairUse(account string) *switchyard.FairUse {
	return x.documentOf(account).Settings.FairUse
}

// Provider implements effects.Lookup.
func (x *settings) Provider(account, name string) (effects.ProviderSettings, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	a := x.accounts[account]
	if a == nil {
		return effects.ProviderSettings{}, false
	}
	p, known := a.providers[switchyard.CaseKey(name)]
	if !known {
		return effects.ProviderSettings{}, false
	}
	out := effects.ProviderSettings{Endpoint: p.Endpoint, Headers: p.Headers, Secrets: []switchyard.Sealed{p.Secret}}
	if p.Old != "" && x.now() < p.Overlap {
		out.Secrets = append(out.Secrets, p.Old)
	}
	return out, true
}

// Connectors implements connector.Lookup.
func (x *settings) Connectors(account string) *switchyard.ConnectorSettings {
	return x.documentOf(account).Settings.Connectors
}

// Gateway implements effects.Lookup.
func (x *settings) Gateway(account, kind, name string) (switchyard.Gateway, bool) {
	gateways := x.documentOf(account).Gateways.SMS
	if kind == plan.GatewayEmail {
		gateways = x.documentOf(account).Gateways.Email
	}
	for configured, g := range gateways {
		if switchyard.CaseKey(configured) == switchyard.CaseKey(name) {
			return g, true
		}
	}
	return switchyard.Gateway{}, false
}

// Secret implements effects.Lookup.
func (x *settings) Secret(account, key string) (switchyard.Sealed, bool) {
	for name, sealed := range x.documentOf(account).Secrets {
		if switchyard.CaseKey(name) == switchyard.CaseKey(key) {
			return switchyard.Sealed(sealed), true
		}
	}
	return "", false
}

// Defaults of how gateways and the hosts of data connectors are treated.
const (
	breakerFailures = 5
	breakerPause    = 30 * time.Second
)

// manners is effects.Options.Manners. Callbacks have a day of retries instead of a breaker.
func (x *settings) manners(t effects.Target) effects.Manners {
	switch t.Kind {
	case switchyard.EffectCallback:
		return effects.Manners{}
	case switchyard.EffectConnector:
		if c := x.Connectors(t.Account); c != nil {
			return mannersOf(0, c.Breaker)
		}
		return mannersOf(0, nil)
	}
	g, _ := x.Gateway(t.Account, t.Kind, t.Name)
	return mannersOf(g.Rate, g.Breaker)
}

// mannersOf fills in the defaults of a breaker.
func mannersOf(rate float64, b *switchyard.Breaker) effects.Manners {
	m := effects.Manners{Rate: rate, Failures: breakerFailures, Pause: breakerPause}
	if b != nil && b.Failures != nil {
		m.Failures = *b.Failures
	}
	if b != nil && b.Pause != nil {
		m.Pause = b.Pause.Std()
	}
	return m
}
