package attach_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	img "image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/desk/attach"
	"github.com/tandem-cc/tandem/internal/fault"
)

// picture is red in its upper left quarter and blue elsewhere.
func picture(w, h int) *img.RGBA {
	p := img.NewRGBA(img.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0, 0, 200, 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{200, 0, 0, 255}
			}
			p.SetRGBA(x, y, c)
		}
	}
	return p
}

func jpegOf(w, h int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(w, h), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func pngOf(p img.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func gifOf(w, h, frames int) []byte {
	g := &gif.GIF{LoopCount: 3}
	for i := range frames {
		p := img.NewPaletted(img.Rect(0, 0, w, h), color.Palette{color.Black, color.White})
		p.SetColorIndex(i%w, 0, 1)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10+i)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// withExif puts an orientation, and a place where the picture was taken, into a JPEG.
func withExif(data []byte, order binary.AppendByteOrder, ifd uint32, orientation uint16) []byte {
	head := map[binary.AppendByteOrder]string{binary.LittleEndian: "II*\x00", binary.BigEndian: "MM\x00*"}[order]
	tiff := order.AppendUint32([]byte(head), ifd)
	tiff = append(tiff, make([]byte, int(ifd)-8)...)
	tiff = order.AppendUint16(tiff, 2)
	for _, e := range [][3]uint16{{0x0100, 3, 7}, {0x0112, 3, orientation}} {
		tiff = order.AppendUint16(order.AppendUint16(tiff, e[0]), e[1])
		tiff = order.AppendUint16(order.AppendUint32(tiff, 1), e[2])
		tiff = append(tiff, 0, 0)
	}
	body := append([]byte("Exif\x00\x00"), tiff...)
	body = append(body, "GPS 51.5N 0.1W"...)
	out := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(body)+2))
	return append(append(out, body...), data[2:]...)
}

// pack makes a zip of parts, each a name and its content.
func pack(parts ...[2]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p[0])
		if err == nil {
			_, err = w.Write([]byte(p[1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

const (
	docxIndex = `<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`
	xlsxIndex = `<Types><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`
	docmIndex = `<Types><Override PartName="/word/document.xml" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>`
)

// compound makes a compound file [MS-CFB] of 512-byte sectors with that directory.
func compound(names ...string) []byte {
	le := binary.LittleEndian
	names = append([]string{"Root Entry"}, names...)
	sectors := (len(names) + 3) / 4
	b := make([]byte, 512*(2+sectors))
	copy(b, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le.PutUint16(b[26:], 3)
	le.PutUint16(b[28:], 0xfffe)
	le.PutUint16(b[30:], 9)
	le.PutUint32(b[44:], 1)
	le.PutUint32(b[48:], 1)          // the directory begins in sector 1
	le.PutUint32(b[68:], 0xfffffffe) // no list of further tables
	for i := range 109 {
		le.PutUint32(b[76+4*i:], 0xffffffff)
	}
	le.PutUint32(b[76:], 0) // the table of chains is sector 0
	for i := range 128 {
		le.PutUint32(b[512+4*i:], 0xffffffff)
	}
	le.PutUint32(b[512:], 0xfffffffd)
	for i := range sectors {
		next := uint32(i + 2)
		if i == sectors-1 {
			next = 0xfffffffe
		}
		le.PutUint32(b[512+4*(i+1):], next)
	}
	for i, name := range names {
		e := b[1024+128*i:]
		for j, u := range utf16.Encode([]rune(name)) {
			le.PutUint16(e[2*j:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(name)+2))
		e[66] = 2
	}
	return b
}

const mp4 = "\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41\x00\x00\x00\x08free"

func TestWhatMayBeSent(t *testing.T) {
	for _, c := range []struct {
		name, want, media string
		data              []byte
	}{
		{"holiday.JPEG", "holiday.jpg", "image/jpeg", jpegOf(8, 6)},
		{"a.png", "a.png", "image/png", pngOf(picture(8, 6))},
		{"a.gif", "a.gif", "image/gif", gifOf(8, 6, 3)},
		{"a.exe", "a.exe.png", "image/png", pngOf(picture(8, 6))},
		{"a.pdf", "a.pdf", "application/pdf", []byte("%PDF-1.7\n%%EOF")},
		{"a.doc", "a.doc", "application/msword", compound("WordDocument", "1Table")},
		{"a.doc", "a.doc.xls", "application/vnd.ms-excel", compound("x", "y", "z", "q", "Workbook")},
		{"a.docx", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", pack([2]string{"[Content_Types].xml", docxIndex}, [2]string{"word/document.xml", "<w/>"})},
		{"a.xlsx", "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", pack([2]string{"[Content_Types].xml", xlsxIndex}, [2]string{"XL/Workbook.xml", "<w/>"})},
		{"a.m4v", "a.mp4", "video/mp4", []byte(mp4)},
	} {
		f, data, err := attach.Inspect(c.data, c.name, attach.WithVideo())
		require.NoError(t, err, c.name)
		sum := sha256.Sum256(data)
		want := attach.File{Name: c.want, Type: c.media, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
		if strings.HasPrefix(c.media, "image/") {
			want.Width, want.Height = 8, 6
		} else {
			require.Equal(t, c.data, data, c.name)
		}
		require.Equal(t, want, f)
	}
}

func TestWhatMayNotBeSent(t *testing.T) {
	part := func(name, content string) [2]string { return [2]string{name, content} }
	for name, data := range map[string][]byte{
		"empty":                      nil,
		"text":                       []byte("hello"),
		"svg":                        []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"svg with a head":            []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`),
		"html":                       []byte("<!doctype html><script>alert(1)</script>"),
		"webp":                       []byte("RIFF\x10\x00\x00\x00WEBPVP8 "),
		"program":                    []byte("MZ\x90\x00"),
		"script":                     []byte("#!/bin/sh\nrm -rf /"),
		"zip":                        pack(part("a.txt", "a")),
		"jar with an index":          pack(part("[Content_Types].xml", docxIndex), part("META-INF/MANIFEST.MF", "")),
		"docx in name alone":         pack(part("word/document.xml", "")),
		"docx with macros":           pack(part("[Content_Types].xml", docmIndex), part("word/document.xml", "")),
		"docx with a renamed macro":  pack(part("[Content_Types].xml", docxIndex+"<Override PartName='/word/x.bin' ContentType='application/vnd.ms-office.vbaProject'/>"), part("word/document.xml", "")),
		"part twice":                 pack(part("[Content_Types].xml", docxIndex), part("word/document.xml", ""), part("Word/document.xml", "")),
		"doc in text alone":          append(compound("Contents"), "W\x00o\x00r\x00d\x00D\x00o\x00c\x00u\x00m\x00e\x00n\x00t\x00"...),
		"doc with macros":            compound("WordDocument", "Macros", "VBA", "_VBA_PROJECT"),
		"doc without its directory":  compound("WordDocument")[:1024],
		"compound head alone":        []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
		"half a docx":                pack(part("[Content_Types].xml", docxIndex), part("word/document.xml", "<w/>"))[:200],
		"half a jpeg":                jpegOf(64, 64)[:300],
		"jpeg head alone":            []byte("\xff\xd8\xff\xe0"),
		"half a png":                 pngOf(picture(64, 64))[:60],
		"half a gif":                 gifOf(64, 64, 2)[:60],
		"gif head with a script":     []byte("GIF89a=1;alert(document.cookie)//"),
		"directory that is a circle": circle(),
	} {
		f, out, err := attach.Inspect(data, "innocent.png", attach.WithVideo())
		require.ErrorIs(t, err, fault.Invalid, name)
		require.Zero(t, f, name)
		require.Nil(t, out, name)
	}
}

func circle() []byte {
	b := compound("a", "b", "c")
	binary.LittleEndian.PutUint32(b[512+4:], 1)
	binary.LittleEndian.PutUint32(b[68:], 0)
	return b
}

func TestLimits(t *testing.T) {
	_, _, err := attach.Inspect([]byte(mp4), "a.mp4", attach.Default())
	require.EqualError(t, err, "videos cannot be sent here")
	require.ErrorIs(t, err, fault.Invalid)

	fill := func(head string, size int) []byte { return append([]byte(head), make([]byte, size-len(head))...) }
	for _, c := range []struct {
		head string
		most int
		want string
	}{
		{"%PDF-1.4\n", 10 << 20, "documents can be 10 MB large at most"},
		{mp4, 16 << 20, "files can be 16 MB large at most"},
	} {
		_, _, err = attach.Inspect(fill(c.head, c.most), "a", attach.WithVideo())
		require.NoError(t, err)
		_, _, err = attach.Inspect(fill(c.head, c.most+1), "a", attach.WithVideo())
		require.EqualError(t, err, c.want)
	}
	small := pngOf(picture(8, 6))
	_, _, err = attach.Inspect(append(small, make([]byte, 5<<20-len(small))...), "a", attach.Default())
	require.NoError(t, err)
	_, _, err = attach.Inspect(append(small, make([]byte, 5<<20-len(small)+1)...), "a", attach.Default())
	require.EqualError(t, err, "images can be 5 MB large at most")
	_, _, err = attach.Inspect(small, "a", attach.Limits{})
	require.EqualError(t, err, "images cannot be sent here")
}

func TestPicturesAreDrawnAnew(t *testing.T) {
	const script = "<script>alert(1)</script>"
	for name, data := range map[string][]byte{
		"jpeg": withExif(jpegOf(8, 6), binary.BigEndian, 8, 1),
		"png":  pngOf(picture(8, 6)),
		"gif":  gifOf(8, 6, 2),
	} {
		_, out, err := attach.Inspect(append(data, script...), name, attach.Default())
		require.NoError(t, err, name)
		require.NotContains(t, string(out), "script", name)
		require.NotContains(t, string(out), "Exif", name)
		require.NotContains(t, string(out), "GPS", name)
	}
}

func TestAnimationStays(t *testing.T) {
	_, out, err := attach.Inspect(gifOf(8, 6, 5), "a.gif", attach.Default())
	require.NoError(t, err)
	all, err := gif.DecodeAll(bytes.NewReader(out))
	require.NoError(t, err)
	require.Equal(t, []int{10, 11, 12, 13, 14}, all.Delay)
	require.Equal(t, 3, all.LoopCount)
}

// The red quarter goes where the table of CIPA DC-008 §4.6.4 says.
func TestPictureIsTurnedUpright(t *testing.T) {
	for o, corner := range map[uint16]string{
		1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left",
		5: "top left", 6: "top right", 7: "bottom right", 8: "bottom left", 9: "top left",
	} {
		for ifd, order := range map[uint32]binary.AppendByteOrder{8: binary.BigEndian, 20: binary.LittleEndian} {
			f, out, err := attach.Inspect(withExif(jpegOf(64, 32), order, ifd, o), "a.jpg", attach.Default())
			require.NoError(t, err)
			w, h := 64, 32
			if o >= 5 && o <= 8 {
				w, h = h, w
			}
			require.Equal(t, [2]int{w, h}, [2]int{f.Width, f.Height}, "orientation %d", o)
			p, err := jpeg.Decode(bytes.NewReader(out))
			require.NoError(t, err)
			require.Equal(t, img.Rect(0, 0, w, h), p.Bounds())
			for at, xy := range map[string][2]int{"top left": {2, 2}, "top right": {w - 3, 2}, "bottom left": {2, h - 3}, "bottom right": {w - 3, h - 3}} {
				r, _, b, _ := p.At(xy[0], xy[1]).RGBA()
				require.Equal(t, at == corner, r > b, "orientation %d, %s", o, at)
			}
		}
	}
}

func TestNames(t *testing.T) {
	data := jpegOf(2, 2)
	for name, want := range map[string]string{
		"":                                "file.jpg",
		".jpg":                            "file.jpg",
		"...":                             "file.jpg",
		"a.jpg.":                          "a.jpg",
		"a.JPEG":                          "a.jpg",
		"../../etc/passwd":                "passwd.jpg",
		`C:\Users\me\me.jpg`:              "me.jpg",
		".hidden.jpg":                     "hidden.jpg",
		"a\r\nSet-Cookie: x.jpg":          "aSet-Cookie x.jpg",
		"photo\u202egpj.exe":              "photogpj.exe.jpg",
		"zero\u200bwidth.jpg":             "zerowidth.jpg",
		"a\xff.jpg":                       "a.jpg",
		`"><img src=x>.jpg`:               "img src=x.jpg",
		"Füße 日本.jpg":                     "Füße 日本.jpg",
		"K.jpg":                           "K.jpg",
		strings.Repeat("a", 300) + ".jpg": strings.Repeat("a", 120) + ".jpg",
		strings.Repeat("日", 300):          strings.Repeat("日", 66) + ".jpg",
	} {
		f, _, err := attach.Inspect(data, name, attach.Default())
		require.NoError(t, err)
		require.Equal(t, want, f.Name, "%q", name)
	}
}
