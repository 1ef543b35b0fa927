package app

import (
	"bytes"
	"encoding/base64"
	stdjson "encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// echo is a receiver of callbacks and messages that says back what it was told, and fails.
type echo struct {
	t   *testing.T
	url string

	mu    sync.Mutex
	calls map[string]int
	got   bytes.Buffer
}

func newEcho(t *testing.T) *echo {
	e := &echo{t: t, calls: map[string]int{}}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	e.url = server.URL
	return e
}

// ServeHTTP answers each path in every way, one after another.
func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	dump, err := httputil.DumpRequest(r, true)
	if err != nil {
		e.t.Error(err)
	}
	e.mu.Lock()
	n := e.calls[r.URL.Path]
	e.calls[r.URL.Path]++
	e.got.Write(dump)
	e.mu.Unlock()
	echoes[n%len(echoes)](w, r, string(dump))
}

// check makes sure that the credentials went where they belong.
func (e *echo) check() {
	e.t.Helper()
	for _, name := range []string{"token of the secrets", "gateway header", "gateway body", "secret nobody uses", "provider header", "registered bearer again", "url key", "path of a hook", "vonage secret"} {
		if !strings.Contains(e.got.String(), beginningOf(secretNamed(name))) {
			e.t.Errorf("the receiver never got the %s", name)
		}
	}
	for path, calls := range e.calls {
		if calls < len(echoes) {
			e.t.Errorf("%s was called %d times; it fails in %d ways", path, calls, len(echoes))
		}
	}
}

// echoes are the ways a receiver may answer with what it got.
var echoes = []func(w http.ResponseWriter, r *http.Request, dump string){
	func(w http.ResponseWriter, _ *http.Request, dump string) { http.Error(w, dump, 500) },
	func(w http.ResponseWriter, r *http.Request, dump string) {
		w.WriteHeader(503)
		_ = stdjson.NewEncoder(w).Encode(map[string]any{"headers": r.Header, "dump": dump, "url": r.URL.String()})
	},
	func(w http.ResponseWriter, r *http.Request, dump string) {
		w.Header().Set("Location", "/?was="+url.QueryEscape(dump)[:4000%max(1, len(dump))])
		w.WriteHeader(307)
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	},
	func(w http.ResponseWriter, _ *http.Request, dump string) { http.Error(w, url.QueryEscape(dump), 500) },
	func(w http.ResponseWriter, _ *http.Request, dump string) { http.Error(w, url.PathEscape(dump), 502) },
	func(w http.ResponseWriter, _ *http.Request, dump string) { http.Error(w, html.EscapeString(dump), 429) },
	func(w http.ResponseWriter, r *http.Request, _ string) {
		w.WriteHeader(500)
		for _, values := range r.Header {
			_, _ = fmt.Fprintf(w, "%q\n", values)
		}
	},
	func(w http.ResponseWriter, _ *http.Request, dump string) { // cut where a detail ends
		http.Error(w, strings.Repeat("x", 500-len("…"))+secretsOf(dump), 500)
	},
	func(w http.ResponseWriter, _ *http.Request, dump string) { // cut where reading ends
		http.Error(w, strings.Repeat(" ", 8<<10-20)+secretsOf(dump), 500)
	},
	func(w http.ResponseWriter, r *http.Request, _ string) { // no HTTP
		breakOff(w, "SECRET "+r.Header.Get("Authorization")+r.Header.Get("X-Token")+r.Header.Get("X-Api-Key")+"\r\n\r\n")
	},
	func(w http.ResponseWriter, r *http.Request, _ string) {
		breakOff(w, "HTTP/1.1 "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Api-Key")+"\r\n\r\n")
	},
	func(w http.ResponseWriter, r *http.Request, _ string) {
		breakOff(w, "HTTP/1.1 500 "+r.Header.Get("Authorization")+r.Header.Get("X-Key")+"\r\n"+r.Header.Get("X-Token")+r.Header.Get("X-Api-Key")+"\r\n\r\n")
	},
	func(w http.ResponseWriter, r *http.Request, _ string) {
		breakOff(w, "HTTP/1.1 500 x\r\nContent-Length: "+r.Header.Get("Authorization")+"\r\n\r\n")
	},
	func(w http.ResponseWriter, r *http.Request, _ string) {
		breakOff(w, "HTTP/1.1 500 x\r\nTransfer-Encoding: "+r.Header.Get("Authorization")+"\r\n\r\n")
	},
	func(w http.ResponseWriter, _ *http.Request, _ string) { breakOff(w, "") },
	func(w http.ResponseWriter, _ *http.Request, dump string) { _, _ = io.WriteString(w, dump) },
	func(w http.ResponseWriter, _ *http.Request, dump string) {
		http.Error(w, base64.StdEncoding.EncodeToString([]byte(dump)), 500)
	},
	func(w http.ResponseWriter, _ *http.Request, dump string) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"isBase64Encoded":true,"body":%q}`, base64.URLEncoding.EncodeToString([]byte(secretsOf(dump))))
	},
	func(w http.ResponseWriter, _ *http.Request, dump string) { http.Error(w, secretsOf(dump), 400) },
}

// secretsOf is the part of a request that begins with its first secret.
func secretsOf(dump string) string { return dump[max(0, strings.Index(dump, secretMark)):] }

// breakOff answers with bytes that are no answer and closes the connection.
func breakOff(w http.ResponseWriter, text string) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(connection, text)
	_ = connection.Close()
}
