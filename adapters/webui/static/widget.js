// Puts a chat on a company's site: <script type="module" src="https://HOST/widget.js" data-key="KEY"></script>.
// The button lives in a shadow tree and the chat in a frame of our origin, so that neither side's styles or scripts reach the other.
const here = new URL(import.meta.url);
const tag = [...document.querySelectorAll("script[data-key]")].find((s) => s instanceof HTMLScriptElement && new URL(s.src, location.href).href.split("?")[0] === here.href.split("?")[0]);
const key = tag?.getAttribute("data-key") ?? "";

const css = new CSSStyleSheet();
css.replaceSync(`
:host { all: initial; position: fixed; inset: auto 0 0 auto; z-index: 2147483000; color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif; }
button { position: fixed; right: max(1rem, env(safe-area-inset-right)); bottom: max(1rem, env(safe-area-inset-bottom)); width: 3.75rem; height: 3.75rem; border: 0; border-radius: 50%; background: var(--chat, #2e55d6); color: var(--on-chat, #fff); box-shadow: 0 4px 16px rgb(0 0 0 / .28); cursor: pointer; display: grid; place-items: center; }
button:focus-visible { outline: 3px solid #fff; outline-offset: -6px; box-shadow: 0 0 0 3px #16181d, 0 4px 16px rgb(0 0 0 / .28); }
svg { width: 1.75rem; height: 1.75rem; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.count { position: absolute; top: -.125rem; right: -.125rem; min-width: 1.375rem; height: 1.375rem; padding: 0 .3rem; box-sizing: border-box; border-radius: 1rem; background: #c62a25; color: #fff; font-size: .8125rem; font-weight: 600; line-height: 1.375rem; text-align: center; }
iframe { position: fixed; right: 1rem; bottom: 5.5rem; width: min(24rem, calc(100vw - 2rem)); height: min(38rem, calc(100dvh - 7rem)); border: 0; border-radius: 1rem; box-shadow: 0 12px 48px rgb(0 0 0 / .3); background: Canvas; }
[hidden] { display: none; }
@media (max-width: 480px) { iframe { inset: 0; width: 100vw; height: 100dvh; border-radius: 0; } :host([data-open]) button { display: none; } }
@media (prefers-reduced-motion: no-preference) { iframe:not([hidden]) { animation: rise .16s ease-out; } @keyframes rise { from { opacity: 0; transform: translateY(.75rem); } } }`);

function start() {
  const host = document.createElement("tandem-chat");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [css];
  const button = document.createElement("button");
  button.type = "button"; button.id = "open"; button.setAttribute("aria-label", "Open the chat"); button.setAttribute("aria-expanded", "false");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24"); svg.setAttribute("aria-hidden", "true"); path.setAttribute("d", "M4 5h16v11H9l-5 4z");
  svg.append(path);
  const count = document.createElement("span");
  count.className = "count"; count.hidden = true;
  button.append(svg, count);
  root.append(button);
  document.body.append(host);
  /** @type {HTMLIFrameElement|null} */ let frame = null;

  const load = () => {
    if (frame) return frame;
    frame = document.createElement("iframe");
    frame.title = "Chat"; frame.hidden = true; frame.allow = "clipboard-write";
    frame.src = `${here.origin}/chat?key=${encodeURIComponent(key)}`;
    root.append(frame);
    return frame;
  };
  const opened = () => frame !== null && !frame.hidden;
  const tell = () => frame?.contentWindow?.postMessage({ tandem: key, shown: opened() && !document.hidden }, here.origin);
  /** @param {boolean} on */
  const show = (on) => {
    load().hidden = !on;
    host.toggleAttribute("data-open", on);
    button.setAttribute("aria-expanded", String(on)); button.setAttribute("aria-label", on ? "Close the chat" : "Open the chat");
    tell();
    if (on) frame?.focus(); else button.focus();
  };
  button.addEventListener("click", () => show(!opened()));
  document.addEventListener("visibilitychange", tell);
  addEventListener("message", (e) => {
    if (!frame || e.source !== frame.contentWindow || e.origin !== here.origin || e.data?.tandem !== key) return;
    if (e.data.ready) { tell(); try { localStorage.setItem("tandem.chat", "1"); } catch { /* nothing is kept then */ } }
    if (e.data.close) show(false);
    if (typeof e.data.unread === "number") {
      count.hidden = e.data.unread === 0; count.textContent = String(e.data.unread);
      button.setAttribute("aria-label", opened() ? "Close the chat" : e.data.unread ? `Open the chat, ${e.data.unread} unread` : "Open the chat");
    }
  });
  // Who has chatted before hears of answers without opening anything.
  try { if (localStorage.getItem("tandem.chat")) load(); } catch { /* as for a new visitor */ }
}

if (!key) console.error("The chat's script tag has no data-key.");
else if (document.body) start();
else addEventListener("DOMContentLoaded", start);
