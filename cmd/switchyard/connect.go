package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/app"
)

// Flags of commands that work on a running server, or on a data folder when no server holds it.
type targetFlags struct {
	Server       string `help:"Address of a running server, such as http://127.0.0.1:8080." env:"SWITCHYARD_SERVER" placeholder:"URL"`
	Token        string `help:"Bearer token for the server." env:"SWITCHYARD_TOKEN" placeholder:"TOKEN"`
	ClientID     string `help:"API client to get a token for, instead of --token." env:"SWITCHYARD_CLIENT_ID" placeholder:"ID"`
	ClientSecret string `help:"Secret of the API client." env:"SWITCHYARD_CLIENT_SECRET" placeholder:"SECRET"`
	Data         string `help:"Data folder to work on when no server holds it." env:"SWITCHYARD_DATA" placeholder:"DIR"`
	AccountName  string `help:"Account in the data folder; needed when there are several." name:"in-account" placeholder:"NAME"`
	Key          string `help:"Key that seals credentials, when it is not in the data folder." env:"SWITCHYARD_KEY" placeholder:"BASE64"`
}

// target is a server to call: a running one, or one started in this process on a data folder.
type target struct {
	base  string
	token string
	http  *http.Client
	app   *app.App // nil for a running server
}

// onFolder reports whether the command works on a data folder.
func (f *targetFlags) onFolder() bool { return f.Server == "" && f.Data != "" }

// connect reaches the server, or opens the folder for a purpose.
func (f *targetFlags) connect(g *Globals, purpose app.Purpose, scopes []switchyard.Scope) (*target, error) {
	if f.Server != "" {
		return f.remote(g.Context, scopes)
	}
	if f.Data == "" {
		return nil, usageError{errors.New("say where: --server URL with --token or --client-id, or --data DIR when no server runs")}
	}
	if err := app.CheckFolder(f.Data); err != nil {
		return nil, err
	}
	a, err := f.open(g, purpose)
	if err != nil {
		return nil, err
	}
	name, err := f.account(a)
	t := inFolder(a, name)
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// inFolder makes the target of an account of an opened folder.
func inFolder(a *app.App, account string) *target {
	return &target{base: a.URL(), app: a, http: &http.Client{Timeout: time.Minute},
		token: a.Admit(&auth.Principal{Account: account, Client: "command", Scopes: switchyard.Scopes})}
}

// purpose is what a command that needs these scopes of a server opens a folder for.
func purpose(scopes []switchyard.Scope) app.Purpose {
	for _, s := range scopes {
		if strings.HasSuffix(string(s), ":write") {
			return app.Change
		}
	}
	return app.Read
}

// open starts a server on the data folder that only this process knows of.
func (f *targetFlags) open(g *Globals, purpose app.Purpose) (*app.App, error) {
	quiet := slog.New(slog.NewTextHandler(g.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, err := app.New(g.Context, app.Options{Data: f.Data, Listen: "127.0.0.1:0", Purpose: purpose, Key: f.Key, Log: quiet})
	if err != nil {
		return nil, err
	}
	if err := a.Start(g.Context); err != nil {
		return nil, errors.Join(err, a.Stop(g.Context))
	}
	return a, nil
}

// account chooses the account of a folder.
func (f *targetFlags) account(a *app.App) (string, error) {
	names := a.Engine().Accounts()
	switch {
	case f.AccountName != "":
		return f.AccountName, nil
	case len(names) == 1:
		return names[0], nil
	case len(names) == 0:
		return "", fmt.Errorf("%s holds no account yet; `switchyard apply --data %s -f account.yaml` makes one", f.Data, f.Data)
	}
	return "", usageError{fmt.Errorf("%s holds the accounts %s; choose one with --in-account", f.Data, strings.Join(names, ", "))}
}

func (f *targetFlags) remote(ctx context.Context, scopes []switchyard.Scope) (*target, error) {
	t := &target{base: strings.TrimSuffix(f.Server, "/"), token: f.Token, http: &http.Client{Timeout: time.Minute}}
	if t.token != "" {
		return t, nil
	}
	if f.ClientID == "" {
		return nil, usageError{errors.New("the server asks who you are: give --token, or --client-id and --client-secret")}
	}
	var err error
	t.token, err = t.obtain(ctx, f.ClientID, f.ClientSecret, scopes)
	return t, err
}

// obtain gets a token for an API client.
func (t *target) obtain(ctx context.Context, id, secret string, scopes []switchyard.Scope) (string, error) {
	words := make([]string, len(scopes))
	for n, s := range scopes {
		words[n] = string(s)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {strings.Join(words, " ")}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+"/Auth/connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var out struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	status, body, err := t.send(r)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(body, &out); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("no token for client %s: %s %s", id, out.Error, out.Description)
	}
	return out.AccessToken, nil
}

// call makes one request of the native API. The answer is decoded into out unless that is nil.
func (t *target) call(ctx context.Context, method, path string, in, out any) error {
	return t.callWith(ctx, method, path, nil, in, out)
}

// callWith is call with headers.
func (t *target) callWith(ctx context.Context, method, path string, header http.Header, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, t.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	r.Header.Set("Accept", "application/json")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	status, answer, err := t.send(r)
	if err != nil {
		return err
	}
	if status >= 300 {
		return refusal(method, path, status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (t *target) send(r *http.Request) (status int, body []byte, err error) {
	response, err := t.http.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("reach %s: %w; does a server run there?", t.base, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(response.Body, 64<<20))
	return response.StatusCode, body, err
}

// refusal puts a problem into words, with everything it lists.
func refusal(method, path string, status int, answer []byte) error {
	var p struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
		Errors []struct {
			Path string `json:"path"`
			Text string `json:"text"`
		} `json:"errors"`
	}
	if json.Unmarshal(answer, &p) != nil || p.Code == "" {
		return fmt.Errorf("%s %s: status %d", method, path, status)
	}
	text := fmt.Sprintf("%s %s: %s (%s)", method, path, p.Detail, p.Code)
	for _, e := range p.Errors {
		text += "\n  " + e.Path + ": " + e.Text
	}
	return errors.New(text)
}

func (t *target) close() error {
	if t.app == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return t.app.Stop(ctx)
}

// using connects, does something and lets go again.
func (f *targetFlags) using(g *Globals, do func(t *target) error, scopes ...switchyard.Scope) error {
	return f.usingFor(g, purpose(scopes), do, scopes...)
}

// usingFor does so with a folder opened for a purpose of its own.
func (f *targetFlags) usingFor(g *Globals, purpose app.Purpose, do func(t *target) error, scopes ...switchyard.Scope) error {
	t, err := f.connect(g, purpose, scopes)
	if err != nil {
		return err
	}
	return errors.Join(do(t), t.close())
}
