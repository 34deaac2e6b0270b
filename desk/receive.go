package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// MaxText is the longest message, in characters.
const MaxText = 10_000

// maxFiles is how many attachments one message has.
const maxFiles = 10

// An Inbound is a message of a customer, as a channel brings it.
type Inbound struct {
	Line       LineID
	From       string // the customer's address on the line
	Provider   string // the provider's ID of the message, unique on the line; "" if it has none
	Op         string // the sender's own name of the message, instead
	Name       string // what the channel knows of the customer
	Phone      string // E.164
	Email      string
	Subject    string
	Text       string
	Files      []FileID
	Class      Class     // if the channel knows better than the text tells: machine
	ReceivedAt time.Time // when we got it; now
	Attributes map[string]string
}

// Received is what became of a message.
type Received struct {
	Ticket Ticket
	Entry  Entry
	Class  Class // ClassDuplicate: it had been received before, and Entry is that one
}

// Receive takes in a customer's message: it finds the contact and the live
// ticket of the thread, or opens one. The same message again changes nothing. It
// needs [account.DeskChannel].
func (d *Desk) Receive(ctx context.Context, by account.Actor, in Inbound) (Received, error) {
	var out Received
	err := d.run(ctx, by, "receive message", func(j *job) error {
		if err := j.need(account.DeskChannel); err != nil {
			return err
		}
		var err error
		out, err = j.receive(in)
		return err
	})
	return out, err
}

func (j *job) receive(in Inbound) (Received, error) {
	line, ok := j.setup.Line(in.Line)
	switch {
	case !ok:
		return Received{}, fault.Errorf(ErrNotFound, "there is no such line")
	case line.Off:
		return Received{}, fault.Errorf(ErrGone, "this line is switched off")
	}
	if err := checkMessage(in.Text, in.Files, in.From); err != nil {
		return Received{}, err
	}
	if known, ok, err := j.known(in); err != nil || ok {
		return known, err
	}
	who := Identity{Line: line.ID, Kind: line.Kind, Value: in.From}
	contact, err := j.contactOf(who, in)
	if err != nil {
		return Received{}, err
	}
	entry := Entry{
		Kind: EntryMessage, From: SideCustomer, Name: contact.Name, Op: in.Op, Provider: in.Provider,
		Class: classify(in, contact), Text: in.Text, At: j.now,
	}
	if !in.ReceivedAt.IsZero() && in.ReceivedAt.Before(j.now) {
		entry.At = in.ReceivedAt.UTC().Truncate(time.Microsecond)
	}
	t, entry, err := j.place(line, who.Thread(), contact, entry, in)
	if err != nil {
		return Received{}, err
	}
	return Received{Ticket: t, Entry: entry, Class: entry.Class}, nil
}

func checkMessage(text string, files []FileID, from string) error {
	var c fault.Check
	c.That(from != "" && len(from) <= 256, "from", "has to be 1 to 256 bytes long")
	checkText(&c, text, len(files))
	return c.Err()
}

func checkText(c *fault.Check, text string, files int) {
	c.That(strings.TrimSpace(text) != "" || files > 0, "text", "is missing")
	c.That(utf8.ValidString(text), "text", "has characters that cannot be stored")
	c.That(utf8.RuneCountInString(text) <= MaxText, "text", "is longer than %d characters", MaxText)
	c.That(files <= maxFiles, "files", "are more than %d", maxFiles)
}

// known finds a message that was received before.
func (j *job) known(in Inbound) (Received, bool, error) {
	var e Entry
	err := error(ErrNotFound)
	if in.Provider != "" {
		e, err = j.EntryByProvider(j.ctx, in.Line, in.Provider)
	}
	if in.Op != "" && missing(err) {
		// The op is unique per ticket; a message that is sent again belongs to the
		// last ticket of its thread, or to the one before.
		t, lastErr := j.LastTicket(j.ctx, Identity{Line: in.Line, Value: in.From}.Thread())
		for n := 0; lastErr == nil && n < 2; n++ {
			if e, err = j.EntryByOp(j.ctx, t.ID, SideCustomer, in.Op); err == nil || t.Prev == "" {
				break
			}
			t, lastErr = j.Ticket(j.ctx, t.Prev)
		}
	}
	switch {
	case missing(err):
		return Received{}, false, nil
	case err != nil:
		return Received{}, false, err
	}
	t, err := j.Ticket(j.ctx, e.Ticket)
	return Received{Ticket: t, Entry: e, Class: ClassDuplicate}, true, err
}

// thanks are messages that say nothing but that all is well, per language, in
// lower case and without what surrounds the words.
var thanks = map[string]bool{
	"thanks": true, "thank you": true, "thanks a lot": true, "thank you so much": true, "thank you very much": true,
	"many thanks": true, "ok thanks": true, "okay thanks": true, "ok thank you": true, "great thanks": true, "thx": true, "ty": true,
	"cheers": true, "resolved": true, "solved": true, "great": true, "perfect thanks": true,
	"terima kasih": true, "makasih": true, "terima kasih banyak": true, "danke": true, "vielen dank": true, "merci": true,
	"merci beaucoup": true, "gracias": true, "muchas gracias": true, "obrigado": true, "obrigada": true, "salamat": true,
	"cảm ơn": true, "ขอบคุณ": true, "ขอบคุณค่ะ": true, "ขอบคุณครับ": true, "谢谢": true, "謝謝": true, "ありがとう": true, "감사합니다": true,
	"👍": true, "🙏": true, "❤️": true,
}

func classify(in Inbound, c Contact) Class {
	switch {
	case c.Status == ContactBlocked:
		return ClassBlocked
	case in.Class == ClassMachine:
		return ClassMachine
	case len(in.Files) > 0:
		return ClassMessage
	}
	words := strings.FieldsFunc(strings.ToLower(in.Text), func(r rune) bool { return strings.ContainsRune(" \t\n,.!?:;-()'\"", r) })
	if len(words) <= 5 && thanks[strings.Join(words, " ")] {
		return ClassGratitude
	}
	return ClassMessage
}

// place puts a message into the ticket it belongs to.
func (j *job) place(line Line, thread Thread, contact Contact, e Entry, in Inbound) (Ticket, Entry, error) {
	last, err := j.LastTicket(j.ctx, thread)
	if err != nil && !missing(err) {
		return last, e, err
	}
	if err == nil && last.MergedTo != "" {
		if last, err = j.mergedInto(last); err != nil {
			return last, e, err
		}
	}
	if err == nil {
		before := last
		free, err := j.takesWork(last.Assignee)
		if err != nil {
			return last, e, err
		}
		t, events, follow, err := last.Receive(Arrival{N: last.Entries + 1, Class: e.Class, At: e.At, Available: free}, j.policy(last))
		if err != nil {
			return last, e, err
		}
		if !follow {
			return j.put(before, t, e, in.Files, events)
		}
		if last, err = j.keep(before, t, events); err != nil {
			return last, e, err
		}
	}
	return j.open(line, thread, contact, last, e, in)
}

// mergedInto follows merged tickets to the one that has their replies; a cycle
// or a dead end leads back to the ticket itself.
func (j *job) mergedInto(t Ticket) (Ticket, error) {
	for at, n := t, 0; n < 8; n++ {
		next, err := j.Ticket(j.ctx, at.MergedTo)
		switch {
		case missing(err):
			return t, nil
		case err != nil:
			return t, err
		case next.MergedTo == "":
			return next, nil
		}
		at = next
	}
	return t, nil
}

// takesWork reports whether the agent is there to have a ticket back.
func (j *job) takesWork(user account.UserID) (bool, error) {
	if user == "" {
		return false, nil
	}
	a, err := j.agent(user)
	if err != nil || a.Disabled {
		return false, err
	}
	s, why := a.Presence.Effective()
	return s == "available" || s == "busy" && why == "capacity", nil
}

// open begins a ticket with the message.
func (j *job) open(line Line, thread Thread, contact Contact, prev Ticket, e Entry, in Inbound) (Ticket, Entry, error) {
	number, err := j.NextNumber(j.ctx)
	if err != nil {
		return Ticket{}, e, err
	}
	o := TicketOpened{
		On: On{Ticket: TicketID(j.id()), Thread: thread, At: e.At}, Number: number, Contact: contact.ID, Line: line.ID,
		Channel: line.Kind, Queue: line.Queue, Subject: in.Subject, Prev: prev.ID, Units: j.units(line.Kind),
	}
	if o.Last = prev.Assignee; o.Last == "" {
		o.Last = prev.Last
	}
	t, events, err := Begin(o, Arrival{N: 1, Class: e.Class, At: e.At}, j.setup.PolicyOf(line.Queue))
	if err != nil {
		return t, e, err
	}
	return j.put(Ticket{}, t, e, in.Files, events)
}

func (j *job) units(k Kind) int { return max(1, j.setup.Weights[k]) }

// put keeps a ticket with an entry that N of its events is about: the entry
// first, so that it has that N.
func (j *job) put(before, t Ticket, e Entry, files []FileID, events []TicketEvent) (Ticket, Entry, error) {
	e.ID, e.Ticket, e.Line, e.N = EntryID(j.id()), t.ID, t.Line, before.Entries+1
	var err error
	if e.Files, err = j.attach(t, e, files); err != nil {
		return t, e, err
	}
	t, err = j.keep(before, t, events)
	if err != nil {
		return t, e, err
	}
	return t, e, j.PutEntry(j.ctx, e)
}

// attach gives uploaded files to the ticket. Each is used once, by whoever
// uploaded it.
func (j *job) attach(t Ticket, e Entry, ids []FileID) (files []File, _ error) {
	for n, id := range ids {
		f, err := j.File(j.ctx, id)
		mine := err == nil && (e.From == SideAgent && f.By == e.User && f.By != "" || e.From == SideCustomer && (f.Thread == t.Thread || f.Thread == ""))
		if err != nil && !missing(err) {
			return nil, err
		}
		if !mine || f.Ticket != "" || slices.Contains(ids[:n], id) {
			return nil, fault.Fields{{Name: "files", Problem: "contain one that was not uploaded for this message"}}
		}
		f.Ticket = t.ID
		f.Version++
		if err := j.PutFile(j.ctx, f); err != nil {
			return nil, err
		}
		files = append(files, f.File)
	}
	return files, nil
}

// contactOf finds whoever has the identity, or makes a contact.
func (j *job) contactOf(who Identity, in Inbound) (Contact, error) {
	c, err := j.ContactByIdentity(j.ctx, who)
	if err == nil {
		return j.seen(c, in)
	}
	if !missing(err) {
		return c, err
	}
	c = Contact{
		ID: ContactID(j.id()), Name: strings.TrimSpace(in.Name), Phone: in.Phone, Email: strings.ToLower(in.Email),
		Identities: []Identity{who}, Attributes: in.Attributes, Status: ContactActive, Source: who.Kind,
		CreatedAt: j.now, SeenAt: j.now, Version: 1,
	}
	if l := j.d.cfg.Contacts; l != nil {
		switch found, err := l.Lookup(j.ctx, c); {
		case errors.Is(err, ErrNotFound):
		case err != nil: // the product's own table is not to keep a customer from us
			j.d.cfg.Log.Warn("look a contact up", "err", err)
		default:
			c.Name, c.Phone, c.Email, c.Ref, c.Attributes = first(found.Name, c.Name), first(found.Phone, c.Phone), first(found.Email, c.Email), found.Ref, found.Attributes
		}
	}
	return c, j.PutContact(j.ctx, c, ContactChanged{Contact: c.ID, Deed: "added", At: j.now})
}

// seen notes what a message tells of a contact: a name, if there was none.
func (j *job) seen(c Contact, in Inbound) (Contact, error) {
	learned := false
	for _, f := range []struct {
		field *string
		value string
	}{{&c.Name, strings.TrimSpace(in.Name)}, {&c.Phone, in.Phone}, {&c.Email, strings.ToLower(in.Email)}} {
		if *f.field == "" && f.value != "" {
			*f.field, learned = f.value, true
		}
	}
	if !learned && j.now.Sub(c.SeenAt) < time.Minute {
		return c, nil
	}
	c.SeenAt = j.now
	c.Version++
	var events []Event
	if learned {
		events = append(events, ContactChanged{Contact: c.ID, Deed: "changed", At: j.now})
	}
	return c, stale(j.PutContact(j.ctx, c, events...))
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
