package webui

import (
	"io/fs"
	"net/http"
	"strings"
)

// chatRoutes adds the web chat: the script that a company puts on its site, and
// the page that the script shows in a frame there.
func (s *site) chatRoutes(mux *http.ServeMux) {
	if s.cfg.ChatOrigins == nil {
		return
	}
	script, err := fs.ReadFile(s.static, "widget.js")
	if err != nil {
		panic("webui: " + err.Error()) // embedded
	}
	mux.Handle("/widget.js", s.widget(newFile(types[".js"], script)))
	mux.Handle("/chat", s.chat())
}

// widget serves the script to pages of whatever site. Its address has no version
// in it, since it stands in pages that are not ours; so browsers ask again soon.
func (s *site) widget(script *file) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			s.problem(http.StatusMethodNotAllowed).ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*") // a module from another site is fetched with CORS
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Cache-Control", "public, max-age=300")
		script.send(w, r, http.StatusOK)
	})
}

// chat serves the page of a web chat to frames on the sites that may carry it.
// It is the same page whatever the key.
func (s *site) chat() http.Handler {
	page := s.open("chat")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origins, ok := s.cfg.ChatOrigins(r.Context(), r.URL.Query().Get("key"))
		if !ok {
			s.problem(http.StatusNotFound).ServeHTTP(w, r)
			return
		}
		from := "*"
		if len(origins) > 0 {
			from = "'self' " + strings.Join(origins, " ")
		}
		h := w.Header()
		h.Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors "+from, 1))
		h.Del("X-Frame-Options")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		page.ServeHTTP(w, r)
	})
}
