package httpapi

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

// Requests and answers about calls.
type (
	startCall struct {
		Phone     string `json:"phone" doc:"The customer's number, as people write it."`
		Region    string `json:"region,omitempty" doc:"ISO 3166 alpha-2 country of a number without a country code; the account's if it is not given."`
		Reference string `json:"reference" doc:"What the call is about: 1 to 64 characters, used by no other call of the account."`
		Previous  string `json:"previous,omitempty" doc:"ID of the call that this one follows."`
		Agent     string `json:"agent,omitempty" doc:"ID of the user whose call it is. API keys have to say it, users cannot."`
	}
	callAndLink struct {
		Call wire.Call `json:"call" doc:"The call."`
		Link string    `json:"link" doc:"The customer's way into the call. It is given only here."`
	}
	callAnswer struct {
		Call wire.Call `json:"call" doc:"The call."`
	}
	listCalls struct {
		Text   string      `json:"-" query:"q" doc:"Part of the reference, or of the digits of the phone number."`
		Status []vi.Status `json:"-" query:"status" doc:"Any of these statuses, with commas between."`
		Agent  string      `json:"-" query:"agent" doc:"ID of the user whose calls to list."`
		From   time.Time   `json:"-" query:"from" doc:"Calls that were started at that time or later."`
		To     time.Time   `json:"-" query:"to" doc:"Calls that were started before that time."`
		Before string      `json:"-" query:"before" doc:"ID of the last call of the page before."`
		Limit  int         `json:"-" query:"limit" doc:"How many at most: 1 to 200, 50 if it is not given."`
	}
	callList struct {
		Calls []wire.Call `json:"calls" doc:"The newest first."`
		Next  string      `json:"next" doc:"What to give as before for the next page; empty if there is none."`
	}
	oneCall struct {
		ID string `json:"-" path:"id" doc:"ID of the call."`
	}
	callDetail struct {
		Call    wire.Call `json:"call" doc:"The call."`
		Quality []quality `json:"quality" doc:"What each side's media was like; none of a side that never had any."`
	}
	quality struct {
		Seat      string `json:"seat" doc:"Whose side." enum:"agent,customer"`
		Candidate string `json:"candidate" doc:"How the browser reached us last." enum:"host,srflx,prflx,relay,"`
		Protocol  string `json:"protocol" doc:"By what." enum:"udp,tcp,"`
		RTT       millis `json:"rtt_ms" doc:"Mean round-trip time in milliseconds; 0 if unknown."`
		Samples   int    `json:"samples" doc:"How many readings these are the means of."`
		In        flow   `json:"in" doc:"From the browser."`
		Out       flow   `json:"out" doc:"To the browser."`
	}
	flow struct {
		Bitrate float64 `json:"bitrate" doc:"Mean rate in bit/s."`
		Loss    float64 `json:"loss" doc:"Share of the packets that were lost: 0 to 1."`
		Jitter  millis  `json:"jitter_ms" doc:"Mean jitter in milliseconds (RFC 3550 §6.4.1)."`
	}
	listMessages struct {
		ID    string `json:"-" path:"id" doc:"ID of the call."`
		After int    `json:"-" query:"after" doc:"Number of the last message that the caller has; 0 if it is not given."`
		Limit int    `json:"-" query:"limit" doc:"How many at most: 1 to 500, 200 if it is not given."`
	}
	messageList struct {
		Messages []wire.Message `json:"messages" doc:"The oldest first."`
		Next     int            `json:"next" doc:"What to give as after for the next page; 0 if there is none yet."`
	}
	inviteAgain struct {
		ID      string `json:"-" path:"id" doc:"ID of the call."`
		Channel string `json:"channel,omitempty" doc:"text to send it, link for one to copy; text if it is not given." enum:"text,link"`
		Phone   string `json:"phone,omitempty" doc:"Another number; the one before if it is not given. Links sent to the one before stop working."`
		Region  string `json:"region,omitempty" doc:"ISO 3166 alpha-2 country of a number without a country code."`
	}
	answerKnock struct {
		ID    string `json:"-" path:"id" doc:"ID of the call."`
		Knock string `json:"knock" doc:"ID of the knock, as the call has it."`
		Admit *bool  `json:"admit" doc:"Whether the other device gets the customer's seat."`
	}
	rateCall struct {
		ID      string `json:"-" path:"id" doc:"ID of the call."`
		Stars   int    `json:"stars" doc:"1 to 5."`
		Comment string `json:"comment,omitempty" doc:"At most 1,000 characters."`
	}
	countCalls struct {
		From  time.Time `json:"-" query:"from" doc:"Calls that were started at that time or later; the beginning of today in the account's time zone if neither time is given."`
		To    time.Time `json:"-" query:"to" doc:"Calls that were started before that time; the end of the day on which from lies."`
		Agent string    `json:"-" query:"agent" doc:"ID of the user whose calls to count."`
	}
	figures struct {
		Calls     int       `json:"calls" doc:"Calls that were started."`
		Connected int       `json:"connected" doc:"Of those, that were connected at some time, ongoing ones included."`
		Dropped   int       `json:"dropped" doc:"Of those, that ended because a side was lost."`
		Talk      float64   `json:"talk_seconds" doc:"Time connected, of calls that are over."`
		Talked    int       `json:"talked" doc:"Calls that talk_seconds is the sum of."`
		Stars     int       `json:"stars" doc:"Sum of the customers' ratings."`
		Rated     int       `json:"rated" doc:"Calls that stars is the sum of."`
		From      time.Time `json:"from" doc:"Beginning of the time counted."`
		To        time.Time `json:"to" doc:"End of the time counted."`
		Zone      string    `json:"zone" doc:"IANA time zone of the account."`
	}
	regionList struct {
		Regions []vi.Region `json:"regions" doc:"Every country with a telephone code."`
	}
)

// millis is a duration in milliseconds.
type millis float64

func inMillis(d time.Duration) millis { return millis(float64(d) / float64(time.Millisecond)) }

func (a *API) callRoutes() []route {
	const ofOthers = "Calls of other accounts do not exist for the caller, and to an agent those of others."
	return []route{
		{
			method: "POST", path: "/api/calls", access: signedIn, need: account.CallsPlace, status: 201, fails: []int{409},
			creates: true, find: "look for the call by its reference with GET /api/calls?q=",
			summary: "Start a call", detail: "Texts the customer a link. A text that the carrier refuses does not end the call: see its invitation.",
			op: handle(a.startCall),
		},
		{
			method: "GET", path: "/api/calls", access: signedIn, need: account.CallsPlace, status: 200,
			summary: "List calls", detail: "Agents see only their own.", op: handle(a.calls),
		},
		{
			method: "GET", path: "/api/calls/{id}", access: signedIn, need: account.CallsPlace, status: 200,
			summary: "Read a call", detail: ofOthers, op: handle(a.oneCall),
		},
		{
			method: "GET", path: "/api/calls/{id}/messages", access: signedIn, need: account.CallsPlace, status: 200,
			summary: "Read the chat of a call", detail: ofOthers, op: handle(a.messages),
		},
		{
			method: "POST", path: "/api/calls/{id}/invites", access: signedIn, need: account.CallsPlace, status: 201, fails: []int{409, 410},
			creates: true, find: "read the call's invitations with GET /api/calls/{id}",
			summary: "Invite again", detail: "Sends the text again, tries another number, or makes a link to copy.", op: handle(a.inviteAgain),
		},
		{
			method: "POST", path: "/api/calls/{id}/hangup", access: signedIn, need: account.CallsPlace, status: 200, fails: []int{410},
			summary: "End a call", detail: "Cancels the invitation, discards a waiting customer, or hangs up: whatever fits.", op: handle(a.hangup),
		},
		{
			method: "POST", path: "/api/calls/{id}/admit", access: signedIn, need: account.CallsPlace, status: 200, fails: []int{409, 410},
			summary: "Answer a knock", detail: "Gives the customer's seat to the device that asks for it, or refuses. It conflicts if that device no longer asks, or another does by now.",
			op: handle(a.admitGuest),
		},
		{
			method: "POST", path: "/api/calls/{id}/rating", access: signedIn, need: account.CallsPlace, status: 200, fails: []int{409, 410},
			summary: "Rate a call", detail: "Once, within a day of its end, by the call's own agent.", op: handle(a.rate),
		},
		{
			method: "GET", path: "/api/figures", access: signedIn, need: account.CallsPlace, status: 200,
			summary: "Count calls", detail: "Agents count only their own. Averages are the reader's to make, where there is something to average.", op: handle(a.figures),
		},
		{
			method: "GET", path: "/api/regions", access: signedIn, status: 200,
			summary: "List countries and their telephone codes", op: handle(a.regions),
		},
	}
}

func (a *API) startCall(ctx context.Context, r *Request[startCall]) (callAndLink, error) {
	if r.By.User != "" && r.In.Agent != "" && r.In.Agent != string(r.By.User) {
		return callAndLink{}, fault.Fields{{Name: "agent", Problem: "can only be given by an API key"}}
	}
	c, link, err := a.cfg.Calls.Start(ctx, r.By, vi.StartCall{
		Phone: r.In.Phone, Region: r.In.Region, Reference: r.In.Reference,
		Previous: vi.CallID(r.In.Previous), Agent: account.UserID(r.In.Agent),
	})
	if err != nil {
		return callAndLink{}, clash(err, "reference", "is already used by another call")
	}
	return callAndLink{a.cfg.Calls.View(c, vi.SeatAgent), link}, nil
}

func (a *API) calls(ctx context.Context, r *Request[listCalls]) (callList, error) {
	limit := r.In.Limit
	if limit == 0 {
		limit = 50
	}
	found, err := a.cfg.Calls.List(ctx, r.By, vi.Query{
		Text: r.In.Text, Status: r.In.Status, Agent: account.UserID(r.In.Agent),
		From: r.In.From.UTC(), To: r.In.To.UTC(), Before: vi.CallID(r.In.Before), Limit: limit,
	})
	if err != nil {
		return callList{}, err
	}
	list := callList{Calls: []wire.Call{}}
	for _, c := range found {
		list.Calls = append(list.Calls, a.cfg.Calls.View(c, vi.SeatAgent))
	}
	if len(found) == limit {
		list.Next = string(found[limit-1].ID)
	}
	return list, nil
}

func (a *API) oneCall(ctx context.Context, r *Request[oneCall]) (callDetail, error) {
	c, err := a.cfg.Calls.Call(ctx, r.By, vi.CallID(r.In.ID))
	if err != nil {
		return callDetail{}, err
	}
	readings, err := a.cfg.Calls.Readings(ctx, r.By, c.ID)
	if err != nil {
		return callDetail{}, err
	}
	d := callDetail{Call: a.cfg.Calls.View(c, vi.SeatAgent), Quality: []quality{}}
	for _, q := range vi.Summarise(readings) {
		d.Quality = append(d.Quality, quality{
			Seat: string(q.Seat), Candidate: q.Candidate, Protocol: q.Protocol, RTT: inMillis(q.RTT), Samples: q.Samples,
			In: viewFlow(q.In), Out: viewFlow(q.Out),
		})
	}
	return d, nil
}

func viewFlow(f vi.FlowReading) flow {
	return flow{Bitrate: f.Bitrate, Loss: f.Loss, Jitter: inMillis(f.Jitter)}
}

func (a *API) messages(ctx context.Context, r *Request[listMessages]) (messageList, error) {
	const most, usual = 500, 200
	var c fault.Check
	c.That(r.In.After >= 0, "after", "is less than 0")
	c.That(r.In.Limit >= 0 && r.In.Limit <= most, "limit", "is not from 1 to %d", most)
	if err := c.Err(); err != nil {
		return messageList{}, err
	}
	limit := r.In.Limit
	if limit == 0 {
		limit = usual
	}
	found, err := a.cfg.Calls.Messages(ctx, r.By, vi.CallID(r.In.ID), r.In.After, limit+1) // one more, to know whether there is a next page
	if err != nil {
		return messageList{}, err
	}
	list := messageList{Messages: []wire.Message{}}
	if len(found) > limit {
		found = found[:limit]
		list.Next = found[limit-1].N
	}
	for _, m := range found {
		list.Messages = append(list.Messages, wire.Message{N: m.N, Op: m.Op, From: string(m.From), Name: m.Name, Text: m.Text, At: m.At})
	}
	return list, nil
}

func (a *API) inviteAgain(ctx context.Context, r *Request[inviteAgain]) (callAndLink, error) {
	c, link, err := a.cfg.Calls.Invite(ctx, r.By, vi.CallID(r.In.ID), vi.InviteAgain{
		Channel: vi.Channel(r.In.Channel), Phone: r.In.Phone, Region: r.In.Region,
	})
	if err != nil {
		return callAndLink{}, err
	}
	return callAndLink{a.cfg.Calls.View(c, vi.SeatAgent), link}, nil
}

func (a *API) hangup(ctx context.Context, r *Request[oneCall]) (callAnswer, error) {
	c, err := a.cfg.Calls.Hangup(ctx, r.By, vi.CallID(r.In.ID))
	return a.answerWith(c, vi.SeatAgent, err)
}

// answerWith shows a call to one of its sides, if there is one to show.
func (a *API) answerWith(c vi.Call, to vi.Seat, err error) (callAnswer, error) {
	if err != nil {
		return callAnswer{}, err
	}
	return callAnswer{a.cfg.Calls.View(c, to)}, nil
}

func (a *API) admitGuest(ctx context.Context, r *Request[answerKnock]) (callAnswer, error) {
	var check fault.Check
	check.That(r.In.Knock != "", "knock", "is missing")
	check.That(r.In.Admit != nil, "admit", "is missing")
	if err := check.Err(); err != nil {
		return callAnswer{}, err
	}
	c, err := a.cfg.Calls.Admit(ctx, r.By, vi.CallID(r.In.ID), r.In.Knock, *r.In.Admit)
	return a.answerWith(c, vi.SeatAgent, err)
}

func (a *API) rate(ctx context.Context, r *Request[rateCall]) (callAnswer, error) {
	c, err := a.cfg.Calls.Rate(ctx, r.By, vi.CallID(r.In.ID), r.In.Stars, r.In.Comment)
	return a.answerWith(c, vi.SeatAgent, err)
}

func (a *API) figures(ctx context.Context, r *Request[countCalls]) (figures, error) {
	zone := time.UTC
	if a.cfg.Accounts != nil {
		acct, err := a.cfg.Accounts.Account(ctx, r.By)
		if err != nil {
			return figures{}, err
		}
		if zone, err = time.LoadLocation(acct.Zone); err != nil {
			return figures{}, err
		}
	}
	from, to := span(r.In.From, r.In.To, a.cfg.Now(), zone)
	f, err := a.cfg.Calls.Figures(ctx, r.By, vi.FiguresQuery{Agent: account.UserID(r.In.Agent), From: from, To: to})
	if err != nil {
		return figures{}, err
	}
	return figures{
		Calls: f.Calls, Connected: f.Connected, Dropped: f.Dropped, Talk: f.Talk.Seconds(), Talked: f.Talked,
		Stars: f.Stars, Rated: f.Rated, From: from, To: to, Zone: zone.String(),
	}, nil
}

// span completes a span of time: what is not given is the beginning or the end
// of a day in the zone. Days begin where the calendar says so, not every 24
// hours.
func span(from, to, now time.Time, zone *time.Location) (time.Time, time.Time) {
	midnight := func(t time.Time, days int) time.Time {
		y, m, d := t.In(zone).Date()
		return time.Date(y, m, d+days, 0, 0, 0, 0, zone)
	}
	switch {
	case from.IsZero() && to.IsZero():
		from = midnight(now, 0)
		to = midnight(now, 1)
	case from.IsZero():
		from = midnight(to.Add(-1), 0)
	case to.IsZero():
		to = midnight(from, 1)
	}
	return from.UTC(), to.UTC()
}

func (a *API) regions(context.Context, *Request[empty]) (regionList, error) {
	return regionList{vi.Regions()}, nil
}
