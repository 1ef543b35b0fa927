package config

import (
	"reflect"
)

// Sheet is a document of any kind as it was read: where what stands in it.
type Sheet struct {
	Name string

	root   *node
	source []byte
}

// Series is one value, or a list of them: `20` or `[20, 30]`.
type Series[T any] []T

// Levels are skills with their levels, written as an agent's: a mapping of names to levels, or a list of
// names.
type Levels map[string]int

// series is what every Series is.
type series interface{ series() }

func (Series[T]) series() {}

var (
	seriesType = reflect.TypeFor[series]()
	levelsType = reflect.TypeFor[Levels]()
)

// ReadInto reads a YAML document that is no account file by the rules of one: into is a pointer to a
// struct whose members have json tags, nouns what messages call the structs of it. Faults of form are told
// all at once; with any of them Sheet is nil.
func ReadInto(name string, source []byte, into any, nouns map[reflect.Type]string) (*Sheet, []Problem) {
	s := &Sheet{Name: name, source: source}
	problem := unreadable(source)
	if problem == nil {
		s.root, problem = parseYAML(source)
	}
	if problem != nil {
		return nil, s.place([]Problem{*problem})
	}
	b := binder{nouns: nouns}
	b.value(reflect.ValueOf(into).Elem(), s.root, "")
	if problems := b.problems.all(); len(problems) > 0 {
		return nil, s.place(problems)
	}
	return s, nil
}

// Locate returns the line and column of what a path addresses, as far as the document has it.
func (s *Sheet) Locate(path string) (line, column int) { return s.root.locate(path) }

// Place tells where in the document each problem is, by its path, and puts them in order.
func (s *Sheet) Place(problems []Problem) []Problem {
	for i := range problems {
		problems[i].Line, problems[i].Column = s.Locate(problems[i].Path)
	}
	return s.place(problems)
}

// place adds the document's name and excerpts to problems and puts them in order.
func (s *Sheet) place(problems []Problem) []Problem {
	for i := range problems {
		problems[i].File = s.Name
		problems[i].Excerpt = excerpt(s.source, problems[i].Line, problems[i].Column)
	}
	return inOrder(problems)
}

// Nearest returns the option that name is probably a slip of, or "".
func Nearest(name string, options []string) string { return nearest(name, options) }

// At adds a member's name to a path.
func At(path, name string) string { return at(path, name) }

// Nth adds an item's number to a path.
func Nth(path string, i int) string { return nth(path, i) }
