package httpapi

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// Requests and answers about users and API keys.
type (
	listUsers struct {
		After string `json:"-" query:"after" doc:"ID of the last user of the page before."`
		Limit int    `json:"-" query:"limit" doc:"How many at most: 1 to 200, 50 if it is not given."`
	}
	userList struct {
		Users []user `json:"users" doc:"By ID: the oldest first."`
		Next  string `json:"next" doc:"What to give as after for the next page; empty if there is none."`
	}
	user struct {
		ID        string     `json:"id" doc:"ID of the user."`
		Name      string     `json:"name" doc:"Name, as colleagues and customers see it."`
		Email     string     `json:"email" doc:"E-mail address, lower case."`
		Role      string     `json:"role" doc:"Role in the account." enum:"agent,supervisor,administrator"`
		Disabled  bool       `json:"disabled" doc:"Whether the user may no longer sign in."`
		CreatedAt time.Time  `json:"created_at" doc:"When the user was made."`
		SeenAt    *time.Time `json:"seen_at,omitempty" doc:"When the user was last here, to within a minute; absent if never."`
	}
	createUser struct {
		Email    string `json:"email" doc:"E-mail address; no other user may have it."`
		Name     string `json:"name" doc:"1 to 100 characters."`
		Role     string `json:"role" doc:"Role in the account." enum:"agent,supervisor,administrator"`
		Password string `json:"password,omitempty" doc:"10 to 200 characters. Without it the user is invited by e-mail to choose one."`
	}
	patchUser struct {
		ID       string  `json:"-" path:"id" doc:"ID of the user."`
		Name     *string `json:"name,omitempty" doc:"1 to 100 characters."`
		Role     *string `json:"role,omitempty" doc:"Role in the account." enum:"agent,supervisor,administrator"`
		Disabled *bool   `json:"disabled,omitempty" doc:"Whether the user may no longer sign in. Cannot be changed together with the rest."`
	}

	keyList struct {
		Keys []apiKey `json:"keys" doc:"Revoked ones too, by ID: the oldest first."`
	}
	apiKey struct {
		ID        string     `json:"id" doc:"ID of the key."`
		Name      string     `json:"name" doc:"What the key is for."`
		Hint      string     `json:"hint" doc:"Last four characters of the secret."`
		Scopes    []string   `json:"scopes" doc:"The permissions of the key."`
		CreatedBy string     `json:"created_by" doc:"ID of the user who made it. The key may do no more than that user."`
		CreatedAt time.Time  `json:"created_at" doc:"When it was made."`
		RevokedAt *time.Time `json:"revoked_at,omitempty" doc:"When it was revoked; absent if it was not."`
	}
	createKey struct {
		Name   string   `json:"name" doc:"What the key is for: 1 to 100 characters."`
		Scopes []string `json:"scopes" doc:"Permissions, at least one, and none that the caller has not."`
	}
	newKey struct {
		Key    apiKey `json:"key" doc:"The key."`
		Secret string `json:"secret" doc:"The secret, to be sent as Authorization: Bearer. It is shown only here."`
	}
	oneKey struct {
		ID string `json:"-" path:"id" doc:"ID of the key."`
	}
)

func (a *API) userRoutes() []route {
	return []route{
		{
			method: "GET", path: "/api/users", access: signedIn, need: account.UsersSee, status: 200,
			summary: "List users", op: handle(a.users),
		},
		{
			method: "POST", path: "/api/users", access: signedIn, need: account.UsersManage, status: 201, fails: []int{409},
			creates: true, find: "look for the user by e-mail address with GET /api/users",
			summary: "Create a user", detail: "Nobody can give a role with permissions that they do not have.", op: handle(a.createUser),
		},
		{
			method: "PATCH", path: "/api/users/{id}", access: signedIn, need: account.UsersManage, status: 200, fails: []int{409},
			summary: "Change a user", detail: "What is not given stays. Disabling ends all sessions of the user. Nobody can disable themselves, or leave the account without an administrator.",
			op: handle(a.patchUser),
		},
		{
			method: "GET", path: "/api/keys", access: signedIn, need: account.KeysManage, status: 200,
			summary: "List API keys", op: handle(a.keys),
		},
		{
			method: "POST", path: "/api/keys", access: signedIn, need: account.KeysManage, status: 201,
			creates: true, find: "look for the key by its name with GET /api/keys, revoke it and make another",
			summary: "Create an API key", op: handle(a.createKey),
		},
		{
			method: "DELETE", path: "/api/keys/{id}", access: signedIn, need: account.KeysManage, status: 204, fails: []int{409},
			summary: "Revoke an API key", detail: "It ends at once and for good.", op: handle(a.revokeKey),
		},
	}
}

func (a *API) users(ctx context.Context, r *Request[listUsers]) (userList, error) {
	limit := r.In.Limit
	if limit == 0 {
		limit = 50
	}
	found, err := a.cfg.Accounts.Users(ctx, r.By, account.UserID(r.In.After), limit)
	if err != nil {
		return userList{}, err
	}
	list := userList{Users: []user{}}
	for _, u := range found {
		list.Users = append(list.Users, viewUser(u))
	}
	if len(found) == limit {
		list.Next = string(found[limit-1].ID)
	}
	return list, nil
}

func viewUser(u account.User) user {
	return user{
		ID: string(u.ID), Name: u.Name, Email: u.Email, Role: string(u.Role), Disabled: u.Disabled(),
		CreatedAt: u.CreatedAt.UTC(), SeenAt: maybeTime(u.SeenAt),
	}
}

func (a *API) createUser(ctx context.Context, r *Request[createUser]) (user, error) {
	u, err := a.cfg.Accounts.CreateUser(ctx, r.By, account.NewUser{
		Email: r.In.Email, Name: r.In.Name, Role: account.Role(r.In.Role), Password: r.In.Password,
	})
	return viewUser(u), clash(err, "email", "is another user's")
}

func (a *API) patchUser(ctx context.Context, r *Request[patchUser]) (user, error) {
	id := account.UserID(r.In.ID)
	// Everybody may read their own user, so the permission is asked for by the
	// command: it comes even where nothing changes.
	u, err := a.cfg.Accounts.ChangeUser(ctx, r.By, id, account.UserChange{})
	if err != nil {
		return user{}, err
	}
	changes := r.In.Name != nil && *r.In.Name != u.Name || r.In.Role != nil && *r.In.Role != string(u.Role)
	switch {
	case r.In.Disabled == nil || *r.In.Disabled == u.Disabled():
		u, err = a.cfg.Accounts.ChangeUser(ctx, r.By, id, account.UserChange{Name: r.In.Name, Role: (*account.Role)(r.In.Role)})
	case changes: // two commands, of which the second might fail
		err = fault.Fields{{Name: "disabled", Problem: "cannot be changed together with the name or the role"}}
	case *r.In.Disabled:
		u, err = a.cfg.Accounts.DisableUser(ctx, r.By, id)
	default:
		u, err = a.cfg.Accounts.EnableUser(ctx, r.By, id)
	}
	return viewUser(u), err
}

func (a *API) keys(ctx context.Context, r *Request[empty]) (keyList, error) {
	found, err := a.cfg.Accounts.Keys(ctx, r.By)
	list := keyList{Keys: []apiKey{}}
	for _, k := range found {
		list.Keys = append(list.Keys, viewKey(k))
	}
	return list, err
}

func viewKey(k account.Key) apiKey {
	v := apiKey{
		ID: string(k.ID), Name: k.Name, Hint: k.Hint, Scopes: []string{},
		CreatedBy: string(k.CreatedBy), CreatedAt: k.CreatedAt.UTC(), RevokedAt: maybeTime(k.RevokedAt),
	}
	for _, s := range k.Scopes {
		v.Scopes = append(v.Scopes, string(s))
	}
	return v
}

func (a *API) createKey(ctx context.Context, r *Request[createKey]) (newKey, error) {
	scopes := make([]account.Permission, 0, len(r.In.Scopes))
	for _, s := range r.In.Scopes {
		scopes = append(scopes, account.Permission(s))
	}
	k, secret, err := a.cfg.Accounts.CreateKey(ctx, r.By, r.In.Name, scopes)
	return newKey{Key: viewKey(k), Secret: secret}, err
}

func (a *API) revokeKey(ctx context.Context, r *Request[oneKey]) (none, error) {
	_, err := a.cfg.Accounts.RevokeKey(ctx, r.By, account.KeyID(r.In.ID))
	return none{}, err
}
