package vi

import (
	"context"
	"fmt"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

func (s *Calls) load(ctx context.Context, ref Ref) (c Call, err error) {
	err = s.store.View(ctx, ref.Account, func(r Reader) error {
		c, err = r.Call(ctx, ref.Call)
		return err
	})
	return c, err
}

// read runs fn on a call that the actor may see.
func (s *Calls) read(ctx context.Context, by account.Actor, id CallID, what string, fn func(Reader, Call) error) error {
	err := s.store.View(ctx, by.Account, func(r Reader) error {
		c, err := r.Call(ctx, id)
		if err == nil {
			err = see(by, c)
		}
		if err != nil {
			return err
		}
		return fn(r, c)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Call returns a call that the actor may see.
func (s *Calls) Call(ctx context.Context, by account.Actor, id CallID) (call Call, err error) {
	err = s.read(ctx, by, id, "read call", func(_ Reader, c Call) error {
		call = c
		return nil
	})
	return call, err
}

// List returns the calls that the actor may see and the query selects, newest
// first. An actor who may not see all gets only its own.
func (s *Calls) List(ctx context.Context, by account.Actor, q Query) (calls []Call, err error) {
	if err := scope(by, &q.Agent); err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	var check fault.Check
	check.That(q.Limit >= 1 && q.Limit <= 200, "limit", "must be from 1 to 200")
	check.That(len(q.Text) <= 100, "q", "is longer than 100 characters")
	check.That(q.From.IsZero() || q.To.IsZero() || q.From.Before(q.To), "to", "must be after from")
	for _, st := range q.Status {
		check.That(known(st), "status", "has no value %q", st)
	}
	if err := check.Err(); err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	err = s.store.View(ctx, by.Account, func(r Reader) error {
		calls, err = r.Calls(ctx, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	return calls, nil
}

func known(s Status) bool {
	for _, k := range Statuses() {
		if k == s {
			return true
		}
	}
	return false
}

// scope narrows a query to what the actor may see.
func scope(by account.Actor, agent *account.UserID) error {
	switch {
	case by.Can(account.CallsSeeAll):
		return nil
	case by.User == "" || !by.Can(account.CallsPlace):
		return fault.Errorf(ErrDenied, "you may not see calls")
	case *agent != "" && *agent != by.User:
		return fault.Errorf(ErrDenied, "you may see only your own calls")
	}
	*agent = by.User
	return nil
}

// Messages returns the chat of a call after message n, at most limit of it.
func (s *Calls) Messages(ctx context.Context, by account.Actor, id CallID, afterN, limit int) (all []Message, err error) {
	err = s.read(ctx, by, id, "read chat", func(r Reader, _ Call) error {
		all, err = r.Messages(ctx, id, afterN, limit)
		return err
	})
	return all, err
}

// Readings returns what the media of a call was like, oldest first.
func (s *Calls) Readings(ctx context.Context, by account.Actor, id CallID) (all []Reading, err error) {
	err = s.read(ctx, by, id, "read call quality", func(r Reader, _ Call) error {
		all, err = r.Readings(ctx, id)
		return err
	})
	return all, err
}

// Figures counts the calls that the actor may see and the query selects.
func (s *Calls) Figures(ctx context.Context, by account.Actor, q FiguresQuery) (f Figures, err error) {
	if err := scope(by, &q.Agent); err != nil {
		return Figures{}, fmt.Errorf("count calls: %w", err)
	}
	var check fault.Check
	check.That(q.From.Before(q.To), "to", "must be after from")
	check.That(q.To.Sub(q.From) <= 366*24*time.Hour, "from", "must be within a year of to")
	if err := check.Err(); err != nil {
		return Figures{}, fmt.Errorf("count calls: %w", err)
	}
	err = s.store.View(ctx, by.Account, func(r Reader) error {
		f, err = r.Figures(ctx, q)
		return err
	})
	if err != nil {
		return Figures{}, fmt.Errorf("count calls: %w", err)
	}
	return f, nil
}

// A Quality is what one side's media was like over a whole call.
type Quality struct {
	Seat      Seat
	Samples   int
	Candidate string        // of the last reading: host, srflx, prflx or relay
	Protocol  string        // udp or tcp
	RTT       time.Duration // mean of the readings that have one
	In, Out   FlowReading   // means, weighted by the length of the readings
}

// Summarise returns the quality of each side that has readings.
func Summarise(readings []Reading) (all []Quality) {
	for _, seat := range []Seat{SeatAgent, SeatCustomer} {
		q := Quality{Seat: seat}
		var rtt time.Duration
		var rtts int
		var weight float64
		for _, r := range readings {
			if r.Seat != seat {
				continue
			}
			q.Samples++
			q.Candidate, q.Protocol = r.Candidate, r.Protocol
			if r.RTT > 0 {
				rtt, rtts = rtt+r.RTT, rtts+1
			}
			w := r.Interval.Seconds()
			weight += w
			q.In, q.Out = q.In.plus(r.In, w), q.Out.plus(r.Out, w)
		}
		if q.Samples == 0 {
			continue
		}
		if rtts > 0 {
			q.RTT = rtt / time.Duration(rtts)
		}
		if weight > 0 {
			q.In, q.Out = q.In.over(weight), q.Out.over(weight)
		}
		all = append(all, q)
	}
	return all
}

func (f FlowReading) plus(g FlowReading, w float64) FlowReading {
	return FlowReading{f.Bitrate + g.Bitrate*w, f.Loss + g.Loss*w, f.Jitter + time.Duration(float64(g.Jitter)*w)}
}

func (f FlowReading) over(w float64) FlowReading {
	return FlowReading{f.Bitrate / w, f.Loss / w, time.Duration(float64(f.Jitter) / w)}
}
