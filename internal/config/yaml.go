package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxNodes bounds what aliases may multiply a document to.
const maxNodes = 2_000_000

// parseYAML reads a YAML document into a tree.
func parseYAML(source []byte) (*node, *Problem) {
	file, err := parser.ParseBytes(source, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, yamlProblem(err)
	}
	var docs []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			docs = append(docs, doc.Body)
		}
	}
	switch len(docs) {
	case 0:
		return nil, &Problem{Line: 1, Column: 1, Text: "the document is empty; it begins with `account: …`"}
	case 1:
		r := yamlReader{anchors: map[string]*node{}}
		return r.read(docs[0]), r.problem
	}
	second := (&yamlReader{anchors: map[string]*node{}}).read(docs[1])
	return nil, &Problem{Line: second.line, Column: second.col, Text: "a second document begins here; a file holds one document"}
}

func yamlProblem(err error) *Problem {
	p := Problem{Line: 1, Column: 1, Text: "this is no YAML"}
	if e, ok := errors.AsType[yaml.Error](err); ok {
		p = placed(e.GetToken(), "this is no YAML: "+e.GetMessage())
	}
	return &p
}

func placed(tk *token.Token, text string) Problem {
	p := Problem{Line: 1, Column: 1, Text: text}
	if tk != nil && tk.Position != nil {
		p.Line, p.Column = tk.Position.Line, tk.Position.Column
	}
	return p
}

// yamlReader turns the nodes of the YAML library into ours, following aliases and merge keys. It
// keeps the first problem; there is nothing sensible to read after it.
type yamlReader struct {
	anchors map[string]*node
	nodes   int
	problem *Problem
}

func (r *yamlReader) fail(n ast.Node, text string) *node {
	if r.problem == nil {
		p := placed(n.GetToken(), text)
		r.problem = &p
	}
	return &node{kind: null}
}

func (r *yamlReader) read(n ast.Node) *node {
	if r.problem != nil || n == nil {
		return &node{kind: null}
	}
	if r.nodes++; r.nodes > maxNodes {
		return r.fail(n, "the document has too many values")
	}
	out := &node{kind: text}
	if tk := n.GetToken(); tk != nil {
		out.line, out.col, out.text = tk.Position.Line, tk.Position.Column, tk.Value
	}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = null
	case *ast.StringNode:
		out.text = n.Value
	case *ast.LiteralNode:
		out.text = n.Value.Value
	case *ast.BoolNode:
		out.kind = boolean
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind = number
	case *ast.MappingNode:
		r.mapping(out, n.Values)
	case *ast.MappingValueNode:
		r.mapping(out, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out.kind = list
		for _, item := range n.Values {
			out.items = append(out.items, r.read(item))
		}
	case *ast.AnchorNode:
		value := r.read(n.Value)
		r.anchors[n.Name.GetToken().Value] = value
		return value
	case *ast.AliasNode:
		return r.alias(n, out)
	case *ast.TagNode:
		return r.fail(n, "YAML tags such as "+n.Start.Value+" are not used here; write the value without it")
	default:
		return r.fail(n, "this kind of YAML is not used here")
	}
	return out
}

// alias returns what the anchor stands for, at the place of the alias.
func (r *yamlReader) alias(n *ast.AliasNode, out *node) *node {
	name := n.Value.GetToken().Value
	target, ok := r.anchors[name]
	if !ok {
		return r.fail(n, fmt.Sprintf("alias *%s comes before, or without, its anchor &%[1]s", name))
	}
	if r.nodes += target.size(); r.nodes > maxNodes {
		return r.fail(n, "the aliases of the document multiply it to too many values")
	}
	moved := *target
	moved.line, moved.col = out.line, out.col
	return &moved
}

func (n *node) size() int {
	size := 1 + len(n.members)
	for _, m := range n.members {
		size += m.value.size()
	}
	for _, item := range n.items {
		size += item.size()
	}
	return size
}

func (r *yamlReader) mapping(out *node, values []*ast.MappingValueNode) {
	out.kind, out.text = mapping, ""
	var merged []member
	for i, v := range values {
		tk := v.Key.GetToken()
		if i == 0 {
			out.line, out.col = tk.Position.Line, tk.Position.Column
		}
		if v.Key.IsMergeKey() {
			merged = append(merged, r.merge(v.Value)...)
			continue
		}
		key := r.key(v.Key)
		value := r.read(v.Value)
		out.members = append(out.members, member{key, tk.Position.Line, tk.Position.Column, value})
	}
	for _, m := range merged { // what a mapping says itself wins over what it merges in
		if out.find(m.key) == nil {
			out.members = append(out.members, m)
		}
	}
}

func (r *yamlReader) key(n ast.MapKeyNode) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return n.GetToken().Value
	case *ast.InfinityNode, *ast.NanNode:
		return strings.TrimSpace(n.GetToken().Value)
	}
	r.fail(n, "a key must be plain or quoted text")
	return ""
}

// merge returns what a merge key (`<<: *base`) brings in: the members of a mapping or of several.
func (r *yamlReader) merge(value ast.Node) []member {
	n := r.read(value)
	switch n.kind {
	case mapping:
		return n.members
	case list:
		var members []member
		for _, item := range n.items {
			members = append(members, item.members...)
		}
		return members
	}
	r.fail(value, "`<<` takes a mapping, such as *base, or a list of mappings")
	return nil
}
