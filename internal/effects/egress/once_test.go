package egress

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestSentOnce: a request that may do something is sent once, also when the kept connection it went
// over breaks before an answer, and also when it carries a key that says it may be repeated. Whether
// it is sent again the core decides.
func TestSentOnce(t *testing.T) {
	for _, c := range []struct{ method, header, body string }{
		{"POST", "Idempotency-Key", "text"},
		{"POST", "Idempotency-Key", ""},
		{"POST", "X-Idempotency-Key", "text"},
		{"PATCH", "Idempotency-Key", "text"},
		{"PUT", "Idempotency-Key", "text"},
		{"POST", "Webhook-Id", "text"},
	} {
		t.Run(c.method+" "+c.header+" "+c.body, func(t *testing.T) {
			var mu sync.Mutex
			came := map[string]int{}
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				defer mu.Unlock()
				came[r.URL.Path]++
				if r.Header.Get(c.header) != "key" || string(body) != c.body || len(r.Header[c.header]) != 1 {
					t.Errorf("came with %v and body %q", r.Header, body)
				}
				if r.URL.Path == "/cut" && came["/cut"] == 1 {
					panic(http.ErrAbortHandler)
				}
			}))
			defer server.Close()
			client := Client(Options{Guard: Guard{AllowInsecure: true}})
			defer client.CloseIdleConnections()
			send := func(path string) error {
				r, err := http.NewRequest(c.method, server.URL+path, strings.NewReader(c.body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set(c.header, "key")
				_, err = Do(client, r)
				if got := r.Header.Get(c.header); got != "key" {
					t.Errorf("the request has %q afterwards", got)
				}
				return err
			}
			if err := send("/kept"); err != nil {
				t.Fatal(err)
			}
			if err := send("/cut"); err == nil {
				t.Error("a request whose connection broke has an answer")
			}
			mu.Lock()
			defer mu.Unlock()
			if came["/cut"] != 1 {
				t.Errorf("it came %d times", came["/cut"])
			}
		})
	}
}

// TestSentAgainOnRequest: a header that has no value, and is not sent, says that the transport may
// repeat the request when a kept connection breaks. Callbacks do.
func TestSentAgainOnRequest(t *testing.T) {
	came := make(chan http.Header, 3)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		came <- r.Header
		if len(came) == 2 {
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	client := Client(Options{Guard: Guard{AllowInsecure: true}})
	defer client.CloseIdleConnections()
	for range 2 {
		r, err := http.NewRequest("POST", server.URL, strings.NewReader("text"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Idempotency-Key"] = []string{}
		if _, err := Do(client, r); err != nil {
			t.Fatal(err)
		}
	}
	if len(came) != 3 {
		t.Errorf("two requests, of which one was cut, came %d times", len(came))
	}
	for range len(came) {
		if header := <-came; header.Values("Idempotency-Key") != nil {
			t.Errorf("it was sent with %v", header)
		}
	}
}
