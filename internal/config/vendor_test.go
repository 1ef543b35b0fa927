package config

import (
	"strings"
	"testing"

	"switchyard"
)

// The credentials of a vendor's gateway are sealed, masked, kept when they are left out, and gone when
// the gateway becomes another vendor's.
func TestCredentialsOfVendors(t *testing.T) {
	b := newBench(t)
	const first = `
account: acme
secrets: {token: twilio-token}
gateways:
  sms:
    v: {type: vonage, key: k, secret: vonage-secret, signature: vonage-signature}
    t: {type: twilio, sid: AC1, secret: "#(token)", from: Acme}
`
	published, _ := b.prepare(b.read(first), nil)
	v := published.Gateways.SMS["v"]
	if !b.key.Sealed(v.Secret) || !b.key.Sealed(v.Signature) || !b.key.Sealed(published.Gateways.SMS["t"].Secret) {
		t.Fatalf("not sealed: %+v", published.Gateways)
	}
	shown := Mask(published)
	if g := shown.Gateways.SMS["v"]; g.Secret != switchyard.Masked || g.Signature != switchyard.Masked || g.Key != "k" {
		t.Errorf("shown: %+v", g)
	}
	again, _ := b.prepare(shown, published)
	absent, _ := b.prepare(b.read(strings.NewReplacer(", secret: vonage-secret, signature: vonage-signature", "", `, secret: "#(token)"`, "").Replace(first)), published)
	same, _ := b.prepare(b.read(first), published)
	for name, doc := range map[string]*switchyard.Account{"masked": again, "absent": absent, "same": same} {
		if !Equal(doc, published) {
			t.Errorf("%s: it is another document: %+v", name, doc.Gateways)
		}
	}
	_, _, err := Prepare(t.Context(), b.read(strings.Replace(first, "v: {type: vonage, key: k, secret: vonage-secret, signature: vonage-signature}",
		"v: {type: twilio, sid: AC1, from: Acme}", 1)), published, b.key, b.hasher)
	if err == nil || !strings.Contains(err.Error(), "gateways.sms.v.secret: is missing: a gateway of type twilio is new here") {
		t.Errorf("another vendor has the secret of the first: %v", err)
	}
}
