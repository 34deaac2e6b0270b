// Times, durations, figures and phone numbers as people read them: in the account's zone, the reader's language.

/** The language that dates and figures are written in: the browser's, so that they look as the reader is used to. */
const lang = navigator.languages?.length ? [...navigator.languages] : undefined;
let zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
/** @type {Record<string, Intl.DateTimeFormat>} */
let cache = {};

/** @param {string} name an IANA zone; one that the browser does not know is left aside */
export function setZone(name) {
  try { Intl.DateTimeFormat(undefined, { timeZone: name }); } catch { return; }
  zone = name; cache = {};
}
export const zoneName = () => zone;

/** @param {string} key @param {Intl.DateTimeFormatOptions} how */
const formatter = (key, how) => (cache[key] ??= new Intl.DateTimeFormat(lang, { timeZone: zone, ...how }));

/** "14:20" @param {string|Date} t */
export const time = (t) => formatter("time", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(t));
/** "14:20:07" @param {string|Date} t */
export const timeExact = (t) => formatter("exact", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(t));
/** "Sun 22 Nov 2026, 14:20:07 GMT" @param {string|Date} t */
export const full = (t) => formatter("full", { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" }).format(new Date(t));
/** "Sunday 22 November" @param {string|Date} t */
export const dayLong = (t) => formatter("daylong", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(new Date(t));
/** "2026-11-22", as date fields and filters have it. @param {string|Date} t */
export const dayKey = (t) => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(t));

/** "14:20" today, "22 Nov, 14:20" before, with the year if it is another. @param {string|Date} t @param {Date} [now] */
export function when(t, now = new Date()) {
  if (dayKey(t) === dayKey(now)) return time(t);
  const sameYear = dayKey(t).slice(0, 4) === dayKey(now).slice(0, 4);
  return formatter(sameYear ? "when" : "whenyear", { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }), hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(t));
}

/** The hour of the day in the zone, 0 to 23. @param {Date} [t] */
export const hour = (t = new Date()) => Number(new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }).format(t));

/** The instant at which a day ("2026-11-22") begins in the zone. @param {string} date @param {number} [days] later */
export function dayStart(date, days = 0) {
  const [y, m, d] = date.split("-").map(Number);
  const wall = Date.UTC(y, m - 1, d + days);
  // Twice: the offset at the guess may not be the one at the answer. A day whose midnight is skipped begins later.
  let at = wall - offset(wall);
  at = wall - offset(at);
  return new Date(at);
}
/** Milliseconds that the zone is ahead of UTC. @param {number} at */
function offset(at) {
  const p = Object.fromEntries(new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(at).map((x) => [x.type, Number(x.value)]));
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(at / 1000) * 1000;
}

/** "00:04:12", for tables. @param {number} seconds */
export function clockOf(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  return [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60].map((n) => String(n).padStart(2, "0")).join(":");
}
/** "4 min 12 s", for text; the two largest units. @param {number} seconds */
export function span(seconds) {
  const parts = spanParts(seconds);
  return parts.map((p) => `${p.n} ${p.unit}`).join(" ");
}
/** @param {number} seconds @returns {{n: string, unit: string}[]} */
export function spanParts(seconds) {
  const s = Math.max(0, Math.round(seconds)); const hours = Math.floor(s / 3600); const minutes = Math.floor(s / 60) % 60;
  if (hours) return [{ n: number(hours), unit: "h" }, { n: String(minutes), unit: "min" }];
  if (minutes) return [{ n: String(minutes), unit: "min" }, { n: String(s % 60), unit: "s" }];
  return [{ n: String(s), unit: "s" }];
}

/** @param {number} n */
export const number = (n) => new Intl.NumberFormat(lang).format(n);
/** One digit after the point. @param {number} n */
export const decimal = (n) => new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(n);
/** A share as per cent: "0.4 %", "12 %", never "−0 %". @param {number} share 0 to 1 */
export const percent = (share) => `${new Intl.NumberFormat(lang, { maximumFractionDigits: Math.abs(share) < 0.1 ? 1 : 0 }).format(Math.abs(share) < 0.0005 ? 0 : share * 100)} %`;
/** @param {number} bits per second */
export function bitrate(bits) {
  return bits >= 1e6 ? `${decimal(bits / 1e6)} Mbit/s` : `${number(Math.round(bits / 1000))} kbit/s`;
}

/** @type {Intl.DisplayNames|null} */
let names = null;
/** "Singapore" @param {string} region ISO 3166 alpha-2 */
export function country(region) {
  if (!region) return "";
  try { names ??= new Intl.DisplayNames(lang ?? ["en"], { type: "region" }); return names.of(region) ?? region; } catch { return region; }
}

// The first digits of a number in international form are a code of one to three digits (ITU-T E.164, annex): 1 and 7
// are whole codes, these pairs are, and everything else has three.
const pairs = new Set("20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98".split(" "));
/** The country code at the front of an E.164 number, without the plus. @param {string} e164 */
export function callingCode(e164) {
  const d = e164.replace(/\D/g, "");
  return d[0] === "1" || d[0] === "7" ? d[0] : d.slice(0, pairs.has(d.slice(0, 2)) ? 2 : 3);
}
/** How the digits after the country code are grouped, by code and then by count; good enough to read them out. @type {Record<string, number[]>} */
const groups = { "44/10": [4, 6], "1/10": [3, 3, 4], "33/9": [1, 2, 2, 2, 2], "61/9": [3, 3, 3], 6: [3, 3], 7: [3, 4], 8: [4, 4], 9: [3, 3, 3], 10: [3, 3, 4], 11: [3, 4, 4], 12: [4, 4, 4] };
/** "+44 7700 900123" @param {string|undefined} e164 */
export function phone(e164) {
  if (!e164 || !/^\+\d{5,15}$/.test(e164)) return e164 ?? "";
  const code = callingCode(e164); let rest = e164.slice(1 + code.length);
  const out = [];
  for (const n of groups[`${code}/${rest.length}`] ?? groups[rest.length] ?? [rest.length]) { out.push(rest.slice(0, n)); rest = rest.slice(n); }
  return `+${code} ${out.join(" ")}`;
}

/** Two letters for an avatar. @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter((w) => /[\p{L}\p{N}]/u.test(w));
  return words.length ? [...words[0]][0] + (words.length > 1 ? [...words[words.length - 1]][0] : [...words[0]][1] ?? "") : "";
}
/** A category for an avatar, the same one for the same text. @param {string} text */
export function category(text) {
  let n = 0; for (const c of text) n = (n * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return (n % 6) + 1;
}
