package bunstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/vi"
)

// A call is kept in a file, and a follower of the feed hears of it.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := bunstore.Open(ctx, filepath.Join(dir, "calls.db"), bunstore.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	err = db.Calls().Update(ctx, "acme", func(tx vi.Tx) error {
		now := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
		call := vi.Call{ID: "c1", Reference: "R-1", Agent: "ann", Status: vi.StatusCreated, CreatedAt: now, StageAt: now, Version: 1}
		return tx.PutCall(ctx, call, vi.CallStarted{Call: call.ID, Reference: call.Reference, Agent: call.Agent, At: now})
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	err = outbox.Follow(ctx, db, "acme", 0, func(recs []outbox.Record) error {
		for _, r := range recs {
			fmt.Println(r.Kind, r.About, r.Owner)
		}
		cancel() // enough
		return nil
	})
	fmt.Println(err)
	// Output:
	// vi.call_started c1 ann
	// context canceled
}
