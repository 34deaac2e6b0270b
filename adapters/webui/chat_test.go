package webui_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/webui"
)

// chats is a site with chats: of any site's, of some sites', and of an origin
// that is none.
func chats() webui.Config {
	cfg := signedIn(false)
	cfg.ChatOrigins = func(_ context.Context, key string) ([]string, bool) {
		origins, ok := map[string][]string{
			"any":  nil,
			"some": {"https://shop.example", "http://localhost:8080", "https://[2001:db8::1]:8443"},
			"bad":  {"https://a.example;script-src *", "https://b.example, default-src *", "https://*", "javascript:alert(1)", "https://u@c.example", "https://d.example/path", "'none'", "https://e.example\r\nX: y"},
		}[key]
		return origins, ok
	}
	return cfg
}

func ancestorsOf(t *testing.T, policy string) string {
	t.Helper()
	var found []string
	for d := range strings.SplitSeq(policy, "; ") {
		if rest, ok := strings.CutPrefix(d, "frame-ancestors "); ok {
			found = append(found, rest)
		}
	}
	require.Len(t, found, 1, policy)
	return found[0]
}

func TestChatMayBeFramedWhereTheLineSays(t *testing.T) {
	h := webui.New(chats())
	for key, want := range map[string]string{
		"any": "*", "some": "'self' https://shop.example http://localhost:8080 https://[2001:db8::1]:8443", "bad": "'self'", "none": "*",
	} {
		res := get(t, h, "/chat?key="+key)
		status := 200
		if key == "none" {
			status = 404
		}
		require.Equal(t, status, res.StatusCode, key)
		policy := res.Header.Get("Content-Security-Policy")
		require.Equal(t, want, ancestorsOf(t, policy), key)
		for _, d := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'self'"} {
			require.Contains(t, strings.Split(policy, "; "), d, key)
		}
		require.NotContains(t, policy, "unsafe")
		require.Empty(t, res.Header.Get("X-Frame-Options"), key)
		require.Equal(t, "cross-origin", res.Header.Get("Cross-Origin-Resource-Policy"), key)
		require.Equal(t, "require-corp", res.Header.Get("Cross-Origin-Embedder-Policy"), key)
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"), key)
		require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"), key)
		require.Equal(t, body(t, get(t, h, "/chat?key=any")), body(t, res), "the page is the same whatever the key")
	}
	for _, path := range []string{"/", "/signin", "/nothing"} {
		res := get(t, h, path)
		require.Equal(t, "'none'", ancestorsOf(t, res.Header.Get("Content-Security-Policy")), path)
		require.Equal(t, "DENY", res.Header.Get("X-Frame-Options"), path)
		require.Equal(t, "same-origin", res.Header.Get("Cross-Origin-Resource-Policy"), path)
	}
}

func TestWidgetIsForEverySite(t *testing.T) {
	h := webui.New(chats())
	res := get(t, h, "/widget.js", "Origin", "https://shop.example")
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "text/javascript; charset=utf-8", res.Header.Get("Content-Type"))
	require.Equal(t, "*", res.Header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, res.Header.Get("Access-Control-Allow-Credentials"))
	require.Equal(t, "cross-origin", res.Header.Get("Cross-Origin-Resource-Policy"))
	require.Equal(t, "public, max-age=300", res.Header.Get("Cache-Control"))
	require.NotEmpty(t, res.Header.Get("ETag"))
	script := body(t, res)
	require.Empty(t, imports.FindAllString(script, -1), "it stands alone: what it imported would be looked for beside it")
	require.Equal(t, 304, get(t, h, "/widget.js", "If-None-Match", res.Header.Get("ETag")).StatusCode)
}

func TestNoChatWithoutLines(t *testing.T) {
	h := webui.New(signedIn(true))
	for _, path := range []string{"/chat?key=any", "/widget.js"} {
		require.Equal(t, 404, get(t, h, path).StatusCode, path)
	}
	h = webui.New(chats())
	for _, path := range []string{"/chat?key=any", "/widget.js"} {
		res := do(t, h, "POST", path)
		require.Equal(t, 405, res.StatusCode, path)
		require.Equal(t, "GET, HEAD", res.Header.Get("Allow"), path)
	}
}

// What holds for every page's markup holds for the chat's.
func TestChatPage(t *testing.T) {
	h := webui.New(chats())
	text := body(t, get(t, h, "/chat?key=any"))
	page := elements(t, text)
	ids := map[string]bool{}
	for _, e := range page {
		require.NotEqual(t, "style", e.tag)
		for name := range e.attrs {
			require.NotEqual(t, "style", name)
			require.False(t, strings.HasPrefix(name, "on"), name)
		}
		if id := e.attrs["id"]; id != "" {
			require.False(t, ids[id], id)
			ids[id] = true
		}
		for _, name := range []string{"src", "href"} {
			if file, _, _ := strings.Cut(e.attrs[name], "#"); file != "" {
				require.Equal(t, 200, get(t, h, file).StatusCode, file)
			}
		}
	}
	icons := body(t, get(t, h, "/ui/icons.svg"))
	named := regexp.MustCompile(`icons\.svg#([a-z-]+)`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		require.Contains(t, icons, `id="`+m[1]+`"`)
	}
	wanted := 0
	for name, js := range scripts(t, ".js") {
		if !strings.HasPrefix(name, "static/chat/") {
			continue
		}
		require.True(t, slices.ContainsFunc(page, func(e element) bool {
			return strings.HasSuffix(e.attrs["href"]+e.attrs["src"], strings.TrimPrefix(name, "static"))
		}), "%s is not loaded", name)
		for _, m := range needs.FindAllStringSubmatch(js, -1) {
			wanted++
			require.True(t, ids[m[1]], "%s needs #%s", name, m[1])
		}
	}
	require.Greater(t, wanted, 20)
}
