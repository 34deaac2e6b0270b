package attach

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest name of a file without its extension: in characters, and in bytes,
// of which file systems take 255.
const (
	maxName      = 120
	maxNameBytes = 200
)

// clean returns a name without a path, without what turns or hides text, and
// with the extension of the type.
func clean(name string, k *kind) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Zs, r):
			return ' '
		case !unicode.IsPrint(r), strings.ContainsRune(`<>:"|?*%`, r):
			return -1
		}
		return r
	}, name)
	name = strings.TrimRight(name, ". ")
	for _, x := range []string{k.extension, k.also} {
		if n := len(name) - len(x); x != "" && n >= 0 && strings.EqualFold(name[n:], x) {
			name = name[:n]
			break
		}
	}
	name = strings.Trim(name, ". ")
	for len(name) > maxNameBytes || utf8.RuneCountInString(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name = strings.TrimRight(name, ". "); name == "" || isDevice(name) {
		name = "file"
	}
	return name + k.extension
}

// isDevice says whether Windows takes the name for a device, whatever its
// extension: https://learn.microsoft.com/windows/win32/fileio/naming-a-file.
func isDevice(name string) bool {
	name, _, _ = strings.Cut(strings.ToUpper(name), ".")
	switch name = strings.TrimSpace(name); name {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(name) == 4 && (name[:3] == "COM" || name[:3] == "LPT") && name[3] >= '0' && name[3] <= '9'
}
