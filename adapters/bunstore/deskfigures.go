package bunstore

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

// late is how long a ticket waits until it is said to be late.
const late = time.Minute

func (x deskTx) Tally(ctx context.Context, q desk.Query) (desk.Tally, error) {
	t := desk.Tally{Status: map[desk.Status]int{}, Queue: map[desk.QueueID]int{}, Agents: map[account.UserID]int{}}
	if err := soundQuery(q); err != nil {
		return t, err
	}
	p, possible, err := x.planOf(ctx, q)
	if err != nil || !possible {
		return t, err
	}
	if p.text != nil {
		p.text.set(p.rest)
	}
	var where strings.Builder
	args := []any{x.db.cfg.Now().Add(-late).UnixMicro()}
	if len(p.branches) == 1 {
		args = append(args, write(&where, p.branches[0], p.rest)...)
	} else {
		where.WriteString("seq IN (")
		for n, b := range p.branches {
			if n > 0 {
				where.WriteString(" UNION ALL ")
			}
			where.WriteString("SELECT seq FROM desk_tickets WHERE ")
			args = append(args, write(&where, b, p.rest)...)
		}
		where.WriteString(")")
	}
	rows, err := x.query(ctx, `SELECT status, queue, assignee, count(*), CAST(sum(CASE WHEN unread > 0 THEN 1 ELSE 0 END) AS BIGINT),
		CAST(sum(CASE WHEN visit_at < ? THEN 1 ELSE 0 END) AS BIGINT)
		FROM desk_tickets`+p.heap+" WHERE "+where.String()+" GROUP BY status, queue, assignee", args...)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	for rows.Next() {
		var of desk.Ticket
		var count, unread, lately int
		if err := rows.Scan(&of.Status, &of.Queue, &of.Assignee, &count, &unread, &lately); err != nil {
			return t, x.failed(ctx, err)
		}
		t.Total += count
		t.Unread += unread
		if of.Assignee == "" {
			t.Nobody += count
		}
		t.Status[of.Status] += count
		if of.Waiting() {
			t.Waiting += count
			t.Late += lately
			t.Queue[of.Queue] += count
		}
		if of.Status == desk.StatusOpen && of.Assignee != "" {
			t.Agents[of.Assignee] += count
		}
	}
	return t, x.failed(ctx, rows.Err())
}

// Figures implements [desk.TicketReader]. Who may see what is asked of each
// event: the queue and the agent that the ticket had then.
func (x deskTx) Figures(ctx context.Context, q desk.FiguresQuery) ([]desk.Figure, error) {
	if err := sound(append(append([]string{string(q.Agent), string(q.Scope.Mine)}, texts(q.Scope.Queues)...), texts(q.Scope.Waiting)...)...); err != nil {
		return nil, err
	}
	figures, bounds := intervalsOf(q)
	if len(figures) == 0 {
		return nil, nil
	}
	c := &clause{}
	c.and("f.account = ? AND NOT f.void", x.acct)
	if q.Agent != "" {
		c.and("f.agent = ?", q.Agent)
	}
	if !q.Scope.All {
		var parts []string
		var args []any
		if len(q.Scope.Queues) > 0 {
			text, more := anyOf("f.queue", q.Scope.Queues)
			parts, args = append(parts, text), append(args, more...)
		}
		if q.Scope.Mine != "" {
			parts, args = append(parts, "f.agent = ?"), append(args, q.Scope.Mine)
		}
		if len(parts) == 0 {
			return figures, nil
		}
		c.and("("+strings.Join(parts, " OR ")+")", args...)
	}
	var args []any
	for n := range figures {
		args = append(args, n, bounds[n], bounds[n+1])
	}
	// To SQLite CROSS JOIN says the order too: each interval is a range of the
	// index. The other way round every fact would be held against every interval.
	const cut = "(CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT))"
	rows, err := x.query(ctx, "WITH cuts (n, low, high) AS (VALUES "+cut+strings.Repeat(", "+cut, len(figures)-1)+`)
		SELECT cuts.n, f.what, count(*) FROM cuts CROSS JOIN desk_facts AS f
		WHERE f.at >= cuts.low AND f.at < cuts.high AND `+c.String()+" GROUP BY cuts.n, f.what", append(args, c.args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n, count int
		var what string
		if err := rows.Scan(&n, &what, &count); err != nil {
			return nil, x.failed(ctx, err)
		}
		f := &figures[n]
		*map[string]*int{
			factCreated: &f.Created, factResolved: &f.Resolved, factClosed: &f.Closed, factOnHold: &f.OnHold, factReopened: &f.Reopened,
		}[what] += count
	}
	return figures, x.failed(ctx, rows.Err())
}

// intervalsOf returns the intervals of a query, empty, and the bounds of all:
// that of figure n are n and n+1.
func intervalsOf(q desk.FiguresQuery) (figures []desk.Figure, bounds []int64) {
	end := int64(math.MaxInt64)
	if !q.Span.To.IsZero() {
		end = q.Span.To.UnixMicro()
	}
	cuts := q.Cuts
	if len(cuts) == 0 {
		cuts = []time.Time{q.Span.From}
	}
	for _, from := range cuts {
		figures = append(figures, desk.Figure{From: from.UTC()})
		bounds = append(bounds, min(max(from.UnixMicro(), q.Span.From.UnixMicro()), end))
	}
	return figures, append(bounds, end)
}
