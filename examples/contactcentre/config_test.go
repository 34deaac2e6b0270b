package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsServedToWhom(t *testing.T) {
	for _, tc := range []struct {
		args    string
		private bool
		demo    bool
		dev     bool
		wrong   string
	}{
		{args: "", private: true, demo: true, dev: true},
		{args: "-addr localhost:9000", private: true, demo: true, dev: true},
		{args: "-addr [::1]:9000 -demo=false", private: true, dev: true},
		{args: "-public-url http://127.0.0.1:9000", private: true, demo: true, dev: true},
		{args: "-public-url https://calls.example", wrong: "no carrier for texts"},
		{args: "-public-url https://calls.example -dev", wrong: "mail needs a server"},
		{args: "-public-url https://calls.example -dev -smtp mail.example:587", dev: true},
		{args: "-public-url https://calls.example -dev -demo -smtp mail.example:587", demo: true, dev: true},
		{args: "-acme calls.example -dev", wrong: "mail needs a server"},
		{args: "-addr :8080", wrong: "no carrier for texts"},
		{args: "-addr 0.0.0.0:8080 -dev", wrong: "mail needs a server"},
		{args: "-addr 127.0.0.1", wrong: "-addr"},
		{args: "-addr 127.0.0.1:http", wrong: "is not a port"},
		{args: "-public-url http://calls.example", wrong: "https pages"},
		{args: "-public-url https://calls.example/desk", wrong: "is not of the form"},
		{args: "-tls-cert a.pem", wrong: "go together"},
		{args: "-turn turn:turn.example", wrong: "TANDEM_TURN_SECRET"},
		{args: "-trusted-proxies 10.0.0.0/99", wrong: "-trusted-proxies"},
		{args: "serve", wrong: `there is no argument "serve"`},
	} {
		c, err := parse(strings.Fields(tc.args), func(string) string { return "" }, io.Discard)
		if tc.wrong != "" {
			require.ErrorContains(t, err, tc.wrong, tc.args)
			continue
		}
		require.NoError(t, err, tc.args)
		require.Equal(t, []bool{tc.private, tc.demo, tc.dev}, []bool{c.private, c.Demo, c.Dev}, tc.args)
	}
}

func TestEnvironmentStandsInForFlags(t *testing.T) {
	env := map[string]string{"TANDEM_UDP_PORT": "4000", "TANDEM_ADDR": "127.0.0.1:9", "TANDEM_LOG_JSON": "true"}
	c, err := parse([]string{"-addr", "127.0.0.1:10"}, func(k string) string { return env[k] }, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:10", c.Addr, "a flag goes before the environment")
	require.Equal(t, 4000, c.UDPPort)
	require.True(t, c.LogJSON)
	_, err = parse(nil, func(k string) string { return map[string]string{"TANDEM_UDP_PORT": "many"}[k] }, io.Discard)
	require.ErrorContains(t, err, "TANDEM_UDP_PORT")
}

// A name that somebody made to point at this machine opens no door.
func TestPagesOfDevelopmentUnderAForeignName(t *testing.T) {
	w := begin(t)
	for _, path := range []string{"/dev/phone", "/dev/mail", "/metrics"} {
		for host, want := range map[string]bool{"": true, "evil.example": false, "127.0.0.1.evil.example": false} {
			req, _ := http.NewRequest("GET", w.url+path, nil)
			req.Host = host
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			res.Body.Close()
			require.Equal(t, want, res.StatusCode == 200, "%s as %q: %d", path, host, res.StatusCode)
		}
	}
}

func TestDemoUsersDoNotOutliveTheDemo(t *testing.T) {
	w := begin(t)
	w.stop()
	cfg, err := parse(append(w.args, "-demo=false"), func(string) string { return "" }, io.Discard)
	require.NoError(t, err)
	_, err = open(context.Background(), cfg, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "demo user")
}

func TestHealth(t *testing.T) {
	w := begin(t)
	require.Equal(t, 200, w.as(http.DefaultClient, "GET", "/healthz", nil, nil))
	require.Equal(t, 200, w.as(http.DefaultClient, "GET", "/readyz", nil, nil))
	var doc struct{ OpenAPI string }
	require.Equal(t, 200, w.as(http.DefaultClient, "GET", "/openapi.json", nil, &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI[:5])
}
