package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tandem-cc/tandem/internal/browser"
)

// watchFirstFrame records, in milliseconds since the epoch, when the customer
// pressed Join and when the page's remote video showed its first frame.
const watchFirstFrame = `(() => {
	const now = () => performance.timeOrigin + performance.now();
	window.__joined = window.__frame = 0;
	document.querySelector("#join")?.addEventListener("click", () => { window.__joined = now(); }, {capture: true});
	const watch = () => {
		const v = document.querySelector("#remote");
		if (!v) { setTimeout(watch, 5); return; }
		v.requestVideoFrameCallback(() => { window.__frame = now(); });
	};
	watch();
	return true;
})()`

// BenchmarkJoin measures, in browsers, the time from the customer's tap on Join
// to the first decoded frame of the other side: for the customer, and for the
// agent who was waiting. Each iteration is a call; the figures are medians.
func BenchmarkJoin(b *testing.B) {
	w := begin(b)
	agent := w.signIn("agent", browser.Desktop)
	desk := w.session("agent")
	var customer, waiting []float64
	for n := range b.N {
		agent.Open(w.url + "/")
		agent.Wait("the home page", `document.querySelector("#figures:not([aria-busy])")`)
		link := w.invite(agent, "+6581234567", fmt.Sprintf("join-%d", n))
		id := w.callOf(fmt.Sprintf("join-%d", n)).ID
		agent.Open(w.url + "/call/" + id) // the agent is in the call's page already
		agent.Wait("the agent's page", `["inviting", "waiting"].includes(document.body.dataset.state)`)
		browser.Eval[bool](agent, watchFirstFrame)
		p := w.customer(fmt.Sprintf("customer-%d", n))
		p.Open(link)
		p.Wait("the camera's picture in the lobby", `document.querySelector("#lobby-preview")?.videoWidth > 0`)
		browser.Eval[bool](p, watchFirstFrame)
		p.Click("#join")
		p.Wait("the first frame", `window.__frame > 0`)
		agent.Wait("the first frame", `window.__frame > 0`)
		joined := browser.Eval[float64](p, `window.__joined`)
		customer = append(customer, browser.Eval[float64](p, `window.__frame`)-joined)
		waiting = append(waiting, browser.Eval[float64](agent, `window.__frame`)-joined)
		w.as(desk, "POST", "/api/calls/"+id+"/hangup", map[string]any{}, nil)
		p.Wait("the end", state("ended"))
		p.Leave()
	}
	b.Logf("customer %.0f; agent %.0f (ms, in order)", customer, waiting)
	b.ReportMetric(median(customer), "ms/customer")
	b.ReportMetric(median(waiting), "ms/agent")
	b.ReportMetric(0, "ns/op")
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
