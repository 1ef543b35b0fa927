package config

import (
	"net/url"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
)

// The APIs of Vonage, and the ways its SMS API signs receipts; the first is the default.
const (
	vonageSMS      = "sms"
	vonageMessages = "messages"
)

var (
	vonageAPIs       = []string{vonageSMS, vonageMessages}
	signatureMethods = []string{"md5hash", "md5", "sha1", "sha256", "sha512"}
)

// Bounds of a gateway's pace, and of any breaker.
const (
	leastRate, mostRate   = 0.01, 1000
	mostFailures          = 1000
	leastPause, mostPause = 100 * switchyard.Millisecond, switchyard.Hour
)

func (c *checker) vonageGateway(path string, g switchyard.Gateway) {
	if g.Key == "" {
		c.fault(path, "key is missing: the API key of the Vonage account, or #(secret)")
	}
	if g.API != "" {
		c.choice(at(path, "api"), g.API, "api", vonageAPIs)
	}
	if g.SignatureMethod != "" {
		c.choice(at(path, "signaturemethod"), g.SignatureMethod, "signaturemethod", signatureMethods)
		if g.API == vonageMessages {
			c.fault(at(path, "signaturemethod"), "belongs to api: sms; the Messages API has one way to sign receipts")
		}
	}
	c.vendorGateway(path, g)
}

func (c *checker) twilioGateway(path string, g switchyard.Gateway) {
	if g.SID == "" {
		c.fault(path, "sid is missing: the SID of the Twilio account, or #(secret)")
	}
	if g.From != "" && g.MessagingService != "" {
		c.fault(at(path, "messagingservice"), "chooses the sender itself; leave out from, or it")
	}
	c.vendorGateway(path, g)
}

// vendorGateway checks what gateways of all vendors have. That a new one has its secret is looked at
// when the document is prepared: left out, it is what it was.
func (c *checker) vendorGateway(path string, g switchyard.Gateway) {
	if fault := plan.SenderFault(g.From); fault != "" {
		c.fault(at(path, "from"), "%s", fault)
	}
	if g.URL == "" {
		return
	}
	if fault := c.targetURL(g.URL); fault != "" {
		c.fault(at(path, "url"), "%s", fault)
	} else if u, err := url.Parse(g.URL); !strings.Contains(g.URL, "#(") && (err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "") {
		c.fault(at(path, "url"), "is the origin of the vendor's API, such as https://api.example.com, without a path")
	}
}

// gatewayPace checks how fast a gateway may be asked, and when not.
func (c *checker) gatewayPace(path string, g switchyard.Gateway) {
	if g.Rate != 0 && !(g.Rate >= leastRate && g.Rate <= mostRate) {
		c.fault(at(path, "rate"), "is %v; a rate is %v to %v messages a second", g.Rate, leastRate, mostRate)
	}
	c.breaker(at(path, "breaker"), g.Breaker)
}

// breaker checks when attempts at a gateway or a host stop for a while.
func (c *checker) breaker(path string, b *switchyard.Breaker) {
	if b == nil {
		return
	}
	if n := b.Failures; n != nil && (*n < 0 || *n > mostFailures) {
		c.fault(path+".failures", "is %d; it is 0 to %d, 0 = never", *n, mostFailures)
	}
	if d := b.Pause; d != nil && (*d < leastPause || *d > mostPause) {
		c.fault(path+".pause", "is %s; a pause is %s to %s", *d, leastPause, mostPause)
	}
}

// vendor seals the credentials of a vendor's gateway. One that is left out stays what it was, as
// long as the gateway has the same type (RULINGS 40).
func (p *preparer) vendor(path string, g, stored *switchyard.Gateway) {
	vendor := g.Type == switchyard.GatewayVonage || g.Type == switchyard.GatewayTwilio
	if vendor && g.Type == stored.Type {
		if g.Secret == "" {
			g.Secret = stored.Secret
		}
		if g.Signature == "" {
			g.Signature = stored.Signature
		}
	}
	if vendor && g.Secret == "" {
		p.fault(at(path, "secret"), "is missing: a gateway of type %s is new here, so it needs its secret", g.Type)
	}
	g.Secret = p.sealed(at(path, "secret"), g.Secret, stored.Secret)
	g.Signature = p.sealed(at(path, "signature"), g.Signature, stored.Signature)
}
