package wsroom_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/wsroom"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

func TestRoom(t *testing.T) {
	o := openOffice(t, wsroom.Limits{})
	id, agent, customer, a, c := o.meet()

	o.write(a, `{"t":"chat.send","id":"2","p":{"op":"x","text":"hello Carl"}}`)
	for o.until(a, "chat.message").Re != "2" { // the feed may bring the message before the answer comes
	}
	var m wire.ChatMessage
	require.NoError(t, json.Unmarshal(o.until(c, "chat.message").P, &m))
	require.Equal(t, "hello Carl", m.Message.Text)
	o.write(c, `{"t":"dev.report","p":{"mic":"on","cam":"off"}}`)
	o.until(a, "dev.state")

	again := agent.room(id, "agent") // another tab
	require.Equal(t, 4409, o.closed(a))
	o.write(again, `{"t":"hello"}`)
	o.until(again, "welcome")

	o.write(c, `{"t":"call.hangup","id":"3"}`)
	require.Equal(t, 4404, o.closed(c))
	require.Equal(t, 4404, o.closed(again))
	require.Equal(t, 4404, o.closed(customer.room(id, "customer")), "it is over")
	require.Equal(t, 4404, o.closed(agent.room(id, "agent")))
}

func TestRoomIsForThoseOfTheCall(t *testing.T) {
	o := openOffice(t, wsroom.Limits{})
	ann := o.as("ann")
	id, token := ann.start()
	carl := o.visitor()
	carl.post("/api/guest/join", map[string]any{"token": token}, nil)
	for name, tc := range map[string]struct {
		who  *visitor
		id   string
		as   string
		code int
	}{
		"nobody as agent":             {o.visitor(), id, "agent", 4401},
		"nobody as customer":          {o.visitor(), id, "customer", 4401},
		"the agent as customer":       {ann, id, "customer", 4401},
		"the customer as agent":       {carl, id, "agent", 4401},
		"another agent":               {o.as("bob"), id, "agent", 4404},
		"an administrator":            {o.as("adam"), id, "agent", 4403},
		"no such call":                {ann, "nothing", "agent", 4404},
		"no such call, as customer":   {carl, "nothing", "customer", 4401},
		"what no identifier looks as": {ann, "%00%ff'", "agent", 4404},
	} {
		require.Equal(t, tc.code, o.closed(tc.who.room(tc.id, tc.as)), name)
	}
	for _, query := range []string{"", "?call=" + id, "?as=agent", "?call=" + id + "&as=system"} {
		_, res, err := websocket.Dial(t.Context(), "ws://"+o.url.Host+"/ws/room"+query, nil)
		require.Error(t, err)
		require.Equal(t, http.StatusBadRequest, res.StatusCode)
	}
	_, browsers := o.rooms.Count()
	require.Zero(t, browsers)
}

func TestRoomWhoseSeatMovesOn(t *testing.T) {
	o := openOffice(t, wsroom.Limits{})
	agent, first, second := o.as("ann"), o.visitor(), o.visitor()
	id, token := agent.start()
	first.post("/api/guest/join", map[string]any{"token": token}, nil)
	c := first.room(id, "customer")
	o.write(c, `{"t":"hello"}`)
	o.until(c, "welcome")
	second.post("/api/guest/knock", map[string]any{"token": token}, nil)
	call, err := o.calls.Call(t.Context(), o.admin.Actor(), vi.CallID(id))
	require.NoError(t, err)
	agent.post("/api/calls/"+id+"/admit", map[string]any{"knock": call.Knock.ID, "admit": true}, nil)
	require.Equal(t, 4401, o.closed(c))
	require.Equal(t, 4401, o.closed(first.room(id, "customer")))
	c = second.room(id, "customer")
	o.write(c, `{"t":"hello"}`)
	o.until(c, "welcome")
}

func TestSocketsEndWhenTheUserIsDisabled(t *testing.T) {
	o := openOffice(t, wsroom.Limits{Recheck: time.Hour})
	_, agent, _, a, c := o.meet()
	live := agent.dial("/ws/live")
	o.until(live, "hello")
	others := o.as("adam").dial("/ws/live")
	o.until(others, "hello")

	users, err := o.accounts.Users(t.Context(), o.admin.Actor(), "", 0)
	require.NoError(t, err)
	for _, u := range users {
		if u.Email == "ann@acme.example" {
			_, err := o.accounts.DisableUser(t.Context(), o.admin.Actor(), u.ID)
			require.NoError(t, err)
		}
	}
	require.Equal(t, 4401, o.closed(a))
	require.Equal(t, 4401, o.closed(live))
	o.until(others, "event")
	o.write(c, `{"t":"dev.report","id":"still here"}`)
	require.Equal(t, "still here", o.until(c, "ok").Re, "the customer stays")
}

// Nobody has to wait for the next look at who is signed in.
func TestSocketsEndWithTheSession(t *testing.T) {
	for name, end := range map[string]func(o *office, agent *visitor){
		"signed out":            func(_ *office, agent *visitor) { agent.remove("/api/session") },
		"signed out everywhere": func(o *office, _ *visitor) { o.as("ann").remove("/api/sessions") },
		"password changed elsewhere": func(o *office, _ *visitor) {
			o.as("ann").post("/api/password/change", map[string]any{"old": password, "new": "another password"}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, wsroom.Limits{Recheck: time.Hour})
			_, agent, _, a, c := o.meet()
			live := agent.dial("/ws/live")
			o.until(live, "hello")
			others := o.as("bob").dial("/ws/live")
			o.until(others, "hello")
			end(o, agent)
			require.Equal(t, 4401, o.closed(a))
			require.Equal(t, 4401, o.closed(live))
			o.write(c, `{"t":"dev.report","id":"still here"}`)
			require.Equal(t, "still here", o.until(c, "ok").Re, "the customer stays")
			require.NoError(t, others.Ping(others.CloseRead(t.Context())), "and so does whoever else is signed in")
		})
	}
}

func TestHostileMessagesInARoom(t *testing.T) {
	for name, tc := range map[string]struct {
		send func(o *office, c *websocket.Conn)
		code int
	}{
		"a message that is too long": {func(o *office, c *websocket.Conn) {
			o.write(c, `{"t":"rtc.offer","p":{"conn":"x","sdp":"`+strings.Repeat("x", wire.MaxMessage)+`"}}`)
		}, 1009},
		"binary": {func(o *office, c *websocket.Conn) {
			require.NoError(o.t, c.Write(o.t.Context(), websocket.MessageBinary, []byte(`{"t":"hello"}`)))
		}, 1003},
		"text that is not UTF-8": {func(o *office, c *websocket.Conn) { o.write(c, "{\"t\":\"\xff\"}") }, 1007},
		"a flood": {func(o *office, c *websocket.Conn) {
			for range 60 {
				if c.Write(o.t.Context(), websocket.MessageText, []byte(`{"t":"dev.report"}`)) != nil {
					return
				}
			}
		}, 4429},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, wsroom.Limits{})
			_, _, _, a, c := o.meet()
			tc.send(o, c)
			require.Equal(t, tc.code, o.closed(c))
			o.write(a, `{"t":"dev.report","id":"fine"}`)
			require.Equal(t, "fine", o.until(a, "ok").Re, "only the own socket suffers")
		})
	}
	t.Run("what is only wrong is answered", func(t *testing.T) {
		o := openOffice(t, wsroom.Limits{})
		_, _, _, _, c := o.meet()
		for _, text := range []string{
			"", "null", "[]", "{", `{"t":"nothing"}`, `{"t":"hello","t":"hello"}`, `{"t":"chat.send","p":{"op":1}}`, `{"t":"welcome"}`,
			`{"t":"chat.send","p":{"op":"x","text":"` + `\u0000"}}`, strings.Repeat("[", 1000), `{"t":"call.admit","p":{"admit":true}}`,
		} {
			o.write(c, text)
			o.until(c, "error")
		}
		o.write(c, `{"t":"dev.report","id":"fine"}`)
		require.Equal(t, "fine", o.until(c, "ok").Re)
	})
}

func TestRoomInWhichNothingIsSaid(t *testing.T) {
	o := openOffice(t, wsroom.Limits{First: 30 * time.Millisecond})
	ann := o.as("ann")
	id, _ := ann.start()
	require.Equal(t, 4408, o.closed(ann.room(id, "agent")))
}

func TestRoomsOfAServerThatStops(t *testing.T) {
	o := openOffice(t, wsroom.Limits{})
	id, _, _, a, c := o.meet()
	stopped := make(chan struct{})
	go func() { o.rooms.Close(); o.stop(); close(stopped) }()
	require.Equal(t, 1012, o.closed(a))
	require.Equal(t, 1012, o.closed(c))
	<-stopped
	require.NotEmpty(t, id)
}

// What TestLiveMissesNothingAndDoublesNothing says of a feed in memory, of the
// database: commands of several agents commit at once.
func TestLiveOnTheDatabase(t *testing.T) {
	o := openOffice(t, wsroom.Limits{PerUser: 100})
	adam := o.as("adam")
	start, err := o.db.Last(t.Context())
	require.NoError(t, err)
	const agents, calls = 4, 25
	commit := func(reference string) {
		c, _, err := o.calls.Start(t.Context(), o.admin.Actor(), vi.StartCall{Phone: "+6581234567", Reference: reference})
		if err == nil {
			_, err = o.calls.Hangup(t.Context(), o.admin.Actor(), c.ID)
		}
		if err != nil {
			t.Errorf("commit: %v", err)
		}
	}
	var committing sync.WaitGroup
	for n := range agents {
		committing.Go(func() {
			for i := range calls {
				commit(fmt.Sprint("live ", n, " ", i))
			}
		})
	}
	end := make(chan int64, 1)
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		committing.Wait()
		last, err := o.db.Last(t.Context())
		if err != nil {
			t.Errorf("last: %v", err)
		}
		end <- last
		commit("to wake the page")
	})

	var got []int64
	last, stop := start, int64(-1)
	for stop < 0 || last <= stop {
		conn := adam.dial(fmt.Sprint("/ws/live?after=", last))
		for left := rand.IntN(30); left >= 0 && (stop < 0 || last <= stop); left-- {
			f, err := read(t.Context(), conn)
			require.NoError(t, err)
			if f.T == "event" {
				got, last = append(got, f.Seq), f.Seq
			}
			select {
			case stop = <-end:
			default:
			}
		}
		_ = conn.CloseNow()
	}
	records, err := o.db.After(t.Context(), o.admin.Account, start, 100_000)
	require.NoError(t, err)
	var want []int64
	for _, r := range records {
		if r.Seq <= last && wsroom.Visible(o.admin.Actor(), r) {
			want = append(want, r.Seq)
		}
	}
	require.Equal(t, want, got)
	require.Greater(t, len(want), agents*calls)
}
