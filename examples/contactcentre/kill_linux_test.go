package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/browser"
	"github.com/tandem-cc/tandem/vi/wire"
)

// A victim is the server as a process of its own, to be killed.
type victim struct {
	*world
	cmd  *exec.Cmd
	addr string
	data string
}

// murder starts a server to kill.
func murder(t *testing.T) *victim {
	t.Helper()
	v := &victim{world: &world{t: t, srv: &server{}}, addr: "127.0.0.1:0", data: t.TempDir()}
	v.run()
	t.Cleanup(v.kill)
	return v
}

// run starts the process, on the port that it had before, and waits until it
// has printed its users.
func (v *victim) run() {
	v.t.Helper()
	self, err := os.Executable()
	require.NoError(v.t, err)
	v.cmd = exec.Command(self)
	v.cmd.Env = append(os.Environ(), "TANDEM_TEST_SERVE=-addr "+v.addr+" -data "+v.data+" -tcp-port -1")
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := v.cmd.StdoutPipe()
	require.NoError(v.t, err)
	var errs bytes.Buffer
	v.cmd.Stderr = &errs
	require.NoError(v.t, v.cmd.Start())
	v.srv.users = nil
	for lines := bufio.NewScanner(out); len(v.srv.users) < len(demoUsers) && lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) == 3 && strings.HasPrefix(f[2], "http") {
			v.url = f[2]
			v.addr = strings.TrimPrefix(v.url, "http://")
		}
		if len(f) == 3 && strings.Contains(f[1], "@") {
			v.srv.users = append(v.srv.users, credential{Role: account.Role(f[0]), Email: f[1], Password: f[2]})
		}
	}
	if len(v.srv.users) != len(demoUsers) {
		v.kill() // and so nothing writes errs any more
		v.t.Fatalf("the server did not print its users; it said %s", errs.String())
	}
}

// kill ends the process as a power cut does.
func (v *victim) kill() {
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
}

func TestKillInACall(t *testing.T) {
	t.Parallel()
	v := murder(t)
	agent, customer, _ := v.talk("killed")
	for _, p := range []*browser.Person{agent, customer} {
		p.Expect("WebSocket")
		p.Expect("Failed to load resource")
	}
	agent.Fill("#chat-text", "written before the end")
	agent.Click("#chat-send")
	customer.Wait("the message", `document.querySelector("#chat-log").textContent.includes("written before the end")`)
	v.kill()
	v.run()
	start := time.Now()
	agent.WaitFor("the call again", inCall, 40*time.Second)
	customer.WaitFor("the call again", inCall, 40*time.Second)
	flowing(t, agent, customer)
	t.Logf("media both ways %v after the server was back", time.Since(start).Round(10*time.Millisecond))
	c := v.callOf("killed")
	require.Equal(t, "connected", c.Status)
	require.Equal(t, 1, c.Messages)
}

// 200 commands are under way when the server is killed, again and again. What it
// acknowledged is there afterwards, and nothing is half there.
func TestKillDuringCommands(t *testing.T) {
	t.Parallel()
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	v := murder(t)
	acked := map[string]string{} // call ID by reference
	ended := map[string]bool{}   // call IDs that were hung up
	lost := 0
	for round := range rounds {
		c := v.session("agent")
		var mu sync.Mutex
		var wg sync.WaitGroup
		for n := range 200 {
			wg.Go(func() {
				reference := fmt.Sprintf("r%d-%d", round, n)
				var out struct{ Call wire.Call }
				if !try(c, "POST", v.url+"/api/calls", map[string]string{"phone": fmt.Sprintf("+6581%06d", n), "reference": reference}, &out) {
					return
				}
				mu.Lock()
				acked[reference] = out.Call.ID
				mu.Unlock()
				if n%2 == 0 && try(c, "POST", v.url+"/api/calls/"+out.Call.ID+"/hangup", map[string]any{}, &out) {
					mu.Lock()
					ended[out.Call.ID] = true
					mu.Unlock()
				}
			})
		}
		pause := time.Duration(50+rand.IntN(700)) * time.Millisecond
		<-time.After(pause) // the moment of the kill is meant to be any
		v.kill()
		wg.Wait()
		start := time.Now()
		v.run()
		t.Logf("round %d: killed after %v, %d calls acknowledged so far, serving again after %v",
			round, pause, len(acked), time.Since(start).Round(time.Millisecond))
	}
	stored := v.everyCall()
	for reference, id := range acked {
		c, ok := stored[reference]
		if !ok {
			lost++
			continue
		}
		require.Equal(t, id, c.ID)
		require.Len(t, c.Invites, 1, "a call is there with its invitation, or not at all")
		require.NotEqual(t, "queued", c.Invites[0].Status, "no text is left hanging")
		if ended[id] {
			require.Equal(t, "cancelled", c.Status, reference)
		}
	}
	require.Zero(t, lost, "acknowledged calls that are gone")
	t.Logf("%d calls acknowledged, %d stored", len(acked), len(stored))
	require.NotEmpty(t, acked)
}

// try makes one request; it says whether it was acknowledged.
func try(c *http.Client, method, url string, body, out any) bool {
	data, _ := json.Marshal(body)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	data, err = io.ReadAll(res.Body)
	return err == nil && res.StatusCode < 300 && json.Unmarshal(data, out) == nil
}

// everyCall pages through the log.
func (v *victim) everyCall() map[string]wire.Call {
	v.t.Helper()
	all := map[string]wire.Call{}
	c := v.session("administrator")
	for before := ""; ; {
		var page struct {
			Calls []wire.Call `json:"calls"`
			Next  string      `json:"next"`
		}
		require.Equal(v.t, 200, v.as(c, "GET", "/api/calls?limit=200&before="+before, nil, &page))
		for _, x := range page.Calls {
			all[x.Reference] = x
		}
		if before = page.Next; before == "" {
			return all
		}
	}
}
