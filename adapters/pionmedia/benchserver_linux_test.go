package pionmedia_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/tandem-cc/tandem/adapters/pionmedia"
	"github.com/tandem-cc/tandem/vi"
)

// A joinRequest asks a server for an answer.
type joinRequest struct {
	Room vi.CallID
	Seat vi.Seat
	SDP  string
}

// serve runs a media server of that kind until its standard input closes. It
// prints its address: that of its HTTP signalling, or of its UDP socket.
func serve(kind string) error {
	if name := os.Getenv("PIONMEDIA_BENCH_PROFILE"); name != "" {
		stop, err := profile(name + "." + kind)
		if err != nil {
			return err
		}
		defer stop()
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	var answer func(joinRequest) (string, error)
	switch kind {
	case "relay":
		go relayUDP(udp)
		fmt.Println(udp.LocalAddr())
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	case "pion":
		answer = (&plain{rooms: map[vi.CallID]*plainRoom{}}).join
	case "tandem":
		m, err := pionmedia.New(pionmedia.Config{UDP: udp})
		if err != nil {
			return err
		}
		answer = func(r joinRequest) (string, error) {
			return m.Answer(context.Background(), r.Room, r.Seat, vi.Offer{Conn: "1", SDP: r.SDP})
		}
	default:
		return fmt.Errorf("no such server: %s", kind)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var req joinRequest
			err := json.NewDecoder(r.Body).Decode(&req)
			var sdp string
			if err == nil {
				sdp, err = answer(req)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			_, _ = io.WriteString(w, sdp)
		}))
	}()
	fmt.Println(l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// profile writes where the CPU time goes, until it is stopped.
func profile(name string) (stop func(), err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}

// relayUDP is the floor of all forwarding: one read and one write per packet
// between the two sockets of a room. The first datagram of a socket names its room.
func relayUDP(c *net.UDPConn) {
	_ = c.SetReadBuffer(4 << 20)
	_ = c.SetWriteBuffer(4 << 20)
	alone := map[string]netip.AddrPort{}
	other := map[netip.AddrPort]netip.AddrPort{}
	buf := make([]byte, 1500)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n > 0 && buf[0]>>6 != 2 {
			if first, ok := alone[string(buf[:n])]; ok {
				other[from], other[first] = first, from
			} else {
				alone[string(buf[:n])] = from
			}
			continue
		}
		if to, ok := other[from]; ok {
			_, _ = c.WriteToUDPAddrPort(buf[:n], to)
		}
	}
}

// plain is the forwarder that pion's examples lead to.
type plain struct {
	mu    sync.Mutex
	rooms map[vi.CallID]*plainRoom
}

type plainRoom struct{ peers [2]atomic.Pointer[plainPeer] }

type plainPeer struct {
	pc    *webrtc.PeerConnection
	out   map[webrtc.RTPCodecType]*webrtc.TrackLocalStaticRTP
	video atomic.Uint32
	other *atomic.Pointer[plainPeer]
}

func (s *plain) join(req joinRequest) (string, error) {
	s.mu.Lock()
	room := s.rooms[req.Room]
	if room == nil {
		room = &plainRoom{}
		s.rooms[req.Room] = room
	}
	s.mu.Unlock()
	i := 0
	if req.Seat == vi.SeatCustomer {
		i = 1
	}
	p := &plainPeer{out: map[webrtc.RTPCodecType]*webrtc.TrackLocalStaticRTP{}, other: &room.peers[1-i]}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(loopbackOnly)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	var err error
	if p.pc, err = webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{}); err != nil {
		return "", err
	}
	for kind, c := range map[webrtc.RTPCodecType]webrtc.RTPCodecCapability{
		webrtc.RTPCodecTypeAudio: {MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2},
		webrtc.RTPCodecTypeVideo: {MimeType: webrtc.MimeTypeVP8, ClockRate: 90000},
	} {
		if p.out[kind], err = webrtc.NewTrackLocalStaticRTP(c, kind.String(), "other"); err != nil {
			return "", err
		}
		sender, err := p.pc.AddTrack(p.out[kind])
		if err != nil {
			return "", err
		}
		go p.watch(sender)
	}
	p.pc.OnTrack(p.forward)
	p.pc.OnConnectionStateChange(func(st webrtc.PeerConnectionState) {
		if st == webrtc.PeerConnectionStateConnected {
			p.askOther()
		}
	})
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: req.SDP}); err != nil {
		return "", err
	}
	done := webrtc.GatheringCompletePromise(p.pc)
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-done
	room.peers[i].Store(p)
	return p.pc.LocalDescription().SDP, nil
}

func (p *plainPeer) forward(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	if t.Kind() == webrtc.RTPCodecTypeVideo {
		p.video.Store(uint32(t.SSRC()))
	}
	for {
		pkt, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		if q := p.other.Load(); q != nil {
			pkt.Extension, pkt.Extensions = false, nil
			_ = q.out[t.Kind()].WriteRTP(pkt)
		}
	}
}

func (p *plainPeer) watch(s *webrtc.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, pkt := range packets {
			if _, ok := pkt.(*rtcp.PictureLossIndication); ok {
				p.askOther()
			}
		}
	}
}

func (p *plainPeer) askOther() {
	if q := p.other.Load(); q != nil && q.video.Load() != 0 {
		_ = q.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: q.video.Load()}})
	}
}

// A server is a media server in a process of its own.
type server struct {
	kind, addr string
	pid        int
}

// startServer starts one on CPU 0. It ends with the benchmark.
func startServer(b *testing.B, kind string) *server {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverEnv+"="+kind)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)

	runtime.LockOSThread() // a process inherits the CPUs of the thread that starts it
	var all, one unix.CPUSet
	require.NoError(b, unix.SchedGetaffinity(0, &all))
	one.Set(0)
	_ = unix.SchedSetaffinity(0, &one)
	err = cmd.Start()
	_ = unix.SchedSetaffinity(0, &all)
	runtime.UnlockOSThread()
	require.NoError(b, err)
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	return &server{kind: kind, addr: strings.TrimSpace(line), pid: cmd.Process.Pid}
}

// A usage is what a process has used so far.
type usage struct {
	cpu time.Duration
	rss int64 // bytes
}

func (s *server) usage(b *testing.B) usage {
	b.Helper()
	var u usage
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.pid))
	require.NoError(b, err)
	for _, name := range threads { // in ns; the process's own clock has 10 ms
		text, err := os.ReadFile(name)
		require.NoError(b, err)
		n, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		require.NoError(b, err)
		u.cpu += time.Duration(n)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.pid))
	require.NoError(b, err)
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	require.NoError(b, err)
	u.rss = pages * int64(os.Getpagesize())
	return u
}
