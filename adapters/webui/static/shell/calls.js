// What a call's states are called, and how a call looks in a list. One word for one thing, on every page.
import { h, icon } from "./dom.js";
import { clockOf, phone } from "./format.js";

/** @typedef {import("./api.js").Call} Call */
/** @typedef {import("./api.js").Invite} Invite */
/** @typedef {{word: string, tone: "ok"|"warn"|"bad"|"info"|"idle", quiet?: boolean}} Look */

/** @type {Record<string, Look>} */
const looks = {
  created: { word: "Starting", tone: "info" },
  invited: { word: "Invited", tone: "info" },
  waiting: { word: "Guest waiting", tone: "warn" },
  ringing: { word: "Ringing", tone: "warn" },
  connecting: { word: "Joining", tone: "info" },
  connected: { word: "Ongoing", tone: "info" },
  reconnecting: { word: "Reconnecting", tone: "warn" },
  held: { word: "On hold", tone: "info" },
  completed: { word: "Completed", tone: "ok", quiet: true },
  cancelled: { word: "Cancelled", tone: "idle", quiet: true },
  expired: { word: "Not answered", tone: "idle", quiet: true },
  declined: { word: "Declined", tone: "idle", quiet: true },
  missed: { word: "Missed", tone: "warn" },
  abandoned: { word: "Guest left", tone: "idle", quiet: true },
  failed: { word: "Failed", tone: "bad" },
  dropped: { word: "Dropped", tone: "bad" },
};

/** The choices of a status filter: a word, and the statuses behind it. @type {{name: string, statuses: string[]}[]} */
export const filters = [
  { name: "Ongoing", statuses: ["created", "invited", "waiting", "ringing", "connecting", "connected", "reconnecting", "held"] },
  ...["completed", "dropped", "failed", "missed", "expired", "declined", "abandoned", "cancelled"].map((s) => ({ name: looks[s].word, statuses: [s] })),
];

/** @param {string} status @returns {Look} */
export const look = (status) => looks[status] ?? { word: status, tone: "idle" };
const final = new Set(["completed", "cancelled", "expired", "declined", "missed", "abandoned", "failed", "dropped"]);
/** Whether the call is over. @param {Call} c */
export const over = (c) => final.has(c.status);
/** Whether the two sides are in it, or have been and may be again. @param {Call} c */
export const inCall = (c) => ["connecting", "connected", "reconnecting", "held"].includes(c.status);
/** Whether the agent is still waiting for the customer. @param {Call} c */
export const pending = (c) => ["created", "invited", "waiting"].includes(c.status);

/** @param {Call} c */
export function badge(c) {
  const l = look(c.status);
  return h("span", { class: "badge", "data-tone": l.tone, "data-dot": true, "data-quiet": l.quiet }, l.word);
}

/** How long they talked: running while they do, a dash if they never did. @param {Call} c */
export function duration(c) {
  if (["connected", "held"].includes(c.status)) return h("time", { "data-clock": c.talk_seconds.toFixed(1) }, clockOf(c.talk_seconds));
  if (c.answered_at) return h("span", null, clockOf(c.talk_seconds));
  return [h("span", { "aria-hidden": "true", class: "muted" }, "–"), h("span", { class: "sr-only" }, over(c) ? "never connected" : "not connected yet")];
}

/** The customer's opinion in a table's cell. @param {Call} c */
export function ratingCell(c) {
  const r = (c.ratings ?? []).find((x) => x.seat === "customer");
  if (r) return h("span", { class: "num" }, `${r.stars} of 5`);
  if (!c.answered_at) return [h("span", { class: "muted", "aria-hidden": "true" }, "–"), h("span", { class: "sr-only" }, "nothing to rate")];
  return h("span", { class: "muted" }, over(c) ? "Not rated" : "In call");
}

/** Who the customer is, as far as known. @param {Call} c */
export const who = (c) => c.customer || phone(c.phone) || "Unknown number";

/** @type {Record<string, string>} */
const reasons = {
  hangup: "hung up", max_duration: "The call reached the longest time that calls may last", cancelled: "cancelled the invitation",
  discarded: "discarded the call while the customer was waiting", invite_expired: "Nobody used the link before it expired",
  invite_failed: "No invitation could be delivered", declined: "declined the invitation", consent_denied: "did not agree to the terms of the call",
  waited_too_long: "The customer waited and nobody came", not_answered: "No agent took the call", customer_left: "left the waiting room",
  media_failed: "Sound and picture never came up", customer_lost: "The customer's connection was lost and did not come back",
  agent_lost: "The agent's connection was lost and did not come back", both_lost: "Both connections were lost and did not come back",
  engine_error: "An error of the server ended the call",
};
/** How the call ended and who ended it, as a sentence without its point. @param {Call} c @param {string} [me] the reader's user id */
export function ending(c, me) {
  if (!over(c)) return "";
  const what = reasons[c.end_reason ?? ""] ?? look(c.status).word;
  if (/^[A-Z]/.test(what)) return what;
  if (c.ended_by === "agent") return `${me && c.agent.id === me ? "You" : c.agent.name || "The agent"} ${what}`;
  if (c.ended_by === "customer") return `${c.customer || "The customer"} ${what}`;
  return `The system ended it: ${what}`;
}

/** @type {Record<string, Look & {icon: string}>} */
const inviteLooks = {
  queued: { word: "Sending", tone: "info", icon: "clock" },
  sent: { word: "Sent", tone: "info", icon: "check" },
  delivered: { word: "Delivered", tone: "ok", icon: "check-double", quiet: true },
  opened: { word: "Opened", tone: "ok", icon: "external", quiet: true },
  redeemed: { word: "Joined", tone: "ok", icon: "user", quiet: true },
  undelivered: { word: "Not delivered", tone: "bad", icon: "alert" },
  revoked: { word: "Taken back", tone: "idle", icon: "ban", quiet: true },
  expired: { word: "Expired", tone: "idle", icon: "clock", quiet: true },
};
/** @param {Invite} i @returns {Look & {icon: string}} */
const inviteLook = (i) => (i.channel === "link" && i.status === "queued" ? { word: "Link made", tone: "info", icon: "link" } : inviteLooks[i.status] ?? { word: i.status, tone: "idle", icon: "info" });
/** @param {Invite} i */
export function inviteBadge(i) {
  const l = inviteLook(i);
  return h("span", { class: "badge", "data-tone": l.tone, "data-dot": true, "data-quiet": l.quiet }, l.word);
}

/** A browser's User-Agent or our short name of it, short. @param {string|undefined} ua */
export function browserName(ua) {
  if (!ua) return "";
  if (!/Mozilla\//.test(ua)) return ua;
  const app = /EdgA?\//.test(ua) ? "Edge" : /SamsungBrowser/.test(ua) ? "Samsung Internet" : /OPR\//.test(ua) ? "Opera" : /Firefox|FxiOS/.test(ua) ? "Firefox" : /Chrom|CriOS/.test(ua) ? "Chrome" : /Safari/.test(ua) ? "Safari" : "Browser";
  const on = /iPhone/.test(ua) ? "iPhone" : /iPad/.test(ua) ? "iPad" : /Android/.test(ua) ? "Android" : /Windows/.test(ua) ? "Windows" : /Mac OS/.test(ua) ? "Mac" : /CrOS/.test(ua) ? "ChromeOS" : /Linux/.test(ua) ? "Linux" : "";
  return on ? `${app} on ${on}` : app;
}

/** A suggestion for a reference: the day, and four letters that nobody mistakes on the phone. */
export function suggestReference(now = new Date()) {
  const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  const four = [...crypto.getRandomValues(new Uint8Array(4))].map((b) => letters[b % 32]).join("");
  return `${String(now.getMonth() + 1).padStart(2, "0")}${String(now.getDate()).padStart(2, "0")}-${four}`;
}

/** The whole state of a list that is not there: reading failed, or nothing to show. @param {{icon: string, title: string, text: string, tone?: string, actions?: (Node|false)[]}} o */
export function emptyState(o) {
  return h("div", { class: "empty", "data-tone": o.tone }, icon(o.icon), h("h3", null, o.title), h("p", null, o.text), o.actions?.length ? h("div", { class: "row" }, ...o.actions) : null);
}
