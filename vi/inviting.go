package vi

import (
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
)

// maxInvites bounds the links of one call, texts and copied ones together.
const maxInvites = 20

// InviteByToken returns the invitation with that token.
func (c Call) InviteByToken(token Hash) (Invite, bool) {
	for _, i := range c.Invites {
		if i.Token == token {
			return i, true
		}
	}
	return Invite{}, false
}

// InviteWith adds an invitation. A text to the number of the one before has to
// wait for its cool-down (ErrBusy); a text to another number takes the links
// sent to the old number back.
func (c Call) InviteWith(i Invite, p Policy) (Call, []Event, error) {
	p = p.WithDefaults()
	if c.Status != StatusCreated && c.Status != StatusInvited {
		return c, nil, c.refuse("invited to")
	}
	if len(c.Invites) >= maxInvites {
		return c, nil, fault.Errorf(ErrConflict, "no more than %d links can be made for one call", maxInvites)
	}
	var events []Event
	if i.Channel == ByText {
		texts, last := 0, time.Time{}
		for _, old := range c.Invites {
			if old.Channel != ByText {
				continue
			}
			texts++
			if old.Phone == i.Phone {
				last = old.CreatedAt
			} else if old.Live() {
				events = append(events, InviteMoved{Call: c.ID, Invite: old.ID, Status: InviteRevoked, Reported: InviteRevoked, At: i.CreatedAt})
			}
		}
		if texts >= p.Texts {
			return c, nil, fault.Errorf(ErrConflict, "no more than %d texts can be sent for one call", p.Texts)
		}
		if wait := last.Add(c.cooldown(texts, p)).Sub(i.CreatedAt); !last.IsZero() && wait > 0 {
			return c, nil, rate.Limited{RetryAfter: wait}
		}
	}
	events = append(events, InviteCreated{Call: c.ID, Invite: i, At: i.CreatedAt})
	if i.Channel == ByLink { // it is in the agent's hands now
		events = append(events, InviteMoved{Call: c.ID, Invite: i.ID, Status: InviteSent, Reported: InviteSent, At: i.CreatedAt})
	}
	return c.then(p, events...)
}

// cooldown returns how long after the nth text the next may follow.
func (c Call) cooldown(n int, p Policy) time.Duration { return p.Resend << max(0, n-1) }

// ResendAt returns when the next text to the same number may be sent, or zero
// if no more may.
func (c Call) ResendAt(p Policy) time.Time {
	p = p.WithDefaults()
	texts, last := 0, time.Time{}
	for _, i := range c.Invites {
		if i.Channel == ByText {
			texts, last = texts+1, i.CreatedAt
		}
	}
	if texts == 0 || texts >= p.Texts {
		return time.Time{}
	}
	return last.Add(c.cooldown(texts, p))
}

// Report takes in how far an invitation has come: sent, delivered, undelivered
// or opened. Reports may come late, twice and out of order. A report that says
// nothing new gives no event.
func (c Call) Report(r InviteMoved, p Policy) (Call, []Event, error) {
	i, ok := c.Invite(r.Invite)
	if !ok {
		return c, nil, fault.Errorf(ErrNotFound, "the call has no such invitation")
	}
	if i.has(r.Reported) {
		return c, nil, nil
	}
	r.Call, r.Status = c.ID, i.Status.After(r.Reported)
	if c.Status.Final() { // it is recorded when it arrived, and the link stays dead
		r.Status = i.Status
	}
	if r.Status != InviteUndelivered {
		r.Problem = ""
	}
	return c.then(p, r)
}
