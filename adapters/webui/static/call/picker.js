// The dialog that chooses camera and microphone. It uses the elements #picker, #picker-body and #picker-close.
import { fill, h, need } from "../shell/dom.js";

/** @typedef {import("./devices.js").Devices} Devices */
/** @typedef {import("./capture.js").Kind} Kind */

const text = {
  cam: "Camera", mic: "Microphone",
  none: { cam: "No camera can be used.", mic: "No microphone can be used." },
  unnamed: (/** @type {number} */ n) => `Device ${n}`,
};

export class Picker {
  #devices;
  #dialog = need("picker", HTMLDialogElement);
  #drawn = "";

  /** @param {Devices} devices */
  constructor(devices) {
    this.#devices = devices;
    need("picker-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (e) => { if (e.target === this.#dialog) this.#dialog.close(); });
    this.#dialog.addEventListener("change", (e) => {
      const { name, value } = /** @type {HTMLInputElement} */ (e.target);
      this.#devices.choose(name === "picker-cam" ? "cam" : "mic", value);
    });
  }

  open() {
    this.#drawn = "";
    this.draw();
    this.#dialog.showModal();
  }

  /** Follows what is plugged in and what is really open. */
  draw() {
    const state = JSON.stringify(/** @type {Kind[]} */ (["cam", "mic"]).map((k) => [this.#devices.chosen(k), this.#devices.choices(k)]));
    if (state === this.#drawn) return;
    this.#drawn = state;
    const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement.value : "";
    fill(need("picker-body"), this.#group("cam"), this.#group("mic"));
    if (focused && this.#dialog.open) {
      /** @type {HTMLElement|null} */ (this.#dialog.querySelector(`input[value="${CSS.escape(focused)}"]`))?.focus();
    }
  }

  /** @param {Kind} kind */
  #group(kind) {
    const chosen = this.#devices.chosen(kind);
    const rows = this.#devices.choices(kind).map((d, i) => h("label", { class: "check picker-row" },
      h("input", { type: "radio", name: `picker-${kind}`, value: d.deviceId, checked: d.deviceId === chosen }),
      h("span", null, d.label || text.unnamed(i + 1))));
    return h("fieldset", { class: "picker-group" }, h("legend", { class: "label" }, text[kind]),
      rows.length ? rows : h("p", { class: "hint" }, text.none[kind]));
  }
}
