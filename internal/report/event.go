package report

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

var errNoEvents = errors.New(`this is no array of events as the journal writes them: {"type","interaction","agent"?,"data"}`)

// eachEvent calls f with the type, agent and data of every event in an array. It goes by how our own
// encoder writes events, because most of a timeline's bytes are reasons and exchanges, which nobody
// reads here: they are stepped over and not decoded.
func eachEvent(events []byte, f func(kind, agent string, data []byte) error) error {
	rest, ok := bytes.CutPrefix(events, []byte("["))
	for ok && len(rest) > 0 && rest[0] == '{' {
		end := endOf(rest)
		if end < 0 {
			return errNoEvents
		}
		kind, agent, data, err := members(rest[1:end])
		if err != nil {
			return err
		}
		if err := f(kind, agent, data); err != nil {
			return err
		}
		if rest = rest[end+1:]; len(rest) > 0 && rest[0] == ',' {
			rest = rest[1:]
		}
	}
	if !ok || !bytes.Equal(rest, []byte("]")) {
		return errNoEvents
	}
	return nil
}

// endOf is the place of the brace that closes the object b begins with; -1 when there is none.
func endOf(b []byte) int {
	depth := 0
	for n := 0; n < len(b); n++ {
		switch b[n] {
		case '"':
			length := textLength(b[n:])
			if length < 0 {
				return -1
			}
			n += length - 1
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return n
			}
		}
	}
	return -1
}

// textLength is how long the JSON string is that b begins with; -1 when it does not end.
func textLength(b []byte) int {
	for n := 1; n < len(b); n++ {
		quote := bytes.IndexByte(b[n:], '"')
		if quote < 0 {
			return -1
		}
		n += quote
		escapes := 0
		for b[n-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return n + 1
		}
	}
	return -1
}

// members reads an event's members, of which data is the last.
func members(b []byte) (kind, agent string, data []byte, err error) {
	for {
		name, rest, ok := cutText(b)
		if !ok || len(rest) == 0 || rest[0] != ':' {
			return "", "", nil, errNoEvents
		}
		rest = rest[1:]
		if string(name) == `"data"` {
			return kind, agent, rest, nil
		}
		value, rest, ok := cutText(rest)
		if !ok || len(rest) == 0 || rest[0] != ',' {
			return "", "", nil, errNoEvents
		}
		switch string(name) {
		case `"type"`:
			kind, err = known(value)
		case `"agent"`:
			agent, err = plain(value)
		}
		if err != nil {
			return "", "", nil, err
		}
		b = rest[1:]
	}
}

// cutText cuts the JSON string off that b begins with.
func cutText(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	length := textLength(b)
	if length < 0 {
		return nil, nil, false
	}
	return b[:length], b[length:], true
}

// known makes no new text of the type of an event that counts.
func known(quoted []byte) (string, error) {
	text := quoted[1 : len(quoted)-1]
	if _, counts := follows[string(text)]; !counts {
		return "", nil
	}
	return string(text), nil
}

func plain(quoted []byte) (string, error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	return string(text), err
}
