package webui

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func modules(bodies map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, js := range bodies {
		all[name] = &fstest.MapFile{Data: []byte(js)}
	}
	return all
}

func TestPreload(t *testing.T) {
	static := modules(map[string]string{
		"main.js": `// import "./comment.js" is not one
import "./a.js";
import {
  one,
  two,
} from "./call/b.js";
/** @typedef {import("./types.js").T} T */
if (one) import("./later.js");
`,
		"other.js":  `import { a } from "./a.js"; import "./main.js";`,
		"a.js":      `export const a = "https://example.com//path"; // import("./no.js")`,
		"call/b.js": `export { x as one } from "./c.js"; export const two = 2;`,
		"call/c.js": `import { a } from "../a.js"; export const x = a;`,
		"later.js":  `import "./main.js";`,
	})
	html := "<head>\n" + `<script type="module" src="/ui/other.js"></script><script type="module" src="/ui/main.js"></script></head>`
	got, err := preload([]byte(html), static)
	require.NoError(t, err)
	require.Equal(t, `<head>
<link rel="modulepreload" href="/ui/a.js">
<link rel="modulepreload" href="/ui/call/b.js">
<link rel="modulepreload" href="/ui/later.js">
<link rel="modulepreload" href="/ui/call/c.js">
<script type="module" src="/ui/other.js"></script><script type="module" src="/ui/main.js"></script></head>`, string(got))

	plain := []byte("<head></head>")
	got, err = preload(plain, static)
	require.NoError(t, err)
	require.Equal(t, plain, got, "a page without scripts stays as it is")

	_, err = preload([]byte(`<script type="module" src="/ui/x.js"></script>`), modules(map[string]string{"x.js": `import "./gone.js";`}))
	require.ErrorContains(t, err, "x.js imports")
	require.ErrorContains(t, err, "gone.js")
}
