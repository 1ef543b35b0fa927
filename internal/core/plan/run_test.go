package plan

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"

	"switchyard"
)

// sources is an Env for tests.
type sources map[string]string

func (s sources) Value(name string) (string, bool) {
	for have, value := range s {
		if strings.EqualFold(have, name) {
			return value, true
		}
	}
	return "", false
}

func lookup(names ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, n := range names {
			if strings.EqualFold(n, name) {
				return n, true
			}
		}
		return "", false
	}
}

var noon = switchyard.InstantOf(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))

// gateways knows one of each kind, and an SMS gateway of a vendor.
func gateways(kind, name string) (spelling, typ string, ok bool) {
	if spelling, ok = lookup("vendor")(name); ok && kind == GatewaySMS {
		return spelling, switchyard.GatewayVonage, true
	}
	spelling, ok = lookup("default")(name)
	return spelling, map[string]string{GatewaySMS: "log", GatewayEmail: "smtp"}[kind], ok
}

func contextOf(values map[string]string) Context {
	plans := lookup("Cases", "Sales")
	return Context{
		Env: sources(values), ID: switchyard.NewID(noon, 1, 1), Now: noon,
		Skills: lookup("billing", "german"), Agents: lookup("ada", "Bo"), Gateways: gateways,
		Plans: func(name string) bool { _, ok := plans(name); return ok },
	}
}

// appletOf compiles one applet beside the applets it may lead to.
func appletOf(t testing.TB, set switchyard.Applet) *Applet {
	t.Helper()
	applets := map[string]switchyard.Applet{"a": set}
	for _, name := range []string{"b", "c", "n", "x", "y", "z"} {
		applets[name] = switchyard.Applet{Type: TypeEnd}
	}
	compiled, _ := Compile(&switchyard.Account{Plans: []switchyard.Plan{{Name: "Plan", Start: "a", Applets: applets}}})
	return compiled.Plan("PLAN").Applets["a"]
}

func TestRun(t *testing.T) {
	compare(t, "run.txt", func(t *testing.T, input string) string {
		var members map[string]any
		if err := yaml.Unmarshal([]byte(input), &members); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Applet switchyard.Applet `json:"applet"`
			Values map[string]string `json:"values"`
		}
		if err := json.Unmarshal(raw, &c, json.RejectUnknownMembers(true)); err != nil {
			t.Fatal(err)
		}
		return show(appletOf(t, c.Applet).Run(contextOf(c.Values)))
	})
}

// show writes what a step holds, a line a member.
func show(s Step) string {
	var out strings.Builder
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			fmt.Fprintf(&out, "%s: %s\n", strings.ToLower(v.Type().Field(i).Name), shown(f.Interface()))
		}
	}
	return out.String()
}

func shown(value any) string {
	switch v := value.(type) {
	case map[string]string:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, fmt.Sprintf("%s=%q", key, v[key]))
		}
		return strings.Join(parts, " ")
	case []Tag:
		var parts []string
		for _, tag := range v {
			expiry := "mandatory"
			if tag.ExpiryAfter != nil {
				expiry = fmt.Sprint(*tag.ExpiryAfter)
			}
			parts = append(parts, tag.Skill+" "+expiry)
		}
		return strings.Join(parts, ", ")
	case *Personal:
		return fmt.Sprintf("%s %d %d", v.Agent, v.LoggedIn, v.LoggedOut)
	case []switchyard.Effect:
		var lines []string
		for _, e := range v {
			text, err := json.Marshal(&e, json.Deterministic(true), json.OmitZeroStructFields(true))
			if err != nil {
				panic(err)
			}
			lines = append(lines, string(text))
		}
		return strings.Join(lines, "\n")
	}
	return fmt.Sprint(value)
}

func TestOperators(t *testing.T) {
	used := map[string]bool{}
	for i, line := range strings.Split(readFile(t, "operators.txt"), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			t.Fatalf("line %d: %q has not four cells", i+1, line)
		}
		have, operator, value := strings.TrimSuffix(cells[0], " "), strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])
		used[operator] = true
		rule := switchyard.Rule{Source: "X", Operator: operator, Value: value, Next: "x"}
		a := appletOf(t, switchyard.Applet{Type: TypeDataRouter, Rules: []switchyard.Rule{rule}})
		want := Step{Exit: "rule 1", Next: "x"}
		if strings.TrimSpace(cells[3]) == "no" {
			want = Step{Exit: ExitNoMatch, End: true, Outcome: switchyard.OutcomeOther, Detail: ExitNoMatch}
		}
		if got := a.Run(contextOf(map[string]string{"X": have})); !reflect.DeepEqual(got, want) {
			t.Errorf("line %d: %s: took %q, want %q", i+1, line, got.Exit, want.Exit)
		}
	}
	for _, operator := range Operators() {
		if !used[operator] {
			t.Errorf("no line tests %s", operator)
		}
	}
}

// A value that would be over its limit fails the applet: by its failure exit, or with Other.
func TestTooLongAtRunTime(t *testing.T) {
	c := contextOf(map[string]string{"Big": strings.Repeat("x", switchyard.MaxDataSourceBytes)})
	sms := switchyard.Applet{Type: TypeSendSMS, Gateway: "default", To: "123", Message: "$(Big)!",
		On: map[string]string{ExitFailure: "c"}}
	router := []switchyard.Rule{{Source: "Big", Operator: "equals", Value: "$(Big)$(Big)", Next: "x"}}
	for _, test := range []struct {
		set   switchyard.Applet
		fails bool
	}{
		{sms, true},
		{switchyard.Applet{Type: TypeSetDataSource, Values: map[string]string{"A": "$(Big)"}, Next: "b"}, false},
		{switchyard.Applet{Type: TypeSetDataSource, Values: map[string]string{"A": "$(Big)$(Big)"}, Next: "b"}, true},
		{switchyard.Applet{Type: TypeDataRouter, Rules: router}, true},
		{switchyard.Applet{Type: TypeGoto, Plan: "$(Big)$(Big)"}, true},
	} {
		a := appletOf(t, test.set)
		s := a.Run(c)
		want := a.Fail(s.Fault)
		if (s.Fault != "") != test.fails || test.fails && !reflect.DeepEqual(s, want) {
			t.Errorf("%s: %s", test.set.Type, show(s))
		}
	}
}

func TestResume(t *testing.T) {
	on := map[string]string{ExitFailure: "c"}
	sms := appletOf(t, switchyard.Applet{Type: TypeSendSMS, Next: "b", On: on})
	bare := appletOf(t, switchyard.Applet{Type: TypeSendSMS})
	connector := appletOf(t, switchyard.Applet{Type: TypeDataConnector, Next: "b", On: map[string]string{ExitFailure: "c", ExitTimeout: "x"}})
	for _, test := range []struct {
		got, want Step
	}{
		{sms.Resume(false, false), Step{Exit: ExitNext, Next: "b"}},
		{sms.Resume(true, false), Step{Exit: ExitFailure, Next: "c"}},
		{sms.Resume(true, true), Step{Exit: ExitFailure, Next: "c"}},
		{bare.Resume(false, false), Step{Exit: ExitNext, End: true, Outcome: "Other"}},
		{bare.Resume(true, false), Step{Exit: ExitFailure, End: true, Outcome: "Other", Detail: ExitFailure}},
		{connector.Resume(false, false), Step{Exit: ExitNext, Next: "b"}},
		{connector.Resume(true, false), Step{Exit: ExitFailure, Next: "c"}},
		{connector.Resume(true, true), Step{Exit: ExitTimeout, Next: "x"}},
	} {
		if !reflect.DeepEqual(test.got, test.want) {
			t.Errorf("got %+v, want %+v", test.got, test.want)
		}
	}
}

// What an account's allow list lets through: nothing that only looks like it.
func TestAllows(t *testing.T) {
	set := &switchyard.ConnectorSettings{Allow: []string{"CRM.example.com", "*.api.example.com", "local.example.com:8443", "[2001:db8::1]"}}
	for host, want := range map[string]bool{
		"crm.example.com": true, "crm.EXAMPLE.com:8080": true, "crm.example.com.evil.com": false, "xcrm.example.com": false,
		"a.api.example.com": true, "a.b.api.example.com:99": true, "api.example.com": false, "evilapi.example.com": false,
		"local.example.com:8443": true, "local.example.com": false, "local.example.com:443": false,
		"[2001:db8::1]:443": true, "2001:db8::1": true, "[2001:db8::2]": false, "": false,
	} {
		if got := Allows(set, host); got != want {
			t.Errorf("%s: allowed is %t", host, got)
		}
		if !Allows(nil, host) {
			t.Errorf("%s: without a list everything is allowed", host)
		}
	}
}

func TestQueueExits(t *testing.T) {
	a := appletOf(t, switchyard.Applet{Type: TypeQueue, On: map[string]string{ExitDuration: "B", ExitDeclined: ""}})
	for exit, want := range map[string]Step{
		ExitDuration: {Exit: ExitDuration, Next: "b"},
		ExitDeclined: {Exit: ExitDeclined, End: true, Outcome: "AgentRejected"},
		ExitNoAgents: {Exit: ExitNoAgents, End: true, Outcome: "NoAgentsLoggedIn"},
		ExitFull:     {Exit: ExitFull, End: true, Outcome: "Other", Detail: ExitFull},
	} {
		_, named := a.Exit(exit)
		if shouldBe := exit == ExitDuration || exit == ExitDeclined; named != shouldBe {
			t.Errorf("%s: named is %v", exit, named)
		}
		if got := a.Leave(exit); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", exit, got, want)
		}
	}
	if outcome, _ := OutcomeOf(ExitDuration); outcome != switchyard.OutcomeQueueTimeout {
		t.Errorf("duration ends with %s", outcome)
	}
}

// TestQueueSettings checks the defaults of RULINGS and the spelling of what a queue names.
func TestQueueSettings(t *testing.T) {
	doc := account(t, readFile(t, "base.yaml"), `plans:
  - name: Cases
    start: plain
    applets:
      plain: {type: queue}
      set: {type: queue, accept: auto, ring: 30s, wrap: 5s, groups: [SUPPORT], target: 1m, duration: 2m, maxlength: 9, disposition: true,
        ondecline: {presence: LUNCH, for: 10s}, onnoanswer: {presence: Unchanged}}
      late: {type: queue, onnoanswer: {for: 20s}}`)
	set, _ := Compile(doc)
	minute := switchyard.Minute
	fixed := func(d switchyard.Duration) Length { return Length{Fixed: d} }
	for _, want := range []*Queue{
		{Name: "Cases/late", Ring: fixed(20_000), Target: fixed(20_000), OnNoAnswer: Reaction{"No Answer", fixed(20_000)}},
		{Name: "Cases/plain", Ring: fixed(20_000), Target: fixed(20_000), OnNoAnswer: Reaction{Presence: "No Answer"}},
		{Name: "Cases/set", Auto: true, Ring: fixed(minute / 2), Wrap: fixed(5_000), Target: fixed(minute), Duration: fixed(2 * minute),
			Groups: []string{"support"}, MaxLength: 9, Disposition: true, OnDecline: Reaction{"Lunch", fixed(10_000)}},
	} {
		name := strings.TrimPrefix(want.Name, "Cases/")
		got := *set.Plan("cases").Applets[name].Queue
		for _, l := range []*Length{&got.Ring, &got.Wrap, &got.Target, &got.Duration, &got.OnDecline.For, &got.OnNoAnswer.For} {
			*l = fixed(l.Fixed)
		}
		if !reflect.DeepEqual(&got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if got := len(set.Queues()); got != 3 {
		t.Errorf("%d queues, want 3", got)
	}
}

func splitOf(t *testing.T, plan string, weights ...int) *Applet {
	t.Helper()
	var branches []switchyard.Branch
	for _, w := range weights {
		branches = append(branches, switchyard.Branch{Weight: w, Next: "e"})
	}
	set, faults := Compile(&switchyard.Account{Plans: []switchyard.Plan{{Name: plan, Start: "s",
		Applets: map[string]switchyard.Applet{"s": {Type: TypeSplit, Branches: branches}, "e": {Type: TypeEnd}}}}})
	if len(faults) > 0 {
		t.Fatal(written(faults))
	}
	return set.Plan(plan).Applets["s"]
}

// Ids of one account differ in a counter and few random bits; shares must be even all the same.
// A count of n·p is off by more than five standard deviations once in millions of runs, and the
// test's ids never change.
func TestSplitShares(t *testing.T) {
	const n = 100_000
	for _, weights := range [][]int{{1, 1}, {1, 2, 3}, {99, 1}, {5, 5, 5, 5, 5, 5, 5, 5}, {999_000, 1_000}} {
		total, counts := 0, make([]int, len(weights))
		for _, w := range weights {
			total += w
		}
		a := splitOf(t, "Plan", weights...)
		for i := range n {
			counts[a.branch(switchyard.NewID(noon, uint64(i), 7))]++
		}
		for i, w := range weights {
			p := float64(w) / float64(total)
			if off := math.Abs(float64(counts[i])-n*p) / math.Sqrt(n*p*(1-p)); off > 5 {
				t.Errorf("weights %v: branch %d has %d of %d, %.1f standard deviations off", weights, i+1, counts[i], n, off)
			}
		}
	}
}

// Two splits in a row cut independently: each quarter is a quarter.
func TestSplitsAreIndependent(t *testing.T) {
	const n = 100_000
	var counts [4]int
	first, second := splitOf(t, "First", 1, 1), splitOf(t, "Second", 1, 1)
	for i := range n {
		id := switchyard.NewID(noon, uint64(i), 7)
		counts[2*first.branch(id)+second.branch(id)]++
	}
	for i, count := range counts {
		if off := math.Abs(float64(count)-n/4) / math.Sqrt(n*3.0/16); off > 5 {
			t.Errorf("quarter %d has %d of %d", i, count, n)
		}
	}
}

// The branch of an interaction is part of what journals say: it never changes.
func TestSplitIsStable(t *testing.T) {
	a := splitOf(t, "Plan", 1, 1, 1, 1)
	var got []int
	for i := range 12 {
		got = append(got, a.branch(switchyard.NewID(noon, uint64(i), 7)))
	}
	if want := []int{3, 1, 0, 3, 3, 0, 2, 0, 3, 0, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("branches %v, want %v", got, want)
	}
}

func TestAppletTables(t *testing.T) {
	settings, exits, required := AppletSettings(), Exits(), Required()
	known := map[string]bool{}
	for _, typ := range Types() {
		for _, name := range settings[typ] {
			known[name] = true
		}
		for _, name := range required[typ] {
			if !slices.Contains(settings[typ], name) {
				t.Errorf("%s needs %s and does not take it", typ, name)
			}
		}
		if takes := slices.Contains(settings[typ], "next"); takes != slices.Contains(exits[typ], ExitNext) {
			t.Errorf("%s: next is a setting or an exit, not both", typ)
		}
		others := slices.DeleteFunc(exits[typ], func(exit string) bool { return exit == ExitNext })
		if slices.Contains(settings[typ], "on") != (len(others) > 0) {
			t.Errorf("%s: on does not fit its exits", typ)
		}
	}
	v := reflect.TypeFor[switchyard.Applet]()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Field(i).Tag.Get("json"), ",")
		if name != "type" && !known[name] {
			t.Errorf("no type takes %s", name)
		}
		delete(known, name)
	}
	for name := range known {
		t.Errorf("an applet has no member %s", name)
	}
}

func TestBuiltIns(t *testing.T) {
	if name, ok := BuiltIn("callguid"); !ok || name != CallGUID {
		t.Errorf("callguid is %q, %v", name, ok)
	}
	for name, want := range map[string]bool{"Team": true, "clid": false, "LANGUAGE": true, "queuetime": false} {
		if Settable(name) != want {
			t.Errorf("%s: settable is %v", name, !want)
		}
	}
}
