package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/browser"
	"github.com/tandem-cc/tandem/internal/netsim"
	"github.com/tandem-cc/tandem/vi"
)

// TestMain runs the tests or, in the process that a test starts to kill it, the
// server.
func TestMain(m *testing.M) {
	if args := os.Getenv("TANDEM_TEST_SERVE"); args != "" {
		if err := run(context.Background(), strings.Fields(args), func(string) string { return "" }, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	browser.Main(m)
}

// A world is one server on a network that can be made bad, and the people who
// use it.
type world struct {
	t    testing.TB
	srv  *server
	net  *netsim.Conn
	url  string
	stop func()

	args   []string
	policy vi.Policy
}

// begin starts a server with an empty database.
func begin(t testing.TB) *world {
	t.Helper()
	return beginUnder(t, vi.Policy{})
}

// beginUnder is begin with other times.
func beginUnder(t testing.TB, p vi.Policy) *world {
	t.Helper()
	w := &world{t: t, policy: p, args: []string{"-addr", "127.0.0.1:0", "-tcp-port", "-1", "-data", t.TempDir()}}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// start starts the server, again with the same data and ports after a stop.
func (w *world) start() {
	w.t.Helper()
	cfg, err := parse(w.args, func(string) string { return "" }, io.Discard)
	require.NoError(w.t, err)
	udpAddr := "127.0.0.1:0"
	if w.net != nil {
		udpAddr = w.net.LocalAddr().String()
	}
	udp, err := net.ListenPacket("udp4", udpAddr)
	require.NoError(w.t, err)
	w.net = netsim.Wrap(udp, 1)
	cfg.udp, cfg.policy = w.net, w.policy
	log := slog.New(slog.NewTextHandler(&testLog{t: w.t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w.srv, err = open(w.t.Context(), cfg, log)
	require.NoError(w.t, err)
	w.url = w.srv.cfg.public.String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.srv.serve(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("the server ended with: %v", err)
		}
	})
	u, _ := url.Parse(w.url)
	w.args[1] = u.Host
}

// testLog shows the server's log with the test's, as long as that runs.
type testLog struct {
	t    testing.TB
	over atomic.Bool
	once sync.Once
}

func (l *testLog) Write(b []byte) (int, error) {
	l.once.Do(func() { l.t.Cleanup(func() { l.over.Store(true) }) })
	if !l.over.Load() {
		l.t.Log("server: " + strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

// user returns what the demo user of a role signs in with.
func (w *world) user(role string) credential {
	w.t.Helper()
	for _, u := range w.srv.users {
		if string(u.Role) == role {
			return u
		}
	}
	w.t.Fatalf("no demo user is %s", role)
	return credential{}
}

// signIn opens a browser for a user of the role, at the home page.
func (w *world) signIn(role string, device browser.Device) *browser.Person {
	w.t.Helper()
	p := browser.New(w.t, role, device)
	w.signInAs(p, role)
	return p
}

// signInAs signs the person in as a user of the role.
func (w *world) signInAs(p *browser.Person, role string) {
	w.t.Helper()
	p.Grant(w.url, browser.Camera, browser.Microphone)
	p.Expect("401")
	u := w.user(role)
	p.Open(w.url + "/")
	p.Fill("#email", u.Email)
	p.Fill("#password", u.Password)
	p.Click("#signin")
	p.Wait("the home page", `location.pathname === "/" && document.querySelector("#figures:not([aria-busy])")?.checkVisibility()`)
}

// invite has the agent start a call, and returns the link as the text carries it.
func (w *world) invite(agent *browser.Person, phone, reference string) (link string) {
	w.t.Helper()
	agent.Click("#start-call")
	agent.Fill("#number", phone)
	agent.Fill("#reference", reference)
	agent.Click("#invite")
	agent.Wait("the waiting dialog", `document.querySelector("#waiting")?.open`)
	return w.text(phone)
}

type text struct {
	To     string `json:"to"`
	Body   string `json:"body"`
	Link   string `json:"link"`
	Status string `json:"status"`
}

// text returns the link of the newest text to a number.
func (w *world) text(phone string) (link string) {
	w.t.Helper()
	browser.Until(w.t, "the text to arrive", browser.Patience, func() bool {
		for _, x := range w.texts() {
			if x.To == phone {
				link = x.Link
				return true
			}
		}
		return false
	})
	return link
}

func (w *world) texts() []text {
	w.t.Helper()
	req, _ := http.NewRequest("GET", w.url+"/dev/phone", nil)
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	defer res.Body.Close()
	var page struct {
		Texts []text `json:"texts"`
	}
	require.NoError(w.t, json.NewDecoder(res.Body).Decode(&page))
	return page.Texts
}

// customer opens a browser on a phone, with camera and microphone granted.
func (w *world) customer(name string) *browser.Person {
	w.t.Helper()
	p := browser.New(w.t, name, browser.Phone)
	p.Grant(w.url, browser.Camera, browser.Microphone)
	return p
}

// join opens the link and takes the seat.
func join(p *browser.Person, link, name string) {
	p.Open(link)
	p.Fill("#lobby-name", name)
	p.Click("#join")
}

const (
	inCall  = `document.body.dataset.state === "call"`
	inState = `document.body.dataset.state === %q`
)

func state(s string) string { return fmt.Sprintf(inState, s) }

// talk brings an agent and a customer into a call with media both ways.
func (w *world) talk(reference string) (agent, customer *browser.Person, link string) {
	w.t.Helper()
	agent = w.signIn("agent", browser.Desktop)
	link = w.invite(agent, "+6581234567", reference)
	customer = w.customer("customer")
	join(customer, link, "Lena")
	agent.Wait("the agent to be in the call", inCall)
	customer.Wait("the customer to be in the call", inCall)
	flowing(w.t, agent, customer)
	return agent, customer, link
}

// flowing returns when everybody decodes new frames and hears new sound.
func flowing(t testing.TB, people ...*browser.Person) {
	t.Helper()
	for _, p := range people {
		before := p.Stats()
		browser.Until(t, p.Name+" to receive audio and video", browser.Patience, func() bool {
			s := p.Stats()
			return s.VideoIn.FramesDecoded >= before.VideoIn.FramesDecoded+10 &&
				s.AudioIn.TotalAudioEnergy > before.AudioIn.TotalAudioEnergy
		})
	}
}

// api calls the API as a user of the role does, and decodes the answer.
func (w *world) api(role, method, path string, body any, out any) (status int) {
	w.t.Helper()
	return w.as(w.session(role), method, path, body, out)
}

// session signs a user of the role in, outside of any browser.
func (w *world) session(role string) *http.Client {
	w.t.Helper()
	u := w.user(role)
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar}
	require.Equal(w.t, 200, w.as(c, "POST", "/api/session", map[string]string{"email": u.Email, "password": u.Password}, nil))
	return c
}

func (w *world) as(c *http.Client, method, path string, body any, out any) (status int) {
	w.t.Helper()
	var r io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		require.NoError(w.t, err)
		r = strings.NewReader(string(data))
	}
	req, err := http.NewRequest(method, w.url+path, r)
	require.NoError(w.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.Do(req)
	require.NoError(w.t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	if out != nil {
		require.NoError(w.t, json.Unmarshal(data, out), "%s %s: %s", method, path, data)
	}
	return res.StatusCode
}

// patient skips what takes long, in short mode.
func patient(t testing.TB, takes time.Duration) {
	t.Helper()
	if testing.Short() {
		t.Skipf("takes %v", takes)
	}
}
