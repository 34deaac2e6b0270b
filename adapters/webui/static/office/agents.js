// Agents: who is there, and what each may do. Ids: #agents (rows [data-agent=ID][data-status] with [data-act=edit]) #agents-status
// #agents-skill #agents-queue #agents-count #agent-add; #agent #agent-name #agent-email #agent-role #agent-max #agent-queues
// #agent-skills (select[data-kind][data-id]) #agent-save #agent-problem. The filters stand in the address: status, skill, queue.
import { api, newKey, Problem } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, dialog, fieldError, fill, h, icon, input, need } from "../shell/dom.js";
import { span } from "../shell/format.js";
import { can, live, me, toast } from "../shell/frame.js";
import { show, tick } from "../ui.js";
import { presenceWord } from "../desk/words.js";
import { avatar, choose, dot, failed, faults, follow, keep, row, select, table, waitFor } from "./common.js";

/** @typedef {{id: string, name: string}} Named */
/** @typedef {{id: string, name: string, email: string, role: string, status: string, reason?: string, code?: {name: string, colour: string}|null, since?: string, used: number, max: number, active: number, skills: (Named & {level: number})[], queues: (Named & {priority: number})[], handled: number, response_seconds?: number, disabled: boolean}} Agent */

/** @type {import("./common.js").Column[]} */
const columns = [{ name: "Agent", as: "title" }, { name: "Status" }, { name: "For" }, { name: "Conversations" }, { name: "Skills" }, { name: "Queues" }, { name: "Answers in", num: true }, { name: "Handled", num: true }, { name: "Change", as: "act" }];
const levels = ["Beginner", "Basic", "Intermediate", "Advanced", "Expert"];
/** @type {Record<string, string>} */ const roles = { agent: "Agent", supervisor: "Supervisor", administrator: "Administrator" };
/** @type {Agent[]} */ let agents = [];
/** @type {{queues: Named[], skills: Named[]}} */ let setup = { queues: [], skills: [] };
let edits = false, editing = "", key = "";

/** @param {Agent} a */
function agentRow(a) {
  const since = a.since && a.status !== "offline" ? Math.max(0, (Date.now() - Date.parse(a.since)) / 1000) : null;
  const full = a.used >= a.max, chosen = a.code && !a.reason ? a.code : null;
  return row(columns, [
    h("div", { class: "person" }, avatar(a.name, a.status), h("div", null, h("div", { class: "strong" }, a.name), h("div", { class: "small muted" }, a.role === "agent" ? a.email : `${roles[a.role] ?? a.role}, ${a.email}`))),
    h("span", { class: "row gap-2 nowrap" }, h("span", { class: "presence", "data-status": a.status }), chosen && dot(chosen.colour), presenceWord(a)),
    since === null ? null : h("time", { class: "num", "data-clock": since.toFixed(0) }, span(since)),
    h("span", { class: "load", "data-full": full, title: a.active === a.used ? null : `${a.active} conversations, which take ${a.used} of ${a.max}` }, h("progress", { class: "progress", max: a.max, value: Math.min(a.used, a.max), "aria-label": `${a.used} of ${a.max} conversations` }), h("span", { class: "num nowrap", "aria-hidden": "true" }, `${a.used} of ${a.max}`)),
    a.skills.length ? h("span", { class: "tags" }, ...a.skills.map((s) => h("span", { class: "badge", title: levels[s.level - 1] }, `${s.name} ${s.level}`, h("span", { class: "sr-only" }, `, ${levels[s.level - 1]}`)))) : null,
    a.queues.map((q) => q.name).join(", ") || h("span", { class: "muted" }, a.role === "agent" ? "None, gets no work" : "Sees all"),
    a.response_seconds === undefined || a.response_seconds === null ? null : span(a.response_seconds), a.handled,
    edits && h("button", { type: "button", class: "btn", "data-size": "sm", "data-act": "edit", "aria-label": `Change ${a.name}`, onclick: () => edit(a) }, "Change")], { "data-agent": a.id, "data-status": a.status });
}

/** Available, or busy only because of all the work there is. @param {Agent} a */
const there = (a) => a.status === "available" || a.reason === "capacity";

function draw() {
  const box = need("agents"); box.removeAttribute("aria-busy");
  const status = select("agents-status").value, skill = select("agents-skill").value, queue = select("agents-queue").value;
  const all = agents.filter((a) => !a.disabled);
  const shown = all.filter((a) => (!status || (status === "there" ? there(a) : a.status === status)) && (!skill || a.skills.some((s) => s.id === skill)) && (!queue || a.queues.some((q) => q.id === queue)));
  const focused = document.activeElement?.closest("[data-agent]")?.getAttribute("data-agent");
  if (!shown.length) fill(box, emptyState({ icon: "users", title: all.length ? "Nobody is like that" : "There is nobody yet", text: all.length ? "Choose another status, skill or queue." : "Add the first agent.", actions: all.length ? [h("button", { type: "button", class: "btn", onclick: clear }, "Show everybody")] : [] }));
  else fill(box, table(columns, shown.map(agentRow), "Agents, by name"));
  fill(need("agents-count"), `${all.filter(there).length} online of ${all.length}`);
  if (focused) /** @type {HTMLElement|null} */ (box.querySelector(`[data-agent="${CSS.escape(focused)}"] button`))?.focus({ preventScroll: true });
  tick();
}
function filter() { keep({ status: select("agents-status").value, skill: select("agents-skill").value, queue: select("agents-queue").value }); draw(); }
function clear() { for (const id of ["agents-status", "agents-skill", "agents-queue"]) select(id).value = ""; filter(); }

async function load() {
  try { agents = (await api("GET", "/api/desk/agents")).agents; draw(); } catch (err) { failed("agents", "The agents did not load", err, load); }
}

/** @param {Agent|null} a */
function edit(a) {
  editing = a?.id ?? ""; key = newKey();
  faults(need("agent-form"), "agent-problem", null, idOf);
  fill(need("agent-title"), a ? a.name : "Add an agent"); fill(button("agent-save"), a ? "Save" : "Add agent");
  need("agent-new").hidden = Boolean(a);
  input("agent-name").value = ""; input("agent-email").value = ""; select("agent-role").value = "agent"; input("agent-max").value = String(a?.max ?? 5);
  fill(need("agent-queues"), ...setup.queues.map((q) => pair("queue", q, ["Not served", "1, first", "2", "3", "4", "5, last"], a?.queues.find((x) => x.id === q.id)?.priority ?? 0)));
  fill(need("agent-skills"), ...setup.skills.map((k) => pair("skill", k, ["None", ...levels.map((l, n) => `${n + 1}, ${l}`)], a?.skills.find((x) => x.id === k.id)?.level ?? 0)),
    setup.skills.length ? null : h("p", { class: "pair small muted" }, "There are none yet. Make some in Settings."));
  show(dialog("agent"));
  (a ? input("agent-max") : input("agent-name")).focus();
}
/** @param {string} kind @param {Named} of @param {string[]} words @param {number} value */
const pair = (kind, of, words, value) => h("label", { class: "pair" }, h("span", { class: "grow" }, of.name),
  h("span", { class: "select" }, h("select", { class: "input", "data-quiet": true, "data-kind": kind, "data-id": of.id }, ...words.map((w, n) => h("option", { value: n, selected: n === value }, w))), icon("chevron-down")));
/** @param {string} kind */
const pairs = (kind) => /** @type {HTMLSelectElement[]} */ ([...need("agent-form").querySelectorAll(`select[data-kind="${kind}"]`)]).filter((s) => s.value !== "0").map((s) => ({ id: s.dataset.id ?? "", n: Number(s.value) }));
/** @param {string} name */
const idOf = (name) => `agent-${name}`;

async function save() {
  const b = button("agent-save"), max = Number(input("agent-max").value);
  if (b.getAttribute("aria-busy")) return;
  faults(need("agent-form"), "agent-problem", null, idOf);
  if (!Number.isInteger(max) || max < 1 || max > 20) { fieldError(input("agent-max"), "Has to be a whole number from 1 to 20."); input("agent-max").focus(); return; }
  busy(b, true);
  const fresh = !editing;
  try {
    if (fresh) {
      // The key stays the same for what is typed now, so that a lost answer makes nobody twice.
      editing = (await api("POST", "/api/users", { name: input("agent-name").value.trim(), email: input("agent-email").value.trim(), role: select("agent-role").value }, { key })).id;
      need("agent-new").hidden = true;
    }
    await api("PUT", `/api/desk/agents/${encodeURIComponent(editing)}`, {
      max, queues: pairs("queue").map((c) => ({ id: c.id, priority: c.n })), skills: pairs("skill").map((c) => ({ id: c.id, level: c.n })),
    });
    dialog("agent").close(); toast({ title: fresh ? "Agent added" : "Saved", text: fresh ? "The invitation is on its way." : undefined }); void load();
  } catch (err) {
    if (err instanceof Problem && err.status) key = newKey(); // this attempt was answered: what is sent next is another
    faults(need("agent-form"), "agent-problem", err, idOf);
    if (fresh && editing) void load();
  } finally { busy(b, false); }
}

need("agent-form").addEventListener("submit", (e) => { e.preventDefault(); void save(); });
need("filters").addEventListener("submit", (e) => e.preventDefault());
button("agent-add").addEventListener("click", () => edit(null));
for (const id of ["agents-status", "agents-skill", "agents-queue"]) select(id).addEventListener("change", filter);
waitFor("agents");
const start = new URLSearchParams(location.search);
async function begin() {
  try {
    setup = (await api("GET", "/api/desk/setup")).setup;
    for (const [what, id] of /** @type {["skills"|"queues", string][]} */ ([["skills", "agents-skill"], ["queues", "agents-queue"]])) {
      const s = select(id), now = s.value || (start.get(s.name) ?? "");
      fill(s, s.options[0], ...setup[what].map((x) => h("option", { value: x.id }, x.name)));
      choose(s, now);
    }
    await load();
  } catch (err) { failed("agents", "The agents did not load", err, begin); }
}
choose(select("agents-status"), start.get("status") ?? "");
edits = can(await me, "desk.settings");
await live.ready();
await begin();
follow((k) => k === "desk.agent_changed" || k.startsWith("desk.ticket_"), load);
follow((k) => k === "desk.setup_changed", begin);
