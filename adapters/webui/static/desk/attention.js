// What calls for this agent, on every page: the number of unread conversations in the title and at Desk, a sound, and a
// word to screen readers when a conversation or a message comes. It follows the agent's own conversations.
import { announce, fill } from "../shell/dom.js";
import { can, live, me, toast } from "../shell/frame.js";
import { fetchTickets } from "./api.js";
import { recall, remember } from "./store.js";
import { personName } from "./words.js";

/** @typedef {import("./api.js").Ticket} Ticket */

/** @type {Ticket[]} */ let mine = [];
/** @type {Set<(tickets: Ticket[]) => void>} */ const readers = new Set();
let known = false; let title = document.title; let unread = 0; let looking = "";

/** Told of every change of the agent's conversations. @param {(tickets: Ticket[]) => void} fn */
export function onMine(fn) { readers.add(fn); if (known) fn(mine); }
/** The conversation that is on the screen: nothing needs to be said of it while it is looked at. @param {string} id */
export const lookAt = (id) => { looking = id; };
/** The page's name, without the number before it. @param {string} name */
export function setTitle(name) { title = `${name} · Tandem`; showTitle(); }
function showTitle() { document.title = unread ? `(${unread}) ${title}` : title; }

function draw() {
  unread = mine.filter((t) => t.unread > 0).length;
  showTitle();
  for (const b of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-desk-unread]"))) {
    b.hidden = !unread; fill(b, unread > 99 ? "99+" : String(unread));
    b.setAttribute("aria-label", `${unread} unread`);
  }
}

/** @type {AudioContext|null} */ let audio = null;
export const soundOn = () => recall("sound") !== "off";
/** @param {boolean} on */
export function setSound(on) { remember("sound", on ? "on" : "off"); if (on) chime(); }
/** Two short notes; a browser lets a page sound only after the person has done something on it. @param {number[]} [notes] Hz */
export function chime(notes = [784, 1047]) {
  if (!soundOn() || Date.now() - Number(recall("rang")) < 900) return; // another page of this browser has just sounded
  try {
    audio ??= new AudioContext();
    if (audio.state !== "running") {
      audio.resume().catch(() => {});
      if (!navigator.userActivation?.hasBeenActive) return; // it would sound late
    }
    remember("rang", String(Date.now()));
    notes.forEach((hz, i) => {
      if (!audio) return;
      const from = audio.currentTime + i * 0.13; const tone = audio.createOscillator(); const gain = audio.createGain();
      tone.frequency.value = hz;
      gain.gain.setValueAtTime(0, from); gain.gain.linearRampToValueAtTime(0.12, from + 0.01); gain.gain.exponentialRampToValueAtTime(0.0001, from + 0.3);
      tone.connect(gain).connect(audio.destination);
      tone.start(from); tone.stop(from + 0.32);
    });
  } catch { /* no sound here */ }
}

const here = () => location.pathname.startsWith("/desk");
/** @param {Ticket} t @param {boolean} fresh it has just come to this agent */
function tell(t, fresh) {
  const who = personName(t.contact); const seen = looking === t.id && document.visibilityState === "visible" && document.hasFocus();
  const text = (t.last?.from === "customer" && t.last.text) || "";
  announce(fresh ? `New conversation with ${who}, ${t.queue_name}` : `${who}: ${text || "sent a file"}`);
  if (seen) return;
  chime(fresh ? [659, 880, 1047] : undefined);
  if (!here()) toast({ title: fresh ? `New conversation with ${who}` : `New message from ${who}`, text: text.slice(0, 120), tone: "info", icon: "inbox", action: { name: "Open", run: () => location.assign(`/desk/${t.id}`) } });
}

/** @param {Ticket[]} next */
function take(next) {
  const before = new Map(mine.map((t) => [t.id, t])); const first = !known;
  mine = next; known = true;
  draw();
  for (const fn of readers) fn(mine);
  if (first) return;
  for (const t of mine) {
    const was = before.get(t.id);
    if (!was) { if (!(t.last?.from === "agent" && t.transfers === 0)) tell(t, true); }
    else if (t.unread > was.unread && t.last?.from === "customer") tell(t, false);
  }
}

let timer = 0; let busy = false; let again = false;
/** Reads the agent's conversations, soon and once for many reasons. @param {number} [ms] */
export function refreshMine(ms = 250) {
  if (timer) return;
  timer = setTimeout(async () => {
    timer = 0;
    if (busy) { again = true; return; }
    busy = true;
    try { take((await fetchTickets("mine", {}, "", 200)).tickets); } catch { /* the next event, or the connection's return, reads again */ }
    busy = false;
    if (again) { again = false; refreshMine(); }
  }, ms);
}

// A ticket of somebody else matters when it may have come to this agent, or left.
const moves = new Set(["desk.ticket_opened", "desk.ticket_assigned", "desk.ticket_queued", "desk.ticket_moved", "desk.ticket_reopened", "desk.ticket_resolved", "desk.ticket_closed"]);
me.then((who) => {
  if (!can(who, "desk.work")) return;
  live.onEvent((e) => {
    if (moves.has(e.kind) || (e.kind.startsWith("desk.") && mine.some((t) => t.id === e.about))) refreshMine();
  });
  live.onReset(() => refreshMine(0));
  live.ready().then(() => refreshMine(0));
}, () => {});
