package vitest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/vi"
)

// Store runs the conformance suite for implementations of [vi.Store]. open
// returns an empty store, and a function that returns the kinds of all events
// committed to it so far, in order.
//
// Besides what the interface says, the suite asks that
//   - times read back in UTC and to the microsecond, whatever their zone when put;
//   - an empty slice reads back as nil;
//   - the ID of a call is its own in the whole installation, as [vi.Store.Locate] needs;
//   - text that cannot be kept as it is, such as NUL or broken UTF-8, is refused
//     with ErrInvalid or kept, never changed;
//   - a message without an Op may be followed by another such.
func Store(t *testing.T, open func(t *testing.T) (s vi.Store, events func() []string)) {
	start := func(t *testing.T) *shelf {
		s, events := open(t)
		return &shelf{Store: s, t: t, ctx: t.Context(), events: events}
	}
	for name, tests := range map[string]func(t *testing.T, start func(t *testing.T) *shelf){
		"values": storeValues, "messages": storeMessages, "readings": storeReadings, "odd text": storeOddText,
		"versions": storeVersions, "isolation": storeIsolation, "lookups": storeLookups,
		"queries": storeQueries, "figures": storeFigures,
		"transactions": storeTransactions, "concurrency": storeConcurrency,
	} {
		t.Run(name, func(t *testing.T) { tests(t, start) })
	}
}

// A shelf is the store under test.
type shelf struct {
	vi.Store
	t      *testing.T
	ctx    context.Context
	events func() []string
}

func (s *shelf) update(acct account.ID, fn func(vi.Tx) error) {
	s.t.Helper()
	require.NoError(s.t, s.Update(s.ctx, acct, fn))
}

// put puts calls, each in a transaction of its own.
func (s *shelf) put(acct account.ID, calls ...vi.Call) {
	s.t.Helper()
	for _, c := range calls {
		require.NoError(s.t, s.try(acct, c))
	}
}

func (s *shelf) try(acct account.ID, c vi.Call, events ...vi.Event) error {
	return s.Update(s.ctx, acct, func(tx vi.Tx) error { return tx.PutCall(s.ctx, c, events...) })
}

// read returns what fn reads, which must be the same in a View and an Update.
func read[V any](s *shelf, acct account.ID, fn func(vi.Reader) (V, error)) (V, error) {
	s.t.Helper()
	var viewed, inTx V
	err1 := s.View(s.ctx, acct, func(r vi.Reader) (err error) {
		viewed, err = fn(r)
		return err
	})
	err2 := s.Update(s.ctx, acct, func(tx vi.Tx) (err error) {
		inTx, err = fn(tx)
		return err
	})
	require.Equal(s.t, viewed, inTx)
	require.Equal(s.t, fmt.Sprint(err1), fmt.Sprint(err2))
	return viewed, err1
}

func (s *shelf) call(acct account.ID, id vi.CallID) (vi.Call, error) {
	return read(s, acct, func(r vi.Reader) (vi.Call, error) { return r.Call(s.ctx, id) })
}

func (s *shelf) messages(acct account.ID, call vi.CallID) []vi.Message {
	m, err := read(s, acct, func(r vi.Reader) ([]vi.Message, error) { return r.Messages(s.ctx, call, 0, 1000) })
	require.NoError(s.t, err)
	return m
}

func at(minutes int) time.Time {
	return time.Date(2030, 1, 2, 12, minutes, 0, 123456000, time.UTC)
}

func newCall(id vi.CallID) vi.Call {
	return vi.Call{ID: id, Reference: "R-" + string(id), Agent: "ann", Status: vi.StatusCreated, CreatedAt: at(0), StageAt: at(0), Version: 1}
}

// fullCall has something in every field.
func fullCall() vi.Call {
	return vi.Call{
		ID: "c1", Reference: "R-1/x", Agent: "ann", AgentName: "Ann Lee", Phone: "+6581234567", Customer: "Bo O’Neil",
		Status: vi.StatusDropped, EndReason: vi.EndBothLost, EndedBy: vi.BySystem, LostSeats: []vi.Seat{vi.SeatCustomer, vi.SeatAgent},
		CreatedAt: at(0), WaitingAt: at(1), StageAt: at(2), AnsweredAt: at(3), EndedAt: at(4),
		Talk: 61*time.Second + time.Microsecond, HeldBy: vi.SeatAgent, Offers: 2, Reconnects: 3, DueAt: at(5),
		Invites: []vi.Invite{
			{
				ID: "i1", Channel: vi.ByText, Phone: "+6581234567", Token: "t1", Status: vi.InviteUndelivered, Problem: "no such number",
				Provider: "SM1", CreatedAt: at(0), ExpiresAt: at(15), SentAt: at(1), DeliveredAt: at(2), OpenedAt: at(3), RedeemedAt: at(4),
			},
			{ID: "i2", Channel: vi.ByLink, Token: "t2", Status: vi.InviteQueued, CreatedAt: at(0), ExpiresAt: at(15)},
		},
		Legs: []vi.Leg{
			{
				Seat: vi.SeatCustomer, Name: "Bo", Device: "d1", Browser: "Firefox", Status: vi.LegGone, Permission: vi.Permission{Mic: "granted", Cam: "denied"},
				User: "nobody", JoinedAt: at(1), UpAt: at(2), LostAt: at(3), LeftAt: at(4), Losses: 2,
			},
			{Seat: vi.SeatAgent, User: "ann", Name: "Ann", Status: vi.LegLost},
		},
		Knock:    &vi.Knock{ID: "k1", Device: "d2", Name: "Cy", Browser: "Safari", At: at(6)},
		Ratings:  []vi.Rating{{Seat: vi.SeatCustomer, Stars: 4, Comment: "good", At: at(7)}, {Seat: vi.SeatAgent, Stars: 1, At: at(8)}},
		Messages: 7, Previous: "c0", Version: 1,
	}
}

// filled fails if a field of the value is zero, so that a field that is added to
// the domain is not forgotten by the stores. Of a slice the first element counts.
func filled(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	require.False(t, v.IsZero(), "the suite has a value of %s", name)
	switch v.Kind() {
	case reflect.Pointer:
		filled(t, name, v.Elem())
	case reflect.Slice:
		filled(t, name, v.Index(0))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for n := range v.NumField() {
			filled(t, name+"."+v.Type().Field(n).Name, v.Field(n))
		}
	}
}

func storeValues(t *testing.T, start func(*testing.T) *shelf) {
	filled(t, "Call", reflect.ValueOf(fullCall()))
	same := func(s *shelf, want vi.Call) {
		s.t.Helper()
		got, err := s.call("a", want.ID)
		require.NoError(s.t, err)
		require.Equal(s.t, want, got)
		got, err = read(s, "a", func(r vi.Reader) (vi.Call, error) { return r.CallByReference(s.ctx, want.Reference) })
		require.NoError(s.t, err)
		require.Equal(s.t, want, got)
		listed, err := read(s, "a", func(r vi.Reader) ([]vi.Call, error) { return r.Calls(s.ctx, vi.Query{Limit: 10}) })
		require.NoError(s.t, err)
		require.Equal(s.t, []vi.Call{want}, listed)
	}
	t.Run("a full call, emptied and filled again", func(t *testing.T) {
		s := start(t)
		full := fullCall()
		s.put("a", full)
		same(s, full)
		bare := vi.Call{ID: full.ID, Status: vi.StatusCreated, CreatedAt: at(0), Version: 2}
		s.put("a", bare)
		same(s, bare)
		full.Version = 3
		s.put("a", full)
		same(s, full)
	})
	t.Run("changes of one thing at a time", func(t *testing.T) {
		s := start(t)
		c := fullCall()
		s.put("a", c)
		for _, change := range []func(){
			func() { c.Reference, c.HeldBy = "R-2", "" },
			func() { c.Agent, c.AgentName = "bob", "Bob" },
			func() { c.Phone = "+4930123456" },
			func() { c.Customer = "" },
			func() { c.Status, c.EndReason, c.EndedBy = vi.StatusConnected, "", "" },
			func() { c.LostSeats = nil },
			func() { c.CreatedAt = at(-1) },
			func() {
				c.WaitingAt, c.StageAt, c.AnsweredAt, c.EndedAt, c.DueAt = time.Time{}, at(9), at(10), at(11), at(12)
			},
			func() { c.Talk, c.Offers, c.Reconnects, c.Messages, c.Previous = 0, 0, 1, 8, "c9" },
			func() { c.Invites = append([]vi.Invite(nil), c.Invites[1], c.Invites[0]) },
			func() { c.Legs = c.Legs[:1] },
			func() { c.Knock = nil },
			func() { c.Ratings = c.Ratings[1:] },
			func() {},
		} {
			change()
			c.Version++
			s.put("a", c)
			same(s, c)
		}
	})
	t.Run("empty is nil", func(t *testing.T) {
		s := start(t)
		c := newCall("c1")
		want := c
		c.LostSeats, c.Invites, c.Legs, c.Ratings = []vi.Seat{}, []vi.Invite{}, []vi.Leg{}, []vi.Rating{}
		s.put("a", c)
		same(s, want)
	})
	t.Run("times in UTC", func(t *testing.T) {
		s := start(t)
		c := newCall("c1")
		want := c
		want.DueAt = time.Date(2030, 3, 31, 1, 30, 0, 1000, time.UTC)
		c.DueAt = want.DueAt.In(time.FixedZone("", 8*3600))
		s.put("a", c)
		same(s, want)
	})
}

func storeMessages(t *testing.T, start func(*testing.T) *shelf) {
	message := func(n int, op string, from vi.Seat) vi.Message {
		return vi.Message{Call: "c1", N: n, Op: op, From: from, Name: "Ann", Text: fmt.Sprint("Hello ", n), At: at(n)}
	}
	filled(t, "Message", reflect.ValueOf(message(1, "op1", vi.SeatAgent)))
	put := func(s *shelf, m vi.Message) error {
		return s.Update(s.ctx, "a", func(tx vi.Tx) error { return tx.PutMessage(s.ctx, m) })
	}
	with := func(t *testing.T, n int) *shelf {
		s := start(t)
		s.put("a", newCall("c1"), newCall("c2"))
		for i := n; i >= 1; i-- { // in another order than they are read in
			require.NoError(t, put(s, message(i, fmt.Sprint("op", i), vi.SeatAgent)))
		}
		return s
	}
	t.Run("in order and by page", func(t *testing.T) {
		s := with(t, 12)
		var want []vi.Message
		for n := 1; n <= 12; n++ {
			want = append(want, message(n, fmt.Sprint("op", n), vi.SeatAgent))
		}
		require.Equal(t, want, s.messages("a", "c1"))
		var all []vi.Message
		for after := 0; ; {
			page, err := read(s, "a", func(r vi.Reader) ([]vi.Message, error) { return r.Messages(s.ctx, "c1", after, 5) })
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
			after = page[len(page)-1].N
		}
		require.Equal(t, want, all)
		require.Empty(t, s.messages("a", "c2"))
		require.Empty(t, s.messages("b", "c1"))
		require.Empty(t, s.messages("a", "nowhere"))
	})
	t.Run("once", func(t *testing.T) {
		s := with(t, 2)
		require.ErrorIs(t, put(s, message(2, "other", vi.SeatCustomer)), vi.ErrConflict, "the N is taken")
		require.ErrorIs(t, put(s, message(3, "op2", vi.SeatAgent)), vi.ErrConflict, "the agent has sent that Op")
		require.NoError(t, put(s, message(3, "op2", vi.SeatCustomer)), "the customer has not")
		other := message(1, "op1", vi.SeatAgent)
		other.Call = "c2"
		require.NoError(t, put(s, other), "another call")
		require.Len(t, s.messages("a", "c1"), 3)
		require.NoError(t, put(s, message(4, "", vi.SeatAgent)))
		require.NoError(t, put(s, message(5, "", vi.SeatAgent)))
	})
	t.Run("a refused one leaves the transaction whole", func(t *testing.T) {
		s := with(t, 1)
		s.update("a", func(tx vi.Tx) error {
			require.ErrorIs(t, tx.PutMessage(s.ctx, message(1, "x", vi.SeatAgent)), vi.ErrConflict)
			return tx.PutMessage(s.ctx, message(2, "x", vi.SeatAgent))
		})
		require.Len(t, s.messages("a", "c1"), 2)
	})
	t.Run("by Op", func(t *testing.T) {
		s := with(t, 2)
		require.NoError(t, put(s, message(3, "", vi.SeatAgent)))
		byOp := func(acct account.ID, call vi.CallID, from vi.Seat, op string) (vi.Message, error) {
			return read(s, acct, func(r vi.Reader) (vi.Message, error) { return r.MessageByOp(s.ctx, call, from, op) })
		}
		got, err := byOp("a", "c1", vi.SeatAgent, "op2")
		require.NoError(t, err)
		require.Equal(t, message(2, "op2", vi.SeatAgent), got)
		for _, miss := range []func() (vi.Message, error){
			func() (vi.Message, error) { return byOp("b", "c1", vi.SeatAgent, "op2") },
			func() (vi.Message, error) { return byOp("a", "c2", vi.SeatAgent, "op2") },
			func() (vi.Message, error) { return byOp("a", "c1", vi.SeatCustomer, "op2") },
			func() (vi.Message, error) { return byOp("a", "c1", vi.SeatAgent, "op3") },
			func() (vi.Message, error) { return byOp("a", "c1", vi.SeatAgent, "") },
		} {
			_, err := miss()
			require.ErrorIs(t, err, vi.ErrNotFound)
		}
	})
	t.Run("of no call", func(t *testing.T) {
		s := with(t, 0)
		m := message(1, "op1", vi.SeatAgent)
		m.Call = "nowhere"
		require.Error(t, put(s, m))
		require.Empty(t, s.messages("a", "nowhere"))
	})
}

func storeReadings(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	s.put("a", newCall("c1"), newCall("c2"))
	reading := func(minute int, seat vi.Seat) vi.Reading {
		return vi.Reading{
			Call: "c1", Seat: seat, At: at(minute), Interval: 10 * time.Second, Candidate: "srflx", Protocol: "udp", RTT: 34*time.Millisecond + 567,
			In:  vi.FlowReading{Bitrate: 1234567.875, Loss: 0.1, Jitter: 3 * time.Millisecond},
			Out: vi.FlowReading{Bitrate: 0.5, Loss: 1, Jitter: 1},
		}
	}
	filled(t, "Reading", reflect.ValueOf(reading(1, vi.SeatAgent)))
	want := []vi.Reading{reading(1, vi.SeatAgent), reading(2, vi.SeatAgent), {Call: "c1", Seat: vi.SeatCustomer, At: at(3)}}
	s.update("a", func(tx vi.Tx) error {
		return errors.Join(tx.PutReading(s.ctx, want[2]), tx.PutReading(s.ctx, want[0]), tx.PutReading(s.ctx, want[1]))
	})
	get := func(acct account.ID, call vi.CallID) []vi.Reading {
		got, err := read(s, acct, func(r vi.Reader) ([]vi.Reading, error) { return r.Readings(s.ctx, call) })
		require.NoError(t, err)
		return got
	}
	require.Equal(t, want, get("a", "c1"))
	require.Empty(t, get("a", "c2"))
	require.Empty(t, get("b", "c1"))
}

// Text of any script reads back as it was. What the database cannot keep is
// refused or kept, never silently changed, in whatever field it is.
func storeOddText(t *testing.T, start func(*testing.T) *shelf) {
	with := func(id vi.CallID, text string) vi.Call {
		c := fullCall()
		c.ID, c.Reference, c.Customer, c.Invites = id, "R"+text, text, nil
		c.Legs[0].Name, c.Knock.Name, c.Ratings[0].Comment = text, text, text
		return c
	}
	for n, text := range []string{
		"Zoë Nguyễn", "李小龍", "محمد \u202bعلي\u202c", "👩🏽‍🚒 fire", "e\u0301 not é", "\ufeffbom", "\ufffd is a character", "\U0010ffff",
		`O'Brien "x" \ \u0000 \\u0000 \ufffd %s ? ?0 $1 :a @b {} -- ; /* */`, "line\nbreak\ttab\x7f\x01", " spaces ", "<b>&amp;</b>\u2028",
	} {
		t.Run(fmt.Sprintf("%+q", text), func(t *testing.T) {
			s := start(t)
			want := with(vi.CallID(fmt.Sprint("c", n)), text)
			s.put("a", want)
			got, err := s.call("a", want.ID)
			require.NoError(t, err)
			require.Equal(t, want, got)
			m := vi.Message{Call: want.ID, N: 1, Op: text, From: vi.SeatAgent, Name: text, Text: text, At: at(0)}
			s.update("a", func(tx vi.Tx) error { return tx.PutMessage(s.ctx, m) })
			require.Equal(t, []vi.Message{m}, s.messages("a", want.ID))
		})
	}
	for _, text := range []string{"a\x00b", "\\\x00", "bad \xff utf", "\xed\xa0\x80"} {
		for field, put := range map[string]func(*vi.Call){
			"reference": func(c *vi.Call) { c.Reference = text },
			"customer":  func(c *vi.Call) { c.Customer = text },
			"leg":       func(c *vi.Call) { c.Legs[0].Name = text },
			"comment":   func(c *vi.Call) { c.Ratings[0].Comment = text },
			"knock":     func(c *vi.Call) { c.Knock.Name = text },
		} {
			t.Run(fmt.Sprintf("%+q in %s", text, field), func(t *testing.T) {
				s := start(t)
				want := with("c1", "fine")
				put(&want)
				if err := s.try("a", want); err == nil {
					got, err := s.call("a", "c1")
					require.NoError(t, err)
					require.Equal(t, want, got)
					return
				} else {
					require.ErrorIs(t, err, vi.ErrInvalid)
				}
				s.put("a", with("c1", "and the store goes on working"))
			})
		}
		t.Run(fmt.Sprintf("%+q as a name", text), func(t *testing.T) {
			s := start(t)
			_, err := s.call("a", vi.CallID(text))
			require.Error(t, err)
			_, err = s.Invited(s.ctx, vi.Hash(text))
			require.Error(t, err)
			found, err := read(s, "a", func(r vi.Reader) ([]vi.Call, error) { return r.Calls(s.ctx, vi.Query{Text: text}) })
			require.Empty(t, found)
			if err != nil {
				require.ErrorIs(t, err, vi.ErrInvalid)
			}
		})
	}
}
