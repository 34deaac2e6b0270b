// The way to the server: requests with the visitor's secret in a header, and the socket that says when to read again.

/** @typedef {{id: string, name: string, type: string, size: number, url: string, width?: number, height?: number}} File_ */
/** @typedef {{id: string, from: "me"|"agent", name: string, op?: string, text: string, files: File_[], at: string, seen: boolean}} Message */
/** @typedef {{messages: Message[], open: boolean, agent: string}} Chat */

const delays = [0, 500, 1500, 3000, 6000, 10_000]; // ms
const silence = 35_000; // ms; the server speaks every 15 s

/** What went wrong, in the server's words; again says that it may work later. */
export class Trouble extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) { super(message); this.status = status; }
  get again() { return this.status === 0 || this.status === 429 || this.status >= 500; }
}

export class Line {
  #tries = 0; #timer = 0; #quiet = 0;
  /** @type {WebSocket|null} */ #ws = null;
  /** @type {(m: {t: string, name?: string}) => void} */ onFrame = () => {};
  /** @type {(up: boolean) => void} */ onState = () => {};

  /** @param {string} key @param {string} token */
  constructor(key, token) { this.key = key; this.token = token; }

  /**
   * @param {string} method @param {string} path after /api/chat/KEY @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async call(method, path, body) {
    /** @type {Record<string, string>} */
    const headers = { "X-Tandem-Visitor": this.token };
    /** @type {BodyInit|undefined} */ let payload;
    if (body instanceof Blob) payload = body;
    else if (body !== undefined) { payload = JSON.stringify(body); headers["Content-Type"] = "application/json"; }
    /** @type {Response} */ let res;
    try {
      res = await fetch(`/api/chat/${encodeURIComponent(this.key)}${path}`, { method, headers, body: payload, cache: "no-store", credentials: "omit" });
    } catch { throw new Trouble("No connection. The message is kept and sent when there is one.", 0); }
    if (res.status === 204) return null;
    if (res.ok) return /json/.test(res.headers.get("Content-Type") ?? "") ? res.json() : res.blob();
    const p = await res.json().catch(() => ({}));
    throw new Trouble(res.status >= 500 ? "The server could not do it." : p.detail || `The server answered ${res.status}.`, res.status);
  }

  open() {
    clearTimeout(this.#timer);
    if (this.#ws) return;
    const ws = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/chat?key=${encodeURIComponent(this.key)}`);
    this.#ws = ws;
    const listen = () => { clearTimeout(this.#quiet); this.#quiet = setTimeout(() => ws.close(), silence); };
    listen();
    ws.onopen = () => ws.send(JSON.stringify({ t: "hello", token: this.token }));
    ws.onmessage = (e) => {
      listen();
      const m = JSON.parse(e.data);
      if (m.t === "hello") { this.#tries = 0; this.onState(true); }
      this.onFrame(m);
    };
    ws.onclose = () => {
      clearTimeout(this.#quiet);
      if (this.#ws !== ws) return;
      this.#ws = null; this.onState(false);
      const wait = delays[Math.min(this.#tries++, delays.length - 1)];
      this.#timer = setTimeout(() => this.open(), wait * (0.75 + Math.random() / 2));
    };
  }
  /** Tries at once instead of later. */
  hurry() { if (!this.#ws) { this.#tries = 0; this.open(); } }
  typing() { if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.send('{"t":"typing"}'); }
}
