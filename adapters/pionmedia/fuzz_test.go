package pionmedia

import (
	"context"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
)

// A loud handler makes an error that is logged, such as a panic that was
// caught, fail the test.
type loud struct{}

func (l loud) WithAttrs([]slog.Attr) slog.Handler         { return l }
func (l loud) WithGroup(string) slog.Handler              { return l }
func (loud) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (loud) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool { println(a.String()); return true })
	panic(r.Message)
}

func offers(t testing.TB) (out []string) {
	t.Helper()
	for _, name := range []string{"chromium", "firefox", "safari"} {
		b, err := os.ReadFile("testdata/" + name + ".sdp")
		require.NoError(t, err)
		out = append(out, string(b))
	}
	return out
}

// What was read of an offer can be written and read again.
func FuzzOffer(f *testing.F) {
	for _, s := range offers(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := parseOffer(text)
		if err != nil {
			require.ErrorIs(t, err, vi.ErrInvalid)
			return
		}
		for _, c := range []videoCodec{vp8, h264} {
			if !o.can(c) {
				continue
			}
			again, err := parseOffer(o.canonical(c))
			require.NoError(t, err)
			require.Equal(t, o.canonical(c), again.canonical(c))
		}
	})
}

// An offer is answered or refused, and the plane goes on.
func FuzzAnswer(f *testing.F) {
	for _, s := range offers(f) {
		f.Add(s)
	}
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(f, err)
	m, err := New(Config{UDP: udp, Log: slog.New(loud{})})
	require.NoError(f, err)
	f.Cleanup(func() { _ = m.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		defer m.CloseRoom("room")
		answer, err := m.Answer(ctx, "room", vi.SeatAgent, vi.Offer{Conn: "1", SDP: text})
		if err != nil {
			require.ErrorIs(t, err, vi.ErrInvalid)
			return
		}
		require.Contains(t, answer, "a=candidate:")
	})
}

// No packet, however malformed, makes the packet path panic, and what it sends
// on is well formed.
func FuzzReceive(f *testing.F) {
	for _, p := range []rtp.Packet{
		{Header: rtp.Header{Version: 2, PayloadType: opusPT, SSRC: audioSSRC}, Payload: []byte{1, 2}},
		{Header: rtp.Header{Version: 2, PayloadType: vp8PT, SSRC: videoSSRC}, Payload: []byte{0x10, 0, 1, 2, 3}},
		{Header: rtp.Header{Version: 2, PayloadType: vp8PT, SSRC: videoSSRC}, Payload: []byte{0x90, 0xf0, 0x80, 1, 2, 3, 0}},
		{Header: rtp.Header{Version: 2, PayloadType: rtxPT, SSRC: rtxSSRC}, Payload: []byte{0, 1, 0x10, 1}},
		{Header: rtp.Header{Version: 2, PayloadType: vp8PT, SSRC: videoSSRC, Padding: true, PaddingSize: 9}},
		{Header: rtp.Header{
			Version: 2, PayloadType: vp8PT, SSRC: videoSSRC, Extension: true, ExtensionProfile: twoByteProfile, CSRC: []uint32{1, 2},
		}, Payload: []byte{0x10}},
	} {
		_ = p.SetExtension(twccID, []byte{0, 9})
		b, err := p.Marshal()
		require.NoError(f, err)
		f.Add(b, b)
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		p := newPair(t)
		p.a.m.log = slog.New(loud{})
		p.video(1, 0, true)
		for _, b := range [][]byte{one, two, one} {
			p.a.receive(b)
		}
		p.a.tick(p.a.m.clock() + 2*reportsEvery)
		rtcpTo(t, p.a)
		used := map[[2]uint32]bool{}
		for _, q := range p.sent {
			_, err := q.Marshal()
			require.NoError(t, err)
			number := [2]uint32{q.SSRC, uint32(q.SequenceNumber)}
			require.False(t, used[number], "no number is used twice")
			used[number] = true
		}
	})
}

// The same of RTCP, in both directions.
func FuzzControl(f *testing.F) {
	for _, p := range []rtcp.Packet{
		&rtcp.SenderReport{SSRC: videoSSRC, NTPTime: 1 << 40, Reports: []rtcp.ReceptionReport{{SSRC: outVideo}}},
		&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: outVideo}, {SSRC: outAudio}}},
		&rtcp.TransportLayerNack{MediaSSRC: outVideo, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xffff}}},
		&rtcp.PictureLossIndication{MediaSSRC: outVideo},
		&rtcp.FullIntraRequest{MediaSSRC: outVideo, FIR: []rtcp.FIREntry{{SSRC: outVideo}}},
		&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e6, SSRCs: []uint32{outVideo}},
	} {
		b, err := p.Marshal()
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPair(t)
		p.a.m.log = slog.New(loud{})
		p.video(1, 0, true)
		p.video(2, 3000, false)
		for _, c := range []*conn{p.a, p.b} {
			for _, ssrc := range []uint32{videoSSRC, outVideo, outAudio} {
				c.control(b, ssrc)
			}
			rtcpTo(t, c)
		}
	})
}
