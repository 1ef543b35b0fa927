package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard"
)

// report is what a command prints of a file: the problems of its form, or else of its meaning.
func report(name string, source []byte) string {
	file, problems := Read(name, source)
	if file != nil {
		problems = file.Check(Rules{})
	}
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintln(&b, p)
		if p.Excerpt != "" {
			fmt.Fprintln(&b, p.Excerpt)
		}
	}
	return b.String()
}

func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := report(filepath.Base(path), source)
			if got == "" {
				t.Error("no problem was found")
			}
			if strings.Contains(got, "hunter2") || strings.Contains(got, "correct horse") {
				t.Errorf("the report shows a credential:\n%s", got)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", []byte(got))
		})
	}
}

func TestGoodFilesReadAndCheckClean(t *testing.T) {
	for _, name := range []string{"contract.yaml", "scenarios.yaml"} {
		source, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := report(name, source); got != "" {
			t.Error(got)
		}
	}
}

func TestReadUnderstandsEveryWayOfWriting(t *testing.T) {
	const source = `
account: acme
settings: {noanswer: 90, grace: "2m", retention: {history: 400d}, maxlive: 5}
agents:
  - {username: ada, displayid: 5464, password: 123456, skills: [a, b]}
  - {username: bo, displayid: 007, skills: {a: , b: 7}}
  - &cy {username: cy, groups: [g]}
  - {<<: *cy, username: di}
providers: [{name: crm, agentactionspermitted: {release: true, hold: 0, transferToAgent: false}}]
plans:
  - name: P
    start: t
    applets:
      t:
        type: skilltagger
        skills: [{name: a, expiryafter: 1m}, {name: b, expiryafter: 0}, {name: c, expiryafter: }]
        personalqueue: {agent: ada, loggedintimeout: 60, loggedouttimeout: 1h}
        next: q
      q: {type: queue, on: {noagents: "", duration: }}
`
	file, problems := Read("account.yaml", []byte(source))
	if len(problems) > 0 {
		t.Fatal(Problems(problems))
	}
	doc := file.Document
	second := switchyard.Second
	checks := []struct {
		what      string
		got, want any
	}{
		{"seconds", *doc.Settings.NoAnswer, 90 * second},
		{"duration", *doc.Settings.Grace, 120 * second},
		{"days", *doc.Settings.Retention.History, 400 * switchyard.Day},
		{"whole number", *doc.Settings.MaxLive, 5},
		{"numeric displayid", doc.Agents[0].DisplayID, "5464"},
		{"displayid with zeros", doc.Agents[1].DisplayID, "007"},
		{"numeric password", doc.Agents[0].Password, "123456"},
		{"list of skills", doc.Agents[0].Skills, map[string]int{"a": 5, "b": 5}},
		{"skill without level", doc.Agents[1].Skills, map[string]int{"a": 5, "b": 7}},
		{"merged username", doc.Agents[3].Username, "di"},
		{"merged groups", doc.Agents[3].Groups, []string{"g"}},
		{"switches", doc.Providers[0].AgentActionsPermitted, map[string]int{"release": 1, "hold": 0, "transferToAgent": 0}},
		{"expiry as duration", *doc.Plans[0].Applets["t"].Skills[0].ExpiryAfter, switchyard.Seconds{Fixed: 60}},
		{"expiry 0", *doc.Plans[0].Applets["t"].Skills[1].ExpiryAfter, switchyard.Seconds{}},
		{"no expiry", doc.Plans[0].Applets["t"].Skills[2].ExpiryAfter, (*switchyard.Seconds)(nil)},
		{"timeout as duration", doc.Plans[0].Applets["t"].PersonalQueue.LoggedOutTimeout, switchyard.Seconds{Fixed: 3600}},
		{"exits to nowhere", doc.Plans[0].Applets["q"].On, map[string]string{"noagents": "", "duration": ""}},
	}
	for _, c := range checks {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
	}
}

func TestJSONGoesThroughTheSameDoor(t *testing.T) {
	const source = `{"account": "acme", "agents": [{"username": "ada", "Password": "hunter2"}],
 "plans": [{"name": "P", "start": "q", "applets": {"q": {"type": "queue", "acept": "auto"}}}],
 "account": "b", "settings": {"grace": 60, "order": null}}`
	_, problems := ReadJSON([]byte(source))
	want := []string{
		"1:52: agents[0].Password: unknown key; allowed for agent: username, displayid, name, password, roles, " +
			"skills, groups, capacity; did you mean password?",
		"2:75: plans[0].applets.q.acept: unknown key; allowed for queue: type, on, accept, ring, wrap, groups, " +
			"target, ondecline, onnoanswer, duration, maxlength, disposition; did you mean accept?",
		"3:2: account: given twice; the first stands on line 1",
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, broken := range []string{``, `{`, `{"account":"a"} {}`, `{"account":"a",}`, `[]`, `"a"`, `null`, "{\"account\":\"\xff\"}", `{"account":'a'}`} {
		file, problems := ReadJSON([]byte(broken))
		if file != nil && broken != `null` {
			t.Errorf("%s was read", broken)
		}
		if len(problems) == 0 && broken != `null` {
			t.Errorf("%s: no problem", broken)
		}
	}
}

func TestReadRefusesTooMuch(t *testing.T) {
	big := []byte("account: a\n#" + strings.Repeat("x", switchyard.MaxConfigBytes))
	if file, problems := Read("big.yaml", big); file != nil || !strings.Contains(problems[0].Text, "at most") {
		t.Errorf("%v", problems)
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 9; i++ {
		before := fmt.Sprintf("*a%d", i-1)
		fmt.Fprintf(&bomb, "a%d: &a%[1]d [%s]\n", i, strings.Repeat(before+",", 9)+before)
	}
	file, problems := Read("bomb.yaml", []byte(bomb.String()))
	if file != nil || len(problems) != 1 || !strings.Contains(problems[0].Text, "aliases") {
		t.Errorf("a document of 10^9 values: %v", Problems(problems))
	}
}

func TestLocate(t *testing.T) {
	const source = `account: acme
plans:
  - name: A plan
    start: x.y
    applets:
      x.y: {type: queue, ring: 20s}
      "it's [odd]":
        type: end
agents: [{username: ada, skills: [a, b]}]
`
	file, problems := Read("", []byte(source))
	if len(problems) > 0 {
		t.Fatal(Problems(problems))
	}
	for path, want := range map[string][2]int{
		"account":                                   {1, 1},
		"plans[0].name":                             {3, 5},
		"plans[0].applets['x.y'].ring":              {6, 26},
		"plans[0].applets['x.y'].missing":           {6, 7},
		`plans[0].applets['it\'s [odd]'].type`:      {8, 9},
		at(nth("plans", 0)+".applets", "x.y"):       {6, 7},
		at(at("plans[0]", "applets"), "it's [odd]"): {7, 7},
		"agents[0].skills.b":                        {9, 38},
		"agents[7]":                                 {9, 1},
		"nowhere":                                   {1, 1},
		"":                                          {1, 1},
	} {
		if line, col := file.Locate(path); line != want[0] || col != want[1] {
			t.Errorf("%s is at %d:%d, want %d:%d", path, line, col, want[0], want[1])
		}
	}
}

func TestExcerptShowsNoValue(t *testing.T) {
	for line, want := range map[string]string{
		`    password: hunter2`:                           `    password: …`,
		`{username: ada, password: "hun: ter, 2", x: 1}`:  `{username: …, password: …, x: …}`,
		`  - {a: 'it''s: hunter2', "b": [hunter2, x: y]}`: `  - {a: …, "b": […, x: …]}`,
		`password: hunter2: more`:                         `password: …: …`,
		`password: a, hunter2: more`:                      `password: …, …: …`,
		`- hunter2`:                                       `- …`,
		`hunter2`:                                         `…`,
		`{"password":"hunter2","a":{"b":1}}`:              `{"password":…,"a":{"b":…}}`,
		`password: "hunter2`:                              `password: …`,
		``:                                                ``,
	} {
		if got, _ := outline(line, 0); got != want {
			t.Errorf("%q is shown as %q, want %q", line, got, want)
		}
	}
	source := []byte("a: 1\r\nläng: {ö: xyz, falsch: 1}\n")
	if got, want := excerpt(source, 2, 16), "    2 | läng: {ö: …, falsch: …}\n      |              ^"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if excerpt(source, 0, 0) != "" || excerpt(source, 99, 1) != "" {
		t.Error("an excerpt of a line that is not there")
	}
}

func TestManyProblemsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"account":"a"`)
	for i := range 200_000 {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	b.WriteString("}")
	_, problems := ReadJSON([]byte(b.String()))
	if len(problems) != maxProblems+1 || problems[maxProblems].Text != "199900 more problems are not shown" {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
	doc := &switchyard.Account{Account: "a", Skills: make([]string, 5000)}
	if got := Check(doc); len(got) != maxProblems+1 {
		t.Errorf("%d problems of meaning", len(got))
	}
}
