// The desk's API: what its answers hold, and a function for each request.
import { api } from "../shell/api.js";

/** @typedef {{id: string, name: string}} Named */
/** @typedef {Named & {colour: string}} Label */
/** @typedef {{claim: boolean, reply: boolean, note?: boolean, resolve: boolean, move: boolean, transfer: boolean, assign: boolean, spam: boolean, reopen: boolean}} May */
/** @typedef {{from: "customer"|"agent"|"system", name: string, text: string, at: string, files: number}} Last */
/** @typedef {{id: string, name: string, phone?: string, email?: string, status: string}} Person */
/** @typedef {{id: string, number: number, status: "new"|"open"|"pending"|"on_hold"|"resolved"|"closed", state: string, reason?: string, channel: string, line: string, queue: string, queue_name: string, subject?: string, assignee?: Named|null, contact: Person, prev?: string, cycle: number, created_at: string, updated_at: string, queued_at: string, waiting_from?: string, assigned_at?: string, due: {kind: string, at: string}[]|null, unread: number, transfers: number, disposition?: string, tags: string[]|null, labels: Label[]|null, last?: Last|null, mine: boolean, may: May, version: number}} Ticket */
/** @typedef {{id: string, name: string, type: string, size: number, width?: number, height?: number, url: string}} File_ */
/** @typedef {{id: string, n: number, ticket: string, kind: "message"|"note"|"event", from: "customer"|"agent"|"system", user?: string, name: string, op?: string, text: string, files: File_[]|null, delivery?: string, problem?: string, at: string, seen_at?: string, event?: string, data?: any}} Entry */
/** @typedef {{id: string, name: string, phone: string, email: string, status: "active"|"inactive"|"blocked", attributes: Record<string, string>|null, identities: {line: string, kind: string, value: string}[]|null, source: string, created_at: string, seen_at?: string, version: number}} Contact */
/** @typedef {{id: string, name: string, text: string, at: string}} Note */
/** @typedef {{ticket: Ticket, contact: Contact, notes: Note[]|null, previous: Ticket[]|null, position?: {ahead: number}|null, history?: boolean}} Detail */
/** @typedef {Named & {status: string, paid: boolean, colour: string}} Code */
/** @typedef {{id: string, name: string, status: "available"|"busy"|"away"|"offline", reason?: string, chosen: string, code?: Code|null, since?: string, used: number, max: number, active: number}} Agent */
/** @typedef {{id: string, ticket: Ticket, until: string}} Offer */
/** @typedef {{key: string, name: string, type: string, options?: string[]|null}} Attribute */
/** @typedef {Named & {dispositions?: string[]|null}} Queue */
/** @typedef {Named & {kind: string, queue: string}} Line */
/** @typedef {{name: string, colour: string, category?: string}} Tag */
/** @typedef {{tags: Tag[]|null, labels: Label[]|null, queues: Queue[]|null, attributes: Attribute[]|null, lines: Line[]|null}} Arrangement */
/** @typedef {{agent: Agent, codes: Code[]|null, offers: Offer[]|null, setup: Arrangement}} DeskMe */
/** @typedef {{mine: number, unread: number, queue: number, queues: {id: string, name: string, waiting: number}[]|null, resolved: number, closed: number}} Counts */
/** @typedef {{agents: {id: string, name: string, status: string, used: number, max: number, code?: Code|null}[]|null, queues: {id: string, name: string, waiting: number}[]|null}} Targets */
/** @typedef {{q: string, channel: string, status: string, tag: string, label: string}} Filter */

const base = "/api/desk";
/** @param {string} id */ const at = (id) => `${base}/tickets/${encodeURIComponent(id)}`;
/** @param {Record<string, string|number|undefined>} q */
const query = (q) => {
  const out = new URLSearchParams();
  for (const [k, v] of Object.entries(q)) if (v !== undefined && v !== "" && v !== 0) out.set(k, String(v));
  return out.toString();
};

/** @returns {Promise<DeskMe>} */ export const fetchDesk = () => api("GET", `${base}/me`);
/** @returns {Promise<Counts>} */ export const fetchCounts = () => api("GET", `${base}/counts`);
/** @returns {Promise<Targets>} */ export const fetchTargets = () => api("GET", `${base}/targets`);
/** @param {string} status @param {string} [code] @returns {Promise<{agent: Agent}>} */
export const setStatus = (status, code) => api("POST", `${base}/me/status`, code ? { status, code } : { status });
/** @param {string} id @returns {Promise<{ticket: Ticket}>} */
export const acceptOffer = (id) => api("POST", `${base}/me/offers/${encodeURIComponent(id)}/accept`, {});
/** @param {string} id */
export const rejectOffer = (id) => api("POST", `${base}/me/offers/${encodeURIComponent(id)}/reject`, {});

/** @param {string} view @param {Partial<Filter>} [f] @param {string} [before] @param {number} [limit] @param {AbortSignal} [signal] @returns {Promise<{tickets: Ticket[], next: string}>} */
export const fetchTickets = (view, f = {}, before = "", limit = 50, signal) => api("GET", `${base}/tickets?${query({ view, ...f, before, limit })}`, undefined, { signal });
/** @param {string} id @returns {Promise<Detail>} */ export const fetchTicket = (id) => api("GET", at(id));
/** @param {string} id @param {{after?: number, before?: number, limit?: number}} [q] @returns {Promise<{entries: Entry[]}>} */
export const fetchEntries = (id, q = {}) => api("GET", `${at(id)}/entries?${query(q)}`);
/** @param {string} id @returns {Promise<{candidates: {agent: string, name?: string, eligible: boolean, problem?: string}[]}>} */
export const fetchWhy = (id) => api("GET", `${at(id)}/explain`);
/** @param {string} id @param {"claim"|"reopen"|"spam"} what @returns {Promise<{ticket: Ticket}>} */
export const act = (id, what) => api("POST", `${at(id)}/${what}`, {});
/** @param {string} id */ export const markRead = (id) => api("POST", `${at(id)}/read`, {});
/** @param {string} id @param {string} status @returns {Promise<{ticket: Ticket}>} */
export const moveTo = (id, status) => api("POST", `${at(id)}/status`, { status });
/** @param {string} id @param {{disposition?: string, note?: string}} how @returns {Promise<{ticket: Ticket}>} */
export const resolve = (id, how) => api("POST", `${at(id)}/resolve`, how);
/** @param {string} id @param {{agent?: string, queue?: string, note?: string, override?: boolean}} to @returns {Promise<{ticket: Ticket}>} */
export const transfer = (id, to) => api("POST", `${at(id)}/transfer`, to);
/** @param {string} id @param {string[]} tags @param {string[]} labels @returns {Promise<{ticket: Ticket}>} */
export const setMarks = (id, tags, labels) => api("PUT", `${at(id)}/marks`, { tags, labels });
/** @param {string} id @param {{op: string, text: string, files: string[]}} m @returns {Promise<{entry: Entry, ticket: Ticket}>} */
export const sendReply = (id, m) => api("POST", `${at(id)}/replies`, m);
/** @param {string} id @param {{op: string, text: string}} m @returns {Promise<{entry: Entry}>} */
export const sendNote = (id, m) => api("POST", `${at(id)}/notes`, m);
/** @param {{contact: string, line: string, queue?: string, text: string, op: string}} m @returns {Promise<{ticket: Ticket}>} */
export const startTicket = (m) => api("POST", `${base}/tickets`, m);
/** @param {string} id @param {Partial<Pick<Contact, "name"|"phone"|"email"|"attributes"|"status">>} change @returns {Promise<{contact: Contact}>} */
export const changeContact = (id, change) => api("PATCH", `${base}/contacts/${encodeURIComponent(id)}`, change);
/** @param {string} id @param {string} text @returns {Promise<{note: Note}>} */
export const noteContact = (id, text) => api("POST", `${base}/contacts/${encodeURIComponent(id)}/notes`, { text });
