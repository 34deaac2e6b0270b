package webui

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// tokensFile holds the colours, each as light-dark(light, dark).
const tokensFile = "tokens.css"

// addFlatColours appends to tokens.css what browsers without light-dark() need:
// Chrome before 123, Safari before 17.5, Firefox before 120. The colours stand
// once, in the source; this form of them is made here.
func addFlatColours(sheets map[string][]byte) error {
	tokens, ok := sheets[tokensFile]
	if !ok {
		return fmt.Errorf("static/%s is missing", tokensFile)
	}
	var dark []string
	for _, name := range sortedKeys(sheets) {
		if strings.HasSuffix(name, ".css") && name != tokensFile {
			dark = append(dark, darkRegions(string(sheets[name]))...)
		}
	}
	flat, err := flatColours(string(tokens), dark)
	if err != nil {
		return fmt.Errorf("static/%s: %w", tokensFile, err)
	}
	sheets[tokensFile] = []byte(string(tokens) + flat)
	return nil
}

// flatColours returns the rules that give every colour token a plain value: by
// the system's preference, by data-theme, and dark in the regions that are
// always dark.
func flatColours(tokens string, dark []string) (string, error) {
	root, err := rootBlock(stripComments(tokens))
	if err != nil {
		return "", err
	}
	var light, night strings.Builder
	two := map[string]bool{}
	for _, d := range declarations(root) {
		if !strings.Contains(d.value, "light-dark(") && !refers(d.value, two) {
			continue
		}
		two[d.name] = true
		a, b, err := split(d.value)
		if err != nil {
			return "", fmt.Errorf("%s: %w", d.name, err)
		}
		fmt.Fprintf(&light, "%s:%s;", d.name, a)
		fmt.Fprintf(&night, "%s:%s;", d.name, b)
	}
	if len(two) == 0 {
		return "", fmt.Errorf("no colour is written as light-dark(light, dark)")
	}
	always := strings.Join(append([]string{`:root[data-theme="dark"]`}, dark...), ",")
	return fmt.Sprintf(`
@supports not (color: light-dark(#000, #fff)) {
@layer tokens {
:root{%[1]s}
@media (prefers-color-scheme: dark) { :root{%[2]s} }
:root[data-theme="light"]{%[1]s}
%[3]s{%[2]s}
}
}
`, light.String(), night.String(), always), nil
}

var comment = regexp.MustCompile(`(?s)/\*.*?\*/`)

func stripComments(css string) string { return comment.ReplaceAllString(css, "") }

var alwaysDark = regexp.MustCompile(`([^{}@;]+)\{[^{}]*color-scheme:\s*dark\s*[;}]`)

// darkRegions returns the selectors of the rules that make a region dark in both
// themes.
func darkRegions(css string) (selectors []string) {
	for _, m := range alwaysDark.FindAllStringSubmatch(stripComments(css), -1) {
		selectors = append(selectors, strings.TrimSpace(m[1]))
	}
	return selectors
}

// rootBlock returns the declarations of the first :root rule.
func rootBlock(css string) (string, error) {
	_, rest, ok := strings.Cut(css, ":root {")
	if !ok {
		return "", fmt.Errorf("it has no :root rule")
	}
	block, _, ok := strings.Cut(rest, "}")
	if !ok {
		return "", fmt.Errorf("its :root rule does not end")
	}
	return block, nil
}

type declaration struct{ name, value string }

func declarations(block string) (all []declaration) {
	for part := range strings.SplitSeq(block, ";") {
		name, value, ok := strings.Cut(part, ":")
		if name = strings.TrimSpace(name); ok && strings.HasPrefix(name, "--") {
			all = append(all, declaration{name, strings.TrimSpace(value)})
		}
	}
	return all
}

// refers reports whether the value uses one of the names: such a value is worked
// out where it stands, so it has to stand again wherever they change.
func refers(value string, names map[string]bool) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(names)), func(n string) bool {
		return strings.Contains(value, "var("+n+")") || strings.Contains(value, "var("+n+",")
	})
}

// split returns the value with every light-dark(a, b) replaced by a, and by b.
func split(value string) (light, dark string, err error) {
	var a, b strings.Builder
	for {
		before, rest, ok := strings.Cut(value, "light-dark(")
		a.WriteString(before)
		b.WriteString(before)
		if !ok {
			return a.String(), b.String(), nil
		}
		comma, end, depth := -1, -1, 0
		for i, r := range rest {
			switch {
			case r == '(':
				depth++
			case r == ')' && depth > 0:
				depth--
			case r == ')':
				end = i
			case r == ',' && depth == 0 && comma < 0:
				comma = i
			}
			if end >= 0 {
				break
			}
		}
		if comma < 0 || end < 0 {
			return "", "", fmt.Errorf("light-dark( without two colours")
		}
		a.WriteString(strings.TrimSpace(rest[:comma]))
		b.WriteString(strings.TrimSpace(rest[comma+1 : end]))
		value = rest[end+1:]
	}
}
