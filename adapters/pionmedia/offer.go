package pionmedia

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
)

// maxSDP is the longest offer that is read, in bytes. Browsers send 3 to 8 KiB.
const maxSDP = 64 << 10

// Header extensions that are negotiated.
const (
	twccURI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	absURI  = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
)

// An offer is what matters here of a browser's SDP offer.
type offer struct {
	ufrag, pwd string
	hash, sum  string // of its certificate
	sections   []section
	candidates map[transportAddr]string // to the type of candidate
}

// A section is an m-line.
type section struct {
	kind    vi.TrackKind
	mid     string
	formats map[videoCodec]format // of audio, under noCodec
	exts    map[string]uint8      // ids by URI
}

// A format is one codec as the browser numbers it.
type format struct {
	pt, rtx  uint8 // rtx 0: none offered
	feedback []string
}

// A transportAddr is where a candidate sends from. The port of active TCP
// candidates is not known and left 0.
type transportAddr struct {
	protocol string
	addr     netip.AddrPort
}

func badOffer(format string, args ...any) error {
	return fault.Errorf(fault.Invalid, "The media offer "+format+".", args...)
}

// parseOffer reads an SDP offer (RFC 8866, RFC 9429) of exactly one audio and
// one video section, both sendrecv, bundled.
func parseOffer(text string) (*offer, error) {
	if len(text) > maxSDP {
		return nil, badOffer("is longer than %d bytes", maxSDP)
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return nil, badOffer("is not a session description")
	}
	o := &offer{candidates: map[transportAddr]string{}}
	for _, m := range desc.MediaDescriptions {
		s, err := parseSection(m)
		if err != nil {
			return nil, err
		}
		o.sections = append(o.sections, s)
	}
	if len(o.sections) != 2 || o.sections[0].kind == o.sections[1].kind {
		return nil, badOffer("must have one audio and one video section and no other")
	}
	if err := o.transport(&desc); err != nil {
		return nil, err
	}
	return o, o.payloadTypes()
}

// transport reads what the bundled sections share.
func (o *offer) transport(desc *sdp.SessionDescription) error {
	group, _ := desc.Attribute("group")
	if words := strings.Fields(group); len(words) != 3 || words[0] != "BUNDLE" ||
		!slices.Contains(words, o.sections[0].mid) || !slices.Contains(words, o.sections[1].mid) ||
		o.sections[0].mid == o.sections[1].mid {
		return badOffer("must bundle its audio and its video")
	}
	first := desc.MediaDescriptions[0]
	either := func(key string) string {
		if v, ok := first.Attribute(key); ok {
			return v
		}
		v, _ := desc.Attribute(key)
		return v
	}
	o.ufrag, o.pwd = either("ice-ufrag"), either("ice-pwd")
	if !isICE(o.ufrag, 4) || !isICE(o.pwd, 22) {
		return badOffer("has no proper ICE credentials")
	}
	var ok bool
	if o.hash, o.sum, ok = strings.Cut(either("fingerprint"), " "); !ok || !isFingerprint(o.hash, o.sum) {
		return badOffer("has no certificate fingerprint by SHA-256 or better")
	}
	if s := either("setup"); s != "actpass" && s != "active" {
		return badOffer("must leave the server's side of DTLS passive")
	}
	for _, m := range desc.MediaDescriptions {
		for _, a := range m.Attributes {
			if a.Key == "candidate" && len(o.candidates) < 64 {
				o.candidate(a.Value)
			}
		}
	}
	return nil
}

// candidate remembers the type of a candidate (RFC 8839 §5.1).
func (o *offer) candidate(value string) {
	f := strings.Fields(value)
	if len(f) < 8 || f[6] != "typ" {
		return
	}
	addr, err := netip.ParseAddr(f[4])
	port, err2 := strconv.ParseUint(f[5], 10, 16)
	if err != nil || err2 != nil {
		return // a name (mDNS) tells nothing that could be compared
	}
	switch protocol := strings.ToLower(f[2]); protocol {
	case "tcp":
		o.candidates[transportAddr{protocol, netip.AddrPortFrom(addr.Unmap(), 0)}] = f[7]
	case "udp":
		o.candidates[transportAddr{protocol, netip.AddrPortFrom(addr.Unmap(), uint16(port))}] = f[7]
	}
}

// payloadTypes checks that a payload type alone tells what a packet is.
func (o *offer) payloadTypes() error {
	var seen [128]bool
	for _, s := range o.sections {
		if len(s.formats) == 0 {
			if s.kind == vi.Audio {
				return badOffer("has no Opus audio")
			}
			return badOffer("has neither VP8 nor H.264 constrained baseline video")
		}
		for _, f := range s.formats {
			for _, pt := range []uint8{f.pt, f.rtx} {
				if pt == 0 {
					continue
				}
				if pt > 127 || pt >= 64 && pt < 96 || seen[pt] { // RFC 5761 §4
					return badOffer("uses payload type %d twice, or where RTCP has it", pt)
				}
				seen[pt] = true
			}
		}
	}
	return nil
}

func (o *offer) section(kind vi.TrackKind) *section {
	if o.sections[0].kind == kind {
		return &o.sections[0]
	}
	return &o.sections[1]
}

// can reports whether the browser can send and receive c.
func (o *offer) can(c videoCodec) bool {
	_, ok := o.section(vi.Video).formats[c]
	return ok
}

func isICE(s string, least int) bool {
	if len(s) < least || len(s) > 256 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/') {
			return false
		}
	}
	return true
}

func isFingerprint(hash, sum string) bool {
	n := map[string]int{"sha-256": 32, "sha-384": 48, "sha-512": 64}[strings.ToLower(hash)]
	if n == 0 || len(sum) != 3*n-1 {
		return false
	}
	for i, c := range []byte(strings.ToLower(sum)) {
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if colon := i%3 == 2; colon != (c == ':') || !colon && !hex {
			return false
		}
	}
	return true
}
