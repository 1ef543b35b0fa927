package routing

import "math/bits"

// bitset is a set of agent numbers. It is as long as its highest member needs; what lies beyond is
// not in it.
type bitset []uint64

func (s bitset) has(n int32) bool {
	w := int(n >> 6)
	return w < len(s) && s[w]>>(n&63)&1 == 1
}

func (s *bitset) set(n int32) {
	for int(n>>6) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[n>>6] |= 1 << (n & 63)
}

func (s bitset) clear(n int32) {
	if w := int(n >> 6); w < len(s) {
		s[w] &^= 1 << (n & 63)
	}
}

// put sets or clears n.
func (s *bitset) put(n int32, in bool) {
	if in {
		s.set(n)
	} else {
		s.clear(n)
	}
}

// word returns the i-th 64 members.
func (s bitset) word(i int) uint64 {
	if i < len(s) {
		return s[i]
	}
	return 0
}

// each calls f with every member, lowest first.
func (s bitset) each(f func(n int32)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			f(int32(i<<6 + bits.TrailingZeros64(w)))
		}
	}
}

// keep takes out of s what is not in o, and returns how many are left.
func (s bitset) keep(o bitset) int {
	n := min(len(s), len(o))
	clear(s[n:])
	s, o = s[:n], o[:n]
	left := 0
	for i := range s {
		if s[i] == 0 {
			continue
		}
		s[i] &= o[i]
		left += bits.OnesCount64(s[i])
	}
	return left
}
