// The side panel's facts: who the customer is, what the browser allowed, and how good the connections are.
import { api } from "../shell/api.js";
import { browserName } from "../shell/calls.js";
import { fill, h, need } from "../shell/dom.js";
import { bitrate, country, number, percent, phone, timeExact } from "../shell/format.js";
import { firstName, put } from "../call/draw.js";
import { levelWords } from "../call/stage.js";
import { leg } from "../call/wire.js";

/** @typedef {import("../call/session.js").Session} Session */
/** @typedef {import("../call/stats.js").Flow} Flow */
/** @typedef {import("../shell/api.js").Quality} Quality */
/** @typedef {[string, string|Node]} Fact */

const text = {
  name: "Name", phone: "Phone", country: "Country", reference: "Reference", follows: "Follows", before: "the call before", browser: "Browser",
  joined: "Joined", reconnects: "Reconnected", times: (/** @type {number} */ n) => (n === 1 ? "once" : `${number(n)} times`),
  cam: "Camera", mic: "Microphone", notYet: "Not joined yet",
  /** @type {Record<string, string>} */
  permission: { granted: "Allowed", denied: "Refused", prompt: "Not answered", missing: "No such device", busy: "In use by another app", "": "Not known" },
  toYou: (/** @type {string} */ who) => `From ${who} to you`,
  fromYou: (/** @type {string} */ who) => `From you to ${who}`,
  picture: "Picture", rate: "Bit rate", loss: "Loss", rtt: "Round trip", path: "Path", jitter: "Jitter",
  /** @type {Record<string, string>} */
  paths: { host: "Direct", srflx: "Direct, through a router", prflx: "Direct, through a router", relay: "Through a relay" },
  none: "Nothing measured yet",
  you: "You",
  figures: (/** @type {Quality} */ q) => `${Math.round(q.rtt_ms)} ms, loss ${percent(q.in.loss)} up, ${percent(q.out.loss)} down, ${q.protocol.toUpperCase()}${q.candidate === "relay" ? " through a relay" : ""}`,
};
const every = 10_000; // ms between readings of the server's figures, while they are looked at
const tones = ["idle", "bad", "warn", "ok", "ok"];

export class Side {
  #session;
  /** @type {Quality[]} */ #server = [];
  #drawn = new Map();

  /** @param {Session} session @param {string} call */
  constructor(session, call) {
    this.#session = session;
    const read = async () => {
      if (need("panel-quality").hidden || document.visibilityState === "hidden") return;
      try { this.#server = (await api("GET", `/api/calls/${encodeURIComponent(call)}`)).quality ?? []; } catch { return; } // the next reading will do
      this.draw();
    };
    document.addEventListener("tab", read);
    setInterval(read, every);
  }

  draw() {
    const { call, peer, reading } = this.#session;
    if (!call) return;
    const who = firstName(call.customer || "the customer");
    const theirs = leg(call, "customer");
    this.#facts("facts", [
      [text.name, call.customer], [text.phone, phone(call.phone)], [text.country, country(call.country ?? "")], [text.reference, call.reference],
      [text.follows, call.previous ? h("a", { href: `/calls/${call.previous}`, target: "_blank" }, text.before) : ""],
      [text.browser, browserName(theirs?.browser)], [text.joined, theirs?.joined_at ? timeExact(theirs.joined_at) : text.notYet],
      [text.reconnects, call.reconnects ? text.times(call.reconnects) : ""],
    ], `${call.customer}|${call.phone}|${theirs?.browser}|${theirs?.joined_at}|${call.reconnects}`);
    const { cam = "", mic = "" } = theirs?.permission ?? {};
    this.#facts("permissions", theirs?.joined_at || theirs?.browser
      ? [[text.cam, text.permission[cam] ?? cam], [text.mic, text.permission[mic] ?? mic]] : [["", text.notYet]], `${cam}|${mic}|${theirs?.joined_at}`);
    if (need("panel-quality").hidden) return;
    put(need("quality-in-title"), text.toYou(who));
    put(need("quality-out-title"), text.fromYou(who));
    level("quality-theirs", peer.cam !== undefined ? this.#session.levels.customer : 0);
    level("quality-mine", this.#session.level);
    this.#facts("quality-in", reading ? flow(reading.in) : [["", text.none]]);
    this.#facts("quality-out", reading ? [...flow(reading.out), ...path(reading)] : [["", text.none]]);
    this.#facts("quality-server", this.#server.length ? this.#server.map((q) => [q.seat === "agent" ? text.you : who, text.figures(q)]) : [["", text.none]]);
  }

  /** @param {string} id @param {Fact[]} facts those without a value are left out @param {string} [key] what the facts were made of */
  #facts(id, facts, key = JSON.stringify(facts)) {
    if (this.#drawn.get(id) === key) return;
    this.#drawn.set(id, key);
    fill(need(id), facts.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]).flat());
  }
}

/** @param {string} id @param {number} value */
function level(id, value) {
  put(need(id), levelWords(value).replace(/^Connection (.)/, (_, c) => c.toLocaleUpperCase()));
  need(id).dataset.tone = tones[value] ?? "idle";
}

/** @param {Flow} f @returns {Fact[]} */
const flow = (f) => [
  [text.picture, f.width && f.height ? `${f.width} × ${f.height}${f.fps ? `, ${Math.round(f.fps)} frames/s` : ""}` : ""],
  [text.rate, f.bitrate === undefined ? "" : bitrate(f.bitrate)],
  [text.loss, f.loss === undefined ? "" : percent(f.loss)],
  [text.jitter, f.jitter === undefined ? "" : `${Math.round(f.jitter * 1000)} ms`],
];

/** @param {import("../call/stats.js").Reading} r @returns {Fact[]} */
const path = (r) => [
  [text.rtt, r.rtt === undefined ? "" : `${Math.round(r.rtt * 1000)} ms`],
  [text.path, r.path ? `${text.paths[r.path] ?? r.path}${r.protocol ? `, ${r.protocol.toUpperCase()}` : ""}` : ""],
];
