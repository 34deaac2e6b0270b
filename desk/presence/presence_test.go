package presence_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-cc/tandem/internal/fault"

	. "github.com/tandem-cc/tandem/desk/presence"
)

func TestIntervalsTileSessions(t *testing.T) { rapid.Check(t, walk) }

func FuzzPresence(f *testing.F) { f.Fuzz(rapid.MakeFuzz(walk)) }

// A log is what a store keeps of one agent.
type log struct {
	p     Presence
	done  []Interval
	spent time.Duration // in sessions that are over
	began time.Time     // of the session that lasts
}

// walk does to an agent whatever can happen, by a clock that at times runs late.
func walk(t *rapid.T) {
	l, now := log{}, noon
	for range rapid.IntRange(1, 80).Draw(t, "steps") {
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Second)).Draw(t, "pause")))
		next, ended, _ := l.p.Expire(now, policy)
		l.step(t, next, ended)
		require.True(t, l.p.Due(policy).IsZero() || l.p.Due(policy).After(now), "what ran out is carried out")
		late := now.Add(-time.Duration(rapid.Int64Range(0, int64(5*time.Second)).Draw(t, "late")))
		all := events(late)
		e := all[rapid.IntRange(0, len(all)-2).Draw(t, "event")] // but the timer
		next, ended, err := e.rule(l.p)
		if err != nil {
			require.ErrorIs(t, err, fault.Invalid)
		}
		l.step(t, next, ended)
	}
	l.total(t, now.Add(time.Second))
}

// step notes what a rule returned, and checks what holds of any.
func (l *log) step(t *rapid.T, next Presence, ended []Interval) {
	for _, i := range ended {
		require.True(t, i.From.Before(i.To), "%v", i)
		require.False(t, l.began.IsZero(), "an interval outside a session")
		switch n := len(l.done); {
		case n > 0 && l.done[n-1].To.After(l.began):
			require.Equal(t, l.done[n-1].To, i.From, "a gap or an overlap")
		default:
			require.Equal(t, l.began, i.From, "the first begins with the session")
		}
		l.done = append(l.done, i)
	}
	switch {
	case l.began.IsZero() && !next.Session.IsZero():
		require.Equal(t, next.Since, next.Session)
		l.began = next.Session
	case !l.began.IsZero() && next.Session.IsZero():
		l.spent += next.Since.Sub(l.began)
		l.began = time.Time{}
	default:
		require.Equal(t, l.began, next.Session, "a session begins once")
	}
	require.False(t, next.Since.Before(l.p.Since), "time runs backwards")
	s, why := next.Effective()
	require.Equal(t, next.Session.IsZero(), s == StatusOffline && why == ReasonNone)
	if s == StatusAvailable {
		require.True(t, next.Chosen == StatusAvailable && next.Code == Code{} && next.WrapUntil.IsZero() && (next.Max == 0 || next.Used < next.Max))
	}
	if s == StatusAway && why == ReasonNone {
		require.Equal(t, StatusAway, next.Code.Status, "away says why")
	}
	require.False(t, next.Connected && (next.Lost || !next.GoneAt.IsZero()))
	b, err := json.Marshal(next)
	require.NoError(t, err)
	var again Presence
	require.NoError(t, json.Unmarshal(b, &again))
	require.Equal(t, next, again)
	l.p = next
}

// total checks that the times of all statuses make up the sessions.
func (l *log) total(t *rapid.T, now time.Time) {
	work := l.done
	if !l.began.IsZero() {
		work = append(work, l.p.Current())
		l.spent += now.Sub(l.began)
	}
	var paid, unpaid, available, busy, offline time.Duration
	for _, x := range Totals(work, noon.Add(-time.Hour), now, time.UTC) {
		switch {
		case x.Status == StatusAvailable:
			available += x.Time
		case x.Status == StatusBusy:
			busy += x.Time
		case x.Status == StatusOffline:
			offline += x.Time
		case x.Paid:
			paid += x.Time
		default:
			unpaid += x.Time
		}
	}
	require.Equal(t, l.spent, paid+unpaid+available+busy+offline)
}

func TestPaidIsWhatItWasAtTheStart(t *testing.T) {
	lunch := code("lunch")
	p, _, err := after(t, "connect").Choose(StatusAway, lunch, noon)
	require.NoError(t, err)
	lunch.Paid, lunch.Name = true, "Long lunch" // by an administrator, meanwhile
	p, ended, err := p.Choose(StatusAway, lunch, noon.Add(time.Minute))
	require.NoError(t, err)
	require.Empty(t, ended, "the same again changes nothing")
	p, ended, err = p.Choose(StatusAvailable, nil, noon.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, []Interval{{From: noon, To: noon.Add(time.Hour), Status: StatusAway, Code: "lunch", Name: "Lunch"}}, ended)
	require.Equal(t, Interval{From: noon.Add(time.Hour), Status: StatusAvailable, Paid: true}, p.Current())
}

func TestAgentWhoChoosesWhileLostHasTheGraceAgain(t *testing.T) {
	p := after(t, "connect", "available", "disconnect", "timer") // gone one second before the last
	at := noon.Add(time.Minute)
	p, _, err := p.Choose(StatusAvailable, nil, at)
	require.NoError(t, err)
	require.Equal(t, at.Add(policy.Grace), p.Due(policy))
}

func TestLostWorkIsForfeitOnce(t *testing.T) {
	p := after(t, "connect", "available", "disconnect")
	gone := p.GoneAt
	p, ended, forfeit := p.Expire(gone.Add(time.Hour), policy)
	require.True(t, forfeit)
	require.Len(t, ended, 2)
	require.Equal(t, gone.Add(policy.Grace), ended[0].To)
	require.Equal(t, Interval{From: gone.Add(policy.Grace), To: gone.Add(policy.Grace + policy.Keep), Status: StatusOffline, Reason: ReasonLost}, ended[1])
	_, ended, forfeit = p.Expire(gone.Add(2*time.Hour), policy)
	require.False(t, forfeit)
	require.Empty(t, ended)
}

func TestCodes(t *testing.T) {
	ids := map[CodeID]bool{}
	for _, c := range Defaults() {
		require.NoError(t, c.Check(), c.Name)
		require.False(t, ids[c.ID], c.ID)
		ids[c.ID] = true
	}
	fields := func(err error) (names []string) {
		require.ErrorIs(t, err, fault.Invalid)
		for _, f := range err.(fault.Fields) {
			names = append(names, f.Name)
		}
		return names
	}
	require.Equal(t, []string{"name", "status", "colour"}, fields(Code{Name: " ", Status: StatusOffline, Colour: "red"}.Check()))
	require.Equal(t, []string{"mode"}, fields(WrapUp{Mode: "x", For: time.Minute}.Check()))
	require.Equal(t, []string{"for"}, fields(WrapUp{Mode: "timed", For: 15*time.Minute + 1}.Check()))
	require.Equal(t, []string{"for"}, fields(WrapUp{Mode: "timed"}.Check()))
	require.NoError(t, WrapUp{Mode: "timed", For: 15 * time.Minute}.Check())
	require.NoError(t, WrapUp{}.Check())
}

func ExamplePresence() {
	at := time.Date(2030, 1, 2, 9, 0, 0, 0, time.UTC)
	p, _ := Presence{}.Connect(at)
	p, log, _ := p.Choose(StatusAvailable, nil, at)
	p, ended := p.Load(5, 5, at.Add(10*time.Minute))
	log = append(log, ended...)
	p, ended = p.Load(4, 5, at.Add(25*time.Minute))
	log = append(log, ended...)
	_, ended, _ = p.Choose(StatusAway, &Defaults()[1], at.Add(time.Hour))
	log = append(log, ended...)
	for _, i := range log {
		fmt.Printf("%s to %s %s %q\n", i.From.Format("15:04"), i.To.Format("15:04"), i.Status, i.Reason)
	}
	// Output:
	// 09:00 to 09:10 available ""
	// 09:10 to 09:25 busy "capacity"
	// 09:25 to 10:00 available ""
}
