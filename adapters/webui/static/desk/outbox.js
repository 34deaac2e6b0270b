// What has been written and is not confirmed: it is kept across reloads, and sent again under the name of the first
// attempt, so that the customer never reads it twice.
import { newKey, Problem, sentence } from "../shell/api.js";
import { sendNote, sendReply } from "./api.js";
import { recallJSON, remember } from "./store.js";

/** @typedef {import("./entry.js").Unsent} Unsent */
/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {import("./api.js").Ticket} Ticket */

export class Outbox {
  /** @type {Map<string, Unsent[]>} */ #all = new Map();
  /** @type {Map<string, Promise<void>>} one after the other, so that they arrive in their order */ #lines = new Map();
  #changed; #confirmed;

  /** @param {(ticket: string) => void} changed @param {(entry: Entry, ticket: Ticket|null) => void} confirmed */
  constructor(changed, confirmed) { this.#changed = changed; this.#confirmed = confirmed; }

  /** @param {string} ticket */
  of(ticket) {
    let out = this.#all.get(ticket);
    if (!out) {
      // Whatever was under way when the page went may have arrived; with the same name it arrives once.
      out = /** @type {Unsent[]} */ (recallJSON(`out.${ticket}`, [])).map((u) => ({ ...u, problem: u.problem || "the page was left before the server answered" }));
      this.#all.set(ticket, out);
    }
    return out;
  }
  /** @param {string} ticket */
  #keep(ticket) { const all = this.of(ticket); remember(`out.${ticket}`, all.length ? JSON.stringify(all) : ""); this.#changed(ticket); }

  /** @param {string} ticket @param {Pick<Unsent, "kind"|"text"|"files">} what */
  add(ticket, what) {
    const u = { ...what, op: newKey(), at: new Date().toISOString(), problem: "" };
    this.of(ticket).push(u); this.#keep(ticket); this.#queue(ticket, u);
  }
  /** @param {string} ticket @param {string} op @param {"again"|"discard"} what */
  act(ticket, op, what) {
    const u = this.of(ticket).find((x) => x.op === op);
    if (!u || !u.problem) return;
    if (what === "discard") this.#all.set(ticket, this.of(ticket).filter((x) => x.op !== op));
    else u.problem = "";
    this.#keep(ticket);
    if (what === "again") this.#queue(ticket, u);
  }
  /** What the server has is no longer unsent. @param {string} ticket @param {Entry[]} entries */
  settle(ticket, entries) {
    const ops = new Set(entries.map((e) => e.op)); const left = this.of(ticket).filter((u) => !ops.has(u.op));
    if (left.length !== this.of(ticket).length) { this.#all.set(ticket, left); this.#keep(ticket); }
  }

  /** @param {string} ticket @param {Unsent} u */
  #queue(ticket, u) {
    const line = (this.#lines.get(ticket) ?? Promise.resolve()).then(() => this.#send(ticket, u));
    this.#lines.set(ticket, line);
  }
  /** @param {string} ticket @param {Unsent} u */
  async #send(ticket, u) {
    try {
      const got = u.kind === "note" ? { ...(await sendNote(ticket, { op: u.op, text: u.text })), ticket: null } : await sendReply(ticket, { op: u.op, text: u.text, files: u.files.map((f) => f.id) });
      this.settle(ticket, [{ ...got.entry, op: u.op }]);
      this.#confirmed(got.entry, got.ticket);
    } catch (err) {
      const s = err instanceof Problem && err.fields.length ? err.fields.map((f) => `${f.name} ${f.problem}`).join(", ") : sentence(err);
      u.problem = s.replace(/[.!?]$/, "");
      this.#keep(ticket);
    }
  }
}
