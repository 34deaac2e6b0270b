package bunstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/desk"
)

// deskMessages is how many messages there are to list and search: as many as
// BUNSTORE_DESK_MESSAGES says, or few.
func deskMessages(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("BUNSTORE_DESK_MESSAGES"))
	if err != nil {
		return 20_000
	}
	require.Positive(b, n)
	return n
}

// perTicket is how many messages the tickets of benchmarks have.
const perTicket = 10

// bigDesk makes the desk once for all benchmarks, in BUNSTORE_DESK_FILE if that
// is set, where it is found again. Words are as frequent as Zipf's law has it:
// word 0 is in most messages, word 19999 hardly in any.
var bigDesk = sync.OnceValues(func() (*bunstore.DB, error) {
	path := os.Getenv("BUNSTORE_DESK_FILE")
	if path == "" {
		dir, err := os.MkdirTemp("", "desk")
		if err != nil {
			return nil, err
		}
		path = filepath.Join(dir, "desk.db")
	}
	_, err := os.Stat(path)
	made := err == nil
	db, err := bunstore.Open(context.Background(), path, bunstore.Config{})
	if err != nil || made {
		return db, err
	}
	n, _ := strconv.Atoi(os.Getenv("BUNSTORE_DESK_MESSAGES"))
	if n == 0 {
		n = 20_000
	}
	return db, fillDesk(db, n/perTicket)
})

// wordAt is a word of 2 to 9 letters. Letters are as frequent in it as they are
// not quite in English: many words begin alike.
func wordAt(n int) string {
	const letters = "eeeetttaaaooiinnsshhrrdlucmfywgpbvkxqjz"
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	word := make([]byte, 2+rng.IntN(4)+rng.IntN(5))
	for i := range word {
		word[i] = letters[rng.IntN(len(letters))]
	}
	return string(word)
}

func fillDesk(db *bunstore.DB, tickets int) error {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 4, 19_999)
	now := time.Now().UTC().Truncate(time.Microsecond)
	vocabulary := make([]string, 20_000)
	for n := range vocabulary {
		vocabulary[n] = wordAt(n)
	}
	for from := 0; from < tickets; from += 200 {
		if err := db.Desk().Update(ctx, "acme", func(tx desk.Tx) error {
			for n := from; n < min(from+200, tickets); n++ {
				t := bigTicket(rng, n, tickets, now)
				if n%2 == 0 {
					c := desk.Contact{
						ID: t.Contact, Name: fmt.Sprintf("First%d Last%d", n%500, n%3001), Phone: fmt.Sprintf("+65%08d", n), CreatedAt: now, SeenAt: now, Version: 1,
					}
					if err := tx.PutContact(ctx, c); err != nil {
						return err
					}
				}
				if err := tx.PutTicket(ctx, t); err != nil {
					return err
				}
				for m := range perTicket {
					words := make([]string, 12)
					for i := range words {
						words[i] = vocabulary[zipf.Uint64()]
					}
					e := desk.Entry{
						ID: desk.EntryID(fmt.Sprint(n, "-", m)), Ticket: t.ID, N: m + 1, Kind: desk.EntryMessage, From: desk.SideCustomer,
						Line: "web", Text: strings.Join(words, " "), At: t.CreatedAt,
					}
					if err := tx.PutEntry(ctx, e); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// bigTicket is ticket n: most are closed, each belongs to one of 100 agents and
// one of 20 queues, and some were changed long after those that came later.
func bigTicket(rng *rand.Rand, n, of int, now time.Time) desk.Ticket {
	created := now.Add(-time.Duration(of-n) * time.Minute)
	t := desk.Ticket{
		ID: desk.TicketID(fmt.Sprintf("t%07d", n)), Number: n + 1, Contact: desk.ContactID(fmt.Sprint("p", n/2)), Line: "web",
		Channel: []desk.Kind{desk.KindWebChat, desk.KindEmail, desk.KindSMS}[rng.IntN(3)], Thread: desk.Thread(fmt.Sprint("web/", n)),
		Queue: desk.QueueID(fmt.Sprint("q", rng.IntN(20))), Status: desk.StatusClosed, Last: account.UserID(fmt.Sprint("u", rng.IntN(100))),
		Reason: desk.CloseHeld, CreatedAt: created, UpdatedAt: created.Add(time.Duration(rng.ExpFloat64() * float64(24*time.Hour))), Version: 1,
	}
	switch k := rng.IntN(1000); {
	case k < 10:
		t.Status, t.Reason, t.Assignee = desk.StatusOpen, "", t.Last
	case k < 12:
		t.Status, t.Reason = desk.StatusNew, ""
	case k < 22:
		t.Reason = desk.CloseSpam
	}
	if rng.IntN(100) == 0 {
		t.Tags = []string{"rare"}
	}
	if rng.IntN(3) == 0 {
		t.Tags = append(t.Tags, "common")
	}
	return t
}

// measure runs queries one after the other and reports how long the slowest
// hundredth takes.
func measure(b *testing.B, query func(n int) desk.Query) {
	db, err := bigDesk()
	require.NoError(b, err)
	times := make([]time.Duration, 0, b.N)
	found := 0
	b.ResetTimer()
	for n := range b.N {
		q := query(n)
		q.Limit = 50
		began := time.Now()
		require.NoError(b, db.Desk().View(b.Context(), "acme", func(r desk.Reader) error {
			tickets, err := r.Tickets(b.Context(), q)
			found += len(tickets)
			return err
		}))
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(found)/float64(b.N), "rows/op")
}

var (
	agentScope      = desk.Scope{Mine: "u7", Waiting: []desk.QueueID{"q1", "q2", "q3"}}
	supervisorScope = desk.Scope{Queues: []desk.QueueID{"q1", "q2", "q3", "q4", "q5"}, Mine: "u7"}
)

// BenchmarkDeskList shows pages of 50 tickets at the size that
// BUNSTORE_DESK_MESSAGES says.
func BenchmarkDeskList(b *testing.B) {
	b.Logf("%d messages", deskMessages(b))
	deep := desk.TicketID(fmt.Sprintf("t%07d", deskMessages(b)/perTicket/3))
	for _, l := range []struct {
		name  string
		query desk.Query
	}{
		{"all", desk.Query{Scope: desk.Scope{All: true}}},
		{"open", desk.Query{Scope: desk.Scope{All: true}, Status: []desk.Status{desk.StatusOpen}}},
		{"deep", desk.Query{Scope: desk.Scope{All: true}, Before: deep}},
		{"agent", desk.Query{Scope: agentScope}},
		{"supervisor", desk.Query{Scope: supervisorScope}},
		{"rare-tag", desk.Query{Scope: desk.Scope{All: true}, Tag: "rare"}},
		{"common-tag", desk.Query{Scope: desk.Scope{All: true}, Tag: "common"}},
		{"one-agent", desk.Query{Scope: desk.Scope{All: true}, Assignee: []account.UserID{"u9"}, Channel: []desk.Kind{desk.KindEmail}}},
		{"spam", desk.Query{Scope: desk.Scope{All: true}, Spam: true}},
	} {
		b.Run(l.name, func(b *testing.B) { measure(b, func(int) desk.Query { return l.query }) })
	}
}

// BenchmarkDeskSearch is [BenchmarkDeskList] with a text.
func BenchmarkDeskSearch(b *testing.B) {
	tickets := deskMessages(b) / perTicket
	// The words of one search after the other are of every frequency.
	word := func(n int) string { return wordAt(n * n % 20_000) }
	for _, s := range []struct {
		name string
		text func(n int) string
	}{
		{"mixed", word},
		{"commonest", func(int) string { return wordAt(0) }},
		{"common", func(n int) string { return wordAt(10 + n%90) }},
		{"rare", func(n int) string { return wordAt(19_000 + n%1000) }},
		{"two", func(n int) string { return word(n) + " " + word(n+1) }},
		{"one-letter", func(n int) string { return wordAt(n)[:1] }},
		{"two-letters", func(n int) string { return wordAt(n)[:2] }},
		{"four-letters", func(n int) string { return wordAt(n)[:min(4, len(wordAt(n)))] }},
		{"name", func(n int) string { return fmt.Sprintf("last%d first%d", n%3001, n%500) }},
		{"phone", func(n int) string { return fmt.Sprintf("%06d", n%tickets) }},
		{"number", func(n int) string { return fmt.Sprint("#", n%tickets) }},
		{"nothing", func(n int) string { return fmt.Sprint("absent", n) }},
	} {
		for who, scope := range map[string]desk.Scope{"all": {All: true}, "agent": agentScope} {
			b.Run(s.name+"/"+who, func(b *testing.B) {
				measure(b, func(n int) desk.Query { return desk.Query{Scope: scope, Text: s.text(n)} })
			})
		}
	}
}
