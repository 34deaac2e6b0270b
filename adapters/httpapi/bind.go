package httpapi

import (
	"encoding"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/strictjson"
)

// queryMax is how long one parameter of a query may be, in bytes.
const queryMax = 500

// bind fills in, a pointer to a struct, from the path, the query and the body:
// each field by its tag path, query or json. Everything that is wrong in the
// same place is named at once.
func (x *exchange) bind(in any, body []byte) error {
	v := reflect.ValueOf(in).Elem()
	if err := x.bindPath(v); err != nil {
		return err
	}
	if err := bindQuery(v, x.r.URL.RawQuery); err != nil {
		return err
	}
	if x.route.raw || !x.route.unsafe() || len(body) == 0 && !hasBody(v.Type()) {
		return nil
	}
	if err := strictjson.Decode(body, in); err != nil {
		if _, named := errors.AsType[fault.Fields](err); named {
			return err
		}
		return refuse(http.StatusBadRequest, fault.Invalid, err.Error())
	}
	var check fault.Check
	checkText(&check, "", v)
	return check.Err()
}

// hasBody reports whether a request of this type has something in its body.
func hasBody(t reflect.Type) bool {
	for i := range t.NumField() {
		if name := jsonName(t.Field(i)); name != "" {
			return true
		}
	}
	return false
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

// bindPath sets what the path names. What cannot be an identifier of ours does
// not exist, and no store is asked for it.
func (x *exchange) bindPath(v reflect.Value) error {
	for _, p := range x.params {
		if !identifier(p.value) && (p.name != "item" || len(p.value) > 200 || !utf8.ValidString(p.value)) {
			return refuse(http.StatusNotFound, fault.NotFound, "there is no such thing")
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("path") == p.name {
				v.Field(i).SetString(p.value)
			}
		}
	}
	return nil
}

// identifier reports whether s may be an ID: an embedder may have others than
// UUIDs.
func identifier(s string) bool {
	return len(s) <= 64 && strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_'
	}) < 0
}

func bindQuery(v reflect.Value, raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return refuse(http.StatusBadRequest, fault.Invalid, "the query cannot be read")
	}
	var check fault.Check
	known := map[string]bool{}
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("query")
		values, given := query[name]
		if name == "" || !given {
			continue
		}
		known[name] = true
		text := values[0]
		switch {
		case len(values) > 1:
			check.That(false, name, "is given twice")
		case len(text) > queryMax:
			check.That(false, name, "is longer than %d bytes", queryMax)
		case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
			check.That(false, name, "contains characters that cannot be read")
		case text != "":
			if problem := setText(v.Field(i), text); problem != "" {
				check.That(false, name, "%s", problem)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		check.That(known[name], printable(name), "is not a parameter that is known here")
	}
	return check.Err()
}

// setText sets a field from the text of a query. It returns what is wrong with
// the text, or "".
func setText(f reflect.Value, text string) (problem string) {
	if u, ok := f.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			if f.Type() == reflect.TypeFor[time.Time]() {
				return "is not a time such as 2026-11-24T08:00:00Z (RFC 3339)"
			}
			return "cannot be read"
		}
		return ""
	}
	switch f.Kind() {
	case reflect.String:
		f.SetString(text)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return "is not a whole number"
		}
		f.SetInt(int64(n))
	case reflect.Slice: // of strings, with commas between
		for part := range strings.SplitSeq(text, ",") {
			f.Set(reflect.Append(f, reflect.ValueOf(part).Convert(f.Type().Elem())))
		}
	default:
		panic("httpapi: a query has no " + f.Type().String())
	}
	return ""
}

// checkText notes every text with a NUL: PostgreSQL keeps none, and no person
// has typed it.
func checkText(check *fault.Check, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		check.That(!strings.ContainsRune(v.String(), 0), path, "contains characters that cannot be shown")
	case reflect.Pointer:
		if !v.IsNil() {
			checkText(check, path, v.Elem())
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			checkText(check, path+"."+k.String(), k)
			checkText(check, path+"."+k.String(), v.MapIndex(k))
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkText(check, path+"["+strconv.Itoa(i)+"]", v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := jsonName(v.Type().Field(i)); name != "" {
				checkText(check, strings.TrimPrefix(path+"."+name, "."), v.Field(i))
			}
		}
	}
}

// printable shortens a stranger's name for a parameter and leaves out what
// cannot be shown.
func printable(s string) string {
	if len(s) > 60 {
		s = s[:60]
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return -1
		}
		return c
	}, s)
}
