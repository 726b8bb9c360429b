/** The link that opens the phone's page, also as chat programs and mails leave it. */

/**
 * @typedef {object} Link
 * @property {string} sessionId
 * @property {string} uploadToken
 * @property {boolean} copied sent as text: what opens it may be a program and not a person
 */

const CODE = /1\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{32})(\.ask)?/i;
// What stands in no link, and where mails break one.
const INVISIBLE = /[\s=\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/g;

/**
 * What an address says, wherever in it: spaces inside and marks around it don't count.
 *
 * @param {string} address
 * @returns {Link | undefined} undefined where a part of it is missing
 */
export function linkOf(address) {
  const found = CODE.exec(decoded(address).replace(INVISIBLE, ""));
  if (!found) return undefined;
  const [, sessionId, uploadToken, mark] = found;
  return { sessionId: sessionId.toLowerCase(), uploadToken, copied: mark !== undefined };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
