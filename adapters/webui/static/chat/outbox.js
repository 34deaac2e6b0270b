// Sends what the visitor wrote, the oldest first. A message gets its op once, when it is written, and is kept under it until
// the server has acknowledged it: sent again after a lost answer, a reload or by another tab, it is the same message.
import { Trouble } from "./line.js";

/** @typedef {import("./store.js").Pending} Pending */
/** @typedef {import("./line.js").Message} Message */

const waits = [1000, 2000, 5000, 10_000, 20_000]; // ms before each next attempt; the last repeats

export class Outbox {
  #kept; #line; #on; #lock; #running = false; #again = false; #failed = 0; #timer = 0;

  /**
   * @param {string} key @param {import("./store.js").Keeping} kept @param {import("./line.js").Line} line
   * @param {{changed: () => void, confirmed: (m: Message) => void}} on
   */
  constructor(key, kept, line, on) { this.#lock = `tandem.chat.${key}`; this.#kept = kept; this.#line = line; this.#on = on; }

  /** @param {{text: string, files: import("./line.js").File_[], name: string, email: string}} m */
  add(m) { this.#kept.add(m); this.#on.changed(); this.kick(); }
  /** @param {Pending} p */ retry(p) { this.#kept.change({ ...p, problem: "" }); this.#on.changed(); this.kick(); }
  /** @param {Pending} p */ discard(p) { this.#kept.done(p.op); this.#on.changed(); }

  /** Sends what waits, now. */
  kick() {
    clearTimeout(this.#timer);
    if (this.#running) { this.#again = true; return; }
    if (!this.#next()) return;
    this.#running = true; this.#again = false;
    void this.#alone(() => this.#send()).finally(() => { this.#running = false; if (this.#again) this.kick(); });
  }

  #next() { return this.#kept.pending().find((p) => !p.problem); }

  /** One tab sends at a time, so that messages arrive in their order. @param {() => Promise<void>} send */
  async #alone(send) {
    if (!navigator.locks) return send();
    await navigator.locks.request(this.#lock, { ifAvailable: true }, async (lock) => { if (lock) await send(); else this.#later(waits[1]); }).catch(send);
  }
  /** @param {number} ms */
  #later(ms) { clearTimeout(this.#timer); this.#timer = setTimeout(() => this.kick(), ms); }

  async #send() {
    for (let p = this.#next(); p; p = this.#next()) {
      try {
        const m = await this.#line.write(p);
        this.#failed = 0;
        this.#on.confirmed(m);
        this.#kept.done(p.op);
      } catch (err) {
        if (!(err instanceof Trouble)) throw err;
        if (err.passing) { this.#later(Math.max(err.after * 1000, waits[Math.min(this.#failed++, waits.length - 1)])); return; }
        // An address that the server does not take is no reason to keep the message from it.
        if (p.email && err.fields.some((f) => f.name === "email")) this.#kept.change({ ...p, email: "" });
        else this.#kept.change({ ...p, problem: err.message });
      }
      this.#on.changed();
    }
  }
}
