package presence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/tandem-cc/tandem/desk/presence"
)

var (
	noon   = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	policy = Policy{}.WithDefaults()
)

func code(id CodeID) *Code {
	for _, c := range Defaults() {
		if c.ID == id {
			return &c
		}
	}
	return nil
}

// Every presence meets everything that can happen to it. The table is the
// specification: what the agent is then, with the code or the reason; "." where
// that stays as it is; "!" where it is refused. "timer" is the presence's own next.
const moves = `
                available      busy admin  away break  away lunch  offline  away admin  busy alone  connect       disconnect  full           room       wrap          end wrap       unanswered           timer
offline         available      busy/admin  away/break  away/lunch  .        !           !           .             .           .              .          .             .              .                    .
available       .              busy/admin  away/break  away/lunch  offline  !           !           .             .           busy/capacity  .          busy/wrap_up  .              away/not_responding  .
admin           available      .           away/break  away/lunch  offline  !           !           .             .           .              .          .             .              .                    .
break           available      busy/admin  .           away/lunch  offline  !           !           .             .           .              .          .             .              .                    .
capacity        .              busy/admin  away/break  away/lunch  offline  !           !           .             .           .              available  busy/wrap_up  .              away/not_responding  .
wrapping        available      busy/admin  away/break  away/lunch  offline  !           !           .             .           .              .          .             available      away/not_responding  available
wrapping, full  busy/capacity  busy/admin  away/break  away/lunch  offline  !           !           .             .           .              .          .             busy/capacity  away/not_responding  busy/capacity
silent          available      busy/admin  away/break  away/lunch  offline  !           !           .             .           .              .          .             .              .                    .
gone            .              busy/admin  away/break  away/lunch  offline  !           !           .             .           busy/capacity  .          busy/wrap_up  .              away/not_responding  offline/lost
gone on break   available      busy/admin  .           away/lunch  offline  !           !           .             .           .              .          .             .              .                    offline/lost
lost            available      busy/admin  away/break  away/lunch  offline  !           !           available     .           .              .          .             .              .                    offline
lost on break   available      busy/admin  away/break  away/lunch  offline  !           !           away/break    .           .              .          .             .              .                    offline
lost, wrapping  available      busy/admin  away/break  away/lunch  offline  !           !           busy/wrap_up  .           .              .          .             .              .                    offline
over            available      busy/admin  away/break  away/lunch  .        !           !           .             .           .              .          .             .              .                    .
`

type event struct {
	name string
	rule func(Presence) (Presence, []Interval, error)
}

func choose(s Status, c CodeID, at time.Time) func(Presence) (Presence, []Interval, error) {
	return func(p Presence) (Presence, []Interval, error) { return p.Choose(s, code(c), at) }
}

func events(at time.Time) []event {
	sure := func(name string, rule func(Presence) (Presence, []Interval)) event {
		return event{name, func(p Presence) (Presence, []Interval, error) {
			next, ended := rule(p)
			return next, ended, nil
		}}
	}
	return []event{
		{"available", choose(StatusAvailable, "", at)},
		{"busy admin", choose(StatusBusy, "admin", at)},
		{"away break", choose(StatusAway, "break", at)},
		{"away lunch", choose(StatusAway, "lunch", at)},
		{"offline", choose(StatusOffline, "", at)},
		{"away admin", choose(StatusAway, "admin", at)},
		{"busy alone", choose(StatusBusy, "", at)},
		sure("connect", func(p Presence) (Presence, []Interval) { return p.Connect(at) }),
		sure("disconnect", func(p Presence) (Presence, []Interval) { return p.Disconnect(at) }),
		sure("full", func(p Presence) (Presence, []Interval) { return p.Load(5, 5, at) }),
		sure("room", func(p Presence) (Presence, []Interval) { return p.Load(4, 5, at) }),
		sure("wrap", func(p Presence) (Presence, []Interval) { return p.Wrap(at.Add(time.Minute), at) }),
		sure("end wrap", func(p Presence) (Presence, []Interval) { return p.EndWrap(at) }),
		sure("unanswered", func(p Presence) (Presence, []Interval) { return p.Unanswered(at) }),
		sure("timer", func(p Presence) (Presence, []Interval) {
			next, ended, _ := p.Expire(p.Due(policy), policy)
			return next, ended
		}),
	}
}

// after returns the presence after events, one second apart from noon.
func after(t require.TestingT, names ...string) (p Presence) {
	for i, name := range names {
		for _, e := range events(noon.Add(time.Duration(i-len(names)) * time.Second)) {
			if e.name == name {
				var err error
				p, _, err = e.rule(p)
				require.NoError(t, err)
			}
		}
	}
	return p
}

func rows(t require.TestingT) [][2]any {
	up := func(names ...string) Presence {
		return after(t, append([]string{"connect", "room", "available"}, names...)...)
	}
	return [][2]any{
		{"offline", after(t, "connect", "room")},
		{"available", up()},
		{"admin", up("busy admin")},
		{"break", up("away break")},
		{"capacity", up("full")},
		{"wrapping", up("wrap")},
		{"wrapping, full", up("full", "wrap")},
		{"silent", up("unanswered")},
		{"gone", up("disconnect")},
		{"gone on break", up("away break", "disconnect")},
		{"lost", up("disconnect", "timer")},
		{"lost on break", up("away break", "disconnect", "timer")},
		{"lost, wrapping", up("wrap", "disconnect", "timer")},
		{"over", up("disconnect", "timer", "timer")},
	}
}

func label(p Presence) string {
	s, why := p.Effective()
	if i := p.Current(); i.Code != "" {
		return string(s) + "/" + string(i.Code)
	}
	if why != "" {
		return string(s) + "/" + string(why)
	}
	return string(s)
}

func TestMoves(t *testing.T) {
	at := noon.Add(40 * time.Second)
	lines := [][]string{{""}}
	for _, e := range events(at) {
		lines[0] = append(lines[0], e.name)
	}
	for _, r := range rows(t) {
		name, p := r[0].(string), r[1].(Presence)
		line := []string{name}
		for _, e := range events(at) {
			next, ended, err := e.rule(p)
			cell := label(next)
			switch {
			case err != nil:
				require.Equal(t, p, next, "what is refused changes nothing")
				cell = "!"
			case cell == label(p):
				require.Empty(t, ended)
				cell = "."
			case p.Session.IsZero():
				require.Empty(t, ended, "nothing was before the session")
			default:
				require.Len(t, ended, 1, "%s, %s", name, e.name)
				require.Equal(t, ended[0].To, next.Since)
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	require.Equal(t, strings.TrimPrefix(moves, "\n"), table(lines), "\n%s", table(lines))
}

// table sets lines in columns.
func table(lines [][]string) string {
	var b strings.Builder
	for _, line := range lines {
		row := ""
		for column, cell := range line {
			wide := 0
			for _, other := range lines {
				wide = max(wide, len(other[column]))
			}
			row += fmt.Sprintf("%-*s", wide+2, cell)
		}
		b.WriteString(strings.TrimRight(row, " ") + "\n")
	}
	return b.String()
}
