package account

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A letter is a mail on its way: written already, or to be written to the user
// with that e-mail address when its turn comes, so that asking for it takes the
// same time whether or not there is one.
type letter struct {
	mail   Mail
	forgot string
	tries  int
	due    time.Time
}

// post hands the letter to Run. It reports whether there was room.
func (a *Accounts) post(l letter) bool {
	select {
	case a.letters <- l:
		return true
	default:
		return false
	}
}

const (
	sendTimeout = 30 * time.Second
	lastChance  = 5 * time.Second // to send what waits when Run is told to stop
)

// Run sends mails, and deletes expired sessions and password links every
// Config.SweepEvery, until ctx ends; then it tries once more, for up to 5
// seconds, to send what waits. It returns nil.
func (a *Accounts) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { a.sendMails(ctx) })
	wg.Go(func() { a.sweepForEver(ctx) })
	wg.Wait()
	return nil
}

func (a *Accounts) sendMails(ctx context.Context) {
	var waiting []letter // failed, to be tried again
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			a.sendLast(ctx, waiting)
			return
		case l := <-a.letters:
			waiting = a.send(ctx, l, waiting)
		case <-timer.C:
			due := waiting
			waiting = nil
			for _, l := range due {
				if ctx.Err() != nil || time.Now().Before(l.due) {
					waiting = append(waiting, l)
				} else {
					waiting = a.send(ctx, l, waiting)
				}
			}
		}
		timer.Stop()
		if len(waiting) > 0 {
			next := waiting[0].due
			for _, l := range waiting {
				if l.due.Before(next) {
					next = l.due
				}
			}
			timer.Reset(time.Until(next))
		}
	}
}

// send sends the letter, or adds it to those that are tried again later.
func (a *Accounts) send(ctx context.Context, l letter, waiting []letter) []letter {
	l, err := a.trySend(ctx, l)
	if err == nil {
		return waiting
	}
	log := a.cfg.Log.With("kind", l.mail.Kind, "tries", l.tries, "err", err)
	switch {
	case ctx.Err() != nil:
		return append(waiting, l)
	case l.tries > len(a.cfg.MailRetry):
		log.Error("a mail could not be sent and is given up")
		return waiting
	case len(waiting) >= a.cfg.MailQueue:
		log.Error("a mail could not be sent and is given up: too many others wait")
		return waiting
	}
	log.Warn("a mail could not be sent and is tried again")
	l.due = time.Now().Add(a.cfg.MailRetry[l.tries-1])
	return append(waiting, l)
}

func (a *Accounts) trySend(ctx context.Context, l letter) (letter, error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	l.tries++
	if l.forgot != "" {
		m, ok, err := a.reset(ctx, l.forgot)
		if err != nil {
			l.mail.Kind = MailReset
			return l, err
		}
		if !ok {
			return l, nil
		}
		l.mail, l.forgot = m, ""
	}
	return l, a.mailer.Send(ctx, l.mail)
}

// sendLast tries once more what waits at the end.
func (a *Accounts) sendLast(ctx context.Context, waiting []letter) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastChance)
	defer cancel()
	for {
		select {
		case l := <-a.letters:
			waiting = append(waiting, l)
			continue
		default:
		}
		break
	}
	lost := 0
	for _, l := range waiting {
		if _, err := a.trySend(ctx, l); err != nil {
			lost++
		}
	}
	if lost > 0 {
		a.cfg.Log.Warn("mails were waiting at the end and are lost", "mails", lost)
	}
}

func (a *Accounts) sweepForEver(ctx context.Context) {
	tick := time.NewTicker(a.cfg.SweepEvery)
	defer tick.Stop()
	for {
		if err := a.Sweep(ctx); err != nil && ctx.Err() == nil {
			a.cfg.Log.Error("expired sessions could not be deleted", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep deletes the expired sessions and password links of every account. Run
// does this; they are refused before that too.
func (a *Accounts) Sweep(ctx context.Context) error {
	const page = 100
	now := a.now()
	for after := ID(""); ; {
		ids, err := a.store.Accounts(ctx, after, page)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		for _, id := range ids {
			if err := a.store.Update(ctx, id, func(tx Tx) error { return tx.Sweep(ctx, now) }); err != nil {
				return fmt.Errorf("sweep account %s: %w", id, err)
			}
		}
		if len(ids) < page {
			return nil
		}
		after = ids[page-1]
	}
}

// link returns where a password is chosen. The token is in the fragment, which
// browsers send to no server: it stays out of access logs and referrers.
func (a *Accounts) link(token string) string { return a.cfg.PublicURL + "/reset#" + token }

func (a *Accounts) resetMail(u User, token string) Mail {
	return Mail{
		To: u.Email, Subject: "Choose a new password", Kind: MailReset,
		Text: strings.Join([]string{
			"Hello " + u.Name + ",",
			"somebody, probably you, has asked for a new password for your account. Choose it here:",
			a.link(token),
			"The link works once, within " + lifetime(a.cfg.ResetLifetime) + ". If you did not ask for it, do nothing: your password stays as it is.",
		}, "\n\n") + "\n",
	}
}

func (a *Accounts) invitation(u User, token string) Mail {
	return Mail{
		To: u.Email, Subject: "Your new account", Kind: MailInvitation,
		Text: strings.Join([]string{
			"Hello " + u.Name + ",",
			"an account has been made for you. Choose your password here, and sign in with this e-mail address:",
			a.link(token),
			"The link works once, within " + lifetime(a.cfg.InvitationLifetime) + ". If it has expired, choose \"Forgot password\" on the sign-in page.",
		}, "\n\n") + "\n",
	}
}

// lifetime returns a duration in words, rounded down to its unit.
func lifetime(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprint(int(d.Hours())/24, " days")
	case d >= 2*time.Hour:
		return fmt.Sprint(int(d.Hours()), " hours")
	default:
		return fmt.Sprint(int(d.Minutes()), " minutes")
	}
}
