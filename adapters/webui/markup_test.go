package webui_test

import (
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/tandem-cc/tandem/adapters/webui"
)

// An element is one start tag of a page.
type element struct {
	tag   string
	attrs map[string]string
	text  string // what follows it directly
}

func elements(t *testing.T, page string) (all []element) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return all
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			e := element{tag: tok.Data, attrs: map[string]string{}}
			for _, a := range tok.Attr {
				e.attrs[a.Key] = a.Val
			}
			all = append(all, e)
		case html.TextToken:
			if len(all) > 0 && all[len(all)-1].text == "" {
				all[len(all)-1].text = strings.TrimSpace(string(z.Text()))
			}
		}
	}
}

// pages returns every page's elements by path.
func pages(t *testing.T) map[string][]element {
	t.Helper()
	h := webui.New(signedIn(true))
	all := map[string][]element{}
	for _, p := range everyPage {
		all[p] = elements(t, body(t, get(t, h, p)))
		require.NotEmpty(t, all[p], p)
	}
	return all
}

func TestNoInlineScriptOrStyle(t *testing.T) {
	for p, page := range pages(t) {
		for _, e := range page {
			require.NotEqual(t, "style", e.tag, p)
			if e.tag == "script" {
				require.NotEmpty(t, e.attrs["src"], p)
				require.Empty(t, e.text, p)
			}
			for name, value := range e.attrs {
				require.NotEqual(t, "style", name, "%s: %s style=%q", p, e.tag, value)
				require.False(t, strings.HasPrefix(name, "on"), "%s: %s %s=%q", p, e.tag, name, value)
				require.False(t, strings.HasPrefix(strings.TrimSpace(value), "javascript:"), p)
			}
		}
	}
}

func TestEveryReferencedFileExists(t *testing.T) {
	h := webui.New(signedIn(true))
	icons := body(t, get(t, h, "/ui/icons.svg"))
	for p, page := range pages(t) {
		for _, e := range page {
			for _, name := range []string{"src", "href"} {
				target, ok := e.attrs[name]
				if !ok || strings.HasPrefix(target, "#") {
					continue
				}
				file, fragment, _ := strings.Cut(target, "#")
				require.True(t, strings.HasPrefix(file, "/"), "%s: %s", p, target)
				res := get(t, h, file)
				require.Less(t, res.StatusCode, 400, "%s names %s", p, target)
				if strings.HasSuffix(file, "icons.svg") && fragment != "" {
					require.Contains(t, icons, `id="`+fragment+`"`, "%s: no such icon", p)
				}
				if e.tag == "script" {
					require.Equal(t, "module", e.attrs["type"], p)
					require.Contains(t, res.Header.Get("Content-Type"), "javascript", p)
				}
			}
		}
	}
}

func TestIDsAreUniqueAndReferencesHold(t *testing.T) {
	for p, page := range pages(t) {
		ids := map[string]bool{}
		for _, e := range page {
			if id := e.attrs["id"]; id != "" {
				require.False(t, ids[id], "%s: id %s twice", p, id)
				ids[id] = true
			}
		}
		for _, e := range page {
			for _, name := range []string{"for", "aria-labelledby", "aria-describedby", "aria-controls", "data-menu", "data-dialog"} {
				for id := range strings.FieldsSeq(e.attrs[name]) {
					// A phone field makes its number when it starts: [data-phone] names it.
					made := slices.ContainsFunc(page, func(x element) bool { return x.attrs["data-phone"] == id })
					require.True(t, ids[id] || made, "%s: %s=%q names nothing", p, name, id)
				}
			}
		}
	}
}

// A password or a number must not end up in the address bar when the script has
// not loaded yet: a form without a method is sent by GET. One with method=dialog
// is not sent at all.
func TestFormsWithSecretsArePosted(t *testing.T) {
	all := pages(t)
	for p, page := range all {
		for _, e := range page {
			if e.tag == "form" && e.attrs["role"] != "search" {
				require.Contains(t, []string{"post", "dialog"}, e.attrs["method"], "%s #%s", p, e.attrs["id"])
			}
		}
	}
}

// Every module that a page's scripts import is named before the first of them,
// and nothing that they do not.
func TestModulesArePreloaded(t *testing.T) {
	all := scripts(t, ".js")
	version := regexp.MustCompile(`^/ui/[0-9a-f]{12}/`)
	for p, page := range pages(t) {
		want, got := map[string]bool{}, map[string]bool{}
		var follow func(name string)
		follow = func(name string) {
			if want[name] {
				return
			}
			want[name] = true
			for _, m := range imports.FindAllStringSubmatch(withoutComments(all[name]), -1) {
				follow(path.Join(path.Dir(name), m[1]))
			}
		}
		scripted := false
		for _, e := range page {
			switch {
			case e.tag == "link" && e.attrs["rel"] == "modulepreload":
				require.False(t, scripted, "%s: %s comes too late", p, e.attrs["href"])
				got[version.ReplaceAllString(e.attrs["href"], "static/")] = true
			case e.tag == "script":
				scripted = true
				name := version.ReplaceAllString(e.attrs["src"], "static/")
				got[name] = true
				follow(name)
			}
		}
		require.Equal(t, want, got, p)
	}
}

func withoutComments(js string) string {
	return regexp.MustCompile(`(?s:/\*.*?\*/)|(?m:^\s*//.*$)`).ReplaceAllString(js, "")
}

func TestLinksLeadToPages(t *testing.T) {
	h := webui.New(signedIn(true))
	for p, page := range pages(t) {
		for _, e := range page {
			if to := e.attrs["href"]; e.tag == "a" && strings.HasPrefix(to, "/") {
				require.NotEqual(t, http.StatusNotFound, get(t, h, to).StatusCode, "%s links to %s", p, to)
			}
		}
	}
}

var (
	imports = regexp.MustCompile(`(?m)(?:^import\s+|^(?:import|export)\s[^"]*?\sfrom\s+|\bimport\()"([^"]+)"`)
	needs   = regexp.MustCompile(`\b(?:need|input|button|dialog)\("([a-z][\w-]*)"`)
	inURL   = regexp.MustCompile(`url\(([^)]*)\)`)
)

// scripts returns every script of static/ by its path.
func scripts(t *testing.T, ext string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir("static", func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ext {
			return err
		}
		b, err := os.ReadFile(name)
		all[filepath.ToSlash(name)] = string(b)
		return err
	}))
	require.NotEmpty(t, all)
	return all
}

// A script imported by two addresses would run twice: imports are relative, and
// so stay within the version that the page was made with.
func TestImportsAreRelativeAndExist(t *testing.T) {
	for name, js := range scripts(t, ".js") {
		for _, m := range imports.FindAllStringSubmatch(js, -1) {
			require.True(t, strings.HasPrefix(m[1], "."), "%s imports %s", name, m[1])
			_, err := os.Stat(path.Join(path.Dir(name), m[1]))
			require.NoError(t, err, "%s imports %s", name, m[1])
		}
		require.NotContains(t, js, "innerHTML", name)
		require.NotRegexp(t, `\beval\(|new Function\(|document\.write`, js, name)
	}
}

func TestStylesNameNoOtherFileAndOnlyTokensHaveTwoColours(t *testing.T) {
	for name, css := range scripts(t, ".css") {
		require.Empty(t, inURL.FindAllString(css, -1), name)
		require.NotContains(t, css, "@import", name)
		if name != "static/tokens.css" {
			require.NotContains(t, regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(css, ""), "light-dark(", "%s: the fallback is made of tokens.css alone", name)
		}
	}
}

// What a page's script asks for by id stands in the page, or the script makes it.
func TestScriptsFindTheirElements(t *testing.T) {
	all := scripts(t, ".js")
	markup := pages(t)
	for script, p := range map[string]string{
		"shell/frame": "/", "shell/start": "/", "shell/waiting": "/", "shell/home": "/", "shell/log": "/calls", "shell/detail": "/calls/0197",
		"shell/signin": "/signin?ended", "shell/forgot": "/forgot", "shell/reset": "/reset", "shell/sign": "/reset", "desk/presence": "/",
		"desk/main": "/desk", "desk/list": "/desk", "desk/thread": "/desk", "desk/composer": "/desk", "desk/contact": "/desk", "desk/dialogs": "/desk",
	} {
		js := all["static/"+script+".js"]
		for _, m := range needs.FindAllStringSubmatch(js, -1) {
			found := slices.ContainsFunc(markup[p], func(e element) bool { return e.attrs["id"] == m[1] })
			require.True(t, found || strings.Contains(js, `id: "`+m[1]+`"`), "%s.js needs #%s", script, m[1])
		}
	}
	require.NotEmpty(t, needs.FindAllString(all["static/shell/home.js"], -1))
	require.NotEmpty(t, needs.FindAllString(all["static/desk/main.js"], -1))
}

// Links to what takes a permission stay away until the page knows that its
// reader has it.
func TestLinksOfPermissionsAreHiddenAtFirst(t *testing.T) {
	takes := map[string]string{
		"/desk": "desk.work", "/contacts": "desk.work", "/desk/all": "desk.seeall", "/agents": "desk.seeall", "/dashboard": "desk.seeall", "/settings": "desk.settings",
	}
	for _, p := range []string{"/", "/calls", "/desk"} {
		found := map[string]int{}
		for _, e := range pages(t)[p] {
			class := " " + e.attrs["class"] + " "
			need, ok := takes[e.attrs["href"]]
			if !ok || e.tag != "a" || !strings.Contains(class, " nav-link ") && !strings.Contains(class, " menu-item ") && class != "  " {
				continue
			}
			found[e.attrs["href"]]++
			require.Equal(t, need, e.attrs["data-need"], "%s: %s", p, e.attrs["href"])
			require.Contains(t, e.attrs, "hidden", "%s: %s", p, e.attrs["href"])
		}
		for to := range takes {
			require.Equal(t, 2, found[to], "%s: %s stands at the side and, for phones, at the bottom", p, to)
		}
	}
}
