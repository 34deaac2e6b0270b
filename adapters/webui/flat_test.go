package webui

import (
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlatColours(t *testing.T) {
	got, err := flatColours(`
/* a comment with light-dark(x, y); and { braces } */
@layer tokens {
:root {
  color-scheme: light dark;
  --bg:   light-dark(#fff, #000);  --on: #ffffff;
  --scrim: light-dark(rgb(1 2 3 / .4), rgb(4 5 6 / .6));
  --soft: var(--bg); --far: 1px solid var(--soft, red); --size: 4px;
  --two: 0 1px light-dark(rgb(0 0 0 / .1), #111), 0 2px light-dark(#222, #333);
}
:root[data-theme="dark"] { color-scheme: dark; }
}`, []string{".stage", ".call > .bar"})
	require.NoError(t, err)
	light := `--bg:#fff;--scrim:rgb(1 2 3 / .4);--soft:var(--bg);--far:1px solid var(--soft, red);--two:0 1px rgb(0 0 0 / .1), 0 2px #222;`
	dark := `--bg:#000;--scrim:rgb(4 5 6 / .6);--soft:var(--bg);--far:1px solid var(--soft, red);--two:0 1px #111, 0 2px #333;`
	require.Equal(t, `
@supports not (color: light-dark(#000, #fff)) {
@layer tokens {
:root{`+light+`}
@media (prefers-color-scheme: dark) { :root{`+dark+`} }
:root[data-theme="light"]{`+light+`}
:root[data-theme="dark"],.stage,.call > .bar{`+dark+`}
}
}
`, got)
}

func TestFlatColoursOfBrokenSheets(t *testing.T) {
	for _, css := range []string{
		"", "body { color: red }", ":root { --bg: #fff; }", ":root { --bg: light-dark(#fff, #000);",
		":root { --bg: light-dark(#fff); }", ":root { --bg: light-dark(#fff, #000; }",
	} {
		_, err := flatColours(css, nil)
		require.Error(t, err, css)
	}
}

func TestDarkRegions(t *testing.T) {
	require.Equal(t, []string{".stage", ".a, .b"}, darkRegions(`
@layer page {
.stage { color-scheme: dark; position: relative; }
.light { color-scheme: light dark; } .x { color: red }
@media (max-width: 4rem) { .a, .b { margin: 0; color-scheme: dark } }
/* .old { color-scheme: dark; } */
}`))
}

// The served sheet is the source and after it every colour in its flat form.
func TestTokensAreServedWithTheirFallback(t *testing.T) {
	source, err := fs.ReadFile(files, "static/tokens.css")
	require.NoError(t, err)
	r := httptest.NewRequest("GET", "/ui/tokens.css", nil)
	w := httptest.NewRecorder()
	New(Config{}).ServeHTTP(w, r)
	served := w.Body.String()
	require.True(t, strings.HasPrefix(served, string(source)))
	flat := strings.TrimPrefix(served, string(source))
	_, rules, ok := strings.Cut(flat, "{")
	require.True(t, ok)
	require.NotContains(t, rules, "light-dark(")
	require.Equal(t, strings.Count(flat, "{"), strings.Count(flat, "}"))
	for _, d := range declarations(mustRoot(t, string(source))) {
		if strings.Contains(d.value, "light-dark(") {
			require.Equal(t, 4, strings.Count(rules, d.name+":"), "%s: light, dark by preference, light and dark by choice", d.name)
		}
	}
	require.Contains(t, rules, "--bg:#f5f6f8;")
	require.Contains(t, rules, "--bg:#0d1015;")
}

func mustRoot(t *testing.T, css string) string {
	t.Helper()
	root, err := rootBlock(stripComments(css))
	require.NoError(t, err)
	return root
}
