package archtest_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/archtest"
)

func TestTheTree(t *testing.T) {
	wrong, err := archtest.Check(os.DirFS("../.."))
	require.NoError(t, err)
	require.Empty(t, wrong, strings.Join(wrong, "\n"))
}

// The rules themselves: each import, in a file of its own, is refused or not.
func TestTheRules(t *testing.T) {
	const m = archtest.Module
	for _, tc := range []struct{ file, imports, want string }{
		{"vi/x.go", "time", ""},
		{"vi/x.go", m + "/account", ""},
		{"vi/x.go", m + "/vi/wire", ""},
		{"vi/x.go", m + "/internal/fault", ""},
		{"vi/x.go", "github.com/nyaruka/phonenumbers", ""},
		{"vi/x.go", "github.com/uptrace/bun", "vi is a pure package and may not import github.com/uptrace/bun"},
		{"vi/x.go", "github.com/pion/webrtc/v4", "vi is a pure package and may not import github.com/pion/webrtc/v4"},
		{"vi/wire/x.go", "github.com/coder/websocket", "vi/wire is a pure package and may not import github.com/coder/websocket"},
		{"account/x.go", "golang.org/x/crypto/argon2", "account is a pure package and may not import golang.org/x/crypto/argon2"},
		{"vi/x.go", m + "/desk", "vi may not import desk: domains do not know each other"},
		{"desk/routing/x.go", m + "/messaging", "desk/routing may not import messaging: domains do not know each other"},
		{"account/x.go", m + "/vi", "account may not import vi: domains do not know each other"},
		{"partner/x.go", m + "/vi/report", ""},
		{"vi/wire/x.go", m + "/vi", "vi/wire may not import vi: parents import children, never back"},
		{"vi/x.go", m + "/adapters/bunstore", "vi may not import adapters/bunstore: domains do not know each other"},
		{"vi/x.go", m + "/vi/vitest", "vi/vitest is for tests only"},
		{"vi/x.go", m + "/internal/netsim", "internal/netsim is for tests only"},
		{"vi/x_test.go", m + "/adapters/bunstore", ""},
		{"vi/vitest/x.go", "github.com/stretchr/testify/require", ""},
		{"vi/vitest/x.go", m + "/vi", ""},
		{"vi/vitest/x.go", "github.com/pion/webrtc/v4", "a conformance suite imports testify and nothing else from outside, not github.com/pion/webrtc/v4"},
		{"internal/fault/x.go", "github.com/uptrace/bun", "internal/fault serves pure packages and may not import github.com/uptrace/bun"},
		{"internal/rate/x.go", m + "/internal/fault", ""},
		{"internal/rate/x.go", m + "/vi", "internal/rate serves pure packages and may not import github.com/tandem-cc/tandem/vi"},
		{"internal/browser/x.go", "github.com/chromedp/chromedp", ""},
		{"adapters/bunstore/x.go", "github.com/uptrace/bun", ""},
		{"adapters/bunstore/x.go", m + "/adapters/outbox", ""},
		{"adapters/bunstore/x.go", m + "/adapters/pionmedia", "adapter adapters/bunstore may not import adapter adapters/pionmedia"},
		{"adapters/bunstore/sub/x.go", m + "/adapters/bunstore", ""},
		{"adapters/sms/twilio/x.go", m + "/adapters/sms/smpp", "adapter adapters/sms/twilio may not import adapter adapters/sms/smpp"},
		{"adapters/webui/x.go", m + "/internal/pgtest", "internal/pgtest is for tests only"},
		{"adapters/httpapi/x.go", m + "/examples/contactcentre", "nothing imports the examples"},
		{"vi/x_test.go", m + "/examples/contactcentre", "nothing imports the examples"},
		{"examples/contactcentre/x.go", m + "/adapters/bunstore", ""},
	} {
		tree := fstest.MapFS{tc.file: {Data: []byte("package x\n\nimport _ \"" + tc.imports + "\"\n")}}
		wrong, err := archtest.Check(tree)
		require.NoError(t, err)
		var want []string
		if tc.want != "" {
			want = []string{tc.file + ": " + tc.want}
		}
		require.Equal(t, want, wrong, "%s imports %s", tc.file, tc.imports)
	}
}
