package webui

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A page is one HTML document in each look that a person can choose.
type page struct {
	looks map[look]*file
}

// A look is what the cookies "theme" and "density" say. It stands on the html
// element, so that the first paint is right.
type look struct{ theme, density string }

var (
	themes    = []string{"", "light", "dark"}
	densities = []string{"", "compact"}
)

func lookOf(r *http.Request) look {
	value := func(name string, allowed []string) string {
		c, err := r.Cookie(name)
		if err != nil || !slices.Contains(allowed, c.Value) {
			return ""
		}
		return c.Value
	}
	return look{value("theme", themes), value("density", densities)}
}

func (l look) attributes() string {
	var b strings.Builder
	if l.theme != "" {
		fmt.Fprintf(&b, ` data-theme="%s"`, l.theme)
	}
	if l.density != "" {
		fmt.Fprintf(&b, ` data-density="%s"`, l.density)
	}
	return b.String()
}

func newPage(html []byte, version string) (*page, error) {
	const open = "<html"
	if bytes.Count(html, []byte(open)) != 1 {
		return nil, fmt.Errorf("a page has one html element")
	}
	html = bytes.ReplaceAll(html, []byte(`="/ui/`), []byte(`="/ui/`+version+`/`))
	p := &page{map[look]*file{}}
	for _, theme := range themes {
		for _, density := range densities {
			l := look{theme, density}
			p.looks[l] = newFile("text/html; charset=utf-8", bytes.Replace(html, []byte(open), []byte(open+l.attributes()), 1))
		}
	}
	return p, nil
}

func (p *page) serve(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h.Add("Vary", "Cookie")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
	p.looks[lookOf(r)].send(w, r, status)
}

// ours are the pages made of pages/NAME.html inside a frame of pages/.
var ours = map[string]string{
	"home": "frame.html", "calls": "frame.html", "detail": "frame.html", "desk": "frame.html",
	"all": "frame.html", "agents": "frame.html", "dashboard": "frame.html", "settings": "frame.html", "contacts": "frame.html", "contact": "frame.html",
	"signin": "plain.html", "forgot": "plain.html", "reset": "plain.html",
}

// whole are the pages that stand complete in static/.
var whole = map[string]string{"customer": "customer.html", "console": "console.html", "components": "dev/components.html", "chat": "chat.html"}

// problems are the pages that say what is wrong with a request.
var problems = map[int]problem{
	http.StatusNotFound:         {"There is no such page", "The address may be mistyped, or what it named is gone."},
	http.StatusMethodNotAllowed: {"That cannot be done here", "This address only shows a page."},
}

type problem struct{ Title, Text string }

// frameData is what the frames of pages/ can say.
type frameData struct {
	Page    string
	Version string
	Problem problem
}

func loadPages(cfg Config, static fs.FS, version string) (map[string]*page, error) {
	pages := map[string]*page{}
	add := func(name string, html []byte) (err error) {
		if html, err = preload(html, static); err != nil {
			return fmt.Errorf("page %s: %w", name, err)
		}
		if pages[name], err = newPage(html, version); err != nil {
			return fmt.Errorf("page %s: %w", name, err)
		}
		return nil
	}
	for name, frame := range ours {
		html, err := render(frame, name, frameData{Page: name, Version: cfg.Version})
		if err != nil {
			return nil, err
		}
		if err := add(name, html); err != nil {
			return nil, err
		}
	}
	for status, p := range problems {
		html, err := render("plain.html", "problem", frameData{Page: "problem", Problem: p})
		if err != nil {
			return nil, err
		}
		if err := add(problemPage(status), html); err != nil {
			return nil, err
		}
	}
	for name, from := range whole {
		html, err := fs.ReadFile(static, from)
		if err != nil {
			return nil, err
		}
		if err := add(name, html); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// render puts pages/NAME.html into a frame.
func render(frame, name string, data frameData) ([]byte, error) {
	t := template.New(frame).Funcs(template.FuncMap{"icon": icon})
	t, err := t.ParseFS(files, "pages/"+frame, "pages/"+name+".html", "pages/parts.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// icon returns one icon of icons.svg; its names are checked by the tests.
func icon(name string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg class="icon" aria-hidden="true"><use href="/ui/icons.svg#%s"></use></svg>`, template.HTMLEscapeString(name)))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
