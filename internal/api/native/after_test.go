package native

import (
	"testing"

	"switchyard"
)

// An interaction has ended once its work has, though its after plan runs for an hour more: it is
// found among the ended, counts as live nowhere, and its personal data can be erased for good.
func TestEndedWhileItsAfterPlanRuns(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	id := "/v1/interactions/" + r.dispatch("A", func(q *switchyard.Request) {
		q.Route = "After"
		q.Linked = []switchyard.Linked{{Type: "name", Value: "Jane Doe"}, {Type: "mediatype", Value: "Case"}}
	}).String()
	live := func() int { return as[Stats](ops.do("GET", "/v1/stats", "").is(200)).Live }
	if n := live(); n != 1 {
		t.Errorf("%d live before it ended", n)
	}
	ops.do("POST", id+"/release", "").is(200)
	found := func(when, query string, want int) {
		t.Helper()
		got := as[List[Interaction]](ops.do("GET", "/v1/interactions?"+query, "").is(200)).Items
		if len(got) != want || want > 0 && got[0].State != switchyard.Ended {
			t.Errorf("%s, %s finds %+v", when, query, got)
		}
	}
	for _, query := range []string{"externalid=A", "state=ended&q=jane", "", "state=ended&route=after"} {
		found("while its after plan runs", query, 1)
	}
	found("while its after plan runs", "state=queued,planned", 0)
	if n := live(); n != 0 {
		t.Errorf("%d live while its after plan runs", n)
	}
	ops.do("DELETE", id+"/personal", "").is(204)
	erased := func(when string) {
		t.Helper()
		for _, path := range []string{id, id + "/timeline", "/v1/interactions?externalid=A"} {
			if a := ops.do("GET", path, "").is(200); contains(a.Body, "Jane") {
				t.Errorf("%s, %s shows %s", when, path, a.Body)
			}
		}
		found(when, "q=jane", 0)
		found(when, "externalid=A", 1)
	}
	erased("erased")
	r.advance(2 * switchyard.Hour)
	erased("erased, and its after plan is through")
	if v := as[Interaction](ops.do("GET", id, "").is(200)); v.Applet != "set" {
		t.Errorf("the after plan did not go on: %+v", v)
	}
	if n := live(); n != 0 {
		t.Errorf("%d live at the end", n)
	}
}
