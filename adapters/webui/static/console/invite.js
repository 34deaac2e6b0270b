// The invitation, while the customer is not there: how far it has come, and what the agent can do about it.
import { api, newKey, Problem, sentence } from "../shell/api.js";
import { busy, button, fieldError, fieldSentence, need } from "../shell/dom.js";
import { clockOf, phone, time } from "../shell/format.js";
import { PhoneField } from "../shell/phonefield.js";
import { drawSteps, steps } from "../shell/steps.js";
import { copy, put } from "../call/draw.js";

/** @typedef {import("../call/wire.js").Call} Call */

const text = {
  about: (/** @type {string} */ reference, /** @type {string} */ at) => `Reference ${reference}, started ${at}`,
  byLink: "Invited by link",
  copy: "Copy a link", copied: "Copied", show: "Press Ctrl+C",
  again: "Send again",
  againIn: (/** @type {string} */ clock) => `Send again in ${clock}`,
  number: "Enter the other number.",
  this_: "This number",
};

export class InviteCard {
  #take; #now;
  #other = new PhoneField("other-phone");
  /** @type {Call|undefined} */ #call;
  #link = "";

  /** @param {{take: (call: Call) => void, now: () => number}} page take: the API gave a newer picture of the call */
  constructor({ take, now }) {
    this.#take = take; this.#now = now;
    this.#press("resend", () => this.#invite({}).then(() => {}));
    this.#press("copy-link", async () => {
      this.#link ||= await this.#invite({ channel: "link" });
      put(need("copy-word"), await copy(this.#link) ? text.copied : text.show);
      setTimeout(() => put(need("copy-word"), text.copy), 2500);
    });
    button("other-number").addEventListener("click", () => this.#openOther());
    need("other-form").addEventListener("submit", (e) => { e.preventDefault(); this.#sendOther(); });
    need("other-form").addEventListener("input", () => fieldError(this.#other.input, ""));
    setInterval(() => this.#countdown(), 500);
  }

  /** @param {Call} call that waits for its customer */
  draw(call) {
    this.#call = call;
    const here = call.status === "waiting";
    put(need("invite-number"), phone(call.phone) || text.byLink);
    put(need("invite-about"), text.about(call.reference, time(call.created_at)));
    drawSteps(need("steps"), steps(/** @type {import("../shell/api.js").Call} */ (call)));
    for (const id of ["copy-link", "other-number"]) need(id).hidden = here;
    if (here) need("other-form").hidden = true;
    this.#countdown();
  }

  get #path() { return `/api/calls/${encodeURIComponent(this.#call?.id ?? "")}`; }

  /** @param {object} how @returns {Promise<string>} the link */
  async #invite(how) {
    const { call, link } = await api("POST", `${this.#path}/invites`, how, { key: newKey() });
    if (link) this.#link = link;
    this.#take(call);
    return link;
  }

  /** @param {string} id @param {() => Promise<void>} work */
  #press(id, work) {
    const b = button(id);
    b.addEventListener("click", async () => {
      if (b.hasAttribute("aria-busy")) return;
      this.#problem("");
      busy(b, true);
      try { await work(); } catch (err) { this.#problem(sentence(err)); } finally { busy(b, false); }
    });
  }

  async #openOther() {
    const form = need("other-form");
    form.hidden = !form.hidden;
    if (form.hidden) return;
    this.#other.clear();
    this.#other.input.focus();
    try { await this.#other.load(this.#call?.country ?? ""); } catch (err) { this.#problem(sentence(err)); }
  }

  async #sendOther() {
    const { phone: typed, region } = this.#other.value;
    if (!typed) { fieldError(this.#other.input, text.number); this.#other.input.focus(); return; }
    busy(need("other-send"), true);
    try {
      await this.#invite({ phone: typed, ...(region ? { region } : {}) });
      need("other-form").hidden = true;
    } catch (err) {
      const field = err instanceof Problem ? err.fields[0] : undefined;
      fieldError(this.#other.input, field ? fieldSentence(text.this_, field.problem) : sentence(err));
      this.#other.input.focus();
    } finally {
      busy(need("other-send"), false);
    }
  }

  #countdown() {
    const b = button("resend");
    const at = this.#call?.resend_at;
    b.hidden = !at || this.#call?.status === "waiting";
    if (!at) return;
    const left = Math.ceil((Date.parse(at) - this.#now()) / 1000);
    b.disabled = left > 0;
    put(need("resend-word"), left > 0 ? text.againIn(clockOf(left).slice(left < 600 ? 4 : 3)) : text.again);
  }

  /** @param {string} problem */
  #problem(problem) {
    put(need("invite-problem"), problem);
    need("invite-problem").hidden = !problem;
  }
}
