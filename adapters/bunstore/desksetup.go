package bunstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

type setupRow struct {
	bun.BaseModel `bun:"table:desk_setups"`

	Account  account.ID
	Version  int
	Digest   string
	Document string
}

// A setupHead is a setupRow without the document.
type setupHead struct {
	bun.BaseModel `bun:"table:desk_setups"`

	Version int
	Digest  string
}

type lineRow struct {
	bun.BaseModel `bun:"table:desk_lines"`

	Key      string
	Account  account.ID
	Document string
}

// setups keeps the decoded setups of accounts, since every command reads one.
type setups struct {
	mu    sync.Mutex
	known map[account.ID]knownSetup
}

// A knownSetup is a setup with the digest of its document, since a version that
// a transaction has read may never have been committed.
type knownSetup struct {
	digest string
	setup  desk.Setup
}

// mostSetups bounds the setups that are kept.
const mostSetups = 1000

func (c *setups) get(acct account.ID, h setupHead) (desk.Setup, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.known[acct]
	return k.setup, ok && k.digest == h.Digest && k.setup.Version == h.Version
}

func (c *setups) put(acct account.ID, k knownSetup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= mostSetups {
		c.known = map[account.ID]knownSetup{}
	}
	c.known[acct] = k
}

func (x deskTx) Setup(ctx context.Context) (desk.Setup, error) {
	head, err := get[setupHead](ctx, x.tx, "WHERE account = ?", x.acct)
	if err != nil {
		return desk.Setup{}, found(err, nil)
	}
	if s, ok := x.db.setups.get(x.acct, head); ok {
		return s, nil
	}
	row, err := get[setupRow](ctx, x.tx, "WHERE account = ?", x.acct)
	if err != nil {
		return desk.Setup{}, found(err, nil)
	}
	var s desk.Setup
	if err := json.Unmarshal([]byte(row.Document), &s); err != nil {
		return desk.Setup{}, err
	}
	s.Version = row.Version
	x.db.setups.put(x.acct, knownSetup{row.Digest, s})
	return s, nil
}

func (x deskTx) PutSetup(ctx context.Context, s desk.Setup, events ...desk.Event) error {
	stored, err := get[setupRow](ctx, x.tx, "WHERE account = ?", x.acct)
	if err := found(err, nil); err != nil {
		return err
	}
	if s.Version != stored.Version+1 {
		return errStale
	}
	text, err := document(s)
	if err != nil {
		return err
	}
	if err := x.putLines(ctx, s.Lines); err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(text))
	row := setupRow{Account: x.acct, Version: s.Version, Digest: hex.EncodeToString(digest[:]), Document: text}
	if _, err := put(ctx, x.tx, &row, "account"); err != nil {
		return err
	}
	return x.halfway(note(x.tx, "", "", events))
}

// putLines has the lines' keys lead to them.
func (x deskTx) putLines(ctx context.Context, lines []desk.Line) error {
	taken := conflict("the key of a line is taken by another line")
	rows := map[string]lineRow{}
	for _, l := range lines {
		if l.Key == "" {
			continue
		}
		if _, twice := rows[l.Key]; twice {
			return taken
		}
		text, err := document(l)
		if err != nil {
			return err
		}
		rows[l.Key] = lineRow{Key: l.Key, Account: x.acct, Document: text}
		other, err := get[lineRow](ctx, x.tx, "WHERE key = ?", l.Key)
		if err := found(err, nil); err != nil {
			return err
		}
		if other.Key != "" && other.Account != x.acct {
			return taken
		}
	}
	if _, err := x.exec(ctx, "DELETE FROM desk_lines WHERE account = ?", x.acct); err != nil {
		return err
	}
	for _, row := range rows {
		added, err := add(ctx, x.tx, &row)
		if err != nil {
			return err
		}
		if !added { // by another account at this moment
			return x.halfway(taken)
		}
	}
	return nil
}
