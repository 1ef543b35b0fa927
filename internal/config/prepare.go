package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan/zone"
	"switchyard/internal/seal"
)

// TimeZones is the version of the time-zone data by which a published document is understood.
const TimeZones = zone.Version

// Prepare turns a checked document into its published form: passwords and client secrets hashed, all
// other credentials sealed, the dates of calendars among the holidays. It returns a copy; doc and previous stay as they are. previous is the
// published document in force, nil if there is none.
//
// A credential that is absent or masked stays what it was. One that is the same as before keeps its
// stored form, so that an identical document is Equal to the previous one. Hashes and sealed texts
// are taken as they are: they come from a document that was published before.
//
// The registrations are those of the providers whose entry changed since previous. The error is
// Problems when the document is at fault, or ctx's.
func Prepare(ctx context.Context, doc, previous *switchyard.Account, key *seal.Key, hasher *seal.Hasher) (
	*switchyard.Account, []switchyard.Register, error,
) {
	if problems := HasReferences(doc); len(problems) > 0 {
		return nil, nil, Problems(problems)
	}
	if previous == nil {
		previous = &switchyard.Account{}
	}
	p := preparer{doc: clone(doc), previous: previous, key: key, hasher: hasher}
	if err := p.hashes(ctx); err != nil {
		return nil, nil, err
	}
	p.schedules()
	p.oidc()
	p.secrets()
	p.gateways()
	registers := p.providers()
	if len(p.problems) > 0 {
		return nil, nil, Problems(p.problems)
	}
	return p.doc, registers, nil
}

// Unkept warns of every credential that the file does not give: an account that is new, or does not
// keep one under that name, refuses the file for it.
func (f *File) Unkept() []Problem {
	p := preparer{doc: clone(f.Document), previous: &switchyard.Account{}, key: seal.Ephemeral()}
	_ = p.hashes(context.Background()) // hashes nothing
	p.oidc()
	p.secrets()
	p.gateways()
	for i, e := range p.doc.Providers {
		p.headers(nth("providers", i), e.Headers, nil)
	}
	for i := range p.problems {
		p.problems[i].Warning = true
		p.problems[i].Text += "; no fault where the account keeps it already"
	}
	return f.Place(p.problems)
}

// Located tells where in the file the problems are that an error holds.
func (f *File) Located(err error) error {
	var problems Problems
	if !errors.As(err, &problems) {
		return err
	}
	return Problems(f.Place(problems))
}

// Equal reports whether two documents say the same, so that publishing one after the other makes no
// version.
func Equal(a, b *switchyard.Account) bool {
	if a == nil || b == nil {
		return a == b
	}
	return bytes.Equal(marshal(a), marshal(b))
}

// Rollback returns a published document of the past as it is to be published again: with the
// passwords and client secrets of today, so that a rollback brings no rotated credential back and
// ends no session. Names that are gone today get their old ones back. Prepare it against current.
func Rollback(past, current *switchyard.Account) *switchyard.Account {
	doc := clone(past)
	passwords := passwordsOf(current)
	for i, a := range doc.Agents {
		if _, known := passwords[switchyard.CaseKey(a.Username)]; known {
			doc.Agents[i].Password = ""
		}
	}
	secrets := clientSecretsOf(current)
	for i, c := range doc.Clients {
		if _, known := secrets[c.ID]; known {
			doc.Clients[i].Secret = ""
		}
	}
	return doc
}

func passwordsOf(doc *switchyard.Account) map[string]string {
	m := make(map[string]string, len(doc.Agents))
	for _, a := range doc.Agents {
		m[switchyard.CaseKey(a.Username)] = a.Password
	}
	return m
}

func clientSecretsOf(doc *switchyard.Account) map[string]string {
	m := make(map[string]string, len(doc.Clients))
	for _, c := range doc.Clients {
		m[c.ID] = c.Secret
	}
	return m
}

type preparer struct {
	doc, previous *switchyard.Account
	key           *seal.Key
	hasher        *seal.Hasher // nil hashes nothing
	problems      []Problem
}

func (p *preparer) fault(path, format string, args ...any) {
	p.problems = append(p.problems, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// maskedUnknown is said of "***" that nothing stands behind.
const maskedUnknown = "*** stands for a credential that is kept, but none is; give the credential itself"

// hashes hashes passwords and client secrets that are new.
func (p *preparer) hashes(ctx context.Context) error {
	passwords := passwordsOf(p.previous)
	for i := range p.doc.Agents {
		a := &p.doc.Agents[i]
		stored := passwords[switchyard.CaseKey(a.Username)]
		if a.Password == switchyard.Masked && stored == "" {
			p.fault(nth("agents", i)+".password", maskedUnknown)
			continue
		}
		hashed, err := p.hash(ctx, a.Password, stored, "$")
		if err != nil {
			return err
		}
		a.Password = hashed
	}
	secrets := clientSecretsOf(p.previous)
	for i := range p.doc.Clients {
		c := &p.doc.Clients[i]
		stored := secrets[c.ID]
		if (c.Secret == "" || c.Secret == switchyard.Masked) && stored == "" {
			p.fault(nth("clients", i)+".secret", "client %q is new here, so it needs a secret", c.ID)
			continue
		}
		hashed, err := p.hash(ctx, c.Secret, stored, "")
		if err != nil {
			return err
		}
		c.Secret = hashed
	}
	return nil
}

// hash returns the stored form of a password or secret. Only a hash that begins with form is taken
// for one: passwords are never stored as fast hashes.
func (p *preparer) hash(ctx context.Context, given, stored, form string) (string, error) {
	if p.hasher == nil || given == "" || given == switchyard.Masked || given == stored {
		return stored, nil
	}
	if strings.HasPrefix(given, form) && seal.Hashed(given) {
		return given, nil
	}
	same, err := p.hasher.VerifySecret(ctx, stored, given)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if same && err == nil { // a stored form that cannot be read is replaced
		return stored, nil
	}
	return p.hasher.HashPassword(given), nil
}

// sealed returns the sealed form of a credential; stored is its form in the previous document, ""
// if there is none.
func (p *preparer) sealed(path, given, stored string) string {
	plain := given
	switch {
	case given == switchyard.Masked && stored == "":
		p.fault(path, maskedUnknown)
		return ""
	case given == switchyard.Masked:
		return stored
	case given == "":
		return ""
	case p.key.Sealed(given):
		opened, _ := p.key.Open(switchyard.Sealed(given))
		plain = string(opened)
	}
	// A stored form of another key cannot be compared; it is replaced, which mends it.
	if before, err := p.key.Open(switchyard.Sealed(stored)); err == nil && string(before) == plain {
		return stored
	}
	// What an older key sealed, in a version that is published again, is sealed anew.
	if plain != given && p.key.Current(given) {
		return given
	}
	return string(p.key.Seal([]byte(plain)))
}

// oidc seals the secret of the identity provider. One that is left out stays what it was for the
// same client of the same issuer.
func (p *preparer) oidc() {
	o, stored := p.doc.Settings.OIDC, p.previous.Settings.OIDC
	if o == nil {
		return
	}
	if stored == nil || stored.Issuer != o.Issuer || stored.Client != o.Client {
		stored = &switchyard.OIDC{}
	}
	if o.Secret == "" {
		o.Secret = stored.Secret
	}
	o.Secret = p.sealed("settings.oidc.secret", o.Secret, stored.Secret)
}

func (p *preparer) secrets() {
	stored := byCase(p.previous.Secrets)
	for _, name := range sortedKeys(p.doc.Secrets) {
		path, given, before := at("secrets", name), p.doc.Secrets[name], stored[switchyard.CaseKey(name)]
		if given == "" {
			given = switchyard.Masked
		}
		p.doc.Secrets[name] = p.sealed(path, given, before)
	}
}

func (p *preparer) gateways() {
	before := map[string]map[string]switchyard.Gateway{}
	for kind, gateways := range gatewaysOf(p.previous) {
		before[kind] = byCase(gateways)
	}
	for kind, gateways := range gatewaysOf(p.doc) {
		for _, name := range sortedKeys(gateways) {
			g, path := gateways[name], at(at("gateways", kind), name)
			stored := before[kind][switchyard.CaseKey(name)]
			p.headers(path, g.Headers, stored.Headers)
			g.Body = p.sealed(at(path, "body"), g.Body, stored.Body)
			g.Password = p.sealed(at(path, "password"), g.Password, stored.Password)
			p.vendor(path, &g, &stored)
			gateways[name] = g
		}
	}
}

func (p *preparer) headers(path string, headers, before map[string]string) {
	stored := make(map[string]string, len(before))
	for name, value := range before {
		stored[http.CanonicalHeaderKey(name)] = value
	}
	for _, name := range sortedKeys(headers) {
		headers[name] = p.sealed(at(path+".headers", name), headers[name], stored[http.CanonicalHeaderKey(name)])
	}
}

// providers seals the headers of providers and returns a registration for each whose entry changed.
func (p *preparer) providers() []switchyard.Register {
	before := make(map[string]switchyard.ProviderEntry, len(p.previous.Providers))
	for _, e := range p.previous.Providers {
		before[switchyard.CaseKey(e.Name)] = e
	}
	var registers []switchyard.Register
	for i, e := range p.doc.Providers {
		path := nth("providers", i)
		stored, known := before[switchyard.CaseKey(e.Name)]
		p.headers(path, e.Headers, stored.Headers)
		same := known && e.Name == stored.Name && e.Endpoint == stored.Endpoint &&
			maps.Equal(e.Headers, stored.Headers) &&
			PermissionsOf(e.AgentActionsPermitted) == PermissionsOf(stored.AgentActionsPermitted)
		if same {
			continue
		}
		e.Headers = p.opened(path, e.Headers)
		registers = append(registers, *Registration(e, p.key))
	}
	return registers
}

func (p *preparer) opened(path string, headers map[string]string) map[string]string {
	clear := make(map[string]string, len(headers))
	for _, name := range sortedKeys(headers) {
		if headers[name] == "" {
			clear[name] = ""
			continue
		}
		plain, err := p.key.Open(switchyard.Sealed(headers[name]))
		if err != nil {
			p.fault(at(path+".headers", name), "the value that is kept cannot be read (%s); give it again", err)
		}
		clear[name] = string(plain)
	}
	return clear
}

func byCase[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m))
	for name, v := range m {
		out[switchyard.CaseKey(name)] = v
	}
	return out
}
