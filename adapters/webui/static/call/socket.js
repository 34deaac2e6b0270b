// The room's socket: says hello, matches answers to requests, notices silence, comes back after a loss.
//
// The room beats every few seconds. A socket that brings nothing for 12 s is dead whatever the browser says of it, so it is
// left behind and a new one opened; the old one's closing, which may take minutes, is not waited for.
import { Problem } from "../shell/api.js";

/** @typedef {import("./wire.js").Welcome} Welcome */
/** @typedef {{t: string, id?: string, re?: string, p: any}} Envelope */
/** @typedef {"connecting"|"up"|"down"|"closed"} LinkState */
/**
 * @typedef {Object} Listener
 * @property {() => unknown} hello what to say first on each new socket
 * @property {() => void} [opened] called when hello is on its way, before it is answered
 * @property {(e: Envelope) => void} message every message that answers no request, welcome among them
 * @property {(state: LinkState, attempt: number) => void} state
 * @property {(code: number) => void} closed for good: the code says why
 */

const silence = 12_000; // ms without a word before a socket counts as dead
const delays = [0, 300, 1200, 2700, 4800, 7000]; // ms before each attempt; the last repeats
const answerTime = 10_000; // ms for the answer to a request
const overrun = 4429; // close code: too many messages
/** Close codes after which coming back is useless. */
const finalCodes = new Set([4401, 4403, 4404, 4409]);

/** @param {string} detail */
const lost = (detail) => new Problem(0, { kind: "lost", detail });

/** A call's socket for one seat. It does nothing until start. */
export class RoomSocket {
  #url; #on;
  /** @type {WebSocket|undefined} */ #ws;
  /** @type {LinkState} */ #state = "connecting";
  /** @type {Map<string, {resolve: (e: Envelope) => void, reject: (err: Problem) => void, timer: number}>} */ #waiting = new Map();
  #greeting = ""; #sent = 0; #attempt = 0; #heard = 0; #timer = 0; #watch = 0; #running = false;

  /** @param {string} call @param {import("./wire.js").Seat} as @param {Listener} on */
  constructor(call, as, on) {
    const url = new URL("/ws/room", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.search = new URLSearchParams({ call, as }).toString();
    this.#url = url.href;
    this.#on = on;
  }

  /** Whether the room has welcomed this socket. */
  get up() { return this.#state === "up"; }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#attempt = 0;
    addEventListener("online", this.#renew);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#watch = setInterval(this.#check, 1000);
    this.#open();
  }

  /** Closes for good, of our own will; closed is not called. */
  stop() {
    if (!this.#running) return;
    this.#running = false;
    removeEventListener("online", this.#renew);
    document.removeEventListener("visibilitychange", this.#hurry);
    clearInterval(this.#watch);
    clearTimeout(this.#timer);
    this.#drop();
    this.#say("closed");
  }

  /** Sends a message that needs no answer; false if there is no socket to send it on. @param {string} t @param {unknown} p */
  send(t, p) {
    if (this.#ws?.readyState !== WebSocket.OPEN) return false;
    this.#ws.send(JSON.stringify({ t, p }));
    return true;
  }

  /**
   * Sends a message and waits for its answer. Rejects with a Problem: of kind "lost" if the socket went away or the answer did
   * not come (then nobody knows whether the room acted), else of the kind that the room gave.
   * @param {string} t @param {unknown} p @returns {Promise<Envelope>}
   */
  request(t, p) {
    const id = `${++this.#sent}`;
    return new Promise((resolve, reject) => {
      if (this.#ws?.readyState !== WebSocket.OPEN) return reject(lost("There is no connection to the call."));
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(lost("The call did not answer in time."));
      }, answerTime);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#ws.send(JSON.stringify({ t, id, p }));
    });
  }

  #open() {
    this.#drop();
    this.#say(this.#attempt ? "down" : "connecting");
    this.#heard = performance.now();
    const ws = new WebSocket(this.#url);
    this.#ws = ws;
    ws.onopen = () => {
      if (this.#ws !== ws) return;
      this.#greeting = `${++this.#sent}`;
      ws.send(JSON.stringify({ t: "hello", id: this.#greeting, p: this.#on.hello() }));
      this.#on.opened?.();
    };
    ws.onmessage = ({ data }) => { if (this.#ws === ws) this.#read(data); };
    ws.onclose = ({ code }) => { if (this.#ws === ws) this.#lost(code); };
  }

  /** @param {string} data */
  #read(data) {
    this.#heard = performance.now();
    /** @type {Envelope} */
    const e = JSON.parse(data);
    if (e.t === "welcome") {
      this.#attempt = 0;
      this.#say("up");
    }
    if (e.t === "error" && e.re === this.#greeting) return this.#refused();
    const asked = e.re ? this.#waiting.get(e.re) : undefined;
    if (!asked) return this.#on.message(e);
    clearTimeout(asked.timer);
    this.#waiting.delete(e.re ?? "");
    if (e.t === "error") asked.reject(new Problem(0, { kind: e.p.code, ...e.p }));
    else asked.resolve(e);
  }

  /** The room did not take hello. It says why by closing; if it does not, another try is all there is. */
  #refused() {
    const ws = this.#ws;
    setTimeout(() => { if (this.#ws === ws) this.#lost(1006); }, 2000);
  }

  /** @param {number} code */
  #lost(code) {
    this.#drop();
    if (!this.#running) return;
    if (finalCodes.has(code)) {
      this.stop();
      this.#on.closed(code);
      return;
    }
    const base = code === overrun ? delays[delays.length - 1] : delays[Math.min(this.#attempt, delays.length - 1)];
    this.#attempt++;
    this.#say("down");
    this.#timer = setTimeout(() => { this.#timer = 0; this.#open(); }, base * (0.8 + 0.4 * Math.random()));
  }

  /** Leaves the present socket behind, and refuses what waits for its answers. */
  #drop() {
    const ws = this.#ws;
    this.#ws = undefined;
    if (ws) {
      ws.onopen = ws.onmessage = ws.onclose = null;
      ws.close();
    }
    for (const [id, { reject, timer }] of this.#waiting) {
      clearTimeout(timer);
      this.#waiting.delete(id);
      reject(lost("The connection to the call was lost."));
    }
  }

  #check = () => {
    if (this.#ws && performance.now() - this.#heard > silence) this.#lost(1006);
  };

  /** The network has changed: whatever socket there was belongs to the old one. */
  #renew = () => {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#attempt ||= 1;
    this.#open();
  };

  /** The page is looked at again: timers were frozen with it, and so was the watch over silence. */
  #hurry = () => {
    if (document.visibilityState === "hidden") return;
    if (this.#timer) this.#renew();
    else setTimeout(this.#check, 1000); // what arrived while the page was frozen is read first
  };

  /** @param {LinkState} state */
  #say(state) {
    if (state === this.#state && state !== "down") return;
    this.#state = state;
    this.#on.state(state, this.#attempt);
  }
}
