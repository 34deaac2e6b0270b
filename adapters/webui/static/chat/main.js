// The page of a web chat, /chat?key=KEY, inside the frame that /widget.js puts on a company's site, or on its own.
//
// Ids that tests and people act on:
//   head      #chat-name #chat-state #chat-close
//   messages  #chat-log #chat-greeting #chat-messages #chat-ended #chat-typing #chat-new; see thread.js
//   problems  #chat-problem #chat-problem-text
//   writing   #chat-form #chat-who #chat-visitor #chat-email #chat-files #chat-attach #chat-file #chat-camera #chat-photo
//             #chat-text #chat-send; see composer.js
//   pictures  #picture #picture-close
// body[data-state] is loading, open or off.
import { button, need } from "../shell/dom.js";
import { Carrier } from "./carrier.js";
import { palette } from "./colour.js";
import { Composer } from "./composer.js";
import { History } from "./history.js";
import { Line } from "./line.js";
import { Outbox } from "./outbox.js";
import { Socket } from "./socket.js";
import { Keeping } from "./store.js";
import { Thread } from "./thread.js";

const poll = 20_000; // ms between looks, in case the socket brings nothing
const calm = 600; // ms between readings: many changes at once are read once
const patience = 4000; // ms without a socket before that is said

const key = new URLSearchParams(location.search).get("key") ?? "";
const kept = new Keeping(key, () => { draw(); outbox.kick(); void refresh(); });
const token = () => kept.token();
const line = new Line(key, token);
const carrier = new Carrier(key, (on) => show(on));
const history_ = new History(line, () => taken());
const outbox = new Outbox(key, kept, line, {
  changed: () => draw(),
  confirmed: (m) => { history_.take(m); cut = false; void refresh(); },
});
const thread = new Thread((id) => line.file(id), (p, what) => (what === "again" ? outbox.retry(p) : outbox.discard(p)));
const composer = new Composer(kept, line, {
  send: (m) => { kept.keep("used", "1"); outbox.add(m); thread.toEnd(); begin(); },
  typing: () => socket.typing(),
});
const socket = new Socket(key, token, {
  frame: (m) => { if (m.t === "changed") void refresh(); if (m.t === "typing") thread.typing(m.name ?? ""); },
  state: (up) => { if (up) { cut = false; void refresh(); outbox.kick(); composer.retry(); } else setTimeout(() => { if (!socket.up && begun) { cut = true; draw(); } }, patience); draw(); },
});

let shown = !carrier.framed; // the frame is on the screen
let begun = false, off = false;
let cut = false; // for so long that it is said
let last = -calm, due = 0; // the last reading began, and the timer of the next
/** @type {import("./line.js").Face|null} */ let face = null;
/** Messages of which the server is being told that they have been seen. */ const seeing = new Set();

/** Follows the conversation, once there is one or somebody looks. */
function begin() {
  if (begun || !face || !(shown || kept.of("used") || kept.pending().length)) return;
  begun = true;
  socket.start(); outbox.kick(); void refresh();
  setInterval(() => { void refresh(); outbox.kick(); }, poll);
}

/** Reads what is new: at once, or a moment after the last reading. */
async function refresh() {
  if (!begun || off || due) return;
  const wait = last + calm - performance.now();
  if (wait > 0) { due = setTimeout(() => { due = 0; void refresh(); }, wait); return; }
  last = performance.now();
  const trouble = await history_.refresh();
  if (trouble?.status === 404) void meet(); // the chat may have been switched off
  if (trouble?.status === 0 && !socket.up) cut = true;
  if (!trouble && navigator.onLine) cut = false;
  draw();
}

/** What has been read is there: it is no longer unsent, and may be seen. */
function taken() {
  const ops = new Set(history_.messages.map((m) => m.op));
  for (const p of kept.pending()) if (ops.has(p.op)) kept.done(p.op);
  if (history_.messages.length) kept.keep("used", "1");
  draw(); see();
}

/** Tells the server what the visitor has before their eyes. */
function see() {
  const last = unseen().at(-1);
  if (!last || !shown || document.hidden || !thread.atEnd) return;
  const these = unseen().map((m) => m.id);
  for (const id of these) seeing.add(id);
  count();
  line.seen(last.id).catch(() => { for (const id of these) seeing.delete(id); count(); }); // with the next reading again
}
const unseen = () => history_.messages.filter((m) => m.from === "agent" && !m.seen && !seeing.has(m.id));

function count() {
  const n = unseen().length;
  carrier.tell("unread", n);
  if (face) document.title = n ? `(${n}) ${face.name}` : face.name;
}

function draw() {
  const pending = kept.pending(), connected = !cut && navigator.onLine, m = history_;
  thread.draw({ messages: m.messages, pending: pending.filter((p) => !m.messages.some((x) => x.op === p.op)), ended: m.known && m.messages.length > 0 && !m.open && !pending.length, connected, known: m.known });
  composer.ask(!off && begun && m.known && !m.messages.length && !pending.length);
  const state = off || !m.known ? "" : m.agent ? `${m.agent} is here for you` : m.open ? "We answer as soon as somebody is free" : "";
  if (need("chat-state").textContent !== state) need("chat-state").textContent = state;
  trouble(off ? "This chat is not available now." : connected || !face ? "" : "No connection. What you write is kept, and sent as soon as it is back.");
  need("chat-log").setAttribute("aria-busy", String(!m.known && !off));
  count();
}

/** @param {string} text */
function trouble(text) {
  need("chat-problem").hidden = !text;
  if (need("chat-problem-text").textContent !== text) need("chat-problem-text").textContent = text;
}

/** @param {boolean} on */
function show(on) {
  const was = shown;
  shown = on;
  if (!on) return;
  begin();
  if (!was) { thread.toEnd(); if (!matchMedia("(pointer: coarse)").matches) composer.focus(); }
  see();
}

/** Gets to know the chat: what it is called, and whether there is one. */
async function meet() {
  try {
    face = await line.face();
    need("chat-name").textContent = face.name; document.title = face.name;
    need("chat-greeting").textContent = face.greeting; need("chat-greeting").hidden = !face.greeting;
    paint(); begin(); draw();
    document.body.dataset.state = "open";
  } catch (err) {
    if (err instanceof Error && "status" in err && err.status === 404) {
      off = true; composer.close(); carrier.tell("off", true); draw();
      document.body.dataset.state = "off";
    } else { setTimeout(meet, 3000); trouble("No connection. Trying again."); }
  }
}

/** Paints the page in the line's colour, as it is readable on the present ground. */
function paint() {
  const p = palette(face?.colour ?? "", getComputedStyle(document.body).backgroundColor);
  for (const [name, value] of Object.entries({ "--chat": p?.fill, "--on-chat": p?.on, "--chat-edge": p?.edge, "--chat-mark": p?.mark })) {
    if (value) document.documentElement.style.setProperty(name, value); else document.documentElement.style.removeProperty(name);
  }
  carrier.tell("ready", p ? { fill: p.fill, on: p.on } : {});
}

thread.onEnd = see;
button("chat-close").hidden = !carrier.framed;
button("chat-close").addEventListener("click", () => carrier.tell("close", true));
addEventListener("keydown", (e) => { if (e.key === "Escape" && !e.defaultPrevented && !document.querySelector("dialog[open]")) carrier.tell("close", true); });
addEventListener("online", () => { cut = false; draw(); outbox.kick(); composer.retry(); void refresh(); });
addEventListener("offline", () => { cut = true; draw(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { void refresh(); outbox.kick(); see(); } });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
void meet();
