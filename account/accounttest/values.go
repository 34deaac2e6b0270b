package accounttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

// Everything put reads back as it was, times in UTC to the microsecond.
func values(t *testing.T, open Open) {
	ctx := t.Context()

	t.Run("account", func(t *testing.T) {
		f := seeded(t, open)
		get := func(r account.Reader) (account.Account, error) { return r.Account(ctx) }
		require.Equal(t, org("a"), read(f, "a", get))

		next := org("a")
		next.Name, next.Zone, next.Region, next.Version = "Other", "UTC", "DE", 2
		f.update("a", func(tx account.Tx) error { return tx.PutAccount(ctx, next) })
		require.Equal(t, next, read(f, "a", get))
		require.Equal(t, org("b"), read(f, "b", get))
	})
	t.Run("sub-accounts by name", func(t *testing.T) { subAccounts(t, open) })
	t.Run("user", func(t *testing.T) { userValue(t, open) })
	t.Run("key", func(t *testing.T) { keyValue(t, open) })
	t.Run("session", func(t *testing.T) {
		f := seeded(t, open)
		want := session("a", "u1", "t1")
		f.update("a", func(tx account.Tx) error { return tx.PutSession(ctx, want) })
		got, u, err := f.SessionByHash(ctx, want.Hash)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, user("a", "u1"), u)
		f.update("a", func(tx account.Tx) error {
			got, err := tx.Session(ctx, want.Hash)
			require.NoError(t, err)
			require.Equal(t, want, got)
			return nil
		})
	})
	t.Run("reset", func(t *testing.T) {
		f := seeded(t, open)
		for _, used := range []time.Time{{}, noon.Add(time.Microsecond)} {
			want := reset("a", "u1", "t1")
			want.UsedAt = used
			f.update("a", func(tx account.Tx) error { return tx.PutReset(ctx, want) })
			got, err := f.ResetByHash(ctx, want.Hash)
			require.NoError(t, err)
			require.Equal(t, want, got)
			f.update("a", func(tx account.Tx) error {
				got, err := tx.Reset(ctx, want.Hash)
				require.NoError(t, err)
				require.Equal(t, want, got)
				return nil
			})
		}
	})
}

func subAccounts(t *testing.T, open Open) {
	ctx, f := t.Context(), seeded(t, open)
	f.update("a", func(tx account.Tx) error {
		for _, s := range []account.SubAccount{{ID: "s1", Name: "West"}, {ID: "s2", Name: "East"}, {ID: "s3", Name: "South"}} {
			if err := tx.PutSubAccount(ctx, s); err != nil {
				return err
			}
		}
		return tx.PutSubAccount(ctx, account.SubAccount{ID: "s3", Name: "North"})
	})
	get := func(r account.Reader) ([]account.SubAccount, error) { return r.SubAccounts(ctx) }
	require.Equal(t, []account.SubAccount{{ID: "s2", Name: "East"}, {ID: "s3", Name: "North"}, {ID: "s1", Name: "West"}},
		read(f, "a", get))
	require.Empty(t, read(f, "b", get))
}

func userValue(t *testing.T, open Open) {
	f := seeded(t, open)
	f.update("a", func(tx account.Tx) error {
		if err := tx.PutSubAccount(t.Context(), account.SubAccount{ID: "s1", Name: "East"}); err != nil {
			return err
		}
		return tx.PutSubAccount(t.Context(), account.SubAccount{ID: "s2", Name: "West"})
	})
	bare := user("a", "u2")
	full := bare
	full.Email, full.Name, full.Role, full.Version = "o'neil+x@a.example", "Bo O’Neil", account.RoleAgent, 2
	full.Subs = []account.SubID{"s2", "s1"}
	full.Password = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"
	full.DisabledAt = noon.Add(time.Hour)
	full.SeenAt = time.Date(2031, 12, 31, 23, 59, 59, 999999000, time.UTC)
	bareAgain := bare
	bareAgain.Version = 3

	for _, want := range []account.User{bare, full, bareAgain} {
		require.NoError(t, f.put("a", want))
		byEmail, err := f.UserByEmail(t.Context(), want.Email)
		require.NoError(t, err)
		listed := read(f, "a", func(r account.Reader) ([]account.User, error) { return r.Users(t.Context(), "u1", 10) })
		require.Len(t, listed, 1)
		for _, got := range []account.User{f.user("a", "u2"), byEmail, listed[0]} {
			require.ElementsMatch(t, want.Subs, got.Subs)
			got.Subs = want.Subs
			require.Equal(t, want, got)
		}
	}
	_, err := f.UserByEmail(t.Context(), full.Email)
	require.ErrorIs(t, err, account.ErrNotFound, "the user has another address by now")
}

func keyValue(t *testing.T, open Open) {
	f := seeded(t, open)
	bare := key("a", "k1")
	full := bare
	full.Name, full.Version, full.RevokedAt = "Warehouse", 2, noon.Add(time.Hour)
	none := key("a", "k2")
	none.Scopes, none.CreatedBy = nil, ""

	for _, want := range []account.Key{bare, full, none} {
		f.update("a", func(tx account.Tx) error { return tx.PutKey(t.Context(), want) })
		byHash, err := f.KeyByHash(t.Context(), want.Hash)
		require.NoError(t, err)
		listed := read(f, "a", func(r account.Reader) ([]account.Key, error) { return r.Keys(t.Context()) })
		for _, got := range []account.Key{byHash, listed[len(listed)-1]} {
			require.ElementsMatch(t, want.Scopes, got.Scopes)
			got.Scopes = want.Scopes
			require.Equal(t, want, got)
		}
	}
}

// Text of any script reads back as it was. What the database cannot keep, such
// as NUL or broken UTF-8, is refused or kept, never silently changed.
func oddText(t *testing.T, open Open) {
	for _, name := range []string{
		"Zoë Nguyễn", "李小龍", "محمد \u202bعلي\u202c", "👩🏽‍🚒 fire", "e\u0301 not é", "ไทย", "\ufeffbom", "\U0010ffff",
		`O'Brien "x" \ %s %[1]d ? ?0 $1 :a @b {} -- ; /* */`, "line\nbreak\ttab", " spaces ", "", "null", "<b>&amp;</b>",
	} {
		t.Run(fmt.Sprintf("%+q", name), func(t *testing.T) {
			f := seeded(t, open)
			u := user("a", "u2")
			u.Name = name
			require.NoError(t, f.put("a", u))
			require.Equal(t, u, f.user("a", "u2"))
		})
	}
	for _, name := range []string{"a\x00b", "\x00", "bad \xff utf", "\xed\xa0\x80"} {
		t.Run(fmt.Sprintf("%+q", name), func(t *testing.T) {
			f := seeded(t, open)
			u := user("a", "u2")
			u.Name = name
			if err := f.put("a", u, account.UserCreated{User: "u2", At: noon}); err == nil {
				require.Equal(t, u, f.user("a", "u2"))
				return
			}
			require.Empty(t, f.events())
			_, err := f.UserByEmail(t.Context(), u.Email)
			require.ErrorIs(t, err, account.ErrNotFound)
			require.NoError(t, f.put("a", user("a", "u2")), "the store goes on working")
		})
	}
}

// Lists are complete, in order, and pages of them fit together.
func listing(t *testing.T, open Open) {
	ctx := t.Context()
	f := seeded(t, open)
	want := []account.UserID{"u1"}
	for i := 10; i < 34; i++ {
		want = append(want, account.UserID(fmt.Sprintf("u2-%d", i)))
	}
	for i := range want[1:] { // put in another order than they are listed in
		u := user("a", want[1+(i*7)%(len(want)-1)])
		require.NoError(t, f.put("a", u))
	}
	page := func(acct account.ID, after account.UserID, limit int) (ids []account.UserID) {
		for _, u := range read(f, acct, func(r account.Reader) ([]account.User, error) { return r.Users(ctx, after, limit) }) {
			ids = append(ids, u.ID)
		}
		return ids
	}
	t.Run("users", func(t *testing.T) {
		require.Equal(t, want, page("a", "", 100))
		require.Equal(t, []account.UserID{"u1"}, page("b", "", 100))
		var all []account.UserID
		for after := account.UserID(""); ; {
			ids := page("a", after, 10)
			all = append(all, ids...)
			if len(ids) < 10 {
				break
			}
			after = ids[9]
		}
		require.Equal(t, want, all)
		require.Empty(t, page("a", want[len(want)-1], 10))
		require.Equal(t, want[1:3], page("a", "u1-not-there", 2), "after need not exist")
	})
	t.Run("keys", func(t *testing.T) {
		f.update("a", func(tx account.Tx) error {
			for _, id := range []account.KeyID{"k2", "k3", "k1"} {
				if err := tx.PutKey(ctx, key("a", id)); err != nil {
					return err
				}
			}
			return nil
		})
		var ids []account.KeyID
		for _, k := range read(f, "a", func(r account.Reader) ([]account.Key, error) { return r.Keys(ctx) }) {
			ids = append(ids, k.ID)
		}
		require.Equal(t, []account.KeyID{"k1", "k2", "k3"}, ids)
		require.Empty(t, read(f, "b", func(r account.Reader) ([]account.Key, error) { return r.Keys(ctx) }))
	})
	t.Run("accounts", func(t *testing.T) { accounts(t, f) })
}

func accounts(t *testing.T, f fixture) {
	ctx := t.Context()
	f.update("c", func(tx account.Tx) error { return tx.PutAccount(ctx, org("c")) })
	for _, tc := range []struct {
		after account.ID
		limit int
		want  []account.ID
	}{{"", 10, []account.ID{"a", "b", "c"}}, {"", 2, []account.ID{"a", "b"}}, {"b", 2, []account.ID{"c"}}, {"c", 2, nil}} {
		got, err := f.Accounts(ctx, tc.after, tc.limit)
		require.NoError(t, err)
		require.Equal(t, tc.want, append([]account.ID(nil), got...))
	}
}
