package auth

import (
	"encoding/base64"
	stdjson "encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// A token is given to who shows the secret and to nobody else; every other answer is a refusal in the
// form of RFC 6749, and nothing makes the endpoint fail.
func FuzzTokenRequests(f *testing.F) {
	const formType = "application/x-www-form-urlencoded"
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, c := range [][2]string{{form().Encode(), ""}, {form("client_id", "", "client_secret", "").Encode(), basic("crm:crm-secret")}, {form("client_secret", "wrong").Encode(), ""}, {form().Encode() + "&scope=x", ""},
		{form("client_id", "odd:+%", "client_secret", "s p+%").Encode(), ""}, {form("client_id", "", "client_secret", "").Encode(), basic("odd%3A%2B%25:s+p%2B%25")}, {"%zz", "Basic"}, {"a;b", "bASIC !!!!"},
		{form("scope", "").Encode(), "Bearer x"}, {form("client_id", "bare", "client_secret", "").Encode(), ""}, {form("grant_type", "password").Encode(), ""}, {form("scope", "interactions:write  interactions:write").Encode(), ""},
		{"", basic(":")}, {form().Encode(), basic("crm:crm-secret")}, {form("scope", "\x00").Encode(), basic("\xff:\xfe")}} {
		f.Add(c[0], formType, c[1])
	}
	f.Add(form().Encode(), "application/json", "")
	f.Add(form().Encode(), formType+"; charset=utf-8", "")
	f.Fuzz(func(t *testing.T, body, media, authorization string) {
		r := newRig()
		w := r.askBody(body, media, authorization, here)
		var answer map[string]any
		if err := stdjson.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%d %q: %v", w.Code, w.Body, err)
		}
		switch w.Code {
		case 200:
			if !shown(body, authorization) || answer["access_token"] == "" || len(r.taken) != 1 {
				t.Fatalf("a token for %q, %q: %v", body, authorization, answer)
			}
		case 400, 401, 403, 413, 415:
			if code, _ := answer["error"].(string); code == "" || len(r.taken) != 0 {
				t.Fatalf("%d without a code, or something was done: %v, %v", w.Code, answer, r.taken)
			}
		default:
			t.Fatalf("%q, %q: %d %q", body, authorization, w.Code, w.Body)
		}
		if most := 6*len(body) + 1_000; w.Body.Len() > most {
			t.Fatalf("%d bytes answer %d", w.Body.Len(), len(body))
		}
		if w.Code == 200 && strings.Contains(w.Body.String()+r.log.String(), "crm-secret") {
			t.Fatalf("a secret is told: %q, %q", w.Body, r.log.String())
		}
		if h, ok := parseHash(body); ok && h.String() != strings.ToLower(body) {
			t.Fatalf("%q is the hash %v", body, h)
		}
	})
}

// shown reports whether the secret of one of the clients stands anywhere in a request.
func shown(body, authorization string) bool {
	text, _ := url.QueryUnescape(body)
	_, encoded, _ := strings.Cut(authorization, " ")
	decoded, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	once, _ := url.QueryUnescape(string(decoded))
	for _, secret := range []string{"crm-secret", "s p+%"} {
		for _, place := range []string{text, string(decoded), once} {
			if strings.Contains(place, secret) {
				return true
			}
		}
	}
	return false
}

// A caller is known by a token or a session that was given out and by nothing else; who has a session
// and no CSRF token only reads.
func FuzzAuthentication(f *testing.F) {
	const token, cookie = "token-of-crm", "cookie-of-ada"
	csrf := csrfToken(cookie)
	for _, c := range [][3]string{{"Bearer " + token}, {"bEARER   " + token + " "}, {"Bearer " + cookie}, {"Bearer"}, {"Bearer "}, {"Basic " + token}, {"Bearer " + token + ", Bearer x"}, {"Bearer\t" + token}, {token},
		{"", CookieName + "=" + cookie, csrf}, {"", CookieName + "=" + cookie, ""}, {"", CookieName + "=" + token, csrfToken(token)}, {"", CookieName + `="` + cookie + `"; x=y`, csrf}, {" ", CookieName + "=" + cookie, csrf},
		{"", CookieName + "=x; " + CookieName + "=" + cookie, csrf}, {"Bearer " + strings.Repeat("x", 300), CookieName + "=" + cookie, csrf}, {"Bearer " + HashOf(token).String()}, {"Bearer \x00\xff"}} {
		f.Add(c[0], c[1], c[2], "POST")
		f.Add(c[0], c[1], c[2], "GET")
	}
	r := newRig()
	r.token("crm", token, crm.Scopes...)
	now := switchyard.InstantOf(r.now())
	r.directory.Observe("acme", []switchyard.Event{&switchyard.SessionOpened{Agented: switchyard.Agented{Agent: "Ada"}, Hash: HashOf(cookie).String(), Wall: now, Expires: now.Add(switchyard.Hour)}})
	f.Fuzz(func(t *testing.T, authorization, cookies, shown, method string) {
		q := httptest.NewRequest("GET", "/v1/desk", nil)
		q.Method = method
		q.Header = http.Header{"Authorization": {authorization}, "Cookie": {cookies}, http.CanonicalHeaderKey(CSRFHeader): {shown}}
		p, err := r.directory.Authenticate(q.WithContext(httpx.WithCall(q.Context(), &httpx.Call{})))
		switch {
		case err != nil:
			if code := codeOf(err); p != nil || code != switchyard.Unauthorized && code != switchyard.Forbidden || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), cookie) {
				t.Fatalf("%+v, %v", p, err)
			}
		case p.Client == "crm" && p.User == "":
			if scheme, rest, _ := strings.Cut(authorization, " "); !strings.EqualFold(scheme, "bearer") || strings.Trim(rest, " ") != token {
				t.Fatalf("%q is taken for a token", authorization)
			}
		case p.User == "Ada" && p.Client == "":
			if authorization != "" || !strings.Contains(cookies, cookie) || shown != csrf && !safe(method) {
				t.Fatalf("%q, %q, %q, %q is taken for a session", authorization, cookies, shown, method)
			}
		default:
			t.Fatalf("nobody that is known: %+v", p)
		}
	})
}
