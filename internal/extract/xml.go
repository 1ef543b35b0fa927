package extract

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/antchfx/xmlquery"
	"github.com/antchfx/xpath"
	"golang.org/x/net/html/charset"
)

type xmlNode = xmlquery.Node

// xPath is an expression of XPath 1.0.
type xPath struct{ expr *xpath.Expr }

var (
	// besides are the axes that look at everything beside a node: of a long list, for each node.
	besides = regexp.MustCompile(`(following|preceding)(-sibling)?\s*::`)
	// descents are the steps that look at everything below.
	descents = regexp.MustCompile(`//|descendant(-or-self)?\s*::`)
	// fromRoot is a path from the root inside a condition, which would be followed for each node.
	fromRoot = regexp.MustCompile(`[\[(,|=<>+\s-]\s*/`)
)

func parseXPath(text string) (wanted, error) {
	expr, err := xpath.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%s is no XPath: %w", text, err)
	}
	bare := unquoted(text)
	switch {
	case besides.MatchString(bare):
		return nil, fmt.Errorf("%s: the axes following and preceding are not to be had here; use [1], [last()] or a condition", text)
	case len(descents.FindAllString(bare, -1)) > maxDescents:
		return nil, fmt.Errorf("%s looks at everything below (//) more than %d times", text, maxDescents)
	case fromRoot.MatchString(conditions(bare)):
		return nil, fmt.Errorf("%s: a condition may not look from the root; begin its paths at the node, as in .//name", text)
	}
	return xPath{expr}, nil
}

// conditions is what stands in the brackets of a path, each part with its bracket.
func conditions(path string) string {
	depth := 0
	return strings.Map(func(r rune) rune {
		if r == '[' {
			depth++
		}
		inside := depth > 0
		if r == ']' {
			depth--
		}
		if !inside {
			return -1
		}
		return r
	}, path)
}

func (p xPath) from(s *source) (string, error) {
	root, err := s.asXML()
	if err != nil {
		return "", err
	}
	switch v := p.expr.Evaluate(xmlquery.CreateXPathNavigator(root)).(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case *xpath.NodeIterator:
		var found []any
		for v.MoveNext() {
			found = append(found, v.Current().Value())
		}
		switch len(found) {
		case 0:
			return "", nil
		case 1:
			return found[0].(string), nil
		}
		return written(found)
	default:
		return "", fmt.Errorf("comes to a %T, which is no data source", v)
	}
}

func (s *source) asXML() (*xmlNode, error) {
	if s.xml == nil {
		root, err := decodeXML(s.Body)
		s.xml = &document[*xmlNode]{root, err}
	}
	return s.xml.root, s.xml.err
}

// decodeXML reads a document. Entities that it declares are not known, and none is ever fetched.
func decodeXML(text []byte) (*xmlNode, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errEmpty
	}
	if err := boundedXML(text); err != nil {
		return nil, err
	}
	root, err := xmlquery.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, notXML(err)
	}
	return root, nil
}

func notXML(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("the answer is no XML: line %d: %s", syntax.Line, syntax.Msg)
	}
	return errors.New("the answer is no XML, or breaks off")
}

// boundedXML counts depth and elements before anything is made of them, and looks at all of the
// document: what has no root, or breaks off, is none.
func boundedXML(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = charset.NewReaderLabel
	depth, elements := 0, 0
	for {
		token, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && depth == 0 && elements > 0:
			return nil
		case err != nil:
			return notXML(err)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
			elements++
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth {
			return errDeep
		}
		if elements > maxElements {
			return fmt.Errorf("the answer holds more than %d elements", maxElements)
		}
	}
}
