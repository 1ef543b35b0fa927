package callback

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"switchyard/internal/effects"
)

// served answers each request by a function.
type served func(r *http.Request) (*http.Response, error)

func (f served) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever a provider answers to a callback, only a 2xx is success, what is kept of it is one line
// within bounds without the credentials that were sent, and no wait is longer than a day.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{"", "ok", `{"error":"` + bearer + `"}`, "two\r\nlines\x00\xff", newSecret, "Bearer open&amp;&lt;sesame&gt;/42", `"Bearer open\u0026\u003csesame>\/42"`, strings.Repeat("ä", 600)} {
		f.Add(uint16(200), "", []byte(body), true)
		f.Add(uint16(500), "120", []byte(body), false)
	}
	f.Add(uint16(429), "Fri, 31 Dec 9999 23:59:59 GMT", []byte("later"), true)
	f.Fuzz(func(t *testing.T, status uint16, wait string, body []byte, whole bool) {
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: served(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				read := io.Reader(bytes.NewReader(body))
				if !whole {
					read = io.MultiReader(read, broken{})
				}
				return &http.Response{StatusCode: int(status), Header: http.Header{"Retry-After": {wait}}, Body: io.NopCloser(read), Request: r}, nil
			})}
		o := New(Options{Client: client, Lookup: crm("https://crm.example/"), Open: open}).Attempt(t.Context(), "acme", assign())
		if o.OK != (status >= 200 && status <= 299) || o.Status != int(status) || o.RetryAfter < 0 || o.RetryAfter > 24*time.Hour {
			t.Fatalf("%d, %q: %+v", status, wait, o)
		}
		if len(o.Detail) > effects.MaxDetailBytes || !utf8.ValidString(o.Detail) || strings.ContainsAny(o.Detail, "\r\n\x00") {
			t.Fatalf("%q is kept of %q", o.Detail, body)
		}
		for _, secret := range []string{bearer, strings.TrimPrefix(bearer, "Bearer "), newSecret, "emea-team-7"} {
			if strings.Contains(o.Detail, secret) {
				t.Fatalf("%q tells %q", o.Detail, secret)
			}
		}
	})
}

// broken is a connection that breaks off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
