// Where the visitor writes: text, files by choosing, photographing, pasting and dropping, and, before the first message, who
// they are. What is written and uploaded survives a reload. Files are .wc-file with button[data-act=again|remove].
import { announce, button, fieldError, fill, h, icon, input, need } from "../shell/dom.js";
import { Trouble } from "./line.js";
import { random } from "./store.js";
import { sizeOf } from "./thread.js";

/** @typedef {import("./line.js").File_} File_ */
/** @typedef {{key: string, name: string, size: number, data: Blob|null, file: File_|null, share: number, problem: string, passing: boolean, stop: AbortController|null}} Attached */

const most = 10; // files of one message
const largest = 16 << 20; // bytes of one
const shrinkFrom = 4_500_000; // bytes: larger pictures are made smaller, as the server takes 5 MB
const sides = 2560; // px of a picture that is made smaller
const typingEvery = 2500; // ms
const pictures = new Set(["image/jpeg", "image/png", "image/gif"]);

export class Composer {
  #kept; #line; #on; #typed = 0;
  /** @type {Attached[]} */ #files = [];
  #box = need("chat-text", HTMLTextAreaElement);

  /**
   * @param {import("./store.js").Keeping} kept @param {import("./line.js").Line} line
   * @param {{send: (m: {text: string, files: File_[], name: string, email: string}) => void, typing: () => void}} on
   */
  constructor(kept, line, on) {
    this.#kept = kept; this.#line = line; this.#on = on;
    this.#box.value = kept.of("text"); input("chat-visitor").value = kept.of("name"); input("chat-email").value = kept.of("email");
    this.#files = kept.files().map((file) => ({ key: file.id, name: file.name, size: file.size, data: null, file, share: 1, problem: "", passing: false, stop: null }));
    need("chat-form").addEventListener("submit", (e) => { e.preventDefault(); this.#submit(); });
    this.#box.addEventListener("keydown", (e) => { if (e.key === "Enter" && !e.shiftKey && !e.isComposing && e.keyCode !== 229) { e.preventDefault(); this.#submit(); } });
    this.#box.addEventListener("input", () => { kept.keep("text", this.#box.value); this.#grow(); this.#ready(); this.#typing(); });
    this.#box.addEventListener("paste", (e) => { const f = [...(e.clipboardData?.files ?? [])]; if (f.length) { e.preventDefault(); this.#attach(f); } });
    input("chat-visitor").addEventListener("input", () => kept.keep("name", input("chat-visitor").value.trim()));
    input("chat-visitor").addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); this.#box.focus(); } });
    input("chat-email").addEventListener("input", () => fieldError(input("chat-email"), ""));
    for (const [by, from] of /** @type {const} */ ([["chat-attach", "chat-file"], ["chat-camera", "chat-photo"]])) {
      button(by).addEventListener("click", () => input(from).click());
      input(from).addEventListener("change", () => { this.#attach([...(input(from).files ?? [])]); input(from).value = ""; });
    }
    button("chat-camera").hidden = !matchMedia("(pointer: coarse)").matches;
    addEventListener("dragover", (e) => { if (e.dataTransfer?.types.includes("Files")) e.preventDefault(); });
    addEventListener("drop", (e) => { const f = [...(e.dataTransfer?.files ?? [])]; if (f.length) { e.preventDefault(); this.#attach(f); } });
    this.#draw(); this.#grow();
  }

  /** Asks who the visitor is, or no longer. @param {boolean} on */
  ask(on) { need("chat-who").hidden = !on; }
  focus() { this.#box.focus({ preventScroll: true }); }
  /** Nothing can be written. */
  close() { for (const el of need("chat-form").querySelectorAll("button, input, textarea")) el.setAttribute("disabled", ""); }
  /** Uploads again what a broken connection kept from it. */
  retry() { for (const a of this.#files) if (a.problem && a.passing) void this.#upload(a); }

  #grow() { this.#box.style.height = "auto"; this.#box.style.height = `${Math.min(this.#box.scrollHeight + 2, 160)}px`; }
  #ready() { button("chat-send").disabled = !this.#box.value.trim() && !this.#files.length; }
  #typing() {
    if (!this.#box.value.trim() || Date.now() - this.#typed < typingEvery) return;
    this.#typed = Date.now(); this.#on.typing();
  }

  #submit() {
    const text = this.#box.value.trim(), email = input("chat-email");
    if (!text && !this.#files.length) return;
    if (this.#files.some((a) => !a.file)) { announce(this.#files.some((a) => a.problem) ? "A file could not be uploaded. Remove it or try again." : "A file is still being uploaded."); return; }
    const asked = !need("chat-who").hidden;
    if (asked && !email.checkValidity()) { fieldError(email, "This is not an e-mail address."); email.focus(); return; }
    const who = asked ? { name: input("chat-visitor").value.trim(), email: email.value.trim() } : { name: "", email: "" };
    if (asked) { this.#kept.keep("name", who.name); this.#kept.keep("email", who.email); }
    const files = this.#files.flatMap((a) => a.file ?? []);
    this.#on.send({ text, files, ...who }); // kept before it goes from the box
    this.#box.value = ""; this.#kept.keep("text", ""); this.#files = []; this.#typed = 0;
    this.#draw(); this.#grow(); this.#box.focus();
  }

  /** @param {File[]} chosen */
  #attach(chosen) {
    for (const data of chosen) {
      if (this.#files.length >= most) { announce(`A message carries ${most} files at most.`); break; }
      /** @type {Attached} */
      const a = { key: random(8), name: (data.name || "picture.png").slice(-120), size: data.size, data, file: null, share: 0, problem: "", passing: false, stop: null };
      this.#files.push(a);
      void this.#upload(a);
    }
    this.#draw(); this.#box.focus();
  }

  /** @param {Attached} a */
  async #upload(a) {
    if (!a.data || a.stop) return;
    a.problem = ""; a.share = 0; a.stop = new AbortController();
    this.#draw();
    try {
      const { data, name } = await smaller(a.data, a.name);
      if (data.size > largest) throw new Trouble(413, { detail: `it is larger than ${largest >> 20} MB` });
      a.file = await this.#line.upload(data, name, (share) => { a.share = share; this.#progress(a); }, a.stop.signal);
      a.name = a.file.name; a.size = a.file.size; a.data = null;
    } catch (err) {
      a.problem = err instanceof Error ? err.message : String(err); a.passing = err instanceof Trouble && err.passing;
    }
    a.stop = null;
    if (this.#files.includes(a)) this.#draw();
  }

  /** @param {Attached} a */
  #progress(a) { const p = need("chat-files").querySelector(`[data-file="${a.key}"] progress`); if (p instanceof HTMLProgressElement) p.value = a.share; }

  /** @param {Attached} a */
  #remove(a) { a.stop?.abort(); this.#files = this.#files.filter((x) => x !== a); this.#draw(); this.#box.focus(); }

  #draw() {
    this.#kept.keepFiles(this.#files.flatMap((a) => a.file ?? []));
    need("chat-files").hidden = !this.#files.length;
    fill(need("chat-files"), this.#files.map((a) => h("div", { class: "wc-file", "data-file": a.key, "data-state": a.problem ? "failed" : a.file ? "ready" : "sending" },
      icon(a.problem ? "alert" : a.file && pictures.has(a.file.type) ? "image" : "file"),
      h("div", { class: "grow" }, h("div", { class: "truncate" }, a.name), a.problem ? h("div", { class: "small wc-bad", role: "alert" }, sentence(a.problem)) : a.file ? h("div", { class: "small muted" }, sizeOf(a.size)) : h("progress", { class: "progress", max: 1, value: a.share, "aria-label": `Uploading ${a.name}` })),
      a.problem && a.data ? h("button", { type: "button", class: "btn", "data-variant": "quiet", "data-size": "sm", "data-act": "again", onclick: () => void this.#upload(a) }, "Try again") : null,
      h("button", { type: "button", class: "btn", "data-variant": "quiet", "data-size": "sm", "data-icon": true, "data-act": "remove", "aria-label": `Remove ${a.name}`, onclick: () => this.#remove(a) }, icon("close")))));
    this.#ready();
  }
}

/** @param {string} s */
const sentence = (s) => s.charAt(0).toUpperCase() + s.slice(1) + (/[.!?]$/.test(s) ? "" : ".");

/** A picture that the server would not take, as a JPEG that it does; anything else as it is. @param {Blob} data @param {string} name */
async function smaller(data, name) {
  if (!data.type.startsWith("image/") || data.type === "image/svg+xml" || (pictures.has(data.type) && data.size < shrinkFrom) || data.type === "image/gif") return { data, name };
  try {
    const bitmap = await createImageBitmap(data), share = Math.min(1, sides / Math.max(bitmap.width, bitmap.height));
    const canvas = h("canvas", { width: Math.round(bitmap.width * share), height: Math.round(bitmap.height * share) });
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const made = await new Promise((/** @type {(b: Blob|null) => void} */ ok) => canvas.toBlob(ok, "image/jpeg", 0.88));
    return made ? { data: made, name: `${name.replace(/\.[^.]*$/, "")}.jpg` } : { data, name };
  } catch { return { data, name }; } // the browser cannot read it either; the server says what it thinks of it
}
