package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"mime"
	"net/mail"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// account is the settings of one account; what is sealed is the text after "sealed:".
type account struct {
	gateway switchyard.Gateway
	secrets map[string]string
}

func (a account) Provider(string, string) (effects.ProviderSettings, bool) {
	return effects.ProviderSettings{}, false
}

func (a account) Gateway(_, kind, name string) (switchyard.Gateway, bool) {
	return a.gateway, kind == "email" && name == "mail"
}

func (a account) Secret(_, key string) (switchyard.Sealed, bool) {
	s, known := a.secrets[key]
	return switchyard.Sealed("sealed:" + s), known
}

func open(sealed switchyard.Sealed) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), "sealed:")
	if !ok {
		return nil, errors.New("not sealed")
	}
	return []byte(plain), nil
}

var message = switchyard.Effect{ID: switchyard.NewID(1, 7, 3), Kind: switchyard.EffectEmail, Gateway: "mail",
	From: "Ada <ada@example.com>", To: []string{"grace@example.org", "Bo <bo@example.org>"},
	Subject: "Grüße, 雨", Message: "Guten Tag\n.\nEnde", HTML: "<p>Guten Tag</p>"}

// attempt sends the message through a gateway of the server.
func attempt(t *testing.T, s *mailServer, change func(*account)) effects.Outcome {
	t.Helper()
	a := account{gateway: switchyard.Gateway{Type: "smtp", Host: "127.0.0.1", Port: s.port(), Username: "me",
		Password: "sealed:open #(word)"}, secrets: map[string]string{"word": "sesame"}}
	if change != nil {
		change(&a)
	}
	p := New(Options{Log: slog.New(slog.DiscardHandler), Guard: egress.Guard{AllowInsecure: true}, TLS: &tls.Config{RootCAs: s.roots},
		Lookup: a, Open: open})
	e := message
	return p.Attempt(context.Background(), "acme", &e)
}

func TestDelivery(t *testing.T) {
	for _, c := range []struct {
		name   string
		server func(*mailServer)
		tls    string
		secure bool
	}{
		{"starttls", nil, "", true},
		{"tls from the first byte", func(s *mailServer) { s.first = true }, "tls", true},
		{"in the clear on this machine", func(s *mailServer) { s.plain = true }, "none", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newMailServer(t, c.server)
			o := attempt(t, s, func(a *account) {
				if a.gateway.TLS = c.tls; c.tls == "none" {
					a.gateway.Username, a.gateway.Password = "", ""
				}
			})
			if !o.OK || o.MessageID != "<"+message.ID.String()+"@example.com>" {
				t.Fatalf("%+v", o)
			}
			if len(s.messages) != 1 || s.secure[0] != c.secure {
				t.Fatalf("%d messages, secure %v", len(s.messages), s.secure)
			}
			if got := strings.Join(s.to, " "); got != "TO:<grace@example.org> TO:<bo@example.org>" {
				t.Errorf("to %s", got)
			}
			if c.secure && (len(s.signedIn) != 1 || s.signedIn[0] != "me:open sesame") {
				t.Errorf("signed in as %q", s.signedIn)
			}
			read, err := mail.ReadMessage(strings.NewReader(s.messages[0]))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
			if err != nil || subject != message.Subject {
				t.Errorf("subject %q, %v", subject, err)
			}
			if kind := read.Header.Get("Content-Type"); !strings.HasPrefix(kind, "multipart/alternative") {
				t.Errorf("content type %s", kind)
			}
		})
	}
}

// What goes wrong is told, with what the server said and without the password; only what a later
// attempt can better is tried again.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		server func(*mailServer)
		change func(*account)
		want   effects.Outcome
		detail string
	}{
		{"no such recipient", answers("RCPT", "550 no such user"), nil, effects.Outcome{GiveUp: true, Status: 550}, "no such user"},
		{"later", answers("RCPT", "451 try later"), nil, effects.Outcome{Status: 451}, "try later"},
		{"full", answers("taken", "452 disk full"), nil, effects.Outcome{Status: 452}, "disk full"},
		{"refused after all", answers("taken", "554 spam"), nil, effects.Outcome{GiveUp: true, Status: 554}, "spam"},
		{"wrong password", answers("AUTH", "535 you sent open sesame"), nil, effects.Outcome{GiveUp: true, Status: 535}, "you sent ***"},
		{"no STARTTLS", func(s *mailServer) { s.plain = true }, nil, effects.Outcome{}, "STARTTLS"},
		{"cut", answers("DATA", "cut"), nil, effects.Outcome{}, "EOF"},
		{"garbage", answers("greeting", "hello there"), nil, effects.Outcome{}, "hello there"},
		{"hang", answers("MAIL", "hang"), func(a *account) { d := 200 * switchyard.Millisecond; a.gateway.Timeout = &d },
			effects.Outcome{Silent: true}, "time"},
		{"no secret", nil, func(a *account) { a.secrets = nil }, effects.Outcome{}, `no secret "word"`},
		{"no sender", nil, nil, effects.Outcome{GiveUp: true}, "no sender"},
		{"another's certificate", nil, func(a *account) { a.gateway.Host = "localhost" }, effects.Outcome{}, "certificate"},
		{"unknown gateway type", nil, func(a *account) { a.gateway.Type = "pigeon" }, effects.Outcome{GiveUp: true}, "pigeon"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newMailServer(t, c.server)
			if c.name == "no sender" {
				from := message.From
				message.From = ""
				defer func() { message.From = from }()
			}
			o := attempt(t, s, c.change)
			if !strings.Contains(o.Detail, c.detail) || strings.Contains(o.Detail, "sesame") {
				t.Errorf("detail %q, want %q in it", o.Detail, c.detail)
			}
			if o.Detail = ""; !reflect.DeepEqual(o, c.want) {
				t.Errorf("%+v, want %+v", o, c.want)
			}
		})
	}
}

func answers(verb, answer string) func(*mailServer) {
	return func(s *mailServer) { s.answers = map[string]string{verb: answer} }
}

// A mail server on this machine, or in the network behind it, is out of reach unless the server was
// started so.
func TestGuard(t *testing.T) {
	s := newMailServer(t, nil)
	for _, way := range []string{"", "tls", "none"} {
		a := account{gateway: switchyard.Gateway{Type: "smtp", Host: "127.0.0.1", Port: s.port(), TLS: way}}
		p := New(Options{Log: slog.New(slog.DiscardHandler), Lookup: a, Open: open})
		e := message
		if o := p.Attempt(context.Background(), "acme", &e); o.OK || !strings.Contains(o.Detail, "--allow-insecure-endpoints") {
			t.Errorf("tls %q: %+v", way, o)
		}
	}
	if len(s.messages) != 0 {
		t.Error("a message went out")
	}
}

func TestLogGateway(t *testing.T) {
	var log bytes.Buffer
	p := New(Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Lookup: account{gateway: switchyard.Gateway{Type: "log"}}, Open: open})
	e := message
	if o := p.Attempt(context.Background(), "acme", &e); !o.OK {
		t.Fatalf("%+v", o)
	}
	for _, part := range []string{"Guten Tag", "grace@example.org", "Grüße"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %q: %s", part, log.String())
		}
	}
}
