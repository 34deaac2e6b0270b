// Package outboxpage is account.Mailer for development: a web page that shows
// the mails instead of sending them. Whoever can see it can take over any
// account, so it belongs on loopback only.
package outboxpage

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// Config sets up a [Page]. The zero value is usable.
type Config struct {
	Now  func() time.Time // time.Now
	Keep int              // how many mails are kept, the latest; 200
}

// A Page implements account.Mailer and is the handler of the page, usually at
// /dev/mail. Mails are kept in memory. It is safe for concurrent use.
type Page struct {
	cfg      Config
	template *template.Template

	mu    sync.Mutex
	mails []entry // oldest first
}

type entry struct {
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
}

//go:embed page.html
var page string

// New returns a page without mails.
func New(cfg Config) *Page {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keep == 0 {
		cfg.Keep = 200
	}
	url := regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]`)
	funcs := template.FuncMap{"paragraphs": func(text string) [][][]piece { return paragraphs(text, url) }}
	return &Page{cfg: cfg, template: template.Must(template.New("page").Funcs(funcs).Parse(page))}
}

// Send puts the mail on the page. It never fails.
func (p *Page) Send(_ context.Context, m account.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if extra := len(p.mails) + 1 - p.cfg.Keep; extra > 0 {
		p.mails = slices.Delete(p.mails, 0, extra)
	}
	p.mails = append(p.mails, entry{m.To, m.Subject, m.Text, m.Kind, p.cfg.Now().UTC()})
	return nil
}

// newestFirst returns a copy of the mails.
func (p *Page) newestFirst() []entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	mails := append([]entry{}, p.mails...)
	slices.Reverse(mails)
	return mails
}

// ServeHTTP answers GET with the mails, newest first: as a page, or as a JSON
// array of {"to","subject","text","kind","at"} to who accepts application/json.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "This page can only be read.", http.StatusMethodNotAllowed)
		return
	}
	var b bytes.Buffer
	var err error
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		h.Set("Content-Type", "application/json")
		err = json.NewEncoder(&b).Encode(p.newestFirst())
	} else {
		h.Set("Content-Type", "text/html; charset=utf-8")
		err = p.template.Execute(&b, p.newestFirst())
	}
	if err != nil {
		http.Error(w, "The mails cannot be shown.", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(b.Bytes()) // fails only if nobody is there to read it
}

// A piece is some text of a mail, or a link.
type piece struct{ Text, Link string }

// paragraphs returns the text as paragraphs of lines of pieces.
func paragraphs(text string, url *regexp.Regexp) (all [][][]piece) {
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		var lines [][]piece
		for line := range strings.SplitSeq(paragraph, "\n") {
			var pieces []piece
			from := 0
			for _, at := range url.FindAllStringIndex(line, -1) {
				pieces = append(pieces, piece{Text: line[from:at[0]]}, piece{Link: line[at[0]:at[1]]})
				from = at[1]
			}
			lines = append(lines, append(pieces, piece{Text: line[from:]}))
		}
		all = append(all, lines)
	}
	return all
}

// When returns the time for people.
func (e entry) When() string { return e.At.Format("2 Jan 2006 15:04:05 UTC") }

// Stamp returns the time for programs.
func (e entry) Stamp() string { return e.At.Format(time.RFC3339) }
