package wsroom_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/adapters/wsroom"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

const password = "correct horse battery"

// An office is sockets, API and rooms on a real database and a real server.
type office struct {
	t        *testing.T
	url      *url.URL
	db       *bunstore.DB
	accounts *account.Accounts
	calls    *vi.Calls
	rooms    *vi.Rooms
	sockets  *wsroom.Sockets
	admin    account.User
	stop     func()
}

func openOffice(t *testing.T, limits wsroom.Limits) *office {
	t.Helper()
	o := &office{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	o.db, err = bunstore.Open(ctx, filepath.Join(t.TempDir(), "tandem.db"), bunstore.Config{})
	require.NoError(t, err)
	o.accounts = account.New(o.db.Accounts(), plain{}, nowhere{}, account.Config{})
	o.calls = vi.New(o.db.Calls(), nowhere{}, people{o.accounts}, vi.Config{PerNumber: rate.Limit{Burst: -1}})
	o.rooms = vi.NewRooms(o.calls, nowhere{}, vi.RoomsConfig{})
	_, o.admin, err = o.accounts.CreateAccount(ctx, account.NewAccount{
		Name: "Acme", Zone: "UTC", Region: "SG", Administrator: account.NewUser{Email: "adam@acme.example", Name: "Adam", Password: password},
	})
	require.NoError(t, err)
	for _, name := range []string{"ann", "bob"} {
		_, err := o.accounts.CreateUser(ctx, o.admin.Actor(), account.NewUser{Email: name + "@acme.example", Name: name, Role: account.RoleAgent, Password: password})
		require.NoError(t, err)
	}

	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	o.url, err = url.Parse(srv.URL)
	require.NoError(t, err)
	none := rate.Limit{Burst: -1}
	api := httpapi.New(httpapi.Config{Accounts: o.accounts, Calls: o.calls, PublicURL: o.url, Limits: httpapi.Limits{Actor: none, Address: none, Guest: none}})
	o.sockets = wsroom.New(wsroom.Config{
		Rooms: o.rooms, Participant: api.Participant, Feed: o.db, Authenticate: api.Authenticate, Limits: limits,
	})
	mux.Handle("/api/", api)
	mux.Handle("/ws/room", httpapi.Logged(o.sockets.Room(), httpapi.Config{}))
	mux.Handle("/ws/live", httpapi.Logged(o.sockets.Live(), httpapi.Config{}))

	last, err := o.db.Last(ctx)
	require.NoError(t, err)
	var running sync.WaitGroup
	running.Go(func() { _ = o.rooms.Run(ctx) })
	running.Go(func() { _ = o.sockets.Run(ctx) })
	running.Go(func() {
		_ = outbox.Follow(ctx, o.db, "", last, func(records []outbox.Record) error {
			for _, r := range records {
				if strings.HasPrefix(r.Kind, "vi.") {
					_ = o.rooms.Changed(ctx, r.Account, vi.CallID(r.About), r.Kind, r.Data)
				}
			}
			return nil
		})
	})
	o.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		srv.Close()
		o.db.Close()
	})
	t.Cleanup(o.stop)
	return o
}

// plain is account.Passwords that costs nothing.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) { return "x" + password, nil }
func (plain) Verify(_ context.Context, encoded, password string) (bool, error) {
	return encoded == "x"+password, nil
}

// people is vi.People.
type people struct{ accounts *account.Accounts }

func (p people) Host(ctx context.Context, acct account.ID) (vi.Host, error) {
	a, err := p.accounts.Account(ctx, account.System(acct))
	return vi.Host{Name: a.Name, Region: a.Region}, err
}

func (p people) AgentName(ctx context.Context, acct account.ID, id account.UserID) (string, error) {
	u, err := p.accounts.User(ctx, account.System(acct), id)
	return u.Name, err
}

// nowhere is vi.Texter, vi.Media and account.Mailer: nothing arrives.
type nowhere struct{}

func (nowhere) Send(context.Context, account.Mail) error       { return nil }
func (nowhere) Text(context.Context, vi.Text) (string, error)  { return "1", nil }
func (nowhere) Forward(vi.CallID, vi.Seat, vi.TrackKind, bool) {}
func (nowhere) Leave(vi.CallID, vi.Seat)                       {}
func (nowhere) CloseRoom(vi.CallID)                            {}
func (nowhere) Stats(vi.CallID) map[vi.Seat]vi.MediaStats      { return nil }
func (nowhere) Answer(context.Context, vi.CallID, vi.Seat, vi.Offer) (string, error) {
	return "v=0", nil
}

// A visitor is a browser: it keeps cookies.
type visitor struct {
	o *office
	*http.Client
}

func (o *office) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	return &visitor{o, &http.Client{Jar: jar}}
}

func (o *office) as(name string) *visitor {
	o.t.Helper()
	v := o.visitor()
	v.post("/api/session", map[string]any{"email": name + "@acme.example", "password": password}, nil)
	return v
}

func (v *visitor) post(path string, in, out any) {
	v.o.t.Helper()
	body, err := json.Marshal(in)
	require.NoError(v.o.t, err)
	res, err := v.Post(v.o.url.String()+path, "application/json", bytes.NewReader(body))
	require.NoError(v.o.t, err)
	defer res.Body.Close()
	require.Less(v.o.t, res.StatusCode, 300, path)
	if out != nil {
		require.NoError(v.o.t, json.NewDecoder(res.Body).Decode(out))
	}
}

func (v *visitor) remove(path string) {
	v.o.t.Helper()
	req, err := http.NewRequestWithContext(v.o.t.Context(), http.MethodDelete, v.o.url.String()+path, nil)
	require.NoError(v.o.t, err)
	res, err := v.Do(req)
	require.NoError(v.o.t, err)
	require.NoError(v.o.t, res.Body.Close())
	require.Equal(v.o.t, http.StatusNoContent, res.StatusCode, path)
}

var started struct {
	sync.Mutex
	n int
}

// start has the visitor, an agent, start a call, and returns its ID and the
// link's token.
func (v *visitor) start() (id, token string) {
	v.o.t.Helper()
	started.Lock()
	started.n++
	reference := fmt.Sprint("r", started.n)
	started.Unlock()
	var out struct {
		Call struct{ ID string }
		Link string
	}
	v.post("/api/calls", map[string]any{"phone": "+6581234567", "reference": reference}, &out)
	return out.Call.ID, out.Link[strings.LastIndex(out.Link, "/")+1:]
}

func (v *visitor) dial(path string) *websocket.Conn {
	v.o.t.Helper()
	conn, _, err := websocket.Dial(v.o.t.Context(), "ws://"+v.o.url.Host+path, &websocket.DialOptions{HTTPClient: v.Client})
	require.NoError(v.o.t, err)
	v.o.t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	return conn
}

func (v *visitor) room(id, as string) *websocket.Conn {
	v.o.t.Helper()
	return v.dial("/ws/room?call=" + id + "&as=" + as)
}

func (o *office) write(c *websocket.Conn, text string) {
	o.t.Helper()
	require.NoError(o.t, c.Write(o.t.Context(), websocket.MessageText, []byte(text)))
}

// until reads messages up to one of that type.
func (o *office) until(c *websocket.Conn, kind string) (e wire.Envelope) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 10*time.Second)
	defer cancel()
	for e.T != kind {
		_, text, err := c.Read(ctx)
		require.NoError(o.t, err, "waiting for %s", kind)
		e = wire.Envelope{}
		require.NoError(o.t, json.Unmarshal(text, &e))
	}
	return e
}

// closed reads until the server closes the socket, and returns the code.
func (o *office) closed(c *websocket.Conn) int {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 15*time.Second)
	defer cancel()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			require.NotEqual(o.t, websocket.StatusCode(-1), websocket.CloseStatus(err), "no close frame: %v", err)
			return int(websocket.CloseStatus(err))
		}
	}
}

// meet brings an agent and a customer into the room of a new call.
func (o *office) meet() (id string, agent, customer *visitor, a, c *websocket.Conn) {
	o.t.Helper()
	agent, customer = o.as("ann"), o.visitor()
	id, token := agent.start()
	customer.post("/api/guest/join", map[string]any{"token": token, "name": "Carl"}, nil)
	a, c = agent.room(id, "agent"), customer.room(id, "customer")
	for _, conn := range []*websocket.Conn{c, a} {
		o.write(conn, `{"t":"hello","id":"1"}`)
		require.Equal(o.t, "1", o.until(conn, "welcome").Re)
	}
	return id, agent, customer, a, c
}
