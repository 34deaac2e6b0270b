// The agent's status in the top bar of every page, and conversations that are offered. Ids: #presence-button #presence-menu
// (items [data-status=available|offline] and [data-code=ID], #sound-switch) #presence-dot #presence-name #presence-load
// #offers; an offer is .offer[data-offer=ID] with button[data-act=accept|decline].
import { announce, button, busy, fill, h, icon, need } from "../shell/dom.js";
import { category, full } from "../shell/format.js";
import { can, live, me, toastError } from "../shell/frame.js";
import { acceptOffer, fetchDesk, rejectOffer, setStatus } from "./api.js";
import { chime, setSound, soundOn } from "./attention.js";
import { face } from "./entry.js";
import { agentStatusWord, channel, lastLine, personName, presenceWord, shortClock, sinceSeconds } from "./words.js";

/** @typedef {import("./api.js").DeskMe} DeskMe */
/** @typedef {import("./api.js").Offer} Offer */
/** @typedef {import("./api.js").Code} Code */

/** @type {DeskMe|null} */ let desk = null;
/** @type {Set<(d: DeskMe) => void>} */ const readers = new Set();
/** Told of the desk as this agent sees it, now and whenever it changes. @param {(d: DeskMe) => void} fn */
export function onDesk(fn) { readers.add(fn); if (desk) fn(desk); }
/** @type {Set<(err: unknown) => void>} */ const failed = new Set();
/** Told when the desk could not be read, and nothing is known of it. @param {(err: unknown) => void} fn */
export function onDeskFailed(fn) { failed.add(fn); }

/** Shows a colour that an administrator chose; the word beside it says the same. @param {HTMLElement} dot @param {string|undefined} colour */
function tint(dot, colour) {
  if (colour && /^#[0-9a-f]{6}$/i.test(colour)) dot.style.setProperty("--c", colour); else dot.style.removeProperty("--c");
}

function draw() {
  if (!desk) return;
  const { agent: a } = desk; const word = presenceWord(a);
  const dot = need("presence-dot"); dot.dataset.status = a.status; tint(dot, a.reason ? "" : a.code?.colour);
  fill(need("presence-name"), word);
  const since = need("presence-time"); since.hidden = !a.since; // of who has never come there is none
  if (a.since) { since.dataset.clock = sinceSeconds(a.since); since.toggleAttribute("data-short", true); since.textContent ||= shortClock(Number(since.dataset.clock)); since.title = `Since ${full(a.since)}`; }
  need("presence-pips").hidden = a.max > 10;
  fill(need("presence-pips"), Array.from({ length: Math.min(a.max, 10) }, (_, i) => h("i", { "data-on": i < a.used })));
  fill(need("presence-load"), `${a.used}/${a.max}`);
  button("presence-button").setAttribute("aria-label", `Your status: ${word}. ${a.used} of ${a.max} conversations. Change it`);
  drawMenu(desk);
  drawOffers(desk.offers ?? []);
}

/** @param {DeskMe} d */
function drawMenu(d) {
  const { agent: a } = d; const codes = d.codes ?? [];
  const plain = (/** @type {"available"|"offline"} */ s) => h("button", { class: "menu-item", role: "menuitemradio", "data-status": s, "aria-checked": String(a.chosen === s), onclick: () => choose(s) }, h("span", { class: "presence", "data-status": s }), agentStatusWord(s));
  const coded = (/** @type {Code} */ c) => {
    const dot = h("span", { class: "presence", "data-status": c.status }); tint(dot, c.colour);
    return h("button", { class: "menu-item", role: "menuitemradio", "data-code": c.id, "aria-checked": String(a.chosen === c.status && a.code?.id === c.id), onclick: () => choose(c.status, c.id) }, dot, c.name);
  };
  const group = (/** @type {string} */ status, /** @type {string} */ name) => {
    const some = codes.filter((c) => c.status === status);
    return some.length ? [h("hr"), h("div", { class: "menu-title" }, name), ...some.map(coded)] : [];
  };
  const sound = h("button", { class: "menu-item", role: "menuitemcheckbox", id: "sound-switch", "aria-checked": String(soundOn()), onclick: () => { setSound(!soundOn()); sound.setAttribute("aria-checked", String(soundOn())); } }, icon(soundOn() ? "bell" : "bell-off"), "Sounds");
  fill(need("presence-menu"), plain("available"), ...group("busy", "Busy, no new conversations"), ...group("away", "Away"), h("hr"), plain("offline"), h("hr"), sound);
}

let choosing = false;
/** @param {string} status @param {string} [code] */
async function choose(status, code) {
  need("presence-menu").hidePopover();
  if (choosing || !desk) return;
  choosing = true; button("presence-button").setAttribute("aria-busy", "true");
  try {
    const { agent } = await setStatus(status, code);
    desk = { ...desk, agent };
    announce(`Your status is ${presenceWord(agent)}.`);
    changed();
  } catch (err) { toastError("Your status is as before", err); } finally { choosing = false; button("presence-button").removeAttribute("aria-busy"); }
}

// ---- offers ----
/** @type {Map<string, HTMLElement>} */ const cards = new Map();

/** @param {Offer[]} offers */
function drawOffers(offers) {
  const box = need("offers"); const ids = new Set(offers.map((o) => o.id));
  for (const [id, el] of cards) if (!ids.has(id)) { el.remove(); cards.delete(id); }
  for (const o of offers) {
    if (cards.has(o.id)) continue;
    const el = offerCard(o); cards.set(o.id, el); box.append(el);
    chime([880, 1175, 880]); announce(`${personName(o.ticket.contact)} is offered to you, ${o.ticket.queue_name}.`);
  }
  box.hidden = !offers.length;
  count();
}

/** @param {Offer} o */
function offerCard(o) {
  const t = o.ticket; const who = personName(t.contact); const total = Math.max(1, (Date.parse(o.until) - Date.now()) / 1000);
  const accept = h("button", { class: "btn", "data-variant": "primary", "data-act": "accept", onclick: () => decide(o, accept, true) }, icon("check"), "Accept");
  const decline = h("button", { class: "btn", "data-act": "decline", onclick: () => decide(o, decline, false) }, "Decline");
  return h("article", { class: "offer", "data-offer": o.id, "data-until": o.until, "data-total": total.toFixed(1) },
    h("span", { class: "avatar", "data-size": "lg", "data-cat": String(category(t.contact.id)), "aria-hidden": "true" }, face(t.contact), icon(channel(t.channel).icon, "icon avatar-channel")),
    h("div", { class: "grow" }, h("h2", { class: "truncate" }, who), h("p", { class: "small muted truncate" }, `${channel(t.channel).word}, ${t.queue_name}`), h("p", { class: "truncate" }, lastLine(t, ""))),
    h("div", { class: "offer-acts" }, decline, accept),
    h("div", { class: "offer-time" }, h("progress", { class: "progress", max: total.toFixed(1), value: total.toFixed(1), "aria-hidden": "true" }), h("span", { class: "small num", "data-left": true })));
}

document.addEventListener("close", (e) => { if (e.target instanceof Element && e.target.contains(need("offers"))) document.body.append(need("offers")); }, true);
let counting = 0; let asked = 0;
/** Shows how long the offers stand; what has run out by this computer's clock is asked for, since that clock may be wrong. */
function count() {
  clearTimeout(counting);
  if (!cards.size) return;
  // A modal dialog makes everything that is not in it out of reach.
  const box = need("offers"); const over = document.querySelector("dialog[open]") ?? document.body;
  if (box.parentElement !== over) over.append(box);
  for (const el of cards.values()) {
    const left = (Date.parse(el.dataset.until ?? "") - Date.now()) / 1000; const s = Math.max(0, Math.ceil(left));
    const bar = el.querySelector("progress"); if (bar) bar.value = Math.max(0, left);
    const text = el.querySelector("[data-left]"); if (text && text.textContent !== `${s} s`) text.textContent = `${s} s`;
    if (left <= 0 && Date.now() - asked > 2000) { asked = Date.now(); refreshDesk(0); }
  }
  counting = setTimeout(count, 250);
}

/** Takes or leaves the first offer. @param {boolean} yes @returns {boolean} whether there was one */
export function answerOffer(yes) {
  const b = need("offers").querySelector(`[data-act="${yes ? "accept" : "decline"}"]`);
  if (!(b instanceof HTMLElement) || need("offers").hidden) return false;
  b.click();
  return true;
}

/** @param {Offer} o @param {HTMLElement} b @param {boolean} yes */
async function decide(o, b, yes) {
  if (b.hasAttribute("aria-busy")) return;
  busy(b, true);
  try {
    if (yes) {
      await acceptOffer(o.id);
      const e = new CustomEvent("openticket", { detail: o.ticket.id, cancelable: true });
      if (dispatchEvent(e)) location.assign(`/desk/${o.ticket.id}`); // the desk opens it in place
    } else await rejectOffer(o.id);
    if (desk) { desk = { ...desk, offers: (desk.offers ?? []).filter((x) => x.id !== o.id) }; changed(); }
  } catch (err) { toastError(yes ? "The conversation did not come to you" : "The offer stands", err); } finally { busy(b, false); refreshDesk(); }
}

function changed() { draw(); if (desk) for (const fn of readers) fn(desk); }

let timer = 0; let round = 0; let self = "";
/** @param {number} [ms] */
export function refreshDesk(ms = 200) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const mine = ++round;
    try {
      const d = await fetchDesk();
      if (mine !== round) return;
      desk = d; changed();
    } catch (err) { if (!desk && mine === round) for (const fn of failed) fn(err); }
  }, ms);
}

me.then((who) => {
  if (!can(who, "desk.work")) return;
  self = who.user.id;
  live.onEvent((e) => { if (e.kind === "desk.setup_changed" || (e.kind === "desk.agent_changed" && e.about === self)) refreshDesk(); });
  live.onFrame("offers", () => refreshDesk(0));
  live.onReset(() => refreshDesk(0));
  live.onState((s) => { if (s === "up" && desk) refreshDesk(); }); // being connected is a part of one's status
  live.ready().then(() => refreshDesk(0));
}, (err) => { for (const fn of failed) fn(err); });
