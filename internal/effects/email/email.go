// Package email sends e-mail through the gateways of an account: type log writes messages to the
// server's log, type smtp hands them to a mail server.
//
// It imports the root package, internal/core/plan for its templates, internal/effects and
// internal/effects/egress.
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
)

// The types of gateways, and the ways to speak to a mail server.
const (
	typeLog  = "log"
	typeSMTP = "smtp"

	tlsFirst = "tls"
	tlsNone  = "none"
)

const (
	defaultTimeout = 10 * time.Second
	submissionPort = 587 // RFC 6409
	tlsPort        = 465 // RFC 8314
)

// Options of the performer; all but TLS are required.
type Options struct {
	Log    *slog.Logger // where gateways of type log write
	Guard  egress.Guard // what addresses may be reached
	TLS    *tls.Config  // nil = the system's roots
	Lookup effects.Lookup
	Open   effects.Opener
}

// Performer makes attempts at e-mails.
type Performer struct{ o Options }

// New makes a performer.
func New(o Options) *Performer { return &Performer{o} }

// Attempt implements effects.Performer with the gateway's settings of this moment.
func (p *Performer) Attempt(ctx context.Context, account string, e *switchyard.Effect) effects.Outcome {
	gateway, known := p.o.Lookup.Gateway(account, plan.GatewayEmail, e.Gateway)
	if !known {
		return effects.GiveUp("the account has no e-mail gateway %q any more", e.Gateway)
	}
	switch gateway.Type {
	case typeLog:
		return p.write(ctx, account, e)
	case typeSMTP:
		return p.send(ctx, account, gateway, e)
	}
	return effects.GiveUp("e-mail gateway %q has type %q; the types are log and smtp", e.Gateway, gateway.Type)
}

// write puts the whole message into the log: that is what the type is for.
func (p *Performer) write(ctx context.Context, account string, e *switchyard.Effect) effects.Outcome {
	p.o.Log.LogAttrs(ctx, slog.LevelInfo, "email", slog.String("account", account),
		slog.String("effect", e.ID.String()), slog.String("interaction", e.Interaction.String()),
		slog.String("gateway", e.Gateway), slog.String("from", e.From), slog.String("to", strings.Join(e.To, ",")),
		slog.String("subject", e.Subject), slog.String("text", e.Message), slog.String("html", e.HTML))
	return effects.Outcome{OK: true, Detail: "written to the log"}
}

// delivery is one attempt to hand a message to a mail server.
type delivery struct {
	*Performer
	account string
	gateway switchyard.Gateway
	masked  []string // what must not be shown
	conn    net.Conn // nil before it is made
}

// close ends the connection, which the library leaves open when signing in fails.
func (d *delivery) close() {
	if d.conn != nil {
		_ = d.conn.Close()
	}
}

func (p *Performer) send(ctx context.Context, account string, g switchyard.Gateway, e *switchyard.Effect) effects.Outcome {
	d := &delivery{Performer: p, account: account, gateway: g}
	username, password, err := d.credentials()
	if err != nil {
		return effects.Outcome{Detail: d.excerpt(err.Error())} // the operator may mend the key
	}
	message, err := d.message(e)
	if err != nil {
		return effects.GiveUp("%s", d.excerpt(err.Error()))
	}
	timeout := defaultTimeout
	if g.Timeout != nil && *g.Timeout > 0 {
		timeout = g.Timeout.Std()
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client, err := d.client(username, password, timeout)
	if err != nil {
		return effects.GiveUp("%s", d.excerpt(err.Error()))
	}
	defer d.close()
	err = client.DialAndSendWithContext(ctx, message)
	if err == nil || message.IsDelivered() { // a farewell that fails undoes nothing
		return effects.Outcome{OK: true, Detail: "taken by the mail server", MessageID: message.GetMessageID()}
	}
	return d.failure(err)
}

// failure tells whether a later attempt can better it: a mail server says so with 4 or 5 as the
// first digit of its answer (RFC 5321 §4.2.1).
func (d *delivery) failure(err error) effects.Outcome {
	o := effects.Outcome{Silent: egress.Silent(err), Detail: d.excerpt(egress.Explain(err))}
	var refused *mail.SendError
	var answer *textproto.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorCode() >= 400:
		o.Status, o.GiveUp = refused.ErrorCode(), refused.ErrorCode() >= 500
	case errors.As(err, &answer):
		o.Status, o.GiveUp = answer.Code, answer.Code >= 500
	}
	return o
}

func (d *delivery) excerpt(text string) string {
	return effects.Excerpt(text, d.masked, effects.MaxDetailBytes)
}

// credentials opens the gateway's name and password, which may read secrets.
func (d *delivery) credentials() (username, password string, err error) {
	if d.gateway.Password != "" {
		plain, err := d.o.Open(switchyard.Sealed(d.gateway.Password))
		if err != nil {
			return "", "", fmt.Errorf("password of the gateway: %w", err)
		}
		password = string(plain)
	}
	if username, err = d.secrets("username", d.gateway.Username); err != nil {
		return "", "", err
	}
	if password, err = d.secrets("password", password); err != nil {
		return "", "", err
	}
	if password != "" {
		d.masked = append(d.masked, password, "\x00"+username+"\x00"+password)
	}
	return username, password, nil
}

func (d *delivery) secrets(what, text string) (string, error) {
	var failed error
	expanded, err := plan.ExpandSecrets(text, func(key string) (string, bool) {
		sealed, known := d.o.Lookup.Secret(d.account, key)
		if !known {
			return "", false
		}
		plain, err := d.o.Open(sealed)
		if err != nil {
			failed = err
			return "", false
		}
		d.masked = append(d.masked, string(plain))
		return string(plain), true
	})
	if failed != nil {
		err = failed
	}
	if err != nil {
		return "", fmt.Errorf("%s of the gateway: %w", what, err)
	}
	return expanded, nil
}

// message writes the e-mail. Its id is the effect's, so that a copy sent twice can be told.
func (d *delivery) message(e *switchyard.Effect) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	from := e.From
	if from == "" {
		from = d.gateway.From
	}
	if from == "" {
		return nil, errors.New("the message has no sender: give from in the applet or in the gateway")
	}
	if err := m.From(from); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if err := m.To(e.To...); err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	m.Subject(e.Subject)
	m.SetDate()
	_, domain, _ := strings.Cut(strings.TrimSuffix(from, ">"), "@")
	m.SetMessageIDWithValue(e.ID.String() + "@" + domain)
	switch {
	case e.Message != "" && e.HTML != "":
		m.SetBodyString(mail.TypeTextPlain, e.Message)
		m.AddAlternativeString(mail.TypeTextHTML, e.HTML)
	case e.HTML != "":
		m.SetBodyString(mail.TypeTextHTML, e.HTML)
	default:
		m.SetBodyString(mail.TypeTextPlain, e.Message)
	}
	return m, nil
}

// client makes a client for one delivery, whose connection goes through the guard.
func (d *delivery) client(username, password string, timeout time.Duration) (*mail.Client, error) {
	g := d.gateway
	port, policy := submissionPort, mail.TLSMandatory
	check := d.o.Guard.Check
	conf := &tls.Config{}
	if d.o.TLS != nil {
		conf = d.o.TLS.Clone()
	}
	conf.MinVersion, conf.ServerName = max(conf.MinVersion, tls.VersionTLS12), g.Host
	switch g.TLS {
	case tlsFirst:
		port, policy = tlsPort, mail.NoTLS // the dialer encrypts
	case tlsNone:
		if !d.o.Guard.AllowInsecure {
			return nil, errors.New("a mail server is spoken to in the clear only when the server was started with --allow-insecure-endpoints")
		}
		policy, check = mail.NoTLS, loopbackOnly
	}
	if g.Port != 0 {
		port = g.Port
	}
	dialer := egress.Dialer(nil, check)
	options := []mail.Option{
		mail.WithPort(port), mail.WithTimeout(timeout), mail.WithTLSPolicy(policy), mail.WithTLSConfig(conf), mail.WithoutNoop(),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			d.conn = conn
			if g.TLS != tlsFirst {
				return conn, nil
			}
			secure := tls.Client(conn, conf)
			if err := secure.HandshakeContext(ctx); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return secure, nil
		}),
	}
	if g.TLS == tlsFirst {
		options = append(options, mail.WithSSL())
	}
	if username != "" {
		// Named, not discovered: the library does not see that our dialer has encrypted already. It
		// sends PLAIN and LOGIN over TLS only, whatever stands here.
		options = append(options, mail.WithUsername(username), mail.WithPassword(password), mail.WithOpportunisticSMTPAuth(
			mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5))
	}
	return mail.NewClient(g.Host, options...)
}

func loopbackOnly(addr netip.Addr) error {
	if addr.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("address %s is refused: a mail server is spoken to in the clear on this machine only; use tls: starttls", addr)
}
