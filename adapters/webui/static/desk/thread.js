// The centre panel: one conversation with its history, and those before it. It reads what changed, keeps the place where
// the reader is, and says to the server what has been looked at.
import { Problem, sentence } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, fill, h, icon, need } from "../shell/dom.js";
import { dayKey, dayLong, when } from "../shell/format.js";
import { live, toastError } from "../shell/frame.js";
import { fetchEntries, fetchTicket, markRead } from "./api.js";
import { lookAt, refreshMine } from "./attention.js";
import { entry, unsent } from "./entry.js";
import { personName, reasonWord, statusLook } from "./words.js";

/** @typedef {import("./api.js").Ticket} Ticket */
/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {import("./api.js").Detail} Detail */
/** @typedef {import("./entry.js").Names} Names */
/** @typedef {import("./entry.js").Unsent} Unsent */
/** @typedef {{ticket: Ticket, entries: Entry[], complete: boolean}} Block the history of one ticket; complete: from its beginning */
/** @typedef {{key: string, sig: string, make: () => HTMLElement|null}} Item */

const page = 100; const near = 60; // entries; px from the bottom that still count as the bottom
const together = 120_000; // ms within which messages of one side share their time

export class Thread {
  /** The conversation that is open, or "". */
  id = "";
  /** @type {Detail|null} */ detail = null;
  /** @type {Block[]} oldest first; the last is the open one */ #blocks = [];
  /** @type {Map<string, {el: HTMLElement, sig: string}>} */ #drawn = new Map();
  #log = need("messages"); #names; #outbox; #changed; #round = 0; #mark = 0; #reading = false; #timer = 0; #fresh = 0;

  /**
   * @param {() => Omit<Names, "channel"|"contact">} names
   * @param {{unsent: (ticket: string) => Unsent[], settle: (ticket: string, entries: Entry[]) => void, act: (ticket: string, op: string, what: "again"|"discard") => void}} outbox
   * @param {(d: Detail|null) => void} changed told when the ticket, or what is around it, is another
   */
  constructor(names, outbox, changed) {
    this.#names = names; this.#outbox = outbox; this.#changed = changed;
    this.#log.addEventListener("scroll", () => this.#look(), { passive: true });
    for (const [t, e] of /** @type {const} */ ([[document, "visibilitychange"], [window, "focus"], [window, "resize"]])) t.addEventListener(e, () => this.#look());
    button("to-newest").addEventListener("click", () => { this.bottom(); this.#look(); this.#log.focus({ preventScroll: true }); });
    live.onEvent((e) => { if (this.id && e.kind.startsWith("desk.") && (e.about === this.id || (this.detail && e.about === this.detail.contact.id))) this.refresh(); });
    live.onReset(() => { if (this.id) this.refresh(0); });
    // A picture that comes late must not push the newest message out of sight.
    this.#log.addEventListener("load", () => { if (this.#stuck) this.bottom(); }, true);
  }
  #stuck = true;

  /** @param {string} id "" closes */
  async open(id) {
    const mine = ++this.#round;
    this.id = id; this.detail = null; this.#blocks = []; this.#mark = 0; this.#fresh = 0; this.#stuck = true;
    lookAt(id); this.#drawn.clear(); this.#changed(null);
    button("to-newest").hidden = true;
    if (!id) { this.#log.replaceChildren(); return; }
    this.#log.setAttribute("aria-busy", "true");
    fill(this.#log, Array.from({ length: 5 }, (_, i) => h("div", { class: "msg", "data-side": i % 2 ? "out" : "in", "aria-hidden": "true" }, h("span", { class: "skeleton", "data-w": "avatar" }), h("span", { class: "skeleton bubble-skeleton" }))));
    try {
      const [detail, { entries }] = await Promise.all([fetchTicket(id), fetchEntries(id, { limit: page })]);
      if (mine !== this.#round) return;
      this.#log.replaceChildren();
      this.detail = detail;
      this.#blocks = [{ ticket: detail.ticket, entries, complete: entries.length < page || entries[0].n <= 1 }];
      if (detail.ticket.unread > 0) this.#mark = entries.filter((e) => e.kind === "message" && e.from === "customer").slice(-detail.ticket.unread)[0]?.n ?? 0;
      this.#outbox.settle(id, entries);
      this.#changed(detail); this.draw(); this.bottom(); this.#look();
    } catch (err) { if (mine === this.#round) this.#failed(err); } finally { if (mine === this.#round) this.#log.removeAttribute("aria-busy"); }
  }

  /** @param {unknown} err */
  #failed(err) {
    const gone = err instanceof Problem && (err.status === 404 || err.status === 403);
    this.#drawn.clear();
    fill(this.#log, gone
      ? emptyState({ icon: "lock", title: "This conversation is not yours to see", text: "It may have gone to somebody else, or the address is mistyped." })
      : emptyState({ icon: "alert", tone: "bad", title: "The conversation did not load", text: sentence(err), actions: [h("button", { class: "btn", onclick: () => this.open(this.id) }, icon("refresh"), "Try again")] }));
  }

  /** Reads what changed, soon: many events are one reading. @param {number} [ms] */
  refresh(ms = 120) {
    if (this.#under) { this.#again = true; return; } // one reading at a time: an older answer never comes after a newer one
    this.#timer ||= setTimeout(async () => {
      this.#timer = 0; this.#under = true; this.#again = false;
      await this.#refresh();
      this.#under = false;
      if (this.#again) this.refresh();
    }, ms);
  }
  #under = false; #again = false;

  async #refresh() {
    const block = this.#blocks[this.#blocks.length - 1]; const mine = this.#round; const id = this.id;
    if (!id) return;
    if (!block) { if (!this.#log.hasAttribute("aria-busy")) await this.open(id); else this.#again = true; return; }
    // A message of ours may still come further: those are read again, as far as they are not too many.
    const last = block.entries[block.entries.length - 1]?.n ?? 0;
    const unsettled = block.entries.find((e) => e.delivery && e.delivery !== "read" && e.delivery !== "failed")?.n ?? last + 1;
    try {
      const [detail, { entries }] = await Promise.all([fetchTicket(id), fetchEntries(id, { after: Math.max(0, unsettled - 1, last - page), limit: 500 })]);
      if (mine !== this.#round) return;
      this.#merge(block, entries, last);
      block.ticket = detail.ticket; this.detail = detail;
      this.#outbox.settle(id, entries);
      this.#changed(detail); this.draw(); this.#look();
    } catch (err) {
      if (mine === this.#round && err instanceof Problem && err.status === 404) { this.#blocks = []; this.detail = null; this.#changed(null); this.#failed(err); }
    }
  }

  /** @param {Block} block @param {Entry[]} entries @param {number} last N of the newest that was known */
  #merge(block, entries, last) {
    const all = new Map(block.entries.map((e) => [e.n, e]));
    for (const e of entries) all.set(e.n, e);
    block.entries = [...all.values()].sort((a, b) => a.n - b.n);
    if (!this.#atBottom()) this.#fresh += entries.filter((e) => e.n > last && e.kind === "message" && e.from === "customer").length;
  }
  /** Takes in an entry that the server has just confirmed. @param {Entry} e */
  take(e) {
    const block = this.#blocks[this.#blocks.length - 1];
    if (!block || e.ticket !== block.ticket.id) return;
    this.#merge(block, [e], Infinity); this.draw();
  }

  /** Reads what came before what is shown, and keeps the reader's place. @param {HTMLElement} b */
  async #earlier(b) {
    const first = this.#blocks[0]; const mine = this.#round;
    if (!first || b.hasAttribute("aria-busy")) return;
    busy(b, true);
    try {
      if (!first.complete) {
        const { entries } = await fetchEntries(first.ticket.id, { before: first.entries[0].n, limit: page });
        if (mine !== this.#round) return;
        first.entries = [...entries, ...first.entries]; first.complete = entries.length < page || entries[0].n <= 1;
      } else {
        const ticket = this.#before();
        if (!ticket) return;
        const { entries } = await fetchEntries(ticket.id, { limit: page });
        if (mine !== this.#round) return;
        this.#blocks.unshift({ ticket, entries, complete: entries.length < page || entries[0].n <= 1 });
      }
      const from = this.#log.scrollHeight - this.#log.scrollTop;
      this.draw();
      this.#log.scrollTop = this.#log.scrollHeight - from;
    } catch (err) { toastError("Earlier messages could not be loaded", err); } finally { busy(b, false); }
  }
  /** The conversation before the first one shown. */
  #before() {
    const first = this.#blocks[0]?.ticket;
    return first && (this.detail?.previous ?? []).filter((t) => Date.parse(t.created_at) < Date.parse(first.created_at)).sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at))[0];
  }

  draw() {
    if (!this.detail) return;
    const stuck = this.#atBottom() || this.#stuck; const own = this.#outbox.unsent(this.id);
    const who = { id: this.detail.contact.id, name: personName(this.detail.contact) };
    /** @type {Item[]} */ const items = [];
    const before = this.#blocks[0]?.complete ? this.#before() : null;
    if (before) items.push(this.#button(`before:${before.id}`, `Load the conversation before: #${before.number}, ${before.queue_name}, ${when(before.created_at)}`));
    else if (this.#blocks[0] && !this.#blocks[0].complete) items.push(this.#button(`earlier:${this.#blocks[0].entries[0]?.n}`, "Load earlier messages"));
    for (const block of this.#blocks) this.#items(block, { ...this.#names(), channel: block.ticket.channel, contact: who }, items);
    for (const u of own) items.push({ key: u.op, sig: u.problem || "sending", make: () => unsent(u, this.#names().me, (what) => this.#outbox.act(this.id, u.op, what)) });
    const grew = own.some((u) => !this.#drawn.has(u.op));
    this.#place(items);
    if (stuck || grew) this.bottom();
  }

  /** @param {string} key @param {string} text @returns {Item} */
  #button(key, text) {
    return { key, sig: text, make: () => { const b = h("button", { type: "button", class: "btn", "data-size": "sm", id: "load-earlier", onclick: () => this.#earlier(b) }, icon("arrow-up"), text); return h("div", { class: "thread-more" }, b); } };
  }

  /** @param {Block} block @param {Names} names @param {Item[]} items */
  #items(block, names, items) {
    const { ticket: t } = block; const open = t.id === this.id; let day = "";
    const ended = ["resolved", "closed"].includes(t.status) ? `, ${statusLook(t.status).word.toLowerCase()}${t.disposition ? `: ${t.disposition}` : reasonWord(t.reason) && t.reason !== "agent" ? `: ${reasonWord(t.reason)}` : ""}` : "";
    items.push({ key: `head:${t.id}`, sig: ended, make: () => h("h3", { class: "chat-head" }, h("span", { class: "truncate" }, h("b", null, `Conversation #${t.number}`), `, ${t.queue_name}, opened ${when(t.created_at)}${ended}`)) });
    block.entries.forEach((e, i) => {
      const today = dayKey(e.at); const next = block.entries[i + 1];
      if (day && today !== day) items.push({ key: `day:${t.id}:${today}`, sig: "", make: () => h("div", { class: "chat-day" }, dayLong(e.at)) });
      day = today;
      if (open && this.#mark && e.n === this.#mark) items.push({ key: "unread", sig: "", make: () => h("div", { class: "chat-day chat-unread" }, "New") });
      const last = !(next && next.kind === "message" && e.kind === "message" && next.from === e.from && next.user === e.user && Date.parse(next.at) - Date.parse(e.at) < together);
      items.push({ key: e.id, sig: JSON.stringify([e.delivery, e.problem, e.seen_at, last, names.contact.name]), make: () => entry(e, names, last) });
    });
  }

  /** Puts every item in its place, and leaves alone what is as it was. @param {Item[]} items */
  #place(items) {
    const keys = new Set(items.map((i) => i.key));
    for (const [key, d] of this.#drawn) if (!keys.has(key)) { d.el.remove(); this.#drawn.delete(key); }
    /** @type {Element|null} */ let at = this.#log.firstElementChild;
    for (const item of items) {
      let d = this.#drawn.get(item.key);
      if (!d || d.sig !== item.sig) {
        const el = item.make();
        if (!el) { if (d) { if (at === d.el) at = at.nextElementSibling; d.el.remove(); this.#drawn.delete(item.key); } continue; }
        if (d) { if (at === d.el) at = el; d.el.replaceWith(el); }
        d = { el, sig: item.sig }; this.#drawn.set(item.key, d);
      }
      if (d.el === at) at = at.nextElementSibling; else this.#log.insertBefore(d.el, at);
    }
  }

  #atBottom() { return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < near; }
  bottom() { this.#log.scrollTop = this.#log.scrollHeight; this.#stuck = true; this.#fresh = 0; }

  /** What is at the bottom of a thread on the screen has been looked at. */
  #look() {
    const shown = this.#log.clientHeight > 0; const bottom = this.#atBottom();
    if (shown) this.#stuck = bottom;
    if (bottom) this.#fresh = 0;
    button("to-newest").hidden = !shown || bottom || !this.detail;
    fill(need("to-newest-text"), this.#fresh ? (this.#fresh === 1 ? "1 new message" : `${this.#fresh} new messages`) : "Newest");
    const t = this.detail?.ticket;
    if (!t || !t.mine || !t.unread || !shown || !bottom || this.#reading || document.visibilityState !== "visible") return;
    this.#reading = true;
    markRead(t.id).then(() => { if (this.detail?.ticket.id === t.id) this.detail.ticket.unread = 0; refreshMine(); }, () => {}).finally(() => { this.#reading = false; });
  }
}
