package auth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/api/httpx"
)

const write, read = switchyard.ScopeInteractionsWrite, switchyard.ScopeInteractionsRead

func TestBearer(t *testing.T) {
	r := newRig()
	r.token("crm", "t1", write)
	for header, known := range map[string]bool{
		"Bearer t1": true, "bearer t1": true, "BEARER  t1": true,
		"Bearer t2": false, "Bearer": false, "Bearer ": false, "Basic t1": false, "t1": false, "Bearert1": false,
	} {
		q := bearer(header)
		p, err := r.directory.Bearer(q)
		if (err == nil) != known {
			t.Errorf("%q: %v", header, err)
		}
		if !known {
			wantCode(t, header, err, switchyard.Unauthorized)
			continue
		}
		if p.Account != "acme" || p.By() != "client:crm" || !p.Has(write) || p.Has(read) || p.Is(switchyard.RoleAgent) {
			t.Errorf("%q is %+v", header, p)
		}
		if call := httpx.CallOf(q.Context()); call.Account != "acme" || call.By != "client:crm" {
			t.Errorf("the log line would say %+v", call)
		}
	}
}

func TestTokensEnd(t *testing.T) {
	other := crm
	other.Secret = "hash:other"
	renamed := crm
	renamed.ID = "crm2"
	cases := []struct {
		name  string
		does  func(*rig)
		lives bool
	}{
		{"nothing happens", func(*rig) {}, true},
		{"the same document again", func(r *rig) { r.publish([]switchyard.ClientEntry{crm}) }, true},
		{"the secret changed", func(r *rig) { r.publish([]switchyard.ClientEntry{other}) }, false},
		{"the client is gone", func(r *rig) { r.publish(nil) }, false},
		{"the client is another", func(r *rig) { r.publish([]switchyard.ClientEntry{renamed}) }, false},
		{"gone and back", func(r *rig) { r.publish(nil); r.publish([]switchyard.ClientEntry{crm}) }, false},
		{"just before its end", func(r *rig) { r.pass(2*time.Hour - time.Millisecond) }, true},
		{"its end", func(r *rig) { r.pass(2 * time.Hour) }, false},
		{"the account is loaded anew without it", func(r *rig) {
			r.directory.Load("acme", Facts{Clients: []switchyard.ClientEntry{crm}})
		}, false},
		{"the account is loaded anew with it", func(r *rig) {
			now := switchyard.InstantOf(r.now())
			r.directory.Load("acme", Facts{Clients: []switchyard.ClientEntry{crm},
				Tokens: []switchyard.TokenIssued{{Client: "crm", Hash: HashOf("t").String(), Scopes: crm.Scopes, Wall: now - 10, Expires: now + 10}}})
		}, true},
		{"another account changes", func(r *rig) {
			r.directory.Load("other", Facts{Clients: []switchyard.ClientEntry{{ID: "x"}}})
		}, true},
	}
	for _, c := range cases {
		r := newRig()
		r.token("crm", "t", write)
		c.does(r)
		if got := r.knows("t"); got != c.lives {
			t.Errorf("%s: the token is good: %t", c.name, got)
		}
	}
}

// TestTokenOfAnOldSecret: a token that was asked for before its client's secret changed, and is
// seen only afterwards, is no good.
func TestTokenOfAnOldSecret(t *testing.T) {
	r := newRig()
	asked := switchyard.InstantOf(r.now())
	r.pass(time.Second)
	rotated := crm
	rotated.Secret = "hash:new"
	r.publish([]switchyard.ClientEntry{rotated})
	issued := &switchyard.TokenIssued{Client: "crm", Hash: HashOf("t").String(), Wall: asked, Expires: asked.Add(switchyard.Hour)}
	r.directory.Observe("acme", []switchyard.Event{issued})
	if r.knows("t") {
		t.Error("a token of the old secret is good")
	}
}

// TestSessionOfAnOldPassword: the same for a session and its user's password.
func TestSessionOfAnOldPassword(t *testing.T) {
	r := newRig()
	opened := switchyard.InstantOf(r.now())
	r.pass(time.Second)
	changed := &switchyard.PasswordChanged{Agented: switchyard.Agented{Agent: "Ada"}, Password: "hash:new"}
	session := &switchyard.SessionOpened{Agented: switchyard.Agented{Agent: "Ada"}, Hash: HashOf("c").String(), Wall: opened,
		Expires: opened.Add(switchyard.Hour)}
	r.directory.Observe("acme", []switchyard.Event{changed, session})
	_, err := r.directory.Authenticate(withCookie("GET", "c", ""))
	wantCode(t, "a session of the old password", err, switchyard.Unauthorized)
}

func TestTokenNeverOutgrowsItsClient(t *testing.T) {
	r := newRig()
	r.token("crm", "t", write, read, switchyard.ScopeConfigWrite)
	less := crm
	less.Scopes = []switchyard.Scope{read, switchyard.ScopeConfigRead}
	r.publish([]switchyard.ClientEntry{less})
	p, err := r.directory.Bearer(bearer("Bearer t"))
	if err != nil || p.Has(write) || !p.Has(read) || p.Has(switchyard.ScopeConfigRead) || p.Has(switchyard.ScopeConfigWrite) {
		t.Errorf("%+v, %v", p, err)
	}
	r.publish([]switchyard.ClientEntry{crm})
	if p, err = r.directory.Bearer(bearer("Bearer t")); err != nil || !p.Has(write) {
		t.Errorf("granted again: %+v, %v", p, err)
	}
}

func TestSweepBoundsMemory(t *testing.T) {
	r := newRig()
	for n := range 20 * minSweep {
		r.token("crm", fmt.Sprint(n), write)
		r.pass(10 * time.Second) // so that 720 tokens are alive at a time
	}
	if n := len(r.directory.grants); n > 2*minSweep {
		t.Errorf("%d tokens are kept, of which 720 live", n)
	}
	if n := len(r.directory.clients["crm"].tokens); n != len(r.directory.grants) {
		t.Errorf("the client lists %d tokens, the directory %d", n, len(r.directory.grants))
	}
}

func TestSessionsEnd(t *testing.T) {
	changed, gone := ada, []switchyard.AgentEntry{sue}
	changed.Password = "hash:by an admin"
	cases := []struct {
		name  string
		does  func(*rig)
		lives bool
	}{
		{"nothing happens", func(*rig) {}, true},
		{"the same document again", func(r *rig) { r.publish(nil, ada, sue) }, true},
		{"an admin gives another password", func(r *rig) { r.publish(nil, changed, sue) }, false},
		{"the user is gone", func(r *rig) { r.publish(nil, gone...) }, false},
		{"signed out", func(r *rig) {
			r.directory.Observe("acme", []switchyard.Event{&switchyard.SessionClosed{Hash: HashOf("c").String()}})
		}, false},
		{"another session signed out", func(r *rig) {
			r.directory.Observe("acme", []switchyard.Event{&switchyard.SessionClosed{Hash: HashOf("d").String()}})
		}, true},
		{"the password changed elsewhere", func(r *rig) {
			r.directory.Observe("acme", []switchyard.Event{&switchyard.PasswordChanged{Agented: switchyard.Agented{Agent: "ADA"}, Password: "hash:x"}})
		}, false},
		{"the password changed here", func(r *rig) {
			r.directory.Observe("acme", []switchyard.Event{&switchyard.PasswordChanged{Agented: switchyard.Agented{Agent: "Ada"}, Password: "hash:x", Keep: HashOf("c").String()}})
		}, true},
		{"its end", func(r *rig) { r.pass(SessionLifetime) }, false},
	}
	for _, c := range cases {
		r := newRig()
		now := switchyard.InstantOf(r.now())
		r.directory.Observe("acme", []switchyard.Event{&switchyard.SessionOpened{Agented: switchyard.Agented{Agent: "ada"},
			Hash: HashOf("c").String(), Wall: now, Expires: now.Add(12 * switchyard.Hour)}})
		r.pass(time.Second)
		c.does(r)
		_, err := r.directory.Authenticate(withCookie("GET", "c", ""))
		if (err == nil) != c.lives {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func withCookie(method, cookie, csrf string) *http.Request {
	q := httptest.NewRequest(method, "/v1/session", nil)
	q.AddCookie(&http.Cookie{Name: CookieName, Value: cookie})
	if csrf != "" {
		q.Header.Set(CSRFHeader, csrf)
	}
	return q
}

func TestAuthenticate(t *testing.T) {
	r := newRig()
	r.token("crm", "t", write)
	now := switchyard.InstantOf(r.now())
	r.directory.Observe("acme", []switchyard.Event{&switchyard.SessionOpened{Agented: switchyard.Agented{Agent: "ada"},
		Hash: HashOf("c").String(), Wall: now, Expires: now.Add(switchyard.Hour)}})
	both := withCookie("POST", "c", "")
	both.Header.Set("Authorization", "Bearer t")
	badToken := withCookie("GET", "c", "")
	badToken.Header.Set("Authorization", "Bearer x")
	cases := []struct {
		name string
		q    *http.Request
		by   string
		code switchyard.Code
	}{
		{"nothing", httptest.NewRequest("GET", "/", nil), "", switchyard.Unauthorized},
		{"a token", bearer("Bearer t"), "client:crm", ""},
		{"a cookie that reads", withCookie("GET", "c", ""), "user:Ada", ""},
		{"a cookie that writes", withCookie("PUT", "c", csrfToken("c")), "user:Ada", ""},
		{"a cookie that writes without CSRF token", withCookie("PUT", "c", ""), "", switchyard.Forbidden},
		{"a cookie that writes with another's CSRF token", withCookie("DELETE", "c", csrfToken("d")), "", switchyard.Forbidden},
		{"an unknown cookie", withCookie("GET", "x", ""), "", switchyard.Unauthorized},
		{"a token for a cookie", withCookie("GET", "t", ""), "", switchyard.Unauthorized},
		{"a cookie for a token", bearer("Bearer c"), "", switchyard.Unauthorized},
		{"a token goes before a cookie", both, "client:crm", ""},
		{"a bad token goes before a cookie", badToken, "", switchyard.Unauthorized},
	}
	for _, c := range cases {
		p, err := r.directory.Authenticate(c.q)
		wantCode(t, c.name, err, c.code)
		if err == nil && p.By() != c.by {
			t.Errorf("%s: is %s, want %s", c.name, p.By(), c.by)
		}
	}
	p, err := r.directory.Authenticate(withCookie("GET", "c", ""))
	if err != nil || !p.Is(switchyard.RoleAgent) || p.Oversees() || p.CSRF() != csrfToken("c") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestDirectoryServesManyAtOnce(t *testing.T) {
	r := newRig()
	r.token("crm", "t", write)
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			for m := range 200 {
				r.token("crm", fmt.Sprint(n, m), write)
				r.publish([]switchyard.ClientEntry{crm, odd}, ada)
				if !r.knows("t") {
					t.Error("a token is lost")
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkBearer(b *testing.B) {
	r := newRig()
	secret := newSecret()
	r.token("crm", secret, write)
	d := r.directory
	d.now = time.Now
	r.clock = time.Now()
	r.token("crm", secret, write)
	q := bearer("Bearer " + secret)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Bearer(q); err != nil {
			b.Fatal(err)
		}
	}
}
