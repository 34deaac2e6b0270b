// Package outboxpage is vi.Texter for development: a page that shows each text
// as it would arrive on a handset, with its link, instead of sending it. Whoever
// can see it can join any call as its customer, so it belongs on loopback only.
package outboxpage

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/vi"
)

// Config sets up a [Page]. The zero value is usable.
type Config struct {
	Delivered func(context.Context, vi.Delivery) error // takes the reports in, as vi.Calls.Deliver does; none are made without it
	Pause     time.Duration                            // from taking a text to its report "sent", and on to "delivered"; 400 ms
	Keep      int                                      // how many texts are kept, the latest; 200
	Now       func() time.Time                         // time.Now
	Log       *slog.Logger                             // discards
}

// A Page implements vi.Texter and is the handler of the page, at /dev/phone and
// beneath it. Texts are kept in memory. Reports go out while Run runs. It is safe
// for concurrent use.
type Page struct {
	cfg  Config
	wake chan struct{} // a report is due earlier than Run knows

	mu      sync.Mutex
	texts   []text // oldest first
	reports []report
	off     map[vi.Phone]bool // handsets that are switched off
	allOff  bool
}

// A text is one message on the page.
type text struct {
	vi.Text
	status vi.InviteStatus
	at     time.Time // taken
}

// A report is due about a text.
type report struct {
	id   vi.InviteID
	at   time.Time
	done bool // tells whether the text arrived, not just that it was sent
}

// switchedOff is what the agent reads about a text that did not arrive.
const switchedOff = "The phone is switched off or out of reach."

// New returns a page without texts, all handsets switched on.
func New(cfg Config) *Page {
	if cfg.Pause == 0 {
		cfg.Pause = 400 * time.Millisecond
	}
	if cfg.Keep == 0 {
		cfg.Keep = 200
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Page{cfg: cfg, wake: make(chan struct{}, 1), off: map[vi.Phone]bool{}}
}

// Text puts the text on the page. It never fails. A text with an ID that the
// page has is the same text sent again.
func (p *Page) Text(_ context.Context, t vi.Text) (provider string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	provider = fmt.Sprintf("phone-page-%s", t.ID)
	if p.find(t.ID) != nil {
		return provider, nil
	}
	if extra := len(p.texts) + 1 - p.cfg.Keep; extra > 0 {
		p.texts = slices.Delete(p.texts, 0, extra)
	}
	now := p.cfg.Now()
	p.texts = append(p.texts, text{t, vi.InviteQueued, now})
	p.due(report{t.ID, now.Add(p.cfg.Pause), false})
	p.due(report{t.ID, now.Add(2 * p.cfg.Pause), true})
	return provider, nil
}

// Switch switches a handset off or on, or all of them for no number. Texts to a
// handset that is off are not delivered; they arrive when it is on again.
func (p *Page) Switch(number vi.Phone, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case number == "":
		p.allOff = !on
	case on:
		delete(p.off, number)
	default:
		p.off[number] = true
	}
	now := p.cfg.Now()
	for _, t := range p.texts {
		if t.status == vi.InviteUndelivered && p.reachable(t.To) {
			p.due(report{t.ID, now.Add(p.cfg.Pause), true})
		}
	}
}

// Run sends the reports that are due, until ctx ends.
func (p *Page) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-p.wake:
		}
		due, next := p.take()
		for _, d := range due {
			if err := p.cfg.Delivered(ctx, d); err != nil && ctx.Err() == nil {
				p.cfg.Log.Warn("the report on a text was refused", "call", d.Call, "invite", d.Invite, "status", string(d.Status), "err", err)
			}
		}
		if !next.IsZero() {
			timer.Reset(max(0, next.Sub(p.cfg.Now())))
		}
	}
}

// take returns what is to be reported now, and when the next report is due.
func (p *Page) take() (due []vi.Delivery, next time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	slices.SortStableFunc(p.reports, func(a, b report) int { return a.at.Compare(b.at) })
	for len(p.reports) > 0 && !p.reports[0].at.After(now) {
		r := p.reports[0]
		p.reports = p.reports[1:]
		if t := p.find(r.id); t != nil && t.status != vi.InviteDelivered {
			due = append(due, p.arrive(t, r.done, now))
		}
	}
	if len(p.reports) > 0 {
		next = p.reports[0].at
	}
	if p.cfg.Delivered == nil {
		due = nil
	}
	return due, next
}

// arrive moves the text on and returns the report about it.
func (p *Page) arrive(t *text, done bool, now time.Time) vi.Delivery {
	d := vi.Delivery{Account: t.Account, Call: t.Call, Invite: t.ID, Status: vi.InviteSent, At: now}
	switch {
	case !done:
	case p.reachable(t.To):
		d.Status = vi.InviteDelivered
	default:
		d.Status, d.Problem = vi.InviteUndelivered, switchedOff
	}
	t.status = d.Status
	return d
}

func (p *Page) due(r report) {
	p.reports = append(p.reports, r)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *Page) reachable(number vi.Phone) bool { return !p.allOff && !p.off[number] }

func (p *Page) find(id vi.InviteID) *text {
	for i := range p.texts {
		if p.texts[i].ID == id {
			return &p.texts[i]
		}
	}
	return nil
}

var address = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]`)

// link returns the first address in a text, or "".
func link(body string) string { return address.FindString(body) }
