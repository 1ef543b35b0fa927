package native

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/config"
	"switchyard/internal/engine"
)

func TestAgents(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	v := as[Agent](ops.do("PUT", "/v1/agents/ADA/presence", `{"presence":"lunch"}`).is(200))
	if v.Username != "ada" || v.Presence != "Lunch" || v.Category != switchyard.Away || v.DisplayID != "1" || v.Name != "Ada" ||
		len(v.Skills) != 1 || v.Skills[0] != (Level{"billing", 9}) || len(v.Groups) != 1 || v.Roles[0] != switchyard.RoleAgent {
		t.Errorf("%+v", v)
	}
	r.ready("ada")
	r.dispatch("A", func(q *switchyard.Request) { q.Class = "chat" })
	if v := as[Agent](ops.do("GET", "/v1/agents/ada", "").is(200)); v.Load != 33 || len(v.Interactions) != 1 {
		t.Errorf("%+v", v)
	}
	ops.do("PUT", "/v1/agents/nobody/presence", `{"presence":"Ready"}`).code(404, switchyard.NotFound)
	ops.do("PUT", "/v1/agents/ada/presence", `{"presence":"Nap"}`).code(422, switchyard.PresenceUnknown)
	ops.do("PUT", "/v1/agents/ada/presence", `{"presence":"No Answer"}`).code(422, switchyard.PresenceReserved)
	ops.do("PUT", "/v1/agents/ada/presence", `{}`).code(400, switchyard.Malformed)
	ops.do("PUT", "/v1/agents/ada/presence", ``).code(400, switchyard.Malformed)
	ops.do("PUT", "/v1/agents/ada/presence", `{"Presence":"Ready"}`).code(400, switchyard.Malformed)
	ops.do("POST", "/v1/agents/ada/heartbeat", "").is(204)
	ops.do("POST", "/v1/agents/nobody/heartbeat", "").code(404, switchyard.NotFound)
	first := as[List[Agent]](ops.do("GET", "/v1/agents?limit=1", "").is(200))
	rest := as[List[Agent]](ops.do("GET", "/v1/agents?cursor="+first.Next, "").is(200))
	if len(first.Items) != 1 || len(rest.Items) != 1 || rest.Items[0].Username != "bo" || rest.Next != "" {
		t.Errorf("pages %+v and %+v", first, rest)
	}
}

func TestBodiesOfTheWrongKindOrSize(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	ops.with("Content-Type", "text/plain").do("PUT", "/v1/agents/ada/presence", `{"presence":"Ready"}`).is(415)
	ops.with("Content-Type", "application/json; charset=utf-8").do("PUT", "/v1/agents/ada/presence", `{"presence":"Ready"}`).is(200)
	ops.do("PUT", "/v1/agents/ada/presence", `{"presence":"`+strings.Repeat("x", switchyard.MaxBodyBytes)+`"}`).is(413)
	ops.do("PUT", "/v1/config", `{"account":"`+strings.Repeat("x", switchyard.MaxBodyBytes)+`"}`).code(422, switchyard.AccountMismatch)
}

// document answers the config as it would be put again, changed by f.
func (c *caller) document(f func(doc *switchyard.Account)) string {
	c.rig.t.Helper()
	doc := as[switchyard.Account](c.do("GET", "/v1/config", "").is(200))
	return written(c.rig.t, &doc, f)
}

// written is an account document, changed, as JSON.
func written(t testing.TB, doc *switchyard.Account, f func(doc *switchyard.Account)) string {
	t.Helper()
	if f != nil {
		f(doc)
	}
	b, err := json.Marshal(doc, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestConfig(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	if p := as[Published](ops.do("PUT", "/v1/config", ops.document(nil)).is(200)); p.Version != 1 || p.Changed {
		t.Errorf("what was got is put: %+v", p)
	}
	next := ops.document(func(doc *switchyard.Account) { doc.Skills = append(doc.Skills, "vip") })
	if p := as[Published](ops.do("PUT", "/v1/config", next).is(200)); p.Version != 2 || !p.Changed {
		t.Errorf("a skill more: %+v", p)
	}
	if p := as[Published](ops.do("PUT", "/v1/config", next).is(200)); p.Version != 2 || p.Changed {
		t.Errorf("the same again: %+v", p)
	}
	history := as[List[ConfigVersion]](ops.do("GET", "/v1/config/history", "").is(200))
	if len(history.Items) != 2 || history.Items[0].Version != 2 || history.Items[0].Source != "api" || history.Items[0].By != "client:story-all" || history.Items[1].Source != "file:test.yaml" {
		t.Errorf("history: %+v", history)
	}
	page := as[List[ConfigVersion]](ops.do("GET", "/v1/config/history?limit=1", "").is(200))
	if page = as[List[ConfigVersion]](ops.do("GET", "/v1/config/history?limit=1&cursor="+page.Next, "").is(200)); page.Items[0].Version != 1 {
		t.Errorf("second page: %+v", page)
	}
	if v := as[ConfigVersion](ops.do("GET", "/v1/config/history/1", "").is(200)); len(v.Document.Skills) != 2 || v.Document.Clients[0].Secret != switchyard.Masked {
		t.Errorf("version 1: %+v", v)
	}
	ops.do("GET", "/v1/config/history/9", "").code(404, switchyard.NotFound)
	ops.do("GET", "/v1/config/history/x", "").code(404, switchyard.NotFound)
	ops.do("POST", "/v1/config/rollback", `{"version":9}`).code(422, switchyard.ConfigVersionUnknown)
	if p := as[Published](ops.do("POST", "/v1/config/rollback", `{"version":1}`).is(200)); p.Version != 3 || !p.Changed {
		t.Errorf("rollback: %+v", p)
	}
	if doc := as[switchyard.Account](ops.do("GET", "/v1/config", "").is(200)); !slices.Equal(doc.Skills, []string{"billing", "german"}) {
		t.Errorf("rolled back to %v", doc.Skills)
	}
	if p := as[Published](ops.do("POST", "/v1/config/rollback", `{"version":1}`).is(200)); p.Changed {
		t.Errorf("rollback to what is: %+v", p)
	}
	ops.do("GET", "/v1/agents", "").is(200) // its token outlived all of that
}

// A key that comes back after its 24 hours makes the document what the config is, and nothing else
// (RULINGS 7).
func TestConfigAfterItsKeyIsForgotten(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	next := ops.document(func(doc *switchyard.Account) { doc.Skills = append(doc.Skills, "vip") })
	put := func() Published {
		return as[Published](ops.with("Idempotency-Key", "put").do("PUT", "/v1/config", next).is(200))
	}
	back := func() Published {
		return as[Published](ops.with("Idempotency-Key", "back").do("POST", "/v1/config/rollback", `{"version":1}`).is(200))
	}
	day := func() {
		t.Helper()
		if err := r.engine.AdvanceClock(context.Background(), 24*switchyard.Hour); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if p := put(); p.Version != 2 || !p.Changed {
			t.Errorf("put: %+v", p)
		}
	}
	day()
	if p := put(); p.Version != 2 || p.Changed {
		t.Errorf("put after a day: %+v", p)
	}
	for range 2 {
		if p := back(); p.Version != 3 || !p.Changed {
			t.Errorf("rollback: %+v", p)
		}
	}
	day()
	if p := back(); p.Version != 3 || p.Changed {
		t.Errorf("rollback after a day: %+v", p)
	}
	if doc := as[switchyard.Account](ops.do("GET", "/v1/config", "").is(200)); len(doc.Agents) == 0 {
		t.Errorf("the account is %+v", doc)
	}
}

func TestConfigIsRefused(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	change := func(f func(doc *switchyard.Account)) string { return ops.document(f) }
	for _, c := range []struct {
		name, body, path string
		status           int
		code             switchyard.Code
	}{
		{"no JSON", `{"account":`, "", 400, switchyard.Malformed},
		{"a key twice", `{"account":"story","account":"story"}`, "", 400, switchyard.Malformed},
		{"nothing", ``, "", 400, switchyard.Malformed},
		{"an unknown key", `{"account":"story","agnets":[]}`, "agnets", 422, switchyard.ConfigInvalid},
		{"another account", `{"account":"other"}`, "", 422, switchyard.AccountMismatch},
		{"an unknown skill", change(func(doc *switchyard.Account) { doc.Agents[0].Skills = map[string]int{"nope": 5} }), "agents[0].skills.nope", 422, switchyard.ConfigInvalid},
		{"a reference", change(func(doc *switchyard.Account) { doc.Agents[0].Password = "env:ADA" }), "agents[0].password", 422, switchyard.SecretNotAllowed},
		{"a calendar that is a file", change(func(doc *switchyard.Account) {
			doc.Schedules = []switchyard.Schedule{{Name: "s", TimeZone: "UTC", Calendar: "file:days.ics"}}
		}), "schedules[0].calendar", 422, switchyard.SecretNotAllowed},
		{"a calendar that is none", change(func(doc *switchyard.Account) {
			doc.Schedules = []switchyard.Schedule{{Name: "s", TimeZone: "UTC", Hours: map[string][]string{"mon": {"08:00-12:00"}}, Calendar: "Monday"}}
		}), "schedules[0].calendar", 422, switchyard.ConfigInvalid},
		{"an unknown time zone", change(func(doc *switchyard.Account) {
			doc.Schedules = []switchyard.Schedule{{Name: "s", TimeZone: "Berlin", Hours: map[string][]string{"mon": {"08:00-12:00"}}}}
		}), "schedules[0].timezone", 422, switchyard.ConfigInvalid},
		{"another account's client", change(func(doc *switchyard.Account) {
			doc.Clients = append(doc.Clients, switchyard.ClientEntry{ID: "other-all", Secret: "a long enough secret", Scopes: switchyard.Scopes})
		}), "", 422, switchyard.ClientIDTaken},
		{"a new client without a secret", change(func(doc *switchyard.Account) {
			doc.Clients = append(doc.Clients, switchyard.ClientEntry{ID: "new", Scopes: switchyard.Scopes})
		}), "clients[9].secret", 422, switchyard.ConfigInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			p := as[Problem](ops.do("PUT", "/v1/config", c.body).code(c.status, c.code))
			if c.path != "" && (len(p.Errors) == 0 || p.Errors[0].Path != c.path) {
				t.Errorf("blames %+v, not %s", p.Errors, c.path)
			}
		})
	}
	if list := as[List[ConfigVersion]](ops.do("GET", "/v1/config/history", "").is(200)); len(list.Items) != 1 {
		t.Errorf("refused documents made versions: %+v", list.Items)
	}
}

func TestConfigCheckSaysWhatWouldChange(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	r.dispatch("A", func(q *switchyard.Request) { q.Skills = []switchyard.Skill{{Name: "german"}} })
	r.dispatch("B", func(q *switchyard.Request) { q.Skills = []switchyard.Skill{{Name: "german"}, {Name: "billing"}} })
	p := as[Preview](ops.do("POST", "/v1/config/check", ops.document(func(doc *switchyard.Account) {
		doc.Skills = []string{"billing"}
		doc.Plans[1].Name, doc.Routes[1].Plan = "Renamed", "Renamed"
	})).is(200))
	if !p.Valid || len(p.Changes) == 0 || len(p.Affected) != 1 || p.Affected[0].Count != 2 || !strings.Contains(p.Affected[0].Text, "german") {
		t.Errorf("%+v", p)
	}
	p = as[Preview](ops.do("POST", "/v1/config/check", `{"account":"story","agents":[{"username":"ada","skills":{"nope":1}}]}`).is(200))
	if p.Valid || len(p.Problems) == 0 || p.Problems[0].Line != 1 || p.Problems[0].Column == 0 {
		t.Errorf("%+v", p)
	}
	if p = as[Preview](ops.do("POST", "/v1/config/check", `{"account":"other"}`).is(200)); p.Valid || len(p.Problems) != 1 {
		t.Errorf("%+v", p)
	}
	ops.do("POST", "/v1/config/check", `{`).code(400, switchyard.Malformed)
	if list := as[List[ConfigVersion]](ops.do("GET", "/v1/config/history", "").is(200)); len(list.Items) != 1 {
		t.Errorf("checking made versions: %+v", list.Items)
	}
}

func TestProviders(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	r.must("story", config.Registration(switchyard.ProviderEntry{Name: "CRM", Endpoint: "https://crm.example.com/x",
		Headers: map[string]string{"X-Key": "hush"}, AgentActionsPermitted: map[string]int{"hold": 1}}, r.key))
	a := ops.do("GET", "/v1/providers/crm", "").is(200)
	if v := as[Provider](a); v.Name != "CRM" || v.Headers["X-Key"] != switchyard.Masked || !v.Permissions.Hold || v.Permissions.Release || contains(a.Body, "hush") {
		t.Errorf("%s", a.Body)
	}
	if list := as[List[Provider]](ops.do("GET", "/v1/providers", "").is(200)); len(list.Items) != 1 {
		t.Errorf("%+v", list)
	}
	ops.do("GET", "/v1/providers/nope", "").code(404, switchyard.NotFound)
	ops.do("POST", "/v1/providers/nope/secret", "").code(404, switchyard.NotFound)
	keyed := ops.with("Idempotency-Key", "rotate")
	first := as[SigningSecret](keyed.do("POST", "/v1/providers/crm/secret", "").is(200))
	again := as[SigningSecret](keyed.do("POST", "/v1/providers/crm/secret", "").is(200))
	if !strings.HasPrefix(first.Secret, "whsec_") || first != again || first.Overlap != r.engine.Now().Add(24*switchyard.Hour) {
		t.Errorf("first %+v, again %+v", first, again)
	}
	if other := as[SigningSecret](ops.do("POST", "/v1/providers/crm/secret", "").is(200)); other.Secret == first.Secret {
		t.Error("a second rotation gives the same secret")
	}
	r.must("story", &switchyard.Invoke{Provider: "CRM", Requests: []switchyard.Request{{ExternalID: "X", Route: "Cases"}}})
	ops.do("DELETE", "/v1/providers/crm", "").code(409, switchyard.ProviderInUse)
	ops.do("DELETE", "/v1/providers/crm?force=true", "").is(204)
	ops.do("GET", "/v1/providers/crm", "").code(404, switchyard.NotFound)
	ops.do("DELETE", "/v1/providers/crm", "").code(404, switchyard.NotFound)
}

func TestNotifications(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	r.must("story", config.Registration(switchyard.ProviderEntry{Name: "CRM", Endpoint: "https://crm.example.com/x"}, r.key))
	r.ready("ada")
	id := r.must("story", &switchyard.Invoke{Provider: "CRM", Requests: []switchyard.Request{{ExternalID: "X", Route: "Cases"}}}).([]switchyard.RequestResult)[0].Interaction
	ops.do("POST", "/v1/interactions/"+id.String()+"/accept", `{"agent":"ada"}`).is(200)
	list := as[List[Notification]](ops.do("GET", "/v1/notifications?provider=crm&state=pending&interaction="+id.String(), "").is(200))
	if len(list.Items) != 1 || list.Items[0].Notification != "AssignToAgent" || list.Items[0].Agent != "ada" || list.Items[0].ExternalID != "X" {
		t.Fatalf("%+v", list)
	}
	path := "/v1/notifications/" + list.Items[0].ID.String()
	ops.do("POST", path+"/redeliver", "").code(409, switchyard.NotFailed)
	r.engine.Report("story", &switchyard.EffectResult{Effect: list.Items[0].ID, Attempt: 1, GiveUp: true, Status: 500, Detail: "boom", TookMillis: 3})
	v := as[Notification](ops.do("GET", path, "").is(200))
	if v.State != "failed" || len(v.Attempts) != 1 || v.Attempts[0].Status != 500 || v.Finished == 0 {
		t.Errorf("%+v", v)
	}
	if v := as[Notification](ops.do("POST", path+"/redeliver", "").is(200)); v.State != "pending" {
		t.Errorf("%+v", v)
	}
	ops.do("GET", "/v1/notifications/0193f6a0-7c1e-7000-8000-0000a1b2c3d4", "").code(404, switchyard.NotFound)
	ops.do("GET", "/v1/notifications?interaction=x", "").code(400, switchyard.Malformed)
}

func TestInvocationsAreReadByWhoSentThem(t *testing.T) {
	r := newRig(t)
	correlation := switchyard.NewID(r.engine.Now(), 7, 7)
	_, err := r.engine.Do(context.Background(), "story", engine.Call{By: "client:" + clientFor("story", switchyard.ScopeInteractionsWrite), Correlation: correlation,
		Input: &switchyard.Invoke{Requests: []switchyard.Request{{ExternalID: "X", Route: "Cases"}, {RequestID: "bad", Route: "Nowhere"}}}})
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/invocations/" + correlation.String()
	for _, who := range []*caller{r.client("story", clientFor("story", switchyard.ScopeInteractionsWrite)),
		r.client("story", clientFor("story", switchyard.ScopeInteractionsRead)), r.user("story", "sue")} {
		v := as[Invocation](who.do("GET", path, "").is(200))
		if len(v.Requests) != 2 || len(v.Results) != 2 || v.Results[1].Code != switchyard.RouteUnknown || v.Results[0].Interaction.IsZero() {
			t.Errorf("%+v", v)
		}
	}
	r.client("story", clientFor("story", switchyard.ScopeStatsRead)).do("GET", path, "").code(403, switchyard.Forbidden)
	r.user("story", "ada").do("GET", path, "").code(403, switchyard.Forbidden)
	r.client("other", "other-all").do("GET", path, "").code(404, switchyard.NotFound)
	r.all().do("GET", "/v1/invocations/x", "").code(404, switchyard.NotFound)
}

func TestStats(t *testing.T) {
	r, ops := searchable(t)
	r.engine.AdvanceClock(context.Background(), 10*switchyard.Second)
	v := as[Stats](ops.do("GET", "/v1/stats", "").is(200))
	if len(v.Queues) != 1 || len(v.Agents) != 2 || v.Window != "1h" || v.Live != 4 {
		t.Fatalf("%+v", v)
	}
	q := v.Queues[0]
	if q.Queue != "Cases/q" || q.Waiting != 2 || q.LongestWait != 10 || q.Offered != 6 || q.Answered != 2 || q.Abandoned != 1 ||
		*q.ServiceLevel != 1 || *q.ServiceLevelAll != 2.0/3 {
		t.Errorf("%+v", q)
	}
	if a := v.Agents[0]; a.Username != "ada" || a.State != "Ready" || a.Load != 100 || a.TimeInState != 10 {
		t.Errorf("%+v", a)
	}
	seen := 0
	r.sse(ops.with("Accept", "text/event-stream"), "/v1/stats", func(_, kind, data string) bool {
		if kind != "stats" || !strings.Contains(data, `"Cases/q"`) {
			t.Errorf("%s %s", kind, data)
		}
		seen++
		return seen == 2
	})
}

func TestClock(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	before := as[Clock](ops.do("GET", "/v1/clock", "").is(200))
	after := as[Clock](ops.do("POST", "/v1/clock", `{"advance":"2h"}`).is(200))
	if !before.Manual || after.Now != before.Now.Add(2*switchyard.Hour) {
		t.Errorf("from %+v to %+v", before, after)
	}
	if v := as[Clock](ops.do("POST", "/v1/clock", `{"advance":90}`).is(200)); v.Now != after.Now.Add(90*switchyard.Second) {
		t.Errorf("to %+v", v)
	}
	ops.do("POST", "/v1/clock", `{"advance":"soon"}`).code(400, switchyard.Malformed)
	ops.do("POST", "/v1/clock", `{}`).code(400, switchyard.Malformed)
}

func TestSessions(t *testing.T) {
	r := newRig(t)
	r.must("story", &switchyard.SetPassword{User: "ada", Password: r.hasher.HashPassword("correct horse 1")})
	r.nobody().do("POST", "/v1/session", `{"account":"story","username":"ada","password":"wrong horse"}`).code(401, switchyard.Unauthorized)
	r.nobody().do("POST", "/v1/session", `{"account":"story"}`).code(400, switchyard.Malformed)
	a := r.nobody().do("POST", "/v1/session", `{"account":"story","username":"ADA","password":"correct horse 1"}`).is(200)
	var opened struct {
		Account, Username, Name, CSRF string
		Roles                         []switchyard.Role
	}
	if err := json.Unmarshal(a.Body, &opened, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	cookie := a.Header.Get("Set-Cookie")
	if opened.Username != "ada" || opened.Name != "Ada" || !strings.Contains(cookie, "HttpOnly") {
		t.Errorf("%+v, %s", opened, cookie)
	}
	value, _, _ := strings.Cut(cookie, ";")
	browser := r.nobody().with("Cookie", value)
	browser.do("GET", "/v1/session", "").is(200)
	browser.do("PUT", "/v1/agents/ada/presence", `{"presence":"Ready"}`).code(403, switchyard.Forbidden)
	browser = browser.with("X-CSRF-Token", opened.CSRF)
	browser.do("PUT", "/v1/agents/ada/presence", `{"presence":"Ready"}`).is(200)
	browser.do("PUT", "/v1/me/password", `{"old":"no","new":"another horse"}`).code(403, switchyard.PasswordWrong)
	browser.do("PUT", "/v1/me/password", `{"old":"correct horse 1","new":"another horse"}`).is(204)
	if out := browser.do("DELETE", "/v1/session", "").is(204).Header.Get("Set-Cookie"); !strings.Contains(out, "Max-Age=0") {
		t.Errorf("sign-out sets %s", out)
	}
	browser.do("GET", "/v1/session", "").code(401, switchyard.Unauthorized)
	r.all().do("GET", "/v1/session", "").code(403, switchyard.Forbidden)
}

func TestOperations(t *testing.T) {
	r := newRig(t)
	if v := as[Health](r.nobody().do("GET", "/readyz", "").is(200)); v.Status != "ok" {
		t.Errorf("%+v", v)
	}
	r.nobody().do("GET", "/healthz", "").is(200)
	if v := as[Version](r.nobody().do("GET", "/version", "").is(200)); v.Version != "test" {
		t.Errorf("%+v", v)
	}
	r.nobody().do("GET", "/metrics", "").code(401, switchyard.Unauthorized)
	if a := r.all().do("GET", "/metrics", "").is(200); !contains(a.Body, "switchyard_http_requests_total") {
		t.Errorf("%s", a.Body)
	}
	here := httptest.NewRequest("GET", "/metrics", nil)
	here.RemoteAddr = "127.0.0.1:4711"
	w := httptest.NewRecorder()
	if r.handler.ServeHTTP(w, here); w.Code != 200 {
		t.Errorf("on this machine: %d", w.Code)
	}
	if a := r.nobody().do("GET", "/openapi.json", "").is(200); string(a.Body) != string(Spec()) {
		t.Error("what is served is not what Spec answers")
	}
	r.nobody().do("GET", "/docs", "").is(200)
	if err := r.engine.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if v := as[Health](r.nobody().do("GET", "/readyz", "").is(503)); len(v.Reasons) == 0 {
		t.Errorf("%+v", v)
	}
}

// While nothing can be taken a caller is told to come again.
func TestBusy(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	if err := r.engine.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	for path, method := range map[string]string{"/v1/agents": "GET", "/v1/providers/x": "DELETE", "/v1/stats": "GET"} {
		if a := ops.do(method, path, "").code(503, switchyard.Busy); a.Header.Get("Retry-After") == "" {
			t.Errorf("%s says not when to come again", path)
		}
	}
}

// HEAD asks for a stream's headers only and must come to an end.
func TestHeadEnds(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/v1/events", "/v1/stats", "/v1/agents"} {
		r.all().with("Accept", "text/event-stream").head(path)
	}
}

func (c *caller) head(path string) {
	c.rig.t.Helper()
	req := httptest.NewRequest("HEAD", path, nil)
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	if c.rig.handler.ServeHTTP(w, req); w.Code != 200 {
		c.rig.t.Errorf("HEAD %s answers %d", path, w.Code)
	}
}
