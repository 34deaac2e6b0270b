// This side's camera and microphone: what they really do, turned on and off, exchanged, lost and opened again.
//
// A camera that is off is released, so that its light goes out. A microphone that is off stays open and sends silence, so that it
// is back at once. What the page shows and the room is told is read off the tracks, never off what was asked for.
import { capture, permission } from "./capture.js";
import { recall, remember } from "./store.js";

/** @typedef {import("./capture.js").Kind} Kind */
/** @typedef {import("./capture.js").Obstacle} Obstacle */
/** @typedef {"on"|"off"|"none"|"asking"|"denied"} Shown */

/** @type {Kind[]} */
export const kinds = ["mic", "cam"];
const storeKey = { mic: "tandem.mic", cam: "tandem.cam" };
const refusals = new Set(["denied", "dismissed", "system", "policy"]);
const phone = () => matchMedia("(pointer: coarse)").matches;

/** One device: the open track or what stands in its way. */
class Device {
  /** @type {MediaStreamTrack|undefined} */ track;
  /** @type {Obstacle|undefined} */ obstacle;
  wanted = true; // by the person
  asking = false; // the browser is opening it
  tried = false;
  /** @type {import("./wire.js").DeviceState} */ settled = "";
  opened = false; // has been, at some time
  revivals = 0; // times in a row that the page opened it again by itself

  /** @param {Kind} kind */
  constructor(kind) { this.kind = kind; }

  get live() { return this.track?.readyState === "live"; }

  /** What the device does. Muted is the system's doing: a phone call, a lid, another program. */
  /** @returns {import("./wire.js").DeviceState} */
  get state() {
    if (this.live) return this.track?.enabled && !this.track.muted ? "on" : "off";
    if (!this.tried) return "";
    return this.obstacle ? "none" : "off";
  }

  /** The state to pass on: while the browser is opening the device, the last one that lasted. */
  get reported() {
    if (!this.asking) this.settled = this.state;
    return this.settled;
  }

  /** @returns {Shown} */
  get shown() {
    if (this.asking) return "asking";
    if (this.obstacle && refusals.has(this.obstacle)) return "denied";
    return this.state || "asking";
  }

  /** @returns {import("./wire.js").PermissionState} */
  get permission() {
    switch (this.obstacle) {
      case undefined: return this.opened ? "granted" : "prompt";
      case "missing": case "lost": case "unsupported": case "insecure": return "missing";
      case "busy": return "busy";
      case "dismissed": return "prompt";
      default: return "denied";
    }
  }
}

/** Camera and microphone of this side. */
export class Devices {
  mic = new Device("mic");
  cam = new Device("cam");
  /** @type {"user"|"environment"|""} */ facing = "";
  /** @type {MediaDeviceInfo[]} */ list = [];
  #on; #session;
  #queue = Promise.resolve();
  #stopped = false;
  #rear = false; // the person flipped to the back camera

  /**
   * @param {{change: () => void, track: (kind: Kind, track: MediaStreamTrack|null) => void}} on change: something shown differs;
   *   track: this is to be sent from now on
   * @param {string} session names this visit: a reload of it finds off what was off
   */
  constructor(on, session) {
    this.#on = on;
    this.#session = session;
    for (const kind of kinds) this[kind].wanted = recall("session", this.#key(kind)) !== "off";
    navigator.mediaDevices?.addEventListener?.("devicechange", this.#changed);
    document.addEventListener("visibilitychange", this.#seen);
    for (const kind of kinds) this.#watchPermission(kind);
  }

  /** @param {Kind} kind */
  #key(kind) { return `tandem.${this.#session}.${kind}`; }

  /** Opens what is wanted. Devices that the person turned off stay closed. */
  open() {
    const want = kinds.filter((k) => this[k].wanted || k === "mic");
    if (!this.cam.wanted) this.cam.tried = true;
    return this.#acquire(want);
  }

  /** Opens again what is wanted and is not open. */
  retry() {
    for (const k of kinds) this[k].revivals = 0;
    return this.#acquire(kinds.filter((k) => this[k].wanted && !this[k].live));
  }

  /** Turns a device on or off. @param {Kind} kind @param {boolean} on */
  set(kind, on) {
    const d = this[kind];
    d.wanted = on;
    d.revivals = 0;
    remember("session", this.#key(kind), on ? "" : "off");
    if (kind === "mic" && d.track && d.live) d.track.enabled = on;
    else if (!on) this.#release(d);
    this.#on.change();
    return on && !d.live ? this.#acquire([kind]) : Promise.resolve();
  }

  /** @param {Kind} kind */
  toggle(kind) { return this.set(kind, this[kind].state !== "on"); }

  /** Changes to another device and remembers it. @param {Kind} kind @param {string} deviceId */
  choose(kind, deviceId) {
    remember("local", storeKey[kind], deviceId);
    const d = this[kind];
    if (kind === "cam" && !d.wanted) return Promise.resolve(this.#on.change());
    return this.#acquire([kind], { deviceId });
  }

  /** The devices of one kind, for a menu. @param {Kind} kind */
  choices(kind) {
    const type = kind === "mic" ? "audioinput" : "videoinput";
    return this.list.filter((d) => d.kind === type && d.deviceId && d.deviceId !== "communications");
  }

  /** The device that is open, or would be. @param {Kind} kind */
  chosen(kind) { return this[kind].track?.getSettings().deviceId ?? recall("local", storeKey[kind]); }

  get canFlip() { return this.cam.live && (this.choices("cam").length > 1 || phone()); }

  /**
   * Changes between front and back camera. The old one is closed first: many phones cannot open two. If the other does not open,
   * the old one comes back.
   */
  flip() {
    const old = this.chosen("cam");
    const to = this.facing === "environment" || this.#rear ? "user" : "environment";
    return this.#locked(["cam"], async () => {
      this.cam.track?.stop();
      let got = await capture({ cam: { facing: to } });
      if (got.cam && got.cam.getSettings().deviceId === old) {
        const other = this.#opposite(old);
        if (other) {
          got.cam.stop();
          got = await capture({ cam: { deviceId: other } });
        }
      }
      if (got.cam) this.#rear = to === "environment";
      else got = await capture({ cam: { deviceId: old } });
      return got;
    });
  }

  /** What to tell the room. @returns {import("./wire.js").Devices} */
  report() {
    return { mic: this.mic.reported, cam: this.cam.reported, facing: this.cam.reported === "on" ? this.facing : "" };
  }

  /** @returns {import("./wire.js").Permission} */
  permission() { return { mic: this.mic.permission, cam: this.cam.permission }; }

  /** Opens a device anew although it claims to work: after a phone call a track may be live, unmuted and dead. @param {Kind} kind */
  revive(kind) { return this.#acquire([kind]); }

  /** Closes everything for good. */
  stop() {
    this.#stopped = true;
    navigator.mediaDevices?.removeEventListener?.("devicechange", this.#changed);
    document.removeEventListener("visibilitychange", this.#seen);
    for (const kind of kinds) this.#release(this[kind]);
    this.#on.change();
  }

  /** @param {Kind[]} which @param {import("./capture.js").Choice} [choice] */
  #acquire(which, choice) {
    if (!which.length) return Promise.resolve();
    return this.#locked(which, () => {
      for (const k of which) this[k].track?.stop(); // a second track of a kind may kill the first, so it goes before
      return capture(Object.fromEntries(which.map((k) => [k, choice ?? this.#remembered(k)])));
    });
  }

  /** @param {Kind} kind @returns {import("./capture.js").Choice} */
  #remembered(kind) {
    if (kind === "cam" && this.#rear) return { facing: "environment" };
    return { deviceId: recall("local", storeKey[kind]) };
  }

  /** Runs one opening at a time. @param {Kind[]} which @param {() => Promise<import("./capture.js").Captured>} open */
  #locked(which, open) {
    if (this.#stopped) return Promise.resolve();
    for (const k of which) this[k].asking = true;
    this.#on.change();
    this.#queue = this.#queue.then(async () => {
      if (this.#stopped) return;
      const got = await open();
      for (const k of which) this.#settle(this[k], got[k], got.obstacles[k]);
      await this.#refresh();
      this.#on.change();
    });
    return this.#queue;
  }

  /** @param {Device} d @param {MediaStreamTrack|undefined} track @param {Obstacle|undefined} obstacle */
  #settle(d, track, obstacle) {
    Object.assign(d, { asking: false, tried: true, obstacle });
    if (track && (this.#stopped || (d.kind === "cam" && !d.wanted))) { // it came too late
      track.stop();
      track = undefined;
    }
    d.track = track;
    if (track) {
      d.opened = true;
      if (d.kind === "mic") track.enabled = d.wanted;
      else this.facing = facingOf(track);
      track.onended = () => { if (d.track === track) this.#ended(d); };
      track.onmute = track.onunmute = () => this.#on.change();
      setTimeout(() => { if (d.track === track && d.live) d.revivals = 0; }, 10_000);
    }
    this.#on.track(d.kind, track ?? null);
  }

  /** The track stopped by itself: unplugged, taken away, or permission withdrawn. @param {Device} d */
  #ended(d) {
    d.track = undefined;
    d.obstacle = "lost";
    this.#on.track(d.kind, null);
    this.#on.change();
    if (d.wanted && !document.hidden) this.#again([d.kind]);
  }

  /** Opens devices without being asked to by anybody, a few times at most: opening one may itself look like a change of devices. @param {Kind[]} which */
  #again(which) { return this.#acquire(which.filter((k) => this[k].revivals++ < 3)); }

  /** @param {Device} d */
  #release(d) {
    if (!d.track) return;
    d.track.onended = null;
    d.track.stop();
    d.track = undefined;
    this.#on.track(d.kind, null);
  }

  async #refresh() {
    try { this.list = await navigator.mediaDevices.enumerateDevices(); } catch { this.list = []; }
  }

  /** The other camera, where facing tells nothing: the first or the last of the list. @param {string} old */
  #opposite(old) {
    const cams = this.choices("cam").map((d) => d.deviceId);
    return [cams[cams.length - 1], cams[0]].find((id) => id && id !== old);
  }

  #changed = async () => {
    await this.#refresh();
    this.#on.change();
    const back = kinds.filter((k) => this[k].wanted && !this[k].live && !this[k].asking && ["missing", "busy", "lost"].includes(this[k].obstacle ?? ""));
    this.#again(back);
  };

  /** The page is looked at again, perhaps after a phone call: what was taken away is opened again. */
  #seen = () => {
    if (document.hidden) return;
    setTimeout(() => {
      if (this.#stopped) return;
      const back = kinds.filter((k) => {
        const d = this[k];
        return d.wanted && !d.asking && (d.track ? !d.live || d.track.muted : ["lost", "busy"].includes(d.obstacle ?? ""));
      });
      this.#again(back);
    }, 500); // the system gives back by itself what it can
  };

  /** Whoever allows the device in the browser's settings need not press anything here. @param {Kind} kind */
  async #watchPermission(kind) {
    const status = await permission(kind);
    status?.addEventListener("change", () => {
      const d = this[kind];
      if (status.state === "granted" && d.tried && d.wanted && !d.live && !d.asking && !this.#stopped) this.#again([kind]);
    });
  }
}

/** @param {MediaStreamTrack} track @returns {"user"|"environment"|""} */
function facingOf(track) {
  const { facingMode } = track.getSettings();
  if (facingMode === "user" || facingMode === "environment") return facingMode;
  if (/\b(back|rear|environment)\b/i.test(track.label)) return "environment";
  return /\bfront\b/i.test(track.label) ? "user" : "";
}
