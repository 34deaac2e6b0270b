package pionmedia

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/tandem-cc/tandem/vi"
)

// parseSection reads one m-line. Codecs and extensions that are not used here
// are left out.
func parseSection(m *sdp.MediaDescription) (section, error) {
	s := section{kind: vi.TrackKind(m.MediaName.Media), formats: map[videoCodec]format{}, exts: map[string]uint8{}}
	if s.kind != vi.Audio && s.kind != vi.Video {
		return s, badOffer("has a section that is neither audio nor video")
	}
	var ok bool
	if s.mid, ok = m.Attribute("mid"); !ok || !isToken(s.mid) {
		return s, badOffer("has a section without a proper mid")
	}
	if _, ok := m.Attribute("rtcp-mux"); !ok {
		return s, badOffer("must send RTP and RTCP over one port")
	}
	_, bundleOnly := m.Attribute("bundle-only")
	if m.MediaName.Port.Value == 0 && !bundleOnly {
		return s, badOffer("has its %s switched off", s.kind)
	}
	for _, other := range []string{"sendonly", "recvonly", "inactive"} {
		if _, found := m.Attribute(other); found {
			return s, badOffer("must both send and receive %s", s.kind)
		}
	}
	s.codecs(m)
	s.extensions(m)
	return s, nil
}

// codecs finds the formats of s that are used here.
func (s *section) codecs(m *sdp.MediaDescription) {
	names, params, feedback := map[uint8]string{}, map[uint8]string{}, map[uint8][]string{}
	for _, a := range m.Attributes {
		word, rest, _ := strings.Cut(a.Value, " ")
		n, err := strconv.ParseUint(word, 10, 7)
		if err != nil {
			continue
		}
		switch pt := uint8(n); a.Key {
		case "rtpmap":
			names[pt] = strings.ToLower(rest)
		case "fmtp":
			params[pt] = strings.ToLower(rest)
		case "rtcp-fb":
			feedback[pt] = append(feedback[pt], rest)
		}
	}
	rtxOf := func(pt uint8) uint8 {
		for _, f := range m.MediaName.Formats {
			n, _ := strconv.ParseUint(f, 10, 7)
			if names[uint8(n)] == "rtx/90000" && parameter(params[uint8(n)], "apt") == strconv.Itoa(int(pt)) {
				return uint8(n)
			}
		}
		return 0
	}
	for _, f := range m.MediaName.Formats {
		n, err := strconv.ParseUint(f, 10, 7)
		if err != nil || n == 0 {
			continue
		}
		pt, codec := uint8(n), noCodec
		switch name := names[uint8(n)]; {
		case s.kind == vi.Audio && name == "opus/48000/2":
		case s.kind == vi.Video && name == "vp8/90000":
			codec = vp8
		case s.kind == vi.Video && name == "h264/90000" && constrainedBaseline(params[pt]):
			codec = h264
		default:
			continue
		}
		if _, have := s.formats[codec]; have {
			continue // the browser's first choice counts
		}
		out := format{pt: pt, feedback: feedback[pt]}
		if s.kind == vi.Video {
			out.rtx = rtxOf(pt)
		}
		s.formats[codec] = out
	}
}

// extensions finds the header extensions of s that are used here. Congestion
// control needs its extension and its feedback: one without the other is left out.
func (s *section) extensions(m *sdp.MediaDescription) {
	for _, a := range m.Attributes {
		if a.Key != "extmap" {
			continue
		}
		f := strings.Fields(a.Value)
		if len(f) < 2 {
			continue
		}
		word, _, _ := strings.Cut(f[0], "/")
		id, err := strconv.ParseUint(word, 10, 8)
		if err != nil || id < 1 || id > 14 {
			continue
		}
		if f[1] == twccURI || f[1] == absURI && s.kind == vi.Video {
			s.exts[f[1]] = uint8(id)
		}
	}
	for _, f := range s.formats {
		if !slices.Contains(f.feedback, "transport-cc") {
			delete(s.exts, twccURI)
		}
	}
	if s.exts[absURI] == s.exts[twccURI] {
		delete(s.exts, absURI)
	}
}

// accepted returns the feedback of f that the server knows how to give and to use.
func (s *section) accepted(f format) (out []string) {
	useful := []string{"transport-cc"}
	if s.kind == vi.Video {
		useful = append(useful, "goog-remb", "ccm fir", "nack", "nack pli")
	}
	for _, fb := range useful {
		if slices.Contains(f.feedback, fb) && (fb != "transport-cc" || s.exts[twccURI] != 0) {
			out = append(out, fb)
		}
	}
	return out
}

// params are the fmtp parameters of a codec in answers.
func params(kind vi.TrackKind, c videoCodec) string {
	switch {
	case kind == vi.Audio:
		return "minptime=10;useinbandfec=1"
	case c == h264:
		return "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	}
	return ""
}

// encodings are the names of codecs in rtpmap lines.
func encoding(kind vi.TrackKind, c videoCodec) string {
	switch {
	case kind == vi.Audio:
		return "opus/48000/2"
	case c == h264:
		return "H264/90000"
	}
	return "VP8/90000"
}

// canonical writes o again with nothing in it but what is used here: no
// candidates, so that the server sends only to who sent to it first and cannot
// be pointed at others; no SSRCs, since payload types tell all; one codec each.
func (o *offer) canonical(video videoCodec) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- 1 1 IN IP4 127.0.0.1")
	line("s=-")
	line("t=0 0")
	line("a=group:BUNDLE %s %s", o.sections[0].mid, o.sections[1].mid)
	for i := range o.sections {
		s := &o.sections[i]
		codec := video
		if s.kind == vi.Audio {
			codec = noCodec
		}
		f := s.formats[codec]
		formats := strconv.Itoa(int(f.pt))
		if f.rtx != 0 {
			formats += " " + strconv.Itoa(int(f.rtx))
		}
		line("m=%s 9 UDP/TLS/RTP/SAVPF %s", s.kind, formats)
		line("c=IN IP4 0.0.0.0")
		line("a=ice-ufrag:%s", o.ufrag)
		line("a=ice-pwd:%s", o.pwd)
		line("a=fingerprint:%s %s", strings.ToLower(o.hash), strings.ToUpper(o.sum))
		line("a=setup:actpass")
		line("a=mid:%s", s.mid)
		for _, uri := range []string{twccURI, absURI} {
			if id := s.exts[uri]; id != 0 {
				line("a=extmap:%d %s", id, uri)
			}
		}
		line("a=sendrecv")
		line("a=rtcp-mux")
		line("a=rtcp-rsize")
		line("a=rtpmap:%d %s", f.pt, encoding(s.kind, codec))
		for _, fb := range s.accepted(f) {
			line("a=rtcp-fb:%d %s", f.pt, fb)
		}
		if p := params(s.kind, codec); p != "" {
			line("a=fmtp:%d %s", f.pt, p)
		}
		if f.rtx != 0 {
			line("a=rtpmap:%d rtx/90000", f.rtx)
			line("a=fmtp:%d apt=%d", f.rtx, f.pt)
		}
	}
	return b.String()
}

// parameter returns a parameter of an fmtp line.
func parameter(line, name string) string {
	for p := range strings.SplitSeq(line, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(p), "="); k == name {
			return v
		}
	}
	return ""
}

// constrainedBaseline reads H.264 parameters (RFC 6184 §8.1): profile_idc 66
// with constraint_set1, in packetization mode 1.
func constrainedBaseline(line string) bool {
	id, err := strconv.ParseUint(parameter(line, "profile-level-id"), 16, 24)
	return err == nil && id>>16 == 0x42 && id>>8&0x40 != 0 && parameter(line, "packetization-mode") == "1"
}

func isToken(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 127 || strings.IndexByte(`"(),/:;<=>?@[\]`, c) >= 0 {
			return false
		}
	}
	return true
}
