// Package vi is video interaction: an agent invites a customer by text message,
// the customer joins from the phone's browser, and they see, hear and write to
// each other.
//
// The rules of calls are methods on [Call] that need no store, clock or network.
// [Calls] carries out commands: it reads a call inside [Store.Update], asks the
// rule for the next value and the events, and puts both. [Rooms] is where the
// browsers of running calls meet; [Media] carries their audio and video.
package vi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/internal/uuid7"
)

// Config sets up [Calls]. The zero Config works.
type Config struct {
	Policy     Policy
	PublicURL  string                                   // where customers reach the pages, without a final slash; http://127.0.0.1:8080
	Text       func(h Host, c Call, link string) string // words of the invitation; a sentence in English
	Sweep      time.Duration                            // how often Run looks for timers that ran out; 1 s
	PerNumber  rate.Limit                               // texts to one number; 30 an hour
	PerAccount rate.Limit                               // texts of one account; 1,000 an hour
	Countries  []string                                 // ISO 3166 alpha-2; if there are any, texts go to no others
	Now        func() time.Time                         // time.Now
	NewID      func() string                            // a UUID version 7
	Log        *slog.Logger                             // discards
}

// People is what calls need to know about those who take part.
type People interface {
	// Host returns the account's face to its customers.
	Host(ctx context.Context, acct account.ID) (Host, error)
	// AgentName returns the name of a user who may take calls. It fails with
	// ErrNotFound if there is none such.
	AgentName(ctx context.Context, acct account.ID, user account.UserID) (string, error)
}

// A Host is an account as its customers see it.
type Host struct {
	Name   string
	Region string // ISO 3166 alpha-2, of numbers without a country code
}

// Calls carries out commands on calls. It is safe for concurrent use.
type Calls struct {
	store  Store
	texter Texter
	people People
	cfg    Config
	texts  struct{ number, account *rate.Limiter }
}

// New returns the commands on the calls in store.
func New(store Store, texter Texter, people People, cfg Config) *Calls {
	cfg.Policy = cfg.Policy.WithDefaults()
	if cfg.PublicURL == "" {
		cfg.PublicURL = "http://127.0.0.1:8080"
	}
	if cfg.Text == nil {
		cfg.Text = func(h Host, _ Call, link string) string {
			return fmt.Sprintf("%s invites you to a video call. Open this link on your phone: %s", h.Name, link)
		}
	}
	if cfg.Sweep == 0 {
		cfg.Sweep = time.Second
	}
	if cfg.PerNumber == (rate.Limit{}) {
		cfg.PerNumber = rate.Limit{Burst: 30, Per: time.Hour}
	}
	if cfg.PerAccount == (rate.Limit{}) {
		cfg.PerAccount = rate.Limit{Burst: 1000, Per: time.Hour}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = uuid7.New
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Calls{store: store, texter: texter, people: people, cfg: cfg}
	s.texts.number = rate.New(cfg.PerNumber, rate.Config{Now: cfg.Now})
	s.texts.account = rate.New(cfg.PerAccount, rate.Config{Now: cfg.Now})
	return s
}

// takeText counts a text against what the number and the account may have, and
// returns how to take that back if the text is not sent after all.
func (s *Calls) takeText(acct account.ID, to Phone) (giveBack func(), err error) {
	number := string(acct) + string(to)
	if err := s.texts.number.Take(number); err != nil {
		return nil, err
	}
	if err := s.texts.account.Take(string(acct)); err != nil {
		s.texts.number.Return(number)
		return nil, err
	}
	return func() {
		s.texts.number.Return(number)
		s.texts.account.Return(string(acct))
	}, nil
}

// now returns the present to the microsecond, as stores keep it.
func (s *Calls) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// change carries out one rule on one call: read, decide, put. A rule that gives
// no event changes nothing. It runs again when the call changed underneath.
func (s *Calls) change(ctx context.Context, ref Ref, what string, rule func(Call) (Call, []Event, error)) (Call, error) {
	return s.changeTx(ctx, ref, what, func(_ Tx, c Call) (Call, []Event, error) { return rule(c) })
}

func (s *Calls) changeTx(ctx context.Context, ref Ref, what string, rule func(Tx, Call) (Call, []Event, error)) (Call, error) {
	var next Call
	for try := 0; ; try++ {
		stale := false
		err := s.store.Update(ctx, ref.Account, func(tx Tx) error {
			stale = false
			c, err := tx.Call(ctx, ref.Call)
			if err != nil {
				return err
			}
			var events []Event
			if next, events, err = rule(tx, c); err != nil || next.Version == c.Version {
				return err
			}
			if err = tx.PutCall(ctx, next, events...); err != nil {
				stale = errors.Is(err, ErrConflict)
				return err
			}
			return putMessages(ctx, tx, events)
		})
		switch {
		case err == nil:
			return next, nil
		case stale && try < 20 && ctx.Err() == nil:
		default:
			return Call{}, fmt.Errorf("%s: %w", what, err)
		}
	}
}

func putMessages(ctx context.Context, tx Tx, events []Event) error {
	for _, e := range events {
		if sent, ok := e.(MessageSent); ok {
			if err := tx.PutMessage(ctx, sent.Message); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run ends what has run out of time, until ctx ends. One program at a time runs
// it on a store.
func (s *Calls) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Sweep)
	defer tick.Stop()
	for {
		if err := s.Expire(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("end what ran out of time", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Expire carries out every timer that has run out.
func (s *Calls) Expire(ctx context.Context) error {
	const batch = 100
	for {
		due, err := s.store.Due(ctx, s.now(), batch)
		if err != nil {
			return err
		}
		for _, ref := range due {
			if _, err := s.change(ctx, ref, "expire call", s.expired); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				s.cfg.Log.Error("a call's timer failed", "call", ref.Call, "err", err)
				return nil // the others have their turn at the next tick
			}
		}
		if len(due) < batch {
			return nil
		}
	}
}

// expired is the rule of Expire. A call that moved on since it was listed is left
// alone; one whose timer was set under another policy gets its new one.
func (s *Calls) expired(c Call) (Call, []Event, error) {
	next, events, err := c.Expire(s.now(), s.cfg.Policy)
	if !errors.Is(err, ErrConflict) {
		return next, events, err
	}
	if due := c.due(s.cfg.Policy); !due.Equal(c.DueAt) {
		c.DueAt = due
		c.Version++
	}
	return c, nil, nil
}

// Recover takes up the calls that were running when the program last stopped:
// whoever was in a room has to come back to it. Call it before browsers can.
func (s *Calls) Recover(ctx context.Context) error {
	after := CallID("")
	for {
		refs, err := s.store.Unfinished(ctx, after, 200)
		if err != nil {
			return fmt.Errorf("take up running calls: %w", err)
		}
		if len(refs) == 0 {
			return nil
		}
		for _, ref := range refs {
			after = ref.Call
			if _, err := s.change(ctx, ref, "take up call", s.interrupted); err != nil {
				return err
			}
		}
	}
}

// interrupted is the rule of Recover: nobody is in the room, and of a text that
// was being handed over nobody knows whether it was.
func (s *Calls) interrupted(c Call) (Call, []Event, error) {
	now, p := s.now(), s.cfg.Policy
	steps := []func(Call) (Call, []Event, error){func(c Call) (Call, []Event, error) { return c.Interrupt(now, p) }}
	for _, i := range c.Invites {
		if i.Status == InviteQueued {
			steps = append(steps, func(c Call) (Call, []Event, error) {
				return c.Report(InviteMoved{
					Invite: i.ID, Reported: InviteUndelivered, At: now,
					Problem: "The server stopped while it was sending this text; it may or may not have gone out.",
				}, p)
			})
		}
	}
	return c.all(steps...)
}

// all is several rules as one: one change, with the events of all.
func (c Call) all(rules ...func(Call) (Call, []Event, error)) (Call, []Event, error) {
	version := c.Version
	var events []Event
	for _, rule := range rules {
		next, more, err := rule(c)
		if err != nil {
			return c, nil, err
		}
		c, events = next, append(events, more...)
	}
	if len(events) > 0 {
		c.Version = version + 1
	}
	return c, events, nil
}

// act lets the actor act on the call: it is the actor's own, or the actor
// manages all. A call that the actor may not even see is not found.
func act(by account.Actor, c Call) error {
	if err := see(by, c); err != nil {
		return err
	}
	if (by.User != "" && c.Agent == by.User && by.Can(account.CallsPlace)) || by.Can(account.CallsManage) {
		return nil
	}
	return fault.Errorf(ErrDenied, "only the call's own agent may do this")
}

// see lets the actor see the call.
func see(by account.Actor, c Call) error {
	if (by.User != "" && c.Agent == by.User && by.Can(account.CallsPlace)) || by.Can(account.CallsSeeAll) {
		return nil
	}
	return fault.Errorf(ErrNotFound, "there is no such call")
}
