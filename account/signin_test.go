package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

func TestSignIn(t *testing.T) {
	h := newHouse(t)
	h.happened()
	token, s, u, err := h.SignIn(t.Context(), " ABE@acme.example", horse, "192.0.2.1", "Firefox\n"+strings.Repeat("ü", 300))
	require.NoError(t, err)
	require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, token)
	require.Equal(t, account.HashOf(token), s.Hash)
	require.Equal(t, account.Session{
		Hash: s.Hash, Account: h.acme.ID, User: h.abe.ID, CreatedAt: s.CreatedAt, SeenAt: s.CreatedAt,
		ExpiresAt: s.CreatedAt.Add(12 * time.Hour), Address: "192.0.2.1", Browser: "Firefox" + strings.Repeat("ü", 193),
	}, s)
	require.Equal(t, s.CreatedAt, u.SeenAt)
	require.Empty(t, u.Password)
	require.Equal(t, account.SignedIn{User: u.ID, Address: "192.0.2.1", At: s.CreatedAt}, h.lastEvent())
	require.Equal(t, []string{"account.signed_in"}, h.happened())

	actor, user, session, err := h.Authenticate(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, account.Actor{Account: h.acme.ID, User: u.ID, Name: u.Name, Role: account.RoleAgent}, actor)
	require.Equal(t, u, user)
	require.Equal(t, s, session)

	for hash := range h.store.read().sessions {
		require.NotContains(t, string(hash), token, "the token itself is not stored")
	}
	require.NotEqual(t, token, h.signIn(h.abe), "each session has its own")
}

// A stranger learns nothing: neither from the words, nor from the work done,
// nor from what the store is asked to write.
func TestWrongSignInsAreAllAlike(t *testing.T) {
	h := newHouse(t)
	invited, err := h.CreateUser(t.Context(), h.ada.Actor(), account.NewUser{Email: "i@acme.example", Name: "I", Role: account.RoleAgent})
	require.NoError(t, err)
	_, err = h.DisableUser(t.Context(), h.ada.Actor(), h.sue.ID)
	require.NoError(t, err)
	h.happened()
	updates := h.store.updates.Load()
	for name, try := range map[string][2]string{
		"unknown user":           {"nobody@acme.example", horse},
		"no address at all":      {"nobody", horse},
		"wrong password":         {h.abe.Email, horse + "r"},
		"disabled user":          {h.sue.Email, horse},
		"disabled and wrong":     {h.sue.Email, "wrong"},
		"user without password":  {invited.Email, horse},
		"the hash as a password": {h.abe.Email, "plain:" + horse},
	} {
		before := h.passwords.verified
		token, s, u, err := h.SignIn(t.Context(), try[0], try[1], "192.0.2.1", "")
		require.EqualError(t, err, "sign in: the e-mail address or the password is wrong", name)
		require.ErrorIs(t, err, account.ErrNotSignedIn)
		require.ErrorIs(t, err, account.ErrDenied)
		require.Equal(t, account.ErrDenied, fault.KindOf(err))
		require.Empty(t, token)
		require.Zero(t, s)
		require.Zero(t, u)
		require.Equal(t, before+1, h.passwords.verified, name)
	}
	require.Equal(t, updates, h.store.updates.Load())
	require.Empty(t, h.happened())
}

func TestSignInBadFields(t *testing.T) {
	h := newHouse(t)
	_, _, _, err := h.SignIn(t.Context(), " ", "", "192.0.2.1", "")
	requireFields(t, err, "email", "password")
	_, _, _, err = h.SignIn(t.Context(), strings.Repeat("x", 255), strings.Repeat("x", 201), "192.0.2.1", "")
	requireFields(t, err, "email", "password")
	require.Zero(t, h.passwords.verified)
}

func TestSignInLimitByEmail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		try := func(email, password string) error {
			_, _, _, err := h.SignIn(t.Context(), email, password, "192.0.2.1", "")
			return err
		}
		for range 20 {
			require.NoError(t, try(h.abe.Email, horse), "who knows the password is not counted")
		}
		for _, email := range []string{h.abe.Email, "nobody@acme.example"} {
			for range 5 {
				require.ErrorIs(t, try(email, "wrong"), account.ErrNotSignedIn)
			}
			verified := h.passwords.verified
			require.Equal(t, 12*time.Second, retryAfter(t, try(strings.ToUpper(email), horse)), "known or not")
			require.Equal(t, verified, h.passwords.verified, "no work is done for it")
		}
		require.NoError(t, try(h.sue.Email, horse))
		time.Sleep(12 * time.Second)
		require.NoError(t, try(h.abe.Email, horse))
	})
}

// Somebody who knows the e-mail address of another keeps that person out
// nowhere but at the stranger's own address, unless from very many.
func TestSignInOfWhoIsUnderAttack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		try := func(address, password string) error {
			_, _, _, err := h.SignIn(t.Context(), h.abe.Email, password, address, "")
			return err
		}
		for n := range 5 {
			address := fmt.Sprintf("203.0.113.%d", n)
			for range 5 {
				require.ErrorIs(t, try(address, "wrong"), account.ErrNotSignedIn)
			}
			for range 10 {
				retryAfter(t, try(address, "wrong"))
			}
			require.NoError(t, try("192.0.2.1", horse))
		}
		require.NoError(t, h.ChangePassword(t.Context(), h.abe.Actor(), "", horse, fresh))
		for range 5 {
			require.ErrorIs(t, try("2001:db8::1", "wrong"), account.ErrNotSignedIn)
		}
		require.Equal(t, 2*time.Second, retryAfter(t, try("192.0.2.1", fresh)), "30 from anywhere")
		require.NoError(t, h.ChangePassword(t.Context(), h.abe.Actor(), "", fresh, horse), "who is signed in goes on")
		time.Sleep(2 * time.Second)
		require.NoError(t, try("192.0.2.1", horse))
	})
}

func TestSignInLimitByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		n := 0
		try := func(address string) error {
			n++
			_, _, _, err := h.SignIn(t.Context(), fmt.Sprintf("u%d@acme.example", n), "wrong", address, "")
			return err
		}
		for same, next := range map[string][2]string{
			"192.0.2.1":                    {"::ffff:192.0.2.1", "192.0.2.2"},
			"2001:db8:1:2::1":              {"2001:db8:1:2:ffff::9", "2001:db8:1:3::1"},
			"fe80::1%eth0":                 {"fe80::2%eth1", "fe80:1::1"},
			"unix socket, say":             {"unix socket, say", "another"},
			"a" + strings.Repeat("x", 500): {"a" + strings.Repeat("x", 400), "b"},
		} {
			for range 30 {
				require.ErrorIs(t, try(same), account.ErrNotSignedIn)
			}
			require.Equal(t, 2*time.Second, retryAfter(t, try(next[0])))
			require.ErrorIs(t, try(next[1]), account.ErrNotSignedIn)
		}
		_, _, _, err := h.SignIn(t.Context(), h.abe.Email, horse, "192.0.2.1", "")
		retryAfter(t, err)
		time.Sleep(2 * time.Second)
		_, _, _, err = h.SignIn(t.Context(), h.abe.Email, horse, "192.0.2.1", "")
		require.NoError(t, err)
	})
}

func TestLimitsCanBeLifted(t *testing.T) {
	h := newHouseWith(t, account.Config{Limits: account.Limits{
		SignIn: account.Limit{Burst: -1}, SignInEmail: account.Limit{Burst: -1}, SignInAddress: account.Limit{Burst: -1},
	}})
	for range 100 {
		_, _, _, err := h.SignIn(t.Context(), h.abe.Email, "wrong", "192.0.2.1", "")
		require.ErrorIs(t, err, account.ErrNotSignedIn)
	}
}

// What happens to the user while the password is verified counts.
func TestSignInMeetsAChange(t *testing.T) {
	for name, change := range map[string]func(*house) error{
		"disabled": func(h *house) error { _, err := h.DisableUser(t.Context(), h.ada.Actor(), h.abe.ID); return err },
		"password changed": func(h *house) error {
			return h.ChangePassword(t.Context(), h.abe.Actor(), "", horse, "another password")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.passwords.meanwhile = func() { require.NoError(t, change(h)) }
			_, _, _, err := h.SignIn(t.Context(), h.abe.Email, horse, "192.0.2.1", "")
			require.ErrorIs(t, err, account.ErrNotSignedIn)
			require.Empty(t, h.store.read().sessions)
		})
	}
}

func TestSignInPassesOnOtherFailures(t *testing.T) {
	h := newHouse(t)
	h.passwords.fail = fault.Errorf(fault.Busy, "too many people are signing in")
	_, _, _, err := h.SignIn(t.Context(), h.abe.Email, horse, "192.0.2.1", "")
	require.ErrorIs(t, err, account.ErrBusy)
	require.NotErrorIs(t, err, account.ErrNotSignedIn)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.passwords.fail = nil
	_, _, _, err = h.SignIn(ctx, h.abe.Email, horse, "192.0.2.1", "")
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, fault.KindOf(err))
}

func TestAuthenticateRefuses(t *testing.T) {
	h := newHouse(t)
	good := h.signIn(h.abe)
	for _, token := range []string{
		"", "x", strings.Repeat("A", 43), good + "A", good[:42], string(account.HashOf(good)), strings.Repeat("A", 1<<20),
	} {
		actor, u, s, err := h.Authenticate(t.Context(), token)
		require.ErrorIs(t, err, account.ErrNotSignedIn)
		require.ErrorIs(t, err, account.ErrDenied)
		require.Zero(t, actor)
		require.Zero(t, u)
		require.Zero(t, s)
	}
	require.True(t, h.signedIn(good))
}

func TestAuthenticateSeesAChangeOfRole(t *testing.T) {
	h := newHouse(t)
	token := h.signIn(h.abe)
	_, err := h.ChangeUser(t.Context(), h.ada.Actor(), h.abe.ID, account.UserChange{Role: to(account.RoleSupervisor)})
	require.NoError(t, err)
	actor, _, _, err := h.Authenticate(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, account.RoleSupervisor, actor.Role)
}

func TestSessionEndsWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		token := h.signIn(h.abe)
		time.Sleep(12*time.Hour - time.Second)
		require.True(t, h.signedIn(token))
		time.Sleep(12*time.Hour - time.Second)
		require.True(t, h.signedIn(token), "each use prolongs it")
		time.Sleep(12 * time.Hour)
		_, _, _, err := h.Authenticate(t.Context(), token)
		require.ErrorIs(t, err, account.ErrNotSignedIn)
		require.ErrorContains(t, err, "your session has expired; sign in again")
	})
}

func TestSessionEndsAtLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		token := h.signIn(h.abe)
		start := time.Now()
		for h.signedIn(token) {
			_, _, s, err := h.Authenticate(t.Context(), token)
			require.NoError(t, err)
			require.False(t, s.ExpiresAt.After(start.Add(7*24*time.Hour)))
			time.Sleep(time.Hour)
		}
		require.Equal(t, 7*24*time.Hour, time.Since(start))
	})
}

// An operator who shortens Config.SessionMax means the sessions that exist too.
func TestShorterSessionMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		token := h.signIn(h.abe)
		time.Sleep(2 * time.Hour)
		h.Accounts = account.New(h.store, h.passwords, h.mails, account.Config{SessionMax: time.Hour})
		require.False(t, h.signedIn(token))
	})
}

func TestUseIsNotedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		token := h.signIn(h.abe)
		before := h.store.updates.Load()
		version := h.stored(h.abe).Version
		for range 10 * 60 { // ten minutes, once a second
			require.True(t, h.signedIn(token))
			time.Sleep(time.Second)
		}
		require.EqualValues(t, 9, h.store.updates.Load()-before)
		u := h.stored(h.abe)
		require.InDelta(t, 0, time.Since(u.SeenAt), float64(61*time.Second))
		require.Equal(t, version, u.Version, "being seen is no change")
		_, _, s, err := h.Authenticate(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, s.SeenAt.Add(12*time.Hour), s.ExpiresAt)
	})
}

func TestNobodyIsTurnedAwayBecauseUseCannotBeNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		token := h.signIn(h.abe)
		time.Sleep(time.Hour)
		h.store.fail.Store(true)
		require.True(t, h.signedIn(token))
	})
}

// However a session or a link of a disabled user came to be, it opens nothing.
func TestADisabledUserIsRefusedEverywhere(t *testing.T) {
	h := newHouse(t)
	_, err := h.DisableUser(t.Context(), h.ada.Actor(), h.abe.ID)
	require.NoError(t, err)
	session, link := strings.Repeat("s", 43), strings.Repeat("r", 43)
	soon := time.Now().Add(time.Hour)
	require.NoError(t, h.store.Update(t.Context(), h.acme.ID, func(tx account.Tx) error {
		return errors.Join(
			tx.PutSession(t.Context(), account.Session{
				Hash: account.HashOf(session), Account: h.acme.ID, User: h.abe.ID, CreatedAt: time.Now(), ExpiresAt: soon,
			}),
			tx.PutReset(t.Context(), account.Reset{
				Hash: account.HashOf(link), Account: h.acme.ID, User: h.abe.ID, ExpiresAt: soon,
			}))
	}))
	require.False(t, h.signedIn(session))
	require.ErrorIs(t, h.ResetPassword(t.Context(), link, "another password"), account.ErrGone)
}

func TestHashOf(t *testing.T) { // FIPS 180-4, "abc"
	require.EqualValues(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", account.HashOf("abc"))
}

func TestSignOut(t *testing.T) {
	h := newHouse(t)
	one, two := h.signIn(h.abe), h.signIn(h.abe)
	h.happened()
	require.NoError(t, h.SignOut(t.Context(), one))
	require.Equal(t, h.abe.ID, h.lastEvent().(account.SignedOut).User)
	require.False(t, h.signedIn(one))
	require.True(t, h.signedIn(two))
	require.NoError(t, h.SignOut(t.Context(), one))
	require.NoError(t, h.SignOut(t.Context(), ""))
	require.Equal(t, []string{"account.signed_out"}, h.happened(), "once")
}

func TestSignOutEverywhere(t *testing.T) {
	h := newHouse(t)
	one, two, other := h.signIn(h.abe), h.signIn(h.abe), h.signIn(h.sue)
	h.happened()
	require.NoError(t, h.SignOutEverywhere(t.Context(), h.abe.Actor()))
	require.Equal(t, h.abe.ID, h.lastEvent().(account.SessionsEnded).User)
	require.Equal(t, []string{"account.sessions_ended"}, h.happened())
	require.False(t, h.signedIn(one))
	require.False(t, h.signedIn(two))
	require.True(t, h.signedIn(other))
}

// Once somebody is disabled, nothing lets them in, however busy they are.
func TestDisabledWhileBusy(t *testing.T) {
	h := newHouseWith(t, account.Config{Limits: account.Limits{
		SignIn: account.Limit{Burst: -1}, SignInEmail: account.Limit{Burst: -1}, SignInAddress: account.Limit{Burst: -1},
	}})
	var disabled atomic.Bool
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			for range 50 {
				after := disabled.Load()
				token, _, _, err := h.SignIn(t.Context(), h.abe.Email, horse, "192.0.2.1", "")
				if err == nil && after {
					errs[i] = errors.New("signed in though disabled")
				}
				after = disabled.Load()
				if _, _, _, err = h.Authenticate(t.Context(), token); err == nil && after {
					errs[i] = errors.New("authenticated though disabled")
				}
			}
		})
	}
	_, err := h.DisableUser(t.Context(), h.ada.Actor(), h.abe.ID)
	disabled.Store(true)
	wg.Wait()
	require.NoError(t, err)
	require.NoError(t, errors.Join(errs...))
	require.Empty(t, h.store.read().sessions)
}
