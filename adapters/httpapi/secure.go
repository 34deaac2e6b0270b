package httpapi

import "net/http"

// Secure sets the headers that browsers need to keep our pages and answers
// apart from those of others, then calls next, which may set others: a page
// replaces the Content-Security-Policy, which by default allows nothing.
//
// With https it also says that the host is to be reached by HTTPS alone, for two
// years (RFC 6797). Its subdomains are not ours to speak for.
func Secure(next http.Handler, https bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header(), https)
		next.ServeHTTP(w, r)
	})
}

func secure(h http.Header, https bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(self)")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if https {
		h.Set("Strict-Transport-Security", "max-age=63072000")
	}
}
