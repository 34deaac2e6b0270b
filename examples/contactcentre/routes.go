package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/channels/webchat"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/adapters/webui"
	"github.com/tandem-cc/tandem/adapters/wsroom"
)

// routes puts every handler in its place.
func (s *server) routes() http.Handler {
	https := s.cfg.public.Scheme == "https"
	config := httpapi.Config{
		Accounts: s.accounts, Calls: s.calls, Desk: s.desk, Router: s.router, Answers: s.db, PublicURL: s.cfg.public, TrustedProxies: s.cfg.proxies,
		Version: version, Log: s.log, Observe: s.metrics.request,
	}
	api := httpapi.New(config)
	s.sockets = wsroom.New(wsroom.Config{
		Rooms: s.rooms, Participant: api.Participant, Feed: s.db, Authenticate: api.Authenticate,
		Floor: s.floor, Visitor: s.desk.Visitor,
		Origins: []string{s.cfg.public.Host}, Address: config.Address, Log: s.log,
	})
	pages := webui.New(webui.Config{
		SignedIn: func(r *http.Request) bool { _, err := api.Authenticate(r); return err == nil },
		Secure:   https, Version: version, Dev: s.cfg.Dev, ChatOrigins: s.chatOrigins,
	})

	mux := http.NewServeMux()
	mux.Handle("/api/", api)
	mux.Handle("/openapi.json", api)
	mux.Handle("GET /ws/room", s.sockets.Room())
	mux.Handle("GET /ws/live", s.sockets.Live())
	mux.Handle("GET /ws/chat", s.sockets.Chat())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.metrics.handler())
	if s.cfg.Dev {
		mux.Handle("/dev/phone", s.insiders(api, s.phone))
		mux.Handle("/dev/phone/", s.insiders(api, s.phone))
		mux.Handle("GET /dev/site", s.insiders(api, webchat.Site(s.chatKey)))
	}
	if s.mail != nil {
		mux.Handle("/dev/mail", s.insiders(api, s.mail))
	}
	mux.Handle("/", pages)
	return httpapi.Logged(httpapi.Secure(mux, https), config)
}

// insiders keeps what the pages of development show, which opens every door,
// from strangers: a server that only this machine reaches answers requests to
// this machine's own names (a foreign name may have been made to point here);
// any other answers administrators.
func (s *server) insiders(api *httpapi.API, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ok := s.cfg.private && isLoopback(hostname(r.Host))
		if !s.cfg.private {
			by, err := api.Authenticate(r)
			ok = err == nil && by.Can(account.UsersManage)
		}
		if !ok {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// ready says whether the server can do its work: it is not stopping, and its
// database answers.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	select {
	case <-s.draining:
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	default:
	}
	if err := s.db.Ping(ctx); err != nil {
		s.log.Error("not ready", "err", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}
