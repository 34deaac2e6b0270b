package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/vi"
)

// Access is who may call a route at all. What else they need is up to the
// command behind it.
type access int

const (
	_        access = iota // a route has to say
	anyone                 // nobody has to sign in
	signedIn               // a session's cookie or an API key
	seated                 // the cookie of the customer's seat in the call of the path
	visiting               // the secret of a visitor at the web chat of the path
)

// A route is one operation of the API.
type route struct {
	method, path string
	access       access
	need         account.Permission // what the command asks for; for the reader: the command checks it
	status       int                // of success
	summary      string             // a few words
	detail       string             // whatever else a caller should know
	op           operation
	creates      bool   // takes an Idempotency-Key
	find         string // how to find what a request has created whose answer is lost
	body         int64  // most bytes of the body; 1 MiB
	guest        bool   // counts as a customer's request
	raw          bool   // the body is a file, not JSON
	fails        []int  // statuses of failure besides those that every route of its kind has
}

const (
	bodyMax     = 1 << 20
	authBodyMax = 16 << 10
)

// An operation is a function with the types that it takes and returns.
type operation struct {
	in, out reflect.Type
	call    func(ctx context.Context, x *exchange, body []byte) (any, error)
}

// A Request is what a function gets: In, filled from the path, the query and
// the body by its tags, and who asks.
type Request[In any] struct {
	In In
	By account.Actor
	*exchange
}

// An exchange is one request on its way through the API.
type exchange struct {
	api    *API
	rec    *record
	w      http.ResponseWriter
	r      *http.Request
	route  *route
	params []param
	by     account.Actor
	secret string         // that the caller signed in with
	guest  vi.Participant // of a seated route
	call   vi.Call        // the guest's
	chat   desk.Visitor   // of a visiting route
	body   []byte         // of a raw route
}

type param struct{ name, value string }

// none is the answer without a body.
type none struct{}

// handle makes an operation of a typed function.
func handle[In, Out any](fn func(context.Context, *Request[In]) (Out, error)) operation {
	return operation{
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		call: func(ctx context.Context, x *exchange, body []byte) (any, error) {
			req := &Request[In]{By: x.by, exchange: x}
			x.body = body
			if err := x.bind(&req.In, body); err != nil {
				return nil, err
			}
			return fn(ctx, req)
		},
	}
}

// match finds the route of a path and method. If only the method is wrong it
// returns those that are right.
func (a *API) match(method, path string) (found *route, params []param, allowed []string) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range a.routes {
		rt := &a.routes[i]
		p, ok := rt.matches(path)
		switch {
		case !ok:
		case rt.method == method:
			return rt, p, nil
		default:
			allowed = append(allowed, rt.method)
			if rt.method == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	slices.Sort(allowed)
	return nil, nil, allowed
}

func (rt *route) matches(path string) (params []param, ok bool) {
	for pattern := rt.path; ; {
		var want, got string
		var more, left bool
		want, pattern, more = strings.Cut(pattern, "/")
		got, path, left = strings.Cut(path, "/")
		if name, wild := strings.CutPrefix(want, "{"); wild {
			if got == "" {
				return nil, false
			}
			params = append(params, param{strings.TrimSuffix(name, "}"), got})
		} else if want != got {
			return nil, false
		}
		if more != left {
			return nil, false
		}
		if !more {
			return params, true
		}
	}
}

// most returns how many bytes of body the route reads.
func (rt *route) most() int64 {
	if rt.body > 0 {
		return rt.body
	}
	return bodyMax
}

// unsafe reports whether the route may change something.
func (rt *route) unsafe() bool { return rt.method != http.MethodGet }
