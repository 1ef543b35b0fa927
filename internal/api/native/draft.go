package native

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"switchyard"
	"switchyard/internal/config"
	"switchyard/internal/core"
)

// Draft is a document that is being prepared and not in force.
type Draft struct {
	ID        int                 `json:"id" example:"3"`
	Revision  int                 `json:"revision" doc:"Counts its saves; the ETag."`
	Name      string              `json:"name"`
	Note      string              `json:"note,omitempty"`
	Base      int                 `json:"base" doc:"Config version it was begun from."`
	Outdated  bool                `json:"outdated" doc:"Another version is in force than the one it was begun from."`
	Created   switchyard.Instant  `json:"created" format:"date-time"`
	CreatedBy string              `json:"createdby"`
	Saved     switchyard.Instant  `json:"saved" format:"date-time"`
	SavedBy   string              `json:"savedby"`
	Document  *switchyard.Account `json:"document,omitempty" doc:"Credentials masked; only when one draft is asked for."`
}

// SavedDraft answers a save.
type SavedDraft struct {
	Draft
	Problems []Fault `json:"problems" doc:"What is wrong with the document that was sent, with its place in the body; it is kept all the same."`
}

// DraftIn is what a draft is saved with.
type DraftIn struct {
	Name     string              `json:"name,omitempty" maxLength:"255" doc:"What it is about; a new draft needs one."`
	Note     string              `json:"note,omitempty" maxLength:"2000" doc:"Why it is made, for whoever publishes it."`
	Base     int                 `json:"base,omitempty" doc:"Config version it stands on; of a new draft the one in force. Give the one in force to say that you have taken it in."`
	Document *switchyard.Account `json:"document,omitempty" doc:"It need not be valid yet. A credential that is *** or left out stays what the draft has, or else what is in force."`
}

// DraftPreview is what publishing a draft would do.
type DraftPreview struct {
	Preview
	Revision int      `json:"revision" doc:"The revision that was looked at."`
	Base     int      `json:"base" doc:"Config version it was begun from."`
	Version  int      `json:"version" doc:"The version in force."`
	Since    []string `json:"since" doc:"What became different between the two, in words: publishing by force may undo it."`
}

// ByDraft names a draft in the path.
type ByDraft struct {
	ID string `path:"id" example:"3"`
}

// MatchedDraft names a draft that the caller has read.
type MatchedDraft struct {
	ByDraft
	IfMatch string `header:"If-Match" doc:"The ETag the draft must have, so that nobody else's save is lost."`
}

type (
	publishDraftIn struct {
		MatchedDraft
		Force bool `query:"force" doc:"Also when another version came since the draft was begun; it is undone where the draft differs."`
	}
	draftList struct{ Body List[Draft] }
	draftOut  struct {
		ETag string `header:"ETag" doc:"The revision."`
		Body Draft
	}
	savedDraftOut struct {
		ETag string `header:"ETag" doc:"The revision."`
		Body SavedDraft
	}
	draftPreviewOut struct{ Body DraftPreview }
)

func showDraft(d *core.Draft, version int) Draft {
	return Draft{ID: d.ID, Revision: d.Revision, Name: d.Name, Note: d.Note, Base: d.Base, Outdated: d.Base != version,
		Created: d.Created, CreatedBy: d.CreatedBy, Saved: d.Saved, SavedBy: d.SavedBy}
}

func etagOf(revision int) string { return strconv.Quote(strconv.Itoa(revision)) }

func (a *api) listDrafts(ctx context.Context, c *call, _ *struct{}) (*draftList, error) {
	out := &draftList{List[Draft]{Items: []Draft{}}}
	err := a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) {
		for _, d := range s.Drafts() { // there are none without a config in force
			out.Body.Items = append(out.Body.Items, showDraft(d, s.Config().Version))
		}
	})
	return out, err
}

// standing is a draft beside the config in force. Neither changes: another save makes another draft of
// the same id.
type standing struct {
	*core.Draft
	live    *switchyard.Account
	version int
}

// draft finds a draft, and what is in force.
func (a *api) draft(ctx context.Context, c *call, in ByDraft) (st standing, err error) {
	id, err := strconv.Atoi(in.ID)
	if err != nil {
		return st, problem(switchyard.NotFound, "%q is no draft; the ids of drafts are whole numbers", in.ID)
	}
	err = a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) {
		if d := s.Draft(id); d != nil {
			st = standing{d, s.Config().Document, s.Config().Version}
		}
	})
	if err == nil && st.Draft == nil {
		err = problem(switchyard.NotFound, "the account has no draft %d; GET /v1/config/drafts lists what there is", id)
	}
	return st, err
}

// matched finds a draft that must be what the caller has seen.
func (a *api) matched(ctx context.Context, c *call, in MatchedDraft) (standing, error) {
	st, err := a.draft(ctx, c, in.ByDraft)
	if err == nil && !matches(in.IfMatch, etagOf(st.Revision)) {
		err = problem(switchyard.DraftChanged, "If-Match: draft %d is at revision %d, saved by %s at %v; read it again and make your change there",
			st.ID, st.Revision, st.SavedBy, st.Saved)
	}
	return st, err
}

// matches compares an entity tag with those of an If-Match header, which may be absent (RFC 9110 §13.1.1).
func matches(header, etag string) bool {
	if header == "" || strings.TrimSpace(header) == "*" {
		return true
	}
	for tag := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(tag) == etag {
			return true
		}
	}
	return false
}

func (a *api) getDraft(ctx context.Context, c *call, in *ByDraft) (*draftOut, error) {
	st, err := a.draft(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	out := &draftOut{etagOf(st.Revision), showDraft(st.Draft, st.version)}
	out.Body.Document = config.Mask(st.Document)
	return out, nil
}

// createDraft keeps a new draft.
func (a *api) createDraft(ctx context.Context, c *call, _ *struct{}) (*savedDraftOut, error) {
	if answer, again, err := a.repeated(ctx, c, &switchyard.SaveDraft{}); err != nil || again {
		return a.savedDraft(ctx, c, answer, err, nil)
	}
	in, err := a.readDraft(c)
	if err != nil {
		return nil, err
	}
	if in.Name == nil {
		return nil, problem(switchyard.Malformed, "name is missing; say what the draft is about")
	}
	live, version, err := a.current(ctx, c.Account)
	if err != nil {
		return nil, err
	}
	save := &switchyard.SaveDraft{Base: version}
	if in.File == nil && live != nil {
		save.Document = *config.Mask(live)
	}
	return a.keepDraft(ctx, c, save, in, nil, live)
}

// saveDraft makes a new revision of a draft. A revision that comes between the reading and the saving
// is never lost: what was read is what is replaced.
func (a *api) saveDraft(ctx context.Context, c *call, in *MatchedDraft) (*savedDraftOut, error) {
	if answer, again, err := a.repeated(ctx, c, &switchyard.SaveDraft{}); err != nil || again {
		return a.savedDraft(ctx, c, answer, err, nil)
	}
	st, err := a.matched(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	said, err := a.readDraft(c)
	if err != nil {
		return nil, err
	}
	save := &switchyard.SaveDraft{Draft: st.ID, Expect: st.Revision, Name: st.Name, Note: st.Note, Base: st.Base, Document: *st.Document}
	return a.keepDraft(ctx, c, save, said, st.Document, st.live)
}

// readDraft reads what a draft is saved with, and refuses what no draft can be.
func (a *api) readDraft(c *call) (*config.DraftFile, error) {
	in, problems := config.ReadDraft(c.body)
	if in == nil {
		return nil, illegible(c, problems)
	}
	if in.File == nil {
		return in, nil
	}
	if in.File.Document.Account == "" {
		in.File.Document.Account = c.Account
	}
	return in, acceptable(c, in.File.Document)
}

// keepDraft saves what was said over what is there.
func (a *api) keepDraft(ctx context.Context, c *call, save *switchyard.SaveDraft, in *config.DraftFile, before, live *switchyard.Account) (*savedDraftOut, error) {
	if in.Name != nil {
		save.Name = *in.Name
	}
	if in.Note != nil {
		save.Note = *in.Note
	}
	if in.Base != nil {
		save.Base = *in.Base
	}
	var problems []config.Problem
	if in.File != nil {
		prepared, err := config.PrepareDraft(ctx, in.File.Document, before, live, a.Key, a.Hasher)
		if err != nil {
			return nil, err
		}
		save.Document, problems = *prepared, in.File.Check(a.Rules)
	}
	save.Document.Account = c.Account
	return a.submitDraft(ctx, c, save, problems)
}

func (a *api) submitDraft(ctx context.Context, c *call, save *switchyard.SaveDraft, problems []config.Problem) (*savedDraftOut, error) {
	answer, err := a.do(ctx, c, save)
	return a.savedDraft(ctx, c, answer, err, problems)
}

func (a *api) savedDraft(ctx context.Context, c *call, answer any, err error, problems []config.Problem) (*savedDraftOut, error) {
	if err != nil {
		return nil, err
	}
	kept, err := decodeAnswer[core.Draft](answer)
	if err != nil {
		return nil, err
	}
	_, version, err := a.current(ctx, c.Account)
	return &savedDraftOut{etagOf(kept.Revision), SavedDraft{showDraft(kept, version), append([]Fault{}, faultsOf(problems)...)}}, err
}

// repeated answers a call about a draft that came before with its Idempotency-Key: the draft may be
// another by now, or gone. What is submitted for it says nothing, and the core refuses it when the key
// has meanwhile become too old: then the call counts as new.
func (a *api) repeated(ctx context.Context, c *call, empty switchyard.Input) (answer any, again bool, err error) {
	if c.key == "" {
		return nil, false, nil
	}
	err = a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) { again = s.Answered(c.key, now) })
	if err != nil || !again {
		return nil, false, err
	}
	answer, err = a.do(ctx, c, empty)
	var refused *switchyard.Error
	if errors.As(err, &refused) && (refused.Code == switchyard.AccountMismatch || refused.Code == switchyard.NotFound) {
		return nil, false, nil
	}
	return answer, true, err
}

func (a *api) dropDraft(ctx context.Context, c *call, in *MatchedDraft) (*nothing, error) {
	if _, again, err := a.repeated(ctx, c, &switchyard.DropDraft{}); err != nil || again {
		return nil, err
	}
	st, err := a.matched(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	drop := &switchyard.DropDraft{Draft: st.ID}
	if in.IfMatch != "" {
		drop.Expect = st.Revision
	}
	_, err = a.do(ctx, c, drop)
	return nil, err
}

// checkDraft looks at a draft as it is kept, or as it would be were the body saved.
func (a *api) checkDraft(ctx context.Context, c *call, in *ByDraft) (*draftPreviewOut, error) {
	st, err := a.draft(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	doc, located := st.Document, asIs
	var problems []config.Problem
	if len(c.body) == 0 {
		problems = a.Rules.Check(config.Opened(doc, a.Key))
	} else if doc, problems, located, err = a.unsaved(ctx, c, st); err != nil {
		return nil, err
	}
	out := &draftPreviewOut{DraftPreview{Revision: st.Revision, Base: st.Base, Version: st.version, Since: []string{}}}
	if out.Body.Preview, err = a.preview(ctx, c, doc, problems, located); err != nil || st.Base == st.version {
		return out, err
	}
	out.Body.Problems = append(out.Body.Problems, Fault{Path: "base", Warning: true,
		Text: "version " + strconv.Itoa(st.version) + " is in force and the draft was begun from version " + strconv.Itoa(st.Base) +
			": publishing needs force, and undoes what came since (see since) unless the draft says it too"})
	found, base, err := a.pastConfig(ctx, c.Account, st.Base)
	if err == nil && found != nil {
		out.Body.Since = append(out.Body.Since, config.Diff(base, st.live)...)
	}
	return out, err
}

// unsaved is the document that a save of the body would keep, and what is wrong with it.
func (a *api) unsaved(ctx context.Context, c *call, st standing) (*switchyard.Account, []config.Problem, func(error) error, error) {
	in, err := a.readDraft(c)
	if err != nil {
		return nil, nil, nil, err
	}
	if in.File == nil {
		return nil, nil, nil, problem(switchyard.Malformed, "document is missing; leave the body out to check the draft as it is kept")
	}
	doc, err := config.PrepareDraft(ctx, in.File.Document, st.Document, st.live, a.Key, a.Hasher)
	return doc, in.File.Check(a.Rules), in.File.Located, err
}

// asIs is for problems of a document that was sent long ago: they have no place in this call.
func asIs(err error) error { return err }

// publishDraft makes a draft the config. The core lets the draft go in the same row.
func (a *api) publishDraft(ctx context.Context, c *call, in *publishDraftIn) (*publishedOut, error) {
	if out, answered, err := a.answerAgain(ctx, c); err != nil || answered {
		return out, err
	}
	defer a.publishing(c.Account)()
	st, err := a.matched(ctx, c, in.MatchedDraft)
	if err != nil {
		return nil, err
	}
	problems := a.Rules.Check(config.Opened(st.Document, a.Key))
	if config.Refused(problems) {
		return nil, invalid(problems)
	}
	if err := a.clientsFree(ctx, c.Account, st.Document); err != nil {
		return nil, err
	}
	prepared, registers, err := config.Prepare(ctx, st.Document, st.live, a.Key, a.Hasher)
	if err != nil {
		return nil, orInvalid(err)
	}
	out, err := a.submitDocument(ctx, c, &switchyard.Publish{Document: *prepared, Source: "draft " + strconv.Itoa(st.ID) + ": " + st.Name,
		TimeZones: config.TimeZones, Registers: registers, Draft: st.ID, Expect: st.Revision, Force: in.Force})
	if err == nil {
		out.Body.Warnings = faultsOf(problems)
	}
	return out, err
}
