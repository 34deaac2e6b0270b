package presence

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A Total is the time that was spent on one day in one status, for one reason and
// with one code.
type Total struct {
	Day    time.Time     `json:"day"` // when the day begins in the place of the totals
	Status Status        `json:"status"`
	Reason Reason        `json:"reason,omitempty"`
	Code   CodeID        `json:"code,omitempty"`
	Name   string        `json:"name,omitempty"` // of the code, as it was last
	Paid   bool          `json:"paid"`
	Time   time.Duration `json:"time"`
}

// Totals sums up what of the intervals is in the window [from, to), day by day as
// days begin in that place, ordered by day, status, reason, code and unpaid before
// paid. A code that became paid meanwhile has a total for each. An interval that
// lasts counts until to, which therefore is no later than now.
func Totals(intervals []Interval, from, to time.Time, loc *time.Location) []Total {
	type key struct {
		day    int64 // two equal times may differ as keys
		status Status
		reason Reason
		code   CodeID
		paid   bool
	}
	sums, named := map[key]Total{}, map[key]time.Time{}
	for _, i := range intervals {
		start, end := i.From, i.To
		if start.Before(from) {
			start = from
		}
		if end.IsZero() || end.After(to) {
			end = to
		}
		for start.Before(end) {
			day, next := dayOf(start, loc)
			if next.After(end) {
				next = end
			}
			k := key{day.UnixNano(), i.Status, i.Reason, i.Code, i.Paid}
			t := sums[k]
			if !i.From.Before(named[k]) {
				t.Name, named[k] = i.Name, i.From
			}
			sums[k] = Total{Day: day, Status: i.Status, Reason: i.Reason, Code: i.Code, Name: t.Name, Paid: i.Paid, Time: t.Time + next.Sub(start)}
			start = next
		}
	}
	out := make([]Total, 0, len(sums))
	for _, t := range sums {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Total) int {
		return cmp.Or(a.Day.Compare(b.Day), strings.Compare(string(a.Status), string(b.Status)),
			strings.Compare(string(a.Reason), string(b.Reason)), strings.Compare(string(a.Code), string(b.Code)), order(a.Paid)-order(b.Paid))
	})
	return out
}

func order(paid bool) int {
	if paid {
		return 1
	}
	return 0
}

// dayOf returns when the day of a time begins in a place and when it ends.
func dayOf(t time.Time, loc *time.Location) (start, end time.Time) {
	y, m, d := t.In(loc).Date()
	start, end = midnight(y, m, d, loc), midnight(y, m, d+1, loc)
	return start, end
}

// midnight returns the first moment of a day, or of the next that there is. Where
// clocks are changed at midnight there may be none, or two, and time.Date does not
// say which it returns; a place may leave out a whole day (Samoa, 30 December 2011).
func midnight(y int, m time.Month, d int, loc *time.Location) time.Time {
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC) // for comparing dates alone
	dated := func(t time.Time) time.Time {
		y, m, d := t.In(loc).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	t := time.Date(y, m, d, 0, 0, 0, 0, loc)
	if dated(t).Before(day) {
		_, t = t.ZoneBounds() // the clocks jump over it
		return t
	}
	changed, _ := t.ZoneBounds()
	switch {
	case changed.IsZero() || dated(changed).Before(day):
		return t
	case dated(changed.Add(-1)).Before(day): // the day begins as the clocks are changed
		return changed
	}
	_, is := t.Zone()
	_, was := changed.Add(-1).Zone()
	if first := t.Add(time.Duration(is-was) * time.Second); first.Before(changed) {
		return first // they were set back to midnight, or close to it
	}
	return t
}
