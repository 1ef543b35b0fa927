package plan

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"switchyard"
)

var update = flag.Bool("update", false, "write what the cases of testdata give into their files")

// account reads YAML texts into one document; top-level keys of later ones replace.
func account(t *testing.T, texts ...string) *switchyard.Account {
	t.Helper()
	doc := new(switchyard.Account)
	members := map[string]any{}
	for _, text := range texts {
		var more map[string]any
		if err := yaml.Unmarshal([]byte(text), &more); err != nil {
			t.Fatalf("read %s: %v", text, err)
		}
		maps.Copy(members, more)
	}
	raw, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, doc, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return doc
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sample is one case of a data file: a line "== name", the input, and after a line "--" what comes
// of it.
type sample struct{ name, input, want string }

func samples(text string) (head string, list []sample) {
	parts := strings.Split("\n"+text, "\n== ")
	for _, part := range parts[1:] {
		name, body, _ := strings.Cut(part, "\n")
		input, want, _ := strings.Cut("\n"+body, "\n--\n")
		list = append(list, sample{name, strings.TrimSpace(input), strings.TrimSpace(want)})
	}
	return strings.TrimSpace(parts[0]), list
}

// compare runs every case of a data file, or writes the file anew with -update.
func compare(t *testing.T, file string, run func(t *testing.T, input string) string) {
	head, list := samples(readFile(t, file))
	if len(list) == 0 {
		t.Fatalf("%s holds no cases", file)
	}
	var out strings.Builder
	out.WriteString(head + "\n")
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			got := strings.TrimSpace(run(t, s.input))
			fmt.Fprintf(&out, "\n== %s\n%s\n--\n%s\n", s.name, s.input, got)
			if diff := cmp.Diff(s.want, got); diff != "" && !*update {
				t.Errorf("%s: %s (-want +got)\n%s", file, s.name, diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", file), []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func written(faults []Fault) string {
	var out strings.Builder
	for _, f := range faults {
		word := "error"
		if f.Warning {
			word = "warning"
		}
		fmt.Fprintf(&out, "%s %s: %s\n", word, f.Path, f.Text)
	}
	if len(faults) == 0 {
		return "fine"
	}
	return out.String()
}

func TestFaults(t *testing.T) {
	base := readFile(t, "base.yaml")
	files, err := filepath.Glob("testdata/check/*.txt")
	if err != nil || len(files) < 4 {
		t.Fatalf("found %d files of cases, %v", len(files), err)
	}
	for _, file := range files {
		compare(t, "check/"+filepath.Base(file), func(t *testing.T, input string) string {
			doc := account(t, base, input)
			_, faults := Compile(doc)
			for _, f := range faults {
				checkPath(t, doc, f.Path)
			}
			return written(faults)
		})
	}
}

// checkPath walks a fault's path through the document: it must lead to a member that is there.
func checkPath(t *testing.T, doc *switchyard.Account, path string) {
	t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var at any
	if err := json.Unmarshal(raw, &at); err != nil {
		t.Fatal(err)
	}
	for _, member := range Members(path) {
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[member]
			if !ok {
				t.Errorf("path %s: there is no member %q", path, member)
				return
			}
			at = next
		case []any:
			var i int
			if _, err := fmt.Sscan(member, &i); err != nil || i >= len(v) {
				t.Errorf("path %s: there is no item %q", path, member)
				return
			}
			at = v[i]
		default:
			t.Errorf("path %s: %q is below a value that has no members", path, member)
			return
		}
	}
}

func TestValidAccounts(t *testing.T) {
	for _, file := range []string{"valid/contract.yaml", "valid/scenarios.yaml", "base.yaml"} {
		if _, faults := Compile(account(t, readFile(t, file))); len(faults) > 0 {
			t.Errorf("%s:\n%s", file, written(faults))
		}
	}
}

// A document of nothing but faults must not cost more than its size: faults, their words and the
// search for near names are bounded.
func TestFaultsAreBounded(t *testing.T) {
	doc := account(t, readFile(t, "base.yaml"))
	set := switchyard.Applet{Type: TypeSkillTagger}
	router := switchyard.Applet{Type: TypeDataRouter}
	for i := range 20_000 {
		doc.Skills = append(doc.Skills, fmt.Sprintf("skill number %d", i))
		set.Skills = append(set.Skills, switchyard.TagSkill{Name: fmt.Sprintf("skull number %d", i)})
		router.Rules = append(router.Rules, switchyard.Rule{Source: "X", Operator: "isnull", Next: "r"})
	}
	doc.Plans = []switchyard.Plan{{Name: "Cases", Start: "a",
		Applets: map[string]switchyard.Applet{"a": set, "r": router, strings.Repeat("x", 100_000): {}}}}
	_, faults := Compile(doc)
	if len(faults) != maxFaults {
		t.Errorf("%d faults, want %d", len(faults), maxFaults)
	}
	for _, f := range faults {
		if len(f.Text) > 4*maxFaultRunes {
			t.Errorf("a fault of %d bytes", len(f.Text))
		}
	}
}

func TestMembers(t *testing.T) {
	for _, members := range [][]string{{"plans", "2", "applets", "queue", "next"},
		{"plans", "0", "applets", `a.b ['c\'] "d"`, "next"}, {"plans", "1"}, {""}} {
		at := place("")
		for i, m := range members {
			if n := 0; i > 0 && len(m) == 1 {
				if _, err := fmt.Sscan(m, &n); err == nil {
					at = at.item(n)
					continue
				}
			}
			at = at.of(m)
		}
		if diff := cmp.Diff(members, Members(string(at))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", at, diff)
		}
	}
}
