package desk

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
)

// Run does what time brings, until ctx ends: timers of tickets, of agents'
// presence, and messages that wait to be handed to their channels. Two programs
// may run it on one store: what fires twice does something once.
func (d *Desk) Run(ctx context.Context) error {
	tick := time.NewTicker(d.cfg.Sweep)
	defer tick.Stop()
	for {
		if err := d.Sweep(ctx); err != nil && ctx.Err() == nil {
			d.cfg.Log.Error("do what is due at the desk", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Sweep does once what is due now.
func (d *Desk) Sweep(ctx context.Context) error {
	return errors.Join(d.fire(ctx), d.expire(ctx), d.send(ctx))
}

const batch = 100

// fire carries out timers of tickets that have run out. Each is looked at again
// in its transaction: one that was set again, or done by somebody else, does
// nothing.
func (d *Desk) fire(ctx context.Context) error {
	for {
		due, err := d.store.Due(ctx, d.now(), batch)
		if err != nil {
			return err
		}
		for _, x := range due {
			err := d.run(ctx, account.System(x.Account), "fire timer", func(j *job) error {
				t, err := j.Ticket(j.ctx, x.Ticket)
				if err != nil {
					return err
				}
				next, events, err := t.Fire(x.Timer, j.now, j.policy(t))
				if err != nil || len(events) == 0 {
					return err
				}
				_, err = j.keep(t, next, events)
				return err
			})
			if err != nil {
				return err // the others have their turn at the next sweep
			}
		}
		if len(due) < batch {
			return nil
		}
	}
}

// expire carries out timers of agents' presence.
func (d *Desk) expire(ctx context.Context) error {
	due, err := d.store.AgentsDue(ctx, d.now(), batch)
	if err != nil {
		return err
	}
	for _, x := range due {
		err := d.run(ctx, account.System(x.Account), "note absence", func(j *job) error {
			a, err := j.agent(x.User)
			if err != nil {
				return err
			}
			_, err = j.presented(a, func(_ *job, p presence.Presence) (presence.Presence, []presence.Interval, error) {
				return p, nil, nil // what has run out is done already
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// send hands queued messages to their channels. A message that was handed over
// and not recorded, because the program ended in between, is handed over again
// under the same name.
func (d *Desk) send(ctx context.Context) error {
	queued, err := d.store.Queued(ctx, d.now(), batch)
	if err != nil {
		return err
	}
	for _, ref := range queued {
		if err := d.sendOne(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) sendOne(ctx context.Context, ref EntryRef) error {
	by := account.System(ref.Account)
	var out Outgoing
	err := d.view(ctx, by, "send message", func(j *job) error {
		t, err := j.Ticket(j.ctx, ref.Ticket)
		if err != nil {
			return err
		}
		entries, err := j.Entries(j.ctx, ref.Ticket, ref.N-1, ref.N+1, 1)
		if err != nil || len(entries) == 0 || entries[0].Delivery != DeliveryQueued {
			return err
		}
		c, err := j.Contact(j.ctx, t.Contact)
		if err != nil {
			return err
		}
		out = Outgoing{Contact: c, Ticket: t, Entry: entries[0], Op: string(entries[0].ID)}
		out.Line, _ = j.setup.Line(t.Line)
		for _, i := range c.Identities {
			if i.Thread() == t.Thread {
				out.To = i
			}
		}
		return nil
	})
	if err != nil || out.Op == "" {
		return err
	}
	channel := d.cfg.Channels[out.Ticket.Channel]
	if channel == nil {
		return d.Report(ctx, by, ref.Ticket, ref.N, DeliveryFailed, "Nothing can be sent over this channel here.")
	}
	provider, err := channel.Send(ctx, out)
	switch {
	case errors.Is(err, ErrBusy) || ctx.Err() != nil:
		return nil // the next sweep tries again
	case err != nil:
		return d.Report(ctx, by, ref.Ticket, ref.N, DeliveryFailed, err.Error())
	}
	return d.sent(ctx, by, ref, provider)
}

// sent records that the channel accepted a message.
func (d *Desk) sent(ctx context.Context, by account.Actor, ref EntryRef, provider string) error {
	return d.run(ctx, by, "record sent message", func(j *job) error {
		if provider != "" {
			entries, err := j.Entries(j.ctx, ref.Ticket, ref.N-1, ref.N+1, 1)
			if err != nil {
				return err
			}
			if len(entries) == 1 {
				entries[0].Provider = provider
				if err := j.PutEntry(j.ctx, entries[0]); err != nil {
					return err
				}
			}
		}
		return j.report(ref.Ticket, ref.N, DeliverySent, "", j.now)
	})
}
