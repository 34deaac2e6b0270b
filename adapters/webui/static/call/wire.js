// What browser and room exchange, as types: the JavaScript face of vi/wire, and the few facts about it that both pages need.

/** @typedef {"agent"|"customer"} Seat */
/** @typedef {"on"|"off"|"none"|""} DeviceState */
/** @typedef {{mic?: DeviceState, cam?: DeviceState, facing?: "user"|"environment"|""}} Devices */
/** @typedef {""|"prompt"|"granted"|"denied"|"missing"|"busy"} PermissionState */
/** @typedef {{mic?: PermissionState, cam?: PermissionState}} Permission */
/** @typedef {{id?: string, name: string}} Person */
/** @typedef {{seat: Seat, name: string, status: string, browser?: string, permission?: Permission, joined_at?: string, up_at?: string, lost_at?: string, left_at?: string, losses: number}} Leg */
/** @typedef {{id: string, channel: "text"|"link", phone?: string, status: string, problem?: string, created_at: string, expires_at: string, sent_at?: string, delivered_at?: string, opened_at?: string, redeemed_at?: string}} Invite */
/** @typedef {{id: string, name: string, browser: string, at: string}} Knock */
/** @typedef {{seat: Seat, stars: number, comment?: string, at: string}} Rating */
/** @typedef {{n: number, op: string, from: Seat, name: string, text: string, at: string}} Message */
/** @typedef {{urls: string[], username?: string, credential?: string}} IceServer */
/**
 * @typedef {Object} Call
 * @property {string} id
 * @property {string} reference
 * @property {string} status
 * @property {string} [end_reason]
 * @property {string} [ended_by]
 * @property {Seat[]} [lost]
 * @property {boolean} [held] on hold, also while a side is cut off
 * @property {Seat} [held_by] who may go on
 * @property {Person} agent
 * @property {string} customer
 * @property {string} created_at
 * @property {string} [waiting_at]
 * @property {string} [answered_at]
 * @property {string} [ended_at]
 * @property {number} talk_seconds
 * @property {number} reconnects
 * @property {number} messages
 * @property {Leg[]|null} legs
 * @property {Rating[]|null} ratings
 * @property {string} [phone]
 * @property {string} [country]
 * @property {string} [previous]
 * @property {Invite[]} [invites]
 * @property {Knock|null} [knock]
 * @property {string} [resend_at]
 * @property {string} [due_at]
 */
/** @typedef {{seat: Seat, call: Call, conn: string, devices: Partial<Record<Seat, Devices>>|null, messages: Message[]|null, more?: boolean, ice: IceServer[]|null, limits: {chat_text: number}, now: string}} Welcome */
/** @typedef {{code: string, detail: string, retry_after?: number}} Refusal */

const final = new Set(["completed", "cancelled", "expired", "declined", "missed", "abandoned", "failed", "dropped"]);

/** Reports whether a call of this status is over. @param {string} status */
export const over = (status) => final.has(status);

/** Reports whether nobody sees or hears the other, whatever the status. @param {Call} call */
export const held = (call) => !over(call.status) && (!!call.held || call.status === "held");

/** Reports whether it is the seat that holds the call, and so may go on. @param {Call} call @param {Seat} seat */
export const holds = (call, seat) => held(call) && call.held_by !== otherSeat(seat);

/** @param {Seat} seat @returns {Seat} */
export const otherSeat = (seat) => (seat === "agent" ? "customer" : "agent");

/** @param {Call} call @param {Seat} seat @returns {Leg|undefined} */
export const leg = (call, seat) => call.legs?.find((l) => l.seat === seat);

/** Reports whether the seat may still rate the call. @param {Call} call @param {Seat} seat */
export const mayRate = (call, seat) => over(call.status) && !!call.answered_at && !call.ratings?.some((r) => r.seat === seat);
