package engine

import (
	"crypto/rand"
	mathrand "math/rand/v2"
)

// newEntropy returns a source of random numbers for one owner, seeded by the system's.
func newEntropy() func() uint64 {
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	return mathrand.NewChaCha8(seed).Uint64
}
