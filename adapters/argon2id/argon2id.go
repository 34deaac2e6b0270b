// Package argon2id is account.Passwords on Argon2id (RFC 9106).
//
// Every hash has the same fixed parameters, the first of the OWASP password
// storage recommendations, so that a hash costs the same on every machine and
// takes as long for every user: 19 MiB of memory, 2 passes, 1 lane, about 30 ms.
package argon2id

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"github.com/tandem-cc/tandem/internal/fault"
)

// The parameters of new hashes.
const (
	memory = 19 * 1024 // KiB
	passes = 2
	lanes  = 1
	saltN  = 16 // bytes
	keyN   = 32 // bytes
)

// The greatest parameters of a stored hash that are obeyed. Whoever can write to
// the database shall not have all memory for it.
const (
	maxMemory = 64 * 1024 // KiB
	maxPasses = 10
	maxLanes  = 4
	maxBytes  = 64 // of salt and key
)

// Config bounds the work done at once. The zero value is usable.
type Config struct {
	Concurrent int // hashes computed at the same time, 19 MiB each; 2
	Waiting    int // calls that wait for their turn, at most; 32
}

// Passwords implements account.Passwords. It is safe for concurrent use.
type Passwords struct {
	turn    chan struct{}
	waiting atomic.Int64
	most    int64
}

// New returns passwords with those bounds.
func New(cfg Config) *Passwords {
	if cfg.Concurrent == 0 {
		cfg.Concurrent = 2
	}
	if cfg.Waiting == 0 {
		cfg.Waiting = 32
	}
	return &Passwords{turn: make(chan struct{}, cfg.Concurrent), most: int64(cfg.Waiting)}
}

// Hash returns the password's hash with a new random salt, as a PHC string:
// $argon2id$v=19$m=19456,t=2,p=1$salt$key. It fails with fault.Busy if too many
// calls wait, and with the context's error if that ends while this one waits.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	h := hash{memory: memory, passes: passes, lanes: lanes, salt: make([]byte, saltN)}
	rand.Read(h.salt) // never fails: crypto/rand ends the program instead
	var err error
	h.key, err = p.compute(ctx, h, password, keyN)
	if err != nil {
		return "", err
	}
	return h.String(), nil
}

// Verify reports whether encoded is a hash of the password. For an empty
// encoded it does the same work and says no. It fails as Hash does, and if
// encoded is not an Argon2id hash in PHC form with parameters that this package
// obeys: memory to 64 MiB, 10 passes, 4 lanes.
func (p *Passwords) Verify(ctx context.Context, encoded, password string) (bool, error) {
	h := hash{memory: memory, passes: passes, lanes: lanes, salt: make([]byte, saltN), key: make([]byte, keyN)}
	if encoded != "" {
		var err error
		if h, err = parse(encoded); err != nil {
			return false, fmt.Errorf("read stored password hash: %w", err)
		}
	}
	key, err := p.compute(ctx, h, password, len(h.key))
	if err != nil {
		return false, err
	}
	same := subtle.ConstantTimeCompare(key, h.key) == 1
	return same && encoded != "", nil
}

func (p *Passwords) compute(ctx context.Context, h hash, password string, n int) ([]byte, error) {
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	defer func() { <-p.turn }()
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.lanes, uint32(n)), nil
}

func (p *Passwords) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	default:
	}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > p.most {
		return fault.Errorf(fault.Busy, "too many people are signing in; try again in a moment")
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type hash struct {
	memory, passes uint32
	lanes          uint8
	salt, key      []byte
}

const (
	prefix = "$argon2id$v=19$" // 19 is version 1.3, the only one in use
	format = "m=%d,t=%d,p=%d"
)

func (h hash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return prefix + fmt.Sprintf(format, h.memory, h.passes, h.lanes) + "$" + b64(h.salt) + "$" + b64(h.key)
}

// parse accepts what String writes, and nothing else.
func parse(encoded string) (h hash, err error) {
	errForm := errors.New("not an Argon2id hash in PHC form")
	rest, ok := strings.CutPrefix(encoded, prefix)
	parts := strings.Split(rest, "$")
	if !ok || len(parts) != 3 || len(encoded) > 300 {
		return h, errForm
	}
	if _, err := fmt.Sscanf(parts[0], format, &h.memory, &h.passes, &h.lanes); err != nil {
		return h, errForm
	}
	h.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[1])
	if err == nil {
		h.key, err = base64.RawStdEncoding.Strict().DecodeString(parts[2])
	}
	if err != nil || h.String() != encoded {
		return h, errForm
	}
	switch {
	case h.lanes < 1 || h.lanes > maxLanes,
		h.passes < 1 || h.passes > maxPasses,
		h.memory < 8*uint32(h.lanes) || h.memory > maxMemory, // RFC 9106 §3.1
		len(h.salt) < 8 || len(h.salt) > maxBytes,
		len(h.key) < 16 || len(h.key) > maxBytes:
		return h, errors.New("parameters out of bounds")
	}
	return h, nil
}
