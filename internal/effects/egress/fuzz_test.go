package egress

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What an answer asks to wait is never negative, never longer than a day, the same whatever stands
// around it, and a moment shrinks as time goes on.
func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{"", "7", " 120 ", "-5", "+5", "soon", "1.5", "999999999", "99999999999999999999", "0x10", "1e3", "Mon, 23 Nov 2026 12:00:30 GMT", "Mon, 23 Nov 2026 11:00:00 GMT",
		"Mon Nov 23 12:00:30 2026", "Monday, 23-Nov-26 12:00:30 GMT", "Fri, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(text)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		a := &Answer{Header: http.Header{"Retry-After": {text}}}
		wait := a.RetryAfter(now)
		later := a.RetryAfter(now.Add(time.Second))
		if wait < 0 || wait > 24*time.Hour || later > wait || later < wait-time.Second {
			t.Fatalf("%q: %v, a second later %v", text, wait, later)
		}
		if spaced := (&Answer{Header: http.Header{"Retry-After": {"\t" + text + " "}}}).RetryAfter(now); spaced != wait {
			t.Fatalf("%q: %v, between spaces %v", text, wait, spaced)
		}
	})
}

// served answers each request by a function.
type served func(r *http.Request) (*http.Response, error)

func (f served) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever a server says, no more of it is kept than may be, and what is kept is how it begins.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("hello"), uint16(5), uint16(0))
	f.Add([]byte("hello"), uint16(4), uint16(3))
	f.Add([]byte("0123456789abcdef"), uint16(0), uint16(4096))
	f.Fuzz(func(t *testing.T, piece []byte, most, times uint16) {
		body := bytes.Repeat(piece, min(int(times), 200_000/(len(piece)+1))+1)
		client := &http.Client{Transport: served(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
		})}
		ask := func() *http.Request {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://answers.example/", strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		a, err := Do(client, ask())
		if err != nil || a.Broken != nil || len(a.Body) != min(len(body), maxKeptBytes) || !bytes.HasPrefix(body, a.Body) {
			t.Fatalf("%d bytes of %d were kept: %v, %v", len(a.Body), len(body), err, a)
		}
		a, err = Fetch(client, ask(), int(most))
		if err != nil || a.Broken != nil || len(a.Body) != min(len(body), int(most)) || !bytes.HasPrefix(body, a.Body) || a.Longer != (len(body) > int(most)) {
			t.Fatalf("%d bytes of %d were kept of at most %d: %v, longer %v", len(a.Body), len(body), most, err, a.Longer)
		}
	})
}
