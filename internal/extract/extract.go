// Package extract reads parts of an HTTP answer: by JSONPath (RFC 9535) of a JSON body, by XPath 1.0
// of an XML body, the status, a header, or the body as it is. What an answer may cost is bounded,
// because others write it: its depth, its number of parts, and what a path may do with them.
//
// It imports the standard library and libraries for JSONPath, XPath and charsets; nothing of the
// house.
package extract

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html/charset"
	"golang.org/x/net/http/httpguts"
)

// Answer is what is read from.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Bounds of answers and of paths into them.
const (
	maxDepth    = 200
	maxParts    = 200_000 // values of a JSON document
	maxElements = 50_000  // of an XML document
	maxPath     = 500     // bytes of a path
	maxDescents = 2       // steps of a path that look at everything below
)

// wanted is something to be read, as it is written in a plan.
type wanted interface {
	from(*source) (string, error)
}

// Check tells what is wrong with a text that says what to read; it is one that plan.IsResult takes.
func Check(text string) error {
	_, err := parse(text)
	return err
}

// Read reads every value of the table: name → what to read. What is not there is the empty text.
// What cannot be read is missing among the values, and the error tells of the first by name.
func Read(table map[string]string, a Answer) (values map[string]string, err error) {
	s := &source{Answer: a}
	values = make(map[string]string, len(table))
	for _, name := range slices.Sorted(maps.Keys(table)) {
		value, failed := read(table[name], s)
		if failed == nil {
			values[name] = strings.ToValidUTF8(value, "\ufffd")
		} else if err == nil {
			err = fmt.Errorf("data source %s: %w", name, failed)
		}
	}
	return values, err
}

func read(text string, s *source) (value string, err error) {
	// Libraries panic at some expressions that only an answer shows to be wrong.
	defer func() {
		if p := recover(); p != nil {
			value, err = "", fmt.Errorf("%s does not fit this answer: %v", text, p)
		}
	}()
	w, err := parse(text)
	if err != nil {
		return "", err
	}
	return w.from(s)
}

func parse(text string) (w wanted, err error) {
	defer func() {
		if p := recover(); p != nil {
			w, err = nil, fmt.Errorf("%s is no XPath: %v", text, p)
		}
	}()
	header, isHeader := strings.CutPrefix(text, "header:")
	switch {
	case len(text) > maxPath:
		return nil, fmt.Errorf("is longer than %d bytes", maxPath)
	case text == "status":
		return status{}, nil
	case text == "body":
		return body{}, nil
	case isHeader && httpguts.ValidHeaderFieldName(header):
		return field(header), nil
	case isHeader:
		return nil, fmt.Errorf("%q is no name of an HTTP header", header)
	case strings.HasPrefix(text, "$"):
		return parseJSONPath(text)
	}
	return parseXPath(strings.TrimPrefix(text, "xpath:"))
}

type status struct{}

func (status) from(s *source) (string, error) { return strconv.Itoa(s.Status), nil }

type field string

func (f field) from(s *source) (string, error) {
	return strings.Join(s.Header.Values(string(f)), ", "), nil
}

type body struct{}

func (body) from(s *source) (string, error) { return s.text() }

// source is an answer that is taken apart once for all that is read of it.
type source struct {
	Answer
	json *document[any]
	xml  *document[*xmlNode]
}

// document is a body taken apart, or why that is impossible.
type document[T any] struct {
	root T
	err  error
}

// text is the body as UTF-8.
func (s *source) text() (string, error) {
	r, err := charset.NewReader(bytes.NewReader(s.Body), declared(s.Header))
	if err != nil {
		return "", fmt.Errorf("the answer's charset is not known: %w", err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		return "", fmt.Errorf("the answer is not in the charset it says: %w", err)
	}
	return out.String(), nil
}

// declared is the content type that says in which charset the body is; without one it is UTF-8.
func declared(h http.Header) string {
	if kind := h.Get("Content-Type"); strings.Contains(strings.ToLower(kind), "charset=") {
		return kind
	}
	return "text/plain; charset=utf-8"
}

var errDeep = fmt.Errorf("the answer is nested more than %d deep", maxDepth)

var errEmpty = errors.New("the answer has no body")
