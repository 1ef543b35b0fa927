package plan

import (
	"strings"
	"testing"
)

func TestSegments(t *testing.T) {
	for _, c := range []struct {
		name, text, encoding string
		segments             int
	}{
		{"one letter", "a", "gsm7", 1},
		{"a full message", strings.Repeat("a", 160), "gsm7", 1},
		{"one letter more", strings.Repeat("a", 161), "gsm7", 2},
		{"two full parts", strings.Repeat("a", 306), "gsm7", 2},
		{"three parts", strings.Repeat("a", 307), "gsm7", 3},
		{"the basic alphabet", gsmBasic, "gsm7", 1},
		{"an accent outside it", "Ç and ç", "ucs2", 1},
		{"extension characters count twice", strings.Repeat("€", 80), "gsm7", 1},
		{"and one more", strings.Repeat("€", 81), "gsm7", 2},
		// 153 is odd: the last septet of each part stays empty rather than to hold half a character.
		{"no extension character is cut in two", strings.Repeat("[", 76*2+1), "gsm7", 3},
		{"a full message of UCS-2", strings.Repeat("я", 70), "ucs2", 1},
		{"one character more", strings.Repeat("я", 71), "ucs2", 2},
		{"two full parts of UCS-2", strings.Repeat("я", 134), "ucs2", 2},
		{"three parts of UCS-2", strings.Repeat("я", 135), "ucs2", 3},
		{"pairs count twice", strings.Repeat("😀", 35), "ucs2", 1},
		{"and are not cut in two", strings.Repeat("😀", 33*2+1), "ucs2", 3},
		{"what is in the GSM alphabet counts once beside them", strings.Repeat("[", 69) + "я", "ucs2", 1},
		{"a typographic apostrophe", "it’s", "ucs2", 1},
		{"no UTF-8", "a\xffb", "ucs2", 1},
	} {
		if encoding, segments := segmentsOf(c.text); encoding != c.encoding || segments != c.segments {
			t.Errorf("%s: %d of %s, want %d of %s", c.name, segments, encoding, c.segments, c.encoding)
		}
	}
	if n := len([]rune(gsmBasic)); n != 127 {
		t.Errorf("the basic alphabet has %d characters; with the escape it has 128", n)
	}
	if n := len([]rune(gsmExtension)); n != 10 {
		t.Errorf("the extension table has %d characters, not 10", n)
	}
}
