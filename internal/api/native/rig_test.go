package native

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/prometheus/client_golang/prometheus"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/api/httpx"
	"switchyard/internal/config"
	"switchyard/internal/core"
	"switchyard/internal/engine"
	"switchyard/internal/journal/memory"
	"switchyard/internal/seal"
	"switchyard/internal/tables/sqlite"
)

// storyFile is the account most tests play in; other is a second one of the same server.
const storyFile = `
account: story
settings: {grace: 0s}
skills: [billing, german]
groups: [support]
presences: [{name: Lunch, category: Away}]
dispositions: [Solved]
agents:
  - {username: ada, displayid: "1", name: Ada, skills: {billing: 9}, groups: [support]}
  - {username: bo, roles: [agent], groups: [support]}
  - {username: sue, roles: [supervisor]}
  - {username: root, roles: [admin]}
plans:
  - name: Cases
    start: q
    applets: {q: {type: queue, groups: [support]}}
  - name: Wrapped
    start: q
    applets: {q: {type: queue, accept: auto, wrap: 60s}}
  - name: Short
    start: done
    applets: {done: {type: end, outcome: Done}}
  - name: Later
    start: w
    applets: {w: {type: wait, for: 1h, next: set}, set: {type: setdatasource, values: {Late: "$(DisplayName)"}}}
routes:
  - {name: Cases, plan: Cases}
  - {name: Wrapped, plan: Wrapped}
  - {name: Short, plan: Short}
  - {name: After, plan: Cases, after: Later}
`

const otherFile = `
account: other
agents: [{username: ada}]
plans: [{name: P, start: q, applets: {q: {type: queue}}}]
routes: [{name: R, plan: P}]
`

// rig is a server on stores in memory with a manual clock and two accounts. Every answer it gives
// is checked against the OpenAPI document.
type rig struct {
	t       testing.TB
	engine  *engine.Engine
	dir     *auth.Directory
	key     *seal.Key
	hasher  *seal.Hasher
	handler http.Handler
	tokens  int
	stop    chan struct{}
	history *History
}

func newRig(t testing.TB, change ...func(o *engine.Options)) *rig {
	t.Helper()
	ctx := context.Background()
	store, err := sqlite.Open(ctx, "", sqlite.Options{Erase: eraseAll})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: auth.NewDirectory(time.Now), key: seal.Ephemeral(), hasher: seal.NewHasher(), stop: make(chan struct{})}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	registry := prometheus.NewRegistry()
	options := engine.Options{
		Journal: memory.New(), Tables: store, Clock: new(engine.ManualClock), Log: log, Registerer: registry, Decider: "test",
		Observe: func(account string, row engine.FeedRow) { r.dir.Observe(account, row.Events) },
	}
	for _, f := range change {
		f(&options)
	}
	r.engine = engine.New(options)
	if err := r.engine.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.engine.Stop(ctx); err != nil {
			t.Error(err)
		}
		store.Close()
	})
	r.publish(storyFile)
	r.publish(otherFile)
	mux := http.NewServeMux()
	r.history = NewHistory(r.engine)
	Mount(mux, Deps{
		History: r.history,
		Engine:  r.engine, Directory: r.dir, Sessions: auth.NewSessions(r.dir, r.submit, r.hasher), Key: r.key,
		Hasher: r.hasher, Log: log, Gatherer: registry, Version: Version{Version: "test"}, Stopping: r.stop,
	})
	r.handler = httpx.Wrap(mux, httpx.Options{Log: log, IDs: httpx.NewIDs(time.Now), Metrics: httpx.NewMetrics(registry), Now: time.Now})
	return r
}

// eraseAll stands for what the server erases documents with: it keeps only what the test looks for.
func eraseAll(kind string, document []byte) ([]byte, error) {
	if kind == sqlite.KindTimeline {
		return []byte("[]"), nil
	}
	var r core.Record
	if err := json.Unmarshal(document, &r); err != nil {
		return nil, err
	}
	r.Linked = []switchyard.Linked{{Type: "mediatype", Value: "erased"}}
	return json.Marshal(&r)
}

func (r *rig) submit(ctx context.Context, account, by string, correlation switchyard.ID, key, body string, in switchyard.Input) (any, error) {
	return r.engine.Do(ctx, account, engine.Call{By: by, Correlation: correlation, Key: key, Body: body, Input: in})
}

// must has an input decided that cannot be refused.
func (r *rig) must(account string, in switchyard.Input) any {
	r.t.Helper()
	answer, err := r.engine.Do(context.Background(), account, engine.Call{By: "client:test", Input: in,
		Correlation: switchyard.NewID(1, uint64(time.Now().UnixNano()), 1)})
	if err != nil {
		r.t.Fatal(err)
	}
	return answer
}

// publish makes an account of an account file.
func (r *rig) publish(source string) {
	r.t.Helper()
	file, problems := config.Read("test.yaml", []byte(source))
	if len(problems) > 0 {
		r.t.Fatal(problems)
	}
	if err := r.engine.CreateAccount(context.Background(), file.Document.Account); err != nil {
		r.t.Fatal(err)
	}
	r.publishTo(source)
}

// publishTo makes an account file an account's config, with a client for each scope and one with all.
func (r *rig) publishTo(source string) {
	r.t.Helper()
	file, problems := config.Read("test.yaml", []byte(source))
	if len(problems) > 0 {
		r.t.Fatal(problems)
	}
	doc := file.Document
	secret := seal.HashToken("not asked for")
	for _, s := range switchyard.Scopes {
		doc.Clients = append(doc.Clients, switchyard.ClientEntry{ID: clientFor(doc.Account, s), Secret: secret, Scopes: []switchyard.Scope{s}})
	}
	doc.Clients = append(doc.Clients, switchyard.ClientEntry{ID: doc.Account + "-all", Secret: secret, Scopes: switchyard.Scopes})
	prepared, registers, err := config.Prepare(context.Background(), doc, nil, r.key, r.hasher)
	if err != nil {
		r.t.Fatal(err)
	}
	r.must(doc.Account, &switchyard.Publish{Document: *prepared, Source: "file:test.yaml", Registers: registers})
}

func clientFor(account string, s switchyard.Scope) string {
	return account + "-" + strings.ReplaceAll(string(s), ":", "-")
}

// caller is somebody who makes calls.
type caller struct {
	rig     *rig
	headers map[string]string
}

// client makes a caller with a token of a client.
func (r *rig) client(account, id string) *caller {
	r.t.Helper()
	r.tokens++
	token := id + strconv.Itoa(r.tokens)
	now := switchyard.InstantOf(time.Now())
	scopes := switchyard.Scopes
	r.must(account, &switchyard.IssueToken{Client: id, Hash: auth.HashOf(token).String(), Scopes: scopes,
		Wall: now, Expires: now.Add(switchyard.Hour)})
	return &caller{r, map[string]string{"Authorization": "Bearer " + token}}
}

// all makes a caller with every scope.
func (r *rig) all() *caller { return r.client("story", "story-all") }

// user makes a caller with a session of a user.
func (r *rig) user(account, name string) *caller {
	r.t.Helper()
	r.tokens++
	cookie := name + strconv.Itoa(r.tokens)
	now := switchyard.InstantOf(time.Now())
	r.must(account, &switchyard.OpenSession{User: name, Hash: auth.HashOf(cookie).String(), Wall: now, Expires: now.Add(switchyard.Hour)})
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Cookie", auth.CookieName+"="+cookie)
	p, err := r.dir.Authenticate(req)
	if err != nil {
		r.t.Fatal(err)
	}
	return &caller{r, map[string]string{"Cookie": auth.CookieName + "=" + cookie, auth.CSRFHeader: p.CSRF()}}
}

func (r *rig) nobody() *caller { return &caller{r, nil} }

// with adds a header.
func (c *caller) with(name, value string) *caller {
	next := &caller{c.rig, map[string]string{name: value}}
	for n, v := range c.headers {
		if n != name {
			next.headers[n] = v
		}
	}
	return next
}

// answer is what came back.
type answer struct {
	t      testing.TB
	what   string
	Status int
	Header http.Header
	Body   []byte
}

func (c *caller) do(method, path, body string) *answer {
	c.rig.t.Helper()
	var reader io.Reader = http.NoBody
	if body != "" {
		reader = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, path, reader)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	c.rig.handler.ServeHTTP(w, req)
	a := &answer{c.rig.t, method + " " + path, w.Code, w.Header(), w.Body.Bytes()}
	a.conforms(req, w)
	return a
}

var document = sync.OnceValue(func() validator.Validator {
	doc, err := libopenapi.NewDocument(Spec())
	if err != nil {
		panic(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		panic(errs[0])
	}
	return v
})

// conforms holds the answer against the OpenAPI document.
func (a *answer) conforms(req *http.Request, w *httptest.ResponseRecorder) {
	a.t.Helper()
	if a.Status == http.StatusNotFound && !strings.Contains(string(a.Body), `"code"`) || a.Status == http.StatusMethodNotAllowed ||
		strings.Contains(string(a.Body), "nothing is served") {
		return
	}
	response := w.Result()
	response.Body = io.NopCloser(bytes.NewReader(a.Body))
	if ok, found := document().ValidateHttpResponse(req, response); !ok {
		for _, f := range found {
			a.t.Errorf("%s answers %d, which the document does not: %s: %s\n%s", a.what, a.Status, f.Message, f.Reason, a.Body[:min(500, len(a.Body))])
			for _, s := range f.SchemaValidationErrors[:min(3, len(f.SchemaValidationErrors))] {
				a.t.Errorf("  %s", s.Reason)
			}
		}
	}
}

// is expects a status.
func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s answers %d, not %d: %s", a.what, a.Status, status, a.Body)
	}
	return a
}

// code expects a refusal.
func (a *answer) code(status int, code switchyard.Code) *answer {
	a.t.Helper()
	a.is(status)
	if p := as[Problem](a); p.Code != string(code) || p.Status != status || p.Correlation != a.Header.Get("X-Correlation-ID") {
		a.t.Fatalf("%s answers %s, not %s", a.what, a.Body, code)
	}
	return a
}

// as decodes an answer; members the type does not have are an error.
func as[T any](a *answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.Body, &v, json.RejectUnknownMembers(true)); err != nil {
		a.t.Fatalf("%s: %v: %s", a.what, err, a.Body)
	}
	return v
}

// dispatch brings an interaction in and returns its id.
func (r *rig) dispatch(externalID string, change func(q *switchyard.Request)) switchyard.ID {
	r.t.Helper()
	q := switchyard.Request{ExternalID: externalID, Route: "Cases"}
	if change != nil {
		change(&q)
	}
	results := r.must("story", &switchyard.Invoke{Requests: []switchyard.Request{q}}).([]switchyard.RequestResult)
	if results[0].Status != switchyard.StatusAccepted {
		r.t.Fatalf("dispatch %s: %+v", externalID, results[0])
	}
	return results[0].Interaction
}

func (r *rig) ready(agents ...string) {
	r.t.Helper()
	for _, name := range agents {
		r.must("story", &switchyard.SetPresence{Agent: name, Presence: switchyard.PresenceReady})
	}
}

func contains(b []byte, text string) bool { return bytes.Contains(b, []byte(text)) }
