package httpapi_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Whatever the body and the query, no route panics or is at fault, and every
// answer is JSON.
func FuzzRequests(f *testing.F) {
	w := build(f)
	ann, adam := w.as("ann"), w.as("adam")
	call, token := ann.start()
	guest := w.join(token)
	routes := w.api.Routes()
	for n, route := range routes {
		s := &scene{w: w, route: route, n: n, token: token, user: "nobody"}
		if route.Path == "/api/password/change" {
			continue
		}
		body, err := json.Marshal(s.body())
		require.NoError(f, err)
		f.Add(uint8(n), body, "")
		f.Add(uint8(n), []byte(`{"name":null,"scopes":[null],"stars":1e99,"admit":0,"permission":{"mic":[]}}`), "limit=1&after=2&from=2030-01-02T03:04:05Z&status=waiting")
		f.Add(uint8(n), []byte("{\"email\":\"\\ud800@x.example\",\"phone\":\"\xff\"}"), "q=%ff&before=%00")
	}
	f.Fuzz(func(t *testing.T, n uint8, body []byte, query string) {
		w.t = t
		route := routes[int(n)%len(routes)]
		if route.Path == "/api/session" || route.Path == "/api/sessions" || route.Path == "/api/password/change" {
			if route.Method != "POST" {
				return // it signs out who is to go on
			}
		}
		who := adam
		if route.Access == "seated" {
			who = guest
		}
		path := strings.Replace(route.Path, "{id}", call.ID, 1)
		if query != "" {
			path += "?" + strings.ReplaceAll(url.PathEscape(query), "%25", "%") // escapes stay what they are
		}
		if _, err := url.ParseRequestURI(path); err != nil {
			return
		}
		r := who.do(route.Method, path, string(body))
		require.Less(t, r.status, 500, "%s %s: %s", route.Method, path, r.body)
		require.GreaterOrEqual(t, r.status, 200)
		if len(r.body) > 0 {
			require.True(t, json.Valid(r.body), "%s", r.body)
			require.True(t, utf8.Valid(r.body))
		}
	})
}
