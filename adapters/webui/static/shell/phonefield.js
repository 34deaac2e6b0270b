// A phone number with its country: a picker with search, and the number. <div class="joined" data-phone="ID"> gets
// #ID, the number, #ID-country, the picker, and #ID-search within it; choices are [data-region=SG].
import { api } from "./api.js";
import { h, icon } from "./dom.js";
import { callingCode, country, phone } from "./format.js";

/** @typedef {{region: string, code: number}} Region */
/** @type {Promise<Region[]>|null} */
let regions = null;
/** @returns {Promise<Region[]>} */
const all = () => (regions ??= api("GET", "/api/regions").then((r) => r.regions, (err) => { regions = null; throw err; }));

/** @param {string} s without marks and case, for searching */
const plain = (s) => s.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export class PhoneField {
  #region = "";
  /** @type {Region[]} */ #list = [];
  /** @param {string} id */
  constructor(id) {
    const box = document.querySelector(`[data-phone="${id}"]`);
    if (!(box instanceof HTMLElement)) throw new Error(`the page has no phone field ${id}`);
    this.code = h("span", { class: "num" }, "+");
    this.input = h("input", { class: "input num grow", id, name: "phone", type: "tel", inputmode: "tel", autocomplete: "off", maxlength: "40", oninput: () => this.#typed() });
    this.search = h("input", { class: "input", id: `${id}-search`, type: "search", placeholder: "Country or code", "aria-label": "Find a country", autocomplete: "off", spellcheck: "false", role: "combobox", "aria-expanded": "true", "aria-controls": `${id}-list`, "aria-autocomplete": "list", autofocus: true, oninput: () => this.#show(), onkeydown: (/** @type {KeyboardEvent} */ e) => this.#key(e) });
    this.options = h("div", { class: "country-list", id: `${id}-list`, role: "listbox", "aria-label": "Countries", onclick: (/** @type {MouseEvent} */ e) => this.#click(e) });
    this.menu = h("div", { class: "menu country-menu", id: `${id}-menu`, popover: "auto" }, h("div", { class: "country-search" }, this.search), this.options);
    this.picker = h("button", { type: "button", class: "btn country-btn", id: `${id}-country`, "aria-haspopup": "dialog", "aria-expanded": "false", "data-menu": `${id}-menu`, "aria-label": "Country" }, this.code, icon("chevron-down"));
    box.append(this.picker, this.input);
    (box.closest(".field") ?? box).append(this.menu);
    this.menu.addEventListener("beforetoggle", (e) => { if (/** @type {ToggleEvent} */ (e).newState === "open") { this.search.value = ""; this.#show(); } });
  }

  /** @param {string} region chosen for numbers without a country code */
  async load(region) {
    if (!this.#region) this.#set(region);
    this.#list = (await all()).slice().sort((a, b) => country(a.region).localeCompare(country(b.region)));
    this.#set(this.#region || region);
    if (this.menu.matches(":popover-open")) this.#show();
  }

  /** What was entered: the number as typed, and the country it belongs to if it names none itself. */
  get value() { return { phone: this.input.value.trim(), region: this.#region }; }
  /** @param {string} e164 @param {string} [region] */
  set(e164, region) {
    const code = callingCode(e164);
    this.input.value = phone(e164).slice(code.length + 2); // "7700 900123" of "+44 7700 900123"
    this.#set(region || this.#list.find((r) => String(r.code) === code)?.region || this.#region);
    if (String(this.#of(this.#region)?.code ?? "") !== code) this.input.value = e164; // its country is not known here
  }
  clear() { this.input.value = ""; }

  /** @param {string} region */
  #of(region) { return this.#list.find((r) => r.region === region); }
  /** @param {string} region */
  #set(region) {
    this.#region = region;
    const r = this.#of(region);
    this.code.textContent = r ? `${r.region} +${r.code}` : region;
    this.picker.setAttribute("aria-label", r ? `Country: ${country(region)}, +${r.code}` : "Country");
  }
  /** A number that begins with + carries its own country: the picker follows it. */
  #typed() {
    const v = this.input.value.replace(/[^\d+]/g, "").replace(/^00/, "+");
    if (!/^\+\d{2,}/.test(v)) return;
    const code = callingCode(v);
    if (String(this.#of(this.#region)?.code) === code) return;
    const found = this.#list.filter((r) => String(r.code) === code);
    const main = { 1: "US", 44: "GB", 7: "RU", 39: "IT", 47: "NO", 61: "AU", 212: "MA", 262: "RE", 358: "FI", 590: "GP", 599: "CW" }[code];
    const to = found.find((r) => r.region === main) ?? found[0];
    if (to) this.#set(to.region);
  }

  #show() {
    const q = plain(this.search.value.trim().replace(/^\+/, ""));
    const found = this.#list.filter((r) => !q || plain(country(r.region)).split(/[\s(-]+/).some((w) => w.startsWith(q)) || plain(country(r.region)).startsWith(q) || r.region.toLowerCase() === q || String(r.code).startsWith(q));
    const exact = found.findIndex((r) => r.region.toLowerCase() === q || plain(country(r.region)) === q);
    if (exact > 0) found.unshift(...found.splice(exact, 1));
    this.options.replaceChildren(...(found.length ? found.map((r, i) => h("div", { class: "menu-item", role: "option", id: `${this.options.id}-${r.region}`, "data-region": r.region, "aria-selected": String(q ? i === 0 : r.region === this.#region) }, h("span", { class: "grow truncate" }, country(r.region)), h("span", { class: "num muted" }, `+${r.code}`))) : [h("p", { class: "menu-title" }, this.#list.length ? "No country is called so." : "The list of countries has not come yet.")]));
    this.#mark(this.options.querySelector('[aria-selected="true"]'));
  }
  /** @param {Element|null} o */
  #mark(o) {
    for (const x of this.options.querySelectorAll('[aria-selected="true"]')) x.setAttribute("aria-selected", "false");
    if (!o) { this.search.removeAttribute("aria-activedescendant"); return; }
    o.setAttribute("aria-selected", "true"); this.search.setAttribute("aria-activedescendant", o.id);
    // Only the list scrolls: scrollIntoView would move the dialog behind it as well.
    const box = this.options; const at = /** @type {HTMLElement} */ (o);
    if (at.offsetTop < box.scrollTop) box.scrollTop = at.offsetTop; else if (at.offsetTop + at.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = at.offsetTop + at.offsetHeight - box.clientHeight;
  }
  /** @param {KeyboardEvent} e */
  #key(e) {
    const items = [...this.options.querySelectorAll('[role="option"]')];
    const at = items.findIndex((x) => x.getAttribute("aria-selected") === "true");
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); this.#mark(items[Math.max(0, Math.min(items.length - 1, at + (e.key === "ArrowDown" ? 1 : -1)))] ?? null); }
    else if (e.key === "Enter") { e.preventDefault(); this.#choose(items[at]); }
  }
  /** @param {MouseEvent} e */
  #click(e) { this.#choose(e.target instanceof Element ? e.target.closest('[role="option"]') : null); }
  /** @param {Element|null|undefined} o */
  #choose(o) {
    if (!(o instanceof HTMLElement) || !o.dataset.region) return;
    const code = String(this.#of(o.dataset.region)?.code);
    // A number typed with another country's code would go there whatever is chosen: keep what follows the code.
    const typed = this.input.value.trim();
    if (typed.startsWith("+") && callingCode(typed) !== code) this.input.value = typed.slice(1 + callingCode(typed).length).trim();
    this.#set(o.dataset.region);
    this.menu.hidePopover(); this.input.focus();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
