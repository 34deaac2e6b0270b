// Home. Ids: #start-call #greeting #summary #fig-calls #fig-connected #fig-talk #fig-average #fig-rating #calls, rows
// tr[data-call=ID].
import { api, fetchCall, sentence } from "./api.js";
import { emptyState, over } from "./calls.js";
import { fill, h, icon, need } from "./dom.js";
import { dayKey, decimal, hour, number, spanParts, zoneName } from "./format.js";
import { live, me, toastError } from "./frame.js";
import { row, skeletonRows, table } from "./row.js";
import "./start.js";

/** @typedef {import("./api.js").Call} Call */
/** @typedef {{calls: number, connected: number, dropped: number, talk_seconds: number, talked: number, stars: number, rated: number, zone: string}} Figures */

const many = 10;
/** @type {Call[]} */ let calls = [];
let reader = { me: "", agents: false };

/** @param {string} id @param {number|null} seconds */
function duration(id, seconds) {
  const el = need(id);
  el.toggleAttribute("data-none", seconds === null);
  if (seconds === null) { fill(el, "None yet"); return; }
  const parts = spanParts(seconds); const last = parts.pop();
  fill(el, parts.map((p) => `${p.n} ${p.unit} `), `${last?.n} `, h("small", null, last?.unit));
}

/** @param {Figures} f */
function drawFigures(f) {
  need("figures").removeAttribute("aria-busy");
  fill(need("fig-calls"), number(f.calls));
  const today = dayKey(new Date());
  need("today", HTMLAnchorElement).href = `/calls?agent=${encodeURIComponent(reader.me)}&from=${today}&to=${today}`;
  fill(need("fig-connected"), f.calls ? `${number(f.connected)} connected` : "None started yet");
  duration("fig-talk", f.talked ? f.talk_seconds : null);
  fill(need("fig-talked"), f.talked ? `in ${number(f.talked)} ${f.talked === 1 ? "call" : "calls"} that ended` : "");
  duration("fig-average", f.talked ? f.talk_seconds / f.talked : null);
  fill(need("fig-dropped"), f.dropped ? h("span", { class: "change", "data-tone": "bad" }, `${number(f.dropped)} dropped`) : f.connected ? "none dropped" : "");
  const rating = need("fig-rating"); rating.toggleAttribute("data-none", !f.rated);
  if (f.rated) fill(rating, `${decimal(f.stars / f.rated)} `, h("small", null, "of 5")); else fill(rating, "No ratings yet");
  fill(need("fig-rated"), f.rated ? `${number(f.rated)} ${f.rated === 1 ? "rating" : "ratings"} today` : "");
}

async function figures() {
  try {
    const who = await me;
    reader = { me: who.user.id, agents: false };
    drawFigures(await api("GET", `/api/figures?agent=${encodeURIComponent(who.user.id)}`));
  } catch (err) {
    need("figures").removeAttribute("aria-busy");
    for (const id of ["fig-calls", "fig-talk", "fig-average", "fig-rating"]) { need(id).setAttribute("data-none", ""); fill(need(id), "Not known"); }
    fill(need("fig-connected"), sentence(err));
  }
}

function drawCalls() {
  const box = need("calls"); box.removeAttribute("aria-busy");
  fill(need("zone"), `Times in ${zoneName()}`);
  const ongoing = calls.filter((c) => !over(c) && c.agent.id === reader.me);
  fill(need("summary"), ongoing.length ? `${ongoing.length === 1 ? "One call is" : `${number(ongoing.length)} calls are`} under way.` : calls.length ? "No call is under way." : "Send an invitation, and the customer joins from the phone.");
  if (!calls.length) { fill(box, emptyState({ icon: "camera", title: "No calls yet", text: "Your first call appears here. The customer gets a link by SMS and needs nothing else.", actions: [h("button", { class: "btn", onclick: () => need("start-call").click() }, "Start a call")] })); return; }
  fill(box, table(reader, calls.map((c) => row(c, reader)), "Recent calls"));
}

async function load() {
  const box = need("calls");
  try {
    const who = await me;
    reader = { me: who.user.id, agents: false };
    calls = (await api("GET", `/api/calls?limit=${many}&agent=${encodeURIComponent(who.user.id)}`)).calls;
    drawCalls();
  } catch (err) {
    box.removeAttribute("aria-busy");
    fill(box, emptyState({ icon: "alert", tone: "bad", title: "The calls did not load", text: sentence(err), actions: [h("button", { class: "btn", onclick: () => { skeleton(); load(); figures(); } }, icon("refresh"), "Try again")] }));
  }
}
function skeleton() { need("calls").setAttribute("aria-busy", "true"); fill(need("calls"), table(reader, skeletonRows(5, reader), "Recent calls, loading")); }

/** Takes a call in: its row, or a new one at the top. @param {Call} c */
function take(c) {
  if (c.agent.id !== reader.me) return;
  const at = calls.findIndex((x) => x.id === c.id);
  if (at >= 0) calls[at] = c;
  else if (!calls.length || c.id > calls[calls.length - 1].id) calls = [c, ...calls].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, many);
  else return;
  drawCalls();
}

const due = new Set(); let timer = 0;
live.onEvent((e) => {
  if (!e.kind.startsWith("vi.") || !e.about) return;
  due.add(e.about);
  timer ||= setTimeout(async () => {
    timer = 0; const ids = [...due]; due.clear();
    for (const id of ids) try { take(await fetchCall(id)); } catch { /* gone, or not ours */ }
    figures();
  }, 120);
});
live.onReset(() => { load(); figures(); });
addEventListener("callstarted", (e) => take(/** @type {CustomEvent} */ (e).detail));
document.addEventListener("visibilitychange", () => { if (!document.hidden) greet(); });

async function greet() {
  let name = "";
  try { name = `, ${(await me).user.name.split(" ")[0]}`; } catch (err) { toastError("You could not be recognised", err); }
  const t = hour();
  fill(need("greeting"), `${t < 5 ? "Good night" : t < 12 ? "Good morning" : t < 18 ? "Good afternoon" : "Good evening"}${name}`);
}

skeleton();
greet();
live.ready().then(() => { load(); figures(); });
