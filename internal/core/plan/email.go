package plan

import (
	"fmt"
	"strings"
	"unicode"

	"switchyard"
)

// Bounds of the fields of an e-mail (RFC 5321 §4.5.3.1, RFC 5322 §2.1.1).
const (
	maxAddressBytes = 254
	maxSubjectBytes = 998
)

func (a *Applet) sendEmail(c Context) Step {
	email, fault := a.composeEmail(c)
	if fault != "" {
		return a.Fail(fault)
	}
	return Step{Effects: []switchyard.Effect{email}}
}

// composeEmail makes one message to all recipients. From may be empty: then the gateway uses its own.
func (a *Applet) composeEmail(c Context) (email switchyard.Effect, fault string) {
	texts := map[string]string{"gateway": a.set.Gateway, "from": a.set.From, "to": a.set.To,
		"subject": a.set.Subject, "text": a.set.Text, "html": a.set.HTML}
	for _, name := range sortedKeys(texts) {
		expanded, err := Expand(texts[name], c.Env)
		if err != nil {
			return email, fmt.Sprintf("%s: %v", name, err)
		}
		texts[name] = expanded
	}
	gateway, fault := gatewayOf(GatewayEmail, strings.TrimSpace(texts["gateway"]), c.Gateways)
	if fault != "" {
		return email, fault
	}
	from := strings.TrimSpace(texts["from"])
	if fault = AddressFault("from", from); from != "" && fault != "" {
		return email, fault
	}
	to, fault := addresses(texts["to"])
	if fault != "" {
		return email, fault
	}
	if fault = subjectFault(texts["subject"]); fault != "" {
		return email, fault
	}
	if strings.TrimSpace(texts["text"]) == "" && strings.TrimSpace(texts["html"]) == "" {
		return email, "the message is empty: both its text and its html are"
	}
	return switchyard.Effect{Kind: switchyard.EffectEmail, Gateway: gateway, From: from, To: to,
		Subject: texts["subject"], Message: texts["text"], HTML: texts["html"]}, ""
}

// subjectFault refuses what would end the header and begin another (RULINGS 36).
func subjectFault(subject string) string {
	switch {
	case strings.ContainsFunc(subject, unicode.IsControl):
		return fmt.Sprintf("subject %q holds a line break or another control character", shortened(subject))
	case len(subject) > maxSubjectBytes:
		return fmt.Sprintf("subject has %d bytes; it can have %d", len(subject), maxSubjectBytes)
	}
	return ""
}

// addresses reads a comma list of e-mail addresses. Empty places of the list are nobody; nobody is
// left out silently.
func addresses(list string) (to []string, fault string) {
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if fault := AddressFault("to", entry); fault != "" {
			return nil, fault
		}
		if to = append(to, entry); len(to) > switchyard.MaxEmailRecipients {
			return nil, fmt.Sprintf("to names more than %d recipients", switchyard.MaxEmailRecipients)
		}
	}
	if len(to) == 0 {
		return nil, "to names no recipient"
	}
	return to, ""
}

// AddressFault says what makes a text no e-mail address, plain or as Name <address>. The mail
// library reads it strictly when the message is sent.
func AddressFault(field, text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Sprintf("%s %q holds a line break or another control character", field, shortened(text))
	}
	address := text
	if i := strings.IndexByte(text, '<'); i >= 0 && strings.HasSuffix(text, ">") {
		address = text[i+1 : len(text)-1]
	}
	local, domain, found := strings.Cut(address, "@")
	if !found || local == "" || domain == "" || strings.ContainsAny(address, " <>\"(),;") ||
		strings.Contains(domain, "@") || len(address) > maxAddressBytes {
		return fmt.Sprintf("%s %q is no e-mail address such as ada@example.com or Ada <ada@example.com>", field, shortened(text))
	}
	return ""
}

func (c *checker) sendEmail(at place, set *switchyard.Applet) {
	if set.Gateway != "" {
		c.reference(at, "gateway", set.Gateway, "e-mail gateway", c.names.emails)
	}
	c.text(at.of("from"), set.From)
	c.text(at.of("to"), set.To)
	c.text(at.of("subject"), set.Subject)
	c.text(at.of("text"), set.Text)
	c.text(at.of("html"), set.HTML)
	literal := func(text string) bool { return text != "" && !isTemplate(text) && !holdsSecret(text) }
	if literal(set.From) {
		if fault := AddressFault("from", strings.TrimSpace(set.From)); fault != "" {
			c.fault(at.of("from"), "%s", fault)
		}
	}
	if literal(set.To) {
		if _, fault := addresses(set.To); fault != "" {
			c.fault(at.of("to"), "%s", fault)
		}
	}
	if literal(set.Subject) {
		if fault := subjectFault(set.Subject); fault != "" {
			c.fault(at.of("subject"), "%s", fault)
		}
	}
	if set.Text == "" && set.HTML == "" {
		c.fault(at, "text is missing: an e-mail needs text, html or both")
	}
}
