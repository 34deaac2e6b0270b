package httpapi

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

// uploadMax is how large a file may be at most, in bytes; what it may be is the
// desk's to say.
const uploadMax = 17 << 20

// Requests and answers about files.
type (
	uploadFile struct {
		Name string `json:"-" query:"name" doc:"Name of the file."`
	}
	fileAnswer struct {
		File file `json:"file" doc:"The file, to be sent with a message."`
	}
	readFile struct {
		ID     string `json:"-" path:"id" doc:"ID of the file."`
		Inline int    `json:"-" query:"inline" doc:"1 to show an image in a page."`
	}
)

func (a *API) fileRoutes() []route {
	return []route{
		{
			method: "POST", path: "/api/desk/files", access: signedIn, need: account.DeskWork, status: 201, raw: true, body: uploadMax,
			summary: "Upload a file", detail: "The body is the file. What it is is found from its content.", op: handle(a.uploadFile),
		},
		{
			method: "GET", path: "/api/desk/files/{id}", access: signedIn, need: account.DeskWork, status: 200,
			summary: "Read a file", detail: "Of a conversation that the caller may see.", op: handle(a.readFile),
		},
	}
}

func (a *API) uploadFile(ctx context.Context, r *Request[uploadFile]) (fileAnswer, error) {
	f, err := a.cfg.Desk.Upload(ctx, r.By, r.In.Name, r.body)
	return fileAnswer{fileOf(f)}, err
}

func (a *API) readFile(ctx context.Context, r *Request[readFile]) (download, error) {
	f, content, err := a.cfg.Desk.OpenFile(ctx, r.By, desk.FileID(r.In.ID))
	return download{f, content, r.In.Inline == 1}, err
}

// A download is an answer that is a file.
type download struct {
	file    desk.StoredFile
	content io.ReadSeekCloser
	inline  bool
}

// send sends the file so that no browser takes it for a page of ours: with its
// type and no guessing, in a sandbox, and, unless it is an image, to be saved.
func (d *download) send(x *exchange) error {
	defer d.content.Close()
	h := x.w.Header()
	h.Set("Content-Type", d.file.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	disposition := "attachment"
	if d.inline && strings.HasPrefix(d.file.Type, "image/") {
		disposition = "inline"
	}
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": d.file.Name}))
	http.ServeContent(x.w, x.r, "", d.file.At, d.content)
	return nil
}
