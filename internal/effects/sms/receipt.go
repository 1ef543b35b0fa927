package sms

import (
	"errors"
	"net/http"
	"net/url"

	"switchyard"
	"switchyard/internal/effects"
	"switchyard/internal/effects/template"
)

// Received is a request that claims to be a receipt.
type Received struct {
	Account, Gateway, Interaction, Effect string // as its path has them

	Method string
	Query  string // raw
	Header http.Header
	Body   []byte
}

// ErrUnsigned is the answer to everything that does not show that a gateway's vendor sent it,
// whatever the reason: nobody learns which accounts and gateways there are.
var ErrUnsigned = errors.New("no gateway's vendor signed this")

// Bounds of what a receipt tells.
const (
	maxWordBytes   = 64 // a status, a number
	maxTokenBytes  = 128
	maxReportBytes = 256
)

// Receipt checks who sent a request and reads what it says of a message. It returns the gateway as
// the account spells it.
func (p *Performer) Receipt(r *Received) (gateway string, receipt *switchyard.EffectReceipt, err error) {
	g, known := p.o.Lookup.Gateway(r.Account, kind, r.Gateway)
	interaction, bad := switchyard.ParseID(r.Interaction)
	effect, worse := switchyard.ParseID(r.Effect)
	if !known || bad != nil || worse != nil || interaction.IsZero() || effect.IsZero() {
		return "", nil, ErrUnsigned
	}
	report, err := p.report(g, r, interaction, effect)
	if err != nil {
		return "", nil, ErrUnsigned
	}
	return r.Gateway, &switchyard.EffectReceipt{Interaction: interaction, Effect: effect,
		Status: effects.Excerpt(report.status, nil, maxWordBytes), To: effects.Excerpt(report.to, nil, maxWordBytes),
		MessageID: effects.Excerpt(report.messageID, nil, maxTokenBytes),
		Detail:    effects.Excerpt(report.detail, nil, maxReportBytes)}, nil
}

// report is what a vendor says of a message.
type report struct{ status, to, messageID, detail string }

func (p *Performer) report(g switchyard.Gateway, r *Received, interaction, effect switchyard.ID) (report, error) {
	f := p.filler(r.Account)
	var rep report
	var err error
	switch {
	case g.Type == switchyard.GatewayTwilio:
		rep, err = twilioReport(f, g, r, ReceiptURL(p.o.PublicURL, r.Account, r.Gateway, interaction, effect))
	case g.Type == switchyard.GatewayVonage && g.API == apiMessages:
		rep, err = vonageMessagesReport(f, g, r, refOf(interaction, effect))
	case g.Type == switchyard.GatewayVonage:
		rep, err = vonageSMSReport(f, g, r, refOf(interaction, effect))
	default:
		return report{}, ErrUnsigned
	}
	if err == nil && rep.status == "" {
		err = errors.New("it says no status")
	}
	return rep, err
}

// refOf is what a message is called towards a vendor that gives it back in the receipt: the path a
// receipt comes to is not signed there, and this is.
func refOf(interaction, effect switchyard.ID) string {
	return interaction.String() + "." + effect.String()
}

// signing opens a secret that receipts are signed with. None is no secret: everybody could sign.
func signing(f *template.Filler, name, sealed string) (string, error) {
	if sealed == "" {
		return "", ErrUnsigned
	}
	secret, err := credential(f, name, sealed)
	if err == nil && secret == "" {
		err = ErrUnsigned
	}
	return secret, err
}

// singleValues reads a form whose names come once each.
func singleValues(form string) (map[string]string, error) {
	values, err := url.ParseQuery(form)
	if err != nil {
		return nil, err
	}
	once := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) != 1 {
			return nil, errors.New("a name comes twice")
		}
		once[name] = all[0]
	}
	return once, nil
}
