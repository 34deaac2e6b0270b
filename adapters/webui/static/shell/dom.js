// Making and finding elements. Text always goes in as text, never as HTML.

/** @typedef {Node|string|number|null|undefined|false} Child */
/** @typedef {Record<string, string|number|boolean|null|undefined|((e: any) => void)>} Attrs */

/**
 * Makes an element: h("a", {href, class: "btn", onclick}, "text", icon("plus")). False, null and undefined leave out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Attrs|null} [attrs] @param {...(Child|Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attrs, ...children) {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs ?? {})) {
    if (v === false || v === null || v === undefined) continue;
    if (typeof v === "function") el.addEventListener(k.replace(/^on/, ""), v);
    else el.setAttribute(k, v === true ? "" : String(v));
  }
  el.append(...nodes(children));
  return el;
}

/** @param {(Child|Child[])[]} children @returns {(Node|string)[]} */
export function nodes(children) {
  /** @type {(Node|string)[]} */
  const out = [];
  for (const c of children.flat()) if (c !== null && c !== undefined && c !== false) out.push(c instanceof Node ? c : String(c));
  return out;
}

/** Puts the children in place of what is there. @param {Element} el @param {...(Child|Child[])} children */
export const fill = (el, ...children) => el.replaceChildren(...nodes(children));

const sheet = new URL("../icons.svg", import.meta.url).pathname;
const svgNS = "http://www.w3.org/2000/svg";
/** @param {string} name of icons.svg @param {string} [cls] */
export function icon(name, cls = "icon") {
  const svg = document.createElementNS(svgNS, "svg");
  svg.setAttribute("class", cls); svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(svgNS, "use");
  use.setAttribute("href", `${sheet}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * The element with that id, which the page must have.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id @param {new () => T} [type]
 * @returns {T}
 */
export function need(id, type) {
  const el = document.getElementById(id);
  if (!el || !(el instanceof (type ?? HTMLElement))) throw new Error(`the page has no ${type?.name ?? "element"} #${id}`);
  return /** @type {T} */ (el);
}
/** @param {string} id */ export const input = (id) => need(id, HTMLInputElement);
/** @param {string} id */ export const button = (id) => need(id, HTMLButtonElement);
/** @param {string} id */ export const dialog = (id) => need(id, HTMLDialogElement);

/** Marks a button as working, and keeps it from being pressed again. @param {HTMLElement} b @param {boolean} on */
export function busy(b, on) {
  if (on) b.setAttribute("aria-busy", "true"); else b.removeAttribute("aria-busy");
}

/** Says something to screen readers. @param {string} text */
export function announce(text) {
  let live = document.getElementById("announcer");
  if (!live) { live = h("div", { id: "announcer", class: "sr-only", role: "status", "aria-live": "polite" }); document.body.append(live); }
  live.textContent = ""; const el = live;
  requestAnimationFrame(() => { el.textContent = text; });
}

/**
 * Shows what is wrong with a field under it, or with problem "" that nothing is.
 * @param {HTMLElement} field the control itself, inside .field
 * @param {string} problem
 */
export function fieldError(field, problem) {
  const box = field.closest(".field");
  const id = `${field.id}-error`;
  const named = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((x) => x && x !== id);
  let p = document.getElementById(id);
  if (!problem) {
    p?.remove(); field.removeAttribute("aria-invalid");
  } else {
    if (!p) { p = h("p", { id, class: "error" }); box?.append(p); }
    fill(p, icon("alert"), h("span", null, problem));
    field.setAttribute("aria-invalid", "true"); named.unshift(id);
  }
  if (named.length) field.setAttribute("aria-describedby", named.join(" ")); else field.removeAttribute("aria-describedby");
}

/** A sentence out of a field's name and what the server says about it. @param {string} name @param {string} problem */
export const fieldSentence = (name, problem) => `${name} ${problem}${/[.!?]$/.test(problem) ? "" : "."}`;
