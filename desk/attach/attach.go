// Package attach is what a file is and whether it may be sent, found from its
// content: what its name says counts for nothing. Images are encoded anew, which
// takes away what hides in them besides the picture.
package attach

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A File is what was found.
type File struct {
	Name   string // cleaned, with the extension of its type
	Type   string // media type
	Size   int64  // bytes of the clean content
	Width  int    // of an image, in pixels, as it is looked at
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

// Default is what every channel carries: images of 5 MB and 40 million pixels,
// documents of 10 MB.
func Default() Limits { return Limits{Image: 5 << 20, Document: 10 << 20, Pixels: 40_000_000} }

// WithVideo is Default with videos of 16 MB.
func WithVideo() Limits {
	l := Default()
	l.Video = 16 << 20
	return l
}

// A class is what one limit holds for.
type class int

const (
	images class = iota
	documents
	videos
)

// most returns the limit of a class, what it is called, and its types.
func (l Limits) most(c class) (bytes int64, what, types string) {
	switch c {
	case images:
		return l.Image, "images", "JPG, PNG, GIF"
	case documents:
		return l.Document, "documents", "PDF, DOC, XLS"
	default:
		return l.Video, "videos", "MP4"
	}
}

// A kind is a type of file that may be sent.
type kind struct {
	media     string
	extension string
	also      string // another extension that means the same
	class     class
}

var (
	kindJPEG = &kind{"image/jpeg", ".jpg", ".jpeg", images}
	kindPNG  = &kind{"image/png", ".png", "", images}
	kindGIF  = &kind{"image/gif", ".gif", "", images}
	kindPDF  = &kind{"application/pdf", ".pdf", "", documents}
	kindDOC  = &kind{word, ".doc", "", documents}
	kindXLS  = &kind{excel, ".xls", "", documents}
	kindDOCX = &kind{docx, ".docx", "", documents}
	kindXLSX = &kind{xlsx, ".xlsx", "", documents}
	kindMP4  = &kind{"video/mp4", ".mp4", ".m4v", videos}
)

// Inspect says what the data is and returns it as it may be passed on, which for
// documents and videos is the data itself. It fails with fault.Invalid, in a
// sentence, for what may not be sent.
func Inspect(data []byte, name string, l Limits) (File, []byte, error) {
	if len(data) == 0 {
		return File{}, nil, fault.Errorf(fault.Invalid, "the file is empty")
	}
	if most := max(l.Image, l.Document, l.Video); most > 0 && int64(len(data)) > most {
		return File{}, nil, fault.Errorf(fault.Invalid, "files can be %s large at most", size(most))
	}
	k := sniff(data)
	if k == nil {
		return File{}, nil, fault.Errorf(fault.Invalid, "%s", l.sentence())
	}
	switch most, what, _ := l.most(k.class); {
	case most <= 0:
		return File{}, nil, fault.Errorf(fault.Invalid, "%s cannot be sent here", what)
	case int64(len(data)) > most:
		return File{}, nil, fault.Errorf(fault.Invalid, "%s can be %s large at most", what, size(most))
	}
	k, err := look(k, data)
	if err == nil && k == nil {
		err = fault.Errorf(fault.Invalid, "%s", l.sentence())
	}
	if err != nil {
		return File{}, nil, err
	}
	f := File{Name: clean(name, k), Type: k.media}
	if k.class == images {
		if data, f.Width, f.Height, err = redraw(data, k, l); err != nil {
			return File{}, nil, err
		}
	}
	sum := sha256.Sum256(data)
	f.Size, f.SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
	return f, data, nil
}

// sentence says what may be sent at all.
func (l Limits) sentence() string {
	var can []string
	for _, c := range []class{images, documents, videos} {
		if most, what, types := l.most(c); most > 0 {
			can = append(can, what+" ("+types+")")
		}
	}
	switch n := len(can); n {
	case 0:
		return "files cannot be sent here"
	case 1:
		return "only " + can[0] + " can be sent"
	default:
		return "only " + strings.Join(can[:n-1], ", ") + " and " + can[n-1] + " can be sent"
	}
}

func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}
