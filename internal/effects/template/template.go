// Package template fills in the texts of requests: $(Name) from the values of an effect and
// #(Key) from the secrets of its account, in one pass, so that neither can become the other. It
// remembers what was secret, so that nothing that is shown of a request or its answer holds any.
//
// It imports the root package, internal/core/plan for the templates themselves, and
// internal/effects.
package template

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"golang.org/x/net/http/httpguts"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/effects"
)

// Options of a filler; all are required.
type Options struct {
	Of     string   // what the texts belong to, for errors: "the gateway"
	Values plan.Env // what $(Name) reads
	Secret func(key string) (switchyard.Sealed, bool)
	Open   effects.Opener
}

// Filler fills in the texts of one attempt.
type Filler struct {
	o      Options
	masked []string // everything that may tell of a secret
	whole  []string // the secrets themselves, and what in one that is an address is a credential

	// UnsealFailed says that a credential could not be opened: the operator may mend that, so the
	// attempt is worth repeating.
	UnsealFailed bool
}

// New makes a filler.
func New(o Options) *Filler { return &Filler{o: o} }

// Fill fills in values and secrets; what names the text in an error.
func (f *Filler) Fill(what, text string) (string, error) { return f.fill(what, text, f.o.Values) }

func (f *Filler) fill(what, text string, env plan.Env) (string, error) {
	var failed error
	filled, err := plan.ExpandBoth(text, env, func(key string) (string, bool) {
		sealed, known := f.o.Secret(key)
		if !known {
			return "", false
		}
		var secret string
		if secret, failed = f.Unseal(string(sealed)); failed != nil {
			return "", false
		}
		parts := partsOf(secret)
		f.Hide(append(parts, secret)...)
		f.keepOut(secret)
		for _, part := range parts {
			if credential.MatchString(part) {
				f.keepOut(part)
			}
		}
		return secret, true
	})
	if failed != nil {
		err = failed
	}
	if err != nil {
		return "", fmt.Errorf("%s of %s: %w", what, f.o.Of, err)
	}
	return filled, nil
}

// Unseal opens a text of the published document; an empty one is stored as it is.
func (f *Filler) Unseal(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	plain, err := f.o.Open(switchyard.Sealed(text))
	f.UnsealFailed = f.UnsealFailed || err != nil
	return string(plain), err
}

// Header fills in the value of a header and checks that HTTP can carry it.
func (f *Filler) Header(name, text string) (string, error) {
	value, err := f.Fill("header "+name, text)
	switch {
	case err != nil:
		return "", err
	case !httpguts.ValidHeaderFieldName(name):
		return "", fmt.Errorf("header %q of %s is no name of a header", name, f.o.Of)
	case !httpguts.ValidHeaderFieldValue(value):
		return "", fmt.Errorf("header %s of %s: its value has a line break or another control character", name, f.o.Of)
	}
	return value, nil
}

// same gives every name the same value.
type same string

// Value implements plan.Env.
func (s same) Value(string) (string, bool) { return string(s), true }

// URL fills in a URL. Its scheme, user and host must not depend on any value, or the text of a
// message could choose where it goes: they have to be the same whatever the values are.
func (f *Filler) URL(text string) (*url.URL, error) {
	var found *url.URL
	for _, env := range []plan.Env{same(""), same("zz"), f.o.Values} {
		filled, err := f.fill("url", text, env)
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(filled)
		if err != nil || u.Host == "" {
			return nil, f.errURL() // the parser's error quotes the URL
		}
		if found != nil && (u.Scheme != found.Scheme || u.Host != found.Host || userOf(u) != userOf(found)) {
			return nil, f.errURL()
		}
		found = u
	}
	if found.User != nil {
		password, _ := found.User.Password()
		plain := found.User.Username() + ":" + password
		f.Hide(effects.Credentials("Basic " + base64.StdEncoding.EncodeToString([]byte(plain)))...)
	}
	return found, nil
}

func (f *Filler) errURL() error {
	return fmt.Errorf("url of %s: it must be an absolute URL whose scheme and host are literal text or "+
		"#(secret), without $(…); values in its path and query need the formatter URL, as in $(To:URL)", f.o.Of)
}

func userOf(u *url.URL) string {
	if u.User == nil {
		return ""
	}
	return u.User.String()
}

// Hide notes texts that are not to be shown.
func (f *Filler) Hide(texts ...string) {
	for _, text := range texts {
		if text != "" && !slices.Contains(f.masked, text) {
			f.masked = append(f.masked, text)
		}
	}
}

// HideLiterals notes what may be a credential written into a sealed text itself: every word of it
// that is neither filled in nor the name of a member, an element or a field.
func (f *Filler) HideLiterals(text string) { f.Hide(literals(text)...) }

// Excerpt makes what came from outside fit for a detail.
func (f *Filler) Excerpt(text string) string {
	return effects.Excerpt(text, f.masked, effects.MaxDetailBytes)
}

// Shown is a text as a timeline may show it, cut to so many bytes: secrets are masked, all else is as
// it was.
func (f *Filler) Shown(text string, most int) string { return effects.Shown(text, f.masked, most) }

// shortestKept is the length below which a secret is no secret in a value: it would be found
// everywhere.
const shortestKept = 4

func (f *Filler) keepOut(secret string) {
	if len(secret) >= shortestKept && !slices.Contains(f.whole, secret) {
		f.whole = append(f.whole, secret)
	}
}

// Value is a whole text read from an answer, with the secrets that were sent masked: plans keep what
// they read, and show it.
func (f *Filler) Value(text string) string { return effects.Masked(text, f.whole) }

// partsOf is what errors and the other side may tell of a secret that is an address: its host, its
// path and query, and what of them is long enough to be a credential by itself.
func partsOf(secret string) []string {
	u, err := url.Parse(secret)
	if err != nil || u.Host == "" {
		return nil
	}
	parts := []string{u.Host, u.Hostname()}
	if whole := u.RequestURI(); whole != "/" {
		parts = append(parts, whole)
	}
	return append(parts, secretWord.FindAllString(u.Path+" "+u.RawQuery, -1)...)
}

// secretWord is what stands between the marks of an address and may be a credential.
var secretWord = regexp.MustCompile(`[^/&=? ]{8,}`)

// credential is a word of an address that is a credential rather than the name of something: it has
// a digit. An answer may well hold the word customers, though a secret is https://…/customers.
var credential = regexp.MustCompile(`^[^/&=? .]*[0-9][^/&=? .]*$`)
