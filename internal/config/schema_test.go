package config

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/pb33f/jsonschema/v6"

	"switchyard"
)

var update = flag.Bool("update", false, "write generated files and expected outputs anew")

const (
	examplePath = "../../docs/reference/account-example.yaml"
	schemaPath  = "../../docs/reference/account.schema.json"
)

func TestSchemaFileIsUpToDate(t *testing.T) {
	golden(t, schemaPath, Schema())
}

func TestReferenceIsUpToDate(t *testing.T) {
	golden(t, "../../docs/reference/account.md", Reference())
}

// golden compares generated text with a file of the repository; with -update it writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is generated; run `go test ./internal/config -update` and look at the difference.\ngot:\n%s", path, got)
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON reads YAML with the library's own decoder, as an editor would, not with ours.
func asJSON(t *testing.T, source []byte) any {
	t.Helper()
	text, err := yaml.YAMLToJSON(source)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAccountFilesFitTheSchema(t *testing.T) {
	s := compiledSchema(t)
	for _, path := range []string{examplePath, "testdata/contract.yaml", "testdata/scenarios.yaml"} {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(asJSON(t, source)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSchemaRefusesWhatReadRefuses(t *testing.T) {
	s := compiledSchema(t)
	for _, source := range []string{
		"settings: {}",
		"account: a\nnosuch: 1",
		"account: a\nsettings: {order: chaos}",
		"account: a\nsettings: {grace: soon}",
		"account: a\nsettings: {maxlive: 0}",
		"account: a\nsettings: {capacity: {live: 50}}",
		"account: a\nskills: billing",
		"account: a\nagents: [{name: Ada}]",
		"account: a\nagents: [{username: ada, roles: [king]}]",
		"account: a\nagents: [{username: ada, skills: {billing: 11}}]",
		"account: a\nplans: [{name: P, start: q, applets: {q: {type: queue, message: x}}}]",
		"account: a\nplans: [{name: P, start: q, applets: {q: {type: qeue}}}]",
		"account: a\nplans: [{name: P, start: r, applets: {r: {type: datarouter, rules: [{source: X, operator: isnull, when: 'true', next: e}]}, e: {type: end}}}]",
		"account: a\nplans: [{name: P, start: r, applets: {r: {type: datarouter, rules: [{next: e}]}, e: {type: end}}}]",
		"account: a\nplans: [{name: P, start: q, applets: {q: {type: queue, on: {nomatch: x}}}}]",
		"account: a\nclients: [{id: crm, scopes: [all]}]",
		"account: a\nschedules: [{name: s}]",
		"account: a\nschedules: [{name: s, timezone: UTC, hours: {mon: 08:00-12:00}}]",
		"account: a\nschedules: [{name: s, timezone: UTC, holidays: [{name: Xmas}]}]",
		"account: a\nplans: [{name: P, start: d, applets: {d: {type: schedulerouter, on: {open: ''}}}}]",
		"account: a\nplans: [{name: P, start: d, applets: {d: {type: schedulerouter, schedule: s, next: d}}}]",
	} {
		if s.Validate(asJSON(t, []byte(source))) == nil {
			t.Errorf("the schema lets through:\n%s", source)
		}
		file, problems := Read("", []byte(source))
		if file != nil {
			problems = file.Check(Rules{})
		}
		if !Refused(problems) {
			t.Errorf("Read and Check let through:\n%s", source)
		}
	}
}

func TestExampleUsesEveryKeyAndIsClean(t *testing.T) {
	source, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	file, problems := Read("account-example.yaml", source)
	if file != nil {
		problems = file.Check(Rules{})
	}
	for _, p := range problems {
		t.Error(p)
	}
	if file == nil {
		return
	}
	used := map[string]bool{}
	usedKeys(file.root, reflect.TypeFor[switchyard.Account](), used)
	for key := range abouts() {
		if !used[key] {
			t.Errorf("the example does not use %s", key)
		}
	}
	for i, line := range strings.Split(string(source), "\n") {
		if strings.ContainsRune(line, '\t') || len([]rune(line)) > 110 {
			t.Errorf("line %d holds a tab or is too long", i+1)
		}
	}
}

// usedKeys notes which members of which structs a tree has.
func usedKeys(n *node, t reflect.Type, used map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer:
		usedKeys(n, t.Elem(), used)
	case reflect.Slice:
		for _, item := range n.items {
			usedKeys(item, t.Elem(), used)
		}
	case reflect.Map:
		for _, m := range n.members {
			usedKeys(m.value, t.Elem(), used)
		}
	case reflect.Struct:
		for _, m := range n.members {
			used[memberKey(t, m.key)] = true
			usedKeys(m.value, fieldOf(t, m.key).Type, used)
		}
	}
}

func TestEveryMemberIsExplained(t *testing.T) {
	all := abouts()
	var members []string
	for typ := range nouns {
		for _, name := range memberNames(typ) {
			members = append(members, memberKey(typ, name))
		}
	}
	for _, key := range members {
		if !strings.HasSuffix(all[key].text, ".") {
			t.Errorf("%s is not explained in a sentence: %q", key, all[key].text)
		}
	}
	for key := range all {
		if !slices.Contains(members, key) {
			t.Errorf("%s is explained but does not exist", key)
		}
	}
	for key := range written {
		if !slices.Contains(members, key) {
			t.Errorf("%s is written in a special manner but does not exist", key)
		}
	}
}
