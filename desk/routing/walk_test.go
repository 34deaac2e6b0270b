package routing

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// walk drives an engine and the brute-force router by the same commands and returns
// the first thing that is wrong, after the log of what led there.
func walk(draw source, steps int) string {
	e, slow := New(Config{MaxClasses: 3, MaxNoAnswer: 2}), New(Config{MaxClasses: 3, MaxNoAnswer: 2})
	slow.settleWith = brute
	c := newChecker(e)
	w := &world{draw: draw, now: epoch, next: e.Next}
	opening := w.opening()
	var log []string
	for i := range steps {
		cmd := Command(nil)
		if i < len(opening) {
			cmd = opening[i]
		} else {
			w.pass()
			cmd = w.command()
		}
		log = append(log[max(0, len(log)-40):], fmt.Sprintf("%s %T%+v", w.now.Format("04:05"), cmd, cmd))
		probe := i%8 == 0 || steps < 1000
		before := ""
		if probe {
			before = digest(e)
		}
		got, err := e.Apply(w.now, cmd)
		want, slowErr := slow.Apply(w.now, cmd)
		for _, ev := range got {
			log = append(log, fmt.Sprintf("    %T%+v", ev, ev))
			if o, ok := ev.(Offered); ok {
				w.offers = append(w.offers[max(0, len(w.offers)-8):], o)
			}
		}
		bad := c.after(cmd, got)
		switch {
		case (err == nil) != (slowErr == nil):
			bad = fmt.Sprintf("I16: %v, but by brute force %v", err, slowErr)
		case err != nil && (len(got) > 0 || probe && digest(e) != before):
			bad = fmt.Sprintf("I10: the refused command changed something: %v", err)
		case !sameEvents(got, want):
			bad = fmt.Sprintf("I16: by brute force %+v", want)
		}
		if bad != "" {
			return strings.Join(log, "\n") + "\n" + bad
		}
	}
	return ""
}

func TestRandomWalk(t *testing.T) {
	steps := 100_000
	if testing.Short() || raced {
		steps = 10_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		if bad := walk(r.IntN, steps/10); bad != "" {
			t.Fatal(bad)
		}
	}
}

func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
		if bad := walk(draw, 120); bad != "" {
			t.Fatal(bad)
		}
	})
}

func FuzzEngine(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 4 {
		seed := make([]byte, 900)
		for i := range seed {
			seed[i] = byte(r.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		draw := func(n int) int {
			if len(data) == 0 {
				return 0
			}
			x := int(data[0])
			data = data[1:]
			return x % n
		}
		if bad := walk(draw, min(400, 20+len(data)/6)); bad != "" {
			t.Fatal(bad)
		}
	})
}

// The same log gives the same bytes, and other names for the same things the same
// outcomes, as long as agents sort alike.
func TestReplay(t *testing.T) {
	names := func(rename bool) string {
		r := rand.New(rand.NewPCG(5, 6))
		e := New(Config{})
		w := &world{draw: r.IntN, now: epoch, next: e.Next}
		opening := w.opening()
		var out strings.Builder
		for i := range 3000 {
			cmd := Command(nil)
			if i < len(opening) {
				cmd = opening[i]
			} else {
				w.pass()
				cmd = w.command()
			}
			if rename {
				cmd = renamed(t, cmd)
			}
			events, err := e.Apply(w.now, cmd)
			for _, ev := range events {
				if o, ok := ev.(Offered); ok {
					o.Agent = AgentID(strings.Replace(string(o.Agent), "clerk", "agent", 1))
					w.offers = append(w.offers[max(0, len(w.offers)-8):], o)
				}
				b, err := json.Marshal(ev)
				require.NoError(t, err)
				fmt.Fprintf(&out, "%T %s\n", ev, b)
			}
			fmt.Fprintln(&out, err != nil)
		}
		return out.String()
	}
	first := names(false)
	require.Equal(t, first, names(false), "I14")
	back := strings.NewReplacer("clerk-", "agent-", "skill+", "skill-")
	unpermute := func(s string) string {
		s = back.Replace(s)
		for i := range worldTickets {
			s = strings.ReplaceAll(s, fmt.Sprintf(`"case-%02d"`, worldTickets-i), fmt.Sprintf(`"ticket-%d"`, i))
		}
		return s
	}
	require.Equal(t, first, unpermute(names(true)), "I17")
	require.Greater(t, strings.Count(first, "Assigned"), 100)
	require.Greater(t, strings.Count(first, "Offered"), 50)
}

// renamed calls agents clerks and gives tickets names that sort the other way round.
func renamed(t *testing.T, cmd Command) Command {
	agent := func(id AgentID) AgentID { return AgentID(strings.Replace(string(id), "agent", "clerk", 1)) }
	ticket := func(id TicketID) TicketID {
		var n int
		_, err := fmt.Sscanf(string(id), "ticket-%d", &n)
		require.NoError(t, err)
		return TicketID(fmt.Sprintf("case-%02d", worldTickets-n))
	}
	switch c := cmd.(type) {
	case Enqueue:
		c.Ticket.ID = ticket(c.Ticket.ID)
		if c.Ticket.Preferred != "" {
			c.Ticket.Preferred = agent(c.Ticket.Preferred)
		}
		for i, a := range c.Ticket.Skip {
			c.Ticket.Skip[i] = agent(a)
		}
		return c
	case PutAgent:
		c.Agent.ID = agent(c.Agent.ID)
		return c
	case RemoveAgent:
		return RemoveAgent{agent(c.ID)}
	case SetAvailable:
		c.Agent = agent(c.Agent)
		return c
	case Adopt:
		c.Agent, c.Ticket = agent(c.Agent), ticket(c.Ticket)
		return c
	case Remove:
		c.Ticket = ticket(c.Ticket)
		return c
	case Claim:
		c.Agent, c.Ticket = agent(c.Agent), ticket(c.Ticket)
		return c
	case Assign:
		c.Agent, c.Ticket = agent(c.Agent), ticket(c.Ticket)
		return c
	case Accept:
		c.Agent = agent(c.Agent)
		return c
	case Reject:
		c.Agent = agent(c.Agent)
		return c
	case WrapUp:
		c.Agent = agent(c.Agent)
		return c
	}
	return cmd
}
