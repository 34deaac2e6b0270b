package routing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Agents a (who has or is offered the ticket, if anybody is) and b are available members
// of the push queue q; c is a member with no room, d of another queue. Each row is a state of ticket t
// and a command; then the state after it and what happened, or the refusal.
const transitions = `
(unknown)  enqueue              -> offered a   Queued Offered
(unknown)  enqueue otherwise    -> offered a   Queued Offered
(unknown)  adopt by b           -> assigned b  Adopted
(unknown)  remove               -> (unknown)
(unknown)  claim by b           !! there is no such queue, agent or ticket in routing
(unknown)  claim by c           !! there is no such queue, agent or ticket in routing
(unknown)  claim by d           !! there is no such queue, agent or ticket in routing
(unknown)  assign to b          !! there is no such queue, agent or ticket in routing
(unknown)  assign to c          !! there is no such queue, agent or ticket in routing
(unknown)  force to c           !! there is no such queue, agent or ticket in routing
(unknown)  accept by a          !! the offer has ended
(unknown)  accept by b          !! the offer has ended
(unknown)  reject by a          !! the offer has ended
(unknown)  tick at the deadline -> (unknown)
(unknown)  a leaves             -> (unknown)
(unknown)  a is removed         -> (unknown)
(unknown)  q closes             -> (unknown)
(unknown)  q opens              -> (unknown)
queued     enqueue              -> queued
queued     enqueue otherwise    -> queued      Queued
queued     adopt by b           -> assigned b  Adopted
queued     remove               -> (unknown)   Removed
queued     claim by b           -> assigned b  Assigned
queued     claim by c           !! the agent has no capacity left
queued     claim by d           !! the agent may not have this ticket
queued     assign to b          -> assigned b  Assigned
queued     assign to c          !! the agent has no capacity left
queued     force to c           -> assigned c  Assigned
queued     accept by a          !! the offer has ended
queued     accept by b          !! the offer has ended
queued     reject by a          !! the offer has ended
queued     tick at the deadline -> queued
queued     a leaves             -> queued
queued     a is removed         -> queued
queued     q closes             -> parked      Parked
queued     q opens              -> queued
parked     enqueue              -> parked
parked     enqueue otherwise    -> parked      Parked
parked     adopt by b           -> assigned b  Adopted
parked     remove               -> (unknown)   Removed
parked     claim by b           !! the agent may not have this ticket
parked     claim by c           !! the agent may not have this ticket
parked     claim by d           !! the agent may not have this ticket
parked     assign to b          -> assigned b  Assigned
parked     assign to c          !! the agent has no capacity left
parked     force to c           -> assigned c  Assigned
parked     accept by a          !! the offer has ended
parked     accept by b          !! the offer has ended
parked     reject by a          !! the offer has ended
parked     tick at the deadline -> parked
parked     a leaves             -> parked
parked     a is removed         -> parked
parked     q closes             -> parked
parked     q opens              -> offered a   Queued Offered
offered    enqueue              -> offered a
offered    enqueue otherwise    -> offered a   OfferEnded:rescinded Queued Offered
offered    adopt by b           -> assigned b  OfferEnded:rescinded Adopted
offered    remove               -> (unknown)   OfferEnded:rescinded Removed
offered    claim by b           !! the ticket is already with another agent
offered    claim by c           !! the ticket is already with another agent
offered    claim by d           !! the ticket is already with another agent
offered    assign to b          -> assigned b  OfferEnded:rescinded Assigned
offered    assign to c          !! the agent has no capacity left
offered    force to c           -> assigned c  OfferEnded:rescinded Assigned
offered    accept by a          -> assigned a  OfferEnded:accepted Assigned
offered    accept by b          !! the offer has ended
offered    reject by a          -> offered b   OfferEnded:rejected Offered
offered    tick at the deadline -> offered b   OfferEnded:timeout NotResponding Offered
offered    a leaves             -> offered b   OfferEnded:rescinded Offered
offered    a is removed         -> offered b   OfferEnded:rescinded Offered
offered    q closes             -> offered a
offered    q opens              -> offered a
assigned   enqueue              -> offered a   Queued Offered
assigned   enqueue otherwise    -> offered a   Queued Offered
assigned   adopt by b           -> assigned b  Adopted
assigned   remove               -> (unknown)   Removed
assigned   claim by b           !! the ticket is already with another agent
assigned   claim by c           !! the ticket is already with another agent
assigned   claim by d           !! the ticket is already with another agent
assigned   assign to b          -> assigned b  Assigned
assigned   assign to c          !! the agent has no capacity left
assigned   force to c           -> assigned c  Assigned
assigned   accept by a          !! the offer has ended
assigned   accept by b          !! the offer has ended
assigned   reject by a          !! the offer has ended
assigned   tick at the deadline -> assigned a
assigned   a leaves             -> assigned a
assigned   a is removed         -> assigned a
assigned   q closes             -> assigned a
assigned   q opens              -> assigned a
`

func TestTransitions(t *testing.T) {
	var out strings.Builder
	for _, s := range []string{"(unknown)", "queued", "parked", "offered", "assigned"} {
		for _, c := range tableCommands() {
			d := inState(t, s)
			if c.name == "tick at the deadline" {
				d.now = d.now.Add(20 * time.Second)
			}
			before := digest(d.e)
			events, err := d.e.Apply(d.now, c.cmd)
			line := fmt.Sprintf("%-10s %-20s ", s, c.name)
			if err != nil {
				require.Equal(t, before, digest(d.e), line)
				kind, _, _ := strings.Cut(err.Error(), ":")
				fmt.Fprintln(&out, line+"!! "+kind)
				continue
			}
			state, with := d.e.State("t")
			if state == "" {
				state = "(unknown)"
			}
			line += fmt.Sprintf("-> %-11s", strings.TrimSpace(fmt.Sprint(state, " ", with)))
			for _, ev := range events {
				line += " " + strings.TrimPrefix(fmt.Sprintf("%T", ev), "routing.")
				if end, ok := ev.(OfferEnded); ok {
					line += ":" + string(end.Reason)
				}
			}
			fmt.Fprintln(&out, strings.TrimSpace(line))
		}
	}
	t.Log("\n" + out.String())
	require.Equal(t, strings.TrimSpace(transitions), strings.TrimSpace(out.String()))
}

type tableCommand struct {
	name string
	cmd  Command
}

func tableCommands() []tableCommand {
	return []tableCommand{
		{"enqueue", Enqueue{Ticket: Ticket{ID: "t", Queue: "q", Since: epoch}}},
		{"enqueue otherwise", Enqueue{Ticket: Ticket{ID: "t", Queue: "q", Since: epoch, Weight: 2}}},
		{"adopt by b", Adopt{Ticket: "t", Agent: "b"}},
		{"remove", Remove{Ticket: "t"}},
		{"claim by b", Claim{Agent: "b", Ticket: "t"}},
		{"claim by c", Claim{Agent: "c", Ticket: "t"}},
		{"claim by d", Claim{Agent: "d", Ticket: "t"}},
		{"assign to b", Assign{Agent: "b", Ticket: "t"}},
		{"assign to c", Assign{Agent: "c", Ticket: "t"}},
		{"force to c", Assign{Agent: "c", Ticket: "t", Force: true}},
		{"accept by a", Accept{"a", 1}},
		{"accept by b", Accept{"b", 1}},
		{"reject by a", Reject{"a", 1}},
		{"tick at the deadline", Tick{}},
		{"a leaves", SetAvailable{Agent: "a"}},
		{"a is removed", RemoveAgent{"a"}},
		{"q closes", PutQueue{Queue{ID: "q", Mode: Push, Closed: true}}},
		{"q opens", PutQueue{Queue{ID: "q", Mode: Push}}},
	}
}

// inState returns a desk whose ticket t is in a state, as the table describes it.
func inState(t *testing.T, s string) *desk {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Mode: Push, Closed: s == "parked"}}, PutQueue{Queue{ID: "other"}})
	d.do(on("a", 5, nil)...)
	d.do(on("b", 5, nil)...)
	d.do(on("c", 1, nil)...)
	d.do(PutAgent{Agent{ID: "d", Max: 5, Queues: []Member{{"other", 1}}}}, SetAvailable{Agent: "d", Available: true},
		Adopt{Ticket: "full", Agent: "c"})
	ticket := Ticket{ID: "t", Queue: "q", Since: epoch}
	switch s {
	case "queued": // a and b declined, and then cooled down
		d.do(Enqueue{Ticket: ticket}, Reject{"a", 1}, Reject{"b", 2})
		d.wait(15 * time.Second)
	case "parked", "offered":
		d.do(Enqueue{Ticket: ticket})
	case "assigned":
		d.do(Enqueue{Ticket: ticket}, Accept{"a", 1})
	}
	want := State(s)
	if s == "(unknown)" {
		want = ""
	}
	d.is("t", want, map[string]AgentID{"offered": "a", "assigned": "a"}[s])
	return d
}
