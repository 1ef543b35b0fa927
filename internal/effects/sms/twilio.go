package sms

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"

	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
)

// Where Twilio's API is (www.twilio.com/docs/messaging/api/message-resource).
const (
	twilioOrigin = "https://api.twilio.com"
	twilioPath   = "/2010-04-01/Accounts/%s/Messages.json"
)

type twilio struct{}

func (twilio) request(ctx context.Context, m *outgoing) (*http.Request, error) {
	sid, err := m.filler.Fill("sid", m.gateway.SID)
	if err != nil {
		return nil, err
	}
	token, err := m.credential("secret", m.gateway.Secret)
	if err != nil {
		return nil, err
	}
	origin, err := m.origin(twilioOrigin)
	if err != nil {
		return nil, err
	}
	values := url.Values{"To": {plusNumber(m.to())}, "Body": {m.Message}}
	if from := m.sender(); from != "" {
		values.Set("From", plusNumber(from))
	}
	if service := m.gateway.MessagingService; service != "" {
		values.Set("MessagingServiceSid", service)
	} else if m.sender() == "" {
		return nil, errSender
	}
	if m.receipt != "" {
		values.Set("StatusCallback", m.receipt)
	}
	r, err := form(ctx, origin+fmt.Sprintf(twilioPath, url.PathEscape(sid)), values)
	if err == nil {
		m.basic(r, sid, token)
	}
	return r, err
}

// judge reads 201 with the message, or an error with Twilio's own code.
func (twilio) judge(_ *outgoing, a *egress.Answer) effects.Outcome {
	var answer struct {
		SID     string `json:"sid"`
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	err := json.Unmarshal(a.Body, &answer)
	switch {
	case a.OK() && err == nil && a.Broken == nil && answer.SID != "":
		return effects.Outcome{OK: true, MessageID: answer.SID}
	case a.OK() || err != nil || answer.Message == "":
		return unreadable(a)
	}
	return effects.Outcome{GiveUp: !later(a.Status), Detail: fmt.Sprintf("error %d: %s", answer.Code, answer.Message)}
}
