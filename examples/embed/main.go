// Command embed is the desk inside somebody else's product: a shop that has its
// own users and sign-in, its own table of customers, and its own way to notify.
// Customers write in the chat on /shop; the shop's people answer on /.
package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/channels/webchat"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/adapters/webui"
	"github.com/tandem-cc/tandem/adapters/wsroom"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
)

// The shop has its own users; here, one for each name in a cookie.
var staff = map[string]account.Actor{
	"rosa": {Account: "shop", User: "rosa", Name: "Rosa", Role: account.RoleAgent},
	"omar": {Account: "shop", User: "omar", Name: "Omar", Role: account.RoleSupervisor},
}

func signedIn(r *http.Request) (account.Actor, error) {
	c, err := r.Cookie("shop_user")
	if err != nil {
		return account.Actor{}, account.ErrNotSignedIn
	}
	if by, ok := staff[c.Value]; ok {
		return by, nil
	}
	return account.Actor{}, account.ErrNotSignedIn
}

// customers is the shop's own table: who writes is looked up by e-mail.
type customers map[string]string

func (c customers) Lookup(_ context.Context, who desk.Contact) (desk.Contact, error) {
	if name, ok := c[who.Email]; ok {
		return desk.Contact{Name: name, Ref: "customer:" + who.Email}, nil
	}
	return desk.Contact{}, desk.ErrNotFound
}

var page = template.Must(template.New("").Parse(`<!doctype html><title>Shop desk</title><h1>{{.By.Name}}'s conversations</h1>
{{range .Rows}}<form method="post"><h2>#{{.Ticket.Number}} {{.Contact.Name}}, {{.Ticket.State}}</h2><p>{{with .Last}}{{.Name}}: {{.Text}}{{end}}</p>
<input type="hidden" name="ticket" value="{{.Ticket.ID}}"><input type="hidden" name="op" value="{{$.Op}}"><input name="text" required> <button>Send</button></form>{{else}}<p>Nothing waits. Write something in the chat on <a href="/shop">/shop</a>, then reload.</p>{{end}}`))

func main() {
	log.Fatal(run(context.Background(), "127.0.0.1:8090"))
}

func run(ctx context.Context, addr string) error {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := bunstore.Open(ctx, filepath.Join(dir, "shop.db"), bunstore.Config{})
	if err != nil {
		return err
	}
	defer db.Close()
	d := desk.New(db.Desk(), desk.Config{
		Channels: map[desk.Kind]desk.Channel{desk.KindWebChat: webchat.Channel{}},
		Contacts: customers{"lena@example.org": "Lena Fischer"},
		Notify:   func(n desk.Notice) { log.Printf("to %s: %s", n.To, n.Text) },
	})
	setup, err := d.Begin(ctx, account.System("shop"), "The shop")
	if err != nil {
		return err
	}
	for _, u := range staff { // all of them serve the one queue, and are at work
		_, described := d.DescribeAgent(ctx, account.System(u.Account), u.User, desk.AgentDescription{
			Name: u.Name, Role: u.Role, Queues: []desk.Membership{{Queue: setup.Queues[0].ID, Priority: 1}},
		})
		_, chosen := d.Choose(ctx, u, presence.StatusAvailable, "")
		_, connected := d.Connected(ctx, u, true)
		if err := errors.Join(described, chosen, connected); err != nil {
			return err
		}
	}
	router, floor := desk.NewRouter(d, desk.RouterConfig{}), desk.NewFloor(d)
	api := httpapi.New(httpapi.Config{Authenticate: signedIn, Desk: d, Router: router, PublicURL: &url.URL{Scheme: "http", Host: addr}})
	sockets := wsroom.New(wsroom.Config{Feed: db, Authenticate: signedIn, Floor: floor, Visitor: d.Visitor})
	pages := webui.New(webui.Config{ChatOrigins: func(context.Context, string) ([]string, bool) { return nil, true }})

	mux := http.NewServeMux()
	mux.Handle("/api/", api)
	mux.Handle("/ws/chat", sockets.Chat())
	for _, path := range []string{"/chat", "/widget.js", "/ui/"} {
		mux.Handle(path, pages)
	}
	mux.Handle("/shop", webchat.Site(func(context.Context) (string, error) { return setup.Lines[0].Key, nil }))
	mux.HandleFunc("/login/{user}", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "shop_user", Value: r.PathValue("user"), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		by, err := signedIn(r)
		if err != nil {
			http.Error(w, "sign in first: /login/rosa or /login/omar", http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodPost {
			_, _, err = d.Reply(r.Context(), by, desk.TicketID(r.FormValue("ticket")), desk.Draft{Op: r.FormValue("op"), Text: r.FormValue("text")})
		}
		rows, listErr := d.List(r.Context(), by, desk.ViewMine, desk.Query{})
		if err != nil || listErr != nil {
			http.Error(w, fmt.Sprint(err, listErr), http.StatusConflict)
			return
		}
		_ = page.Execute(w, map[string]any{"By": by, "Rows": rows, "Op": time.Now().UnixNano()}) // the browser has gone, if it fails
	})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.Run(ctx) })
	g.Go(func() error { return router.Run(ctx) })
	g.Go(func() error { return sockets.Run(ctx) })
	g.Go(func() error {
		return outbox.Follow(ctx, db, "", 0, func(records []outbox.Record) error {
			for _, r := range records {
				router.Changed(r.Account, r.Kind, r.About)
				floor.Changed(r.Account, r.Kind, r.Data)
			}
			return nil
		})
	})
	g.Go(func() error {
		log.Printf("chat: http://%s/shop   desk: http://%s/login/rosa", addr, addr)
		server := &http.Server{Addr: addr, Handler: http.NewCrossOriginProtection().Handler(mux), ReadHeaderTimeout: 5 * time.Second}
		go func() { <-ctx.Done(); server.Close() }()
		return server.ListenAndServe()
	})
	defer floor.Close()
	return g.Wait()
}
