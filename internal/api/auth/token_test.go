package auth

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// ask posts a form to the token endpoint.
func (r *rig) ask(form url.Values, basic, address string) *httptest.ResponseRecorder {
	return r.askBody(form.Encode(), "application/x-www-form-urlencoded", basic, address)
}

func (r *rig) askBody(body, contentType, basic, address string) *httptest.ResponseRecorder {
	q := httptest.NewRequest("POST", "/auth/connect/token", strings.NewReader(body))
	q.Header.Set("Content-Type", contentType)
	if basic != "" {
		q.Header.Set("Authorization", basic)
	}
	q.RemoteAddr = address
	w := httptest.NewRecorder()
	r.routes.ServeHTTP(w, q.WithContext(httpx.WithCall(q.Context(), &httpx.Call{})))
	return w
}

const here = "192.0.2.1:1000"

// form makes a proper form, changed by pairs of name and value; an empty value takes a name out.
func form(changes ...string) url.Values {
	f := url.Values{"grant_type": {"client_credentials"}, "client_id": {"crm"}, "client_secret": {"crm-secret"}, "scope": {string(write)}}
	for n := 0; n < len(changes); n += 2 {
		f.Set(changes[n], changes[n+1])
		if changes[n+1] == "" {
			f.Del(changes[n])
		}
	}
	return f
}

func TestTokenAnswers(t *testing.T) {
	byBasic := func(changes ...string) url.Values {
		return form(append([]string{"client_id", "", "client_secret", ""}, changes...)...)
	}
	basic := func(id, secret string) string {
		q, _ := http.NewRequest("GET", "/", nil)
		q.SetBasicAuth(id, secret)
		return q.Header.Get("Authorization")
	}
	const noClient = `{"error":"invalid_client","error_description":"The client is unknown or its secret is wrong"}`
	cases := []struct {
		name   string
		form   url.Values
		basic  string
		status int
		answer string // what it must hold
	}{
		{"by body", form(), "", 200, `"expires_in":7200,"token_type":"Bearer"`},
		{"by Basic", byBasic(), basic("crm", "crm-secret"), 200, `"access_token":"`},
		{"by Basic in lower case", byBasic(), "basic " + strings.TrimPrefix(basic("crm", "crm-secret"), "Basic "), 200, ""},
		{"by Basic with the id in the body too", byBasic("client_id", "crm"), basic("crm", "crm-secret"), 200, ""},
		{"by Basic, encoded", byBasic(), basic("odd%3A%2B%25", "s+p%2B%25"), 200, ""},
		{"by Basic, what cannot be decoded stands for itself", byBasic(), basic("odd%3A%2B%25", "%%%"), 401, noClient},
		{"several scopes", form("scope", " interactions:read  interactions:write "), "", 200, ""},
		{"another grant", form("grant_type", "password"), "", 400, `{"error":"unsupported_grant_type","error_description":"Invalid grant_type"}`},
		{"no grant", form("grant_type", ""), "", 400, "unsupported_grant_type"},
		{"the grant goes first", form("grant_type", "x", "client_secret", "wrong", "scope", ""), "", 400, "unsupported_grant_type"},
		{"the client goes before the scope", form("client_secret", "wrong", "scope", ""), "", 400, noClient},
		{"a wrong secret", form("client_secret", "wrong"), "", 400, noClient},
		{"an unknown client", form("client_id", "nobody"), "", 400, noClient},
		{"no client", form("client_id", "", "client_secret", ""), "", 400, noClient},
		{"a client without a secret", form("client_id", "bare", "client_secret", ""), "", 400, noClient},
		{"a wrong secret by Basic", byBasic(), basic("crm", "wrong"), 401, noClient},
		{"nonsense by Basic", byBasic(), "Basic ???", 401, noClient},
		{"both ways", form(), basic("crm", "crm-secret"), 400, "invalid_request"},
		{"two clients", byBasic("client_id", "odd"), basic("crm", "crm-secret"), 400, "invalid_request"},
		{"no scope", form("scope", ""), "", 400, `{"error":"invalid_scope","error_description":"You must specify a scope"}`},
		{"spaces for a scope", form("scope", "  "), "", 400, "You must specify a scope"},
		{"an unknown scope", form("scope", "everything"), "", 400, `{"error":"invalid_scope","error_description":"\"everything\" is an invalid scope"}`},
		{"a scope not granted", form("scope", "interactions:write config:write"), "", 400, `\"config:write\" is an invalid scope`},
	}
	for _, c := range cases {
		r := newRig()
		w := r.ask(c.form, c.basic, here)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.answer) {
			t.Errorf("%s: %d %s; want %d with %s", c.name, w.Code, w.Body, c.status, c.answer)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", c.name, got)
		}
		if got := w.Header().Get("WWW-Authenticate"); strings.HasPrefix(got, "Basic") != (c.status == 401) {
			t.Errorf("%s: WWW-Authenticate is %q", c.name, got)
		}
		if issued := len(r.taken) == 1; issued != (c.status == 200) {
			t.Errorf("%s: issued: %t", c.name, issued)
		}
	}
}

func TestTokenIsGoodAtOnce(t *testing.T) {
	r := newRig()
	var tokens []string
	for range 2 {
		w := r.ask(form("scope", "interactions:write interactions:write"), "", here)
		var answer struct {
			Token string `json:"access_token"`
		}
		if err := stdjson.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Token) < 43 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		tokens = append(tokens, answer.Token)
	}
	if tokens[0] == tokens[1] || !r.knows(tokens[0]) || !r.knows(tokens[1]) {
		t.Errorf("of the tokens %v: good are %t and %t", tokens, r.knows(tokens[0]), r.knows(tokens[1]))
	}
	in := r.taken[0].(*switchyard.IssueToken)
	want := switchyard.InstantOf(r.now())
	if in.Client != "crm" || in.Hash != HashOf(tokens[0]).String() || len(in.Scopes) != 1 ||
		in.Wall != want || in.Expires != want.Add(7200*switchyard.Second) || r.by[0] != "acme client:crm" {
		t.Errorf("journaled as %+v by %s", in, r.by[0])
	}
}

// TestTokenOnlyWhenDurable: what could not be journaled is not handed out.
func TestTokenOnlyWhenDurable(t *testing.T) {
	for _, c := range []struct {
		fault  error
		status int
	}{{switchyard.Refuse(switchyard.StorageUnavailable, "disk full"), 503}, {errors.New("of the machine room"), 500}} {
		r := newRig()
		r.fault = c.fault
		w := r.ask(form(), "", here)
		if w.Code != c.status || strings.Contains(w.Body.String(), "token") || strings.Contains(w.Body.String(), "machine room") {
			t.Errorf("%v: answered %d %s", c.fault, w.Code, w.Body)
		}
		if retry := w.Header().Get("Retry-After"); (retry != "") != (c.status == 503) {
			t.Errorf("%v: Retry-After is %q", c.fault, retry)
		}
		if len(r.directory.grants) != 0 {
			t.Errorf("%v: a token is good though it is not durable", c.fault)
		}
	}
}

func TestTokenForms(t *testing.T) {
	const formType = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, body, contentType string
		status                  int
	}{
		{"a charset", form().Encode(), "Application/X-WWW-Form-Urlencoded; charset=utf-8", 200},
		{"JSON", `{}`, "application/json", 400},
		{"no type", form().Encode(), "", 400},
		{"a parameter twice", form().Encode() + "&scope=a", formType, 400},
		{"no form", "a=%zz", formType, 400},
		{"too large", form().Encode() + "&x=" + strings.Repeat("x", maxFormBytes), formType, 413},
	} {
		r := newRig()
		w := r.askBody(c.body, c.contentType, "", here)
		if w.Code != c.status || c.status != 200 && !strings.Contains(w.Body.String(), `"error":"invalid_request"`) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

func TestTokenPaths(t *testing.T) {
	r := newRig()
	for _, c := range []struct {
		method, path string
		status       int
	}{{"GET", "/auth/connect/token", 405}, {"POST", "/auth/other", 404}} {
		w := httptest.NewRecorder()
		r.routes.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status || !strings.HasPrefix(w.Body.String(), `{"message":`) {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
		if allow := w.Header().Get("Allow"); c.status == 405 && allow != "POST" {
			t.Errorf("Allow is %q", allow)
		}
	}
}

func TestGuessingIsLimited(t *testing.T) {
	r := newRig()
	wrong := form("client_secret", "wrong")
	for range maxFailures {
		if w := r.ask(wrong, "", here); w.Code != 400 {
			t.Fatalf("status %d", w.Code)
		}
		r.pass(time.Second)
	}
	// Failures from the first second on, so that a minute has 50 seconds left.
	if w := r.ask(form(), "", here); w.Code != 429 || w.Header().Get("Retry-After") != "50" {
		t.Errorf("the right secret after %d failures: %d, Retry-After %q", maxFailures, w.Code, w.Header().Get("Retry-After"))
	}
	if w := r.ask(form(), "", "192.0.2.2:1000"); w.Code != 200 {
		t.Errorf("from another address: %d", w.Code)
	}
	if w := r.ask(form("client_id", "odd:+%", "client_secret", "s p+%"), "", here); w.Code != 200 {
		t.Errorf("another client: %d", w.Code)
	}
	r.pass(50 * time.Second)
	if w := r.ask(form(), "", "192.0.2.1:2000"); w.Code != 200 {
		t.Errorf("a minute later: %d", w.Code)
	}
	for range maxFailures {
		if w := r.ask(wrong, "", here); w.Code != 400 {
			t.Fatalf("status %d", w.Code)
		}
	}
	if w := r.ask(form(), "", here); w.Code != 429 {
		t.Errorf("the right secret after as many failures again: %d", w.Code)
	}
}

func TestSuccessesAreNotLimited(t *testing.T) {
	r := newRig()
	for range 5 * maxFailures {
		if w := r.ask(form(), "", here); w.Code != 200 {
			t.Fatalf("status %d", w.Code)
		}
	}
	if n := len(r.tokens.attempts.recent); n != 0 {
		t.Errorf("%d records are kept of clients that did nothing wrong", n)
	}
}

// TestGuessingInParallel: the limit holds for guesses that come at the same time.
func TestGuessingInParallel(t *testing.T) {
	r := newRig()
	var guesses atomic.Int32
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if w := r.ask(form("client_secret", "wrong"), "", here); w.Code == 400 {
				guesses.Add(1)
			}
		})
	}
	group.Wait()
	if n := guesses.Load(); n != maxFailures {
		t.Errorf("%d guesses were looked at, want %d", n, maxFailures)
	}
}

func TestSuspectsAreBounded(t *testing.T) {
	a := newAttempts(time.Now)
	for n := range maxSuspects + 1000 {
		_, _ = a.try(t.Context(), suspect{name: fmt.Sprint(n)}, func() (bool, error) { return false, nil })
	}
	if n := len(a.recent); n > maxSuspects || n < maxSuspects/2 {
		t.Errorf("%d suspects are watched", n)
	}
}

func TestTokensOfAClientAreBounded(t *testing.T) {
	r := newRig()
	for n := range maxTokensPerClient {
		r.token("crm", fmt.Sprint(n), write)
	}
	if w := r.ask(form(), "", here); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d", w.Code)
	}
}
