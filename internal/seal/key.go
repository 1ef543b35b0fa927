package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"switchyard"
)

// What begins everything sealed. Both name the same cipher, XChaCha20-Poly1305 with a random nonce in
// front. The second form says which key sealed: s2:<id of the key>:<base64>. The first is of versions
// that had one key; it is read for ever and written no more.
const (
	prefix      = "s2:"
	firstPrefix = "s1:"
)

// KeyBytes is the length of a key.
const KeyBytes = chacha20poly1305.KeySize

// maxKeys bounds how many keys there may be: each unnamed text is tried against all.
const maxKeys = 64

// ErrWrongKey says that something was sealed with none of the keys there are, or was altered since.
var ErrWrongKey = errors.New("sealed with another key, or damaged: start the server with the key " +
	"file (or SWITCHYARD_KEY) that belongs to this data")

// Key seals and opens credentials. It may hold several keys: the first one seals, each opens what it
// sealed. It may be used from several goroutines.
type Key struct{ keys []single }

// single is one key of a Key.
type single struct {
	KeyInfo
	aead cipher.AEAD
}

// KeyInfo tells one key from another without saying what it is.
type KeyInfo struct {
	ID    string    // eight hexadecimal digits
	Since time.Time // when it was made; zero when that is not known
}

// KeyFrom reads keys from text, as SWITCHYARD_KEY and the key file hold them: 32 bytes in base64
// each, the one that seals first, separated by commas or lines. Behind a key its line may say since
// when it is; lines that begin with # are comments.
func KeyFrom(text string) (*Key, error) {
	k := &Key{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for part := range strings.SplitSeq(line, ",") {
			if err := k.read(strings.Fields(part)); err != nil {
				return nil, err
			}
		}
	}
	if len(k.keys) == 0 {
		return nil, k.fault()
	}
	if len(k.keys) > maxKeys {
		return nil, fmt.Errorf("there are %d keys, and at most %d may be: `switchyard key prune` drops those that seal nothing any more", len(k.keys), maxKeys)
	}
	return k, nil
}

// read takes the next key: its base64, and perhaps since when it is.
func (k *Key) read(words []string) error {
	if len(words) == 0 {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(words[0])
	if err != nil || len(raw) != KeyBytes || len(words) > 2 {
		return k.fault()
	}
	one := newSingle(raw)
	if len(words) == 2 {
		if one.Since, err = time.Parse(time.RFC3339, words[1]); err != nil {
			return k.fault()
		}
	}
	if !k.has(one.ID) { // a key that is there twice is one key
		k.keys = append(k.keys, one)
	}
	return nil
}

// fault says which key cannot be read, and nothing of what stands there.
func (k *Key) fault() error {
	which := "the key"
	if n := len(k.keys); n > 0 {
		which = fmt.Sprintf("key %d", n+1)
	}
	return fmt.Errorf("%s is not %d bytes in base64, with nothing behind it but the moment it was made: make one with `openssl rand -base64 %[2]d`",
		which, KeyBytes)
}

// Ephemeral makes a key that nobody keeps, for servers that hold their data in memory.
func Ephemeral() *Key { return &Key{[]single{newSingle(randomBytes(KeyBytes))}} }

func newSingle(raw []byte) single {
	aead, err := chacha20poly1305.NewX(raw)
	if err != nil {
		panic(err) // only of a wrong length, and that was checked
	}
	return single{KeyInfo: KeyInfo{ID: idOf(raw)}, aead: aead}
}

// idOf names a key. Of 256 random bits a digest tells nothing.
func idOf(raw []byte) string {
	sum := sha256.Sum256(append([]byte("switchyard key id\x00"), raw...))
	return hex.EncodeToString(sum[:4])
}

// Keys lists the keys, the one that seals first.
func (k *Key) Keys() []KeyInfo {
	infos := make([]KeyInfo, len(k.keys))
	for n := range k.keys {
		infos[n] = k.keys[n].KeyInfo
	}
	return infos
}

func (k *Key) has(id string) bool {
	return slices.ContainsFunc(k.keys, func(s single) bool { return s.ID == id })
}

// Seal encrypts a credential with the first key. The same credential seals to another text each time.
func (k *Key) Seal(plain []byte) switchyard.Sealed {
	first := &k.keys[0]
	nonce := randomBytes(first.aead.NonceSize())
	return switchyard.Sealed(prefix + first.ID + ":" + base64.RawStdEncoding.EncodeToString(first.aead.Seal(nonce, nonce, plain, nil)))
}

// Open decrypts what Seal made. The error is ErrWrongKey, wrapped or not, unless the text is no
// sealed credential at all.
func (k *Key) Open(sealed switchyard.Sealed) ([]byte, error) {
	plain, _, err := k.open(string(sealed))
	return plain, err
}

// SealedBy returns the id of the key that sealed a text; false when none of these keys did. Nobody
// can make such a text without the key, so it can be told from one that only looks like it.
func (k *Key) SealedBy(text string) (id string, ok bool) {
	_, id, err := k.open(text)
	return id, err == nil
}

// Sealed reports whether text is a credential that one of the keys sealed.
func (k *Key) Sealed(text string) bool {
	_, ok := k.SealedBy(text)
	return ok
}

// LooksSealed reports whether text has the form of a sealed credential, for those who have no key.
func LooksSealed(text string) bool {
	return strings.HasPrefix(text, prefix) || strings.HasPrefix(text, firstPrefix)
}

// Current reports whether text was sealed with the first key.
func (k *Key) Current(text string) bool {
	id, ok := k.SealedBy(text)
	return ok && id == k.keys[0].ID
}

func (k *Key) open(text string) (plain []byte, id string, err error) {
	if body, old := strings.CutPrefix(text, firstPrefix); old {
		return k.openUnnamed(body)
	}
	body, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return nil, "", fmt.Errorf("open credential: it begins with neither %q nor %q, so it is not sealed or a newer server sealed it", prefix, firstPrefix)
	}
	id, body, _ = strings.Cut(body, ":")
	raw, err := base64.RawStdEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, "", ErrWrongKey
	}
	for n := range k.keys {
		if k.keys[n].ID == id {
			if plain, ok := k.keys[n].open(raw); ok {
				return plain, id, nil
			}
		}
	}
	return nil, "", ErrWrongKey
}

// openUnnamed opens a text that does not say which key sealed it, by trying each.
func (k *Key) openUnnamed(body string) (plain []byte, id string, err error) {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, "", ErrWrongKey
	}
	for n := range k.keys {
		if plain, ok := k.keys[n].open(raw); ok {
			return plain, k.keys[n].ID, nil
		}
	}
	return nil, "", ErrWrongKey
}

func (s *single) open(raw []byte) ([]byte, bool) {
	if len(raw) < s.aead.NonceSize() {
		return nil, false
	}
	plain, err := s.aead.Open(nil, raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():], nil)
	return plain, err == nil
}

// randomBytes never fails: crypto/rand ends the process when the system has no randomness.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
