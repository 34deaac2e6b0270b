// The page of a web chat, inside the frame that /widget.js puts on a company's site.
// Ids: chat-name chat-state chat-close chat-log chat-greeting chat-messages chat-typing chat-problem chat-problem-text
// chat-form chat-who chat-visitor chat-email chat-files chat-attach chat-file chat-text chat-send
import { h, fill, need, input, button } from "../shell/dom.js";
import { Keeping, random } from "./store.js";
import { Line, Trouble } from "./line.js";

/** @typedef {import("./line.js").Message} Message */
/** @typedef {import("./line.js").File_} File_ */

const key = new URLSearchParams(location.search).get("key") ?? "";
const kept = new Keeping(key);
const line = new Line(key, kept.token());
const text = need("chat-text", HTMLTextAreaElement);
/** @type {Map<string, Message>} */ const messages = new Map();
/** @type {{id: string, name: string}[]} */ let files = [];
/** @type {Map<string, string>} pictures that were fetched, by file */ const pictures = new Map();
let last = "", sending = false, shown = document.visibilityState === "visible" && self === top, unread = 0, reading = false, again = false;
let typingTimer = 0, typed = 0;

const framed = self !== top;
/** @param {object} m to the page that carries the chat: counts and closing, nothing secret */
const tell = (m) => { if (framed) parent.postMessage({ tandem: key, ...m }, "*"); };

/** @param {string} problem */
function trouble(problem) {
  need("chat-problem").hidden = !problem;
  need("chat-problem-text").textContent = problem;
}

/** A colour's own text: black or white, whichever is read better. @param {string} hex */
function onColour(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => { const c = parseInt(hex.slice(i, i + 2), 16) / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000000" : "#ffffff";
}

async function start() {
  if (!key) { trouble("This chat has no key."); return; }
  try {
    const face = await line.call("GET", "");
    need("chat-name").textContent = face.name; document.title = face.name;
    need("chat-greeting").textContent = face.greeting; need("chat-greeting").hidden = !face.greeting;
    if (face.colour) { document.body.style.setProperty("--chat", face.colour); document.body.style.setProperty("--on-chat", onColour(face.colour)); }
  } catch (err) {
    if (err instanceof Trouble && !err.again) { trouble("This chat is not available."); text.disabled = true; button("chat-send").disabled = true; return; }
    setTimeout(start, 3000); trouble("No connection. Trying again."); return;
  }
  trouble("");
  text.value = kept.draft(); input("chat-visitor").value = kept.name();
  line.onState = (up) => { if (up) { trouble(""); void read(); void flush(); } else if (!navigator.onLine) trouble("No connection. What you write is kept and sent when there is one."); };
  line.onFrame = (m) => { if (m.t === "changed") void read(); if (m.t === "typing") showTyping(m.name ?? ""); };
  line.open();
  await read();
  void flush();
  setInterval(() => { void read(); void flush(); }, 20_000);
}

/** Reads what is new, and once more if something changed meanwhile. */
async function read() {
  if (reading) { again = true; return; }
  reading = true;
  try {
    do {
      again = false;
      /** @type {import("./line.js").Chat} */
      const chat = await line.call("GET", "/messages");
      take(chat);
    } while (again);
  } catch (err) { if (!(err instanceof Trouble) || !err.again) trouble(String(err instanceof Error ? err.message : err)); } finally { reading = false; }
}

/** @param {import("./line.js").Chat} chat */
function take(chat) {
  const first = last === "";
  for (const m of chat.messages) {
    if (!messages.has(m.id) && m.from === "agent" && !first && !shown) unread++;
    messages.set(m.id, m);
    if (m.op) kept.done(m.op);
    if (m.id > last) last = m.id;
  }
  need("chat-state").textContent = chat.agent ? `${chat.agent} is here for you` : chat.open ? "We answer as soon as somebody is free" : "";
  need("chat-who").hidden = messages.size > 0 || kept.pending().length > 0;
  draw();
  if (chat.messages.length && !chat.open) need("chat-state").textContent = "This conversation has ended. Write to begin another.";
  tell({ unread });
  see();
}

/** Tells that our messages have been seen, if they can be. */
function see() {
  if (!shown) return;
  const unseen = [...messages.values()].filter((m) => m.from === "agent" && !m.seen).at(-1);
  if (unseen) { unseen.seen = true; void line.call("POST", "/seen", { message: unseen.id }).catch(() => { unseen.seen = false; }); }
  if (unread) { unread = 0; tell({ unread }); }
}

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

function draw() {
  const log = need("chat-log"), stuck = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const all = [...messages.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  const lastSeen = all.filter((m) => m.from === "me" && m.seen).at(-1);
  let today = "";
  /** @type {Node[]} */ const rows = [];
  for (const m of all) {
    const at = new Date(m.at), d = day.format(at);
    if (d !== today) { today = d; rows.push(h("li", { class: "wc-day" }, d)); }
    rows.push(h("li", { class: "msg", "data-side": m.from === "me" ? "out" : "in", "data-id": m.id },
      h("div", { class: "msg-main" }, m.text && h("span", { class: "bubble" }, m.text), ...m.files.map(attached),
        h("span", { class: "msg-meta" }, m.from === "agent" ? `${m.name}, ` : "", h("time", { datetime: m.at, title: at.toLocaleString() }, time.format(at)), m === lastSeen && " Seen"))));
  }
  for (const p of kept.pending()) {
    rows.push(h("li", { class: "msg", "data-side": "out", "data-pending": true }, h("div", { class: "msg-main" }, h("span", { class: "bubble" }, p.text || p.files.map((f) => f.name).join(", ")), h("span", { class: "msg-meta" }, navigator.onLine ? "Sending" : "Waits for a connection"))));
  }
  fill(need("chat-messages"), ...rows);
  if (stuck) log.scrollTop = log.scrollHeight;
}

/** @param {File_} f */
function attached(f) {
  if (f.type.startsWith("image/")) {
    const img = h("img", { alt: f.name, width: f.width || 240, height: f.height || 160, loading: "lazy" });
    void picture(f).then((url) => { img.src = url; });
    return h("span", { class: "bubble", "data-kind": "file" }, img);
  }
  const b = h("button", { type: "button", class: "btn", "data-size": "sm", onclick: async () => {
    const a = h("a", { href: await picture(f), download: f.name });
    document.body.append(a); a.click(); a.remove();
  } }, f.name);
  return h("span", { class: "bubble" }, b);
}

/** The file as an address of this page: a request for it carries the secret in a header. @param {File_} f */
async function picture(f) {
  let url = pictures.get(f.id);
  if (!url) { url = URL.createObjectURL(await line.call("GET", `/files/${encodeURIComponent(f.id)}`)); pictures.set(f.id, url); }
  return url;
}

/** Sends what waits, the oldest first: each under the name that it got once, so that it arrives once. */
async function flush() {
  if (sending) return;
  sending = true;
  try {
    for (let p = kept.pending()[0]; p; p = kept.pending()[0]) {
      const { message } = await line.call("POST", "/messages", { op: p.op, text: p.text, files: p.files.map((f) => f.id), name: p.name, email: p.email });
      kept.done(p.op); messages.set(message.id, message);
      draw(); trouble("");
    }
  } catch (err) {
    const t = err instanceof Trouble ? err : new Trouble("Something went wrong in this page.", 0);
    trouble(t.message);
    if (!t.again) { const p = kept.pending()[0]; if (p) { kept.done(p.op); text.value = [p.text, text.value].filter(Boolean).join("\n"); files = [...p.files, ...files]; drawFiles(); draw(); } }
  } finally { sending = false; }
}

function submit() {
  const body = text.value.trim();
  if (!body && !files.length) return;
  const who = input("chat-visitor").value.trim(), email = input("chat-email").value.trim();
  if (!input("chat-email").checkValidity()) { input("chat-email").reportValidity(); return; }
  kept.name(who);
  kept.add({ op: random().slice(0, 22), text: body, files, name: who || undefined, email: email || undefined, at: new Date().toISOString() });
  files = []; text.value = ""; kept.draft(""); drawFiles(); draw();
  need("chat-log").scrollTop = need("chat-log").scrollHeight;
  need("chat-who").hidden = true;
  void flush();
}

/** @param {File[]} chosen */
async function attach(chosen) {
  for (const f of chosen) {
    try {
      const { file } = await line.call("POST", `/files?name=${encodeURIComponent(f.name.slice(-120) || "picture.png")}`, f);
      files.push({ id: file.id, name: file.name }); trouble("");
    } catch (err) { trouble(err instanceof Error ? err.message : String(err)); }
    drawFiles();
  }
}

function drawFiles() {
  const box = need("chat-files");
  box.hidden = !files.length;
  fill(box, ...files.map((f, n) => h("button", { type: "button", class: "btn", "data-size": "sm", "aria-label": `Remove ${f.name}`, onclick: () => { files.splice(n, 1); drawFiles(); } }, f.name, " ×")));
}

/** @param {string} name */
function showTyping(name) {
  const p = need("chat-typing");
  p.textContent = name ? `${name} is typing…` : "Typing…"; p.hidden = false;
  clearTimeout(typingTimer); typingTimer = setTimeout(() => { p.hidden = true; }, 5000);
}

need("chat-form").addEventListener("submit", (e) => { e.preventDefault(); submit(); });
text.addEventListener("keydown", (e) => { if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); submit(); } });
text.addEventListener("input", () => {
  kept.draft(text.value);
  if (Date.now() - typed > 2500) { typed = Date.now(); line.typing(); }
});
text.addEventListener("paste", (e) => { const pasted = [...e.clipboardData?.files ?? []]; if (pasted.length) { e.preventDefault(); void attach(pasted); } });
button("chat-attach").addEventListener("click", () => input("chat-file").click());
input("chat-file").addEventListener("change", () => { void attach([...input("chat-file").files ?? []]); input("chat-file").value = ""; });
button("chat-close").hidden = !framed;
button("chat-close").addEventListener("click", () => tell({ close: true }));
addEventListener("keydown", (e) => { if (e.key === "Escape") tell({ close: true }); });
addEventListener("online", () => { line.hurry(); void flush(); });
addEventListener("message", (e) => {
  if (e.source !== parent || e.data?.tandem !== key) return;
  shown = Boolean(e.data.shown);
  if (shown) { need("chat-log").scrollTop = need("chat-log").scrollHeight; text.focus({ preventScroll: true }); see(); }
});
document.addEventListener("visibilitychange", () => { if (!framed) shown = !document.hidden; if (!document.hidden) { line.hurry(); void read(); } });
tell({ ready: true });
void start();
