package sms

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what the vendor's signature is made of
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"switchyard"
	"switchyard/internal/effects/template"
)

// twilioReport reads a receipt of Twilio (www.twilio.com/docs/messaging/guides/track-outbound-message-status).
func twilioReport(f *template.Filler, g switchyard.Gateway, r *Received, asked string) (report, error) {
	token, err := signing(f, "secret", g.Secret)
	if err != nil {
		return report{}, err
	}
	if r.Method != http.MethodPost {
		return report{}, ErrUnsigned
	}
	params, err := singleValues(string(r.Body))
	if err != nil {
		return report{}, err
	}
	if r.Query != "" {
		asked += "?" + r.Query
	}
	given, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Twilio-Signature"))
	if err != nil || len(given) == 0 {
		return report{}, ErrUnsigned
	}
	signed := false
	for _, at := range portsOf(asked) {
		signed = hmac.Equal(given, twilioSignature(at, params, token)) || signed
	}
	if !signed {
		return report{}, ErrUnsigned
	}
	rep := report{status: params["MessageStatus"], to: params["To"], messageID: params["MessageSid"]}
	if code := params["ErrorCode"]; code != "" && code != "0" {
		rep.detail = "error code " + code
	}
	return rep, nil
}

// twilioSignature signs a URL and the parameters that go to it, sorted
// (www.twilio.com/docs/usage/security#validating-requests).
func twilioSignature(to string, params map[string]string, token string) []byte {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	text.WriteString(to)
	for _, name := range names {
		text.WriteString(name + params[name])
	}
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text.String()))
	return mac.Sum(nil)
}

// portsOf returns a URL with its port and without it: the vendor signs either.
func portsOf(text string) []string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil
	}
	rest := text[len(u.Scheme+"://"+u.Host):]
	host := strings.TrimSuffix(u.Host, ":"+u.Port())
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return []string{u.Scheme + "://" + host + rest, u.Scheme + "://" + host + ":" + port + rest}
}
