package pionmedia_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/pionmedia"
	"github.com/tandem-cc/tandem/internal/netsim"
	"github.com/tandem-cc/tandem/vi"
)

const chromium = "/usr/bin/chromium"

// page is the smallest page of a call.
const page = `<!doctype html><video id=remote autoplay playsinline></video><script>
const q = new URLSearchParams(location.search), codec = q.get('codec');
let pc, video, conn = String(Math.random());
async function negotiate(restart) {
  await pc.setLocalDescription(await pc.createOffer({ iceRestart: restart }));
  const res = await fetch('/answer?' + new URLSearchParams({ room: q.get('room'), seat: q.get('seat'), conn }),
    { method: 'POST', body: pc.localDescription.sdp });
  if (!res.ok) throw new Error(await res.text());
  await pc.setRemoteDescription({ type: 'answer', sdp: await res.text() });
}
async function start() {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  window.began = performance.now();
  pc = new RTCPeerConnection();
  pc.addTransceiver(media.getAudioTracks()[0], { direction: 'sendrecv', streams: [media] });
  video = pc.addTransceiver(media.getVideoTracks()[0], { direction: 'sendrecv', streams: [media] });
  if (codec) video.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs.filter(
    c => c.mimeType === codec || c.mimeType === 'video/rtx'));
  pc.ontrack = ({ streams }) => { remote.srcObject = streams[0]; };
  remote.requestVideoFrameCallback(() => { window.firstFrame = performance.now() - window.began; });
  await negotiate(false);
}
async function stats() {
  const all = [...(await pc.getStats()).values()];
  const rtp = (type, kind) => all.find(s => s.type === type && s.kind === kind) || {};
  const pair = all.find(s => s.type === 'candidate-pair' && s.nominated) || {};
  const transport = all.find(s => s.type === 'transport') || {};
  const codecs = new Map(all.filter(s => s.type === 'codec').map(s => [s.id, s.mimeType]));
  return {
    frames: rtp('inbound-rtp', 'video').framesDecoded || 0,
    energy: rtp('inbound-rtp', 'audio').totalAudioEnergy || 0,
    codec: codecs.get(rtp('inbound-rtp', 'video').codecId) || '',
    srtp: transport.srtpCipher || '',
    available: pair.availableOutgoingBitrate || 0,
    target: rtp('outbound-rtp', 'video').targetBitrate || 0,
    lost: rtp('inbound-rtp', 'video').packetsLost || 0,
    nacks: rtp('inbound-rtp', 'video').nackCount || 0,
    repaired: rtp('inbound-rtp', 'video').retransmittedPacketsReceived || 0,
    resent: rtp('outbound-rtp', 'video').retransmittedPacketsSent || 0,
    plis: rtp('inbound-rtp', 'video').pliCount || 0,
    freezes: rtp('inbound-rtp', 'video').freezeCount || 0,
    apart: Math.abs((rtp('inbound-rtp', 'audio').estimatedPlayoutTimestamp || 0) - (rtp('inbound-rtp', 'video').estimatedPlayoutTimestamp || 1e12)),
    rtt: rtp('remote-inbound-rtp', 'video').roundTripTime || 0,
    state: pc.connectionState, firstFrame: window.firstFrame || 0,
  };
}
</script>`

// chromiumStats is what stats() of the page returns.
type chromiumStats struct {
	Frames, Lost, Nacks, Repaired, Resent, Plis, Freezes int
	Energy, Available, Target, Apart, RTT, FirstFrame    float64
	Codec, SRTP, State                                   string
}

// A site serves the page and its signalling over a media plane.
type site struct {
	net   *netsim.Conn
	media *pionmedia.Media
	url   string
	ctx   context.Context
}

func newSite(t *testing.T) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("drives a browser: not in short mode")
	}
	if _, err := os.Stat(chromium); err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "browser tests are required when CI=true: %v", err)
		t.Skipf("needs Chromium: %v", err)
	}
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	s := &site{net: netsim.Wrap(udp, 1)}
	s.media = open(t, pionmedia.Config{UDP: s.net})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		sdp, _ := io.ReadAll(r.Body)
		answer, err := s.media.Answer(r.Context(), vi.CallID(r.FormValue("room")), vi.Seat(r.FormValue("seat")),
			vi.Offer{Conn: r.FormValue("conn"), SDP: string(sdp)})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, answer)
	})
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	s.url = web.URL

	alloc, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("headless", "new"), chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("mute-audio", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true), chromedp.Flag("disable-background-networking", true))
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(ctx))
	s.ctx = ctx
	return s
}

// A tab is one person in a browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// join opens the page for a seat and waits for the other's picture, if there
// is another.
func (s *site) join(t *testing.T, room string, seat vi.Seat, codec string) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(s.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(ctx))
	p := &tab{t, ctx}
	p.do(chromedp.Navigate(fmt.Sprintf("%s/?room=%s&seat=%s&codec=%s", s.url, room, seat, codec)))
	p.eval(`start()`)
	return p
}

func (p *tab) do(a chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, a))
}

func (p *tab) eval(js string) json.RawMessage {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[json.RawMessage](js, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err, js)
	return out
}

func (p *tab) stats() (s chromiumStats) {
	p.t.Helper()
	require.NoError(p.t, json.Unmarshal(p.eval(`stats()`), &s))
	return s
}

// until waits for a condition on the tab's statistics.
func (p *tab) until(what string, ok func(chromiumStats) bool) chromiumStats {
	p.t.Helper()
	var last chromiumStats
	require.Eventually(p.t, func() bool { last = p.stats(); return ok(last) }, time.Minute, 50*time.Millisecond,
		"%s: %+v", what, &last)
	return last
}

// TestChromium holds calls in a real browser.
func TestChromium(t *testing.T) {
	s := newSite(t)

	t.Run("call", func(t *testing.T) {
		agent, customer := s.join(t, "call", vi.SeatAgent, ""), s.join(t, "call", vi.SeatCustomer, "")
		for _, p := range []*tab{agent, customer} {
			got := p.until("picture and sound of the other", func(c chromiumStats) bool {
				return c.Frames > 40 && c.Energy > 0 && c.Apart < 1000
			})
			require.Equal(t, "video/VP8", got.Codec)
			require.Equal(t, "SRTP_AEAD_AES_128_GCM", got.SRTP)
			t.Logf("first frame after %.0f ms, sound and picture %.0f ms apart", got.FirstFrame, got.Apart)
		}
		got := agent.until("the feedback on what it sends lets it send more", func(c chromiumStats) bool {
			return c.Available > 1_000_000
		})
		require.Zero(t, got.Lost)

		// What the receiver can take limits the sender.
		s.media.Lose("call", vi.SeatCustomer, 150_000)
		agent.until("it sends less", func(c chromiumStats) bool { return c.Target < 200_000 })
		s.media.Lose("call", vi.SeatCustomer, 5_000_000)
		agent.until("it sends more again", func(c chromiumStats) bool { return c.Target > 300_000 })

		// A bad network: what is lost is asked for and repeated, both ways.
		before := [2]chromiumStats{agent.stats(), customer.stats()}
		s.net.SetDefault(netsim.Lossy(0.05))
		for i, p := range []*tab{agent, customer} {
			got := p.until("loss is repaired", func(c chromiumStats) bool {
				return c.Frames > before[i].Frames+100 && c.Repaired > 0 && c.Resent > 0
			})
			t.Logf("%+v", got)
		}
		s.net.Heal()

		customer.eval(`negotiate(true)`)
		frames := customer.stats().Frames
		customer.until("an ICE restart", func(c chromiumStats) bool { return c.Frames > frames+40 && c.State == "connected" })
	})

	t.Run("H264", func(t *testing.T) {
		agent, customer := s.join(t, "h264", vi.SeatAgent, "video/H264"), s.join(t, "h264", vi.SeatCustomer, "video/H264")
		for _, p := range []*tab{agent, customer} {
			p.until("picture of the other", func(c chromiumStats) bool { return c.Frames > 20 && c.Codec == "video/H264" })
		}
	})
}
