package routing

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// A load is a domain in which every agent is busy and tickets wait, kept so by
// a new ticket for each one that is done.
type load struct {
	e       *Engine
	now     time.Time
	r       *rand.Rand
	tickets []Enqueue // described beforehand, taken in turn
	next    int
	names   uint64
	busy    []TicketID // assigned, in no order
}

const loadSkills = 100

// newLoad fills a domain. Structured agents are of 200 kinds with 5 of 100 skills, and
// tickets of 500 requirements; arbitrary agents are all different, with 6 to 10 skills, and so
// are most tickets, which need one to three skills that some agent has.
func newLoad(arbitrary bool, agents, waiting int) *load {
	l := &load{e: New(Config{}), now: epoch, r: rand.New(rand.NewPCG(7, 8))}
	must := func(c Command) {
		events, err := l.e.Apply(l.now, c)
		if err != nil {
			panic(err)
		}
		l.note(events)
	}
	must(PutQueue{Queue{ID: "support"}})
	kinds := make([]map[Skill]int, 200)
	for i := range kinds {
		kinds[i] = l.skills(5)
	}
	var everybody []map[Skill]int
	for i := range agents {
		id := AgentID(fmt.Sprintf("agent-%06d", i))
		skills := kinds[i%len(kinds)]
		if arbitrary {
			skills = l.skills(6 + l.r.IntN(5))
		}
		everybody = append(everybody, skills)
		must(PutAgent{Agent{ID: id, Max: 1, Skills: skills, Queues: []Member{{"support", 1}}}})
		must(SetAvailable{Agent: id, Available: true})
	}
	l.describe(arbitrary, everybody, 2*max(waiting, 100_000))
	for l.e.Waiting("support") < waiting || len(l.busy) < agents/2 {
		l.now = l.now.Add(time.Millisecond)
		must(l.enqueue())
	}
	return l
}

func (l *load) skills(n int) map[Skill]int {
	out := map[Skill]int{}
	for len(out) < n {
		out[skillName(l.r.IntN(loadSkills))] = 1 + l.r.IntN(5)
	}
	return out
}

func skillName(n int) Skill { return Skill("skill-" + strconv.Itoa(n)) }

func (l *load) describe(arbitrary bool, everybody []map[Skill]int, n int) {
	wanted := make([][]Step, 500)
	for i := range wanted {
		wanted[i] = []Step{{Needs: l.some(everybody[i%len(everybody)], 1+i%3)}}
	}
	for i := range n {
		// As many tickets for each kind of agent, so that all stay busy.
		kind := l.r.IntN(200)
		steps := wanted[kind+200*l.r.IntN((len(wanted)-kind+199)/200)]
		if arbitrary {
			steps = []Step{{Needs: l.some(everybody[l.r.IntN(len(everybody))], 1+i%3)}}
		}
		l.tickets = append(l.tickets, Enqueue{Ticket: Ticket{Queue: "support", Steps: steps, Boost: time.Duration(l.r.IntN(3)) * time.Minute}})
	}
}

// some returns needs that an agent of these skills meets, so that nothing waits for ever.
func (l *load) some(have map[Skill]int, n int) []Need {
	var needs []Need
	for _, i := range l.r.Perm(loadSkills) {
		if level := have[skillName(i)]; level > 0 && len(needs) < n {
			needs = append(needs, Need{skillName(i), 1 + l.r.IntN(level)})
		}
	}
	return needs
}

func (l *load) enqueue() Command {
	c := l.tickets[l.next%len(l.tickets)]
	l.names++
	l.next++
	c.Ticket.ID = TicketID(strconv.AppendUint(make([]byte, 0, 24), 1<<40+l.names, 36))
	return c
}

func (l *load) note(events []Event) (assigned int) {
	for _, ev := range events {
		if a, ok := ev.(Assigned); ok {
			l.busy = append(l.busy, a.Ticket)
			assigned++
		}
	}
	return assigned
}

// decide ends the work of somebody and replaces it, and returns how many tickets
// found an agent by that.
func (l *load) decide() int {
	l.now = l.now.Add(10 * time.Microsecond)
	i, last := l.r.IntN(len(l.busy)), len(l.busy)-1
	done := l.busy[i]
	l.busy[i] = l.busy[last]
	l.busy = l.busy[:last]
	events, err := l.e.Apply(l.now, Remove{Ticket: done})
	if err != nil {
		panic(err)
	}
	n := l.note(events)
	if events, err = l.e.Apply(l.now, l.enqueue()); err != nil {
		panic(err)
	}
	return n + l.note(events)
}

// BenchmarkDecide measures decisions of the whole engine, with validation and events:
// an agent comes free, gets a ticket, and a new ticket comes to wait. A million waiting
// tickets are measured if ROUTING_MILLION is set.
func BenchmarkDecide(b *testing.B) {
	for _, skills := range []string{"structured", "arbitrary"} {
		for _, agents := range []int{1_000, 10_000} {
			for _, waiting := range []int{1_000, 10_000, 100_000, 1_000_000} {
				name := fmt.Sprintf("skills=%s/agents=%d/waiting=%d", skills, agents, waiting)
				if waiting == 1_000_000 && os.Getenv("ROUTING_MILLION") == "" {
					continue
				}
				var l *load
				b.Run(name, func(b *testing.B) {
					if l == nil {
						l = newLoad(skills == "arbitrary", agents, waiting)
					}
					measure(b, l)
				})
				if agents == 1_000 && waiting == 1_000 {
					b.Run(name+"/router=brute", func(b *testing.B) {
						l := newLoad(skills == "arbitrary", agents, waiting)
						l.e.settleWith = brute
						measure(b, l)
					})
				}
			}
		}
	}
}

func measure(b *testing.B, l *load) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n += l.decide()
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
}
