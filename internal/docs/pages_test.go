package docs

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/core"
)

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// walk calls f with every file of the repository that has the suffix.
func walk(t *testing.T, suffix string, f func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "testdata", "node_modules"}, d.Name()):
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(path, suffix):
			name, err := filepath.Rel(root, path)
			f(filepath.ToSlash(name))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every direct dependency has its line with a reason, and no line is left over.
func TestDependenciesAreExplained(t *testing.T) {
	list := exec.Command("go", "mod", "edit", "-json")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Require []struct{ Path string } }
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&file); err != nil {
		t.Fatal(err)
	}
	direct := map[string]bool{}
	for path := range importsOutside(t) {
		module := ""
		for _, r := range file.Require {
			if (path == r.Path || strings.HasPrefix(path, r.Path+"/")) && len(r.Path) > len(module) {
				module = r.Path
			}
		}
		if module == "" {
			t.Errorf("%s is imported and of no module that go.mod requires", path)
		}
		direct[module] = true
	}
	ofServer, ofApp, _ := strings.Cut(read(t, "docs/DEPENDENCIES.md"), "\n## In the browser app")
	explainsPackages(t, ofApp)
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(ofServer, -1) {
		listed[row[1]] = true
	}
	for _, module := range slices.Sorted(maps.Keys(direct)) {
		if !listed[module] {
			t.Errorf("docs/DEPENDENCIES.md does not say why %s is used", module)
		}
	}
	for _, module := range slices.Sorted(maps.Keys(listed)) {
		if !direct[module] {
			t.Errorf("docs/DEPENDENCIES.md lists %s, which nothing imports", module)
		}
	}
}

// explainsPackages holds the section of the browser app against its package.json, which names exact
// versions only. Packages of types need no reason beside what they are the types of.
func explainsPackages(t *testing.T, section string) {
	var file struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(read(t, "web/package.json")), &file); err != nil {
		t.Fatal(err)
	}
	maps.Copy(file.Dependencies, file.DevDependencies)
	for name, version := range file.Dependencies {
		if !strings.HasPrefix(name, "@types/") && !strings.Contains(section, "`"+name+"`") {
			t.Errorf("docs/DEPENDENCIES.md does not say why the browser app uses %s", name)
		}
		if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
			t.Errorf("web/package.json: %s has version %s, which is not exact", name, version)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.+?) \\|").FindAllStringSubmatch(section, -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			if file.Dependencies[name[1]] == "" {
				t.Errorf("docs/DEPENDENCIES.md lists %s, which web/package.json does not have", name[1])
			}
		}
	}
}

// importsOutside collects what the files of the repository import from elsewhere, tests too.
func importsOutside(t *testing.T) map[string]bool {
	found := map[string]bool{}
	walk(t, ".go", func(name string) {
		file, err := parser.ParseFile(token.NewFileSet(), name, read(t, name), parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
				found[path] = true
			}
		}
	})
	return found
}

// docs/DATA.md has every table and column, every kind of a checkpoint and every event.
func TestDataIsComplete(t *testing.T) {
	text := read(t, "docs/DATA.md")
	for _, part := range []struct{ heading, migration string }{
		{"## journal.db", "internal/journal/sqlite/migrations/"}, {"## tables.db", "internal/tables/sqlite/migrations/"},
	} {
		_, after, there := strings.Cut(text, "\n"+part.heading+"\n")
		section, _, _ := strings.Cut(after, "\n## ")
		if !there {
			t.Fatalf("no section %s", part.heading)
		}
		walk(t, ".sql", func(name string) {
			if strings.HasPrefix(name, part.migration) {
				compareTables(t, section, read(t, name))
			}
		})
	}
	for _, kind := range []string{core.KindAccount, core.KindAgent, core.KindAnswer, core.KindConfig, core.KindEffect,
		core.KindInteraction, core.KindProvider, core.KindQueue, core.KindReceipts, core.KindRequestIDs, core.KindSession, core.KindToken} {
		if !strings.Contains(text, "\n| `"+kind+"` |") {
			t.Errorf("docs/DATA.md has no kind %s", kind)
		}
	}
	for name := range switchyard.Placed {
		if !strings.Contains(text, "| [`"+name+"`](reference/events.md#"+anchor(name)+") |") {
			t.Errorf("docs/DATA.md has no event %s", name)
		}
	}
}

var (
	createTable = regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\)`)
	column      = regexp.MustCompile(`(?m)^ +"?([a-z]+)"? +(?:INTEGER|TEXT|BLOB)`)
)

func compareTables(t *testing.T, section, migration string) {
	t.Helper()
	for _, table := range createTable.FindAllStringSubmatch(migration, -1) {
		_, after, there := strings.Cut(section, "\n**"+table[1]+"** ")
		if !there {
			t.Errorf("docs/DATA.md has no table %s", table[1])
			continue
		}
		part, _, _ := strings.Cut(after, "\n**")
		for _, c := range column.FindAllStringSubmatch(table[2], -1) {
			if !strings.Contains(part, "\n| `"+c[1]+"` |") {
				t.Errorf("docs/DATA.md: table %s has no column %s", table[1], c[1])
			}
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links between pages lead somewhere, down to the heading.
func TestLinksLead(t *testing.T) {
	walk(t, ".md", func(name string) {
		for _, found := range link.FindAllStringSubmatch(read(t, name), -1) {
			target, fragment, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file := name
			if target != "" {
				file = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: link to %s leads nowhere", name, found[1])
				continue
			}
			if fragment != "" && !slices.Contains(headings(read(t, file)), fragment) {
				t.Errorf("%s: link to %s: no such heading", name, found[1])
			}
		}
	})
}

// headings lists the anchors of a page.
func headings(text string) (all []string) {
	code := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if rest := strings.TrimLeft(line, "#"); !code && rest != line && strings.HasPrefix(rest, " ") {
			all = append(all, anchor(strings.TrimSpace(rest)))
		}
	}
	return all
}

func TestReadmeIsShort(t *testing.T) {
	if n := strings.Count(read(t, "README.md"), "\n"); n >= 150 {
		t.Errorf("README.md has %d lines; it is to have fewer than 150", n)
	}
}
