// Package sms sends messages to people through the gateways of an account: type log writes them to
// the server's log, type http sends the request the account file describes, types vonage and twilio
// speak to those vendors and read the receipts they send.
//
// It imports the root package, internal/core/plan, internal/effects, and of that egress and
// template.
package sms

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
	"switchyard/internal/effects/template"
)

// The types of gateways.
const (
	typeLog  = "log"
	typeHTTP = "http"
)

// kind of gateway in the account file.
const kind = "sms"

// Options of the performer; all but PublicURL are required.
type Options struct {
	Log    *slog.Logger // where gateways of type log write
	Client *http.Client // from package egress
	Lookup effects.Lookup
	Open   effects.Opener

	PublicURL string // where receipts can reach this server; "" = none are asked for
}

// Performer makes attempts at messages.
type Performer struct{ o Options }

// New makes a performer.
func New(o Options) *Performer { return &Performer{o} }

// Attempt implements effects.Performer with the gateway's settings of this moment.
func (p *Performer) Attempt(ctx context.Context, account string, e *switchyard.Effect) effects.Outcome {
	gateway, known := p.o.Lookup.Gateway(account, kind, e.Gateway)
	if !known {
		return effects.GiveUp("the account has no SMS gateway %q any more", e.Gateway)
	}
	switch gateway.Type {
	case typeLog:
		return p.write(ctx, account, e)
	case typeHTTP:
		return p.send(ctx, account, gateway, e)
	case switchyard.GatewayVonage:
		return p.deliver(ctx, account, gateway, e, vonageOf(gateway))
	case switchyard.GatewayTwilio:
		return p.deliver(ctx, account, gateway, e, twilio{})
	}
	return effects.GiveUp("SMS gateway %q has type %q; the types are log, http, vonage and twilio", e.Gateway, gateway.Type)
}

// write puts the whole message into the log: that is what the type is for.
func (p *Performer) write(ctx context.Context, account string, e *switchyard.Effect) effects.Outcome {
	p.o.Log.LogAttrs(ctx, slog.LevelInfo, "sms", slog.String("account", account),
		slog.String("effect", e.ID.String()), slog.String("interaction", e.Interaction.String()),
		slog.String("gateway", e.Gateway), slog.String("from", e.From), slog.String("to", list(e.To)),
		slog.Int("count", len(e.To)), slog.String("message", e.Message))
	return effects.Outcome{OK: true, Detail: "written to the log"}
}

func (p *Performer) send(ctx context.Context, account string, g switchyard.Gateway, e *switchyard.Effect) effects.Outcome {
	t := template.New(template.Options{Of: "the gateway", Values: valuesOf(e), Open: p.o.Open,
		Secret: func(key string) (switchyard.Sealed, bool) { return p.o.Lookup.Secret(account, key) }})
	ctx, cancel := context.WithTimeout(ctx, timeout(g))
	defer cancel()
	message, err := request(ctx, t, g, e.ID)
	if err != nil {
		return effects.Outcome{GiveUp: !t.UnsealFailed, Detail: t.Excerpt(err.Error())}
	}
	answer, err := egress.Do(p.o.Client, message)
	if err != nil {
		return effects.Outcome{Silent: egress.Silent(err), Detail: t.Excerpt(egress.Explain(err))}
	}
	return effects.Outcome{
		OK:     answer.OK(),
		GiveUp: !answer.OK() && answer.Status != http.StatusTooManyRequests && answer.Status < 500,
		Silent: answer.Stalled,
		Status: answer.Status, RetryAfter: answer.RetryAfter(time.Now()),
		Detail: t.Excerpt(string(answer.Body)),
	}
}

// list writes recipients as $(To) has them.
func list(to []string) string { return strings.Join(to, ",") }
