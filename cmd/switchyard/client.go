package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/app"
	"switchyard/internal/seal"
)

// ClientCmd manages API clients.
type ClientCmd struct {
	List   ClientListCmd   `cmd:"" help:"List the API clients and their scopes."`
	Add    ClientAddCmd    `cmd:"" help:"Add an API client; its secret is made here and shown once."`
	Rotate ClientRotateCmd `cmd:"" help:"Give an API client a new secret, shown once; its tokens end."`
	Remove ClientRemoveCmd `cmd:"" help:"Remove an API client; its tokens end."`
}

// ClientListCmd lists.
type ClientListCmd struct{ targetFlags }

// Run lists.
func (c *ClientListCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		doc, err := t.document(g)
		if err != nil {
			return err
		}
		for _, entry := range doc.Clients {
			words := make([]string, len(entry.Scopes))
			for n, s := range entry.Scopes {
				words[n] = string(s)
			}
			fmt.Fprintf(g.Out, "%-20s %s\n", entry.ID, strings.Join(words, " "))
		}
		return nil
	}, switchyard.ScopeConfigRead)
}

// document reads the config in force.
func (t *target) document(g *Globals) (*switchyard.Account, error) {
	doc := &switchyard.Account{}
	return doc, t.call(g.Context, http.MethodGet, "/v1/config", nil, doc)
}

// changeClients edits the list of clients in the config.
func (f *targetFlags) changeClients(g *Globals, change func(list []switchyard.ClientEntry) ([]switchyard.ClientEntry, error)) error {
	return f.using(g, func(t *target) error {
		doc, err := t.document(g)
		if err != nil {
			return err
		}
		if doc.Clients, err = change(doc.Clients); err != nil {
			return err
		}
		return t.call(g.Context, http.MethodPut, "/v1/config", doc, nil)
	}, switchyard.ScopeConfigRead, switchyard.ScopeConfigWrite)
}

func clientAt(list []switchyard.ClientEntry, id string) int {
	return slices.IndexFunc(list, func(c switchyard.ClientEntry) bool { return c.ID == id })
}

// ClientAddCmd adds.
type ClientAddCmd struct {
	ID     string             `arg:"" help:"Id of the client, unique on the server."`
	Scopes []switchyard.Scope `help:"What it may do: ${scopes}." required:"" placeholder:"SCOPE"`
	targetFlags
}

// Run adds.
func (c *ClientAddCmd) Run(g *Globals) error {
	secret := seal.GenerateSecret()
	err := c.changeClients(g, func(list []switchyard.ClientEntry) ([]switchyard.ClientEntry, error) {
		if clientAt(list, c.ID) >= 0 {
			return nil, fmt.Errorf("there is a client %q already; `switchyard client rotate` gives it a new secret", c.ID)
		}
		return append(list, switchyard.ClientEntry{ID: c.ID, Secret: seal.HashToken(secret), Scopes: c.Scopes}), nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.Out, "client %s is added; its secret, shown this once: %s\n", c.ID, secret)
	return err
}

// ClientRotateCmd rotates.
type ClientRotateCmd struct {
	ID string `arg:"" help:"Id of the client."`
	targetFlags
}

// Run rotates.
func (c *ClientRotateCmd) Run(g *Globals) error {
	secret := seal.GenerateSecret()
	err := c.changeClients(g, func(list []switchyard.ClientEntry) ([]switchyard.ClientEntry, error) {
		at := clientAt(list, c.ID)
		if at < 0 {
			return nil, fmt.Errorf("there is no client %q", c.ID)
		}
		list[at].Secret = seal.HashToken(secret)
		return list, nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.Out, "client %s has a new secret, shown this once: %s\n", c.ID, secret)
	return err
}

// ClientRemoveCmd removes.
type ClientRemoveCmd struct {
	ID string `arg:"" help:"Id of the client."`
	targetFlags
}

// Run removes.
func (c *ClientRemoveCmd) Run(g *Globals) error {
	err := c.changeClients(g, func(list []switchyard.ClientEntry) ([]switchyard.ClientEntry, error) {
		at := clientAt(list, c.ID)
		if at < 0 {
			return nil, fmt.Errorf("there is no client %q", c.ID)
		}
		return slices.Delete(list, at, at+1), nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.Out, "client %s is removed\n", c.ID)
	return err
}

// TokenCmd gets a token.
type TokenCmd struct {
	Scopes []switchyard.Scope `help:"Scopes of the token: ${scopes}." default:"interactions:write" placeholder:"SCOPE"`
	Server string             `help:"Address of the server." default:"http://127.0.0.1:8080" env:"SWITCHYARD_SERVER" placeholder:"URL"`
	Data   string             `help:"Data folder to work on instead, when no server holds it; no secret is asked then." placeholder:"DIR"`

	ClientID     string `help:"Id of the API client." required:"" env:"SWITCHYARD_CLIENT_ID" placeholder:"ID"`
	ClientSecret string `help:"Its secret." env:"SWITCHYARD_CLIENT_SECRET" placeholder:"SECRET"`
}

// Run prints the token, alone on a line.
func (c *TokenCmd) Run(g *Globals) error {
	token, err := c.obtain(g)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(g.Out, token)
	return err
}

func (c *TokenCmd) obtain(g *Globals) (string, error) {
	if c.Data != "" {
		return c.issue(g)
	}
	if c.ClientSecret == "" {
		return "", usageError{errors.New("the server asks for the client's secret: give --client-secret, or --data DIR when no server runs")}
	}
	t := &target{base: strings.TrimSuffix(c.Server, "/"), http: http.DefaultClient}
	return t.obtain(g.Context, c.ClientID, c.ClientSecret, c.Scopes)
}

// issue writes a token into a data folder. Whoever may write there needs no secret.
func (c *TokenCmd) issue(g *Globals) (token string, err error) {
	if err := app.CheckFolder(c.Data); err != nil {
		return "", err
	}
	a, err := (&targetFlags{Data: c.Data}).open(g, app.Change)
	if err != nil {
		return "", err
	}
	token, err = a.IssueToken(g.Context, c.ClientID, c.Scopes)
	return token, errors.Join(err, a.Stop(g.Context))
}

// ProviderCmd manages providers.
type ProviderCmd struct {
	List   ProviderListCmd   `cmd:"" help:"List the registered providers."`
	Rotate ProviderRotateCmd `cmd:"" help:"Give a provider a new signing secret, shown once; the old one signs for 24 hours more."`
	Remove ProviderRemoveCmd `cmd:"" help:"Remove a provider."`
}

// ProviderListCmd lists.
type ProviderListCmd struct{ targetFlags }

// Run lists.
func (c *ProviderListCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		return each(g, t, "/v1/providers", func(item jsontext.Value) error {
			var p struct {
				Name     string `json:"name"`
				Endpoint string `json:"endpoint"`
			}
			if err := json.Unmarshal(item, &p); err != nil {
				return err
			}
			_, err := fmt.Fprintf(g.Out, "%-20s %s\n", p.Name, p.Endpoint)
			return err
		})
	}, switchyard.ScopeConfigRead)
}

// ProviderRotateCmd rotates.
type ProviderRotateCmd struct {
	Name string `arg:"" help:"Name of the provider."`
	targetFlags
}

// Run rotates.
func (c *ProviderRotateCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		var out struct {
			Secret string `json:"secret"`
		}
		if err := t.call(g.Context, http.MethodPost, "/v1/providers/"+url.PathEscape(c.Name)+"/secret", nil, &out); err != nil {
			return err
		}
		if out.Secret == "" {
			return errors.New("the server answered no secret")
		}
		_, err := fmt.Fprintf(g.Out, "provider %s has a new signing secret, shown this once: %s\n", c.Name, out.Secret)
		return err
	}, switchyard.ScopeConfigWrite)
}

// ProviderRemoveCmd removes.
type ProviderRemoveCmd struct {
	Name  string `arg:"" help:"Name of the provider."`
	Force bool   `help:"Also when live interactions name it."`
	targetFlags
}

// Run removes.
func (c *ProviderRemoveCmd) Run(g *Globals) error {
	return c.using(g, func(t *target) error {
		path := fmt.Sprintf("/v1/providers/%s?force=%t", url.PathEscape(c.Name), c.Force)
		if err := t.call(g.Context, http.MethodDelete, path, nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(g.Out, "provider %s is removed\n", c.Name)
		return err
	}, switchyard.ScopeConfigWrite)
}
