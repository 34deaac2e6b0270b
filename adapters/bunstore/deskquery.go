package bunstore

import (
	"context"
	"slices"
	"strings"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

// mostListed is how many tickets, or contacts, one query returns at most.
const mostListed = 200

// A clause is a condition that is being written.
type clause struct {
	text strings.Builder
	args []any
}

func (c *clause) and(text string, args ...any) {
	if c.text.Len() > 0 {
		c.text.WriteString(" AND ")
	}
	c.text.WriteString(text)
	c.args = append(c.args, args...)
}

func (c *clause) String() string { return c.text.String() }

func (c *clause) copy() *clause {
	next := &clause{args: slices.Clone(c.args)}
	next.text.WriteString(c.String())
	return next
}

// andAny has the column be one of the values, if there are any.
func andAny[V ~string](c *clause, column string, values []V) {
	if len(values) > 0 {
		text, args := anyOf(column, values)
		c.and(text, args...)
	}
}

// A plan is how to find the tickets of a query. Each branch is a range of an
// index in the order of the list, so that none reads much more than it shows;
// their union is what the scope allows.
type plan struct {
	branches []*clause
	rest     *clause // what holds in every branch
	heap     string  // what follows the table's name if the tickets to choose from are given by number
	text     *search // what is to be found besides, if that is no condition yet
}

// mostBranches bounds the branches, below what SQLite takes in one statement.
const mostBranches = 400

// planOf returns the plan of a query, and whether it may find anything.
func (x deskTx) planOf(ctx context.Context, q desk.Query) (p plan, _ bool, _ error) {
	if !q.Scope.All && len(q.Scope.Queues) == 0 && q.Scope.Mine == "" && len(q.Scope.Waiting) == 0 {
		return p, false, nil
	}
	shelves := shelvesOf(q)
	p.rest = &clause{}
	andAny(p.rest, "channel", q.Channel)
	andAny(p.rest, "queue", q.Queue)
	andAny(p.rest, "assignee", q.Assignee)
	andAny(p.rest, "contact", q.Contact)
	span(p.rest, "updated_at", q.Updated)
	span(p.rest, "created_at", q.Created)
	heap, possible, err := x.narrow(ctx, &p, q)
	if err != nil || !possible || len(shelves) == 0 {
		return p, false, err
	}
	branches := scopeBranches(q, shelves)
	if heap || len(q.Contact) > 0 || len(branches) > mostBranches {
		b := &clause{}
		b.and("account = ?", x.acct)
		andAny(b, "shelf", shelves)
		scoped(b, q.Scope)
		p.branches = []*clause{b}
		if heap {
			p.heap = x.byNumber()
		}
		return p, true, nil
	}
	for _, b := range branches {
		whole := &clause{}
		whole.and("account = ?", x.acct)
		whole.and(b.String(), b.args...)
		p.branches = append(p.branches, whole)
	}
	return p, len(p.branches) > 0, nil
}

// shelvesOf returns where the tickets of a query are.
func shelvesOf(q desk.Query) (shelves []shelf) {
	if q.Spam {
		if len(q.Status) == 0 || slices.Contains(q.Status, desk.StatusClosed) {
			return []shelf{spamShelf}
		}
		return nil
	}
	for _, s := range desk.Statuses() {
		if len(q.Status) == 0 || slices.Contains(q.Status, s) {
			shelves = append(shelves, shelf(s))
		}
	}
	return shelves
}

func span(c *clause, column string, s desk.Span) {
	if !s.From.IsZero() {
		c.and(column+" >= ?", s.From.UnixMicro())
	}
	if !s.To.IsZero() {
		c.and(column+" < ?", s.To.UnixMicro())
	}
}

// waits is the condition of tickets that wait for an agent.
const waits = "assignee = '' AND status IN ('new', 'open')"

// scoped is the condition that the scope is.
func scoped(c *clause, s desk.Scope) {
	if s.All {
		return
	}
	var parts []string
	var args []any
	either := func(text string, more ...any) {
		parts, args = append(parts, text), append(args, more...)
	}
	if len(s.Queues) > 0 {
		text, more := anyOf("queue", s.Queues)
		either(text, more...)
	}
	if s.Mine != "" {
		either("owner = ?", s.Mine)
	}
	if len(s.Waiting) > 0 {
		text, more := anyOf("queue", s.Waiting)
		either(waits+" AND "+text, more...)
	}
	if len(parts) == 0 {
		c.and("1 = 0")
		return
	}
	c.and("("+strings.Join(parts, " OR ")+")", args...)
}

// scopeBranches returns the branches of a scope, each on one shelf. Filters that
// are an index too take the place of the whole scope.
func scopeBranches(q desk.Query, shelves []shelf) (branches []*clause) {
	add := func(s shelf, text string, args ...any) {
		b := &clause{}
		b.and(text, args...)
		b.and("shelf = ?", s)
		branches = append(branches, b)
	}
	for _, s := range shelves {
		switch {
		case q.Scope.All && len(q.Queue) > 0:
			for _, id := range distinct(q.Queue) {
				add(s, "queue = ?", id)
			}
		case q.Scope.All && len(q.Assignee) > 0 && !slices.Contains(q.Assignee, ""):
			for _, id := range distinct(q.Assignee) {
				add(s, "owner = ?", id)
			}
		case q.Scope.All && len(q.Assignee) == 1 && !desk.Status(s).Finished() && s != spamShelf:
			add(s, "owner = ?", account.UserID(""))
		case q.Scope.All:
			b := &clause{}
			b.and("shelf = ?", s)
			branches = append(branches, b)
		}
		if q.Scope.All {
			continue
		}
		for _, id := range distinct(q.Scope.Queues) {
			if len(q.Queue) == 0 || slices.Contains(q.Queue, id) {
				add(s, "queue = ?", id)
			}
		}
		if q.Scope.Mine != "" {
			add(s, "owner = ?", q.Scope.Mine)
		}
		if len(q.Scope.Waiting) > 0 && (s == shelf(desk.StatusNew) || s == shelf(desk.StatusOpen)) {
			of, args := anyOf("queue", q.Scope.Waiting)
			add(s, "owner = '' AND "+waits+" AND "+of, args...)
		}
	}
	return branches
}

func distinct[E ~string](values []E) []E { return slices.Compact(slices.Sorted(slices.Values(values))) }

func (x deskTx) Tickets(ctx context.Context, q desk.Query) ([]desk.Ticket, error) {
	if err := soundQuery(q); err != nil {
		return nil, err
	}
	if q.Limit <= 0 || q.Limit > mostListed {
		q.Limit = mostListed
	}
	p, possible, err := x.planOf(ctx, q)
	if err != nil {
		return nil, err
	}
	if q.Before != "" {
		if err := x.before(ctx, p.rest, q); err != nil {
			return nil, err
		}
	}
	if !possible {
		return nil, nil
	}
	if p.text != nil {
		return x.walk(ctx, p, q.Limit)
	}
	return x.listed(ctx, p, p.rest, q.Limit)
}

// inOrder is the order of lists.
const inOrder = " ORDER BY updated_at DESC, id DESC LIMIT ?"

// listed returns the first tickets of the plan.
func (x deskTx) listed(ctx context.Context, p plan, rest *clause, limit int) ([]desk.Ticket, error) {
	where, args := p.list(rest, limit)
	rows, err := all[ticketRow](ctx, x.tx, where, args...)
	if err != nil {
		return nil, err
	}
	return each(rows, ticketRow.ticket)
}

// list returns the condition of the first tickets of the plan and its arguments.
func (p plan) list(rest *clause, limit int) (string, []any) {
	var where strings.Builder
	var args []any
	// What is sorted are numbers, and not whole rows.
	where.WriteString("WHERE seq IN (")
	for n, b := range p.branches {
		if n > 0 {
			where.WriteString(" UNION ALL ")
		}
		where.WriteString("SELECT seq FROM (SELECT seq FROM desk_tickets" + p.heap + " WHERE ")
		args = append(append(args, write(&where, b, rest)...), limit)
		where.WriteString(inOrder + ") AS b")
	}
	where.WriteString(")")
	return where.String() + inOrder, append(args, limit)
}

// write writes one branch with what holds in every branch, and returns its
// arguments.
func write(to *strings.Builder, b, rest *clause) []any {
	whole := b.copy()
	if len(rest.String()) > 0 {
		whole.and(rest.String(), rest.args...)
	}
	to.WriteString(whole.String())
	return whole.args
}

// before has the list go on after the last ticket of the page before. Of a
// ticket beyond the scope a query knows nothing.
func (x deskTx) before(ctx context.Context, c *clause, q desk.Query) error {
	known := &clause{}
	known.and("account = ?", x.acct)
	known.and("id = ?", q.Before)
	if c == nil {
		return errNoTicket
	}
	scoped(known, q.Scope)
	row, err := get[ticketRow](ctx, x.tx, "WHERE "+known.String(), known.args...)
	if err != nil {
		return found(err, errNoTicket)
	}
	c.and("(updated_at, id) < (?, ?)", row.UpdatedAt, row.ID)
	return nil
}

func soundQuery(q desk.Query) error {
	all := []string{q.Text, q.Tag, string(q.Label), string(q.Before), string(q.Scope.Mine)}
	all = append(all, texts(q.Channel)...)
	all = append(all, texts(q.Queue)...)
	all = append(all, texts(q.Assignee)...)
	all = append(all, texts(q.Contact)...)
	all = append(all, texts(q.Scope.Queues)...)
	return sound(append(all, texts(q.Scope.Waiting)...)...)
}
