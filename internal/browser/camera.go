package browser

import (
	"context"
	_ "embed"
	"encoding/base64"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed camera.js
var camera string

// Film puts a drawing before the camera of every page that the person opens from
// now on: what getUserMedia gives has the drawing as its picture, and the fake
// microphone's sound. For photographs that a reader should make sense of; tests
// of devices want the fake camera.
func (p *Person) Film(svg []byte) {
	p.t.Helper()
	source := strings.Replace(camera, "DRAWING", "data:image/svg+xml;base64,"+base64.StdEncoding.EncodeToString(svg), 1)
	p.do("put a drawing before the camera", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
		return chromedp.Void{}, err
	})
}
