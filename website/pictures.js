/** What there is to see at the desktop: how far a session is, and the photos of this tab. */

import { GRACE_SECONDS, isOver } from "./session.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").Upload} Upload */
/** @typedef {"waiting" | "connected" | "receiving" | "arrived" | "ended" | "stopped"} Phase */
/**
 * @typedef {object} Picture
 * @property {number} number from 1, over all codes of this tab
 * @property {Upload} upload
 * @property {number} since when this page first heard of it, in the service's seconds
 * @property {Blob} [bytes]
 * @property {string} [url] of the bytes
 * @property {boolean} [blank] the browser can't show it
 */

// As long as the URL lives that a photo was given to be sent to.
const LATE_SECONDS = 300;

/** Whether a picture can be shown and saved. @param {Picture} picture */
export const isHere = ({ url }) => url !== undefined;

/** Whether a picture hasn't come for so long that the phone may have taken it back, which the
 *  session doesn't tell. @param {Picture} picture @param {number} now */
export const isLate = ({ upload, since }, now) =>
  upload.status === "REQUESTED" && now - since > LATE_SECONDS;

/** The session as a person sees it: what is late isn't on its way, though it may come.
 *  @template {Session | undefined} T
 *  @param {T} session @param {Picture[]} pictures @param {number} now @returns {T} */
export function withoutLate(session, pictures, now) {
  if (!session) return session;
  const late = new Set(pictures.filter((one) => isLate(one, now)).map(({ upload }) => upload.id));
  if (late.size === 0) return session;
  const uploads = session.uploads.map((one) =>
    late.has(one.id) ? { ...one, status: "LATE" } : one,
  );
  return { ...session, uploads };
}

/**
 * The pictures with what the session says of them; those of earlier codes stay.
 *
 * @param {Picture[]} old @param {Session} session @param {number} now @returns {Picture[]}
 */
export function withUploads(old, { uploads }, now) {
  const known = old.map((picture) => {
    const upload = uploads.find(({ id }) => id === picture.upload.id);
    return upload ? Object.assign(picture, { upload }) : picture;
  });
  const fresh = uploads.filter(({ id }) => !known.some(({ upload }) => upload.id === id));
  const numbered = fresh.map((upload, at) => ({
    number: known.length + at + 1,
    upload,
    since: now,
  }));
  return [...known, ...numbered];
}

/** Whether nothing more can come. @param {Session} session @param {number} now */
export function isSettled(session, now) {
  if (session.status === "CANCELLED") return true;
  const late = session.expiresAt + GRACE_SECONDS <= now;
  return isOver(session, now) && (late || count(session, "REQUESTED") === 0);
}

/** @param {Session} session @param {string} status */
export function count(session, status) {
  return session.uploads.filter((upload) => upload.status === status).length;
}

/** What a person sees of a session. @param {Session} session @param {number} now @returns {Phase} */
export function phase(session, now) {
  if (session.status === "CANCELLED") return "stopped";
  if (count(session, "REQUESTED") > 0 && !isSettled(session, now)) return "receiving";
  if (isOver(session, now)) return "ended";
  if (count(session, "STORED") > 0) return "arrived";
  return session.status === "AWAITING_SCAN" ? "waiting" : "connected";
}
