// One call as a row of a table: the same cells at home and in the log.
import { badge, duration, inCall, over, pending, ratingCell, who } from "./calls.js";
import { h, icon } from "./dom.js";
import { category, country, full, initials, phone, when } from "./format.js";
import { openStart } from "./start.js";
import { openWaiting } from "./waiting.js";

/** @typedef {import("./api.js").Call} Call */
/** @typedef {{me: string, agents: boolean}} Reader whose own id, and whether the column of agents is there */

/** @param {Reader} r */
export function head(r) {
  return h("thead", null, h("tr", null,
    h("th", { scope: "col" }, "Customer"), h("th", { scope: "col" }, "Reference"), r.agents ? h("th", { scope: "col", class: "col-agent" }, "Agent") : null, h("th", { scope: "col" }, "Status"),
    h("th", { scope: "col", "data-type": "num" }, "Duration"), h("th", { scope: "col", class: "col-rating" }, "Rating"), h("th", { scope: "col", "data-type": "num" }, "Started"), h("th", null, h("span", { class: "sr-only" }, "Actions"))));
}

/** @param {Call} c @param {Reader} r */
export function row(c, r) {
  const number = phone(c.phone);
  return h("tr", { "data-call": c.id, "aria-selected": inCall(c) && c.agent.id === r.me ? "true" : null, onclick: open },
    h("td", null, h("span", { class: "row gap-3" }, h("span", { class: "avatar", "data-cat": category(c.phone || c.id), "aria-hidden": "true" }, c.customer ? initials(c.customer) : icon("user")),
      h("span", { class: "who" }, h("a", { href: `/calls/${c.id}`, class: "who-link truncate" }, c.customer || h("span", { class: "num" }, who(c))), c.customer ? h("span", { class: "small muted num", title: country(c.country ?? "") }, number) : c.country ? h("span", { class: "small muted" }, country(c.country)) : null))),
    h("td", { "data-end": true }, h("span", { class: "reference", title: c.reference.length > 14 ? c.reference : null }, c.reference)),
    r.agents ? h("td", { "data-drop": true, class: "col-agent" }, c.agent.id === r.me ? "You" : c.agent.name || h("span", { class: "muted" }, "Nobody")) : null,
    h("td", null, badge(c)),
    h("td", { "data-type": "num", "data-end": true }, duration(c)),
    h("td", { "data-drop": true, class: "col-rating" }, ratingCell(c)),
    h("td", { "data-type": "num", "data-label": "Started" }, h("time", { datetime: c.created_at, title: full(c.created_at) }, when(c.created_at))),
    h("td", { "data-end": true }, h("span", { class: "table-actions" }, action(c, r))));
}

/** What the reader would do next with the call. @param {Call} c @param {Reader} r */
function action(c, r) {
  const own = c.agent.id === r.me;
  if (own && inCall(c)) return h("a", { class: "btn", "data-size": "sm", href: `/call/${c.id}` }, "Return");
  if (own && pending(c)) return h("button", { class: "btn", "data-size": "sm", onclick: () => openWaiting(c) }, c.status === "waiting" ? "Join" : "Open");
  if (over(c) && c.phone) return h("button", { class: "btn", "data-variant": "quiet", "data-size": "sm", "data-icon": true, "aria-label": `Invite ${who(c)} again`, title: "Invite again", onclick: () => openStart({ phone: c.phone, country: c.country, previous: c.id }) }, icon("phone-out"));
  return null;
}

/** A press anywhere in the row opens the call, unless it was for something in it or marked text. @param {MouseEvent} e */
function open(e) {
  const tr = e.currentTarget; const at = e.target;
  if (!(tr instanceof HTMLElement) || !(at instanceof Element) || at.closest("a, button") || String(getSelection())) return;
  const href = `/calls/${tr.dataset.call}`;
  if (e.ctrlKey || e.metaKey) window.open(href, "_blank", "noopener"); else location.assign(href);
}

/** Rows that stand for what is still coming. @param {number} n @param {Reader} r */
export function skeletonRows(n, r) {
  return Array.from({ length: n }, () => h("tr", { "aria-hidden": "true" }, h("td", null, h("span", { class: "row gap-3" }, h("span", { class: "skeleton", "data-w": "avatar" }), h("span", { class: "skeleton", "data-w": "70" }))),
    ...["", ...(r.agents ? ["col-agent"] : []), "", "", "col-rating", ""].map((cls, i) => h("td", { class: cls, "data-end": i === 0, "data-drop": i > 1 }, h("span", { class: "skeleton", "data-w": "70" }))), h("td", { "data-drop": true })));
}

/** @param {Reader} r @param {Node[]} rows @param {string} label */
export function table(r, rows, label) {
  return h("div", { class: "table-wrap" }, h("table", { class: "table calls", "data-stack": true, "aria-label": label }, head(r), h("tbody", null, rows)));
}
