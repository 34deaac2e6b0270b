// Package wsroom is the sockets of browsers, on coder/websocket: the room of a
// call (/ws/room), where vi's messages travel, and the live feed of events
// (/ws/live), which tells pages what has changed.
//
// A socket is bounded in everything that a stranger could make grow: the size
// and number of messages it reads, what waits to be written, how long a write
// may take, how long it may say nothing, and how many of them a user has. How
// many a stranger tries to open is limited by address, before anything is looked
// up.
package wsroom

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi"
)

// Config sets up [Sockets]. What a handler needs has to be there; the rest may
// be zero.
type Config struct {
	// Rooms is where [Sockets.Room] brings browsers together.
	Rooms *vi.Rooms

	// Participant returns who the request's browser is in a call, for that seat.
	// It fails as vi.Calls.AsAgent and AsCustomer do, and with
	// [account.ErrNotSignedIn] for an agent's seat without a sign-in.
	Participant func(r *http.Request, id vi.CallID, seat vi.Seat) (vi.Participant, error)

	// Feed is what [Sockets.Live] tells about.
	Feed outbox.Feed

	// Authenticate returns who makes the request, and fails with
	// [account.ErrNotSignedIn] for nobody.
	Authenticate func(*http.Request) (account.Actor, error)

	// Visible says whether the actor may know of an event of the own account;
	// [Visible].
	Visible func(account.Actor, outbox.Record) bool

	// Floor hears what live sockets say, and Visitor returns who a secret makes a
	// browser at a web chat. Without a Floor live sockets have nothing to say, and
	// there is no [Sockets.Chat].
	Floor   Floor
	Visitor func(ctx context.Context, key, secret string) (desk.Visitor, error)

	// Origins are hosts, such as "desk.example.com", whose pages may connect
	// besides the host that the request names.
	Origins []string

	// Address returns the address of the browser that makes the request. Without
	// it that is the connection's, which behind a proxy is the proxy's, the same
	// for all.
	Address func(*http.Request) netip.Addr

	Limits Limits
	Log    *slog.Logger // discards
}

// Limits bound every socket.
type Limits struct {
	First      time.Duration // for the first message, in a room; 10 s
	Message    time.Duration // for the rest of a message that has begun; 10 s
	Write      time.Duration // for one write; 10 s
	Ping       time.Duration // between pings; 10 s
	Pong       time.Duration // for the answer to one; 10 s
	Recheck    time.Duration // between looks whether who has connected still may be; 1 min
	Beat       time.Duration // between beats of a live socket; 15 s
	Queue      int           // messages that wait to be written; 256
	QueueBytes int           // bytes of them; 1 MiB
	Rate       int           // messages read in a second; 20
	Burst      int           // and at once; 40
	PerUser    int           // sockets of each kind that a user, or a customer's browser, has; 5
	Address    rate.Limit    // sockets asked for by one address for which it gets nothing; 300 a minute
	User       rate.Limit    // sockets of each kind that a user, or a customer's browser, opens; 120 a minute
	Backlog    int           // events looked through for a live socket that comes back; 5,000
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&l.First, 10 * time.Second}, {&l.Message, 10 * time.Second}, {&l.Write, 10 * time.Second},
		{&l.Ping, 10 * time.Second}, {&l.Pong, 10 * time.Second}, {&l.Recheck, time.Minute}, {&l.Beat, 15 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, n := range []struct {
		field *int
		value int
	}{
		{&l.Queue, 256}, {&l.QueueBytes, 1 << 20}, {&l.Rate, 20}, {&l.Burst, 40}, {&l.PerUser, 5}, {&l.Backlog, 5000},
	} {
		if *n.field == 0 {
			*n.field = n.value
		}
	}
	if l.Address == (rate.Limit{}) {
		l.Address = rate.Limit{Burst: 300, Per: time.Minute}
	}
	if l.User == (rate.Limit{}) {
		l.User = rate.Limit{Burst: 120, Per: time.Minute}
	}
	return l
}

// Sockets is the sockets of one server. It is safe for concurrent use.
type Sockets struct {
	cfg    Config
	tail   *outbox.Tail // nil without a feed
	limits struct{ address, user *rate.Limiter }

	mu      sync.Mutex
	open    map[*socket]*check // of its rights; nil until it is known whose it is
	changes int                // of rights so far, in whatever account
	places  map[string]int     // sockets of one kind and user
	closed  bool
	empty   chan struct{} // closed when closed and the last socket is gone
}

// New returns sockets. Live ones hear of events while Run runs.
func New(cfg Config) *Sockets {
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Visible == nil {
		cfg.Visible = Visible
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Address == nil {
		cfg.Address = peer
	}
	s := &Sockets{cfg: cfg, open: map[*socket]*check{}, places: map[string]int{}, empty: make(chan struct{})}
	s.limits.address = rate.New(cfg.Limits.Address, rate.Config{})
	s.limits.user = rate.New(cfg.Limits.User, rate.Config{})
	if cfg.Feed != nil {
		s.tail = outbox.NewTail(cfg.Feed)
	}
	return s
}

// goodbye is how long Run waits for the sockets that it closes.
const goodbye = 6 * time.Second

// Run follows the feed until ctx ends. Then it sends every browser away to come
// back later, waits until they are gone, for a few seconds at most, and returns
// nil.
func (s *Sockets) Run(ctx context.Context) error {
	var following sync.WaitGroup
	if s.tail != nil {
		following.Go(func() { _ = s.tail.Run(ctx) }) // which ends with ctx alone
		following.Go(func() { s.watchRights(ctx) })
	}
	<-ctx.Done()
	following.Wait()
	s.mu.Lock()
	s.closed = true
	if len(s.open) == 0 {
		close(s.empty)
	}
	for k := range s.open {
		k.Close(vi.CloseRestart, "the server restarts")
	}
	s.mu.Unlock()
	late := time.NewTimer(goodbye)
	defer late.Stop()
	select {
	case <-s.empty:
	case <-late.C:
	}
	return nil
}

// watchRights has every socket of an account look again whether it still may be,
// as soon as somebody's rights there may have changed.
func (s *Sockets) watchRights(ctx context.Context) {
	last := int64(0)
	for ctx.Err() == nil {
		var err error
		if last, err = s.cfg.Feed.Last(ctx); err == nil {
			break
		}
		s.cfg.Log.Error("read the end of the feed", "err", err)
		sleep(ctx, time.Second)
	}
	_ = s.tail.Follow(ctx, "", last, func(records []outbox.Record) error {
		for _, rec := range records {
			if strings.HasPrefix(rec.Kind, "account.") && rec.Kind != (account.SignedIn{}).Kind() {
				s.recheck(rec.Account)
			}
		}
		return nil
	})
}

func (s *Sockets) recheck(acct account.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	for _, c := range s.open {
		if c != nil && c.account == acct {
			c.recheck()
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Count returns how many sockets are open.
func (s *Sockets) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func (s *Sockets) add(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[k], k.changes = nil, s.changes
	if s.closed {
		k.Close(vi.CloseRestart, "the server restarts")
	}
}

// watch has the check run whenever rights in its account change, and soon if
// any have since the socket was accepted.
func (s *Sockets) watch(k *socket, c *check) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[k] = c
	if s.changes != k.changes {
		c.recheck()
	}
}

func (s *Sockets) remove(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, k)
	if s.closed && len(s.open) == 0 {
		select {
		case <-s.empty:
		default:
			close(s.empty)
		}
	}
}

// place takes one of the places of a user for a socket, or fails with
// vi.ErrBusy. A browser that gets one was no stranger, and does not count.
func (s *Sockets) place(k *socket, user string) (leave func(), err error) {
	s.limits.address.Return(k.network)
	if err := s.limits.user.Take(user); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places[user] >= s.cfg.Limits.PerUser {
		return nil, fault.Errorf(vi.ErrBusy, "too many windows are open")
	}
	s.places[user]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.places[user]--; s.places[user] == 0 {
			delete(s.places, user)
		}
	}, nil
}

// refuse closes a socket for the reason of err: its kind is the code.
func (s *Sockets) refuse(k *socket, err error) {
	switch {
	case errors.Is(err, account.ErrNotSignedIn):
		k.Close(vi.CloseNoSeat, "you are not signed in")
	case errors.Is(err, vi.ErrDenied):
		k.Close(vi.CloseDenied, "this is not yours")
	case errors.Is(err, vi.ErrNotFound), errors.Is(err, vi.ErrGone):
		k.Close(vi.CloseOver, "there is no such call, or it is over")
	case errors.Is(err, vi.ErrBusy):
		k.Close(vi.CloseSlow, "too many windows are open, or the server is busy")
	default:
		s.cfg.Log.Error("a socket failed", "err", err)
		k.Close(closeFault, "something went wrong on our side")
	}
}
