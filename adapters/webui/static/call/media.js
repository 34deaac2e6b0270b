// The media connection to the room: one RTCPeerConnection with one sound and one picture in each direction, offered once.
//
// Turning a device on or off, flipping the camera and holding exchange the track that is sent and need no new offer. A new offer
// only mends the path (ICE restart, same name), and a new connection, with a new name, is made when the room has lost the old one.
import { newKey } from "../shell/api.js";
import { Meter } from "./stats.js";

/** @typedef {import("./capture.js").Kind} Kind */
/** @typedef {"idle"|"connecting"|"up"|"lost"} MediaState */
/**
 * @typedef {Object} Port
 * @property {(offer: {conn: string, sdp: string}) => Promise<string>} offer sends an offer and returns the answer's SDP. Rejects with
 *   a Problem: of kind "lost" if the socket is down, else the room refused it.
 * @property {() => void} change the state, or the stream, is another
 */

const firstRate = 800; // kbit/s at which sending begins, before the path is measured
const patience = 5000; // ms of "disconnected" before the path is mended, and between attempts

/** One seat's media. It makes its RTCPeerConnection at once, so that it is warm when it is needed. */
export class Media {
  /** Names the connection to the room. */
  conn = newKey();
  /** What the other side sends. It is another stream after the connection was made anew. */
  stream = new MediaStream();
  #port;
  /** @type {Record<Kind, MediaStreamTrack|null>} */ #tracks = { mic: null, cam: null };
  /** @type {Record<Kind, RTCRtpTransceiver>} */ #lines;
  /** @type {RTCPeerConnection} */ #pc;
  #meter = new Meter();
  #held = false; #offered = false; #answered = false; #timer = 0; #refused = 0;
  /** @type {RTCIceServer[]} */ #ice = [];
  /** @type {Promise<RTCSessionDescriptionInit>} */ #first;

  /** @param {Port} port */
  constructor(port) {
    this.#port = port;
    ({ pc: this.#pc, lines: this.#lines } = this.#build());
    // Made ahead: a browser's first offer takes tens of milliseconds. Exchanging tracks does not change it.
    this.#first = this.#pc.createOffer();
    this.#first.catch(() => {}); // looked at when it is needed
    addEventListener("online", this.#nudge);
    document.addEventListener("visibilitychange", this.#nudge);
  }

  /** @returns {MediaState} */
  get state() {
    if (!this.#offered) return "idle";
    switch (this.#pc.iceConnectionState) {
      case "connected": case "completed": return this.#pc.connectionState === "failed" ? "lost" : "up";
      case "disconnected": case "failed": case "closed": return "lost";
      default: return this.#answered && this.#mending ? "lost" : "connecting";
    }
  }

  /** The connection's name, if the room may know it. */
  get known() { return this.#offered ? this.conn : ""; }

  /** Sends this track from now on; null sends nothing. @param {Kind} kind @param {MediaStreamTrack|null} track */
  put(kind, track) {
    this.#tracks[kind] = track;
    return this.#lines[kind].sender.replaceTrack(this.#held ? null : track).catch(() => {}); // closed meanwhile
  }

  /** Sends nothing while on; the tracks stay open. @param {boolean} on */
  hold(on) {
    if (on === this.#held) return;
    this.#held = on;
    for (const kind of /** @type {Kind[]} */ (["mic", "cam"])) this.put(kind, this.#tracks[kind]);
  }

  /**
   * Offers the new connection at once, before the room has said which ICE servers there are. They come with its welcome, and
   * gathering candidates waits for them; the room's answer to the offer does not.
   * @param {Promise<RTCIceServer[]>} ice
   */
  async begin(ice) {
    const pc = this.#pc;
    this.#offered = true;
    this.#port.change();
    try {
      const offer = await this.#first;
      const answer = this.#port.offer({ conn: this.conn, sdp: offer.sdp ?? "" });
      answer.catch(() => {}); // looked at below
      this.#configure(pc, await ice);
      await pc.setLocalDescription(offer);
      await this.#accept(pc, await answer);
    } catch (err) {
      this.#failed(pc, err);
    }
  }

  /**
   * The room has welcomed this browser again. If it still has the connection, that is kept, and mended if need be; else another one
   * is made.
   * @param {string} conn what the room knows @param {RTCIceServer[]} ice
   */
  resume(conn, ice) {
    this.#configure(this.#pc, ice);
    if (!this.#answered || conn !== this.conn) return this.rebuild();
    if (this.#pc.signalingState === "have-local-offer") return this.#exchange(this.#pc); // the answer got lost
    if (this.state !== "up") this.#restart();
    return Promise.resolve();
  }

  /** Makes the connection anew, with the same tracks. */
  rebuild() {
    this.#teardown();
    this.conn = newKey();
    ({ pc: this.#pc, lines: this.#lines } = this.#build());
    this.#answered = false;
    this.#offered = true;
    this.#port.change();
    return this.#offer(this.#pc);
  }

  /** Figures of the connection now. */
  read() { return this.#meter.read(this.#pc); }

  close() {
    removeEventListener("online", this.#nudge);
    document.removeEventListener("visibilitychange", this.#nudge);
    this.#teardown();
    this.#offered = false;
    this.#port.change();
  }

  #build() {
    const pc = new RTCPeerConnection({ iceServers: this.#ice, bundlePolicy: "max-bundle" });
    const own = new MediaStream();
    /** @param {Kind} kind @param {"audio"|"video"} as */
    const line = (kind, as) => pc.addTransceiver(this.#held ? as : this.#tracks[kind] ?? as, { direction: "sendrecv", streams: [own] });
    const lines = { mic: line("mic", "audio"), cam: line("cam", "video") };
    preferVP8(lines.cam);
    this.stream = new MediaStream([lines.mic.receiver.track, lines.cam.receiver.track]);
    pc.oniceconnectionstatechange = pc.onconnectionstatechange = () => { if (pc === this.#pc) this.#watch(); };
    return { pc, lines };
  }

  /** @param {RTCPeerConnection} pc @param {RTCIceServer[]} ice */
  #configure(pc, ice) {
    if (JSON.stringify(ice) === JSON.stringify(this.#ice)) return;
    this.#ice = ice;
    pc.setConfiguration({ iceServers: ice, bundlePolicy: "max-bundle" });
  }

  /** @param {RTCPeerConnection} pc */
  async #offer(pc) {
    try {
      await pc.setLocalDescription();
    } catch (err) {
      return this.#failed(pc, err);
    }
    return this.#exchange(pc);
  }

  /** Sends the pending offer and takes the answer. @param {RTCPeerConnection} pc */
  async #exchange(pc) {
    try {
      await this.#accept(pc, await this.#port.offer({ conn: this.conn, sdp: pc.localDescription?.sdp ?? "" }));
    } catch (err) {
      this.#failed(pc, err);
    }
  }

  /** @param {RTCPeerConnection} pc @param {string} sdp */
  async #accept(pc, sdp) {
    if (pc !== this.#pc || pc.signalingState !== "have-local-offer") return;
    await pc.setRemoteDescription({ type: "answer", sdp: startAt(sdp, firstRate) });
    this.#answered = true;
    this.#refused = 0;
    this.#watch();
  }

  /** @param {RTCPeerConnection} pc @param {unknown} err */
  #failed(pc, err) {
    if (pc !== this.#pc) return;
    // A lost socket comes back and resumes. A room that refuses the offer does not know the connection: it gets another one.
    if (/** @type {{kind?: string}} */ (err).kind === "lost") return;
    const wait = Math.min(8000, 500 * 2 ** this.#refused++);
    setTimeout(() => { if (pc === this.#pc && this.#offered) this.rebuild(); }, wait);
  }

  /** A mending offer is out, or its path is being tried. */
  get #mending() { return this.#timer !== 0 || this.#pc.signalingState !== "stable"; }

  /** Chromium may stay "disconnected" long after the room has given up, so "failed" is not waited for; and one attempt may not do. */
  #watch() {
    const ice = this.#pc.iceConnectionState;
    if (this.state === "up") {
      clearTimeout(this.#timer);
      this.#timer = 0;
    } else if (this.#pc.connectionState === "failed" && (ice === "connected" || ice === "completed")) {
      this.rebuild(); // the path is there, encryption is not
      return;
    } else if ((ice === "disconnected" || ice === "failed") && !this.#timer) {
      this.#timer = setTimeout(this.#restart, ice === "failed" ? 0 : patience);
    }
    this.#port.change();
  }

  #restart = () => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#restart, patience);
    const pc = this.#pc;
    if (pc.signalingState !== "stable" || !this.#answered) return;
    pc.restartIce();
    this.#offer(pc).then(() => this.#port.change());
  };

  /** The network changed, or the page is looked at again: a lost path is mended now and not after its patience. */
  #nudge = () => {
    if (document.visibilityState === "visible" && this.#answered && this.state === "lost") this.#restart();
  };

  #teardown() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#pc.oniceconnectionstatechange = this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }
}

/**
 * Chromium begins at 300 kbit/s, which it finds too little for the camera's picture: it drops the first frames and makes them smaller,
 * so that the other side sees something a good tenth of a second later, and coarser. Other browsers pass over the parameter.
 * @param {string} sdp the room's answer @param {number} kbps
 */
function startAt(sdp, kbps) {
  const [, vp8] = /^a=rtpmap:(\d+) VP8\/90000\r?$/m.exec(sdp) ?? [];
  if (!vp8 || sdp.includes("x-google-start-bitrate")) return sdp;
  return sdp.replace(new RegExp(`^a=rtpmap:${vp8} VP8/90000\r?\n`, "m"), (line) => `${line}a=fmtp:${vp8} x-google-start-bitrate=${kbps}\r\n`);
}

/** VP8 first: both legs must agree on a codec, because the room passes packets on as they are. @param {RTCRtpTransceiver} line */
function preferVP8(line) {
  const codecs = RTCRtpReceiver.getCapabilities?.("video")?.codecs;
  if (!codecs || !line.setCodecPreferences) return;
  const first = codecs.filter((c) => /vp8/i.test(c.mimeType));
  line.setCodecPreferences([...first, ...codecs.filter((c) => !/vp8/i.test(c.mimeType))]);
}
