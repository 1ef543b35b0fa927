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
// sent, escaped for JSON, for a URL or for HTML in any of the ways there are, or several of them one
// around the other, or in base64, and its answer may break off in the middle of a secret. So the
// secrets are looked for in the text as it would be read, once for each way, and what they were
// read from is masked.
func mask(text string, secrets []string) string { return masking{shortestBroken}.mask(text, secrets) }

// masking is how a text is looked through.
type masking struct {
	broken int // from which length on its end may be the beginning of a secret
}

func (how masking) mask(text string, secrets []string) string {
	if len(secrets) == 0 {
		return text
	}
	m := masker{masking: how, secrets: secrets, hidden: make([]bool, len(text)), seen: map[string]int{}}
	m.look(verbatim(text), mostEscapes, true)
	switch {
	case m.read > mostReadings:
		return switchyard.Masked // nobody knows what is in it
	case !m.found:
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !m.hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !m.hidden[i-1]:
			b.WriteString(switchyard.Masked)
		}
	}
	return b.String()
}

// Bounds of the search: how many ways of escaping are looked through, one around the other, and how
// many different texts may be read out of one. Ordinary answers come to a dozen.
const (
	mostEscapes  = 3
	mostReadings = 256
)

// masker looks for secrets and notes which bytes of the text they were read from.
type masker struct {
	masking
	secrets []string
	hidden  []bool
	found   bool
	read    int
	seen    map[string]int // what was read, and how much further it was looked into
}

// look hides the secrets of a reading and of all that can be read out of it: through so many
// escapes more, and once through base64.
func (m *masker) look(r reading, escapes int, base64 bool) {
	further := 2*escapes + 1
	if base64 {
		further++
	}
	if m.read > mostReadings || m.seen[string(r.plain)] >= further {
		return
	}
	m.seen[string(r.plain)] = further
	m.read++
	for _, secret := range m.secrets {
		m.found = r.hide(secret, m.hidden, m.broken) || m.found
	}
	if escapes > 0 {
		for _, w := range ways {
			if inner, other := r.unescaped(w); other {
				m.look(inner, escapes-1, base64)
			}
		}
	}
	if base64 {
		for offset := range 4 {
			if inner, other := r.decoded(offset); other {
				m.look(inner, min(escapes, 1), false)
			}
		}
	}
}

// way is a way of escaping: marks begin its escapes; unescape reads the one s begins with and
// returns its length, 0 when there is none, and -1 when s ends before it does.
type way struct {
	marks    string
	unescape func(s string) (plain string, length int)
}

// In a URL a plus is one in the path and a space in a form.
var ways = []way{{`\`, fromJSON}, {"%", fromURL}, {"%+", fromURL}, {"&", fromHTML}}

// reading is a text without its escapes: byte i of plain was read from the bytes from from[i] up to
// to[i] of the text.
type reading struct {
	plain    []byte
	from, to []int32
}

func makeReading(size int) reading {
	return reading{plain: make([]byte, 0, size), from: make([]int32, 0, size), to: make([]int32, 0, size)}
}

func verbatim(text string) reading {
	r := makeReading(len(text))
	for i := range len(text) {
		r.add(text[i], int32(i), int32(i+1))
	}
	return r
}

// unescaped reads a reading again, by a way of escaping; false when nothing in it is escaped so.
func (r reading) unescaped(w way) (reading, bool) {
	text := string(r.plain)
	if !strings.ContainsAny(text, w.marks) {
		return r, false
	}
	out := makeReading(len(text))
	for i := 0; i < len(text); {
		plain, length := text[i:i+1], 1
		if strings.IndexByte(w.marks, text[i]) >= 0 {
			if p, n := w.unescape(text[i:]); n > 0 {
				plain, length = p, n
			} else if n < 0 {
				out.extend(r.to[len(text)-1])
				break // what is cut off belongs to what stands before it
			}
		}
		for _, c := range []byte(plain) {
			out.add(c, r.from[i], r.to[i+length-1])
		}
		i += length
	}
	return out, string(out.plain) != text
}

func (r *reading) add(c byte, from, to int32) {
	r.plain, r.from, r.to = append(r.plain, c), append(r.from, from), append(r.to, to)
}

// extend lets the last byte reach up to an end.
func (r *reading) extend(to int32) {
	if n := len(r.to); n > 0 {
		r.to[n-1] = to
	}
}

// hide marks where a secret was read from, also the beginning of one the text ends with.
func (r reading) hide(secret string, hidden []bool, broken int) (found bool) {
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
	for n := min(len(secret)-1, len(r.plain)); n >= broken; n-- {
		if bytes.HasSuffix(r.plain, wanted[:n]) {
			r.cover(len(r.plain)-n, len(r.plain), hidden)
			return true
		}
	}
	return found
}

func (r reading) cover(begin, end int, hidden []bool) {
	for i := r.from[begin]; i < r.to[end-1]; i++ {
		hidden[i] = true
	}
}

// shortestBase64 is the length from which a run of letters may be base64 that holds a secret.
const shortestBase64 = 8

// decoded reads the runs of a reading that may be base64, of either alphabet; what stands between
// them is left out. A run begins in the middle when what comes before it happens to be letters too,
// so each is read from four offsets.
func (r reading) decoded(offset int) (out reading, other bool) {
	out = makeReading(len(r.plain))
	for i := 0; i < len(r.plain); {
		end := i
		for end < len(r.plain) && sextets[r.plain[end]] != 0 {
			end++
		}
		if end-i >= shortestBase64 {
			r.decodeRun(i+offset, end, &out)
			if end < len(r.plain) {
				out.add(0, r.from[i], r.from[i]) // what was read from two runs does not belong together
			}
			other = true
		}
		i = end + 1
	}
	return out, other
}

// decodeRun decodes what stands between two places; each byte was read from two characters.
func (r reading) decodeRun(begin, end int, out *reading) {
	for i := begin; i+1 < end; i++ {
		at := (i - begin) % 4
		if at == 3 {
			continue // the fourth character of four begins no byte
		}
		first, second := sextets[r.plain[i]]-1, sextets[r.plain[i+1]]-1
		out.add(first<<(2+2*at)|second>>(4-2*at), r.from[i], r.to[i+1])
	}
}

// sextets are the values of the characters of base64, each plus one.
var sextets = func() (t [256]byte) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for value, c := range []byte(letters) {
		t[c] = byte(value) + 1
	}
	t['+'], t['-'], t['/'], t['_'] = 63, 63, 64, 64
	return t
}()

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
	end := 1
	for end < min(len(s), longestEntity) && (s[end] == '#' || sextets[s[end]] != 0) {
		end++
	}
	switch {
	case end == len(s) && end < longestEntity:
		return "", -1
	case end == len(s) || s[end] != ';':
		return "", 0
	}
	plain := html.UnescapeString(s[:end+1])
	if plain == s[:end+1] || !utf8.ValidString(plain) {
		return "", 0
	}
	return plain, end + 1
}
