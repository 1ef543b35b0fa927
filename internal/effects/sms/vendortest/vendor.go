// Package vendortest stands in for the vendors of messages in tests: it takes what they document,
// refuses what they would refuse, fails in the ways they fail, and signs receipts as they do. It
// shares no code with what it tests.
//
// It imports the standard library only.
package vendortest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The credentials the fakes know.
const (
	Key       = "0a1b2c3d"
	Secret    = "vonage-secret-for-tests"
	Signature = "vonage-signature-for-tests-of-32-bytes"
	SID       = "AC0123456789abcdef0123456789abcdef"
	Token     = "twilio-token-for-tests"
)

// Message is what a vendor was given to send.
type Message struct {
	To, From, Text, Ref string
	Receipt             string // URL
	Unicode             bool
	ID                  string // the vendor's
	IdempotencyKey      string
}

// Vendor is a vendor with all of its APIs on one server.
type Vendor struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	faults   []http.HandlerFunc
	messages []Message
	asked    int
}

// New starts a vendor.
func New(t testing.TB) *Vendor {
	v := &Vendor{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sms/json", v.vonageSMS)
	mux.HandleFunc("POST /v1/messages", v.vonageMessages)
	mux.HandleFunc("POST /2010-04-01/Accounts/"+SID+"/Messages.json", v.twilio)
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := v.take(); fault != nil {
			fault(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(v.Close)
	return v
}

func (v *Vendor) take() (fault http.HandlerFunc) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	if len(v.faults) > 0 {
		fault, v.faults = v.faults[0], v.faults[1:]
	}
	return fault
}

// Fail has the next requests answered by faults, one each.
func (v *Vendor) Fail(faults ...http.HandlerFunc) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(v.faults, faults...)
}

// Status is a fault: an answer with a status, a body and perhaps headers.
func Status(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Cut is a fault: the connection breaks before an answer.
func Cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// CutShort is a fault: an answer that breaks off in its middle.
func CutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"message-count":"1","messages":[{"status":"0"`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// Silent is a fault: no answer until release is closed.
func Silent(release <-chan struct{}) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
}

// Messages are those taken so far, in order.
func (v *Vendor) Messages() []Message {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.messages)
}

// Asked is how many requests came.
func (v *Vendor) Asked() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked
}

func (v *Vendor) keep(m Message, id string) Message {
	v.mu.Lock()
	defer v.mu.Unlock()
	m.ID = fmt.Sprintf(id, len(v.messages)+1)
	v.messages = append(v.messages, m)
	return m
}

func answer(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}

type object map[string]any

// bare reports whether a text is an international number without plus.
func bare(number string) bool {
	return len(number) >= 7 && len(number) <= 15 && number[0] != '0' && strings.Trim(number, "0123456789") == ""
}

func (v *Vendor) vonageSMS(w http.ResponseWriter, r *http.Request) {
	refuse := func(status, text string) {
		answer(w, 200, object{"message-count": "1", "messages": []object{{"status": status, "error-text": text}}})
	}
	if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		v.t.Errorf("SMS API: content type %q", r.Header.Get("Content-Type"))
	}
	f := r.PostForm
	m := Message{To: f.Get("to"), From: f.Get("from"), Text: f.Get("text"), Ref: f.Get("client-ref"), Receipt: f.Get("callback"),
		Unicode: f.Get("type") == "unicode", IdempotencyKey: r.Header.Get("Idempotency-Key")}
	switch {
	case f.Get("api_key") != Key || f.Get("api_secret") != Secret:
		refuse("4", "Bad Credentials")
	case m.To == "" || m.From == "" || m.Text == "":
		refuse("2", "Missing to, from or text param")
	case !bare(m.To):
		refuse("3", "Invalid to address")
	case len(m.Ref) > 100:
		refuse("3", "Invalid client-ref")
	case f.Get("type") != "text" && f.Get("type") != "unicode":
		refuse("3", "Invalid type")
	default:
		m = v.keep(m, "0A0000000123ABC%d")
		answer(w, 200, object{"message-count": "1", "messages": []object{{"to": m.To, "message-id": m.ID, "status": "0",
			"remaining-balance": "3.14159265", "message-price": "0.03330000", "network": "12345", "client-ref": m.Ref}}})
	}
}

func (v *Vendor) vonageMessages(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, title, detail string) {
		answer(w, status, object{"type": "https://developer.vonage.com/api-errors", "title": title, "detail": detail, "instance": "bf0ca0bf927b"})
	}
	var d struct {
		Type           string `json:"message_type"`
		Channel        string `json:"channel"`
		To             string `json:"to"`
		From           string `json:"from"`
		Text           string `json:"text"`
		Ref            string `json:"client_ref"`
		WebhookURL     string `json:"webhook_url"`
		WebhookVersion string `json:"webhook_version"`
		SMS            struct {
			Encoding string `json:"encoding_type"`
		} `json:"sms"`
	}
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	if err := body.Decode(&d); err != nil || r.Header.Get("Content-Type") != "application/json" {
		v.t.Errorf("Messages API: %v, content type %q", err, r.Header.Get("Content-Type"))
	}
	user, password, _ := r.BasicAuth()
	switch {
	case user != Key || password != Secret:
		refuse(401, "Unauthorized", "You did not provide correct credentials.")
	case d.Type != "text" || d.Channel != "sms" || d.Text == "" || d.From == "" || !bare(d.To):
		refuse(422, "Invalid params", "The value of one or more parameters is invalid.")
	case d.WebhookURL != "" && d.WebhookVersion != "v1":
		refuse(422, "Invalid params", "webhook_version")
	default:
		m := v.keep(Message{To: d.To, From: d.From, Text: d.Text, Ref: d.Ref, Receipt: d.WebhookURL, Unicode: d.SMS.Encoding == "unicode", IdempotencyKey: r.Header.Get("Idempotency-Key")},
			"aaaaaaaa-bbbb-cccc-dddd-00000000000%d")
		answer(w, 202, object{"message_uuid": m.ID})
	}
}

func (v *Vendor) twilio(w http.ResponseWriter, r *http.Request) {
	refuse := func(status, code int, text string) {
		answer(w, status, object{"code": code, "message": text, "more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code), "status": status})
	}
	if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		v.t.Errorf("Twilio: content type %q", r.Header.Get("Content-Type"))
	}
	f := r.PostForm
	m := Message{To: f.Get("To"), From: f.Get("From"), Text: f.Get("Body"), Receipt: f.Get("StatusCallback"),
		IdempotencyKey: r.Header.Get("Idempotency-Key")}
	if service := f.Get("MessagingServiceSid"); m.From == "" {
		m.From = service
	}
	user, password, _ := r.BasicAuth()
	plus, isInternational := strings.CutPrefix(m.To, "+")
	switch {
	case user != SID || password != Token:
		refuse(401, 20003, "Authenticate")
	case m.From == "":
		refuse(400, 21603, "A 'From' phone number is required.")
	case m.Text == "":
		refuse(400, 21602, "Message body is required.")
	case !isInternational || !bare(plus):
		refuse(400, 21211, "Invalid 'To' Phone Number: "+m.To)
	default:
		m = v.keep(m, "SM0123456789abcdef0123456789abcde%d")
		answer(w, 201, object{"sid": m.ID, "status": "queued", "num_segments": "1", "error_code": nil, "error_message": nil, "to": m.To})
	}
}

// VonageSMS makes a signed receipt of the SMS API; how is "GET", "form" or "json".
func VonageSMS(m Message, method, how, status string) *http.Request {
	params := map[string]string{"msisdn": m.To, "to": strings.TrimPrefix(m.From, "+"), "network-code": "12345", "messageId": m.ID, "price": "0.03330000",
		"status": status, "scts": "2001011400", "err-code": "0", "api-key": Key, "client-ref": m.Ref,
		"message-timestamp": "2026-11-23 12:00:00", "timestamp": "1795435200", "nonce": "aaaaaaaa-bbbb"}
	if status != "delivered" {
		params["err-code"] = "6"
	}
	params["sig"] = SignVonage(params, method)
	values := url.Values{}
	for name, value := range params {
		values.Set(name, value)
	}
	switch how {
	case "GET":
		return request("GET", m.Receipt+"?"+values.Encode(), "", "")
	case "form":
		return request("POST", m.Receipt, "application/x-www-form-urlencoded", values.Encode())
	}
	body, _ := json.Marshal(params)
	return request("POST", m.Receipt, "application/json", string(body))
}

// SignVonage signs the parameters of a receipt of the SMS API.
func SignVonage(params map[string]string, method string) string {
	var names []string
	for name := range params {
		if name != "sig" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	text := ""
	for _, name := range names {
		text += "&" + name + "=" + strings.NewReplacer("&", "_", "=", "_").Replace(params[name])
	}
	hashes := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	if method == "" || method == "md5hash" {
		sum := md5.Sum([]byte(text + Signature))
		return hex.EncodeToString(sum[:])
	}
	mac := hmac.New(hashes[method], []byte(Signature))
	mac.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// VonageMessages makes a signed receipt of the Messages API.
func VonageMessages(m Message, status string) *http.Request {
	document := object{"message_uuid": m.ID, "to": m.To, "from": m.From, "timestamp": "2026-11-23T12:00:00Z", "status": status,
		"channel": "sms", "client_ref": m.Ref}
	if status == "rejected" {
		document["error"] = object{"type": "https://developer.vonage.com/api-errors/messages#1260", "title": "1260",
			"detail": "Destination unreachable.", "instance": "bf0ca0bf927b"}
	}
	body, _ := json.Marshal(document)
	r := request("POST", m.Receipt, "application/json", string(body))
	sum := sha256.Sum256(body)
	r.Header.Set("Authorization", "Bearer "+JWT(`{"alg":"HS256","typ":"JWT"}`,
		`{"iat":1795435200,"jti":"c5ba8f24","iss":"Vonage","payload_hash":"`+hex.EncodeToString(sum[:])+`","api_key":"`+Key+`"}`, Signature))
	return r
}

// JWT makes a token of a header and claims, signed with HMAC-SHA256.
func JWT(header, claims, secret string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Twilio makes a signed receipt of Twilio.
func Twilio(m Message, status string) *http.Request {
	values := url.Values{"MessageSid": {m.ID}, "SmsSid": {m.ID}, "MessageStatus": {status}, "SmsStatus": {status}, "To": {m.To},
		"From": {m.From}, "AccountSid": {SID}, "ApiVersion": {"2010-04-01"}}
	if status == "undelivered" || status == "failed" {
		values.Set("ErrorCode", "30003")
	}
	r := request("POST", m.Receipt, "application/x-www-form-urlencoded", values.Encode())
	r.Header.Set("X-Twilio-Signature", SignTwilio(m.Receipt, values))
	return r
}

// SignTwilio signs the parameters that go to a URL.
func SignTwilio(to string, values url.Values) string {
	text := to
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += name + values.Get(name)
	}
	mac := hmac.New(sha1.New, []byte(Token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func request(method, to, contentType, body string) *http.Request {
	r := httptest.NewRequest(method, to, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}
