package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/strictjson"
)

type inner struct {
	A int `json:"a"`
}

type embedded struct {
	Mic string `json:"mic,omitempty"`
}

type sample struct {
	embedded
	Name string          `json:"name"`
	N    int             `json:"n"`
	On   *bool           `json:"on"`
	At   time.Time       `json:"at"`
	List []inner         `json:"list"`
	Any  json.RawMessage `json:"any"`
	Map  map[string]int  `json:"map"`
}

func TestReads(t *testing.T) {
	var s sample
	require.NoError(t, strictjson.Decode([]byte(` {"name":"é","n":3,"on":true,"at":"2030-01-02T03:04:05Z","list":[{"a":1}],"any":{"X":1,"y":[{}]},"map":{"K":1},"mic":"on"} `), &s))
	require.Equal(t, "é", s.Name)
	require.Equal(t, []inner{{1}}, s.List)
	require.Equal(t, "on", s.Mic)
	require.JSONEq(t, `{"X":1,"y":[{}]}`, string(s.Any))
}

func TestRefuses(t *testing.T) {
	for in, want := range map[string]string{
		``:                                      "a JSON value is expected, and there is none",
		`{`:                                     "the JSON cannot be read: unexpected EOF",
		`{"name":"a"} x`:                        "there is something after the end of the JSON value",
		`{"name":"a"}{}`:                        "there is something after the end of the JSON value",
		`[]`:                                    "an object is expected, not a JSON array",
		`{"name":"a","name":"b"}`:               "name is given twice",
		`{"name":"a","NAME":"b"}`:               "NAME is given twice; NAME is not a field that is known here",
		`{"Name":"a"}`:                          "Name is not a field that is known here",
		`{"__proto__":{"a":1}}`:                 "__proto__ is not a field that is known here",
		`{"list":[{"a":1},{"b":1}]}`:            "list[1].b is not a field that is known here",
		`{"list":[{"a":1,"a":2}]}`:              "list[0].a is given twice",
		`{"map":{"k":1,"k":2}}`:                 "map.k is given twice",
		`{"any":{"k":1,"k":2}}`:                 "any.k is given twice",
		`{"n":"3"}`:                             "n must be a whole number, not a string",
		`{"n":1.5}`:                             "n must be a whole number, not a number 1.5",
		`{"name":7}`:                            "name must be a string, not a number",
		`{"on":"yes"}`:                          "on must be true or false, not a string",
		`{"at":"soon"}`:                         "the JSON cannot be read",
		"{\"name\":\"\xff\"}":                   "the JSON is not valid UTF-8",
		strings.Repeat("[", 40):                 "the JSON is nested deeper than 32 levels",
		`{"any":` + strings.Repeat(`{"a":`, 40): "the JSON is nested deeper than 32 levels",
	} {
		var s sample
		err := strictjson.Decode([]byte(in), &s)
		require.ErrorIs(t, err, fault.Invalid, in)
		require.ErrorContains(t, err, want, in)
	}
}

func TestNamesEveryBadField(t *testing.T) {
	var s sample
	err := strictjson.Decode([]byte(`{"x":1,"list":[{"y":2}]}`), &s)
	fields, ok := errors.AsType[fault.Fields](err)
	require.True(t, ok)
	require.Len(t, fields, 2)
}

// Whatever passes is read alike by encoding/json, and nothing panics.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"a","list":[{"a":1}]}`))
	f.Add([]byte(`{"a":{"a":{"a":[[[]]]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s, plain sample
		if strictjson.Decode(data, &s) != nil {
			return
		}
		require.NoError(t, json.Unmarshal(data, &plain))
		require.Equal(t, plain, s)
	})
}
