package account_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

const fresh = "a fresh set of words"

// forgot has a link mailed to the user and returns its token. Run must run.
func (h *house) forgot(u account.User) string {
	h.t.Helper()
	before := len(h.mails.all())
	require.NoError(h.t, h.ForgotPassword(h.t.Context(), u.Email, "192.0.2.1"))
	require.Eventually(h.t, func() bool { return len(h.mails.all()) > before }, 10*time.Second, time.Millisecond)
	return token(h.t, h.mails.all()[before])
}

func TestForgottenPassword(t *testing.T) {
	h := newHouse(t)
	h.run()
	session, other := h.signIn(h.abe), h.signIn(h.sue)
	first := h.forgot(h.abe)
	h.happened()
	second := h.forgot(h.abe)
	require.Equal(t, []string{"account.password_reset_asked"}, h.happened())
	m := h.mails.all()[1]
	require.Equal(t, account.Mail{To: h.abe.Email, Subject: "Choose a new password", Text: m.Text, Kind: account.MailReset}, m)
	require.Contains(t, m.Text, "within 60 minutes")
	require.True(t, h.signedIn(session), "asking changes nothing")
	require.True(t, h.canSignIn(h.abe, horse))
	for hash := range h.store.read().resets {
		require.NotContains(t, []string{first, second}, string(hash), "the token itself is not stored")
	}
	h.happened()

	require.NoError(t, h.ResetPassword(t.Context(), first, fresh))
	require.Equal(t, []string{"account.password_changed", "account.sessions_ended"}, h.happened())
	require.True(t, h.canSignIn(h.abe, fresh))
	require.False(t, h.canSignIn(h.abe, horse))
	require.False(t, h.signedIn(session))
	require.True(t, h.signedIn(other))
	hashed := h.passwords.hashed
	err := h.ResetPassword(t.Context(), first, "yet another one")
	require.ErrorIs(t, err, account.ErrGone)
	require.Equal(t, hashed, h.passwords.hashed, "no work is done for it")
	require.ErrorContains(t, err, "used already")
	require.ErrorIs(t, h.ResetPassword(t.Context(), second, "yet another one"), account.ErrGone, "other links end with it")
	require.True(t, h.canSignIn(h.abe, fresh))
}

func TestForgotPasswordIsTheSameForAll(t *testing.T) {
	h := newHouse(t)
	_, err := h.DisableUser(t.Context(), h.ada.Actor(), h.sue.ID)
	require.NoError(t, err)
	h.happened()
	reads, updates := h.store.reads.Load(), h.store.updates.Load()
	for _, email := range []string{"nobody@acme.example", h.abe.Email, h.sue.Email, " ABE@Acme.example "} {
		require.NoError(t, h.ForgotPassword(t.Context(), email, "192.0.2.1"))
	}
	require.Equal(t, reads, h.store.reads.Load(), "the request does not even look for the user")
	require.Equal(t, updates, h.store.updates.Load())
	for _, email := range []string{"", "nobody", "a@b, c@d"} {
		requireFields(t, h.ForgotPassword(t.Context(), email, "192.0.2.1"), "email")
	}

	stop := h.run()
	require.Eventually(t, func() bool { return len(h.mails.all()) == 2 }, 10*time.Second, time.Millisecond)
	stop()
	for _, m := range h.mails.all() {
		require.Equal(t, h.abe.Email, m.To)
	}
	require.Equal(t, []string{"account.password_reset_asked", "account.password_reset_asked"}, h.happened())
}

func TestForgotPasswordLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run()
		for range 8 {
			require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"), "known or not, limited or not")
			require.NoError(t, h.ForgotPassword(t.Context(), "nobody@acme.example", "192.0.2.2"))
		}
		synctest.Wait()
		require.Len(t, h.mails.all(), 3)
		for i := range 2 {
			require.NoError(t, h.ForgotPassword(t.Context(), fmt.Sprintf("n%d@acme.example", i), "192.0.2.1"))
		}
		require.Equal(t, 6*time.Minute, retryAfter(t, h.ForgotPassword(t.Context(), h.sue.Email, "192.0.2.1")))
		require.NoError(t, h.ForgotPassword(t.Context(), h.sue.Email, "192.0.2.3"))
		synctest.Wait()
		require.Len(t, h.mails.all(), 4)
		time.Sleep(20 * time.Minute)
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		synctest.Wait()
		require.Len(t, h.mails.all(), 5)
	})
}

// A stranger who asks for somebody's mails uses up none of that person's own,
// unless from many addresses.
func TestForgotPasswordOfWhoIsUnderAttack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run()
		mails := func(address string, times int) int {
			before := len(h.mails.all())
			for range times {
				require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, address))
			}
			synctest.Wait()
			return len(h.mails.all()) - before
		}
		require.Equal(t, 3, mails("203.0.113.1", 10))
		require.Equal(t, 1, mails("192.0.2.1", 1))
		require.Equal(t, 3, mails("203.0.113.2", 10))
		require.Equal(t, 3, mails("2001:db8::1", 10), "10 an hour from anywhere")
		require.Equal(t, 0, mails("192.0.2.1", 1))
		time.Sleep(6 * time.Minute)
		require.Equal(t, 1, mails("192.0.2.1", 1))
	})
}

func TestForgotPasswordWhenTheQueueIsFull(t *testing.T) {
	h := newHouseWith(t, account.Config{MailQueue: 2})
	require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
	require.NoError(t, h.ForgotPassword(t.Context(), "nobody@acme.example", "192.0.2.1"))
	for _, email := range []string{h.sue.Email, "other@acme.example"} {
		err := h.ForgotPassword(t.Context(), email, "192.0.2.1")
		require.ErrorIs(t, err, account.ErrBusy)
	}
	stop := h.run()
	require.Eventually(t, func() bool { return len(h.mails.all()) == 1 }, 10*time.Second, time.Millisecond)
	for range 3 { // the refused one was not counted
		n := len(h.mails.all()) + 1
		require.NoError(t, h.ForgotPassword(t.Context(), h.sue.Email, "192.0.2.2"))
		require.Eventually(t, func() bool { return len(h.mails.all()) == n }, 10*time.Second, time.Millisecond)
	}
	stop()
}

func TestALinkWorksOnce(t *testing.T) {
	h := newHouse(t)
	h.run()
	link := h.forgot(h.abe)
	h.happened()
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = h.ResetPassword(t.Context(), link, fmt.Sprint("a fresh password ", i)) })
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, won, "two have won")
			won = i
		} else {
			require.ErrorIs(t, err, account.ErrGone)
		}
	}
	require.NotEqual(t, -1, won)
	require.Equal(t, []string{"account.password_changed"}, h.happened())
	require.True(t, h.canSignIn(h.abe, fmt.Sprint("a fresh password ", won)))
}

func TestALinkExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run()
		send := func() string {
			require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
			synctest.Wait()
			mails := h.mails.all()
			return token(t, mails[len(mails)-1])
		}
		link := send()
		time.Sleep(time.Hour)
		err := h.ResetPassword(t.Context(), link, fresh)
		require.ErrorIs(t, err, account.ErrGone)
		require.ErrorContains(t, err, "expired")
		link = send()
		time.Sleep(time.Hour - time.Microsecond)
		require.NoError(t, h.ResetPassword(t.Context(), link, fresh))
	})
}

// A link that expires while the password is hashed has expired.
func TestALinkExpiresMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run()
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		synctest.Wait()
		h.passwords.meanwhile = func() { time.Sleep(time.Hour) }
		require.ErrorIs(t, h.ResetPassword(t.Context(), token(t, h.mails.all()[0]), fresh), account.ErrGone)
		require.True(t, h.canSignIn(h.abe, horse))
	})
}

func TestResetPasswordRefuses(t *testing.T) {
	h := newHouse(t)
	h.run()
	link := h.forgot(h.abe)
	for _, bad := range []string{"", "x", strings.Repeat("A", 43), link + "A", string(account.HashOf(link))} {
		require.ErrorIs(t, h.ResetPassword(t.Context(), bad, fresh), account.ErrGone)
	}
	require.Equal(t, 3, h.passwords.hashed, "no work is done for a stranger")
	for _, bad := range []string{"", "too short", h.abe.Email, "1234567890", strings.Repeat("x", 201)} {
		requireFields(t, h.ResetPassword(t.Context(), link, bad), "password")
	}
	h.passwords.fail = fault.Errorf(fault.Busy, "too many people are signing in")
	require.ErrorIs(t, h.ResetPassword(t.Context(), link, fresh), account.ErrBusy)
	h.passwords.fail = nil

	h.passwords.meanwhile = func() {
		_, err := h.DisableUser(t.Context(), h.ada.Actor(), h.abe.ID)
		require.NoError(t, err)
	}
	require.ErrorIs(t, h.ResetPassword(t.Context(), link, fresh), account.ErrGone, "disabled meanwhile")
	_, err := h.EnableUser(t.Context(), h.ada.Actor(), h.abe.ID)
	require.NoError(t, err)
	require.True(t, h.canSignIn(h.abe, horse))

	link = h.forgot(h.abe)
	require.NoError(t, h.ResetPassword(t.Context(), link, fresh), "a bad try does not use it up")
}

func TestChangePassword(t *testing.T) {
	h := newHouse(t)
	h.run()
	mine, other, sues := h.signIn(h.abe), h.signIn(h.abe), h.signIn(h.sue)
	link := h.forgot(h.abe)
	h.happened()

	requireFields(t, h.ChangePassword(t.Context(), h.abe.Actor(), account.HashOf(mine), "", "short"), "old", "password")
	requireFields(t, h.ChangePassword(t.Context(), h.abe.Actor(), account.HashOf(mine), "wrong", fresh), "old")
	requireFields(t, h.ChangePassword(t.Context(), h.abe.Actor(), account.HashOf(mine), horse, horse), "password")
	requireFields(t, h.ChangePassword(t.Context(), h.abe.Actor(), account.HashOf(mine), horse, h.abe.Email), "password")
	require.Empty(t, h.happened())
	require.True(t, h.signedIn(other))

	require.NoError(t, h.ChangePassword(t.Context(), h.abe.Actor(), account.HashOf(mine), horse, fresh))
	require.Equal(t, []string{"account.password_changed", "account.sessions_ended"}, h.happened())
	require.True(t, h.signedIn(mine))
	require.False(t, h.signedIn(other))
	require.True(t, h.signedIn(sues))
	require.ErrorIs(t, h.ResetPassword(t.Context(), link, "yet another one"), account.ErrGone)
	require.True(t, h.canSignIn(h.abe, fresh))
	require.False(t, h.canSignIn(h.abe, horse))

	require.NoError(t, h.ChangePassword(t.Context(), h.abe.Actor(), account.HashOf(sues), fresh, horse))
	require.False(t, h.signedIn(mine), "somebody else's session keeps none of one's own")
	require.True(t, h.signedIn(sues))
}

func TestChangePasswordIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for range 5 {
			requireFields(t, h.ChangePassword(t.Context(), h.abe.Actor(), "", "wrong", fresh), "old")
		}
		require.Equal(t, 12*time.Second, retryAfter(t, h.ChangePassword(t.Context(), h.abe.Actor(), "", horse, fresh)))
		time.Sleep(12 * time.Second)
		require.NoError(t, h.ChangePassword(t.Context(), h.abe.Actor(), "", horse, fresh))
	})
}

// What happens to the user while passwords are hashed counts.
func TestChangePasswordMeetsAChange(t *testing.T) {
	for name, change := range map[string]func(*house) error{
		"disabled": func(h *house) error { _, err := h.DisableUser(t.Context(), h.ada.Actor(), h.abe.ID); return err },
		"password changed": func(h *house) error {
			return h.ChangePassword(t.Context(), h.abe.Actor(), "", horse, "another password")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.passwords.meanwhile = func() { require.NoError(t, change(h)) }
			require.ErrorIs(t, h.ChangePassword(t.Context(), h.abe.Actor(), "", horse, fresh), account.ErrConflict)
			require.NotEqual(t, "plain:"+fresh, h.stored(h.abe).Password)
		})
	}
}

// Of many who change the same password at once, one wins; none undoes another.
func TestChangePasswordAtOnce(t *testing.T) {
	h := newHouseWith(t, account.Config{Limits: account.Limits{SignIn: account.Limit{Burst: -1}}})
	h.happened()
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = h.ChangePassword(t.Context(), h.abe.Actor(), "", horse, fmt.Sprint("a fresh password ", i))
		})
	}
	wg.Wait()
	require.Equal(t, []string{"account.password_changed"}, h.happened())
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			require.True(t, h.canSignIn(h.abe, fmt.Sprint("a fresh password ", i)))
		} else {
			require.True(t, errors.Is(err, account.ErrConflict) || errors.Is(err, account.ErrInvalid), "%v", err)
		}
	}
	require.Equal(t, 1, won)
}

// Secrets stay out of errors, which are logged.
func TestErrorsNameNoSecret(t *testing.T) {
	h := newHouse(t)
	h.run()
	link, session := h.forgot(h.abe), h.signIn(h.abe)
	require.NoError(t, h.ResetPassword(t.Context(), link, fresh))
	_, _, _, signIn := h.SignIn(t.Context(), h.abe.Email, horse, "192.0.2.1", "")
	_, _, _, authenticate := h.Authenticate(t.Context(), session)
	_, key := h.AuthenticateKey(t.Context(), account.KeyPrefix+link)
	for _, err := range []error{
		signIn, authenticate, key,
		h.ResetPassword(t.Context(), link, "1234567890"),
		h.ChangePassword(t.Context(), h.abe.Actor(), "", horse, fresh),
	} {
		require.Error(t, err)
		for _, secret := range []string{link, session, horse, fresh, "1234567890"} {
			require.NotContains(t, err.Error(), secret)
		}
	}
}
