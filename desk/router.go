package desk

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/routing"
	"github.com/tandem-cc/tandem/internal/fault"
)

// RouterConfig sets up a [Router]. The zero RouterConfig works.
type RouterConfig struct {
	Offered func(account.ID, account.UserID) // the offers of an agent are others now
	Engine  routing.Config
	Log     *slog.Logger // discards
}

// A Router finds an agent for every ticket that waits. It proposes and the store
// decides: what an engine in memory chooses is committed by a command that looks
// again whether the ticket still waits and the agent still has room. The engine
// follows the store: [Router.Changed] tells it what has changed, and a router that
// starts reads every waiting ticket at its place. One router at a time works on an
// account; two do no harm, for the second one's proposals are refused.
type Router struct {
	d   *Desk
	cfg RouterConfig

	mu    sync.Mutex
	dirty map[account.ID]*dirt
	wake  chan struct{}

	domains sync.Map // account.ID → *domain
}

// dirt is what an engine has not been told of yet.
type dirt struct {
	setup   bool
	tickets map[TicketID]bool
	agents  map[account.UserID]bool
}

// NewRouter returns a router of the desk's tickets.
func NewRouter(d *Desk, cfg RouterConfig) *Router {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Offered == nil {
		cfg.Offered = func(account.ID, account.UserID) {}
	}
	return &Router{d: d, cfg: cfg, dirty: map[account.ID]*dirt{}, wake: make(chan struct{}, 1)}
}

// Changed tells the router of a committed event: its kind, and what it is about.
// It may be told of every event of every domain.
func (r *Router) Changed(acct account.ID, kind, about string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.dirty[acct]
	if x == nil {
		x = &dirt{tickets: map[TicketID]bool{}, agents: map[account.UserID]bool{}}
	}
	switch kind {
	case TicketOpened{}.Kind(), TicketAssigned{}.Kind(), TicketQueued{}.Kind(), TicketMoved{}.Kind(), TicketReopened{}.Kind(),
		TicketResolved{}.Kind(), TicketClosed{}.Kind():
		x.tickets[TicketID(about)] = true
	case AgentChanged{}.Kind():
		x.agents[account.UserID(about)] = true
	case SetupChanged{}.Kind():
		x.setup = true
	default:
		return
	}
	r.dirty[acct] = x
	r.nudge()
}

func (r *Router) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// retry is how long a proposal that was refused waits for the next.
const retry = 200 * time.Millisecond

// Run routes until ctx ends. Tell it of events from before it runs: what it reads
// at the start is what is committed then.
func (r *Router) Run(ctx context.Context) error {
	for after := account.ID(""); ; {
		desks, err := r.d.store.Desks(ctx, after, batch)
		if err != nil {
			return err
		}
		for _, id := range desks {
			after = id
			if err := r.work(ctx, r.domain(id), &dirt{}); err != nil {
				return err
			}
		}
		if len(desks) < batch {
			break
		}
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(r.pause())
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-timer.C:
		}
		r.mu.Lock()
		dirty := r.dirty
		r.dirty = map[account.ID]*dirt{}
		r.mu.Unlock()
		for id := range dirty {
			r.domain(id)
		}
		r.domains.Range(func(_, v any) bool {
			dm := v.(*domain)
			x := dirty[dm.acct]
			if x == nil {
				if !dm.due(r.d.now()) {
					return true
				}
				x = &dirt{}
			}
			if err := r.work(ctx, dm, x); err != nil && ctx.Err() == nil {
				r.cfg.Log.Error("route", "account", dm.acct, "err", err)
				dm.reload() // what it knows may be wrong now
				time.AfterFunc(time.Second, r.nudge)
			}
			return ctx.Err() == nil
		})
	}
}

// pause returns how long nothing will be due.
func (r *Router) pause() time.Duration {
	wait := time.Hour
	now := r.d.now()
	r.domains.Range(func(_, v any) bool {
		if at, ok := v.(*domain).next(); ok {
			wait = min(wait, max(at.Sub(now), time.Millisecond))
		}
		return true
	})
	return wait
}

func (r *Router) domain(id account.ID) *domain {
	v, _ := r.domains.LoadOrStore(id, &domain{acct: id, offers: map[routing.OfferID]Offer{}})
	return v.(*domain)
}

// work tells an engine what has changed, and carries out what it decides.
func (r *Router) work(ctx context.Context, dm *domain, x *dirt) error {
	dm.mu.Lock()
	defer dm.mu.Unlock()
	if dm.engine == nil {
		engine := routing.New(r.cfg.Engine)
		if err := r.load(ctx, dm, engine); err != nil {
			return err
		}
		dm.engine = engine
	} else if err := r.follow(ctx, dm, x); err != nil {
		return err
	}
	if err := dm.apply(r.d.now(), routing.Tick{}); err != nil {
		return err
	}
	return r.carryOut(ctx, dm)
}

// An Offer is a ticket that an agent may accept.
type Offer struct {
	ID     string
	Ticket TicketID
	Agent  account.UserID
	Until  time.Time
}

// Offers returns what is offered to the actor now.
func (r *Router) Offers(by account.Actor) []Offer {
	dm := r.domain(by.Account)
	dm.mu.Lock()
	defer dm.mu.Unlock()
	var mine []Offer
	for _, o := range dm.offers {
		if o.Agent == by.User && by.User != "" {
			mine = append(mine, o)
		}
	}
	return mine
}

// Accept takes a ticket that was offered to the actor.
func (r *Router) Accept(ctx context.Context, by account.Actor, offer string) (Ticket, error) {
	if err := works(by); err != nil {
		return Ticket{}, err
	}
	dm := r.domain(by.Account)
	dm.mu.Lock()
	defer dm.mu.Unlock()
	o, err := dm.offered(by, offer)
	if err != nil {
		return Ticket{}, err
	}
	id, _ := strconv.ParseUint(o.ID, 10, 64)
	if err := dm.apply(r.d.now(), routing.Accept{Agent: routing.AgentID(by.User), Offer: routing.OfferID(id)}); err != nil {
		return Ticket{}, fault.Errorf(ErrGone, "the offer has ended")
	}
	if err := r.carryOut(ctx, dm); err != nil {
		return Ticket{}, err
	}
	var t Ticket
	err = r.d.view(ctx, by, "accept conversation", func(j *job) error {
		if t, err = j.Ticket(j.ctx, o.Ticket); err == nil && t.Assignee != by.User {
			err = TakenError{t.Assignee}
		}
		return err
	})
	return t, err
}

// Reject lets somebody else have a ticket that was offered to the actor.
func (r *Router) Reject(ctx context.Context, by account.Actor, offer string) error {
	if err := works(by); err != nil {
		return err
	}
	dm := r.domain(by.Account)
	dm.mu.Lock()
	defer dm.mu.Unlock()
	o, err := dm.offered(by, offer)
	if err != nil {
		return err
	}
	id, _ := strconv.ParseUint(o.ID, 10, 64)
	if err := dm.apply(r.d.now(), routing.Reject{Agent: routing.AgentID(by.User), Offer: routing.OfferID(id)}); err != nil {
		return fault.Errorf(ErrGone, "the offer has ended")
	}
	return r.carryOut(ctx, dm)
}

// Position returns how many tickets of its queue are before one that waits.
func (r *Router) Position(acct account.ID, id TicketID) (ahead int, ok bool) {
	dm := r.domain(acct)
	dm.mu.Lock()
	defer dm.mu.Unlock()
	if dm.engine == nil {
		return 0, false
	}
	return dm.engine.Position(routing.TicketID(id))
}

// Explain says of each agent why a ticket that waits may go there now, or why
// not. It needs [account.DeskManage].
func (r *Router) Explain(ctx context.Context, by account.Actor, id TicketID) ([]routing.Candidate, error) {
	err := r.d.view(ctx, by, "explain routing", func(j *job) error {
		if err := j.need(account.DeskManage); err != nil {
			return err
		}
		_, _, err := j.see(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	dm := r.domain(by.Account)
	dm.mu.Lock()
	defer dm.mu.Unlock()
	if dm.engine == nil {
		return nil, nil
	}
	return dm.engine.Explain(routing.TicketID(id)), nil
}

var errOfferGone = fault.Errorf(ErrGone, "the offer has ended")

// refused reports whether a proposal failed because things are other than the
// engine knew.
func refused(err error) bool {
	return errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid)
}
