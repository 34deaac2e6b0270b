package wsroom_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/adapters/wsroom"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/rate"
)

// A counter is sockets, and a desk on a real database, where customers
// write at one web chat. Whatever they write ann gets.
type counter struct {
	*house
	desk  *desk.Desk
	floor *desk.Floor
	key   string
}

var (
	anna  = account.Actor{Account: "acme", User: "ann", Name: "Ann Ames", Role: account.RoleAgent}
	bob   = account.Actor{Account: "acme", User: "bob", Name: "Bob Berg", Role: account.RoleAgent}
	susan = account.Actor{Account: "acme", User: "sue", Name: "Susan Sand", Role: account.RoleSupervisor}
	staff = []account.Actor{anna, bob, susan, eve}
)

func openCounter(t *testing.T, limits wsroom.Limits) *counter {
	t.Helper()
	db, err := bunstore.Open(t.Context(), filepath.Join(t.TempDir(), "tandem.db"), bunstore.Config{})
	require.NoError(t, err)
	c := &counter{desk: desk.New(db.Desk(), desk.Config{Channels: map[desk.Kind]desk.Channel{desk.KindWebChat: instant{}}})}
	c.floor = desk.NewFloor(c.desk)
	for _, a := range staff {
		setup, err := c.desk.Begin(t.Context(), account.System(a.Account), "Acme")
		require.NoError(t, err)
		require.NoError(t, c.desk.UserChanged(t.Context(), a.Account, account.User{Account: a.Account, ID: a.User, Name: a.Name, Role: a.Role}))
		_, err = c.desk.DescribeAgent(t.Context(), account.System(a.Account), a.User, desk.AgentDescription{
			Queues: []desk.Membership{{Queue: setup.Queues[0].ID, Priority: 1}},
		})
		require.NoError(t, err)
		if a.Account == "acme" {
			c.key = setup.Lines[0].Key
		}
	}
	c.house = open(t, wsroom.Config{Floor: c.floor, Visitor: c.desk.Visitor, Limits: limits})
	t.Cleanup(func() { // the floor still notes who has left when the sockets are gone
		c.stop()
		for _, a := range staff {
			c.attends(a, false)
		}
		require.NoError(t, db.Close())
	})
	for _, a := range staff {
		c.users.Store(string(a.User), a)
	}
	return c
}

// attends waits until the desk knows whether the agent is connected.
func (c *counter) attends(who account.Actor, want bool) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		a, err := c.desk.Me(context.Background(), who)
		return err == nil && a.Presence.Connected == want
	}, 10*time.Second, 5*time.Millisecond)
}

// page opens a live socket of an agent, of whom the desk knows before it returns.
func (c *counter) page(who account.Actor) *websocket.Conn {
	c.t.Helper()
	conn := c.connect("/ws/live", string(who.User))
	c.attends(who, true)
	return conn
}

// instant is desk.Channel as of a web chat.
type instant struct{}

func (instant) Send(context.Context, desk.Outgoing) (string, error) { return "", nil }
func (instant) Instant() bool                                       { return true }

// secret returns a visitor's secret.
func secret(n int) string { return strings.Repeat(fmt.Sprint(n), 43)[:43] }

// writes has a visitor write, gives the ticket to ann, and returns it.
func (c *counter) writes(token, op, text string) desk.TicketID {
	c.t.Helper()
	v, err := c.desk.Visitor(c.t.Context(), c.key, token)
	require.NoError(c.t, err)
	e, err := c.desk.WriteAs(c.t.Context(), v, desk.VisitorMessage{Op: op, Text: text, Name: "Lena"})
	require.NoError(c.t, err)
	_, err = c.desk.Transfer(c.t.Context(), account.System("acme"), e.Ticket, desk.Target{Agent: "ann", Override: true})
	require.NoError(c.t, err)
	return e.Ticket
}

func say(t *testing.T, conn *websocket.Conn, frame any) {
	t.Helper()
	text, err := json.Marshal(frame)
	require.NoError(t, err)
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, text))
}

// chat connects as a visitor and says hello.
func (c *counter) chat(token string) *websocket.Conn {
	c.t.Helper()
	conn := c.connect("/ws/chat?key="+c.key, "")
	say(c.t, conn, map[string]string{"t": "hello", "token": token})
	require.Equal(c.t, "hello", c.read(conn).T)
	return conn
}

// A heard is a frame that the floor sends.
type heard struct {
	T, Ticket, Name string
	People          []struct {
		ID, Name string
		Typing   bool
	}
}

// until reads until such a frame comes, past beats and events.
func (c *counter) until(conn *websocket.Conn, kind string) heard {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	for {
		_, text, err := conn.Read(ctx)
		require.NoError(c.t, err, "waiting for %s", kind)
		var f heard
		require.NoError(c.t, json.Unmarshal(text, &f))
		if f.T == kind {
			return f
		}
	}
}

func TestPeopleHearWhoElseLooks(t *testing.T) {
	c := openCounter(t, wsroom.Limits{})
	id := c.writes(secret(1), "1", "hello")
	anns, sues := c.page(anna), c.page(susan)
	view := map[string]any{"t": "view", "ticket": id}
	say(t, anns, view)
	require.Empty(t, c.until(anns, "viewers").People)
	say(t, sues, view)
	require.Equal(t, "ann", c.until(sues, "viewers").People[0].ID)
	f := c.until(anns, "viewers")
	require.Equal(t, string(id), f.Ticket)
	require.Len(t, f.People, 1)
	require.Equal(t, "Susan Sand", f.People[0].Name)
	require.False(t, f.People[0].Typing)

	say(t, sues, map[string]any{"t": "typing", "ticket": id})
	require.True(t, c.until(anns, "viewers").People[0].Typing)

	require.NoError(t, sues.Close(websocket.StatusNormalClosure, ""))
	require.Empty(t, c.until(anns, "viewers").People, "who has left is not shown")
}

func TestTypingGoesBothWays(t *testing.T) {
	c := openCounter(t, wsroom.Limits{})
	id := c.writes(secret(1), "1", "hello")
	c.writes(secret(2), "1", "hello from another")
	anns, lenas, others := c.page(anna), c.chat(secret(1)), c.chat(secret(2))
	say(t, anns, map[string]any{"t": "view", "ticket": id})
	c.until(anns, "viewers")

	say(t, others, map[string]any{"t": "typing"}) // not told to ann, who looks at something else
	say(t, lenas, map[string]any{"t": "typing"})
	require.Equal(t, string(id), c.until(anns, "typing").Ticket)
	say(t, anns, map[string]any{"t": "typing", "ticket": id})
	require.Equal(t, "Ann", c.until(lenas, "typing").Name, "customers get first names alone")

	// Of what another conversation is told the first to arrive is the next change.
	v, err := c.desk.Visitor(t.Context(), c.key, secret(2))
	require.NoError(t, err)
	data, err := json.Marshal(map[string]any{"thread": v.Thread()})
	require.NoError(t, err)
	c.floor.Changed("acme", "desk.message_received", data)
	require.Equal(t, "changed", c.read(others).T)
}

// An agent is connected for as long as one page is open.
func TestPresenceFollowsLiveSockets(t *testing.T) {
	c := openCounter(t, wsroom.Limits{})
	id := c.writes(secret(1), "1", "hello")
	c.attends(anna, false)
	first, second := c.page(anna), c.page(anna)
	for _, conn := range []*websocket.Conn{first, second} {
		say(t, conn, map[string]any{"t": "view", "ticket": id})
		c.until(conn, "viewers")
	}
	require.NoError(t, first.Close(websocket.StatusNormalClosure, ""))
	c.until(second, "viewers") // told as soon as the other has left
	a, err := c.desk.Me(t.Context(), anna)
	require.NoError(t, err)
	require.True(t, a.Presence.Connected)
	_ = second.CloseNow()
	c.attends(anna, false)
}

func TestNobodyLooksAtWhatIsNotTheirs(t *testing.T) {
	c := openCounter(t, wsroom.Limits{})
	id := c.writes(secret(1), "1", "hello")
	lenas, anns := c.chat(secret(1)), c.page(anna)
	for _, stranger := range []account.Actor{eve, bob} { // of another account, and without the conversation
		conn := c.page(stranger)
		for _, kind := range []string{"view", "typing"} {
			say(t, conn, map[string]any{"t": kind, "ticket": id})
		}
		require.NoError(t, conn.Close(websocket.StatusNormalClosure, "")) // answered when all before it is heard
	}
	say(t, anns, map[string]any{"t": "typing", "ticket": id}) // without looking at it
	say(t, anns, map[string]any{"t": "view", "ticket": id})
	require.Empty(t, c.until(anns, "viewers").People, "the first that ann hears")
	say(t, anns, map[string]any{"t": "typing", "ticket": id})
	require.Equal(t, "Ann", c.until(lenas, "typing").Name, "the first that the customer hears")
}

// What a page says is bounded, and what makes no sense is ignored.
func TestHostileWordsToTheFloor(t *testing.T) {
	junk := []string{
		"", " ", "null", "[]", "7", `"view"`, "{", `{"t":1}`, `{"t":"view","ticket":7}`, `{"t":"view","ticket":"../../x"}`, `{"t":"hello"}`,
		`{"t":"typing","ticket":"` + strings.Repeat("x", 3000) + `"}`, `{"t":"view","ticket":"\u0000"}`, strings.Repeat("[", 4000), `{"t":"viewers","people":[{}]}`,
	}
	c := openCounter(t, wsroom.Limits{})
	id := c.writes(secret(1), "1", "hello")
	for name, connect := range map[string]func() *websocket.Conn{
		"agent":    func() *websocket.Conn { return c.page(anna) },
		"customer": func() *websocket.Conn { return c.chat(secret(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			conn := connect()
			for _, text := range junk {
				require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(text)))
			}
			if name == "agent" {
				say(t, conn, map[string]any{"t": "view", "ticket": id})
				c.until(conn, "viewers")
			} else {
				v, err := c.desk.Visitor(t.Context(), c.key, secret(1))
				require.NoError(t, err)
				data, _ := json.Marshal(map[string]any{"thread": v.Thread()})
				c.floor.Changed("acme", "desk.message_received", data)
				c.until(conn, "changed")
			}

			long := connect()
			require.NoError(t, long.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat("x", 4<<10+1))))
			require.EqualValues(t, 1009, c.closed(long))
			binary := connect()
			require.NoError(t, binary.Write(t.Context(), websocket.MessageBinary, []byte("{}")))
			require.EqualValues(t, 1003, c.closed(binary))
			flood := connect()
			for range 60 {
				if flood.Write(t.Context(), websocket.MessageText, []byte(`{"t":"typing"}`)) != nil {
					break // closed already
				}
			}
			require.EqualValues(t, 4429, c.closed(flood))
		})
	}
}

func TestChatIsForThoseWhoKnowASecret(t *testing.T) {
	c := openCounter(t, wsroom.Limits{})
	for name, tc := range map[string]struct {
		key   string
		first any
		code  int
	}{
		"no secret":            {c.key, map[string]string{"t": "hello"}, 4401},
		"a short one":          {c.key, map[string]string{"t": "hello", "token": "short"}, 4401},
		"a long one":           {c.key, map[string]string{"t": "hello", "token": strings.Repeat("x", 101)}, 4401},
		"something else first": {c.key, map[string]string{"t": "typing", "token": secret(1)}, 4401},
		"no JSON":              {c.key, "hello", 4401},
		"an unknown chat":      {"none", map[string]string{"t": "hello", "token": secret(1)}, 4404},
	} {
		t.Run(name, func(t *testing.T) {
			conn := c.connect("/ws/chat?key="+tc.key, "")
			say(t, conn, tc.first)
			require.EqualValues(t, tc.code, c.closed(conn))
		})
	}
	for _, path := range []string{"/ws/chat", "/ws/chat?key=", "/ws/chat?key=" + strings.Repeat("k", 65)} {
		_, res, err := websocket.Dial(t.Context(), c.url+path, nil)
		require.Error(t, err)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, path)
	}
	_, res, err := websocket.Dial(t.Context(), c.url+"/ws/chat?key="+c.key, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://evil.example"}}})
	require.Error(t, err)
	require.Equal(t, http.StatusForbidden, res.StatusCode, "the socket is for the chat's own page, wherever that is framed")
}

func TestChatSocketsAreBounded(t *testing.T) {
	c := openCounter(t, wsroom.Limits{First: 50 * time.Millisecond, Beat: 20 * time.Millisecond, User: rate.Limit{Burst: -1}})
	silent := c.connect("/ws/chat?key="+c.key, "")
	require.EqualValues(t, 4408, c.closed(silent))

	first := c.chat(secret(1))
	require.Equal(t, frame{T: "beat"}, c.read(first), "it goes on after the time for the first message")
	for range 4 {
		c.chat(secret(1))
	}
	more := c.connect("/ws/chat?key="+c.key, "")
	say(t, more, map[string]string{"t": "hello", "token": secret(1)})
	require.EqualValues(t, 1013, c.closed(more))
	last := c.chat(secret(2)) // others have places of their own

	c.stop()
	require.EqualValues(t, 1012, c.closed(last))
	require.Zero(t, c.sockets.Count())
}

func TestVisibleAtTheDesk(t *testing.T) {
	machine := account.Actor{Account: "acme", Key: "k", Role: account.RoleMachine, Scopes: []account.Permission{account.CallsPlace}}
	watcher := account.Actor{Account: "acme", Key: "w", Role: account.RoleMachine, Scopes: []account.Permission{account.DeskSeeAll}}
	worker := account.Actor{Account: "acme", Key: "d", Role: account.RoleMachine, Scopes: []account.Permission{account.DeskWork}}
	for _, tc := range []struct {
		kind  string
		owner account.UserID
		seen  []account.Actor
		not   []account.Actor
	}{
		{"desk.ticket_assigned", "ann", []account.Actor{ann, sue, watcher}, []account.Actor{bob, machine, worker, {}}},
		{"desk.ticket_opened", "", []account.Actor{sue, watcher}, []account.Actor{ann, bob, machine, worker, {}}},
		{"desk.message_received", "bob", []account.Actor{bob, sue}, []account.Actor{ann, machine, worker}},
		{"desk.agent_changed", "bob", []account.Actor{bob, sue}, []account.Actor{ann, machine}},
		{"desk.queue_changed", "", []account.Actor{ann, bob, sue, worker}, []account.Actor{machine, {}}},
		{"desk.setup_changed", "", []account.Actor{ann, bob, sue, worker}, []account.Actor{machine, {}}},
		{"desk.contact_changed", "", []account.Actor{ann, bob, sue, worker}, []account.Actor{machine, {}}},
		{"desk.queue_changed_too", "", []account.Actor{sue}, []account.Actor{ann, worker}},
		{"desks.queue_changed", "ann", nil, []account.Actor{ann, sue}},
	} {
		rec := outbox.Record{Account: "acme", Kind: tc.kind, Owner: tc.owner, About: "x"}
		for _, by := range tc.seen {
			require.True(t, wsroom.Visible(by, rec), "%s of %q to %+v", tc.kind, tc.owner, by)
		}
		for _, by := range tc.not {
			require.False(t, wsroom.Visible(by, rec), "%s of %q to %+v", tc.kind, tc.owner, by)
		}
	}
}
