package httpapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/vi"
)

// schemas is the JSON Schemas (2020-12) of types, by name.
type schemas struct {
	types map[string]reflect.Type
	defs  object
}

// of returns the schema of a type: a reference, for a struct.
func (s *schemas) of(t reflect.Type) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return s.of(t.Elem()) // nil is left out, never null
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return object{"type": "object"}
	case t == reflect.TypeFor[vi.Status]():
		return object{"type": "string", "enum": vi.Statuses()}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		name := schemaName(t)
		if have, known := s.types[name]; !known {
			s.types[name] = t // before its fields: it may contain itself
			s.defs[name] = s.structure(t, name)
		} else if have != t {
			panic(fmt.Sprintf("httpapi: %s and %s would have one schema", have, t))
		}
		return object{"$ref": "#/components/schemas/" + name}
	default:
		panic(fmt.Sprintf("httpapi: no schema for %s", t))
	}
}

func (s *schemas) structure(t reflect.Type, name string) object {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		key := jsonName(f)
		if key == "" {
			continue
		}
		p := s.of(f.Type)
		doc := f.Tag.Get("doc")
		if doc == "" {
			doc = described[name+"."+key]
		}
		p["description"] = doc // beside a $ref too: 3.1 allows it
		if values, ok := enumerated[name+"."+key]; ok {
			p["enum"] = values
		} else if values, ok := f.Tag.Lookup("enum"); ok {
			p["enum"] = strings.Split(values, ",")
		}
		properties[key] = p
		if _, options, _ := strings.Cut(f.Tag.Get("json"), ","); !slices.Contains(strings.Split(options, ","), "omitempty") && options != "omitzero" {
			required = append(required, key)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// schemaName returns the name of a struct's schema: its own, in capitals.
func schemaName(t reflect.Type) string {
	r := []rune(t.Name())
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// enumerated is the values of fields whose types are shared with the sockets
// and carry no tags of ours.
var enumerated = map[string]any{
	"Call.status":    vi.Statuses(),
	"Call.ended_by":  []string{"", "agent", "customer", "system"},
	"Leg.seat":       seats,
	"Leg.status":     vi.LegStatuses(),
	"Invite.channel": []vi.Channel{vi.ByText, vi.ByLink},
	"Invite.status":  vi.InviteStatuses(),
	"Rating.seat":    seats,
	"Message.from":   seats,
	"MeUser.role":    []account.Role{account.RoleAgent, account.RoleSupervisor, account.RoleAdministrator, account.RoleMachine},
	"Permission.mic": permissions,
	"Permission.cam": permissions,
}

var (
	seats       = []vi.Seat{vi.SeatAgent, vi.SeatCustomer}
	permissions = []string{"", "prompt", "granted", "denied", "missing", "busy"}
)

// described is what those fields mean.
var described = map[string]string{
	"Call.id":           "ID of the call.",
	"Call.reference":    "What the call is about; unique in the account.",
	"Call.status":       "Where the call stands. The last eight are final.",
	"Call.end_reason":   "Why it is over; more exact than the status.",
	"Call.ended_by":     "Who ended it.",
	"Call.lost":         "The sides that were lost, of a dropped call.",
	"Call.agent":        "Whose call it is.",
	"Call.customer":     "The name that the customer gave.",
	"Call.held":         "Whether it is on hold, also while a side that was lost is awaited.",
	"Call.held_by":      "Whose hold it is: agent or customer, who alone can go on with it.",
	"Call.created_at":   "When it was started.",
	"Call.waiting_at":   "When the customer came into the waiting room.",
	"Call.answered_at":  "When both sides first saw and heard each other.",
	"Call.ended_at":     "When it ended.",
	"Call.talk_seconds": "Time connected so far.",
	"Call.reconnects":   "How often a lost side came back.",
	"Call.messages":     "Messages in the chat.",
	"Call.legs":         "The sides that have been there.",
	"Call.ratings":      "At most one of each side. The customer sees only its own.",
	"Call.phone":        "The customer's number (E.164). The agent's side only.",
	"Call.country":      "Its country, ISO 3166 alpha-2. The agent's side only.",
	"Call.previous":     "ID of the call that this one follows. The agent's side only.",
	"Call.invites":      "Invitations, the oldest first. The agent's side only.",
	"Call.knock":        "Another device that asks for the customer's seat. The agent's side only.",
	"Call.resend_at":    "When the next text may be sent; absent if no more may. The agent's side only.",
	"Call.due_at":       "When the present timer runs out. The agent's side only.",

	"Person.id":   "ID of the user. The agent's side only.",
	"Person.name": "Name, as customers see it.",

	"Leg.seat":       "Which side.",
	"Leg.name":       "Name of who sits there.",
	"Leg.status":     "How that side stands to the call.",
	"Leg.browser":    "Its User-Agent. The agent's side only.",
	"Leg.permission": "What the browser said about camera and microphone. The agent's side only.",
	"Leg.joined_at":  "When it first entered the room.",
	"Leg.up_at":      "When its media first flowed.",
	"Leg.lost_at":    "When it was last lost.",
	"Leg.left_at":    "When it left for good.",
	"Leg.losses":     "How often it was lost.",

	"Invite.id":           "ID of the invitation.",
	"Invite.channel":      "How it travels.",
	"Invite.phone":        "Number that it was sent to (E.164).",
	"Invite.status":       "How far it has come.",
	"Invite.problem":      "Why it was not delivered.",
	"Invite.created_at":   "When it was made.",
	"Invite.expires_at":   "When its link stops working.",
	"Invite.sent_at":      "When the carrier took it.",
	"Invite.delivered_at": "When the handset had it.",
	"Invite.opened_at":    "When its page ran in a browser.",
	"Invite.redeemed_at":  "When the customer pressed Join.",

	"Knock.id":      "ID of the knock, to answer it by.",
	"Knock.name":    "Name that its user gave.",
	"Knock.browser": "Its User-Agent.",
	"Knock.at":      "When it knocked.",

	"Rating.seat":    "Whose opinion.",
	"Rating.stars":   "1 to 5.",
	"Rating.comment": "In words.",
	"Rating.at":      "When it was given.",

	"Message.n":    "1, 2, 3 … within the call.",
	"Message.op":   "Chosen by the sender: names the message.",
	"Message.from": "Which side wrote it.",
	"Message.name": "Name of who wrote it.",
	"Message.text": "What was written.",
	"Message.at":   "When.",

	"Permission.mic": "Of the microphone; empty if unknown.",
	"Permission.cam": "Of the camera; empty if unknown.",

	"Region.region": "ISO 3166 alpha-2.",
	"Region.code":   "Telephone code, without the plus.",
}
