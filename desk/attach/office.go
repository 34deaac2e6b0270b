package attach

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"strings"

	"github.com/tandem-cc/tandem/internal/fault"
)

// What a package may hold at most. Documents are far below; files made to fill
// a memory or a disk when they are unpacked are above.
const (
	maxParts    = 10_000
	maxUnpacked = 512 << 20
	maxTypes    = 1 << 20 // of the list of content types
)

// lookPackage says which document an OOXML package is (ECMA-376 part 2), from its
// list of content types, which is all that is unpacked.
func lookPackage(data []byte) (*kind, error) {
	if bytes.Count(data, []byte("PK\x01\x02")) > maxParts { // before each is made a value
		return nil, errDocument
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errDocument
	}
	var list *zip.File
	var unpacked uint64
	seen := make(map[string]bool, len(z.File))
	for _, f := range z.File {
		name := strings.ToLower(f.Name) // part names are the same whatever their case (§6.2.2)
		switch {
		case seen[name], strings.HasPrefix(name, "/"), strings.Contains(name, `\`), strings.Contains("/"+name+"/", "/../"):
			return nil, errDocument
		case f.UncompressedSize64 > maxUnpacked-unpacked:
			return nil, fault.Errorf(fault.Invalid, "the document unpacks to more than %d MB", maxUnpacked>>20)
		case strings.HasSuffix(name, "/vbaproject.bin"):
			return nil, errMacros
		case name == "[content_types].xml":
			list = f
		}
		seen[name] = true
		unpacked += f.UncompressedSize64
	}
	if list == nil {
		return nil, errOffice
	}
	return lookTypes(list)
}

// lookTypes reads the list of content types: the main part has the document's.
func lookTypes(list *zip.File) (*kind, error) {
	r, err := list.Open()
	if err != nil {
		return nil, errDocument
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, maxTypes+1))
	if err != nil || len(content) > maxTypes {
		return nil, errDocument
	}
	var types struct {
		Override []struct {
			ContentType string `xml:"ContentType,attr"`
		}
	}
	if xml.Unmarshal(content, &types) != nil {
		return nil, errDocument
	}
	var found *kind
	for _, o := range types.Override {
		t := strings.ToLower(o.ContentType)
		switch {
		case strings.Contains(t, "macroenabled"), strings.Contains(t, "vbaproject"):
			return nil, errMacros
		case t == "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml" && found == nil:
			found = kindDOCX
		case t == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml" && found == nil:
			found = kindXLSX
		}
	}
	if found == nil {
		return nil, errOffice
	}
	return found, nil
}
