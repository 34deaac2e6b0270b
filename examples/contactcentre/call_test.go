package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/browser"
	"github.com/tandem-cc/tandem/internal/netsim"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

// callOf returns the call with the reference, as its agent sees it.
func (w *world) callOf(reference string) wire.Call {
	w.t.Helper()
	var list struct {
		Calls []wire.Call `json:"calls"`
	}
	require.Equal(w.t, 200, w.api("administrator", "GET", "/api/calls?q="+reference, nil, &list))
	require.Len(w.t, list.Calls, 1)
	return list.Calls[0]
}

// ends waits for the call to come to a status, and returns it.
func (w *world) ends(reference string, status vi.Status, limit time.Duration) wire.Call {
	w.t.Helper()
	var c wire.Call
	browser.Until(w.t, fmt.Sprintf("the call to be %s", status), limit, func() bool {
		c = w.callOf(reference)
		return c.Status == string(status)
	})
	return c
}

func TestACallFromInvitationToRating(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent := w.signIn("agent", browser.Desktop)
	link := w.invite(agent, "+6581234567", "order-4711")
	agent.Shows("#waiting", "order-4711")

	customer := w.customer("customer")
	customer.Open(link)
	customer.Shows("body", "Fernhill Broadband")
	customer.Wait("the camera's picture in the lobby", `document.querySelector("#lobby-preview")?.videoWidth > 0`)
	customer.Screenshot("lobby")
	customer.Fill("#lobby-name", "Lena Brandt")
	customer.Click("#join")

	agent.Wait("the agent is brought into the call", inCall)
	customer.Wait("the customer is in the call", inCall)
	flowing(t, agent, customer)
	agent.Shows("body", "Lena Brandt")

	// Chat, both ways; each side has its own on the right.
	customer.Click("#chat-open")
	customer.Fill("#chat-text", "The third light is red")
	customer.Click("#chat-send")
	agent.Shows(`#chat-log .msg[data-side="in"]`, "The third light is red")
	agent.Fill("#chat-text", "Press the small button <b>for ten seconds</b>")
	agent.Click("#chat-send")
	customer.Shows(`#chat-log .msg[data-side="in"]`, "Press the small button <b>for ten seconds</b>")
	customer.Shows(`#chat-log .msg[data-side="out"]`, "The third light is red")
	agent.Shows(`#chat-log .msg[data-side="out"]`, "Press the small button")
	agent.Screenshot("call")
	customer.Screenshot("chat")

	customer.Wait("the chat to be closed", `(document.querySelector("#chat-close")?.click(), true)`)
	customer.Screenshot("call")

	// The other side hangs up; both rate.
	customer.Click("#end")
	customer.Click("#end-confirm")
	customer.Wait("the end, for the customer", state("ended"))
	agent.Wait("the end, for the agent", state("ended"))
	customer.Screenshot("rating")
	rate(customer, 5, "Quick help")
	rate(agent, 4, "")
	browser.Until(t, "both ratings to be kept", browser.Patience, func() bool { return len(w.callOf("order-4711").Ratings) == 2 })

	c := w.callOf("order-4711")
	require.Equal(t, "completed", c.Status)
	require.Equal(t, "hangup", c.EndReason)
	require.Equal(t, "customer", c.EndedBy)
	require.Equal(t, "+6581234567", c.Phone)
	require.InDelta(t, c.EndedAt.Sub(*c.AnsweredAt).Seconds(), c.Talk, 0.1)
	require.Positive(t, c.Talk)
	require.Equal(t, 2, c.Messages)
	require.Equal(t, "redeemed", c.Invites[0].Status)
	require.NotNil(t, c.Invites[0].DeliveredAt)

	// The log has the row, the detail the chat.
	agent.Open(w.url + "/calls")
	agent.Shows(fmt.Sprintf(`tr[data-call=%q]`, c.ID), "order-4711")
	agent.Shows(fmt.Sprintf(`tr[data-call=%q]`, c.ID), "Completed")
	agent.Screenshot("log")
	agent.Open(w.url + "/calls/" + c.ID)
	agent.Shows("body", "order-4711")
	agent.Screenshot("detail")
}

func rate(p *browser.Person, stars int, comment string) {
	p.Wait("the rating", `document.querySelector("#rating")?.checkVisibility()`)
	browser.Eval[bool](p, fmt.Sprintf(`(document.querySelector('#rating input[name=stars][value="%d"]').click(), true)`, stars))
	if comment != "" {
		p.Fill("#rating-comment", comment)
	}
	p.Click("#rating-send")
}

func TestDevicesShowWhatTheOtherSideReports(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent, customer, _ := w.talk("devices")

	customer.Click("#cam")
	customer.Wait("the camera to be off", `document.querySelector("#cam").dataset.state === "off"`)
	var frames int
	browser.Until(t, "the agent's picture to stand still", browser.Patience, stands(agent, time.Second, &frames))
	agent.Wait("the agent to be told", `/camera is off/i.test(document.body.innerText)`)
	customer.Click("#mic")
	customer.Wait("the microphone to be off", `document.querySelector("#mic").dataset.state === "off"`)
	browser.Until(t, "the agent to hear nothing", browser.Patience, silent(agent))
	customer.Click("#mic")
	customer.Click("#cam")
	flowing(t, agent, customer)

	agent.Click("#mic")
	agent.Click("#cam")
	browser.Until(t, "the customer's picture to stand still", browser.Patience, stands(customer, time.Second, &frames))
	agent.Click("#mic")
	agent.Click("#cam")
	flowing(t, agent, customer)
	for _, p := range []*browser.Person{agent, customer} {
		require.Len(t, offers(p), 1, "%s negotiated once", p.Name)
	}
}

// offers returns the states of signalling in which an offer was out.
func offers(p *browser.Person) (all []browser.State) {
	for _, s := range p.States() {
		if s.Kind == "signaling" && s.Value == "have-local-offer" {
			all = append(all, s)
		}
	}
	return all
}

// stands reports that no frame was decoded for a while.
func stands(p *browser.Person, quiet time.Duration, frames *int) func() bool {
	since := time.Now()
	return func() bool {
		if n := p.Stats().VideoIn.FramesDecoded; n != *frames {
			*frames, since = n, time.Now()
		}
		return time.Since(since) > quiet
	}
}

// silent reports that the sound has had no energy for a second.
func silent(p *browser.Person) func() bool {
	energy, since := -1.0, time.Now()
	return func() bool {
		if e := p.Stats().AudioIn.TotalAudioEnergy; e-energy > 1e-6 {
			energy, since = e, time.Now()
		}
		return time.Since(since) > time.Second
	}
}

func TestReloadComesBack(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent, customer, _ := w.talk("reload")
	customer.Click("#chat-open")
	customer.Fill("#chat-text", "before the reload")
	customer.Click("#chat-send")
	agent.Shows("#chat-log", "before the reload")

	for _, p := range []*browser.Person{customer, agent} {
		start := time.Now()
		p.Reload()
		p.Wait("the call again", inCall)
		flowing(t, agent, customer)
		t.Logf("media both ways %v after the %s reloaded", time.Since(start).Round(10*time.Millisecond), p.Name)
		p.Wait("the chat to be intact", `document.querySelector("#chat-log")?.textContent.includes("before the reload")`)
	}
	require.Equal(t, "connected", w.callOf("reload").Status)
}

func TestCrashedBrowserComesBackOnTheSameDevice(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent, customer, link := w.talk("crash")
	customer.Open("about:blank") // the page is gone, the browser's cookies are not
	agent.Wait("the agent to be told", state("reconnecting"))
	customer.Open(link)
	customer.Wait("the call again", inCall)
	flowing(t, agent, customer)
	c := w.callOf("crash")
	require.Equal(t, "connected", c.Status)
	require.Equal(t, 1, c.Reconnects)
}

// blackout loses all of the customer's media packets for a while, also after an
// ICE restart, which changes the customer's port.
func (w *world) blackout(agent *browser.Person, d time.Duration) {
	w.t.Helper()
	spare := func() { // the agent, whatever ports an ICE restart of the agent's own takes
		for _, c := range agent.Stats().Candidates {
			if addr, err := netip.ParseAddr(c.Address); err == nil {
				w.net.Set(netip.AddrPortFrom(addr, uint16(c.Port)), netsim.Path{})
			}
		}
	}
	spare()
	w.net.SetDefault(netsim.Outage)
	for end := time.After(d); ; { // the outage itself, not a wait for anybody
		select {
		case <-end:
			w.net.Heal()
			return
		case <-time.After(500 * time.Millisecond):
			spare()
		}
	}
}

func TestTenSecondsWithoutNetwork(t *testing.T) {
	t.Parallel()
	patient(t, 20*time.Second)
	w := begin(t)
	agent, customer, _ := w.talk("outage")
	w.blackout(agent, 10*time.Second)
	start := time.Now()
	flowing(t, agent, customer)
	t.Logf("media both ways %v after the outage", time.Since(start).Round(10*time.Millisecond))
	c := w.ends("outage", vi.StatusConnected, browser.Patience)
	require.Equal(t, 1, c.Reconnects)
	agent.Wait("the call to go on", inCall)
	customer.Wait("the call to go on", inCall)
}

func TestFortySecondsWithoutNetwork(t *testing.T) {
	t.Parallel()
	patient(t, 50*time.Second)
	w := begin(t)
	agent, customer, _ := w.talk("gone")
	w.blackout(agent, 40*time.Second)
	c := w.ends("gone", vi.StatusDropped, browser.Patience)
	require.Equal(t, "customer_lost", c.EndReason)
	require.Equal(t, []string{"customer"}, c.Lost)
	require.Equal(t, "system", c.EndedBy)
	agent.Wait("the end, for the agent", state("ended"))
	customer.Wait("the end, for the customer", state("ended"))
	agent.Screenshot("dropped")
}

// The customer's phone is cut off altogether, sockets and media, and comes back.
func TestPhoneWithoutAnyNetwork(t *testing.T) {
	t.Parallel()
	patient(t, 30*time.Second)
	w := begin(t)
	way, err := netsim.NewTCP(strings.TrimPrefix(w.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { way.Close() })
	agent := w.signIn("agent", browser.Desktop)
	link := strings.Replace(w.invite(agent, "+6581234567", "tunnel"), w.url, "http://"+way.Addr(), 1)
	customer := browser.New(t, "customer", browser.Phone)
	customer.Grant("http://"+way.Addr(), browser.Camera, browser.Microphone)
	customer.Expect("WebSocket")
	customer.Expect("Failed to load resource")
	join(customer, link, "Lena")
	agent.Wait("the agent in the call", inCall)
	customer.Wait("the customer in the call", inCall)
	flowing(t, agent, customer)

	way.Cut()
	w.blackout(agent, 18*time.Second)
	agent.Wait("the agent to be told", state("reconnecting"))
	agent.Screenshot("reconnecting")
	way.Heal()
	start := time.Now()
	customer.WaitFor("the call again", inCall, 40*time.Second)
	flowing(t, agent, customer)
	t.Logf("media both ways %v after the network was back", time.Since(start).Round(10*time.Millisecond))
	require.Equal(t, "connected", w.callOf("tunnel").Status)
}

func TestServerRestartsInACall(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent, customer, _ := w.talk("restart")
	for _, p := range []*browser.Person{agent, customer} {
		p.Expect("WebSocket")
		p.Expect("Failed to load resource")
		p.Expect("ERR_CONNECTION_REFUSED")
	}
	w.stop()
	w.start()
	start := time.Now()
	agent.WaitFor("the call again", inCall, 40*time.Second)
	customer.WaitFor("the call again", inCall, 40*time.Second)
	flowing(t, agent, customer)
	t.Logf("media both ways %v after the server was back", time.Since(start).Round(10*time.Millisecond))
	require.Equal(t, "connected", w.callOf("restart").Status)
}

func TestSecondDeviceHasToBeLetIn(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent, customer, link := w.talk("second")
	tablet := w.customer("tablet")
	tablet.Open(link)
	tablet.Wait("the tablet to be refused", state("elsewhere"))
	tablet.Screenshot("elsewhere")
	tablet.Click("#knock")
	agent.Click("#knock-refuse")
	tablet.Wait("the refusal", state("elsewhere"))
	flowing(t, agent, customer)
	tablet.Wait("another try", `document.querySelector("#knock")?.checkVisibility() && !document.querySelector("#knock").disabled`)
	tablet.Click("#knock")
	agent.Click("#knock-admit")
	tablet.Wait("the call on the tablet", `["call", "reconnecting"].includes(document.body.dataset.state)`)
	tablet.Wait("the call on the tablet", inCall)
	customer.Wait("the phone to be told", state("elsewhere"))
	flowing(t, agent, tablet)
}

func TestLinksThatAreNoGood(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent := w.signIn("agent", browser.Desktop)
	link := w.invite(agent, "+6581234567", "preview")

	// A messenger's preview fetches the link, also more than once.
	for range 3 {
		res, err := http.Get(link)
		require.NoError(t, err)
		res.Body.Close()
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"))
	}
	require.Contains(t, []string{"sent", "delivered"}, w.callOf("preview").Invites[0].Status, "a GET spends nothing, and says nothing")
	customer := w.customer("customer")
	customer.Open(link)
	customer.Wait("the lobby all the same", state("lobby"))

	// The agent takes it back while the customer is in the lobby.
	agent.Click("#cancel")
	browser.Until(t, "the call to be cancelled", browser.Patience, func() bool { return w.callOf("preview").Status == "cancelled" })
	customer.Expect("410")
	customer.Click("#join")
	customer.Wait("the customer to be told", `["ended", "invalid"].includes(document.body.dataset.state)`)
	customer.Screenshot("cancelled")

	stranger := w.customer("stranger")
	stranger.Open(w.url + "/j/AAAAAAAAAAAAAAAAAAAAAA")
	stranger.Wait("the stranger to be told", state("invalid"))
	stranger.Screenshot("invalid")
}

func TestExpiredLink(t *testing.T) {
	t.Parallel()
	w := beginUnder(t, vi.Policy{Invite: 3 * time.Second})
	agent := w.signIn("agent", browser.Desktop)
	link := w.invite(agent, "+6581234567", "late")
	agent.Wait("the agent to be told", `/expired|not used in time|no longer/i.test(document.querySelector("#waiting").innerText)`)
	require.Equal(t, "invite_expired", w.callOf("late").EndReason)
	customer := w.customer("customer")
	customer.Open(link)
	customer.Wait("the customer to be told", `["ended", "invalid"].includes(document.body.dataset.state)`)
	customer.Screenshot("expired")
	agent.Screenshot("expired")
}

func TestCameraRefused(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent := w.signIn("agent", browser.Desktop)
	link := w.invite(agent, "+6581234567", "refused")
	customer := browser.New(t, "customer", browser.Phone)
	customer.Deny(w.url, browser.Camera, browser.Microphone)
	customer.Open(link)
	customer.Wait("help", `document.querySelector("#permission-help")?.checkVisibility()`)
	customer.Screenshot("refused")
	customer.Fill("#lobby-name", "Lena")
	customer.Click("#join")
	agent.Wait("the agent in the call", inCall)
	customer.Wait("the customer in the call", inCall)
	browser.Until(t, "the customer to see the agent", browser.Patience, func() bool { return customer.Stats().VideoIn.FramesDecoded > 10 })
	require.Eventually(t, func() bool {
		for _, l := range w.callOf("refused").Legs {
			if l.Seat == "customer" {
				return l.Permission.Cam == "denied"
			}
		}
		return false
	}, browser.Patience, 50*time.Millisecond)
}

func TestAgentHangsUp(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent, customer, _ := w.talk("agent-ends")
	agent.Click("#end")
	agent.Click("#end-confirm")
	customer.Wait("the end, for the customer", state("ended"))
	agent.Wait("the end, for the agent", state("ended"))
	require.Equal(t, "agent", w.callOf("agent-ends").EndedBy)
}

func TestTextCannotBeDelivered(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent := w.signIn("agent", browser.Desktop)
	agent.Click("#start-call")
	agent.Fill("#number", "12345")
	agent.Fill("#reference", "bad number")
	agent.Expect("422")
	agent.Click("#invite")
	agent.Shows("#start", "phone")
	agent.Screenshot("bad-number")
	var list struct{ Calls []json.RawMessage }
	w.api("administrator", "GET", "/api/calls", nil, &list)
	require.Empty(t, list.Calls)
}

func TestNothingSecretIsServedOrLogged(t *testing.T) {
	t.Parallel()
	w := begin(t)
	_, _, link := w.talk("secrets")
	token := link[strings.LastIndex(link, "/")+1:]
	var raw json.RawMessage
	w.api("administrator", "GET", "/api/calls", nil, &raw)
	require.NotContains(t, string(raw), token)
	require.NotContains(t, string(raw), string(vi.HashOf(token)))
}
