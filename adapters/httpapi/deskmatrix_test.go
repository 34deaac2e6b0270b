package httpapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/blob/disk"
	"github.com/tandem-cc/tandem/adapters/channels/webchat"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
)

// deskMatrix is the answer of every route of the desk and of web chats to
// everybody. The ticket of the path is ann's, the file and the contact belong to
// it, and bob serves the same queue; visitor wrote it, stranger is another
// visitor. narrow is an API key with a permission that has nothing to do with
// the desk, wide one with all.
const deskMatrix = `
                                                   nobody      ann      bob      sue     adam      eve   narrow     wide  visitor stranger
GET    /api/desk/tickets                              401      200      200      200      200      200      403      200      401      401
POST   /api/desk/tickets                              401      201      409      201      201      404      403      403      401      401
GET    /api/desk/counts                               401      200      200      200      200      200      403      200      401      401
POST   /api/desk/bulk                                 401      403      403      200      200      200      403      200      401      401
GET    /api/desk/tickets/{id}                         401      200      404      200      200      404      403      200      401      401
GET    /api/desk/tickets/{id}/entries                 401      200      404      200      200      404      403      200      401      401
GET    /api/desk/tickets/{id}/explain                 401      403      403      200      200      404      403      200      401      401
POST   /api/desk/tickets/{id}/claim                   401      200      404      409      409      404      403      403      401      401
POST   /api/desk/tickets/{id}/replies                 401      201      404      201      201      404      403      201      401      401
POST   /api/desk/tickets/{id}/notes                   401      201      404      201      201      404      403      201      401      401
POST   /api/desk/tickets/{id}/read                    401      204      404      204      204      404      403      204      401      401
POST   /api/desk/tickets/{id}/status                  401      200      404      200      200      404      403      200      401      401
POST   /api/desk/tickets/{id}/resolve                 401      200      404      200      200      404      403      200      401      401
POST   /api/desk/tickets/{id}/reopen                  401      200      404      200      200      404      403      200      401      401
POST   /api/desk/tickets/{id}/spam                    401      200      404      200      200      404      403      200      401      401
POST   /api/desk/tickets/{id}/transfer                401      200      404      200      200      404      403      200      401      401
PUT    /api/desk/tickets/{id}/marks                   401      200      404      200      200      404      403      200      401      401
GET    /api/desk/contacts                             401      200      200      200      200      200      403      200      401      401
POST   /api/desk/contacts                             401      201      201      201      201      201      403      201      401      401
GET    /api/desk/contacts/{id}                        401      200      200      200      200      404      403      200      401      401
PATCH  /api/desk/contacts/{id}                        401      200      200      200      200      404      403      200      401      401
POST   /api/desk/contacts/{id}/notes                  401      201      201      201      201      404      403      201      401      401
POST   /api/desk/contacts/{id}/merge                  401      403      403      200      200      404      403      200      401      401
POST   /api/desk/contacts/{id}/unmerge                401      403      403      409      409      404      403      409      401      401
GET    /api/desk/me                                   401      200      200      200      200      200      403      403      401      401
POST   /api/desk/me/status                            401      200      200      200      200      200      403      403      401      401
POST   /api/desk/me/offers/{id}/accept                401      410      410      410      410      410      403      403      401      401
POST   /api/desk/me/offers/{id}/reject                401      410      410      410      410      410      403      403      401      401
GET    /api/desk/targets                              401      200      200      200      200      200      403      200      401      401
GET    /api/desk/agents                               401      403      403      200      200      200      403      200      401      401
PUT    /api/desk/agents/{id}                          401      403      403      403      200      404      403      200      401      401
GET    /api/desk/dashboard                            401      403      403      200      200      200      403      200      401      401
GET    /api/desk/setup                                401      403      403      200      200      200      403      200      401      401
PUT    /api/desk/setup/policy                         401      403      403      200      200      200      403      200      401      401
PUT    /api/desk/setup/queues/{item}/policy           401      403      403      200      200      404      403      200      401      401
PUT    /api/desk/setup/queues/{item}                  401      403      403      403      200      200      403      200      401      401
PUT    /api/desk/setup/lines/{item}                   401      403      403      403      200      422      403      200      401      401
PUT    /api/desk/setup/skills/{item}                  401      403      403      403      200      200      403      200      401      401
PUT    /api/desk/setup/codes/{item}                   401      403      403      403      200      200      403      200      401      401
PUT    /api/desk/setup/tags/{item}                    401      403      403      403      200      200      403      200      401      401
PUT    /api/desk/setup/labels/{item}                  401      403      403      403      200      200      403      200      401      401
PUT    /api/desk/setup/attributes/{item}              401      403      403      403      200      200      403      200      401      401
DELETE /api/desk/setup/queues/{item}                  401      403      403      403      404      404      403      404      401      401
DELETE /api/desk/setup/lines/{item}                   401      403      403      403      404      404      403      404      401      401
DELETE /api/desk/setup/skills/{item}                  401      403      403      403      404      404      403      404      401      401
DELETE /api/desk/setup/codes/{item}                   401      403      403      403      200      404      403      404      401      401
DELETE /api/desk/setup/tags/{item}                    401      403      403      403      200      404      403      404      401      401
DELETE /api/desk/setup/labels/{item}                  401      403      403      403      200      404      403      404      401      401
DELETE /api/desk/setup/attributes/{item}              401      403      403      403      404      404      403      404      401      401
POST   /api/desk/files                                401      201      201      201      201      201      403      403      401      401
GET    /api/desk/files/{id}                           401      200      404      200      200      404      403      200      401      401
GET    /api/chat/{key}                                200      200      200      200      200      200      200      200      200      200
GET    /api/chat/{key}/messages                       403      403      403      403      403      403      403      403      200      200
POST   /api/chat/{key}/messages                       403      403      403      403      403      403      403      403      201      201
POST   /api/chat/{key}/seen                           403      403      403      403      403      403      403      403      204      204
POST   /api/chat/{key}/files                          403      403      403      403      403      403      403      403      201      201
GET    /api/chat/{key}/files/{id}                     403      403      403      403      403      403      403      403      200      404
`

var deskPeople = []string{"nobody", "ann", "bob", "sue", "adam", "eve", "narrow", "wide", "visitor", "stranger"}

// A deskScene is what a request of the matrix is about.
type deskScene struct {
	w       *world
	d       *desk.Desk
	key     string
	secret  string
	other   string // secret of a stranger
	ticket  desk.Ticket
	file    desk.FileID
	contact desk.ContactID
	second  desk.ContactID // another contact
	n       int
}

// withDesk gives a world a desk at which ann and bob serve one queue.
func withDesk(t testing.TB) (*world, *desk.Desk) {
	w := build(t)
	blobs, err := disk.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { blobs.Close() })
	d := desk.New(w.db.Desk(), desk.Config{
		Channels: map[desk.Kind]desk.Channel{desk.KindWebChat: webchat.Channel{}}, Blobs: blobs, Now: w.clock.now,
	})
	w.cfg.Desk, w.cfg.Router = d, desk.NewRouter(d, desk.RouterConfig{})
	w.api = httpapi.New(w.cfg)
	ctx := t.Context()
	_, err = d.Begin(ctx, account.System(w.acme.ID), "Acme")
	require.NoError(t, err)
	for _, u := range w.users {
		require.NoError(t, d.UserChanged(ctx, u.Account, u))
	}
	for _, name := range []string{"ann", "bob"} {
		u := w.users[name+"@acme.example"]
		_, err = d.DescribeAgent(ctx, account.System(w.acme.ID), u.ID, desk.AgentDescription{Max: 20, Queues: []desk.Membership{{Queue: "general", Priority: 1}}})
		require.NoError(t, err)
		_, err = d.Choose(ctx, u.Actor(), presence.StatusAvailable, "")
		require.NoError(t, err)
	}
	return w, d
}

func (w *world) deskScene(d *desk.Desk, n int) *deskScene {
	w.t.Helper()
	ctx := w.t.Context()
	s := &deskScene{w: w, d: d, n: n, secret: fmt.Sprintf("visitor-%040d", n), other: fmt.Sprintf("stranger-%040d", n)}
	system := account.System(w.acme.ID)
	setup, err := d.Setup(ctx, system)
	require.NoError(w.t, err)
	s.key = setup.Lines[0].Key
	v, err := d.Visitor(ctx, s.key, s.secret)
	require.NoError(w.t, err)
	f, err := d.UploadAs(ctx, v, "a.pdf", []byte("%PDF-1.4\n%%EOF"))
	require.NoError(w.t, err)
	s.file = f.ID
	e, err := d.WriteAs(ctx, v, desk.VisitorMessage{Op: "1", Text: "the secret of ann's customer", Files: []desk.FileID{f.ID}, Name: "Lena"})
	require.NoError(w.t, err)
	ann := w.users["ann@acme.example"]
	s.ticket, err = d.Transfer(ctx, system, e.Ticket, desk.Target{Agent: ann.ID})
	require.NoError(w.t, err)
	s.contact = s.ticket.Contact
	c, err := d.AddContact(ctx, system, desk.NewContact{Name: fmt.Sprintf("Second %d", n)})
	require.NoError(w.t, err)
	s.second = c.ID
	return s
}

func (s *deskScene) path(route httpapi.RouteInfo) string {
	p := strings.NewReplacer("{key}", s.key).Replace(route.Path)
	switch {
	case strings.Contains(p, "/contacts/"):
		p = strings.Replace(p, "{id}", string(s.contact), 1)
	case strings.Contains(p, "/agents/"):
		p = strings.Replace(p, "{id}", string(s.w.users["bob@acme.example"].ID), 1)
	case strings.Contains(p, "/files/"):
		p = strings.Replace(p, "{id}", string(s.file), 1)
	case strings.Contains(p, "/offers/"):
		p = strings.Replace(p, "{id}", "1", 1)
	default:
		p = strings.Replace(p, "{id}", string(s.ticket.ID), 1)
	}
	item := "new"
	if route.Method == "DELETE" {
		item = map[string]string{"labels": "bug", "codes": "lunch", "tags": "VIP customer"}[strings.Split(p, "/")[4]]
		if item == "" {
			item = "none"
		}
	}
	if strings.HasSuffix(p, "/queues/{item}/policy") {
		item = "general"
	}
	return strings.ReplaceAll(strings.Replace(p, "{item}", item, 1), " ", "%20")
}

func (s *deskScene) body(route httpapi.RouteInfo) any {
	op := strconv.Itoa(s.n)
	switch route.Method + " " + route.Path {
	case "POST /api/desk/tickets":
		return object{"contact": s.contact, "line": "web", "op": op, "text": "hello"}
	case "POST /api/desk/bulk":
		return object{"tickets": []string{string(s.ticket.ID)}, "queue": "general"}
	case "POST /api/desk/tickets/{id}/replies", "POST /api/chat/{key}/messages":
		return object{"op": op, "text": "hello"}
	case "POST /api/desk/tickets/{id}/notes", "POST /api/desk/contacts/{id}/notes":
		return object{"text": "hello"}
	case "POST /api/desk/tickets/{id}/status":
		return object{"status": "pending"}
	case "POST /api/desk/tickets/{id}/transfer":
		return object{"queue": "general"}
	case "PUT /api/desk/tickets/{id}/marks":
		return object{"tags": []string{"x"}, "labels": []string{}}
	case "POST /api/desk/contacts":
		return object{"name": "New"}
	case "PATCH /api/desk/contacts/{id}":
		return object{"name": "Renamed"}
	case "POST /api/desk/contacts/{id}/merge", "POST /api/desk/contacts/{id}/unmerge":
		return object{"other": s.second}
	case "POST /api/desk/me/status":
		return object{"status": "available"}
	case "PUT /api/desk/agents/{id}":
		return object{"max": 5, "skills": []string{}, "queues": []string{}}
	case "PUT /api/desk/setup/policy", "PUT /api/desk/setup/queues/{item}/policy":
		return object{"policy": object{
			"resolved_hold": 60, "pending_hold": 60, "inactivity_after": -1, "lease_after": -1, "abandon_after": -1, "reopen": "same", "reopen_to": "keep",
			"new_visible": false, "reply_claims": false, "hold_through": false, "gratitude_closes": false, "capacity_statuses": []string{"open"},
		}}
	case "PUT /api/desk/setup/queues/{item}":
		return object{"id": "", "name": "Q" + op, "type": "general", "mode": "pick_me"}
	case "PUT /api/desk/setup/lines/{item}":
		return object{"id": "", "name": "L" + op, "queue": "general"}
	case "PUT /api/desk/setup/skills/{item}":
		return object{"id": "", "name": "S" + op}
	case "PUT /api/desk/setup/codes/{item}":
		return object{"id": "", "name": "C" + op, "status": "away", "paid": true, "colour": "#112233"}
	case "PUT /api/desk/setup/tags/{item}":
		return object{"name": "T" + op, "colour": "#112233"}
	case "PUT /api/desk/setup/labels/{item}":
		return object{"id": "", "name": "L" + op, "colour": "#112233"}
	case "PUT /api/desk/setup/attributes/{item}":
		return object{"key": "k" + op, "name": "K", "type": "text"}
	case "POST /api/chat/{key}/seen":
		return object{"message": "x"}
	case "POST /api/desk/tickets/{id}/claim", "POST /api/desk/tickets/{id}/read", "POST /api/desk/tickets/{id}/resolve",
		"POST /api/desk/tickets/{id}/reopen", "POST /api/desk/tickets/{id}/spam",
		"POST /api/desk/me/offers/{id}/accept", "POST /api/desk/me/offers/{id}/reject":
		return object{}
	}
	return nil
}

// ask makes the request as somebody.
func (s *deskScene) ask(route httpapi.RouteInfo, who string) *reply {
	w := s.w
	var b *browser
	switch who {
	case "nobody", "visitor", "stranger":
		b = w.browser()
	case "narrow":
		b = w.machine(account.KeysManage)
	case "wide":
		b = w.machine(account.Permissions()...)
	default:
		b = w.as(who)
	}
	body := s.body(route)
	if strings.HasSuffix(route.Path, "/files") {
		body = "%PDF-1.4\n%%EOF"
	}
	if secret := map[string]string{"visitor": s.secret, "stranger": s.other}[who]; secret != "" {
		return b.do(route.Method, s.path(route), body, "X-Tandem-Visitor", secret)
	}
	return b.do(route.Method, s.path(route), body)
}

func TestEveryRouteOfTheDeskAndEverybody(t *testing.T) {
	var got strings.Builder
	fmt.Fprintf(&got, "\n%-48s", "")
	for _, who := range deskPeople {
		fmt.Fprintf(&got, "%9s", who)
	}
	got.WriteString("\n")
	sample, _ := withDesk(t)
	n := 0
	for _, route := range sample.api.Routes() {
		if !strings.HasPrefix(route.Path, "/api/desk/") && !strings.HasPrefix(route.Path, "/api/chat/") {
			continue
		}
		w, d := withDesk(t)
		fmt.Fprintf(&got, "%-6s %-41s", route.Method, route.Path)
		for _, who := range deskPeople {
			n++
			s := w.deskScene(d, n)
			res := s.ask(route, who)
			fmt.Fprintf(&got, "%9d", res.status)
			if res.status < 400 && (who == "bob" || who == "eve" || who == "stranger" || who == "narrow") {
				require.NotContains(t, string(res.body), "the secret of ann's customer", "%s as %s", route.Path, who)
			}
			require.Less(t, res.status, http.StatusInternalServerError, "%s as %s: %s", route.Path, who, res.body)
		}
		got.WriteString("\n")
	}
	require.Equal(t, deskMatrix, got.String())
}
