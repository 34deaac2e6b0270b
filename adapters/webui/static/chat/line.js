// The way to the server: requests that carry the visitor's secret in a header, for an address would end up in logs, and a
// cookie would be withheld from a page in another site's frame.

/** @typedef {{id: string, name: string, type: string, size: number, url: string, width?: number, height?: number}} File_ */
/** @typedef {{id: string, from: "me"|"agent", name: string, op?: string, text: string, files: File_[], at: string, seen: boolean}} Message */
/** @typedef {{messages: Message[], open: boolean, agent: string}} Chat */
/** @typedef {{name: string, greeting: string, colour: string}} Face */

const answerTime = 30_000; // ms for an answer; a network that swallows packets gives none
const uploadTime = 180_000;

/** What went wrong, as a sentence for a person. Status 0: the server was not reached. */
export class Trouble extends Error {
  /** @param {number} status @param {{detail?: string, fields?: {name: string, problem: string}[]}} [said] @param {number} [after] */
  constructor(status, said = {}, after = 0) {
    super(status === 0 ? "There is no connection." : status >= 500 ? "Something went wrong on our side." : said.fields?.length ? said.fields.map((f) => `${f.name} ${f.problem}`).join(", ") : said.detail || `The server answered ${status}.`);
    this.status = status; this.fields = said.fields ?? []; this.after = after; // s to wait
  }
  /** Whether the same may work later. */
  get passing() { return this.status === 0 || this.status === 408 || this.status === 425 || this.status === 429 || this.status >= 500; }
}

export class Line {
  #token;

  /** @param {string} key @param {() => string} token */
  constructor(key, token) { this.path = `/api/chat/${encodeURIComponent(key)}`; this.#token = token; }

  /** @returns {Promise<Face>} */ face() { return this.#call("GET", "", undefined, true); }
  /** @param {string} after ID of a message, "" for the last ones @returns {Promise<Chat>} */
  async read(after) {
    const chat = await this.#call("GET", `/messages${after ? `?after=${encodeURIComponent(after)}` : ""}`);
    if (!Array.isArray(chat?.messages)) throw new Trouble(0);
    return chat;
  }
  /** @param {import("./store.js").Pending} p @returns {Promise<Message>} */
  async write(p) {
    const answer = await this.#call("POST", "/messages", { op: p.op, text: p.text, files: p.files.map((f) => f.id), name: p.name || undefined, email: p.email || undefined });
    // What something on the way answers instead, such as a hotel's sign-in page, acknowledges nothing.
    if (answer?.message?.op !== p.op || !answer.message.id) throw new Trouble(0);
    return answer.message;
  }
  /** @param {string} message */ seen(message) { return this.#call("POST", "/seen", { message }); }
  /** @param {string} id @returns {Promise<Blob>} */ file(id) { return this.#call("GET", `/files/${encodeURIComponent(id)}`); }

  /**
   * @param {string} method @param {string} path @param {unknown} [body] @param {boolean} [anybody] without the secret
   * @returns {Promise<any>}
   */
  async #call(method, path, body, anybody) {
    /** @type {Record<string, string>} */
    const headers = anybody ? {} : { "X-Tandem-Visitor": this.#token() };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const late = new AbortController(), timer = setTimeout(() => late.abort(), answerTime);
    try {
      const res = await fetch(this.path + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: path.startsWith("/files") ? "default" : "no-store", credentials: "omit", signal: late.signal });
      if (!res.ok) throw new Trouble(res.status, await res.json().catch(() => ({})), Number(res.headers.get("Retry-After")) || 0);
      if (res.status === 204) return null;
      return await (/json/.test(res.headers.get("Content-Type") ?? "") ? res.json() : res.blob());
    } catch (err) { throw err instanceof Trouble ? err : new Trouble(0); } finally { clearTimeout(timer); }
  }

  /**
   * Uploads a file. share is told how much of it is on its way, 0 to 1.
   * @param {Blob} data @param {string} name @param {(share: number) => void} share @param {AbortSignal} signal
   * @returns {Promise<File_>}
   */
  upload(data, name, share, signal) {
    return new Promise((ok, fail) => {
      const x = new XMLHttpRequest(); // fetch tells nothing of what has been sent
      x.open("POST", `${this.path}/files?name=${encodeURIComponent(name)}`);
      x.setRequestHeader("X-Tandem-Visitor", this.#token());
      x.timeout = uploadTime; x.responseType = "json";
      x.upload.onprogress = (e) => { if (e.lengthComputable) share(e.loaded / e.total); };
      x.onload = () => { if (x.status === 201 && x.response?.file) ok(x.response.file); else fail(new Trouble(x.status, x.response ?? {}, Number(x.getResponseHeader("Retry-After")) || 0)); };
      x.onerror = x.ontimeout = () => fail(new Trouble(0));
      signal.addEventListener("abort", () => x.abort());
      x.send(data);
    });
  }
}
