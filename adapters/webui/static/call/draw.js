// Drawing a page from a state, again and again: each of these changes an element only where it differs, so that live regions
// speak of what is new and focus and animations are left alone.
import { icon } from "../shell/dom.js";

/** @param {Element} el @param {string} value */
export function put(el, value) {
  if (el.textContent !== value) el.textContent = value;
}

/** Sets attributes; false and undefined remove them. @param {Element} el @param {Record<string, string|number|boolean|undefined>} values */
export function attrs(el, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === false || value === undefined) el.removeAttribute(name);
    else if (el.getAttribute(name) !== String(value === true ? "" : value)) el.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Gives the first icon inside el another picture. @param {Element} el @param {string} name */
export function setIcon(el, name) {
  const use = el.querySelector("use");
  const want = icon(name).firstElementChild?.getAttribute("href") ?? "";
  if (use && use.getAttribute("href") !== want) use.setAttribute("href", want);
}

/** Shows a stream in a video element, and lets it go with null. @param {HTMLVideoElement} el @param {MediaStream|null} stream */
export function play(el, stream) {
  if (el.srcObject === stream) return Promise.resolve(true);
  el.srcObject = stream;
  return stream ? el.play().then(() => true, (err) => err.name !== "NotAllowedError") : Promise.resolve(true);
}

/** The name to call somebody by in a sentence. @param {string} name */
export const firstName = (name) => name.trim().split(/\s+/)[0] || name;

/** Text with **bold** parts as nodes. @param {string} marked @returns {Node[]} */
export function emphasised(marked) {
  return marked.split("**").map((part, i) => {
    if (i % 2 === 0) return document.createTextNode(part);
    const strong = document.createElement("strong");
    strong.textContent = part;
    return strong;
  });
}

/** Copies text; falls back to a selection where the clipboard is closed to pages. @param {string} value @returns {Promise<boolean>} */
export async function copy(value) {
  try { await navigator.clipboard.writeText(value); return true; } catch { /* no permission, or no secure context */ }
  const box = document.createElement("textarea");
  box.className = "sr-only";
  box.value = value;
  (document.querySelector("dialog[open]") ?? document.body).append(box);
  box.select();
  try { return document.execCommand("copy"); } catch { return false; } finally { box.remove(); }
}
