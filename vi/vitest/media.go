// Package vitest holds the conformance suites for the ports of package vi.
package vitest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
)

// A MediaRig is what [Media] needs of the tests of a media plane.
type MediaRig struct {
	// Open makes the media plane under test on that socket, which it takes
	// over. It is closed when the test ends.
	Open func(t *testing.T, udp net.PacketConn, events func(vi.MediaEvent)) vi.Media

	// Browser makes the other end of a connection. It is closed when the test ends.
	Browser func(t *testing.T, cfg BrowserConfig) Browser
}

// A BrowserConfig is what a browser can do, and whom it tells of what it gets.
type BrowserConfig struct {
	// Payload types. 0: it has no such codec. That of retransmissions of video
	// is one higher.
	Opus, VP8, H264 uint8

	TCP bool // UDP does not get through

	Received       func(kind vi.TrackKind, p RTP) // from one goroutine per kind
	KeyframeWanted func()
}

// A Browser is a browser's RTCPeerConnection with one audio and one video
// transceiver, both sendrecv. It asks for retransmissions of what it misses.
type Browser interface {
	Offer() (sdp string, err error) // the first time of all; after that of an ICE restart
	Accept(answer string) error
	Connected() bool
	Send(kind vi.TrackKind, p RTP) error // its SSRC is the browser's affair
	RequestKeyframe() error              // of what it receives
	Addr() netip.AddrPort                // that it sends from, once connected
	Close() error
}

// An RTP is a media packet, without its padding and header extensions.
type RTP struct {
	SSRC    uint32
	Seq     uint16
	Time    uint32
	Marker  bool
	Payload []byte
}

// Media checks that a media plane does what [vi.Media] says.
func Media(t *testing.T, rig MediaRig) {
	for name, test := range map[string]func(*testing.T, *stage){
		"both ways":            bothWays,
		"either seat first":    eitherSeatFirst,
		"leave and rejoin":     leaveAndRejoin,
		"reload":               reload,
		"late offer":           lateOffer,
		"ice restart":          iceRestart,
		"forward off and on":   forwardOffAndOn,
		"forward is kept":      forwardIsKept,
		"close room":           closeRoom,
		"bad offers":           badOffers,
		"codecs match":         codecsMatch,
		"payload types differ": payloadTypesDiffer,
		"stats":                stats,
		"keyframes":            keyframes,
		"outage":               outage,
		"loss is repaired":     lossIsRepaired,
		"many at once":         manyAtOnce,
		"rooms stay apart":     roomsStayApart,
		"browser closes":       browserCloses,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newStage(t, rig))
		})
	}
}

func bothWays(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	for _, p := range []*person{agent, customer} {
		p.hears(20, vi.Audio)
		p.hears(20, vi.Video)
		p.unbroken(vi.Audio)
		p.unbroken(vi.Video)
	}
}

func eitherSeatFirst(t *testing.T, s *stage) {
	for _, first := range []vi.Seat{vi.SeatAgent, vi.SeatCustomer} {
		room := vi.CallID(first + "-first")
		a := s.join(room, first)
		b := s.join(room, first.Other())
		a.hears(5, vi.Video)
		b.hears(5, vi.Video)
		require.True(t, b.startsWithKeyframe(), "the newcomer gets a picture that it can decode")
		require.True(t, a.startsWithKeyframe(), "who waited gets a picture that it can decode")
	}
}

func leaveAndRejoin(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(5, vi.Video)
	s.media.Leave("room", vi.SeatCustomer)
	s.expect("room", customer, vi.MediaUp, vi.MediaDown)
	require.Eventually(t, func() bool { return !customer.browser.Connected() }, patience, tick)
	require.NotContains(t, s.media.Stats("room"), vi.SeatCustomer)
	require.Contains(t, s.media.Stats("room"), vi.SeatAgent, "the other seat stays")

	again := s.join("room", vi.SeatCustomer)
	again.hears(5, vi.Video)
	agent.hearsOf(again, 5, vi.Video)
	agent.unbroken(vi.Video)
	agent.unbroken(vi.Audio)
	s.expect("room", agent, vi.MediaUp)
}

func reload(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(10, vi.Video)
	agent.hears(10, vi.Audio)
	customer.stop() // the page is gone, and says nothing
	before := agent.keyframesWanted()

	again := s.join("room", vi.SeatCustomer)
	s.expect("room", customer, vi.MediaUp, vi.MediaDown)
	for _, kind := range []vi.TrackKind{vi.Audio, vi.Video} {
		agent.hearsOf(again, 10, kind)
		agent.unbroken(kind)
		again.hears(10, kind)
	}
	require.Greater(t, agent.keyframesWanted(), before, "the new page needs a whole picture")
	require.True(t, again.startsWithKeyframe())
	s.expect("room", agent, vi.MediaUp)
}

func lateOffer(t *testing.T, s *stage) {
	_, customer := s.call("room")
	offer, err := customer.browser.Offer()
	require.NoError(t, err)
	again := s.join("room", vi.SeatCustomer)
	_, err = s.media.Answer(t.Context(), "room", vi.SeatCustomer, vi.Offer{Conn: customer.conn, SDP: offer})
	require.ErrorIs(t, err, vi.ErrGone, "a connection that was replaced does not take its seat back")
	again.hears(5, vi.Video)
}

func iceRestart(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(5, vi.Video)
	for range 2 {
		customer.negotiate()
		agent.hearsMore(20, vi.Video)
		customer.hearsMore(20, vi.Video)
	}
	require.Eventually(t, customer.browser.Connected, patience, tick)
	require.Eventually(t, func() bool {
		return agent.missing(customer, 0) == 0 && customer.missing(agent, 0) == 0
	}, patience, tick, "what was lost on the old way comes on the new one")
	for _, p := range []*person{agent, customer} {
		p.oneStream(vi.Audio)
		p.oneStream(vi.Video)
	}
	require.Equal(t, customer.conn, s.media.Stats("room")[vi.SeatCustomer].Conn)
	s.expect("room", customer, vi.MediaUp)
}

func forwardOffAndOn(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(10, vi.Video)
	agent.hears(10, vi.Audio)

	s.media.Forward("room", vi.SeatCustomer, vi.Video, false)
	s.media.Forward("room", vi.SeatCustomer, vi.Audio, false)
	sent := s.media.Stats("room")[vi.SeatAgent].Out.Packets
	in := s.media.Stats("room")[vi.SeatCustomer].In.Packets
	require.Eventually(t, func() bool { return s.media.Stats("room")[vi.SeatCustomer].In.Packets > in+50 }, patience, tick)
	require.Equal(t, sent, s.media.Stats("room")[vi.SeatAgent].Out.Packets, "nothing is passed on from that moment")
	customer.hearsMore(10, vi.Video)

	before := customer.keyframesWanted()
	s.media.Forward("room", vi.SeatCustomer, vi.Audio, true)
	agent.hearsMore(10, vi.Audio)
	s.media.Forward("room", vi.SeatCustomer, vi.Video, true)
	agent.hearsMore(10, vi.Video)
	require.Greater(t, customer.keyframesWanted(), before)
	agent.continuous(vi.Video)
	agent.continuous(vi.Audio)
}

func forwardIsKept(t *testing.T, s *stage) {
	s.media.Forward("room", vi.SeatCustomer, vi.Video, false)
	agent, customer := s.call("room")
	agent.hears(10, vi.Audio)
	require.Zero(t, agent.count(vi.Video), "a room is remembered before it exists")
	customer.stop()
	again := s.join("room", vi.SeatCustomer)
	agent.hearsOf(again, 10, vi.Audio)
	require.Zero(t, agent.count(vi.Video), "and for later connections")
	s.media.Forward("room", vi.SeatCustomer, vi.Video, true)
	agent.hearsOf(again, 5, vi.Video)
	require.True(t, agent.startsWithKeyframe())
}

func closeRoom(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(5, vi.Video)
	s.media.CloseRoom("room")
	s.expect("room", agent, vi.MediaUp, vi.MediaDown)
	s.expect("room", customer, vi.MediaUp, vi.MediaDown)
	require.Empty(t, s.media.Stats("room"))
	s.media.CloseRoom("room") // again, and of what never was
	s.media.CloseRoom("no such room")
	s.media.Leave("no such room", vi.SeatAgent)
	require.Empty(t, s.media.Stats("no such room"))

	a, b := s.call("room")
	a.hears(5, vi.Video)
	b.hears(5, vi.Audio)
}

func badOffers(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	good, err := s.newPerson("room", vi.SeatCustomer, everyCodec).browser.Offer()
	require.NoError(t, err)
	lines := func(keep func(line string) bool) string {
		return strings.Join(slices.DeleteFunc(strings.SplitAfter(good, "\r\n"), func(l string) bool { return !keep(l) }), "")
	}
	for name, sdp := range map[string]string{
		"empty":           "",
		"garbage":         "\x00\xff garbage",
		"half":            good[:len(good)/2],
		"huge":            good + strings.Repeat("a=x:"+strings.Repeat("y", 96)+"\r\n", 1000),
		"audio only":      good[:strings.Index(good, "m=video")],
		"no opus":         strings.ReplaceAll(good, "opus/48000/2", "G722/8000"),
		"no known video":  strings.NewReplacer("VP8/90000", "AV1/90000", "H264/90000", "H265/90000").Replace(good),
		"no fingerprint":  lines(func(l string) bool { return !strings.HasPrefix(l, "a=fingerprint") }),
		"no password":     lines(func(l string) bool { return !strings.HasPrefix(l, "a=ice-pwd") }),
		"no mid":          lines(func(l string) bool { return !strings.HasPrefix(l, "a=mid") }),
		"not bundled":     lines(func(l string) bool { return !strings.HasPrefix(l, "a=group") }),
		"receives only":   strings.ReplaceAll(good, "a=sendrecv", "a=recvonly"),
		"separate rtcp":   lines(func(l string) bool { return l != "a=rtcp-mux\r\n" }),
		"third section":   good + good[strings.Index(good, "m=video"):],
		"wants to be led": strings.ReplaceAll(good, "a=setup:actpass", "a=setup:passive"),
	} {
		_, err := s.media.Answer(t.Context(), "room", vi.SeatCustomer, vi.Offer{Conn: "new", SDP: sdp})
		require.ErrorIs(t, err, vi.ErrInvalid, name)
		require.Regexp(t, `^[A-Z][^\n]{10,200}\.$`, err.Error(), "%s: a sentence", name)
	}
	for _, o := range []vi.Offer{{SDP: good}, {Conn: strings.Repeat("x", 1000), SDP: good}} {
		_, err := s.media.Answer(t.Context(), "room", vi.SeatCustomer, o)
		require.ErrorIs(t, err, vi.ErrInvalid)
	}
	_, err = s.media.Answer(t.Context(), "room", "spectator", vi.Offer{Conn: "new", SDP: good})
	require.ErrorIs(t, err, vi.ErrInvalid)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.media.Answer(gone, "room", vi.SeatCustomer, vi.Offer{Conn: "new", SDP: good})
	require.True(t, errors.Is(err, context.Canceled), "%v", err)

	agent.hearsMore(5, vi.Video) // none of them harmed the call
	customer.hearsMore(5, vi.Video)
	s.expect("room", customer, vi.MediaUp)
}

func codecsMatch(t *testing.T, s *stage) {
	a := s.joinWith("vp8", vi.SeatAgent, everyCodec)
	only := s.newPerson("vp8", vi.SeatCustomer, BrowserConfig{Opus: 111, H264: 102})
	offer, err := only.browser.Offer()
	require.NoError(t, err)
	_, err = s.media.Answer(t.Context(), "vp8", vi.SeatCustomer, vi.Offer{Conn: only.conn, SDP: offer})
	require.ErrorIs(t, err, vi.ErrInvalid)
	require.Contains(t, err.Error(), "VP8", "it says what the matter is")
	b := s.joinWith("vp8", vi.SeatCustomer, BrowserConfig{Opus: 111, VP8: 96})
	a.hears(5, vi.Video)
	b.hears(5, vi.Video)

	c := s.joinWith("h264", vi.SeatCustomer, BrowserConfig{Opus: 111, H264: 102})
	d := s.joinWith("h264", vi.SeatAgent, BrowserConfig{Opus: 111, H264: 108})
	c.hears(5, vi.Video)
	d.hears(5, vi.Video)
	require.True(t, d.startsWithKeyframe())
}

func payloadTypesDiffer(t *testing.T, s *stage) {
	a := s.joinWith("room", vi.SeatAgent, BrowserConfig{Opus: 111, VP8: 96})
	b := s.joinWith("room", vi.SeatCustomer, BrowserConfig{Opus: 96, VP8: 120})
	for _, p := range []*person{a, b} {
		p.hears(10, vi.Audio)
		p.hears(10, vi.Video)
	}
}
