package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

const password = "correct horse battery"

// A world is the API on a real database, with a carrier and a clock that the
// test plays.
type world struct {
	t        testing.TB
	folder   string // of the database
	db       *bunstore.DB
	accounts *account.Accounts
	calls    *vi.Calls
	api      *httpapi.API
	cfg      httpapi.Config // of it
	texts    *carrier
	mails    *postbox
	log      *bytes.Buffer
	clock    *clock
	acme     account.Account
	users    map[string]account.User // by e-mail address
}

// A clock stands still unless the test moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var generous = rate.Limit{Burst: -1}

// build makes a world with two accounts: acme with ann and bob, who are agents,
// sue, a supervisor, and adam, an administrator; and umbrella with eve, an
// administrator.
func build(t testing.TB, with ...func(*httpapi.Config)) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{
		t: t, folder: t.TempDir(), texts: &carrier{}, mails: &postbox{}, log: &bytes.Buffer{}, users: map[string]account.User{},
		clock: &clock{at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)},
	}
	var err error
	w.db, err = bunstore.Open(ctx, filepath.Join(w.folder, "tandem.db"), bunstore.Config{Now: w.clock.now})
	require.NoError(t, err)
	t.Cleanup(func() { w.db.Close() })
	w.accounts = account.New(w.db.Accounts(), plain{}, w.mails, account.Config{
		Now: w.clock.now, PublicURL: "https://desk.example",
		Limits: account.Limits{SignIn: generous, SignInEmail: generous, SignInAddress: generous, Reset: generous, ResetEmail: generous, ResetAddress: generous},
	})
	w.calls = vi.New(w.db.Calls(), w.texts, people{w.accounts}, vi.Config{Now: w.clock.now, PublicURL: "https://desk.example"})

	var adam, eve account.User
	w.acme, adam, err = w.accounts.CreateAccount(ctx, account.NewAccount{
		Name: "Acme", Zone: "Asia/Singapore", Region: "SG",
		Administrator: account.NewUser{Email: "adam@acme.example", Name: "Adam", Password: password},
	})
	require.NoError(t, err)
	_, eve, err = w.accounts.CreateAccount(ctx, account.NewAccount{
		Name: "Umbrella", Zone: "Europe/Berlin", Region: "DE",
		Administrator: account.NewUser{Email: "eve@umbrella.example", Name: "Eve", Password: password},
	})
	require.NoError(t, err)
	w.users[adam.Email], w.users[eve.Email] = adam, eve
	for name, role := range map[string]account.Role{"ann": account.RoleAgent, "bob": account.RoleAgent, "sue": account.RoleSupervisor} {
		u, err := w.accounts.CreateUser(ctx, adam.Actor(), account.NewUser{
			Email: name + "@acme.example", Name: strings.ToUpper(name[:1]) + name[1:], Role: role, Password: password,
		})
		require.NoError(t, err)
		w.users[u.Email] = u
	}

	cfg := httpapi.Config{
		Accounts: w.accounts, Calls: w.calls, Answers: w.db, PublicURL: &url.URL{Scheme: "https", Host: "desk.example"},
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: w.clock.now,
		Limits: httpapi.Limits{Actor: generous, Address: generous, Guest: generous},
	}
	for _, change := range with {
		change(&cfg)
	}
	w.cfg = cfg
	w.api = httpapi.New(cfg)
	return w
}

// plain is account.Passwords that costs nothing.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:]), nil
}

func (p plain) Verify(ctx context.Context, encoded, password string) (bool, error) {
	sum, _ := p.Hash(ctx, password)
	return sum == encoded, nil
}

// postbox is account.Mailer: it keeps the mails.
type postbox struct {
	mu    sync.Mutex
	mails []account.Mail
}

func (p *postbox) Send(_ context.Context, m account.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, m)
	return nil
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

// carrier is vi.Texter: it keeps the texts.
type carrier struct {
	mu    sync.Mutex
	texts []vi.Text
	block chan struct{} // if set, Text waits until it is closed
	begun chan struct{} // and says so here
}

func (c *carrier) Text(_ context.Context, t vi.Text) (string, error) {
	c.mu.Lock()
	c.texts = append(c.texts, t)
	block, begun := c.block, c.begun
	c.mu.Unlock()
	if block != nil {
		begun <- struct{}{}
		<-block
	}
	return "carrier-" + string(t.ID), nil
}

func (c *carrier) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.texts)
}

// A browser keeps cookies.
type browser struct {
	w       *world
	cookies map[string]string
	header  http.Header
}

func (w *world) browser() *browser {
	return &browser{w: w, cookies: map[string]string{}, header: http.Header{"User-Agent": {"Testfox/1.0"}}}
}

// as returns a browser in which the user has signed in.
func (w *world) as(name string) *browser {
	w.t.Helper()
	b := w.browser()
	email := name + "@acme.example"
	if name == "eve" {
		email = "eve@umbrella.example"
	}
	b.post("/api/session", object{"email": email, "password": password}).is(200)
	return b
}

// machine returns a program with a new API key of adam's.
func (w *world) machine(scopes ...account.Permission) *browser {
	w.t.Helper()
	_, secret, err := w.accounts.CreateKey(w.t.Context(), w.users["adam@acme.example"].Actor(), "machine", scopes)
	require.NoError(w.t, err)
	b := w.browser()
	b.header.Set("Authorization", "Bearer "+secret)
	return b
}

type object = map[string]any

// A reply is what the API answered.
type reply struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

func (b *browser) get(path string) *reply           { return b.do("GET", path, nil) }
func (b *browser) post(path string, in any) *reply  { return b.do("POST", path, in) }
func (b *browser) patch(path string, in any) *reply { return b.do("PATCH", path, in) }
func (b *browser) delete(path string) *reply        { return b.do("DELETE", path, nil) }

// do sends a request. in is the body: JSON for anything but text.
func (b *browser) do(method, path string, in any, headers ...string) *reply {
	b.w.t.Helper()
	r := b.request(method, path, in)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.send(r)
}

func (b *browser) request(method, path string, in any) *http.Request {
	b.w.t.Helper()
	var body []byte
	switch in := in.(type) {
	case nil:
	case string:
		body = []byte(in)
	default:
		var err error
		body, err = json.Marshal(in)
		require.NoError(b.w.t, err)
	}
	r := httptest.NewRequestWithContext(b.w.t.Context(), method, "https://desk.example"+path, bytes.NewReader(body))
	for k, v := range b.header {
		r.Header[k] = v
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b *browser) send(r *http.Request) *reply {
	rec := httptest.NewRecorder()
	b.w.api.ServeHTTP(rec, r)
	res := rec.Result()
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return &reply{b.w.t, r.Method + " " + r.URL.Path, rec.Code, res.Header, rec.Body.Bytes()}
}

func (r *reply) is(status int) *reply {
	r.t.Helper()
	require.Equal(r.t, status, r.status, "%s: %s", r.what, r.body)
	return r
}

// into reads the answer, in which nothing may be that out does not know.
func (r *reply) into(out any) {
	r.t.Helper()
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.DisallowUnknownFields()
	require.NoError(r.t, dec.Decode(out), "%s: %s", r.what, r.body)
}

type problem struct {
	Type, Title, Detail, Kind, Instance string
	Status                              int
	Fields                              []struct{ Name, Problem string }
	RetryAfter                          int `json:"retry_after"`
}

// fails says that the answer is a problem of that status and kind that names
// these fields.
func (r *reply) fails(status int, kind string, fields ...string) problem {
	r.t.Helper()
	r.is(status)
	require.Equal(r.t, "application/problem+json", r.header.Get("Content-Type"), r.what)
	var p problem
	r.into(&p)
	require.Equal(r.t, "about:blank", p.Type)
	require.Equal(r.t, http.StatusText(status), p.Title)
	require.Equal(r.t, status, p.Status)
	require.Equal(r.t, kind, p.Kind, "%s: %s", r.what, r.body)
	require.NotEmpty(r.t, p.Detail)
	var named []string
	for _, f := range p.Fields {
		named = append(named, f.Name)
		require.NotEmpty(r.t, f.Problem)
	}
	require.ElementsMatch(r.t, fields, named, "%s: %s", r.what, r.body)
	return p
}

type (
	callReply struct {
		Call wire.Call
		Link string
	}
	callOnly struct{ Call wire.Call }
)

var references = struct {
	sync.Mutex
	n int
}{}

// start has a browser start a call and returns it with the link's token.
func (b *browser) start() (wire.Call, string) {
	b.w.t.Helper()
	references.Lock()
	references.n++
	reference := fmt.Sprintf("ref-%d", references.n)
	references.Unlock()
	var got callReply
	b.post("/api/calls", object{"phone": "+6581234567", "reference": reference}).is(201).into(&got)
	token, ok := strings.CutPrefix(got.Link, "https://desk.example/j/")
	require.True(b.w.t, ok, got.Link)
	return got.Call, token
}

// join has a new customer's browser take the seat of a call.
func (w *world) join(token string) *browser {
	w.t.Helper()
	b := w.browser()
	b.post("/api/guest/join", object{"token": token, "name": "Carl"}).is(200)
	return b
}

var errLost = errors.New("the answer is lost")
