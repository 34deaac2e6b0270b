package vi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// Limits of what people write.
const (
	MaxReference = 64   // characters of a call reference
	MaxName      = 60   // of a customer's display name
	MaxMessage   = 2000 // of one chat message
	MaxMessages  = 5000 // messages in one chat
	MaxComment   = 1000 // of a rating
)

// A StartCall is what an agent says to call somebody.
type StartCall struct {
	Phone     string         // as typed
	Region    string         // of a number without a country code; the account's
	Reference string         // unique in the account
	Previous  CallID         // the call that this one follows, if any
	Agent     account.UserID // whose call it is, where the actor is no user; else the actor's
}

// Start begins a call and sends the invitation. It returns when the carrier has
// taken or refused the text; a refused one does not end the call, since the
// agent may try another number or copy the link. The link is returned only here:
// its secret is not kept.
func (s *Calls) Start(ctx context.Context, by account.Actor, in StartCall) (Call, string, error) {
	c, link, err := s.start(ctx, by, in)
	if err != nil {
		return Call{}, "", fmt.Errorf("start call: %w", err)
	}
	return s.send(ctx, by.Account, c, link), link, nil
}

func (s *Calls) start(ctx context.Context, by account.Actor, in StartCall) (Call, string, error) {
	if !by.Can(account.CallsPlace) {
		return Call{}, "", fault.Errorf(ErrDenied, "you may not place calls")
	}
	host, err := s.people.Host(ctx, by.Account)
	if err != nil {
		return Call{}, "", err
	}
	var check fault.Check
	phone := s.phone(&check, in.Phone, in.Region, host)
	in.Reference = strings.TrimSpace(in.Reference)
	check.That(in.Reference != "", "reference", "is missing")
	checkLine(&check, "reference", in.Reference, MaxReference)
	agent, name := by.User, by.Name
	if agent == "" {
		agent = in.Agent
		if name, err = s.people.AgentName(ctx, by.Account, agent); errors.Is(err, ErrNotFound) {
			check.That(in.Agent == "", "agent", "is not a user who takes calls")
			check.That(in.Agent != "", "agent", "is missing")
		} else if err != nil {
			return Call{}, "", err
		}
	}
	if err := check.Err(); err != nil {
		return Call{}, "", err
	}
	giveBack, err := s.takeText(by.Account, phone)
	if err != nil {
		return Call{}, "", err
	}
	id, token, now := CallID(s.cfg.NewID()), newToken(), s.now()
	var c Call
	err = s.store.Update(ctx, by.Account, func(tx Tx) error {
		if in.Previous != "" {
			if old, err := tx.Call(ctx, in.Previous); err != nil || see(by, old) != nil {
				return fault.Fields{{Name: "previous", Problem: "is not a call that you may see"}}
			}
		}
		if _, err := tx.CallByReference(ctx, in.Reference); err == nil {
			return fault.Errorf(ErrConflict, "the reference is already used by another call")
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		var events, more []Event
		c, events, _ = Place(CallStarted{
			Call: id, Reference: in.Reference, Agent: agent, AgentName: name, Phone: phone, Previous: in.Previous, At: now,
		}, s.cfg.Policy)
		c, more, err := c.InviteWith(s.newInvite(ByText, phone, token, now), s.cfg.Policy)
		if err != nil {
			return err
		}
		c.Version = 1
		return tx.PutCall(ctx, c, append(events, more...)...)
	})
	if err != nil {
		giveBack()
		return Call{}, "", err
	}
	c, err = s.load(ctx, Ref{by.Account, id})
	return c, s.link(token), err
}

// An InviteAgain asks for a further invitation to a call.
type InviteAgain struct {
	Channel Channel // ByText
	Phone   string  // another number; the call's own
	Region  string
}

// Invite sends the text again, tries another number, or makes a link to copy.
// A text to the same number has to wait for its cool-down.
func (s *Calls) Invite(ctx context.Context, by account.Actor, id CallID, in InviteAgain) (Call, string, error) {
	fail := func(err error) (Call, string, error) { return Call{}, "", fmt.Errorf("invite to call: %w", err) }
	host, err := s.people.Host(ctx, by.Account)
	if err != nil {
		return fail(err)
	}
	var check fault.Check
	phone := Phone("")
	if in.Phone != "" {
		phone = s.phone(&check, in.Phone, in.Region, host)
	}
	check.That(in.Channel == "" || in.Channel == ByText || in.Channel == ByLink, "channel", "must be text or link")
	if err := check.Err(); err != nil {
		return fail(err)
	}
	if in.Channel == "" {
		in.Channel = ByText
	}
	token, ref, giveBack := newToken(), Ref{by.Account, id}, func() {}
	switch {
	case in.Channel == ByLink:
		phone = ""
	case phone == "":
		old, err := s.Call(ctx, by, id)
		if err != nil {
			return Call{}, "", err
		}
		phone = old.Phone
	}
	if phone != "" {
		if giveBack, err = s.takeText(by.Account, phone); err != nil {
			return fail(err)
		}
	}
	c, err := s.change(ctx, ref, "invite to call", func(c Call) (Call, []Event, error) {
		if err := act(by, c); err != nil {
			return c, nil, err
		}
		return c.InviteWith(s.newInvite(in.Channel, phone, token, s.now()), s.cfg.Policy)
	})
	if err != nil {
		giveBack()
		return Call{}, "", err
	}
	link := s.link(token)
	if in.Channel == ByText {
		c = s.send(ctx, by.Account, c, link)
	}
	return c, link, nil
}

func (s *Calls) newInvite(ch Channel, to Phone, token string, now time.Time) Invite {
	return Invite{
		ID: InviteID(s.cfg.NewID()), Channel: ch, Phone: to, Token: HashOf(token), Status: InviteQueued,
		CreatedAt: now, ExpiresAt: now.Add(s.cfg.Policy.Invite),
	}
}

// send hands the newest invitation to the carrier and records the answer. What
// the caller was doing is already committed, so it goes on when the caller
// leaves; if the answer cannot be recorded the call is returned as it was.
func (s *Calls) send(ctx context.Context, acct account.ID, c Call, link string) Call {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	i := c.Invites[len(c.Invites)-1]
	report := InviteMoved{Invite: i.ID, Reported: InviteSent}
	host, err := s.people.Host(ctx, acct)
	if err == nil {
		report.Provider, err = s.texter.Text(ctx, Text{ID: i.ID, Account: acct, Call: c.ID, To: i.Phone, Body: s.cfg.Text(host, c, link)})
	}
	if err != nil {
		s.cfg.Log.Warn("a text was not taken", "call", c.ID, "invite", i.ID, "err", err)
		report.Reported, report.Problem = InviteUndelivered, err.Error()
	}
	next, err := s.report(ctx, Ref{acct, c.ID}, report)
	if err != nil {
		s.cfg.Log.Error("record that a text was sent", "call", c.ID, "invite", i.ID, "err", err)
		return c
	}
	return next
}

func (s *Calls) report(ctx context.Context, ref Ref, r InviteMoved) (Call, error) {
	if r.At.IsZero() {
		r.At = s.now()
	}
	return s.change(ctx, ref, "record delivery", func(c Call) (Call, []Event, error) { return c.Report(r, s.cfg.Policy) })
}

// Deliver takes in what became of a text. Reports may come late, twice and out
// of order.
func (s *Calls) Deliver(ctx context.Context, d Delivery) error {
	switch d.Status {
	case InviteSent, InviteDelivered, InviteUndelivered:
	default:
		return fault.Fields{{Name: "status", Problem: "must be sent, delivered or undelivered"}}
	}
	_, err := s.report(ctx, Ref{d.Account, d.Call}, InviteMoved{
		Invite: d.Invite, Reported: d.Status, Problem: d.Problem, At: d.At.UTC().Truncate(time.Microsecond),
	})
	return err
}

// Hangup ends the call, whatever that means where it stands: it cancels an
// invitation, discards a waiting customer, or hangs up.
func (s *Calls) Hangup(ctx context.Context, by account.Actor, id CallID) (Call, error) {
	return s.change(ctx, Ref{by.Account, id}, "end call", func(c Call) (Call, []Event, error) {
		if err := act(by, c); err != nil {
			return c, nil, err
		}
		return c.Hangup(SeatAgent, s.now(), s.cfg.Policy)
	})
}

// Admit answers another device that asks for the customer's seat, by the ID of
// its knock.
func (s *Calls) Admit(ctx context.Context, by account.Actor, id CallID, knock string, admit bool) (Call, error) {
	return s.change(ctx, Ref{by.Account, id}, "answer knock", func(c Call) (Call, []Event, error) {
		if err := act(by, c); err != nil {
			return c, nil, err
		}
		return c.Admit(knock, admit, s.now(), s.cfg.Policy)
	})
}

// Rate gives the agent's opinion of a call, 1 to 5 stars, once.
func (s *Calls) Rate(ctx context.Context, by account.Actor, id CallID, stars int, comment string) (Call, error) {
	return s.rate(ctx, Ref{by.Account, id}, SeatAgent, stars, comment, func(c Call) error {
		if err := see(by, c); err != nil {
			return err
		}
		if c.Agent != by.User || by.User == "" {
			return fault.Errorf(ErrDenied, "only the call's own agent may rate it")
		}
		return nil
	})
}

func (s *Calls) rate(ctx context.Context, ref Ref, seat Seat, stars int, comment string, may func(Call) error) (Call, error) {
	var check fault.Check
	comment = strings.TrimSpace(comment)
	check.That(stars >= 1 && stars <= 5, "stars", "must be from 1 to 5")
	checkText(&check, "comment", comment, MaxComment)
	if err := check.Err(); err != nil {
		return Call{}, fmt.Errorf("rate call: %w", err)
	}
	return s.change(ctx, ref, "rate call", func(c Call) (Call, []Event, error) {
		if err := may(c); err != nil {
			return c, nil, err
		}
		return c.Rate(Rating{Seat: seat, Stars: stars, Comment: comment, At: s.now()}, s.cfg.Policy)
	})
}

func (s *Calls) phone(check *fault.Check, text, region string, host Host) Phone {
	if strings.TrimSpace(text) == "" {
		check.That(false, "phone", "is missing")
		return ""
	}
	if region == "" {
		region = host.Region
	}
	p, err := ParsePhone(text, region)
	if err != nil {
		check.That(false, "phone", "%v", err)
	} else if len(s.cfg.Countries) > 0 {
		check.That(slices.Contains(s.cfg.Countries, p.Country()), "phone", "is in a country that texts are not sent to")
	}
	return p
}

// checkLine notes a text that is too long or not one line of visible text.
func checkLine(check *fault.Check, name, text string, most int) {
	check.That(utf8.RuneCountInString(text) <= most, name, "is longer than %d characters", most)
	check.That(!strings.ContainsFunc(text, hidden), name, "contains characters that cannot be shown")
}

// hidden are characters that show nothing, or that turn round the text after
// them (Unicode Standard Annex 9, explicit directional formatting): in a name
// they would be a way to pass for somebody else.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// checkText is checkLine for text of several lines.
func checkText(check *fault.Check, name, text string, most int) {
	checkLine(check, name, strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(text), most)
}

// newToken returns 128 random bits as 22 characters that fit into a URL.
func newToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashOf returns what is kept of a secret token.
func HashOf(token string) Hash {
	sum := sha256.Sum256([]byte(token))
	return Hash(hex.EncodeToString(sum[:]))
}

func (s *Calls) link(token string) string { return s.cfg.PublicURL + "/j/" + token }
