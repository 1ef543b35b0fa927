package native

import (
	"bytes"
	"cmp"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"
)

// docsPage is the API's documentation: plain HTML made from the OpenAPI document, which asks no
// other host for anything and needs no script.
var docsPage = template.Must(template.New("docs").Funcs(template.FuncMap{
	"kind": kindOf, "anchor": anchorOf,
}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}} {{.Version}}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#1b1f24;background:#fff}
h2{border-bottom:1px solid #d0d7de;margin-top:3rem}h3{margin:2rem 0 .3rem}
code,pre{font:14px/1.4 ui-monospace,monospace}h3 code{font-size:1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border-top:1px solid #d0d7de;padding:.3rem .6rem;text-align:left;vertical-align:top}
.who{color:#57606a}a{color:#0550ae}nav li{display:inline-block;margin-right:1rem}nav ul{padding:0}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}a{color:#79b8ff}td,th,h2{border-color:#3d444d}.who{color:#9198a1}}
</style></head><body>
<h1>{{.Title}} <small>{{.Version}}</small></h1>
<p>{{.Description}} The same as data: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
<nav><ul>{{range .Groups}}<li><a href="#{{.Name}}">{{.Name}}</a></li>{{end}}<li><a href="#schemas">schemas</a></li></ul></nav>
{{range .Groups}}<h2 id="{{.Name}}">{{.Name}}</h2>
{{range .Operations}}<h3 id="{{.OperationID}}"><code>{{.Method}} {{.Path}}</code></h3>
<p>{{.Summary}}. <span class="who">{{.Description}}</span></p>
{{with .Parameters}}<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>
{{range .}}<tr><td><code>{{.Name}}</code></td><td>{{.In}}</td><td>{{kind .Schema}}</td><td>{{.Description}}{{if and .Schema (not .Description)}}{{.Schema.Description}}{{end}}</td></tr>{{end}}</table>{{end}}
{{with .RequestBody}}{{range $type, $media := .Content}}<p>Body, <code>{{$type}}</code>: {{kind $media.Schema}}</p>{{end}}{{end}}
<table><tr><th>answer</th><th></th></tr>{{range $status, $answer := .Responses}}<tr><td>{{$status}}</td><td>{{$answer.Description}}{{range $type, $media := $answer.Content}} <code>{{$type}}</code> {{kind $media.Schema}}{{end}}</td></tr>{{end}}</table>
{{end}}{{end}}
<h2 id="schemas">schemas</h2>
{{range .Schemas}}<h3 id="{{anchor .Name}}">{{.Name}}</h3><p>{{.Schema.Description}}</p>
<table><tr><th>member</th><th>type</th><th></th></tr>{{$schema := .Schema}}{{range .Members}}<tr><td><code>{{.Name}}</code>{{if .Required}} *{{end}}</td><td>{{kind .Schema}}</td><td>{{.Schema.Description}}</td></tr>{{end}}</table>
{{end}}<p>* always there, or required.</p></body></html>
`))

type docsData struct {
	Title, Version, Description string
	Groups                      []docsGroup
	Schemas                     []docsSchema
}

type docsGroup struct {
	Name       string
	Operations []*huma.Operation
}

type docsSchema struct {
	Name    string
	Schema  *huma.Schema
	Members []docsMember
}

type docsMember struct {
	Name     string
	Required bool
	Schema   *huma.Schema
}

// page renders the documentation.
func (a *api) page() []byte {
	doc := a.huma.OpenAPI()
	data := docsData{Title: doc.Info.Title, Version: doc.Info.Version, Description: doc.Info.Description}
	for _, tag := range doc.Tags {
		data.Groups = append(data.Groups, docsGroup{tag.Name, operationsOf(doc, tag.Name)})
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		data.Schemas = append(data.Schemas, docsSchema{name, schemas[name], membersOf(schemas[name])})
	}
	var b bytes.Buffer
	if err := docsPage.Execute(&b, data); err != nil {
		panic("documentation cannot be rendered: " + err.Error())
	}
	return b.Bytes()
}

func operationsOf(doc *huma.OpenAPI, tag string) (out []*huma.Operation) {
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil && slices.Contains(op.Tags, tag) {
				out = append(out, op)
			}
		}
	}
	return out
}

func membersOf(s *huma.Schema) (out []docsMember) {
	for name, member := range s.Properties {
		out = append(out, docsMember{name, slices.Contains(s.Required, name), member})
	}
	slices.SortFunc(out, func(a, b docsMember) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return out
}

func anchorOf(name string) string { return "schema-" + name }

// kindOf says the type of a schema in a few words, with a link when it has a name.
func kindOf(s *huma.Schema) template.HTML {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		name := template.HTMLEscapeString(s.Ref[strings.LastIndexByte(s.Ref, '/')+1:])
		return template.HTML(`<a href="#` + anchorOf(name) + `">` + name + `</a>`)
	case s.Type == huma.TypeArray:
		return "list of " + kindOf(s.Items)
	case len(s.Enum) > 0:
		return template.HTML(template.HTMLEscapeString(enumText(s.Enum)))
	case len(s.OneOf) > 0:
		return kindOf(s.OneOf[0]) + " or " + kindOf(s.OneOf[1])
	}
	return template.HTML(template.HTMLEscapeString(strings.TrimSpace(s.Type + " " + s.Format)))
}

func enumText(values []any) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		text, _ := v.(string)
		b.WriteString(text)
	}
	return b.String()
}

// spec is the OpenAPI document, with members in one order whatever the order of maps.
func (a *api) spec() []byte {
	b, err := a.huma.OpenAPI().MarshalJSON()
	if err != nil {
		panic("the OpenAPI document cannot be written: " + err.Error())
	}
	doc := jsontext.Value(b)
	if err := doc.Indent(jsontext.WithIndent("  ")); err != nil {
		panic("the OpenAPI document is no JSON: " + err.Error())
	}
	return append(doc, '\n')
}
