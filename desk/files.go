package desk

import (
	"context"
	"io"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/attach"
	"github.com/tandem-cc/tandem/internal/fault"
)

// Upload takes in a file that the actor wants to send. What it is is found from
// its content; an image is encoded anew. It fails with ErrInvalid, in a sentence,
// for what cannot be sent.
func (d *Desk) Upload(ctx context.Context, by account.Actor, name string, data []byte) (File, error) {
	if by.User == "" || !by.Can(account.DeskWork) {
		return File{}, fault.Errorf(ErrDenied, "only people who work at the desk send files")
	}
	return d.upload(ctx, by, name, data, StoredFile{By: by.User})
}

func (d *Desk) upload(ctx context.Context, by account.Actor, name string, data []byte, f StoredFile) (File, error) {
	if d.cfg.Blobs == nil {
		return File{}, fault.Errorf(ErrConflict, "files cannot be sent here")
	}
	found, clean, err := attach.Inspect(data, name, attach.WithVideo())
	if err != nil {
		return File{}, err
	}
	f.File = File{ID: FileID(d.cfg.NewID()), Name: found.Name, Type: found.Type, Size: found.Size, Width: found.Width, Height: found.Height}
	f.Key, f.At, f.Version = string(by.Account)+"/"+string(f.ID), d.now(), 1
	if err := d.cfg.Blobs.Put(ctx, f.Key, clean); err != nil {
		return File{}, err
	}
	err = d.run(ctx, by, "keep file", func(j *job) error { return j.PutFile(j.ctx, f) })
	return f.File, err
}

// OpenFile opens a file of a ticket that the actor may see, or one that the actor
// uploaded.
func (d *Desk) OpenFile(ctx context.Context, by account.Actor, id FileID) (StoredFile, io.ReadSeekCloser, error) {
	return d.openFile(ctx, by, func(j *job) (StoredFile, error) {
		f, err := j.File(j.ctx, id)
		switch {
		case err != nil:
			return f, err
		case f.Ticket == "" && f.By == by.User && by.User != "":
			return f, nil
		case f.Ticket == "":
			return f, fault.Errorf(ErrNotFound, "there is no such file")
		}
		_, _, err = j.see(f.Ticket)
		return f, err
	})
}

func (d *Desk) openFile(ctx context.Context, by account.Actor, find func(*job) (StoredFile, error)) (f StoredFile, _ io.ReadSeekCloser, _ error) {
	err := d.view(ctx, by, "open file", func(j *job) (err error) {
		f, err = find(j)
		return err
	})
	if err != nil {
		return f, nil, err
	}
	if d.cfg.Blobs == nil {
		return f, nil, fault.Errorf(ErrNotFound, "there is no such file")
	}
	content, err := d.cfg.Blobs.Open(ctx, f.Key)
	return f, content, err
}
