package desktest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

func storeContacts(t *testing.T, start func(*testing.T) *shelf) {
	filled(t, "Contact", reflect.ValueOf(fullContact()))
	contact := func(s *shelf, acct account.ID, id desk.ContactID) (desk.Contact, error) {
		return read(s, acct, func(r desk.Reader) (desk.Contact, error) { return r.Contact(s.ctx, id) })
	}
	t.Run("a full contact, emptied and filled again", func(t *testing.T) {
		s := start(t)
		full := fullContact()
		for n, c := range []desk.Contact{full, {ID: "p1", CreatedAt: at(0)}, full} {
			c.Version = n + 1
			s.putContact("a", c)
			got, err := contact(s, "a", "p1")
			require.NoError(t, err)
			require.Equal(t, c, got)
			byID := must(s, "a", func(r desk.Reader) (map[desk.ContactID]desk.Contact, error) {
				return r.ContactsByID(s.ctx, []desk.ContactID{"p1", "p2"})
			})
			require.Equal(t, map[desk.ContactID]desk.Contact{"p1": c}, byID)
		}
	})
	t.Run("empty is nil", func(t *testing.T) {
		s := start(t)
		c := newContact("p1", "Bo")
		want := c
		c.Identities, c.Attributes = []desk.Identity{}, map[string]string{}
		s.putContact("a", c)
		got, err := contact(s, "a", "p1")
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("by identity, which may move on", func(t *testing.T) {
		s := start(t)
		by := func(acct account.ID, line desk.LineID, value string) (desk.Contact, error) {
			return read(s, acct, func(r desk.Reader) (desk.Contact, error) {
				return r.ContactByIdentity(s.ctx, desk.Identity{Line: line, Value: value})
			})
		}
		one, two := newContact("p1", "One"), newContact("p2", "Two")
		one.Identities = fullContact().Identities
		s.putContact("a", one, two)
		got, err := by("a", "wa", "6581234567")
		require.NoError(t, err)
		require.Equal(t, one, got)
		for _, miss := range [][3]string{{"a", "web", "6581234567"}, {"a", "wa", "7"}, {"b", "wa", "6581234567"}, {"a", "", ""}} {
			_, err := by(account.ID(miss[0]), desk.LineID(miss[1]), miss[2])
			require.ErrorIs(t, err, desk.ErrNotFound)
		}
		two.Version, two.Identities = 2, one.Identities[1:]
		require.ErrorIs(t, s.tryContact("a", two), desk.ErrConflict, "it is another's")
		one.Version, one.Identities = 2, one.Identities[:1]
		s.update("a", func(tx desk.Tx) error { return errors.Join(tx.PutContact(s.ctx, one), tx.PutContact(s.ctx, two)) })
		got, err = by("a", "wa", "6581234567")
		require.NoError(t, err)
		require.Equal(t, two, got)
	})
	t.Run("by phone or e-mail", func(t *testing.T) {
		s := start(t)
		one, two, three := newContact("p1", "One"), newContact("p2", "Two"), newContact("p3", "Three")
		one.Phone, two.Phone, two.Email, three.Email = "+651", "+652", "two@x.example", "three@x.example"
		s.putContact("a", one, two, three, newContact("p4", "Neither"))
		for _, tc := range []struct {
			phone, email string
			want         []desk.Contact
		}{
			{"+651", "", []desk.Contact{one}}, {"", "two@x.example", []desk.Contact{two}}, {"+651", "three@x.example", []desk.Contact{one, three}},
			{"+652", "two@x.example", []desk.Contact{two}}, {"+659", "", nil}, {"", "", nil},
		} {
			got := must(s, "a", func(r desk.Reader) ([]desk.Contact, error) { return r.ContactBy(s.ctx, tc.phone, tc.email) })
			require.ElementsMatch(t, tc.want, got)
		}
		require.Empty(t, must(s, "b", func(r desk.Reader) ([]desk.Contact, error) { return r.ContactBy(s.ctx, "+651", "two@x.example") }))
	})
	t.Run("merged ones", func(t *testing.T) {
		s := start(t)
		one, two, three := newContact("p1", "One"), newContact("p2", "Two"), newContact("p3", "Three")
		two.MergedInto, three.MergedInto = "p1", "p1"
		s.putContact("a", one, two, three)
		members := func(id desk.ContactID) []desk.Contact {
			return must(s, "a", func(r desk.Reader) ([]desk.Contact, error) { return r.Members(s.ctx, id) })
		}
		require.ElementsMatch(t, []desk.Contact{two, three}, members("p1"))
		require.Empty(t, members("p2"))
		require.Empty(t, members(""))
		three.Version, three.MergedInto = 2, ""
		s.putContact("a", three)
		require.Equal(t, []desk.Contact{two}, members("p1"))
	})
	t.Run("notes", func(t *testing.T) {
		filled(t, "ContactNote", reflect.ValueOf(fullNote()))
		s := start(t)
		later := desk.ContactNote{ID: "n2", Contact: "p2", Text: "Later", At: at(2)}
		s.update("a", func(tx desk.Tx) error {
			return errors.Join(tx.PutContactNote(s.ctx, fullNote()), tx.PutContactNote(s.ctx, later))
		})
		notes := func(acct account.ID, ids ...desk.ContactID) []desk.ContactNote {
			return must(s, acct, func(r desk.Reader) ([]desk.ContactNote, error) { return r.ContactNotes(s.ctx, ids) })
		}
		require.Equal(t, []desk.ContactNote{later, fullNote()}, notes("a", "p1", "p2"))
		require.Equal(t, []desk.ContactNote{fullNote()}, notes("a", "p1"))
		require.Empty(t, notes("a"))
		require.Empty(t, notes("b", "p1"))
	})
}

func storeContactLists(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	bo, zoe, ann, dup := newContact("p1", "bo O'Neil"), newContact("p2", "Zoë Nguyễn"), newContact("p3", "Ann Lee"), newContact("p4", "Old Zoe")
	bo.Phone, bo.SeenAt, bo.Source = "+6581234567", at(5), desk.KindWhatsApp
	zoe.Email, zoe.SeenAt, zoe.Attributes = "zoe.n@example.com", at(9), map[string]string{"city": "Đà Nẵng"}
	ann.Status = desk.ContactBlocked
	dup.MergedInto, dup.Phone = "p2", "+4930123456"
	s.putContact("a", bo, zoe, ann, dup)
	other := newContact("p1", "Bo of b")
	s.putContact("b", other)
	list := func(acct account.ID, q desk.ContactQuery) (ids []desk.ContactID) {
		if q.Limit == 0 {
			q.Limit = 100
		}
		for _, c := range must(s, acct, func(r desk.Reader) ([]desk.Contact, error) { return r.Contacts(s.ctx, q) }) {
			ids = append(ids, c.ID)
		}
		return ids
	}
	require.Equal(t, []desk.ContactID{"p3", "p1", "p2"}, list("a", desk.ContactQuery{}))
	require.Equal(t, []desk.ContactID{"p3", "p1", "p2"}, list("a", desk.ContactQuery{Sort: "name"}))
	require.Equal(t, []desk.ContactID{"p2", "p1", "p3"}, list("a", desk.ContactQuery{Sort: "seen"}))
	require.Equal(t, []desk.ContactID{"p1"}, list("b", desk.ContactQuery{}))
	require.Equal(t, []desk.ContactID{"p3"}, list("a", desk.ContactQuery{Status: []desk.ContactStatus{desk.ContactBlocked}}))
	require.Equal(t, []desk.ContactID{"p1"}, list("a", desk.ContactQuery{Source: []desk.Kind{desk.KindWhatsApp}}))
	for sort, want := range map[string][]desk.ContactID{"name": {"p3", "p1", "p2"}, "seen": {"p2", "p1", "p3"}} {
		var got []desk.ContactID
		for after := desk.ContactID(""); ; after = got[len(got)-1] {
			page := list("a", desk.ContactQuery{Sort: sort, After: after, Limit: 1})
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		require.Equal(t, want, got)
	}
	missing(s, "a", func(r desk.Reader) ([]desk.Contact, error) {
		return r.Contacts(s.ctx, desk.ContactQuery{After: "nobody", Limit: 1})
	})
	for text, want := range map[string][]desk.ContactID{
		"zoë": {"p2"}, "ZOE": {"p2"}, "nguyen": {"p2"}, "Nguyễn zo": {"p2"}, "o'neil": {"p1"}, "nei": {"p1"}, "eil": nil,
		"8123": {"p1"}, "+65 8123": {"p1"}, "4567": {"p1"}, "0123456": {"p2"}, "zoe.n@example.com": {"p2"}, "example": {"p2"},
		"da nang": {"p2"}, "nobody": nil, `"*`: nil, "%": nil, " ": {"p3", "p1", "p2"},
	} {
		require.Equal(t, want, list("a", desk.ContactQuery{Text: text}), text)
	}
	t.Run("a new name is found, the old one is not", func(t *testing.T) {
		bo.Version, bo.Name, bo.Phone = 2, "Robert", "+1555"
		s.putContact("a", bo)
		require.Equal(t, []desk.ContactID{"p1"}, list("a", desk.ContactQuery{Text: "robert"}))
		require.Equal(t, []desk.ContactID{"p1"}, list("a", desk.ContactQuery{Text: "1555"}))
		require.Empty(t, list("a", desk.ContactQuery{Text: "o'neil"}))
		require.Empty(t, list("a", desk.ContactQuery{Text: "8123"}))
	})
}
