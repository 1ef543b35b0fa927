package plan

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"switchyard"
)

// Expand fills in the data sources of a text: $(Name), or $(Name:Formatter). It is one pass: what a
// data source holds is never expanded again. A missing name is empty; "$(" without ")" is text. The
// error says that the result would be longer than MaxDataSourceBytes.
func Expand(text string, env Env) (string, error) {
	if !strings.Contains(text, "$(") && len(text) <= switchyard.MaxDataSourceBytes {
		return text, nil
	}
	return fill(text, switchyard.MaxDataSourceBytes, env, nil)
}

// ExpandSecrets fills in the secrets of a gateway's text: #(Key). The error names a secret that is
// not there.
func ExpandSecrets(text string, secret func(key string) (string, bool)) (string, error) {
	return fill(text, switchyard.MaxDataSourcesBytes, nil, secret)
}

// ExpandBoth fills in data sources and secrets in one combined pass, so that the value of one never
// becomes a template of the other. Its result may be as long as MaxDataSourcesBytes.
func ExpandBoth(text string, env Env, secret func(key string) (string, bool)) (string, error) {
	return fill(text, switchyard.MaxDataSourcesBytes, env, secret)
}

func fill(text string, most int, env Env, secret func(string) (string, bool)) (string, error) {
	var out strings.Builder
	for text != "" {
		slot, before, after := nextSlot(text, env != nil, secret != nil)
		out.WriteString(before)
		text = after
		if slot.mark == '$' {
			value, _ := env.Value(slot.name)
			out.WriteString(slot.format(value))
		} else if slot.mark == '#' {
			value, ok := secret(slot.name)
			if !ok {
				return "", fmt.Errorf("the account has no secret %q", slot.name)
			}
			out.WriteString(slot.format(value))
		}
		if out.Len() > most {
			return "", fmt.Errorf("longer than %d bytes with its data sources filled in", most)
		}
	}
	return out.String(), nil
}

// slot is a place in a text that a value goes to.
type slot struct {
	mark   byte   // '$' data source, '#' secret, 0 none
	name   string // without the formatter
	format func(string) string
}

// nextSlot cuts a text at its first slot of the wanted marks. Without one, before is all of it.
func nextSlot(text string, values, secrets bool) (s slot, before, after string) {
	for i := 0; i+1 < len(text); i++ {
		wanted := values && text[i] == '$' || secrets && text[i] == '#'
		if !wanted || text[i+1] != '(' {
			continue
		}
		end := strings.IndexByte(text[i+2:], ')')
		if end < 0 {
			break
		}
		name, format := cutFormatter(text[i+2 : i+2+end])
		return slot{text[i], name, format}, text[:i], text[i+2+end+1:]
	}
	return slot{}, text, ""
}

// cutFormatter splits at the last colon when a known formatter follows; names may hold colons.
func cutFormatter(inner string) (name string, format func(string) string) {
	if i := strings.LastIndexByte(inner, ':'); i >= 0 {
		for _, f := range formatters {
			if len(inner[i+1:]) == len(f.name) && strings.EqualFold(inner[i+1:], f.name) {
				return inner[:i], f.format
			}
		}
	}
	return inner, func(value string) string { return value }
}

type formatter struct {
	name   string
	format func(string) string
}

var formatters = []formatter{
	{"RemoveLeadingPlus", func(v string) string { return strings.TrimPrefix(v, "+") }},
	{"EscapeDoubleQuotes", func(v string) string { return strings.ReplaceAll(v, `"`, `\"`) }},
	{"ToLowerCase", strings.ToLower},
	{"JSON", escapeJSON},
	{"URL", escapeURL},
}

// Formatters lists the formatters' names.
func Formatters() []string {
	names := make([]string, len(formatters))
	for i, f := range formatters {
		names[i] = f.name
	}
	return names
}

const hexDigits = "0123456789ABCDEF"

// escapeJSON makes a value fit between the quotes of a JSON string (RFC 8259 §7).
func escapeJSON(value string) string {
	var out strings.Builder
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r < 0x20:
			out.WriteString(`\u00`)
			out.WriteByte(hexDigits[r>>4])
			out.WriteByte(hexDigits[r&15])
		case r == utf8.RuneError:
			out.WriteRune(utf8.RuneError)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// escapeURL percent-encodes everything but the unreserved characters (RFC 3986 §2.3), so that a
// value fits into a path segment as well as into a query.
func escapeURL(value string) string {
	var out strings.Builder
	for i := range len(value) {
		b := value[i]
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', strings.IndexByte("-._~", b) >= 0:
			out.WriteByte(b)
		default:
			out.WriteByte('%')
			out.WriteByte(hexDigits[b>>4])
			out.WriteByte(hexDigits[b&15])
		}
	}
	return out.String()
}

// isTemplate reports whether a text reads a data source, so that its value is known at run time only.
func isTemplate(text string) bool {
	return switchyard.IsTemplate(text)
}

// holdsSecret reports whether a text reads a secret.
func holdsSecret(text string) bool {
	s, _, _ := nextSlot(text, false, true)
	return s.mark != 0
}
