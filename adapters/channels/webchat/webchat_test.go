package webchat_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/channels/webchat"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
)

func TestMessagesAreSentByBeingKept(t *testing.T) {
	provider, err := webchat.Channel{}.Send(t.Context(), desk.Outgoing{})
	require.NoError(t, err)
	require.Empty(t, provider)
	require.True(t, webchat.Channel{}.Instant())
}

func TestSiteCarriesTheChat(t *testing.T) {
	key, err := "k1", error(nil)
	site := webchat.Site(func(context.Context) (string, error) { return key, err })
	get := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/dev/site", nil))
		return w
	}
	w := get()
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), `<script type="module" src="/widget.js" data-key="k1"></script>`)
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "script-src 'self'; ")

	key = `"><script>alert(1)</script>`
	require.NotContains(t, get().Body.String(), "<script>alert")

	err = fault.Errorf(fault.NotFound, "none")
	require.Equal(t, 404, get().Code)
}
