// Package callback tells providers what happened to their interactions: one signed POST for each
// notification, as CONTRACT.md §5 has it.
//
// It imports the root package, internal/effects, internal/effects/egress and the Standard Webhooks
// library, which makes the signatures.
package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
)

// Timeout bounds one attempt, from the look-up of the address to the end of the answer.
const Timeout = 10 * time.Second

// Options of the performer; Now and Timeout may be left out.
type Options struct {
	Client  *http.Client // from package egress
	Lookup  effects.Lookup
	Open    effects.Opener
	Version string           // of the server, for User-Agent
	Now     func() time.Time // the real clock, for webhook-timestamp; nil = time.Now
	Timeout time.Duration    // of one attempt in all; 0 = Timeout
}

// Performer makes attempts at callbacks.
type Performer struct{ o Options }

// New makes a performer.
func New(o Options) *Performer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout == 0 {
		o.Timeout = Timeout
	}
	return &Performer{o}
}

// Attempt implements effects.Performer with the provider's settings of this moment.
func (p *Performer) Attempt(ctx context.Context, account string, e *switchyard.Effect) effects.Outcome {
	settings, known := p.o.Lookup.Provider(account, e.Provider)
	if !known || settings.Endpoint == "" {
		return effects.GiveUp("provider %q has no endpoint any more", e.Provider)
	}
	keys, err := p.open(settings)
	if err != nil {
		return effects.Outcome{Detail: fmt.Sprintf("open the credentials of provider %q: %v", e.Provider, err)}
	}
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	request, err := p.request(ctx, settings.Endpoint, e.ID, Body(account, e), keys)
	if err != nil {
		// What such an error names may be a part of the endpoint or of a secret.
		return effects.Outcome{Detail: effects.Excerpt(err.Error(), keys.masked(), effects.MaxDetailBytes)}
	}
	answer, err := egress.Do(p.o.Client, request)
	if err != nil {
		detail := effects.Excerpt(egress.Explain(err), keys.masked(), effects.MaxDetailBytes)
		return effects.Outcome{Silent: egress.Silent(err), Detail: detail}
	}
	o := effects.Outcome{OK: answer.OK(), Silent: answer.Stalled, Status: answer.Status,
		RetryAfter: answer.RetryAfter(time.Now())}
	if len(answer.Body) > 0 {
		o.Detail = effects.Excerpt(string(answer.Body), keys.masked(), effects.MaxDetailBytes)
	}
	return o
}

// notification is the body's only element; the order of members is that of the contract.
type notification struct {
	Notification string `json:"notification"`
	ObjectID     string `json:"objectid"`
	ID           string `json:"notificationid"`
	Params       params `json:"params"`
}

type params struct {
	AccountName string `json:"AccountName"`
	Agent       string `json:"Agent,omitzero"`
	AgentID     string `json:"AgentId,omitzero"`
}

// Body is what is posted: the same bytes for each attempt at the same effect.
func Body(account string, e *switchyard.Effect) []byte {
	body, err := json.Marshal([]notification{{
		Notification: e.Notification,
		ObjectID:     e.ExternalID,
		ID:           e.ID.String(),
		Params:       params{AccountName: account, Agent: e.Agent, AgentID: e.AgentID},
	}}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("marshal a notification of plain strings: " + err.Error())
	}
	return body
}

// credentials are a provider's settings, opened for one attempt.
type credentials struct {
	headers map[string]string
	signing []string
}

func (p *Performer) open(s effects.ProviderSettings) (credentials, error) {
	var c credentials
	if s.Headers != "" {
		text, err := p.o.Open(s.Headers)
		if err != nil {
			return c, fmt.Errorf("unseal headers: %w", err)
		}
		if json.Unmarshal(text, &c.headers) != nil {
			// The library's error would quote the text.
			return c, errors.New("the sealed headers are no JSON object of strings")
		}
	}
	for _, sealed := range s.Secrets {
		secret, err := p.o.Open(sealed)
		if err != nil {
			return c, fmt.Errorf("unseal signing secret: %w", err)
		}
		c.signing = append(c.signing, string(secret))
	}
	return c, nil
}

// masked lists everything a detail must not show.
func (c credentials) masked() []string {
	var all []string
	for _, value := range c.headers {
		all = append(all, effects.Credentials(value)...)
	}
	for _, secret := range c.signing {
		all = append(all, secret, strings.TrimPrefix(secret, "whsec_"))
	}
	return all
}

func (p *Performer) request(ctx context.Context, endpoint string, id switchyard.ID, body []byte, c credentials) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the provider's endpoint is no URL; register it again")
	}
	r.Header.Set("User-Agent", "Switchyard/"+p.o.Version)
	for name, value := range c.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	now := p.o.Now()
	signature, err := Sign(c.signing, id, now, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set(standardwebhooks.HeaderWebhookID, id.String())
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	// Present but empty is how net/http is told, without a header on the wire, that it may send the
	// request again when a kept connection turns out to be closed: a receiver knows repeats by id.
	r.Header["Idempotency-Key"] = []string{}
	return r, nil
}

// Sign makes the webhook-signature: one signature for each secret, separated by spaces, so that a
// receiver that still has the old secret finds one it can verify.
func Sign(secrets []string, id switchyard.ID, at time.Time, body []byte) (string, error) {
	var all []string
	for _, secret := range secrets {
		hook, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return "", errors.New("a signing secret of the provider is not base64; rotate it")
		}
		signature, err := hook.Sign(id.String(), at, body)
		if err != nil {
			return "", fmt.Errorf("sign the notification: %w", err)
		}
		all = append(all, signature)
	}
	if len(all) == 0 {
		return "", errors.New("the provider has no signing secret; rotate it")
	}
	return strings.Join(all, " "), nil
}
