// How a call ended, in the words of one who was in it.
import { span } from "../shell/format.js";
import { firstName } from "./draw.js";

/** @typedef {import("./wire.js").Call} Call */
/** @typedef {import("./wire.js").Seat} Seat */
/** @typedef {{title: string, text: string, icon: string, tone: "ok"|"idle"|"bad"|"warn"}} Ending */

const text = {
  endedTitle: "The call has ended",
  bySelf: "You ended the call.",
  byOther: (/** @type {string} */ who) => `${who} ended the call.`,
  maxDuration: "It reached the longest time that calls may last.",
  droppedTitle: "The call was cut off",
  lostSelf: "Your connection was lost and did not come back in time.",
  lostOther: (/** @type {string} */ who) => `${who}’s connection was lost and did not come back in time.`,
  lost: "A connection was lost and did not come back in time.",
  lostBoth: "Both connections were lost and did not come back in time.",
  failedTitle: "The call did not work",
  mediaFailed: "Sound and picture could not be connected.",
  engine: "An error on our side ended the call.",
  cancelledTitle: "The call was cancelled",
  cancelled: (/** @type {string} */ who) => `${who} took the invitation back.`,
  discarded: (/** @type {string} */ who) => `${who} cannot take the call now.`,
  cancelledSelf: "You took the invitation back.",
  expiredTitle: "This link has expired",
  expired: "Ask for a new one if you still want to talk.",
  expiredAgent: "Nobody used the link in time.",
  declinedTitle: "You said no to the call",
  declined: "If you change your mind, ask for a new link.",
  declinedAgentTitle: "The customer said no",
  declinedAgent: (/** @type {string} */ who) => `${who} declined the invitation.`,
  missedTitle: "Nobody came",
  missed: "We are sorry that nobody could take your call.",
  missedAgent: "The customer waited too long and was sent away.",
  leftTitle: "You left the waiting room",
  left: "If you change your mind, ask for a new link.",
  leftAgentTitle: "The customer left",
  leftAgent: (/** @type {string} */ who) => `${who} left before the call began.`,
  inviteFailed: "No invitation could be delivered.",
};

/** How long the two talked; "" if they never did. @param {Call} call */
export const talked = (call) => (call.answered_at ? span(call.talk_seconds) : "");

/** @param {Call} call @param {Seat} seat of whoever reads it @param {string} other the other side's name @returns {Ending} */
export function ending(call, seat, other) {
  const who = firstName(other);
  const mine = call.ended_by === seat;
  const agent = seat === "agent";
  switch (call.status) {
    case "completed":
      return { title: text.endedTitle, text: call.end_reason === "max_duration" ? text.maxDuration : mine ? text.bySelf : call.ended_by ? text.byOther(who) : "", icon: "check", tone: "ok" };
    case "dropped": return { title: text.droppedTitle, text: lost(call, seat, who), icon: "signal", tone: "bad" };
    case "cancelled": {
      if (agent) return { title: text.cancelledTitle, text: text.cancelledSelf, icon: "phone-end", tone: "idle" };
      return { title: text.cancelledTitle, text: call.end_reason === "discarded" ? text.discarded(who) : call.end_reason ? text.cancelled(who) : "", icon: "phone-end", tone: "idle" };
    }
    case "expired": return { title: text.expiredTitle, text: agent ? text.expiredAgent : text.expired, icon: "clock", tone: "idle" };
    case "declined":
      return agent ? { title: text.declinedAgentTitle, text: text.declinedAgent(who), icon: "ban", tone: "idle" } : { title: text.declinedTitle, text: text.declined, icon: "ban", tone: "idle" };
    case "missed": return { title: text.missedTitle, text: agent ? text.missedAgent : text.missed, icon: "clock", tone: "warn" };
    case "abandoned":
      return agent ? { title: text.leftAgentTitle, text: text.leftAgent(who), icon: "user", tone: "idle" } : { title: text.leftTitle, text: text.left, icon: "phone-end", tone: "idle" };
    default: return { title: text.failedTitle, text: failed(call), icon: "alert", tone: "bad" };
  }
}

/** @param {Call} call @param {Seat} seat @param {string} who */
function lost(call, seat, who) {
  if (call.end_reason === "engine_error") return text.engine;
  const seats = call.lost ?? [];
  if (seats.length === 2) return text.lostBoth;
  if (!seats.length) return text.lost;
  return seats[0] === seat ? text.lostSelf : text.lostOther(who);
}

/** @param {Call} call */
function failed(call) {
  if (call.end_reason === "invite_failed") return text.inviteFailed;
  if (call.end_reason === "media_failed") return text.mediaFailed;
  return call.end_reason ? text.engine : "";
}
