package core

import (
	"slices"
	"strings"

	"switchyard"
)

// provider is a registered provider, or a removed one that live work still names.
type provider struct {
	Provider
	removed bool
}

// secretOverlap is how long a rotated signing secret still signs beside the new one (RULINGS 8).
const secretOverlap = 24 * switchyard.Hour

// providerNamed finds a registered provider, without case.
func (s *State) providerNamed(name string) *provider {
	if p := s.providers[switchyard.CaseKey(name)]; name != "" && p != nil && !p.removed {
		return p
	}
	return nil
}

func providerName(p *provider) string {
	if p == nil {
		return ""
	}
	return p.Name
}

// providerKey is a provider's part of an external key.
func providerKey(p *provider) string { return switchyard.CaseKey(providerName(p)) }

// register replaces everything about a provider but its signing secret.
func (s *State) register(in *switchyard.Register) {
	e := &switchyard.ProviderRegistered{Provider: in.Provider, Endpoint: in.Endpoint, Headers: in.Headers, Permitted: in.Permitted}
	if s.providerNamed(in.Provider) == nil {
		e.Secret = in.Secret
	}
	s.emit(e)
}

func (s *State) foldRegistered(e *switchyard.ProviderRegistered) {
	key := switchyard.CaseKey(e.Provider)
	p := s.providers[key]
	if p == nil {
		p = &provider{}
		s.providers[key] = p
	}
	p.Name, p.Endpoint, p.Headers, p.Permitted, p.removed = e.Provider, e.Endpoint, e.Headers, e.Permitted, false
	if e.Secret != "" {
		p.Secret, p.Old, p.Overlap = e.Secret, "", 0
	}
	s.changes.provider(key)
}

func (s *State) decideRemoveProvider(in *switchyard.RemoveProvider) *switchyard.Error {
	p := s.providerNamed(in.Provider)
	if p == nil {
		return switchyard.Refuse(switchyard.NotFound, "no provider %q is registered", in.Provider)
	}
	if p.Live > 0 && !in.Force {
		return switchyard.Refuse(switchyard.ProviderInUse,
			"%d live interactions name provider %q; end them, or remove it with force=true", p.Live, p.Name)
	}
	s.emit(&switchyard.ProviderRemoved{Provider: p.Name})
	return nil
}

func (s *State) foldRemoved(e *switchyard.ProviderRemoved) {
	key := switchyard.CaseKey(e.Provider)
	p := s.providers[key]
	p.removed = true
	s.forgetProvider(p)
}

// forgetProvider drops a removed provider that nothing live names any more.
func (s *State) forgetProvider(p *provider) {
	key := switchyard.CaseKey(p.Name)
	if p.removed && p.Live == 0 {
		delete(s.providers, key)
	}
	s.changes.provider(key)
}

// Rotated answers a RotateSecret.
type Rotated struct {
	Secret  switchyard.Sealed  `json:"secret"`
	Overlap switchyard.Instant `json:"overlap"`
}

func (s *State) decideRotateSecret(in *switchyard.RotateSecret) (any, *switchyard.Error) {
	p := s.providerNamed(in.Provider)
	if p == nil {
		return nil, switchyard.Refuse(switchyard.NotFound, "no provider %q is registered", in.Provider)
	}
	s.emit(&switchyard.SecretRotated{Provider: p.Name, Secret: in.Secret, Overlap: s.now.Add(secretOverlap)})
	return Rotated{in.Secret, s.now.Add(secretOverlap)}, nil
}

func (s *State) foldRotated(e *switchyard.SecretRotated) {
	key := switchyard.CaseKey(e.Provider)
	p := s.providers[key]
	p.Old, p.Secret, p.Overlap = p.Secret, e.Secret, e.Overlap
	s.changes.provider(key)
}

// Provider returns a registered provider, or nil.
func (s *State) Provider(name string) *Provider {
	if p := s.providerNamed(name); p != nil {
		copied := p.Provider
		return &copied
	}
	return nil
}

// Providers returns the registered providers by name.
func (s *State) Providers() []*Provider {
	var out []*Provider
	for _, p := range s.providers {
		if !p.removed {
			copied := p.Provider
			out = append(out, &copied)
		}
	}
	slices.SortFunc(out, func(a, b *Provider) int { return strings.Compare(a.Name, b.Name) })
	return out
}
