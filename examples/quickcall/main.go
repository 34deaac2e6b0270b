// Command quickcall puts video calls into a program that has users and an
// http.ServeMux of its own. It prints the links that a real program would text.
package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os/signal"
	"syscall"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/adapters/pionmedia"
	"github.com/tandem-cc/tandem/adapters/webui"
	"github.com/tandem-cc/tandem/adapters/wsroom"
	"github.com/tandem-cc/tandem/vi"
)

// An employee is this program's own kind of user.
type employee struct{ login, password, name string }

var staff = []employee{{"ann", "secret", "Ann Chua"}, {"bob", "hunter2", "Bob Tan"}}

// whoever says which employee makes the request, and what that is to Tandem.
func whoever(r *http.Request) (account.Actor, error) {
	login, password, _ := r.BasicAuth()
	for _, e := range staff {
		if e.login == login && subtle.ConstantTimeCompare([]byte(e.password), []byte(password)) == 1 {
			return account.Actor{Account: "shop", User: account.UserID(e.login), Name: e.name, Role: account.RoleAgent}, nil
		}
	}
	return account.Actor{}, account.ErrNotSignedIn
}

// shop is what calls ask about the company and its people.
type shop struct{}

func (shop) Host(context.Context, account.ID) (vi.Host, error) {
	return vi.Host{Name: "The Shop", Region: "SG"}, nil
}

func (shop) AgentName(context.Context, account.ID, account.UserID) (string, error) {
	return "", vi.ErrNotFound // calls are started by employees only
}

// printer sends texts to the terminal.
type printer struct{}

func (printer) Text(_ context.Context, t vi.Text) (string, error) {
	fmt.Printf("to %s: %s\n", t.To, t.Body)
	return "printed", nil
}

const page = `<!doctype html><title>The Shop</title><form method=post action=/call>
<input name=phone placeholder="Customer's phone" required><input name=order placeholder="Order number" required><button>Call</button></form>`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	db, err := bunstore.Open(ctx, "quickcall.db", bunstore.Config{})
	check(err)
	var rooms *vi.Rooms
	media, err := pionmedia.New(pionmedia.Config{UDPAddr: "127.0.0.1:8090", Events: func(e vi.MediaEvent) { rooms.MediaChanged(ctx, e) }})
	check(err)
	calls := vi.New(db.Calls(), printer{}, shop{}, vi.Config{PublicURL: "http://127.0.0.1:8090"})
	rooms = vi.NewRooms(calls, media, vi.RoomsConfig{})
	check(calls.Recover(ctx))
	here := &url.URL{Scheme: "http", Host: "127.0.0.1:8090"}
	api := httpapi.New(httpapi.Config{Calls: calls, Authenticate: whoever, PublicURL: here})
	sockets := wsroom.New(wsroom.Config{Rooms: rooms, Participant: api.Participant})
	pages := webui.New(webui.Config{SignedIn: func(r *http.Request) bool { _, err := whoever(r); return err == nil }})

	mux := http.NewServeMux() // the program's own
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if _, err := whoever(r); err != nil {
			w.Header().Set("WWW-Authenticate", `Basic realm="shop"`)
			http.Error(w, "Who are you?", http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, page)
	})
	mux.HandleFunc("POST /call", func(w http.ResponseWriter, r *http.Request) {
		by, _ := whoever(r)
		c, _, err := calls.Start(r.Context(), by, vi.StartCall{Phone: r.FormValue("phone"), Reference: r.FormValue("order")})
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		http.Redirect(w, r, "/call/"+string(c.ID), http.StatusSeeOther)
	})
	mux.Handle("/api/", api)
	mux.Handle("GET /ws/room", sockets.Room())
	for _, path := range []string{"/call/", "/j/", "/ui/"} {
		mux.Handle(path, pages)
	}

	go db.Run(ctx)
	go calls.Run(ctx)
	go rooms.Run(ctx)
	go sockets.Run(ctx)
	go outbox.Follow(ctx, db, "shop", 0, func(events []outbox.Record) error {
		for _, e := range events {
			if err := rooms.Changed(ctx, e.Account, vi.CallID(e.About), e.Kind, e.Data); err != nil {
				log.Print(err)
			}
		}
		return nil
	})
	fmt.Println("http://127.0.0.1:8090, sign in as ann with secret")
	server := &http.Server{Addr: "127.0.0.1:8090", Handler: http.NewCrossOriginProtection().Handler(mux)}
	go func() { <-ctx.Done(); server.Close() }()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
