package config

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
)

// binder fills an Account from a tree, following the Go types. It notes what does not belong and
// goes on, so that all problems of a document are told at once.
type binder struct {
	problems notes
	settings map[string][]string     // of each type of applet
	nouns    map[reflect.Type]string // of the structs of a document that is no account file
}

func bind(root *node) (*switchyard.Account, []Problem) {
	b := binder{settings: plan.AppletSettings()}
	doc := b.document(root)
	return doc, b.problems.all()
}

func (b *binder) document(root *node) *switchyard.Account {
	doc := new(switchyard.Account)
	b.value(reflect.ValueOf(doc).Elem(), root, "")
	return doc
}

func (b *binder) fault(n *node, path, format string, args ...any) {
	b.problems.add(Problem{Line: n.line, Column: n.col, Path: path, Text: fmt.Sprintf(format, args...)})
}

var (
	durationType = reflect.TypeFor[switchyard.Duration]()
	lengthType   = reflect.TypeFor[switchyard.Length]()
	secondsType  = reflect.TypeFor[switchyard.Seconds]()
	appletType   = reflect.TypeFor[switchyard.Applet]()
	ruleType     = reflect.TypeFor[switchyard.Rule]()
)

// value binds one value. Nothing (null) is the same as absent.
func (b *binder) value(v reflect.Value, n *node, path string) {
	if n.kind == null {
		return
	}
	switch {
	case v.Type() == durationType:
		b.duration(v, n, path)
	case v.Type() == lengthType:
		b.length(v.Addr().Interface().(*switchyard.Length), n, path)
	case v.Type() == secondsType:
		b.seconds(v.Addr().Interface().(*switchyard.Seconds), n, path)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		b.value(v.Elem(), n, path)
	case v.Kind() == reflect.Struct:
		b.object(v, n, path)
	case v.Type() == levelsType:
		b.levels(v, n, path)
	case v.Kind() == reflect.Map:
		b.table(v, n, path)
	case v.Type().Implements(seriesType) && n.kind != list:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		b.value(v.Index(0), n, path)
	case v.Kind() == reflect.Slice:
		b.list(v, n, path)
	default:
		b.scalar(v, n, path)
	}
}

func (b *binder) scalar(v reflect.Value, n *node, path string) {
	switch v.Kind() {
	case reflect.String:
		// Numbers and booleans are taken as the text they are written as: a display id of 5464, a
		// password of 123456, a data source of true.
		if b.is(n, path, "text", n.kind.scalar()) {
			v.SetString(n.text)
		}
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.text, 10, v.Type().Bits())
		if b.is(n, path, "a whole number", n.kind == number && err == nil) {
			v.SetInt(i)
		}
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.text, 64)
		finite := err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
		if b.is(n, path, "a number", n.kind == number && finite) {
			v.SetFloat(f)
		}
	case reflect.Bool:
		if b.is(n, path, "true or false", n.kind == boolean) {
			v.SetBool(strings.EqualFold(n.text, "true"))
		}
	default:
		panic("no way to read a " + v.Type().String())
	}
}

// is reports ok, and notes a wrong type when it is not. It tells what was found, never its value.
func (b *binder) is(n *node, path, wanted string, ok bool) bool {
	if !ok {
		found := string(n.kind)
		if n.kind == number {
			found = n.text
		}
		b.fault(n, path, "must be %s, not %s", wanted, found)
	}
	return ok
}

func (b *binder) duration(v reflect.Value, n *node, path string) {
	if !b.is(n, path, "a duration such as 20s, 1h30m, 35d or a number of seconds", n.kind == text || n.kind == number) {
		return
	}
	d, err := switchyard.ParseDuration(n.text)
	if err != nil {
		b.fault(n, path, "%s", err)
		return
	}
	v.SetInt(int64(d))
}

func (b *binder) list(v reflect.Value, n *node, path string) {
	if !b.is(n, path, "a list", n.kind == list) {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		if item.kind == null {
			b.fault(item, nth(path, i), "is empty; give a value or take the item away")
			continue
		}
		b.value(v.Index(i), item, nth(path, i))
	}
}

func (b *binder) table(v reflect.Value, n *node, path string) {
	if !b.is(n, path, "a mapping of names to values", n.kind == mapping) {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.members)))
	for _, m := range b.once(n, path) {
		item := reflect.New(v.Type().Elem()).Elem()
		b.value(item, m.value, at(path, m.key))
		v.SetMapIndex(reflect.ValueOf(m.key), item)
	}
}

// once returns the members of a mapping without those whose key was given before, which it notes.
func (b *binder) once(n *node, path string) []member {
	first := make(map[string]int, len(n.members))
	members := make([]member, 0, len(n.members))
	for _, m := range n.members {
		if line, twice := first[m.key]; twice {
			b.problems.add(Problem{Line: m.line, Column: m.col, Path: at(path, m.key),
				Text: fmt.Sprintf("given twice; the first stands on line %d", line)})
			continue
		}
		first[m.key] = m.line
		members = append(members, m)
	}
	return members
}

func (b *binder) object(v reflect.Value, n *node, path string) {
	noun := cmp.Or(nouns[v.Type()], b.nouns[v.Type()])
	if !b.is(n, path, "a mapping", n.kind == mapping) {
		return
	}
	allowed := memberNames(v.Type())
	if v.Type() == appletType {
		noun, allowed = b.applet(n, allowed)
	}
	for _, m := range b.once(n, path) {
		if !slices.Contains(allowed, m.key) {
			b.problems.addNear(Problem{Line: m.line, Column: m.col, Path: at(path, m.key),
				Text: "unknown key", Allowed: allowed, Of: noun}, m.key, allowed)
			continue
		}
		b.member(v, m, at(path, m.key))
	}
}

// applet returns what messages call an applet and which keys it takes, which depends on its type.
func (b *binder) applet(n *node, all []string) (noun string, allowed []string) {
	if t := n.find("type"); t != nil {
		if settings, known := b.settings[t.text]; known {
			return t.text, append([]string{"type"}, settings...)
		}
	}
	return "applet", all
}

// member binds a member of a struct. Some are written in more than one way.
func (b *binder) member(v reflect.Value, m member, path string) {
	field := fieldOf(v.Type(), m.key)
	target := v.FieldByIndex(field.Index)
	switch written[memberKey(v.Type(), m.key)] {
	case asLevels:
		b.levels(target, m.value, path)
	case asSwitches:
		b.switches(target, m.value, path)
	default:
		b.value(target, m.value, path)
	}
}

// defaultLevel is the level of a skill that an agent has without one (DESIGN.md §2).
const defaultLevel = 5

// levels binds the skills of an agent: a mapping of names to levels, nothing for a level meaning the
// default, or a list of names.
func (b *binder) levels(v reflect.Value, n *node, path string) {
	levels := map[string]int{}
	switch n.kind {
	case null:
		return
	case list:
		var skills []string
		b.list(reflect.ValueOf(&skills).Elem(), n, path)
		for _, name := range skills {
			levels[name] = defaultLevel
		}
	default:
		b.table(reflect.ValueOf(&levels).Elem(), n, path)
		for _, m := range n.members {
			if m.value.kind == null {
				levels[m.key] = defaultLevel
			} else if m.value.text == "0" {
				b.fault(m.value, at(path, m.key), "%s", levelRange)
			}
		}
	}
	v.Set(reflect.ValueOf(levels).Convert(v.Type()))
}

// switches binds permissions: 0 and 1, or booleans.
func (b *binder) switches(v reflect.Value, n *node, path string) {
	switches := mappingOf(n)
	for i, m := range n.members {
		value := *m.value
		switch {
		case value.kind == boolean && strings.EqualFold(value.text, "true"):
			value.kind, value.text = number, "1"
		case value.kind == boolean:
			value.kind, value.text = number, "0"
		case value.kind != number:
			b.is(&value, at(path, m.key), "0, 1, true or false", value.kind == null)
			value.kind = null
		}
		switches.members[i].value = &value
	}
	b.value(v, switches, path)
}

// mappingOf copies a node with its members, so that these can be replaced.
func mappingOf(n *node) *node {
	copied := *n
	copied.members = slices.Clone(n.members)
	return &copied
}

// length binds a length of time, which may be a text with $(..).
func (b *binder) length(l *switchyard.Length, n *node, path string) {
	if n.kind == text && switchyard.IsTemplate(n.text) {
		l.Text = n.text
		return
	}
	b.duration(reflect.ValueOf(&l.Fixed).Elem(), n, path)
}

// seconds binds a whole number of seconds, which may be written as a duration or as a text with $(..)
// as well.
func (b *binder) seconds(s *switchyard.Seconds, n *node, path string) {
	if n.kind != text {
		b.value(reflect.ValueOf(&s.Fixed).Elem(), n, path)
		return
	}
	if switchyard.IsTemplate(n.text) {
		s.Text = n.text
		return
	}
	var d switchyard.Duration
	before := b.problems.count
	b.duration(reflect.ValueOf(&d).Elem(), n, path)
	if d%switchyard.Second != 0 {
		b.fault(n, path, "must be whole seconds")
	}
	if b.problems.count == before {
		s.Fixed = int64(d / switchyard.Second)
	}
}
