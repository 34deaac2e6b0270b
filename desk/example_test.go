package desk_test

import (
	"fmt"
	"time"

	"github.com/tandem-cc/tandem/desk"
)

// A customer writes, an agent takes the ticket, answers and resolves it; the
// customer comes back within the hour.
func ExampleTicket() {
	policy := desk.PresetTicket()
	now := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	show := func(t desk.Ticket, _ []desk.TicketEvent, err error) desk.Ticket {
		fmt.Println(now.Format("15:04"), t.Status, t.State(), err)
		now = now.Add(5 * time.Minute)
		return t
	}

	t := show(desk.Begin(
		desk.TicketOpened{On: desk.On{Ticket: "t1", At: now}, Number: 1, Queue: "support"},
		desk.Arrival{N: 1, Class: desk.ClassMessage, At: now}, policy,
	))
	t = show(t.Assign(desk.TicketAssigned{On: desk.On{At: now}, To: "mei", By: "mei", Reason: desk.ByClaim}, policy))
	t = show(t.Accept(2, "mei", now, policy))
	t = show(t.Resolve(desk.TicketResolved{On: desk.On{At: now}, By: "mei"}, policy))
	due, _ := t.Timer(desk.TimerResolved)
	fmt.Println("closes at", due.DueAt.Format("15:04"))

	next, events, follow, err := t.Receive(desk.Arrival{N: 3, Class: desk.ClassMessage, At: now, Available: true}, policy)
	t = show(next, events, err)
	fmt.Println("follows:", follow, "cycle:", len(t.Cycles), "assignee:", t.Assignee)
	// Output:
	// 12:00 new unassigned <nil>
	// 12:05 open assigned <nil>
	// 12:10 open responded <nil>
	// 12:15 resolved closed <nil>
	// closes at 13:15
	// 12:20 open assigned <nil>
	// follows: false cycle: 2 assignee: mei
}
