package pionmedia_test

import (
	"log/slog"
	"net"
	"net/netip"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
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

// A caller is a browser that does no more than connect.
func caller(t *testing.T, m vi.Media, room vi.CallID, seat vi.Seat, cfg vitest.BrowserConfig, settings ...func(*webrtc.SettingEngine)) vitest.Browser {
	t.Helper()
	if cfg.Received == nil {
		cfg.Received = func(vi.TrackKind, vitest.RTP) {}
	}
	b := openBrowser(t, cfg, settings...)
	offer, err := b.Offer()
	require.NoError(t, err)
	answer, err := m.Answer(t.Context(), room, seat, vi.Offer{Conn: string(seat), SDP: offer})
	require.NoError(t, err)
	require.NoError(t, b.Accept(answer))
	return b
}

func connects(t *testing.T, b vitest.Browser) {
	t.Helper()
	require.Eventually(t, b.Connected, 20*time.Second, 5*time.Millisecond)
}

var plainBrowser = vitest.BrowserConfig{Opus: 111, VP8: 96}

func loopback(t *testing.T, network, addr string) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket(network, addr)
	require.NoError(t, err)
	return c
}

func TestFull(t *testing.T) {
	m := open(t, pionmedia.Config{UDP: loopback(t, "udp4", "127.0.0.1:0"), MaxConnections: 1})
	b := caller(t, m, "room", vi.SeatAgent, plainBrowser)
	connects(t, b)
	offer, err := newBrowser(t, plainBrowser).Offer()
	require.NoError(t, err)
	_, err = m.Answer(t.Context(), "room", vi.SeatCustomer, vi.Offer{Conn: "2", SDP: offer})
	require.ErrorIs(t, err, vi.ErrBusy)
	_, err = m.Answer(t.Context(), "room", vi.SeatAgent, vi.Offer{Conn: "again", SDP: offer})
	require.NoError(t, err, "a seat that is taken may change hands")
}

// Close delivers the last events and leaves nothing running.
func TestCloseDrains(t *testing.T) {
	before := runtime.NumGoroutine()
	var mu sync.Mutex
	var last []vi.MediaChange
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	m, err := pionmedia.New(pionmedia.Config{
		UDP: loopback(t, "udp4", "127.0.0.1:0"), TCP: l,
		Events: func(e vi.MediaEvent) {
			mu.Lock()
			defer mu.Unlock()
			last = append(last, e.What)
		},
	})
	require.NoError(t, err)
	var browsers []vitest.Browser
	for _, room := range []vi.CallID{"a", "b", "c"} {
		for _, seat := range []vi.Seat{vi.SeatAgent, vi.SeatCustomer} {
			browsers = append(browsers, caller(t, m, room, seat, plainBrowser))
		}
	}
	for _, b := range browsers {
		connects(t, b)
	}
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(last) == 6 }, 20*time.Second, time.Millisecond)
	m.CloseRoom("a")
	require.NoError(t, m.Close())
	require.NoError(t, m.Close(), "a second time")
	require.Equal(t, slices.Concat(slices.Repeat([]vi.MediaChange{vi.MediaUp}, 6), slices.Repeat([]vi.MediaChange{vi.MediaDown}, 6)), last)
	require.Empty(t, m.Stats("b"))

	late := newBrowser(t, plainBrowser)
	offer, err := late.Offer()
	require.NoError(t, err)
	_, err = m.Answer(t.Context(), "d", vi.SeatAgent, vi.Offer{Conn: "1", SDP: offer})
	require.ErrorIs(t, err, vi.ErrBusy)
	for _, b := range append(browsers, late) {
		require.NoError(t, b.Close())
	}
	leaves(t, before)
}

// leaves checks that no more goroutines run than before.
func leaves(t *testing.T, before int) {
	t.Helper()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, 20*time.Second, 10*time.Millisecond,
		"goroutines stay: %s", stacks{})
}

type stacks struct{}

func (stacks) String() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// A server that runs for long keeps nothing of the rooms that it has closed.
func TestRoomsLeaveNothing(t *testing.T) {
	m := open(t, pionmedia.Config{UDP: loopback(t, "udp4", "127.0.0.1:0")})
	round := func() {
		a := caller(t, m, "room", vi.SeatAgent, plainBrowser)
		b := caller(t, m, "room", vi.SeatCustomer, plainBrowser)
		connects(t, a)
		connects(t, b)
		m.CloseRoom("room")
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
	}
	round()
	before := runtime.NumGoroutine()
	for range 5 {
		round()
	}
	leaves(t, before)
}

func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	m := open(t, pionmedia.Config{UDP: loopback(t, "udp4", "127.0.0.1:0"), TCP: l})
	got := make(chan vi.TrackKind, 1000)
	cfg := plainBrowser
	cfg.TCP = true
	cfg.Received = func(kind vi.TrackKind, _ vitest.RTP) { got <- kind }
	a := caller(t, m, "room", vi.SeatAgent, cfg)
	b := caller(t, m, "room", vi.SeatCustomer, plainBrowser)
	connects(t, a)
	connects(t, b)
	require.Equal(t, "tcp", m.Stats("room")[vi.SeatAgent].Protocol)
	require.Equal(t, "udp", m.Stats("room")[vi.SeatCustomer].Protocol)
	var p vitest.RTP
	require.Eventually(t, func() bool {
		p.Seq, p.Time, p.Payload = p.Seq+1, p.Time+960, []byte{0x78, 1, 2, 3}
		require.NoError(t, b.Send(vi.Audio, p))
		return len(got) > 10
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, vi.Audio, <-got)
}

func TestIPv6(t *testing.T) {
	udp, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "IPv6 on the loopback interface is required when CI=true: %v", err)
		t.Skipf("needs IPv6 on the loopback interface: %v", err)
	}
	m := open(t, pionmedia.Config{UDP: udp})
	// pion as a client gathers no ::1 of its own accord.
	own := webrtc.NewICEUDPMux(quiet.NewLogger(""), loopback(t, "udp6", "[::1]:0"))
	t.Cleanup(func() { _ = own.Close() })
	b := caller(t, m, "room", vi.SeatAgent, plainBrowser, func(se *webrtc.SettingEngine) { se.SetICEUDPMux(own) })
	connects(t, b)
	require.True(t, b.Addr().Addr().Is6())
	require.Equal(t, "host", m.Stats("room")[vi.SeatAgent].Candidate)
}

// Behind one-to-one NAT only the public addresses are announced.
func TestPublicAddresses(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	m := open(t, pionmedia.Config{
		UDP: loopback(t, "udp4", "127.0.0.1:0"), TCP: l,
		PublicIPs: []netip.Addr{netip.MustParseAddr("203.0.113.5")},
	})
	offer, err := newBrowser(t, plainBrowser).Offer()
	require.NoError(t, err)
	answer, err := m.Answer(t.Context(), "room", vi.SeatAgent, vi.Offer{Conn: "1", SDP: offer})
	require.NoError(t, err)
	require.Contains(t, answer, " 203.0.113.5 "+port(m.LocalAddr())+" typ host")
	require.Contains(t, answer, " 203.0.113.5 "+port(l.Addr())+" typ host tcptype passive")
	require.NotContains(t, answer, "127.0.0.1 "+port(m.LocalAddr()))
}

func port(a net.Addr) string {
	_, p, _ := net.SplitHostPort(a.String())
	return p
}

// A wildcard socket is announced at the machine's addresses.
func TestWildcard(t *testing.T) {
	m := open(t, pionmedia.Config{})
	offer, err := newBrowser(t, plainBrowser).Offer()
	require.NoError(t, err)
	answer, err := m.Answer(t.Context(), "room", vi.SeatAgent, vi.Offer{Conn: "1", SDP: offer})
	require.NoError(t, err)
	require.Contains(t, answer, " "+port(m.LocalAddr())+" typ host")
	require.NotContains(t, answer, " 0.0.0.0 "+port(m.LocalAddr()))
	require.NotContains(t, answer, " :: ")
}

// Nobody but the owner of the certificate that was announced is connected.
func TestFingerprintIsVerified(t *testing.T) {
	events := make(chan vi.MediaChange, 10)
	m := open(t, pionmedia.Config{
		UDP: loopback(t, "udp4", "127.0.0.1:0"), Events: func(e vi.MediaEvent) { events <- e.What },
	})
	cfg := plainBrowser
	cfg.Received = func(vi.TrackKind, vitest.RTP) {}
	b := newBrowser(t, cfg)
	offer, err := b.Offer()
	require.NoError(t, err)
	forged := regexp.MustCompile(`(a=fingerprint:sha-256 )..:..`).ReplaceAllString(offer, "${1}00:00")
	require.NotEqual(t, offer, forged)
	answer, err := m.Answer(t.Context(), "room", vi.SeatAgent, vi.Offer{Conn: "1", SDP: forged})
	require.NoError(t, err)
	require.NoError(t, b.Accept(answer))
	require.Equal(t, vi.MediaDown, <-events)
}

func TestBrowserThatNeverComes(t *testing.T) {
	events := make(chan vi.MediaEvent, 10)
	m := open(t, pionmedia.Config{
		UDP: loopback(t, "udp4", "127.0.0.1:0"), Events: func(e vi.MediaEvent) { events <- e },
		ConnectTimeout: 200 * time.Millisecond,
	})
	offer, err := newBrowser(t, plainBrowser).Offer()
	require.NoError(t, err)
	_, err = m.Answer(t.Context(), "room", vi.SeatAgent, vi.Offer{Conn: "1", SDP: offer})
	require.NoError(t, err)
	require.Equal(t, vi.MediaDown, (<-events).What)
	_, err = m.Answer(t.Context(), "room", vi.SeatAgent, vi.Offer{Conn: "1", SDP: offer})
	require.ErrorIs(t, err, vi.ErrGone)
}

// A flood is a track that sends under whatever SSRC it likes.
type flood struct {
	*webrtc.TrackLocalStaticRTP
	w webrtc.TrackLocalWriter
}

func (f *flood) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	f.w = c.WriteStream()
	return f.TrackLocalStaticRTP.Bind(c)
}

// A browser that invents streams without end is cut off before it costs much.
func TestTooManyStreams(t *testing.T) {
	events := make(chan vi.MediaChange, 10)
	m := open(t, pionmedia.Config{
		UDP: loopback(t, "udp4", "127.0.0.1:0"), Events: func(e vi.MediaEvent) { events <- e.What },
		Log: slog.New(slog.DiscardHandler),
	})
	cfg := plainBrowser
	cfg.Received = func(vi.TrackKind, vitest.RTP) {}
	b := openBrowser(t, cfg)
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "x", "y")
	require.NoError(t, err)
	f := &flood{TrackLocalStaticRTP: track}
	for _, tr := range b.pc.GetTransceivers() {
		if tr.Kind() == webrtc.RTPCodecTypeAudio {
			require.NoError(t, tr.Sender().ReplaceTrack(f))
		}
	}
	offer, err := b.Offer()
	require.NoError(t, err)
	answer, err := m.Answer(t.Context(), "room", vi.SeatAgent, vi.Offer{Conn: "1", SDP: offer})
	require.NoError(t, err)
	require.NoError(t, b.Accept(answer))
	require.Equal(t, vi.MediaUp, <-events)
	connects(t, b)
	for ssrc := range uint32(1000) {
		_, _ = f.w.WriteRTP(&rtp.Header{Version: 2, PayloadType: 111, SSRC: 1000 + ssrc}, []byte{1, 2, 3})
	}
	require.Equal(t, vi.MediaDown, <-events)
}
