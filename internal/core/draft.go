package core

import (
	"slices"

	"switchyard"
)

// Draft is a document that is being prepared and not in force. Its credentials are hashed or sealed;
// one that is to stay what it is in force is switchyard.Masked or absent.
type Draft struct {
	ID        int                 `json:"id"`       // from 1; never used again
	Revision  int                 `json:"revision"` // from 1; counts its saves
	Name      string              `json:"name"`
	Note      string              `json:"note,omitzero"`
	Base      int                 `json:"base"` // config version it was begun from
	Created   switchyard.Instant  `json:"created"`
	CreatedBy string              `json:"createdby"`
	Saved     switchyard.Instant  `json:"saved"`
	SavedBy   string              `json:"savedby"`
	Document  *switchyard.Account `json:"document,omitempty"`
}

// Drafts returns the drafts, oldest first.
func (s *State) Drafts() []*Draft {
	out := make([]*Draft, 0, len(s.drafts))
	for _, id := range slices.Sorted(keys(s.drafts)) {
		out = append(out, s.drafts[id])
	}
	return out
}

// Draft returns a draft; nil if there is none.
func (s *State) Draft(id int) *Draft { return s.drafts[id] }

// draft finds a draft as its caller knows it. Expect is the revision it must have; 0 = any.
func (s *State) draft(id, expect int) (*Draft, *switchyard.Error) {
	d := s.drafts[id]
	switch {
	case d == nil:
		return nil, switchyard.Refuse(switchyard.NotFound, "the account has no draft %d; it was never there, or was published or dropped", id)
	case expect != 0 && d.Revision != expect:
		return nil, switchyard.Refuse(switchyard.DraftChanged,
			"draft %d is at revision %d, saved by %s at %v; you have revision %d: read it again and make your change there",
			id, d.Revision, d.SavedBy, d.Saved, expect)
	}
	return d, nil
}

// decideSaveDraft keeps a new draft, or a new revision of one.
func (s *State) decideSaveDraft(in *switchyard.SaveDraft) (any, *switchyard.Error) {
	if in.Document.Account != s.account {
		return nil, switchyard.Refuse(switchyard.AccountMismatch,
			"the document is of account %q and cannot be a draft of account %q", in.Document.Account, s.account)
	}
	e := &switchyard.DraftSaved{Draft: in.Draft, Name: in.Name, Note: in.Note, Base: in.Base, By: s.env.By, Document: in.Document}
	if in.Draft == 0 {
		if len(s.drafts) >= switchyard.MaxDrafts {
			return nil, switchyard.Refuse(switchyard.TooManyDrafts,
				"the account has %d drafts, as many as it may; publish or drop one", len(s.drafts))
		}
		e.Draft, e.Revision = s.lastDraft+1, 1
	} else {
		d, refused := s.draft(in.Draft, in.Expect)
		if refused != nil {
			return nil, refused
		}
		e.Revision = d.Revision + 1
	}
	if in.Base < 0 || in.Base > s.config.Version {
		return nil, switchyard.Refuse(switchyard.ConfigVersionUnknown,
			"base: the account has no config version %d; version %d is in force", in.Base, s.config.Version)
	}
	s.emit(e)
	told := *s.drafts[e.Draft]
	told.Document = nil
	return told, nil
}

func (s *State) decideDropDraft(in *switchyard.DropDraft) *switchyard.Error {
	d, refused := s.draft(in.Draft, in.Expect)
	if refused == nil {
		s.emit(&switchyard.DraftDropped{Draft: d.ID, Name: d.Name, Why: "dropped"})
	}
	return refused
}

// publishedDraft finds the draft that a document is published from, nil when there is none. Publishing
// one that was begun from an older version would undo what was published since.
func (s *State) publishedDraft(in *switchyard.Publish) (*Draft, *switchyard.Error) {
	if in.Draft == 0 {
		return nil, nil
	}
	d, refused := s.draft(in.Draft, in.Expect)
	if refused == nil && d.Base != s.config.Version && !in.Force {
		refused = switchyard.Refuse(switchyard.DraftOutdated,
			"draft %d was begun from version %d, and version %d is in force, by %s: see what it would undo, save it with base %d, or force it",
			d.ID, d.Base, s.config.Version, s.config.Source, s.config.Version)
	}
	return d, refused
}

// dropPublished lets a draft go in the row that publishes it, so that there is no moment with both or
// neither.
func (s *State) dropPublished(d *Draft, version int) {
	if d != nil {
		s.emit(&switchyard.DraftDropped{Draft: d.ID, Name: d.Name, Why: "published", Version: version})
	}
}

func (s *State) foldDraftSaved(e *switchyard.DraftSaved) {
	doc := e.Document
	d := &Draft{ID: e.Draft, Revision: e.Revision, Name: e.Name, Note: e.Note, Base: e.Base,
		Created: s.now, CreatedBy: e.By, Saved: s.now, SavedBy: e.By, Document: &doc}
	if before := s.drafts[e.Draft]; before != nil {
		d.Created, d.CreatedBy = before.Created, before.CreatedBy
	}
	s.drafts[d.ID], s.lastDraft = d, max(s.lastDraft, d.ID)
	s.changes.draft(d.ID)
}

func (s *State) foldDraftDropped(e *switchyard.DraftDropped) {
	if s.drafts[e.Draft] == nil {
		broken("draft %d is dropped, which is not there", e.Draft)
	}
	delete(s.drafts, e.Draft)
	s.changes.draft(e.Draft)
}
