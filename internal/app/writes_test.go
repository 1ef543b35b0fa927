package app

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard/internal/api/auth"
)

var (
	contractAccount = filepath.Join(contractDir, "account.yaml")
	scenarioAccount = filepath.Join(scenarioDir, "account.yaml")
)

// keyed makes a native call with an Idempotency-Key.
func (s *server) keyed(method, path, key string, in any) answer {
	s.t.Helper()
	header := map[string]string{"Authorization": "Bearer " + s.token("ops"), "Idempotency-Key": key}
	body := ""
	if in != nil {
		text, err := json.Marshal(in, json.Deterministic(true))
		if err != nil {
			s.t.Fatal(err)
		}
		body, header["Content-Type"] = string(text), "application/json"
	}
	return s.send(method, path, header, body)
}

func (s *server) ok(a answer) answer {
	s.t.Helper()
	if a.status/100 != 2 {
		s.t.Fatalf("status %d: %s", a.status, a.body)
	}
	return a
}

// read decodes a JSON answer.
func (s *server) read(a answer) (m map[string]any) {
	s.t.Helper()
	if err := json.Unmarshal(s.ok(a).body, &m); err != nil {
		s.t.Fatal(err)
	}
	return m
}

// dispatch returns the id of a new interaction, as Prefer: return=representation answers it.
func (s *server) dispatch(externalID string) string {
	s.t.Helper()
	a := s.preferring(fmt.Sprintf(`{"requests":[{"route":"Cases","requestid":"r-%s","externalid":%[1]q}]}`, externalID))
	var results []result
	if err := json.Unmarshal(a.body, &results); err != nil || len(results) != 1 || results[0].Interaction == "" {
		s.t.Fatalf("%s: %d %s", externalID, a.status, a.body)
	}
	return results[0].Interaction
}

// result is what an invoke call answers for one request with Prefer: return=representation.
type result struct {
	RequestID   string `json:"requestid"`
	ExternalID  string `json:"externalid"`
	Status      string `json:"status"`
	Interaction string `json:"interaction"`
	Reason      *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"reason"`
}

func (s *server) preferring(body string) answer {
	s.t.Helper()
	return s.send("POST", "/interactions/invoke", map[string]string{"Authorization": "Bearer " + s.token("crm"), "Prefer": "return=representation",
		"Accept": "application/vnd.newvoicemedia.v1+json", "Content-Type": "application/json"}, body)
}

// A write with an Idempotency-Key is made once: the same call again, also to a server that was killed
// in between and after others changed things, gets the first answer and changes nothing (RULINGS 7).
func TestIdempotencyKeyOutlivesTheServer(t *testing.T) {
	for _, store := range []string{Memory, "sqlite"} {
		t.Run(store, func(t *testing.T) {
			s := newServer(t, store, scenarioAccount)
			id := s.dispatch("keyed")
			s.ok(s.contract("/interactions/register", `{"provider":"p"}`))
			var doc map[string]any
			readYAML(t, scenarioAccount, &doc)
			calls := []struct {
				method, path string
				in, other    any
				undo         func()
			}{
				{"POST", "/v1/interactions/" + id + "/priority", map[string]string{"band": "Highest"}, map[string]string{"band": "Lower"},
					func() {
						s.ok(s.native("POST", "/v1/interactions/"+id+"/priority", map[string]string{"band": "Lowest"}))
					}},
				{"PUT", "/v1/agents/ADA/presence", map[string]string{"presence": "Lunch"}, map[string]string{"presence": "Ready"},
					func() { s.ok(s.native("PUT", "/v1/agents/ada/presence", map[string]string{"presence": "Away"})) }},
				{"PUT", "/v1/config", with(doc, "french"), map[string]any{"account": "story"},
					func() { s.ok(s.native("PUT", "/v1/config", with(doc, "french", "dutch"))) }},
				{"PUT", "/v1/config", with(doc, "french", "dutch"), doc, // says what the config says: no version is made, and none later
					func() { s.ok(s.native("PUT", "/v1/config", with(doc, "danish"))) }},
				{"POST", "/v1/config/rollback", map[string]int{"version": 1}, map[string]int{"version": 2},
					func() { s.ok(s.native("PUT", "/v1/config", with(doc, "danish"))) }},
				{"POST", "/v1/providers/p/secret", nil, map[string]any{}, func() { s.ok(s.native("POST", "/v1/providers/p/secret", nil)) }},
				{"DELETE", "/v1/providers/p", nil, map[string]any{}, func() { s.ok(s.contract("/interactions/register", `{"provider":"p"}`)) }},
			}
			first := make([]answer, len(calls))
			for n, c := range calls {
				first[n] = s.ok(s.keyed(c.method, c.path, fmt.Sprint("key ", n), c.in))
				s.repeat(c.method, c.path, fmt.Sprint("key ", n), c.in, first[n])
				if c.undo(); c.other != nil {
					a := s.keyed(c.method, c.path, fmt.Sprint("key ", n), c.other)
					if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), "idempotency_mismatch") {
						t.Errorf("%s %s with another body: %d %s", c.method, c.path, a.status, a.body)
					}
				}
			}
			before := s.state()
			for range 2 {
				for n, c := range calls {
					s.repeat(c.method, c.path, fmt.Sprint("key ", n), c.in, first[n])
				}
				if after := s.state(); after != before {
					t.Errorf("repeats changed something:\n%s\n%s", before, after)
				}
				s.kill()
				s.again()
			}
			s.ok(s.native("POST", "/v1/clock", map[string]string{"advance": "25h"}))
			s.ok(s.keyed("POST", "/v1/interactions/"+id+"/priority", "key 0", map[string]string{"band": "Lower"})) // the key is free again
		})
	}
}

// with is a document with more skills.
func with(doc map[string]any, skills ...any) map[string]any {
	c := maps.Clone(doc)
	c["skills"] = slices.Concat(doc["skills"].([]any), skills)
	return c
}

// repeat makes a call a second time.
func (s *server) repeat(method, path, key string, in any, first answer) {
	s.t.Helper()
	a := s.keyed(method, path, key, in)
	if a.status != first.status || string(a.body) != string(first.body) {
		s.t.Errorf("%s %s again: %d %s, the first answer was %d %s", method, path, a.status, a.body, first.status, first.body)
	}
}

// state is what could have changed.
func (s *server) state() string {
	s.t.Helper()
	var b strings.Builder
	for _, path := range []string{"/v1/interactions", "/v1/agents", "/v1/config/history", "/v1/config", "/v1/providers"} {
		b.Write(s.ok(s.native("GET", path, nil)).body)
		b.WriteString("\n")
	}
	return b.String()
}

// under keeps a server busy from several connections until stop is called.
func (s *server) under(load int) (stop func()) {
	s.t.Helper()
	var ended atomic.Bool
	var workers sync.WaitGroup
	token := s.token("crm")
	for n := range load {
		workers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := 0; !ended.Load(); i++ {
				body := fmt.Sprintf(`{"requests":[{"route":"Auto","externalid":"load-%d-%d"},{"action":"release","externalid":"load-%[1]d-%d"}]}`, n, i, i-3)
				r, err := http.NewRequest("POST", s.url+"/interactions/invoke", strings.NewReader(body))
				if err != nil {
					return
				}
				r.Header = http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/vnd.newvoicemedia.v1+json"}, "Content-Type": {"application/json"}}
				response, err := client.Do(r)
				if err != nil {
					s.t.Error(err)
					return
				}
				_ = response.Body.Close()
			}
		})
	}
	return func() {
		ended.Store(true)
		workers.Wait()
	}
}

// A read that begins after an acknowledged write shows it, whatever connection it comes by and
// however busy the server is: live and ended interactions, agents, timelines, invocations, the feed.
func TestReadYourWrites(t *testing.T) {
	for _, store := range []string{Memory, "sqlite"} {
		t.Run(store, func(t *testing.T) {
			s := newServer(t, store, scenarioAccount)
			s.ok(s.native("PUT", "/v1/agents/ada/presence", map[string]string{"presence": "Ready"}))
			defer s.under(4)()
			connections := []*http.Client{httpClient, {Transport: &http.Transport{}}, {Transport: &http.Transport{}}}
			t.Cleanup(func() {
				for _, c := range connections {
					c.CloseIdleConnections()
				}
			})
			get := func(n int, path string) string {
				t.Helper()
				return string(s.ok(s.by(connections[n%len(connections)], path)).body)
			}
			for n := range 200 {
				externalID := fmt.Sprint("mine-", n)
				id := s.dispatch(externalID)
				has := func(path string, texts ...string) {
					t.Helper()
					shown := get(n, path)
					for _, text := range texts {
						if !strings.Contains(shown, text) {
							t.Fatalf("iteration %d: %s lacks %s: %s", n, path, text, shown)
						}
					}
				}
				has("/v1/interactions/"+id, `"state":"`)
				has("/v1/interactions?externalid="+externalID, id)
				has("/v1/interactions/"+id+"/timeline", "interaction.dispatched", "interaction.queued")
				presence := []string{"Ready", "Lunch", "Away"}[n%3]
				s.ok(s.native("PUT", "/v1/agents/bo/presence", map[string]string{"presence": presence}))
				has("/v1/agents/bo", presence)
				a := s.ok(s.preferring(fmt.Sprintf(`{"requests":[{"action":"release","externalid":%q}]}`, externalID)))
				has("/v1/interactions/"+id, `"state":"ended"`, `"outcome":"Released"`)
				has("/v1/interactions?state=ended&externalid="+externalID, id)
				has("/v1/interactions/"+id+"/timeline", "interaction.ended")
				has("/v1/interactions/"+id+"/explain", "It ended at")
				has("/v1/invocations/"+a.header.Get("X-Correlation-ID"), externalID)
				if n%20 == 0 {
					has("/v1/events?limit=1000&interaction="+id+"&after="+s.cursorBefore(id), "interaction.dispatched", "interaction.ended")
				}
			}
		})
	}
}

// by makes a native read over a connection of its own.
func (s *server) by(client *http.Client, path string) answer {
	s.t.Helper()
	return s.sendBy(client, "GET", path, map[string]string{"Authorization": "Bearer " + s.token("ops"), "Accept": "application/json"}, "")
}

// cursorBefore is where the feed stood when an interaction came in.
func (s *server) cursorBefore(id string) string {
	s.t.Helper()
	var page struct {
		Items []struct {
			Seq uint64 `json:"seq"`
		} `json:"items"`
	}
	if err := json.Unmarshal(s.ok(s.native("GET", "/v1/interactions/"+id+"/timeline", nil)).body, &page); err != nil || len(page.Items) == 0 {
		s.t.Fatal(err)
	}
	return fmt.Sprint(page.Items[0].Seq - 1)
}

// What Prefer: return=representation answers is what GET /v1/invocations shows of the call later, and
// of calls that did not prefer anything too.
func TestInvocationsAgree(t *testing.T) {
	for _, store := range []string{Memory, "sqlite"} {
		t.Run(store, func(t *testing.T) {
			s := newServer(t, store, contractAccount)
			type shown struct {
				Results []struct {
					RequestID, ExternalID, Status, Interaction, Code, Detail string
				} `json:"results"`
				Requests []jsontext.Value `json:"requests"`
			}
			const call = `{"requests":[{"requestid":"a","route":"APIRouting","externalid":"1"},{"requestid":"a","route":"APIRouting","externalid":"2"},
				{"requestid":"b","route":"nowhere"},{"requestid":5,"externalid":"1","route":"APIRouting"},{"route":"APIRouting","linkeddata":[{"type":"clid"}]},
				{"action":"dance"},{"requestid":{},"route":"APIRouting"},{"action":"release","externalid":"9"},{"requestid":"c","action":"release","externalid":"1"}]}`
			check := func(a answer) (results []result) {
				t.Helper()
				if err := json.Unmarshal(s.ok(a).body, &results); err != nil {
					t.Fatalf("%s: %v", a.body, err)
				}
				var kept shown
				if err := json.Unmarshal(s.ok(s.native("GET", "/v1/invocations/"+a.header.Get("X-Correlation-ID"), nil)).body, &kept, json.MatchCaseInsensitiveNames(true)); err != nil {
					t.Fatal(err)
				}
				if len(kept.Results) != len(results) || len(kept.Requests) != len(results) {
					t.Fatalf("%d results were answered, %d are kept, of %d requests", len(results), len(kept.Results), len(kept.Requests))
				}
				for n, r := range results {
					code, detail := "", ""
					if r.Reason != nil {
						code, detail = r.Reason.Code, r.Reason.Detail
					}
					if k := kept.Results[n]; k.RequestID != r.RequestID || k.ExternalID != r.ExternalID || k.Status != r.Status || k.Interaction != r.Interaction || k.Code != code || k.Detail != detail {
						t.Errorf("request %d: answered %+v %s %s, kept %+v", n, r, code, detail, k)
					}
				}
				return results
			}
			results := check(s.preferring(call))
			var statuses []string
			for _, r := range results {
				word := r.Status
				if r.Reason != nil {
					word = r.Reason.Code
				}
				statuses = append(statuses, word)
			}
			want := "accepted duplicate route_unknown externalid_in_use linkeddata_invalid action_invalid requestid_invalid interaction_not_found accepted"
			if got := strings.Join(statuses, " "); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			check(s.preferring(call))
			plain := s.ok(s.contract("/interactions/invoke", call))
			correlation := plain.header.Get("X-Correlation-ID")
			before := s.ok(s.native("GET", "/v1/invocations/"+correlation, nil))
			s.kill()
			s.again()
			if after := s.ok(s.native("GET", "/v1/invocations/"+correlation, nil)); string(after.body) != string(before.body) {
				t.Errorf("after a restart: %s, before: %s", after.body, before.body)
			}
		})
	}
}

// signedIn is a browser of a user.
type signedIn struct {
	*server
	jar  http.CookieJar
	csrf string
}

// signIn reports whether the password is the user's.
func (s *server) signIn(account, user, password string) (*signedIn, bool) {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &signedIn{server: s, jar: jar}
	a := b.call("POST", "/v1/session", auth.Credentials{Account: account, Username: user, Password: password})
	var session auth.Session
	if err := json.Unmarshal(a.body, &session); err != nil {
		s.t.Fatal(err)
	}
	b.csrf = session.CSRF
	return b, a.status == 200
}

func (b *signedIn) call(method, path string, in any) answer {
	b.t.Helper()
	header := map[string]string{auth.CSRFHeader: b.csrf, "Accept": "application/json"}
	body := ""
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			b.t.Fatal(err)
		}
		body, header["Content-Type"] = string(text), "application/json"
	}
	client := *httpClient
	client.Jar = b.jar
	return b.sendBy(&client, method, path, header, body)
}

// A password that its owner changed stays, whatever document that does not name it comes later, and
// also when it is changed while a document is on its way.
func TestChangedPasswordStays(t *testing.T) {
	for _, store := range []string{Memory, "sqlite"} {
		t.Run(store, func(t *testing.T) {
			s := newServer(t, store, contractAccount)
			bob, ok := s.signIn("acme", "bob", "correct horse 2")
			if !ok {
				t.Fatal("bob cannot sign in")
			}
			s.ok(bob.call("PUT", "/v1/me/password", map[string]string{"old": "correct horse 2", "new": "bob's own choice"}))
			stays := func(when string) {
				t.Helper()
				if _, ok := s.signIn("acme", "bob", "bob's own choice"); !ok {
					t.Errorf("%s: bob's password is gone", when)
				}
				if _, ok := s.signIn("acme", "bob", "correct horse 2"); ok {
					t.Errorf("%s: bob's old password is back", when)
				}
			}
			stays("at once")
			var doc map[string]any
			readYAML(t, contractAccount, &doc)
			agents := doc["agents"].([]any)
			delete(agents[1].(map[string]any), "password")
			doc["skills"] = append(doc["skills"].([]any), "french")
			s.ok(s.native("PUT", "/v1/config", doc))
			stays("after a document without passwords")
			agents[1].(map[string]any)["password"] = "***"
			doc["skills"] = append(doc["skills"].([]any), "dutch")
			s.ok(s.native("PUT", "/v1/config", doc))
			stays("after a document with a masked password")
			if a := bob.call("GET", "/v1/session", nil); a.status != 200 {
				t.Errorf("the session that changed the password ended: %d", a.status)
			}
			s.ok(s.native("POST", "/v1/config/rollback", map[string]int{"version": 1}))
			stays("after a rollback")
			s.kill()
			s.again()
			stays("after a restart with the account file")
			s.race(agents[1].(map[string]any), doc)
		})
	}
}

// race changes a password while documents that do not name it are published.
func (s *server) race(bob, doc map[string]any) {
	s.t.Helper()
	delete(bob, "password")
	carol := doc["agents"].([]any)[2].(map[string]any)
	now := "bob's own choice"
	for n := range 8 {
		browser, ok := s.signIn("acme", "bob", now)
		if !ok {
			s.t.Fatalf("after %d changes bob cannot sign in", n)
		}
		carol["password"] = fmt.Sprint("carol's password ", n) // takes the document its time to hash
		text, err := json.Marshal(doc)
		if err != nil {
			s.t.Fatal(err)
		}
		r, err := http.NewRequest("PUT", s.url+"/v1/config", strings.NewReader(string(text)))
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"Bearer " + s.token("ops")}, "Content-Type": {"application/json"}}
		published := make(chan string)
		go func() {
			response, err := (&http.Client{}).Do(r)
			if err != nil {
				published <- err.Error()
				return
			}
			_ = response.Body.Close()
			published <- response.Status
		}()
		next := fmt.Sprint("bob's choice ", n)
		s.ok(browser.call("PUT", "/v1/me/password", map[string]string{"old": now, "new": next}))
		now = next
		if status := <-published; status != "200 OK" {
			s.t.Fatal(status)
		}
	}
	if _, ok := s.signIn("acme", "bob", now); !ok {
		s.t.Error("a document that was on its way took a changed password back")
	}
}
