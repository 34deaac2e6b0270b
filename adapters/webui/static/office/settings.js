// Settings of the desk. Ids: #settings with sections #section-WHAT, in them [data-act=add] and rows [data-item=ID] with [data-act=edit];
// #item #item-fields (fields item-KEY) #item-save #item-delete #item-problem; timers: #policy-QUEUE
import { api } from "../shell/api.js";
import { busy, button, dialog, fill, h, icon, need } from "../shell/dom.js";
import { can, live, me, toast } from "../shell/frame.js";
import { show } from "../ui.js";
import { failed, follow, problem, row, table } from "./common.js";

/** @typedef {{key: string, name: string, type: "text"|"area"|"number"|"colour"|"select"|"check"|"list"|"needs"|"minutes", options?: () => [string, string][], hint?: string, fresh?: boolean}} Field */
/** @typedef {{what: string, title: string, one: string, about: string, id: (x: any) => string, name: (x: any) => string, heads: string[], cells: (x: any) => any[], fields: Field[], blank: Record<string, any>}} Section */

/** @type {any} */ let setup = null;
const queues = () => /** @type {[string, string][]} */ (setup.queues.map((/** @type {any} */ q) => [q.id, q.name]));
/** @param {string} id */ const queueName = (id) => setup.queues.find((/** @type {any} */ q) => q.id === id)?.name ?? "–";
/** @param {string} c */
function colour(c) {
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "svg"), circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  dot.setAttribute("viewBox", "0 0 16 16"); dot.setAttribute("class", "icon"); dot.setAttribute("aria-hidden", "true");
  circle.setAttribute("cx", "8"); circle.setAttribute("cy", "8"); circle.setAttribute("r", "6"); circle.setAttribute("fill", c);
  dot.append(circle);
  return h("span", { class: "row" }, dot, c);
}
const modes = { round_robin: "Assigned at once", push: "Offered, to accept", pick_me: "Agents take them" };
const types = { general: "Any agent of the queue", skilled: "By channel and skills", outbound: "Begun by agents" };

/** @type {Section[]} */
const sections = [
  { what: "queues", title: "Queues", one: "queue", about: "Where conversations wait, and how they come to agents.", id: (q) => q.id, name: (q) => q.name, heads: ["Queue", "Served", "Conversations are", "Needs", ""],
    cells: (q) => [q.name, types[/** @type {keyof typeof types} */ (q.type)], modes[/** @type {keyof typeof modes} */ (q.mode)], (q.needs ?? []).map((/** @type {any} */ n) => `${setup.skills.find((/** @type {any} */ k) => k.id === n.skill)?.name ?? "?"} ${n.min}`).join(", ") || "–"],
    blank: { name: "", type: "general", mode: "round_robin", order: "", lost: "requeue", dispositions: [], needs: [], max_wait: 0, backup: "", last_agent: 0, offer_timeout: 20 },
    fields: [{ key: "name", name: "Name", type: "text" }, { key: "type", name: "Served by", type: "select", options: () => Object.entries(types) }, { key: "mode", name: "Conversations are", type: "select", options: () => Object.entries(modes) },
      { key: "order", name: "Among equal agents", type: "select", options: () => [["", "Best skilled, then least loaded"], ["longest_idle", "Longest without work"], ["least_loaded", "Least loaded"], ["round_robin", "In turn"]] },
      { key: "needs", name: "Skills needed, when served by skills", type: "needs" }, { key: "last_agent", name: "Wait for the customer's last agent, seconds", type: "number" }, { key: "offer_timeout", name: "Time to accept an offer, seconds", type: "number" },
      { key: "max_wait", name: "Longest wait before the backup queue, seconds", type: "number", hint: "0 for none" }, { key: "backup", name: "Backup queue", type: "select", options: () => [["", "None"], ...queues()] },
      { key: "lost", name: "When an agent disappears", type: "select", options: () => [["requeue", "Conversations go back to the queue"], ["keep", "Conversations wait for the agent"]] },
      { key: "dispositions", name: "Outcomes to choose from at resolving, one a line", type: "list" }] },
  { what: "lines", title: "Chat lines", one: "line", about: "A chat that a site carries with one script tag.", id: (l) => l.id, name: (l) => l.name, heads: ["Line", "Queue", "Script tag", ""],
    cells: (l) => [l.name, queueName(l.queue), h("code", { class: "small" }, `<script type="module" src="${location.origin}/widget.js" data-key="${l.key}"></script>`)],
    blank: { kind: "webchat", name: "", queue: "", origins: [], greeting: "", colour: "", off: false },
    fields: [{ key: "name", name: "Name, as customers see it", type: "text" }, { key: "queue", name: "Queue", type: "select", options: queues }, { key: "greeting", name: "Greeting", type: "area" },
      { key: "origins", name: "Sites that may carry it, one a line", type: "list", hint: "Such as https://shop.example; none for any" }, { key: "colour", name: "Colour (#rrggbb, or empty)", type: "text" }, { key: "off", name: "Switched off", type: "check" }] },
  { what: "skills", title: "Skills", one: "skill", about: "What agents know; levels from 1 to 5 are set on the Agents page.", id: (k) => k.id, name: (k) => k.name, heads: ["Skill", "Description", ""], cells: (k) => [k.name, k.description || "–"], blank: { name: "", description: "" },
    fields: [{ key: "name", name: "Name", type: "text" }, { key: "description", name: "Description", type: "area" }] },
  { what: "codes", title: "Aux codes", one: "aux code", about: "Why an agent takes no work.", id: (k) => k.id, name: (k) => k.name, heads: ["Code", "Status", "Paid", "Colour", ""], cells: (k) => [k.name, k.status === "busy" ? "Busy" : "Away", k.paid ? "Paid" : "Unpaid", colour(k.colour)], blank: { name: "", status: "away", paid: true, colour: "#2563eb" },
    fields: [{ key: "name", name: "Name", type: "text" }, { key: "status", name: "Status", type: "select", options: () => [["away", "Away"], ["busy", "Busy"]] }, { key: "paid", name: "Paid", type: "check" }, { key: "colour", name: "Colour", type: "colour" }] },
  { what: "tags", title: "Tags", one: "tag", about: "What conversations are about, for search and reports.", id: (k) => k.name, name: (k) => k.name, heads: ["Tag", "Category", "Colour", ""], cells: (k) => [k.name, k.category || "–", colour(k.colour)], blank: { name: "", category: "", colour: "#2563eb" },
    fields: [{ key: "name", name: "Name", type: "text", fresh: true }, { key: "category", name: "Category", type: "select", options: () => [["", "None"], ["issue", "Issue"], ["resolution", "Resolution"], ["customer", "Customer"]] }, { key: "colour", name: "Colour", type: "colour" }] },
  { what: "labels", title: "Labels", one: "label", about: "Marks on the rows of lists.", id: (k) => k.id, name: (k) => k.name, heads: ["Label", "Colour", ""], cells: (k) => [k.name, colour(k.colour)], blank: { name: "", colour: "#c2410c" },
    fields: [{ key: "name", name: "Name", type: "text" }, { key: "colour", name: "Colour", type: "colour" }] },
  { what: "attributes", title: "Attributes of contacts", one: "attribute", about: "What you keep about customers.", id: (k) => k.key, name: (k) => k.name, heads: ["Attribute", "Key", "Type", ""], cells: (k) => [k.name, k.key, k.type], blank: { key: "", name: "", type: "text", options: [] },
    fields: [{ key: "key", name: "Key, of a-z, 0-9 and _", type: "text", fresh: true }, { key: "name", name: "Name", type: "text" }, { key: "type", name: "Type", type: "select", options: () => [["text", "Text"], ["number", "Number"], ["date", "Date"], ["choice", "Choice"], ["bool", "Yes or no"]] }, { key: "options", name: "Options of a choice, one a line", type: "list" }] },
];

const timers = [["resolved_hold", "A resolved conversation can be reopened for"], ["pending_hold", "A pending one waits for the customer for"], ["inactivity_after", "An answered one is resolved after"], ["lease_after", "Back to the queue if the agent does not answer within"], ["abandon_after", "Given up if nobody answers within"]];
const switches = [["new_visible", "Agents see what waits in the queue, and take it"], ["reply_claims", "Replying takes a waiting conversation"], ["hold_through", "On hold stays so when the customer writes"], ["gratitude_closes", "Thanks resolve an answered conversation"]];
const presets = {
  ticket: { resolved_hold: 3600, pending_hold: 3600, inactivity_after: -1, lease_after: -1, abandon_after: -1, reopen: "same", reopen_to: "keep", new_visible: false, reply_claims: false, hold_through: false, gratitude_closes: false, capacity_statuses: ["open"] },
  conversation: { resolved_hold: -1, pending_hold: -1, inactivity_after: 86400, lease_after: -1, abandon_after: -1, reopen: "linked", reopen_to: "requeue", new_visible: true, reply_claims: true, hold_through: false, gratitude_closes: false, capacity_statuses: ["open"] },
};

/** @type {Section|null} */ let section = null;
/** @type {any} */ let item = null;

/** @param {Section} s @param {any} x */
function open(s, x) {
  section = s; item = x; problem("item-problem");
  fill(need("item-title"), x ? s.name(x) : `New ${s.one}`);
  button("item-delete").hidden = !x;
  fill(need("item-fields"), ...s.fields.map((f) => control(f, x ? x[f.key] : s.blank[f.key], Boolean(x))));
  show(dialog("item"));
}

/** @param {Field} f @param {any} v @param {boolean} old */
function control(f, v, old) {
  const id = `item-${f.key}`;
  if (f.type === "check") return h("label", { class: "row choice" }, h("input", { type: "checkbox", class: "check", id, checked: Boolean(v) }), f.name);
  if (f.type === "needs") return h("fieldset", { class: "field" }, h("legend", { class: "label" }, f.name), setup.skills.length ? null : h("p", { class: "hint" }, "There are no skills yet."),
    ...setup.skills.map((/** @type {any} */ k) => { const now = (v ?? []).find((/** @type {any} */ n) => n.skill === k.id)?.min ?? 0; return h("label", { class: "row choice" }, h("span", { class: "grow" }, k.name), h("select", { class: "input", "data-need-skill": k.id }, ...["Not", "1, Beginner", "2, Basic", "3, Intermediate", "4, Advanced", "5, Expert"].map((w, n) => h("option", { value: n, selected: n === now }, w)))); }));
  /** @type {HTMLElement} */ let el;
  if (f.type === "select") el = h("span", { class: "select" }, h("select", { class: "input", id }, ...(f.options?.() ?? []).map(([value, name]) => h("option", { value, selected: value === (v ?? "") }, name))), icon("chevron-down"));
  else if (f.type === "area" || f.type === "list") { const t = h("textarea", { class: "input", id, rows: 3 }); t.value = Array.isArray(v) ? v.join("\n") : v ?? ""; el = t; }
  else el = h("input", { class: "input", id, value: v ?? (f.type === "number" ? 0 : ""), type: f.type === "colour" ? "color" : f.type === "number" ? "number" : "text", min: f.type === "number" ? 0 : null, readonly: f.fresh && old, autocomplete: "off" });
  return h("div", { class: "field" }, h("label", { class: "label", for: id }, f.name), el, f.hint && h("p", { class: "hint" }, f.hint));
}

/** @param {Field} f */
function valueOf(f) {
  if (f.type === "needs") return [...document.querySelectorAll("[data-need-skill]")].map((x) => /** @type {HTMLSelectElement} */ (x)).filter((x) => x.value !== "0").map((x) => ({ skill: x.dataset.needSkill, min: Number(x.value) }));
  const el = /** @type {HTMLInputElement} */ (need(`item-${f.key}`));
  if (f.type === "check") return el.checked;
  if (f.type === "number") return Number(el.value);
  if (f.type === "list") return el.value.split("\n").map((x) => x.trim()).filter(Boolean);
  return el.value;
}

async function save() {
  if (!section) return;
  const s = section, b = button("item-save"); busy(b, true); problem("item-problem");
  try {
    /** @type {Record<string, any>} */
    const body = { ...s.blank, ...Object.fromEntries(s.fields.map((f) => [f.key, valueOf(f)])), ...(s.what === "tags" || s.what === "attributes" ? {} : { id: "" }) };
    if (s.what === "queues" && item) for (const k of ["channels", "relax", "max_waiting"]) if (item[k] !== undefined) body[k] = item[k];
    ({ setup } = await api("PUT", `/api/desk/setup/${s.what}/${item ? encodeURIComponent(s.id(item)) : "new"}`, body));
    dialog("item").close(); toast({ title: "Saved" }); draw();
  } catch (err) { problem("item-problem", err); } finally { busy(b, false); }
}

async function remove() {
  if (!section || !item) return;
  const b = button("item-delete"); busy(b, true);
  try {
    ({ setup } = await api("DELETE", `/api/desk/setup/${section.what}/${encodeURIComponent(section.id(item))}`));
    dialog("item").close(); toast({ title: `Deleted: ${section.name(item)}` }); draw();
  } catch (err) { problem("item-problem", err); } finally { busy(b, false); }
}

/** The times of a queue, or of all that have none of their own. @param {any} q */
function policyForm(q) {
  const own = q ? q.policy : setup.policy, p = { ...(own ?? setup.policy) };
  const key = q?.id ?? "all";
  const times = timers.map(([k, name]) => h("div", { class: "field" }, h("label", { class: "label", for: `${key}-${k}` }, `${name}, minutes`), h("input", { class: "input", id: `${key}-${k}`, type: "number", min: 0, step: "any", value: p[k] === -1 ? "" : p[k] / 60, placeholder: "Off" })));
  const flags = switches.map(([k, name]) => h("label", { class: "row choice" }, h("input", { class: "check", type: "checkbox", id: `${key}-${k}`, checked: p[k] }), name));
  const reopen = h("select", { class: "input", id: `${key}-reopen` }, h("option", { value: "same", selected: p.reopen === "same" }, "The same conversation, within its time"), h("option", { value: "linked", selected: p.reopen === "linked" }, "A new one, linked to it"));
  const saved = h("button", { class: "btn", "data-variant": "primary" }, "Save");
  const err = h("p", { class: "error", role: "alert" });
  /** @param {any} policy */
  const put = async (policy) => {
    busy(saved, true); fill(err);
    try { ({ setup } = await api("PUT", q ? `/api/desk/setup/queues/${encodeURIComponent(q.id)}/policy` : "/api/desk/setup/policy", { policy })); toast({ title: "Saved" }); draw(); } catch (e) { fill(err, e instanceof Error ? e.message : String(e)); } finally { busy(saved, false); }
  };
  const form = h("form", { id: `policy-${key}`, class: "card-body", onsubmit: (/** @type {Event} */ e) => {
    e.preventDefault();
    /** @param {string} k */ const el = (k) => /** @type {HTMLInputElement} */ (need(`${key}-${k}`));
    void put({ ...p, ...Object.fromEntries(timers.map(([k]) => [k, el(k).value === "" ? -1 : Number(el(k).value) * 60])), ...Object.fromEntries(switches.map(([k]) => [k, el(k).checked])), reopen: el("reopen").value, reopen_to: el("reopen").value === "same" ? "keep" : "requeue" });
  } }, ...times, h("div", { class: "field" }, h("label", { class: "label", for: `${key}-reopen` }, "A message after resolving opens"), h("span", { class: "select" }, reopen, icon("chevron-down"))), ...flags, err,
  h("div", { class: "row wrap" }, saved, h("button", { type: "button", class: "btn", onclick: () => put(presets.ticket) }, "As tickets"), h("button", { type: "button", class: "btn", onclick: () => put(presets.conversation) }, "As conversations"),
    q && own ? h("button", { type: "button", class: "btn", onclick: () => put(undefined) }, "Like all queues") : null));
  return h("details", { "data-policy": key }, h("summary", null, icon("chevron-right"), q ? `${q.name}${own ? "" : ", like all queues"}` : "All queues"), form);
}

function draw() {
  const box = need("settings"); box.removeAttribute("aria-busy");
  const opened = new Set([...document.querySelectorAll("details[data-policy][open]")].map((d) => /** @type {HTMLElement} */ (d).dataset.policy));
  fill(box, ...sections.map((s) => h("section", { class: "card has-container", id: `section-${s.what}`, "aria-labelledby": `title-${s.what}` },
    h("header", { class: "card-head" }, h("div", { class: "grow" }, h("h2", { id: `title-${s.what}` }, s.title), h("p", { class: "small muted" }, s.about)), h("button", { class: "btn", "data-size": "sm", "data-act": "add", onclick: () => open(s, null) }, icon("plus"), "Add")),
    setup[s.what].length ? table(s.heads, setup[s.what].map((/** @type {any} */ x) => row(s.heads, [...s.cells(x), h("button", { class: "btn", "data-size": "sm", "data-act": "edit", "aria-label": `Change ${s.name(x)}`, onclick: () => open(s, x) }, "Change")], { "data-item": s.id(x) })), s.title)
      : h("p", { class: "card-body muted" }, `There is no ${s.one} yet.`))),
  h("section", { class: "card", id: "section-timers" }, h("header", { class: "card-head" }, h("div", null, h("h2", null, "Timers"), h("p", { class: "small muted" }, "When conversations move by themselves. An empty time is off."))), h("div", { class: "card-body" }, policyForm(null), ...setup.queues.map(policyForm))));
  for (const d of document.querySelectorAll("details[data-policy]")) if (opened.has(/** @type {HTMLElement} */ (d).dataset.policy)) d.setAttribute("open", "");
}

async function load() {
  try { ({ setup } = await api("GET", "/api/desk/setup")); draw(); problem("settings-problem"); } catch (err) { failed("settings", "The settings did not load", err, load); }
}

need("item-form").addEventListener("submit", (e) => { e.preventDefault(); void save(); });
button("item-delete").addEventListener("click", remove);
const who = await me;
await live.ready();
if (!can(who, "desk.settings")) problem("settings-problem", "Only administrators can change these.");
await load();
follow((k) => k === "desk.setup_changed", () => { if (!dialog("item").open && !document.activeElement?.closest("form[id^=policy]")) void load(); });
