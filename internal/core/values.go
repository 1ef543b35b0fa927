package core

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
)

// linkedData is the linkeddata of an interaction, packed into one string: a waiting interaction
// reads it seldom and there may be a million of them. Each entry is five texts, each with its
// length before it.
type linkedData string

func packLinked(list []switchyard.Linked) linkedData {
	if len(list) == 0 {
		return ""
	}
	size := 0
	for _, l := range list {
		size += len(l.Type) + len(l.Label) + len(l.Owner) + len(l.Key) + len(l.Value) + 10
	}
	b := make([]byte, 0, size)
	for _, l := range list {
		for _, text := range [...]string{l.Type, l.Label, l.Owner, l.Key, l.Value} {
			b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
		}
	}
	return linkedData(b)
}

// each calls f with every entry, in order, until it returns false.
func (d linkedData) each(f func(switchyard.Linked) bool) {
	rest := string(d)
	next := func() string {
		n, w := uvarint(rest)
		text := rest[w : w+int(n)]
		rest = rest[w+int(n):]
		return text
	}
	for len(rest) > 0 {
		l := switchyard.Linked{Type: next(), Label: next(), Owner: next(), Key: next(), Value: next()}
		if !f(l) {
			return
		}
	}
}

// uvarint is binary.Uvarint on a string.
func uvarint(s string) (v uint64, width int) {
	for shift := 0; ; shift += 7 {
		b := s[width]
		width++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v, width
		}
	}
}

// list unpacks everything.
func (d linkedData) list() []switchyard.Linked {
	n := 0
	d.each(func(switchyard.Linked) bool {
		n++
		return true
	})
	if n == 0 {
		return nil
	}
	out := make([]switchyard.Linked, 0, n)
	d.each(func(l switchyard.Linked) bool {
		out = append(out, l)
		return true
	})
	return out
}

// impersonal is what of the linkeddata names nobody.
func (d linkedData) impersonal() linkedData {
	return packLinked(slices.DeleteFunc(d.list(), func(l switchyard.Linked) bool { return l.Type != "mediatype" }))
}

// last returns the value of the last entry of a type, or otherwise.
func (d linkedData) last(kind, otherwise string) string {
	value := otherwise
	d.each(func(l switchyard.Linked) bool {
		if l.Type == kind {
			value = l.Value
		}
		return true
	})
	return value
}

// The built-in data sources that have a value of their own, by CaseKey. Nothing may be stored under
// these names. Language has the value that its route or plan gives it.
var builtins = map[string]func(s *State, i *interaction) string{
	"callguid":      func(_ *State, i *interaction) string { return i.ID.String() },
	"clid":          func(_ *State, i *interaction) string { return i.linked.last("clid", "") },
	"displayname":   func(_ *State, i *interaction) string { return i.linked.last("name", "") },
	"diallednumber": func(_ *State, i *interaction) string { return i.route.Name },
	"firstagentid": func(s *State, i *interaction) string {
		if i.rare == nil || i.rare.firstAgent == "" {
			return ""
		}
		if a := s.agentNamed(i.rare.firstAgent); a != nil {
			return a.displayID()
		}
		return i.rare.firstAgent
	},
	"interactionoutcome": func(_ *State, i *interaction) string {
		if i.rare == nil {
			return ""
		}
		return i.rare.outcome
	},
	"interactionstarttime": func(_ *State, i *interaction) string { return i.created.String() },
	"queuetime": func(s *State, i *interaction) string {
		return strconv.FormatInt(int64(s.waited(i)/switchyard.Second), 10)
	},
}

var language = switchyard.CaseKey(plan.Language)

// isBuiltIn reports whether a data source of this name is built in: no property may replace it
// (RULINGS 36).
func isBuiltIn(name string) bool {
	key := switchyard.CaseKey(name)
	return builtins[key] != nil || key == language
}

// waited is the time from the first entry into a queue to the first answer, to the end, or to now.
func (s *State) waited(i *interaction) switchyard.Duration {
	switch {
	case i.Since == 0:
		return 0
	case i.rare != nil && i.rare.answered != 0:
		return i.rare.answered.Sub(i.Since)
	case i.rare != nil && i.rare.ended != 0:
		return i.rare.ended.Sub(i.Since)
	}
	return s.now.Sub(i.Since)
}

// sources reads the data sources of an interaction for templates: built-ins, what plans set, the
// properties it came with, then what its route presets.
type sources struct {
	s      *State
	i      *interaction
	preset bool // a preset is being read: others in it are taken as they are written
}

// Value implements plan.Env.
func (e sources) Value(name string) (string, bool) {
	key := switchyard.CaseKey(name)
	if builtin := builtins[key]; builtin != nil {
		return builtin(e.s, e.i), true
	}
	if v, ok := e.i.values[key]; ok {
		return v, true
	}
	if v, ok := e.i.property(name); ok {
		return v, true
	}
	preset, ok := e.i.route.presets[key]
	if ok && !e.preset && strings.Contains(preset, "$(") {
		preset, _ = plan.Expand(preset, sources{e.s, e.i, true})
	}
	return preset, ok
}

// property returns the last interactionproperty of a name, without case.
func (i *interaction) property(name string) (value string, ok bool) {
	i.linked.each(func(l switchyard.Linked) bool {
		if l.Type == "interactionproperty" && strings.EqualFold(l.Key, name) {
			value, ok = l.Value, true
		}
		return true
	})
	return value, ok
}

// sourcesSize is how many bytes all data sources of an interaction take, were values set too.
func (i *interaction) sourcesSize(values map[string]string) int {
	size := len(i.linked)
	for k, v := range i.values {
		size += len(k) + len(v)
	}
	for name, v := range values {
		key := switchyard.CaseKey(name)
		size += len(key) + len(v)
		if before, replaced := i.values[key]; replaced {
			size -= len(key) + len(before)
		}
	}
	return size
}
