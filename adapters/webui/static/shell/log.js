// Call log. Ids: #log-search #log-status (menu #log-status-menu with input[name=status]) #log-agent #log-from #log-to
// #log-clear #log #log-count #load-more; rows tr[data-call=ID]. The filters are kept in the address, so that a link or
// Back shows the same list.
import { api, fetchCall, sentence } from "./api.js";
import { emptyState, filters } from "./calls.js";
import { busy, button, fill, h, icon, input, need } from "./dom.js";
import { dayStart, number, zoneName } from "./format.js";
import { can, live, me, toastError } from "./frame.js";
import { row, skeletonRows, table } from "./row.js";
import { openStart } from "./start.js";

/** @typedef {import("./api.js").Call} Call */
/** @typedef {{q: string, status: string[], agent: string, from: string, to: string}} Filter */

const size = 50;
/** @type {Call[]} */ let calls = [];
let next = ""; let reader = { me: "", agents: false }; let round = 0;
/** @type {Filter} */ let filter = fromAddress();

/** @returns {Filter} */
function fromAddress() {
  const q = new URLSearchParams(location.search); const date = (/** @type {string} */ k) => (/^\d{4}-\d\d-\d\d$/.test(q.get(k) ?? "") ? q.get(k) ?? "" : "");
  const known = new Set(filters.flatMap((f) => f.statuses));
  return { q: q.get("q") ?? "", status: (q.get("status") ?? "").split(",").filter((s) => known.has(s)), agent: q.get("agent") ?? "", from: date("from"), to: date("to") };
}
function toAddress() {
  const q = new URLSearchParams();
  if (filter.q) q.set("q", filter.q);
  if (filter.status.length) q.set("status", filter.status.join(","));
  for (const k of /** @type {const} */ (["agent", "from", "to"])) if (filter[k]) q.set(k, filter[k]);
  const search = q.toString().replaceAll("%2C", ",");
  history.replaceState(null, "", search ? `?${search}` : location.pathname);
}
const filtered = () => filter.q !== "" || filter.status.length > 0 || filter.agent !== "" || filter.from !== "" || filter.to !== "";

/** @param {string} before @param {number} limit */
function query(before, limit) {
  const q = new URLSearchParams({ limit: String(limit) });
  if (filter.q) q.set("q", filter.q);
  if (filter.status.length) q.set("status", filter.status.join(","));
  if (filter.agent) q.set("agent", filter.agent);
  if (filter.from) q.set("from", dayStart(filter.from).toISOString());
  if (filter.to) q.set("to", dayStart(filter.to, 1).toISOString());
  if (before) q.set("before", before);
  return `/api/calls?${q}`;
}

function drawControls() {
  input("log-search").value = filter.q; input("log-from").value = filter.from; input("log-to").value = filter.to;
  input("log-from").max = filter.to; input("log-to").min = filter.from;
  need("log-agent", HTMLSelectElement).value = filter.agent;
  const names = filters.filter((f) => f.statuses.every((s) => filter.status.includes(s))).map((f) => f.name);
  for (const b of need("log-status-menu").querySelectorAll("input")) b.checked = names.includes(b.dataset.name ?? "");
  fill(need("log-status-text"), names.length === 0 ? "Every status" : names.length <= 2 ? names.join(", ") : `${names.length} statuses`);
  button("log-status").setAttribute("aria-pressed", String(names.length > 0));
  button("log-clear").hidden = !filtered();
}

function draw() {
  const box = need("log"); box.removeAttribute("aria-busy");
  if (!calls.length) {
    fill(box, filtered()
      ? emptyState({ icon: "search", title: "No call matches", text: "Try fewer filters, a longer period, or only the last digits of the number.", actions: [h("button", { class: "btn", onclick: clear }, "Clear the filters")] })
      : emptyState({ icon: "list", title: "No calls yet", text: "Every call and every invitation is kept here, with its chat and how it went.", actions: [h("button", { class: "btn", onclick: () => openStart() }, icon("camera"), "Start a call")] }));
  } else fill(box, table(reader, calls.map((c) => row(c, reader)), "Calls, the newest first"));
  foot();
}
function foot() {
  button("load-more").hidden = !next;
  fill(need("log-count"), !calls.length ? "" : next ? `The newest ${number(calls.length)} calls` : `${number(calls.length)} ${calls.length === 1 ? "call" : "calls"}${filtered() ? " found" : ""}`);
  fill(need("zone"), `Times in ${zoneName()}`);
}

/** Reads the list anew. @param {number} [rows] as many as were shown */
async function load(rows = size) {
  const mine = ++round; const box = need("log");
  box.setAttribute("aria-busy", "true");
  if (!calls.length) fill(box, table(reader, skeletonRows(8, reader), "Calls, loading"));
  try {
    /** @type {Call[]} */ let got = []; let more = "";
    do {
      const page = await api("GET", query(more, Math.min(200, rows - got.length)));
      got = [...got, ...page.calls]; more = page.next ?? "";
    } while (more && got.length < rows);
    if (mine !== round) return;
    calls = got; next = more;
    draw();
  } catch (err) {
    if (mine !== round) return;
    box.removeAttribute("aria-busy"); calls = []; next = ""; foot();
    fill(box, emptyState({ icon: "alert", tone: "bad", title: "The call log did not load", text: sentence(err), actions: [h("button", { class: "btn", onclick: () => load() }, icon("refresh"), "Try again")] }));
  }
}

/** Adds the next rows beneath: nothing above moves. */
async function more() {
  const b = button("load-more"); const mine = round;
  if (b.hasAttribute("aria-busy")) return;
  busy(b, true);
  try {
    const page = await api("GET", query(next, size));
    if (mine !== round) return;
    const fresh = /** @type {Call[]} */ (page.calls).filter((c) => !calls.some((x) => x.id === c.id));
    calls = [...calls, ...fresh]; next = page.next ?? "";
    const body = need("log").querySelector("tbody"); const rows = fresh.map((c) => row(c, reader));
    body?.append(...rows);
    foot();
    rows[0]?.querySelector("a")?.focus({ preventScroll: true });
  } catch (err) { toastError("No more calls could be loaded", err); } finally { busy(b, false); }
}

function changed() { calls = []; next = ""; drawControls(); toAddress(); load(); }
function clear() { filter = { q: "", status: [], agent: "", from: "", to: "" }; changed(); input("log-search").focus(); }

let typing = 0;
input("log-search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => { const q = input("log-search").value.trim(); if (q !== filter.q) { filter.q = q; changed(); } }, 250); });
need("filters").addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(typing); filter.q = input("log-search").value.trim(); changed(); });
for (const k of /** @type {const} */ (["from", "to"])) input(`log-${k}`).addEventListener("change", () => {
  filter[k] = input(`log-${k}`).value;
  if (filter.from && filter.to && filter.from > filter.to) filter[k === "from" ? "to" : "from"] = filter[k]; // an empty period is never meant
  changed();
});
need("log-agent").addEventListener("change", () => { filter.agent = need("log-agent", HTMLSelectElement).value; changed(); });
button("log-clear").addEventListener("click", clear);
button("load-more").addEventListener("click", more);
fill(need("log-status-menu"), filters.map((f) => h("label", { class: "menu-item check-item" }, h("span", { class: "check" }, h("input", { type: "checkbox", name: "status", value: f.statuses.join(","), "data-name": f.name, onchange: statusChanged })), f.name)));
function statusChanged() {
  filter.status = [...need("log-status-menu").querySelectorAll("input:checked")].flatMap((b) => /** @type {HTMLInputElement} */ (b).value.split(","));
  changed();
}
need("log-status-menu").addEventListener("keydown", (e) => { // labels are not buttons: the boxes take the arrow keys
  const boxes = [...need("log-status-menu").querySelectorAll("input")]; const i = boxes.findIndex((b) => b === document.activeElement);
  if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
  e.preventDefault(); e.stopPropagation(); boxes[(i + (e.key === "ArrowDown" ? 1 : -1) + boxes.length) % boxes.length].focus();
});

/** Whether a call that is not in the list would be. @param {Call} c */
function fits(c) {
  const q = filter.q.toLowerCase(); const digits = q.replace(/\D/g, "");
  return (!q || c.reference.toLowerCase().includes(q) || (digits !== "" && (c.phone ?? "").includes(digits)))
    && (!filter.status.length || filter.status.includes(c.status)) && (!filter.agent || c.agent.id === filter.agent)
    && (!filter.from || new Date(c.created_at) >= dayStart(filter.from)) && (!filter.to || new Date(c.created_at) < dayStart(filter.to, 1));
}
/** @param {Call} c */
function take(c) {
  const body = need("log").querySelector("tbody"); const at = calls.findIndex((x) => x.id === c.id);
  if (at >= 0) { calls[at] = c; body?.querySelector(`[data-call="${CSS.escape(c.id)}"]`)?.replaceWith(row(c, reader)); return; }
  if ((calls.length && c.id < calls[0].id) || !fits(c)) return;
  calls = [c, ...calls];
  if (!body || calls.length === 1) { draw(); return; }
  body.prepend(row(c, reader)); foot();
}
const due = new Set(); let timer = 0;
live.onEvent((e) => {
  if (!e.kind.startsWith("vi.") || !e.about || need("log").hasAttribute("aria-busy")) return;
  due.add(e.about);
  timer ||= setTimeout(async () => {
    timer = 0; const ids = [...due]; due.clear();
    for (const id of ids) try { take(await fetchCall(id)); } catch { /* gone, or not ours */ }
  }, 150);
});
live.onReset(() => load(Math.max(size, calls.length)));
addEventListener("callstarted", (e) => take(/** @type {CustomEvent} */ (e).detail));

// Coming back from a call: as many rows as there were, and the same place.
const slot = "tandem.log";
addEventListener("pagehide", () => { try { sessionStorage.setItem(slot, JSON.stringify({ at: location.search, rows: calls.length, y: scrollY })); } catch { /* private window */ } });
function place() {
  const nav = /** @type {PerformanceNavigationTiming|undefined} */ (performance.getEntriesByType("navigation")[0]);
  try {
    const was = JSON.parse(sessionStorage.getItem(slot) ?? "null");
    if (was && was.at === location.search && nav?.type === "back_forward") return { rows: Math.min(600, Math.max(size, was.rows)), y: Number(was.y) };
  } catch { /* private window */ }
  return { rows: size, y: 0 };
}

async function agents() {
  const select = need("log-agent", HTMLSelectElement);
  try {
    let after = "";
    do {
      const page = await api("GET", `/api/users?limit=200${after ? `&after=${encodeURIComponent(after)}` : ""}`);
      select.append(.../** @type {{id: string, name: string}[]} */ (page.users).map((u) => h("option", { value: u.id }, u.id === reader.me ? `${u.name} (you)` : u.name)));
      after = page.next ?? "";
    } while (after);
    need("log-agent-field").hidden = false; select.value = filter.agent;
  } catch (err) { toastError("The list of agents did not load", err); }
}

drawControls();
fill(need("log"), table(reader, skeletonRows(8, reader), "Calls, loading"));
(async () => {
  const start = place();
  try {
    const who = await me; // the first days and hours stand in the account's zone
    reader = { me: who.user.id, agents: can(who, "calls.seeall") };
    if (reader.agents && can(who, "users.see")) agents(); else if (!reader.agents && filter.agent) { filter.agent = ""; drawControls(); }
    await live.ready();
  } catch { /* load says what is wrong */ }
  await load(start.rows);
  if (start.y) scrollTo(0, start.y);
})();
