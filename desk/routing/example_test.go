package routing_test

import (
	"fmt"
	"time"

	"github.com/tandem-cc/tandem/desk/routing"
)

func Example() {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	e := routing.New(routing.Config{})
	for _, c := range []routing.Command{
		routing.PutQueue{Queue: routing.Queue{ID: "support"}},
		routing.PutAgent{Agent: routing.Agent{ID: "mei", Max: 5, Skills: map[routing.Skill]int{"billing": 3}, Queues: []routing.Member{{Queue: "support", Priority: 1}}}},
		routing.SetAvailable{Agent: "mei", Available: true},
		routing.Enqueue{Ticket: routing.Ticket{ID: "t1", Queue: "support", Steps: []routing.Step{{Needs: []routing.Need{{Skill: "billing", Min: 2}}}}}},
	} {
		events, err := e.Apply(now, c)
		for _, ev := range events {
			if a, ok := ev.(routing.Assigned); ok {
				fmt.Println(a.Ticket, "goes to", a.Agent, "at level", a.Why.Level, err)
			}
		}
	}
	// Output: t1 goes to mei at level 3 <nil>
}
