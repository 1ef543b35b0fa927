package plan

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"switchyard"
)

// A sender is at most 11 characters, or at most 20 digits after an optional plus.
const (
	maxSenderRunes  = 11
	maxSenderDigits = 20
)

// A recipient is a telephone number: 3 to 20 digits after an optional plus.
const (
	minNumberDigits = 3
	maxNumberDigits = 20
)

func (a *Applet) sendSMS(c Context) Step {
	sms, fault := a.compose(c)
	if fault != "" {
		return a.Fail(fault)
	}
	if _, typ, _ := c.Gateways(GatewaySMS, sms.Gateway); typ == switchyard.GatewayVonage || typ == switchyard.GatewayTwilio {
		return Step{Effects: oneEach(sms)}
	}
	return Step{Effects: []switchyard.Effect{sms}}
}

// oneEach makes an effect for each recipient: vendors take one recipient a request, and what became
// of one must not be asked for again because of another.
func oneEach(sms switchyard.Effect) []switchyard.Effect {
	each := make([]switchyard.Effect, len(sms.To))
	for i, to := range sms.To {
		each[i] = sms
		each[i].To = []string{to}
	}
	return each
}

// compose makes the message. From may be empty: then the gateway uses its own.
func (a *Applet) compose(c Context) (sms switchyard.Effect, fault string) {
	var texts [4]string
	for i, text := range [...]string{a.set.Gateway, a.set.From, a.set.To, a.set.Message} {
		var err error
		if texts[i], err = Expand(text, c.Env); err != nil {
			return sms, fmt.Sprintf("%s: %v", [...]string{"gateway", "from", "to", "message"}[i], err)
		}
	}
	gateway, fault := gatewayOf(GatewaySMS, strings.TrimSpace(texts[0]), c.Gateways)
	if fault != "" {
		return sms, fault
	}
	from := strings.TrimSpace(texts[1])
	if fault = SenderFault(from); fault != "" {
		return sms, fault
	}
	to, fault := recipients(texts[2])
	if fault != "" {
		return sms, fault
	}
	if strings.TrimSpace(texts[3]) == "" {
		return sms, "the message is empty"
	}
	encoding, segments := segmentsOf(texts[3])
	return switchyard.Effect{Kind: switchyard.EffectSMS, Gateway: gateway, From: from, To: to, Message: texts[3],
		Encoding: encoding, Segments: segments}, ""
}

// The kinds of gateways.
const (
	GatewaySMS   = "sms"
	GatewayEmail = "email"
)

// gatewayOf finds a gateway in the config in force; one that is gone fails at once (RULINGS 32).
func gatewayOf(kind, name string, known func(kind, name string) (spelling, typ string, ok bool)) (spelling, fault string) {
	if spelling, _, ok := known(kind, name); ok {
		return spelling, ""
	}
	what := map[string]string{GatewaySMS: "SMS", GatewayEmail: "e-mail"}[kind]
	return "", fmt.Sprintf("the account has no %s gateway %q", what, shortened(name))
}

// SenderFault says what makes a text no sender of an SMS; the empty one is the gateway's own.
func SenderFault(from string) string {
	if strings.IndexFunc(from, unicode.IsControl) >= 0 {
		return fmt.Sprintf("from %q holds a line break or another control character", shortened(from))
	}
	if number := strings.TrimPrefix(from, "+"); digits(number) {
		if len(number) > maxSenderDigits {
			return fmt.Sprintf("from %s has %d digits; a number may have %d", shortened(from),
				len(number), maxSenderDigits)
		}
		return ""
	}
	if n := utf8.RuneCountInString(from); n > maxSenderRunes {
		return fmt.Sprintf("from %q has %d characters; a sender that is no number may have %d",
			shortened(from), n, maxSenderRunes)
	}
	return ""
}

// recipients reads a comma list. Empty places of the list are nobody; anything else that is no
// telephone number is a fault: nobody is left out silently.
func recipients(list string) (to []string, fault string) {
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		number := bareNumber(entry)
		if n := len(strings.TrimPrefix(number, "+")); !digits(strings.TrimPrefix(number, "+")) ||
			n < minNumberDigits || n > maxNumberDigits {
			return nil, fmt.Sprintf("to %q is no telephone number", shortened(entry))
		}
		if to = append(to, number); len(to) > switchyard.MaxSMSRecipients {
			return nil, fmt.Sprintf("to names more than %d recipients", switchyard.MaxSMSRecipients)
		}
	}
	if len(to) == 0 {
		return nil, "to names no recipient"
	}
	return to, ""
}

// bareNumber takes out what people write between the digits of a telephone number.
func bareNumber(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()/", r) {
			return -1
		}
		return r
	}, text)
}
