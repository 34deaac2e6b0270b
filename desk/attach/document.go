package attach

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
)

const (
	word  = "application/msword"
	excel = "application/vnd.ms-excel"
	docx  = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	xlsx  = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// Bounds of an OOXML package, well above what offices write.
const (
	maxParts    = 10_000
	maxUnpacked = 512 << 20 // bytes, as declared by the package
	maxIndex    = 1 << 20   // bytes of [Content_Types].xml, as unpacked
)

// office returns which document an OOXML package is (ECMA-376 part 2), or "" also
// if it has macros. Of its content only the index is unpacked, and of that no more
// than maxIndex.
func office(data []byte) string {
	if bytes.Count(data, []byte("PK\x01\x02")) > maxParts { // before each takes memory
		return ""
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return ""
	}
	parts, unpacked := map[string]*zip.File{}, uint64(0)
	for _, f := range z.File {
		name := strings.ToLower(f.Name) // part names are equal whatever their case
		if parts[name] != nil || f.UncompressedSize64 > maxUnpacked {
			return ""
		}
		parts[name] = f
		if unpacked += f.UncompressedSize64; unpacked > maxUnpacked {
			return ""
		}
	}
	index := strings.ToLower(unpack(parts["[content_types].xml"]))
	switch {
	case strings.Contains(index, "macroenabled"), strings.Contains(index, "vbaproject"):
		return "" // macros do not travel
	case parts["word/document.xml"] != nil && strings.Contains(index, "wordprocessingml.document.main+xml"):
		return docx
	case parts["xl/workbook.xml"] != nil && strings.Contains(index, "spreadsheetml.sheet.main+xml"):
		return xlsx
	}
	return ""
}

// unpack returns the content of a part, or "" if it is damaged or too large.
func unpack(f *zip.File) string {
	if f == nil || f.UncompressedSize64 > maxIndex {
		return ""
	}
	r, err := f.Open()
	if err != nil {
		return ""
	}
	b, err := io.ReadAll(io.LimitReader(r, maxIndex))
	if r.Close() != nil || err != nil {
		return ""
	}
	return string(b)
}

// compoundMagic begins a compound file, which DOC and XLS are.
const compoundMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// compound returns which document a compound file is, or "" also if it has macros.
// What counts is its directory ([MS-CFB] §2.6), not text that happens to be in it.
func compound(data []byte) string {
	found := ""
	for _, name := range directory(data) {
		switch name {
		case "WordDocument": // [MS-DOC] §2.1.1
			found = word
		case "Workbook", "Book": // [MS-XLS] §2.1.2
			if found == "" {
				found = excel
			}
		case "_VBA_PROJECT", "_VBA_PROJECT_CUR": // [MS-OVBA] §2.2.1
			return "" // macros do not travel
		}
	}
	return found
}

// directory returns the names of the streams and storages of a compound file, as
// far as it is whole.
func directory(data []byte) (names []string) {
	if len(data) < 512 {
		return nil
	}
	le := binary.LittleEndian
	shift := le.Uint16(data[30:])
	if shift != 9 && shift != 12 { // §2.2
		return nil
	}
	size := int64(1) << shift
	sector := func(n uint32) []byte {
		from := (int64(n) + 1) * size
		if from+size > int64(len(data)) {
			return nil
		}
		return data[from : from+size]
	}
	// next returns the sector after one in its chain. The header names the first
	// 109 sectors of the table of chains, enough for 6.8 MB or, with large sectors,
	// 440 MB; a larger file has more of them in a list of their own (§2.5).
	per := uint32(size / 4)
	next := func(n uint32) uint32 {
		if int64(n) > int64(len(data))/size { // also keeps the walk below short
			return 0xffffffff
		}
		table, at := n/per, data[76:512]
		for more := le.Uint32(data[68:]); table >= uint32(len(at)/4); {
			table -= uint32(len(at) / 4)
			list := sector(more)
			if list == nil {
				return 0xffffffff
			}
			at, more = list[:size-4], le.Uint32(list[size-4:])
		}
		chains := sector(le.Uint32(at[4*table:]))
		if chains == nil {
			return 0xffffffff
		}
		return le.Uint32(chains[4*(n%per):])
	}
	n := le.Uint32(data[48:])
	for range len(data) / int(size) { // a chain may be made to run in a circle
		entries := sector(n)
		if entries == nil {
			return names
		}
		for ; len(entries) >= 128; entries = entries[128:] {
			if length := le.Uint16(entries[64:]); length >= 2 && length <= 64 && entries[66] != 0 {
				names = append(names, text(entries[:length-2]))
			}
		}
		n = next(n)
	}
	return names
}

func text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
