// What the pages of those who lead a desk have in common: tables, problems, reading again when something changes.
import { Problem, sentence } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { fieldError, fieldSentence, fill, h, icon, need } from "../shell/dom.js";
import { category, full, initials, when, zoneName } from "../shell/format.js";
import { live } from "../shell/frame.js";

/** @typedef {Node|string|number|null|undefined|false} Cell */
/** @typedef {{name: string, as?: "title"|"end"|"drop"|"wide"|"pick"|"act", num?: boolean}} Column as: what becomes of it where cells stand beneath each other */

/** @param {Column[]} columns @param {HTMLTableRowElement[]} rows @param {string} caption @param {Record<string, any>} [attrs] */
export const table = (columns, rows, caption, attrs = {}) => h("div", { class: "table-wrap" }, h("table", { class: "table office-table", "data-stack": true, ...attrs },
  h("caption", { class: "sr-only" }, caption),
  h("thead", null, h("tr", null, ...columns.map((c) => h("th", { scope: "col", "data-type": c.num && "num" }, c.as === "act" || c.as === "pick" ? h("span", { class: "sr-only" }, c.name) : c.name)))), h("tbody", null, ...rows)));

/** A row whose cells name their columns, for a screen where they stand beneath each other. @param {Column[]} columns @param {(Cell|Cell[])[]} cells @param {Record<string, any>} [attrs] */
export const row = (columns, cells, attrs = {}) => h("tr", attrs, ...cells.map((c, i) => {
  const { name, as, num } = columns[i];
  const nothing = c === null || c === undefined || c === false || c === "";
  return h("td", { "data-label": as && as !== "drop" && as !== "wide" ? null : name, "data-type": num && "num", "data-drop": as === "drop" || (nothing && as !== "title"), "data-end": as === "end" || as === "act", "data-wide": as === "wide", "data-pick": as === "pick", "data-act-cell": as === "act" },
    nothing && as !== "act" && as !== "pick" ? h("span", { class: "muted" }, "–") : c);
}));

/** Rows that are on their way. @param {string} id @param {number} [n] */
export function waitFor(id, n = 6) {
  const box = need(id);
  box.setAttribute("aria-busy", "true");
  fill(box, h("div", { class: "office-wait", "aria-hidden": "true" }, ...Array.from({ length: n }, (_, i) => h("span", { class: "skeleton", "data-w": String([50, 70, 35][i % 3]) }))));
}

/** A time as lists show it, exact on hover. @param {string|undefined|null} t */
export const at = (t) => t ? h("time", { datetime: t, title: full(t), class: "nowrap" }, when(t)) : null;

/** @param {string} name @param {string} [status] of presence @param {string} [size] */
export const avatar = (name, status, size) => h("span", { class: "avatar", "data-cat": category(name), "data-size": size, "aria-hidden": "true" }, initials(name) || icon("user"), status && h("span", { class: "presence", "data-status": status }));

/** A colour of the account's own, as a dot: no style attribute, which the content policy refuses. @param {string} colour */
export function dot(colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  svg.setAttribute("viewBox", "0 0 10 10"); svg.setAttribute("class", "dot"); svg.setAttribute("aria-hidden", "true");
  circle.setAttribute("cx", "5"); circle.setAttribute("cy", "5"); circle.setAttribute("r", "5"); circle.setAttribute("fill", colour);
  svg.append(circle);
  return svg;
}

/** Puts a failure where the rows would be, with the way out. @param {string} id @param {string} title @param {unknown} err @param {() => void} again */
export function failed(id, title, err, again) {
  const box = need(id); box.removeAttribute("aria-busy");
  fill(box, emptyState({ icon: "alert", tone: "bad", title, text: sentence(err), actions: [h("button", { type: "button", class: "btn", onclick: again }, icon("refresh"), "Try again")] }));
}

/** Shows or hides a problem's banner. @param {string} id @param {unknown} [err] */
export function problem(id, err) {
  const box = need(id); box.hidden = !err;
  fill(box, err ? [icon("alert"), h("span", null, typeof err === "string" ? err : sentence(err))] : []);
}

/**
 * Says what is wrong with a form: at each field that the answer names, the rest in the banner. The first of them gets the
 * focus. Without err, nothing is wrong.
 * @param {HTMLElement} form @param {string} banner @param {unknown} err @param {(name: string) => string} idOf
 */
export function faults(form, banner, err, idOf) {
  for (const el of form.querySelectorAll("[aria-invalid]")) if (el instanceof HTMLElement) fieldError(el, "");
  if (!err) { problem(banner); return; }
  /** @type {string[]} */ const rest = [];
  /** @type {HTMLElement|null} */ let first = null;
  for (const f of err instanceof Problem ? err.fields : []) {
    const el = document.getElementById(idOf(f.name));
    if (!el?.closest(".field") || !form.contains(el)) { rest.push(fieldSentence(f.name.replaceAll("_", " "), f.problem)); continue; }
    fieldError(el, aboutThis(f.problem)); first ??= el;
  }
  if (first) first.focus();
  problem(banner, first ? rest.join(" ") : rest.length ? sentenceCase(rest.join(" ")) : err);
}
/** A sentence about the field that it stands under. @param {string} problem */
export const aboutThis = (problem) => fieldSentence(/^(are|contain|have) /.test(problem) ? "These" : "This", problem);
/** @param {string} s */
const sentenceCase = (s) => s.charAt(0).toUpperCase() + s.slice(1) + (/[.!?]$/.test(s) ? "" : ".");

/** Calls fn soon after something of the desk has changed, at most once in so many ms; on a page that nobody looks at, when it is looked at again. @param {(kind: string) => boolean} about @param {() => void} fn @param {number} [every] */
export function follow(about, fn, every = 1000) {
  let timer = 0, last = 0, late = false;
  const run = () => { timer = 0; if (document.hidden) { late = true; return; } last = Date.now(); fn(); };
  const soon = () => { if (!timer) timer = setTimeout(run, Math.max(250, last + every - Date.now())); };
  live.onEvent((e) => { if (about(e.kind)) soon(); });
  live.onReset(soon);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && late) { late = false; soon(); } });
}

/** Calls fn once when the calls have stopped for a moment. @param {() => void} fn */
export function settle(fn) { let t = 0; return () => { clearTimeout(t); t = setTimeout(fn, 200); }; }

/** Keeps what a page is set to in its address. @param {Record<string, string>} values */
export function keep(values) {
  const q = new URLSearchParams(Object.entries(values).filter(([, v]) => v));
  history.replaceState(null, "", (q.size ? `?${q}` : location.pathname) + location.hash);
}

export const showZone = () => { const z = document.getElementById("zone"); if (z) z.textContent = `Times in ${zoneName()}`; };

/** @param {string} id */ export const select = (id) => need(id, HTMLSelectElement);
/** Adds an option for a value that the list does not have, so that an address keeps meaning what it says. @param {HTMLSelectElement} s @param {string} value @param {string} [word] */
export function choose(s, value, word) {
  if (value && ![...s.options].some((o) => o.value === value)) s.append(h("option", { value }, word ?? value.replaceAll(",", " or ").replaceAll("_", " ")));
  s.value = value;
}
