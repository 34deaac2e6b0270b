package pionmedia

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/tandem-cc/tandem/vi"
)

// open makes the pion connection of c and answers its offer.
func (c *conn) open(ctx context.Context) (string, error) {
	engine, err := c.mediaEngine()
	if err != nil {
		return "", err
	}
	certificate, err := c.m.identity()
	if err != nil {
		return "", err
	}
	settings := c.m.settings
	settings.BufferFactory = c.buffer
	registry := &interceptor.Registry{}
	registry.Add(binder{c: c})
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings),
		webrtc.WithInterceptorRegistry(registry))
	c.pc, err = api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{certificate}})
	if err != nil {
		return "", err
	}
	for i, kind := range []vi.TrackKind{audio: vi.Audio, video: vi.Video} {
		codec := c.codec
		if i == audio {
			codec = noCodec
		}
		track, err := webrtc.NewTrackLocalStaticRTP(capability(kind, codec), string(kind), string(seatName(1-c.seat)))
		if err != nil {
			return "", err
		}
		if c.senders[i], err = c.pc.AddTrack(track); err != nil {
			return "", err
		}
	}
	c.follow()
	c.listen()
	c.rawList[0] = &c.raw
	c.candidates.Store(&c.offer.candidates)
	return c.negotiate(ctx, c.offer)
}

// negotiate answers an offer. The answer holds all the server's candidates.
func (c *conn) negotiate(ctx context.Context, o *offer) (string, error) {
	offer := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.canonical(c.codec)}
	if err := c.pc.SetRemoteDescription(offer); err != nil {
		return "", badOffer("cannot be used: %v", err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	answer, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return "", badOffer("cannot be answered: %v", err)
	}
	if err := c.pc.SetLocalDescription(answer); err != nil {
		return "", badOffer("cannot be answered: %v", err)
	}
	select {
	case <-gathered:
		return c.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// restart answers a later offer of the connection. The caller holds the seat's
// lock of offers.
func (c *conn) restart(ctx context.Context, o *offer) (string, error) {
	if !slices.EqualFunc(o.sections, c.offer.sections, func(a, b section) bool {
		codec := c.codec
		if a.kind == vi.Audio {
			codec = noCodec
		}
		return a.mid == b.mid && a.kind == b.kind &&
			a.formats[codec].pt == b.formats[codec].pt && a.formats[codec].rtx == b.formats[codec].rtx
	}) {
		return "", badOffer("may change the way to the server, but not its media")
	}
	if !strings.EqualFold(o.sum, c.offer.sum) {
		return "", badOffer("must keep its certificate")
	}
	answer, err := c.negotiate(ctx, o)
	if err != nil {
		c.end() // half-way between two descriptions
		return "", err
	}
	c.candidates.Store(&o.candidates)
	return answer, nil
}

// mediaEngine knows the codecs of c alone, under the numbers of its offer.
func (c *conn) mediaEngine() (*webrtc.MediaEngine, error) {
	e := &webrtc.MediaEngine{}
	for i := range c.offer.sections {
		s := &c.offer.sections[i]
		codec, typ := noCodec, webrtc.RTPCodecTypeAudio
		if s.kind == vi.Video {
			codec, typ = c.codec, webrtc.RTPCodecTypeVideo
		}
		f := s.formats[codec]
		spec := capability(s.kind, codec)
		for _, fb := range s.accepted(f) {
			name, param, _ := strings.Cut(fb, " ")
			spec.RTCPFeedback = append(spec.RTCPFeedback, webrtc.RTCPFeedback{Type: name, Parameter: param})
		}
		if err := e.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: spec, PayloadType: webrtc.PayloadType(f.pt),
		}, typ); err != nil {
			return nil, err
		}
		if f.rtx != 0 {
			if err := e.RegisterCodec(webrtc.RTPCodecParameters{
				RTPCodecCapability: webrtc.RTPCodecCapability{
					MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=" + strconv.Itoa(int(f.pt)),
				},
				PayloadType: webrtc.PayloadType(f.rtx),
			}, typ); err != nil {
				return nil, err
			}
		}
		for uri := range s.exts {
			if err := e.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, typ); err != nil {
				return nil, err
			}
		}
	}
	return e, nil
}

func capability(kind vi.TrackKind, codec videoCodec) webrtc.RTPCodecCapability {
	c := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, SDPFmtpLine: params(kind, codec)}
	switch {
	case kind == vi.Audio:
		c.MimeType, c.ClockRate, c.Channels = webrtc.MimeTypeOpus, 48000, 2
	case codec == h264:
		c.MimeType = webrtc.MimeTypeH264
	}
	return c
}

// listen prepares what the browser will send.
func (c *conn) listen() {
	for i := range c.offer.sections {
		s := &c.offer.sections[i]
		t, codec, clock, carries := &c.in[audio], noCodec, uint32(48000), audioMedia
		if s.kind == vi.Video {
			t, codec, clock, carries = &c.in[video], c.codec, 90000, videoMedia
		}
		f := s.formats[codec]
		t.kind, t.codec, t.pt, t.rtx, t.clock, t.twcc = s.kind, codec, f.pt, f.rtx, clock, s.exts[twccURI]
		t.nack = slices.Contains(s.accepted(f), "nack")
		c.roles[f.pt] = carries
		if f.rtx != 0 {
			c.roles[f.rtx] = videoRepair
		}
	}
}

// A binder is the interceptor that shows c the streams to its browser.
type binder struct {
	interceptor.NoOp
	c *conn
}

// NewInterceptor implements interceptor.Factory.
func (b binder) NewInterceptor(string) (interceptor.Interceptor, error) { return &b, nil }

// BindLocalStream implements interceptor.Interceptor.
func (b *binder) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	c := b.c
	c.down.Lock()
	defer c.down.Unlock()
	o := &c.out[audio]
	o.kind, o.clock = vi.Audio, 48000
	if info.ClockRate == 90000 {
		o = &c.out[video]
		o.kind, o.clock, o.codec = vi.Video, 90000, c.codec
	}
	o.writer = w
	o.main = &rtp.Header{Version: 2, SSRC: info.SSRC, PayloadType: info.PayloadType}
	for _, fb := range info.RTCPFeedback {
		o.nack = o.nack || fb.Type == "nack" && fb.Parameter == ""
	}
	if info.SSRCRetransmission != 0 && info.PayloadTypeRetransmission != 0 {
		o.repair = &rtp.Header{Version: 2, SSRC: info.SSRCRetransmission, PayloadType: info.PayloadTypeRetransmission}
		// Without a format for retransmissions a packet is repeated byte for
		// byte, so nothing in it may tell when it was sent.
		if id := c.offer.section(o.kind).exts[absURI]; id != 0 {
			o.abs, o.absRTX = make([]byte, 3), make([]byte, 3)
			_ = o.main.SetExtension(id, o.abs)
			_ = o.repair.SetExtension(id, o.absRTX)
		}
	}
	o.restart()
	if o.kind == vi.Video {
		c.sender = info.SSRC
	}
	return w
}
