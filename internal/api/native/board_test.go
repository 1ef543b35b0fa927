package native

import (
	"context"
	"slices"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/core"
)

// What a board asks for: some interactions by their ids, a queue's oldest first, agents with their work.
func TestSearchForBoards(t *testing.T) {
	r, ops := searchable(t)
	a, c, f := idOf(ops, "A"), idOf(ops, "C"), idOf(ops, "F")
	for _, q := range []struct {
		query string
		want  []string
	}{
		{"id=" + c + "," + f, []string{"F", "C"}},
		{"id=" + c + "&id=" + a, []string{"C", "A"}},
		{"id=" + c + "," + a + "&state=queued,offered", []string{"C"}},
		{"id=" + f + "&order=oldest", []string{"F"}},
		{"queue=cases/Q&state=queued", []string{"F", "E"}},
		{"queue=Cases/other", nil},
		{"queue=Cases/q&order=oldest", []string{"C", "D", "E", "F"}},
		{"order=oldest&state=queued,ended", []string{"E", "F"}},
		{"order=oldest&agent=bo", []string{"D"}},
	} {
		t.Run(q.query, func(t *testing.T) {
			r.t = t
			if got := names(as[List[Interaction]](ops.do("GET", "/v1/interactions?"+q.query, "").is(200))); !slices.Equal(got, q.want) {
				t.Errorf("found %v, not %v", got, q.want)
			}
		})
	}
	var all []string
	for next := ""; ; {
		page := as[List[Interaction]](ops.do("GET", "/v1/interactions?order=oldest&limit=3&cursor="+next, "").is(200))
		all = append(all, names(page)...)
		if next = page.Next; next == "" {
			break
		}
	}
	if !slices.Equal(all, []string{"C", "D", "E", "F"}) {
		t.Errorf("in pages: %v", all)
	}
	ops.do("GET", "/v1/interactions?id=x", "").code(400, switchyard.Malformed)
	ops.do("GET", "/v1/interactions?order=random", "").code(400, switchyard.Malformed)
	ops.do("GET", "/v1/interactions?id="+strings.Repeat(c+",", 100)+c+"&limit=1000", "").code(400, switchyard.Malformed)
	r.user("story", "ada").do("GET", "/v1/interactions?id="+f+"&agent=bo", "").code(403, switchyard.Forbidden)
	if own := as[List[Interaction]](r.user("story", "ada").do("GET", "/v1/interactions?id="+f+","+c, "").is(200)); !slices.Equal(names(own), []string{"C"}) {
		t.Errorf("ada sees %v", names(own))
	}

	agents := as[List[Agent]](ops.do("GET", "/v1/agents?username=BO,nobody", "").is(200))
	if len(agents.Items) != 1 || len(agents.Items[0].Work) != 1 {
		t.Fatalf("%+v", agents)
	}
	if w := agents.Items[0].Work[0]; w.Name != "D" || w.State != switchyard.Connected || w.Queue != "Cases/q" {
		t.Errorf("%+v", w)
	}
	presences := as[List[Choosable]](ops.do("GET", "/v1/presences", "").is(200)).Items
	if len(presences) != 5 || presences[0].Name != "Ready" || presences[4] != (Choosable{"Lunch", switchyard.Away}) {
		t.Errorf("%+v", presences)
	}
}

// Who asked for it stands in the timeline, also of what was done by hand.
func TestTimelineSaysWho(t *testing.T) {
	r := newRig(t)
	id := r.dispatch("A", nil)
	r.user("story", "sue").do("POST", "/v1/interactions/"+id.String()+"/priority", `{"band":"Higher"}`).is(200)
	for _, m := range as[List[Moment]](r.all().do("GET", "/v1/interactions/"+id.String()+"/timeline", "").is(200)).Items {
		if want := map[string]string{"interaction.prioritised": "user:sue", "interaction.dispatched": "client:test"}[m.Type]; want != "" && m.By != want {
			t.Errorf("%s by %q, not %q", m.Type, m.By, want)
		}
	}
}

func TestStuckList(t *testing.T) {
	r := newRig(t)
	r.dispatch("A", func(q *switchyard.Request) { q.Skills = []switchyard.Skill{{Name: "german"}} })
	r.dispatch("B", nil)
	v := as[StuckList](r.user("story", "sue").do("GET", "/v1/stuck", "").is(200))
	if len(v.Items) != 2 || v.Items[0].Why != core.StuckUnserveable || v.Items[0].Interaction.ExternalID != "A" || v.Items[0].Text == "" ||
		v.Items[1].Why != core.StuckUnstaffed {
		t.Errorf("%+v", v)
	}
	r.user("story", "ada").do("GET", "/v1/stuck", "").code(403, switchyard.Forbidden)
}

func TestStatsHistory(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	for n := range historyPoints + 10 {
		if n < 3 {
			r.dispatch(string(rune('A'+n)), nil)
		}
		r.history.Sample(ctx)
		if err := r.engine.AdvanceClock(ctx, switchyard.Minute); err != nil {
			t.Fatal(err)
		}
	}
	v := as[QueueHistory](r.user("story", "sue").do("GET", "/v1/stats/history?queue=cases/q", "").is(200))
	if len(v.Queues) != 1 || v.Every != 60 || len(v.Queues[0].Points) != historyPoints || v.Since != v.Queues[0].Points[0].At {
		t.Fatalf("since %v, %d queues, %d points", v.Since, len(v.Queues), len(v.Queues[0].Points))
	}
	if p := v.Queues[0].Points[historyPoints-1]; p.Waiting != 3 || p.LongestWait < 3600 || p.ServiceLevel != nil {
		t.Errorf("%+v", p)
	}
	if v := as[QueueHistory](r.all().do("GET", "/v1/stats/history?queue=x", "").is(200)); len(v.Queues) != 0 {
		t.Errorf("%+v", v)
	}
	if v := as[QueueHistory](r.client("other", "other-all").do("GET", "/v1/stats/history", "").is(200)); len(v.Queues) != 0 {
		t.Errorf("another account's: %+v", v)
	}
}
