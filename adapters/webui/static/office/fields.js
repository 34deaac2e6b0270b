// The fields of one item of the settings: made, shown as far as they apply, and read again. The control of KEY has the id item-KEY.
import { h, icon, need } from "../shell/dom.js";

/** @typedef {import("./sections.js").Field} Field */
/** @typedef {import("./sections.js").Item} Item */
/** @typedef {import("./sections.js").Setup} Setup */

const levels = ["Not needed", "1, Beginner", "2, Basic", "3, Intermediate", "4, Advanced", "5, Expert"];

/** @param {Field} f @param {any} v @param {Item|null} old @param {Setup} setup */
export function fieldOf(f, v, old, setup) {
  const id = `item-${f.key}`, hint = f.hint && h("p", { class: "hint", id: `${id}-hint` }, f.hint), about = { id, "aria-describedby": f.hint ? `${id}-hint` : null };
  const wrap = (/** @type {any[]} */ ...inside) => h("div", { class: "field", "data-field": f.key }, ...inside);
  if (f.type === "check") {
    const box = h("input", { ...about, type: "checkbox", role: "switch", class: "switch" }); box.checked = Boolean(v);
    return wrap(h("div", { class: "switch-row" }, h("div", { class: "grow" }, h("label", { class: "label", for: id }, f.name), hint), box));
  }
  if (f.type === "needs") return h("fieldset", { class: "field", "data-field": f.key, id, tabindex: -1 }, h("legend", { class: "label" }, f.name), h("div", { class: "pairs" },
    ...setup.skills.map((k) => { const now = (v ?? []).find((/** @type {Item} */ n) => n.skill === k.id)?.min ?? 0; return h("label", { class: "pair" }, h("span", { class: "grow" }, k.name), h("span", { class: "select" }, h("select", { class: "input", "data-quiet": true, "data-skill": k.id }, ...levels.map((w, n) => h("option", { value: n, selected: n === now }, w))), icon("chevron-down"))); }),
    setup.skills.length ? null : h("p", { class: "pair small muted" }, "There are no skills yet.")));
  return wrap(h("label", { class: "label", for: id }, f.name), control(f, v, old, setup, about), hint);
}

/** @param {Field} f @param {any} v @param {Item|null} old @param {Setup} setup @param {Record<string, any>} about */
function control(f, v, old, setup, about) {
  switch (f.type) {
    case "select": return h("span", { class: "select" }, h("select", { class: "input", ...about }, ...(f.options?.(setup, old) ?? []).map(([value, name]) => h("option", { value, selected: value === (v ?? "") }, name))), icon("chevron-down"));
    case "area": case "list": { const t = h("textarea", { class: "input", rows: 3, ...about }); t.value = Array.isArray(v) ? v.join("\n") : v ?? ""; return t; }
    case "colour": {
      const pick = h("input", { class: "input swatch", type: "color", value: v || "#2e55d6", ...about });
      if (!f.none) return pick;
      const none = h("input", { type: "checkbox", id: `${about.id}-none`, onchange: () => { pick.disabled = none.checked; } }); none.checked = !v; pick.disabled = !v;
      return h("div", { class: "switch-row" }, pick, h("label", { class: "check" }, none, f.none));
    }
    case "seconds": case "count": return h("input", { class: "input", type: "number", min: 0, step: f.type === "count" ? 1 : "any", value: v ?? 0, ...about });
    default: return h("input", { class: "input", value: v ?? "", readonly: Boolean(f.fixed && old), autocomplete: "off", spellcheck: f.fixed ? "false" : null, ...about });
  }
}

/** What a field holds. @param {Field} f @returns {any} */
export function valueOf(f) {
  const el = /** @type {HTMLInputElement} */ (need(`item-${f.key}`));
  switch (f.type) {
    case "needs": return /** @type {HTMLSelectElement[]} */ ([...el.querySelectorAll("select")]).filter((s) => s.value !== "0").map((s) => ({ skill: s.dataset.skill, min: Number(s.value) }));
    case "check": return el.checked;
    case "seconds": case "count": return Number(el.value) || 0;
    case "list": return el.value.split("\n").map((x) => x.trim()).filter(Boolean);
    case "colour": return el.disabled ? "" : el.value;
    default: return el.value.trim();
  }
}

/** Hides the fields that mean nothing with what the others hold; they count as blank. @param {Field[]} fields @param {Item} blank @returns {Item} what the form holds */
export function hold(fields, blank) {
  const now = Object.fromEntries(fields.map((f) => [f.key, valueOf(f)]));
  for (const f of fields) {
    const on = !f.when || f.when(now), box = document.querySelector(`#item-fields [data-field="${f.key}"]`);
    if (box instanceof HTMLElement) box.hidden = !on;
    if (!on) now[f.key] = blank[f.key];
  }
  return now;
}
