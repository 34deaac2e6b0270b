package account_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

func scopes(p ...account.Permission) []account.Permission { return p }

func TestKey(t *testing.T) {
	h := newHouse(t)
	h.happened()
	k, secret, err := h.CreateKey(t.Context(), h.ada.Actor(), " CRM ", scopes(account.UsersSee, account.CallsPlace, account.UsersSee))
	require.NoError(t, err)
	require.Regexp(t, `^tdm_[A-Za-z0-9_-]{43}$`, secret)
	require.Equal(t, account.Key{
		ID: k.ID, Account: h.acme.ID, Name: "CRM", Hash: account.HashOf(secret), Hint: secret[len(secret)-4:],
		Scopes: scopes(account.CallsPlace, account.UsersSee), CreatedBy: h.ada.ID, CreatedAt: k.CreatedAt, Version: 1,
	}, k)
	require.Equal(t, account.KeyCreated{Key: k.ID, Name: "CRM", By: h.ada.ID, At: k.CreatedAt}, h.lastEvent())
	require.Equal(t, []string{"account.key_created"}, h.happened())

	actor, err := h.AuthenticateKey(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, account.Actor{
		Account: h.acme.ID, Key: k.ID, Name: "CRM", Role: account.RoleMachine, Scopes: scopes(account.CallsPlace, account.UsersSee),
	}, actor)
	keys, err := h.Keys(t.Context(), h.ada.Actor())
	require.NoError(t, err)
	require.Equal(t, []account.Key{k}, keys)

	revoked, err := h.RevokeKey(t.Context(), h.ada.Actor(), k.ID)
	require.NoError(t, err)
	require.Equal(t, account.KeyRevoked{Key: k.ID, By: h.ada.ID, At: revoked.RevokedAt}, h.lastEvent())
	require.Equal(t, []string{"account.key_revoked"}, h.happened())
	_, err = h.AuthenticateKey(t.Context(), secret)
	require.ErrorIs(t, err, account.ErrNotSignedIn)
	_, err = h.RevokeKey(t.Context(), h.ada.Actor(), k.ID)
	require.ErrorIs(t, err, account.ErrConflict)
	keys, err = h.Keys(t.Context(), h.ada.Actor())
	require.NoError(t, err)
	require.Equal(t, []account.Key{revoked}, keys, "it stays in the list")
	require.Empty(t, h.happened())
}

func TestCreateKeyBadFields(t *testing.T) {
	h := newHouse(t)
	h.happened()
	_, _, err := h.CreateKey(t.Context(), h.ada.Actor(), "\t", nil)
	requireFields(t, err, "name", "scopes")
	_, _, err = h.CreateKey(t.Context(), h.ada.Actor(), "CRM", scopes(account.CallsPlace, "calls.*", "everything"))
	requireFields(t, err, "scopes")
	require.ErrorContains(t, err, `have "calls.*", which is not a permission`)
	require.Empty(t, h.happened())
}

func TestAuthenticateKeyRefuses(t *testing.T) {
	h := newHouse(t)
	_, secret, err := h.CreateKey(t.Context(), h.ada.Actor(), "CRM", scopes(account.CallsPlace))
	require.NoError(t, err)
	for _, bad := range []string{
		"", "tdm_", secret[4:], "TDM_" + secret[4:], secret + "A", "tdm_" + strings.Repeat("A", 43),
		string(account.HashOf(secret)), h.signIn(h.ada),
	} {
		actor, err := h.AuthenticateKey(t.Context(), bad)
		require.ErrorIs(t, err, account.ErrNotSignedIn)
		require.ErrorIs(t, err, account.ErrDenied)
		require.Zero(t, actor)
	}
	require.False(t, h.signedIn(secret), "a key is no session")
}

// A key never has more than the person it comes from, then or later.
func TestAKeyHasNoMoreThanItsCreator(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	bo := h.hire("bo@acme.example", account.RoleAdministrator)
	all := account.Permissions()
	_, wide, err := h.CreateKey(ctx, bo.Actor(), "wide", all)
	require.NoError(t, err)
	machine, err := h.AuthenticateKey(ctx, wide)
	require.NoError(t, err)
	require.Equal(t, all, machine.Scopes)

	_, narrow, err := h.CreateKey(ctx, machine, "child", scopes(account.CallsPlace, account.KeysManage))
	require.NoError(t, err)
	child, err := h.AuthenticateKey(ctx, narrow)
	require.NoError(t, err)
	_, _, err = h.CreateKey(ctx, child, "grandchild", scopes(account.UsersManage))
	require.ErrorIs(t, err, account.ErrDenied)
	_, system, err := h.CreateKey(ctx, account.System(h.acme.ID), "system", scopes(account.UsersManage))
	require.NoError(t, err)

	_, err = h.ChangeUser(ctx, h.ada.Actor(), bo.ID, account.UserChange{Role: to(account.RoleAgent)})
	require.NoError(t, err)
	for secret, left := range map[string][]account.Permission{
		wide: scopes(account.CallsPlace, account.DeskWork), narrow: scopes(account.CallsPlace),
	} {
		actor, err := h.AuthenticateKey(ctx, secret)
		require.NoError(t, err)
		require.Equal(t, left, actor.Scopes, "its creator is an agent now")
	}
	_, err = h.DisableUser(ctx, h.ada.Actor(), bo.ID)
	require.NoError(t, err)
	for _, secret := range []string{wide, narrow} {
		_, err := h.AuthenticateKey(ctx, secret)
		require.ErrorIs(t, err, account.ErrNotSignedIn, "its creator is disabled")
	}
	actor, err := h.AuthenticateKey(ctx, system)
	require.NoError(t, err)
	require.Equal(t, scopes(account.UsersManage), actor.Scopes)
	_, err = h.EnableUser(ctx, h.ada.Actor(), bo.ID)
	require.NoError(t, err)
	_, err = h.AuthenticateKey(ctx, wide)
	require.NoError(t, err)
}

func TestARevokedKeyMakesNoOther(t *testing.T) {
	h := newHouse(t)
	k, secret, err := h.CreateKey(t.Context(), h.ada.Actor(), "CRM", account.Permissions())
	require.NoError(t, err)
	machine, err := h.AuthenticateKey(t.Context(), secret)
	require.NoError(t, err)
	_, err = h.RevokeKey(t.Context(), h.ada.Actor(), k.ID)
	require.NoError(t, err)
	_, _, err = h.CreateKey(t.Context(), machine, "child", scopes(account.CallsPlace))
	require.ErrorIs(t, err, account.ErrNotSignedIn)
}

func TestOtherAccountsKeysAreNotFound(t *testing.T) {
	h := newHouse(t)
	_, cy := h.open("Globex", "cy@globex.example")
	k, secret, err := h.CreateKey(t.Context(), h.ada.Actor(), "CRM", scopes(account.CallsPlace))
	require.NoError(t, err)
	_, err = h.RevokeKey(t.Context(), cy.Actor(), k.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	keys, err := h.Keys(t.Context(), cy.Actor())
	require.NoError(t, err)
	require.Empty(t, keys)
	_, err = h.AuthenticateKey(t.Context(), secret)
	require.NoError(t, err)
}

func TestRevokeKeyAtOnce(t *testing.T) {
	h := newHouse(t)
	k, _, err := h.CreateKey(t.Context(), h.ada.Actor(), "CRM", scopes(account.CallsPlace))
	require.NoError(t, err)
	h.happened()
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = h.RevokeKey(t.Context(), h.ada.Actor(), k.ID) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, account.ErrConflict)
		}
	}
	require.Equal(t, 1, won)
	require.Equal(t, []string{"account.key_revoked"}, h.happened())
}
