package vi_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

var (
	ann   = account.Actor{Account: "acme", User: "ann", Name: "Ann", Role: account.RoleAgent}
	bob   = account.Actor{Account: "acme", User: "bob", Name: "Bob", Role: account.RoleAgent}
	sue   = account.Actor{Account: "acme", User: "sue", Name: "Sue", Role: account.RoleSupervisor}
	other = account.Actor{Account: "umbrella", User: "eve", Name: "Eve", Role: account.RoleAdministrator}
)

// A world is calls and rooms on a real database, with a carrier, a media plane
// and browsers that the test plays.
type world struct {
	t     *testing.T
	store vi.Store
	calls *vi.Calls
	rooms *vi.Rooms
	texts *carrier
	media *plane

	stop context.CancelFunc
	done sync.WaitGroup
	file string
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "calls.db")
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, file: file, texts: &carrier{}}
		w.start()
		defer func() { w.end() }()
		test(t, w)
	})
}

// start opens the database and runs what the composition root would.
func (w *world) start() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	db, err := bunstore.Open(ctx, w.file, bunstore.Config{})
	require.NoError(w.t, err)
	w.store, w.media = db.Calls(), &plane{}
	w.calls = vi.New(w.store, w.texts, company{}, vi.Config{PublicURL: "https://calls.example"})
	w.rooms = vi.NewRooms(w.calls, w.media, vi.RoomsConfig{})
	last, err := db.Last(ctx)
	require.NoError(w.t, err)
	require.NoError(w.t, w.calls.Recover(ctx))
	w.done.Go(func() { require.NoError(w.t, w.calls.Run(ctx)) })
	w.done.Go(func() { require.NoError(w.t, w.rooms.Run(ctx)) })
	w.done.Go(func() {
		_ = outbox.Follow(ctx, db, "", last, func(records []outbox.Record) error {
			for _, r := range records {
				if err := w.rooms.Changed(ctx, r.Account, vi.CallID(r.About), r.Kind, r.Data); err != nil && ctx.Err() == nil {
					w.t.Errorf("tell the room of %s: %v", r.Kind, err)
				}
			}
			return nil
		})
		db.Close()
	})
}

// end stops everything, as the end of the program does.
func (w *world) end() {
	w.rooms.Close()
	w.stop()
	w.done.Wait()
}

func (w *world) call(id vi.CallID) vi.Call {
	w.t.Helper()
	c, err := w.calls.Call(w.t.Context(), account.System("acme"), id)
	require.NoError(w.t, err)
	return c
}

// pass lets virtual time pass, and everything that is due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// company is vi.People.
type company struct{}

func (company) Host(_ context.Context, acct account.ID) (vi.Host, error) {
	return vi.Host{Name: "Acme", Region: "SG"}, nil
}

func (company) AgentName(_ context.Context, _ account.ID, u account.UserID) (string, error) {
	if u != "ann" {
		return "", vi.ErrNotFound
	}
	return "Ann", nil
}

// carrier is vi.Texter: it keeps the texts.
type carrier struct {
	mu    sync.Mutex
	texts []vi.Text
	err   error
}

func (c *carrier) Text(_ context.Context, t vi.Text) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return "", c.err
	}
	c.texts = append(c.texts, t)
	return "carrier-1", nil
}

// token returns the secret in the link of the last text.
func (c *carrier) token(t *testing.T) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.NotEmpty(t, c.texts)
	body := c.texts[len(c.texts)-1].Body
	return body[strings.LastIndex(body, "/")+1:]
}

// plane is vi.Media: the test says what the network does.
type plane struct {
	answering func() // while an offer is answered

	mu     sync.Mutex
	conns  map[vi.Seat]string
	closed []vi.CallID
	left   []vi.Seat
}

func (p *plane) Answer(_ context.Context, _ vi.CallID, s vi.Seat, o vi.Offer) (string, error) {
	if !strings.HasPrefix(o.SDP, "v=0") {
		return "", errors.Join(vi.ErrInvalid, errors.New("no SDP"))
	}
	if p.answering != nil {
		p.answering()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		p.conns = map[vi.Seat]string{}
	}
	p.conns[s] = o.Conn
	return "v=0 answer", nil
}

func (p *plane) CloseRoom(id vi.CallID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = append(p.closed, id)
}

func (p *plane) Leave(_ vi.CallID, s vi.Seat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = append(p.left, s)
}

func (*plane) Forward(vi.CallID, vi.Seat, vi.TrackKind, bool) {}
func (*plane) Stats(vi.CallID) map[vi.Seat]vi.MediaStats      { return nil }

// browser is vi.Socket and the page behind it.
type browser struct {
	w    *world
	peer *vi.Peer
	seat vi.Seat
	call vi.CallID

	mu     sync.Mutex
	frames []wire.Envelope
	sizes  []int
	closed vi.CloseCode
}

func (b *browser) Send(frame []byte) {
	var e wire.Envelope
	if err := json.Unmarshal(frame, &e); err != nil {
		panic(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.frames, b.sizes = append(b.frames, e), append(b.sizes, len(frame))
}

func (b *browser) Close(code vi.CloseCode, _ string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed == 0 {
		b.closed = code
	}
}

// enter opens a socket for a participant and says hello.
func (w *world) enter(p vi.Participant) *browser {
	w.t.Helper()
	b := &browser{w: w, seat: p.Seat, call: p.Call}
	var err error
	b.peer, err = w.rooms.Enter(p, b)
	require.NoError(w.t, err)
	b.say("hello", wire.Hello{})
	return b
}

// say sends a message and returns the answer.
func (b *browser) say(t string, body any) wire.Envelope {
	b.w.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(b.w.t, err)
	id := "m" + t
	frame, err := json.Marshal(wire.Envelope{T: t, ID: id, P: data})
	require.NoError(b.w.t, err)
	b.peer.Receive(b.w.t.Context(), frame)
	b.mu.Lock()
	defer b.mu.Unlock()
	last := b.frames[len(b.frames)-1]
	require.Equal(b.w.t, id, last.Re)
	return last
}

// media makes the browser's connection come up.
func (b *browser) media(conn string) {
	b.w.t.Helper()
	require.Equal(b.w.t, "rtc.answer", b.say("rtc.offer", wire.Offer{Conn: conn, SDP: "v=0"}).T)
	b.network(conn, vi.MediaUp)
}

func (b *browser) network(conn string, what vi.MediaChange) {
	b.w.rooms.MediaChanged(b.w.t.Context(), vi.MediaEvent{Room: b.call, Seat: b.seat, Conn: conn, What: what})
	synctest.Wait()
}

// got returns the messages of one type so far.
func got[B any](b *browser, t string) (all []B) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.frames {
		if e.T == t {
			var x B
			if err := json.Unmarshal(e.P, &x); err != nil {
				panic(err)
			}
			all = append(all, x)
		}
	}
	return all
}

func (b *browser) code() vi.CloseCode {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// start has Ann call a customer.
func (w *world) startCall(reference string) vi.Call {
	w.t.Helper()
	c, link, err := w.calls.Start(w.t.Context(), ann, vi.StartCall{Phone: "8123 4567", Reference: reference})
	require.NoError(w.t, err)
	require.Equal(w.t, "https://calls.example/j/"+w.texts.token(w.t), link)
	return c
}

// join has the customer press Join, and returns the secret of the browser.
func (w *world) join(device string) (vi.Participant, string) {
	w.t.Helper()
	ref, device, err := w.calls.Join(w.t.Context(), w.texts.token(w.t), vi.JoinCall{Name: " Lena  Brandt ", Device: device})
	require.NoError(w.t, err)
	p, _, err := w.calls.AsCustomer(w.t.Context(), device, ref.Call)
	require.NoError(w.t, err)
	return p, device
}

func (w *world) agent(id vi.CallID) vi.Participant {
	w.t.Helper()
	p, err := w.calls.AsAgent(w.t.Context(), ann, id)
	require.NoError(w.t, err)
	return p
}

// talk brings both into a call.
func (w *world) talk(reference string) (id vi.CallID, agent, customer *browser, device string) {
	w.t.Helper()
	c := w.startCall(reference)
	p, device := w.join("")
	customer = w.enter(p)
	agent = w.enter(w.agent(c.ID))
	customer.media("c1")
	agent.media("a1")
	require.Equal(w.t, vi.StatusConnected, w.call(c.ID).Status)
	return c.ID, agent, customer, device
}
