package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"switchyard"
)

// prefix begins everything sealed. Its number names the cipher (1 = XChaCha20-Poly1305 with a random
// nonce in front), so that a later one can be told apart.
const prefix = "s1:"

// KeyBytes is the length of a key.
const KeyBytes = chacha20poly1305.KeySize

// ErrWrongKey says that something was sealed with another key than this one, or was altered since.
var ErrWrongKey = errors.New("sealed with another key, or damaged: start the server with the key " +
	"file (or SWITCHYARD_KEY) that belongs to this data")

// Key seals and opens credentials. It may be used from several goroutines.
type Key struct{ aead cipher.AEAD }

// KeyFrom reads a key from text, as SWITCHYARD_KEY and the key file hold it: 32 bytes in base64.
func KeyFrom(text string) (*Key, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != KeyBytes {
		return nil, fmt.Errorf("the key is not %d bytes in base64: make one with `openssl rand -base64 %[1]d`", KeyBytes)
	}
	return newKey(raw), nil
}

// Ephemeral makes a key that nobody keeps, for servers that hold their data in memory.
func Ephemeral() *Key { return newKey(randomBytes(KeyBytes)) }

func newKey(raw []byte) *Key {
	aead, err := chacha20poly1305.NewX(raw)
	if err != nil {
		panic(err) // only of a wrong length, and that was checked
	}
	return &Key{aead}
}

// Seal encrypts a credential. The same credential seals to another text each time.
func (k *Key) Seal(plain []byte) switchyard.Sealed {
	nonce := randomBytes(k.aead.NonceSize())
	return switchyard.Sealed(prefix + base64.RawStdEncoding.EncodeToString(k.aead.Seal(nonce, nonce, plain, nil)))
}

// Open decrypts what Seal made. The error is ErrWrongKey, wrapped or not, unless the text is no
// sealed credential at all.
func (k *Key) Open(sealed switchyard.Sealed) ([]byte, error) {
	body, ok := strings.CutPrefix(string(sealed), prefix)
	if !ok {
		return nil, fmt.Errorf("open credential: it does not begin with %q, so it is not sealed or a newer server sealed it", prefix)
	}
	raw, err := base64.RawStdEncoding.Strict().DecodeString(body)
	if err != nil || len(raw) < k.aead.NonceSize() {
		return nil, ErrWrongKey
	}
	plain, err := k.aead.Open(nil, raw[:k.aead.NonceSize()], raw[k.aead.NonceSize():], nil)
	if err != nil {
		return nil, ErrWrongKey
	}
	return plain, nil
}

// Sealed reports whether text is a credential that this key sealed. Nobody can make such a text
// without the key, so it can be told from a credential that only looks like one.
func (k *Key) Sealed(text string) bool {
	if !strings.HasPrefix(text, prefix) {
		return false
	}
	_, err := k.Open(switchyard.Sealed(text))
	return err == nil
}

// randomBytes never fails: crypto/rand ends the process when the system has no randomness.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
