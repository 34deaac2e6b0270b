package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/uuid7"
)

// A record is what becomes of one request.
type record struct {
	http.ResponseWriter
	id      string
	route   string // path pattern of the API's own routes
	actor   account.Actor
	address netip.Addr
	status  int
	bytes   int64
	fault   error // for the log only
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	rec, _ := ctx.Value(recordKey{}).(*record)
	return rec
}

func (rec *record) WriteHeader(status int) {
	if rec.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *record) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController, and for sockets that take over the
// connection.
func (rec *record) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// Logged gives every request an id (in the answer's Request-Id header too),
// answers 500 when next panics, and writes one line for each: never a token, a
// query, a phone number or an e-mail address. The [API] does this by itself.
// Logged is for the handlers beside it, or around all of them; then each request
// is still logged once.
func Logged(next http.Handler, cfg Config) http.Handler {
	cfg = cfg.withDefaults()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if recordOf(r.Context()) != nil { // somebody around us does it
			next.ServeHTTP(w, r)
			return
		}
		rec := &record{ResponseWriter: w, id: uuid7.New(), address: cfg.Address(r)}
		w.Header().Set("Request-Id", rec.id)
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		start := cfg.Now()
		defer func() {
			rec.end(cfg, r, cfg.Now().Sub(start), recover())
		}()
		next.ServeHTTP(rec, r)
	})
}

// end writes the line, and the answer if a panic left none.
func (rec *record) end(cfg Config, r *http.Request, took time.Duration, panicked any) {
	cut := panicked == http.ErrAbortHandler //nolint:errorlint // net/http compares it so
	attrs := make([]slog.Attr, 0, 12)
	if panicked != nil && !cut {
		rec.fault = fmt.Errorf("panic: %v", panicked)
		attrs = append(attrs, slog.String("stack", string(debug.Stack())))
		if rec.status == 0 {
			p, _ := problemOf(rec.fault, rec.id)
			p.write(rec)
		} else {
			cut = true // half an answer must not look like a whole one
		}
	}
	if rec.status == 0 && !cut {
		rec.status = http.StatusOK // the handler wrote nothing, which means 200
	}
	level := slog.LevelInfo
	if rec.fault != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("err", rec.fault))
	}
	route := rec.route
	if route == "" { // not the API's: what a ServeMux found, if it did
		_, route, _ = strings.Cut(r.Pattern, "/")
		route = strings.TrimSuffix("/"+route, "/{$}")
	}
	if r.Pattern == "" && rec.route == "" {
		route = "other"
		attrs = append(attrs, slog.String("path", public(r.URL.Path)))
	}
	attrs = append(attrs,
		slog.String("request", rec.id), slog.String("method", method(r)), slog.String("route", route),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took),
		slog.String("address", rec.address.String()))
	if rec.actor.Account != "" {
		attrs = append(attrs, slog.String("account", string(rec.actor.Account)),
			slog.String("user", string(rec.actor.User)), slog.String("key", string(rec.actor.Key)))
	}
	cfg.Log.LogAttrs(r.Context(), level, "request", attrs...)
	if cfg.Observe != nil {
		cfg.Observe(route, method(r), rec.status, took)
	}
	if cut {
		panic(http.ErrAbortHandler)
	}
}

// method returns the request's method, or OTHER for what nobody has defined: a
// stranger does not choose the names of our counters.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	default:
		return "OTHER"
	}
}

// public returns the path without what only its owner may know, and without
// what does not belong on one line of a log.
func public(path string) string {
	if strings.HasPrefix(path, "/j/") {
		return "/j/…"
	}
	path = strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, path)
	if len(path) > 200 {
		path = path[:200] + "…"
	}
	return path
}
