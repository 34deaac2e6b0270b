package presence_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	. "github.com/tandem-cc/tandem/desk/presence"
)

func place(t require.TestingT, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func TestTotalsAreClippedAndSplitAtMidnight(t *testing.T) {
	sg := place(t, "Asia/Singapore")
	at := func(day, hour, minute int) time.Time { return time.Date(2030, 1, day, hour, minute, 0, 0, sg) }
	work := []Interval{
		{From: at(1, 9, 0), To: at(1, 10, 0), Status: StatusAvailable, Paid: true}, // before the window
		{From: at(1, 22, 0), To: at(1, 23, 30), Status: StatusAvailable, Paid: true},
		{From: at(1, 23, 30), To: at(2, 0, 15), Status: StatusAway, Code: "break", Name: "Break", Paid: true},
		{From: at(2, 0, 15), To: at(2, 0, 45), Status: StatusBusy, Reason: ReasonCapacity, Paid: true},
		{From: at(2, 0, 45), To: at(2, 1, 0), Status: StatusAway, Code: "break", Name: "Pause", Paid: true}, // renamed
		{From: at(2, 1, 0), To: at(2, 1, 20), Status: StatusAway, Code: "break", Name: "Pause"},             // and no longer paid
		{From: at(2, 1, 20), Status: StatusAvailable, Paid: true},                                           // lasts
	}
	require.Equal(t, []Total{
		{Day: at(1, 0, 0), Status: StatusAvailable, Paid: true, Time: time.Hour},
		{Day: at(1, 0, 0), Status: StatusAway, Code: "break", Name: "Break", Paid: true, Time: 30 * time.Minute},
		{Day: at(2, 0, 0), Status: StatusAvailable, Paid: true, Time: 40 * time.Minute},
		{Day: at(2, 0, 0), Status: StatusAway, Code: "break", Name: "Pause", Time: 20 * time.Minute},
		{Day: at(2, 0, 0), Status: StatusAway, Code: "break", Name: "Pause", Paid: true, Time: 30 * time.Minute},
		{Day: at(2, 0, 0), Status: StatusBusy, Reason: ReasonCapacity, Paid: true, Time: 30 * time.Minute},
	}, Totals(work, at(1, 22, 30), at(2, 2, 0), sg))
	require.Empty(t, Totals(work, at(1, 10, 0), at(1, 22, 0), sg), "windows are half open")
	require.Empty(t, Totals(work, at(2, 2, 0), at(1, 0, 0), sg))
	require.Empty(t, Totals(nil, at(1, 0, 0), at(2, 0, 0), sg))
}

// Days have other lengths than 24 hours, or no midnight, where clocks are changed.
func TestLengthsOfDays(t *testing.T) {
	for _, c := range []struct {
		zone, day string
		hours     []float64 // of the day, and of those after
		next      string    // when the second begins
	}{
		{"Europe/Berlin", "2030-03-30", []float64{24, 23, 24}, "2030-03-31T00:00:00+01:00"},
		{"Europe/Berlin", "2030-10-26", []float64{24, 25, 24}, "2030-10-27T00:00:00+02:00"},
		{"America/Sao_Paulo", "2018-11-03", []float64{24, 23, 24}, "2018-11-04T01:00:00-02:00"}, // midnight is left out
		{"America/Sao_Paulo", "2019-02-16", []float64{25, 24}, "2019-02-17T00:00:00-03:00"},     // 23:00 comes twice
		{"America/Havana", "2019-11-02", []float64{24, 25, 24}, "2019-11-03T00:00:00-04:00"},    // midnight comes twice
		{"Pacific/Apia", "2011-12-29", []float64{24, 24}, "2011-12-31T00:00:00+14:00"},          // a day is left out
	} {
		loc := place(t, c.zone)
		from, err := time.ParseInLocation(time.DateOnly, c.day, loc)
		require.NoError(t, err)
		total := 0.0
		for _, h := range c.hours {
			total += h
		}
		to := from.Add(time.Duration(total * float64(time.Hour)))
		days := Totals([]Interval{{From: from.Add(-50 * time.Hour), Status: StatusAvailable}}, from, to, loc)
		var hours []float64
		for _, d := range days {
			hours = append(hours, d.Time.Hours())
		}
		require.Equal(t, c.hours, hours, "%s %s", c.zone, c.day)
		require.Equal(t, c.next, days[1].Day.In(loc).Format(time.RFC3339))
	}
}

// Whatever the place and the window, totals lose no time, and none to another day.
func TestTotalsLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc := place(t, rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/Havana", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns"}).Draw(t, "zone"))
		at := time.Unix(rapid.Int64Range(1_200_000_000, 1_600_000_000).Draw(t, "start"), 0)
		var work []Interval
		for range rapid.IntRange(1, 8).Draw(t, "intervals") {
			next := at.Add(time.Duration(rapid.IntRange(1, 4000).Draw(t, "minutes")) * time.Minute)
			work = append(work, Interval{From: at, To: next, Status: rapid.SampledFrom([]Status{StatusAvailable, StatusBusy}).Draw(t, "status")})
			at = next
		}
		first := work[0].From
		cut := first.Add(time.Duration(rapid.Int64Range(0, int64(at.Sub(first))).Draw(t, "cut")))
		all, days := time.Duration(0), map[string]time.Duration{}
		for _, window := range [][2]time.Time{{first, cut}, {cut, at}} {
			for _, x := range Totals(work, window[0], window[1], loc) {
				all += x.Time
				days[x.Day.In(loc).Format(time.DateOnly)] += x.Time
			}
		}
		require.Equal(t, at.Sub(first), all)
		require.LessOrEqual(t, len(days), int(all/(23*time.Hour))+2)
		for day, spent := range days {
			require.LessOrEqual(t, spent, 25*time.Hour+time.Minute, day)
		}
	})
}
