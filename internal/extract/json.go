package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/theory/jsonpath"
)

// jsonPath is a query of RFC 9535.
type jsonPath struct {
	path *jsonpath.Path
	// unordered says that the query goes through the members of objects, which have no order: what it
	// finds is put in the order of its places.
	unordered bool
}

func parseJSONPath(text string) (wanted, error) {
	path, err := jsonpath.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s is no JSONPath: %s", text, strings.TrimPrefix(err.Error(), "jsonpath: "))
	}
	bare := unquoted(text)
	if strings.Count(bare, "..") > maxDescents {
		return nil, fmt.Errorf("%s looks at everything below (..) more than %d times", text, maxDescents)
	}
	if _, filter, found := strings.Cut(bare, "?"); found {
		if _, root, found := strings.Cut(filter, "$"); found && strings.ContainsAny(root, "*:?") || strings.Contains(root, "..") {
			return nil, fmt.Errorf("%s: a filter may look from the root ($) at single values only", text)
		}
	}
	return jsonPath{path, strings.ContainsAny(bare, "*?") || strings.Contains(bare, "..")}, nil
}

// unquoted leaves the texts in quotes out of a path.
func unquoted(path string) string {
	var out strings.Builder
	var quote byte
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

func (p jsonPath) from(s *source) (string, error) {
	root, err := s.asJSON()
	if err != nil {
		return "", err
	}
	var found []any
	if p.unordered {
		located := p.path.SelectLocated(root)
		located.Sort()
		for _, n := range located {
			found = append(found, n.Node)
		}
	} else {
		found = p.path.Select(root)
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return written(found[0])
	}
	return written(found)
}

// written is how a value becomes a data source: a text as it is, anything else as JSON.
func written(v any) (string, error) {
	if text, is := v.(string); is {
		return text, nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("write what was found: %w", err)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// asJSON takes the body apart. Numbers keep their digits: ids may be longer than a float is exact.
func (s *source) asJSON() (any, error) {
	if s.json == nil {
		root, err := decode(s.Body)
		s.json = &document[any]{root, err}
	}
	return s.json.root, s.json.err
}

func decode(text []byte) (root any, err error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errEmpty
	}
	if err := bounded(text); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		return nil, notJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the answer is no JSON: something follows its value")
	}
	return root, nil
}

func notJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("the answer is no JSON, at byte %d", syntax.Offset)
	}
	return errors.New("the answer is no JSON, or breaks off")
}

// bounded counts depth and parts before anything is made of them.
func bounded(text []byte) error {
	depth, parts, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			parts++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			parts++
		}
		if depth > maxDepth {
			return errDeep
		}
		if parts > maxParts {
			return fmt.Errorf("the answer holds more than %d values", maxParts)
		}
	}
	return nil
}
