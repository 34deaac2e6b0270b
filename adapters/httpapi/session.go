package httpapi

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// Requests and answers about sessions and passwords.
type (
	signInBody struct {
		Email    string `json:"email" doc:"E-mail address; case does not matter."`
		Password string `json:"password" doc:"The user's password."`
	}
	forgotBody struct {
		Email string `json:"email" doc:"Where to send a link to choose another password."`
	}
	resetBody struct {
		Token    string `json:"token" doc:"From the link: what follows the # in it."`
		Password string `json:"password" doc:"The new password: 10 to 200 characters."`
	}
	changeBody struct {
		Old string `json:"old" doc:"The present password."`
		New string `json:"new" doc:"The new password: 10 to 200 characters."`
	}
	empty struct{}

	me struct {
		User        meUser    `json:"user" doc:"Who is signed in."`
		Account     meAccount `json:"account" doc:"The account that everything belongs to."`
		Permissions []string  `json:"permissions" doc:"What the user, or the API key, may do."`
	}
	meUser struct {
		ID    string `json:"id" doc:"ID of the user; empty for an API key."`
		Name  string `json:"name" doc:"Name of the user, or of the API key."`
		Email string `json:"email" doc:"E-mail address; empty for an API key."`
		Role  string `json:"role" doc:"Role in the account."`
	}
	meAccount struct {
		ID     string `json:"id" doc:"ID of the account."`
		Name   string `json:"name" doc:"Name of the account, as its customers see it."`
		Zone   string `json:"zone" doc:"IANA time zone in which the account's days begin."`
		Region string `json:"region" doc:"ISO 3166 alpha-2 country of phone numbers without a country code."`
	}
)

func (a *API) sessionRoutes() []route {
	return []route{
		{
			method: "POST", path: "/api/session", access: anyone, status: 200, body: authBodyMax, fails: []int{401},
			summary: "Sign in", detail: "Begins a session and sets its cookie. Whether the address is unknown, the password wrong or the user disabled is not told apart.",
			op: handle(a.signIn),
		},
		{
			method: "GET", path: "/api/session", access: signedIn, status: 200,
			summary: "Who is signed in", op: handle(a.session),
		},
		{
			method: "DELETE", path: "/api/session", access: anyone, status: 204,
			summary: "Sign out", detail: "Ends the session of the cookie, if there is one, and takes the cookie back.", op: handle(a.signOut),
		},
		{
			method: "DELETE", path: "/api/sessions", access: signedIn, status: 204, fails: []int{403},
			summary: "Sign out everywhere", detail: "Ends all sessions of the user. An API key has none.", op: handle(a.signOutEverywhere),
		},
		{
			method: "POST", path: "/api/password/forgot", access: anyone, status: 202, body: authBodyMax,
			summary: "Ask for a link to choose another password", detail: "The answer is the same whether or not somebody has the address.",
			op: handle(a.forgot),
		},
		{
			method: "POST", path: "/api/password/reset", access: anyone, status: 200, body: authBodyMax, fails: []int{410},
			summary: "Choose another password by a link", detail: "The link works once. All sessions of the user end.", op: handle(a.reset),
		},
		{
			method: "POST", path: "/api/password/change", access: signedIn, status: 204, body: authBodyMax, fails: []int{403, 409},
			summary: "Change one's password", detail: "The user's other sessions end.", op: handle(a.changePassword),
		},
	}
}

func (a *API) signIn(ctx context.Context, r *Request[signInBody]) (me, error) {
	token, _, u, err := a.cfg.Accounts.SignIn(ctx, r.In.Email, r.In.Password, r.rec.address.String(), r.r.UserAgent())
	if err != nil {
		return me{}, err
	}
	r.rec.actor = u.Actor()
	r.cookie(sessionCookie, token, a.cfg.SessionMax)
	return a.whoIs(ctx, u.Actor(), u.Email)
}

func (a *API) session(ctx context.Context, r *Request[empty]) (me, error) {
	email := ""
	if r.By.User != "" {
		u, err := a.cfg.Accounts.User(ctx, r.By, r.By.User)
		if err != nil {
			return me{}, err
		}
		email = u.Email
	}
	return a.whoIs(ctx, r.By, email)
}

func (a *API) whoIs(ctx context.Context, by account.Actor, email string) (me, error) {
	acct, err := a.cfg.Accounts.Account(ctx, by)
	if err != nil {
		return me{}, err
	}
	m := me{
		User:        meUser{ID: string(by.User), Name: by.Name, Email: email, Role: string(by.Role)},
		Account:     meAccount{ID: string(acct.ID), Name: acct.Name, Zone: acct.Zone, Region: acct.Region},
		Permissions: []string{},
	}
	for _, p := range account.Permissions() {
		if by.Can(p) {
			m.Permissions = append(m.Permissions, string(p))
		}
	}
	return m, nil
}

func (a *API) signOut(ctx context.Context, r *Request[empty]) (none, error) {
	if c, err := r.r.Cookie(a.cookieName(sessionCookie)); err == nil {
		if err := a.cfg.Accounts.SignOut(ctx, c.Value); err != nil {
			return none{}, err
		}
	}
	r.cookie(sessionCookie, "", 0)
	return none{}, nil
}

func (a *API) signOutEverywhere(ctx context.Context, r *Request[empty]) (none, error) {
	if err := a.cfg.Accounts.SignOutEverywhere(ctx, r.By); err != nil {
		return none{}, err
	}
	r.cookie(sessionCookie, "", 0)
	return none{}, nil
}

func (a *API) forgot(ctx context.Context, r *Request[forgotBody]) (empty, error) {
	return empty{}, a.cfg.Accounts.ForgotPassword(ctx, r.In.Email, r.rec.address.String())
}

func (a *API) reset(ctx context.Context, r *Request[resetBody]) (empty, error) {
	return empty{}, a.cfg.Accounts.ResetPassword(ctx, r.In.Token, r.In.Password)
}

func (a *API) changePassword(ctx context.Context, r *Request[changeBody]) (none, error) {
	err := a.cfg.Accounts.ChangePassword(ctx, r.By, account.HashOf(r.secret), r.In.Old, r.In.New)
	return none{}, rename(err, "password", "new")
}

// maybeTime returns t in UTC, or nil for the zero time, which JSON leaves out.
func maybeTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
