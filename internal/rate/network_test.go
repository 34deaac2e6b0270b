package rate_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/rate"
)

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"::ffff:192.0.2.1":     "192.0.2.1",
		"2001:db8:1:2::1":      "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::9": "2001:db8:1:2::/64",
		"2001:db8:1:3::1":      "2001:db8:1:3::/64",
		"fe80::1%eth0":         "fe80::/64",
	} {
		require.Equal(t, want, rate.Network(netip.MustParseAddr(address)), address)
	}
	require.Equal(t, "invalid IP", rate.Network(netip.Addr{}), "those without an address share one")
}
