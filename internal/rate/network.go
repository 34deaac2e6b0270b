package rate

import "net/netip"

// Network returns the key of an address in a limit by network: the part that
// one customer of a network holds, which is all of IPv4, and of IPv6 the first
// 64 bits (RFC 6177). An IPv4 address that is written as IPv6 is the same.
func Network(ip netip.Addr) string {
	ip = ip.Unmap()
	if !ip.Is6() {
		return ip.String()
	}
	p, _ := ip.Prefix(64) // without the zone; fails for no IPv6 address
	return p.String()
}
