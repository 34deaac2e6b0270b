package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/internal/token"
	"github.com/tandem-cc/tandem/vi"
)

// Names of cookies, without their prefix.
const (
	sessionCookie = "tandem"
	deviceCookie  = "tandem_device"
)

// Authenticate returns who makes the request: the user of the session whose
// cookie it carries, or the machine of the API key in its Authorization header,
// which goes first. It fails with [account.ErrNotSignedIn] for nobody.
func (a *API) Authenticate(r *http.Request) (account.Actor, error) {
	by, _, err := a.authenticate(r.Context(), r)
	return by, err
}

func (a *API) authenticate(ctx context.Context, r *http.Request) (by account.Actor, secret string, err error) {
	if a.cfg.Authenticate != nil {
		by, err = a.cfg.Authenticate(r)
		return by, "", err
	}
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, key, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return account.Actor{}, "", account.ErrNotSignedIn
		}
		by, err = a.cfg.Accounts.AuthenticateKey(ctx, key)
		return by, key, err
	}
	c, err := r.Cookie(a.cookieName(sessionCookie))
	if err != nil {
		return account.Actor{}, "", account.ErrNotSignedIn
	}
	by, _, _, err = a.cfg.Accounts.Authenticate(ctx, c.Value)
	return by, c.Value, err
}

// Guest returns the request's browser as the customer of the call, by the cookie
// that names it. It fails with [vi.ErrNotFound] if the browser does not hold the
// seat, and not when the call is over.
func (a *API) Guest(r *http.Request, id vi.CallID) (vi.Participant, vi.Call, error) {
	return a.cfg.Calls.AsCustomer(r.Context(), a.device(r), id)
}

// Participant returns the request's browser as a side of a running call, for its
// socket: the signed-in user as the call's own agent, or [API.Guest]. It fails
// with [vi.ErrGone] if the call is over.
func (a *API) Participant(r *http.Request, id vi.CallID, seat vi.Seat) (vi.Participant, error) {
	if !identifier(string(id)) {
		return vi.Participant{}, fault.Errorf(vi.ErrNotFound, "there is no such call")
	}
	if seat == vi.SeatAgent {
		by, err := a.Authenticate(r)
		if err != nil {
			return vi.Participant{}, err
		}
		return a.cfg.Calls.AsAgent(r.Context(), by, id)
	}
	p, c, err := a.Guest(r, id)
	if err == nil && c.Status.Final() {
		return vi.Participant{}, fault.Errorf(vi.ErrGone, "the call is over: %s", c.Status)
	}
	return p, err
}

// device returns the secret that names the browser, or "". A browser gets it
// once, before it takes any seat, so that a Join whose answer is lost can be sent
// again by the same device.
func (a *API) device(r *http.Request) string {
	c, err := r.Cookie(a.cookieName(deviceCookie))
	if err != nil || len(c.Value) != len(newDevice()) || !identifier(c.Value) {
		return ""
	}
	return c.Value
}

// newDevice returns a secret that names a browser: 128 random bits, which is
// what [vi.JoinCall] takes.
func newDevice() string { return token.New(16) }

// admit lets the caller in, as whoever the route is for, and not too often.
func (a *API) admit(x *exchange) (err error) {
	address := rate.Network(x.rec.address)
	switch x.route.access {
	case anyone:
		return a.takeAs(x, address)
	case seated:
		if err := a.takeAs(x, address); err != nil {
			return err
		}
		x.guest, x.call, err = a.Guest(x.r, vi.CallID(x.params[0].value))
		if errors.Is(err, vi.ErrNotFound) {
			return err // as any call that one may not see
		}
		return err
	case visiting:
		if err := a.takeAs(x, address); err != nil {
			return err
		}
		x.chat, err = a.cfg.Desk.Visitor(x.r.Context(), x.params[0].value, x.r.Header.Get(visitorHeader))
		return err
	case signedIn:
		if err := a.limits.address.Take(address); err != nil {
			return err
		}
		x.by, x.secret, err = a.authenticate(x.r.Context(), x.r)
		if err != nil {
			return err
		}
		a.limits.address.Return(address) // only strangers use it up
		x.rec.actor = x.by
		return a.limits.actor.Take(actorKey(x.by))
	default:
		panic("httpapi: the route " + x.route.path + " does not say who may call it")
	}
}

func (a *API) takeAs(x *exchange, address string) error {
	var l *rate.Limiter = a.limits.address
	if x.route.guest {
		l = a.limits.guest
	}
	return l.Take(address)
}

// actorKey names an actor, for limits and remembered answers.
func actorKey(by account.Actor) string {
	return string(by.Account) + "/" + string(by.User) + "/" + string(by.Key)
}
