// Package httpapi is Tandem's HTTP API: JSON over HTTP for browsers, which sign
// in with a cookie, and for programs, which carry an API key. It is the only
// place where errors become status codes; what may be done by whom is decided
// in the packages behind it.
//
// Every route is one line of the table in [API] and one function. The mux, the
// OpenAPI 3.1 document (GET /openapi.json) and the tests of who may call what
// come from that table.
package httpapi

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi"
)

// Config sets up an [API]. Accounts or Authenticate is needed; the rest may be
// zero.
type Config struct {
	// Accounts is who signs in. Without it there are no routes of sessions,
	// users and keys, and Authenticate says who makes a request.
	Accounts *account.Accounts

	// Authenticate replaces the sign-in by cookie or API key: for a program that
	// has users of its own. It fails with [account.ErrNotSignedIn] for nobody.
	Authenticate func(*http.Request) (account.Actor, error)

	// Calls is what the routes of calls and customers work on. Without it there
	// are none.
	Calls *vi.Calls

	// Desk is what the routes of the desk and of web chats work on, and Router what
	// offers its tickets. Without a Desk there are none of these routes.
	Desk   *desk.Desk
	Router *desk.Router

	// Answers remembers answers for requests that are sent again. Without it the
	// header Idempotency-Key is refused.
	Answers Answers

	// PublicURL is where browsers reach this program, such as
	// https://desk.example.com; http://127.0.0.1:8080. Cookies are Secure when it
	// is https. Its origin may call the API whatever Host the proxy in between
	// sends.
	PublicURL *url.URL

	// TrustedProxies are the networks of our own proxies, whose X-Forwarded-For is
	// believed.
	TrustedProxies []netip.Prefix

	Limits     Limits
	SessionMax time.Duration // browsers keep the cookie of a session so long; 7 days, as account.Config.SessionMax
	SeatMax    time.Duration // browsers keep the cookie of a seat so long; 28 h
	Version    string        // of the product, for the OpenAPI document; "0"

	Log     *slog.Logger     // discards
	Now     func() time.Time // time.Now
	Observe func(route, method string, status int, took time.Duration)
}

// Limits say how many requests are answered. Of IPv6 addresses the first 64 bits
// count. A negative Burst is no limit.
type Limits struct {
	Actor   rate.Limit // of one user or API key; 1,200 a minute
	Address rate.Limit // of one address that has not signed in; 300 a minute
	Guest   rate.Limit // of one address, about a link or as a customer; 120 a minute
}

func (c Config) withDefaults() Config {
	if c.PublicURL == nil {
		c.PublicURL = &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}
	}
	for _, l := range []struct {
		field *rate.Limit
		burst int
	}{{&c.Limits.Actor, 1200}, {&c.Limits.Address, 300}, {&c.Limits.Guest, 120}} {
		if *l.field == (rate.Limit{}) {
			*l.field = rate.Limit{Burst: l.burst, Per: time.Minute}
		}
	}
	if c.SessionMax == 0 {
		c.SessionMax = 7 * 24 * time.Hour
	}
	if c.SeatMax == 0 {
		c.SeatMax = 28 * time.Hour
	}
	if c.Version == "" {
		c.Version = "0"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// An API answers requests. It is safe for concurrent use.
type API struct {
	cfg     Config
	https   bool
	origins *http.CrossOriginProtection
	routes  []route
	openapi []byte
	handler http.Handler
	running inFlight
	limits  struct{ actor, address, guest *rate.Limiter }
}

// New returns the API. It starts nothing. It panics if the Config has nobody who
// can sign in.
func New(cfg Config) *API {
	if cfg.Accounts == nil && cfg.Authenticate == nil {
		panic("httpapi: neither Accounts nor Authenticate is given")
	}
	cfg = cfg.withDefaults()
	a := &API{cfg: cfg, https: cfg.PublicURL.Scheme == "https", origins: http.NewCrossOriginProtection()}
	// It fails only for what is no origin, and then nothing more is trusted.
	_ = a.origins.AddTrustedOrigin(cfg.PublicURL.Scheme + "://" + cfg.PublicURL.Host)
	limiter := func(l rate.Limit) *rate.Limiter { return rate.New(l, rate.Config{Now: cfg.Now}) }
	a.limits.actor, a.limits.address, a.limits.guest = limiter(cfg.Limits.Actor), limiter(cfg.Limits.Address), limiter(cfg.Limits.Guest)
	a.routes = a.table()
	a.openapi = a.document()
	a.handler = Logged(http.HandlerFunc(a.answer), cfg)
	return a
}

// ServeHTTP answers /api/… and /openapi.json; anything else is not found.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

func (a *API) answer(w http.ResponseWriter, r *http.Request) {
	rec := recordOf(r.Context())
	secure(w.Header(), a.https)
	w.Header().Set("Cache-Control", "no-store")
	if err := a.dispatch(rec, w, r); err != nil {
		a.fail(rec, w, r, err)
	}
}

// dispatch finds the route and lets it answer.
func (a *API) dispatch(rec *record, w http.ResponseWriter, r *http.Request) error {
	rt, params, allowed := a.match(r.Method, r.URL.Path)
	if rt == nil && allowed == nil {
		return refuse(http.StatusNotFound, account.ErrNotFound, "there is nothing at this address")
	}
	if rt == nil {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return refuse(http.StatusMethodNotAllowed, account.ErrInvalid, "this address does not answer "+method(r))
	}
	rec.route = rt.path
	return a.carryOut(&exchange{api: a, rec: rec, w: w, r: r, route: rt, params: params})
}

// fail answers with what went wrong.
func (a *API) fail(rec *record, w http.ResponseWriter, r *http.Request, err error) {
	p, ours := problemOf(err, rec.id)
	if ours && r.Context().Err() != nil { // the caller has gone, and took the work along
		rec.status = statusGone
		return
	}
	if ours {
		rec.fault = err
	}
	p.write(w)
}

// statusGone is what the log says of a request whose caller did not wait for
// the answer. Nobody receives it.
const statusGone = 499
