// Puts a chat on a company's site: <script type="module" src="https://HOST/widget.js" data-key="KEY"></script>.
// The button lives in a shadow tree, and the chat in a frame of our origin, so that neither side's styles or scripts reach the
// other's. The frame tells how many messages are unread, how the button is to look and that it is to close; nothing else passes.
//
// <tandem-chat>, which the script adds, has data-open while the chat is open. In its shadow tree: #open (the button) .count
// #panel #frame #elsewhere. The module exports open and close, for a site that has buttons of its own.

/** @typedef {{tandem?: string, ready?: {fill?: string, on?: string}, unread?: number, close?: boolean, off?: boolean}} Said */

const here = new URL(import.meta.url);
/** A module has no document.currentScript: the tag is the one that names this address. */
const tag = [...document.querySelectorAll("script[data-key]")].find((s) => s instanceof HTMLScriptElement && s.src.split(/[?#]/)[0] === here.href.split(/[?#]/)[0]);
const key = tag?.getAttribute("data-key") || here.searchParams.get("key") || "";
const patience = 15_000; // ms for the frame to say something before another way is offered

const styles = `
:host { all: initial !important; position: fixed !important; inset: auto 0 0 auto !important; width: 0 !important; height: 0 !important; z-index: 2147483646 !important; display: block !important; color-scheme: light dark; }
:host([hidden]) { display: none !important; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
#open { position: fixed; right: max(1rem, env(safe-area-inset-right)); bottom: max(1rem, env(safe-area-inset-bottom)); width: 3.5rem; height: 3.5rem; margin: 0; padding: 0; border: 1px solid color-mix(in srgb, var(--on, #fff) 24%, transparent); border-radius: 50%; background: var(--fill, #2e55d6); color: var(--on, #fff); box-shadow: 0 4px 16px rgb(0 0 0 / .28); cursor: pointer; display: grid; place-items: center; font: 600 .8125rem/1.375rem system-ui, sans-serif; -webkit-tap-highlight-color: transparent; }
#open:focus-visible { outline: 3px solid #fff; outline-offset: 0; box-shadow: 0 0 0 6px #16181d, 0 4px 16px rgb(0 0 0 / .28); }
svg { width: 1.625rem; height: 1.625rem; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.count { position: absolute; top: -.25rem; right: -.25rem; min-width: 1.375rem; height: 1.375rem; padding: 0 .3rem; border-radius: 1rem; background: #c62a25; color: #fff; text-align: center; font-variant-numeric: tabular-nums; }
#panel { position: fixed; right: max(1rem, env(safe-area-inset-right)); bottom: calc(max(1rem, env(safe-area-inset-bottom)) + 4.25rem); width: min(24rem, calc(100vw - 2rem)); height: min(40rem, calc(100dvh - 6.5rem)); border-radius: 1rem; overflow: hidden; background: Canvas; color: CanvasText; box-shadow: 0 0 0 1px rgb(128 128 128 / .25), 0 12px 48px rgb(0 0 0 / .3); visibility: hidden; opacity: 0; pointer-events: none; }
:host([data-open]) #panel { visibility: visible; opacity: 1; pointer-events: auto; }
#frame { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }
#elsewhere { position: absolute; inset: 0; z-index: 1; display: grid; place-content: center; justify-items: center; gap: .75rem; padding: 1.5rem; background: Canvas; text-align: center; font: 1rem/1.5 system-ui, sans-serif; }
#elsewhere a { color: LinkText; }
#elsewhere button { font: inherit; padding: .5rem 1rem; cursor: pointer; }
@media (max-width: 30rem), (max-height: 30rem) { #panel { inset: var(--top, 0px) 0 auto 0; width: 100%; height: var(--height, 100dvh); border-radius: 0; box-shadow: none; } :host([data-open]) #open { display: none; } }
@media (prefers-reduced-motion: no-preference) { #panel { translate: 0 .75rem; transition: opacity .16s ease-out, translate .16s ease-out; } :host([data-open]) #panel { translate: none; } }
@media print { :host { display: none !important; } }`;

/** @template {keyof HTMLElementTagNameMap} K @param {K} name @param {Record<string, string>} [attrs] */
function make(name, attrs = {}) {
  const el = document.createElement(name);
  for (const [k, v] of Object.entries(attrs)) el.setAttribute(k, v);
  return el;
}

/** A drawing of one path. @param {string} d */
function drawing(d) {
  const ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg"), path = document.createElementNS(ns, "path");
  svg.setAttribute("viewBox", "0 0 24 24"); svg.setAttribute("aria-hidden", "true"); path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

class Launcher {
  #host = document.createElement("tandem-chat");
  #button = make("button", { type: "button", id: "open", "aria-expanded": "false", "aria-controls": "panel" });
  #count = make("span", { class: "count", "aria-hidden": "true", hidden: "" });
  #panel = make("div", { id: "panel", role: "dialog", "aria-label": "Chat" });
  #path; #open = false; #heard = false; #unread = 0;
  /** @type {HTMLIFrameElement|null} */ #frame = null;

  constructor() {
    const root = this.#host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); // which a site's own content policy lets pass
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    const svg = drawing("");
    this.#path = /** @type {SVGPathElement} */ (svg.firstChild);
    this.#button.append(svg, this.#count);
    root.append(this.#button, this.#panel);
    document.body.append(this.#host);
    this.#button.addEventListener("click", () => this.show(!this.#open));
    this.#host.addEventListener("keydown", (e) => { if (e.key === "Escape" && this.#open) this.show(false); });
    addEventListener("message", (e) => { if (this.#frame && e.source === this.#frame.contentWindow && e.origin === here.origin && e.data?.tandem === key) this.#hear(e.data); });
    for (const what of ["resize", "scroll"]) window.visualViewport?.addEventListener(what, () => this.#fit());
    this.#label();
    // The frame waits until the site has loaded: then it knows the chat's colour, and of answers to who has written before.
    const soon = () => ("requestIdleCallback" in window ? requestIdleCallback(() => this.#load(), { timeout: 3000 }) : setTimeout(() => this.#load(), 1000));
    if (document.readyState === "complete") soon(); else addEventListener("load", soon, { once: true });
  }

  /** @param {boolean} on */
  show(on) {
    if (on === this.#open || this.#host.hidden) return;
    this.#open = on;
    this.#load(); this.#fit();
    this.#host.toggleAttribute("data-open", on);
    this.#label(); this.#tell();
    if (on) this.#frame?.focus(); else this.#button.focus({ preventScroll: true });
  }

  #load() {
    if (this.#frame) return;
    this.#frame = make("iframe", { id: "frame", title: "Chat", src: `${here.origin}/chat?key=${encodeURIComponent(key)}` });
    this.#frame.addEventListener("load", () => this.#tell());
    this.#panel.append(this.#frame);
    setTimeout(() => { if (!this.#heard) this.#elsewhere(); }, patience);
  }

  #tell() { this.#frame?.contentWindow?.postMessage({ tandem: key, shown: this.#open }, here.origin); }

  /** @param {Said} said */
  #hear(said) {
    this.#heard = true;
    this.#panel.querySelector("#elsewhere")?.remove();
    if (said.off) { this.#open = false; this.#host.hidden = true; } // there is no such chat now
    if (said.ready) for (const [name, value] of /** @type {const} */ ([["--fill", said.ready.fill], ["--on", said.ready.on]])) {
      if (typeof value === "string" && /^#[0-9a-f]{6}$/.test(value)) this.#button.style.setProperty(name, value); else this.#button.style.removeProperty(name);
    }
    if (typeof said.unread === "number") { this.#unread = said.unread; this.#label(); }
    if (said.close) this.show(false);
  }

  #label() {
    this.#path.setAttribute("d", this.#open ? "M6 9.5l6 6 6-6" : "M4.5 5h15a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H10l-4.5 3.5V17h-1a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z");
    this.#count.hidden = this.#unread === 0 || this.#open; this.#count.textContent = this.#unread > 99 ? "99+" : String(this.#unread);
    this.#button.setAttribute("aria-expanded", String(this.#open));
    this.#button.setAttribute("aria-label", this.#open ? "Close the chat" : this.#unread ? `Open the chat, ${this.#unread} unread` : "Open the chat");
  }

  /** On a phone the panel is what the keyboard leaves of the screen. */
  #fit() {
    const v = window.visualViewport;
    if (!v || v.scale > 1.01) return;
    this.#panel.style.setProperty("--top", `${v.offsetTop}px`); this.#panel.style.setProperty("--height", `${v.height}px`);
  }

  /** The frame does not come: the site's own policy may forbid it, or the line's list of sites. */
  #elsewhere() {
    const text = make("p"), link = make("a", { href: `${here.origin}/chat?key=${encodeURIComponent(key)}`, target: "_blank", rel: "noopener" }), shut = make("button", { type: "button" });
    const box = make("div", { id: "elsewhere" });
    text.textContent = "The chat does not open here."; link.textContent = "Open it in a window of its own"; shut.textContent = "Close";
    shut.addEventListener("click", () => this.show(false));
    box.append(text, link, shut);
    this.#panel.append(box);
  }
}

/** @type {Launcher|null} */ let launcher = null;
function start() { if (!launcher && !document.querySelector("tandem-chat")) launcher = new Launcher(); }

/** Opens the chat. */
export function open() { launcher?.show(true); }
/** Closes it. */
export function close() { launcher?.show(false); }

if (!key) console.error("The chat's script tag has no data-key.");
else if (document.body) start();
else addEventListener("DOMContentLoaded", start);
