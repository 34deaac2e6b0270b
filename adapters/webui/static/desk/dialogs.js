// The desk's dialogs: resolve, transfer, start a conversation, confirm, who could get a conversation. Targets of a
// transfer are input[name=target][value="agent:ID"|"queue:ID"].
import { newKey, Problem, sentence } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { busy, button, dialog, fill, h, icon, input, need } from "../shell/dom.js";
import { number } from "../shell/format.js";
import { show } from "../ui.js";
import { fetchTargets, fetchWhy, resolve, startTicket, transfer } from "./api.js";
import { channel, personName, presenceWord } from "./words.js";

/** @typedef {import("./api.js").Ticket} Ticket */
/** @typedef {import("./api.js").Targets} Targets */
/** @typedef {import("./api.js").Arrangement} Arrangement */

/** @param {string} id @param {unknown} err "" for none */
function problem(id, err) {
  const text = err === "" ? "" : err instanceof Problem && err.fields.length ? err.fields.map((f) => `${f.name} ${f.problem}`).join(", ") : sentence(err);
  need(id).hidden = !text; fill(need(id), text ? [icon("alert"), h("span", null, text)] : []);
}
/** Sends the form of a dialog, and closes it when that is done. @param {string} id @param {() => Promise<void>} run */
async function send(id, run) {
  const b = button(`${id}-do`);
  if (b.hasAttribute("aria-busy") || b.disabled) return;
  busy(b, true); problem(`${id}-problem`, "");
  try { await run(); dialog(id).close(); } catch (err) { problem(`${id}-problem`, err); } finally { busy(b, false); }
}

/** Asks before something that cannot be taken back at once. @param {{title: string, text: string, go: string}} o @returns {Promise<boolean>} */
export function confirm(o) {
  const d = dialog("confirm"); let yes = false;
  fill(need("confirm-title"), o.title); fill(need("confirm-text"), o.text); fill(need("confirm-do"), o.go);
  need("confirm-form").onsubmit = (e) => { e.preventDefault(); yes = true; d.close(); };
  show(d); button("confirm-cancel").focus();
  return new Promise((ok) => d.addEventListener("close", () => ok(yes), { once: true }));
}

export class Dialogs {
  /** @type {Arrangement|null} */ #setup = null;
  /** @type {Ticket|null} */ #ticket = null;
  /** @type {Targets|null} */ #targets = null;
  #taken; #me = ""; #contact = ""; #op = "";

  /** @param {(t: Ticket, what: "resolved"|"transferred"|"started") => void} taken */
  constructor(taken) {
    this.#taken = taken;
    need("resolve-form").addEventListener("submit", (e) => { e.preventDefault(); this.#resolve(); });
    need("transfer-form").addEventListener("submit", (e) => { e.preventDefault(); this.#transfer(); });
    need("begin-form").addEventListener("submit", (e) => { e.preventDefault(); this.#begin(); });
    input("transfer-search").addEventListener("input", () => this.#drawTargets());
    need("transfer-targets").addEventListener("change", () => { button("transfer-do").disabled = false; });
    for (const id of ["resolve-note", "transfer-note", "begin-text"]) need(id).addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); need(id).closest("form")?.requestSubmit(); } });
  }
  /** @param {Arrangement} setup @param {string} me */
  setup(setup, me) { this.#setup = setup; this.#me = me; }

  // ---- resolve ----
  /** @param {Ticket} t */
  resolve(t) {
    this.#ticket = t; problem("resolve-problem", "");
    const choices = this.#setup?.queues?.find((q) => q.id === t.queue)?.dispositions ?? [];
    need("resolve-disposition-field").hidden = !choices.length;
    fill(need("resolve-disposition"), h("option", { value: "" }, "Choose an outcome"), ...choices.map((c) => h("option", { value: c }, c)));
    need("resolve-note", HTMLTextAreaElement).value = "";
    show(dialog("resolve")); (choices.length ? need("resolve-disposition") : need("resolve-note")).focus();
  }
  #resolve() {
    const t = this.#ticket; const disposition = need("resolve-disposition", HTMLSelectElement).value; const note = need("resolve-note", HTMLTextAreaElement).value.trim();
    if (t) send("resolve", async () => { const { ticket } = await resolve(t.id, { ...(disposition ? { disposition } : {}), ...(note ? { note } : {}) }); this.#taken(ticket, "resolved"); });
  }

  // ---- transfer ----
  /** @param {Ticket} t */
  async transfer(t) {
    this.#ticket = t; this.#targets = null; problem("transfer-problem", "");
    input("transfer-search").value = ""; need("transfer-note", HTMLTextAreaElement).value = ""; button("transfer-do").disabled = true;
    fill(need("transfer-targets"), Array.from({ length: 4 }, () => h("div", { class: "target", "aria-hidden": "true" }, h("span", { class: "skeleton", "data-w": "50" }))));
    show(dialog("transfer")); input("transfer-search").focus();
    try {
      const got = await fetchTargets();
      if (this.#ticket === t) { this.#targets = got; this.#drawTargets(); }
    } catch (err) {
      fill(need("transfer-targets"), emptyState({ icon: "alert", tone: "bad", title: "Agents and queues did not load", text: sentence(err), actions: [h("button", { type: "button", class: "btn", onclick: () => this.transfer(t) }, icon("refresh"), "Try again")] }));
    }
  }
  #drawTargets() {
    const t = this.#ticket; const box = need("transfer-targets"); const q = input("transfer-search").value.trim().toLowerCase();
    if (!t || !this.#targets) return;
    const chosen = /** @type {HTMLInputElement|null} */ (box.querySelector("input:checked"))?.value ?? "";
    const rank = (/** @type {string} */ s) => ["available", "busy", "away", "offline"].indexOf(s);
    const agents = (this.#targets.agents ?? []).filter((a) => a.id !== t.assignee?.id && a.name.toLowerCase().includes(q)).sort((a, b) => rank(a.status) - rank(b.status) || a.used / a.max - b.used / b.max || a.name.localeCompare(b.name));
    const queues = (this.#targets.queues ?? []).filter((x) => x.name.toLowerCase().includes(q));
    const radio = (/** @type {string} */ value, /** @type {boolean} */ off) => h("input", { type: "radio", name: "target", value, disabled: off });
    const agentRow = (/** @type {NonNullable<Targets["agents"]>[number]} */ a) => {
      const can = t.may.assign || (a.status === "available" && a.used < a.max); const full = a.used >= a.max;
      return h("label", { class: "target", "data-off": !can }, h("span", { class: "check" }, radio(`agent:${a.id}`, !can)), h("span", { class: "presence", "data-status": a.status }), h("span", { class: "grow truncate" }, a.id === this.#me ? `${a.name} (you)` : a.name),
        h("span", { class: "small muted nowrap" }, presenceWord(a)), a.max <= 10 ? h("span", { class: "pips", "aria-hidden": "true" }, Array.from({ length: a.max }, (_, i) => h("i", { "data-on": i < a.used }))) : null, h("span", { class: full ? "small num bad-text" : "small num", "aria-label": `${a.used} of ${a.max} conversations` }, `${a.used}/${a.max}`));
    };
    fill(box, agents.length ? [h("h3", { class: "menu-title" }, "Agents, at once"), ...agents.map(agentRow)] : [],
      queues.length ? [h("h3", { class: "menu-title" }, "Queues, routed again"), ...queues.map((x) => h("label", { class: "target" }, h("span", { class: "check" }, radio(`queue:${x.id}`, false)), icon("inbox"), h("span", { class: "grow truncate" }, x.name), h("span", { class: "small muted nowrap" }, x.waiting ? `${number(x.waiting)} waiting` : "nobody waits")))] : [],
      !agents.length && !queues.length ? emptyState({ icon: "search", title: "Nothing matches", text: "No other agent or queue has that name." }) : null);
    box.removeAttribute("aria-busy");
    const again = [.../** @type {NodeListOf<HTMLInputElement>} */ (box.querySelectorAll("input"))].find((i) => i.value === chosen);
    if (again) again.checked = true;
    button("transfer-do").disabled = !again;
  }
  #transfer() {
    const t = this.#ticket; const chosen = /** @type {HTMLInputElement|null} */ (need("transfer-targets").querySelector("input:checked"))?.value ?? ""; const at = chosen.indexOf(":");
    if (!t || at < 0) return;
    const to = { [chosen.slice(0, at)]: chosen.slice(at + 1) }; const note = need("transfer-note", HTMLTextAreaElement).value.trim();
    const agent = this.#targets?.agents?.find((a) => a.id === to.agent); const override = !!agent && t.may.assign && (agent.used >= agent.max || agent.status !== "available");
    send("transfer", async () => { const { ticket } = await transfer(t.id, { ...to, ...(note ? { note } : {}), ...(override ? { override } : {}) }); this.#taken({ ...ticket, id: t.id }, "transferred"); });
  }

  // ---- start a conversation ----
  /** @param {import("./api.js").Contact} c @param {{line?: string, queue?: string}} [like] */
  begin(c, like = {}) {
    this.#contact = c.id; this.#op = newKey(); problem("begin-problem", "");
    const lines = (this.#setup?.lines ?? []).filter((l) => (c.identities ?? []).some((i) => i.line === l.id));
    fill(need("begin-who"), `To ${personName(c)}`);
    fill(need("begin-line"), ...lines.map((l) => h("option", { value: l.id }, `${l.name}, ${channel(l.kind).word}`)));
    fill(need("begin-queue"), h("option", { value: "" }, "The line's own"), ...(this.#setup?.queues ?? []).map((x) => h("option", { value: x.id }, x.name)));
    if (lines.some((l) => l.id === like.line)) need("begin-line", HTMLSelectElement).value = like.line ?? "";
    need("begin-text", HTMLTextAreaElement).value = ""; button("begin-do").disabled = !lines.length;
    if (!lines.length) { need("begin-problem").hidden = false; fill(need("begin-problem"), icon("alert"), h("span", null, "There is no channel on which this customer can be written to.")); }
    show(dialog("begin")); need("begin-text").focus();
  }
  #begin() {
    const text = need("begin-text", HTMLTextAreaElement).value.trim(); const queue = need("begin-queue", HTMLSelectElement).value;
    if (!text) { need("begin-text").focus(); return; }
    send("begin", async () => { const { ticket } = await startTicket({ contact: this.#contact, line: need("begin-line", HTMLSelectElement).value, ...(queue ? { queue } : {}), text, op: this.#op }); this.#taken(ticket, "started"); });
  }

  /** Says who could get a conversation that waits. @param {Ticket} t */
  async why(t) {
    const box = need("why-body");
    fill(box, h("span", { class: "spinner", role: "status", "aria-label": "Loading" }));
    show(dialog("why"));
    try {
      const { candidates } = await fetchWhy(t.id);
      fill(box, candidates.length ? h("ul", { class: "stack gap-3" }, candidates.map((c) => h("li", { class: "row" }, icon(c.eligible ? "check" : "close"), h("span", { class: "grow" }, h("strong", null, c.name || c.agent), h("span", { class: "small muted" }, ` ${c.eligible ? "can get it" : c.problem ?? ""}`)))))
        : emptyState({ icon: "users", title: "Nobody serves this queue", text: "Give agents the queue, or transfer the conversation to another." }));
    } catch (err) { fill(box, h("p", { class: "soft" }, sentence(err))); }
  }
}
