package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/browser"
)

var (
	//go:embed testdata/router-tall.svg
	router []byte
	//go:embed testdata/agent-wide.svg
	agentAtDesk []byte
)

// The pictures of the documentation are taken in a running call: TANDEM_DOCS
// names the folder that they go to. Without it the test holds the call and shows
// that a picture can be taken.
func TestPicturesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	w := begin(t)
	agent := browser.New(t, "agent", browser.Desktop)
	agent.Film(agentAtDesk)
	w.signInAs(agent, "agent")
	link := w.invite(agent, "+6581234567", "FB-20418")
	customer := w.customer("customer")
	customer.Film(router)
	join(customer, link, "Lena Brandt")
	agent.Wait("the agent in the call", inCall)
	customer.Wait("the customer in the call", inCall)
	flowing(t, agent, customer)

	say := func(from, to *browser.Person, text string) {
		from.Fill("#chat-text", text)
		from.Click("#chat-send")
		to.Shows(`#chat-log .msg[data-side="in"] .bubble`, text)
	}
	customer.Click("#chat-open")
	say(agent, customer, "Hello Lena, please point the camera at the lights on the front of the router.")
	say(customer, agent, "The third one is red")
	say(agent, customer, "That is the line light. Press the small button beside it for ten seconds.")
	say(customer, agent, "Doing it now")
	shot := func(p *browser.Person, name string) {
		file := p.Screenshot(name)
		if dir := os.Getenv("TANDEM_DOCS"); dir != "" {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644))
		}
	}
	customer.Wait("the chat to be closed", `(document.querySelector("#chat-close")?.click(), true)`)
	agent.Wait("a sharp picture", `document.querySelector("#remote").videoHeight >= 640`)
	shot(agent, "call")
	shot(customer, "customer")
}
