package bunstore

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
)

var errNoContact = fault.Errorf(fault.NotFound, "there is no such contact")

type contactRow struct {
	bun.BaseModel `bun:"table:desk_contacts"`

	Seq        int64 `bun:",pk,autoincrement"`
	Account    account.ID
	ID         desk.ContactID
	Name       string
	NameKey    string
	Phone      string
	Email      string
	Identities string
	Attributes string
	Status     desk.ContactStatus
	MergedInto desk.ContactID
	Source     desk.Kind
	Ref        string
	CreatedAt  int64
	SeenAt     int64
	Version    int
}

// A knownContact is a contact as it is stored, in both forms.
type knownContact struct {
	row     contactRow
	contact desk.Contact
}

func contactRowOf(acct account.ID, c desk.Contact, known knownContact) (r contactRow, err error) {
	r = contactRow{
		Seq: known.row.Seq, Account: acct, ID: c.ID, Name: c.Name, NameKey: strings.ToLower(c.Name), Phone: c.Phone, Email: c.Email,
		Attributes: "{}", Status: c.Status, MergedInto: c.MergedInto, Source: c.Source, Ref: c.Ref,
		CreatedAt: c.CreatedAt.UnixMicro(), SeenAt: c.SeenAt.UnixMicro(), Version: c.Version,
	}
	if r.Identities, err = same(known.row.Identities, known.contact.Identities, c.Identities); err != nil {
		return r, err
	}
	switch {
	case known.row.Attributes != "" && maps.Equal(known.contact.Attributes, c.Attributes):
		r.Attributes = known.row.Attributes
	case len(c.Attributes) > 0:
		r.Attributes, err = document(c.Attributes)
	}
	return r, err
}

func (r contactRow) contact() (c desk.Contact, err error) {
	c = desk.Contact{
		ID: r.ID, Name: r.Name, Phone: r.Phone, Email: r.Email, Status: r.Status, MergedInto: r.MergedInto, Source: r.Source, Ref: r.Ref,
		CreatedAt: timeOf(r.CreatedAt), SeenAt: timeOf(r.SeenAt), Version: r.Version,
	}
	if r.Attributes != "{}" {
		if err := json.Unmarshal([]byte(r.Attributes), &c.Attributes); err != nil {
			return c, err
		}
	}
	c.Identities, err = unlist[desk.Identity](r.Identities)
	return c, err
}

// words returns by what words the contact is found.
func (r contactRow) words(attributes map[string]string) string {
	return peopleWords(r.Account, r.Name, r.Phone, r.Email, attributes)
}

type identityRow struct {
	bun.BaseModel `bun:"table:desk_identities"`

	Account account.ID
	Line    desk.LineID
	Value   string
	Contact desk.ContactID
}

func (x deskTx) Contact(ctx context.Context, id desk.ContactID) (desk.Contact, error) {
	row, err := get[contactRow](ctx, x.tx, "WHERE account = ? AND id = ?", x.acct, id)
	if err != nil {
		return desk.Contact{}, found(err, errNoContact)
	}
	c, err := row.contact()
	if err == nil && x.desk != nil {
		x.desk.contacts[id] = knownContact{row, c}
	}
	return c, err
}

func (x deskTx) ContactsByID(ctx context.Context, ids []desk.ContactID) (map[desk.ContactID]desk.Contact, error) {
	contacts := map[desk.ContactID]desk.Contact{}
	for some := range slices.Chunk(ids, 500) {
		of, args := anyOf("id", some)
		found, err := x.contacts(ctx, of, args...)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			contacts[c.ID] = c
		}
	}
	return contacts, nil
}

// contacts returns the contacts of the account for which the condition holds,
// the oldest first.
func (x deskTx) contacts(ctx context.Context, where string, args ...any) ([]desk.Contact, error) {
	rows, err := all[contactRow](ctx, x.tx, "WHERE account = ? AND "+where+" ORDER BY created_at, id", append([]any{x.acct}, args...)...)
	if err != nil {
		return nil, err
	}
	return each(rows, contactRow.contact)
}

func (x deskTx) ContactByIdentity(ctx context.Context, i desk.Identity) (desk.Contact, error) {
	row, err := get[identityRow](ctx, x.tx, "WHERE account = ? AND line = ? AND value = ?", x.acct, i.Line, i.Value)
	if err != nil {
		return desk.Contact{}, found(err, errNoContact)
	}
	return x.Contact(ctx, row.Contact)
}

func (x deskTx) ContactBy(ctx context.Context, phone, email string) ([]desk.Contact, error) {
	switch {
	case phone == "" && email == "":
		return nil, nil
	case email == "":
		return x.contacts(ctx, "phone = ? AND phone <> ''", phone)
	case phone == "":
		return x.contacts(ctx, "email = ? AND email <> ''", email)
	default:
		return x.contacts(ctx, "(phone = ? AND phone <> '' OR email = ? AND email <> '')", phone, email)
	}
}

func (x deskTx) Members(ctx context.Context, primary desk.ContactID) ([]desk.Contact, error) {
	return x.contacts(ctx, "merged_into = ? AND merged_into <> ''", primary)
}

func (x deskTx) PutContact(ctx context.Context, c desk.Contact, events ...desk.Event) error {
	known := x.desk.contacts[c.ID]
	if known.row.Seq == 0 && c.Version != 1 {
		if _, err := x.Contact(ctx, c.ID); err != nil && !isNotFound(err) {
			return err
		}
		known = x.desk.contacts[c.ID]
	}
	if c.Version != known.contact.Version+1 {
		return errStale
	}
	row, err := contactRowOf(x.acct, c, known)
	if err != nil {
		return err
	}
	if err := x.unclaimed(ctx, c, known.contact); err != nil {
		return err
	}
	if row.Seq, err = x.writeContact(ctx, row, known.row); err != nil {
		return err
	}
	x.desk.contacts[c.ID] = knownContact{row, c}
	if err := x.putIdentities(ctx, c, known.contact); err != nil {
		return x.halfway(err)
	}
	words := row.words(c.Attributes)
	if known.row.Seq == 0 || words != known.row.words(known.contact.Attributes) {
		if err := x.putPerson(ctx, row.Seq, words, known.row.Seq != 0); err != nil {
			return x.halfway(err)
		}
	}
	return x.halfway(note(x.tx, string(c.ID), "", events))
}

func (x deskTx) writeContact(ctx context.Context, row, from contactRow) (int64, error) {
	if from.Seq == 0 {
		seq, err := addNumbered(ctx, x.tx, &row)
		if err == nil && seq == 0 {
			err = errStale
		}
		return seq, err
	}
	changed, err := change(ctx, x.tx, &from, &row, "WHERE account = ? AND id = ? AND version = ?", x.acct, row.ID, from.Version)
	if err == nil && !changed {
		err = errStale
	}
	return row.Seq, err
}

// unclaimed fails if an identity that the contact is about to have is another's.
func (x deskTx) unclaimed(ctx context.Context, c, was desk.Contact) error {
	for _, i := range without(c.Identities, was.Identities) {
		row, err := get[identityRow](ctx, x.tx, "WHERE account = ? AND line = ? AND value = ?", x.acct, i.Line, i.Value)
		if err := found(err, nil); err != nil {
			return err
		}
		if row.Contact != "" && row.Contact != c.ID {
			return conflict("the identity belongs to another contact")
		}
	}
	return nil
}

func (x deskTx) putIdentities(ctx context.Context, c, was desk.Contact) error {
	for _, i := range without(was.Identities, c.Identities) {
		if _, err := x.exec(ctx, "DELETE FROM desk_identities WHERE account = ? AND line = ? AND value = ? AND contact = ?", x.acct, i.Line, i.Value, c.ID); err != nil {
			return err
		}
	}
	for _, i := range without(c.Identities, was.Identities) {
		if _, err := add(ctx, x.tx, &identityRow{Account: x.acct, Line: i.Line, Value: i.Value, Contact: c.ID}); err != nil {
			return err
		}
	}
	return nil
}

type contactNoteRow struct {
	bun.BaseModel `bun:"table:desk_contact_notes"`

	Account account.ID
	Contact desk.ContactID
	ID      desk.NoteID
	UserID  account.UserID
	Name    string
	Body    string
	At      int64
}

func (x deskTx) ContactNotes(ctx context.Context, contacts []desk.ContactID) (notes []desk.ContactNote, _ error) {
	if len(contacts) == 0 {
		return nil, nil
	}
	of, args := anyOf("contact", contacts)
	rows, err := all[contactNoteRow](ctx, x.tx, "WHERE account = ? AND "+of+" ORDER BY at DESC, id DESC", append([]any{x.acct}, args...)...)
	for _, r := range rows {
		notes = append(notes, desk.ContactNote{ID: r.ID, Contact: r.Contact, By: r.UserID, Name: r.Name, Text: r.Body, At: timeOf(r.At)})
	}
	return notes, err
}

func (x deskTx) PutContactNote(ctx context.Context, n desk.ContactNote) error {
	row := contactNoteRow{Account: x.acct, Contact: n.Contact, ID: n.ID, UserID: n.By, Name: n.Name, Body: n.Text, At: n.At.UnixMicro()}
	_, err := put(ctx, x.tx, &row, "account, id")
	return err
}
