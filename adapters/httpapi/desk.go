package httpapi

import (
	"encoding/json"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

// Answers about the desk.
type (
	named struct {
		ID   string `json:"id" doc:"ID."`
		Name string `json:"name" doc:"Name."`
	}
	ticket struct {
		ID          string       `json:"id" doc:"ID of the ticket."`
		Number      int          `json:"number" doc:"Number within the account."`
		Status      string       `json:"status" doc:"Where it stands." enum:"new,open,pending,on_hold,resolved,closed"`
		State       string       `json:"state" doc:"How the conversation looks." enum:"unassigned,assigned,read,responded,closed"`
		Reason      string       `json:"reason,omitempty" doc:"Why it was resolved or closed."`
		Channel     string       `json:"channel" doc:"How the customer writes."`
		Line        string       `json:"line" doc:"ID of the line."`
		Queue       string       `json:"queue" doc:"ID of the queue."`
		QueueName   string       `json:"queue_name" doc:"Name of the queue."`
		Subject     string       `json:"subject,omitempty" doc:"Of an e-mail."`
		Assignee    *named       `json:"assignee,omitempty" doc:"Who has it; absent if nobody has."`
		Contact     ticketPerson `json:"contact" doc:"The customer."`
		Prev        string       `json:"prev,omitempty" doc:"ID of the ticket that this one follows."`
		Cycle       int          `json:"cycle" doc:"1, and one more with every reopening."`
		CreatedAt   time.Time    `json:"created_at" doc:"When it was opened."`
		UpdatedAt   time.Time    `json:"updated_at" doc:"When anything last happened."`
		QueuedAt    time.Time    `json:"queued_at" doc:"What gives it its place in the queue."`
		AssignedAt  *time.Time   `json:"assigned_at,omitempty" doc:"When it came to who has it."`
		WaitingFrom *time.Time   `json:"waiting_from,omitempty" doc:"Since when the customer waits for an answer."`
		Due         []due        `json:"due" doc:"What runs out if nothing happens."`
		Unread      int          `json:"unread" doc:"Messages of the customer since the assignee looked."`
		Transfers   int          `json:"transfers" doc:"How often people handed it over."`
		Disposition string       `json:"disposition,omitempty" doc:"How it was resolved, in the queue's own words."`
		Tags        []string     `json:"tags" doc:"Tags."`
		Labels      []label      `json:"labels" doc:"Labels."`
		Last        *lastMessage `json:"last,omitempty" doc:"Last message."`
		Mine        bool         `json:"mine" doc:"Whether the caller has it."`
		May         may          `json:"may" doc:"What the caller can do with it now."`
		Version     int          `json:"version" doc:"One more with every change."`
	}
	ticketPerson struct {
		ID     string `json:"id" doc:"ID of the contact."`
		Name   string `json:"name" doc:"Name; empty if unknown."`
		Phone  string `json:"phone,omitempty" doc:"E.164."`
		Email  string `json:"email,omitempty" doc:"E-mail address."`
		Status string `json:"status" doc:"What the contact may do." enum:"active,inactive,blocked"`
	}
	due struct {
		Kind string    `json:"kind" doc:"What happens then." enum:"resolved,pending,inactivity,lease,abandon"`
		At   time.Time `json:"at" doc:"When."`
	}
	label struct {
		ID     string `json:"id" doc:"ID of the label."`
		Name   string `json:"name" doc:"Name."`
		Colour string `json:"colour" doc:"#rrggbb."`
	}
	lastMessage struct {
		From  string    `json:"from" doc:"Who wrote it." enum:"customer,agent,system"`
		Name  string    `json:"name" doc:"Name of who wrote it."`
		Text  string    `json:"text" doc:"Its beginning."`
		Files int       `json:"files" doc:"Attachments."`
		At    time.Time `json:"at" doc:"When."`
	}
	may struct {
		Claim    bool `json:"claim" doc:"Take it."`
		Reply    bool `json:"reply" doc:"Write to the customer."`
		Note     bool `json:"note" doc:"Write a note."`
		Resolve  bool `json:"resolve" doc:"Resolve it."`
		Move     bool `json:"move" doc:"Set it open, pending or on hold."`
		Transfer bool `json:"transfer" doc:"Hand it over."`
		Assign   bool `json:"assign" doc:"Give it to anybody, beyond limits too."`
		Spam     bool `json:"spam" doc:"Close it as unwanted."`
		Reopen   bool `json:"reopen" doc:"Open it again."`
	}
	entry struct {
		ID       string          `json:"id" doc:"ID of the entry."`
		N        int             `json:"n" doc:"1, 2, 3 … within the ticket."`
		Ticket   string          `json:"ticket" doc:"ID of the ticket."`
		Type     string          `json:"kind" doc:"What it is." enum:"message,note,event"`
		From     string          `json:"from" doc:"Whose." enum:"customer,agent,system"`
		User     string          `json:"user,omitempty" doc:"ID of the agent."`
		Name     string          `json:"name" doc:"Name of the author."`
		Op       string          `json:"op,omitempty" doc:"The sender's own name of it."`
		Text     string          `json:"text" doc:"What was written."`
		Files    []file          `json:"files" doc:"Attachments."`
		Delivery string          `json:"delivery,omitempty" doc:"How far a message of ours has come." enum:"queued,sent,delivered,read,failed"`
		Problem  string          `json:"problem,omitempty" doc:"Why it failed."`
		At       time.Time       `json:"at" doc:"When."`
		SeenAt   *time.Time      `json:"seen_at,omitempty" doc:"When the customer read it."`
		Event    string          `json:"event,omitempty" doc:"Kind of the event."`
		Data     json.RawMessage `json:"data,omitempty" doc:"The event."`
	}
	file struct {
		ID     string `json:"id" doc:"ID of the file."`
		Name   string `json:"name" doc:"Name, with the extension of its type."`
		Type   string `json:"type" doc:"Media type, by content."`
		Size   int64  `json:"size" doc:"Bytes."`
		Width  int    `json:"width,omitempty" doc:"Of an image, in pixels."`
		Height int    `json:"height,omitempty" doc:"Of an image, in pixels."`
		URL    string `json:"url" doc:"Where it is read."`
	}
	contact struct {
		ID         string            `json:"id" doc:"ID of the contact."`
		Name       string            `json:"name" doc:"Name; empty if unknown."`
		Phone      string            `json:"phone" doc:"E.164, or empty."`
		Email      string            `json:"email" doc:"E-mail address, or empty."`
		Status     string            `json:"status" doc:"What the contact may do." enum:"active,inactive,blocked"`
		Attributes map[string]string `json:"attributes" doc:"By key of the account's attributes."`
		Identities []identity        `json:"identities" doc:"How channels know the contact."`
		Source     string            `json:"source" doc:"The channel by which we met; empty if by hand."`
		MergedInto string            `json:"merged_into,omitempty" doc:"ID of the contact that this one is shown as."`
		CreatedAt  time.Time         `json:"created_at" doc:"When it was made."`
		SeenAt     *time.Time        `json:"seen_at,omitempty" doc:"Last message."`
		Version    int               `json:"version" doc:"One more with every change."`
	}
	identity struct {
		Line  string `json:"line" doc:"ID of the line."`
		Kind  string `json:"kind" doc:"Its channel."`
		Value string `json:"value" doc:"Address on the line."`
	}
	contactNote struct {
		ID   string    `json:"id" doc:"ID of the note."`
		Name string    `json:"name" doc:"Who wrote it."`
		Text string    `json:"text" doc:"What was written."`
		At   time.Time `json:"at" doc:"When."`
	}
)

// seconds is a time that passes, as JSON has it; -1 for never.
type seconds float64

func inSeconds(d time.Duration) seconds {
	if d == desk.Off {
		return -1
	}
	return seconds(d.Seconds())
}

func (s seconds) duration() time.Duration {
	switch {
	case s == -1:
		return desk.Off
	case s > 1e9 || s < -1e9:
		return time.Duration(1e18) // beyond what any limit allows
	}
	return time.Duration(float64(s) * float64(time.Second))
}

func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// listed returns v as a list that is never null.
func listed[T, U any](v []T, as func(T) U) []U {
	out := make([]U, len(v))
	for i, x := range v {
		out[i] = as(x)
	}
	return out
}

// most of a message that lists show, in bytes.
const previewMax = 160

func ticketOf(r desk.Row, s desk.Setup, by account.Actor) ticket {
	t := r.Ticket
	out := ticket{
		ID: string(t.ID), Number: t.Number, Status: string(t.Status), State: string(t.State()), Reason: string(t.Reason),
		Channel: string(t.Channel), Line: string(t.Line), Queue: string(t.Queue), QueueName: r.Queue, Subject: t.Subject,
		Contact: ticketPerson{string(r.Contact.ID), r.Contact.Name, r.Contact.Phone, r.Contact.Email, string(r.Contact.Status)},
		Prev:    string(t.Prev), Cycle: len(t.Cycles), CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, QueuedAt: t.QueuedAt,
		AssignedAt: some(t.AssignedAt), WaitingFrom: some(t.WaitingFrom), Unread: t.Unread, Transfers: t.Transfers,
		Disposition: t.Disposition, Tags: listed(t.Tags, func(s string) string { return s }), Mine: t.Assignee == by.User && by.User != "",
		May: may(r.May), Version: t.Version, Labels: []label{},
		Due: listed(t.Timers, func(x desk.Timer) due { return due{string(x.Kind), x.DueAt} }),
	}
	if t.Assignee != "" {
		out.Assignee = &named{string(t.Assignee), r.Assignee}
	}
	for _, l := range s.Labels {
		for _, id := range t.Labels {
			if id == l.ID {
				out.Labels = append(out.Labels, label{string(l.ID), l.Name, l.Colour})
			}
		}
	}
	if e := r.Last; e != nil {
		text := []rune(e.Text)
		out.Last = &lastMessage{string(e.From), e.Name, string(text[:min(len(text), previewMax)]), len(e.Files), e.At}
	}
	return out
}

func entryOf(e desk.Entry) entry {
	return entry{
		ID: string(e.ID), N: e.N, Ticket: string(e.Ticket), Type: string(e.Kind), From: string(e.From), User: string(e.User),
		Name: e.Name, Op: e.Op, Text: e.Text, Files: listed(e.Files, fileOf), Delivery: string(e.Delivery), Problem: e.Problem,
		At: e.At, SeenAt: some(e.SeenAt), Event: e.Event, Data: e.Data,
	}
}

func fileOf(f desk.File) file {
	return file{string(f.ID), f.Name, f.Type, f.Size, f.Width, f.Height, "/api/desk/files/" + string(f.ID)}
}

func contactOf(c desk.Contact) contact {
	attributes := c.Attributes
	if attributes == nil {
		attributes = map[string]string{}
	}
	return contact{
		ID: string(c.ID), Name: c.Name, Phone: c.Phone, Email: c.Email, Status: string(c.Status), Attributes: attributes,
		Identities: listed(c.Identities, func(i desk.Identity) identity { return identity{string(i.Line), string(i.Kind), i.Value} }),
		Source:     string(c.Source), MergedInto: string(c.MergedInto), CreatedAt: c.CreatedAt, SeenAt: some(c.SeenAt), Version: c.Version,
	}
}

func noteOf(n desk.ContactNote) contactNote { return contactNote{string(n.ID), n.Name, n.Text, n.At} }
