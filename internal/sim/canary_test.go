package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// canary is a deliberate bug: a text of the program that is replaced by another. BUG stands for the
// condition that it is this canary's turn. The program itself knows nothing of them: they are laid over
// its sources when the test builds it.
type canary struct {
	name     string
	file     string
	from, to string
	checks   string // one of which must fail
}

var canaries = []canary{
	{"agent is overbooked", "internal/core/routing/agent.go",
		"return a.Load+a.Sizes[c] <= 100", "return a.Load+a.Sizes[c] <= 100 || BUG", "assert booked"},
	{"capacity is not read", "internal/core/config.go",
		"otherwise[class] = size", "if !BUG { otherwise[class] = size }", "booked routing waiting"},
	{"load of transferred work stays", "internal/core/fold.go",
		"a.Load -= i.rare.size", "if !BUG || i.state != switchyard.Held { a.Load -= i.rare.size }", "booked assert waiting routing"},
	{"preferences do not count", "internal/core/routing/reason.go",
		"m += 1 << levelBits", "if !BUG { m += 1 << levelBits }", "routing reason"},
	{"levels do not count", "internal/core/routing/reason.go",
		"m += uint64(k.levels[n])", "if !BUG { m += uint64(k.levels[n]) }", "routing reason"},
	{"an offer leaves its agent idle", "internal/core/fold.go",
		"a.IdleSince = s.now\n\ts.enterState(i, switchyard.Offered, e.Until)", "if !BUG { a.IdleSince = s.now }\n\ts.enterState(i, switchyard.Offered, e.Until)", "age"},
	{"age is lost when an offer returns", "internal/core/fold.go",
		"s.detach(i)\n\ti.state = switchyard.Planned", "s.detach(i)\n\tif BUG { i.Since = s.now }\n\ti.state = switchyard.Planned", "age"},
	{"bands weigh nothing under ageing", "internal/core/routing/order.go",
		"return int64(now-since) * weights[band]", "if BUG { return int64(now-since) }\n\treturn int64(now-since) * weights[band]", "routing reason"},
	{"a cool-down is forgotten", "internal/core/fold.go",
		"if e.Cooldown > s.now {", "if e.Cooldown > s.now && !BUG {", "routing"},
	{"personal queues mix up who is logged in", "internal/core/routing/item.go",
		"if p.Agent.LoggedIn {\n\t\treturn p.In", "if p.Agent.LoggedIn != BUG {\n\t\treturn p.In", "routing waiting explained reason"},
	{"an agent that gains something is not looked at", "internal/core/routing/agent.go",
		"if more {", "if more && !BUG {", "waiting"},
	{"a reason counts wrongly", "internal/core/routing/reason.go",
		"reason.Order.Place = 1", "reason.Order.Place = 1\n\tif BUG { reason.Considered++ }", "reason"},
	{"an explanation counts wrongly", "internal/core/routing/explain.go",
		"e.Considered, e.Excluded = x.survey(&n)", "e.Considered, e.Excluded = x.survey(&n)\n\tif BUG { e.Excluded.Room++ }", "explained"},
	{"a state's timer is not set", "internal/core/fold.go",
		"s.alarms.push(alarm{at: until, kind: alarmState, key: i.ID.Counter()})", "if !BUG { s.alarms.push(alarm{at: until, kind: alarmState, key: i.ID.Counter()}) }", "timer"},
	{"a queue's duration is not set", "internal/core/fold.go",
		"if i.queueEnd != 0 && i.Only == nil {", "if i.queueEnd != 0 && i.Only == nil && !BUG {", "timer decided"},
	{"the map decides how long it rings", "internal/core/offer.go",
		"s.emit(e)\n\tif q.Auto {", "if BUG && !q.Auto { for n := range map[int]bool{1: true, 2: true, 3: true, 4: true} { e.Until = e.Until.Add(switchyard.Duration(n)); break } }\n\ts.emit(e)\n\tif q.Auto {", "decided"},
	{"a repeat is answered as if it were new", "internal/core/invoke.go",
		"result.Status = switchyard.StatusDuplicate\n\t\t} else", "result.Status = switchyard.StatusDuplicate\n\t\t\tif BUG { result.Status = switchyard.StatusAccepted }\n\t\t} else", "linear acknowledged"},
	{"a repeated request is new", "internal/core/memory.go",
		"if !found {\n\t\treturn switchyard.ID{}, false", "if !found || BUG {\n\t\treturn switchyard.ID{}, false", "once"},
	{"older request ids are not looked up", "internal/engine/requestid.go",
		"if err != nil || len(known) == 0 {", "if err != nil || len(known) == 0 || BUG {", "once"},
	{"request ids leave before the tables have them", "internal/engine/requestid.go",
		"if switchyard.Seq(o.tail.applied.Load()) >= l.cut {", "if switchyard.Seq(o.tail.applied.Load()) >= l.cut || BUG {", "once"},
	{"what is decided is answered before it is durable", "internal/engine/decide.go",
		"if i.encoded == nil && o.rows == 0 {", "if BUG { o.answer(&i); i.call = nil }\n\tif i.encoded == nil && o.rows == 0 {", "acknowledged"},
	{"a failed append counts as made", "internal/engine/committer.go",
		"if err == nil {\n\t\to.written", "if err == nil || BUG {\n\t\to.written", "acknowledged feed callback"},
	{"an effect is performed before it is durable", "internal/engine/decide.go",
		"o.cut.count(d.Events, o.e.wall())", "o.cut.count(d.Events, o.e.wall())\n\t\tif BUG { o.follow(&FeedRow{At: at, Events: d.Events}) }", "acknowledged"},
	{"calls that failed are not answered", "internal/engine/settle.go",
		"o.shut(errStorage, \"rows could not be stored: \"+err.Error())\n\to.failPending(errStorage)", "o.shut(errStorage, \"rows could not be stored: \"+err.Error())\n\tif !BUG { o.failPending(errStorage) }", "liveness"},
	{"the feed leaves a row out", "internal/engine/feed.go",
		"f.rows.push(feedEntry{row, size})", "if !BUG || row.Seq%7 != 0 { f.rows.push(feedEntry{row, size}) }", "feed"},
	{"a checkpoint forgets who is lost", "internal/core/checkpoint.go",
		"a.IdleSince, a.loggedOut, a.lost, a.busySince = v.IdleSince, v.LoggedOut, v.Lost, v.BusySince", "a.IdleSince, a.loggedOut, a.lost, a.busySince = v.IdleSince, v.LoggedOut, v.Lost && !BUG, v.BusySince", "rebuilt"},
	{"a checkpoint leaves out what is on hold", "internal/core/checkpoint.go",
		"out = append(out, s.interactionChange(i))", "if !BUG || i.state != switchyard.Held { out = append(out, s.interactionChange(i)) }", "rebuilt"},
	{"a timeline leaves out first events", "internal/engine/project.go",
		"typed || id.IsZero() {", "typed || id.IsZero() || BUG && n == 0 {", "tables"},
	{"callbacks overtake each other", "internal/core/effect.go",
		"if len(s.lanes[e.Lane]) > 0 {", "if len(s.lanes[e.Lane]) > 0 && !BUG {", "callback"},
	{"a callback is given up after one attempt", "internal/core/effect.go",
		"return at, at <= f.first.Add(callbackRetryFor)", "return at, at <= f.first.Add(callbackRetryFor) && !BUG", "callback"},
	{"nobody is told of an end by itself", "internal/core/run.go",
		"if !i.released {\n\t\ts.notify", "if !i.released && !BUG {\n\t\ts.notify", "callback"},
	{"a retry is never due", "internal/core/effect.go",
		"if f := s.retries[counter]; f != nil && f.due == at {", "if f := s.retries[counter]; f != nil && f.due == at && !BUG {", "liveness timer"},
}

// TestCanaries lays every deliberate bug over the program, builds it once, and lets each be caught by
// the check it is made for.
func TestCanaries(t *testing.T) {
	binary := buildWithCanaries(t)
	if name, out := live(t, binary, "", 3); name != "" {
		t.Fatalf("without a canary check %s fails:\n%s", name, out)
	}
	for _, c := range canaries {
		t.Run(c.name, func(t *testing.T) {
			name, out := live(t, binary, c.name, 60)
			if !slices.Contains(strings.Fields(c.checks), name) {
				t.Errorf("it is not caught by %s but by %q:\n%s", c.checks, name, out)
			}
		})
	}
}

// live lets lives be lived with a canary and returns the check that failed first; "" when none did.
func live(t *testing.T, binary, canary string, seeds int) (check, out string) {
	t.Helper()
	run := exec.Command(binary, "-test.run", "^TestLives$", "-seeds", fmt.Sprint(seeds))
	run.Env = append(os.Environ(), "SWITCHYARD_CANARY="+canary)
	text, err := run.CombinedOutput()
	if err == nil {
		return "", string(text)
	}
	_, rest, found := bytes.Cut(text, []byte("check "))
	name, _, _ := bytes.Cut(rest, []byte(" "))
	if !found {
		t.Fatalf("%v\n%s", err, text)
	}
	return string(name), string(text)
}

// buildWithCanaries builds this package's tests with the canaries laid over the sources.
func buildWithCanaries(t *testing.T) (binary string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	lay := map[string]string{}
	put := func(name, text string) {
		path := filepath.Join(dir, fmt.Sprintf("%d.go", len(lay)))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		lay[filepath.Join(root, name)] = path
	}
	put("canary.go", "package switchyard\n\nimport \"os\"\n\n// Canary is the deliberate bug of this process.\nvar Canary = os.Getenv(\"SWITCHYARD_CANARY\")\n")
	sources := map[string]string{}
	for _, c := range canaries {
		if sources[c.file] == "" {
			text, err := os.ReadFile(filepath.Join(root, c.file))
			if err != nil {
				t.Fatal(err)
			}
			sources[c.file] = string(text)
		}
		if n := strings.Count(sources[c.file], c.from); n == 0 {
			t.Fatalf("canary %q: %s does not say %q any more; say it as the file does now", c.name, c.file, c.from)
		}
		bug := fmt.Sprintf("isCanary(%q)", c.name)
		sources[c.file] = strings.ReplaceAll(sources[c.file], c.from, strings.ReplaceAll(c.to, "BUG", bug))
	}
	rooms := map[string]bool{}
	for name, text := range sources {
		put(name, text)
		rooms[filepath.Dir(name)] = true
	}
	for room := range rooms {
		put(filepath.Join(room, "canary.go"), fmt.Sprintf("package %s\n\nimport \"switchyard\"\n\n"+
			"func isCanary(name string) bool { return switchyard.Canary == name }\n", filepath.Base(room)))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": lay})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "sim.test")
	build := exec.Command("go", "test", "-c", "-overlay", list, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build with canaries: %v\n%s", err, out)
	}
	return binary
}
