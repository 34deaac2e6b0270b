package bunstore

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
)

// mostCalls is how many calls one query returns at most.
const mostCalls = 200

func (x callTx) Calls(ctx context.Context, q vi.Query) ([]vi.Call, error) {
	if err := sound(q.Text, string(q.Agent), string(q.Before)); err != nil {
		return nil, err
	}
	if q.Limit <= 0 || q.Limit > mostCalls {
		q.Limit = mostCalls
	}
	var rows []callRow
	s := x.NewSelect().Model(&rows).Where("account = ?", x.acct)
	created(s, q.Agent, q.From, q.To)
	if len(q.Status) > 0 {
		s.Where("status IN (?)", bun.List(q.Status))
	}
	if q.Text != "" {
		x.matching(s, q.Text)
	}
	if q.Before != "" {
		before, err := get[callRow](ctx, x.tx, "WHERE account = ? AND id = ?", x.acct, q.Before)
		if err == nil && q.Agent != "" && before.Agent != q.Agent {
			err = errNoRow // of another agent's calls an agent's query knows nothing
		}
		if err != nil {
			return nil, found(err, errNoCall)
		}
		s.Where("(created_at, id) < (?, ?)", before.CreatedAt, before.ID)
	}
	if err := scan(ctx, x.tx, s.Order("created_at DESC", "id DESC").Limit(int64(q.Limit))); err != nil {
		return nil, err
	}
	return callsOf(rows)
}

// created selects calls by agent and time of creation.
func created(s *bun.SelectQuery, agent account.UserID, from, to time.Time) {
	if agent != "" {
		s.Where("agent = ?", agent)
	}
	if !from.IsZero() {
		s.Where("created_at >= ?", from.UnixMicro())
	}
	if !to.IsZero() {
		s.Where("created_at < ?", to.UnixMicro())
	}
}

// matching selects calls with the text in their reference, in whatever case, or
// in their phone number if it looks like part of one. LIKE would give some
// characters a meaning, and takes a text of limited length only.
func (x callTx) matching(s *bun.SelectQuery, text string) {
	at := bun.Safe("strpos")
	if x.prepared != nil {
		at = "instr"
	}
	text = strings.ToLower(text)
	s.WhereGroup(" AND ", func(s *bun.SelectQuery) *bun.SelectQuery {
		s.Where("?(reference_key, ?) > 0", at, text)
		if digits := digitsOf(text); digits != "" {
			s.WhereOr("?(phone, ?) > 0", at, digits)
		}
		return s
	})
}

// digitsOf returns the digits of a text that is made of nothing but those and
// what people write between them.
func digitsOf(text string) string {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("+-./() \u00a0", r) {
			return -1
		}
		return r
	}, text)
	if strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}

func (x callTx) Messages(ctx context.Context, call vi.CallID, afterN, limit int) (messages []vi.Message, _ error) {
	if err := sound(string(call)); err != nil || limit <= 0 {
		return nil, err
	}
	var rows []messageRow
	err := scan(ctx, x.tx, x.NewSelect().Model(&rows).Where("account = ? AND call_id = ? AND n > ?", x.acct, call, afterN).
		Order("n").Limit(int64(limit)))
	for _, r := range rows {
		messages = append(messages, r.message())
	}
	return messages, err
}

func (x callTx) MessageByOp(ctx context.Context, call vi.CallID, from vi.Seat, op string) (vi.Message, error) {
	row, err := get[messageRow](ctx, x.tx, "WHERE account = ? AND call_id = ? AND seat = ? AND op = ? AND op <> ''", x.acct, call, from, op)
	if err != nil {
		return vi.Message{}, found(err, fault.Errorf(fault.NotFound, "the call has no such message"))
	}
	return row.message(), nil
}

func (x callTx) Readings(ctx context.Context, call vi.CallID) (readings []vi.Reading, _ error) {
	if err := sound(string(call)); err != nil {
		return nil, err
	}
	var rows []readingRow
	err := scan(ctx, x.tx, x.NewSelect().Model(&rows).Where("account = ? AND call_id = ?", x.acct, call).Order("at", "seq"))
	for _, r := range rows {
		readings = append(readings, r.reading())
	}
	return readings, err
}

func (x callTx) Figures(ctx context.Context, q vi.FiguresQuery) (f vi.Figures, _ error) {
	if err := sound(string(q.Agent)); err != nil {
		return f, err
	}
	sum := func(of, where string) string {
		return "CAST(coalesce(sum(CASE WHEN " + where + " THEN " + of + " ELSE 0 END), 0) AS BIGINT)"
	}
	const talked = "answered_at IS NOT NULL AND NOT unfinished"
	s := x.NewSelect().Model((*callRow)(nil)).Where("account = ?", x.acct)
	created(s, q.Agent, q.From, q.To)
	s.ColumnExpr("count(*)").
		ColumnExpr(sum("1", "answered_at IS NOT NULL")).
		ColumnExpr(sum("1", "answered_at IS NOT NULL AND status = ?"), vi.StatusDropped).
		ColumnExpr(sum("talk / 1000", talked)). // 300,000 years of it, in microseconds, before it overflows
		ColumnExpr(sum("1", talked)).
		ColumnExpr(sum("stars", "stars > 0")).
		ColumnExpr(sum("1", "stars > 0"))
	var micros int64
	err := scan(ctx, x.tx, s, &f.Calls, &f.Connected, &f.Dropped, &micros, &f.Talked, &f.Stars, &f.Rated)
	f.Talk = time.Duration(micros) * time.Microsecond
	return f, err
}

func isNotFound(err error) bool { return fault.KindOf(err) == fault.NotFound }

// orNoCall names what a message or reading without a call lacks.
func orNoCall(err error) error {
	if isNotFound(err) {
		return errNoCall
	}
	return err
}
