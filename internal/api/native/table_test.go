package native

import (
	"context"
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/report"
)

const day = "from=2026-11-23&to=2026-11-24"

func TestReportRefusals(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	for query, want := range map[string]switchyard.Code{
		"":                              switchyard.Malformed,
		"from=monday":                   switchyard.Malformed,
		"from=2026-11-23T10:00":         switchyard.Malformed,
		"from=2026-11-24&to=2026-11-23": switchyard.Malformed,
		"from=2026-11-23&to=2026-11-23": switchyard.Malformed,
		"from=0001-01-01":               switchyard.Malformed,
		day + "&interval=7m":            switchyard.Malformed,
		day + "&format=xml":             switchyard.Malformed,
		day + "&zone=Europe/Bärlin":     switchyard.ZoneUnknown,
		day + "&zone=Local":             switchyard.ZoneUnknown,
		"from=2025-01-01&to=2026-01-01&interval=15m": switchyard.ReportTooLarge,
	} {
		for _, of := range []string{"queues", "agents"} {
			a := ops.do("GET", "/v1/reports/"+of+"?"+query, "")
			if p := as[Problem](a); p.Code != string(want) {
				t.Errorf("%s?%s answers %s, not %s", of, query, a.Body, want)
			}
		}
	}
	a := ops.do("GET", "/v1/reports/agents?"+day+"&zone=berlin", "").code(422, switchyard.ZoneUnknown)
	if !contains(a.Body, "Europe/Berlin") {
		t.Errorf("%s does not say what is meant", a.Body)
	}
	ops.do("GET", "/v1/reports/interactions?"+day+"&cursor=x", "").code(400, switchyard.Malformed)
	r.user("story", "ada").do("GET", "/v1/reports/agents?"+day, "").code(403, switchyard.Forbidden)
}

// As many reports as there may be keep another waiting, and it goes when the caller does.
func TestReportsWaitForTheirTurn(t *testing.T) {
	a := &api{reports: make(chan struct{}, reportsAtOnce)}
	var ends []func()
	for range reportsAtOnce {
		done, err := a.turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, done)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.turn(gone); err == nil {
		t.Error("one report too many has its turn")
	}
	ends[0]()
	if _, err := a.turn(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCSV(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	r.ready("ada")
	id := r.dispatch(`=HYPERLINK("http://x","y")`, nil)
	ops.do("POST", "/v1/interactions/"+id.String()+"/accept", `{"agent":"ada"}`).is(200)
	ops.do("POST", "/v1/interactions/"+id.String()+"/release", `{"agent":"ada"}`).is(200)
	ops.do("POST", "/v1/clock", `{"advance":"1s"}`).is(200)
	from := "from=" + at(r.engine.Now()-2000) + "&to=" + at(r.engine.Now()+1000)

	a := ops.do("GET", "/v1/reports/interactions?format=csv&zone=Asia/Kolkata&"+from, "").is(200)
	want := http.Header{"Content-Type": {"text/csv; charset=utf-8"}, "Cache-Control": {"no-store"}}
	for name := range want {
		if a.Header.Get(name) != want.Get(name) {
			t.Errorf("%s is %q", name, a.Header.Get(name))
		}
	}
	if d := a.Header.Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="interactions-20`) {
		t.Errorf("Content-Disposition is %q", d)
	}
	if !strings.Contains(string(a.Body), "\r\n") {
		t.Error("lines do not end as RFC 4180 has it")
	}
	lines, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
	if err != nil || len(lines) != 2 {
		t.Fatalf("%q: %v", lines, err)
	}
	cell := func(name string) string { return lines[1][slices.Index(lines[0], name)] }
	for name, want := range map[string]string{"id": id.String(), "externalid": `'=HYPERLINK("http://x","y")`,
		"agent": "ada", "queue": "Cases/q", "intarget": "true", "wait": "0", "interactiontype": "nonlive"} {
		if cell(name) != want {
			t.Errorf("%s is %q, not %q", name, cell(name), want)
		}
	}
	if !strings.HasSuffix(cell("created"), "+05:30") {
		t.Errorf("created is %q", cell("created"))
	}

	// Every report as CSV has the members of its JSON, and the columns of presences that occur.
	for path, columns := range map[string]string{
		"queues":       "start end queue route offered answered wait.p95 servicelevel",
		"agents":       "start end agent loggedin occupancy presences.Ready",
		"interactions": "id wait handle wrap",
	} {
		a := ops.with("Accept", "text/csv").do("GET", "/v1/reports/"+path+"?"+from, "").is(200)
		lines, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
		if err != nil || len(lines) < 2 {
			t.Errorf("%s: %q, %v", path, lines, err)
			continue
		}
		for _, c := range strings.Fields(columns) {
			if !slices.Contains(lines[0], c) {
				t.Errorf("%s has no column %s: %q", path, c, lines[0])
			}
		}
	}
	b := ops.with("Accept", "text/csv").do("GET", "/v1/reports/queues?format=json&"+from, "").is(200)
	as[Report[report.QueueRow]](b)
}

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a", "a=1": "a=1", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1"} {
		if got := safe(in); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

// What began long before the range counts in it when it happens in it, whether it lives or has ended.
func TestReportsOnOldInteractions(t *testing.T) {
	r := newRig(t)
	ops := r.all()
	advance := func(d string) { ops.do("POST", "/v1/clock", `{"advance":"`+d+`"}`).is(200) }
	a, b, c := r.dispatch("A", nil), r.dispatch("B", nil), r.dispatch("C", nil)
	advance("240h")
	from := r.engine.Now()
	act := func(id switchyard.ID, what string) {
		ops.do("POST", "/v1/interactions/"+id.String()+"/"+what, `{"agent":"ada"}`).is(200)
	}
	r.ready("ada")
	for _, id := range []switchyard.ID{a, b} {
		act(id, "accept")
	}
	advance("1m")
	r.must("story", &switchyard.SetPresence{Agent: "ada", Presence: "Lunch"}) // once B is through
	act(a, "release")
	report := func(from switchyard.Instant) report.QueueRow {
		t.Helper()
		v := as[Report[report.QueueRow]](ops.do("GET", "/v1/reports/queues?from="+at(from)+"&to="+at(r.engine.Now()+1), "").is(200))
		if len(v.Items) != 1 {
			t.Fatalf("%+v", v.Items)
		}
		return v.Items[0]
	}
	if v := report(from); v.Answered != 2 || v.Handled != 1 || v.Offered != 0 || v.Wait.Max != 240*3600 {
		t.Errorf("%+v", v)
	}
	advance("100h") // B is worked on all the time
	agents := as[Report[agentRow]](ops.do("GET", "/v1/reports/agents?from="+at(r.engine.Now()-3600_000)+"&to="+at(r.engine.Now()), "").is(200))
	if v := agents.Items[0]; v.Agent != "ada" || v.Busy != 3600 || v.Occupancy == nil || *v.Occupancy != 1 || v.Offers != 0 {
		t.Errorf("%+v", v)
	}
	act(b, "release")
	r.ready("ada")
	act(c, "accept")
	if v := report(r.engine.Now() - 1); v.Answered != 1 || v.Handled != 1 || v.Handle.Max != 100*3600+60 {
		t.Errorf("%+v", v)
	}
}
