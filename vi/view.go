package vi

import (
	"time"

	"github.com/tandem-cc/tandem/vi/wire"
)

// View returns the call as one seat's browser may see it. The customer does not
// see phone numbers, invitations, knocks, or what the agent rated.
func (s *Calls) View(c Call, to Seat) wire.Call {
	w := wire.Call{
		ID: string(c.ID), Reference: c.Reference, Status: string(c.Status), EndReason: string(c.EndReason), EndedBy: string(c.EndedBy),
		Agent: wire.Person{Name: c.AgentName}, Customer: c.Customer, Held: c.HeldBy != "", HeldBy: string(c.HeldBy),
		CreatedAt: c.CreatedAt, WaitingAt: maybeTime(c.WaitingAt), AnsweredAt: maybeTime(c.AnsweredAt), EndedAt: maybeTime(c.EndedAt),
		Talk: c.TalkAt(s.now()).Seconds(), Reconnects: c.Reconnects, Messages: c.Messages,
		Legs: []wire.Leg{}, Ratings: []wire.Rating{},
	}
	for _, seat := range c.LostSeats {
		w.Lost = append(w.Lost, string(seat))
	}
	for _, l := range c.Legs {
		leg := wire.Leg{
			Seat: string(l.Seat), Name: l.Name, Status: string(l.Status), Losses: l.Losses,
			JoinedAt: maybeTime(l.JoinedAt), UpAt: maybeTime(l.UpAt), LostAt: maybeTime(l.LostAt), LeftAt: maybeTime(l.LeftAt),
		}
		if to == SeatAgent {
			leg.Browser, leg.Permission = l.Browser, wire.Permission(l.Permission)
		}
		w.Legs = append(w.Legs, leg)
	}
	for _, r := range c.Ratings {
		if to == SeatAgent || r.Seat == to {
			w.Ratings = append(w.Ratings, wire.Rating{Seat: string(r.Seat), Stars: r.Stars, Comment: r.Comment, At: r.At})
		}
	}
	if to == SeatAgent {
		s.agentsOnly(&w, c)
	}
	return w
}

func (s *Calls) agentsOnly(w *wire.Call, c Call) {
	w.Agent.ID, w.Phone, w.Country, w.Previous = string(c.Agent), string(c.Phone), c.Phone.Country(), string(c.Previous)
	for _, i := range c.Invites {
		w.Invites = append(w.Invites, wire.Invite{
			ID: string(i.ID), Channel: string(i.Channel), Phone: string(i.Phone), Status: string(i.Status), Problem: i.Problem,
			CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, SentAt: maybeTime(i.SentAt), DeliveredAt: maybeTime(i.DeliveredAt),
			OpenedAt: maybeTime(i.OpenedAt), RedeemedAt: maybeTime(i.RedeemedAt),
		})
	}
	if k := c.Knock; k != nil {
		if k.Name == "" {
			k = &Knock{ID: k.ID, Name: "Somebody", Browser: k.Browser, At: k.At}
		}
		w.Knock = &wire.Knock{ID: k.ID, Name: k.Name, Browser: k.Browser, At: k.At}
	}
	if c.Status == StatusCreated || c.Status == StatusInvited {
		w.ResendAt = maybeTime(c.ResendAt(s.cfg.Policy))
	}
	w.DueAt = maybeTime(c.DueAt)
}

func maybeTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func viewMessage(m Message) wire.Message {
	return wire.Message{N: m.N, Op: m.Op, From: string(m.From), Name: m.Name, Text: m.Text, At: m.At}
}
