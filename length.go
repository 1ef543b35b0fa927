package switchyard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Length is a length of time in an applet: a Duration, or a text with $(..) that gives one when it is
// used. In documents the first is written as a Duration is.
type Length struct {
	Fixed Duration
	Text  string // "" = Fixed
}

// MarshalJSON writes a JSON string.
func (l Length) MarshalJSON() ([]byte, error) {
	if l.Text == "" {
		return l.Fixed.MarshalJSON()
	}
	return quote(l.Text)
}

// UnmarshalJSON accepts what a Duration accepts, or a JSON string with $(..).
func (l *Length) UnmarshalJSON(b []byte) error {
	text, err := templateOf(b)
	if err == nil && text == "" {
		*l = Length{}
		return l.Fixed.UnmarshalJSON(b)
	}
	*l = Length{Text: text}
	return err
}

// Seconds is a whole number of seconds in an applet, or a text with $(..) that gives one, or a
// Duration, when it is used. In documents the first is a number.
type Seconds struct {
	Fixed int64
	Text  string // "" = Fixed
}

// MarshalJSON writes a JSON number, or a JSON string.
func (s Seconds) MarshalJSON() ([]byte, error) {
	if s.Text == "" {
		return strconv.AppendInt(nil, s.Fixed, 10), nil
	}
	return quote(s.Text)
}

// UnmarshalJSON accepts a JSON number, or a JSON string with $(..).
func (s *Seconds) UnmarshalJSON(b []byte) error {
	text, err := templateOf(b)
	if err == nil && text == "" {
		*s = Seconds{}
		return json.Unmarshal(b, &s.Fixed)
	}
	*s = Seconds{Text: text}
	return err
}

// templateOf returns the text of a JSON string with $(..), or "".
func templateOf(b []byte) (text string, err error) {
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '"' {
		return "", nil
	}
	if err := json.Unmarshal(b, &text); err != nil {
		return "", err
	}
	if !IsTemplate(text) {
		return "", nil
	}
	return text, nil
}

func quote(text string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(text)
	return bytes.TrimSpace(b.Bytes()), err
}

// IsTemplate reports whether a text holds $(..), so that its value is known only when it is used.
func IsTemplate(text string) bool {
	_, after, found := strings.Cut(text, "$(")
	return found && strings.Contains(after, ")")
}

// ParseSeconds reads a number of seconds or a duration; only whole seconds up to MaxTimeoutSeconds
// are taken.
func ParseSeconds(text string) (int64, error) {
	d, err := ParseDuration(text)
	switch {
	case err != nil:
		return 0, err
	case d%Second != 0 || d > MaxTimeoutSeconds*Second:
		return 0, fmt.Errorf("%q is not whole seconds from 0 to %d", text, MaxTimeoutSeconds)
	}
	return int64(d / Second), nil
}
