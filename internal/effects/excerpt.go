package effects

import (
	"cmp"
	"encoding/base64"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// MaxDetailBytes is the longest detail of an outcome.
const MaxDetailBytes = 512

// Excerpt makes what came from outside fit for a detail: secrets masked, on one printable line, at
// most limit bytes. The other side may send back what it was sent, also escaped for JSON, HTML or a
// URL, and its answer may break off in the middle of a secret.
func Excerpt(text string, secrets []string, limit int) string {
	if text == "" {
		return ""
	}
	// Masked twice: putting a space for a line end may make a secret that has a space whole again.
	text = mask(oneLine(mask(text, secrets)), secrets)
	return cutAt(text, limit)
}

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

func mask(text string, secrets []string) string {
	forms := make([]string, 0, 4*len(secrets))
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		forms = append(forms, secret, inJSON(secret), url.QueryEscape(secret), url.PathEscape(secret),
			html.EscapeString(secret))
	}
	// A secret may be a part of another: the longest goes first.
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	forms = slices.Compact(forms)
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, switchyard.Masked)
	}
	return maskBroken(text, forms)
}

// maskBroken masks the longest beginning of a secret that text ends with.
func maskBroken(text string, forms []string) string {
	longest := 0
	for _, form := range forms {
		for n := min(len(form)-1, len(text)); n > max(longest, shortestBroken-1); n-- {
			if strings.HasSuffix(text, form[:n]) {
				longest = n
			}
		}
	}
	if longest == 0 {
		return text
	}
	return text[:len(text)-longest] + switchyard.Masked
}

// shortestBroken is the length from which the beginning of a secret tells something about it.
const shortestBroken = 4

func inJSON(s string) string {
	quoted, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return s
	}
	return string(quoted[1 : len(quoted)-1])
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
