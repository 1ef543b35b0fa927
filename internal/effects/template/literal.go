package template

import (
	"regexp"
	"strings"
)

var (
	placeholder = regexp.MustCompile(`[$#]\([^)]*\)`)
	// word is a run of characters that separate nothing in JSON, XML and forms.
	word = regexp.MustCompile("[^\\s\\x00\"'`&=<>{}\\[\\](),;:]{4,}=?=?")
	// afterName is what follows a word that is a name and no value.
	afterName = regexp.MustCompile(`^["\s]*:|^\s*>|^[\w\x00]`)
)

// literals finds what may be a credential written into a body: every word of its literal text that
// is not the name of a member, an element or a field.
func literals(text string) []string {
	var found []string
	text = placeholder.ReplaceAllString(text, "\x00")
	for _, at := range word.FindAllStringIndex(text, -1) {
		w, rest := text[at[0]:at[1]], text[at[1]:]
		if afterName.MatchString(rest) {
			continue
		}
		found = append(found, w)
		if bare := strings.TrimRight(w, "="); bare != w {
			found = append(found, bare)
		}
	}
	return found
}
