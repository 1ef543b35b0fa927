package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// excerpt shows a line of a document with a mark below the column. Every value is left out, because
// any of them may be a password, also under a key that was misspelled: what is left are the keys
// and the punctuation, enough to find the place.
func excerpt(source []byte, line, column int) string {
	const longest = 100
	lines := bytes.SplitN(source, []byte("\n"), line+1)
	if line < 1 || line > len(lines) {
		return ""
	}
	shown, mark := outline(strings.TrimRight(string(lines[line-1]), "\r"), column-1)
	if utf8.RuneCountInString(shown) > longest {
		runes := []rune(shown)
		from := max(0, min(mark-longest/2, len(runes)-longest))
		shown, mark = string(runes[from:min(from+longest, len(runes))]), mark-from
	}
	number := fmt.Sprintf("%5d | ", line)
	return number + shown + "\n" + strings.Repeat(" ", len(number)-2) + "| " + strings.Repeat(" ", max(mark, 0)) + "^"
}

// outline replaces every value of a line by "…" and returns where column (from 0, in characters)
// went.
func outline(line string, column int) (shown string, mark int) {
	var b strings.Builder
	at, width := 0, 0
	mark = -1
	s := scanner{rest: line, keys: true}
	for s.rest != "" {
		piece, value := s.next()
		length := utf8.RuneCountInString(piece)
		if at+length > column && mark < 0 {
			mark = width
			if !value {
				mark += column - at
			}
		}
		at += length
		if value {
			piece, length = "…", 1
		}
		b.WriteString(piece)
		width += length
	}
	if mark < 0 {
		mark = width
	}
	return b.String(), mark
}

// scanner takes a line apart, whether it is YAML or JSON, well-formed or not. In doubt something is
// a value.
type scanner struct {
	rest string
	keys bool // a key may come next
	deep int  // brackets and braces open
}

// next cuts the next piece off: white space, a mark, a key, or a value.
func (s *scanner) next() (piece string, value bool) {
	switch c := s.rest[0]; c {
	case ' ', '\t':
		return s.cut(1), false
	case '{', '[':
		s.keys = true
		s.deep++
		return s.cut(1), false
	case '}', ']':
		s.deep--
		return s.cut(1), false
	case ',':
		s.keys = s.deep > 0 // elsewhere it may be part of a value
		return s.cut(1), false
	case ':':
		s.keys = false
		return s.cut(1), false
	}
	if s.keys && strings.HasPrefix(s.rest, "- ") {
		return s.cut(2), false
	}
	end := scalarEnd(s.rest)
	after := strings.TrimLeft(s.rest[end:], " ")
	isKey := s.keys && strings.HasPrefix(after, ":")
	s.keys = false
	return s.cut(end), !isKey
}

func (s *scanner) cut(n int) string {
	piece := s.rest[:n]
	s.rest = s.rest[n:]
	return piece
}

// scalarEnd finds where a plain or quoted scalar at the beginning of a line ends.
func scalarEnd(line string) int {
	if quote := line[0]; quote == '"' || quote == '\'' {
		for i := 1; i < len(line); i++ {
			switch {
			case line[i] == '\\' && quote == '"', strings.HasPrefix(line[i:], "''") && quote == '\'':
				i++
			case line[i] == quote:
				return i + 1
			}
		}
		return len(line)
	}
	for i := 1; i < len(line); i++ {
		if strings.IndexByte(",{}[]", line[i]) >= 0 ||
			line[i] == ':' && (i+1 == len(line) || line[i+1] == ' ') {
			return len(strings.TrimRight(line[:i], " "))
		}
	}
	return len(line)
}
