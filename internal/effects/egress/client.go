// Package egress is the only way out of the server: an HTTP client whose connections are checked
// at the moment they are made, after DNS, so that nobody can make the server talk to the machine
// it runs on, to the network behind it or to a cloud's metadata service.
//
// It imports the standard library only.
package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Options of a client.
type Options struct {
	Guard
	Resolver *net.Resolver // nil = the system's
	TLS      *tls.Config   // nil = the system's roots; at least TLS 1.2 is asked for in any case
	Idle     int           // kept connections to one host; 0 = 64
}

// Limits on one exchange. The caller's context bounds the whole.
const (
	dialTimeout       = 5 * time.Second
	handshakeTimeout  = 5 * time.Second
	headerTimeout     = 65 * time.Second // for an answer's head; longer than any caller waits: data connectors up to a minute
	idleTimeout       = 90 * time.Second
	maxHeaderBytes    = 32 << 10
	defaultIdle       = 64
	insecureFlag      = "--allow-insecure-endpoints"
	idleOfAllHosts    = 8192
	maxWriteBufBytes  = 4 << 10
	keepAliveInterval = 30 * time.Second
)

// Client makes a client that follows no redirect, uses no proxy, keeps no cookies, speaks HTTP/1.1
// and HTTP/2, and reaches only what the guard lets through. Plain http goes to loopback only, and
// only with AllowInsecure.
func Client(o Options) *http.Client {
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	schemes := &schemes{secure: transport(o, o.check)}
	if o.AllowInsecure {
		schemes.plain = transport(o, checkLoopback)
	}
	return &http.Client{
		Transport:     schemes,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Dialer makes a dialer that connects only where check agrees. The check sees the address the
// connection really goes to: whatever DNS said earlier does not matter.
func Dialer(resolver *net.Resolver, check func(netip.Addr) error) *net.Dialer {
	return &net.Dialer{
		Timeout:   dialTimeout,
		KeepAlive: keepAliveInterval,
		Resolver:  resolver,
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			if network != "tcp4" && network != "tcp6" {
				return fmt.Errorf("network %s is refused: only tcp is used", network)
			}
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("read address %q: %w", address, err)
			}
			return check(to.Addr())
		},
	}
}

func (o Options) check(addr netip.Addr) error { return o.Guard.Check(addr) }

func checkLoopback(addr netip.Addr) error {
	if addr.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("address %s is refused: plain http reaches loopback only; use https", addr)
}

func transport(o Options, check func(netip.Addr) error) *http.Transport {
	conf := &tls.Config{}
	if o.TLS != nil {
		conf = o.TLS.Clone()
	}
	conf.MinVersion = max(conf.MinVersion, tls.VersionTLS12)
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            Dialer(o.Resolver, check).DialContext,
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           idleOfAllHosts,
		MaxIdleConnsPerHost:    o.Idle,
		MaxResponseHeaderBytes: maxHeaderBytes,
		WriteBufferSize:        maxWriteBufBytes,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

// schemes sends https and http over different transports, because the guard of plain http is
// narrower and a kept connection must not serve the other.
type schemes struct {
	secure *http.Transport
	plain  *http.Transport // nil when plain http is refused
}

// RoundTrip implements http.RoundTripper.
func (s *schemes) RoundTrip(r *http.Request) (*http.Response, error) {
	r = sentOnce(r)
	switch {
	case r.URL.Scheme == "https":
		return s.secure.RoundTrip(r)
	case r.URL.Scheme == "http" && s.plain != nil:
		return s.plain.RoundTrip(r)
	}
	if r.Body != nil {
		r.Body.Close()
	}
	if r.URL.Scheme == "http" {
		return nil, errors.New("plain http is refused: use https, or for a loopback address start the server with " + insecureFlag)
	}
	return nil, fmt.Errorf("scheme %q is refused: use https", r.URL.Scheme)
}

// replayed are the headers that have the standard library send a request of any method again by
// itself, when a kept connection breaks after the request was written (net/http, isReplayable).
var replayed = []string{"Idempotency-Key", "X-Idempotency-Key"}

// sentOnce keeps the transport from doing so: a POST may have done what it does, and whether it is sent
// again the core decides. The transport looks for those headers as they are usually spelled; names
// of headers compare without case (RFC 9110 §5.1), and HTTP/2 has them in lower case anyhow. A header
// without a value is not sent: with it a caller asks the transport to repeat. A request of which
// nothing was written is sent over another connection in any case.
func sentOnce(r *http.Request) *http.Request {
	once := r
	for _, name := range replayed {
		values := r.Header[name]
		if len(values) == 0 {
			continue
		}
		if once == r {
			once = r.WithContext(r.Context())
			once.Header = r.Header.Clone()
		}
		delete(once.Header, name)
		once.Header[strings.ToLower(name)] = values
	}
	return once
}

// CloseIdleConnections lets http.Client close what is kept.
func (s *schemes) CloseIdleConnections() {
	s.secure.CloseIdleConnections()
	if s.plain != nil {
		s.plain.CloseIdleConnections()
	}
}

// Explain returns what went wrong with a request without the URL, which may hold a credential.
func Explain(err error) string {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		return refused.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer within the time limit"
	case errors.Is(err, context.Canceled):
		return "cut off by the server's stop"
	}
	return err.Error()
}
