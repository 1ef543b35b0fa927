package config

import (
	"slices"
	"strings"
	"testing"

	"switchyard"
)

func TestReadDraft(t *testing.T) {
	file, problems := ReadDraft([]byte("{\"name\": \" Next week \",\n \"base\": 3, \"id\": 7, \"revision\": 2,\n \"document\": {\"account\": \"acme\",\n  \"routes\": [{\"name\": \"R\", \"plan\": \"none\"}]}}"))
	if len(problems) > 0 || *file.Name != "Next week" || file.Note != nil || *file.Base != 3 || file.File.Document.Routes[0].Plan != "none" {
		t.Fatalf("%+v, %v", file, problems)
	}
	// What the document means is told with its place in what was sent.
	var told []string
	for _, p := range file.File.Check(Rules{}) {
		told = append(told, p.String())
	}
	if !slices.Contains(told, `4:28: routes[0].plan: the account has no plan "none"; there is none yet`) {
		t.Errorf("%q", told)
	}
	if file, problems = ReadDraft([]byte(`{"name":"n","document":null}`)); len(problems) > 0 || file.File != nil {
		t.Errorf("%+v, %v", file, problems)
	}
}

func TestUnreadableDraftsAreRefusedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"{\"name\":\n", "2:1"},
		{`[]`, "1:1: must be a mapping"},
		{"{\"name\": \"n\",\n \"documnet\": {}}", "2:2: documnet: unknown key; allowed for a draft: name, note, base, document; did you mean document?"},
		{"{\n \"document\": {\"account\": \"a\",\n  \"agents\": 5}}", "3:13: agents: must be a list, not 5"},
		{"{\n \"document\": {\"skils\": []}}", "2:15: skils: unknown key"},
		{`{"document": 5}`, "1:14: must be a mapping, not 5"},
		{`{"name": ""}`, "1:10: name: must be a name"},
		{`{"name": "a\nb"}`, "1:10: name: must be a name"},
		{`{"name": ["a"]}`, "1:10: name: must be text"},
		{`{"name": "` + strings.Repeat("x", 256) + `"}`, "1:10: name: is longer than 255"},
		{`{"note": "` + strings.Repeat("x", 2001) + `"}`, "1:10: note: is longer than 2000"},
		{`{"base": "1"}`, "1:10: base: must be a version"},
		{`{"name": "a", "name": "b"}`, "twice"},
	} {
		file, problems := ReadDraft([]byte(c.source))
		if file != nil || len(problems) == 0 || !strings.Contains(problems[0].String(), c.want) {
			t.Errorf("%s: %+v, %v; want %s", c.source, file, Problems(problems), c.want)
		}
	}
}

// A draft that is full of faults is kept without a credential in the clear, and shows none.
func TestInvalidDraftIsKeptWithoutCredentials(t *testing.T) {
	b := newBench(t)
	file, problems := Read("", []byte(secretive+`
skills: [twice, Twice]
groups: ["`+strings.Repeat("g", 300)+`"]
routes: [{name: R, plan: gone}]
`))
	if file == nil {
		t.Fatal(Problems(problems))
	}
	doc := file.Document
	doc.Agents = append(doc.Agents, switchyard.AgentEntry{Username: "ADA", Password: "pw-ada"}, switchyard.AgentEntry{Password: "pw-ada"})
	doc.Clients = append(doc.Clients, switchyard.ClientEntry{ID: "crm", Secret: "client-secret"}, switchyard.ClientEntry{ID: "new"})
	doc.Secrets["5"] = "value-of-key"
	if !Refused(Check(doc)) {
		t.Fatal("the document is to have faults")
	}
	kept, err := PrepareDraft(t.Context(), doc, nil, nil, b.key, b.hasher)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range clearTexts {
		if text := string(marshal(kept)); strings.Contains(text, secret) {
			t.Errorf("%s is kept in the clear:\n%s", secret, text)
		}
	}
	if kept.Clients[2].Secret != "" || kept.Agents[1].Password != "" {
		t.Errorf("what was absent is %q and %q", kept.Clients[2].Secret, kept.Agents[1].Password)
	}
	clear := Opened(kept, b.key)
	if clear.Secrets["sms-key"] != "value-of-key" || clear.Gateways.SMS["vendor"].Body != "body-with-token" || kept.Secrets["sms-key"] == clear.Secrets["sms-key"] {
		t.Errorf("opened it is %s", marshal(clear))
	}
	if got, want := len(Check(clear)), len(Check(doc)); got != want {
		t.Errorf("opened it has %d problems, as sent %d", got, want)
	}
}

// What a draft keeps of a credential: what it had, what was given, or that the one in force holds.
func TestDraftKeepsCredentials(t *testing.T) {
	b := newBench(t)
	live, _ := b.prepare(b.read(secretive), nil)
	draft := func(before *switchyard.Account, change func(doc *switchyard.Account)) *switchyard.Account {
		t.Helper()
		doc := Mask(live)
		if before != nil {
			doc = Mask(before)
		}
		change(doc)
		kept, err := PrepareDraft(t.Context(), doc, before, live, b.key, b.hasher)
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	first := draft(nil, func(doc *switchyard.Account) {
		doc.Agents[1].Password = "pw-bo"
		doc.Clients[0].Secret = "client-secret" // the one in force
		doc.Secrets["sms-key"] = "another"
		doc.Providers[0].Headers["X-A"] = "b"
	})
	if first.Agents[0].Password != switchyard.Masked || first.Clients[0].Secret != switchyard.Masked {
		t.Errorf("what is in force is kept as %q and %q", first.Agents[0].Password, first.Clients[0].Secret)
	}
	again := draft(first, func(doc *switchyard.Account) {
		doc.Agents[0], doc.Agents[1] = doc.Agents[1], doc.Agents[0]
		doc.Agents[0].Username = "BO"
		doc.Secrets["sms-key"] = "another"
	})
	if again.Agents[0].Password != first.Agents[1].Password || again.Secrets["sms-key"] != first.Secrets["sms-key"] {
		t.Error("what the draft had was not kept")
	}
	// Meanwhile a password in force is changed: the draft does not bring the old one back.
	rotated := clone(live)
	rotated.Agents[0].Password = b.hasher.HashPassword("pw-ada-2")
	published, registers := b.prepare(again, rotated)
	i := slices.IndexFunc(published.Agents, func(a switchyard.AgentEntry) bool { return a.Username == "ada" })
	if published.Agents[i].Password != rotated.Agents[0].Password {
		t.Error("the draft brings an old password back")
	}
	if ok, err := b.hasher.VerifyPassword(t.Context(), published.Agents[0].Password, "pw-bo"); !ok || err != nil {
		t.Errorf("the new password was lost: %v", err)
	}
	if published.Clients[0].Secret != live.Clients[0].Secret || len(registers) != 0 || published.Providers[0].Headers["X-A"] != live.Providers[0].Headers["X-A"] {
		t.Errorf("what did not change is %q, and %d providers register", published.Clients[0].Secret, len(registers))
	}
}
