package core

import (
	"encoding/json"
	"slices"

	"switchyard"
)

// foldResealed puts resealed texts in the places of the old ones. Documents are replaced, not changed:
// others may be reading them.
func (s *State) foldResealed(e *switchyard.CredentialsResealed) {
	with := switchyard.Replacements(e.Texts)
	for _, c := range s.versions {
		if doc, changed := ResealDocument(c.Document, with); changed {
			c.Document = doc
			s.changes.config(c.Version)
		}
	}
	for id, d := range s.drafts {
		if doc, changed := ResealDocument(d.Document, with); changed {
			resealed := *d
			resealed.Document = doc
			s.drafts[id] = &resealed
			s.changes.draft(id)
		}
	}
	for key, p := range s.providers {
		if p.Reseal(with) {
			s.changes.provider(key)
		}
	}
	for n, kept := range s.answers.order {
		if text, changed := switchyard.ReplaceSealed([]byte(kept.Answer), with); changed {
			resealed := *kept
			resealed.Answer = string(text)
			s.answers.order[n] = &resealed
			if s.answers.byKey[kept.Key] == kept {
				s.answers.byKey[kept.Key] = &resealed
				s.changes.mark(KindAnswer, kept.Key)
			}
		}
	}
}

// ResealDocument returns a document with resealed texts, wherever in it they stand, and whether there
// were any. The document itself stays as it is.
func ResealDocument(doc *switchyard.Account, with map[switchyard.Sealed]switchyard.Sealed) (*switchyard.Account, bool) {
	text, changed := switchyard.ReplaceSealed(documentText(doc), with)
	if !changed {
		return doc, false
	}
	resealed := &switchyard.Account{}
	err := json.Unmarshal(text, resealed)
	assert(err == nil, "resealed document: %v", err)
	return resealed, true
}

func documentText(doc *switchyard.Account) []byte {
	text, err := json.Marshal(doc)
	assert(err == nil, "document: %v", err)
	return text
}

// Reseal puts resealed texts in the places of the old ones, and reports whether there were any.
func (p *Provider) Reseal(with map[switchyard.Sealed]switchyard.Sealed) (changed bool) {
	for _, text := range []*switchyard.Sealed{&p.Headers, &p.Secret, &p.Old} {
		if resealed := with[*text]; resealed != "" {
			*text, changed = resealed, true
		}
	}
	return changed
}

// Credentials calls f with every sealed credential in use: those of the config in force and of the
// providers, a secret that only overlaps included.
func (s *State) Credentials(f func(switchyard.Sealed)) {
	if s.config != nil {
		switchyard.EachSealed(documentText(s.config.Document), f)
	}
	for _, key := range slices.Sorted(keys(s.providers)) {
		p := s.providers[key]
		for _, text := range []switchyard.Sealed{p.Headers, p.Secret, p.Old} {
			if text != "" {
				f(text)
			}
		}
	}
}

// EachSealed calls f with everything sealed that the state holds: the credentials in use, those of
// older versions that live work is in, those of drafts, and those in answers kept for a repeated call.
func (s *State) EachSealed(f func(switchyard.Sealed)) {
	s.Credentials(f)
	for _, version := range slices.Sorted(keys(s.versions)) {
		switchyard.EachSealed(documentText(s.versions[version].Document), f)
	}
	for _, d := range s.Drafts() {
		switchyard.EachSealed(documentText(d.Document), f)
	}
	for _, kept := range s.answers.order {
		switchyard.EachSealed([]byte(kept.Answer), f)
	}
}
