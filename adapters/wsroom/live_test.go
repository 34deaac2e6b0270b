package wsroom_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/adapters/wsroom"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi"
)

func TestLiveTellsWhatTheUserMaySee(t *testing.T) {
	h := open(t, wsroom.Config{})
	before := h.feed.commit(event("acme", "ann", "old"))
	agent, supervisor := h.connect("/ws/live", "ann"), h.connect("/ws/live", "sue")
	for _, c := range []*websocket.Conn{agent, supervisor} {
		require.Equal(t, frame{T: "hello", Seq: before}, h.read(c))
	}
	h.feed.commit(event("umbrella", "eve", "foreign"))
	bobs := h.feed.commit(event("acme", "bob", "bobs"))
	created := h.feed.commit(outbox.Record{Account: "acme", About: "carl", Kind: "account.user_created"})
	h.feed.commit(outbox.Record{Account: "acme", About: "key", Kind: "account.key_created"})
	h.feed.commit(outbox.Record{Account: "acme", About: "sue", Kind: "account.signed_in"})
	anns := h.feed.commit(event("acme", "ann", "anns"))

	at := time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
	require.Equal(t, frame{T: "event", Seq: anns, Kind: "vi.call_moved", About: "anns", At: at}, h.read(agent))
	require.Equal(t, frame{T: "event", Seq: bobs, Kind: "vi.call_moved", About: "bobs", At: at}, h.read(supervisor))
	require.Equal(t, frame{T: "event", Seq: created, Kind: "account.user_created", About: "carl", At: at}, h.read(supervisor))
	require.Equal(t, frame{T: "event", Seq: anns, Kind: "vi.call_moved", About: "anns", At: at}, h.read(supervisor))
}

// Whatever becomes of its connections, a page that comes back with the last Seq
// that it has seen sees every event once and in order, while others commit.
func TestLiveMissesNothingAndDoublesNothing(t *testing.T) {
	// Of a cut the server hears a moment later.
	h := open(t, wsroom.Config{Limits: wsroom.Limits{PerUser: 100, User: rate.Limit{Burst: -1}}})
	const pages, events = 4, 3000
	var want []string
	var mu sync.Mutex
	var writers, readers sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			for n := range events / 3 {
				about := fmt.Sprintf("%d-%d", w, n)
				mu.Lock() // the order of want is that of the commits
				h.feed.commit(event("acme", "ann", about))
				want = append(want, about)
				mu.Unlock()
				if n%3 == 0 {
					h.feed.commit(event("umbrella", "eve", "foreign"))
				}
			}
		})
	}
	got := make([][]string, pages)
	var cuts atomic.Int64
	for p := range pages {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(p), 1))
			last := int64(0)
			for len(got[p]) < events {
				path := fmt.Sprintf("/ws/live?after=%d", last)
				conn, _, err := websocket.Dial(t.Context(), h.url+path, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"ann"}}})
				if err != nil {
					t.Errorf("connect: %v", err)
					return
				}
				for left := random.IntN(200); left >= 0 && len(got[p]) < events; left-- {
					f, err := read(t.Context(), conn)
					if err != nil || f.T != "event" && f.T != "hello" {
						t.Errorf("read %v: %v", f, err)
						return
					}
					if f.T == "event" {
						got[p], last = append(got[p], f.About), f.Seq
					}
				}
				cuts.Add(1)
				_ = conn.CloseNow()
			}
		})
	}
	writers.Wait()
	readers.Wait()
	for p := range pages {
		require.Equal(t, want, got[p])
	}
	require.Greater(t, cuts.Load(), int64(pages*10))
}

func TestLiveSaysWhenItCannotResume(t *testing.T) {
	h := open(t, wsroom.Config{Limits: wsroom.Limits{Backlog: 20}})
	var seqs []int64
	for n := range 100 {
		seqs = append(seqs, h.feed.commit(event("acme", "ann", fmt.Sprint(n))))
	}
	end := seqs[99]

	unknown := h.connect(fmt.Sprintf("/ws/live?after=%d", end+1000), "ann")
	require.Equal(t, frame{T: "hello", Seq: end}, h.read(unknown))
	require.Equal(t, frame{T: "reset", Seq: end}, h.read(unknown))

	near := h.connect(fmt.Sprintf("/ws/live?after=%d", seqs[79]), "ann")
	require.Equal(t, frame{T: "hello", Seq: seqs[79]}, h.read(near))
	for n := 80; n < 100; n++ {
		require.Equal(t, seqs[n], h.read(near).Seq)
	}

	far := h.connect(fmt.Sprintf("/ws/live?after=%d", seqs[78]), "ann")
	require.Equal(t, frame{T: "hello", Seq: seqs[78]}, h.read(far))
	f := h.read(far)
	for ; f.T == "event"; f = h.read(far) {
	}
	require.Equal(t, frame{T: "reset", Seq: end}, f)

	next := h.feed.commit(event("acme", "ann", "next"))
	for _, c := range []*websocket.Conn{unknown, near, far} {
		require.Equal(t, next, h.read(c).Seq)
	}
}

func TestLiveBeats(t *testing.T) {
	h := open(t, wsroom.Config{Limits: wsroom.Limits{Beat: 20 * time.Millisecond}})
	c := h.connect("/ws/live", "ann")
	require.Equal(t, "hello", h.read(c).T)
	for range 3 {
		require.Equal(t, frame{T: "beat"}, h.read(c))
	}
}

func TestLiveEndsWithTheSession(t *testing.T) {
	t.Run("at once when the user is disabled", func(t *testing.T) {
		h := open(t, wsroom.Config{})
		anns, sues := h.connect("/ws/live", "ann"), h.connect("/ws/live", "sue")
		h.read(anns)
		h.read(sues)
		h.users.Delete("ann")
		h.feed.commit(outbox.Record{Account: "acme", About: "ann", Kind: "account.user_disabled"})
		require.EqualValues(t, 4401, h.closed(anns))
		require.Equal(t, "account.user_disabled", h.read(sues).Kind, "another user's goes on")
	})
	t.Run("within the time of a recheck in any case", func(t *testing.T) {
		h := open(t, wsroom.Config{Limits: wsroom.Limits{Recheck: 20 * time.Millisecond}})
		c := h.connect("/ws/live", "ann")
		h.read(c)
		h.users.Delete("ann")
		require.EqualValues(t, 4401, h.closed(c))
	})
	t.Run("not because the store fails for a moment", func(t *testing.T) {
		h := open(t, wsroom.Config{Limits: wsroom.Limits{Recheck: 10 * time.Millisecond, Beat: 50 * time.Millisecond}})
		c := h.connect("/ws/live", "ann")
		h.read(c)
		h.users.Store("ann", fault.Errorf(fault.Busy, "the database is locked"))
		for range 3 { // beats, so several rechecks have passed
			require.Equal(t, "beat", h.read(c).T)
		}
	})
	t.Run("a user who has lost a role sees no more than the new one may", func(t *testing.T) {
		h := open(t, wsroom.Config{Limits: wsroom.Limits{Recheck: time.Hour}})
		c := h.connect("/ws/live", "sue")
		h.read(c)
		demoted := sue
		demoted.Role = account.RoleAgent
		h.users.Store("sue", demoted)
		h.feed.commit(outbox.Record{Account: "acme", About: "sue", Kind: "account.user_changed"})
		for deadline := time.Now().Add(10 * time.Second); ; {
			anns, mine := h.feed.commit(event("acme", "ann", "anns")), h.feed.commit(event("acme", "sue", "mine"))
			f := h.read(c)
			for f.Seq < anns {
				f = h.read(c)
			}
			if f.Seq == mine { // ann's did not come
				return
			}
			require.True(t, time.Now().Before(deadline), "still sees the calls of others")
		}
	})
}

// Rights that change while a socket is on its way in count for it too.
func TestLiveMeetsAChange(t *testing.T) {
	h := open(t, wsroom.Config{})
	sues := h.connect("/ws/live", "sue")
	h.read(sues)
	closed := make(chan websocket.StatusCode, 1)
	h.users.Store("ann", func() account.Actor {
		h.users.Delete("ann") // but this look still finds her
		h.users.Delete("sue")
		h.feed.commit(outbox.Record{Account: "acme", About: "ann", Kind: "account.signed_out"})
		_, err := read(t.Context(), sues)
		closed <- websocket.CloseStatus(err) // the event has been dealt with
		return ann
	})
	anns := h.connect("/ws/live", "ann")
	require.EqualValues(t, 4401, h.closed(anns))
	require.EqualValues(t, 4401, <-closed)
}

func TestLiveIsForThoseWhoAreSignedIn(t *testing.T) {
	h := open(t, wsroom.Config{})
	require.EqualValues(t, 4401, h.closed(h.connect("/ws/live", "nobody")))
	h.users.Store("broken", fmt.Errorf("no database"))
	require.EqualValues(t, 1011, h.closed(h.connect("/ws/live", "broken")))
	for _, after := range []string{"x", "-1", "1.5", "99999999999999999999"} {
		_, res, err := websocket.Dial(t.Context(), h.url+"/ws/live?after="+after, nil)
		require.Error(t, err)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, after)
	}
}

func TestSocketsPerUser(t *testing.T) {
	h := open(t, wsroom.Config{})
	var open []*websocket.Conn
	for range 5 {
		c := h.connect("/ws/live", "ann")
		require.Equal(t, "hello", h.read(c).T)
		open = append(open, c)
	}
	require.EqualValues(t, 1013, h.closed(h.connect("/ws/live", "ann")))
	require.Equal(t, "hello", h.read(h.connect("/ws/live", "sue")).T, "others have places of their own")
	require.NoError(t, open[0].Close(websocket.StatusNormalClosure, ""))
	require.Eventually(t, func() bool {
		f, err := read(t.Context(), h.connect("/ws/live", "ann"))
		return err == nil && f.T == "hello"
	}, 10*time.Second, 10*time.Millisecond, "a place that was left is free")
}

// A stranger can have nothing looked up for sockets more often than so, from one
// network. Who is known does not count, nor suffer from strangers elsewhere.
func TestSocketsOfStrangers(t *testing.T) {
	address := func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("X-From")) }
	var looked atomic.Int64
	h := open(t, wsroom.Config{
		Address: address, Limits: wsroom.Limits{Address: rate.Limit{Burst: 3, Per: time.Hour}, PerUser: 100},
		Participant: func(*http.Request, vi.CallID, vi.Seat) (vi.Participant, error) {
			looked.Add(1)
			return vi.Participant{}, vi.ErrNotFound
		},
	})
	dial := func(path, from, user string) (*websocket.Conn, *http.Response, error) {
		return websocket.Dial(t.Context(), h.url+path, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {user}, "X-From": {from}}})
	}
	for range 10 {
		c, _, err := dial("/ws/live", "2001:db8::1", "ann")
		require.NoError(t, err)
		require.Equal(t, "hello", h.read(c).T)
		require.NoError(t, c.Close(websocket.StatusNormalClosure, ""))
	}
	for _, path := range []string{"/ws/live", "/ws/room?call=1&as=customer", "/ws/room?call=1&as=agent"} {
		c, _, err := dial(path, "2001:db8::2", "nobody")
		require.NoError(t, err)
		h.closed(c)
	}
	require.EqualValues(t, 2, looked.Load())
	for _, path := range []string{"/ws/live", "/ws/room?call=1&as=customer"} {
		_, res, err := dial(path, "2001:db8::3", "nobody")
		require.Error(t, err)
		require.Equal(t, http.StatusTooManyRequests, res.StatusCode)
		seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.InDelta(t, 1190, seconds, 10)
	}
	require.EqualValues(t, 2, looked.Load(), "nothing more was looked up")
	c, _, err := dial("/ws/live", "2001:db8:0:1::1", "sue")
	require.NoError(t, err)
	require.Equal(t, "hello", h.read(c).T, "another network")
}

func TestSocketsThatAUserOpens(t *testing.T) {
	h := open(t, wsroom.Config{Limits: wsroom.Limits{User: rate.Limit{Burst: 3, Per: time.Hour}}})
	for range 3 {
		c := h.connect("/ws/live", "ann")
		require.Equal(t, "hello", h.read(c).T)
		require.NoError(t, c.Close(websocket.StatusNormalClosure, ""))
	}
	require.EqualValues(t, 1013, h.closed(h.connect("/ws/live", "ann")))
	require.Equal(t, "hello", h.read(h.connect("/ws/live", "sue")).T)
}

func TestOrigins(t *testing.T) {
	h := open(t, wsroom.Config{Origins: []string{"desk.example"}})
	host := strings.TrimPrefix(h.url, "ws://")
	for origin, allowed := range map[string]bool{
		"":                            true, // no browser
		"http://" + host:              true,
		"https://desk.example":        true,
		"https://evil.example":        false,
		"https://desk.example.evil":   false,
		"https://evil.desk.example":   false,
		"null":                        false,
		"http://127.0.0.1.evil:1":     false,
		"https://desk.example:8443":   false,
		"http://" + host + ".example": false,
	} {
		header := http.Header{"Authorization": {"ann"}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		conn, res, err := websocket.Dial(t.Context(), h.url+"/ws/live", &websocket.DialOptions{HTTPHeader: header})
		require.Equal(t, allowed, err == nil, "%q: %v", origin, err)
		if allowed {
			_ = conn.Close(websocket.StatusNormalClosure, "")
		} else {
			require.Equal(t, http.StatusForbidden, res.StatusCode)
		}
	}
}

func TestRunSendsEverybodyAway(t *testing.T) {
	h := open(t, wsroom.Config{})
	var conns []*websocket.Conn
	for range 3 {
		c := h.connect("/ws/live", "ann")
		h.read(c)
		conns = append(conns, c)
	}
	require.Equal(t, 3, h.sockets.Count())
	stopped := make(chan struct{})
	go func() { h.stop(); close(stopped) }()
	for _, c := range conns {
		require.EqualValues(t, 1012, h.closed(c))
	}
	<-stopped
	require.Zero(t, h.sockets.Count())
}
