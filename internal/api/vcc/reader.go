package vcc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// maxDepth bounds how deep objects and arrays of a body may be nested.
const maxDepth = 64

// decoderOptions turn off jsontext's own check for duplicate names: ours folds case, so it finds
// every duplicate that one would, and more.
var decoderOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true))

// reader reads a body of the contract. It keeps the contract's rules about JSON in one place: names
// fold ASCII case, two names of one object that are equal after folding are refused anywhere in the
// body, null members are absent, unknown members are ignored, nesting is bounded. All errors it
// returns are refusals of the whole call with the place of the fault.
type reader struct {
	dec    jsontext.Decoder
	body   []byte
	input  bytes.Buffer
	unseal []byte // scratch for names and numbers written with escapes
	depth  int
}

func (r *reader) reset(body []byte) {
	r.body, r.depth = body, 0
	r.input = *bytes.NewBuffer(body)
	r.dec.Reset(&r.input, decoderOptions)
}

// names lists the members an object may have, in lower case. At most 32.
type names []string

// object is one object being read: what it may hold and what it held so far.
type object struct {
	known   names
	seen    uint32
	unknown foldedNames
}

// end is what next answers at the end of an object.
const end = -1

// members reads an object, calling read at the value of each known member that is not null.
func (r *reader) members(known names, read func(member int) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	o := object{known: known}
	for {
		member, err := r.next(&o)
		if err != nil || member == end {
			return err
		}
		if err := read(member); err != nil {
			return err
		}
	}
}

// peek tells the kind of the value, or the end, that comes next. It only guesses, at a third of the
// price of the decoder's own PeekKind: what is no valid JSON there, the read that follows refuses.
func (r *reader) peek() jsontext.Kind {
	start := r.start()
	if start == len(r.body) {
		return jsontext.KindInvalid
	}
	c := r.body[start]
	if c == '-' || '0' <= c && c <= '9' {
		return '0'
	}
	return jsontext.Kind(c)
}

// start is where the next token begins.
func (r *reader) start() int {
	at := int(r.dec.InputOffset())
	for at < len(r.body) {
		switch r.body[at] {
		case ' ', '\t', '\r', '\n', ',', ':':
			at++
		default:
			return at
		}
	}
	return at
}

// enter reads the start of an object or an array and counts the depth.
func (r *reader) enter() error {
	if r.depth++; r.depth > maxDepth {
		return r.refuse("objects and arrays are nested deeper than %d", maxDepth)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return r.syntax(err)
	}
	return nil
}

// leave reads the end of an object or an array.
func (r *reader) leave() error {
	r.depth--
	if _, err := r.dec.ReadToken(); err != nil {
		return r.syntax(err)
	}
	return nil
}

// next reads on to the value of the next known member that is not null, and answers its place in
// the object's names, or end. Everything else it passes over, checking it all the same.
func (r *reader) next(o *object) (int, error) {
	for {
		if r.peek() == '}' {
			return end, r.leave()
		}
		raw, err := r.scalar()
		if err != nil {
			return end, err
		}
		member, err := r.admit(o, r.unquote(raw))
		if err != nil {
			return end, err
		}
		if member >= 0 && r.peek() != 'n' {
			return member, nil
		}
		if err := r.skip(); err != nil {
			return end, err
		}
	}
}

// admit finds the name among the object's, -1 when it is unknown, and refuses one met before.
func (r *reader) admit(o *object, name []byte) (int, error) {
	for i, known := range o.known {
		if len(known) != len(name) || !equalFolded(known, name) {
			continue
		}
		if o.seen&(1<<i) != 0 {
			return end, r.twice(name)
		}
		o.seen |= 1 << i
		return i, nil
	}
	if !o.unknown.add(name) {
		return end, r.twice(name)
	}
	return -1, nil
}

// twice refuses a name that its object has already.
func (r *reader) twice(name []byte) error {
	return r.refuse("the member %q stands twice in one object; names that differ only by case are "+
		"the same member", name)
}

// skip passes over a value of any kind; names inside it are checked for duplicates too.
func (r *reader) skip() error {
	switch r.peek() {
	case '{':
		return r.members(nil, nil)
	case '[':
		if err := r.enter(); err != nil {
			return err
		}
		for r.peek() != ']' {
			if err := r.skip(); err != nil {
				return err
			}
		}
		return r.leave()
	}
	_, err := r.scalar()
	return err
}

// finish makes sure that nothing follows the value read.
func (r *reader) finish() error {
	_, err := r.dec.ReadToken()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return r.syntax(err)
	}
	return r.refuse("something follows the JSON value; send one value and nothing after it")
}

// scalar reads a string, number, true or false, and answers it as it is written in the body.
func (r *reader) scalar() (jsontext.Value, error) {
	start := r.start()
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, r.syntax(err)
	}
	return jsontext.Value(r.body[start:r.dec.InputOffset()]), nil
}

// unquote gives the text of a JSON string. The bytes are valid until the next one is unquoted.
func (r *reader) unquote(raw jsontext.Value) []byte {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	// The decoder has checked the string, so that it cannot fail to unquote.
	r.unseal, _ = jsontext.AppendUnquote(r.unseal[:0], raw)
	return r.unseal
}

// text reads a JSON string as a string of its own.
func (r *reader) text() (string, error) {
	raw, err := r.scalar()
	if err != nil {
		return "", err
	}
	return string(r.unquote(raw)), nil
}

// syntax turns an error of the decoder into a refusal that says what and where.
func (r *reader) syntax(err error) error {
	var fault *jsontext.SyntacticError
	if errors.As(err, &fault) {
		if errors.Is(fault.Err, io.ErrUnexpectedEOF) {
			return r.refuseAt(len(r.body), "the JSON ends before it is complete")
		}
		return r.refuseAt(int(fault.ByteOffset), "the body is not valid JSON: "+reason(fault))
	}
	if len(bytes.TrimLeft(r.body, " \t\r\n")) == 0 {
		return r.refuseAt(0, "the body is empty; send one JSON object")
	}
	return r.refuseAt(len(r.body), "the JSON ends before it is complete")
}

// reason is the decoder's own word for a fault, without its prefix and place.
func reason(fault *jsontext.SyntacticError) string {
	return strings.TrimPrefix(fault.Err.Error(), "jsontext: ")
}

// refuse makes the refusal of the whole call, with the place the reader has come to.
func (r *reader) refuse(format string, args ...any) error {
	return r.refuseAt(int(r.dec.InputOffset()), fmt.Sprintf(format, args...))
}

func (r *reader) refuseAt(offset int, detail string) error {
	before := r.body[:min(offset, len(r.body))]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return switchyard.Refuse(switchyard.Malformed, "%s (line %d, column %d)", detail, line, column)
}

// isValue reports whether a value of some kind may begin so.
func isValue(k jsontext.Kind) bool { return kindName(k) != "" }

// kindName names a kind of JSON value for people; what is none has no name.
func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	}
	return ""
}
