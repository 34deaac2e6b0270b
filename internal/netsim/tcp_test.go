package netsim_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/netsim"
)

func TestTCPPassesNothingWhileCut(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					fmt.Fprintf(c, "echo %s\n", lines.Text())
				}
			}()
		}
	}()
	way, err := netsim.NewTCP(server.Addr().String())
	require.NoError(t, err)
	defer way.Close()
	c, err := net.Dial("tcp", way.Addr())
	require.NoError(t, err)
	defer c.Close()
	lines := bufio.NewReader(c)
	ask := func(text string) { fmt.Fprintln(c, text) }
	ask("one")
	got, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "echo one\n", got)

	way.Cut()
	ask("two")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(200*time.Millisecond)))
	_, err = lines.ReadString('\n')
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	way.Heal()
	got, err = lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "echo two\n", got, "what was sent meanwhile arrives")
}
