package config

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/seal"
)

// DraftFile is what a draft is saved with. What was left out is nil.
type DraftFile struct {
	Name, Note *string
	Base       *int
	File       *File // the document
}

// draftMembers are the members of a draft. The last ones are shown and not taken, so that what was got
// can be put again.
var draftMembers = []string{"name", "note", "base", "document", "id", "revision", "created", "createdby", "saved", "savedby", "outdated"}

// ReadDraft reads the JSON object that saves a draft. Its document is read by the same rules as any:
// what cannot be read into an account is refused, with its line and column in source. What the document
// means is not looked at: a draft need not be valid.
func ReadDraft(source []byte) (*DraftFile, []Problem) {
	f := &File{Sheet: Sheet{source: source}}
	if p := unreadable(source); p != nil {
		return nil, f.place([]Problem{*p})
	}
	root, problem := parseJSON(source)
	if problem != nil {
		return nil, f.place([]Problem{*problem})
	}
	b := binder{settings: plan.AppletSettings()}
	draft := b.draft(root, f)
	if problems := b.problems.all(); len(problems) > 0 {
		return nil, f.place(problems)
	}
	return draft, nil
}

// draft binds the members; f becomes the file of the document.
func (b *binder) draft(root *node, f *File) *DraftFile {
	out := &DraftFile{}
	if !b.is(root, "", "a mapping", root.kind == mapping) {
		return out
	}
	for _, m := range b.once(root, "") {
		if !slices.Contains(draftMembers, m.key) {
			b.problems.addNear(Problem{Line: m.line, Column: m.col, Path: m.key,
				Text: "unknown key", Allowed: draftMembers[:4], Of: "a draft"}, m.key, draftMembers)
		}
		if m.value.kind == null {
			continue
		}
		switch m.key {
		case "name":
			out.Name = b.words(m, switchyard.MaxIDBytes, len(m.value.text))
		case "note":
			out.Note = b.words(m, switchyard.MaxNoteRunes, len([]rune(m.value.text)))
		case "base":
			base, err := strconv.Atoi(m.value.text)
			if b.is(m.value, m.key, "a version, which is a whole number", m.value.kind == number && err == nil) {
				out.Base = &base
			}
		case "document":
			f.root, f.Document = m.value, clone(b.document(m.value))
			out.File = f
		}
	}
	return out
}

// words reads what people say of a draft.
func (b *binder) words(m member, most, length int) *string {
	said := strings.TrimSpace(m.value.text)
	if !b.is(m.value, m.key, "text", m.value.kind.scalar()) {
		return nil
	}
	if length > most {
		b.fault(m.value, m.key, "is longer than %d characters", most)
	}
	if m.key == "name" && (said == "" || unfitName(said) != "") {
		b.fault(m.value, m.key, "must be a name: on one line, and not empty")
	}
	return &said
}

// PrepareDraft makes a document ready to be kept as a draft; it need not be valid. No credential stays
// in the clear: passwords and client secrets are hashed, all others sealed. It returns a copy.
//
// A credential that is masked is what the draft had before, else it stays masked: whatever is in force
// when the draft is published holds. So does one that was given though it is the one in force already;
// then a draft brings no password back that was changed while it lay.
//
// before is the document of the draft so far and live the one in force; either may be nil. The error
// is ctx's.
func PrepareDraft(ctx context.Context, doc, before, live *switchyard.Account, key *seal.Key, hasher *seal.Hasher) (*switchyard.Account, error) {
	p := draftPreparer{ctx: ctx, key: key, hasher: hasher, before: credentialsOf(before), live: credentialsOf(live)}
	out := clone(doc)
	credentials(out, func(path, value string) string { return p.kept(credentialID(out, path), value) })
	return out, p.err
}

type draftPreparer struct {
	ctx          context.Context
	key          *seal.Key
	hasher       *seal.Hasher
	before, live map[string]string // by credentialID
	err          error
}

// kept returns the form in which a credential is kept in a draft.
func (p *draftPreparer) kept(id, given string) string {
	before := p.before[id]
	switch {
	case p.err != nil:
		return switchyard.Masked
	case given == switchyard.Masked && before != "", given == before:
		return before
	case given == switchyard.Masked:
		return given
	case strings.HasPrefix(id, hashedOnes[0]):
		return p.hashed(given, before, p.live[id], "$")
	case strings.HasPrefix(id, hashedOnes[1]):
		return p.hashed(given, before, p.live[id], "")
	case p.key.Current(given):
		return given
	}
	if opened, err := p.key.Open(switchyard.Sealed(given)); err == nil { // by an older key
		given = string(opened)
	}
	if opened, err := p.key.Open(switchyard.Sealed(before)); err == nil && string(opened) == given {
		return before
	}
	return string(p.key.Seal([]byte(given)))
}

// hashed keeps a password or client secret. Only a hash that begins with form is taken for one, as by
// Prepare.
func (p *draftPreparer) hashed(given, before, live, form string) string {
	if strings.HasPrefix(given, form) && seal.Hashed(given) {
		return given
	}
	for _, stored := range []struct{ hash, kept string }{{before, before}, {live, switchyard.Masked}} {
		same, err := p.hasher.VerifySecret(p.ctx, stored.hash, given)
		if p.ctx.Err() != nil {
			p.err = context.Cause(p.ctx)
			return switchyard.Masked
		}
		if same && err == nil { // what cannot be read, such as ***, is not the same
			return stored.kept
		}
	}
	return p.hasher.HashPassword(given)
}

// hashedOnes begin the ids of credentials that are hashed.
var hashedOnes = [...]string{"agents\x00", "clients\x00"}

// credentialsOf gathers the credentials of a document by their ids. Of two with one id, which is a
// fault of the document, the first holds.
func credentialsOf(doc *switchyard.Account) map[string]string {
	all := map[string]string{}
	if doc == nil {
		return all
	}
	credentials(clone(doc), func(path, value string) string {
		if id := credentialID(doc, path); all[id] == "" {
			all[id] = value
		}
		return value
	})
	return all
}

// credentialID finds a credential again in another document: by the names on its path, which compare
// without case but for the ids of clients.
func credentialID(doc *switchyard.Account, path string) string {
	members := plan.Members(path)
	i, _ := strconv.Atoi(members[1])
	switch members[0] {
	case "agents":
		members[1] = doc.Agents[i].Username
	case "providers":
		members[1] = doc.Providers[i].Name
	case "clients":
		return strings.Join([]string{"clients", doc.Clients[i].ID, members[2]}, "\x00")
	}
	return switchyard.CaseKey(strings.Join(members, "\x00"))
}

// Opened returns a copy of a document with everything that is sealed in the clear, so that its texts
// can be checked. It is never to be shown or kept. What cannot be opened stays as it is.
func Opened(doc *switchyard.Account, key *seal.Key) *switchyard.Account {
	clear := clone(doc)
	credentials(clear, func(_, value string) string {
		if opened, err := key.Open(switchyard.Sealed(value)); err == nil {
			return string(opened)
		}
		return value
	})
	return clear
}
