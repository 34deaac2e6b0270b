// The HTTP API as the pages use it: JSON in and out, failures as Problem, a session that is over leads to sign-in.

/** @typedef {{name: string, problem: string}} Field */
/** @typedef {{id: string, name: string, email: string, role: string}} User */
/** @typedef {{user: User, account: {id: string, name: string, zone: string, region: string}, permissions: string[]}} Me */
/** @typedef {{id: string, channel: string, phone?: string, status: string, problem?: string, created_at: string, expires_at: string, sent_at?: string, delivered_at?: string, opened_at?: string, redeemed_at?: string}} Invite */
/** @typedef {{seat: string, name: string, status: string, browser?: string, permission?: {mic?: string, cam?: string}, joined_at?: string, up_at?: string, lost_at?: string, left_at?: string, losses: number}} Leg */
/** @typedef {{seat: string, stars: number, comment?: string, at: string}} Rating */
/** @typedef {{n: number, op: string, from: "agent"|"customer", name: string, text: string, at: string}} Message */
/** @typedef {{id: string, reference: string, status: string, end_reason?: string, ended_by?: string, lost?: string[], agent: {id?: string, name: string}, customer: string, created_at: string, waiting_at?: string, answered_at?: string, ended_at?: string, talk_seconds: number, reconnects: number, messages: number, legs: Leg[]|null, ratings: Rating[]|null, phone?: string, country?: string, previous?: string, invites?: Invite[], knock?: {id: string, name: string, browser: string, at: string}, resend_at?: string, due_at?: string}} Call */
/** @typedef {{bitrate: number, loss: number, jitter_ms: number}} Flow */
/** @typedef {{seat: string, candidate: string, protocol: string, rtt_ms: number, samples: number, in: Flow, out: Flow}} Quality */

/** A failure that the server described, or that kept us from reaching it (status 0). */
export class Problem extends Error {
  /** @param {number} status @param {{title?: string, detail?: string, kind?: string, fields?: Field[], retry_after?: number, instance?: string}} body */
  constructor(status, body) {
    super(body.detail || body.title || "Something went wrong.");
    this.status = status;
    this.kind = body.kind ?? "";
    this.fields = body.fields ?? [];
    this.retryAfter = body.retry_after ?? 0;
    this.instance = body.instance ?? "";
  }
}

/**
 * Whatever went wrong, as a sentence for a person.
 * @param {unknown} err
 */
export function sentence(err) {
  if (!(err instanceof Problem)) return "Something went wrong in this page. Reload it and try again.";
  if (err.status >= 500) return `The server could not do it.${err.instance ? ` If it happens again, report ${err.instance}.` : " Try again in a moment."}`;
  const s = err.message.trim();
  return s.charAt(0).toUpperCase() + s.slice(1) + (/[.!?]$/.test(s) ? "" : ".");
}

/** Names one attempt: sent again after a lost answer, the server carries it out once. */
export const newKey = () => (crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join(""));

/**
 * Calls the API and returns the answer's JSON, null if it has none.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{key?: string, signal?: AbortSignal, open?: boolean}} [how] key: Idempotency-Key; open: a 401 is an answer like others
 * @returns {Promise<any>}
 */
export async function api(method, path, body, how = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (how.key) headers["Idempotency-Key"] = how.key;
  /** @type {Response} */
  let res;
  try {
    res = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: how.signal, cache: "no-store" });
  } catch (err) {
    if (how.signal?.aborted) throw err;
    throw new Problem(0, { detail: navigator.onLine ? "The server did not answer. Check the connection and try again." : "This computer is offline. Try again when it is connected." });
  }
  if (res.status === 401 && !how.open) { toSignIn(); return new Promise(() => {}); }
  const json = /json/.test(res.headers.get("Content-Type") ?? "");
  const answer = json ? await res.json().catch(() => null) : null;
  if (res.ok) return answer;
  const retry = Number(res.headers.get("Retry-After"));
  throw new Problem(res.status, { retry_after: Number.isFinite(retry) ? retry : 0, ...(answer ?? { detail: `The server answered ${res.status}.` }) });
}

/** Where to sign in, and come back from. */
export function toSignIn() {
  forget();
  location.replace(`/signin?ended=1&next=${encodeURIComponent(location.pathname + location.search)}`);
}

const slot = "tandem.me";
/** Who was signed in when a page last asked: good for a first paint, never for a decision. @returns {Me|null} */
export function lastMe() { try { return JSON.parse(sessionStorage.getItem(slot) ?? "null"); } catch { return null; } }
/** @returns {Promise<Me>} */
export async function fetchMe() {
  const me = await api("GET", "/api/session");
  try { sessionStorage.setItem(slot, JSON.stringify(me)); } catch { /* private window */ }
  return me;
}
/** Leaves nothing of the person in this tab. */
export function forget() { try { sessionStorage.clear(); } catch { /* private window */ } }

/** @param {string} id @returns {Promise<Call>} */
export const fetchCall = async (id) => (await api("GET", `/api/calls/${encodeURIComponent(id)}`)).call;

/** The chat of a call, page by page. @param {string} id @param {number} [after] the last message that is not wanted @returns {Promise<Message[]>} */
export async function fetchMessages(id, after = 0) {
  const all = [];
  for (let next = after; ;) {
    const page = await api("GET", `/api/calls/${encodeURIComponent(id)}/messages?after=${next}&limit=500`);
    all.push(...page.messages ?? []);
    if (!(page.next > next)) return all;
    next = page.next;
  }
}
