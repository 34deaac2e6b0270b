package pionmedia_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/vitest"
)

// A load is rooms of two who talk.
type load struct {
	people []*talker
	done   chan struct{}
	wait   sync.WaitGroup
	began  time.Time
}

type counts struct{ sent, received uint64 }

func (c counts) sub(o counts) counts { return counts{c.sent - o.sent, c.received - o.received} }

// newLoad fills that many rooms of the server.
func newLoad(b *testing.B, s *server, rooms int) *load {
	b.Helper()
	l := &load{done: make(chan struct{}), began: time.Now()}
	b.Cleanup(func() {
		close(l.done)
		l.wait.Wait()
	})
	for i := range rooms {
		for _, seat := range []vi.Seat{vi.SeatAgent, vi.SeatCustomer} {
			p := &talker{load: l, phase: time.Duration(i) * 33 * time.Millisecond / time.Duration(rooms)}
			if seat == vi.SeatCustomer {
				p.phase += 16 * time.Millisecond
			}
			room := vi.CallID(fmt.Sprintf("room-%d", i))
			if s.kind == "relay" {
				p.joinRelay(b, s, room)
			} else {
				p.join(b, s, room, seat)
			}
			l.people = append(l.people, p)
			l.wait.Go(p.talk)
		}
	}
	return l
}

// settle waits until everybody hears the other, and a little more.
func (l *load) settle(b *testing.B) {
	b.Helper()
	for _, p := range l.people {
		require.Eventually(b, func() bool { return p.received[1].Load() > 60 }, 30*time.Second, 10*time.Millisecond)
	}
}

func (l *load) count() (c counts) {
	for _, p := range l.people {
		c.sent += p.sent.Load()
		c.received += p.received[0].Load() + p.received[1].Load()
	}
	return c
}

// p99 is the time that 99 % of the packets took at most.
func (l *load) p99() time.Duration {
	var all []time.Duration
	for _, p := range l.people {
		p.mu.Lock()
		all = append(all, p.delays...)
		p.mu.Unlock()
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)*99/100]
}

// A talker sends audio and video to a server and counts what it gets.
type talker struct {
	load     *load
	phase    time.Duration
	send     func(kind int, p *rtp.Packet) error
	wantKey  atomic.Bool
	sent     atomic.Uint64
	received [2]atomic.Uint64

	mu     sync.Mutex
	delays []time.Duration
}

// join connects over WebRTC, as a browser that offers AES-128-GCM alone: so
// that all servers encrypt alike.
func (p *talker) join(b *testing.B, s *server, room vi.CallID, seat vi.Seat) {
	b.Helper()
	pc, err := talkerAPI(b).NewPeerConnection(webrtc.Configuration{})
	require.NoError(b, err)
	b.Cleanup(func() { _ = pc.Close() })
	pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		kind := 0
		if t.Kind() == webrtc.RTPCodecTypeVideo {
			kind = 1
		}
		buf := make([]byte, 1500)
		for {
			n, _, err := t.Read(buf)
			if err != nil {
				return
			}
			p.receive(kind, buf[:n])
		}
	})
	var tracks [2]*webrtc.TrackLocalStaticRTP
	for i, c := range []webrtc.RTPCodecCapability{
		{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, {MimeType: webrtc.MimeTypeVP8, ClockRate: 90000},
	} {
		tracks[i], err = webrtc.NewTrackLocalStaticRTP(c, c.MimeType[:5], "own")
		require.NoError(b, err)
		tr, err := pc.AddTransceiverFromTrack(tracks[i])
		require.NoError(b, err)
		go func() {
			for {
				packets, _, err := tr.Sender().ReadRTCP()
				if err != nil {
					return
				}
				for _, pkt := range packets {
					if _, ok := pkt.(*rtcp.PictureLossIndication); ok {
						p.wantKey.Store(true)
					}
				}
			}
		}()
	}
	p.send = func(kind int, pkt *rtp.Packet) error { return tracks[kind].WriteRTP(pkt) }
	offer, err := pc.CreateOffer(nil)
	require.NoError(b, err)
	done := webrtc.GatheringCompletePromise(pc)
	require.NoError(b, pc.SetLocalDescription(offer))
	<-done
	body, err := json.Marshal(joinRequest{room, seat, pc.LocalDescription().SDP})
	require.NoError(b, err)
	res, err := http.Post("http://"+s.addr, "application/json", bytes.NewReader(body))
	require.NoError(b, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, res.StatusCode, "%s", answer)
	require.NoError(b, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}))
	require.Eventually(b, func() bool { return pc.ConnectionState() == webrtc.PeerConnectionStateConnected },
		15*time.Second, time.Millisecond)
}

// talkerAPI is what a browser does, but for asking for retransmissions: so
// that loss shows.
func talkerAPI(b *testing.B) *webrtc.API {
	b.Helper()
	se, me := clientEngines(b, vitest.BrowserConfig{Opus: 111, VP8: 96})
	se.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	ir := &interceptor.Registry{}
	resp, err := nack.NewResponderInterceptor(nack.WithResponderLoggerFactory(quiet))
	require.NoError(b, err)
	ir.Add(resp)
	require.NoError(b, webrtc.ConfigureTWCCHeaderExtensionSender(me, ir))
	require.NoError(b, webrtc.ConfigureRTCPReports(ir))
	require.NoError(b, webrtc.ConfigureTWCCSender(me, ir))
	return webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(ir))
}

func (p *talker) joinRelay(b *testing.B, s *server, room vi.CallID) {
	b.Helper()
	addr, err := net.ResolveUDPAddr("udp4", s.addr)
	require.NoError(b, err)
	c, err := net.DialUDP("udp4", nil, addr)
	require.NoError(b, err)
	b.Cleanup(func() { c.Close() })
	_, err = c.Write([]byte(room))
	require.NoError(b, err)
	go func() {
		buf := make([]byte, 1500)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			p.receive(int(buf[1]&1), buf[:n])
		}
	}()
	buf := make([]byte, 1500)
	p.send = func(kind int, pkt *rtp.Packet) error {
		pkt.Version, pkt.PayloadType = 2, uint8(kind) // the only mark of its kind
		marker := pkt.Marker
		pkt.Marker = false
		n, err := pkt.MarshalTo(buf)
		if pkt.Marker = marker; err == nil {
			_, err = c.Write(buf[:n])
		}
		return err
	}
}

const stampLen = 12

func (p *talker) receive(kind int, b []byte) {
	if len(b) < 12+stampLen || binary.BigEndian.Uint32(b[len(b)-stampLen:]) != stampMagic {
		return
	}
	delay := time.Since(p.load.began) - time.Duration(binary.BigEndian.Uint64(b[len(b)-8:]))
	if n := p.received[kind].Add(1); n%8 == 0 {
		p.mu.Lock()
		p.delays = append(p.delays, delay)
		p.mu.Unlock()
	}
}

const stampMagic = 0xC0117AC7

func (p *talker) stamp(b []byte) {
	binary.BigEndian.PutUint32(b[len(b)-stampLen:], stampMagic)
	binary.BigEndian.PutUint64(b[len(b)-8:], uint64(time.Since(p.load.began)))
}

// Video at 1 Mbit/s and 30 fps, a keyframe of four times the size every two seconds.
const (
	frameEvery = time.Second / 30
	gop        = 60
	deltaBytes = 1_000_000 / 8 * 2 / (gop - 1 + 4)
	keyBytes   = 4 * deltaBytes
	chunk      = 1100
)

// talk sends on an absolute schedule until the load ends.
func (p *talker) talk() {
	sound, picture := &rtp.Packet{}, &rtp.Packet{}
	sound.Version, picture.Version = 2, 2
	sound.Payload = make([]byte, 80)
	next := [2]time.Time{time.Now().Add(p.phase), time.Now().Add(p.phase + 7*time.Millisecond)}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for frame := 0; ; {
		first := next[0]
		if next[1].Before(first) {
			first = next[1]
		}
		timer.Reset(time.Until(first))
		select {
		case <-p.load.done:
			return
		case <-timer.C:
		}
		now := time.Now()
		for ; !next[0].After(now); next[0] = next[0].Add(20 * time.Millisecond) {
			sound.SequenceNumber++
			sound.Timestamp += 960
			p.stamp(sound.Payload)
			p.count(p.send(0, sound))
		}
		for ; !next[1].After(now); next[1] = next[1].Add(frameEvery) {
			key := p.wantKey.Swap(false) || frame%gop == 0
			if key {
				frame = 0
			}
			p.frame(picture, key)
			frame++
		}
	}
}

// frame sends one frame of VP8.
func (p *talker) frame(pkt *rtp.Packet, key bool) {
	size := deltaBytes
	if key {
		size = keyBytes
	}
	n := (size + chunk - 1) / chunk
	pkt.Timestamp += 3000
	for i := range n {
		b := make([]byte, 4+size/n)
		b[0], b[1] = 0x80, 0x80 // extended, with a picture id
		binary.BigEndian.PutUint16(b[2:], 0x8000|uint16(pkt.Timestamp/3000)&0x7fff)
		if i == 0 {
			b[0] |= 0x10
			if !key {
				b[4] = 1
			}
		}
		p.stamp(b)
		pkt.SequenceNumber++
		pkt.Payload, pkt.Marker = b, i == n-1
		p.count(p.send(1, pkt))
	}
}

func (p *talker) count(err error) {
	if err == nil {
		p.sent.Add(1)
	}
}
