package vi

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	noon   = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	policy = Policy{}.WithDefaults()
)

// Every status of a call meets everything that can happen to it. The table is
// the specification: the status that follows, with its end reason; "." where
// the call stays as it is; "!" where that is refused because the call's status
// forbids it, and "x" because the call is over.
const callMoves = `
              text sent     decline              redeem    agent in      customer in  media up   agent lost    customer lost  hold  unhold     agent hangs up       customer hangs up        offer    accept      reject   timer                   restart       fail                  chat  rate  knock
created       invited       declined/declined    waiting   .             !            .          .             .              !     !          cancelled/cancelled  declined/declined        !        !           !        expired/invite_expired  .             failed/engine_error   !     !     !
invited       .             declined/declined    waiting   .             !            .          .             .              !     !          cancelled/cancelled  declined/declined        !        !           !        expired/invite_expired  .             failed/engine_error   !     !     !
waiting       .             !                    !         connecting    .            .          .             .              !     !          cancelled/discarded  abandoned/customer_left  ringing  !           !        missed/waited_too_long  .             failed/engine_error   .     !     .
ringing       .             !                    !         !             !            .          .             .              !     !          cancelled/discarded  abandoned/customer_left  !        connecting  waiting  waiting                 .             failed/engine_error   .     !     .
connecting    .             !                    !         .             .            connected  .             .              !     !          cancelled/discarded  abandoned/customer_left  !        !           !        failed/media_failed     connecting    failed/engine_error   .     !     .
connected     .             !                    !         .             .            .          reconnecting  reconnecting   held  !          completed/hangup     completed/hangup         !        !           !        completed/max_duration  reconnecting  dropped/engine_error  .     !     .
reconnecting  .             !                    !         .             .            connected  .             .              !     !          completed/hangup     completed/hangup         !        !           !        dropped/customer_lost   reconnecting  dropped/engine_error  .     !     .
held          .             !                    !         .             .            .          reconnecting  reconnecting   !     connected  completed/hangup     completed/hangup         !        !           !        completed/max_duration  reconnecting  dropped/engine_error  .     !     .
completed     .             x                    x         x             x            .          .             .              x     x          x                    x                        x        x           x        !                       .             x                     x     .     x
cancelled     .             x                    x         x             x            .          .             .              x     x          x                    x                        x        x           x        !                       .             x                     x     !     x
expired       .             x                    x         x             x            .          .             .              x     x          x                    x                        x        x           x        !                       .             x                     x     !     x
declined      .             x                    x         x             x            .          .             .              x     x          x                    x                        x        x           x        !                       .             x                     x     !     x
missed        .             x                    x         x             x            .          .             .              x     x          x                    x                        x        x           x        !                       .             x                     x     !     x
abandoned     .             x                    x         x             x            .          .             .              x     x          x                    x                        x        x           x        !                       .             x                     x     !     x
failed        .             x                    x         x             x            .          .             .              x     x          x                    x                        x        x           x        !                       .             x                     x     !     x
dropped       .             x                    x         x             x            .          .             .              x     x          x                    x                        x        x           x        !                       .             x                     x     .     x
`

type happening struct {
	name string
	rule func(Call) (Call, []Event, error)
}

func happenings() []happening {
	at := noon.Add(time.Second)
	return []happening{
		{"text sent", func(c Call) (Call, []Event, error) {
			return c.Report(InviteMoved{Invite: "i1", Reported: InviteSent, At: at}, policy)
		}},
		{"decline", func(c Call) (Call, []Event, error) { return c.Decline(EndDeclined, at, policy) }},
		{"redeem", func(c Call) (Call, []Event, error) {
			return c.Redeem("t1", GuestWaiting{Name: "Lena", Device: "d9", At: at}, policy)
		}},
		{"agent in", func(c Call) (Call, []Event, error) { return c.Enter(SeatAgent, "ann", "Ann", at, policy) }},
		{"customer in", func(c Call) (Call, []Event, error) { return c.Enter(SeatCustomer, "", "Lena", at, policy) }},
		{"media up", func(c Call) (Call, []Event, error) { return c.MediaUp(SeatCustomer, at, policy) }},
		{"agent lost", func(c Call) (Call, []Event, error) { return c.Lose(SeatAgent, at, policy) }},
		{"customer lost", func(c Call) (Call, []Event, error) { return c.Lose(SeatCustomer, at, policy) }},
		{"hold", func(c Call) (Call, []Event, error) { return c.Hold(SeatCustomer, at, policy) }},
		{"unhold", func(c Call) (Call, []Event, error) { return c.Unhold(SeatCustomer, at, policy) }},
		{"agent hangs up", func(c Call) (Call, []Event, error) { return c.Hangup(SeatAgent, at, policy) }},
		{"customer hangs up", func(c Call) (Call, []Event, error) { return c.Hangup(SeatCustomer, at, policy) }},
		{"offer", func(c Call) (Call, []Event, error) { return c.Offer("ann", at, policy) }},
		{"accept", func(c Call) (Call, []Event, error) { return c.Accept("ann", "Ann", at, policy) }},
		{"reject", func(c Call) (Call, []Event, error) { return c.Reject(ByAgent, at, policy) }},
		{"timer", func(c Call) (Call, []Event, error) { return c.Expire(c.due(policy), policy) }},
		{"restart", func(c Call) (Call, []Event, error) { return c.Interrupt(at, policy) }},
		{"fail", func(c Call) (Call, []Event, error) { return c.Fail(EndEngineError, at, policy) }},
		{"chat", func(c Call) (Call, []Event, error) {
			return c.Write(Message{Op: "1", From: SeatAgent, Text: "hi", At: at}, policy)
		}},
		{"rate", func(c Call) (Call, []Event, error) {
			return c.Rate(Rating{Seat: SeatAgent, Stars: 5, At: at}, policy)
		}},
		{"knock", func(c Call) (Call, []Event, error) { return c.KnockAs(Knock{Device: "d2", At: at}, policy) }},
	}
}

// inStatus returns a call of the status as calls get there.
func inStatus(s Status) Call {
	c := Call{
		ID: "c1", Agent: "ann", Status: s, CreatedAt: noon, StageAt: noon, Version: 3,
		Invites: []Invite{{ID: "i1", Channel: ByText, Token: "t1", Status: InviteSent, SentAt: noon, ExpiresAt: noon.Add(15 * time.Minute)}},
	}
	legs := func(agent, customer LegStatus) {
		c.WaitingAt = noon
		c.Legs = []Leg{{Seat: SeatCustomer, Device: "d1", Status: customer, LostAt: noon}}
		if agent != "" {
			c.Legs = append(c.Legs, Leg{Seat: SeatAgent, User: "ann", Status: agent})
		}
	}
	switch s {
	case StatusCreated:
		c.Invites[0].Status, c.Invites[0].SentAt = InviteQueued, time.Time{}
	case StatusWaiting, StatusRinging:
		legs("", LegJoining)
	case StatusConnecting:
		legs(LegUp, LegJoining)
	case StatusConnected, StatusHeld:
		legs(LegUp, LegUp)
		c.AnsweredAt = noon
		if s == StatusHeld {
			c.HeldBy = SeatCustomer
		}
	case StatusReconnecting:
		legs(LegUp, LegLost)
		c.AnsweredAt = noon
	case StatusCompleted, StatusDropped:
		c.AnsweredAt, c.EndedAt = noon, noon
	}
	return c
}

func TestCallMoves(t *testing.T) {
	rows := [][]string{{""}}
	for _, h := range happenings() {
		rows[0] = append(rows[0], h.name)
	}
	for _, s := range Statuses() {
		row := []string{string(s)}
		for _, h := range happenings() {
			row = append(row, cell(inStatus(s), h.rule))
		}
		rows = append(rows, row)
	}
	require.Equal(t, squeeze(callMoves), squeeze("\n"+table(rows)))
}

// squeeze makes tables comparable that differ only in the width of columns.
func squeeze(table string) string {
	var b strings.Builder
	for line := range strings.Lines(table) {
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}

func cell(c Call, rule func(Call) (Call, []Event, error)) string {
	next, events, err := rule(c)
	switch {
	case err != nil && errors.Is(err, ErrGone):
		return "x"
	case err != nil:
		return "!"
	case next.Status == c.Status && !moves(events):
		return "."
	case next.EndReason != "":
		return fmt.Sprintf("%s/%s", next.Status, next.EndReason)
	default:
		return string(next.Status)
	}
}

func moves(events []Event) bool {
	for _, e := range events {
		if _, ok := e.(CallMoved); ok {
			return true
		}
	}
	return false
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

const legMovesTable = `
            new  permission  joining  up   degraded  lost  gone
new              yes         yes                     yes   yes
permission                   yes                     yes   yes
joining                               yes            yes   yes
up                           yes           yes       yes   yes
degraded                     yes      yes            yes   yes
lost                         yes      yes                  yes
gone
`

func TestLegMoves(t *testing.T) {
	rows := [][]string{{""}}
	for _, to := range LegStatuses() {
		rows[0] = append(rows[0], string(to))
	}
	for _, from := range LegStatuses() {
		row := []string{string(from)}
		for _, to := range LegStatuses() {
			row = append(row, map[bool]string{true: "yes"}[from.May(to)])
		}
		rows = append(rows, row)
	}
	require.Equal(t, strings.TrimPrefix(legMovesTable, "\n"), table(rows))
}

// Down: where the invitation is. Across: what is reported.
const inviteMovesTable = `
             queued       sent         undelivered  delivered  opened    redeemed  revoked  expired
queued       queued       sent         undelivered  delivered  opened    redeemed  revoked  expired
sent         sent         sent         undelivered  delivered  opened    redeemed  revoked  expired
undelivered  undelivered  undelivered  undelivered  delivered  opened    redeemed  revoked  expired
delivered    delivered    delivered    delivered    delivered  opened    redeemed  revoked  expired
opened       opened       opened       opened       opened     opened    redeemed  revoked  expired
redeemed     redeemed     redeemed     redeemed     redeemed   redeemed  redeemed  redeemed redeemed
revoked      revoked      revoked      revoked      revoked    revoked   revoked   revoked  revoked
expired      expired      expired      expired      expired    expired   expired   expired  expired
`

func TestInviteMoves(t *testing.T) {
	rows := [][]string{{""}}
	for _, to := range InviteStatuses() {
		rows[0] = append(rows[0], string(to))
	}
	for _, from := range InviteStatuses() {
		row := []string{string(from)}
		for _, report := range InviteStatuses() {
			row = append(row, string(from.After(report)))
		}
		rows = append(rows, row)
	}
	require.Equal(t, squeeze(inviteMovesTable), squeeze("\n"+table(rows)))
}

// Whatever the order of the reports of one text, and however often each comes,
// it ends in the same place.
func TestReportsInAnyOrder(t *testing.T) {
	reports := []InviteStatus{InviteSent, InviteUndelivered, InviteDelivered, InviteOpened}
	ends := map[InviteStatus]bool{}
	permute(reports, func(order []InviteStatus) {
		s := InviteQueued
		for _, r := range append(order, order...) {
			s = s.After(r)
		}
		ends[s] = true
	})
	require.Equal(t, map[InviteStatus]bool{InviteOpened: true}, ends)
}

func permute(a []InviteStatus, visit func([]InviteStatus)) {
	if len(a) == 0 {
		visit(nil)
		return
	}
	for n := range a {
		rest := append(append([]InviteStatus(nil), a[:n]...), a[n+1:]...)
		permute(rest, func(tail []InviteStatus) { visit(append([]InviteStatus{a[n]}, tail...)) })
	}
}
