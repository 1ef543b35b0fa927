package email

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// mailServer behaves like a mail server, faults included: answers says what it says to a command
// instead of what is usual; "hang" waits until the client goes, "cut" closes the connection.
type mailServer struct {
	t        *testing.T
	listener net.Listener
	conf     *tls.Config
	roots    *x509.CertPool
	first    bool // TLS from the first byte
	plain    bool // offers no STARTTLS
	answers  map[string]string

	mu       sync.Mutex
	signedIn []string // "user:password"
	from     []string
	to       []string
	messages []string
	secure   []bool // of each message
}

func newMailServer(t *testing.T, change func(*mailServer)) *mailServer {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	t.Cleanup(certified.Close)
	s := &mailServer{t: t, conf: &tls.Config{Certificates: certified.TLS.Certificates}, roots: x509.NewCertPool()}
	s.roots.AddCert(certified.Certificate())
	if change != nil {
		change(s)
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var talks sync.WaitGroup
	talks.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			talks.Go(func() { s.talk(conn) })
		}
	})
	t.Cleanup(func() {
		_ = s.listener.Close()
		talks.Wait()
	})
	return s
}

func (s *mailServer) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// talk is one connection from greeting to farewell.
func (s *mailServer) talk(conn net.Conn) {
	secure := s.first
	if secure {
		conn = tls.Server(conn, s.conf)
	}
	defer func() { _ = conn.Close() }()
	in := textproto.NewReader(bufio.NewReader(conn))
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(conn, format+"\r\n", args...) }
	if !s.special("greeting", say) {
		say("220 mail.example.com ready")
	}
	for {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		switch s.answers[verb] {
		case "hang":
			_, _ = in.ReadLine()
			return
		case "cut":
			return
		}
		if s.special(verb, say) {
			continue
		}
		switch verb {
		case "EHLO":
			say("250-mail.example.com")
			if !secure && !s.plain {
				say("250-STARTTLS")
			}
			say("250-AUTH PLAIN")
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, s.conf)
			in, secure = textproto.NewReader(bufio.NewReader(conn)), true
		case "AUTH":
			_, encoded, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(encoded)
			s.note(func() {
				s.signedIn = append(s.signedIn, strings.Trim(strings.ReplaceAll(string(plain), "\x00", ":"), ":"))
			})
			say("235 welcome")
		case "MAIL":
			s.note(func() { s.from = append(s.from, rest) })
			say("250 ok")
		case "RCPT":
			s.note(func() { s.to = append(s.to, rest) })
			say("250 ok")
		case "DATA":
			say("354 go on")
			text, err := in.ReadDotBytes()
			if err != nil {
				return
			}
			s.note(func() { s.messages, s.secure = append(s.messages, string(text)), append(s.secure, secure) })
			if !s.special("taken", say) {
				say("250 taken")
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// special answers out of the ordinary.
func (s *mailServer) special(verb string, say func(string, ...any)) bool {
	answer, special := s.answers[verb]
	if special {
		say("%s", answer)
	}
	return special
}

func (s *mailServer) note(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}
