package disk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/blob/disk"
	"github.com/tandem-cc/tandem/internal/fault"
)

func open(t *testing.T, dir string) *disk.Store {
	t.Helper()
	s, err := disk.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func read(s *disk.Store, key string) (_ []byte, err error) {
	f, err := s.Open(context.Background(), key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(f)
}

// files returns the paths of all files below a directory.
func files(t *testing.T, dir string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, p)
		}
		return err
	}))
	return paths
}

func TestKeepReplaceDelete(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "made", "when-needed")
	s := open(t, dir)
	require.NoError(t, s.Put(ctx, "acct/file-1", []byte("one")))
	require.NoError(t, s.Put(ctx, "acct/file-2", nil))
	old, err := s.Open(ctx, "acct/file-1")
	require.NoError(t, err)
	require.NoError(t, s.Put(ctx, "acct/file-1", []byte("another")))
	was, err := io.ReadAll(old)
	require.NoError(t, err)
	require.Equal(t, "one", string(was), "who reads is not disturbed")
	require.NoError(t, old.Close())

	again := open(t, dir)
	is, err := read(again, "acct/file-1")
	require.NoError(t, err)
	require.Equal(t, "another", string(is))
	is, err = read(again, "acct/file-2")
	require.NoError(t, err)
	require.Empty(t, is)

	f, err := s.Open(ctx, "acct/file-1")
	require.NoError(t, err)
	_, err = f.Seek(4, io.SeekStart)
	require.NoError(t, err)
	rest, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "her", string(rest))
	require.NoError(t, f.Close())

	require.NoError(t, s.Delete(ctx, "acct/file-1"))
	require.NoError(t, s.Delete(ctx, "acct/file-1"), "twice is once")
	_, err = s.Open(ctx, "acct/file-1")
	require.ErrorIs(t, err, fault.NotFound)
	require.Len(t, files(t, dir), 1, "nothing else is left")
}

func TestOnlyTheOwnerReads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	require.NoError(t, open(t, dir).Put(t.Context(), "a/b", []byte("x")))
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		i, err := d.Info()
		require.NoError(t, err)
		require.Zero(t, i.Mode().Perm()&0o077, p)
		return nil
	}))
}

func TestBadKeys(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	outside := filepath.Join(dir, "outside")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	s := open(t, filepath.Join(dir, "files"))
	for _, key := range []string{
		"", "/", "a/", "/a", "a//b", "..", "../outside", "a/../../outside", ".new", ".new/x", "A", "a b", "a\x00", `a\b`, "ä", "a.b", outside,
		strings.Repeat("a", 129),
	} {
		require.ErrorIs(t, s.Put(ctx, key, []byte("x")), fault.Invalid, key)
		require.ErrorIs(t, s.Delete(ctx, key), fault.Invalid, key)
		_, err := s.Open(ctx, key)
		require.ErrorIs(t, err, fault.Invalid, key)
	}
	require.NoError(t, s.Put(ctx, strings.Repeat("a", 128), nil))
	is, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Equal(t, "secret", string(is))
}

func TestLinkOutOfTheDirectoryIsNotFollowed(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "outside"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "outside", "b"), []byte("secret"), 0o600))
	s := open(t, filepath.Join(dir, "files"))
	require.NoError(t, os.Symlink(filepath.Join(dir, "outside"), filepath.Join(dir, "files", "a")))
	_, err := s.Open(ctx, "a/b")
	require.Error(t, err)
	require.Error(t, s.Put(ctx, "a/b", []byte("x")))
	require.Error(t, s.Delete(ctx, "a/b"))
	is, err := os.ReadFile(filepath.Join(dir, "outside", "b"))
	require.NoError(t, err)
	require.Equal(t, "secret", string(is))
}

func TestKeyThatIsAPartOfAnother(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := open(t, dir)
	require.NoError(t, s.Put(ctx, "a/b", []byte("x")))
	_, err := s.Open(ctx, "a")
	require.ErrorIs(t, err, fault.NotFound)
	_, err = s.Open(ctx, "a/b/c")
	require.ErrorIs(t, err, fault.NotFound)
	require.NoError(t, s.Delete(ctx, "a"))
	require.NoError(t, s.Delete(ctx, "a/b/c"))
	require.Error(t, s.Put(ctx, "a", []byte("y")))
	require.Error(t, s.Put(ctx, "a/b/c", []byte("y")))
	is, err := read(s, "a/b")
	require.NoError(t, err)
	require.Equal(t, "x", string(is))
	require.Len(t, files(t, dir), 1, "a failure leaves nothing unfinished")
}

func TestUnfinishedFilesGo(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	killed, busy := filepath.Join(dir, ".new", "killed"), filepath.Join(dir, ".new", "busy")
	require.NoError(t, os.WriteFile(killed, []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(busy, []byte("half"), 0o600))
	long := time.Now().Add(-25 * time.Hour)
	require.NoError(t, os.Chtimes(killed, long, long))
	open(t, dir)
	require.Equal(t, []string{busy}, files(t, dir))
}

func TestFailuresOfTheDisk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := disk.Open(file)
	require.Error(t, err)

	s, err := disk.Open(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, s.Close())
	err = s.Put(t.Context(), "a", []byte("x"))
	require.Error(t, err)
	require.Empty(t, fault.KindOf(err), "a fault of ours is not the caller's")
	_, err = s.Open(t.Context(), "a")
	require.Error(t, err)
	require.Empty(t, fault.KindOf(err))
	require.Error(t, s.Delete(t.Context(), "a"))

	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, open(t, t.TempDir()).Put(over, "a", nil), context.Canceled)
}

// Readers among writers and deleters of one key see a whole content or none.
func TestContentIsWholeAmongWriters(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := open(t, dir)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			content := bytes.Repeat([]byte{'a' + byte(w)}, 10_000*(w+1))
			for range 15 {
				if err := s.Put(ctx, "a/b", content); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range 60 {
				is, err := read(s, "a/b")
				switch {
				case errors.Is(err, fault.NotFound):
				case err != nil:
					t.Error(err)
				case len(is) == 0 || len(is) != 10_000*int(is[0]-'a'+1) || len(bytes.Trim(is, string(is[0]))) != 0:
					t.Errorf("%d bytes that nobody wrote", len(is))
				}
			}
		})
	}
	all.Go(func() {
		for range 15 {
			if err := s.Delete(ctx, "a/b"); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
}
