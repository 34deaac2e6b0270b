package bunstore

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A stamp is a time as both databases keep it: microseconds since 1970 UTC in
// an integer column, with NULL for the zero time.
type stamp int64

const noStamp = stamp(math.MinInt64)

func stampOf(t time.Time) stamp {
	if t.IsZero() {
		return noStamp
	}
	return stamp(t.UnixMicro())
}

func (s stamp) time() time.Time {
	if s == noStamp {
		return time.Time{}
	}
	return timeOf(int64(s))
}

// Value implements [driver.Valuer].
func (s stamp) Value() (driver.Value, error) {
	if s == noStamp {
		return nil, nil
	}
	return int64(s), nil
}

// Scan implements sql.Scanner.
func (s *stamp) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s = noStamp
	case int64:
		*s = stamp(v)
	default:
		return fmt.Errorf("a time is stored as %T", src)
	}
	return nil
}

// timeOf reads the time of a column that is never NULL, where the zero time is
// kept as the year 1, which it is.
func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// document returns v as the JSON of a column.
func document(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	s := string(b)
	if escapes(s, `\u0000`) || escapes(s, `\ufffd`) { // encoding/json so writes broken UTF-8, but not U+FFFD
		return "", errText
	}
	return s, nil
}

// list returns a slice as the JSON of a column; nil and empty alike.
func list[T any](v []T) (string, error) {
	if len(v) == 0 {
		return "[]", nil
	}
	return document(v)
}

// unlist reads what list wrote. An empty list is nil.
func unlist[T any](s string) (v []T, err error) {
	if s == "[]" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(s), &v)
	return v, err
}

// escapes reports whether the JSON contains that escape of six characters, and
// not just its letters after an escaped backslash.
func escapes(s, escape string) bool {
	for from := 0; ; {
		at := strings.Index(s[from:], escape)
		if at < 0 {
			return false
		}
		at += from
		backslashes := len(s[:at]) - len(strings.TrimRight(s[:at], `\`))
		if backslashes%2 == 0 {
			return true
		}
		from = at + 1
	}
}

var errText = fault.Errorf(fault.Invalid, "the text contains a character that cannot be stored")

// sound fails unless both databases can keep all of the text.
func sound(text ...string) error {
	for _, s := range text {
		if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
			return errText
		}
	}
	return nil
}

// plain returns an argument of a statement as one of the types that drivers
// share.
func plain(arg any) (any, error) {
	switch v := arg.(type) {
	case nil, int64, bool, float64, []byte:
		return v, nil
	case string:
		return v, sound(v)
	case driver.Valuer:
		return v.Value()
	}
	switch v := reflect.ValueOf(arg); v.Kind() {
	case reflect.String:
		return v.String(), sound(v.String())
	case reflect.Int, reflect.Int64:
		return v.Int(), nil
	default:
		return nil, fmt.Errorf("no column holds a %T", arg)
	}
}
