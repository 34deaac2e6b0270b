// What this browser keeps of the person who works here: drafts, unsent messages, settings. All of it goes at sign-out.

const prefix = "tandem.desk.";
/** @param {string} key @returns {string} "" if nothing is kept */
export function recall(key) { try { return localStorage.getItem(prefix + key) ?? ""; } catch { return ""; } }
/** @param {string} key @param {string} value "" forgets it */
export function remember(key, value) {
  try { if (value) localStorage.setItem(prefix + key, value); else localStorage.removeItem(prefix + key); } catch { /* full, or a private window */ }
}
/** @template T @param {string} key @param {T} otherwise @returns {T} */
export function recallJSON(key, otherwise) { try { return JSON.parse(recall(key)) ?? otherwise; } catch { return otherwise; } }

addEventListener("leaving", () => {
  try { for (const k of Object.keys(localStorage)) if (k.startsWith(prefix)) localStorage.removeItem(k); } catch { /* a private window */ }
});
