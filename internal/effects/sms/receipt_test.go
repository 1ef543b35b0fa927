package sms

import (
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	twilioclient "github.com/twilio/twilio-go/client"

	"switchyard"
	"switchyard/internal/effects/sms/vendortest"
)

// receive makes what the hook makes of a request.
func receive(t testing.TB, r *http.Request) *Received {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/hooks/sms/"), "/")
	return &Received{Account: parts[0], Gateway: parts[1], Interaction: parts[2], Effect: parts[3],
		Method: r.Method, Query: r.URL.RawQuery, Header: r.Header, Body: body}
}

// sent is a message as a vendor took it.
func sent(name string) vendortest.Message {
	e := single()
	return vendortest.Message{ID: "id-" + name, To: "447700900123", From: "Acme", Ref: refOf(e.Interaction, e.ID),
		Receipt: ReceiptURL(public, "acme", "default", e.Interaction, e.ID)}
}

func TestReceipts(t *testing.T) {
	e := single()
	method := func(m string) func(g *switchyard.Gateway) {
		return func(g *switchyard.Gateway) { g.SignatureMethod = m }
	}
	asIs := func(*switchyard.Gateway) {}
	for _, c := range []struct {
		name, gateway string
		change        func(g *switchyard.Gateway)
		request       func(m vendortest.Message) *http.Request
		want          switchyard.EffectReceipt
	}{
		{"md5hash GET", "sms", asIs, func(m vendortest.Message) *http.Request { return vendortest.VonageSMS(m, "", "GET", "delivered") },
			switchyard.EffectReceipt{Status: "delivered"}},
		{"md5hash JSON", "sms", method("md5hash"), func(m vendortest.Message) *http.Request {
			return vendortest.VonageSMS(m, "md5hash", "json", "rejected")
		},
			switchyard.EffectReceipt{Status: "rejected", Detail: "error code 6"}},
		{"md5 form", "sms", method("md5"), func(m vendortest.Message) *http.Request { return vendortest.VonageSMS(m, "md5", "form", "expired") },
			switchyard.EffectReceipt{Status: "expired", Detail: "error code 6"}},
		{"sha1", "sms", method("sha1"), func(m vendortest.Message) *http.Request { return vendortest.VonageSMS(m, "sha1", "json", "delivered") },
			switchyard.EffectReceipt{Status: "delivered"}},
		{"sha256", "sms", method("sha256"), func(m vendortest.Message) *http.Request {
			return vendortest.VonageSMS(m, "sha256", "json", "delivered")
		},
			switchyard.EffectReceipt{Status: "delivered"}},
		{"sha512", "sms", method("sha512"), func(m vendortest.Message) *http.Request { return vendortest.VonageSMS(m, "sha512", "GET", "delivered") },
			switchyard.EffectReceipt{Status: "delivered"}},
		{"JWT", "messages", asIs, func(m vendortest.Message) *http.Request { return vendortest.VonageMessages(m, "delivered") },
			switchyard.EffectReceipt{Status: "delivered"}},
		{"JWT with an error", "messages", asIs, func(m vendortest.Message) *http.Request { return vendortest.VonageMessages(m, "rejected") },
			switchyard.EffectReceipt{Status: "rejected", Detail: "error 1260: Destination unreachable."}},
		{"delivered", "twilio", asIs, func(m vendortest.Message) *http.Request { return vendortest.Twilio(m, "delivered") },
			switchyard.EffectReceipt{Status: "delivered"}},
		{"undelivered", "twilio", asIs, func(m vendortest.Message) *http.Request { return vendortest.Twilio(m, "undelivered") },
			switchyard.EffectReceipt{Status: "undelivered", Detail: "error code 30003"}},
	} {
		t.Run(c.gateway+" "+c.name, func(t *testing.T) {
			v := vendortest.New(t)
			g := gateways(v)[c.gateway]
			c.change(&g)
			p := vendorPerformer(v, g)
			m := sent(c.gateway)
			gateway, got, err := p.Receipt(receive(t, c.request(m)))
			c.want.Interaction, c.want.Effect, c.want.To, c.want.MessageID = e.Interaction, e.ID, m.To, m.ID
			if err != nil || gateway != "default" || *got != c.want {
				t.Fatalf("%v: got %+v, want %+v", err, got, c.want)
			}
			for name, spoil := range spoilers(m) {
				if r := c.request(m); spoil(r) {
					if _, got, err := p.Receipt(receive(t, r)); err != ErrUnsigned {
						t.Errorf("%s: %v, %+v", name, err, got)
					}
				}
			}
		})
	}
}

// spoilers make a receipt one that nobody signed; false when there is nothing of the kind in it.
func spoilers(m vendortest.Message) map[string]func(r *http.Request) bool {
	path := func(from, to string) func(r *http.Request) bool {
		return func(r *http.Request) bool {
			r.URL.Path = strings.Replace(r.URL.Path, from, to, 1)
			return true
		}
	}
	body := func(from, to string) func(r *http.Request) bool {
		return func(r *http.Request) bool {
			text, _ := io.ReadAll(r.Body)
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, from, to, 1)
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(text), from, to, 1)))
			return true
		}
	}
	drop := func(name string) func(r *http.Request) bool {
		return func(r *http.Request) bool {
			given := r.Header.Get(name) != ""
			r.Header.Del(name)
			return given
		}
	}
	e := single()
	other := switchyard.NewID(1_700_000_000_000, 77, 9).String()
	return map[string]func(r *http.Request) bool{
		"another account": path("acme", "beta"), "another gateway": path("default", "other"),
		"another interaction": path(e.Interaction.String(), other), "another effect": path(e.ID.String(), other),
		"no id": path(e.ID.String(), "x"), "no interaction": path(e.Interaction.String(), "-"),
		"another number": body(m.To, "447700900999"), "another message": body(m.ID, "id-other"),
		"no token": drop("Authorization"), "no signature": drop("X-Twilio-Signature"),
		"another method": func(r *http.Request) bool { r.Method = http.MethodPut; r.Body = http.NoBody; return true },
		"one thing more": func(r *http.Request) bool {
			r.URL.RawQuery += "&status=delivered"
			return r.Header.Get("Authorization") == "" && r.Header.Get("Content-Type") != "application/json" &&
				(r.Method == http.MethodGet || r.Header.Get("X-Twilio-Signature") != "")
		},
	}
}

// A gateway without the secret takes nothing: an empty key is nobody's.
func TestReceiptsNeedASecret(t *testing.T) {
	v := vendortest.New(t)
	for name, r := range map[string]*http.Request{"sms": vendortest.VonageSMS(sent(""), "", "json", "delivered"),
		"messages": vendortest.VonageMessages(sent(""), "delivered"), "twilio": vendortest.Twilio(sent(""), "delivered")} {
		for _, secret := range []string{"", "unopenable", "sealed:", "sealed:#(Empty)", "sealed:#(Lost)"} {
			g := gateways(v)[name]
			g.Secret, g.Signature = secret, secret
			p := vendorPerformer(v, g)
			p.o.Lookup.(*settings).secrets["Empty"] = ""
			if _, _, err := p.Receipt(receive(t, r)); err != ErrUnsigned {
				t.Errorf("%s with %q: %v", name, secret, err)
			}
		}
	}
	for _, typ := range []string{"log", "http"} {
		p := vendorPerformer(v, switchyard.Gateway{Type: typ})
		if _, _, err := p.Receipt(receive(t, vendortest.Twilio(sent(""), "delivered"))); err != ErrUnsigned {
			t.Errorf("a gateway of type %s took a receipt: %v", typ, err)
		}
	}
}

// Tokens of other kinds than the vendor's are none, however they are signed.
func TestReceiptTokens(t *testing.T) {
	v := vendortest.New(t)
	p := vendorPerformer(v, gateways(v)["messages"])
	good := vendortest.VonageMessages(sent(""), "delivered")
	text, _ := base64.RawURLEncoding.DecodeString(strings.Split(strings.TrimPrefix(good.Header.Get("Authorization"), "Bearer "), ".")[1])
	claims := string(text)
	for name, token := range map[string]string{
		"none":          vendortest.JWT(`{"alg":"none"}`, claims, ""),
		"another alg":   vendortest.JWT(`{"alg":"HS512"}`, claims, vendortest.Signature),
		"another key":   vendortest.JWT(`{"alg":"HS256"}`, claims, "guessed"),
		"no hash":       vendortest.JWT(`{"alg":"HS256"}`, `{"iss":"Vonage"}`, vendortest.Signature),
		"expired":       vendortest.JWT(`{"alg":"HS256"}`, strings.Replace(claims, `"iat":1795435200`, `"exp":1`, 1), vendortest.Signature),
		"three parts":   "a.b.c",
		"nothing":       "",
		"none unsigned": strings.TrimRight(vendortest.JWT(`{"alg":"none"}`, claims, ""), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
	} {
		r := receive(t, good)
		r.Header = r.Header.Clone()
		r.Header.Set("Authorization", "Bearer "+token)
		if _, _, err := p.Receipt(r); err != ErrUnsigned {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := p.Receipt(receive(t, good)); err != nil {
		t.Error(err)
	}
}

// The vector is of the vendor's own library (vonage-python-sdk, test_check_signature).
func TestVonageSignatureVector(t *testing.T) {
	params := map[string]string{"a": "1", "b": "2", "timestamp": "1461605396", "sig": "x"}
	if got := hex.EncodeToString(vonageSignature(params, "secret", "")); got != "6af838ef94998832dbfc29020b564830" {
		t.Errorf("got %s", got)
	}
}

// Twilio's own library finds the same signatures right and wrong.
func TestTwilioSignatureOracle(t *testing.T) {
	oracle := twilioclient.NewRequestValidator(vendortest.Token)
	for _, to := range []string{sent("").Receipt, "https://switchyard.example.com:8443/hooks/sms/a%20b/c/d/e", "https://x.example/h?a=b&c=d"} {
		values := url.Values{"To": {"+447700900123"}, "MessageStatus": {"delivered"}, "Empty": {""}, "a": {"ü & ="}}
		params := map[string]string{}
		for name := range values {
			params[name] = values.Get(name)
		}
		right := base64.StdEncoding.EncodeToString(twilioSignature(to, params, vendortest.Token))
		if !oracle.Validate(to, params, right) || right != vendortest.SignTwilio(to, values) {
			t.Errorf("%s: the library does not find %s right", to, right)
		}
		params["To"] = "+1"
		if oracle.Validate(to, params, right) {
			t.Errorf("%s: the library finds another number right", to)
		}
	}
}

// With or without its port, the URL was signed.
func TestTwilioSignsPorts(t *testing.T) {
	v := vendortest.New(t)
	for _, base := range []string{"https://sw.example.com", "https://sw.example.com:443", "https://sw.example.com:8443"} {
		p := vendorPerformer(v, gateways(v)["twilio"])
		p.o.PublicURL = base
		for _, signed := range portsOf(base + "/x") {
			e, m := single(), sent("")
			m.Receipt = ReceiptURL(strings.TrimSuffix(signed, "/x"), "acme", "default", e.Interaction, e.ID)
			if _, _, err := p.Receipt(receive(t, vendortest.Twilio(m, "delivered"))); err != nil {
				t.Errorf("%s signed as %s: %v", base, signed, err)
			}
		}
	}
}

// Nothing that comes in breaks a decoder, and nothing gets through unsigned.
func FuzzReceipts(f *testing.F) {
	m := sent("")
	for _, r := range []*http.Request{vendortest.VonageSMS(m, "", "GET", "delivered"), vendortest.VonageSMS(m, "", "json", "failed"),
		vendortest.VonageSMS(m, "", "form", "delivered"), vendortest.VonageMessages(m, "rejected"), vendortest.Twilio(m, "failed")} {
		got := receive(f, r)
		f.Add(got.Method, got.Query, got.Header.Get("Content-Type"), got.Header.Get("Authorization"), got.Header.Get("X-Twilio-Signature"), got.Body)
	}
	f.Add("POST", "", "application/json", "Bearer a.b.c", "AAAA", []byte(`{"sig":{"a":[1]},"sig":""}`))
	f.Add("GET", "sig=&sig=&%zz", "", "", "", []byte{})
	e := single()
	var performers []*Performer
	for _, g := range []switchyard.Gateway{{Type: switchyard.GatewayVonage}, {Type: switchyard.GatewayVonage, API: "messages"}, {Type: switchyard.GatewayTwilio}} {
		g.Secret, g.Signature = "sealed:another-secret", "sealed:another-secret"
		performers = append(performers, New(Options{PublicURL: public, Lookup: &settings{gateway: g}, Open: open}))
	}
	f.Fuzz(func(t *testing.T, method, query, media, token, signature string, body []byte) {
		for _, p := range performers {
			_, _, err := p.Receipt(&Received{Account: "acme", Gateway: "default", Interaction: e.Interaction.String(), Effect: e.ID.String(), Method: method, Query: query,
				Header: http.Header{"Content-Type": {media}, "Authorization": {token}, "X-Twilio-Signature": {signature}}, Body: body})
			if err != ErrUnsigned {
				t.Fatalf("%v", err)
			}
		}
	})
}
