package httpapi

import (
	"context"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
)

// Requests and answers about contacts.
type (
	listContacts struct {
		Text   string               `json:"-" query:"q" doc:"Part of the name, phone, e-mail or an attribute."`
		Status []desk.ContactStatus `json:"-" query:"status" doc:"Any of these, with commas between."`
		Source []desk.Kind          `json:"-" query:"source" doc:"Any of these channels, with commas between."`
		Sort   string               `json:"-" query:"sort" doc:"name, or seen for the most recent first; name if it is not given."`
		After  string               `json:"-" query:"after" doc:"ID of the last contact of the page before."`
		Limit  int                  `json:"-" query:"limit" doc:"How many at most: 1 to 200, 50 if it is not given."`
	}
	contactList struct {
		Contacts []contact `json:"contacts" doc:"Contacts, in the order asked for."`
		Next     string    `json:"next" doc:"What to give as after for the next page; empty if there is none."`
	}
	addContact struct {
		Name       string            `json:"name,omitempty" doc:"At most 200 characters."`
		Phone      string            `json:"phone,omitempty" doc:"As people write it."`
		Region     string            `json:"region,omitempty" doc:"ISO 3166 alpha-2 country of a number without a country code."`
		Email      string            `json:"email,omitempty" doc:"E-mail address."`
		Attributes map[string]string `json:"attributes,omitempty" doc:"By key of the account's attributes."`
	}
	contactAnswer struct {
		Contact contact `json:"contact" doc:"The contact."`
	}
	oneContact struct {
		ID string `json:"-" path:"id" doc:"ID of the contact."`
	}
	contactDetail struct {
		Contact contact       `json:"contact" doc:"The contact."`
		Members []contact     `json:"members" doc:"Contacts that are the same person."`
		Notes   []contactNote `json:"notes" doc:"The newest first."`
		Tickets []ticket      `json:"tickets" doc:"That the caller may see, the most recently updated first."`
	}
	changeContact struct {
		ID         string            `json:"-" path:"id" doc:"ID of the contact."`
		Name       *string           `json:"name,omitempty" doc:"At most 200 characters."`
		Phone      *string           `json:"phone,omitempty" doc:"As people write it; empty for none."`
		Region     string            `json:"region,omitempty" doc:"ISO 3166 alpha-2 country of a number without a country code."`
		Email      *string           `json:"email,omitempty" doc:"E-mail address; empty for none."`
		Attributes map[string]string `json:"attributes,omitempty" doc:"Those that change; an empty value takes one away."`
		Status     *string           `json:"status,omitempty" doc:"What the contact may do." enum:"active,inactive,blocked"`
	}
	noteContact struct {
		ID   string `json:"-" path:"id" doc:"ID of the contact."`
		Text string `json:"text" doc:"At most 10,000 characters."`
	}
	noteAnswer struct {
		Note contactNote `json:"note" doc:"The note."`
	}
	mergeContact struct {
		ID    string `json:"-" path:"id" doc:"ID of the contact that stays."`
		Other string `json:"other" doc:"ID of the contact that is the same person."`
	}
)

func (a *API) contactRoutes() []route {
	at := "/api/desk/contacts/{id}"
	r := func(method, path string, need account.Permission, status int, summary, detail string, op operation, fails ...int) route {
		return route{method: method, path: path, access: signedIn, need: need, status: status, summary: summary, detail: detail, op: op, fails: fails}
	}
	return []route{
		r("GET", "/api/desk/contacts", account.DeskWork, 200, "List contacts", "", handle(a.listContacts)),
		r("POST", "/api/desk/contacts", account.DeskWork, 201, "Add a contact", "", handle(a.addContact), 409),
		r("GET", at, account.DeskWork, 200, "Read a contact", "", handle(a.contactDetail)),
		r("PATCH", at, account.DeskWork, 200, "Change a contact", "To block one is for who serves it, or supervises.", handle(a.changeContact), 409),
		r("POST", at+"/notes", account.DeskWork, 201, "Note something on a contact", "It is seen with every conversation.", handle(a.noteContact)),
		r("POST", at+"/merge", account.DeskManage, 200, "Say that two contacts are one person", "It can be undone.", handle(a.mergeContact), 409),
		r("POST", at+"/unmerge", account.DeskManage, 200, "Undo that", "", handle(a.unmergeContact), 409),
	}
}

func (a *API) listContacts(ctx context.Context, r *Request[listContacts]) (contactList, error) {
	var c fault.Check
	c.That(r.In.Limit >= 0 && r.In.Limit <= 200, "limit", "has to be between 1 and 200")
	c.That(r.In.Sort == "" || r.In.Sort == "name" || r.In.Sort == "seen", "sort", "is neither name nor seen")
	if err := c.Err(); err != nil {
		return contactList{}, err
	}
	q := desk.ContactQuery{Text: r.In.Text, Status: r.In.Status, Source: r.In.Source, Sort: r.In.Sort, After: desk.ContactID(r.In.After), Limit: r.In.Limit}
	if q.Limit == 0 {
		q.Limit = 50
	}
	all, err := a.cfg.Desk.ContactList(ctx, r.By, q)
	out := contactList{Contacts: listed(all, contactOf)}
	if len(all) == q.Limit {
		out.Next = string(all[len(all)-1].ID)
	}
	return out, err
}

func (a *API) addContact(ctx context.Context, r *Request[addContact]) (contactAnswer, error) {
	c, err := a.cfg.Desk.AddContact(ctx, r.By, desk.NewContact{
		Name: r.In.Name, Phone: r.In.Phone, Region: r.In.Region, Email: r.In.Email, Attributes: r.In.Attributes,
	})
	return contactAnswer{contactOf(c)}, err
}

func (a *API) contactDetail(ctx context.Context, r *Request[oneContact]) (contactDetail, error) {
	d, err := a.cfg.Desk.ContactDetail(ctx, r.By, desk.ContactID(r.In.ID))
	if err != nil {
		return contactDetail{}, err
	}
	s, err := a.cfg.Desk.Setup(ctx, r.By)
	return contactDetail{
		contactOf(d.Contact), listed(d.Members, contactOf), listed(d.Notes, noteOf),
		listed(d.Tickets, func(row desk.Row) ticket { return ticketOf(row, s, r.By) }),
	}, err
}

func (a *API) changeContact(ctx context.Context, r *Request[changeContact]) (contactAnswer, error) {
	c, err := a.cfg.Desk.ChangeContact(ctx, r.By, desk.ContactID(r.In.ID), desk.ContactChange{
		Name: r.In.Name, Phone: r.In.Phone, Email: r.In.Email, Region: r.In.Region, Attributes: r.In.Attributes,
		Status: (*desk.ContactStatus)(r.In.Status),
	})
	return contactAnswer{contactOf(c)}, err
}

func (a *API) noteContact(ctx context.Context, r *Request[noteContact]) (noteAnswer, error) {
	n, err := a.cfg.Desk.NoteContact(ctx, r.By, desk.ContactID(r.In.ID), r.In.Text)
	return noteAnswer{noteOf(n)}, err
}

func (a *API) mergeContact(ctx context.Context, r *Request[mergeContact]) (contactAnswer, error) {
	c, err := a.cfg.Desk.Merge(ctx, r.By, desk.ContactID(r.In.ID), desk.ContactID(r.In.Other))
	return contactAnswer{contactOf(c)}, err
}

func (a *API) unmergeContact(ctx context.Context, r *Request[mergeContact]) (contactAnswer, error) {
	c, err := a.cfg.Desk.Unmerge(ctx, r.By, desk.ContactID(r.In.ID), desk.ContactID(r.In.Other))
	return contactAnswer{contactOf(c)}, err
}
