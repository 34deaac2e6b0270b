package desk

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/fault"
)

// A DashboardQuery says what a dashboard is about.
type DashboardQuery struct {
	From, To time.Time      // To is not included
	Agent    account.UserID // "" for all
	Zone     *time.Location // in which days begin; UTC
}

// A Dashboard is how the desk stands, and what happened within a time.
type Dashboard struct {
	Now    Standing
	Period Figure   // the sum of Series
	Series []Figure // by day, or by hour of a time of two days at most
}

// A Standing is how the desk stands now.
type Standing struct {
	Queue    int // tickets that wait for an agent
	Late     int // of those, for longer than a minute
	Assigned int // unfinished tickets that agents have
	Opened   int // tickets that are open
	Agents   int // who are there: available, or busy because they have enough
}

// longestPeriod bounds a dashboard.
const longestPeriod = 400 * 24 * time.Hour

// Dashboard returns how the actor's part of the desk stands, and what happened.
// Figures count events: what was put on hold within the time, not what is on
// hold. It needs [account.DeskSeeAll].
func (d *Desk) Dashboard(ctx context.Context, by account.Actor, q DashboardQuery) (Dashboard, error) {
	var out Dashboard
	err := d.view(ctx, by, "read dashboard", func(j *job) error {
		if err := j.need(account.DeskSeeAll); err != nil {
			return err
		}
		var c fault.Check
		c.That(q.From.Before(q.To) && q.To.Sub(q.From) <= longestPeriod, "to", "has to follow from, by 400 days at most")
		if err := c.Err(); err != nil {
			return err
		}
		scope, err := j.scope()
		if err != nil {
			return err
		}
		if out.Now, err = j.standing(scope); err != nil {
			return err
		}
		out.Series, err = j.Figures(j.ctx, FiguresQuery{Scope: scope, Agent: q.Agent, Span: Span{q.From, q.To}, Cuts: cuts(q)})
		out.Period = Figure{From: q.From}
		for _, f := range out.Series {
			out.Period.Created += f.Created
			out.Period.Resolved += f.Resolved
			out.Period.Closed += f.Closed
			out.Period.OnHold += f.OnHold
			out.Period.Reopened += f.Reopened
		}
		return err
	})
	return out, err
}

func (j *job) standing(scope Scope) (Standing, error) {
	var s Standing
	live, err := j.Tally(j.ctx, Query{Scope: scope, Status: []Status{StatusNew, StatusOpen, StatusPending, StatusOnHold}})
	if err != nil {
		return s, err
	}
	s = Standing{Queue: live.Waiting, Late: live.Late, Assigned: live.Total - live.Nobody, Opened: live.Status[StatusOpen]}
	agents, err := j.Tx.Agents(j.ctx)
	for _, a := range agents {
		if e, why := a.Presence.Effective(); e == presence.StatusAvailable || why == presence.ReasonCapacity {
			s.Agents++
		}
	}
	return s, err
}

// cuts returns where the intervals of a series begin, in the zone's own hours or
// days.
func cuts(q DashboardQuery) []time.Time {
	zone := q.Zone
	if zone == nil {
		zone = time.UTC
	}
	hourly := q.To.Sub(q.From) <= 50*time.Hour
	all := []time.Time{q.From}
	at := q.From.In(zone)
	for {
		if hourly {
			at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), 0, 0, 0, zone).Add(time.Hour)
		} else {
			at = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, zone)
		}
		if !at.Before(q.To) {
			return all
		}
		all = append(all, at.UTC())
	}
}
