package account_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

// pauses returns how long each try waited for after the one before.
func (p *postbox) pauses() (d []time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.tries[1:] {
		d = append(d, p.tries[i+1].Sub(p.tries[i]))
	}
	return d
}

func TestAMailIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run()
		h.mails.failures = 3
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		time.Sleep(time.Hour - time.Second)
		require.Len(t, h.mails.all(), 1)
		require.Equal(t, []time.Duration{2 * time.Second, 15 * time.Second, 2 * time.Minute}, h.mails.pauses())
		require.Len(t, h.store.read().resets, 1, "it is the same link")
		require.NoError(t, h.ResetPassword(t.Context(), token(t, h.mails.all()[0]), fresh))
	})
}

func TestAMailIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := newHouseWith(t, account.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		stop := h.run()
		h.mails.failures = 4
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		time.Sleep(24 * time.Hour)
		require.Empty(t, h.mails.all())
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		synctest.Wait()
		require.Len(t, h.mails.all(), 1, "the next one is sent")
		stop()
		require.Contains(t, log.String(), `msg="a mail could not be sent and is given up" kind=password_reset tries=4 err="the mail server is down"`)
		require.NotContains(t, log.String(), h.abe.Email)
		require.NotContains(t, log.String(), "/reset#")
	})
}

// One mail that fails does not hold up the others.
func TestAMailThatWaitsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run()
		h.mails.failures = 1
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		require.NoError(t, h.ForgotPassword(t.Context(), h.sue.Email, "192.0.2.1"))
		synctest.Wait()
		require.Len(t, h.mails.all(), 1)
		require.Equal(t, h.sue.Email, h.mails.all()[0].To)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Len(t, h.mails.all(), 2)
	})
}

func TestAMailServerThatHangsIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run()
		h.mails.hang = true
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		time.Sleep(31 * time.Second)
		h.mails.mu.Lock()
		h.mails.hang = false
		h.mails.mu.Unlock()
		time.Sleep(2 * time.Second)
		require.Len(t, h.mails.all(), 1)
		require.Equal(t, []time.Duration{32 * time.Second}, h.mails.pauses())
	})
}

// A store that fails is a reason to try again too.
func TestALinkThatCannotBeKeptIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run()
		h.store.fail.Store(true)
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		time.Sleep(time.Second)
		require.Empty(t, h.mails.all())
		h.store.fail.Store(false)
		time.Sleep(2 * time.Second)
		require.Len(t, h.mails.all(), 1)
	})
}

// What waits when Run is told to stop is tried once more.
func TestLastChance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := newHouseWith(t, account.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		stop := h.run()
		h.mails.failures = 1
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		synctest.Wait()
		require.Empty(t, h.mails.all())
		stop()
		require.Len(t, h.mails.all(), 1)

		require.NoError(t, h.ForgotPassword(t.Context(), h.sue.Email, "192.0.2.1"))
		stop = h.run()
		stop()
		require.Len(t, h.mails.all(), 2, "also what Run has not seen yet")

		h.mails.hang = true
		require.NoError(t, h.ForgotPassword(t.Context(), "ada@acme.example", "192.0.2.1"))
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		stop = h.run()
		start := time.Now()
		stop()
		require.LessOrEqual(t, time.Since(start), 5*time.Second, "but it does not hold up the end")
		require.Contains(t, log.String(), "are lost\" mails=2")
	})
}

// Also what is being sent at that moment.
func TestLastChanceOfAMailUnderway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouseWith(t, account.Config{MailRetry: []time.Duration{}}) // no second try otherwise
		stop := h.run()
		h.mails.hang = true
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		synctest.Wait()
		h.mails.mu.Lock()
		h.mails.hang = false
		h.mails.mu.Unlock()
		stop()
		require.Len(t, h.mails.all(), 1)
	})
}

func TestWaitingMailsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := newHouseWith(t, account.Config{MailQueue: 3, Log: slog.New(slog.NewTextHandler(&log, nil))})
		stop := h.run()
		h.mails.failures = 5
		for i := range 5 {
			u := h.hire(fmt.Sprintf("n%d@acme.example", i), account.RoleAgent)
			require.NoError(t, h.ForgotPassword(t.Context(), u.Email, "192.0.2.1"))
			synctest.Wait()
		}
		time.Sleep(time.Hour)
		require.Len(t, h.mails.all(), 3)
		stop()
		require.Contains(t, log.String(), "too many others wait")
	})
}

func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		_, cy := h.open("Globex", "cy@globex.example")
		h.run()
		old := h.signIn(h.abe)
		h.signIn(cy)
		require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
		time.Sleep(90 * time.Minute)
		young := h.signIn(h.abe)
		require.Len(t, h.store.read().sessions, 3)
		require.Len(t, h.store.read().resets, 1)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Empty(t, h.store.read().resets)
		time.Sleep(10*time.Hour + 50*time.Minute)
		synctest.Wait()
		require.Len(t, h.store.read().sessions, 1)
		require.False(t, h.signedIn(old))
		require.True(t, h.signedIn(young))
	})
}

func TestSweepReachesEveryAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for i := range 205 { // more than two pages
			_, u := h.open("X", fmt.Sprintf("x%d@x.example", i))
			h.signIn(u)
		}
		time.Sleep(13 * time.Hour)
		require.NoError(t, h.Sweep(t.Context()))
		require.Empty(t, h.store.read().sessions)
	})
}

func TestLinksBeginWithThePublicURL(t *testing.T) {
	h := newHouseWith(t, account.Config{PublicURL: "https://desk.example.com/", ResetLifetime: 3 * time.Hour, InvitationLifetime: 20 * time.Minute})
	_, err := h.CreateUser(t.Context(), h.ada.Actor(), account.NewUser{Email: "n@acme.example", Name: "N", Role: account.RoleAgent})
	require.NoError(t, err)
	require.NoError(t, h.ForgotPassword(t.Context(), h.abe.Email, "192.0.2.1"))
	h.run()
	require.Eventually(t, func() bool { return len(h.mails.all()) == 2 }, 10*time.Second, time.Millisecond)
	require.Contains(t, h.mails.all()[0].Text, "\nhttps://desk.example.com/reset#")
	require.Contains(t, h.mails.all()[0].Text, "within 20 minutes")
	require.Contains(t, h.mails.all()[1].Text, "within 3 hours")
}
