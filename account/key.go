package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-cc/tandem/internal/fault"
)

// CreateKey makes an API key and returns it with its secret, which is shown only
// here. It needs [KeysManage], and every permission among the scopes: nobody
// gives a machine what they may not do themselves. Bad fields are named "name"
// and "scopes".
//
// A key may do what its creator may do, of its scopes: it loses what its creator
// loses, and is refused while its creator is disabled. A key made by the system
// depends on nobody.
func (a *Accounts) CreateKey(ctx context.Context, by Actor, name string, scopes []Permission) (k Key, secret string, err error) {
	const what = "create key"
	if err := by.Need(KeysManage); err != nil {
		return Key{}, "", fmt.Errorf("%s: %w", what, err)
	}
	var c fault.Check
	name = checkName(&c, "name", name)
	known := Permissions()
	c.That(len(scopes) > 0, "scopes", "are missing")
	for _, p := range scopes {
		if !slices.Contains(known, p) {
			c.That(false, "scopes", "have %.40q, which is not a permission", p)
			break
		}
	}
	if err := c.Err(); err != nil {
		return Key{}, "", fmt.Errorf("%s: %w", what, err)
	}
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	for _, p := range scopes {
		if !by.Can(p) {
			return Key{}, "", fmt.Errorf("%s: %w", what, fault.Errorf(ErrDenied, "you cannot give %s: you do not have it yourself", p))
		}
	}
	secret = KeyPrefix + newToken()
	now := a.now()
	k = Key{
		ID: KeyID(a.cfg.NewID()), Account: by.Account, Name: name,
		Hash: HashOf(secret), Hint: secret[len(secret)-4:], Scopes: scopes,
		CreatedAt: now, Version: 1,
	}
	err = a.store.Update(ctx, by.Account, func(tx Tx) (err error) {
		if k.CreatedBy, err = creatorOf(ctx, tx, by); err != nil {
			return err
		}
		return tx.PutKey(ctx, k, KeyCreated{Key: k.ID, Name: name, By: by.User, At: now})
	})
	if err != nil {
		return Key{}, "", fmt.Errorf("%s: %w", what, err)
	}
	return k, secret, nil
}

// creatorOf returns the person on whom a key made by the actor depends: for a
// key made by another key, that key's creator.
func creatorOf(ctx context.Context, tx Tx, by Actor) (UserID, error) {
	if by.Key == "" {
		return by.User, nil
	}
	keys, err := tx.Keys(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == by.Key })
	if i < 0 || !keys[i].RevokedAt.IsZero() {
		return "", ErrNotSignedIn
	}
	return keys[i].CreatedBy, nil
}

// RevokeKey ends a key for good, at once. It needs [KeysManage]. It fails with
// [ErrConflict] if the key is revoked already.
func (a *Accounts) RevokeKey(ctx context.Context, by Actor, id KeyID) (Key, error) {
	const what = "revoke key"
	if err := by.Need(KeysManage); err != nil {
		return Key{}, fmt.Errorf("%s: %w", what, err)
	}
	var next Key
	err := a.store.Update(ctx, by.Account, func(tx Tx) error {
		keys, err := tx.Keys(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id })
		if i < 0 {
			return fault.Errorf(ErrNotFound, "there is no such key")
		}
		var events []Event
		if next, events, err = keys[i].Revoke(by.User, a.now()); err != nil {
			return err
		}
		return tx.PutKey(ctx, next, events...)
	})
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", what, err)
	}
	return next, nil
}

// Keys lists the keys of the actor's account, revoked ones too, by ID. It needs
// [KeysManage].
func (a *Accounts) Keys(ctx context.Context, by Actor) ([]Key, error) {
	const what = "list keys"
	if err := by.Need(KeysManage); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var keys []Key
	err := a.store.View(ctx, by.Account, func(r Reader) (err error) {
		keys, err = r.Keys(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return keys, nil
}

// AuthenticateKey returns the machine that an API key belongs to, with the
// scopes that it has now. It fails with [ErrNotSignedIn] if there is no such
// key, if it is revoked, or if the user who made it is disabled.
func (a *Accounts) AuthenticateKey(ctx context.Context, secret string) (Actor, error) {
	actor, err := a.authenticateKey(ctx, secret)
	if err != nil {
		return Actor{}, fmt.Errorf("authenticate key: %w", err)
	}
	return actor, nil
}

func (a *Accounts) authenticateKey(ctx context.Context, secret string) (Actor, error) {
	bad := refusal{"this API key is not valid"}
	if len(secret) != len(KeyPrefix)+tokenChars || !strings.HasPrefix(secret, KeyPrefix) {
		return Actor{}, bad
	}
	k, err := a.store.KeyByHash(ctx, HashOf(secret))
	if errors.Is(err, ErrNotFound) || err == nil && !k.RevokedAt.IsZero() {
		return Actor{}, bad
	}
	if err != nil {
		return Actor{}, err
	}
	creator := System(k.Account)
	if k.CreatedBy != "" {
		var u User
		err := a.store.View(ctx, k.Account, func(r Reader) (err error) {
			u, err = r.User(ctx, k.CreatedBy)
			return err
		})
		if errors.Is(err, ErrNotFound) || err == nil && u.Disabled() {
			return Actor{}, bad
		}
		if err != nil {
			return Actor{}, err
		}
		creator = u.Actor()
	}
	actor := Actor{Account: k.Account, Key: k.ID, Name: k.Name, Role: RoleMachine}
	for _, p := range Permissions() {
		if slices.Contains(k.Scopes, p) && creator.Can(p) {
			actor.Scopes = append(actor.Scopes, p)
		}
	}
	return actor, nil
}
