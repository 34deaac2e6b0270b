// One contact. Ids: #contact, in it #contact-edit-name #contact-edit-phone #contact-edit-email #contact-store #contact-block #note-text #note-add #merge-search #merge-results
import { api, sentence } from "../shell/api.js";
import { busy, fill, h, icon, need } from "../shell/dom.js";
import { when } from "../shell/format.js";
import { can, live, me, toast, toastError } from "../shell/frame.js";
import { channel, personName, statusLook } from "../desk/words.js";
import { at, failed, follow, row, table } from "./common.js";

/** @typedef {import("../desk/api.js").Contact} Contact */
/** @typedef {import("../desk/api.js").Ticket} Ticket */
/** @typedef {import("../desk/api.js").Note} Note */
const id = location.pathname.split("/").pop() ?? "";
const url = `/api/desk/contacts/${encodeURIComponent(id)}`;
const heads = ["Conversation", "Channel", "Status", "Agent", "Updated"];
let manages = false, region = "";
/** @type {{key: string, name: string, type: string, options?: string[]|null}[]} */ let attributes = [];

/** @param {HTMLElement} b @param {string} title @param {() => Promise<unknown>} fn */
async function act(b, title, fn) {
  busy(b, true);
  try { await fn(); await load(); } catch (err) { toastError(title, err); } finally { busy(b, false); }
}
/** @param {string} idOf @param {string} name @param {string} value @param {Record<string, any>} [more] */
const textField = (idOf, name, value, more = {}) => h("div", { class: "field" }, h("label", { class: "label", for: idOf }, name), h("input", { class: "input", id: idOf, value, autocomplete: "off", ...more }));

/** @param {Contact} c */
function profile(c) {
  const form = h("form", { class: "card-body", onsubmit: (/** @type {Event} */ e) => {
    e.preventDefault();
    const values = Object.fromEntries([...form.querySelectorAll("[data-key]")].map((x) => { const el = /** @type {HTMLInputElement} */ (x); return [el.dataset.key ?? "", el.value]; }));
    /** @param {string} x */ const v = (x) => /** @type {HTMLInputElement} */ (need(x)).value;
    void act(need("contact-store"), "Not saved", async () => {
      await api("PATCH", url, { name: v("contact-edit-name"), phone: v("contact-edit-phone"), region, email: v("contact-edit-email"), ...(attributes.length ? { attributes: values } : {}) });
      toast({ title: "Saved" });
    });
  } }, textField("contact-edit-name", "Name", c.name, { maxlength: 200 }), textField("contact-edit-phone", "Phone", c.phone, { type: "tel", maxlength: 40 }),
    textField("contact-edit-email", "E-mail", c.email, { type: "email", maxlength: 254 }),
    ...attributes.map((a) => textField(`attribute-${a.key}`, a.name, c.attributes?.[a.key] ?? "", { "data-key": a.key, maxlength: 500, type: a.type === "date" ? "date" : "text" })),
    h("div", { class: "row" }, h("button", { class: "btn", "data-variant": "primary", id: "contact-store" }, "Save"),
      h("button", { type: "button", class: "btn", id: "contact-block", onclick: (/** @type {any} */ e) => act(e.currentTarget, "Not changed", () => api("PATCH", url, { status: c.status === "blocked" ? "active" : "blocked" })) },
        icon("ban"), c.status === "blocked" ? "Unblock" : "Block")));
  return form;
}

/** @param {Contact} c @param {Contact[]} members */
function same(c, members) {
  const results = h("div", { id: "merge-results" });
  const search = h("input", { class: "input", id: "merge-search", type: "search", placeholder: "Name, number or e-mail", "aria-label": "Another contact of this person", autocomplete: "off", oninput: async () => {
    if (search.value.trim().length < 2) { fill(results); return; }
    try {
      const found = (await api("GET", `/api/desk/contacts?limit=6&q=${encodeURIComponent(search.value.trim())}`)).contacts.filter((/** @type {Contact} */ x) => x.id !== c.id);
      fill(results, ...found.map((/** @type {Contact} */ x) => h("button", { type: "button", class: "menu-item", onclick: (/** @type {any} */ e) => act(e.currentTarget, "Not merged", () => api("POST", `${url}/merge`, { other: x.id })) }, `${personName(x)} `, h("span", { class: "muted" }, x.phone || x.email))));
    } catch (err) { fill(results, h("p", { class: "error" }, sentence(err))); }
  } });
  return h("section", { class: "card" }, h("header", { class: "card-head" }, h("h2", null, "The same person")), h("div", { class: "card-body" },
    ...members.map((m) => h("p", { class: "row" }, h("span", { class: "grow" }, personName(m)), manages && h("button", { class: "btn", "data-size": "sm", onclick: (/** @type {any} */ e) => act(e.currentTarget, "Not separated", () => api("POST", `${url}/unmerge`, { other: m.id })) }, "Separate"))),
    manages ? h("div", null, search, results) : members.length ? null : h("p", { class: "muted" }, "No other contact.")));
}

async function load() {
  try {
    /** @type {{contact: Contact, members: Contact[], notes: Note[], tickets: Ticket[]}} */ const d = await api("GET", url);
    const box = need("contact"); box.removeAttribute("aria-busy");
    document.title = `${personName(d.contact)} · Tandem`;
    const note = h("textarea", { class: "input", id: "note-text", rows: 2, maxlength: 10000, "aria-label": "What colleagues should know" });
    fill(box, h("div", { class: "cols" },
      h("div", { "data-span": 4 }, h("section", { class: "card" }, h("header", { class: "card-head" }, h("h2", null, personName(d.contact))), profile(d.contact)), same(d.contact, d.members)),
      h("div", { "data-span": 8 },
        h("section", { class: "card" }, h("header", { class: "card-head" }, h("h2", null, "Notes")), h("div", { class: "card-body" }, note,
          h("button", { class: "btn", id: "note-add", onclick: (/** @type {any} */ e) => act(e.currentTarget, "Not added", () => api("POST", `${url}/notes`, { text: note.value })) }, "Add note"),
          ...d.notes.map((n) => h("div", { class: "note" }, h("div", { class: "note-head" }, h("strong", null, n.name), h("time", null, when(n.at))), n.text)))),
        h("section", { class: "card has-container" }, h("header", { class: "card-head" }, h("h2", null, "Conversations")),
          d.tickets.length ? table(heads, d.tickets.map((t) => row(heads, [h("a", { href: `/desk/${t.id}` }, `#${t.number}, ${t.queue_name}`), channel(t.channel).word, statusLook(t.status).word, t.assignee?.name ?? "–", at(t.updated_at)])), "Conversations, the most recent first")
            : h("p", { class: "card-body muted" }, "None that you may see.")))));
  } catch (err) { failed("contact", "The contact did not load", err, load); }
}

const who = await me; manages = can(who, "desk.manage"); region = who.account.region;
await live.ready();
try { attributes = (await api("GET", "/api/desk/me")).setup.attributes; } catch { /* shown without */ }
await load();
follow((k) => k === "desk.contact_changed", () => { if (!document.activeElement?.closest("#contact")) void load(); });
