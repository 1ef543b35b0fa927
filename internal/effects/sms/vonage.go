package sms

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
)

// Where Vonage's APIs are (developer.vonage.com/en/api/sms and …/api/messages).
const (
	vonageSMSOrigin      = "https://rest.nexmo.com"
	vonageMessagesOrigin = "https://api.nexmo.com"
	vonageSMSPath        = "/sms/json"
	vonageMessagesPath   = "/v1/messages"
)

const apiMessages = "messages" // of Gateway.API

// vonageOf returns the API a gateway uses.
func vonageOf(g switchyard.Gateway) vendor {
	if g.API == apiMessages {
		return vonageMessages{}
	}
	return vonageSMS{}
}

var errSender = errors.New("the message has no sender and the gateway has none of its own: give the applet or the gateway a from")

// vonageCredentials are the key and secret of a gateway.
func vonageCredentials(m *outgoing) (key, secret string, err error) {
	if m.sender() == "" {
		return "", "", errSender
	}
	if key, err = m.filler.Fill("key", m.gateway.Key); err != nil {
		return "", "", err
	}
	secret, err = m.credential("secret", m.gateway.Secret)
	return key, secret, err
}

// vonageSMS is the SMS API.
type vonageSMS struct{}

func (vonageSMS) request(ctx context.Context, m *outgoing) (*http.Request, error) {
	key, secret, err := vonageCredentials(m)
	if err != nil {
		return nil, err
	}
	origin, err := m.origin(vonageSMSOrigin)
	if err != nil {
		return nil, err
	}
	values := url.Values{"api_key": {key}, "api_secret": {secret}, "from": {bareSender(m.sender())}, "to": {bareNumber(m.to())},
		"text": {m.Message}, "type": {vonageEncoding(m.Encoding)}, "client-ref": {refOf(m.Interaction, m.ID)}}
	if m.receipt == "" {
		values.Set("status-report-req", "0")
	} else {
		values.Set("status-report-req", "1")
		values.Set("callback", m.receipt)
	}
	return form(ctx, origin+vonageSMSPath, values)
}

// bareSender is a sender as Vonage wants it: numbers without plus, words as they are.
func bareSender(from string) string {
	if bare := bareNumber(from); digits(bare) {
		return bare
	}
	return from
}

func vonageEncoding(encoding string) string {
	if encoding == switchyard.EncodingUCS2 {
		return "unicode"
	}
	return "text"
}

// The statuses of a message in the answer of the SMS API. What is not named here no other attempt
// can better.
const (
	vonageAccepted  = "0"
	vonageThrottled = "1"
	vonageInternal  = "5"
	vonageTooMany   = "10" // connections
)

// judge reads an answer that is 200 whatever became of the message: each of its parts has a status.
func (vonageSMS) judge(_ *outgoing, a *egress.Answer) effects.Outcome {
	var answer struct {
		Messages []struct {
			Status    jsontext.Value `json:"status"`
			MessageID string         `json:"message-id"`
			ErrorText string         `json:"error-text"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(a.Body, &answer); err != nil || a.Broken != nil || len(answer.Messages) == 0 {
		return unreadable(a)
	}
	o := effects.Outcome{OK: true}
	under := false // way
	for i, part := range answer.Messages {
		status := textOf(part.Status)
		if status == vonageAccepted {
			under = true
			o.MessageID = cmp.Or(o.MessageID, part.MessageID)
			continue
		}
		if !o.OK {
			continue
		}
		o.OK, o.Detail = false, fmt.Sprintf("status %s: %s", status, part.ErrorText)
		if len(answer.Messages) > 1 {
			o.Detail = fmt.Sprintf("part %d of %d: %s", i+1, len(answer.Messages), o.Detail)
		}
		o.GiveUp = status != vonageThrottled && status != vonageInternal && status != vonageTooMany
	}
	// Once a part is on its way, another attempt would send that part again.
	o.GiveUp = !o.OK && (o.GiveUp || under)
	return o
}

// textOf is a JSON string or number as text.
func textOf(v jsontext.Value) string {
	var text string
	if v.Kind() == '"' && json.Unmarshal(v, &text) == nil {
		return text
	}
	return string(v)
}

// vonageMessages is the Messages API.
type vonageMessages struct{}

type vonageMessage struct {
	Type           string           `json:"message_type"`
	Channel        string           `json:"channel"`
	To             string           `json:"to"`
	From           string           `json:"from"`
	Text           string           `json:"text"`
	ClientRef      string           `json:"client_ref"`
	WebhookURL     string           `json:"webhook_url,omitempty"`
	WebhookVersion string           `json:"webhook_version,omitempty"`
	SMS            vonageMessageSMS `json:"sms"`
}

type vonageMessageSMS struct {
	Encoding string `json:"encoding_type"`
}

func (vonageMessages) request(ctx context.Context, m *outgoing) (*http.Request, error) {
	key, secret, err := vonageCredentials(m)
	if err != nil {
		return nil, err
	}
	origin, err := m.origin(vonageMessagesOrigin)
	if err != nil {
		return nil, err
	}
	document := vonageMessage{Type: "text", Channel: "sms", To: bareNumber(m.to()), From: bareSender(m.sender()), Text: m.Message,
		ClientRef: refOf(m.Interaction, m.ID), SMS: vonageMessageSMS{vonageEncoding(m.Encoding)}}
	if m.receipt != "" {
		document.WebhookURL, document.WebhookVersion = m.receipt, "v1"
	}
	body, err := json.Marshal(&document)
	if err != nil {
		return nil, fmt.Errorf("write the message: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+vonageMessagesPath, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	m.basic(r, key, secret)
	return r, nil
}

// judge reads 202 with an id, or problem details.
func (vonageMessages) judge(_ *outgoing, a *egress.Answer) effects.Outcome {
	var answer struct {
		MessageUUID string `json:"message_uuid"`
		Title       string `json:"title"`
		Detail      string `json:"detail"`
		Instance    string `json:"instance"`
	}
	err := json.Unmarshal(a.Body, &answer)
	switch {
	case a.OK() && err == nil && a.Broken == nil && answer.MessageUUID != "":
		return effects.Outcome{OK: true, MessageID: answer.MessageUUID}
	case a.OK() || err != nil || answer.Title == "" && answer.Detail == "":
		return unreadable(a)
	}
	detail := answer.Title
	if answer.Detail != "" {
		detail += ": " + answer.Detail
	}
	if answer.Instance != "" {
		detail += " (" + answer.Instance + ")"
	}
	return effects.Outcome{GiveUp: !later(a.Status), Detail: detail}
}
