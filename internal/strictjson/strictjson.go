// Package strictjson reads JSON from strangers. What encoding/json lets pass is
// refused: keys that are unknown, doubled, or differ in case from the field;
// more than one value; nesting deeper than [MaxDepth]; text that is not UTF-8.
// Every problem is an error of kind [fault.Invalid] that names the field.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/internal/fault"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 32

// Decode reads one value into v, a pointer.
func Decode(data []byte, v any) error {
	if !utf8.Valid(data) {
		return fault.Errorf(fault.Invalid, "the JSON is not valid UTF-8")
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return fault.Errorf(fault.Invalid, "a JSON value is expected, and there is none")
	}
	s := scanner{dec: json.NewDecoder(bytes.NewReader(data))}
	if err := s.value("", reflect.TypeOf(v), 0); err != nil {
		return err
	}
	if _, err := s.dec.Token(); !errors.Is(err, io.EOF) {
		return fault.Errorf(fault.Invalid, "there is something after the end of the JSON value")
	}
	if s.check.Err() != nil {
		return s.check.Err()
	}
	return readable(json.Unmarshal(data, v))
}

// readable turns an error of encoding/json into one that names the field.
func readable(err error) error {
	if err == nil {
		return nil
	}
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		name := t.Field
		if name == "" {
			return fault.Errorf(fault.Invalid, "%s is expected, not a JSON %s", kindName(t.Type), t.Value)
		}
		return fault.Fields{{Name: name, Problem: fmt.Sprintf("must be %s, not a %s", kindName(t.Type), t.Value)}}
	}
	return fault.Errorf(fault.Invalid, "the JSON cannot be read: %w", err)
}

func kindName(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map:
		return "an object"
	case reflect.Struct:
		if t.PkgPath() == "time" {
			return "a time (RFC 3339)"
		}
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// A scanner walks the tokens beside the type that they are meant for.
type scanner struct {
	dec   *json.Decoder
	check fault.Check
}

// value walks one value that is meant for a t (nil: unknown, anything goes).
func (s *scanner) value(path string, t reflect.Type, depth int) error {
	if depth > MaxDepth {
		return fault.Errorf(fault.Invalid, "the JSON is nested deeper than %d levels", MaxDepth)
	}
	tok, err := s.dec.Token()
	if err != nil {
		return fault.Errorf(fault.Invalid, "the JSON cannot be read: %w", unexpected(err))
	}
	switch d, _ := tok.(json.Delim); d {
	case '{':
		return s.object(path, t, depth)
	case '[':
		for n := 0; s.dec.More(); n++ {
			if err := s.value(fmt.Sprintf("%s[%d]", path, n), element(t), depth+1); err != nil {
				return err
			}
		}
		_, err := s.dec.Token()
		return wrap(err)
	default:
		return nil
	}
}

func (s *scanner) object(path string, t reflect.Type, depth int) error {
	fields, known := fieldsOf(t)
	seen := map[string]bool{}
	for s.dec.More() {
		tok, err := s.dec.Token()
		if err != nil {
			return wrap(err)
		}
		key, _ := tok.(string)
		name := strings.TrimPrefix(path+"."+key, ".")
		if len(name) > 100 {
			name = strings.ToValidUTF8(name[:100], "")
		}
		s.check.That(!seen[strings.ToLower(key)], name, "is given twice")
		seen[strings.ToLower(key)] = true
		next := element(t)
		if known {
			ft, ok := fields[key]
			s.check.That(ok, name, "is not a field that is known here")
			next = ft
		}
		if err := s.value(name, next, depth+1); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return wrap(err)
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fault.Errorf(fault.Invalid, "the JSON cannot be read: %w", unexpected(err))
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// element returns the type of t's elements, or nil.
func element(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		if t == reflect.TypeFor[json.RawMessage]() {
			return nil
		}
		return t.Elem()
	default:
		return nil
	}
}

// fieldsOf returns the JSON names of a struct's fields; not ok for anything that
// is not a plain struct.
func fieldsOf(t reflect.Type) (map[string]reflect.Type, bool) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil, false
	}
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !f.Anonymous && name != "-" && name != "" {
			fields[name] = f.Type
		}
	}
	return fields, true
}
