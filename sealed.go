package switchyard

import "bytes"

// Resealed is a sealed credential and what takes its place: the same, sealed with another key.
type Resealed struct {
	Old Sealed `json:"old"`
	New Sealed `json:"new"`
}

// Replacements are resealed texts by what they take the place of.
func Replacements(texts []Resealed) map[Sealed]Sealed {
	with := make(map[Sealed]Sealed, len(texts))
	for _, t := range texts {
		with[t.Old] = t.New
	}
	return with
}

// EachSealed calls f with everything in a JSON document that has the form of a sealed credential, also
// where a member holds JSON as text. Whether it is one only the key can tell.
func EachSealed(document []byte, f func(text Sealed)) {
	for from, to := nextSealed(document, 0); from >= 0; from, to = nextSealed(document, to) {
		f(Sealed(document[from:to]))
	}
}

// ReplaceSealed returns a JSON document with other texts in the places of sealed ones: those with
// gives; and whether there was one.
func ReplaceSealed(document []byte, with map[Sealed]Sealed) (out []byte, changed bool) {
	copied := 0
	for from, to := nextSealed(document, 0); from >= 0; from, to = nextSealed(document, to) {
		if text := with[Sealed(document[from:to])]; text != "" {
			out = append(append(out, document[copied:from]...), text...)
			copied = to
		}
	}
	if copied == 0 {
		return document, false
	}
	return append(out, document[copied:]...), true
}

// nextSealed finds the next text of the form s<digit>:<base64 and colons> that follows a quotation
// mark; from is -1 when there is none.
func nextSealed(document []byte, at int) (from, to int) {
	for {
		n := bytes.Index(document[at:], []byte(`"s`))
		if n < 0 {
			return -1, len(document)
		}
		from = at + n + 1
		at = from + 1
		if len(document) < from+3 || document[from+1] < '1' || document[from+1] > '9' || document[from+2] != ':' {
			continue
		}
		for to = from + 3; to < len(document) && sealedByte(document[to]); to++ {
		}
		return from, to
	}
}

func sealedByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == ':'
}
