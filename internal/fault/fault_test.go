package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/fault"
)

func TestKindSurvivesWrapping(t *testing.T) {
	cause := errors.New("row is gone")
	err := fmt.Errorf("start call: %w", fault.Errorf(fault.NotFound, "no such call: %w", cause))
	require.ErrorIs(t, err, fault.NotFound)
	require.ErrorIs(t, err, cause)
	require.NotErrorIs(t, err, fault.Conflict)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.EqualError(t, err, "start call: no such call: row is gone")
	require.Empty(t, fault.KindOf(cause))
}

func TestCheckReportsEveryField(t *testing.T) {
	var c fault.Check
	require.NoError(t, c.Err())
	c.That(true, "name", "is missing")
	c.That(false, "phone", "is not a phone number")
	c.That(false, "reference", "is longer than %d characters", 64)
	err := fmt.Errorf("start call: %w", c.Err())
	require.ErrorIs(t, err, fault.Invalid)
	fields, ok := errors.AsType[fault.Fields](err)
	require.True(t, ok)
	require.Equal(t, fault.Fields{{"phone", "is not a phone number"}, {"reference", "is longer than 64 characters"}}, fields)
	require.EqualError(t, err, "start call: phone is not a phone number; reference is longer than 64 characters")
}
