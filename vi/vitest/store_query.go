package vitest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/vi"
)

// log is a call log of two accounts, many of whose calls were created at the
// same time, and the calls of account "a".
func (s *shelf) log() []vi.Call {
	chance := rand.New(rand.NewPCG(1, 2))
	statuses := vi.Statuses()
	var ours []vi.Call
	for n := range 60 {
		c := newCall(vi.CallID(fmt.Sprintf("c%02d", (n*37)%60)))
		c.CreatedAt = at(chance.IntN(6))
		c.Agent = []account.UserID{"ann", "bob", ""}[chance.IntN(3)]
		c.Status = statuses[chance.IntN(len(statuses))]
		c.Phone = []vi.Phone{"+6581234567", "+6599990000", ""}[chance.IntN(3)]
		c.Reference = fmt.Sprintf("%s-%d", []string{"Lamp", "desk", "50%"}[chance.IntN(3)], n)
		if chance.IntN(2) == 0 {
			c.AnsweredAt, c.Talk = at(10), time.Duration(chance.IntN(1e9))*time.Microsecond
		}
		if chance.IntN(2) == 0 {
			c.Ratings = []vi.Rating{
				{Seat: vi.SeatAgent, Stars: 1 + chance.IntN(5), At: at(20)},
				{Seat: vi.SeatCustomer, Stars: 1 + chance.IntN(5), At: at(20)},
			}[chance.IntN(2):]
		}
		if n%5 == 0 {
			s.put("b", c)
			continue
		}
		s.put("a", c)
		ours = append(ours, c)
	}
	slices.SortFunc(ours, func(x, y vi.Call) int {
		if d := y.CreatedAt.Compare(x.CreatedAt); d != 0 {
			return d
		}
		return strings.Compare(string(y.ID), string(x.ID))
	})
	return ours
}

// pages returns the IDs of what the query selects, read in pages of that size.
func (s *shelf) pages(q vi.Query, size int) (ids []vi.CallID) {
	s.t.Helper()
	q.Limit = size
	for {
		page, err := read(s, "a", func(r vi.Reader) ([]vi.Call, error) { return r.Calls(s.ctx, q) })
		require.NoError(s.t, err)
		require.LessOrEqual(s.t, len(page), size)
		for _, c := range page {
			ids = append(ids, c.ID)
		}
		if len(page) < size {
			return ids
		}
		q.Before = page[len(page)-1].ID
	}
}

func idsOf(calls []vi.Call, of func(vi.Call) bool) (ids []vi.CallID) {
	for _, c := range calls {
		if of(c) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func storeQueries(t *testing.T, start func(*testing.T) *shelf) {
	t.Run("filters, together and in pages", func(t *testing.T) {
		s := start(t)
		all := s.log()
		texts := []string{"", "lamp", "50%"}
		statuses := [][]vi.Status{nil, {vi.StatusConnected}, vi.Statuses()[4:12]}
		for n := range 3 * 3 * 3 * 3 {
			q := vi.Query{Text: texts[n%3], Status: statuses[n/3%3], Agent: []account.UserID{"", "ann", "nobody"}[n/9%3]}
			if n/27%3 > 0 {
				q.From = at(2)
			}
			if n/27%3 > 1 {
				q.To = at(4)
			}
			want := idsOf(all, func(c vi.Call) bool {
				return strings.Contains(strings.ToLower(c.Reference), q.Text) &&
					(q.Status == nil || slices.Contains(q.Status, c.Status)) &&
					(q.Agent == "" || c.Agent == q.Agent) &&
					!c.CreatedAt.Before(q.From) && (q.To.IsZero() || c.CreatedAt.Before(q.To))
			})
			require.Equal(t, want, s.pages(q, 200), "%+v", q)
			require.Equal(t, want, s.pages(q, 7), "%+v in pages", q)
		}
		require.Equal(t, idsOf(all, func(vi.Call) bool { return true }), s.pages(vi.Query{}, 1))
	})
	t.Run("calls that come while the log is read", func(t *testing.T) {
		s := start(t)
		all := s.log()
		first, err := read(s, "a", func(r vi.Reader) ([]vi.Call, error) { return r.Calls(s.ctx, vi.Query{Limit: 10}) })
		require.NoError(t, err)
		newer := newCall("newer")
		newer.CreatedAt = at(59)
		s.put("a", newer)
		rest := s.pages(vi.Query{Before: first[9].ID}, 10)
		require.Equal(t, idsOf(all, func(vi.Call) bool { return true })[10:], rest)
	})
	t.Run("text", func(t *testing.T) {
		s := start(t)
		for n, c := range []struct {
			reference string
			phone     vi.Phone
		}{{"ab%c", "+6581234567"}, {"ab_c", "+6599990000"}, {"abxc", ""}, {`a\c`, ""}, {"Straße-ÄÖ", "+4930123456"}, {"7-2020", "+12025550123"}, {"x'; --", ""}} {
			call := newCall(vi.CallID(fmt.Sprint("c", n)))
			call.Reference, call.Phone = c.reference, c.phone
			s.put("a", call)
		}
		for text, want := range map[string][]vi.CallID{
			"b%c": {"c0"}, "b_c": {"c1"}, "%": {"c0"}, "_": {"c1"}, `\`: {"c3"}, `\%`: nil, "b": {"c2", "c1", "c0"}, "AB": {"c2", "c1", "c0"},
			"STRASSE": nil, "straße-äö": {"c4"}, "ÄÖ": {"c4"},
			"8123": {"c0"}, "+65": {"c1", "c0"}, "+65 8123-4567": {"c0"}, "(9999) 00": {"c1"}, "2020": {"c5"}, "202": {"c5"}, "7-2": {"c5"},
			"0123": {"c5", "c4"}, "abxc8123": nil, "x8": nil, "x'; --": {"c6"}, "' OR ''='": nil, strings.Repeat("1", 60000): nil, strings.Repeat("%", 60000): nil,
		} {
			require.Equal(t, want, s.pages(vi.Query{Text: text}, 200), "%.40q", text)
		}
	})
	t.Run("limit", func(t *testing.T) {
		s := start(t)
		for n := range 3 {
			s.put("a", newCall(vi.CallID(fmt.Sprint("c", n))))
		}
		for limit, want := range map[int]int{1: 1, 2: 2, 3: 3, 200: 3, 0: 3} {
			got, err := read(s, "a", func(r vi.Reader) ([]vi.Call, error) { return r.Calls(s.ctx, vi.Query{Limit: limit}) })
			require.NoError(t, err)
			require.Len(t, got, want)
		}
	})
}

func storeFigures(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	figures := func(q vi.FiguresQuery) vi.Figures {
		f, err := read(s, "a", func(r vi.Reader) (vi.Figures, error) { return r.Figures(s.ctx, q) })
		require.NoError(t, err)
		return f
	}
	require.Zero(t, figures(vi.FiguresQuery{}), "of no calls")
	all := s.log()
	for _, q := range []vi.FiguresQuery{
		{}, {Agent: "ann"}, {From: at(2)}, {To: at(2)}, {From: at(1), To: at(4), Agent: "bob"}, {From: at(30)},
	} {
		var want vi.Figures
		for _, c := range all {
			if (q.Agent != "" && c.Agent != q.Agent) || c.CreatedAt.Before(q.From) || (!q.To.IsZero() && !c.CreatedAt.Before(q.To)) {
				continue
			}
			want.Calls++
			if !c.AnsweredAt.IsZero() {
				want.Connected++
				if c.Status == vi.StatusDropped {
					want.Dropped++
				}
				if c.Status.Final() {
					want.Talked++
					want.Talk += c.Talk
				}
			}
			if r, ok := c.Rating(vi.SeatCustomer); ok {
				want.Rated++
				want.Stars += r.Stars
			}
		}
		require.Equal(t, want, figures(q), "%+v", q)
	}
	long := newCall("long")
	long.Status, long.AnsweredAt, long.Talk = vi.StatusCompleted, at(1), 250*365*24*time.Hour
	for n := range 3 { // more than 292 years in all, in nanoseconds, is no time.Duration
		long.ID, long.Reference = vi.CallID(fmt.Sprint("long", n)), fmt.Sprint("long", n)
		long.CreatedAt = at(40 + n)
		s.put("a", long)
	}
	require.Equal(t, vi.Figures{Calls: 1, Connected: 1, Talked: 1, Talk: long.Talk}, figures(vi.FiguresQuery{From: at(42)}))
}
