package connector

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// settings are an account's secrets, and its allow list.
type settings struct {
	secrets map[string]string
	allow   *switchyard.ConnectorSettings
}

func (s *settings) Secret(_, key string) (switchyard.Sealed, bool) {
	text, known := s.secrets[key]
	return switchyard.Sealed("sealed:" + text), known
}

func (s *settings) Connectors(string) *switchyard.ConnectorSettings { return s.allow }

func open(sealed switchyard.Sealed) ([]byte, error) {
	text, found := strings.CutPrefix(string(sealed), "sealed:")
	if !found || text == "unopenable" {
		return nil, errors.New("the key file does not open this")
	}
	return []byte(text), nil
}

// crm is a server that behaves like a real one, faults included: each path in its way.
type crm struct {
	*httptest.Server
	client *http.Client
	done   chan struct{}
	bodies []string
	got    []*http.Request
}

func newCRM(t *testing.T) *crm {
	w := &crm{done: make(chan struct{})}
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.StartTLS()
	pool := x509.NewCertPool()
	pool.AddCert(w.Certificate())
	w.client = egress.Client(egress.Options{Guard: egress.Guard{AllowInsecure: true}, TLS: &tls.Config{RootCAs: pool}})
	t.Cleanup(func() {
		close(w.done)
		w.Close()
		w.client.CloseIdleConnections()
	})
	return w
}

func (w *crm) serve(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.bodies, w.got = append(w.bodies, string(body)), append(w.got, r)
	say := func(kind, text string) {
		rw.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(rw, text)
	}
	var status int
	switch n, _ := fmt.Sscanf(r.URL.Path, "/status/%d", &status); {
	case n == 1:
		rw.Header().Set("Retry-After", "7")
		rw.Header().Set("Location", "http://169.254.169.254/latest/meta-data/")
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, `{"customer":{"tier":"none"},"error":"no such customer"}`)
	case r.URL.Path == "/customer":
		say("application/json", `{"customer":{"tier":"gold","name":"Grüße 😀","id":900719925474099312345,"tags":["a","b"],"active":true}}`)
	case r.URL.Path == "/xml":
		say("application/xml", `<?xml version="1.0"?><customer id="7"><name>Ada &amp; Co</name></customer>`)
	case r.URL.Path == "/garbage":
		say("application/json", "\x00\xff{not json")
	case r.URL.Path == "/long":
		say("text/plain", strings.Repeat("x", 2<<20))
	case r.URL.Path == "/longvalue":
		say("application/json", `{"big":"`+strings.Repeat("x", 16<<10+1)+`","tier":"gold"}`)
	case r.URL.Path == "/mega":
		say("application/json", `{"pad":"`+strings.Repeat("x", 1<<20-30)+`","tier":"gold"}`)
	case r.URL.Path == "/hangs":
		w.hang(r)
	case r.URL.Path == "/drips":
		say("application/json", `{"customer":`)
		rw.(http.Flusher).Flush()
		w.hang(r)
	case r.URL.Path == "/cut":
		rw.Header().Set("Content-Length", "1000")
		say("application/json", `{"customer":{"tier":"gold"}}`)
		rw.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case r.URL.Path == "/closed":
		panic(http.ErrAbortHandler)
	case r.URL.Path == "/gzip":
		rw.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(rw)
		_, _ = io.WriteString(z, `{"tier":"gold"}`)
		_ = z.Close()
	case r.URL.Path == "/echo":
		rw.Header().Set("Set-Cookie", "session=abc")
		rw.Header().Set("X-Was", r.Header.Get("Authorization"))
		say("application/json", fmt.Sprintf(`{"url":%q,"auth":%q,"body":%q}`, r.URL.String(), r.Header.Get("Authorization"), body))
	}
}

// hang keeps a request until its caller has gone.
func (w *crm) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-w.done:
	}
}

func (w *crm) call(path string, results ...string) *switchyard.Effect {
	c := &switchyard.ConnectorCall{Host: "crm", Method: "GET", URL: w.URL + path, TimeoutMillis: 10_000, Result: map[string]string{"Code": "status"}}
	for n := 0; n+1 < len(results); n += 2 {
		c.Result[results[n]] = results[n+1]
	}
	return &switchyard.Effect{ID: switchyard.NewID(1_700_000_000_000, 5, 9), Kind: switchyard.EffectConnector, Attempt: 1, Connector: c}
}

func (w *crm) attempt(s *settings, e *switchyard.Effect) effects.Outcome {
	return New(Options{Client: w.client, Lookup: s, Open: open}).Attempt(context.Background(), "acme", e)
}

func TestAnswersAreRead(t *testing.T) {
	w := newCRM(t)
	o := w.attempt(&settings{}, w.call("/customer", "Customer Tier", "$.customer.tier", "Name", "$.customer.name", "ID", "$.customer.id",
		"Tags", "$.customer.tags[*]", "All", "$.customer.tags", "Active", "$.customer.active", "None", "$.nothing", "Type", "header:content-type"))
	want := map[string]string{"Code": "200", "Customer Tier": "gold", "Name": "Grüße 😀", "ID": "900719925474099312345",
		"Tags": `["a","b"]`, "All": `["a","b"]`, "Active": "true", "None": "", "Type": "application/json"}
	if !o.OK || o.Status != 200 || !reflect.DeepEqual(o.Values, want) {
		t.Errorf("%+v", o)
	}
	if x := o.Exchange; x.Method != "GET" || x.URL != w.URL+"/customer" || x.Status != 200 || !strings.Contains(x.AnswerBody, "Grüße 😀") ||
		x.AnswerHeaders["Content-Type"] != "application/json" {
		t.Errorf("%+v", x)
	}
	if got := w.got[0].Header.Get("Idempotency-Key"); got != switchyard.NewID(1_700_000_000_000, 5, 9).String() {
		t.Errorf("idempotency key %q", got)
	}
	o = w.attempt(&settings{}, w.call("/xml", "Name", "/customer/name", "ID", "xpath:string(//customer/@id)"))
	if !o.OK || o.Values["Name"] != "Ada & Co" || o.Values["ID"] != "7" {
		t.Errorf("%+v", o)
	}
	if o = w.attempt(&settings{}, w.call("/mega", "Tier", "$.tier")); !o.OK || o.Values["Tier"] != "gold" {
		t.Errorf("an answer of nearly 1 MB: %t %s", o.OK, o.Detail)
	}
	if n := len(o.Exchange.AnswerBody); n > switchyard.MaxTimelineBodyBytes {
		t.Errorf("%d bytes of it are kept", n)
	}
}

// What is sent is what the templates say, with data and secrets filled in together: data that looks
// like a template stays data.
func TestTemplates(t *testing.T) {
	w := newCRM(t)
	e := w.call("/echo?number=$(CLID:URL)&key=#(Key:URL)", "URL", "$.url", "Auth", "$.auth", "Body", "body", "Was", "header:X-Was")
	e.Connector.Method, e.Connector.Body = "POST", `{"note":"$(Note:JSON)","pass":"#(Key)"}`
	e.Connector.Headers = map[string]string{"Authorization": "Bearer #(Key)", "x-team": "$(team)"}
	e.Values = map[string]string{"CLID": "+49 1&x=#(Key)", "Note": `"#(Key)" $(CLID)`, "Team": "EMEA"}
	const secret = "s3cr3t-&-value"
	o := w.attempt(&settings{secrets: map[string]string{"Key": secret}}, e)
	r := w.got[0]
	if got := r.URL.Query().Get("number"); got != "+49 1&x=#(Key)" {
		t.Errorf("number %q", got)
	}
	if r.URL.Query().Get("key") != secret || r.Header.Get("Authorization") != "Bearer "+secret || r.Header.Get("X-Team") != "EMEA" ||
		w.bodies[0] != `{"note":"\"#(Key)\" $(CLID)","pass":"`+secret+`"}` {
		t.Errorf("%v %v %s", r.URL, r.Header, w.bodies[0])
	}
	if !o.OK || !strings.Contains(o.Exchange.RequestBody, `$(CLID)`) || o.Exchange.RequestHeaders["Authorization"] != "***" ||
		o.Exchange.AnswerHeaders["Set-Cookie"] != "***" || o.Exchange.RequestHeaders["X-Team"] != "EMEA" {
		t.Errorf("%+v of %+v", o, o.Exchange)
	}
	if o.Values["Auth"] != "Bearer ***" || !strings.Contains(o.Values["URL"], "number=%2B49") {
		t.Errorf("%q", o.Values)
	}
	if all := fmt.Sprint(o, *o.Exchange); strings.Contains(all, "s3cr3t") || strings.Contains(all, url.QueryEscape(secret)) {
		t.Errorf("the secret is shown: %s", all)
	}
}

func TestFaultyServers(t *testing.T) {
	w := newCRM(t)
	for path, want := range map[string]effects.Outcome{
		"/status/204": {OK: true}, "/status/400": {GiveUp: true, Detail: "answered 400 Bad Request"}, "/status/404": {GiveUp: true},
		"/status/429": {Detail: "answered 429"}, "/status/408": {}, "/status/500": {}, "/status/503": {Detail: "answered 503 Service Unavailable"},
		"/status/302": {GiveUp: true, Detail: "redirects are not followed"}, "/status/308": {GiveUp: true},
	} {
		o := w.attempt(&settings{}, w.call(path, "Location", "header:Location"))
		want.Status = o.Status
		if o.OK != want.OK || o.GiveUp != want.GiveUp || !strings.Contains(o.Detail, want.Detail) || o.RetryAfter != 7*time.Second ||
			o.Values["Code"] != strings.TrimPrefix(path, "/status/") || !strings.HasPrefix(o.Values["Location"], "http://169.254") {
			t.Errorf("%s: %+v", path, o)
		}
	}
	if n := len(w.got); n != 9 {
		t.Errorf("%d requests came; redirects were followed", n)
	}
	o := w.attempt(&settings{}, w.call("/status/404", "Why", "$.error", "Bad", "/xml"))
	if o.Values["Why"] != "no such customer" || len(o.Values) != 2 {
		t.Errorf("what can be read of a failure: %q", o.Values)
	}
	for path, want := range map[string]effects.Outcome{
		"/garbage":   {GiveUp: true, Status: 200, Detail: "the answer is no JSON"},
		"/long":      {GiveUp: true, Status: 200, Detail: "longer than 1048576 bytes"},
		"/longvalue": {GiveUp: true, Status: 200, Detail: "data source Big would be longer than 16384 bytes"},
		"/gzip":      {GiveUp: true, Status: 200, Detail: "compressed"},
		"/cut":       {Status: 200, Detail: "breaks off"},
		"/closed":    {Detail: "EOF"},
		"/hangs":     {GiveUp: true, Timeout: true, Silent: true, Detail: "no answer within the time limit"},
		"/drips":     {GiveUp: true, Timeout: true, Silent: true, Status: 200, Detail: "began and was not through"},
	} {
		e := w.call(path, "Tier", "$.tier", "Big", "$.big")
		if want.Timeout {
			e.Connector.TimeoutMillis = 300
		}
		o := w.attempt(&settings{}, e)
		if o.OK || o.GiveUp != want.GiveUp || o.Timeout != want.Timeout || o.Silent != want.Silent || o.Status != want.Status ||
			!strings.Contains(o.Detail, want.Detail) {
			t.Errorf("%s: %+v", path, o)
		}
		if code, there := o.Values["Code"]; there != (want.Status != 0) || there && code != "200" {
			t.Errorf("%s: values %q", path, o.Values)
		}
		if o.Exchange == nil {
			t.Errorf("%s: no exchange is kept", path)
		}
	}
}

func TestWhatIsNotSent(t *testing.T) {
	w := newCRM(t)
	host := strings.TrimPrefix(w.URL, "https://")
	for name, c := range map[string]struct {
		change func(e *switchyard.Effect, s *settings)
		detail string
		again  bool
	}{
		"private address": {func(e *switchyard.Effect, _ *settings) { e.Connector.URL = "https://10.0.0.1/" }, "--allow-network 10.0.0.0/8", false},
		"metadata":        {func(e *switchyard.Effect, _ *settings) { e.Connector.URL = "https://169.254.169.254/" }, "metadata", false},
		"http":            {func(e *switchyard.Effect, _ *settings) { e.Connector.URL = "http://10.0.0.1/" }, "use https", true},
		"not allowed": {func(_ *switchyard.Effect, s *settings) {
			s.allow = &switchyard.ConnectorSettings{Allow: []string{"crm.example.com"}}
		}, "may not reach", false},
		"not by a secret": {func(e *switchyard.Effect, s *settings) {
			s.secrets["Base"] = w.URL
			e.Connector.URL = "#(Base)/customer"
			s.allow = &switchyard.ConnectorSettings{Allow: []string{"crm.example.com"}}
		}, "may not reach ***", false},
		"other port": {func(_ *switchyard.Effect, s *settings) {
			s.allow = &switchyard.ConnectorSettings{Allow: []string{"127.0.0.1:1"}}
		}, "may not reach", false},
		"unknown secret":   {func(e *switchyard.Effect, _ *settings) { e.Connector.Body = "#(Lost)" }, `no secret "Lost"`, false},
		"sealed elsewhere": {func(e *switchyard.Effect, s *settings) { s.secrets["Key"] = "unopenable"; e.Connector.Body = "#(Key)" }, "key file", true},
		"line break":       {func(e *switchyard.Effect, _ *settings) { e.Connector.Headers = map[string]string{"X-A": "$(Bad)"} }, "line break", false},
		"host by a value":  {func(e *switchyard.Effect, _ *settings) { e.Connector.URL = "https://$(Host)/x" }, "scheme and host", false},
		"user by a value":  {func(e *switchyard.Effect, _ *settings) { e.Connector.URL = "https://$(Host)@" + host + "/x" }, "scheme and host", false},
		"no URL":           {func(e *switchyard.Effect, _ *settings) { e.Connector.URL = "customer" }, "absolute URL", false},
	} {
		t.Run(name, func(t *testing.T) {
			e, s := w.call("/customer"), &settings{secrets: map[string]string{}}
			e.Values = map[string]string{"Bad": "a\r\nX-B: c", "Host": "evil.example.com"}
			c.change(e, s)
			if o := w.attempt(s, e); o.OK || o.GiveUp == c.again || !strings.Contains(o.Detail, c.detail) {
				t.Errorf("%+v; want %q, again: %v", o, c.detail, c.again)
			}
		})
	}
	if len(w.got) != 0 {
		t.Errorf("%d requests were sent", len(w.got))
	}
	e, s := w.call("/customer"), &settings{secrets: map[string]string{"Base": w.URL}, allow: &switchyard.ConnectorSettings{Allow: []string{host}}}
	e.Connector.URL = "#(Base)/customer"
	if o := w.attempt(s, e); !o.OK || strings.Contains(fmt.Sprint(o.Exchange), host) {
		t.Errorf("a host that a secret names: %+v of %+v", o, o.Exchange)
	}
}
