package sms

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"switchyard"
	"switchyard/internal/core/plan"
	"switchyard/internal/effects"
)

const defaultTimeout = 10 * time.Second

func timeout(g switchyard.Gateway) time.Duration {
	if g.Timeout == nil || *g.Timeout <= 0 {
		return defaultTimeout
	}
	return g.Timeout.Std()
}

// values are what $(Name) reads in a gateway's texts, by switchyard.CaseKey.
type values map[string]string

// Value implements plan.Env.
func (v values) Value(name string) (string, bool) {
	value, known := v[switchyard.CaseKey(name)]
	return value, known
}

func valuesOf(e *switchyard.Effect) values {
	return values{"from": e.From, "to": list(e.To), "message": e.Message, "id": e.ID.String()}
}

// same gives every name the same value.
type same string

// Value implements plan.Env.
func (s same) Value(string) (string, bool) { return string(s), true }

// templates opens and expands a gateway's texts for one attempt, and remembers what must not be
// shown.
type templates struct {
	values       values
	secret       func(key string) (switchyard.Sealed, bool)
	open         effects.Opener
	masked       []string
	unsealFailed bool // a credential could not be opened: the operator may mend that
}

func (t *templates) excerpt(text string) string {
	return effects.Excerpt(text, t.masked, effects.MaxDetailBytes)
}

// expand fills in values and secrets in one pass; what names the text in an error.
func (t *templates) expand(what, text string, env plan.Env) (string, error) {
	var failed error
	expanded, err := plan.ExpandBoth(text, env, func(key string) (string, bool) {
		sealed, known := t.secret(key)
		if !known {
			return "", false
		}
		var secret string
		if secret, failed = t.unseal(string(sealed)); failed != nil {
			return "", false
		}
		t.masked = append(append(t.masked, secret), partsOf(secret)...)
		return secret, true
	})
	if failed != nil {
		err = failed
	}
	if err != nil {
		return "", fmt.Errorf("%s of the gateway: %w", what, err)
	}
	return expanded, nil
}

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

// unseal opens a text of the published document; an empty one is stored as it is.
func (t *templates) unseal(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	plain, err := t.open(switchyard.Sealed(text))
	t.unsealFailed = t.unsealFailed || err != nil
	return string(plain), err
}

func (t *templates) request(ctx context.Context, g switchyard.Gateway, id switchyard.ID) (*http.Request, error) {
	to, err := t.url(g.URL)
	if err != nil {
		return nil, err
	}
	body, err := t.body(g.Body)
	if err != nil {
		return nil, err
	}
	method := g.Method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, strings.ToUpper(method), to.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("method %q of the gateway is no HTTP method", method)
	}
	for name, text := range g.Headers {
		value, err := t.header(name, text)
		if err != nil {
			return nil, err
		}
		r.Header.Set(name, value)
	}
	if r.Header.Get("Idempotency-Key") == "" {
		r.Header.Set("Idempotency-Key", id.String())
	}
	return r, nil
}

// url expands the URL of a gateway. Its scheme, user and host must not depend on any value, or the
// text of a message could choose where it goes: they have to be the same whatever the values are.
func (t *templates) url(text string) (*url.URL, error) {
	var found *url.URL
	for _, env := range []plan.Env{same(""), same("zz"), t.values} {
		expanded, err := t.expand("url", text, env)
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(expanded)
		if err != nil || u.Host == "" {
			// The parser's error quotes the URL.
			return nil, errURL
		}
		if found != nil && (u.Scheme != found.Scheme || u.Host != found.Host || userOf(u) != userOf(found)) {
			return nil, errURL
		}
		found = u
	}
	if found.User != nil {
		password, _ := found.User.Password()
		plain := found.User.Username() + ":" + password
		t.masked = append(t.masked, effects.Credentials("Basic "+base64.StdEncoding.EncodeToString([]byte(plain)))...)
	}
	return found, nil
}

var errURL = errors.New("url of the gateway: it must be an absolute URL whose scheme and host are literal text or " +
	"#(secret), without $(…); values in its path and query need the formatter URL, as in $(To:URL)")

func userOf(u *url.URL) string {
	if u.User == nil {
		return ""
	}
	return u.User.String()
}

func (t *templates) body(sealed string) (string, error) {
	text, err := t.unseal(sealed)
	if err != nil {
		return "", fmt.Errorf("body of the gateway: %w", err)
	}
	t.masked = append(t.masked, literals(text)...)
	return t.expand("body", text, t.values)
}

var (
	placeholder = regexp.MustCompile(`[$#]\([^)]*\)`)
	// word is a run of characters that separate nothing in JSON, XML and forms.
	word = regexp.MustCompile("[^\\s\\x00\"'`&=<>{}\\[\\](),;:]{4,}=?=?")
	// afterName is what follows a word that is a name and no value.
	afterName = regexp.MustCompile(`^["\s]*:|^\s*>|^[\w\x00]`)
)

// literals finds what may be a credential written into a body: every word of its literal text that
// is not the name of a member, an element or a field.
func literals(text string) []string {
	var found []string
	text = placeholder.ReplaceAllString(text, "\x00")
	for _, at := range word.FindAllStringIndex(text, -1) {
		w, rest := text[at[0]:at[1]], text[at[1]:]
		if afterName.MatchString(rest) {
			continue
		}
		found = append(found, w)
		if bare := strings.TrimRight(w, "="); bare != w {
			found = append(found, bare)
		}
	}
	return found
}

func (t *templates) header(name, sealed string) (string, error) {
	text, err := t.unseal(sealed)
	if err != nil {
		return "", fmt.Errorf("header %s of the gateway: %w", name, err)
	}
	value, err := t.expand("header "+name, text, t.values)
	if err != nil {
		return "", err
	}
	if !shown[switchyard.CaseKey(name)] {
		t.masked = append(t.masked, effects.Credentials(value)...)
	}
	if !httpguts.ValidHeaderFieldName(name) {
		return "", fmt.Errorf("header %q of the gateway is no name of a header", name)
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		return "", fmt.Errorf("header %s of the gateway: its value has a line break or another control character", name)
	}
	return value, nil
}

// shown are the headers whose values are no credentials.
var shown = map[string]bool{
	"accept": true, "content-type": true, "idempotency-key": true, "user-agent": true,
}
