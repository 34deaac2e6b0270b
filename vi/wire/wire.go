// Package wire is the JSON that browsers and rooms exchange: the messages of a
// call's socket, and the picture of a call that sockets and the HTTP API share.
//
// Every message is one text frame {"t":type,"id":…,"re":…,"p":{…}}. The sender
// of a message with an id gets one answer whose re is that id: "ok", "error", or
// what the type calls for. Unknown types and fields are refused, never ignored.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/strictjson"
)

// MaxMessage is the largest message that a room reads, in bytes. An SDP offer is
// the largest that a browser sends.
const MaxMessage = 64 << 10

// An Envelope is one message.
type Envelope struct {
	T  string          `json:"t"`
	ID string          `json:"id,omitempty"` // at most 40 characters, chosen by the sender
	Re string          `json:"re,omitempty"` // id of the message that this one answers
	P  json.RawMessage `json:"p,omitempty"`
}

// A Body is what an envelope of one type carries.
type Body interface{ Type() string }

// From browser to room.
type (
	// Hello is the first message of a browser. The room answers with [Welcome].
	Hello struct {
		Conn       string     `json:"conn,omitempty"`    // of the connection it has, if any
		AfterN     int        `json:"after_n,omitempty"` // last chat message that it has
		Permission Permission `json:"permission,omitzero"`
		Devices    Devices    `json:"devices,omitzero"`
	}
	// Offer begins a media connection, or mends it (same Conn: ICE restart). The
	// room answers with [Answer].
	Offer struct {
		Conn string `json:"conn"`
		SDP  string `json:"sdp"`
	}
	// DeviceReport says what the sender's devices really do now.
	DeviceReport struct {
		Devices
	}
	// ChatSend writes into the chat. The answer is [ChatMessage].
	ChatSend struct {
		Op   string `json:"op"` // names the message: sent twice, it is one message
		Text string `json:"text"`
	}
	// Hangup ends the call for both sides.
	Hangup struct{}
	// Hold pauses the call, or goes on with it.
	Hold struct {
		On bool `json:"on"`
	}
	// Admit answers a knock; agents only. It names the knock, so that nobody is let
	// in who came after the agent looked.
	Admit struct {
		Knock string `json:"knock"`
		Admit bool   `json:"admit"`
	}
	// ChatRead asks for more of the chat. The answer is [ChatPage].
	ChatRead struct {
		AfterN int `json:"after_n"`
	}
)

// From room to browser.
type (
	// Welcome says where the call stands; it is sent again whenever a browser
	// says Hello.
	Welcome struct {
		Seat     string             `json:"seat"`
		Call     Call               `json:"call"`
		Conn     string             `json:"conn"` // of the seat's live media connection; "" if the room has none
		Devices  map[string]Devices `json:"devices"`
		Messages []Message          `json:"messages"` // of the chat after AfterN, oldest first
		More     bool               `json:"more"`     // there are further ones: ask by ChatRead
		ICE      []ICEServer        `json:"ice"`
		Limits   Limits             `json:"limits"`
		Now      time.Time          `json:"now"`
	}
	// Answer is the room's side of the media connection.
	Answer struct {
		Conn string `json:"conn"`
		SDP  string `json:"sdp"`
	}
	// DeviceState passes on what the other side reported.
	DeviceState struct {
		Seat    string  `json:"seat"`
		Devices Devices `json:"devices"`
	}
	// ChatPage is a part of the chat, oldest first.
	ChatPage struct {
		Messages []Message `json:"messages"`
		More     bool      `json:"more"` // there are further ones
	}
	// ChatMessage is a message of the chat, whoever wrote it.
	ChatMessage struct {
		Message Message `json:"message"`
	}
	// CallState says where the call stands, whenever that changes.
	CallState struct {
		Call Call      `json:"call"`
		Now  time.Time `json:"now"`
	}
	// Network says how good a seat's connection is.
	Network struct {
		Seat  string `json:"seat"`
		Level int    `json:"level"` // 1 bad, 2 poor, 3 good, 4 excellent; 0 unknown
	}
	// Beat comes every few seconds, so that a browser can tell a quiet call from
	// a dead socket.
	Beat struct {
		Now time.Time `json:"now"`
	}
	// OK answers a message that needs no other answer.
	OK struct{}
	// Problem answers a message that was refused.
	Problem struct {
		Code   string  `json:"code"` // a kind of failure: invalid, denied, not_found, conflict, busy, gone, internal
		Detail string  `json:"detail"`
		Fields []Field `json:"fields,omitempty"`
		Retry  int     `json:"retry_after,omitempty"` // seconds
	}
)

func (Hello) Type() string        { return "hello" }
func (Offer) Type() string        { return "rtc.offer" }
func (DeviceReport) Type() string { return "dev.report" }
func (ChatSend) Type() string     { return "chat.send" }
func (Hangup) Type() string       { return "call.hangup" }
func (Hold) Type() string         { return "call.hold" }
func (Admit) Type() string        { return "call.admit" }
func (ChatRead) Type() string     { return "chat.read" }
func (ChatPage) Type() string     { return "chat.page" }
func (Welcome) Type() string      { return "welcome" }
func (Answer) Type() string       { return "rtc.answer" }
func (DeviceState) Type() string  { return "dev.state" }
func (ChatMessage) Type() string  { return "chat.message" }
func (CallState) Type() string    { return "call.state" }
func (Network) Type() string      { return "net.level" }
func (Beat) Type() string         { return "beat" }
func (OK) Type() string           { return "ok" }
func (Problem) Type() string      { return "error" }

// A Field is what is wrong with one field of a message.
type Field struct {
	Name    string `json:"name"`
	Problem string `json:"problem"`
}

// Devices is what one side's camera and microphone do: on, off, none (there is
// no such device, or no permission) or "" (not known yet).
type Devices struct {
	Mic    string `json:"mic,omitempty"`
	Cam    string `json:"cam,omitempty"`
	Facing string `json:"facing,omitempty"` // user, environment or ""
}

// Permission is what the browser said about camera and microphone: prompt,
// granted, denied, missing or busy; "" if unknown.
type Permission struct {
	Mic string `json:"mic,omitempty"`
	Cam string `json:"cam,omitempty"`
}

// An ICEServer is a STUN or TURN server, as RTCPeerConnection takes it.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Limits are what the room refuses beyond.
type Limits struct {
	ChatText int `json:"chat_text"` // characters of one message
}

// decode reads one message type's body into a Body.
func decode[B Body](p json.RawMessage) (Body, error) {
	var b B
	if len(p) == 0 {
		p = json.RawMessage("{}")
	}
	err := strictjson.Decode(p, &b)
	return b, err
}

// fromBrowser holds every type that a browser may send.
var fromBrowser = map[string]func(json.RawMessage) (Body, error){
	Hello{}.Type():        decode[Hello],
	Offer{}.Type():        decode[Offer],
	DeviceReport{}.Type(): decode[DeviceReport],
	ChatSend{}.Type():     decode[ChatSend],
	Hangup{}.Type():       decode[Hangup],
	Hold{}.Type():         decode[Hold],
	Admit{}.Type():        decode[Admit],
	ChatRead{}.Type():     decode[ChatRead],
}

// Decode reads a message of a browser. It fails with an error of kind
// [fault.Invalid] that names every bad field; the id is returned as far as it
// could be read, so that the sender can be told.
func Decode(frame []byte) (id string, b Body, err error) {
	if len(frame) > MaxMessage {
		return "", nil, fault.Errorf(fault.Invalid, "the message is larger than %d bytes", MaxMessage)
	}
	var e Envelope
	if err := strictjson.Decode(frame, &e); err != nil {
		return "", nil, err
	}
	if len(e.ID) > 40 {
		return "", nil, fault.Fields{{Name: "id", Problem: "is longer than 40 characters"}}
	}
	read, ok := fromBrowser[e.T]
	if !ok {
		return e.ID, nil, fault.Fields{{Name: "t", Problem: fmt.Sprintf("%.40q is not a type that a browser sends", e.T)}}
	}
	b, err = read(e.P)
	return e.ID, b, err
}

// Encode writes a message, as an answer to the message re if that is not "".
func Encode(re string, b Body) []byte {
	// An Envelope, but that the body is not marshalled twice, and that < and its
	// like, which are safe here, do not grow to six bytes each.
	frame := struct {
		T  string `json:"t"`
		Re string `json:"re,omitempty"`
		P  Body   `json:"p"`
	}{b.Type(), re, b}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(frame); err != nil {
		panic(fmt.Sprintf("wire: %T cannot be encoded: %v", b, err)) // only a type that no JSON has
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
