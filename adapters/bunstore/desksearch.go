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
const mostHeap = 8000

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
		p.text = &s
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

	words  []typed // the same, to look at a single ticket
	digits string
	marks  []string // of contacts
	alone  bool     // no contact is found
}

func (x deskTx) searchOf(q desk.Query) search {
	s := search{deskTx: x}
	if s.words = typedWords(q.Text); len(s.words) > 0 {
		s.marks = []string{markName}
		if !q.People {
			s.messages = x.matchFor(s.words, "")
			s.marks = append(s.marks, markEmail)
		}
		s.people = x.matchFor(s.words, s.marks...)
	}
	typedText := strings.TrimSpace(q.Text)
	if s.digits = digitsOf(typedText); s.digits != "" {
		s.digits = s.digits[:min(len(s.digits), longestWord)]
		s.phone = x.matchFor([]typed{{s.digits, true}}, markPhone)
	}
	if n, err := strconv.ParseInt(strings.TrimPrefix(typedText, "#"), 10, 64); err == nil && !q.People {
		s.number = n
	}
	return s
}

// finished returns the words as if each were typed to its end.
func finished(words []typed) []typed {
	whole := slices.Clone(words)
	for n := range whole {
		whole[n].begun = false
	}
	return whole
}

func (s search) empty() bool {
	return s.messages == "" && s.people == "" && s.phone == "" && s.number == 0
}

// tickets returns the tickets that the search finds, and whether those are all.
func (s *search) tickets(ctx context.Context) (seqs []int64, all bool, _ error) {
	s.alone = true
	for _, match := range []string{s.people, s.phone} {
		if match == "" {
			continue
		}
		contacts, err := s.hits(ctx, "desk_people", match, mostHeap+1)
		if err != nil || len(contacts) > mostHeap {
			s.alone = false
			return nil, false, err
		}
		if len(contacts) == 0 {
			continue
		}
		s.alone = false
		c := &clause{}
		c.and("t.account = ?", s.acct)
		s.oneOf(c, "c.seq", contacts)
		more, err := s.seqs(ctx, "SELECT t.seq FROM desk_contacts AS c"+s.byNumber()+" CROSS JOIN desk_tickets AS t WHERE t.account = c.account AND t.contact = c.id AND "+
			c.String()+" LIMIT ?", append(c.args, mostHeap+1)...)
		if err != nil {
			return nil, false, err
		}
		seqs = append(seqs, more...)
	}
	if s.messages != "" {
		more, all, err := s.tellers(ctx)
		if err != nil || !all {
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

// mostTold is how many messages a search picks out: a ticket may have several
// with the words.
const mostTold = 2 * mostHeap

// tellers returns the tickets with a message that has the words, in descending
// order, and whether those are all. There may be some of other accounts.
//
// That words are very common is seen at once. What words begin with takes
// reading all of it, and whose messages they are takes passing over all others,
// so those come last.
func (s search) tellers(ctx context.Context) (seqs []int64, all bool, _ error) {
	for _, match := range []string{s.matchAnywhere(finished(s.words), ""), s.matchAnywhere(s.words, "")} {
		ids, err := s.hits(ctx, "desk_words", match, mostTold)
		if err != nil {
			return nil, false, err
		}
		if seqs = ticketsOf(ids); len(ids) == mostTold {
			common, err := s.commonHere(ctx, seqs)
			if err != nil || common {
				return nil, false, err
			}
			ids, err := s.hits(ctx, "desk_words", s.messages, mostTold)
			return ticketsOf(ids), len(ids) < mostTold, err
		}
	}
	return seqs, true, nil
}

// ticketsOf returns the tickets of messages, both in descending order.
func ticketsOf(ids []int64) (seqs []int64) {
	for _, id := range ids {
		if seq := id >> entryBits; len(seqs) == 0 || seqs[len(seqs)-1] != seq {
			seqs = append(seqs, seq)
		}
	}
	return seqs
}

// commonHere reports whether many of the tickets are the account's, by some of
// them.
func (s search) commonHere(ctx context.Context, seqs []int64) (bool, error) {
	const some = 40
	var sample []int64
	for n := range some {
		sample = append(sample, seqs[n*len(seqs)/some])
	}
	c := &clause{}
	c.and("account = ?", s.acct)
	s.oneOf(c, "seq", sample)
	own, err := s.seqs(ctx, "SELECT seq FROM desk_tickets"+s.byNumber()+" WHERE "+c.String(), c.args...)
	return len(own) > len(distinctNumbers(sample))/2, err
}

func distinctNumbers(n []int64) []int64 { return slices.Compact(slices.Sorted(slices.Values(n))) }

// set adds the condition of all tickets that the search finds, however many
// those are.
func (s search) set(c *clause) {
	match := func(table, id string) string {
		if s.prepared != nil {
			return "(SELECT " + strings.Replace(id, "id", "rowid", 1) + " FROM " + table + " WHERE " + table + " MATCH ?)"
		}
		return "(SELECT " + id + " FROM " + table + " WHERE words @@ CAST(CAST(? AS text) AS tsquery))"
	}
	var parts []string
	var args []any
	if s.messages != "" {
		parts, args = append(parts, "seq IN "+match("desk_words", "id >> 20")), append(args, s.messages)
	}
	for _, of := range []string{s.people, s.phone} {
		if of != "" {
			parts = append(parts, "contact IN (SELECT c.id FROM desk_contacts AS c WHERE c.account = ? AND c.seq IN "+match("desk_people", "id")+")")
			args = append(args, s.acct, of)
		}
	}
	if s.number != 0 {
		parts, args = append(parts, "number = ?"), append(args, s.number)
	}
	c.and("("+strings.Join(parts, " OR ")+")", args...)
}

// byNumber follows the name of a table in which SQLite is to go by the numbers
// that oneOf gives: it cannot know that they are few.
func (x deskTx) byNumber() string {
	if x.prepared != nil {
		return " NOT INDEXED"
	}
	return ""
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
