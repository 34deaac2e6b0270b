// One contact. Ids: #contact with #contact-edit #contact-start #contact-block #contact-merge #note-text #note-add #contact-timeline
// (li[data-ticket=ID]), members [data-member=ID] with [data-act=separate]; #contact-merged; the dialog #contact-dialog with #contact-name
// #contact-phone #contact-email #contact-status contact-attributes.KEY #contact-save #contact-problem; the dialogs of merge.js.
import { api } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, dialog, fill, h, icon, input, need } from "../shell/dom.js";
import { full, phone } from "../shell/format.js";
import { can, live, me, toast, toastError } from "../shell/frame.js";
import { show } from "../ui.js";
import { channel, personName, statusLook } from "../desk/words.js";
import { attributeField, attributesIn, attributeWord } from "./attributes.js";
import { at, avatar, dot, failed, faults, follow, select, waitFor } from "./common.js";
import { beginning, linesOf, merging } from "./merge.js";

/** @typedef {import("../desk/api.js").Contact} Contact */
/** @typedef {import("../desk/api.js").Ticket} Ticket */
/** @typedef {import("../desk/api.js").Note} Note */
/** @typedef {{contact: Contact & {merged_into?: string}, members: Contact[]|null, notes: Note[]|null, tickets: Ticket[]|null}} Detail */

const id = location.pathname.split("/").pop() ?? "", url = `/api/desk/contacts/${id}`;
const words = { active: "Active", inactive: "Inactive", blocked: "Blocked" };
let manages = false, region = "";
/** @type {import("../desk/api.js").Arrangement} */ let setup = { tags: [], labels: [], queues: [], attributes: [], lines: [] };
/** @type {Detail|null} */ let detail = null;

/** @param {HTMLElement} b @param {string} title what to say when it fails @param {() => Promise<unknown>} fn */
async function act(b, title, fn) {
  if (b.getAttribute("aria-busy")) return;
  busy(b, true);
  try { await fn(); await load(); } catch (err) { toastError(title, err); } finally { busy(b, false); }
}

/** @param {Detail} d */
function head(d) {
  const c = d.contact, blocked = c.status === "blocked", writable = linesOf(c, d.members ?? [], setup).length > 0 && !blocked;
  const tags = [...new Set((d.tickets ?? []).flatMap((t) => t.tags ?? []))];
  const colours = new Map((setup.tags ?? []).map((t) => [t.name, t.colour]));
  return h("section", { class: "card" }, h("div", { class: "card-body contact-id" }, avatar(personName(c), undefined, "xl"),
    h("div", { class: "grow" }, h("div", { class: "row gap-2" }, h("h2", null, personName(c)), h("span", { class: "badge", "data-tone": blocked ? "bad" : c.status === "active" ? "ok" : "idle", "data-dot": true }, words[c.status])),
      h("p", { class: "small muted" }, c.source ? `Met by ${channel(c.source).word}` : "Added by hand", ", ", at(c.created_at), c.seen_at ? [", last message ", at(c.seen_at)] : null),
      tags.length ? h("div", { class: "tags", "aria-label": "Tags" }, ...tags.map((t) => h("span", { class: "tag" }, colours.has(t) && dot(colours.get(t) ?? ""), t))) : null),
    h("div", { class: "row wrap gap-2" },
      h("button", { type: "button", class: "btn", "data-variant": "primary", id: "contact-start", disabled: !writable, title: writable ? null : blocked ? "The contact is blocked" : "There is no channel on which this contact can be written to", onclick: () => begin(c, d.members ?? [], setup) }, icon("chat"), "Start conversation"),
      h("button", { type: "button", class: "btn", id: "contact-edit", onclick: edit }, icon("pen"), "Change"),
      manages && h("button", { type: "button", class: "btn", id: "contact-merge", disabled: Boolean(c.merged_into), onclick: () => merge(c) }, icon("users"), "Merge"),
      h("button", { type: "button", class: "btn", "data-variant": blocked ? null : "quiet-danger", id: "contact-block", onclick: (/** @type {any} */ e) => act(e.currentTarget, "Nothing was changed", async () => {
        await api("PATCH", url, { status: blocked ? "active" : "blocked" });
        toast({ title: blocked ? "Unblocked" : "Blocked", text: blocked ? undefined : "Messages of this contact open nothing any more." });
      }) }, icon("ban"), blocked ? "Unblock" : "Block"))));
}

/** @param {Detail} d */
function facts(d) {
  const c = d.contact, list = setup.attributes ?? [];
  const line = (/** @type {string} */ x) => (setup.lines ?? []).find((l) => l.id === x)?.name;
  const ways = [c, ...(d.members ?? [])].flatMap((x) => x.identities ?? []);
  const fact = (/** @type {string} */ name, /** @type {any} */ v) => [h("dt", null, name), h("dd", null, v || h("span", { class: "muted" }, "–"))];
  return h("section", { class: "card" }, h("header", { class: "card-head" }, h("h3", null, "Details")), h("div", { class: "card-body office-stack" },
    h("dl", { class: "facts" }, fact("Phone", phone(c.phone)), fact("E-mail", c.email), ...list.map((a) => fact(a.name, c.attributes?.[a.key] && attributeWord(a, c.attributes[a.key])))),
    h("div", null, h("h4", { class: "label" }, "Channels"), ways.length ? h("ul", { class: "ways" }, ...ways.map((i) => h("li", null, icon(channel(i.kind).icon), h("span", { class: "grow truncate" }, line(i.line) ?? channel(i.kind).word), h("span", { class: "muted truncate" }, i.kind === "webchat" ? "A browser" : i.value))))
      : h("p", { class: "small muted" }, "None yet: the contact has not written."))));
}

/** @param {Detail} d */
function same(d) {
  const members = d.members ?? [];
  if (!members.length) return null;
  return h("section", { class: "card" }, h("header", { class: "card-head" }, h("h3", null, "The same person")), h("div", { class: "card-body office-stack" },
    ...members.map((m) => h("div", { class: "person", "data-member": m.id }, avatar(personName(m), undefined, "sm"), h("div", { class: "grow" }, personName(m), h("div", { class: "small muted" }, [phone(m.phone), m.email].filter(Boolean).join(", "))),
      manages && h("button", { type: "button", class: "btn", "data-size": "sm", "data-act": "separate", "aria-label": `Separate ${personName(m)}`, onclick: (/** @type {any} */ e) => act(e.currentTarget, "Not separated", () => separate(d.contact.id, m.id)) }, "Separate")))));
}
/** @param {string} primary @param {string} other */
const separate = (primary, other) => api("POST", `/api/desk/contacts/${encodeURIComponent(primary)}/unmerge`, { other });

/** @param {Detail} d @param {string} draft */
function notes(d, draft) {
  const text = h("textarea", { class: "input", id: "note-text", rows: 2, maxlength: 10000, placeholder: "What colleagues should know", "aria-label": "New note" });
  text.value = draft;
  const list = d.notes ?? [];
  return h("section", { class: "card" }, h("header", { class: "card-head" }, h("h3", null, "Notes"), h("span", { class: "small muted" }, "seen by colleagues alone")), h("div", { class: "card-body office-stack" },
    h("form", { class: "office-stack", onsubmit: (/** @type {Event} */ e) => {
      e.preventDefault();
      if (text.value.trim()) void act(need("note-add"), "The note was not added", async () => { await api("POST", `${url}/notes`, { text: text.value.trim() }); text.value = ""; });
    } }, text, h("div", { class: "row" }, h("button", { class: "btn", id: "note-add" }, icon("note"), "Add note"))),
    list.length ? h("div", { class: "notes" }, ...list.map((n) => h("div", { class: "note" }, h("div", { class: "note-head" }, h("strong", null, n.name), at(n.at)), h("p", null, n.text)))) : null));
}

/** @param {Detail} d */
function timeline(d) {
  const list = d.tickets ?? [];
  return h("section", { class: "card", "aria-labelledby": "timeline-title" }, h("header", { class: "card-head" }, h("h3", { id: "timeline-title" }, "Conversations"), h("span", { class: "small muted" }, list.length ? `${list.length}${list.length === 50 ? " latest" : ""}` : "")),
    list.length ? h("ul", { class: "timeline", id: "contact-timeline" }, ...list.map((t) => {
      const s = statusLook(t.status);
      return h("li", { "data-ticket": t.id }, icon(channel(t.channel).icon), h("span", { class: "row gap-2" }, h("a", { class: "row-link", href: `/desk/${t.id}` }, t.subject || t.last?.text || `Conversation ${t.number}`), h("span", { class: "badge", "data-tone": s.tone, "data-dot": true }, s.word), ...(t.labels ?? []).map((l) => h("span", { class: "tag" }, dot(l.colour), l.name))), at(t.updated_at),
        h("span", { class: "small muted" }, [`#${t.number}`, channel(t.channel).word, t.queue_name, t.assignee?.name ?? "nobody has it", t.disposition].filter(Boolean).join(", "), h("span", { class: "sr-only" }, `, begun ${full(t.created_at)}`)));
    })) : emptyState({ icon: "chat", title: "No conversation that you may see", text: "They appear here as the contact writes." }));
}

function draw() {
  const d = detail, box = need("contact");
  if (!d) return;
  const draft = /** @type {HTMLTextAreaElement|null} */ (document.getElementById("note-text"))?.value ?? "", focused = document.activeElement?.id;
  box.removeAttribute("aria-busy");
  document.title = `${personName(d.contact)} · Tandem`; fill(need("contact-crumb"), personName(d.contact));
  const banner = need("contact-merged"), into = d.contact.merged_into;
  banner.hidden = !into;
  if (into) fill(banner, icon("users"), h("span", { class: "grow" }, "This contact is shown as part of ", h("a", { href: `/contacts/${into}` }, "another one, which is the same person"), "."),
    manages && h("button", { type: "button", class: "btn", "data-size": "sm", id: "contact-separate", onclick: (/** @type {any} */ e) => act(e.currentTarget, "Not separated", () => separate(into, id)) }, "Separate"));
  fill(box, h("div", { class: "office-stack" }, head(d), h("div", { class: "cols" }, h("div", { "data-span": 4 }, ...[facts(d), same(d)].filter((x) => x !== null)), h("div", { "data-span": 8 }, timeline(d), notes(d, draft)))));
  if (focused && box.querySelector(`#${CSS.escape(focused)}`)) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function load() {
  try { detail = await api("GET", url); draw(); } catch (err) { if (detail) toastError("The contact did not load anew", err); else failed("contact", "The contact did not load", err, load); }
}

/** @param {string} name */
const idOf = (name) => `contact-${name}`;
function edit() {
  const c = detail?.contact;
  if (!c) return;
  faults(need("contact-form"), "contact-problem", null, idOf);
  input("contact-name").value = c.name; input("contact-phone").value = c.phone ?? ""; input("contact-email").value = c.email ?? ""; select("contact-status").value = c.status;
  fill(need("contact-attributes"), ...(setup.attributes ?? []).map((a) => attributeField(a, c.attributes?.[a.key] ?? "")));
  show(dialog("contact-dialog")); input("contact-name").focus();
}
async function save() {
  const b = button("contact-save"), form = need("contact-form"), c = detail?.contact;
  if (!c || b.getAttribute("aria-busy")) return;
  faults(form, "contact-problem", null, idOf);
  // Only what was changed here is sent, so that what a colleague changes meanwhile stays.
  /** @type {Record<string, any>} */ const change = {};
  for (const k of /** @type {("name"|"phone"|"email"|"status")[]} */ (["name", "phone", "email", "status"])) { const v = /** @type {HTMLInputElement} */ (need(idOf(k))).value.trim(); if (v !== (c[k] ?? "")) change[k] = v; }
  const attributes = attributesIn(form, c.attributes ?? {});
  if (Object.keys(attributes).length) change.attributes = attributes;
  if (change.phone) change.region = region;
  if (!Object.keys(change).length) { dialog("contact-dialog").close(); return; }
  busy(b, true);
  try { await api("PATCH", url, change); dialog("contact-dialog").close(); toast({ title: "Saved" }); await load(); } catch (err) { faults(form, "contact-problem", err, idOf); } finally { busy(b, false); }
}

need("contact-form").addEventListener("submit", (e) => { e.preventDefault(); void save(); });
const begin = beginning();
const merge = merging((primary, other) => {
  if (primary !== id) { location.assign(`/contacts/${primary}`); return; }
  toast({ title: "Merged", text: "Both are shown as one now.", action: { name: "Undo", run: () => void separate(primary, other).then(load, (err) => toastError("Not separated", err)) } });
  void load();
});
waitFor("contact", 4);
const who = await me; manages = can(who, "desk.manage"); region = who.account.region;
await live.ready();
try { setup = (await api("GET", "/api/desk/me")).setup; } catch { /* shown without names of lines and attributes */ }
await load();
follow((k) => k === "desk.contact_changed" || k.startsWith("desk.ticket_"), load, 2000);
