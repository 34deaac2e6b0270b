// What a browser remembers: in this tab (session) or in general (local). A private window may refuse; then nothing is remembered.

/** @typedef {"local"|"session"} Where */

/** @param {Where} where */
function storage(where) {
  try { return where === "local" ? window.localStorage : window.sessionStorage; } catch { return undefined; }
}

/** What is remembered under the key, or "". @param {Where} where @param {string} key */
export function recall(where, key) {
  try { return storage(where)?.getItem(key) ?? ""; } catch { return ""; }
}

/** Remembers a value; "" forgets it. @param {Where} where @param {string} key @param {string} value */
export function remember(where, key, value) {
  try { if (value) storage(where)?.setItem(key, value); else storage(where)?.removeItem(key); } catch { /* full, or forbidden */ }
}
