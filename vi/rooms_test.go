package vi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

func TestReloadIsNoLoss(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, customer, device := w.talk("R")
		agent.say("chat.send", wire.ChatSend{Op: "1", Text: "before"})
		customer.peer.Leave()
		pass(time.Second)
		p, _, err := w.calls.AsCustomer(t.Context(), device, id)
		require.NoError(t, err)
		again := w.enter(p)
		welcome := got[wire.Welcome](again, "welcome")[0]
		require.Equal(t, "c1", welcome.Conn, "the room still has the old connection")
		require.Len(t, welcome.Messages, 1)
		again.media("c2")
		pass(time.Minute)
		c := w.call(id)
		require.Equal(t, vi.StatusConnected, c.Status)
		require.Zero(t, c.Reconnects)
	})
}

func TestLostAndBack(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, customer, device := w.talk("R")
		customer.peer.Leave()
		pass(2 * time.Second)
		require.Equal(t, vi.StatusReconnecting, w.call(id).Status)
		states := got[wire.CallState](agent, "call.state")
		require.Equal(t, "reconnecting", states[len(states)-1].Call.Status, "the other side is told")
		pass(20 * time.Second)
		p, _, err := w.calls.AsCustomer(t.Context(), device, id)
		require.NoError(t, err)
		w.enter(p).media("c2")
		c := w.call(id)
		require.Equal(t, vi.StatusConnected, c.Status)
		require.Equal(t, 1, c.Reconnects)
		require.Equal(t, 1, c.Leg(vi.SeatCustomer).Losses)
	})
}

func TestSocketBackWithLivingMedia(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, _, customer, device := w.talk("R")
		customer.peer.Leave()
		pass(3 * time.Second)
		require.Equal(t, vi.StatusReconnecting, w.call(id).Status)
		p, _, _ := w.calls.AsCustomer(t.Context(), device, id)
		b := &browser{w: w, seat: vi.SeatCustomer, call: id}
		var err error
		b.peer, err = w.rooms.Enter(p, b)
		require.NoError(t, err)
		require.Equal(t, "welcome", b.say("hello", wire.Hello{Conn: "c1"}).T)
		require.Equal(t, vi.StatusConnected, w.call(id).Status)
	})
}

func TestLostForGoodIsDropped(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, customer, _ := w.talk("R")
		pass(time.Minute)
		customer.network("c1", vi.MediaLost)
		require.Equal(t, vi.StatusReconnecting, w.call(id).Status)
		pass(29 * time.Second)
		require.Equal(t, vi.StatusReconnecting, w.call(id).Status)
		pass(3 * time.Second)
		c := w.call(id)
		require.Equal(t, vi.StatusDropped, c.Status)
		require.Equal(t, vi.EndCustomerLost, c.EndReason)
		require.Equal(t, time.Minute, c.Talk)
		require.Equal(t, vi.CloseOver, agent.code())
	})
}

func TestOldConnectionIsForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, _, customer, _ := w.talk("R")
		customer.media("c2")
		customer.network("c1", vi.MediaDown)
		require.Equal(t, vi.StatusConnected, w.call(id).Status)
		customer.say("rtc.offer", wire.Offer{Conn: "c3", SDP: "v=0"})
		pass(6 * time.Second)
		require.Equal(t, vi.StatusReconnecting, w.call(id).Status, "a new connection that never comes up is a loss")
	})
}

func TestCustomerLeavesTheWaitingRoom(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.startCall("R")
		p, device := w.join("")
		b := w.enter(p)
		b.peer.Leave()
		pass(5 * time.Second)
		p, _, err := w.calls.AsCustomer(t.Context(), device, c.ID)
		require.NoError(t, err)
		b = w.enter(p)
		pass(time.Minute)
		require.Equal(t, vi.StatusWaiting, w.call(c.ID).Status, "back within the grace")
		b.peer.Leave()
		pass(20 * time.Second)
		require.Equal(t, vi.StatusAbandoned, w.call(c.ID).Status)
	})
}

func TestServerWasAway(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, customer, device := w.talk("R")
		unsent := w.startCall("unsent")
		w.end()
		require.Equal(t, vi.CloseRestart, agent.code())
		require.Equal(t, vi.CloseRestart, customer.code())
		pass(20 * time.Minute) // longer than any timer of the call
		w.start()
		synctest.Wait()
		require.Equal(t, vi.StatusReconnecting, w.call(id).Status, "they have the whole time to come back")
		pass(1500 * time.Millisecond)
		require.Equal(t, vi.StatusExpired, w.call(unsent.ID).Status, "what ran out while nobody looked, ran out")
		p, _, err := w.calls.AsCustomer(t.Context(), device, id)
		require.NoError(t, err)
		b := w.enter(p)
		require.Empty(t, got[wire.Welcome](b, "welcome")[0].Conn)
		b.media("c2")
		w.enter(w.agent(id)).media("a2")
		require.Equal(t, vi.StatusConnected, w.call(id).Status)
	})
}

func TestNewerSocketReplacesTheOlder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, _, _ := w.talk("R")
		w.enter(w.agent(id))
		require.Equal(t, vi.CloseReplaced, agent.code())
		agent.peer.Leave()
		pass(time.Minute)
		require.Equal(t, vi.StatusConnected, w.call(id).Status, "the old socket's end is nobody's loss")
	})
}

func TestLongChatComesInPages(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, _, _ := w.talk("R")
		for n := range 250 {
			_, err := w.calls.Write(t.Context(), agent.peer.Participant, fmt.Sprint(n), strings.Repeat("<", 2000))
			require.NoError(t, err)
		}
		again := w.enter(w.agent(id))
		page := got[wire.Welcome](again, "welcome")[0]
		all, more := page.Messages, page.More
		for more {
			again.say("chat.read", wire.ChatRead{AfterN: all[len(all)-1].N})
			pages := got[wire.ChatPage](again, "chat.page")
			last := pages[len(pages)-1]
			all, more = append(all, last.Messages...), last.More
		}
		require.Len(t, all, 250)
		for n, m := range all {
			require.Equal(t, n+1, m.N)
		}
		for _, size := range again.sizes {
			require.Less(t, size, 300<<10, "every frame fits into the queue of a socket")
		}
	})
}

func TestWaitingWithoutMedia(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.startCall("R")
		p, _ := w.join("")
		b := w.enter(p)
		b.media("c1")
		b.network("c1", vi.MediaLost)
		pass(time.Minute)
		require.Equal(t, vi.StatusWaiting, w.call(c.ID).Status)
	})
}

func TestOfferAnsweredTooLate(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, _, _ := w.talk("R")
		w.media.answering = func() {
			_, err := w.calls.Hangup(context.Background(), sue, id)
			require.NoError(t, err)
			time.Sleep(time.Second) // virtual: the room hears of it
		}
		agent.say("rtc.offer", wire.Offer{Conn: "a2", SDP: "v=0"})
		require.Equal(t, []vi.CallID{id, id}, w.media.closed)
	})
}

func TestFramesOfAHostileBrowser(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, customer, _ := w.talk("R")
		before := w.call(id)
		for frame, want := range map[string]string{
			``:                  "a JSON value is expected",
			`nonsense`:          "cannot be read",
			`{"t":"call.end"}`:  "not a type that a browser sends",
			`{"t":"welcome"}`:   "not a type that a browser sends",
			`{"t":"chat.send"}`: "op must have 1 to 40 characters; text is empty",
			`{"t":"chat.send","p":{"op":"1","text":"a","from":"agent"}}`:                             "from is not a field",
			`{"t":"chat.send","p":{"op":"1","text":"a","TEXT":"b"}}`:                                 "is given twice",
			`{"t":"chat.send","p":{"op":"1","text":"` + strings.Repeat("x", 2001) + `"}}`:            "text is longer than 2000 characters",
			`{"t":"chat.send","p":{"op":1}}`:                                                         "op must be a string",
			`{"t":"rtc.offer","p":{"conn":"","sdp":"v=0"}}`:                                          "conn must have 1 to 40 characters",
			`{"t":"rtc.offer","p":{"conn":"x","sdp":"nonsense"}}`:                                    "no SDP",
			`{"t":"dev.report","p":{"mic":"loud"}}`:                                                  "mic must be on, off or none",
			`{"t":"call.admit","p":{"admit":true}}`:                                                  "only the agent",
			`{"t":"chat.send","id":"` + strings.Repeat("x", 41) + `"}`:                               "id is longer than 40 characters",
			`{"t":"chat.send","p":{"op":"1","text":"` + strings.Repeat("x", wire.MaxMessage) + `"}}`: "larger than",
		} {
			customer.peer.Receive(t.Context(), []byte(frame))
			problems := got[wire.Problem](customer, "error")
			require.NotEmpty(t, problems, frame)
			require.Contains(t, problems[len(problems)-1].Detail, want, "%.100s", frame)
			require.NotEqual(t, "internal", problems[len(problems)-1].Code, "%.100s", frame)
		}
		require.Equal(t, before, w.call(id), "nothing changed")
		require.Empty(t, got[wire.ChatMessage](agent, "chat.message"))
		require.Zero(t, customer.code(), "a mistake costs nobody the connection")
	})
}

func TestFirstMessageIsHello(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.startCall("R")
		b := &browser{w: w, seat: vi.SeatAgent, call: c.ID}
		var err error
		b.peer, err = w.rooms.Enter(w.agent(c.ID), b)
		require.NoError(t, err)
		require.Equal(t, "error", b.say("chat.send", wire.ChatSend{Op: "1", Text: "a"}).T)
	})
}
