// The dialog that starts a call. Ids: #start #start-form #number #number-country #reference #suggest #recent #invite
// #start-problem; a recent number is button[data-number="+65…"].
import { api, newKey, Problem, sentence } from "./api.js";
import { suggestReference } from "./calls.js";
import { busy, button, dialog, fieldError, fieldSentence, fill, h, icon, input, need } from "./dom.js";
import { phone } from "./format.js";
import { me } from "./frame.js";
import { PhoneField } from "./phonefield.js";
import { show } from "../ui.js";
import { openWaiting } from "./waiting.js";

/** @typedef {import("./api.js").Call} Call */

const number = new PhoneField("number");
const d = dialog("start");
let previous = "";
/** The attempt that is under way, or whose answer was lost: the same request goes out under the same key. */
let attempt = { key: "", body: "" };

/** @param {string|Node} [text] */
function problem(text) {
  const box = need("start-problem");
  box.hidden = !text; fill(box, text ? [icon("alert"), typeof text === "string" ? h("span", null, text) : text] : []);
}
function clearErrors() { problem(); fieldError(number.input, ""); fieldError(input("reference"), ""); }

/** @param {{phone?: string, country?: string, previous?: string}} [from] a call to follow */
export async function openStart(from = {}) {
  clearErrors();
  previous = from.previous ?? ""; attempt = { key: "", body: "" };
  fill(need("start-title"), previous ? "Invite again" : "Start a call");
  number.clear();
  input("reference").value = suggestReference();
  show(d);
  number.input.focus();
  recent();
  try {
    const who = await me;
    await number.load(from.country || who.account.region);
  } catch (err) { problem(sentence(err)); }
  if (from.phone && !number.input.value) { number.set(from.phone, from.country); number.input.select(); }
}

/** Numbers of the last calls, to be called again with one press. */
async function recent() {
  /** @type {Call[]} */
  let calls = [];
  try {
    const who = await me;
    calls = (await api("GET", `/api/calls?limit=30&agent=${encodeURIComponent(who.user.id)}`)).calls;
  } catch { /* without them the dialog works as well */ }
  const seen = new Map();
  for (const c of calls) if (c.phone && !seen.has(c.phone)) seen.set(c.phone, c);
  const some = [...seen.values()].slice(0, 4);
  need("recent-field").hidden = !some.length;
  fill(need("recent"), some.map((c) => h("button", { type: "button", class: "btn", "data-size": "sm", "data-number": c.phone, title: c.customer || null,
    onclick: () => { number.set(c.phone, c.country); fieldError(number.input, ""); input("reference").focus(); input("reference").select(); } }, icon("clock"), h("span", { class: "num" }, phone(c.phone)))));
}

need("suggest").addEventListener("click", () => { input("reference").value = suggestReference(); fieldError(input("reference"), ""); input("reference").focus(); });
need("start-form").addEventListener("input", (e) => { if (e.target instanceof HTMLInputElement) fieldError(e.target, ""); problem(); });
need("start-form").addEventListener("submit", async (e) => {
  e.preventDefault();
  const b = button("invite");
  if (b.hasAttribute("aria-busy")) return;
  clearErrors();
  const { phone: typed, region } = number.value; const reference = input("reference").value.trim();
  if (!typed) fieldError(number.input, "Enter the customer's mobile number.");
  if (!reference) fieldError(input("reference"), "Enter a reference, or take the suggestion.");
  if (!typed || !reference) { (typed ? input("reference") : number.input).focus(); return; }
  const order = { phone: typed, ...(region ? { region } : {}), reference, ...(previous ? { previous } : {}) };
  const body = JSON.stringify(order);
  if (attempt.body !== body) attempt = { key: newKey(), body };
  busy(b, true);
  try {
    const { call, link } = await api("POST", "/api/calls", order, { key: attempt.key });
    attempt = { key: "", body: "" };
    dispatchEvent(new CustomEvent("callstarted", { detail: call }));
    openWaiting(call, link);
  } catch (err) {
    if (!(err instanceof Problem && (err.status === 0 || err.status >= 500))) attempt = { key: "", body: "" };
    refused(err);
  } finally { busy(b, false); }
});

/** Puts every reason where it belongs. @param {unknown} err */
function refused(err) {
  const fields = err instanceof Problem ? err.fields : [];
  /** @type {Record<string, [HTMLInputElement, string]>} */
  const places = { phone: [number.input, "This phone number"], region: [number.input, "The country"], reference: [input("reference"), "This reference"] };
  const known = fields.filter((f) => places[f.name]); const rest = fields.filter((f) => !places[f.name]);
  for (const f of known) fieldError(places[f.name][0], fieldSentence(places[f.name][1], f.problem));
  if (known.length) places[known[0].name][0].focus();
  if (rest.length) problem(rest.map((f) => fieldSentence(f.name, f.problem)).join(" "));
  else if (!known.length) problem(sentence(err));
}

document.addEventListener("click", (e) => {
  const b = e.target instanceof Element ? e.target.closest("#start-call") : null;
  if (b) openStart();
});
