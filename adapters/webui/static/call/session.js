// One browser's part in a call: socket, media, devices and chat together, and the state that a page draws itself from.
//
// Everything here is what the room or the devices reported. A page asks (hang up, hold, write) and then draws what comes back.
import { api, Problem } from "../shell/api.js";
import { Chat } from "./chat.js";
import { Devices, kinds } from "./devices.js";
import { Media } from "./media.js";
import { RoomSocket } from "./socket.js";
import { held, leg, otherSeat, over } from "./wire.js";

/** @typedef {import("./wire.js").Call} Call */
/** @typedef {import("./wire.js").Seat} Seat */
/** @typedef {import("./wire.js").Devices} PeerDevices */

const reading = 2000; // ms between looks at the connection
const checkAfter = 3; // failed attempts to reach the room, after which the API is asked whether the call still is
const lost = "lost";

export class Session {
  seat; other;
  /** @type {Call|undefined} */ call;
  /** @type {import("./socket.js").LinkState} */ link = "connecting";
  /** What the other side's devices do, as it reported. @type {PeerDevices} */ peer = {};
  /** @type {Record<Seat, number>} 1 bad to 4 excellent, 0 unknown */ levels = { agent: 0, customer: 0 };
  /** @type {import("./stats.js").Reading|undefined} */ reading;
  devices; media;
  /** @type {Chat|undefined} */ chat;
  #on;
  /** @type {RoomSocket|undefined} */ #socket;
  /** @type {((ice: RTCIceServer[]) => void)|undefined} */ #ice;
  #told = ""; #pending = false; #timer = 0; #ahead = 0; #callAt = 0; #checked = false; #done = false;

  /**
   * @param {Seat} seat
   * @param {string} visit names this visit of the call, see Devices
   * @param {{change: () => void, closed: (code: number) => void}} on change: something differs; closed: the room closed the socket
   *   for good
   */
  constructor(seat, visit, on) {
    this.seat = seat;
    this.other = otherSeat(seat);
    this.#on = on;
    this.media = new Media({ offer: (o) => this.#offer(o), change: () => this.#changed() });
    this.devices = new Devices({
      change: () => { this.#report(); this.#changed(); },
      track: (kind, track) => { this.media.put(kind, track); },
    }, visit);
    document.addEventListener("visibilitychange", this.#seen);
  }

  /** Enters the room. @param {string} id */
  enter(id) {
    this.chat = new Chat(id, this.seat, (t, p) => this.#ask(t, p), () => this.#changed());
    this.#socket = new RoomSocket(id, this.seat, {
      hello: () => this.#hello(),
      opened: () => { if (this.media.state === "idle") this.media.begin(new Promise((ice) => { this.#ice = ice; })); },
      message: (e) => this.#read(e),
      state: (state, attempt) => { this.#linked(state, attempt, id); },
      closed: (code) => this.#on.closed(code),
    });
    this.#socket.start();
    this.#timer = setInterval(() => this.#look(), reading);
  }

  /** The server's time. @returns {number} ms since 1970 */
  get now() { return Date.now() + this.#ahead; }

  /** How long the two have talked, as the server counts it. @returns {number} seconds */
  get talk() {
    if (!this.call) return 0;
    const running = this.call.status === "connected" || this.call.status === "held";
    return this.call.talk_seconds + (running ? (performance.now() - this.#callAt) / 1000 : 0);
  }

  /** Who is cut off now, as far as this browser can tell; undefined if nobody. @returns {"self"|"other"|undefined} */
  get gone() {
    if (!this.call) return this.link === "down" ? "self" : undefined;
    if (over(this.call.status)) return undefined;
    if (this.link === "down" || this.media.state === "lost") return "self";
    if (this.call.status !== "reconnecting") return undefined;
    return leg(this.call, this.seat)?.status === lost || this.media.state !== "up" ? "self" : "other";
  }

  /** How good this side's connection is: the room's word, else this browser's own reading. */
  get level() {
    if (this.media.state !== "up") return 0;
    return this.levels[this.seat] || levelOf(this.reading);
  }

  /** Ends the call for both. Resolves when the room has taken note; what became of the call comes by itself. */
  async hangup() {
    try {
      await this.#ask("call.hangup", {});
    } catch (err) {
      if (!(err instanceof Problem && err.kind === lost) || !this.call) throw err;
      this.take((await api("POST", `${this.#path(this.call.id)}/hangup`, {}, { open: true })).call);
    }
  }

  /** @param {boolean} on */
  hold(on) { return this.#ask("call.hold", { on }); }

  /** Answers the knock of that id. @param {string} knock @param {boolean} admit */
  admit(knock, admit) { return this.#ask("call.admit", { knock, admit }); }

  /** Takes a newer picture of the call, from wherever it came. @param {Call} call @param {string} [now] */
  take(call, now) {
    this.call = call;
    this.#callAt = performance.now();
    if (now) this.#ahead = Date.parse(now) - Date.now();
    this.media.hold(held(call));
    if (over(call.status)) this.leave();
    this.#changed();
  }

  /** Leaves the room and lets go of camera and microphone. */
  leave() {
    if (this.#done) return;
    this.#done = true;
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#seen);
    this.#socket?.stop();
    this.media.close();
    this.devices.stop();
  }

  /** @param {string} id */
  #path(id) { return this.seat === "agent" ? `/api/calls/${id}` : `/api/guest/calls/${id}`; }

  /** @param {string} t @param {unknown} p */
  #ask(t, p) {
    return this.#socket?.request(t, p) ?? Promise.reject(noConnection());
  }

  /** @param {{conn: string, sdp: string}} offer @returns {Promise<string>} */
  async #offer(offer) { return (await this.#ask("rtc.offer", offer)).p.sdp; }

  #hello() {
    const devices = this.devices.report();
    this.#told = ""; // the room keeps what hello says but passes on only what is reported
    return { conn: this.media.known, after_n: this.chat?.lastN ?? 0, permission: this.devices.permission(), devices };
  }

  #report() {
    const devices = this.devices.report();
    const now = JSON.stringify(devices);
    if (now !== this.#told && this.#socket?.up && this.#socket.send("dev.report", devices)) this.#told = now;
  }

  /** @param {import("./socket.js").Envelope} e */
  #read({ t, p }) {
    switch (t) {
      case "welcome": return this.#welcome(p);
      case "call.state": return this.take(p.call, p.now);
      case "dev.state": if (p.seat === this.other) this.peer = p.devices; break;
      case "chat.message": return this.chat?.merge([p.message]);
      case "net.level": this.levels[/** @type {Seat} */ (p.seat)] = p.level; break;
      case "beat": this.#ahead = Date.parse(p.now) - Date.now(); return;
      default: return; // an answer that nobody waits for any more
    }
    this.#changed();
  }

  /** @param {import("./wire.js").Welcome} w */
  #welcome(w) {
    const ice = w.ice ?? [];
    if (this.#ice) this.#ice(ice);
    else this.media.resume(w.conn, ice);
    this.#ice = undefined;
    this.#checked = false;
    this.peer = w.devices?.[this.other] ?? {};
    if (this.chat) this.chat.limit = w.limits.chat_text;
    this.chat?.merge(w.messages ?? []);
    this.take(w.call, w.now);
    this.#report();
    if (w.more) this.chat?.read();
    this.chat?.flush();
  }

  /** @param {import("./socket.js").LinkState} state @param {number} attempt @param {string} id */
  #linked(state, attempt, id) {
    this.link = state;
    if (state === "down") this.#ice = undefined; // the first offer went with the socket
    this.#changed();
    if (state !== "down" || attempt < checkAfter || this.#checked) return;
    this.#checked = true;
    api("GET", this.#path(id), undefined, { open: true }).then(({ call }) => this.take(call), (/** @type {Problem} */ err) => {
      if (err.status === 401 || err.status === 403 || err.status === 404) {
        this.#socket?.stop();
        this.#on.closed(4000 + err.status);
      } else this.#checked = false;
    });
  }

  async #look() {
    if (this.#socket?.up) this.chat?.flush();
    if (this.media.state !== "up") return;
    this.reading = await this.media.read();
    this.#changed();
  }

  /** Back from another program or a phone call: a device that claims to work but gives nothing is opened anew. */
  #seen = async () => {
    if (document.hidden || this.media.state === "idle") return;
    await new Promise((done) => setTimeout(done, 1500));
    const before = (await this.media.read()).captured;
    await new Promise((done) => setTimeout(done, 1500));
    const after = (await this.media.read()).captured;
    if (this.#done || document.hidden || (this.call && held(this.call))) return;
    const still = { cam: before.frames !== undefined && before.frames === after.frames, mic: before.samples !== undefined && before.samples === after.samples };
    for (const kind of kinds) if (still[kind] && this.devices[kind].state === "on" && !this.devices[kind].asking) this.devices.revive(kind);
  };

  #changed() {
    if (this.#pending) return;
    this.#pending = true;
    queueMicrotask(() => { this.#pending = false; this.#on.change(); });
  }
}

const noConnection = () => new Problem(0, { kind: lost, detail: "There is no connection to the call." });

/** @param {import("./stats.js").Reading|undefined} r */
function levelOf(r) {
  if (!r || r.rtt === undefined) return 0;
  const loss = Math.max(r.in.loss ?? 0, r.out.loss ?? 0);
  if (loss > 0.1 || r.rtt > 0.6) return 1;
  if (loss > 0.04 || r.rtt > 0.3) return 2;
  return loss > 0.015 || r.rtt > 0.15 ? 3 : 4;
}
