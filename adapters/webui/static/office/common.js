// What the pages of those who lead a desk have in common: tables, problems, reading again when something changes.
import { sentence } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { fill, h, icon, need } from "../shell/dom.js";
import { full, when, zoneName } from "../shell/format.js";
import { live } from "../shell/frame.js";

/** @typedef {Node|string|number|null|undefined|false} Cell */

/** @param {string[]} heads @param {HTMLTableRowElement[]} rows @param {string} caption */
export const table = (heads, rows, caption) => h("div", { class: "table-wrap" }, h("table", { class: "table", "data-stack": true },
  h("caption", { class: "sr-only" }, caption),
  h("thead", null, h("tr", null, ...heads.map((x) => h("th", { scope: "col" }, x)))), h("tbody", null, ...rows)));

/** A row whose cells name their columns, for a screen where they stand beneath each other. @param {string[]} heads @param {(Cell|Cell[])[]} cells @param {Record<string, any>} [attrs] */
export const row = (heads, cells, attrs = {}) => h("tr", attrs, ...cells.map((c, i) => h("td", { "data-label": heads[i] }, c)));

/** A time as lists show it, exact on hover. @param {string|undefined|null} t */
export const at = (t) => (t ? h("time", { datetime: t, title: full(t) }, when(t)) : "–");

/** Puts a failure where the rows would be, with the way out. @param {string} id @param {string} title @param {unknown} err @param {() => void} again */
export function failed(id, title, err, again) {
  const box = need(id); box.removeAttribute("aria-busy");
  fill(box, emptyState({ icon: "alert", tone: "bad", title, text: sentence(err), actions: [h("button", { class: "btn", onclick: again }, icon("refresh"), "Try again")] }));
}

/** Shows or hides a problem's banner. @param {string} id @param {unknown} [err] */
export function problem(id, err) {
  const box = need(id); box.hidden = !err;
  if (err) fill(box, icon("alert"), h("span", null, typeof err === "string" ? err : sentence(err)));
}

/** Calls fn soon after something of the desk has changed, at most once a second. @param {(kind: string) => boolean} about @param {() => void} fn */
export function follow(about, fn) {
  let timer = 0;
  const soon = () => { if (!timer) timer = setTimeout(() => { timer = 0; fn(); }, 700); };
  live.onEvent((e) => { if (about(e.kind)) soon(); });
  live.onReset(soon);
}

export const showZone = () => { const z = document.getElementById("zone"); if (z) z.textContent = `Times in ${zoneName()}`; };

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const field = (id) => /** @type {T} */ (need(id));
/** @param {string} id */ export const select = (id) => need(id, HTMLSelectElement);
