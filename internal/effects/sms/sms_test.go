package sms

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settings is a Lookup with one gateway, written here in the clear, and some secrets.
type settings struct {
	gateway switchyard.Gateway
	secrets map[string]string
}

func (s *settings) Provider(string, string) (effects.ProviderSettings, bool) {
	return effects.ProviderSettings{}, false
}

func (s *settings) Gateway(account, kind, name string) (switchyard.Gateway, bool) {
	g := s.gateway
	g.Headers = map[string]string{}
	for name, value := range s.gateway.Headers {
		g.Headers[name] = "sealed:" + value
	}
	if g.Body != "" {
		g.Body = "sealed:" + g.Body
	}
	return g, account == "acme" && kind == "sms" && name == "default"
}

func (s *settings) Secret(_, key string) (switchyard.Sealed, bool) {
	text, known := s.secrets[key]
	return switchyard.Sealed("sealed:" + text), known
}

func open(sealed switchyard.Sealed) ([]byte, error) {
	text, found := strings.CutPrefix(string(sealed), "sealed:")
	if !found || text == "unopenable" {
		return nil, errors.New("the key file does not open this")
	}
	return []byte(text), nil
}

func message() *switchyard.Effect {
	return &switchyard.Effect{
		ID: switchyard.NewID(1_700_000_000_000, 5, 9), Kind: switchyard.EffectSMS, Attempt: 1,
		Gateway: "default", From: "+44 Acme", To: []string{"07700900001", "+447700900002"},
		Message: "Hello \"Bo\"\n& $(Secret) #(Key)",
	}
}

// world is a gateway on the other side.
type world struct {
	*httptest.Server
	client *http.Client
	bodies []string
	got    []*http.Request
}

func newWorld(t *testing.T, answer http.HandlerFunc) *world {
	w := &world{}
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.bodies, w.got = append(w.bodies, string(body)), append(w.got, r)
		answer(rw, r)
	}))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.StartTLS()
	t.Cleanup(w.Close)
	pool := x509.NewCertPool()
	pool.AddCert(w.Certificate())
	w.client = egress.Client(egress.Options{Guard: egress.Guard{AllowInsecure: true}, TLS: &tls.Config{RootCAs: pool}})
	t.Cleanup(w.client.CloseIdleConnections)
	return w
}

func (w *world) attempt(t *testing.T, s *settings) effects.Outcome {
	t.Helper()
	return New(Options{Log: slog.New(slog.DiscardHandler), Client: w.client, Lookup: s, Open: open}).
		Attempt(t.Context(), "acme", message())
}

func accepted(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"id":"sms-1"}`) }

func TestLogGateway(t *testing.T) {
	var written bytes.Buffer
	p := New(Options{Log: slog.New(slog.NewJSONHandler(&written, nil)),
		Lookup: &settings{gateway: switchyard.Gateway{Type: "log"}}})
	if o := p.Attempt(t.Context(), "acme", message()); !o.OK {
		t.Fatalf("%+v", o)
	}
	var line map[string]any
	if err := json.Unmarshal(written.Bytes(), &line); err != nil {
		t.Fatalf("%v: want one line, got %s", err, &written)
	}
	for name, want := range map[string]any{"account": "acme", "effect": message().ID.String(), "gateway": "default",
		"from": "+44 Acme", "to": "07700900001,+447700900002", "count": 2.0, "message": message().Message} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
}

func TestRequest(t *testing.T) {
	w := newWorld(t, accepted)
	s := &settings{secrets: map[string]string{"Key": "k-1234567", "Base": w.URL}}
	s.gateway = switchyard.Gateway{Type: "http", Method: "put",
		URL:     "#(Base)/send?to=$(To:URL)&k=#(Key)",
		Headers: map[string]string{"Authorization": "Bearer #(Key)", "Content-Type": "application/json", "x-id": "$(id)"},
		Body:    `{"from":"$(From:JSON)","to":"$(TO)","text":"$(Message:JSON)","key":"#(Key:JSON)","none":"$(Nothing)"}`,
	}
	if o := w.attempt(t, s); !o.OK || o.Status != 200 || o.Detail != `{"id":"sms-1"}` {
		t.Fatalf("%+v", o)
	}
	r := w.got[0]
	if r.Method != "PUT" || r.URL.String() != "/send?to=07700900001%2C%2B447700900002&k=k-1234567" {
		t.Errorf("%s %s", r.Method, r.URL)
	}
	for name, want := range map[string]string{"Authorization": "Bearer k-1234567", "Content-Type": "application/json",
		"X-Id": message().ID.String(), "Idempotency-Key": message().ID.String()} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// One pass: what the message holds is not expanded again.
	want := `{"from":"+44 Acme","to":"07700900001,+447700900002",` +
		`"text":"Hello \"Bo\"\n& $(Secret) #(Key)","key":"k-1234567","none":""}`
	if w.bodies[0] != want {
		t.Errorf("got  %s\nwant %s", w.bodies[0], want)
	}
	s.gateway.Headers["Idempotency-Key"] = "mine-$(Id)"
	s.gateway.Method = ""
	w.attempt(t, s)
	if got := w.got[1].Header.Get("Idempotency-Key"); got != "mine-"+message().ID.String() || w.got[1].Method != "POST" {
		t.Errorf("%s with %q", w.got[1].Method, got)
	}
}

func TestAnswers(t *testing.T) {
	for status, want := range map[int]effects.Outcome{
		200: {OK: true}, 202: {OK: true}, 204: {OK: true},
		301: {GiveUp: true}, 307: {GiveUp: true},
		400: {GiveUp: true}, 401: {GiveUp: true}, 404: {GiveUp: true}, 429: {},
		500: {}, 502: {}, 503: {},
	} {
		w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1/")
			w.WriteHeader(status)
		})
		want.Status = status
		if got := w.attempt(t, &settings{gateway: switchyard.Gateway{Type: "http", URL: w.URL}}); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if o := w.attempt(t, &settings{gateway: switchyard.Gateway{Type: "http", URL: w.URL}}); o.OK || o.GiveUp || o.Detail == "" {
		t.Errorf("cut off: %+v", o)
	}
	asked := make(chan struct{})
	w = newWorld(t, func(http.ResponseWriter, *http.Request) { <-asked })
	defer close(asked) // before the server is closed, which waits for its handlers
	limit := 200 * switchyard.Millisecond
	o := w.attempt(t, &settings{gateway: switchyard.Gateway{Type: "http", URL: w.URL, Timeout: &limit}})
	if o.GiveUp || !o.Silent {
		t.Errorf("slow: %+v", o)
	}
}

func TestGatewaysThatCannotWork(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	good := switchyard.Gateway{Type: "http", URL: w.URL}
	for name, c := range map[string]struct {
		change func(*switchyard.Gateway)
		detail string
		again  bool // a later attempt may succeed
	}{
		"type":               {func(g *switchyard.Gateway) { g.Type = "pigeon" }, `type "pigeon"`, false},
		"host from a value":  {func(g *switchyard.Gateway) { g.URL = "https://$(From:URL)/" }, "host", false},
		"host is appended":   {func(g *switchyard.Gateway) { g.URL += "$(From:URL)" }, "host", false},
		"host grows":         {func(g *switchyard.Gateway) { g.URL = "https://api.example$(From:URL)" }, "host", false},
		"host from nothing":  {func(g *switchyard.Gateway) { g.URL = "https://api.example$(Nothing)/" }, "host", false},
		"user from a value":  {func(g *switchyard.Gateway) { g.URL = "https://$(From:URL)@api.example/" }, "host", false},
		"all from a value":   {func(g *switchyard.Gateway) { g.URL = "$(Message)" }, "host", false},
		"scheme":             {func(g *switchyard.Gateway) { g.URL = "$(From:URL)://api.example/" }, "host", false},
		"no host":            {func(g *switchyard.Gateway) { g.URL = "/send" }, "host", false},
		"line break in url":  {func(g *switchyard.Gateway) { g.URL += "/?m=$(Message)" }, "$(To:URL)", false},
		"unknown secret":     {func(g *switchyard.Gateway) { g.Body = "#(Lost)" }, `no secret "Lost"`, false},
		"sealed elsewhere":   {func(g *switchyard.Gateway) { g.Body = "#(Sealed)" }, "key file", true},
		"sealed header":      {func(g *switchyard.Gateway) { g.Headers = map[string]string{"X-M": "unopenable"} }, "key file", true},
		"sealed body":        {func(g *switchyard.Gateway) { g.Body = "unopenable" }, "key file", true},
		"line break":         {func(g *switchyard.Gateway) { g.Headers = map[string]string{"X-M": "$(Message)"} }, "X-M", false},
		"name of a header":   {func(g *switchyard.Gateway) { g.Headers = map[string]string{"X M": "1"} }, "X M", false},
		"method":             {func(g *switchyard.Gateway) { g.Method = "P OST" }, "P OST", false},
		"private address":    {func(g *switchyard.Gateway) { g.URL = "https://10.0.0.1/" }, "--allow-network 10.0.0.0/8", true},
		"http far from here": {func(g *switchyard.Gateway) { g.URL = "http://10.0.0.1/" }, "https", true},
	} {
		t.Run(name, func(t *testing.T) {
			g := good
			c.change(&g)
			o := w.attempt(t, &settings{gateway: g, secrets: map[string]string{"Sealed": "unopenable"}})
			if o.OK || o.GiveUp == c.again || !strings.Contains(o.Detail, c.detail) {
				t.Errorf("%+v; want %q, again: %v", o, c.detail, c.again)
			}
		})
	}
	lost := message()
	lost.Gateway = "removed"
	o := New(Options{Lookup: &settings{}}).Attempt(context.Background(), "acme", lost)
	if !o.GiveUp || !strings.Contains(o.Detail, "removed") {
		t.Errorf("no gateway: %+v", o)
	}
}

// The gateway sends back all it got; neither the result nor the log shows a credential.
func TestSecretsStayInside(t *testing.T) {
	var w *world
	w = newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(400)
		json.NewEncoder(rw).Encode(map[string]any{"body": w.bodies[0], "url": r.URL.String(), "headers": r.Header})
	})
	s := &settings{secrets: map[string]string{"Key": "k&<1234567>", "Pass": "p-7654321", "Body": "b-1357924"}}
	s.gateway = switchyard.Gateway{Type: "http",
		URL:     strings.Replace(w.URL, "https://", "https://user:#(Pass)@", 1) + "/?k=#(Key:URL)",
		Body:    `key=#(Body)&api_secret=body-credential&text=$(Message:URL)&pad=YWJjZA==`,
		Headers: map[string]string{"X-Key": "#(Key)", "X-Literal": "literal-credential", "Accept": "text/plain"},
	}
	var written bytes.Buffer
	results := make(chan *switchyard.EffectResult, 1)
	logger := slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	worker := effects.New(effects.Options{Log: logger,
		Performers: map[string]effects.Performer{switchyard.EffectSMS: New(Options{Log: logger, Client: w.client, Lookup: s, Open: open})},
		Results:    func(_ string, r *switchyard.EffectResult) { results <- r },
	})
	if err := worker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	worker.Perform("acme", message())
	result := <-results
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := worker.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if !result.GiveUp || !strings.Contains(result.Detail, "text/plain") {
		t.Errorf("%+v", result)
	}
	everything := fmt.Sprint(*result) + written.String()
	for _, secret := range []string{"1234567", "7654321", "1357924", "body-credential", "YWJjZA", "literal-credential", "dXNlcjpw"} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q is shown in %s", secret, everything)
		}
	}
}
