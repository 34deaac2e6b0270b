package bunstore

import (
	"context"
	"strings"

	"github.com/tandem-cc/tandem/desk"
)

// Contacts implements [desk.ContactReader]. Those merged into another are shown
// as that one, so they are not listed, but what they are found by leads to it.
func (x deskTx) Contacts(ctx context.Context, q desk.ContactQuery) ([]desk.Contact, error) {
	if err := sound(append(append([]string{q.Text, string(q.After)}, texts(q.Status)...), texts(q.Source)...)...); err != nil {
		return nil, err
	}
	if q.Limit <= 0 || q.Limit > mostListed {
		q.Limit = mostListed
	}
	c := &clause{}
	c.and("account = ? AND merged_into = ''", x.acct)
	andAny(c, "status", q.Status)
	andAny(c, "source", q.Source)
	order := " ORDER BY name_key, id"
	if q.Sort == "seen" {
		order = " ORDER BY seen_at DESC, id DESC"
	}
	if q.After != "" {
		after, err := get[contactRow](ctx, x.tx, "WHERE account = ? AND id = ?", x.acct, q.After)
		switch {
		case err != nil:
			return nil, found(err, errNoContact)
		case q.Sort == "seen":
			c.and("(seen_at, id) < (?, ?)", after.SeenAt, after.ID)
		default:
			c.and("(name_key, id) > (?, ?)", after.NameKey, after.ID)
		}
	}
	if strings.TrimSpace(q.Text) != "" {
		possible, err := x.narrowContacts(ctx, c, q.Text)
		if err != nil || !possible {
			return nil, err
		}
	}
	rows, err := all[contactRow](ctx, x.tx, "WHERE "+c.String()+order+" LIMIT ?", append(c.args, q.Limit)...)
	if err != nil {
		return nil, err
	}
	return each(rows, contactRow.contact)
}

// narrowContacts adds what a person typed to the condition of contacts, and
// reports whether any may be found.
func (x deskTx) narrowContacts(ctx context.Context, c *clause, text string) (bool, error) {
	var matches []string
	if words := typedWords(text); len(words) > 0 {
		matches = append(matches, x.matchFor(words, markName, markEmail, markAttribute))
	}
	if digits := digitsOf(strings.TrimSpace(text)); digits != "" {
		matches = append(matches, x.matchFor([]typed{{digits[:min(len(digits), longestWord)], true}}, markPhone))
	}
	var seqs []int64
	for _, match := range matches {
		hits, err := x.hits(ctx, "desk_people", match, 10*mostHeap)
		if err != nil {
			return false, err
		}
		seqs = append(seqs, hits...)
	}
	if len(seqs) == 0 {
		return false, nil
	}
	found := &clause{}
	x.oneOf(found, "f.seq", seqs)
	c.and("id IN (SELECT CASE WHEN f.merged_into = '' THEN f.id ELSE f.merged_into END FROM desk_contacts AS f WHERE f.account = ? AND "+found.String()+")",
		append([]any{x.acct}, found.args...)...)
	return true, nil
}
