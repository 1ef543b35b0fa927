package seal

import (
	"bytes"
	"strings"
	"testing"

	"switchyard"
)

// A hash that is taken for one is written again just as it stands, and costs what is bearable.
func FuzzHashes(f *testing.F) {
	const good = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	for _, text := range []string{good, strings.Replace(good, "p=1", "p=1,keyid=x", 1), strings.Replace(good, "t=2", "t=+2", 1), strings.Replace(good, "m=19456", "m=019456", 1), strings.Replace(good, "m=19456", "m=4294967296", 1),
		strings.Replace(good, "v=19", "v=19 ", 1), strings.Replace(good, "v=19", "v=16", 1), good + "$", HashToken("x"), strings.ToUpper(HashToken("x")), "sha256:", "", "$$$$$", strings.Replace(good, "$AAEC", "$AA\nEC", 1)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if !strings.HasPrefix(text, tokenPrefix) && Hashed(text) != (err == nil) || strings.HasPrefix(text, tokenPrefix) && Hashed(text) && len(text) != len(HashToken("")) {
			t.Fatalf("%q: hashed %v, %v", text, Hashed(text), err)
		}
		if err != nil {
			return
		}
		if p.String() != text || p.memory > 256<<10 || p.passes > 16 || p.passes < 1 || p.lanes < 1 {
			t.Fatalf("%q was read as %q", text, p.String())
		}
	})
}

// What was sealed opens to the same and to nothing once a byte of it is another; the text of keys is
// never repeated in a fault.
func FuzzKeys(f *testing.F) {
	const one, two = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "ICECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	for _, text := range []string{one, one + "," + two, "# a comment\n" + one + " 2026-11-23T12:00:00Z\n" + two, one + "," + one, "", ",", one + " yesterday", one + " " + two, "AAEC", strings.Repeat(one+"\n", 70), one + "\r\n"} {
		f.Add(text, []byte("credential"), uint16(20), byte(1))
	}
	f.Fuzz(func(t *testing.T, text string, plain []byte, at uint16, flip byte) {
		k, err := KeyFrom(text)
		if err != nil {
			if len(err.Error()) > 300 || len(text) > 20 && strings.Contains(err.Error(), text) {
				t.Fatalf("%.100q: %v", text, err)
			}
			k = Ephemeral()
		}
		if n := len(k.Keys()); n < 1 || n > maxKeys {
			t.Fatalf("%d keys", n)
		}
		sealed := k.Seal(plain)
		if back, err := k.Open(sealed); err != nil || !bytes.Equal(back, plain) || !k.Current(string(sealed)) || !LooksSealed(string(sealed)) {
			t.Fatalf("%q came back as %q, %v", plain, back, err)
		}
		altered := []byte(sealed)
		altered[int(at)%len(altered)] ^= flip
		if back, err := k.Open(switchyard.Sealed(altered)); err == nil && flip != 0 {
			t.Fatalf("%q is %q and opens to %q", sealed, altered, back)
		}
		if _, err := k.Open(switchyard.Sealed(text)); err == nil {
			t.Fatalf("%q opens", text)
		}
	})
}
