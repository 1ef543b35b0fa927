package native

import (
	"cmp"
	"context"
	"slices"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/seal"
)

// Provider is what the API shows of a registered provider.
type Provider struct {
	Name        string                 `json:"name"`
	Endpoint    string                 `json:"endpoint,omitempty" doc:"Where callbacks go; absent for none."`
	Headers     map[string]string      `json:"headers" doc:"Sent with every callback; the values are not shown."`
	Permissions switchyard.Permissions `json:"agentactionspermitted" doc:"What agents may do with its interactions."`
	Live        int                    `json:"live" doc:"Live interactions that name it."`
	Overlap     switchyard.Instant     `json:"overlap,omitzero" format:"date-time" doc:"Until when the signing secret before the last rotation signs too."`
}

// ByName names a provider in the path.
type ByName struct {
	Name string `path:"name" doc:"In any case." example:"crm"`
}

type (
	removeIn struct {
		ByName
		Force bool `query:"force" doc:"Also while live interactions name it."`
	}
	providerOut  struct{ Body Provider }
	providerList struct{ Body List[Provider] }
	secretOut    struct{ Body SigningSecret }
)

// SigningSecret is a provider's new secret; it is shown this once.
type SigningSecret struct {
	Secret  string             `json:"secret" doc:"Signs callbacks (Standard Webhooks); shown only now." example:"whsec_…"`
	Overlap switchyard.Instant `json:"overlap" format:"date-time" doc:"Until when the one before signs too."`
}

func (a *api) showProvider(p *core.Provider, now switchyard.Instant) Provider {
	v := Provider{
		Name: p.Name, Endpoint: p.Endpoint, Headers: map[string]string{},
		Permissions: p.Permitted, Live: p.Live,
	}
	if p.Overlap > now {
		v.Overlap = p.Overlap
	}
	if p.Headers == "" {
		return v
	}
	text, err := a.Key.Open(p.Headers)
	if err == nil {
		err = json.Unmarshal(text, &v.Headers)
	}
	if err != nil {
		a.Log.Error("open sealed headers", "provider", p.Name, "err", err)
	}
	for name := range v.Headers {
		v.Headers[name] = switchyard.Masked
	}
	return v
}

func (a *api) listProviders(ctx context.Context, c *call, in *Page) (*providerList, error) {
	out := &providerList{List[Provider]{Items: []Provider{}}}
	err := a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		all := s.Providers()
		slices.SortFunc(all, func(a, b *core.Provider) int {
			return cmp.Compare(switchyard.CaseKey(a.Name), switchyard.CaseKey(b.Name))
		})
		for _, p := range all {
			if in.Cursor != "" && switchyard.CaseKey(p.Name) <= switchyard.CaseKey(in.Cursor) {
				continue
			}
			if len(out.Body.Items) == in.limit() {
				out.Body.Next = out.Body.Items[len(out.Body.Items)-1].Name
				return
			}
			out.Body.Items = append(out.Body.Items, a.showProvider(p, now))
		}
	})
	return out, err
}

func (a *api) getProvider(ctx context.Context, c *call, in *ByName) (*providerOut, error) {
	out, there := &providerOut{}, false
	err := a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		if p := s.Provider(in.Name); p != nil {
			out.Body, there = a.showProvider(p, now), true
		}
	})
	if err == nil && !there {
		err = noProvider(in.Name)
	}
	return out, err
}

func noProvider(name string) error {
	return problem(switchyard.NotFound, "no provider %q is registered in this account", name)
}

// rotateSecret answers what was decided rather than what was generated for this call: with an
// Idempotency-Key used again that is the first answer.
func (a *api) rotateSecret(ctx context.Context, c *call, in *ByName) (*secretOut, error) {
	sealed := a.Key.Seal([]byte(seal.GenerateSigningSecret()))
	answer, err := a.do(ctx, c, &switchyard.RotateSecret{Provider: in.Name, Secret: sealed})
	if err != nil {
		return nil, err
	}
	rotated, err := decodeAnswer[core.Rotated](answer)
	if err != nil {
		return nil, err
	}
	secret, err := a.Key.Open(rotated.Secret)
	return &secretOut{SigningSecret{string(secret), rotated.Overlap}}, err
}

func (a *api) removeProvider(ctx context.Context, c *call, in *removeIn) (*nothing, error) {
	_, err := a.do(ctx, c, &switchyard.RemoveProvider{Provider: in.Name, Force: in.Force})
	return nil, err
}
