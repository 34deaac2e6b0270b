package outboxpage

import (
	"embed"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/internal/strictjson"
	"github.com/tandem-cc/tandem/vi"
)

//go:embed static
var static embed.FS

// Texts is what the page answers to who accepts application/json.
type Texts struct {
	Texts []Entry    `json:"texts"`   // newest first
	Off   []vi.Phone `json:"off"`     // handsets that are switched off
	All   bool       `json:"all_off"` // all of them are
}

// An Entry is one text of [Texts].
type Entry struct {
	ID     vi.InviteID     `json:"id"`
	To     vi.Phone        `json:"to"`
	Body   string          `json:"body"`
	Link   string          `json:"link"`   // the first address in the body
	Status vi.InviteStatus `json:"status"` // queued, sent, delivered or undelivered
	At     time.Time       `json:"at"`
}

// Texts returns the texts on the page.
func (p *Page) Texts() Texts {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := Texts{Texts: []Entry{}, Off: []vi.Phone{}, All: p.allOff}
	for _, t := range slices.Backward(p.texts) {
		all.Texts = append(all.Texts, Entry{t.ID, t.To, t.Body, link(t.Body), t.status, t.at.UTC()})
	}
	for number := range p.off {
		all.Off = append(all.Off, number)
	}
	slices.Sort(all.Off)
	return all
}

// ServeHTTP serves the page and its files, and takes POST /dev/phone/power
// {"number":"+6581234567","on":false}: a number of "" means all.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	switch {
	case r.URL.Path == "/dev/phone/power":
		http.NewCrossOriginProtection().Handler(http.HandlerFunc(p.power)).ServeHTTP(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "This page can only be read.", http.StatusMethodNotAllowed)
	case r.URL.Path == "/dev/phone":
		p.page(w, r)
	case r.URL.Path == "/dev/phone/phone.css":
		send(w, "text/css; charset=utf-8", "static/phone.css")
	case r.URL.Path == "/dev/phone/phone.js":
		send(w, "text/javascript; charset=utf-8", "static/phone.js")
	case r.URL.Path == "/dev/phone/phone.svg":
		send(w, "image/svg+xml", "static/phone.svg")
	default:
		http.Error(w, "There is no such page.", http.StatusNotFound)
	}
}

func (p *Page) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "application/json") {
		send(w, "text/html; charset=utf-8", "static/phone.html")
		return
	}
	answer(w, p.Texts())
}

func (p *Page) power(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "The switch can only be moved.", http.StatusMethodNotAllowed)
		return
	}
	var in struct {
		Number vi.Phone `json:"number"`
		On     bool     `json:"on"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
	if err == nil {
		err = strictjson.Decode(body, &in)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.Switch(in.Number, in.On)
	answer(w, p.Texts())
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails only if nobody is there to read it
}

func send(w http.ResponseWriter, media, name string) {
	body, err := static.ReadFile(name)
	if err != nil {
		http.Error(w, "There is no such page.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", media)
	_, _ = w.Write(body) // fails only if nobody is there to read it
}
