package attach_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	img "image"
	"image/gif"
	"image/png"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/desk/attach"
	"github.com/tandem-cc/tandem/internal/fault"
)

// claim makes a PNG say that it is of another size.
func claim(w, h uint32) []byte {
	b := pngOf(picture(2, 2))
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// claimJPEG makes a JPEG say that it is of another size.
func claimJPEG(w, h uint16) []byte {
	b := jpegOf(2, 2)
	at := bytes.Index(b, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(b[at+5:], h)
	binary.BigEndian.PutUint16(b[at+7:], w)
	return b
}

// hidden puts a text extension with an empty head between the frames of a GIF:
// a reader that trusts the head loses its step there, and the decoder does not.
func hidden(frames int) []byte {
	b := gifOf(1000, 1000, frames)
	first := bytes.Index(b, []byte{0x21, 0xf9})
	odd := append([]byte{0x21, 0x01}, make([]byte, 14)...)
	return append(append(append([]byte{}, b[:first]...), odd...), b[first:]...)
}

// hiddenByApplication does the same by an application extension with an empty head
// and a block that looks like the end of the file.
func hiddenByApplication(frames int) []byte {
	b := gifOf(1000, 1000, frames)
	second := bytes.LastIndex(b, []byte{0x21, 0xf9})
	if frames > 1 {
		first := bytes.Index(b, []byte{0x21, 0xf9})
		second = first + 1 + bytes.Index(b[first+1:], []byte{0x21, 0xf9})
	}
	odd := append([]byte{0x21, 0xff, 0x00, 0x3b}, make([]byte, 0x3b+1)...)
	return append(append(append([]byte{}, b[:second]...), odd...), b[second:]...)
}

// zipBomb declares more than memory should ever hold, in few bytes.
func zipBomb(t *testing.T) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("[Content_Types].xml")
	require.NoError(t, err)
	_, err = w.Write([]byte(docxIndex))
	require.NoError(t, err)
	w, err = z.CreateRaw(&zip.FileHeader{Name: "word/document.xml", UncompressedSize64: 4 << 30, CompressedSize64: 1, Method: zip.Deflate})
	require.NoError(t, err)
	_, err = w.Write([]byte{3})
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func manyParts() []byte {
	parts := [][2]string{{"[Content_Types].xml", docxIndex}, {"word/document.xml", ""}}
	for i := range 10_000 {
		parts = append(parts, [2]string{string(rune('a'+i%26)) + string(binary.BigEndian.AppendUint32(nil, uint32(i))), ""})
	}
	return pack(parts...)
}

func TestBombsTakeNoMemory(t *testing.T) {
	for name, data := range map[string][]byte{
		"png of 10^18 pixels":  claim(1<<30, 1<<30),
		"png of 900 megapixel": claim(30_000, 30_000),
		"jpeg of 65,500²":      claimJPEG(65_500, 65_500),
		"gif of 41 frames":     gifOf(1000, 1000, 41),
		"gif that misleads":    hidden(41),
		"gif that ends early":  hiddenByApplication(41),
		"zip":                  zipBomb(t),
		"zip of many parts":    manyParts(),
		"index that is large":  pack([2]string{"[Content_Types].xml", docxIndex + string(make([]byte, 2<<20))}, [2]string{"word/document.xml", ""}),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := attach.Inspect(data, "a", attach.Default())
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, fault.Invalid, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), name)
	}
	for _, misleading := range [][]byte{hidden(2), hiddenByApplication(2)} {
		_, _, err := attach.Inspect(misleading, "a", attach.Default())
		require.NoError(t, err, "the decoder does read past the odd extension, or this shows nothing")
	}
}

func TestDeepPicturesCountTwice(t *testing.T) {
	l := attach.Default()
	l.Pixels = 100
	_, _, err := attach.Inspect(pngOf(picture(10, 10)), "a", l)
	require.NoError(t, err)
	_, _, err = attach.Inspect(pngOf(picture(10, 11)), "a", l)
	require.ErrorIs(t, err, fault.Invalid)
	_, _, err = attach.Inspect(pngOf(img.NewNRGBA64(img.Rect(0, 0, 10, 10))), "a", l)
	require.ErrorIs(t, err, fault.Invalid)
}

func TestPictureThatGrows(t *testing.T) {
	p := picture(600, 600)
	for i := range p.Pix { // noise, but for what is opaque
		if i%4 != 3 {
			p.Pix[i] = byte(i * i >> 3 * 2654435761 >> 7)
		}
	}
	var b bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, p))
	l := attach.Default()
	l.Image = int64(b.Len())
	f, out, err := attach.Inspect(b.Bytes(), "a", l)
	require.NoError(t, err)
	require.LessOrEqual(t, f.Size, l.Image)
	require.Len(t, out, int(f.Size))
}

func FuzzInspect(f *testing.F) {
	for _, seed := range [][]byte{
		withExif(jpegOf(9, 5), binary.LittleEndian, 8, 6), pngOf(picture(9, 5)), gifOf(9, 5, 3), hidden(1), []byte("%PDF-1.7"), []byte(mp4),
		compound("WordDocument", "a", "b", "c", "d"), circle(), claim(1<<30, 1), claimJPEG(65_500, 2),
		pack([2]string{"[Content_Types].xml", docxIndex}, [2]string{"word/document.xml", "<w/>"}),
	} {
		f.Add(seed, "a.jpg")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		l := attach.WithVideo()
		l.Pixels = 10_000
		found, out, err := attach.Inspect(data, name, l)
		if err != nil {
			require.ErrorIs(t, err, fault.Invalid)
			require.Nil(t, out)
			return
		}
		require.Len(t, out, int(found.Size))
		require.LessOrEqual(t, found.Width*found.Height, l.Pixels)
		require.NotContains(t, found.Name, "/")
		require.LessOrEqual(t, len(found.Name), 205)
		if found.Type == "image/gif" {
			all, err := gif.DecodeAll(bytes.NewReader(out))
			require.NoError(t, err)
			total := 0
			for _, p := range all.Image {
				total += p.Rect.Dx() * p.Rect.Dy()
			}
			require.LessOrEqual(t, total, l.Pixels, "counted fewer pixels than were decoded")
		}
		again, same, err := attach.Inspect(out, found.Name, l)
		require.NoError(t, err)
		require.Equal(t, found.Type, again.Type)
		require.Equal(t, found.Name, again.Name)
		require.Equal(t, [2]int{found.Width, found.Height}, [2]int{again.Width, again.Height})
		require.NotNil(t, same)
	})
}
