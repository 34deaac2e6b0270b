package pionmedia_test

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/vitest"
)

// A browser is a pion client that behaves as browsers do: it offers once, asks
// for what it misses, and repeats what it is asked for in a stream of its own.
type browser struct {
	cfg    vitest.BrowserConfig
	pc     *webrtc.PeerConnection
	tracks map[vi.TrackKind]*webrtc.TrackLocalStaticRTP
	video  atomic.Uint32 // SSRC received
	offers int
}

var quiet = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}

func newBrowser(t *testing.T, cfg vitest.BrowserConfig) vitest.Browser {
	return openBrowser(t, cfg)
}

func openBrowser(t testing.TB, cfg vitest.BrowserConfig, settings ...func(*webrtc.SettingEngine)) *browser {
	t.Helper()
	b := &browser{cfg: cfg, tracks: map[vi.TrackKind]*webrtc.TrackLocalStaticRTP{}}
	var err error
	b.pc, err = clientAPI(t, cfg, settings...).NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.pc.GracefulClose() })
	b.pc.OnTrack(b.receive)
	for kind, mime := range map[vi.TrackKind]string{vi.Audio: webrtc.MimeTypeOpus, vi.Video: videoMime(cfg)} {
		c := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}
		if kind == vi.Audio {
			c.ClockRate, c.Channels = 48000, 2
		}
		b.tracks[kind], err = webrtc.NewTrackLocalStaticRTP(c, string(kind), "own")
		require.NoError(t, err)
		tr, err := b.pc.AddTransceiverFromTrack(b.tracks[kind])
		require.NoError(t, err)
		go b.watch(tr.Sender())
	}
	return b
}

func videoMime(cfg vitest.BrowserConfig) string {
	if cfg.VP8 == 0 {
		return webrtc.MimeTypeH264
	}
	return webrtc.MimeTypeVP8
}

// clientEngines have the codecs of cfg with the feedback that browsers offer.
func clientEngines(t testing.TB, cfg vitest.BrowserConfig) (webrtc.SettingEngine, *webrtc.MediaEngine) {
	t.Helper()
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(loopbackOnly)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.LoggerFactory = quiet
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	if cfg.TCP {
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	me := &webrtc.MediaEngine{}
	video := func(pt uint8, mime, fmtp string) error {
		if pt == 0 {
			return nil
		}
		return errors.Join(
			me.RegisterCodec(webrtc.RTPCodecParameters{
				RTPCodecCapability: webrtc.RTPCodecCapability{
					MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp,
					RTCPFeedback: []webrtc.RTCPFeedback{
						{Type: "goog-remb"}, {Type: "transport-cc"}, {Type: "ccm", Parameter: "fir"},
						{Type: "nack"}, {Type: "nack", Parameter: "pli"},
					},
				},
				PayloadType: webrtc.PayloadType(pt),
			}, webrtc.RTPCodecTypeVideo),
			me.RegisterCodec(webrtc.RTPCodecParameters{
				RTPCodecCapability: webrtc.RTPCodecCapability{
					MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=" + itoa(pt),
				},
				PayloadType: webrtc.PayloadType(pt + 1),
			}, webrtc.RTPCodecTypeVideo))
	}
	require.NoError(t, errors.Join(
		me.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
				SDPFmtpLine:  "minptime=10;useinbandfec=1",
				RTCPFeedback: []webrtc.RTCPFeedback{{Type: "transport-cc"}},
			},
			PayloadType: webrtc.PayloadType(cfg.Opus),
		}, webrtc.RTPCodecTypeAudio),
		video(cfg.VP8, webrtc.MimeTypeVP8, ""),
		video(cfg.H264, webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
	))
	return se, me
}

// clientAPI also repeats what it is asked for, and asks for what it misses.
func clientAPI(t testing.TB, cfg vitest.BrowserConfig, settings ...func(*webrtc.SettingEngine)) *webrtc.API {
	t.Helper()
	se, me := clientEngines(t, cfg)
	for _, set := range settings {
		set(&se)
	}
	ir := &interceptor.Registry{}
	gen, err := nack.NewGeneratorInterceptor(nack.GeneratorInterval(20*time.Millisecond), nack.WithGeneratorLoggerFactory(quiet))
	require.NoError(t, err)
	resp, err := nack.NewResponderInterceptor(nack.WithResponderLoggerFactory(quiet))
	require.NoError(t, err)
	ir.Add(resp)
	ir.Add(gen)
	require.NoError(t, errors.Join(
		webrtc.ConfigureTWCCHeaderExtensionSender(me, ir),
		webrtc.ConfigureRTCPReports(ir),
		webrtc.ConfigureTWCCSender(me, ir),
	))
	return webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(ir))
}

func (b *browser) watch(s *webrtc.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok && b.cfg.KeyframeWanted != nil {
				b.cfg.KeyframeWanted()
			}
		}
	}
}

func (b *browser) receive(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	kind := vi.Audio
	if t.Kind() == webrtc.RTPCodecTypeVideo {
		kind = vi.Video
		b.video.Store(uint32(t.SSRC()))
	}
	go func() {
		buf := make([]byte, 1500)
		for {
			if _, _, err := r.Read(buf); err != nil {
				return
			}
		}
	}()
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		b.cfg.Received(kind, vitest.RTP{
			SSRC: p.SSRC, Seq: p.SequenceNumber, Time: p.Timestamp, Marker: p.Marker, Payload: p.Payload,
		})
	}
}

// Offer implements vitest.Browser.
func (b *browser) Offer() (string, error) {
	offer, err := b.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: b.offers > 0})
	if err != nil {
		return "", err
	}
	b.offers++
	done := webrtc.GatheringCompletePromise(b.pc)
	if err := b.pc.SetLocalDescription(offer); err != nil {
		return "", err
	}
	<-done
	return b.pc.LocalDescription().SDP, nil
}

// Accept implements vitest.Browser.
func (b *browser) Accept(answer string) error {
	return b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

// Send implements vitest.Browser.
func (b *browser) Send(kind vi.TrackKind, p vitest.RTP) error {
	return b.tracks[kind].WriteRTP(&rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: p.Marker, SequenceNumber: p.Seq, Timestamp: p.Time,
		},
		Payload: p.Payload,
	})
}

// RequestKeyframe implements vitest.Browser.
func (b *browser) RequestKeyframe() error {
	return b.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: b.video.Load()}})
}

// Connected implements vitest.Browser.
func (b *browser) Connected() bool {
	return b.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
}

// Addr implements vitest.Browser.
func (b *browser) Addr() netip.AddrPort {
	pair, err := b.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(netip.MustParseAddr(pair.Local.Address), pair.Local.Port)
}

// Close implements vitest.Browser.
func (b *browser) Close() error { return b.pc.GracefulClose() }
