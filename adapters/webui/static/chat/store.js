// What the visitor's browser keeps: the secret that is the visitor, what is being written, and the messages that the server
// has not acknowledged. Each of those has an entry of its own, so that two tabs never write over each other's.

/** @typedef {import("./line.js").File_} File_ */
/** @typedef {{op: string, n: number, text: string, files: File_[], name: string, email: string, at: string, problem: string}} Pending */

/** localStorage, or null where a browser refuses it to a framed page: then what is kept ends with the page. */
const shelf = (() => {
  try { localStorage.setItem("tandem.probe", "1"); localStorage.removeItem("tandem.probe"); return localStorage; } catch { return null; }
})();
/** What the shelf did not take. @type {Map<string, string>} */ const memory = new Map();
/** @param {string} k */ const get = (k) => memory.get(k) ?? shelf?.getItem(k) ?? "";
/** @param {string} k @param {string} v "" forgets it */
function set(k, v) {
  memory.delete(k);
  if (!v) { shelf?.removeItem(k); return; }
  try { if (shelf) { shelf.setItem(k, v); return; } } catch { /* full */ }
  memory.set(k, v);
}

/** A text that nobody guesses, of n random bytes. @param {number} n */
export const random = (n) => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(n)))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export class Keeping {
  #prefix;

  /** @param {string} key of the chat @param {() => void} changed another tab has changed what is kept */
  constructor(key, changed) {
    this.#prefix = `tandem.chat.${key}.`;
    addEventListener("storage", (e) => { if (e.key === null || e.key.startsWith(`${this.#prefix}out.`)) changed(); });
  }

  /** The visitor's secret, made at the first use: one for all tabs. */
  token() {
    const k = `${this.#prefix}token`;
    if (!get(k)) set(k, random(32));
    return get(k);
  }

  /** Messages that are to be sent, the oldest first. @returns {Pending[]} */
  pending() {
    const start = `${this.#prefix}out.`;
    const keys = new Set([...memory.keys(), ...(shelf ? Object.keys(shelf) : [])].filter((k) => k.startsWith(start)));
    return [...keys].map((k) => /** @type {Pending} */ (parse(get(k)))).filter((p) => p?.op).sort((a, b) => a.n - b.n || (a.op < b.op ? -1 : 1));
  }
  /** @param {Omit<Pending, "op"|"n"|"at"|"problem">} m @returns {Pending} */
  add(m) {
    const p = { ...m, op: random(16), n: Math.max(Date.now(), ...this.pending().map((q) => q.n + 1)), at: new Date().toISOString(), problem: "" };
    this.change(p);
    return p;
  }
  /** @param {Pending} p */ change(p) { set(`${this.#prefix}out.${p.op}`, JSON.stringify(p)); }
  /** @param {string} op */ done(op) { set(`${this.#prefix}out.${op}`, ""); }

  /** What is kept under a name of ours. @param {"text"|"name"|"email"|"used"} what */
  of(what) { return get(this.#prefix + what); }
  /** @param {"text"|"name"|"email"|"used"} what @param {string} value */
  keep(what, value) { if (value !== this.of(what)) set(this.#prefix + what, value); }

  /** Files that were uploaded for what is being written. @returns {File_[]} */
  files() { const f = parse(get(`${this.#prefix}files`)); return Array.isArray(f) ? f : []; }
  /** @param {File_[]} files */ keepFiles(files) { set(`${this.#prefix}files`, files.length ? JSON.stringify(files) : ""); }
}

/** @param {string} json @returns {any} */
function parse(json) { try { return JSON.parse(json); } catch { return null; } }
