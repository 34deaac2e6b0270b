package httpapi_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/httpapi"
)

type me struct {
	User        struct{ ID, Name, Email, Role string }
	Account     struct{ ID, Name, Zone, Region string }
	Permissions []string
}

func TestSignInAndOut(t *testing.T) {
	w := build(t)
	b := w.browser()
	r := b.post("/api/session", object{"email": "  ANN@acme.example ", "password": password}).is(200)
	var got, again me
	r.into(&got)
	require.Equal(t, "Ann", got.User.Name)
	require.Equal(t, "ann@acme.example", got.User.Email)
	require.Equal(t, "agent", got.User.Role)
	require.Equal(t, string(w.users["ann@acme.example"].ID), got.User.ID)
	require.Equal(t, "Acme", got.Account.Name)
	require.Equal(t, "Asia/Singapore", got.Account.Zone)
	require.Equal(t, "SG", got.Account.Region)
	require.Equal(t, []string{"calls.place", "desk.work"}, got.Permissions)

	cookies := (&http.Response{Header: r.header}).Cookies()
	require.Len(t, cookies, 1)
	c := cookies[0]
	require.Equal(t, "__Host-tandem", c.Name)
	require.True(t, c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "" && c.SameSite == http.SameSiteLaxMode)
	require.Equal(t, 7*24*60*60, c.MaxAge)

	b.get("/api/session").is(200).into(&again)
	require.Equal(t, got, again)
	b.delete("/api/session").is(204)
	require.Empty(t, b.cookies)
	b.cookies[c.Name] = c.Value // the session is over, not only forgotten
	b.get("/api/session").fails(401, "unauthenticated")
}

func TestSignInOverPlainHTTP(t *testing.T) {
	w := build(t, func(c *httpapi.Config) { c.PublicURL = &url.URL{Scheme: "http", Host: "127.0.0.1:8080"} })
	b := w.browser()
	r := b.post("/api/session", object{"email": "ann@acme.example", "password": password}).is(200)
	c := (&http.Response{Header: r.header}).Cookies()[0]
	require.Equal(t, "tandem", c.Name)
	require.False(t, c.Secure)
	require.True(t, c.HttpOnly)
	require.Empty(t, r.header.Get("Strict-Transport-Security"))
	b.get("/api/session").is(200)
}

func TestSignInRefusals(t *testing.T) {
	w := build(t)
	b := w.browser()
	adam := w.users["adam@acme.example"]
	_, err := w.accounts.DisableUser(t.Context(), adam.Actor(), w.users["bob@acme.example"].ID)
	require.NoError(t, err)
	var details []string
	for _, in := range []object{
		{"email": "ann@acme.example", "password": "wrong wrong wrong"},
		{"email": "nobody@acme.example", "password": password},
		{"email": "bob@acme.example", "password": password}, // disabled
	} {
		p := b.post("/api/session", in).fails(401, "unauthenticated")
		details = append(details, p.Detail)
	}
	require.Len(t, slices.Compact(details), 1, "the same sentence for all")
	require.Equal(t, "The e-mail address or the password is wrong.", details[0])
	require.Empty(t, b.cookies)

	b.post("/api/session", object{}).fails(422, "invalid", "email", "password")
	b.post("/api/session", object{"email": strings.Repeat("x", 300), "password": ""}).fails(422, "invalid", "email", "password")
}

func TestSignInTooOften(t *testing.T) {
	w := build(t)
	accounts := account.New(w.db.Accounts(), plain{}, w.mails, account.Config{Now: w.clock.now})
	w.api = httpapi.New(httpapi.Config{Accounts: accounts, Now: w.clock.now})
	b := w.browser()
	wrong := object{"email": "ann@acme.example", "password": "wrong wrong wrong"}
	for range 5 {
		b.post("/api/session", wrong).fails(401, "unauthenticated")
	}
	r := b.post("/api/session", wrong)
	p := r.fails(429, "busy")
	require.Equal(t, "12", r.header.Get("Retry-After"))
	require.Equal(t, 12, p.RetryAfter)
	w.clock.pass(12 * time.Second)
	b.post("/api/session", wrong).fails(401, "unauthenticated")
}

func TestSignOutEverywhere(t *testing.T) {
	w := build(t)
	one, two := w.as("ann"), w.as("ann")
	one.delete("/api/sessions").is(204)
	require.Empty(t, one.cookies)
	two.get("/api/session").fails(401, "unauthenticated")
	w.browser().delete("/api/session").is(204) // of nobody: there need not be a session
}

func TestPasswords(t *testing.T) {
	w := build(t)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- w.accounts.Run(ctx) }()

	b := w.browser()
	b.post("/api/password/forgot", object{"email": "nobody@acme.example"}).is(202)
	r := b.post("/api/password/forgot", object{"email": "ann@acme.example"}).is(202)
	require.JSONEq(t, "{}", string(r.body))
	b.post("/api/password/forgot", object{"email": "not an address"}).fails(422, "invalid", "email")
	require.Eventually(t, func() bool {
		w.mails.mu.Lock()
		defer w.mails.mu.Unlock()
		return len(w.mails.mails) == 1
	}, 10*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-ran)
	_, token, ok := strings.Cut(w.mails.mails[0].Text, "https://desk.example/reset#")
	require.True(t, ok, w.mails.mails[0].Text)
	token = strings.Fields(token)[0]

	signedIn := w.as("ann")
	b.post("/api/password/reset", object{"token": token, "password": "short"}).fails(422, "invalid", "password")
	b.post("/api/password/reset", object{"token": token, "password": "another horse battery"}).is(200)
	b.post("/api/password/reset", object{"token": token, "password": "a third horse battery"}).fails(410, "gone")
	signedIn.get("/api/session").fails(401, "unauthenticated")

	b.post("/api/session", object{"email": "ann@acme.example", "password": "another horse battery"}).is(200)
	other := w.browser()
	other.post("/api/session", object{"email": "ann@acme.example", "password": "another horse battery"}).is(200)
	b.post("/api/password/change", object{"old": "wrong", "new": "x"}).fails(422, "invalid", "new")
	b.post("/api/password/change", object{"old": "wrong", "new": "a third horse battery"}).fails(422, "invalid", "old")
	b.post("/api/password/change", object{"old": "another horse battery", "new": "a third horse battery"}).is(204)
	b.get("/api/session").is(200)
	other.get("/api/session").fails(401, "unauthenticated")
}

func TestAPIKeys(t *testing.T) {
	w := build(t)
	adam := w.as("adam")
	type key struct {
		ID, Name, Hint string
		Scopes         []string
		CreatedBy      string    `json:"created_by"`
		CreatedAt      time.Time `json:"created_at"`
		RevokedAt      time.Time `json:"revoked_at"`
	}
	var made struct {
		Key    key
		Secret string
	}
	adam.post("/api/keys", object{"name": "CRM", "scopes": []string{"calls.seeall", "users.see"}}).is(201).into(&made)
	require.True(t, strings.HasPrefix(made.Secret, "tdm_"))
	require.True(t, strings.HasSuffix(made.Secret, made.Key.Hint))
	require.Equal(t, string(w.users["adam@acme.example"].ID), made.Key.CreatedBy)
	adam.post("/api/keys", object{"name": "", "scopes": []string{"fly"}}).fails(422, "invalid", "name", "scopes")

	crm := w.browser()
	crm.header.Set("Authorization", "bearer "+made.Secret)
	var who me
	crm.get("/api/session").is(200).into(&who)
	require.Equal(t, "CRM", who.User.Name)
	require.Equal(t, "machine", who.User.Role)
	require.Empty(t, who.User.ID)
	require.Equal(t, []string{"calls.seeall", "users.see"}, who.Permissions)
	crm.get("/api/calls").is(200)
	crm.post("/api/calls", object{"phone": "+6581234567", "reference": "x"}).fails(403, "denied")

	var list struct{ Keys []key }
	adam.get("/api/keys").is(200).into(&list)
	require.Len(t, list.Keys, 1)
	require.NotContains(t, string(adam.get("/api/keys").body), made.Secret)

	adam.delete("/api/keys/" + made.Key.ID).is(204)
	crm.get("/api/calls").fails(401, "unauthenticated")
	adam.delete("/api/keys/"+made.Key.ID).fails(409, "conflict")

	for _, header := range []string{"Bearer", "Bearer ", "Bearer x", "Basic YTpi", "tdm_x", made.Secret} {
		b := w.as("ann") // a wrong key is not made good by a cookie
		b.header = http.Header{"Authorization": {header}}
		b.get("/api/session").fails(401, "unauthenticated")
	}
}

func TestUsers(t *testing.T) {
	w := build(t)
	adam := w.as("adam")
	type user struct {
		ID, Name, Email, Role string
		Disabled              bool
		CreatedAt             time.Time `json:"created_at"`
		SeenAt                time.Time `json:"seen_at"`
	}
	var made, changed user
	adam.post("/api/users", object{"email": "Carl@acme.example", "name": "Carl", "role": "agent", "password": password}).is(201).into(&made)
	require.Equal(t, "carl@acme.example", made.Email)
	require.True(t, made.SeenAt.IsZero())
	require.Equal(t, w.clock.now(), made.CreatedAt)
	adam.post("/api/users", object{"email": "carl@acme.example", "name": "Carl", "role": "agent"}).fails(409, "conflict", "email")
	adam.post("/api/users", object{"email": "eve@umbrella.example", "name": "Eve", "role": "agent"}).fails(409, "conflict", "email")
	adam.post("/api/users", object{"email": "x", "name": "", "role": "king", "password": "x"}).fails(422, "invalid", "email", "name", "role", "password")

	carl := w.as("carl")
	path := "/api/users/" + made.ID
	adam.patch(path, object{"name": "Carl II", "role": "supervisor"}).is(200).into(&changed)
	require.Equal(t, "Carl II", changed.Name)
	require.Equal(t, "supervisor", changed.Role)
	adam.patch(path, object{}).is(200).into(&changed)
	require.Equal(t, "Carl II", changed.Name)
	adam.patch(path, object{"name": "Carl III", "disabled": true}).fails(422, "invalid", "disabled")
	carl.get("/api/session").is(200)
	adam.patch(path, object{"name": "Carl II", "role": "supervisor", "disabled": true}).is(200).into(&changed)
	require.True(t, changed.Disabled)
	carl.get("/api/session").fails(401, "unauthenticated")
	adam.patch(path, object{"disabled": true}).is(200)
	adam.patch(path, object{"disabled": false}).is(200)
	w.as("carl")
	adam.patch(path, object{"role": "king"}).fails(422, "invalid", "role")
	adam.patch("/api/users/"+string(w.users["adam@acme.example"].ID), object{"disabled": true}).fails(403, "denied")
	adam.patch("/api/users/"+string(w.users["adam@acme.example"].ID), object{"role": "agent"}).fails(409, "conflict")
	adam.patch("/api/users/"+string(w.users["eve@umbrella.example"].ID), object{"name": "x"}).fails(404, "not_found")

	var ids []string
	for next := ""; ; {
		var page struct {
			Users []user
			Next  string
		}
		adam.get("/api/users?limit=2&after=" + next).is(200).into(&page)
		for _, u := range page.Users {
			ids = append(ids, u.ID)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	require.Len(t, ids, 5)
	require.True(t, slices.IsSorted(ids))
	adam.get("/api/users?limit=201").fails(422, "invalid", "limit")
	adam.get("/api/users?limit=-1").fails(422, "invalid", "limit")
	adam.get("/api/users?limit=x&page=2&page=3").fails(422, "invalid", "limit", "page")
}
