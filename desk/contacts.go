package desk

import (
	"context"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"slices"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/phone"
)

// A NewContact is what AddContact makes a contact of.
type NewContact struct {
	Name       string
	Phone      string // as people write it
	Region     string // ISO 3166 alpha-2 country of a number without a country code
	Email      string
	Attributes map[string]string
}

// A ContactChange says what to change of a contact. What is nil stays.
type ContactChange struct {
	Name, Phone, Email *string
	Region             string
	Attributes         map[string]string // the keys that change; "" takes one away
	Status             *ContactStatus
}

// ContactList returns contacts that match the query.
func (d *Desk) ContactList(ctx context.Context, by account.Actor, q ContactQuery) ([]Contact, error) {
	var out []Contact
	err := d.view(ctx, by, "list contacts", func(j *job) error {
		if err := j.need(account.DeskWork); err != nil {
			return err
		}
		if q.Limit <= 0 || q.Limit > 200 {
			q.Limit = 50
		}
		var err error
		out, err = j.Tx.Contacts(j.ctx, q)
		return err
	})
	return out, err
}

// A ContactDetail is a contact with what is known around it.
type ContactDetail struct {
	Contact Contact
	Members []Contact // merged into it
	Notes   []ContactNote
	Tickets []Row // that the actor may see, most recent first
}

// ContactDetail returns a contact.
func (d *Desk) ContactDetail(ctx context.Context, by account.Actor, id ContactID) (ContactDetail, error) {
	var out ContactDetail
	err := d.view(ctx, by, "read contact", func(j *job) error {
		if err := j.need(account.DeskWork); err != nil {
			return err
		}
		var err error
		if out.Contact, err = j.Contact(j.ctx, id); err != nil {
			return err
		}
		ids, err := j.person(id)
		if err != nil {
			return err
		}
		if out.Members, err = j.Members(j.ctx, ids[0]); err != nil {
			return err
		}
		if out.Notes, err = j.ContactNotes(j.ctx, ids); err != nil {
			return err
		}
		scope, err := j.scope()
		if err != nil {
			return err
		}
		serves, err := j.serves(scope, id)
		if err != nil {
			return err
		}
		if serves && !scope.All {
			scope = Scope{All: true}
		}
		q := Query{Scope: scope, Contact: ids, Limit: 50}
		if scope.All && !j.by.Can(account.DeskSeeAll) {
			q.Status = []Status{StatusResolved, StatusClosed}
		}
		tickets, err := j.Tickets(j.ctx, q)
		if err != nil {
			return err
		}
		out.Tickets, err = j.rows(tickets, true)
		return err
	})
	return out, err
}

// AddContact makes a contact by hand.
func (d *Desk) AddContact(ctx context.Context, by account.Actor, n NewContact) (Contact, error) {
	var out Contact
	err := d.run(ctx, by, "add contact", func(j *job) error {
		if err := j.need(account.DeskWork); err != nil {
			return err
		}
		c := Contact{ID: ContactID(j.id()), Status: ContactActive, CreatedAt: j.now, Version: 1}
		var k fault.Check
		j.describe(&k, &c, ContactChange{Name: &n.Name, Phone: &n.Phone, Email: &n.Email, Region: n.Region, Attributes: n.Attributes})
		k.That(c.Name != "" || c.Phone != "" || c.Email != "", "name", "is missing, and so are phone and e-mail")
		if err := k.Err(); err != nil {
			return err
		}
		out = c
		return j.PutContact(j.ctx, c, ContactChanged{Contact: c.ID, By: j.by.User, Deed: "added", At: j.now})
	})
	return out, err
}

// describe checks a change and makes it.
func (j *job) describe(k *fault.Check, c *Contact, n ContactChange) {
	if n.Name != nil {
		c.Name = strings.Join(strings.Fields(*n.Name), " ")
		k.That(utf8.ValidString(c.Name) && utf8.RuneCountInString(c.Name) <= 200, "name", "is longer than 200 characters")
	}
	if n.Phone != nil {
		c.Phone = ""
		if text := strings.TrimSpace(*n.Phone); text != "" {
			p, problem := phone.Parse(text, n.Region)
			k.That(problem == "", "phone", "%s", problem)
			c.Phone = p
		}
	}
	if n.Email != nil {
		c.Email = strings.ToLower(strings.TrimSpace(*n.Email))
		if c.Email != "" {
			a, err := mail.ParseAddress(c.Email)
			k.That(err == nil && a.Address == c.Email && len(c.Email) <= 254, "email", "is not an e-mail address")
		}
	}
	if len(n.Attributes) == 0 {
		return
	}
	all := map[string]string{}
	for key, v := range c.Attributes {
		all[key] = v
	}
	for key, v := range n.Attributes {
		if v = strings.TrimSpace(v); v == "" {
			delete(all, key)
			continue
		}
		j.checkAttribute(k, key, v)
		all[key] = v
	}
	k.That(len(all) <= 50, "attributes", "are more than 50")
	c.Attributes = all
}

func (j *job) checkAttribute(k *fault.Check, key, v string) {
	field := "attributes." + key
	i := slices.IndexFunc(j.setup.Attributes, func(a Attribute) bool { return a.Key == key })
	if i < 0 {
		k.That(false, field, "does not exist")
		return
	}
	k.That(utf8.ValidString(v) && utf8.RuneCountInString(v) <= 500, field, "is longer than 500 characters")
	switch a := j.setup.Attributes[i]; a.Type {
	case "number":
		_, err := strconv.ParseFloat(v, 64)
		k.That(err == nil, field, "is not a number")
	case "date":
		_, err := time.Parse(time.DateOnly, v)
		k.That(err == nil, field, "is not a date such as 2030-01-31")
	case "bool":
		k.That(v == "true" || v == "false", field, "is neither true nor false")
	case "choice":
		k.That(slices.Contains(a.Options, v), field, "is not one of the options")
	}
}

// ChangeContact changes a contact. To block one, or to take that back, is for who
// manages, or serves the contact now.
func (d *Desk) ChangeContact(ctx context.Context, by account.Actor, id ContactID, n ContactChange) (Contact, error) {
	return d.changeContact(ctx, by, id, "change contact", func(j *job, c Contact) (Contact, string, error) {
		deed := "changed"
		var k fault.Check
		j.describe(&k, &c, n)
		if s := n.Status; s != nil && *s != c.Status {
			k.That(slices.Contains([]ContactStatus{ContactActive, ContactInactive, ContactBlocked}, *s), "status", "is none of active, inactive and blocked")
			if *s == ContactBlocked || c.Status == ContactBlocked {
				scope, err := j.scope()
				if err != nil {
					return c, "", err
				}
				serves, err := j.serves(scope, id)
				if err != nil {
					return c, "", err
				}
				if !serves && !j.by.Can(account.DeskManage) {
					return c, "", fault.Errorf(ErrDenied, "only who serves the contact, or supervises, may do this")
				}
				if deed = "unblocked"; *s == ContactBlocked {
					deed = "blocked"
				}
			}
			c.Status = *s
		}
		return c, deed, k.Err()
	})
}

func (d *Desk) changeContact(ctx context.Context, by account.Actor, id ContactID, what string, rule func(*job, Contact) (Contact, string, error)) (Contact, error) {
	var out Contact
	err := d.run(ctx, by, what, func(j *job) error {
		if err := j.need(account.DeskWork); err != nil {
			return err
		}
		c, err := j.Contact(j.ctx, id)
		if err != nil {
			return err
		}
		c, deed, err := rule(j, c)
		if err != nil {
			return err
		}
		c.Version++
		out = c
		return stale(j.PutContact(j.ctx, c, ContactChanged{Contact: id, By: j.by.User, Deed: deed, At: j.now}))
	})
	return out, err
}

// NoteContact adds a note on a customer, seen with every conversation.
func (d *Desk) NoteContact(ctx context.Context, by account.Actor, id ContactID, text string) (ContactNote, error) {
	var out ContactNote
	err := d.run(ctx, by, "add customer note", func(j *job) error {
		if err := j.need(account.DeskWork); err != nil {
			return err
		}
		var k fault.Check
		checkText(&k, text, 0)
		if err := k.Err(); err != nil {
			return err
		}
		if _, err := j.Contact(j.ctx, id); err != nil {
			return err
		}
		out = ContactNote{ID: NoteID(j.id()), Contact: id, By: j.by.User, Name: j.by.Name, Text: strings.TrimSpace(text), At: j.now}
		if err := j.PutContactNote(j.ctx, out); err != nil {
			return err
		}
		return j.Note(j.ctx, string(id), "", ContactChanged{Contact: id, By: j.by.User, Deed: "noted", At: j.now})
	})
	return out, err
}

// Merge shows other as primary from now on: they are the same person. Nothing of
// either is changed, so that [Desk.Unmerge] undoes it.
func (d *Desk) Merge(ctx context.Context, by account.Actor, primary, other ContactID) (Contact, error) {
	return d.merge(ctx, by, primary, other, true)
}

// Unmerge makes two people of them again.
func (d *Desk) Unmerge(ctx context.Context, by account.Actor, primary, other ContactID) (Contact, error) {
	return d.merge(ctx, by, primary, other, false)
}

func (d *Desk) merge(ctx context.Context, by account.Actor, primary, other ContactID, join bool) (Contact, error) {
	var out Contact
	err := d.run(ctx, by, "merge contacts", func(j *job) error {
		if err := j.need(account.DeskManage); err != nil {
			return err
		}
		p, err := j.Contact(j.ctx, primary)
		if err != nil {
			return err
		}
		o, err := j.Contact(j.ctx, other)
		if err != nil {
			return err
		}
		out = p
		deed := "merged"
		switch {
		case !join && o.MergedInto != primary:
			return fault.Errorf(ErrConflict, "these contacts are not merged")
		case !join:
			deed, o.MergedInto = "unmerged", ""
		case p.ID == o.ID, p.MergedInto != "", o.MergedInto != "":
			return fault.Errorf(ErrConflict, "only contacts that are not merged yet can be")
		default:
			members, err := j.Members(j.ctx, other)
			if err != nil {
				return err
			}
			if len(members) > 0 {
				return fault.Errorf(ErrConflict, "other contacts are merged into that one: choose it as the primary")
			}
			o.MergedInto = primary
		}
		o.Version++
		return stale(j.PutContact(j.ctx, o, ContactChanged{Contact: primary, By: j.by.User, Deed: deed, Other: other, At: j.now}))
	})
	return out, err
}
