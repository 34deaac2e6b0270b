package httpapi

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/idem"
)

// Answers remembers the answers to requests that were carried out under an
// idempotency key. The store of the commands is one: it records the key in the
// transaction that does the work.
type Answers interface {
	// Remembered returns what is known of a key, and whether anything is.
	Remembered(ctx context.Context, scope, id string) (idem.Answer, bool, error)
	// Remember keeps the answer under a key that has been recorded.
	Remember(ctx context.Context, scope, id string, status int, body []byte) error
}

const (
	idempotencyKey = "Idempotency-Key"
	replayed       = "Idempotency-Replayed"
)

// inFlight is the keys of requests that are being carried out here.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (f *inFlight) begin(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[key] {
		return false
	}
	if f.keys == nil {
		f.keys = map[string]bool{}
	}
	f.keys[key] = true
	return true
}

func (f *inFlight) end(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.keys, key)
}

// idempotencyKey returns the key that the request carries, if its route takes
// one.
func (x *exchange) idempotencyKey() (key string, ok bool, err error) {
	values := x.r.Header.Values(idempotencyKey)
	if !x.route.creates || len(values) == 0 {
		return "", false, nil
	}
	key = values[0]
	var check fault.Check
	visible := strings.IndexFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
	check.That(len(values) == 1, idempotencyKey, "is given twice")
	check.That(len(key) >= 1 && len(key) <= 100 && visible, idempotencyKey, "is not 1 to 100 visible ASCII characters")
	check.That(x.api.cfg.Answers != nil, idempotencyKey, "cannot be honoured here")
	return key, true, check.Err()
}

// once carries the request out unless that was done before, under the same key
// of the same actor; then it gives the answer of then.
func (x *exchange) once(ctx context.Context, key string, body []byte) error {
	k := x.keyOf(key, body)
	if !x.api.running.begin(k.Scope + k.ID) {
		r := refuse(http.StatusConflict, fault.Conflict, "this request is still being carried out")
		r.retry = 1
		return r
	}
	defer x.api.running.end(k.Scope + k.ID)
	if old, found, err := x.api.cfg.Answers.Remembered(ctx, k.Scope, k.ID); err != nil || found {
		return x.replay(key, k, old, err)
	}
	ctx = idem.With(ctx, k)
	ans, err := x.work(ctx, body)
	if errors.Is(err, idem.ErrSeen) { // another server was faster
		old, _, err := x.api.cfg.Answers.Remembered(ctx, k.Scope, k.ID)
		return x.replay(key, k, old, err)
	}
	if err != nil {
		return err
	}
	if idem.Unused(ctx) == nil { // something was committed
		if err := x.api.cfg.Answers.Remember(ctx, k.Scope, k.ID, ans.status, x.seal(key, ans.body)); err != nil {
			x.api.cfg.Log.Error("remember an answer", "request", x.rec.id, "err", err)
		}
	}
	x.send(ans)
	return nil
}

// replay gives the answer of before.
func (x *exchange) replay(key string, k *idem.Key, old idem.Answer, err error) error {
	if err != nil {
		return fmt.Errorf("look for the answer to %s: %w", idempotencyKey, err)
	}
	if !hmac.Equal(old.Request[:], k.Request[:]) {
		return fault.Fields{{Name: idempotencyKey, Problem: "was used for another request"}}
	}
	body, err := x.open(key, old.Body)
	if !old.Done || err != nil {
		return refuse(http.StatusConflict, fault.Conflict, "this request has been carried out, but its answer cannot be given again: "+x.route.find)
	}
	x.w.Header().Set(replayed, "true")
	x.send(answer{status: old.Status, body: body})
	return nil
}

// keyOf returns the key as the store keeps it: of the client's own words
// only hashes, since a request may hold a password, and whoever reads the
// database could try passwords against a plain hash of it.
func (x *exchange) keyOf(key string, body []byte) *idem.Key {
	k := &idem.Key{Scope: actorKey(x.by)}
	id := sha256.Sum256([]byte("id\x00" + k.Scope + "\x00" + key))
	k.ID = hex.EncodeToString(id[:])
	mac := hmac.New(sha256.New, []byte("request\x00"+k.Scope+"\x00"+key))
	fmt.Fprintf(mac, "%s\x00%s\x00%s\x00", x.r.Method, x.r.URL.Path, x.r.URL.RawQuery)
	mac.Write(body)
	copy(k.Request[:], mac.Sum(nil))
	return k
}

// seal encrypts an answer that is remembered. It may hold what is shown only
// once and never stored, such as an API key or the link to a call; whoever made
// the request can open it, by the secret that they sign in with, and nobody
// else.
func (x *exchange) seal(key string, body []byte) []byte {
	return x.cipher(key).Seal(nil, nil, body, []byte(x.route.path))
}

func (x *exchange) open(key string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	return x.cipher(key).Open(nil, nil, sealed, []byte(x.route.path))
}

func (x *exchange) cipher(key string) cipher.AEAD {
	secret, err := hkdf.Key(sha256.New, []byte(x.secret+"\x00"+key), nil, "tandem remembered answer", 32)
	if err != nil {
		panic(err) // only for a length that HKDF has not
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(err) // only for a length that AES has not
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}
