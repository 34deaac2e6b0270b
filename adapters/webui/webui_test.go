package webui_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/webui"
)

// everyPage holds a path of each page.
var everyPage = []string{"/", "/calls", "/calls/0197", "/call/0197", "/desk", "/desk/0197", "/signin?ended", "/forgot", "/reset", "/j/8Q2vK1", "/dev/components", "/nothing/here"}

func signedIn(yes bool) webui.Config {
	return webui.Config{SignedIn: func(*http.Request) bool { return yes }, Dev: true, Version: "1.2.3"}
}

// get asks for a page; header holds names and values in turn.
func get(t *testing.T, h http.Handler, target string, header ...string) *http.Response {
	t.Helper()
	return do(t, h, http.MethodGet, target, header...)
}

func do(t *testing.T, h http.Handler, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func TestEveryAnswerIsSecure(t *testing.T) {
	h := webui.New(signedIn(true))
	for _, path := range append([]string{"/ui/tokens.css", "/ui/none.css"}, everyPage...) {
		res := get(t, h, path)
		policy := res.Header.Get("Content-Security-Policy")
		require.NotContains(t, policy, "unsafe", path)
		require.NotContains(t, policy, "http", path)
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			require.Contains(t, strings.Split(policy, "; "), want, path)
		}
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"), path)
		require.Equal(t, "camera=(self), microphone=(self), geolocation=(self)", res.Header.Get("Permissions-Policy"), path)
		require.Empty(t, res.Header.Get("Strict-Transport-Security"), path)
	}
	secure := signedIn(true)
	secure.Secure = true
	require.NotEmpty(t, get(t, webui.New(secure), "/").Header.Get("Strict-Transport-Security"))
}

func TestPagesAtTheirPaths(t *testing.T) {
	h := webui.New(signedIn(true))
	for path, title := range map[string]string{
		"/": "Home", "/calls": "Call log", "/calls/0197": "Call", "/desk": "Desk", "/desk/0197": "Desk", "/forgot": "Forgotten password", "/reset": "New password",
		"/signin?ended": "Sign in", "/dev/components": "Components",
	} {
		res := get(t, h, path)
		require.Equal(t, 200, res.StatusCode, path)
		require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"), path)
		require.Contains(t, body(t, res), "<title>"+title+" · Tandem</title>", path)
	}
	for _, path := range []string{"/nothing", "/calls/1/2", "/call/", "/j/", "/call/1/x", "/desk/", "/desk/1/2", "/signin/", "/pages/home.html", "/webui.go"} {
		res := get(t, h, path)
		require.Equal(t, 404, res.StatusCode, path)
		require.Contains(t, body(t, res), "There is no such page", path)
	}
	for _, path := range []string{"/", "/signin?ended", "/j/8Q2vK1"} {
		res := do(t, h, http.MethodPost, path)
		require.Equal(t, 405, res.StatusCode, path)
		require.Equal(t, "GET, HEAD", res.Header.Get("Allow"), path)
	}
	res := do(t, h, http.MethodHead, "/")
	require.Equal(t, 200, res.StatusCode)
	require.Empty(t, body(t, res))
	require.Equal(t, 404, get(t, webui.New(webui.Config{}), "/dev/components").StatusCode, "for development only")
}

func TestCustomersPageIsInertAndForgotten(t *testing.T) {
	asked := 0
	h := webui.New(webui.Config{SignedIn: func(*http.Request) bool { asked++; return false }})
	first := get(t, h, "/j/8Q2vK1hYb0sEXAMPLE7token")
	require.Equal(t, 200, first.StatusCode)
	require.Equal(t, "no-store", first.Header.Get("Cache-Control"))
	require.Empty(t, first.Header.Get("ETag"))
	require.Contains(t, first.Header.Get("X-Robots-Tag"), "noindex")
	page := body(t, first)
	require.NotContains(t, page, "8Q2vK1", "the token is not in the page")
	require.Equal(t, page, body(t, get(t, h, "/j/other")), "nothing is told by it")
	require.Zero(t, asked)
}

func TestSignInFirst(t *testing.T) {
	h := webui.New(signedIn(false))
	for path, want := range map[string]string{
		"/":                      "/signin?next=%2F",
		"/calls?status=dropped":  "/signin?next=%2Fcalls%3Fstatus%3Ddropped",
		"/calls/0197?x=1&next=y": "/signin?next=%2Fcalls%2F0197%3Fx%3D1%26next%3Dy",
		"/call/0197":             "/signin?next=%2Fcall%2F0197",
		"/desk/0197?view=queue":  "/signin?next=%2Fdesk%2F0197%3Fview%3Dqueue",
	} {
		res := get(t, h, path)
		require.Equal(t, 303, res.StatusCode, path)
		require.Equal(t, want, res.Header.Get("Location"), path)
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	}
	for _, path := range []string{"/signin", "/forgot", "/reset", "/j/8Q2vK1"} {
		require.Equal(t, 200, get(t, h, path).StatusCode, path)
	}
}

func TestSignedInGoesOnWithinTheSite(t *testing.T) {
	h := webui.New(signedIn(true))
	for next, want := range map[string]string{
		"":                        "/",
		"/calls?q=a+b&status=x,y": "/calls?q=a+b&status=x,y",
		"/call/0197":              "/call/0197",
		"calls":                   "/",
		"//evil.example":          "/",
		"///evil.example":         "/",
		`/\evil.example`:          "/",
		`\\evil.example`:          "/",
		`/calls\..\..`:            "/",
		"/\t/evil.example":        "/",
		"/\n/evil.example":        "/",
		"/\x7f/evil.example":      "/",
		"https://evil.example/":   "/",
		"https:/evil.example":     "/",
		"javascript:alert(1)":     "/",
		"/signin?next=/signin":    "/",
		"/%zz":                    "/",
		" //evil.example":         "/",
	} {
		res := get(t, h, "/signin?next="+url.QueryEscape(next))
		require.Equal(t, 303, res.StatusCode, "%q", next)
		require.Equal(t, want, res.Header.Get("Location"), "%q", next)
	}
	require.Equal(t, 200, get(t, h, "/signin?ended=1&next=%2F").StatusCode, "a page that found the session over does not come back at once")
}

func TestFirstPaintHasTheChosenLook(t *testing.T) {
	h := webui.New(signedIn(true))
	for _, path := range []string{"/", "/call/1", "/j/8Q2vK1"} {
		require.Contains(t, body(t, get(t, h, path)), `<html lang=`, path)
		require.Contains(t, body(t, get(t, h, path, "Cookie", "theme=dark; density=compact")), `<html data-theme="dark" data-density="compact" lang=`, path)
		require.Contains(t, body(t, get(t, h, path, "Cookie", "theme=light")), `<html data-theme="light" lang=`, path)
		require.Contains(t, body(t, get(t, h, path, "Cookie", `theme="><script>`)), `<html lang=`, path)
	}
	require.Contains(t, get(t, h, "/").Header.Values("Vary"), "Cookie")
	require.NotEqual(t, get(t, h, "/").Header.Get("ETag"), get(t, h, "/", "Cookie", "theme=dark").Header.Get("ETag"))
}

func TestPagesAreAskedForAgainAndFilesAreKept(t *testing.T) {
	h := webui.New(signedIn(true))
	page := get(t, h, "/")
	require.Equal(t, "private, no-cache", page.Header.Get("Cache-Control"))
	tag := page.Header.Get("ETag")
	again := get(t, h, "/", "If-None-Match", `"x", W/`+tag)
	require.Equal(t, 304, again.StatusCode)
	require.Empty(t, body(t, again))
	require.Equal(t, 200, get(t, h, "/", "If-None-Match", `"x"`).StatusCode)

	at := strings.Index(body(t, get(t, h, "/")), `/tokens.css"`)
	require.Positive(t, at)
	versioned := ""
	for _, part := range strings.Split(body(t, get(t, h, "/")), `"`) {
		if strings.HasSuffix(part, "/tokens.css") {
			versioned = part
		}
	}
	require.Regexp(t, `^/ui/[0-9a-f]{12}/tokens\.css$`, versioned)
	res := get(t, h, versioned)
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
	for _, other := range []string{"/ui/tokens.css", "/ui/0123456789ab/tokens.css"} {
		res := get(t, h, other)
		require.Equal(t, 200, res.StatusCode, other)
		require.Equal(t, "no-cache", res.Header.Get("Cache-Control"), other)
		require.Equal(t, 304, get(t, h, other, "If-None-Match", res.Header.Get("ETag")).StatusCode)
	}
	for _, none := range []string{"/ui/", "/ui/none.js", "/ui/../webui.go", "/ui/customer.html", "/ui/shell"} {
		require.NotEqual(t, 200, get(t, h, none).StatusCode, none)
	}
	require.Equal(t, 405, do(t, h, http.MethodDelete, "/ui/tokens.css").StatusCode)
}

func TestCompresses(t *testing.T) {
	h := webui.New(signedIn(true))
	for _, path := range []string{"/", "/ui/components.css"} {
		plain := get(t, h, path)
		want := body(t, plain)
		require.Empty(t, plain.Header.Get("Content-Encoding"))
		require.Equal(t, fmt.Sprint(len(want)), plain.Header.Get("Content-Length"))
		for _, accept := range []string{"gzip", "br;q=1.0, gzip;q=0.8", "GZIP"} {
			res := get(t, h, path, "Accept-Encoding", accept)
			require.Equal(t, "gzip", res.Header.Get("Content-Encoding"), accept)
			require.Contains(t, res.Header.Values("Vary"), "Accept-Encoding")
			require.NotEqual(t, plain.Header.Get("ETag"), res.Header.Get("ETag"))
			z, err := gzip.NewReader(res.Body)
			require.NoError(t, err)
			got, err := io.ReadAll(z)
			require.NoError(t, err)
			require.Equal(t, want, string(got))
			require.Less(t, res.ContentLength, plain.ContentLength/2)
			require.Equal(t, 304, get(t, h, path, "Accept-Encoding", accept, "If-None-Match", res.Header.Get("ETag")).StatusCode)
		}
		for _, accept := range []string{"", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"} {
			require.Empty(t, get(t, h, path, "Accept-Encoding", accept).Header.Get("Content-Encoding"), accept)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	h := webui.New(signedIn(true))
	for path, want := range map[string]string{
		"/ui/tokens.css": "text/css; charset=utf-8", "/ui/ui.js": "text/javascript; charset=utf-8", "/ui/icons.svg": "image/svg+xml",
	} {
		require.Equal(t, want, get(t, h, path).Header.Get("Content-Type"), path)
	}
}
