package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// credentials calls f with every member of a document that may hold a credential, and puts what f
// returns in its place. These are passwords, client secrets, that of the identity provider, the values of secrets, the headers of
// providers, and the headers, bodies, passwords and secrets of gateways. A member without a value is passed over.
func credentials(doc *switchyard.Account, f func(path, value string) string) {
	replace := func(path string, value *string) {
		if *value != "" {
			*value = f(path, *value)
		}
	}
	replaceAll := func(path string, values map[string]string) {
		for _, name := range sortedKeys(values) {
			if values[name] != "" {
				values[name] = f(at(path, name), values[name])
			}
		}
	}
	for i := range doc.Agents {
		replace(nth("agents", i)+".password", &doc.Agents[i].Password)
	}
	if o := doc.Settings.OIDC; o != nil {
		replace("settings.oidc.secret", &o.Secret)
	}
	replaceAll("secrets", doc.Secrets)
	for kind, gateways := range gatewaysOf(doc) {
		for _, name := range sortedKeys(gateways) {
			g, path := gateways[name], at(at("gateways", kind), name)
			replaceAll(at(path, "headers"), g.Headers)
			replace(at(path, "body"), &g.Body)
			replace(at(path, "password"), &g.Password)
			replace(at(path, "secret"), &g.Secret)
			replace(at(path, "signature"), &g.Signature)
			gateways[name] = g
		}
	}
	for i := range doc.Providers {
		replaceAll(nth("providers", i)+".headers", doc.Providers[i].Headers)
	}
	for i := range doc.Clients {
		replace(nth("clients", i)+".secret", &doc.Clients[i].Secret)
	}
}

// gatewaysOf goes through the kinds of gateways, always in the same order.
func gatewaysOf(doc *switchyard.Account) func(yield func(string, map[string]switchyard.Gateway) bool) {
	return func(yield func(string, map[string]switchyard.Gateway) bool) {
		_ = yield("sms", doc.Gateways.SMS) && yield("email", doc.Gateways.Email)
	}
}

// Mask returns a copy of a document to be shown: every credential is "***". Given back, "***" means
// that the credential stays as it is.
func Mask(doc *switchyard.Account) *switchyard.Account {
	shown := clone(doc)
	credentials(shown, func(string, string) string { return switchyard.Masked })
	return shown
}

// clone copies a document so that nothing is shared. What is empty becomes absent.
func clone(doc *switchyard.Account) *switchyard.Account {
	copied := new(switchyard.Account)
	if err := json.Unmarshal(marshal(doc), copied); err != nil {
		panic(err)
	}
	return copied
}

// The references that may stand for a credential in a file.
const (
	envPrefix  = "env:"
	filePrefix = "file:"
)

func isReference(value string) bool {
	return strings.HasPrefix(value, envPrefix) || strings.HasPrefix(value, filePrefix)
}

// HasReferences returns a problem for each credential that is a reference (env:NAME or file:PATH), and
// for each calendar that is a file. Only the command resolves them, where the file lies; PUT /v1/config refuses them (422,
// secret_not_allowed).
func HasReferences(doc *switchyard.Account) []Problem {
	var problems []Problem
	credentials(doc, func(path, value string) string {
		if isReference(value) {
			problems = append(problems, Problem{Path: path,
				Text: "env: and file: are resolved by the command, not by the server; give the credential itself"})
		}
		return value
	})
	for i, s := range doc.Schedules {
		if isFile(s.Calendar) {
			problems = append(problems, Problem{Path: nth("schedules", i) + ".calendar",
				Text: "file: is resolved by the command, not by the server; give the calendar's text itself"})
		}
	}
	return problems
}

// Lookup finds what a reference stands for. FromSystem makes the usual one.
type Lookup struct {
	Env  func(name string) (string, bool)
	File func(path string) ([]byte, error)
}

// FromSystem looks references up in the process's environment and in files; a relative path begins
// at the folder of the account file.
func FromSystem(folder string) Lookup {
	return Lookup{Env: os.LookupEnv, File: func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		return os.ReadFile(path)
	}}
}

// Resolve replaces every reference of the document by what it stands for, and calendars that are files
// by their dates. Line ends at the end of a file are not part of the credential. It comes before Check,
// which judges the real values.
func Resolve(doc *switchyard.Account, lookup Lookup) []Problem {
	var problems []Problem
	credentials(doc, func(path, value string) string {
		if !isReference(value) {
			return value
		}
		found, err := lookup.resolve(value)
		if err != nil {
			problems = append(problems, Problem{Path: path, Text: err.Error()})
			return value
		}
		return found
	})
	return append(problems, resolveCalendars(doc, lookup)...)
}

// Resolve is Resolve with the line of each problem.
func (f *File) Resolve(lookup Lookup) []Problem { return f.Place(Resolve(f.Document, lookup)) }

func (l Lookup) resolve(reference string) (string, error) {
	const most = 64 << 10
	if name, ok := strings.CutPrefix(reference, envPrefix); ok {
		value, set := l.Env(name)
		if !set || value == "" {
			return "", fmt.Errorf("the environment variable %s is not set; set it, or give the credential another way", name)
		}
		return value, nil
	}
	name := strings.TrimPrefix(reference, filePrefix)
	content, err := l.File(name)
	value := strings.TrimRight(string(content), "\r\n")
	switch {
	case err != nil:
		return "", fmt.Errorf("the file of the credential cannot be read: %w", err)
	case value == "":
		return "", fmt.Errorf("the file %s is empty; it is to hold the credential", name)
	case len(content) > most || slices.Contains(content, 0):
		return "", fmt.Errorf("the file %s is no credential: it is larger than %d bytes, or binary", name, most)
	}
	return value, nil
}
