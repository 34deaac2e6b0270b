// Package rate is how often something may happen: token buckets by key, and
// the refusal that says how long to wait.
package rate

import (
	"fmt"
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
)

// Limited is an error of kind [fault.Busy] that says when to try again.
type Limited struct{ RetryAfter time.Duration }

func (l Limited) Error() string {
	return fmt.Sprintf("too often; try again in %s", max(l.RetryAfter, time.Second).Round(time.Second))
}

func (l Limited) Unwrap() error { return fault.Busy }
