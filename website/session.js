/** What a session is and how it changes, as the contract has it. Pure: no page, clock or network. */

/**
 * @typedef {object} Upload
 * @property {string} id
 * @property {string} status
 * @property {string} contentType
 * @property {number} size
 * @property {string} [name] what the phone calls it; told to the desktop alone
 */
/**
 * @typedef {object} Session
 * @property {string} sessionId
 * @property {number} rev
 * @property {string} status
 * @property {number} expiresAt Unix seconds
 * @property {number} [now] the service's clock as it told this state, in Unix seconds
 * @property {string} [matchCode]
 * @property {Upload[]} uploads
 */

/** How long after its end a session is still watched for images that were on their way. */
export const GRACE_SECONDS = 600;

/**
 * The session after a message, pushed or polled: news is a greater `rev`, or the same `rev` with
 * another status (EXPIRED, which the clock brings and no write). Anything else changes nothing.
 *
 * @param {Session} session
 * @param {unknown} message
 * @returns {Session}
 */
export function step(session, message) {
  if (!isState(message) || message.sessionId !== session.sessionId) return session;
  const { rev, status, expiresAt, matchCode, uploads } = message;
  const news = rev > session.rev || (rev === session.rev && status !== session.status);
  return news ? { ...session, rev, status, expiresAt, matchCode, uploads } : session;
}

/**
 * Whether a value is a whole state message, and not an error, a pong or a gateway's own answer.
 *
 * @param {unknown} value
 * @returns {value is Session}
 */
export function isState(value) {
  const { type, sessionId, rev, status, expiresAt, uploads } = /** @type {any} */ (value ?? {});
  const texts = [sessionId, status].every((text) => typeof text === "string");
  return type === "state" && texts && [rev, expiresAt].every(Number.isFinite) && isList(uploads);
}

/** @param {unknown} uploads */
function isList(uploads) {
  return Array.isArray(uploads) && uploads.every((one) => typeof one?.id === "string");
}

/** Whether claiming and uploading are over. @param {Session} session @param {number} now */
export function isOver({ status, expiresAt }, now) {
  return status === "CANCELLED" || status === "EXPIRED" || expiresAt <= now;
}
