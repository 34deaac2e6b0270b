package uuid7_test

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/uuid7"
)

func TestFormAndTime(t *testing.T) {
	before := time.Now().UnixMilli()
	id := uuid7.New()
	require.Regexp(t, regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`), id)
	ms, err := strconv.ParseInt(strings.ReplaceAll(id[:13], "-", ""), 16, 64)
	require.NoError(t, err)
	require.InDelta(t, before, ms, 1000)
}

func TestEachIsGreaterThanTheOneBefore(t *testing.T) {
	prev := ""
	for range 10_000 {
		id := uuid7.New()
		require.Greater(t, id, prev)
		prev = id
	}
}

func TestConcurrentAreDistinct(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				id := uuid7.New()
				mu.Lock()
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, 8000)
}
