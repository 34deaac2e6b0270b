package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/phone"
)

// A Visitor is a customer at a web chat: a browser that knows a secret. Whoever
// has the secret reads and writes the conversation, and nothing else.
type Visitor struct {
	Account  account.ID
	Line     Line
	Identity Identity
}

// Thread returns the key of the visitor's conversation.
func (v Visitor) Thread() Thread { return v.Identity.Thread() }

// actor is the visitor at work: as a channel, which brings in what is written.
func (v Visitor) actor() account.Actor { return account.System(v.Account) }

// Face returns the public face of a web chat.
func (d *Desk) Face(ctx context.Context, key string) (Line, error) {
	acct, l, err := d.store.LineByKey(ctx, key)
	if err == nil && (l.Off || l.Kind != KindWebChat) {
		err = fault.Errorf(ErrNotFound, "there is no such chat")
	}
	_ = acct
	return l, err
}

// Visitor returns who the browser with the secret is at the web chat with that
// public key. Anybody who makes up a secret is a new visitor.
func (d *Desk) Visitor(ctx context.Context, key, secret string) (Visitor, error) {
	if len(secret) < 32 || len(secret) > 100 {
		return Visitor{}, fault.Errorf(ErrDenied, "the visitor's secret has to be 32 to 100 characters long")
	}
	acct, l, err := d.store.LineByKey(ctx, key)
	if err != nil {
		return Visitor{}, err
	}
	if l.Off || l.Kind != KindWebChat {
		return Visitor{}, fault.Errorf(ErrNotFound, "there is no such chat")
	}
	sum := sha256.Sum256([]byte(secret))
	return Visitor{acct, l, Identity{Line: l.ID, Kind: l.Kind, Value: hex.EncodeToString(sum[:])}}, nil
}

// A VisitorMessage is what a visitor writes.
type VisitorMessage struct {
	Op    string // 1 to 100 characters: sent again, it is the same message
	Text  string
	Files []FileID
	Name  string // told with the first message; optional
	Email string
	Phone string
}

// WriteAs takes in a visitor's message.
func (d *Desk) WriteAs(ctx context.Context, v Visitor, m VisitorMessage) (Entry, error) {
	var c fault.Check
	c.That(m.Op != "" && len(m.Op) <= 100, "op", "has to be 1 to 100 bytes long")
	m.Name = strings.Join(strings.Fields(m.Name), " ")
	c.That(utf8.ValidString(m.Name) && utf8.RuneCountInString(m.Name) <= 100, "name", "is longer than 100 characters")
	if m.Email = strings.ToLower(strings.TrimSpace(m.Email)); m.Email != "" {
		a, err := mail.ParseAddress(m.Email)
		c.That(err == nil && a.Address == m.Email && len(m.Email) <= 254, "email", "is not an e-mail address")
	}
	if m.Phone != "" {
		p, problem := phone.Parse(m.Phone, "")
		c.That(problem == "", "phone", "%s", problem)
		m.Phone = p
	}
	if err := c.Err(); err != nil {
		return Entry{}, err
	}
	got, err := d.Receive(ctx, v.actor(), Inbound{
		Line: v.Line.ID, From: v.Identity.Value, Op: m.Op, Name: m.Name, Email: m.Email, Phone: m.Phone, Text: m.Text, Files: m.Files,
	})
	return got.Entry, err
}

// A Chat is a conversation as the visitor sees it.
type Chat struct {
	Messages []Entry // of all tickets of the thread, the oldest first
	Open     bool    // there is a ticket that is not over
	Agent    string  // first name of who has it; "" for nobody
}

// maxChat is how many messages a visitor gets at once.
const maxChat = 200

// Chat returns the visitor's conversation: the last messages, or those after an
// entry. What we note among ourselves is not in it.
func (d *Desk) Chat(ctx context.Context, v Visitor, after EntryID) (Chat, error) {
	var out Chat
	err := d.view(ctx, v.actor(), "read chat", func(j *job) error {
		var err error
		if out.Messages, err = j.ThreadMessages(j.ctx, v.Thread(), after, maxChat); err != nil {
			return err
		}
		t, err := j.LiveTicket(j.ctx, v.Thread())
		if missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		out.Open = t.Status != StatusResolved
		if t.Assignee != "" {
			a, err := j.agent(t.Assignee)
			if err != nil {
				return err
			}
			out.Agent, _, _ = strings.Cut(a.Name, " ")
		}
		return nil
	})
	return out, err
}

// SeenBy says that the visitor has seen our messages up to that entry.
func (d *Desk) SeenBy(ctx context.Context, v Visitor, upTo EntryID) error {
	return d.run(ctx, v.actor(), "note what was seen", func(j *job) error {
		messages, err := j.ThreadMessages(j.ctx, v.Thread(), "", maxChat)
		if err != nil {
			return err
		}
		for _, e := range messages {
			if e.From != SideAgent || e.ID > upTo || e.Delivery == DeliveryRead || e.Delivery == DeliveryFailed {
				continue
			}
			if err := j.report(e.Ticket, e.N, DeliveryRead, "", j.now); err != nil {
				return err
			}
		}
		return nil
	})
}

// UploadAs takes in a file that the visitor wants to send.
func (d *Desk) UploadAs(ctx context.Context, v Visitor, name string, data []byte) (File, error) {
	return d.upload(ctx, v.actor(), name, data, StoredFile{Thread: v.Thread()})
}

// OpenFileAs opens a file of the visitor's own conversation.
func (d *Desk) OpenFileAs(ctx context.Context, v Visitor, id FileID) (StoredFile, io.ReadSeekCloser, error) {
	return d.openFile(ctx, v.actor(), func(j *job) (StoredFile, error) {
		none := fault.Errorf(ErrNotFound, "there is no such file")
		f, err := j.File(j.ctx, id)
		switch {
		case err != nil:
			return f, err
		case f.Ticket == "" && f.Thread == v.Thread():
			return f, nil
		case f.Ticket == "":
			return f, none
		}
		t, err := j.Ticket(j.ctx, f.Ticket)
		if err == nil && t.Thread != v.Thread() {
			err = none
		}
		return f, err
	})
}
