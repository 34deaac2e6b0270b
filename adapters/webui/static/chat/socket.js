// The chat's socket: it says when to read again and that somebody types. Nothing depends on it: what it brings is read over
// HTTP, and without it the page asks every now and then.

const delays = [0, 500, 1500, 3000, 6000, 10_000]; // ms before each attempt; the last repeats
const silence = 35_000; // ms without a word before a socket counts as dead; the server speaks every 15 s
/** Close codes after which coming back is useless: the secret is no good, or there is no such chat. */
const finalCodes = new Set([4401, 4403, 4404]);
const overrun = 4429; // too many messages

export class Socket {
  #url; #token; #on; #tries = 0; #timer = 0; #quiet = 0; #running = false; #up = false;
  /** @type {WebSocket|null} */ #ws = null;

  /** @param {string} key @param {() => string} token @param {{frame: (m: {t: string, name?: string}) => void, state: (up: boolean) => void}} on */
  constructor(key, token, on) {
    const url = new URL("/ws/chat", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:"; url.search = new URLSearchParams({ key }).toString();
    this.#url = url.href; this.#token = token; this.#on = on;
    addEventListener("online", () => this.#renew());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.hurry(); });
    // A page in the back-forward cache holds no socket; back on screen it connects.
    addEventListener("pagehide", () => { clearTimeout(this.#timer); this.#drop(); });
    addEventListener("pageshow", (e) => { if (e.persisted) this.hurry(); });
  }

  get up() { return this.#up; }
  /** Connects, unless that has begun. */
  start() { if (!this.#running) { this.#running = true; this.#open(); } }
  /** Tries at once instead of later. */
  hurry() { if (this.#running && !this.#ws) { this.#tries = 0; this.#open(); } }
  typing() { if (this.#up) this.#ws?.send('{"t":"typing"}'); }

  /** The network has changed: whatever socket there was belongs to the old one. */
  #renew() { if (!this.#running) return; this.#tries = 0; this.#drop(); this.#open(); }

  #open() {
    clearTimeout(this.#timer);
    const ws = new WebSocket(this.#url);
    this.#ws = ws; this.#listen();
    ws.onopen = () => ws.send(JSON.stringify({ t: "hello", token: this.#token() }));
    ws.onmessage = (e) => {
      this.#listen();
      const m = JSON.parse(e.data);
      if (m.t === "hello") { this.#tries = 0; this.#set(true); }
      this.#on.frame(m);
    };
    ws.onclose = (e) => this.#lost(e.code);
  }

  #listen() { clearTimeout(this.#quiet); this.#quiet = setTimeout(() => this.#lost(1006), silence); }

  /** Leaves the present socket behind; its closing, which may take minutes, is not waited for. */
  #drop() {
    const ws = this.#ws;
    this.#ws = null; clearTimeout(this.#quiet);
    if (ws) { ws.onopen = ws.onmessage = ws.onclose = null; ws.close(); }
    this.#set(false);
  }

  /** @param {number} code */
  #lost(code) {
    this.#drop();
    if (finalCodes.has(code)) { this.#running = false; return; }
    const wait = code === overrun ? delays[delays.length - 1] : delays[Math.min(this.#tries, delays.length - 1)];
    this.#tries++;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), wait * (0.75 + Math.random() / 2));
  }

  /** @param {boolean} up */
  #set(up) { if (up !== this.#up) { this.#up = up; this.#on.state(up); } }
}
