package effects

import (
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
