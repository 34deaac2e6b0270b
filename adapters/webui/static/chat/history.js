// The conversation as the server has it. Its order is the server's; what may still change is read again each time.
import { Trouble } from "./line.js";

/** @typedef {import("./line.js").Message} Message */

const most = 200; // messages that the server gives at once
const overlap = 10; // of what is known already: two that were written at once may be committed in the other order

export class History {
  #line; #changed; #reading = false; #again = false;
  /** @type {Message[]} */ messages = [];
  /** Acknowledged, and not read yet. @type {Message[]} */ #taken = [];
  open = false; agent = ""; known = false;

  /** @param {import("./line.js").Line} line @param {() => void} changed */
  constructor(line, changed) { this.#line = line; this.#changed = changed; }

  /** Reads what is new, and once more if it is asked to meanwhile. @returns {Promise<Trouble|null>} what went wrong */
  async refresh() {
    if (this.#reading) { this.#again = true; return null; }
    this.#reading = true;
    try {
      do { this.#again = false; while (await this.#read()); } while (this.#again);
      this.known = true; this.#changed();
      return null;
    } catch (err) { return err instanceof Trouble ? err : new Trouble(0); } finally { this.#reading = false; }
  }

  /** Reads one page, and says whether there are more. */
  async #read() {
    const changing = this.messages.findIndex((m) => !m.seen);
    const upTo = Math.min(changing < 0 ? Infinity : changing, this.messages.length - overlap) - 1; // the last that stays as it is
    const from = Math.max(upTo, this.messages.length - most + overlap + 1); // what nobody will see any more is not waited for
    const after = from >= 0 ? this.messages[from]?.id ?? "" : "";
    let chat;
    try { chat = await this.#line.read(after); } catch (err) {
      if (!after || !(err instanceof Trouble) || err.status !== 404) throw err;
      this.messages = []; // the server does not know that message: read from the beginning
      return true;
    }
    const before = after ? this.messages.slice(0, this.messages.findIndex((m) => m.id === after) + 1) : [];
    const had = new Set(before.map((m) => m.id));
    const grown = chat.messages.length >= most && chat.messages[most - 1].id !== this.messages.at(-1)?.id;
    this.messages = [...before, ...chat.messages.filter((m) => !had.has(m.id))];
    for (const m of this.messages) had.add(m.id);
    this.#taken = this.#taken.filter((m) => !had.has(m.id)); // what was read just before it was acknowledged lacks it
    this.messages.push(...this.#taken);
    this.open = chat.open; this.agent = chat.agent;
    return after !== "" && grown;
  }

  /** Takes in a message that the server has just acknowledged; where it stands the next reading says. @param {Message} m */
  take(m) {
    if (this.messages.some((x) => x.id === m.id)) return;
    this.#taken.push(m); this.messages = [...this.messages, m];
  }
}
