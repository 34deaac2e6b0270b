// Settings of the desk. Ids: #settings-nav (a[href="#WHAT"]), #settings with the section that the address names: #section-WHAT, in it
// [data-act=add] and items [data-item=ID] with [data-act=edit], lines also [data-act=copy]; #item #item-fields (controls item-KEY)
// #item-save #item-delete #item-problem; #sure #sure-text #sure-problem #sure-do; timers: see timers.js. WHAT is queues, lines, skills,
// codes, tags, labels, attributes or timers.
import { api } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { announce, busy, button, dialog, fill, h, icon, need } from "../shell/dom.js";
import { can, live, me, toast } from "../shell/frame.js";
import { show } from "../ui.js";
import { dot, failed, faults, follow, problem, row, table, waitFor } from "./common.js";
import { fieldOf, hold } from "./fields.js";
import { lineAbout, scriptTag, sections } from "./sections.js";
import { timerSection } from "./timers.js";

/** @typedef {import("./sections.js").Section} Section */
/** @typedef {import("./sections.js").Setup} Setup */
/** @typedef {import("./sections.js").Item} Item */

/** @type {Setup|null} */ let setup = null;
let edits = false, times = false;
/** @type {Section|null} */ let section = null;
/** @type {Item|null} */ let item = null;

const chosen = () => { const w = location.hash.slice(1); return w === "timers" || sections.some((s) => s.what === w) ? w : "queues"; };
/** @param {Section} s @param {Item} x */
const change = (s, x) => edits && h("button", { type: "button", class: "btn", "data-size": "sm", "data-act": "edit", "aria-label": `Change ${x.name}`, onclick: () => open(s, x) }, "Change");

/** A line with the tag that a site carries. @param {Section} s @param {Item} l @param {Setup} all */
function lineItem(s, l, all) {
  const tag = scriptTag(l);
  return h("div", { class: "line-item", "data-item": l.id }, h("div", { class: "row gap-2" }, l.colour ? dot(l.colour) : icon("globe"), h("div", { class: "grow" }, h("span", { class: "strong" }, l.name), h("div", { class: "small muted" }, lineAbout(l, all))), l.off && h("span", { class: "badge", "data-tone": "idle" }, "Switched off"), change(s, l)),
    l.kind === "webchat" && h("div", { class: "tag-code" }, h("code", null, tag), h("button", { type: "button", class: "btn", "data-size": "sm", "data-act": "copy", "aria-label": `Copy the script tag of ${l.name}`, onclick: async () => {
      try { await navigator.clipboard.writeText(tag); toast({ title: "Copied", text: "Paste it before the end of the page's body." }); } catch { announce("It could not be copied. Select it by hand."); toast({ title: "It could not be copied", text: "Select it and copy it by hand.", tone: "warn" }); }
    } }, icon("copy"), "Copy")));
}

/** @param {Section} s @param {Setup} all */
function sectionOf(s, all) {
  const list = all[s.what], add = () => edits && h("button", { type: "button", class: "btn", "data-variant": "primary", "data-act": "add", onclick: () => open(s, null) }, icon("plus"), `Add ${s.one}`);
  return h("section", { class: "office-stack", id: `section-${s.what}`, "aria-labelledby": `title-${s.what}` },
    h("div", { class: "page-head" }, h("div", { class: "grow" }, h("h2", { id: `title-${s.what}` }, s.title), h("p", null, s.about)), add()),
    h("div", { class: "card has-container" }, !list.length ? emptyState({ icon: s.icon, title: `There is no ${s.one} yet`, text: s.none })
      : s.what === "lines" ? list.map((l) => lineItem(s, l, all))
        : table(s.columns, list.map((x) => row(s.columns, [...s.cells(x, all), change(s, x)], { "data-item": s.id(x) })), s.title)));
}

function draw() {
  const all = setup, what = chosen(), box = need("settings");
  if (!all) return;
  const opened = new Set([...box.querySelectorAll("details[open]")].map((d) => /** @type {HTMLElement} */ (d).dataset.policy)), before = box.querySelector("section")?.id;
  box.removeAttribute("aria-busy");
  fill(need("settings-nav"), ...sections.map((s) => h("a", { class: "nav-link", href: `#${s.what}`, "aria-current": s.what === what ? "page" : null }, icon(s.icon), s.title, h("span", { class: "num" }, all[s.what].length))),
    h("a", { class: "nav-link", href: "#timers", "aria-current": what === "timers" ? "page" : null }, icon("alarm"), "Timers"));
  const s = sections.find((x) => x.what === what);
  fill(box, s ? sectionOf(s, all) : timerSection(all, times, take));
  if (before === `section-${what}`) for (const d of box.querySelectorAll("details")) d.open = opened.has(d.dataset.policy);
  const here = need("settings-nav").querySelector("[aria-current]");
  if (here instanceof HTMLElement) need("settings-nav").scrollLeft = here.offsetLeft - 24;
  document.title = `${s?.title ?? "Timers"}, settings · Tandem`;
}
/** @param {Setup} next */
function take(next) { setup = next; draw(); }

/** @param {Section} s @param {Item|null} x */
function open(s, x) {
  const all = setup;
  if (!all) return;
  section = s; item = x;
  problem("item-problem");
  fill(need("item-title"), x ? `Change ${x.name}` : `Add ${s.one}`); fill(button("item-save"), x ? "Save" : `Add ${s.one}`);
  button("item-delete").hidden = !x;
  fill(need("item-fields"), ...s.fields.map((f) => fieldOf(f, x ? x[f.key] ?? s.blank[f.key] : s.blank[f.key], x, all)));
  hold(s.fields, s.blank);
  show(dialog("item"));
  if (!x) /** @type {HTMLElement|null} */ (need("item-fields").querySelector("input"))?.focus();
}
/** @param {string} name */
const idOf = (name) => `item-${name}`;

async function save() {
  const s = section, x = item, b = button("item-save");
  if (!s || b.getAttribute("aria-busy")) return;
  faults(need("item-form"), "item-problem", null, idOf);
  /** @type {Item} */ const body = { ...s.blank, ...hold(s.fields, s.blank) };
  for (const k of s.keeps ?? []) if (x?.[k] !== undefined) body[k] = x[k];
  // A tag is changed by its name: one that is there must not be taken for a new one.
  if (!x && s.what !== "lines" && setup?.[s.what].some((o) => s.id(o).toLowerCase() === String(body[s.what === "attributes" ? "key" : "name"]).toLowerCase())) { problem("item-problem", `There is a ${s.one} of that ${s.what === "attributes" ? "key" : "name"} already.`); return; }
  busy(b, true);
  try {
    const { setup: next } = await api("PUT", `/api/desk/setup/${s.what}/${x ? encodeURIComponent(s.id(x)) : "new"}`, s.what === "tags" || s.what === "attributes" ? body : { id: x ? s.id(x) : "", ...body });
    dialog("item").close(); toast({ title: x ? "Saved" : `Added: ${body.name}` }); take(next);
  } catch (err) { faults(need("item-form"), "item-problem", err, idOf); } finally { busy(b, false); }
}

function ask() {
  if (!section || !item) return;
  fill(need("sure-title"), `Delete ${item.name}?`); problem("sure-problem");
  fill(need("sure-text"), `The ${section.one} is gone for everybody. What still uses it keeps it from being deleted.`);
  button("sure-do").hidden = false;
  show(dialog("sure")); button("sure-cancel").focus();
}
async function remove() {
  const s = section, x = item, b = button("sure-do");
  if (!s || !x || b.getAttribute("aria-busy")) return;
  busy(b, true); problem("sure-problem");
  try {
    const { setup: next } = await api("DELETE", `/api/desk/setup/${s.what}/${encodeURIComponent(s.id(x))}`);
    dialog("sure").close(); toast({ title: `Deleted: ${x.name}` }); take(next);
  } catch (err) { problem("sure-problem", err); } finally { busy(b, false); }
}

async function load() {
  try { take((await api("GET", "/api/desk/setup")).setup); } catch (err) { failed("settings", "The settings did not load", err, load); }
}

need("item-form").addEventListener("submit", (e) => { e.preventDefault(); void save(); });
need("item-form").addEventListener("change", () => { if (section) hold(section.fields, section.blank); });
need("sure-form").addEventListener("submit", (e) => { e.preventDefault(); void remove(); });
button("item-delete").addEventListener("click", ask);
addEventListener("hashchange", draw);
waitFor("settings");
const who = await me;
edits = can(who, "desk.settings"); times = can(who, "desk.timers");
await live.ready();
if (!edits) problem("settings-problem", times ? "Only administrators can change these; the timers are yours as well." : "Only administrators can change these.");
await load();
follow((k) => k === "desk.setup_changed", () => { if (!dialog("item").open && !dialog("sure").open && !document.activeElement?.closest("form[id^=policy]")) void load(); });
