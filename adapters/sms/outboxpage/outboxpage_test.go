package outboxpage_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/sms/outboxpage"
	"github.com/tandem-cc/tandem/vi"
)

var (
	_ vi.Texter    = (*outboxpage.Page)(nil)
	_ http.Handler = (*outboxpage.Page)(nil)
)

const singapore, london = vi.Phone("+6581234567"), vi.Phone("+447700900123")

func text(id vi.InviteID, to vi.Phone) vi.Text {
	return vi.Text{ID: id, Account: "acme", Call: "call-" + vi.CallID(id), To: to, Body: "Acme invites you. Open http://127.0.0.1:8080/j/TOKEN" + string(id) + "."}
}

// run starts the page and returns it with what it reports.
func run(t *testing.T, cfg outboxpage.Config) (*outboxpage.Page, *[]string) {
	t.Helper()
	var got []string
	if cfg.Delivered == nil {
		cfg.Delivered = func(_ context.Context, d vi.Delivery) error {
			require.Equal(t, "call-"+string(d.Invite), string(d.Call))
			require.Equal(t, time.Now(), d.At)
			got = append(got, strings.TrimSpace(string(d.Invite)+" "+string(d.Status)+" "+d.Problem))
			return nil
		}
	}
	p := outboxpage.New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return p, &got
}

func send(t *testing.T, p *outboxpage.Page, x vi.Text) {
	t.Helper()
	provider, err := p.Text(t.Context(), x)
	require.NoError(t, err)
	require.NotEmpty(t, provider)
}

func TestReportsSentThenDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, got := run(t, outboxpage.Config{Pause: time.Second})
		send(t, p, text("1", singapore))
		send(t, p, text("1", singapore)) // the same text sent again
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		require.Empty(t, *got)
		require.Equal(t, vi.InviteQueued, p.Texts().Texts[0].Status)

		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Equal(t, []string{"1 sent"}, *got)
		send(t, p, text("2", london))

		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"1 sent", "1 delivered", "2 sent"}, *got)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, []string{"1 sent", "1 delivered", "2 sent", "2 delivered"}, *got)
		all := p.Texts()
		require.Len(t, all.Texts, 2)
		require.Equal(t, vi.InviteID("2"), all.Texts[0].ID, "newest first")
		require.Equal(t, "http://127.0.0.1:8080/j/TOKEN2", all.Texts[0].Link, "without the sentence's point")
		require.Equal(t, vi.InviteDelivered, all.Texts[1].Status)
	})
}

func TestSwitchedOffPhoneGetsItsTextsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, got := run(t, outboxpage.Config{Pause: time.Second})
		p.Switch(singapore, false)
		send(t, p, text("1", singapore))
		send(t, p, text("2", london))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"1 sent", "2 sent", "1 undelivered The phone is switched off or out of reach.", "2 delivered"}, *got)
		require.Equal(t, []vi.Phone{singapore}, p.Texts().Off)

		*got = nil
		p.Switch("", false)
		p.Switch(singapore, true)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, *got, "all phones are still off")
		p.Switch("", true)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"1 delivered"}, *got)
	})
}

func TestRefusedReportDoesNotStopOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := 0
		p, _ := run(t, outboxpage.Config{Delivered: func(context.Context, vi.Delivery) error { reports++; return errors.New("no such call") }})
		send(t, p, text("1", singapore))
		send(t, p, text("2", singapore))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 4, reports)
	})
}

func TestKeepsTheLatest(t *testing.T) {
	p := outboxpage.New(outboxpage.Config{Keep: 2})
	for _, id := range []vi.InviteID{"1", "2", "3"} {
		send(t, p, text(id, london))
	}
	all := p.Texts().Texts
	require.Len(t, all, 2)
	require.Equal(t, vi.InviteID("3"), all[0].ID)
	require.Equal(t, vi.InviteID("2"), all[1].ID)
}

func do(p http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestPage(t *testing.T) {
	p := outboxpage.New(outboxpage.Config{})
	send(t, p, text("1", singapore))

	w := do(p, "GET", "/dev/phone", "", "Accept", "text/html")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Header().Get("Content-Type"), "text/html")
	html := w.Body.String()
	require.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
	require.NotContains(t, html, "<style")
	require.NotRegexp(t, `<script[^>]*>[^<]`, html)
	for path, media := range map[string]string{"/dev/phone/phone.css": "text/css", "/dev/phone/phone.js": "text/javascript", "/dev/phone/phone.svg": "image/svg+xml"} {
		require.Contains(t, html, `"`+path+`"`)
		w := do(p, "GET", path, "")
		require.Equal(t, 200, w.Code, path)
		require.Contains(t, w.Header().Get("Content-Type"), media)
	}

	w = do(p, "GET", "/dev/phone", "", "Accept", "application/json")
	var got struct {
		Texts []map[string]any `json:"texts"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Len(t, got.Texts, 1)
	for _, key := range []string{"id", "to", "body", "link", "status", "at"} {
		require.NotEmpty(t, got.Texts[0][key], key)
	}
	require.Equal(t, string(singapore), got.Texts[0]["to"])

	require.Equal(t, 404, do(p, "GET", "/dev/phone/outboxpage.go", "").Code)
	require.Equal(t, 405, do(p, "POST", "/dev/phone", "").Code)
}

func TestPower(t *testing.T) {
	p := outboxpage.New(outboxpage.Config{})
	const path, off = "/dev/phone/power", `{"number":"+6581234567","on":false}`
	require.Equal(t, 403, do(p, "POST", path, off, "Sec-Fetch-Site", "cross-site").Code, "another site's page may not")
	require.Empty(t, p.Texts().Off)
	require.Equal(t, 405, do(p, "GET", path, "").Code)
	for _, bad := range []string{``, `{`, `{"number":1}`, `{"on":false,"on":true}`, `{"other":1}`, strings.Repeat(" ", 2000) + off} {
		require.Equal(t, 400, do(p, "POST", path, bad).Code, bad)
	}
	require.Empty(t, p.Texts().Off)
	require.Equal(t, 200, do(p, "POST", path, off, "Sec-Fetch-Site", "same-origin").Code)
	require.Equal(t, []vi.Phone{singapore}, p.Texts().Off)
	require.Equal(t, 200, do(p, "POST", path, `{"number":"","on":false}`).Code)
	require.True(t, p.Texts().All)
}
