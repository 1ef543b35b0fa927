package sms

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/effects/egress"
	"switchyard/internal/effects/sms/vendortest"
)

const public = "https://switchyard.example.com"

// gateways are one of each API, as their vendors know them.
func gateways(v *vendortest.Vendor) map[string]switchyard.Gateway {
	return map[string]switchyard.Gateway{
		"sms": {Type: switchyard.GatewayVonage, Key: vendortest.Key, Secret: "sealed:" + vendortest.Secret, Signature: "sealed:" + vendortest.Signature,
			URL: v.URL},
		"messages": {Type: switchyard.GatewayVonage, API: "messages", Key: "#(Key)", Secret: "sealed:#(Secret)",
			Signature: "sealed:" + vendortest.Signature, URL: "#(Origin)"},
		"twilio": {Type: switchyard.GatewayTwilio, SID: vendortest.SID, Secret: "sealed:" + vendortest.Token, URL: v.URL},
	}
}

func secrets(v *vendortest.Vendor) map[string]string {
	return map[string]string{"Key": vendortest.Key, "Secret": vendortest.Secret, "Origin": v.URL}
}

// single is a message to one recipient.
func single() *switchyard.Effect {
	e := message()
	e.Interaction = switchyard.NewID(1_700_000_000_000, 4, 9)
	e.To, e.Encoding, e.Segments = []string{"+447700900123"}, switchyard.EncodingGSM7, 1
	return e
}

// vendorPerformer performs through one gateway of the account acme.
func vendorPerformer(v *vendortest.Vendor, g switchyard.Gateway) *Performer {
	client := egress.Client(egress.Options{Guard: egress.Guard{AllowInsecure: true}})
	return New(Options{Log: slog.New(slog.DiscardHandler), Client: client, PublicURL: public,
		Lookup: &settings{gateway: g, secrets: secrets(v)}, Open: open})
}

func deliver(t *testing.T, v *vendortest.Vendor, g switchyard.Gateway, e *switchyard.Effect) effects.Outcome {
	t.Helper()
	p := vendorPerformer(v, g)
	defer p.o.Client.CloseIdleConnections()
	return p.Attempt(t.Context(), "acme", e)
}

func TestVendorsTakeMessages(t *testing.T) {
	for name, want := range map[string]vendortest.Message{
		"sms":      {To: "447700900123", From: "+44 Acme", ID: "0A0000000123ABC1"},
		"messages": {To: "447700900123", From: "+44 Acme", ID: "aaaaaaaa-bbbb-cccc-dddd-000000000001"},
		"twilio":   {To: "+447700900123", From: "+44 Acme", ID: "SM0123456789abcdef0123456789abcde1"},
	} {
		t.Run(name, func(t *testing.T) {
			v := vendortest.New(t)
			e := single()
			want.Text, want.Receipt = e.Message, public+"/hooks/sms/acme/default/"+e.Interaction.String()+"/"+e.ID.String()
			want.IdempotencyKey = e.ID.String()
			if name != "twilio" {
				want.Ref = e.Interaction.String() + "." + e.ID.String()
			}
			if o := deliver(t, v, gateways(v)[name], e); !o.OK || o.MessageID != want.ID || o.Detail != "" {
				t.Fatalf("%+v", o)
			}
			if got := v.Messages()[0]; got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			e.Encoding, e.From, e.To = switchyard.EncodingUCS2, "", []string{"00447700900124"}
			g := gateways(v)[name]
			g.From, g.Signature = "447700900000", ""
			if o := deliver(t, v, g, e); !o.OK {
				t.Fatalf("%+v", o)
			}
			got := v.Messages()[1]
			if strings.TrimPrefix(got.From, "+") != g.From || strings.TrimPrefix(got.To, "+") != "447700900124" {
				t.Errorf("got %+v", got)
			}
			// Twilio finds the encoding itself; its receipts need no other secret than the token.
			if got.Unicode == (name == "twilio") || (got.Receipt != "") != (name == "twilio") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestMessagingService(t *testing.T) {
	v, e := vendortest.New(t), single()
	g := gateways(v)["twilio"]
	g.MessagingService, e.From = "MG1", ""
	if o := deliver(t, v, g, e); !o.OK || v.Messages()[0].From != "MG1" {
		t.Errorf("%+v of %+v", o, v.Messages())
	}
}

// What a vendor says is told, retried when that may help, and never swallowed.
func TestVendorsRefuseAndFail(t *testing.T) {
	for _, c := range []struct {
		name, gateway string
		fault         http.HandlerFunc
		change        func(g *switchyard.Gateway, e *switchyard.Effect)
		want          effects.Outcome // its detail is a part of the detail
	}{
		{"throttled", "sms", vendortest.Status(200, `{"message-count":"1","messages":[{"status":"1","error-text":"Throughput Rate Exceeded"}]}`), nil,
			effects.Outcome{Status: 200, Detail: "status 1: Throughput Rate Exceeded"}},
		{"a status that is a number", "sms", vendortest.Status(200, `{"messages":[{"status":7,"error-text":"Number barred"}]}`), nil,
			effects.Outcome{Status: 200, GiveUp: true, Detail: "status 7: Number barred"}},
		{"credentials", "sms", nil, func(g *switchyard.Gateway, _ *switchyard.Effect) { g.Secret = "sealed:wrong-secret" },
			effects.Outcome{Status: 200, GiveUp: true, Detail: "status 4: Bad Credentials"}},
		{"a part is on its way", "sms", vendortest.Status(200, `{"messages":[{"status":"1","error-text":"Throttled"},{"status":"0","message-id":"m2"}]}`), nil,
			effects.Outcome{Status: 200, GiveUp: true, Detail: "part 1 of 2: status 1: Throttled", MessageID: "m2"}},
		{"garbage", "sms", vendortest.Status(200, "<html>"), nil, effects.Outcome{Status: 200, Detail: "none of the vendor's API: <html>"}},
		{"nothing in it", "sms", vendortest.Status(200, `{"messages":[]}`), nil, effects.Outcome{Status: 200, Detail: "none of the vendor's API"}},
		{"cut short", "sms", vendortest.CutShort, nil, effects.Outcome{Status: 200, Detail: "broke off"}},
		{"cut", "sms", vendortest.Cut, nil, effects.Outcome{Detail: "EOF"}},
		{"down", "sms", vendortest.Status(503, "down"), nil, effects.Outcome{Status: 503, Detail: "down"}},
		{"no such path", "sms", vendortest.Status(404, "nothing here"), nil, effects.Outcome{Status: 404, GiveUp: true, Detail: "nothing here"}},
		{"too many", "messages", vendortest.Status(429, `{"title":"Rate Limit Hit","detail":"Please wait"}`, "Retry-After", "7"), nil,
			effects.Outcome{Status: 429, Detail: "Rate Limit Hit: Please wait", RetryAfter: 7 * time.Second}},
		{"credentials", "messages", nil, func(g *switchyard.Gateway, _ *switchyard.Effect) { g.Secret = "sealed:wrong-secret" },
			effects.Outcome{Status: 401, GiveUp: true, Detail: "Unauthorized: You did not provide correct credentials. (bf0ca0bf927b)"}},
		{"a number", "messages", nil, func(_ *switchyard.Gateway, e *switchyard.Effect) { e.To = []string{"0123"} },
			effects.Outcome{Status: 422, GiveUp: true, Detail: "Invalid params"}},
		{"an id is missing", "messages", vendortest.Status(202, `{}`), nil, effects.Outcome{Status: 202, Detail: "none of the vendor's API"}},
		{"a number", "twilio", nil, func(_ *switchyard.Gateway, e *switchyard.Effect) { e.To = []string{"07700900123"} },
			effects.Outcome{Status: 400, GiveUp: true, Detail: "error 21211: Invalid 'To' Phone Number: 07700900123"}},
		{"too many", "twilio", vendortest.Status(429, `{"code":20429,"message":"Too Many Requests"}`, "Retry-After", "2"), nil,
			effects.Outcome{Status: 429, Detail: "error 20429: Too Many Requests", RetryAfter: 2 * time.Second}},
		{"down", "twilio", vendortest.Status(500, `{"code":20500,"message":"Internal Server Error"}`), nil,
			effects.Outcome{Status: 500, Detail: "error 20500"}},
		{"no sender", "twilio", nil, func(_ *switchyard.Gateway, e *switchyard.Effect) { e.From = "" }, effects.Outcome{GiveUp: true, Detail: "no sender"}},
		{"no sender", "messages", nil, func(_ *switchyard.Gateway, e *switchyard.Effect) { e.From = "" }, effects.Outcome{GiveUp: true, Detail: "no sender"}},
		{"a key that does not open", "sms", nil, func(g *switchyard.Gateway, _ *switchyard.Effect) { g.Secret = "unopenable" }, effects.Outcome{Detail: "key file"}},
		{"an unknown secret", "sms", nil, func(g *switchyard.Gateway, _ *switchyard.Effect) { g.Secret = "sealed:#(Lost)" },
			effects.Outcome{GiveUp: true, Detail: `no secret "Lost"`}},
		{"two recipients", "sms", nil, func(_ *switchyard.Gateway, e *switchyard.Effect) { e.To = append(e.To, "1") },
			effects.Outcome{GiveUp: true, Detail: "2 recipients"}},
	} {
		t.Run(c.gateway+" "+c.name, func(t *testing.T) {
			v, e := vendortest.New(t), single()
			g := gateways(v)[c.gateway]
			if c.change != nil {
				c.change(&g, e)
			}
			if c.fault != nil {
				v.Fail(c.fault)
			}
			o := deliver(t, v, g, e)
			if !strings.Contains(o.Detail, c.want.Detail) {
				t.Errorf("the detail is %q, want %q", o.Detail, c.want.Detail)
			}
			for _, secret := range []string{vendortest.Secret, vendortest.Token, "wrong-secret"} {
				if strings.Contains(o.Detail, secret) {
					t.Errorf("%q shows %q", o.Detail, secret)
				}
			}
			if o.OK != c.want.OK || o.GiveUp != c.want.GiveUp || o.Status != c.want.Status || o.RetryAfter != c.want.RetryAfter || o.MessageID != c.want.MessageID {
				t.Errorf("got %+v\nwant %+v", o, c.want)
			}
		})
	}
}

func TestVendorIsSlow(t *testing.T) {
	v, e := vendortest.New(t), single()
	release := make(chan struct{})
	defer close(release)
	v.Fail(vendortest.Silent(release))
	g, limit := gateways(v)["twilio"], 200*switchyard.Millisecond
	g.Timeout = &limit
	if o := deliver(t, v, g, e); o.OK || o.GiveUp || !o.Silent || !strings.Contains(o.Detail, "no answer within") {
		t.Errorf("%+v", o)
	}
}

// A vendor that sends back all it got shows no credential.
func TestVendorsEchoNoSecret(t *testing.T) {
	for _, name := range []string{"sms", "messages", "twilio"} {
		v := vendortest.New(t)
		v.Fail(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			w.WriteHeader(400)
			_, _ = w.Write([]byte(r.PostForm.Encode() + " " + r.Header.Get("Authorization")))
		})
		o := deliver(t, v, gateways(v)[name], single())
		_, basic, _ := strings.Cut(o.Detail, "Basic ")
		if !o.GiveUp || strings.Contains(o.Detail, "for-tests") || len(basic) > 0 && !strings.HasPrefix(basic, "***") {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestNumbers(t *testing.T) {
	for number, want := range map[string][2]string{
		"+447700900123": {"447700900123", "+447700900123"}, "00447700900123": {"447700900123", "+447700900123"},
		"447700900123": {"447700900123", "+447700900123"}, "07700900123": {"07700900123", "07700900123"},
		"12345": {"12345", "12345"}, "Acme": {"Acme", "Acme"}, "+1234": {"1234", "+1234"},
	} {
		if bare, plus := bareNumber(number), plusNumber(number); bare != want[0] || plus != want[1] {
			t.Errorf("%s: %s and %s", number, bare, plus)
		}
	}
	if got := bareSender("+44 Acme"); got != "+44 Acme" {
		t.Errorf("a sender that is no number is %q", got)
	}
}
