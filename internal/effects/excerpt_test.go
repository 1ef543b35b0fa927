package effects

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("ä", 600)
	for _, c := range []struct {
		text    string
		secrets []string
		want    string
	}{
		{"", nil, ""},
		{"plain", nil, "plain"},
		{"two\r\nlines\x00 \t of\x1b[31m text\n", nil, "two lines of [31m text"},
		{"bad \xff\xfe bytes", nil, "bad bytes"},
		{`{"Authorization":"Bearer abc"}`, Credentials("Bearer abc"), `{"Authorization":"***"}`},
		{"token=abc", Credentials("Bearer abc"), "token=***"},
		{`"say \"hi\""`, []string{`say "hi"`}, `"***"`},
		{"q=a%26b+c", []string{"a&b c"}, "q=***"},
		{"<b>a&amp;b c</b>", []string{"a&b c"}, "<b>***</b>"},
		{"user:pass, pass", Credentials("Basic dXNlcjpwYXNz"), "***, ***"},
		{"whole and who", []string{"whole"}, "*** and who"},
		{"it ends in the middle of sesame-op", []string{"sesame-open"}, "it ends in the middle of ***"},
		{`{"a":"a\u0026b\/\u003C"}`, []string{"a&b/<"}, `{"a":"***"}`},
		{`cut within \"Bearer a\u00`, []string{"Bearer a&b"}, `cut within \"***`},
		{"cut within Bearer+a%2", []string{"Bearer a&b"}, "cut within ***"},
		{"cut within Bearer a&am", []string{"Bearer a&b"}, "cut within ***"},
		{"a%26b &#38; a&#38;b &#x26; a&amp;b", []string{"a&b"}, "*** &#38; *** &#x26; ***"},
		{`c:\path\\to`, []string{`c:\path\to`, `\\to`}, "***"},
		{"\\\\\\\\\\\\", []string{"\\\\\\\\"}, "***"},
		{"abcdef abc", []string{"abc", "abcdef"}, "*** ***"},
		{"path/a+b%20c", []string{"a+b c"}, "path/***"},
		{`{"echo":"{\\\"key\\\":\\\"a\\\\\\\"b\\\"}"}`, []string{`a"b`}, `{"echo":"{\\\"key\\\":\\\"***\\\"}"}`},
		{"a%26%2334%3Bb", []string{`a"b`}, "***"},
		{`{"body":"eHh4c2VzYW1lIG9wZW55eQ==","b":1}`, []string{"sesame open"}, `{"body":"eHh4***5eQ==","b":1}`},
		{"q=AAc2VzYW1lIG9wZW4 and cut c2VzYW1lIG9", []string{"sesame open"}, "q=AA*** and cut ***"},
		{"Bearer+eyJhIjoiYVwiYiJ9", []string{`a"b`}, "Bearer+eyJhIjoi***J9"},
		{"split secret\nwords", []string{"secret words"}, "split ***"},
		{long, nil, strings.Repeat("ä", 254) + "…"},
	} {
		if got := Excerpt(c.text, c.secrets, MaxDetailBytes); got != c.want {
			t.Errorf("%q without %q: %q, want %q", c.text, c.secrets, got, c.want)
		}
	}
}

// Wherever a secret stands, and wherever the text is cut, it is not in the excerpt.
func TestExcerptNeverShowsSecrets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9"&<>+/=% -]{8,60}`).Draw(t, "secret")
		around := rapid.StringMatching(`[a-z\n ]{0,40}`)
		var text strings.Builder
		for range rapid.IntRange(1, 60).Draw(t, "times") {
			text.WriteString(around.Draw(t, "around") + secret)
		}
		cut := text.String()[:rapid.IntRange(0, text.Len()).Draw(t, "cut")]
		got := Excerpt(cut, []string{secret}, MaxDetailBytes)
		if strings.Contains(got, secret) {
			t.Fatalf("%q shows the secret", got)
		}
		// Nor most of it, by being cut.
		if strings.HasSuffix(got, secret[:len(secret)-1]) {
			t.Fatalf("%q ends in most of the secret", got)
		}
		if len(got) > MaxDetailBytes || !utf8.ValidString(got) {
			t.Fatalf("%d bytes: %q", len(got), got)
		}
	})
}

// However the other side wraps what it was sent, the excerpt does not repeat it.
func TestExcerptReadsWhatIsWrapped(t *testing.T) {
	escapes := []func(string) string{
		func(s string) string { return s },
		func(s string) string { b, _ := json.Marshal(s); return strings.Trim(string(b), `"`) },
		url.QueryEscape, url.PathEscape, html.EscapeString,
	}
	encodings := []func([]byte) string{
		func(b []byte) string { return string(b) },
		base64.StdEncoding.EncodeToString, base64.URLEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString,
	}
	rapid.Check(t, func(t *rapid.T) {
		// Never a trailing quote or backslash: Trim above would take it away.
		secret := rapid.StringMatching(`[A-Z]{5}[A-Za-z0-9"\\&<>+/=% -]{4,30}[a-z]{3}`).Draw(t, "secret")
		escape := func(label string) func(string) string { return rapid.SampledFrom(escapes).Draw(t, label) }
		around := rapid.StringMatching(`[a-z ]{0,20}`)
		text := around.Draw(t, "before") + escape("inmost")(secret) + around.Draw(t, "after")
		text = rapid.SampledFrom(encodings).Draw(t, "encoding")([]byte(text))
		text = escape("outmost")(escape("outer")(text))
		got := Excerpt(text, []string{secret}, MaxDetailBytes)
		if got == text && len(text) > 0 || !strings.Contains(got, "***") {
			t.Fatalf("%q is shown as %q", text, got)
		}
	})
}

// An answer made to be read in ever more ways is shown in none of them.
func TestExcerptGivesUpOnPuzzles(t *testing.T) {
	puzzle := strings.Repeat(`%2525\\u0026amp;%5Cu002541 JTI1MjU+ `, 50)
	if got := Excerpt(puzzle, []string{"secret"}, MaxDetailBytes); len(got) > MaxDetailBytes {
		t.Errorf("%d bytes", len(got))
	}
	m := masker{masking: masking{shortestBroken}, secrets: []string{"secret"}, hidden: make([]bool, len(puzzle)), seen: map[string]int{}}
	m.look(verbatim(puzzle), mostEscapes, true)
	if m.read > mostReadings+1 {
		t.Errorf("it was read in %d ways", m.read)
	}
}
