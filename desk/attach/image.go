package attach

import (
	"archive/zip"
	"bytes"
	img "image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"

	"github.com/tandem-cc/tandem/internal/fault"
)

var errPicture = fault.Errorf(fault.Invalid, "the picture is damaged")

// redraw decodes an image and encodes it anew, after a look at its size: a small
// file may hold a picture that fills the memory.
func redraw(data []byte, media string, pixels int) (out []byte, width, height int, err error) {
	config, _, err := img.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return nil, 0, 0, errPicture
	}
	if config.Width > pixels/config.Height {
		return nil, 0, 0, fault.Errorf(fault.Invalid, "the picture has more than %d million pixels", pixels/1_000_000)
	}
	var b bytes.Buffer
	switch media {
	case "image/gif":
		if countFrames(data) > pixels/(config.Width*config.Height) {
			return nil, 0, 0, fault.Errorf(fault.Invalid, "the picture has more than %d million pixels", pixels/1_000_000)
		}
		all, err := gif.DecodeAll(bytes.NewReader(data))
		if err != nil {
			return nil, 0, 0, errPicture
		}
		if gif.EncodeAll(&b, all) != nil {
			return nil, 0, 0, errPicture
		}
	case "image/png":
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil || png.Encode(&b, picture) != nil {
			return nil, 0, 0, errPicture
		}
	default:
		picture, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			return nil, 0, 0, errPicture
		}
		picture = upright(picture, orientation(data))
		config.Width, config.Height = picture.Bounds().Dx(), picture.Bounds().Dy()
		if jpeg.Encode(&b, picture, &jpeg.Options{Quality: 88}) != nil {
			return nil, 0, 0, errPicture
		}
	}
	return b.Bytes(), config.Width, config.Height, nil
}

// countFrames walks the blocks of a GIF (GIF89a §12-26) and counts its images
// without decoding any.
func countFrames(data []byte) (frames int) {
	if len(data) < 13 {
		return 0
	}
	at := 13
	if data[10]&0x80 != 0 {
		at += 3 << (data[10]&7 + 1)
	}
	skip := func() {
		for at < len(data) && data[at] != 0 {
			at += int(data[at]) + 1
		}
		at++
	}
	for at < len(data) {
		switch data[at] {
		case 0x21:
			at += 2
			skip()
		case 0x2c:
			if at+9 >= len(data) {
				return frames
			}
			frames++
			flags := data[at+9]
			at += 10
			if flags&0x80 != 0 {
				at += 3 << (flags&7 + 1)
			}
			at++
			skip()
		default:
			return frames
		}
	}
	return frames
}

// orientation returns how a camera was held: the Exif tag 0x0112 (CIPA DC-008
// §4.6.4), 1 to 8, or 1 if there is none.
func orientation(data []byte) int {
	at := bytes.Index(data[:min(len(data), 64<<10)], []byte("Exif\x00\x00"))
	if at < 0 || at+14 > len(data) {
		return 1
	}
	tiff := data[at+6:]
	var u16 func(int) int
	switch string(tiff[:2]) {
	case "II":
		u16 = func(i int) int { return int(tiff[i]) | int(tiff[i+1])<<8 }
	case "MM":
		u16 = func(i int) int { return int(tiff[i])<<8 | int(tiff[i+1]) }
	default:
		return 1
	}
	const ifd = 8 // where every camera puts it
	if len(tiff) < ifd+2 {
		return 1
	}
	for n := range u16(ifd) {
		entry := ifd + 2 + 12*n
		if entry+12 > len(tiff) {
			return 1
		}
		if u16(entry) == 0x0112 {
			if o := u16(entry + 8); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
	}
	return 1
}

// upright turns a picture as its orientation says.
func upright(p img.Image, o int) img.Image {
	if o <= 1 || o > 8 {
		return p
	}
	b := p.Bounds()
	w, h := b.Dx(), b.Dy()
	from := img.NewRGBA(img.Rect(0, 0, w, h))
	draw.Draw(from, from.Bounds(), p, b.Min, draw.Src)
	to := img.NewRGBA(img.Rect(0, 0, w, h))
	if o >= 5 {
		to = img.NewRGBA(img.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			var tx, ty int
			switch o {
			case 2:
				tx, ty = w-1-x, y
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				tx, ty = x, h-1-y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			to.SetRGBA(tx, ty, from.RGBAAt(x, y))
		}
	}
	return to
}

// office returns which document an OOXML package is (ECMA-376 part 2), or "". Only
// the names of its parts are read, so that nothing is unpacked.
func office(data []byte) string {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return ""
	}
	parts := map[string]bool{}
	for _, f := range z.File {
		parts[f.Name] = true
	}
	switch {
	case !parts["[Content_Types].xml"], parts["word/vbaProject.bin"], parts["xl/vbaProject.bin"]:
		return "" // macros do not travel
	case parts["word/document.xml"]:
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case parts["xl/workbook.xml"]:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return ""
}
