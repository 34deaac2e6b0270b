package attach

import (
	"encoding/binary"
	"image"
	"image/draw"
)

// A header is what a JPEG says of itself before its picture.
type header struct {
	progressive bool
	orientation int // how the camera was held, 1 to 8 (CIPA DC-008 §4.6.5.1), 1 is upright
}

// readHeader walks the segments of a JPEG (ITU-T T.81 B.1.1.4) up to the picture.
func readHeader(data []byte) header {
	h := header{orientation: 1}
	exif := false
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker := data[at+1]
		if marker == 0xff { // fill
			at++
			continue
		}
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		if n < 2 || at+2+n > len(data) || marker == 0xda {
			break
		}
		body := data[at+4 : at+2+n]
		switch {
		case marker == 0xc2:
			h.progressive = true
		case marker == 0xe1 && !exif && len(body) > 6 && string(body[:6]) == "Exif\x00\x00":
			exif = true
			h.orientation = orientation(body[6:])
		}
		at += 2 + n
	}
	return h
}

// orientation returns the tag 0x0112 of the first directory of Exif data, which
// is a TIFF file (TIFF 6.0 §2), or 1.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	from := uint64(order.Uint32(tiff[4:]))
	if from+2 > uint64(len(tiff)) {
		return 1
	}
	directory := tiff[from:]
	n := int(order.Uint16(directory))
	for entry := directory[2:]; n > 0 && len(entry) >= 12; n, entry = n-1, entry[12:] {
		if order.Uint16(entry) != 0x0112 {
			continue
		}
		if o := int(order.Uint16(entry[8:])); o >= 1 && o <= 8 {
			return o
		}
		return 1
	}
	return 1
}

// upright turns a picture as its orientation says.
func upright(p image.Image, o int) image.Image {
	if o <= 1 || o > 8 {
		return p
	}
	b := p.Bounds()
	w, h := b.Dx(), b.Dy()
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	if o >= 5 {
		to = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	row := image.NewRGBA(image.Rect(0, 0, w, 1))
	for y := range h {
		draw.Draw(row, row.Bounds(), p, b.Min.Add(image.Pt(0, y)), draw.Src)
		for x := range w {
			tx, ty := turned(o, x, y, w, h)
			copy(to.Pix[to.PixOffset(tx, ty):], row.Pix[4*x:4*x+4])
		}
	}
	return to
}

// turned returns where a pixel of a picture of w times h goes.
func turned(o, x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	default:
		return y, w - 1 - x
	}
}
