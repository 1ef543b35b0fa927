package effects

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"

	"switchyard"
)

// shortestBroken is the length from which the beginning of a secret tells something about it.
const shortestBroken = 4

// mask puts switchyard.Masked for every secret in text. The other side may send back what it was
// sent, escaped for JSON, for a URL or for HTML in any of the ways there are, and its answer may
// break off in the middle of a secret. So the secrets are looked for in the text as it would be
// read, once for each way, and what they were read from is masked.
func mask(text string, secrets []string) string {
	hidden := make([]bool, len(text))
	found := false
	for _, way := range ways {
		if !strings.ContainsAny(text, way.marks) && way.marks != "" {
			continue
		}
		read := way.read(text)
		for _, secret := range secrets {
			found = read.hide(secret, hidden) || found
		}
	}
	if !found {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(switchyard.Masked)
		}
	}
	return b.String()
}

// way is a way of escaping: marks begin its escapes; unescape reads the one s begins with and
// returns its length, 0 when there is none, and -1 when s ends before it does.
type way struct {
	marks    string
	unescape func(s string) (plain string, length int)
}

var ways = []way{{"", nil}, {`\`, fromJSON}, {"%+", fromURL}, {"&", fromHTML}}

// reading is a text without its escapes: byte i of plain was read from text[from[i]:from[i+1]].
type reading struct {
	plain []byte
	from  []int
}

func (w way) read(text string) reading {
	r := reading{make([]byte, 0, len(text)), make([]int, 0, len(text)+1)}
	for i := 0; i < len(text); {
		plain, length := text[i:i+1], 1
		if strings.IndexByte(w.marks, text[i]) >= 0 {
			if p, n := w.unescape(text[i:]); n > 0 {
				plain, length = p, n
			} else if n < 0 {
				break // what is cut off belongs to what stands before it
			}
		}
		for range len(plain) {
			r.from = append(r.from, i)
		}
		r.plain = append(r.plain, plain...)
		i += length
	}
	r.from = append(r.from, len(text))
	return r
}

// hide marks where a secret was read from, also the beginning of one the text ends with.
func (r reading) hide(secret string, hidden []bool) (found bool) {
	if secret == "" {
		return false
	}
	wanted := []byte(secret)
	for i := 0; ; i++ {
		n := bytes.Index(r.plain[i:], wanted)
		if n < 0 {
			break
		}
		i += n
		r.cover(i, i+len(secret), hidden)
		found = true
	}
	for n := min(len(secret)-1, len(r.plain)); n >= shortestBroken; n-- {
		if bytes.HasSuffix(r.plain, wanted[:n]) {
			r.cover(len(r.plain)-n, len(r.plain), hidden)
			return true
		}
	}
	return found
}

func (r reading) cover(begin, end int, hidden []bool) {
	for i := r.from[begin]; i < r.from[end]; i++ {
		hidden[i] = true
	}
}

// fromJSON reads \n, \u00e4 and the like (RFC 8259 §7).
func fromJSON(s string) (string, int) {
	if len(s) < 2 {
		return "", -1
	}
	if at := strings.IndexByte(`"\/bfnrt`, s[1]); at >= 0 {
		return "\"\\/\b\f\n\r\t"[at : at+1], 2
	}
	if s[1] != 'u' {
		return "", 0
	}
	if len(s) < 6 {
		return "", -1
	}
	code, err := strconv.ParseUint(s[2:6], 16, 16)
	if err != nil {
		return "", 0
	}
	return string(rune(code)), 6
}

// fromURL reads %C3 and the plus of a form.
func fromURL(s string) (string, int) {
	if s[0] == '+' {
		return " ", 1
	}
	if len(s) < 3 {
		return "", -1
	}
	code, err := strconv.ParseUint(s[1:3], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(code)}), 3
}

// longestEntity is the longest entity anybody writes for a character of a header.
const longestEntity = 12

// fromHTML reads &amp; and &#38;.
func fromHTML(s string) (string, int) {
	end := strings.IndexByte(s[:min(len(s), longestEntity)], ';')
	if end < 0 && len(s) < longestEntity {
		return "", -1
	}
	if end < 0 {
		return "", 0
	}
	plain := html.UnescapeString(s[:end+1])
	if plain == s[:end+1] || !utf8.ValidString(plain) {
		return "", 0
	}
	return plain, end + 1
}
