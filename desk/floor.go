package desk

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// A Floor is whose pages are open now: it tells presence who is connected, and
// people who else looks at, or writes in, the conversation they have before them.
// What it knows ends with the program; nothing of it is worth keeping.
type Floor struct {
	d *Desk

	mu       sync.Mutex
	visits   map[*Visit]bool
	agents   map[seat]*attendance
	visitors map[string]map[*Visit]bool // by account and thread
	closed   bool
	writes   sync.WaitGroup // to the store
}

type seat struct {
	account account.ID
	user    account.UserID
}

// An attendance is how many pages of one agent are open, and what the store has
// been told of it.
type attendance struct {
	by     account.Actor
	pages  int
	stored bool
	busy   bool // somebody is telling the store
}

// A Visit is one open page: of an agent, or of a customer at a web chat.
type Visit struct {
	floor *Floor
	by    account.Actor // of an agent's page
	key   string        // of the thread: of a customer's page, or of what an agent looks at
	name  string
	send  func([]byte)

	ticket TicketID // on an agent's screen
	typing time.Time
}

// typingFor is how long somebody counts as typing after a stroke.
const typingFor = 5 * time.Second

// NewFloor returns an empty floor.
func NewFloor(d *Desk) *Floor {
	return &Floor{d: d, visits: map[*Visit]bool{}, agents: map[seat]*attendance{}, visitors: map[string]map[*Visit]bool{}}
}

// Recover says that nobody is connected, as is so when a program begins: whoever
// is there comes back within the grace.
func (f *Floor) Recover(ctx context.Context) error {
	for after := account.ID(""); ; {
		desks, err := f.d.store.Desks(ctx, after, batch)
		if err != nil {
			return err
		}
		for _, id := range desks {
			after = id
			if err := f.d.disconnectAll(ctx, id); err != nil {
				return err
			}
		}
		if len(desks) < batch {
			return nil
		}
	}
}

func (d *Desk) disconnectAll(ctx context.Context, acct account.ID) error {
	return d.run(ctx, account.System(acct), "begin without anybody", func(j *job) error {
		agents, err := j.Tx.Agents(j.ctx)
		if err != nil {
			return err
		}
		for _, a := range agents {
			if !a.Presence.Connected {
				continue
			}
			a.Presence, _ = a.Presence.Disconnect(j.now)
			if err := j.keepAgent(a); err != nil {
				return err
			}
		}
		return nil
	})
}

// Enter says that a page of the actor has connected. What is sent to it goes
// through send, which must not wait.
func (f *Floor) Enter(by account.Actor, send func([]byte)) *Visit {
	v := &Visit{floor: f, by: by, send: send, name: by.Name}
	if by.User == "" || !by.Can(account.DeskWork) {
		return v
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.visits[v] = true
	s := seat{by.Account, by.User}
	a := f.agents[s]
	if a == nil {
		a = &attendance{by: by}
		f.agents[s] = a
	}
	a.by = by
	a.pages++
	f.tell(s, a)
	return v
}

// EnterVisitor says that a customer's page has connected.
func (f *Floor) EnterVisitor(who Visitor, send func([]byte)) *Visit {
	v := &Visit{floor: f, key: threadKey(who.Account, who.Thread()), send: send}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.visitors[v.key] == nil {
		f.visitors[v.key] = map[*Visit]bool{}
	}
	f.visitors[v.key][v] = true
	return v
}

func threadKey(acct account.ID, t Thread) string { return string(acct) + " " + string(t) }

// tell brings the store to what is so, one at a time for each agent. The lock is
// held.
func (f *Floor) tell(s seat, a *attendance) {
	if a.busy || a.stored == (a.pages > 0) {
		if !a.busy && a.pages == 0 {
			delete(f.agents, s)
		}
		return
	}
	if f.closed {
		return
	}
	a.busy = true
	there, by := a.pages > 0, a.by
	f.writes.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_, err := f.d.Connected(ctx, by, there)
		if err != nil {
			f.d.cfg.Log.Error("note who is connected", "err", err)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		a.busy, a.stored = false, there
		f.tell(s, a)
	})
}

// Close waits for what is being told to the store, and tells it nothing more. The
// program that ends calls it when the sockets are gone and before it closes the
// store; [Floor.Recover] then says that nobody is connected.
func (f *Floor) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.writes.Wait()
}

// Leave says that the page has gone. It may be called once.
func (v *Visit) Leave() {
	f := v.floor
	f.mu.Lock()
	defer f.mu.Unlock()
	if set := f.visitors[v.key]; set[v] {
		if delete(set, v); len(set) == 0 {
			delete(f.visitors, v.key)
		}
		return
	}
	if !f.visits[v] {
		return
	}
	delete(f.visits, v)
	f.viewers(v.by.Account, v.ticket)
	s := seat{v.by.Account, v.by.User}
	if a := f.agents[s]; a != nil {
		a.pages--
		f.tell(s, a)
	}
}

// A frame is what pages say, and are told.
type frame struct {
	T      string   `json:"t"`
	Ticket TicketID `json:"ticket,omitempty"`
	Name   string   `json:"name,omitempty"`
	People []viewer `json:"people,omitempty"`
}

type viewer struct {
	ID     account.UserID `json:"id"`
	Name   string         `json:"name"`
	Typing bool           `json:"typing"`
}

func (v *Visit) tell(m frame) {
	if b, err := json.Marshal(m); err == nil {
		v.send(b)
	}
}

// Hear takes in what the page says: view, which ticket is on the screen, and
// typing. What it does not understand, or what the actor may not see, it ignores.
func (v *Visit) Hear(data []byte) {
	var m frame
	if json.Unmarshal(data, &m) != nil {
		return
	}
	if v.by.User == "" {
		if m.T == "typing" {
			v.floor.customerTypes(v)
		}
		return
	}
	switch m.T {
	case "view":
		v.floor.view(v, m.Ticket)
	case "typing":
		v.floor.agentTypes(v, m.Ticket)
	}
}

// view notes what is on an agent's screen.
func (f *Floor) view(v *Visit, id TicketID) {
	key := ""
	if id != "" {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := f.d.view(ctx, v.by, "look at conversation", func(j *job) error {
			t, _, err := j.see(id)
			key = threadKey(v.by.Account, t.Thread)
			return err
		})
		if err != nil {
			return
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.visits[v] {
		return
	}
	was := v.ticket
	v.ticket, v.key, v.typing = id, key, time.Time{}
	if was != id {
		f.viewers(v.by.Account, was)
	}
	f.viewers(v.by.Account, id)
}

// viewers tells everybody who looks at a ticket who else does. The lock is held.
func (f *Floor) viewers(acct account.ID, id TicketID) {
	if id == "" {
		return
	}
	now := f.d.now()
	people := map[account.UserID]viewer{}
	var here []*Visit
	for v := range f.visits {
		if v.ticket == id && v.by.Account == acct {
			here = append(here, v)
			p := people[v.by.User]
			people[v.by.User] = viewer{v.by.User, v.name, p.Typing || now.Before(v.typing)}
		}
	}
	for _, v := range here {
		others := slices.Collect(maps.Values(people))
		others = slices.DeleteFunc(others, func(p viewer) bool { return p.ID == v.by.User })
		slices.SortFunc(others, func(a, b viewer) int { return strings.Compare(string(a.ID), string(b.ID)) })
		v.tell(frame{T: "viewers", Ticket: id, People: others})
	}
}

// agentTypes tells colleagues and the customer that an agent writes.
func (f *Floor) agentTypes(v *Visit, id TicketID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.d.now()
	if v.ticket != id || id == "" {
		return
	}
	fresh := now.Before(v.typing)
	v.typing = now.Add(typingFor)
	if !fresh {
		f.viewers(v.by.Account, id)
	}
	name, _, _ := strings.Cut(v.name, " ")
	for c := range f.visitors[v.key] {
		c.tell(frame{T: "typing", Name: name})
	}
}

// customerTypes tells the agents who look at the conversation.
func (f *Floor) customerTypes(c *Visit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for v := range f.visits {
		if v.key == c.key && v.ticket != "" {
			v.tell(frame{T: "typing", Ticket: v.ticket})
		}
	}
}

// Changed tells customers' pages of a committed event of a ticket: they read
// again. It may be told of every event.
func (f *Floor) Changed(acct account.ID, kind string, data []byte) {
	switch kind {
	case NoteAdded{}.Kind(), TicketMarked{}.Kind():
		return
	}
	if !strings.HasPrefix(kind, "desk.ticket_") && !strings.HasPrefix(kind, "desk.message_") && !strings.HasPrefix(kind, "desk.reply_") {
		return
	}
	var e struct {
		Thread Thread `json:"thread"`
	}
	if json.Unmarshal(data, &e) != nil || e.Thread == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for v := range f.visitors[threadKey(acct, e.Thread)] {
		v.tell(frame{T: "changed"})
	}
}

// Offered tells an agent's pages that what is offered is something else now.
func (f *Floor) Offered(acct account.ID, user account.UserID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for v := range f.visits {
		if v.by.Account == acct && v.by.User == user {
			v.tell(frame{T: "offers"})
		}
	}
}
