// Opens every page of a running server in headless Chromium, at five widths and in both themes, and fails on console
// errors, violations of the content policy, sideways scroll, controls without a name and ids that stand twice.
// node --experimental-websocket adapters/webui/tools/check.mjs URL EMAIL PASSWORD    (the flag is for Node 20 only)
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [base, email, password] = process.argv.slice(2);
if (!base) { console.error("usage: check.mjs URL EMAIL PASSWORD"); process.exit(2); }
const sizes = [[320, 640], [390, 844], [768, 1024], [1440, 900], [3840, 2160]];
/** What is done on a page before it is looked at. @type {{path: string, open?: boolean, act?: string}[]} */
const pages = [
  { path: "/signin", open: true }, { path: "/forgot", open: true }, { path: "/reset#TOKEN", open: true }, { path: "/j/AAAAAAAAAAAAAAAAAAAAAA", open: true },
  { path: "/" }, { path: "/", act: "document.getElementById('start-call').click()" }, { path: "/", act: "document.getElementById('user-menu-button').click()" },
  { path: "/calls" }, { path: "/calls", act: "document.getElementById('log-status').click()" }, { path: "/calls/{id}" },
  { path: "/calls/{id}", act: "document.getElementById('tab-invites')?.click()" }, { path: "/calls/{id}", act: "document.getElementById('tab-quality')?.click()" }, { path: "/dev/components" },
  { path: "/", act: "document.getElementById('presence-button').click()" }, { path: "/desk" }, { path: "/desk", act: "document.getElementById('list-filter').click()" }, { path: "/desk/{ticket}" },
  ...["more", "resolve-open", "transfer-open", "edit-contact-open", "show-contact", "show-keys"].map((b) => ({ path: "/desk/{ticket}", act: `document.getElementById("${b}").click()` })),
];

const dir = mkdtempSync(join(tmpdir(), "check-"));
const chrome = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--remote-debugging-port=0", `--user-data-dir=${dir}`, "about:blank"]);
const address = await new Promise((ok) => { let s = ""; chrome.stderr.on("data", (d) => { s += d; const m = s.match(/ws:\/\/\S+/); if (m) ok(m[0]); }); });
const ws = new WebSocket(address); await new Promise((ok) => { ws.onopen = ok; });
let id = 0; const waiting = new Map(); let found = []; let loads = 0;
ws.onmessage = (e) => {
  const m = JSON.parse(e.data);
  if (m.id) { waiting.get(m.id)?.(m.result ?? m.error); waiting.delete(m.id); return; }
  if (m.method === "Log.entryAdded" && m.params.entry.level === "error") found.push(`${m.params.entry.text} ${m.params.entry.url ?? ""}`);
  if (m.method === "Runtime.exceptionThrown") found.push(m.params.exceptionDetails.exception?.description ?? "exception");
  if (m.method === "Page.loadEventFired") loads++;
};
const send = (method, params = {}, sessionId) => new Promise((ok) => { waiting.set(++id, ok); ws.send(JSON.stringify({ id, method, params, sessionId })); });
const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms));
const { targetId } = await send("Target.createTarget", { url: "about:blank" });
const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
for (const d of ["Page", "Log", "Runtime", "Network"]) await send(`${d}.enable`, {}, sessionId);
const evaluate = async (expression) => (await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }, sessionId)).result?.value;
/** @param {string} path */
async function visit(path) {
  const before = loads;
  await send("Page.navigate", { url: "about:blank" }, sessionId);
  await send("Page.navigate", { url: base + path }, sessionId);
  for (let i = 0; i < 100 && loads < before + 2; i++) await sleep(50);
  for (let i = 0; i < 60 && (await evaluate("!!document.querySelector('main [aria-busy=true]:not(button)')")); i++) await sleep(50);
  await sleep(150);
}
const probe = `(() => {
  const out = []; const w = document.documentElement.clientWidth; const shown = (e) => e.checkVisibility({ visibilityProperty: true });
  if (document.documentElement.scrollWidth > w) out.push("scrolls sideways " + document.documentElement.scrollWidth + ">" + w + ": " + [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > w + 1 && getComputedStyle(e).position !== "fixed").slice(0, 3).map((e) => e.tagName + "." + (e.className.baseVal ?? e.className)).join(", "));
  for (const b of document.querySelectorAll("button, a[href], input, select, textarea, [role=tab], [role=menuitemradio]")) if (shown(b)) { const n = b.getAttribute("aria-label") || b.textContent.trim() || b.labels?.[0]?.textContent.trim() || b.title; if (!n) out.push("no name: " + b.outerHTML.slice(0, 90)); }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id); for (const i of ids) if (ids.indexOf(i) !== ids.lastIndexOf(i)) out.push("id twice: " + i);
  if ([...document.querySelectorAll("h1, h2")].filter(shown).length === 0) out.push("no heading");
  for (const d of document.querySelectorAll("dialog[open], .menu:popover-open")) { const r = d.getBoundingClientRect(); if (r.left < -1 || r.right > innerWidth + 1 || r.top < -1 || r.bottom > innerHeight + 1) out.push("#" + d.id + " leaves the screen"); }
  if (/NaN|undefined|\\[object |Infinity/.test(document.body.innerText)) out.push("says NaN, undefined or the like");
  return [...new Set(out)]; })()`;

let bad = 0; let looked = 0;
/** @param {string} what @param {string[]} list */
const report = (what, list) => { for (const t of list) { bad++; console.log(`${what}: ${t}`); } };
let call = ""; let ticket = "";
for (const open of [true, false]) {
  if (!open) {
    if (!email) break;
    await visit("/signin");
    const status = await evaluate(`fetch("/api/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: ${JSON.stringify(JSON.stringify({ email, password }))} }).then((r) => r.status)`);
    if (status !== 200) { report("sign-in", [`answered ${status}`]); break; }
    ticket = (await evaluate(`fetch("/api/desk/tickets?view=all&status=open&limit=1").then((r) => r.json()).then((j) => j.tickets?.[0]?.id ?? "")`)) ?? "";
    call = (await evaluate(`fetch("/api/calls?limit=1").then((r) => r.json()).then((j) => j.calls[0]?.id ?? "")`)) ?? "";
  }
  for (const p of pages.filter((p) => !!p.open === open)) {
    if ((p.path.includes("{id}") && !call) || (p.path.includes("{ticket}") && !ticket)) continue;
    const path = p.path.replace("{id}", call).replace("{ticket}", ticket);
    for (const theme of ["light", "dark"]) for (const [w, h] of sizes) {
      found = []; looked++;
      await send("Emulation.setDeviceMetricsOverride", { width: w, height: h, deviceScaleFactor: 1, mobile: w < 700 }, sessionId);
      await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: theme }] }, sessionId);
      await visit(path);
      if (p.act) { await evaluate(p.act); await sleep(400); }
      report(`${p.path}${p.act ? " (open)" : ""} ${w} ${theme}`, [...found, ...((await evaluate(probe)) ?? ["no answer"])]);
    }
  }
}
console.log(`${looked} looks, ${bad ? `${bad} findings` : "no findings"}`);
chrome.kill();
await sleep(500);
try { rmSync(dir, { recursive: true, force: true }); } catch { /* the browser still closes its files */ }
process.exit(bad ? 1 : 0);
