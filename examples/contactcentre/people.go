package main

import (
	"context"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
)

// people tells the calls about accounts and users. Accounts are asked for with
// every page of a customer and change hardly ever, so an answer is kept for a
// few seconds.
type people struct {
	accounts *account.Accounts

	mu    sync.Mutex
	hosts map[account.ID]host
}

type host struct {
	vi.Host
	until time.Time
}

func newPeople(a *account.Accounts) *people {
	return &people{accounts: a, hosts: map[account.ID]host{}}
}

// Host implements vi.People.
func (p *people) Host(ctx context.Context, id account.ID) (vi.Host, error) {
	p.mu.Lock()
	h, ok := p.hosts[id]
	p.mu.Unlock()
	if ok && time.Now().Before(h.until) {
		return h.Host, nil
	}
	a, err := p.accounts.Account(ctx, account.System(id))
	if err != nil {
		return vi.Host{}, err
	}
	h = host{vi.Host{Name: a.Name, Region: a.Region}, time.Now().Add(10 * time.Second)}
	p.mu.Lock()
	p.hosts[id] = h
	p.mu.Unlock()
	return h.Host, nil
}

// AgentName implements vi.People.
func (p *people) AgentName(ctx context.Context, id account.ID, user account.UserID) (string, error) {
	u, err := p.accounts.User(ctx, account.System(id), user)
	if err != nil {
		return "", err
	}
	if u.Disabled() || !u.Actor().Can(account.CallsPlace) {
		return "", fault.Errorf(vi.ErrNotFound, "the user takes no calls")
	}
	return u.Name, nil
}
