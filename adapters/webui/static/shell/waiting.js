// The dialog that waits for the customer, and the chip in the top bar while it is hidden. It belongs to one call, which
// this tab remembers, and goes to the call by itself when the customer is there.
// Ids: #waiting #waiting-number #steps #waiting-problem #link #copy-link #resend #other-number #other-form #other-phone
// #other-send #cancel #join #again #hide-waiting #waiting-chip.
import { api, fetchCall, newKey, Problem, sentence } from "./api.js";
import { ending, inCall, over } from "./calls.js";
import { announce, busy, button, dialog, fieldError, fieldSentence, fill, h, icon, input, need } from "./dom.js";
import { clockOf, phone, time } from "./format.js";
import { live, me, toast, toastError } from "./frame.js";
import { PhoneField } from "./phonefield.js";
import { drawSteps, steps } from "./steps.js";
import { show } from "../ui.js";

/** @typedef {import("./api.js").Call} Call */

const slot = "tandem.waiting";
const d = dialog("waiting");
const other = new PhoneField("other-phone");
/** @type {Call|null} */ let call = null;
let link = ""; let leaving = false; let asked = false; let said = ""; let mine = "";
me.then((m) => { mine = m.user.id; }, () => {});

/** Shows the dialog for a call that waits for its customer. @param {Call} c @param {string} [url] the link, if it is known */
export function openWaiting(c, url = "") {
  if (call?.id !== c.id) { link = ""; said = ""; }
  if (url) link = url;
  leaving = false; asked = false;
  closeOther();
  remember(c.id, "shown");
  take(c);
  show(d);
  chip();
}

function closeOther() { need("other-form").hidden = true; button("other-number").setAttribute("aria-expanded", "false"); }
/** @param {string} id @param {"shown"|"hidden"} how */
function remember(id, how) { try { sessionStorage.setItem(slot, JSON.stringify({ id, how })); } catch { /* private window */ } }
function forgetCall() { call = null; try { sessionStorage.removeItem(slot); } catch { /* private window */ } chip(); }

/** @param {Call} c */
function take(c) {
  call = c;
  draw();
  // The customer is there: both are connected without a further press (unless the agent is about to discard the call).
  if ((c.status === "waiting" || inCall(c)) && !asked) join(700);
  if (over(c) && !d.open) { toast({ title: `${phone(c.phone)}: ${ending(c, mine)}`, tone: "info", icon: "info" }); forgetCall(); }
}

/** @param {number} [after] ms, so that the last step is seen */
function join(after = 0) {
  if (leaving || !call) return;
  leaving = true;
  const { id } = call;
  announce("The customer is here. Joining the call.");
  setTimeout(() => { if (!leaving) return; try { sessionStorage.removeItem(slot); } catch { /* private window */ } location.assign(`/call/${encodeURIComponent(id)}`); }, after);
}

function draw() {
  const c = call; if (!c) return;
  const ended = over(c); const here = c.status === "waiting" || inCall(c);
  fill(need("waiting-title"), ended ? "The invitation is over" : here ? "The customer is here" : "Waiting for the customer");
  fill(need("waiting-number"), phone(c.phone));
  fill(need("waiting-about"), `Reference ${c.reference}, started ${time(c.created_at)}`);
  const list = steps(c); drawSteps(need("steps"), list);
  say(list.filter((s) => s.state === "done" || s.state === "failed").pop()?.name ?? "");
  problemOf(c);
  need("link-field").hidden = ended || here; input("link").value = link; input("link").placeholder = link ? "" : "Made when you copy it";
  if (ended || here) closeOther();
  fill(button("cancel"), ended ? "Close" : asked ? (here ? "Yes, discard it" : "Yes, cancel it") : here ? "Discard call" : "Cancel invitation");
  button("cancel").dataset.variant = ended ? "quiet" : asked ? "danger" : "quiet-danger";
  button("other-number").hidden = ended || here;
  button("join").hidden = ended || !here; button("again").hidden = !ended;
  need("hide-waiting").hidden = ended;
  countdown(); chip();
}

/** What went wrong, and the way out. @param {Call} c */
function problemOf(c) {
  const box = need("waiting-problem"); const last = steps(c).some((s) => s.state === "failed");
  const text = over(c) ? `${ending(c, mine)}.` : last ? "Try another number, send it again, or copy the link and send it some other way." : asked && c.status === "waiting" ? "The customer is told that the call is over." : "";
  box.hidden = !text; box.dataset.tone = over(c) ? (c.status === "cancelled" ? "idle" : "bad") : "warn";
  if (box.textContent !== text) fill(box, text ? [icon(over(c) ? "info" : "alert"), h("span", null, text)] : []);
}

/** @param {string} step */
function say(step) { if (step && step !== said) { if (said) announce(step); said = step; } }

/** The seconds until another text may go out; the server's word counts, and says so again if we are early. */
function countdown() {
  const b = button("resend"); const c = call;
  const ends = !c || over(c) || c.status === "waiting" || inCall(c);
  b.hidden = ends || !c?.resend_at;
  if (b.hidden || !c?.resend_at) return;
  const left = Math.ceil((new Date(c.resend_at).getTime() - Date.now()) / 1000);
  b.disabled = left > 0;
  const text = left > 0 ? `Send again in ${clockOf(left).slice(left < 600 ? 4 : 3)}` : "Send again";
  if (b.textContent !== text) fill(b, text);
}
setInterval(countdown, 500);

function chip() {
  const b = button("waiting-chip");
  b.hidden = !call || d.open || over(call);
  if (b.hidden || !call) return;
  const now = steps(call).find((s) => s.state === "now" || s.state === "failed");
  b.dataset.tone = now?.state === "failed" ? "bad" : "info";
  fill(need("waiting-chip-text"), `${phone(call.phone)} · ${now?.state === "failed" ? now.name : call.status === "waiting" ? "Guest is waiting" : steps(call).filter((s) => s.state === "done").pop()?.name ?? "Sending"}`);
}

async function refresh() {
  const id = call?.id; if (!id) return;
  try {
    const c = await fetchCall(id);
    if (call?.id === id) take(c);
  } catch (err) {
    if (err instanceof Problem && err.status === 404) { d.close(); forgetCall(); }
  }
}
live.onEvent((e) => { if (e.about === call?.id) refresh(); });
live.onReset(refresh);
setInterval(() => { if (call && !over(call) && live.state !== "up" && !document.hidden) refresh(); }, 5000);

/**
 * Runs one press of a button of the dialog.
 * @param {string} id @param {string} title of what failed @param {() => Promise<void>} work
 */
function press(id, title, work) {
  const b = button(id);
  b.addEventListener("click", async () => {
    if (b.hasAttribute("aria-busy")) return;
    busy(b, true);
    try { await work(); } catch (err) { toastError(title, err); refresh(); } finally { busy(b, false); }
  });
}

/** @param {object} body @returns {Promise<string>} the link */
async function invite(body) {
  if (!call) return "";
  const { call: c, link: url } = await api("POST", `/api/calls/${encodeURIComponent(call.id)}/invites`, body, { key: newKey() });
  if (url) link = url;
  take(c);
  return url;
}

press("resend", "Not sent again", async () => { await invite({}); announce("Sent again."); });
press("copy-link", "The link could not be made", async () => {
  if (!link) await invite({ channel: "link" });
  const done = await copy(link);
  const label = button("copy-link").querySelector("span");
  if (!label) return;
  fill(label, done ? "Copied" : "Press Ctrl+C"); if (done) announce("The link is copied.");
  setTimeout(() => fill(label, "Copy"), 2500);
});
press("cancel", "The call could not be cancelled", async () => {
  if (!call || over(call)) { d.close(); return; }
  if (call.status !== "created" && call.status !== "invited" && !asked) { asked = true; leaving = false; draw(); return; } // somebody is there: ask first
  const { call: c } = await api("POST", `/api/calls/${encodeURIComponent(call.id)}/hangup`, {});
  asked = false; take(c);
});
button("join").addEventListener("click", () => { asked = false; leaving = false; join(); });
button("again").addEventListener("click", async () => {
  const from = call; d.close(); forgetCall();
  const { openStart } = await import("./start.js");
  if (from) openStart({ phone: from.phone, country: from.country, previous: from.id });
});
button("other-number").addEventListener("click", async () => {
  const form = need("other-form"); form.hidden = !form.hidden;
  button("other-number").setAttribute("aria-expanded", String(!form.hidden));
  if (form.hidden) return;
  fieldError(other.input, ""); other.clear(); other.input.focus();
  try { await other.load(call?.country || (await me).account.region); } catch (err) { toastError("The countries did not load", err); }
});
need("other-form").addEventListener("submit", async (e) => {
  e.preventDefault();
  const b = button("other-send"); const { phone: typed, region } = other.value;
  if (!typed) { fieldError(other.input, "Enter the other number."); other.input.focus(); return; }
  fieldError(other.input, ""); busy(b, true);
  try {
    await invite({ phone: typed, ...(region ? { region } : {}) });
    closeOther(); d.focus();
  } catch (err) {
    const f = err instanceof Problem ? err.fields[0] : undefined;
    fieldError(other.input, f ? fieldSentence("This phone number", f.problem) : sentence(err)); other.input.focus();
  } finally { busy(b, false); }
});
need("other-form").addEventListener("input", () => fieldError(other.input, ""));

/** @param {string} text */
async function copy(text) {
  input("link").select();
  try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed, or no https */ }
  return document.execCommand("copy");
}

button("hide-waiting").addEventListener("click", () => d.close());
d.addEventListener("close", () => {
  if (!call) return;
  if (over(call)) { forgetCall(); return; }
  remember(call.id, "hidden"); chip();
});
button("waiting-chip").addEventListener("click", () => { if (call) openWaiting(call); });

// Another page of the same tab, or a reload: the wait goes on, hidden or not as it was.
async function restore() {
  /** @type {{id: string, how: string}|null} */
  let was = null;
  try { was = JSON.parse(sessionStorage.getItem(slot) ?? "null"); } catch { /* private window */ }
  if (!was || call) return;
  try {
    const c = await fetchCall(was.id);
    if (call) return;
    if (over(c)) { forgetCall(); return; }
    if (was.how === "shown") openWaiting(c); else take(c);
  } catch (err) {
    if (err instanceof Problem && [403, 404].includes(err.status)) { forgetCall(); return; }
    setTimeout(restore, 5000); // the server is away for a moment
  }
}
live.ready().then(restore);
