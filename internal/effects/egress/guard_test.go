package egress

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	const loopback = "--allow-insecure-endpoints"
	for _, c := range []struct{ addr, why, flag string }{ // why "" = may be reached
		{"93.184.216.34", "", ""},
		{"2606:2800:220:1::1", "", ""},
		{"1.1.1.1", "", ""},
		{"172.32.0.1", "", ""},
		{"100.128.0.1", "", ""},
		{"64:ff9b::5db8:d822", "", ""}, // NAT64 of 93.184.216.34
		{"2002:5db8:d822::1", "", ""},  // 6to4 of the same

		{"127.0.0.1", "loopback", loopback},
		{"127.255.1.2", "loopback", loopback},
		{"::1", "loopback", loopback},
		{"::ffff:127.0.0.1", "loopback", loopback},
		{"10.1.2.3", "private", "--allow-network 10.0.0.0/8"},
		{"172.16.0.1", "private", "--allow-network 172.16.0.0/12"},
		{"172.31.255.255", "private", "--allow-network 172.16.0.0/12"},
		{"192.168.1.1", "private", "--allow-network 192.168.0.0/16"},
		{"::ffff:192.168.1.1", "private", "--allow-network 192.168.0.0/16"},
		{"fd12::1", "private", "--allow-network fc00::/7"},
		{"100.64.0.1", "carrier", "--allow-network 100.64.0.0/10"},
		{"100.127.255.255", "carrier", "--allow-network 100.64.0.0/10"},
		{"169.254.1.1", "link-local", "--allow-network 169.254.0.0/16"},
		{"fe80::1", "link-local", "--allow-network fe80::/10"},
		{"fe80::1%eth0", "link-local", "--allow-network fe80::/10"},
		{"169.254.169.254", "metadata", "--allow-network 169.254.169.254/32"},
		{"::ffff:169.254.169.254", "metadata", "--allow-network 169.254.169.254/32"},
		{"fd00:ec2::254", "metadata", "--allow-network fd00:ec2::254/128"},
		{"100.100.100.200", "metadata", ""},
		{"168.63.129.16", "metadata", ""},
		{"0.0.0.0", "unspecified", ""},
		{"0.1.2.3", "unspecified", ""},
		{"::", "unspecified", ""},
		{"224.0.0.1", "multicast", ""},
		{"ff02::1", "multicast", ""},
		{"255.255.255.255", "reserved", ""},
		{"198.18.0.1", "benchmarks", ""},
		{"198.19.255.255", "benchmarks", ""},
		{"192.0.2.1", "documentation", ""},
		{"198.51.100.1", "documentation", ""},
		{"203.0.113.1", "documentation", ""},
		{"2001:db8::1", "documentation", ""},
		{"3fff::1", "documentation", ""},
		{"2001:0:1::1", "reserved", ""}, // Teredo
		{"64:ff9b::7f00:1", "a form of 127.0.0.1, which is loopback", "--allow-network 127.0.0.0/8"},
		{"64:ff9b::a9fe:a9fe", "metadata", "--allow-network 169.254.169.254/32"},
		{"64:ff9b:1::1", "translated", ""},
		{"2002:0a00:0001::1", "a form of 10.0.0.1, which is private", "--allow-network 10.0.0.0/8"},
		{"::10.0.0.1", "deprecated", ""},
		{"::ffff:0:10.0.0.1", "translated", ""},
		{"fec0::1", "site-local", ""},
		{"4000::1", "reserved", ""},
		{"5f00::1", "reserved", ""},
	} {
		err := Guard{}.Check(netip.MustParseAddr(c.addr))
		if c.why == "" {
			if err != nil {
				t.Errorf("%s: %v; it should be let through", c.addr, err)
			}
			continue
		}
		var refused *Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v; it should be refused", c.addr, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.why) || !strings.Contains(text, c.flag) {
			t.Errorf("%s: %q lacks %q or %q", c.addr, text, c.why, c.flag)
		}
	}
}

func TestGuardOptions(t *testing.T) {
	insecure := Guard{AllowInsecure: true}
	office := Guard{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, c := range []struct {
		guard Guard
		addr  string
		ok    bool
	}{
		{insecure, "127.0.0.1", true},
		{insecure, "::1", true},
		{insecure, "::ffff:127.0.0.1", true},
		{insecure, "10.0.0.1", false},
		{insecure, "169.254.169.254", false},
		{insecure, "64:ff9b::7f00:1", false},
		{office, "10.9.9.9", true},
		{office, "::ffff:10.9.9.9", true},
		{office, "64:ff9b::a00:1", true},
		{office, "192.168.0.1", false},
		{office, "127.0.0.1", false},
	} {
		if err := c.guard.Check(netip.MustParseAddr(c.addr)); (err == nil) != c.ok {
			t.Errorf("%+v, %s: %v", c.guard, c.addr, err)
		}
	}
}

// The refused text tells the flag; with that flag the address is reached.
func TestRefusedFlagHelps(t *testing.T) {
	for _, s := range specials {
		addr := s.network.Addr()
		err := Guard{}.Check(addr)
		var refused *Refused
		if !errors.As(err, &refused) {
			t.Fatalf("%s (%s) is let through", addr, s.why)
		}
		guard := Guard{AllowInsecure: refused.Flag == insecureFlag}
		if network, found := strings.CutPrefix(refused.Flag, "--allow-network "); found {
			guard.AllowNetworks = []netip.Prefix{netip.MustParsePrefix(network)}
		}
		if err := guard.Check(addr); err != nil {
			t.Errorf("%s with %s: %v", addr, refused.Flag, err)
		}
	}
}
