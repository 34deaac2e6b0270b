package webui_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/webui"
	"github.com/tandem-cc/tandem/internal/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }

type object = map[string]any

// A fakeDesk answers as the API does, for one agent with two conversations.
type fakeDesk struct {
	*httptest.Server
	mu      sync.Mutex
	entries map[string][]object
	unread  map[string]int
	reads   []string // tickets in the order in which they were said to be read
	lose    int      // answers to replies that get lost after the reply is kept
	seq     int
	written int // messages so far: one in a second
	pages   map[*websocket.Conn]bool
}

var deskNames = map[string]string{"t1": "Arif Wibowo", "t2": "Sofia Marques"}

func newFakeDesk(t *testing.T) *fakeDesk {
	d := &fakeDesk{entries: map[string][]object{}, unread: map[string]int{"t1": 1, "t2": 1}, pages: map[*websocket.Conn]bool{}}
	d.write("t1", "My line drops")
	d.write("t2", "The bill is wrong")
	mux := http.NewServeMux()
	answer := func(pattern string, as func(r *http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			d.mu.Lock()
			defer d.mu.Unlock()
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(as(r))
		})
	}
	answer("GET /api/session", func(*http.Request) any {
		return object{"user": object{"id": "u1", "name": "Mira Santoso", "role": "agent"}, "account": object{"name": "Fernhill", "zone": "Europe/London"}, "permissions": []string{"desk.work"}}
	})
	answer("GET /api/desk/me", func(*http.Request) any {
		return object{"agent": object{"id": "u1", "status": "available", "chosen": "available", "used": 2, "max": 5}, "setup": object{}}
	})
	answer("GET /api/desk/counts", func(*http.Request) any { return object{"mine": 2} })
	answer("GET /api/desk/tickets", func(*http.Request) any {
		return object{"tickets": []object{d.ticket("t1"), d.ticket("t2")}, "next": ""}
	})
	answer("GET /api/desk/tickets/{id}", func(r *http.Request) any {
		t := d.ticket(r.PathValue("id"))
		return object{"ticket": t, "contact": object{"id": "c" + r.PathValue("id"), "name": deskNames[r.PathValue("id")], "status": "active", "created_at": time.Now()}}
	})
	answer("GET /api/desk/tickets/{id}/entries", func(r *http.Request) any {
		after, _ := strconv.Atoi(r.FormValue("after"))
		return object{"entries": d.entries[r.PathValue("id")][after:]}
	})
	mux.HandleFunc("POST /api/desk/tickets/{id}/read", d.read)
	mux.HandleFunc("POST /api/desk/tickets/{id}/replies", d.reply)
	mux.HandleFunc("GET /ws/live", d.live)
	mux.Handle("/", webui.New(webui.Config{SignedIn: func(*http.Request) bool { return true }}))
	d.Server = httptest.NewServer(mux)
	t.Cleanup(d.Close)
	return d
}

func (d *fakeDesk) ticket(id string) object {
	all := d.entries[id]
	last := all[len(all)-1]
	return object{
		"id": id, "number": 1, "status": "open", "state": "assigned", "channel": "webchat", "queue": "q", "queue_name": "General", "mine": true,
		"assignee": object{"id": "u1", "name": "Mira Santoso"}, "contact": object{"id": "c" + id, "name": deskNames[id], "status": "active"},
		"created_at": all[0]["at"], "updated_at": time.Now(), "queued_at": all[0]["at"], "unread": d.unread[id],
		"last": object{"from": last["from"], "name": "", "text": last["text"], "at": last["at"], "files": 0},
		"may":  object{"reply": true, "note": true, "resolve": true, "move": true, "transfer": true}, "version": len(all)*10 + d.unread[id],
	}
}

func (d *fakeDesk) add(ticket string, e object) object {
	d.written++
	e["ticket"], e["n"], e["kind"], e["at"] = ticket, len(d.entries[ticket])+1, "message", time.Now().Add(-time.Hour+time.Duration(d.written)*time.Second)
	e["id"] = fmt.Sprintf("%s-%d", ticket, e["n"])
	d.entries[ticket] = append(d.entries[ticket], e)
	return e
}

func (d *fakeDesk) write(ticket, text string) {
	d.add(ticket, object{"from": "customer", "name": deskNames[ticket], "text": text})
}

// customer writes, and every page hears of it.
func (d *fakeDesk) customer(t *testing.T, ticket, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.write(ticket, text)
	d.unread[ticket]++
	d.seq++
	for c := range d.pages {
		require.NoError(t, wsjson.Write(t.Context(), c, object{"t": "event", "seq": d.seq, "kind": "desk.message_received", "about": ticket, "at": time.Now()}))
	}
}

func (d *fakeDesk) read(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unread[r.PathValue("id")] = 0
	d.reads = append(d.reads, r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
}

func (d *fakeDesk) reply(w http.ResponseWriter, r *http.Request) {
	var in struct{ Op, Text string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id := r.PathValue("id")
	n := slices.IndexFunc(d.entries[id], func(e object) bool { return e["op"] == in.Op })
	if n < 0 {
		d.add(id, object{"from": "agent", "user": "u1", "name": "Mira Santoso", "op": in.Op, "text": in.Text, "delivery": "sent"})
		n = len(d.entries[id]) - 1
	}
	if d.lose > 0 {
		d.lose--
		http.Error(w, "the way back is cut", http.StatusBadGateway) // it is kept, and nobody hears so
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(object{"entry": d.entries[id][n], "ticket": d.ticket(id)})
}

func (d *fakeDesk) live(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	d.mu.Lock()
	d.pages[c] = true
	err = wsjson.Write(r.Context(), c, object{"t": "hello", "seq": d.seq})
	d.mu.Unlock()
	for err == nil {
		_, _, err = c.Read(r.Context())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.pages, c)
}

// texts counts the customer's and the agent's messages with that text.
func (d *fakeDesk) texts(ticket, text string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.entries[ticket] {
		if e["text"] == text {
			n++
		}
	}
	return n
}

const enter = `(document.querySelector("#composer-text").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true})), true)`

func bubble(text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#messages .bubble")].filter((b) => b.textContent === %q).length === 1`, text)
}

// An answer that gets lost leaves the message as not sent, over a reload too; the
// next try is the same message, so that the customer has it once.
func TestAReplyWhoseAnswerIsLostArrivesOnce(t *testing.T) {
	t.Parallel()
	d := newFakeDesk(t)
	d.lose = 1
	p := browser.New(t, "agent", browser.Desktop)
	p.Expect("502")
	p.Open(d.URL + "/desk/t1")
	p.Wait("the conversation", bubble("My line drops"))
	p.Fill("#composer-text", "<b>Which</b> light is it?")
	p.Wait("Enter to send", enter)
	p.Shows(`.msg[data-state="failed"]`, "Not sent")
	require.Equal(t, 1, d.texts("t1", "<b>Which</b> light is it?"))

	p.Click(`.msg[data-state="failed"] [data-act="again"]`)
	p.Wait("the message, once and sent", `document.querySelectorAll('.msg[data-delivery="sent"]').length === 1 && !document.querySelector("[data-op]")`)
	p.Wait("its text as text", bubble("<b>Which</b> light is it?"))
	require.Equal(t, 1, d.texts("t1", "<b>Which</b> light is it?"))
}

// What is written stays with its conversation until it is sent, and what comes
// for another one is to be seen in the list and in the title.
func TestDraftsStayAndMessagesAreCounted(t *testing.T) {
	t.Parallel()
	d := newFakeDesk(t)
	p := browser.New(t, "agent", browser.Desktop)
	p.Open(d.URL + "/desk/t1")
	p.Wait("the conversation", bubble("My line drops"))
	p.Wait("one unread conversation, the other", `document.title.startsWith("(1) Arif Wibowo")`)
	p.Fill("#composer-text", "half a")
	p.Click(`.conv[data-ticket="t2"] a`)
	p.Wait("the other conversation without it", bubble("The bill is wrong")+` && document.querySelector("#composer-text").value === ""`)
	p.Wait("nothing unread", `document.title.startsWith("Sofia Marques")`)
	p.Reload()
	p.Wait("the same conversation", bubble("The bill is wrong"))
	p.Wait("back", `(document.activeElement.blur(), document.dispatchEvent(new KeyboardEvent("keydown", {key: "j", bubbles: true})), location.pathname === "/desk/t1")`)
	p.Wait("the draft", `document.querySelector("#composer-text").value === "half a"`)

	d.customer(t, "t2", "Hello?")
	p.Shows(`.conv[data-ticket="t2"] .conv-text`, "Hello?")
	p.Shows(`.conv[data-ticket="t2"] .count`, "1")
	p.Wait("the title", `document.title.startsWith("(1) Arif Wibowo")`)
	d.customer(t, "t1", "It dropped again")
	p.Wait("what comes for the open conversation", bubble("It dropped again"))
	browser.Until(t, "the open conversation to be read", browser.Patience, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.unread["t1"] == 0 && d.unread["t2"] == 1
	})
	require.Equal(t, "t1", d.reads[len(d.reads)-1])
}
