package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/desk"
)

// visitorHeader carries a visitor's secret: never a URL, which ends up in logs,
// nor a cookie, which browsers withhold from a page inside another site's.
const visitorHeader = "X-Tandem-Visitor"

// Requests and answers of visitors at a web chat.
type (
	oneChat struct {
		Key string `json:"-" path:"key" doc:"Public key of the web chat."`
	}
	chatFace struct {
		Name     string `json:"name" doc:"Name of the chat."`
		Greeting string `json:"greeting" doc:"Shown before the first message."`
		Colour   string `json:"colour" doc:"#rrggbb, or empty."`
	}
	readChat struct {
		Key   string `json:"-" path:"key" doc:"Public key of the web chat."`
		After string `json:"-" query:"after" doc:"ID of the last message that the caller has."`
	}
	chatMessages struct {
		Messages []chatMessage `json:"messages" doc:"The oldest first."`
		Open     bool          `json:"open" doc:"Whether the conversation goes on; if not, the next message begins another."`
		Agent    string        `json:"agent" doc:"First name of who answers; empty if nobody does yet."`
	}
	chatMessage struct {
		ID    string    `json:"id" doc:"ID of the message."`
		From  string    `json:"from" doc:"Who wrote it: the visitor, or the other side." enum:"me,agent"`
		Name  string    `json:"name" doc:"First name of the agent."`
		Op    string    `json:"op,omitempty" doc:"The visitor's own name of it."`
		Text  string    `json:"text" doc:"What was written."`
		Files []file    `json:"files" doc:"Attachments."`
		At    time.Time `json:"at" doc:"When."`
		Seen  bool      `json:"seen" doc:"Whether the other side has read it."`
	}
	writeChat struct {
		Key   string   `json:"-" path:"key" doc:"Public key of the web chat."`
		Op    string   `json:"op" doc:"Chosen by the caller: sent again with it, it is the same message."`
		Text  string   `json:"text" doc:"At most 10,000 characters."`
		Files []string `json:"files,omitempty" doc:"IDs of uploaded files."`
		Name  string   `json:"name,omitempty" doc:"The visitor's name, told with the first message."`
		Email string   `json:"email,omitempty" doc:"The visitor's e-mail address, likewise."`
		Phone string   `json:"phone,omitempty" doc:"The visitor's number, with its country code, likewise."`
	}
	chatMessageAnswer struct {
		Message chatMessage `json:"message" doc:"The message."`
	}
	seeChat struct {
		Key     string `json:"-" path:"key" doc:"Public key of the web chat."`
		Message string `json:"message" doc:"ID of the last message that the visitor has seen."`
	}
	uploadChat struct {
		Key  string `json:"-" path:"key" doc:"Public key of the web chat."`
		Name string `json:"-" query:"name" doc:"Name of the file."`
	}
	readChatFile struct {
		Key    string `json:"-" path:"key" doc:"Public key of the web chat."`
		ID     string `json:"-" path:"id" doc:"ID of the file."`
		Inline int    `json:"-" query:"inline" doc:"1 to show an image in a page."`
	}
)

func (a *API) chatRoutes() []route {
	at := "/api/chat/{key}"
	return []route{
		{method: "GET", path: at, access: anyone, guest: true, status: 200, summary: "See a web chat's face", op: handle(a.chatFace)},
		{method: "GET", path: at + "/messages", access: visiting, guest: true, status: 200, summary: "Read one's own chat", op: handle(a.readChat), fails: []int{403}},
		{method: "POST", path: at + "/messages", access: visiting, guest: true, status: 201, summary: "Write", op: handle(a.writeChat), fails: []int{404, 410}},
		{method: "POST", path: at + "/seen", access: visiting, guest: true, status: 204, summary: "Say what one has seen", op: handle(a.seeChat)},
		{method: "POST", path: at + "/files", access: visiting, guest: true, status: 201, raw: true, body: uploadMax, summary: "Upload a file as a visitor", op: handle(a.uploadChat), fails: []int{409}},
		{method: "GET", path: at + "/files/{id}", access: visiting, guest: true, status: 200, summary: "Read a file of one's own chat", op: handle(a.readChatFile), fails: []int{403}},
	}
}

func (a *API) chatFace(ctx context.Context, r *Request[oneChat]) (chatFace, error) {
	l, err := a.cfg.Desk.Face(ctx, r.In.Key)
	return chatFace{l.Name, l.Greeting, l.Colour}, err
}

func chatMessageOf(key string, e desk.Entry) chatMessage {
	m := chatMessage{
		ID: string(e.ID), From: "me", Op: e.Op, Text: e.Text, Files: []file{}, At: e.At, Seen: !e.SeenAt.IsZero(),
	}
	if e.From == desk.SideAgent {
		m.From, m.Op = "agent", ""
		m.Name, _, _ = strings.Cut(e.Name, " ")
	}
	for _, f := range e.Files {
		shown := fileOf(f)
		shown.URL = "/api/chat/" + key + "/files/" + string(f.ID)
		m.Files = append(m.Files, shown)
	}
	return m
}

func (a *API) readChat(ctx context.Context, r *Request[readChat]) (chatMessages, error) {
	c, err := a.cfg.Desk.Chat(ctx, r.chat, desk.EntryID(r.In.After))
	return chatMessages{listed(c.Messages, func(e desk.Entry) chatMessage { return chatMessageOf(r.In.Key, e) }), c.Open, c.Agent}, err
}

func (a *API) writeChat(ctx context.Context, r *Request[writeChat]) (chatMessageAnswer, error) {
	e, err := a.cfg.Desk.WriteAs(ctx, r.chat, desk.VisitorMessage{
		Op: r.In.Op, Text: r.In.Text, Files: as[desk.FileID](r.In.Files), Name: r.In.Name, Email: r.In.Email, Phone: r.In.Phone,
	})
	return chatMessageAnswer{chatMessageOf(r.In.Key, e)}, err
}

func (a *API) seeChat(ctx context.Context, r *Request[seeChat]) (none, error) {
	return none{}, a.cfg.Desk.SeenBy(ctx, r.chat, desk.EntryID(r.In.Message))
}

func (a *API) uploadChat(ctx context.Context, r *Request[uploadChat]) (fileAnswer, error) {
	f, err := a.cfg.Desk.UploadAs(ctx, r.chat, r.In.Name, r.body)
	out := fileOf(f)
	out.URL = "/api/chat/" + r.In.Key + "/files/" + string(f.ID)
	return fileAnswer{out}, err
}

func (a *API) readChatFile(ctx context.Context, r *Request[readChatFile]) (download, error) {
	f, content, err := a.cfg.Desk.OpenFileAs(ctx, r.chat, desk.FileID(r.In.ID))
	return download{f, content, r.In.Inline == 1}, err
}

// Visitor returns who a socket's first words make the browser at a web chat.
func (a *API) Visitor(r *http.Request, key, secret string) (desk.Visitor, error) {
	return a.cfg.Desk.Visitor(r.Context(), key, secret)
}
