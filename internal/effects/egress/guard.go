package egress

import (
	"fmt"
	"net/netip"
)

// Guard decides which addresses may be reached. The zero Guard lets through public addresses only.
type Guard struct {
	AllowInsecure bool           // --allow-insecure-endpoints: loopback may be reached
	AllowNetworks []netip.Prefix // --allow-network: these may be reached whatever they are
}

// Refused says that an address may not be reached, and which flag of the server would allow it.
type Refused struct {
	Addr    netip.Addr
	Why     string
	Network netip.Prefix // the range that forbids it
	Flag    string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("address %s is refused: it is %s (%s); only starting the server with %s would allow it",
		r.Addr, r.Why, r.Network, r.Flag)
}

// Check returns a *Refused unless addr may be reached. It looks at the IPv4 address inside the
// IPv6 forms that carry one, because a gateway on the way would send the packet there.
func (g Guard) Check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if g.allowed(addr) {
		return nil
	}
	if addr.IsLoopback() && g.AllowInsecure {
		return nil
	}
	inner, carried := embedded(addr)
	if carried && g.allowed(inner) {
		return nil
	}
	hit, bad := forbidden(addr)
	if !bad && carried {
		hit, bad = forbidden(inner)
	}
	if !bad {
		return nil
	}
	refused := &Refused{Addr: addr, Why: hit.why, Network: hit.network}
	refused.Flag = "--allow-network " + hit.network.String()
	if addr.IsLoopback() {
		refused.Flag = "--allow-insecure-endpoints"
	}
	if carried {
		refused.Why = fmt.Sprintf("a form of %s, which is %s", inner, hit.why)
	}
	return refused
}

func (g Guard) allowed(addr netip.Addr) bool {
	for _, network := range g.AllowNetworks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

type special struct {
	network netip.Prefix
	why     string
}

// forbidden finds the special range addr lies in. Of IPv6 only 2000::/3 is handed out for public
// use, so everything outside it is forbidden except the well-known NAT64 prefix.
func forbidden(addr netip.Addr) (special, bool) {
	for _, s := range specials {
		if s.network.Contains(addr) {
			return s, true
		}
	}
	if addr.Is6() && !global6.Contains(addr) && !nat64.Contains(addr) {
		return special{netip.PrefixFrom(addr, addr.BitLen()), "reserved"}, true
	}
	return special{}, false
}

// embedded returns the IPv4 address a NAT64 or 6to4 address leads to.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

var (
	global6   = netip.MustParsePrefix("2000::/3")
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// specials are the IANA special-purpose registries for IPv4 and IPv6 and the addresses under which
// clouds show machines their credentials; the narrowest range that applies stands first.
var specials = []special{
	at("169.254.169.254/32", "a cloud's metadata service"),
	at("100.100.100.200/32", "a cloud's metadata service"),
	at("168.63.129.16/32", "a cloud's metadata service"),
	at("fd00:ec2::254/128", "a cloud's metadata service"),

	at("0.0.0.0/8", "unspecified"),
	at("10.0.0.0/8", "private"),
	at("100.64.0.0/10", "shared between customers of a carrier"),
	at("127.0.0.0/8", "loopback"),
	at("169.254.0.0/16", "link-local"),
	at("172.16.0.0/12", "private"),
	at("192.0.0.0/24", "reserved for protocols"),
	at("192.0.2.0/24", "for documentation"),
	at("192.88.99.0/24", "a 6to4 relay"),
	at("192.168.0.0/16", "private"),
	at("198.18.0.0/15", "for benchmarks"),
	at("198.51.100.0/24", "for documentation"),
	at("203.0.113.0/24", "for documentation"),
	at("224.0.0.0/4", "multicast"),
	at("240.0.0.0/4", "reserved"),

	at("::/128", "unspecified"),
	at("::1/128", "loopback"),
	at("::/96", "a deprecated form of an IPv4 address"),
	at("::ffff:0:0:0/96", "a translated IPv4 address"),
	at("64:ff9b:1::/48", "a translated IPv4 address"),
	at("100::/64", "for discarding"),
	at("2001::/23", "reserved for protocols"),
	at("2001:db8::/32", "for documentation"),
	at("3fff::/20", "for documentation"),
	at("fc00::/7", "private"),
	at("fe80::/10", "link-local"),
	at("fec0::/10", "site-local"),
	at("ff00::/8", "multicast"),
}

func at(network, why string) special {
	return special{netip.MustParsePrefix(network), why}
}
