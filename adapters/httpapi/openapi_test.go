package httpapi_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func document(t *testing.T) object {
	t.Helper()
	r := build(t).browser().get("/openapi.json").is(200)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
	var doc object
	require.NoError(t, json.Unmarshal(r.body, &doc))
	return doc
}

// walk visits every value of a JSON document.
func walk(v any, path string, visit func(path string, v any)) {
	visit(path, v)
	switch v := v.(type) {
	case object:
		for k, x := range v {
			walk(x, path+"/"+strings.ReplaceAll(k, "/", "~1"), visit)
		}
	case []any:
		for _, x := range v {
			walk(x, path+"/-", visit)
		}
	}
}

func only(t *testing.T, where string, o object, keys ...string) {
	t.Helper()
	for k := range o {
		require.Contains(t, keys, k, where)
	}
}

// The rules are those of the OpenAPI Specification 3.1.1 §4.8 on the objects
// that occur.
func TestOpenAPIIsValid(t *testing.T) {
	doc := document(t)
	only(t, "document", doc, "openapi", "info", "servers", "paths", "components")
	require.Regexp(t, `^3\.1\.\d+$`, doc["openapi"])
	info := doc["info"].(object)
	require.NotEmpty(t, info["title"])
	require.NotEmpty(t, info["version"])

	components := doc["components"].(object)
	for kind, all := range components {
		require.Contains(t, []string{"schemas", "responses", "parameters", "headers", "securitySchemes"}, kind)
		for name := range all.(object) {
			require.Regexp(t, `^[a-zA-Z0-9._-]+$`, name)
		}
	}
	used := map[string]bool{}
	walk(doc, "", func(path string, v any) {
		if o, ok := v.(object); ok && o["$ref"] != nil {
			ref := o["$ref"].(string)
			part, ok := strings.CutPrefix(ref, "#/components/")
			require.True(t, ok, ref)
			kind, name, _ := strings.Cut(part, "/")
			require.Contains(t, components[kind], name, "%s refers to nothing", path)
			used[part] = true
		}
	})
	for _, kind := range []string{"schemas", "parameters", "headers"} {
		for name := range components[kind].(object) {
			require.True(t, used[kind+"/"+name], "%s is used by nothing", name)
		}
	}

	ids := map[string]bool{}
	for path, item := range doc["paths"].(object) {
		require.Regexp(t, `^/`, path)
		for method, op := range item.(object) {
			checkOperation(t, components, path, method, op.(object), ids)
		}
	}
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

func checkOperation(t *testing.T, components object, path, method string, op object, ids map[string]bool) {
	t.Helper()
	where := method + " " + path
	require.Contains(t, []string{"get", "post", "patch", "delete"}, method)
	only(t, where, op, "operationId", "summary", "description", "tags", "responses", "security", "parameters", "requestBody")
	require.NotEmpty(t, op["summary"], where)
	id := op["operationId"].(string)
	require.False(t, ids[id], "%s twice", id)
	ids[id] = true

	var declared, wanted []string
	seen := map[string]bool{}
	for _, m := range inPath.FindAllStringSubmatch(path, -1) {
		wanted = append(wanted, m[1])
	}
	params, _ := op["parameters"].([]any)
	for _, p := range params {
		p := p.(object)
		if ref, ok := p["$ref"].(string); ok {
			p = components["parameters"].(object)[strings.TrimPrefix(ref, "#/components/parameters/")].(object)
		}
		only(t, where, p, "name", "in", "description", "schema", "required", "style", "explode")
		require.NotEmpty(t, p["description"], "%s %s", where, p["name"])
		require.NotNil(t, p["schema"])
		key := p["in"].(string) + " " + p["name"].(string)
		require.False(t, seen[key], "%s: %s twice", where, key)
		seen[key] = true
		if p["in"] == "path" {
			require.Equal(t, true, p["required"])
			declared = append(declared, p["name"].(string))
		}
	}
	require.ElementsMatch(t, wanted, declared, where)

	responses := op["responses"].(object)
	good := 0
	for status, r := range responses {
		require.Regexp(t, `^[2-5]\d\d$`, status)
		if status[0] == '2' {
			good++
			require.NotEmpty(t, r.(object)["description"], where)
			_, body := r.(object)["content"]
			require.Equal(t, status != "204", body, where)
		}
	}
	require.Equal(t, 1, good, where)
	for _, s := range op["security"].([]any) {
		for name := range s.(object) {
			require.Contains(t, components["securitySchemes"], name)
		}
	}
	_, body := op["requestBody"]
	require.Equal(t, method == "post" || method == "patch", body, where)
}

// Every schema is one that JSON Schema 2020-12 knows, and every field says what
// it is.
func TestOpenAPISchemas(t *testing.T) {
	types := []string{"object", "array", "string", "number", "integer", "boolean"}
	var check func(where string, s object)
	check = func(where string, s object) {
		only(t, where, s, "$ref", "type", "format", "enum", "items", "properties", "required", "additionalProperties", "description", "pattern", "const")
		if s["$ref"] != nil {
			return
		}
		require.Contains(t, types, s["type"], where)
		if items, ok := s["items"]; ok || s["type"] == "array" {
			check(where+"[]", items.(object))
		}
		if format, ok := s["format"]; ok {
			require.Equal(t, "date-time", format, where)
		}
		if values, ok := s["enum"].([]any); ok {
			require.NotEmpty(t, values, where)
		}
		properties, _ := s["properties"].(object)
		required, _ := s["required"].([]any)
		for _, name := range required {
			require.Contains(t, properties, name, where)
		}
		for name, p := range properties {
			require.Regexp(t, `^[a-z][a-z_]*$`, name, "%s: keys are snake_case", where)
			require.NotEmpty(t, p.(object)["description"], "%s.%s", where, name)
			check(where+"."+name, p.(object))
		}
	}
	for name, s := range document(t)["components"].(object)["schemas"].(object) {
		check(name, s.(object))
	}
}

// What the document says of a call is what a call is.
func TestOpenAPIDescribesAnswers(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	call, token := ann.start()
	w.join(token)
	var doc object
	require.NoError(t, json.Unmarshal(ann.get("/openapi.json").is(200).body, &doc))
	for path, at := range map[string]string{
		"/api/calls/" + call.ID: "/api/calls/{id}", "/api/calls": "/api/calls", "/api/session": "/api/session",
		"/api/figures": "/api/figures", "/api/regions": "/api/regions",
	} {
		op := doc["paths"].(object)[at].(object)["get"].(object)
		schema := op["responses"].(object)["200"].(object)["content"].(object)["application/json"].(object)["schema"].(object)
		var answer any
		require.NoError(t, json.Unmarshal(ann.get(path).is(200).body, &answer))
		conforms(t, doc, schema, answer, path)
	}
}

func conforms(t *testing.T, doc, schema object, v any, where string) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		schema = doc["components"].(object)["schemas"].(object)[strings.TrimPrefix(ref, "#/components/schemas/")].(object)
	}
	if values, ok := schema["enum"].([]any); ok {
		require.True(t, slices.Contains(values, v), "%s: %v is none of %v", where, v, values)
	}
	switch v := v.(type) {
	case object:
		require.Equal(t, "object", schema["type"], where)
		required, _ := schema["required"].([]any)
		for _, name := range required {
			require.Contains(t, v, name, where)
		}
		for name, x := range v {
			p, ok := schema["properties"].(object)[name].(object)
			require.True(t, ok, "%s.%s is not described", where, name)
			conforms(t, doc, p, x, where+"."+name)
		}
	case []any:
		require.Equal(t, "array", schema["type"], where)
		for _, x := range v {
			conforms(t, doc, schema["items"].(object), x, where+"[]")
		}
	case string:
		require.Equal(t, "string", schema["type"], where)
	case float64:
		require.Contains(t, []string{"number", "integer"}, schema["type"], where)
	case bool:
		require.Equal(t, "boolean", schema["type"], where)
	default:
		t.Errorf("%s is %v", where, v)
	}
}
