package app

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/effects/sms/vendortest"
)

// vendorAccount is the contract's account with its SMS gateway at a vendor.
func vendorAccount(t *testing.T, gateway string) string {
	t.Helper()
	text, err := os.ReadFile("../../testdata/contract/account.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const logs = "sms: {default: {type: log}}"
	if !strings.Contains(string(text), logs) {
		t.Fatal("the contract's account has no gateway of type log any more")
	}
	file := filepath.Join(t.TempDir(), "account.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), logs, "sms: {default: "+gateway+"}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// text sends the contract's SMS example.
func (st *story) text(externalID, to, message string) {
	st.t.Helper()
	st.invoke(map[string]any{"requests": []any{map[string]any{"route": "SendSMS", "externalid": externalID, "linkeddata": []any{
		property("FromNum", "447700900000"), property("ToNum", to), property("Message", message)}}}})
}

// bring takes what a vendor sends to the public address to the server.
func (st *story) bring(r *http.Request) answer {
	st.t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		st.t.Fatal(err)
	}
	path, ours := strings.CutPrefix(r.URL.String(), publicURL)
	if !ours {
		st.t.Fatalf("a receipt goes to %s", r.URL)
	}
	header := map[string]string{}
	for name := range r.Header {
		header[name] = r.Header.Get(name)
	}
	return st.send(r.Method, path, header, string(body))
}

// TestVendors sends the contract's SMS example through each vendor, with faults and restarts, and
// takes the receipts.
func TestVendors(t *testing.T) {
	for name, c := range map[string]struct {
		gateway  string // %s is the vendor's address
		receipt  func(m vendortest.Message, status string) *http.Request
		to, from string
	}{
		"vonage sms": {`{type: vonage, key: ` + vendortest.Key + `, secret: ` + vendortest.Secret + `, signature: ` + vendortest.Signature +
			`, signaturemethod: sha256, url: "%s"}`, func(m vendortest.Message, status string) *http.Request {
			return vendortest.VonageSMS(m, "sha256", "json", status)
		}, "447700900123", "447700900000"},
		"vonage messages": {`{type: vonage, api: messages, key: ` + vendortest.Key + `, secret: ` + vendortest.Secret + `, signature: ` +
			vendortest.Signature + `, url: "%s"}`, vendortest.VonageMessages, "447700900123", "447700900000"},
		"twilio": {`{type: twilio, sid: ` + vendortest.SID + `, secret: ` + vendortest.Token + `, url: "%s"}`, vendortest.Twilio,
			"+447700900123", "+447700900000"},
	} {
		for _, store := range []string{Memory, "sqlite"} {
			t.Run(name+" "+store, func(t *testing.T) {
				v := vendortest.New(t)
				st := &story{server: newServer(t, store, vendorAccount(t, fmt.Sprintf(c.gateway, v.URL))), ids: map[string]string{}}
				st.text("one", "+447700900123", "Hello Ada")
				st.advance("0s")
				st.is("one", "outcome", "Sent")
				m := v.Messages()[0]
				if m.To != c.to || m.From != c.from || m.Text != "Hello Ada" || !strings.HasPrefix(m.Receipt, publicURL+"/hooks/sms/acme/default/"+st.id("one")+"/") {
					t.Fatalf("the vendor got %+v", m)
				}
				// The receipt comes when the interaction has ended, twice, and the server restarts between.
				for range 2 {
					if a := st.bring(c.receipt(m, "delivered")); a.status != 200 {
						t.Fatalf("%d %s", a.status, a.body)
					}
					st.kill()
					st.again()
					st.tokens = map[string]string{}
				}
				timeline := st.timeline("one")
				if n := strings.Count(timeline, `"effect.reported"`); n != 1 {
					t.Errorf("%d receipts are in the timeline\n%s", n, timeline)
				}
				for _, want := range []string{`"status":"delivered"`, `"to":"` + c.to + `"`, `"messageid":"` + m.ID + `"`, `"segments":1`, `"encoding":"gsm7"`} {
					if !strings.Contains(timeline, want) {
						t.Errorf("the timeline lacks %s:\n%s", want, timeline)
					}
				}
				st.forged(c.receipt(m, "failed"))

				// Two recipients, one of whom the vendor refuses: the other gets the message once.
				st.text("two", "+447700900123, 0123", "Grüße aus 東京")
				st.advance("1h")
				st.is("two", "outcome", "NotSent")
				if n := len(v.Messages()); n != 2 || c.to[0] != '+' && !v.Messages()[1].Unicode {
					t.Errorf("the vendor got %+v", v.Messages())
				}
				if timeline := st.timeline("two"); !strings.Contains(timeline, "nvalid ") || !strings.Contains(timeline, `"encoding":"ucs2"`) {
					t.Errorf("the vendor's words are not in the timeline:\n%s", timeline)
				}
				// A vendor that is down comes back: sent by the retry, across a restart.
				v.Fail(vendortest.Status(503, "down"))
				st.text("three", "+447700900123", "Hello")
				st.advance("0s")
				st.is("three", "state", "planned")
				st.kill()
				st.again()
				st.tokens = map[string]string{}
				st.advance("5s")
				st.is("three", "outcome", "Sent")
				// One that stays down ends in the failure exit.
				v.Fail(vendortest.Cut, vendortest.Status(500, "down"), vendortest.Status(429, "wait", "Retry-After", "60"), vendortest.Status(502, "<html>"))
				st.text("four", "+447700900123", "Hello")
				st.advance("1h")
				st.is("four", "outcome", "NotSent")
				if n := len(v.Messages()); n != 3 {
					t.Errorf("the vendor took %d messages", n)
				}
				// Personal data goes from receipts, too.
				st.want(st.native("DELETE", "/v1/interactions/"+st.id("one")+"/personal", nil), 204)
				st.kill()
				st.again()
				st.tokens = map[string]string{}
				if timeline := st.timeline("one"); strings.Contains(timeline, "7700900123") || !strings.Contains(timeline, `"status":"delivered"`) {
					t.Errorf("after erasure:\n%s", timeline)
				}
			})
		}
	}
}

// forged brings receipts nobody signed: they get one answer, whatever is wrong with them, and tell
// nothing of which accounts, gateways and interactions there are.
func (st *story) forged(r *http.Request) {
	st.t.Helper()
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/base")
	var first string
	for n, change := range []func(path string, header map[string]string) (string, string, string){
		func(path string, _ map[string]string) (string, string, string) {
			return "POST", path, string(body) + " "
		},
		func(path string, _ map[string]string) (string, string, string) {
			return "POST", strings.Replace(path, "/acme/", "/nobody/", 1), string(body)
		},
		func(path string, _ map[string]string) (string, string, string) {
			return "POST", strings.Replace(path, "/default/", "/nothing/", 1), string(body)
		},
		func(path string, _ map[string]string) (string, string, string) {
			return "POST", path[:strings.LastIndexByte(path, '/')] + "/" + switchyard.NewID(1, 2, 3).String(), string(body)
		},
		func(path string, _ map[string]string) (string, string, string) {
			return "POST", path + "x", string(body)
		},
		func(path string, _ map[string]string) (string, string, string) {
			return "GET", path + "?status=delivered", ""
		},
		func(path string, header map[string]string) (string, string, string) {
			clear(header)
			return "POST", path, `{"status":"delivered"}`
		},
	} {
		header := map[string]string{}
		for name := range r.Header {
			header[name] = r.Header.Get(name)
		}
		if n == 0 && header["Content-Type"] == "application/json" && header["Authorization"] == "" {
			continue // blanks after JSON change nothing of what the SMS API signs
		}
		method, to, text := change(path, header)
		a := st.send(method, to, header, text)
		if first == "" {
			first = string(a.body)
		}
		if a.status != 401 || string(a.body) != first {
			st.t.Errorf("forgery %d: %d %s", n, a.status, a.body)
		}
	}
	if a := st.send("DELETE", path, nil, ""); a.status != 405 || a.header.Get("Allow") != "GET, POST" {
		st.t.Errorf("%d %s", a.status, a.body)
	}
	if a := st.send("POST", path, nil, strings.Repeat("x", 65<<10)); a.status != 413 {
		st.t.Errorf("a long body: %d %s", a.status, a.body)
	}
	if timeline := st.timeline("one"); strings.Contains(timeline, `"status":"failed"`) {
		st.t.Errorf("a forged receipt is in the timeline:\n%s", timeline)
	}
}

// Work for a vendor that is down takes its failure exit after the retries: few of the attempts are
// made, the others fail at once, and the timeline says why.
func TestVendorIsDown(t *testing.T) {
	v := vendortest.New(t)
	for range 100 {
		v.Fail(vendortest.Status(503, "down"))
	}
	st := &story{server: newServer(t, Memory, vendorAccount(t, fmt.Sprintf(`{type: twilio, sid: %s, secret: %s, url: "%s", breaker: {failures: 3, pause: 1h}}`,
		vendortest.SID, vendortest.Token, v.URL))), ids: map[string]string{}}
	for n := range 20 {
		st.text(fmt.Sprint("text ", n), "+447700900123", "Hello")
	}
	st.advance("1m")
	for n := range 20 {
		st.is(fmt.Sprint("text ", n), "outcome", "NotSent")
	}
	if asked := v.Asked(); asked < 3 || asked > 10 { // eight may be under way at once
		t.Errorf("the vendor was asked %d times for 80 attempts", asked)
	}
	if timeline := st.timeline("text 19"); !strings.Contains(timeline, "not tried: the ") || !strings.Contains(timeline, "it is tried again from") {
		t.Errorf("the timeline does not say why:\n%s", timeline)
	}
}
