// The words of help.js on the page: why there is no camera, the steps that change it, and the buttons that go on.
import { fill, h, icon } from "../shell/dom.js";
import { copy, emphasised } from "./draw.js";
import { help, openElsewhere, realBrowser } from "./help.js";

/** @typedef {import("./devices.js").Devices} Devices */
/** @typedef {import("./help.js").Help} Help */

const text = {
  retry: "Try again",
  copy: "Copy the link",
  copied: "Copied",
  notCopied: "Hold the address to copy it",
  open: (/** @type {string} */ browser) => `Open in ${browser}`,
};

/** What stands in the way of what the person wants; undefined if nothing does. @param {Devices} devices @returns {Help|undefined} */
export function problem({ mic, cam }) {
  if (mic.asking || cam.asking) return undefined;
  return help(mic.wanted ? mic.obstacle : undefined, cam.wanted ? cam.obstacle : undefined);
}

/**
 * Fills box with the help, or empties it.
 * @param {HTMLElement} box @param {Help|undefined} it @param {() => void} retry @param {boolean} titled whether the title belongs in
 */
export function drawHelp(box, it, retry, titled) {
  const key = it ? JSON.stringify(it) : "";
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  if (!it) { fill(box); return; }
  const link = openElsewhere();
  fill(box,
    titled ? h("h2", { class: "help-title" }, icon("alert"), h("span", null, it.title)) : null,
    h("p", null, it.body),
    it.steps.length ? h("ol", { class: "steps" }, it.steps.map((s) => h("li", null, h("span", null, emphasised(s))))) : null,
    it.retry || it.elsewhere ? h("div", { class: "row wrap" },
      it.retry ? h("button", { type: "button", class: "btn", id: "permission-retry", onclick: retry }, icon("refresh"), text.retry) : null,
      it.elsewhere && link ? h("a", { class: "btn", "data-variant": "primary", href: link }, icon("external"), text.open(realBrowser())) : null,
      it.elsewhere ? copyButton() : null) : null);
}

function copyButton() {
  const label = h("span", null, text.copy);
  return h("button", {
    type: "button", class: "btn", id: "copy-link",
    onclick: async () => {
      label.textContent = await copy(location.href) ? text.copied : text.notCopied;
      setTimeout(() => { label.textContent = text.copy; }, 3000);
    },
  }, icon("copy"), label);
}
