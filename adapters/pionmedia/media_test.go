package pionmedia_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/pionmedia"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/vitest"
)

func loopbackOnly(ip net.IP) bool { return ip.IsLoopback() }

func itoa(n uint8) string { return strconv.Itoa(int(n)) }

func open(t *testing.T, cfg pionmedia.Config) *pionmedia.Media {
	t.Helper()
	m, err := pionmedia.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func TestConformance(t *testing.T) {
	vitest.Media(t, vitest.MediaRig{
		Open: func(t *testing.T, udp net.PacketConn, events func(vi.MediaEvent)) vi.Media {
			return open(t, pionmedia.Config{UDP: udp, Events: events})
		},
		Browser: newBrowser,
	})
}
