// The chat on the page: bubbles, what is unread, what could not be sent. It uses the elements #chat-log, #chat-form, #chat-text,
// #chat-send and #chat-new; a bubble is .msg[data-side=out|in] .bubble, and .msg[data-state] says sent, sending or failed.
import { h, icon, need } from "../shell/dom.js";
import { time } from "../shell/format.js";
import { firstName, put } from "./draw.js";
import { recall, remember } from "./store.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./wire.js").Message} Message */
/** @typedef {import("./wire.js").Seat} Seat */
/** @typedef {{key: string, side: "in"|"out", text: string, at: string, who: string, state: "sent"|"sending"|"failed", n: number, op: string, problem: string}} Line */
/** @typedef {{key: string, at: string, text: string, icon: string}} Note a line of the page's own */

const text = {
  sending: "Sending",
  failed: "Not sent",
  again: "Try again",
  discard: "Delete",
  unread: "New",
  tooLong: (/** @type {number} */ n) => `At most ${n} characters fit into one message.`,
  empty: (/** @type {string} */ who) => `Write to ${who}. Both of you can read it here.`,
  write: "Write a message",
};
const near = 48; // px from the bottom that still count as the bottom
const together = 60_000; // ms within which messages of one side share their time

export class ChatView {
  #chat; #seat; #key;
  #log = need("chat-log");
  #box = need("chat-text", HTMLTextAreaElement);
  /** @type {Map<string, HTMLElement>} */ #drawn = new Map();
  #open = false; #read = 0; #mark = -1; #closed = ""; #notify;
  #other = "";
  /** @type {Note[]} */ #notes = [];

  /**
   * @param {Chat} chat @param {Seat} seat @param {string} call
   * @param {(unread: number) => void} notify told how many messages of the other side nobody has looked at
   */
  constructor(chat, seat, call, notify) {
    this.#chat = chat; this.#seat = seat; this.#notify = notify;
    this.#key = `tandem.${call}.read`;
    this.#read = Number(recall("session", this.#key)) || 0;
    need("chat-form").addEventListener("submit", (e) => { e.preventDefault(); this.#submit(); });
    this.#box.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); this.#submit(); }
    });
    this.#box.addEventListener("input", () => this.#grow());
    this.#log.addEventListener("scroll", () => this.#look(), { passive: true });
    need("chat-new").addEventListener("click", () => { this.#bottom(); this.#look(); });
    this.#log.addEventListener("click", (e) => this.#act(e));
    document.addEventListener("visibilitychange", () => this.#look());
  }

  /** Messages of the other side that nobody has looked at. */
  get unread() { return this.#chat.messages.filter((m) => m.from !== this.#seat && m.n > this.#read).length; }

  /** The page shows the chat, or hides it. @param {boolean} open */
  show(open) {
    if (open === this.#open) return;
    this.#open = open;
    this.#mark = open && this.unread ? this.#read : -1;
    if (open) {
      this.#draw();
      const first = this.#log.querySelector(".chat-unread");
      if (first) first.scrollIntoView({ block: "center" }); else this.#bottom();
      this.#look();
    }
  }

  /** @param {string} other name @param {Note[]} notes @param {string} closed why nothing may be written; "" if it may */
  draw(other, notes, closed) {
    this.#other = other; this.#notes = notes; this.#closed = closed;
    this.#draw();
  }

  #draw() {
    const atBottom = this.#atBottom();
    const lines = this.#lines();
    const own = lines.some((l) => l.side === "out" && !this.#drawn.has(l.key));
    const items = /** @type {(Line|Note)[]} */ ([...this.#notes, ...lines.filter((l) => l.state === "sent")])
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    this.#place([...items, ...lines.filter((l) => l.state !== "sent")]);
    this.#box.disabled = need("chat-send", HTMLButtonElement).disabled = this.#closed !== "";
    this.#box.placeholder = this.#closed || text.write;
    if (this.#open && (atBottom || own)) this.#bottom();
    this.#look();
  }

  /** @returns {Line[]} */
  #lines() {
    const sent = this.#chat.messages.map((m) => /** @type {Line} */ ({
      key: m.op || `n${m.n}`, side: m.from === this.#seat ? "out" : "in", text: m.text, at: m.at, who: m.name, state: "sent", n: m.n, op: m.op, problem: "",
    }));
    const going = this.#chat.outbox.map((m) => /** @type {Line} */ ({
      key: m.op, side: "out", text: m.text, at: m.at, who: "", state: m.problem ? "failed" : "sending", n: 0, op: m.op, problem: m.problem ?? "",
    }));
    return [...sent, ...going];
  }

  /** Puts every item in its place and leaves alone what is there already. @param {(Line|Note)[]} items */
  #place(items) {
    const rows = items.map((item, i) => ({
      key: item.key,
      make: () => ("n" in item ? bubble(item) : note(item)),
      update: (/** @type {HTMLElement} */ el) => { if ("n" in item) update(el, item, items[i + 1], this.#other); },
    }));
    const first = this.#mark < 0 ? -1 : items.findIndex((i) => "n" in i && i.side === "in" && i.n > this.#mark);
    if (first >= 0) rows.splice(first, 0, { key: "unread", make: () => h("div", { class: "chat-day chat-unread" }, text.unread), update: () => {} });
    if (!rows.length && !this.#closed && this.#other) rows.push({ key: "empty", make: () => h("p", { class: "chat-empty" }, icon("chat"), h("span", null, text.empty(firstName(this.#other)))), update: () => {} });
    const keys = new Set(rows.map((r) => r.key));
    for (const [key, el] of this.#drawn) if (!keys.has(key)) { el.remove(); this.#drawn.delete(key); }
    /** @type {Element|null} */ let at = this.#log.firstElementChild;
    for (const row of rows) {
      const el = this.#drawn.get(row.key) ?? row.make();
      this.#drawn.set(row.key, el);
      row.update(el);
      if (el === at) at = el.nextElementSibling; else this.#log.insertBefore(el, at);
    }
  }

  #submit() {
    const written = this.#box.value.trim();
    if (!written || this.#closed) return;
    const { limit } = this.#chat;
    const long = limit > 0 && [...written].length > limit;
    this.#box.setCustomValidity(long ? text.tooLong(limit) : "");
    if (long) { this.#box.reportValidity(); return; }
    this.#box.value = "";
    this.#mark = -1;
    this.#grow();
    this.#chat.write(written);
  }

  /** @param {Event} e */
  #act(e) {
    const b = e.target instanceof Element ? e.target.closest("button[data-op]") : null;
    if (!(b instanceof HTMLElement)) return;
    if (b.dataset.act === "again") this.#chat.again(b.dataset.op ?? ""); else this.#chat.discard(b.dataset.op ?? "");
  }

  #grow() {
    this.#box.setCustomValidity("");
    this.#box.style.height = "auto";
    this.#box.style.height = `${Math.min(this.#box.scrollHeight + 2, 120)}px`;
  }

  #atBottom() { return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < near; }
  #bottom() { this.#log.scrollTop = this.#log.scrollHeight; }

  /** What is at the bottom of an open chat has been looked at. */
  #look() {
    if (this.#open && this.#atBottom() && document.visibilityState === "visible") {
      const last = this.#chat.messages[this.#chat.messages.length - 1]?.n ?? 0;
      if (last > this.#read) {
        this.#read = last;
        remember("session", this.#key, String(last));
      }
    }
    const { unread } = this;
    need("chat-new").hidden = !(this.#open && unread > 0 && !this.#atBottom());
    this.#notify(unread);
  }
}

/** @param {Line} line */
function bubble(line) {
  return h("div", { class: "msg", "data-side": line.side, "data-plain": true },
    h("div", { class: "msg-main" }, h("span", { class: "bubble", dir: "auto" }, line.text), h("span", { class: "msg-meta" })));
}

/** @param {Note} n */
const note = (n) => h("p", { class: "system" }, icon(n.icon), h("span", null, n.text), h("time", { datetime: n.at }, time(n.at)));

/** @param {HTMLElement} el @param {Line} line @param {Line|Note|undefined} next @param {string} other */
function update(el, line, next, other) {
  const follows = !!next && "n" in next && next.side === line.side && next.state === line.state && Date.parse(next.at) - Date.parse(line.at) < together;
  const key = `${line.state}|${follows}|${line.problem}`;
  if (el.dataset.key === key) return;
  el.dataset.key = key;
  el.dataset.state = line.state;
  el.toggleAttribute("data-failed", line.state === "failed");
  el.toggleAttribute("data-follows", follows && line.state === "sent");
  const meta = el.querySelector(".msg-meta");
  if (!meta) return;
  const at = h("time", { datetime: line.at }, time(line.at));
  if (line.state === "failed") {
    meta.replaceChildren(icon("alert"), h("span", null, `${text.failed}: ${line.problem}`),
      h("button", { type: "button", class: "msg-act", "data-op": line.op, "data-act": "again" }, text.again),
      h("button", { type: "button", class: "msg-act", "data-op": line.op, "data-act": "discard" }, text.discard));
  } else if (line.state === "sending") meta.replaceChildren(icon("clock"), h("span", null, text.sending));
  else if (line.side === "out") meta.replaceChildren(at, icon("check"));
  else meta.replaceChildren(h("span", null, `${firstName(line.who || other)},`), at);
}

/** Says how many are unread, on a round mark. @param {HTMLElement} mark @param {number} unread */
export function count(mark, unread) {
  mark.hidden = unread === 0;
  put(mark, unread > 99 ? "99+" : String(unread));
}
