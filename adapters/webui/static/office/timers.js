// When conversations move by themselves, for all queues and for one of them. Ids: details[data-policy=QUEUE or all] with the form
// #policy-QUEUE; in it QUEUE-TIMER (a number) and QUEUE-TIMER-unit (seconds of the unit, or off), QUEUE-SWITCH, QUEUE-reopen,
// [data-act=as-ticket] [data-act=as-conversation] [data-act=like-all] [data-act=save].
import { api, Problem, sentence } from "../shell/api.js";
import { busy, fieldError, fill, h, icon, need } from "../shell/dom.js";
import { span } from "../shell/format.js";
import { toast } from "../shell/frame.js";
import { aboutThis } from "./common.js";

/** @typedef {import("./sections.js").Item} Item */
/** @typedef {import("./sections.js").Setup} Setup */

/** @type {[string, string, string][]} name, and what off means */
const timers = [
  ["resolved_hold", "A resolved conversation can be reopened for", "it closes at once"], ["pending_hold", "A pending one waits for the customer for", "it waits for ever"],
  ["inactivity_after", "An answered one is resolved when the customer is silent for", "it never is"], ["lease_after", "It goes back to the queue when its agent does not answer within", "it never does"],
  ["abandon_after", "It ends when nobody answers within", "it never does"],
];
/** @type {[string, string][]} */
const switches = [["new_visible", "Agents see what waits in the queue, and take it"], ["reply_claims", "Replying to a waiting conversation takes it"], ["hold_through", "On hold stays so when the customer writes"], ["gratitude_closes", "Thanks resolve an answered conversation"]];
/** @type {[string, string, string][]} seconds, unit, how many read well */
const units = [["1", "seconds", ""], ["60", "minutes", ""], ["3600", "hours", ""], ["86400", "days", ""]];
const common = { lease_after: -1, abandon_after: -1, hold_through: false, gratitude_closes: false, capacity_statuses: ["open"] };
/** @type {Record<"ticket"|"conversation", Item>} */
export const presets = {
  ticket: { ...common, resolved_hold: 3600, pending_hold: 3600, inactivity_after: -1, reopen: "same", reopen_to: "keep", new_visible: false, reply_claims: false },
  conversation: { ...common, resolved_hold: -1, pending_hold: -1, inactivity_after: 86400, reopen: "linked", reopen_to: "requeue", new_visible: true, reply_claims: true },
};

/** The largest unit that the time is a whole number of. @param {number} seconds */
export function inUnit(seconds) {
  if (seconds < 0) return { n: "", unit: "off" };
  const unit = [86400, 3600, 60].find((u) => seconds >= u && seconds % u === 0) ?? 1;
  return { n: String(seconds / unit), unit: String(unit) };
}

/** In a line what a policy does. @param {Item} p */
const summary = (p) => [p.reopen === "same" ? p.resolved_hold < 0 ? "closes at once" : `reopens for ${span(p.resolved_hold)}` : "a new one each time", p.inactivity_after > 0 && `resolved after ${span(p.inactivity_after)} of silence`, p.lease_after > 0 && `back to the queue after ${span(p.lease_after)}`, p.abandon_after > 0 && `given up after ${span(p.abandon_after)}`].filter(Boolean).join(", ");

/** @param {string} key @param {string} name @param {string} off @param {number} seconds @param {string} timer */
function timerRow(key, timer, name, off, seconds) {
  const id = `${key}-${timer}`, now = inUnit(seconds);
  const n = h("input", { class: "input", id, type: "number", min: 0, step: "any", value: now.n, disabled: now.unit === "off", "aria-label": `${name}: how long` });
  const unit = h("select", { class: "input", id: `${id}-unit`, "aria-label": `${name}: unit`, onchange: () => { n.disabled = unit.value === "off"; if (n.disabled) n.value = ""; else if (!n.value) { n.value = "1"; } fieldError(n, ""); } },
    h("option", { value: "off", selected: now.unit === "off" }, "Off"), ...units.map(([v, word]) => h("option", { value: v, selected: v === now.unit }, word)));
  return h("div", { class: "timer field" }, h("div", null, h("span", { class: "label" }, name), h("p", { class: "hint" }, `Off: ${off}.`)), h("div", { class: "joined" }, n, h("span", { class: "select" }, unit, icon("chevron-down"))));
}

/**
 * The form of a queue's policy, or with q null of all queues that have none of their own.
 * @param {Item|null} q @param {Setup} setup @param {boolean} changes whether the reader may change it @param {(s: Setup) => void} taken @param {Item} [shown] a preset to show in place of what holds
 * @returns {HTMLFormElement}
 */
function form(q, setup, changes, taken, shown) {
  const key = q?.id ?? "all", p = shown ?? q?.policy ?? setup.policy;
  const problem = h("div", { class: "banner", "data-tone": "bad", role: "alert", hidden: true });
  const save = h("button", { class: "btn", "data-variant": "primary", "data-act": "save" }, "Save");
  const reopen = h("select", { class: "input", id: `${key}-reopen` }, h("option", { value: "same", selected: p.reopen === "same" }, "The same conversation again, within that time"), h("option", { value: "linked", selected: p.reopen === "linked" }, "A new conversation, linked to it"));
  const to = h("select", { class: "input", id: `${key}-reopen_to` }, h("option", { value: "keep", selected: p.reopen_to === "keep" }, "To the agent who had it, if there"), h("option", { value: "requeue", selected: p.reopen_to === "requeue" }, "To the queue"));
  /** @param {string} k */ const el = (k) => /** @type {HTMLInputElement} */ (need(`${key}-${k}`));
  /** @param {HTMLElement} b @param {Item|undefined} policy */
  async function put(b, policy) {
    busy(b, true); problem.hidden = true;
    for (const [k] of timers) fieldError(el(k), "");
    try { const { setup: next } = await api("PUT", q ? `/api/desk/setup/queues/${encodeURIComponent(q.id)}/policy` : "/api/desk/setup/policy", { policy }); toast({ title: "Saved" }); taken(next); }
    catch (err) {
      const bad = err instanceof Problem ? err.fields.filter((f) => timers.some(([k]) => k === f.name)) : [];
      for (const f of bad) fieldError(el(f.name), aboutThis(f.problem));
      if (bad.length) el(bad[0].name).focus(); else { problem.hidden = false; fill(problem, icon("alert"), h("span", null, sentence(err))); }
    } finally { busy(b, false); }
  }
  /** @param {"ticket"|"conversation"} preset */
  const like = (preset) => { const next = form(q, setup, changes, taken, { ...p, ...presets[preset] }); out.replaceWith(next); /** @type {HTMLElement|null} */ (next.querySelector("[data-act=save]"))?.focus(); };
  const field = (/** @type {string} */ k, /** @type {string} */ name, /** @type {HTMLElement} */ s) => h("div", { class: "field" }, h("label", { class: "label", for: `${key}-${k}` }, name), h("span", { class: "select" }, s, icon("chevron-down")));
  const out = h("form", { id: `policy-${key}`, novalidate: true, onsubmit: (/** @type {Event} */ e) => {
    e.preventDefault();
    const times = Object.fromEntries(timers.map(([k]) => { const unit = el(`${k}-unit`).value; return [k, unit === "off" ? -1 : Number(el(k).value) * Number(unit)]; }));
    const wrong = timers.find(([k]) => !(times[k] > 0 || times[k] === -1));
    if (wrong) { fieldError(el(wrong[0]), "Has to be more than 0, or off."); el(wrong[0]).focus(); return; }
    void put(save, { ...p, ...times, ...Object.fromEntries(switches.map(([k]) => [k, el(k).checked])), reopen: el("reopen").value, reopen_to: el("reopen_to").value });
  } }, problem,
  changes && h("div", { class: "row wrap gap-2" }, h("span", { class: "small muted" }, "Start from"), h("button", { type: "button", class: "btn", "data-size": "sm", "data-act": "as-ticket", onclick: () => like("ticket") }, "Ticket"), h("button", { type: "button", class: "btn", "data-size": "sm", "data-act": "as-conversation", onclick: () => like("conversation") }, "Conversation")),
  h("div", null, ...timers.map(([k, name, off]) => timerRow(key, k, name, off, p[k]))), field("reopen", "A message after resolving opens", reopen), field("reopen_to", "It then goes", to),
  ...switches.map(([k, name]) => { const box = h("input", { type: "checkbox", role: "switch", class: "switch", id: `${key}-${k}` }); box.checked = Boolean(p[k]); return h("div", { class: "switch-row" }, h("label", { class: "label grow", for: `${key}-${k}` }, name), box); }),
  changes && h("div", { class: "row wrap gap-2" }, save, q?.policy && h("button", { type: "button", class: "btn", "data-act": "like-all", onclick: (/** @type {any} */ e) => put(e.currentTarget, undefined) }, "Like all queues")));
  if (!changes) for (const c of out.querySelectorAll("input, select")) c.setAttribute("disabled", "");
  return out;
}

/** @param {Setup} setup @param {boolean} changes @param {(s: Setup) => void} taken */
export function timerSection(setup, changes, taken) {
  const one = (/** @type {Item|null} */ q) => h("details", { class: "policy", "data-policy": q?.id ?? "all", open: !q }, h("summary", null, icon("chevron-right"), h("span", { class: "grow" }, h("strong", null, q?.name ?? "All queues"), h("span", { class: "small muted" }, q && !q.policy ? " as all queues" : ` ${q ? "on its own: " : ""}${summary(q?.policy ?? setup.policy)}`))), form(q, setup, changes, taken));
  return h("section", { class: "office-stack", id: "section-timers", "aria-labelledby": "title-timers" }, h("div", { class: "page-head" }, h("div", { class: "grow" }, h("h2", { id: "title-timers" }, "Timers"), h("p", null, "When conversations move by themselves: for all queues, or for one in its own way."))),
    h("div", { class: "card" }, one(null), ...setup.queues.map(one)));
}
