package sms

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/effects"
	"switchyard/internal/effects/template"
)

const defaultTimeout = 10 * time.Second

func timeout(g switchyard.Gateway) time.Duration {
	if g.Timeout == nil || *g.Timeout <= 0 {
		return defaultTimeout
	}
	return g.Timeout.Std()
}

// valuesOf are what $(Name) reads in a gateway's texts.
func valuesOf(e *switchyard.Effect) plan.Known {
	return plan.NewKnown(map[string]string{"From": e.From, "To": list(e.To), "Message": e.Message, "ID": e.ID.String()})
}

// request makes the request a gateway of type http describes.
func request(ctx context.Context, t *template.Filler, g switchyard.Gateway, id switchyard.ID) (*http.Request, error) {
	to, err := t.URL(g.URL)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf(t, g.Body)
	if err != nil {
		return nil, err
	}
	method := g.Method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, strings.ToUpper(method), to.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("method %q of the gateway is no HTTP method", method)
	}
	for name, text := range g.Headers {
		value, err := header(t, name, text)
		if err != nil {
			return nil, err
		}
		r.Header.Set(name, value)
	}
	if r.Header.Get("Idempotency-Key") == "" {
		r.Header.Set("Idempotency-Key", id.String())
	}
	return r, nil
}

func bodyOf(t *template.Filler, sealed string) (string, error) {
	text, err := t.Unseal(sealed)
	if err != nil {
		return "", fmt.Errorf("body of the gateway: %w", err)
	}
	t.HideLiterals(text)
	return t.Fill("body", text)
}

func header(t *template.Filler, name, sealed string) (string, error) {
	text, err := t.Unseal(sealed)
	if err != nil {
		return "", fmt.Errorf("header %s of the gateway: %w", name, err)
	}
	value, err := t.Header(name, text)
	if !shown[switchyard.CaseKey(name)] {
		t.Hide(effects.Credentials(value)...)
	}
	return value, err
}

// shown are the headers whose values are no credentials.
var shown = map[string]bool{
	"accept": true, "content-type": true, "idempotency-key": true, "user-agent": true,
}
