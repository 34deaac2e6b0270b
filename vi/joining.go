package vi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// LobbyState is what a link means to the browser that opened it.
type LobbyState string

// The states of a link.
const (
	LobbyOpen      LobbyState = "open"             // the seat is free: Join takes it
	LobbyMine      LobbyState = "mine"             // this browser has the seat
	LobbyElsewhere LobbyState = "elsewhere"        // another browser has it; this one may knock
	LobbyKnocking  LobbyState = "waiting_for_host" // this one has knocked
	LobbyOver      LobbyState = "over"             // the call has ended
	LobbyInvalid   LobbyState = "invalid"          // no such link, or no longer valid
)

// A Lobby is what a customer sees before joining. Of an invalid link it has
// nothing but the state.
type Lobby struct {
	State     LobbyState
	Host      string // the account's name
	Agent     string
	Reference string
	Name      string // the customer's, if the seat is mine
	Call      CallID // if it is mine
	Status    Status // if it is over
}

// Lobby says what a link means to a browser, and notes that the page was
// opened. It takes no seat: that is what Join is for. device is the secret that
// names the browser, or "".
func (s *Calls) Lobby(ctx context.Context, token, device string) (Lobby, error) {
	c, ref, err := s.invited(ctx, token)
	if errors.Is(err, ErrNotFound) {
		return Lobby{State: LobbyInvalid}, nil
	} else if err != nil {
		return Lobby{}, fmt.Errorf("open link: %w", err)
	}
	host, err := s.people.Host(ctx, ref.Account)
	if err != nil {
		return Lobby{}, fmt.Errorf("open link: %w", err)
	}
	i, _ := c.InviteByToken(HashOf(token))
	l := Lobby{Host: host.Name, Agent: c.AgentName, Reference: c.Reference}
	mine := device != "" && c.Leg(SeatCustomer).Device == HashOf(device)
	switch {
	case c.Status.Final():
		l.State, l.Status = LobbyOver, c.Status
		if mine {
			l.Call, l.Name = c.ID, c.Customer
		}
		return l, nil
	case mine:
		l.State, l.Call, l.Name = LobbyMine, c.ID, c.Customer
		return l, nil
	case c.Leg(SeatCustomer).Device == "" && (!i.Live() || !s.now().Before(i.ExpiresAt)):
		return Lobby{State: LobbyInvalid}, nil
	case c.Leg(SeatCustomer).Device == "":
		l.State = LobbyOpen
	case i.Status == InviteRevoked:
		return Lobby{State: LobbyInvalid}, nil
	case c.Knock != nil && device != "" && c.Knock.Device == HashOf(device):
		l.State = LobbyKnocking
	default:
		l.State = LobbyElsewhere
	}
	if _, err := s.report(ctx, ref, InviteMoved{Invite: i.ID, Reported: InviteOpened}); err != nil {
		s.cfg.Log.Warn("note that a link was opened", "call", c.ID, "err", err) // the customer need not care
	}
	return l, nil
}

func (s *Calls) invited(ctx context.Context, token string) (Call, Ref, error) {
	ref, err := s.store.Invited(ctx, HashOf(token))
	if err != nil {
		return Call{}, Ref{}, err
	}
	c, err := s.load(ctx, ref)
	return c, ref, err
}

// A JoinCall is what a customer says to take the seat.
type JoinCall struct {
	Name       string // display name; "Guest"
	Browser    string // its User-Agent
	Device     string // secret that names the browser; "" for a new one
	Permission Permission
}

// Join takes the customer's seat for the browser, once: the same browser may
// join again, another is refused with ErrConflict. It returns the call and the
// secret that names the browser from now on.
func (s *Calls) Join(ctx context.Context, token string, in JoinCall) (Ref, string, error) {
	fail := func(err error) (Ref, string, error) { return Ref{}, "", fmt.Errorf("join call: %w", err) }
	in, err := in.clean()
	if err != nil {
		return fail(err)
	}
	ref, err := s.store.Invited(ctx, HashOf(token))
	if errors.Is(err, ErrNotFound) {
		return fail(fault.Errorf(ErrGone, "this link is not valid"))
	} else if err != nil {
		return fail(err)
	}
	_, err = s.change(ctx, ref, "join call", func(c Call) (Call, []Event, error) {
		return c.Redeem(HashOf(token), GuestWaiting{
			Name: in.Name, Device: HashOf(in.Device), Browser: in.Browser, Permission: in.Permission, At: s.now(),
		}, s.cfg.Policy)
	})
	if err != nil {
		return Ref{}, "", err
	}
	return ref, in.Device, nil
}

// Knock asks the agent to move the customer's seat to this browser. It returns
// the secret that names the browser from now on.
func (s *Calls) Knock(ctx context.Context, token string, in JoinCall) (string, error) {
	named := strings.TrimSpace(in.Name) != ""
	in, err := in.clean()
	if err != nil {
		return "", fmt.Errorf("ask to join: %w", err)
	}
	if !named {
		in.Name = ""
	}
	c, ref, err := s.invited(ctx, token)
	if i, _ := c.InviteByToken(HashOf(token)); errors.Is(err, ErrNotFound) || i.Status == InviteRevoked {
		return "", fault.Errorf(ErrGone, "this link is not valid")
	} else if err != nil {
		return "", fmt.Errorf("ask to join: %w", err)
	}
	_, err = s.change(ctx, ref, "ask to join", func(c Call) (Call, []Event, error) {
		return c.KnockAs(Knock{ID: s.cfg.NewID(), Device: HashOf(in.Device), Name: in.Name, Browser: in.Browser, At: s.now()}, s.cfg.Policy)
	})
	return in.Device, err
}

// Decline says that the customer does not want the call.
func (s *Calls) Decline(ctx context.Context, token string, reason EndReason) error {
	if reason != EndDeclined && reason != EndConsentDenied {
		return fault.Fields{{Name: "reason", Problem: "must be declined or consent_denied"}}
	}
	c, ref, err := s.invited(ctx, token)
	if i, _ := c.InviteByToken(HashOf(token)); errors.Is(err, ErrNotFound) || err == nil && !c.Status.Final() && (!i.Live() || !s.now().Before(i.ExpiresAt)) {
		return fault.Errorf(ErrGone, "this link is not valid")
	} else if err != nil {
		return fmt.Errorf("decline call: %w", err)
	}
	_, err = s.change(ctx, ref, "decline call", func(c Call) (Call, []Event, error) {
		return c.Decline(reason, s.now(), s.cfg.Policy)
	})
	return err
}

func (in JoinCall) clean() (JoinCall, error) {
	in.Name = strings.Join(strings.Fields(in.Name), " ")
	if in.Name == "" {
		in.Name = "Guest"
	}
	var check fault.Check
	checkLine(&check, "name", in.Name, MaxName)
	for name, v := range map[string]string{"permission.mic": in.Permission.Mic, "permission.cam": in.Permission.Cam} {
		switch v {
		case "", "prompt", "granted", "denied", "missing", "busy":
		default:
			check.That(false, name, "must be prompt, granted, denied, missing or busy")
		}
	}
	in.Browser = strings.ToValidUTF8(in.Browser[:min(len(in.Browser), 200)], "")
	if len(in.Device) != len(newToken()) {
		in.Device = newToken()
	}
	return in, check.Err()
}

// A Participant is somebody who has proved to have a seat in a call.
type Participant struct {
	Ref
	Seat   Seat
	User   account.UserID // the agent's
	Name   string
	Device Hash // that the customer's seat is bound to
}

// AsAgent returns the actor as the agent of the call. Only the call's own agent
// can be that. It fails with ErrGone if the call is over.
func (s *Calls) AsAgent(ctx context.Context, by account.Actor, id CallID) (Participant, error) {
	c, err := s.Call(ctx, by, id)
	if err != nil {
		return Participant{}, err
	}
	if c.Agent != by.User || by.User == "" {
		return Participant{}, fault.Errorf(ErrDenied, "only the call's own agent may enter it")
	}
	if c.Status.Final() {
		return Participant{}, c.refuse("entered")
	}
	return Participant{Ref: Ref{by.Account, id}, Seat: SeatAgent, User: by.User, Name: by.Name}, nil
}

// AsCustomer returns the browser as the customer of the call, if the seat is
// its. It fails with ErrNotFound otherwise, and not when the call is over: the
// customer may still see how it ended, and rate it.
func (s *Calls) AsCustomer(ctx context.Context, device string, id CallID) (Participant, Call, error) {
	notFound := fault.Errorf(ErrNotFound, "there is no such call for this browser")
	ref, err := s.store.Locate(ctx, id)
	if err != nil || device == "" {
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Participant{}, Call{}, fmt.Errorf("find call: %w", err)
		}
		return Participant{}, Call{}, notFound
	}
	c, err := s.load(ctx, ref)
	if err != nil {
		return Participant{}, Call{}, fmt.Errorf("find call: %w", err)
	}
	l := c.Leg(SeatCustomer)
	if l.Device == "" || l.Device != HashOf(device) {
		return Participant{}, Call{}, notFound
	}
	return Participant{Ref: ref, Seat: SeatCustomer, Name: l.Name, Device: l.Device}, c, nil
}

// as carries out a rule for a participant whose seat is still theirs.
func (s *Calls) as(ctx context.Context, p Participant, what string, rule func(Call, time.Time) (Call, []Event, error)) (Call, error) {
	return s.change(ctx, p.Ref, what, func(c Call) (Call, []Event, error) {
		if err := p.seated(c); err != nil {
			return c, nil, err
		}
		return rule(c, s.now())
	})
}

func (p Participant) seated(c Call) error {
	if p.Seat == SeatCustomer && c.Leg(SeatCustomer).Device != p.Device || p.Seat == SeatAgent && c.Agent != p.User {
		return fault.Errorf(ErrDenied, "the seat has been given to somebody else")
	}
	return nil
}

// Leave ends the call for both sides.
func (s *Calls) Leave(ctx context.Context, p Participant) (Call, error) {
	return s.as(ctx, p, "end call", func(c Call, now time.Time) (Call, []Event, error) {
		return c.Hangup(p.Seat, now, s.cfg.Policy)
	})
}

// RateAs gives a participant's opinion of the call, 1 to 5 stars, once.
func (s *Calls) RateAs(ctx context.Context, p Participant, stars int, comment string) (Call, error) {
	return s.rate(ctx, p.Ref, p.Seat, stars, comment, p.seated)
}

// Hold pauses the call, or goes on with it.
func (s *Calls) Hold(ctx context.Context, p Participant, on bool) (Call, error) {
	return s.as(ctx, p, "hold call", func(c Call, now time.Time) (Call, []Event, error) {
		if on {
			return c.Hold(p.Seat, now, s.cfg.Policy)
		}
		return c.Unhold(p.Seat, now, s.cfg.Policy)
	})
}

// Write adds to the chat. A message with an Op that the seat has used before is
// the message of then, which is returned.
func (s *Calls) Write(ctx context.Context, p Participant, op, text string) (Message, error) {
	text = strings.TrimSpace(text)
	var check fault.Check
	check.That(op != "" && len(op) <= 40, "op", "must have 1 to 40 characters")
	check.That(text != "", "text", "is empty")
	checkText(&check, "text", text, MaxMessage)
	if err := check.Err(); err != nil {
		return Message{}, fmt.Errorf("write: %w", err)
	}
	var out Message
	_, err := s.changeTx(ctx, p.Ref, "write", func(tx Tx, c Call) (Call, []Event, error) {
		if err := p.seated(c); err != nil {
			return c, nil, err
		}
		if old, err := tx.MessageByOp(ctx, c.ID, p.Seat, op); err == nil {
			out = old
			return c, nil, nil
		} else if !errors.Is(err, ErrNotFound) {
			return c, nil, err
		}
		next, events, err := c.Write(Message{Op: op, From: p.Seat, Name: p.Name, Text: text, At: s.now()}, s.cfg.Policy)
		if err != nil {
			return c, nil, err
		}
		out = events[0].(MessageSent).Message
		return next, events, nil
	})
	return out, err
}
