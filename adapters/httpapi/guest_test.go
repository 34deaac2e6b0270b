package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

type lobby struct{ State, Host, Agent, Reference, Call, Status, Name string }

func (b *browser) lobby(token string) (l lobby) {
	b.w.t.Helper()
	b.post("/api/guest/lobby", object{"token": token}).is(200).into(&l)
	return l
}

func TestLobbyAndJoin(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	call, token := ann.start()
	b := w.browser()
	require.Equal(t, lobby{State: "open", Host: "Acme", Agent: "Ann", Reference: call.Reference}, b.lobby(token))
	require.Equal(t, "open", b.lobby(token).State, "looking takes no seat")

	r := b.post("/api/guest/join", object{"token": token, "name": "  Carl ", "permission": object{"mic": "granted", "cam": "denied"}}).is(200)
	var joined struct{ Call string }
	r.into(&joined)
	require.Equal(t, call.ID, joined.Call)
	cookies := (&http.Response{Header: r.header}).Cookies()
	i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == "__Host-tandem_device" })
	require.GreaterOrEqual(t, i, 0)
	c := cookies[i]
	require.True(t, c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "" && c.SameSite == http.SameSiteLaxMode)
	require.Equal(t, 28*60*60, c.MaxAge)
	require.Len(t, c.Value, 22)

	require.Equal(t, lobby{State: "mine", Host: "Acme", Agent: "Ann", Reference: call.Reference, Call: call.ID, Name: "Carl"}, b.lobby(token))
	b.post("/api/guest/join", object{"token": token, "name": "Carl"}).is(200)
	var seen struct{ Call wire.Call }
	ann.get("/api/calls/" + call.ID + "/messages").is(200)
	b.get("/api/guest/calls/" + call.ID).is(200).into(&seen)
	require.Equal(t, "waiting", seen.Call.Status)
	require.Equal(t, "Carl", seen.Call.Customer)
	require.Empty(t, seen.Call.Phone, "what only the agent may see")
	require.Empty(t, seen.Call.Invites)
	require.Empty(t, seen.Call.Agent.ID)

	other := w.browser()
	require.Equal(t, "elsewhere", other.lobby(token).State)
	other.post("/api/guest/join", object{"token": token}).fails(409, "conflict")
	other.get("/api/guest/calls/"+call.ID).fails(404, "not_found")
}

// The browser is known before it joins, so an answer that is lost on its way
// does not lock it out of its own call.
func TestJoinWhoseAnswerIsLost(t *testing.T) {
	w := build(t)
	call, token := w.as("ann").start()
	b := w.browser()
	b.lobby(token)
	before := b.cookies
	b.cookies = map[string]string{}
	for k, v := range before {
		b.cookies[k] = v
	}
	b.post("/api/guest/join", object{"token": token, "name": "Carl"}).is(200)
	b.cookies = before // the answer did not arrive

	require.Equal(t, "mine", b.lobby(token).State)
	b.post("/api/guest/join", object{"token": token, "name": "Carl"}).is(200)
	b.get("/api/guest/calls/" + call.ID).is(200)
}

func TestSecondDevice(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	call, token := ann.start()
	first, second := w.join(token), w.browser()
	second.post("/api/guest/knock", object{"token": token, "name": "Carl's laptop"}).is(202)
	require.Equal(t, "waiting_for_host", second.lobby(token).State)
	var seen callOnly
	admit := "/api/calls/" + call.ID + "/admit"
	ann.post(admit, object{}).fails(422, "invalid", "admit", "knock")
	knock := w.knock(call.ID)
	ann.post(admit, object{"knock": "another", "admit": true}).fails(409, "conflict")
	third := w.browser()
	r := third.post("/api/guest/knock", object{"token": token})
	r.fails(429, "busy")
	require.Equal(t, "20", r.header.Get("Retry-After"), "while the agent has somebody to answer")
	ann.post(admit, object{"knock": knock, "admit": false}).is(200).into(&seen)
	require.Nil(t, seen.Call.Knock)
	require.Equal(t, "elsewhere", second.lobby(token).State)
	ann.post(admit, object{"knock": knock, "admit": true}).fails(409, "conflict")

	third.post("/api/guest/knock", object{"token": token}).is(202)
	late := w.knock(call.ID)
	w.clock.pass(20 * time.Second)
	second.post("/api/guest/knock", object{"token": token}).is(202)
	ann.post(admit, object{"knock": late, "admit": true}).fails(409, "conflict")
	require.Equal(t, "elsewhere", third.lobby(token).State)
	ann.post(admit, object{"knock": w.knock(call.ID), "admit": true}).is(200)
	require.Equal(t, "mine", second.lobby(token).State)
	second.get("/api/guest/calls/" + call.ID).is(200)
	first.get("/api/guest/calls/"+call.ID).fails(404, "not_found")
	require.Equal(t, "elsewhere", first.lobby(token).State)
}

// knock returns the ID of the knock that waits for an answer.
func (w *world) knock(call string) string {
	w.t.Helper()
	c, err := w.calls.Call(w.t.Context(), w.users["ann@acme.example"].Actor(), vi.CallID(call))
	require.NoError(w.t, err)
	require.NotNil(w.t, c.Knock)
	return c.Knock.ID
}

// One browser may be the customer of several calls.
func TestOneBrowserTwoCalls(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	one, tokenOne := ann.start()
	two, tokenTwo := ann.start()
	b := w.browser()
	b.post("/api/guest/join", object{"token": tokenOne}).is(200)
	b.post("/api/guest/join", object{"token": tokenTwo}).is(200)
	require.Equal(t, "mine", b.lobby(tokenOne).State)
	require.Equal(t, "mine", b.lobby(tokenTwo).State)
	b.get("/api/guest/calls/" + one.ID).is(200)
	b.get("/api/guest/calls/" + two.ID).is(200)
}

func TestLinksThatCannotBeUsed(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	call, token := ann.start()
	b := w.browser()
	invalid := b.post("/api/guest/lobby", object{"token": "nothing"}).is(200)
	require.JSONEq(t, `{"state":"invalid"}`, string(invalid.body))
	require.JSONEq(t, `{"state":"invalid"}`, string(b.post("/api/guest/lobby", object{"token": ""}).is(200).body))
	require.JSONEq(t, `{"state":"invalid"}`, string(b.post("/api/guest/lobby", object{"token": strings.Repeat("x", 10000)}).is(200).body))
	b.post("/api/guest/join", object{"token": "nothing"}).fails(410, "gone")
	b.post("/api/guest/knock", object{"token": "nothing"}).fails(410, "gone")
	b.post("/api/guest/decline", object{"token": "nothing", "reason": "declined"}).fails(410, "gone")

	w.clock.pass(16 * time.Minute)
	require.Equal(t, lobby{State: "invalid"}, b.lobby(token), "expired")
	b.post("/api/guest/join", object{"token": token}).fails(410, "gone")

	ann = w.as("ann")
	call, token = ann.start()
	ann.post("/api/calls/"+call.ID+"/hangup", object{}).is(200)
	got := b.lobby(token)
	require.Equal(t, "over", got.State)
	require.Equal(t, "cancelled", got.Status)
	b.post("/api/guest/join", object{"token": token}).fails(410, "gone")
	b.post("/api/guest/knock", object{"token": token}).fails(410, "gone")

	_, token = ann.start()
	b.post("/api/guest/decline", object{"token": token, "reason": "no time"}).fails(422, "invalid", "reason")
	b.post("/api/guest/decline", object{"token": token, "reason": "consent_denied"}).is(200)
	require.Equal(t, "over", b.lobby(token).State)
}

func TestGuestInACall(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	call, token := ann.start()
	b := w.join(token)
	w.connect(vi.CallID(call.ID))
	path := "/api/guest/calls/" + call.ID
	b.post("/api/guest/join", object{"token": token, "name": strings.Repeat("x", 61)}).fails(422, "invalid", "name")
	b.post("/api/guest/join", object{"token": token, "permission": object{"mic": "maybe"}}).fails(422, "invalid", "permission.mic")
	b.post(path+"/rating", object{"stars": 3}).fails(409, "conflict")
	var got callOnly
	b.post(path+"/hangup", object{}).is(200).into(&got)
	require.Equal(t, "completed", got.Call.Status)
	require.Equal(t, "customer", got.Call.EndedBy)
	b.post(path+"/hangup", object{}).fails(410, "gone")
	require.Equal(t, "over", b.lobby(token).State)
	b.post(path+"/rating", object{"stars": 0}).fails(422, "invalid", "stars")
	b.post(path+"/rating", object{"stars": 3, "comment": "good\nbye"}).is(200).into(&got)
	require.Equal(t, "good\nbye", got.Call.Ratings[0].Comment)
	b.post(path+"/rating", object{"stars": 3}).fails(409, "conflict")
	b.get(path).is(200)
	ann.post("/api/calls/"+call.ID+"/rating", object{"stars": 1, "comment": "secret"}).is(200)
	require.NotContains(t, string(b.get(path).is(200).body), "secret")
}

// A cookie that somebody has made up names no browser.
func TestMadeUpSeats(t *testing.T) {
	w := build(t)
	call, token := w.as("ann").start()
	w.join(token)
	for _, value := range []string{"", "x", strings.Repeat("A", 22), strings.Repeat("x", 5000), "%00%00", `"quoted"`} {
		b := w.browser()
		b.cookies["__Host-tandem_device"] = value
		b.get("/api/guest/calls/"+call.ID).fails(404, "not_found")
		require.Equal(t, "elsewhere", b.lobby(token).State)
	}
}
