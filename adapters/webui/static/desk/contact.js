// The right panel: who the customer is. Ids: #contact-menu-button #edit-contact-open #block #begin-open #contact-page,
// #tag-form #tag-input, tags button[data-tag], labels [data-label=ID], #note-form #note-text; past conversations
// a.past[data-ticket=ID]. The dialog's are #edit-contact, #contact-name, #contact-phone, #contact-email, #attr-KEY.
import { Problem, sentence } from "../shell/api.js";
import { announce, busy, button, dialog, fieldError, fieldSentence, fill, h, icon, input, need } from "../shell/dom.js";
import { category, full, phone, when } from "../shell/format.js";
import { toastError } from "../shell/frame.js";
import { show } from "../ui.js";
import { changeContact, noteContact, setMarks } from "./api.js";
import { confirm } from "./dialogs.js";
import { face } from "./entry.js";
import { channel, personName, statusLook } from "./words.js";

/** @typedef {import("./api.js").Detail} Detail */
/** @typedef {import("./api.js").Arrangement} Arrangement */
/** @typedef {import("./api.js").Attribute} Attribute */
/** @typedef {import("./api.js").Ticket} Ticket */

/** @type {Record<string, string>} */
const contactStatuses = { active: "Active", inactive: "Inactive", blocked: "Blocked" };

export class ContactPanel {
  /** @type {Detail|null} */ #d = null;
  /** @type {Arrangement|null} */ #setup = null;
  #changed; #taken; #open; #begin;
  #key = ""; #attributes = need("contact-attributes");

  /** @param {{changed: () => void, taken: (t: Ticket) => void, open: (id: string) => void, begin: (d: Detail) => void}} on */
  constructor(on) {
    this.#changed = on.changed; this.#taken = on.taken; this.#open = on.open; this.#begin = on.begin;
    need("edit-contact-form").addEventListener("submit", (e) => { e.preventDefault(); this.#save(); });
    need("edit-contact-form").addEventListener("input", (e) => { if (e.target instanceof HTMLInputElement) fieldError(e.target, ""); });
  }

  /** @param {Arrangement} setup */
  setup(setup) { this.#setup = setup; this.#key = ""; this.#draw(); }

  /** @param {Detail|null} d */
  show(d) { this.#d = d; this.#draw(); }

  #draw() {
    const d = this.#d; const box = need("contact-body");
    if (!d) { this.#key = ""; box.replaceChildren(); return; }
    const key = JSON.stringify([d.contact, d.notes, d.previous?.map((t) => [t.id, t.status]), d.ticket.id, d.ticket.tags, d.ticket.labels, d.ticket.due, d.ticket.may, d.ticket.subject]);
    if (key === this.#key) return;
    this.#key = key;
    const typed = document.getElementById("note-text"); const kept = typed instanceof HTMLTextAreaElement ? typed.value : ""; const focus = document.activeElement?.id;
    fill(box, this.#top(d), this.#facts(d), this.#marks(d), this.#notes(d), this.#past(d));
    if (kept) need("note-text", HTMLTextAreaElement).value = kept;
    if (focus && ["note-text", "tag-input"].includes(focus)) document.getElementById(focus)?.focus();
  }

  /** @param {Detail} d */
  #top(d) {
    const { contact: c } = d; const who = personName(c); const blocked = c.status === "blocked";
    const hide = (/** @type {() => void} */ run) => () => { need("contact-menu").hidePopover(); run(); };
    return h("div", { class: "contact-top" },
      h("span", { class: "avatar", "data-size": "xl", "data-cat": String(category(c.id)), "aria-hidden": "true" }, face(c)),
      h("div", null, h("h2", null, who), h("p", { class: "small muted" }, blocked ? h("span", { class: "badge", "data-tone": "bad", "data-dot": true }, "Blocked") : contactStatuses[c.status] ?? c.status, `, since ${when(c.created_at)}`)),
      h("div", { class: "row" },
        h("button", { class: "btn", "data-size": "sm", id: "edit-contact-open", onclick: () => this.#edit() }, "Edit"),
        h("button", { class: "btn", "data-size": "sm", "data-icon": true, id: "contact-menu-button", "aria-label": "More about this customer", "aria-haspopup": "menu", "aria-expanded": "false", "data-menu": "contact-menu", "data-align": "end" }, icon("more"))),
      h("div", { class: "menu", id: "contact-menu", popover: "auto", role: "menu", "aria-label": "Customer" },
        h("a", { class: "menu-item", role: "menuitem", id: "contact-page", href: `/contacts/${encodeURIComponent(c.id)}` }, icon("user"), "Everything about this customer"),
        (c.identities ?? []).length && !blocked ? h("button", { class: "menu-item", role: "menuitem", id: "begin-open", onclick: hide(() => this.#begin(d)) }, icon("chat"), "Start a conversation") : null,
        h("button", { class: "menu-item", role: "menuitem", id: "block", "data-danger": !blocked, onclick: hide(() => this.#block(blocked)) }, icon("ban"), blocked ? "Unblock" : "Block")));
  }

  /** @param {Detail} d */
  #facts(d) {
    const { contact: c } = d; /** @type {[string, Node|string][]} */ const rows = [];
    if (c.phone) rows.push(["Phone", h("a", { href: `tel:${c.phone}` }, phone(c.phone))]);
    if (c.email) rows.push(["E-mail", h("a", { href: `mailto:${c.email}` }, c.email)]);
    for (const a of this.#setup?.attributes ?? []) { const v = c.attributes?.[a.key]; if (v) rows.push([a.name, a.type === "bool" ? (v === "true" ? "Yes" : "No") : v]); }
    if (d.ticket.subject) rows.push(["Subject", d.ticket.subject]);
    if (c.seen_at) rows.push(["Last seen", h("time", { title: full(c.seen_at), datetime: c.seen_at }, when(c.seen_at))]);
    rows.push(["Writes by", [...new Set((c.identities ?? []).map((i) => channel(i.kind).word))].join(", ") || channel(d.ticket.channel).word]);
    /** @type {Record<string, string>} */ const dues = { resolved: "Closes", pending: "Closes without reply", inactivity: "Resolved if quiet", lease: "Back to the queue", abandon: "Given up" };
    for (const due of d.ticket.due ?? []) if (dues[due.kind]) rows.push([dues[due.kind], h("time", { title: full(due.at), datetime: due.at }, when(due.at))]);
    return h("section", { class: "contact-sec", "aria-label": "Facts" }, h("dl", { class: "facts" }, rows.flatMap(([k, v]) => [h("dt", null, k), h("dd", null, v)])));
  }

  /** @param {Detail} d */
  #marks(d) {
    const { ticket: t } = d; const may = t.mine || t.may.move || t.may.assign || t.may.resolve; const tags = t.tags ?? []; const labels = t.labels ?? [];
    const tint = (/** @type {HTMLElement} */ el, /** @type {string|undefined} */ colour) => { if (colour) el.style.setProperty("--cat", colour); return el; };
    const tagEls = tags.map((name) => tint(h("span", { class: "tag" }, name, may ? h("button", { type: "button", "data-tag": name, "aria-label": `Remove the tag ${name}`, onclick: () => this.#mark(tags.filter((x) => x !== name), labels.map((l) => l.id)) }, icon("close")) : null), this.#setup?.tags?.find((x) => x.name === name)?.colour));
    const all = this.#setup?.labels ?? labels;
    const labelEls = (may ? all : labels).map((l) => {
      const on = labels.some((x) => x.id === l.id);
      const el = may ? h("button", { type: "button", class: "btn label-btn", "data-size": "sm", "data-label": l.id, "aria-pressed": String(on), onclick: () => this.#mark(tags, on ? labels.filter((x) => x.id !== l.id).map((x) => x.id) : [...labels.map((x) => x.id), l.id]) }, h("span", { class: "swatch", "aria-hidden": "true" }), l.name) : h("span", { class: "ribbon", "data-label": l.id }, icon("ribbon"), l.name);
      return tint(el, l.colour);
    });
    const tagInput = h("input", { class: "input", id: "tag-input", list: "known-tags", maxlength: 40, placeholder: "Add a tag", "aria-label": "Add a tag", autocomplete: "off" });
    const form = h("form", { class: "joined", id: "tag-form", method: "dialog", onsubmit: (/** @type {Event} */ e) => {
      e.preventDefault(); const name = tagInput.value.trim();
      if (name && !tags.includes(name)) this.#mark([...tags, name], labels.map((l) => l.id)); else tagInput.value = "";
    } }, tagInput, h("button", { class: "btn", "data-icon": true, "aria-label": "Add the tag" }, icon("plus")));
    return h("section", { class: "contact-sec", "aria-labelledby": "marks-title" }, h("h3", { id: "marks-title" }, "Tags and labels"),
      tagEls.length ? h("div", { class: "row wrap" }, tagEls) : !may && !labelEls.length ? h("p", { class: "small muted" }, "None.") : null,
      may ? form : null, labelEls.length ? h("div", { class: "row wrap", role: "group", "aria-label": "Labels" }, labelEls) : null);
  }
  /** @param {string[]} tags @param {string[]} labels */
  async #mark(tags, labels) {
    const d = this.#d;
    if (!d) return;
    try { const { ticket } = await setMarks(d.ticket.id, tags, labels); this.#taken(ticket); } catch (err) { toastError("The marks are as before", err); }
  }

  /** @param {Detail} d */
  #notes(d) {
    const text = h("textarea", { class: "input", id: "note-text", rows: 2, maxlength: 4000, placeholder: "What colleagues should know of this customer", "aria-label": "Note on the customer", "data-quiet": true });
    const b = h("button", { class: "btn", "data-size": "sm" }, "Add note");
    const form = h("form", { class: "stack gap-1", id: "note-form", method: "dialog", onsubmit: async (/** @type {Event} */ e) => {
      e.preventDefault();
      if (!text.value.trim() || b.hasAttribute("aria-busy")) return;
      busy(b, true);
      try { await noteContact(d.contact.id, text.value.trim()); text.value = ""; announce("Note added."); this.#changed(); } catch (err) { toastError("The note was not added", err); } finally { busy(b, false); }
    } }, text, h("div", { class: "row" }, b));
    return h("section", { class: "contact-sec", "aria-labelledby": "notes-title" }, h("h3", { id: "notes-title" }, "Customer notes"),
      (d.notes ?? []).map((n) => h("div", { class: "customer-note" }, h("p", { class: "small soft", dir: "auto" }, n.text), h("p", { class: "small muted" }, `${n.name}, `, h("time", { title: full(n.at), datetime: n.at }, when(n.at))))), form);
  }

  /** @param {Detail} d */
  #past(d) {
    const past = d.previous ?? [];
    return h("section", { class: "contact-sec", "aria-labelledby": "past-title" }, h("h3", { id: "past-title" }, "History"),
      past.length ? past.map((t) => h("a", { class: "past", "data-ticket": t.id, href: `/desk/${t.id}`, onclick: (/** @type {MouseEvent} */ e) => { if (!(e.metaKey || e.ctrlKey || e.shiftKey)) { e.preventDefault(); this.#open(t.id); } } },
        icon(channel(t.channel).icon), h("span", { class: "truncate" }, `#${t.number} ${t.queue_name}`, h("span", { class: "muted" }, `, ${(t.disposition || statusLook(t.status).word).toLowerCase()}`)), h("time", { datetime: t.created_at, title: full(t.created_at) }, when(t.created_at)))) : h("p", { class: "small muted" }, d.ticket.may.claim && !d.ticket.may.assign ? "Earlier conversations show once you have accepted this one." : "This is the first conversation."));
  }

  /** @param {boolean} blocked */
  async #block(blocked) {
    const d = this.#d;
    if (!d) return;
    const who = personName(d.contact);
    if (!blocked && !(await confirm({ title: `Block ${who}?`, text: "Messages of this customer no longer reach anybody, and the open conversation closes. You can unblock at any time.", go: "Block" }))) return;
    try { await changeContact(d.contact.id, { status: blocked ? "active" : "blocked" }); announce(blocked ? `${who} is unblocked.` : `${who} is blocked.`); this.#changed(); } catch (err) { toastError(blocked ? "The customer is still blocked" : "The customer is not blocked", err); }
  }

  #edit() {
    const c = this.#d?.contact;
    if (!c) return;
    this.#problem("");
    for (const k of /** @type {const} */ (["name", "phone", "email"])) { input(`contact-${k}`).value = c[k]; fieldError(input(`contact-${k}`), ""); }
    fill(this.#attributes, (this.#setup?.attributes ?? []).map((a) => attributeField(a, c.attributes?.[a.key] ?? "")));
    show(dialog("edit-contact")); input("contact-name").focus();
  }
  /** @param {string} text */
  #problem(text) { need("edit-contact-problem").hidden = !text; fill(need("edit-contact-problem"), text ? [icon("alert"), h("span", null, text)] : []); }

  async #save() {
    const c = this.#d?.contact; const b = button("edit-contact-do");
    if (!c || b.hasAttribute("aria-busy")) return;
    /** @type {Record<string, any>} */ const change = {}; /** @type {Record<string, string>} */ const attributes = { ...c.attributes };
    for (const k of /** @type {const} */ (["name", "phone", "email"])) { const v = input(`contact-${k}`).value.trim(); if (v !== c[k]) change[k] = v; }
    for (const el of /** @type {NodeListOf<HTMLInputElement>} */ (this.#attributes.querySelectorAll("[data-key]"))) { const k = el.dataset.key ?? ""; if (el.value.trim()) attributes[k] = el.value.trim(); else delete attributes[k]; }
    if (JSON.stringify(Object.entries(attributes).sort()) !== JSON.stringify(Object.entries(c.attributes ?? {}).sort())) change.attributes = attributes;
    if (!Object.keys(change).length) { dialog("edit-contact").close(); return; }
    busy(b, true); this.#problem("");
    try {
      await changeContact(c.id, change);
      dialog("edit-contact").close(); announce("Saved."); this.#changed();
    } catch (err) { this.#refused(err); } finally { busy(b, false); }
  }
  /** Puts every reason where it belongs. @param {unknown} err */
  #refused(err) {
    const rest = [];
    for (const f of err instanceof Problem ? err.fields : []) {
      const key = f.name.replace(/^attributes[.[]?/, "").replace(/\]$/, ""); const el = document.getElementById(`contact-${f.name}`) ?? document.getElementById(`attr-${key}`);
      if (el) { fieldError(el, fieldSentence("This", f.problem)); el.focus(); } else rest.push(fieldSentence(f.name, f.problem));
    }
    this.#problem(rest.join(" ") || (err instanceof Problem && err.fields.length ? "" : sentence(err)));
  }
}

/** @param {Attribute} a @param {string} value */
function attributeField(a, value) {
  const id = `attr-${a.key}`; const label = h("label", { class: "label", for: id }, a.name);
  if (a.type === "choice" || a.type === "bool") {
    const options = a.type === "bool" ? [["true", "Yes"], ["false", "No"]] : (a.options ?? []).map((o) => [o, o]);
    const select = h("select", { class: "input", id, "data-key": a.key }, h("option", { value: "" }, "Not known"), options.map(([v, name]) => h("option", { value: v }, name)));
    select.value = value;
    return h("div", { class: "field" }, label, h("span", { class: "select" }, select, icon("chevron-down")));
  }
  return h("div", { class: "field" }, label, h("input", { class: "input", id, "data-key": a.key, type: a.type === "date" ? "date" : "text", inputmode: a.type === "number" ? "decimal" : null, maxlength: 200, value }));
}
