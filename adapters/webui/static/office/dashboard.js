// The dashboard. Ids: #now-queue #now-assigned #now-opened #now-agents #refresh #period #period-agent #sum-created #sum-resolved #sum-closed #sum-on_hold #chart #series
import { api } from "../shell/api.js";
import { busy, button, fill, h, need } from "../shell/dom.js";
import { dayKey, dayStart, full, number, time } from "../shell/format.js";
import { live, me } from "../shell/frame.js";
import { draw } from "../charts.js";
import { follow, problem, select, showZone } from "./common.js";

/** @typedef {{now: Record<string, number>, period: Record<string, number>, series: {from: string, created: number, closed: number}[], zone: string}} Dashboard */

async function load() {
  const b = button("refresh"); busy(b, true);
  try {
    const days = Number(select("period").value), today = dayKey(new Date());
    const q = new URLSearchParams({ from: dayStart(today, 1 - days).toISOString(), to: dayStart(today, 1).toISOString() });
    if (select("period-agent").value) q.set("agent", select("period-agent").value);
    /** @type {Dashboard} */ const d = await api("GET", `/api/desk/dashboard?${q}`);
    for (const k of ["queue", "assigned", "opened", "agents"]) fill(need(`now-${k}`), number(d.now[k]));
    for (const k of ["created", "resolved", "closed", "on_hold"]) fill(need(`sum-${k}`), number(d.period[k]));
    const hourly = days === 1;
    fill(need("series"), ...d.series.map((p) => {
      const label = hourly ? time(p.from) : new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: d.zone }).format(new Date(p.from));
      return h("tr", null, h("th", { scope: "row", "data-short": label, title: full(p.from) }, label), h("td", { "data-type": "num" }, p.created), h("td", { "data-type": "num" }, p.closed));
    }));
    draw(need("chart")); problem("dashboard-problem");
  } catch (err) { problem("dashboard-problem", err); } finally { busy(b, false); }
}

button("refresh").addEventListener("click", load);
for (const id of ["period", "period-agent"]) select(id).addEventListener("change", load);
addEventListener("resize", () => draw(need("chart")));
await me; showZone();
await live.ready();
try { for (const a of (await api("GET", "/api/desk/agents")).agents) select("period-agent").append(h("option", { value: a.id }, a.name)); } catch (err) { problem("dashboard-problem", err); }
await load();
follow((k) => k.startsWith("desk."), load);
