package wsroom_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/adapters/wsroom"
)

// A feed is an outbox.Feed that a test writes.
type feed struct {
	mu      sync.Mutex
	records []outbox.Record
	wake    chan struct{}
	broken  error
}

func newFeed() *feed { return &feed{wake: make(chan struct{})} }

// commit appends a record. As in a real feed, Seq has gaps.
func (f *feed) commit(rec outbox.Record) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	rec.Seq = 1 + rand.Int64N(3)
	if n := len(f.records); n > 0 {
		rec.Seq += f.records[n-1].Seq
	}
	rec.At = time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
	f.records = append(f.records, rec)
	close(f.wake)
	f.wake = make(chan struct{})
	return rec.Seq
}

func (f *feed) After(_ context.Context, acct account.ID, seq int64, limit int) ([]outbox.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []outbox.Record
	for _, rec := range f.records {
		if rec.Seq > seq && (acct == "" || rec.Account == acct) && len(found) < limit {
			found = append(found, rec)
		}
	}
	return found, f.broken
}

func (f *feed) Last(context.Context) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.records) == 0 {
		return 0, f.broken
	}
	return f.records[len(f.records)-1].Seq, f.broken
}

func (f *feed) Wake() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wake
}

// users is who may sign in, by the request's Authorization header.
type users struct{ sync.Map }

func (u *users) authenticate(r *http.Request) (account.Actor, error) {
	who, ok := u.Load(r.Header.Get("Authorization"))
	if !ok {
		return account.Actor{}, account.ErrNotSignedIn
	}
	switch who := who.(type) {
	case error:
		return account.Actor{}, who
	case func() account.Actor:
		return who(), nil
	}
	return who.(account.Actor), nil
}

var (
	ann = account.Actor{Account: "acme", User: "ann", Role: account.RoleAgent}
	sue = account.Actor{Account: "acme", User: "sue", Role: account.RoleSupervisor}
	eve = account.Actor{Account: "umbrella", User: "eve", Role: account.RoleAdministrator}
)

// A house is sockets at work on a real server.
type house struct {
	t       *testing.T
	url     string
	feed    *feed
	users   *users
	sockets *wsroom.Sockets
	stop    func()
}

func open(t *testing.T, cfg wsroom.Config) *house {
	t.Helper()
	h := &house{t: t, feed: newFeed(), users: &users{}}
	for _, a := range []account.Actor{ann, sue, eve} {
		h.users.Store(string(a.User), a)
	}
	cfg.Feed, cfg.Authenticate = h.feed, h.users.authenticate
	h.sockets = wsroom.New(cfg)
	mux := http.NewServeMux()
	mux.Handle("/ws/live", h.sockets.Live())
	mux.Handle("/ws/room", h.sockets.Room())
	mux.Handle("/ws/chat", h.sockets.Chat())
	srv := httptest.NewServer(mux)
	h.url = "ws" + strings.TrimPrefix(srv.URL, "http")
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- h.sockets.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ran)
		srv.Close()
	})
	t.Cleanup(h.stop)
	return h
}

// connect opens a socket as a user. The test ends it, if nothing else does.
func (h *house) connect(path, user string) *websocket.Conn {
	h.t.Helper()
	conn, _, err := websocket.Dial(h.t.Context(), h.url+path, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {user}}})
	require.NoError(h.t, err)
	h.t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

type frame struct {
	T, Kind, About string
	Seq            int64
	At             time.Time
}

func read(ctx context.Context, conn *websocket.Conn) (f frame, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, text, err := conn.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	return f, err
}

func (h *house) read(conn *websocket.Conn) frame {
	h.t.Helper()
	f, err := read(h.t.Context(), conn)
	require.NoError(h.t, err)
	return f
}

// closed reads until the server closes the socket, and returns the code.
func (h *house) closed(conn *websocket.Conn) websocket.StatusCode {
	h.t.Helper()
	for {
		if _, err := read(h.t.Context(), conn); err != nil {
			code := websocket.CloseStatus(err)
			require.NotEqual(h.t, websocket.StatusCode(-1), code, "no close frame: %v", err)
			return code
		}
	}
}

func event(acct account.ID, owner account.UserID, about string) outbox.Record {
	return outbox.Record{Account: acct, Owner: owner, About: about, Kind: "vi.call_moved"}
}
