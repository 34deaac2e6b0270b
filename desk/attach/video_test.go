package attach_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/desk/attach"
	"github.com/tandem-cc/tandem/internal/fault"
)

// box returns a box of a video, as large as its content.
func box(kind, content string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))) + kind + content
}

func TestVideosAreWhole(t *testing.T) {
	head := box("ftyp", "mp42\x00\x00\x00\x00mp42isom") + box("moov", "tracks")
	long := "\x00\x00\x00\x01mdat" + string(binary.BigEndian.AppendUint64(nil, 16+5)) + "frame"
	for name, data := range map[string]string{
		"boxes":              head + box("mdat", "frames"),
		"box of 64-bit size": head + long + box("free", ""),
		"box to the end":     head + "\x00\x00\x00\x00mdatframes",
	} {
		f, _, err := attach.Inspect([]byte(data), "a.mov", attach.WithVideo())
		require.NoError(t, err, name)
		require.Equal(t, [2]string{"video/mp4", "a.mov.mp4"}, [2]string{f.Type, f.Name}, name)
	}
	for name, data := range map[string]string{
		"cut off":                 (head + box("mdat", "frames"))[:len(head)+10],
		"cut off in a head":       head + "\x00\x00\x00",
		"64-bit size cut off":     head + long[:12],
		"box smaller than a head": head + "\x00\x00\x00\x07mdat",
		"box beyond all":          head + "\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff",
		"followed by a page":      head + box("mdat", "frames") + "<!doctype html><script>alert(1)</script>",
	} {
		_, _, err := attach.Inspect([]byte(data), "a.mp4", attach.WithVideo())
		require.ErrorIs(t, err, fault.Invalid, name)
		require.EqualError(t, err, "the video is damaged", name)
	}
	for _, brand := range []string{"qt  ", "heic", "avif", "M4A "} { // QuickTime, pictures, sound
		_, _, err := attach.Inspect([]byte(box("ftyp", brand+"\x00\x00\x00\x00mp42isom")+box("mdat", "")), "a.mp4", attach.WithVideo())
		require.ErrorIs(t, err, fault.Invalid, brand)
	}
}
