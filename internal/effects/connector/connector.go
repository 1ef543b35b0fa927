// Package connector makes the requests of data connectors and reads what plans want of the answers.
//
// It imports the root package, internal/core/plan for allow lists and templates, internal/extract,
// internal/effects, and of that egress and template.
package connector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
	"switchyard/internal/effects/template"
	"switchyard/internal/extract"
)

// maxAnswerBytes is the longest body of an answer that is read.
const maxAnswerBytes = 1 << 20

// Lookup answers what the settings of an account are at this moment, as effects.Lookup does.
type Lookup interface {
	Secret(account, key string) (switchyard.Sealed, bool)
	Connectors(account string) *switchyard.ConnectorSettings // nil = no limits of the account's own
}

// Options of the performer; all are required.
type Options struct {
	Client *http.Client // from package egress
	Lookup Lookup
	Open   effects.Opener
}

// Performer makes attempts at requests of data connectors.
type Performer struct{ o Options }

// New makes a performer.
func New(o Options) *Performer { return &Performer{o} }

// Attempt implements effects.Performer.
func (p *Performer) Attempt(ctx context.Context, account string, e *switchyard.Effect) effects.Outcome {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(e.Connector.TimeoutMillis)*time.Millisecond)
	defer cancel()
	a := &attempt{effect: e, call: e.Connector, fill: template.New(template.Options{
		Of: "the data connector", Values: plan.NewKnown(e.Values), Open: p.o.Open,
		Secret: func(key string) (switchyard.Sealed, bool) { return p.o.Lookup.Secret(account, key) }})}
	request, err := a.request(ctx)
	if err == nil {
		err = a.allowed(request, p.o.Lookup.Connectors(account))
	}
	if err != nil {
		return effects.Outcome{GiveUp: !a.fill.UnsealFailed, Detail: a.fill.Excerpt(err.Error()), Exchange: a.exchange}
	}
	answer, err := egress.Fetch(p.o.Client, request, maxAnswerBytes)
	if err != nil {
		return a.unanswered(ctx, err)
	}
	return a.answered(ctx, answer)
}

// attempt is one attempt.
type attempt struct {
	effect   *switchyard.Effect
	call     *switchyard.ConnectorCall
	fill     *template.Filler
	exchange *switchyard.Exchange // nil until the request is made
}

func (a *attempt) request(ctx context.Context) (*http.Request, error) {
	to, err := a.fill.URL(a.call.URL)
	if err != nil {
		return nil, err
	}
	body, err := a.fill.Fill("body", a.call.Body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, a.call.Method, to.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("method %q of the data connector is no HTTP method", a.call.Method)
	}
	for name, text := range a.call.Headers {
		value, err := a.fill.Header(name, text)
		if err != nil {
			return nil, err
		}
		r.Header.Set(name, value)
		if plan.CredentialHeader(name) {
			a.fill.Hide(effects.Credentials(value)...)
		}
	}
	setDefault(r.Header, "Idempotency-Key", a.effect.ID.String())
	setDefault(r.Header, "User-Agent", "Switchyard")
	a.exchange = &switchyard.Exchange{Method: r.Method, URL: a.fill.Shown(to.Redacted(), switchyard.MaxTimelineBodyBytes),
		RequestHeaders: a.headers(r.Header), RequestBody: a.shown(body)}
	return r, nil
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}

// allowed holds the host against the account's allow list, now that secrets are filled in.
func (a *attempt) allowed(r *http.Request, set *switchyard.ConnectorSettings) error {
	host := r.URL.Host
	if r.URL.Port() == "" && r.URL.Scheme == "http" {
		host += ":80"
	}
	if !plan.Allows(set, host) {
		return fmt.Errorf("the account's data connectors may not reach %s; add it to settings.connectors.allow", r.URL.Host)
	}
	return nil
}

// unanswered is the outcome of an attempt nothing came back from.
func (a *attempt) unanswered(ctx context.Context, err error) effects.Outcome {
	var refused *egress.Refused
	over := errors.Is(ctx.Err(), context.DeadlineExceeded)
	silent := over || egress.Silent(err)
	return effects.Outcome{Silent: silent, Timeout: silent, GiveUp: over || errors.As(err, &refused),
		Detail: a.fill.Excerpt(egress.Explain(err)), Exchange: a.exchange}
}

// answered is the outcome of an attempt that was answered, well or not. What is wanted of the answer
// is read in both cases, as far as it can be.
func (a *attempt) answered(ctx context.Context, answer *egress.Answer) effects.Outcome {
	a.exchange.Status = answer.Status
	a.exchange.AnswerHeaders = a.headers(answer.Header)
	a.exchange.AnswerBody = a.shown(string(answer.Body))
	o := effects.Outcome{Status: answer.Status, Exchange: a.exchange, RetryAfter: answer.RetryAfter(time.Now())}
	broken := incomplete(answer)
	values, unread := a.read(answer, broken == "")
	o.Values = values
	switch {
	case answer.Stalled:
		o.Silent, o.Timeout, o.GiveUp = true, true, ctx.Err() != nil
		o.Detail = "the answer began and was not through within the time limit"
	case !answer.OK():
		o.GiveUp = answer.Status != http.StatusTooManyRequests && answer.Status != http.StatusRequestTimeout && answer.Status < 500
		o.Detail = refusal(answer.Status)
	case broken != "":
		o.Detail, o.GiveUp = broken, answer.Broken == nil
	case unread != nil:
		o.Detail, o.GiveUp = a.fill.Excerpt(unread.Error()), true
	default:
		o.OK = true
	}
	return o
}

// incomplete says why the body of an answer cannot be used; "" = it can.
func incomplete(answer *egress.Answer) string {
	encoding := answer.Header.Get("Content-Encoding")
	switch {
	case answer.Longer:
		return fmt.Sprintf("the answer is longer than %d bytes, the most that is read", maxAnswerBytes)
	case answer.Broken != nil:
		return "the answer breaks off"
	case encoding != "" && !strings.EqualFold(encoding, "identity"):
		return "the answer is compressed, though it was not asked to be"
	}
	return ""
}

func refusal(status int) string {
	text := fmt.Sprintf("answered %d %s", status, http.StatusText(status))
	if status >= 300 && status <= 399 {
		text += "; redirects are not followed"
	}
	return strings.TrimSuffix(text, " ")
}

// read reads what is wanted of an answer, of its body only when that is whole.
func (a *attempt) read(answer *egress.Answer, whole bool) (map[string]string, error) {
	table := a.call.Result
	if !whole {
		table = map[string]string{}
		for name, text := range a.call.Result {
			if text == plan.ResultStatus || strings.HasPrefix(text, plan.ResultHeader) {
				table[name] = text
			}
		}
	}
	values, err := extract.Read(table, extract.Answer{Status: answer.Status, Header: answer.Header, Body: answer.Body})
	for name, value := range values {
		if len(value) > switchyard.MaxDataSourceBytes {
			delete(values, name)
			if err == nil {
				err = fmt.Errorf("data source %s would be longer than %d bytes", name, switchyard.MaxDataSourceBytes)
			}
			continue
		}
		values[name] = a.fill.Value(value)
	}
	if len(values) == 0 {
		values = nil
	}
	return values, err
}

func (a *attempt) shown(text string) string {
	return a.fill.Shown(text, switchyard.MaxTimelineBodyBytes)
}
