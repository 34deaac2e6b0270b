package bunstore

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/fault"
)

var errNoAgent = fault.Errorf(fault.NotFound, "there is no such agent")

type agentRow struct {
	bun.BaseModel `bun:"table:desk_agents"`

	Account  account.ID
	UserID   account.UserID
	Name     string
	NameKey  string
	Email    string
	Role     account.Role
	Most     int
	Skills   string
	Queues   string
	Disabled bool
	Presence string
	Used     int
	Active   int
	Handled  int
	Replies  int
	Replied  time.Duration
	DueAt    stamp
	Version  int
}

func agentRowOf(acct account.ID, a desk.Agent) (r agentRow, err error) {
	r = agentRow{
		Account: acct, UserID: a.User, Name: a.Name, NameKey: strings.ToLower(a.Name), Email: a.Email, Role: a.Role, Most: a.Max,
		Disabled: a.Disabled, Used: a.Used, Active: a.Active, Handled: a.Handled, Replies: a.Replies, Replied: a.Replied,
		DueAt: stampOf(a.DueAt), Version: a.Version,
	}
	if r.Skills, err = list(a.Skills); err != nil {
		return r, err
	}
	if r.Queues, err = list(a.Queues); err != nil {
		return r, err
	}
	r.Presence, err = document(a.Presence)
	return r, err
}

func (r agentRow) agent() (a desk.Agent, err error) {
	a = desk.Agent{
		User: r.UserID, Name: r.Name, Email: r.Email, Role: r.Role, Max: r.Most, Disabled: r.Disabled,
		Used: r.Used, Active: r.Active, Handled: r.Handled, Replies: r.Replies, Replied: r.Replied, DueAt: r.DueAt.time(), Version: r.Version,
	}
	if a.Skills, err = unlist[desk.Proficiency](r.Skills); err != nil {
		return a, err
	}
	if a.Queues, err = unlist[desk.Membership](r.Queues); err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(r.Presence), &a.Presence)
}

func (x deskTx) Agent(ctx context.Context, user account.UserID) (desk.Agent, error) {
	row, err := get[agentRow](ctx, x.tx, "WHERE account = ? AND user_id = ?", x.acct, user)
	if err != nil {
		return desk.Agent{}, found(err, errNoAgent)
	}
	if x.desk != nil {
		x.desk.agents[user] = row
	}
	return row.agent()
}

func (x deskTx) Agents(ctx context.Context) ([]desk.Agent, error) {
	rows, err := all[agentRow](ctx, x.tx, "WHERE account = ? ORDER BY name_key, name, user_id", x.acct)
	if err != nil {
		return nil, err
	}
	return each(rows, agentRow.agent)
}

func (x deskTx) PutAgent(ctx context.Context, a desk.Agent, events ...desk.Event) error {
	known := x.desk.agents[a.User]
	if known.Version == 0 && a.Version != 1 {
		if _, err := x.Agent(ctx, a.User); err != nil && !isNotFound(err) {
			return err
		}
		known = x.desk.agents[a.User]
	}
	if a.Version != known.Version+1 {
		return errStale
	}
	row, err := agentRowOf(x.acct, a)
	if err != nil {
		return err
	}
	ok := false
	if known.Version == 0 {
		ok, err = add(ctx, x.tx, &row)
	} else {
		ok, err = change(ctx, x.tx, &known, &row, "WHERE account = ? AND user_id = ? AND version = ?", x.acct, a.User, known.Version)
	}
	if err == nil && !ok {
		err = errStale
	}
	if err != nil {
		return err
	}
	x.desk.agents[a.User] = row
	return x.halfway(x.noteOthers(string(a.User), a.User, events))
}

// noteOthers notes the events of a change of an agent, and of the queues that it
// changes too.
func (x deskTx) noteOthers(about string, owner account.UserID, events []desk.Event) error {
	for _, e := range events {
		about, owner := about, owner
		if q, ok := e.(desk.QueueChanged); ok {
			about, owner = string(q.Queue), ""
		}
		if err := note(x.tx, about, owner, []desk.Event{e}); err != nil {
			return err
		}
	}
	return nil
}

type intervalRow struct {
	bun.BaseModel `bun:"table:desk_intervals"`

	Seq      int64 `bun:",pk,autoincrement"`
	Account  account.ID
	UserID   account.UserID
	FromAt   int64
	ToAt     stamp
	Document string
}

func (r intervalRow) interval() (i desk.AgentInterval, err error) {
	i.User = r.UserID
	err = json.Unmarshal([]byte(r.Document), &i.Interval)
	i.From, i.To = timeOf(r.FromAt), r.ToAt.time()
	return i, err
}

func (x deskTx) Intervals(ctx context.Context, user account.UserID, from, to time.Time) ([]desk.AgentInterval, error) {
	where, args := "WHERE account = ?", []any{x.acct}
	if user != "" {
		where, args = where+" AND user_id = ?", append(args, user)
	}
	if !to.IsZero() {
		where, args = where+" AND from_at < ?", append(args, to.UnixMicro())
	}
	if !from.IsZero() {
		where, args = where+" AND (to_at IS NULL OR to_at > ?)", append(args, from.UnixMicro())
	}
	rows, err := all[intervalRow](ctx, x.tx, where+" ORDER BY from_at, user_id, seq", args...)
	if err != nil {
		return nil, err
	}
	return each(rows, intervalRow.interval)
}

func (x deskTx) PutIntervals(ctx context.Context, user account.UserID, intervals ...presence.Interval) error {
	for _, i := range intervals {
		text, err := document(i)
		if err != nil {
			return err
		}
		row := intervalRow{Account: x.acct, UserID: user, FromAt: i.From.UnixMicro(), ToAt: stampOf(i.To), Document: text}
		if _, err := add(ctx, x.tx, &row); err != nil {
			return err
		}
	}
	return nil
}
