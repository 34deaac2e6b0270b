package desk

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

var (
	noon     = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	ticketly = PresetTicket()
	chatty   = PresetConversation()
	// timed has everything on that both presets have off.
	timed = Policy{
		InactivityAfter: 24 * time.Hour, LeaseAfter: 10 * time.Minute, AbandonAfter: 30 * time.Minute,
		HoldThrough: true, GratitudeCloses: true,
	}.WithDefaults()
)

// Everything that can happen meets tickets wherever they can stand. The tables
// are the specification. Across are the tickets: by status, "answered" if open and
// the last word is ours, "(nil)" if nobody has it, closed ones by why they closed,
// "held" being those that were resolved. In a cell is what follows: the status,
// "*" if it begins a cycle, "/" and the reason of a finished one, ":" and the
// assignee if it is another or nobody, ">" and the queue if it is another.
// "follow" says that the message begins a linked new ticket. "+" is recorded and
// moves nothing, "." changes nothing at all, "!" is a [TransitionError] and
// "taken" a [TakenError].
const ticketMoves = `
                         new                 open(nil)           answered(nil)       open            answered        pending          pending(nil)        on_hold         resolved       held           no_reply       spam           merged         blocked        abandoned      erased
message                  +                   +                   +                   +               +               open             open                open            open*          open*          open*          follow         follow         follow         open*          follow
message, agent gone      +                   +                   +                   +               +               open:            open                open:           open*:         open*:         open*:         follow         follow         follow         open*          follow
message, 2 days later    +                   +                   +                   +               +               open             open                open            closed+follow  follow         follow         follow         follow         follow         follow         follow
gratitude                +                   +                   +                   +               +               open             open                open            +              +              +              +              +              +              +              +
gratitude, 2 days later  +                   +                   +                   +               +               open             open                open            +              follow         follow         follow         follow         follow         follow         follow
machine                  +                   +                   +                   +               +               +                +                   +               +              +              +              +              +              +              +              +
machine, 2 days later    +                   +                   +                   +               +               +                +                   +               +              +              +              +              +              +              +              +
blocked                  +                   +                   +                   +               +               +                +                   +               +              +              +              +              +              +              +              +
duplicate                .                   .                   .                   .               .               .                .                   .               .              .              .              .              .              .              .              .
routed to bob            open:bob            :bob                :bob                taken           taken           taken            !                   taken           !              !              !              !              !              !              !              !
claimed by bob           open:bob            :bob                :bob                taken           taken           taken            !                   taken           !              !              !              !              !              !              !              !
claimed by ann           open:ann            :ann                :ann                .               .               !                !                   !               !              !              !              !              !              !              !              !
bob replies: claims      open:bob            :bob                :bob                taken           taken           taken            !                   taken           !              !              !              !              !              !              !              !
supervisor: to bob       open:bob            :bob                :bob                :bob            :bob            open:bob         open:bob            open:bob        !              !              !              !              !              !              !              !
transfer to bob          open:bob            :bob                :bob                :bob            :bob            open:bob         open:bob            open:bob        !              !              !              !              !              !              !              !
supervisor: to ann       open:ann            :ann                :ann                .               .               open             open:ann            open            !              !              !              !              !              !              !              !
transfer to queue        >q2                 >q2                 >q2                 :>q2            :>q2            open:>q2         open>q2             open:>q2        !              !              !              !              !              !              !              !
transfer to own queue    .                   .                   .                   :               :               open:            open                open:           !              !              !              !              !              !              !              !
overflow                 >q2                 >q2                 >q2                 !               !               !                !                   !               !              !              !              !              !              !              !              !
agent lost               !                   !                   !                   :               :               !                !                   !               !              !              !              !              !              !              !              !
reply                    !                   +                   +                   +               +               +                +                   +               +              !              !              !              !              !              !              !
reply accepted           +                   +                   +                   +               +               +                +                   open            +              +              +              +              +              +              +              +
note                     +                   +                   +                   +               +               +                +                   +               +              +              +              +              +              +              +              !
read by ann              .                   .                   .                   +               .               .                .                   .               .              .              .              +              +              .              .              .
read by eve              .                   .                   .                   .               .               .                .                   .               .              .              .              .              .              .              .              .
mark                     +                   +                   +                   +               +               +                +                   +               +              +              +              +              +              +              +              +
pending                  !                   pending             pending             pending         pending         .                .                   pending         !              !              !              !              !              !              !              !
on hold                  !                   on_hold             on_hold             on_hold         on_hold         on_hold          on_hold             .               !              !              !              !              !              !              !              !
open                     !                   .                   .                   .               .               open             open                open            !              !              !              !              !              !              !              !
resolve                  resolved/agent:eve  resolved/agent:eve  resolved/agent:eve  resolved/agent  resolved/agent  resolved/agent   resolved/agent:eve  resolved/agent  .              !              !              !              !              !              !              !
reopen                   !                   .                   .                   .               .               !                !                   !               open*          !              !              !              !              !              !              !
spam                     closed/spam         closed/spam         closed/spam         closed/spam     closed/spam     closed/spam      closed/spam         closed/spam     !              !              !              !              !              !              !              !
merge                    closed/merged       closed/merged       closed/merged       closed/merged   closed/merged   closed/merged    closed/merged       closed/merged   !              !              !              !              !              !              !              !
abandon                  closed/abandoned    closed/abandoned    !                   !               !               !                !                   !               !              !              !              !              !              !              !              !
erase                    !                   !                   !                   !               !               !                !                   !               !              closed/erased  closed/erased  closed/erased  closed/erased  closed/erased  closed/erased  .
resolved timer           .                   .                   .                   .               .               .                .                   .               closed         .              .              .              .              .              .              .
pending timer            .                   .                   .                   .               .               closed/no_reply  closed/no_reply     .               .              .              .              .              .              .              .              .
inactivity timer         .                   .                   .                   .               .               .                .                   .               .              .              .              .              .              .              .              .
lease timer              .                   .                   .                   .               .               .                .                   .               .              .              .              .              .              .              .              .
abandon timer            .                   .                   .                   .               .               .                .                   .               .              .              .              .              .              .              .              .
stale timer              .                   .                   .                   .               .               .                .                   .               .              .              .              .              .              .              .              .
timer of the future      .                   .                   .                   .               .               .                .                   .               .              .              .              .              .              .              .              .
early timer              .                   .                   .                   .               .               .                .                   .               .              .              .              .              .              .              .              .
`

const conversationMoves = `
                         new               open(nil)         answered(nil)      open           answered           pending        pending(nil)      on_hold        resolved       held           no_reply       spam           merged         blocked        abandoned      erased
message                  +                 +                 +                  +              +                  open           open              open           closed+follow  follow         follow         follow         follow         follow         follow         follow
message, agent gone      +                 +                 +                  +              +                  open:          open              open:          closed+follow  follow         follow         follow         follow         follow         follow         follow
message, 2 days later    +                 +                 +                  +              +                  open           open              open           closed+follow  follow         follow         follow         follow         follow         follow         follow
gratitude                +                 +                 +                  +              +                  open           open              open           +              +              +              +              +              +              +              +
gratitude, 2 days later  +                 +                 +                  +              +                  open           open              open           +              follow         follow         follow         follow         follow         follow         follow
machine                  +                 +                 +                  +              +                  +              +                 +              +              +              +              +              +              +              +              +
machine, 2 days later    +                 +                 +                  +              +                  +              +                 +              +              +              +              +              +              +              +              +
blocked                  +                 +                 +                  +              +                  +              +                 +              +              +              +              +              +              +              +              +
duplicate                .                 .                 .                  .              .                  .              .                 .              .              .              .              .              .              .              .              .
routed to bob            open:bob          :bob              :bob               taken          taken              taken          !                 taken          !              !              !              !              !              !              !              !
claimed by bob           open:bob          :bob              :bob               taken          taken              taken          !                 taken          !              !              !              !              !              !              !              !
claimed by ann           open:ann          :ann              :ann               .              .                  !              !                 !              !              !              !              !              !              !              !              !
bob replies: claims      open:bob          :bob              :bob               taken          taken              taken          !                 taken          !              !              !              !              !              !              !              !
supervisor: to bob       open:bob          :bob              :bob               :bob           :bob               open:bob       open:bob          open:bob       !              !              !              !              !              !              !              !
transfer to bob          open:bob          :bob              :bob               :bob           :bob               open:bob       open:bob          open:bob       !              !              !              !              !              !              !              !
supervisor: to ann       open:ann          :ann              :ann               .              .                  open           open:ann          open           !              !              !              !              !              !              !              !
transfer to queue        >q2               >q2               >q2                :>q2           :>q2               open:>q2       open>q2           open:>q2       !              !              !              !              !              !              !              !
transfer to own queue    .                 .                 .                  :              :                  open:          open              open:          !              !              !              !              !              !              !              !
overflow                 >q2               >q2               >q2                !              !                  !              !                 !              !              !              !              !              !              !              !              !
agent lost               !                 !                 !                  :              :                  !              !                 !              !              !              !              !              !              !              !              !
reply                    !                 +                 +                  +              +                  +              +                 +              +              !              !              !              !              !              !              !
reply accepted           +                 +                 +                  +              +                  +              +                 open           +              +              +              +              +              +              +              +
note                     +                 +                 +                  +              +                  +              +                 +              +              +              +              +              +              +              +              !
read by ann              .                 .                 .                  +              .                  .              .                 .              .              .              .              +              +              .              .              .
read by eve              .                 .                 .                  .              .                  .              .                 .              .              .              .              .              .              .              .              .
mark                     +                 +                 +                  +              +                  +              +                 +              +              +              +              +              +              +              +              +
pending                  !                 pending           pending            pending        pending            .              .                 pending        !              !              !              !              !              !              !              !
on hold                  !                 on_hold           on_hold            on_hold        on_hold            on_hold        on_hold           .              !              !              !              !              !              !              !              !
open                     !                 .                 .                  .              .                  open           open              open           !              !              !              !              !              !              !              !
resolve                  closed/agent:eve  closed/agent:eve  closed/agent:eve   closed/agent   closed/agent       closed/agent   closed/agent:eve  closed/agent   .              !              !              !              !              !              !              !
reopen                   !                 .                 .                  .              .                  !              !                 !              open*          !              !              !              !              !              !              !
spam                     closed/spam       closed/spam       closed/spam        closed/spam    closed/spam        closed/spam    closed/spam       closed/spam    !              !              !              !              !              !              !              !
merge                    closed/merged     closed/merged     closed/merged      closed/merged  closed/merged      closed/merged  closed/merged     closed/merged  !              !              !              !              !              !              !              !
abandon                  closed/abandoned  closed/abandoned  !                  !              !                  !              !                 !              !              !              !              !              !              !              !              !
erase                    !                 !                 !                  !              !                  !              !                 !              !              closed/erased  closed/erased  closed/erased  closed/erased  closed/erased  closed/erased  .
resolved timer           .                 .                 .                  .              .                  .              .                 .              closed         .              .              .              .              .              .              .
pending timer            .                 .                 .                  .              .                  .              .                 .              .              .              .              .              .              .              .              .
inactivity timer         .                 .                 closed/inactivity  .              closed/inactivity  .              .                 .              .              .              .              .              .              .              .              .
lease timer              .                 .                 .                  .              .                  .              .                 .              .              .              .              .              .              .              .              .
abandon timer            .                 .                 .                  .              .                  .              .                 .              .              .              .              .              .              .              .              .
stale timer              .                 .                 .                  .              .                  .              .                 .              .              .              .              .              .              .              .              .
timer of the future      .                 .                 .                  .              .                  .              .                 .              .              .              .              .              .              .              .              .
early timer              .                 .                 .                  .              .                  .              .                 .              .              .              .              .              .              .              .              .
`

// With lease, abandonment, inactivity, thanks that resolve, and tickets that
// stay on hold when the customer writes.
const timedMoves = `
                         new                 open(nil)           answered(nil)        open            answered             pending            pending(nil)        on_hold         resolved       held           no_reply       spam           merged         blocked        abandoned      erased
message                  +                   +                   +                    +               +                    open               open                +               open*          open*          open*          follow         follow         follow         open*          follow
message, agent gone      +                   +                   +                    +               +                    open:              open                +               open*:         open*:         open*:         follow         follow         follow         open*          follow
gratitude                +                   +                   resolved/customer    +               resolved/customer    resolved/customer  open                +               +              +              +              +              +              +              +              +
machine                  +                   +                   +                    +               +                    +                  +                   +               +              +              +              +              +              +              +              +
agent lost               !                   !                   !                    :               :                    !                  !                   !               !              !              !              !              !              !              !              !
reply accepted           +                   +                   +                    +               +                    +                  +                   open            +              +              +              +              +              +              +              +
inactivity timer         .                   .                   resolved/inactivity  .               resolved/inactivity  .                  .                   .               .              .              .              .              .              .              .              .
lease timer              .                   .                   .                    :               .                    .                  .                   .               .              .              .              .              .              .              .              .
abandon timer            closed/abandoned    closed/abandoned    .                    .               .                    .                  .                   .               .              .              .              .              .              .              .              .
stale timer              .                   .                   .                    .               .                    .                  .                   .               .              .              .              .              .              .              .              .
timer of the future      .                   .                   .                    .               .                    .                  .                   .               .              .              .              .              .              .              .              .
early timer              .                   .                   .                    .               .                    .                  .                   .               .              .              .              .              .              .              .              .
`

func TestMoves(t *testing.T) {
	for name, x := range map[string]struct {
		policy Policy
		want   string
	}{"ticket": {ticketly, ticketMoves}, "conversation": {chatty, conversationMoves}, "timed": {timed, timedMoves}} {
		t.Run(name, func(t *testing.T) {
			got := moves(x.policy, func(what string) bool { return strings.Contains(x.want, "\n"+what+"  ") })
			require.Equal(t, squeeze(x.want), squeeze("\n"+got))
		})
	}
	for _, h := range happenings() {
		for _, spec := range []string{ticketMoves, conversationMoves} {
			require.Contains(t, spec, "\n"+h.name+"  ", "the specification says what comes of everything")
		}
	}
}

// A rule is what happens to a ticket, at a time, under a policy.
type rule func(t Ticket, at time.Time, p Policy) (next Ticket, events []TicketEvent, follow bool, err error)

// quiet makes a rule of one that never begins another ticket.
func quiet(r func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error)) rule {
	return func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, bool, error) {
		next, events, err := r(t, at, p)
		return next, events, false, err
	}
}

func inbound(c Class, available bool, after time.Duration) rule {
	return func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, bool, error) {
		return t.Receive(Arrival{N: t.Entries + 1, Class: c, At: at.Add(after), Available: available}, p)
	}
}

func assign(to account.UserID, why Reason) rule {
	by := account.UserID("eve")
	switch why {
	case ByRouting:
		by = ""
	case ByClaim, ByReply:
		by = to
	}
	return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Assign(TicketAssigned{On: On{At: at}, To: to, ToName: strings.ToUpper(string(to)), By: by, Reason: why}, p)
	})
}

func enqueue(to QueueID, why Reason) rule {
	return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Enqueue(TicketQueued{On: On{At: at}, Queue: to, Reason: why}, p)
	})
}

func set(s Status) rule {
	return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Move(TicketMoved{On: On{At: at}, Status: s, By: "ann"}, p)
	})
}

func resolve(by account.UserID) rule {
	return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Resolve(TicketResolved{On: On{At: at}, By: by}, p)
	})
}

func shut(why CloseReason, into TicketID) rule {
	return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Close(TicketClosed{On: On{At: at}, By: "ann", Reason: why, Into: into}, p)
	})
}

func read(by account.UserID) rule {
	return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) { return t.Read(by, at, p) })
}

var (
	write = quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Write(t.Entries+1, "ann", at, p)
	})
	accepted = quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Accept(t.Entries, "ann", at, p)
	})
	reopen = quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Reopen("ann", "ANN", at, p)
	})
	abandon = quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) { return t.Abandon(at, p) })
	erase   = quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) { return t.Erase("eve", at, p) })
	remark  = quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Remark(t.Entries+1, "bob", at, p)
	})
	mark = quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		return t.Mark(TicketMarked{On: On{At: at}, Tags: []string{"vip"}, By: "bob"}, p)
	})
	message = inbound(ClassMessage, true, 0)
	lost    = enqueue("", ByLost)
	// overdue fires whatever timer is set, when it is due, or now if it was.
	overdue = quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		if len(t.Timers) == 0 {
			return t, nil, nil
		}
		return t.Fire(t.Timers[0], later(at, t.Timers[0].DueAt), p)
	})
)

// timer fires the timer of a kind when it is due, or would be if it were set.
func timer(k TimerKind) rule {
	return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		f, ok := t.Timer(k)
		if !ok {
			f = Timer{Kind: k, DueAt: at.Add(100 * time.Hour), Epoch: t.Epochs}
		}
		return t.Fire(f, f.DueAt, p)
	})
}

// amiss fires every timer as it is not set: of another epoch, or too early.
func amiss(epochs int, early time.Duration) rule {
	return quiet(func(t Ticket, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
		for _, k := range []TimerKind{TimerResolved, TimerPending, TimerInactivity, TimerLease, TimerAbandon} {
			f, ok := t.Timer(k)
			if !ok {
				f = Timer{Kind: k, DueAt: at}
			}
			f.Epoch += epochs
			if next, events, err := t.Fire(f, f.DueAt.Add(-early), p); err != nil || len(events) > 0 {
				return next, events, err
			}
		}
		return t, nil, nil
	})
}

type named struct {
	name string
	rule rule
}

func happenings() []named {
	const day = 24 * time.Hour
	return []named{
		{"message", message},
		{"message, agent gone", inbound(ClassMessage, false, 0)},
		{"message, 2 days later", inbound(ClassMessage, true, 2*day)},
		{"gratitude", inbound(ClassGratitude, true, 0)},
		{"gratitude, 2 days later", inbound(ClassGratitude, true, 2*day)},
		{"machine", inbound(ClassMachine, true, 0)},
		{"machine, 2 days later", inbound(ClassMachine, true, 2*day)},
		{"blocked", inbound(ClassBlocked, true, 0)},
		{"duplicate", inbound(ClassDuplicate, false, 0)},
		{"routed to bob", assign("bob", ByRouting)},
		{"claimed by bob", assign("bob", ByClaim)},
		{"claimed by ann", assign("ann", ByClaim)},
		{"bob replies: claims", assign("bob", ByReply)},
		{"supervisor: to bob", assign("bob", BySupervisor)},
		{"transfer to bob", assign("bob", ByTransfer)},
		{"supervisor: to ann", assign("ann", BySupervisor)},
		{"transfer to queue", enqueue("q2", ByTransfer)},
		{"transfer to own queue", enqueue("q1", ByTransfer)},
		{"overflow", enqueue("q2", ByOverflow)},
		{"agent lost", lost},
		{"reply", write},
		{"reply accepted", accepted},
		{"note", remark},
		{"read by ann", read("ann")},
		{"read by eve", read("eve")},
		{"mark", mark},
		{"pending", set(StatusPending)},
		{"on hold", set(StatusOnHold)},
		{"open", set(StatusOpen)},
		{"resolve", resolve("eve")},
		{"reopen", reopen},
		{"spam", shut(CloseSpam, "")},
		{"merge", shut(CloseMerged, "t9")},
		{"abandon", abandon},
		{"erase", erase},
		{"resolved timer", timer(TimerResolved)},
		{"pending timer", timer(TimerPending)},
		{"inactivity timer", timer(TimerInactivity)},
		{"lease timer", timer(TimerLease)},
		{"abandon timer", timer(TimerAbandon)},
		{"stale timer", amiss(-1, 0)},
		{"timer of the future", amiss(1, 0)},
		{"early timer", amiss(0, time.Microsecond)},
	}
}

// arrive opens a ticket by a message of the class, at noon.
func arrive(c Class, p Policy) Ticket {
	t, _, err := Begin(opening(), Arrival{N: 1, Class: c, At: noon, Available: true}, p)
	if err != nil {
		panic(err)
	}
	return t
}

func opening() TicketOpened {
	return TicketOpened{On: On{Ticket: "t1", Thread: "w1 x", At: noon}, Number: 7, Contact: "c1", Line: "w1", Channel: KindWebChat, Queue: "q1", Units: 1}
}

// after carries out rules, a minute apart.
func after(t Ticket, p Policy, rules ...rule) Ticket {
	for _, r := range rules {
		next, _, _, err := r(t, t.UpdatedAt.Add(time.Minute), p)
		if err != nil {
			panic(err)
		}
		t = next
	}
	return t
}

// standings are the tickets that everything happens to, as tickets get there.
func standings() []struct {
	name string
	make func(Policy) Ticket
} {
	answered := func(p Policy) Ticket {
		return after(arrive(ClassMessage, p), p, assign("ann", ByRouting), write, accepted)
	}
	open := func(p Policy) Ticket { return after(arrive(ClassMessage, p), p, assign("ann", ByRouting)) }
	return []struct {
		name string
		make func(Policy) Ticket
	}{
		{"new", func(p Policy) Ticket { return arrive(ClassMessage, p) }},
		{"open(nil)", func(p Policy) Ticket { return after(open(p), p, lost) }},
		{"answered(nil)", func(p Policy) Ticket { return after(answered(p), p, lost) }},
		{"open", open},
		{"answered", answered},
		{"pending", func(p Policy) Ticket { return after(answered(p), p, set(StatusPending)) }},
		{"pending(nil)", func(p Policy) Ticket { return after(open(p), p, lost, set(StatusPending)) }},
		{"on_hold", func(p Policy) Ticket { return after(answered(p), p, set(StatusOnHold)) }},
		// Where the policy holds nothing, tickets come resolved from another queue's.
		{"resolved", func(p Policy) Ticket { return after(after(answered(p), ticketly, resolve("ann")), p, remark) }},
		{"held", func(p Policy) Ticket { return after(answered(p), p, resolve("ann"), overdue) }},
		{"no_reply", func(p Policy) Ticket { return after(answered(p), ticketly, set(StatusPending), overdue) }},
		{"spam", func(p Policy) Ticket { return after(open(p), p, shut(CloseSpam, "")) }},
		{"merged", func(p Policy) Ticket { return after(open(p), p, shut(CloseMerged, "t9")) }},
		{"blocked", func(p Policy) Ticket { return arrive(ClassBlocked, p) }},
		{"abandoned", func(p Policy) Ticket { return after(arrive(ClassMessage, p), p, abandon) }},
		{"erased", func(p Policy) Ticket { return after(answered(p), ticketly, resolve("ann"), overdue, erase) }},
	}
}

// moves tabulates what happenings make of tickets a second after they got there.
func moves(p Policy, which func(string) bool) string {
	rows := [][]string{{""}}
	for _, s := range standings() {
		rows[0] = append(rows[0], s.name)
	}
	for _, h := range happenings() {
		if !which(h.name) {
			continue
		}
		row := []string{h.name}
		for _, s := range standings() {
			row = append(row, cell(s.make(p), h.rule, p))
		}
		rows = append(rows, row)
	}
	return table(rows)
}

func cell(t Ticket, r rule, p Policy) string {
	next, events, follow, err := r(t, t.UpdatedAt.Add(time.Second), p)
	out := ""
	switch {
	case errors.As(err, new(TakenError)):
		return "taken"
	case errors.As(err, new(TransitionError)):
		return "!"
	case err != nil:
		return err.Error()
	case next.Status != t.Status || next.Reason != t.Reason || len(next.Cycles) > len(t.Cycles):
		out = string(next.Status)
	}
	if len(next.Cycles) > len(t.Cycles) {
		out += "*"
	}
	if next.Status.Finished() && next.Reason != t.Reason {
		out += "/" + string(next.Reason)
	}
	if next.Assignee != t.Assignee {
		out += ":" + string(next.Assignee)
	}
	if next.Queue != t.Queue {
		out += ">" + string(next.Queue)
	}
	switch {
	case follow && out == "":
		return "follow"
	case follow:
		return out + "+follow"
	case out == "" && len(events) > 0:
		return "+"
	case out == "":
		return "."
	}
	return out
}

// squeeze makes tables comparable that differ only in the width of columns.
func squeeze(table string) string {
	var b strings.Builder
	for line := range strings.Lines(table) {
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}

// table prints rows in columns.
func table(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for n, x := range r {
			width[n] = max(width[n], len(x))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		var line strings.Builder
		for n, x := range r {
			fmt.Fprintf(&line, "%-*s  ", width[n], x)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
