package seal

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"
)

// The cost of hashing a password: OWASP's recommendation for argon2id, about 30 ms.
const (
	memoryKiB  = 19 << 10
	passes     = 2
	lanes      = 1
	saltBytes  = 16
	hashBytes  = 32
	hashesOnce = 2    // hashings at a time, so that a flood of sign-ins leaves room for work
	knownPairs = 1024 // successful verifications remembered
)

// Hasher hashes and verifies passwords and client secrets. One serves a whole process: it keeps at
// most two hashings going, and remembers recent successful verifications so that a client that asks
// for token after token costs one hashing. What it remembers is a keyed digest with a key of this
// process: it holds no credential, and nothing that helps to guess one outside.
type Hasher struct {
	slots chan struct{}
	key   []byte

	mu    sync.Mutex
	known map[[sha256.Size]byte]bool
	order [][sha256.Size]byte // a ring: the oldest is forgotten first
	next  int
}

// NewHasher makes a Hasher.
func NewHasher() *Hasher {
	return &Hasher{
		slots: make(chan struct{}, hashesOnce),
		key:   randomBytes(sha256.Size),
		known: make(map[[sha256.Size]byte]bool),
	}
}

// HashPassword returns the argon2id PHC string of a password with a fresh salt. It waits for one of
// the two hashings that may go on at a time.
func (h *Hasher) HashPassword(password string) string {
	p := phc{memory: memoryKiB, passes: passes, lanes: lanes, salt: randomBytes(saltBytes)}
	h.slots <- struct{}{}
	p.hash = p.derive(password, hashBytes)
	<-h.slots
	stored := p.String()
	h.remember(h.pair(stored, password))
	return stored
}

// VerifyPassword reports whether the password is the one that stored, an argon2id PHC string, was
// made from. An empty stored is no password at all: nothing verifies against it. The error says that
// stored cannot be read, or is ctx's when the wait for a hashing was given up.
func (h *Hasher) VerifyPassword(ctx context.Context, stored, password string) (bool, error) {
	if stored == "" {
		return false, nil
	}
	pair := h.pair(stored, password)
	if h.knows(pair) {
		return true, nil
	}
	p, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	got := p.derive(password, uint32(len(p.hash)))
	<-h.slots
	if subtle.ConstantTimeCompare(got, p.hash) != 1 {
		return false, nil
	}
	h.remember(pair)
	return true, nil
}

// VerifySecret reports whether secret is the one stored: a PHC string, or what HashToken made.
func (h *Hasher) VerifySecret(ctx context.Context, stored, secret string) (bool, error) {
	if strings.HasPrefix(stored, tokenPrefix) {
		return subtle.ConstantTimeCompare([]byte(stored), []byte(HashToken(secret))) == 1, nil
	}
	return h.VerifyPassword(ctx, stored, secret)
}

func (h *Hasher) pair(stored, password string) [sha256.Size]byte {
	m := hmac.New(sha256.New, h.key)
	fmt.Fprintf(m, "%d:%s%s", len(stored), stored, password)
	return [sha256.Size]byte(m.Sum(nil))
}

func (h *Hasher) knows(pair [sha256.Size]byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known[pair]
}

func (h *Hasher) remember(pair [sha256.Size]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known[pair] {
		return
	}
	h.known[pair] = true
	if len(h.order) < knownPairs {
		h.order = append(h.order, pair)
		return
	}
	delete(h.known, h.order[h.next])
	h.order[h.next] = pair
	h.next = (h.next + 1) % knownPairs
}

const tokenPrefix = "sha256:"

// HashToken hashes a generated secret. Such a secret has 256 random bits, so a fast hash does.
func HashToken(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return tokenPrefix + hex.EncodeToString(sum[:])
}

// Hashed reports whether text is a hash as this package stores them, so that it must not be hashed
// again.
func Hashed(text string) bool {
	if digest, ok := strings.CutPrefix(text, tokenPrefix); ok {
		raw, err := hex.DecodeString(digest)
		return err == nil && len(raw) == sha256.Size && strings.ToLower(digest) == digest
	}
	_, err := parsePHC(text)
	return err == nil
}

// GenerateSecret makes a client secret of 256 random bits.
func GenerateSecret() string {
	return "sws_" + base64.RawURLEncoding.EncodeToString(randomBytes(32))
}

// GenerateSigningSecret makes a provider's signing secret in the form of the Standard Webhooks
// specification.
func GenerateSigningSecret() string {
	return "whsec_" + base64.StdEncoding.EncodeToString(randomBytes(24))
}

// phc is an argon2id hash in the PHC string format.
type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, hash     []byte
}

func (p phc) derive(password string, length uint32) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, length)
}

func (p phc) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.lanes,
		enc.EncodeToString(p.salt), enc.EncodeToString(p.hash))
}

// errPHC carries no part of what could not be read: it may be a password in the wrong place.
var errPHC = errors.New("stored password is no argon2id PHC string with version 19 and a bearable cost")

// parsePHC reads a PHC string. Costs are bounded, so that a document cannot make each sign-in take
// minutes or gigabytes.
func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return phc{}, errPHC
	}
	var p phc
	var version int
	if n, err := fmt.Sscanf(parts[2]+"\n"+parts[3], "v=%d\nm=%d,t=%d,p=%d", &version, &p.memory, &p.passes, &p.lanes); n != 4 || err != nil {
		return phc{}, errPHC
	}
	var errSalt, errHash error
	p.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	p.hash, errHash = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	bearable := p.memory <= 256<<10 && p.passes >= 1 && p.passes <= 16 && p.lanes >= 1 && p.lanes <= 16
	whole := errSalt == nil && errHash == nil && len(p.salt) >= 8 && len(p.salt) <= 64 && len(p.hash) >= 16 && len(p.hash) <= 64
	// What is read but would be written otherwise holds more than is understood: a key's id, a line's end.
	if version != argon2.Version || !bearable || !whole || p.String() != text {
		return phc{}, errPHC
	}
	return p, nil
}
