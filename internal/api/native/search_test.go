package native

import (
	"net/url"
	"slices"
	"testing"

	"switchyard"
)

func names(list List[Interaction]) (out []string) {
	for _, v := range list.Items {
		out = append(out, v.ExternalID)
	}
	return out
}

// A to F, oldest first: A has ended after work with ada, B by the API while it rang at her, C is offered to ada, D is connected
// with bo, E and F wait.
func searchable(t *testing.T) (r *rig, ops *caller) {
	r = newRig(t)
	ops = r.all()
	act := func(id switchyard.ID, action, body string) {
		ops.do("POST", "/v1/interactions/"+id.String()+"/"+action, body).is(200)
	}
	live := func(q *switchyard.Request) { q.Class = "live" }
	r.ready("ada")
	a := r.dispatch("A", live)
	act(a, "accept", `{"agent":"ada"}`)
	act(a, "release", `{"agent":"ada"}`)
	b := r.dispatch("B", func(q *switchyard.Request) {
		live(q)
		q.Linked = []switchyard.Linked{{Type: "name", Value: "Jürgen's case"}}
	})
	act(b, "release", "")
	r.dispatch("C", live)
	r.ready("bo")
	act(r.dispatch("D", live), "accept", `{"agent":"bo"}`)
	r.dispatch("E", live)
	r.dispatch("F", func(q *switchyard.Request) {
		live(q)
		q.Linked = []switchyard.Linked{{Type: "clid", Value: "JÜRGEN"}}
	})
	return r, ops
}

func TestSearch(t *testing.T) {
	r, ops := searchable(t)
	created := as[Interaction](ops.do("GET", "/v1/interactions/"+idOf(ops, "C"), "").is(200)).Created
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"", []string{"F", "E", "D", "C", "B", "A"}},
		{"state=queued", []string{"F", "E"}},
		{"state=queued,ended", []string{"F", "E", "B", "A"}},
		{"state=queued&state=offered", []string{"F", "E", "C"}},
		{"state=ended", []string{"B", "A"}},
		{"agent=ADA", []string{"C", "B", "A"}},
		{"agent=bo&state=connected", []string{"D"}},
		{"agent=nobody", nil},
		{"externalid=D", []string{"D"}},
		{"externalid=A", []string{"A"}},
		{"route=cases&limit=1000", []string{"F", "E", "D", "C", "B", "A"}},
		{"route=Short", nil},
		{"provider=crm", nil},
		{"q=" + url.QueryEscape("jürgen"), []string{"F", "B"}},
		{"endedsince=" + created.String(), []string{"B", "A"}},
		{"endedsince=" + created.String() + "&agent=bo", nil},
		{"endedsince=2100-01-01T00:00:00Z", nil},
		{"since=" + created.String(), []string{"F", "E", "D", "C", "B", "A"}},
		{"until=" + created.String(), nil},
	} {
		t.Run(c.query, func(t *testing.T) {
			r.t = t
			if got := names(as[List[Interaction]](ops.do("GET", "/v1/interactions?"+c.query, "").is(200))); !slices.Equal(got, c.want) {
				t.Errorf("found %v, not %v", got, c.want)
			}
		})
	}
}

func idOf(c *caller, externalID string) string {
	return as[List[Interaction]](c.do("GET", "/v1/interactions?externalid="+externalID, "").is(200)).Items[0].ID.String()
}

// Pages of any size hold every interaction once, in order.
func TestPagesOfASearchJoin(t *testing.T) {
	r, ops := searchable(t)
	for _, query := range []string{"", "agent=ada&", "route=Cases&"} {
		whole := names(as[List[Interaction]](ops.do("GET", "/v1/interactions?"+query, "").is(200)))
		for limit := range 7 {
			var got []string
			cursor := ""
			for {
				page := as[List[Interaction]](ops.do("GET", "/v1/interactions?"+query+"limit="+string(rune('1'+limit))+"&cursor="+url.QueryEscape(cursor), "").is(200))
				got = append(got, names(page)...)
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if !slices.Equal(got, whole) {
				t.Errorf("%s in pages of %d: %v, not %v", query, limit+1, got, whole)
			}
		}
	}
	_ = r
}

func TestSearchRefuses(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=live.x", "cursor=dead.", "state=lost", "since=yesterday"} {
		t.Run(query, func(t *testing.T) {
			r.t = t
			ops.do("GET", "/v1/interactions?"+query, "").code(400, switchyard.Malformed)
		})
	}
}

func TestAgentsSeeTheirOwn(t *testing.T) {
	r, ops := searchable(t)
	ada := r.user("story", "ada")
	if got := names(as[List[Interaction]](ada.do("GET", "/v1/interactions", "").is(200))); !slices.Equal(got, []string{"C", "B", "A"}) {
		t.Errorf("ada sees %v", got)
	}
	ada.do("GET", "/v1/interactions?agent=bo", "").code(403, switchyard.Forbidden)
	ada.do("GET", "/v1/interactions/"+idOf(ops, "D"), "").code(403, switchyard.Forbidden)
	ada.do("GET", "/v1/interactions/"+idOf(ops, "D")+"/timeline", "").code(403, switchyard.Forbidden)
	ada.do("GET", "/v1/interactions/"+idOf(ops, "C")+"/explain", "").is(200)
	if got := names(as[List[Interaction]](r.user("story", "sue").do("GET", "/v1/interactions", "").is(200))); len(got) != 6 {
		t.Errorf("a supervisor sees %v", got)
	}
	list := as[List[Agent]](ada.do("GET", "/v1/agents", "").is(200))
	if len(list.Items) != 1 || list.Items[0].Username != "ada" {
		t.Errorf("ada sees agents %+v", list.Items)
	}
	ada.do("GET", "/v1/agents/bo", "").code(403, switchyard.Forbidden)
	ada.do("PUT", "/v1/agents/bo/presence", `{"presence":"Away"}`).code(403, switchyard.Forbidden)
	for _, h := range as[List[Happening]](ada.with("Accept", "application/json").do("GET", "/v1/events?limit=1000", "").is(200)).Items {
		if h.Agent != "ada" {
			t.Errorf("ada's feed has %+v", h)
		}
	}
}

func TestTimelineComesInPages(t *testing.T) {
	r, ops := searchable(t)
	path := "/v1/interactions/" + idOf(ops, "A") + "/timeline"
	whole := as[List[Moment]](ops.do("GET", path, "").is(200))
	var types []string
	for _, m := range whole.Items {
		types = append(types, m.Type)
	}
	if len(types) < 5 || types[0] != "interaction.dispatched" || types[len(types)-1] != "interaction.ended" {
		t.Fatalf("timeline is %v", types)
	}
	var got []string
	for cursor := ""; ; {
		page := as[List[Moment]](ops.do("GET", path+"?limit=2&cursor="+cursor, "").is(200))
		for _, m := range page.Items {
			got = append(got, m.Type)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(got, types) {
		t.Errorf("pages join to %v, not %v", got, types)
	}
	_ = r
}
