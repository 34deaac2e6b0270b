package token_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/token"
)

func TestNew(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		short, long := token.New(16), token.New(32)
		require.Regexp(t, `^[A-Za-z0-9_-]{22}$`, short)
		require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, long)
		require.False(t, seen[short] || seen[long])
		seen[short], seen[long] = true, true
	}
}

func TestHash(t *testing.T) { // FIPS 180-4, "abc"
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", token.Hash("abc"))
}
