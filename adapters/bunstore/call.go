package bunstore

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/vi"
)

type callRow struct {
	bun.BaseModel `bun:"table:vi_calls,alias:c"`

	Account      account.ID
	ID           vi.CallID
	Reference    string
	ReferenceKey string // in lower case
	Agent        account.UserID
	AgentName    string
	Phone        vi.Phone
	Customer     string
	Status       vi.Status
	Unfinished   bool
	EndReason    vi.EndReason
	EndedBy      vi.Party
	LostSeats    string
	CreatedAt    int64
	WaitingAt    stamp
	StageAt      stamp
	AnsweredAt   stamp
	EndedAt      stamp
	Talk         time.Duration
	HeldBy       vi.Seat
	Offers       int
	Reconnects   int
	DueAt        stamp
	Invites      string
	Legs         string
	Knock        string
	Ratings      string
	Stars        int // of the customer's rating; 0 for none
	Messages     int
	Previous     vi.CallID
	Version      int
}

// A knownCall is a call as it is stored, in both forms.
type knownCall struct {
	row  callRow
	call vi.Call
}

// rowOf returns the row of a call. What is the same as in the known call is not
// encoded again.
func rowOf(acct account.ID, c vi.Call, known knownCall) (r callRow, err error) {
	r = callRow{
		Account: acct, ID: c.ID, Reference: c.Reference, ReferenceKey: strings.ToLower(c.Reference),
		Agent: c.Agent, AgentName: c.AgentName, Phone: c.Phone, Customer: c.Customer,
		Status: c.Status, Unfinished: !c.Status.Final(), EndReason: c.EndReason, EndedBy: c.EndedBy,
		CreatedAt: c.CreatedAt.UnixMicro(), WaitingAt: stampOf(c.WaitingAt), StageAt: stampOf(c.StageAt),
		AnsweredAt: stampOf(c.AnsweredAt), EndedAt: stampOf(c.EndedAt), DueAt: stampOf(c.DueAt),
		Talk: c.Talk, HeldBy: c.HeldBy, Offers: c.Offers, Reconnects: c.Reconnects, Messages: c.Messages, Previous: c.Previous, Version: c.Version,
	}
	customers, _ := c.Rating(vi.SeatCustomer)
	r.Stars = customers.Stars
	if r.LostSeats, err = same(known.row.LostSeats, known.call.LostSeats, c.LostSeats); err != nil {
		return r, err
	}
	if r.Invites, err = same(known.row.Invites, known.call.Invites, c.Invites); err != nil {
		return r, err
	}
	if r.Legs, err = same(known.row.Legs, known.call.Legs, c.Legs); err != nil {
		return r, err
	}
	if r.Ratings, err = same(known.row.Ratings, known.call.Ratings, c.Ratings); err != nil {
		return r, err
	}
	r.Knock, err = document(c.Knock)
	return r, err
}

// same returns next as the JSON of a column: as stored, if it has not changed.
func same[T comparable](stored string, was, next []T) (string, error) {
	if stored != "" && slices.Equal(was, next) {
		return stored, nil
	}
	return list(next)
}

func (r callRow) call() (c vi.Call, err error) {
	c = vi.Call{
		ID: r.ID, Reference: r.Reference, Agent: r.Agent, AgentName: r.AgentName, Phone: r.Phone, Customer: r.Customer,
		Status: r.Status, EndReason: r.EndReason, EndedBy: r.EndedBy,
		CreatedAt: timeOf(r.CreatedAt), WaitingAt: r.WaitingAt.time(), StageAt: r.StageAt.time(),
		AnsweredAt: r.AnsweredAt.time(), EndedAt: r.EndedAt.time(), DueAt: r.DueAt.time(),
		Talk: r.Talk, HeldBy: r.HeldBy, Offers: r.Offers, Reconnects: r.Reconnects, Messages: r.Messages, Previous: r.Previous, Version: r.Version,
	}
	if c.LostSeats, err = unlist[vi.Seat](r.LostSeats); err != nil {
		return c, err
	}
	if c.Invites, err = unlist[vi.Invite](r.Invites); err != nil {
		return c, err
	}
	if c.Legs, err = unlist[vi.Leg](r.Legs); err != nil {
		return c, err
	}
	if c.Ratings, err = unlist[vi.Rating](r.Ratings); err != nil {
		return c, err
	}
	if r.Knock != "null" {
		err = json.Unmarshal([]byte(r.Knock), &c.Knock)
	}
	return c, err
}

func callsOf(rows []callRow) ([]vi.Call, error) {
	calls := make([]vi.Call, len(rows))
	for n, r := range rows {
		var err error
		if calls[n], err = r.call(); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

type tokenRow struct {
	bun.BaseModel `bun:"table:vi_tokens"`

	Token   vi.Hash
	Account account.ID
	CallID  vi.CallID
}

type messageRow struct {
	bun.BaseModel `bun:"table:vi_messages,alias:m"`

	Account account.ID
	CallID  vi.CallID
	N       int
	Op      string
	Seat    vi.Seat
	Name    string
	Body    string
	At      int64
}

func (r messageRow) message() vi.Message {
	return vi.Message{Call: r.CallID, N: r.N, Op: r.Op, From: r.Seat, Name: r.Name, Text: r.Body, At: timeOf(r.At)}
}

type readingRow struct {
	bun.BaseModel `bun:"table:vi_readings,alias:r"`

	Seq        int64 `bun:",pk,autoincrement"`
	Account    account.ID
	CallID     vi.CallID
	Seat       vi.Seat
	At         int64
	Span       time.Duration
	Candidate  string
	Protocol   string
	RTT        time.Duration `bun:"rtt"`
	InBitrate  float64
	InLoss     float64
	InJitter   time.Duration
	OutBitrate float64
	OutLoss    float64
	OutJitter  time.Duration
}

func readingRowOf(acct account.ID, r vi.Reading) readingRow {
	return readingRow{
		Account: acct, CallID: r.Call, Seat: r.Seat, At: r.At.UnixMicro(), Span: r.Interval,
		Candidate: r.Candidate, Protocol: r.Protocol, RTT: r.RTT,
		InBitrate: r.In.Bitrate, InLoss: r.In.Loss, InJitter: r.In.Jitter,
		OutBitrate: r.Out.Bitrate, OutLoss: r.Out.Loss, OutJitter: r.Out.Jitter,
	}
}

func (r readingRow) reading() vi.Reading {
	return vi.Reading{
		Call: r.CallID, Seat: r.Seat, At: timeOf(r.At), Interval: r.Span, Candidate: r.Candidate, Protocol: r.Protocol, RTT: r.RTT,
		In:  vi.FlowReading{Bitrate: r.InBitrate, Loss: r.InLoss, Jitter: r.InJitter},
		Out: vi.FlowReading{Bitrate: r.OutBitrate, Loss: r.OutLoss, Jitter: r.OutJitter},
	}
}
