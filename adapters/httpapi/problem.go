package httpapi

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
)

// A problem is an answer that says what went wrong (RFC 9457).
type problem struct {
	Type       string         `json:"type" doc:"Always about:blank: the kind says what it is."`
	Title      string         `json:"title" doc:"The status in words."`
	Status     int            `json:"status" doc:"The HTTP status."`
	Detail     string         `json:"detail" doc:"A sentence for a person."`
	Kind       string         `json:"kind" doc:"What the caller can do about it." enum:"invalid,denied,not_found,conflict,busy,gone,internal,unauthenticated"`
	Fields     []problemField `json:"fields,omitempty" doc:"Every field that is wrong."`
	RetryAfter int            `json:"retry_after,omitempty" doc:"Seconds after which to try again."`
	Instance   string         `json:"instance,omitempty" doc:"Names this request in the server's log."`
}

// A problemField is what is wrong with one field of a request.
type problemField struct {
	Name    string `json:"name" doc:"The field, as the request spells it."`
	Problem string `json:"problem" doc:"A phrase that follows the name, such as: is too short."`
}

const (
	kindInternal        = "internal"
	kindUnauthenticated = "unauthenticated"
)

// statuses is how kinds of failure become status codes.
var statuses = map[fault.Kind]int{
	fault.Invalid:  http.StatusUnprocessableEntity,
	fault.Denied:   http.StatusForbidden,
	fault.NotFound: http.StatusNotFound,
	fault.Conflict: http.StatusConflict,
	fault.Gone:     http.StatusGone,
	fault.Busy:     http.StatusTooManyRequests,
}

// A refusal is a failure that has a status code of its own: it comes from HTTP
// and not from what the request asked for.
type refusal struct {
	status int
	kind   string
	detail string
	retry  int // seconds after which to try again; 0 if that is no use
}

func (r *refusal) Error() string { return r.detail }

func refuse(status int, kind fault.Kind, detail string) *refusal {
	return &refusal{status: status, kind: kindName(kind), detail: detail}
}

// A conflict names the fields that clash with something that exists.
type conflict struct {
	err    error
	fields fault.Fields
}

func (c *conflict) Error() string { return sentence(c.err) }
func (c *conflict) Unwrap() error { return c.err }

// clash says that err, if it is a conflict, is about one field of the request.
func clash(err error, field, problem string) error {
	if !errors.Is(err, fault.Conflict) {
		return err
	}
	return &conflict{err, fault.Fields{{Name: field, Problem: problem}}}
}

// rename says of a field of err what the request calls it.
func rename(err error, field, as string) error {
	f, ok := errors.AsType[fault.Fields](err)
	if !ok {
		return err
	}
	f = slices.Clone(f)
	for i := range f {
		if f[i].Name == field {
			f[i].Name = as
		}
	}
	return f
}

func fieldsOf(err error) fault.Fields {
	if c, ok := errors.AsType[*conflict](err); ok {
		return c.fields
	}
	f, _ := errors.AsType[fault.Fields](err)
	return f
}

func kindName(k fault.Kind) string { return strings.ReplaceAll(string(k), " ", "_") }

// problemOf says what err is to the caller, and whether it is a fault of ours
// that belongs in the log.
func problemOf(err error, id string) (p problem, ours bool) {
	p = problem{Type: "about:blank", Detail: sentence(err)}
	if r, ok := errors.AsType[*refusal](err); ok {
		p.Status, p.Kind, p.RetryAfter = r.status, r.kind, r.retry
	} else if errors.Is(err, account.ErrNotSignedIn) {
		p.Status, p.Kind = http.StatusUnauthorized, kindUnauthenticated
	} else if status, ok := statuses[fault.KindOf(err)]; ok {
		p.Status, p.Kind = status, kindName(fault.KindOf(err))
	} else {
		p.Status, p.Kind, p.Detail = http.StatusInternalServerError, kindInternal, "Internal error."
		ours = true
	}
	for _, f := range fieldsOf(err) {
		p.Fields = append(p.Fields, problemField(f))
	}
	if l, ok := errors.AsType[rate.Limited](err); ok {
		p.RetryAfter = int(math.Ceil(max(1, l.RetryAfter.Seconds())))
	} else if p.Status == http.StatusTooManyRequests {
		p.RetryAfter = 1
	}
	p.Title = http.StatusText(p.Status)
	if ours {
		p.Instance = "urn:uuid:" + id
	}
	return p, ours
}

// sentence returns what err says to a person: without what each layer on the
// way has tried ("start call: …"), which is for the log.
func sentence(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil || !strings.HasSuffix(err.Error(), ": "+inner.Error()) {
			break
		}
		err = inner
	}
	s := err.Error()
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if s != "" && !strings.ContainsAny(s[len(s)-1:], ".?!") {
		s += "."
	}
	return s
}

// write sends the problem.
func (p problem) write(w http.ResponseWriter) {
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tandem"`)
	}
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller has gone, if it fails
}
