// The customer's page from the waiting room to the end of the call: pictures, own devices, chat and the button that ends it.
import { sentence } from "../shell/api.js";
import { announce, busy, need } from "../shell/dom.js";
import { attrs, firstName, put } from "../call/draw.js";
import { ChatView, count } from "../call/chatview.js";
import { drawHelp, problem } from "../call/helpview.js";
import { stayAwake } from "../call/awake.js";
import { avatar, deviceButton, levelWords, pageState, quality, Stage } from "../call/stage.js";
import { leg } from "../call/wire.js";
import { clockOf } from "../shell/format.js";

/** @typedef {import("../call/session.js").Session} Session */

const text = {
  waitTitle: (/** @type {string} */ agent) => `${agent} has been told`,
  waitText: (/** @type {string} */ agent) => `${agent} will be here in a moment. You can write meanwhile.`,
  mic: { on: "Mute", off: "Unmute", none: "No mic", asking: "Mic", denied: "Mic blocked" },
  cam: { on: "Camera off", off: "Camera on", none: "No camera", asking: "Camera", denied: "Blocked" },
  end: "End", leave: "Leave",
  endTitle: "End the call?",
  end_: (/** @type {string} */ agent) => `It ends for you and for ${agent}. The link cannot be used again.`,
  leaveTitle: "Leave the waiting room?",
  leave_: "The call is given up. The link cannot be used again.",
  chat: (/** @type {string} */ agent) => `Chat with ${agent}`,
  unread: (/** @type {number} */ n) => (n === 1 ? "1 new message" : `${n} new messages`),
  joined: (/** @type {string} */ agent) => `${agent} joined`,
  quality: (/** @type {string} */ level) => level,
  weak: "Your connection is weak. Picture and sound may stop for moments.",
  interrupted: "Another app has your microphone, perhaps a phone call.",
  back: "Take it back",
};

export class InCall {
  #session; #stage;
  /** @type {ChatView} */ #chat;
  #name = ""; #host; #agent; #view = need("view-call");
  #end = need("end-dialog", HTMLDialogElement);
  #weak = 0; #said = "";

  /** @param {Session} session in the room of call @param {string} call @param {{host: string, agent: string}} invitation */
  constructor(session, call, { host, agent }) {
    this.#session = session;
    this.#host = host;
    this.#agent = agent;
    stayAwake();
    this.#stage = new Stage(session);
    if (!session.chat) throw new Error("the session has not entered a call");
    this.#chat = new ChatView(session.chat, "customer", call, (unread) => this.#unread(unread));
    this.#devices();
    this.#sheet();
    this.#ending();
    setInterval(() => this.#tick(), 250);
    keyboardRoom();
  }

  #devices() {
    const { devices } = this.#session;
    for (const kind of /** @type {("mic"|"cam")[]} */ (["mic", "cam"])) {
      need(kind).addEventListener("click", async () => {
        await devices.toggle(kind);
        if (devices[kind].wanted && devices[kind].obstacle) this.#help();
      });
    }
    need("flip").addEventListener("click", () => devices.flip());
    need("hint-act").addEventListener("click", () => devices.revive("mic"));
    need("help-close").addEventListener("click", () => need("help-dialog", HTMLDialogElement).close());
  }

  #help() {
    const it = problem(this.#session.devices);
    const dialog = need("help-dialog", HTMLDialogElement);
    if (!it || dialog.open) return;
    put(need("help-title"), it.title);
    drawHelp(need("help-body"), it, () => { dialog.close(); this.#session.devices.retry(); }, false);
    dialog.showModal();
  }

  #sheet() {
    need("chat-open").addEventListener("click", () => this.#open(need("chat").hidden));
    need("chat-close").addEventListener("click", () => this.#open(false));
    this.#view.addEventListener("keydown", (e) => { if (e.key === "Escape" && !need("chat").hidden) this.#open(false); });
  }

  /** @param {boolean} open */
  #open(open) {
    need("chat").hidden = !open;
    this.#view.dataset.sheet = open ? "chat" : "none";
    attrs(need("chat-open"), { "aria-expanded": String(open) });
    this.#chat.show(open);
    const touch = matchMedia("(pointer: coarse)").matches; // a keyboard that jumps up would hide what was to be read
    (open ? need(touch ? "chat-log" : "chat-text") : need("chat-open")).focus({ preventScroll: true });
  }

  /** @param {number} unread */
  #unread(unread) {
    count(need("chat-count"), unread);
    attrs(need("chat-open"), { "aria-label": unread ? `${text.chat(firstName(this.#name))}, ${text.unread(unread)}` : undefined });
    const words = unread && need("chat").hidden ? text.unread(unread) : "";
    if (words && words !== this.#said) announce(words);
    this.#said = words;
  }

  #ending() {
    need("end").addEventListener("click", () => {
      need("end-problem").hidden = true;
      this.#end.showModal();
    });
    need("end-cancel").addEventListener("click", () => this.#end.close());
    need("end-confirm").addEventListener("click", async () => {
      busy(need("end-confirm"), true);
      try {
        await this.#session.hangup();
      } catch (err) {
        put(need("end-problem"), sentence(err));
        need("end-problem").hidden = false;
      } finally {
        busy(need("end-confirm"), false);
      }
    });
  }

  /** The call is over: nothing of it stays open. */
  close() {
    this.#end.close();
    need("picker", HTMLDialogElement).close();
    need("help-dialog", HTMLDialogElement).close();
    this.#stage.clear();
  }

  /** Draws the call and returns the state of the page. */
  draw() {
    const { call, devices } = this.#session;
    const state = pageState(this.#session);
    this.#name = call?.agent.name || this.#agent;
    const agent = firstName(this.#name);
    const waiting = state === "waiting" || state === "inviting";
    this.#view.dataset.state = waiting ? "waiting" : "call";
    put(need("peer-name"), this.#name);
    put(need("peer-about"), this.#host);
    put(need("self-name"), call?.customer ?? "");
    this.#stage.draw(this.#name);
    deviceButton(need("mic", HTMLButtonElement), devices.mic.shown, { on: "mic", off: "mic-off" }, text.mic);
    deviceButton(need("cam", HTMLButtonElement), devices.cam.shown, { on: "camera", off: "camera-off" }, text.cam);
    need("flip").hidden = !devices.canFlip && !devices.cam.asking;
    need("waitcard").hidden = !waiting;
    put(need("wait-title"), text.waitTitle(agent));
    put(need("wait-text"), text.waitText(agent));
    avatar(need("wait-avatar"), this.#name);
    put(need("end-word"), waiting ? text.leave : text.end);
    put(need("end-title"), waiting ? text.leaveTitle : text.endTitle);
    put(need("end-text"), waiting ? text.leave_ : text.end_(agent));
    put(need("chat-title"), text.chat(agent));
    quality(need("quality"), this.#session.level, levelWords(this.#session.level));
    this.#hint();
    this.#chat.draw(this.#name, this.#notes(), "");
    this.#tick();
    return state === "inviting" ? "waiting" : state;
  }

  /** One line about what the person can do something about. */
  #hint() {
    const { mic } = this.#session.devices;
    const interrupted = mic.live && mic.wanted && !!mic.track?.muted;
    this.#weak = this.#session.level === 1 ? this.#weak || performance.now() : 0;
    const weak = this.#weak > 0 && performance.now() - this.#weak > 4000 && !this.#session.gone;
    need("hint").hidden = !interrupted && !weak;
    put(need("hint-text"), interrupted ? text.interrupted : weak ? text.weak : "");
    need("hint-act").hidden = !interrupted;
    put(need("hint-act"), text.back);
  }

  #notes() {
    const call = this.#session.call;
    const at = call && leg(call, "agent")?.joined_at;
    return at ? [{ key: "agent-joined", at, text: text.joined(firstName(this.#name)), icon: "ch-video" }] : [];
  }

  #tick() {
    const { call, talk, now } = this.#session;
    const short = (/** @type {number} */ s) => (s < 3600 ? clockOf(s).slice(3) : clockOf(s));
    put(need("timer"), short(talk));
    if (call?.waiting_at) put(need("wait-time"), short((now - Date.parse(call.waiting_at)) / 1000));
  }
}

/** iOS lays the keyboard over the page instead of shrinking it; the sheet is lifted by as much. */
function keyboardRoom() {
  const view = window.visualViewport;
  if (!view) return;
  const lift = () => document.documentElement.style.setProperty("--keyboard", `${Math.max(0, Math.round(innerHeight - view.height - view.offsetTop))}px`);
  view.addEventListener("resize", lift);
  view.addEventListener("scroll", lift);
}
