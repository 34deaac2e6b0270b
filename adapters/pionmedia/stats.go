package pionmedia

import (
	"net/netip"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/tandem-cc/tandem/vi"
)

// Stats implements [vi.Media].
func (m *Media) Stats(id vi.CallID) map[vi.Seat]vi.MediaStats {
	out := map[vi.Seat]vi.MediaStats{}
	if r := m.room(id); r != nil {
		for i := range r.seats {
			if c := r.seats[i].conn.Load(); c != nil {
				out[seatName(i)] = c.stats()
			}
		}
	}
	return out
}

func (c *conn) stats() vi.MediaStats {
	s := vi.MediaStats{At: c.m.now(), Conn: c.name, RTT: time.Duration(c.rtt.Load())}
	c.up.Lock()
	s.In = sum(c.in[audio].flow(), c.in[video].flow(), c.in[video].heard)
	c.up.Unlock()
	c.down.Lock()
	if c.out[audio].main != nil && c.out[video].main != nil {
		s.Out = sum(c.out[audio].flow(), c.out[video].flow(), c.out[video].packets > 0)
	}
	c.down.Unlock()
	transport := c.senders[video].Transport().ICETransport()
	if pair, err := transport.GetSelectedCandidatePair(); err == nil && pair != nil {
		s.Protocol = pair.Remote.Protocol.String()
		s.Candidate = c.candidateType(pair.Remote)
	}
	if p, ok := transport.GetSelectedCandidatePairStats(); ok && p.CurrentRoundTripTime > 0 {
		s.RTT = time.Duration(p.CurrentRoundTripTime * float64(time.Second))
	}
	return s
}

// candidateType is what the browser called the address that it sends from.
func (c *conn) candidateType(remote *webrtc.ICECandidate) string {
	addr, err := netip.ParseAddr(remote.Address)
	if err == nil {
		at := transportAddr{remote.Protocol.String(), netip.AddrPortFrom(addr.Unmap(), remote.Port)}
		if at.protocol == "tcp" {
			at.addr = netip.AddrPortFrom(addr.Unmap(), 0)
		}
		if typ := (*c.candidates.Load())[at]; typ != "" {
			return typ
		}
	}
	return remote.Typ.String()
}

func sum(audio, video vi.Flow, hasVideo bool) vi.Flow {
	f := vi.Flow{
		Packets: audio.Packets + video.Packets,
		Bytes:   audio.Bytes + video.Bytes,
		Lost:    audio.Lost + video.Lost,
		Jitter:  audio.Jitter,
	}
	if hasVideo {
		f.Jitter = video.Jitter
	}
	return f
}
