package attach

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"sync"

	"github.com/tandem-cc/tandem/internal/fault"
)

// drawing is held by who decodes a picture. One takes up to some 300 MB of
// memory for a second, of which there is one per process.
var drawing sync.Mutex

// redraw decodes an image and encodes it anew, after a look at its size: a small
// file may hold a picture that fills the memory. It returns how wide and high
// the picture is.
func redraw(data []byte, k *kind, l Limits) (out []byte, width, height int, err error) {
	cost, err := costOf(data, k)
	if err != nil {
		return nil, 0, 0, err
	}
	if cost > int64(l.Pixels) {
		return nil, 0, 0, fault.Errorf(fault.Invalid, "the picture has too many pixels: %d million are the most", l.Pixels/1_000_000)
	}
	drawing.Lock()
	defer drawing.Unlock()
	encode, at, err := decode(data, k)
	if err != nil {
		return nil, 0, 0, err
	}
	for pass := 0; ; pass++ {
		var b bytes.Buffer
		more, err := encode(&b, pass)
		switch {
		case err != nil:
			return nil, 0, 0, errPicture
		case int64(b.Len()) <= l.Image:
			return b.Bytes(), at.Dx(), at.Dy(), nil
		case !more:
			return nil, 0, 0, fault.Errorf(fault.Invalid, "the picture is larger than %s once it is cleaned: make it smaller", size(l.Image))
		}
	}
}

// costOf returns how many pixels decoding an image takes memory for. A pixel of
// 16-bit colours, or of a progressive JPEG, whose coefficients are all kept until
// the end, counts as two.
func costOf(data []byte, k *kind) (int64, error) {
	r := bytes.NewReader(data)
	var c image.Config
	var err error
	each := int64(1)
	switch k {
	case kindGIF:
		c, err = gif.DecodeConfig(r)
		n, ok := countFrames(data)
		if !ok || n > maxFrames {
			return 0, errPicture
		}
		each = int64(n)
	case kindPNG:
		c, err = png.DecodeConfig(r)
		switch c.ColorModel {
		case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
			each = 2
		}
	default:
		c, err = jpeg.DecodeConfig(r)
		if readHeader(data).progressive {
			each = 2
		}
	}
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return 0, errPicture
	}
	if int64(c.Width) > (1<<40)/int64(c.Height) { // PNG goes to 31 bits each
		return 1 << 40, nil
	}
	return int64(c.Width) * int64(c.Height) * each, nil
}

// An encoder writes a picture, from pass to pass smaller, and says whether there
// is a further pass.
type encoder func(w io.Writer, pass int) (more bool, err error)

func decode(data []byte, k *kind) (encoder, image.Rectangle, error) {
	r := bytes.NewReader(data)
	switch k {
	case kindGIF:
		all, err := gif.DecodeAll(r)
		if err != nil {
			return nil, image.Rectangle{}, errPicture
		}
		return func(w io.Writer, _ int) (bool, error) { return false, gif.EncodeAll(w, all) },
			image.Rect(0, 0, all.Config.Width, all.Config.Height), nil
	case kindPNG:
		picture, err := png.Decode(r)
		if err != nil {
			return nil, image.Rectangle{}, errPicture
		}
		return func(w io.Writer, pass int) (bool, error) {
			levels := []png.CompressionLevel{png.DefaultCompression, png.BestCompression}
			e := png.Encoder{CompressionLevel: levels[pass]}
			return pass+1 < len(levels), e.Encode(w, picture)
		}, picture.Bounds(), nil
	default:
		picture, err := jpeg.Decode(r)
		if err != nil {
			return nil, image.Rectangle{}, errPicture
		}
		picture = upright(picture, readHeader(data).orientation)
		return func(w io.Writer, pass int) (bool, error) {
			qualities := []int{88, 75, 60}
			return pass+1 < len(qualities), jpeg.Encode(w, picture, &jpeg.Options{Quality: qualities[pass]})
		}, picture.Bounds(), nil
	}
}

// maxFrames is the most frames of a GIF: each takes some 5 KB besides its pixels.
const maxFrames = 2000

// countFrames walks the blocks of a GIF (GIF89a §12-26) as the decoder does, and
// counts its images without decoding any.
func countFrames(data []byte) (frames int, ok bool) {
	if len(data) < 13 {
		return 0, false
	}
	at := 13
	if data[10]&0x80 != 0 {
		at += 3 << (data[10]&7 + 1)
	}
	for at < len(data) {
		switch data[at] {
		case 0x21: // an extension, whose first block the decoder reads in its own way
			if at+2 >= len(data) {
				return frames, false
			}
			first := 0
			switch data[at+1] {
			case 0x01: // of plain text, of one size whatever it says
				first = 13
			case 0xff: // of an application, also an empty one ends nothing
				first = 1 + int(data[at+2])
			}
			at = skipBlocks(data, at+2+first)
		case 0x2c: // an image
			if at+9 >= len(data) {
				return frames, false
			}
			frames++
			flags := data[at+9]
			at += 10
			if flags&0x80 != 0 {
				at += 3 << (flags&7 + 1)
			}
			at = skipBlocks(data, at+1)
		case 0x3b:
			return frames, frames > 0
		default:
			return frames, false
		}
	}
	return frames, frames > 0 // cut off: the decoder says so
}

// skipBlocks returns what follows a chain of sub-blocks and its terminator.
func skipBlocks(data []byte, at int) int {
	for at < len(data) && data[at] != 0 {
		at += int(data[at]) + 1
	}
	return at + 1
}
