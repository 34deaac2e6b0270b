// The phones. Ids: #power-all; each handset is .phone[data-number="+65…"] with its switch input[role=switch] and its texts
// li.text[data-id][data-status], newest first, the link in a[target=_blank].

/** @typedef {{id: string, to: string, body: string, link: string, status: string, at: string}} Text */
/** @typedef {{texts: Text[], off: string[], all_off: boolean}} Texts */

const phones = /** @type {HTMLElement} */ (document.getElementById("phones"));
const none = /** @type {HTMLElement} */ (document.getElementById("none"));
const trouble = /** @type {HTMLElement} */ (document.getElementById("trouble"));
const powerAll = /** @type {HTMLInputElement} */ (document.getElementById("power-all"));
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
/** @type {Record<string, string>} */
const words = { queued: "on its way", sent: "on its way", delivered: "delivered", undelivered: "not delivered" };
let shown = "";

/** @param {string} tag @param {Record<string, string>} attrs @param {...(Node|string)} children */
function h(tag, attrs, ...children) {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) el.setAttribute(k, v);
  el.append(...children);
  return el;
}

/** The text with its link to press. @param {Text} t */
function body(t) {
  const at = t.link ? t.body.indexOf(t.link) : -1;
  if (at < 0) return [t.body];
  return [t.body.slice(0, at), h("a", { href: t.link, target: "_blank", rel: "noopener noreferrer" }, t.link), t.body.slice(at + t.link.length)];
}

/** @param {Text} t */
const item = (t) => h("li", { class: "text", "data-id": t.id, "data-status": t.status }, h("div", { class: "bubble" }, ...body(t)),
  h("div", { class: "meta" }, `${clock.format(new Date(t.at))}, `, h("b", { "data-status": t.status }, words[t.status] ?? t.status)));

/** @param {string} number @param {Text[]} texts @param {boolean} on @param {boolean} all */
function phone(number, texts, on, all) {
  const power = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", role: "switch", class: "switch", "aria-label": `${number} is switched on` }));
  power.checked = on; power.disabled = all;
  power.addEventListener("change", () => send(number, power.checked));
  const list = h("ol", { class: "list", "aria-label": `Texts to ${number}` }, ...texts.map(item)); list.tabIndex = 0;
  const el = h("section", { class: "phone", "data-number": number, "aria-label": number },
    h("div", { class: "screen" }, h("header", { class: "phone-head" }, h("h2", {}, number), h("label", { class: "power" }, power, h("span", { class: "power-word", "aria-hidden": "true" }, on ? "On" : "Off"))), list));
  if (!on) el.setAttribute("data-off", "");
  return el;
}

/** @param {Texts} all */
function draw(all) {
  const json = JSON.stringify(all);
  if (json === shown) return;
  shown = json;
  const focused = document.activeElement?.closest("[data-number]")?.getAttribute("data-number");
  const scrolled = new Map([...phones.querySelectorAll("[data-number]")].map((p) => [p.getAttribute("data-number"), p.querySelector(".list")?.scrollTop ?? 0]));
  powerAll.checked = !all.all_off;
  if (powerAll.nextElementSibling) powerAll.nextElementSibling.textContent = all.all_off ? "Off" : "On";
  const numbers = [...new Set([...all.texts.map((t) => t.to), ...all.off])];
  phones.removeAttribute("aria-busy");
  phones.replaceChildren(...numbers.map((n) => phone(n, all.texts.filter((t) => t.to === n), !all.all_off && !all.off.includes(n), all.all_off)));
  for (const p of phones.querySelectorAll("[data-number]")) { const list = p.querySelector(".list"); if (list) list.scrollTop = scrolled.get(p.getAttribute("data-number")) ?? 0; }
  if (focused) /** @type {HTMLElement|null} */ (phones.querySelector(`[data-number="${CSS.escape(focused)}"] input`))?.focus();
  none.hidden = numbers.length > 0;
}

/** @param {RequestInit} [how] @param {string} [path] */
async function ask(how = {}, path = "/dev/phone") {
  try {
    const res = await fetch(path, { cache: "no-store", ...how, headers: { Accept: "application/json", ...how.headers } });
    if (!res.ok) throw new Error(String(res.status));
    draw(await res.json());
    trouble.hidden = true;
  } catch { trouble.hidden = false; }
}
/** @param {string} number @param {boolean} on */
const send = (number, on) => ask({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ number, on }) }, "/dev/phone/power");

powerAll.addEventListener("change", () => send("", powerAll.checked));
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
setInterval(() => { if (!document.hidden) ask(); }, 1000);
ask();
