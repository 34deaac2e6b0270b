package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
)

func TestHeaders(t *testing.T) {
	w := build(t)
	for _, r := range []*reply{
		w.browser().get("/openapi.json"), w.browser().get("/api/session"), w.as("ann").get("/api/session"), w.browser().get("/nothing"),
	} {
		require.Equal(t, "no-store", r.header.Get("Cache-Control"))
		require.Equal(t, "nosniff", r.header.Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", r.header.Get("Referrer-Policy"))
		require.Equal(t, "same-origin", r.header.Get("Cross-Origin-Opener-Policy"))
		require.Equal(t, "same-origin", r.header.Get("Cross-Origin-Resource-Policy"))
		require.Equal(t, "camera=(self), microphone=(self), geolocation=(self)", r.header.Get("Permissions-Policy"))
		require.Contains(t, r.header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Equal(t, "max-age=63072000", r.header.Get("Strict-Transport-Security"))
		require.Regexp(t, `^[0-9a-f-]{36}$`, r.header.Get("Request-Id"))
		require.Empty(t, r.header.Get("Access-Control-Allow-Origin"))
	}
}

func TestOtherSites(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	in := object{"phone": "+6581234567", "reference": "csrf"}
	for name, headers := range map[string][]string{
		"another site":             {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a neighbour":              {"Sec-Fetch-Site", "same-site", "Origin", "https://www.desk.example"},
		"an old browser":           {"Origin", "https://evil.example"},
		"a sandboxed frame":        {"Origin", "null"},
		"the same host, otherwise": {"Origin", "https://desk.example:8443"},
	} {
		for _, path := range []string{"/api/calls", "/api/session", "/api/guest/join"} {
			p := ann.do("POST", path, in, headers...).fails(403, "denied")
			require.Equal(t, "This request comes from another site.", p.Detail, name)
		}
	}
	require.Zero(t, w.countCalls())
	ann.do("DELETE", "/api/session", nil, "Sec-Fetch-Site", "cross-site").fails(403, "denied")
	ann.do("GET", "/api/session", nil, "Sec-Fetch-Site", "cross-site").is(200) // of which the other site sees nothing
	ann.do("POST", "/api/calls", in, "Sec-Fetch-Site", "same-origin", "Origin", "https://desk.example").is(201)

	// Behind a proxy that names another host the public origin is still ours.
	r := ann.request("POST", "/api/calls", object{"phone": "+6581234567", "reference": "proxied"})
	r.Host = "10.0.0.7:8080"
	r.Header.Set("Origin", "https://desk.example")
	ann.send(r).is(201)
}

func TestBodies(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	start := func(body string, headers ...string) *reply { return ann.do("POST", "/api/calls", body, headers...) }
	good := `{"phone":"+6581234567","reference":"R"}`

	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json+x", "", "application/jsonp", ";"} {
		start(good, "Content-Type", kind).fails(415, "invalid")
	}
	for body, fields := range map[string][]string{
		`{"phone":"+6581234567","reference":"R","role":"admin"}`:   {"role"},
		`{"phone":"+6581234567","reference":"R","Phone":"1"}`:      {"Phone", "Phone"}, // twice, and unknown
		`{"phone":"1","phone":"+6581234567","reference":"R"}`:      {"phone"},
		`{"phone":1,"reference":"R"}`:                              {"phone"},
		`{"phone":"+6581234567","reference":["R"]}`:                {"reference"},
		`{"phone":"+6581234567","reference":"R","__proto__":{}}`:   {"__proto__"},
		`{"phone":"+65\u00008123","reference":"R\u0000"}`:          {"phone", "reference"},
		`{"phone":"+6581234567","reference":"` + "R\\u001b[31m\"}": {"reference"},
	} {
		start(body).fails(422, "invalid", fields...)
	}
	for _, body := range []string{
		"{", "[]", "null1", `"x"`, "{}{}", "\xff", `{"phone":}`, strings.Repeat("[", 100), `{"a":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`,
		" ", "nope",
	} {
		r := start(body)
		require.Contains(t, []int{400, 422}, r.status, "%s: %s", body, r.body)
		r.fails(r.status, "invalid", fieldsIn(r)...)
	}
	ann.post("/api/calls", nil).fails(400, "invalid")

	start(`{"phone":"`+strings.Repeat("1", 1<<20)+`"}`).fails(413, "invalid")
	ann.post("/api/session", `{"email":"`+strings.Repeat("a", 16<<10)+`"}`).fails(413, "invalid")
	r := ann.request("POST", "/api/calls", nil) // that does not say how long it is
	r.ContentLength = -1
	r.Body = io.NopCloser(io.LimitReader(endless{}, 64<<20))
	r.Header.Set("Content-Type", "application/json")
	ann.send(r).fails(413, "invalid")
	r = ann.request("POST", "/api/calls", nil)
	r.ContentLength = -1
	r.Body = io.NopCloser(broken{})
	ann.send(r).fails(400, "invalid")

	w.machine(account.CallsPlace).post("/api/calls", `{"phone":"+6581234567","reference":"R","agent":"a\u0000"}`).fails(422, "invalid", "agent")

	require.Zero(t, w.countCalls())
	start(good, "Content-Type", "Application/JSON; charset=utf-8").is(201)
}

func fieldsIn(r *reply) (names []string) {
	var p problem
	r.into(&p)
	for _, f := range p.Fields {
		names = append(names, f.Name)
	}
	return names
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestAddresses(t *testing.T) {
	w := build(t)
	b := w.browser()
	for _, path := range []string{"/", "/api", "/api/", "/api/calls/", "/api//calls", "/api/calls/x/y/z", "/API/calls", "/api/session/..", "/api/./session", "/openapi.json/", "/api/guest/calls/"} {
		b.get(path).fails(404, "not_found")
	}
	for path, allow := range map[string]string{
		"/api/session": "DELETE, GET, HEAD, POST", "/api/sessions": "DELETE", "/api/calls": "GET, HEAD, POST", "/api/calls/1/hangup": "POST",
	} {
		for _, method := range []string{"PUT", "OPTIONS", "TRACE", "BREW"} {
			r := b.do(method, path, nil)
			r.fails(405, "invalid")
			require.Equal(t, allow, r.header.Get("Allow"))
		}
	}
	ann := w.as("ann")
	for _, id := range []string{"%00", "%ff", "a%2Fb", "a b", "'", "..%2f..", strings.Repeat("a", 65), "é", "%0d%0aSet-Cookie:x"} {
		ann.get("/api/calls/"+strings.ReplaceAll(id, " ", "%20")).fails(404, "not_found")
	}
	ann.get("/api/calls/nothing").fails(404, "not_found")
	r := ann.do("HEAD", "/api/session", nil).is(200)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
}

func TestClientAddress(t *testing.T) {
	cfg := httpapi.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for _, tc := range []struct {
		remote  string
		forward []string
		want    string
	}{
		{"203.0.113.5:99", nil, "203.0.113.5"},
		{"203.0.113.5:99", []string{"198.51.100.1"}, "203.0.113.5"}, // says who is not trusted
		{"10.0.0.1:99", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:99", []string{"192.0.2.9, 198.51.100.1"}, "198.51.100.1"}, // the first was made up by the client
		{"10.0.0.1:99", []string{"192.0.2.9", "198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"10.0.0.1:99", []string{"garbage, 10.0.0.2"}, "10.0.0.2"},
		{"10.0.0.1:99", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:99", nil, "10.0.0.1"},
		{"[fd00::1%eth0]:99", []string{"2001:db8::7"}, "2001:db8::7"},
		{"[::ffff:10.0.0.1]:99", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tc.remote
		r.Header["X-Forwarded-For"] = tc.forward
		require.Equal(t, tc.want, cfg.Address(r).String(), "%s %v", tc.remote, tc.forward)
	}
}

func TestTooManyRequests(t *testing.T) {
	w := build(t, func(c *httpapi.Config) {
		c.Limits = httpapi.Limits{
			Actor: rate.Limit{Burst: 4, Per: time.Minute}, Address: rate.Limit{Burst: 2, Per: time.Minute}, Guest: rate.Limit{Burst: 3, Per: time.Minute},
		}
	})
	from := func(b *browser, addr, method, path string, in any) *reply {
		r := b.request(method, path, in)
		r.RemoteAddr = addr
		return b.send(r)
	}
	ann, bob := w.browser(), w.browser()
	from(ann, "192.0.2.1:1", "POST", "/api/session", object{"email": "ann@acme.example", "password": password}).is(200)
	from(bob, "192.0.2.2:1", "POST", "/api/session", object{"email": "bob@acme.example", "password": password}).is(200)
	for range 4 {
		from(ann, "192.0.2.9:1", "GET", "/api/session", nil).is(200)
	}
	r := from(ann, "192.0.2.8:1", "GET", "/api/session", nil)
	p := r.fails(429, "busy")
	require.Equal(t, "15", r.header.Get("Retry-After"))
	require.Equal(t, 15, p.RetryAfter)
	from(bob, "192.0.2.9:1", "GET", "/api/session", nil).is(200) // behind the same address

	nobody := w.browser()
	for range 2 {
		from(nobody, "[2001:db8::1]:1", "GET", "/api/session", nil).is(401)
	}
	from(nobody, "[2001:db8::2]:1", "GET", "/api/session", nil).fails(429, "busy")
	from(nobody, "[2001:db8:0:1::1]:1", "GET", "/api/session", nil).is(401)

	for range 3 {
		from(nobody, "192.0.2.3:1", "POST", "/api/guest/lobby", object{"token": "x"}).is(200)
	}
	from(nobody, "192.0.2.3:1", "POST", "/api/guest/join", object{"token": "x"}).fails(429, "busy")
	w.clock.pass(20 * time.Second)
	from(nobody, "192.0.2.3:1", "POST", "/api/guest/lobby", object{"token": "x"}).is(200)
}

func TestLogTellsNoSecrets(t *testing.T) {
	var seen []string
	w := build(t, func(c *httpapi.Config) {
		c.Observe = func(route, method string, status int, _ time.Duration) {
			seen = append(seen, method+" "+route+" "+http.StatusText(status))
		}
	})
	ann := w.as("ann")
	call, token := ann.start()
	guest := w.join(token)
	ann.get("/api/calls?q=81234567")
	ann.get("/api/calls/" + call.ID)
	machine := w.machine(account.CallsSeeAll)
	machine.get("/api/calls")
	w.browser().post("/api/session", object{"email": "ann@acme.example", "password": "wrong wrong"})
	w.browser().post("/api/password/reset", object{"token": "reset-token", "password": "a new password"})
	w.browser().get("/api/%1b[31mred?x=1")
	w.browser().get("/api/nothing/" + strings.Repeat("x", 500))

	log := w.log.String()
	for _, secret := range []string{
		token, ann.cookies["__Host-tandem"], guest.cookies["__Host-tandem_device"], strings.TrimPrefix(machine.header.Get("Authorization"), "Bearer "),
		"81234567", "@acme.example", "wrong wrong", "a new password", "reset-token", "\x1b", "q=", "x=1", "Carl",
	} {
		require.NotContains(t, log, secret)
	}
	require.Contains(t, log, "route=/api/calls/{id}")
	require.Contains(t, log, "user="+call.Agent.ID)
	require.NotContains(t, log, strings.Repeat("x", 300))
	require.Equal(t, "POST /api/session OK", seen[0])
	require.Contains(t, seen, "GET /api/calls/{id} OK")
	require.Contains(t, seen, "GET other Not Found")
}

func TestFaultsOfOurs(t *testing.T) {
	w := build(t, func(c *httpapi.Config) {
		c.Authenticate = func(r *http.Request) (account.Actor, error) {
			if err := r.Context().Err(); err != nil {
				return account.Actor{}, err
			}
			return account.Actor{}, errors.New("disk on fire")
		}
	})
	ann := w.browser()
	r := ann.get("/api/session")
	p := r.fails(500, "internal")
	require.Equal(t, "Internal error.", p.Detail)
	require.Equal(t, "urn:uuid:"+r.header.Get("Request-Id"), p.Instance)
	require.NotContains(t, string(r.body), "fire")
	require.Contains(t, w.log.String(), "level=ERROR")
	require.Contains(t, w.log.String(), "disk on fire")
	require.Contains(t, w.log.String(), r.header.Get("Request-Id"))

	w.log.Reset()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	ann.send(ann.request("GET", "/api/session", nil).WithContext(gone))
	require.NotContains(t, w.log.String(), "level=ERROR", "the caller has gone: nobody's fault")
	require.Contains(t, w.log.String(), "status=499")
}

func TestLogged(t *testing.T) {
	var log bytes.Buffer
	cfg := httpapi.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /j/{token}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	mux.HandleFunc("/panics", func(http.ResponseWriter, *http.Request) { panic("oh no") })
	mux.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ha")); panic("oh no") })
	mux.HandleFunc("/api/", func(http.ResponseWriter, *http.Request) {})
	handler := httpapi.Logged(httpapi.Secure(httpapi.Logged(mux, cfg), true), cfg)
	get := func(path string) *httptest.ResponseRecorder {
		log.Reset()
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		return rec
	}
	require.Equal(t, "page", get("/j/secret-token").Body.String())
	require.Equal(t, 1, strings.Count(log.String(), "msg=request"), "once, however often it is wrapped")
	require.NotContains(t, log.String(), "secret")
	require.Contains(t, log.String(), "route=/j/{token} status=200 bytes=4")

	rec := get("/panics")
	require.Equal(t, 500, rec.Code)
	require.Equal(t, "application/problem+json", rec.Header().Get("Content-Type"))
	require.Contains(t, log.String(), "oh no")
	require.Contains(t, log.String(), "secure_test.go", "and where")

	require.PanicsWithValue(t, http.ErrAbortHandler, func() { get("/half") }, "so that the connection is cut")
	require.Contains(t, log.String(), "oh no")

	get("/j/secret-token/more")
	require.NotContains(t, log.String(), "secret")
	require.Equal(t, "/j/…", httpapi.Public("/j/secret"))
	get("/nothing")
	require.Contains(t, log.String(), "route=other")
}

func TestSentence(t *testing.T) {
	for want, err := range map[string]error{
		"You may not.":            errors.Join(fault.Errorf(fault.Denied, "you may not")),
		"Phone is too short.":     fault.Fields{{Name: "phone", Problem: "is too short"}},
		"Élan is not a name.":     fault.Errorf(fault.Invalid, "élan is not a name"),
		"What?":                   fault.Errorf(fault.Invalid, "what?"),
		"The sentence itself.":    wrap("start call", wrap("look", fault.Errorf(fault.Conflict, "the sentence itself"))),
		"Too often; try in 1: 2.": fault.Errorf(fault.Busy, "too often; try in 1: 2"),
	} {
		require.Equal(t, want, httpapi.Sentence(err))
	}
}

func wrap(what string, err error) error { return &wrapped{what, err} }

type wrapped struct {
	what string
	err  error
}

func (w *wrapped) Error() string { return w.what + ": " + w.err.Error() }
func (w *wrapped) Unwrap() error { return w.err }
