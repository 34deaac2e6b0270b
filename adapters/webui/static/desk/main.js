// The desk: the agent's workspace. Ids, for whoever acts on the page:
// list: #view-mine #view-queue #view-resolved #view-closed, #list-search #list-filter (#filter-channel #filter-status
//   #filter-tag #filter-label #filter-clear), #list #list-more; rows .conv[data-ticket=ID] with [data-act=claim]
// thread: #thread-title #claim #resolve-open #transfer-open #reopen #more (#set-open #set-pending #set-on-hold #menu-transfer
//   #menu-note #copy-ticket-link #explain #spam), #messages with [data-entry=ID], #load-earlier #to-newest #collision #customer-typing
// composer: #mode-message #mode-note #composer-text #attach #attach-input #send #composer-settings (#enter-sends #ctrl-sends)
// dialogs: #resolve (-disposition -note -do) #transfer (-search -targets -note -do) #begin (-line -queue -text -do)
//   #edit-contact #confirm (-do -cancel) #why #keys; customer: see contact.js; status and offers: see presence.js
import { sentence } from "../shell/api.js";
import { emptyState } from "../shell/calls.js";
import { announce, busy, button, fill, h, icon, input, need } from "../shell/dom.js";
import { full } from "../shell/format.js";
import { can, live, me, toast, toastError } from "../shell/frame.js";
import { show } from "../ui.js";
import { act, moveTo } from "./api.js";
import { refreshMine, setTitle } from "./attention.js";
import { Composer } from "./composer.js";
import { ContactPanel } from "./contact.js";
import { confirm, Dialogs } from "./dialogs.js";
import { since } from "./entry.js";
import { List } from "./list.js";
import { Outbox } from "./outbox.js";
import { answerOffer, onDesk, onDeskFailed, refreshDesk } from "./presence.js";
import { Thread } from "./thread.js";
import { channel, personName, reasonWord, statusLook } from "./words.js";

/** @typedef {import("./api.js").Ticket} Ticket */
/** @typedef {import("./api.js").Detail} Detail */

const desk = need("main"); let self = { id: "", name: "" }; let manages = false;
/** @type {import("./api.js").Arrangement|null} */ let setup = null;
const names = () => ({ me: self.id, queue: (/** @type {string} */ id) => setup?.queues?.find((q) => q.id === id)?.name ?? (thread.detail?.ticket.queue === id ? thread.detail.ticket.queue_name : ""), label: (/** @type {string} */ id) => setup?.labels?.find((l) => l.id === id)?.name ?? "" });

const list = new List((id) => open(id), (id, b) => claim(id, b));
const outbox = new Outbox((ticket) => { if (ticket === thread.id) thread.draw(); }, (entry, ticket) => { thread.take(entry); if (ticket?.id) taken(ticket); });
const thread = new Thread(names, { unsent: (t) => outbox.of(t), settle: (t, e) => outbox.settle(t, e), act: (t, op, what) => outbox.act(t, op, what) }, changed);
const composer = new Composer((what) => outbox.add(thread.id, what));
const dialogs = new Dialogs((t, what) => {
  if (what === "started") { taken(t); open(t.id); return; }
  toast({ title: what === "resolved" ? `Resolved #${t.number || thread.detail?.ticket.number}` : "Transferred", tone: "ok" });
  taken(t);
});
const contact = new ContactPanel({ changed: () => { thread.refresh(0); list.refresh(); }, taken, open: (id) => open(id), begin: (d) => dialogs.begin(d.contact, { line: d.ticket.line }) });

// ---- which conversation, and which panel on small screens ----
const fromPath = () => { const m = location.pathname.match(/^\/desk\/([^/]+)$/); return m ? decodeURIComponent(m[1]) : ""; };
/** @param {"list"|"thread"|"contact"} view */
function panel(view) { desk.dataset.view = view; }

/** @param {string} id @param {{push?: boolean, focus?: boolean}} [how] */
function open(id, how = {}) {
  if (how.push !== false && id !== fromPath()) history.pushState({ desk: true }, "", `/desk${id ? `/${encodeURIComponent(id)}` : ""}${list.search}`);
  panel(id ? "thread" : "list");
  if (id && id === thread.id && thread.detail) { thread.bottom(); return; }
  list.mark(id); list.reveal(id);
  people = []; drawPeople(); typed(0);
  composer.show(id, null);
  thread.open(id).then(() => { if (id && id === thread.id && matchMedia("(min-width: 64rem) and (pointer: fine)").matches && how.focus !== false && document.activeElement === document.body && composer.can("message")) composer.focus(); });
  live.send({ t: "view", ticket: id });
}
addEventListener("popstate", () => open(fromPath(), { push: false, focus: false }));
/** Opens what has just come to the agent, among the agent's own. @param {string} id */
function own(id) { if (list.view === "queue") list.show("mine"); open(id); }
addEventListener("openticket", (e) => { e.preventDefault(); own(/** @type {CustomEvent} */ (e).detail); });
button("back-to-list").addEventListener("click", () => { if (history.state?.desk) history.back(); else open(""); });
button("show-contact").addEventListener("click", () => panel(desk.dataset.view === "contact" ? "thread" : "contact"));
button("back-to-thread").addEventListener("click", () => panel("thread"));

/** Shows what belongs to the open ticket. @param {Detail|null} d */
function changed(d) {
  const t = d?.ticket; const none = !thread.id;
  need("thread-none").hidden = !none; need("messages").hidden = none; need("thread-head").hidden = none;
  if (none) fill(need("thread-none"), emptyState({ icon: "chat", title: "No conversation is open", text: "Choose one on the left. J and K go through the list, and ? shows every key." }));
  const on = (/** @type {string} */ id, /** @type {boolean|undefined} */ yes) => { need(id).hidden = !yes; };
  on("claim", t?.may.claim); on("resolve-open", t?.may.resolve); on("reopen", t?.may.reopen); on("transfer-open", t?.may.transfer); on("menu-transfer", t?.may.transfer); on("spam", t?.may.spam);
  on("set-open", t?.may.move && (t.status === "pending" || t.status === "on_hold")); on("set-pending", t?.may.move && t.status !== "pending"); on("set-on-hold", t?.may.move && t.status !== "on_hold");
  on("menu-note", composerNote(t)); on("explain", manages && t?.state === "unassigned"); on("copy-ticket-link", !!t); on("more", !!t); on("show-contact", !!d);
  if (d && t) head(d, t); else { fill(need("thread-title"), none ? "" : "Conversation"); need("thread-about").replaceChildren(); need("thread-wait").replaceChildren(); setTitle("Desk"); }
  composer.show(thread.id, d); contact.show(d);
  need("contact").hidden = none; desk.toggleAttribute("data-none", none);
}
/** @param {Ticket|undefined} t */
const composerNote = (t) => !!t && (t.may.note ?? t.may.reply);

/** @param {Detail} d @param {Ticket} t */
function head(d, t) {
  const who = personName(d.contact); const over = t.status === "resolved" || t.status === "closed";
  fill(need("thread-title"), who); setTitle(who);
  const place = d.position ? (d.position.ahead ? `, ${d.position.ahead} before it` : ", next in the queue") : "";
  const ended = over && reasonWord(t.reason) && t.reason !== "agent" ? `, ${reasonWord(t.reason)}` : "";
  fill(need("thread-about"), h("span", { class: "badge", "data-tone": statusLook(t.status).tone, "data-dot": true, "data-quiet": true }, statusLook(t.status).word), ` #${t.number}, ${channel(t.channel).word}, ${t.queue_name}${t.assignee ? `, ${t.mine ? "yours" : t.assignee.name}` : ", nobody has it"}${place}${ended}`);
  const from = over ? "" : t.waiting_from ?? (t.assignee ? "" : t.queued_at);
  fill(need("thread-wait"), from ? h("span", { class: "badge", "data-tone": "idle", title: `The customer waits since ${full(from)}` }, icon("clock"), h("span", { class: "sr-only" }, "waits "), since(from)) : null);
}

/** A ticket as a command has left it. @param {Ticket} t */
function taken(t) {
  list.take(t); refreshMine(); refreshDesk();
  if (t.id !== thread.id) return;
  thread.refresh(0);
}

// ---- commands ----
/** @param {string} id @param {HTMLElement} [b] */
async function claim(id, b = button("claim")) {
  if (b.hasAttribute("aria-busy")) return;
  busy(b, true);
  try {
    const { ticket } = await act(id, "claim");
    announce(`${personName(ticket.contact)} is yours.`);
    taken(ticket); own(id);
  } catch (err) { toastError("The conversation did not come to you", err); list.refresh(0); if (id === thread.id) thread.refresh(0); } finally { busy(b, false); }
}
/** @param {string} button_ @param {string} failure @param {(t: Ticket) => Promise<{ticket: Ticket}|null>} run */
function command(button_, failure, run) {
  const b = button(button_); let running = false;
  b.addEventListener("click", async () => {
    const t = thread.detail?.ticket;
    if (!t || running) return;
    if (b.closest(".menu")) need("thread-menu").hidePopover();
    running = true; busy(b, true);
    try { const got = await run(t); if (got) taken({ ...got.ticket, id: t.id }); } catch (err) { toastError(failure, err); thread.refresh(0); } finally { running = false; busy(b, false); }
  });
}
button("claim").addEventListener("click", () => { if (thread.id) claim(thread.id); });
command("reopen", "It was not reopened", (t) => act(t.id, "reopen"));
for (const s of /** @type {const} */ (["open", "pending", "on_hold"])) command(`set-${s.replace("_", "-")}`, "The status is as before", (t) => moveTo(t.id, s));
command("spam", "It is not marked as spam", async (t) => ((await confirm({ title: `Mark #${t.number} as spam?`, text: `The conversation with ${personName(t.contact)} closes without a reply and goes to the spam list.`, go: "Mark as spam" })) ? act(t.id, "spam") : null));
button("resolve-open").addEventListener("click", () => { const t = thread.detail?.ticket; if (t) dialogs.resolve(t); });
for (const id of ["transfer-open", "menu-transfer"]) button(id).addEventListener("click", () => { need("thread-menu").hidePopover(); const t = thread.detail?.ticket; if (t) dialogs.transfer(t); });
button("menu-note").addEventListener("click", () => { need("thread-menu").hidePopover(); composer.mode("note"); });
button("explain").addEventListener("click", () => { need("thread-menu").hidePopover(); const t = thread.detail?.ticket; if (t) dialogs.why(t); });
button("copy-ticket-link").addEventListener("click", async () => {
  need("thread-menu").hidePopover();
  try { await navigator.clipboard.writeText(`${location.origin}/desk/${thread.id}`); toast({ title: "Link copied" }); } catch { toast({ title: "The browser does not let this page copy", text: location.href, tone: "warn" }); }
});

// ---- others on the same conversation, and the customer typing ----
/** @type {{id: string, name: string, typing: boolean}[]} */ let people = []; let typingTimer = 0; let othersTimer = 0;
function drawPeople() {
  const box = need("collision"); const some = people.filter((p) => p.id !== self.id); const typing = some.filter((p) => p.typing);
  box.hidden = !some.length;
  const who = (/** @type {typeof some} */ p) => (p.length > 2 ? `${p[0].name} and ${p.length - 1} others` : p.map((x) => x.name).join(" and ")); const are = (/** @type {typeof some} */ p) => (p.length > 1 ? "are" : "is");
  box.toggleAttribute("data-typing", typing.length > 0);
  fill(box, some.length ? [icon("users"), h("span", null, typing.length ? `${who(typing)} ${are(typing)} typing a reply` : `${who(some)} ${are(some)} looking at this too`)] : []);
}
live.onFrame("viewers", (m) => {
  if (m.ticket !== thread.id) return;
  people = m.people ?? []; drawPeople();
  clearTimeout(othersTimer); // typing is of now: nothing comes when it ends
  if (people.some((p) => p.typing)) othersTimer = setTimeout(() => { people = people.map((p) => ({ ...p, typing: false })); drawPeople(); }, 6000);
});
/** @param {number} ms for which the customer counts as typing */
function typed(ms) {
  clearTimeout(typingTimer);
  const box = need("customer-typing");
  if (!ms) { box.replaceChildren(); return; }
  if (!box.childElementCount) fill(box, h("span", { class: "typing", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", null, `${thread.detail ? personName(thread.detail.contact) : "The customer"} is typing`));
  typingTimer = setTimeout(() => typed(0), ms);
}
live.onFrame("typing", (m) => { if (m.ticket === thread.id) typed(5000); });
live.onEvent((e) => { if (e.kind === "desk.message_received" && e.about === thread.id) typed(0); });
live.onState((s) => { if (s === "up" && thread.id) live.send({ t: "view", ticket: thread.id }); if (s === "down") { people = []; drawPeople(); } });

// ---- keyboard ----
/** @type {Record<string, () => void>} */
const keys = {
  j: () => step(1), k: () => step(-1),
  c: () => { if (!answerOffer(true) && !button("claim").hidden) button("claim").click(); },
  r: () => { if (composer.can("message")) { panel("thread"); composer.mode("message"); } },
  n: () => { if (composer.can("note")) { panel("thread"); composer.mode("note"); } },
  e: () => { if (!button("resolve-open").hidden) button("resolve-open").click(); },
  t: () => { if (!button("transfer-open").hidden) button("transfer-open").click(); },
  "/": () => { panel("list"); input("list-search").focus(); input("list-search").select(); },
  "?": () => show(document.getElementById("keys")),
};
/** @param {1|-1} by */
function step(by) { const id = list.neighbour(by); if (id) open(id, { focus: false }); }
document.addEventListener("keydown", (e) => {
  const t = e.target instanceof HTMLElement ? e.target : null; const run = keys[e.key.length === 1 ? e.key.toLowerCase() : e.key];
  if (e.key === "Escape" && t?.id === "list-search") { t.blur(); return; }
  if (!run || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || t?.closest("input, textarea, select, [contenteditable], .menu, dialog") || document.querySelector("dialog[open], .menu:popover-open")) return;
  if (e.repeat && e.key !== "j" && e.key !== "k") return;
  e.preventDefault(); run();
});

// ---- beginning ----
onDesk((d) => {
  setup = d.setup; dialogs.setup(d.setup, self.id); contact.setup(d.setup); thread.draw();
});
onDeskFailed((err) => { if (!setup) toastError("Your desk did not load", err); });
(async () => {
  try {
    const who = await me;
    if (!can(who, "desk.work")) {
      desk.dataset.view = "thread";
      fill(need("thread-none"), emptyState({ icon: "lock", title: "The desk is not open to you", text: "Ask an administrator to let you work on conversations." })); need("thread-none").hidden = false; need("list").replaceChildren(); need("list").removeAttribute("aria-busy");
      return;
    }
    self = who.user; manages = can(who, "desk.manage");
    await live.ready();
    list.start(who);
    open(fromPath(), { push: false });
  } catch (err) {
    need("list").removeAttribute("aria-busy");
    fill(need("list"), emptyState({ icon: "alert", tone: "bad", title: "The desk did not load", text: sentence(err), actions: [h("button", { class: "btn", onclick: () => location.reload() }, icon("refresh"), "Try again")] }));
  }
})();
