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
	if strings.Contains(string(sealed), "abc") || !strings.HasPrefix(string(sealed), "s1:") {
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
	for _, text := range []string{"", "s1:", "s1:AAAA", "s2:AAAA", "***", "plain"} {
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
