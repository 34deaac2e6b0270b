package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
)

// Address returns the address of the browser or program that made the request.
//
// What X-Forwarded-For says is believed only as far as it comes from a trusted
// proxy: the connection's own address counts unless it is one of theirs, then
// the last address in the header that is not.
func (c Config) Address(r *http.Request) netip.Addr {
	addr := peer(r.RemoteAddr)
	if !c.trusted(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return addr // what lies before it cannot have been written by a proxy of ours
		}
		addr = hop.Unmap().WithZone("")
		if !c.trusted(addr) {
			return addr
		}
	}
	return addr
}

func (c Config) trusted(addr netip.Addr) bool {
	for _, p := range c.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func peer(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{} // not from a network: a test, a pipe
	}
	return ap.Addr().Unmap().WithZone("")
}
