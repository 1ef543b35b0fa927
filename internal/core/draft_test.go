package core

import (
	"strings"
	"testing"

	"switchyard"
)

func draftOf(skill string) switchyard.Account {
	doc := trialAccount()
	doc.Skills = []string{skill}
	return doc
}

// refuses expects an input to be refused with a code, and to change nothing.
func (p *player) refuses(code switchyard.Code, in switchyard.Input) {
	p.t.Helper()
	rows := len(p.rows)
	if d := p.do(in); d.Refused == nil || d.Refused.Code != code || len(p.rows) != rows {
		p.t.Fatalf("%s: refused with %v, not %s", in.InputType(), d.Refused, code)
	}
}

func (p *player) lastEvents() string {
	var types []string
	for _, e := range p.rows[len(p.rows)-1].events {
		types = append(types, e.EventType())
	}
	return strings.Join(types, " ")
}

func TestDraftIsSavedPublishedAndGone(t *testing.T) {
	p := player{world: newWorld(t, trialAccount())}
	first := p.must(&switchyard.SaveDraft{Name: "Next week", Note: "why", Base: 1, Document: draftOf("a")}).(Draft)
	if first.ID != 1 || first.Revision != 1 || first.CreatedBy != "test" || first.Document != nil {
		t.Fatalf("%+v", first)
	}
	p.advance(switchyard.Minute)
	second := p.must(&switchyard.SaveDraft{Draft: 1, Expect: 1, Name: "Next week", Base: 1, Document: draftOf("b")}).(Draft)
	if second.Revision != 2 || second.Created != first.Created || second.Saved == first.Saved {
		t.Fatalf("%+v", second)
	}
	p.restart(len(p.rows) / 2)
	if d := p.s.Draft(1); d == nil || d.Document.Skills[0] != "b" {
		t.Fatalf("after a restart: %+v", d)
	}
	p.refuses(switchyard.DraftChanged, &switchyard.SaveDraft{Draft: 1, Expect: 1, Name: "late", Document: draftOf("c")})
	p.refuses(switchyard.DraftChanged, &switchyard.DropDraft{Draft: 1, Expect: 1})
	p.refuses(switchyard.DraftChanged, &switchyard.Publish{Draft: 1, Expect: 1, Document: draftOf("b"), Source: "draft 1"})
	p.refuses(switchyard.NotFound, &switchyard.SaveDraft{Draft: 2, Document: draftOf("c")})
	p.refuses(switchyard.ConfigVersionUnknown, &switchyard.SaveDraft{Base: 2, Document: draftOf("c")})
	p.refuses(switchyard.ConfigVersionUnknown, &switchyard.SaveDraft{Base: -1, Document: draftOf("c")})
	out := p.must(&switchyard.Publish{Draft: 1, Expect: 2, Document: draftOf("b"), Source: "draft 1"}).(Published)
	if out != (Published{2, true}) || p.lastEvents() != "config.published config.draftdropped" || len(p.s.Drafts()) != 0 {
		t.Fatalf("%+v by %s leaves %d drafts", out, p.lastEvents(), len(p.s.Drafts()))
	}
	p.refuses(switchyard.NotFound, &switchyard.Publish{Draft: 1, Document: draftOf("b"), Source: "draft 1"})
	if again := p.must(&switchyard.SaveDraft{Name: "n", Base: 2, Document: draftOf("b")}).(Draft); again.ID != 2 {
		t.Fatalf("an id is used again: %+v", again)
	}
	out = p.must(&switchyard.Publish{Draft: 2, Document: draftOf("b"), Source: "draft 2"}).(Published)
	if out != (Published{2, false}) || p.lastEvents() != "config.draftdropped" {
		t.Fatalf("a draft that says what is in force: %+v by %s", out, p.lastEvents())
	}
	p.checkRebuilt()
}

func TestOutdatedDraftIsPublishedByForceOnly(t *testing.T) {
	p := player{world: newWorld(t, trialAccount())}
	p.must(&switchyard.SaveDraft{Name: "n", Base: 1, Document: draftOf("a")})
	p.must(&switchyard.Publish{Document: draftOf("b"), Source: "api"})
	p.refuses(switchyard.DraftOutdated, &switchyard.Publish{Draft: 1, Document: draftOf("a"), Source: "draft 1"})
	p.must(&switchyard.Publish{Draft: 1, Document: draftOf("a"), Source: "draft 1", Force: true})
	if s := p.s.Config().Document.Skills[0]; s != "a" || p.s.Config().Version != 3 {
		t.Errorf("version %d has skill %s", p.s.Config().Version, s)
	}
	// One that was brought up to date needs no force.
	p.must(&switchyard.SaveDraft{Name: "n", Base: 1, Document: draftOf("c")})
	p.must(&switchyard.SaveDraft{Draft: 2, Name: "n", Base: 3, Document: draftOf("c")})
	p.must(&switchyard.Publish{Draft: 2, Document: draftOf("c"), Source: "draft 2"})
	p.checkRebuilt()
}

func TestDraftsAreBounded(t *testing.T) {
	p := player{world: newWorld(t, trialAccount())}
	for range switchyard.MaxDrafts {
		p.must(&switchyard.SaveDraft{Name: "n", Base: 1, Document: draftOf("a")})
	}
	p.refuses(switchyard.TooManyDrafts, &switchyard.SaveDraft{Name: "n", Base: 1, Document: draftOf("a")})
	p.must(&switchyard.DropDraft{Draft: 7})
	if d := p.must(&switchyard.SaveDraft{Name: "n", Base: 1, Document: draftOf("a")}).(Draft); d.ID != switchyard.MaxDrafts+1 {
		t.Errorf("%+v", d)
	}
	// A draft need not be valid; it cannot be published as it is.
	p.must(&switchyard.SaveDraft{Draft: 8, Name: "broken", Base: 1, Document: switchyard.Account{Account: "acme", Routes: []switchyard.Route{{Name: "R", Plan: "none"}}}})
	p.refuses(switchyard.ConfigInvalid, &switchyard.Publish{Draft: 8, Document: *p.s.Draft(8).Document, Source: "draft 8"})
	p.checkRebuilt()
}

// A repeated save is answered as the first time, and the answer that is kept holds no document.
func TestRepeatedSaveIsAnsweredAgain(t *testing.T) {
	p := player{world: newWorld(t, trialAccount())}
	save := func() Draft {
		env := switchyard.Envelope{Seq: p.s.Seq() + 1, At: p.s.Now(), By: "user:root", Key: "k", Body: "b",
			Input: &switchyard.SaveDraft{Name: "n", Base: 1, Document: draftOf("secret")}}
		d := p.s.Decide(&env)
		for _, e := range d.Events {
			if kept, is := e.(*switchyard.AnswerKept); is && strings.Contains(kept.Answer, "secret") {
				t.Errorf("the answer kept is %s", kept.Answer)
			}
		}
		return d.Answer.(Draft)
	}
	if first, again := save(), save(); first != again || first.ID != 1 || len(p.s.Drafts()) != 1 {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

// When the sealing key rotates, drafts are sealed anew too; whoever reads one meanwhile is not disturbed.
func TestResealReachesDrafts(t *testing.T) {
	p := player{world: newWorld(t, trialAccount())}
	doc := draftOf("a")
	doc.Secrets = map[string]string{"key": "s1:old", "other": "s1:stays"}
	p.must(&switchyard.SaveDraft{Name: "n", Base: 1, Document: doc})
	before := p.s.Draft(1)
	var all []switchyard.Sealed
	p.s.EachSealed(func(text switchyard.Sealed) { all = append(all, text) })
	if len(all) != 2 {
		t.Errorf("sealed texts %v", all)
	}
	p.must(&switchyard.Reseal{Key: "k", Texts: []switchyard.Resealed{{Old: "s1:old", New: "s2:k:new"}}})
	after := p.s.Draft(1)
	if before.Document.Secrets["key"] != "s1:old" || after.Document.Secrets["key"] != "s2:k:new" || after.Document.Secrets["other"] != "s1:stays" || after.Revision != 1 {
		t.Errorf("before %+v, after %+v", before.Document.Secrets, after.Document.Secrets)
	}
	p.checkRebuilt()
}
