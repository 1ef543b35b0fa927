package seal

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard"
)

func TestSealedOpensWithItsKeyOnly(t *testing.T) {
	key, other := Ephemeral(), Ephemeral()
	sealed := key.Seal([]byte("Bearer abc"))
	if strings.Contains(string(sealed), "abc") || !strings.HasPrefix(string(sealed), "s2:") {
		t.Fatalf("sealed text %q shows its content or lacks its prefix", sealed)
	}
	if sealed == key.Seal([]byte("Bearer abc")) {
		t.Error("sealing twice gave the same text: equal credentials would show")
	}
	if plain, err := key.Open(sealed); err != nil || string(plain) != "Bearer abc" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := other.Open(sealed); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v, want ErrWrongKey", err)
	}
	if !key.Sealed(string(sealed)) || other.Sealed(string(sealed)) || key.Sealed("s1:abc") || key.Sealed("plain") {
		t.Error("Sealed takes something for sealed that is not, or the other way round")
	}
}

func TestOpenRefusesDamage(t *testing.T) {
	key := Ephemeral()
	sealed := string(key.Seal([]byte("credential")))
	for i := len(prefix); i < len(sealed); i++ {
		damaged := []byte(sealed)
		damaged[i] ^= 1
		if plain, err := key.Open(switchyard.Sealed(damaged)); err == nil {
			t.Fatalf("byte %d altered, yet it opened as %q", i, plain)
		}
	}
	for _, text := range []string{"", "s1:", "s1:AAAA", "s2:", "s2:AAAA", "s2::AAAA", "s3:AAAA", "***", "plain"} {
		if _, err := key.Open(switchyard.Sealed(text)); err == nil {
			t.Errorf("%q opened", text)
		}
	}
}

func TestKeyFrom(t *testing.T) {
	text := base64.StdEncoding.EncodeToString(make([]byte, KeyBytes))
	if _, err := KeyFrom(text + "\n"); err != nil {
		t.Errorf("a good key: %v", err)
	}
	for _, bad := range []string{"", "short", text[:20], base64.StdEncoding.EncodeToString(make([]byte, 31))} {
		_, err := KeyFrom(bad)
		if err == nil || !strings.Contains(err.Error(), "openssl rand -base64 32") {
			t.Errorf("KeyFrom(%q) = %v, want an error that says what to do", bad, err)
		}
		if err != nil && bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

// sealedBefore is a text that a version with one key sealed, and its key.
const (
	keyBefore    = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	sealedBefore = "s1:CwCyama3st5pyQAfq1LdBz2KJ5zufkAMth3DP/V8or3CqBMRg6Lf5I76uLPqTA"
)

// What one key sealed stays readable when another is put in front, also texts that do not say which
// key it was.
func TestFirstKeySealsAllOpen(t *testing.T) {
	old, err := KeyFrom(keyBefore)
	if err != nil {
		t.Fatal(err)
	}
	fresh := base64.StdEncoding.EncodeToString(randomBytes(KeyBytes))
	both, err := KeyFrom(fresh + " 2026-11-23T12:00:00Z\n# comment\n\n" + keyBefore + "\n" + keyBefore + "\n")
	if err != nil {
		t.Fatal(err)
	}
	infos := both.Keys()
	if len(infos) != 2 || infos[1].ID != old.Keys()[0].ID || infos[0].Since.Year() != 2026 || !infos[1].Since.IsZero() {
		t.Fatalf("keys %v", infos)
	}
	for _, text := range []string{sealedBefore, string(old.Seal([]byte("before")))} {
		plain, err := both.Open(switchyard.Sealed(text))
		if err != nil || string(plain) != "before" {
			t.Errorf("%s opened as %q, %v", text, plain, err)
		}
		if id, ok := both.SealedBy(text); !ok || id != infos[1].ID {
			t.Errorf("%s was sealed by %s, %v; want %s", text, id, ok, infos[1].ID)
		}
		if both.Current(text) || !old.Current(text) {
			t.Errorf("%s is taken for sealed with another key than the old one", text)
		}
	}
	sealed := both.Seal([]byte("now"))
	if !both.Current(string(sealed)) || !strings.HasPrefix(string(sealed), "s2:"+infos[0].ID+":") {
		t.Errorf("%s is not sealed with the first key", sealed)
	}
	if _, err := old.Open(sealed); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the old key alone: %v, want ErrWrongKey", err)
	}
	// The id only says where to look.
	if _, err := both.Open(switchyard.Sealed(strings.Replace(string(sealed), infos[0].ID, infos[1].ID, 1))); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the id of the other key: %v, want ErrWrongKey", err)
	}
}

func TestKeysWithCommas(t *testing.T) {
	a, b := base64.StdEncoding.EncodeToString(randomBytes(KeyBytes)), base64.StdEncoding.EncodeToString(randomBytes(KeyBytes))
	key, err := KeyFrom(a + "," + b)
	if err != nil || len(key.Keys()) != 2 {
		t.Fatalf("%v, %v", key, err)
	}
	for text, want := range map[string]string{
		a + ",nonsense": "key 2", a + " yesterday": "the key", a + " 2026-11-23T12:00:00Z more": "the key", ",": "the key",
		"# only a comment\n": "the key",
	} {
		_, err := KeyFrom(text)
		if err == nil || !strings.HasPrefix(err.Error(), want+" is not") || strings.Contains(err.Error(), a) {
			t.Errorf("KeyFrom(%q) = %v", text, err)
		}
	}
	if _, err := KeyFrom(strings.Repeat("\n", maxKeys)); err == nil {
		t.Error("no key at all was taken")
	}
	var many []string
	for range maxKeys + 1 {
		many = append(many, base64.StdEncoding.EncodeToString(randomBytes(KeyBytes)))
	}
	if _, err := KeyFrom(strings.Join(many, ",")); err == nil || !strings.Contains(err.Error(), "key prune") {
		t.Errorf("more keys than may be: %v", err)
	}
}

func TestKeysAreAddedAndDropped(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := os.WriteFile(path, []byte("# made by hand\n"+keyBefore), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	two, err := AddKey(link)
	if err != nil || len(two.Keys()) != 2 || two.Keys()[0].Since.IsZero() {
		t.Fatalf("AddKey: %v, %v", two, err)
	}
	if plain, err := two.Open(sealedBefore); err != nil || string(plain) != "before" {
		t.Errorf("after AddKey: %q, %v", plain, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file became %v, %v", info.Mode(), err)
	}
	one, err := DropKeys(path, []string{two.Keys()[0].ID, two.Keys()[1].ID})
	if err != nil || len(one.Keys()) != 1 || one.Keys()[0].ID != two.Keys()[0].ID {
		t.Fatalf("DropKeys leaves %v, %v; want the first alone", one, err)
	}
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), "# made by hand") || strings.Contains(string(text), keyBefore) {
		t.Errorf("the key file is %q", text)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".key-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := AddKey(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("AddKey without a file: %v", err)
	}
}

func TestKeyFileIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := LoadKey(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("LoadKey without a file: %v", err)
	}
	first, err := OpenKey(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, mode %v", err, info.Mode())
	}
	sealed := first.Seal([]byte("x"))
	again, err := OpenKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(sealed); err != nil {
		t.Errorf("the second start cannot open what the first sealed: %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".key-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestKeyFileOthersMayReadIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o666} {
		path := filepath.Join(t.TempDir(), "key")
		if _, err := OpenKey(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestKeyFileThatIsNoKeyIsRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := os.WriteFile(path, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that holds no key: %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "not a key" {
		t.Error("the file was replaced")
	}
	if _, err := OpenKey(dir); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := OpenKey(filepath.Join(dir, "absent", "key")); err == nil {
		t.Error("no folder, yet a key")
	}
}
