package attach

import (
	"bytes"
	"encoding/binary"

	"github.com/tandem-cc/tandem/internal/fault"
)

var (
	errPicture = fault.Errorf(fault.Invalid, "the picture is damaged")
	errVideo   = fault.Errorf(fault.Invalid, "the video is damaged")
)

// sniff returns what the first bytes say, or nil. Of Office documents it says
// only that they are some: [look] says which.
func sniff(data []byte) *kind {
	begins := func(s string) bool { return bytes.HasPrefix(data, []byte(s)) }
	switch {
	case begins("\xff\xd8\xff"):
		return kindJPEG
	case begins("\x89PNG\r\n\x1a\n"):
		return kindPNG
	case begins("GIF87a"), begins("GIF89a"):
		return kindGIF
	case begins("%PDF-"):
		return kindPDF
	case begins(compoundMagic):
		return kindDOC
	case begins("PK\x03\x04"):
		return kindDOCX
	case isMP4(data):
		return kindMP4
	}
	return nil
}

// look reads as much of the content as it takes to know that it is what its
// first bytes say, and returns nil if it is not. Images are left to [redraw].
func look(k *kind, data []byte) (*kind, error) {
	switch k {
	case kindDOC:
		return kindOf(compound(data)), nil
	case kindDOCX:
		return kindOf(office(data)), nil
	case kindMP4:
		return k, lookMP4(data)
	}
	return k, nil
}

// kindOf returns the kind of an Office document, or nil.
func kindOf(media string) *kind {
	for _, k := range []*kind{kindDOC, kindXLS, kindDOCX, kindXLSX} {
		if k.media == media {
			return k
		}
	}
	return nil
}

// isMP4 says whether the data begins with a file type box whose major brand is
// that of a video (ISO/IEC 14496-12 §4.3); those of pictures, sound and
// QuickTime have others.
func isMP4(data []byte) bool {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return false
	}
	switch string(data[8:12]) {
	case "isom", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7", "iso8", "iso9", "mp41", "mp42", "mp71", "avc1", "M4V ", "M4VH", "M4VP", "MSNV", "dash":
		return true
	}
	return false
}

// lookMP4 fails unless boxes fill the file (ISO/IEC 14496-12 §4.2), as they do
// not if it was cut off.
func lookMP4(data []byte) error {
	for rest := data; len(rest) > 0; {
		if len(rest) < 8 {
			return errVideo
		}
		n, head := uint64(binary.BigEndian.Uint32(rest)), uint64(8)
		switch {
		case n == 0: // the last one, to the end
			n = uint64(len(rest))
		case n == 1 && len(rest) >= 16:
			n, head = binary.BigEndian.Uint64(rest[8:]), 16
		}
		if n < head || n > uint64(len(rest)) {
			return errVideo
		}
		rest = rest[n:]
	}
	return nil
}
