// Package idem is how a request says that it must take effect once, however
// often it is sent: an idempotency key carried by the context from the edge,
// where it was read, to the store, which keeps it in the transaction that does
// the request's work.
//
// A store that gets a context with a key records the key in the first
// transaction that it commits for the request. When the request is sent again
// the record is there already, so the transaction fails with [ErrSeen] before
// any of its work is done, and the edge gives the answer that it remembered.
package idem

import (
	"context"
	"errors"
	"sync"
)

// ErrSeen is what a store's Update fails with when the key of its context was
// recorded before: the request has taken effect, or is just doing so.
var ErrSeen = errors.New("this request was received before")

// A Key is what makes one request the same as another. It belongs to one
// request and is not reused.
type Key struct {
	Scope   string   // within which ID is unique, such as the account and user
	ID      string   // as the client chose it
	Request [32]byte // SHA-256 of what was asked, to tell a repeated request from another one with the same ID

	mu   sync.Mutex
	used bool
}

type contextKey struct{}

// With returns a context that carries the key.
func With(ctx context.Context, k *Key) context.Context {
	return context.WithValue(ctx, contextKey{}, k)
}

// Unused returns the key that ctx carries, or nil if it carries none or the key
// was already recorded for this request.
func Unused(ctx context.Context) *Key {
	k, _ := ctx.Value(contextKey{}).(*Key)
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.used {
		return nil
	}
	return k
}

// Use says that a transaction which recorded the key has been committed.
func (k *Key) Use() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.used = true
}

// An Answer is what a store remembers of a request.
type Answer struct {
	Request [32]byte // of the key
	Status  int      // HTTP status code; 0 until Done
	Body    []byte
	Done    bool // false while the request is at work, and for good if the server died during it
}
