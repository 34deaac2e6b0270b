// The pictures of a call: the other side's large, this side's small, and in their place words while there is none. Both pages have
// the same elements under the same ids.
import { category, initials } from "../shell/format.js";
import { sentence } from "../shell/api.js";
import { announce, busy, icon, need } from "../shell/dom.js";
import { attrs, firstName, play, put, setIcon } from "./draw.js";
import { held, holds, over } from "./wire.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./devices.js").Shown} Shown */

const text = {
  cameraOff: (/** @type {string} */ who) => `${who}’s camera is off`,
  cameraNone: (/** @type {string} */ who) => `${who} has no camera`,
  noPicture: (/** @type {string} */ who) => `Waiting for ${who}’s picture`,
  micOff: (/** @type {string} */ who) => `${who} is muted`,
  micNone: (/** @type {string} */ who) => `${who} has no microphone`,
  joiningTitle: (/** @type {string} */ who) => `Connecting you with ${who}`,
  joiningText: "This takes a moment.",
  lostSelfTitle: "Your connection is lost",
  lostSelf: "Trying to reach the call again. It goes on by itself as soon as your network is back.",
  offline: "This device is offline. The call goes on by itself as soon as your network is back.",
  lostOtherTitle: (/** @type {string} */ who) => `${who}’s connection is lost`,
  lostOther: (/** @type {string} */ who) => `Please stay. The call goes on by itself when ${who} is back.`,
  goesOn: "The call goes on",
  heldTitle: "The call is on hold",
  heldSelf: "You have paused it. Nobody sees or hears the other until you resume.",
  heldTooSelf: "The call stays on hold until you resume.",
  heldTooOther: (/** @type {string} */ who) => `The call stays on hold until ${who} resumes.`,
  heldOther: (/** @type {string} */ who) => `${who} has paused the call and will be back. Nobody sees or hears you meanwhile.`,
  levels: ["Connection not measured yet", "Connection bad", "Connection poor", "Connection good", "Connection excellent"],
};

/** The words for a level, 0 to 4. @param {number} level */
export const levelWords = (level) => text.levels[level] ?? text.levels[0];

/** @typedef {{kind: ""|"connecting"|"self"|"other"|"held", title: string, text: string, icon: string}} Veil */

/** What lies over the picture now. @param {Session} session @param {string} other the other side's name @returns {Veil} */
export function veil(session, other) {
  const who = firstName(other);
  const { call, seat } = session;
  const too = !call || !held(call) ? "" : ` ${holds(call, seat) ? text.heldTooSelf : text.heldTooOther(who)}`;
  switch (session.gone) {
    case "self": return { kind: "self", title: text.lostSelfTitle, text: (navigator.onLine ? text.lostSelf : text.offline) + too, icon: "" };
    case "other": return { kind: "other", title: text.lostOtherTitle(who), text: text.lostOther(who) + too, icon: "" };
  }
  if (session.call && held(session.call)) return { kind: "held", title: text.heldTitle, text: holds(session.call, session.seat) ? text.heldSelf : text.heldOther(who), icon: "pause" };
  if (!session.call || session.call.status === "connecting") return { kind: "connecting", title: text.joiningTitle(who), text: text.joiningText, icon: "" };
  return { kind: "", title: "", text: "", icon: "" };
}

/** The state that a page puts on its body. @param {Session} session */
export function pageState(session) {
  if (!session.call) return "loading";
  const { status } = session.call;
  if (session.gone && session.call.answered_at) return "reconnecting";
  switch (status) {
    case "created": case "invited": return "inviting";
    case "waiting": case "ringing": return "waiting";
    case "held": return "held";
    case "reconnecting": return "reconnecting";
    default: return "call";
  }
}

export class Stage {
  #session;
  #remote = need("remote", HTMLVideoElement);
  #self = need("self", HTMLVideoElement);
  /** @type {MediaStreamTrack|undefined} */ #shown;
  /** @type {MediaStream|null} */ #own = null;
  #seen = false; // the other side's first frame has come
  #mute = false; // no gesture and no open device yet: the browser plays only without sound

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
    need("tap-to-continue").addEventListener("click", () => this.#sound());
    need("overlay-resume").addEventListener("click", () => this.#resume());
    this.#remote.addEventListener("resize", () => { this.#seen = true; this.draw(this.#name); });
  }
  #name = "";

  /** @param {string} other the other side's name */
  draw(other) {
    this.#name = other;
    const s = this.#session;
    const { mic, cam } = s.peer;
    const who = firstName(other);
    const there = ["connecting", "connected", "reconnecting", "held"].includes(s.call?.status ?? "");
    const words = cam === "off" ? text.cameraOff(who) : cam === "none" ? text.cameraNone(who) : this.#seen ? "" : text.noPicture(who);
    // Set up before anybody comes, as soon as the browser will play sound, so that the first frame meets a player that is ready.
    if (there || s.devices.mic.live || s.devices.cam.live) this.#picture();
    need("peer-off").hidden = !there || !words;
    this.#remote.hidden = !there;
    need("tap-to-continue").hidden = !there || !this.#mute;
    put(need("peer-off-text"), words);
    avatar(need("peer-avatar"), other);
    need("peer-mic").hidden = !there || (mic !== "off" && mic !== "none");
    put(need("peer-mic-text"), mic === "none" ? text.micNone(who) : text.micOff(who));
    this.#veil(veil(s, other));
    this.self();
  }

  /** @param {Veil} v */
  #veil(v) {
    const box = need("overlay");
    if (box.dataset.kind !== v.kind && v.kind !== "connecting") announce(v.kind ? `${v.title}. ${v.text}` : text.goesOn);
    box.dataset.kind = v.kind;
    put(need("overlay-title"), v.title);
    put(need("overlay-text"), v.text);
    need("overlay-spinner").hidden = v.icon !== "";
    attrs(need("overlay-icon"), { hidden: v.icon === "" });
    if (v.icon) setIcon(box, v.icon);
    const { call, seat } = this.#session;
    need("overlay-resume").hidden = v.kind !== "held" || !call || !holds(call, seat);
    box.hidden = v.kind === "";
  }

  async #resume() {
    busy(need("overlay-resume"), true);
    try { await this.#session.hold(false); } catch (err) { put(need("overlay-text"), sentence(err)); } finally { busy(need("overlay-resume"), false); }
  }

  async #picture() {
    const stream = this.#session.media.stream;
    const { devices, media } = this.#session;
    if (media.state === "idle" || !this.#session.call || over(this.#session.call.status)) return;
    if (this.#remote.srcObject === stream) {
      if (this.#mute && !this.#tried && (devices.mic.live || devices.cam.live)) { // whoever is being filmed may also be played to
        this.#tried = true;
        await this.#sound();
      }
      return;
    }
    if (await play(this.#remote, stream)) return;
    this.#silence();
  }
  #tried = false;

  /** The picture comes at once, the sound with the tap. */
  #silence() {
    this.#mute = true;
    this.#remote.muted = true;
    this.#remote.play().catch(() => {});
    this.draw(this.#name);
  }

  async #sound() {
    this.#remote.muted = false;
    try {
      await this.#remote.play();
      this.#mute = false;
      this.draw(this.#name);
    } catch {
      this.#silence();
    }
  }

  /** Shows nothing any more. */
  clear() {
    this.#remote.srcObject = null;
    this.self();
  }

  /** This side's own picture. */
  self() {
    const { cam, mic, facing } = this.#session.devices;
    const track = cam.live ? cam.track : undefined;
    if (track !== this.#shown) {
      this.#shown = track;
      this.#own = track ? new MediaStream([track]) : null;
    }
    play(this.#self, this.#own);
    attrs(need("self-box"), { "data-cam": cam.shown, "data-mirror": facing !== "environment" });
    attrs(need("self-mic-mark"), { hidden: mic.shown === "on" || mic.shown === "asking" });
  }
}

/** @param {HTMLElement} el @param {string} name "" shows a figure instead of initials */
export function avatar(el, name) {
  if (el.dataset.name === name) return;
  el.dataset.name = name;
  el.dataset.cat = String(category(name));
  el.replaceChildren(name ? initials(name) || "?" : icon("user"));
}

/** @param {HTMLElement} bars @param {number} level @param {string} [label] */
export function quality(bars, level, label = levelWords(level)) {
  attrs(bars, { "data-level": level, ...(bars.getAttribute("role") === "img" ? { "aria-label": label } : {}) });
}

/**
 * Shows a device on its button: what it does is what the device reports. words, if given: the button's name by state.
 * @param {HTMLButtonElement} button @param {Shown} shown @param {{on: string, off: string}} icons @param {Record<Shown, string>} [words]
 */
export function deviceButton(button, shown, icons, words) {
  attrs(button, { "data-state": shown, "aria-busy": shown === "asking" ? "true" : undefined });
  button.disabled = false;
  setIcon(button, shown === "on" || shown === "asking" ? icons.on : icons.off);
  const label = button.querySelector(":scope > span:last-child");
  if (label && words) put(label, words[shown]);
}
