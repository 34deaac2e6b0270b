package desk

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/desk/routing"
)

// goldenEvents holds one of each kind, with every field set.
func goldenEvents() []Event {
	at := noon.Add(123456 * time.Microsecond)
	on := On{Ticket: "t1", Thread: "w1 x", At: at}
	why := routing.Why{
		Queue: "q1", Step: 1, Candidates: 2, Priority: 3, Level: 4, Used: 1, Max: 5, Idle: time.Minute, Waited: 61 * time.Second,
		Mode: routing.Push, Preferred: true, Overflow: true,
	}
	return []Event{
		TicketOpened{On: on, Number: 7, Contact: "c1", Line: "w1", Channel: KindEmail, Queue: "q1", Subject: "Bill", Prev: "t0", Last: "u2", Units: 2, By: "u1"},
		MessageReceived{On: on, N: 1, Class: ClassGratitude},
		ReplyWritten{On: on, N: 2, By: "u1"},
		ReplyAccepted{On: on, N: 2, By: "u1", Waited: 61 * time.Second, First: true},
		ReplyMoved{On: on, N: 2, Delivery: DeliveryFailed, Problem: "p"},
		NoteAdded{On: on, N: 3, By: "u1"},
		TicketRead{On: on, By: "u1"},
		TicketAssigned{On: on, To: "u1", ToName: "Ann", From: "u2", By: "u3", ByName: "Eve", Reason: ByRouting, Note: "n", Override: true, Why: &why},
		TicketQueued{On: on, Queue: "q2", From: "q1", Agent: "u1", By: "u3", ByName: "Eve", Reason: ByTransfer, Note: "n"},
		TicketMoved{On: on, Status: StatusOnHold, From: StatusOpen, By: "u1", ByName: "Ann"},
		TicketReopened{On: on, Cycle: 2, From: StatusResolved, By: "u1", ByName: "Ann"},
		TicketResolved{On: on, By: "u1", ByName: "Ann", Reason: CloseAgent, Disposition: "d", Note: "n"},
		TicketClosed{On: on, From: StatusOpen, By: "u1", ByName: "Ann", Reason: CloseMerged, Into: "t9"},
		TicketMarked{On: on, Tags: []string{"vip"}, Labels: []LabelID{"l1"}, By: "u1"},
		SetupChanged{By: "u1", What: "queue Billing", Deed: "added", At: at},
		AgentChanged{Agent: "u1", At: at},
		QueueChanged{Queue: "q1", At: at},
		ContactChanged{Contact: "c1", By: "u1", Deed: "merged", Other: "c2", At: at},
	}
}

// The JSON of events is kept for ever: what is in the files may be added to,
// never changed. TANDEM_UPDATE=1 writes the files, after a kind or a field has come.
func TestEventsAreFrozen(t *testing.T) {
	for _, e := range goldenEvents() {
		file := filepath.Join("testdata", "events", e.Kind()+".json")
		got, err := json.MarshalIndent(e, "", "\t")
		require.NoError(t, err)
		requireFull(t, e.Kind(), reflect.ValueOf(e))
		if os.Getenv("TANDEM_UPDATE") != "" {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(string(want)), string(got))
		back := reflect.New(reflect.TypeOf(e))
		require.NoError(t, json.Unmarshal(want, back.Interface()))
		require.Equal(t, e, back.Elem().Interface())
	}
}

// requireFull fails if the sample leaves a field empty, also inside others.
func requireFull(t *testing.T, where string, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	require.True(t, v.IsValid() && !v.IsZero(), "%s: the sample leaves a field empty", where)
	if _, ok := v.Interface().(time.Time); ok || v.Kind() != reflect.Struct {
		return
	}
	for n := range v.NumField() {
		requireFull(t, where+"."+v.Type().Field(n).Name, v.Field(n))
	}
}

// No kind of event is without a sample, and no file without a kind.
func TestEveryEventIsFrozen(t *testing.T) {
	source, err := os.ReadFile("event.go")
	require.NoError(t, err)
	var declared, sampled, filed []string
	for _, m := range regexp.MustCompile(`Kind\(\) string\s*\{ return "([^"]+)" \}`).FindAllStringSubmatch(string(source), -1) {
		declared = append(declared, m[1])
	}
	for _, e := range goldenEvents() {
		sampled = append(sampled, e.Kind())
	}
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	require.NoError(t, err)
	for _, f := range files {
		filed = append(filed, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	require.ElementsMatch(t, declared, sampled)
	require.ElementsMatch(t, declared, filed)
}

// What is read back from its JSON rebuilds the ticket all the same.
func TestTicketIsRebuiltFromJSON(t *testing.T) {
	want, events, err := Begin(opening(), Arrival{N: 1, Class: ClassMessage, At: noon}, chatty)
	require.NoError(t, err)
	for n, r := range []rule{assign("ann", ByClaim), write, accepted, message, set(StatusPending), message, enqueue("q2", ByTransfer), assign("bob", ByRouting), mark, resolve("bob")} {
		next, more, _, err := r(want, noon.Add(time.Duration(n+1)*time.Minute), chatty)
		require.NoError(t, err)
		want, events = next, append(events, more...)
	}
	var read []TicketEvent
	for _, e := range events {
		data, err := json.Marshal(e)
		require.NoError(t, err)
		back := reflect.New(reflect.TypeOf(e))
		require.NoError(t, json.Unmarshal(data, back.Interface()))
		read = append(read, back.Elem().Interface().(TicketEvent))
	}
	got := Replay(read, chatty)
	got.Version = want.Version
	require.Equal(t, want, got)
	require.Equal(t, StatusClosed, got.Status)
}
