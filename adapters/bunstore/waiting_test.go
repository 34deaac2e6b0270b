package bunstore_test

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/internal/uuid7"
	"github.com/tandem-cc/tandem/vi"
)

// waiting puts a call whose customer waits to be let in.
func waiting(ctx context.Context, tx vi.Tx, id vi.CallID, now time.Time, p vi.Policy) error {
	token := vi.Hash(uuid7.New())
	steps := []func(vi.Call) (vi.Call, []vi.Event, error){
		func(vi.Call) (vi.Call, []vi.Event, error) {
			c, events := started(id, now, p)
			return c, events, nil
		},
		func(c vi.Call) (vi.Call, []vi.Event, error) {
			return c.InviteWith(vi.Invite{
				ID: vi.InviteID(uuid7.New()), Channel: vi.ByText, Phone: "+6581234567", Token: token, Status: vi.InviteQueued,
				CreatedAt: now, ExpiresAt: now.Add(p.Invite),
			}, p)
		},
		func(c vi.Call) (vi.Call, []vi.Event, error) {
			return c.Report(vi.InviteMoved{Invite: c.Invites[0].ID, Reported: vi.InviteSent, At: now}, p)
		},
		func(c vi.Call) (vi.Call, []vi.Event, error) {
			return c.Redeem(token, vi.GuestWaiting{Name: "Bo", Device: "d1", Browser: "Firefox", At: now}, p)
		},
	}
	var c vi.Call
	for _, step := range steps {
		var events []vi.Event
		var err error
		if c, events, err = step(c); err != nil {
			return err
		}
		if err := tx.PutCall(ctx, c, events...); err != nil {
			return err
		}
	}
	return nil
}

// started begins a call that the agent places.
func started(id vi.CallID, now time.Time, p vi.Policy) (vi.Call, []vi.Event) {
	events := []vi.Event{vi.CallStarted{Call: id, Reference: "R-" + string(id), Agent: "ann", AgentName: "Ann Lee", At: now}}
	c := vi.Replay(events, p)
	c.Version = 1
	return c, events
}
