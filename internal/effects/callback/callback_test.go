package callback

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	newSecret = "whsec_bmV3LXNlY3JldC1uZXctc2VjcmV0LW5ldy1zZWNyZXQ="
	oldSecret = "whsec_b2xkLXNlY3JldC1vbGQtc2VjcmV0LW9sZC1zZWNyZXQ="
	bearer    = "Bearer open&<sesame>/42"
)

// settings is a Lookup with one provider.
type settings struct {
	mu sync.Mutex
	effects.ProviderSettings
	gone bool
}

func (s *settings) Provider(account, name string) (effects.ProviderSettings, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ProviderSettings, !s.gone && account == "acme" && name == "crm"
}

func (s *settings) Gateway(string, string, string) (switchyard.Gateway, bool) {
	return switchyard.Gateway{}, false
}

func (s *settings) Secret(string, string) (switchyard.Sealed, bool) { return "", false }

func sealed(text string) switchyard.Sealed { return switchyard.Sealed("sealed:" + text) }

func open(s switchyard.Sealed) ([]byte, error) {
	text, found := strings.CutPrefix(string(s), "sealed:")
	if !found {
		return nil, fmt.Errorf("the key file does not open this")
	}
	return []byte(text), nil
}

func crm(endpoint string) *settings {
	headers, _ := json.Marshal(map[string]string{"Authorization": bearer, "X-Team": "emea-team-7", "content-type": "text/plain"})
	return &settings{ProviderSettings: effects.ProviderSettings{
		Endpoint: endpoint, Headers: sealed(string(headers)),
		Secrets: []switchyard.Sealed{sealed(newSecret), sealed(oldSecret)},
	}}
}

func assign() *switchyard.Effect {
	return &switchyard.Effect{
		ID: switchyard.NewID(1_700_000_000_000, 5, 9), Kind: switchyard.EffectCallback, Attempt: 1,
		Provider: "crm", ExternalID: `Object "1"`, Notification: "AssignToAgent", Agent: "ada", AgentID: "5464",
	}
}

func client(server *httptest.Server) *http.Client {
	pool := x509.NewCertPool()
	if server.Certificate() != nil {
		pool.AddCert(server.Certificate())
	}
	return egress.Client(egress.Options{Guard: egress.Guard{AllowInsecure: true}, TLS: &tls.Config{RootCAs: pool}})
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// attempt makes one attempt at e against a server.
func attempt(t *testing.T, s *settings, c *http.Client, change ...func(*Options)) effects.Outcome {
	t.Helper()
	t.Cleanup(c.CloseIdleConnections)
	o := Options{Client: c, Lookup: s, Open: open, Version: "1.2.3"}
	for _, f := range change {
		f(&o)
	}
	return New(o).Attempt(t.Context(), "acme", assign())
}

func TestBody(t *testing.T) {
	id := assign().ID.String()
	release := assign()
	release.Notification, release.Agent, release.AgentID = "Release", "", ""
	for _, c := range []struct {
		effect *switchyard.Effect
		want   string
	}{
		{assign(), `[{"notification":"AssignToAgent","objectid":"Object \"1\"","notificationid":"` + id +
			`","params":{"AccountName":"acme","Agent":"ada","AgentId":"5464"}}]`},
		{release, `[{"notification":"Release","objectid":"Object \"1\"","notificationid":"` + id +
			`","params":{"AccountName":"acme"}}]`},
	} {
		for range 3 {
			if got := string(Body("acme", c.effect)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			c.effect.Attempt++
			c.effect.Due++
		}
	}
}

// seen is one request a receiver got.
type seen struct {
	header http.Header
	body   []byte
	proto  string
}

func record(got *[]seen, status int) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		*got = append(*got, seen{r.Header.Clone(), body, r.Proto})
		w.WriteHeader(status)
	}
}

func TestRequest(t *testing.T) {
	var got []seen
	server := serve(t, record(&got, 204))
	s := crm(server.URL + "/hook?x=1")
	c := client(server)
	now := time.Now()
	outcome := attempt(t, s, c, func(o *Options) { o.Now = func() time.Time { return now } })
	if !outcome.OK || outcome.Status != 204 || outcome.Detail != "" {
		t.Fatalf("%+v", outcome)
	}
	later := now.Add(time.Minute)
	attempt(t, s, c, func(o *Options) { o.Now = func() time.Time { return later } })
	if len(got) != 2 || !bytes.Equal(got[0].body, got[1].body) {
		t.Fatal("two attempts should have the same body")
	}
	if got[0].proto != "HTTP/2.0" {
		t.Errorf("spoken: %s", got[0].proto)
	}
	for name, want := range map[string]string{
		"Authorization": bearer, "X-Team": "emea-team-7", "User-Agent": "Switchyard/1.2.3",
		"Content-Type": "application/json; charset=utf-8",
		"Webhook-Id":   assign().ID.String(), "Webhook-Timestamp": strconv.FormatInt(now.Unix(), 10),
	} {
		if values := got[0].header.Values(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s: %q, want %q", name, values, want)
		}
	}
	if _, sent := got[0].header["Idempotency-Key"]; sent {
		t.Error("Idempotency-Key was sent")
	}
	if got[1].header.Get("Webhook-Timestamp") != strconv.FormatInt(later.Unix(), 10) {
		t.Error("the second attempt has the first one's time")
	}
}

// During the overlap both the new secret and the old one verify, afterwards only the new one does.
func TestSignature(t *testing.T) {
	var got []seen
	server := serve(t, record(&got, 200))
	s := crm(server.URL)
	c := client(server)
	attempt(t, s, c)
	s.Secrets = s.Secrets[:1]
	attempt(t, s, c)
	verifies := func(secret string, r seen) bool {
		hook, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		return hook.Verify(r.body, r.header) == nil
	}
	if !verifies(newSecret, got[0]) || !verifies(oldSecret, got[0]) {
		t.Error("in the overlap both secrets should verify")
	}
	if !verifies(newSecret, got[1]) || verifies(oldSecret, got[1]) {
		t.Error("after the overlap only the new secret should verify")
	}
	changed := got[1]
	changed.body = bytes.Replace(changed.body, []byte("ada"), []byte("eve"), 1)
	if verifies(newSecret, changed) {
		t.Error("a changed body verifies")
	}
}

func TestReceiversThatMisbehave(t *testing.T) {
	var inner int
	private := serve(t, func(http.ResponseWriter, *http.Request) { inner++ })
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    effects.Outcome // Detail: a part
	}{
		"accepted": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202) },
			effects.Outcome{OK: true, Status: 202}},
		"redirect to a private address": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, private.URL, http.StatusTemporaryRedirect)
		}, effects.Outcome{Status: 307}},
		"too many": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "slow down", 429) },
			effects.Outcome{Status: 429, Detail: "slow down"}},
		"failing": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down\r\n\tfor repair", 503) },
			effects.Outcome{Status: 503, Detail: "down for repair"}},
		"gone": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) },
			effects.Outcome{Status: 410}},
		"big body": {func(w http.ResponseWriter, _ *http.Request) {
			for range 4096 {
				if _, err := io.WriteString(w, strings.Repeat("big ", 1024)); err != nil {
					return
				}
			}
		}, effects.Outcome{OK: true, Status: 200, Detail: "big big"}},
		"cut": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			effects.Outcome{}},
		"slow": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			effects.Outcome{Silent: true, Detail: "no answer within the time limit"}},
		"slow body": {func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "thank")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, effects.Outcome{OK: true, Status: 200, Silent: true, Detail: "thank"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, c.handler)
			got := attempt(t, crm(server.URL), client(server), func(o *Options) {
				if strings.HasPrefix(name, "slow") {
					o.Timeout = 300 * time.Millisecond
				}
			})
			if !strings.Contains(got.Detail, c.want.Detail) || len(got.Detail) > effects.MaxDetailBytes {
				t.Errorf("detail %q lacks %q", got.Detail, c.want.Detail)
			}
			got.Detail, c.want.Detail = "", ""
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	if inner != 0 {
		t.Error("a redirect was followed")
	}
}

// roundTripper makes a function a transport.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		outcome := New(Options{Client: c, Lookup: crm("https://example.com"), Open: open}).
			Attempt(context.Background(), "acme", assign())
		if took := time.Since(began); took != 10*time.Second || !outcome.Silent || outcome.GiveUp {
			t.Errorf("%+v after %s", outcome, took)
		}
	})
}

func TestSettingsOfTheMoment(t *testing.T) {
	var got []seen
	server := serve(t, record(&got, 200))
	c := client(server)
	s := crm("")
	if o := attempt(t, s, c); !o.GiveUp || !strings.Contains(o.Detail, "no endpoint") {
		t.Errorf("without an endpoint: %+v", o)
	}
	s.Endpoint = server.URL
	if o := attempt(t, s, c); !o.OK {
		t.Errorf("with one: %+v", o)
	}
	s.gone = true
	if o := attempt(t, s, c); !o.GiveUp {
		t.Errorf("removed: %+v", o)
	}
	if len(got) != 1 {
		t.Errorf("%d requests", len(got))
	}
}

// Faults an operator can mend are tried again, and their details name no secret.
func TestUnusableSettings(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	for name, change := range map[string]func(*settings){
		"key file":        func(s *settings) { s.Headers = "other key" },
		"headers":         func(s *settings) { s.Headers = sealed(`{"Authorization":"` + bearer) },
		"header value":    func(s *settings) { s.Headers = sealed(`{"X-Key":"` + bearer + `\n"}`) },
		"no secret":       func(s *settings) { s.Secrets = nil },
		"secret":          func(s *settings) { s.Secrets = []switchyard.Sealed{sealed("!" + newSecret)} },
		"endpoint":        func(s *settings) { s.Endpoint = "https://user:" + "open-sesame" + "@%zz/" },
		"private address": func(s *settings) { s.Endpoint = "https://169.254.169.254/latest" },
		"http":            func(s *settings) { s.Endpoint = "http://192.168.1.1/" },
	} {
		t.Run(name, func(t *testing.T) {
			s := crm(server.URL)
			change(s)
			o := attempt(t, s, client(server))
			if o.OK || o.GiveUp || o.Detail == "" {
				t.Errorf("%+v", o)
			}
			for _, secret := range []string{bearer, bearer[7:], newSecret[6:], "open-sesame"} {
				if strings.Contains(o.Detail, secret) {
					t.Errorf("%q shows a secret", o.Detail)
				}
			}
		})
	}
}

// A receiver sends back everything it got, in every form; neither the results nor the log show a
// credential.
func TestSecretsStayInside(t *testing.T) {
	echoes := map[string]func(http.Header) string{
		"text": func(h http.Header) string { return fmt.Sprint(h) },
		"json": func(h http.Header) string { b, _ := json.Marshal(h); return string(b) },
		"html": func(h http.Header) string { return html.EscapeString(fmt.Sprint(h)) },
		"url":  func(h http.Header) string { return url.Values(h).Encode() },
		"cut":  func(h http.Header) string { return "you sent " + h.Get("Authorization")[:20] },
		"many": func(h http.Header) string { return strings.Repeat(h.Get("Authorization"), 2000) },
		"key":  func(http.Header) string { return newSecret + " " + oldSecret[6:] },
	}
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				http.Error(w, echo(r.Header), 500)
			})
			c := client(server)
			t.Cleanup(c.CloseIdleConnections)
			var written bytes.Buffer
			results := make(chan *switchyard.EffectResult, 1)
			worker := effects.New(effects.Options{
				Log: slog.New(slog.NewJSONHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug})),
				Performers: map[string]effects.Performer{switchyard.EffectCallback: New(Options{
					Client: c, Lookup: crm(server.URL), Open: open})},
				Results: func(_ string, r *switchyard.EffectResult) { results <- r },
			})
			worker.Start(t.Context())
			worker.Perform("acme", assign())
			result := <-results
			if err := worker.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if result.Status != 500 || !strings.Contains(result.Detail, switchyard.Masked) {
				t.Errorf("%+v; want a masked answer", result)
			}
			everything := result.Detail + written.String()
			for _, secret := range []string{bearer, bearer[7:], "open", "sesame", "emea-team-7", newSecret[6:20], oldSecret[6:20]} {
				if strings.Contains(everything, secret) {
					t.Errorf("%q is shown in %s", secret, everything)
				}
			}
		})
	}
}

// One provider is dead at the level of the network; the callbacks of the other all arrive.
func TestDeadProviderDelaysNoOther(t *testing.T) {
	release := make(chan struct{})
	var got []seen
	dead := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-release })
	alive := serve(t, record(&got, 200))
	pool := x509.NewCertPool()
	pool.AddCert(dead.Certificate())
	pool.AddCert(alive.Certificate())
	c := egress.Client(egress.Options{Guard: egress.Guard{AllowInsecure: true}, TLS: &tls.Config{RootCAs: pool}})
	t.Cleanup(c.CloseIdleConnections)
	both := two{"dead": crm(dead.URL), "crm": crm(alive.URL)}
	results := make(chan *switchyard.EffectResult, 1024)
	worker := effects.New(effects.Options{
		Log:        slog.New(slog.DiscardHandler),
		Performers: map[string]effects.Performer{switchyard.EffectCallback: New(Options{Client: c, Lookup: both, Open: open})},
		Results:    func(_ string, r *switchyard.EffectResult) { results <- r },
	})
	worker.Start(t.Context())
	give := func(n int, provider string) bool {
		e := assign()
		e.ID, e.Provider = switchyard.NewID(1, uint64(n), 1), provider
		return worker.Perform("acme", e)
	}
	for n := range 500 {
		give(n, "dead")
	}
	for n := range 100 {
		give(1000+n, "crm")
	}
	for range 100 {
		if r := <-results; !r.OK || r.Effect.Counter() < 1000 {
			t.Fatalf("%+v while one provider is dead", r)
		}
	}
	close(release)
	if err := worker.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// two is a Lookup with several providers.
type two map[string]*settings

func (t two) Provider(account, name string) (effects.ProviderSettings, bool) {
	s, known := t[name]
	if !known {
		return effects.ProviderSettings{}, false
	}
	return s.Provider(account, "crm")
}

func (t two) Gateway(string, string, string) (switchyard.Gateway, bool) {
	return switchyard.Gateway{}, false
}

func (t two) Secret(string, string) (switchyard.Sealed, bool) { return "", false }

// BenchmarkCallbacks measures signed callbacks a second to a server in the same process.
func BenchmarkCallbacks(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	c := client(server)
	defer c.CloseIdleConnections()
	done := make(chan struct{}, 4096)
	room := make(chan effects.Target, 16)
	worker := effects.New(effects.Options{
		Log:        slog.New(slog.DiscardHandler),
		Performers: map[string]effects.Performer{switchyard.EffectCallback: New(Options{Client: c, Lookup: crm(server.URL), Open: open})},
		Results: func(_ string, r *switchyard.EffectResult) {
			if !r.OK {
				b.Error(r.Detail)
			}
			done <- struct{}{}
		},
		Room: func(t effects.Target) { room <- t },
	})
	worker.Start(b.Context())
	b.ResetTimer()
	go func() {
		for n := range b.N {
			e := assign()
			e.ID = switchyard.NewID(1, uint64(n), 1)
			for !worker.Perform("acme", e) {
				<-room
			}
		}
	}()
	for range b.N {
		<-done
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "callbacks/s")
	worker.Stop(b.Context())
}
