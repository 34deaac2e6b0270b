package webui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/webui"
	"github.com/tandem-cc/tandem/internal/browser"
)

// A fakeChat answers as the API does, at one web chat without sockets. /site is a
// company's page that carries it, and /tabs shows it twice, as two tabs of one
// browser would.
type fakeChat struct {
	*httptest.Server
	mu       sync.Mutex
	messages []object
	lose     int  // answers that get lost after the message is kept
	portal   int  // messages that somebody on the way answers with a page of their own
	down     bool // nothing is taken in
	tries    int  // messages posted
	seen     string
}

func newFakeChat(t *testing.T) *fakeChat {
	c := &fakeChat{}
	mux := http.NewServeMux()
	locked := func(pattern string, as func(w http.ResponseWriter, r *http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if out := as(w, r); out != nil {
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(out)
			}
		})
	}
	locked("GET /api/chat/k", func(http.ResponseWriter, *http.Request) any {
		return object{"name": "Fernhill", "greeting": "Hello!", "colour": "#ffd400"}
	})
	locked("GET /api/chat/k/messages", func(_ http.ResponseWriter, r *http.Request) any {
		after := slices.IndexFunc(c.messages, func(m object) bool { return m["id"] == r.FormValue("after") })
		return object{"messages": append([]object{}, c.messages[after+1:]...), "open": true, "agent": "Mira"}
	})
	locked("POST /api/chat/k/messages", c.write)
	locked("POST /api/chat/k/seen", func(w http.ResponseWriter, r *http.Request) any {
		var in struct{ Message string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		for _, m := range c.messages {
			m["seen"] = m["seen"] == true || m["from"] == "agent"
		}
		c.seen = in.Message
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	page := func(path, html string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<!doctype html><title>Site</title>"+html)
		})
	}
	page("/site", `<style>* { color: red !important } button { width: 900px !important } iframe { display: none !important }</style><script type="module" src="/widget.js" data-key="k"></script>`)
	page("/tabs", `<iframe id="a" src="/chat?key=k"></iframe><iframe id="b" src="/chat?key=k"></iframe>`)
	mux.Handle("/", webui.New(webui.Config{ChatOrigins: func(context.Context, string) ([]string, bool) { return nil, true }}))
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *fakeChat) add(m object) object {
	m["id"], m["at"], m["seen"], m["files"] = fmt.Sprintf("m%04d", len(c.messages)), time.Now(), false, []object{}
	c.messages = append(c.messages, m)
	return m
}

func (c *fakeChat) write(w http.ResponseWriter, r *http.Request) any {
	var in struct{ Op, Text, Name string }
	if json.NewDecoder(r.Body).Decode(&in) != nil || len(r.Header.Get("X-Tandem-Visitor")) < 32 {
		w.WriteHeader(http.StatusBadRequest)
		return nil
	}
	if c.portal > 0 {
		c.portal--
		fmt.Fprint(w, "<!doctype html><p>Welcome to our hotel</p>")
		return nil
	}
	if c.tries++; c.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return nil
	}
	n := slices.IndexFunc(c.messages, func(m object) bool { return m["op"] == in.Op })
	if n < 0 {
		n = len(c.messages)
		c.add(object{"from": "me", "op": in.Op, "text": in.Text, "name": in.Name})
	}
	if c.lose > 0 {
		c.lose--
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	return object{"message": c.messages[n]}
}

// texts returns what has been taken in, in its order.
func (c *fakeChat) texts() (all []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.messages {
		all = append(all, m["text"].(string))
	}
	return all
}

func (c *fakeChat) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// visitor opens a path as a customer. There are no sockets, and requests fail.
func (c *fakeChat) visitor(t *testing.T, path string, device browser.Device) *browser.Person {
	p := browser.New(t, "lena", device)
	for _, text := range []string{"WebSocket", "404", "503", "ERR_EMPTY_RESPONSE"} {
		p.Expect(text)
	}
	p.Open(c.URL + path)
	return p
}

// in is a condition on the document d that doc names.
func in(doc, condition string) string {
	return `(() => { const d = ` + doc + `; return !!d && (` + condition + `) })()`
}

func saying(doc, text string) string {
	return in(doc, fmt.Sprintf(`d.body.dataset.state === "open" && (() => { const t = d.querySelector("#chat-text"); t.value = %q; t.dispatchEvent(new Event("input")); d.querySelector("#chat-form").requestSubmit(); return true })()`, text))
}

// What every bubble of one's own says, in the order of the page.
const bubbles = `[...d.querySelectorAll("[data-side=out] .bubble")].map((b) => b.textContent).join()`

func TestChatSurvivesLostAnswersAndReloads(t *testing.T) {
	c := newFakeChat(t)
	c.lose, c.portal = 3, 1
	p := c.visitor(t, "/chat?key=k", browser.Phone)
	p.Wait("to be asked for a name", `!document.querySelector("#chat-who").hidden`)
	p.Fill("#chat-visitor", "Lena")
	p.Wait("to write", saying("document", "one"))
	p.Wait("to write", saying("document", "two"))
	browser.Until(t, "an answer to be lost", 10*time.Second, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.lose < 3 })
	p.Reload()
	p.Wait("all to be acknowledged", in("document", bubbles+` === "one,two" && !d.querySelector("[data-state=sending]")`))
	require.Equal(t, []string{"one", "two"}, c.texts())
	c.set(func() {
		require.Zero(t, c.lose+c.portal)
		require.Greater(t, c.tries, 2, "one at least was sent again")
		require.Equal(t, "Lena", c.messages[0]["name"])
	})
	require.True(t, browser.Eval[bool](p, `document.querySelector("#chat-who").hidden`), "asked once")
}

func TestTabsOfAChatLoseNothingOfEachOther(t *testing.T) {
	c := newFakeChat(t)
	c.down = true
	p := c.visitor(t, "/tabs", browser.Desktop)
	const each = 8
	for n := range each {
		for _, tab := range []string{"a", "b"} {
			p.Wait("to write", saying("document.getElementById('"+tab+"').contentDocument", fmt.Sprintf("%s%d", tab, n)))
		}
	}
	browser.Until(t, "a try that fails", 10*time.Second, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.tries > 0 })
	require.Empty(t, c.texts())
	p.Reload() // both are left, with what they have not sent
	c.set(func() { c.down = false })
	browser.Until(t, "all to arrive", 30*time.Second, func() bool { return len(c.texts()) >= 2*each })
	var want []string
	for n := range each {
		want = append(want, fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n))
	}
	require.Equal(t, want, c.texts(), "each once, in the order in which they were written")
	for _, tab := range []string{"a", "b"} {
		p.WaitFor("the server's order in tab "+tab, in("document.getElementById('"+tab+"').contentDocument", bubbles+fmt.Sprintf(` === %q && !d.querySelector("[data-state=sending]")`, strings.Join(want, ","))), 30*time.Second)
	}
}

func TestWidgetOnASite(t *testing.T) {
	c := newFakeChat(t)
	const root, frame = `document.querySelector("tandem-chat")?.shadowRoot`, `document.querySelector("tandem-chat")?.shadowRoot?.querySelector("iframe")?.contentDocument`
	p := c.visitor(t, "/site", browser.Desktop)
	looks := `(() => { const s = getComputedStyle(d.querySelector("#open")); return s.backgroundColor === "rgb(255, 212, 0)" && s.color === "rgb(0, 0, 0)" && s.width === "56px" })()`
	p.Wait("the line's colour, and none of the site's styles", in(root, looks))
	require.Equal(t, "rgb(0, 0, 0)", browser.Eval[string](p, `getComputedStyle(`+frame+`.querySelector("#chat-name")).color`))
	press := in(root, `(d.querySelector("#open").click(), true)`)
	p.Wait("to open", press)
	p.Wait("to write", saying(frame, "hello"))
	p.Wait("hello", in(frame, bubbles+` === "hello"`))
	// The bubble is there at once; what is added below has to come after it at the server too.
	browser.Until(t, "hello to arrive", 10*time.Second, func() bool { return len(c.texts()) == 1 })
	p.Wait("to close from within", in(frame, `(d.querySelector("#chat-close").click(), true)`))
	p.Wait("closed", `!document.querySelector("tandem-chat").hasAttribute("data-open")`)

	c.set(func() { c.add(object{"from": "agent", "name": "Mira", "text": "good day"}) })
	p.Open(c.URL + "/site")
	p.Wait("the badge, on return", in(root, `!d.querySelector(".count").hidden && d.querySelector(".count").textContent === "1" && d.querySelector("#open").getAttribute("aria-label") === "Open the chat, 1 unread"`))
	c.set(func() { require.Empty(t, c.seen, "nobody has looked") })
	p.Wait("words of the site itself", `(() => { for (const m of [{ off: true }, { unread: 7 }, { close: true }]) postMessage({ tandem: "k", ...m }, "*"); return true })()`)
	p.Wait("to open", press)
	p.Wait("the answer", in(frame, `d.querySelector("#chat-messages").textContent.includes("good day")`))
	browser.Until(t, "that it was seen", 10*time.Second, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.seen == "m0001" })
	p.Wait("no badge", in(root, `d.querySelector(".count").textContent === "0"`))
	require.True(t, browser.Eval[bool](p, `!document.querySelector("tandem-chat").hidden && document.querySelector("tandem-chat").hasAttribute("data-open")`), "the site's own words move nothing")
}
