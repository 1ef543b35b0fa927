package seal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestPasswordVerifies(t *testing.T) {
	ctx := t.Context()
	h := NewHasher()
	stored := h.HashPassword("correct horse")
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(stored, "horse") {
		t.Fatalf("stored form %q", stored)
	}
	if stored == h.HashPassword("correct horse") {
		t.Error("two hashings share a salt")
	}
	// Another Hasher remembers nothing, so it really hashes.
	for _, hasher := range []*Hasher{h, NewHasher()} {
		for _, c := range []struct {
			password string
			want     bool
		}{{"correct horse", true}, {"correct horse", true}, {"Correct horse", false}, {"", false}} {
			if ok, err := hasher.VerifyPassword(ctx, stored, c.password); err != nil || ok != c.want {
				t.Errorf("VerifyPassword(%q) = %v, %v; want %v", c.password, ok, err, c.want)
			}
		}
	}
	if ok, err := h.VerifyPassword(ctx, "", ""); ok || err != nil {
		t.Errorf("no stored password: %v, %v; nothing may verify", ok, err)
	}
}

// The vector is of the argon2 reference command line tool:
// echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -e
func TestForeignPHCVerifies(t *testing.T) {
	const stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h := NewHasher()
	if ok, err := h.VerifyPassword(t.Context(), stored, "password"); !ok || err != nil {
		t.Errorf("VerifyPassword = %v, %v", ok, err)
	}
}

func TestUnreadablePHCIsAnErrorWithoutItsText(t *testing.T) {
	good := NewHasher().HashPassword("x")
	for name, bad := range map[string]string{
		"clear text":    "hunter2hunter2",
		"other variant": strings.Replace(good, "argon2id", "argon2i", 1),
		"old version":   strings.Replace(good, "v=19", "v=16", 1),
		"too dear":      strings.Replace(good, "m=19456", "m=99999999", 1),
		"too slow":      strings.Replace(good, "t=2", "t=4000", 1),
		"no passes":     strings.Replace(good, "t=2", "t=0", 1),
		"cut":           good[:len(good)-40],
		"more":          good + "$x",
	} {
		ok, err := NewHasher().VerifyPassword(t.Context(), bad, "x")
		if ok || err == nil {
			t.Errorf("%s: %v, %v; want an error", name, ok, err)
		}
		if err != nil && strings.Contains(err.Error(), bad) {
			t.Errorf("%s: the error shows the stored text", name)
		}
		if Hashed(bad) {
			t.Errorf("%s: taken for a hash", name)
		}
	}
	if !Hashed(good) || !Hashed(HashToken("x")) {
		t.Error("a hash is not recognised")
	}
	if Hashed("sha256:abc") || Hashed("sha256:"+strings.Repeat("A", 64)) || Hashed("") {
		t.Error("something else is taken for a hash")
	}
}

func TestVerifySecretKnowsBothForms(t *testing.T) {
	ctx := t.Context()
	h := NewHasher()
	secret := GenerateSecret()
	for _, stored := range []string{HashToken(secret), h.HashPassword(secret)} {
		if ok, err := h.VerifySecret(ctx, stored, secret); !ok || err != nil {
			t.Errorf("%.10s…: %v, %v", stored, ok, err)
		}
		if ok, err := h.VerifySecret(ctx, stored, secret+"x"); ok || err != nil {
			t.Errorf("%.10s…, wrong secret: %v, %v", stored, ok, err)
		}
	}
}

func TestGeneratedSecretsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		secret, signing := GenerateSecret(), GenerateSigningSecret()
		if seen[secret] || seen[signing] || len(secret) != 47 || len(signing) != 38 {
			t.Fatalf("%q %q: seen before, or of the wrong length", secret, signing)
		}
		seen[secret], seen[signing] = true, true
	}
}

func TestWaitForAHashingCanBeGivenUp(t *testing.T) {
	h := NewHasher()
	stored := NewHasher().HashPassword("x")
	h.slots <- struct{}{}
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.VerifyPassword(ctx, stored, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("both hashings busy, wait given up: %v", err)
	}
	<-h.slots
	if ok, err := h.VerifyPassword(t.Context(), stored, "x"); !ok || err != nil {
		t.Errorf("one hashing free again: %v, %v", ok, err)
	}
	<-h.slots
	if len(h.slots) != 0 {
		t.Error("a hashing was not given back")
	}
}

func TestVerificationIsRememberedWithBounds(t *testing.T) {
	h := NewHasher()
	stored := h.HashPassword("x")
	h.slots <- struct{}{}
	h.slots <- struct{}{}
	// Nothing can hash now, so this can only succeed from memory.
	if ok, err := h.VerifyPassword(t.Context(), stored, "x"); !ok || err != nil {
		t.Fatalf("not remembered: %v, %v", ok, err)
	}
	for i := range 3 * knownPairs {
		h.remember(h.pair("stored", fmt.Sprint(i)))
	}
	if len(h.known) != knownPairs || len(h.order) != knownPairs {
		t.Errorf("%d remembered, %d in order; want %d", len(h.known), len(h.order), knownPairs)
	}
	if h.knows(h.pair(stored, "x")) || !h.knows(h.pair("stored", fmt.Sprint(3*knownPairs-1))) {
		t.Error("the oldest is to be forgotten first")
	}
	if h.pair("ab", "c") == h.pair("a", "bc") {
		t.Error("two pairs run together")
	}
}

func TestHasherFromManyGoroutines(t *testing.T) {
	h := NewHasher()
	stored := HashToken("s")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				h.remember(h.pair(stored, fmt.Sprint(i, j)))
				if ok, _ := h.VerifySecret(t.Context(), stored, "s"); !ok {
					t.Error("a good secret failed")
				}
			}
		})
	}
	wg.Wait()
}
