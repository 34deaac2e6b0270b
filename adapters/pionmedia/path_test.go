package pionmedia

import (
	"encoding/binary"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
)

// A pair is a room of two connections without a network: what the server sends
// to the second one is kept.
type pair struct {
	t    testing.TB
	a, b *conn
	sent []rtp.Packet // to b
}

const (
	opusPT, vp8PT, rtxPT = 111, 96, 97
	twccID, absID        = 3, 2
	audioSSRC, videoSSRC = 1111, 2222 // that a sends
	rtxSSRC              = 3333
	outAudio, outVideo   = 91, 92 // that b receives
	outRTX               = 93
)

func newPair(t testing.TB) *pair {
	p := &pair{t: t}
	m := &Media{log: slog.New(slog.NewTextHandler(t.Output(), nil)), began: time.Now(), reporter: newReporter()}
	m.cfg.Now = time.Now
	m.events = newEventQueue(nil)
	t.Cleanup(m.events.close)
	r := &room{id: "room"}
	p.a, p.b = p.conn(m, r, 0), p.conn(m, r, 1)
	return p
}

func (p *pair) conn(m *Media, r *room, seat int) *conn {
	c := &conn{m: m, room: r, seat: seat, name: string(seatName(seat)), codec: vp8, offer: &offer{sections: []section{
		{kind: vi.Audio, exts: map[string]uint8{twccURI: twccID}, formats: map[videoCodec]format{noCodec: {pt: opusPT}}},
		{kind: vi.Video, exts: map[string]uint8{twccURI: twccID, absURI: absID}, formats: map[videoCodec]format{
			vp8: {pt: vp8PT, rtx: rtxPT, feedback: []string{"nack", "nack pli", "transport-cc"}},
		}},
	}}}
	c.listen()
	b := &binder{c: c}
	keep := interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) {
		if seat == 1 {
			q := rtp.Packet{Header: h.Clone(), Payload: append([]byte(nil), payload...)}
			p.sent = append(p.sent, q)
		}
		return len(payload), nil
	})
	b.BindLocalStream(&interceptor.StreamInfo{SSRC: outAudio, PayloadType: 100, ClockRate: 48000}, keep)
	b.BindLocalStream(&interceptor.StreamInfo{
		SSRC: outVideo, PayloadType: 101, SSRCRetransmission: outRTX, PayloadTypeRetransmission: 102, ClockRate: 90000,
		RTCPFeedback: []interceptor.RTCPFeedback{{Type: "nack"}},
	}, keep)
	c.ready.Store(true)
	c.last = vi.MediaUp
	r.seats[seat].conn.Store(c)
	r.seats[seat].users++
	return c
}

// audio makes a sends a packet of audio.
func (p *pair) audio(seq uint16, ts uint32) {
	p.raw(rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: opusPT, SSRC: audioSSRC, SequenceNumber: seq, Timestamp: ts},
		Payload: []byte{0x78, byte(seq)}})
}

// video makes a send a packet of video, the first of a frame.
func (p *pair) video(seq uint16, ts uint32, key bool) {
	payload := []byte{0x10, 1, byte(seq >> 8), byte(seq)}
	if key {
		payload[1] = 0
	}
	p.raw(rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: vp8PT, SSRC: videoSSRC, SequenceNumber: seq, Timestamp: ts},
		Payload: payload})
}

func (p *pair) raw(q rtp.Packet) {
	p.t.Helper()
	b, err := q.Marshal()
	require.NoError(p.t, err)
	p.a.receive(b)
}

// take returns what b was sent of a stream since the last time.
func (p *pair) take(ssrc uint32) (out []rtp.Packet) {
	for _, q := range p.sent {
		if q.SSRC == ssrc {
			out = append(out, q)
		}
	}
	p.sent = nil
	return out
}

func seqs(packets []rtp.Packet) (out []uint16) {
	for _, q := range packets {
		out = append(out, q.SequenceNumber)
	}
	return out
}

// rtcpTo returns the RTCP that waits to be sent to c.
func rtcpTo(t testing.TB, c *conn) []rtcp.Packet {
	t.Helper()
	b := c.rtcp.take(nil)
	if len(b) == 0 {
		return nil
	}
	packets, err := rtcp.Unmarshal(b)
	require.NoError(t, err)
	return packets
}

func control(t testing.TB, c *conn, p rtcp.Packet, ssrc uint32) {
	t.Helper()
	b, err := p.Marshal()
	require.NoError(t, err)
	c.control(b, ssrc)
}

func TestForwardRewrites(t *testing.T) {
	p := newPair(t)
	p.raw(rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: true, PayloadType: opusPT, SSRC: audioSSRC, SequenceNumber: 7, Timestamp: 960,
			CSRC: []uint32{5}, Extension: true, ExtensionProfile: oneByteProfile,
		},
		Payload: []byte{1, 2, 3},
	})
	p.video(9, 3000, true)
	got := p.sent
	require.Len(t, got, 2)
	require.Equal(t, rtp.Header{
		Version: 2, Marker: true, PayloadType: 100, SSRC: outAudio, SequenceNumber: 7, Timestamp: 960,
	}, got[0].Header)
	require.Equal(t, []byte{1, 2, 3}, got[0].Payload)
	require.Equal(t, uint8(101), got[1].PayloadType)
	require.EqualValues(t, outVideo, got[1].SSRC)
	require.Len(t, got[1].GetExtension(absID), 3, "says when the server sent it")
	require.Nil(t, got[1].GetExtension(twccID), "the sender's own numbering ends at the server")
}

func TestVideoWaitsForAKeyframe(t *testing.T) {
	p := newPair(t)
	p.audio(1, 0)
	p.video(10, 0, false)
	p.video(11, 3000, false)
	require.Empty(t, p.take(outVideo))
	require.Equal(t, []rtcp.Packet{&rtcp.PictureLossIndication{SenderSSRC: outVideo, MediaSSRC: videoSSRC}}, rtcpTo(t, p.a))
	p.video(12, 6000, true)
	p.video(13, 9000, false)
	require.Equal(t, []uint16{12, 13}, seqs(p.take(outVideo)))
}

// A source that is replaced, or that begins anew, is numbered on.
func TestAnotherSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.video(65535, 1000, true)
		p.video(0, 4000, false)
		require.Equal(t, []uint16{65535, 0}, seqs(p.take(outVideo)))
		time.Sleep(100 * time.Millisecond)

		// The same SSRC jumps.
		p.video(30000, 77, true)
		p.video(29999, 70, false) // of before the jump: its number is taken
		p.video(30001, 3077, false)
		got := p.take(outVideo)
		require.Equal(t, []uint16{1, 2}, seqs(got))
		require.Equal(t, []uint32{4000 + 9000, 4000 + 9000 + 3000}, []uint32{got[0].Timestamp, got[1].Timestamp})

		// Another browser has the seat.
		next := p.conn(p.a.m, p.a.room, 0)
		old := p.a
		p.a = next
		p.video(5, 0, true)
		require.Equal(t, []uint16{3}, seqs(p.take(outVideo)))
		p.a = old
		p.video(30002, 6077, false)
		require.Empty(t, p.take(outVideo), "who was replaced is not heard")
	})
}

func TestForwardSwitchedOff(t *testing.T) {
	p := newPair(t)
	m := p.a.m
	m.rooms = map[vi.CallID]*room{"room": p.a.room}
	p.video(1, 0, true)
	p.video(2, 3000, false)
	p.audio(1, 0)
	m.Forward("room", vi.SeatAgent, vi.Video, false)
	p.take(outVideo)
	p.video(3, 6000, false)
	p.audio(2, 960)
	nack := &rtcp.TransportLayerNack{MediaSSRC: outVideo, Nacks: []rtcp.NackPair{{PacketID: 2}}}
	control(t, p.b, nack, outVideo)
	require.Equal(t, []uint16{2}, seqs(p.take(outAudio)), "neither video nor a repetition of it")

	m.Forward("room", vi.SeatAgent, vi.Video, true)
	rtcpTo(t, p.a)
	p.video(4, 9000, false)
	p.video(5, 12000, true)
	control(t, p.b, nack, outVideo) // of before: another packet might have had that number
	require.Equal(t, []uint16{3}, seqs(p.take(outVideo)))
}

func TestRetransmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		for i := range uint16(20) {
			p.video(65530+i, uint32(i)*3000, i == 0)
		}
		first := p.take(outVideo)
		time.Sleep(50 * time.Millisecond)
		control(t, p.b, &rtcp.TransportLayerNack{MediaSSRC: outVideo, Nacks: []rtcp.NackPair{{PacketID: 65534, LostPackets: 0b101}}}, outVideo)
		got := p.sent
		p.sent = nil
		require.Len(t, got, 3)
		for i, n := range []int{4, 5, 7} {
			require.EqualValues(t, outRTX, got[i].SSRC)
			require.Equal(t, uint8(102), got[i].PayloadType)
			require.Equal(t, first[n].Timestamp, got[i].Timestamp)
			require.Equal(t, first[n].SequenceNumber, binary.BigEndian.Uint16(got[i].Payload))
			require.Equal(t, first[n].Payload, got[i].Payload[2:])
		}
		require.Equal(t, got[0].SequenceNumber+1, got[1].SequenceNumber)

		all := &rtcp.TransportLayerNack{MediaSSRC: outVideo, Nacks: []rtcp.NackPair{{PacketID: 65534, LostPackets: 0b101}}}
		control(t, p.b, all, outVideo)
		require.Empty(t, p.sent, "not again at once")
		control(t, p.b, &rtcp.TransportLayerNack{MediaSSRC: outVideo, Nacks: []rtcp.NackPair{{PacketID: 40000, LostPackets: 0xffff}}}, outVideo)
		require.Empty(t, p.sent, "nothing that was never sent")

		for range 100 { // somebody asks for everything all the time
			time.Sleep(21 * time.Millisecond)
			control(t, p.b, &rtcp.TransportLayerNack{MediaSSRC: outVideo, Nacks: []rtcp.NackPair{{PacketID: 65530, LostPackets: 0xffff}}}, outVideo)
		}
		require.Less(t, len(p.sent), 100*17*9/10+300)
		require.Less(t, len(p.sent), 2500, "what it gets has a limit")
	})
}

// Without a format for retransmissions a packet is repeated as it was: any
// difference under the same number would break its encryption.
func TestPlainRepetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		o := &p.b.out[video]
		o.repair, o.abs = nil, nil
		o.main.Extension, o.main.Extensions = false, nil
		p.video(100, 0, true)
		p.video(101, 3000, false)
		first := p.take(outVideo)
		time.Sleep(time.Second)
		control(t, p.b, &rtcp.TransportLayerNack{MediaSSRC: outVideo, Nacks: []rtcp.NackPair{{PacketID: 100, LostPackets: 1}}}, outVideo)
		require.Equal(t, first, p.take(outVideo))
	})
}

func TestLostOnTheWayIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.video(65533, 0, true)
		p.video(3, 3000, false) // 65534 to 2 are missing
		require.Equal(t, []rtcp.Packet{&rtcp.TransportLayerNack{
			SenderSSRC: outVideo, MediaSSRC: videoSSRC, Nacks: []rtcp.NackPair{{PacketID: 65534, LostPackets: 0b1111}},
		}}, rtcpTo(t, p.a))
		p.video(4, 6000, false)
		require.Empty(t, rtcpTo(t, p.a), "asked already")
		p.take(outVideo)

		// A repetition in a stream of its own becomes the packet it repeats.
		p.raw(rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: rtxPT, SSRC: rtxSSRC, SequenceNumber: 1, Timestamp: 1500},
			Payload: []byte{0xff, 0xff, 0x00, 0xaa}})
		got := p.take(outVideo)
		require.Equal(t, []uint16{65535}, seqs(got))
		require.Equal(t, []byte{0x00, 0xaa}, got[0].Payload)
		p.raw(rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: rtxPT, SSRC: rtxSSRC, SequenceNumber: 2, Timestamp: 1500},
			Payload: []byte{0xff, 0xff, 0x00, 0xaa}})
		p.raw(rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: rtxPT, SSRC: rtxSSRC, SequenceNumber: 3, Padding: true, PaddingSize: 200}})
		require.Empty(t, p.sent, "neither a second time nor padding")

		time.Sleep(100 * time.Millisecond)
		p.video(5, 9000, false)
		require.Equal(t, []rtcp.NackPair{{PacketID: 65534, LostPackets: 0b1110}}, rtcpTo(t, p.a)[0].(*rtcp.TransportLayerNack).Nacks)
		for range 30 {
			time.Sleep(100 * time.Millisecond)
			p.a.tick(p.a.m.clock())
		}
		require.Empty(t, p.a.in[video].missing, "it gives up some time")
	})
}

func TestManyLostMakeAKeyframeCheaper(t *testing.T) {
	p := newPair(t)
	p.video(1, 0, true)
	p.a.in[video].keyAt = 0
	p.video(1000, 3000, false)
	require.Equal(t, []rtcp.Packet{&rtcp.PictureLossIndication{SenderSSRC: outVideo, MediaSSRC: videoSSRC}}, rtcpTo(t, p.a))
}

// The packet path allocates nothing.
func TestForwardAllocatesNothing(t *testing.T) {
	p := newPair(t)
	discard := interceptor.RTPWriterFunc(func(_ *rtp.Header, b []byte, _ interceptor.Attributes) (int, error) { return len(b), nil })
	p.b.out[audio].writer, p.b.out[video].writer = discard, discard
	q := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: vp8PT, SSRC: videoSSRC}, Payload: make([]byte, 1100)}
	q.Payload[0] = 0x10
	require.NoError(t, q.SetExtension(twccID, []byte{0, 0}))
	b, err := q.Marshal()
	require.NoError(t, err)
	seq := uint16(0)
	step := func() {
		seq++
		binary.BigEndian.PutUint16(b[2:], seq)
		binary.BigEndian.PutUint16(b[17:], seq) // the extension's data
		p.a.receive(b)
	}
	for range 2000 { // until its history is as large as it gets
		step()
	}
	require.EqualValues(t, 2000, p.b.out[video].packets)
	require.Zero(t, testing.AllocsPerRun(1000, step))
	require.Equal(t, seq, p.a.arrivals.last, "arrivals are noted")
}
