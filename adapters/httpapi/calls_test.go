package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

func TestStartCall(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	var got callReply
	ann.post("/api/calls", object{"phone": "8123 4567", "reference": " A-1 "}).is(201).into(&got)
	require.Equal(t, "+6581234567", got.Call.Phone, "of the account's region")
	require.Equal(t, "SG", got.Call.Country)
	require.Equal(t, "A-1", got.Call.Reference)
	require.Equal(t, "invited", got.Call.Status)
	require.Equal(t, "Ann", got.Call.Agent.Name)
	require.Regexp(t, `^https://desk\.example/j/[\w-]{22}$`, got.Link)
	require.Contains(t, w.texts.texts[0].Body, got.Link)

	p := ann.post("/api/calls", object{"phone": "+6581234567", "reference": "A-1"}).fails(409, "conflict", "reference")
	require.Equal(t, "The reference is already used by another call.", p.Detail)
	ann.post("/api/calls", object{"phone": "12", "reference": ""}).fails(422, "invalid", "phone", "reference")
	ann.post("/api/calls", object{}).fails(422, "invalid", "phone", "reference")
	ann.post("/api/calls", object{"phone": "+6581234567", "reference": strings.Repeat("é", 65)}).fails(422, "invalid", "reference")
	ann.post("/api/calls", object{"phone": "+6581234567", "reference": "A-2", "previous": "nothing"}).fails(422, "invalid", "previous")
	ann.post("/api/calls", object{"phone": "+6581234567", "reference": "A-2", "agent": string(w.users["bob@acme.example"].ID)}).fails(422, "invalid", "agent")
	ann.post("/api/calls", object{"phone": "030 123456", "region": "DE", "reference": "A-2", "previous": got.Call.ID}).is(201).into(&got)
	require.Equal(t, "+4930123456", got.Call.Phone)
	require.Equal(t, 2, w.texts.count(), "what is refused sends no text")

	machine := w.machine(account.CallsPlace)
	machine.post("/api/calls", object{"phone": "+6581234567", "reference": "A-3"}).fails(422, "invalid", "agent")
	machine.post("/api/calls", object{"phone": "+6581234567", "reference": "A-3", "agent": string(w.users["bob@acme.example"].ID)}).is(201).into(&got)
	require.Equal(t, "Bob", got.Call.Agent.Name)
	w.as("bob").get("/api/calls/" + got.Call.ID).is(200)
}

func TestListCalls(t *testing.T) {
	w := build(t)
	ann, sue := w.as("ann"), w.as("sue")
	var ids []string
	for n := range 5 {
		var got callReply
		ann.post("/api/calls", object{"phone": "+6581234567", "reference": fmt.Sprint("list ", n)}).is(201).into(&got)
		ids = append([]string{got.Call.ID}, ids...)
		w.clock.pass(time.Minute)
	}
	ann.post("/api/calls/"+ids[0]+"/hangup", object{}).is(200)
	list := func(b *browser, query string) (found []string, next string) {
		t.Helper()
		var page struct {
			Calls []wire.Call
			Next  string
		}
		b.get("/api/calls?" + query).is(200).into(&page)
		for _, c := range page.Calls {
			found = append(found, c.ID)
		}
		return found, page.Next
	}
	all, next := list(ann, "")
	require.Equal(t, ids, all)
	require.Empty(t, next)
	first, next := list(sue, "limit=2")
	require.Equal(t, ids[:2], first)
	second, next := list(sue, "limit=2&before="+next)
	require.Equal(t, ids[2:4], second)
	third, next := list(sue, "limit=2&before="+next)
	require.Equal(t, ids[4:], third)
	require.Empty(t, next)

	one, _ := list(ann, "q=list+3")
	require.Equal(t, ids[1:2], one)
	none, _ := list(w.as("bob"), "")
	require.Empty(t, none)
	over, _ := list(ann, "status=cancelled,expired")
	require.Equal(t, ids[:1], over)
	late, _ := list(ann, "from=2030-01-02T03:06:05Z&to=2030-01-02T11:08:05%2B08:00")
	require.Equal(t, ids[1:3], late)
	annsID := string(w.users["ann@acme.example"].ID)
	by, _ := list(sue, "agent="+annsID)
	require.Equal(t, ids, by)
	w.as("bob").get("/api/calls?agent="+annsID).fails(403, "denied")

	w.as("bob").get("/api/calls?before="+ids[2]).fails(404, "not_found")
	w.as("bob").get("/api/calls?before=nothing").fails(404, "not_found")
	w.as("eve").get("/api/calls?before="+ids[2]).fails(404, "not_found")

	for query, field := range map[string]string{
		"status=gone": "status", "limit=0x1": "limit", "limit=1000": "limit", "from=yesterday": "from", "from=2030-01-02": "from",
		"to=2030-01-01T00:00:00Z&from=2030-01-02T00:00:00Z": "to", "limit=1&limit=2": "limit", "page=2": "page",
		"q=" + strings.Repeat("x", 501): "q", "q=%00": "q", "q=%ff": "q",
	} {
		ann.get("/api/calls?"+query).fails(422, "invalid", field)
	}
	ann.get("/api/calls?q=%zz").fails(400, "invalid")
}

func TestOneCall(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	call, token := ann.start()
	guest := w.join(token)
	w.connect(vi.CallID(call.ID))
	calls, at := w.db.Calls(), w.clock.now()
	require.NoError(t, calls.Update(t.Context(), w.acme.ID, func(tx vi.Tx) error {
		return tx.PutReading(t.Context(), vi.Reading{
			Call: vi.CallID(call.ID), Seat: vi.SeatCustomer, At: at, Interval: 5 * time.Second, Candidate: "host", Protocol: "udp",
			RTT: 42500 * time.Microsecond, In: vi.FlowReading{Bitrate: 1e6, Loss: 0.25, Jitter: 1500 * time.Microsecond},
		})
	}))
	w.clock.pass(10 * time.Second)

	var detail struct {
		Call    wire.Call
		Quality []struct {
			Seat, Candidate, Protocol string
			RTT                       float64 `json:"rtt_ms"`
			Samples                   int
			In, Out                   struct {
				Bitrate, Loss float64
				Jitter        float64 `json:"jitter_ms"`
			}
		}
	}
	ann.get("/api/calls/" + call.ID).is(200).into(&detail)
	require.Equal(t, "connected", detail.Call.Status)
	require.InDelta(t, 10, detail.Call.Talk, 0.001)
	require.Len(t, detail.Quality, 1)
	q := detail.Quality[0]
	require.Equal(t, "customer", q.Seat)
	require.InDelta(t, 42.5, q.RTT, 1e-9)
	require.InDelta(t, 0.25, q.In.Loss, 1e-9)
	require.InDelta(t, 1.5, q.In.Jitter, 1e-9)
	require.Equal(t, 1, q.Samples)

	p, _, err := w.calls.AsCustomer(t.Context(), guest.cookies["__Host-tandem_device"], vi.CallID(call.ID))
	require.NoError(t, err)
	for n := range 3 {
		_, err := w.calls.Write(t.Context(), p, fmt.Sprint("op", n), fmt.Sprint("message ", n))
		require.NoError(t, err)
	}
	chat := ann.chat(call.ID, "after=1")
	require.Len(t, chat.Messages, 2)
	require.Equal(t, "message 1", chat.Messages[0].Text)
	require.Equal(t, "customer", chat.Messages[0].From)
	require.Zero(t, chat.Next)

	var got callOnly
	ann.post("/api/calls/"+call.ID+"/rating", object{"stars": 5}).fails(409, "conflict")
	ann.post("/api/calls/"+call.ID+"/hangup", nil).is(200).into(&got)
	require.Equal(t, "completed", got.Call.Status)
	ann.post("/api/calls/"+call.ID+"/hangup", object{}).fails(410, "gone")
	ann.post("/api/calls/"+call.ID+"/rating", object{"stars": 6}).fails(422, "invalid", "stars")
	ann.post("/api/calls/"+call.ID+"/rating", object{"stars": 4, "comment": "fine"}).is(200).into(&got)
	require.Equal(t, 4, got.Call.Ratings[0].Stars)
	ann.post("/api/calls/"+call.ID+"/rating", object{"stars": 4}).fails(409, "conflict")
}

type chatPage struct {
	Messages []wire.Message
	Next     int
}

func (b *browser) chat(call, query string) (page chatPage) {
	b.w.t.Helper()
	b.get("/api/calls/" + call + "/messages?" + query).is(200).into(&page)
	return page
}

func TestChatInPages(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	call, token := ann.start()
	guest := w.join(token)
	w.connect(vi.CallID(call.ID))
	require.JSONEq(t, `{"messages": [], "next": 0}`, string(ann.get("/api/calls/"+call.ID+"/messages").is(200).body))
	p, _, err := w.calls.AsCustomer(t.Context(), guest.cookies["__Host-tandem_device"], vi.CallID(call.ID))
	require.NoError(t, err)
	const all = 501
	for n := range all {
		_, err := w.calls.Write(t.Context(), p, fmt.Sprint("op", n), fmt.Sprint("message ", n+1))
		require.NoError(t, err)
	}
	for query, want := range map[string]struct{ first, length, next int }{
		"":                    {1, 200, 200},
		"limit=500":           {1, 500, 500},
		"after=1&limit=500":   {2, 500, 0},
		"after=500":           {501, 1, 0},
		"after=498&limit=1":   {499, 1, 499},
		"after=500&limit=1":   {501, 1, 0},
		"after=501":           {0, 0, 0},
		"after=99999&limit=1": {0, 0, 0},
	} {
		page := ann.chat(call.ID, query)
		require.Len(t, page.Messages, want.length, query)
		require.Equal(t, want.next, page.Next, query)
		for n, m := range page.Messages {
			require.Equal(t, want.first+n, m.N, query)
			require.Equal(t, fmt.Sprint("message ", m.N), m.Text)
		}
	}
	seen := 0
	for page := ann.chat(call.ID, "limit=17"); ; page = ann.chat(call.ID, fmt.Sprint("limit=17&after=", page.Next)) {
		seen += len(page.Messages)
		if page.Next == 0 {
			break
		}
		require.Equal(t, seen, page.Next)
	}
	require.Equal(t, all, seen)
	for query, field := range map[string]string{"after=-1": "after", "limit=-1": "limit", "limit=501": "limit", "limit=x": "limit"} {
		ann.get("/api/calls/"+call.ID+"/messages?"+query).fails(422, "invalid", field)
	}
}

func TestInviteAgain(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	call, _ := ann.start()
	path := "/api/calls/" + call.ID + "/invites"
	r := ann.post(path, object{})
	p := r.fails(429, "busy")
	require.Equal(t, "30", r.header.Get("Retry-After"))
	require.Equal(t, 30, p.RetryAfter)
	w.clock.pass(30 * time.Second)
	var got callReply
	ann.post(path, object{}).is(201).into(&got)
	require.Len(t, got.Call.Invites, 2)
	ann.post(path, object{"phone": "81234568"}).is(201).into(&got)
	require.Equal(t, "+6581234568", got.Call.Phone)
	require.Equal(t, "revoked", got.Call.Invites[0].Status)
	ann.post(path, object{"channel": "link"}).is(201).into(&got)
	require.Contains(t, got.Link, "/j/")
	require.Equal(t, "link", got.Call.Invites[3].Channel)
	require.Equal(t, 3, w.texts.count())
	ann.post(path, object{"channel": "pigeon", "phone": "x"}).fails(422, "invalid", "channel", "phone")
	ann.post("/api/calls/"+call.ID+"/hangup", object{}).is(200)
	ann.post(path, object{}).fails(410, "gone")
}

func TestFigures(t *testing.T) {
	w := build(t)
	ann := w.as("ann")
	ann.start()
	type figures struct {
		Calls, Connected, Dropped, Talked, Stars, Rated int
		Talk                                            float64 `json:"talk_seconds"`
		From, To                                        time.Time
		Zone                                            string
	}
	var got figures
	ann.get("/api/figures").is(200).into(&got)
	require.Equal(t, figures{
		Calls: 1, Zone: "Asia/Singapore",
		From: time.Date(2030, 1, 1, 16, 0, 0, 0, time.UTC), To: time.Date(2030, 1, 2, 16, 0, 0, 0, time.UTC),
	}, got)
	w.as("bob").get("/api/figures").is(200).into(&got)
	require.Zero(t, got.Calls)
	w.as("sue").get("/api/figures?from=2029-01-01T00:00:00Z").is(200).into(&got)
	require.Zero(t, got.Calls, "that day only")
	ann.get("/api/figures?from=2028-01-01T00:00:00Z&to=2030-01-01T00:00:00Z").fails(422, "invalid", "from")
	ann.get("/api/figures?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z").fails(422, "invalid", "to")
}

func TestSpan(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	day := func(m time.Month, d, h int) time.Time { return time.Date(2030, m, d, h, 0, 0, 0, time.UTC) }
	now := day(3, 31, 12) // on which clocks are put forward: 23 hours
	for _, tc := range []struct{ from, to, wantFrom, wantTo time.Time }{
		{time.Time{}, time.Time{}, day(3, 30, 23), day(3, 31, 22)},
		{day(3, 30, 8), time.Time{}, day(3, 30, 8), day(3, 30, 23)},
		{time.Time{}, day(3, 31, 8), day(3, 30, 23), day(3, 31, 8)},
		{time.Time{}, day(3, 30, 23), day(3, 29, 23), day(3, 30, 23)},
		{day(1, 1, 0), day(2, 1, 0), day(1, 1, 0), day(2, 1, 0)},
	} {
		from, to := httpapi.Span(tc.from, tc.to, now, berlin)
		require.Equal(t, tc.wantFrom, from)
		require.Equal(t, tc.wantTo, to)
	}
}

func TestRegions(t *testing.T) {
	var got struct {
		Regions []struct {
			Region string
			Code   int
		}
	}
	build(t).as("ann").get("/api/regions").is(200).into(&got)
	require.Greater(t, len(got.Regions), 200)
	require.Contains(t, got.Regions, struct {
		Region string
		Code   int
	}{"SG", 65})
}
