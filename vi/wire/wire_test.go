package wire_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi/wire"
)

func TestDecode(t *testing.T) {
	for frame, want := range map[string]wire.Body{
		`{"t":"hello","id":"1","p":{"conn":"c","after_n":3,"devices":{"mic":"on"},"permission":{"cam":"denied"}}}`: wire.Hello{
			Conn: "c", AfterN: 3, Devices: wire.Devices{Mic: "on"}, Permission: wire.Permission{Cam: "denied"},
		},
		`{"t":"hello","id":"1"}`:                                                   wire.Hello{},
		`{"t":"rtc.offer","id":"1","p":{"conn":"c","sdp":"v=0"}}`:                  wire.Offer{Conn: "c", SDP: "v=0"},
		`{"t":"dev.report","id":"1","p":{"mic":"on","cam":"off","facing":"user"}}`: wire.DeviceReport{Devices: wire.Devices{Mic: "on", Cam: "off", Facing: "user"}},
		`{"t":"chat.send","id":"1","p":{"op":"o","text":"hi"}}`:                    wire.ChatSend{Op: "o", Text: "hi"},
		`{"t":"call.hangup","id":"1","p":{}}`:                                      wire.Hangup{},
		`{"t":"call.hold","id":"1","p":{"on":true}}`:                               wire.Hold{On: true},
		`{"t":"call.admit","id":"1","p":{"admit":true}}`:                           wire.Admit{Admit: true},
	} {
		id, got, err := wire.Decode([]byte(frame))
		require.NoError(t, err, frame)
		require.Equal(t, "1", id)
		require.Equal(t, want, got)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for frame, want := range map[string]string{
		`{"t":"hello","id":"7","p":{"role":"agent"}}`:          "role is not a field that is known here",
		`{"t":"hello","id":"7","extra":1}`:                     "extra is not a field that is known here",
		`{"t":"welcome","id":"7"}`:                             `t "welcome" is not a type that a browser sends`,
		`{"t":"` + strings.Repeat("x", 99) + `","id":"7"}`:     "is not a type that a browser sends",
		`{"t":"hello","id":"7","p":{"after_n":"3"}}`:           "after_n must be a whole number, not a string",
		`{"t":"hello","id":"7","p":{"after_n":1,"after_n":2}}`: "after_n is given twice",
	} {
		_, _, err := wire.Decode([]byte(frame))
		require.ErrorIs(t, err, fault.Invalid, frame)
		require.ErrorContains(t, err, want)
	}
}

func TestEncode(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
	require.Equal(t, `{"t":"beat","p":{"now":"2030-01-02T03:04:05.000006Z"}}`, string(wire.Encode("", wire.Beat{Now: at})))
	require.Equal(t, `{"t":"ok","re":"c1","p":{}}`, string(wire.Encode("c1", wire.OK{})))
}

// Whatever a browser sends, decoding ends, and what it accepts means the same
// when it is written again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"t":"chat.send","id":"1","p":{"op":"o","text":"hi"}}`))
	f.Add([]byte(`{"t":"rtc.offer","p":{"conn":"c","sdp":"v=0\r\n"}}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		id, body, err := wire.Decode(frame)
		if err != nil {
			require.ErrorIs(t, err, fault.Invalid)
			return
		}
		p, err := json.Marshal(body)
		require.NoError(t, err)
		again, err := json.Marshal(wire.Envelope{T: body.Type(), ID: id, P: p})
		require.NoError(t, err)
		_, same, err := wire.Decode(again)
		require.NoError(t, err)
		require.Equal(t, body, same)
	})
}
