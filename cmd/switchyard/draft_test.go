package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const draftAccount = `
account: acme
skills: [billing]
agents: [{username: ada, password: pw-ada-1, skills: [billing]}]
plans: [{name: Cases, start: q, applets: {q: {type: queue}}}]
routes: [{name: Cases, plan: Cases}]
clients: [{id: desk, secret: desk-secret, scopes: ["config:read"]}]
`

// shell runs commands on a folder.
type shell struct {
	t    *testing.T
	data string
	dir  string
}

func (s *shell) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// runs runs a command and expects its exit code and texts in what it prints.
func (s *shell) runs(code int, line string, texts ...string) string {
	s.t.Helper()
	var out bytes.Buffer
	args := append(strings.Split(line, "|"), "--data", s.data, "--log-level", "error")
	if got := run(args, &out, &out); got != code {
		s.t.Fatalf("%s: exit %d, not %d:\n%s", line, got, code, out.String())
	}
	for _, text := range texts {
		if !strings.Contains(out.String(), text) {
			s.t.Errorf("%s prints no %q:\n%s", line, text, out.String())
		}
	}
	return out.String()
}

// A change is prepared, looked at and published by commands alone, on a folder no server holds.
func TestDraftCommands(t *testing.T) {
	s := &shell{t: t, data: filepath.Join(t.TempDir(), "data"), dir: t.TempDir()}
	s.runs(0, "apply|-f|"+s.write("account.yaml", draftAccount), "version 1 is in force")
	s.runs(2, "config|draft|save", "--name")
	s.runs(0, "config|draft|save|--name|Next week|--note|why", "draft 1 is saved as revision 1; it was begun from version 1")
	s.runs(0, "config|draft|list", "1  revision 1", "from version 1", "Next week")
	s.runs(0, "config|draft|diff|1", "draft 1 says what version 1 says")
	shown := s.runs(0, "config|draft|show|1", "# Draft 1: Next week", "# why", `password: "***"`)
	edited := strings.Replace(shown, "  plan: Cases", "  plan: Nxt", 1)
	broken := s.write("edited.yaml", edited)
	s.runs(0, "config|draft|save|1|--revision|1|-f|"+broken, "edited.yaml:", `routes[0].plan: the account has no plan "Nxt"`, "revision 2")
	s.runs(1, "config|draft|check|1", `the account has no plan "Nxt"`, "draft 1 has 1 fault")
	s.runs(1, "config|draft|diff|1", "draft 1 has 1 fault")
	s.runs(1, "config|draft|publish|1", "draft 1 has 1 fault")
	s.runs(1, "config|draft|save|1|--revision|1|-f|"+broken, "draft_changed")
	s.runs(1, "config|draft|save|1|-f|"+s.write("bad.yaml", "account: acme\nskils: [x]\n"), "bad.yaml:2:1: skils: unknown key")
	mended := strings.Replace(edited, "plan: Nxt", "plan: Cases\n  test:\n    plan: Next\n    callers: [+44 20 7946 0000]", 1)
	mended = strings.Replace(mended, "- name: Cases\n  start: q", "- name: Next\n  start: q\n  applets: {q: {type: queue}}\n- name: Cases\n  start: q", 1)
	s.runs(0, "config|draft|save|1|-f|"+s.write("mended.yaml", mended), "revision 3")
	before := len(rows(t, s.data))
	s.runs(0, "config|draft|check|1", "draft 1 is good: 3 changes")
	s.runs(0, "config|draft|diff|1", "plan Next added", "route Cases: test.plan set to Next", `route Cases: test.callers set to`)
	if after := len(rows(t, s.data)); after != before {
		t.Errorf("looking at a draft wrote %d rows", after-before)
	}
	s.runs(0, "apply|-f|"+s.write("other.yaml", strings.Replace(draftAccount, "[billing]\nagents", "[billing, french]\nagents", 1)), "version 2")
	s.runs(0, "config|draft|list", "from version 1, outdated")
	s.runs(0, "config|draft|check|1", "outdated", "version 2 is in force")
	s.runs(0, "config|draft|diff|1", "version 2 brought:\n  skill french added", "skill french removed")
	s.runs(1, "config|draft|publish|1", "draft_outdated")
	s.runs(1, "config|draft|publish|1|--force|--revision|2", "draft_changed")
	s.runs(0, "config|draft|publish|1|--force|--revision|3", "plan Next added", "draft 1 is published: version 3 is in force")
	s.runs(0, "config|history", "draft 1: Next week")
	s.runs(0, "config|draft|save|--name|to drop", "draft 2")
	s.runs(0, "config|draft|show|2|--json", `"name": "to drop"`, `"secret": "***"`)
	s.runs(0, "config|draft|drop|2", "draft 2 is dropped")
	s.runs(1, "config|draft|drop|2", "not_found")
}
