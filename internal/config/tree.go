package config

import (
	"strconv"
	"strings"

	"switchyard/internal/core/plan"
)

// node is a value of a document, whether it came as YAML or as JSON, with the place it stands at.
type node struct {
	kind      kind
	text      string // of a scalar, as written but for quotes and escapes
	members   []member
	items     []*node
	line, col int
}

// member is a key of a mapping with its value. Keys stand in the order of the document, and one that
// is given twice stands there twice.
type member struct {
	key       string
	line, col int
	value     *node
}

// kind is what a node is; its text is how messages call it.
type kind string

const (
	null    kind = "nothing"
	text    kind = "text"
	number  kind = "a number"
	boolean kind = "true or false"
	list    kind = "a list"
	mapping kind = "a mapping"
)

func (k kind) scalar() bool { return k == text || k == number || k == boolean }

// find returns the value of a key, or nil.
func (n *node) find(key string) *node {
	for i := range n.members {
		if n.members[i].key == key {
			return n.members[i].value
		}
	}
	return nil
}

// locate returns the place of what path addresses, as far as the document has it: the place of a
// key, or of an item of a list. Of something missing it is the place of what it is missing from.
func (n *node) locate(path string) (line, col int) {
	line, col = n.line, n.col
	for _, name := range plan.Members(path) {
		m, found := n.step(name)
		if !found {
			return line, col
		}
		line, col, n = m.line, m.col, m.value
	}
	return line, col
}

func (n *node) step(name string) (member, bool) {
	switch n.kind {
	case mapping:
		for _, m := range n.members {
			if m.key == name {
				return m, true
			}
		}
	case list:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.items) {
			item := n.items[i]
			return member{line: item.line, col: item.col, value: item}, true
		}
		for _, item := range n.items { // a list of names may stand for a mapping
			if item.text == name {
				return member{line: item.line, col: item.col, value: item}, true
			}
		}
	}
	return member{}, false
}

// at adds a member's name to a path, in the form plan.Members takes apart.
func at(path, name string) string {
	if !plainName(name) {
		return path + "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "']"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// nth adds an item's number to a path.
func nth(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func plainName(name string) bool {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	return name != "" && strings.Trim(name, plain) == ""
}
