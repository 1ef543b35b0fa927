package config

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard"
	"switchyard/internal/seal"
)

const secretive = `
account: acme
settings: {oidc: {issuer: https://login.example.com, client: switchyard, secret: oidc-secret}}
agents: [{username: ada, password: pw-ada}, {username: bo}]
secrets: {sms-key: value-of-key}
gateways:
  sms: {vendor: {type: http, url: https://sms.example.com/, headers: {Authorization: Bearer gateway-token}, body: body-with-token}}
providers:
  - {name: crm, endpoint: https://crm.example.com/, headers: {Authorization: Bearer provider-token, X-A: b}, agentactionspermitted: {Hold: 1}}
clients: [{id: crm, secret: client-secret, scopes: ["interactions:write"]}]
`

// clearTexts are the credentials of secretive.
var clearTexts = []string{"pw-ada", "value-of-key", "gateway-token", "body-with-token", "provider-token", "client-secret", "oidc-secret"}

type bench struct {
	*testing.T
	key    *seal.Key
	hasher *seal.Hasher
}

func newBench(t *testing.T) bench { return bench{t, seal.Ephemeral(), seal.NewHasher()} }

func (b bench) read(source string) *switchyard.Account {
	b.Helper()
	file, problems := Read("", []byte(source))
	if file != nil {
		problems = file.Check(Rules{})
	}
	if len(problems) > 0 {
		b.Fatal(Problems(problems))
	}
	return file.Document
}

func (b bench) prepare(doc, previous *switchyard.Account) (*switchyard.Account, []switchyard.Register) {
	b.Helper()
	published, registers, err := Prepare(b.Context(), doc, previous, b.key, b.hasher)
	if err != nil {
		b.Fatal(err)
	}
	return published, registers
}

func TestPublishedFormHoldsNoCredential(t *testing.T) {
	b := newBench(t)
	doc := b.read(secretive)
	before := string(marshal(doc))
	published, registers := b.prepare(doc, nil)
	if string(marshal(doc)) != before {
		t.Error("the document given was changed")
	}
	text := string(marshal(published)) + string(marshal(registers)) + strings.Join(Diff(nil, published), "\n") +
		strings.Join(Diff(nil, doc), "\n") + strings.Join(Diff(published, doc), "\n") + string(marshal(Mask(doc)))
	for _, clear := range clearTexts {
		if !strings.Contains(before, clear) {
			t.Errorf("the test is void: %s is not in the document", clear)
		}
		if strings.Contains(text, clear) {
			t.Errorf("%s shows:\n%s", clear, text)
		}
	}
	if ok, err := b.hasher.VerifyPassword(t.Context(), published.Agents[0].Password, "pw-ada"); !ok {
		t.Errorf("ada's password: %v", err)
	}
	if published.Agents[1].Password != "" {
		t.Error("bo has a password from nowhere")
	}
	if ok, err := b.hasher.VerifySecret(t.Context(), published.Clients[0].Secret, "client-secret"); !ok {
		t.Errorf("client's secret: %v", err)
	}
	g, ok, err := OpenGateway(published, "VENDOR", b.key)
	if !ok || err != nil || g.Headers["Authorization"] != "Bearer gateway-token" || g.Body != "body-with-token" {
		t.Errorf("gateway %v, %v, %v", g, ok, err)
	}
	if v, ok, err := OpenSecret(published, "SMS-Key", b.key); v != "value-of-key" || !ok || err != nil {
		t.Errorf("secret %q, %v, %v", v, ok, err)
	}
	if _, ok, _ := OpenSecret(published, "other", b.key); ok {
		t.Error("a secret that is not there")
	}
	if _, _, err := OpenSecret(published, "sms-key", seal.Ephemeral()); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
}

func TestRegistrationsOfChangedProviders(t *testing.T) {
	b := newBench(t)
	doc := b.read(secretive)
	published, registers := b.prepare(doc, nil)
	if len(registers) != 1 {
		t.Fatalf("%d registrations of a new provider", len(registers))
	}
	r := registers[0]
	headers, err := OpenHeaders(r.Headers, b.key)
	want := map[string]string{"Authorization": "Bearer provider-token", "X-A": "b"}
	if err != nil || !maps.Equal(headers, want) {
		t.Errorf("headers %v, %v", headers, err)
	}
	signing, err := b.key.Open(r.Secret)
	if err != nil || !strings.HasPrefix(string(signing), "whsec_") {
		t.Errorf("signing secret: %v", err)
	}
	if r.Provider != "crm" || r.Endpoint != "https://crm.example.com/" || r.Permitted != (switchyard.Permissions{Hold: true}) {
		t.Errorf("registration %+v", r)
	}
	for what, c := range map[string]struct {
		change func(p *switchyard.ProviderEntry)
		want   int
	}{
		"nothing":          {func(*switchyard.ProviderEntry) {}, 0},
		"masked header":    {func(p *switchyard.ProviderEntry) { p.Headers["Authorization"] = "***" }, 0},
		"operation's case": {func(p *switchyard.ProviderEntry) { p.AgentActionsPermitted = map[string]int{"HOLD": 1, "release": 0} }, 0},
		"header":           {func(p *switchyard.ProviderEntry) { p.Headers["X-A"] = "c" }, 1},
		"header gone":      {func(p *switchyard.ProviderEntry) { delete(p.Headers, "X-A") }, 1},
		"endpoint":         {func(p *switchyard.ProviderEntry) { p.Endpoint = "" }, 1},
		"permission":       {func(p *switchyard.ProviderEntry) { p.AgentActionsPermitted["release"] = 1 }, 1},
		"name":             {func(p *switchyard.ProviderEntry) { p.Name = "helpdesk" }, 1},
	} {
		next := clone(doc)
		c.change(&next.Providers[0])
		if _, registers := b.prepare(next, published); len(registers) != c.want {
			t.Errorf("%s changed: %d registrations, want %d", what, len(registers), c.want)
		}
	}
}

func TestIdenticalDocumentIsNoChange(t *testing.T) {
	b := newBench(t)
	doc := b.read(secretive)
	published, _ := b.prepare(doc, nil)
	shown, problems := ReadJSON(marshal(Mask(published)))
	if len(problems) > 0 {
		t.Fatalf("what GET answers cannot be put back: %v", Problems(problems))
	}
	absent := clone(doc)
	absent.Agents[0].Password, absent.Clients[0].Secret, absent.Secrets["sms-key"] = "", "", ""
	absent.Settings.OIDC.Secret = ""
	for what, again := range map[string]*switchyard.Account{
		"the same file": doc, "what GET shows": shown.Document, "the published form": published,
		"without passwords and secrets": absent, "rolled back to itself": Rollback(published, published),
	} {
		next, registers := b.prepare(again, published)
		if !Equal(next, published) || len(registers) > 0 {
			t.Errorf("%s: %s; %d registrations", what, cmp.Diff(published, next), len(registers))
		}
		if lines := Diff(published, next); len(lines) > 0 {
			t.Errorf("%s: %q", what, lines)
		}
	}
	changed := clone(doc)
	changed.Agents[0].Password = "another"
	changed.Secrets["sms-key"] = "another"
	next, _ := b.prepare(changed, published)
	if Equal(next, published) {
		t.Error("changed credentials make no difference")
	}
	want := []string{"agent ada: password changed", "secret sms-key changed"}
	if diff := cmp.Diff(want, Diff(published, next)); diff != "" {
		t.Error(diff)
	}
}

func TestCredentialsThatCannotBeKept(t *testing.T) {
	b := newBench(t)
	for source, want := range map[string]string{
		"account: a\nagents: [{username: ada, password: '***'}]":                                                "agents[0].password: *** stands for",
		"account: a\nclients: [{id: crm, scopes: ['config:read']}]":                                             "clients[0].secret: client \"crm\" is new here",
		"account: a\nsecrets: {k: }":                                                                            "secrets.k: *** stands for",
		"account: a\nproviders: [{name: crm, headers: {X-A: '***'}}]":                                           "providers[0].headers.X-A: *** stands for",
		"account: a\nagents: [{username: ada, password: 'env:PW'}]":                                             "agents[0].password: env: and file:",
		"account: a\ngateways: {sms: {v: {type: http, url: 'https://a.example.com/', headers: {A: 'file:x'}}}}": "gateways.sms.v.headers.A: env: and file:",
	} {
		_, _, err := Prepare(t.Context(), b.read(source), nil, b.key, b.hasher)
		if problems, ok := errors.AsType[Problems](err); !ok || !strings.HasPrefix(problems[0].String(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

func TestHashesAndSealedTextsAreTakenAsTheyAre(t *testing.T) {
	b := newBench(t)
	generated := seal.GenerateSecret()
	doc := b.read(secretive)
	doc.Clients[0].Secret = seal.HashToken(generated)
	doc.Agents[0].Password = b.hasher.HashPassword("known elsewhere")
	doc.Secrets["sms-key"] = string(seal.Ephemeral().Seal([]byte("x"))) // not ours: a credential like any other
	published, _ := b.prepare(doc, nil)
	if published.Clients[0].Secret != doc.Clients[0].Secret || published.Agents[0].Password != doc.Agents[0].Password {
		t.Error("a hash was hashed again")
	}
	if v, _, err := OpenSecret(published, "sms-key", b.key); v != doc.Secrets["sms-key"] || err != nil {
		t.Errorf("a text sealed with another key was taken for sealed: %v", err)
	}
	doc.Agents[0].Password = seal.HashToken("x")
	published, _ = b.prepare(doc, nil)
	if published.Agents[0].Password == doc.Agents[0].Password {
		t.Error("a fast hash was taken for a password's")
	}
	// The plain secret of a generated one is no change, so tokens survive.
	doc.Clients[0].Secret = generated
	if again, _ := b.prepare(doc, published); again.Clients[0].Secret != published.Clients[0].Secret {
		t.Error("the same secret in the clear changed the client")
	}
}

func TestAnotherKeyIsMendedByTheFile(t *testing.T) {
	b := newBench(t)
	doc := b.read(secretive)
	published, _ := b.prepare(doc, nil)
	b.key = seal.Ephemeral()
	next, registers := b.prepare(doc, published)
	if v, _, err := OpenSecret(next, "sms-key", b.key); v != "value-of-key" || err != nil || len(registers) != 1 {
		t.Errorf("secret %q, %v, %d registrations", v, err, len(registers))
	}
	shown := Mask(published)
	shown.Providers[0].Endpoint = "https://other.example.com/"
	if _, _, err := Prepare(t.Context(), shown, published, b.key, b.hasher); err == nil || !strings.Contains(err.Error(), "give it again") {
		t.Errorf("a kept header that cannot be read: %v", err)
	}
}

func TestRollbackBringsNoOldCredentialBack(t *testing.T) {
	b := newBench(t)
	past, _ := b.prepare(b.read(secretive), nil)
	today := clone(past)
	today.Agents[0].Password = b.hasher.HashPassword("new password")
	today.Clients[0].Secret = seal.HashToken("new secret")
	today.Providers[0].Endpoint = "https://new.example.com/"
	today.Agents = today.Agents[:1]
	doc, registers := b.prepare(Rollback(past, today), today)
	if doc.Agents[0].Password != today.Agents[0].Password || doc.Clients[0].Secret != today.Clients[0].Secret {
		t.Error("an old password or secret is back")
	}
	if len(doc.Agents) != 2 || len(registers) != 1 || registers[0].Endpoint != past.Providers[0].Endpoint {
		t.Errorf("%d agents, registrations %+v", len(doc.Agents), registers)
	}
	if headers, err := OpenHeaders(registers[0].Headers, b.key); err != nil || headers["X-A"] != "b" {
		t.Errorf("headers %v, %v", headers, err)
	}
}

func TestPrepareCanBeGivenUp(t *testing.T) {
	b := newBench(t)
	doc := b.read(secretive)
	published, _ := b.prepare(doc, nil)
	doc.Agents[0].Password = "another"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // a free hashing and a finished ctx are both ready: either may be chosen
		if _, _, err := Prepare(ctx, doc, published, b.key, b.hasher); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}

func TestResolve(t *testing.T) {
	lookup := Lookup{
		Env: func(name string) (string, bool) {
			return map[string]string{"PW": "from-env"}[name], name == "PW" || name == "EMPTY"
		},
		File: func(path string) ([]byte, error) {
			switch path {
			case "key":
				return []byte("from-file\r\n"), nil
			case "empty":
				return []byte("\n"), nil
			case "big":
				return make([]byte, 100_000), nil
			}
			return nil, errors.New("no such file")
		},
	}
	const source = `
account: acme
agents: [{username: ada, password: "env:PW"}]
secrets: {a: "file:key", b: "env:MISSING", c: "env:EMPTY"}
gateways: {sms: {v: {type: http, url: "https://sms.example.com/", headers: {A: "env:PW"}, body: "file:key"}}}
providers: [{name: crm, headers: {Authorization: "file:absent", X-Empty: "file:empty", X-Big: "file:big"}}]
clients: [{id: crm, secret: "file:key", scopes: ["config:read"]}]
`
	file, problems := Read("account.yaml", []byte(source))
	if len(problems) > 0 {
		t.Fatal(Problems(problems))
	}
	if got := len(HasReferences(file.Document)); got != 10 {
		t.Errorf("%d references, want 10", got)
	}
	var lines []string
	for _, p := range file.Resolve(lookup) {
		lines = append(lines, p.String())
	}
	want := []string{
		"account.yaml:4:26: secrets.b: the environment variable MISSING is not set; set it, or give the credential another way",
		"account.yaml:4:44: secrets.c: the environment variable EMPTY is not set; set it, or give the credential another way",
		"account.yaml:6:35: providers[0].headers.Authorization: the file of the credential cannot be read: no such file",
		"account.yaml:6:65: providers[0].headers.X-Empty: the file empty is empty; it is to hold the credential",
		"account.yaml:6:88: providers[0].headers.X-Big: the file big is no credential: it is larger than 65536 bytes, or binary",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	doc := file.Document
	got := []string{doc.Agents[0].Password, doc.Secrets["a"], doc.Clients[0].Secret, doc.Gateways.SMS["v"].Headers["A"], doc.Gateways.SMS["v"].Body}
	if !slices.Equal(got, []string{"from-env", "from-file", "from-file", "from-env", "from-file"}) {
		t.Errorf("resolved to %q", got)
	}
}

// A version of before a rotation, published again, comes back sealed with the key in front.
func TestWhatAnOlderKeySealedIsSealedAnew(t *testing.T) {
	b := newBench(t)
	const old, fresh = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "AAAAAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	var err error
	if b.key, err = seal.KeyFrom(old); err != nil {
		t.Fatal(err)
	}
	past, _ := b.prepare(b.read(secretive), nil)
	if b.key, err = seal.KeyFrom(fresh + "\n" + old); err != nil {
		t.Fatal(err)
	}
	again, _ := b.prepare(past, &switchyard.Account{})
	n := 0
	switchyard.EachSealed(marshal(again), func(text switchyard.Sealed) {
		n++
		if !b.key.Current(string(text)) {
			t.Errorf("%s is sealed with the older key", text)
		}
	})
	if n < 5 {
		t.Errorf("only %d texts are sealed", n)
	}
	// What is the same as before stays as it is stored: it makes no version.
	if same, _ := b.prepare(past, again); !Equal(same, again) {
		t.Error("the same document makes a version")
	}
}
