// The agent's console, /call/ID: the invitation while the customer is not there, then the call, then how it ended. It is in the room
// from the start, so that a customer who joins is connected at once. body[data-state] says where it stands: loading inviting waiting
// call reconnecting held ended invalid replaced; body[data-status] is the call's status.
//
// Ids that tests and people act on:
//   head     #back #customer-name #status #customer-quality #timer
//   stage    #remote #self #peer-off #peer-mic #peer-cam #overlay[data-kind=connecting|self|other|held] #tap-to-continue
//   mine     #mic #cam #choose #picker (input[name=picker-cam], input[name=picker-mic]) #help-dialog #permission-retry
//   theirs   #their-mic #their-cam (data-state=on|off|none|unknown), read only
//   call     #hold #overlay-resume #end #end-dialog #end-confirm #end-cancel #knock #knock-text #knock-admit #knock-refuse
//   invite   #invite-card #invite-number #steps #copy-link #other-number #other-form #other-phone #other-send #resend
//   side     #tab-chat #tab-customer #tab-quality #chat-log #chat-text #chat-send #chat-new #facts #quality-in #quality-out; a bubble is
//            .msg[data-side=out|in][data-state=sent|sending|failed] .bubble
//   end      #ended #ended-title #rating (input[name=stars]) #rating-comment #rating-send #rating-thanks #home #invite-again #details
// A control's data-state is on, off, none, asking or denied. Keys: m microphone, v camera, c chat.
import { api, fetchMe, fetchMessages, newKey, Problem, sentence, toSignIn } from "../shell/api.js";
import { browserName, look } from "../shell/calls.js";
import { announce, busy, button, fill, h, need } from "../shell/dom.js";
import { clockOf, phone, setZone } from "../shell/format.js";
import { select } from "../ui.js";
import { ChatView, count } from "../call/chatview.js";
import { stayAwake } from "../call/awake.js";
import { attrs, firstName, put, setIcon } from "../call/draw.js";
import { ending, talked } from "../call/ending.js";
import { drawHelp, problem } from "../call/helpview.js";
import { Picker } from "../call/picker.js";
import { RatingForm } from "../call/rating.js";
import { Session } from "../call/session.js";
import { avatar, deviceButton, levelWords, pageState, quality, Stage } from "../call/stage.js";
import { held, holds, leg, mayRate, over } from "../call/wire.js";
import { InviteCard } from "./invite.js";
import { Side } from "./side.js";

/** @typedef {import("../call/wire.js").Call} Call */
/** @typedef {import("../call/devices.js").Shown} Shown */

const text = {
  page: (/** @type {string} */ who) => `Call with ${who} · Tandem`,
  customer: "The customer",
  /** @type {Record<Shown, string>} */
  mine: { on: "On", off: "Off", none: "Not found", asking: "Starting", denied: "Blocked" },
  /** @type {Record<string, string>} */
  theirs: { on: "On", off: "Off", none: "None", "": "Not known yet" },
  devices: (/** @type {string} */ who) => `${who}’s devices`,
  /** @type {Record<string, string>} */
  facing: { user: "Front camera", environment: "Back camera" },
  hold: "Hold", resume: "Resume", heldByOther: (/** @type {string} */ who) => `On hold by ${who}`,
  end: "End call", discard: "Discard call", cancel: "Cancel invitation",
  endTitle: "End the call?", endText: (/** @type {string} */ who) => `It ends for you and for ${who}. The link cannot be used again.`,
  cancelTitle: "Cancel the invitation?", cancelText: "The link stops working.",
  knock: (/** @type {string} */ name, /** @type {string} */ browser) => `${name || "Somebody"} has opened the link on another device (${browser || "unknown browser"}) and asks to move the call there.`,
  joined: (/** @type {string} */ who, /** @type {string} */ browser) => `${who} joined${browser ? ` from ${browser}` : ""}`,
  cutOff: (/** @type {string} */ who) => `${who} was cut off`,
  unread: (/** @type {number} */ n) => (n === 1 ? "1 new message" : `${n} new messages`),
  talked: "Talked for",
  left: (/** @type {number} */ s) => `Otherwise the call ends in ${s} s`,
  chatLater: "Opens when the customer is here", chatOver: "The chat is closed",
  notFoundTitle: "There is no such call", notFound: "It may belong to another account, or the address is mistyped.",
  deniedTitle: "This call is another agent’s", denied: "Only the agent who started a call can be in it.",
  replacedTitle: "The call is open in another tab", replaced: "This tab has let go of it.", here: "Use it here",
  failedTitle: "The call could not be loaded", notNow: "It cannot be entered at this moment.", retry: "Try again",
};

const id = decodeURIComponent(location.pathname.split("/").pop() ?? "");
const path = `/api/calls/${encodeURIComponent(id)}`;
const session = new Session("agent", id, { change: draw, closed });
const { devices } = session;
const picker = new Picker(devices);
const stage = new Stage(session);
const side = new Side(session, id);
const invite = new InviteCard({ take: (call) => session.take(call), now: () => session.now });
const rating = new RatingForm((call) => session.take(call));
const dialog = need("end-dialog", HTMLDialogElement);
/** @type {ChatView|undefined} */ let chat;
let said = "", stuck = false, shownEnd = false;

function draw() {
  const { call } = session;
  if (need("picker", HTMLDialogElement).open) picker.draw();
  drawMine();
  if (!call || stuck) return;
  const state = over(call.status) ? "ended" : pageState(session);
  document.body.dataset.state = state;
  document.body.dataset.status = call.status;
  drawHead(call);
  drawTheirs(call);
  const waits = state === "inviting" || state === "waiting";
  need("invite-card").hidden = !waits;
  need("ended").hidden = state !== "ended";
  if (waits) invite.draw(call);
  stage.draw(call.customer || text.customer);
  drawCall(call, state);
  drawKnock(call);
  side.draw();
  chat?.draw(call.customer || text.customer, notes(call), state === "ended" ? text.chatOver : state === "inviting" ? text.chatLater : "");
  if (state === "ended") drawEnd(call);
}

/** @param {Call} call */
function drawHead(call) {
  const who = call.customer || phone(call.phone) || text.customer;
  document.title = text.page(who);
  put(need("customer-name"), who);
  put(need("customer-about"), [call.customer ? phone(call.phone) : "", call.reference].filter(Boolean).join(", "));
  avatar(need("customer-avatar"), call.customer);
  const { word, tone } = look(call.status);
  put(need("status"), word);
  need("status").dataset.tone = tone;
  const level = over(call.status) || session.gone ? 0 : session.levels.customer;
  need("customer-quality").hidden = level === 0;
  need("customer-quality").dataset.tone = ["idle", "bad", "warn", "ok", "ok"][level];
  quality(/** @type {HTMLElement} */ (need("customer-quality").firstElementChild), level);
  put(need("customer-quality-text"), levelWords(level).replace(/^Connection (.)/, (_, c) => c.toLocaleUpperCase()));
  const inCall = !!call.answered_at && !over(call.status);
  need("back").hidden = inCall;
  tick();
}

function drawMine() {
  for (const kind of /** @type {("mic"|"cam")[]} */ (["mic", "cam"])) {
    const { shown } = devices[kind];
    deviceButton(button(kind), shown, kind === "mic" ? { on: "mic", off: "mic-off" } : { on: "camera", off: "camera-off" });
    attrs(button(kind), { "aria-pressed": String(shown === "on") });
    put(need(`${kind}-state`), text.mine[shown]);
  }
  stage.self();
}

/** @param {Call} call */
function drawTheirs(call) {
  const who = call.customer ? firstName(call.customer) : text.customer;
  put(need("dock-theirs"), text.devices(who));
  const status = leg(call, "customer")?.status ?? "gone";
  const present = !["lost", "gone", "new"].includes(status) && !over(call.status);
  for (const kind of /** @type {("mic"|"cam")[]} */ (["mic", "cam"])) {
    const reported = (present && session.peer[kind]) || "";
    const el = need(`their-${kind}`);
    attrs(el, { "data-state": reported || "unknown" });
    put(need(`their-${kind}-state`), text.theirs[reported]);
    const off = reported === "off" || reported === "none";
    setIcon(el, kind === "mic" ? (off ? "mic-off" : "mic") : off ? "camera-off" : "camera");
  }
  const facing = text.facing[session.peer.facing ?? ""] ?? "";
  need("peer-cam").hidden = !present || session.peer.cam !== "on" || !facing;
  put(need("peer-cam-text"), facing);
}

/** @param {Call} call @param {string} state */
function drawCall(call, state) {
  const on = held(call), own = holds(call, "agent");
  button("hold").disabled = call.status !== (own ? "held" : "connected");
  attrs(button("hold"), { "aria-pressed": String(on) });
  put(need("hold-word"), own ? text.resume : on ? text.heldByOther(firstName(call.customer || text.customer)) : text.hold);
  button("end").disabled = state === "ended";
  put(need("end-word"), state === "inviting" ? text.cancel : state === "waiting" ? text.discard : text.end);
  put(need("end-title"), state === "inviting" ? text.cancelTitle : text.endTitle);
  put(need("end-text"), state === "inviting" ? text.cancelText : text.endText(call.customer ? firstName(call.customer) : "the customer"));
  put(need("end-confirm"), need("end-word").textContent ?? "");
}

/** @param {Call} call */
function drawKnock(call) {
  const { knock } = call;
  need("knock").hidden = !knock || over(call.status);
  if (!knock || need("knock").dataset.knock === knock.id) return;
  need("knock").dataset.knock = knock.id;
  put(need("knock-text"), text.knock(knock.name, browserName(knock.browser)));
}

/** Answers the knock that is shown. @param {boolean} yes */
function admit(yes) {
  return press(need(yes ? "knock-admit" : "knock-refuse"), () => session.admit(need("knock").dataset.knock ?? "", yes));
}

/** @param {Call} call @returns {import("../call/chatview.js").Note[]} */
function notes(call) {
  const l = leg(call, "customer");
  const who = firstName(call.customer || text.customer);
  const all = [];
  if (l?.joined_at) all.push({ key: "joined", at: l.joined_at, text: text.joined(who, browserName(l.browser)), icon: "ch-video" });
  if (l?.lost_at && l.losses) all.push({ key: `lost-${l.losses}`, at: l.lost_at, text: text.cutOff(who), icon: "signal" });
  return all;
}

/** @param {Call} call */
function drawEnd(call) {
  const how = ending(call, "agent", call.customer || text.customer);
  put(need("ended-title"), how.title);
  put(need("ended-text"), how.text);
  need("ended-mark").dataset.tone = how.tone;
  setIcon(need("ended-mark"), how.icon);
  const time = talked(call);
  if (time) fill(need("ended-facts"), h("dt", null, text.talked), h("dd", { class: "num" }, time));
  need("details", HTMLAnchorElement).href = `/calls/${encodeURIComponent(id)}`;
  need("invite-again").hidden = !call.phone;
  const rate = mayRate(call, "agent");
  if (rate) rating.ask(`${path}/rating`);
  need("home").dataset.variant = rate ? "plain" : "primary"; // one button stands out
  if (shownEnd) return;
  shownEnd = true;
  dialog.close();
  need("picker", HTMLDialogElement).close();
  need("ended-title").focus({ preventScroll: true });
}

function tick() {
  const { call } = session;
  if (!call) return;
  put(need("timer"), clockOf(session.talk));
  const left = call.status === "reconnecting" && call.due_at ? Math.max(0, Math.round((Date.parse(call.due_at) - session.now) / 1000)) : -1;
  need("overlay-left").hidden = left < 0;
  if (left >= 0) put(need("overlay-left"), text.left(left));
}

/** There is no call for this page. @param {string} state @param {string} title @param {string} why @param {string} [act] */
function nothing(state, title, why, act) {
  stuck = true;
  session.leave();
  document.body.dataset.state = state;
  put(need("nothing-title"), title);
  put(need("nothing-text"), why);
  for (const el of ["invite-card", "ended", "overlay"]) need(el).hidden = true;
  need("nothing").hidden = false;
  const b = button("nothing-act");
  b.hidden = !act;
  if (act) put(b, act);
  need("back").hidden = false;
  for (const el of ["hold", "end", "mic", "cam", "choose"]) button(el).disabled = true;
  need("nothing-title").focus({ preventScroll: true });
}

/** The room closed the socket for good. @param {number} code */
async function closed(code) {
  switch (code) {
    case 4401: toSignIn(); break;
    case 4403: nothing("invalid", text.deniedTitle, text.denied); break;
    case 4409: nothing("replaced", text.replacedTitle, text.replaced, text.here); break;
    default: await read();
  }
}

/** Reads the call over HTTP: it is over, or there is none. */
async function read() {
  try {
    const { call } = await api("GET", path);
    if (over(call.status)) {
      session.take(call);
      messages();
    } else nothing("invalid", text.failedTitle, text.notNow, text.retry);
  } catch (err) {
    if (err instanceof Problem && (err.status === 404 || err.status === 403)) nothing("invalid", text.notFoundTitle, text.notFound);
    else nothing("invalid", text.failedTitle, sentence(err), text.retry);
  }
}

/** What the page does not have of the chat of a call that is over. */
async function messages() {
  const { chat } = session;
  if (!chat) return;
  try { chat.merge(await fetchMessages(id, chat.lastN)); } catch { /* the call's page shows it too */ }
}

async function help(/** @type {"mic"|"cam"} */ kind) {
  await devices.toggle(kind);
  if (!devices[kind].wanted || !devices[kind].obstacle) return;
  const it = problem(devices);
  const box = need("help-dialog", HTMLDialogElement);
  if (!it || box.open) return;
  put(need("help-title"), it.title);
  drawHelp(need("help-body"), it, () => { box.close(); devices.retry(); }, false);
  box.showModal();
}

/** Runs what a button asks of the room, and says why it did not work. @param {HTMLElement} b @param {() => Promise<unknown>} work */
async function press(b, work) {
  if (b.hasAttribute("aria-busy")) return;
  busy(b, true);
  try { await work(); } catch (err) { toast(sentence(err)); } finally { busy(b, false); }
}

/** @param {string} what */
function toast(what) {
  const el = h("div", { class: "toast", "data-tone": "bad", role: "alert" }, h("span", null), h("div", null, what), h("span", null));
  need("toasts").append(el);
  setTimeout(() => el.remove(), 6000);
}

/** A new call to the same number, whose reference continues this one's: FB-20418, FB-20418/2, FB-20418/3. */
async function again() {
  const { call } = session;
  if (!call?.phone) return;
  const [, base, nth = "1"] = /^(.*?)(?:\/(\d+))?$/s.exec(call.reference) ?? [];
  let n = Number(nth);
  for (let tries = 0; ; tries++) {
    try {
      const made = await api("POST", "/api/calls", { phone: call.phone, reference: `${base.slice(0, 58)}/${++n}`, previous: call.id }, { key: newKey() });
      location.assign(`/call/${encodeURIComponent(made.call.id)}`);
      return;
    } catch (err) {
      if (!(err instanceof Problem && err.status === 409 && tries < 20)) throw err;
    }
  }
}

function wire() {
  for (const kind of /** @type {("mic"|"cam")[]} */ (["mic", "cam"])) button(kind).addEventListener("click", () => help(kind));
  button("choose").addEventListener("click", () => picker.open());
  need("help-close").addEventListener("click", () => need("help-dialog", HTMLDialogElement).close());
  button("hold").addEventListener("click", () => press(button("hold"), () => session.hold(!session.call || !held(session.call))));
  button("end").addEventListener("click", () => { need("end-problem").hidden = true; dialog.showModal(); });
  need("end-cancel").addEventListener("click", () => dialog.close());
  need("end-confirm").addEventListener("click", async () => {
    busy(need("end-confirm"), true);
    try { await session.hangup(); } catch (err) { put(need("end-problem"), sentence(err)); need("end-problem").hidden = false; }
    busy(need("end-confirm"), false);
  });
  need("knock-admit").addEventListener("click", () => admit(true));
  need("knock-refuse").addEventListener("click", () => admit(false));
  need("nothing-act").addEventListener("click", () => location.reload());
  need("invite-again").addEventListener("click", async () => {
    busy(need("invite-again"), true);
    try { await again(); } catch (err) { put(need("again-problem"), sentence(err)); need("again-problem").hidden = false; }
    busy(need("invite-again"), false);
  });
  document.addEventListener("tab", () => { chat?.show(!need("panel-chat").hidden); draw(); });
  document.addEventListener("keydown", shortcut);
  setInterval(tick, 250);
}

/** @param {KeyboardEvent} e */
function shortcut(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || document.querySelector("dialog[open]")) return;
  if (e.target instanceof HTMLElement && (e.target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName))) return;
  switch (e.key.toLowerCase()) {
    case "m": if (!button("mic").disabled) help("mic"); break;
    case "v": if (!button("cam").disabled) help("cam"); break;
    case "c": select(need("tab-chat")); need("chat-text").focus(); break;
    default: return;
  }
  e.preventDefault();
}

/** @param {number} n */
function unread(n) {
  count(need("chat-count"), n);
  const words = n && need("panel-chat").hidden ? text.unread(n) : "";
  if (words && words !== said) announce(words);
  said = words;
}

wire();
stayAwake();
devices.open();
session.enter(id);
if (session.chat) {
  chat = new ChatView(session.chat, "agent", id, unread);
  chat.show(true);
}
draw();
fetchMe().then((me) => setZone(me.account.zone), () => {});
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); }); // the back-forward cache keeps no connection
