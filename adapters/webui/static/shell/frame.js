// The frame of the signed-in pages: who is signed in, the live socket and its banner, toasts, sign-out.
// What stands in [data-need=PERMISSION] is shown to those who have the permission. Ids: #user-menu-button #user-menu #user-name #user-role #signout #connection #toasts.
import "../theme.js";
import "../ui.js";
import { api, fetchMe, forget, lastMe, sentence, toSignIn } from "./api.js";
import { announce, button, fill, h, icon, need } from "./dom.js";
import { category, initials, setZone } from "./format.js";
import { Live } from "./live.js";

/** @typedef {import("./api.js").Me} Me */

export const live = new Live();
/** @type {Record<string, string>} */
const roles = { agent: "Agent", supervisor: "Supervisor", administrator: "Administrator" };

/** @param {Me} me */
function showMe(me) {
  setZone(me.account.zone);
  fill(need("user-name"), me.user.name); fill(need("user-role"), [roles[me.user.role] ?? me.user.role, me.account.name].join(", "));
  for (const a of document.querySelectorAll("[data-me-avatar]")) { a.setAttribute("data-cat", String(category(me.user.id))); fill(a, initials(me.user.name)); }
  for (const a of document.querySelectorAll("[data-account]")) fill(a, me.account.name);
  for (const a of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-need]"))) a.hidden = !me.permissions.includes(a.dataset.need ?? "");
  button("user-menu-button").setAttribute("aria-label", `${me.user.name}, ${roles[me.user.role] ?? me.user.role}. Your menu`);
}

const before = lastMe();
if (before) showMe(before);
/** Who is signed in. Fails only with a Problem that the page shows. */
export const me = fetchMe().then((m) => { showMe(m); return m; });
me.catch(() => {}); // whoever awaits it sees it

/** @param {Me} m @param {string} permission */
export const can = (m, permission) => m.permissions.includes(permission);

// The banner comes only when the break lasts: most last less than a second.
let bannerTimer = 0;
live.onState((s) => {
  clearTimeout(bannerTimer);
  const box = need("connection");
  if (s === "up") {
    if (!box.hidden) announce("Connected again. What you see is up to date.");
    box.hidden = true;
    return;
  }
  bannerTimer = setTimeout(() => {
    if (live.state === "up") return;
    box.hidden = false;
    api("GET", "/api/session").catch(() => {}); // a session that is over closes the socket too, and leads to sign-in
  }, s === "down" ? 2500 : 6000);
});
addEventListener("signedout", () => toSignIn());

/**
 * Says something at the edge of the page. A failure stays until it is closed.
 * @param {{title: string, text?: string, tone?: "ok"|"bad"|"warn"|"info", icon?: string, action?: {name: string, run: () => void}}} o
 */
export function toast(o) {
  const el = h("div", { class: "toast", "data-tone": o.tone ?? "ok", role: o.tone === "bad" ? "alert" : "status" },
    icon(o.icon ?? (o.tone === "bad" || o.tone === "warn" ? "alert" : "check")),
    h("div", null, h("strong", null, o.title), o.text ? h("p", null, o.text) : null),
    h("div", { class: "toast-acts" },
      o.action ? h("button", { class: "btn", "data-variant": "quiet", "data-size": "sm", onclick: () => { el.remove(); o.action?.run(); } }, o.action.name) : null,
      h("button", { class: "btn", "data-variant": "quiet", "data-size": "sm", "data-icon": true, "aria-label": "Close this message", onclick: () => el.remove() }, icon("close"))));
  // A modal dialog lies over everything that is not in it.
  (document.querySelector("dialog[open]") ?? document.body).append(need("toasts"));
  need("toasts").append(el);
  if (o.tone !== "bad") setTimeout(() => el.remove(), 6000);
  return el;
}

document.addEventListener("close", (e) => { if (e.target instanceof Element && e.target.contains(need("toasts"))) document.body.append(need("toasts")); }, true);

/** Says that something failed. @param {string} title @param {unknown} err */
export const toastError = (title, err) => toast({ title, text: sentence(err), tone: "bad" });

need("signout").addEventListener("click", async () => {
  try {
    await api("DELETE", "/api/session", undefined, { open: true });
  } catch (err) {
    if (!(err instanceof Error && "status" in err && err.status === 401)) { toastError("You are still signed in", err); return; }
  }
  forget();
  dispatchEvent(new CustomEvent("leaving")); // a page forgets what it keeps of the person
  location.assign("/signin");
});
