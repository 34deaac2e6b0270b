// The dashboard. Ids: #now-queue #now-late #now-assigned #now-opened #now-agents #now-at #refresh; #period (radios days) #period-own
// #period-from #period-to #period-agent #zone #sum-created #link-created #sum-resolved #sum-closed #sum-on_hold #legend #chart #series
// #dashboard-problem. What is chosen stands in the address: days, or from and to, and agent.
import { api } from "../shell/api.js";
import { busy, button, fill, h, input, need } from "../shell/dom.js";
import { dayKey, dayStart, full, number, time, timeExact, zoneName } from "../shell/format.js";
import { live, me } from "../shell/frame.js";
import { draw } from "../charts.js";
import { choose, follow, keep, problem, select } from "./common.js";

/** @typedef {{from: string, created: number, closed: number}} Point */
/** @typedef {{now: Record<string, number>, period: Record<string, number>, series: Point[], zone: string}} Dashboard */

const radios = () => /** @type {HTMLInputElement[]} */ ([...need("period").querySelectorAll("input")]);
const days = () => Number(radios().find((r) => r.checked)?.value ?? 7);
let round = 0;

/** The days that are asked for, both included: two of them, as dates. */
function period() {
  const today = dayKey(new Date()), n = days();
  if (n) return { from: dayKey(dayStart(today, 1 - n)), to: today };
  const from = input("period-from").value || today, to = input("period-to").value || today;
  return from <= to ? { from, to } : { from: to, to: from };
}

function remember() {
  const own = days() === 0;
  keep({ days: own || days() === 7 ? "" : String(days()), from: own ? input("period-from").value : "", to: own ? input("period-to").value : "", agent: select("period-agent").value });
}

/** A day in short, such as "24 Nov", or an hour. @param {string} t @param {boolean} hourly @param {string} zone */
const label = (t, hourly, zone) => hourly ? time(t) : new Intl.DateTimeFormat(navigator.languages?.length ? [...navigator.languages] : undefined, { day: "numeric", month: "short", timeZone: zone }).format(new Date(t));
/** The conversations that were created on those days. @param {string} from @param {string} to */
const rows = (from, to) => `/desk/all?${new URLSearchParams({ date: "created", from, to })}`;

/** @param {Dashboard} d @param {{from: string, to: string}} p */
function show(d, p) {
  for (const k of ["queue", "assigned", "opened", "agents"]) fill(need(`now-${k}`), number(d.now[k]));
  need("now-queue").removeAttribute("aria-busy");
  fill(need("now-late"), d.now.queue === 0 ? "nobody waits" : d.now.late ? h("span", { class: "bad-text" }, `${number(d.now.late)} for more than a minute`) : "none for more than a minute");
  fill(need("now-at"), `live, as of ${timeExact(new Date())}`);
  for (const k of ["created", "resolved", "closed", "on_hold"]) fill(need(`sum-${k}`), number(d.period[k]));
  const everybody = !select("period-agent").value, link = need("link-created", HTMLAnchorElement);
  if (everybody) link.href = rows(p.from, p.to); else link.removeAttribute("href");
  fill(need("foot-created"), everybody ? "see them" : "");
  fill(need("foot-resolved"), d.period.reopened ? `${number(d.period.reopened)} reopened` : "");
  fill(need("legend"), h("li", { class: "series-1" }, h("i"), "Created ", h("b", null, number(d.period.created))), h("li", { class: "series-2" }, h("i", { "data-dash": true }), "Closed ", h("b", null, number(d.period.closed))));
  const hourly = d.series.length > 1 ? Date.parse(d.series[1].from) - Date.parse(d.series[0].from) < 7_200_000 : p.from === p.to;
  fill(need("series"), ...d.series.map((x) => {
    const name = label(x.from, hourly, d.zone), day = dayKey(x.from);
    return h("tr", null, h("th", { scope: "row", "data-short": name, title: full(x.from) }, name),
      h("td", { "data-type": "num" }, everybody && !hourly && x.created ? h("a", { href: rows(day, day) }, x.created) : x.created), h("td", { "data-type": "num" }, x.closed));
  }));
  draw(need("chart"));
}

/** @param {boolean} [asked] by hand */
async function load(asked = false) {
  const mine = ++round, p = period(), b = button("refresh");
  need("period-dates").hidden = days() !== 0;
  if (asked) busy(b, true);
  try {
    const q = new URLSearchParams({ from: dayStart(p.from).toISOString(), to: dayStart(p.to, 1).toISOString() });
    if (select("period-agent").value) q.set("agent", select("period-agent").value);
    /** @type {Dashboard} */ const d = await api("GET", `/api/desk/dashboard?${q}`);
    if (mine === round) { show(d, p); problem("dashboard-problem"); }
  } catch (err) { if (mine === round) problem("dashboard-problem", err); } finally { if (asked) busy(b, false); }
}

const start = new URLSearchParams(location.search);
if (start.get("from") || start.get("to")) { input("period-own").checked = true; input("period-from").value = start.get("from") ?? ""; input("period-to").value = start.get("to") ?? ""; }
else for (const r of radios()) if (r.value && r.value === start.get("days")) r.checked = true;
button("refresh").addEventListener("click", () => load(true));
need("period").addEventListener("change", () => {
  if (days() === 0 && !input("period-from").value) { const today = dayKey(new Date()); input("period-from").value = dayKey(dayStart(today, -6)); input("period-to").value = today; }
  remember(); void load();
});
for (const id of ["period-from", "period-to", "period-agent"]) need(id).addEventListener("change", () => { remember(); void load(); });
await me;
fill(need("zone"), `Days in ${zoneName()}`);
await live.ready();
const wanted = start.get("agent") ?? "";
if (wanted) choose(select("period-agent"), wanted, "One agent");
await load();
try {
  const s = select("period-agent"), { agents } = await api("GET", "/api/desk/agents");
  fill(s, h("option", { value: "" }, "All agents"), ...agents.map((/** @type {{id: string, name: string}} */ a) => h("option", { value: a.id }, a.name)));
  choose(s, wanted, "One agent");
} catch (err) { problem("dashboard-problem", err); }
follow((k) => k.startsWith("desk."), () => load(), 2000);
setInterval(() => { if (!document.hidden) void load(); }, 60_000); // what waits grows old without an event
