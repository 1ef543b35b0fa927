package sms

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
	"switchyard/internal/effects/template"
)

// maxAnswerBytes is how much of a vendor's answer is read: it has one message in it.
const maxAnswerBytes = 64 << 10

// Vendor is what differs between the companies that carry messages.
type vendor interface {
	// request makes the request that sends a message.
	request(ctx context.Context, m *outgoing) (*http.Request, error)
	// judge reads the answer; the outcome's status and what the answer asks to wait are filled in.
	judge(m *outgoing, a *egress.Answer) effects.Outcome
}

// outgoing is one message to one recipient, on its way through a vendor's gateway.
type outgoing struct {
	*switchyard.Effect
	gateway switchyard.Gateway
	filler  *template.Filler
	receipt string // the URL that receipts are to come to; "" = none are wanted
}

// to is the message's recipient: the plan asks vendors for one effect a recipient.
func (m *outgoing) to() string { return m.To[0] }

// sender is the message's, or the gateway's own.
func (m *outgoing) sender() string {
	if m.From != "" {
		return m.From
	}
	return m.gateway.From
}

// credential opens and fills in a sealed setting of the gateway.
func (m *outgoing) credential(name, sealed string) (string, error) {
	return credential(m.filler, name, sealed)
}

// credential opens and fills in a sealed setting of a gateway. Nothing shows it afterwards.
func credential(f *template.Filler, name, sealed string) (string, error) {
	text, err := f.Unseal(sealed)
	if err != nil {
		return "", fmt.Errorf("%s of the gateway: %w", name, err)
	}
	if !strings.Contains(text, "#(") {
		f.Hide(text)
		return text, nil
	}
	text, err = f.Fill(name, text)
	f.Hide(text)
	return text, err
}

// origin is where the vendor's API is, without a path.
func (m *outgoing) origin(usual string) (string, error) {
	if m.gateway.URL == "" {
		return usual, nil
	}
	u, err := m.filler.URL(m.gateway.URL)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host, nil
}

// basic puts credentials on a request.
func (m *outgoing) basic(r *http.Request, user, password string) {
	m.filler.Hide(base64.StdEncoding.EncodeToString([]byte(user + ":" + password)))
	r.SetBasicAuth(user, password)
}

// deliver makes one attempt through a vendor.
func (p *Performer) deliver(ctx context.Context, account string, g switchyard.Gateway, e *switchyard.Effect, v vendor) effects.Outcome {
	if len(e.To) != 1 {
		return effects.GiveUp("the message has %d recipients, and a gateway of type %s takes one; "+
			"it was asked for when the gateway had another type", len(e.To), g.Type)
	}
	f := p.filler(account)
	m := &outgoing{Effect: e, gateway: g, filler: f, receipt: p.receiptURL(account, g, e)}
	ctx, cancel := context.WithTimeout(ctx, timeout(g))
	defer cancel()
	r, err := v.request(ctx, m)
	if err != nil {
		return effects.Outcome{GiveUp: !f.UnsealFailed, Detail: f.Excerpt(err.Error())}
	}
	// Not every vendor takes an id of ours (Twilio takes none), and whatever stands between here and
	// there is to know a message that comes again, too.
	r.Header.Set("Idempotency-Key", e.ID.String())
	answer, err := egress.Fetch(p.o.Client, r, maxAnswerBytes)
	if err != nil {
		return effects.Outcome{Silent: egress.Silent(err), Detail: f.Excerpt(egress.Explain(err))}
	}
	o := v.judge(m, answer)
	o.Status, o.Silent, o.RetryAfter = answer.Status, answer.Stalled, answer.RetryAfter(time.Now())
	o.Detail, o.MessageID = f.Excerpt(o.Detail), f.Excerpt(o.MessageID)
	return o
}

// filler fills in the settings of a gateway of the account, which read secrets and no values.
func (p *Performer) filler(account string) *template.Filler {
	return template.New(template.Options{Of: "the gateway", Values: plan.NewKnown(nil), Open: p.o.Open,
		Secret: func(key string) (switchyard.Sealed, bool) { return p.o.Lookup.Secret(account, key) }})
}

// receiptURL is where receipts of a message come to; "" when nobody can send any, or when they could
// not be checked.
func (p *Performer) receiptURL(account string, g switchyard.Gateway, e *switchyard.Effect) string {
	if p.o.PublicURL == "" || g.Type == switchyard.GatewayVonage && g.Signature == "" {
		return ""
	}
	return ReceiptURL(p.o.PublicURL, account, e.Gateway, e.Interaction, e.ID)
}

// ReceiptURL is where receipts of a message come to.
func ReceiptURL(public, account, gateway string, interaction, effect switchyard.ID) string {
	return strings.TrimRight(public, "/") + "/hooks/sms/" + url.PathEscape(account) + "/" + url.PathEscape(gateway) + "/" +
		interaction.String() + "/" + effect.String()
}

// later reports whether a status says that another attempt may succeed.
func later(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500
}

// unreadable is the outcome of an answer that is not what the vendor documents: something between
// here and there gave it, or it was cut.
func unreadable(a *egress.Answer) effects.Outcome {
	if a.Broken != nil {
		return effects.Outcome{Detail: "the answer broke off: " + egress.Explain(a.Broken)}
	}
	return effects.Outcome{GiveUp: !later(a.Status) && !a.OK(),
		Detail: "the answer is none of the vendor's API: " + string(a.Body)}
}

// form makes a request with a form for its body.
func form(ctx context.Context, to string, values url.Values) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	return r, nil
}

// bareNumber is a number as a vendor without plus wants it.
func bareNumber(number string) string {
	if plain, international := strings.CutPrefix(number, "+"); international {
		return plain
	}
	return strings.TrimPrefix(number, "00")
}

// shortestNumber is the length from which digits are a telephone number rather than a short code.
const shortestNumber = 9

// plusNumber is a number as a vendor with plus wants it (E.164). A number that begins with one zero
// is of no country; the vendor says so.
func plusNumber(number string) string {
	bare := bareNumber(number)
	if bare == number && (len(number) < shortestNumber || !digits(number) || number[0] == '0') {
		return number
	}
	return "+" + bare
}

func digits(text string) bool { return strings.Trim(text, "0123456789") == "" }
