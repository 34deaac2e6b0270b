package httpapi

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/routing"
	"github.com/tandem-cc/tandem/internal/fault"
)

// Requests and answers about tickets.
type (
	listTickets struct {
		View        string        `json:"-" query:"view" doc:"mine, queue, resolved, closed, all or spam; mine if it is not given."`
		Text        string        `json:"-" query:"q" doc:"Words of a message, part of the customer's name, phone or e-mail, or the number."`
		Status      []desk.Status `json:"-" query:"status" doc:"Any of these, with commas between."`
		Channel     []desk.Kind   `json:"-" query:"channel" doc:"Any of these, with commas between."`
		Queue       []string      `json:"-" query:"queue" doc:"Any of these IDs, with commas between."`
		Agent       string        `json:"-" query:"agent" doc:"ID of who has it, or none."`
		Tag         string        `json:"-" query:"tag" doc:"A tag."`
		Label       string        `json:"-" query:"label" doc:"ID of a label."`
		Contact     string        `json:"-" query:"contact" doc:"ID of the contact."`
		UpdatedFrom time.Time     `json:"-" query:"updated_from" doc:"Something happened at that time or later."`
		UpdatedTo   time.Time     `json:"-" query:"updated_to" doc:"Nothing happened at that time or later."`
		CreatedFrom time.Time     `json:"-" query:"created_from" doc:"Opened at that time or later."`
		CreatedTo   time.Time     `json:"-" query:"created_to" doc:"Opened before that time."`
		People      int           `json:"-" query:"people" doc:"1 to look for the text in names and phone numbers alone."`
		Before      string        `json:"-" query:"before" doc:"ID of the last ticket of the page before."`
		Limit       int           `json:"-" query:"limit" doc:"How many at most: 1 to 200, 50 if it is not given."`
	}
	ticketList struct {
		Tickets []ticket `json:"tickets" doc:"The most recently updated first."`
		Next    string   `json:"next" doc:"What to give as before for the next page; empty if there is none."`
	}
	ticketCounts struct {
		Mine     int          `json:"mine" doc:"That the caller has."`
		Unread   int          `json:"unread" doc:"Of those, with something unread."`
		Queue    int          `json:"queue" doc:"That wait, for the caller to take or to see to."`
		Queues   []queueCount `json:"queues" doc:"By queue."`
		Resolved int          `json:"resolved" doc:"That the caller had, resolved."`
		Closed   int          `json:"closed" doc:"That the caller had, closed."`
	}
	queueCount struct {
		ID      string `json:"id" doc:"ID of the queue."`
		Name    string `json:"name" doc:"Its name."`
		Waiting int    `json:"waiting" doc:"Tickets that wait in it."`
	}
	oneTicket struct {
		ID string `json:"-" path:"id" doc:"ID of the ticket."`
	}
	ticketAnswer struct {
		Ticket ticket `json:"ticket" doc:"The ticket."`
	}
	ticketDetail struct {
		Ticket   ticket        `json:"ticket" doc:"The ticket."`
		Contact  contact       `json:"contact" doc:"The customer."`
		Members  []contact     `json:"members" doc:"Contacts that are the same person."`
		Notes    []contactNote `json:"notes" doc:"On the customer, the newest first."`
		Previous []ticket      `json:"previous" doc:"Earlier conversations, the most recent first."`
		Position *position     `json:"position,omitempty" doc:"Of a ticket that waits."`
		History  bool          `json:"history" doc:"The caller sees it as part of a customer's history alone."`
	}
	position struct {
		Ahead int `json:"ahead" doc:"Tickets before it."`
	}
	listEntries struct {
		ID     string `json:"-" path:"id" doc:"ID of the ticket."`
		After  int    `json:"-" query:"after" doc:"N of the last entry that the caller has."`
		Before int    `json:"-" query:"before" doc:"N of the first entry that the caller has, for earlier ones."`
		Limit  int    `json:"-" query:"limit" doc:"How many at most: 1 to 500, 200 if it is not given."`
	}
	entryList struct {
		Entries []entry `json:"entries" doc:"The oldest first."`
	}
	writeReply struct {
		ID    string   `json:"-" path:"id" doc:"ID of the ticket."`
		Op    string   `json:"op" doc:"Chosen by the caller: sent again with it, it is the same message."`
		Text  string   `json:"text" doc:"At most 10,000 characters."`
		Files []string `json:"files,omitempty" doc:"IDs of uploaded files."`
	}
	replyAnswer struct {
		Entry  entry  `json:"entry" doc:"The message."`
		Ticket ticket `json:"ticket" doc:"The ticket."`
	}
	writeNote struct {
		ID   string `json:"-" path:"id" doc:"ID of the ticket."`
		Op   string `json:"op,omitempty" doc:"Chosen by the caller: sent again with it, it is the same note."`
		Text string `json:"text" doc:"At most 10,000 characters."`
	}
	entryAnswer struct {
		Entry entry `json:"entry" doc:"The entry."`
	}
	setStatus struct {
		ID     string `json:"-" path:"id" doc:"ID of the ticket."`
		Status string `json:"status" doc:"The new one." enum:"open,pending,on_hold"`
	}
	resolveTicket struct {
		ID          string `json:"-" path:"id" doc:"ID of the ticket."`
		Disposition string `json:"disposition,omitempty" doc:"One of the queue's."`
		Note        string `json:"note,omitempty" doc:"For colleagues."`
	}
	transferTicket struct {
		ID       string `json:"-" path:"id" doc:"ID of the ticket."`
		Agent    string `json:"agent,omitempty" doc:"ID of the agent who is to have it."`
		Queue    string `json:"queue,omitempty" doc:"ID of the queue that it is to wait in, instead."`
		Note     string `json:"note,omitempty" doc:"For who gets it; at most 1,000 characters."`
		Override bool   `json:"override,omitempty" doc:"Beyond the agent's limit or status; of supervisors."`
	}
	markTicket struct {
		ID     string   `json:"-" path:"id" doc:"ID of the ticket."`
		Tags   []string `json:"tags" doc:"All that it is to have; at most 20."`
		Labels []string `json:"labels" doc:"IDs of all that it is to have."`
	}
	moveTickets struct {
		Tickets []string `json:"tickets" doc:"IDs of 1 to 200 tickets."`
		Agent   string   `json:"agent,omitempty" doc:"ID of the agent who is to have them."`
		Queue   string   `json:"queue,omitempty" doc:"ID of the queue that they are to wait in, instead."`
		Note    string   `json:"note,omitempty" doc:"For who gets them."`
	}
	moveResults struct {
		Results []moveResult `json:"results" doc:"One for each ticket, in their order."`
	}
	moveResult struct {
		Ticket  string `json:"ticket" doc:"ID of the ticket."`
		OK      bool   `json:"ok" doc:"Whether it was moved."`
		Problem string `json:"problem,omitempty" doc:"Why not."`
	}
	startTicket struct {
		Contact string   `json:"contact" doc:"ID of the contact."`
		Line    string   `json:"line" doc:"ID of a line on which the contact is known."`
		Queue   string   `json:"queue,omitempty" doc:"ID of the queue; the line's if it is not given."`
		Op      string   `json:"op" doc:"Chosen by the caller."`
		Text    string   `json:"text" doc:"The first message."`
		Files   []string `json:"files,omitempty" doc:"IDs of uploaded files."`
	}
	explanation struct {
		Candidates []candidate `json:"candidates" doc:"Every agent of the queue."`
	}
	candidate struct {
		Agent    string `json:"agent" doc:"ID of the agent."`
		Name     string `json:"name" doc:"Name of the agent."`
		Eligible bool   `json:"eligible" doc:"Whether the ticket may go there now."`
		Problem  string `json:"problem,omitempty" doc:"Why not."`
	}
)

func (a *API) ticketRoutes() []route {
	const hidden = "A ticket that the caller may not see does not exist for the caller."
	at := "/api/desk/tickets/{id}"
	r := func(method, path string, need account.Permission, status int, summary, detail string, op operation, fails ...int) route {
		return route{method: method, path: path, access: signedIn, need: need, status: status, summary: summary, detail: detail, op: op, fails: fails}
	}
	return []route{
		r("GET", "/api/desk/tickets", account.DeskWork, 200, "List tickets", "What may be seen is decided before the limit.", handle(a.listTickets)),
		r("POST", "/api/desk/tickets", account.DeskWork, 201, "Start a conversation", "If one is live with the contact on that line, it goes on.", handle(a.startTicket), 409, 404),
		r("GET", "/api/desk/counts", account.DeskWork, 200, "Count tickets", "What the caller's lists hold.", handle(a.countTickets)),
		r("POST", "/api/desk/bulk", account.DeskManage, 200, "Move several tickets", "Each by itself: the answer says what became of each.", handle(a.moveTickets)),
		r("GET", at, account.DeskWork, 200, "Read a ticket", hidden, handle(a.ticketDetail)),
		r("GET", at+"/entries", account.DeskWork, 200, "Read a ticket's history", hidden, handle(a.ticketEntries)),
		r("GET", at+"/explain", account.DeskManage, 200, "See why nobody gets a ticket", "", handle(a.explainTicket)),
		r("POST", at+"/claim", account.DeskWork, 200, "Take a ticket that waits", "Of several who take it one gets it.", handle(a.claimTicket), 409),
		r("POST", at+"/replies", account.DeskWork, 201, "Write to the customer", "", handle(a.writeReply), 409),
		r("POST", at+"/notes", account.DeskWork, 201, "Write a note for colleagues", "It is never sent.", handle(a.writeNote), 409),
		r("POST", at+"/read", account.DeskWork, 204, "Say that one looked", "It counts if the ticket is the caller's.", handle(a.readTicket)),
		r("POST", at+"/status", account.DeskWork, 200, "Set open, pending or on hold", "", handle(a.setStatus), 409),
		r("POST", at+"/resolve", account.DeskWork, 200, "Resolve a ticket", "", handle(a.resolveTicket), 409),
		r("POST", at+"/reopen", account.DeskWork, 200, "Open a resolved ticket again", "", handle(a.reopenTicket), 409),
		r("POST", at+"/spam", account.DeskWork, 200, "Close a ticket as unwanted", "", handle(a.spamTicket), 409),
		r("POST", at+"/transfer", account.DeskWork, 200, "Hand a ticket over", "To an agent at once, or to a queue.", handle(a.transferTicket), 409),
		r("PUT", at+"/marks", account.DeskWork, 200, "Set tags and labels", "", handle(a.markTicket), 409),
	}
}

func as[To, From ~string](v []From) (out []To) {
	for _, x := range v {
		out = append(out, To(x))
	}
	return out
}

func (a *API) listTickets(ctx context.Context, r *Request[listTickets]) (ticketList, error) {
	in := r.In
	q := desk.Query{
		Text: in.Text, Status: in.Status, Channel: in.Channel, Queue: as[desk.QueueID](in.Queue), Tag: in.Tag, Label: desk.LabelID(in.Label),
		Updated: desk.Span{From: in.UpdatedFrom, To: in.UpdatedTo}, Created: desk.Span{From: in.CreatedFrom, To: in.CreatedTo},
		People: in.People == 1, Before: desk.TicketID(in.Before), Limit: in.Limit,
	}
	var c fault.Check
	c.That(in.Limit >= 0 && in.Limit <= 200, "limit", "has to be between 1 and 200")
	if err := c.Err(); err != nil {
		return ticketList{}, err
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	switch {
	case in.Agent == "none":
		q.Assignee = []account.UserID{""}
	case in.Agent != "":
		q.Assignee = []account.UserID{account.UserID(in.Agent)}
	}
	if in.Contact != "" {
		q.Contact = []desk.ContactID{desk.ContactID(in.Contact)}
	}
	view := desk.View(in.View)
	if view == "" {
		view = desk.ViewMine
	}
	rows, err := a.cfg.Desk.List(ctx, r.By, view, q)
	if err != nil {
		return ticketList{}, err
	}
	s, err := a.cfg.Desk.Setup(ctx, r.By)
	out := ticketList{Tickets: listed(rows, func(row desk.Row) ticket { return ticketOf(row, s, r.By) })}
	if len(rows) == q.Limit {
		out.Next = string(rows[len(rows)-1].Ticket.ID)
	}
	return out, err
}

func (a *API) countTickets(ctx context.Context, r *Request[empty]) (ticketCounts, error) {
	c, err := a.cfg.Desk.Counts(ctx, r.By)
	return ticketCounts{c.Mine, c.Unread, c.Queue, listed(c.Queues, queueCountOf), c.Resolved, c.Closed}, err
}

func queueCountOf(q desk.QueueCount) queueCount {
	return queueCount{string(q.Queue), q.Name, q.Waiting}
}

func (a *API) ticketDetail(ctx context.Context, r *Request[oneTicket]) (ticketDetail, error) {
	d, err := a.cfg.Desk.View(ctx, r.By, desk.TicketID(r.In.ID))
	if err != nil {
		return ticketDetail{}, err
	}
	s, err := a.cfg.Desk.Setup(ctx, r.By)
	out := ticketDetail{
		Ticket: ticketOf(d.Row, s, r.By), Contact: contactOf(d.Contact), Members: listed(d.Members, contactOf), Notes: listed(d.Notes, noteOf),
		Previous: listed(d.Previous, func(row desk.Row) ticket { return ticketOf(row, s, r.By) }), History: d.History,
	}
	if a.cfg.Router != nil && d.Ticket.Waiting() {
		if ahead, ok := a.cfg.Router.Position(r.By.Account, d.Ticket.ID); ok {
			out.Position = &position{ahead}
		}
	}
	return out, err
}

func (a *API) ticketEntries(ctx context.Context, r *Request[listEntries]) (entryList, error) {
	var c fault.Check
	c.That(r.In.After >= 0, "after", "is negative")
	c.That(r.In.Before >= 0, "before", "is negative")
	c.That(r.In.Limit >= 0 && r.In.Limit <= 500, "limit", "has to be between 1 and 500")
	if err := c.Err(); err != nil {
		return entryList{}, err
	}
	all, err := a.cfg.Desk.Entries(ctx, r.By, desk.TicketID(r.In.ID), r.In.After, r.In.Before, r.In.Limit)
	return entryList{listed(all, entryOf)}, err
}

// obstacles are why an agent does not get a ticket, as sentences.
var obstacles = map[routing.Obstacle]string{
	routing.NotWaiting: "The conversation does not wait.", routing.Closed: "The queue is closed.",
	routing.NotPushed: "In this queue agents take conversations themselves.", routing.OtherChannel: "Does not serve this channel.",
	routing.LacksSkills: "Lacks a skill.", routing.Unavailable: "Is not available.", routing.PrefersOther: "The conversation waits for its last agent.",
	routing.Declined: "Has declined it.", routing.CoolingDown: "Has just declined another.", routing.NoRoom: "Has as much work as the limit allows.",
	routing.SlowStarting: "Has just arrived, and gets work slowly.",
}

func (a *API) explainTicket(ctx context.Context, r *Request[oneTicket]) (explanation, error) {
	if a.cfg.Router == nil {
		return explanation{[]candidate{}}, nil
	}
	all, err := a.cfg.Router.Explain(ctx, r.By, desk.TicketID(r.In.ID))
	if err != nil {
		return explanation{}, err
	}
	agents, err := a.cfg.Desk.Agents(ctx, r.By)
	names := map[routing.AgentID]string{}
	for _, x := range agents {
		names[routing.AgentID(x.User)] = x.Name
	}
	return explanation{listed(all, func(c routing.Candidate) candidate {
		return candidate{string(c.Agent), names[c.Agent], c.Obstacle == "", obstacles[c.Obstacle]}
	})}, err
}

// ticketBack answers with a ticket after a command, as the caller sees it now. One
// that the caller has handed over is shown for the last time.
func (a *API) ticketBack(ctx context.Context, by account.Actor, t desk.Ticket, err error) (ticketAnswer, error) {
	if err != nil {
		return ticketAnswer{}, err
	}
	s, err := a.cfg.Desk.Setup(ctx, by)
	if err != nil {
		return ticketAnswer{}, err
	}
	row := desk.Row{Ticket: t}
	if d, err := a.cfg.Desk.View(ctx, by, t.ID); err == nil {
		row = d.Row
	}
	return ticketAnswer{ticketOf(row, s, by)}, nil
}

func (a *API) claimTicket(ctx context.Context, r *Request[oneTicket]) (ticketAnswer, error) {
	t, err := a.cfg.Desk.Claim(ctx, r.By, desk.TicketID(r.In.ID))
	return a.ticketBack(ctx, r.By, t, err)
}

func (a *API) writeReply(ctx context.Context, r *Request[writeReply]) (replyAnswer, error) {
	e, t, err := a.cfg.Desk.Reply(ctx, r.By, desk.TicketID(r.In.ID), desk.Draft{Op: r.In.Op, Text: r.In.Text, Files: as[desk.FileID](r.In.Files)})
	back, err := a.ticketBack(ctx, r.By, t, err)
	return replyAnswer{entryOf(e), back.Ticket}, err
}

func (a *API) writeNote(ctx context.Context, r *Request[writeNote]) (entryAnswer, error) {
	e, err := a.cfg.Desk.Note(ctx, r.By, desk.TicketID(r.In.ID), r.In.Op, r.In.Text)
	return entryAnswer{entryOf(e)}, err
}

func (a *API) readTicket(ctx context.Context, r *Request[oneTicket]) (none, error) {
	return none{}, a.cfg.Desk.MarkRead(ctx, r.By, desk.TicketID(r.In.ID))
}

func (a *API) setStatus(ctx context.Context, r *Request[setStatus]) (ticketAnswer, error) {
	t, err := a.cfg.Desk.SetStatus(ctx, r.By, desk.TicketID(r.In.ID), desk.Status(r.In.Status))
	return a.ticketBack(ctx, r.By, t, err)
}

func (a *API) resolveTicket(ctx context.Context, r *Request[resolveTicket]) (ticketAnswer, error) {
	t, err := a.cfg.Desk.Resolve(ctx, r.By, desk.TicketID(r.In.ID), desk.Resolution{Disposition: r.In.Disposition, Note: r.In.Note})
	return a.ticketBack(ctx, r.By, t, err)
}

func (a *API) reopenTicket(ctx context.Context, r *Request[oneTicket]) (ticketAnswer, error) {
	t, err := a.cfg.Desk.Reopen(ctx, r.By, desk.TicketID(r.In.ID))
	return a.ticketBack(ctx, r.By, t, err)
}

func (a *API) spamTicket(ctx context.Context, r *Request[oneTicket]) (ticketAnswer, error) {
	t, err := a.cfg.Desk.Spam(ctx, r.By, desk.TicketID(r.In.ID))
	return a.ticketBack(ctx, r.By, t, err)
}

func (a *API) transferTicket(ctx context.Context, r *Request[transferTicket]) (ticketAnswer, error) {
	t, err := a.cfg.Desk.Transfer(ctx, r.By, desk.TicketID(r.In.ID), desk.Target{
		Agent: account.UserID(r.In.Agent), Queue: desk.QueueID(r.In.Queue), Note: r.In.Note, Override: r.In.Override,
	})
	return a.ticketBack(ctx, r.By, t, err)
}

func (a *API) markTicket(ctx context.Context, r *Request[markTicket]) (ticketAnswer, error) {
	t, err := a.cfg.Desk.Mark(ctx, r.By, desk.TicketID(r.In.ID), r.In.Tags, as[desk.LabelID](r.In.Labels))
	if err == nil && t.ID == "" { // nothing has changed
		t.ID = desk.TicketID(r.In.ID)
	}
	return a.ticketBack(ctx, r.By, t, err)
}

func (a *API) moveTickets(ctx context.Context, r *Request[moveTickets]) (moveResults, error) {
	all, err := a.cfg.Desk.Bulk(ctx, r.By, as[desk.TicketID](r.In.Tickets), desk.Target{
		Agent: account.UserID(r.In.Agent), Queue: desk.QueueID(r.In.Queue), Note: r.In.Note,
	})
	return moveResults{listed(all, func(x desk.BulkResult) moveResult {
		out := moveResult{Ticket: string(x.Ticket), OK: x.Err == nil}
		if x.Err != nil {
			out.Problem = problemText(x.Err)
		}
		return out
	})}, err
}

func (a *API) startTicket(ctx context.Context, r *Request[startTicket]) (ticketAnswer, error) {
	_, t, err := a.cfg.Desk.Start(ctx, r.By, desk.NewConversation{
		Contact: desk.ContactID(r.In.Contact), Line: desk.LineID(r.In.Line), Queue: desk.QueueID(r.In.Queue),
		Draft: desk.Draft{Op: r.In.Op, Text: r.In.Text, Files: as[desk.FileID](r.In.Files)},
	})
	return a.ticketBack(ctx, r.By, t, err)
}

// problemText is what one of several things that were asked for failed of.
func problemText(err error) string {
	p, ours := problemOf(err, "")
	if ours {
		return "Something went wrong on our side."
	}
	return p.Detail
}
