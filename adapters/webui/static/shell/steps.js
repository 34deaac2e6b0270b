// The invitation's way as four steps, read off the call.
import { h, icon } from "./dom.js";
import { timeExact } from "./format.js";
import { over } from "./calls.js";

/** @typedef {import("./api.js").Call} Call */
/** @typedef {import("./api.js").Invite} Invite */
/** @typedef {{name: string, state: "done"|"now"|"todo"|"failed", more?: string, at?: string}} Step */

/** The invitation that counts: the last one that the customer can still use, else the last one. @param {Call} c @returns {Invite|undefined} */
export function current(c) {
  const all = c.invites ?? [];
  const used = all.find((i) => i.status === "redeemed"); if (used) return used;
  const texts = all.filter((i) => i.channel === "text");
  return texts[texts.length - 1] ?? all[all.length - 1];
}

/** @param {Call} c @returns {Step[]} */
export function steps(c) {
  const i = current(c); const link = i?.channel === "link";
  const arrived = (c.invites ?? []).filter((x) => x.opened_at).map((x) => x.opened_at)[0];
  const here = c.waiting_at; const failed = i?.status === "undelivered" && !arrived && !here;
  /** @type {Step[]} */
  const out = [
    { name: link ? "Link ready" : "Invitation sent", state: "todo", at: i?.sent_at ?? (link ? i?.created_at : undefined) },
    { name: "Message delivered", state: "todo", at: i?.delivered_at },
    { name: "Guest is waiting", state: "todo", at: here },
    { name: "Joining…", state: "todo" },
  ];
  if (link) out.splice(1, 1);
  const wait = out[out.length - 2]; const join = out[out.length - 1];
  const sent = out[0]; const got = link ? null : out[1];
  // What came later proves what was to come before, even when no report of it came.
  if (sent.at || arrived || here) sent.state = "done"; else if (!failed) { sent.state = "now"; sent.more = "Handing it to the carrier"; }
  if (got) {
    if (failed) { got.state = "failed"; got.name = "Message not delivered"; got.more = i?.problem || "The carrier did not say why."; sent.state = sent.at ? "done" : "failed"; if (!sent.at) { sent.name = "Invitation not sent"; sent.more = got.more; got.name = "Message delivered"; got.state = "todo"; got.more = undefined; } }
    else if (got.at || arrived || here) got.state = "done";
    else if (sent.state === "done") { got.state = "now"; got.more = "The phone has not confirmed it yet"; }
  }
  if (here) wait.state = "done";
  else if (arrived) { wait.state = "now"; wait.more = `Opened the link at ${timeExact(arrived)}, choosing name and camera`; }
  else if (!failed && (got ? got.state === "done" : sent.state === "done")) { wait.state = "now"; wait.more = "The link has not been opened yet"; }
  if (here && !over(c)) { join.state = "now"; join.more = c.customer ? `${c.customer} is in the waiting room` : "The customer is in the waiting room"; }
  // What the agent took back did not fail.
  if (over(c)) { const now = out.find((s) => s.state === "now"); if (now) { now.state = c.status === "cancelled" ? "todo" : "failed"; now.more = undefined; if (now === wait) wait.name = { declined: "Guest declined", expired: "Nobody joined in time" }[c.status] ?? wait.name; } }
  return out;
}

/** Draws the steps; unchanged ones stay as they are, so that a screen reader says only what is new. @param {Element} ol @param {Step[]} list */
export function drawSteps(ol, list) {
  list.forEach((s, i) => {
    const key = JSON.stringify(s); const had = ol.children[i];
    if (had instanceof HTMLElement && had.dataset.key === key) return;
    const li = h("li", { "data-state": s.state, "data-key": key, "aria-current": s.state === "now" ? "step" : null },
      s.state === "done" ? icon("check") : s.state === "failed" ? icon("close") : null,
      h("span", { class: "stepper-name" }, s.name, s.state === "done" ? h("span", { class: "sr-only" }, ", done") : s.state === "failed" ? h("span", { class: "sr-only" }, ", failed") : null),
      s.at || s.more ? h("span", { class: "stepper-more num" }, s.more ?? timeExact(/** @type {string} */ (s.at))) : null);
    if (had) had.replaceWith(li); else ol.append(li);
  });
  while (ol.children.length > list.length) ol.lastElementChild?.remove();
}
