// Where replies and notes are written: a draft for each conversation, files by choosing, dropping and pasting, and the
// key that sends as the agent likes it. Files are .composer-file with button[data-act=remove|again].
import { newKey, Problem, sentence } from "../shell/api.js";
import { button, fill, h, icon, input, need } from "../shell/dom.js";
import { live, toast } from "../shell/frame.js";
import { recall, recallJSON, remember } from "./store.js";
import { channel, personName, sizeOf } from "./words.js";

/** @typedef {import("./api.js").File_} File_ */
/** @typedef {import("./api.js").Detail} Detail */
/** @typedef {{key: string, name: string, size: number, data: File|null, file: File_|null, share: number, problem: string, request: XMLHttpRequest|null}} Attached */
/** @typedef {"message"|"note"} Mode */

const largest = 20_000_000; const typingEvery = 3000; // bytes; ms

export class Composer {
  /** @type {Mode} */ #mode = "message";
  #ticket = ""; #send; #may = { reply: false, note: false }; #typed = 0;
  /** @type {Map<string, Attached[]>} */ #files = new Map();
  #box = need("composer-text", HTMLTextAreaElement);

  /** @param {(what: {kind: Mode, text: string, files: File_[]}) => void} send */
  constructor(send) {
    this.#send = send;
    need("composer").addEventListener("submit", (e) => { e.preventDefault(); this.#submit(); });
    this.#box.addEventListener("keydown", (e) => this.#key(e));
    this.#box.addEventListener("input", () => { this.#keep(); this.#grow(); this.#ready(); this.#typing(); });
    this.#box.addEventListener("paste", (e) => { const f = [...(e.clipboardData?.files ?? [])]; if (f.length) { e.preventDefault(); this.#attach(f); } });
    for (const m of /** @type {const} */ (["message", "note"])) input(`mode-${m}`).addEventListener("change", () => this.mode(m));
    button("attach").addEventListener("click", () => input("attach-input").click());
    input("attach-input").addEventListener("change", () => { this.#attach([...(input("attach-input").files ?? [])]); input("attach-input").value = ""; });
    for (const [id, how] of /** @type {const} */ ([["enter-sends", ""], ["ctrl-sends", "ctrl"]])) button(id).addEventListener("click", () => { remember("send", how); need("send-menu").hidePopover(); this.#settings(); this.#box.focus(); });
    this.#drop(); this.#settings();
  }

  get #enterSends() { return recall("send") !== "ctrl"; }
  #settings() {
    button("enter-sends").setAttribute("aria-checked", String(this.#enterSends)); button("ctrl-sends").setAttribute("aria-checked", String(!this.#enterSends));
    fill(need("composer-hint"), this.#enterSends ? "Enter sends, Shift+Enter begins a line" : "Ctrl+Enter sends");
  }

  /** Shows the conversation's own draft. @param {string} ticket @param {Detail|null} d */
  show(ticket, d) {
    const other = ticket !== this.#ticket;
    if (other) {
      this.#ticket = ticket;
      const draft = recallJSON(`draft.${ticket}`, { text: "", mode: "message" });
      this.#box.value = typeof draft.text === "string" ? draft.text : "";
      this.#mode = draft.mode === "note" ? "note" : "message"; this.#forced = false;
      this.#drawFiles();
    }
    const t = d?.ticket; this.#may = { reply: !!t?.may.reply, note: !!t && (t.may.note ?? (t.may.reply || t.may.resolve || t.may.claim)) };
    need("composer").hidden = !this.#may.reply && !this.#may.note;
    if (!this.#may.reply && this.#may.note) { this.#forced ||= this.#mode === "message"; this.#mode = "note"; } else if (this.#may.reply && (!this.#may.note || (this.#forced && !this.#box.value.trim()))) this.#mode = "message";
    if (this.#may.reply) this.#forced = false;
    this.#closed(d);
    if (!t) return;
    const { word } = channel(t.channel);
    fill(need("composer-via"), this.#mode === "note" ? "Colleagues see it, the customer never does" : `via ${word}`);
    this.#box.setAttribute("aria-label", this.#mode === "note" ? "Note for colleagues" : `Message to ${personName(d.contact)}`);
    this.#box.placeholder = this.#mode === "note" ? "Write a note for colleagues" : `Write to ${personName(d.contact)}`;
    this.#apply();
    this.#detail = d;
    if (other) this.#grow();
  }
  /** @type {Detail|null} */ #detail = null; #forced = false; // a note, since a reply is not possible yet

  /** Why nothing can be written. @param {Detail|null} d */
  #closed(d) {
    const box = need("composer-closed"); const t = d?.ticket;
    box.hidden = !t || this.#may.reply || this.#may.note;
    if (!t || box.hidden) return;
    fill(box, icon("lock"), h("span", null, t.status === "closed" ? "This conversation is closed. The customer's next message begins another." : t.status === "resolved" ? "This conversation is resolved. Reopen it to write." : t.assignee ? `${t.assignee.name} has this conversation.` : "Accept the conversation to reply."));
  }

  /** @param {Mode} m */
  mode(m) {
    if (m === "message" ? !this.#may.reply : !this.#may.note) return;
    this.#mode = m; this.#keep(); this.show(this.#ticket, this.#detail);
    this.#box.focus();
  }
  /** Whether a message or note can be written now. @param {Mode} m */
  can(m) { return m === "message" ? this.#may.reply : this.#may.note; }
  focus() { this.#box.focus(); }

  #apply() {
    const note = this.#mode === "note";
    for (const m of /** @type {const} */ (["message", "note"])) { input(`mode-${m}`).checked = this.#mode === m; input(`mode-${m}`).disabled = !this.can(m); }
    need("composer").dataset.mode = this.#mode;
    button("attach").hidden = note; need("composer-files").hidden = note || !this.#attached.length;
    fill(need("send-text"), note ? "Save note" : "Send");
    this.#ready();
  }
  #ready() {
    const waits = this.#mode === "message" && this.#attached.some((a) => !a.file);
    const something = this.#box.value.trim() !== "" || (this.#mode === "message" && this.#attached.length > 0);
    button("send").disabled = !something || waits;
  }
  #keep() {
    const text = this.#box.value;
    remember(`draft.${this.#ticket}`, text.trim() || this.#mode === "note" ? JSON.stringify({ text, mode: this.#mode }) : "");
  }
  #grow() { // where field-sizing is not known
    if (CSS.supports("field-sizing", "content")) return;
    this.#box.style.height = "auto"; this.#box.style.height = `${Math.min(this.#box.scrollHeight + 2, 192)}px`;
  }
  #typing() {
    if (this.#mode !== "message" || !this.#box.value.trim() || Date.now() - this.#typed < typingEvery) return;
    if (live.send({ t: "typing", ticket: this.#ticket })) this.#typed = Date.now();
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    if (e.key === "Escape") { this.#box.blur(); return; }
    if (e.key !== "Enter" || e.isComposing || e.shiftKey) return;
    if (e.ctrlKey || e.metaKey || (this.#enterSends && !e.altKey)) { e.preventDefault(); this.#submit(); }
  }

  #submit() {
    this.#ready();
    const text = this.#box.value.trim();
    if (button("send").disabled || need("composer").hidden) return;
    const files = this.#mode === "note" ? [] : this.#attached.flatMap((a) => a.file ?? []);
    this.#send({ kind: this.#mode, text, files });
    if (this.#mode === "message") { this.#files.delete(this.#ticket); this.#drawFiles(); }
    this.#box.value = "";
    if (this.#mode === "note" && this.#may.reply) this.#mode = "message"; // the next thing written is for the customer
    this.#keep(); this.#grow(); this.#typed = 0;
    this.show(this.#ticket, this.#detail);
  }

  // ---- files ----
  get #attached() { return this.#files.get(this.#ticket) ?? []; }

  #drop() {
    const over = (/** @type {boolean} */ on) => need("thread").toggleAttribute("data-drop", on); const box = need("thread");
    const fits = (/** @type {DragEvent} */ e) => !!e.dataTransfer?.types.includes("Files") && !need("composer").hidden && this.#may.reply;
    box.addEventListener("dragover", (e) => { if (fits(e)) { e.preventDefault(); over(true); } });
    box.addEventListener("dragleave", (e) => { if (!(e.relatedTarget instanceof Node && box.contains(e.relatedTarget))) over(false); });
    box.addEventListener("drop", (e) => { over(false); if (fits(e)) { e.preventDefault(); this.#attach([...(e.dataTransfer?.files ?? [])]); } });
    for (const t of /** @type {const} */ (["dragover", "drop"])) addEventListener(t, (e) => { if (/** @type {DragEvent} */ (e).dataTransfer?.types.includes("Files")) e.preventDefault(); }); // a file beside the mark must not replace the page
  }

  /** @param {File[]} list */
  #attach(list) {
    if (this.#mode === "note") this.mode("message");
    if (!this.#may.reply) return;
    for (const data of list) {
      if (data.size > largest) { toast({ title: `${data.name} is too large`, text: `It has ${sizeOf(data.size)}; at most ${sizeOf(largest)} can be sent.`, tone: "bad" }); continue; }
      /** @type {Attached} */ const a = { key: newKey(), name: data.name || "pasted image", size: data.size, data, file: null, share: 0, problem: "", request: null };
      this.#files.set(this.#ticket, [...this.#attached, a]);
      this.#upload(a);
    }
    this.#drawFiles(); this.#box.focus();
  }

  /** @param {Attached} a */
  #upload(a) {
    const r = new XMLHttpRequest(); // fetch cannot say how far an upload has come
    a.request = r; a.problem = ""; a.share = 0;
    r.open("POST", `/api/desk/files?name=${encodeURIComponent(a.name)}`);
    r.responseType = "json"; r.setRequestHeader("Content-Type", "application/octet-stream"); r.setRequestHeader("Accept", "application/json");
    r.upload.onprogress = (e) => { if (e.lengthComputable) { a.share = e.loaded / e.total; this.#drawFiles(); } };
    r.onload = () => {
      a.request = null;
      if (r.status === 201) { a.file = r.response.file ?? r.response; a.data = null; }
      else { const p = new Problem(r.status, r.response ?? {}); if (r.status === 413 || r.status === 422) a.data = null /* would be refused again */; a.problem = p.fields.length ? p.fields.map((f) => `${f.name} ${f.problem}`).join(", ") : sentence(p); }
      this.#drawFiles();
    };
    r.onerror = () => { a.request = null; a.problem = sentence(new Problem(0, { detail: "The server did not answer." })); this.#drawFiles(); };
    r.send(a.data);
  }

  /** @param {string} key */
  #remove(key) {
    this.#attached.find((a) => a.key === key)?.request?.abort();
    this.#files.set(this.#ticket, this.#attached.filter((a) => a.key !== key));
    this.#drawFiles(); this.#box.focus();
  }

  #drawFiles() {
    const box = need("composer-files"); const all = this.#attached;
    box.hidden = !all.length || this.#mode === "note";
    fill(box, all.map((a) => h("div", { class: "composer-file", "data-state": a.problem ? "failed" : a.file ? "ready" : "sending" },
      icon(a.problem ? "alert" : a.file?.type.startsWith("image/") ? "image" : "file"),
      h("span", { class: "grow" }, h("span", { class: "truncate composer-file-name" }, a.name), a.problem ? h("span", { class: "small bad-text", role: "alert" }, a.problem) : a.file ? h("span", { class: "small muted" }, sizeOf(a.file.size)) : h("progress", { class: "progress", max: 1, value: a.share.toFixed(2), "aria-label": `Uploading ${a.name}` })),
      a.problem && a.data ? h("button", { type: "button", class: "btn", "data-variant": "quiet", "data-size": "sm", "data-act": "again", onclick: () => { this.#upload(a); this.#drawFiles(); } }, "Try again") : null,
      h("button", { type: "button", class: "btn", "data-variant": "quiet", "data-size": "sm", "data-icon": true, "data-act": "remove", "aria-label": `Remove ${a.name}`, onclick: () => this.#remove(a.key) }, icon("close")))));
    this.#ready();
  }
}
