package vcc

import "slices"

// fold is a byte in lower case. Only ASCII letters have case in the contract's names.
func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// equalFolded reports whether name, folded, is lower; both have the same length.
func equalFolded(lower string, name []byte) bool {
	for i, c := range name {
		if fold(c) != lower[i] {
			return false
		}
	}
	return true
}

// foldedNames is a set of names that fold case. It is made for the few unknown members of an honest
// body and stays fast for the thousands of a hostile one.
type foldedNames struct {
	few  []string
	many map[string]struct{}
}

const fewNames = 16

// add puts a name in the set and reports whether it was new.
func (s *foldedNames) add(name []byte) bool {
	folded := make([]byte, len(name))
	for i, c := range name {
		folded[i] = fold(c)
	}
	key := string(folded)
	if s.many == nil {
		if slices.Contains(s.few, key) {
			return false
		}
		if s.few = append(s.few, key); len(s.few) > fewNames {
			s.spread()
		}
		return true
	}
	if _, met := s.many[key]; met {
		return false
	}
	s.many[key] = struct{}{}
	return true
}

// spread goes on with a map, once a list has become slow to search.
func (s *foldedNames) spread() {
	s.many = make(map[string]struct{}, 4*fewNames)
	for _, name := range s.few {
		s.many[name] = struct{}{}
	}
	s.few = nil
}
