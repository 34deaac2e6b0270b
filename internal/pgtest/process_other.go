//go:build !unix

package pgtest

import (
	"errors"
	"os/exec"
)

func apart(*exec.Cmd, string) error {
	return errors.New("a PostgreSQL server is started for tests on Unix only; name one in TANDEM_TEST_POSTGRES")
}
