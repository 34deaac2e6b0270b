package attach

import (
	"encoding/binary"
	"unicode/utf16"
)

// A compound is a file of streams in storages [MS-CFB], such as Word and Excel
// wrote until 2007. All numbers in it are hostile.
type compound struct {
	data  []byte
	shift uint     // a sector has 1<<shift bytes
	fat   []uint32 // the sectors of the allocation table
}

// An object is an entry of the directory (§2.6.1).
type object struct {
	name              string
	kind              byte // 1 a storage, 2 a stream, 5 the root
	left, right, down uint32
}

// lookCompound says which document a compound file is, from the names of what is
// in its root: a document within a document lies further down.
func lookCompound(data []byte) (*kind, error) {
	c, ok := openCompound(data)
	if !ok {
		return nil, errDocument
	}
	objects, ok := c.directory()
	if !ok || objects[0].kind != 5 {
		return nil, errDocument
	}
	var found *kind
	seen := make([]bool, len(objects))
	for next := []uint32{objects[0].down}; len(next) > 0; {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		if i >= uint32(len(objects)) || seen[i] {
			continue
		}
		seen[i] = true
		o := objects[i]
		next = append(next, o.left, o.right)
		switch {
		case o.kind == 1 && (o.name == "Macros" || o.name == "_VBA_PROJECT_CUR"):
			return nil, errMacros
		case o.kind == 2 && o.name == "EncryptedPackage":
			return nil, errLocked
		case o.kind == 2 && o.name == "WordDocument":
			found = kindDOC
		case o.kind == 2 && (o.name == "Workbook" || o.name == "Book") && found == nil:
			found = kindXLS
		}
	}
	if found == nil {
		return nil, errOffice
	}
	return found, nil
}

// openCompound reads the header (§2.2) and where the allocation table lies (§2.5).
func openCompound(data []byte) (*compound, bool) {
	if len(data) < 512 {
		return nil, false
	}
	c := &compound{data: data, shift: uint(binary.LittleEndian.Uint16(data[30:]))}
	if c.shift != 9 && c.shift != 12 {
		return nil, false
	}
	most := len(data)>>c.shift + 1 // sectors; whoever takes more goes round in circles
	for at := 76; at < 512; at += 4 {
		c.fat = append(c.fat, binary.LittleEndian.Uint32(data[at:]))
	}
	next := binary.LittleEndian.Uint32(data[68:])
	for n := 0; ; n++ {
		s := c.sector(next)
		if s == nil {
			return c, true
		}
		if n > most {
			return nil, false
		}
		last := len(s) - 4
		for at := 0; at < last; at += 4 {
			c.fat = append(c.fat, binary.LittleEndian.Uint32(s[at:]))
		}
		next = binary.LittleEndian.Uint32(s[last:])
	}
}

// sector returns a sector, or nil if the file has none of that number.
func (c *compound) sector(n uint32) []byte {
	from := (uint64(n) + 1) << c.shift
	if to := from + 1<<c.shift; to <= uint64(len(c.data)) {
		return c.data[from:to]
	}
	return nil
}

// after returns the sector that follows in a stream.
func (c *compound) after(n uint32) (uint32, bool) {
	each := uint32(1) << c.shift / 4
	if n/each >= uint32(len(c.fat)) {
		return 0, false
	}
	s := c.sector(c.fat[n/each])
	if s == nil {
		return 0, false
	}
	return binary.LittleEndian.Uint32(s[n%each*4:]), true
}

// directory returns the entries of the directory, of which there is one at least.
func (c *compound) directory() ([]object, bool) {
	const end = 0xfffffffe
	var all []object
	most := len(c.data)>>c.shift + 1
	next, ok := binary.LittleEndian.Uint32(c.data[48:]), true
	for n := 0; next != end; n++ {
		s := c.sector(next)
		if s == nil || n > most {
			return nil, false
		}
		for ; len(s) > 0; s = s[128:] {
			all = append(all, objectOf(s[:128]))
		}
		if next, ok = c.after(next); !ok {
			return nil, false
		}
	}
	return all, len(all) > 0
}

func objectOf(b []byte) object {
	o := object{kind: b[66], left: binary.LittleEndian.Uint32(b[68:]), right: binary.LittleEndian.Uint32(b[72:]), down: binary.LittleEndian.Uint32(b[76:])}
	if n := int(binary.LittleEndian.Uint16(b[64:])); n >= 2 && n <= 64 {
		letters := make([]uint16, n/2-1) // without the final zero
		for i := range letters {
			letters[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		o.name = string(utf16.Decode(letters))
	}
	return o
}
