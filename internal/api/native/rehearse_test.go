package native

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"switchyard"
)

// withAsking adds a plan that asks another system and routes by its answer.
func withAsking(doc *switchyard.Account) {
	doc.Plans = append(doc.Plans, switchyard.Plan{Name: "Asking", Start: "ask", Applets: map[string]switchyard.Applet{
		"ask": {Type: "dataconnector", URL: "https://crm.example.com/$(CLID:URL)", Result: map[string]string{"Tier": "$.tier"}, Next: "by"},
		"by":  {Type: "datarouter", Rules: []switchyard.Rule{{Source: "Tier", Operator: "equals", Value: "gold", Next: "q"}}},
		"q":   {Type: "queue"},
	}})
	doc.Routes = append(doc.Routes, switchyard.Route{Name: "Asking", Plan: "Asking"})
}

func TestRehearse(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	live := as[Rehearsed](ops.do("POST", "/v1/config/rehearse", `{"route":"Cases","call":{"externalId":"A"},"presences":{"ada":"Ready"}}`).is(200))
	if live.Stopped != "ended" || live.Outcome != "Delivered" || live.Steps[0].What != "dispatched" {
		t.Errorf("%+v", live)
	}
	ops.do("POST", "/v1/config/drafts", ops.draftBody("asks", withAsking)).is(201)
	const path = "/v1/config/drafts/1/rehearse"
	gold := as[Rehearsed](ops.do("POST", path, `{"route":"Asking","call":{"requests":[{"linkeddata":[{"type":"clid","value":"+44 7"}]}]},
		"answers":{"ask":{"status":200,"body":{"tier":"gold"}}}}`).is(200))
	if gold.State != "queued" || gold.Applet != "q" || gold.Next == nil || gold.Stopped != "waiting" {
		t.Fatalf("%+v", gold)
	}
	asked, by := gold.Steps[1], gold.Steps[2]
	if asked.Exit != "next" || asked.To != "by" || len(asked.Sent) != 1 || asked.Sent[0].Request.URL != "https://crm.example.com/%2B44%207" ||
		!slices.Contains(asked.Changed, `data source Tier = "gold"`) || string(asked.Sent[0].Answer.Body) != `{"tier":"gold"}` {
		t.Errorf("%+v", asked)
	}
	if by.To != "q" || !strings.Contains(by.Why, "Tier equals gold") {
		t.Errorf("%+v", by)
	}
	late := as[Rehearsed](ops.do("POST", path, `{"route":"Asking","answers":{"Asking/ask":{"timeout":true}}}`).is(200))
	if late.Stopped != "ended" || late.Steps[1].Exit != "timeout" {
		t.Errorf("%+v", late)
	}
	refused := as[Rehearsed](ops.do("POST", path, `{"route":"Nowhere"}`).is(200))
	if refused.Result.Code != "route_unknown" || len(refused.Steps) != 0 {
		t.Errorf("%+v", refused)
	}
	// Nothing of it is known to the account.
	if list := as[List[Interaction]](ops.do("GET", "/v1/interactions", "").is(200)); len(list.Items) != 0 {
		t.Errorf("%+v", list.Items)
	}
	for _, h := range as[List[Happening]](ops.with("Accept", "application/json").do("GET", "/v1/events?limit=1000", "").is(200)).Items {
		if strings.HasPrefix(h.Type, "interaction.") || strings.HasPrefix(h.Type, "effect.") {
			t.Errorf("a rehearsal made event %s", h.Type)
		}
	}
}

func TestRehearsalsAreRefused(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	broken := ops.draftBody("broken", func(doc *switchyard.Account) { doc.Routes[0].Plan = "Nothing" })
	ops.do("POST", "/v1/config/drafts", broken).is(201)
	for _, c := range []struct {
		name, path, body string
		status           int
		code             switchyard.Code
	}{
		{"no body", "/v1/config/rehearse", "", 400, switchyard.Malformed},
		{"two requests", "/v1/config/rehearse", `{"call":{"requests":[{"route":"Cases"},{"route":"Cases"}]}}`, 400, switchyard.Malformed},
		{"a release", "/v1/config/rehearse", `{"call":{"action":"release","externalId":"A"}}`, 200, ""},
		{"an unknown member", "/v1/config/rehearse", `{"rout":"Cases"}`, 400, switchyard.Malformed},
		{"a presence nobody has", "/v1/config/rehearse", `{"route":"Cases","presences":{"ada":"Asleep"}}`, 422, switchyard.PresenceUnknown},
		{"no such draft", "/v1/config/drafts/9/rehearse", `{"route":"Cases"}`, 404, switchyard.NotFound},
		{"a draft that is not valid", "/v1/config/drafts/1/rehearse", `{"route":"Cases"}`, 422, switchyard.ConfigInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			if a := ops.do("POST", c.path, c.body); c.code != "" {
				a.code(c.status, c.code)
			} else {
				a.is(c.status)
			}
		})
	}
}

// A draft can be looked at as it would be were it saved, without being saved.
func TestCheckUnsavedDraft(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	ops.do("POST", "/v1/config/drafts", ops.draftBody("next", func(doc *switchyard.Account) {
		doc.Secrets = map[string]string{"crm": "only-in-the-draft"}
	})).is(201)
	d := as[Draft](ops.do("GET", "/v1/config/drafts/1", "").is(200))
	masked := fmt.Sprintf(`{"document":%s}`, written(t, d.Document, withSkill("vip")))
	p := as[DraftPreview](ops.do("POST", "/v1/config/drafts/1/check", masked).is(200))
	if !p.Valid || !slices.Contains(p.Changes, "skill vip added") || p.Revision != 1 {
		t.Errorf("%+v", p)
	}
	broken := fmt.Sprintf(`{"document":%s}`, written(t, d.Document, func(doc *switchyard.Account) { doc.Routes[0].Plan = "Nothing" }))
	p = as[DraftPreview](ops.do("POST", "/v1/config/drafts/1/check", broken).is(200))
	if p.Valid || len(p.Problems) != 1 || p.Problems[0].Path != "routes[0].plan" || p.Problems[0].Line == 0 {
		t.Errorf("%+v", p)
	}
	if again := as[Draft](ops.do("GET", "/v1/config/drafts/1", "").is(200)); again.Revision != 1 || slices.Contains(again.Document.Skills, "vip") {
		t.Errorf("looking saved: %+v", again)
	}
	ops.do("POST", "/v1/config/drafts/1/check", `{"name":"no document"}`).code(400, switchyard.Malformed)
	ops.do("POST", "/v1/config/drafts/1/check", `{"document":{"skils":[]}}`).code(422, switchyard.ConfigInvalid)
}
