package switchyard_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root stands for the package switchyard in the map of the rooms.
const root = "."

// rooms is the map of the house: every package and which packages of the house it may import, lower
// ones first. A package that is not here is an error; so is an import that is not. Names stand for
// folders under internal.
var rooms = []struct {
	name string
	may  string
}{
	// The pure rooms decide. They import each other and pureStd only.
	{root, ""},
	{"core/plan/zone", ""},
	{"core/plan", root + " core/plan/zone"},
	{"core/routing", root},
	{"core", root + " core/plan core/routing"},

	// Contracts of the stores, and the stores.
	{"journal", root},
	{"tables", root + " journal"},
	{"journal/journaltest", root + " journal"},
	{"tables/tablestest", root + " journal tables"},
	{"journal/memory", root + " journal"},
	{"tables/memory", root + " journal tables"},
	{"sqlitedb", root + " journal"},
	{"sqlitedb/powertest", ""},
	{"journal/sqlite", root + " journal sqlitedb"},
	{"tables/sqlite", root + " journal tables sqlitedb"},

	// Reads parts of what others answer.
	{"extract", ""},

	// What runs the core, and what it does in the world. Neither knows of HTTP calls coming in.
	{"engine", root + " core journal tables"},
	{"effects", root},
	{"effects/egress", ""},
	{"effects/callback", root + " effects effects/egress"},
	{"effects/template", root + " core/plan effects"},
	{"effects/sms", root + " core/plan effects effects/egress effects/template"},
	{"effects/sms/vendortest", ""},
	{"effects/email", root + " core/plan effects effects/egress"},
	{"effects/connector", root + " core/plan extract effects effects/egress effects/template"},

	// Whole lives of a server in virtual time, with faults.
	{"sim", root + " core journal journal/memory tables tables/memory engine effects effects/callback"},

	// Credentials and the account document.
	{"seal", root},
	{"config", root + " core/plan core/plan/zone extract seal"},

	// Plans before they are published: as pictures, and run in virtual time.
	{"draw", root + " core/plan"},
	{"rehearse", root + " core core/plan extract"},
	{"simulate", root + " core core/plan config"},

	// What happened, as figures over time.
	{"report", root + " core/plan"},

	// What comes in over HTTP.
	{"api/httpx", root},
	{"api/auth", root + " api/httpx"},
	{"api/oidc", root + " api/httpx api/auth"},
	{"api/hook", root + " effects/sms api/httpx api/auth"},
	{"api/vcc", root + " config seal api/httpx api/auth"},
	{"api/native", root + " core core/plan/zone journal engine tables report config seal rehearse api/httpx api/auth api/vcc"},

	// The browser app's files.
	{"web", root + " api/httpx api/auth"},

	// The only wiring.
	{"app", root + " core core/plan journal journal/memory journal/sqlite tables tables/sqlite engine effects effects/egress" +
		" effects/callback effects/email effects/sms effects/connector seal config api/httpx api/auth api/hook api/oidc api/vcc api/native web"},

	// What meets a server from outside only, and what writes pages. Of crash there are tests only.
	{"client", root},
	{"bench", root + " client"},
	{"demo", root + " client"},
	{"crash", ""},
	{"docs", root + " engine effects api/httpx api/auth api/native"},

	// The command, which alone imports app.
	{"cmd/switchyard", root + " app engine core/plan journal/sqlite config seal draw rehearse sim simulate api/auth api/native api/vcc client bench demo"},
}

// pureStd is what of the standard library the pure rooms may import: nothing that does I/O, knows
// the time of day or chooses at random. Of time they may use what is not in impure. The embedded
// time-zone data is read by archive/zip, from memory.
var pureStd = strings.Fields(`archive/zip bytes cmp crypto/sha256 embed encoding/binary encoding/hex encoding/json errors fmt iter maps
	math math/bits reflect slices sort strconv strings time unicode unicode/utf8`)

// expressions is what of CEL the room of plans may import beside pureStd: a pure expression library,
// which evaluates what it is given and does nothing else. Its standard functions are pure but for one,
// the names of time zones, which internal/core/plan/when.go lets nobody write.
var expressions = strings.Fields(`cel.dev/cel-go/cel cel.dev/cel-go/common/ast cel.dev/cel-go/common/cost
	cel.dev/cel-go/common/operators cel.dev/cel-go/common/types cel.dev/cel-go/common/types/ref
	cel.dev/cel-go/common/types/traits cel.dev/cel-go/ext`)

// impure are the names of package time that look at a clock or wait.
var impure = strings.Fields("Now Since Until Sleep After AfterFunc Tick NewTicker NewTimer Local LoadLocation")

const module = "switchyard"

// imported is a package and what it imports, as `go list` tells.
type imported struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// roomOf is the name of a package in the map; false for packages from outside.
func roomOf(path string) (string, bool) {
	if path == module {
		return root, true
	}
	rest, ours := strings.CutPrefix(path, module+"/")
	return strings.TrimPrefix(rest, "internal/"), ours
}

func isPure(room string) bool {
	return room == root || room == "core" || strings.HasPrefix(room, "core/")
}

// faults says what is wrong with the imports of a package.
func (p imported) faults() (found []string) {
	room, _ := roomOf(p.ImportPath)
	at := slices.IndexFunc(rooms, func(r struct{ name, may string }) bool { return r.name == room })
	if at < 0 {
		return []string{room + " is not in the map of the rooms: give it a line in imports_test.go"}
	}
	may := strings.Fields(rooms[at].may)
	for _, path := range p.Imports {
		other, ours := roomOf(path)
		switch {
		case ours && !slices.Contains(may, other):
			found = append(found, fmt.Sprintf("%s may not import %s", room, other))
		case room == "core/plan" && slices.Contains(expressions, path):
		case !ours && isPure(room) && !slices.Contains(pureStd, path):
			found = append(found, fmt.Sprintf("%s is a pure room and may not import %s", room, path))
		}
	}
	return found
}

func TestRooms(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		room, _ := roomOf(p.ImportPath)
		seen[room] = true
		for _, fault := range p.faults() {
			t.Error(fault)
		}
		if isPure(room) {
			for _, fault := range impurities(t, p) {
				t.Error(fault)
			}
		}
	}
	for _, r := range rooms {
		if !seen[r.name] {
			t.Errorf("the map has a room %s that is not built", r.name)
		}
	}
}

// The map can be broken: what must not be is found.
func TestRoomsFindFaults(t *testing.T) {
	for _, p := range []imported{
		{ImportPath: module, Imports: []string{"os"}},
		{ImportPath: module + "/internal/core", Imports: []string{"math/rand/v2"}},
		{ImportPath: module + "/internal/core", Imports: []string{"cel.dev/cel-go/cel"}},
		{ImportPath: module + "/internal/core/plan", Imports: []string{"cel.dev/cel-go/cel/async"}},
		{ImportPath: module + "/internal/core/routing", Imports: []string{module + "/internal/core/plan"}},
		{ImportPath: module + "/internal/engine", Imports: []string{module + "/internal/api/native"}},
		{ImportPath: module + "/internal/effects", Imports: []string{module + "/internal/api/httpx"}},
		{ImportPath: module + "/internal/docs", Imports: []string{module + "/internal/app"}},
		{ImportPath: module + "/internal/util"},
	} {
		if len(p.faults()) != 1 {
			t.Errorf("%s importing %v: found %v", p.ImportPath, p.Imports, p.faults())
		}
	}
}

// packages lists the packages of the module.
func packages(t *testing.T) (all []imported) {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	var complaint bytes.Buffer
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		t.Fatalf("list packages: %v\n%s", err, &complaint)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p imported
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// impurities finds what a pure room must not do whatever it imports: look at a clock, start a
// goroutine, wait for another.
func impurities(t *testing.T, p imported) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if what := impurity(n); what != "" {
				found = append(found, fmt.Sprintf("%s: a pure room has %s", files.Position(n.Pos()), what))
			}
			return true
		})
	}
	return found
}

func impurity(n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a goroutine"
	case *ast.SelectStmt:
		return "a select"
	case *ast.ChanType:
		return "a channel"
	case *ast.SelectorExpr:
		if x, is := n.X.(*ast.Ident); is && x.Name == "time" && slices.Contains(impure, n.Sel.Name) {
			return "time." + n.Sel.Name
		}
	}
	return ""
}
