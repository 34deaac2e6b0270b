package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-cc/tandem/account"
)

// object is a JSON object of the OpenAPI document (OpenAPI Specification 3.1.1).
type object = map[string]any

// table is every route.
func (a *API) table() []route {
	all := []route{{
		method: "GET", path: "/openapi.json", access: anyone, status: 200,
		summary: "This document", op: handle(func(context.Context, *Request[empty]) (json.RawMessage, error) { return a.openapi, nil }),
	}}
	if a.cfg.Accounts != nil {
		all = append(all, a.sessionRoutes()...)
		all = append(all, a.userRoutes()...)
	}
	if a.cfg.Calls != nil {
		all = append(all, a.callRoutes()...)
		all = append(all, a.guestRoutes()...)
	}
	if a.cfg.Desk != nil {
		all = append(all, a.ticketRoutes()...)
		all = append(all, a.contactRoutes()...)
		all = append(all, a.floorRoutes()...)
		all = append(all, a.setupRoutes()...)
		all = append(all, a.fileRoutes()...)
		all = append(all, a.chatRoutes()...)
	}
	return all
}

// document returns the OpenAPI document of the routes.
func (a *API) document() []byte {
	schemas := &schemas{types: map[string]reflect.Type{}, defs: object{}}
	paths := object{}
	for _, rt := range a.routes {
		item, _ := paths[rt.path].(object)
		if item == nil {
			item = object{}
			paths[rt.path] = item
		}
		item[strings.ToLower(rt.method)] = a.operation(rt, schemas)
	}
	problem := schemas.of(reflect.TypeFor[problem]())
	responses := object{}
	for status, text := range problems {
		responses["Problem"+strconv.Itoa(status)] = object{
			"description": text, "content": object{"application/problem+json": object{"schema": problem}},
		}
	}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Tandem", "version": a.cfg.Version, "license": object{"name": "MIT", "identifier": "MIT"},
			"description": "Video calls between agents and customers, and the users who place them. Times are RFC 3339 in UTC. " +
				"Failures are problem details (RFC 9457) that name every bad field. Unknown and doubled JSON keys and parameters are refused.",
		},
		"servers": []object{{"url": "/"}},
		"paths":   paths,
		"components": object{
			"schemas": schemas.defs, "responses": responses, "securitySchemes": a.securitySchemes(),
			"parameters": object{"IdempotencyKey": object{
				"name": idempotencyKey, "in": "header", "schema": object{"type": "string", "pattern": "^[!-~]{1,100}$"},
				"description": "Chosen by the caller, at random, such as a UUID. A request sent again with the same key is carried out once and answered as the first time. 1 to 100 visible ASCII characters.",
			}},
			"headers": object{"IdempotencyReplayed": object{
				"description": "true if this is the answer of before.", "schema": object{"type": "string", "const": "true"},
			}},
		},
	}
	text, err := json.MarshalIndent(doc, "", "\t")
	if err != nil {
		panic(fmt.Sprintf("httpapi: %v", err)) // made of nothing but JSON
	}
	return text
}

// problems says what each status of failure means.
var problems = map[int]string{
	400: "The request cannot be read.",
	401: "Nobody is signed in.",
	403: "The caller may not do this, or the request comes from another site.",
	404: "There is no such thing that the caller may see.",
	409: "The state of things forbids this, or the same request is still being carried out.",
	410: "It was there, and has ended or expired for good.",
	413: "The body is too large.",
	415: "The body is not JSON.",
	422: "The request is wrong as written: see fields.",
	429: "Too often: see Retry-After.",
	500: "Our fault.",
}

func (a *API) securitySchemes() object {
	return object{
		"session": object{
			"type": "apiKey", "in": "cookie", "name": a.cookieName(sessionCookie), "description": "A signed-in browser.",
		},
		"key": object{
			"type": "http", "scheme": "bearer", "bearerFormat": account.KeyPrefix + "…", "description": "An API key.",
		},
		"seat": object{
			"type": "apiKey", "in": "cookie", "name": a.cookieName(deviceCookie),
			"description": "A customer's browser.",
		},
		"visitor": object{
			"type": "apiKey", "in": "header", "name": visitorHeader, "description": "A visitor's browser at a web chat: 32 to 100 random characters that it made up.",
		},
	}
}

func (a *API) operation(rt route, schemas *schemas) object {
	op := object{
		"operationId": operationID(rt), "summary": rt.summary, "tags": []string{tag(rt)},
		"responses": a.responses(rt, schemas), "security": []object{},
	}
	detail := rt.detail
	if rt.need != "" {
		detail = strings.TrimSpace(detail + " Needs the permission " + string(rt.need) + ".")
	}
	if detail != "" {
		op["description"] = detail
	}
	switch rt.access {
	case signedIn:
		op["security"] = []object{{"session": []string{}}, {"key": []string{}}}
	case seated:
		op["security"] = []object{{"seat": []string{}}}
	case visiting:
		op["security"] = []object{{"visitor": []string{}}}
	}
	if params := parameters(rt, schemas); len(params) > 0 {
		op["parameters"] = params
	}
	if rt.raw {
		op["requestBody"] = object{"required": true, "content": object{"application/octet-stream": object{}}}
	} else if rt.unsafe() && rt.method != http.MethodDelete {
		op["requestBody"] = object{
			"required": hasBody(rt.op.in),
			"content":  object{"application/json": object{"schema": schemas.of(rt.op.in)}},
		}
	}
	return op
}

func (a *API) responses(rt route, schemas *schemas) object {
	ok := object{"description": http.StatusText(rt.status)}
	switch rt.op.out {
	case reflect.TypeFor[none]():
	case reflect.TypeFor[download]():
		ok["content"] = object{"application/octet-stream": object{}}
	default:
		ok["content"] = object{"application/json": object{"schema": schemas.of(rt.op.out)}}
	}
	if rt.creates {
		ok["headers"] = object{replayed: object{"$ref": "#/components/headers/IdempotencyReplayed"}}
	}
	all := object{strconv.Itoa(rt.status): ok}
	for _, status := range rt.failures() {
		all[strconv.Itoa(status)] = object{"$ref": "#/components/responses/Problem" + strconv.Itoa(status)}
	}
	return all
}

// failures returns the statuses with which a request to the route may fail.
func (rt *route) failures() []int {
	all := append([]int{422, 429, 500}, rt.fails...)
	if rt.unsafe() {
		all = append(all, 400, 403, 413, 415)
	} else {
		all = append(all, 400)
	}
	if rt.access == signedIn {
		all = append(all, 401)
	}
	if rt.need != "" {
		all = append(all, 403)
	}
	if strings.Contains(rt.path, "{") {
		all = append(all, 404)
	}
	if rt.creates {
		all = append(all, 409)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// parameters returns what the path and the query of a route take.
func parameters(rt route, schemas *schemas) []object {
	var all []object
	for i := range rt.op.in.NumField() {
		f := rt.op.in.Field(i)
		for _, in := range []string{"path", "query"} {
			name := f.Tag.Get(in)
			if name == "" {
				continue
			}
			p := object{"name": name, "in": in, "description": f.Tag.Get("doc"), "schema": schemas.of(f.Type), "required": in == "path"}
			if f.Type.Kind() == reflect.Slice { // with commas between
				p["style"], p["explode"] = "form", false
			}
			all = append(all, p)
		}
	}
	if strings.Contains(rt.path, "{item}") && !slices.ContainsFunc(all, func(p object) bool { return p["name"] == "item" }) {
		all = append(all, object{
			"name": "item", "in": "path", "required": true, "schema": object{"type": "string"}, "description": "ID of the item, or new.",
		})
	}
	if rt.creates {
		all = append(all, object{"$ref": "#/components/parameters/IdempotencyKey"})
	}
	return all
}

// operationID makes a name of the method and the path, such as
// postCallsByIdHangup.
func operationID(rt route) string {
	id := strings.ToLower(rt.method)
	for part := range strings.SplitSeq(strings.TrimPrefix(rt.path, "/api"), "/") {
		part, wild := strings.CutPrefix(part, "{")
		part = strings.TrimSuffix(strings.ReplaceAll(part, ".json", ""), "}")
		if wild {
			id += "By"
		}
		if part != "" {
			id += strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return id
}

// tag names the group of a route: the noun after /api/.
func tag(rt route) string {
	noun, _, _ := strings.Cut(strings.TrimPrefix(rt.path, "/api/"), "/")
	return strings.Trim(noun, "/")
}
