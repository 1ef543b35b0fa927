package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// structure is a struct type of the root package as its source documents it.
type structure struct {
	name    string
	text    string // its doc comment
	members []member
}

// member is a field that is written as JSON.
type member struct {
	name     string // in JSON
	kind     ast.Expr
	text     string
	optional bool
}

// structures reads the struct types of the package in a folder.
func structures(folder string) (map[string]*structure, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	found := map[string]*structure{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read the events' comments: %w", err)
		}
		for _, d := range parsed.Decls {
			if g, is := d.(*ast.GenDecl); is && g.Tok == token.TYPE {
				collect(found, g)
			}
		}
	}
	return found, nil
}

func collect(found map[string]*structure, g *ast.GenDecl) {
	for _, spec := range g.Specs {
		t := spec.(*ast.TypeSpec)
		s, is := t.Type.(*ast.StructType)
		if !is {
			continue
		}
		text := t.Doc.Text()
		if text == "" {
			text = g.Doc.Text()
		}
		found[t.Name.Name] = &structure{name: t.Name.Name, text: text, members: membersOf(s)}
	}
}

func membersOf(s *ast.StructType) (out []member) {
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if name == "" || name == "-" {
			continue
		}
		out = append(out, member{name: name, kind: f.Type, text: strings.TrimSpace(f.Comment.Text()),
			optional: strings.Contains(options, "omit")})
	}
	return out
}

// words are the types that are no structure, as a reader of JSON meets them.
var words = map[string]string{
	"ID": "id", "Instant": "moment", "Duration": "duration", "Band": "1–5", "Class": "live, chat or nonlive",
	"Category": "Ready, Away, ExtendedAway or LoggedOut", "Scope": "scope", "Seq": "number", "Code": "[error code](errors.md)",
	"Sealed": "`***`", "Account": "[account document](account.md)",
	"string": "text", "int": "number", "int64": "number", "uint64": "number", "bool": "true or false",
}

// kindOf says a type in words; parts are the structures it leads to.
func kindOf(kind ast.Expr, known map[string]*structure) (text string, parts []string) {
	switch t := kind.(type) {
	case *ast.StarExpr:
		return kindOf(t.X, known)
	case *ast.ArrayType:
		text, parts = kindOf(t.Elt, known)
		return "list of " + text, parts
	case *ast.MapType:
		text, parts = kindOf(t.Value, known)
		return "name → " + text, parts
	case *ast.Ident:
		if w, is := words[t.Name]; is {
			return w, nil
		}
		if known[t.Name] != nil {
			name := strings.ToLower(t.Name)
			return fmt.Sprintf("[%s](#%s)", name, name), []string{t.Name}
		}
	}
	panic(fmt.Sprintf("docs: no words for the type %#v of an event's member", kind))
}
