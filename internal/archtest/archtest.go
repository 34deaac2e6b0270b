// Package archtest is the house's rules on imports, which a compiler does not
// know: the domains stay pure, the adapters stay apart. Its test applies them to
// the tree.
package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Module is the path of this module.
const Module = "github.com/tandem-cc/tandem"

// domains are the pure packages, with the other domains that each may import
// besides account, which all may.
var domains = map[string][]string{
	"account":   nil,
	"vi":        nil,
	"desk":      nil,
	"messaging": nil,
	"senderid":  nil,
	"partner":   {"vi", "desk", "messaging", "senderid"}, // it reads all
}

// data are the libraries that a domain, or a room of internal, may import all the
// same: pure data that the field would be foolish to write again.
var data = map[string][]string{
	"vi":             {"github.com/nyaruka/phonenumbers"},
	"internal/phone": {"github.com/nyaruka/phonenumbers"},
}

// testing are the rooms of internal that exist for tests, and may import what
// they test with. The others are as pure as the domains that import them.
var testing = []string{"internal/archtest", "internal/browser", "internal/netsim", "internal/pgtest", "internal/e2e"}

// contract is the one adapter that others may import.
const contract = "adapters/outbox"

// Check returns what is wrong with the imports of the Go files in tree, a
// sentence each, in the order of the files. Test files may import what they
// like, but not the examples.
func Check(tree fs.FS) (wrong []string, err error) {
	err = fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "node_modules" || name == "testdata" || len(name) > 1 && name[0] == '.') {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(file) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, im := range parsed.Imports {
			if why := judge(path.Dir(file), strings.Trim(im.Path.Value, `"`), strings.HasSuffix(file, "_test.go")); why != "" {
				wrong = append(wrong, fmt.Sprintf("%s: %s", file, why))
			}
		}
		return nil
	})
	return wrong, err
}

// judge says why dir may not import what is named, or "".
func judge(dir, imported string, test bool) string {
	rel, ours := strings.CutPrefix(imported, Module+"/")
	if imported == Module {
		rel, ours = ".", true
	}
	if ours && within(rel, "examples") && !within(dir, "examples") {
		return "nothing imports the examples"
	}
	if test || within(dir, "examples") {
		return ""
	}
	outside := !ours && strings.Contains(strings.Split(imported, "/")[0], ".")
	room, _, _ := strings.Cut(dir, "/")
	allowed, domain := domains[room]
	switch {
	case domain && strings.HasSuffix(dir, "test"): // a conformance suite
		if outside && !strings.HasPrefix(imported, "github.com/stretchr/testify/") {
			return "a conformance suite imports testify and nothing else from outside, not " + imported
		}
		return ""
	case domain && outside && !slices.Contains(data[room], imported):
		return fmt.Sprintf("%s is a pure package and may not import %s", dir, imported)
	case domain && ours:
		return judgeDomain(dir, room, rel, allowed)
	case room == "internal" && !slices.Contains(testing, roomOf(dir)):
		if outside && !slices.Contains(data[roomOf(dir)], imported) || ours && !within(rel, "internal") {
			return fmt.Sprintf("%s serves pure packages and may not import %s", dir, imported)
		}
	case room == "adapters" && ours && within(rel, "adapters") && rel != contract && roomOf(rel) != roomOf(dir):
		return fmt.Sprintf("adapter %s may not import adapter %s", roomOf(dir), rel)
	}
	if room == "adapters" && ours && slices.Contains(testing, roomOf(rel)) {
		return fmt.Sprintf("%s is for tests only", rel)
	}
	return ""
}

func judgeDomain(dir, room, rel string, allowed []string) string {
	switch target, _, _ := strings.Cut(rel, "/"); {
	case strings.HasSuffix(rel, "test"):
		return fmt.Sprintf("%s is for tests only", rel)
	case slices.Contains(testing, roomOf(rel)):
		return fmt.Sprintf("%s is for tests only", rel)
	case target == "internal", target == "account" && room != "account", slices.Contains(allowed, target):
		return ""
	case target == room && within(rel, dir):
		return ""
	case target == room:
		return fmt.Sprintf("%s may not import %s: parents import children, never back", dir, rel)
	default:
		return fmt.Sprintf("%s may not import %s: domains do not know each other", dir, rel)
	}
}

// roomOf returns the adapter or internal room that a folder belongs to:
// "adapters/sms/twilio" and "internal/fault" are rooms.
func roomOf(dir string) string {
	parts := strings.Split(dir, "/")
	n := 2
	if len(parts) > 2 && parts[0] == "adapters" && slices.Contains([]string{"sms", "channels", "blob", "mail"}, parts[1]) {
		n = 3
	}
	return strings.Join(parts[:min(n, len(parts))], "/")
}

func within(rel, room string) bool { return rel == room || strings.HasPrefix(rel, room+"/") }
