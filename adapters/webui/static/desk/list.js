// The left panel: the agent's conversations in views, searched and filtered. Rows are .conv[data-ticket=ID] with
// a.conv-name, and button[data-act=claim] where one may be taken.
import { emptyState } from "../shell/calls.js";
import { busy, button, fill, h, icon, input, need } from "../shell/dom.js";
import { category, full, number, when } from "../shell/format.js";
import { live, toastError } from "../shell/frame.js";
import { fetchCounts, fetchTickets } from "./api.js";
import { onMine } from "./attention.js";
import { face, since } from "./entry.js";
import { onDesk } from "./presence.js";
import { sentence } from "../shell/api.js";
import { channel, lastLine, personName, stateWord } from "./words.js";

/** @typedef {import("./api.js").Ticket} Ticket */
/** @typedef {import("./api.js").Filter} Filter */

const size = 50; const most = 200;
const views = ["mine", "queue", "resolved", "closed"];
/** @type {Filter} */ const none = { q: "", channel: "", status: "", tag: "", label: "" };

/** When something was last said. @param {Ticket} t */
const said = (t) => t.last?.at ?? t.created_at;

export class List {
  #open; #claim;
  view = "mine"; /** @type {Filter} */ filter = { ...none };
  /** @type {Ticket[]} */ tickets = [];
  #next = ""; #round = 0; #loaded = false; #current = ""; #me = ""; #myName = "";
  /** @type {Map<string, {el: HTMLElement, key: string}>} */ #rows = new Map();
  #timer = 0; #countTimer = 0; #typing = 0;

  /** @param {(id: string, row?: boolean) => void} open @param {(id: string, b?: HTMLElement) => void} claim */
  constructor(open, claim) {
    this.#open = open; this.#claim = claim;
    this.#fromAddress(); this.#controls();
    onMine(() => { this.#count(); if (this.view === "mine") this.refresh(); });
    onDesk((d) => this.#choices(d));
    live.onEvent((e) => {
      if (!e.kind.startsWith("desk.")) return;
      if (this.tickets.some((t) => t.id === e.about) || e.kind === "desk.queue_changed" || e.kind.startsWith("desk.ticket_")) { this.refresh(); this.#count(); }
    });
    live.onReset(() => { this.refresh(0); this.#count(); });
    setInterval(() => { if (this.#loaded && document.visibilityState === "visible") this.#times(); }, 30_000);
  }

  /** @param {{user: {id: string, name: string}}} me */
  start(me) { this.#me = me.user.id; this.#myName = me.user.name; this.load(); this.#count(0); }
  get me() { return this.#me; }

  #fromAddress() {
    const q = new URLSearchParams(location.search);
    this.view = views.includes(q.get("view") ?? "") ? q.get("view") ?? "mine" : "mine";
    for (const k of /** @type {(keyof Filter)[]} */ (Object.keys(none))) this.filter[k] = q.get(k) ?? "";
  }
  /** The address's query for what is shown. */
  get search() {
    const q = new URLSearchParams();
    if (this.view !== "mine") q.set("view", this.view);
    for (const [k, v] of Object.entries(this.filter)) if (v) q.set(k, v);
    const s = q.toString();
    return s ? `?${s}` : "";
  }
  get #filtered() { return Object.values(this.filter).some(Boolean); }

  #controls() {
    for (const v of views) button(`view-${v}`).addEventListener("tab", () => { if (this.view !== v) this.show(v); });
    input("list-search").addEventListener("input", () => { clearTimeout(this.#typing); this.#typing = setTimeout(() => this.#set({ q: input("list-search").value.trim() }), 250); });
    need("list-form").addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(this.#typing); this.#set({ q: input("list-search").value.trim() }); });
    for (const k of /** @type {const} */ (["channel", "status", "label"])) need(`filter-${k}`).addEventListener("change", () => this.#set({ [k]: need(`filter-${k}`, HTMLSelectElement).value }));
    input("filter-tag").addEventListener("change", () => this.#set({ tag: input("filter-tag").value.trim() }));
    button("filter-clear").addEventListener("click", () => { need("filter-menu").hidePopover(); this.clear(); });
    need("list").addEventListener("click", (e) => this.#click(e));
    this.#draw();
  }
  clear() { input("list-search").value = ""; this.#set({ ...none }); }
  /** @param {Partial<Filter>} f */
  #set(f) {
    if (Object.entries(f).every(([k, v]) => this.filter[/** @type {keyof Filter} */ (k)] === v)) return;
    this.filter = { ...this.filter, ...f };
    this.#changed();
  }
  /** @param {string} view */
  show(view) {
    this.view = view;
    if (view !== "mine") this.filter.status = "";
    this.#changed();
  }
  #changed() {
    this.tickets = []; this.#next = ""; this.#loaded = false;
    history.replaceState(history.state, "", `${location.pathname}${this.search}`);
    this.#draw(); this.load();
  }

  /** @param {import("./api.js").DeskMe} d */
  #choices(d) {
    const kinds = [...new Set((d.setup.lines ?? []).map((l) => l.kind))];
    const choose = (/** @type {string} */ id, /** @type {string} */ all, /** @type {[string, string][]} */ some, /** @type {string} */ value) => {
      const el = need(id, HTMLSelectElement);
      if (value && !some.some(([v]) => v === value)) some.push([value, value]);
      fill(el, h("option", { value: "" }, all), ...some.map(([v, name]) => h("option", { value: v }, name)));
      el.value = value;
    };
    choose("filter-channel", "Every channel", kinds.map((k) => [k, channel(k).word]), this.filter.channel);
    choose("filter-label", "Any", (d.setup.labels ?? []).map((l) => [l.id, l.name]), this.filter.label);
    fill(need("known-tags"), ...(d.setup.tags ?? []).map((t) => h("option", { value: t.name })));
  }

  /** Reads the list anew, soon: many events are one reading. @param {number} [ms] */
  refresh(ms = 300) {
    if (!this.#loaded) return;
    if (this.#reading) { this.#again = true; return; } // a reading under way is not given up for the next, or a busy desk would never be drawn
    this.#timer ||= setTimeout(() => { this.#timer = 0; this.load(); }, ms);
  }
  #reading = false; #again = false;

  /** Reads as many rows as are shown. */
  async load() {
    this.#reading = true; this.#again = false;
    const mine = ++this.#round;
    await this.#load(mine);
    if (mine !== this.#round) return;
    this.#reading = false;
    if (this.#again) this.refresh();
  }
  /** @param {number} mine */
  async #load(mine) {
    const rows = Math.min(most, Math.max(size, this.tickets.length));
    need("list").setAttribute("aria-busy", "true");
    if (!this.#loaded) this.#skeleton();
    try {
      const page = await fetchTickets(this.view, this.filter, "", rows);
      if (mine !== this.#round) return;
      const rest = this.tickets.length > rows ? this.tickets.slice(rows).filter((t) => !page.tickets.some((x) => x.id === t.id)) : [];
      this.tickets = [...page.tickets, ...rest]; if (!rest.length) this.#next = page.next ?? "";
      this.#loaded = true;
      this.#draw();
    } catch (err) {
      if (mine !== this.#round) return;
      need("list").removeAttribute("aria-busy");
      if (this.#loaded && this.tickets.length) return; // what is shown stays; the next event or the connection's return reads again
      this.#rows.clear();
      fill(need("list"), emptyState({ icon: "alert", tone: "bad", title: "The conversations did not load", text: sentence(err), actions: [h("button", { class: "btn", onclick: () => { this.#loaded = false; this.load(); } }, icon("refresh"), "Try again")] }));
    }
  }
  /** @param {HTMLElement} b */
  async #more(b) {
    const mine = this.#round;
    busy(b, true);
    try {
      const page = await fetchTickets(this.view, this.filter, this.#next, size);
      if (mine !== this.#round) return;
      this.tickets = [...this.tickets, ...page.tickets.filter((t) => !this.tickets.some((x) => x.id === t.id))]; this.#next = page.next ?? "";
      this.#draw();
    } catch (err) { toastError("No more could be loaded", err); } finally { busy(b, false); }
  }

  /** The rows as they stand: what waits by its place in the queue, one's own by the last message, so that looking at one moves none. */
  get shown() {
    if (this.view === "queue") return [...this.tickets].sort((a, b) => Date.parse(a.queued_at) - Date.parse(b.queued_at));
    return this.view === "mine" ? [...this.tickets].sort((a, b) => Date.parse(said(b)) - Date.parse(said(a))) : this.tickets;
  }

  #skeleton() {
    this.#rows.clear();
    const bar = (/** @type {string} */ w) => h("span", { class: "skeleton", "data-w": w });
    fill(need("list"), Array.from({ length: 6 }, () => h("div", { class: "conv", "aria-hidden": "true" }, h("span", { class: "skeleton", "data-w": "avatar" }), h("div", { class: "conv-main" }, bar("50"), bar("90"), bar("35")))));
  }

  #draw() {
    const list = need("list");
    for (const v of views) {
      const tab = button(`view-${v}`);
      tab.setAttribute("aria-selected", String(v === this.view)); tab.tabIndex = v === this.view ? 0 : -1;
    }
    list.setAttribute("aria-labelledby", `view-${this.view}`);
    button("list-filter").setAttribute("aria-pressed", String(["channel", "status", "tag", "label"].some((k) => this.filter[/** @type {keyof Filter} */ (k)])));
    need("filter-status-field").hidden = this.view !== "mine";
    for (const [id, k] of /** @type {const} */ ([["list-search", "q"], ["filter-tag", "tag"]])) if (document.activeElement !== input(id)) input(id).value = this.filter[k];
    for (const k of /** @type {const} */ (["channel", "status", "label"])) need(`filter-${k}`, HTMLSelectElement).value = this.filter[k];
    if (!this.#loaded) return;
    list.removeAttribute("aria-busy");
    if (!this.tickets.length) { this.#rows.clear(); fill(list, this.#empty()); return; }
    this.#place(list);
  }

  #empty() {
    if (this.#filtered) return emptyState({ icon: "search", title: "Nothing matches", text: "Try fewer words or fewer filters, or another list above.", actions: [h("button", { class: "btn", onclick: () => this.clear() }, "Clear the filters")] });
    switch (this.view) {
      case "queue": return emptyState({ icon: "check", title: "Nobody waits", text: "New conversations of your queues appear here by themselves." });
      case "resolved": return emptyState({ icon: "check", title: "Nothing resolved yet", text: "What you resolve stays here until it closes." });
      case "closed": return emptyState({ icon: "lock", title: "Nothing closed yet", text: "Your conversations that are over are kept here." });
      default: return emptyState({ icon: "inbox", title: "You have no conversation", text: "Set your status to Available to be given some, or take one that waits.", actions: [h("button", { class: "btn", onclick: () => this.show("queue") }, "See what waits")] });
    }
  }

  /** Puts every row in its place, and leaves alone what is as it was. @param {HTMLElement} list */
  #place(list) {
    const shown = this.shown; const ids = new Set(shown.map((t) => t.id));
    if (!this.#rows.size) list.replaceChildren();
    for (const [id, r] of this.#rows) if (!ids.has(id)) { r.el.remove(); this.#rows.delete(id); }
    /** @type {Element|null} */ let at = list.firstElementChild;
    for (const t of shown) {
      const key = JSON.stringify([t.version, t.unread, t.last, t.contact, t.may.claim, t.queue_name, t.labels, this.view]); let r = this.#rows.get(t.id);
      if (!r || r.key !== key) {
        const el = this.#row(t); const focused = r?.el.contains(document.activeElement);
        if (r) { if (at === r.el) at = el; r.el.replaceWith(el); if (focused) el.querySelector("a")?.focus({ preventScroll: true }); }
        r = { el, key }; this.#rows.set(t.id, r);
      }
      if (r.el === at) at = at.nextElementSibling; else list.insertBefore(r.el, at);
    }
    list.querySelector(".conv-more")?.remove();
    if (this.#next) {
      const b = h("button", { class: "btn", id: "list-more", onclick: () => this.#more(b) }, "Load more");
      list.append(h("div", { class: "conv-more" }, b));
    }
    this.mark(this.#current);
  }

  /** @param {Ticket} t */
  #row(t) {
    const who = personName(t.contact); const label = t.labels?.[0]; const over = ["resolved", "closed"].includes(t.status);
    const at = said(t); const waits = !over && (this.view === "queue" ? t.queued_at : t.waiting_from);
    const el = h("article", { class: "conv", "data-ticket": t.id, "data-unread": t.unread > 0, "data-labelled": !!label },
      h("span", { class: "avatar", "data-cat": String(category(t.contact.id)), "aria-hidden": "true" }, face(t.contact), icon(channel(t.channel).icon, "icon avatar-channel")),
      h("div", { class: "conv-main" },
        h("div", { class: "conv-line" }, h("a", { class: "conv-name truncate", href: `/desk/${t.id}` }, who, h("span", { class: "sr-only" }, `, ${channel(t.channel).word}, number ${t.number}`)), h("time", { datetime: at, title: full(at) }, when(at))),
        h("p", { class: "conv-text truncate" }, lastLine(t, this.#myName)),
        h("div", { class: "conv-line conv-foot" },
          t.unread > 0 && !t.may.claim ? h("span", { class: "count", "aria-label": `${t.unread} unread` }, t.unread > 99 ? "99+" : number(t.unread)) : null,
          t.may.claim && this.view === "queue" ? h("button", { class: "btn", "data-size": "sm", "data-act": "claim" }, "Accept") : null,
          label ? h("span", { class: "ribbon" }, icon("ribbon"), label.name) : null,
          h("span", { class: "truncate", title: `#${t.number}, ${t.queue_name}` }, this.view === "queue" ? t.queue_name : `${stateWord(t)}, ${t.queue_name}`),
          waits ? h("span", { class: "conv-wait", title: `Waits since ${full(waits)}` }, icon("clock"), h("span", { class: "sr-only" }, "waits "), since(waits)) : null)));
    if (label) el.style.setProperty("--cat", label.colour);
    return el;
  }

  /** Days turn and "today" becomes a date. */
  #times() { for (const t of this.tickets) { const at = said(t); const el = this.#rows.get(t.id)?.el.querySelector(".conv-line > time"); if (el) el.textContent = when(at); } }

  /** @param {Event} e */
  #click(e) {
    const target = e.target instanceof Element ? e.target : null; const id = /** @type {HTMLElement|null} */ (target?.closest(".conv"))?.dataset.ticket;
    const b = target?.closest("[data-act=claim]");
    if (!id) return;
    if (b instanceof HTMLElement) { this.#claim(id, b); return; }
    if (target?.closest("a.conv-name") && e instanceof MouseEvent && !(e.metaKey || e.ctrlKey || e.shiftKey || e.button)) { e.preventDefault(); this.#open(id, true); }
  }

  /** Shows which conversation is open. @param {string} id */
  mark(id) {
    this.#current = id;
    for (const [k, r] of this.#rows) if (k === id) r.el.setAttribute("aria-current", "true"); else r.el.removeAttribute("aria-current");
  }
  /** The neighbour of the open conversation. @param {1|-1} step */
  neighbour(step) {
    const all = this.shown; const i = all.findIndex((t) => t.id === this.#current);
    return all[i < 0 ? (step > 0 ? 0 : all.length - 1) : i + step]?.id ?? "";
  }
  /** @param {string} id */
  reveal(id) { this.#rows.get(id)?.el.scrollIntoView({ block: "nearest" }); }
  /** A ticket as a command has left it. @param {Ticket} t */
  take(t) {
    const i = this.tickets.findIndex((x) => x.id === t.id);
    if (i >= 0) { this.tickets[i] = { ...t, last: t.last ?? this.tickets[i].last }; if (this.#loaded) this.#draw(); }
    this.refresh(); this.#count();
  }

  #count(ms = 400) {
    this.#countTimer ||= setTimeout(async () => {
      this.#countTimer = 0;
      try {
        const c = await fetchCounts();
        for (const [id, n] of /** @type {const} */ ([["count-mine", c.mine], ["count-queue", c.queue]])) { need(id).hidden = !n; fill(need(id), number(n)); }
      } catch { /* the next event counts again */ }
    }, ms);
  }
}
