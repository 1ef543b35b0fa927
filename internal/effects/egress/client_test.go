package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// names is a DNS whose answers change: the first question for an A record gets the first address.
type names struct {
	addresses []string
	asked     atomic.Int32
}

// resolver answers every name out of n.
func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go n.serve(server)
		return client, nil
	}}
}

// serve speaks DNS over a stream: two bytes of length before each message.
func (n *names) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		message := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, message); err != nil {
			return
		}
		answer := n.answer(message)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (n *names) answer(question []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		panic(err)
	}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		i := min(int(n.asked.Add(1))-1, len(n.addresses)-1)
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(n.addresses[i]).As4()},
		}}
	}
	packed, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packed
}

// counted starts a TLS server that counts the connections it gets.
func counted(t *testing.T, h http.Handler) (server *httptest.Server, connections *atomic.Int32) {
	connections = new(atomic.Int32)
	server = httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, connections
}

func trusting(server *httptest.Server) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return &tls.Config{RootCAs: pool, ServerName: "example.com"}
}

func fetch(t *testing.T, client *http.Client, method, url string) (*Answer, error) {
	t.Helper()
	t.Cleanup(client.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	return Do(client, r)
}

// silent is the error log of servers that are made to misbehave.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "hello over "+r.Proto)
})

func TestRebinding(t *testing.T) {
	server, connections := counted(t, hello)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	dns := &names{addresses: []string{"93.184.216.34", "127.0.0.1"}}
	resolver := dns.resolver()

	// Whoever checks the name first sees a public address ...
	looked, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example")
	if err != nil || (Guard{}).Check(looked[0]) != nil {
		t.Fatalf("the first look-up should be harmless: %v, %v", looked, err)
	}
	// ... and the connection would go to loopback.
	client := Client(Options{Resolver: resolver, TLS: trusting(server)})
	_, err = fetch(t, client, "POST", "https://rebind.example:"+port+"/")
	var refused *Refused
	if !errors.As(err, &refused) || refused.Addr != netip.MustParseAddr("127.0.0.1") {
		t.Fatalf("error %v; want 127.0.0.1 refused", err)
	}
	if n := connections.Load(); n != 0 {
		t.Fatalf("the server got %d connections", n)
	}

	// The same client reaches the same server when loopback is allowed: it was the guard.
	client = Client(Options{Resolver: resolver, TLS: trusting(server), Guard: Guard{AllowInsecure: true}})
	answer, err := fetch(t, client, "POST", "https://rebind.example:"+port+"/")
	if err != nil || string(answer.Body) != "hello over HTTP/2.0" {
		t.Fatalf("%v, %v; want an answer over HTTP/2", answer, err)
	}
}

func TestPlainHTTP(t *testing.T) {
	server := httptest.NewServer(hello)
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())

	_, err := fetch(t, Client(Options{}), "POST", server.URL)
	if err == nil || !strings.Contains(err.Error(), insecureFlag) {
		t.Errorf("without the flag: %v", err)
	}
	insecure := Options{Guard: Guard{AllowInsecure: true}}
	answer, err := fetch(t, Client(insecure), "POST", server.URL)
	if err != nil || string(answer.Body) != "hello over HTTP/1.1" {
		t.Errorf("with the flag: %v, %v", answer, err)
	}
	// Only loopback, whatever else is open.
	insecure.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	insecure.Resolver = (&names{addresses: []string{"10.0.0.1"}}).resolver()
	_, err = fetch(t, Client(insecure), "POST", "http://office.example:"+port)
	if err == nil || !strings.Contains(err.Error(), "plain http reaches loopback only") {
		t.Errorf("http to 10.0.0.1: %v", err)
	}
	for _, scheme := range []string{"ftp", "file", "gopher"} {
		if _, err := fetch(t, Client(insecure), "POST", scheme+"://127.0.0.1/"); err == nil {
			t.Errorf("%s is let through", scheme)
		}
	}
}

// A data connector may give its host a minute. The time is what the caller's context says: nothing on the
// way out ends it earlier.
func TestAnswerMayTakeAsLongAsTheCallerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var host sync.WaitGroup
		defer host.Wait()
		client := Client(Options{Guard: Guard{AllowInsecure: true}})
		client.Transport.(*schemes).plain.DialContext = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			host.Go(func() {
				defer far.Close()
				if _, err := http.ReadRequest(bufio.NewReader(far)); err != nil {
					t.Error(err)
				}
				time.Sleep(59 * time.Second)
				io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate")
			})
			return near, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "POST", "http://127.0.0.1/", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := Fetch(client, r, 100); err != nil || string(answer.Body) != "late" {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var inner atomic.Int32
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inner.Add(1) }))
	t.Cleanup(private.Close)
	server, _ := counted(t, http.RedirectHandler(private.URL, http.StatusTemporaryRedirect))
	client := Client(Options{TLS: trusting(server), Guard: Guard{AllowInsecure: true}})
	answer, err := fetch(t, client, "POST", server.URL)
	if err != nil || answer.Status != 307 || answer.OK() {
		t.Fatalf("%+v, %v; want the 307 itself", answer, err)
	}
	if inner.Load() != 0 {
		t.Fatal("the redirect was followed")
	}
}

func TestNoProxy(t *testing.T) {
	proxy, connections := counted(t, hello)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	client := Client(Options{})
	for _, transport := range []*http.Transport{client.Transport.(*schemes).secure,
		Client(Options{Guard: Guard{AllowInsecure: true}}).Transport.(*schemes).plain} {
		if transport.Proxy != nil {
			t.Error("a proxy is used")
		}
	}
	if _, err := fetch(t, client, "POST", "https://10.0.0.1/"); err == nil {
		t.Error("10.0.0.1 was reached")
	}
	if connections.Load() != 0 {
		t.Error("the proxy of the environment was asked")
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(hello)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.Config.ErrorLog = silent()
	server.StartTLS()
	t.Cleanup(server.Close)
	conf := trusting(server)
	conf.MinVersion = tls.VersionTLS10
	_, err := fetch(t, Client(Options{TLS: conf, Guard: Guard{AllowInsecure: true}}), "POST", server.URL)
	if err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Fatalf("%v; want TLS 1.1 refused", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		check   func(*Answer, error) bool
	}{
		"big body": {func(w http.ResponseWriter, _ *http.Request) {
			for range 1024 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, func(a *Answer, err error) bool { return err == nil && a.OK() && len(a.Body) == maxKeptBytes }},
		"big head": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Big", strings.Repeat("x", 2*maxHeaderBytes))
		}, func(_ *Answer, err error) bool { return err != nil }},
		"body cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(503)
			io.WriteString(w, "the beginning")
		}, func(a *Answer, err error) bool {
			return err == nil && a.Status == 503 && string(a.Body) == "the beginning" && !a.Stalled
		}},
		"connection cut": {func(w http.ResponseWriter, _ *http.Request) {
			panic(http.ErrAbortHandler)
		}, func(_ *Answer, err error) bool { return err != nil && !Silent(err) }},
		"garbage": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				io.WriteString(conn, "\x00\xff\x13garbage\r\n\r\n")
				conn.Close()
			}
		}, func(_ *Answer, err error) bool { return err != nil && !Silent(err) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			server.Config.ErrorLog = silent()
			t.Cleanup(server.Close)
			answer, err := fetch(t, Client(Options{Guard: Guard{AllowInsecure: true}}), "POST", server.URL)
			if !c.check(answer, err) {
				t.Errorf("%+v, %v", answer, err)
			}
		})
	}
}

func TestConnectionsAreReused(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, maxReadBytes)) // as much as is read
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := Client(Options{Guard: Guard{AllowInsecure: true}})
	for range 20 {
		if _, err := fetch(t, client, "POST", server.URL); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 20 requests in a row", n)
	}
}

func TestExplainHidesTheURL(t *testing.T) {
	_, err := fetch(t, Client(Options{}), "POST", "https://127.0.0.1/path?key=sesame")
	if text := Explain(err); strings.Contains(text, "sesame") || !strings.Contains(text, insecureFlag) {
		t.Errorf("%q", text)
	}
}
