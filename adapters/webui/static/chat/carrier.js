// The page that carries the chat in a frame, and what is said to it: counts, colours and closing, never what was written.
// Only sites that the line allows can be it, since the browser shows the frame nowhere else; which of them it is the first
// words from there tell, and from then on no other origin is listened or talked to.

export class Carrier {
  #key; #origin = ""; #said = new Map();
  framed = parent !== window;

  /** @param {string} key @param {(shown: boolean) => void} shown whether the frame is on the screen */
  constructor(key, shown) {
    this.#key = key;
    addEventListener("message", (e) => {
      if (!this.framed || e.source !== parent || e.data?.tandem !== key || !/^https?:/.test(e.origin)) return;
      if (!this.#origin) { this.#origin = e.origin; for (const [, m] of this.#said) this.#post(m); }
      if (e.origin === this.#origin && typeof e.data.shown === "boolean") shown(e.data.shown);
    });
  }

  /** Says what is so now; until the other side can hear, the last of each kind waits. @param {"ready"|"unread"|"off"|"close"} what @param {unknown} value */
  tell(what, value) {
    const m = { [what]: value };
    if (what !== "close") this.#said.set(what, m);
    if (this.#origin) this.#post(m);
  }

  /** @param {object} m */
  #post(m) { parent.postMessage({ tandem: this.#key, ...m }, this.#origin); }
}
