// A visit to the page behind an invitation, from the link to the rating. main.js says what the page is and what its ids are.
import { api, Problem, sentence } from "../shell/api.js";
import { fill, h, need } from "../shell/dom.js";
import { firstName, put, setIcon } from "../call/draw.js";
import { ending, talked } from "../call/ending.js";
import { Picker } from "../call/picker.js";
import { RatingForm } from "../call/rating.js";
import { Session } from "../call/session.js";
import { recall } from "../call/store.js";
import { mayRate, over } from "../call/wire.js";
import { InCall } from "./incall.js";
import { Lobby, nameKey } from "./lobby.js";
import { drawNote } from "./notes.js";

/** @typedef {import("../call/wire.js").Call} Call */
/** @typedef {{state: string, host?: string, agent?: string, reference?: string, call?: string, status?: string, name?: string}} Invitation */

const text = {
  title: (/** @type {string} */ agent, /** @type {string} */ host) => `Video call with ${agent}, ${host}`,
  talked: "Talked for",
  somebody: "The agent",
};

const token = decodeURIComponent(location.pathname.split("/").pop() ?? "");
const asking = 2000; // ms between questions whether the agent has let this device in
const views = ["loading", "lobby", "call", "ended", "note"];

/** @type {Invitation} */ let invitation = { state: "" };
/** @type {InCall|undefined} */ let inCall;
let callId = "", shown = "loading";

const session = new Session("customer", "guest", { change: draw, closed });
const { devices } = session;
const picker = new Picker(devices);
const lobby = new Lobby(devices, { join, decline, pick: () => picker.open() });
const rating = new RatingForm(() => {});

/** @param {"loading"|"lobby"|"call"|"ended"|"note"} view @param {string} state */
function show(view, state) {
  document.body.dataset.state = state;
  document.body.dataset.status = session.call?.status ?? invitation.status ?? "";
  if (view === shown) return;
  shown = view;
  for (const v of views) need(`view-${v}`).hidden = v !== view;
  if (view === "ended") need("ended-title").focus({ preventScroll: true });
  if (view === "note") need("note-title").focus({ preventScroll: true });
}

/** Asks what the link means to this browser, and goes there. */
async function open() {
  show("loading", "loading");
  try {
    invitation = await api("POST", "/api/guest/lobby", { token }, { open: true });
  } catch (err) {
    drawNote("failed", sentence(err));
    show("note", "invalid");
    return;
  }
  document.title = invitation.agent ? text.title(firstName(invitation.agent), invitation.host ?? "") : document.title;
  switch (invitation.state) {
    case "open":
      devices.open();
      lobby.open({ host: invitation.host ?? "", agent: invitation.agent ?? text.somebody, reference: invitation.reference ?? "" });
      show("lobby", "lobby");
      draw();
      break;
    case "mine":
      devices.open();
      enter(invitation.call ?? "");
      break;
    case "elsewhere": note("elsewhere", "elsewhere"); break;
    case "waiting_for_host": knocking(); break;
    case "over": await finished(); break;
    default:
      drawNote("invalid");
      show("note", "invalid");
  }
}

/** @param {import("./notes.js").Kind} kind @param {string} state */
function note(kind, state) {
  drawNote(kind, firstName(invitation.agent ?? text.somebody));
  show("note", state);
}

/** @param {string} name */
async function join(name) {
  lobby.busy(true);
  lobby.say("");
  try {
    const { call } = await api("POST", "/api/guest/join", { token, name, permission: devices.permission() }, { open: true });
    lobby.close();
    enter(call);
  } catch (err) {
    if (err instanceof Problem && (err.status === 409 || err.status === 410)) { // taken or over since the lobby was opened
      devices.stop();
      location.reload();
      return;
    }
    lobby.busy(false);
    lobby.say(sentence(err));
  }
}

async function decline() {
  try {
    await api("POST", "/api/guest/decline", { token, reason: "declined" }, { open: true });
    session.leave();
    lobby.close();
    invitation.status = "declined";
    drawEnd();
  } catch (err) {
    lobby.say(sentence(err));
  }
}

/** @param {string} id */
function enter(id) {
  callId = id;
  session.enter(id);
  inCall ??= new InCall(session, id, { host: invitation.host ?? "", agent: invitation.agent ?? text.somebody });
  show("call", "loading");
  draw();
}

function draw() {
  if (shown === "lobby") lobby.draw();
  if (need("picker", HTMLDialogElement).open) picker.draw();
  const { call } = session;
  if (shown === "note") return;
  if (call && over(call.status)) drawEnd();
  else if (inCall && shown !== "ended") show("call", inCall.draw());
}

/** The room closed the socket for good. @param {number} code */
async function closed(code) {
  session.leave();
  switch (code) {
    case 4409: note("replaced", "replaced"); break;
    case 4401: case 4403: note("moved", "elsewhere"); break;
    default: await finished();
  }
}

/**
 * The call is over: how it ended is asked, as far as this browser may know. Where it had no seat, or the seat is forgotten, the
 * invitation tells the status alone. What cannot be found out is not made up.
 */
async function finished() {
  const id = callId || invitation.call;
  session.leave();
  try {
    const call = id && await ended(id);
    if (call) {
      callId = call.id;
      session.take(call);
      return;
    }
    if (!over(invitation.status ?? "")) {
      const { status = "" } = await api("POST", "/api/guest/lobby", { token }, { open: true });
      invitation.status = status;
    }
  } catch { /* the note below says so */ }
  if (over(invitation.status ?? "")) drawEnd();
  else note("unknown", "invalid");
}

/** The call if it is over and this browser has its seat. @param {string} id @returns {Promise<Call|undefined>} */
async function ended(id) {
  try {
    const { call } = await api("GET", `/api/guest/calls/${encodeURIComponent(id)}`, undefined, { open: true });
    return over(call.status) ? call : undefined;
  } catch (err) {
    if (err instanceof Problem && [401, 403, 404].includes(err.status)) return undefined;
    throw err;
  }
}

function drawEnd() {
  inCall?.close();
  const call = session.call && over(session.call.status) ? session.call : undefined;
  const about = call ?? /** @type {Call} */ ({ status: invitation.status });
  const how = ending(about, "customer", call?.agent.name || invitation.agent || text.somebody);
  put(need("ended-title"), how.title);
  put(need("ended-text"), how.text);
  need("ended-mark").dataset.tone = how.tone;
  setIcon(need("ended-mark"), how.icon);
  const time = call ? talked(call) : "";
  if (time) fill(need("ended-facts"), h("dt", null, text.talked), h("dd", { class: "num" }, time));
  if (call && mayRate(call, "customer")) rating.ask(`/api/guest/calls/${encodeURIComponent(call.id)}/rating`);
  show("ended", "ended");
}

function knocking() {
  note("knocking", "elsewhere");
  const timer = setInterval(async () => {
    let now;
    try { now = await api("POST", "/api/guest/lobby", { token }, { open: true }); } catch { return; }
    if (now.state === "waiting_for_host") return;
    clearInterval(timer);
    if (now.state === "elsewhere") { note("refused", "elsewhere"); return; }
    open();
  }, asking);
}

need("knock").addEventListener("click", async () => {
  need("knock").setAttribute("aria-busy", "true");
  try {
    await api("POST", "/api/guest/knock", { token, name: recall("local", nameKey) }, { open: true });
    knocking();
  } catch (err) {
    drawNote("asked", sentence(err));
  }
});
need("note-act").addEventListener("click", () => location.reload());
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); }); // the back-forward cache keeps no connection

open();
