package config

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// parseJSON reads a JSON document (RFC 8259, nothing after it) into a tree. Names given twice are
// left in the tree, so that they are reported like those of a YAML document.
func parseJSON(source []byte) (*node, *Problem) {
	r := jsonReader{source: source, line: 1,
		dec: jsontext.NewDecoder(bytes.NewReader(source), jsontext.AllowDuplicateNames(true))}
	root, err := r.value()
	if err == nil {
		_, err = r.dec.ReadToken()
		if err == io.EOF {
			return root, nil
		}
		if err == nil {
			err = errors.New("something follows the document")
		}
	}
	return nil, r.fault(err)
}

type jsonReader struct {
	source []byte
	dec    *jsontext.Decoder
	offset int // up to here lines and columns are counted
	line   int
	column int // characters of the line before offset
}

// place returns the line and column of an offset; offsets only grow.
func (r *jsonReader) place(offset int) (line, col int) {
	for offset = min(offset, len(r.source)); r.offset < offset; r.offset++ {
		switch c := r.source[r.offset]; {
		case c == '\n':
			r.line++
			r.column = 0
		case utf8.RuneStart(c):
			r.column++
		}
	}
	return r.line, r.column + 1
}

// fault says where the text stops being JSON. The library's own message may quote the text, and so
// a credential; only its kind is passed on.
func (r *jsonReader) fault(err error) *Problem {
	p := &Problem{Text: "this is no JSON"}
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		p.Text += ": it ends too early"
		p.Line, p.Column = r.place(len(r.source))
	case ok:
		p.Line, p.Column = r.place(int(syntax.ByteOffset))
	default:
		p.Text += ": " + err.Error()
		p.Line, p.Column = r.place(int(r.dec.InputOffset()))
	}
	return p
}

// next reads a token and tells where it began.
func (r *jsonReader) next() (tok jsontext.Token, line, col int, err error) {
	offset := int(r.dec.InputOffset())
	for offset < len(r.source) && strings.IndexByte(" \t\r\n,:", r.source[offset]) >= 0 {
		offset++
	}
	tok, err = r.dec.ReadToken()
	if err == nil {
		line, col = r.place(offset)
	}
	return tok, line, col, err
}

func (r *jsonReader) value() (*node, error) {
	tok, line, col, err := r.next()
	if err != nil {
		return nil, err
	}
	n := &node{line: line, col: col}
	switch tok.Kind() {
	case 'n':
		n.kind = null
	case 't', 'f':
		n.kind, n.text = boolean, tok.String()
	case '0':
		n.kind, n.text = number, tok.String()
	case '"':
		n.kind, n.text = text, tok.String()
	case '[':
		n.kind = list
		err = r.items(n)
	default:
		n.kind = mapping
		err = r.members(n)
	}
	return n, err
}

func (r *jsonReader) items(n *node) error {
	for r.dec.PeekKind() != ']' {
		item, err := r.value()
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := r.dec.ReadToken()
	return err
}

func (r *jsonReader) members(n *node) error {
	for r.dec.PeekKind() != '}' {
		tok, line, col, err := r.next()
		if err != nil {
			return err
		}
		m := member{key: tok.String(), line: line, col: col}
		if m.value, err = r.value(); err != nil {
			return err
		}
		n.members = append(n.members, m)
	}
	_, err := r.dec.ReadToken()
	return err
}
