package effects

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxDetailBytes is the longest detail of an outcome.
const MaxDetailBytes = 512

// looked is how many times as long as an excerpt may be what it is taken from: what is blank, or
// masked, makes room.
const looked = 4

// Excerpt makes what came from outside fit for a detail: secrets masked, on one printable line, at
// most limit bytes.
func Excerpt(text string, secrets []string, limit int) string {
	if text == "" {
		return ""
	}
	text = text[:min(len(text), looked*limit)]
	// Masked twice: putting a space for a line end may make a secret that has a space whole again.
	text = mask(oneLine(mask(text, secrets)), secrets)
	return cutAt(text, limit)
}

// Shown makes a text that came from outside, or was sent, fit for a timeline: secrets masked, at most
// limit bytes, and otherwise as it was.
func Shown(text string, secrets []string, limit int) string {
	text = strings.ToValidUTF8(text[:min(len(text), limit)], "\ufffd")
	return cutAt(mask(text, secrets), limit)
}

// brokenValue is how much of a secret a whole text has to end with to be masked: it was not cut here,
// so what is shorter is more likely chance.
const brokenValue = 8

// Masked is a whole text with its secrets masked.
func Masked(text string, secrets []string) string { return masking{brokenValue}.mask(text, secrets) }

// Credentials returns the parts of a header's value that are to be masked: the value itself, what
// follows the type of an Authorization, and what Basic credentials hold.
func Credentials(value string) []string {
	parts := []string{value}
	kind, rest, found := strings.Cut(value, " ")
	if !found {
		return parts
	}
	rest = strings.TrimSpace(rest)
	parts = append(parts, rest)
	if !strings.EqualFold(kind, "Basic") {
		return parts
	}
	if plain, err := base64.StdEncoding.DecodeString(rest); err == nil {
		parts = append(parts, string(plain))
		if _, password, found := strings.Cut(string(plain), ":"); found {
			parts = append(parts, password)
		}
	}
	return parts
}

// oneLine puts a space for each run of spaces, line ends and what cannot be printed.
func oneLine(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) || r == ' ' {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
	}
	return b.String()
}

// cutAt cuts s to at most limit bytes, at the end of a character.
func cutAt(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const more = "…"
	end := max(limit-len(more), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + more
}
