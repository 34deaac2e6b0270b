// Theme and density. The choice lives in two cookies, so that the server writes it on <html> and the first paint is
// right; without a choice the system decides. Anything with data-theme-set or data-density-set is a switch for it.
/** @typedef {"light"|"dark"|"auto"} Theme */
/** @typedef {"comfortable"|"compact"} Density */
const root = document.documentElement;
const year = 365 * 24 * 3600;

/** @param {string} name @param {string} value "" forgets it */
function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; SameSite=Lax; Max-Age=${value ? year : 0}${secure}`;
}

/** @returns {Theme} */
function theme() { return root.dataset.theme === "light" || root.dataset.theme === "dark" ? root.dataset.theme : "auto"; }
/** @param {Theme} to */
function setTheme(to) {
  if (to === "auto") delete root.dataset.theme; else root.dataset.theme = to;
  remember("theme", to === "auto" ? "" : to);
  mark();
}
/** @returns {Density} */
function density() { return root.dataset.density === "compact" ? "compact" : "comfortable"; }
/** @param {Density} to */
function setDensity(to) {
  if (to === "compact") root.dataset.density = to; else delete root.dataset.density;
  remember("density", to === "compact" ? to : "");
  mark();
}

/** Shows on every switch what is chosen. */
function mark() {
  for (const b of document.querySelectorAll("[data-theme-set][role=menuitemradio]")) b.setAttribute("aria-checked", String(/** @type {HTMLElement} */ (b).dataset.themeSet === theme()));
  for (const b of document.querySelectorAll("[data-density-set][role=menuitemradio]")) b.setAttribute("aria-checked", String(/** @type {HTMLElement} */ (b).dataset.densitySet === density()));
}

document.addEventListener("click", (e) => {
  const b = e.target instanceof Element ? e.target.closest("[data-theme-set], [data-density-set]") : null;
  if (!(b instanceof HTMLElement)) return;
  if (b.dataset.densitySet) { setDensity(b.dataset.densitySet === "compact" ? "compact" : "comfortable"); return; }
  const dark = theme() === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : theme() === "dark";
  const to = b.dataset.themeSet === "toggle" ? (dark ? "light" : "dark") : b.dataset.themeSet;
  setTheme(to === "light" || to === "dark" ? to : "auto");
});
mark();
