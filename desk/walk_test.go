package desk

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-cc/tandem/account"
)

// A source draws a number from 0 to n-1.
type source func(n int) int

func one[T any](draw source, of ...T) T { return of[draw(len(of))] }

// A walker has things happen to one ticket after another of a thread.
type walker struct {
	draw   source
	policy Policy
	now    time.Time
	t      Ticket
	all    []TicketEvent // of t
	status Status        // of t, by its events alone
	cycle  tally         // of t's present cycle, by its events alone
	due    map[Timer]time.Time
	log    []string
	seen   map[string]int // what came about
}

type tally struct{ firsts, resolves int }

func newWalker(draw source, p Policy) *walker {
	return &walker{draw: draw, policy: p, now: noon, seen: map[string]int{}}
}

// open begins a ticket, after the present one if there is one.
func (w *walker) open() string {
	o := opening()
	o.At, o.Prev, o.Last = w.now, w.t.ID, w.t.Assignee
	o.Ticket, o.Number = TicketID(fmt.Sprint("t", w.t.Number+1)), w.t.Number+1
	w.t, w.all, w.status, w.cycle, w.due, w.log = Ticket{}, nil, "", tally{}, map[Timer]time.Time{}, nil
	var next Ticket
	var events []TicketEvent
	var err error
	if w.draw(8) == 0 {
		o.By = "ann"
		next, events, err = Start(o, "ANN", w.policy)
	} else {
		class := one(w.draw, ClassMessage, ClassMessage, ClassMessage, ClassGratitude, ClassMachine, ClassBlocked)
		next, events, err = Begin(o, Arrival{N: 1, Class: class, At: w.now, Available: true}, w.policy)
	}
	if err != nil {
		return err.Error()
	}
	return w.took("open", next, events)
}

// pass lets time go by. Timers mostly fire when they are due.
func (w *walker) pass() string {
	pause := one(w.draw, 0, time.Millisecond, time.Second, time.Second, 20*time.Second, time.Minute, 5*time.Minute, 29*time.Minute, 59*time.Minute, 11*time.Hour, 25*time.Hour)
	w.now = w.now.Add(pause + time.Duration(w.draw(1000))*time.Microsecond)
	for len(w.t.Timers) > 0 && !w.now.Before(w.t.Timers[0].DueAt) && w.draw(4) > 0 {
		f := w.t.Timers[0]
		next, events, err := w.t.Fire(f, w.now, w.policy)
		if err != nil || len(events) == 0 {
			return fmt.Sprintf("the timer %v is due and does nothing: %v", f, err)
		}
		if bad := w.took("fire "+string(f.Kind), next, events); bad != "" {
			return bad
		}
	}
	return ""
}

// pick draws something to happen.
func (w *walker) pick() named {
	agent := one[account.UserID](w.draw, "ann", "bob", "eve")
	queue := one[QueueID](w.draw, "", "q1", "q2")
	lag := one(w.draw, 0, 0, 0, -time.Second, -20*time.Second)
	free := w.draw(3) > 0
	by := func(r func(t Ticket, n int, by account.UserID, at time.Time, p Policy) (Ticket, []TicketEvent, error)) rule {
		return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
			return r(t, t.Entries+1, agent, at, p)
		})
	}
	return one(w.draw,
		named{"message", inbound(ClassMessage, free, lag)},
		named{"message", inbound(ClassMessage, free, lag)},
		named{"message", inbound(ClassMessage, free, lag)},
		named{"gratitude", inbound(ClassGratitude, free, lag)},
		named{"aside machine", inbound(ClassMachine, free, lag)},
		named{"aside blocked", inbound(ClassBlocked, free, lag)},
		named{"aside duplicate", inbound(ClassDuplicate, free, lag)},
		named{"assign", assign(agent, one(w.draw, ByRouting, ByClaim, ByReply, BySupervisor, ByTransfer))},
		named{"assign", assign(agent, one(w.draw, ByRouting, ByClaim, ByReply, BySupervisor, ByTransfer))},
		named{"enqueue", enqueue(queue, one(w.draw, ByTransfer, ByOverflow))},
		named{"lost", lost},
		named{"write", by(Ticket.Write)},
		named{"accept", by(Ticket.Accept)},
		named{"accept", by(Ticket.Accept)},
		named{"moved", quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
			return t.Moved(t.Entries, one(w.draw, DeliveryDelivered, DeliveryFailed), "", at, p)
		})},
		named{"aside note", by(Ticket.Remark)},
		named{"aside read", read(agent)},
		named{"aside mark", mark},
		named{"set", set(one(w.draw, Statuses()...))},
		named{"set", set(one(w.draw, StatusPending, StatusOnHold))},
		named{"resolve", resolve(agent)},
		named{"reopen", reopen},
		named{"close", shut(one(w.draw, CloseSpam, CloseMerged), "t99")},
		named{"abandon", abandon},
		named{"erase", erase},
		named{"overdue", overdue},
	)
}

// step has one thing happen and returns what is wrong with what came of it.
func (w *walker) step() string {
	if w.t.ID == "" || len(w.all) > 60 || w.t.Status == StatusClosed && w.draw(8) == 0 {
		if bad := w.open(); bad != "" {
			return bad
		}
	}
	if bad := w.pass(); bad != "" {
		return bad
	}
	h := w.pick()
	next, events, follow, err := h.rule(w.t, w.now, w.policy)
	w.note("%s %v: %s -> %s follow=%t err=%v", w.now.Format("2 15:04:05.000000"), h.name, w.t.Status, next.Status, follow, err)
	switch {
	case err != nil && (len(events) > 0 || follow):
		return "what is refused happens in part"
	case len(events) == 0 && !reflect.DeepEqual(next, w.t):
		return "it changes without an event"
	case follow && (next.Status != StatusClosed || next.Entries != w.t.Entries || next.Unread != w.t.Unread || !next.CustomerAt.Equal(w.t.CustomerAt)):
		return "a message that another ticket follows with is in this one"
	}
	if err != nil {
		w.seen["refused"]++
	}
	if len(events) > 0 {
		aside := strings.HasPrefix(h.name, "aside")
		if aside && (next.Status != w.t.Status || next.Assignee != w.t.Assignee || !next.WaitingFrom.Equal(w.t.WaitingFrom) || !reflect.DeepEqual(next.Timers, w.t.Timers)) {
			return "what is said aside moves it"
		}
		if h.name == "overdue" && w.now.Before(w.t.Timers[0].DueAt) {
			w.now = w.t.Timers[0].DueAt
		}
		if bad := w.took(h.name, next, events); bad != "" {
			return bad
		}
	}
	if follow {
		w.seen["follow"]++
		return w.open()
	}
	return w.probe()
}

func (w *walker) note(format string, args ...any) {
	w.log = append(w.log[max(0, len(w.log)-60):], fmt.Sprintf(format, args...))
}

// took makes next the present ticket, after a look at what led there.
func (w *walker) took(what string, next Ticket, events []TicketEvent) string {
	was := w.t
	w.t, w.all = next, append(w.all, events...)
	if next.Version != was.Version+1 {
		return "versions count changes"
	}
	queued := was.QueuedAt
	for _, e := range events {
		w.note("    %T %+v", e, e)
		w.seen[strings.TrimPrefix(e.Kind(), "desk.")]++
		if bad := w.happened(e); bad != "" {
			return bad
		}
		switch e.(type) {
		case TicketOpened, TicketReopened:
			queued = e.when()
		}
	}
	w.seen[string(next.Status)+"/"+string(next.Reason)]++
	for n, c := range was.Cycles[:max(0, len(was.Cycles)-1)] {
		if c != next.Cycles[n] {
			return "a cycle that is over changes"
		}
	}
	switch {
	case next.Status != w.status:
		return fmt.Sprintf("by its events it is %s, and it is %s", w.status, next.Status)
	case was.ID != "" && was.Status != StatusNew && next.Status == StatusNew:
		return "it is new again"
	case !next.QueuedAt.Equal(queued):
		return what + " moves its place in the queue"
	case next.UpdatedAt.Before(was.UpdatedAt), next.StatusAt.Before(was.StatusAt):
		return "time runs back"
	case len(next.Cycles) > len(was.Cycles) && len(was.Cycles) > 0 && next.Cycle().OpenedAt.Before(was.Cycle().ResolvedAt):
		return "a cycle begins before the last one ended"
	}
	return w.standing()
}

// happened follows the status and the cycle by what events say.
func (w *walker) happened(e TicketEvent) string {
	from, to, stays := w.status, w.status, false
	switch e := e.(type) {
	case TicketOpened:
		to = StatusNew
	case TicketAssigned:
		to, stays = StatusOpen, true
	case TicketQueued:
		if stays = true; from != StatusNew {
			to = StatusOpen
		}
	case TicketMoved:
		from, to = e.From, e.Status
	case TicketReopened:
		from, to = e.From, StatusOpen
		if w.cycle = (tally{}); e.Cycle != len(w.t.Cycles) {
			return "cycles are not counted"
		}
	case TicketResolved:
		to = StatusResolved
		w.cycle.resolves++
	case TicketClosed:
		from, to, stays = e.From, StatusClosed, e.Reason == CloseErased
		if e.Reason == CloseNoReply {
			w.cycle.resolves++
		}
	case ReplyAccepted:
		if stays = true; e.First {
			w.cycle.firsts++
		}
		if e.Waited < 0 {
			return "somebody waited for less than no time"
		}
	default:
		stays = true
	}
	if from != w.status {
		return fmt.Sprintf("the event says it was %s, and it was %s", from, w.status)
	}
	if from == to && !stays {
		return "an event says that the status changes, and it stays"
	}
	if w.cycle.firsts > 1 || w.cycle.resolves > 1 {
		return fmt.Sprintf("a cycle has more than one first reply, or is resolved twice: %+v", w.cycle)
	}
	w.status = to
	return ""
}

// mayRun are the timers that tickets of a status may have.
var mayRun = map[Status][]TimerKind{
	StatusNew: {TimerAbandon}, StatusOpen: {TimerInactivity, TimerLease, TimerAbandon}, StatusPending: {TimerPending}, StatusResolved: {TimerResolved},
}

// standing returns what is wrong with the ticket as it stands.
func (w *walker) standing() string {
	t, c := w.t, w.t.Cycle()
	switch {
	case t.Status.Finished() && !t.WaitingFrom.IsZero():
		return "a finished ticket has somebody wait"
	case t.Status.Finished() != (t.Reason != ""):
		return "the reason for an end goes with an end"
	case t.Counts(w.policy) != (t.Status == StatusOpen && t.Assignee != ""):
		return "what counts is what is open and assigned"
	case t.Waiting() == t.VisitAt.IsZero():
		return "a visit of the queue goes with waiting"
	case (t.Assignee == "") != t.AssignedAt.IsZero():
		return "the time of assignment goes with an assignee"
	case (c.FirstReplyAt.IsZero()) != (w.cycle.firsts == 0) || (c.ResolvedAt.IsZero()) != (w.cycle.resolves == 0):
		return "the cycle tells other than its events"
	case !c.FirstReplyAt.IsZero() && (c.AskedAt.IsZero() || c.FirstReplyAt.Before(c.OpenedAt)):
		return "the first reply answers nothing"
	case !c.ResolvedAt.IsZero() && c.ResolvedAt.Before(c.OpenedAt):
		return "resolved before it was opened"
	case t.Status == StatusResolved && len(t.Timers) != 1, len(t.Timers) > 1:
		return fmt.Sprintf("%s with %d timers", t.Status, len(t.Timers))
	}
	for _, f := range t.Timers {
		may := false
		for _, k := range mayRun[t.Status] {
			may = may || k == f.Kind
		}
		if !may || f.Kind == TimerAbandon && t.Assignee != "" || f.Kind == TimerLease && t.Assignee == "" {
			return fmt.Sprintf("%s runs while %s", f.Kind, t.Status)
		}
		key := Timer{Kind: f.Kind, Epoch: f.Epoch}
		if due, ok := w.due[key]; ok && !due.Equal(f.DueAt) {
			return fmt.Sprintf("epoch %d of %s is used for another time", f.Epoch, f.Kind)
		}
		w.due[key] = f.DueAt
	}
	return ""
}

// probe tries what must do nothing, or must not do something, and leaves the
// ticket as it is.
func (w *walker) probe() string {
	for key, due := range w.due { // every timer that ever ran
		f := Timer{Kind: key.Kind, Epoch: key.Epoch, DueAt: due}
		set, ok := w.t.Timer(f.Kind)
		at := due.Add(1000 * time.Hour)
		if ok && set.Epoch == f.Epoch {
			at = due.Add(-time.Microsecond)
		}
		if next, events, err := w.t.Fire(f, at, w.policy); err != nil || len(events) > 0 || next.Version != w.t.Version {
			return fmt.Sprintf("the stale or early timer %v does something: %v", f, events)
		}
	}
	closed, ok := w.all[len(w.all)-1].(TicketClosed)
	if !ok || w.policy.Reopen != ReopenSame {
		return ""
	}
	var until time.Time
	switch closed.Reason {
	case CloseHeld:
		until = w.t.Cycle().ResolvedAt.Add(w.policy.hold() + w.policy.Grace)
	case CloseNoReply, CloseAbandoned:
		until = closed.At.Add(w.policy.Grace)
	default:
		return ""
	}
	w.seen["raced"]++
	for _, at := range []time.Time{until.Add(-time.Microsecond), until.Add(-w.policy.Grace), until} {
		next, _, follow, err := w.t.Receive(Arrival{N: w.t.Entries + 1, Class: ClassMessage, At: at}, w.policy)
		if late := !at.Before(until); err != nil || follow != late || late != (next.Status == StatusClosed) {
			return fmt.Sprintf("a message at %v, with time until %v: follow=%t, %s", at, until, follow, next.Status)
		}
	}
	return ""
}

// replayed returns what is wrong with the events of the present ticket.
func (w *walker) replayed() string {
	again := Replay(w.all, w.policy)
	again.Version = w.t.Version // counts changes, not events
	if !reflect.DeepEqual(again, w.t) {
		return fmt.Sprintf("replaying its events rebuilds another ticket:\n%+v\n%+v", w.t, again)
	}
	return ""
}

// walk returns the first thing that is wrong, after the log of what led there.
func (w *walker) walk(steps int) string {
	for n := range steps {
		bad := w.step()
		if bad == "" && (n%4 == 0 || steps < 1000) {
			bad = w.replayed()
		}
		if bad != "" {
			return fmt.Sprintf("%s\n%+v\n%s", strings.Join(w.log, "\n"), w.t, bad)
		}
	}
	return ""
}

func TestRandomWalk(t *testing.T) {
	for name, x := range map[string]struct {
		policy Policy
		never  []string // what cannot come about under it
	}{
		"ticket":       {ticketly, []string{"resolved/inactivity", "resolved/customer", "closed/inactivity", "closed/customer"}},
		"conversation": {chatty, []string{"resolved/agent", "resolved/inactivity", "resolved/customer", "closed/no_reply", "closed/customer", "ticket_reopened", "raced"}},
		"timed":        {timed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWalker(rand.New(rand.NewPCG(1, 2)).IntN, x.policy)
			require.Empty(t, w.walk(100_000))
			for _, what := range []string{
				"new/", "open/", "pending/", "on_hold/", "resolved/agent", "resolved/inactivity", "resolved/customer", "closed/agent", "closed/inactivity",
				"closed/customer", "closed/no_reply", "closed/spam", "closed/merged", "closed/blocked", "closed/abandoned", "closed/erased",
				"message_received", "reply_written", "reply_accepted", "reply_moved", "note_added", "ticket_read", "ticket_assigned", "ticket_queued",
				"ticket_moved", "ticket_reopened", "ticket_resolved", "ticket_closed", "ticket_marked", "follow", "raced", "refused",
			} {
				never := false
				for _, n := range x.never {
					never = never || n == what
				}
				require.Equal(t, !never, w.seen[what] > 0, what)
			}
		})
	}
}

func TestInvariants(t *testing.T) { rapid.Check(t, sequence) }

func FuzzTicket(f *testing.F) { f.Fuzz(rapid.MakeFuzz(sequence)) }

func sequence(t *rapid.T) {
	draw := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
	p := one(draw, ticketly, chatty, timed)
	if bad := newWalker(draw, p).walk(80); bad != "" {
		t.Fatal(bad)
	}
}
