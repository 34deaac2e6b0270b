// What to tell a person whose camera or microphone the page cannot have: why, and the way out in this very browser.

/** @typedef {import("./capture.js").Obstacle} Obstacle */
/** @typedef {"chrome-android"|"samsung"|"firefox-android"|"safari-ios"|"other-ios"|"safari"|"firefox"|"chromium"|"other"} Browser */
/** @typedef {{title: string, body: string, steps: string[], retry: boolean, elsewhere: boolean}} Help elsewhere: offer the link for another browser */

const text = {
  camera: "camera",
  microphone: "microphone",
  both: "camera and microphone",
  deniedTitle: (/** @type {string} */ what) => `Your ${what} is blocked`,
  deniedTitleBoth: "Your camera and microphone are blocked",
  denied: "This browser was told not to share it with this page. To allow it:",
  dismissedTitle: "Your permission is needed",
  dismissed: (/** @type {string} */ what) => `Try again, then choose Allow when the browser asks for your ${what}.`,
  systemTitle: (/** @type {string} */ what) => `Your device keeps the ${what} from this browser`,
  systemPhone: "Open the settings of your phone, find this browser among the apps, and allow it there.",
  systemComputer: "Open the privacy settings of your computer and allow this browser there.",
  missingTitle: (/** @type {string} */ what) => `No ${what} was found`,
  missingTitleBoth: "No camera or microphone was found",
  missing: "Connect one and it is used at once. You can join without it.",
  busyTitle: (/** @type {string} */ what) => `Your ${what} is in use`,
  busy: "Another app or tab has it, perhaps a phone call. Close that and try again.",
  lostTitle: (/** @type {string} */ what) => `Your ${what} stopped`,
  lost: "It was disconnected or taken by another app.",
  insecureTitle: "This page is not secure",
  insecure: "Browsers share camera and microphone only with pages whose address begins with https. You can join with chat alone.",
  policyTitle: (/** @type {string} */ what) => `The page around this one blocks the ${what}`,
  policy: "Open the call in a tab of its own to use it.",
  unsupportedTitle: "This browser cannot make video calls",
  unsupported: "Open the link in a current Chrome, Safari, Firefox or Edge. You can join with chat alone.",
  inAppTitle: (/** @type {string} */ app) => `${app} cannot show your camera`,
  inApp: (/** @type {string} */ app, /** @type {string} */ real) => `The link was opened inside ${app}. Open it in ${real} and everything works:`,
  inAppSteps: (/** @type {string} */ real) => [`Tap the menu (**⋯** or **⋮**) of this window`, `Tap **Open in ${real}**, or copy the link here and paste it there`],
};

/** @type {Record<Browser, string[]>} */
const unblock = {
  "chrome-android": ["Tap the icon left of the address, then **Permissions**", "Switch on **Camera** and **Microphone**", "Come back and try again"],
  samsung: ["Tap the lock left of the address, then **Permissions**", "Set **Camera** and **Microphone** to **Allow**", "Come back and try again"],
  "firefox-android": ["Tap the lock left of the address", "Set **Camera** and **Microphone** to **Allowed**", "Come back and try again"],
  "safari-ios": ["Tap **aA** or the page icon in the address bar", "Tap **Website Settings**", "Set **Camera** and **Microphone** to **Allow**, then reload the page"],
  "other-ios": ["Open the **Settings** of your phone", "Find this browser in the list of apps", "Switch on **Camera** and **Microphone**, then come back"],
  safari: ["Open **Safari** in the menu bar, then **Settings for This Website**", "Set **Camera** and **Microphone** to **Allow**", "Reload the page"],
  firefox: ["Click the crossed-out camera left of the address", "Remove **Blocked** beside **Camera** and **Microphone**", "Try again and choose **Allow**"],
  chromium: ["Click the icon left of the address", "Switch on **Camera** and **Microphone**", "Try again"],
  other: ["Open this page's settings in the browser", "Allow **Camera** and **Microphone**", "Reload the page"],
};

/** Apps whose built-in browser opens links, by what they write into the user agent. @type {[RegExp, string][]} */
const inApps = [
  [/\bFB_IAB\/Orca|FBAN\/Messenger/i, "Messenger"], [/\bFBAN|FBAV|FB_IAB/i, "Facebook"], [/Instagram/i, "Instagram"], [/WhatsApp/i, "WhatsApp"],
  [/\bLine\//i, "LINE"], [/MicroMessenger/i, "WeChat"], [/musical_ly|BytedanceWebview|TikTok/i, "TikTok"], [/Snapchat/i, "Snapchat"],
  [/LinkedInApp/i, "LinkedIn"], [/\bKAKAOTALK/i, "KakaoTalk"], [/Twitter/i, "X"], [/\bViber/i, "Viber"], [/\bGSA\//i, "the Google app"],
];

/** iPads call themselves Macs. @param {string} ua */
const isIOS = (ua) => /iPhone|iPad|iPod/.test(ua) || (/Macintosh/.test(ua) && navigator.maxTouchPoints > 1);

/** Which browser this is, as far as it matters to whoever has to find its settings. @returns {Browser} */
export function browser(ua = navigator.userAgent) {
  if (isIOS(ua)) return /CriOS|FxiOS|EdgiOS|OPT\//.test(ua) ? "other-ios" : "safari-ios";
  if (/Android/.test(ua)) {
    if (/SamsungBrowser/.test(ua)) return "samsung";
    return /Firefox/.test(ua) ? "firefox-android" : "chrome-android";
  }
  if (/Firefox/.test(ua)) return "firefox";
  if (/Chrome|Chromium|Edg\//.test(ua)) return "chromium";
  return /Safari/.test(ua) ? "safari" : "other";
}

/** The app in whose built-in browser this page was opened, or "". */
export function inApp(ua = navigator.userAgent) {
  for (const [mark, app] of inApps) if (mark.test(ua)) return app;
  if (/Android/.test(ua) && /; wv\)/.test(ua)) return "this app";
  if (isIOS(ua) && /AppleWebKit/.test(ua) && !/Safari\//.test(ua)) return "this app";
  return "";
}

/** The browser that people on this system have. */
export const realBrowser = (ua = navigator.userAgent) => (isIOS(ua) ? "Safari" : "Chrome");

/** An address that opens this page in Chrome on Android; "" elsewhere: iOS has no such address. */
export function openElsewhere(ua = navigator.userAgent) {
  if (!/Android/.test(ua) || location.protocol !== "https:") return "";
  return `intent://${location.host}${location.pathname}#Intent;scheme=https;package=com.android.chrome;end`;
}

/** @param {Obstacle|undefined} mic @param {Obstacle|undefined} cam */
function concerns(mic, cam) {
  if (mic && cam && mic === cam) return text.both;
  return cam ? text.camera : text.microphone;
}

/**
 * What to say about what stands in the way; undefined if nothing does.
 * @param {Obstacle|undefined} mic @param {Obstacle|undefined} cam @returns {Help|undefined}
 */
export function help(mic, cam) {
  const worst = cam ?? mic;
  if (!worst) return undefined;
  const what = concerns(mic, cam);
  const app = inApp();
  if (app && worst !== "missing" && worst !== "busy") {
    const real = realBrowser();
    return { title: text.inAppTitle(capital(app)), body: text.inApp(app, real), steps: text.inAppSteps(real), retry: false, elsewhere: true };
  }
  const common = { steps: /** @type {string[]} */ ([]), retry: true, elsewhere: false };
  switch (worst) {
    case "denied": return { ...common, title: what === text.both ? text.deniedTitleBoth : text.deniedTitle(what), body: text.denied, steps: unblock[browser()] };
    case "dismissed": return { ...common, title: text.dismissedTitle, body: text.dismissed(what) };
    case "system": return { ...common, title: text.systemTitle(what), body: /Android|iPhone|iPad/.test(navigator.userAgent) ? text.systemPhone : text.systemComputer };
    case "missing": return { ...common, title: what === text.both ? text.missingTitleBoth : text.missingTitle(what), body: text.missing };
    case "busy": return { ...common, title: text.busyTitle(what), body: text.busy };
    case "lost": return { ...common, title: text.lostTitle(what), body: text.lost };
    case "policy": return { ...common, title: text.policyTitle(what), body: text.policy, elsewhere: true };
    case "insecure": return { ...common, title: text.insecureTitle, body: text.insecure, retry: false };
    default: return { ...common, title: text.unsupportedTitle, body: text.unsupported, retry: false, elsewhere: true };
  }
}

/** @param {string} s */
const capital = (s) => s[0].toLocaleUpperCase() + s.slice(1);
