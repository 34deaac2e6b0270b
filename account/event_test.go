package account_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The JSON of events is read by programs that are not ours: it never changes.
func TestEventsAsJSON(t *testing.T) {
	at := time.Date(2030, 1, 2, 12, 0, 0, 123456000, time.UTC)
	events := []account.Event{
		account.AccountCreated{Name: "Acme & Sons", At: at},
		account.UserCreated{User: "u2", Email: "bo@acme.example", Name: "Bo", Role: account.RoleAgent, By: "u1", At: at},
		account.UserChanged{User: "u2", Name: "Bo Lee", Role: account.RoleSupervisor, By: "u1", At: at},
		account.UserDisabled{User: "u2", By: "u1", At: at},
		account.UserEnabled{User: "u2", By: "u1", At: at},
		account.SignedIn{User: "u2", Address: "2001:db8::1", At: at},
		account.SignedOut{User: "u2", At: at},
		account.SessionsEnded{User: "u2", At: at},
		account.PasswordResetAsked{User: "u2", At: at},
		account.PasswordChanged{User: "u2", At: at},
		account.KeyCreated{Key: "k1", Name: "CRM", By: "u1", At: at},
		account.KeyRevoked{Key: "k1", By: "u1", At: at},
	}
	want := map[string]bool{}
	for _, e := range events {
		path := filepath.Join("testdata", "events", e.Kind()+".json")
		want[path] = true
		got, err := json.MarshalIndent(e, "", "\t")
		require.NoError(t, err)
		got = append(got, '\n')
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
			require.NoError(t, os.WriteFile(path, got, 0o666))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(golden), string(got), path)
	}
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(want), "a golden file without an event, or two events of one kind")
}

// An event by nobody says nothing of whom.
func TestEventsOfTheSystemAsJSON(t *testing.T) {
	got, err := json.Marshal(account.UserDisabled{User: "u2"})
	require.NoError(t, err)
	require.NotContains(t, string(got), `"by"`)
}
