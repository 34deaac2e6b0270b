package presence

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A CodeID names an aux code within its account.
type CodeID string

// A Code is an aux code: the reason for which an agent takes no work.
type Code struct {
	ID     CodeID `json:"id"`
	Name   string `json:"name"`
	Status Status `json:"status"` // busy or away
	Paid   bool   `json:"paid"`
	Colour string `json:"colour"` // #rrggbb
}

// Check reports every field that is not right.
func (c Code) Check() error {
	var k fault.Check
	name := strings.TrimSpace(c.Name)
	k.That(name != "", "name", "is missing")
	k.That(utf8.RuneCountInString(name) <= 40, "name", "is longer than 40 characters")
	k.That(c.Status == StatusBusy || c.Status == StatusAway, "status", "is neither busy nor away")
	k.That(isColour(c.Colour), "colour", "is not a colour such as #2a78d6")
	return k.Err()
}

func isColour(s string) bool {
	return len(s) == 7 && s[0] == '#' && strings.Trim(s[1:], "0123456789abcdefABCDEF") == ""
}

// Defaults returns the codes that a new desk has.
func Defaults() []Code {
	return []Code{
		{ID: "break", Name: "Break", Status: StatusAway, Paid: true, Colour: "#d98e04"},
		{ID: "lunch", Name: "Lunch", Status: StatusAway, Paid: false, Colour: "#c2410c"},
		{ID: "training", Name: "Training", Status: StatusAway, Paid: true, Colour: "#7c3aed"},
		{ID: "meeting", Name: "Meeting", Status: StatusAway, Paid: true, Colour: "#2563eb"},
		{ID: "technical", Name: "Technical issue", Status: StatusAway, Paid: true, Colour: "#6b7280"},
		{ID: "wrapup", Name: "Wrap-up", Status: StatusBusy, Paid: true, Colour: "#0f766e"},
		{ID: "admin", Name: "Admin", Status: StatusBusy, Paid: true, Colour: "#be185d"},
	}
}

// WrapUp says how agents finish a conversation after resolving it.
type WrapUp struct {
	Mode string        `json:"mode"`          // "" for none, or timed
	For  time.Duration `json:"for,omitempty"` // at most 15 min
}

// Check reports every field that is not right.
func (w WrapUp) Check() error {
	var k fault.Check
	k.That(w.Mode == "" || w.Mode == "timed", "mode", "is neither empty nor timed")
	k.That(w.Mode == "" || w.For > 0 && w.For <= 15*time.Minute, "for", "has to be at most 15 minutes")
	return k.Err()
}
