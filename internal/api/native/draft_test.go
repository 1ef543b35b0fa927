package native

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// draftBody is the body that saves a draft of the config in force, changed.
func (c *caller) draftBody(name string, change func(doc *switchyard.Account)) string {
	c.rig.t.Helper()
	return fmt.Sprintf(`{"name":%q,"document":%s}`, name, c.document(change))
}

func withSkill(skill string) func(doc *switchyard.Account) {
	return func(doc *switchyard.Account) { doc.Skills = append(doc.Skills, skill) }
}

func TestDraftLife(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	made := ops.do("POST", "/v1/config/drafts", ops.draftBody("Next week", withSkill("vip"))).is(201)
	if d := as[SavedDraft](made); d.ID != 1 || d.Revision != 1 || d.Base != 1 || d.Outdated || d.CreatedBy != "client:story-all" || len(d.Problems) != 0 || made.Header.Get("ETag") != `"1"` {
		t.Fatalf("%s", made.Body)
	}
	got := ops.do("GET", "/v1/config/drafts/1", "").is(200)
	if d := as[Draft](got); !slices.Contains(d.Document.Skills, "vip") || d.Document.Clients[0].Secret != switchyard.Masked || got.Header.Get("ETag") != `"1"` {
		t.Errorf("%s", got.Body)
	}
	// What was got can be put again, and what is left out stays.
	again := as[SavedDraft](ops.do("PUT", "/v1/config/drafts/1", string(got.Body)).is(200))
	if again.Revision != 2 || again.Name != "Next week" {
		t.Errorf("%+v", again)
	}
	noted := as[SavedDraft](ops.do("PUT", "/v1/config/drafts/1", `{"note":"for the new team"}`).is(200))
	if noted.Revision != 3 || noted.Note != "for the new team" || noted.Name != "Next week" {
		t.Errorf("%+v", noted)
	}
	p := as[DraftPreview](ops.do("POST", "/v1/config/drafts/1/check", "").is(200))
	if !p.Valid || !slices.Equal(p.Changes, []string{"skill vip added"}) || p.Revision != 3 || len(p.Problems) != 0 || len(p.Since) != 0 {
		t.Errorf("%+v", p)
	}
	if doc := as[switchyard.Account](ops.do("GET", "/v1/config", "").is(200)); slices.Contains(doc.Skills, "vip") {
		t.Error("a draft is in force")
	}
	if list := as[List[Draft]](ops.do("GET", "/v1/config/drafts", "").is(200)); len(list.Items) != 1 || list.Items[0].Document != nil {
		t.Errorf("%+v", list)
	}
	if out := as[Published](ops.do("POST", "/v1/config/drafts/1/publish", "").is(200)); out.Version != 2 || !out.Changed {
		t.Errorf("%+v", out)
	}
	if doc := as[switchyard.Account](ops.do("GET", "/v1/config", "").is(200)); !slices.Contains(doc.Skills, "vip") {
		t.Error("the published draft is not in force")
	}
	ops.do("GET", "/v1/config/drafts/1", "").code(404, switchyard.NotFound)
	if h := as[List[ConfigVersion]](ops.do("GET", "/v1/config/history", "").is(200)); h.Items[0].Source != "draft 1: Next week" || h.Items[0].By != "client:story-all" {
		t.Errorf("%+v", h.Items[0])
	}
	ops.do("GET", "/v1/agents", "").is(200) // its token outlived all of that
	// One without a document begins as what is in force.
	if d := as[SavedDraft](ops.do("POST", "/v1/config/drafts", `{"name":"as it is"}`).is(201)); d.ID != 2 || d.Base != 2 {
		t.Errorf("%+v", d)
	}
	if out := as[Published](ops.do("POST", "/v1/config/drafts/2/publish", "").is(200)); out.Changed || out.Version != 2 {
		t.Errorf("%+v", out)
	}
	ops.do("POST", "/v1/config/drafts", `{"name":"to drop"}`).is(201)
	ops.do("DELETE", "/v1/config/drafts/3", "").is(204)
	ops.do("DELETE", "/v1/config/drafts/3", "").code(404, switchyard.NotFound)
}

func TestDraftsAreRefused(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	ops.do("POST", "/v1/config/drafts", `{"name":"one"}`).is(201)
	ops.do("PUT", "/v1/config/drafts/1", `{"note":"second revision"}`).is(200)
	doc := func(f func(doc *switchyard.Account)) string { return ops.draftBody("n", f) }
	for _, c := range []struct {
		name, call, match, body string
		status                  int
		code                    switchyard.Code
		place                   string // of the first fault
	}{
		{"no JSON", "POST /v1/config/drafts", "", "{\"name\":\"n\",\n \"document\": {", 400, switchyard.Malformed, "2:15"},
		{"no name", "POST /v1/config/drafts", "", `{}`, 400, switchyard.Malformed, ""},
		{"an unknown key of the draft", "POST /v1/config/drafts", "", `{"name":"n","documnet":{}}`, 422, switchyard.ConfigInvalid, "1:13"},
		{"an unknown key of the document", "POST /v1/config/drafts", "", "{\"name\":\"n\",\n\"document\":{\"skils\":[]}}", 422, switchyard.ConfigInvalid, "2:13"},
		{"another account", "POST /v1/config/drafts", "", `{"name":"n","document":{"account":"other"}}`, 422, switchyard.AccountMismatch, ""},
		{"a reference", "POST /v1/config/drafts", "", doc(func(doc *switchyard.Account) { doc.Agents[0].Password = "env:ADA" }), 422, switchyard.SecretNotAllowed, ""},
		{"a version to come", "POST /v1/config/drafts", "", `{"name":"n","base":7}`, 422, switchyard.ConfigVersionUnknown, ""},
		{"no such draft", "PUT /v1/config/drafts/9", "", `{"name":"n"}`, 404, switchyard.NotFound, ""},
		{"no number", "GET /v1/config/drafts/x", "", "", 404, switchyard.NotFound, ""},
		{"none to check", "POST /v1/config/drafts/9/check", "", "", 404, switchyard.NotFound, ""},
		{"none to publish", "POST /v1/config/drafts/9/publish", "", "", 404, switchyard.NotFound, ""},
		{"an old revision", "PUT /v1/config/drafts/1", `"1"`, `{"name":"n"}`, 412, switchyard.DraftChanged, ""},
		{"a weak tag", "PUT /v1/config/drafts/1", `W/"2"`, `{"name":"n"}`, 412, switchyard.DraftChanged, ""},
		{"an old revision to publish", "POST /v1/config/drafts/1/publish", `"1"`, "", 412, switchyard.DraftChanged, ""},
		{"an old revision to drop", "DELETE /v1/config/drafts/1", `"1"`, "", 412, switchyard.DraftChanged, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			who := ops
			if c.match != "" {
				who = ops.with("If-Match", c.match)
			}
			method, path, _ := strings.Cut(c.call, " ")
			p := as[Problem](who.do(method, path, c.body).code(c.status, c.code))
			if c.place != "" && (len(p.Errors) == 0 || fmt.Sprintf("%d:%d", p.Errors[0].Line, p.Errors[0].Column) != c.place) {
				t.Errorf("blames %+v, not %s", p.Errors, c.place)
			}
		})
	}
	r.t = t
	if d := as[Draft](ops.do("GET", "/v1/config/drafts/1", "").is(200)); d.Revision != 2 {
		t.Errorf("refused saves made revision %d", d.Revision)
	}
	for _, match := range []string{`"2"`, `"7", "3"`, `*`} {
		ops.with("If-Match", match).do("PUT", "/v1/config/drafts/1", `{"name":"n"}`).is(200)
	}
	for n := range switchyard.MaxDrafts - 1 {
		ops.do("POST", "/v1/config/drafts", fmt.Sprintf(`{"name":"draft %d"}`, n)).is(201)
	}
	ops.do("POST", "/v1/config/drafts", `{"name":"one too many"}`).code(409, switchyard.TooManyDrafts)
}

// A draft may be full of faults while it is made; it says so, and is not published.
func TestInvalidDraftIsKept(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	saved := as[SavedDraft](ops.do("POST", "/v1/config/drafts", "{\"name\":\"n\",\n\"document\":{\"routes\":[{\"name\":\"R\",\"plan\":\"gone\"}],\n\"agents\":[{\"username\":\"ada\",\"password\":\"hush hush\"}],\"clients\":[{\"id\":\"other-all\",\"secret\":\"also hushed\",\"scopes\":[\"config:read\"]}]}}").is(201))
	if len(saved.Problems) == 0 || saved.Problems[0].Line != 2 {
		t.Errorf("%+v", saved.Problems)
	}
	got := ops.do("GET", "/v1/config/drafts/1", "").is(200)
	if d := as[Draft](got); d.Document.Account != "story" || d.Document.Routes[0].Plan != "gone" || contains(got.Body, "hush") || contains(got.Body, "argon") {
		t.Errorf("%s", got.Body)
	}
	p := as[DraftPreview](ops.do("POST", "/v1/config/drafts/1/check", "").is(200))
	if p.Valid || len(p.Problems) == 0 || len(p.Changes) != 0 {
		t.Errorf("%+v", p)
	}
	ops.do("POST", "/v1/config/drafts/1/publish", "").code(422, switchyard.ConfigInvalid)
	// Mended, it is refused for what the server knows only.
	ops.do("PUT", "/v1/config/drafts/1", `{"document":{"agents":[{"username":"ada","password":"***"}],"clients":[{"id":"other-all","secret":"***","scopes":["config:read"]}]}}`).is(200)
	if p = as[DraftPreview](ops.do("POST", "/v1/config/drafts/1/check", "").is(200)); p.Valid || !strings.Contains(p.Problems[0].Text, "other-all") {
		t.Errorf("%+v", p)
	}
	ops.do("POST", "/v1/config/drafts/1/publish", "").code(422, switchyard.ClientIDTaken)
	ops.do("PUT", "/v1/config/drafts/1", `{"document":{"agents":[{"username":"ada","password":"***"},{"username":"new","password":"***"}]}}`).is(200)
	if a := as[Problem](ops.do("POST", "/v1/config/drafts/1/publish", "").code(422, switchyard.ConfigInvalid)); a.Errors[0].Path != "agents[1].password" {
		t.Errorf("%+v", a)
	}
}

// A draft whose base is not in force any more says what came since, and is published by force only, or
// once its author has taken that in.
func TestOutdatedDraft(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	ops.do("POST", "/v1/config/drafts", ops.draftBody("late", withSkill("vip"))).is(201)
	ops.do("PUT", "/v1/config", ops.document(withSkill("french"))).is(200)
	p := as[DraftPreview](ops.do("POST", "/v1/config/drafts/1/check", "").is(200))
	if !p.Valid || p.Base != 1 || p.Version != 2 || !slices.Equal(p.Since, []string{"skill french added"}) ||
		!slices.Equal(p.Changes, []string{"skill french removed", "skill vip added"}) || len(p.Problems) != 1 || !p.Problems[0].Warning {
		t.Errorf("%+v", p)
	}
	if list := as[List[Draft]](ops.do("GET", "/v1/config/drafts", "").is(200)); !list.Items[0].Outdated {
		t.Errorf("%+v", list)
	}
	ops.do("POST", "/v1/config/drafts/1/publish", "").code(409, switchyard.DraftOutdated)
	ops.do("PUT", "/v1/config/drafts/1", `{"base":2,"document":`+ops.document(withSkill("vip"))+`}`).is(200)
	ops.do("POST", "/v1/config/drafts/1/publish", "").is(200)
	ops.do("POST", "/v1/config/drafts", `{"name":"forced","base":1}`).is(201)
	ops.do("POST", "/v1/config/drafts/2/publish", "").code(409, switchyard.DraftOutdated)
	ops.do("POST", "/v1/config/drafts/2/publish?force=true", "").is(200)
}

// The same key is answered as the first time, whatever came of the draft.
func TestDraftCallsAreRepeatable(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	twice := func(method, path, body string) {
		t.Helper()
		keyed := ops.with("Idempotency-Key", method+path)
		first, again := keyed.do(method, path, body), keyed.do(method, path, body)
		if first.Status >= 300 || first.Status != again.Status || first.Header.Get("ETag") != again.Header.Get("ETag") {
			t.Errorf("%s %s: first %d %s, again %d %s", method, path, first.Status, first.Body, again.Status, again.Body)
		}
	}
	twice("POST", "/v1/config/drafts", ops.draftBody("n", withSkill("vip")))
	twice("PUT", "/v1/config/drafts/1", `{"note":"x"}`)
	twice("POST", "/v1/config/drafts/1/publish", "")
	ops.do("POST", "/v1/config/drafts", `{"name":"n"}`).is(201)
	twice("DELETE", "/v1/config/drafts/2", "")
	if h := as[List[ConfigVersion]](ops.do("GET", "/v1/config/history", "").is(200)); len(h.Items) != 2 {
		t.Errorf("%+v", h)
	}
}

// No account sees, changes or publishes the drafts of another.
func TestDraftsOfAccountsDoNotMeet(t *testing.T) {
	r := newRig(t)
	r.all().do("POST", "/v1/config/drafts", `{"name":"mine"}`).is(201)
	foreign := r.client("other", "other-all")
	for _, call := range []string{"GET ", "PUT ", "DELETE ", "POST /check", "POST /publish"} {
		method, path, _ := strings.Cut(call, " ")
		body := ""
		if method == "PUT" {
			body = `{"name":"theirs"}`
		}
		foreign.do(method, "/v1/config/drafts/1"+path, body).code(404, switchyard.NotFound)
	}
}

func TestAffectedWorkIsCounted(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	german := func(q *switchyard.Request) { q.Skills = []switchyard.Skill{{Name: "german"}} }
	r.dispatch("A", german)
	r.dispatch("B", func(q *switchyard.Request) { german(q); q.Class = "chat" })
	r.dispatch("C", func(q *switchyard.Request) { q.Skills = []switchyard.Skill{{Name: "billing"}} })
	r.ready("ada", "bo")
	r.dispatch("D", func(q *switchyard.Request) { q.Route = "Wrapped" })
	for _, c := range []struct {
		name    string
		change  func(doc *switchyard.Account)
		summary string
		want    map[string]int
	}{
		{"nothing", func(*switchyard.Account) {}, "", nil},
		{"a skill taken from agents", func(doc *switchyard.Account) { doc.Agents[0].Skills = map[string]int{"german": 5} },
			"2 waiting interactions affected", map[string]int{"skill german is given to 1 agent; waiting interactions require it": 2}},
		{"a skill removed", func(doc *switchyard.Account) { doc.Skills = []string{"billing"} },
			"2 waiting interactions affected", map[string]int{"skill german is removed, but waiting interactions require it": 2}},
		{"a skill removed, from agents too", func(doc *switchyard.Account) {
			doc.Skills, doc.Agents[0].Skills = []string{"german"}, nil
		}, "", map[string]int{}},
		{"a route into another plan", func(doc *switchyard.Account) { doc.Routes[0].Plan = "Wrapped" },
			"2 waiting interactions affected", map[string]int{"route Cases changes; what came by it keeps the plan it entered": 3}},
		{"a test plan", func(doc *switchyard.Account) {
			doc.Routes[0].Test = &switchyard.RouteTest{Plan: "Wrapped", Callers: []string{"1"}}
		}, "2 waiting interactions affected", map[string]int{"route Cases changes; what came by it keeps the plan it entered": 3}},
		{"a route removed", func(doc *switchyard.Account) { doc.Routes = doc.Routes[:1] },
			"", map[string]int{"route Wrapped is removed; what came by it goes on in the plan it entered": 1}},
		{"a queue's settings", func(doc *switchyard.Account) {
			doc.Plans[0].Applets = map[string]switchyard.Applet{"q": {Type: "queue", MaxLength: 5}}
		}, "2 waiting interactions affected", map[string]int{"queue Cases/q changes; what waits in it keeps the settings and exits it entered with": 2}},
		{"a queue removed", func(doc *switchyard.Account) {
			doc.Plans[0].Start, doc.Plans[0].Applets = "end", map[string]switchyard.Applet{"end": {Type: "end"}}
		}, "2 waiting interactions affected", map[string]int{"queue Cases/q is removed; what waits in it goes on waiting, with its settings and exits": 2}},
		{"a size", func(doc *switchyard.Account) { doc.Settings.Capacity = &switchyard.Capacity{Chat: 50} },
			"1 waiting interaction affected", map[string]int{"settings: capacity.chat 33 → 50; waiting interactions are offered with the new size": 1}},
		{"the order", func(doc *switchyard.Account) { doc.Settings.Order = "ageing" },
			"2 waiting interactions affected", map[string]int{"settings: order band → ageing; waiting interactions are taken in another order": 2}},
		{"an agent with work", func(doc *switchyard.Account) { doc.Agents = doc.Agents[1:] },
			"", map[string]int{"agent ada is removed; its interactions go back to their queues": 2}},
		{"a group", func(doc *switchyard.Account) { doc.Agents[1].Groups = nil },
			"2 waiting interactions affected", map[string]int{"group support loses 1 agent; interactions wait in queues for it": 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			p := as[Preview](ops.do("POST", "/v1/config/check", ops.document(c.change)).is(200))
			got := map[string]int{}
			for _, a := range p.Affected {
				got[a.Text] = a.Count
			}
			if !p.Valid || p.Summary != c.summary || len(got) != len(c.want) {
				t.Fatalf("%+v", p)
			}
			for text, n := range c.want {
				if got[text] != n {
					t.Errorf("%q counts %d, not %d: %v", text, got[text], n, got)
				}
			}
		})
	}
}

// The feed shows of a draft what the draft itself shows.
func TestFeedShowsNoCredentialsOfDrafts(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	ops.do("POST", "/v1/config/drafts", ops.draftBody("n", func(doc *switchyard.Account) {
		doc.Agents[0].Password = "hush hush"
		doc.Secrets = map[string]string{"key": "hush hush"}
	})).is(201)
	saved := ops.page("type=config.draftsaved").Items
	if len(saved) != 1 || contains(saved[0].Data, "hush") || contains(saved[0].Data, "argon2") || contains(saved[0].Data, "s2:") {
		t.Fatalf("%+v", saved)
	}
	var data struct{ Document switchyard.Account }
	if err := json.Unmarshal(saved[0].Data, &data, json.MatchCaseInsensitiveNames(true)); err != nil || data.Document.Secrets["key"] != switchyard.Masked {
		t.Errorf("%s: %v", saved[0].Data, err)
	}
}
