package config

import (
	"fmt"
	"unicode/utf8"

	"switchyard"
)

// File is a document as it was read: what it says, and where it says it.
type File struct {
	Sheet
	Document *switchyard.Account
}

// Read reads an account file. Faults of form are told all at once, in the order of the file:
// unknown keys, keys given twice, wrong types. With any of them, File is nil.
func Read(name string, source []byte) (*File, []Problem) { return read(name, source, parseYAML) }

// ReadJSON reads an account document from JSON, as PUT /v1/config carries it, by the same rules.
func ReadJSON(source []byte) (*File, []Problem) { return read("", source, parseJSON) }

func read(name string, source []byte, parse func([]byte) (*node, *Problem)) (*File, []Problem) {
	f := &File{Sheet: Sheet{Name: name, source: source}}
	if p := unreadable(source); p != nil {
		return nil, f.place([]Problem{*p})
	}
	root, problem := parse(source)
	if problem != nil {
		return nil, f.place([]Problem{*problem})
	}
	doc, problems := bind(root)
	if len(problems) > 0 {
		return nil, f.place(problems)
	}
	f.root, f.Document = root, clone(doc) // a copy has what is empty absent
	return f, nil
}

func unreadable(source []byte) *Problem {
	if len(source) > switchyard.MaxConfigBytes {
		return &Problem{Text: fmt.Sprintf("the document has %d bytes; at most %d are allowed", len(source), switchyard.MaxConfigBytes)}
	}
	for offset := 0; offset < len(source); {
		r, size := utf8.DecodeRune(source[offset:])
		if r == utf8.RuneError && size == 1 {
			pos := jsonReader{source: source, line: 1}
			line, col := pos.place(offset)
			return &Problem{Line: line, Column: col, Text: "this is no UTF-8 text; save the file as UTF-8"}
		}
		offset += size
	}
	return nil
}

// Check checks what the document means (see Check) and tells where in the file each problem is.
func (f *File) Check(rules Rules) []Problem {
	return f.Place(rules.Check(f.Document))
}
