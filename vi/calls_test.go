package vi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

func TestStoryOfACall(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.startCall("order 4711")
		require.Equal(t, vi.StatusInvited, c.Status)
		require.Equal(t, vi.Phone("+6581234567"), c.Phone)
		require.Equal(t, "Acme invites you to a video call. Open this link on your phone: https://calls.example/j/"+w.texts.token(t), w.texts.texts[0].Body)

		require.NoError(t, w.calls.Deliver(ctx, vi.Delivery{Account: "acme", Call: c.ID, Invite: c.Invites[0].ID, Status: vi.InviteDelivered, At: time.Now()}))
		pass(time.Minute)
		l, err := w.calls.Lobby(ctx, w.texts.token(t), "")
		require.NoError(t, err)
		require.Equal(t, vi.Lobby{State: vi.LobbyOpen, Host: "Acme", Agent: "Ann", Reference: "order 4711"}, l)
		require.Equal(t, vi.InviteOpened, w.call(c.ID).Invites[0].Status)

		p, device := w.join("")
		require.Equal(t, "Lena Brandt", p.Name)
		customer := w.enter(p)
		require.Equal(t, vi.StatusWaiting, w.call(c.ID).Status)
		customer.media("c1")
		agent := w.enter(w.agent(c.ID))
		require.Equal(t, vi.StatusConnecting, w.call(c.ID).Status)
		agent.media("a1")
		require.Equal(t, vi.StatusConnected, w.call(c.ID).Status)

		require.Equal(t, "chat.message", customer.say("chat.send", wire.ChatSend{Op: "1", Text: " hello "}).T)
		synctest.Wait()
		chat := got[wire.ChatMessage](agent, "chat.message")
		require.Len(t, chat, 1)
		require.Equal(t, "hello", chat[0].Message.Text)
		require.Equal(t, "customer", chat[0].Message.From)

		require.Equal(t, "ok", customer.say("dev.report", wire.Devices{Mic: "on", Cam: "off"}).T)
		require.Equal(t, []wire.DeviceState{{Seat: "customer", Devices: wire.Devices{Mic: "on", Cam: "off"}}}, got[wire.DeviceState](agent, "dev.state"))

		pass(5 * time.Minute)
		require.Equal(t, "ok", agent.say("call.hangup", wire.Hangup{}).T)
		synctest.Wait()
		c = w.call(c.ID)
		require.Equal(t, vi.StatusCompleted, c.Status)
		require.Equal(t, vi.ByAgent, c.EndedBy)
		require.Equal(t, 5*time.Minute, c.Talk)
		require.Equal(t, vi.CloseOver, agent.code())
		require.Equal(t, vi.CloseOver, customer.code())
		require.Equal(t, []vi.CallID{c.ID}, w.media.closed)
		states := got[wire.CallState](customer, "call.state")
		require.Equal(t, "completed", states[len(states)-1].Call.Status)
		require.Empty(t, states[len(states)-1].Call.Phone, "the customer is shown no more than its own")

		p, _, err = w.calls.AsCustomer(ctx, device, c.ID)
		require.NoError(t, err)
		_, err = w.calls.RateAs(ctx, p, 5, "Quick")
		require.NoError(t, err)
		_, err = w.calls.RateAs(ctx, p, 4, "again")
		require.ErrorIs(t, err, vi.ErrConflict)
		_, err = w.calls.Rate(ctx, ann, c.ID, 4, "")
		require.NoError(t, err)
		l, err = w.calls.Lobby(ctx, w.texts.token(t), device)
		require.NoError(t, err)
		require.Equal(t, vi.LobbyOver, l.State)
		require.Equal(t, c.ID, l.Call)

		f, err := w.calls.Figures(ctx, ann, vi.FiguresQuery{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)})
		require.NoError(t, err)
		require.Equal(t, vi.Figures{Calls: 1, Connected: 1, Talk: 5 * time.Minute, Talked: 1, Stars: 5, Rated: 1}, f)
	})
}

// A socket that comes back while the media never stopped mends the call with no

// new connection.

// The media of a page that was reloaded says goodbye after the new page's came

// up; nobody cares.

func TestNobodyComes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		unused := w.startCall("unused")
		pass(15*time.Minute + 2*time.Second)
		require.Equal(t, vi.StatusExpired, w.call(unused.ID).Status)
		l, err := w.calls.Lobby(t.Context(), w.texts.token(t), "")
		require.NoError(t, err)
		require.Equal(t, vi.LobbyOver, l.State)

		waiting := w.startCall("waiting")
		p, _ := w.join("")
		w.enter(p)
		pass(10*time.Minute + 2*time.Second)
		require.Equal(t, vi.StatusMissed, w.call(waiting.ID).Status)
	})
}

func TestAnotherDeviceHasToBeLetIn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		id, agent, customer, device := w.talk("R")
		token := w.texts.token(t)
		_, _, err := w.calls.Join(ctx, token, vi.JoinCall{})
		require.ErrorIs(t, err, vi.ErrConflict)
		l, err := w.calls.Lobby(ctx, token, device)
		require.NoError(t, err)
		require.Equal(t, vi.LobbyMine, l.State)

		tablet, err := w.calls.Knock(ctx, token, vi.JoinCall{Name: "Tab"})
		require.NoError(t, err)
		l, _ = w.calls.Lobby(ctx, token, tablet)
		require.Equal(t, vi.LobbyKnocking, l.State)
		synctest.Wait()
		states := got[wire.CallState](agent, "call.state")
		knock := states[len(states)-1].Call.Knock
		require.Equal(t, "Tab", knock.Name)
		for _, s := range got[wire.CallState](customer, "call.state") {
			require.Nil(t, s.Call.Knock, "the customer's page is not told who knocks")
		}
		require.Equal(t, "error", customer.say("call.admit", wire.Admit{Knock: knock.ID, Admit: true}).T)
		require.Equal(t, "error", agent.say("call.admit", wire.Admit{Knock: "another", Admit: true}).T)
		require.Equal(t, "ok", agent.say("call.admit", wire.Admit{Knock: knock.ID, Admit: true}).T)
		synctest.Wait()
		require.Equal(t, vi.CloseNoSeat, customer.code())
		require.Equal(t, []vi.Seat{vi.SeatCustomer}, w.media.left, "the phone hears and sees no more")
		require.Equal(t, vi.StatusReconnecting, w.call(id).Status)
		require.Equal(t, "error", customer.say("chat.send", wire.ChatSend{Op: "9", Text: "still me"}).T)
		p, _, err := w.calls.AsCustomer(ctx, tablet, id)
		require.NoError(t, err)
		w.enter(p).media("c2")
		_, _, err = w.calls.AsCustomer(ctx, device, id)
		require.ErrorIs(t, err, vi.ErrNotFound)
	})
}

// A call whose media fails in the waiting room is not a customer who left.

// The call ends while an offer is being answered: what the answer made is taken

// down again.

func TestTwentyPressJoinAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.startCall("R")
		token := w.texts.token(t)
		var mu sync.Mutex
		var joined, refused int
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, _, err := w.calls.Join(context.Background(), token, vi.JoinCall{})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					joined++
				} else if errors.Is(err, vi.ErrConflict) {
					refused++
				}
			})
		}
		wg.Wait()
		require.Equal(t, []int{1, 19}, []int{joined, refused})
	})
}

func TestChatLosesNothingAndDoublesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		id, agent, customer, _ := w.talk("R")
		const each = 25
		var wg sync.WaitGroup
		for n := range each {
			for _, b := range []*browser{agent, customer} {
				wg.Go(func() {
					for range 2 { // sent again, as after a lost answer
						_, err := w.calls.Write(context.Background(), b.peer.Participant, fmt.Sprint("op", n), fmt.Sprint("text ", n))
						if err != nil {
							t.Errorf("write: %v", err)
						}
					}
				})
			}
		}
		wg.Wait()
		all, err := w.calls.Messages(t.Context(), ann, id, 0, 1000)
		require.NoError(t, err)
		require.Len(t, all, 2*each)
		for n, m := range all {
			require.Equal(t, n+1, m.N)
		}
		synctest.Wait()
		seen := map[int]int{}
		for _, m := range got[wire.ChatMessage](agent, "chat.message") {
			seen[m.Message.N]++
		}
		require.Len(t, seen, 2*each)
	})
}

func TestWhoMay(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.startCall("R")
		for _, tc := range []struct {
			name string
			err  error
			want error
		}{
			{"colleague reads", second(w.calls.Call(ctx, bob, c.ID)), vi.ErrNotFound},
			{"supervisor reads", second(w.calls.Call(ctx, sue, c.ID)), nil},
			{"stranger reads", second(w.calls.Call(ctx, other, c.ID)), vi.ErrNotFound},
			{"colleague ends", second(w.calls.Hangup(ctx, bob, c.ID)), vi.ErrNotFound},
			{"stranger ends", second(w.calls.Hangup(ctx, other, c.ID)), vi.ErrNotFound},
			{"supervisor enters", second(w.calls.AsAgent(ctx, sue, c.ID)), vi.ErrDenied},
			{"supervisor rates", second(w.calls.Rate(ctx, sue, c.ID, 5, "")), vi.ErrDenied},
			{"colleague lists the agent's", second(w.calls.List(ctx, bob, vi.Query{Agent: "ann"})), vi.ErrDenied},
			{"nobody lists", second(w.calls.List(ctx, account.Actor{Account: "acme"}, vi.Query{})), vi.ErrDenied},
			{"machine without scopes starts", third(w.calls.Start(ctx, account.Actor{Account: "acme", Role: account.RoleMachine}, vi.StartCall{})), vi.ErrDenied},
			{"supervisor ends", second(w.calls.Hangup(ctx, sue, c.ID)), nil},
		} {
			if tc.want == nil {
				require.NoError(t, tc.err, tc.name)
			} else {
				require.ErrorIs(t, tc.err, tc.want, tc.name)
			}
		}
		mine, err := w.calls.List(ctx, bob, vi.Query{})
		require.NoError(t, err)
		require.Empty(t, mine)
	})
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

func TestBadInputNamesEveryField(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		_, _, err := w.calls.Start(t.Context(), ann, vi.StartCall{Phone: "12", Reference: strings.Repeat("x", 65)})
		require.ErrorIs(t, err, vi.ErrInvalid)
		fields, ok := errors.AsType[fault.Fields](err)
		require.True(t, ok)
		require.Equal(t, fault.Fields{{Name: "phone", Problem: "is too short"}, {Name: "reference", Problem: "is longer than 64 characters"}}, fields)
		w.startCall("taken")
		_, _, err = w.calls.Start(t.Context(), ann, vi.StartCall{Phone: "81234567", Reference: "taken"})
		require.ErrorIs(t, err, vi.ErrConflict)
		require.NotErrorIs(t, err, vi.ErrInvalid)
		require.Len(t, w.texts.texts, 1, "nobody was texted for nothing")
		_, _, err = w.calls.Start(t.Context(), ann, vi.StartCall{Phone: "81234567", Reference: "new", Previous: "nonsense"})
		require.ErrorIs(t, err, vi.ErrInvalid)
	})
}

func TestTextsHaveLimits(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		calls := vi.New(w.store, w.texts, company{}, vi.Config{
			PerNumber: rate.Limit{Burst: 2, Per: time.Hour}, PerAccount: rate.Limit{Burst: 3, Per: time.Hour}, Countries: []string{"SG"},
		})
		start := func(phone, reference string) error {
			_, _, err := calls.Start(t.Context(), ann, vi.StartCall{Phone: phone, Reference: reference})
			return err
		}
		require.ErrorContains(t, start("+447700900123", "0"), "phone is in a country that texts are not sent to")
		require.NoError(t, start("81234567", "1"))
		require.ErrorIs(t, start("81234567", "1"), vi.ErrConflict, "a call that is not begun counts for nothing")
		require.NoError(t, start("81234567", "2"))
		require.ErrorIs(t, start("81234567", "3"), vi.ErrBusy)
		require.NoError(t, start("81234568", "3"))
		require.ErrorIs(t, start("81234569", "4"), vi.ErrBusy)
		pass(time.Hour)
		require.NoError(t, start("81234569", "4"))
	})
}

func TestCarrierRefuses(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.texts.err = errors.New("the number cannot receive texts")
		c, link, err := w.calls.Start(t.Context(), ann, vi.StartCall{Phone: "81234567", Reference: "R"})
		require.NoError(t, err)
		require.NotEmpty(t, link)
		require.Equal(t, vi.InviteUndelivered, c.Invites[0].Status)
		require.Equal(t, "the number cannot receive texts", c.Invites[0].Problem)
		w.texts.err = nil
		c, _, err = w.calls.Invite(t.Context(), ann, c.ID, vi.InviteAgain{Phone: "81234568"})
		require.NoError(t, err)
		require.Equal(t, vi.StatusInvited, c.Status)
		require.Equal(t, vi.Phone("+6581234568"), c.Phone)
		_, _, err = w.calls.Invite(t.Context(), ann, c.ID, vi.InviteAgain{})
		require.ErrorIs(t, err, vi.ErrBusy)
		c, link, err = w.calls.Invite(t.Context(), ann, c.ID, vi.InviteAgain{Channel: vi.ByLink})
		require.NoError(t, err)
		require.NotEmpty(t, link)
		require.Len(t, w.texts.texts, 1)
		_, _, err = w.calls.Join(t.Context(), link[strings.LastIndex(link, "/")+1:], vi.JoinCall{})
		require.NoError(t, err)
	})
}
