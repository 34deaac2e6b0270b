// The conversation on the page: [data-op] or [data-id] are messages, of class msg with data-side=in|out and, of one's own,
// data-state=sent|seen|sending|failed. What has not changed keeps its element, so that nothing flickers or loses the focus.
import { announce, h, icon, need } from "../shell/dom.js";

/** @typedef {import("./line.js").Message} Message */
/** @typedef {import("./line.js").File_} File_ */
/** @typedef {import("./store.js").Pending} Pending */
/** @typedef {{messages: Message[], pending: Pending[], ended: boolean, connected: boolean, known: boolean}} Shown */

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const dayOf = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const near = 80; // px from the end that count as being there
const together = 5 * 60_000; // ms within which messages of one side stand as one
/** Pictures are shown as these alone: a blob of another type would be a document of our origin. */
const pictureTypes = new Set(["image/jpeg", "image/png", "image/gif"]);

/** Addresses in a text, to be followed; everything else stays text. @param {string} text */
function linked(text) {
  /** @type {(Node|string)[]} */ const out = []; let at = 0;
  for (const m of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'}]/g)) {
    out.push(text.slice(at, m.index), h("a", { href: m[0], target: "_blank", rel: "noopener noreferrer nofollow" }, m[0]));
    at = (m.index ?? 0) + m[0].length;
  }
  return [...out, text.slice(at)];
}

/** @param {number} bytes */
export const sizeOf = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** @param {string} at */
function stamp(at) { const d = new Date(at); return h("time", { datetime: at, title: exact.format(d) }, clock.format(d)); }

export class Thread {
  #log = need("chat-log"); #list = need("chat-messages"); #more = need("chat-new"); #fetch; #act; #latest = "";
  /** @type {Map<string, {el: HTMLElement, is: string}>} */ #rows = new Map();
  /** @type {Map<string, Promise<Blob>>} */ #blobs = new Map();
  #first = true; #typing = 0;
  /** Called when the end comes on the screen. */ onEnd = () => {};

  /** @param {(id: string) => Promise<Blob>} fetch a file @param {(p: Pending, what: "again"|"discard") => void} act */
  constructor(fetch, act) {
    this.#fetch = fetch; this.#act = act;
    this.#log.addEventListener("scroll", () => { if (this.atEnd) { this.#more.hidden = true; this.onEnd(); } }, { passive: true });
    this.#more.addEventListener("click", () => this.toEnd());
    // A keyboard that comes up, or a picture that has loaded, moves the end away; who was there stays there.
    let stuck = true;
    this.#log.addEventListener("scroll", () => { stuck = this.atEnd; }, { passive: true });
    const keep = new ResizeObserver(() => { if (stuck) this.#log.scrollTop = this.#log.scrollHeight; });
    keep.observe(this.#log); keep.observe(this.#list);
    need("picture-close").addEventListener("click", () => need("picture", HTMLDialogElement).close());
    need("picture").addEventListener("click", (e) => { if (e.target === e.currentTarget) need("picture", HTMLDialogElement).close(); });
  }

  get atEnd() { return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < near; }
  toEnd() { this.#log.scrollTop = this.#log.scrollHeight; this.#more.hidden = true; this.onEnd(); }

  /** @param {Shown} s */
  draw(s) {
    const stuck = this.atEnd || this.#first;
    const seen = s.messages.findLast((m) => m.from === "me" && m.seen)?.id ?? "";
    const mine = s.messages.findLast((m) => m.from === "me")?.id ?? "";
    /** @type {HTMLElement[]} */ const rows = [];
    const used = new Set(); let day = "";
    /** @param {string} key @param {string} is what it looks like @param {() => HTMLElement} make */
    const row = (key, is, make) => {
      let r = this.#rows.get(key);
      if (!r || r.is !== is) { r = { el: make(), is }; this.#rows.set(key, r); }
      used.add(key); rows.push(r.el);
    };
    /** @param {string} at */
    const dated = (at) => { const d = dayOf.format(new Date(at)); if (d !== day) { day = d; row(`day ${d}`, d, () => h("li", { class: "wc-day" }, d)); } };
    s.messages.forEach((m, n) => {
      dated(m.at);
      const next = s.messages[n + 1];
      const follows = !!next && next.from === m.from && next.name === m.name && Date.parse(next.at) - Date.parse(m.at) < together && m.id !== seen;
      const state = m.from !== "me" ? "" : m.id === seen ? "seen" : m.id === mine ? "sent" : "old";
      row(m.op || m.id, `${m.id} ${state} ${follows}`, () => this.#message(m, state, follows));
    });
    for (const p of s.pending) { dated(p.at); row(p.op, `${p.problem} ${s.connected}`, () => this.#unsent(p, s.connected)); }
    if (s.ended) row("ended", "", () => h("li", { class: "system", id: "chat-ended" }, h("span", null, "This conversation has ended. Write again to begin a new one.")));
    for (const key of this.#rows.keys()) if (!used.has(key)) this.#rows.delete(key);
    this.#arrange(rows);
    const last = s.messages.findLast((m) => m.from === "agent");
    const news = !!last && last.id !== this.#latest && !this.#first;
    if (last && news) { announce(`${last.name || "Answer"}: ${last.text || last.files.map((f) => f.name).join(", ")}`); this.typing(null); }
    this.#latest = last?.id ?? ""; if (s.known) this.#first = false; // what was there before is no news
    if (stuck) this.toEnd(); else if (news) this.#more.hidden = false;
  }

  /** Brings the list to these rows and moves no more than it takes. @param {HTMLElement[]} rows */
  #arrange(rows) {
    let at = this.#list.firstElementChild;
    for (const el of rows) {
      if (el === at) at = at.nextElementSibling; else this.#list.insertBefore(el, at);
    }
    while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
  }

  /** @param {Message} m @param {string} state @param {boolean} follows another message of the same side stands right below */
  #message(m, state, follows) {
    const who = m.from === "me" ? h("span", { class: "sr-only" }, "You, ") : h("span", { class: follows ? "sr-only" : null }, `${m.name || "Answer"}, `);
    const meta = h("span", { class: `msg-meta${follows ? " sr-only" : ""}` }, who, stamp(m.at), state === "seen" ? [icon("check-double"), h("span", { "data-read": true }, "Seen")] : state === "sent" ? [icon("check"), h("span", { class: "sr-only" }, "Sent")] : null);
    return h("li", { class: "msg", "data-side": m.from === "me" ? "out" : "in", "data-id": m.id, "data-op": m.op || null, "data-state": state || null, "data-follows": follows },
      h("div", { class: "msg-main" }, m.files.map((f) => this.#file(f)), m.text ? h("span", { class: "bubble", dir: "auto" }, linked(m.text)) : null, meta));
  }

  /** @param {Pending} p @param {boolean} connected */
  #unsent(p, connected) {
    const meta = p.problem
      ? [icon("alert"), h("span", { role: "alert" }, `Not sent: ${p.problem.replace(/[.!?]$/, "")}. `), h("button", { type: "button", class: "msg-act", "data-act": "again", onclick: () => this.#act(p, "again") }, "Try again"), h("button", { type: "button", class: "msg-act", "data-act": "discard", onclick: () => this.#act(p, "discard") }, "Delete")]
      : [icon("clock"), h("span", null, connected ? "Sending" : "Waits for a connection")];
    return h("li", { class: "msg", "data-side": "out", "data-op": p.op, "data-state": p.problem ? "failed" : "sending", "data-failed": !!p.problem },
      h("div", { class: "msg-main" }, p.files.map((f) => this.#file(f)), p.text ? h("span", { class: "bubble", dir: "auto" }, linked(p.text)) : null, h("span", { class: "msg-meta" }, meta)));
  }

  /** @param {File_} f */
  #blob(f) {
    let b = this.#blobs.get(f.id);
    if (!b) { b = this.#fetch(f.id); this.#blobs.set(f.id, b); b.catch(() => this.#blobs.delete(f.id)); }
    return b;
  }

  /** @param {File_} f */
  #file(f) {
    if (!pictureTypes.has(f.type)) return this.#chip(f);
    const img = h("img", { alt: "", width: f.width || 240, height: f.height || 180 });
    const b = h("button", { type: "button", class: "bubble", "data-kind": "image", "aria-label": `Picture ${f.name}, larger`, onclick: () => this.#enlarge(f, img.src) }, img);
    const fail = () => b.replaceWith(this.#chip(f));
    img.addEventListener("error", fail);
    this.#blob(f).then((blob) => { img.src = URL.createObjectURL(new Blob([blob], { type: f.type })); }, fail);
    return b;
  }

  /** @param {File_} f */
  #chip(f) {
    const b = h("button", { type: "button", class: "file-chip", "aria-label": `Download ${f.name}, ${sizeOf(f.size)}`, onclick: () => this.#download(f, b) }, icon(f.type.startsWith("image/") ? "image" : "file"), h("span", { class: "truncate" }, f.name), h("span", { class: "small muted nowrap" }, sizeOf(f.size)), icon("download"));
    return b;
  }

  /** @param {File_} f @param {HTMLElement} b */
  async #download(f, b) {
    b.setAttribute("aria-busy", "true");
    try {
      const url = URL.createObjectURL(new Blob([await this.#blob(f)], { type: "application/octet-stream" }));
      const a = h("a", { href: url, download: f.name });
      document.body.append(a); a.click(); a.remove();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch { announce(`${f.name} could not be loaded. Try again.`); } finally { b.removeAttribute("aria-busy"); }
  }

  /** @param {File_} f @param {string} src */
  #enlarge(f, src) {
    if (!src) return;
    const save = h("button", { type: "button", class: "btn", "data-size": "sm", onclick: () => this.#download(f, save) }, icon("download"), "Download");
    need("picture-body").replaceChildren(h("img", { src, alt: f.name }));
    need("picture-foot").replaceChildren(h("span", { class: "truncate grow small" }, f.name), save);
    need("picture", HTMLDialogElement).showModal();
  }

  /** Shows for a while that somebody types; null: nobody does. @param {string|null} name */
  typing(name) {
    const p = need("chat-typing"), stuck = this.atEnd;
    clearTimeout(this.#typing);
    p.hidden = name === null;
    if (name === null) return;
    need("chat-typing-text").textContent = `${name || "Somebody"} is typing`;
    this.#typing = setTimeout(() => this.typing(null), 5500);
    if (stuck) this.#log.scrollTop = this.#log.scrollHeight;
  }
}
