// What the pages before sign-in share: the alert, waiting out a limit, showing the password.
import "../theme.js";
import { Problem, sentence } from "./api.js";
import { busy, button, fieldError, fieldSentence, fill, h, icon, input, need } from "./dom.js";
import { span } from "./format.js";

/** @param {string|Node} [text] none takes it away */
export function alertProblem(text) {
  const box = need("problem");
  box.hidden = !text;
  if (text) fill(box, icon("alert"), typeof text === "string" ? h("span", null, text) : text); else fill(box);
}

/** @type {ReturnType<typeof setInterval>|undefined} */
let waiting;
/**
 * Shows what went wrong: at its field, or above the form; a limit counts down until the button works again.
 * @param {unknown} err @param {HTMLButtonElement} submit @param {Record<string, string>} names of the form's fields
 */
export function show(err, submit, names) {
  if (err instanceof Problem && err.status === 429 && err.retryAfter > 0) { countDown(err.retryAfter, submit); return; }
  if (err instanceof Problem && err.fields.length && err.fields.every((f) => names[f.name])) {
    for (const f of err.fields) fieldError(input(f.name), fieldSentence(names[f.name], f.problem));
    input(err.fields[0].name).focus();
    return;
  }
  alertProblem(sentence(err));
}

/** @param {number} seconds @param {HTMLButtonElement} submit */
function countDown(seconds, submit) {
  clearInterval(waiting);
  const until = Date.now() + seconds * 1000;
  submit.disabled = true;
  const left = h("strong", { class: "num" });
  alertProblem(h("span", null, "Too many attempts. Try again in ", left, "."));
  const tick = () => {
    const s = Math.ceil((until - Date.now()) / 1000);
    if (s > 0) { fill(left, span(s)); return; }
    clearInterval(waiting); submit.disabled = false; alertProblem();
  };
  tick(); waiting = setInterval(tick, 500);
}

/**
 * Runs work when the form is sent, one at a time.
 * @param {HTMLButtonElement} submit @param {Record<string, string>} names @param {() => Promise<void>} work
 */
export function onSubmit(submit, names, work) {
  const form = need("form", HTMLFormElement);
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    if (submit.disabled || submit.hasAttribute("aria-busy")) return;
    alertProblem();
    for (const name of Object.keys(names)) fieldError(input(name), "");
    busy(submit, true);
    try { await work(); } catch (err) { show(err, submit, names); } finally { busy(submit, false); }
  });
  form.addEventListener("input", (e) => { if (e.target instanceof HTMLInputElement) fieldError(e.target, ""); });
}

/** The button that shows what is typed into #password. */
export function reveal() {
  const b = button("reveal"); const password = input("password");
  b.addEventListener("click", () => {
    const on = password.type === "password";
    password.type = on ? "text" : "password";
    b.setAttribute("aria-pressed", String(on)); fill(b, on ? "Hide" : "Show");
    password.focus();
  });
}

/** A check before anything is sent. @param {string} id @param {string} problem "" if it is right */
export function check(id, problem) {
  if (!problem) return true;
  fieldError(input(id), problem); input(id).focus();
  return false;
}
