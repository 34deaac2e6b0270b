package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

const (
	bodyTime = 30 * time.Second // for a caller to send the body
	workTime = 45 * time.Second // for a command
)

// An answer is what is sent when all went well.
type answer struct {
	status int
	body   []byte
	file   *download // instead of a body
}

// carryOut does what every route does: it turns away what comes from another
// site, too often, or from nobody; reads the body; and lets the operation work.
func (a *API) carryOut(x *exchange) error {
	if x.route.unsafe() {
		if err := a.origins.Check(x.r); err != nil {
			return refuse(http.StatusForbidden, account.ErrDenied, "this request comes from another site")
		}
	}
	if err := a.admit(x); err != nil {
		return err
	}
	body, err := x.read()
	if err != nil {
		return err
	}
	ctx, cancel := x.context()
	defer cancel()
	if key, ok, err := x.idempotencyKey(); err != nil {
		return err
	} else if ok {
		return x.once(ctx, key, body)
	}
	out, err := x.work(ctx, body)
	if err != nil {
		return err
	}
	if out.file != nil {
		return out.file.send(x)
	}
	x.send(out)
	return nil
}

// context returns the context for a command. What has been asked for is carried
// out even if the caller leaves meanwhile, so that a retry finds the answer and
// nothing is left half done; a reading stops with its reader.
func (x *exchange) context() (context.Context, context.CancelFunc) {
	ctx := x.r.Context()
	if x.route.unsafe() {
		ctx = context.WithoutCancel(ctx)
	}
	return context.WithTimeout(ctx, workTime)
}

func (x *exchange) work(ctx context.Context, body []byte) (answer, error) {
	out, err := x.route.op.call(ctx, x, body)
	if err != nil {
		return answer{}, err
	}
	ans := answer{status: x.route.status}
	if _, empty := out.(none); empty {
		return ans, nil
	}
	if file, ok := out.(download); ok {
		ans.file = &file
		return ans, nil
	}
	if raw, ok := out.(json.RawMessage); ok {
		ans.body = raw
		return ans, nil
	}
	if ans.body, err = json.Marshal(out); err != nil {
		return answer{}, fmt.Errorf("encode answer: %w", err)
	}
	return ans, nil
}

func (x *exchange) send(ans answer) {
	if ans.body != nil {
		x.w.Header().Set("Content-Type", "application/json")
	}
	x.w.WriteHeader(ans.status)
	_, _ = x.w.Write(ans.body) // the caller has gone, if it fails
}

// read returns the body. It looks at nothing of it but its length.
func (x *exchange) read() ([]byte, error) {
	if !x.route.unsafe() || x.r.Body == nil || x.r.Body == http.NoBody {
		return nil, nil
	}
	most := x.route.most()
	tooLarge := refuse(http.StatusRequestEntityTooLarge, fault.Invalid, fmt.Sprintf("the body is larger than %d bytes", most))
	if x.r.ContentLength > most {
		return nil, tooLarge
	}
	control := http.NewResponseController(x.w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // what cannot do it is no network connection
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, most))
	_ = control.SetReadDeadline(time.Time{})
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, fault.Invalid, "the body did not arrive whole")
	}
	if len(body) > 0 && !x.route.raw {
		if kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return nil, refuse(http.StatusUnsupportedMediaType, fault.Invalid, "the Content-Type must be application/json")
		}
	}
	return body, nil
}

// cookie sets a cookie that only requests to us carry, and no script can read.
func (x *exchange) cookie(name, value string, life time.Duration) {
	c := &http.Cookie{
		Name: x.api.cookieName(name), Value: value, Path: "/", Secure: x.api.https, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(life.Seconds()),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(x.w, c)
}

// cookieName returns the name under which browsers keep a cookie. The prefix
// makes them refuse one that was set without HTTPS or by a neighbouring host
// (RFC 6265bis §4.1.3.2).
func (a *API) cookieName(name string) string {
	if a.https {
		return "__Host-" + name
	}
	return name
}
