// Opening camera and microphone: what to ask the browser for, what to settle for, and what each refusal means.

/** @typedef {"mic"|"cam"} Kind */
/**
 * What stands in the way. denied: the person or the browser said no and will not be asked again; dismissed: the question was closed;
 * system: the operating system keeps the device from the browser; missing; busy: another program has it; insecure: not https;
 * unsupported: this browser has no cameras for pages (in-app browsers); policy: the page that embeds this one forbids it; lost: it
 * worked and then stopped.
 * @typedef {"denied"|"dismissed"|"system"|"missing"|"busy"|"insecure"|"unsupported"|"policy"|"lost"} Obstacle
 */
/** @typedef {{deviceId?: string, facing?: "user"|"environment"}} Choice */
/** @typedef {{mic?: MediaStreamTrack, cam?: MediaStreamTrack, obstacles: Partial<Record<Kind, Obstacle>>}} Captured */

/** @type {Record<Kind, PermissionName>} */
const permissionName = { mic: /** @type {PermissionName} */ ("microphone"), cam: /** @type {PermissionName} */ ("camera") };

/** The browser's word on a permission; "" where it does not say. Safari says prompt even after a refusal. @param {Kind} kind */
export async function permission(kind) {
  try { return await navigator.permissions.query({ name: permissionName[kind] }); } catch { return undefined; }
}

/** @param {Choice} choice @returns {MediaTrackConstraints} */
const audio = ({ deviceId }) => ({
  echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
});

/** @param {Choice} choice @returns {MediaTrackConstraints} */
const video = ({ deviceId, facing = "user" }) => ({
  width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 },
  ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: facing } }),
});

/** @param {Partial<Record<Kind, Choice>>} want */
async function ask(want) {
  const stream = await navigator.mediaDevices.getUserMedia({
    ...(want.mic ? { audio: audio(want.mic) } : {}), ...(want.cam ? { video: video(want.cam) } : {}),
  });
  return { mic: stream.getAudioTracks()[0], cam: stream.getVideoTracks()[0] };
}

/** Says what a getUserMedia failure means for one kind of device. @param {unknown} err @param {Kind} kind @returns {Promise<Obstacle>} */
export async function classify(err, kind) {
  const { name = "", message = "" } = err instanceof Error || err instanceof DOMException ? err : {};
  if (/dismiss/i.test(message)) return "dismissed";
  if (/by system/i.test(message)) return "system";
  switch (name) {
    case "NotAllowedError": case "PermissionDeniedError": {
      if (!permitted(kind)) return "policy";
      return "denied";
    }
    case "NotFoundError": case "DevicesNotFoundError": case "OverconstrainedError": return "missing";
    case "SecurityError": return "policy";
    case "TypeError": case "NotSupportedError": return "unsupported";
    default: return "busy"; // NotReadableError, AbortError, TrackStartError: the device is there and does not start
  }
}

/** Whether the page that embeds this one lets it use the device. @param {Kind} kind */
function permitted(kind) {
  const policy = /** @type {{featurePolicy?: {allowsFeature(name: string): boolean}}} */ (/** @type {unknown} */ (document)).featurePolicy;
  return policy?.allowsFeature(permissionName[kind]) ?? true;
}

/**
 * Opens what is wanted with as few questions as possible: one for both, then, if that failed and there is a chance, each alone.
 * It never rejects; what could not be opened has an obstacle.
 * @param {Partial<Record<Kind, Choice>>} want @returns {Promise<Captured>}
 */
export async function capture(want) {
  const kinds = /** @type {Kind[]} */ (Object.keys(want));
  if (!navigator.mediaDevices?.getUserMedia) {
    const obstacle = window.isSecureContext ? "unsupported" : "insecure";
    return { obstacles: Object.fromEntries(kinds.map((k) => [k, obstacle])) };
  }
  try {
    return { ...await ask(want), obstacles: {} };
  } catch (err) {
    if (kinds.some((k) => want[k]?.deviceId) && name(err) !== "NotAllowedError") return capture(forget(want));
    if (kinds.length === 1) return { obstacles: { [kinds[0]]: await classify(err, kinds[0]) } };
    return apart(want, err);
  }
}

/** @param {unknown} err */
const name = (err) => (err instanceof Error || err instanceof DOMException ? err.name : "");

/** The same wish without remembered devices, which may be gone. @param {Partial<Record<Kind, Choice>>} want */
const forget = (want) => Object.fromEntries(Object.entries(want).map(([k, c]) => [k, { facing: c.facing }]));

/**
 * Opens each device alone after both together failed. A refusal is asked about again only for the device that was not refused.
 * @param {Partial<Record<Kind, Choice>>} want @param {unknown} err @returns {Promise<Captured>}
 */
async function apart(want, err) {
  /** @type {Captured} */
  const got = { obstacles: {} };
  const said = { mic: (await permission("mic"))?.state, cam: (await permission("cam"))?.state };
  const refused = name(err) === "NotAllowedError";
  for (const kind of /** @type {Kind[]} */ (["mic", "cam"])) {
    const obstacle = await classify(err, kind);
    // Refused: the microphone may still be had, unless that is known to be refused too. The camera only if the browser says it may.
    const hopeless = refused && (obstacle !== "denied" || said[kind] === "denied" || (kind === "cam" && said.cam !== "granted"));
    if (hopeless) {
      got.obstacles[kind] = obstacle;
      continue;
    }
    try {
      got[kind] = (await ask({ [kind]: want[kind] }))[kind];
    } catch (err) {
      got.obstacles[kind] = await classify(err, kind);
    }
  }
  return got;
}
