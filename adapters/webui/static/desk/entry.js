// One thing in a conversation's history on the page: a message, a note for colleagues, a card of what happened. They are
// [data-entry=ID], of class msg, note or system.
import { h, icon } from "../shell/dom.js";
import { category, full, initials, time } from "../shell/format.js";
import { card, channel, shortClock, sinceSeconds, sizeOf } from "./words.js";

/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {import("./api.js").File_} File_ */
/** @typedef {{me: string, channel: string, contact: {id: string, name: string}, queue: (id: string) => string, label: (id: string) => string}} Names */
/** @typedef {{op: string, kind: "message"|"note", text: string, files: File_[], at: string, problem: string}} Unsent */

/** @type {Record<string, {icon: string, word: string}>} */
const deliveries = {
  queued: { icon: "clock", word: "Sending" }, sent: { icon: "check", word: "Sent" }, delivered: { icon: "check-double", word: "Delivered" },
  read: { icon: "check-double", word: "Read" }, failed: { icon: "alert", word: "Not delivered" },
};
/** What an avatar shows: two letters of a name; a number or an address has none. @param {{name: string}} p */
export const face = (p) => (/\p{L}/u.test(p.name) ? initials(p.name) : icon("user"));

/** A clock that runs since then. @param {string} from */
export function since(from) { const s = sinceSeconds(from); return h("time", { "data-clock": s, "data-short": true }, shortClock(Number(s))); }

/** @param {string} at */
const stamp = (at) => h("time", { datetime: at, title: full(at) }, time(at));

/** Addresses in a text, to be followed; everything else stays text. @param {string} text */
function linked(text) {
  /** @type {(Node|string)[]} */ const out = []; let at = 0;
  for (const m of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'}]/g)) {
    out.push(text.slice(at, m.index), h("a", { href: m[0], target: "_blank", rel: "noopener noreferrer nofollow" }, m[0]));
    at = (m.index ?? 0) + m[0].length;
  }
  out.push(text.slice(at));
  return out;
}

/** @param {File_} f */
function file(f) {
  if (f.type.startsWith("image/")) {
    const img = h("img", { src: `${f.url}?inline=1`, alt: f.name, width: f.width || null, height: f.height || null, loading: "lazy", decoding: "async" });
    const a = h("a", { class: "bubble", "data-kind": "image", href: `${f.url}?inline=1`, target: "_blank", rel: "noopener", "aria-label": `Image ${f.name}` }, img);
    img.addEventListener("error", () => a.replaceWith(chip(f)), { once: true });
    return a;
  }
  return chip(f);
}
/** @param {File_} f */
const chip = (f) => h("a", { class: "file-chip", href: f.url, download: f.name }, icon(f.type.startsWith("video/") ? "camera" : "file"), h("span", { class: "truncate" }, f.name), h("span", { class: "small muted nowrap" }, sizeOf(f.size)), icon("download"));

/** @param {string} text @param {File_[]|null} files */
const bubbles = (text, files) => [...(files ?? []).map(file), text ? h("span", { class: "bubble", dir: "auto" }, linked(text)) : null];

/**
 * @param {Entry} e @param {Names} names @param {boolean} last whether the next entry is not a message of the same side
 * @returns {HTMLElement|null} null: nothing to show
 */
export function entry(e, names, last) {
  const el = e.kind === "event" ? system(e, names) : e.kind === "note" ? note(e, names) : message(e, names, last);
  if (el) { el.dataset.entry = e.id; el.dataset.n = String(e.n); }
  return el;
}

/** @param {Entry} e @param {Names} names */
function system(e, names) {
  const c = card(e, names);
  return c && h("p", { class: "system", "data-tone": c.tone }, icon(c.icon), h("span", { dir: "auto" }, c.text), stamp(e.at));
}
/** @param {Entry} e @param {Names} names */
const note = (e, names) => h("div", { class: "note" }, h("div", { class: "note-head" }, icon("note"), h("span", null, h("strong", null, e.user === names.me ? "Your note" : `Note by ${e.name}`), ", seen by colleagues only"), stamp(e.at)), h("div", { class: "note-text", dir: "auto" }, linked(e.text)));

/** @param {Entry} e @param {Names} names @param {boolean} last */
function message(e, names, last) {
  const incoming = e.from === "customer"; const d = deliveries[e.delivery ?? ""];
  const who = incoming ? names.contact.name : e.user === names.me ? "You" : e.name || "Automatic";
  const avatar = incoming ? h("span", { class: "avatar", "data-cat": String(category(names.contact.id)), "aria-hidden": "true" }, face(names.contact))
    : h("span", { class: "avatar", "data-cat": e.user ? String(category(e.user)) : null, "aria-hidden": "true" }, e.user ? initials(e.name) : icon("headset"));
  const failed = e.delivery === "failed";
  const meta = h("span", { class: "msg-meta" }, h("span", { class: incoming || last ? null : "sr-only" }, `${who},`), stamp(e.at), incoming ? icon(channel(names.channel).icon) : null,
    d && !incoming ? [h("span", { "data-read": e.delivery === "read", title: e.seen_at ? `Read ${full(e.seen_at)}` : d.word, class: "tick" }, icon(d.icon), h("span", { class: failed ? null : "sr-only" }, failed && e.problem ? `${d.word}: ${e.problem}` : d.word))] : null);
  return h("div", { class: "msg", "data-side": incoming ? "in" : "out", "data-by": !incoming && !e.user ? "bot" : null, "data-failed": failed, "data-delivery": e.delivery ?? null, "data-follows": !last && !failed },
    avatar, h("div", { class: "msg-main" }, bubbles(e.text, e.files), meta));
}

/** Something of this page that the server has not confirmed. @param {Unsent} u @param {string} me @param {(act: "again"|"discard") => void} act */
export function unsent(u, me, act) {
  const failed = u.problem !== "";
  const state = failed
    ? [icon("alert"), h("span", { role: "alert" }, `Not sent: ${u.problem}`), h("button", { type: "button", class: "msg-act", "data-act": "again", onclick: () => act("again") }, "Try again"), h("button", { type: "button", class: "msg-act", "data-act": "discard", onclick: () => act("discard") }, "Delete")]
    : [icon("clock"), h("span", null, "Sending")];
  const meta = h("span", { class: "msg-meta" }, state);
  if (u.kind === "note") return h("div", { class: "note", "data-op": u.op, "data-state": failed ? "failed" : "sending", "data-failed": failed }, h("div", { class: "note-text", dir: "auto" }, u.text), meta);
  return h("div", { class: "msg", "data-side": "out", "data-op": u.op, "data-state": failed ? "failed" : "sending", "data-failed": failed },
    h("span", { class: "avatar", "data-cat": String(category(me)), "aria-hidden": "true" }), h("div", { class: "msg-main" }, bubbles(u.text, u.files), meta));
}
