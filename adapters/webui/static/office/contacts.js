// Contacts. Ids: #contacts-search #contacts-status #contacts-sort #contacts (rows [data-contact=ID]) #load-more #contact-add #contact-name #contact-phone #contact-email #contact-save
import { api } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, dialog, fill, h, input, need } from "../shell/dom.js";
import { phone } from "../shell/format.js";
import { live, me } from "../shell/frame.js";
import { show } from "../ui.js";
import { channel } from "../desk/words.js";
import { at, failed, follow, problem, row, select, showZone, table } from "./common.js";

/** @typedef {import("../desk/api.js").Contact} Contact */
const heads = ["Name", "Phone", "E-mail", "Met by", "Status", "Last message"];
/** @type {Contact[]} */ let contacts = []; let next = "", round = 0;
const words = { active: "Active", inactive: "Inactive", blocked: "Blocked" };

/** @param {Contact} c */
const contactRow = (c) => row(heads, [h("a", { href: `/contacts/${c.id}`, class: "strong" }, c.name || "Visitor"), c.phone ? phone(c.phone) : "–", c.email || "–",
  c.source ? channel(c.source).word : "By hand", h("span", { class: "badge", "data-tone": c.status === "blocked" ? "bad" : "idle", "data-quiet": c.status !== "blocked" }, words[c.status]), at(c.seen_at)], { "data-contact": c.id });

/** @param {number} [rows] */
async function load(rows = 50) {
  const mine = ++round;
  try {
    /** @type {Contact[]} */ let got = []; let more = "";
    do {
      const q = new URLSearchParams({ limit: "50", sort: select("contacts-sort").value });
      if (input("contacts-search").value.trim()) q.set("q", input("contacts-search").value.trim());
      if (select("contacts-status").value) q.set("status", select("contacts-status").value);
      if (more) q.set("after", more);
      const page = await api("GET", `/api/desk/contacts?${q}`);
      got = [...got, ...page.contacts]; more = page.next;
    } while (more && got.length < rows);
    if (mine !== round) return;
    contacts = got; next = more;
    const box = need("contacts"); box.removeAttribute("aria-busy");
    if (contacts.length) fill(box, table(heads, contacts.map(contactRow), "Contacts"));
    else fill(box, emptyState({ icon: "users", title: "No contact like that", text: "Contacts appear as customers write; you can add one too." }));
    button("load-more").hidden = !next;
  } catch (err) { if (mine === round) failed("contacts", "The contacts did not load", err, () => load()); }
}

async function save() {
  const b = button("contact-save"); busy(b, true); problem("contact-problem");
  try {
    const who = await me;
    const { contact } = await api("POST", "/api/desk/contacts", { name: input("contact-name").value, phone: input("contact-phone").value, region: who.account.region, email: input("contact-email").value });
    location.assign(`/contacts/${contact.id}`);
  } catch (err) { problem("contact-problem", err); } finally { busy(b, false); }
}

let timer = 0;
need("filters").addEventListener("submit", (e) => { e.preventDefault(); void load(); });
input("contacts-search").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, 200); });
for (const id of ["contacts-status", "contacts-sort"]) select(id).addEventListener("change", () => load());
button("load-more").addEventListener("click", () => load(contacts.length + 50));
button("contact-add").addEventListener("click", () => { for (const id of ["contact-name", "contact-phone", "contact-email"]) input(id).value = ""; problem("contact-problem"); show(dialog("contact-dialog")); });
need("contact-form").addEventListener("submit", (e) => { e.preventDefault(); void save(); });
await me; showZone(); await live.ready(); await load();
follow((k) => k === "desk.contact_changed", () => load(Math.max(50, contacts.length)));
