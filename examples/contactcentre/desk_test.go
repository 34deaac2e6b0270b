package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/browser"
)

// A customer at the site of a company, on a phone.
type visitor struct {
	*browser.Person
	t testing.TB
}

// visit opens the company's site and its chat.
func (w *world) visit(name string) *visitor {
	w.t.Helper()
	v := &visitor{browser.New(w.t, name, browser.Phone), w.t}
	v.Open(w.url + "/dev/site")
	v.open()
	return v
}

// open presses the chat's button.
func (v *visitor) open() {
	v.t.Helper()
	v.Wait("the chat's button", `(() => { const b = document.querySelector("tandem-chat")?.shadowRoot?.querySelector("button"); if (!b) return false; b.click(); return true })()`)
	v.Wait("the chat", v.in(`!!d.querySelector("#chat-greeting") && !d.querySelector("#chat-greeting").hidden`))
}

// in makes a condition on the document d of the chat's frame.
func (v *visitor) in(condition string) string {
	return `(() => { const d = document.querySelector("tandem-chat")?.shadowRoot?.querySelector("iframe")?.contentDocument; return !!d && (` + condition + `) })()`
}

// say writes a message and sends it.
func (v *visitor) say(text string) {
	v.t.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(v.t, err)
	v.Wait("to write "+text, v.in(fmt.Sprintf(`(() => { const t = d.querySelector("#chat-text"); t.value = %s; t.dispatchEvent(new Event("input")); d.querySelector("#chat-form").requestSubmit(); return true })()`, quoted)))
}

// reads waits until the chat shows the text.
func (v *visitor) reads(text string) {
	v.t.Helper()
	v.Wait("to read "+text, v.in(fmt.Sprintf(`d.body.textContent.includes(%q)`, text)))
}

// A clerk works at the desk over the HTTP API.
type clerk struct {
	w    *world
	http *http.Client
}

func (w *world) clerk(role string) *clerk {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	c := &clerk{w, &http.Client{Jar: jar}}
	u := w.user(role)
	c.do("POST", "/api/session", map[string]string{"email": u.Email, "password": u.Password}, 200, nil)
	return c
}

// do makes a request, which has to be answered with that status.
func (c *clerk) do(method, path string, body any, status int, into any) {
	c.w.t.Helper()
	var b bytes.Buffer
	if body != nil {
		require.NoError(c.w.t, json.NewEncoder(&b).Encode(body))
	}
	req, err := http.NewRequestWithContext(c.w.t.Context(), method, c.w.url+path, &b)
	require.NoError(c.w.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	require.NoError(c.w.t, err)
	defer res.Body.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(res.Body)
	require.NoError(c.w.t, err)
	require.Equal(c.w.t, status, res.StatusCode, "%s %s: %s", method, path, text.String())
	if into != nil {
		require.NoError(c.w.t, json.Unmarshal(text.Bytes(), into))
	}
}

const (
	waitMost = 20 * time.Second
	waitTick = 20 * time.Millisecond
)

type deskTicket struct {
	ID       string `json:"id"`
	Number   int    `json:"number"`
	Status   string `json:"status"`
	State    string `json:"state"`
	Assignee *struct {
		Name string `json:"name"`
	} `json:"assignee"`
}

func (c *clerk) tickets(view string) []deskTicket {
	c.w.t.Helper()
	var out struct{ Tickets []deskTicket }
	c.do("GET", "/api/desk/tickets?view="+view, nil, 200, &out)
	return out.Tickets
}

// A customer writes on a company's site; the agent who is available has it, and
// answers; a reload and a second message change nothing of that.
func TestACustomerChatsOnASite(t *testing.T) {
	w := begin(t)
	agent := w.clerk("agent")
	agent.do("POST", "/api/desk/me/status", map[string]string{"status": "available"}, 200, nil)
	lena := w.visit("lena")
	lena.say("My line drops every evening")
	lena.reads("My line drops every evening")

	require.Eventually(t, func() bool { return len(agent.tickets("mine")) == 1 }, waitMost, waitTick)
	ticket := agent.tickets("mine")[0]
	require.Equal(t, "assigned", ticket.State)
	agent.do("POST", "/api/desk/tickets/"+ticket.ID+"/read", map[string]any{}, 204, nil)
	lena.reads("Seen")
	agent.do("POST", "/api/desk/tickets/"+ticket.ID+"/replies", map[string]any{"op": "1", "text": "Hello, I am looking at it"}, 201, nil)
	lena.reads("Hello, I am looking at it")
	lena.reads("Mira is here for you")
	lena.Screenshot("chat")
	require.Eventually(t, func() bool {
		var out struct{ Entries []struct{ Delivery string } }
		agent.do("GET", "/api/desk/tickets/"+ticket.ID+"/entries", nil, 200, &out)
		return out.Entries[len(out.Entries)-1].Delivery == "read"
	}, waitMost, waitTick, "the customer has seen it")

	lena.Reload()
	lena.open()
	lena.reads("Hello, I am looking at it")
	lena.say("Thank you!")
	agent.do("POST", "/api/desk/tickets/"+ticket.ID+"/resolve", map[string]string{"note": "restarted the port"}, 200, nil)
	lena.reads("This conversation has ended")
	lena.say("It dropped again")
	require.Eventually(t, func() bool { return len(agent.tickets("mine")) == 1 }, waitMost, waitTick)
	require.Equal(t, ticket.ID, agent.tickets("mine")[0].ID, "within the hour it is the same ticket")
}

// What a customer writes without a connection, or while the server restarts,
// arrives once.
func TestAMessageSurvivesARestart(t *testing.T) {
	w := begin(t)
	lena := w.visit("lena")
	lena.say("first")
	lena.reads("first")
	w.stop()
	lena.Expect("ERR_CONNECTION_REFUSED")
	lena.Expect("WebSocket")
	lena.say("second")
	lena.say("third")
	lena.reads("third")
	w.start()
	super := w.clerk("supervisor")
	require.Eventually(t, func() bool {
		all := super.tickets("all")
		if len(all) != 1 {
			return false
		}
		var out struct{ Entries []struct{ Text, Kind string } }
		super.do("GET", "/api/desk/tickets/"+all[0].ID+"/entries", nil, 200, &out)
		var texts []string
		for _, e := range out.Entries {
			if e.Kind == "message" {
				texts = append(texts, e.Text)
			}
		}
		return fmt.Sprint(texts) == "[first second third]"
	}, waitMost, waitTick)
}
