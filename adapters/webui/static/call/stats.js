// Readings of a media connection: figures between two looks at its statistics, and whether something is really being sent.

/**
 * One direction of the connection. Rates are averages since the last reading; what is not known is undefined.
 * @typedef {Object} Flow
 * @property {number} [bitrate] bit/s of sound and picture together
 * @property {number} [loss] share of packets lost, 0 to 1
 * @property {number} [jitter] s
 * @property {number} [width] px
 * @property {number} [height] px
 * @property {number} [fps]
 */
/** @typedef {{in: Flow, out: Flow, rtt?: number, path?: string, protocol?: string, captured: {frames?: number, samples?: number}}} Reading */

/** @typedef {Record<string, any> & {id: string, type: string}} Stat */
/** @typedef {{at: number, bytesIn: number, bytesOut: number, received: number, lost: number}} Totals */

/** Reads a connection again and again. */
export class Meter {
  /** @type {Totals|undefined} */ #last;
  /** @type {RTCPeerConnection|undefined} */ #of;

  /** @param {RTCPeerConnection} pc @returns {Promise<Reading>} */
  async read(pc) {
    /** @type {Stat[]} */
    const all = [...(/** @type {Map<string, any>} */ (/** @type {unknown} */ (await pc.getStats()))).values()];
    /** @param {string} type @param {string} kind @returns {Stat|undefined} */
    const rtp = (type, kind) => all.find((s) => s.type === type && s.kind === kind && !s.rid);
    const audioIn = rtp("inbound-rtp", "audio"), videoIn = rtp("inbound-rtp", "video");
    const audioOut = rtp("outbound-rtp", "audio"), videoOut = rtp("outbound-rtp", "video");
    const theirs = [rtp("remote-inbound-rtp", "audio"), rtp("remote-inbound-rtp", "video")];
    /** @type {Totals} */
    const now = {
      at: performance.now(),
      bytesIn: sum(audioIn?.bytesReceived, videoIn?.bytesReceived), bytesOut: sum(audioOut?.bytesSent, videoOut?.bytesSent),
      received: sum(audioIn?.packetsReceived, videoIn?.packetsReceived), lost: sum(audioIn?.packetsLost, videoIn?.packetsLost),
    };
    const past = this.#of === pc ? this.#last : undefined;
    this.#last = now;
    this.#of = pc;
    const source = { audio: rtp("media-source", "audio"), video: rtp("media-source", "video") };
    return {
      in: { ...rates(past, now), ...size(videoIn), jitter: videoIn?.jitter ?? audioIn?.jitter },
      out: {
        bitrate: past && rate(past.bytesOut, now.bytesOut, past, now), ...size(videoOut),
        loss: most(theirs.map((t) => t?.fractionLost)), jitter: most(theirs.map((t) => t?.jitter)),
      },
      ...route(all),
      captured: { frames: source.video?.frames, samples: source.audio?.totalSamplesDuration },
    };
  }
}

/** @param {...(number|undefined)} parts */
const sum = (...parts) => parts.reduce((/** @type {number} */ a, b) => a + (b ?? 0), 0);

/** @param {(number|undefined)[]} values */
function most(values) {
  const known = values.filter((v) => v !== undefined);
  return known.length ? Math.max(.../** @type {number[]} */ (known)) : undefined;
}

/** @param {number} before @param {number} after @param {Totals} past @param {Totals} now */
const rate = (before, after, past, now) => Math.max(0, (after - before) * 8000 / Math.max(1, now.at - past.at));

/** @param {Totals|undefined} past @param {Totals} now @returns {Flow} */
function rates(past, now) {
  if (!past) return {};
  const lost = Math.max(0, now.lost - past.lost), received = Math.max(0, now.received - past.received);
  return { bitrate: rate(past.bytesIn, now.bytesIn, past, now), loss: lost + received ? lost / (lost + received) : undefined };
}

/** @param {Stat|undefined} rtp @returns {Flow} */
const size = (rtp) => ({ width: rtp?.frameWidth, height: rtp?.frameHeight, fps: rtp?.framesPerSecond });

/** How the packets travel: the pair of addresses in use. @param {Stat[]} all */
function route(all) {
  const transport = all.find((s) => s.type === "transport");
  const pair = all.find((s) => s.id === transport?.selectedCandidatePairId)
    ?? all.find((s) => s.type === "candidate-pair" && s.nominated && s.state === "succeeded");
  const local = all.find((s) => s.id === pair?.localCandidateId);
  return { rtt: pair?.currentRoundTripTime, path: local?.candidateType, protocol: local?.relayProtocol ?? local?.protocol };
}
