// Package disk is the content of files in a directory, for a program on one
// machine. What Put has acknowledged is on the disk, whole.
package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A Store keeps each content in a file. It is safe for concurrent use.
type Store struct{ root *os.Root }

// unfinished is where content is written before it has its name. No key can name
// it.
const unfinished = ".new"

// stale is the age of an unfinished file at which nobody can be writing it any
// more: its program was killed.
const stale = 24 * time.Hour

// Open returns the store in a directory, which is made if need be, for its owner
// alone.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open files: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open files: %w", err)
	}
	s := &Store{root}
	if err := errors.Join(root.MkdirAll(unfinished, 0o700), s.sweep(time.Now())); err != nil {
		return nil, fmt.Errorf("open files: %w", errors.Join(err, root.Close()))
	}
	return s, nil
}

// sweep takes away what killed programs left unfinished. Another program may be
// at work in the same directory, so that something may vanish meanwhile.
func (s *Store) sweep(now time.Time) error {
	entries, err := fs.ReadDir(s.root.FS(), unfinished)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch i, err := e.Info(); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case now.Sub(i.ModTime()) < stale:
			continue
		}
		if err := s.root.Remove(filepath.Join(unfinished, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Close lets go of the directory.
func (s *Store) Close() error { return s.root.Close() }

// Put keeps the content under the key, in place of what was there. A reader sees
// either what was there or all of what is new. Keys are 1 to 128 of a-z, 0-9, -
// and / between parts; others fail with fault.Invalid.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	if err := s.write(key, data); err != nil {
		return fmt.Errorf("keep file: %w", err)
	}
	return nil
}

func (s *Store) write(key string, data []byte) (err error) {
	tmp := filepath.Join(unfinished, rand.Text())
	f, err := s.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	named := false
	defer func() {
		if !named {
			err = errors.Join(err, s.root.Remove(tmp))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := s.root.MkdirAll(filepath.FromSlash(path.Dir(key)), 0o700); err != nil {
		return err
	}
	if err := s.root.Rename(tmp, filepath.FromSlash(key)); err != nil {
		return err
	}
	named = true
	return s.syncDirs(key)
}

// syncDirs has the name of a file, and those of the directories it is in, outlast
// a power cut.
func (s *Store) syncDirs(key string) error {
	if runtime.GOOS == "windows" { // which cannot sync a directory
		return nil
	}
	for dir := path.Dir(key); ; dir = path.Dir(dir) {
		d, err := s.root.Open(filepath.FromSlash(dir))
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

// Open returns the content. It fails with fault.NotFound if there is none.
func (s *Store) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if err := check(ctx, key); err != nil {
		return nil, err
	}
	f, err := s.root.Open(filepath.FromSlash(key))
	if isNone(err) {
		return nil, errNone()
	}
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	switch i, err := f.Stat(); {
	case err != nil:
		return nil, fmt.Errorf("open file: %w", errors.Join(err, f.Close()))
	case i.IsDir():
		return nil, errors.Join(errNone(), f.Close())
	}
	return f, nil
}

// Delete takes the content away. It is no error if there was none.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	name := filepath.FromSlash(key)
	i, err := s.root.Lstat(name)
	if isNone(err) || err == nil && i.IsDir() {
		return nil
	}
	if err == nil {
		err = s.root.Remove(name)
	}
	if isNone(err) { // somebody else was faster
		return nil
	}
	if err == nil {
		err = s.syncDirs(key)
	}
	if err != nil {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

func errNone() error { return fault.Errorf(fault.NotFound, "there is no such file") }

// isNone holds also where a part of the key is itself a file.
func isNone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// check fails for a key that is not one of those that the desk makes.
func check(ctx context.Context, key string) error {
	bad := len(key) > 128 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789-/") != ""
	for part := range strings.SplitSeq(key, "/") {
		bad = bad || part == ""
	}
	if bad {
		return fault.Errorf(fault.Invalid, "this is no key of a file")
	}
	return ctx.Err()
}
