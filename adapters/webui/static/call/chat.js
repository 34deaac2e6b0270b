// The chat of a call: what the room has, and what is still on its way there.
//
// A message that was written stays in the outbox, through reconnects and reloads, until the room has given it a number. Each has a
// name (op) that stays the same when it is sent again, so that it is neither lost nor doubled.
import { newKey, Problem } from "../shell/api.js";
import { recall, remember } from "./store.js";

/** @typedef {import("./wire.js").Message} Message */
/** @typedef {{op: string, text: string, at: string, problem?: string}} Outgoing */

/** The messages of one call, for one seat. */
export class Chat {
  /** @type {Message[]} in their order */ messages = [];
  /** @type {Outgoing[]} oldest first */ outbox = [];
  limit = 0; // characters; 0 before the room has said
  #key; #seat; #send; #change; #flushing = false; #reading = false;

  /**
   * @param {string} call @param {import("./wire.js").Seat} seat
   * @param {(t: string, p: unknown) => Promise<{p: any}>} send asks the room; rejects with a Problem
   * @param {() => void} change
   */
  constructor(call, seat, send, change) {
    this.#key = `tandem.${call}.outbox`;
    this.#seat = seat;
    this.#send = send;
    this.#change = change;
    try { this.outbox = JSON.parse(recall("session", this.#key) || "[]"); } catch { /* not ours */ }
  }

  /** The last message before the first gap: the room sends what comes after it. */
  get lastN() {
    let n = 0;
    for (const m of this.messages) {
      if (m.n !== n + 1) break;
      n = m.n;
    }
    return n;
  }

  /** Writes a message. @param {string} text */
  write(text) {
    this.outbox.push({ op: newKey(), text, at: new Date().toISOString() });
    this.#keep();
    return this.flush();
  }

  /** Sends a refused message once more. @param {string} op */
  again(op) {
    const m = this.outbox.find((m) => m.op === op);
    if (!m) return;
    delete m.problem;
    this.#keep();
    this.flush();
  }

  /** Forgets a refused message. @param {string} op */
  discard(op) {
    this.outbox = this.outbox.filter((m) => m.op !== op);
    this.#keep();
  }

  /** Takes in messages of the room; those it has already are no news. @param {Message[]} news */
  merge(news) {
    const known = new Set(this.messages.map((m) => m.n));
    const fresh = news.filter((m) => !known.has(m.n) && known.add(m.n));
    this.messages = [...this.messages, ...fresh].sort((a, b) => a.n - b.n);
    this.outbox = this.outbox.filter((o) => !news.some((m) => m.op === o.op && m.from === this.#seat));
    this.#keep();
  }

  /**
   * Reads on after the last message before a gap, until there is no more. The room's welcome brings the beginning; a reading that the
   * socket's loss cuts short begins again with the next welcome.
   */
  async read() {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let more = true; more;) more = await this.#page();
    } finally {
      this.#reading = false;
    }
  }

  /** Reads one page and reports whether there is another. */
  async #page() {
    const after = this.lastN;
    try {
      const { p } = await this.#send("chat.read", { after_n: after });
      this.merge(p.messages ?? []);
      return !!p.more && this.lastN > after; // a page that brings nothing new is the last
    } catch (err) {
      if (!(err instanceof Problem && err.kind === "busy")) return false;
      await pause(err);
      return true;
    }
  }

  /** Sends what waits, one after the other so that the order stays. Called again whenever the room says welcome. */
  async flush() {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      for (let m; (m = this.outbox.find((m) => !m.problem));) {
        if (!await this.#deliver(m)) break;
      }
    } finally {
      this.#flushing = false;
    }
  }

  /** Reports whether to go on with the next one. @param {Outgoing} m */
  async #deliver(m) {
    try {
      const { p } = await this.#send("chat.send", { op: m.op, text: m.text });
      this.merge([p.message]);
    } catch (err) {
      const p = err instanceof Problem ? err : new Problem(0, { kind: "internal", detail: String(err) });
      if (p.kind === "lost") return false;
      if (p.kind === "busy") {
        await pause(p);
        return true;
      }
      m.problem = p.fields[0] ? `${p.fields[0].name} ${p.fields[0].problem}` : p.message;
      this.#keep();
    }
    return true;
  }

  #keep() {
    remember("session", this.#key, this.outbox.length ? JSON.stringify(this.outbox) : "");
    this.#change();
  }
}

/** Waits as long as the room asks. @param {Problem} p */
const pause = (p) => new Promise((done) => setTimeout(done, 1000 * (p.retryAfter || 2)));
