package vitest

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/netsim"
	"github.com/tandem-cc/tandem/vi"
)

// How long a condition may take to come true, and how often it is looked at.
const (
	patience = 20 * time.Second
	tick     = 5 * time.Millisecond
)

// everyCodec is a browser as most are.
var everyCodec = BrowserConfig{Opus: 111, VP8: 96, H264: 102}

// A stage is a media plane on a network that can be made bad, and who talks over it.
type stage struct {
	t     *testing.T
	rig   MediaRig
	net   *netsim.Conn
	media vi.Media

	mu     sync.Mutex
	events []vi.MediaEvent
	conns  int
}

func newStage(t *testing.T, rig MediaRig) *stage {
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	s := &stage{t: t, rig: rig, net: netsim.Wrap(udp, 1)}
	s.media = rig.Open(t, s.net, func(e vi.MediaEvent) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	})
	return s
}

// expect waits until exactly these changes of p have been reported.
func (s *stage) expect(room vi.CallID, p *person, want ...vi.MediaChange) {
	s.t.Helper()
	var got []vi.MediaChange
	ok := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		got = nil
		for _, e := range s.events {
			if e.Conn == p.conn {
				require.Equal(s.t, room, e.Room)
				require.Equal(s.t, p.seat, e.Seat)
				require.False(s.t, e.At.IsZero())
				got = append(got, e.What)
			}
		}
		return slices.Equal(got, want)
	}
	require.Eventually(s.t, ok, patience, tick, "changes of %s: want %v, got %v", p.conn, want, &got)
}

// call puts two people into a room who hear each other.
func (s *stage) call(room vi.CallID) (agent, customer *person) {
	s.t.Helper()
	return s.join(room, vi.SeatAgent), s.join(room, vi.SeatCustomer)
}

func (s *stage) join(room vi.CallID, seat vi.Seat) *person {
	s.t.Helper()
	return s.joinWith(room, seat, everyCodec)
}

func (s *stage) joinWith(room vi.CallID, seat vi.Seat, cfg BrowserConfig) *person {
	s.t.Helper()
	p := s.newPerson(room, seat, cfg)
	p.start(s.t)
	return p
}

// A person is a browser that sends marked packets as browsers would send
// media, and remembers what it gets.
type person struct {
	stage   *stage
	room    vi.CallID
	seat    vi.Seat
	conn    string
	h264    bool
	browser Browser
	done    chan struct{}
	stopped sync.Once

	mu     sync.Mutex
	got    map[vi.TrackKind][]heard
	wanted int
	sent   uint32 // packets of video
}

type heard struct {
	RTP
	from string
	n    uint32 // the sender's count
	key  bool
}

func (s *stage) newPerson(room vi.CallID, seat vi.Seat, cfg BrowserConfig) *person {
	s.t.Helper()
	s.mu.Lock()
	s.conns++
	p := &person{
		stage: s, room: room, seat: seat, conn: fmt.Sprintf("%s/%s/%d", room, seat, s.conns),
		h264: cfg.VP8 == 0, done: make(chan struct{}), got: map[vi.TrackKind][]heard{},
	}
	s.mu.Unlock()
	cfg.Received = p.receive
	cfg.KeyframeWanted = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.wanted++
	}
	p.browser = s.rig.Browser(s.t, cfg)
	s.t.Cleanup(p.stop)
	return p
}

// start connects p and begins to send.
func (p *person) start(t *testing.T) {
	t.Helper()
	p.negotiate()
	require.Eventually(t, p.browser.Connected, patience, tick, "%s connects", p.conn)
	go p.talk()
}

func (p *person) negotiate() {
	t := p.stage.t
	t.Helper()
	offer, err := p.browser.Offer()
	require.NoError(t, err)
	answer, err := p.stage.media.Answer(t.Context(), p.room, p.seat, vi.Offer{Conn: p.conn, SDP: offer})
	require.NoError(t, err)
	require.NoError(t, p.browser.Accept(answer))
}

func (p *person) stop() { p.stopped.Do(func() { close(p.done) }) }

// talk sends audio every 20 ms and a frame of two packets of video every 33 ms
// until p stops. A keyframe follows when one is wanted.
func (p *person) talk() {
	sound, picture := time.NewTicker(20*time.Millisecond), time.NewTicker(33*time.Millisecond)
	defer sound.Stop()
	defer picture.Stop()
	audio := RTP{Seq: 65500, Time: 1 << 31} // soon around
	video := RTP{Seq: 65500, Time: 1 << 30}
	answered := -1 // keyframes given, -1: not even the first
	for a, v := uint32(0), uint32(0); ; {
		select {
		case <-p.done:
			return
		case <-sound.C:
			audio.Seq, audio.Time = audio.Seq+1, audio.Time+960
			audio.Payload = p.stamp([]byte{0x78}, a)
			_ = p.browser.Send(vi.Audio, audio)
			a++
		case <-picture.C:
			video.Time += 2970
			p.mu.Lock()
			key := p.wanted != answered
			answered = p.wanted
			p.mu.Unlock()
			for i := range 2 {
				video.Seq, video.Marker = video.Seq+1, i == 1
				video.Payload = p.stamp(p.frame(i == 0, key), v)
				_ = p.browser.Send(vi.Video, video)
				v++
			}
			p.mu.Lock()
			p.sent = v
			p.mu.Unlock()
		}
	}
}

// frame is the beginning of a packet of video.
func (p *person) frame(first, key bool) []byte {
	switch {
	case p.h264 && key && first:
		return []byte{0x65, 0}
	case p.h264:
		return []byte{0x41, 0}
	case first && key:
		return []byte{0x10, 0}
	case first:
		return []byte{0x10, 1}
	}
	return []byte{0x00, 1}
}

// stamp says who sends, and the how manieth of its kind it is.
func (p *person) stamp(head []byte, n uint32) []byte {
	b := binary.BigEndian.AppendUint32(append(head, byte(len(head))), n)
	b = append(b, p.conn...)
	return append(b, make([]byte, 200)...)
}

func (p *person) receive(kind vi.TrackKind, r RTP) {
	b := r.Payload
	size := 2 // of the head
	if kind == vi.Audio {
		size = 1
	}
	if len(b) < size+5+200 || int(b[size]) != size {
		return // padding
	}
	h := heard{RTP: r, n: binary.BigEndian.Uint32(b[size+1:]), from: string(b[size+5 : len(b)-200])}
	h.key = b[0] == 0x65 || b[0] == 0x10 && b[1] == 0
	h.Payload = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got[kind] = append(p.got[kind], h)
}

func (p *person) heard(kind vi.TrackKind) []heard {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got[kind])
}

func (p *person) count(kind vi.TrackKind) int { return len(p.heard(kind)) }

func (p *person) keyframesWanted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wanted
}

// hears waits until p has got n packets of the kind.
func (p *person) hears(n int, kind vi.TrackKind) {
	p.stage.t.Helper()
	require.Eventually(p.stage.t, func() bool { return p.count(kind) >= n }, patience, tick, "%s gets %s", p.conn, kind)
}

// hearsMore waits for n packets more than now.
func (p *person) hearsMore(n int, kind vi.TrackKind) {
	p.stage.t.Helper()
	p.hears(p.count(kind)+n, kind)
}

// hearsOf waits for n packets that q sent.
func (p *person) hearsOf(q *person, n int, kind vi.TrackKind) {
	p.stage.t.Helper()
	require.Eventually(p.stage.t, func() bool {
		of := 0
		for _, h := range p.heard(kind) {
			if h.from == q.conn {
				of++
			}
		}
		return of >= n
	}, patience, tick, "%s gets %s of %s", p.conn, kind, q.conn)
}

func (p *person) startsWithKeyframe() bool {
	got := p.heard(vi.Video)
	return len(got) > 0 && got[0].key
}

func (p *person) senders() []string {
	var out []string
	for _, kind := range []vi.TrackKind{vi.Audio, vi.Video} {
		for _, h := range p.heard(kind) {
			if !slices.Contains(out, h.from) {
				out = append(out, h.from)
			}
		}
	}
	return out
}

// oneStream checks that a track has one SSRC throughout.
func (p *person) oneStream(kind vi.TrackKind) {
	p.stage.t.Helper()
	got := p.heard(kind)
	for _, h := range got {
		require.Equal(p.stage.t, got[0].SSRC, h.SSRC, "%s of %s keeps its SSRC", kind, p.conn)
	}
}

// continuous checks that a track is one stream to the receiver: one SSRC, each
// number once and none left out, time never running back.
func (p *person) continuous(kind vi.TrackKind) {
	t := p.stage.t
	t.Helper()
	got := p.heard(kind)
	require.NotEmpty(t, got)
	slices.SortStableFunc(got, func(a, b heard) int { return int(int16(a.Seq - b.Seq)) })
	for i, h := range got {
		require.Equal(t, got[0].SSRC, h.SSRC, "%s of %s keeps its SSRC", kind, p.conn)
		if i > 0 {
			last := got[i-1]
			require.Equal(t, last.Seq+1, h.Seq, "%s of %s is numbered on", kind, p.conn)
			require.GreaterOrEqual(t, int32(h.Time-last.Time), int32(0), "%s of %s goes on in time", kind, p.conn)
			require.Less(t, int32(h.Time-last.Time), int32(60*90000))
		}
	}
}

// unbroken checks besides that nothing of what any one sent is left out.
func (p *person) unbroken(kind vi.TrackKind) {
	p.stage.t.Helper()
	p.continuous(kind)
	last := map[string]uint32{}
	got := p.heard(kind)
	slices.SortStableFunc(got, func(a, b heard) int { return int(int16(a.Seq - b.Seq)) })
	for _, h := range got {
		if n, ok := last[h.from]; ok {
			require.Equal(p.stage.t, n+1, h.n, "%s of %s to %s has no hole", kind, h.from, p.conn)
		}
		last[h.from] = h.n
	}
}

// marks returns how much video has been sent: what the other gets from there
// on can be counted.
func (p *person) marks() (theirs, ours uint32) {
	other := uint32(0)
	for _, h := range p.heard(vi.Video) {
		other = max(other, h.n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return other, p.sent
}

// missing is how many packets of video that q sent after number from, and the
// first that came, and before the latest have not come.
func (p *person) missing(q *person, from uint32) int {
	seen, latest := map[uint32]bool{}, from
	for i, h := range p.heard(vi.Video) {
		if h.from == q.conn && h.n >= from {
			if i == 0 {
				from, latest = h.n, h.n
			}
			seen[h.n] = true
			latest = max(latest, h.n)
		}
	}
	lost := 0
	for n := from; n <= latest; n++ {
		if !seen[n] {
			lost++
		}
	}
	return lost
}
