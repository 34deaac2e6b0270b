// All conversations, for supervisors. Ids: #filters with #all-search #all-where #all-status #all-agent #all-queue #all-channel #all-date
// #all-from #all-to #all-clear, all of them in the address; #all (rows [data-ticket=ID] with a checkbox) #all-count #load-more;
// #bulk #bulk-all #bulk-count #bulk-target (agent:ID or queue:ID) #bulk-note #bulk-do #bulk-results #bulk-results-list (li[data-ticket]).
import { api } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, fill, h, icon, input, need } from "../shell/dom.js";
import { dayStart, number, phone } from "../shell/format.js";
import { live, me, toastError } from "../shell/frame.js";
import { channel, personName, presenceWord, statusLook } from "../desk/words.js";
import { at, choose, dot, failed, follow, keep, row, select, settle, showZone, table, waitFor } from "./common.js";

/** @typedef {import("../desk/api.js").Ticket} Ticket */

/** @type {import("./common.js").Column[]} */
const columns = [{ name: "Chosen", as: "pick" }, { name: "Customer", as: "title" }, { name: "Reached by" }, { name: "Status" }, { name: "Agent" }, { name: "Updated", as: "end" }, { name: "Created", as: "drop" }];
const page = 50, most = 200; // rows; the API takes 200 in one hand-over
/** @type {Ticket[]} */ let tickets = [];
let next = "", round = 0;
/** @type {Set<string>} */ const chosen = new Set();
/** @type {Record<string, string>} */
const fields = { q: "all-search", people: "all-where", status: "all-status", agent: "all-agent", queue: "all-queue", channel: "all-channel", date: "all-date", from: "all-from", to: "all-to" };
/** @param {string} id */
const control = (id) => /** @type {HTMLInputElement|HTMLSelectElement} */ (need(id));
/** @param {string} id */
const value = (id) => control(id).value.trim();
const narrowed = () => Object.entries(fields).some(([k, id]) => k !== "people" && k !== "date" && value(id));

/** @param {string} before */
function query(before) {
  const q = new URLSearchParams({ view: "all", limit: String(page) });
  for (const k of ["q", "people", "status", "agent", "queue", "channel"]) if (value(fields[k])) q.set(k, value(fields[k]));
  const which = value("all-date");
  if (value("all-from")) q.set(`${which}_from`, dayStart(value("all-from")).toISOString());
  if (value("all-to")) q.set(`${which}_to`, dayStart(value("all-to"), 1).toISOString());
  if (before) q.set("before", before);
  return `/api/desk/tickets?${q}`;
}

/** @param {Ticket} t */
function ticketRow(t) {
  const s = statusLook(t.status), c = channel(t.channel);
  const box = h("input", { type: "checkbox", "aria-label": `Choose conversation ${t.number}`, disabled: !t.may.assign,
    onchange: () => { if (box.checked) chosen.add(t.id); else chosen.delete(t.id); drawBulk(); } });
  box.checked = chosen.has(t.id);
  return row(columns, [h("span", { class: "check" }, box),
    h("span", { class: "row gap-2" }, h("a", { href: `/desk/${t.id}`, class: "row-link" }, personName(t.contact)), h("span", { class: "muted num" }, `#${t.number}`)),
    h("span", { class: "row gap-2" }, icon(c.icon), h("span", { class: "nowrap" }, t.contact.phone ? phone(t.contact.phone) : t.contact.email || c.word), h("span", { class: "sr-only" }, `, ${c.word}`)),
    h("span", { class: "tags" }, h("span", { class: "badge", "data-tone": s.tone, "data-dot": true }, s.word), ...(t.labels ?? []).map((l) => h("span", { class: "tag" }, dot(l.colour), l.name))),
    t.assignee?.name ?? h("span", { class: "muted" }, t.status === "new" || t.status === "open" ? `Waits in ${t.queue_name}` : "–"), at(t.updated_at), at(t.created_at)], { "data-ticket": t.id, "aria-selected": chosen.has(t.id) ? "true" : null });
}

function draw() {
  const box = need("all"); box.removeAttribute("aria-busy");
  const focused = document.activeElement?.closest("[data-ticket]")?.getAttribute("data-ticket"), ticks = document.activeElement instanceof HTMLInputElement;
  button("all-clear").hidden = !narrowed();
  if (!tickets.length) fill(box, emptyState(narrowed() ? { icon: "search", title: "No conversation matches", text: "Try fewer filters, or another word.", actions: [h("button", { type: "button", class: "btn", onclick: clear }, "Clear the filters")] } : { icon: "inbox", title: "No conversations yet", text: "They appear here as customers write." }));
  else fill(box, table(columns, tickets.map(ticketRow), "Conversations, the most recently updated first"));
  if (focused && need("all").contains(box)) /** @type {HTMLElement|null} */ (box.querySelector(`[data-ticket="${CSS.escape(focused)}"] ${ticks ? "input" : "a"}`))?.focus({ preventScroll: true });
  button("load-more").hidden = !next;
  fill(need("all-count"), tickets.length ? `${next ? "The latest " : ""}${number(tickets.length)} ${tickets.length === 1 ? "conversation" : "conversations"}` : "");
  drawBulk();
}
function drawBulk() {
  const free = tickets.filter((t) => t.may.assign);
  for (const id of chosen) if (!free.some((t) => t.id === id)) chosen.delete(id);
  need("bulk").hidden = chosen.size === 0;
  for (const tr of need("all").querySelectorAll("[data-ticket]")) { if (chosen.has(/** @type {HTMLElement} */ (tr).dataset.ticket ?? "")) tr.setAttribute("aria-selected", "true"); else tr.removeAttribute("aria-selected"); }
  const whole = input("bulk-all");
  whole.checked = chosen.size > 0 && chosen.size === Math.min(free.length, most); whole.indeterminate = chosen.size > 0 && !whole.checked;
  fill(need("bulk-count"), `${chosen.size} chosen of ${free.length}`);
}

/** @param {number} [want] */
async function load(want = page) {
  const mine = ++round;
  keep(Object.fromEntries(Object.entries(fields).map(([k, id]) => [k, k === "date" && value(id) === "updated" ? "" : value(id)])));
  try {
    /** @type {Ticket[]} */ let got = []; let more = "";
    do { const p = await api("GET", query(more)); got = [...got, ...p.tickets]; more = p.next; } while (more && got.length < want && mine === round);
    if (mine !== round) return;
    const known = new Set();
    tickets = got.filter((t) => !known.has(t.id) && known.add(t.id)); // one that moves while pages are read comes twice
    next = more; draw();
  } catch (err) { if (mine === round) { tickets = []; next = ""; drawBulk(); fill(need("all-count")); failed("all", "The conversations did not load", err, () => load(want)); } }
}

async function handOver() {
  const b = button("bulk-do"), [kind, id] = value("bulk-target").split(":"), note = value("bulk-note");
  if (b.getAttribute("aria-busy")) return;
  if (!id) { select("bulk-target").focus(); return; }
  const given = [...chosen].slice(0, most), to = select("bulk-target").selectedOptions[0].dataset.name ?? "";
  const names = new Map(tickets.map((t) => [t.id, `#${t.number} ${personName(t.contact)}`]));
  busy(b, true);
  try {
    /** @type {{results: {ticket: string, ok: boolean, problem?: string}[]}} */
    const { results } = await api("POST", "/api/desk/bulk", { tickets: given, [kind]: id, ...(note ? { note } : {}) });
    const good = results.filter((r) => r.ok);
    fill(need("bulk-results-title"), good.length === results.length ? `All ${results.length} handed over to ${to}` : `${good.length} of ${results.length} handed over to ${to}`);
    fill(need("bulk-results-list"), ...[...results].sort((x, y) => Number(x.ok) - Number(y.ok)).map((r) => h("li", { "data-ticket": r.ticket, "data-bad": !r.ok },
      icon(r.ok ? "check" : "alert"), h("span", null, h("a", { href: `/desk/${r.ticket}` }, names.get(r.ticket) ?? r.ticket), r.ok ? ", handed over" : `, not handed over: ${r.problem || "it was refused"}`))));
    need("bulk-results").hidden = false; need("bulk-results").focus();
    for (const r of good) chosen.delete(r.ticket); // what failed stays chosen, for another try
    input("bulk-note").value = "";
    void load(tickets.length); void fillTargets();
  } catch (err) { toastError("Nothing was handed over", err); } finally { busy(b, false); }
}

/** Whom they can be given to, with how much each has now. */
async function fillTargets() {
  const s = select("bulk-target"), now = s.value;
  const { agents, queues } = await api("GET", "/api/desk/targets");
  fill(s, h("option", { value: "" }, "Give them to …"),
    h("optgroup", { label: "Agents" }, ...(agents ?? []).map((/** @type {any} */ a) => h("option", { value: `agent:${a.id}`, "data-name": a.name }, `${a.name}, ${presenceWord(a).toLowerCase()}, ${a.used} of ${a.max}`))),
    h("optgroup", { label: "Queues" }, ...(queues ?? []).map((/** @type {any} */ q) => h("option", { value: `queue:${q.id}`, "data-name": q.name }, `${q.name}, ${q.waiting ? `${q.waiting} waiting` : "nobody waits"}`))));
  s.value = [...s.options].some((o) => o.value === now) ? now : "";
}

function clear() {
  for (const id of Object.values(fields)) { const el = control(id); if (el instanceof HTMLSelectElement) el.selectedIndex = 0; else el.value = ""; }
  void load();
}

const start = new URLSearchParams(location.search), soon = settle(() => load());
for (const [k, id] of Object.entries(fields)) {
  const el = control(id), v = start.get(k);
  if (v) { if (el instanceof HTMLSelectElement) choose(el, v, k === "agent" ? "One agent" : k === "queue" ? "One queue" : undefined); else el.value = v; }
  el.addEventListener(el instanceof HTMLSelectElement || el.type === "date" ? "change" : "input", soon);
}
need("filters").addEventListener("submit", (e) => { e.preventDefault(); void load(); });
need("bulk").addEventListener("submit", (e) => { e.preventDefault(); void handOver(); });
input("bulk-all").addEventListener("change", () => {
  chosen.clear();
  if (input("bulk-all").checked) for (const t of tickets.filter((x) => x.may.assign).slice(0, most)) chosen.add(t.id);
  draw();
});
button("all-clear").addEventListener("click", clear);
button("load-more").addEventListener("click", () => load(tickets.length + page));
button("bulk-results-close").addEventListener("click", () => { need("bulk-results").hidden = true; });
addEventListener("pageshow", (e) => { if (e.persisted) void load(tickets.length); });

waitFor("all");
await me; showZone();
await live.ready();
await load();
try {
  const { setup } = await api("GET", "/api/desk/setup"), { agents } = await api("GET", "/api/desk/agents");
  for (const [id, options] of /** @type {[string, {id: string, name: string}[]][]} */ ([["all-queue", setup.queues], ["all-agent", agents]])) {
    const s = select(id), now = s.value;
    for (const o of [...s.options]) if (o.value && o.value !== "none") o.remove();
    s.append(...options.map((x) => h("option", { value: x.id }, x.name)));
    choose(s, now);
  }
  await fillTargets();
} catch (err) { toastError("Agents and queues did not load", err); }
follow((k) => /^desk\.(ticket|message|reply|contact)_/.test(k), () => load(Math.max(page, tickets.length)), 1500);
follow((k) => k === "desk.agent_changed", () => { if (document.activeElement !== select("bulk-target")) void fillTargets().catch(() => {}); }, 3000);
