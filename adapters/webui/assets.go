package webui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

// types holds the media type of each kind of file. The system's table is not
// asked: it differs from one machine to the next, and nosniff makes a wrong
// answer fatal.
var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
	".mp3": "audio/mpeg",
	".wav": "audio/wav",
}

// A file is one body to be sent, with its name.
type file struct {
	media string
	plain []byte
	gzip  func() []byte // made once, when it is first asked for; nil if it saves nothing
	etag  string        // without quotes
}

func newFile(media string, body []byte) *file {
	sum := sha256.Sum256(body)
	return &file{media, body, sync.OnceValue(func() []byte { return compress(body) }), hex.EncodeToString(sum[:10])}
}

func compress(body []byte) []byte {
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	_, err := z.Write(body)
	if err != nil || z.Close() != nil || small.Len() > len(body)*9/10 {
		return nil
	}
	return small.Bytes()
}

// send writes the file, or 304 if the browser has it.
func (f *file) send(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	body, etag := f.plain, `"`+f.etag+`"`
	h.Add("Vary", "Accept-Encoding")
	if acceptsGzip(r) {
		if small := f.gzip(); small != nil {
			body, etag = small, `"`+f.etag+`-gz"` // two encodings are two entities
			h.Set("Content-Encoding", "gzip")
		}
	}
	if h.Get("Cache-Control") != "no-store" {
		h.Set("ETag", etag)
	}
	if status == http.StatusOK && h.Get("ETag") != "" && matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.media)
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// acceptsGzip reports whether the request names gzip, and not with q=0.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q = strings.TrimRight(strings.ReplaceAll(q, " ", ""), "0")
			return q != "q=" && q != "q=0."
		}
	}
	return false
}

func matches(ifNoneMatch, etag string) bool {
	for part := range strings.SplitSeq(ifNoneMatch, ",") {
		if part = strings.TrimSpace(part); part == etag || part == "W/"+etag || part == "*" {
			return true
		}
	}
	return false
}

// assets serves the files under /ui/.
type assets struct {
	version string // names the content of all of them
	files   map[string]*file
}

// loadAssets reads every file of static but pages. The colours of tokens.css get
// their form for browsers without light-dark().
func loadAssets(static fs.FS) (*assets, error) {
	bodies := map[string][]byte{}
	err := fs.WalkDir(static, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".html" {
			return err
		}
		body, err := fs.ReadFile(static, name)
		bodies[name] = body
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := addFlatColours(bodies); err != nil {
		return nil, err
	}
	a := &assets{files: map[string]*file{}}
	sum := sha256.New()
	for _, name := range sortedKeys(bodies) {
		media, ok := types[path.Ext(name)]
		if !ok {
			return nil, fmt.Errorf("static/%s is of a kind with no media type", name)
		}
		a.files[name] = newFile(media, bodies[name])
		fmt.Fprintf(sum, "%s %s\n", name, a.files[name].etag)
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:6])
	return a, nil
}

// ServeHTTP serves /ui/VERSION/NAME for ever, and /ui/NAME or another version's
// NAME (of a page that was open while the server changed) with a check.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/ui/")
	caching := "no-cache"
	if first, rest, ok := strings.Cut(name, "/"); ok && isVersion(first) {
		name = rest
		if first == a.version {
			caching = "public, max-age=31536000, immutable"
		}
	}
	f, ok := a.files[name]
	switch {
	case !ok:
		http.Error(w, "There is no such file.", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "A file can only be read.", http.StatusMethodNotAllowed)
	default:
		w.Header().Set("Cache-Control", caching)
		f.send(w, r, http.StatusOK)
	}
}

func isVersion(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 12
}
