package docs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"switchyard/internal/api/auth"
)

// document is the part of an OpenAPI document that http.md shows.
type document struct {
	Info struct {
		Description string `json:"description"`
	} `json:"info"`
	Tags []struct {
		Name string `json:"name"`
	} `json:"tags"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Tags        []string            `json:"tags"`
	Summary     string              `json:"summary"`
	Description string              `json:"description"`
	Parameters  []parameter         `json:"parameters"`
	RequestBody *content            `json:"requestBody"`
	Responses   map[string]response `json:"responses"`
}

type parameter struct {
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description"`
	Schema      schema `json:"schema"`
}

type content struct {
	Content map[string]struct {
		Schema schema `json:"schema"`
	} `json:"content"`
}

type response struct {
	Description string `json:"description"`
	content     `json:",inline"`
}

type schema struct {
	Ref         string            `json:"$ref"`
	Type        any               `json:"type"`
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Enum        []any             `json:"enum"`
	OneOf       []schema          `json:"oneOf"`
	Items       *schema           `json:"items"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
}

// HTTP writes http.md from the native API's OpenAPI document and the access table.
func HTTP(spec []byte) ([]byte, error) {
	var d document
	if err := json.Unmarshal(spec, &d); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	p := newPage("HTTP", "go generate ./internal/docs")
	p.line(`%s

The same as data: [openapi.json](openapi.json), which a server also answers at %[2]s/openapi.json%[2]s, and
as a page at %[2]s/docs%[2]s. Error codes: [errors.md](errors.md). Lists answer %[2]s{"items":[…],"next":cursor}%[2]s;
%[2]snext%[2]s is given back as %[2]scursor%[2]s. Every answer carries %[2]sX-Correlation-ID%[2]s.
`, d.Info.Description, "`")
	p.access()
	for _, tag := range d.Tags {
		p.line("\n## %s", tag.Name)
		d.operations(p, tag.Name)
	}
	p.line("\n## Schemas\n\nMembers marked * are always there, or required.")
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		p.schema(name, d.Components.Schemas[name])
	}
	return p.Bytes(), nil
}

// access shows the one table of who may call what.
func (p *page) access() {
	p.line("## Who may call what\n")
	p.line("A client needs a token with the scope, a signed-in user the role; admins may do what any user may.")
	p.line("The first three routes are the [wire contract's](contract.md).\n")
	p.line("| route | client's scope | user's role |\n|---|---|---|")
	for _, r := range auth.Rules {
		p.line("| `%s %s` | %s | %s |", r.Method, r.Pattern, scopesOf(r), rolesOf(r))
	}
	p.line("\nThe browser app's pages are open too, for it asks this API for all it shows: `/`, `%s`, what is beneath them,",
		strings.Join(auth.AppPages, "`, `"))
	p.line("and its files, `%s`. Any other path that is not in the table is answered 404.", auth.AppAssets)
}

func scopesOf(r auth.Rule) string {
	switch {
	case r.Open:
		return "open"
	case r.Local:
		return "open on the server's machine; else any"
	case len(r.Scopes) == 0:
		return "–"
	}
	text := "`" + string(r.Scopes[0]) + "`"
	if r.OwnCalls {
		text += ", or any for its own calls"
	}
	return text
}

func rolesOf(r auth.Rule) string {
	switch {
	case r.Open:
		return "open"
	case len(r.Roles) == 0:
		return "–"
	}
	words := make([]string, len(r.Roles))
	for n, role := range r.Roles {
		words[n] = string(role)
	}
	text := strings.Join(words, ", ")
	if r.Own {
		text += "; an agent for itself only"
	}
	return text
}

func (d *document) operations(p *page, tag string) {
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range []string{"get", "post", "put", "delete"} {
			if op, there := d.Paths[path][method]; there && slices.Contains(op.Tags, tag) {
				p.operation(strings.ToUpper(method)+" "+path, op)
			}
		}
	}
}

func (p *page) operation(route string, op operation) {
	p.line("\n### %s\n\n%s. %s\n", route, op.Summary, op.Description)
	if len(op.Parameters) > 0 {
		p.line("| parameter | in | value | meaning |\n|---|---|---|---|")
		for _, x := range op.Parameters {
			text := x.Description
			if text == "" {
				text = x.Schema.Description
			}
			p.line("| `%s` | %s | %s | %s |", x.Name, x.In, x.Schema.kind(), cell(text))
		}
		p.line("")
	}
	if op.RequestBody != nil {
		p.line("Body: %s\n", op.RequestBody.kinds())
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[status]
		p.line("- %s: %s %s", status, r.Description, r.kinds())
	}
}

func (c *content) kinds() string {
	var words []string
	for _, media := range slices.Sorted(maps.Keys(c.Content)) {
		s := c.Content[media].Schema
		words = append(words, fmt.Sprintf("`%s` %s", media, s.kind()))
	}
	return strings.Join(words, ", ")
}

// kind says a schema's type in a few words, with a link when it has a name.
func (s schema) kind() string {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	case s.Items != nil:
		return "list of " + s.Items.kind()
	case len(s.Enum) > 0:
		return strings.Trim(fmt.Sprint(s.Enum), "[]")
	case len(s.OneOf) > 0:
		words := make([]string, len(s.OneOf))
		for n, one := range s.OneOf {
			words[n] = one.kind()
		}
		return strings.Join(words, " or ")
	case s.Type == nil:
		return "any"
	case s.Format == "":
		return fmt.Sprint(s.Type)
	}
	return fmt.Sprintf("%v (%s)", s.Type, s.Format)
}

func (p *page) schema(name string, s schema) {
	p.line("\n### %s\n", name)
	if s.Description != "" {
		p.line("%s\n", s.Description)
	}
	if len(s.Properties) == 0 {
		p.line("Any object.")
		return
	}
	p.line("| member | value | meaning |\n|---|---|---|")
	for _, member := range slices.Sorted(maps.Keys(s.Properties)) {
		m, mark := s.Properties[member], ""
		if slices.Contains(s.Required, member) {
			mark = " *"
		}
		p.line("| `%s`%s | %s | %s |", member, mark, m.kind(), cell(m.Description))
	}
}
