// One call. Ids: #invite-again #return #open-waiting #facts #ratings #chat-log #chat-panel #tab-invites #invites-panel
// #tab-quality #quality-panel.
import { api, fetchMessages, Problem, sentence } from "./api.js";
import { badge, browserName, emptyState, ending, inCall, inviteBadge, over, pending, who } from "./calls.js";
import { fill, h, icon, need } from "./dom.js";
import { bitrate, category, clockOf, country, dayLong, full, initials, number, percent, phone, span, time, timeExact, zoneName } from "./format.js";
import { live, me } from "./frame.js";
import { openStart } from "./start.js";
import { openWaiting } from "./waiting.js";

/** @typedef {import("./api.js").Call} Call */
/** @typedef {import("./api.js").Message} Message */
/** @typedef {import("./api.js").Quality} Quality */

const id = decodeURIComponent(location.pathname.split("/").pop() ?? "");
/** @type {Call|null} */ let call = null; let mine = "";
/** @type {Message[]} */ let messages = [];
/** @type {Quality[]} */ let quality = [];

/** @param {string} t */
const at = (t) => h("time", { datetime: t, title: full(t) }, timeExact(t));

/** @param {Call} c */
function drawHead(c) {
  document.title = `${who(c)} · Tandem`;
  const avatar = need("avatar"); avatar.dataset.cat = String(category(c.phone || c.id)); fill(avatar, c.customer ? initials(c.customer) : icon("user"));
  fill(need("title"), who(c)); fill(need("crumb"), c.reference); fill(need("status"), badge(c));
  fill(need("lead"), [c.customer ? phone(c.phone) : "", c.country ? country(c.country) : "", `reference ${c.reference}`].filter(Boolean).join(", ").replace(/^r/, "R"));
  const own = c.agent.id === mine;
  const back = need("return", HTMLAnchorElement); back.hidden = !(own && inCall(c)); back.href = `/call/${c.id}`;
  need("open-waiting").hidden = !(own && pending(c));
  const again = need("invite-again"); again.hidden = !over(c) || !c.phone;
}

/** @param {Call} c */
function drawFacts(c) {
  /** @type {[string, (Node|string)[]][]} */
  const rows = [["Started", [dayLong(c.created_at), ", ", at(c.created_at)]], ["Agent", [c.agent.id === mine ? `${c.agent.name} (you)` : c.agent.name || "Nobody"]]];
  const customer = (c.legs ?? []).find((l) => l.seat === "customer");
  const agent = (c.legs ?? []).find((l) => l.seat === "agent");
  if (c.customer) rows.push(["Customer", [c.customer]]);
  if (c.waiting_at) rows.push(["Came", [at(c.waiting_at), `, ${span(seconds(c.created_at, c.waiting_at))} after the invitation`]]);
  if (c.answered_at) {
    rows.push(["Connected", [at(c.answered_at), ...(c.waiting_at ? [`, waited ${span(seconds(c.waiting_at, c.answered_at))}`] : [])]]);
    rows.push(["Talked", [["connected", "held"].includes(c.status) ? h("time", { "data-clock": c.talk_seconds.toFixed(1), "data-short": true }, clockOf(c.talk_seconds)) : span(c.talk_seconds)]]);
    rows.push(["Breaks", [c.reconnects ? `${number(c.reconnects)} ${c.reconnects === 1 ? "reconnection" : "reconnections"}` : "None"]]);
  } else if (c.waiting_at && c.ended_at) rows.push(["Waited", [span(seconds(c.waiting_at, c.ended_at))]]);
  if (c.ended_at) { rows.push(["Ended", [at(c.ended_at)]]); rows.push(["How", [ending(c, mine)]]); }
  if (customer?.browser) rows.push(["Browser", [browserName(customer.browser)]]);
  if (agent?.browser) rows.push(["Agent's browser", [browserName(agent.browser)]]);
  if (c.previous) rows.push(["Follows", [h("a", { href: `/calls/${c.previous}` }, "the call before")]]);
  fill(need("facts"), rows.flatMap(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
  fill(need("zone"), zoneName());
}
/** @param {string} from @param {string} to */
const seconds = (from, to) => (new Date(to).getTime() - new Date(from).getTime()) / 1000;

/** @param {Call} c */
function drawRatings(c) {
  const box = need("ratings");
  if (!c.answered_at) { fill(box, h("p", { class: "muted" }, "The call never connected, so there is nothing to rate.")); return; }
  fill(box, ["customer", "agent"].map((seat) => {
    const r = (c.ratings ?? []).find((x) => x.seat === seat);
    const name = seat === "customer" ? c.customer || "Customer" : c.agent.id === mine ? "You" : c.agent.name || "Agent";
    return h("div", { class: "rated" }, h("div", { class: "row" }, h("span", { class: "strong grow truncate" }, name),
      r ? h("span", { class: "rated-stars", role: "img", "aria-label": `${r.stars} of 5 stars` }, [1, 2, 3, 4, 5].map((n) => { const s = icon(n <= r.stars ? "star-on" : "star", "icon icon-sm"); if (n <= r.stars) s.setAttribute("data-on", ""); return s; })) : h("span", { class: "muted" }, "Not rated"),
      r ? h("span", { class: "num soft" }, `${r.stars} of 5`) : null), r?.comment ? h("p", { class: "soft rated-comment" }, r.comment) : null);
  }));
}

/** @param {Call} c */
function drawChat(c) {
  fill(need("chat-count"), number(c.messages));
  const box = need("chat-panel");
  if (!messages.length) { fill(box, emptyState({ icon: "chat", title: c.messages ? "The chat is loading" : "Nothing was written", text: c.messages ? "" : "What the two sides write to each other in the call appears here." })); return; }
  const out = []; let lastDay = "";
  for (const m of messages) {
    const day = dayLong(m.at); if (day !== lastDay) { out.push(h("div", { class: "chat-day" }, `${day}, ${zoneName()}`)); lastDay = day; }
    const agent = m.from === "agent"; const name = agent ? (c.agent.id === mine ? "You" : m.name) : m.name;
    out.push(h("div", { class: "msg", "data-side": agent ? "out" : "in" },
      h("span", { class: "avatar", "data-cat": category(agent ? c.agent.id ?? "" : c.phone || c.id), "aria-hidden": "true" }, initials(m.name)),
      h("div", { class: "msg-main" }, h("span", { class: "sr-only" }, `${name}: `), h("span", { class: "bubble" }, m.text), h("span", { class: "msg-meta" }, `${name}, `, h("time", { datetime: m.at, title: full(m.at) }, time(m.at))))));
  }
  fill(box, h("div", { class: "chat chat-log" }, out));
}

/** @param {Call} c */
function drawInvites(c) {
  const list = c.invites ?? []; fill(need("invites-count"), number(list.length));
  const box = need("invites-panel");
  if (!list.length) { fill(box, emptyState({ icon: "send", title: "No invitation was sent", text: "" })); return; }
  fill(box, h("ol", { class: "invites" }, list.map((i) => h("li", { class: "list-row invite" }, icon(i.channel === "link" ? "link" : "ch-sms"),
    h("div", { class: "grow" }, h("div", { class: "row wrap" }, h("span", { class: "strong num" }, i.channel === "link" ? "Copied link" : phone(i.phone)), inviteBadge(i)),
      i.problem ? h("p", { class: "small bad-text" }, i.problem) : null,
      h("dl", { class: "invite-times small" }, [["Made", i.created_at], ["Sent", i.sent_at], ["Delivered", i.delivered_at], ["Opened", i.opened_at], ["Joined", i.redeemed_at], ...(["expired", "revoked", "redeemed"].includes(i.status) ? [] : [["Valid until", i.expires_at]])].flatMap(([n, t]) => (t && n ? [h("div", null, h("dt", null, n), h("dd", null, at(t)))] : []))))))));
}

/** @param {Call} c */
function drawQuality(c) {
  const box = need("quality-panel");
  if (!quality.length) { fill(box, emptyState({ icon: "signal", title: "No measurements", text: c.answered_at ? "The call was too short to be measured." : "The connection is measured once both sides are in the call." })); return; }
  /** @type {Record<string, string>} */
  const ways = { host: "direct", prflx: "direct", srflx: "direct, through a router", relay: "through a relay" };
  const name = (/** @type {string} */ seat) => (seat === "customer" ? c.customer || "Customer" : c.agent.id === mine ? "You" : c.agent.name || "Agent");
  /** @param {string} label @param {(q: Quality) => Node|string|null} value */
  const line = (label, value) => h("tr", null, h("th", { scope: "row" }, label), quality.map((q) => h("td", { "data-type": "num" }, value(q))));
  /** @param {string} dir @param {"in"|"out"} k */
  const flow = (dir, k) => [
    h("tr", { class: "table-group" }, h("th", { scope: "rowgroup", colspan: quality.length + 1 }, dir)),
    line("Bit rate", (q) => bitrate(q[k].bitrate)), line("Packets lost", (q) => graded(percent(q[k].loss), q[k].loss > 0.05 ? "bad" : q[k].loss > 0.02 ? "warn" : "")), line("Jitter", (q) => graded(`${number(Math.round(q[k].jitter_ms))} ms`, q[k].jitter_ms > 50 ? "bad" : q[k].jitter_ms > 30 ? "warn" : ""))];
  fill(box, h("div", { class: "table-wrap" }, h("table", { class: "table quality-table", "aria-label": "Quality of the connection, by side" },
    h("thead", null, h("tr", null, h("td", null), quality.map((q) => h("th", { scope: "col", "data-type": "num" }, name(q.seat))))),
    h("tbody", null, line("Way", (q) => [q.protocol?.toUpperCase(), ways[q.candidate] ?? q.candidate].filter(Boolean).join(", ") || "Not known"), line("Round trip", (q) => (q.rtt_ms > 0 ? graded(`${number(Math.round(q.rtt_ms))} ms`, q.rtt_ms > 400 ? "bad" : q.rtt_ms > 200 ? "warn" : "") : "Not known")),
      flow("Sent by this side", "in"), flow("Received by this side", "out"), line("Measured", (q) => (q.samples === 1 ? "once" : `${number(q.samples)} times`))))));
}
/** @param {string} text @param {""|"warn"|"bad"} tone */
const graded = (text, tone) => (tone ? h("span", { class: "badge", "data-tone": tone }, text, h("span", { class: "sr-only" }, tone === "bad" ? ", bad" : ", poor")) : text);

function draw() {
  const c = call; if (!c) return;
  const box = need("detail");
  if (!document.getElementById("facts")) {
    fill(box, need("detail-template", HTMLTemplateElement).content.cloneNode(true));
    need("invite-again").addEventListener("click", () => { if (call) openStart({ phone: call.phone, country: call.country, previous: call.id }); });
    need("open-waiting").addEventListener("click", () => { if (call) openWaiting(call); });
  }
  box.removeAttribute("aria-busy");
  drawHead(c); drawFacts(c); drawRatings(c); drawChat(c); drawInvites(c); drawQuality(c);
}

let round = 0;
async function load() {
  const mineRound = ++round;
  try {
    const [answer, talk] = await Promise.all([api("GET", `/api/calls/${encodeURIComponent(id)}`), fetchMessages(id)]);
    if (mineRound !== round) return;
    call = answer.call; quality = answer.quality ?? []; messages = talk;
    draw();
  } catch (err) {
    if (mineRound !== round || (call && !(err instanceof Problem && err.status === 404))) return; // what is shown was true a moment ago
    need("detail").removeAttribute("aria-busy");
    const gone = err instanceof Problem && (err.status === 404 || err.status === 422 || err.status === 400);
    fill(need("detail"), h("div", { class: "card" }, gone
      ? emptyState({ icon: "search", title: "There is no such call", text: "The address may be mistyped, or the call belongs to somebody else.", actions: [h("a", { class: "btn", href: "/calls" }, "Call log")] })
      : emptyState({ icon: "alert", tone: "bad", title: "The call did not load", text: sentence(err), actions: [h("button", { class: "btn", onclick: load }, icon("refresh"), "Try again")] })));
  }
}

let timer = 0;
live.onEvent((e) => { if (e.about === id) timer ||= setTimeout(() => { timer = 0; load(); }, 120); });
live.onReset(load);

// The crumb goes back to the list as it was filtered.
try {
  const was = JSON.parse(sessionStorage.getItem("tandem.log") ?? "null");
  if (typeof was?.at === "string" && /^(\?.*)?$/.test(was.at)) need("back", HTMLAnchorElement).href = `/calls${was.at}`;
} catch { /* private window */ }

fill(need("detail"), h("div", { class: "page-head", "aria-hidden": "true" }, h("span", { class: "skeleton", "data-w": "avatar" }), h("div", { class: "grow stack" }, h("span", { class: "skeleton", "data-w": "35" }), h("span", { class: "skeleton", "data-w": "20" }))), h("div", { class: "card", "aria-hidden": "true" }, h("div", { class: "card-body stack" }, ["70", "50", "90", "35"].map((w) => h("span", { class: "skeleton", "data-w": w })))));
(async () => {
  try { mine = (await me).user.id; await live.ready(); } catch { /* load says what is wrong */ }
  await load();
})();
