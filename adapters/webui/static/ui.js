// Behaviour that CSS and HTML alone cannot give: tabs, menus, dialogs, sortable tables, running clocks. It hangs on
// data-* attributes and roles, and works for whatever is added to the page later.

/** @param {string} sel @param {ParentNode} [within] @returns {HTMLElement[]} */
const all = (sel, within = document) => /** @type {HTMLElement[]} */ ([...within.querySelectorAll(sel)]);
/** @param {Event} e @param {string} sel */
const hit = (e, sel) => /** @type {HTMLElement|null} */ (e.target instanceof Element ? e.target.closest(sel) : null);

// Tabs: arrow keys move, the panel named by aria-controls shows. The tablist sends "tab" when one is chosen.
/** @param {HTMLElement} tab */
export function select(tab) {
  for (const t of all('[role="tab"]', tab.parentElement ?? document)) {
    const on = t === tab;
    t.setAttribute("aria-selected", String(on));
    t.tabIndex = on ? 0 : -1;
    const panel = document.getElementById(t.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !on;
  }
  tab.dispatchEvent(new CustomEvent("tab", { bubbles: true }));
}
document.addEventListener("click", (e) => { const t = hit(e, '[role="tab"]'); if (t) select(t); });
document.addEventListener("keydown", (e) => {
  const t = hit(e, '[role="tab"]');
  if (!t || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(e.key)) return;
  const tabs = all('[role="tab"]', t.parentElement ?? document);
  const i = tabs.indexOf(t);
  const to = e.key === "Home" ? 0 : e.key === "End" ? tabs.length - 1 : (i + (e.key === "ArrowRight" ? 1 : -1) + tabs.length) % tabs.length;
  e.preventDefault(); select(tabs[to]); tabs[to].focus();
});

// Dialogs: <button data-dialog="id">, and data-close inside. With autofocus on the dialog itself no control is focused
// first: right where the first one is Close. The browser gives the focus back to where it was.
/** @param {HTMLElement|null} d */
export function show(d) {
  if (!(d instanceof HTMLDialogElement) || d.open) return;
  for (const o of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[open]"))) o.close();
  d.showModal();
  if (d.autofocus) d.focus();
}

// Menus: <button aria-haspopup data-menu="id"> and <div popover id class="menu">.
/** @param {HTMLElement} button @param {HTMLElement} menu */
function place(button, menu) {
  const b = button.getBoundingClientRect();
  const { offsetWidth: w, offsetHeight: h } = menu;
  const end = button.dataset.align === "end";
  menu.style.left = `${Math.max(8, Math.min(end ? b.right - w : b.left, innerWidth - w - 8))}px`;
  const below = b.bottom + 6;
  menu.style.top = `${below + h > innerHeight - 8 && b.top - h - 6 > 8 ? b.top - h - 6 : below}px`;
}
/** @param {HTMLElement} button */
function openMenu(button) {
  const menu = document.getElementById(button.dataset.menu ?? "");
  if (!menu) return;
  menu.showPopover(); place(button, menu);
  const first = menu.querySelector("[autofocus]") ?? menu.querySelector('[aria-checked="true"], .menu-item, input');
  if (first instanceof HTMLElement) first.focus(first.matches("input[type=search]") ? {} : { preventScroll: true });
}
document.addEventListener("toggle", (e) => { // of any popover: the event does not bubble
  if (!(e.target instanceof HTMLElement) || !e.target.popover) return;
  const open = e.target.matches(":popover-open");
  for (const b of all(`[data-menu="${e.target.id}"]`)) b.setAttribute("aria-expanded", String(open));
}, true);
document.addEventListener("click", (e) => {
  const b = hit(e, "[data-menu]");
  if (b) {
    const menu = document.getElementById(b.dataset.menu ?? "");
    if (menu?.matches(":popover-open")) menu.hidePopover(); else openMenu(b);
    return;
  }
  const d = hit(e, "[data-dialog]"); if (d) show(document.getElementById(d.dataset.dialog ?? ""));
  if (hit(e, "[data-close]")) /** @type {HTMLDialogElement|null} */ (hit(e, "dialog"))?.close();
});
document.addEventListener("keydown", (e) => {
  const m = hit(e, ".menu"); if (!m || !["ArrowDown", "ArrowUp", "Home", "End"].includes(e.key)) return;
  const items = all(".menu-item:not(:disabled)", m).filter((i) => i.offsetParent !== null || getComputedStyle(i).position === "fixed");
  if (!items.length || (e.target instanceof HTMLInputElement && e.target.type === "search")) return;
  const i = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = e.key === "Home" ? 0 : e.key === "End" ? items.length - 1 : (i + (e.key === "ArrowDown" ? 1 : -1) + items.length) % items.length;
  e.preventDefault(); items[to].focus();
});

// Sortable tables: th[aria-sort] > button.table-sort. Reads data-sort or the text of the cell.
document.addEventListener("click", (e) => {
  const b = hit(e, ".table-sort"); const th = b?.closest("th"); const table = b?.closest("table");
  if (!th || !table?.tBodies[0]) return;
  const up = th.getAttribute("aria-sort") !== "ascending";
  for (const o of all("th[aria-sort]", table)) o.setAttribute("aria-sort", "none");
  th.setAttribute("aria-sort", up ? "ascending" : "descending");
  /** @param {HTMLTableRowElement} r */
  const key = (r) => r.cells[th.cellIndex].dataset.sort ?? r.cells[th.cellIndex].textContent?.trim() ?? "";
  const rows = [...table.tBodies[0].rows].sort((a, c) => key(a).localeCompare(key(c), undefined, { numeric: true }) * (up ? 1 : -1));
  table.tBodies[0].append(...rows);
});

// Running clocks: <time data-clock="754"> counts on from that many seconds, from when the figure was set; a new figure
// sets it anew. data-short leaves the hours away while there are none.
/** @type {WeakMap<HTMLElement, {figure: string, at: number}>} */
const clocks = new WeakMap();
/** @param {number} s @param {boolean} [short] */
export const clock = (s, short = false) => [Math.floor(s / 3600), Math.floor(s / 60) % 60, Math.floor(s) % 60].slice(short && s < 3600 ? 1 : 0).map((n) => String(n).padStart(2, "0")).join(":");
export function tick() {
  for (const t of all("[data-clock]")) {
    const figure = t.dataset.clock ?? "0";
    let c = clocks.get(t);
    if (c?.figure !== figure) { c = { figure, at: performance.now() }; clocks.set(t, c); }
    const text = clock(Number(figure) + (performance.now() - c.at) / 1000, t.hasAttribute("data-short"));
    if (t.textContent !== text) t.textContent = text;
  }
}
setInterval(tick, 500);
