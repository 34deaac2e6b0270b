package webui

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
)

var (
	moduleTag = regexp.MustCompile(`<script type="module" src="/ui/([^"]+)"`)
	scriptTag = []byte("<script")

	// importOf finds what a script without comments imports, at once or later.
	importOf   = regexp.MustCompile(`(?m)^(?:import|export)\s+(?:[^"';=]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)`)
	jsComments = regexp.MustCompile(`(?s:/\*.*?\*/)|(?m:(?:^|\s)//.*$)`)
)

// preload puts links before a page's first script that name every module its
// scripts import. Without them a browser learns of each only from the one that
// imports it, a round trip at a time, and the page is seen long before it can be
// used.
func preload(html []byte, static fs.FS) ([]byte, error) {
	g := graph{static: static, seen: map[string]bool{}}
	for _, m := range moduleTag.FindAllSubmatch(html, -1) {
		g.seen[string(m[1])] = true
	}
	for _, m := range moduleTag.FindAllSubmatch(html, -1) {
		if err := g.follow(string(m[1])); err != nil {
			return nil, err
		}
	}
	at := bytes.Index(html, scriptTag)
	if at < 0 || len(g.found) == 0 {
		return html, nil
	}
	var b bytes.Buffer
	b.Write(html[:at])
	for _, name := range g.found {
		fmt.Fprintf(&b, "<link rel=\"modulepreload\" href=\"/ui/%s\">\n", name)
	}
	b.Write(html[at:])
	return b.Bytes(), nil
}

// A graph is what modules import, as far as it has been followed.
type graph struct {
	static fs.FS
	seen   map[string]bool
	found  []string // in the order of the imports, deepest last
}

// follow adds what the module imports and what that imports.
func (g *graph) follow(name string) error {
	js, err := fs.ReadFile(g.static, name)
	if err != nil {
		return err
	}
	var next []string
	for _, m := range importOf.FindAllSubmatch(jsComments.ReplaceAll(js, nil), -1) {
		to := path.Join(path.Dir(name), string(m[1])+string(m[2]))
		if !g.seen[to] {
			g.seen[to] = true
			next = append(next, to)
		}
	}
	g.found = append(g.found, next...)
	for _, to := range next {
		if err := g.follow(to); err != nil {
			return fmt.Errorf("%s imports %w", name, err)
		}
	}
	return nil
}
