package account_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

func to[V any](v V) *V { return &v }

func TestCreateAccount(t *testing.T) {
	h := newHouse(t)
	h.happened()
	a, u, err := h.CreateAccount(t.Context(), account.NewAccount{
		Name: "  Globex ", Zone: "Europe/Berlin", Region: "DE",
		Administrator: account.NewUser{Email: " Bo@Globex.Example ", Name: " Bo Lee ", Password: horse, Role: account.RoleAgent},
	})
	require.NoError(t, err)
	require.Equal(t, account.Account{
		ID: a.ID, Name: "Globex", Zone: "Europe/Berlin", Region: "DE", CreatedAt: a.CreatedAt, Version: 1,
	}, a)
	require.Equal(t, account.User{
		ID: u.ID, Account: a.ID, Email: "bo@globex.example", Name: "Bo Lee", Role: account.RoleAdministrator,
		CreatedAt: a.CreatedAt, Version: 1,
	}, u)
	require.Equal(t, a.CreatedAt, a.CreatedAt.UTC().Truncate(time.Microsecond))
	require.WithinDuration(t, time.Now(), a.CreatedAt, time.Minute)
	require.Equal(t, []string{"account.created", "account.user_created"}, h.happened())
	require.True(t, h.canSignIn(u, horse))

	got, err := h.Account(t.Context(), u.Actor())
	require.NoError(t, err)
	require.Equal(t, a, got)
}

func TestCreateAccountReportsEveryField(t *testing.T) {
	h := newHouse(t)
	h.happened()
	_, _, err := h.CreateAccount(t.Context(), account.NewAccount{
		Zone: "Mars/Olympus", Region: "sg", Administrator: account.NewUser{Email: "x", Name: "\x00", Password: "short"},
	})
	requireFields(t, err, "name", "zone", "region", "administrator.email", "administrator.name", "administrator.password")
	for _, zone := range []string{"", "Local", "../etc/passwd"} {
		_, _, err = h.CreateAccount(t.Context(), account.NewAccount{
			Name: "X", Zone: zone, Region: "SG",
			Administrator: account.NewUser{Email: "x@x.example", Name: "X", Password: horse},
		})
		requireFields(t, err, "zone")
	}
	_, _, err = h.CreateAccount(t.Context(), account.NewAccount{
		Name: "Acme again", Zone: "UTC", Region: "SG",
		Administrator: account.NewUser{Email: h.abe.Email, Name: "X", Password: horse},
	})
	require.ErrorIs(t, err, account.ErrConflict)
	require.Empty(t, h.happened())
	accounts, err := h.store.Accounts(t.Context(), "", 10)
	require.NoError(t, err)
	require.Equal(t, []account.ID{h.acme.ID}, accounts, "an account without an administrator is not kept")
}

func TestCreateUser(t *testing.T) {
	h := newHouse(t)
	h.happened()
	u, err := h.CreateUser(t.Context(), h.ada.Actor(), account.NewUser{
		Email: "Bo@ACME.example", Name: "Bo", Role: account.RoleSupervisor, Password: horse,
	})
	require.NoError(t, err)
	require.Equal(t, account.User{
		ID: u.ID, Account: h.acme.ID, Email: "bo@acme.example", Name: "Bo", Role: account.RoleSupervisor,
		CreatedAt: u.CreatedAt, Version: 1,
	}, u)
	require.Equal(t, account.UserCreated{
		User: u.ID, Email: u.Email, Name: "Bo", Role: account.RoleSupervisor, By: h.ada.ID, At: u.CreatedAt,
	}, h.lastEvent())
	require.Equal(t, []string{"account.user_created"}, h.happened())
	require.True(t, h.canSignIn(u, horse))
	require.Empty(t, h.mails.all())
}

func TestCreateUserReportsEveryField(t *testing.T) {
	h := newHouse(t)
	h.happened()
	_, err := h.CreateUser(t.Context(), h.ada.Actor(), account.NewUser{Email: "nobody", Role: "boss", Password: "short"})
	requireFields(t, err, "email", "name", "role", "password")
	for _, r := range []account.Role{"", account.RoleSystem, account.RoleMachine, "Agent"} {
		_, err = h.CreateUser(t.Context(), h.ada.Actor(), account.NewUser{Email: "x@acme.example", Name: "X", Role: r, Password: horse})
		requireFields(t, err, "role")
	}
	require.Empty(t, h.happened())
}

func TestAnEmailAddressBelongsToOneUser(t *testing.T) {
	h := newHouse(t)
	_, cy := h.open("Globex", "cy@globex.example")
	h.happened()
	for _, taken := range []account.User{h.abe, cy} {
		_, err := h.CreateUser(t.Context(), h.ada.Actor(), account.NewUser{
			Email: strings.ToUpper(taken.Email), Name: "X", Role: account.RoleAgent, Password: horse,
		})
		require.ErrorIs(t, err, account.ErrConflict)
		require.ErrorContains(t, err, "another user has this e-mail address")
	}
	require.Empty(t, h.happened())

	var won, lost int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := h.CreateUser(t.Context(), h.ada.Actor(), account.NewUser{
				Email: "new@acme.example", Name: "X", Role: account.RoleAgent, Password: horse,
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if errors.Is(err, account.ErrConflict) {
				lost++
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, won)
	require.Equal(t, 19, lost)
}

// Whoever manages users gives nobody more than they have themselves.
func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	h := newHouse(t)
	machine := account.Actor{
		Account: h.acme.ID, Key: "k1", Role: account.RoleMachine,
		Scopes: []account.Permission{account.UsersManage, account.CallsPlace, account.DeskWork},
	}
	in := account.NewUser{Email: "x@acme.example", Name: "X", Password: horse}
	for _, r := range []account.Role{account.RoleSupervisor, account.RoleAdministrator} {
		in.Role = r
		_, err := h.CreateUser(t.Context(), machine, in)
		require.ErrorIs(t, err, account.ErrDenied)
		_, err = h.ChangeUser(t.Context(), machine, h.abe.ID, account.UserChange{Role: to(r)})
		require.ErrorIs(t, err, account.ErrDenied)
	}
	in.Role = account.RoleAgent
	_, err := h.CreateUser(t.Context(), machine, in)
	require.NoError(t, err)
	require.Empty(t, h.lastEvent().(account.UserCreated).By)
	_, err = h.ChangeUser(t.Context(), machine, h.sue.ID, account.UserChange{Name: to("Sue")})
	require.NoError(t, err, "what the user has already is not given")
}

func TestInvitedUserChoosesThePassword(t *testing.T) {
	h := newHouse(t)
	h.run()
	u, err := h.CreateUser(t.Context(), h.ada.Actor(), account.NewUser{Email: "new@acme.example", Name: "Neil", Role: account.RoleAgent})
	require.NoError(t, err)
	require.False(t, h.canSignIn(u, horse))
	require.Eventually(t, func() bool { return len(h.mails.all()) == 1 }, 10*time.Second, time.Millisecond)
	m := h.mails.all()[0]
	require.Equal(t, "new@acme.example", m.To)
	require.Equal(t, account.MailInvitation, m.Kind)
	require.Contains(t, m.Text, "Hello Neil,")
	require.Contains(t, m.Text, "within 7 days")
	require.NoError(t, h.ResetPassword(t.Context(), token(t, m), "my very own words"))
	require.True(t, h.canSignIn(u, "my very own words"))
}

func TestChangeUser(t *testing.T) {
	h := newHouse(t)
	h.happened()
	u, err := h.ChangeUser(t.Context(), h.ada.Actor(), h.abe.ID, account.UserChange{Name: to(" Abe Lee ")})
	require.NoError(t, err)
	require.Equal(t, "Abe Lee", u.Name)
	require.Equal(t, account.RoleAgent, u.Role)
	require.Empty(t, u.Password)
	require.Equal(t, 2, u.Version)

	u, err = h.ChangeUser(t.Context(), h.ada.Actor(), h.abe.ID, account.UserChange{Role: to(account.RoleSupervisor)})
	require.NoError(t, err)
	require.Equal(t, "Abe Lee", u.Name)
	require.Equal(t, account.RoleSupervisor, u.Role)
	event := h.lastEvent().(account.UserChanged)
	require.Equal(t, account.UserChanged{User: u.ID, Name: "Abe Lee", Role: account.RoleSupervisor, By: h.ada.ID, At: event.At}, event)
	require.Equal(t, []string{"account.user_changed", "account.user_changed"}, h.happened())
	require.True(t, h.canSignIn(u, horse), "the password stays")
	h.happened()

	same, err := h.ChangeUser(t.Context(), h.ada.Actor(), h.abe.ID, account.UserChange{Name: to(u.Name), Role: to(u.Role)})
	require.NoError(t, err)
	require.Equal(t, h.stored(u).Version, same.Version)
	require.Empty(t, h.happened(), "no change, no event")

	_, err = h.ChangeUser(t.Context(), h.ada.Actor(), h.abe.ID, account.UserChange{Name: to(" "), Role: to(account.RoleSystem)})
	requireFields(t, err, "name", "role")
	require.Empty(t, h.happened())
}

func TestOtherAccountsUsersAreNotFound(t *testing.T) {
	h := newHouse(t)
	_, cy := h.open("Globex", "cy@globex.example")
	h.happened()
	_, err := h.ChangeUser(t.Context(), cy.Actor(), h.abe.ID, account.UserChange{Name: to("X")})
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = h.DisableUser(t.Context(), cy.Actor(), h.abe.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = h.EnableUser(t.Context(), cy.Actor(), h.abe.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = h.User(t.Context(), cy.Actor(), h.abe.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	users, err := h.Users(t.Context(), cy.Actor(), "", 0)
	require.NoError(t, err)
	require.Equal(t, []account.User{cy}, users)
	require.Empty(t, h.happened())
	require.True(t, h.canSignIn(h.abe, horse))
}

func TestDisableUser(t *testing.T) {
	h := newHouse(t)
	h.run()
	one, two, other := h.signIn(h.abe), h.signIn(h.abe), h.signIn(h.sue)
	require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
	require.Eventually(t, func() bool { return len(h.mails.all()) == 1 }, 10*time.Second, time.Millisecond)
	link := token(t, h.mails.all()[0])
	h.happened()

	u, err := h.DisableUser(t.Context(), h.ada.Actor(), h.abe.ID)
	require.NoError(t, err)
	require.True(t, u.Disabled())
	require.Equal(t, account.UserDisabled{User: u.ID, By: h.ada.ID, At: u.DisabledAt}, h.lastEvent())
	require.Equal(t, []string{"account.sessions_ended", "account.user_disabled"}, h.happened())
	require.False(t, h.signedIn(one))
	require.False(t, h.signedIn(two))
	require.True(t, h.signedIn(other))
	require.ErrorIs(t, h.ResetPassword(t.Context(), link, "another password"), account.ErrGone)
	require.False(t, h.canSignIn(h.abe, horse))
	_, err = h.DisableUser(t.Context(), h.ada.Actor(), h.abe.ID)
	require.ErrorIs(t, err, account.ErrConflict)

	u, err = h.EnableUser(t.Context(), h.ada.Actor(), h.abe.ID)
	require.NoError(t, err)
	require.False(t, u.Disabled())
	require.Equal(t, []string{"account.user_enabled"}, h.happened())
	_, err = h.EnableUser(t.Context(), h.ada.Actor(), h.abe.ID)
	require.ErrorIs(t, err, account.ErrConflict)
	require.True(t, h.canSignIn(h.abe, horse))
	require.False(t, h.signedIn(one), "what has ended does not come back")
}

func TestAnAccountKeepsAnAdministrator(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	demote := account.UserChange{Role: to(account.RoleAgent)}

	_, err := h.DisableUser(ctx, h.ada.Actor(), h.ada.ID)
	require.ErrorIs(t, err, account.ErrDenied, "nobody disables themselves")
	_, err = h.DisableUser(ctx, account.System(h.acme.ID), h.ada.ID)
	require.ErrorIs(t, err, account.ErrConflict)
	_, err = h.ChangeUser(ctx, h.ada.Actor(), h.ada.ID, demote)
	require.ErrorIs(t, err, account.ErrConflict)

	invited, err := h.CreateUser(ctx, h.ada.Actor(), account.NewUser{Email: "i@acme.example", Name: "I", Role: account.RoleAdministrator})
	require.NoError(t, err)
	_, err = h.ChangeUser(ctx, h.ada.Actor(), h.ada.ID, demote)
	require.ErrorIs(t, err, account.ErrConflict, "somebody who has no password yet cannot take over")

	disabled := h.hire("d@acme.example", account.RoleAdministrator)
	_, err = h.DisableUser(ctx, h.ada.Actor(), disabled.ID)
	require.NoError(t, err)
	_, err = h.ChangeUser(ctx, h.ada.Actor(), h.ada.ID, demote)
	require.ErrorIs(t, err, account.ErrConflict, "nor can somebody who is disabled")
	_, err = h.DisableUser(ctx, h.ada.Actor(), invited.ID)
	require.NoError(t, err)

	for range 250 { // more than a page of others
		h.store.mu.Lock()
		id := account.UserID("0" + account.HashOf(time.Now().String())[:20])
		h.store.tables.users[in[account.UserID]{h.acme.ID, id}] = account.User{ID: id, Account: h.acme.ID, Role: account.RoleAgent, Email: string(id)}
		h.store.mu.Unlock()
	}
	_, err = h.ChangeUser(ctx, h.ada.Actor(), h.ada.ID, demote)
	require.ErrorIs(t, err, account.ErrConflict)
	second := h.hire("second@acme.example", account.RoleAdministrator)
	before, err := h.Account(ctx, h.ada.Actor())
	require.NoError(t, err)
	_, err = h.ChangeUser(ctx, h.ada.Actor(), h.ada.ID, demote)
	require.NoError(t, err)
	after, err := h.Account(ctx, second.Actor())
	require.NoError(t, err)
	require.Equal(t, before.Version+1, after.Version, "two who go at once meet here")
	_, err = h.DisableUser(ctx, account.System(h.acme.ID), second.ID)
	require.ErrorIs(t, err, account.ErrConflict)
}

func TestAdministratorsWhoDisableEachOther(t *testing.T) {
	for range 20 {
		h := newHouse(t)
		bo := h.hire("bo@acme.example", account.RoleAdministrator)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { _, errs[0] = h.DisableUser(t.Context(), h.ada.Actor(), bo.ID) })
		wg.Go(func() { _, errs[1] = h.DisableUser(t.Context(), bo.Actor(), h.ada.ID) })
		wg.Wait()
		require.True(t, (errs[0] == nil) != (errs[1] == nil), "%v", errs)
		require.ErrorIs(t, errors.Join(errs...), account.ErrConflict)
	}
}

func TestUsers(t *testing.T) {
	h := newHouse(t)
	for i := range 60 {
		h.hire(string(account.HashOf(string(rune(i))))[:12]+"@acme.example", account.RoleAgent)
	}
	users, err := h.Users(t.Context(), h.sue.Actor(), "", 0)
	require.NoError(t, err)
	require.Len(t, users, 50)
	rest, err := h.Users(t.Context(), h.sue.Actor(), users[49].ID, 20)
	require.NoError(t, err)
	require.Len(t, rest, 13)
	all, err := h.Users(t.Context(), h.sue.Actor(), "", account.MaxPage)
	require.NoError(t, err)
	require.Equal(t, append(users, rest...), all)
	for _, u := range all {
		require.Empty(t, u.Password)
	}
	for _, limit := range []int{-1, account.MaxPage + 1} {
		_, err = h.Users(t.Context(), h.sue.Actor(), "", limit)
		requireFields(t, err, "limit")
	}
	u, err := h.User(t.Context(), h.sue.Actor(), h.abe.ID)
	require.NoError(t, err)
	require.Equal(t, h.abe, u)
	_, err = h.User(t.Context(), h.sue.Actor(), "nobody")
	require.ErrorIs(t, err, account.ErrNotFound)
}
