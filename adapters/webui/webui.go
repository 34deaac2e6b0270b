// Package webui is the pages that people see: sign-in, home, call log, the
// agent's console and the customer's page, with their styles and scripts. They
// are plain HTML, CSS and ES modules, served as they stand in the tree; what
// they show comes from the HTTP API and the sockets.
//
// The files of static/ are served under /ui/. A page names them as
// "/ui/tokens.css", which New turns into "/ui/VERSION/tokens.css": VERSION is
// made of the content of all of them, so that a browser keeps each for a year
// and never mixes two releases. Scripts import each other by relative paths and
// so stay within one version.
//
// Check the scripts' types with:
//
//	npx -y -p typescript@5 tsc -p adapters/webui
package webui

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
)

//go:embed static pages
var files embed.FS

// Config sets up the pages. The zero Config serves them over plain HTTP and
// takes nobody for signed in.
type Config struct {
	SignedIn func(*http.Request) bool // whether the request's session is valid
	Secure   bool                     // the pages are reached over https
	Version  string                   // of the product, shown in the user's menu
	Dev      bool                     // serve /dev/components

	// ChatOrigins returns the sites that may carry the web chat with that public
	// key, any if there are none, and whether there is such a chat. Without it
	// there is no chat.
	ChatOrigins func(ctx context.Context, key string) (origins []string, ok bool)
}

// A site serves the pages.
type site struct {
	cfg    Config
	assets *assets
	pages  map[string]*page
	static fs.FS
}

// New returns the handler of the pages. It answers every path: what is not a
// page of it gets the page that says so.
func New(cfg Config) http.Handler {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(fmt.Sprintf("webui: %v", err)) // embedded: a build that starts once always starts
	}
	s, err := load(cfg, static)
	if err != nil {
		panic(fmt.Sprintf("webui: %v", err))
	}
	return s.handler()
}

func load(cfg Config, static fs.FS) (*site, error) {
	if cfg.SignedIn == nil {
		cfg.SignedIn = func(*http.Request) bool { return false }
	}
	a, err := loadAssets(static)
	if err != nil {
		return nil, err
	}
	pages, err := loadPages(cfg, static, a.version)
	if err != nil {
		return nil, err
	}
	return &site{cfg, a, pages, static}, nil
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/ui/", s.assets)
	mux.Handle("/signin", s.signIn())
	mux.Handle("/forgot", s.open("forgot"))
	mux.Handle("/reset", s.open("reset"))
	mux.Handle("/j/{token}", s.customer())
	mux.Handle("/{$}", s.closed("home"))
	mux.Handle("/calls", s.closed("calls"))
	mux.Handle("/calls/{id}", s.closed("detail"))
	mux.Handle("/call/{id}", s.closed("console"))
	mux.Handle("/desk", s.closed("desk"))
	mux.Handle("/desk/{ticket}", s.closed("desk"))
	s.officeRoutes(mux)
	s.chatRoutes(mux)
	if s.cfg.Dev {
		mux.Handle("/dev/components", s.open("components"))
	}
	mux.Handle("/", s.problem(http.StatusNotFound))
	return s.secure(mux)
}

// open serves a page to everybody.
func (s *site) open(name string) http.Handler { return s.get(s.pages[name]) }

// closed serves a page to whoever is signed in, and sends others to sign in.
func (s *site) closed(name string) http.Handler {
	page := s.open(name)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.cfg.SignedIn(r) {
			redirect(w, r, "/signin?next="+url.QueryEscape(r.URL.RequestURI()))
			return
		}
		page.ServeHTTP(w, r)
	})
}

// signIn serves the sign-in page. Who is signed in goes on, unless the page that
// sent them here has just been told that the session is over: then the two would
// send the browser to and fro.
func (s *site) signIn() http.Handler {
	page := s.open("signin")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); !q.Has("ended") && s.cfg.SignedIn(r) {
			redirect(w, r, safeNext(q.Get("next")))
			return
		}
		page.ServeHTTP(w, r)
	})
}

// customer serves the page behind an invitation's link. It is the same page
// whatever the token, and looks nothing up: previews and scanners that follow
// links change nothing by it.
func (s *site) customer() http.Handler {
	page := s.open("customer")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Robots-Tag", "noindex, nofollow")
		w.Header().Set("Cache-Control", "no-store")
		page.ServeHTTP(w, r)
	})
}

// get lets GET and HEAD through to the page.
func (s *site) get(p *page) http.Handler {
	refused := s.problem(http.StatusMethodNotAllowed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refused.ServeHTTP(w, r)
			return
		}
		p.serve(w, r, http.StatusOK)
	})
}

// problem serves the page that says what is wrong with the request.
func (s *site) problem(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.pages[problemPage(status)].serve(w, r, status)
	})
}

func problemPage(status int) string { return fmt.Sprintf("problem-%d", status) }

// policy is the content security policy: everything from this server, nothing
// inline, nothing in a frame.
var policy = strings.Join([]string{
	"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data:",
	"media-src 'self' blob:", "connect-src 'self'", "font-src 'self'", "manifest-src 'self'",
	"base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
}, "; ")

// secure sets the headers that every answer carries.
func (s *site) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(self)")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.cfg.Secure {
			h.Set("Strict-Transport-Security", "max-age=63072000")
		}
		next.ServeHTTP(w, r)
	})
}

func redirect(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// safeNext returns the path to go to after sign-in: next if it is a path of this
// site, else the home page. A browser reads "//host", "/\host" and "/<tab>/host"
// as another site, so a backslash or a control character anywhere is refused.
func safeNext(next string) string {
	const home = "/"
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		return home
	}
	if strings.ContainsFunc(next, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return home
	}
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.Path == "/signin" {
		return home
	}
	return u.String()
}
