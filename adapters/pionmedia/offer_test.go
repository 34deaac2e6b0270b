package pionmedia

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
)

func TestOffersOfBrowsers(t *testing.T) {
	type codec struct{ pt, rtx uint8 }
	want := []struct {
		opus       uint8
		vp8, h264  codec
		twcc, abs  uint8
		audioTWCC  uint8
		candidates int
	}{
		{111, codec{96, 97}, codec{108, 109}, 3, 2, 3, 0},
		{109, codec{120, 124}, codec{126, 127}, 7, 4, 0, 3},
		{111, codec{100, 101}, codec{98, 99}, 3, 2, 3, 0},
	}
	for i, text := range offers(t) {
		o, err := parseOffer(text)
		require.NoError(t, err)
		a, v := o.section(vi.Audio), o.section(vi.Video)
		w := want[i]
		require.Equal(t, w.opus, a.formats[noCodec].pt)
		require.Equal(t, w.vp8, codec{v.formats[vp8].pt, v.formats[vp8].rtx})
		require.Equal(t, w.h264, codec{v.formats[h264].pt, v.formats[h264].rtx})
		require.Equal(t, w.twcc, v.exts[twccURI])
		require.Equal(t, w.abs, v.exts[absURI])
		require.Equal(t, w.audioTWCC, a.exts[twccURI])
		require.Len(t, o.candidates, w.candidates)
		require.Len(t, v.accepted(v.formats[vp8]), 5)
	}
	o, err := parseOffer(offers(t)[1])
	require.NoError(t, err)
	require.Equal(t, "srflx", o.candidates[transportAddr{"udp", netip.MustParseAddrPort("203.0.113.7:50412")}])
	require.Equal(t, "host", o.candidates[transportAddr{"tcp", netip.MustParseAddrPort("192.0.2.33:0")}])
}

// The server is told nothing but what it uses: above all no address to send to.
func TestCanonicalOffer(t *testing.T) {
	o, err := parseOffer(offers(t)[1])
	require.NoError(t, err)
	got := o.canonical(h264)
	for _, no := range []string{"candidate", "192.0.2", "203.0.113", "ssrc", "VP9", "VP8", "G722", "toffset", "sdes:mid"} {
		require.NotContains(t, got, no)
	}
	require.Contains(t, got, "m=video 9 UDP/TLS/RTP/SAVPF 126 127\r\n")
	require.Contains(t, got, "a=rtcp-fb:126 transport-cc\r\n")
}

// Congestion control is negotiated whole or not at all.
func TestCongestionControlIsWhole(t *testing.T) {
	chromium := offers(t)[0]
	for name, text := range map[string]string{
		"no extension": strings.ReplaceAll(chromium, "a=extmap:3 ", "a=extmap:3 x"),
		"no feedback":  strings.ReplaceAll(chromium, " transport-cc\r\n", " other\r\n"),
	} {
		o, err := parseOffer(text)
		require.NoError(t, err, name)
		got := o.canonical(vp8)
		require.NotContains(t, got, "transport", name)
	}
}

func TestOffersThatMislead(t *testing.T) {
	chromium := offers(t)[0]
	replace := func(old, new string) string {
		out := strings.ReplaceAll(chromium, old, new)
		require.NotEqual(t, chromium, out)
		return out
	}
	for name, text := range map[string]string{
		"one number, two codecs": replace("111", "96"),
		"an RTCP number":         replace("111", "72"),
		"a number too high":      replace("111", "128"),
		"SHA-1":                  replace("sha-256", "sha-1"),
		"a short fingerprint":    replace(":0D:09", ""),
		"a crooked fingerprint":  replace(":0D:09", ":0D-09"),
		"a short password":       replace("teWyH5fRw9t8xAu3N9ZD7ptW", "teWyH5"),
		"a crooked ufrag":        replace("wF95", "wF 95"),
		"one mid for two":        replace("a=mid:1", "a=mid:0"),
		"bundles something else": replace("BUNDLE 0 1", "BUNDLE 0 2"),
		"a data channel": chromium +
			"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n",
		"video switched off": replace("m=video 9", "m=video 0"),
	} {
		_, err := parseOffer(text)
		require.ErrorIs(t, err, vi.ErrInvalid, name)
	}
	_, err := parseOffer(replace("m=video 9", "m=video 0") + "a=bundle-only\r\n") // RFC 8843 §6
	require.NoError(t, err)
}

func TestKeyframes(t *testing.T) {
	for _, c := range []struct {
		codec   videoCodec
		payload []byte
		want    bool
	}{
		{vp8, nil, false},
		{vp8, []byte{0x10}, false},
		{vp8, []byte{0x10, 0x00}, true},
		{vp8, []byte{0x10, 0x01}, false},
		{vp8, []byte{0x00, 0x00}, false},                         // not the beginning of a frame
		{vp8, []byte{0x11, 0x00}, false},                         // another partition
		{vp8, []byte{0x90, 0x80, 0x12, 0x00}, true},              // short picture id
		{vp8, []byte{0x90, 0x80, 0x92, 0x34, 0x00}, true},        // long picture id
		{vp8, []byte{0x90, 0xe0, 0x92, 0x34, 1, 2, 0x01}, false}, // with layers
		{vp8, []byte{0x90, 0xf0, 0x12, 1, 2, 0x00}, true},
		{vp8, []byte{0x90}, false},
		{vp8, []byte{0x90, 0x80}, false},
		{vp8, []byte{0x90, 0x80, 0x92, 0x34}, false},
		{h264, nil, false},
		{h264, []byte{0x65}, true},
		{h264, []byte{0x67, 1}, true},
		{h264, []byte{0x41, 1}, false},
		{h264, []byte{0x78, 0, 2, 0x09, 0xf0, 0, 2, 0x67, 1}, true}, // STAP-A: delimiter, parameters
		{h264, []byte{0x78, 0, 2, 0x09, 0xf0, 0, 2, 0x41, 1}, false},
		{h264, []byte{0x78, 0xff, 0xff, 0x41}, false},
		{h264, []byte{0x7c, 0x85}, true},  // FU-A: beginning
		{h264, []byte{0x7c, 0x05}, false}, // FU-A: middle
		{h264, []byte{0x7c}, false},
	} {
		require.Equal(t, c.want, c.codec.keyframe(c.payload), "%v %x", c.codec, c.payload)
	}
}
