package bunstore_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/uuid7"
)

// A bare desk writes the rows of commands and nothing else.
type bare struct {
	db      *sql.DB
	sqlite  bool
	inserts map[string]*insertion
	updates map[string]*sql.Stmt
}

// An insertion is an INSERT of all columns of a table.
type insertion struct {
	columns []string
	zero    []any
	stmt    *sql.Stmt
}

var bareTables = []string{
	"desk_tickets", "desk_entries", "desk_contacts", "desk_identities", "desk_facts", "desk_timers", "outbox_events",
}

// bareDesk opens the database that bunstore has made, set up as bunstore does.
func bareDesk(b testing.TB, url string) *bare {
	b.Helper()
	d := &bare{inserts: map[string]*insertion{}, updates: map[string]*sql.Stmt{}}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		d.sqlite = true
		var err error
		d.db, err = sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
		require.NoError(b, err)
		b.Cleanup(func() { d.db.Close() })
		d.db.SetMaxOpenConns(1)
	} else {
		d.db = raw(b, url)
		d.db.SetMaxIdleConns(ticketCallers)
	}
	for _, table := range bareTables {
		d.inserts[table] = d.insertion(b, table)
	}
	words := "INSERT INTO %s (id, words) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))"
	if d.sqlite {
		words = "INSERT INTO %s (rowid, words) VALUES ($1, $2)"
	}
	const ticket = "UPDATE desk_tickets SET %s, updated_at = $1, entries = entries + 1, epochs = epochs + 1, version = version + 1 WHERE account = 'acme' AND id = $2"
	for name, update := range map[string]string{
		"words": fmt.Sprintf(words, "desk_words"), "people": fmt.Sprintf(words, "desk_people"),
		"number":  "INSERT INTO desk_numbers (account, last) VALUES ('acme', 1) ON CONFLICT (account) DO UPDATE SET last = desk_numbers.last + 1",
		"agent":   "UPDATE desk_agents SET used = used + 1, active = active + 1, presence = $1, version = version + 1 WHERE account = 'acme' AND user_id = $2",
		"claim":   fmt.Sprintf(ticket, "status = 'open', shelf = 'open', assignee = $3, owner = $3, status_at = $1, assigned_at = $1, visit_at = NULL"),
		"reply":   fmt.Sprintf(ticket, "waiting_from = NULL, reply_at = $1, cycles = $3"),
		"resolve": fmt.Sprintf(ticket, "status = 'resolved', shelf = 'resolved', reason = 'agent', status_at = $1, waiting_from = NULL, cycles = $3, timers = $4"),
	} {
		stmt, err := d.db.Prepare(update)
		require.NoError(b, err, update)
		b.Cleanup(func() { stmt.Close() })
		d.updates[name] = stmt
	}
	return d
}

func (d *bare) insertion(b testing.TB, table string) *insertion {
	b.Helper()
	rows, err := d.db.Query("SELECT * FROM " + table + " LIMIT 0")
	require.NoError(b, err)
	types, err := rows.ColumnTypes()
	require.NoError(b, err)
	require.NoError(b, rows.Close())
	i := &insertion{}
	var marks []string
	for _, c := range types {
		if c.Name() == "seq" { // which the database gives
			continue
		}
		i.columns = append(i.columns, c.Name())
		marks = append(marks, fmt.Sprint("$", len(i.columns)))
		var zero any = int64(0)
		switch c.DatabaseTypeName() {
		case "TEXT":
			zero = ""
		case "BOOL":
			zero = false
		}
		i.zero = append(i.zero, zero)
	}
	into, values := strings.Join(i.columns, ", "), strings.Join(marks, ", ")
	if table == "outbox_events" && !d.sqlite {
		into, values = into+", seq", values+", nextval('outbox_seq')"
	}
	i.stmt, err = d.db.Prepare("INSERT INTO " + table + " (" + into + ") VALUES (" + values + ")")
	require.NoError(b, err)
	b.Cleanup(func() { i.stmt.Close() })
	return i
}

// A bareTx is one transaction. The first failure is kept, and nothing is done
// after it.
type bareTx struct {
	*sql.Tx
	d   *bare
	err error
}

type given map[string]any

func (x *bareTx) insert(table string, values given) {
	i := x.d.inserts[table]
	args := slices.Clone(i.zero)
	for column, v := range values {
		at := slices.Index(i.columns, column)
		if at < 0 && x.err == nil {
			x.err = fmt.Errorf("%s has no column %s", table, column)
			return
		}
		args[at] = v
	}
	x.run(i.stmt, args...)
}

func (x *bareTx) update(name string, args ...any) { x.run(x.d.updates[name], args...) }

func (x *bareTx) run(s *sql.Stmt, args ...any) {
	if x.err == nil {
		_, x.err = x.Stmt(s).Exec(args...)
	}
}

// Documents about as long as the real ones.
const (
	bareCycles   = `[{"opened_at":"2030-01-02T12:00:00.123456Z","asked_at":"2030-01-02T12:00:00.123456Z","first_reply_at":"2030-01-02T12:01:00.123456Z","first_reply_by":"agent-1"}]`
	bareTimers   = `[{"kind":"resolved","due_at":"2030-01-02T13:00:00.123456Z","epoch":4}]`
	barePresence = `{"chosen":"available","code":{"id":"","name":"","status":"","paid":false,"colour":""},"chosen_at":"2030-01-02T12:00:00.123456Z","since":"2030-01-02T12:00:00.123456Z","session":"2030-01-02T12:00:00.123456Z","connected":true,"used":3,"max":1073741824}`
	bareEvent    = `{"ticket":"01980000-0000-7000-8000-000000000000","thread":"web/01980000-0000-7000-8000-000000000000","at":"2030-01-02T12:00:00.123456Z","to":"agent-1","to_name":"Ann Lee","by":"agent-1","by_name":"Ann Lee","reason":"claim"}`
)

// command writes the rows of one command on ticket n.
func (d *bare) command(command string, id desk.TicketID, n int64) error {
	tx, err := d.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	x := &bareTx{Tx: tx, d: d}
	agent := string(worker(n).User)
	now := int64(1_900_000_000_000_000) + n
	message := func(n int64, side, text string) {
		x.insert("desk_entries", given{"account": "acme", "ticket": string(id), "n": n, "id": uuid7.New(), "kind": "message", "side": side, "op": uuid7.New(), "line": "web", "body": text, "files": "[]", "at": now})
		x.update("words", int64(1)<<50+now, "macme "+strings.ToLower(text))
	}
	history := func(n int64) {
		x.insert("desk_entries", given{"account": "acme", "ticket": string(id), "n": n, "id": uuid7.New(), "kind": "event", "side": "system", "line": "web", "files": "[]", "event": "desk.ticket_assigned", "data": bareEvent, "at": now})
	}
	events := func(kinds ...string) {
		for _, kind := range kinds {
			x.insert("outbox_events", given{"account": "acme", "kind": "desk." + kind, "about": string(id), "owner": agent, "at": now, "data": bareEvent})
		}
	}
	switch command {
	case "receive":
		id = desk.TicketID(uuid7.New())
		x.receive(id, n, now)
		message(1, "customer", askedText)
		history(2)
		events("contact_changed", "ticket_opened", "message_received", "queue_changed")
	case "claim":
		x.update("claim", now, string(id), agent)
		history(2)
		x.update("agent", barePresence, agent)
		events("ticket_assigned", "agent_changed", "queue_changed")
	case "reply":
		x.update("reply", now, string(id), bareCycles)
		message(2, "agent", repliedText)
		x.update("agent", barePresence, agent)
		events("reply_written", "reply_accepted", "agent_changed")
	case "resolve":
		x.update("resolve", now, string(id), bareCycles, bareTimers)
		x.insert("desk_timers", given{"account": "acme", "ticket": string(id), "kind": "resolved", "due_at": now, "epoch": int64(4)})
		history(2)
		x.insert("desk_facts", given{"account": "acme", "at": now, "what": "resolved", "ticket": string(id), "queue": "general", "agent": agent})
		x.update("agent", barePresence, agent)
		events("ticket_resolved", "agent_changed", "agent_changed")
	}
	if x.err != nil {
		return x.err
	}
	return tx.Commit()
}

// receive writes a new customer with a ticket.
func (x *bareTx) receive(id desk.TicketID, n, now int64) {
	x.update("number")
	x.insert("desk_contacts", given{"account": "acme", "id": string(id), "name": "Bo Nguyen", "name_key": "bo nguyen", "identities": "[]", "attributes": "{}", "status": "active", "source": "webchat", "created_at": now, "seen_at": now, "version": int64(1)})
	x.insert("desk_identities", given{"account": "acme", "line": "web", "value": string(id), "contact": string(id)})
	x.update("people", int64(1)<<50+now, "macme nbo nnguyen")
	x.insert("desk_tickets", given{
		"account": "acme", "id": string(id), "number": n + 1_000_000, "contact": string(id), "line": "web", "channel": "webchat", "thread": "web/" + string(id),
		"queue": "general", "status": "new", "shelf": "new", "cycles": bareCycles, "created_at": now, "updated_at": now, "status_at": now,
		"queued_at": now, "visit_at": now, "waiting_from": now, "customer_at": now, "tags": "[]", "labels": "[]", "timers": "[]", "merges": "[]", "version": int64(1),
	})
	x.insert("desk_facts", given{"account": "acme", "at": now, "what": "created", "ticket": string(id), "queue": "general"})
}

// TestBareTicket holds what BenchmarkTicket compares against to its word: it
// adds as many rows to each table as the command.
func TestBareTicket(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		for _, command := range ticketCommands {
			t.Run(command, func(t *testing.T) {
				grown := func(carryOut func(url string, id desk.TicketID) error) map[string]int {
					url := fresh(t)
					id := ticketsFor(t, url, command, 1)[0]
					before := rowsOf(t, url)
					require.NoError(t, carryOut(url, id))
					after := rowsOf(t, url)
					for table, n := range before {
						after[table] -= n
					}
					return after
				}
				want := grown(func(url string, id desk.TicketID) error {
					return ticketCommand(t.Context(), deskOf(open(t, url)), command, id, 0)
				})
				require.NotZero(t, want["outbox_events"])
				require.Equal(t, want, grown(func(url string, id desk.TicketID) error { return bareDesk(t, url).command(command, id, 0) }))
			})
		}
	})
}

// rowsOf counts the rows of the tables that commands of the desk add to.
func rowsOf(t *testing.T, url string) map[string]int {
	t.Helper()
	db := raw(t, url)
	defer db.Close()
	counts := map[string]int{}
	for _, table := range append([]string{"desk_words", "desk_people", "desk_numbers", "desk_agents", "desk_intervals", "desk_marks", "desk_files"}, bareTables...) {
		from := table
		if strings.HasPrefix(url, "sqlite:") && (table == "desk_words" || table == "desk_people") {
			from += "_docsize" // one row for each text
		}
		n := 0
		require.NoError(t, db.QueryRow("SELECT count(*) FROM "+from).Scan(&n))
		counts[table] = n
	}
	return counts
}
