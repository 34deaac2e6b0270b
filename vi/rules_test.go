package vi

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// begin starts a call with one text on its way.
func begin(t require.TestingT) (Call, []Event) {
	c, events, err := Place(CallStarted{Call: "c1", Reference: "R-1", Agent: "ann", AgentName: "Ann", At: noon}, policy)
	require.NoError(t, err)
	c, more, err := c.InviteWith(Invite{
		ID: "i1", Channel: ByText, Phone: "+6581234567", Token: "t1", Status: InviteQueued, CreatedAt: noon, ExpiresAt: noon.Add(15 * time.Minute),
	}, policy)
	require.NoError(t, err)
	return c, append(events, more...)
}

// Any sequence of happenings keeps the rules that no single rule can see.
func TestAnySequenceOfHappenings(t *testing.T) {
	rapid.Check(t, sequence)
}

func FuzzCall(f *testing.F) { f.Fuzz(rapid.MakeFuzz(sequence)) }

func sequence(t *rapid.T) {
	c, all := begin(t)
	now := noon
	invites := 1
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "pause")))
		was := c
		name, rule := draw(t, &invites, now)
		next, events, err := rule(was)
		if err != nil || len(events) == 0 {
			require.Empty(t, events, name)
			continue
		}
		c, all = next, append(all, events...)
		require.Equal(t, was.Version+1, c.Version, name)
		check(t, was, c, now, name)
	}
	again := Replay(all, policy)
	again.Version = c.Version // counts changes, not events
	require.Equal(t, c, again, "replaying the events rebuilds the call")
}

func draw(t *rapid.T, invites *int, now time.Time) (string, func(Call) (Call, []Event, error)) {
	seat := rapid.SampledFrom([]Seat{SeatAgent, SeatCustomer}).Draw(t, "seat")
	device := rapid.SampledFrom([]Hash{"d1", "d2"}).Draw(t, "device")
	invite := InviteID(fmt.Sprintf("i%d", rapid.IntRange(1, *invites).Draw(t, "invite")))
	report := rapid.SampledFrom(InviteStatuses()[1:5]).Draw(t, "report")
	yes := rapid.Bool().Draw(t, "yes")
	rules := map[string]func(Call) (Call, []Event, error){
		"report": func(c Call) (Call, []Event, error) {
			return c.Report(InviteMoved{Invite: invite, Reported: report, At: now}, policy)
		},
		"invite": func(c Call) (Call, []Event, error) {
			next, events, err := c.InviteWith(Invite{
				ID: InviteID(fmt.Sprintf("i%d", *invites+1)), Channel: map[bool]Channel{true: ByText, false: ByLink}[yes], Phone: "+6581234567",
				Token: Hash(fmt.Sprintf("t%d", *invites+1)), Status: InviteQueued, CreatedAt: now, ExpiresAt: now.Add(policy.Invite),
			}, policy)
			if err == nil {
				*invites++
			}
			return next, events, err
		},
		"redeem": func(c Call) (Call, []Event, error) {
			return c.Redeem("t"+Hash(invite[1:]), GuestWaiting{Name: "Lena", Device: device, At: now}, policy)
		},
		"knock": func(c Call) (Call, []Event, error) {
			return c.KnockAs(Knock{ID: "k-" + string(device), Device: device, Name: "K", At: now}, policy)
		},
		"admit":    func(c Call) (Call, []Event, error) { return c.Admit("k-"+string(device), yes, now, policy) },
		"decline":  func(c Call) (Call, []Event, error) { return c.Decline(EndDeclined, now, policy) },
		"enter":    func(c Call) (Call, []Event, error) { return c.Enter(seat, "ann", "Ann", now, policy) },
		"media up": func(c Call) (Call, []Event, error) { return c.MediaUp(seat, now, policy) },
		"lose":     func(c Call) (Call, []Event, error) { return c.Lose(seat, now, policy) },
		"grade":    func(c Call) (Call, []Event, error) { return c.Grade(seat, yes, now, policy) },
		"hold":     func(c Call) (Call, []Event, error) { return c.Hold(seat, now, policy) },
		"unhold":   func(c Call) (Call, []Event, error) { return c.Unhold(seat, now, policy) },
		"hangup":   func(c Call) (Call, []Event, error) { return c.Hangup(seat, now, policy) },
		"offer":    func(c Call) (Call, []Event, error) { return c.Offer("ann", now, policy) },
		"accept":   func(c Call) (Call, []Event, error) { return c.Accept("ann", "Ann", now, policy) },
		"reject":   func(c Call) (Call, []Event, error) { return c.Reject(ByAgent, now, policy) },
		"expire":   func(c Call) (Call, []Event, error) { return c.Expire(now, policy) },
		"restart":  func(c Call) (Call, []Event, error) { return c.Interrupt(now, policy) },
		"write":    func(c Call) (Call, []Event, error) { return c.Write(Message{Op: "o", From: seat, At: now}, policy) },
		"rate":     func(c Call) (Call, []Event, error) { return c.Rate(Rating{Seat: seat, Stars: 3, At: now}, policy) },
	}
	// The way into a call is drawn more often, or few sequences would get there.
	likely := []string{"redeem", "enter", "enter", "media up", "media up", "media up"}
	name := rapid.SampledFrom(append(likely, keys(rules)...)).Draw(t, "what")
	return name, rules[name]
}

func keys[V any](m map[string]V) (all []string) {
	for _, k := range []string{
		"report", "invite", "redeem", "knock", "admit", "decline", "enter", "media up", "lose", "grade", "hold", "unhold",
		"hangup", "offer", "accept", "reject", "expire", "restart", "write", "rate",
	} {
		if _, ok := m[k]; !ok {
			panic(k)
		}
		all = append(all, k)
	}
	return all
}

func check(t *rapid.T, was, c Call, now time.Time, what string) {
	if was.Status.Final() {
		require.Equal(t, was.Status, c.Status, "%s: a final status is never left", what)
		require.Equal(t, was.EndedAt, c.EndedAt, what)
	}
	require.Equal(t, c.Status.Final(), c.EndReason != "" && c.EndedBy != "" && !c.EndedAt.IsZero(), "%s: who ended it and why: %+v", what, c)
	require.Equal(t, c.Status.Final(), c.DueAt.IsZero(), "%s: a call that goes on has a timer", what)
	if c.Status == StatusCompleted || c.Status == StatusDropped || c.Status == StatusConnected || c.Status == StatusHeld || c.Status == StatusReconnecting {
		require.False(t, c.AnsweredAt.IsZero(), "%s: %s without an answer", what, c.Status)
	} else if c.Status.Final() {
		require.True(t, c.AnsweredAt.IsZero(), "%s: %s after an answer", what, c.Status)
		require.Zero(t, c.TalkAt(now), what)
	}
	require.GreaterOrEqual(t, c.TalkAt(now), was.TalkAt(was.StageAt), what)
	if !c.AnsweredAt.IsZero() {
		require.LessOrEqual(t, c.TalkAt(now), now.Sub(c.AnsweredAt), "%s: more talk than time", what)
	}
	seats := map[Seat]bool{}
	for _, l := range c.Legs {
		require.False(t, seats[l.Seat], "%s: one leg for a seat", what)
		seats[l.Seat] = true
		require.Equal(t, c.Status.Final(), l.Status == LegGone, "%s: legs end with the call", what)
	}
	for _, i := range c.Invites {
		require.False(t, c.Status.Final() && i.Live() && i.Status != InviteUndelivered, "%s: a link outlives its call", what)
	}
	agent, customer := c.Leg(SeatAgent).Status, c.Leg(SeatCustomer).Status
	switch c.Status {
	case StatusConnected, StatusHeld:
		require.True(t, agent.up() && customer.up(), "%s: %s with both up", what, c.Status)
	case StatusConnecting, StatusReconnecting:
		require.False(t, agent.up() && customer.up(), "%s: %s although both are up", what, c.Status)
	case StatusWaiting:
		require.False(t, agent.present() && customer.present(), "%s: waiting although both are there", what)
	}
	require.Equal(t, c.Status == StatusHeld, c.HeldBy != "" && c.Status != StatusReconnecting, "%s: held by %q", what, c.HeldBy)
	if was.HeldBy != "" && c.HeldBy == "" {
		require.True(t, what == "unhold" || c.Status.Final(), "%s: on hold until who held it goes on", what)
	}
}

func TestTalkIsTheTimeConnected(t *testing.T) {
	c := inStatus(StatusConnecting)
	steps := []struct {
		after time.Duration
		rule  func(Call, time.Time) (Call, []Event, error)
	}{
		{0, func(c Call, at time.Time) (Call, []Event, error) { return c.MediaUp(SeatCustomer, at, policy) }},
		{60 * time.Second, func(c Call, at time.Time) (Call, []Event, error) { return c.Lose(SeatCustomer, at, policy) }},
		{10 * time.Second, func(c Call, at time.Time) (Call, []Event, error) { return c.MediaUp(SeatCustomer, at, policy) }},
		{30 * time.Second, func(c Call, at time.Time) (Call, []Event, error) { return c.Hold(SeatAgent, at, policy) }},
		{20 * time.Second, func(c Call, at time.Time) (Call, []Event, error) { return c.Unhold(SeatAgent, at, policy) }},
		{5 * time.Second, func(c Call, at time.Time) (Call, []Event, error) { return c.Hangup(SeatCustomer, at, policy) }},
	}
	at := noon
	for _, s := range steps {
		at = at.Add(s.after)
		var err error
		c, _, err = s.rule(c, at)
		require.NoError(t, err)
	}
	require.Equal(t, StatusCompleted, c.Status)
	require.Equal(t, ByCustomer, c.EndedBy)
	require.Equal(t, 115*time.Second, c.Talk, "the 10 s of reconnecting do not count, the 20 s on hold do")
	require.Equal(t, 1, c.Reconnects)
}

// What one side paused stays paused when the network mends, until that side goes
// on: its camera and microphone are meant.
func TestHoldOutlivesALoss(t *testing.T) {
	c := inStatus(StatusConnected)
	c, _, err := c.Hold(SeatCustomer, noon, policy)
	require.NoError(t, err)
	c, _, _ = c.Lose(SeatAgent, noon.Add(time.Second), policy)
	require.Equal(t, StatusReconnecting, c.Status)
	c, _, _ = c.MediaUp(SeatAgent, noon.Add(2*time.Second), policy)
	require.Equal(t, StatusHeld, c.Status)
	_, _, err = c.Unhold(SeatAgent, noon.Add(3*time.Second), policy)
	require.ErrorIs(t, err, ErrDenied)
	c, _, err = c.Unhold(SeatCustomer, noon.Add(3*time.Second), policy)
	require.NoError(t, err)
	require.Equal(t, StatusConnected, c.Status)
}

// The agent's media drops out while the customer comes in: when it is back the
// call connects all the same.
func TestMediaBlipWhileTheCustomerComes(t *testing.T) {
	c, _ := begin(t)
	c, _, _ = c.Enter(SeatAgent, "ann", "Ann", noon, policy)
	c, _, _ = c.MediaUp(SeatAgent, noon, policy)
	c, _, _ = c.MediaLost(SeatAgent, noon, policy)
	c, _, err := c.Redeem("t1", GuestWaiting{Name: "Lena", Device: "d", At: noon}, policy)
	require.NoError(t, err)
	c, _, _ = c.Enter(SeatCustomer, "", "Lena", noon, policy)
	require.Equal(t, StatusConnecting, c.Status)
	c, _, _ = c.MediaUp(SeatCustomer, noon, policy)
	c, _, _ = c.MediaUp(SeatAgent, noon, policy)
	require.Equal(t, StatusConnected, c.Status)
}

func TestMaxDurationCountsFromTheAnswer(t *testing.T) {
	c := inStatus(StatusConnected)
	at := noon.Add(policy.MaxDuration - time.Second)
	c, _, _ = c.Lose(SeatCustomer, at, policy)
	require.Equal(t, noon.Add(policy.MaxDuration), c.DueAt)
	c, _, err := c.Expire(c.DueAt, policy)
	require.NoError(t, err)
	require.Equal(t, EndMaxDuration, c.EndReason)
}

func TestLostForGood(t *testing.T) {
	for name, tc := range map[string]struct {
		lose []Seat
		want EndReason
	}{
		"customer": {[]Seat{SeatCustomer}, EndCustomerLost},
		"agent":    {[]Seat{SeatAgent}, EndAgentLost},
		"both":     {[]Seat{SeatAgent, SeatCustomer}, EndBothLost},
	} {
		t.Run(name, func(t *testing.T) {
			c := inStatus(StatusConnected)
			for _, s := range tc.lose {
				c, _, _ = c.Lose(s, noon.Add(time.Minute), policy)
			}
			_, _, err := c.Expire(noon.Add(time.Minute+policy.Reconnect-time.Microsecond), policy)
			require.ErrorIs(t, err, ErrConflict, "not before its time")
			c, _, err = c.Expire(noon.Add(time.Minute+policy.Reconnect), policy)
			require.NoError(t, err)
			require.Equal(t, StatusDropped, c.Status)
			require.Equal(t, tc.want, c.EndReason)
			require.ElementsMatch(t, tc.lose, c.LostSeats)
			require.Equal(t, time.Minute, c.Talk)
		})
	}
}

func TestSecondLossHasItsOwnTime(t *testing.T) {
	c := inStatus(StatusConnected)
	c, _, _ = c.Lose(SeatAgent, noon, policy)
	c, _, _ = c.Lose(SeatCustomer, noon.Add(20*time.Second), policy)
	c, _, _ = c.MediaUp(SeatAgent, noon.Add(25*time.Second), policy)
	require.Equal(t, StatusReconnecting, c.Status)
	require.Equal(t, noon.Add(20*time.Second+policy.Reconnect), c.DueAt)
}

func TestNoTextCouldBeSent(t *testing.T) {
	c, _ := begin(t)
	c, _, err := c.Report(InviteMoved{Invite: "i1", Reported: InviteUndelivered, Problem: "unknown number", At: noon}, policy)
	require.NoError(t, err)
	require.Equal(t, StatusCreated, c.Status, "the agent may still copy the link, or try another number")
	c, _, err = c.Expire(c.DueAt, policy)
	require.NoError(t, err)
	require.Equal(t, EndInviteFailed, c.EndReason)
}

func TestResendHasToWait(t *testing.T) {
	c, _ := begin(t)
	again := func(n int, at time.Time, to Phone) error {
		next, _, err := c.InviteWith(Invite{
			ID: InviteID(fmt.Sprint("n", n)), Channel: ByText, Phone: to, Token: Hash(fmt.Sprint("n", n)), Status: InviteQueued,
			CreatedAt: at, ExpiresAt: at.Add(policy.Invite),
		}, policy)
		if err == nil {
			c = next
		}
		return err
	}
	require.ErrorIs(t, again(1, noon.Add(29*time.Second), "+6581234567"), ErrBusy)
	require.Equal(t, noon.Add(30*time.Second), c.ResendAt(policy))
	require.NoError(t, again(1, noon.Add(30*time.Second), "+6581234567"))
	require.ErrorIs(t, again(2, noon.Add(89*time.Second), "+6581234567"), ErrBusy, "the second pause is twice as long")
	require.NoError(t, again(2, noon.Add(31*time.Second), "+6589999999"), "another number need not wait")
	i, _ := c.Invite("i1")
	require.Equal(t, InviteRevoked, i.Status, "the link sent to the old number is taken back")
	require.NoError(t, again(3, noon.Add(10*time.Minute), "+6589999999"))
	require.ErrorIs(t, again(4, noon.Add(14*time.Minute), "+6589999999"), ErrConflict, "four texts are enough")
	require.Zero(t, c.ResendAt(policy))
}

func TestSecondDeviceIsRefusedUntilLetIn(t *testing.T) {
	c, _ := begin(t)
	guest := func(d Hash) GuestWaiting { return GuestWaiting{Name: "Lena", Device: d, At: noon} }
	c, _, err := c.Redeem("t1", guest("phone"), policy)
	require.NoError(t, err)
	_, events, err := c.Redeem("t1", guest("phone"), policy)
	require.NoError(t, err)
	require.Empty(t, events, "the same device may join again")
	_, _, err = c.Redeem("t1", guest("tablet"), policy)
	require.ErrorIs(t, err, ErrConflict)
	c, _, err = c.KnockAs(Knock{ID: "k1", Device: "tablet", Name: "Tab", At: noon}, policy)
	require.NoError(t, err)
	_, _, err = c.KnockAs(Knock{ID: "k2", Device: "mallory", Name: "Tab", At: noon.Add(19 * time.Second)}, policy)
	require.ErrorIs(t, err, ErrBusy, "while the agent looks, nobody takes the knock's place")
	later, _, err := c.KnockAs(Knock{ID: "k2", Device: "mallory", Name: "Tab", At: noon.Add(20 * time.Second)}, policy)
	require.NoError(t, err)
	_, _, err = later.Admit("k1", true, noon, policy)
	require.ErrorIs(t, err, ErrConflict, "nobody is let in whom the agent has not seen")
	refused, _, err := c.Admit("k1", false, noon, policy)
	require.NoError(t, err)
	require.Equal(t, Hash("phone"), refused.Leg(SeatCustomer).Device)
	c, _, err = c.Admit("k1", true, noon, policy)
	require.NoError(t, err)
	require.Equal(t, Hash("tablet"), c.Leg(SeatCustomer).Device)
	require.Nil(t, c.Knock)
}

func TestLinkIsGoodForItsTimeOnly(t *testing.T) {
	c, _ := begin(t)
	_, _, err := c.Redeem("t1", GuestWaiting{Device: "d", At: noon.Add(policy.Invite)}, policy)
	require.ErrorIs(t, err, ErrGone)
	_, _, err = c.Redeem("other", GuestWaiting{Device: "d", At: noon}, policy)
	require.ErrorIs(t, err, ErrNotFound)
	c, _, err = c.Hangup(SeatAgent, noon, policy)
	require.NoError(t, err)
	_, _, err = c.Redeem("t1", GuestWaiting{Device: "d", At: noon}, policy)
	require.ErrorIs(t, err, ErrGone)
}

func TestOfferedTooOftenIsMissed(t *testing.T) {
	c, _, err := Arrive("c1", "R-1", "Lena", "d", noon, policy)
	require.NoError(t, err)
	at := noon
	for n := 1; c.Status != StatusMissed; n++ {
		require.LessOrEqual(t, n, policy.Offers)
		c, _, err = c.Offer("ann", at, policy)
		require.NoError(t, err)
		_, _, err = c.Accept("bob", "Bob", at, policy)
		require.ErrorIs(t, err, ErrDenied)
		at = at.Add(policy.Ring)
		c, _, err = c.Expire(at, policy)
		require.NoError(t, err)
	}
	require.Equal(t, EndNotAnswered, c.EndReason)
}

// events holds one of each kind, with every field set.
func goldenEvents() []Event {
	at := noon.Add(123456 * time.Microsecond)
	invite := Invite{
		ID: "i1", Channel: ByText, Phone: "+6581234567", Token: "ab12", Status: InviteQueued, Problem: "p", Provider: "x",
		CreatedAt: at, ExpiresAt: at, SentAt: at, DeliveredAt: at, OpenedAt: at, RedeemedAt: at,
	}
	permission := Permission{Mic: "granted", Cam: "denied"}
	return []Event{
		CallStarted{Call: "c1", Reference: "R-1", Agent: "u1", AgentName: "Ann", Phone: "+6581234567", Previous: "c0", At: at},
		CallArrived{Call: "c1", Reference: "R-1", Name: "Lena", Device: "ab12", At: at},
		InviteCreated{Call: "c1", Invite: invite, At: at},
		InviteMoved{Call: "c1", Invite: "i1", Status: InviteUndelivered, Reported: InviteUndelivered, Problem: "p", Provider: "x", At: at},
		GuestWaiting{Call: "c1", Invite: "i1", Name: "Lena", Device: "ab12", Browser: "b", Permission: permission, At: at},
		GuestKnocked{Call: "c1", Knock: Knock{ID: "k1", Device: "ab12", Name: "Lena", Browser: "b", At: at}, At: at},
		GuestAdmitted{Call: "c1", Knock: "k1", Admitted: true, At: at},
		LegMoved{Call: "c1", Seat: SeatAgent, User: "u1", Name: "Ann", Status: LegJoining, Permission: permission, At: at},
		CallMoved{Call: "c1", Status: StatusRinging, Agent: "u1", By: BySystem, At: at},
		CallEnded{Call: "c1", Status: StatusDropped, Reason: EndCustomerLost, By: BySystem, Lost: []Seat{SeatCustomer}, Talk: 61 * time.Second, At: at},
		MessageSent{Call: "c1", Message: Message{Call: "c1", N: 1, Op: "o1", From: SeatAgent, Name: "Ann", Text: "Hi", At: at}, At: at},
		CallRated{Call: "c1", Rating: Rating{Seat: SeatCustomer, Stars: 5, Comment: "Good", At: at}, At: at},
	}
}

// The JSON of events is kept for ever: what is in the files may be added to,
// never changed. TANDEM_UPDATE=1 writes the files of new kinds.
func TestEventsAreFrozen(t *testing.T) {
	for _, e := range goldenEvents() {
		file := filepath.Join("testdata", "events", e.Kind()+".json")
		got, err := json.MarshalIndent(e, "", "\t")
		require.NoError(t, err)
		for n := range reflect.TypeOf(e).NumField() {
			require.False(t, reflect.ValueOf(e).Field(n).IsZero(), "%s: the sample leaves a field empty", e.Kind())
		}
		if os.Getenv("TANDEM_UPDATE") != "" {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(string(want)), string(got))
		back := reflect.New(reflect.TypeOf(e))
		require.NoError(t, json.Unmarshal(want, back.Interface()))
		require.Equal(t, e, back.Elem().Interface())
	}
}
