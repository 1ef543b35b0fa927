package switchyard_test

import (
	"slices"
	"testing"

	"switchyard"
)

func TestSealedTextsOfADocument(t *testing.T) {
	const document = `{"a":"s1:AB+/9","b":["s2:k:XYZ","s1:",""," s1:no","x s1:no","s","s:","s0:no"],"c":"{\"d\":\"s1:AB+/9\"}","s1:key":"sure"`
	var found []switchyard.Sealed
	switchyard.EachSealed([]byte(document), func(text switchyard.Sealed) { found = append(found, text) })
	if want := []switchyard.Sealed{"s1:AB+/9", "s2:k:XYZ", "s1:", "s1:AB+/9", "s1:key"}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	got, changed := switchyard.ReplaceSealed([]byte(document), switchyard.Replacements([]switchyard.Resealed{
		{Old: "s1:AB+/9", New: "s2:n:1"}, {Old: "s2:k", New: "wrong"}, {Old: "s1:no", New: "wrong"}}))
	const want = `{"a":"s2:n:1","b":["s2:k:XYZ","s1:",""," s1:no","x s1:no","s","s:","s0:no"],"c":"{\"d\":\"s2:n:1\"}","s1:key":"sure"`
	if string(got) != want || !changed {
		t.Errorf("replaced %s, %v; want %s", got, changed, want)
	}
	if same, changed := switchyard.ReplaceSealed([]byte(document), nil); changed || string(same) != document {
		t.Errorf("nothing to replace, yet %s, %v", same, changed)
	}
}

func FuzzSealedTexts(f *testing.F) {
	f.Add(`{"a":"s1:AB"}`)
	f.Add(`"s1:A"s2:`)
	f.Fuzz(func(t *testing.T, document string) {
		with := map[switchyard.Sealed]switchyard.Sealed{}
		switchyard.EachSealed([]byte(document), func(text switchyard.Sealed) { with[text] = text })
		if same, _ := switchyard.ReplaceSealed([]byte(document), with); string(same) != document {
			t.Errorf("%q became %q", document, same)
		}
	})
}
