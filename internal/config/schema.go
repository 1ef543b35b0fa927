package config

import (
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/core/plan"
)

// SchemaID names the JSON Schema of the account file. It is a name only: nothing is fetched from it.
const SchemaID = "urn:switchyard:account-file"

// schema is a part of a JSON Schema (2020-12).
type schema map[string]any

// Schema returns the JSON Schema of the account file, for editors. It is made from the Go types and
// what plans know of applets; docs/reference/account.schema.json is its copy.
func Schema() []byte {
	g := generator{abouts: abouts(), defs: map[string]any{}}
	root := g.object(reflect.TypeFor[switchyard.Account](), nil, nil)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "Switchyard account file"
	root["$defs"] = g.defs
	text, err := json.Marshal(root, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

type generator struct {
	abouts map[string]about
	defs   map[string]any
}

// object describes a struct: its members (only those named, if any are), and which it needs.
func (g *generator) object(t reflect.Type, only, alsoNeeds []string) schema {
	members, required := schema{}, slices.Clone(alsoNeeds)
	for f := range t.Fields() {
		name := keyOf(f)
		if only != nil && !slices.Contains(only, name) {
			continue
		}
		a := g.abouts[memberKey(t, name)]
		members[name] = g.member(f.Type, a, written[memberKey(t, name)])
		if a.required && !slices.Contains(required, name) {
			required = append(required, name)
		}
	}
	s := schema{"type": "object", "properties": members, "additionalProperties": false}
	if len(required) > 0 {
		slices.Sort(required)
		s["required"] = required
	}
	return s
}

func (g *generator) member(t reflect.Type, a about, m manner) schema {
	s := g.shape(t, a, m)
	s["description"] = a.text
	if a.otherwise != "" {
		s["description"] = a.text + " Default: " + a.otherwise + "."
	}
	return s
}

func (g *generator) shape(t reflect.Type, a about, m manner) schema {
	switch m {
	case asLevels:
		level := schema{"type": []string{"integer", "null"}, "minimum": 1, "maximum": 10}
		return schema{"anyOf": []schema{{"type": "object", "additionalProperties": level},
			{"type": "array", "items": schema{"type": "string"}}}}
	case asSwitches:
		operations, values := schema{}, schema{"enum": []any{0, 1, false, true}}
		for _, name := range a.choices {
			operations[name] = values
		}
		// Operations are read in any case, so other spellings are left to the checker.
		return schema{"type": "object", "properties": operations, "additionalProperties": values}
	case asID:
		return schema{"type": []string{"string", "number"}}
	}
	return g.plain(t, a)
}

// plain describes a value that is written as its Go type says.
func (g *generator) plain(t reflect.Type, a about) schema {
	if t == durationType {
		return schema{"anyOf": []schema{durationText(), {"type": "number", "minimum": 0}}}
	}
	switch t {
	case lengthType:
		return schema{"anyOf": []schema{durationText(), {"type": "number", "minimum": 0}, templateText()}}
	case secondsType:
		return schema{"anyOf": []schema{{"type": "integer", "minimum": a.least, "maximum": a.most}, durationText(), templateText()}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.plain(t.Elem(), a)
	case reflect.Struct:
		return g.reference(t)
	case reflect.Slice:
		return schema{"type": "array", "items": g.plain(t.Elem(), a)}
	case reflect.Map:
		values := g.plain(t.Elem(), a)
		if t.Elem().Kind() == reflect.String {
			values = schema{"type": []string{"string", "number", "boolean", "null"}}
		}
		return schema{"type": "object", "additionalProperties": values}
	case reflect.String:
		if len(a.choices) > 0 {
			return schema{"enum": a.choices}
		}
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float64:
		return schema{"type": "number", "exclusiveMinimum": 0}
	}
	s := schema{"type": "integer", "minimum": a.least}
	if a.most > 0 {
		s["maximum"] = a.most
	}
	return s
}

func durationText() schema {
	return schema{"type": "string", "pattern": `^([0-9]+d|[0-9]+(\.[0-9]+)?|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`}
}

// templateText is a text that reads data sources.
func templateText() schema { return schema{"type": "string", "pattern": `\$\(.*\)`} }

// reference describes a struct once and refers to it.
func (g *generator) reference(t reflect.Type) schema {
	name := nouns[t]
	if _, done := g.defs[name]; !done {
		g.defs[name] = schema{} // a struct may hold itself
		switch t {
		case appletType:
			g.defs[name] = g.applets()
		case ruleType:
			g.defs[name] = schema{"oneOf": []schema{
				g.object(t, []string{"source", "operator", "value", "next"}, []string{"source", "operator"}),
				g.object(t, []string{"when", "next"}, []string{"when"}),
			}}
		default:
			g.defs[name] = g.object(t, nil, nil)
		}
	}
	return schema{"$ref": "#/$defs/" + name}
}

// applets describes an applet: one shape for each type.
func (g *generator) applets() schema {
	var shapes []schema
	settings, required, exits := plan.AppletSettings(), plan.Required(), plan.Exits()
	for _, name := range plan.Types() {
		shape := g.object(appletType, append([]string{"type"}, settings[name]...), required[name])
		members := shape["properties"].(schema)
		members["type"] = schema{"const": name, "description": g.abouts["applet.type"].text}
		if on, ok := members["on"].(schema); ok {
			ways := schema{}
			for _, exit := range exits[name] {
				if exit != plan.ExitNext {
					ways[exit] = schema{"type": []string{"string", "null"}}
				}
			}
			on["properties"], on["additionalProperties"] = ways, false
		}
		shape["title"] = name
		shapes = append(shapes, shape)
	}
	return schema{"oneOf": shapes}
}
