package bunstore

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/desk"
)

// mostWalked is how many tickets a walk looks at. When it has not filled a page
// by then, the words are common but not where it looks.
const mostWalked = 3000

// A headRow is what a walk looks at of a ticket.
type headRow struct {
	bun.BaseModel `bun:"table:desk_tickets"`

	Seq       int64
	ID        desk.TicketID
	Number    int64
	Contact   desk.ContactID
	UpdatedAt int64
}

// walk finds a page of tickets for a text that very many match: it looks at one
// after the other in the order of the list, which finds enough of them soon.
func (x deskTx) walk(ctx context.Context, p plan, limit int) ([]desk.Ticket, error) {
	var found []int64
	rest := p.rest
	for walked, step := 0, min(4*limit, 300); len(found) < limit; {
		where, args := p.list(rest, step)
		heads, err := all[headRow](ctx, x.tx, where, args...)
		if err != nil {
			return nil, err
		}
		matching, err := p.text.among(ctx, heads)
		if err != nil {
			return nil, err
		}
		found = append(found, matching...)
		if len(heads) < step {
			break
		}
		if walked += step; walked >= mostWalked && len(found) < limit {
			p.text.set(p.rest)
			return x.listed(ctx, p, p.rest, limit)
		}
		last := heads[len(heads)-1]
		rest = p.rest.copy()
		rest.and("(updated_at, id) < (?, ?)", last.UpdatedAt, last.ID)
	}
	if len(found) == 0 {
		return nil, nil
	}
	c := &clause{}
	x.oneOf(c, "seq", found[:min(limit, len(found))])
	rows, err := all[ticketRow](ctx, x.tx, "WHERE "+c.String()+inOrder, append(c.args, limit)...)
	if err != nil {
		return nil, err
	}
	return each(rows, ticketRow.ticket)
}

type bodyRow struct {
	bun.BaseModel `bun:"table:desk_entries"`

	Ticket desk.TicketID
	Body   string
}

type personRow struct {
	bun.BaseModel `bun:"table:desk_contacts"`

	ID    desk.ContactID
	Name  string
	Phone string
	Email string
}

// among returns which of the tickets the search finds, in their order.
func (s search) among(ctx context.Context, heads []headRow) (found []int64, _ error) {
	if len(heads) == 0 {
		return nil, nil
	}
	tickets, contacts := map[desk.TicketID]bool{}, map[desk.ContactID]bool{}
	ids, people := make([]desk.TicketID, len(heads)), make([]desk.ContactID, len(heads))
	for n, h := range heads {
		ids[n], people[n] = h.ID, h.Contact
	}
	if s.messages != "" {
		c := &clause{}
		c.and("account = ?", s.acct)
		andAny(c, "ticket", ids)
		c.and("kind || '' = 'message'") // not by the index of messages, which leads to each a long way
		s.mayHave(c)
		bodies, err := all[bodyRow](ctx, s.tx, "WHERE "+c.String(), c.args...)
		if err != nil {
			return nil, err
		}
		for _, b := range bodies {
			tickets[b.Ticket] = tickets[b.Ticket] || areIn(s.words, wordsOf(b.Body))
		}
	}
	if !s.alone {
		of, args := anyOf("id", distinct(people))
		persons, err := all[personRow](ctx, s.tx, "WHERE account = ? AND "+of, append([]any{s.acct}, args...)...)
		if err != nil {
			return nil, err
		}
		for _, p := range persons {
			contacts[p.ID] = s.digits != "" && strings.Contains(onlyDigits(p.Phone), s.digits) || len(s.words) > 0 && s.isCalled(p)
		}
	}
	for _, h := range heads {
		if tickets[h.ID] || contacts[h.Contact] || s.number != 0 && h.Number == s.number {
			found = append(found, h.Seq)
		}
	}
	return found, nil
}

// mayHave rules out most messages that have not all of the words. In ASCII
// letters are what they are; of other text it says nothing.
func (s search) mayHave(c *clause) {
	at, bytes := "strpos", "octet_length(body)"
	if s.prepared != nil {
		at, bytes = "instr", "length(CAST(body AS BLOB))"
	}
	for _, w := range s.words {
		c.and("("+at+"(lower(body), ?) > 0 OR length(body) <> "+bytes+")", w.word)
	}
}

// isCalled reports whether the words are in a contact's name, or as far as they
// are looked for there in the e-mail address.
func (s search) isCalled(p personRow) bool {
	kept := wordsOf(p.Name)
	if slices.Contains(s.marks, markEmail) {
		kept = append(kept, wordsOf(p.Email)...)
	}
	return areIn(s.words, kept)
}

// areIn reports whether each word is one of those kept, or if need be how one
// begins.
func areIn(words []typed, kept []string) bool {
	for _, w := range words {
		if !slices.ContainsFunc(kept, func(k string) bool { return k == w.word || w.begun && strings.HasPrefix(k, w.word) }) {
			return false
		}
	}
	return true
}
