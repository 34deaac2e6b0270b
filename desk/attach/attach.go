// Package attach is what a file is and whether it may be sent, found from its
// content: what its name says counts for nothing. Images are encoded anew, which
// takes away what hides in them besides the picture.
package attach

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A File is what was found.
type File struct {
	Name   string // cleaned, with the extension of its type
	Type   string // media type
	Size   int64  // bytes of the clean content
	Width  int    // of an image
	Height int
	SHA256 string // of the clean content, lower-case hexadecimal
}

// Limits are the largest sizes, in bytes; 0 forbids.
type Limits struct {
	Image    int64 // JPG, PNG, GIF
	Document int64 // PDF, DOC, XLS and their successors DOCX and XLSX
	Video    int64 // MP4
	Pixels   int   // width times height of an image, all frames of a GIF together
}

// Default is what every channel carries: images of 5 MB, documents of 10 MB.
func Default() Limits { return Limits{Image: 5 << 20, Document: 10 << 20, Pixels: 50_000_000} }

// WithVideo is Default with videos of 16 MB.
func WithVideo() Limits {
	l := Default()
	l.Video = 16 << 20
	return l
}

// A kind is a type of file that may be sent.
type kind struct {
	media     string
	extension string
	also      []string // other extensions that mean the same
	limit     func(Limits) int64
	what      string
}

func image(l Limits) int64    { return l.Image }
func document(l Limits) int64 { return l.Document }
func video(l Limits) int64    { return l.Video }

var kinds = []kind{
	{"image/jpeg", ".jpg", []string{".jpeg"}, image, "images"},
	{"image/png", ".png", nil, image, "images"},
	{"image/gif", ".gif", nil, image, "images"},
	{"application/pdf", ".pdf", nil, document, "documents"},
	{"application/msword", ".doc", nil, document, "documents"},
	{"application/vnd.ms-excel", ".xls", nil, document, "documents"},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx", nil, document, "documents"},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx", nil, document, "documents"},
	{"video/mp4", ".mp4", []string{".m4v"}, video, "videos"},
}

// Inspect says what the data is and returns it as it may be passed on. It fails
// with fault.Invalid, in a sentence, for what may not be sent.
func Inspect(data []byte, name string, l Limits) (File, []byte, error) {
	media := typeOf(data, name)
	for _, k := range kinds {
		if k.media != media {
			continue
		}
		switch most := k.limit(l); {
		case most == 0:
			return File{}, nil, fault.Errorf(fault.Invalid, "%s cannot be sent here", k.what)
		case int64(len(data)) > most:
			return File{}, nil, fault.Errorf(fault.Invalid, "%s can be %d MB large at most", k.what, most>>20)
		}
		f := File{Name: clean(name, k), Type: media}
		if k.what == "images" {
			var err error
			if data, f.Width, f.Height, err = redraw(data, media, l.Pixels); err != nil {
				return File{}, nil, err
			}
		}
		sum := sha256.Sum256(data)
		f.Size, f.SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
		return f, data, nil
	}
	if len(data) == 0 {
		return File{}, nil, fault.Errorf(fault.Invalid, "the file is empty")
	}
	return File{}, nil, fault.Errorf(fault.Invalid, "only images (JPG, PNG, GIF), documents (PDF, DOC, XLS) and videos (MP4) can be sent")
}

// typeOf returns the media type of the content. The name decides only between
// types whose content begins alike.
func typeOf(data []byte, name string) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")): // compound file [MS-CFB]
		switch {
		case bytes.Contains(data, utf16("WordDocument")):
			return "application/msword"
		case bytes.Contains(data, utf16("Workbook")), bytes.Contains(data, utf16("Book")):
			return "application/vnd.ms-excel"
		}
		return ""
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return office(data)
	}
	media, _, _ := strings.Cut(http.DetectContentType(data), ";")
	return media
}

func utf16(s string) []byte {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return b
}

// maxName is the longest name of a file, in characters.
const maxName = 120

// clean returns a name without a path, without what turns or hides text, and
// with the extension of the type.
func clean(name string, k kind) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`<>:"|?*%`, r) {
			return -1
		}
		return r
	}, name)
	base, lower := strings.Trim(name, ". "), strings.ToLower(name)
	fits := false
	for _, x := range append([]string{k.extension}, k.also...) {
		fits = fits || strings.HasSuffix(lower, x)
	}
	if fits {
		base = base[:strings.LastIndexByte(base, '.')]
	}
	for utf8.RuneCountInString(base) > maxName {
		_, size := utf8.DecodeLastRuneInString(base)
		base = base[:len(base)-size]
	}
	if base = strings.TrimSpace(base); base == "" {
		base = "file"
	}
	return base + k.extension
}
