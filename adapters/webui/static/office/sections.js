// What can be arranged, section by section: what its table shows, and the fields of one item with the names that the API gives them.
import { h } from "../shell/dom.js";
import { span } from "../shell/format.js";
import { channel } from "../desk/words.js";
import { dot } from "./common.js";

/** @typedef {{id: string, name: string}} Named */
/** @typedef {Record<string, any>} Item */
/** @typedef {{policy: Item, queues: Item[], lines: Item[], skills: Item[], codes: Item[], tags: Item[], labels: Item[], attributes: Item[], version: number}} Setup */
/** @typedef {{key: string, name: string, type: "text"|"area"|"seconds"|"count"|"colour"|"select"|"check"|"list"|"needs", options?: (s: Setup, own: Item|null) => [string, string][], hint?: string, fixed?: boolean, none?: string, when?: (x: Item) => boolean}} Field */
/** @typedef {"queues"|"lines"|"skills"|"codes"|"tags"|"labels"|"attributes"} What */
/** @typedef {{what: What, icon: string, title: string, one: string, about: string, none: string, id: (x: Item) => string, columns: import("./common.js").Column[], cells: (x: Item, s: Setup) => any[], fields: Field[], blank: Item, keeps?: string[]}} Section */

/** @param {Named[]} list @param {string} id */
const nameOf = (list, id) => list.find((x) => x.id === id)?.name ?? "–";
/** @param {string} c */
const coloured = (c) => h("span", { class: "row gap-2" }, dot(c), h("span", { class: "mono small muted" }, c));
/** @type {Record<string, string>} */
export const modes = { round_robin: "Assigned at once", push: "Offered, the agent accepts", pick_me: "Agents take them" };
/** @type {Record<string, string>} */
const types = { general: "Any agent of the queue", skilled: "Agents with the skills", outbound: "Begun by agents" };
/** @type {[string, string][]} */
const orders = [["", "Best skilled, then least loaded"], ["longest_idle", "Longest without work"], ["least_loaded", "Least loaded"], ["round_robin", "In turn"]];
/** @type {[string, string][]} */
const categories = [["", "None"], ["issue", "Issue"], ["resolution", "Resolution"], ["customer", "Customer type"]];
/** @type {[string, string][]} */
const kinds = [["text", "Text"], ["number", "Number"], ["date", "Date"], ["choice", "Choice"], ["bool", "Yes or no"]];
/** @param {[string, string][]} list @param {string} v */
const word = (list, v) => list.find(([x]) => x === v)?.[1] ?? v;
/** @type {Field} */
const named = { key: "name", name: "Name", type: "text" };
/** @type {Field} */
const colour = { key: "colour", name: "Colour", type: "colour" };
const act = /** @type {import("./common.js").Column} */ ({ name: "Change", as: "act" });

/** @type {Section[]} */
export const sections = [
  { what: "queues", icon: "inbox", title: "Queues", one: "queue", about: "Where conversations wait, and how they come to agents.", none: "Conversations need one to wait in.", id: (q) => q.id,
    columns: [{ name: "Queue", as: "title" }, { name: "Served by" }, { name: "Conversations are" }, { name: "Skills needed" }, { name: "Backup" }, act],
    cells: (q, s) => [h("span", { class: "strong" }, q.name), types[q.type] ?? q.type, modes[q.mode] ?? q.mode, (q.needs ?? []).map((/** @type {Item} */ n) => `${nameOf(/** @type {Named[]} */ (s.skills), n.skill)} ${n.min}`).join(", "), q.backup ? `${nameOf(/** @type {Named[]} */ (s.queues), q.backup)} after ${span(q.max_wait)}` : null],
    blank: { name: "", type: "general", mode: "round_robin", order: "", lost: "requeue", dispositions: [], needs: [], max_wait: 0, backup: "", last_agent: 0, offer_timeout: 20, max_waiting: 0 }, keeps: ["channels", "relax"],
    fields: [named, { key: "type", name: "Served by", type: "select", options: () => Object.entries(types) }, { key: "needs", name: "Skills needed", type: "needs", when: (q) => q.type === "skilled" }, { key: "mode", name: "Conversations are", type: "select", options: () => Object.entries(modes), when: (q) => q.type !== "outbound" },
      { key: "offer_timeout", name: "Time to accept an offer, seconds", type: "seconds", when: (q) => q.mode === "push" && q.type !== "outbound" }, { key: "order", name: "Among agents of one priority", type: "select", options: () => orders, when: (q) => q.mode !== "pick_me" && q.type !== "outbound" },
      { key: "last_agent", name: "Wait for the customer's last agent, seconds", type: "seconds", hint: "0: the customer's last agent is not preferred.", when: (q) => q.type !== "outbound" },
      { key: "backup", name: "Backup queue", type: "select", options: (s, own) => [["", "None"], .../** @type {[string, string][]} */ (s.queues.filter((q) => q.id !== own?.id).map((q) => [q.id, q.name]))] }, { key: "max_wait", name: "Longest wait before the backup queue, seconds", type: "seconds", when: (q) => Boolean(q.backup) },
      { key: "max_waiting", name: "Most that wait at a time", type: "count", hint: "0: no limit." }, { key: "lost", name: "When an agent disappears, the conversations", type: "select", options: () => [["requeue", "Go back to the queue"], ["keep", "Wait for the agent"]] },
      { key: "dispositions", name: "Outcomes to choose from at resolving", type: "list", hint: "One a line; none if there is nothing to choose." }] },
  { what: "lines", icon: "globe", title: "Chat lines", one: "line", about: "A chat that a site carries with one script tag.", none: "Customers need one to write on.", id: (l) => l.id, columns: [], cells: () => [], keeps: ["kind"],
    blank: { kind: "webchat", name: "", queue: "", origins: [], greeting: "", colour: "", off: false },
    fields: [{ ...named, name: "Name, as customers see it" }, { key: "queue", name: "Queue", type: "select", options: (s) => /** @type {[string, string][]} */ (s.queues.map((q) => [q.id, q.name])) }, { key: "greeting", name: "Greeting", type: "area", hint: "Shown before the first message." },
      { key: "origins", name: "Sites that may carry it", type: "list", hint: "One a line, such as https://shop.example; none: any site." }, { ...colour, none: "Use our own colour" }, { key: "off", name: "Switched off", type: "check", hint: "The chat does not appear on sites." }] },
  { what: "skills", icon: "star", title: "Skills", one: "skill", about: "What agents know. Levels, 1 to 5, are set on the Agents page.", none: "Skills lead conversations to those who can answer them.", id: (k) => k.id,
    columns: [{ name: "Skill", as: "title" }, { name: "Description" }, act], cells: (k) => [h("span", { class: "strong" }, k.name), k.description], blank: { name: "", description: "" }, fields: [named, { key: "description", name: "Description", type: "area" }] },
  { what: "codes", icon: "coffee", title: "Aux codes", one: "aux code", about: "Why an agent is away or busy. The time spent in each is kept.", none: "Agents need one to be away or busy.", id: (k) => k.id,
    columns: [{ name: "Code", as: "title" }, { name: "Status while chosen" }, { name: "Time" }, { name: "Colour" }, act], cells: (k) => [h("span", { class: "strong" }, k.name), h("span", { class: "row gap-2" }, h("span", { class: "presence", "data-status": k.status }), k.status === "busy" ? "Busy" : "Away"), k.paid ? "Paid" : "Unpaid", coloured(k.colour)],
    blank: { name: "", status: "away", paid: true, colour: "#2563eb" }, fields: [named, { key: "status", name: "Status while chosen", type: "select", options: () => [["away", "Away"], ["busy", "Busy"]] }, { key: "paid", name: "Paid time", type: "check", hint: "Counts towards paid hours." }, colour] },
  { what: "tags", icon: "tag", title: "Tags", one: "tag", about: "What conversations are about, for search and reports.", none: "Agents can make tags as they go, too.", id: (k) => k.name,
    columns: [{ name: "Tag", as: "title" }, { name: "Category" }, { name: "Colour" }, act], cells: (k) => [h("span", { class: "tag" }, dot(k.colour), k.name), k.category ? word(categories, k.category) : null, coloured(k.colour)],
    blank: { name: "", category: "", colour: "#2563eb" }, fields: [{ ...named, fixed: true, hint: "Stays as it is: conversations carry it." }, { key: "category", name: "Category", type: "select", options: () => categories }, colour] },
  { what: "labels", icon: "ribbon", title: "Labels", one: "label", about: "Marks that make rows of the lists stand out.", none: "Such as Escalated, or Follow-up required.", id: (k) => k.id,
    columns: [{ name: "Label", as: "title" }, { name: "Colour" }, act], cells: (k) => [h("span", { class: "tag" }, dot(k.colour), k.name), coloured(k.colour)], blank: { name: "", colour: "#c2410c" }, fields: [named, colour] },
  { what: "attributes", icon: "user", title: "Attributes", one: "attribute", about: "What you keep about contacts besides name, number and e-mail.", none: "Such as the plan that a customer has.", id: (k) => k.key,
    columns: [{ name: "Attribute", as: "title" }, { name: "Key" }, { name: "Type" }, act], cells: (k) => [h("span", { class: "strong" }, k.name), h("span", { class: "mono small" }, k.key), k.type === "choice" ? `Choice: ${(k.options ?? []).join(", ")}` : word(kinds, k.type)],
    blank: { key: "", name: "", type: "text", options: [] }, fields: [named, { key: "key", name: "Key", type: "text", fixed: true, hint: "Of a-z, 0-9 and _. It stays: contacts keep their values by it." }, { key: "type", name: "Type", type: "select", options: () => kinds }, { key: "options", name: "Options", type: "list", hint: "One a line.", when: (a) => a.type === "choice" }] },
];

/** The tag that a site carries. @param {Item} line */
export const scriptTag = (line) => `<script type="module" src="${location.origin}/widget.js" data-key="${line.key}"></script>`;
/** @param {Item} line @param {Setup} s */
export const lineAbout = (line, s) => [channel(line.kind).word, nameOf(/** @type {Named[]} */ (s.queues), line.queue), (line.origins ?? []).length ? line.origins.join(", ") : "on any site"].join(", ");
