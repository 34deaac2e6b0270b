// The dialogs about two contacts and about writing to one. Ids: #merge #merge-search #merge-results (buttons [data-contact=ID])
// #merge-primary (input[name=primary]) #merge-do #merge-problem; #begin #begin-line #begin-queue #begin-text #begin-do #begin-problem.
import { api, newKey, Problem, sentence } from "../shell/api.js";
import { busy, button, dialog, fieldError, fill, h, input, need } from "../shell/dom.js";
import { phone } from "../shell/format.js";
import { show } from "../ui.js";
import { channel, personName } from "../desk/words.js";
import { avatar, faults, problem, select, settle } from "./common.js";

/** @typedef {import("../desk/api.js").Contact} Contact */
/** @typedef {import("../desk/api.js").Arrangement} Arrangement */

/** What tells one contact from another. @param {Contact} c */
const about = (c) => [phone(c.phone), c.email, c.source ? channel(c.source).word : "added by hand"].filter(Boolean).join(", ");

/** Asks with which contact this one is merged, and which of them is shown. @param {(primary: string, other: string) => void} done */
export function merging(done) {
  /** @type {Contact|null} */ let here = null;
  /** @type {Contact|null} */ let other = null;
  let round = 0;

  async function find() {
    const q = input("merge-search").value.trim(), box = need("merge-results"), mine = ++round;
    if (q.length < 2) { fill(box); return; }
    try {
      /** @type {{contacts: Contact[]}} */ const { contacts } = await api("GET", `/api/desk/contacts?${new URLSearchParams({ q, limit: "7" })}`);
      if (mine !== round) return;
      const found = contacts.filter((c) => c.id !== here?.id);
      fill(box, found.length ? found.map((c) => h("button", { type: "button", class: "menu-item", "data-contact": c.id, onclick: () => choose(c) }, avatar(personName(c), undefined, "sm"), h("span", { class: "grow truncate" }, personName(c)), h("span", { class: "small muted truncate" }, about(c)))) : h("p", { class: "small muted" }, "No other contact like that."));
    } catch (err) { if (mine === round) fill(box, h("p", { class: "error" }, sentence(err))); }
  }
  /** @param {Contact} c */
  function choose(c) {
    if (!here) return;
    other = c;
    fill(need("merge-results")); input("merge-search").value = personName(c);
    const card = (/** @type {Contact} */ x, /** @type {boolean} */ on) => { const i = h("input", { type: "radio", name: "primary", value: x.id }); i.checked = on; return h("label", { class: "choice-card" }, h("span", { class: "check" }, i), avatar(personName(x)), h("span", { class: "grow" }, h("span", { class: "strong" }, personName(x)), h("span", { class: "small muted" }, ` ${about(x)}`))); };
    fill(need("merge-primary"), card(here, true), card(c, false));
    need("merge-primary-field").hidden = false; button("merge-do").disabled = false; button("merge-do").focus();
  }
  input("merge-search").addEventListener("input", settle(find));
  input("merge-search").addEventListener("input", () => { other = null; button("merge-do").disabled = true; need("merge-primary-field").hidden = true; });
  need("merge-form").addEventListener("submit", async (e) => {
    e.preventDefault();
    const b = button("merge-do"), ids = [here?.id, other?.id];
    const primary = /** @type {HTMLInputElement|null} */ (need("merge-primary").querySelector("input:checked"))?.value;
    if (!other || !primary || b.getAttribute("aria-busy")) return;
    const rest = ids.find((x) => x && x !== primary) ?? "";
    busy(b, true); problem("merge-problem");
    try { await api("POST", `/api/desk/contacts/${encodeURIComponent(primary)}/merge`, { other: rest }); dialog("merge").close(); done(primary, rest); } catch (err) { problem("merge-problem", err); } finally { busy(b, false); }
  });
  /** @param {Contact} c */
  return (c) => {
    here = c; other = null; problem("merge-problem");
    input("merge-search").value = ""; fill(need("merge-results")); need("merge-primary-field").hidden = true; button("merge-do").disabled = true;
    show(dialog("merge")); input("merge-search").focus();
  };
}

/** The lines on which the contact can be written to. @param {Contact} c @param {Contact[]} members @param {Arrangement} setup */
export const linesOf = (c, members, setup) => (setup.lines ?? []).filter((l) => [c, ...members].some((x) => (x.identities ?? []).some((i) => i.line === l.id)));

/** Asks what to write to a contact, and on which line. */
export function beginning() {
  let contact = "", op = "";
  need("begin-form").addEventListener("submit", async (e) => {
    e.preventDefault();
    const b = button("begin-do"), text = need("begin-text", HTMLTextAreaElement), queue = select("begin-queue").value;
    if (b.getAttribute("aria-busy")) return;
    faults(need("begin-form"), "begin-problem", null, (n) => `begin-${n}`);
    if (!text.value.trim()) { fieldError(text, "Write something first."); text.focus(); return; }
    busy(b, true);
    try {
      const { ticket } = await api("POST", "/api/desk/tickets", { contact, line: select("begin-line").value, ...(queue ? { queue } : {}), text: text.value.trim(), op });
      location.assign(`/desk/${ticket.id}`);
    } catch (err) {
      if (err instanceof Problem && err.status) op = newKey();
      faults(need("begin-form"), "begin-problem", err, (n) => `begin-${n}`); busy(b, false);
    }
  });
  /** @param {Contact} c @param {Contact[]} members @param {Arrangement} setup */
  return (c, members, setup) => {
    contact = c.id; op = newKey();
    faults(need("begin-form"), "begin-problem", null, (n) => `begin-${n}`);
    fill(select("begin-line"), ...linesOf(c, members, setup).map((l) => h("option", { value: l.id }, `${l.name}, ${channel(l.kind).word}`)));
    fill(select("begin-queue"), h("option", { value: "" }, "The line's own"), ...(setup.queues ?? []).map((q) => h("option", { value: q.id }, q.name)));
    need("begin-text", HTMLTextAreaElement).value = "";
    show(dialog("begin")); need("begin-text").focus();
  };
}
