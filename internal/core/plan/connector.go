package plan

import (
	"fmt"
	"slices"
	"strings"

	"switchyard"
)

// Defaults and bounds of a dataconnector.
const (
	DefaultConnectorTimeout = 10 * switchyard.Second
	MinConnectorTimeout     = 100 * switchyard.Millisecond
	MaxConnectorTimeout     = switchyard.Minute
	DefaultConnectorRetries = 2
	MaxConnectorRetries     = 5
	maxResults              = 100 // data sources one dataconnector sets
)

// ConnectorMethods lists the methods a dataconnector may use.
func ConnectorMethods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
}

// Idempotent reports whether asking again with this method does no more than asking once (RFC 9110
// §9.2.2): only then is a request repeated that may have arrived.
func Idempotent(method string) bool {
	return slices.Contains([]string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}, strings.ToUpper(method))
}

// CredentialHeader reports whether a header is named like one that carries a credential. Its value is
// never shown.
func CredentialHeader(name string) bool {
	name = strings.ToLower(name)
	if name == "idempotency-key" {
		return false
	}
	return slices.ContainsFunc([]string{"authorization", "authentication", "cookie", "key", "token", "secret", "password", "signature"},
		func(word string) bool { return strings.Contains(name, word) })
}

// What a dataconnector may read of an answer, besides paths into its body.
const (
	ResultStatus = "status"
	ResultBody   = "body"
	ResultHeader = "header:" // and the name of a header
	ResultXPath  = "xpath:"  // and a path that does not begin with /
)

// askConnector asks for the request. Its texts are left as templates: data sources and secrets are
// filled in together, at the attempt, from the values the data sources have now.
func (a *Applet) askConnector(c Context) Step {
	timeout, wrong := a.length.Read(c.Env)
	call := &switchyard.ConnectorCall{Host: hostOf(a.set.URL), Method: a.method(), URL: a.set.URL, Headers: a.set.Headers,
		Body: a.set.Body, Result: a.set.Result, TimeoutMillis: int64(timeout / switchyard.Millisecond),
		Retries: DefaultConnectorRetries}
	if a.set.Retries != nil {
		call.Retries = *a.set.Retries
	}
	texts := []string{call.URL, call.Body}
	for _, name := range sortedKeys(call.Headers) {
		texts = append(texts, call.Headers[name])
	}
	values, fault := readBy(texts, c.Env)
	if fault != "" {
		return a.Fail(fault)
	}
	return Step{Fault: wrong, Effects: []switchyard.Effect{{Kind: switchyard.EffectConnector, Deadline: c.Now.Add(timeout),
		Connector: call, Values: values}}}
}

func (a *Applet) method() string {
	switch {
	case a.set.Method != "":
		return strings.ToUpper(a.set.Method)
	case a.set.Body != "":
		return "POST"
	}
	return "GET"
}

// readBy looks up every data source that texts read, under the name it is first read by.
func readBy(texts []string, env Env) (values map[string]string, fault string) {
	seen, size := map[string]bool{}, 0
	for _, text := range texts {
		for {
			s, _, after := nextSlot(text, true, false)
			if s.mark == 0 {
				break
			}
			text = after
			key := switchyard.CaseKey(s.name)
			if seen[key] {
				continue
			}
			seen[key] = true
			value, known := env.Value(s.name)
			if !known || value == "" {
				continue
			}
			if values == nil {
				values = map[string]string{}
			}
			values[s.name] = value
			if size += len(s.name) + len(value); size > switchyard.MaxDataSourcesBytes {
				return nil, fmt.Sprintf("the data sources it reads are longer than %d bytes in all", switchyard.MaxDataSourcesBytes)
			}
		}
	}
	return values, ""
}

// Known is an Env of values that were looked up before.
type Known map[string]string

// NewKnown makes an Env of the values of an effect.
func NewKnown(values map[string]string) Known {
	k := make(Known, len(values))
	for name, value := range values {
		k[switchyard.CaseKey(name)] = value
	}
	return k
}

// Value implements Env.
func (k Known) Value(name string) (string, bool) {
	value, known := k[switchyard.CaseKey(name)]
	return value, known
}

// hostOf returns the host of a URL as it is written, with its port, in lower case; of one that a
// secret holds, the secret's slot. It tells targets apart and finds faults early; who sends the
// request looks at the URL again.
func hostOf(url string) string {
	host := origin(url)
	if _, after, found := strings.Cut(host, "://"); found {
		host = after
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	return strings.ToLower(host)
}

// Allows reports whether an account's settings let data connectors reach a host, given with its
// port if it has one; without, it is that of https. Names compare without case.
func Allows(set *switchyard.ConnectorSettings, host string) bool {
	if set == nil || set.Allow == nil {
		return true
	}
	name, port := cutPort(strings.ToLower(host))
	if port == "" {
		port = "443"
	}
	return slices.ContainsFunc(set.Allow, func(entry string) bool {
		allowed, only := cutPort(strings.ToLower(entry))
		if only != "" && only != port {
			return false
		}
		if strings.HasPrefix(allowed, "*.") {
			return strings.HasSuffix(name, allowed[1:])
		}
		return name == allowed
	})
}

// cutPort takes a host's port off, and the brackets of an IPv6 address.
func cutPort(host string) (name, port string) {
	if strings.HasPrefix(host, "[") {
		name, port, _ = strings.Cut(host[1:], "]")
		return name, strings.TrimPrefix(port, ":")
	}
	if strings.Count(host, ":") > 1 { // an IPv6 address without brackets
		return host, ""
	}
	name, port, _ = strings.Cut(host, ":")
	return name, port
}

// dataConnector checks what can be known of a request without sending it. Whether its URL and
// headers are well formed, and paths into the answer can be read, the account file's checker tells.
func (c *checker) dataConnector(at place, set *switchyard.Applet) {
	c.filled(at.of("url"), set.URL)
	c.filled(at.of("body"), set.Body)
	for _, name := range sortedKeys(set.Headers) {
		value, member := set.Headers[name], at.of("headers").of(name)
		c.filled(member, value)
		if CredentialHeader(name) && value != "" && !holdsSecret(value) && !isTemplate(value) {
			c.fault(member, "a plan is shown to whoever reads the account: put the credential under secrets and write #(name) instead")
		}
	}
	if set.URL != "" {
		c.destination(at.of("url"), set.URL)
	}
	method := strings.ToUpper(set.Method)
	if set.Method != "" && !slices.Contains(ConnectorMethods(), method) {
		c.fault(at.of("method"), "there is no method %q%s", set.Method, c.hint(method, ConnectorMethods()))
	}
	c.timespan(at.of("timeout"), set.Timeout)
	if t := set.Timeout; t != nil && t.Text == "" && (t.Fixed < MinConnectorTimeout || t.Fixed > MaxConnectorTimeout) {
		c.fault(at.of("timeout"), "timeout is %s; it can be from %s to %s", t.Fixed, MinConnectorTimeout, MaxConnectorTimeout)
	}
	if r := set.Retries; r != nil {
		switch posts := method == "POST" || method == "PATCH" || method == "" && set.Body != ""; {
		case *r < 0 || *r > MaxConnectorRetries:
			c.fault(at.of("retries"), "retries is %d; it can be from 0 to %d", *r, MaxConnectorRetries)
		case *r > 0 && posts:
			c.warn(at.of("retries"), "retries has no effect: only GET, HEAD, PUT, DELETE and OPTIONS are repeated, "+
				"since a repeated POST may do twice what it does")
		}
	}
	c.results(at.of("result"), set.Result)
}

// destination checks where a request goes: no data source may choose it, and the account's allow
// list has to name it. What a secret holds is looked at when the request is sent.
func (c *checker) destination(at place, url string) {
	if s, _, _ := nextSlot(origin(url), true, false); s.mark != 0 {
		c.fault(at, "$(%s) cannot choose where a request is sent: write scheme and host as they are, or as #(secret)", s.name)
		return
	}
	host := hostOf(url)
	if !holdsSecret(origin(url)) && !Allows(c.doc.Settings.Connectors, host) {
		c.fault(at, "the account's data connectors may not reach %q; add it to settings.connectors.allow", shortened(host))
	}
}

func (c *checker) results(at place, results map[string]string) {
	c.sourceNames(at, results)
	if len(results) > maxResults {
		c.fault(at, "sets %d data sources; one dataconnector can set %d", len(results), maxResults)
	}
	for _, name := range sortedKeys(results) {
		if !IsResult(results[name]) {
			c.fault(at.of(name), "%q is nothing of an answer: write a JSONPath that begins with $, an XPath that begins with / "+
				"or %s, %s, %sNAME or %s", shortened(results[name]), ResultXPath, ResultStatus, ResultHeader, ResultBody)
		}
	}
}

// IsResult reports whether a text has the form of something that can be read of an answer.
func IsResult(text string) bool {
	switch {
	case text == ResultStatus, text == ResultBody:
		return true
	case strings.HasPrefix(text, ResultHeader):
		return len(text) > len(ResultHeader)
	}
	return strings.HasPrefix(text, "$") || strings.HasPrefix(text, "/") || strings.HasPrefix(text, ResultXPath)
}

// allowList checks the hosts the account's data connectors may reach.
func (c *checker) allowList() {
	set, at := c.doc.Settings.Connectors, place("settings").of("connectors")
	if set == nil {
		return
	}
	switch {
	case set.Allow == nil && set.Breaker == nil:
		c.fault(at, "says nothing: list the hosts that data connectors may reach under allow, or leave connectors out for all")
	case set.Allow != nil && len(set.Allow) == 0:
		c.fault(at, "allow is empty: list the hosts that data connectors may reach, or leave allow out for all")
	}
	for i, host := range set.Allow {
		name := strings.TrimPrefix(host, "*.")
		if name == "" || strings.ContainsAny(name, "*/?#@$( ") || strings.Contains(name, "://") {
			c.fault(at.of("allow").item(i), "%q is no host: write crm.example.com, *.example.com for all below it, "+
				"or a host with its port", shortened(host))
		}
	}
}
