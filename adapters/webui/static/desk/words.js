// What the desk's states, channels and events are called, and how they look. One word for one thing, on every page.
import { clockOf, phone, span } from "../shell/format.js";

/** @typedef {import("./api.js").Ticket} Ticket */
/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {import("./api.js").Person} Person */

/** @type {Record<string, {word: string, icon: string}>} */
const channels = {
  webchat: { word: "Web chat", icon: "globe" }, whatsapp: { word: "WhatsApp", icon: "ch-whatsapp" }, email: { word: "E-mail", icon: "ch-email" },
  messenger: { word: "Messenger", icon: "ch-messenger" }, sms: { word: "SMS", icon: "ch-sms" }, viber: { word: "Viber", icon: "ch-viber" },
};
/** @param {string} kind */
export const channel = (kind) => channels[kind] ?? { word: kind, icon: "chat" };

/** @type {Record<string, {word: string, tone: "ok"|"warn"|"bad"|"info"|"idle"}>} */
const statuses = {
  new: { word: "New", tone: "info" }, open: { word: "Open", tone: "info" }, pending: { word: "Pending", tone: "idle" },
  on_hold: { word: "On hold", tone: "warn" }, resolved: { word: "Resolved", tone: "ok" }, closed: { word: "Closed", tone: "idle" },
};
/** @param {string} status */
export const statusLook = (status) => statuses[status] ?? { word: status, tone: "idle" };

/** @type {Record<string, string>} */
const states = { unassigned: "Unassigned", assigned: "Assigned", read: "Read", responded: "Responded", closed: "Closed" };
/** How the conversation looks in a list: the status where it says more than the state. @param {Ticket} t */
export const stateWord = (t) => (["pending", "on_hold", "resolved"].includes(t.status) ? statusLook(t.status).word : states[t.state] ?? t.state);

/** @type {Record<string, string>} */
const reasons = {
  agent: "by an agent", inactivity: "the customer wrote nothing more", customer: "the customer said thanks", held: "the holding time is over",
  no_reply: "the customer did not reply", superseded: "the customer began another matter", spam: "spam", merged: "merged into another",
  blocked: "the customer is blocked", abandoned: "the customer left before anybody replied", erased: "its content was erased",
};
/** Why a ticket ended, in words. @param {string|undefined} reason */
export const reasonWord = (reason) => reasons[reason ?? ""] ?? "";

/** @type {Record<string, string>} */
const agentStatuses = { available: "Available", busy: "Busy", away: "Away", offline: "Offline" };
/** @type {Record<string, string>} */
const agentReasons = { capacity: "At capacity", wrap_up: "Wrapping up", lost: "Disconnected", not_responding: "Not responding" };
/** What an agent is doing, in a word or two. @param {{status: string, reason?: string, code?: {name: string}|null}} a */
export const presenceWord = (a) => (a.reason && agentReasons[a.reason]) || a.code?.name || agentStatuses[a.status] || a.status;
/** @param {string} status */
export const agentStatusWord = (status) => agentStatuses[status] ?? status;

/** @param {Person|import("./api.js").Contact} p */
export const personName = (p) => p.name || phone(p.phone) || p.email || "Visitor";

/** The last thing said, in a line. @param {Ticket} t @param {string} me */
export function lastLine(t, me) {
  const l = t.last;
  if (!l) return t.subject || "No message yet";
  const files = l.files > 1 ? `${l.files} files` : "File";
  const text = l.text.replace(/\s+/g, " ").trim() || (l.files ? files : "");
  if (l.from === "customer") return text;
  return `${l.name === me ? "You" : l.name.split(" ")[0] || "We"}: ${text}`;
}

/** "2.4 MB" @param {number} bytes */
export function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const n = bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: Number(n[0]) < 10 ? 1 : 0 }).format(Number(n[0]))} ${n[1]}`;
}

/** Seconds since then, for a running clock. @param {string} t */
export const sinceSeconds = (t) => Math.max(0, (Date.now() - Date.parse(t)) / 1000).toFixed(1);

/** Durations in events are nanoseconds. @param {unknown} ns */
const spanOf = (ns) => (typeof ns === "number" && ns >= 1e9 ? span(ns / 1e9) : "");

/** On what grounds routing chose: "Indonesian 4, 2 of 5, waited 12 s" without what it does not know. @param {any} why */
function grounds(why) {
  if (!why) return "";
  const out = [];
  if (why.preferred) out.push("had this customer last");
  if (why.skills?.length) out.push(...why.skills.map((/** @type {{name: string, level: number}} */ s) => `${s.name} ${s.level}`));
  else if (why.level > 0) out.push(`skill level ${why.level}`);
  if (why.priority > 0) out.push(`priority ${why.priority}`);
  if (why.max > 0) out.push(`had ${why.used} of ${why.max}`);
  if (why.candidates > 1) out.push(`best of ${why.candidates}`);
  const waited = spanOf(why.waited);
  if (waited) out.push(`waited ${waited}`);
  if (why.step > 0) out.push("with weaker needs");
  if (why.overflow) out.push("overflow");
  return out.join(", ");
}

/** @param {string} head @param {string|undefined} tail */
const colon = (head, tail) => (tail ? `${head}: ${tail}` : head);

/** @param {any} d @param {string} me */
function assigned(d, me) {
  const to = d.to === me ? "you" : d.to_name || "an agent";
  const by = d.by === me ? "you" : d.by_name;
  switch (d.reason) {
    case "routing": return colon(`Assigned to ${to} by routing`, grounds(d.why));
    case "claim": return d.to === me ? "You accepted it" : `${d.to_name} accepted it`;
    case "reply": return d.to === me ? "You took it by replying" : `${d.to_name} took it by replying`;
    case "start": return d.to === me ? "You began it" : `${d.to_name} began it`;
    case "resolve": return d.to === me ? "You took it to resolve it" : `${d.to_name} took it to resolve it`;
    case "transfer": return colon(`Transferred to ${to}${by ? ` by ${by}` : ""}`, d.note);
    default: return colon(`Assigned to ${to}${by ? ` by ${by}` : ""}`, d.note);
  }
}

/** @type {Record<string, string>} */
const queuedBecause = { lost: "its agent is gone", lease: "its agent did not reply in time", reopen: "reopened while its agent is away", overflow: "it waited too long" };

/** @param {any} d @param {(queue: string) => string} queue @param {string} me */
function queued(d, queue, me) {
  const name = queue(d.queue) || "the queue";
  const by = d.by === me ? "you" : d.by_name;
  if (d.reason === "transfer" || d.reason === "supervisor") return colon(`Moved to ${name}${by ? ` by ${by}` : ""}`, d.note);
  if (d.reason === "overflow") return `Moved to ${name}: it waited too long`;
  return colon(`Waits in ${name}`, d.note || queuedBecause[d.reason]);
}

/**
 * What an event entry says.
 * @param {Entry} e @param {{me: string, queue: (id: string) => string, label: (id: string) => string}} names
 * @returns {{icon: string, text: string, tone?: string}|null} null: nothing worth a line
 */
export function card(e, names) {
  const d = e.data ?? {}; const by = d.by === names.me && d.by ? "you" : d.by_name;
  const whom = by ? ` by ${by}` : "";
  switch (e.event) {
    case "desk.ticket_opened": return { icon: "inbox", text: d.by ? `Started in ${names.queue(d.queue) || "its queue"}` : `Opened in ${names.queue(d.queue) || "its queue"}` };
    case "desk.ticket_assigned": return { icon: d.reason === "transfer" ? "transfer" : "assign", text: assigned(d, names.me), tone: d.to === names.me ? "info" : undefined };
    case "desk.ticket_queued": return { icon: d.reason === "transfer" ? "transfer" : "inbox", text: queued(d, names.queue, names.me) };
    case "desk.ticket_moved": return { icon: d.status === "on_hold" ? "pause" : d.status === "pending" ? "clock" : "undo", text: `${statusLook(d.status).word}${by ? whom : d.status === "open" ? ": the customer wrote" : ""}` };
    case "desk.ticket_reopened": return { icon: "undo", text: by ? `Reopened${whom}` : "Reopened: the customer wrote" };
    case "desk.ticket_resolved": return { icon: "check", tone: "ok", text: colon(`Resolved${by ? whom : ""}`, [d.disposition, d.note, by ? "" : reasonWord(d.reason)].filter(Boolean).join(". ")) };
    case "desk.ticket_closed": return { icon: "lock", text: colon(`Closed${whom}`, d.reason === "agent" ? "" : reasonWord(d.reason)) };
    case "desk.ticket_marked": {
      const marks = [...(d.tags ?? []), ...(d.labels ?? []).map(names.label)].filter(Boolean);
      return { icon: "tag", text: marks.length ? `Marked: ${marks.join(", ")}` : "Marks removed" };
    }
    default: return e.text ? { icon: "info", text: e.text } : null;
  }
}

/** "00:04:12", or "04:12" under an hour. @param {number} s */
export const shortClock = (s) => (s < 3600 ? clockOf(s).slice(3) : clockOf(s));
