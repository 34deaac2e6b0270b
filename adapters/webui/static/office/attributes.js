// The account's own attributes of contacts, as fields: text, number, date, choice, yes or no.
import { h, icon } from "../shell/dom.js";

/** @typedef {import("../desk/api.js").Attribute} Attribute */

/** The field of an attribute; the control has the id contact-attributes.KEY, as the API names it. @param {Attribute} a @param {string} value */
export function attributeField(a, value) {
  const id = `contact-attributes.${a.key}`, attrs = { class: "input", id, "data-attribute": a.key };
  return h("div", { class: "field" }, h("label", { class: "label", for: id }, a.name), control(a, value, attrs));
}

/** @param {Attribute} a @param {string} value @param {Record<string, string>} attrs */
function control(a, value, attrs) {
  const options = a.type === "bool" ? [["true", "Yes"], ["false", "No"]] : (a.options ?? []).map((o) => [o, o]);
  if (a.type !== "bool" && a.type !== "choice") return h("input", { ...attrs, value, type: a.type === "date" ? "date" : "text", inputmode: a.type === "number" ? "decimal" : null, maxlength: 500, autocomplete: "off" });
  if (value && !options.some(([o]) => o === value)) options.push([value, value]); // an option that is gone stays until it is changed
  return h("span", { class: "select" }, h("select", attrs, h("option", { value: "" }, "Not known"), ...options.map(([v, name]) => h("option", { value: v, selected: v === value }, name))), icon("chevron-down"));
}

/** What the fields hold, of those that changed. @param {HTMLElement} form @param {Record<string, string>} [before] @returns {Record<string, string>} */
export function attributesIn(form, before = {}) {
  const fields = /** @type {(HTMLInputElement|HTMLSelectElement)[]} */ ([...form.querySelectorAll("[data-attribute]")]);
  return Object.fromEntries(fields.map((el) => [el.dataset.attribute ?? "", el.value.trim()]).filter(([k, v]) => v !== (before[k] ?? "")));
}

/** A value as people read it. @param {Attribute} a @param {string} value */
export const attributeWord = (a, value) => a.type === "bool" ? (value === "true" ? "Yes" : "No") : value;
