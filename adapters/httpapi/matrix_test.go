package httpapi_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/vi"
)

// matrix is the answer of every route to everybody. The call of the path is
// ann's; the user is bob; the key is adam's. narrow is an API key with one
// permission that has nothing to do with the route, wide one with all. expired
// is a session of ann's that has run out, disabled one of a user who has been.
// guest is the customer of the call, stranger that of another call of ann's.
const matrix = `
                                      nobody  ann  bob  sue adam  eve narrow wide expired disabled guest stranger
GET    /openapi.json                     200  200  200  200  200  200    200  200     200      200   200      200

POST   /api/session                      200  200  200  200  200  200    200  200     200      200   200      200
GET    /api/session                      401  200  200  200  200  200    200  200     401      401   401      401
DELETE /api/session                      204  204  204  204  204  204    204  204     204      204   204      204
DELETE /api/sessions                     401  204  204  204  204  204    403  403     401      401   401      401
POST   /api/password/forgot              202  202  202  202  202  202    202  202     202      202   202      202
POST   /api/password/reset               410  410  410  410  410  410    410  410     410      410   410      410
POST   /api/password/change              401  204  204  204  204  204    403  403     401      401   401      401

GET    /api/users                        401  403  403  200  200  200    403  200     401      401   401      401
POST   /api/users                        401  403  403  403  201  201    403  201     401      401   401      401
PATCH  /api/users/{id}                   401  403  403  403  200  404    403  200     401      401   401      401
GET    /api/keys                         401  403  403  403  200  200    403  200     401      401   401      401
POST   /api/keys                         401  403  403  403  201  201    403  201     401      401   401      401
DELETE /api/keys/{id}                    401  403  403  403  204  404    403  204     401      401   401      401

POST   /api/calls                        401  201  201  201  201  201    403  201     401      401   401      401
GET    /api/calls                        401  200  200  200  200  200    403  200     401      401   401      401
GET    /api/calls/{id}                   401  200  404  200  200  404    404  200     401      401   401      401
GET    /api/calls/{id}/messages          401  200  404  200  200  404    404  200     401      401   401      401
POST   /api/calls/{id}/invites           401  201  404  201  201  404    404  201     401      401   401      401
POST   /api/calls/{id}/hangup            401  200  404  200  200  404    404  200     401      401   401      401
POST   /api/calls/{id}/admit             401  200  404  200  200  404    404  200     401      401   401      401
POST   /api/calls/{id}/rating            401  200  404  403  403  404    404  403     401      401   401      401
GET    /api/figures                      401  200  200  200  200  200    403  200     401      401   401      401
GET    /api/regions                      401  200  200  200  200  200    200  200     401      401   401      401

POST   /api/guest/lobby                  200  200  200  200  200  200    200  200     200      200   200      200
POST   /api/guest/join                   200  200  200  200  200  200    200  200     200      200   200      200
POST   /api/guest/knock                  202  202  202  202  202  202    202  202     202      202   409      202
POST   /api/guest/decline                200  200  200  200  200  200    200  200     200      200   200      200
GET    /api/guest/calls/{id}             404  404  404  404  404  404    404  404     404      404   200      404
POST   /api/guest/calls/{id}/hangup      404  404  404  404  404  404    404  404     404      404   200      404
POST   /api/guest/calls/{id}/rating      404  404  404  404  404  404    404  404     404      404   200      404
`

// A scene is what a request of the matrix is about.
type scene struct {
	w         *world
	route     httpapi.RouteInfo
	who       string
	n         int // that no other scene has
	call      vi.CallID
	token     string   // of the call's link
	guest     *browser // the call's customer, if there is one yet
	user, key string
	knock     string // ID of the one that waits for an answer
}

func TestEveryRouteAndEverybody(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(matrix), "\n")
	columns := strings.Fields(lines[0])
	listed := map[string][]string{}
	for _, line := range lines[1:] {
		if f := strings.Fields(line); len(f) > 0 {
			require.Len(t, f, 2+len(columns), line)
			listed[f[0]+" "+f[1]] = f[2:]
		}
	}
	n := 0
	for _, route := range build(t).api.Routes() {
		name := route.Method + " " + route.Path
		require.NotEmpty(t, route.Access, "%s does not say who may call it", name)
		want, ok := listed[name]
		require.True(t, ok, "%s is not in the matrix", name)
		delete(listed, name)
		t.Run(name, func(t *testing.T) {
			w := build(t)
			for i, who := range columns {
				if n++; route.Path == "/api/password/change" {
					w = build(t) // ann's is another now
				}
				s := w.scene(route, who, n)
				got := s.actor().do(route.Method, s.path(), s.body())
				require.Equal(t, want[i], strconv.Itoa(got.status), "%s: %s", who, got.body)
				if got.status >= 400 {
					require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
				}
				if who == "eve" && route.Method == "GET" {
					require.NotContains(t, string(got.body), "acme.example", "of another account")
					require.NotContains(t, string(got.body), "+6581234567")
				}
			}
		})
	}
	require.Empty(t, listed, "routes that do not exist")
}

func (w *world) scene(route httpapi.RouteInfo, who string, n int) *scene {
	w.t.Helper()
	s := &scene{w: w, n: n, route: route, who: who, user: string(w.users["bob@acme.example"].ID)}
	ann := w.as("ann")
	call, token := ann.start()
	s.call, s.token = vi.CallID(call.ID), token
	if strings.HasPrefix(route.Path, "/api/keys/") {
		k, _, err := w.accounts.CreateKey(w.t.Context(), w.users["adam@acme.example"].Actor(), "spare", []account.Permission{account.CallsPlace})
		require.NoError(w.t, err)
		s.key = string(k.ID)
	}
	taken := strings.HasPrefix(route.Path, "/api/guest/calls/") || who == "guest" && route.Path != "/api/guest/decline"
	switch route.Path {
	case "/api/calls/{id}/admit":
		w.join(token)
		w.browser().post("/api/guest/knock", object{"token": token, "name": "Second"}).is(202)
		s.knock = w.knock(call.ID)
	case "/api/calls/{id}/rating", "/api/guest/calls/{id}/rating":
		s.guest = w.join(token)
		w.connect(s.call)
		ann.post("/api/calls/"+call.ID+"/hangup", object{}).is(200)
	case "/api/guest/knock":
		s.guest = w.join(token)
	case "/api/calls/{id}/invites": // the cool-down of the first text
		w.clock.pass(time.Minute)
	default:
		if taken {
			s.guest = w.join(token)
		}
	}
	return s
}

// connect makes a call that the customer has joined a connected one.
func (w *world) connect(id vi.CallID) {
	w.t.Helper()
	ann := w.users["ann@acme.example"]
	now, policy := w.clock.now(), vi.Policy{}.WithDefaults()
	for _, rule := range []func(vi.Call) (vi.Call, []vi.Event, error){
		func(c vi.Call) (vi.Call, []vi.Event, error) {
			return c.Enter(vi.SeatAgent, ann.ID, ann.Name, now, policy)
		},
		func(c vi.Call) (vi.Call, []vi.Event, error) { return c.Enter(vi.SeatCustomer, "", "Carl", now, policy) },
		func(c vi.Call) (vi.Call, []vi.Event, error) { return c.MediaUp(vi.SeatAgent, now, policy) },
		func(c vi.Call) (vi.Call, []vi.Event, error) { return c.MediaUp(vi.SeatCustomer, now, policy) },
	} {
		err := w.db.Calls().Update(context.Background(), w.acme.ID, func(tx vi.Tx) error {
			c, err := tx.Call(context.Background(), id)
			if err != nil {
				return err
			}
			next, events, err := rule(c)
			if err != nil || len(events) == 0 {
				return err
			}
			return tx.PutCall(context.Background(), next, events...)
		})
		require.NoError(w.t, err)
	}
}

// actor returns who makes the request.
func (s *scene) actor() *browser {
	w := s.w
	w.t.Helper()
	switch s.who {
	case "nobody":
		return w.browser()
	case "narrow":
		unrelated := account.CallsPlace
		if s.route.Need == account.CallsPlace {
			unrelated = account.KeysManage
		}
		return w.machine(unrelated)
	case "wide":
		return w.machine(account.Permissions()...)
	case "expired":
		b := w.as("ann")
		w.clock.pass(13 * time.Hour) // not used for so long
		s.refresh()
		return b
	case "disabled":
		adam := w.users["adam@acme.example"]
		email := fmt.Sprintf("gone%d@acme.example", s.n)
		u, err := w.accounts.CreateUser(w.t.Context(), adam.Actor(), account.NewUser{Email: email, Name: "Gone", Role: account.RoleAdministrator, Password: password})
		require.NoError(w.t, err)
		b := w.browser()
		b.post("/api/session", object{"email": email, "password": password}).is(200)
		_, err = w.accounts.DisableUser(w.t.Context(), adam.Actor(), u.ID)
		require.NoError(w.t, err)
		return b
	case "guest":
		if s.guest == nil {
			return w.browser()
		}
		return s.guest
	case "stranger":
		_, token := w.as("ann").start()
		return w.join(token)
	default:
		return w.as(s.who)
	}
}

// refresh replaces a call whose invitation has expired meanwhile.
func (s *scene) refresh() {
	fresh := s.w.scene(s.route, "nobody", s.n)
	s.call, s.token = fresh.call, fresh.token
}

func (s *scene) path() string {
	id := s.user
	switch {
	case strings.Contains(s.route.Path, "/calls/"):
		id = string(s.call)
	case strings.HasPrefix(s.route.Path, "/api/keys/"):
		id = s.key
	}
	return strings.Replace(s.route.Path, "{id}", id, 1)
}

func (s *scene) body() any {
	reference := fmt.Sprintf("matrix-%d", s.n)
	switch s.route.Method + " " + s.route.Path {
	case "POST /api/session":
		return object{"email": "ann@acme.example", "password": password}
	case "POST /api/password/forgot":
		return object{"email": "ann@acme.example"}
	case "POST /api/password/reset":
		return object{"token": "x", "password": password}
	case "POST /api/password/change":
		return object{"old": password, "new": "another horse battery"}
	case "POST /api/users":
		return object{"email": reference + "@new.example", "name": "New", "role": "agent", "password": password}
	case "PATCH /api/users/{id}":
		return object{"name": "Bob " + strconv.Itoa(s.n)}
	case "POST /api/keys":
		return object{"name": "k", "scopes": []string{"users.see"}}
	case "POST /api/calls":
		in := object{"phone": "+6581234567", "reference": reference}
		if s.who == "wide" {
			in["agent"] = s.user
		}
		return in
	case "POST /api/calls/{id}/admit":
		return object{"knock": s.knock, "admit": true}
	case "POST /api/calls/{id}/rating", "POST /api/guest/calls/{id}/rating":
		return object{"stars": 5}
	case "POST /api/guest/lobby", "POST /api/guest/join":
		return object{"token": s.token}
	case "POST /api/guest/knock":
		return object{"token": s.token, "name": "Second"}
	case "POST /api/guest/decline":
		return object{"token": s.token, "reason": "declined"}
	case "POST /api/calls/{id}/invites", "POST /api/calls/{id}/hangup", "POST /api/guest/calls/{id}/hangup":
		return object{}
	default:
		return nil
	}
}
