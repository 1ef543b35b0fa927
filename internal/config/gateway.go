package config

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"switchyard"
	"switchyard/internal/core/plan"
)

// The types of gateways, by what they carry.
var (
	smsGatewayTypes   = []string{typeLog, typeHTTP, switchyard.GatewayVonage, switchyard.GatewayTwilio}
	emailGatewayTypes = []string{typeLog, typeSMTP}
	gatewayTypes      = []string{typeLog, typeHTTP, switchyard.GatewayVonage, switchyard.GatewayTwilio, typeSMTP}
)

const (
	typeLog  = "log"
	typeHTTP = "http"
	typeSMTP = "smtp"
)

// mailTLS are the ways to speak to a mail server.
var mailTLS = []string{"starttls", "tls", "none"}

var gatewayMethods = []string{http.MethodPost, http.MethodPut, http.MethodGet, http.MethodPatch, http.MethodDelete}

func (c *checker) gateways() {
	for _, kind := range []struct {
		path     string
		gateways map[string]switchyard.Gateway
		types    []string
	}{{"gateways.sms", c.doc.Gateways.SMS, smsGatewayTypes}, {"gateways.email", c.doc.Gateways.Email, emailGatewayTypes}} {
		n := newNames("gateway")
		for _, name := range sortedKeys(kind.gateways) {
			path := at(kind.path, name)
			c.add(n, path, path, name)
			c.gateway(path, kind.gateways[name], kind.types)
		}
	}
}

// gatewaySettings are the settings that belong to each type of gateway, beside type and timeout.
var gatewaySettings = map[string][]string{
	typeLog:                  nil,
	typeHTTP:                 {"method", "url", "headers", "body", "rate", "breaker"},
	typeSMTP:                 {"host", "port", "tls", "username", "password", "from", "rate", "breaker"},
	switchyard.GatewayVonage: {"api", "key", "secret", "signature", "signaturemethod", "from", "url", "rate", "breaker"},
	switchyard.GatewayTwilio: {"sid", "secret", "messagingservice", "from", "url", "rate", "breaker"},
}

func (c *checker) gateway(path string, g switchyard.Gateway, types []string) {
	if g.Type == "" {
		c.problems.add(Problem{Path: path, Text: "type is missing", Of: "type", Allowed: types})
		return
	}
	if !slices.Contains(types, g.Type) {
		c.choice(at(path, "type"), g.Type, "type", types)
		return
	}
	if g.Timeout != nil && (*g.Timeout < 100*switchyard.Millisecond || *g.Timeout > switchyard.Minute) {
		c.fault(at(path, "timeout"), "is %s; a timeout is 100ms to 1m", *g.Timeout)
	}
	c.strayGatewaySettings(path, g)
	c.gatewayPace(path, g)
	switch g.Type {
	case typeHTTP:
		c.httpGateway(path, g)
	case typeSMTP:
		c.smtpGateway(path, g)
	case switchyard.GatewayVonage:
		c.vonageGateway(path, g)
	case switchyard.GatewayTwilio:
		c.twilioGateway(path, g)
	}
}

// strayGatewaySettings refuses settings of another type, which would do nothing.
func (c *checker) strayGatewaySettings(path string, g switchyard.Gateway) {
	given := map[string]bool{"method": g.Method != "", "url": g.URL != "", "headers": len(g.Headers) > 0, "body": g.Body != "",
		"host": g.Host != "", "port": g.Port != 0, "tls": g.TLS != "", "username": g.Username != "", "password": g.Password != "",
		"from": g.From != "", "api": g.API != "", "key": g.Key != "", "sid": g.SID != "", "secret": g.Secret != "",
		"signature": g.Signature != "", "signaturemethod": g.SignatureMethod != "", "messagingservice": g.MessagingService != "",
		"rate": g.Rate != 0, "breaker": g.Breaker != nil}
	mine := gatewaySettings[g.Type]
	for _, name := range sortedKeys(given) {
		switch {
		case !given[name] || slices.Contains(mine, name):
		case len(mine) == 0:
			c.fault(at(path, name), "is no setting of a gateway of type %s, which sends nothing", g.Type)
		default:
			c.fault(at(path, name), "is no setting of a gateway of type %s; it takes %s", g.Type, strings.Join(mine, ", "))
		}
	}
}

func (c *checker) httpGateway(path string, g switchyard.Gateway) {
	if g.Method != "" {
		c.choice(at(path, "method"), g.Method, "method", gatewayMethods)
	}
	if fault := c.targetURL(g.URL); fault != "" {
		c.fault(at(path, "url"), "%s", fault)
	}
	for _, f := range headerFaults(g.Headers) {
		c.fault(path+"."+f.path, "%s", f.text)
	}
}

// smtpGateway checks a mail server. Passwords travel encrypted, or stay on this machine.
func (c *checker) smtpGateway(path string, g switchyard.Gateway) {
	if u, err := url.Parse("//" + g.Host); g.Host == "" {
		c.fault(path, "host is missing: name the mail server, such as smtp.example.com")
	} else if err != nil || u.Host != g.Host || u.Port() != "" || strings.Trim(g.Host, ".") == "" {
		c.fault(at(path, "host"), "%q is no host; write the mail server's name alone, and its port under port", g.Host)
	}
	if g.Port < 0 || g.Port > 65535 {
		c.fault(at(path, "port"), "is %d; a port is 1 to 65535", g.Port)
	}
	if g.TLS != "" {
		c.choice(at(path, "tls"), g.TLS, "tls", mailTLS)
	}
	if g.TLS == "none" && !(c.rules.AllowInsecure && loopback(g.Host)) {
		c.fault(at(path, "tls"), "none would send messages in the clear; only for a mail server on this machine, and only "+
			"when the server was started with --allow-insecure-endpoints")
	}
	if g.Password != "" && g.Username == "" {
		c.fault(path, "username is missing: a password needs one")
	}
	if g.From != "" {
		if fault := plan.AddressFault("from", g.From); fault != "" {
			c.fault(at(path, "from"), "%s", fault)
		}
	}
}

// targetURL checks where a gateway or a data connector sends to. Scheme and host are literal text or a secret, so that
// no data source can choose the address; a URL is shown to everyone who may read the account, so no
// credential may stand in it.
func (c *checker) targetURL(text string) string {
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
