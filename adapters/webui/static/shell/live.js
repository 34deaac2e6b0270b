// The live socket of the signed-in pages: it names what changed, the page fetches it. After a break it goes on from the
// last event seen, so that none is missed or comes twice.

/** @typedef {{seq: number, kind: string, about: string, at: string}} Event_ */
/** @typedef {"connecting"|"up"|"down"} State */
/** @typedef {{t: "viewers", ticket: string, people: {id: string, name: string, typing: boolean}[]}} Viewers others who have the ticket on the screen */
/** @typedef {{t: "typing", ticket: string}} Typing the customer of the ticket types */
/** @typedef {{t: "offers"}} Offers what is offered to this user is something else now */
/** @typedef {{viewers: Viewers, typing: Typing, offers: Offers}} Frames besides events */

const delays = [0, 300, 1200, 2700, 4800, 7000]; // ms, each with jitter
const silence = 35_000; // ms; the server speaks every 15 s

export class Live {
  /** @type {WebSocket|null} */ #ws = null;
  #seq = -1; #tries = 0; #timer = 0; #quiet = 0; #stopped = false; #unheard = false;
  /** @type {Set<(e: Event_) => void>} */ #onEvent = new Set();
  /** @type {Set<(s: State) => void>} */ #onState = new Set();
  /** @type {Set<() => void>} */ #onReset = new Set();
  /** @type {Map<string, Set<(m: any) => void>>} */ #onFrame = new Map();
  /** @type {State} */ state = "connecting";
  /** @type {() => void} */ #greeted = () => {};
  #hello = new Promise((ok) => { this.#greeted = () => ok(undefined); });

  constructor() {
    this.#connect();
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#hurry(); });
    // A page in the back-forward cache holds no socket; back on screen it catches up.
    addEventListener("pagehide", () => { this.#stopped = true; this.#close(); });
    addEventListener("pageshow", (e) => { if (e.persisted) { this.#stopped = false; this.#tries = 0; this.#connect(); } });
  }

  /** Resolves when events come, or after ms: what is read after that is followed by every later change. @param {number} [ms] */
  ready(ms = 1500) {
    setTimeout(() => this.#giveUp(), ms);
    return this.#hello;
  }
  /** Lets the page read without events; it reads again when they come. */
  #giveUp() { if (this.#seq < 0) this.#unheard = true; this.#greeted(); }
  /** @param {(e: Event_) => void} fn */ onEvent(fn) { this.#onEvent.add(fn); return () => this.#onEvent.delete(fn); }
  /** @param {(s: State) => void} fn */ onState(fn) { this.#onState.add(fn); fn(this.state); }
  /**
   * What the server says besides events: it is of now, and nothing of it comes again after a break.
   * @template {keyof Frames} T
   * @param {T} t @param {(m: Frames[T]) => void} fn
   */
  onFrame(t, fn) {
    const set = this.#onFrame.get(t) ?? new Set();
    set.add(fn); this.#onFrame.set(t, set);
  }
  /** Says something to the server, if it can be reached; what is said is of now, so that nothing waits. @param {{t: "view"|"typing", ticket: string}} frame */
  send(frame) {
    if (this.#ws?.readyState !== WebSocket.OPEN) return false;
    this.#ws.send(JSON.stringify(frame));
    return true;
  }
  /** The page may have missed something: it reloads what it shows. @param {() => void} fn */ onReset(fn) { this.#onReset.add(fn); }

  #connect() {
    clearTimeout(this.#timer);
    if (this.#ws || this.#stopped) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const ws = new WebSocket(`${scheme}//${location.host}/ws/live${this.#seq >= 0 ? `?after=${this.#seq}` : ""}`);
    this.#ws = ws;
    this.#listen();
    ws.onmessage = (m) => { if (this.#ws === ws) { this.#listen(); this.#take(JSON.parse(m.data)); } };
    ws.onclose = (e) => { if (this.#ws === ws) { this.#ws = null; this.#lost(e.code); } };
  }

  /** Starts waiting for the next word from the server. */
  #listen() {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => { this.#close(); this.#lost(1006); }, silence);
  }

  #close() { const ws = this.#ws; this.#ws = null; clearTimeout(this.#quiet); ws?.close(); }

  /** @param {{t: string} & Event_} m */
  #take(m) {
    switch (m.t) {
      case "hello": {
        if (this.#seq < 0) this.#seq = m.seq;
        this.#tries = 0; this.#set("up"); this.#greeted();
        if (this.#unheard) { this.#unheard = false; this.#reset(); } // the page has read before events came
        break;
      }
      case "reset": this.#seq = m.seq; this.#tries = 0; this.#set("up"); this.#greeted(); this.#reset(); break;
      case "event":
        if (m.seq <= this.#seq) return;
        this.#seq = m.seq;
        for (const fn of this.#onEvent) fn(m);
        break;
      default: for (const fn of this.#onFrame.get(m.t) ?? []) fn(m);
    }
  }
  #reset() { for (const fn of this.#onReset) fn(); }

  /** @param {number} code */
  #lost(code) {
    clearTimeout(this.#quiet);
    if (this.#stopped) return;
    this.#set("down"); this.#giveUp();
    if (code === 4401) { dispatchEvent(new CustomEvent("signedout")); return; }
    const wait = delays[Math.min(this.#tries++, delays.length - 1)];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
  }
  #hurry() { if (!this.#ws && !this.#stopped) { this.#tries = 0; this.#connect(); } }
  /** @param {State} s */
  #set(s) { if (s !== this.state) { this.state = s; for (const fn of this.#onState) fn(s); } }
}
