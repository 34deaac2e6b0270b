// The customer's lobby: who invites, the name, the camera's picture, what stands in its way, and the button that joins.
import { need } from "../shell/dom.js";
import { attrs, firstName, play, put } from "../call/draw.js";
import { drawHelp, problem } from "../call/helpview.js";
import { deviceButton, quality } from "../call/stage.js";
import { recall, remember } from "../call/store.js";

/** @typedef {import("../call/devices.js").Devices} Devices */
/** @typedef {{host: string, agent: string, reference: string}} Invitation */

const text = {
  title: (/** @type {string} */ agent) => `${agent} is ready to help`,
  about: (/** @type {string} */ host, /** @type {string} */ reference) => `Video call with ${host}, reference ${reference}.`,
  hint: (/** @type {string} */ agent) => `This is what ${agent} sees. Leave it empty to join as Guest.`,
  asking: "Your browser is asking for camera and microphone. Choose Allow.",
  off: "Your camera is off",
  none: "No camera",
  blocked: "Your camera is blocked",
  mic: { on: "Turn the microphone off", off: "Turn the microphone on", none: "No microphone, try again", asking: "Microphone", denied: "Microphone blocked, try again" },
  cam: { on: "Turn the camera off", off: "Turn the camera on", none: "No camera, try again", asking: "Camera", denied: "Camera blocked, try again" },
  connection: ["No connection", "Connection bad", "Connection slow", "Connection good", "Connection good"],
};
export const nameKey = "tandem.name";
const probes = 3; // requests whose median time is shown
const probeEvery = 15_000; // ms

export class Lobby {
  #devices;
  #name = need("lobby-name", HTMLInputElement);
  /** @type {MediaStreamTrack|undefined} */ #shown;
  /** @type {MediaStream|null} */ #stream = null;
  #timer = 0;

  /** @param {Devices} devices @param {{join: (name: string) => void, decline: () => void, pick: () => void}} on */
  constructor(devices, on) {
    this.#devices = devices;
    this.#name.value = recall("local", nameKey);
    need("lobby-form").addEventListener("submit", (e) => {
      e.preventDefault();
      const name = this.#name.value.trim();
      remember("local", nameKey, name);
      on.join(name);
    });
    need("decline").addEventListener("click", () => on.decline());
    need("lobby-mic").addEventListener("click", () => devices.toggle("mic"));
    need("lobby-cam").addEventListener("click", () => devices.toggle("cam"));
    need("lobby-flip").addEventListener("click", () => devices.flip());
    need("lobby-devices").addEventListener("click", () => on.pick());
  }

  /** @param {Invitation} it */
  open(it) {
    const agent = firstName(it.agent);
    put(need("lobby-host"), it.host);
    put(need("lobby-host-mark"), [...it.host.trim()][0] ?? "");
    put(need("lobby-title"), text.title(agent));
    put(need("lobby-about"), text.about(it.host, it.reference));
    put(need("lobby-name-hint"), text.hint(agent));
    this.#timer = setInterval(() => this.#probe(), probeEvery);
    addEventListener("online", this.#probe);
    addEventListener("offline", this.#probe);
    this.#probe();
  }

  /** The lobby is left: what it watched is let go of. */
  close() {
    clearInterval(this.#timer);
    removeEventListener("online", this.#probe);
    removeEventListener("offline", this.#probe);
    need("lobby-preview", HTMLVideoElement).srcObject = null;
  }

  draw() {
    const { mic, cam, facing, canFlip } = this.#devices;
    const track = cam.live ? cam.track : undefined;
    if (track !== this.#shown) {
      this.#shown = track;
      this.#stream = track ? new MediaStream([track]) : null;
    }
    play(need("lobby-preview", HTMLVideoElement), this.#stream);
    attrs(need("lobby-preview-box"), { "data-cam": cam.shown, "data-mirror": facing !== "environment" });
    need("lobby-off").hidden = cam.live;
    put(need("lobby-off-text"), { asking: text.asking, denied: text.blocked, none: text.none, off: text.off, on: "" }[cam.shown]);
    deviceButton(need("lobby-mic", HTMLButtonElement), mic.shown, { on: "mic", off: "mic-off" }, text.mic);
    deviceButton(need("lobby-cam", HTMLButtonElement), cam.shown, { on: "camera", off: "camera-off" }, text.cam);
    need("lobby-flip").hidden = !canFlip;
    const it = problem(this.#devices);
    const box = need("permission-help");
    drawHelp(box, it, () => this.#devices.retry(), true);
    box.hidden = !it;
  }

  /** @param {boolean} on */
  busy(on) {
    attrs(need("join"), { "aria-busy": on ? "true" : undefined });
    need("decline", HTMLButtonElement).disabled = on;
  }

  /** @param {string} problem */
  say(problem) {
    put(need("lobby-problem-text"), problem);
    need("lobby-problem").hidden = !problem;
  }

  /** How quickly the server answers: a first idea of the connection, before media is measured. */
  #probe = async () => {
    let level = 0;
    if (navigator.onLine) {
      const times = [];
      const target = new URL("../favicon.svg", import.meta.url);
      for (let i = 0; i < probes; i++) {
        const from = performance.now();
        try { await fetch(target, { method: "HEAD", cache: "no-store" }); times.push(performance.now() - from); } catch { break; }
      }
      const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
      if (times.length === probes) level = median < 150 ? 4 : median < 350 ? 3 : median < 900 ? 2 : 1;
    }
    need("lobby-connection").dataset.level = String(level);
    quality(/** @type {HTMLElement} */ (need("lobby-connection").querySelector(".quality")), level);
    put(need("lobby-connection-text"), text.connection[level]);
  };
}
