// The form that asks how the call was: one to five stars by pointer or keyboard, and a comment. It uses the elements #rating,
// #rating-stars, #rating-word, #rating-comment, #rating-problem, #rating-send and #rating-thanks.
import { api, sentence } from "../shell/api.js";
import { busy, h, need } from "../shell/dom.js";
import { put } from "./draw.js";

const text = {
  words: ["", "Bad", "Poor", "Fair", "Good", "Excellent"],
  stars: (/** @type {number} */ n) => (n === 1 ? "1 star" : `${n} stars`),
  choose: "Choose one to five stars.",
  thanks: "Thank you. Your rating helps us do better.",
};

/** @typedef {import("./wire.js").Call} Call */

const SVG = "http://www.w3.org/2000/svg";
/** The star of icons.svg as a shape of its own: one that is chosen is filled, and a style does not reach into a used symbol. */
function star() {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [name, value] of [["class", "icon"], ["viewBox", "0 0 24 24"], ["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "1.5"], ["stroke-linejoin", "round"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  path.setAttribute("d", "m12 4 2.5 5.1 5.6.8-4 4 .9 5.6-5-2.7-5 2.7.9-5.6-4-4 5.6-.8z");
  svg.append(path);
  return svg;
}

export class RatingForm {
  #form = need("rating", HTMLFormElement);
  #problem = need("rating-problem");
  #path = ""; #done;

  /** @param {(call: Call) => void} done takes the call with the rating in it */
  constructor(done) {
    this.#done = done;
    need("rating-stars").append(...[1, 2, 3, 4, 5].map((n) => h("label", { class: "star" },
      h("input", { type: "radio", name: "stars", value: n, "aria-label": `${text.stars(n)}, ${text.words[n].toLowerCase()}` }), star())));
    this.#form.addEventListener("change", () => this.#draw());
    need("rating-stars").addEventListener("pointerover", (e) => this.#preview(e));
    need("rating-stars").addEventListener("pointerleave", () => this.#draw());
    this.#form.addEventListener("submit", (e) => { e.preventDefault(); this.#send(); });
  }

  /** Asks. @param {string} path where the rating goes */
  ask(path) {
    if (this.#path === path) return;
    this.#path = path;
    this.#form.hidden = false;
    this.#draw();
  }

  get #stars() { return Number(new FormData(this.#form).get("stars") ?? 0); }

  #draw(stars = this.#stars) {
    need("rating-stars").dataset.stars = String(stars);
    put(need("rating-word"), text.words[stars] || " ");
  }

  /** @param {Event} e */
  #preview(e) {
    const star = e.target instanceof Element ? e.target.closest("label") : null;
    const input = star?.querySelector("input");
    if (input && /** @type {PointerEvent} */ (e).pointerType === "mouse") this.#draw(Number(input.value));
  }

  async #send() {
    const stars = this.#stars;
    if (!stars) {
      this.#say(text.choose);
      this.#form.querySelector("input")?.focus();
      return;
    }
    const button = need("rating-send");
    if (button.hasAttribute("aria-busy")) return;
    const comment = need("rating-comment", HTMLTextAreaElement).value.trim();
    this.#say("");
    busy(button, true);
    try {
      const { call } = await api("POST", this.#path, { stars, ...(comment ? { comment } : {}) }, { open: true });
      this.#form.hidden = true;
      const thanks = need("rating-thanks");
      thanks.hidden = false;
      put(thanks, text.thanks);
      this.#done(call);
    } catch (err) {
      this.#say(sentence(err));
    } finally {
      busy(button, false);
    }
  }

  /** @param {string} problem */
  #say(problem) {
    this.#problem.hidden = !problem;
    put(this.#problem, problem);
  }
}
