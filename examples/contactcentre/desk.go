package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/blob/disk"
	"github.com/tandem-cc/tandem/adapters/channels/webchat"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
)

// openDesk makes the desk with its channels, and arranges one for every account
// that has none.
func (s *server) openDesk(ctx context.Context) (err error) {
	if s.files, err = disk.Open(filepath.Join(s.cfg.Data, "files")); err != nil {
		return err
	}
	s.desk = desk.New(s.db.Desk(), desk.Config{
		Channels: map[desk.Kind]desk.Channel{desk.KindWebChat: webchat.Channel{}}, Blobs: s.files, Log: s.log,
	})
	s.floor = desk.NewFloor(s.desk)
	s.router = desk.NewRouter(s.desk, desk.RouterConfig{Offered: s.floor.Offered, Log: s.log})
	return s.eachAccount(ctx, func(id account.ID) error { return s.furnish(ctx, id) })
}

func (s *server) eachAccount(ctx context.Context, do func(account.ID) error) error {
	for after := account.ID(""); ; {
		ids, err := s.db.Accounts().Accounts(ctx, after, 100)
		if err != nil {
			return err
		}
		for _, id := range ids {
			after = id
			if err := do(id); err != nil {
				return err
			}
		}
		if len(ids) < 100 {
			return nil
		}
	}
}

// furnish arranges a desk and brings the users to it who are not there yet.
func (s *server) furnish(ctx context.Context, id account.ID) error {
	by := account.System(id)
	acct, err := s.accounts.Account(ctx, by)
	if err != nil {
		return err
	}
	before, err := s.desk.Setup(ctx, by)
	if err != nil {
		return err
	}
	setup, err := s.desk.Begin(ctx, by, acct.Name)
	if err != nil {
		return fmt.Errorf("arrange the desk: %w", err)
	}
	users, err := s.accounts.Users(ctx, by, "", 200)
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := s.desk.UserChanged(ctx, id, u); err != nil {
			return err
		}
		if before.Version == 0 && u.Actor().Can(account.DeskWork) { // a new desk is everybody's
			if err := s.join(ctx, by, u, setup.Queues[0].ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// join has a user serve a queue. Supervisors who serve none see all.
func (s *server) join(ctx context.Context, by account.Actor, u account.User, q desk.QueueID) error {
	if u.Role != account.RoleAgent {
		return nil
	}
	_, err := s.desk.DescribeAgent(ctx, by, u.ID, desk.AgentDescription{Queues: []desk.Membership{{Queue: q, Priority: 1}}})
	return err
}

// deskEvent hands a committed event to those at the desk who follow it.
func (s *server) deskEvent(ctx context.Context, r outbox.Record) {
	s.router.Changed(r.Account, r.Kind, r.About)
	s.floor.Changed(r.Account, r.Kind, r.Data)
	if !strings.HasPrefix(r.Kind, "account.user_") {
		return
	}
	err := func() error {
		u, err := s.accounts.User(ctx, account.System(r.Account), account.UserID(r.About))
		if err != nil {
			return err
		}
		return s.desk.UserChanged(ctx, r.Account, u)
	}()
	if err != nil && fault.KindOf(err) != fault.NotFound {
		s.log.Error("bring a user to the desk", "user", r.About, "err", err)
	}
}

// chatKey returns the public key of the first web chat there is, for the page
// that shows one.
func (s *server) chatKey(ctx context.Context) (key string, err error) {
	err = s.eachAccount(ctx, func(id account.ID) error {
		setup, err := s.desk.Setup(ctx, account.System(id))
		for _, l := range setup.Lines {
			if key == "" && l.Kind == desk.KindWebChat && !l.Off {
				key = l.Key
			}
		}
		return err
	})
	if err == nil && key == "" {
		err = fault.Errorf(fault.NotFound, "there is no web chat")
	}
	return key, err
}

// chatOrigins returns the sites that may show a web chat in a frame, and whether
// there is one with that key.
func (s *server) chatOrigins(ctx context.Context, key string) ([]string, bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	l, err := s.desk.Face(ctx, key)
	return l.Origins, err == nil
}
