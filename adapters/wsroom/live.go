package wsroom

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/outbox"
)

// liveMost is the largest message that is read, in bytes.
const liveMost = 4 << 10

// Frames of a live socket.
type (
	liveHello struct {
		T   string `json:"t"`   // hello, or reset
		Seq int64  `json:"seq"` // what the browser has from now on, once it has loaded what it shows
	}
	liveEvent struct {
		T     string    `json:"t"` // event
		Seq   int64     `json:"seq"`
		Kind  string    `json:"kind"`
		About string    `json:"about"`
		At    time.Time `json:"at"`
	}
	liveBeat struct {
		T string `json:"t"` // beat
	}
)

// Visible is what an actor may know of by default: events of calls and
// conversations that the actor may see, of users, and of API keys. Of a queue
// that agents take conversations from all who work at the desk hear that it has
// changed.
func Visible(by account.Actor, rec outbox.Record) bool {
	domain, what, _ := strings.Cut(rec.Kind, ".")
	switch {
	case domain == "vi":
		mine := by.User != "" && rec.Owner == by.User && by.Can(account.CallsPlace)
		return mine || by.Can(account.CallsSeeAll)
	case domain == "desk":
		mine := by.User != "" && rec.Owner == by.User && by.Can(account.DeskWork)
		common := what == "queue_changed" || what == "setup_changed" || what == "contact_changed"
		return mine || by.Can(account.DeskSeeAll) || common && by.Can(account.DeskWork)
	case domain == "account" && strings.HasPrefix(what, "user_"):
		return by.Can(account.UsersSee)
	case domain == "account" && strings.HasPrefix(what, "key_"):
		return by.Can(account.KeysManage)
	default:
		return false
	}
}

// Live returns the handler of /ws/live: the events that the signed-in user may
// see, as they are committed. With after=SEQ it first tells those after SEQ, so
// that a page that reconnects with the last Seq it has seen misses none and
// meets none twice.
func (s *Sockets) Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		after, err := int64(-1), error(nil)
		if text := r.URL.Query().Get("after"); text != "" {
			if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
				http.Error(w, "after must be a whole number", http.StatusBadRequest)
				return
			}
		}
		k, err := s.accept(w, r, liveMost)
		if err != nil {
			return // answered already
		}
		defer s.release(k)
		s.serveLive(k, r, after)
	})
}

func (s *Sockets) serveLive(k *socket, r *http.Request, after int64) {
	l := &live{socket: k, feed: s.cfg.Feed, tail: s.tail, visible: s.cfg.Visible, backlog: s.cfg.Limits.Backlog}
	who := func() error {
		ctx, cancel := context.WithTimeout(k.ctx, receiveTime)
		defer cancel()
		by, err := s.cfg.Authenticate(r.WithContext(ctx))
		if err == nil {
			l.by.Store(&by)
		}
		return err
	}
	err := who()
	if err != nil {
		s.sendAway(k, err)
		return
	}
	by := *l.by.Load()
	leave, err := s.place(k, "live/"+string(by.Account)+"/"+string(by.User)+"/"+string(by.Key))
	if err != nil {
		s.sendAway(k, err)
		return
	}
	defer leave()
	look := &check{account: by.Account, look: func() {
		if err := who(); errors.Is(err, account.ErrNotSignedIn) {
			s.refuse(k, err)
		}
	}}
	s.watch(k, look)
	k.start(chore{s.cfg.Limits.Recheck, look.recheck}, chore{s.cfg.Limits.Beat, func() { k.Send(encode(liveBeat{"beat"})) }})
	k.tasks.Go(func() {
		if err := l.follow(by.Account, after); err != nil && k.ctx.Err() == nil && !k.closing() {
			s.refuse(k, err)
		}
	})
	if s.cfg.Floor == nil {
		k.listen(func([]byte) { k.Close(closeRule, "nothing is to be said here") })
		return
	}
	visit := s.cfg.Floor.Enter(by, k.Send)
	defer visit.Leave()
	k.listen(visit.Hear)
}

// A live is a browser that follows the feed. Events are written past the queue,
// at the browser's own pace: if it is slow the feed is read on when it is ready
// for more, and if it is stuck the write takes too long.
type live struct {
	socket  *socket
	feed    outbox.Feed
	tail    *outbox.Tail
	visible func(account.Actor, outbox.Record) bool
	backlog int
	by      atomic.Pointer[account.Actor]
}

// errReset says that too much has happened since the Seq of the browser.
var errReset = errors.New("too far behind")

// follow greets the browser and tells it of what the feed has after that Seq, or
// from now on if that is negative.
func (l *live) follow(acct account.ID, after int64) error {
	end, err := l.feed.Last(l.socket.ctx)
	if err != nil {
		return err
	}
	known := after <= end
	start := end
	if after >= 0 && known {
		start = after
	}
	if err := l.write(liveHello{"hello", start}); err != nil {
		return err
	}
	if known {
		err = l.tellFrom(acct, start, end)
		if !errors.Is(err, errReset) {
			return err
		}
	}
	if err := l.write(liveHello{"reset", end}); err != nil {
		return err
	}
	return l.tellFrom(acct, end, end)
}

// tellFrom tells of what comes after a Seq. If there is too much to look
// through until the end of the feed, as it was when the browser came, it fails
// with errReset.
func (l *live) tellFrom(acct account.ID, after, end int64) error {
	seen := 0
	return l.tail.Follow(l.socket.ctx, acct, after, func(records []outbox.Record) error {
		for _, rec := range records {
			if seen++; seen > l.backlog && rec.Seq <= end {
				return errReset
			}
			if !l.visible(*l.by.Load(), rec) {
				continue
			}
			if err := l.write(liveEvent{"event", rec.Seq, rec.Kind, rec.About, rec.At.UTC()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// errClosing ends what is written past the queue of a socket that is to close.
var errClosing = errors.New("the socket closes")

func (l *live) write(v any) error {
	if l.socket.closing() {
		return errClosing
	}
	err := l.socket.write(encode(v))
	if err != nil {
		l.socket.end()
	}
	return err
}

func encode(v any) []byte {
	frame, err := json.Marshal(v)
	if err != nil {
		panic("wsroom: " + err.Error()) // only for a type that no JSON has
	}
	return frame
}
