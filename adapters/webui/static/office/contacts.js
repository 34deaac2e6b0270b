// Contacts. Ids: #filters with #contacts-search #contacts-status #contacts-source #contacts-sort, all in the address; #contacts (rows
// [data-contact=ID]) #contacts-count #load-more; #contact-add #contact-dialog #contact-name #contact-phone #contact-email
// contact-attributes.KEY #contact-save #contact-problem.
import { api, newKey, Problem } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, dialog, fill, h, icon, input, need } from "../shell/dom.js";
import { number, phone } from "../shell/format.js";
import { live, me } from "../shell/frame.js";
import { show } from "../ui.js";
import { channel, personName } from "../desk/words.js";
import { attributeField, attributesIn } from "./attributes.js";
import { at, avatar, choose, failed, faults, follow, keep, row, select, settle, showZone, table, waitFor } from "./common.js";

/** @typedef {import("../desk/api.js").Contact} Contact */
/** @type {import("./common.js").Column[]} */
const columns = [{ name: "Name", as: "title" }, { name: "Phone" }, { name: "E-mail" }, { name: "Met by" }, { name: "Status", as: "end" }, { name: "Last message" }];
const page = 50;
/** @type {Contact[]} */ let contacts = []; let next = "", round = 0, key = "";
const words = { active: "Active", inactive: "Inactive", blocked: "Blocked" };
/** @type {import("../desk/api.js").Attribute[]|null} */ let attributes = null;
/** @type {Record<string, string>} */
const fields = { q: "contacts-search", status: "contacts-status", source: "contacts-source", sort: "contacts-sort" };
/** @param {string} id */
const value = (id) => /** @type {HTMLInputElement|HTMLSelectElement} */ (need(id)).value.trim();
const narrowed = () => Boolean(value("contacts-search") || value("contacts-status") || value("contacts-source"));

/** @param {Contact} c */
const contactRow = (c) => row(columns, [h("div", { class: "person" }, avatar(personName(c), undefined, "sm"), h("a", { href: `/contacts/${c.id}`, class: "row-link" }, personName(c))), c.phone && h("span", { class: "nowrap num" }, phone(c.phone)), c.email,
  h("span", { class: "row gap-2 nowrap" }, icon(c.source ? channel(c.source).icon : "pen"), c.source ? channel(c.source).word : "By hand"), h("span", { class: "badge", "data-tone": c.status === "blocked" ? "bad" : "idle", "data-quiet": c.status !== "blocked" }, words[c.status]), at(c.seen_at)], { "data-contact": c.id });

function draw() {
  const box = need("contacts"); box.removeAttribute("aria-busy");
  if (contacts.length) fill(box, table(columns, contacts.map(contactRow), "Contacts"));
  else fill(box, emptyState(narrowed() ? { icon: "search", title: "No contact like that", text: "Try another word or status." } : { icon: "users", title: "No contacts yet", text: "They appear as customers write; you can add some too." }));
  button("load-more").hidden = !next;
  fill(need("contacts-count"), contacts.length ? `${next ? "The first " : ""}${number(contacts.length)} ${contacts.length === 1 ? "contact" : "contacts"}` : "");
}

/** @param {number} [want] */
async function load(want = page) {
  const mine = ++round;
  keep(Object.fromEntries(Object.entries(fields).map(([k, id]) => [k, k === "sort" && value(id) === "seen" ? "" : value(id)])));
  try {
    /** @type {Contact[]} */ let got = []; let more = "";
    do {
      const q = new URLSearchParams({ limit: String(page) });
      for (const [k, id] of Object.entries(fields)) if (value(id)) q.set(k, value(id));
      if (more) q.set("after", more);
      const p = await api("GET", `/api/desk/contacts?${q}`);
      got = [...got, ...p.contacts]; more = p.next;
    } while (more && got.length < want && mine === round);
    if (mine !== round) return;
    contacts = got; next = more; draw();
  } catch (err) { if (mine === round) { fill(need("contacts-count")); failed("contacts", "The contacts did not load", err, () => load(want)); } }
}

/** @param {string} name */
const idOf = (name) => `contact-${name}`;

async function add() {
  key = newKey(); faults(need("contact-form"), "contact-problem", null, idOf);
  for (const id of ["contact-name", "contact-phone", "contact-email"]) input(id).value = "";
  fill(need("contact-attributes"), ...(attributes ?? []).map((a) => attributeField(a, "")));
  show(dialog("contact-dialog")); input("contact-name").focus();
  if (attributes) return;
  try { attributes = (await api("GET", "/api/desk/me")).setup.attributes ?? []; fill(need("contact-attributes"), ...(attributes ?? []).map((a) => attributeField(a, ""))); } catch { /* the rest can be added without */ }
}
async function save() {
  const b = button("contact-save"), form = need("contact-form");
  if (b.getAttribute("aria-busy")) return;
  busy(b, true); faults(form, "contact-problem", null, idOf);
  try {
    const { contact } = await api("POST", "/api/desk/contacts", { name: value("contact-name"), phone: value("contact-phone"), region: (await me).account.region, email: value("contact-email"), attributes: attributesIn(form) }, { key });
    location.assign(`/contacts/${contact.id}`);
  } catch (err) {
    if (err instanceof Problem && err.status) key = newKey();
    faults(form, "contact-problem", err, idOf); busy(b, false);
  }
}

const start = new URLSearchParams(location.search);
for (const [k, id] of Object.entries(fields)) { const v = start.get(k), el = need(id); if (v && el instanceof HTMLSelectElement) choose(el, v); else if (v) input(id).value = v; }
need("filters").addEventListener("submit", (e) => { e.preventDefault(); void load(); });
input("contacts-search").addEventListener("input", settle(() => load()));
for (const id of ["contacts-status", "contacts-source", "contacts-sort"]) select(id).addEventListener("change", () => load());
button("load-more").addEventListener("click", () => load(contacts.length + page));
button("contact-add").addEventListener("click", add);
need("contact-form").addEventListener("submit", (e) => { e.preventDefault(); void save(); });
addEventListener("pageshow", (e) => { if (e.persisted) { busy(button("contact-save"), false); dialog("contact-dialog").close(); void load(contacts.length); } });
waitFor("contacts");
await me; showZone(); await live.ready(); await load();
follow((k) => k === "desk.contact_changed", () => load(Math.max(page, contacts.length)), 2000);
