// All conversations, for supervisors. Ids: #all-search #all-where #all-status #all-agent #all-channel #all-date #all-from #all-to #all-clear
// #all (rows [data-ticket=ID] with a checkbox) #load-more #bulk #bulk-count #bulk-target #bulk-do #all-count
import { api } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, fill, h, input, need } from "../shell/dom.js";
import { dayStart, phone } from "../shell/format.js";
import { live, me, toast, toastError } from "../shell/frame.js";
import { channel, personName, statusLook } from "../desk/words.js";
import { at, failed, follow, row, select, showZone, table } from "./common.js";

/** @typedef {import("../desk/api.js").Ticket} Ticket */

const heads = ["", "Customer", "Reached by", "Status", "Agent", "Updated", "Created"];
/** @type {Ticket[]} */ let tickets = [];
let next = "", round = 0;
/** @type {Set<string>} */ const chosen = new Set();
const fields = { q: "all-search", people: "all-where", status: "all-status", agent: "all-agent", channel: "all-channel", date: "all-date", from: "all-from", to: "all-to" };
/** @param {string} id */
const value = (id) => /** @type {HTMLInputElement|HTMLSelectElement} */ (need(id)).value.trim();

/** @param {string} before */
function query(before) {
  const q = new URLSearchParams({ view: "all", limit: "50" });
  for (const k of /** @type {const} */ (["q", "people", "status", "agent", "channel"])) if (value(fields[k])) q.set(k, value(fields[k]));
  const which = value("all-date");
  if (value("all-from")) q.set(`${which}_from`, dayStart(value("all-from")).toISOString());
  if (value("all-to")) q.set(`${which}_to`, dayStart(value("all-to"), 1).toISOString());
  if (before) q.set("before", before);
  return `/api/desk/tickets?${q}`;
}

/** @param {Ticket} t */
function ticketRow(t) {
  const s = statusLook(t.status);
  const box = h("input", { type: "checkbox", class: "check", "aria-label": `Choose conversation ${t.number}`, checked: chosen.has(t.id), disabled: !t.may.assign,
    onchange: () => { if (box.checked) chosen.add(t.id); else chosen.delete(t.id); drawBulk(); } });
  const label = t.labels?.[0];
  return row(heads, [box, h("a", { href: `/desk/${t.id}`, class: "strong" }, `${personName(t.contact)} `, h("span", { class: "muted" }, `#${t.number}`)),
    t.contact.phone ? phone(t.contact.phone) : t.contact.email || channel(t.channel).word,
    h("span", { class: "badge", "data-tone": s.tone, "data-dot": true }, s.word, label ? `, ${label.name}` : ""), t.assignee?.name ?? "–", at(t.updated_at), at(t.created_at)], { "data-ticket": t.id });
}

function draw() {
  const box = need("all"); box.removeAttribute("aria-busy");
  const narrowed = [...query("").matchAll(/[?&]([a-z_]+)=/g)].length > 2;
  button("all-clear").hidden = !narrowed;
  if (!tickets.length) fill(box, emptyState(narrowed ? { icon: "search", title: "No conversation matches", text: "Try fewer filters, or another word." } : { icon: "inbox", title: "No conversations yet", text: "They appear here as customers write." }));
  else fill(box, table(heads, tickets.map(ticketRow), "Conversations, the most recently updated first"));
  button("load-more").hidden = !next;
  fill(need("all-count"), tickets.length ? `${next ? "The latest " : ""}${tickets.length} ${tickets.length === 1 ? "conversation" : "conversations"}` : "");
  drawBulk();
}
function drawBulk() {
  for (const id of chosen) if (!tickets.some((t) => t.id === id)) chosen.delete(id);
  need("bulk").hidden = chosen.size === 0;
  fill(need("bulk-count"), `${chosen.size} chosen`);
}

/** @param {number} [rows] */
async function load(rows = 50) {
  const mine = ++round;
  const url = new URLSearchParams();
  for (const [k, id] of Object.entries(fields)) if (value(id) && !(k === "date" && value(id) === "updated")) url.set(k, value(id));
  history.replaceState(null, "", url.size ? `?${url}` : location.pathname);
  try {
    /** @type {Ticket[]} */ let got = []; let more = "";
    do { const page = await api("GET", query(more)); got = [...got, ...page.tickets]; more = page.next; } while (more && got.length < rows);
    if (mine !== round) return;
    tickets = got; next = more; draw();
  } catch (err) { if (mine === round) failed("all", "The conversations did not load", err, () => load()); }
}

async function bulk() {
  const [kind, id] = value("bulk-target").split(":");
  if (!id) { select("bulk-target").focus(); return; }
  const b = button("bulk-do"); busy(b, true);
  try {
    const { results } = await api("POST", "/api/desk/bulk", { tickets: [...chosen], [kind]: id });
    const bad = results.filter((/** @type {{ok: boolean}} */ r) => !r.ok);
    const done = results.length - bad.length;
    if (done) toast({ title: `${done} ${done === 1 ? "conversation" : "conversations"} moved` });
    for (const r of bad) { const t = tickets.find((x) => x.id === r.ticket); toast({ title: `#${t?.number ?? ""} was not moved`, text: r.problem, tone: "bad" }); }
    chosen.clear(); void load(tickets.length);
  } catch (err) { toastError("Nothing was moved", err); } finally { busy(b, false); }
}

const start = new URLSearchParams(location.search);
for (const [k, id] of Object.entries(fields)) {
  const el = /** @type {HTMLInputElement|HTMLSelectElement} */ (need(id)), v = start.get(k);
  if (v !== null) {
    if (el instanceof HTMLSelectElement && ![...el.options].some((o) => o.value === v)) el.append(h("option", { value: v }, v.replaceAll(",", " or ").replaceAll("_", " ")));
    el.value = v;
  }
  el.addEventListener(el instanceof HTMLSelectElement || el.type === "date" ? "change" : "input", debounce(() => load()));
}
/** @param {() => void} fn */
function debounce(fn) { let t = 0; return () => { clearTimeout(t); t = setTimeout(fn, 200); }; }
need("filters").addEventListener("submit", (e) => { e.preventDefault(); void load(); });
button("all-clear").addEventListener("click", () => { for (const id of Object.values(fields)) { const el = need(id); if (el instanceof HTMLSelectElement) el.selectedIndex = 0; else if (el instanceof HTMLInputElement) el.value = ""; } void load(); });
button("load-more").addEventListener("click", () => load(tickets.length + 50));
button("bulk-do").addEventListener("click", bulk);
input("all-search").value = start.get("q") ?? "";

await me; showZone();
await live.ready();
try {
  const { agents } = await api("GET", "/api/desk/agents"), targets = await api("GET", "/api/desk/targets");
  const wanted = start.get("agent");
  for (const a of agents) select("all-agent").append(h("option", { value: a.id, selected: a.id === wanted }, a.name));
  select("bulk-target").append(h("optgroup", { label: "Agents" }, ...targets.agents.map((/** @type {any} */ a) => h("option", { value: `agent:${a.id}` }, `${a.name}, ${a.used} of ${a.max}`))),
    h("optgroup", { label: "Queues" }, ...targets.queues.map((/** @type {any} */ q) => h("option", { value: `queue:${q.id}` }, `${q.name}, ${q.waiting} waiting`))));
  if (wanted) select("all-agent").value = wanted;
} catch (err) { toastError("The agents did not load", err); }
await load();
follow((k) => k.startsWith("desk.ticket_") || k.startsWith("desk.message_") || k.startsWith("desk.reply_"), () => load(Math.max(50, tickets.length)));
