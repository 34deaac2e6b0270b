package webui

import (
	"io/fs"
	"net/http"
	"regexp"
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
// It is the same page whatever the key: of a chat that there is not, it says so,
// and the script takes its button away.
func (s *site) chat() http.Handler {
	page := s.pages["chat"]
	refused := s.problem(http.StatusMethodNotAllowed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refused.ServeHTTP(w, r)
			return
		}
		status := http.StatusOK
		origins, ok := s.cfg.ChatOrigins(r.Context(), r.URL.Query().Get("key"))
		if !ok {
			status, origins = http.StatusNotFound, nil
		}
		h := w.Header()
		h.Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors "+ancestors(origins), 1))
		h.Del("X-Frame-Options") // which knows no list of sites
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp") // a site that asks for it shows no frame that does not
		h.Set("X-Robots-Tag", "noindex, nofollow")
		page.serve(w, r, status)
	})
}

// source is an origin as it may stand in a policy: what a URL allows in a host,
// such as a semicolon, would begin another directive.
var source = regexp.MustCompile(`^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// ancestors returns the sites that may carry the chat, as the policy says it:
// this one and those listed, or any if there is no list.
func ancestors(origins []string) string {
	if len(origins) == 0 {
		return "*"
	}
	all := []string{"'self'"}
	for _, o := range origins {
		if source.MatchString(o) {
			all = append(all, o)
		}
	}
	return strings.Join(all, " ")
}
