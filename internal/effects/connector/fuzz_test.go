package connector

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"switchyard"
	"switchyard/internal/effects"
)

// served answers each request by a function.
type served func(r *http.Request) (*http.Response, error)

func (f served) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever a server answers to a data connector, what is taken of it is text within bounds, only of an
// answer that came well, and the secret that was sent is neither in a value nor in what is shown.
func FuzzAnswers(f *testing.F) {
	const secret = "sesame-street-42"
	for _, c := range []struct {
		status            int
		name, value, body string
		path, wanted      string
	}{
		{200, "Content-Type", "application/json", `{"customer":{"tier":"gold"}}`, "$.customer.tier", "header:content-type"},
		{200, "X-Was", "Bearer " + secret, `{"a":"` + secret + `"}`, "$.a", "header:x-was"},
		{200, "Content-Encoding", "gzip", "\x1f\x8b", "body", "status"},
		{302, "Location", "http://169.254.169.254/", "", "header:location", "body"},
		{500, "Retry-After", "7", `<a n="1">b</a>`, "//a/@n", "xpath:string(//a)"},
		{429, "retry-after", "Fri, 31 Dec 9999 23:59:59 GMT", "\x00\xff{", "$..*", "$[?@.a==1]"},
		{200, "A", "b", `{"a":"sesame-%73treet-42 c2VzYW1lLXN0cmVldC00Mg=="}`, "$.a", "body"},
		{204, "", "", "", "$.a", "header:"},
	} {
		f.Add(uint16(c.status), c.name, c.value, []byte(c.body), c.path, c.wanted)
	}
	lookup := &settings{secrets: map[string]string{"token": secret}}
	f.Fuzz(func(t *testing.T, status uint16, name, value string, body []byte, path, wanted string) {
		if len(body) > 8<<10 || len(path) > 500 || len(wanted) > 500 {
			return // the cost of paths is package extract's to hold
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: served(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: int(status), Header: http.Header{http.CanonicalHeaderKey(name): {value}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
			})}
		e := &switchyard.Effect{ID: switchyard.NewID(1, 5, 9), Kind: switchyard.EffectConnector, Connector: &switchyard.ConnectorCall{Host: "crm.example", Method: "GET",
			URL: "https://crm.example/", Headers: map[string]string{"Authorization": "Bearer #(token)"}, TimeoutMillis: 10_000, Result: map[string]string{"A": path, "B": wanted, "Code": "status"}}}
		o := New(Options{Client: client, Lookup: lookup, Open: open}).Attempt(t.Context(), "acme", e)
		unread := !o.OK && o.Status == 0 && status/100 == 3 // net/http refuses a Location it cannot read
		if o.OK && (status < 200 || status > 299) || o.Status != int(status) && !unread || o.RetryAfter < 0 || o.RetryAfter > 24*time.Hour || len(o.Detail) > effects.MaxDetailBytes || o.Exchange == nil {
			t.Fatalf("%d: %+v", status, o)
		}
		shown := []string{o.Detail, o.Exchange.AnswerBody, o.Exchange.URL}
		for name, value := range o.Exchange.AnswerHeaders {
			shown = append(shown, name, value)
		}
		for name, value := range o.Values {
			if len(value) > switchyard.MaxDataSourceBytes || name != "A" && name != "B" && name != "Code" {
				t.Fatalf("%q is %d bytes", name, len(value))
			}
			shown = append(shown, value)
		}
		for _, text := range shown {
			if !utf8.ValidString(text) || strings.Contains(text, secret) {
				t.Fatalf("%q is kept of %q: %q, %q", text, name, value, body)
			}
		}
	})
}
