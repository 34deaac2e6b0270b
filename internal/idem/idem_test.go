package idem_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/idem"
)

func TestKeyIsRecordedOnce(t *testing.T) {
	require.Nil(t, idem.Unused(context.Background()), "a context without a key")

	k := &idem.Key{Scope: "acme/ann", ID: "1"}
	ctx := idem.With(context.Background(), k)
	require.Same(t, k, idem.Unused(ctx))
	require.Same(t, k, idem.Unused(ctx), "asking does not use it up: the transaction may fail")
	k.Use()
	require.Nil(t, idem.Unused(ctx))
}
