package httpapi_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/internal/idem"
	"github.com/tandem-cc/tandem/vi"
)

const keyHeader = "Idempotency-Key"

func (b *browser) postOnce(key, path string, in any) *reply {
	b.w.t.Helper()
	return b.do("POST", path, in, keyHeader, key)
}

func (w *world) countCalls() int {
	w.t.Helper()
	calls, err := w.calls.List(w.t.Context(), account.System(w.acme.ID), vi.Query{Limit: 200})
	require.NoError(w.t, err)
	return len(calls)
}

func TestRequestSentAgain(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	in := object{"phone": "+6581234567", "reference": "once"}
	first := ann.postOnce("k1", "/api/calls", in).is(201)
	require.Empty(t, first.header.Get("Idempotency-Replayed"))
	again := ann.postOnce("k1", "/api/calls", in).is(201)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, string(first.body), string(again.body))
	require.Equal(t, "application/json", again.header.Get("Content-Type"))
	require.Equal(t, 1, w.texts.count())
	require.Equal(t, 1, w.countCalls())

	other := object{"phone": "+6581234567", "reference": "other"}
	ann.postOnce("k1", "/api/calls", other).fails(422, "invalid", keyHeader)
	ann.postOnce("k1", "/api/users", in).fails(422, "invalid", keyHeader)
	ann.postOnce("k2", "/api/calls", in).fails(409, "conflict", "reference")
	ann.postOnce("k2", "/api/calls", other).is(201) // what failed did not use the key up
	w.as("bob").postOnce("k1", "/api/calls", object{"phone": "+6581234567", "reference": "bobs"}).is(201)
	require.Equal(t, 3, w.countCalls())

	adam := w.as("adam")
	user := object{"email": "n@acme.example", "name": "N", "role": "agent", "password": password}
	require.Equal(t, string(adam.postOnce("u", "/api/users", user).is(201).body), string(adam.postOnce("u", "/api/users", user).is(201).body))
	key := object{"name": "n", "scopes": []string{"users.see"}}
	require.Equal(t, string(adam.postOnce("k", "/api/keys", key).is(201).body), string(adam.postOnce("k", "/api/keys", key).is(201).body))
}

func TestIdempotencyKeysThatAreNone(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	in := object{"phone": "+6581234567", "reference": "once"}
	for _, key := range []string{"", " ", "a b", "é", strings.Repeat("x", 101), "a\tb"} {
		ann.postOnce(key, "/api/calls", in).fails(422, "invalid", keyHeader)
	}
	r := ann.request("POST", "/api/calls", in)
	r.Header[keyHeader] = []string{"a", "b"}
	ann.send(r).fails(422, "invalid", keyHeader)
	require.Zero(t, w.countCalls())
	ann.postOnce(strings.Repeat("x", 100), "/api/calls", in).is(201)

	without := build(t, func(c *httpapi.Config) { c.Answers = nil })
	without.as("ann").postOnce("a", "/api/calls", in).fails(422, "invalid", keyHeader)
	require.Zero(t, without.countCalls())
}

func TestRequestThatIsStillRunning(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	in := object{"phone": "+6581234567", "reference": "once"}
	w.texts.block, w.texts.begun = make(chan struct{}), make(chan struct{})
	first := make(chan *reply)
	go func() { first <- ann.postOnce("k", "/api/calls", in) }()
	<-w.texts.begun
	p := ann.postOnce("k", "/api/calls", in).fails(409, "conflict")
	require.Equal(t, 1, p.RetryAfter)
	close(w.texts.block)
	done := <-first
	done.is(201)
	require.Equal(t, string(done.body), string(ann.postOnce("k", "/api/calls", in).is(201).body))
}

func TestManyAtOnce(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	in := object{"phone": "+6581234567", "reference": "once"}
	var made, replayed, running atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		b := w.browser()
		for k, v := range ann.cookies {
			b.cookies[k] = v
		}
		all.Go(func() {
			r := b.postOnce("k", "/api/calls", in)
			switch {
			case r.status == 201 && r.header.Get("Idempotency-Replayed") == "":
				made.Add(1)
			case r.status == 201:
				replayed.Add(1)
			case r.status == 409:
				running.Add(1)
			default:
				t.Errorf("%d: %s", r.status, r.body)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, made.Load())
	require.EqualValues(t, 49, replayed.Load()+running.Load())
	require.Equal(t, 1, w.countCalls())
	require.Equal(t, 1, w.texts.count())
}

// forgetful is Answers that fails to remember, or has not heard of the first
// key it is asked about: another server is just recording it.
type forgetful struct {
	httpapi.Answers
	failing bool
	late    atomic.Bool
}

func (f *forgetful) Remember(ctx context.Context, scope, id string, status int, body []byte) error {
	if f.failing {
		return errLost
	}
	return f.Answers.Remember(ctx, scope, id, status, body)
}

func (f *forgetful) Remembered(ctx context.Context, scope, id string) (idem.Answer, bool, error) {
	if f.late.Swap(false) {
		return idem.Answer{}, false, nil
	}
	return f.Answers.Remembered(ctx, scope, id)
}

func TestAnswerThatIsLost(t *testing.T) {
	w := build(t, func(c *httpapi.Config) { c.Answers = &forgetful{Answers: c.Answers, failing: true} })
	ann := w.as("ann")
	in := object{"phone": "+6581234567", "reference": "once"}
	ann.postOnce("k", "/api/calls", in).is(201)
	require.Contains(t, w.log.String(), "the answer is lost")
	p := ann.postOnce("k", "/api/calls", in).fails(409, "conflict")
	require.Equal(t, "This request has been carried out, but its answer cannot be given again: look for the call by its reference with GET /api/calls?q=.", p.Detail)
	require.Equal(t, 1, w.countCalls())
}

func TestAnotherServerWasFaster(t *testing.T) {
	var answers *forgetful
	w := build(t, func(c *httpapi.Config) {
		answers = &forgetful{Answers: c.Answers}
		c.Answers = answers
	})
	ann := w.as("ann")
	in := object{"phone": "+6581234567", "reference": "once"}
	first := ann.postOnce("k", "/api/calls", in).is(201)
	answers.late.Store(true) // so that the command runs, and the store refuses it
	again := ann.postOnce("k", "/api/calls", in).is(201)
	require.Equal(t, string(first.body), string(again.body))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, 1, w.texts.count())
}

// What is shown only once is not to be read in the database, and not by another
// session either.
func TestRememberedAnswersAreSealed(t *testing.T) {
	w := build(t)
	adam := w.as("adam")
	in := object{"name": "CRM", "scopes": []string{"users.see"}}
	var made struct {
		Key    map[string]any
		Secret string
	}
	adam.postOnce("key-of-the-client", "/api/keys", in).is(201).into(&made)
	var call callReply
	adam.postOnce("key-of-the-call", "/api/calls", object{"phone": "+6581234567", "reference": "sealed"}).is(201).into(&call)

	elsewhere := w.as("adam")
	elsewhere.postOnce("key-of-the-client", "/api/keys", in).fails(409, "conflict")
	adam.postOnce("key-of-the-client", "/api/keys", in).is(201)

	token := call.Link[strings.LastIndex(call.Link, "/")+1:]
	files, err := filepath.Glob(w.folder + "/*")
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, secret := range []string{made.Secret, token, "key-of-the-client", adam.cookies["__Host-tandem"]} {
			require.NotContains(t, string(data), secret, file)
		}
		found += strings.Count(string(data), "sealed") // the reference of the call: we look at the right files
	}
	require.NotZero(t, found, fmt.Sprint(files))
}
