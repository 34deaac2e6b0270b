package argon2id_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/argon2id"
	"github.com/tandem-cc/tandem/internal/fault"
)

var _ account.Passwords = (*argon2id.Passwords)(nil)

const horse = "correct horse battery staple"

func TestHashAndVerify(t *testing.T) {
	p := argon2id.New(argon2id.Config{})
	for _, password := range []string{horse, "", "пароль 🐎 \x00 \xff", strings.Repeat("long ", 1000)} {
		encoded, err := p.Hash(t.Context(), password)
		require.NoError(t, err)
		require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, encoded)

		ok, err := p.Verify(t.Context(), encoded, password)
		require.NoError(t, err)
		require.True(t, ok)
		ok, err = p.Verify(t.Context(), encoded, password+" ")
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func TestEachHashHasItsOwnSalt(t *testing.T) {
	p := argon2id.New(argon2id.Config{})
	one, err := p.Hash(t.Context(), horse)
	require.NoError(t, err)
	two, err := p.Hash(t.Context(), horse)
	require.NoError(t, err)
	require.NotEqual(t, one, two)
}

// A test vector of the reference implementation (phc-winner-argon2, src/test.c),
// whose parameters are not ours.
func TestReadsOtherParameters(t *testing.T) {
	p := argon2id.New(argon2id.Config{})
	const vector = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, err := p.Verify(t.Context(), vector, "password")
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = p.Verify(t.Context(), vector, "passwords")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestNothingMatchesAnEmptyHash(t *testing.T) {
	p := argon2id.New(argon2id.Config{})
	for _, password := range []string{"", horse} {
		ok, err := p.Verify(t.Context(), "", password)
		require.NoError(t, err)
		require.False(t, ok)
	}
}

// What matters is that the work is done at all: a shortcut would be a thousand
// times faster.
func TestAnEmptyHashCostsTheSame(t *testing.T) {
	p := argon2id.New(argon2id.Config{})
	encoded, err := p.Hash(t.Context(), horse)
	require.NoError(t, err)
	best := func(encoded string) time.Duration {
		least := time.Hour
		for range 5 {
			start := time.Now()
			_, err := p.Verify(t.Context(), encoded, "something else")
			require.NoError(t, err)
			least = min(least, time.Since(start))
		}
		return least
	}
	known, unknown := best(encoded), best("")
	require.Greater(t, unknown, known/3)
	require.Greater(t, known, unknown/3)
}

const (
	salt = "AAAAAAAAAAAAAAAAAAAAAA"
	key  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

func TestRefusesStoredHashes(t *testing.T) {
	p := argon2id.New(argon2id.Config{})
	good := "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key
	_, err := p.Verify(t.Context(), good, horse)
	require.NoError(t, err)
	long := strings.Repeat("AAAA", 22)
	for _, bad := range []string{
		"x", "$", "$$$$$", horse, good + "$", good + "=", " " + good, good + "\n",
		strings.Replace(good, "argon2id", "argon2i", 1),
		strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "$v=19", "", 1),
		strings.Replace(good, "m=19456", "m=65537", 1),
		strings.Replace(good, "m=19456", "m=4294967295", 1),
		strings.Replace(good, "m=19456", "m=99999999999", 1),
		strings.Replace(good, "m=19456", "m=7", 1),
		strings.Replace(good, "m=19456", "m=-1", 1),
		strings.Replace(good, "m=19456", "m=019456", 1),
		strings.Replace(good, "t=2", "t=0", 1),
		strings.Replace(good, "t=2", "t=11", 1),
		strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "p=1", "p=5", 1),
		strings.Replace(good, "p=1", "p=257", 1),
		strings.Replace(good, "p=1", "p=1,keyid=x", 1),
		strings.Replace(good, salt, "", 1),
		strings.Replace(good, salt, "AAAA", 1),
		strings.Replace(good, salt, long, 1),
		strings.Replace(good, key, "", 1),
		strings.Replace(good, key, "AAAA", 1),
		strings.Replace(good, key, long, 1),
		strings.Replace(good, key, "!!!!", 1),
	} {
		ok, err := p.Verify(t.Context(), bad, horse)
		require.Error(t, err, bad)
		require.False(t, ok, bad)
		require.NotContains(t, err.Error(), key, "the hash itself stays out of errors")
	}
}

// While all turns are taken others wait, up to a number; the rest are refused.
func TestBoundedWork(t *testing.T) {
	const waiting = 3
	p := argon2id.New(argon2id.Config{Concurrent: 1, Waiting: waiting})
	release := p.Occupy()

	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, waiting)
	var wg sync.WaitGroup
	for range waiting {
		wg.Go(func() {
			_, err := p.Hash(ctx, horse)
			results <- err
		})
	}
	p.AwaitWaiting(waiting)
	_, err := p.Hash(ctx, horse)
	require.ErrorIs(t, err, fault.Busy)
	_, err = p.Verify(ctx, "", horse)
	require.ErrorIs(t, err, fault.Busy)

	cancel()
	wg.Wait()
	for range waiting {
		require.ErrorIs(t, <-results, context.Canceled)
	}
	_, err = p.Hash(ctx, horse)
	require.ErrorIs(t, err, context.Canceled)

	release()
	_, err = p.Hash(t.Context(), horse)
	require.NoError(t, err, "those who gave up left no trace")
}

func TestManyAtOnce(t *testing.T) {
	p := argon2id.New(argon2id.Config{})
	encoded, err := p.Hash(t.Context(), horse)
	require.NoError(t, err)
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			ok, err := p.Verify(t.Context(), encoded, horse)
			if err == nil && !ok {
				err = errors.New("a right password was refused")
			}
			errs[i] = err
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
}

// Whatever is stored, Verify neither panics nor accepts, nor takes more memory
// than its bounds say.
func FuzzVerify(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + key)
	f.Add("$argon2id$v=19$m=65536,t=10,p=4$" + salt + "$" + key)
	f.Add("")
	p := argon2id.New(argon2id.Config{})
	f.Fuzz(func(t *testing.T, encoded string) {
		ok, err := p.Verify(t.Context(), encoded, horse)
		require.False(t, ok && err != nil)
		if ok {
			require.True(t, strings.HasPrefix(encoded, "$argon2id$v=19$m="))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	p := argon2id.New(argon2id.Config{})
	encoded, err := p.Hash(b.Context(), horse)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Verify(b.Context(), encoded, horse); err != nil {
			b.Fatal(err)
		}
	}
}
