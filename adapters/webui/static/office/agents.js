// Agents: who is there, and what each may do. Ids: #agents (rows [data-agent=ID] with [data-act=edit]) #agents-status #agents-skill #agent-add
// #agent #agent-name #agent-email #agent-role #agent-max #agent-queues #agent-skills #agent-save #agent-problem
import { api } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, dialog, fill, h, input, need } from "../shell/dom.js";
import { span } from "../shell/format.js";
import { can, live, me, toast } from "../shell/frame.js";
import { show, tick } from "../ui.js";
import { presenceWord } from "../desk/words.js";
import { failed, follow, problem, row, select, showZone, table } from "./common.js";

/** @typedef {{id: string, name: string, email: string, role: string, status: string, reason?: string, code?: {name: string, colour: string}|null, since?: string, used: number, max: number, active: number, skills: {id: string, name: string, level: number}[], queues: {id: string, name: string, priority: number}[], handled: number, response_seconds?: number, disabled: boolean}} Agent */

const heads = ["Agent", "Status", "For", "Conversations", "Skills", "Queues", "Answers in", "Handled", ""];
const levels = ["Beginner", "Basic", "Intermediate", "Advanced", "Expert"];
/** @type {Agent[]} */ let agents = [];
/** @type {{queues: {id: string, name: string}[], skills: {id: string, name: string}[]}} */ let setup = { queues: [], skills: [] };
let edits = false, editing = "";

/** @param {Agent} a */
function agentRow(a) {
  const since = a.since && a.status !== "offline" ? (Date.now() - Date.parse(a.since)) / 1000 : null;
  return row(heads, [h("div", null, h("span", { class: "strong" }, a.name), h("div", { class: "small muted" }, a.email)),
    h("span", { class: "row" }, h("span", { class: "presence", "data-status": a.status }), presenceWord(a)),
    since === null ? "–" : h("time", { "data-clock": since.toFixed(0) }, span(since)),
    h("span", { class: "row" }, h("meter", { min: 0, max: a.max, value: Math.min(a.used, a.max), "aria-label": `${a.used} of ${a.max}` }), `${a.active}, ${a.used} of ${a.max}`),
    a.skills.map((s) => `${s.name} ${s.level}`).join(", ") || "–", a.queues.map((q) => q.name).join(", ") || (a.role === "agent" ? "None: gets no work" : "All"),
    a.response_seconds === undefined ? "–" : span(a.response_seconds), a.handled,
    edits && h("button", { class: "btn", "data-size": "sm", "data-act": "edit", "aria-label": `Change ${a.name}`, onclick: () => edit(a) }, "Change")], { "data-agent": a.id, "data-status": a.status });
}

function draw() {
  const box = need("agents"); box.removeAttribute("aria-busy");
  const status = select("agents-status").value, skill = select("agents-skill").value;
  const shown = agents.filter((a) => !a.disabled && (!status || a.status === status) && (!skill || a.skills.some((s) => s.id === skill)));
  if (!shown.length) fill(box, emptyState({ icon: "users", title: "Nobody is like that", text: "Choose another status or skill." }));
  else fill(box, table(heads, shown.map(agentRow), "Agents, by name"));
  tick();
}

async function load() {
  try { agents = (await api("GET", "/api/desk/agents")).agents; draw(); } catch (err) { failed("agents", "The agents did not load", err, load); }
}

/** @param {Agent|null} a */
function edit(a) {
  editing = a?.id ?? "";
  fill(need("agent-title"), a ? a.name : "Add an agent");
  need("agent-new").hidden = Boolean(a); problem("agent-problem");
  input("agent-name").value = ""; input("agent-email").value = ""; input("agent-max").value = String(a?.max ?? 5);
  fill(need("agent-queues"), ...setup.queues.map((q) => choice("queue", q, ["Not", "1, first", "2", "3", "4", "5, last"], a?.queues.find((x) => x.id === q.id)?.priority ?? (a ? 0 : 1))));
  fill(need("agent-skills"), setup.skills.length ? null : h("p", { class: "hint" }, "There are no skills yet: make some in Settings."),
    ...setup.skills.map((k) => choice("skill", k, ["Not", ...levels.map((l, n) => `${n + 1}, ${l}`)], a?.skills.find((x) => x.id === k.id)?.level ?? 0)));
  show(dialog("agent"));
}
/** @param {string} kind @param {{id: string, name: string}} of @param {string[]} words @param {number} value */
const choice = (kind, of, words, value) => h("label", { class: "row choice" }, h("span", { class: "grow" }, of.name),
  h("select", { class: "input", "data-kind": kind, "data-id": of.id }, ...words.map((w, n) => h("option", { value: n, selected: n === value }, w))));
/** @param {string} kind */
const choices = (kind) => [...document.querySelectorAll(`select[data-kind="${kind}"]`)].map((s) => /** @type {HTMLSelectElement} */ (s)).filter((s) => s.value !== "0").map((s) => ({ id: s.dataset.id ?? "", n: Number(s.value) }));

async function save() {
  const b = button("agent-save"); busy(b, true); problem("agent-problem");
  try {
    if (!editing) editing = (await api("POST", "/api/users", { name: input("agent-name").value, email: input("agent-email").value, role: select("agent-role").value, password: "" })).id;
    await api("PUT", `/api/desk/agents/${encodeURIComponent(editing)}`, {
      max: Number(input("agent-max").value), queues: choices("queue").map((c) => ({ id: c.id, priority: c.n })), skills: choices("skill").map((c) => ({ id: c.id, level: c.n })),
    });
    dialog("agent").close(); toast({ title: "Saved" }); void load();
  } catch (err) { problem("agent-problem", err); } finally { busy(b, false); }
}

need("agent-form").addEventListener("submit", (e) => { e.preventDefault(); void save(); });
button("agent-add").addEventListener("click", () => edit(null));
for (const id of ["agents-status", "agents-skill"]) select(id).addEventListener("change", draw);
const who = await me; showZone();
edits = can(who, "desk.settings");
await live.ready();
try { setup = (await api("GET", "/api/desk/setup")).setup; for (const k of setup.skills) select("agents-skill").append(h("option", { value: k.id }, k.name)); } catch (err) { failed("agents", "The settings did not load", err, () => location.reload()); }
await load();
follow((k) => k === "desk.agent_changed", load);
