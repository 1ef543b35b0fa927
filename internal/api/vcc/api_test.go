package vcc

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/api/httpx"
	"switchyard/internal/config"
	"switchyard/internal/seal"
)

// callers is an Authenticator with two tokens: good may invoke, poor may not.
type callers struct{}

func (callers) Bearer(r *http.Request) (*auth.Principal, error) {
	switch r.Header.Get("Authorization") {
	case "Bearer good":
		return &auth.Principal{Account: "acme", Client: "crm", Scopes: []switchyard.Scope{switchyard.ScopeInteractionsWrite}}, nil
	case "Bearer other":
		return &auth.Principal{Account: "acme", Client: "other", Scopes: []switchyard.Scope{switchyard.ScopeInteractionsWrite}}, nil
	case "Bearer poor":
		return &auth.Principal{Account: "acme", Client: "ops", Scopes: []switchyard.Scope{switchyard.ScopeInteractionsRead}}, nil
	}
	return nil, switchyard.Refuse(switchyard.Unauthorized, "no")
}

// submitted is what the endpoints handed over.
type submitted struct {
	account, by string
	correlation switchyard.ID
	in          switchyard.Input
}

// bench is a server of the endpoints over a fake account.
type bench struct {
	handler http.Handler
	taken   []submitted
	answer  any // results of invoke
	fault   error
	fairUse *switchyard.FairUse
	log     bytes.Buffer
	key     *seal.Key
}

func newBench() *bench {
	b := &bench{answer: []switchyard.RequestResult{}, key: seal.Ephemeral()}
	mux := http.NewServeMux()
	log := slog.New(slog.NewTextHandler(&b.log, nil))
	New(Options{
		Callers: callers{},
		Submit: func(_ context.Context, account, by string, correlation switchyard.ID, _, _ string, in switchyard.Input) (any, error) {
			b.taken = append(b.taken, submitted{account, by, correlation, in})
			return b.answer, b.fault
		},
		Key:     b.key,
		FairUse: func(string) *switchyard.FairUse { return b.fairUse },
		Log:     log,
	}).Mount(mux)
	b.handler = httpx.Wrap(mux, httpx.Options{Log: log, IDs: httpx.NewIDs(time.Now),
		Metrics: httpx.NewMetrics(prometheus.NewRegistry()), Now: time.Now})
	return b
}

// rightHeaders are those of a proper call.
func rightHeaders() http.Header {
	return http.Header{
		"Authorization": {"Bearer good"},
		"Accept":        {"application/vnd.newvoicemedia.v1+json"},
		"Content-Type":  {"application/json"},
	}
}

func (b *bench) call(method, path string, h http.Header, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	r.Header = h
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

func (b *bench) post(path, body string) *httptest.ResponseRecorder {
	return b.call("POST", path, rightHeaders(), strings.NewReader(body))
}

const goodCall = `{"requests":[{"route":"r"}]}`

// TestRequests walks the contract's §2: what is broken and how it is answered. change edits the
// headers of a proper call.
func TestRequests(t *testing.T) {
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	without := func(name string) func(http.Header) { return func(h http.Header) { h.Del(name) } }
	const versionMissing, versionWrong = `{"message":"Version missing from Accept header!"}`, `{"message":"Invalid api-version! Valid values: 1"}`
	const denied, forbidden = `{"message":"Authorization has been denied for this request."}`, `{"message":"Forbidden"}`
	big := strings.Repeat(" ", switchyard.MaxBodyBytes+1-len(goodCall)) + goodCall
	full := strings.Repeat(" ", switchyard.MaxBodyBytes-len(goodCall)) + goodCall
	cases := []struct {
		name         string
		method, path string // POST /interactions/invoke when empty
		change       func(http.Header)
		body         string // goodCall when empty
		status       int
		answer       string // exactly, when given
		header       string // name: value that must be there
	}{
		{name: "proper", status: 200, answer: "[]"},
		{name: "paths in any case", path: "/INTERACTIONS/Invoke", status: 200},
		{name: "no such path", path: "/interactions/other", status: 404},
		{name: "no such path, no token", path: "/interactions/", change: without("Authorization"), status: 404},
		{name: "GET", method: "GET", status: 405, header: "Allow: POST"},
		{name: "an invented method", method: "BREW", path: "/interactions/register", change: without("Authorization"), status: 405, header: "Allow: POST"},
		{name: "no token", change: without("Authorization"), status: 401, answer: denied, header: "Www-Authenticate: Bearer"},
		{name: "a wrong token", change: set("Authorization", "Bearer bad"), status: 401, answer: denied, header: "Www-Authenticate: Bearer"},
		{name: "no scope", change: set("Authorization", "Bearer poor"), status: 403, answer: forbidden},
		{name: "401 before Accept", change: func(h http.Header) { h.Del("Accept"); h.Del("Authorization") }, status: 401},
		{name: "403 before Accept", change: func(h http.Header) { h.Del("Accept"); h.Set("Authorization", "Bearer poor") }, status: 403},
		{name: "no Accept", change: without("Accept"), status: 400, answer: versionMissing},
		{name: "Accept of anything", change: set("Accept", "*/*"), status: 400, answer: versionMissing},
		{name: "Accept without a version", change: set("Accept", "application/vnd.newvoicemedia+json"), status: 400, answer: versionMissing},
		{name: "Accept of version 2", change: set("Accept", "application/vnd.newvoicemedia.v2+json"), status: 400, answer: versionWrong},
		{name: "Accept of version 10", change: set("Accept", "application/vnd.newvoicemedia.v10+json"), status: 400, answer: versionWrong},
		{name: "Accept of version 2 as well", change: set("Accept", "application/vnd.newvoicemedia.v2+json, application/vnd.newvoicemedia.v1+json"), status: 200},
		{name: "Accept in any case, with parameters", change: set("Accept", "text/html;level=1 , Application/VND.NewVoiceMedia.V1+JSON ; q=0.5"), status: 200},
		{name: "Accept in two headers", change: func(h http.Header) { h["Accept"] = []string{"text/html", "application/vnd.newvoicemedia.v1+json"} }, status: 200},
		{name: "Accept before Content-Type", change: func(h http.Header) { h.Del("Accept"); h.Del("Content-Type") }, status: 400, answer: versionMissing},
		{name: "no Content-Type", change: without("Content-Type"), status: 415},
		{name: "text", change: set("Content-Type", "text/plain"), status: 415},
		{name: "another JSON", change: set("Content-Type", "application/json-patch+json"), status: 415},
		{name: "a charset", change: set("Content-Type", "Application/JSON ; charset=utf-8"), status: 200},
		{name: "Content-Type before size", change: set("Content-Type", "text/plain"), body: big, status: 415},
		{name: "the largest body", body: full, status: 200},
		{name: "a byte more", body: big, status: 413, answer: `{"message":"Payload Too Large"}`},
		{name: "a byte more, asked first", change: set("Expect", "100-Continue"), body: big, status: 417, answer: `{"message":"Request size limit exceeded"}`},
		{name: "no JSON", body: "{", status: 400},
		{name: "no requests", body: "{}", status: 400},
	}
	for _, c := range cases {
		b := newBench()
		h := rightHeaders()
		if c.change != nil {
			c.change(h)
		}
		method, path, body := "POST", "/interactions/invoke", goodCall
		if c.method != "" {
			method = c.method
		}
		if c.path != "" {
			path = c.path
		}
		if c.body != "" {
			body = c.body
		}
		w := b.call(method, path, h, strings.NewReader(body))
		checkAnswer(t, c.name, w, c.status, c.answer, c.header)
		if accepted := len(b.taken) == 1; accepted != (c.status == 200) {
			t.Errorf("%s: handed over: %t", c.name, accepted)
		}
	}
}

func checkAnswer(t *testing.T, name string, w *httptest.ResponseRecorder, status int, answer, header string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("%s: status %d, want %d; %s", name, w.Code, status, w.Body)
	}
	if answer != "" && w.Body.String() != answer {
		t.Errorf("%s: answered %s, want %s", name, w.Body, answer)
	}
	if want, value, ok := strings.Cut(header, ": "); ok && w.Header().Get(want) != value {
		t.Errorf("%s: %s is %q, want %q", name, want, w.Header().Get(want), value)
	}
	if !stdjson.Valid(w.Body.Bytes()) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Errorf("%s: the answer is no JSON: %s", name, w.Body)
	}
	if _, err := switchyard.ParseID(w.Header().Get(httpx.CorrelationHeader)); err != nil {
		t.Errorf("%s: no correlation id: %v", name, err)
	}
	if status >= 400 && !strings.Contains(w.Body.String(), `{"message":"`) {
		t.Errorf("%s: refused without a message: %s", name, w.Body)
	}
}

// TestBodyOfUnknownLength sends a body in chunks, so that its size shows only while it is read.
func TestBodyOfUnknownLength(t *testing.T) {
	b := newBench()
	chunks := func(n int) io.Reader {
		return io.MultiReader(strings.NewReader(strings.Repeat(" ", n)), strings.NewReader(goodCall))
	}
	for n, want := range map[int]int{10: 200, switchyard.MaxBodyBytes: 413} {
		if w := b.call("POST", "/interactions/invoke", rightHeaders(), chunks(n)); w.Code != want {
			t.Errorf("%d bytes and the call: status %d, want %d", n, w.Code, want)
		}
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	b := newBench()
	broken := io.MultiReader(strings.NewReader(goodCall), brokenReader{})
	if w := b.call("POST", "/interactions/invoke", rightHeaders(), broken); w.Code != 400 || len(b.taken) != 0 {
		t.Errorf("status %d, %d calls handed over; want 400 and none", w.Code, len(b.taken))
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, net.ErrClosed }

func TestInvokeHandsOver(t *testing.T) {
	b := newBench()
	w := b.post("/interactions/invoke", `{"provider":"P","requests":[{"action":"release","externalid":"x"}]}`)
	if len(b.taken) != 1 {
		t.Fatalf("answered %d %s", w.Code, w.Body)
	}
	got := b.taken[0]
	want := &switchyard.Invoke{Provider: "P", Requests: []switchyard.Request{{Action: "release", ExternalID: "x"}}}
	if diff := cmp.Diff(switchyard.Input(want), got.in); diff != "" {
		t.Error(diff)
	}
	if got.account != "acme" || got.by != "client:crm" || got.correlation.String() != w.Header().Get(httpx.CorrelationHeader) {
		t.Errorf("handed over as %+v; the answer's id is %s", got, w.Header().Get(httpx.CorrelationHeader))
	}
}

// results are one of each kind.
var results = []switchyard.RequestResult{
	{RequestID: "a", ExternalID: "x", Status: switchyard.StatusAccepted, Interaction: switchyard.NewID(1, 1, 1)},
	{RequestID: `b"ü`, Status: switchyard.StatusFailed, Code: switchyard.RouteUnknown, Detail: "no such route"},
	{ExternalID: "y", Status: switchyard.StatusFailed, Code: switchyard.RouteRequired, Detail: "no route"},
	{RequestID: `b"ü`, Status: switchyard.StatusFailed, Code: switchyard.RouteUnknown, Detail: "no such route", Repeat: true},
	{RequestID: "c", Status: switchyard.StatusDuplicate, Interaction: switchyard.NewID(1, 2, 1)},
	{RequestID: "d", Status: switchyard.StatusFailed, Code: switchyard.RouteRequired, Detail: "no route"},
}

func TestInvokeAnswersFailedIDs(t *testing.T) {
	b := newBench()
	b.answer = results
	if w := b.post("/interactions/invoke", goodCall); w.Code != 200 || w.Body.String() != `["b\"ü",null,"d"]` {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

func TestInvokeAnswersRepresentation(t *testing.T) {
	const want = `[{"requestid":"a","externalid":"x","status":"accepted","interaction":"00000000-0001-7000-8000-0001` // and 32 random bits
	for prefer, applied := range map[string]bool{
		"return=representation":                       true,
		`respond-async, Return="representation"; x=1`: true,
		"return=minimal":                              false,
		"representation":                              false,
	} {
		b := newBench()
		b.answer = results
		h := rightHeaders()
		h.Set("Prefer", prefer)
		w := b.call("POST", "/interactions/invoke", h, strings.NewReader(goodCall))
		if got := strings.HasPrefix(w.Body.String(), want); got != applied {
			t.Errorf("Prefer: %s answered %s", prefer, w.Body)
		}
		if got := w.Header().Get("Preference-Applied") != ""; got != applied {
			t.Errorf("Prefer: %s: applied %t, want %t", prefer, got, applied)
		}
		if applied {
			checkRepresentation(t, w.Body.Bytes())
		}
	}
}

func checkRepresentation(t *testing.T, body []byte) {
	t.Helper()
	var list []map[string]any
	if err := stdjson.Unmarshal(body, &list); err != nil || len(list) != len(results) {
		t.Fatalf("%v: %s", err, body)
	}
	reason := map[string]any{"code": "route_required", "detail": "no route"}
	want := map[string]any{"requestid": nil, "externalid": "y", "status": "failed", "interaction": nil, "reason": reason}
	if diff := cmp.Diff(want, list[2]); diff != "" {
		t.Error(diff)
	}
	if list[4]["status"] != "duplicate" || list[4]["reason"] != nil {
		t.Errorf("the duplicate is %v", list[4])
	}
}

func TestEngineRefusals(t *testing.T) {
	cases := []struct {
		fault  error
		status int
		retry  string
		has    string
	}{
		{switchyard.Refuse(switchyard.Busy, "too much"), 503, "1", "too much"},
		{switchyard.Refuse(switchyard.StorageUnavailable, "disk full"), 503, "1", "disk full"},
		{switchyard.Refuse(switchyard.TooManyLive, "enough"), 503, "1", "enough"},
		{errors.New("secret of the machine room"), 500, "", "correlation id"},
	}
	for _, c := range cases {
		b := newBench()
		b.fault = c.fault
		for _, path := range []string{"/interactions/invoke", "/interactions/register"} {
			w := b.post(path, `{"provider":"P","requests":[{}]}`)
			checkAnswer(t, c.fault.Error(), w, c.status, "", "Retry-After: "+c.retry)
			if !strings.Contains(w.Body.String(), c.has) || strings.Contains(w.Body.String(), "machine room") {
				t.Errorf("%v: answered %s", c.fault, w.Body)
			}
		}
		if c.status == 500 && !strings.Contains(b.log.String(), "machine room") {
			t.Errorf("the cause is not in the log: %s", b.log.String())
		}
	}
}

func TestFairUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.fairUse = &switchyard.FairUse{Rate: 0.5, Burst: 2}
		call := func(token string) *httptest.ResponseRecorder {
			h := rightHeaders()
			h.Set("Authorization", "Bearer "+token)
			return b.call("POST", "/interactions/invoke", h, strings.NewReader(goodCall))
		}
		for n, want := range []int{200, 200, 429, 429} {
			if w := call("good"); w.Code != want {
				t.Errorf("call %d: status %d, want %d", n, w.Code, want)
			}
		}
		checkAnswer(t, "limited", call("good"), 429, `{"message":"Too Many Requests"}`, "Retry-After: 2")
		if w := call("other"); w.Code != 200 {
			t.Errorf("another client is limited too: %d", w.Code)
		}
		if w := b.post("/interactions/invoke", strings.Repeat(" ", switchyard.MaxBodyBytes+1)); w.Code != 413 {
			t.Errorf("size goes before rate; status %d", w.Code)
		}
		time.Sleep(2 * time.Second) // virtual time
		if w := call("good"); w.Code != 200 {
			t.Errorf("two seconds later: status %d", w.Code)
		}
		if w := b.post("/interactions/invoke", "{"); w.Code != 429 {
			t.Errorf("rate goes before JSON; status %d", w.Code)
		}
		b.fairUse = &switchyard.FairUse{Rate: 100}
		for n := range 100 {
			if w := call("good"); w.Code != 200 {
				t.Fatalf("call %d under other settings: status %d", n, w.Code)
			}
		}
		b.fairUse = nil
		for range 300 {
			if w := call("good"); w.Code != 200 {
				t.Fatalf("unlimited: status %d", w.Code)
			}
		}
	})
}

func TestRegisterHandsOver(t *testing.T) {
	b := newBench()
	w := b.post("/interactions/register", `{"provider":"P","endpoint":"https://e.example.com/x","headers":{"Authorization":"Basic abc"},"agentactionspermitted":{"release":1,"transferToRoute":true}}`)
	if w.Code != 200 || w.Body.String() != "[]" || len(b.taken) != 1 {
		t.Fatalf("answered %d %s", w.Code, w.Body)
	}
	in := b.taken[0].in.(*switchyard.Register)
	if in.Provider != "P" || in.Endpoint != "https://e.example.com/x" ||
		in.Permitted != (switchyard.Permissions{Release: true, TransferToRoute: true}) {
		t.Errorf("handed over %+v", in)
	}
	headers, err := config.OpenHeaders(in.Headers, b.key)
	if err != nil || headers["Authorization"] != "Basic abc" || strings.Contains(string(in.Headers), "Basic abc") {
		t.Errorf("the sealed headers are %v, %v", headers, err)
	}
	secret, err := b.key.Open(in.Secret)
	if err != nil || !strings.HasPrefix(string(secret), "whsec_") {
		t.Errorf("the signing secret is %q, %v", secret, err)
	}
	if text := b.log.String(); strings.Contains(text, "Basic abc") || strings.Contains(text, "Bearer good") {
		t.Errorf("the log holds credentials: %s", text)
	}
}

// TestRegisterRefuses walks the contract's §4.
func TestRegisterRefuses(t *testing.T) {
	cases := []struct{ name, body, has string }{
		{"no provider", `{"endpoint":"https://e.example.com/x"}`, "provider"},
		{"an empty provider", `{"provider":""}`, "provider"},
		{"a long provider", `{"provider":"` + strings.Repeat("x", 256) + `"}`, "255"},
		{"plain http", `{"provider":"P","endpoint":"http://e.example.com/x"}`, "https"},
		{"plain http to this machine", `{"provider":"P","endpoint":"http://127.0.0.1/x"}`, "allow-insecure-endpoints"},
		{"no absolute URL", `{"provider":"P","endpoint":"/x"}`, "endpoint"},
		{"no credentials", `{"provider":"P","headers":{"Authorization":"Basic"}}`, "Authorization"},
		{"no type", `{"provider":"P","headers":{"authorization":" x"}}`, "authorization"},
		{"a reference instead of credentials", `{"provider":"P","headers":{"Authorization":"env:X"}}`, "Authorization"},
		{"a header that splits", `{"provider":"P","headers":{"X-A":"a\r\nX-B: b"}}`, "X-A"},
		{"a name that is none", `{"provider":"P","headers":{"X A":"a"}}`, "X A"},
		{"Host", `{"provider":"P","headers":{"host":"x"}}`, "host"},
		{"Content-Length", `{"provider":"P","headers":{"Content-Length":"1"}}`, "Content-Length"},
		{"Transfer-Encoding", `{"provider":"P","headers":{"Transfer-Encoding":"chunked"}}`, "Transfer-Encoding"},
		{"Connection", `{"provider":"P","headers":{"Connection":"close"}}`, "Connection"},
		{"an unknown operation", `{"provider":"P","agentactionspermitted":{"consult":1}}`, "consult"},
		{"two", `{"provider":"P","agentactionspermitted":{"release":2}}`, "release"},
	}
	for _, c := range cases {
		b := newBench()
		w := b.post("/interactions/register", c.body)
		checkAnswer(t, c.name, w, 400, "", "")
		if len(b.taken) != 0 || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("%s: answered %s, which does not say %q", c.name, w.Body, c.has)
		}
	}
}
