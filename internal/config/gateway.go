package config

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"switchyard"
)

// gatewayTypes are the ways out there are. E-mail gateways can only log: the applet that would use
// another does not exist.
var gatewayTypes = []string{"log", "http"}

var gatewayMethods = []string{http.MethodPost, http.MethodPut, http.MethodGet, http.MethodPatch, http.MethodDelete}

func (c *checker) gateways() {
	for _, kind := range []struct {
		path     string
		gateways map[string]switchyard.Gateway
	}{{"gateways.sms", c.doc.Gateways.SMS}, {"gateways.email", c.doc.Gateways.Email}} {
		n := newNames("gateway")
		for _, name := range sortedKeys(kind.gateways) {
			path := at(kind.path, name)
			c.add(n, path, path, name)
			c.gateway(path, kind.gateways[name])
		}
	}
}

func (c *checker) gateway(path string, g switchyard.Gateway) {
	if g.Type == "" {
		c.problems.add(Problem{Path: path, Text: "type is missing", Of: "type", Allowed: gatewayTypes})
		return
	}
	c.choice(at(path, "type"), g.Type, "type", gatewayTypes)
	if g.Timeout != nil && (*g.Timeout < 100*switchyard.Millisecond || *g.Timeout > switchyard.Minute) {
		c.fault(at(path, "timeout"), "is %s; a timeout is 100ms to 1m", *g.Timeout)
	}
	if g.Type == "log" {
		if g.URL != "" || g.Method != "" || g.Body != "" || len(g.Headers) > 0 {
			c.fault(path, "a gateway of type log sends nothing; method, url, headers and body belong to type http")
		}
		return
	}
	if g.Method != "" {
		c.choice(at(path, "method"), g.Method, "method", gatewayMethods)
	}
	if fault := c.gatewayURL(g.URL); fault != "" {
		c.fault(at(path, "url"), "%s", fault)
	}
	for _, f := range headerFaults(g.Headers) {
		c.fault(path+"."+f.path, "%s", f.text)
	}
}

// gatewayURL checks where a gateway sends to. Scheme and host are literal text or a secret, so that
// no data source can choose the address; a URL is shown to everyone who may read the account, so no
// credential may stand in it.
func (c *checker) gatewayURL(text string) string {
	const credential = "a url is shown to whoever reads the account: put the credential under secrets and write #(name) instead"
	if text == "" {
		return "is missing; a gateway of type http needs one"
	}
	if strings.HasPrefix(text, "#(") {
		return ""
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found || scheme != "https" && scheme != "http" {
		return "must begin with https:// or with #(secret)"
	}
	host, _, _ := strings.Cut(rest, "?")
	host, _, _ = strings.Cut(host, "/")
	if userinfo, after, has := strings.Cut(host, "@"); has {
		if !strings.HasPrefix(userinfo, "#(") {
			return credential
		}
		host = after
	}
	if !strings.Contains(host, "(") { // of #(..) nothing is known, and $(..) is the plan checker's to refuse
		u, err := url.Parse(scheme + "://" + host)
		if err != nil || u.Hostname() == "" {
			return "has no host that can be read"
		}
		if scheme == "http" && !(c.rules.AllowInsecure && loopback(u.Hostname())) {
			return insecure
		}
	}
	if literalCredential(rest) {
		return credential
	}
	return ""
}

// literalCredential reports whether a query gives a parameter that is named like a credential a
// value that is neither a secret nor a data source.
func literalCredential(rest string) bool {
	_, query, _ := strings.Cut(rest, "?")
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(strings.ToLower(pair), "=")
		named := slices.ContainsFunc([]string{"key", "secret", "token", "pass", "pwd", "auth", "sig"},
			func(word string) bool { return strings.Contains(name, word) })
		if named && value != "" && !strings.HasPrefix(value, "#(") && !strings.HasPrefix(value, "$(") {
			return true
		}
	}
	return false
}

// refusedHeaders belong to the HTTP client itself.
var refusedHeaders = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection"}

// fault is something wrong with a part of a document; path is relative to that part.
type fault struct{ path, text string }

// headerFaults checks HTTP fields. It never shows a value.
func headerFaults(headers map[string]string) []fault {
	var faults []fault
	once := map[string]string{}
	for _, name := range sortedKeys(headers) {
		path := at("headers", name)
		canonical := http.CanonicalHeaderKey(name)
		value := headers[name]
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			faults = append(faults, fault{path, "is no valid name of an HTTP header"})
		case slices.Contains(refusedHeaders, canonical):
			faults = append(faults, fault{path, canonical + " is set by the server and cannot be given; leave it out"})
		case once[canonical] != "":
			faults = append(faults, fault{path, "is the same header as " + once[canonical]})
		case !httpguts.ValidHeaderFieldValue(value):
			faults = append(faults, fault{path, "has a value that no HTTP header can carry, such as one with a line break"})
		}
		once[canonical] = name
	}
	return faults
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
