package bunstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-cc/tandem/desk"
)

// mostHeap is how many tickets a search picks out before it sorts them. When more
// match, so many do that walking the list in its order finds a page of them soon.
const mostHeap = 4000

// narrow adds to the plan what is not a range of an index: text, tag and label.
// heap says that it has few tickets to choose from, all in the condition; if not
// possible there are none.
func (x deskTx) narrow(ctx context.Context, p *plan, q desk.Query) (heap, possible bool, _ error) {
	for kind, mark := range map[string]string{markTag: q.Tag, markLabel: string(q.Label)} {
		if mark == "" {
			continue
		}
		seqs, err := x.seqs(ctx, "SELECT ticket FROM desk_marks WHERE account = ? AND kind = ? AND mark = ? LIMIT ?", x.acct, kind, mark, mostHeap+1)
		switch {
		case err != nil || len(seqs) == 0:
			return false, false, err
		case len(seqs) <= mostHeap:
			heap = true
			x.oneOf(p.rest, "seq", seqs)
		default:
			p.rest.and("EXISTS (SELECT 1 FROM desk_marks AS m WHERE m.account = desk_tickets.account AND m.kind = ? AND m.mark = ? AND m.ticket = desk_tickets.seq)", kind, mark)
		}
	}
	if strings.TrimSpace(q.Text) == "" {
		return heap, true, nil
	}
	s := x.searchOf(q)
	if s.empty() {
		return false, false, nil
	}
	seqs, all, err := s.tickets(ctx)
	switch {
	case err != nil || all && len(seqs) == 0:
		return false, false, err
	case all:
		heap = true
		x.oneOf(p.rest, "seq", seqs)
	default:
		s.each(p.rest)
	}
	return heap, true, nil
}

// A search is what a text of a query asks for: tickets of which one of these
// holds. An empty one holds for none.
type search struct {
	deskTx
	messages string // the match of words of a message
	people   string // of words of a contact
	phone    string // of a phone number
	number   int64
}

func (x deskTx) searchOf(q desk.Query) search {
	s := search{deskTx: x}
	if words := typedWords(q.Text); len(words) > 0 {
		if !q.People {
			s.messages = x.matchFor(words, "")
			s.people = x.matchFor(words, markName, markEmail)
		} else {
			s.people = x.matchFor(words, markName)
		}
	}
	typedText := strings.TrimSpace(q.Text)
	if digits := digitsOf(typedText); digits != "" {
		s.phone = x.matchFor([]typed{{digits[:min(len(digits), longestWord)], true}}, markPhone)
	}
	if n, err := strconv.ParseInt(strings.TrimPrefix(typedText, "#"), 10, 64); err == nil && !q.People {
		s.number = n
	}
	return s
}

func (s search) empty() bool {
	return s.messages == "" && s.people == "" && s.phone == "" && s.number == 0
}

// tickets returns the tickets that the search finds, and whether those are all.
func (s search) tickets(ctx context.Context) (seqs []int64, all bool, _ error) {
	if s.messages != "" {
		// A ticket may have several messages with the words.
		ids, err := s.hits(ctx, "desk_words", s.messages, 2*mostHeap)
		if err != nil || len(ids) == 2*mostHeap {
			return nil, false, err
		}
		for _, id := range ids { // in descending order
			if seq := id >> entryBits; len(seqs) == 0 || seqs[len(seqs)-1] != seq {
				seqs = append(seqs, seq)
			}
		}
	}
	for _, match := range []string{s.people, s.phone} {
		if match == "" {
			continue
		}
		contacts, err := s.hits(ctx, "desk_people", match, mostHeap+1)
		if err != nil || len(contacts) > mostHeap {
			return nil, false, err
		}
		if len(contacts) == 0 {
			continue
		}
		c := &clause{}
		c.and("t.account = ?", s.acct)
		s.oneOf(c, "c.seq", contacts)
		more, err := s.seqs(ctx, "SELECT t.seq FROM desk_contacts AS c JOIN desk_tickets AS t ON t.account = c.account AND t.contact = c.id WHERE "+
			c.String()+" LIMIT ?", append(c.args, mostHeap+1)...)
		if err != nil {
			return nil, false, err
		}
		seqs = append(seqs, more...)
	}
	if s.number != 0 {
		more, err := s.seqs(ctx, "SELECT seq FROM desk_tickets WHERE account = ? AND number = ?", s.acct, s.number)
		if err != nil {
			return nil, false, err
		}
		seqs = append(seqs, more...)
	}
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	return seqs, len(seqs) <= mostHeap, nil
}

// each adds the condition of a single ticket, for a walk through many.
func (s search) each(c *clause) {
	words, people := "id BETWEEN desk_tickets.seq << 20 AND (desk_tickets.seq << 20) + 1048575 AND words @@ CAST(CAST(? AS text) AS tsquery)",
		"desk_people.id = c.seq AND desk_people.words @@ CAST(CAST(? AS text) AS tsquery)"
	if s.prepared != nil {
		words = "rowid BETWEEN desk_tickets.seq << 20 AND (desk_tickets.seq << 20) + 1048575 AND desk_words MATCH ?"
		people = "desk_people.rowid = c.seq AND desk_people MATCH ?"
	}
	var parts []string
	var args []any
	if s.messages != "" {
		parts, args = append(parts, "EXISTS (SELECT 1 FROM desk_words WHERE "+words+")"), append(args, s.messages)
	}
	for _, match := range []string{s.people, s.phone} {
		if match != "" {
			parts = append(parts, "EXISTS (SELECT 1 FROM desk_contacts AS c JOIN desk_people ON "+people+
				" WHERE c.account = desk_tickets.account AND c.id = desk_tickets.contact)")
			args = append(args, match)
		}
	}
	if s.number != 0 {
		parts, args = append(parts, "number = ?"), append(args, s.number)
	}
	c.and("("+strings.Join(parts, " OR ")+")", args...)
}

// oneOf has the column be one of many numbers.
func (x deskTx) oneOf(c *clause, column string, numbers []int64) {
	b := make([]byte, 0, 8*len(numbers))
	for n, i := range numbers {
		if n > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, i, 10)
	}
	if x.prepared != nil {
		c.and(column+" IN (SELECT value FROM json_each(?))", "["+string(b)+"]")
		return
	}
	c.and(column+" = ANY (CAST(string_to_array(?, ',') AS bigint[]))", string(b))
}

// seqs returns the numbers that a query selects.
func (x deskTx) seqs(ctx context.Context, query string, args ...any) (seqs []int64, _ error) {
	rows, err := x.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, x.failed(ctx, err)
		}
		seqs = append(seqs, seq)
	}
	return seqs, x.failed(ctx, rows.Err())
}

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
