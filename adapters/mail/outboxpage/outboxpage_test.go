package outboxpage_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/mail/outboxpage"
)

var (
	_ account.Mailer = (*outboxpage.Page)(nil)
	_ http.Handler   = (*outboxpage.Page)(nil)
)

var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

func newPage(keep int) *outboxpage.Page {
	at := noon
	return outboxpage.New(outboxpage.Config{Keep: keep, Now: func() time.Time {
		at = at.Add(time.Second)
		return at
	}})
}

func get(t *testing.T, p http.Handler, accept string) (http.Header, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/dev/mail", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	body, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	return w.Header(), string(body)
}

const html = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestJSON(t *testing.T) {
	p := newPage(0)
	h, body := get(t, p, "application/json")
	require.Equal(t, "application/json", h.Get("Content-Type"))
	require.JSONEq(t, `[]`, body)

	require.NoError(t, p.Send(t.Context(), account.Mail{To: "ann@acme.example", Subject: "One", Text: "Hello <b>\n", Kind: "invitation"}))
	require.NoError(t, p.Send(t.Context(), account.Mail{To: "bo@acme.example", Subject: "Two", Text: "Hi", Kind: "password_reset"}))
	_, body = get(t, p, "application/json")
	require.JSONEq(t, `[
		{"to":"bo@acme.example","subject":"Two","text":"Hi","kind":"password_reset","at":"2030-01-02T12:00:02Z"},
		{"to":"ann@acme.example","subject":"One","text":"Hello <b>\n","kind":"invitation","at":"2030-01-02T12:00:01Z"}]`, body)
}

func TestPage(t *testing.T) {
	p := newPage(0)
	_, body := get(t, p, html)
	require.Contains(t, body, "No mails yet")

	require.NoError(t, p.Send(t.Context(), account.Mail{
		To: "ann@acme.example", Subject: "First <script>alert(1)</script>", Kind: "password_reset",
		Text: "Hello <img src=x onerror=alert(1)>,\n\nopen (http://127.0.0.1:8080/reset#a-_b), or\n" +
			"https://desk.example.com/x?a=1&b=\"2\".\njavascript:alert(1)\n",
	}))
	require.NoError(t, p.Send(t.Context(), account.Mail{To: "bo@acme.example", Subject: "Second", Text: "Hi"}))
	h, body := get(t, p, html)
	require.Equal(t, "text/html; charset=utf-8", h.Get("Content-Type"))
	require.NotContains(t, body, "No mails yet")
	require.Less(t, strings.Index(body, "Second"), strings.Index(body, "First"), "newest first")
	require.Contains(t, body, "First &lt;script&gt;")
	require.Contains(t, body, "Hello &lt;img src=x onerror=alert(1)&gt;,")
	require.Contains(t, body, `open (<a href="http://127.0.0.1:8080/reset#a-_b" rel="noreferrer">http://127.0.0.1:8080/reset#a-_b</a>), or<br>`)
	require.Contains(t, body, `<a href="https://desk.example.com/x?a=1&amp;b=" rel="noreferrer">`)
	require.NotContains(t, body, `href="javascript:`)
	require.Contains(t, body, `<time datetime="2030-01-02T12:00:01Z">2 Jan 2030 12:00:01 UTC</time>`)
	for _, inline := range []string{"<script", "<style", " style=", " onclick", " onload"} {
		require.NotContains(t, body, inline)
	}
	for _, sheet := range []string{"tokens", "base", "components", "shell"} {
		require.Contains(t, body, `<link rel="stylesheet" href="/ui/`+sheet+`.css">`)
	}
	require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'")
	require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
}

func TestKeepsTheLatest(t *testing.T) {
	for keep, want := range map[int]int{0: 200, 3: 3} {
		p := newPage(keep)
		for i := range 250 {
			require.NoError(t, p.Send(t.Context(), account.Mail{Subject: fmt.Sprint(i)}))
		}
		_, body := get(t, p, "application/json")
		var mails []struct{ Subject string }
		require.NoError(t, json.Unmarshal([]byte(body), &mails))
		require.Len(t, mails, want)
		require.Equal(t, "249", mails[0].Subject)
		require.Equal(t, fmt.Sprint(250-want), mails[want-1].Subject)
	}
}

func TestOnlyReads(t *testing.T) {
	p := newPage(0)
	for _, method := range []string{http.MethodPost, http.MethodDelete, "BREW"} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(method, "/dev/mail", nil))
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	}
}

func TestManyAtOnce(t *testing.T) {
	p := outboxpage.New(outboxpage.Config{Keep: 20})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				_ = p.Send(t.Context(), account.Mail{To: "ann@acme.example", Text: "https://x.example/"})
				get(t, p, html)
			}
		})
	}
	wg.Wait()
	_, body := get(t, p, "application/json")
	require.Equal(t, 20, strings.Count(body, "ann@acme.example"))
}
