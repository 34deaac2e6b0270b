// The customer's page when there is no call on it: the link is no good, the call is on another device or in another tab.
import { need } from "../shell/dom.js";
import { put, setIcon } from "../call/draw.js";

/** @typedef {{icon: string, title: string, text: string, knock?: string, act?: string, busy?: boolean}} Note */

const text = {
  /** @type {Note} */
  invalid: { icon: "link", title: "This link does not work", text: "It may have expired, been used already or been replaced by a newer one. Look for a newer message, or ask for a new link." },
  elsewhere: (/** @type {string} */ agent) => /** @type {Note} */ ({ icon: "phone", title: "The call is open on another device", text: `Go on there, or ask ${agent} to move the call to this device.`, knock: "Ask to move the call here" }),
  knocking: (/** @type {string} */ agent) => /** @type {Note} */ ({ icon: "phone", title: `Asking ${agent}`, text: `${agent} has to agree before the call moves here. Keep this page open.`, busy: true }),
  refused: (/** @type {string} */ agent) => /** @type {Note} */ ({ icon: "phone", title: "The call stays on the other device", text: `${agent} did not move it. You can go on there, or ask once more.`, knock: "Ask again" }),
  /** @type {Note} */
  replaced: { icon: "external", title: "The call is open in another tab", text: "This tab has let go of it.", act: "Use it here" },
  /** @type {Note} */
  moved: { icon: "phone", title: "The call has moved to another device", text: "You can close this page.", act: "Open the link again" },
  /** @type {Note} */
  unsupported: { icon: "alert", title: "This browser cannot make video calls", text: "Open the link in a current Chrome, Safari, Firefox or Edge." },
  asked: (/** @type {string} */ why) => /** @type {Note} */ ({ icon: "phone", title: "The call could not be asked for", text: why, knock: "Ask again" }),
  /** @type {Note} */
  unknown: { icon: "alert", title: "The end of the call could not be looked up", text: "You are no longer in the call. How it ended will be shown here when the server can be reached.", act: "Try again" },
  failed: (/** @type {string} */ why) => /** @type {Note} */ ({ icon: "alert", title: "The page could not be loaded", text: why, act: "Try again" }),
};

/** @typedef {"invalid"|"elsewhere"|"knocking"|"refused"|"replaced"|"moved"|"unsupported"|"asked"|"unknown"|"failed"} Kind */

/** @param {Kind} kind @param {string} [detail] the agent's name, or what failed */
export function drawNote(kind, detail = "") {
  const made = text[kind];
  const note = typeof made === "function" ? made(detail) : made;
  put(need("note-title"), note.title);
  put(need("note-text"), note.text);
  setIcon(need("view-note"), note.icon);
  const knock = need("knock"), act = need("note-act");
  need("note-spinner").hidden = !note.busy;
  knock.hidden = !note.knock;
  knock.removeAttribute("aria-busy");
  if (note.knock) put(knock, note.knock);
  act.hidden = !note.act;
  if (note.act) put(act, note.act);
}
