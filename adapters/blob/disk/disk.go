// Package disk is the content of files in a directory, for a program on one
// machine. What Put has acknowledged is on the disk, whole.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A Store keeps each content in a file. It is safe for concurrent use.
type Store struct{ root *os.Root }

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
	return &Store{root}, nil
}

// Close lets go of the directory.
func (s *Store) Close() error { return s.root.Close() }

// Put keeps the content under the key, in place of what was there.
func (s *Store) Put(_ context.Context, key string, data []byte) error {
	if err := check(key); err != nil {
		return err
	}
	name := filepath.FromSlash(key)
	if err := s.write(name, data); err != nil {
		return fmt.Errorf("keep file: %w", err)
	}
	return nil
}

func (s *Store) write(name string, data []byte) (err error) {
	if err := s.root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Join(s.root.Name(), filepath.Dir(name)), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(s.root.Name(), name)); err != nil {
		return err
	}
	return syncDir(filepath.Join(s.root.Name(), filepath.Dir(name)))
}

// syncDir has the name of a new file outlast a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // which cannot sync a directory
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open returns the content. It fails with fault.NotFound if there is none.
func (s *Store) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	f, err := s.root.Open(filepath.FromSlash(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Errorf(fault.NotFound, "there is no such file")
	}
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	return f, nil
}

// Delete takes the content away. It is no error if there was none.
func (s *Store) Delete(_ context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	if err := s.root.Remove(filepath.FromSlash(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// check fails for a key that is not one of those that the desk makes.
func check(key string) error {
	bad := key == "" || len(key) > 128 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789-/") != ""
	for _, part := range strings.Split(key, "/") {
		bad = bad || part == ""
	}
	if bad {
		return fault.Errorf(fault.Invalid, "this is no key of a file")
	}
	return nil
}
