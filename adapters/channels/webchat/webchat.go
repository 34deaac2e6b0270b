// Package webchat is the desk's channel of web chats: customers read what we
// write from our own store, so that a message that is committed has arrived.
// [Site] is a page that carries the chat, for trying it out.
package webchat

import (
	"context"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/tandem-cc/tandem/desk"
)

// A Channel implements [desk.Channel].
type Channel struct{}

var _ desk.Channel = Channel{}

// Send has nothing to do.
func (Channel) Send(context.Context, desk.Outgoing) (string, error) { return "", nil }

// Instant says that committing a message sends it.
func (Channel) Instant() bool { return true }

//go:embed site.html
var siteHTML string

var site = template.Must(template.New("site").Parse(siteHTML))

// Site returns the page of a made-up company that carries the chat with the
// public key that key returns.
func Site(key func(context.Context) (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k, err := key(r.Context())
		if err != nil {
			http.Error(w, "there is no web chat yet", http.StatusNotFound)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; frame-src 'self'; img-src 'self'; base-uri 'none'")
		h.Set("Cache-Control", "no-store")
		_ = site.Execute(w, struct{ Key string }{k}) // the browser has gone, if it fails
	})
}
