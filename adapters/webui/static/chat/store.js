// What the visitor's browser keeps: the secret that is the visitor, and messages that the server has not acknowledged.

/** @typedef {{op: string, text: string, files: {id: string, name: string}[], name?: string, email?: string, at: string}} Pending */

/** localStorage, or for a browser that refuses it to a framed page, nothing that lasts. */
const shelf = (() => {
  try { localStorage.setItem("tandem.probe", "1"); localStorage.removeItem("tandem.probe"); return localStorage; } catch { return null; }
})();
/** @type {Map<string, string>} */ const memory = new Map();
/** @param {string} k */ const get = (k) => shelf ? shelf.getItem(k) : memory.get(k) ?? null;
/** @param {string} k @param {string} v */
const set = (k, v) => { try { if (shelf) shelf.setItem(k, v); else memory.set(k, v); } catch { memory.set(k, v); } };

/** A random text that nobody guesses. */
export const random = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export class Keeping {
  /** @param {string} key of the chat */
  constructor(key) { this.prefix = `tandem.chat.${key}.`; }
  /** The visitor's secret, made at the first use. */
  token() {
    let t = get(this.prefix + "token");
    if (!t) { t = random(); set(this.prefix + "token", t); }
    return t;
  }
  /** Messages that are to be sent, or to be sent again; the oldest first. @returns {Pending[]} */
  pending() { try { return JSON.parse(get(this.prefix + "pending") ?? "[]"); } catch { return []; } }
  /** @param {Pending} m */
  add(m) { set(this.prefix + "pending", JSON.stringify([...this.pending(), m])); }
  /** @param {string} op */
  done(op) { set(this.prefix + "pending", JSON.stringify(this.pending().filter((m) => m.op !== op))); }
  /** @param {string} [text] */
  draft(text) { if (text !== undefined) set(this.prefix + "draft", text); return get(this.prefix + "draft") ?? ""; }
  /** @param {string} [name] */
  name(name) { if (name !== undefined) set(this.prefix + "name", name); return get(this.prefix + "name") ?? ""; }
}
