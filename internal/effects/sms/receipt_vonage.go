package sms

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what the vendor's default signature is made of
	"crypto/sha1" //nolint:gosec // one the vendor offers
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"switchyard"
	"switchyard/internal/effects/template"
)

// vonageSMSReport reads a receipt of the SMS API, which comes as the account has it set: in the query,
// as a form or as JSON (developer.vonage.com/en/messaging/sms/guides/delivery-receipts).
func vonageSMSReport(f *template.Filler, g switchyard.Gateway, r *Received, ref string) (report, error) {
	secret, err := signing(f, "signature", g.Signature)
	if err != nil {
		return report{}, err
	}
	params, err := vonageParams(r)
	if err != nil {
		return report{}, err
	}
	given, err := hex.DecodeString(params["sig"])
	if err != nil || len(given) == 0 || !hmac.Equal(given, vonageSignature(params, secret, g.SignatureMethod)) {
		return report{}, ErrUnsigned
	}
	if params["client-ref"] != ref {
		return report{}, errors.New("it is of another message")
	}
	rep := report{status: params["status"], to: params["msisdn"], messageID: params["messageId"]}
	if code := params["err-code"]; code != "" && code != "0" {
		rep.detail = "error code " + code
	}
	return rep, nil
}

func vonageParams(r *Received) (map[string]string, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method == http.MethodGet:
		return singleValues(r.Query)
	case media == "application/json":
		var values map[string]jsontext.Value
		if err := json.Unmarshal(r.Body, &values); err != nil {
			return nil, err
		}
		params := make(map[string]string, len(values))
		for name, value := range values {
			params[name] = textOf(value)
		}
		return params, nil
	}
	return singleValues(string(r.Body))
}

// vonageSignature signs the parameters of a receipt, sorted, with & and = in their values replaced
// (developer.vonage.com/en/getting-started/concepts/signing-messages).
func vonageSignature(params map[string]string, secret, method string) []byte {
	names := make([]string, 0, len(params))
	for name := range params {
		if name != "sig" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		text.WriteString("&" + name + "=" + strings.NewReplacer("&", "_", "=", "_").Replace(params[name]))
	}
	made := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[method]
	if made == nil { // md5hash
		sum := md5.Sum([]byte(text.String() + secret)) //nolint:gosec // see above
		return sum[:]
	}
	mac := hmac.New(made, []byte(secret))
	mac.Write([]byte(text.String()))
	return mac.Sum(nil)
}

// webhookClaims are what the Messages API signs: the hash of the body
// (developer.vonage.com/en/getting-started/concepts/webhooks).
type webhookClaims struct {
	jwt.RegisteredClaims
	PayloadHash string `json:"payload_hash"`
}

// vonageMessagesReport reads a receipt of the Messages API.
func vonageMessagesReport(f *template.Filler, g switchyard.Gateway, r *Received, ref string) (report, error) {
	secret, err := signing(f, "signature", g.Signature)
	if err != nil {
		return report{}, err
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return report{}, ErrUnsigned
	}
	var claims webhookClaims
	_, err = jwt.ParseWithClaims(strings.TrimSpace(token), &claims, func(*jwt.Token) (any, error) { return []byte(secret), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}))
	if err != nil {
		return report{}, err
	}
	sum := sha256.Sum256(r.Body)
	given, err := hex.DecodeString(claims.PayloadHash)
	if err != nil || subtle.ConstantTimeCompare(given, sum[:]) != 1 {
		return report{}, ErrUnsigned
	}
	var document struct {
		MessageUUID string `json:"message_uuid"`
		To          string `json:"to"`
		Status      string `json:"status"`
		ClientRef   string `json:"client_ref"`
		Error       struct {
			Title  string `json:"title"`
			Detail string `json:"detail"`
		} `json:"error"`
	}
	if err := json.Unmarshal(r.Body, &document); err != nil {
		return report{}, err
	}
	if document.ClientRef != ref {
		return report{}, errors.New("it is of another message")
	}
	rep := report{status: document.Status, to: document.To, messageID: document.MessageUUID}
	rep.detail = strings.Trim("error "+document.Error.Title+": "+document.Error.Detail, ": ")
	if document.Error.Title == "" && document.Error.Detail == "" {
		rep.detail = ""
	}
	return rep, nil
}
